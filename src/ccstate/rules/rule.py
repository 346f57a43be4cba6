"""What a rule is, and what it finds."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from typing import NamedTuple, TypeAlias

from ccstate.dialling.emergency_calls import EmergencyCalls
from ccstate.errors import Severity
from ccstate.journeys.centre import Centre, Filled, centre_of
from ccstate.journeys.flow import Flow
from ccstate.journeys.moments import Year
from ccstate.kinds import Path
from ccstate.model import Address, State


@dataclass(frozen=True)
class Estate:
    """What rules judge: a desired state without errors, on one day."""

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
    def emergency_calls(self) -> EmergencyCalls:
        """What becomes of emergency calls from its phones."""
        return EmergencyCalls(self.centre)

    @cached_property
    def year(self) -> Year:
        """Its schedules over the twelve months from the day."""
        return Year(self.centre, self.today)

    def of(self, kind: str) -> Mapping[str, Filled]:
        """Every resource of a kind by its name, with the defaults of the trade filled in."""
        return self.centre.of(kind)


class Found(NamedTuple):
    """One breach of a rule: at which field of which resource, and in words.

    Items of lists are named by their place in the resource's fields, in canonical order.
    """

    address: Address
    path: Path
    message: str
    cause: str = ""
    hint: str = ""


Check: TypeAlias = Callable[[Estate], Iterator[Found]]


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule: its code and name never change meaning; `severity` is that of a new project.

    `summary` says in one line what it finds: begun like a sentence, without the full stop.
    """

    code: str
    name: str
    severity: Severity
    summary: str
    check: Check
