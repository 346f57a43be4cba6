"""Text is never code: what people write into any field is read back as text, or refused."""

import copy
import re
from collections.abc import Callable, Iterator
from functools import cache
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from ccstate import kinds
from ccstate.adapters.asterisk.audit import Refusal, refusals
from ccstate.adapters.asterisk.entries import DIALPLAN, FILES, QUEUES, Key
from ccstate.adapters.asterisk.include_files import SENTINEL, serialize
from ccstate.conformance.samples import estate
from ccstate.kinds import KINDS, Path, shape
from ccstate.kinds.shape import walker
from ccstate.model import Address
from tests.adapters.asterisk.hostile import ON_MANY_LINES, ON_ONE_LINE, texts
from tests.adapters.asterisk.test_compile import Objects, compiled, small
from tests.adapters.asterisk.test_include_files import read_back
from tests.journeys.strategies_journeys import Plain, centres

LONG = ("x" * 200, "東" * 200, "x" * 2000)


@cache
def samples() -> Objects:
    """Objects that use every field of every kind, with secrets in place of their references."""
    found: Objects = {}
    for kind, sample in estate().items():
        found[sample.near] = dict(copy.deepcopy(sample.required))
        found[sample.far] = dict(copy.deepcopy(sample.required))
        found[sample.walked] = dict(copy.deepcopy(sample.first))
        for address in (sample.near, sample.far, sample.walked):
            for number, path in enumerate(kinds.secrets(kind, found[address])):
                keys = tuple(path.split("."))
                found[address] = changed(found[address], keys, f"471{number}")
    return found


def changed(value: Any, path: Path, text: Any) -> Any:
    """A copy of the value with the text at that path."""
    if not path:
        return text
    copied = copy.copy(value)
    copied[path[0]] = changed(value[path[0]], path[1:], text)
    return copied


def text_fields(kind: str, fields: dict[str, Any]) -> Iterator[Path]:
    """Every field that holds any text, but for secrets."""
    walk = walker(shape(kind), lambda leaf: not (leaf.ref or leaf.destination or leaf.secret))
    for path, _, _ in walk(fields, ()) if walk else ():
        yield path


def is_legal(kind: str, fields: dict[str, Any]) -> bool:
    for path in kinds.secrets(kind, fields):
        fields = changed(fields, tuple(path.split(".")), "env:X")
    try:
        KINDS[kind].model.model_validate(fields)
    except ValidationError:
        return False
    return True


ENCODED = re.compile(r"(Gosub\(ccstate-named,s,1\(|\$\{URIDECODE\()[A-Za-z0-9%._~-]*(\))")
"""The only places of the dialplan that hold text, percent-encoded: none of these characters mean anything there."""


def said_by(objects: Objects) -> tuple[dict[Key, str], dict[str, list[str]]]:
    """What the files say, and the lines of each that are no comments, but for the revision."""
    texts = serialize(compiled(objects, is_test_site=True))
    lines = {
        name: [
            ENCODED.sub(r"\1\2", line)
            for line in texts[path].decode().split("\n")
            if not line.startswith((";", "CC_REV=")) and SENTINEL not in line
        ]
        for name, path in FILES.items()
    }
    return {k: v for k, v in read_back(texts).items() if SENTINEL not in str(k)}, lines


def everywhere(objects: Objects, text: str) -> tuple[Objects, set[tuple[str, str]]]:
    """The objects with the text in each field that may hold it, and which those are."""
    found: Objects = {}
    places: set[tuple[str, str]] = set()
    for address, fields in objects.items():
        found[address] = fields
        for path in text_fields(address.kind, fields):
            hostile = changed(found[address], path, text)
            if is_legal(address.kind, hostile):
                found[address] = hostile
                places.add((address.kind, str(path[-1])))
    return found, places


@pytest.mark.no_cover  # one estate is compiled for each text in each field
@pytest.mark.parametrize("text", [*ON_ONE_LINE, *ON_MANY_LINES, *LONG])
@pytest.mark.parametrize("estate", [small, samples])
def test_no_text_of_any_field_says_more_than_a_text(
    estate: Callable[[], Objects], text: str
) -> None:
    before = estate()
    objects, places = everywhere(before, text)
    refused = refusals(objects)
    names_its_place(refused, objects)
    for address, field, _ in refused:
        assert text in LONG or field == "username"
        if field == "username":
            objects[address] = {**objects[address], "username": "carrier"}
    if len(text) < 200:
        assert places or text in ON_MANY_LINES
        keys, lines = said_by(before)
        found, found_lines = said_by(objects)
        assert found.keys() == keys.keys()
        assert found_lines[DIALPLAN] == lines[DIALPLAN]
        assert found_lines[QUEUES] == lines[QUEUES]
        entries = compiled(objects, is_test_site=True).entries
        assert found == {key: entry.value for key, entry in entries.items()}


