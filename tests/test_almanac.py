"""Holidays of countries and of iCalendar files: what is known of them elsewhere, and hostile files."""

from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ccstate.almanac import LARGEST, IcsContent, parts_of, public_holidays, read_ics
from ccstate.errors import InvalidInput
from ccstate.kinds import KINDS


def ics(*events: str) -> bytes:
    """A file with events, each of some lines."""
    inside = "".join(f"BEGIN:VEVENT\r\n{event}\r\nEND:VEVENT\r\n" for event in events)
    return f"BEGIN:VCALENDAR\r\nVERSION:2.0\r\n{inside}END:VCALENDAR\r\n".encode()


def days(read: IcsContent) -> list[str]:
    """`date`, `date..until` or `date hours` of every entry."""
    found: list[dict[str, Any]] = [*read.entries]
    return [
        entry["date"]
        + (f"..{entry['until']}" if "until" in entry else "")
        + "".join(f" {part}" for part in entry.get("hours", ()))
        for entry in found
    ]


def test_new_south_wales_has_the_holidays_that_its_government_names() -> None:
    # https://www.nsw.gov.au/about-nsw/public-holidays, also in the worked example of the docs.
    assert [entry["date"] for entry in public_holidays("AU-NSW", [2027])] == [
        "2027-01-01", "2027-01-26", "2027-03-26", "2027-03-27", "2027-03-28", "2027-03-29",
        "2027-04-25", "2027-04-26", "2027-06-14", "2027-10-04", "2027-12-25", "2027-12-26",
        "2027-12-27", "2027-12-28",
    ]  # fmt: skip


def test_names_are_english_where_the_library_has_them() -> None:
    names = {entry["name"] for entry in public_holidays("DE-BY", [2027])}
    assert {"Good Friday", "All Saints' Day"} <= names


