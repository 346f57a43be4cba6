"""Calendars as subroutines, and days as steps: those of holidays and closings, and of any entry.

GotoIfTime knows no years, and holidays have them; so days and times are compared as numbers.
Nothing is spelled out day by day: an entry is a line or two, however many days it holds.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date
from typing import NamedTuple

from ccstate.adapters.asterisk.entries import Context, Step
from ccstate.adapters.asterisk.kind import COMMENT, NO_REASONS, Kind, Unit, in_contexts
from ccstate.adapters.asterisk.places import shortened
from ccstate.adapters.asterisk.rows import Decoded
from ccstate.adapters.asterisk.sections import Sections, Steps
from ccstate.journeys.centre import Filled
from ccstate.journeys.hours import DAY, Holidays, day_named, ends_of, spans_of
from ccstate.model import Json, canonical

ANY_DAY = "_XXXXXXXX"
ALL, PART, NONE = "all", "part", "none"
"""What a calendar says of a day at a time."""


def compile_calendar(unit: Unit) -> None:
    """The subroutine of one calendar: `all`, `part` or `none` for a day and a time."""
    parts_of_days(unit.entrance(), unit.fields.get("holidays") or (), "holidays")


def calendar_context(name: str) -> str:
    """The context that knows the holidays of a calendar."""
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
        context.add(f"{day:%Y%m%d}", _of_date(day, holidays, field))
    runs = list(known.without_dates())
    steps = [
        step for e in runs if e.get("hours") is None for step in goto_on_days(e, field, f"{ALL},1")
    ]
    for entry in runs:
        for start, end in spans_of(entry.get("hours") or ()):
            steps += goto_on_days(entry, field, f"{PART},1", f" & {_covers(start, end)}")
    context.add(ANY_DAY, [*steps, Step("Return", NONE, field)])
    for word in (ALL, PART):
        context.add(word, [Step("Return", word)])


def _of_date(day: date, holidays: Holidays, field: str) -> list[Step]:
    """What a date is by all of the entries that hold it."""
    whole, parts = holidays.on(day)
    if whole is not None:
        return [Step("Goto", f"{ALL},1", field)]
    found = dict.fromkeys(_covers(start, end) for start, end, _ in parts)
    steps = [Step("GotoIf", f"$[{covers}]?{PART},1", field) for covers in found]
    return [*steps, Step("Return", NONE, field)]


def _covers(start: int, end: int) -> str:
    """A part of a day holds the time; one that reaches midnight, that of the day after too."""
    begun = f"${{ARG2}} >= {clock_number(start)}"
    return begun if end >= DAY else f"{begun} & ${{ARG2}} < {clock_number(end)}"


def clock_number(minute: int) -> str:
    """A minute of the day as dialplans have it: 570 → `930`."""
    return f"{minute // 60}{minute % 60:02d}".lstrip("0") or "0"


def decode_calendar(sections: Sections, name: str) -> Decoded:
    """The holidays of a calendar; their names are those of the record."""
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
    """What is asked of days; two steps in turn ask of days that reach over New Year."""
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
    """A time as dialplans have it: 930 → `09:30`; one of the day after counts from 2400."""
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
