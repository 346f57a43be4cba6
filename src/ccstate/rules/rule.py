"""The parts of a rule: what it is, what it judges, how far it looks, and what it finds."""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from enum import Enum, auto
from functools import cached_property
from typing import NamedTuple, TypeAlias

from ccstate.dialling.emergency_calls import EmergencyCalls
from ccstate.errors import Severity
from ccstate.journeys.backwards import joined, sources
from ccstate.journeys.centre import Centre, Filled, centre_of
from ccstate.journeys.flow import Flow
from ccstate.journeys.moments import Year
from ccstate.journeys.ways import Place
from ccstate.kinds import Path
from ccstate.model import Address, Fields, State

LABEL = "label"
"""The field that people read, and of which no call and few rules know."""


@dataclass(frozen=True)
class Estate:
    """A desired state without errors, on one day, for rules to judge."""

    state: State
    today: date

    @cached_property
    def centre(self) -> Centre:
        """The state as callers meet it."""
        return centre_of(self.state)

    @cached_property
    def flow(self) -> Flow:
        """The ways of calls through it."""
        return Flow(self.centre)

    @cached_property
    def called(self) -> Mapping[Place, list[Place]]:
        """The places that calls from outside come to, each with those before it."""
        return sources(self.flow, [Place("number", name) for name in self.of("number")])

    @cached_property
    def emergency_calls(self) -> EmergencyCalls:
        """The emergency calls from its phones, and what becomes of them."""
        return EmergencyCalls(self.centre)

    @cached_property
    def year(self) -> Year:
        """Its schedules over the twelve months from the day."""
        return Year(self.centre, self.today)

    def of(self, kind: str) -> Mapping[str, Filled]:
        """Return every resource of a kind by its name, with the defaults of the trade filled in."""
        return self.centre.of(kind)

    def part(self, addresses: Collection[Address]) -> "Estate":
        """Return the estate with these objects only."""
        state = {a: resource for a, resource in self.state.items() if a in addresses}
        return Estate(state, self.today)


class Reach(Enum):
    """The reach of a rule: what its verdict on one object depends on, and so what to judge again."""

    ESTATE = auto()
    """Any field of any object: right for every rule, and slow for a small change."""
    UNLABELLED = auto()
    """Any field of any object but its `label`."""
    JOINED = auto()
    """The objects that references join to it, as `journeys.backwards.joined` says, without labels."""
    OBJECT = auto()
    """The object alone, with its label."""


class Comparison:
    """An estate before and after a change, and of both the part that each rule has to judge."""

    def __init__(self, before: Estate, after: Estate) -> None:
        self.before, self.after = before, after
        self._parts: dict[Reach, tuple[Estate, Estate] | None] = {}

    @cached_property
    def changed(self) -> frozenset[Address]:
        """The objects that come, go or differ."""
        was, now = self.before.state, self.after.state
        differing = (
            address
            for address, resource in now.items()
            if (old := was.get(address)) is None
            or (old.fields is not resource.fields and old.fields != resource.fields)
        )
        return frozenset(differing) | (was.keys() - now.keys())

    @cached_property
    def relabelled(self) -> frozenset[Address]:
        """The objects of which the label alone differs."""
        was, now = self.before.state, self.after.state
        return frozenset(
            address
            for address in self.changed
            if address in was
            and address in now
            and _unlabelled(was[address].fields) == _unlabelled(now[address].fields)
        )

    def part(self, reach: Reach) -> tuple[Estate, Estate] | None:
        """Return what a rule of this reach has to judge, before and after; None for nothing.

        In the part, the rule finds of what changed exactly what it finds in the whole estate.
        """
        if reach not in self._parts:
            self._parts[reach] = self._part(reach)
        return self._parts[reach]

    def _part(self, reach: Reach) -> tuple[Estate, Estate] | None:
        whole = self.before, self.after
        seen = {Reach.ESTATE, Reach.OBJECT}
        concerned = self.changed if reach in seen else self.changed - self.relabelled
        if not concerned:
            return None
        if reach in {Reach.ESTATE, Reach.UNLABELLED} or self._is_most(concerned):
            return whole
        if reach is Reach.JOINED:
            concerned = frozenset(joined([estate.state for estate in whole], concerned))
            if self._is_most(concerned):
                return whole
        return self.before.part(concerned), self.after.part(concerned)

    def _is_most(self, addresses: Collection[Address]) -> bool:
        """Check whether a part is hardly smaller than the whole, which is worked out already."""
        return 2 * len(addresses) > len(self.after.state)


def _unlabelled(fields: Fields) -> Fields:
    return {name: value for name, value in fields.items() if name != LABEL}


class Breach(NamedTuple):
    """One breach of a rule: at which field of which resource, and in words.

    Items of lists are named by their place in the resource's fields, in canonical order.
    """

    address: Address
    path: Path
    message: str
    cause: str = ""
    hint: str = ""


Check: TypeAlias = Callable[[Estate], Iterator[Breach]]


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule: its code and name never change meaning; `severity` is that of a new project.

    `summary` says in one line what it finds: begun like a sentence, without the full stop. `reach`
    may be narrower than the whole estate where the rule looks at less (`tests/rules/test_narrowed.py`).
    """

    code: str
    name: str
    severity: Severity
    summary: str
    check: Check
    reach: Reach = Reach.ESTATE


MOST_NAMED = 3
"""Names that a message gives before it counts the others."""


def listed(names: list[str], joint: str = "and") -> str:
    """List names as people do: `a, b and c`, or `a, b, c and 4 more`."""
    if len(names) > MOST_NAMED + 1:
        names = [*names[:MOST_NAMED], f"{len(names) - MOST_NAMED} more"]
    *most, last = names
    return f"{', '.join(most)} {joint} {last}" if most else last


def some(names: Iterable[object]) -> str:
    """List some names: `a, b, c`, or `a, b, c and 4 more`."""
    texts = [str(name) for name in names]
    shown = ", ".join(texts[:MOST_NAMED])
    more = len(texts) - MOST_NAMED
    return f"{shown} and {more} more" if more > 0 else shown
