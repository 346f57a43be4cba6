"""The form of what commands print about calls: simulated, tested, made."""

from dataclasses import dataclass
from typing import Annotated

from pydantic import Field

from ccstate.report_format.objects import Whole


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One step of a call."""

    at_second: Whole
    """Seconds since the call came in."""
    place: str
    """Where the call is."""
    label: str
    """Label of that place."""
    heard: str
    """What the caller hears there."""
    event: str
    """What leads on."""
    schedule: str
    """Schedule that decides; may be empty."""
    keys: str
    """Keys that are pressed; may be empty."""
    seconds: Whole
    """How long it takes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Walked:
    """A call from the number to its end."""

    end: str
    """human, message, hangup, cut off, waits without end, or goes round without end."""
    where: str
    """With whom or what; may be empty."""
    seconds: Whole
    """How long it took."""
    steps: list[Step]
    """Every step."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WalkedOn:
    """The same call, where no one answers."""

    from_step: Whole
    """Step from which it is another."""
    end: str
    """human, message, hangup, cut off, waits without end, or goes round without end."""
    where: str
    """With whom or what; may be empty."""
    seconds: Whole
    """How long it took."""
    steps: list[Step]
    """Every step."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Hours:
    """What a schedule says at the moment of a call."""

    phase: str
    """open, closed, or another phase of the schedule."""
    occasion: str
    """Holiday or exception that is the reason; may be empty."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outside:
    """What the called party is shown of a call to an outside number, by one trunk."""

    number: str
    """Number that is called: as it is dialled, or in international form."""
    trunk: str
    """Trunk by which the call leaves; trunks are listed in the order in which they are tried."""
    shown_number: str
    """Number that is shown; `withheld` where none is, empty where `--from` did not say who calls."""
    shown_name: str
    """Name that is shown; empty where none is, and for outside callers, whose own name is shown."""
    source: str
    """Field that says the number, such as trunk.caller_id; `caller` where the caller brings it along."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Simulated:
    """One call, as `ccstate simulate` reports it."""

    to: str
    """Number or object that is called."""
    label: str
    """Label of the object."""
    from_: Annotated[str | None, Field(alias="from")]
    """Number that calls; null where none was given."""
    at: str
    """Moment of the call, ISO 8601, in the number's timezone."""
    timezone: str
    """That timezone."""
    occasions: list[str]
    """Holidays and exceptions of that day."""
    hours: dict[str, Hours]
    """What each schedule says."""
    switches: dict[str, str]
    """Position of each switch that could decide anything about the call."""
    keys: list[str]
    """Keys that were given, an entry for each question."""
    keys_left: list[str]
    """Keys that no place asked for."""
    asked_in_vain: list[str]
    """Places that asked for keys when none were left."""
    ends_well: bool
    """Whether a caller ends with a human, a message, or a hangup that is declared."""
    outside: list[Outside]
    """What is shown to the outside parties that the call may ring."""
    call: Walked
    """The call, where every agent who is there answers."""
    if_nobody_answers: WalkedOn | None
    """The same where no one answers; null where that makes no difference."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """One moment of a year."""

    at: str
    """ISO 8601."""
    occasions: list[str]
    """Holidays and exceptions of that day."""
    switches: list[str]
    """Switches that are not in their default position: `night on`."""
    caller: str
    """Number in a caller list, or `withheld`; empty for every other caller."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Situation:
    """Moments at which schedules, switches and caller lists say the same."""

    hours: dict[str, str]
    """Phase of each schedule, position of each switch, `switch/night`, and the first of some caller lists,
    `callers/vip,blocked`, that holds the caller; empty where none does."""
    moments: list[Moment]
    """Moments that stand for all such."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Way:
    """The way of one caller, and the end of the call."""

    keys: list[str]
    """Keys, an entry for each question."""
    waits: list[str]
    """What comes of rings and waits where no one answers."""
    end: str
    """How it ends."""
    where: str
    """With whom or what; may be empty."""
    seconds: Whole
    """How long it took."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """Situations in which the same calls are possible."""

    situations: list[Situation]
    """The situations."""
    is_complete: bool
    """False where there are more calls than were walked."""
    journeys: list[Way]
    """Every call."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Called:
    """Every call to one number."""

    to: str
    """The number or object."""
    label: str
    """Label of the object."""
    timezone: str
    """Its timezone."""
    ends_badly: bool
    """Whether a caller can be lost."""
    rounds: list[list[str]]
    """Places among which a call can go round for ever."""
    blocks: list[Block]
    """All of its calls."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Silent:
    """The longest call in which a caller does nothing."""

    to: str
    """The number."""
    at: str
    """Moment, ISO 8601."""
    seconds: Whole
    """How long it takes."""
    end: str
    """How it ends."""
    where: str
    """With whom or what; may be empty."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Unfollowed:
    """A place where callers are lost in calls that were not walked."""

    to: str
    """What they call."""
    at: str
    """The place."""
    end: str
    """How the call ends there."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Enumerated:
    """Every call of twelve months, as `ccstate simulate --all` reports them."""

    first_day: str
    """First of the days."""
    days: Whole
    """How many days."""
    called: Whole
    """Numbers that were called."""
    situations: Whole
    """Situations in which."""
    journeys: Whole
    """Calls that were walked."""
    ends: dict[str, Whole]
    """How many of them ended how."""
    bad: Whole
    """How many lose a caller."""
    every_call_ends: bool
    """Whether none waits or goes round for ever."""
    incomplete: list[str]
    """Numbers with more calls than were walked."""
    unfollowed: list[Unfollowed]
    """Where callers are lost in calls that were not walked."""
    longest_silent_call: Silent | None
    """The longest call of a caller who does nothing."""
    numbers: list[Called]
    """Number by number."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tested:
    """One call test."""

    name: str
    """Its name."""
    passed: bool
    """Whether the call ends as promised."""
    to: str
    """Number that is called."""
    at: str | None
    """Moment, ISO 8601; null where there is no such number or moment."""
    keys: list[str]
    """Keys that are pressed."""
    expect: list[str]
    """Where it may end."""
    end: str | None
    """How it ends; null where there is no such number or moment."""
    reached: str | None
    """With whom or what."""
    seconds: Whole | None
    """How long it takes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Missing:
    """An end that no test covers."""

    number: str
    """Number that is called."""
    at: str
    """Where the call ends."""
    keys: list[str]
    """Keys that lead there."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Coverage:
    """How many ends of calls the tests cover."""

    numbers: Whole
    """Numbers."""
    ends: Whole
    """Ends of their calls."""
    covered: Whole
    """Ends that a test covers."""
    missing: list[Missing]
    """Those that none does."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TestsRun:
    """The report of `ccstate test`."""

    passed: Whole
    """Tests that passed."""
    failed: Whole
    """Tests that failed."""
    tests: list[Tested]
    """Every test."""
    coverage: Coverage
    """What they cover."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PlacedStep:
    """One step of a call that was made."""

    place: str
    """Where the call was."""
    event: str
    """What led on."""
    keys: str
    """Keys that were pressed; may be empty."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PlacedWay:
    """The way of a call."""

    end: str
    """How it ended."""
    reached: str
    """With whom or what; may be empty."""
    steps: list[PlacedStep]
    """Every step."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Placed:
    """One call that was made."""

    name: str
    """Name of the call test."""
    passed: bool
    """Whether it ended as promised."""
    agrees: bool
    """Whether it went as the model of calls says."""
    to: str
    """Number that was called."""
    at: str | None
    """Moment that was tested, ISO 8601."""
    expect: list[str]
    """Where it may end."""
    model: PlacedWay | None
    """The way by the model."""
    call: PlacedWay | None
    """The way that was seen; null where no call came about."""
    seconds: Annotated[float, Field(ge=0)] | None
    """How long it took."""
    answered_by: dict[str, str] | None
    """Who answered, by what the platform tells of them."""
    refused: str | None
    """Why no call came about; may be empty."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CallsPlaced:
    """The report of `ccstate test --live TARGET`."""

    passed: Whole
    """Calls that ended as promised."""
    agree: Whole
    """Calls that went as the model says."""
    tests: list[Placed]
    """Every call."""
