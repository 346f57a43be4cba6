"""What an admin reads after an apply, and what is kept of it."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from ccstate.apply.perform import ChangeResult, Receipt
from ccstate.authority import Approval, Authority, Request
from ccstate.model import Action, Address, Change, Outcome, Why
from ccstate.render.receipt import receipt_markdown, receipt_text
from tests.render.test_markdown import assert_inert


def verdict(action: Action, address: str, outcome: Outcome, reason: str = "") -> ChangeResult:
    kind, name = address.split("/")
    change = Change("demo", action, Address(kind, name), Why.YOU, "")
    return ChangeResult(change, outcome, reason)


def receipt(*results: ChangeResult, corrective: str = "") -> Receipt:
    return Receipt("3fa9c1", results, "2026-11-22T03:00:00Z", "2026-11-22T03:00:04Z", corrective)


DONE = [verdict(Action.CREATE, f"user/agent-{n}", Outcome.CONFIRMED) for n in range(211)]
DONE += [verdict(Action.DELETE, f"queue/old-{n}", Outcome.CONFIRMED) for n in range(3)]
AMISS = [
    verdict(
        Action.UPDATE,
        "queue/sales",
        Outcome.NOT_CONFIRMED,
        "ring_for is 15s, not 20s: `stored` only",
    ),
    verdict(
        Action.CREATE, "number/+61255501234", Outcome.NOT_ATTEMPTED, "needs ivr/main, not confirmed"
    ),
    verdict(Action.DELETE, "queue/old", Outcome.NOT_ATTEMPTED),
]
TAKEN_BACK = [
    verdict(
        Action.CREATE,
        f"extension/{2000 + n}",
        Outcome.NOT_CONFIRMED,
        "Asterisk did not load pjsip.d/ccstate.conf to its end; the old files were put back",
    )
    for n in range(71)
]
AUTHORITY = Authority(
    Request("CHG-2041", "Dana Wu", "callers of the campaign reach sales"),
    (
        Approval("lee", "2026-11-22T01:10:00Z", "review", "4f2a9c81"),
        Approval("kim", "2026-11-22T01:15:00Z", "review", "4f2a9c81"),
    ),
    author="priya",
    applied_by="ann",
    host="ci-7",
    run="https://git.example.org/centre/runs/77",
    change="https://git.example.org/centre/pulls/12",
)
HOSTILE = Authority(
    Request(
        "`x`\n# CHG-1 @all", "</details><img src=x>", "![a](https://example.com)", "", "[b](c)"
    ),
    (Approval("<b>@octocat</b>", "", "review"),),
    applied_by="\x1b[31m::error::@all",
    host="\u202etsoh",
)
RECEIPTS = {
    "authority": replace(receipt(*DONE[:2]), authority=AUTHORITY),
    "kept": replace(receipt(*DONE[:2]), kept={"demo": ("user.name", "user.email")}),
    "taken-back": receipt(*DONE[:2], *TAKEN_BACK, AMISS[0], corrective="77b0aa"),
    "good": receipt(*DONE),
    "small": receipt(*DONE[:3]),
    "bad": receipt(*DONE[:5], *AMISS, corrective="77b0aa"),
    "open": receipt(*AMISS),
    "empty": receipt(),
}


@pytest.mark.parametrize("name", RECEIPTS)
def test_a_receipt_reads_well(name: str, golden: Callable[[str, str], None]) -> None:
    golden(f"render/receipt-{name}.txt", receipt_text(RECEIPTS[name]))
    golden(f"render/receipt-{name}.md", receipt_markdown(RECEIPTS[name]))


def test_a_bad_day_still_fits_into_a_comment() -> None:
    settled = [
        verdict(Action.UPDATE, f"queue/q{n}", Outcome.NOT_CONFIRMED, f"{n} " + "x" * 900)
        for n in range(9_000)
    ]
    text = receipt_markdown(receipt(*settled))
    assert len(text) < 60_000
    assert "… and 8,950 more" in text
    assert len(receipt_text(receipt(*settled)).splitlines()) < 1_000


def test_no_name_of_a_person_comes_alive_in_a_receipt() -> None:
    hostile = replace(receipt(*DONE[:2]), authority=HOSTILE)
    assert_inert(receipt_markdown(hostile))
    assert "\x1b" not in receipt_text(hostile)
    assert "\u202e" not in receipt_text(hostile)
