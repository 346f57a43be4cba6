"""What a configuration file holds: sections, options, directives, each with its place."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import NamedTuple

from ccstate.adapters.asterisk.conf.lines import BLANKS
from ccstate.errors import Diagnostic


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
        """The value of the last option of that name, whichever way it is capitalised."""
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
        """Takes the options of an older section; those of its own are told apart from now on."""
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
