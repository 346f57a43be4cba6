"""The configuration beside ccstate's own files: read, never written, and never contradicted."""

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from fnmatch import fnmatchcase

from ccstate.adapters.asterisk import codes
from ccstate.adapters.asterisk.conf import Conf, parse, read, resolved
from ccstate.adapters.asterisk.entries import (
    DIALPLAN,
    FILES,
    MAILBOXES,
    OLD_NAMES,
    OPTIONAL,
    PARKING,
    PJSIP,
    QUEUES,
    VOICEMAIL,
    Compiled,
    is_pjsip,
)
from ccstate.adapters.asterisk.storage import Storage, read_permitted
from ccstate.errors import Code, Diagnostic, Span

MAIN: Mapping[str, str] = {
    PJSIP: "pjsip.conf",
    QUEUES: "queues.conf",
    DIALPLAN: "extensions.conf",
    VOICEMAIL: "voicemail.conf",
    PARKING: "res_parking.conf",
}
"""The file that Asterisk reads for each configuration, and that has to include ours."""

_MARK = "ccstate-comes-here"
_ENDS = frozenset({codes.FILE_BROKEN.code, codes.COMMENT_OPEN.code})
"""What ends a file for Asterisk: a broken line, or a comment that is never closed."""

_MARK_OF_OLD_NAMES = "ccstate-old-names-come-here"
OWN = frozenset({*FILES.values(), *OLD_NAMES.values()})


@dataclass(frozen=True, slots=True)
class Handwritten:
    """Every configuration as Asterisk reads it, without what ccstate wrote; and its files."""

    confs: Mapping[str, Conf]
    files: Mapping[str, bytes]
    """The main files and all that they include, and nothing else."""
    includes_ours: frozenset[str]
    """Configurations of which Asterisk reads ccstate's file."""
    includes_old_names: frozenset[str] = frozenset()
    """Configurations of which Asterisk would read a second file of ccstate's, beside that."""
    closed: frozenset[str] = frozenset()
    """Hand-written files that may not be read, and folders, with `/` at their end."""

    def closed_for(self, used: Collection[str]) -> list[str]:
        """Select the closed files that matter where these files of ours are used."""
        idle = [name for name in OPTIONAL if name not in used]
        passed = {MAIN[name] for name in idle} | {f"{FILES[n].partition('/')[0]}/" for n in idle}
        return sorted(self.closed - passed)


def read_handwritten(storage: Storage) -> Handwritten:
    """Read the configurations of `MAIN` and what they include; no other file has to be readable."""
    folders: set[str] = set()
    listed = [path for path in storage.listing(closed=folders) if path not in OWN]
    files, unread = read_permitted(storage, [main for main in MAIN.values() if main in listed])
    closed = set(unread)
    confs: dict[str, Conf] = {}
    reached: dict[str, set[str]] = {_MARK: set(), _MARK_OF_OLD_NAMES: set()}

    def inside(path: str) -> str:
        return path.removeprefix(f"{storage.place}/")

    for name, main in MAIN.items():
        # With a mark in place of ours: it shows whether Asterisk gets there.
        marks = {FILES[name]: _MARK}
        if name in OLD_NAMES:
            marks[OLD_NAMES[name]] = _MARK_OF_OLD_NAMES
        names = sorted([*listed, *marks])

        def content(path: str, marks: Mapping[str, str] = marks) -> bytes | None:
            path = inside(path)
            if path in marks:
                return f"[{marks[path]}]\n".encode()
            if any(path.startswith(f"{folder}/") for folder in folders):
                closed.add(path)
                return b""
            if path not in files and path in listed and path not in closed:
                found, unread = read_permitted(storage, [path])
                files.update(found)
                closed.update(unread)
            return b"" if path in closed else files.get(path)

        def glob(pattern: str, names: Sequence[str] = names) -> list[str]:
            closed.update(f"{folder}/" for folder in _closed_for(inside(pattern), folders))
            return [path for path in names if _matches(path, inside(pattern))]

        conf = read(content, glob, main) if main in files else parse(b"", main)
        for section in conf.sections if not conf.refused else ():
            reached.get(section.name, set()).add(name)
        sections = tuple(section for section in conf.sections if section.name not in reached)
        confs[name] = replace(conf, sections=sections)
    return Handwritten(
        confs,
        files,
        includes_ours=frozenset(reached[_MARK]),
        includes_old_names=frozenset(reached[_MARK_OF_OLD_NAMES]),
        closed=frozenset(closed),
    )


