"""Windows against a model that looks at the clock on the wall, minute by minute, over changes of clocks."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ccstate.desired.policy import Period, PolicyForm
from ccstate.policy import Policy, opening_at
from ccstate.policy.windows import spans

WEEKDAYS = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
# Clocks turn there within the days below: by an hour at 02:00 or 03:00, at midnight, by half an hour.
TURNS = {
    "Australia/Sydney": datetime(2027, 4, 3, tzinfo=UTC),
    "Europe/Berlin": datetime(2026, 10, 24, tzinfo=UTC),
    "America/New_York": datetime(2027, 3, 13, tzinfo=UTC),
    "Asia/Beirut": datetime(2026, 10, 24, tzinfo=UTC),
    "Australia/Lord_Howe": datetime(2026, 10, 3, tzinfo=UTC),
    "UTC": datetime(2026, 12, 30, tzinfo=UTC),
}
MINUTE = timedelta(minutes=1)


def holds(period: Period, clock: datetime) -> bool:
    """Say whether a period holds by what a clock and a calendar on the wall show: the model."""
    if period.start and period.end:
        return period.start <= f"{clock:%Y-%m-%dT%H:%M}" < period.end
    for text in period.hours or ["00:00-24:00"]:
        first, last = text.split("-")
        time, today, yesterday = f"{clock:%H:%M}", clock, clock - timedelta(days=1)
        if first < last:
            if first <= time < last and _is_day(period, today):
                return True
        elif (time >= first and _is_day(period, today)) or (
            time < last and _is_day(period, yesterday)
        ):
            return True
    return False


def _is_day(period: Period, day: datetime) -> bool:
    iso, year_day = f"{day:%Y-%m-%d}", f"{day:%m-%d}"
    if period.date and not period.date <= iso <= (period.until or period.date):
        return False
    if period.every:
        first, last = period.every, period.until or period.every
        inside = first <= year_day <= last if first <= last else not last < year_day < first
        if not inside:
            return False
    if period.weekdays and f"{day:%a}".lower() not in period.weekdays:
        return False
    if period.nth:
        same = [day.replace(day=n) for n in range(1, 29)]
        month = [d for d in same if d.weekday() == day.weekday()]
        later = day.replace(day=28) + timedelta(days=1)
        while later.month == day.month:
            if later.weekday() == day.weekday():
                month.append(later)
            later += timedelta(days=1)
        names = dict(enumerate(["first", "second", "third", "fourth"]))
        place = [d.day for d in month].index(day.day)
        said = {names.get(place, ""), "last" if place == len(month) - 1 else ""}
        return bool(said & set(period.nth))
    return True


TIMES = st.sampled_from(
    ["00:00", "00:30", "01:30", "02:00", "02:15", "02:30", "03:00", "12:00", "22:00", "23:30"]
)
HOURS = st.builds(lambda a, b: f"{a}-{b}", TIMES, st.one_of(TIMES, st.just("24:00"))).filter(
    lambda text: text[:5] != text[6:]
)


@st.composite
def periods(draw: st.DrawFn, begin: datetime) -> Period:
    days = [f"{begin + timedelta(days=n):%Y-%m-%d}" for n in range(-3, 5)]
    form = draw(st.sampled_from(["single", "days", "every", "weekly", "nth"]))
    if form == "single":
        ends = sorted(
            draw(
                st.lists(
                    st.builds(lambda day, time: f"{day}T{time}", st.sampled_from(days), TIMES),
                    min_size=2,
                    max_size=2,
                    unique=True,
                )
            )
        )
        return Period(start=ends[0], end=ends[1])
    hours = draw(st.one_of(st.none(), st.lists(HOURS, min_size=1, max_size=3, unique=True)))
    if form == "days":
        first = draw(st.sampled_from(days))
        until = draw(st.one_of(st.none(), st.sampled_from([d for d in days if d >= first])))
        return Period(date=first, until=until, hours=hours)
    if form == "every":
        first, last = (draw(st.sampled_from(days))[5:] for _ in range(2))
        return Period(every=first, until=last, hours=hours)
    weekdays = draw(st.lists(st.sampled_from(WEEKDAYS), min_size=1, unique=True))
    nth = None
    if form == "nth":
        named = ["first", "second", "third", "fourth", "last"]
        nth = draw(st.lists(st.sampled_from(named), min_size=1, unique=True))
    return Period.model_validate({"weekdays": weekdays, "nth": nth, "hours": hours})


@settings(max_examples=100, deadline=None)
@given(st.data(), st.sampled_from(sorted(TURNS)))
def test_a_period_is_when_the_clock_on_the_wall_says_so(data: st.DataObject, zone: str) -> None:
    begin = TURNS[zone]
    period = data.draw(periods(begin))
    whole = begin, begin + timedelta(days=3)
    found = spans(period, zone, {}, whole)
    moment, timezone = begin, ZoneInfo(zone)
    while moment < whole[1]:
        expected = holds(period, moment.astimezone(timezone).replace(tzinfo=None))
        assert any(a <= moment < b for a, b in found) == expected, moment.astimezone(timezone)
        moment += 15 * MINUTE
    assert found == sorted(found)
    assert all(a < b for a, b in found)


@settings(max_examples=40, deadline=None)
@given(st.data(), st.sampled_from(sorted(TURNS)), st.integers(0, 3 * 96 - 1))
def test_the_next_moment_is_the_first_in_a_window_and_in_no_freeze(
    data: st.DataObject, zone: str, quarter: int
) -> None:
    begin = TURNS[zone]
    window, freeze = data.draw(periods(begin)), data.draw(periods(begin))
    form = PolicyForm(timezone=zone, windows={"w": window}, freezes={"f": freeze})
    now = begin + 15 * quarter * MINUTE
    found = opening_at(Policy(form), [(("w",), ("f",))], now)
    timezone = ZoneInfo(zone)

    def is_open(moment: datetime) -> bool:
        clock = moment.astimezone(timezone).replace(tzinfo=None)
        return holds(window, clock) and not holds(freeze, clock)

    assert found.is_open == is_open(now)
    limit = now + timedelta(days=4)
    moment = now
    while moment < limit and is_open(moment) == found.is_open:
        moment += 15 * MINUTE
    if moment < limit:
        assert found.until == moment
    else:
        assert found.until is None or found.until >= limit


def test_a_period_has_the_timezone_of_its_own() -> None:
    period = Period(date="2026-12-24", hours=["10:00-12:00"], timezone="Europe/Berlin")
    day = datetime(2026, 12, 24, tzinfo=UTC)
    found = spans(period, "Australia/Sydney", {}, (day, day + timedelta(days=1)))
    assert found == [(day + timedelta(hours=9), day + timedelta(hours=11))]


@pytest.mark.parametrize(
    "hours, day, expected",
    [
        # 4 April 2027, Sydney: the clock goes from 03:00 back to 02:00, at 16:00 UTC of the day before.
        ("02:00-03:00", "2027-04-04", [("2027-04-03T15:00", "2027-04-03T17:00")]),
        (
            "02:00-02:30",
            "2027-04-04",
            [("2027-04-03T15:00", "2027-04-03T15:30"), ("2027-04-03T16:00", "2027-04-03T16:30")],
        ),
        # 4 October 2026, Sydney: the clock goes from 02:00 on to 03:00, at 16:00 UTC of the day before.
        ("02:00-03:00", "2026-10-04", []),
        ("01:00-04:00", "2026-10-04", [("2026-10-03T15:00", "2026-10-03T17:00")]),
        ("22:00-04:00", "2026-10-03", [("2026-10-03T12:00", "2026-10-03T17:00")]),
    ],
)
def test_hours_of_a_night_when_clocks_turn(
    hours: str, day: str, expected: list[tuple[str, str]]
) -> None:
    start = datetime.fromisoformat(f"{day}T00:00+00:00") - timedelta(days=2)
    period = Period(date=day, hours=[hours])
    found = spans(period, "Australia/Sydney", {}, (start, start + timedelta(days=5)))
    assert [(f"{a:%Y-%m-%dT%H:%M}", f"{b:%Y-%m-%dT%H:%M}") for a, b in found] == expected
