"""res_parking.conf: lots with their numbers, and where calls go that nobody takes."""

from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ccstate.adapters.asterisk.importing import Imported, Setting
from ccstate.adapters.embedded import SUPPORTS
from ccstate.kinds.fields import duration
from tests.adapters.asterisk.estates import WORDS, estate, fields, imported, kinds, listed
from tests.adapters.asterisk.test_importing_options import (
    assert_comes_back,
    compiled_and_imported,
    some,
)

SETTING = Setting(prefix="+61", timezone="Australia/Sydney", words=WORDS, supports=SUPPORTS)
LOT = "[default]\nparkext => 700\nparkpos => 701-720\ncontext => parkedcalls\n"
INCLUDE = "[phones]\ninclude => parkedcalls\n"


def parked(lots: str, dialplan: str = INCLUDE) -> Imported:
    return imported({**estate(dialplan), "res_parking.conf": lots}, SETTING)


def told(found: Imported) -> list[str]:
    return [
        line for u, line in zip(found.unexpressed, listed(found), strict=True) if "park" in u.file
    ]


def test_a_lot_with_its_numbers() -> None:
    found = parked(LOT)
    assert fields(found, "parking_lot/default") == {"extension": "700", "slots": "701-720"}
    assert told(found) == []
    assert not [line for line in listed(found) if "parkedcalls" in line]


@pytest.mark.parametrize(
    "option, field, value",
    [
        ("parkingtime=90", "timeout", "1m30s"),
        ("parkedmusicclass=jazz", "music", "jazz"),
    ],
)
def test_an_option_of_a_lot(option: str, field: str, value: str) -> None:
    found = parked(f"{LOT}{option}\n")
    assert fields(found, "parking_lot/default")[field] == value
    assert told(found) == []


def test_a_lot_that_names_no_slots_has_those_of_asterisk() -> None:
    assert fields(parked("[default]\nparkext=700\n"), "parking_lot/default")["slots"] == "701-750"


@pytest.mark.parametrize(
    "option", ["comebacktoorigin=yes", "findslot=first", "comebackdialtime=30", "parkinghints=no"]
)
def test_an_option_that_changes_nothing_is_not_listed(option: str) -> None:
    assert told(parked(f"{LOT}{option}\n")) == []


@pytest.mark.parametrize(
    "lots, reason",
    [
        ("[general]\nparkeddynamic=yes\n", "writes nothing into [general]"),
        ("[default]\nparkpos=701-720\n", "a number that parks calls"),
        (f"{LOT}findslot=next\n", "parking lots have findslot=first"),
        (f"{LOT}courtesytone=beep\n", "parking lots have courtesytone=nothing"),
        (f"{LOT}parkingtime=soon\n", "no field of a parking lot says parkingtime=soon"),
        (LOT.replace("[default]", "[Front Desk]"), "have to call the lot front-desk"),
    ],
)
def test_what_no_field_of_a_lot_says_is_reported(lots: str, reason: str) -> None:
    assert any(reason in line for line in told(parked(lots))), told(parked(lots))


GIVES_UP = f"{LOT}comebacktoorigin=no\ncomebackcontext=nobody\n"


def test_where_calls_go_that_are_not_taken() -> None:
    found = parked(GIVES_UP, f"{INCLUDE}[nobody]\nexten => s,1,Queue(help)\n")
    assert fields(found, "parking_lot/default")["on_timeout"] == "queue/help"
    assert told(found) == []


def test_a_way_of_calls_that_are_not_taken_which_no_object_says_is_reported() -> None:
    found = parked(GIVES_UP, f"{INCLUDE}[nobody]\nexten => s,1,AGI(x.agi)\n")
    assert "on_timeout" not in fields(found, "parking_lot/default")
    assert any("goes back to the phone that parked it" in line for line in told(found))


def test_two_lots_with_their_numbers_in_one_context() -> None:
    found = parked(f"{LOT}[second]\nparkext=800\nparkpos=801-820\n")
    assert kinds(found)["parking_lot"] == ["default", "second"]


def test_a_platform_without_parking_gets_no_lots() -> None:
    without = {kind: has for kind, has in SUPPORTS.items() if kind != "parking_lot"}
    files = {**estate(), "res_parking.conf": LOT}
    found = imported(files, Setting(supports=without))
    assert "parking_lot" not in kinds(found)
    assert all("the platform has no parking lots" in line for line in told(found))


LOTS = st.builds(
    lambda more: {"extension": "700", "slots": "701-720", **more},
    some(
        timeout=st.integers(1, 100_000).map(duration),
        music=st.from_regex(r"[a-z0-9][a-z0-9._-]{0,8}[a-z0-9]", fullmatch=True),
        on_timeout=st.just("hangup"),
    ),
)


@given(LOTS)
def test_a_lot_comes_back(lot: Mapping[str, Any]) -> None:
    found = compiled_and_imported({"parking_lot/front": lot})
    assert_comes_back(lot, fields(found, "parking_lot/front"))
