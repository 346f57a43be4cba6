"""Rules about clocks: timezones that no clock there shows, and moments that are not what they seem."""

import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, date, datetime, timedelta
from functools import cache
from typing import TypeAlias

from ccstate.errors import Severity
from ccstate.journeys.hours import Phase, zone_named
from ccstate.journeys.moments import DAYS
from ccstate.journeys.walk import exists, zone_of
from ccstate.journeys.ways import Place
from ccstate.kinds.call_test import moment_named
from ccstate.model import Address
from ccstate.rules.rule import Breach, Estate, Reach, Rule

_Clock: TypeAlias = tuple[timedelta | None, ...]
"""The offsets of a timezone from UTC over a year, twice a month."""

_INVERTED = re.compile(r"Etc/GMT([+-])([1-9][0-9]?)")


@cache
def _clock(zone: str, first: date) -> _Clock:
    noon = datetime(first.year, first.month, first.day, 12, tzinfo=UTC)
    there = zone_named(zone)
    return tuple((noon + timedelta(days=15 * n)).astimezone(there).utcoffset() for n in range(25))


def _changes(clock: _Clock) -> bool:
    return len(set(clock)) > 1


@cache
def _zones() -> Mapping[str, tuple[str, ...]]:
    """Read the timezones of each country, from zone.tab of the IANA database (in `tzdata`)."""
    from importlib.resources import files

    text = (files("tzdata") / "zoneinfo" / "zone.tab").read_text(encoding="utf-8")
    found: dict[str, list[str]] = {}
    for line in text.splitlines():
        if line and not line.startswith("#"):
            country, _, zone, *_ = line.split("\t")
            found.setdefault(country, []).append(zone)
    return {country: tuple(zones) for country, zones in found.items()}


def _odd_zones(estate: Estate) -> Iterator[Breach]:
    first = date(estate.today.year, estate.today.month, 1)
    sites = estate.of("site")
    countries = {(site.get("address") or {}).get("country") for site in sites.values()}
    countries.discard(None)
    for name, site in sites.items():
        country = (site.get("address") or {}).get("country")
        zones = _zones().get(country or "", ())
        address = Address("site", name)
        if inverted := _inverted(address, site["timezone"], zones, first):
            yield inverted
        elif zones and not _is_kept(site["timezone"], zones, first):
            yield Breach(
                address,
                ("timezone",),
                f"no clock in {country} shows the time of {site['timezone']}, that of {address}",
                "Calls there are listed, and its hours are meant, by a clock that no one looks at"
                + _unchanging(site["timezone"], first),
                f"name the timezone of the place: {_listed(zones)}",
            )
    here = [zone for country in sorted(map(str, countries)) for zone in _zones().get(country, ())]
    here += [site["timezone"] for site in sites.values()]
    for name, schedule in estate.of("schedule").items():
        zone = schedule["timezone"]
        address = Address("schedule", name)
        if inverted := _inverted(address, zone, here, first):
            yield inverted
            continue
        if _changes(_clock(zone, first)) or _is_kept(zone, here, first):
            continue
        # The zones of single sites tell: their country has summer time where they are.
        changing = [s for s in sites.values() if _changes(_clock(s["timezone"], first))]
        if changing and estate.year.phases_of(name) != {Phase.OPEN}:
            yield Breach(
                address,
                ("timezone",),
                f"{address} is meant in {zone}, whose clocks never change",
                "Those of the sites do: for half of the year its hours are an hour off.",
                f"name the timezone of the place: {_listed([changing[0]['timezone']])}",
            )


def _inverted(address: Address, zone: str, near: Iterable[str], first: date) -> Breach | None:
    """Report a timezone whose sign is probably meant the other way round.

    POSIX counts west of Greenwich: Etc/GMT-10 is ten hours ahead of UTC (tzdata, `etcetera`).
    """
    if not (match := _INVERTED.fullmatch(zone)):
        return None
    way = "ahead of" if match[1] == "-" else "behind"
    places = (other for other in near if not other.startswith("Etc/"))
    same = [other for other in places if _clock(other, first)[0] == _clock(zone, first)[0]]
    return Breach(
        address,
        ("timezone",),
        f"{address}: {zone} is {match[2]} hours {way} UTC",
        "The sign of these names is inverted, and they know no summer time.",
        f"name the timezone of the place, such as {_listed(same or ['Australia/Sydney'])}",
    )


def _is_kept(zone: str, zones: Iterable[str], first: date) -> bool:
    """Check whether clocks of one of the zones show the same time all the year."""
    return any(_clock(other, first) == _clock(zone, first) for other in zones)


def _unchanging(zone: str, first: date) -> str:
    return "." if _changes(_clock(zone, first)) else ", and that knows no summer time."


def _listed(zones: Iterable[str]) -> str:
    found = list(dict.fromkeys(zones))
    return ", ".join(found[:6]) + (", …" if len(found) > 6 else "")


def _odd_moments(estate: Estate) -> Iterator[Breach]:
    for name, test in estate.of("call_test").items():
        address = Address("call_test", name)
        start = estate.flow.entrance(Address("number", test["to"]))
        if start is None:
            continue
        zone = zone_of(estate.flow, start)
        at = moment_named(test["at"], zone)
        if at is None:  # only on a platform
            continue
        clock, day = f"{at:%H:%M}", at.date()
        if not exists(at):
            shown = at.astimezone(UTC).astimezone(zone)
            yield Breach(
                address,
                ("at",),
                f"{address}: clocks in {zone} go forward on {day}, and never show {clock}",
                f"The call is walked at {shown:%H:%M} instead.",
                "name a time before or after the hour that is left out",
            )
        elif at.utcoffset() != at.replace(fold=1).utcoffset():
            yield Breach(
                address,
                ("at",),
                f"{address}: clocks in {zone} go back on {day}, and show {clock} twice",
                f"The call is walked at the first, {at:%H:%M} with the offset {at:%z}.",
                "name a time before or after the hour that comes twice, if that matters",
            )
        elif day < estate.today - timedelta(days=DAYS):
            like = _day_like(estate, start, at)
            yield Breach(
                address,
                ("at",),
                f"{address} calls on {day}, more than a year ago",
                "It says what callers would have met, and nothing about those to come.",
                f"write {like}, when hours are the same, or remove the test"
                if like
                else "no day of the next twelve months has the same hours: remove the test",
            )


def _day_like(estate: Estate, start: Place, at: datetime) -> str:
    """Find the first day on which schedules say the same at that time; best the same weekday."""
    names = estate.flow.schedules(estate.flow.reached(start))
    phases = estate.year.phases(names, at)
    coming = [estate.today + timedelta(days=number) for number in range(1, DAYS)]
    for day in sorted(coming, key=lambda day: day.weekday() != at.weekday()):
        then = at.replace(year=day.year, month=day.month, day=day.day)
        is_plain = exists(then) and then.utcoffset() == then.replace(fold=1).utcoffset()
        if is_plain and estate.year.phases(names, then) == phases:
            return f"{then:%Y-%m-%dT%H:%M}"
    return ""


RULES: tuple[Rule, ...] = (
    Rule(
        "CC227",
        "timezone-of-no-place",
        Severity.WARNING,
        "A timezone has an inverted sign, or shows a time that no clock of the place does",
        _odd_zones,
        Reach.UNLABELLED,
    ),
    Rule(
        "CC228",
        "call-test-moment",
        Severity.WARNING,
        "A call test is more than a year old, or at a time that clocks show twice or never",
        _odd_moments,
        Reach.UNLABELLED,
    ),
)
