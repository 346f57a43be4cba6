"""A queue gets another name: the plan moves it, where the platform can."""

from collections.abc import Callable
from dataclasses import replace

import orjson
import pytest

from ccstate.adapters import embedded
from ccstate.model import Action, Step
from ccstate.plan_values import faults
from ccstate.project import Project
from tests.cli.test_cli import PROJECT, Screen, screen
from tests.cli.test_reports import git

Golden = Callable[[str, str], None]
__all__ = ["screen"]

BEFORE = """\
queues:
  sales:
    label: Sales
    ring_for: 20s
    members: [{user: ana}]
    overflow: {after: 3m, to: voicemail/2001}
users:
  ana: {name: Ana Example, extension: "2001"}
extensions:
  "2001": {label: Ana, voicemail: {}}
numbers:
  "+61255501234": {label: Main, to: queue/sales}
"""
AFTER = BEFORE.replace("  sales:", "  sales-au:").replace("queue/sales", "queue/sales-au")
MOVED = "moved:\n  - {from: queue/sales, to: queue/sales-au}\n"


@pytest.fixture
def renamed(screen: Screen) -> Screen:
    """A platform that has the queue under its old name, with something that was set by hand."""
    screen.write("desired_state/all.yaml", BEFORE)
    screen.apply_all()
    live = screen.live("queue", "sales")
    assert live is not None
    screen.by_hand("queue", "sales", {**live, "weight": 7})
    screen.write("desired_state/all.yaml", AFTER + MOVED)
    return screen


def test_an_object_gets_another_name_and_keeps_what_is_not_declared(
    renamed: Screen, golden: Golden
) -> None:
    assert renamed.run("plan") == 0, renamed.out
    golden("cli/plan-moved.txt", renamed.out.replace(renamed.plan_id(), "ID"))
    plan_id = renamed.plan_id()
    markdown = (renamed.folder / "plans" / plan_id / "plan.md").read_text(encoding="utf-8")
    golden("cli/plan-moved.md", markdown.replace(plan_id, "ID")[:2000].split("To apply")[0])
    assert renamed.run("apply") == 0, renamed.err
    live = renamed.live("queue", "sales-au")
    assert live is not None
    assert live["weight"] == 7
    assert renamed.live("queue", "sales") is None
    assert renamed.run("plan") == 0
    assert "Nothing to do" in renamed.out, "the entry may stay"


def test_fields_that_change_too_are_shown_and_written(renamed: Screen) -> None:
    renamed.edit("desired_state/all.yaml", "ring_for: 20s", "ring_for: 15s")
    assert renamed.run("plan") == 0
    assert "ring_for" in renamed.out
    assert "20s → 15s" in renamed.out
    assert renamed.run("apply") == 0
    assert (renamed.live("queue", "sales-au") or {})["ring_for"] == "15s"


def test_a_move_is_no_deletion_for_limits_and_protection(renamed: Screen) -> None:
    renamed.write(
        "desired_state/all.yaml",
        BEFORE.replace("    label: Sales", "    protect: true\n    label: Sales"),
    )
    renamed.apply_all()
    renamed.write(
        "desired_state/all.yaml",
        AFTER.replace("    label: Sales", "    protect: true\n    label: Sales"),
    )
    assert renamed.run("plan") == 3
    assert "CC302" in renamed.out
    text = (renamed.folder / "desired_state/all.yaml").read_text(encoding="utf-8")
    renamed.write("desired_state/all.yaml", text + MOVED)
    assert renamed.run("plan") == 0, renamed.out


def test_a_plan_for_one_name_holds_the_whole_move(renamed: Screen) -> None:
    for name in ("queue/sales", "queue/sales-au"):
        assert renamed.run("plan", "--only", name, "--format", "json") == 0, renamed.err
        plan = orjson.loads(renamed.out)
        changes = [c for step in plan["steps"] for c in step["changes"]]
        assert {(c["action"], c["address"]) for c in changes} >= {
            ("move", "queue/sales-au"),
            ("delete", "queue/sales"),
        }