def _closed_for(pattern: str, folders: Collection[str]) -> list[str]:
    """Return the folders that may not be read and may have files that a pattern matches."""
    where = pattern.rpartition("/")[0]
    return [folder for folder in folders if _matches(folder, where)]


def _matches(path: str, pattern: str) -> bool:
    """Match as glob(3) does: a star leads into no folder."""
    return path.count("/") == pattern.count("/") and fnmatchcase(path, pattern)


@dataclass(frozen=True, slots=True)
class Setup:
    """A line of a main file that is missing or without effect; `line` is 0 for the whole file.

    `values` are those of the code but for `where`, the file that it speaks of.
    """

    configuration: str
    file: str
    line: int
    code: Code
    values: Mapping[str, object] = field(default_factory=dict)

    def diagnostic(self, place: str) -> Diagnostic:
        """Return the problem as an audit reports it; `place` is the configuration folder."""
        file = f"{place}/{self.file}"
        return self.code(Span(file, self.line), where=file, **self.values)

    def __str__(self) -> str:
        """The problem as a line of an object, in the form of a line that was changed by hand."""
        line = f":{self.line}" if self.line else ""
        problem = self.code(where="", **self.values)
        return f"{self.file}{line}: {problem.message.lstrip()}; {problem.hint}"


def setup_problems(found: Handwritten, used: Collection[str]) -> Iterator[Setup]:
    """Find what keeps Asterisk from loading the files in use, at its next start at the latest."""
    for name, main in MAIN.items():
        if main in found.closed or name not in used:
            continue
        if name not in found.includes_ours:
            yield _not_included(found, name, main)
    if found.confs[DIALPLAN].files and not _clears_variables(found.confs[DIALPLAN]):
        yield Setup(DIALPLAN, MAIN[DIALPLAN], 0, codes.VARIABLES_STAY)


def _not_included(found: Handwritten, name: str, main: str) -> Setup:
    values = {"path": FILES[name]}
    breaks = [p for p in found.confs[name].problems if p.code in _ENDS and p.span]
    if breaks and (span := breaks[0].span):
        values["why"] = breaks[0].message
        return Setup(name, span.file, span.line or 0, codes.INCLUDE_UNREACHED, values)
    values["pattern"] = f"{FILES[name].partition('/')[0]}/*.conf"
    line = _commented(found.files.get(main, b""), name)
    code = codes.INCLUDE_COMMENTED if line else codes.INCLUDE_MISSING
    return Setup(name, main, line, code, values)


def _commented(content: bytes, name: str) -> int:
    """The number of the line that would include ccstate's file if it were no comment; 0 for none."""
    folder = re.escape(FILES[name].partition("/")[0].encode())
    wanted = re.compile(
        rb"^[ \t]*;[; \t]*#(?:try)?include[ \t]+[\"<]?" + folder + rb"/", re.MULTILINE
    )
    line = wanted.search(content)
    return content.count(b"\n", 0, line.start()) + 1 if line else 0


# What ast_true takes for true (utils.c, 16 and 22).
_TRUE = frozenset({"yes", "true", "y", "t", "1", "on"})


def _clears_variables(conf: Conf) -> bool:
    values = (s.get("clearglobalvars") for s in conf.sections if s.name.lower() == "general")
    return any(value is not None and value.lower() in _TRUE for value in values)


def conflicts(found: Handwritten, compiled: Compiled, place: str) -> Iterator[Diagnostic]:
    """Sections that are written by hand and would be written by ccstate too."""
    ours = _sections(compiled)
    for name, conf in found.confs.items():
        for file, line, section in _headers(conf, found.files):
            if section in ours[name]:
                span = Span(f"{place}/{file}", line)
                yield codes.SECTION_TWICE(span, section=section, file=file)


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
        if is_pjsip(key.file):
            found[PJSIP].add(key.item)
        else:
            found[key.file].add(key.section)
    found[VOICEMAIL] = {MAILBOXES}
    return found
