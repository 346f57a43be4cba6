"""Asterisk's configuration files, read as Asterisk reads them, with the place of every option.

What Asterisk drops in silence (the rest of a file behind an unclosed `[`, a line without `=`) is
left out here as well, and reported as a problem. Source: `main/config.c` of Asterisk 20, tried on
16.28 and 22.10; nothing of it depends on which module the file is for.

`;` begins a comment, unless a backslash stands before it; `;--` to `--;` is a comment over lines
that may hold others (`config_text_file_load`). `[name](templates)` begins a section that takes
options from others.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import NamedTuple, TypeAlias

from ccstate.adapters.asterisk import codes
from ccstate.errors import Diagnostic, Span

BLANKS = "".join(map(chr, range(33)))
"""What `ast_strip` takes off both ends: every character below 33."""
LONGEST_LINE = 8190
"""Bytes of a line without its end; `fgets` reads into 8192 bytes."""
DEEPEST_COMMENT = 128
_BOM = b"\xef\xbb\xbf"


class Lines:
    """The comment that is open between lines, and between the files that one pattern matches."""

    def __init__(self, problems: list[Diagnostic]) -> None:
        self.problems = problems
        self.depth = 0
        """How many block comments are open; below 0 after a `--;` that closes none."""
        self.opened = 0
        self.begun = False

    def end(self, file: str) -> None:
        """Tells of a comment that the end of a file leaves open."""
        if self.depth:
            what = "a block comment is not closed" if self.depth > 0 else "--; closes no comment"
            self.problems.append(codes.COMMENT_OPEN(Span(file, self.opened), what=what))


def statements(lines: Lines, data: bytes, file: str) -> Iterator[tuple[int, str]]:
    """Line number and text of each line that says something, without comments and blanks."""
    for number, raw in enumerate(_decoded(lines, data, file).split("\n"), 1):
        line = raw
        if len(line) > _SHORT or lines.depth or ";" in line or "\0" in line:
            line = _cleaned(lines, line, file, number)
        if line := line.strip(BLANKS):
            yield number, line


_SHORT = LONGEST_LINE // 4
"""Characters that fit into a line in whatever encoding."""


def _cleaned(lines: Lines, line: str, file: str, number: int) -> str:
    if len(line) > _SHORT and not _fits(lines, line, file, number):
        return ""
    if "\0" in line:
        line = _until_nul(lines, line, file, number)
    return _without_comments(lines, line, number)


def _decoded(lines: Lines, data: bytes, file: str) -> str:
    # Asterisk looks for the mark on line 1 only, and counts lines through all files of a pattern.
    if data.startswith(_BOM) and not lines.begun:
        data = data[len(_BOM) :]
    lines.begun = True
    try:
        return data.decode()
    except UnicodeDecodeError as wrong:
        line = data.count(b"\n", 0, wrong.start) + 1
        lines.problems.append(codes.NOT_UTF8(Span(file, line)))
        return data.decode(errors="replace")


def _fits(lines: Lines, line: str, file: str, number: int) -> bool:
    if len(line.encode(errors="replace")) <= LONGEST_LINE:
        return True
    why = f"this line is longer than {LONGEST_LINE} bytes"
    lines.problems.append(codes.LINE_LOST(Span(file, number), why=why))
    return False


def _until_nul(lines: Lines, line: str, file: str, number: int) -> str:
    lines.problems.append(codes.NUL_IN_LINE(Span(file, number)))
    return line[: line.index("\0")]


def _without_comments(lines: Lines, text: str, number: int) -> str:
    """Return what Asterisk processes of a line; `text` is its buffer, in which NUL ends a string."""
    text += "\0"
    new = 0
    begin = 0 if lines.depth == 0 else -1
    while (at := text.find(";", new, text.index("\0", new))) >= 0:
        if at > new and text[at - 1] == "\\":
            text, new = text[: at - 1] + text[at:], at
        elif text.startswith(";--", at) and text[at + 3] != "-":
            if not _opened(lines, number):
                break
            text, new = f"{text[:at]}\0{text[at + 1 :]}", at + 3
        elif at >= new + 2 and text.startswith("--", at - 2):
            new = at + 1
            lines.depth -= 1
            lines.opened = lines.opened if lines.depth >= 0 else number
            if lines.depth == 0 and begin < 0:
                begin = new
            elif lines.depth == 0:
                end = text.index("\0", begin)
                text, new = text[:end] + text[new:], end
        elif lines.depth == 0:
            text, new = text[:at] + "\0", at
        else:
            new = at + 1
    return text[begin : text.index("\0", begin)] if begin >= 0 else ""


def _opened(lines: Lines, number: int) -> bool:
    """Whether one more comment may be opened inside the others; Asterisk hangs on one too many."""
    if lines.depth >= DEEPEST_COMMENT:
        return False
    lines.depth, lines.opened = lines.depth + 1, number
    return True


class Option(NamedTuple):
    """`key = value`, or `key => value`, as Asterisk holds it: unescaped, without blanks outside."""

    key: str
    value: str
    file: str
    line: int
    is_object: bool = False
    """True for `=>`; most modules make no difference."""
    added: tuple[int, ...] = ()
    """Lines of the same file that said `+=`."""


@dataclass(frozen=True, slots=True)
class Section:
    """`[name]` and what stands below it, together with what it has of templates.

    Several sections may have one name: pjsip.conf lives from that.
    """

    name: str
    file: str
    line: int
    options: tuple[Option, ...]
    """What Asterisk has loaded, in its order: what templates gave comes first."""
    written: tuple[Option, ...]
    """What this section says itself."""
    templates: tuple[str, ...] = ()
    is_template: bool = False
    additions: tuple[tuple[str, int], ...] = ()
    """File and line of each `[name](+)` that added to it."""

    def get(self, key: str) -> str | None:
        """Return the value of the last option of that name, whichever way it is capitalised."""
        wanted = key.lower()
        return next((o.value for o in reversed(self.options) if o.key.lower() == wanted), None)


class Directive(NamedTuple):
    """`#include`, `#tryinclude` or `#exec`, with the files that were loaded in its place."""

    word: str
    argument: str
    file: str
    line: int
    loaded: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Conf:
    """What Asterisk has loaded of a file and its includes, and what it has lost."""

    sections: tuple[Section, ...]
    directives: tuple[Directive, ...]
    problems: tuple[Diagnostic, ...]
    files: tuple[str, ...]
    refused: bool = False
    """True where the main file itself is broken: then Asterisk takes nothing of it at all, and
    a running server keeps what it had. `sections` holds what stood before the break."""


@dataclass(slots=True)
class Building:
    """A section while it is read."""

    name: str
    file: str
    line: int
    options: list[Option] = field(default_factory=list)
    written: list[Option] = field(init=False)
    """The very list of `options` as long as nothing was inherited."""
    templates: list[str] = field(default_factory=list)
    is_template: bool = False
    additions: list[tuple[str, int]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.written = self.options

    def section(self) -> Section:
        options = tuple(self.options)
        written = options if self.written is self.options else tuple(self.written)
        more = tuple(self.additions)
        templates = tuple(self.templates)
        place = (self.name, self.file, self.line)
        return Section(*place, options, written, templates, self.is_template, more)

    def take(self, option: Option) -> None:
        self.options.append(option)
        if self.written is not self.options:
            self.written.append(option)

    def inherit(self, older: "Building") -> None:
        """Takes the options of an older section; its own are kept apart from now on."""
        if self.written is self.options:
            self.written = list(self.options)
        self.options += older.options
        self.templates.append(older.name)

    def add(self, key: str, value: str, file: str, line: int) -> bool:
        """Whether there was an option for `+=` to add to: the last of that very name.

        Asterisk then replaces the first one whose name and value look alike, ast_variable_update.
        """
        last = next((o for o in reversed(self.options) if o.key == key), None)
        if last is None:
            return False
        whole = (last.value + value).strip(BLANKS)
        for place, old in enumerate(self.options):
            if _alike(old, last):
                new = old._replace(key=key, value=whole, added=(*old.added, line))
                self.options[place] = new
                self._rewrite(old, new, Option(key, whole, file, line))
                return True
        return False

    def _rewrite(self, old: Option, new: Option, own: Option) -> None:
        if self.written is self.options:
            return
        if old in self.written:
            self.written[self.written.index(old)] = new
        else:
            self.written.append(own)


def _alike(one: Option, last: Option) -> bool:
    if one.key.lower() != last.key.lower():
        return False
    return not last.value or one.value.lower() == last.value.lower()


def satisfies(section: Building, wanted: Iterable[tuple[str, str]]) -> bool:
    """Whether a section meets the conditions in `(+name=value)`.

    Asterisk searches name and value for regular expressions; literal ones are substrings.
    """
    template_fits = not section.is_template
    for key, value in wanted:
        if key == "TEMPLATES":
            if value.lower() == "restrict" and not section.is_template:
                return False
            template_fits |= value.lower() in ("include", "restrict")
        elif not any(key in o.key and value in o.value for o in section.options):
            return False
    return template_fits


LONGEST_NAME = 79
MOST_INHERITED = 4_000_000
"""Options that templates may give to all sections together; they can double line by line."""


class Broken(Exception):
    """The rest of this file is lost; the problem has been reported."""


class SectionList:
    """All sections of a configuration, in order, and the one that was begun last."""

    def __init__(self, problems: list[Diagnostic]) -> None:
        self.all: list[Building] = []
        self.current: Building | None = None
        self._named: dict[str, list[Building]] = {}
        self._inherited = 0
        self._problems = problems

    def broken(self, file: str, line: int, why: str) -> Broken:
        """Tells that the rest of the file is lost, and gives what is to be raised."""
        self._problems.append(codes.FILE_BROKEN(Span(file, line), why=why))
        return Broken()

    def header(self, text: str, file: str, line: int) -> Building:
        """Return the section that a header begins, or goes on with."""
        end = text.find("]")
        if end < 0:
            raise self.broken(file, line, "[ is not closed")
        name = text[1:end]
        section = new = Building(_shortened(name), file, line)
        if text.startswith("(", end + 1):
            close = text.find(")", end + 2)
            if close < 0:
                raise self.broken(file, line, "( is not closed")
            for word in text[end + 2 : close].split(","):
                section = self._qualified(section, name, word, new)
            end = close
        if end + 1 < len(text):
            rest = text[end + 1 :].strip(BLANKS)[:60]
            self._problems.append(codes.HEADER_PASSED(Span(file, line), rest=rest))
        if section is new:
            self.all.append(new)
            self._named.setdefault(new.name.lower(), []).append(new)
        self.current = section
        return section

    def _qualified(self, section: Building, name: str, word: str, new: Building) -> Building:
        """The section that goes on, after `!`, `+`, `+condition` or the name of a template."""
        place = (new.file, new.line)
        if word == "!":
            section.is_template = True
            return section
        if word.startswith("+"):
            older = self._match(name, word[1:], place)
            if older is None:
                raise self.broken(*place, f"there is no section {name[:80]!r} to add to")
            if section is new:
                older.is_template |= new.is_template
                if new.templates:
                    older.inherit(new)
                    older.templates[-1:] = new.templates
            older.additions.append(place)
            return older
        # An empty name matches whatever comes first: does_category_match.
        named = self._named.get(word.lower(), ()) if word else self.all
        if not named:
            raise self.broken(*place, f"there is no section or template {word[:80]!r} above")
        self._inherited += len(named[0].options)
        if self._inherited > MOST_INHERITED:
            raise self.broken(*place, "templates give more options than ccstate reads")
        section.inherit(named[0])
        return section

    def _match(self, name: str, conditions: str, place: tuple[str, int]) -> Building | None:
        candidates = self._named.get(name.lower(), ())
        if not conditions:
            return next((s for s in candidates if not s.is_template), None)
        wanted: list[tuple[str, str]] = []
        for condition in conditions.split("&"):
            key, equals, value = condition.partition("=")
            key, value = key.strip(BLANKS), value.strip(BLANKS)
            if not equals or not _literal(key + value):
                problem = codes.CONDITION_UNCLEAR(Span(*place), condition=condition[:60])
                self._problems.append(problem)
                return None
            wanted.append((key, value))
        return next((s for s in candidates if satisfies(s, wanted)), None)


def _shortened(name: str) -> str:
    """Return the name as a `char[80]` holds it."""
    if len(name) <= LONGEST_NAME and name.isascii():
        return name
    return name.encode(errors="replace")[:LONGEST_NAME].decode(errors="ignore")


def _literal(text: str) -> bool:
    return all(char.isalnum() or char in "_-/ " for char in text)


DEEPEST = 11
"""Files inside of files, with the main one: `MAX_INCLUDE_LEVEL`, counted out on 16.28 and 22.10."""
MOST_FILES = 2_000
MOST_BYTES = 128 * 1024 * 1024
MOST_ADDITIONS = 1_000
"""Lines with `+=` in one file that are followed; each of them copies the value it adds to."""

Read: TypeAlias = Callable[[str], bytes | None]
"""The bytes of a file named from the etc folder, or absolutely; None where there is none."""
Glob: TypeAlias = Callable[[str], Iterable[str]]
"""The names that a pattern matches."""

_MAGIC = frozenset("*?[{")
_CLOSING = {'"': '"', "<": ">"}


class Loading:
    """One configuration while it is loaded; `follow` says which directives are followed."""

    def __init__(self, storage_read: Read, glob: Glob, follow: frozenset[str]) -> None:
        self._read = storage_read
        self._glob = glob
        self._follow = follow
        self._problems: list[Diagnostic] = []
        self._sections = SectionList(self._problems)
        self._level = 0
        self._open: list[str] = []
        self._circles: set[tuple[str, int]] = set()
        self._files: list[str] = []
        self._bytes = 0
        self._directives: list[Directive] = []

    def conf(self, main: str) -> Conf:
        fine = self._load([main])
        if fine is None and not self._problems:
            self._problems.append(codes.FILE_ABSENT(Span(main, 0), file=main))
        return Conf(
            tuple(building.section() for building in self._sections.all),
            tuple(self._directives),
            tuple(self._problems),
            tuple(self._files),
            refused=not fine,
        )

    def _load(self, names: Iterable[str]) -> bool | None:
        """Whether the files were loaded to their ends; None where there was none of them.

        A block comment that is open at the end of one file goes on in the next that the same
        pattern matched, and so does the section.
        """
        self._level += 1
        lines = Lines(self._problems)
        section = self._sections.current
        found = None
        for name in names:
            data = self._bounded(name)
            if data is None:
                continue
            found = True
            self._open.append(name)
            self._files.append(name)
            try:
                section = self._statements(lines, data, name, section)
            except Broken:
                # The level is not counted down again, as in ast_config_internal_load.
                return False
            finally:
                self._open.pop()
            lines.end(name)
        self._level -= 1
        return found

    def _bounded(self, name: str) -> bytes | None:
        data = self._read(name)
        if data is None:
            return None
        self._bytes += len(data)
        if self._bytes > MOST_BYTES or len(self._files) >= MOST_FILES:
            self._problems.append(codes.CONF_TOO_LARGE(Span(name, 0), file=name))
            return None
        return data

    def _statements(
        self, lines: Lines, data: bytes, file: str, section: Building | None
    ) -> Building | None:
        additions = MOST_ADDITIONS
        new = tuple.__new__  # an Option for each of a million lines: the constructor doubles that
        for line, text in statements(lines, data, file):
            key, equals, value = text.partition("=")
            first = text[0]
            if first == "[":
                section = self._sections.header(text, file, line)
            elif first == "#":
                self._directive(text, file, line)
            elif section is None:
                raise self._sections.broken(file, line, "no section has begun")
            elif not equals or first in "\\=" or key[-1] == "+":
                additions -= self._unusual(section, text, file, line, additions)
            else:
                is_object = value[:1] == ">"
                value = value[is_object:].strip(BLANKS)
                section.take(new(Option, (key.strip(BLANKS), value, file, line, is_object, ())))
        return section

    def _unusual(self, section: Building, text: str, file: str, line: int, additions: int) -> int:
        """Takes a line that has no `=`, begins with a backslash or adds; 1 where it adds."""
        escaped = text[0] == "\\"
        if escaped:
            text = text[1:]
            if not text or text[0] in BLANKS:
                raise self._sections.broken(file, line, "a backslash escapes nothing")
        equals = text.find("=", 1 if escaped else 0)
        if equals < 0:
            self._lost(file, line, f"there is no = in {text[:60]!r}")
            return 0
        adds = equals > escaped and text[equals - 1] == "+"
        is_object = not adds and text.startswith(">", equals + 1)
        key = text[: equals - adds].strip(BLANKS)
        value = text[equals + 1 + is_object :]
        if not key:
            self._lost(file, line, "there is no name before =")
        elif not adds:
            section.take(Option(key, value.strip(BLANKS), file, line, is_object))
        elif not additions:
            problem = codes.ADDITIONS_UNREAD(Span(file, line), most=MOST_ADDITIONS)
            self._problems.append(problem)
        elif not section.add(key, value, file, line):
            section.take(Option(key, value.strip(BLANKS), file, line))
        return int(adds and additions > 0)

    def _lost(self, file: str, line: int, why: str) -> None:
        self._problems.append(codes.LINE_LOST(Span(file, line), why=why))

    def _directive(self, text: str, file: str, line: int) -> None:
        end = next((at for at, char in enumerate(text) if char in BLANKS), len(text))
        word, argument = text[1:end].lower(), _unquoted(text[end:].strip(BLANKS))
        if word not in ("include", "tryinclude", "exec"):
            self._lost(file, line, f"{text[:60]!r} is no directive")
        elif not argument:
            self._lost(file, line, f"#{word} names no file")
        elif word in self._follow:
            self._include(word, argument, file, line)
        else:
            self._directives.append(Directive(word, argument, file, line))
            if word == "exec":
                problem = codes.PROGRAM_UNREAD(Span(file, line), program=argument[:80])
                self._problems.append(problem)

    def _include(self, word: str, argument: str, file: str, line: int) -> None:
        place = len(self._directives)
        self._directives.append(Directive(word, argument, file, line))
        names = sorted(self._glob(argument)) if _MAGIC & set(argument) else [argument]
        if (again := set(names) & set(self._open)) and (file, line) not in self._circles:
            self._circles.add((file, line))
            problem = codes.INCLUDES_ITSELF(Span(file, line), file=min(again), deep=DEEPEST - 1)
            self._problems.append(problem)
        before = len(self._files)
        found = None
        if self._level >= DEEPEST:
            self._lost(file, line, f"files are included more than {DEEPEST - 1} deep")
        else:
            found = self._load(names)
        loaded = tuple(self._files[before:])
        self._directives[place] = Directive(word, argument, file, line, loaded)
        if found is None and word == "include":
            raise self._sections.broken(file, line, f"there is no file {argument[:200]!r}")


def _unquoted(argument: str) -> str:
    closing = _CLOSING.get(argument[:1])
    if closing and argument.endswith(closing):
        return argument[1:-1]
    return argument


def resolved(conf: Conf) -> tuple[Section, ...]:
    """Return the sections that modules see: templates have been inherited from, and are gone."""
    return tuple(section for section in conf.sections if not section.is_template)


def parse(text: bytes, file: str) -> Conf:
    """Parse one file by itself; includes are listed and not followed."""
    loading = Loading({file: text}.get, lambda _: (), follow=frozenset())
    return loading.conf(file)


def read(storage_read: Read, glob: Glob, main: str) -> Conf:
    """Read a file and everything that it includes, each file named as its include names it."""
    words = frozenset(("include", "tryinclude"))
    return Loading(storage_read, glob, follow=words).conf(main)
