"""What an outside party is shown of a call: dialled, forwarded, followed, or sent on by a tree."""

from datetime import UTC, datetime
from typing import Any

import pytest

from ccstate.dialling.leaving import TrunkCall, dialled_out, extension_of, trunk_calls
from ccstate.journeys.centre import Centre
from ccstate.journeys.flow import Flow
from ccstate.journeys.moments import Year
from ccstate.journeys.walk import Call, call
from ccstate.journeys.ways import End, Place
from ccstate.model import Address

NOW = datetime(2026, 12, 1, 9, tzinfo=UTC)
MOBILE = "+61491570006"
CARRIER, SPARE = "+61255509000", "+61255509001"
OBJECTS: dict[str, dict[str, Any]] = {
    "site/sydney": {"timezone": "Australia/Sydney", "emergency_callback": "+61255501000"},
    "user/ann.l": {"name": "Ann Lee", "extension": "2001", "site": "sydney"},
    "extension/2001": {"permissions": ["mobile"]},
    "extension/desk": {
        "number": "2002",
        "label": "Desk",
        "site": "sydney",
        "caller_id": {"name": "Sales", "number": "+61255501002"},
    },
    "extension/2003": {"forward": {"always": MOBILE}},
    "extension/2004": {"follow_me": [{"number": MOBILE}]},
    "ivr/main": {
        "start": "out",
        "nodes": {"out": {"type": "dial", "number": MOBILE, "on_no_answer": "hangup"}},
    },
    "trunk/first": {"host": "first.example", "caller_id": CARRIER},
    "trunk/spare": {"host": "spare.example"},
    "outbound_route/mobiles": {
        "patterns": ["04XXXXXXXX"],
        "permission": "mobile",
        "trunks": ["spare", "first"],
    },
    "outbound_route/shop": {"patterns": ["1X."], "trunks": ["first"], "caller_id": SPARE},
    "outbound_route/help": {"patterns": ["000"], "trunks": ["first"], "emergency": True},
}


def flow() -> Flow:
    found = {Address(*name.split("/", 1)): fields for name, fields in OBJECTS.items()}
    return Flow(Centre(found))


def dialled(extension: str, caller: str, digits: str) -> list[tuple[str, str, str, str]]:
    """Trunk, number, name and source of a call that a phone dials."""
    centre = flow()
    made = dialled_out(centre, extension, digits, NOW)
    assert made
    return [leg[1:] for leg in trunk_calls(centre, made, caller)]


def test_a_phone_shows_its_own_number_and_name_by_every_trunk_in_the_order_of_the_route() -> None:
    assert dialled("desk", "2002", "123") == [
        ("first", "+61255501002", "Sales", "extension.caller_id.number")
    ]


def test_a_phone_without_a_number_shows_that_of_the_trunk_or_its_internal_one() -> None:
    assert dialled("2001", "2001", "0491570006") == [
        ("spare", "2001", "Ann Lee", "caller"),
        ("first", CARRIER, "Ann Lee", "trunk.caller_id"),
    ]


def test_a_route_goes_before_its_trunk_and_the_site_before_all_in_an_emergency() -> None:
    assert dialled("2001", "2001", "123") == [
        ("first", SPARE, "Ann Lee", "outbound_route.caller_id")
    ]
    assert dialled("desk", "2002", "000") == [
        ("first", "+61255501000", "Sales", "site.emergency_callback")
    ]


def test_a_phone_without_the_permission_is_cut_off_and_nothing_is_shown() -> None:
    made = dialled_out(flow(), "desk", "0491570006", NOW)
    assert made
    assert made.answered.end is End.CUT_OFF
    assert trunk_calls(flow(), made, "2002") == []


def test_what_no_route_takes_or_a_phone_inside_answers_does_not_leave() -> None:
    assert dialled_out(flow(), "2001", "99", NOW) is None
    assert dialled_out(flow(), "2001", "2003", NOW) is None


def arriving(start: Place, caller: str) -> list[TrunkCall]:
    centre = flow()
    made: Call = call(centre, Year(centre.centre, NOW.date()), start, NOW, [], caller=caller)
    return trunk_calls(centre, made, caller)


@pytest.mark.parametrize(
    "start", [Place("extension", "2003"), Place("extension", "2004"), Place("ivr", "main", "out")]
)
def test_a_call_that_is_sent_outside_is_tried_by_every_trunk(start: Place) -> None:
    assert arriving(start, "+61255504444") == [
        TrunkCall(MOBILE, "first", CARRIER, "", "trunk.caller_id"),
        TrunkCall(MOBILE, "spare", "+61255504444", "", "caller"),
    ]
    assert [leg.shown for leg in arriving(start, "2002")] == ["+61255501002"] * 2
    # A caller who withholds the number is not shown by any trunk (seen on 22.10).
    assert [leg.shown for leg in arriving(start, "withheld")] == ["withheld"] * 2
    assert [leg.shown for leg in arriving(start, "")] == [CARRIER, ""]


def test_a_caller_is_a_phone_by_its_internal_number_alone() -> None:
    centre = flow().centre
    assert extension_of(centre, "2002") == "desk"
    assert extension_of(centre, "desk") == ""
    assert extension_of(centre, MOBILE) == ""
