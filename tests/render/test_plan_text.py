"""What a reviewer reads on a terminal."""

import re
from collections.abc import Callable
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ccstate.model import (
    Action,
    Address,
    Change,
    Edit,
    Json,
    Plan,
    Refusal,
    Step,
    Unmanaged,
    Why,
)
from ccstate.render.plan import plan_markdown, plan_text
from ccstate.render.text import COLOUR, columns
from tests.strategies import journeys

Golden = Callable[[str, str], None]

GREETING = (
    "Welcome to Harbour Water. Your call is important to us and may be recorded for training. "
    "Please listen carefully as our options have changed. For billing, press 2. For faults, press 3."
)
NEW_GREETING = (
    "Welcome to Harbour Water. Your call may be recorded for training. "
    "Please listen carefully as our options have changed. For billing, press 2. "
    "For faults and leaks, press 3."
)


def change(
    action: Action,
    address: str,
    *edits: Edit,
    why: Why = Why.YOU,
    target: str = "demo",
    **rest: Json,
) -> Change:
    kind, name = address.split("/", 1)
    secrets = rest.pop("secrets", {})
    assert isinstance(secrets, dict)
    return Change(
        target=target,
        action=action,
        address=Address(kind, name),
        why=why,
        basis="",
        edits=edits,
        ledger=rest or None,
        secrets={path: str(reference) for path, reference in secrets.items()},
    )


def edit(path: str, before: Json, after: Json, why: Why = Why.YOU) -> Edit:
    return Edit(path, before, after, why=why)


def plan(*changes: Change, **rest: object) -> Plan:
    steps = tuple(
        Step(target, tuple(c for c in changes if c.target == target))
        for target in dict.fromkeys(c.target for c in changes)
    )
    values: dict[str, object] = {"managed": {"demo": {"queue": 12}}, "unmanaged": {}, **rest}
    return Plan("8c1d2e4f00aa9b", steps, **values)  # type: ignore[arg-type]  # fields by name


def first_plan() -> Plan:
    users = [
        change(
            Action.CREATE,
            f"user/agent-{n:02}",
            name=f"Agent {n}",
            team="sales",
            extension=f"21{n:02}",
        )
        for n in range(60)
    ]
    nodes: Json = {f"node{n}": {"type": "hangup"} for n in range(6)}
    members: Json = [{"user": f"agent-{n:02}"} for n in range(12)]
    holidays: Json = [{"name": "Christmas Day", "date": "2027-12-25"}]
    week: Json = {day: ["09:00-17:00"] for day in ("mon", "tue", "wed", "thu", "fri")}
    return plan(
        change(Action.CREATE, "team/sales", label="Sales", site="ballarat"),
        *users,
        change(
            Action.CREATE,
            "schedule/weekdays",
            timezone="Australia/Sydney",
            weekly=week,
            holidays=holidays,
        ),
        change(Action.CREATE, "queue/sales", label="Sales", extension="6001", members=members),
        change(Action.CREATE, "ivr/main", label="Main menu", start="node0", nodes=nodes),
        change(Action.CREATE, "number/+61255501234", to="ivr/main"),
        managed={"demo": {"user": 60, "queue": 1}},
    )


def every_why() -> Plan:
    return plan(
        change(
            Action.CREATE,
            "user/priya.n",
            edit("name", None, "Priya Nair"),
            name="Priya Nair",
            team="sales",
        ),
        change(Action.CREATE, "user/sam", why=Why.DELETED_BY_HAND, name="Sam Okafor"),
        change(
            Action.UPDATE,
            "schedule/weekdays",
            edit(
                "weekly",
                {"mon": ["09:00-17:00"], "tue": ["09:00-17:00"]},
                {"mon": ["09:00-17:30"], "tue": ["09:00-17:00"], "sat": ["10:00-12:00"]},
            ),
            edit(
                "holidays",
                [{"name": "New Year", "date": "2027-01-01"}],
                [
                    {"name": "Christmas Day", "date": "2027-12-25"},
                    {"name": "New Year", "date": "2027-01-01"},
                ],
            ),
            label="Weekdays",
        ),
        change(
            Action.UPDATE,
            "queue/sales",
            edit("ring_for", "15s", "20s"),
            edit("service_level.within", "30s", "20s", Why.BY_HAND),
            edit("music", "jazz", "default", Why.BOTH),
            edit("wrap_up", "0s", "10s", Why.DEFAULTS),
            edit("retry", "5s", "5s", Why.RELEASED),
            edit("weight", 5, 5, Why.NEW),
            edit("announcements.welcome", None, "welcome", Why.NEW),
            edit(
                "members",
                [{"team": "sales"}, {"user": "x", "penalty": 5}, {"user": "y"}],
                [{"user": "priya.n", "penalty": 5}, {"user": "x", "penalty": 0}, {"user": "y"}],
            ),
            label="Sales",
            why=Why.BOTH,
        ),
        change(
            Action.UPDATE,
            "prompt/welcome",
            edit("languages", {"en-AU": {"text": GREETING}}, {"en-AU": {"text": NEW_GREETING}}),
        ),
        change(
            Action.UPDATE,
            "ivr/main",
            edit(
                "nodes",
                {"main": {"type": "menu", "choices": {"2": "billing", "3": "faults"}}},
                {
                    "main": {"type": "menu", "choices": {"2": "queue/billing", "3": "faults"}},
                    "bye": {"type": "play", "prompt": "goodbye", "then": "hangup"},
                },
            ),
        ),
        change(
            Action.UPDATE,
            "trunk/carrier",
            edit("codecs", ["g722", "alaw"], ["ulaw", "alaw", "g722"]),
            edit("secret", "sealed:aa", "sealed:bb"),
            secrets={"secret": "env:TRUNK_PASSWORD"},
        ),
        change(Action.UPDATE, "site/ballarat", label="Ballarat"),
    )


