"""Platforms that people change, from the command line: sheets, their word, exports, and what becomes of it.

The person of tests/adapters/manual_harness.py reads the sheet as it is rendered, and nothing else.
"""

import csv
import io
import json
import subprocess
from collections.abc import Mapping
from datetime import date
from pathlib import Path

import pytest

from ccstate.apply.journal import Entry, Event, Journal
from ccstate.ci.apply import Outcome, apply_change
from ccstate.ci.job import Job
from ccstate.cli import run
from ccstate.errors import CcstateError
from ccstate.project import Project
from tests.adapters.manual_harness import Table
from tests.cli.screens import Screen

SETTINGS = """\
version: 1
targets:
  main: {adapter: embedded, kinds: [site], connection: {path: .ccstate/main.db}}
  portal:
    adapter: manual
    kinds: [queue, extension]
    connection:
      key: env:CCSTATE_SECRET_KEY
      kinds: {queue: instructions, extension: instructions}
      exports:
        extension: {file: exports/extensions.yaml}
        queue:
          file: exports/queues.csv
          columns:
            name: Queue name
            ring_for: {column: Ring time, unit: s}
            strategy: {column: Strategy, values: {ringall: ring_all, leastrecent: longest_idle}}
            members: {column: Agents, separator: ",", of: extension}
"""
COLUMNS = ("Queue name", "Ring time", "Strategy", "Agents")
PHONES = """\
targets:
  phones:
    adapter: manual
    kinds: [extension]
    connection:
      key: env:CCSTATE_SECRET_KEY
      folder: phones
      kinds: {extension: vendor}
      exports: {extension: {file: exports/extensions.yaml}}
      vendor: {name: Example Telecom, contact: service@example.com, requester: Ann Lee,
               reply_to: ann@example.org, window: after 18:00}
"""
QUEUE = "queues: {sales: {ring_for: %s, strategy: longest_idle, members: []}}\n"
SITE = "sites: {hq: {timezone: UTC}}\n"


class Portal(Screen):
    """A project with a platform that a person changes, and that person."""

    table: Table

    def desire(self, text: str) -> None:
        (self.folder / "desired_state/all.yaml").write_text(text)

    def plan(self) -> str:
        before = set(self.plans())
        assert self.run("plan") == 0, self.err
        (plan_id,) = set(self.plans()) - before
        return plan_id

    def plans(self) -> list[str]:
        return [path.name for path in (self.folder / "plans").glob("*")]

    def sheets(self, folder: str = "manual/sheets") -> list[str]:
        paths = sorted(
            (self.folder / folder).glob("*.md"), key=lambda path: path.stat().st_mtime_ns
        )
        return [path.read_text(encoding="utf-8") for path in paths]

    def export(self, extensions: Mapping[str, object] | None = None) -> None:
        """Export the platform as it is."""
        out = io.StringIO()
        rows = csv.writer(out)
        rows.writerow(COLUMNS)
        for name, row in self.table.objects.get("queue", {}).items():
            rows.writerow([name, *(row.get(column, "") for column in COLUMNS[1:])])
        (self.folder / "exports/queues.csv").write_text(out.getvalue())
        (self.folder / "exports/extensions.yaml").write_text(
            json.dumps({"extensions": extensions or {}})
        )

    def receipt(self, plan_id: str) -> Mapping[str, tuple[str, str]]:
        """What became of each object, and why, by the latest receipt."""
        assert self.run("apply", plan_id, "--format", "json") in {0, 4}, self.err
        return {
            one["address"]: (one["outcome"], one["reason"])
            for one in json.loads(self.out)["changes"]
        }


