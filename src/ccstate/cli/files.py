"""`ccstate init`, `fmt` and `schema`: commands that write files and read no platform."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import click

from ccstate import codes
from ccstate.checkout import display_path, refuse_links, write_file
from ccstate.cli.output import print_remark, print_result
from ccstate.cli.progress import Terminal
from ccstate.desired.settings import FILE
from ccstate.errors import Diagnostic, InvalidInput, Span
from ccstate.project import Project


@click.command()
@click.argument("paths", nargs=-1, type=click.Path(path_type=Path))
@click.option("--check", is_flag=True, help="Write nothing; exit with 1 where a file would change.")
@click.pass_obj
def fmt(root: Any, paths: tuple[Path, ...], check: bool) -> int:
    """Put YAML files into their usual layout, comments kept.

    Without PATHS every file of the desired state, and of its environments.
    """
    from ccstate.desired.formatting import format_document
    from ccstate.project.environments import parser_of

    project = Project.open(root, Terminal())
    problems: list[Diagnostic] = []
    changed = 0
    for name, path in _files(project, paths, problems):
        try:
            refuse_links(project.root, path.absolute())
            before = path.read_bytes()
            after = format_document(before, name, parser_of(project, path))
        except InvalidInput as error:
            problems += error.problems
            continue
        except OSError as error:
            problems.append(codes.FILE_UNUSABLE_HERE(Span(name), file=name, reason=error.strerror))
            continue
        if after != before:
            changed += 1
            print_result(f"{'would format' if check else 'formatted'} {name}")
            if not check:
                write_file(path, after)
    if problems:
        raise InvalidInput(problems)
    if not changed:
        print_remark("Every file has its usual layout.")
    return 1 if check and changed else 0


def _files(
    project: Project, paths: tuple[Path, ...], problems: list[Diagnostic]
) -> list[tuple[str, Path]]:
    from ccstate.desired.tree import yaml_files
    from ccstate.project.environments import declaring_folders

    roots = paths or tuple(declaring_folders(project))
    files: list[tuple[str, Path]] = []
    for start in roots:
        if not start.is_dir():
            files.append((str(start), start))
            continue
        for entry in yaml_files(start, project.root):
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

    NAME is document, overlay (a file of an environment), project or plan, or a command: what it
    prints with --format json. Prints one schema, or writes all of them into a folder.
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
        raise InvalidInput(codes.SCHEMA_UNKNOWN(name=which, hint=hint))
    print_result(schema_text(name))
    return 0


def _write_schemas(folder: Path, names: Iterable[str]) -> None:
    from ccstate.schemas import schema_text

    for name in names:
        path = folder / f"{name}.json"
        write_file(path, schema_text(name))
        print_remark(f"wrote {display_path(path)}")


def _write_workflows(folder: Path, host: str, given: str) -> int:
    """Write the workflows for a code host; InvalidInput where one of them is there already."""
    from ccstate.ci.workflows import source_of, workflows

    source = source_of(given)
    found = workflows(host, source)
    if there := [folder / name for name in found if (folder / name).exists()]:
        raise InvalidInput([codes.PROJECT_THERE(file=path) for path in there])
    for name, content in found.items():
        path = folder / name
        refuse_links(folder, path)
        write_file(path, content)
        print_remark(f"wrote {display_path(path)}")
    print_result(
        "Next: commit them, and set up the repository's environments, secrets and variables.\n"
        f"Step by step: docs/ci.md of {source.address}"
    )
    return 0


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
@click.option(
    "--ci",
    "host",
    type=click.Choice(["github", "gitlab"]),
    help="Write the workflows of a team's own repository, and no project.",
)
@click.option(
    "--from",
    "source",
    default="",
    metavar="URL@COMMIT",
    help="Where the workflows install ccstate from; as it was installed here where left out.",
)
def init(folder: Path, host: str | None, source: str) -> int:
    """Start a project here, or in FOLDER.

    Writes ccstate.yaml, a first desired state, and the schemas for your editor; nothing that is
    there already is touched. With --ci, writes what plans and applies changes on a code host.
    """
    if host:
        return _write_workflows(folder, host, source)
    from ccstate.schemas import SCHEMAS

    if (folder / FILE).exists():
        raise InvalidInput(codes.PROJECT_THERE(file=folder / FILE))
    for name, content in ((FILE, _PROJECT), ("desired_state/first.yaml", _FIRST)):
        path = folder / name
        refuse_links(folder, path)
        if not path.exists():
            write_file(path, content)
            print_remark(f"wrote {display_path(path)}")
    ignore = folder / ".gitignore"
    if not ignore.exists():
        write_file(ignore, "/.ccstate/\n")
    _write_schemas(folder / "schema", SCHEMAS)
    print_result("Next: edit desired_state/first.yaml, then run ccstate plan")
    return 0
