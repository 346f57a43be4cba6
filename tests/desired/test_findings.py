"""Sets are sorted in memory and written in the author's order: messages point at what is written."""

from itertools import permutations
from typing import Any

import pytest

from ccstate.desired.documents import parse
from ccstate.desired.findings import Finding, diagnose, source_paths
from ccstate.errors import Diagnostic
from ccstate.kinds import Path

SHUFFLED = """\
schedules:
  weekdays:
    timezone: Australia/Sydney
    weekly: {mon: ["13:00-17:00", "09:00-12:00"]}
    holidays:
      - {name: New Year, date: 2027-01-01}
      - {date: 2026-12-25, name: Christmas}
      - name: Boxing Day
        date: 2026-12-26
        until: 2026-12-24
    exceptions:
      - {date: 2026-12-31, hours: ["13:00-15:00", "09:00-10:00"]}
      - {date: 2026-12-24, hours: ["09:00-12:00"]}
"""


def place(path: Path, text: str = SHUFFLED) -> str:
    found = Finding("x.yaml", path, Diagnostic("CC111", ""), canonical=True)
    return str(diagnose([found], lambda _: text.encode())[0].span)


@pytest.mark.parametrize(
    "path,line",
    [
        (("holidays", 0), "7:9"),
        (("holidays", 1), "8:9"),
        (("holidays", 2), "6:9"),
        (("holidays", 1, "until"), "10:9"),
        (("holidays", 0, "until"), "7:9"),
        (("weekly", "mon", 0), "4:35"),
        (("exceptions", 0), "13:9"),
        (("exceptions", 1, "hours", 0), "12:51"),
        (("holidays", 9), "5:5"),
        (("label",), "2:3"),
    ],
)
def test_an_item_of_a_set_is_found_where_it_is_written(path: Path, line: str) -> None:
    assert place(("schedules", "weekdays", *path)) == f"x.yaml:{line}"


def test_a_message_about_a_holiday_points_at_it_wherever_it_is_written() -> None:
    _, _, findings = parse(SHUFFLED.encode(), "x.yaml")
    [problem] = diagnose(findings, lambda _: SHUFFLED.encode())
    assert str(problem.span) == "x.yaml:10:9"


def test_a_set_inside_a_mapping_of_mappings_is_found() -> None:
    site = {"areas": {"level-1": {"desks": ["d2", "d1"]}}}
    path = ("sites", "sydney", "areas", "level-1", "desks", 0)
    assert source_paths([path], {"sites": {"sydney": site}})[0][-1] == 1


def test_every_order_of_writing_leads_to_the_same_item() -> None:
    days: list[dict[str, Any]] = [
        {"date": "2026-12-26", "name": "Boxing Day"},
        {"date": "2026-12-25", "name": "Christmas Day"},
        {"date": "2026-04-25", "name": "Anzac Day"},
    ]
    for written in permutations(days):
        document = {"schedules": {"weekdays": {"holidays": list(written)}}}
        for place, day in enumerate(reversed(days)):
            [path] = source_paths([("schedules", "weekdays", "holidays", place)], document)
            assert written[int(path[-1])] == day


def test_a_member_of_a_queue_is_where_it_wsource_paths() -> None:
    document = {"queues": {"sales": {"members": [{"user": "zoe"}, {"user": "ann"}]}}}
    path = ("queues", "sales", "members", 0)
    assert source_paths([path], document) == [path]


def test_a_list_whose_order_means_something_stays_as_it_is() -> None:
    document = {"outbound_routes": {"all": {"trunks": ["b", "a"]}}}
    path = ("outbound_routes", "all", "trunks", 0)
    assert source_paths([path], document) == [path]