@pytest.fixture
def portal(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Portal:
    for name in ("CCSTATE_PROJECT", "FORCE_COLOR", "COLUMNS"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("CCSTATE_SECRET_KEY", "the key of the seals")
    monkeypatch.setenv("CCSTATE_SECRET_SIP", "hunter2-of-the-phone")
    made = Portal(tmp_path, capsys)
    made.table = Table()
    for folder in ("desired_state", "exports"):
        (tmp_path / folder).mkdir()
    (tmp_path / "ccstate.yaml").write_text(SETTINGS)
    made.table.objects["queue"] = {
        "sales": {"Ring time": "15", "Strategy": "ringall"},
        "old": {"Ring time": "30", "Strategy": "ringall"},
    }
    made.export()
    made.desire(QUEUE % "20s" + SITE)
    return made


def test_a_change_by_hand_goes_from_plan_to_confirmed(portal: Portal) -> None:
    plan_id = portal.plan()
    assert (
        "1 change is made by hand: applying writes the sheet for a person: queue/sales"
        in portal.out
    )
    assert portal.run("apply", plan_id) == 4
    assert "Handed over: 1 of 2 changes" in portal.out
    assert "Confirmed: 1 of 2 changes (1 created)" in portal.out  # what a program does is done
    assert f"ccstate sign-off {plan_id}" in portal.out
    assert portal.run("plans") == 0
    assert f"{plan_id}  handed over" in portal.out
    (sheet,) = portal.sheets()
    portal.table.do(sheet)
    assert portal.run("sign-off", plan_id, "--by", "Ann Lee") == 0, portal.err
    assert "Signed off by Ann Lee: adopt queue/sales on portal" in portal.err
    assert portal.run("apply", plan_id) == 4  # a word confirms nothing
    assert "signed off by Ann Lee" in portal.out
    portal.export()
    assert portal.run("apply", plan_id) == 0, portal.out
    assert "Every change is confirmed: 2 of 2." in portal.out
    assert portal.run("plan") == 0
    assert "Nothing to do" in portal.out
    assert portal.table.objects["queue"] == {
        "sales": {"Ring time": "20", "Strategy": "leastrecent"},
        "old": {"Ring time": "30", "Strategy": "ringall"},
    }


def test_an_export_that_shows_something_else_confirms_nothing_and_says_what(portal: Portal) -> None:
    plan_id = portal.plan()
    portal.run("apply", plan_id)
    portal.table.do(portal.sheets()[0])
    portal.table.objects["queue"]["sales"]["Ring time"] = "25"  # mistyped
    portal.run("sign-off", plan_id)
    portal.export()
    outcome, reason = portal.receipt(plan_id)["queue/sales"]
    assert outcome == "not confirmed"
    assert "exports/queues.csv shows: ring_for is 25s, not 20s" in reason
    (corrective,) = set(portal.plans()) - {plan_id}
    assert portal.run("apply", corrective) == 4
    assert "3. Set **Ring time** to `20`. Now it is `25`." in portal.sheets()[-1]
    portal.table.do(portal.sheets()[-1])
    portal.export()
    assert portal.run("apply", corrective) == 0, portal.out  # shown without anybody's word


def test_what_was_not_done_is_said_and_ends_the_change(portal: Portal) -> None:
    plan_id = portal.plan()
    portal.run("apply", plan_id)
    assert portal.run("sign-off", plan_id, "queue/sales", "--not-done", "no such strategy") == 0
    outcome, reason = portal.receipt(plan_id)["queue/sales"]
    assert (outcome, "no such strategy" in reason) == ("not confirmed", True)
    assert portal.run("apply", plan_id) == 3  # it has come to its end


def test_a_plan_that_a_later_one_overtook_ends_by_the_word_that_it_was_not_done(
    portal: Portal,
) -> None:
    first = portal.plan()
    portal.run("apply", first)
    portal.desire(QUEUE % "40s" + SITE)
    second = portal.plan()
    portal.run("apply", second)
    assert "Set **Ring time** to `40`. Now it is `15`." in portal.sheets()[-1]
    assert portal.run("sign-off", first, "--not-done", "overtaken") == 0
    assert portal.receipt(first)["queue/sales"][0] == "not confirmed"
    portal.table.do(portal.sheets()[-1])
    portal.export()
    assert portal.run("apply", second) == 0, portal.out


def test_half_a_sheet_is_half_confirmed_and_the_rest_keeps_its_sheet(portal: Portal) -> None:
    portal.desire("queues: {sales: {ring_for: 20s}, old: {ring_for: 40s}}\n")
    plan_id = portal.plan()
    portal.run("apply", plan_id)
    portal.table.objects["queue"]["old"]["Ring time"] = "40"
    portal.export()
    found = portal.receipt(plan_id)
    assert {name: outcome for name, (outcome, _) in found.items()} == {
        "queue/old": "confirmed",
        "queue/sales": "handed over",
    }
    assert len(portal.sheets()) == 1


def test_a_secret_is_named_on_the_sheet_and_stands_in_no_file(portal: Portal) -> None:
    portal.desire('extensions: {"2001": {label: Desk, secret: env:CCSTATE_SECRET_SIP}}\n')
    plan_id = portal.plan()
    assert portal.run("apply", plan_id) == 4
    (sheet,) = portal.sheets()
    assert "Set **secret** to the secret of `env:CCSTATE_SECRET_SIP`." in sheet
    assert "No export shows **secret**: your word alone says that this was done." in sheet
    portal.export({"2001": {"label": "Desk"}})
    assert portal.run("apply", plan_id) == 4  # nobody has said that the secret is set
    portal.run("sign-off", plan_id)
    assert portal.run("apply", plan_id) == 0, portal.out
    assert "On portal, 1 field is shown by no export" in " ".join(portal.out.split())
    files = [path for path in portal.folder.rglob("*") if path.is_file()]
    assert [path for path in files if b"hunter2" in path.read_bytes()] == []


def test_a_plan_that_people_carry_out_is_not_taken_back_in_time(portal: Portal) -> None:
    plan_id = portal.plan()
    assert portal.run("apply", plan_id, "--confirm-within", "5m") == 3
    assert "CC852" in portal.err
    assert portal.sheets() == []


def test_only_what_was_handed_over_can_be_signed_off(portal: Portal) -> None:
    plan_id = portal.plan()
    assert portal.run("sign-off", plan_id) == 3
    portal.run("apply", plan_id)
    assert portal.run("sign-off", plan_id, "site/hq") == 3
    assert "CC851 site/hq of plan" in portal.err
    assert "what is handed over: queue/sales" in portal.err_flat
    assert portal.run("apply") == 1
    assert f"ccstate sign-off {plan_id}" in portal.err_flat


@pytest.mark.parametrize("event", [Event.ATTEMPTED, Event.HANDED_OVER, Event.WAITS])
def test_an_apply_that_dies_before_it_records_goes_on_with_the_same_sheet(
    portal: Portal, event: Event, monkeypatch: pytest.MonkeyPatch
) -> None:
    plan_id = portal.plan()
    record = Journal.record

    def dies(self: Journal, entries: list[Entry], clock: object) -> object:
        entries = list(entries)
        if entries and entries[0].event is event and entries[0].target in {"portal", ""}:
            raise SystemExit
        return record(self, entries, clock)  # type: ignore[arg-type]  # the clock of the apply

    with monkeypatch.context() as patch:
        patch.setattr(Journal, "record", dies)
        with pytest.raises(SystemExit):
            run(["--project", str(portal.folder), "apply", plan_id])
    assert portal.run("apply", plan_id, "--resume") == 4, portal.err
    (sheet,) = portal.sheets()
    portal.table.do(sheet)
    portal.export()
    assert portal.run("apply", plan_id) == 0, portal.out


def test_who_carries_a_change_out_is_a_part_of_what_was_agreed_to(
    portal: Portal, monkeypatch: pytest.MonkeyPatch
) -> None:
    from ccstate.adapter import Support, placed
    from ccstate.adapters.manual.adapter import ManualAdapter

    plan_id = portal.plan()
    known = ManualAdapter.__init__

    def by_a_program(self: ManualAdapter, *given: object) -> None:
        known(self, *given)  # type: ignore[arg-type]  # as it is given

        def api(kind: str, support: Support) -> Support:
            return placed(kind, mapped=support.mapped, kept=support.kept, lacking=support.lacking)

        self.supports = {kind: api(kind, support) for kind, support in self.supports.items()}

    monkeypatch.setattr(ManualAdapter, "__init__", by_a_program)
    assert portal.run("apply", plan_id) == 3
    assert (
        "CC850 queue/sales on portal was planned as made by hand, and is made by ccstate"
        in portal.err_flat
    )


def test_what_needs_a_change_by_hand_on_another_platform_waits_for_it(portal: Portal) -> None:
    text = (
        SETTINGS.replace("kinds: [queue, extension]", "kinds: [queue]")
        .replace(", extension: instructions}", "}")
        .replace("        extension: {file: exports/extensions.yaml}\n", "")
    )
    (portal.folder / "ccstate.yaml").write_text(text.replace("targets:\n", PHONES))
    portal.desire(
        'extensions: {"2001": {label: Desk}}\n'
        'queues: {sales: {members: [{extension: "2001"}]}, old: {ring_for: 40s}}\n'
    )
    plan_id = portal.plan()
    found = portal.receipt(plan_id)
    assert found["queue/sales"] == (
        "not attempted",
        "it waits for extension/2001, which was handed over",
    )
    assert found["extension/2001"][0] == "handed over"
    (request,) = portal.sheets("phones/requests")
    assert "- To: `Example Telecom, service@example.com`" in request
    portal.run("sign-off", plan_id)
    portal.export({"2001": {"label": "Desk"}})
    found = portal.receipt(plan_id)
    assert {name: outcome for name, (outcome, _) in found.items()} == {
        "extension/2001": "confirmed",
        "queue/sales": "handed over",
        "queue/old": "handed over",
    }


def test_the_python_api_signs_off(portal: Portal) -> None:
    plan_id = portal.plan()
    project = Project.open(portal.folder)
    receipt = project.apply(plan_id)
    assert (receipt.waits, receipt.stands) == (True, False)
    signed = project.handed_over.sign_off(plan_id, ["queue/sales"], by="Ann Lee")
    assert [str(change.address) for change in signed.changes] == ["queue/sales"]
    with pytest.raises(CcstateError, match="was not handed over"):
        project.handed_over.sign_off(plan_id)


def committed(folder: Path) -> None:
    (folder / ".gitignore").write_text("/.ccstate/\n")
    for command in (["init", "-q"], ["add", "-A"], ["commit", "-qm", "Longer ring at sales"]):
        subprocess.run(
            ["git", "-c", "user.name=Ann", "-c", "user.email=ann@example.org", *command],
            cwd=folder,
            check=True,
        )


@pytest.mark.git
def test_the_audit_says_who_carried_it_out_and_lists_what_no_export_has_shown(
    portal: Portal,
) -> None:
    committed(portal.folder)
    plan_id = portal.plan()
    portal.run("apply", plan_id)
    portal.run("sign-off", plan_id, "--by", "Ann Lee")
    assert portal.run("audit") == 0, portal.err
    said = " ".join(portal.out.split())
    assert "sheet for a person, manual on portal, api, embedded on main" in said
    assert "1 handed over to people, not confirmed" in said
    assert (
        f"plan {plan_id}, 1 of 2 changes confirmed: signed off by Ann Lee, and not confirmed"
        in said
    )
    portal.table.do(portal.sheets()[0])
    portal.export()
    assert portal.run("apply", plan_id) == 0
    portal.run("audit")
    said = " ".join(portal.out.split())
    assert "not confirmed" not in said
    assert "2 of 2 changes confirmed" in said


@pytest.mark.git
def test_a_job_shows_what_people_do_and_does_not_hand_it_over(portal: Portal) -> None:
    committed(portal.folder)
    ended = apply_change(Project.open(portal.folder), Job(), None, today=date(2026, 12, 1))
    assert (ended.outcome, ended.exit_code) == (Outcome.REFUSED, 3)
    assert "CC852" in ended.text
    assert portal.sheets() == []
