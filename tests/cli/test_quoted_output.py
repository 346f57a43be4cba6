"""What README.md and the command line's page quote is what commands say."""

import re
import shutil
import subprocess
from datetime import date
from pathlib import Path

import orjson
import pytest

from ccstate.adapters.embedded import connect
from ccstate.cli import days, run
from ccstate.model import Address, Fields
from tests.cli import screens

pytestmark = pytest.mark.git

TOP = Path(__file__).parent.parent.parent
README = TOP / "README.md"
REFERENCE = TOP / "docs" / "command-line.md"
_OF_THE_DAY = re.compile(r"\b[0-9a-f]{10,12}\b|\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d)? ?[+]\d\d:\d\d")


_OF_THE_MACHINE = re.compile(r"([Aa]pplied by)\s+\S+\s+on\s+\S+")


def plain(text: str) -> str:
    """The text without ids, moments, account and host, which are others in every run."""
    return _OF_THE_DAY.sub("ID", _OF_THE_MACHINE.sub(r"\1 ann on ci-7", text))


def check(page: Path, said: str) -> None:
    """A page quotes this, line by line; the command line's page indents what it quotes."""
    assert said.strip()
    text = page.read_text(encoding="utf-8")
    quoted = re.sub(r"^    ", "", text, flags=re.M) if page == REFERENCE else text
    is_there = f"\n{plain(said.strip())}\n" in plain(quoted)
    assert is_there, f"{page.name} does not quote what is said now:\n{said}"


class Screen(screens.Screen):
    """A project in git on an embedded platform, and what commands say there."""

    platform = ".ccstate/demo.db"

    def edit(self, name: str, old: str, new: str) -> None:
        path = self.folder / "desired_state" / name
        content = path.read_text(encoding="utf-8")
        assert old in content
        path.write_text(content.replace(old, new, 1), encoding="utf-8")

    def by_hand(self, address: Address, **fields: str | int) -> None:
        platform = connect({"path": self.platform}, self.folder)
        live: Fields = platform.observe([address.kind]).objects.get(address, {})
        platform.by_hand(address, {**live, **fields})

    def commit(self, message: str) -> None:
        git = ["git", "-C", str(self.folder), "-c", "user.name=Sam Example"]
        git += ["-c", "user.email=sam@example.com"]
        for command in (["init", "-q"], ["add", "-A"], ["commit", "-qm", message]):
            subprocess.run([*git, *command], check=True)

    def plan_and_apply(self) -> None:
        assert self.run("plan") == 0, self.out + self.err
        assert self.run("apply") == 0, self.out + self.err


