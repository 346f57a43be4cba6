"""Who is in the middle of what a plan touches, as people read it."""

from ccstate.model import Activity, Address
from ccstate.render.attention import SHOWN, busy_markdown, busy_text

SALES = Address("queue", "sales")
BUSY = {"lab": {SALES: Activity(2, ("2 callers wait, the first for 45 s", "priya.n is paused"))}}


def test_callers_are_named_with_the_way_to_wait_for_them() -> None:
    assert busy_text(BUSY, "3fa9").splitlines() == [
        "",
        "In the middle of this now:",
        "  queue/sales  2 callers wait, the first for 45 s; priya.n is paused",
        "",
        "To wait for those calls first:  ccstate apply 3fa9 --drain 5m",
    ]


def test_agents_who_pause_are_nothing_to_wait_for() -> None:
    paused = {"lab": {SALES: Activity(0, ("priya.n is paused: lunch",))}}
    assert "--drain" not in busy_text(paused, "3fa9")
    assert "--drain" not in busy_markdown(paused, "3fa9")


def test_many_are_counted_and_text_is_harmless() -> None:
    many = {"lab": {Address("queue", f"q{n:03}"): Activity(1, ("`1`\x1b[31m",)) for n in range(30)}}
    assert f"… and {30 - SHOWN} more" in busy_text(many, "")
    assert "\x1b" not in busy_text(many, "") + busy_markdown(many, "")
