"""Whole whatever happens: no torn line, no gap, nothing twice."""

import itertools
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ccstate.apply.journal import Entry, Event, Journal, open_journal
from ccstate.authority import NO_AUTHORITY, Approval, Authority, Request
from ccstate.errors import Unreadable
from tests.growth import is_linear

AT = "2026-05-04T12:00:00+00:00"


def clock() -> str:
    return AT


def change(event: Event, name: str = "sales", reason: str = "") -> Entry:
    return Entry(event, "pbx", f"queue/{name}", "create", reason)


def lines(path: Path) -> list[dict[str, object]]:
    return [orjson.loads(line) for line in path.read_bytes().splitlines()]


AUTHORITY = Authority(
    Request("CHG-1", "Dana", "more callers"),
    (Approval("lee", "2026-05-04T11:00:00+00:00", "review", "ab12"),),
    author="priya",
    applied_by="ann",
    host="ci-7",
)
STORY = [
    Entry(Event.STARTED, plan="0f" * 32, authority=AUTHORITY),
    *(change(Event.ATTEMPTED, name) for name in "abc"),
    *(change(Event.DONE, name) for name in "ab"),
    change(Event.FAILED, "c", reason="née “ünïcode”\nsecond line"),
    *(change(Event.CONFIRMED, name) for name in "ab"),
    change(Event.NOT_CONFIRMED, "c"),
    Entry(Event.FINISHED),
]


def test_entries_are_read_back_as_they_were_recorded(tmp_path: Path) -> None:
    path = tmp_path / "plans" / "p1" / "journal.jsonl"
    recorded = open_journal(path).record(STORY, clock)
    assert [each.entry for each in recorded] == STORY
    assert open_journal(path).recorded == recorded
    assert lines(path)[1] == {
        "seq": 2,
        "at": AT,
        "event": "attempted",
        "target": "pbx",
        "address": "queue/a",
        "action": "create",
        "reason": "",
    }


def test_what_is_recorded_is_not_recorded_again(tmp_path: Path) -> None:
    path = tmp_path / "journal.jsonl"
    open_journal(path).record(STORY, clock)
    before = path.read_bytes()
    open_journal(path).record([*STORY, *STORY], clock)
    assert path.read_bytes() == before


def test_every_resumption_is_recorded(tmp_path: Path) -> None:
    journal = open_journal(tmp_path / "journal.jsonl")
    journal.record([Entry(Event.STARTED)], clock)
    for _ in range(2):
        journal.record([Entry(Event.RESUMED)], clock)
    assert [each.entry.event for each in journal.recorded] == ["started", "resumed", "resumed"]


def test_on_whose_word_a_plan_is_applied_is_that_of_its_last_start(tmp_path: Path) -> None:
    journal = open_journal(tmp_path / "journal.jsonl")
    assert journal.authority == NO_AUTHORITY
    journal.record(STORY[:3], clock)
    assert open_journal(journal.path).authority == AUTHORITY
    other = Authority(applied_by="kim", host="na\udcefve")
    journal.record([Entry(Event.RESUMED, authority=other)], clock)
    assert open_journal(journal.path).authority == Authority(applied_by="kim", host="na?ve")


def test_a_journal_of_an_earlier_release_is_read(tmp_path: Path) -> None:
    path = tmp_path / "journal.jsonl"
    path.write_bytes(
        b'{"seq":1,"at":"2026-05-04T12:00:00+00:00","event":"started","target":"","address":"",'
        b'"action":"","reason":"","format":2,"plan":"0f0f"}\n'
    )
    journal = open_journal(path)
    assert (journal.plan, journal.authority) == ("0f0f", NO_AUTHORITY)


@pytest.mark.parametrize("authority", ['"ann"', "[]", '{"host": 7}', '{"approvals": [{"by": 1}]}'])
def test_an_authority_of_another_form_is_damage(tmp_path: Path, authority: str) -> None:
    path = tmp_path / "journal.jsonl"
    journal = open_journal(path)
    journal.record(STORY, clock)
    first, rest = path.read_bytes().split(b"\n", 1)
    line = {**orjson.loads(first), "authority": orjson.loads(authority)}
    path.write_bytes(orjson.dumps(line) + b"\n" + rest)
    with pytest.raises(Unreadable):
        open_journal(path)


@pytest.mark.parametrize("first, second", [(Event.DONE, Event.FAILED), (Event.FAILED, Event.DONE)])
def test_a_change_has_one_outcome_the_first(tmp_path: Path, first: Event, second: Event) -> None:
    journal = open_journal(tmp_path / "journal.jsonl")
    journal.record([change(first)], clock)
    (stands,) = journal.record([change(second)], clock)
    assert stands.entry.event is first
    assert len(lines(journal.path)) == 1


@pytest.mark.parametrize(
    "first, second",
    [(Event.CONFIRMED, Event.NOT_CONFIRMED), (Event.NOT_CONFIRMED, Event.CONFIRMED)],
)
def test_of_two_verdicts_the_later_stands_for_the_platform_was_read_again(
    tmp_path: Path, first: Event, second: Event
) -> None:
    journal = open_journal(tmp_path / "journal.jsonl")
    for event in (first, second, second):
        journal.record([change(event)], clock)
    assert [line["event"] for line in lines(journal.path)] == [first, second]
    verdict = open_journal(journal.path).verdict("pbx", "queue/sales")
    assert verdict is not None
    assert verdict.entry.event is second


