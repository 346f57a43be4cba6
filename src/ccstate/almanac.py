"""Convert holidays of countries and of iCalendar files to entries of a calendar.

An iCalendar file is not trusted: it is read line by line, up to a size and a count, and of
its rules of recurrence only those are followed that name days of a year.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import NamedTuple, TypeAlias

from ccstate import codes
from ccstate.desired.findings import did_you_mean, quote
from ccstate.errors import Diagnostic, InvalidInput, Span
from ccstate.kinds.calendar import MOST_ENTRIES
from ccstate.model import Json

Entry: TypeAlias = dict[str, Json]
LARGEST = 1024 * 1024
"""Bytes of an iCalendar file; that of a country and a century has some 300 KB."""
LONGEST_NAME = 200


# Countries


def public_holidays(code: str, years: Iterable[int]) -> list[Entry]:
    """List the public holidays of a country or subdivision (ISO 3166-2: `AU-NSW`), observed days too.

    In English where the library has English names. Raises InvalidInput (CC815) where it does not know
    the code.
    """
    import holidays

    country, _, part = code.partition("-")
    known = holidays.list_supported_countries(include_aliases=False)
    if country not in known:
        raise InvalidInput(_unknown(code, known, ""))
    if part and part not in known[country]:
        codes = [f"{country}-{name}" for name in known[country]]
        raise InvalidInput(_unknown(code, codes, f"{country}: {', '.join(codes) or 'no parts'}"))
    listed = holidays.country_holidays(country, subdiv=part or None, years=0)
    english = [tag for tag in listed.supported_languages if tag.startswith("en")]
    language = next(iter(english), listed.default_language)
    found = holidays.country_holidays(
        country, subdiv=part or None, years=sorted(years), language=language
    )
    return [_entry(name, day) for day, name in sorted(found.items())]


def parts_of(country: str) -> Sequence[str]:
    """List the codes of subdivisions that have holidays of their own, such as `AU-NSW`."""
    import holidays

    known = holidays.list_supported_countries(include_aliases=False)
    return [f"{country}-{part}" for part in known.get(country, ())]


def _unknown(code: str, known: Iterable[str], hint: str) -> Diagnostic:
    near = did_you_mean(code, known)
    return codes.HOLIDAYS_UNKNOWN(code=quote(code), hint=near or hint or "write it as AU or AU-NSW")


def _entry(name: str, first: date, last: date | None = None, part: str = "") -> Entry:
    entry: Entry = {"name": name[:LONGEST_NAME] or "Holiday", "date": first.isoformat()}
    if last is not None and last > first:
        entry["until"] = last.isoformat()
    if part:
        entry["hours"] = [part]
    return entry


# iCalendar files (RFC 5545)


@dataclass(slots=True)
class IcsContent:
    """Content of a file: the calendar's own name, its entries, and what was left out, with reasons."""

    name: str = ""
    entries: list[Entry] = field(default_factory=list)
    left_out: list[str] = field(default_factory=list)


class _Event(NamedTuple):
    line: int
    fields: Mapping[str, list[str]]

    def text(self, name: str) -> str:
        found = self.fields.get(name)
        return found[0] if found else ""


def read_ics(data: bytes, file: str, years: Iterable[int]) -> IcsContent:
    """Read the days of an iCalendar file in some years.

    Raises InvalidInput (CC816) where it is too large, or no iCalendar file.
    """
    if len(data) > LARGEST:
        raise InvalidInput(_unreadable(file, 0, "it is larger than 1 MB", "take out what is old"))
    wanted = sorted(years)
    read = IcsContent()
    twice: set[tuple[str, str, str]] = set()
    for event in _events(data, file, read):
        try:
            found = list(_days_of(event, wanted))
        except _LeftOut as why:
            summary = quote(_plain(event.text("SUMMARY")))
            read.left_out.append(f"{file}:{event.line}: {summary}: {why}")
            continue
        for entry in found:
            key = (str(entry["name"]), str(entry["date"]), str(entry.get("hours")))
            if key not in twice:
                twice.add(key)
                read.entries.append(entry)
        if len(read.entries) > MOST_ENTRIES:
            problem = f"it has more than {MOST_ENTRIES:,} holidays in these years"
            raise InvalidInput(_unreadable(file, event.line, problem, "ask for fewer years"))
    read.entries.sort(key=lambda entry: (str(entry["date"]), str(entry["name"])))
    return read