def test_half_of_a_move_is_no_plan(renamed: Screen) -> None:
    plan = Project.open(renamed.folder).plan().plan
    assert list(faults(plan)) == []
    for action in (Action.MOVE, Action.DELETE):
        kept = tuple(
            Step(step.target, tuple(c for c in step.changes if c.action is not action))
            for step in plan.steps
        )
        found = [words for _, words in faults(replace(plan, steps=kept))]
        assert any("half of a move" in words for words in found)


def test_without_an_entry_the_plan_says_that_it_looks_so(renamed: Screen) -> None:
    renamed.write("desired_state/all.yaml", AFTER)
    assert renamed.run("plan") == 0
    assert "looks like one object with another name" in " ".join(renamed.out.split())


def test_an_entry_that_is_done_or_was_never_there_changes_nothing(screen: Screen) -> None:
    screen.write("ccstate.yaml", PROJECT)
    screen.write("desired_state/all.yaml", AFTER + MOVED)
    assert screen.run("plan") == 0
    assert "4 to create" in screen.out
    screen.apply_all()


def test_the_way_back_of_a_move_is_the_old_name(renamed: Screen) -> None:
    renamed.apply_all()
    plan = sorted((renamed.folder / "plans").iterdir(), key=lambda p: p.stat().st_mtime_ns)[-1]
    live = renamed.live("queue", "sales-au")
    assert live
    renamed.by_hand("queue", "sales-au", {**live, "max_waiting": 9})
    assert renamed.run("rollback", plan.name) == 0, renamed.err
    assert "→ queue/sales" in renamed.out
    assert renamed.run("apply") == 0, renamed.err
    assert renamed.live("queue", "sales-au") is None
    back = renamed.live("queue", "sales") or {}
    assert (back["label"], back["max_waiting"]) == ("Sales", 9), "it is the same queue"
    renamed.write("desired_state/all.yaml", AFTER + MOVED)
    assert renamed.run("plan") == 3, "the files rename it again"
    assert "CC320" in renamed.out


def test_a_platform_that_cannot_rename_says_what_stays_behind(
    renamed: Screen, monkeypatch: pytest.MonkeyPatch
) -> None:
    unable = {kind: replace(support, moves=False) for kind, support in embedded.SUPPORTS.items()}
    monkeypatch.setattr(embedded, "SUPPORTS", unable)
    assert renamed.run("plan") == 0
    said = " ".join(renamed.out.split())
    assert "1 object is renamed, and the platform cannot do that" in said
    assert "queue/sales → queue/sales-au" in said
    assert "1 to create, 1 to change, 1 to delete" in said
    assert renamed.run("apply") == 0
    assert (renamed.live("queue", "sales-au") or {})["weight"] == 0


@pytest.mark.git
def test_history_goes_on_before_a_rename(screen: Screen) -> None:
    def commit(subject: str, content: str) -> None:
        screen.write("desired_state/all.yaml", content)
        git(screen.folder, "add", "--all")
        git(screen.folder, "commit", "-qm", subject)

    git(screen.folder, "init", "-q")
    commit("the first state of the centre", BEFORE)
    commit("calls ring for a shorter time", BEFORE.replace("20s", "15s"))
    commit("the queue gets a country", AFTER.replace("20s", "15s") + MOVED)
    assert screen.run("history", "queue/sales-au", "--format", "json") == 0, screen.err
    found = orjson.loads(screen.out)["commits"]
    assert [(c["subject"], c["action"], c["name"]) for c in found] == [
        ("the queue gets a country", "created", None),
        ("calls ring for a shorter time", "changed", "queue/sales"),
        ("the first state of the centre", "created", "queue/sales"),
    ]
    assert screen.run("history", "queue/sales-au") == 0
    assert "as queue/sales" in screen.out
