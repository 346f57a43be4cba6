"""`ccstate holidays`: a calendar is written, grows, and nothing else in its file changes."""

from pathlib import Path

import pytest

from tests.cli.screens import Screen

STATE = "teams: {a: {}}\n"
FILE = "desired_state/calendars.yaml"


@pytest.fixture
def screen(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Screen:
    (tmp_path / "desired_state").mkdir()
    (tmp_path / "ccstate.yaml").write_text(
        "version: 1\ntargets: {demo: {adapter: embedded}}\n", encoding="utf-8"
    )
    (tmp_path / "desired_state" / "all.yaml").write_text(STATE, encoding="utf-8")
    return Screen(tmp_path, capsys)


def test_a_calendar_is_written_and_grows_by_the_years_that_it_lacks(screen: Screen) -> None:
    assert screen.run("holidays", "au-nsw", "2027") == 0
    assert "Wrote calendar/au-nsw with 14 holidays" in screen.out
    assert "calendars: [au-nsw]" in screen.err
    path = screen.folder / FILE
    assert screen.run("fmt") == 0
    before = path.read_text(encoding="utf-8").replace("au-nsw:", "au-nsw:  # mine") + "# the end\n"
    path.write_text(before, encoding="utf-8")
    assert screen.run("holidays", "AU-NSW", "2027", "2028") == 0
    assert "Added 12 holidays to calendar/au-nsw" in screen.out
    after = path.read_text(encoding="utf-8")
    added = after.removeprefix(before.removesuffix("# the end\n")).removesuffix("# the end\n")
    assert len(added.splitlines()) == 12
    assert all('date: "2028-' in line for line in added.splitlines())
    assert screen.run("holidays", "AU-NSW", "2027", "2028") == 0
    assert "has all of these 26 holidays already" in screen.out
    assert path.read_text(encoding="utf-8") == after
    assert screen.run("fmt", "--check") == 0


def test_a_calendar_between_brackets_grows_too(screen: Screen) -> None:
    text = 'calendars: {de: {holidays: [{name: Weihnachten, every: "12-25"}]}}  # short\n'
    (screen.folder / "desired_state" / "all.yaml").write_text(text, encoding="utf-8")
    assert screen.run("holidays", "DE", "2027") == 0
    after = (screen.folder / "desired_state" / "all.yaml").read_text(encoding="utf-8")
    assert after.startswith('calendars: {de: {holidays: [{name: Weihnachten, every: "12-25"}, {')
    assert after.endswith("]}}  # short\n")
    assert "2027-12-26" in after
    assert "2027-12-25" not in after


def test_a_file_of_events_becomes_a_calendar_of_its_name(screen: Screen) -> None:
    path = screen.folder / "council.ics"
    path.write_bytes(
        b"BEGIN:VCALENDAR\r\nX-WR-CALNAME:Town Hall\r\n"
        b"BEGIN:VEVENT\r\nSUMMARY:Cup Day\r\nDTSTART;VALUE=DATE:20271102\r\nEND:VEVENT\r\n"
        b"BEGIN:VEVENT\r\nSUMMARY:\x1b[2J\r\nRRULE:FREQ=DAILY\r\nDTSTART:20270101T0\r\n"
        b"END:VEVENT\r\nEND:VCALENDAR\r\n"
    )
    assert screen.run("holidays", "--ics", str(path), "2027") == 0
    assert "Wrote calendar/town-hall with 1 holiday to" in screen.out
    assert "left out:" in screen.err
    assert "\x1b" not in screen.err
    written = (screen.folder / FILE).read_text(encoding="utf-8")
    assert '{name: Cup Day, date: "2027-11-02"}' in written


@pytest.mark.parametrize(
    "arguments, code, words",
    [
        (("AU-NWS", "2027"), "CC815", 'did you mean "AU-NSW"?'),
        (("--ics", "desired_state/all.yaml", "2027"), "CC816", "no iCalendar file"),
        (("AU-NSW", "2027", "--file", "../x.yaml"), "CC804", "outside"),
        (("AU-NSW",), "", "Name the years"),
        ((), "", "Name a country"),
        (("AU", "27"), "", "no year"),
        (("AU", "2027", "--name", "A B"), "", "cannot name a calendar"),
    ],
)
def test_what_cannot_be_written_is_reported(
    screen: Screen,
    monkeypatch: pytest.MonkeyPatch,
    arguments: tuple[str, ...],
    code: str,
    words: str,
) -> None:
    monkeypatch.chdir(screen.folder)
    assert screen.run("holidays", *arguments) == 1
    assert code in screen.err
    assert words in screen.err
    assert not (screen.folder / FILE).exists()


def test_a_file_without_days_in_the_year_writes_nothing(screen: Screen) -> None:
    path = screen.folder / "empty.ics"
    path.write_bytes(b"BEGIN:VCALENDAR\r\nEND:VCALENDAR\r\n")
    assert screen.run("holidays", "--ics", str(path), "2027") == 1
    assert "CC817" in screen.err
    assert not (screen.folder / FILE).exists()
