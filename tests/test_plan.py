"""The order of changes, and what forbids them."""

from dataclasses import replace
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ccstate.adapter import placed
from ccstate.adapters.embedded import SUPPORTS
from ccstate.diff import diff
from ccstate.kinds import field_paths
from ccstate.model import (
    Action,
    Address,
    Fields,
    Json,
    Observation,
    Plan,
    Rename,
    Resource,
    parse_address,
)
from ccstate.plan import FEW, MOST_IN_A_STEP, TargetPlan, make_plan, narrow

Objects = dict[str, Fields]
SIGNS = {
    Action.CREATE: "+",
    Action.UPDATE: "~",
    Action.DELETE: "-",
    Action.ADOPT: "^",
    Action.RELEASE: "!",
}
HOURS: Fields = {"timezone": "UTC", "weekly": {}}


def plan(
    desired: Objects,
    live: Objects,
    *,
    ledger: Objects | None = None,
    cycles: bool = True,
    forced: str = "",
    limits: tuple[int, int] = (100, 100),
) -> Plan:
    """The plan for one target; all that is live is managed as it is, unless a ledger is given."""
    state = {a: Resource(a, fields, "") for a, fields in addressed(desired).items()}
    seen = Observation(addressed(live), addressed(live if ledger is None else ledger))
    changes = diff("here", state, seen, secrets={}, release=())
    supports = {kind: replace(found, cycles=cycles) for kind, found in SUPPORTS.items()}
    share = TargetPlan("here", changes, state, seen, supports, *limits)
    return make_plan([share], commit="", forced=forced)


def addressed(given: Objects) -> dict[Address, Fields]:
    return {parse_address(text): fields for text, fields in given.items()}


def steps(found: Plan) -> str:
    return " | ".join(
        " ".join(f"{SIGNS[change.action]}{change.address}" for change in step.changes)
        for step in found.steps
    )


def codes(found: Plan) -> list[str]:
    return [refusal.code for refusal in found.refusals]


@pytest.mark.parametrize(
    "desired, live, expected",
    [
        pytest.param(
            {"queue/b": {"hours": "a"}, "schedule/a": HOURS},
            {},
            "+schedule/a | +queue/b",
            id="hours before the queue",
        ),
        pytest.param(
            {"queue/b": {"hours": "a"}, "schedule/a": HOURS},
            {"queue/b": {}},
            "+schedule/a | ~queue/b",
            id="created before an update names it",
        ),
        pytest.param(
            {"queue/b": {}, "queue/a": {}, "site/a": {}},
            {},
            "+site/a +queue/a +queue/b",
            id="what is independent goes together, by kind and name",
        ),
        pytest.param(
            {},
            {"queue/b": {"hours": "a"}, "schedule/a": HOURS},
            "-queue/b | -schedule/a",
            id="deleted in reverse",
        ),
        pytest.param(
            {"queue/b": {"hours": None}},
            {"queue/b": {"hours": "a"}, "schedule/a": HOURS},
            "~queue/b | -schedule/a",
            id="let go of before it is deleted",
        ),
        pytest.param(
            {"queue/b": {"hours": "c"}, "schedule/c": HOURS},
            {"queue/b": {"hours": "a"}, "schedule/a": HOURS},
            "+schedule/c | ~queue/b | -schedule/a",
            id="one takes the place of another",
        ),
        pytest.param(
            {
                "queue/a": {"overflow": {"to": "queue/b"}},
                "queue/b": {"overflow": {"to": "queue/a"}},
            },
            {},
            "+queue/a +queue/b",
            id="a circle is one batch",
        ),
        pytest.param(
            {},
            {
                "queue/a": {"overflow": {"to": "queue/b"}},
                "queue/b": {"overflow": {"to": "queue/a"}},
                "queue/c": {"overflow": {"to": "queue/a"}},
            },
            "-queue/c | -queue/a -queue/b",
            id="a circle is deleted as one",
        ),
        pytest.param(
            {"queue/a": {"overflow": {"to": "queue/a"}}}, {}, "+queue/a", id="itself is no circle"
        ),
        pytest.param(
            {"extension/2001": {}, "number/+61255500001": {"to": "voicemail/2001"}},
            {},
            "+extension/2001 | +number/+61255500001",
            id="a mailbox is its extension's",
        ),
    ],
)
def test_what_comes_first(desired: Objects, live: Objects, expected: str) -> None:
    assert steps(plan(desired, live)) == expected


def test_a_change_names_what_must_succeed_before() -> None:
    found = plan(
        {"queue/b": {"hours": "c"}, "schedule/c": HOURS},
        {"queue/b": {"hours": "a"}, "schedule/a": HOURS},
    )
    assert {str(c.address): [str(need) for need in c.needs] for c in found.changes()} == {
        "schedule/c": [],
        "queue/b": ["schedule/c"],
        "schedule/a": ["queue/b"],
    }


