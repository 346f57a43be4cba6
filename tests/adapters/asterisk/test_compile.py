"""What a small estate is compiled to, as files that people read."""

import copy
from collections.abc import Callable
from typing import Any

import pytest

from ccstate.adapters.asterisk.compiling import compile_objects
from ccstate.adapters.asterisk.entries import (
    ACCOUNTS,
    FILES,
    PJSIP,
    QUEUES,
    Compiled,
    Key,
    is_pjsip,
)
from ccstate.adapters.asterisk.include_files import serialize
from ccstate.adapters.asterisk.kind import Setting
from ccstate.adapters.asterisk.places import LONGEST, exten, shortened
from ccstate.model import Address

KEY = b"k" * 32
Objects = dict[Address, dict[str, Any]]

SMALL: dict[str, dict[str, dict[str, Any]]] = {
    "site": {
        "sydney": {
            "label": "Sydney",
            "emergency_callback": "+61255501999",
            "timezone": "Australia/Sydney",
            "address": {
                "street": "1 Macquarie Street",
                "city": "Sydney",
                "state": "NSW",
                "postcode": "2000",
                "country": "AU",
            },
            "areas": {"l2": {"label": "Level 2; north", "desks": ["2-14"]}},
        }
    },
    "team": {"front": {}},
    "user": {
        "priya.n": {
            "name": "Priya Nair",
            "email": "priya.nair@example.com",
            "team": "front",
            "site": "sydney",
            "area": "l2",
            "desk": "2-14",
            "extension": "2001",
            "skills": {"billing": 5},
        },
        "al.k": {"name": "Al Kowalski", "team": "front", "extension": "workshop-phone"},
    },
    "extension": {
        "2001": {
            "site": "sydney",
            "permissions": ["emergency", "internal", "national"],
            "caller_id": {"name": "Brolga", "number": "+61255501000"},
            "pickup_group": "front",
            "secret": "phone;secret",
            "voicemail": {
                "pin": "4711",
                "email": "priya.nair@example.com",
                "greeting": "leave",
                "delete_after_email": True,
            },
        },
        "workshop-phone": {"label": "Workshop", "number": "2002", "device": "webrtc"},
        "lift": {"label": 'Lift "A"', "number": "2003"},
        "2900": {"device": "none", "label": "After hours", "voicemail": {}},
    },
    "trunk": {
        "carrier-a": {
            "label": "Carrier A",
            "host": "sip.carrier.example",
            "port": 5061,
            "transport": "tls",
            "username": "brolga@syd",
            "secret": "trunk-secret",
            "max_calls": 30,
            "codecs": ["alaw", "g722"],
            "caller_id": "+61255501000",
        }
    },
    "outbound_route": {
        "emergency": {"emergency": True, "patterns": ["000"], "trunks": ["carrier-a"]},
        "national": {
            "site": "sydney",
            "patterns": ["0011.", "0ZXXXXXXXX"],
            "permission": "national",
            "strip": 1,
            "prepend": "+61",
            "trunks": ["carrier-a"],
        },
    },
    "schedule": {
        "faults": {
            "label": "Faults, day and night",
            "timezone": "Australia/Sydney",
            "weekly": {"fri": ["22:00-06:00"], "mon": ["09:00-12:00", "13:00-17:00"]},
            "holidays": [
                {"name": "Christmas", "date": "2026-12-25", "until": "2026-12-26"},
            ],
            "exceptions": [{"date": "2026-12-24", "hours": ["09:00-12:00"], "reason": "Party"}],
        }
    },
    "prompt": {
        name: {"languages": {"en-AU": {"text": name}, "vi": {"text": name}}}
        for name in ("welcome", "menu", "account", "leave", "hold", "bye")
    },
    "queue": {
        "sales": {
            "label": "Sales & orders",
            "extension": "3001",
            "strategy": "longest_idle",
            "max_waiting": 10,
            "weight": 5,
            "hours": "faults",
            "service_level": {"percent": 80, "within": "20s"},
            "members": [{"team": "front", "penalty": 1}],
            "announcements": {
                "welcome": "welcome",
                "position": True,
                "periodic": "hold",
            },
            "overflow": {
                "after": "3m",
                "to": "voicemail/2900",
                "empty": "voicemail/2900",
                "full": "ivr/main",
            },
        },
        "empty": {"extension": "3002", "members": [], "overflow": {"after": "30s", "to": "hangup"}},
    },
    "ivr": {
        "main": {
            "label": "Main menu",
            "extension": "3000",
            "language": "vi",
            "start": "door",
            "nodes": {
                "door": {
                    "type": "hours",
                    "schedule": "faults",
                    "open": "hello",
                    "closed": "message",
                    "holiday": "bye",
                },
                "hello": {"type": "play", "prompt": "welcome", "then": "top"},
                "top": {
                    "type": "menu",
                    "label": "What is it about?",
                    "prompt": "menu",
                    "choices": {"1": "sales", "2": "account", "3": "ring", "*": "top", "0": "out"},
                    "retries": 1,
                    "on_timeout": "message",
                    "on_invalid": "bye",
                },
                "account": {
                    "type": "collect",
                    "prompt": "account",
                    "save_as": "account-number",
                    "min_digits": 4,
                    "max_digits": 8,
                    "then": "again",
                },
                "again": {"type": "goto", "to": "queue/empty"},
                "sales": {"type": "queue", "queue": "sales", "priority": 2},
                "ring": {"type": "dial", "extension": "2001", "on_no_answer": "message"},
                "out": {"type": "dial", "number": "+61255501234", "ring_for": "30s"},
                "message": {"type": "voicemail", "mailbox": "2900"},
                "bye": {"type": "hangup", "prompt": "bye"},
            },
        }
    },
    "conference_room": {
        "weekly": {
            "label": "Weekly",
            "extension": "8300",
            "pin": "0475",
            "moderator_pin": "475",
            "max_members": 12,
            "recording": {"when": "on_demand", "folder": "weekly"},
        },
        "open": {"music": "jazz", "recording": {"when": "always", "notice": "welcome"}},
    },
    "parking_lot": {
        "office": {"label": "Office", "extension": "700", "slots": "701-720"},
        "desk": {
            "extension": "730",
            "slots": "731-731",
            "timeout": "1m",
            "on_timeout": "extension/2001",
            "music": "jazz",
        },
    },
    "number": {
        "+61255501000": {
            "label": "Main line",
            "trunk": "carrier-a",
            "hours": "faults",
            "to": "ivr/main",
            "closed": "voicemail/2900",
        },
        "+61255501001": {"to": "extension/workshop-phone"},
    },
}


