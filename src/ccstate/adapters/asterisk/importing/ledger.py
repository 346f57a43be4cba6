"""The ledger of lines: each one that was read is explained by an object, or listed with a reason.

A line that nothing explains is listed as well, so nothing is lost in silence. A listed line stays
listed, even if an object explains a part of it.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple, TypeAlias

from ccstate.adapters.asterisk.conf import Conf, Option, Section

UNEXPLAINED = "nothing in ccstate says this"
NOTHING = "no effect that a caller or an agent notices"
DEFAULT = "what holds anyway"

Line: TypeAlias = tuple[str, int]
"""File and line."""
_Said: TypeAlias = dict[Line, dict[str, None]]
"""Words about each line, in order. A line of a template has some from every phone."""


class Unexpressed(NamedTuple):
    """A line that objects do not say, or not wholly."""

    file: str
    line: int
    text: str
    reasons: tuple[str, ...]

    @property
    def reason(self) -> str:
        """Join all reasons in one line."""
        return "; ".join(self.reasons)


@dataclass(frozen=True, slots=True)
class _Entry:
    text: str
    needs_word: bool
    """Whether silence about the line is loss: not so for the header of a section with options."""


_CODE = re.compile(r"(?:authenticate|disa)\(|confbridge\(user,\s*\w*pin\)\s*=", re.IGNORECASE)
"""What stands before a code in a dialplan."""
_LOGIN = re.compile(
    r"(\bsips?:[^@:;,()\s]{0,99}:|\b[A-Za-z0-9]{1,20}/[^@:/,()&\s]{1,99}:)[^@,()&\s]{1,199}(?=@)",
    re.IGNORECASE,
)
"""A password in an address: `sip:name:password@host`, `IAX2/name:password@host`."""
_SECRET = re.compile(r"md5_cred|pass(word|wd)?|secret|token|^pin$", re.IGNORECASE)
"""What the name of an option, or of a variable, has in it whose value is not shown."""


class Ledger:
    """All lines of the files read, and what became of each."""

    def __init__(self) -> None:
        self._lines: dict[Line, _Entry] = {}
        self._taken: _Said = {}
        self._listed: _Said = {}
        self._said: list[tuple[_Said, Line]] = []

    def mark(self) -> int:
        """Return the moment to which `back` can return."""
        return len(self._said)

    def back(self, mark: int) -> None:
        """Forget what was said since, because the object that was to say it was not made."""
        while len(self._said) > mark:
            said, place = self._said.pop()
            said[place].popitem()
            if not said[place]:
                del said[place]

    def _say(self, said: _Said, place: Line, word: str) -> None:
        words = said.setdefault(place, {})
        if word not in words:
            words[word] = None
            self._said.append((said, place))

    def read(self, conf: Conf) -> None:
        """Enter the lines of a configuration."""
        for section in conf.sections:
            header = _Entry(f"[{section.name}]", needs_word=not section.written)
            self._lines[section.file, section.line] = header
            for file, line in section.additions:
                self._lines[file, line] = _Entry(f"[{section.name}](+)", needs_word=False)
            for option in section.written:
                for line in (option.line, *option.added):
                    self._lines[option.file, line] = _Entry(written(option), needs_word=True)
        for directive in conf.directives:
            text = f"#{directive.word} {directive.argument}"
            place = (directive.file, directive.line)
            self._lines[place] = _Entry(text, needs_word=directive.word == "exec")
        for problem in conf.problems:
            if problem.span:
                self._lose((problem.span.file, problem.span.line), problem.message)

    def rename(self, mark: int, old: object, new: object) -> None:
        """Replace what explains lines since that moment by another thing."""
        for said, place in self._said[mark:]:
            if said is self._taken and str(old) in said[place]:
                said[place] = {str(new if word == str(old) else word): None for word in said[place]}

    def note(self, place: Line, text: str, reason: str) -> None:
        """List something that is not a line of the files read, such as a file that is not."""
        self._lines.setdefault(place, _Entry(text, needs_word=False))
        self._list(place, reason)

    def lose(self, place: Line, reason: str) -> None:
        """List a line that Asterisk itself passes over."""
        self._lose(place, reason)

    def _lose(self, place: Line, reason: str) -> None:
        self._lines.setdefault(place, _Entry("", needs_word=True))
        self._list(place, f"Asterisk: {reason}")

    def take(self, lines: Iterable[Option], by: object) -> None:
        """Mark lines as explained: by an object, or in words."""
        for option in lines:
            for line in (option.line, *option.added):
                self._say(self._taken, (option.file, line), str(by))

    def take_header(self, section: Section, by: object) -> None:
        self._say(self._taken, (section.file, section.line), str(by))

    def leave(self, option: Option, reason: str) -> None:
        """List a line that is not expressed, with the reason; each reason once."""
        self._list((option.file, option.line), reason)

    def leave_all(self, options: Iterable[Option], reason: str) -> None:
        for option in options:
            self.leave(option, reason)

    def leave_header(self, section: Section, reason: str) -> None:
        self._list((section.file, section.line), reason)

    def _list(self, place: Line, reason: str) -> None:
        self._say(self._listed, place, _LOGIN.sub(r"\1…", reason))

    def is_open(self, option: Option) -> bool:
        """Check whether a line is neither explained nor listed yet."""
        place = (option.file, option.line)
        return place not in self._taken and place not in self._listed

    def taken(self) -> dict[Line, tuple[str, ...]]:
        """Return the lines that are explained wholly, and by what."""
        return {
            place: tuple(sorted(by))
            for place, by in sorted(self._taken.items())
            if place not in self._listed
        }

    def unexpressed(self) -> tuple[Unexpressed, ...]:
        """Return every other line, in order."""
        listed: list[Unexpressed] = []
        for place, entry in sorted(self._lines.items()):
            reasons = self._listed.get(place)
            if not reasons and place not in self._taken and entry.needs_word:
                reasons = {UNEXPLAINED: None}
            if reasons:
                listed.append(Unexpressed(*place, entry.text, tuple(reasons)))
        return tuple(listed)

    def lines(self) -> frozenset[Line]:
        """Return every line that says something by itself."""
        return frozenset(place for place, entry in self._lines.items() if entry.needs_word)


def written(option: Option) -> str:
    """Write an option as people read it, without what must stay secret."""
    arrow = "=>" if option.is_object else "="
    if match := _CODE.search(option.value):
        return f"{option.key} {arrow} {option.value[: match.end()]}…"[:300]
    value = "…" if _SECRET.search(option.key) and option.value else _LOGIN.sub(r"\1…", option.value)
    if option.is_object or option.key.isdigit():
        value = _without_pin(option.key, value)
    return f"{option.key} {arrow} {value}"[:300]


def _without_pin(key: str, value: str) -> str:
    """Write a mailbox line without its PIN: digits first, then the owner's name."""
    pin, comma, rest = value.partition(",")
    if key.isdigit() and pin.strip(" -*").isdigit():
        return f"…{comma}{rest}"
    return value
