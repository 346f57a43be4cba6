"""Whatever somebody writes into the folder of a plan is refused, or is a plan that says what it does."""

from collections.abc import Callable
from typing import Any, TypeAlias

import orjson
import pytest

from ccstate.plan_file import digest, read_plan
from ccstate.render.plan import plan_markdown
from tests.fuzz import many
from tests.fuzz.plan_files import Bench, forged, run_quietly

PLANS = 150
Content: TypeAlias = dict[str, Any]
Forgery: TypeAlias = Callable[[Content], None]


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Bench:
    return Bench(tmp_path_factory.mktemp("project"))


def test_a_forged_plan_is_refused_or_is_what_it_says(bench: Bench) -> None:
    for number in range(PLANS):
        bench.fuzz(many.chance_of("tests", number))
    assert bench.outcomes.total() == PLANS


def put(bench: Bench, change: Forgery) -> str:
    """The digest of the plan with one forgery; digest, folder and plan.md are made anew."""
    bench.restore()
    content = orjson.loads(bench.files["plan.json"])
    change(content)
    found, raw = forged(content)
    place = bench.folder / "plans" / found[:12]
    place.mkdir(parents=True)
    (place / "plan.json").write_bytes(raw)
    plan = read_plan(place / "plan.json")
    assert digest(plan) == found
    (place / "plan.md").write_text(plan_markdown(plan, found), encoding="utf-8")
    return found


def change_of(content: Content, address: str) -> Content:
    changes: list[Content] = [change for step in content["steps"] for change in step["changes"]]
    (found,) = [change for change in changes if change["address"] == address]
    return found


def edit(address: str, path: str, value: object) -> Forgery:
    """Another value, in the edit and in what is recorded."""

    def change(content: Content) -> None:
        one = change_of(content, address)
        for found in one["edits"]:
            if found["path"] == path:
                found["after"] = value
        if "ledger" in one:
            one["ledger"][path] = value

    return change


def update(address: str, **fields: object) -> Forgery:
    return lambda content: change_of(content, address).update(fields)


def append(address: str, path: str, value: object) -> Forgery:
    more = {"path": path, "why": "you changed it", "after": value}
    return lambda content: change_of(content, address)["edits"].append(more)


def twice(content: Content) -> None:
    content["steps"].append(content["steps"][0])


def unrecorded(content: Content) -> None:
    del change_of(content, "queue/sales")["ledger"]


def rename(old: str, new: str) -> Forgery:
    return lambda content: change_of(content, old).update(address=new)


@pytest.mark.parametrize(
    "change, words",
    [
        (edit("queue/sales", "ring_for", "soon"), "has a value that cannot be: ring_for"),
        (append("queue/sales", "ring_for", "1h"), "writes another ring_for than it records"),
        (append("queue/sales", "__class__", "x"), "is no field of its kind"),
        (append("queue/sales", "members.0.penalty", 3), "is no field of its kind"),
        (update("queue/sales", needs=["queue/gone"]), "needs queue/gone, which is not in the plan"),
        (unrecorded, "records no fields"),
        (update("queue/old", ledger={"label": "Old"}), "though it is to delete"),
        (rename("queue/sales", "widget/sales"), 'there is no "widget"'),
        (rename("number/+61255501000", "number/sales"), "a name that no number can have"),
        (update("extension/2001", secrets={"device": "env:HOME"}), "a secret where none can be"),
        (update("extension/2001", secrets={"secret": "HOME"}), "a value that cannot be: secret"),
        (edit("extension/2001", "secret", "hunter2"), "holds a secret in clear at secret"),
        (twice, "stands in the plan twice"),
    ],
)  # fmt: skip
def test_what_no_desired_state_can_say_is_refused_though_everything_else_agrees(
    bench: Bench, change: Forgery, words: str
) -> None:
    found = put(bench, change)
    code, said = run_quietly(bench.folder, "apply", found)
    assert (code, "CC314" in said) == (3, True), said
    assert words in " ".join(said.split())
    assert bench.is_untouched()
