"""`ccstate ci …`: what continuous integration does with a change, on any code host or none."""

import os
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ccstate.cli import days
from ccstate.cli.environment import ENVIRONMENT
from ccstate.cli.output import (
    OutputFailed,
    print_annotations,
    print_problems,
    print_remark,
    print_report,
    print_result,
)
from ccstate.cli.plan import reason
from ccstate.cli.progress import ApplyTerminal, Terminal
from ccstate.errors import InvalidInput
from ccstate.project import Project, address_of
from ccstate.render.promotion import PROMOTED

if TYPE_CHECKING:
    from ccstate.forge import Forge


in_folder = click.option(
    "--into",
    type=click.Path(path_type=Path, file_okay=False),
    help="Folder for everything at length: the comment, pictures, results of call tests.",
)
on_forge = click.option(
    "--forge",
    "host",
    type=click.Choice(["files"]),
    help="Write into the folder of --into what the code host would get, and ask no host.",
)


@click.group()
def ci() -> None:
    """Plan, apply and record a change in continuous integration.

    Each command finds its change, its code host and its run by the variables that GitHub, GitLab or
    Gitea set; options name them on a laptop.
    """


@ci.command()
@click.option("--change", type=click.IntRange(min=0), help="Number of the change request.")
@click.option("--base", metavar="COMMIT", help="Branch or commit that the change is made for.")
@click.option("--target", "targets", multiple=True, envvar="CCSTATE_TARGET", help="Only this one.")
@on_forge
@in_folder
@ENVIRONMENT
@click.pass_obj
def plan(
    root: Any,
    *,
    environment: str,
    change: int | None,
    base: str | None,
    targets: tuple[str, ...],
    host: str | None,
    into: Path | None,
) -> int:
    """Answer a change with the plan of what merging it would do.

    Validates, walks the call tests, plans, and makes one comment that later runs replace, and a
    check with annotations. Exits with 1 where files or call tests are wrong, 3 where the plan may
    not be applied.
    """
    from ccstate.ci.job import job_here
    from ccstate.ci.plan import plan_change
    from ccstate.render.comment import comment
    from ccstate.render.diagnostics import diagnostics_github

    job = job_here(os.environ)
    job = replace(job, change=job.change if change is None else change, base=base or job.base)
    forge = None if job.is_fork else _forge(host, into)
    answered = plan_change(
        Project.open(root, Terminal(), environment),
        job,
        forge,
        targets=targets,
        into=into,
        today=days.today(),
    )
    if job.is_fork and job.summary:  # a run without the right to write a check annotates by itself
        print_annotations(diagnostics_github(answered.problems))
    if answered.address:
        print_remark(f"Answered: {answered.address}")
    else:
        print_result(comment(answered.answer))
    return answered.exit_code


@ci.command()
@click.option(
    "--agreed",
    default="",
    metavar="DIGEST",
    help="Apply the plan that does exactly this: the digest that the run which asked has named.",
)
@click.option("--base", metavar="COMMIT", help="Commit before the change: its policy counts.")
@click.option("--target", "targets", multiple=True, envvar="CCSTATE_TARGET", help="Only this one.")
@on_forge
@in_folder
@ENVIRONMENT
@click.pass_obj
def apply(
    root: Any,
    *,
    environment: str,
    agreed: str,
    base: str | None,
    targets: tuple[str, ...],
    host: str | None,
    into: Path | None,
) -> int:
    """Apply what was merged, where it does what its reviewers agreed to.

    Plans again; applies by itself where the plan does what the comment on the change said at its
    last commit, and asks again where it does not. Exits with 2 where it asks, 3 where plan or policy
    refuse, 4 where something is not confirmed, 5 where it has to wait.
    """
    from ccstate.ci.apply import apply_change
    from ccstate.ci.job import job_here, remote_here
    from ccstate.ci.record import fetch_records

    job = job_here(os.environ)
    job = replace(job, base=base or job.base)
    with ApplyTerminal() as terminal:
        project = Project.open(root, terminal, environment)
        if (remote := remote_here(os.environ)) and host is None:
            try:
                fetch_records(project.root, remote)
            except InvalidInput as error:
                print_problems(error.problems)
        ended = apply_change(
            project,
            job,
            _forge(host, into),
            agreed=agreed,
            targets=targets,
            into=into,
            today=days.today(),
        )
    print_problems(ended.warnings)
    with suppress(OutputFailed):  # what was done is done: its exit code stays
        print_result(ended.text)
    return ended.exit_code