def test_texts_are_tried_in_every_field_that_may_hold_any() -> None:
    _, places = everywhere(samples(), "${SHELL(x)}")
    for kind in (
        "site",
        "user",
        "extension",
        "trunk",
        "outbound_route",
        "queue",
        "ivr",
        "number",
        "calendar",
    ):
        assert (kind, "label") in places
    for place in (
        "user name",
        "trunk username",
        "schedule name",
        "schedule reason",
        "calendar name",
        "site street",
    ):
        kind, field = place.split()
        assert (kind, field) in places
    assert ("extension", "name") in places  # of its caller_id
    assert ("prompt", "text") in places
    assert ("prompt", "text") in everywhere(samples(), "a\nb")[1]


def names_its_place(refused: list[Refusal], objects: Objects) -> None:
    for address, field, problem in refused:
        assert address in objects
        assert str(address) in problem.message
        assert field in problem.message
        assert problem.code in {f"CC49{digit}" for digit in range(6)}
        assert problem.cause
        assert problem.hint


@pytest.mark.parametrize("kind, name, field", [("extension", "2001", "secret"), ("trunk", "carrier-a", "secret")])  # fmt: skip
@given(
    st.sampled_from([*ON_ONE_LINE, *ON_MANY_LINES, "x" * 9000, " a", "a ", "", "\udc80"]) | texts
)
def test_a_secret_is_held_as_it_is_or_refused_without_repeating_it(
    kind: str, name: str, field: str, secret: str
) -> None:
    objects = small()
    objects[Address(kind, name)][field] = secret
    refused = refusals(objects)
    if refused:
        ((address, path, problem),) = refused
        assert (address, path, problem.code) == (Address(kind, name), field, "CC491")
        told = f"{problem.message} {problem.cause} {problem.hint}"
        assert len(secret) < 4 or secret not in told
        return
    found, _ = said_by(objects)
    held = {value for key, value in found.items() if key.part == "password"}
    assert secret in held


@pytest.mark.parametrize("pin", ["", "12a4", "1 2", "-1", "１２３", "1" * 79, "1,2", "1\n2"])
def test_a_pin_that_cannot_be_typed_is_refused(pin: str) -> None:
    objects = small()
    objects[Address("extension", "2001")]["voicemail"]["pin"] = pin
    assert said(objects) == [("extension/2001", "voicemail.pin", "CC492")]


def said(objects: Objects) -> list[tuple[str, str, str]]:
    found = refusals(objects)
    names_its_place(found, objects)
    return [(str(address), field, problem.code) for address, field, problem in found]


def test_nothing_is_refused_in_an_ordinary_estate() -> None:
    assert said(small()) == []
    assert said(samples()) == []


@given(centres())
def test_whatever_is_declared_is_judged(plain: Plain) -> None:
    objects = {Address(k, n): fields for k, named in plain.items() for n, fields in named.items()}
    names_its_place(refusals(objects), objects)


def renamed(old: str, new: str) -> Objects:
    objects = small()
    address = Address(*old.split("/"))
    fields = objects.pop(address)
    objects[Address(*new.split("/"))] = fields
    return objects


@pytest.mark.parametrize(
    "old, new",
    [
        ("extension/lift", "extension/" + "x" * 74),
        ("queue/empty", "queue/" + "x" * 80),
        ("trunk/carrier-a", "trunk/" + "x" * 74),
        ("user/al.k", "user/" + "x" * 80),
        ("extension/lift", "extension/anonymous"),
        ("extension/lift", "extension/ccstate-rev"),
        ("extension/lift", "extension/ccstate-test"),
        ("extension/lift", "extension/trunk-carrier-a"),
        ("queue/empty", "queue/general"),
        ("queue/empty", "queue/ccstate-rev-0123456789abcdef"),
    ],
)
def test_a_name_that_asterisk_cuts_or_has_already_is_refused(old: str, new: str) -> None:
    assert (new, "", "CC490") in said(renamed(old, new))