def small() -> Objects:
    """A small estate in which each kind, and each node of a tree, is there at least once."""
    plain = copy.deepcopy(SMALL)
    return {Address(k, n): fields for k, named in plain.items() for n, fields in named.items()}


def compiled(objects: Objects, *, is_test_site: bool = False) -> Compiled:
    return compile_objects(objects, Setting(KEY, is_test_site))


@pytest.mark.parametrize("site", ["site", "test-site"])
@pytest.mark.parametrize("file", FILES)
def test_a_small_estate_reads_so(golden: Callable[[str, str], None], file: str, site: str) -> None:
    texts = serialize(compiled(small(), is_test_site=site == "test-site"))
    golden(f"asterisk/compile/{site}/{file}.conf", texts[FILES[file]].decode())


def test_a_test_site_says_more_in_the_dialplan_and_in_pjsip_alone() -> None:
    real, test = (compiled(small(), is_test_site=flag).entries for flag in (False, True))
    only = set(test.keys() - real.keys())
    assert real.keys() < test.keys()
    assert {key.item if is_pjsip(key.file) else key.section for key in only} == {
        "ccstate-test",
        "ccstate-test-numbers",
        "conference_room/weekly",
    }
    changed = {key for key in real if real[key].value != test[key].value}
    # Of a room with a PIN, the steps behind the one that is more have other priorities.
    room = {key for key in changed if key.section == "conference_room/weekly"}
    assert {key.item for key in room} == {"s"}
    changed -= room
    assert {(key.section, key.item, key.part) for key in changed} == {("schedule/faults", "s", "1")}
    assert "CC_AT" not in repr(real)


def test_the_same_objects_in_any_order_give_the_same_bytes() -> None:
    expected = serialize(compiled(small()))
    objects = small()
    backwards = sorted(objects, key=lambda address: address.name[::-1])
    for order in (sorted(objects), sorted(objects, reverse=True), backwards):
        assert serialize(compiled({address: objects[address] for address in order})) == expected


def test_a_label_changes_comments_and_what_phones_show_and_nothing_else() -> None:
    before, objects = compiled(small()), small()
    for address, fields in objects.items():
        fields["label"] = f"Renamed {address.name}"
    for node in objects[Address("ivr", "main")]["nodes"].values():
        node["label"] = "Renamed"
    after = compiled(objects)
    assert list(after.entries) == list(before.entries)
    changed = {key for key in after.entries if after.entries[key] != before.entries[key]}
    assert changed == {
        Key("voicemail", "ccstate", "2900", "name"),
        Key(PJSIP, "endpoint", "lift", "callerid"),
    }
    assert after.notes.keys() == before.notes.keys()
    assert after.notes != before.notes


