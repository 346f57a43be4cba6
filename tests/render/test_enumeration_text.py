"""Every call in words: ways of pressing keys, groups of hours, the sum and the proof."""

from collections.abc import Sequence
from datetime import date

import pytest

from ccstate.journeys.centre import Centre
from ccstate.journeys.enumeration import Decision, Tally, calls
from ccstate.journeys.flow import Flow
from ccstate.journeys.moments import Year
from ccstate.journeys.ways import End, Event, Place
from ccstate.model import Address, Fields
from ccstate.render.enumeration import (
    MOST_ENDS,
    MOST_ROUNDS,
    fitting_sections,
    number_markdown,
    number_text,
    sum_markdown,
    sum_text,
)
from ccstate.render.enumeration_words import (
    EndPaths,
    HoursGroup,
    NumberCalls,
    asked,
    number_calls,
    path_words,
)
from ccstate.render.text import PLAIN


def key(keys: str) -> Decision:
    return Event.KEY, keys


SILENCE: Decision = (Event.SILENCE, "")
WRONG: Decision = (Event.WRONG_KEY, "")
TEN: Decision = (Event.DIGITS, "1" * 10)


@pytest.mark.parametrize(
    "paths, words",
    [
        ([()], ""),
        ([(key("1"),)], "press 1"),
        ([(key("0"),), (key("1"),), (key("*"),)], "press 1, 0 or star"),
        ([(SILENCE,), (key("0"),), (WRONG,)], "press 0, silence or a wrong key"),
        ([(SILENCE,), (WRONG,)], "silence or a wrong key"),
        ([(TEN,)], "10 digits"),
        ([((Event.DIGITS, "1#"),)], "1 digit or more"),
        (
            [(key("2"), given, key(last)) for given in (TEN, SILENCE) for last in "13"],
            "press 2, then 10 digits or silence, then 1 or 3",
        ),
        ([(key("1"),), (key("2"), key("1"))], "press 1; press 2, then 1"),
        ([(key("1"), key("1")), (key("2"), key("2"))], "press 1, then 1; press 2, then 2"),
    ],
)
def test_ways_of_pressing_keys_are_shown_together(
    paths: list[Sequence[Decision]], words: str
) -> None:
    assert path_words(paths, 4) == words


def test_many_ways_are_counted() -> None:
    paths = [(key(k), key(k)) for k in "12345"]
    assert path_words(paths, 2) == "press 1, then 1; press 2, then 2; 3 more ways"


def test_what_became_of_waits_is_not_pressed() -> None:
    assert asked([key("1"), (Event.NO_ANSWER, ""), (Event.FULL, ""), SILENCE]) == (
        key("1"),
        SILENCE,
    )


def flow(objects: dict[str, Fields]) -> Flow:
    return Flow(Centre({Address(*text.split("/", 1)): f for text, f in objects.items()}))


ROUND = flow(
    {
        "queue/ping": {"label": "Ping", "overflow": {"after": "1m", "to": "queue/pong"}},
        "queue/pong": {"label": "Pong", "overflow": {"after": "1m", "to": "queue/ping"}},
        "number/+61255501235": {"label": "Round", "to": "queue/ping"},
        "number/+61255501236": {"label": "Lost", "to": "queue/gone"},
    }
)


def enumerated(centre: Flow, name: str, most: int = 2_000) -> tuple[str, Tally]:
    found = calls(centre, Year(centre.centre, date(2026, 11, 22)), Place("number", name), most)
    tally = Tally()
    tally.add(found)
    return number_text(number_calls(centre, found), 3, 80, PLAIN), tally


def test_rounds_are_shown_by_their_places() -> None:
    text, tally = enumerated(ROUND, "+61255501235")
    ring = "Ping (queue/ping) → Pong (queue/pong) → Ping (queue/ping)"
    assert f"goes round for ever: {ring}" in text
    total = sum_text(ROUND, tally, "2026-11-22", 80, PLAIN)
    assert "Round (+61255501235) goes round for ever:" in " ".join(total.split())
    assert "Every call ends" not in total


def test_a_call_that_is_cut_off_is_counted_as_bad() -> None:
    text, tally = enumerated(ROUND, "+61255501236")
    assert "→ cut off" in text
    total = sum_text(ROUND, tally, "2026-11-22", 80, PLAIN)
    assert "1 are cut off" not in total
    assert "1 is cut off" in total
    assert "none ends badly" not in total
    assert "1 is cut off" in sum_markdown(ROUND, tally, "2026-11-22")


