"""No rule raises, whatever a platform holds.

A plan judges the live state too, which is not validated as a whole: what it names may be gone,
fields may be missing or null, and a day or a timezone may have the right form and not exist.
"""

from collections.abc import Iterator, Mapping
from copy import deepcopy
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from ccstate import kinds
from ccstate.desired import ParseCache, load, load_settings
from ccstate.kinds import KINDS
from ccstate.kinds.shape import Leaf, walker
from ccstate.model import Address, Fields, Resource, State
from ccstate.rules import RULES, Breach, Estate
from tests.journeys.strategies_journeys import Plain, centres
from tests.test_schemas import FIELDS

# Not in the coverage report: measuring doubles the time, and these tests check no finding of a rule.
pytestmark = [pytest.mark.no_cover, pytest.mark.thorough]

ROOT = Path(__file__).parent.parent.parent
TODAY = date(2026, 11, 22)


@pytest.fixture(scope="module")
def example(tmp_path_factory: pytest.TempPathFactory) -> State:
    return load(load_settings(ROOT), ParseCache(tmp_path_factory.mktemp("cache"))).state


def judged(state: State) -> list[Breach]:
    """What all rules find; the things that they speak of are there, and so are the fields."""
    estate = Estate(state, TODAY)
    found = [finding for rule in RULES.values() for finding in rule.check(estate)]
    for finding in found:
        assert finding.address in state, finding
        assert is_place(state[finding.address].fields, finding.path), finding
    return found


def is_place(fields: Fields, path: kinds.Path) -> bool:
    """Whether the path leads to a value, or to a field that may be added to one that is there."""
    value: Any = fields
    for step in path[:-1]:
        try:
            value = value[step]
        except (KeyError, IndexError, TypeError):
            return False
    if path and isinstance(path[-1], int):
        return isinstance(value, list) and path[-1] < len(value)
    return not path or isinstance(value, dict)


def state_of(resources: Mapping[Address, Fields]) -> State:
    return {a: Resource(a, fields, "") for a, fields in resources.items()}


def canonical(kind: str, fields: Any) -> Fields | None:
    """The fields as a platform would show them; None where no platform may hold such ones."""
    try:
        return KINDS[kind].model.model_validate(fields).model_dump(exclude_unset=True)
    except ValidationError:
        return None


# The worked example, of which more and more is missing


def test_a_kind_may_be_missing_altogether(example: State) -> None:
    for kind in KINDS:
        assert judged({a: r for a, r in example.items() if a.kind != kind}) is not None


def test_a_platform_may_hold_one_kind_alone(example: State) -> None:
    for kind in KINDS:
        assert judged({a: r for a, r in example.items() if a.kind == kind}) is not None


def test_no_object_need_declare_more_than_it_must(example: State) -> None:
    bare = {address: least(address.kind, r.fields) for address, r in example.items()}
    for kind in KINDS:
        judged(state_of({a: bare[a] if a.kind == kind else r.fields for a, r in example.items()}))
    judged(state_of(bare))


def test_every_field_may_be_missing_or_null_everywhere(example: State) -> None:
    for kind in KINDS:
        named = {a: r.fields for a, r in example.items() if a.kind == kind}
        for field in KINDS[kind].model.model_fields:
            for change in (dropped, nulled):
                changed = {
                    a: after
                    for a, fields in named.items()
                    if field in fields and (after := canonical(kind, change(fields, field)))
                }
                if changed:
                    judged({**example, **state_of(changed)})


def dropped(fields: Fields, field: str) -> Fields:
    return {name: value for name, value in fields.items() if name != field}


def nulled(fields: Fields, field: str) -> Fields:
    return {**fields, field: None}


def least(kind: str, fields: Fields) -> Fields:
    required = KINDS[kind].model.model_fields
    return {name: value for name, value in fields.items() if required[name].is_required()}


@given(st.data())
def test_no_rule_raises_whatever_is_missing(example: State, data: st.DataObject) -> None:
    resources = {address: resource.fields for address, resource in example.items()}
    for _ in range(data.draw(st.integers(0, 4), label="objects that go")):
        del resources[data.draw(some(resources))]
    for _ in range(data.draw(st.integers(1, 12), label="fields that change")):
        address = data.draw(some(resources))
        fields: Any = deepcopy(resources[address])
        owner, key = data.draw(st.sampled_from(list(places(fields))))
        if isinstance(key, int) or data.draw(st.booleans(), label="goes"):
            del owner[key]
        else:
            owner[key] = None
        resources[address] = canonical(address.kind, fields) or resources[address]
    judged(state_of(resources))


