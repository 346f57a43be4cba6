"""Members that ring in order do so on a real Asterisk, and a change of the order is seen there."""

import time

import pytest

from ccstate.adapters.asterisk.entries import FILES, QUEUES
from ccstate.model import RUNNING, Why
from tests.adapters.asterisk.estate import Estate

CY, BO, ANN = ({"user": name} for name in ("cy.d", "bo.o", "ann.l"))


def rung(estate: Estate) -> list[str]:
    """The members of the queue in the order in which Asterisk goes through them."""
    with estate.ami() as ami:
        events = ami.read("QueueStatus", ("Queue", "sales"))
        return [event["Name"] for event in events if event.is_event("QueueMember")]


def in_order(estate: Estate, *members: object) -> None:
    estate.edit("queues", "sales", "strategy", value="in_order")
    estate.edit("queues", "sales", "members", value=list(members))


@pytest.mark.parametrize("members", [(CY, BO, ANN), (ANN, CY, BO), (BO, ANN, CY), (ANN, BO, CY)])
def test_a_queue_that_had_another_strategy_rings_in_order(
    estate: Estate, members: tuple[dict[str, str], ...]
) -> None:
    estate.command("queue pause member PJSIP/2002 queue sales reason lunch")
    in_order(estate, *members)
    estate.apply()
    assert rung(estate) == [member["user"] for member in members]
    assert estate.plan() == ""
    # Whoever was paused is so still, though the queue was away for a moment.
    assert "lunch" in estate.command("queue show sales")
    estate.command("queue unpause member PJSIP/2002")


def test_a_new_order_is_a_change_and_said(estate: Estate) -> None:
    in_order(estate, CY, BO, ANN)
    estate.apply()
    in_order(estate, ANN, BO, CY)
    assert "another order: user cy.d, user bo.o, user ann.l → user ann.l, user bo.o" in " ".join(
        estate.plan().split()
    )
    estate.apply()
    assert rung(estate) == ["ann.l", "bo.o", "cy.d"]


def test_people_of_a_team_ring_by_their_names(estate: Estate) -> None:
    in_order(estate, CY, {"team": "sales"})
    estate.apply()
    assert rung(estate) == ["cy.d", "ann.l", "bo.o"]


def test_an_order_changed_by_hand_is_reported_and_put_back(estate: Estate) -> None:
    in_order(estate, CY, {"team": "sales"})
    estate.apply()
    file = estate.site.etc / FILES[QUEUES]
    lines = file.read_text(encoding="utf-8").splitlines()
    [first] = [n for n, line in enumerate(lines) if "cy.d" in line]
    lines.insert(first + 2, lines.pop(first))
    file.write_text("\n".join(lines) + "\n", encoding="utf-8")
    [change] = estate.drifted()
    found = {edit.path: (edit.before, edit.why) for edit in change.edits}
    assert found["members"] == ([{"team": "sales"}, CY], Why.BY_HAND)
    assert found[f"{RUNNING}.members"][0] == [CY, {"team": "sales"}]
    estate.reload(QUEUES)
    [change] = estate.drifted()
    assert {edit.path for edit in change.edits} == {"members"}
    estate.apply()
    assert rung(estate) == ["cy.d", "ann.l", "bo.o"]


def test_who_calls_while_the_queue_is_away_waits_for_it(estate: Estate) -> None:
    in_order(estate, CY, BO, ANN)
    estate.apply()
    file = estate.site.etc / FILES[QUEUES]
    whole = file.read_text(encoding="utf-8")
    before, _, rest = whole.partition("[sales]")
    file.write_text(before + rest[rest.index("\n[") :], encoding="utf-8")
    estate.reload(QUEUES)
    assert "No such queue" in estate.command("queue show sales")
    call_sales(estate)
    is_seen(estate, "core show channels concise", "!Wait!2")
    file.write_text(whole, encoding="utf-8")
    estate.reload(QUEUES)
    is_seen(estate, "queue show sales", "Local/1@order-test")
    estate.command("channel request hangup all")


def test_while_callers_wait_no_queue_is_put_in_order_and_all_is_as_before(estate: Estate) -> None:
    file = estate.site.etc / FILES[QUEUES]
    before = file.read_bytes()
    call_sales(estate)
    is_seen(estate, "queue show sales", "Local/1@order-test")
    in_order(estate, CY, BO, ANN)
    assert estate.plan()
    assert estate.run("apply") != 0
    assert (
        "callers wait in sales, and Asterisk puts members in order only while no caller waits: "
        "apply again; the old files were put back and loaded"
    ) in estate.lines
    assert file.read_bytes() == before
    assert estate.leftovers() == []
    assert "Local/1@order-test" in estate.command("queue show sales"), "the call was lost"
    assert estate.drifted() == []
    estate.command("channel request hangup all")
    is_seen(estate, "queue show sales", "No Callers")
    estate.apply()
    assert rung(estate) == ["cy.d", "bo.o", "ann.l"]


def call_sales(estate: Estate) -> None:
    """Places a call to the queue; who calls stays on the line for a minute."""
    # Local takes what stands behind a slash for options, so that the call needs a way there.
    there = (("Application", "Goto"), ("ApplicationData", "queue/sales,s,1"))
    place = (("Context", "order-test"), ("Extension", "1"), ("Priority", "1"))
    caller = ("Channel", "Local/1@order-test")
    with estate.ami() as ami:
        ami.do("DialplanExtensionAdd", *place, ("Replace", "yes"), *there)
        ami.do("Originate", caller, ("Application", "Wait"), ("Data", "60"), ("Async", "true"))


def is_seen(estate: Estate, command: str, text: str) -> None:
    """Asterisk says it at last; some seconds pass before, and no test depends on how many."""
    for _ in range(300):
        if text in estate.command(command):
            return
        time.sleep(0.2)
    pytest.fail(f"{command} never says {text}: {estate.command(command)}")


def test_the_order_of_others_means_nothing(estate: Estate) -> None:
    estate.edit(
        "queues", "sales", "members", value=[{"user": "cy.d", "penalty": 5}, {"team": "sales"}]
    )
    assert estate.plan() == ""
