"""The configuration beside ccstate's own files: read, never written, and never contradicted."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase

from ccstate.adapters.asterisk.conf import Conf, parse, read, resolved
from ccstate.adapters.asterisk.conf.lines import REST_LOST
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

_MARK = "ccstate-comes-here"
_ENDS = frozenset({REST_LOST, "CC443"})
"""What ends a file for Asterisk: a broken line, or a comment that is never closed."""

OWN = frozenset(FILES.values())


@dataclass(frozen=True, slots=True)
class Handwritten:
    """Every configuration as Asterisk reads it, without what ccstate wrote; and its files."""

    confs: Mapping[str, Conf]
    files: Mapping[str, bytes]
    """The main files and all that they include, and nothing else."""
    includes_ours: frozenset[str]
    """Configurations of which Asterisk reads ccstate's file."""


def read_handwritten(storage: Storage) -> Handwritten:
    """The four configurations and what they include; no other file has to be readable."""
    there = [path for path in storage.listing() if path not in OWN]
    files = storage.read([main for main in MAIN.values() if main in there])
    confs: dict[str, Conf] = {}
    included = set()

    def inside(path: str) -> str:
        return path.removeprefix(f"{storage.place}/")

    for name, main in MAIN.items():
        # With a mark in place of ours: it shows whether Asterisk gets there.
        ours = FILES[name]
        names = sorted([*there, ours])

        def content(path: str, ours: str = ours) -> bytes | None:
            path = inside(path)
            if path == ours:
                return f"[{_MARK}]\n".encode()
            if path not in files and path in there:
                files.update(storage.read([path]))
            return files.get(path)

        def glob(pattern: str, names: Sequence[str] = names) -> list[str]:
            return [path for path in names if _matches(path, inside(pattern))]

        conf = read(content, glob, main) if main in files else parse(b"", main)
        sections = tuple(section for section in conf.sections if section.name != _MARK)
        if len(sections) < len(conf.sections) and not conf.refused:
            included.add(name)
        confs[name] = replace(conf, sections=sections)
    return Handwritten(confs, files, frozenset(included))


def _matches(path: str, pattern: str) -> bool:
    """As glob(3) has it: a star leads into no folder."""
    return path.count("/") == pattern.count("/") and fnmatchcase(path, pattern)


def not_included(found: Handwritten, place: str) -> Iterator[Diagnostic]:
    """The main files that do not include ccstate's: nothing written there would ever be loaded."""
    for name, main in MAIN.items():
        if name in found.includes_ours:
            continue
        breaks = [p for p in found.confs[name].problems if p.code in _ENDS and p.span]
        if breaks and (span := breaks[0].span):
            yield Diagnostic(
                "CC412",
                f"Asterisk does not get to {FILES[name]}: {breaks[0].message}",
                Span(f"{place}/{span.file}", span.line),
                cause="It drops what comes behind such a line, and with it what ccstate writes.",
                hint="correct that line; `core reload` and Asterisk's log show whether it is read",
            )
        else:
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
        for file, line, section in _headers(conf, found.files):
            if section in ours[name]:
                yield Diagnostic(
                    "CC413",
                    f"[{section}] in {file} would be written by ccstate too",
                    Span(f"{place}/{file}", line),
                    cause="Asterisk would mix the two, or keep the old one without a word.",
                    hint="take it out there, or name the object otherwise in the desired state",
                )


_HEADER = re.compile(rb"^[ \t]*\[([^\]\r\n]{1,200})\]", re.MULTILINE)


def _headers(conf: Conf, files: Mapping[str, bytes]) -> Iterator[tuple[str, int, str]]:
    """Where each section stands: those that were read, and those that add to one of ours, `(+)`.

    Ours are not read here, so that such a header has nothing to add to, and is no section.
    """
    known = {(section.file, section.line): section.name for section in resolved(conf)}
    for (file, line), name in known.items():
        yield file, line, name
    for file in conf.files:
        content = files.get(file, b"")
        for header in _HEADER.finditer(content):
            line = content.count(b"\n", 0, header.start()) + 1
            is_addition = content[header.end() :].lstrip(b" \t").startswith(b"(+")
            if is_addition and (file, line) not in known:
                yield file, line, header[1].decode(errors="replace")


def _sections(compiled: Compiled) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {name: set() for name in FILES}
    for key in compiled.entries:
        found[key.file].add(key.item if key.file == PJSIP else key.section)
    found[VOICEMAIL] = {MAILBOXES}
    return found