MANY = flow(
    {
        "prompt/ask": {"languages": {"en-AU": {"text": "Which?"}}},
        "schedule/days": {
            "timezone": "Australia/Sydney",
            "weekly": {"mon": ["09:00-17:00"], "tue": ["22:00-02:00"]},
            "holidays": [{"name": f"Day {n}", "date": f"2026-12-{n:02}"} for n in range(1, 10)],
        },
        "schedule/shop": {"timezone": "Australia/Sydney", "weekly": {"mon": ["10:00-16:00"]}},
        "ivr/main": {
            "start": "door",
            "nodes": {
                "door": {
                    "type": "hours",
                    "schedule": "days",
                    "open": "inner",
                    "closed": "bye",
                    "holiday": "menu",
                },
                "inner": {"type": "hours", "schedule": "shop", "open": "menu", "closed": "door2"},
                "door2": {"type": "dial", "number": "+61491570006", "on_no_answer": "bye"},
                "bye": {"type": "hangup"},
                "menu": {
                    "type": "menu",
                    "prompt": "ask",
                    "choices": {"1": "bye", "2": "menu2"},
                },
                "menu2": {
                    "type": "menu",
                    "label": "More",
                    "prompt": "ask",
                    "choices": {"1": "menu"},
                },
            },
        },
        "number/+61255501234": {"label": "Main", "to": "ivr/main"},
    }
)


def test_groups_of_hours_are_shown_with_an_example_and_occasions() -> None:
    text, _ = enumerated(MANY, "+61255501234")
    assert "days and shop open; or days holiday" in text
    assert "e.g. Mon 23 Nov 2026, 10:30" in text
    assert "days open; shop closed" in text
    assert "also Day 1, Day 2" in text
    assert "6 and\n    3 more" in text
    assert "→ +61491570006" in text


def test_groups_with_a_bad_end_are_shown_before_others() -> None:
    year = Year(MANY.centre, date(2026, 11, 22))
    found = number_calls(MANY, calls(MANY, year, Place("number", "+61255501234")))
    text = number_text(found, 1, 80, PLAIN)
    assert "cut off" in text
    assert "2 more groups of hours" in text


def test_ways_that_were_not_followed_are_said() -> None:
    text, tally = enumerated(MANY, "+61255501234", 2)
    assert "There are more ways than were followed." in text
    total = sum_text(MANY, tally, "2026-11-22", 80, PLAIN)
    assert "More journeys than were followed start at Main (+61255501234)." in total


def test_markdown_tells_the_same() -> None:
    year = Year(MANY.centre, date(2026, 11, 22))
    found = number_calls(MANY, calls(MANY, year, Place("number", "+61255501234"), 2))
    text = number_markdown(found, 3)
    assert "### `Main (+61255501234)`" in text
    assert "- There are more ways than were followed." in text
    assert "1 more group of hours" in number_markdown(found, 2)
    ring = calls(ROUND, year, Place("number", "+61255501235"))
    assert "**goes round for ever:**" in number_markdown(number_calls(ROUND, ring), 2)


def test_a_comment_on_github_has_room_for_the_sum() -> None:
    assert fitting_sections(["x" * 30_000, "y" * 10_000, "z" * 30_000]) == [
        "x" * 30_000,
        "y" * 10_000,
    ]
    assert fitting_sections(["x" * 60_000]) == []


def test_paths_too_long_to_read_are_counted_each_by_itself() -> None:
    long = [[(Event.KEY, key)] * 25 for key in "123"]
    short: list[list[Decision]] = [[(Event.KEY, key)] for key in "45"]
    assert path_words([*long, *short], 1) == "press 4 or 5; 3 more ways"


def test_what_is_left_out_of_a_section_is_counted_in_markdown_too() -> None:
    lead = EndPaths("press 1", End.HUMAN, "Sales (queue/sales)")
    scene = HoursGroup("", "e.g. now", (lead,) * (MOST_ENDS + 2), (lead,) * (MOST_ENDS + 1), True)
    text = number_markdown(
        NumberCalls("Main", "UTC", (scene,), ("a → a",) * (MOST_ROUNDS + 1), True), 5
    )
    assert "- … and 2 more ends" in text
    assert "  - … and 1 more end\n" in text
    assert "… and 1 more round\n" in text