def test_a_circle_is_refused_where_the_platform_creates_one_by_one() -> None:
    desired: Objects = {
        "queue/a": {"overflow": {"to": "queue/b"}},
        "queue/b": {"overflow": {"to": "queue/a"}},
    }
    found = plan(desired, {}, cycles=False)
    assert codes(found) == ["CC305"]
    assert found.refusals[0].message == "queue/a → queue/b → queue/a name each other in a circle"
    assert codes(plan(desired, {"queue/a": {}, "queue/b": {}}, cycles=False)) == []


def test_a_large_batch_is_cut() -> None:
    found = plan({f"site/s{number:04}": {} for number in range(MOST_IN_A_STEP + 1)}, {})
    assert [len(step.changes) for step in found.steps] == [MOST_IN_A_STEP, 1]


def test_a_circle_is_never_cut() -> None:
    desired: Objects = {f"site/s{number:04}": {} for number in range(MOST_IN_A_STEP - 1)}
    desired["queue/a"] = {"overflow": {"to": "queue/b"}}
    desired["queue/b"] = {"overflow": {"to": "queue/a"}}
    found = plan(desired, {})
    assert [len(step.changes) for step in found.steps] == [MOST_IN_A_STEP - 1, 2]


def test_what_is_protected_is_not_deleted() -> None:
    live: Objects = {"queue/a": {"weight": 5}}
    ledger: Objects = {"queue/a": {"weight": 5, "protect": True}}
    found = plan({}, live, ledger=ledger)
    assert codes(found) == ["CC302"]
    assert codes(plan({}, live, ledger=ledger, forced="I insist")) == ["CC302"]
    assert codes(plan({"queue/a": {"weight": 6, "protect": True}}, live, ledger=ledger)) == []
    assert codes(plan({}, live)) == []


def many(number: int, weight: int) -> Objects:
    return {f"queue/q{index:03}": {"weight": weight} for index in range(number)}


@pytest.mark.parametrize(
    "managed, touched, limit, refused",
    [
        (FEW, 5, 50, False),
        (FEW, 6, 50, True),
        (FEW - 1, FEW - 6, 30, False),
        (FEW, 1, 0, True),
        (FEW, 0, 0, False),
        (FEW, FEW, 100, False),
        (200, 20, 10, False),
        (200, 21, 10, True),
    ],
)
def test_a_limit_is_a_share_of_what_is_managed(
    managed: int, touched: int, limit: int, refused: bool
) -> None:
    live = many(managed, 1)
    wanted = ["CC301"] if refused else []
    updates = {**live, **many(touched, 2)}
    assert codes(plan(updates, live, limits=(limit, 100))) == wanted
    assert codes(plan(updates, live, limits=(limit, 100), forced="meant")) == []
    rest = {name: fields for name, fields in live.items() if name not in many(touched, 1)}
    assert codes(plan(rest, live, limits=(100, limit))) == wanted


def test_a_limit_says_how_much_was_too_much() -> None:
    found = plan(many(1, 1), many(20, 1), limits=(100, 10))
    assert found.refusals[0].message == (
        "the plan would delete 19 of 20 queues on here; the limit is 10 %"
    )


def test_objects_without_fields_count_when_they_are_deleted() -> None:
    live: Objects = {f"team/t{n}": {} for n in range(20)}
    assert codes(plan({"team/t0": {}}, live, limits=(100, 10))) == ["CC301"]


SITE: Objects = {
    "user/kai": {"name": "Kai", "site": "perth"},
    "user/lee": {"name": "Lee", "site": "perth"},
    "extension/3001": {"label": "Kai", "site": "perth"},
    "site/perth": {"timezone": "UTC"},
}


@pytest.mark.parametrize(
    "live, gone, refused",
    [
        pytest.param(many(1, 1), 1, ["everything"], id="the only object"),
        pytest.param(many(4, 1), 4, ["everything"], id="a small centre that was emptied"),
        pytest.param(many(4, 1), 3, ["most of all"], id="most of a small centre"),
        pytest.param(many(4, 1), 2, [], id="half of a small centre"),
        pytest.param(many(5, 1), 1, [], id="one of few"),
        pytest.param(many(40, 1), 40, ["everything"], id="a large centre is told once"),
        pytest.param({**SITE, **many(9, 1)}, 4, ["everything at site/perth"], id="a site"),
        pytest.param({**SITE, **many(9, 1)}, 2, [], id="a person who leaves"),
    ],
)
def test_a_plan_that_leaves_a_platform_or_a_site_bare_needs_a_reason(
    live: Objects, gone: int, refused: list[str]
) -> None:
    desired = dict(list(live.items())[gone:])
    found = plan(desired, live, limits=(30, 30))
    assert codes(found) == ["CC315"] * len(refused)
    for refusal, words in zip(found.refusals, refused, strict=True):
        assert words in refusal.message
    assert codes(plan(desired, live, limits=(30, 30), forced="we close")) == []
    assert codes(plan(desired, live, limits=(100, 100))) == []


