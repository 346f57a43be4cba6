"""`ccstate import`."""

import re
import shlex
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import click

from ccstate import codes
from ccstate.cli import days
from ccstate.cli.environment import ENVIRONMENT
from ccstate.cli.output import in_format, print_report
from ccstate.cli.progress import Terminal
from ccstate.errors import InvalidInput
from ccstate.imports import ImportOptions
from ccstate.project import Project
from ccstate.render.imported import IMPORT


@click.command("import")
@click.argument("folder", type=click.Path(path_type=Path))
@click.option("--prefix", default="", help="What makes a carrier's numbers international: +1.")
@click.option("--timezone", default="", help="The server's timezone, for hours: Europe/Paris.")
@click.option("--language", default="en", help="Language of the recordings' words.")
@click.option(
    "--words",
    "listed",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Words of recordings, a `name: words` a line; where left out, those of the platform's own "
    "recordings, if a list of them is installed.",
)
@click.option(
    "--secrets",
    "into",
    type=click.Path(path_type=Path, dir_okay=False),
    help="File to write the values of secrets to: as `export` lines, or as a bundle where its name "
    "ends in .yaml.",
)
@click.option(
    "--adapter", default="", help="Whose configuration it is, where several adapters can read one."
)
@click.option("--dry-run", is_flag=True, help="Say it all, and write neither YAML nor secrets.")
@in_format(IMPORT)
@ENVIRONMENT
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
    adapter: str,
    dry_run: bool,
    form: str,
    environment: str,
) -> int:
    """Write a configuration that was made by hand as YAML, and say what that leaves out.

    Reads FOLDER, the configuration of a platform or a copy of it; the adapter's page says what it
    reads there. Each line is said by an object, or listed with the reason. Every call is then
    compared, before and after; import-report.txt lists what differs.
    Passwords become references. Exits with 1 where nothing became an object.
    """
    options = _options(prefix, timezone, language, listed)
    report = Project.open(root, Terminal(), environment).import_estate(
        folder,
        options,
        adapter=adapter,
        secrets=into,
        write=not dry_run,
        command=_again(folder, options),
    )
    print_report(IMPORT, form, report)
    return 0 if report.made else 1


def _options(prefix: str, timezone: str, language: str, words: Path | None) -> ImportOptions:
    """Check the options; InvalidInput where one cannot be."""
    wrong = []
    if prefix and not re.fullmatch(r"\+[1-9][0-9]{0,8}", prefix):
        hint = "+ and the digits that numbers lack: +1, or +4930 for a city's"
        wrong.append(codes.PREFIX_WRONG(prefix=prefix, hint=hint))
    if timezone and not _is_timezone(timezone):
        hint = "an IANA timezone such as Australia/Sydney"
        wrong.append(codes.TIMEZONE_WRONG(timezone=timezone, hint=hint))
    if not re.fullmatch(r"[a-z]{2,3}(-[A-Z]{2})?", language):
        hint = "a language tag such as en-AU"
        wrong.append(codes.LANGUAGE_WRONG(language=language, hint=hint))
    if wrong:
        raise InvalidInput(wrong)
    return ImportOptions(prefix, timezone, language, words, days.today())


def _is_timezone(name: str) -> bool:
    try:
        return bool(ZoneInfo(name).key)
    except (OSError, ValueError, ZoneInfoNotFoundError):
        return False


def _again(folder: Path, options: ImportOptions) -> str:
    """Spell this command with its options, but without writing YAML."""
    given = {
        "--prefix": options.prefix,
        "--timezone": options.timezone,
        "--language": "" if options.language == "en" else options.language,
        "--words": str(options.words or ""),
    }
    parts = [part for name, value in given.items() if value for part in (name, value)]
    return shlex.join(["ccstate", "import", str(folder), *parts, "--dry-run"])
