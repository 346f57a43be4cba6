from collections.abc import Callable

import pytest

from ccstate.authority import Authority
from ccstate.history import CommitAction, Entry, FieldChange
from ccstate.history.blame import FieldOrigin
from ccstate.model import Address, Outcome
from ccstate.render.history_text import Blame, History, blame_text, history_text
from ccstate.render.text import COLOUR, PLAIN, columns
from tests.render.test_receipt import AUTHORITY

SALES = Address("queue", "sales")
ENTRIES = [
    Entry(
        commit="4f2a9c81d07be35a6c9d1e0f8b7a65c4d3e2f1a0",
        date="2026-11-22T14:05:31+11:00",
        author="Priya Nair <priya.nair@brolga-energy.example>",
        subject="Sales: let callers leave after three minutes, and two more people answer",
        action=CommitAction.CHANGED,
        edits=(
            FieldChange("ring_for", "20s", "30s"),
            FieldChange("service_level.percent", 80, 90),
            FieldChange("music", "rain", None),
            FieldChange(
                "members",
                [{"user": "priya.n", "penalty": 5}, {"user": "sam.t"}],
                [{"user": "priya.n", "penalty": 0}, {"user": "sam.t"}, {"team": "moves"}],
            ),
            FieldChange("overflow.to", None, "queue/reception"),
        ),
        request="CHG-2041",
        plan_id="9be0f4e0a1c2",
        outcome=Outcome.CONFIRMED,
        authority=AUTHORITY,
        settled="2026-11-22T03:00:04+00:00",
    ),
    Entry(
        commit="0b1c2d3e4f5061728394a5b6c7d8e9f001122334",
        date="2026-11-02T01:10:00+00:00",
        author="ann",
        subject="",
        action=CommitAction.PUT_BACK,
        edits=(FieldChange("ring_for", "45s", "20s"),),
        plan_id="c0ffee123456",
        outcome=Outcome.CONFIRMED,
        authority=Authority(applied_by="ann", host="ci-7"),
        settled="2026-11-02T01:10:03+00:00",
    ),
    Entry(
        commit="0b1c2d3e4f5061728394a5b6c7d8e9f001122334",
        date="2026-10-02T09:12:00-05:00",
        author="Sam T\x1b[31m <sam@example.com>",
        subject="Longer \u202efor now",
        action=CommitAction.CHANGED,
        edits=(FieldChange("ring_for", "15s", "20s"),),
        request="#12",
        plan_id="77aa00bb11cc",
        outcome=Outcome.NOT_CONFIRMED,
        reason="ring_for is 15s on sydney, though 20s was written; somebody else may have changed it",
    ),
    Entry(
        commit="1111111111111111111111111111111111111111",
        date="2026-09-30T17:40:00Z",
        author="Sam T <sam@example.com>",
        subject="Repair the file",
        action=CommitAction.UNREADABLE,
    ),
    Entry(
        commit="2222222222222222222222222222222222222222",
        date="2026-09-01T08:00:00+10:00",
        author="Helen Papadakis <helen@example.com>",
        subject="Sales opens",
        action=CommitAction.CREATED,
        edits=(FieldChange("label", None, "Sales"), FieldChange("ring_for", None, "15s")),
        plan_id="5d5d5d5d5d5d",
        outcome=Outcome.NOT_ATTEMPTED,
    ),
    Entry(
        commit="3333333333333333333333333333333333333333",
        date="2026-08-01T08:00:00+10:00",
        author="Helen Papadakis <helen@example.com>",
        subject="Everything",
        action=CommitAction.CUT_OFF,
    ),
]

Golden = Callable[[str, str], None]


def test_a_history_is_shown_commit_by_commit(golden: Golden) -> None:
    golden(
        "history/queue.txt", history_text(History(SALES, ENTRIES, sources=["plans/"]), 80, PLAIN)
    )


def test_where_nothing_is_recorded_the_reader_learns_where_to_look(golden: Golden) -> None:
    golden("history/no-records.txt", history_text(History(SALES, ENTRIES[-1:]), 80, PLAIN))


ORIGINS = [
    FieldOrigin("label", "Sales", ENTRIES[-2]),
    FieldOrigin("ring_for", "20s", ENTRIES[2], (ENTRIES[1],)),
    FieldOrigin("service_level.percent", 90, ENTRIES[0]),
    FieldOrigin("members", [{"user": "priya.n", "penalty": 0}, {"team": "moves"}], ENTRIES[0]),
    FieldOrigin("music", None, ENTRIES[0]),
]


def test_a_blame_is_shown_commit_by_commit_with_the_fields_that_each_set(golden: Golden) -> None:
    golden("history/blame.txt", blame_text(Blame(SALES, ORIGINS, ["plans/"]), 80, PLAIN))


def test_a_history_has_colours(golden: Golden) -> None:
    golden(
        "history/queue-colour.txt",
        history_text(History(SALES, ENTRIES, sources=["plans/"]), 80, COLOUR),
    )


@pytest.mark.parametrize("width", [40, 60, 80, 120])
def test_no_line_is_wider_than_the_terminal(width: int) -> None:
    lines = history_text(History(SALES, ENTRIES, sources=["plans/"]), width, PLAIN).splitlines()
    assert max(map(columns, lines)) <= width


def test_of_many_fields_the_rest_is_counted() -> None:
    edits = tuple(FieldChange(f"field_{n}", 1, 2) for n in range(50))
    entry = Entry("a" * 40, "", "", "", CommitAction.CHANGED, edits)
    text = history_text(History(SALES, [entry]))
    assert "… and 10 more fields" in text
    assert "field_39" in text
    assert "field_40" not in text