def _unreadable(file: str, line: int, problem: str, hint: str) -> Diagnostic:
    return codes.CALENDAR_UNREADABLE(
        Span(file, line) if line else Span(file), file=file, reason=problem, hint=hint
    )


def _events(data: bytes, file: str, read: IcsContent) -> Iterator[_Event]:
    inside: list[str] = []
    fields: dict[str, list[str]] = {}
    start = 0
    for number, name, value in _properties(data, file, read):
        if name == "BEGIN":
            inside.append(value.upper())
            if inside[-1] == "VEVENT":
                fields, start = {}, number
        elif name == "END" and inside:
            if inside.pop() == "VEVENT":
                yield _Event(start, fields)
        elif name == "X-WR-CALNAME" and inside == ["VCALENDAR"]:
            read.name = _plain(value)
        elif inside[-1:] == ["VEVENT"]:
            fields.setdefault(name, []).append(value)


def _properties(data: bytes, file: str, read: IcsContent) -> Iterator[tuple[int, str, str]]:
    """Yield line, name and value of each property; lines that are folded count as one."""
    # Only its reader of lines: that of whole calendars follows what rules timezones have.
    from icalendar.parser import Contentlines

    try:
        text = data.decode().removeprefix("\ufeff")
    except UnicodeDecodeError:
        raise InvalidInput(_unreadable(file, 0, "it is no UTF-8 text", "save it so")) from None
    if not text.lstrip("\r\n ").upper().startswith("BEGIN:VCALENDAR"):
        hint = "name an iCalendar file, which begins with BEGIN:VCALENDAR"
        raise InvalidInput(_unreadable(file, 1, "it is no iCalendar file", hint))
    lines = Contentlines.from_ical(text)
    for number, line in enumerate(lines, 1):
        if not line:
            continue
        try:
            name, _, value = line.parts()
        except ValueError:
            read.left_out.append(f"{file}: line {number} is no property: {quote(_plain(line))}")
            continue
        yield number, name.upper(), value


def _plain(text: str) -> str:
    from icalendar import vText

    spoken = "".join(c if c.isprintable() else " " for c in str(vText.from_ical(text)))
    return " ".join(spoken.split())


class _LeftOut(Exception):
    """Why an event is not written."""


def _days_of(event: _Event, years: Sequence[int]) -> Iterator[Entry]:
    """Convert one event to entries; none where it lies in other years, or was cancelled."""
    if event.text("STATUS").upper() == "CANCELLED":
        return
    if "RECURRENCE-ID" in event.fields or "RDATE" in event.fields:
        raise _LeftOut("an exception to a series is not followed, write it by hand")
    first, last, part = _length(event)
    name = _plain(event.text("SUMMARY"))
    skipped = {
        _moment(text)[0] for value in event.fields.get("EXDATE", ()) for text in value.split(",")
    }
    length = last - first
    for day in _series(event, first, years, length):
        end = day + length
        if day not in skipped and any(day.year <= year <= end.year for year in years):
            yield _entry(name, day, end, part)


def _length(event: _Event) -> tuple[date, date, str]:
    """Read the first day, the last one, and the part of the day where it is not the whole."""
    if not (begins := event.fields.get("DTSTART")):
        raise _LeftOut("it has no DTSTART")
    first, start = _moment(begins[0])
    last, end = first, start
    if ends := event.fields.get("DTEND"):
        last, end = _moment(ends[0])
    elif duration := event.text("DURATION"):
        last, end = _after(first, start, duration)
    elif start is None:
        return first, first, ""
    if last < first:
        raise _LeftOut("it ends before it begins")
    if start is None or end is None or (start == end == "00:00"):
        return first, max(first, last - timedelta(days=1)), ""
    if end == "00:00" and last == first + timedelta(days=1):
        last, end = first, "24:00"
    if last != first:
        raise _LeftOut("it lasts over midnight and takes part of a day only: write it by hand")
    if start >= end:
        raise _LeftOut("it ends when it begins")
    return first, last, f"{start}-{end}"


def _moment(text: str) -> tuple[date, str | None]:
    """Parse a day, with its time where it has one, by the clock of the place that uses the calendar."""
    match = re.fullmatch(r"([0-9]{8})(?:T([0-9]{2})([0-9]{2})[0-9]{2}(Z?))?", text.strip())
    try:
        day = datetime.strptime(match[1], "%Y%m%d").date() if match else None  # noqa: DTZ007 - a day
    except ValueError:
        day = None
    if not match or not day or (match[2] and (match[2] > "23" or match[3] > "59")):
        raise _LeftOut(f"{quote(_plain(text))} is no date")
    if not 1900 <= day.year <= 2200:
        raise _LeftOut(f"{quote(_plain(text))} lies too far away")
    if match[4]:
        raise _LeftOut("its time is in UTC, and a calendar has no timezone: write it by hand")
    return day, f"{match[2]}:{match[3]}" if match[2] else None


