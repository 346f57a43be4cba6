"""A month of a contact centre: every request, review, failure and way around, and the audit of it.

The repository and its remote are real, the code host speaks GitHub's REST API over HTTP, the clock is
that of December 2026. What is true of the month is written here by hand; the audit has to find it.
"""

import json
import re
import socket
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import time_machine

from tests.forge.server import serving
from tests.life.centre import Centre

pytestmark = [pytest.mark.git, pytest.mark.process]


HAND, ALONE = "changed by hand", "applied without review"
STORY = [
    ("12-02T01:00", "confirmed", []),  # a request, reviewed
    ("12-03T01:00", "confirmed", [HAND]),  # another, after the platform changed
    ("12-10T01:00", "confirmed", [HAND]),  # put back what was changed by hand
    ("12-14T01:00", "not confirmed", []),  # the platform drops what is written
    ("12-14T02:00", "confirmed", [HAND]),  # and takes it the second time
    ("12-16T01:00", "taken back", [ALONE]),  # confirmed by no person in time
    ("12-16T01:20", "confirmed", [ALONE]),  # so it was taken back
    ("12-16T02:00", "nothing to do", []),  # the files follow
    ("12-18T01:00", "confirmed", []),  # waited for the end of the freeze
    ("12-22T05:00", "confirmed", [ALONE, "emergency"]),
    ("12-22T06:00", "confirmed", []),  # the files follow the emergency
    ("12-29T05:00", "confirmed", []),  # promoted
    ("12-29T07:00", "confirmed", []),  # renamed
    ("12-30T01:00", "confirmed", ["without request", ALONE]),  # around the process
]