@st.composite
def some(draw: st.DrawFn, resources: Mapping[Address, Fields]) -> Address:
    """One of the objects; every kind is as likely, however many it has."""
    by_kind: dict[str, list[Address]] = {}
    for address in resources:
        by_kind.setdefault(address.kind, []).append(address)
    return draw(st.sampled_from(by_kind[draw(st.sampled_from(list(by_kind)))]))


def places(value: Any) -> Iterator[tuple[Any, Any]]:
    """Every field and item, at any depth: what holds it, and its name or number there."""
    for key, child in value.items() if isinstance(value, dict) else enumerate(value):
        yield value, key
        if isinstance(child, dict | list):
            yield from places(child)


@pytest.mark.parametrize(
    "day", ["0000-01-01", "0001-01-01", "2026-02-30", "9999-12-30", "9999-12-31"]
)
@pytest.mark.parametrize("zone", ["Australia/Sydney", "America/New_York", "Nowhere/There"])
def test_a_day_need_be_in_no_calendar_and_a_timezone_on_no_map(zone: str, day: str) -> None:
    spans = ["22:00-06:00"]
    weekly = {"mon": spans}
    dated: dict[str, Any] = {"date": day, "until": day}
    call: dict[str, Any] = {"to": "+61255501000", "expect": ["hangup"]}
    fields: dict[Address, Any] = {
        Address("calendar", "c"): {"holidays": [{"name": "X", **dated}]},
        Address("schedule", "s"): {
            "timezone": zone,
            "weekly": weekly,
            "calendars": ["c"],
            "seasons": [{**dated, "weekly": weekly}],
            "holidays": [{"name": "Y", **dated}],
            "exceptions": [{**dated, "hours": spans}],
        },
        Address("number", "+61255501000"): {"to": "hangup", "hours": "s"},
        Address("call_test", "never"): {**call, "at": "2026-02-30T10:00"},
        Address("call_test", "first"): {**call, "at": "2000-01-01T00:00"},
        Address("call_test", "last"): {**call, "at": "2099-12-31T23:59"},
    }
    valid = {address: canonical(address.kind, found) for address, found in fields.items()}
    judged(state_of({address: found for address, found in valid.items() if found is not None}))
    assert None not in valid.values()


# Estates made of whatever the schemas allow

NAMES: Mapping[str, tuple[str, ...]] = {
    **dict.fromkeys(KINDS, ("near", "far")),
    "extension": ("2101", "106"),
    "number": ("+61255501000", "+610255501000"),
}


@st.composite
def estates(draw: st.DrawFn) -> dict[Address, Fields]:
    """Objects of a few kinds that name each other, and now and then nothing."""
    found: dict[Address, Fields] = {}
    # Of all kinds at once an estate is so large that a busy machine makes few of them, or none.
    for kind in draw(st.lists(st.sampled_from(list(KINDS)), max_size=5, unique=True)):
        for name in NAMES[kind][: draw(st.integers(1, 2))]:
            fields = deepcopy(draw(FIELDS[kind]))
            for path, text in list(named(kind, fields)):
                put(fields, path, draw(text))
            if (valid := canonical(kind, fields)) is not None:
                found[Address(kind, name)] = valid
    return found


def named(kind: str, fields: Any) -> Iterator[tuple[kinds.Path, st.SearchStrategy[str]]]:
    """The places that name something, and what could be named there."""
    walk = walker(kinds.shape(kind), lambda leaf: bool(leaf.ref or leaf.destination))
    nodes = [*fields.get("nodes", ()), "gone"] if kind == "ivr" else ["hangup"]
    ends = [f"{k}/{name}" for k in GOES for name in NAMES[MAILBOX.get(k, k)]] + nodes * 3
    if kind == "ivr":
        yield ("start",), st.sampled_from(nodes)
    for path, leaf, _ in walk(fields, ()) if walk else ():
        yield path, st.sampled_from(ends if leaf.destination else [*names_for(leaf), "gone"])


GOES = ("queue", "ivr", "extension", "voicemail", "number")
MAILBOX = {"voicemail": "extension"}


def names_for(leaf: Leaf) -> tuple[str, ...]:
    return NAMES[MAILBOX.get(leaf.ref, leaf.ref)]


def put(fields: Any, path: kinds.Path, value: str) -> None:
    for step in path[:-1]:
        fields = fields[step]
    fields[path[-1]] = value


@given(estates())
def test_no_rule_raises_whatever_the_schemas_allow(resources: dict[Address, Fields]) -> None:
    judged(state_of(resources))


@given(centres())
def test_no_rule_raises_whatever_calls_meet(plain: Plain) -> None:
    judged(state_of({Address(k, n): f for k, named in plain.items() for n, f in named.items()}))
