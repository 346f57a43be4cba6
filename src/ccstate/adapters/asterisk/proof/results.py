"""What came of comparing an import: calls that are the same, that differ, that were not followed."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple


class Door(NamedTuple):
    """Where calls come in: a context, and what is dialled there; `by` is who dials."""

    by: str
    context: str
    exten: str
    carrier: str = ""
    """The trunk by which the call comes in; "" where a phone dials."""
    phone: str = ""
    """The extension that stands for all that dial there."""

    def __str__(self) -> str:
        return f"{self.exten} dialled by {self.by}"


@dataclass(frozen=True, slots=True)
class Difference:
    """What callers meet otherwise, where the dialplan says what was, and who they are."""

    door: Door
    did: tuple[str, ...]
    about: str
    before: str
    after: str
    file: str
    line: int
    at: datetime | None = None
    """A moment at which it is so, where not at all."""


@dataclass(frozen=True, slots=True)
class Unfollowed:
    """Calls that are not compared, and why."""

    door: Door
    did: tuple[str, ...]
    reason: str
    file: str
    line: int
    calls: int = 1
    """How many calls that are, at the least."""


@dataclass(slots=True)
class Proof:
    """What was compared: numbers, and the calls of each to their ends."""

    doors: int = 0
    samples: int = 0
    """Numbers among them that stand for all that a pattern takes."""
    same: int = 0
    differ: int = 0
    differences: list[Difference] = field(default_factory=list)
    unfollowed: list[Unfollowed] = field(default_factory=list)
    """What is not interpreted, and what the bounds of the comparison left out."""

    @property
    def not_followed(self) -> int:
        """Calls that are not compared."""
        return sum(one.calls for one in self.unfollowed)

    @property
    def calls(self) -> int:
        return self.same + self.differ + self.not_followed
