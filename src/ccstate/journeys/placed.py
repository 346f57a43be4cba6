"""Call tests made as real calls: what each met, and where that parts from what was walked."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol, runtime_checkable

from ccstate.journeys.call_tests import Verdict
from ccstate.journeys.flow import Flow
from ccstate.journeys.walk import Journey, Step
from ccstate.journeys.ways import GOOD, Event, Place


class Person(NamedTuple):
    """Who answered: `member` is the name that a queue knows, `extension` the phone; or a number."""

    member: str = ""
    extension: str = ""
    number: str = ""


@dataclass(frozen=True, slots=True)
class Heard:
    """A call that was made: its journey, told like one that was walked, and who answered.

    A call that was given up after `seconds` ends as WAITS. `refused` is the SIP status with which
    it was turned away; "" where it was not. `mark` finds it in Asterisk's log.
    """

    mark: str
    journey: Journey
    seconds: float
    person: Person | None = None
    refused: str = ""


@dataclass(frozen=True, slots=True)
class Agreement:
    """How a call that was made compares with the walk.

    `common`: so many steps are the same, by place, event and key. `walked` and `heard` are the
    steps at which they part, None where there are no more, or where nothing parts.
    """

    common: int
    walked: Step | None
    heard: Step | None
    same_end: bool

    @property
    def agrees(self) -> bool:
        return self.same_end and self.walked is None and self.heard is None


def agreement(walked: Journey, heard: Journey) -> Agreement:
    """Whether a call met what it was said to meet, or else where the two part."""
    pairs = zip(walked.steps, heard.steps, strict=False)
    common = next(
        (number for number, (one, other) in enumerate(pairs) if _met(one) != _met(other)),
        min(len(walked.steps), len(heard.steps)),
    )
    return Agreement(
        common,
        walked.steps[common] if common < len(walked.steps) else None,
        heard.steps[common] if common < len(heard.steps) else None,
        (walked.end, walked.at) == (heard.end, heard.at),
    )


def _met(step: Step) -> tuple[Place, Event, str]:
    return step.place, step.way.event, step.way.key


@dataclass(frozen=True, slots=True)
class CallResult:
    """One call test, walked and made; `heard` is None where there is nothing to call."""

    walked: Verdict
    heard: Heard | None
    agreement: Agreement | None

    @property
    def passed(self) -> bool:
        """Whether the call that was made ended as it should, and where it should."""
        found = self.heard.journey if self.heard else None
        return found is not None and found.end in GOOD and found.at in self.walked.test["expect"]

    @property
    def agrees(self) -> bool:
        """Whether it met, step by step, what the walk says."""
        return self.agreement is not None and self.agreement.agrees


@runtime_checkable
class PlacesCalls(Protocol):
    """What an adapter is that can have real calls made on its platform."""

    def place_calls(
        self, flow: Flow, walked: Sequence[Verdict], told: Callable[[CallResult], None]
    ) -> Sequence[CallResult]:
        """Each test as a real call, in their order; `told` of each as soon as it is over.

        `flow` is that of the state that runs there, on which the tests were walked. Raises Blocked
        where no test calls may be made there.
        """
