import pytest

from ccstate.journeys.hours import WEEKDAYS
from ccstate.rules import Breach
from ccstate.rules.clocks import RULES
from tests.rules.estates import estate

RULE = {rule.code: rule for rule in RULES}
WEEK = 'weekly: {mon: ["09:00-17:00"]}'


def found(code: str, text: str, today: str = "2026-11-22") -> list[Breach]:
    return list(RULE[code].check(estate(text, today)))


# Timezones, CC227


def site(zone: str, country: str = "AU") -> str:
    return f"sites: {{s: {{timezone: {zone}, address: {{country: {country}}}}}}}\n"


@pytest.mark.parametrize(
    "zone, words",
    [
        ("Etc/GMT-10", "Etc/GMT-10 is 10 hours ahead of UTC"),
        ("Etc/GMT+5", "Etc/GMT+5 is 5 hours behind UTC"),
    ],
)
def test_the_sign_of_an_offset_is_reported_the_right_way_round(zone: str, words: str) -> None:
    schedule = f"schedules: {{office: {{timezone: {zone}, {WEEK}}}}}"
    for text in (schedule, f"sites: {{s: {{timezone: {zone}}}}}"):
        [reported] = found("CC227", text)
        assert words in reported.message
        assert reported.path == ("timezone",)


@pytest.mark.parametrize(
    "zone, country",
    [
        ("America/Panama", "US"),  # as EST: five hours behind, all the year
        ("UTC", "GB"),  # an hour off in summer
        ("Africa/Abidjan", "GB"),
        ("America/New_York", "AU"),
    ],
)
def test_a_site_keeps_the_time_of_some_clock_of_its_country(zone: str, country: str) -> None:
    [reported] = found("CC227", site(zone, country))
    assert f"no clock in {country} shows the time of {zone}" in reported.message


@pytest.mark.parametrize(
    "zone, country",
    [
        ("Australia/Brisbane", "AU"),  # no summer time
        ("America/Phoenix", "US"),
        ("Pacific/Honolulu", "US"),
        ("America/Panama", "PA"),
        ("UTC", "IS"),  # Iceland
        ("Australia/ACT", "AU"),  # an old name of Australia/Sydney
        ("Etc/UTC", "XX"),  # no such country: not judged
    ],
)
def test_a_place_without_summer_time_is_no_slip(zone: str, country: str) -> None:
    assert found("CC227", site(zone, country)) == []


def test_an_inverted_zone_is_never_named_in_place_of_itself() -> None:
    text = f"sites: {{s: {{timezone: Etc/GMT-10}}}}\nschedules: {{o: {{timezone: Etc/GMT-10, {WEEK}}}}}"
    reported = found("CC227", text)
    assert [finding.hint for finding in reported] == [
        "name the timezone of the place, such as Australia/Sydney"
    ] * 2


def test_hours_in_a_zone_that_never_changes_are_reported_where_clocks_of_the_sites_do() -> None:
    def reported(zone: str, place: str, week: str = WEEK) -> list[Breach]:
        return found("CC227", site(place) + f"schedules: {{o: {{timezone: {zone}, {week}}}}}")

    [wrong] = reported("UTC", "Australia/Sydney")
    assert "schedule/o is meant in UTC, whose clocks never change" in wrong.message
    assert "Australia/Sydney" in wrong.hint
    assert reported("Australia/Brisbane", "Australia/Sydney") == []
    assert reported("UTC", "Australia/Perth") == []
    always = ", ".join(f'{d}: ["00:00-24:00"]' for d in WEEKDAYS)
    assert reported("UTC", "Australia/Sydney", f"weekly: {{{always}}}") == []


# Call tests, CC228


def call_test(at: str, holidays: str = "holidays: []") -> str:
    return (
        f"schedules: {{o: {{timezone: Australia/Sydney, {WEEK}, {holidays}}}}}\n"
        'numbers: {"+61255501234": {to: hangup, hours: o}}\n'
        f'call_tests: {{t: {{to: "+61255501234", at: "{at}", expect: [hangup]}}}}'
    )


@pytest.mark.parametrize(
    "at, words, cause",
    [
        # Sydney, 3 October 2027: 02:00 is 03:00. 4 April 2027: 03:00 is 02:00 again.
        ("2027-10-03T02:30", "never show 02:30", "walked at 03:30"),
        ("2027-04-04T02:30", "show 02:30 twice", "the first, 02:30 with the offset +1100"),
        ("2025-11-20T10:00", "2025-11-20, more than a year ago", ""),
        ("2020-04-05T02:30", "show 02:30 twice", "the first"),
        ("2020-06-01T10:00", "2020-06-01, more than a year ago", ""),
    ],
)
def test_a_call_at_a_moment_that_is_none_or_years_ago_is_reported(
    at: str, words: str, cause: str
) -> None:
    [reported] = found("CC228", call_test(at))
    assert words in reported.message
    assert cause in reported.cause
    assert reported.path == ("at",)


@pytest.mark.parametrize(
    "at",
    ["2027-10-03T01:59", "2027-10-03T03:00", "2027-04-04T01:59", "2027-04-04T03:00",
     "2026-11-21T10:00", "2025-11-21T10:00"],
)  # fmt: skip
def test_a_call_beside_the_change_of_clocks_or_of_this_year_is_not_reported(at: str) -> None:
    assert found("CC228", call_test(at)) == []


@pytest.mark.parametrize(
    "at, hint",
    [
        # Today is Sunday, 22 November 2026. 2 March 2020 was a Monday.
        ("2020-03-02T10:00", "write 2026-11-23T10:00,"),
        ("2020-03-01T10:00", "write 2026-11-29T10:00,"),
        # Christmas Day, Friday in 2020 and 2026; the last Wednesday of 2019 was one too.
        ("2020-12-25T10:00", "write 2026-12-25T10:00,"),
        ("2019-12-25T10:00", "write 2026-12-25T10:00,"),
        ("2021-03-14T02:30", "write 2026-11-29T02:30,"),
    ],
)
def test_a_call_of_years_ago_is_reported_with_the_next_day_that_is_like_it(
    at: str, hint: str
) -> None:
    holidays = 'holidays: [{name: Christmas Day, every: "12-25"}]'
    [reported] = found("CC228", call_test(at, holidays))
    assert reported.hint.startswith(hint)


def test_a_call_on_a_day_that_does_not_come_again_can_only_be_removed() -> None:
    [reported] = found("CC228", call_test("2022-09-22T10:00", JUBILEE))
    assert reported.hint == "no day of the next twelve months has the same hours: remove the test"


JUBILEE = 'holidays: [{name: Day of Mourning, date: "2022-09-22"}]'
