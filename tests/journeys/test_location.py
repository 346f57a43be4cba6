"""Where a phone stands: every asker gets one answer."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ccstate.adapters.asterisk.compiling import compile_objects
from ccstate.adapters.asterisk.entries import PJSIP, Key
from ccstate.adapters.asterisk.kind import Setting
from ccstate.adapters.asterisk.kinds.extension import emergency_location
from ccstate.dialling.emergency_calls import EmergencyCalls
from ccstate.journeys.centre import Centre
from ccstate.journeys.location import Conflict, Location, conflict_at, location_of
from ccstate.journeys.staffing import agents
from ccstate.model import Address, Fields

ADDRESSES = {"dub": "2 Example Quay, Dublin, IE", "lon": "1 Example Street, London, GB"}


def house(person: Fields, phone: Fields) -> Centre:
    return Centre(objects(person, phone))


def objects(person: Fields, phone: Fields) -> dict[Address, Fields]:
    return {
        Address("site", "dub"): {
            "timezone": "Europe/Dublin",
            "address": {"street": "2 Example Quay", "city": "Dublin", "country": "IE"},
            "areas": {"annex": {"label": "Annex", "desks": ["a-1"]}},
        },
        Address("site", "lon"): {
            "timezone": "Europe/London",
            "address": {"street": "1 Example Street", "city": "London", "country": "GB"},
        },
        Address("user", "anna"): {"name": "Anna", "extension": "2001", **person},
        Address("extension", "2001"): phone,
        Address("queue", "sales"): {"members": [{"user": "anna"}]},
    }


DUBLIN: Fields = {"site": "dub", "area": "annex", "desk": "a-1"}


@pytest.mark.parametrize(
    "person, phone, stands, location",
    [
        (DUBLIN, {}, Location("dub", "annex", "a-1"), f"{ADDRESSES['dub']}; Annex; desk a-1"),
        (DUBLIN, {"site": "dub"}, Location("dub", "annex", "a-1"), f"{ADDRESSES['dub']}; Annex; desk a-1"),
        # Never one's address with the other's annex.
        (DUBLIN, {"site": "lon"}, Location("lon"), ADDRESSES["lon"]),
        ({}, {"site": "lon"}, Location("lon"), ADDRESSES["lon"]),
        ({}, {}, Location(), ""),
        ({}, DUBLIN, Location("dub", "annex", "a-1"), f"{ADDRESSES['dub']}; Annex; desk a-1"),
        # A part that the phone leaves out is its person's, where the rest is the same.
        (DUBLIN, {"site": "dub", "area": "annex"}, Location("dub", "annex", "a-1"), f"{ADDRESSES['dub']}; Annex; desk a-1"),
        (DUBLIN, {"site": "dub", "area": "hall"}, Location("dub", "hall"), f"{ADDRESSES['dub']}; hall"),
        (DUBLIN, {"site": "lon", "area": "hall"}, Location("lon", "hall"), f"{ADDRESSES['lon']}; hall"),
    ],
)  # fmt: skip
def test_where_a_phone_stands(
    person: Fields, phone: Fields, stands: Location, location: str
) -> None:
    centre = house(person, phone)
    assert location_of(centre, "2001") == stands
    assert emergency_location(centre, "2001") == location


def test_a_phone_that_is_not_there_stands_nowhere() -> None:
    assert location_of(house({}, {}), "9999") == Location()
    assert conflict_at(house(DUBLIN, {}), "9999") is None


@pytest.mark.parametrize(
    "phone, conflict",
    [
        ({}, None),
        ({"site": "dub", "area": "annex", "desk": "a-1"}, None),
        ({"site": "lon", "area": "hall"}, Conflict("anna", "site", "dub", "lon")),
        ({"site": "dub", "area": "hall"}, Conflict("anna", "area", "annex", "hall")),
        ({"site": "dub", "desk": "a-2"}, Conflict("anna", "desk", "a-1", "a-2")),
    ],
)
def test_what_person_and_phone_disagree_about(phone: Fields, conflict: Conflict | None) -> None:
    assert conflict_at(house(DUBLIN, phone), "2001") == conflict


SITES = st.sampled_from(["", "dub", "lon"])


@given(SITES, SITES)
def test_dialplan_rules_and_staffing_agree(persons: str, phones: str) -> None:
    person = {"site": persons} if persons else {}
    phone = {"site": phones} if phones else {}
    centre = house(person, phone)
    site = location_of(centre, "2001").site
    compiled = compile_objects(objects(person, phone), Setting(b"k" * 32))
    context = compiled.entries[Key(PJSIP, "endpoint", "2001", "context")].value
    assert context == (f"site/{site}" if site else "site")
    assert list(EmergencyCalls(centre).phones) == [site]
    assert [agent.site for agent in agents(centre, centre.of("queue")["sales"])] == [site]
    disagree = bool(persons and phones and persons != phones)
    assert conflict_at(centre, "2001") == (
        Conflict("anna", "site", persons, phones) if disagree else None
    )