@ci.command()
@click.option("--detailed-exitcode", is_flag=True, help="Exit with 2 where something drifted.")
@on_forge
@in_folder
@ENVIRONMENT
@click.pass_obj
def drift(
    root: Any, *, environment: str, host: str | None, into: Path | None, detailed_exitcode: bool
) -> int:
    """Look for changes by hand on all targets, and keep one issue about them.

    The issue is opened once, updated by later runs, and closed by the run that finds nothing any
    more. Run it at night, as a user who may only read.
    """
    from ccstate.ci.issues import report_drift
    from ccstate.ci.job import job_here
    from ccstate.render.comparison import DRIFT

    job = job_here(os.environ)
    reported = report_drift(Project.open(root, Terminal(), environment), _forge(host, into))
    job.write_summary(DRIFT.render("markdown", reported.found))
    print_report(DRIFT, "text", reported.found)
    if reported.issue:
        print_remark(f"{'Issue' if reported.drifted else 'Closed'}: {reported.issue}")
    return 2 if reported.drifted and detailed_exitcode else 0


@ci.command()
@click.argument("plan_ids", metavar="[ID]...", nargs=-1)
@click.option(
    "--push",
    metavar="URL",
    help="Repository whose branch ccstate-record grows: https://, or the path of a folder. In CI, the "
    "one that the run is of.",
)
@click.option("--local", is_flag=True, help="Only the branch of this clone, in CI too.")
@click.pass_obj
def record(root: Any, *, plan_ids: tuple[str, ...], push: str | None, local: bool) -> int:
    """Put plans, journals and receipts of applies on the branch ccstate-record.

    All that were begun here, or those that are named. Nothing is checked out, and no hook runs.
    """
    from ccstate.ci.job import job_here, remote_here
    from ccstate.ci.record import record as put_on_record

    job = job_here(os.environ)
    remote = None if local else remote_here(os.environ, push or "")
    recorded = put_on_record(Project.open(root, Terminal()).root, job, remote, plan_ids)
    if recorded.plans:
        print_result(f"Recorded in {recorded.commit[:12]}: {', '.join(recorded.plans)}")
    else:
        print_remark("Everything is on record.")
    return 0


@ci.command()
@click.argument("source")
@click.argument("destination")
@click.argument("addresses", nargs=-1, metavar="[ADDRESS]...")
@click.option(
    "--request", default="", metavar="NUMBER", help="The request that asks for it: CHG-123."
)
@click.option("--requested-by", default="", metavar="NAME", help="Who asks for it.")
@click.option("--reason", "why", default=None, metavar="REASON", callback=reason, help="Why.")
@click.option("--push", metavar="URL", help="Repository to propose it in, as for `ci record`.")
@on_forge
@in_folder
@click.pass_obj
def promote(
    root: Any,
    *,
    source: str,
    destination: str,
    addresses: tuple[str, ...],
    request: str,
    requested_by: str,
    why: str,
    push: str | None,
    host: str | None,
    into: Path | None,
) -> int:
    """Propose what `ccstate promote` would write: a branch, its commit, and a change request.

    Nothing is checked out here. Done again, branch and change request follow what is desired by then; where
    nothing is new, they stay, with their approvals.
    """
    from ccstate.authority import Request
    from ccstate.ci.job import job_here, remote_here
    from ccstate.ci.proposal import propose_promotion

    remote = remote_here(os.environ, push or "")
    if remote is None:
        raise click.UsageError("outside of CI --push URL says where to propose it")
    asked = Request(
        request=" ".join(request.split()), requested_by=" ".join(requested_by.split()), reason=why
    )
    proposed = propose_promotion(
        Project.open(root, Terminal()),
        source,
        destination,
        [address_of(each) for each in addresses],
        request=asked,
        author=job_here(os.environ).actor,
        remote=remote,
        forge=_forge(host, into),
    )
    print_report(PROMOTED, "text", proposed.found)
    if proposed.address:
        print_remark(f"Proposed: {proposed.address}")
    elif proposed.branch:
        print_remark(f"Pushed the branch {proposed.branch}; open its change request on the host.")
    return 0


def _forge(host: str | None, into: Path | None) -> "Forge | None":
    """Choose where things are said: a folder, or the code host that the environment names."""
    from ccstate.forge import from_environment
    from ccstate.forge.files import PlainFiles

    if host is None:
        return from_environment(os.environ)
    if into is None:
        raise click.UsageError("--forge files needs --into FOLDER")
    return PlainFiles(into)
