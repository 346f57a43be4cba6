"""The configuration beside ccstate's own files: read, never written, and never contradicted."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase

from ccstate.adapters.asterisk.conf import Conf, parse, read, resolved
from ccstate.adapters.asterisk.entries import (
    DIALPLAN,
    FILES,
    MAILBOXES,
    PJSIP,
    QUEUES,
    VOICEMAIL,
    Compiled,
)
from ccstate.adapters.asterisk.storage import Storage
from ccstate.errors import Diagnostic, Span

MAIN: Mapping[str, str] = {
    PJSIP: "pjsip.conf",
    QUEUES: "queues.conf",
    DIALPLAN: "extensions.conf",
    VOICEMAIL: "voicemail.conf",
}
"""The file that Asterisk reads for each configuration, and that has to include ours."""

OWN = frozenset(FILES.values())


@dataclass(frozen=True, slots=True)
class Handwritten:
    """Every configuration as Asterisk reads it, without what ccstate wrote; and all files."""

    confs: Mapping[str, Conf]
    files: Mapping[str, bytes]
    includes_ours: frozenset[str]
    """Configurations whose main file includes ccstate's."""


def read_handwritten(storage: Storage) -> Handwritten:
    """All of it in one bulk read."""
    names = [path for path in storage.listing() if path.endswith(".conf") and path not in OWN]
    files = storage.read(names)
    confs = {}
    included = set()
    for name, main in MAIN.items():
        asked: set[str] = set()

        def glob(pattern: str, asked: set[str] = asked) -> list[str]:
            asked.add(pattern)
            return sorted(path for path in files if fnmatchcase(path, pattern))

        confs[name] = read(files.get, glob, main) if main in files else parse(b"", main)
        wanted = [d.argument for d in confs[name].directives if d.word != "exec"]
        if any(fnmatchcase(FILES[name], pattern) for pattern in {*asked, *wanted}):
            included.add(name)
    return Handwritten(confs, files, frozenset(included))


def not_included(found: Handwritten, place: str) -> Iterator[Diagnostic]:
    """The main files that do not include ccstate's: nothing written there would ever be loaded."""
    for name, main in MAIN.items():
        if name not in found.includes_ours:
            folder = FILES[name].partition("/")[0]
            yield Diagnostic(
                "CC412",
                f"{place}/{main} does not include {FILES[name]}",
                Span(f"{place}/{main}"),
                cause="Asterisk would never load what ccstate writes there.",
                hint=f"add the line `#tryinclude {folder}/*.conf` at its end",
            )


def conflicts(found: Handwritten, compiled: Compiled, place: str) -> Iterator[Diagnostic]:
    """Sections that are written by hand and would be written by ccstate too."""
    ours = _sections(compiled)
    for name, conf in found.confs.items():
        for section in resolved(conf):
            if section.name in ours[name]:
                yield Diagnostic(
                    "CC413",
                    f"[{section.name}] in {section.file} would be written by ccstate too",
                    Span(f"{place}/{section.file}", section.line),
                    cause="Asterisk would mix the two, or keep the old one without a word.",
                    hint="take it out there, or name the object otherwise in the desired state",
                )


def _sections(compiled: Compiled) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {name: set() for name in FILES}
    for key in compiled.entries:
        found[key.file].add(key.item if key.file == PJSIP else key.section)
    found[VOICEMAIL] = {MAILBOXES}
    return found
