"""`ccstate rollback`: the way back as a plan, and what the next plan says of it."""

import json
import os
import re
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from ccstate.adapters.embedded import connect
from ccstate.model import Address, Fields
from tests.cli import screens

pytestmark = pytest.mark.git
Golden = Callable[[str, str], None]

FILES = {
    "ccstate.yaml": (
        "version: 1\ntargets:\n  demo: {adapter: embedded, connection: {path: .ccstate/demo.db}}\n"
    ),
    ".gitignore": ".ccstate/\n",
    "desired_state/all.yaml": """\
queues:
  sales:
    label: Sales
    ring_for: 20s
    members: [{user: ana}]
    overflow: {after: 3m, to: voicemail/2001}
users:
  ana: {name: Ana Example, extension: "2001"}
extensions:
  "2001": {label: Ana, secret: env:CCSTATE_SECRET_2001, voicemail: {}}
  "2002": {label: Bob, secret: env:CCSTATE_SECRET_2002}
""",
}
STATE = "desired_state/all.yaml"
BOB = '  "2002": {label: Bob, secret: env:CCSTATE_SECRET_2002}\n'


class Screen(screens.Screen):
    """A project in a repository, whose platform is as its first commit says."""

    def git(self, *words: str) -> str:
        environment = {
            "PATH": os.environ["PATH"],
            "HOME": str(self.folder),
            "GIT_CONFIG_NOSYSTEM": "1",
            "GIT_AUTHOR_DATE": "2026-11-22T09:00:00+11:00",
            "GIT_COMMITTER_DATE": "2026-11-22T09:00:00+11:00",
        }
        command = ["git", "-c", "user.name=Priya Nair", "-c", "user.email=priya@example.com"]
        done = subprocess.run(
            [*command, *words],
            cwd=self.folder,
            env=environment,
            check=True,
            capture_output=True,
            text=True,
        )
        return done.stdout.strip()

    def edit(self, old: str, new: str) -> None:
        path = self.folder / STATE
        content = path.read_text(encoding="utf-8")
        assert old in content
        path.write_text(content.replace(old, new), encoding="utf-8")

    def commit_and_apply(self, subject: str) -> str:
        """Commit what the files say, apply it, and return the id of the plan."""
        self.git("add", "--all")
        self.git("commit", "--quiet", "--message", subject)
        assert self.run("plan") == 0, self.out + self.err
        return self.apply()

    def apply(self) -> str:
        assert self.run("apply", "--format", "json") == 0, self.out + self.err
        plan_id: str = json.loads(self.out)["plan"]
        return plan_id

    def objects(self) -> dict[Address, Fields]:
        platform = connect({"path": ".ccstate/demo.db"}, self.folder)
        return dict(platform.observe(["queue", "extension", "user"]).objects)

    def by_hand(self, kind: str, name: str, **fields: str) -> None:
        address = Address(kind, name)
        live = self.objects()[address]
        connect({"path": ".ccstate/demo.db"}, self.folder).by_hand(address, {**live, **fields})

    def remains(self) -> list[dict[str, str]]:
        """What the plan in the output says that it cannot take back."""
        found: list[dict[str, str]] = json.loads(self.out)["rollback"]["remains"]
        return found