def test_a_deletion_that_can_never_succeed_is_refused_with_both_ways_out() -> None:
    live: Objects = {"queue/sales": {"overflow": {"full": "extension/3001"}}, "extension/3001": {}}
    found = plan({"queue/sales": {}}, live)
    assert codes(found) == ["CC316"]
    assert found.refusals[0].message == (
        "extension/3001 would be deleted on here, but queue/sales still names it: overflow.full, "
        "which no file declares"
    )
    assert found.refusals[0].hint == (
        "declare overflow.full of queue/sales, null to clear it; or keep extension/3001: declare "
        "it, or list it under `release:`"
    )
    assert codes(plan({"queue/sales": {}}, live, forced="I insist")) == ["CC316"]
    assert codes(plan({"queue/sales": {"overflow": {"full": None}}}, live)) == []
    assert codes(plan({}, live)) == []


def test_who_is_not_managed_may_hold_a_deletion_up_too() -> None:
    live: Objects = {"queue/old": {"hours": "days"}, "schedule/days": HOURS, "team/a": {}}
    ledger: Objects = {"schedule/days": HOURS, "team/a": {}}
    found = plan({"team/a": {}}, live, ledger=ledger)
    assert codes(found) == ["CC316"]
    assert "queue/old, which ccstate does not manage, still names it: hours" in (
        found.refusals[0].message
    )
    assert "ccstate adopt queue/old" in found.refusals[0].hint


@pytest.mark.parametrize(
    "kind, field, value, target",
    [
        ("user", "extension", "2001", "extension/2001"),
        ("user", "team", "a", "team/a"),
        ("extension", "site", "perth", "site/perth"),
        ("queue", "members", [{"user": "kai"}], "user/kai"),
        ("number", "to", "voicemail/2001", "extension/2001"),
        ("number", "closed", "queue/b", "queue/b"),
        ("ivr", "nodes", {"a": {"type": "queue", "queue": "b"}}, "queue/b"),
        ("outbound_route", "trunks", ["t"], "trunk/t"),
    ],
)
def test_whatever_names_it_holds_a_deletion_up(
    kind: str, field: str, value: Json, target: str
) -> None:
    live: Objects = {f"{kind}/x": {field: value}, target: {}}
    found = plan({f"{kind}/x": {}}, live)
    assert codes(found) == ["CC316"]
    assert found.refusals[0].message.startswith(f"{target} would be deleted on here, but {kind}/x")
    assert f": {field}, which no file declares" in found.refusals[0].message


SALES: Fields = {"label": "Sales", "ring_for": "20s", "strategy": "longest_idle"}


@pytest.mark.parametrize(
    "before, after, is_rename",
    [
        (SALES, SALES, True),
        (SALES, {**SALES, "label": "Sales AU"}, True),
        (SALES, {**SALES, "ring_for": "30s"}, True),
        (SALES, {**SALES, "protect": True}, True),
        (SALES, {"label": "Support", "ring_for": "9s", "strategy": "longest_idle"}, False),
        (SALES, {"label": "Sales"}, False),
        ({}, {}, False),
    ],
)
def test_a_deleted_and_a_created_object_that_say_the_same_look_like_a_rename(
    before: Fields, after: Fields, is_rename: bool
) -> None:
    found = plan({"queue/sales-au": after, "team/a": {}}, {"queue/sales": before})
    pair = Rename(Address("queue", "sales"), Address("queue", "sales-au"))
    assert found.renames == ((pair,) if is_rename else ())


def test_two_that_say_the_same_are_no_pair() -> None:
    assert plan({"queue/b": SALES, "queue/c": SALES}, {"queue/a": SALES}).renames == ()
    assert plan({"ivr/b": SALES}, {"queue/a": SALES}).renames == ()


def test_what_only_the_ledger_holds_is_under_no_limit() -> None:
    live = many(20, 1)
    protected: Objects = {name: {**fields, "protect": True} for name, fields in live.items()}
    let_go: Objects = {name: {} for name in live}
    assert codes(plan(protected, live, limits=(0, 0))) == []
    assert codes(plan(let_go, live, limits=(0, 0))) == []