def test_a_phone_may_be_called_after_a_trunk_that_is_not_there() -> None:
    assert said(renamed("extension/lift", "extension/trunk-room")) == []


@pytest.mark.parametrize(
    "address, path, value, expected",
    [
        ("user/priya.n", "name", "x" * 80, ("user/priya.n", "name", "CC493")),
        ("user/priya.n", "name", "東" * 27, ("user/priya.n", "name", "CC493")),
        ("extension/lift", "label", "x" * 80, ("extension/lift", "label", "CC493")),
        ("extension/lift", "label", "Lift", None),
        ("site/sydney", "address.street", "x" * 200, None),
        ("site/sydney", "address.street", "東" * 180, ("extension/2001", "site", "CC493")),
        ("extension/2001", "caller_id.name", " x", ("extension/2001", "caller_id.name", "CC493")),
        ("extension/2001", "caller_id.name", "東" * 180, ("extension/2001", "caller_id.name", "CC493")),
        ("trunk/carrier-a", "username", "x ", ("trunk/carrier-a", "username", "CC493")),
        ("trunk/carrier-a", "username", 'x"', ("trunk/carrier-a", "username", "CC493")),
        ("queue/sales", "music", "x" * 80, ("queue/sales", "music", "CC490")),
        ("queue/sales", "ring_for", "0s", ("queue/sales", "ring_for", "CC494")),
        ("queue/sales", "retry", "0s", ("queue/sales", "retry", "CC494")),
        ("queue/sales", "wrap_up", "0s", None),
        ("queue/sales", "wrap_up", "597h", ("queue/sales", "wrap_up", "CC494")),
        ("queue/sales", "service_level.within", "999h", ("queue/sales", "service_level.within", "CC494")),
        ("queue/sales", "overflow.after", "0s", None),
        ("queue/sales", "overflow.after", "596h", None),
        ("queue/sales", "overflow.after", "999999h", ("queue/sales", "overflow.after", "CC494")),
        ("queue/sales", "announcements.every", "0s", ("queue/sales", "announcements.every", "CC494")),
        ("queue/sales", "announcements.periodic_every", "0s",
         ("queue/sales", "announcements.periodic_every", "CC494")),
        ("extension/2001", "ring_for", "0s", None),
        ("extension/2001", "ring_for", "597h", ("extension/2001", "ring_for", "CC494")),
        ("ivr/main", "nodes.top.timeout", "597h", ("ivr/main", "nodes.top.timeout", "CC494")),
        ("ivr/main", "nodes.ring.ring_for", "597h", ("ivr/main", "nodes.ring.ring_for", "CC494")),
        ("extension/2001", "number", "3001", ("queue/sales", "extension", "CC495")),
        ("ivr/main", "extension", "2001", ("ivr/main", "extension", "CC495")),
    ],
)  # fmt: skip
def test_what_asterisk_would_cut_or_take_for_something_else_is_refused(
    address: str, path: str, value: str, expected: tuple[str, str, str] | None
) -> None:
    objects = small()
    owner = Address(*address.split("/"))
    keys = tuple(path.split("."))
    inner = objects[owner]
    for key in keys[:-1]:
        inner = inner.setdefault(key, {})
    inner[keys[-1]] = value
    assert said(objects) == ([expected] if expected else [])


def test_a_ring_group_has_its_duration_and_its_number_judged_too() -> None:
    objects = small()
    group = {"members": ["2001"], "ring_for": "597h", "extension": "2001"}
    objects[Address("ring_group", "doors")] = group
    assert said(objects) == [
        ("ring_group/doors", "ring_for", "CC494"),
        ("ring_group/doors", "extension", "CC495"),
    ]


def test_a_conference_room_has_its_number_and_its_pins_judged_too() -> None:
    objects = small()
    room = {"extension": "2001", "pin": "475", "moderator_pin": "475", "max_members": 0}
    objects[Address("conference_room", "talk")] = room
    assert said(objects) == [
        ("conference_room/talk", "moderator_pin", "CC492"),
        ("conference_room/talk", "extension", "CC495"),
    ]


def test_a_person_and_a_phone_of_one_name_cannot_both_be_members() -> None:
    objects = renamed("user/al.k", "user/lift")
    objects[Address("queue", "sales")]["members"] = [{"user": "lift"}, {"extension": "lift"}]
    assert said(objects) == [("queue/sales", "members.1", "CC495")]
