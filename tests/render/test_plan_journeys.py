"""What a stakeholder reads first: who ends elsewhere."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from ccstate.model import (
    Action,
    Address,
    Arrival,
    Change,
    JourneyChange,
    Journeys,
    NumberChange,
    Plan,
    Step,
    Why,
)
from ccstate.render.plan import plan_markdown, plan_text
from ccstate.render.plan_journeys import SHOWN, change_words, headline
from ccstate.render.text import COLOUR

Golden = Callable[[str, str], None]

SALES = Arrival("human", "queue/sales", "Sales")
MESSAGES = Arrival("message", "voicemail/2900", "General messages")
CUT_OFF = Arrival("cut off")
CHANGE = JourneyChange(
    number="+61255501000",
    label="Sydney office",
    more=2,
    before=SALES,
    after=CUT_OFF,
    keys=("1",),
    outcomes=(),
    when=("2026-11-23T09:30", "2026-12-24T09:30 Christmas Eve", "2026-12-25T10:00 Christmas Day"),
    ways=3,
    count=1200,
    worse=0,
)
NOTICED = Journeys(
    compared=12_000,
    changed=1215,
    lost=1212,
    numbers=4,
    changes=(
        CHANGE,
        replace(CHANGE, more=0, after=MESSAGES, keys=("2", "", "5550012345"), worse=2, ways=1),
        replace(
            CHANGE, label="", before=MESSAGES, keys=(), outcomes=("no answer", "full"), worse=3
        ),
        replace(CHANGE, after=Arrival("human", "queue/moves"), worse=5, count=1),
        replace(CHANGE, before=CUT_OFF, after=SALES, worse=6, outcomes=("nobody there",)),
    ),
    hidden=7,
    uncompared=(NumberChange("+61255501009", "Complaints", ()),),
    added=(
        NumberChange("+61255501001", "Moves", (SALES, MESSAGES)),
        NumberChange("+61255501002", "Shop", (SALES, CUT_OFF)),
        NumberChange("+61255501003", "", (CUT_OFF,)),
    ),
    removed=(NumberChange("+61255501004", "Fax", (MESSAGES,)),),
    more_removed=6,
    more_uncompared=2,
)


def plan(journeys: Journeys | None) -> Plan:
    change = Change(
        "demo", Action.DELETE, Address("queue", "sales"), Why.DELETED, "", ledger={"label": "Sales"}
    )
    return Plan("8c1d2e4f00aa9b", (Step("demo", (change,)),), {}, {}, journeys=journeys)


@pytest.mark.parametrize(
    "name, form",
    [
        ("txt", lambda made: plan_text(made, "3f9c2a7d41be")),
        ("ansi", lambda made: plan_text(made, "3f9c2a7d41be", palette=COLOUR)),
        ("md", lambda made: plan_markdown(made, "3f9c2a7d41be")),
    ],
)
def test_what_callers_notice_is_shown_worst_first(
    name: str, form: Callable[[Plan], str], golden: Golden
) -> None:
    golden(f"render/plan-journeys.{name}", form(plan(NOTICED)))


@pytest.mark.parametrize("journeys", [None, Journeys(), Journeys(compared=400)])
def test_a_plan_that_no_caller_notices_says_nothing_about_them(journeys: Journeys | None) -> None:
    assert "callers" not in plan_text(plan(journeys), "1").lower()
    assert "callers" not in plan_markdown(plan(journeys), "1").lower()


def test_one_journey_is_worded_in_the_singular() -> None:
    one = Journeys(compared=3, changed=1, lost=1, numbers=1)
    assert headline(one) == "1 journey of 1 number ends elsewhere; 1 no longer reaches a human"


@pytest.mark.parametrize("render", [plan_text, plan_markdown])
def test_where_callers_were_not_compared_nothing_else_need_change_for_it_to_be_said(
    render: Callable[[Plan, str], str],
) -> None:
    unlooked = NumberChange("+61255501009", "Complaints", ())
    text = " ".join(render(plan(Journeys(uncompared=(unlooked,))), "1").split())
    assert "not all of it is known" in text
    assert "Not all callers were compared" in text
    assert "Complaints (+61255501009)" in text
    assert "ccstate simulate +61255501009 --keys" in text


def test_where_callers_were_not_compared_a_count_is_the_least_there_is() -> None:
    assert headline(NOTICED).startswith("at least 1,215 journeys of 4 numbers end elsewhere")


def test_a_long_list_is_cut_and_the_rest_is_counted() -> None:
    many = replace(NOTICED, changes=(CHANGE,) * 30, hidden=5, uncompared=())
    text = plan_text(plan(many), "1")
    assert text.count("before  ") == SHOWN
    assert f"… and {30 - SHOWN + 5} more changes" in text


def test_words_of_a_plan_by_another_user_are_shown_as_they_are() -> None:
    strange = replace(CHANGE, before=Arrival("lifted off"), when=("tomorrow",), count=1)
    assert change_words(strange).before == "lifted off"
    assert change_words(strange).when == "1 journey: tomorrow"
