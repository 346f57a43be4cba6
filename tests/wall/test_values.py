"""What a figure reads, when it turns amber or red, and which message it is time for."""

from datetime import datetime
from typing import Any, get_args

import pytest

from ccstate.kinds.display import MeasureName
from ccstate.measures import MEASURES
from ccstate.wall.values import level_of, limits_of, message_at, shown_value, words_of


@pytest.mark.parametrize(
    "unit, value, words",
    [
        ("calls", 0, "0"),
        ("calls", 12_345, "12,345"),
        ("agents", 7, "7"),
        ("percent", 82.4, "82\N{NARROW NO-BREAK SPACE}%"),
        ("percent", 99.5, "100\N{NARROW NO-BREAK SPACE}%"),
        ("percent", 2.5, "3\N{NARROW NO-BREAK SPACE}%"),
        ("seconds", 0, "0:00"),
        ("seconds", 205.9, "3:25"),
        ("seconds", 3_599, "59:59"),
        ("seconds", 5_099, "1 h 24"),
        ("seconds", 36_000, "10 h"),
        ("percent", None, "–"),
    ],
)
def test_a_figure_in_words(unit: str, value: float | None, words: str) -> None:
    assert words_of(unit, value) == words


@pytest.mark.parametrize(
    "measure, warn, alarm, value, level",
    [
        ("waiting", "5", "12", 4, ""),
        ("waiting", "5", "12", 5, "warn"),
        ("waiting", "5", "12", 12, "alarm"),
        ("waiting", None, "12", 11, ""),
        ("waiting", "5", None, 400, "warn"),
        ("longest_wait", "2m", "1h", 119, ""),
        ("longest_wait", "2m", "1h", 120, "warn"),
        ("longest_wait", "2m", "1h", 3600, "alarm"),
        ("service_level", "80%", "65%", 81, ""),
        ("service_level", "80%", "65%", 80, "warn"),
        ("service_level", "80%", "65%", 65, "alarm"),
        ("agents_ready", "4", "2", 0, "alarm"),
        # Whether many answered calls are good news, the order of the two says.
        ("answered", "5", "9", 9, "alarm"),
        ("answered", "9", "5", 5, "alarm"),
        ("answered", "9", "5", 10, ""),
        ("waiting", None, None, 400, ""),
    ],
)
def test_a_threshold_is_reached_at_its_value(
    measure: str, warn: str | None, alarm: str | None, value: int, level: str
) -> None:
    limits = limits_of({"measure": measure, "warn": warn, "alarm": alarm})
    assert level_of(limits, value) == level
    assert level_of(limits, None) == ""


def test_colour_and_words_never_disagree() -> None:
    limits = limits_of({"measure": "service_level", "warn": "80%"})
    for tenths in range(780, 820):
        shown = shown_value("percent", tenths / 10)
        is_amber = level_of(limits, shown) == "warn"
        assert is_amber == (int(words_of("percent", tenths / 10)[:-2]) <= 80)


MESSAGES: list[dict[str, Any]] = [
    {"text": "Meeting", "weekly": {"mon": ["14:30-15:00"]}},
    {
        "text": "Night",
        "weekly": {"sun": ["22:00-06:00"]},
        "since": "2026-12-06",
        "until": "2026-12-06",
    },
    {"text": "Christmas", "since": "2026-12-24", "until": "2026-12-26"},
    {"text": "Late", "weekly": {"sat": ["20:00-24:00"]}},
]


@pytest.mark.parametrize(
    "moment, text",
    [
        ("2026-11-30T14:29", ""),
        ("2026-11-30T14:30", "Meeting"),  # a Monday
        ("2026-11-30T15:00", ""),
        ("2026-12-06T21:59", ""),
        ("2026-12-06T22:00", "Night"),  # a Sunday
        ("2026-12-07T05:59", "Night"),
        ("2026-12-07T06:00", ""),
        ("2026-12-13T23:00", ""),
        ("2026-12-24T00:00", "Christmas"),
        ("2026-12-26T19:59", "Christmas"),  # a Saturday
        ("2026-12-19T23:59", "Late"),
        ("2026-12-20T00:00", ""),
    ],
)
def test_the_first_message_whose_time_it_is(moment: str, text: str) -> None:
    assert message_at(MESSAGES, datetime.fromisoformat(moment)) == text


def test_a_wall_shows_every_measure() -> None:
    assert get_args(MeasureName) == tuple(MEASURES)
