"""Desired × live × last applied: what is to do, and whose doing it is."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ccstate import kinds
from ccstate.diff import diff, discrepancy, secret_references
from ccstate.model import (
    ABSENT,
    ALTERED,
    ANNOTATIONS,
    RUNNING,
    Action,
    Address,
    Change,
    Fields,
    Json,
    Observation,
    Resource,
    Why,
    edited,
    fingerprint,
)
from tests.strategies import objects

A = Address("queue", "a")
STRUCT: Fields = {"overflow": {"after": "1m", "to": "hangup"}}


def changes(
    desired: Fields | None,
    live: Fields | None,
    applied: Fields | None,
    *,
    defaulted: frozenset[str] = frozenset(),
    release: tuple[Address, ...] = (),
) -> list[Change]:
    """What is to do about queue/a; None stands for not declared, not there, not managed."""
    state = {} if desired is None else {A: Resource(A, desired, "a.yaml", defaulted)}
    seen = Observation({} if live is None else {A: live}, {} if applied is None else {A: applied})
    return diff("here", state, seen, secrets={}, release=release)


def only(found: list[Change]) -> Change:
    (change,) = found
    return change


def edits(change: Change) -> list[tuple[str, Json, Json, Why]]:
    return [(edit.path, edit.before, edit.after, edit.why) for edit in change.edits]


W5, W9, W7 = {"weight": 5}, {"weight": 9}, {"weight": 7}


@pytest.mark.parametrize(
    "desired, live, applied, action, why",
    [
        pytest.param(W5, None, None, Action.CREATE, Why.YOU, id="you declare it"),
        pytest.param(W5, None, W5, Action.CREATE, Why.DELETED_BY_HAND, id="deleted by hand"),
        pytest.param(W5, W5, None, Action.ADOPT, Why.NEW, id="adopted as it is"),
        pytest.param(W5, W9, None, Action.ADOPT, Why.NEW, id="adopted, with an edit"),
        pytest.param(W9, W5, W5, Action.UPDATE, Why.YOU, id="you change it"),
        pytest.param(W5, W9, W5, Action.UPDATE, Why.BY_HAND, id="changed by hand"),
        pytest.param(W9, W7, W5, Action.UPDATE, Why.BOTH, id="both change it"),
        pytest.param(W9, W9, W5, Action.UPDATE, Why.BOTH, id="both, to the same"),
        pytest.param(
            {"retry": "5s"}, {"retry": "9s", **W5}, W5, Action.UPDATE, Why.YOU, id="moved"
        ),
        pytest.param({}, W5, W5, Action.UPDATE, Why.RELEASED, id="you let a field go"),
        pytest.param({**W5, "retry": "5s"}, W5, W5, Action.UPDATE, Why.NEW, id="one field more"),
        pytest.param(None, W5, W5, Action.DELETE, Why.DELETED, id="you delete it"),
        pytest.param(None, None, W5, Action.RELEASE, Why.DELETED_BY_HAND, id="gone on both sides"),
    ],
)
def test_who_did_what(
    desired: Fields | None, live: Fields | None, applied: Fields | None, action: Action, why: Why
) -> None:
    change = only(changes(desired, live, applied))
    assert (change.action, change.why) == (action, why)
    assert change.ledger == (desired if action not in {Action.DELETE, Action.RELEASE} else None)
    assert change.basis == (fingerprint(live) if live is not None else ABSENT)


@pytest.mark.parametrize(
    "desired, live, applied",
    [
        (W5, W5, W5),
        (W5, {**W5, "retry": "9s"}, W5),
        ({"hours": None}, {}, {"hours": None}),
        ({"overflow": {"after": "1m"}}, STRUCT, {"overflow": {"after": "1m"}}),
        ({"overflow": None}, {}, {"overflow": None}),
        ({**W5, "protect": True}, W5, {**W5, "protect": True}),
        (None, W5, None),
        (None, None, None),
        ({}, {}, {}),
    ],
)
def test_nothing_to_do(desired: Fields | None, live: Fields | None, applied: Fields | None) -> None:
    assert changes(desired, live, applied) == []


def test_a_field_that_is_not_declared_is_not_in_the_edits() -> None:
    change = only(changes(W9, {**W5, "retry": "9s", "music": "jazz"}, W5))
    assert edits(change) == [("weight", 5, 9, Why.YOU)]


def test_null_takes_a_field_out() -> None:
    change = only(changes({"hours": None}, {"hours": "weekdays"}, {"hours": "weekdays"}))
    assert edits(change) == [("hours", "weekdays", None, Why.YOU)]


def test_null_takes_a_struct_out_as_a_whole() -> None:
    change = only(changes({"overflow": None}, STRUCT, STRUCT))
    assert edits(change) == [("overflow", STRUCT["overflow"], None, Why.YOU)]


def test_a_struct_put_back_by_hand_is_taken_out_again() -> None:
    change = only(changes({"overflow": None}, STRUCT, {"overflow": None}))
    assert edits(change) == [("overflow", STRUCT["overflow"], None, Why.BY_HAND)]


def test_a_struct_that_was_null_is_filled_by_you() -> None:
    change = only(changes({"overflow": {"after": "1m"}}, {}, {"overflow": None}))
    assert edits(change) == [("overflow.after", None, "1m", Why.YOU)]


def test_a_struct_that_was_null_and_was_filled_by_hand_is_changed_by_both() -> None:
    live: Fields = {"overflow": {"after": "9m"}}
    change = only(changes({"overflow": {"after": "1m"}}, live, {"overflow": None}))
    assert edits(change) == [("overflow.after", "9m", "1m", Why.BOTH)]


def test_the_parts_of_a_struct_are_managed_one_by_one() -> None:
    change = only(changes({"overflow": {"after": "2m"}}, STRUCT, {"overflow": {"after": "1m"}}))
    assert edits(change) == [("overflow.after", "1m", "2m", Why.YOU)]


def test_a_list_is_compared_as_a_whole() -> None:
    change = only(changes({"skills": []}, {"skills": ["a"]}, {"skills": ["a"]}))
    assert edits(change) == [("skills", ["a"], [], Why.YOU)]


def test_a_field_let_go_keeps_its_live_value() -> None:
    change = only(changes({}, {"weight": 9}, W5))
    assert edits(change) == [("weight", 9, 9, Why.RELEASED)]


def test_a_struct_let_go_keeps_its_live_values() -> None:
    change = only(changes({}, STRUCT, STRUCT))
    assert edits(change) == [
        ("overflow.after", "1m", "1m", Why.RELEASED),
        ("overflow.to", "hangup", "hangup", Why.RELEASED),
    ]


def test_some_changes_by_hand_among_yours_make_it_both() -> None:
    live: Fields = {"weight": 5, "retry": "9s"}
    change = only(changes({**W9, "retry": "5s"}, live, {**W5, "retry": "5s"}))
    assert change.why is Why.BOTH
    assert [edit.why for edit in change.edits] == [Why.YOU, Why.BY_HAND]


@pytest.mark.parametrize(
    "live, applied",
    [(None, None), ({"overflow": {"after": "9m"}}, {"overflow": {"after": "9m"}}), ({}, {})],
)
def test_what_the_defaults_give_is_the_defaults_doing(
    live: Fields | None, applied: Fields | None
) -> None:
    found = changes({"overflow": {"after": "1m"}}, live, applied, defaulted=frozenset({"overflow"}))
    assert [edit.why for edit in only(found).edits] == [Why.DEFAULTS]


def test_protect_is_compared_with_the_ledger_alone() -> None:
    change = only(changes({**W5, "protect": True}, W5, {**W5, "protect": False}))
    assert edits(change) == [("protect", False, True, Why.YOU)]
    assert change.ledger == {**W5, "protect": True}


def test_what_is_released_stays() -> None:
    change = only(changes(None, W5, W5, release=(A,)))
    assert (change.action, change.why, change.edits) == (Action.RELEASE, Why.RELEASED, ())


def test_a_deletion_shows_what_goes() -> None:
    change = only(changes(None, {**W5, **STRUCT}, {**W5, "protect": True}))
    assert edits(change) == [
        ("weight", 5, None, Why.DELETED),
        ("overflow.after", "1m", None, Why.DELETED),
        ("overflow.to", "hangup", None, Why.DELETED),
        ("protect", True, None, Why.DELETED),
    ]


def test_a_creation_leaves_out_what_is_null() -> None:
    change = only(changes({**W5, "hours": None}, None, None))
    assert edits(change) == [("weight", None, 5, Why.YOU)]


def test_only_secrets_that_are_written_travel_with_their_reference() -> None:
    trunk = Address("trunk", "carrier")
    desired = {trunk: Resource(trunk, {"host": "b", "secret": "sealed:1"}, "a.yaml")}
    live = {trunk: {"host": "a", "secret": "sealed:1"}}
    secrets = {trunk: {"secret": "env:SIP"}}
    update = diff("here", desired, Observation(live, live), secrets=secrets, release=())
    assert only(update).secrets == {}
    creation = diff("here", desired, Observation({}, {}), secrets=secrets, release=())
    assert only(creation).secrets == {"secret": "env:SIP"}


def test_references_to_secrets_are_found_wherever_they_are() -> None:
    extension = Address("extension", "2001")
    fields: Fields = {"secret": "env:SIP", "voicemail": {"pin": "env:PIN"}}
    state = {extension: Resource(extension, fields, ""), A: Resource(A, W5, "")}
    assert secret_references(state) == {
        extension: {"secret": "env:SIP", "voicemail.pin": "env:PIN"}
    }


KNOWN = frozenset({"queue", "schedule", "site", "prompt", "user", "team", "extension", "ivr"})
QUEUES = objects("queue", KNOWN)


ZOE: Json = {"user": "zoe"}
MIA: Json = {"user": "mia"}
ANN: Json = {"user": "ann"}
WRITTEN: list[Json] = [ZOE, MIA, ANN]
SORTED: list[Json] = [ANN, MIA, ZOE]
IN_ORDER, AT_RANDOM = {"strategy": "in_order"}, {"strategy": "random"}


@pytest.mark.parametrize(
    "desired, live, applied, expected",
    [
        pytest.param(
            {**IN_ORDER, "members": WRITTEN},
            {**IN_ORDER, "members": SORTED},
            {**IN_ORDER, "members": SORTED},
            [("members", SORTED, WRITTEN, Why.YOU)],
            id="you reorder them",
        ),
        pytest.param(
            {**IN_ORDER, "members": WRITTEN},
            {**IN_ORDER, "members": SORTED},
            {**IN_ORDER, "members": WRITTEN},
            [("members", SORTED, WRITTEN, Why.BY_HAND)],
            id="somebody reorders them by hand",
        ),
        pytest.param(
            {**AT_RANDOM, "members": WRITTEN},
            {**AT_RANDOM, "members": SORTED},
            {**AT_RANDOM, "members": SORTED},
            [],
            id="the strategy asks for no order",
        ),
        pytest.param(
            {"members": WRITTEN}, {"members": SORTED}, {"members": SORTED}, [], id="nor the default"
        ),
        pytest.param(
            {"members": WRITTEN},
            {**IN_ORDER, "members": SORTED},
            {"members": SORTED},
            [("members", SORTED, WRITTEN, Why.YOU)],
            id="the strategy is not declared and asks for it",
        ),
        pytest.param(
            {**IN_ORDER, "members": WRITTEN},
            {**AT_RANDOM, "members": SORTED},
            {**AT_RANDOM, "members": SORTED},
            [("strategy", "random", "in_order", Why.YOU), ("members", SORTED, WRITTEN, Why.YOU)],
            id="the strategy begins to ask for it",
        ),
        pytest.param(
            {**IN_ORDER, "members": SORTED},
            {**AT_RANDOM, "members": SORTED},
            {**AT_RANDOM, "members": SORTED},
            [("strategy", "random", "in_order", Why.YOU)],
            id="the strategy alone",
        ),
        pytest.param(
            {**AT_RANDOM, "members": WRITTEN},
            {**IN_ORDER, "members": WRITTEN},
            {**IN_ORDER, "members": WRITTEN},
            [("strategy", "in_order", "random", Why.YOU)],
            id="the strategy asks for it no longer",
        ),
    ],
)
def test_the_order_of_members_is_a_change_where_the_strategy_asks_for_it(
    desired: Fields, live: Fields, applied: Fields, expected: list[tuple[str, Json, Json, Why]]
) -> None:
    found = changes(desired, live, applied)
    assert [edit for change in found for edit in edits(change)] == expected


def test_a_new_queue_without_a_strategy_has_its_members_sorted() -> None:
    change = only(changes({"members": WRITTEN}, None, None))
    assert edits(change) == [("members", None, SORTED, Why.YOU)]
    assert change.ledger == {"members": SORTED}


@given(desired=QUEUES, live=st.none() | QUEUES, applied=st.none() | QUEUES)
def test_what_is_carried_out_leaves_nothing_to_do(
    desired: Fields, live: Fields | None, applied: Fields | None
) -> None:
    """And nothing else changed; and until then the change is not taken for done."""
    held = None if live is None else as_held(live)
    for change in changes(desired, held, applied):
        before = Observation(
            {} if held is None else {A: held}, {} if applied is None else {A: applied}
        )
        assert discrepancy(change, before)
        held = as_held(carried_out(held or {}, change))
        after = Observation({A: held}, {A: desired})
        assert discrepancy(change, after) == ""
    assert changes(desired, held, desired) == []


def carried_out(fields: Fields, change: Change) -> Fields:
    return edited(fields, [edit for edit in change.edits if edit.why is not Why.RELEASED])


def as_held(fields: Fields) -> dict[str, Json]:
    """As platforms hold it: nothing is null."""
    return {
        name: as_held(value) if isinstance(value, dict) else value
        for name, value in fields.items()
        if value is not None
    }


UPDATE = only(changes(W9, W5, W5))
DELETION = only(changes(None, W5, W5))
RELEASE = only(changes(None, W5, W5, release=(A,)))


@pytest.mark.parametrize(
    "change, live, applied, said",
    [
        (UPDATE, W9, W9, ""),
        (UPDATE, W5, W9, "weight is 5, not 9"),
        (UPDATE, {}, W9, "weight is not set, not 9"),
        (UPDATE, W9, W5, "the ledger does not record it"),
        (UPDATE, None, W9, "queue/a is not there"),
        (DELETION, None, None, ""),
        (DELETION, W5, None, "queue/a is still there"),
        (DELETION, None, W5, "the ledger still lists it"),
        (RELEASE, W5, None, ""),
        (RELEASE, W5, W5, "the ledger still lists it"),
    ],
)
def test_what_is_missing_is_said(
    change: Change, live: Fields | None, applied: Fields | None, said: str
) -> None:
    seen = Observation({} if live is None else {A: live}, {} if applied is None else {A: applied})
    assert discrepancy(change, seen) == said


def test_what_is_stored_and_not_loaded_is_put_right_though_every_field_is_as_declared() -> None:
    live: Fields = {**W5, RUNNING: {"weight": 9}, ALTERED: ["queues.conf:3: colour=red"]}
    change = only(changes(W5, live, W5))
    assert change.action is Action.UPDATE
    assert [(edit.path, edit.before, edit.why) for edit in change.edits] == [
        (ALTERED, ["queues.conf:3: colour=red"], Why.BY_HAND),
        ("running.weight", 9, Why.NOT_LOADED),
    ]
    assert "queues.conf:3" in discrepancy(change, Observation({A: live}, {A: W5}))
    not_loaded: Fields = {**W5, RUNNING: "not loaded"}
    assert "stored, but not loaded" in discrepancy(change, Observation({A: not_loaded}, {A: W5}))
    assert discrepancy(change, Observation({A: W5}, {A: W5})) == ""


def test_no_kind_has_a_field_named_like_what_stands_beside_fields() -> None:
    assert all(ANNOTATIONS.isdisjoint(kinds.shape(kind).fields) for kind in kinds.KINDS)


def test_what_the_platform_would_be_written_otherwise_by_now_is_no_change_by_hand() -> None:
    change = only(changes(W5, {**W5, ALTERED: "written by another ccstate"}, W5))
    assert (change.action, change.why) == (Action.UPDATE, Why.OUTDATED)
