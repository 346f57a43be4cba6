"""The order of changes, and what forbids them."""

from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ccstate.adapter import Support
from ccstate.diff import diff
from ccstate.kinds import KINDS
from ccstate.model import Action, Address, Fields, Observation, Plan, Resource, parse_address
from ccstate.plan import FEW, MOST_IN_A_STEP, Share, make_plan

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
    supports = dict.fromkeys(KINDS, Support(cycles=cycles))
    share = Share("here", changes, state, seen, supports, *limits)
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
        (FEW - 1, FEW - 1, 50, False),
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
    found = plan({}, many(20, 1), limits=(100, 10))
    assert found.refusals[0].message == (
        "the plan would delete 20 of 20 queues on here; the limit is 10 %"
    )


def test_objects_without_fields_count_when_they_are_deleted() -> None:
    assert codes(plan({}, {f"team/t{n}": {} for n in range(20)}, limits=(100, 10))) == ["CC301"]


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
