"""Convert holidays of countries, and iCalendar files, to entries of a calendar or to spans of time.

An iCalendar file is not trusted: it is read line by line, up to a size and a count, and only rules
of recurrence are followed that come to an end soon: those of entries name days of a year.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta, tzinfo
from typing import NamedTuple, TypeAlias
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

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
    timezones: Mapping[str, str]
    """Name of the timezone of a field, where it has one."""

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
    timezones: dict[str, str] = {}
    start = 0
    for number, name, value, timezone in _properties(data, file, read):
        if name == "BEGIN":
            inside.append(value.upper())
            if inside[-1] == "VEVENT":
                fields, timezones, start = {}, {}, number
        elif name == "END" and inside:
            if inside.pop() == "VEVENT":
                yield _Event(start, fields, timezones)
        elif name == "X-WR-CALNAME" and inside == ["VCALENDAR"]:
            read.name = _plain(value)
        elif inside[-1:] == ["VEVENT"]:
            fields.setdefault(name, []).append(value)
            if timezone:
                timezones[name] = timezone


def _properties(data: bytes, file: str, read: IcsContent) -> Iterator[tuple[int, str, str, str]]:
    """Yield line, name, value and timezone of each property; lines that are folded count as one."""
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
            name, parameters, value = line.parts()
        except ValueError:
            read.left_out.append(f"{file}: line {number} is no property: {quote(_plain(line))}")
            continue
        yield number, name.upper(), value, str(parameters.get("TZID", ""))


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


# Spans of time of an iCalendar file


def read_periods(
    data: bytes, file: str, zone: tzinfo, first: datetime, last: datetime
) -> list[tuple[datetime, datetime]]:
    """List the spans of the events that lie between two moments, in UTC, series and timezones followed.

    Whole days, and times without a timezone, are those of the zone. Raises InvalidInput where
    anything in it is not understood: each event counts, or the file does not.
    """
    if len(data) > LARGEST:
        raise InvalidInput(_unreadable(file, 0, "it is larger than 1 MB", "take out what is old"))
    read = IcsContent()
    found: list[tuple[datetime, datetime]] = []
    for event in _events(data, file, read):
        try:
            found += _spans_of(event, zone, first, last)
        except _LeftOut as why:
            summary = quote(_plain(event.text("SUMMARY")))
            raise InvalidInput(_not_a_period(file, event.line, f"{summary}: {why}")) from None
        if len(found) > MOST_PERIODS:
            raise InvalidInput(
                _not_a_period(file, event.line, f"more than {MOST_PERIODS:,} events")
            )
    if read.left_out:
        raise InvalidInput(_not_a_period(file, 0, read.left_out[0]))
    return sorted(found)


MOST_PERIODS = 10_000
"""Events of a file between two moments."""


def _not_a_period(file: str, line: int, reason: str) -> Diagnostic:
    hint = "correct it there, or write the period into the policy"
    return codes.POLICY_CALENDAR(
        Span(file, line) if line else Span(file), file=file, reason=reason, hint=hint
    )


def _spans_of(
    event: _Event, zone: tzinfo, first: datetime, last: datetime
) -> Iterator[tuple[datetime, datetime]]:
    if event.text("STATUS").upper() == "CANCELLED":
        return
    if "RECURRENCE-ID" in event.fields or "RDATE" in event.fields:
        raise _LeftOut("an exception to a series is not followed, write it by hand")
    if not event.text("DTSTART"):
        raise _LeftOut("it has no DTSTART")
    own = _zone_of(event, "DTSTART", zone)
    begin = _clock(event.text("DTSTART"), own, own)
    length = _duration(event, begin, own, zone)
    if length <= timedelta(0):
        raise _LeftOut("it ends before it begins")
    skipped = {
        _clock(text, _zone_of(event, "EXDATE", zone), own)
        for value in event.fields.get("EXDATE", ())
        for text in value.split(",")
    }
    earliest = (first - length - timedelta(days=2)).astimezone(own).replace(tzinfo=None)
    latest = (last + timedelta(days=2)).astimezone(own).replace(tzinfo=None)
    for start in _starts(event, begin, own, latest):
        if start < earliest or start in skipped:
            continue
        span = tuple(m.replace(tzinfo=own).astimezone(UTC) for m in (start, start + length))
        if span[0] < last and span[1] > first:
            yield span[0], span[1]


def _zone_of(event: _Event, name: str, zone: tzinfo) -> tzinfo:
    """Find the timezone of a field: its own, by a name of IANA or of Windows, or UTC, or the zone."""
    if event.text(name).endswith("Z"):
        return UTC
    named = event.timezones.get(name, "")
    if not named:
        return zone
    from icalendar.timezone.windows_to_olson import WINDOWS_TO_OLSON

    try:
        return ZoneInfo(WINDOWS_TO_OLSON.get(named, named))
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise _LeftOut(f"its timezone {quote(_plain(named))} is unknown") from None


def _clock(text: str, zone: tzinfo, own: tzinfo) -> datetime:
    """Parse a moment as a clock in the own zone shows it; a day is its beginning."""
    text = text.strip()
    unknown = _LeftOut(f"{quote(_plain(text))} is no date, or lies too far away")
    if not re.fullmatch(r"[0-9]{8}(T[0-9]{6}Z?)?", text):
        raise unknown
    form = "%Y%m%dT%H%M%S" if "T" in text else "%Y%m%d"
    try:
        moment = datetime.strptime(text.removesuffix("Z"), form)  # noqa: DTZ007 - as a clock shows it
    except ValueError:
        raise unknown from None
    if not 1900 <= moment.year <= 2200:
        raise unknown
    zone = UTC if text.endswith("Z") else zone
    return (
        moment if zone is own else moment.replace(tzinfo=zone).astimezone(own).replace(tzinfo=None)
    )


def _duration(event: _Event, begin: datetime, own: tzinfo, zone: tzinfo) -> timedelta:
    if end := event.text("DTEND"):
        return _clock(end, _zone_of(event, "DTEND", zone), own) - begin
    if text := event.text("DURATION"):
        last, clock = _after(begin.date(), f"{begin:%H:%M}", text)
        return datetime.fromisoformat(f"{last}T{clock}") - begin.replace(second=0)
    return (
        timedelta(days=1) if len(event.text("DTSTART").strip()) == len("20261224") else timedelta(0)
    )


_PARTS_OF_PERIODS = {
    "DAILY": {"BYDAY", "BYMONTH"},
    "WEEKLY": {"BYDAY", "BYMONTH"},
    "MONTHLY": {"BYDAY", "BYMONTH", "BYMONTHDAY", "BYSETPOS"},
    "YEARLY": {"BYDAY", "BYMONTH", "BYMONTHDAY", "BYSETPOS"},
}
"""Parts that are followed, by frequency: with others a rule might look for days without end."""
_BOUNDS = {
    "INTERVAL": "[1-9][0-9]{0,3}",
    "COUNT": "[1-9][0-9]{0,4}",
    "BYMONTH": "([1-9]|1[0-2])(,([1-9]|1[0-2])){0,11}",
}


def _starts(event: _Event, begin: datetime, own: tzinfo, latest: datetime) -> Iterator[datetime]:
    """List when an event begins, up to a time, as a clock in its own timezone shows it."""
    text = event.text("RRULE")
    if not text:
        yield begin
        return
    from dateutil.rrule import rrulestr

    rule = dict(part.upper().split("=", 1) for part in text.split(";") if "=" in part)
    frequency = rule.get("FREQ", "")
    followed = {"FREQ", "INTERVAL", "COUNT", "UNTIL", "WKST"} | _PARTS_OF_PERIODS.get(
        frequency, set()
    )
    bounded = all(re.fullmatch(_BOUNDS[name], rule[name]) for name in _BOUNDS.keys() & rule.keys())
    if frequency not in _PARTS_OF_PERIODS or rule.keys() - followed or not bounded:
        raise _LeftOut(f"its rule {quote(_plain(text))} is not followed: write it by hand")
    until = rule.pop("UNTIL", "")
    end = min(latest, _clock(until, own, own) if until else latest)
    if len(until) == len("20261224"):
        end = min(latest, end + timedelta(days=1, microseconds=-1))
    try:
        series = rrulestr(
            ";".join(f"{name}={value}" for name, value in rule.items()), dtstart=begin
        )
        for start in series:
            if start > end:
                return
            yield start
    except (ValueError, TypeError, OverflowError):
        raise _LeftOut(f"its rule {quote(_plain(text))} cannot be read") from None