def refused() -> Plan:
    lost: list[Edit] = [edit("members", [{"user": "a"}, {"user": "b"}], None, Why.DELETED)]
    return plan(
        *(change(Action.DELETE, f"queue/old-{n}", *lost, why=Why.DELETED) for n in range(7)),
        forced="carrier cut-over, approved by Mara",
        refusals=(
            Refusal(
                "CC301",
                "the plan would delete 7 of 12 queues on demo; the limit is 20 %",
                'check that this is meant, then plan again with --force "reason"',
            ),
        ),
    )


def handover() -> Plan:
    return plan(
        change(Action.ADOPT, "queue/found", edit("ring_for", "25s", "20s", Why.NEW), why=Why.NEW),
        change(Action.ADOPT, "queue/same", why=Why.NEW),
        change(Action.RELEASE, "queue/gone", why=Why.RELEASED),
        change(Action.RELEASE, "queue/lost", why=Why.DELETED_BY_HAND),
        unmanaged={
            "demo": {
                "queue": Unmanaged(2, ("old-a", "old-b")),
                "user": Unmanaged(12, ("kim", "lee", "max", "ola")),
            }
        },
    )


HOSTILE = (
    "\x1b[2J\x07 `rm` @octocat <script>alert(1)</script> [x](http://x) ![i](y) a|b \u202egnp\n# T"
)


def hostile() -> Plan:
    return plan(
        change(Action.CREATE, "queue/evil", label=HOSTILE),
        change(
            Action.UPDATE,
            "prompt/evil",
            edit("languages", {"en": {"text": "Hello"}}, {"en": {"text": HOSTILE}}),
            edit("label", "x", HOSTILE, Why.BY_HAND),
        ),
        forced=HOSTILE,
        refusals=(Refusal("CC302", HOSTILE, HOSTILE),),
        unmanaged={"demo": {"queue": Unmanaged(1, (HOSTILE,))}},
    )


def kept_in_records() -> Plan:
    """A platform that has no place for some fields: they are recorded only."""
    return replace(
        plan(
            change(Action.CREATE, "user/priya.n", name="Priya Nair", email="priya@example.org"),
            change(
                Action.UPDATE,
                "queue/sales",
                edit("label", "Sales", "Sales and advice"),
                edit("ring_for", "15s", "20s"),
                edit("skills", [], ["billing"], Why.BY_HAND),
                label="Sales and advice",
            ),
            change(Action.ADOPT, "number/+61255501234", edit("site", None, "ballarat", Why.NEW)),
        ),
        kept={"demo": ("user.name", "user.email", "queue.label", "queue.skills", "number.site")},
    )


PLANS: dict[str, Callable[[], Plan]] = {
    "kept": kept_in_records,
    "first": first_plan,
    "every-why": every_why,
    "refused": refused,
    "handover": handover,
    "hostile": hostile,
    "empty": plan,
}


@pytest.mark.parametrize("name", PLANS)
def test_a_plan_reads_well_on_a_terminal(name: str, golden: Golden) -> None:
    golden(f"render/plan-{name}.txt", plan_text(PLANS[name](), "3fa9c1"))


@pytest.mark.parametrize("name", PLANS)
def test_a_plan_reads_well_in_a_pull_request(name: str, golden: Golden) -> None:
    golden(f"render/plan-{name}.md", plan_markdown(PLANS[name](), "3fa9c1"))


