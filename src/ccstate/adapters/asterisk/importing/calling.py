"""A call on its way through the dialplan: where it is, what it carries, what it has run through."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import NamedTuple

from ccstate.adapters.asterisk.conf import Option
from ccstate.adapters.asterisk.importing.outcomes import Recorded, Trail

ARGUMENTS = 9
"""Arguments of a subroutine that hide those of its caller, at least."""


class At(NamedTuple):
    """Where a call is: the context it is in, what was dialled, and which step comes next."""

    context: str
    exten: str
    priority: int = 1
    closed: frozenset[tuple[str, int]] = frozenset()
    """File and line of each timed include that does not count for this call."""

    def to(self, context: str, exten: str, priority: int = 1) -> "At":
        """Another place, at the same hours."""
        return At(context, exten, priority, self.closed)


class Frame(NamedTuple):
    """A subroutine that is being run: where it returns to, and the variables that it hides."""

    back: At
    hidden: tuple[tuple[str, str | None], ...]
    macro: str = ""
    """The context of a macro, which returns where its steps end; "" for Gosub()."""


@dataclass(frozen=True, slots=True)
class Call:
    at: At
    variables: Mapping[str, str] = field(default_factory=dict)
    """Values by name; `GLOBAL(…)` and `DB(…)` hold what was assumed about the server."""
    frames: tuple[Frame, ...] = ()
    trail: Trail = field(default_factory=Trail)
    seen: frozenset[tuple[At, int, int]] = frozenset()
    recorded: Recorded | None = None
    """The step that records the call now."""

    def ran(self, *lines: Option, note: str = "") -> "Call":
        """The call after these lines; the note is about the first."""
        notes = ((lines[0], note),) if note else ()
        return replace(self, trail=self.trail + Trail(lines, notes))

    def onwards(self) -> "Call":
        return replace(self, at=self.at._replace(priority=self.at.priority + 1))

    def afresh(self) -> "Call":
        """The same call with nothing on its trail, for what happens later."""
        return replace(self, trail=Trail())

    def having(self, **variables: str) -> "Call":
        return replace(self, variables={**self.variables, **variables})

    def assuming(self, name: str, value: str) -> "Call":
        return replace(self, variables={**self.variables, name: value})

    def entered(self, target: At, arguments: list[str], macro: str = "") -> "Call":
        """The call in a subroutine, with `ARG1` and so on."""
        given = {f"ARG{n}": value for n, value in enumerate(arguments, 1)}
        names = dict.fromkeys([*given, *(f"ARG{n}" for n in range(1, ARGUMENTS + 1))])
        hidden = tuple((name, self.variables.get(name)) for name in names)
        frame = Frame(self.onwards().at, hidden, macro)
        variables = {**self.variables, **dict.fromkeys(names, ""), **given}
        return replace(self, at=target, variables=variables, frames=(*self.frames, frame))

    def local(self, name: str, value: str) -> "Call":
        """The call with a variable that ends with the subroutine."""
        variables = {**self.variables, name: value}
        if not self.frames:
            return replace(self, variables=variables)
        *outer, frame = self.frames
        if all(name != known for known, _ in frame.hidden):
            hidden = (*frame.hidden, (name, self.variables.get(name)))
            frame = frame._replace(hidden=hidden)
        return replace(self, variables=variables, frames=(*outer, frame))

    def returned(self) -> "Call":
        """The call behind the step that called the subroutine."""
        *outer, frame = self.frames
        return replace(self.left(), at=frame.back, frames=tuple(outer))

    def left(self) -> "Call":
        """The call without its innermost subroutine, where it is."""
        *outer, frame = self.frames
        variables = dict(self.variables)
        for name, value in frame.hidden:
            variables.pop(name, None)
            if value is not None:
                variables[name] = value
        return replace(self, variables=variables, frames=tuple(outer))


def shorn(text: str) -> str:
    """A text to be shown, without the marks of open places."""
    return "".join(char if char.isprintable() else "…" for char in text)[:80]
