"""`ccstate import`."""

import os
import re
import shlex
import textwrap
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import click

from ccstate.checkout import outermost_top, refuse_links, write_new
from ccstate.cli import days
from ccstate.cli.output import complain, in_format, print_report, talk
from ccstate.cli.progress import Terminal
from ccstate.errors import Diagnostic, InvalidInput, Severity, Span
from ccstate.model import Address, Fields
from ccstate.project import Project
from ccstate.render.imported import IMPORT, REPORT_BEGINS, Import, full_report
from ccstate.render.imported_calls import Calls
from ccstate.secrets import NAMES

if TYPE_CHECKING:
    from ccstate.adapters.asterisk.importing import Imported, Setting

NEEDED = ("pjsip.conf", "extensions.conf")
REPORT = "import-report.txt"
"""The list of everything that an import does not say, in the folder of the project."""


@click.command("import")
@click.argument("folder", type=click.Path(path_type=Path))
@click.option("--prefix", default="", help="What makes a carrier's numbers international: +1.")
@click.option("--timezone", default="", help="The server's timezone, for hours: Europe/Paris.")
@click.option("--language", default="en", help="Language of the recordings' words.")
@click.option(
    "--words",
    "listed",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Words of recordings, a `name: words` a line; core-sounds-en.txt of Debian's package "
    "asterisk-core-sounds-en where left out.",
)
@click.option(
    "--secrets",
    "into",
    type=click.Path(path_type=Path, dir_okay=False),
    help="File to write the values of secrets to, as `export` lines.",
)
@click.option("--dry-run", is_flag=True, help="Say it all, and write neither YAML nor secrets.")
@in_format(IMPORT)
@click.pass_obj
def import_(
    root: Any,
    *,
    folder: Path,
    prefix: str,
    timezone: str,
    language: str,
    listed: Path | None,
    into: Path | None,
    dry_run: bool,
    form: str,
) -> int:
    """Write an Asterisk's configuration as YAML, and say what that leaves out.

    Reads FOLDER, an /etc/asterisk or a copy of one: pjsip.conf, voicemail.conf, queues.conf,
    extensions.conf and what they include. Each line is said by an object, or listed with the
    reason. Every call is then compared, before and after; import-report.txt lists what differs.
    Passwords become references. Exits with 1 where nothing became an object.
    """
    project = Project.open(root, Terminal())
    _readable(folder)
    setting = _setting(folder, prefix, timezone, language, listed)
    with project.listener.during(f"Reading {folder}"):
        found = _imported(folder, setting)
    with project.listener.during("Comparing calls before and after"):
        proof = _compared(found, setting)
    groups = _grouped(project, found)
    if groups and not dry_run:
        _make_folder(project)
    problems = [] if dry_run else list(_refusals(project, found, groups))
    problems += _misplaced(project, into)
    problems += _occupied(project)
    if problems:
        raise InvalidInput(problems)
    is_written = bool(groups) and not dry_run
    if into is not None and not dry_run:
        _write_secrets(into, found.secrets)
    for path, resources in groups.items() if is_written else ():
        project.declare(path, resources)
    report = Import(
        folder=str(folder),
        made={_relative(project, path): tuple(made) for path, made in groups.items()},
        listed=found.unexpressed,
        said=len(found.taken),
        command=_again(folder, prefix, timezone, language, listed),
        is_written=is_written,
        secrets=sorted(found.secrets),
        secrets_file=str(into) if into and found.secrets and not dry_run else "",
        errors=_errors(project) if is_written else (),
        calls=proof,
        report=REPORT if groups else "",
    )
    if groups:
        _write_report(project, full_report(report))
    print_report(IMPORT, form, report)
    return 0 if groups else 1


def _readable(folder: Path) -> None:
    """Refuses what is no configuration, or one that ccstate cannot read."""
    missing = [name for name in NEEDED if not (folder / name).is_file()]
    if not missing:
        return
    hint = "name the folder that Asterisk reads, such as /etc/asterisk, or a copy of it"
    if (folder / "sip.conf").is_file():
        hint = "phones in sip.conf come first: Asterisk's sip_to_pjsip.py makes pjsip.conf of it"
    elif (folder / "extensions.ael").is_file():
        hint = "a dialplan in extensions.ael comes first: `aelparse -w` makes extensions.conf of it"
    message = f"{folder} has no {' and no '.join(missing)}"
    cause = "ccstate reads phones from pjsip.conf, and what is dialled from extensions.conf."
    raise InvalidInput([Diagnostic("CC810", message, Span(str(folder)), cause, hint)])


