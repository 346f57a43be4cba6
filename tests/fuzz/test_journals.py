"""Journals that somebody changed: none ends in a traceback, none makes anything confirmed.

HYPOTHESIS_PROFILE=deep pytest tests/fuzz/test_journals.py      5,000 inputs a test
"""

import tempfile
from collections.abc import Callable
from pathlib import Path

import orjson
from hypothesis import event, given
from hypothesis import strategies as st

from ccstate.apply.journal import Event, open_journal
from ccstate.errors import CcstateError
from ccstate.history.entries import plans_of
from ccstate.model import Address, Outcome, Plan
from ccstate.plan_file import ID_LENGTH, packed
from tests.apply.test_perform import DESIRED, HOURS, Ground, Objects

BEFORE: Objects = {"schedule/a": HOURS, "site/d": {"timezone": "UTC"}}
"""What is there before the plan: it updates one object, creates two, and deletes one."""
AFTER: Objects = {**DESIRED, "schedule/a": {**HOURS, "label": "Hours"}}


def story() -> tuple[Plan, list[bytes]]:
    """A plan, and the lines of its journal as an apply wrote them."""
    with tempfile.TemporaryDirectory() as folder:
        ground = prepared(Path(folder))
        plan = ground.plan(AFTER)
        ground.apply(plan)
        return plan, ground.journal(plan).read_bytes().splitlines()


def prepared(folder: Path) -> Ground:
    ground = Ground(folder)
    ground.apply(ground.plan(BEFORE))
    for journal in folder.glob("*.jsonl"):
        journal.unlink()
    return ground


PLAN, LINES = story()
ODD: st.SearchStrategy[object] = st.sampled_from(
    [None, True, -1, 0, 1, 2**70, 1.5, "", "done", "\u0000", "queue/b", [], {}, [[]], "x" * 500]
)
MEMORY = Path("/dev/shm")  # noqa: S108 - TemporaryDirectory makes its own folder there
PLACE = MEMORY if MEMORY.is_dir() else None
KEYS = st.sampled_from(["seq", "at", "event", "target", "address", "action", "reason", "plan", "x"])
Lines = list[bytes]


WHOLE: dict[str, Callable[[Lines, int], Lines]] = {
    "cut": lambda lines, at: lines[:at],
    "drop": lambda lines, at: lines[:at] + lines[at + 1 :],
    "repeat": lambda lines, at: [*lines[: at + 1], *lines[at:]],
    "swap": lambda lines, at: [*lines[:at], *reversed(lines[at : at + 2]), *lines[at + 2 :]],
    "deep": lambda lines, at: [*lines[:at], b"[" * 5_000, *lines[at + 1 :]],
    "insert": lambda lines, at: [*lines[:at], b"{}", *lines[at:]],
}
FIELDS = st.one_of(
    st.builds(lambda key, value: {key: value}, KEYS, ODD),
    st.builds(lambda one: {"event": one.value}, st.sampled_from(list(Event))),
)


def edited(lines: Lines, at: int, fields: dict[str, object]) -> Lines:
    """The lines with other fields in one of them, where it is one that has fields."""
    try:
        line = orjson.dumps({**orjson.loads(lines[at]), **fields})
    except (orjson.JSONDecodeError, TypeError, IndexError):
        return lines
    return [*lines[:at], line, *lines[at + 1 :]]


def another_byte(lines: Lines, at: int, place: int, byte: int) -> Lines:
    line = b"".join(lines[at : at + 1])
    return [*lines[:at], line[:place] + bytes([byte]) + line[place + 1 :], *lines[at + 1 :]]


@st.composite
def mutations(draw: st.DrawFn, lines: Lines) -> Lines:
    """The lines after one thing that somebody did to them."""
    at = draw(st.integers(0, len(LINES)))
    what = draw(st.sampled_from([*WHOLE, "fields", "fields", "byte"]))
    if what == "fields":
        return edited(lines, at, draw(FIELDS))
    if what == "byte":
        return another_byte(lines, at, draw(st.integers(0, 60)), draw(st.integers(0, 255)))
    return WHOLE[what](lines, at)


def numbered(lines: Lines) -> Lines:
    """The lines with the numbers that a journal has, so that more of it is believed."""
    found = []
    for number, line in enumerate(lines, start=1):
        try:
            found.append(orjson.dumps({**orjson.loads(line), "seq": number}))
        except (orjson.JSONDecodeError, TypeError):
            found.append(line)
    return found


@st.composite
def journals(draw: st.DrawFn) -> bytes:
    """A journal after a few of these, its numbers put right or not, its end torn or not."""
    lines = LINES
    for _ in range(draw(st.integers(1, 4))):
        lines = draw(mutations(lines))
    if draw(st.booleans()):
        lines = numbered(lines)
    torn = draw(st.binary(max_size=8))
    return b"".join(line + b"\n" for line in lines) + torn


def really_done(ground: Ground) -> set[str]:
    """The changes of the plan that the platform shows, told without ccstate's comparison."""
    seen = ground.adapter().observe(["queue", "schedule", "site"])
    ledger = {str(address): fields for address, fields in seen.ledger.items()}
    live = {str(address): fields for address, fields in seen.objects.items()}
    done = set()
    for name in ("queue/b", "schedule/a", "site/c"):
        wanted = AFTER[name]
        shown = live.get(name, {})
        if ledger.get(name) == wanted and all(shown.get(k) == v for k, v in wanted.items() if v):
            done.add(name)
    return done | ({"site/d"} if "site/d" not in live and "site/d" not in ledger else set())


@given(journal=journals(), performed=st.booleans())
def test_whatever_a_journal_says_confirmed_is_what_the_platform_shows(
    journal: bytes, performed: bool
) -> None:
    with tempfile.TemporaryDirectory(dir=PLACE) as folder:
        ground = prepared(Path(folder))
        if performed:
            ground.apply(PLAN)
        ground.journal(PLAN).write_bytes(journal)
        try:
            result = ground.apply(PLAN, resume=True)
        except CcstateError as refused:
            event(f"refused: {refused.problems[0].code}")
            return
        event("applied")
        said = {
            str(one.change.address) for one in result.results if one.outcome is Outcome.CONFIRMED
        }
        assert said == really_done(ground)
        assert (result.corrective is None) == (len(said) == len(result.results))
        recorded = open_journal(ground.journal(PLAN)).recorded
        assert [line.seq for line in recorded] == list(range(1, len(recorded) + 1))


@given(journal=st.one_of(journals(), st.binary(max_size=200)))
def test_whatever_a_journal_says_history_reads_it(journal: bytes) -> None:
    with tempfile.TemporaryDirectory(dir=PLACE) as folder:
        plan = Path(folder, "plans", packed(PLAN)[0][:ID_LENGTH])
        plan.mkdir(parents=True)
        content = orjson.loads(packed(PLAN)[1])
        (plan / "plan.json").write_bytes(orjson.dumps({**content, "commit": "a" * 40}))
        (plan / "journal.jsonl").write_bytes(journal)
        (found,) = plans_of(Path(folder), Address("queue", "b"))
        assert found.verdict("queue/b").outcome in set(Outcome)


@given(journal=st.binary(max_size=200))
def test_whatever_bytes_a_journal_has_it_is_read_or_refused(journal: bytes) -> None:
    with tempfile.TemporaryDirectory(dir=PLACE) as folder:
        path = Path(folder, "journal.jsonl")
        path.write_bytes(journal)
        try:
            read = open_journal(path)
        except CcstateError:
            assert path.read_bytes() == journal
        else:
            assert not read.recorded