def test_managed_and_unmanaged_are_counted() -> None:
    live: Objects = {f"queue/q{n}": {} for n in range(7)}
    found = plan({"queue/q0": {}, "site/a": {}}, live, ledger={"queue/q0": {}})
    assert found.managed == {"here": {"site": 1, "queue": 1}}
    unmanaged = found.unmanaged["here"]["queue"]
    assert (unmanaged.count, unmanaged.names) == (6, ("q1", "q2", "q3", "q4", "q5"))


NAMES = [f"queue/{name}" for name in "abcdef"]


@st.composite
def overflows(draw: st.DrawFn) -> Objects:
    """Queues that overflow to one another in any way."""
    present = draw(st.lists(st.sampled_from(NAMES), unique=True))
    return {
        name: {"overflow": {"to": draw(st.sampled_from([*present, "hangup"]))}} for name in present
    }


@given(desired=overflows(), live=overflows())
def test_every_change_comes_once_and_after_its_needs(desired: Objects, live: Objects) -> None:
    found = plan(desired, live)
    done: set[Address] = set()
    for step in found.steps:
        together = {change.address for change in step.changes}
        assert not together & done
        for change in step.changes:
            assert set(change.needs) <= done | together
        done |= together
    seen = Observation(addressed(live), addressed(live))
    state = {a: Resource(a, fields, "") for a, fields in addressed(desired).items()}
    assert done == {c.address for c in diff("here", state, seen, secrets={}, release=())}


@given(desired=overflows(), live=overflows(), random=st.randoms(use_true_random=False))
def test_the_order_of_the_input_means_nothing(
    desired: Objects, live: Objects, random: Random
) -> None:
    def shuffled(given: Objects) -> Objects:
        items = list(given.items())
        random.shuffle(items)
        return dict(items)

    assert plan(shuffled(desired), shuffled(live)) == plan(desired, live)


@given(desired=overflows(), live=overflows(), name=st.sampled_from(NAMES))
def test_a_narrowed_plan_has_what_it_needs_and_no_deletion_that_fails(
    desired: Objects, live: Objects, name: str
) -> None:
    state = {a: Resource(a, fields, "") for a, fields in addressed(desired).items()}
    seen = Observation(addressed(live), addressed(live))
    changes = diff("here", state, seen, secrets={}, release=())
    share = TargetPlan("here", changes, state, seen, SUPPORTS, 100, 100)
    whole = make_plan([share], commit="", forced="")
    part = make_plan([narrow(share, [parse_address(name)])], commit="", forced="")
    done = {change.address for change in part.changes()}
    assert all(set(change.needs) <= done for change in part.changes())
    assert done <= {change.address for change in whole.changes()}
    assert (parse_address(name) in done) == (parse_address(name) in {c.address for c in changes})
    assert set(part.refusals) <= set(whole.refusals)


def test_a_plan_names_the_fields_that_the_platform_has_no_place_for() -> None:
    why = "no place"
    queue = {"label": why, "skills": why, "members.*.team": why, "service_level.percent": why}
    mapped = set(field_paths("queue")) - set(queue)
    supports = {**SUPPORTS, "queue": placed("queue", mapped=mapped, kept=queue)}
    live = addressed({"queue/a": {"label": "A", "skills": ["x"]}, "queue/gone": {"label": "Gone"}})
    level: Json = {"percent": 90, "within": "20s"}
    members: Json = [{"user": "b"}, {"team": "c"}]
    desired = addressed(
        {
            "queue/a": {"label": "B", "service_level": level},
            "queue/b": {"members": members, "music": "jazz"},
        }
    )
    state = {a: Resource(a, fields, "") for a, fields in desired.items()}
    seen = Observation(live, live)
    changes = diff("here", state, seen, secrets={}, release=())
    share = TargetPlan("here", changes, state, seen, supports, 100, 100)
    found = make_plan([share], commit="", forced="force")
    assert found.kept == {
        "here": ("queue.label", "queue.service_level.percent", "queue.members.*.team")
    }


def test_one_of_two_targets_that_was_emptied_needs_a_reason() -> None:
    live = addressed({"queue/a": {}, "queue/b": {}})
    supports = SUPPORTS
    shares = []
    for target, desired in (("kept", live), ("emptied", {})):
        state = {a: Resource(a, fields, "") for a, fields in desired.items()}
        seen = Observation(live, live)
        changes = diff(target, state, seen, secrets={}, release=())
        shares.append(TargetPlan(target, changes, state, seen, supports, 30, 30))
    found = make_plan(shares, commit="", forced="")
    assert codes(found) == ["CC315"]
    assert "on emptied: 2 of 2 objects" in found.refusals[0].message