@pytest.fixture
def centre(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Iterator[Centre]:
    with time_machine.travel("2026-12-01T00:00:00+00:00", tick=False) as clock:
        found = Centre(tmp_path, capsys, monkeypatch, clock)
        with serving(found.host.server):
            yield found
    assert found.host.server.wrong == []


def asked(number: str, subject: str, reason: str) -> str:
    return f"{subject}\n\nRequest: CHG-{number}\nRequested-by: Ana Silva\nReason: {reason}\n"


def test_a_month_and_its_audit(centre: Centre, golden: Callable[[str, str], None]) -> None:
    first_setup(centre)
    a_request_is_reviewed_and_applied(centre)
    the_platform_changes_between_review_and_apply(centre)
    a_change_by_hand_is_reported_and_put_back(centre)
    failed = an_apply_that_fails_is_made_good(centre)
    a_change_that_is_not_confirmed_is_taken_back_though_its_process_died(centre)
    a_change_waits_for_the_end_of_a_freeze(centre)
    an_emergency_rolls_back_in_the_freeze(centre, failed)
    a_change_is_tried_in_staging_and_promoted(centre)
    a_queue_gets_another_name(centre)
    around = a_commit_goes_around_the_process(centre)
    the_audit_tells_the_story(centre, around, golden)


def first_setup(centre: Centre) -> None:
    centre.at("2026-12-01T01:00")
    for environment in ("staging", "production"):
        assert centre.run("plan", environment=environment) == 0, centre.err
        assert centre.run("apply", environment=environment) == 0, centre.err
    centre.record()


def a_request_is_reviewed_and_applied(centre: Centre) -> None:
    centre.at("2026-12-02T01:00")
    centre.propose(
        "wrap_up: 10s", "wrap_up: 30s", asked("101", "More time after calls", "notes take longer")
    )
    comment = centre.said("plan")
    for words in ("CHG-101", "Ana Silva", "notes take longer", "lee"):
        assert words in comment
    centre.merge()
    assert centre.ci("apply") == 3, "no review yet"
    assert centre.live("queue/sales")["wrap_up"] == "10s"
    centre.at("2026-12-02T02:00")
    centre.approve()
    assert centre.ci("apply") == 0, centre.out + centre.err
    assert centre.live("queue/sales")["wrap_up"] == "30s"
    centre.record()


def the_platform_changes_between_review_and_apply(centre: Centre) -> None:
    centre.at("2026-12-03T01:00")
    centre.propose(
        "ring_for: 20s", "ring_for: 25s", asked("102", "Phones ring longer", "agents walk far")
    )
    centre.approve()
    centre.by_hand("queue/sales", wrap_up="5s")
    centre.merge()
    assert centre.ci("apply") == 2, centre.out + centre.err
    assert "It says something else than the plan that was reviewed" in centre.said("apply")
    assert centre.live("queue/sales")["ring_for"] == "20s"
    centre.at("2026-12-03T03:00")
    centre.agree_and_apply()
    assert centre.live("queue/sales")["ring_for"] == "25s"
    assert centre.live("queue/sales")["wrap_up"] == "30s"
    centre.record()


def a_change_by_hand_is_reported_and_put_back(centre: Centre) -> None:
    centre.at("2026-12-07T18:00")
    assert centre.ci("drift") == 0, centre.out + centre.err
    assert centre.issues() == []
    centre.by_hand("queue/sales", ring_for="60s")
    centre.at("2026-12-08T18:00")
    assert centre.ci("drift") == 0, centre.out + centre.err
    [(state, _)] = centre.issues()
    assert state == "open"
    centre.by_hand("extension/2001", label="Kim L")
    centre.at("2026-12-09T18:00")
    assert centre.ci("drift") == 0, centre.out + centre.err
    assert len(centre.issues()) == 1
    assert "Kim L" in centre.host.issues[0]["body"]
    centre.at("2026-12-10T01:00")
    centre.agree_and_apply()
    centre.at("2026-12-10T18:00")
    assert centre.ci("drift") == 0, centre.out + centre.err
    assert [state for state, _ in centre.issues()] == ["closed"]
    centre.record()


def an_apply_that_fails_is_made_good(centre: Centre) -> str:
    centre.at("2026-12-14T01:00")
    centre.propose(
        "wrap_up: 30s", "wrap_up: 20s", asked("103", "Less time after calls", "notes are quick now")
    )
    centre.approve()
    centre.merge()
    with centre.dropping_updates():
        assert centre.ci("apply") == 4, centre.out + centre.err
    [_, (state, _)] = centre.issues()
    assert state == "open"
    centre.record()
    centre.at("2026-12-14T02:00")
    plan_id = centre.agree_and_apply()
    assert centre.live("queue/sales")["wrap_up"] == "20s"
    assert [state for state, _ in centre.issues()] == ["closed", "closed"]
    centre.record()
    return plan_id


def a_change_that_is_not_confirmed_is_taken_back_though_its_process_died(centre: Centre) -> None:
    centre.at("2026-12-16T01:00")
    centre.propose(
        "label: Kim,", "label: Kim at home,", asked("104", "Kim works at home", "a new place")
    )
    centre.merge()
    assert centre.run("plan") == 0, centre.out + centre.err
    centre.apply_and_die("--confirm-within", "10m", moment="2026-12-16T01:00")
    assert centre.live("extension/2001")["label"] == "Kim at home"
    centre.at("2026-12-16T01:20")
    assert centre.run("confirm") == 3, centre.out + centre.err
    assert "cannot be confirmed any more" in centre.err + centre.out
    assert centre.live("extension/2001")["label"] == "Kim"
    centre.record()
    # The files still say it: a plan that would do it again is refused until they do not.
    centre.at("2026-12-16T02:00")
    assert centre.run("plan") == 3
    assert "CC320" in centre.out
    centre.propose(
        "label: Kim at home,", "label: Kim,", asked("104", "Kim stays in the office", "it failed")
    )
    centre.merge()
    assert centre.ci("apply") == 0, centre.out + centre.err


def a_change_waits_for_the_end_of_a_freeze(centre: Centre) -> None:
    centre.at("2026-12-18T01:00")
    centre.propose(
        "after: 3m", "after: 2m", asked("105", "Callers wait two minutes", "many gave up")
    )
    centre.approve()
    centre.merge()
    centre.at("2026-12-19T01:00")
    assert centre.ci("apply") == 5, centre.out + centre.err
    assert "Few are on call" in centre.out
    assert centre.live("queue/sales")["overflow"]["after"] == "3m"


def an_emergency_rolls_back_in_the_freeze(centre: Centre, plan_id: str) -> None:
    centre.at("2026-12-22T05:00")
    assert centre.run("rollback", plan_id) == 0, centre.out + centre.err
    assert "freeze holidays" in centre.out
    assert centre.run("apply") == 3
    assert centre.live("queue/sales")["wrap_up"] == "20s"
    assert centre.run("apply", "--emergency", "callers give up") == 0, centre.out + centre.err
    assert centre.live("queue/sales")["wrap_up"] == "30s"
    centre.record()
    # The files follow, and what waited is applied after the freeze.
    centre.at("2026-12-22T06:00")
    centre.propose(
        "wrap_up: 20s", "wrap_up: 30s", asked("106", "More time after calls again", "rolled back")
    )
    centre.approve()
    centre.merge()
    centre.at("2026-12-28T01:00")
    assert centre.ci("apply") == 0, centre.out + centre.err
    assert centre.live("queue/sales")["overflow"]["after"] == "2m"
    assert centre.live("queue/sales")["wrap_up"] == "30s"
    centre.record()


def a_change_is_tried_in_staging_and_promoted(centre: Centre) -> None:
    centre.at("2026-12-29T01:00")
    centre.git("switch", "--quiet", "--create", "try")
    overlay = "environments/staging/sales.yaml"
    centre.write(overlay, "queues:\n  sales: {ring_for: 15s}\n")
    message = asked("107", "Phones ring shorter in staging", "a trial")
    centre.commit(message)
    centre.request(message)
    centre.merge()
    assert centre.ci("apply", environment="staging") == 2, centre.out
    [digest] = re.findall(r"--agreed ([0-9a-f]{64})", centre.out)
    assert centre.ci("apply", f"--agreed={digest}", environment="staging") == 0, centre.out
    centre.record()
    assert centre.live("queue/sales", "staging")["ring_for"] == "15s"
    assert centre.live("queue/sales")["ring_for"] == "25s"
    centre.at("2026-12-29T05:00")
    centre.promote("--request=CHG-108", "--requested-by=Ana Silva", "--reason=the trial went well")
    centre.approve()
    centre.merge()
    assert centre.ci("apply") == 0, centre.out + centre.err
    assert centre.live("queue/sales")["ring_for"] == "15s"
    centre.record()


def a_queue_gets_another_name(centre: Centre) -> None:
    centre.at("2026-12-29T07:00")
    centre.git("switch", "--quiet", "--create", "rename")
    centre.edit("queues:\n  sales:", "queues:\n  sales-au:")
    centre.edit("to: queue/sales}", "to: queue/sales-au}")
    centre.edit("expect: [queue/sales]", "expect: [queue/sales-au]")
    for overlay in centre.root.glob("environments/*/sales.yaml"):
        overlay.write_text(overlay.read_text().replace("sales:", "sales-au:"))
    centre.write("desired_state/moved.yaml", "moved: [{from: queue/sales, to: queue/sales-au}]\n")
    message = asked("109", "Sales is called by its country", "New Zealand gets its own")
    centre.commit(message)
    centre.request(message)
    assert "sales-au" in centre.said("plan")
    centre.approve()
    centre.merge()
    before = centre.live("queue/sales")
    assert centre.ci("apply") == 0, centre.out + centre.err
    assert centre.live("queue/sales-au") == before
    centre.record()


def a_commit_goes_around_the_process(centre: Centre) -> str:
    centre.at("2026-12-30T01:00")
    centre.edit("label: Kim,", "label: Kim L,")
    commit = centre.commit("quick fix", author="Max Roe <max@example.com>")
    centre.push()
    assert centre.run("plan") == 0, centre.out + centre.err
    assert centre.run("apply") == 0, centre.out + centre.err
    centre.record()
    return commit


def the_audit_tells_the_story(
    centre: Centre, around: str, golden: Callable[[str, str], None]
) -> None:
    centre.at("2026-12-31T01:00")
    assert centre.run("audit", "--since", "2026-12-02", "--format", "json") == 0, centre.err
    rows = json.loads(centre.out)["change_sets"]
    code = centre.run("audit", "--since", "2026-12-02", "--format", "markdown")
    assert code == 0, centre.err
    golden("life/audit.md", without_ids(centre.out))
    assert [(row["at"][5:16], row["outcome"], row["gaps"]) for row in rows] == STORY
    assert [row["commit"] for row in rows if "without request" in row["gaps"]] == [around]
    said = [row["authority"]["request"]["reason"] for row in rows]
    for reason in ("notes take longer", "agents walk far", "many gave up", "the trial went well"):
        assert reason in said
    numbers = {row["authority"]["request"]["request"] for row in rows}
    assert numbers == {
        "",
        *(f"CHG-{number}" for number in (101, 102, 103, 104, 105, 106, 108, 109)),
    }
    assert centre.run("blame", "extension/2001", "label") == 0, centre.err
    assert around[:10] in centre.out
    assert centre.run("blame", "queue/sales-au", "--format", "json") == 0, centre.err
    asked_by = {one["path"]: one["commit"]["request"] for one in json.loads(centre.out)["fields"]}
    assert asked_by["overflow.after"] == "CHG-105"
    assert asked_by["ring_for"] == "CHG-108"
    assert asked_by["wrap_up"] == "CHG-106"
    assert centre.run("history", "queue/sales-au") == 0, centre.err
    for number in (101, 103, 105, 108, 109):
        assert f"CHG-{number}" in centre.out
    # The plan that waited out the freeze was never applied; a later one wrote the same.
    assert "not applied" not in centre.out
    assert centre.run("audit", "--check") == 0, centre.out
    [receipt] = centre.root.glob(f"plans/{rows[0]['plan']}/receipt.md")
    receipt.write_text(receipt.read_text().replace("lee", "ana"))
    assert centre.run("audit", "--check") == 4
    assert rows[0]["plan"] in centre.out


def without_ids(text: str) -> str:
    """Put one account, host and id for those that differ from machine to machine."""
    host = re.escape(socket.gethostname())
    named = re.sub(rf"[\w.-]+ on {host}\b", "ann on ci-7", text)
    return re.sub(r"\b[0-9a-f]{10,40}\b", "0" * 10, named)
