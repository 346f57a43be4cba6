import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from ccstate.errors import InvalidInput
from ccstate.history import CommitAction, Entry, FieldChange, head_commit, history
from ccstate.history.changes import HIDDEN
from ccstate.history.entries import request_in
from ccstate.model import Address, Outcome

pytestmark = pytest.mark.git

SALES = Address("queue", "sales")
QUEUE = "queues:\n  sales:\n    label: Sales\n    ring_for: 20s\n"


class Project:
    """A git repository with a desired state, independent of the machine's own configuration."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.minute = 0

    def git(self, *words: str) -> str:
        self.minute += 1
        date = f"2026-11-22T09:{self.minute:02}:00+11:00"
        environment = {
            "PATH": os.environ["PATH"],
            "HOME": str(self.root),
            "GIT_CONFIG_NOSYSTEM": "1",
            "GIT_AUTHOR_DATE": date,
            "GIT_COMMITTER_DATE": date,
        }
        done = subprocess.run(
            ["git", "-c", "user.name=Priya Nair", "-c", "user.email=priya@example.com", *words],
            cwd=self.root,
            env=environment,
            check=True,
            capture_output=True,
            text=True,
        )
        return done.stdout.strip()

    def write(self, **files: str) -> None:
        for name, text in files.items():
            path = self.root / "desired_state" / f"{name}.yaml"
            path.parent.mkdir(exist_ok=True)
            path.write_text(text, encoding="utf-8")

    def commit(self, subject: str, **files: str) -> str:
        self.write(**files)
        self.git("add", "--all")
        self.git("commit", "--message", subject)
        return self.git("rev-parse", "HEAD")

    def history(self, address: Address = SALES, limit: int = 20) -> list[Entry]:
        return history(self.root, "desired_state", address, limit)

    def told(self, address: Address = SALES, limit: int = 20) -> list[tuple[str, str]]:
        return [(str(entry.action), entry.subject) for entry in self.history(address, limit)]

    def problems(self, address: Address = SALES) -> list[str]:
        with pytest.raises(InvalidInput) as caught:
            self.history(address)
        return [f"{p.code} {p.message} | {p.hint}" for p in caught.value.problems]

    def plan(
        self, name: str, commit: str, *events: tuple[str, str], address: str = "queue/sales"
    ) -> None:
        folder = self.root / "plans" / name
        folder.mkdir(parents=True)
        plan = {"commit": commit, "steps": [{"target": "t", "changes": [{"address": address}]}]}
        (folder / "plan.json").write_text(json.dumps(plan), encoding="utf-8")
        if events:
            lines = [
                json.dumps({"event": event, "target": "t", "address": address, "reason": reason})
                for event, reason in events
            ]
            (folder / "journal.jsonl").write_text("\n".join(lines) + "\n{torn", encoding="utf-8")


@pytest.fixture
def project(tmp_path: Path) -> Project:
    made = Project(tmp_path)
    made.git("init", "--initial-branch=main")
    return made


def test_an_objects_history_is_shown_newest_first(project: Project) -> None:
    first = project.commit("Sales opens\n\nRequest: CHG-1\n", queues=QUEUE)
    project.commit("Another queue", queues=QUEUE + "  support:\n    label: Support\n")
    last = project.commit("Ring longer (#12)", queues=QUEUE.replace("20s", "30s"))
    assert project.history() == [
        Entry(
            commit=last,
            date="2026-11-22T09:09:00+11:00",
            author="Priya Nair <priya@example.com>",
            subject="Ring longer (#12)",
            action=CommitAction.CHANGED,
            edits=(FieldChange("ring_for", "20s", "30s"),),
            request="#12",
        ),
        Entry(
            commit=first,
            date="2026-11-22T09:03:00+11:00",
            author="Priya Nair <priya@example.com>",
            subject="Sales opens",
            action=CommitAction.CREATED,
            edits=(FieldChange("label", None, "Sales"), FieldChange("ring_for", None, "20s")),
            request="CHG-1",
        ),
    ]


def test_the_limit_takes_the_newest(project: Project) -> None:
    project.commit("One", queues=QUEUE)
    project.commit("Two", queues=QUEUE.replace("20s", "30s"))
    assert project.told(limit=1) == [("changed", "Two")]


def test_moving_to_another_file_or_another_layout_is_no_change(project: Project) -> None:
    project.commit("One", queues=QUEUE)
    project.commit("Moved", queues="", sales=QUEUE)
    project.commit("Laid out", sales=QUEUE.replace("20s", '"20s"  # seconds'))
    project.commit("Longer", sales=QUEUE.replace("20s", "60s"))
    project.commit("Spelled anew", sales=QUEUE.replace("20s", "1m"))
    assert project.told() == [("changed", "Longer"), ("created", "One")]


def test_a_deleted_object_has_a_history(project: Project) -> None:
    project.commit("One", queues=QUEUE)
    project.commit("Gone", queues="")
    entries = project.history()
    assert project.told() == [("deleted", "Gone"), ("created", "One")]
    assert FieldChange("label", "Sales", None) in entries[0].edits


def test_nested_fields_are_distinguished(project: Project) -> None:
    level = QUEUE + "    service_level: {percent: 80, within: 20s}\n"
    project.commit("One", queues=level)
    project.commit("Two", queues=level.replace("80", "90"))
    assert project.history()[0].edits == (FieldChange("service_level.percent", 80, 90),)


def test_a_branch_is_shown_by_its_own_commits_with_the_merges_request(project: Project) -> None:
    project.commit("One", queues=QUEUE)
    project.git("checkout", "-b", "longer")
    project.commit("Ring longer", queues=QUEUE.replace("20s", "30s"))
    project.git("checkout", "main")
    project.commit("Else", teams="teams:\n  sales: {label: Sales}\n")
    project.git("merge", "--no-ff", "-m", "Merge pull request #12 from a/longer", "longer")
    merge = project.git("rev-parse", "HEAD")
    project.plan("aaaa", merge, ("confirmed", ""))
    entries = project.history()
    assert [(entry.subject, entry.request) for entry in entries] == [
        ("Ring longer", "#12"),
        ("One", ""),
    ]
    assert (entries[0].plan_id, entries[0].outcome) == ("aaaa", Outcome.CONFIRMED)


def test_a_merge_that_changed_the_object_itself_is_reported(project: Project) -> None:
    project.commit("One", queues=QUEUE)
    project.git("checkout", "-b", "longer")
    project.commit("Thirty", queues=QUEUE.replace("20s", "30s"))
    project.git("checkout", "main")
    project.commit("Forty", queues=QUEUE.replace("20s", "40s"))
    project.git("merge", "--no-ff", "--strategy=ours", "-m", "Merged", "longer")
    project.write(queues=QUEUE.replace("20s", "50s"))
    project.git("commit", "--all", "--amend", "--message", "Merged by hand")
    entries = project.history()
    assert sorted(entry.subject for entry in entries) == [
        "Forty",
        "Merged by hand",
        "One",
        "Thirty",
    ]
    assert entries[0].edits == (FieldChange("ring_for", "40s", "50s"),)


def test_a_file_that_was_no_yaml_is_reported_and_not_guessed_at(project: Project) -> None:
    project.commit("One", queues=QUEUE)
    project.commit("Broken", queues=QUEUE + "  sales: [\n")
    project.commit("Whole", queues=QUEUE.replace("20s", "30s"))
    assert project.told() == [
        ("unreadable", "Whole"),
        ("unreadable", "Broken"),
        ("created", "One"),
    ]


def test_a_secret_in_the_wrong_place_is_not_shown(project: Project) -> None:
    line = 'extensions:\n  "2001":\n    label: Sam\n    secret: {}\n'
    project.commit("One", people=line.format("hunter2"))
    project.commit("Two", people=line.format("env:SIP_2001"))
    project.commit("Three", people=line.format("[hunter2]"))
    shown = [
        edit for entry in project.history(Address("extension", "2001")) for edit in entry.edits
    ]
    assert "hunter2" not in repr(shown)
    assert FieldChange("secret", HIDDEN, "env:SIP_2001") in shown


def test_the_author_of_a_message_cannot_write_the_history(project: Project) -> None:
    message = f"One\x01{'a' * 40}\x02\x03\n\n:100644 100644 {'0' * 40} {'0' * 40} M\n"
    project.commit(message, queues=QUEUE)
    assert len(project.history()) == 1


@pytest.mark.parametrize(
    "events, outcome, reason",
    [
        ([], Outcome.NOT_ATTEMPTED, ""),
        ([("done", ""), ("confirmed", "")], Outcome.CONFIRMED, ""),
        (
            [("done", ""), ("not_confirmed", "label differs")],
            Outcome.NOT_CONFIRMED,
            "label differs",
        ),
        ([("failed", "no answer")], Outcome.NOT_CONFIRMED, "no answer"),
        (
            [("not_attempted", "an earlier one failed")],
            Outcome.NOT_ATTEMPTED,
            "an earlier one failed",
        ),
        ([("attempted", "")], Outcome.NOT_CONFIRMED, "it was written and not read back"),
    ],
)
def test_what_became_of_a_commit_is_taken_from_its_plan(
    project: Project, events: list[tuple[str, str]], outcome: Outcome, reason: str
) -> None:
    commit = project.commit("One", queues=QUEUE)
    project.plan("abc", commit, *events)
    [entry] = project.history()
    assert (entry.plan_id, entry.outcome, entry.reason) == ("abc", outcome, reason)


def test_plans_of_other_commits_other_objects_or_changed_files_say_nothing(
    project: Project,
) -> None:
    commit = project.commit("One", queues=QUEUE)
    project.plan("dirty", f"{commit}+")
    project.plan("other", commit, address="queue/sales-2")
    project.plan("nothing", "")
    project.plan("elsewhere", "f" * 40)
    for name, content in {"broken": "{", "list": "[]", "odd": '{"steps": ["queue/sales"]}'}.items():
        (project.root / "plans" / name).mkdir()
        (project.root / "plans" / name / "plan.json").write_text(content, encoding="utf-8")
    (project.root / "plans" / "file").write_text("", encoding="utf-8")
    [entry] = project.history()
    assert (entry.plan_id, entry.outcome) == ("", None)


def test_of_several_plans_the_one_that_was_applied_counts(project: Project) -> None:
    commit = project.commit("One", queues=QUEUE)
    project.plan("first", commit[:12], ("confirmed", ""))
    project.plan("second", commit)
    os.utime(project.root / "plans" / "first" / "plan.json", (1, 1))
    [entry] = project.history()
    assert entry.plan_id == "first"


def test_the_project_may_lie_deeper_in_the_repository(project: Project) -> None:
    inner = project.root / "phones"
    (inner / "desired_state").mkdir(parents=True)
    (inner / "desired_state" / "queues.yml").write_text(QUEUE, encoding="utf-8")
    project.commit("Elsewhere", queues=QUEUE.replace("20s", "30s"))
    [entry] = history(inner, "desired_state", SALES, 20)
    assert FieldChange("ring_for", None, "20s") in entry.edits


def test_a_shallow_clone_says_that_it_is_cut_off(project: Project, tmp_path: Path) -> None:
    project.commit("One", queues=QUEUE)
    project.commit("Two", queues=QUEUE.replace("20s", "30s"))
    project.commit("Three", queues=QUEUE.replace("20s", "40s"))
    project.git("clone", "--depth=2", f"file://{tmp_path}", "shallow")
    entries = history(tmp_path / "shallow", "desired_state", SALES, 20)
    assert [(entry.action, entry.subject) for entry in entries] == [
        (CommitAction.CHANGED, "Three"),
        (CommitAction.CUT_OFF, "Two"),
    ]


def test_an_unknown_object_is_answered_with_the_nearest(project: Project) -> None:
    project.commit("One", queues=QUEUE)
    project.write(teams="teams:\n  sales: {label: Sales}\n")
    assert project.problems(Address("queue", "sale")) == [
        'CC702 queue/sale was never declared | did you mean "sales"?'
    ]
    assert project.problems(Address("queues", "sales")) == [
        'CC702 unknown kind "queues" | did you mean "queue"?'
    ]
    assert project.problems(Address("team", "sales")) == [
        "CC702 team/sales is declared, and was never committed | commit it; its history begins there"
    ]


def test_without_a_repository_or_a_commit_there_is_no_history(
    project: Project, tmp_path_factory: pytest.TempPathFactory
) -> None:
    assert [problem.split(":")[0] for problem in project.problems()] == [
        "CC701 there is no history"
    ]
    with pytest.raises(InvalidInput, match="git does not know this folder"):
        history(tmp_path_factory.mktemp("bare"), "desired_state", SALES, 20)


@pytest.mark.process
def test_without_git_there_is_no_history_and_no_traceback(project: Project) -> None:
    project.commit("One", queues=QUEUE)
    program = (
        "from pathlib import Path\n"
        "from ccstate.errors import InvalidInput\n"
        "from ccstate.history import head_commit, history\n"
        "from ccstate.model import Address\n"
        "assert head_commit(Path('.'), 'desired_state') == ''\n"
        "try: history(Path('.'), 'desired_state', Address('queue', 'sales'), 1)\n"
        "except InvalidInput as error: print(error.problems[0].code)\n"
    )
    asked = subprocess.run(
        [sys.executable, "-c", program],
        cwd=project.root,
        env={"PATH": str(project.root), "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
        capture_output=True,
        text=True,
        check=False,
    )
    assert asked.stdout.strip() == "CC703", asked.stderr


@pytest.mark.parametrize(
    "message, request_named",
    [
        ("Longer\n\nRequest: CHG-123\nSigned-off-by: P", "CHG-123"),
        ("Longer\n\nRefs: TEL-9, TEL-10", "TEL-9, TEL-10"),
        ("Merge pull request #12 from a/b\n\nLonger", "#12"),
        ("Merge branch 'b' into 'main'\n\nSee merge request cc/phones!7", "!7"),
        ("Longer (#12)", "#12"),
        ("Longer (cc/phones#12)", "#12"),
        ("Fix #12 quickly", ""),
        ("Longer", ""),
        ("", ""),
    ],
)
def test_the_request_is_found_where_people_write_it(message: str, request_named: str) -> None:
    assert request_in(message) == request_named


def _write(project: Project) -> None:
    project.write(queues=QUEUE + "# more\n")


def _add(project: Project) -> None:
    project.write(more="")


def _project_file(project: Project) -> None:
    (project.root / "ccstate.yaml").write_text("version: 1\n", encoding="utf-8")


@pytest.mark.parametrize("change", [_write, _add, _project_file])
def test_the_commit_of_a_plan_says_when_files_differ(
    project: Project, change: Callable[[Project], None]
) -> None:
    assert head_commit(project.root, "desired_state") == ""
    commit = project.commit("One", queues=QUEUE)
    (project.root / "notes.txt").write_text("else", encoding="utf-8")
    assert head_commit(project.root, "desired_state") == commit
    change(project)
    assert head_commit(project.root, "desired_state") == f"{commit}+"


def test_outside_of_a_repository_a_plan_has_no_commit(tmp_path: Path) -> None:
    shutil.rmtree(tmp_path / ".git", ignore_errors=True)
    assert head_commit(tmp_path, "desired_state") == ""
