"""`ccstate init`, `validate`, `fmt` and `schema`: commands that need no platform."""

import sys
from collections.abc import Iterable
from datetime import date
from pathlib import Path
from typing import Any

import click

from ccstate.checkout import refuse_links
from ccstate.cli.days import day_or_today
from ccstate.cli.output import in_format, print_report, say, shown, talk, write_file
from ccstate.cli.workspace import Workspace, find_root
from ccstate.desired.settings import FILE, NO_PROJECT
from ccstate.errors import Diagnostic, InvalidInput, Severity, Span
from ccstate.render.diagnostics import VALIDATION, Validation
from ccstate.render.values import plural


@click.command()
@in_format(VALIDATION)
@click.option(
    "--at",
    "day",
    metavar="DATE",
    callback=day_or_today,
    help="The day that rules judge by; today where left out.",
)
@click.pass_obj
def validate(root: Any, form: str, day: date) -> int:
    """Check the desired state, without any platform.

    Every problem of every file is shown, with its place and what to do. A state without errors is
    judged by the rules as well, which know what is valid and unwise.
    """
    from ccstate.errors import CcstateError, sort_key

    workspace = Workspace(find_root(root))
    summary, judged = "", False
    try:
        desired = workspace.desired()
        found = [*desired.problems, *workspace.unplaced(desired.state)]
        summary = f"{plural(len(desired.state), 'resource')} in {plural(desired.files, 'file')}"
        if judged := not _has_errors(found):
            found += workspace.judged(desired, day)
        found += workspace.wrong_targets()
    except CcstateError as error:
        found = list(error.problems)
    problems = sorted(found, key=sort_key)
    print_report(VALIDATION, form, Validation(problems, summary, sys.stdout.isatty()))
    if not judged and not any(problem.code == NO_PROJECT for problem in problems):
        talk("The rules were not run: they judge a desired state without errors.")
    return 1 if _has_errors(problems) else 0


def _has_errors(problems: Iterable[Diagnostic]) -> bool:
    return any(problem.severity is Severity.ERROR for problem in problems)


@click.command()
@click.argument("paths", nargs=-1, type=click.Path(path_type=Path))
@click.option("--check", is_flag=True, help="Write nothing; exit with 1 where a file would change.")
@click.pass_obj
def fmt(root: Any, paths: tuple[Path, ...], check: bool) -> int:
    """Put YAML files into their usual layout, comments kept.

    Without PATHS every file of the desired state.
    """
    from ccstate.desired.formatting import formatted

    workspace = Workspace(find_root(root))
    problems: list[Diagnostic] = []
    changed = 0
    for name, path in _files(workspace, paths, problems):
        try:
            refuse_links(workspace.root, path.absolute())
            before = path.read_bytes()
            after = formatted(before, name)
        except InvalidInput as error:
            problems += error.problems
            continue
        except OSError as error:
            problems.append(Diagnostic("CC001", f"{name}: {error.strerror}", Span(name)))
            continue
        if after != before:
            changed += 1
            say(f"{'would format' if check else 'formatted'} {name}")
            if not check:
                write_file(path, after)
    if problems:
        raise InvalidInput(problems)
    if not changed:
        talk("Every file has its usual layout.")
    return 1 if check and changed else 0


def _files(
    workspace: Workspace, paths: tuple[Path, ...], problems: list[Diagnostic]
) -> list[tuple[str, Path]]:
    from ccstate.desired.tree import yaml_files

    roots = paths or (workspace.root / workspace.project.desired_state,)
    files: list[tuple[str, Path]] = []
    for start in roots:
        if not start.is_dir():
            files.append((str(start), start))
            continue
        for entry in yaml_files(start, workspace.root):
            if isinstance(entry, Diagnostic):
                problems.append(entry)
            else:
                files.append(entry)
    return files


@click.command()
@click.option(
    "--write",
    "folder",
    type=click.Path(path_type=Path, file_okay=False),
    help="Write into a folder.",
)
@click.argument("which", metavar="[NAME]", default="document")
def schema(folder: Path | None, which: str) -> int:
    """Write the JSON Schemas that editors complete from, and programs read by.

    NAME is document, project or plan, or a command: what it prints with --format json. Prints one
    schema, or writes all of them into a folder.
    """
    from ccstate.desired.findings import did_you_mean
    from ccstate.report_format import REPORTS
    from ccstate.schemas import SCHEMAS, schema_text

    known = [*SCHEMAS, *(f"report/{name}" for name in REPORTS)]
    if folder is not None:
        _write_schemas(folder, known)
        return 0
    name = f"report/{which}" if which in REPORTS else which
    if name not in known:
        hint = did_you_mean(which, [*SCHEMAS, *REPORTS]) or ", ".join([*SCHEMAS, *REPORTS])
        raise InvalidInput([Diagnostic("CC819", f'there is no schema "{which}"', hint=hint)])
    say(schema_text(name))
    return 0


def _write_schemas(folder: Path, names: Iterable[str]) -> None:
    from ccstate.schemas import schema_text

    for name in names:
        path = folder / f"{name}.json"
        write_file(path, schema_text(name))
        talk(f"wrote {shown(path)}")


_PROJECT = """\
# yaml-language-server: $schema=schema/project.json
version: 1
targets:
  main:
    adapter: embedded
    connection: {path: .ccstate/main.db}
"""
_FIRST = """\
# yaml-language-server: $schema=../schema/document.json

sites:
  head-office:
    timezone: Australia/Sydney

users:
  alex.m:
    name: Alex M
    site: head-office
    extension: "2001"

extensions:
  "2001":
    label: Alex M
    site: head-office
    voicemail: {}

schedules:
  weekdays:
    timezone: Australia/Sydney
    weekly:
      mon: [09:00-17:00]
      tue: [09:00-17:00]
      wed: [09:00-17:00]
      thu: [09:00-17:00]
      fri: [09:00-17:00]

queues:
  reception:
    label: Reception
    hours: weekdays
    members: [{user: alex.m}]
    overflow: {after: 3m, to: voicemail/2001}

numbers:
  "+61255501234":
    label: Main number
    to: queue/reception
    hours: weekdays
    closed: voicemail/2001
"""


@click.command()
@click.argument("folder", type=click.Path(path_type=Path, file_okay=False), default=".")
def init(folder: Path) -> int:
    """Start a project here, or in FOLDER.

    Writes ccstate.yaml, a first desired state, and the schemas for your editor; nothing that is
    there already is touched.
    """
    from ccstate.schemas import SCHEMAS

    if (folder / FILE).exists():
        message = f"{folder / FILE} is there already"
        raise InvalidInput([Diagnostic("CC008", message, hint="edit it, or choose another folder")])
    for name, content in ((FILE, _PROJECT), ("desired_state/first.yaml", _FIRST)):
        path = folder / name
        refuse_links(folder, path)
        if not path.exists():
            write_file(path, content)
            talk(f"wrote {shown(path)}")
    ignore = folder / ".gitignore"
    if not ignore.exists():
        write_file(ignore, "/.ccstate/\n")
    _write_schemas(folder / "schema", SCHEMAS)
    say("Next: edit desired_state/first.yaml, then run ccstate plan")
    return 0
