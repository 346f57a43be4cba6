"""A call on its way through the dialplan: where it is, what it carries, what it has run through."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import NamedTuple

from ccstate.adapters.asterisk.conf import Option
from ccstate.adapters.asterisk.conf.dialplan import Dialplan
from ccstate.adapters.asterisk.importing.outcomes import CALLER, Trail

_VARIABLE = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_()]*)(?::(-?[0-9]{1,4})(?::([0-9]{1,4}))?)?\}")
LONGEST_VALUE = 8_192
DEEPEST_VARIABLE = 5


class At(NamedTuple):
    """Where a call is: the context it is in, what was dialled, and which step comes next."""

    context: str
    exten: str
    priority: int = 1


@dataclass(frozen=True, slots=True)
class Call:
    at: At
    variables: Mapping[str, str] = field(default_factory=dict)
    trail: Trail = field(default_factory=Trail)
    seen: frozenset[At] = frozenset()

    def ran(self, *lines: Option, note: str = "") -> "Call":
        """The call after these lines; the note is about the first."""
        notes = ((lines[0], note),) if note else ()
        return replace(self, trail=self.trail + Trail(lines, notes))

    def onwards(self) -> "Call":
        return replace(self, at=self.at._replace(priority=self.at.priority + 1))

    def afresh(self) -> "Call":
        """The same call with nothing on its trail, for what happens later."""
        return replace(self, trail=Trail())


class Variables:
    """Fills variables into what a step says."""

    def __init__(self, plan: Dialplan) -> None:
        self._globals = plan.globals
        self._written = {option.key: option for option in plan.variables}

    def filled(self, text: str, call: Call) -> tuple[str, list[Option]]:
        """The text with the variables that are known, and the lines that gave them."""
        used: list[Option] = []

        def value(match: re.Match[str]) -> str:
            whole = self._value(match[1], call, used)
            if whole is None:
                return match[0]
            cut = whole[int(match[2] or 0) :]
            return cut[: int(match[3])] if match[3] else cut

        for _ in range(DEEPEST_VARIABLE):
            filled = _VARIABLE.sub(value, text)[:LONGEST_VALUE]
            if filled == text:
                break
            text = filled
        return text, used

    def _value(self, name: str, call: Call, used: list[Option]) -> str | None:
        if name in call.variables:
            return call.variables[name]
        known = {
            "EXTEN": call.at.exten,
            "CONTEXT": call.at.context,
            "CALLERID(num)": CALLER,
            "CALLERID(number)": CALLER,
        }
        if name in known:
            return known[name]
        if name in self._globals and name in self._written:
            used.append(self._written[name])
            return self._globals[name]
        return None


def shorn(text: str) -> str:
    """A text to be shown, without the marks of open places."""
    return "".join(char if char.isprintable() else "…" for char in text)[:80]