@pytest.fixture
def first(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Screen:
    """A folder in which nothing is yet, at the end of a week in 2026."""
    for name in ("CCSTATE_PROJECT", "CCSTATE_FORMAT", "FORCE_COLOR", "COLUMNS"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(days, "today", lambda: date(2026, 11, 22))
    monkeypatch.chdir(tmp_path)
    return Screen(tmp_path, capsys)


@pytest.fixture
def example(first: Screen, monkeypatch: pytest.MonkeyPatch) -> Screen:
    """A copy of the worked example."""
    shutil.copytree(TOP / "desired_state", first.folder / "desired_state")
    shutil.copy(TOP / "ccstate.yaml", first.folder)
    (first.folder / ".gitignore").write_text("/.ccstate/\n", encoding="utf-8")
    text = "".join(p.read_text(encoding="utf-8") for p in first.folder.rglob("*.yaml"))
    names = set(re.findall(r"env:([A-Z0-9_]+)", text))
    for name in names:
        monkeypatch.setenv(name, "123456" if name.startswith("PIN_") else f"made up for {name}")
    monkeypatch.setenv("CCSTATE_SECRET_NAMES", " ".join(sorted(names)))
    first.commit("The contact centre as it should be")
    return first


def test_a_first_project_says_what_the_readme_quotes(
    first: Screen,
) -> None:
    assert run(["init"]) == 0
    assert first.run("plan") == 0
    check(README, first.out)
    assert first.out.split()[1] in README.read_text(encoding="utf-8"), (
        "the id is the same everywhere"
    )
    assert first.run("apply") == 0
    first.edit("first.yaml", "label: Reception", "label: Front desk")
    assert first.run("plan") == 0
    check(REFERENCE, first.out)
    assert first.run("apply") == 0
    check(REFERENCE, first.out)
    first.edit("first.yaml", "after: 3m", "after: 180")
    first.edit("first.yaml", "hours: weekdays\n    closed", "hours: weekday\n    closed")
    assert first.run("validate") == 1
    check(README, first.out)


def test_the_worked_example_says_what_the_pages_quote_of_calls(example: Screen) -> None:
    assert example.run("validate") == 0
    check(REFERENCE, example.out)
    assert example.run("simulate", "1300975707", "--at", "2026-12-25T10:00", "--keys", "1") == 0
    check(REFERENCE, example.out)
    assert example.run("simulate", "--all", "--at", "2026-11-22") == 0
    total = example.out[
        example.out.index(" journeys to 11") - 5 : example.out.index("The longest call")
    ]
    check(REFERENCE, total)
    assert example.run("simulate", "--all", "--at", "2026-11-22", "--format", "json") == 0
    text = re.sub(r"^    ", "", REFERENCE.read_text(encoding="utf-8"), flags=re.M)
    found = re.search(r'^\{\n  "first_day".*?^\}$', text, re.M | re.S)
    assert found
    quoted, said = orjson.loads(found[0]), orjson.loads(example.out)
    assert quoted.keys() == said.keys()
    assert {**quoted, "numbers": ...} == {**said, "numbers": ...}
    assert example.run("graph", "ivr/billing") == 0
    check(REFERENCE, "\n".join(example.out.splitlines()[:3]))
    assert example.run("holidays", "AU-NSW", "2027") == 0
    check(REFERENCE, example.out)


def test_promises_that_break_say_what_the_pages_quote(example: Screen) -> None:
    example.edit("ivrs/main.yaml", "open: queue/sales", "open: voicemail/2910")
    assert example.run("test", "ordinary-sales") == 1
    check(REFERENCE, example.out[: example.out.index("  No test:")])
    example.edit("ivrs/main.yaml", "open: voicemail/2910", "open: queue/sales")
    main = example.folder / "desired_state/ivrs/main.yaml"
    text = main.read_text(encoding="utf-8")
    closed = text.index("      closed:\n        type: menu")
    main.write_text(text[:closed] + re.sub(r'          "4": .*\n', "", text[closed:], count=1))
    assert example.run("validate") == 0
    check(REFERENCE, example.out)


def test_changes_of_the_worked_example_say_what_the_pages_quote(example: Screen) -> None:
    example.plan_and_apply()
    assert example.run("verify") == 0
    check(REFERENCE, example.out)
    skills = "skills: [payment-support]\n    members"
    example.edit("queues/melbourne.yaml", skills, skills.replace("]", ", hardship]"))
    assert example.run("plan") == 3
    check(REFERENCE, example.out)
    example.edit("queues/melbourne.yaml", ", hardship]", "]")
    saturdays = '      sat: ["09:00-17:00"]\n'
    example.edit("schedules/sales.yaml", saturdays, "")
    assert example.run("plan") == 3
    check(README, example.out)
    example.edit(
        "schedules/sales.yaml", '["08:00-19:00"]\n    cal', f'["08:00-19:00"]\n{saturdays}    cal'
    )

    evening = '      - {date: "2026-12-31", hours: ["08:00-15:00"], reason: New Year\'s Eve}\n'
    before = '      - {every: "12-24"'
    example.edit("schedules/sales.yaml", before, evening + before)
    example.edit("queues/sydney.yaml", "wrap_up: 20s", "wrap_up: 30s")
    example.edit("queues/sydney.yaml", "overflow: {after: 4m", "overflow: {after: 3m")
    example.commit("Longer wrap-up at Sales\n\nRequest: CHG-1042")
    example.by_hand(Address("queue", "billing"), max_waiting=80)
    assert example.run("plan") == 0
    check(README, example.out)
    assert example.run("apply") == 0
    assert example.run("history", "queue/sales") == 0
    check(REFERENCE, example.out[: example.out.index("+ created")])

    example.by_hand(Address("queue", "sales"), music="pop")
    example.by_hand(Address("extension", "2999"), label="Spare")
    assert example.run("drift", "--detailed-exitcode") == 2
    check(REFERENCE, example.out)
    assert example.run("adopt", "extension/2999") == 0
    check(REFERENCE, example.out)