def test_the_journal_knows_what_became_of_a_change(tmp_path: Path) -> None:
    path = tmp_path / "journal.jsonl"
    journal = open_journal(path)
    assert not journal.attempted("pbx", "queue/a")
    assert journal.outcome("pbx", "queue/a") is None
    journal.record(STORY, clock)
    for each in (journal, open_journal(path)):
        outcome, verdict = each.outcome("pbx", "queue/c"), each.verdict("pbx", "queue/c")
        assert each.attempted("pbx", "queue/c")
        assert outcome is not None
        assert outcome.entry.event is Event.FAILED
        assert verdict is not None
        assert verdict.entry.event is Event.NOT_CONFIRMED
        assert each.outcome("other", "queue/c") is None


def whole() -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "journal.jsonl")
        open_journal(path).record(STORY, clock)
        return path.read_bytes()


WHOLE = whole()


@given(cut=st.integers(0, len(WHOLE)))
def test_a_journal_cut_anywhere_is_made_whole_by_recording_again(cut: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "journal.jsonl")
        path.write_bytes(WHOLE[:cut])
        journal = open_journal(path)
        assert path.read_bytes() == WHOLE[: WHOLE.rfind(b"\n", 0, cut) + 1]
        journal.record(STORY, clock)
        assert path.read_bytes() == WHOLE


@given(tail=st.binary(max_size=40).filter(lambda tail: b"\n" not in tail))
def test_rubbish_after_the_last_line_is_cut_off(tail: bytes) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "journal.jsonl")
        for end in (b"", b"\n"):
            path.write_bytes(WHOLE + tail + end)
            assert len(open_journal(path).recorded) == len(STORY)
            assert path.read_bytes() == WHOLE


@given(reason=st.text(st.characters(codec=None), max_size=20))
def test_any_reason_stays_on_its_line(reason: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "journal.jsonl")
        open_journal(path).record([change(Event.FAILED, reason=reason)], clock)
        assert len(open_journal(path).recorded) == 1


@pytest.mark.parametrize(
    "damage",
    [
        lambda lines: [*lines[:2], b"{}", *lines[3:]],
        lambda lines: [*lines[:2], *lines[3:]],
        lambda lines: [*lines[:2], lines[3], lines[2], *lines[4:]],
        lambda lines: [*lines, lines[-1]],
    ],
    ids=["changed", "removed", "reordered", "repeated"],
)
def test_a_journal_changed_by_hand_is_refused_with_its_line(
    tmp_path: Path, damage: Callable[[list[bytes]], list[bytes]]
) -> None:
    path = tmp_path / "journal.jsonl"
    path.write_bytes(b"\n".join(damage(WHOLE.splitlines())) + b"\n")
    with pytest.raises(Unreadable) as refused:
        open_journal(path)
    span = refused.value.problems[0].span
    assert span is not None
    assert (span.file, span.line > 2) == (str(path), True)


def test_a_write_that_fails_leaves_nothing_behind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    journal = open_journal(tmp_path / "journal.jsonl")
    journal.record(STORY[:1], clock)
    before = journal.path.read_bytes()

    def full(handle: int) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", full)
        with pytest.raises(OSError, match="No space"):
            journal.record(STORY, clock)
    assert journal.path.read_bytes() == before
    journal.record(STORY, clock)
    assert journal.path.read_bytes() == WHOLE


# Records the story one entry at a time for ever anew, until it is killed.
WRITER = """
import sys
from pathlib import Path
from ccstate.apply.journal import Entry, Event, open_journal
journal = open_journal(Path(sys.argv[1]))
start = len(journal.recorded)
for number in range(start, start + 100_000):
    journal.record([Entry(Event.ATTEMPTED, "pbx", f"queue/{number}")], lambda: "now")
    if number == start:
        print("writing", flush=True)
"""


@pytest.mark.process
def test_a_writer_killed_at_any_moment_leaves_a_whole_journal(tmp_path: Path) -> None:
    path = tmp_path / "journal.jsonl"
    for _ in range(3):
        writer = subprocess.Popen(
            [sys.executable, "-c", WRITER, str(path)], stdout=subprocess.PIPE, text=True
        )
        assert writer.stdout
        writer.stdout.readline()
        writer.kill()
        writer.communicate()
    recorded = open_journal(path).recorded
    assert [each.seq for each in recorded] == list(range(1, len(recorded) + 1))
    assert len({each.entry for each in recorded}) == len(recorded) >= 3


def test_a_journal_takes_as_much_longer_as_there_are_more_changes(tmp_path: Path) -> None:
    numbers = itertools.count()

    def recorded(batches: int) -> None:
        path = tmp_path / f"{next(numbers)}.jsonl"
        journal: Journal = open_journal(path)
        for batch in range(batches):
            names = [f"{batch}-{number}" for number in range(100)]
            journal.record((change(Event.ATTEMPTED, name) for name in names), clock)
            journal.record((change(Event.DONE, name) for name in names), clock)
        assert len(open_journal(path).recorded) == 200 * batches

    assert is_linear(recorded, 5)
