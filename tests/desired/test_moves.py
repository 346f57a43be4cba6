"""Objects that got another name: what a file may say of it, and what it means."""

from pathlib import Path

import pytest

from ccstate.model import Address
from tests.desired.test_load import read, said

QUEUES = "queues:\n  c: {label: C}\n  d: {label: D}\n"


def moved(folder: Path, *pairs: tuple[str, str], queues: str = QUEUES) -> list[str]:
    entries = "".join(f"  - {{from: {old}, to: {new}}}\n" for old, new in pairs)
    return [said(each) for each in read(folder, x=f"moved:\n{entries}{queues}").problems]


def test_names_follow_each_other_the_latest_first(tmp_path: Path) -> None:
    text = (
        "moved:\n  - {from: queue/a, to: queue/b}\n  - {from: queue/b, to: queue/c}\n"
        "  - {from: queue/e, to: queue/d}\n"
    )
    found = read(tmp_path, x=text + QUEUES)
    a, b, c, d, e = (Address("queue", name) for name in "abcde")
    assert found.problems == ()
    assert found.moves == {b: (a,), c: (b, a), d: (e,)}
    again = read(tmp_path, x=text + QUEUES)
    assert again.moves == found.moves, "from the cache too"


@pytest.mark.parametrize(
    "pairs, problem",
    [
        (
            [("queue/a", "queue/x")],
            (
                "x.yaml:2:21: CC114 queue/x is the new name of queue/a, and no file declares it"
                " | declare it; or remove this entry, where it is gone"
            ),
        ),
        (
            [("queue/c", "queue/d")],
            (
                "x.yaml:2:6: CC114 queue/c moved, and is still declared"
                " | remove that declaration; or this entry, where both are meant"
            ),
        ),
        (
            [("queue/a", "queue/c"), ("queue/a", "queue/d")],
            "x.yaml:3:5: CC114 queue/a has moved to two others | keep one entry",
        ),
        (
            [("queue/a", "queue/c"), ("queue/b", "queue/c")],
            "x.yaml:3:5: CC114 queue/c has moved from two others | keep one entry",
        ),
        (
            [("queue/a", "queue/b"), ("queue/b", "queue/a")],
            (
                "x.yaml:2:5: CC114 names move in a circle: queue/a → queue/b → queue/a"
                " | remove the entries that are over"
            ),
        ),
        (
            [("queue/a", "user/c")],
            (
                'x.yaml:2:21: CC114 "user/c" is no address that an object can move to'
                " | write two addresses of one kind: {from: queue/sales, to: queue/sales-au}"
            ),
        ),
        (
            [("queue/c", "queue/c")],
            (
                'x.yaml:2:6: CC114 "queue/c" is no address that an object can move from'
                " | write two addresses of one kind: {from: queue/sales, to: queue/sales-au}"
            ),
        ),
    ],
)
def test_what_cannot_be_meant_is_refused(
    tmp_path: Path, pairs: list[tuple[str, str]], problem: str
) -> None:
    assert problem in moved(tmp_path, *pairs)


@pytest.mark.parametrize("listed", ["5", "[5]", "[{from: queue/a}]", "[{from: a, to: b, x: c}]"])
def test_an_entry_has_two_addresses(tmp_path: Path, listed: str) -> None:
    [problem] = [said(p) for p in read(tmp_path, x=f"moved: {listed}\n{QUEUES}").problems]
    assert "CC114 moved must be a list of {from: kind/name, to: kind/name}" in problem


def test_a_reference_to_the_old_name_says_the_new_one(tmp_path: Path) -> None:
    queues = 'queues:\n  c: {label: C}\nnumbers: {"+61255501234": {to: queue/a}}\n'
    [problem] = moved(tmp_path, ("queue/a", "queue/c"), queues=queues)
    assert problem.endswith('CC103 unknown queue "a" | it is called queue/c now: write that name')