def without_codes(text: str) -> str:
    return re.sub("\x1b\\[[0-9;]*m", "", text)


@pytest.mark.parametrize("name", PLANS)
def test_colour_adds_nothing_but_colour(name: str) -> None:
    coloured = plan_text(PLANS[name](), "3fa9c1", 80, COLOUR)
    assert without_codes(coloured) == plan_text(PLANS[name](), "3fa9c1")
    assert all(line.count("\x1b[0m") * 2 == line.count("\x1b[") for line in coloured.splitlines())


def test_a_first_estate_fits_on_two_screens() -> None:
    queues = (change(Action.CREATE, f"queue/q{n}", label=f"Queue {n}") for n in range(5_000))
    users = (change(Action.CREATE, f"user/u{n}", name=f"User {n}") for n in range(5_000))
    text = plan_text(plan(*queues, *users), "3fa9c1")
    assert len(text.splitlines()) < 40
    assert "… and 4,992 more users to create" in text


def test_a_secret_never_shows() -> None:
    text = plan_text(every_why(), "3fa9c1") + plan_markdown(every_why(), "3fa9c1")
    assert "sealed:" not in text
    assert "env:TRUNK_PASSWORD" in text


def test_a_large_field_is_counted() -> None:
    before: Json = {f"n{n}": {"type": "goto", "to": "a"} for n in range(500)}
    after: Json = {f"n{n}": {"type": "goto", "to": "b"} for n in range(500)}
    text = plan_text(plan(change(Action.UPDATE, "ivr/main", edit("nodes", before, after))), "1")
    assert "… and 489 more differences" in text


TEXTS = st.text(max_size=60) | st.sampled_from(
    [HOSTILE, "ж" * 90, "漢字" * 50, "e\u0301" * 70, "\ud800"]
)
VALUES: st.SearchStrategy[Json] = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9**18) | TEXTS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXTS, inner, max_size=4),
    max_leaves=8,
)
NAMES = st.text(min_size=1, max_size=30)
CHANGES = st.builds(
    Change,
    target=NAMES,
    action=st.sampled_from(Action),
    address=st.builds(Address, st.sampled_from(["queue", "user"]) | NAMES, NAMES),
    why=st.sampled_from(Why),
    basis=st.just(""),
    edits=st.lists(
        st.builds(Edit, NAMES, VALUES, VALUES, why=st.sampled_from(Why)),
        max_size=4,
        unique_by=lambda found: found.path,
    ).map(tuple),
    ledger=st.none() | st.dictionaries(st.sampled_from(["label", "name", "to"]), TEXTS),
)
ANY_PLAN = st.builds(
    Plan,
    commit=TEXTS,
    steps=st.lists(
        st.builds(Step, NAMES, st.lists(CHANGES, min_size=1, max_size=3).map(tuple)), max_size=3
    ).map(tuple),
    managed=st.dictionaries(
        NAMES, st.dictionaries(NAMES, st.integers(0, 9), max_size=2), max_size=2
    ),
    unmanaged=st.dictionaries(
        NAMES,
        st.dictionaries(
            NAMES,
            st.builds(Unmanaged, st.integers(1, 99), st.lists(TEXTS, max_size=3).map(tuple)),
            max_size=2,
        ),
        max_size=2,
    ),
    forced=TEXTS,
    refusals=st.lists(st.builds(Refusal, NAMES, TEXTS, TEXTS), max_size=2).map(tuple),
    journeys=st.none() | journeys(TEXTS),
)


@given(ANY_PLAN, st.integers(40, 120), TEXTS)
def test_no_line_is_wider_than_the_terminal(any_plan: Plan, width: int, plan_id: str) -> None:
    for line in plan_text(any_plan, plan_id, width).split("\n"):
        assert columns(line) <= width


@given(ANY_PLAN, TEXTS)
def test_no_text_reaches_the_terminal_as_a_command(any_plan: Plan, plan_id: str) -> None:
    text = plan_text(any_plan, plan_id)
    assert not re.search(
        "[\x00-\x09\x0b-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2066-\u2069]", text
    )
    text.encode()


def test_no_kind_crowds_out_another() -> None:
    queues = (
        change(Action.UPDATE, f"queue/q{n}", edit("ring_for", "15s", "20s")) for n in range(200)
    )
    user = change(Action.UPDATE, "user/priya.n", edit("desk", "a1", "a2"))
    text = plan_text(plan(*queues, user), "3fa9c1")
    assert "… and 150 more queues to change" in text
    assert "a1 → a2" in text
