"""Schedules as subroutines that return `open`, `closed` or `holiday`.

GotoIfTime knows no years, and holidays have them; so the day and the time of the schedule's
timezone are compared as numbers. On a test site a call may bring the moment that counts.
"""

from collections.abc import Iterable
from itertools import groupby

from ccstate.adapters.asterisk.compile.places import shortened
from ccstate.adapters.asterisk.entries import Compiled, Context, Step
from ccstate.journeys.centre import Filled
from ccstate.journeys.hours import Calendar, Phase, Spell
from ccstate.kinds.fields import Name
from ccstate.model import Address

CLOCK = "${EPOCH}"
TEST_CLOCK = '${IF($["${CC_AT}" = ""]?${EPOCH}:${CC_AT})}'
WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
"""As strftime writes them in the C locale, in which Asterisk runs."""


def subroutine(schedule: Name) -> str:
    """The context that decides for a schedule."""
    return shortened(f"schedule/{schedule}")


def decide(schedule: Name, field: str) -> list[Step]:
    """Steps after which the call is at the extension `open`, `closed` or `holiday`."""
    return [
        Step("Gosub", f"{subroutine(schedule)},s,1", field),
        Step("Goto", "${GOSUB_RETVAL},1", field),
    ]


def compile_schedule(compiled: Compiled, name: str, schedule: Filled, clock: str) -> None:
    """The subroutine of one schedule."""
    context = Context(compiled, subroutine(name), Address("schedule", name))
    zone = schedule["timezone"]
    context.note(f"{schedule.get('label') or name}, {zone}")
    calendar = Calendar(schedule)
    context.add(
        "s",
        [
            Step("Set", f"LOCAL(at)={clock}"),
            Step("Set", f"LOCAL(time)=${{STRFTIME(${{at}},{zone},%H%M)}}", "timezone"),
            Step("Goto", f"${{STRFTIME(${{at}},{zone},%Y%m%d)}},1", "timezone"),
        ],
    )
    ordinary = calendar.ordinary()
    for day, spells in calendar.special().items():
        if _phases(spells) != _phases(ordinary[day.weekday()]):
            context.add(f"{day:%Y%m%d}", _through(spells, "exceptions"))
    context.add("_XXXXXXXX", [Step("Goto", f"${{STRFTIME(${{at}},{zone},%a)}},1", "timezone")])
    for weekday, spells in zip(WEEKDAYS, ordinary, strict=True):
        context.add(weekday, _through(spells, "weekly"))
    for phase in Phase:
        context.add(phase, [Step("Return", phase)])


def _through(spells: Iterable[Spell], field: str) -> list[Step]:
    """From the last spell of a day to its first, the one that has begun decides."""
    *later, (_, first) = reversed(_phases(spells))
    steps = [
        Step("GotoIf", f"$[${{time}} >= {_clock(minute)}]?{phase},1", field)
        for minute, phase in later
    ]
    return [*steps, Step("Goto", f"{first},1", field)]


def _phases(spells: Iterable[Spell]) -> list[tuple[int, Phase]]:
    """The minutes of a day at which another phase begins, and which."""
    changes = groupby(spells, key=lambda spell: spell.hours.phase)
    return [(next(found).minute, phase) for phase, found in changes]


def _clock(minute: int) -> str:
    return f"{minute // 60}{minute % 60:02d}".lstrip("0") or "0"
