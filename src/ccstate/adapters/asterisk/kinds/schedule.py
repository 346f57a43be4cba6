"""Schedules as subroutines that return `open`, `closed` or `holiday`.

The day and the time of the schedule's timezone are compared as numbers (calendar.py). A calendar is
written once, however many schedules name it.

A schedule asks what begins today, at the time that it is; where that is not open, what began
yesterday, 24 hours later: 02:00 is 26:00 of the day before. On a test site a call may bring the
moment that counts.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import chain

from ccstate.adapters.asterisk.entries import Context, Step
from ccstate.adapters.asterisk.kind import COMMENT, NO_REASONS, Kind, Unit, in_contexts
from ccstate.adapters.asterisk.kinds.calendar import (
    ALL,
    ANY_DAY,
    PART,
    calendar_context,
    clock_number,
    day_conditions,
    day_of,
    decoded_days,
    fields_of,
    goto_on_days,
    parts_of_days,
    time_of,
    with_texts,
)
from ccstate.adapters.asterisk.places import POSITION, name_after, shortened
from ccstate.adapters.asterisk.rows import UNCLEAR, Decoded
from ccstate.adapters.asterisk.sections import Sections, Steps
from ccstate.adapters.asterisk.templates import Template
from ccstate.journeys.centre import Centre, Filled
from ccstate.journeys.hours import (
    DAY,
    WEEKDAYS,
    Entries,
    Phase,
    Position,
    spans_of,
)
from ccstate.kinds.fields import Name
from ccstate.model import Json

CLOCK = "${EPOCH}"
TEST_CLOCK = '${IF($["${CC_AT}" = ""]?${EPOCH}:${CC_AT})}'
SHUT = "shut"
"""Closed all day: what began the day before does not count."""


ZONE = Template("Set", "LOCAL(time)=${STRFTIME(${at},<zone>,%H%M)}")
ASKS = Template("Gosub", "calendar/<calendar>,s,1(${ARG1},${ARG3})")
DECIDED = Template("Gosub", "schedule/<schedule>,s,1", schedule=name_after("schedule/"))


def subroutine(schedule: Name) -> str:
    """The context that decides for a schedule."""
    return shortened(f"schedule/{schedule}")


def decide(schedule: Name, field: str) -> list[Step]:
    """Steps after which the call is at the extension `open`, `closed` or `holiday`."""
    return [
        DECIDED.step(field, schedule=schedule),
        Step("Goto", "${GOSUB_RETVAL},1", field),
    ]


def decided(steps: Steps) -> Json:
    """The schedule by which steps decide; None where they do not."""
    return DECIDED.values(steps)["schedule"]


def compile_schedule(unit: Unit) -> None:
    """The subroutine of one schedule, and those of its own holidays and closings."""
    schedule, name = unit.fields, unit.name
    context = unit.context(subroutine(name))
    zone, clock = schedule["timezone"], TEST_CLOCK if unit.setting.is_test_site else CLOCK
    context.note(f"{unit.label}, {zone}")
    closings = shortened(f"closings/{name}")
    exceptions = schedule.get("exceptions") or ()
    entries = [{**e, "hours": e["closed"], "name": ""} for e in exceptions if e.get("closed")]
    runs_over = any(end > DAY for _, end in _all_spans(schedule))
    if not entries:
        closings = ""
    late = list(_asked_yesterday(zone, closings)) if runs_over else []
    context.add("s", [*_closed_by(schedule), *_asked(zone, clock, late, closings)])
    context.add("day", [Step("Goto", "${ARG1},1", "exceptions")])
    _days(context, schedule, list(_sources(unit.flow.centre, name, schedule)))
    for word in (*Phase, PART, SHUT):
        context.add(word, [Step("Return", word)])
    if closings:
        parts_of_days(unit.context(closings), entries, "exceptions")
    if holidays := schedule.get("holidays"):
        parts_of_days(unit.context(_holidays(name)), holidays, "holidays")


def _closed_by(schedule: Filled) -> list[Step]:
    """The switch that closes a schedule is asked first."""
    if not (switch := schedule.get("closed_by")):
        return []
    is_on = f'$["${{GOSUB_RETVAL}}" = "{Position.ON}"]?{Phase.CLOSED},1'
    return [POSITION.step("closed_by", switch=switch), Step("GotoIf", is_on, "closed_by")]


def _holidays(schedule: str) -> str:
    return shortened(f"holidays/{schedule}")


def _all_spans(schedule: Filled) -> Iterator[tuple[int, int]]:
    weeks = (schedule, *(schedule.get("seasons") or ()))
    for week in weeks:
        yield from chain.from_iterable(map(spans_of, week["weekly"].values()))
    for exception in schedule.get("exceptions") or ():
        yield from spans_of(exception.get("hours") or ())


def _asked(zone: str, clock: str, late: Sequence[Step], closings: str) -> Iterator[Step]:
    """What begins today, what began yesterday, and what is closed for a time."""
    yield Step("Set", f"LOCAL(at)={clock}")
    yield ZONE.step("timezone", zone=zone)
    yield Step("Set", f"LOCAL(day)=${{STRFTIME(${{at}},{zone},%Y%m%d)}}", "timezone")
    yield Step("Gosub", f"day,1(${{day}},${{STRFTIME(${{at}},{zone},%a)}},${{time}})", "timezone")
    yield Step("Set", "LOCAL(said)=${GOSUB_RETVAL}")
    yield Step("GotoIf", f'$["${{said}}" = "{PART}"]?holiday,1', "holidays")
    yield Step("GotoIf", f'$["${{said}}" = "{SHUT}"]?closed,1', "exceptions")
    if late:
        yield Step("GotoIf", f'$["${{said}}" = "open"]?{"said" if closings else "open,1"}', "")
        yield from late
        yield Step("Set", "LOCAL(said)=open")
    if closings:
        yield Step("GotoIf", '$["${said}" != "open"]?${said},1', "", "said")
        yield Step("Gosub", f"{closings},s,1(${{day}},${{time}})", "exceptions")
        yield Step("GotoIf", f'$["${{GOSUB_RETVAL}}" = "{PART}"]?closed,1', "exceptions")
    yield Step("Goto", "${said},1")


def _asked_yesterday(zone: str, closings: str) -> Iterator[Step]:
    # By way of noon: where clocks change, 24 hours ago may be the day before yesterday.
    hours = f"${{STRFTIME(${{at}},{zone},%H)}}"
    yield Step("Set", f"LOCAL(noon)=$[${{at}} - {hours} * 3600 - 43200]", "timezone")
    yield Step("Set", f"LOCAL(before)=${{STRFTIME(${{noon}},{zone},%Y%m%d)}}", "timezone")
    yield Step("Set", "LOCAL(late)=$[${time} + 2400]")
    yield Step(
        "Gosub", f"day,1(${{before}},${{STRFTIME(${{noon}},{zone},%a)}},${{late}})", "timezone"
    )
    yield Step("GotoIf", '$["${GOSUB_RETVAL}" != "open"]?${said},1', "weekly")
    if closings:
        yield Step("Gosub", f"{closings},s,1(${{before}},${{late}})", "exceptions")
        yield Step("GotoIf", f'$["${{GOSUB_RETVAL}}" = "{PART}"]?${{said}},1', "exceptions")


def _sources(centre: Centre, name: str, schedule: Filled) -> Iterator[tuple[str, str]]:
    """The contexts that know the holidays of a schedule, each with the field that names it."""
    if schedule.get("holidays"):
        yield _holidays(name), "holidays"
    for calendar in schedule.get("calendars") or ():
        if calendar in centre.of("calendar"):
            yield calendar_context(calendar), "calendars"


def _days(context: Context, schedule: Filled, sources: Sequence[tuple[str, str]]) -> None:
    """What begins on a day: ARG1, as 20261225; its weekday is ARG2, the time ARG3, up to 4759."""
    exceptions = Entries(e for e in schedule.get("exceptions") or () if e.get("hours") is not None)
    seasons = Entries(schedule.get("seasons") or ())
    steps: list[Step] = []
    for day, (exception, *_) in sorted(exceptions.dates.items()):
        context.add(day.replace("-", ""), _through(exception["hours"], "exceptions", SHUT))
    for number, exception in enumerate(exceptions.without_dates(), 1):
        steps += goto_on_days(exception, "exceptions", f"special{number},1")
        context.add(f"special{number}", _through(exception["hours"], "exceptions", SHUT))
    for source, field in sources:
        steps += [
            Step("Gosub", f"{source},s,1(${{ARG1}},${{ARG3}})", field),
            Step("GotoIf", f'$["${{GOSUB_RETVAL}}" = "{ALL}"]?holiday,1', field),
            Step("Set", "LOCAL(told)=${told}${GOSUB_RETVAL}", field),
        ]
    if sources:
        steps.append(Step("GotoIf", f'$["${{told}}" =~ "{PART}"]?{PART},1', "holidays"))
    dated = chain.from_iterable(seasons.dates.values())
    for number, season in enumerate((*dated, *seasons.without_dates()), 1):
        steps += goto_on_days(season, "seasons", f"season{number}${{ARG2}},1")
        _week(context, season["weekly"], "seasons", f"season{number}")
    context.add(ANY_DAY, [*steps, Step("Goto", "${ARG2},1", "weekly")])
    _week(context, schedule["weekly"], "weekly", "")


def _week(context: Context, weekly: Filled, field: str, prefix: str) -> None:
    # Capitals: as strftime writes them in the C locale, in which Asterisk runs.
    for weekday in WEEKDAYS:
        context.add(
            f"{prefix}{weekday.capitalize()}",
            _through(weekly.get(weekday) or (), field, Phase.CLOSED),
        )


def _through(texts: Iterable[str], field: str, otherwise: str) -> list[Step]:
    """From the last edge of the spans to the first, the one that has passed decides."""
    edges: dict[int, str] = {}
    reached = -1
    for start, end in sorted(spans_of(texts)):
        if start > reached:
            edges[start] = Phase.OPEN
        else:
            edges.pop(reached, None)
        reached = max(reached, end)
        edges[reached] = Phase.CLOSED
    if not edges:
        return [Step("Goto", f"{otherwise},1", field)]
    first = edges.pop(0, Phase.CLOSED)
    steps = [
        Step("GotoIf", f"$[${{ARG3}} >= {clock_number(minute)}]?{phase},1", field)
        for minute, phase in sorted(edges.items(), reverse=True)
    ]
    return [*steps, Step("Goto", f"{first},1", field)]


def decode_schedule(sections: Sections, name: str) -> Decoded:
    """The fields that the subroutine of a schedule, its holidays and its closings say."""
    recorded = sections.centre.of("schedule").get(name, {})
    steps = sections.context(subroutine(name))
    asks = steps.get(ANY_DAY, ())
    calendars = [found["calendar"] for step in asks if (found := ASKS.read(step))]
    holidays = decoded_days(sections, _holidays(name), "hours")
    zone = ZONE.find(steps.get("s", ())).get("zone")
    days: Decoded = {
        ("weekly", day): spans or None for day, spans in _decoded_week(steps, "").items()
    }
    return {
        ("timezone",): UNCLEAR if zone is None else zone,
        ("weekly",): {},
        **days,
        ("closed_by",): POSITION.find(steps.get("s", ())).get("switch"),
        ("seasons",): _decoded_seasons(steps) or None,
        ("calendars",): [*sorted(calendars)] or None,
        ("holidays",): with_texts(holidays, recorded.get("holidays") or (), "name") or None,
        ("exceptions",): _decoded_exceptions(sections, name, recorded) or None,
    }


def _decoded_exceptions(sections: Sections, name: str, recorded: Filled) -> list[Json]:
    steps = sections.context(subroutine(name))
    found: dict[tuple[str, ...], dict[str, Json]] = {}
    for extension, through in steps.items():
        if len(extension) == len("20261224") and extension.isdecimal():
            found["date", day_of(extension, is_dated=True)] = {"hours": _spans(through)}
    for condition in day_conditions(steps.get(ANY_DAY, ())):
        if condition.target.startswith("special"):
            found[condition.days] = {"hours": _spans(steps.get(condition.target, ()))}
    for entry in decoded_days(sections, shortened(f"closings/{name}"), "closed"):
        key = tuple(
            text for pair in entry.items() if pair[0] != "closed" for text in map(str, pair)
        )
        found.setdefault(key, {})["closed"] = entry["closed"]
    entries = [{**fields_of(days), **fields} for days, fields in found.items()]
    return with_texts(entries, recorded.get("exceptions") or (), "reason")


def _decoded_seasons(steps: Mapping[str, Steps]) -> list[Json]:
    found: list[Json] = []
    for condition in day_conditions(steps.get(ANY_DAY, ())):
        if condition.target.startswith("season"):
            week = _decoded_week(steps, condition.target.removesuffix("${ARG2}"))
            days = fields_of(condition.days)
            # A season has a last day, even where it is the first one.
            until = days.get("until") or days.get("date") or days["every"]
            open_days: dict[str, Json] = {day: spans for day, spans in week.items() if spans}
            found.append({**days, "until": until, "weekly": open_days})
    return found


def _decoded_week(steps: Mapping[str, Steps], prefix: str) -> dict[str, list[Json]]:
    return {day: _spans(steps.get(f"{prefix}{day.capitalize()}", ())) for day in WEEKDAYS}


_EDGE = re.compile(r"GotoIf\(\$\[\$\{ARG3\} >= ([0-9]+)\]\?(open|closed),1\)")


def _spans(steps: Steps) -> list[Json]:
    """The spans between edges that `_through` compiles."""
    edges = [(int(e[1]), e[2]) for e in map(_EDGE.fullmatch, steps) if e]
    if steps and steps[-1] == f"Goto({Phase.OPEN},1)":
        edges.append((0, Phase.OPEN))
    spans: list[Json] = []
    begun: int | None = None
    for clock, phase in sorted(edges):
        if phase == Phase.OPEN:
            begun = clock
        elif begun is not None:
            end = clock - DAY_CLOCK if clock > DAY_CLOCK else clock
            spans.append(f"{time_of(str(begun))}-{time_of(str(end))}")
            begun = None
    return spans


DAY_CLOCK = 2400
"""Midnight at the end of a day, as dialplans have it."""


SCHEDULE = Kind(
    name="schedule",
    compile=compile_schedule,
    decode=decode_schedule,
    names=in_contexts("schedule/"),
    mapped="timezone weekly calendars closed_by "
    "seasons.*.date seasons.*.every seasons.*.until seasons.*.weekly "
    "holidays.*.date holidays.*.every holidays.*.until holidays.*.hours "
    "exceptions.*.date exceptions.*.every exceptions.*.until exceptions.*.hours "
    "exceptions.*.closed",
    kept={
        "label": COMMENT,
        "holidays.*.name": NO_REASONS,
        "exceptions.*.reason": NO_REASONS,
    },
)
