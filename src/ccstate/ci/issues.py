"""Issues that stay open while something is wrong: drift, and what an apply left unfinished.

Each has a marker, so that it is found again: it is opened once, updated by later runs, and closed by
the run that finds it gone.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from ccstate.apply.perform import Receipt
from ccstate.ci.markers import marker
from ccstate.errors import Diagnostic
from ccstate.forge import Forge
from ccstate.history.stored_plans import BRANCH
from ccstate.model import Outcome
from ccstate.project import Project
from ccstate.render.comparison import Drifted, drift_markdown, drift_title
from ccstate.render.diagnostics import diagnostics_markdown
from ccstate.render.receipt import receipt_markdown
from ccstate.render.text import code
from ccstate.render.values import join_words, plural

DRIFT = "drift"
FIX = "fix"
LIMIT = 60_000
"""Characters of an issue; a host that takes fewer gets fewer."""
FEW = 10
"""Problems that are shown where there is no room for all."""


@dataclass(frozen=True, slots=True)
class DriftReport:
    """What was changed by hand on all targets, and the issue that says so."""

    found: Mapping[str, Drifted]
    issue: str
    """Address of the issue, open or closed by this run; "" where there is none."""

    @property
    def drifted(self) -> bool:
        """Whether anything was changed by hand since the last apply."""
        return any(target.changes for target in self.found.values())


def report_drift(project: Project, forge: Forge | None) -> DriftReport:
    """Look for changes by hand on all targets: one issue, opened, updated, and closed once it is gone.

    An environment has an issue of its own; without a code host there is none.
    Raises CcstateError where a platform cannot be read; the issue stays as it is then.
    """
    found = project.drift()
    report = DriftReport(found, "")
    if forge is None:
        return report
    mark = marker(project, DRIFT)
    body = drift_markdown(found, min(LIMIT, forge.longest_body))
    if report.drifted:
        names = join_words(name for name, target in found.items() if target.changes)
        where = f"{names} ({project.environment})" if project.environment else names
        title = f"{drift_title(found)} on {where}"
        return DriftReport(found, forge.open_issue(mark, title, body))
    return DriftReport(found, forge.close_issue(mark, body))


@dataclass(frozen=True, slots=True)
class Unfinished:
    """An apply that failed, or left changes without confirmation."""

    plan_id: str
    commit: str
    """Commit that the plan was made from; "" where it is not known."""
    folder: str
    """Folder of the plan in the repository, from its top: `plans/3f…`."""
    receipt: Receipt | None = None
    """What became of each change; None where it failed before there was one."""
    problems: Sequence[Diagnostic] = ()
    """Why it failed."""
    run: str = ""
    """Address of the run."""


def open_fix_issue(project: Project, forge: Forge, apply: Unfinished) -> str:
    """Open, or update, the issue about an unfinished apply; returns its address."""
    links = "\n".join(_links(forge, apply))
    room = min(LIMIT, forge.longest_body) - len(links) - 100
    said = next(text for text in _words(apply) if len(text) <= room)
    return forge.open_issue(
        f"{marker(project, FIX)}-{apply.plan_id}", _title(apply), f"{said.rstrip()}\n\n{links}\n"
    )


def close_fix_issues(
    project: Project, forge: Forge, plan_id: str = "", run: str = ""
) -> tuple[str, ...]:
    """Close all issues about unfinished applies: this plan, made for all targets, is confirmed.

    What an earlier apply left was part of it, or is no longer desired. Without a plan there was
    nothing left to do. Returns their addresses.
    """
    done = "The platforms are as the desired state says"
    if plan_id:
        done = f"Every change of plan {code(plan_id)} is confirmed"
    comment = f"{done}, so nothing is left of this."
    comment += f"\n\n[Run]({run})" if run else ""
    ours = marker(project, FIX)
    # An id of a plan is one word, so that no other project's marker begins like that.
    found = [mark for mark in forge.open_markers() if mark.rpartition("-")[0] == ours]
    return tuple(forge.close_issue(mark, comment) for mark in dict.fromkeys(found))


def _title(apply: Unfinished) -> str:
    if apply.receipt is None:
        return f"Plan {apply.plan_id} could not be applied"
    total = len(apply.receipt.results)
    open_ones = total - sum(result.outcome is Outcome.CONFIRMED for result in apply.receipt.results)
    return f"Plan {apply.plan_id}: {open_ones:,} of {plural(total, 'change')} not confirmed"


def _words(apply: Unfinished) -> Iterator[str]:
    """Say what is missing, and why: at length, then shorter and shorter."""
    said = f"### Plan {code(apply.plan_id)} could not be applied"
    if apply.receipt is not None:
        said = receipt_markdown(apply.receipt).rstrip()
    for problems in (apply.problems, apply.problems[:FEW]):
        yield f"{said}\n\n{diagnostics_markdown(problems)}" if problems else said
    yield said
    yield f"### {_title(apply)}"


def _links(forge: Forge, apply: Unfinished) -> Iterator[str]:
    """Link what an auditor asks for: the plan, the journal, the commit, the run."""
    yield "**On record**\n"
    files = {"Plan": "plan.md", "Journal": "journal.jsonl"}
    for label, name in {**files, **({"Receipt": "receipt.md"} if apply.receipt else {})}.items():
        path = f"{apply.folder}/{name}"
        page = forge.page_of_file(BRANCH, path)
        yield f"- {label}: [{code(path)}]({page})" if page else f"- {label}: {code(path)}"
    if apply.commit:
        page = forge.page_of_commit(apply.commit)
        short = code(apply.commit[:12])
        yield f"- Commit: [{short}]({page})" if page else f"- Commit: {short}"
    if apply.run:
        yield f"- [Run]({apply.run})"
