"""A configuration that was written by hand, taken into a project: YAML, secrets, a report."""

import os
import textwrap
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

from ccstate import codes, kinds
from ccstate.adapter import installed, module_of
from ccstate.checkout import outermost_top, refuse_links, write_new
from ccstate.desired.insertion import Parsed, with_resources
from ccstate.desired.yaml_text import scalar
from ccstate.errors import Diagnostic, InvalidInput, Severity, Span
from ccstate.history import would_be_committed
from ccstate.imports import Estate, ImportOptions, ReadsEstates
from ccstate.model import Address, Edit, Fields, State, Why, edited
from ccstate.project.environments import parser_of
from ccstate.project.listener import Listener
from ccstate.render.imported import REPORT_BEGINS, Import, full_report
from ccstate.secrets.allowed import NAMES

if TYPE_CHECKING:
    from ccstate.project import Project

REPORT = "import-report.txt"
"""The list of everything that an import does not say, in the folder of the project."""


def import_estate(
    project: "Project",
    folder: Path,
    options: ImportOptions,
    *,
    adapter: str,
    secrets: Path | None,
    write: bool,
    command: str,
) -> Import:
    """Import the estate in a folder into a project; see `Project.import_estate`."""
    root, listener = project.root, project.listener
    estate = estate_reader(adapter)(folder, options, listener.during)
    in_bundle = secrets is not None and secrets.suffix == ".yaml"
    if in_bundle:
        objects = {a: refer_to_bundle(a.kind, fields) for a, fields in estate.objects.items()}
        estate = replace(estate, objects=objects)
    state = root / project.settings.folders[-1]
    groups = group_by_file(state, estate)
    if groups and write:
        make_folder(root, state)
    problems = [*secrets_file_problems(state, secrets), *report_problems(root)]
    if write:
        declared = project.load().state
        problems += declaration_problems(
            root,
            declared,
            groups,
            lambda path: project.inside(path, ""),
            lambda path: parser_of(project, path),
        )
    if problems:
        raise InvalidInput(problems)
    if secrets is not None and write:
        write_secrets(secrets, estate.secrets, listener)
    for path, resources in groups.items() if write else ():
        project.declare(path, resources)
    report = Import(
        folder=str(folder),
        made={path.relative_to(root).as_posix(): tuple(a) for path, a in groups.items()},
        listed=estate.unsaid,
        said=estate.said,
        command=command,
        is_written=bool(groups) and write,
        secrets=sorted(estate.secrets),
        secrets_file=str(secrets.absolute()) if secrets and estate.secrets and write else "",
        in_bundle=in_bundle,
        errors=_error_codes(project, options.today) if groups and write else (),
        calls=estate.calls,
        report=REPORT if groups else "",
    )
    if groups:
        write_report(root, report)
    return report


def _error_codes(project: "Project", today: date) -> tuple[str, ...]:
    """Collect the codes of what `validate` would call errors now, one a place."""
    desired = project.read()
    problems: Sequence[Diagnostic] = [p for p in desired.problems if p.severity is Severity.ERROR]
    if not problems:
        problems = project.judge(desired, today)
    return tuple(sorted(p.code for p in problems if p.severity is Severity.ERROR))


def estate_reader(adapter: str) -> ReadsEstates:
    """Find what reads estates for a platform; the only adapter that can, where none is named."""
    names = [adapter] if adapter else sorted(installed())
    readers = {name: found for name in names if (found := module_of(name).read_estate)}
    if len(readers) == 1:
        return next(iter(readers.values()))
    if readers:
        raise InvalidInput(codes.SEVERAL_READERS(adapters=", ".join(readers)))
    estate_reader = adapter or "no adapter that is installed"
    raise InvalidInput(codes.NO_READER(adapter=estate_reader))


def group_by_file(folder: Path, estate: Estate) -> dict[Path, dict[Address, Fields]]:
    """Group objects by the file that they go to."""
    groups: dict[Path, dict[Address, Fields]] = {}
    for address, fields in estate.objects.items():
        path = folder / estate.files[address]
        groups.setdefault(path, {})[address] = fields
    return dict(sorted(groups.items()))


def make_folder(root: Path, folder: Path) -> None:
    """Make the folder of the desired state, which a new project does not have yet."""
    refuse_links(root, folder)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        name = _relative(root, folder)
        raise InvalidInput(
            codes.IMPORTED_FILE_UNREADABLE(Span(name), folder=name, reason=error.strerror)
        ) from None


