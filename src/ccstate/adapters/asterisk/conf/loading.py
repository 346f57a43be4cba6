"""Loads files into sections, step by step as Asterisk's `struct ast_config` is filled."""

from collections.abc import Callable, Iterable
from typing import TypeAlias

from ccstate.adapters.asterisk.conf.headers import Broken, Sections
from ccstate.adapters.asterisk.conf.lines import BLANKS, LINE_LOST, Lines, problem, statements
from ccstate.adapters.asterisk.conf.sections import Building, Conf, Directive, Option
from ccstate.errors import Diagnostic

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
        self._sections = Sections(self._problems)
        self._level = 0
        self._open: list[str] = []
        self._circles: set[tuple[str, int]] = set()
        self._files: list[str] = []
        self._bytes = 0
        self._directives: list[Directive] = []

    def conf(self, main: str) -> Conf:
        fine = self._load([main])
        if fine is None and not self._problems:
            self._problems.append(problem("CC440", main, 0, f"there is no file {main}"))
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
            message = f"{name} is not read: the configuration is larger than ccstate reads"
            self._problems.append(problem("CC446", name, 0, message))
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
            message = f"more than {MOST_ADDITIONS} lines add with +=; this one is not followed"
            self._problems.append(problem("CC446", file, line, message))
        elif not section.add(key, value, file, line):
            section.take(Option(key, value.strip(BLANKS), file, line))
        return int(adds and additions > 0)

    def _lost(self, file: str, line: int, why: str) -> None:
        cause = "Asterisk drops this line and goes on."
        self._problems.append(problem(LINE_LOST, file, line, why, cause))

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
                message = f"what {argument[:80]!r} prints is not read"
                cause = "Asterisk may run this program and load its output; ccstate runs nothing."
                self._problems.append(problem("CC442", file, line, message, cause))

    def _include(self, word: str, argument: str, file: str, line: int) -> None:
        place = len(self._directives)
        self._directives.append(Directive(word, argument, file, line))
        names = sorted(self._glob(argument)) if _MAGIC & set(argument) else [argument]
        if (again := set(names) & set(self._open)) and (file, line) not in self._circles:
            self._circles.add((file, line))
            message = f"{min(again)} includes itself"
            cause = f"Asterisk reads it again and again, {DEEPEST - 1} deep."
            self._problems.append(problem("CC446", file, line, message, cause))
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
