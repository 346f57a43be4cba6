"""Change sets of repositories in which the test made every commit and every apply itself."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from ccstate.audit.chain import check
from ccstate.audit.change_sets import Audit, ChangeSet, Gap, State, audit
from ccstate.authority import Authority, Request
from ccstate.errors import InvalidInput
from ccstate.history import history
from ccstate.model import Address, Outcome
from ccstate.project import Project
from tests.history.test_blame import by_hand
from tests.history.test_history import QUEUE
from tests.history.test_history import Project as Repository
from tests.history.test_records import AUTHORITY, applied, repository, teams

__all__ = ["repository"]
pytestmark = pytest.mark.git

SINCE, UNTIL = datetime(2020, 1, 1, tzinfo=UTC), datetime(2100, 1, 1, tzinfo=UTC)


def audited(root: Path, since: datetime = SINCE, until: datetime = UNTIL) -> Audit:
    return audit(root, ["desired_state"], since, until)


@pytest.fixture(autouse=True)
def _project_file(repository: Repository) -> None:
    repository.commit("Start")


def change_sets(root: Path, since: datetime = SINCE, until: datetime = UNTIL) -> list[ChangeSet]:
    """All change sets but the one that brought the project file."""
    return [each for each in audited(root, since, until).change_sets if each.subject != "Start"]


def test_a_change_that_went_the_whole_way_lacks_nothing(repository: Repository) -> None:
    message = "Teams\n\nRequest: CHG-7\nRequested-by: Dana Wu\nReason: a longer ring"
    commit = repository.commit(message, teams=teams("sales", "moves"))
    plan_id = applied(repository.root)
    (found,) = change_sets(repository.root)
    assert found.commit == commit
    assert found.request == Request("CHG-7", "Dana Wu", "a longer ring")
    assert found.author == "Priya Nair <priya@example.com>"
    assert found.objects == (("create", "team/moves"), ("create", "team/sales"))
    assert found.methods == ("api, embedded on demo",)
    assert (found.plan, found.state) == (plan_id, State.CONFIRMED)
    assert (found.confirmed, found.planned) == (2, 2)
    assert [approval.by for approval in found.approvals] == ["lee"]
    assert (found.applied_by, found.host) == ("ann", "ci-7")
    assert found.started is not None
    assert found.finished is not None
    assert found.gaps == ()


def test_a_merge_is_one_change_set_with_all_that_its_branch_brought(repository: Repository) -> None:
    repository.commit("One\n\nRequest: CHG-1", teams=teams("a"))
    repository.git("checkout", "-b", "change")
    repository.commit("Two\n\nRequest: CHG-2\nReason: more teams", teams=teams("a", "b"))
    repository.commit("Three", teams=teams("a", "b", "c"))
    repository.git("checkout", "main")
    repository.git("merge", "--no-ff", "-m", "Merge pull request #12 from x/change", "change")
    found = change_sets(repository.root)[-1]
    assert found.objects == (("create", "team/b"), ("create", "team/c"))
    assert found.request.request == "CHG-2"
    assert found.request.reason == "more teams"
    assert found.subject == "Two"
    assert len(change_sets(repository.root)) == 2


def test_a_commit_that_went_around_the_process_is_found(repository: Repository) -> None:
    repository.commit("Good\n\nRequest: CHG-1", teams=teams("a"))
    applied(repository.root)
    repository.commit("Quick fix", teams=teams("a", "b"))
    applied(repository.root, Authority(applied_by="sam", host="laptop"))
    good, around = change_sets(repository.root)
    assert good.gaps == ()
    assert set(around.gaps) == {Gap.NO_REQUEST, Gap.NO_REVIEW}


def test_an_approval_by_the_author_is_no_review(repository: Repository) -> None:
    repository.commit("Own\n\nRequest: CHG-1", teams=teams("a"))
    own = Authority(AUTHORITY.request, AUTHORITY.approvals, author="lee", applied_by="lee")
    applied(repository.root, own)
    (found,) = change_sets(repository.root)
    assert found.gaps == (Gap.NO_REVIEW,)


def test_a_commit_that_no_apply_covers_was_never_applied(repository: Repository) -> None:
    repository.commit("One\n\nRequest: CHG-1", teams=teams("a"))
    applied(repository.root)
    repository.commit("Two\n\nRequest: CHG-2", teams=teams("a", "b"))
    found = change_sets(repository.root)[-1]
    assert (found.state, found.gaps) == (State.NEVER_APPLIED, (Gap.NEVER_APPLIED,))
    plan_id = applied(repository.root)
    found = change_sets(repository.root)[-1]
    assert (found.state, found.plan, found.gaps) == (State.CONFIRMED, plan_id, ())


def test_one_apply_brings_the_commits_since_the_one_before(repository: Repository) -> None:
    repository.commit("One\n\nRequest: CHG-1", teams=teams("a"))
    repository.commit("Two\n\nRequest: CHG-2", teams=teams("a", "b"))
    plan_id = applied(repository.root)
    assert [(each.plan, each.confirmed) for each in change_sets(repository.root)] == [
        (plan_id, 1),
        (plan_id, 1),
    ]


def test_an_apply_of_one_object_does_not_cover_another(repository: Repository) -> None:
    repository.commit("Two\n\nRequest: CHG-1", teams=teams("a", "b"))
    project = Project.open(repository.root)
    project.apply(project.plan(only=["team/a"]).plan, authority=AUTHORITY)
    found = change_sets(repository.root)
    assert [each.state for each in found if each.subject] == [State.NEVER_APPLIED]


def test_what_was_put_back_after_a_change_by_hand_is_a_change_set(repository: Repository) -> None:
    repository.commit("Opens\n\nRequest: CHG-1", queues=QUEUE)
    applied(repository.root)
    by_hand(repository.root, ring_for="45s")
    plan_id = applied(repository.root)
    found = change_sets(repository.root)[-1]
    assert (found.plan, found.subject) == (plan_id, "")
    assert found.by_hand == ("queue/sales ring_for",)
    assert found.gaps == (Gap.BY_HAND,)


def test_a_revert_is_the_corrective_action_of_what_it_reverts(repository: Repository) -> None:
    repository.commit("Start", teams=teams("a"))
    commit = repository.commit("One\n\nRequest: CHG-1", teams=teams("a", "b"))
    applied(repository.root)
    repository.git("revert", "--no-edit", commit)
    reverting = repository.git("rev-parse", "HEAD")
    applied(repository.root)
    first, second = change_sets(repository.root)
    assert first.corrective == (f"reverted by commit {reverting[:10]}",)
    assert second.corrects == f"commit {commit}"
    assert Gap.NO_REQUEST not in second.gaps


def test_a_change_of_call_tests_alone_concerns_no_platform(repository: Repository) -> None:
    test = (
        "call_tests:\n  opens: {call: '+61255501234', at: 2026-11-24T10:00, reaches: queue/sales}\n"
    )
    repository.commit("Test\n\nRequest: CHG-1", tests=test)
    (found,) = change_sets(repository.root)
    assert (found.state, found.gaps) == (State.WITHOUT_PLATFORM, ())


def test_a_new_layout_is_no_change_set(repository: Repository) -> None:
    repository.commit("One", queues=QUEUE)
    repository.commit("Layout", queues=QUEUE.replace("20s", '"20s"  # seconds'))
    repository.commit("Moved", queues="", sales=QUEUE.replace("20s", "0m20s"))
    assert [each.subject for each in change_sets(repository.root)] == ["One"]


def test_a_change_of_the_project_file_is_a_change_set(repository: Repository) -> None:
    path = repository.root / "ccstate.yaml"
    repository.commit("One", teams=teams("a"))
    path.write_text(
        path.read_text(encoding="utf-8") + "limits: {changes: 100%}\n", encoding="utf-8"
    )
    repository.commit("Limits off")
    assert change_sets(repository.root)[-1].objects == (("update", "ccstate.yaml"),)


def test_a_file_that_was_no_yaml_is_said(repository: Repository) -> None:
    repository.commit("One", queues=QUEUE)
    repository.commit("Broken", queues=QUEUE + "  sales: [\n")
    assert change_sets(repository.root)[-1].objects == (
        ("unreadable", "a file that was no valid YAML"),
    )


def test_an_apply_of_files_that_were_not_committed_is_named(repository: Repository) -> None:
    repository.commit("One\n\nRequest: CHG-1", teams=teams("a"))
    repository.write(teams=teams("a", "b"))
    applied(repository.root)
    found = [each for each in change_sets(repository.root) if not each.subject]
    assert [each.gaps for each in found] == [(Gap.NOT_COMMITTED,)]


def test_an_emergency_is_always_named(repository: Repository) -> None:
    repository.commit("Fix\n\nRequest: CHG-1\nEmergency: line is down", teams=teams("a"))
    applied(repository.root)
    (found,) = change_sets(repository.root)
    assert found.gaps == (Gap.EMERGENCY,)


def test_a_journal_without_a_record_is_named(repository: Repository) -> None:
    repository.commit("One\n\nRequest: CHG-1", teams=teams("a"))
    plan_id = applied(repository.root)
    (repository.root / "plans" / plan_id / "record.json").unlink()
    (found,) = change_sets(repository.root)
    assert found.gaps == (Gap.NOT_RECORDED,)


def test_a_span_of_time_is_kept(repository: Repository) -> None:
    repository.commit("One", teams=teams("a"))
    day = datetime(2026, 11, 21, tzinfo=UTC)  # 09:01 at +11:00 is the day before in UTC
    assert len(change_sets(repository.root, day, day.replace(day=22))) == 1
    assert change_sets(repository.root, day.replace(day=22), UNTIL) == []
    assert change_sets(repository.root, SINCE, day) == []


def test_what_was_not_confirmed_in_time_was_taken_back(repository: Repository) -> None:
    repository.commit("One\n\nRequest: CHG-1", teams=teams("a"))
    project = Project.open(repository.root)
    receipt = project.apply(project.plan().plan, authority=AUTHORITY, confirm_within=0.01)
    brought, back = change_sets(repository.root)
    assert (brought.plan, brought.state) == (receipt.plan_id, State.TAKEN_BACK)
    assert brought.corrective == (f"plan {back.plan} takes it back: confirmed",)
    assert brought.reason == "it was taken back: nobody confirmed it in time"
    assert (back.corrects, back.state) == (f"plan {receipt.plan_id}", State.CONFIRMED)
    assert check(repository.root).problems == []
    (entry,) = history(repository.root, "desired_state", Address("team", "a"), 5)
    assert (entry.outcome, entry.reason) == (Outcome.NOT_CONFIRMED, brought.reason)


ENVIRONMENTS = """\
version: 1
environments:
  staging:
    targets: {demo: {adapter: embedded, connection: {path: .ccstate/staging.db}}}
  production:
    targets: {demo: {adapter: embedded, connection: {path: .ccstate/production.db}}}