def declaration_problems(
    root: Path,
    declared: State,
    groups: Mapping[Path, Mapping[Address, Fields]],
    require_inside: Callable[[Path], object],
    parser_of: Callable[[Path], Parsed],
) -> Iterator[Diagnostic]:
    """Find objects that are declared already, and files that cannot be written."""
    twice: dict[str, list[str]] = {}
    for address in sorted(
        declared.keys() & {address for made in groups.values() for address in made}
    ):
        twice.setdefault(declared[address].file, []).append(str(address))
    for file, names in sorted(twice.items()):
        many = f"{len(names)} objects of the import are" if len(names) > 1 else f"{names[0]} is"
        named = textwrap.fill(", ".join(names), 76, break_long_words=False, break_on_hyphens=False)
        yield codes.DECLARED_ALREADY(
            Span(file),
            objects=many,
            cause=f"{named}\n" * (len(names) > 1) + "Nothing is written where that would be twice.",
        )
    for path, resources in groups.items():
        shown = _relative(root, path)
        try:
            require_inside(path)
            before = path.read_bytes() if os.path.lexists(path) else b""
            fresh = {a: fields for a, fields in resources.items() if a not in declared}
            with_resources(before, shown, fresh, parsed=parser_of(path))
        except InvalidInput as refused:
            yield from refused.problems
        except OSError as error:
            yield codes.IMPORTED_FILE_UNWRITTEN(Span(shown), file=shown, reason=error.strerror)


def report_problems(root: Path) -> Iterator[Diagnostic]:
    """Find why no report can be written: what has its name is no report."""
    path = root / REPORT
    if not os.path.lexists(path):
        return
    try:
        refuse_links(root, path)
        is_report = path.read_bytes().startswith(REPORT_BEGINS.encode())
    except InvalidInput as refused:
        yield from refused.problems
        return
    except OSError:
        is_report = False
    if not is_report:
        yield codes.REPORT_THERE(Span(REPORT), file=REPORT)


def secrets_file_problems(folder: Path, into: Path | None) -> Iterator[Diagnostic]:
    """Find why the values of secrets may not be written there."""
    if into is None:
        return
    if into.resolve().is_relative_to(folder.resolve()):
        yield codes.SECRETS_IN_REPOSITORY(file=into)
    elif os.path.lexists(into):
        yield codes.SECRETS_THERE(Span(str(into)), file=into)
    elif not into.parent.is_dir():
        yield codes.SECRETS_FOLDER_MISSING(folder=into.parent)


def write_report(root: Path, report: Import) -> None:
    """Write the list of everything that an import does not say."""
    path = root / REPORT
    try:
        path.unlink(missing_ok=True)
        write_new(path, full_report(report).encode(errors="backslashreplace"))
    except OSError as error:
        raise InvalidInput(
            codes.REPORT_UNWRITTEN(Span(REPORT), file=REPORT, reason=error.strerror)
        ) from None


def write_secrets(into: Path, secrets: Mapping[str, str], listener: Listener) -> None:
    """Write the values for their owner alone; warns where git sees the file.

    They are a bundle in a file of YAML, and `export` lines for a shell in any other.
    """
    if not secrets:
        listener.remark(f"There are no secrets: {into} was not written.")
        return
    if would_be_committed(into):
        listener.warn([codes.SECRETS_TRACKED(Span(str(into)), file=into)])
    lines = _bundle(secrets, listener) if into.suffix == ".yaml" else _exports(secrets)
    refuse_links(outermost_top(into.absolute()), into.absolute())
    try:
        handle = os.open(into, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
        with os.fdopen(handle, "wb") as file:
            file.write(lines.encode(errors="surrogateescape"))
    except OSError as error:
        raise InvalidInput(codes.SECRETS_UNWRITTEN(file=into, reason=error.strerror)) from None


def _bundle(secrets: Mapping[str, str], listener: Listener) -> str:
    lines = []
    for name, text in sorted(secrets.items()):
        try:
            text.encode()  # bytes of a file that is no UTF-8 arrive as lone surrogates
        except UnicodeEncodeError:
            listener.remark(
                f"{name} is no UTF-8 text, and not in the bundle: give it another value."
            )
        else:
            lines.append(f"{name}: {scalar(text)}\n")
    return "".join(lines)


def _exports(secrets: Mapping[str, str]) -> str:
    lines = [f"export {name}={_shell_quoted(text)}\n" for name, text in sorted(secrets.items())]
    return "".join(lines) + f"export {NAMES}={_shell_quoted(' '.join(sorted(secrets)))}\n"


def refer_to_bundle(kind: str, fields: Fields) -> Fields:
    """Replace the references to variables in an imported object by those to secrets of a bundle."""
    return edited(
        fields,
        [
            Edit(path, None, f"bundle:{reference.removeprefix('env:')}", why=Why.YOU)
            for path, reference in kinds.secrets(kind, fields).items()
        ],
    )


def _shell_quoted(text: str) -> str:
    """Put the text in single quotes of a shell, in which nothing has a meaning."""
    return "'" + text.replace("'", "'\\''") + "'"


def _relative(root: Path, path: Path) -> str:
    return path.relative_to(root).as_posix()