def _setting(
    folder: Path, prefix: str, timezone: str, language: str, listed: Path | None
) -> "Setting":
    """What the options say; InvalidInput where that cannot be."""
    from ccstate.adapters.asterisk.importing import Setting, words
    from ccstate.adapters.asterisk.importing.files import listed_words, recorded_words

    wrong = []
    if prefix and not re.fullmatch(r"\+[1-9][0-9]{0,8}", prefix):
        hint = "+ and the digits that numbers lack: +1, or +4930 for a city's"
        wrong.append(Diagnostic("CC814", f'--prefix "{prefix}" is no prefix', hint=hint))
    if timezone and not _is_timezone(timezone):
        hint = "an IANA timezone such as Australia/Sydney"
        wrong.append(Diagnostic("CC814", f'--timezone "{timezone}" is no timezone', hint=hint))
    if not re.fullmatch(r"[a-z]{2,3}(-[A-Z]{2})?", language):
        hint = "a language tag such as en-AU"
        wrong.append(Diagnostic("CC814", f'--language "{language}" is no language', hint=hint))
    if wrong:
        raise InvalidInput(wrong)
    if listed is None and language.partition("-")[0] == "en":
        listed = recorded_words(folder)
    known = words(listed_words(listed)) if listed else {}
    return Setting(prefix, timezone, language, known)


def _is_timezone(name: str) -> bool:
    try:
        return bool(ZoneInfo(name).key)
    except (OSError, ValueError, ZoneInfoNotFoundError):
        return False


def _imported(folder: Path, setting: "Setting") -> "Imported":
    from ccstate.adapters.asterisk.importing import import_estate
    from ccstate.adapters.asterisk.importing.files import Folder

    files = Folder(folder)
    return import_estate(files.read, files.matching, setting=setting)


def _compared(found: "Imported", setting: "Setting") -> Calls | None:
    """What callers meet before and after; None where nothing became an object."""
    from ccstate.adapters.asterisk.proof import prove

    if not found.objects:
        return None
    proof = prove(found.confs, found, setting, days.today())
    return Calls(
        numbers=proof.doors,
        samples=proof.samples,
        same=proof.same,
        differ=proof.differ,
        differences=proof.differences,
        unfollowed=proof.unfollowed,
    )


def _make_folder(project: Project) -> None:
    """Make the folder of the desired state, which a new project does not have yet."""
    folder = project.root / project.settings.desired_state
    refuse_links(project.root, folder)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        name = _relative(project, folder)
        message = f"{name} cannot be made: {error.strerror}"
        hint = "move away what has its name, or correct `desired_state` in ccstate.yaml"
        raise InvalidInput([Diagnostic("CC001", message, Span(name), hint=hint)]) from None


def _occupied(project: Project) -> Iterator[Diagnostic]:
    """Why no report can be written: what has its name is no report."""
    path = project.root / REPORT
    if not os.path.lexists(path):
        return
    try:
        refuse_links(project.root, path)
        is_report = path.read_bytes().startswith(REPORT_BEGINS.encode())
    except InvalidInput as refused:
        yield from refused.problems
        return
    except OSError:
        is_report = False
    if not is_report:
        message = f"{REPORT} is there already, and is no report of an import"
        hint = "move it away, or give it another name"
        yield Diagnostic("CC813", message, Span(REPORT), hint=hint)


def _write_report(project: Project, text: str) -> None:
    path = project.root / REPORT
    try:
        path.unlink(missing_ok=True)
        write_new(path, text.encode(errors="backslashreplace"))
    except OSError as error:
        message = f"{REPORT} cannot be written: {error.strerror}"
        raise InvalidInput([Diagnostic("CC813", message, Span(REPORT))]) from None


def _grouped(project: Project, found: "Imported") -> dict[Path, dict[Address, Fields]]:
    """The objects by the file that they go to."""
    groups: dict[Path, dict[Address, Fields]] = {}
    for address, fields in found.objects.items():
        path = project.root / project.settings.desired_state / found.group(address)
        groups.setdefault(path, {})[address] = fields
    return dict(sorted(groups.items()))


