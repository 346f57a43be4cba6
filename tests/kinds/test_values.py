"""What null and 0 mean in every field that takes them."""

import json
import random
from collections.abc import Iterator
from types import NoneType
from typing import Annotated, Any, get_args, get_origin
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from pydantic import BaseModel, TypeAdapter, ValidationError

from ccstate.adapters.asterisk.audit import refusals
from ccstate.kinds import KINDS, with_sorted_lists
from ccstate.kinds.call_test import moment_named
from ccstate.kinds.fields import Duration, Expectation, canonical_order, seconds
from ccstate.model import Address, Json
from tests.adapters.asterisk.test_compile import compiled, small
from tests.test_schemas import DOCUMENT, Validator

DURATION: TypeAdapter[str] = TypeAdapter(Duration)


def models(annotation: Any) -> Iterator[type[BaseModel]]:
    """Every model inside of an annotation."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
        for field in annotation.model_fields.values():
            yield from models(field.annotation)
    for inner in get_args(annotation):
        yield from models(inner)


ALL = list(dict.fromkeys(m for kind in KINDS.values() for m in models(kind.model)))
OPTIONAL = [
    (model, name)
    for model in ALL
    for name, field in model.model_fields.items()
    if not field.is_required()
]


@pytest.mark.parametrize(
    "model, name", OPTIONAL, ids=[f"{model.__name__}.{name}" for model, name in OPTIONAL]
)
def test_every_field_that_may_be_left_out_takes_null(model: type[BaseModel], name: str) -> None:
    field = model.model_fields[name]
    schema = DOCUMENT["$defs"][model.__name__]["properties"][name]
    assert Validator({**schema, "$defs": DOCUMENT["$defs"]}).is_valid(None)
    if not (wrong := faults(model, {name: None})):
        found = model.model_validate({name: None}).model_dump(exclude_unset=True)
        assert found == {name: field.default}
    assert name not in wrong


def faults(model: type[BaseModel], fields: dict[str, Any]) -> set[str]:
    """The fields that are wrong; "" where it is all of them together."""
    try:
        model.model_validate(fields)
    except ValidationError as error:
        return {str(*detail["loc"][:1]) for detail in error.errors()}
    return set()


def test_a_field_that_must_be_there_takes_no_null() -> None:
    with pytest.raises(ValidationError):
        KINDS["user"].model.model_validate({"name": None})


def counted() -> Iterator[tuple[str, str, bool]]:
    """Every integer and duration: its model, its name, whether it takes 0."""
    for model in ALL:
        for name, field in model.model_fields.items():
            hint: Any = field.rebuild_annotation()
            if (zero := _zero(hint)) is not None:
                yield model.__name__, name, _takes(hint, zero)


def _zero(annotation: Any) -> int | str | None:
    if get_origin(annotation) is Annotated:
        inner, *marks = get_args(annotation)
        if any(
            isinstance(mark, Expectation) and mark.words.startswith("a duration") for mark in marks
        ):
            return "0s"
        return _zero(inner)
    if annotation is int:
        return 0
    options = [option for option in get_args(annotation) if option is not NoneType]
    return _zero(options[0]) if len(options) == 1 and get_origin(annotation) is not list else None


def _takes(hint: Any, zero: int | str) -> bool:
    try:
        TypeAdapter(hint).validate_python(zero)
    except ValidationError:
        return False
    return True


REFUSED = {
    ("Queue", "ring_for"),  # app_queue rings without end
    ("Extension", "ring_for"),  # Dial, too
    ("Dial", "ring_for"),
    ("RingGroup", "ring_for"),
    ("Follow", "ring_for"),
    ("ParkingLot", "timeout"),  # a parked call would come back at once
    ("Recording", "keep_days"),  # deleted at once: `when: never` says so
    ("Menu", "timeout"),  # WaitExten and Read take their own default
    ("Collect", "timeout"),
    ("Announcements", "every"),  # never, which `position: false` says
    ("Announcements", "periodic_every"),
    ("Trunk", "max_calls"),  # a line without calls is none
    ("Trunk", "port"),
    ("Collect", "min_digits"),
    ("Collect", "max_digits"),
    ("Display", "refresh"),
    ("Display", "columns"),
    ("Tile", "width"),
    ("Tile", "height"),
}
MEANS = {
    ("Queue", "retry"): "the next attempt at once",
    ("Queue", "wrap_up"): "the next call at once",
    ("Queue", "max_waiting"): "no limit",
    ("ConferenceRoom", "max_members"): "no limit",
    ("Queue", "weight"): "served last",
    ("Member", "penalty"): "rings first",
    ("ServiceLevel", "percent"): "no promise",
    ("ServiceLevel", "within"): "a target that no call meets: CC214",
    ("Overflow", "after"): "sent on at once, no member rings",
    ("Menu", "retries"): "asked once",
    ("Collect", "retries"): "asked once",
    ("ToQueue", "priority"): "answered last",
    ("OutboundRoute", "strip"): "the number as it is dialled",
}


def test_of_every_number_it_is_known_what_0_means() -> None:
    found = {(model, name): takes for model, name, takes in counted()}
    assert {place for place, takes in found.items() if not takes} == REFUSED
    assert {place for place, takes in found.items() if takes} == set(MEANS)


def written(address: str, **fields: Any) -> dict[str, str]:
    """What the include files say of one object with these fields."""
    owner = Address(*address.split("/"))
    objects = small()
    objects[owner] = {**objects[owner], **fields}
    return {
        f"{key.section} {key.item} {key.part}": entry.value
        for key, entry in compiled(objects).entries.items()
        if entry.owner == owner
    }


@pytest.mark.parametrize(
    "field, option, value",
    [
        ("wrap_up", "wrapuptime", "0"),  # app_queue: no pause
        ("max_waiting", "maxlen", "0"),  # queues.conf.sample: "0 for unlimited"
        ("weight", "weight", "0"),
    ],
)
def test_a_queue_is_written_so_that_0_means_what_is_said(
    field: str, option: str, value: str
) -> None:
    zero = "0s" if field == "wrap_up" else 0
    assert written("queue/sales", **{field: zero})[f"sales {option} "] == value


NUMBER = st.integers(0, 999_999).map(str)


@given(st.tuples(NUMBER, NUMBER, NUMBER))
@example(("987000", "800000", "0"))
@example(("999999", "999999", "999999"))
def test_the_canonical_form_of_a_duration_is_a_duration_of_as_many_seconds(
    numbers: tuple[str, str, str],
) -> None:
    text = "{}h{}m{}s".format(*numbers)
    hours, minutes, rest = map(int, numbers)
    once = DURATION.validate_python(text)
    assert seconds(once) == hours * 3600 + minutes * 60 + rest
    assert DURATION.validate_python(once) == once


def test_an_overflow_after_0s_is_a_queue_that_times_out_at_once() -> None:
    lines = written("queue/sales", overflow={"after": "0s", "to": "hangup"}).values()
    assert "Queue(sales,,,,0)" in lines


def test_a_retry_of_0s_is_refused_where_asterisk_takes_it_for_5_seconds() -> None:
    objects = small()
    sales = Address("queue", "sales")
    objects[sales] = {**objects[sales], "retry": "0s"}
    assert [(r.field, r.problem.code) for r in refusals(objects)] == [("retry", "CC494")]


@pytest.mark.parametrize(
    "text, meant",
    [
        ("2026-12-25T10:00", "2026-12-25T10:00:00+11:00"),
        ("2026-12-25T10:00+00:00", "2026-12-25T10:00:00+00:00"),
        ("2000-01-01T00:00", "2000-01-01T00:00:00+11:00"),
        ("2099-12-31T23:59", "2099-12-31T23:59:00+11:00"),
        ("1999-12-31T23:59", None),
        ("2100-01-01T00:00", None),
        ("0000-01-01T00:00", None),
        ("2026-02-30T10:00", None),
        ("", None),
    ],
)
def test_a_moment_is_local_unless_it_says_otherwise_or_is_none(
    text: str, meant: str | None
) -> None:
    found = moment_named(text, ZoneInfo("Australia/Sydney"))
    assert (found and found.isoformat()) == meant


ANYTHING = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.text(st.characters())  # lone surrogates too
    | st.sampled_from(["\ud800", "\udfff", "\\ud800", '"\\ud800"']),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(st.characters()), inner, max_size=3)
    ),
    max_leaves=5,
)


@given(st.lists(ANYTHING, max_size=6), st.randoms())
def test_a_set_of_whatever_a_platform_holds_has_one_order(
    items: list[Any], chance: random.Random
) -> None:
    mixed = chance.sample(items, len(items))
    one, other = ([pile[n] for n in canonical_order(pile)] for pile in (items, mixed))
    assert json.dumps(one, sort_keys=True) == json.dumps(other, sort_keys=True)


def test_a_lone_surrogate_is_not_its_own_escape() -> None:
    members: list[Json] = [{"extension": "\ud800"}, {"extension": "\\ud800"}, {"extension": "10"}]
    found = with_sorted_lists("queue", {"members": members}, {})["members"]
    assert isinstance(found, list)
    assert found == with_sorted_lists("queue", {"members": members[::-1]}, {})["members"]
    assert sorted(map(repr, found)) == sorted(map(repr, members))
