"""What the bounds of the comparison leave out is reported, with how much it is."""

from itertools import combinations as pairs_of
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from ccstate.adapters.asterisk.proof import lockstep, proving, states
from ccstate.adapters.asterisk.proof.lockstep import Proof
from tests.adapters.asterisk.estates import estate
from tests.adapters.asterisk.test_import_proof import proving as both_sides

CHOICES = st.lists(
    st.integers(2, 4).map(lambda count: [str(n) for n in range(count)]), min_size=1, max_size=40
)


@given(CHOICES)
def test_each_value_is_combined_with_each_value_of_every_other_choice(
    choices: list[list[str]],
) -> None:
    rows = states.combinations(choices)
    assert all(value in choice for row in rows for value, choice in zip(row, choices, strict=True))
    for one, other in pairs_of(range(len(choices)), 2):
        seen = {(row[one], row[other]) for row in rows}
        assert seen == {(a, b) for a in choices[one] for b in choices[other]}


@given(CHOICES)
def test_the_first_rows_show_every_value(choices: list[list[str]]) -> None:
    first = states.combinations(choices)[: states.MOST_POSITIONS]
    for place, choice in enumerate(choices):
        assert {row[place] for row in first} == set(choice)


def switched(count: int) -> dict[str, str]:
    """A number behind which so many switches are asked, each of which leads to the mailbox."""
    names = [f"NIGHT{n}" for n in range(count)]
    lines = ["[globals]", *(f"{name}=0" for name in names), "[phones]"]
    for n, name in enumerate(names):
        lines += [f"exten => *{30 + n},1,Set(GLOBAL({name})=1)"]
        lines += [f"exten => *{60 + n},1,Set(GLOBAL({name})=0)"]
    lines += ["[inbound]", "exten => 61255501000,1,NoOp()"]
    lines += [f' same => n,GotoIf($["${{{name}}}" = "1"]?closed)' for name in names]
    lines += [" same => n,Queue(help)", " same => n(closed),VoiceMail(2001@box,u)"]
    return estate("\n".join([*lines, " same => n,Hangup()", ""]))


def reasons(proof: Proof) -> list[str]:
    return [f"{lost.entry_point}: {lost.reason}" for lost in proof.unfollowed]


def test_combinations_of_switches_that_are_not_walked_are_counted() -> None:
    assert reasons(both_sides(switched(6)).proof()) == []
    told = reasons(both_sides(switched(8)).proof())
    # 8 switches of two values: all off, all on, and for each of three bits two ways and back.
    assert [text.partition(" of GLOBAL")[0] for text in told] == [
        "61255501000 dialled by trunk/line: 248 of 256 combinations"
    ]
    assert "only 8 that show each value beside each of the others" in told[0]


MENU = """\
[inbound]
exten => 61255501000,1,Answer()
 same => n(again),Background(menu)
 same => n,WaitExten(5)
 same => n,Goto(again)
exten => 1,1,Queue(help)
exten => 2,1,Goto(phones,2001,1)
exten => i,1,Goto(61255501000,again)
exten => 61255501001,1,Queue(help)
"""


def test_situations_that_are_not_walked_are_counted(monkeypatch: Any) -> None:
    assert reasons(both_sides(estate(MENU)).proof()) == []
    monkeypatch.setattr(lockstep, "MOST_PAIRS", 3)
    proof = both_sides(estate(MENU)).proof()
    assert any("more than 3 situations" in reason for reason in reasons(proof))
    assert proof.not_followed == len(proof.unfollowed) > 0


def test_numbers_that_are_not_dialled_are_counted(monkeypatch: Any) -> None:
    whole = both_sides(estate(MENU)).proof()
    monkeypatch.setattr(proving, "MOST_CALLS", 1)
    proof = both_sides(estate(MENU)).proof()
    left_out = {lost.entry_point.by: lost.calls for lost in proof.unfollowed}
    assert left_out["trunk/line"] == 1
    assert proof.entry_points + sum(left_out.values()) == whole.entry_points


def test_callers_that_are_not_tried_are_counted() -> None:
    numbers = [f"04{n:08}" for n in range(250)]
    lines = [f' same => n,GotoIf($["${{CALLERID(num)}}" = "{n}"]?phones,2001,1)' for n in numbers]
    plan = ["[inbound]", "exten => 61255501000,1,Answer()", *lines, " same => n,Queue(help)", ""]
    proof = both_sides(estate("\n".join(plan))).proof()
    # Beside the numbers there is the caller of whom nothing is known: 251 values, of which 200.
    assert [(u.reason, u.calls) for u in proof.unfollowed] == [
        ("51 values of caller are not tried: there are too many", 51)
    ]
