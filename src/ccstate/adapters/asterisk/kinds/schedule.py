"""Schedules as subroutines that return `open`, `closed` or `holiday`, and calendars of holidays.

GotoIfTime knows no years, and holidays have them; so the day and the time in the schedule's
timezone are compared as numbers. An entry is a line or two, however many days it holds. A calendar
is written once, however many schedules name it.

A schedule asks what begins today, at the time that it is; where that is not open, what began
yesterday, 24 hours later: 02:00 is 26:00 of the day before. On a test site a call may bring the
moment that counts.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date
from itertools import chain
from typing import NamedTuple

from ccstate.adapters.asterisk.entries import Context, Step
from ccstate.adapters.asterisk.kind import (
    COMMENT,
    NO_REASONS,
    Kind,
    Sections,
    Steps,
    Unit,
    in_contexts,
)
from ccstate.adapters.asterisk.places import POSITION, name_after, shortened
from ccstate.adapters.asterisk.rows import UNCLEAR, Decoded, Template
from ccstate.journeys.centre import Centre, Filled
from ccstate.journeys.hours import (
    DAY,
    WEEKDAYS,
    Entries,
    Holidays,
    Phase,
    Position,
    day_named,
    ends_of,
    spans_of,
)
from ccstate.kinds.fields import Name
from ccstate.model import Json, canonical

ANY_DAY = "_XXXXXXXX"
ALL, PART, NONE = "all", "part", "none"
"""What a calendar says of a day at a time."""


def compile_calendar(unit: Unit) -> None:
    """Compile the subroutine of one calendar: `all`, `part` or `none` for a day and a time."""
    parts_of_days(unit.entrance(), unit.fields.get("holidays") or (), "holidays")


def calendar_context(name: str) -> str:
    """Return the context that knows the holidays of a calendar."""
    return shortened(f"calendar/{name}")


def goto_on_days(entry: Filled, field: str, target: str, also: str = "") -> Iterator[Step]:
    """Goes to a target on the days of an entry."""
    first, last = (int(text.replace("-", "") or 0) for text in ends_of(entry))
    asked = "${ARG1}" if entry.get("date") is not None else "${ARG1:4}"
    if first == last:
        days = [f"{asked} = {first}"]
    elif first < last or entry.get("date") is not None:
        days = [f"{asked} >= {first} & {asked} <= {last}"]
    else:
        days = [f"{asked} >= {first}", f"{asked} <= {last}"]
    for condition in days:
        yield Step("GotoIf", f"$[{condition}{also}]?{target}", field)


def parts_of_days(context: Context, entries: Sequence[Filled], field: str) -> None:
    """Whether a day, ARG1, is holiday as a whole, or at a time, ARG2."""
    holidays = Holidays(entries)
    known = holidays.entries
    context.add("s", [Step("Goto", "${ARG1},1", field)])
    for day in sorted(filter(None, map(day_named, known.dates))):
        context.add(f"{day:%Y%m%d}", _date_steps(day, holidays, field))
    runs = list(known.without_dates())
    steps = [
        step for e in runs if e.get("hours") is None for step in goto_on_days(e, field, f"{ALL},1")
    ]
    for entry in runs:
        for start, end in spans_of(entry.get("hours") or ()):
            steps += goto_on_days(entry, field, f"{PART},1", f" & {_covers_time(start, end)}")
    context.add(ANY_DAY, [*steps, Step("Return", NONE, field)])
    for word in (ALL, PART):
        context.add(word, [Step("Return", word)])


def _date_steps(day: date, holidays: Holidays, field: str) -> list[Step]:
    """Compile the steps of a date by all of the entries that hold it."""
    whole, parts = holidays.on(day)
    if whole is not None:
        return [Step("Goto", f"{ALL},1", field)]
    found = dict.fromkeys(_covers_time(start, end) for start, end, _ in parts)
    steps = [Step("GotoIf", f"$[{covers}]?{PART},1", field) for covers in found]
    return [*steps, Step("Return", NONE, field)]


def _covers_time(start: int, end: int) -> str:
    """A part of a day holds the time; one that reaches midnight, that of the day after too."""
    begun = f"${{ARG2}} >= {clock_number(start)}"
    return begun if end >= DAY else f"{begun} & ${{ARG2}} < {clock_number(end)}"


def clock_number(minute: int) -> str:
    """Return a minute of the day as dialplans have it: 570 → `930`."""
    return f"{minute // 60}{minute % 60:02d}".lstrip("0") or "0"


def decode_calendar(sections: Sections, name: str) -> Decoded:
    """Decode the holidays of a calendar; their names are those of the record."""
    recorded = sections.centre.of("calendar").get(name, {}).get("holidays") or ()
    found = decoded_days(sections, calendar_context(name), "hours")
    return {("holidays",): with_texts(found, recorded, "name")}


class DayCondition(NamedTuple):
    """The days of which a step asks, as fields with their values in turn, and what it does then.

    `part` is what has to hold of the time, "" where nothing has.
    """

    days: tuple[str, ...]
    part: str
    target: str


_ASKED = re.compile(
    r"GotoIf\(\$\[\$\{ARG1(?P<yearly>:4)?\} (?P<how>=|>=|<=) (?P<first>[0-9]+)"
    r"(?: & \$\{ARG1(?::4)?\} <= (?P<last>[0-9]+))?"
    r"(?: & (?P<part>\$\{ARG2\} >= [0-9]+(?: & \$\{ARG2\} < [0-9]+)?))?"
    r"\]\?(?P<target>[^,]+),1\)"
)
_PART_OF_DAY = re.compile(r"\$\{ARG2\} >= ([0-9]+)(?: & \$\{ARG2\} < ([0-9]+))?")


def day_conditions(steps: Steps) -> Iterator[DayCondition]:
    """Read the conditions on days; two steps in turn ask of days that reach over New Year."""
    begun = ""
    for found in filter(None, map(_ASKED.fullmatch, steps)):
        is_dated = not found["yearly"]
        first = day_of(found["first"], is_dated=is_dated)
        if found["how"] == ">=" and not found["last"]:
            begun = first
            continue
        last = day_of(found["last"], is_dated=is_dated) if found["last"] else ""
        if found["how"] == "<=":
            first, last = begun, first
        days = ("date" if is_dated else "every", first, *(("until", last) if last else ()))
        yield DayCondition(days, found["part"] or "", found["target"])


def day_of(digits: str, *, is_dated: bool) -> str:
    """20261224 → `2026-12-24`; 102 → `01-02`."""
    if is_dated:
        return f"{digits[:4]}-{digits[4:6]}-{digits[6:]}"
    return f"{int(digits):04d}"[:2] + "-" + f"{int(digits):04d}"[2:]


def decoded_days(sections: Sections, context: str, field: str) -> list[dict[str, Json]]:
    """Days and parts of days of a calendar, of a schedule's holidays, or its closings.

    `field` is what a part of a day is called.
    """
    steps = sections.context(context)
    found: dict[tuple[str, ...], list[Json]] = {}
    whole: list[tuple[str, ...]] = []
    for extension, asks in steps.items():
        if len(extension) == len("20261224") and extension.isdecimal():
            days = ("date", day_of(extension, is_dated=True))
            parts = [part for step in asks for part in _PART_OF_DAY.finditer(step)]
            if parts:
                found[days] = [_span(part) for part in parts]
            else:
                whole.append(days)
    for condition in day_conditions(steps.get(ANY_DAY, ())):
        part = _PART_OF_DAY.fullmatch(condition.part)
        if part:
            found.setdefault(condition.days, []).append(_span(part))
        else:
            whole.append(condition.days)
    entries = [fields_of(days) for days in whole]
    return [*entries, *({**fields_of(days), field: parts} for days, parts in found.items())]


def fields_of(days: tuple[str, ...]) -> dict[str, Json]:
    """Fields with their values, from both in turn."""
    return dict(zip(days[::2], days[1::2], strict=True))


def _span(part: re.Match[str]) -> str:
    return f"{time_of(part[1])}-{time_of(part[2]) if part[2] else '24:00'}"


def time_of(clock: str) -> str:
    """Return a time as dialplans have it: 930 → `09:30`; one of the day after counts from 2400."""
    hour, minute = divmod(int(clock), 100)
    return f"{hour:02d}:{minute:02d}"


def with_texts(
    found: Iterable[Mapping[str, Json]], recorded: Iterable[Filled], field: str
) -> list[Json]:
    """Entries with the text that the record has for each; Asterisk has none.

    An entry that is not in the record has the text of one that is not there any more, in their
    order; or else its day, where there has to be a text.
    """
    known: dict[bytes, str] = {}
    for entry in recorded:
        rest = {name: value for name, value in entry.items() if name != field}
        known[canonical(rest)] = str(entry.get(field) or "")
    entries = [dict(entry) for entry in found]
    keys = [canonical(entry) for entry in entries]
    left = [text for key, text in known.items() if key not in keys]
    for key, entry in zip(keys, entries, strict=True):
        text = known[key] if key in known else left.pop(0) if left else ""
        if not text and field == "name":
            text = str(entry.get("date") or entry.get("every"))
        if text:
            entry[field] = text
    result: list[Json] = [*entries]
    return sorted(result, key=canonical)


CALENDAR = Kind(
    name="calendar",
    compile=compile_calendar,
    decode=decode_calendar,
    names=in_contexts("calendar/"),
    mapped="holidays.*.date holidays.*.every holidays.*.until holidays.*.hours",
    kept={"label": COMMENT, "holidays.*.name": NO_REASONS},
)


CLOCK = "${EPOCH}"
TEST_CLOCK = '${IF($["${CC_AT}" = ""]?${EPOCH}:${CC_AT})}'
SHUT = "shut"
"""Closed all day: what began the day before does not count."""


ZONE = Template("Set", "LOCAL(time)=${STRFTIME(${at},<zone>,%H%M)}")
ASKS = Template("Gosub", "calendar/<calendar>,s,1(${ARG1},${ARG3})")
DECIDED = Template("Gosub", "schedule/<schedule>,s,1", schedule=name_after("schedule/"))


def subroutine(schedule: Name) -> str:
    """Return the context that decides for a schedule."""
    return shortened(f"schedule/{schedule}")


def schedule_steps(schedule: Name, field: str) -> list[Step]:
    """Steps after which the call is at the extension `open`, `closed` or `holiday`."""
    return [
        DECIDED.step(field, schedule=schedule),
        Step("Goto", "${GOSUB_RETVAL},1", field),
    ]


def decoded_schedule(steps: Steps) -> Json:
    """Decode the schedule by which steps decide; None where they do not."""
    return DECIDED.values(steps)["schedule"]


def compile_schedule(unit: Unit) -> None:
    """Compile the subroutine of one schedule, and those of its own holidays and closings."""
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
    late = list(_yesterday_steps(zone, closings)) if runs_over else []
    context.add("s", [*_switch_steps(schedule), *_decision_steps(zone, clock, late, closings)])
    context.add("day", [Step("Goto", "${ARG1},1", "exceptions")])
    _days(context, schedule, list(_sources(unit.flow.centre, name, schedule)))
    for word in (*Phase, PART, SHUT):
        context.add(word, [Step("Return", word)])
    if closings:
        parts_of_days(unit.context(closings), entries, "exceptions")
    if holidays := schedule.get("holidays"):
        parts_of_days(unit.context(_holiday_context(name)), holidays, "holidays")


def _switch_steps(schedule: Filled) -> list[Step]:
    """Compile the question to the switch that closes a schedule, which comes first."""
    if not (switch := schedule.get("closed_by")):
        return []
    is_on = f'$["${{GOSUB_RETVAL}}" = "{Position.ON}"]?{Phase.CLOSED},1'
    return [POSITION.step("closed_by", switch=switch), Step("GotoIf", is_on, "closed_by")]


def _holiday_context(schedule: str) -> str:
    return shortened(f"holidays/{schedule}")


def _all_spans(schedule: Filled) -> Iterator[tuple[int, int]]:
    weeks = (schedule, *(schedule.get("seasons") or ()))
    for week in weeks:
        yield from chain.from_iterable(map(spans_of, week["weekly"].values()))
    for exception in schedule.get("exceptions") or ():
        yield from spans_of(exception.get("hours") or ())


def _decision_steps(zone: str, clock: str, late: Sequence[Step], closings: str) -> Iterator[Step]:
    """Ask what begins today, what began yesterday, and what is closed for a time."""
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


def _yesterday_steps(zone: str, closings: str) -> Iterator[Step]:
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
        yield _holiday_context(name), "holidays"
    for calendar in schedule.get("calendars") or ():
        if calendar in centre.of("calendar"):
            yield calendar_context(calendar), "calendars"


def _days(context: Context, schedule: Filled, sources: Sequence[tuple[str, str]]) -> None:
    """Compile what begins on a day: ARG1, as 20261225; its weekday is ARG2, the time ARG3, up to 4759."""
    exceptions = Entries(e for e in schedule.get("exceptions") or () if e.get("hours") is not None)
    seasons = Entries(schedule.get("seasons") or ())
    steps: list[Step] = []
    for day, (exception, *_) in sorted(exceptions.dates.items()):
        context.add(day.replace("-", ""), _edge_steps(exception["hours"], "exceptions", SHUT))
    for number, exception in enumerate(exceptions.without_dates(), 1):
        steps += goto_on_days(exception, "exceptions", f"special{number},1")
        context.add(f"special{number}", _edge_steps(exception["hours"], "exceptions", SHUT))
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
            _edge_steps(weekly.get(weekday) or (), field, Phase.CLOSED),
        )


def _edge_steps(texts: Iterable[str], field: str, otherwise: str) -> list[Step]:
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
    """Decode the fields that the subroutine of a schedule, its holidays and its closings say."""
    recorded = sections.centre.of("schedule").get(name, {})
    steps = sections.context(subroutine(name))
    asks = steps.get(ANY_DAY, ())
    calendars = [found["calendar"] for step in asks if (found := ASKS.read(step))]
    holidays = decoded_days(sections, _holiday_context(name), "hours")
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
    """Return the spans between edges that `_edge_steps` compiles."""
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