"""


def test_each_environment_has_its_own_change_sets(repository: Repository) -> None:
    root = repository.root
    (root / "ccstate.yaml").write_text(ENVIRONMENTS, encoding="utf-8")
    repository.commit("Environments\n\nRequest: CHG-1", queues=QUEUE)
    overlay = root / "environments" / "staging" / "queues.yaml"
    overlay.parent.mkdir(parents=True)
    overlay.write_text("queues:\n  sales:\n    ring_for: 45s\n", encoding="utf-8")
    repository.commit("Longer in staging\n\nRequest: CHG-2")
    staging = Project.open(root, environment="staging")
    plan_id = staging.apply(staging.plan().plan, authority=AUTHORITY).plan_id

    def found(environment: str) -> list[tuple[str, State, str]]:
        records = Project.open(root, environment=environment).records
        sets = records.audit(SINCE, UNTIL).change_sets
        return [(one.subject, one.state, one.plan) for one in sets if one.subject != "Start"]

    assert found("staging") == [
        ("Environments", State.CONFIRMED, plan_id),
        ("Longer in staging", State.CONFIRMED, plan_id),
    ]
    assert found("production") == [("Environments", State.NEVER_APPLIED, "")]
    with pytest.raises(InvalidInput, match="environment"):
        Project.open(root).records.audit(SINCE, UNTIL)