def test_every_entry_of_an_object_names_its_owner() -> None:
    found = compiled(small(), is_test_site=True)
    owners = {entry.owner for entry in found.entries.values() if entry.owner}
    assert owners <= set(small())
    nobodys = {k.section for k, e in found.entries.items() if not e.owner and not is_pjsip(k.file)}
    common = ("ccstate-", "internal", "outbound", "site", "hints", "numbers")
    assert all(section.startswith(common) for section in nobodys)


def test_long_names_keep_apart_and_fit_into_asterisk() -> None:
    names = ["x" * 80, "x" * 79 + "y", "x" * 79, "-" * 30, "a-b", "a.b", "s", "t"]
    assert len({exten(name) for name in names}) == len(names)
    assert all(len(exten(name)) <= LONGEST for name in names)
    assert exten("s") not in {"s", "t", "i", "h"}
    assert len(shortened("ivr/" + "x" * 170)) <= LONGEST


def test_a_phone_of_a_site_with_a_long_name_dials_in_the_context_that_is_there() -> None:
    objects = small()
    site = "s" * 80
    objects[Address("site", site)] = objects.pop(Address("site", "sydney"))
    objects[Address("extension", "2001")]["site"] = site
    entries = compiled(objects).entries
    used = entries[Key(PJSIP, "endpoint", "2001", "context")].value
    assert used in {key.section for key in entries if key.file == "extensions"}


def test_a_phone_that_answers_a_queue_twice_is_one_member() -> None:
    assert sales_members(
        [{"extension": "2001"}, {"user": "priya.n"}, {"extension": "lift", "penalty": 7}]
    ) == [("lift", "PJSIP/lift,7,PJSIP/lift"), ("priya.n", "PJSIP/2001,0,PJSIP/2001")]


@pytest.mark.parametrize("turned", [False, True])
def test_of_two_penalties_the_lower_counts(turned: bool) -> None:
    # Canonical order would put the higher one first: `{"penalty":…` before `{"user":…`.
    members: list[dict[str, Any]] = [{"user": "priya.n", "penalty": 5}, {"team": "front"}]
    found = dict(sales_members(members[::-1] if turned else members))
    assert found["priya.n"] == "PJSIP/2001,0,PJSIP/2001"


def test_members_ring_in_order_as_they_are_written() -> None:
    members = [{"extension": "lift"}, {"team": "front"}, {"extension": "2900"}]
    written = sales_members(members, strategy="in_order")
    assert written == [
        ("lift", "PJSIP/lift,0,PJSIP/lift,1"),
        ("al.k", "PJSIP/workshop-phone,0,PJSIP/workshop-phone,2"),
        ("priya.n", "PJSIP/2001,0,PJSIP/2001,3"),
    ]
    turned = sales_members([members[1], members[0]], strategy="in_order")
    assert [name for name, _ in turned] == ["al.k", "priya.n", "lift"]


def test_elsewhere_the_order_of_members_changes_no_byte() -> None:
    members = [{"extension": "lift"}, {"team": "front"}]
    assert sales_members(members) == sales_members(members[::-1])


def sales_members(members: list[dict[str, Any]], **more: Any) -> list[tuple[str, str]]:
    objects = small()
    sales = Address("queue", "sales")
    objects[sales] = {**objects[sales], "strategy": "ring_all", "members": members, **more}
    return [
        (key.part, entry.value)
        for key, entry in compiled(objects).entries.items()
        if key.file == QUEUES and key.section == "sales" and key.item == "member"
    ]


def test_a_phone_without_a_secret_has_one_that_is_unknown() -> None:
    objects = small()
    password = Key(ACCOUNTS, "auth", "workshop-phone", "password")
    first = compiled(objects).entries[password].value
    other = compile_objects(objects, Setting(b"x" * 32)).entries[password].value
    assert first != other
    assert len(first) == 32


@pytest.mark.parametrize(
    "trunk, server",
    [
        ({}, "sip:sip.carrier.example:5060"),
        ({"transport": "tls"}, "sip:sip.carrier.example:5061;transport=tls"),
        ({"transport": "tls", "port": 5062}, "sip:sip.carrier.example:5062;transport=tls"),
        ({"transport": "tcp"}, "sip:sip.carrier.example:5060;transport=tcp"),
    ],
)
def test_a_trunk_has_the_port_of_its_transport(trunk: dict[str, Any], server: str) -> None:
    objects: Objects = {Address("trunk", "carrier"): {"host": "sip.carrier.example", **trunk}}
    values = compile_objects(objects, Setting(KEY)).values()
    assert values[Key(PJSIP, "aor", "trunk-carrier", "contact")] == server
