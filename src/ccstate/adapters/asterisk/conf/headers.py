"""`[name](templates)`: the sections that were begun, and what new ones take from them."""

from ccstate.adapters.asterisk.conf.lines import BLANKS, LINE_LOST, REST_LOST, problem
from ccstate.adapters.asterisk.conf.sections import Building, satisfies
from ccstate.errors import Diagnostic, Severity, Span

LONGEST_NAME = 79
MOST_INHERITED = 4_000_000
"""Options that templates may give to all sections together; they can double line by line."""


class Broken(Exception):
    """The rest of this file is lost; the problem has been told."""


class Sections:
    """All sections of a configuration, in order, and the one that was begun last."""

    def __init__(self, problems: list[Diagnostic]) -> None:
        self.all: list[Building] = []
        self.current: Building | None = None
        self._named: dict[str, list[Building]] = {}
        self._inherited = 0
        self._problems = problems

    def broken(self, file: str, line: int, why: str) -> Broken:
        """Tells that the rest of the file is lost, and gives what is to be raised."""
        message = f"the file ends here for Asterisk: {why}"
        cause = "Asterisk drops this line and everything below it in this file."
        hint = "mend the line, then reload"
        self._problems.append(problem(REST_LOST, file, line, message, cause, hint=hint))
        return Broken()

    def header(self, text: str, file: str, line: int) -> Building:
        """The section that a header begins, or goes on with."""
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
            self._passed_over(text[end + 1 :].strip(BLANKS), file, line)
        if section is new:
            self.all.append(new)
            self._named.setdefault(new.name.lower(), []).append(new)
        self.current = section
        return section

    def _passed_over(self, rest: str, file: str, line: int) -> None:
        message = f"{rest[:60]!r} behind the name of a section is passed over"
        cause = "Asterisk takes templates only from ( right behind ]."
        told = Diagnostic("CC445", message, Span(file, line), cause, severity=Severity.WARNING)
        self._problems.append(told)

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
                message = f"{condition[:60]!r} is no condition that ccstate can judge"
                self._problems.append(problem(LINE_LOST, *place, message))
                return None
            wanted.append((key, value))
        return next((s for s in candidates if satisfies(s, wanted)), None)


def _shortened(name: str) -> str:
    """The name as a `char[80]` holds it."""
    if len(name) <= LONGEST_NAME and name.isascii():
        return name
    return name.encode(errors="replace")[:LONGEST_NAME].decode(errors="ignore")


def _literal(text: str) -> bool:
    return all(char.isalnum() or char in "_-/ " for char in text)