def _after(first: date, start: str | None, duration: str) -> tuple[date, str | None]:
    match = re.fullmatch(
        r"\+?P(?:([0-9]{1,3})W|(?:([0-9]{1,4})D)?(?:T(?:([0-9]{1,3})H)?(?:([0-9]{1,3})M)?)?)",
        duration,
    )
    if not match:
        raise _LeftOut(f"{quote(_plain(duration))} is no duration")
    weeks, days, hours, minutes = (int(number or 0) for number in match.groups())
    begin = datetime.fromisoformat(f"{first}T{start or '00:00'}")
    end = begin + timedelta(weeks=weeks, days=days, hours=hours, minutes=minutes)
    return end.date(), f"{end:%H:%M}" if start else None


_FOLLOWED = {"FREQ", "INTERVAL", "COUNT", "UNTIL", "BYMONTH", "BYMONTHDAY", "BYDAY", "WKST"}
_WEEKDAYS = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")


def _series(event: _Event, first: date, years: Sequence[int], length: timedelta) -> Iterator[date]:
    """List the days on which an event begins, in the years or shortly before."""
    text = event.text("RRULE")
    if not text:
        yield first
        return
    rule = dict(part.upper().split("=", 1) for part in text.split(";") if "=" in part)
    if rule.get("FREQ") != "YEARLY" or rule.keys() - _FOLLOWED:
        raise _LeftOut(f"its rule {quote(_plain(text))} names no days of a year: write it by hand")
    try:
        interval, count = int(rule.get("INTERVAL", "1")), int(rule.get("COUNT", "0"))
        until = _moment(rule["UNTIL"][:8])[0] if "UNTIL" in rule else date.max
        months = [int(month) for month in rule.get("BYMONTH", str(first.month)).split(",")]
        days = _days_in_month(rule, first)
    except ValueError:
        raise _LeftOut(f"its rule {quote(_plain(text))} cannot be read") from None
    if interval < 1 or ("BYDAY" in rule and "BYMONTH" not in rule) or not 0 <= count <= 10_000:
        raise _LeftOut(f"its rule {quote(_plain(text))} is not followed: write it by hand")
    early = length.days // 365 + 1
    begun = 0
    # Bounded for any rule: at most 10,000 years, each with at most 12 months of 31 days.
    for year in range(first.year, years[-1] + 1, interval):
        if not count and year < years[0] - early:
            continue
        for day in sorted({d for month in months[:12] for d in _in_month(year, month, days)}):
            if day < first:
                continue
            begun += 1
            if day > until or (count and begun > count):
                return
            yield day


def _days_in_month(rule: Mapping[str, str], first: date) -> list[str]:
    """Parse the days of a month in a rule, at most 31: `25`, `-1`, `1MO`, `-1MO`, `MO`."""
    if "BYDAY" in rule and "BYMONTHDAY" in rule:
        raise ValueError
    named = rule.get("BYDAY") or rule.get("BYMONTHDAY") or str(first.day)
    days = named.split(",")[:31]
    if not all(
        re.fullmatch(r"[+-]?[0-9]{1,2}|([+-]?[1-5])?(MO|TU|WE|TH|FR|SA|SU)", d) for d in days
    ):
        raise ValueError
    return days


def _in_month(year: int, month: int, days: Iterable[str]) -> Iterator[date]:
    if not 1 <= month <= 12:
        return
    start = date(year, month, 1)
    count = ((start + timedelta(days=31)).replace(day=1) - start).days
    for named in days:
        weekday, number = named[-2:], named
        if weekday in _WEEKDAYS:
            number = named[:-2]
            offset = (_WEEKDAYS.index(weekday) - start.weekday()) % 7
            found = list(range(1 + offset, count + 1, 7))
        else:
            found = list(range(1, count + 1))
        if not number:
            yield from (date(year, month, day) for day in found)
            continue
        place = int(number)
        if place and -len(found) <= place <= len(found):
            yield date(year, month, found[place - 1 if place > 0 else place])
