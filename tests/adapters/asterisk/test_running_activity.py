"""Whoever waits, talks or is paused on a real Asterisk is found at the objects that hold the call."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace

import pytest

from ccstate.adapters.asterisk.ami import Ami
from ccstate.adapters.asterisk.entries import PJSIP, Key
from ccstate.adapters.asterisk.running import read_running
from ccstate.adapters.asterisk.running.activity import activity, read_channels
from ccstate.model import Activity, Address
from ccstate_lab import phones
from ccstate_lab.site import Site
from tests.adapters.asterisk import running_estate as estate
from tests.asterisk_sites import SiteOf
from tests.waiting import until


@pytest.fixture(params=["22", "16"])
def settled(request: pytest.FixtureRequest, site: SiteOf) -> Iterator[Site]:
    found = site(request.param)
    with estate.connect(found) as session:
        estate.settle(found, session)
    yield found
    with estate.connect(found) as session:
        session.command("channel request hangup all")
        estate.clear(found, session)


@pytest.fixture
def ami(settled: Site) -> Iterator[Ami]:
    with estate.connect(settled) as session:
        yield session


def seen(ami: Ami) -> Mapping[Address, Activity]:
    running = read_running(ami, estate.values(), [])
    return activity(running, read_channels(ami), estate.compiled().entries)


def test_a_carrier_that_asterisk_found_no_address_for_is_reported(ami: Ami) -> None:
    trunk = Address("trunk", "sydney-a")
    entries = dict(estate.compiled().entries)
    host = Key(PJSIP, "identify", "trunk-sydney-a", "match")
    running = read_running(ami, estate.values(), ["trunk-sydney-a"])
    assert len(activity(running, (), entries)[trunk].words) == 1, "an address needs no finding"
    unknown = replace(running, phones=replace(running.phones, identified=frozenset()))
    *_, told = activity(unknown, (), entries)[trunk].words
    assert told == (
        f"Asterisk found no address for {entries[host].value}, "
        "and knows its calls by registration alone"
    )


def call(ami: Ami, place: str) -> None:
    """An echo is taken to a place of the dialplan.

    The other way round 16 would take "Local/open@queue/sales" for the option "sales".
    """
    extension, _, context = place.partition("@")
    headers = (
        ("Channel", "Local/600@lab/n"),
        ("Context", context),
        ("Exten", extension),
        ("Priority", "1"),
        ("Async", "true"),
    )
    ami.do("Originate", *headers)


TWO_WAIT = re.compile("2 callers wait, the first for ([0-9]+) s")


def all_are_there(found: Mapping[Address, Activity]) -> Mapping[Address, Activity] | None:
    """What is seen, once five calls have come to their places and two wait for a second."""
    billing = found.get(Address("queue", "billing"))
    places = [Address("extension", "2101"), Address("extension", "2900"), Address("ivr", "main")]
    there = all(place in found and found[place].callers for place in places)
    waited = TWO_WAIT.fullmatch(billing.words[0]) if billing else None
    return found if there and waited and int(waited[1]) >= 1 else None


def test_calls_are_found_where_they_are(settled: Site, ami: Ami) -> None:
    ringing = phones.ring(settled, {"2121": "of-2121"})
    talking = phones.answer(settled, {"2101": "of-2101"})
    try:
        for place in ("open@queue/billing", "2101@extension", "2900@voicemail", "s@ivr/main/menu"):
            call(ami, place)
        call(ami, "open@queue/billing")
        found = until(lambda: all_are_there(seen(ami)), "everybody is where they were sent")
    finally:
        ami.command("channel request hangup all")
        phones.stop(ringing)
        phones.stop(talking)
    billing = found[Address("queue", "billing")]
    assert billing.callers == 2
    assert len(billing.words) == 1
    one = Activity(1, ("1 call is there",))
    assert found[Address("extension", "2101")] == one
    assert found[Address("extension", "2900")] == one
    assert found[Address("ivr", "main")] == one


def test_members_are_reported_who_are_paused_or_logged_in(ami: Ami) -> None:
    ami.command("queue pause member PJSIP/2121 queue billing reason Lunch")
    ami.command("queue add member PJSIP/2000 to billing penalty 3 as temp")
    found = seen(ami)[Address("queue", "billing")]
    ami.command("queue unpause member PJSIP/2121 queue billing")
    ami.command("queue remove member PJSIP/2000 from billing")
    assert found == Activity(0, ("logged in: temp", "marguerite.d is paused: Lunch"))


def test_trunks_that_are_away_are_reported_and_phones_are_not(ami: Ami) -> None:
    found = seen(ami)
    (registration,) = found[Address("trunk", "sydney-a")].words
    assert registration.startswith("its registration is ")
    assert Address("extension", "2101") not in found
    assert Address("queue", "sales") not in found
