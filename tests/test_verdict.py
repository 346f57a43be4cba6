"""The verdict that `validate` keeps between runs is the one that judging gives, whatever was edited."""

import subprocess
import sys
from collections.abc import Callable, Sequence
from datetime import date, timedelta
from itertools import pairwise
from pathlib import Path

import pytest

import ccstate
from ccstate.desired import ParseCache, Settings, load, load_settings
from ccstate.errors import Diagnostic
from ccstate.project import Project, verdict
from ccstate.rules import judge

DAY = date(2026, 12, 1)
SOURCE = Path(ccstate.__file__).parent


PROJECT = """version: 1
targets: {demo: {adapter: embedded, connection: {path: demo.db}}}
defaults: {queue: {retry: 5s}}
"""
FILES = {
    "sites.yaml": "sites: {sydney: {timezone: Australia/Sydney}, perth: {timezone: Australia/Perth}}\n",
    "hours.yaml": 'schedules:\n  office:\n    timezone: Australia/Sydney\n    weekly: {mon: ["09:00-17:00"]}\n'
    '    holidays: [{date: "2027-12-24", name: Christmas Eve}]\n',
    "calls.yaml": 'numbers: {"+61291234567": {site: sydney, hours: office, to: queue/sales}}\n'
    "queues: {sales: {members: [{user: ann}]}, spare: {members: []}, later: {label: Later}}\n",
    "people.yaml": 'users: {ann: {name: Ann, extension: "2001"}}\n'
    'extensions: {"2001": {site: sydney}}\n',
}


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A small project of which rules have something to say."""
    folder = tmp_path / "project"
    (folder / "desired_state").mkdir(parents=True)
    (folder / "ccstate.yaml").write_text(PROJECT)
    for name, text in FILES.items():
        (folder / "desired_state" / name).write_text(text)
    return folder


def judged(folder: Path, day: date = DAY, cache: Path | None = None) -> Sequence[Diagnostic]:
    """The verdict on a project; without a cache it is judged."""
    parsed = ParseCache(cache)
    settings = load_settings(folder)
    return verdict.verdict(settings, load(settings, parsed), day, parsed)


@pytest.fixture
def kept(project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., object]:
    """Reads the verdict on the project from the cache; fails where it has to be judged."""

    def read(day: date = DAY) -> object:
        with monkeypatch.context() as patch:
            patch.setattr(judge, "judge", lambda *_: pytest.fail("judged again"))
            return judged(project, day, tmp_path / "cache")

    return read


def replace(name: str, old: str, new: str) -> Callable[[Path], object]:
    """An edit of one file of the project."""

    def edit(folder: Path) -> None:
        text = (folder / name).read_text(encoding="utf-8")
        assert old in text
        (folder / name).write_text(text.replace(old, new, 1), encoding="utf-8")

    return edit


def add(name: str, text: str) -> Callable[[Path], object]:
    """More lines at the end of a file, which may be new."""

    def edit(folder: Path) -> None:
        with (folder / name).open("a", encoding="utf-8") as file:
            file.write(text)

    return edit


IDLE = "desired_state/idle.yaml"
QUEUE = "queues:\n  idle:\n    members: []\n"
EDITS = [
    add(IDLE, QUEUE),
    replace(IDLE, "queues:", "# the places move\nqueues:"),
    replace(IDLE, "members: []", "members: []  # ccstate: ignore CC210"),
    replace(IDLE, "CC210", "CC210 the desk opens in May"),
    replace(IDLE, "CC210", "CC212"),
    lambda folder: (folder / IDLE).rename(folder / "desired_state" / "renamed.yaml"),
    replace("desired_state/renamed.yaml", "members: []", "members: []\n    site: melbourne"),
    lambda folder: (folder / "desired_state/renamed.yaml").write_text("{}\n"),
    lambda folder: (folder / "desired_state/renamed.yaml").write_text(QUEUE),
    lambda folder: (folder / "desired_state/renamed.yaml").unlink(),
    replace("ccstate.yaml", "version: 1", "# a comment\nversion: 1"),
    add("ccstate.yaml", "rules: {CC299: error}\n"),
    replace("ccstate.yaml", "rules: {CC299: error}", "\nrules: {CC299: error}"),
    replace("ccstate.yaml", "CC299: error", "CC223: error, CC210: ignore"),
    replace("ccstate.yaml", "CC210: ignore", "CC210: error"),
]


def test_after_every_edit_the_kept_verdict_is_the_one_that_judging_gives(
    project: Path, tmp_path: Path, kept: Callable[..., object]
) -> None:
    seen = [judged(project)]
    for edit in EDITS:
        edit(project)
        expected = judged(project)
        assert judged(project, cache=tmp_path / "cache") == expected
        assert kept() == expected
        seen.append(expected)
    different = sum(now != before for before, now in pairwise(seen))
    assert different >= 10  # the edits change what the rules say, or nothing was shown


def test_every_file_counts(project: Path, tmp_path: Path, kept: Callable[..., object]) -> None:
    for path in sorted(project.rglob("*.yaml")):
        path.write_bytes(b"# a line more\n" + path.read_bytes())
        expected = judged(project)
        assert judged(project, cache=tmp_path / "cache") == expected
        assert kept() == expected


def test_the_day_counts(project: Path, tmp_path: Path, kept: Callable[..., object]) -> None:
    days = [DAY + timedelta(days=90 * number) for number in range(5)]
    expected = [judged(project, day) for day in days]
    assert [judged(project, day, tmp_path / "cache") for day in days] == expected
    assert [kept(day) for day in days] == expected
    assert any(one != expected[0] for one in expected)


def test_defaults_count(project: Path, tmp_path: Path, kept: Callable[..., object]) -> None:
    before = judged(project, cache=tmp_path / "cache")
    text = PROJECT.replace("queue: {retry: 5s}", "queue: {members: []}")
    (project / "ccstate.yaml").write_text(text, encoding="utf-8")
    expected = judged(project)
    assert expected != before
    assert judged(project, cache=tmp_path / "cache") == expected
    assert kept() == expected


@pytest.mark.parametrize("part", ["code_digest", "version", "_system_zones"])
def test_other_code_libraries_and_time_zones_count(
    part: str, project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    judged(project, cache=tmp_path / "cache")
    monkeypatch.setattr(verdict, part, lambda *_: b"other")
    monkeypatch.setattr(judge, "judge", lambda *_: [])
    assert judged(project, cache=tmp_path / "cache") == []


@pytest.mark.process
def test_the_key_holds_all_code_that_judges() -> None:
    program = (
        "import sys, ccstate.rules.judge;"
        "print(*(m.__file__ for n, m in sys.modules.items() if n.split('.')[0] == 'ccstate'))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, check=True)
    loaded = {Path(name) for name in done.stdout.decode().split()}
    covered = {path for package in verdict.JUDGING for path in (SOURCE / package).glob("*.py")}
    assert len(loaded) > 70
    assert loaded <= covered


def test_settings_that_are_older_than_their_file_count(project: Path, tmp_path: Path) -> None:
    cache = ParseCache(tmp_path / "cache")
    old = load_settings(project)
    add("ccstate.yaml", "rules: {CC299: error}\n")(project)

    def ask(settings: Settings, cache: ParseCache) -> Sequence[Diagnostic]:
        return verdict.verdict(settings, load(settings, cache), DAY, cache)

    for settings in (old, load_settings(project), old):
        assert ask(settings, cache) == ask(settings, ParseCache(None))


def test_a_verdict_on_a_file_that_was_edited_meanwhile_is_not_kept(
    project: Path, tmp_path: Path
) -> None:
    settings, cache = load_settings(project), ParseCache(tmp_path / "cache")
    add(IDLE, QUEUE)(project)
    before = (project / IDLE).read_bytes()
    desired = load(settings, cache)
    (project / IDLE).write_bytes(b"# one line more\n" + before)
    moved = verdict.verdict(settings, desired, DAY, cache)
    (project / IDLE).write_bytes(before)
    expected = judged(project)
    assert moved != expected
    assert judged(project, cache=tmp_path / "cache") == expected


def verdict_entry(folder: Path, cache: Path) -> Path:
    """The entry that judging adds to a cache of documents."""
    settings, parsed = load_settings(folder), ParseCache(cache)
    desired = load(settings, parsed)
    before = set(cache.iterdir())
    verdict.verdict(settings, desired, DAY, parsed)
    [entry] = set(cache.iterdir()) - before
    return entry


@pytest.mark.parametrize("content", [b"", b"1", b"null", b"[]", b"[[]]", b"{]", b"[[1,2,3]]"])
def test_a_verdict_that_was_forged_or_torn_is_judged_again(
    content: bytes, project: Path, tmp_path: Path
) -> None:
    expected = judged(project)
    assert expected
    entry = verdict_entry(project, tmp_path / "cache")
    sealed = entry.read_bytes()
    documents = [path for path in entry.parent.iterdir() if path.name not in {entry.name, "key"}]
    for forged in (
        content,
        sealed[:32] + content,
        bytes(32) + content,
        sealed[:-1],
        documents[0].read_bytes(),
    ):
        entry.write_bytes(forged)
        assert judged(project, cache=tmp_path / "cache") == expected
        assert entry.read_bytes() == sealed  # written anew


def test_the_verdict_of_another_day_under_this_name_is_judged_again(
    project: Path, tmp_path: Path
) -> None:
    later = DAY + timedelta(days=360)
    expected = judged(project)
    assert judged(project, later) != expected
    judged(project, later, tmp_path / "cache")
    known = set((tmp_path / "cache").iterdir())
    judged(project, DAY, tmp_path / "cache")
    [today] = set((tmp_path / "cache").iterdir()) - known
    for other in known:
        if other.name != "key":
            today.write_bytes(other.read_bytes())
            assert judged(project, cache=tmp_path / "cache") == expected


def test_verdicts_of_many_days_are_pruned_like_documents(project: Path, tmp_path: Path) -> None:
    files = len(list((project / "desired_state").rglob("*.yaml")))
    cache, settings = tmp_path / "cache", load_settings(project)
    parsed = ParseCache(cache)
    desired = load(settings, parsed)
    for number in range(3 * files + 60):
        verdict.verdict(settings, desired, DAY + timedelta(days=number), parsed)
    assert desired.files == files
    judged(project, cache=cache)
    assert len(list(cache.iterdir())) <= files + 3


def test_validate_judges_once_and_then_says_the_same(
    project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CCSTATE_CACHE", str(tmp_path / "cache"))
    first = Project(project).validate(DAY)
    monkeypatch.setattr(judge, "judge", lambda *_: pytest.fail("judged again"))
    again = Project(project).validate(DAY)
    assert again == first
    assert again.judged
    assert again.problems


def test_a_name_that_is_no_utf_8_is_judged_each_time(project: Path, tmp_path: Path) -> None:
    name = b"\xff.yaml".decode(errors="surrogateescape")
    (project / "desired_state" / name).write_text(QUEUE)
    expected = judged(project)
    assert judged(project, cache=tmp_path / "cache") == expected
    assert judged(project, cache=tmp_path / "cache") == expected
