"""The plan as a file: it says what the plan says, in one spelling, and nobody may edit it."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ccstate.errors import Blocked, InvalidInput
from ccstate.model import Action, Address, Change, Edit, Fields, Json, Plan, Platform, Step, Why
from ccstate.plan_file import (
    as_read,
    change_as_read,
    content_digest,
    digest,
    packed,
    read_plan,
    read_with_digest,
)
from ccstate.render.plan import plan_markdown
from tests.strategies import PLANS

PLAN = Plan(
    commit="4fef4d4",
    steps=(
        Step(
            "sydney",
            (
                Change(
                    target="sydney",
                    action=Action.UPDATE,
                    address=Address("queue", "sales"),
                    why=Why.YOU,
                    basis="0" * 32,
                    edits=(Edit("ring_for", "15s", "20s", why=Why.YOU),),
                    ledger={"ring_for": "20s", "label": "Sales"},
                ),
            ),
        ),
    ),
    managed={"sydney": {"queue": 1}},
    unmanaged={},
)


def written(plan: Plan, folder: Path) -> Path:
    path = folder / "plan.json"
    path.write_bytes(packed(plan)[1])
    return path


@given(plan=PLANS)
def test_what_is_written_is_read(plan: Plan, tmp_path_factory: pytest.TempPathFactory) -> None:
    assert read_plan(written(plan, tmp_path_factory.getbasetemp())) == plan


@given(plan=PLANS)
def test_a_plan_is_named_after_what_it_says(plan: Plan) -> None:
    assert packed(plan)[0] == digest(plan)
    assert digest(replace(plan, commit=f"{plan.commit}+")) != digest(plan)


@given(plan=PLANS)
def test_plans_that_do_the_same_have_one_content_digest_whatever_they_were_made_from(
    plan: Plan,
) -> None:
    steps = tuple(
        replace(step, changes=tuple(replace(c, basis="f" * 32) for c in step.changes))
        for step in plan.steps
    )
    other = replace(plan, commit="f" * 40, repeat=plan.repeat + 1, made_by="9.9", steps=steps)
    assert content_digest(other) == content_digest(plan)
    assert digest(other) != digest(plan)


def _edited(**different: Any) -> Plan:
    change = PLAN.steps[0].changes[0]
    return replace(PLAN, steps=(Step("sydney", (replace(change, **different),)),))


@pytest.mark.parametrize(
    "other",
    [
        _edited(action=Action.ADOPT),
        _edited(address=Address("queue", "support")),
        _edited(why=Why.BY_HAND),
        _edited(edits=(Edit("ring_for", "10s", "20s", why=Why.YOU),)),
        _edited(edits=(Edit("ring_for", "15s", "25s", why=Why.YOU),)),
        _edited(ledger={"ring_for": "20s", "label": "Support"}),
        _edited(needs=(Address("user", "a"),)),
        _edited(secrets={"pin": "env:PIN_1"}),
        _edited(target="melbourne"),
        replace(PLAN, steps=()),
        replace(PLAN, forced="because"),
        replace(PLAN, platforms={"sydney": Platform("embedded", "0" * 32)}),
    ],
)
def test_a_plan_that_does_something_else_has_another_content_digest(other: Plan) -> None:
    assert content_digest(other) != content_digest(PLAN)


def test_the_seal_of_a_secret_is_no_part_of_what_a_plan_does_and_its_reference_is() -> None:
    def secret(seal: str, reference: str) -> Plan:
        return _edited(
            address=Address("extension", "2001"),
            edits=(Edit("voicemail.pin", None, seal, why=Why.YOU),),
            ledger={"voicemail": {"pin": seal}},
            secrets={"voicemail.pin": reference},
        )

    one = content_digest(secret("sealed:1", "env:PIN_1"))
    assert content_digest(secret("sealed:2", "env:PIN_1")) == one
    assert content_digest(secret("sealed:1", "env:PIN_2")) != one


@given(plan=PLANS, random=st.randoms(use_true_random=False))
def test_the_order_of_keys_means_nothing(plan: Plan, random: Any) -> None:
    assert packed(shuffled_plan(plan, random)) == packed(plan)


@given(plan=PLANS, random=st.randoms(use_true_random=False))
def test_what_people_review_is_made_from_what_the_file_says(
    plan: Plan, random: Any, tmp_path_factory: pytest.TempPathFactory
) -> None:
    read, stated = read_with_digest(written(plan, tmp_path_factory.getbasetemp()))
    assert stated == digest(plan)
    other = shuffled_plan(plan, random)
    # The order of keys too, which `==` does not see.
    assert repr(as_read(replace(other, steps=()))) == repr(replace(read, steps=()))
    changes = map(change_as_read, other.changes())
    for change, expected in zip(changes, read.changes(), strict=True):
        without_secrets = (replace(one, secrets={}) for one in (change, expected))
        assert len(set(map(repr, without_secrets))) == 1
    assert plan_markdown(other, stated) == plan_markdown(read, stated)


def shuffled_plan(plan: Plan, random: Any) -> Plan:
    """The same plan, the keys of its mappings in another order."""

    def shuffled(value: Any) -> Any:
        if isinstance(value, list):
            return [shuffled(item) for item in value]
        if not isinstance(value, dict):
            return value
        items = [(key, shuffled(inner)) for key, inner in value.items()]
        random.shuffle(items)
        return dict(items)

    def shuffled_change(change: Change) -> Change:
        ledger: Fields | None = None if change.ledger is None else shuffled(dict(change.ledger))
        edits = tuple(
            replace(edit, before=shuffled(edit.before), after=shuffled(edit.after))
            for edit in change.edits
        )
        secrets = shuffled(dict(change.secrets))
        return replace(change, ledger=ledger, edits=edits, secrets=secrets)

    steps = tuple(
        replace(step, changes=tuple(map(shuffled_change, step.changes))) for step in plan.steps
    )
    return replace(
        plan,
        steps=steps,
        managed=shuffled(dict(plan.managed)),
        unmanaged=shuffled(dict(plan.unmanaged)),
        kept=shuffled(dict(plan.kept)),
    )


@pytest.mark.parametrize(
    "place, value",
    [
        (("commit",), "1234567"),
        (("forced",), "because"),
        (("managed", "sydney", "queue"), 2),
        (("steps", 0, "target"), "melbourne"),
        (("steps", 0, "changes", 0, "action"), "delete"),
        (("steps", 0, "changes", 0, "address"), "queue/support"),
        (("steps", 0, "changes", 0, "basis"), "absent"),
        (("steps", 0, "changes", 0, "edits", 0, "after"), "5s"),
        (("steps", 0, "changes", 0, "ledger", "ring_for"), "5s"),
        (("steps", 0, "changes", 0, "needs"), ["queue/other"]),
        (("digest",), "0" * 64),
    ],
)
def test_an_edited_plan_is_refused(
    place: tuple[str | int, ...], value: Json, tmp_path: Path
) -> None:
    path = written(PLAN, tmp_path)
    content = orjson.loads(path.read_bytes())
    inner = content
    for key in place[:-1]:
        inner = inner[key]
    assert inner.get(place[-1]) != value
    inner[place[-1]] = value
    path.write_bytes(orjson.dumps(content))
    with pytest.raises(Blocked, match="edited after it was made") as refused:
        read_plan(path)
    assert refused.value.problems[0].code == "CC304"


def test_a_plan_has_one_spelling(tmp_path: Path) -> None:
    path = written(PLAN, tmp_path)
    raw = path.read_bytes()
    twice = raw.replace(b'"commit":', b'"commit":"another","commit":', 1)
    for other in (orjson.dumps(orjson.loads(raw)), raw.replace(b"\n", b"\r\n"), twice, raw + b" "):
        path.write_bytes(other)
        with pytest.raises(Blocked) as refused:
            read_plan(path)
        assert "no longer spelled as ccstate writes it" in refused.value.problems[0].cause


@pytest.mark.parametrize("version, release", [(1, "an earlier"), (3, "a later")])
def test_a_plan_of_another_format_says_so(version: int, release: str, tmp_path: Path) -> None:
    path = written(PLAN, tmp_path)
    path.write_bytes(path.read_bytes().replace(b'"version":2', b'"version":%d' % version))
    with pytest.raises(InvalidInput, match=f"version {version}, of {release} release of ccstate"):
        read_plan(path)


@pytest.mark.parametrize(
    "content, reason",
    [
        (b"", "is no plan"),
        (b"[]", "is no plan"),
        (b"{}", "is no plan"),
        (b'{"version": 2}', "is no plan"),
        (b"\xff", "is no plan"),
        (b"[" * 5000, "is no plan"),
        (b'{"version":2,"steps":[],"commit":' + b"[" * 900 + b"]" * 900 + b"}", "is no plan"),
    ],
)
def test_what_is_no_plan_is_refused(content: bytes, reason: str, tmp_path: Path) -> None:
    path = tmp_path / "plan.json"
    path.write_bytes(content)
    with pytest.raises(InvalidInput, match=reason):
        read_plan(path)


def test_a_missing_plan_is_named(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match=r"plan\.json cannot be read: No such file"):
        read_plan(tmp_path / "plan.json")