@pytest.fixture
def screen(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Screen:
    for name in ("CCSTATE_PROJECT", "FORCE_COLOR", "COLUMNS"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("CCSTATE_SECRET_2001", "correct horse")
    monkeypatch.setenv("CCSTATE_SECRET_2002", "battery staple")
    made = Screen(tmp_path, capsys)
    for name, content in FILES.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(content, encoding="utf-8")
    made.git("init", "--quiet")
    made.commit_and_apply("The first state")
    return made


def without_ids(text: str) -> str:
    """The text without ids of plans, which follow from seals: each platform has a key of its own."""
    return re.sub(r"\b[0-9a-f]{12,64}\b", lambda found: "0" * len(found[0]), text)


def test_without_the_bundle_everything_but_its_secrets_goes_back(
    screen: Screen, monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory
) -> None:
    bundle = tmp_path_factory.mktemp("run") / "bundle.yaml"
    bundle.write_text("cho: a word of hers\n", encoding="utf-8")
    monkeypatch.setenv("CCSTATE_SECRET_BUNDLE", str(bundle))
    cho = '  "2003": {label: Cho, secret: bundle:cho}\n'
    screen.edit(BOB, BOB + cho)
    screen.commit_and_apply("Cho has a phone, whose secret is in the bundle")
    screen.edit(cho, "")
    plan_id = screen.commit_and_apply("No phone for Cho")
    bundle.unlink()
    assert screen.run("rollback", plan_id, "--format", "json") == 0, screen.err
    (left,) = screen.remains()
    assert (left["address"], left["path"]) == ("extension/2003", "secret")
    assert "bundle:cho cannot be read: the bundle of secrets, " in left["reason"]
    assert screen.run("apply") == 0, screen.err
    assert Address("extension", "2003") in screen.objects()


def change(screen: Screen) -> str:
    """Let a queue ring longer, and delete a phone; return the id of the applied plan."""
    screen.edit("ring_for: 20s", "ring_for: 30s")
    screen.edit(BOB, "")
    return screen.commit_and_apply("Longer rings, no phone for Bob")


def test_a_plan_is_taken_back_and_then_git_is_reverted(screen: Screen, golden: Golden) -> None:
    before = screen.objects()
    plan_id = change(screen)
    assert screen.objects() != before
    assert screen.run("rollback", plan_id) == 0, screen.err
    golden("cli/rollback.txt", without_ids(screen.out))
    back = screen.apply()
    assert screen.objects() == before
    assert screen.run("plan") == 3  # the files say again what was taken back
    assert f"CC320 the plan does again what plan {back} took back" in screen.out
    assert "queue/sales" in screen.out
    screen.git("revert", "--no-edit", "HEAD")
    assert screen.run("plan", "--detailed-exitcode") == 0, screen.out
    assert "Nothing to do" in screen.out


def test_what_reviewers_read_of_a_way_back(screen: Screen, golden: Golden) -> None:
    plan_id = change(screen)
    screen.by_hand("queue", "sales", ring_for="45s")
    assert screen.run("rollback", plan_id, "--format", "markdown") == 0, screen.err
    golden("cli/rollback.md", without_ids(screen.out))


def test_what_was_taken_back_may_be_done_again_with_a_reason(screen: Screen) -> None:
    plan_id = change(screen)
    assert screen.run("rollback", plan_id) == 0
    screen.apply()
    assert screen.run("plan", "--force", "the carrier has mended its trunk") == 0
    assert "the carrier has mended its trunk" in screen.out
    screen.apply()
    # An ordinary plan has changed the objects since: the way back is history.
    screen.by_hand("queue", "sales", ring_for="20s")
    assert screen.run("plan") == 0, screen.out


def test_what_was_changed_since_stays_and_is_listed(screen: Screen) -> None:
    plan_id = change(screen)
    screen.by_hand("queue", "sales", ring_for="45s")
    assert screen.run("rollback", plan_id, "--format", "json") == 0, screen.err
    (left,) = screen.remains()
    assert left == {
        "target": "demo",
        "address": "queue/sales",
        "path": "ring_for",
        "reason": "changed since; it stays as it is",
    }
    screen.apply()
    assert screen.objects()[Address("queue", "sales")]["ring_for"] == "45s"
    assert Address("extension", "2002") in screen.objects()


def test_only_the_named_objects_are_taken_back(screen: Screen) -> None:
    plan_id = change(screen)
    assert screen.run("rollback", plan_id, "queue/sales") == 0, screen.err
    assert "1 other change is left out" in screen.out
    screen.apply()
    assert screen.objects()[Address("queue", "sales")]["ring_for"] == "20s"
    assert Address("extension", "2002") not in screen.objects()
    assert screen.run("rollback", plan_id, "user/ana") == 1
    assert "CC323" in screen.err
    assert "queue/sales" in screen.err


def test_a_phone_comes_back_with_the_secret_that_its_reference_names(
    screen: Screen, monkeypatch: pytest.MonkeyPatch
) -> None:
    plan_id = change(screen)
    monkeypatch.setenv("CCSTATE_SECRET_2002", "another one by now")
    assert screen.run("rollback", plan_id, "--format", "json") == 0, screen.err
    (left,) = screen.remains()
    assert (left["address"], left["path"]) == ("extension/2002", "secret")
    assert "holds another secret now" in left["reason"]
    assert "another one by now" not in screen.out


def test_the_platforms_go_back_to_a_commit(screen: Screen) -> None:
    before = screen.objects()
    change(screen)
    assert screen.run("rollback", "HEAD~1") == 0, screen.err
    assert "This goes back to the desired state of commit" in screen.out
    assert "git revert" in screen.out
    screen.apply()
    assert screen.objects() == before
    assert screen.run("plan") == 3
    assert "CC320" in screen.out


def test_to_a_commit_with_errors_there_is_no_way(screen: Screen) -> None:
    screen.edit("{user: ana}", "{user: nobody}")
    screen.git("commit", "--quiet", "--all", "--message", "Broken")
    screen.git("revert", "--no-edit", "HEAD")
    assert screen.run("rollback", "HEAD~1") == 1
    assert "in commit" in screen.err
    assert 'unknown user "nobody"' in screen.err


@pytest.mark.parametrize("name", ["", "no-such-branch", "--all", "-x", "0123456789ab", "HEAD~99"])
def test_what_names_neither_plan_nor_commit_is_refused(screen: Screen, name: str) -> None:
    assert screen.run("rollback", "--", name) == 1
    assert "CC322" in screen.err


def test_a_plan_that_was_never_applied_cannot_be_taken_back(screen: Screen) -> None:
    screen.edit("ring_for: 20s", "ring_for: 30s")
    assert screen.run("plan", "--format", "json") == 0
    plan_id = json.loads(screen.out)["digest"][:12]
    assert screen.run("rollback", plan_id) == 1
    assert "CC321" in screen.err


def test_a_way_back_says_nothing_of_the_commit_from_which_it_was_made(screen: Screen) -> None:
    plan_id = change(screen)
    assert screen.run("rollback", plan_id) == 0
    back = screen.apply()
    assert screen.run("history", "queue/sales", "--format", "json") == 0
    plans = [commit["plan"] for commit in json.loads(screen.out)["commits"]]
    assert plan_id in plans
    assert back not in plans


def test_a_way_back_is_refused_for_limits_and_protection(screen: Screen) -> None:
    screen.edit("users:\n", "teams:\n  new: {label: New, protect: true}\nusers:\n")
    plan_id = screen.commit_and_apply("A team that is protected")
    assert screen.run("rollback", plan_id) == 3
    assert "CC302 team/new is protected" in screen.out


def test_what_another_machine_took_back_is_read_on_the_branch_of_records(screen: Screen) -> None:
    plan_id = change(screen)
    assert screen.run("rollback", plan_id) == 0, screen.err
    back = screen.apply()
    assert screen.run("ci", "record", "--local") == 0, screen.err
    shutil.rmtree(screen.folder / "plans")
    assert screen.run("plan") == 3
    assert f"CC320 the plan does again what plan {back} took back" in screen.out
    assert screen.run("plan", "--force", "meant this time") == 0
    screen.apply()
    assert screen.run("ci", "record", "--local") == 0, screen.err
    shutil.rmtree(screen.folder / "plans")
    screen.edit("ring_for: 30s", "ring_for: 31s")
    assert screen.run("plan") == 0, screen.out
