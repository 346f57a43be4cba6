"""Where the value of each field comes from, in repositories whose every commit the test made itself."""

from pathlib import Path

import pytest

from ccstate.adapters.embedded import connect
from ccstate.errors import InvalidInput
from ccstate.history import CommitAction, FieldChange
from ccstate.history.blame import FieldOrigin, blame
from ccstate.history.stored_plans import stored_plans
from ccstate.model import Address, Outcome
from ccstate.project import Project
from tests.history.test_history import QUEUE, SALES
from tests.history.test_history import Project as Repository
from tests.history.test_records import AUTHORITY, applied, repository

__all__ = ["repository"]
pytestmark = pytest.mark.git


def origins(root: Path, field: str = "") -> dict[str, FieldOrigin]:
    return {each.path: each for each in blame(root, "desired_state", SALES, field)}


def subjects(root: Path, field: str = "") -> dict[str, str]:
    return {path: each.commit.subject for path, each in origins(root, field).items()}


def test_each_field_has_the_commit_that_set_it_last(repository: Repository) -> None:
    repository.commit("Opens", queues=QUEUE)
    repository.commit("Longer", queues=QUEUE.replace("20s", "30s"))
    repository.commit("Else", teams="teams:\n  a: {label: A}\n")
    repository.commit("Level", queues=QUEUE.replace("20s", "30s") + LEVEL)
    assert subjects(repository.root) == {
        "label": "Opens",
        "ring_for": "Longer",
        "service_level.percent": "Level",
        "service_level.within": "Level",
    }
    assert subjects(repository.root, "ring_for") == {"ring_for": "Longer"}
    assert set(subjects(repository.root, "service_level")) == {
        "service_level.percent",
        "service_level.within",
    }
    assert origins(repository.root)["ring_for"].value == "30s"


LEVEL = "    service_level: {percent: 80, within: 20s}\n"


def test_a_value_that_came_back_is_of_the_commit_that_brought_it_back(
    repository: Repository,
) -> None:
    repository.commit("Twenty", queues=QUEUE)
    repository.commit("Thirty", queues=QUEUE.replace("20s", "30s"))
    repository.commit("Twenty again", queues=QUEUE)
    assert subjects(repository.root)["ring_for"] == "Twenty again"


def test_of_merged_branches_the_one_whose_value_stayed(repository: Repository) -> None:
    repository.commit("One", queues=QUEUE)
    repository.git("checkout", "-b", "other")
    repository.commit("Thirty", queues=QUEUE.replace("20s", "30s"))
    repository.git("checkout", "main")
    repository.commit("Forty", queues=QUEUE.replace("20s", "40s"))
    repository.git("merge", "--no-ff", "--strategy=ours", "-m", "Merged", "other")
    assert subjects(repository.root)["ring_for"] == "Forty"


def test_a_removed_field_is_found_by_its_name(repository: Repository) -> None:
    repository.commit("One", queues=QUEUE)
    repository.commit("Without", queues=QUEUE.replace("    ring_for: 20s\n", ""))
    assert "ring_for" not in subjects(repository.root)
    found = origins(repository.root, "ring_for")["ring_for"]
    assert (found.value, found.commit.subject) == (None, "Without")


def test_a_field_that_never_was_is_refused_with_the_nearest(repository: Repository) -> None:
    repository.commit("One", queues=QUEUE)
    with pytest.raises(InvalidInput) as caught:
        blame(repository.root, "desired_state", SALES, "ring_fro")
    (problem,) = caught.value.problems
    assert (problem.code, problem.hint) == ("CC704", 'did you mean "ring_for"?')
    with pytest.raises(InvalidInput, match="never declared"):
        blame(repository.root, "desired_state", Address("queue", "none"), "")


def test_what_is_not_committed_is_not_blamed(repository: Repository) -> None:
    repository.commit("One", queues=QUEUE)
    repository.write(queues=QUEUE.replace("20s", "55s"))
    assert origins(repository.root)["ring_for"].value == "20s"


def test_the_whole_way_of_a_field_from_request_to_confirmation(repository: Repository) -> None:
    commit = repository.commit("Opens\n\nRequest: CHG-7", queues=QUEUE)
    plan_id = applied(repository.root)
    found = origins(repository.root)["ring_for"].commit
    assert (found.commit, found.request, found.plan_id) == (commit, "CHG-7", plan_id)
    assert found.outcome is Outcome.CONFIRMED
    assert found.authority == AUTHORITY
    assert found.settled


def test_commits_that_one_plan_brings_have_its_outcome_and_one_overtaken_has_none(
    repository: Repository,
) -> None:
    repository.commit("One", queues=QUEUE)
    repository.commit("Two", queues=QUEUE.replace("Sales", "Selling"))
    repository.commit("Else", teams="teams:\n  a: {label: A}\n")
    plan_id = applied(repository.root)
    entries = repository.history()
    # The second brought the queue as it was applied; what the first asked for alone never was.
    assert [(e.subject, e.plan_id) for e in entries] == [("Two", plan_id), ("One", "")]


def by_hand(root: Path, **fields: str) -> None:
    platform = connect({"path": ".ccstate/demo.db"}, root)
    now = platform.observe(["queue"]).objects[SALES]
    platform.by_hand(SALES, {**now, **fields})


def test_what_was_put_back_after_a_change_by_hand_shows(repository: Repository) -> None:
    repository.commit("Opens", queues=QUEUE)
    applied(repository.root)
    by_hand(repository.root, ring_for="45s")
    plan_id = applied(repository.root)
    found = origins(repository.root)
    assert found["label"].put_back == ()
    (undone,) = found["ring_for"].put_back
    assert undone.edits == (FieldChange("ring_for", "45s", "20s"),)
    assert (undone.plan_id, undone.outcome) == (plan_id, Outcome.CONFIRMED)
    assert undone.authority.applied_by == "ann"
    assert [(e.action, e.plan_id == plan_id) for e in repository.history()] == [
        (CommitAction.PUT_BACK, True),
        (CommitAction.CREATED, False),
    ]


def test_outcomes_are_read_from_the_branch_of_records(repository: Repository) -> None:
    repository.commit("Opens", queues=QUEUE)
    plan_id = applied(repository.root)
    with stored_plans(repository.root) as stored:
        assert stored.sources == ("plans/",)
    repository.git("checkout", "--orphan", "records")
    repository.git("add", "--force", "plans")
    repository.git("commit", "--message", "Applied")
    repository.git("update-ref", "refs/remotes/origin/ccstate-record", "HEAD")
    repository.git("checkout", "--force", "main")
    assert not (repository.root / "plans" / plan_id).exists()
    with stored_plans(repository.root) as stored:
        assert stored.sources == ("origin/ccstate-record",)
    found = origins(repository.root)["ring_for"].commit
    assert (found.plan_id, found.outcome) == (plan_id, Outcome.CONFIRMED)


def test_where_nothing_is_recorded_that_is_said(repository: Repository) -> None:
    repository.commit("Opens", queues=QUEUE)
    assert Project.open(repository.root).records.sources == ()