def _refusals(
    project: Project, found: "Imported", groups: Mapping[Path, Mapping[Address, Fields]]
) -> Iterator[Diagnostic]:
    """Why nothing may be written: every object that is declared, every file that is not ours."""
    from ccstate.desired.insertion import with_resources

    declared = project.load().state
    twice: dict[str, list[str]] = {}
    for address in sorted(declared.keys() & found.objects.keys()):
        twice.setdefault(declared[address].file, []).append(str(address))
    for file, names in sorted(twice.items()):
        many = f"{len(names)} objects of the import are" if len(names) > 1 else f"{names[0]} is"
        named = textwrap.fill(", ".join(names), 76, break_long_words=False, break_on_hyphens=False)
        yield Diagnostic(
            "CC811",
            f"{many} declared already",
            Span(file),
            cause=f"{named}\n" * (len(names) > 1) + "Nothing is written where that would be twice.",
            hint="take them out of that file, or import into a project of its own; with --dry-run "
            "it is only said what there is",
        )
    for path, resources in groups.items():
        shown = _relative(project, path)
        try:
            project.inside(path, "")
            before = path.read_bytes() if os.path.lexists(path) else b""
            fresh = {a: fields for a, fields in resources.items() if a not in declared}
            with_resources(before, shown, fresh)
        except InvalidInput as refused:
            yield from refused.problems
        except OSError as error:
            message = f"{shown} cannot be written to: {error.strerror}"
            hint = "move it away, or give it another name"
            yield Diagnostic("CC813", message, Span(shown), hint=hint)


def _misplaced(project: Project, into: Path | None) -> Iterator[Diagnostic]:
    """Why the values of secrets may not be written there; a warning where git would take them."""
    if into is None:
        return
    folder = project.root / project.settings.desired_state
    if into.resolve().is_relative_to(folder.resolve()):
        message = f"{into} is in the desired state, which everybody may read"
        yield Diagnostic("CC812", message, hint="choose a place outside of the repository")
    elif os.path.lexists(into):
        hint = "choose another name: what is there is not overwritten"
        yield Diagnostic("CC812", f"{into} is there already", Span(str(into)), hint=hint)
    elif not into.parent.is_dir():
        message = f"there is no folder {into.parent}"
        yield Diagnostic("CC812", message, hint="make it first, readable by you alone")


def _write_secrets(into: Path, secrets: Mapping[str, str]) -> None:
    """`export` lines for a shell, readable by nobody else; warns where git does not ignore them."""
    if not secrets:
        talk(f"There are no secrets: {into} was not written.")
        return
    from ccstate.history import would_be_committed

    if would_be_committed(into):
        complain(
            [
                Diagnostic(
                    "CC812",
                    f"{into} is in a repository, and git does not ignore it",
                    Span(str(into)),
                    cause="The next `git add` would give these passwords to everybody, for good.",
                    hint="move it out, or name it in .gitignore",
                    severity=Severity.WARNING,
                )
            ]
        )
    lines = "".join(f"export {name}={_quoted(text)}\n" for name, text in sorted(secrets.items()))
    lines += f"export {NAMES}={_quoted(' '.join(sorted(secrets)))}\n"
    refuse_links(outermost_top(into.absolute()), into.absolute())
    try:
        handle = os.open(into, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
        with os.fdopen(handle, "wb") as file:
            file.write(lines.encode(errors="surrogateescape"))
    except OSError as error:
        message = f"{into} cannot be written: {error.strerror}"
        raise InvalidInput([Diagnostic("CC812", message, hint="choose another place")]) from None


def _quoted(text: str) -> str:
    """The text in single quotes of a shell, in which nothing has a meaning."""
    return "'" + text.replace("'", "'\\''") + "'"


def _errors(project: Project) -> tuple[str, ...]:
    """The codes of what `ccstate validate` would call errors now, one a place."""
    desired = project.read()
    problems = [p for p in desired.problems if p.severity is Severity.ERROR]
    problems = problems or project.judge(desired, days.today())
    return tuple(sorted(p.code for p in problems if p.severity is Severity.ERROR))


def _relative(project: Project, path: Path) -> str:
    return path.relative_to(project.root).as_posix()


def _again(folder: Path, prefix: str, timezone: str, language: str, listed: Path | None) -> str:
    """This command with its options, but without writing YAML."""
    given = {
        "--prefix": prefix,
        "--timezone": timezone,
        "--language": "" if language == "en" else language,
        "--words": str(listed or ""),
    }
    options = [part for name, value in given.items() if value for part in (name, value)]
    return shlex.join(["ccstate", "import", str(folder), *options, "--dry-run"])