@pytest.mark.parametrize(
    "code, hint",
    [
        ("AU-NWS", 'did you mean "AU-NSW"?'),
        ("XX", "write it as AU or AU-NSW"),
        ("AU-ZZZZZZ", "AU: AU-ACT, AU-NSW"),
        ("", "write it as AU or AU-NSW"),
    ],
)
def test_an_unknown_code_is_refused_with_those_that_are_near(code: str, hint: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        public_holidays(code, [2027])
    [problem] = refused.value.problems
    assert problem.code == "CC815"
    assert problem.hint.startswith(hint)


def test_parts_of_a_country_are_known() -> None:
    assert "AU-NSW" in parts_of("AU")
    assert parts_of("SG") == []


@pytest.mark.parametrize(
    "event, expected",
    [
        ("DTSTART;VALUE=DATE:20271225", ["2027-12-25"]),
        ("DTSTART;VALUE=DATE:20261225", []),
        ("DTSTART;VALUE=DATE:20271224\r\nDTEND;VALUE=DATE:20271228", ["2027-12-24..2027-12-27"]),
        ("DTSTART;VALUE=DATE:20261230\r\nDTEND;VALUE=DATE:20270103", ["2026-12-30..2027-01-02"]),
        ("DTSTART;VALUE=DATE:20271225\r\nDURATION:P2D", ["2027-12-25..2027-12-26"]),
        ("DTSTART:20271224T120000\r\nDTEND:20271225T000000", ["2027-12-24 12:00-24:00"]),
        ("DTSTART:20271224T000000\r\nDTEND:20271226T000000", ["2027-12-24..2027-12-25"]),
        ("DTSTART;TZID=Australia/Sydney:20270601T140000\r\nDURATION:PT30M",
         ["2027-06-01 14:00-14:30"]),
        ("DTSTART;VALUE=DATE:20001225\r\nRRULE:FREQ=YEARLY", ["2027-12-25"]),
        # Labour Day in New South Wales is the first Monday of October: 4 October 2027.
        ("DTSTART;VALUE=DATE:20201005\r\nRRULE:FREQ=YEARLY;BYMONTH=10;BYDAY=1MO", ["2027-10-04"]),
        # Memorial Day in the United States is the last Monday of May: 31 May 2027.
        ("DTSTART;VALUE=DATE:20200525\r\nRRULE:FREQ=YEARLY;BYMONTH=5;BYDAY=-1MO", ["2027-05-31"]),
        ("DTSTART;VALUE=DATE:20240229\r\nRRULE:FREQ=YEARLY", []),
        ("DTSTART;VALUE=DATE:20241225\r\nRRULE:FREQ=YEARLY;COUNT=3", []),
        ("DTSTART;VALUE=DATE:20241225\r\nRRULE:FREQ=YEARLY;COUNT=4", ["2027-12-25"]),
        ("DTSTART;VALUE=DATE:20241225\r\nRRULE:FREQ=YEARLY;UNTIL=20261231", []),
        ("DTSTART;VALUE=DATE:20241225\r\nRRULE:FREQ=YEARLY;INTERVAL=2", []),
        ("DTSTART;VALUE=DATE:20251225\r\nRRULE:FREQ=YEARLY;INTERVAL=2", ["2027-12-25"]),
        ("DTSTART;VALUE=DATE:20241225\r\nRRULE:FREQ=YEARLY\r\nEXDATE;VALUE=DATE:20271225", []),
        ("DTSTART;VALUE=DATE:20261230\r\nDTEND;VALUE=DATE:20270103\r\nRRULE:FREQ=YEARLY",
         ["2026-12-30..2027-01-02", "2027-12-30..2028-01-02"]),
        ("DTSTART;VALUE=DATE:20271225\r\nSTATUS:CANCELLED", []),
    ],
)  # fmt: skip
def test_an_event_becomes_the_days_that_it_has_in_the_year(event: str, expected: list[str]) -> None:
    read = read_ics(ics(f"SUMMARY:Day\r\n{event}"), "x.ics", [2027])
    assert (days(read), read.left_out) == (expected, [])


@pytest.mark.parametrize(
    "event, why",
    [
        ("SUMMARY:x", "no DTSTART"),
        ("DTSTART:20271224T120000Z\r\nDTEND:20271224T130000Z", "in UTC"),
        ("DTSTART:20271224T220000\r\nDTEND:20271225T020000", "over midnight"),
        ("DTSTART;VALUE=DATE:20271332", "is no date"),
        ("DTSTART;VALUE=DATE:99991231", "too far away"),
        ("DTSTART;VALUE=DATE:20271225\r\nDTEND;VALUE=DATE:20271201", "ends before it begins"),
        ("DTSTART;VALUE=DATE:20271225\r\nRRULE:FREQ=SECONDLY", "no days of a year"),
        ("DTSTART;VALUE=DATE:20271225\r\nRRULE:FREQ=YEARLY;BYYEARDAY=1", "no days of a year"),
        ("DTSTART;VALUE=DATE:20271225\r\nRRULE:FREQ=YEARLY;BYMONTH=x", "cannot be read"),
        ("DTSTART;VALUE=DATE:20271225\r\nRRULE:FREQ=YEARLY;INTERVAL=0", "not followed"),
        ("DTSTART;VALUE=DATE:20271225\r\nRRULE:FREQ=YEARLY;BYDAY=1MO", "not followed"),
        ("DTSTART;VALUE=DATE:20271225\r\nRDATE;VALUE=DATE:20271226", "not followed"),
    ],
)
def test_what_is_not_understood_is_left_out_and_reported(event: str, why: str) -> None:
    read = read_ics(ics(event, "SUMMARY:Good\r\nDTSTART;VALUE=DATE:20270101"), "x.ics", [2027])
    assert days(read) == ["2027-01-01"]
    [reason] = read.left_out
    assert reason.startswith("x.ics:3: ")
    assert why in reason


def test_folded_lines_escapes_and_the_name_of_the_calendar_are_read() -> None:
    data = (
        b"BEGIN:VCALENDAR\r\nX-WR-CALNAME:Public\r\n  Holidays\r\nBEGIN:VEVENT\r\n"
        b"SUMMARY:King's Birthday\\, and \x1b[31mmore\r\nDTSTART;VALUE=DATE:20270614\r\n"
        b"END:VEVENT\r\nEND:VCALENDAR\r\n"
    )
    read = read_ics(data, "x.ics", [2027])
    assert read.name == "Public Holidays"
    assert read.entries == [{"name": "King's Birthday, and [31mmore", "date": "2027-06-14"}]


def test_timezones_of_a_file_are_not_looked_at() -> None:
    # A rule of seconds without an end, in the place where readers of timezones follow it.
    zone = "BEGIN:VTIMEZONE\r\nTZID:x\r\nBEGIN:STANDARD\r\nDTSTART:19700101T000000\r\n"
    zone += "RRULE:FREQ=SECONDLY\r\nEND:STANDARD\r\nEND:VTIMEZONE\r\n"
    event = "BEGIN:VEVENT\r\nSUMMARY:A\r\nDTSTART;VALUE=DATE:20270101\r\nEND:VEVENT\r\n"
    read = read_ics(f"BEGIN:VCALENDAR\r\n{zone}{event}".encode(), "x.ics", [2027])
    assert days(read) == ["2027-01-01"]


@pytest.mark.parametrize(
    "data, why",
    [
        (b"x" * (LARGEST + 1), "larger than 1 MB"),
        (b"BEGIN:VCALENDAR\r\n\xff", "no UTF-8 text"),
        (b"hello", "no iCalendar file"),
        (b"", "no iCalendar file"),
        (
            ics(*(f"DTSTART;VALUE=DATE:20270101\r\nSUMMARY:{n}" for n in range(1_001))),
            "more than 1,000 holidays",
        ),
    ],
)
def test_a_file_that_is_none_or_too_large_is_refused(data: bytes, why: str) -> None:
    with pytest.raises(InvalidInput, match=why) as refused:
        read_ics(data, "x.ics", [2027])
    assert [problem.code for problem in refused.value.problems] == ["CC816"]


LINES = st.sampled_from(
    [
        "BEGIN:VEVENT", "END:VEVENT", "BEGIN:VTIMEZONE", "END:VCALENDAR", "SUMMARY:Day",
        "DTSTART;VALUE=DATE:20270101", "DTSTART:20270101T250000", "DTEND;VALUE=DATE:00010101",
        "DURATION:P9999D", "DURATION:-P1D", "RRULE:FREQ=YEARLY;COUNT=10000;BYMONTH=2;BYMONTHDAY=30",
        "RRULE:FREQ=YEARLY;INTERVAL=99999999999;BYDAY=MO,TU,WE,TH,FR,SA,SU;BYMONTH=1,2,3,4,5,6",
        "RRULE:FREQ=YEARLY;BYMONTH=0,13,-1;BYMONTHDAY=0,-40,40", "RRULE:=;;=", "EXDATE:x,y",
        "STATUS:", ";:", " folded", "X-WR-CALNAME:\\", 'A;B="', "RRULE:" + "9" * 5_000,
        "DTSTART;VALUE=DATE:20270229", "RRULE:FREQ=YEARLY;UNTIL=2",
    ]
) | st.text(max_size=20)  # fmt: skip


@given(st.lists(LINES, max_size=25))
def test_whatever_a_file_says_its_entries_are_holidays(lines: list[str]) -> None:
    text = "\r\n".join(["BEGIN:VCALENDAR", "BEGIN:VEVENT", *lines, "END:VEVENT"])
    try:
        read = read_ics(text.encode(errors="replace"), "x.ics", [2027, 2028])
    except InvalidInput:
        return
    fields: dict[str, Any] = {"holidays": read.entries}
    KINDS["calendar"].model.model_validate(fields)
    for entry in read.entries:
        last = date.fromisoformat(str(entry.get("until") or entry["date"]))
        assert last >= date(2027, 1, 1) >= date(1900, 1, 1)


def test_rules_without_an_end_are_followed_in_the_years_only() -> None:
    rule = "SUMMARY:{}\r\nDTSTART;VALUE=DATE:19000101\r\nRRULE:FREQ=YEARLY;COUNT=10000;BYMONTH=2;"
    events = [f"{rule.format(n)}BYMONTHDAY=30" for n in range(2_000)]
    assert read_ics(ics(*events), "x.ics", [2027]).entries == []
