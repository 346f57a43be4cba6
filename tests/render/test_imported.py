"""What people read after an import: bounded in width, whole in content, and harmless."""

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from typing import NamedTuple

import pytest

from ccstate.imports import Calls
from ccstate.model import Address, parse_address
from ccstate.render.imported import (
    Import,
    full_report,
    imported_json,
    imported_markdown,
    imported_text,
)
from ccstate.render.text import columns


class Listed(NamedTuple):
    file: str
    line: int
    text: str
    reasons: tuple[str, ...]


def addresses(*texts: str) -> tuple[Address, ...]:
    return tuple(parse_address(text) for text in texts)


BY_HAND = "stays by hand: ccstate writes no transport section"
LINES = [
    Listed(
        "extensions.conf", 23, "exten = 6000,1,Confbridge(employees)", ("there are no conferences",)
    ),
    Listed(
        "extensions.conf",
        163,
        "same = n,WaitExten(10)",
        (
            "differs: callers may dial 2565551100 in [Main-IVR]; a menu takes one key, at once",
            "differs: callers may dial 2565551234 in [DCS-Incoming]; a menu takes one key, at once",
        ),
    ),
    Listed("pjsip.conf", 4, "type = transport", (BY_HAND,)),
    Listed("pjsip.conf", 5, "protocol = udp", (BY_HAND,)),
    Listed(
        "pjsip.conf",
        61,
        "allow = !all,g722,ulaw",
        ("differs: phones may speak alaw", "no field says g722"),
    ),
    Listed("voicemail.conf", 0, "", ("Asterisk: there is no file voicemail.conf",)),
]
IMPORT = Import(
    folder="/etc/asterisk",
    made={
        "desired_state/people.yaml": addresses(
            "extension/1101", "extension/1102", "user/maria.berny"
        ),
        "desired_state/ivrs/main.yaml": addresses("ivr/main"),
    },
    listed=LINES,
    said=1168,
    command="ccstate import /etc/asterisk --prefix +1 --dry-run",
    secrets=("SIP_1101", "SIP_1102"),
    errors=("CC203",),
)


class Different(NamedTuple):
    entry_point: str
    did: tuple[str, ...]
    about: str
    before: str
    after: str
    file: str
    line: int
    at: datetime | None = None


class Lost(NamedTuple):
    entry_point: str
    did: tuple[str, ...]
    reason: str
    file: str
    line: int
    calls: int = 1


DOOR = "+61255501000 dialled by trunk/line"
SILENT = Different(
    DOOR,
    ("presses nothing",),
    "what happens",
    "is hung up",
    "is asked for a key within 10 s",
    "extensions.conf",
    163,
    datetime(2026, 12, 5, 9, 0, tzinfo=UTC),
)
BUSY = Different(
    "2001 dialled by phones in [phones]",
    (),
    "the greeting",
    "may leave a message at voicemail/2001 after the greeting for busy",
    "may leave a message at voicemail/2001 after the greeting for absence",
    "extensions.conf",
    94,
)
CALLS = Calls(
    numbers=12,
    samples=3,
    same=90,
    differ=4,
    differences=[SILENT, BUSY, BUSY._replace(entry_point="2002 dialled by phones in [phones]")],
    unfollowed=[
        Lost(DOOR, ("presses 4",), "AGI() is not interpreted", "extensions.conf", 176),
        Lost(
            DOOR,
            (),
            "2 values of caller are not tried: there are too many",
            "extensions.conf",
            0,
            2,
        ),
    ],
)
VARIANTS = {
    "calls": replace(IMPORT, calls=CALLS, report="import-report.txt"),
    "calls-same": replace(IMPORT, listed=(), calls=Calls(numbers=3, same=20, differ=0)),
    "many-lines": replace(
        IMPORT,
        listed=[
            Listed("extensions.conf", n, "x", (f"there is no number {n} in ccstate",))
            for n in range(1, 121)
        ],
        report="import-report.txt",
    ),
    "written": IMPORT,
    "with-secrets": replace(IMPORT, secrets_file="secrets.sh", errors=()),
    "dry-run": replace(IMPORT, is_written=False),
    "dry-run-with-secrets": replace(IMPORT, listed=(), is_written=False, secrets_file="/root/s"),
    "nothing": replace(IMPORT, made={}, said=3),
    "everything": replace(IMPORT, listed=(), secrets=()),
    "broken": replace(IMPORT, listed=(), errors=("CC103", "CC103")),
}


@pytest.mark.parametrize("name", VARIANTS)
def test_the_report_reads_so(name: str, golden: Callable[[str, str], None]) -> None:
    golden(f"render/imported-{name}.txt", imported_text(VARIANTS[name]))


def test_the_report_as_a_comment_reads_so(golden: Callable[[str, str], None]) -> None:
    golden("render/imported.md", imported_markdown(IMPORT))


@pytest.mark.parametrize("width", [40, 80, 100])
def test_no_line_is_wider_than_the_terminal(width: int) -> None:
    long = Listed("x" * 90, 7, "y" * 300, ("differs: " + "z" * 300,))
    text = imported_text(replace(IMPORT, listed=[*LINES, long]), width)
    assert max(map(columns, text.splitlines())) <= width


def test_nothing_in_a_configuration_comes_alive() -> None:
    evil = Listed("a\x1b[2J.conf", 1, "\x1b]0;x\x07 `@team` <b>", ("differs: \u202e\x07",))
    found = replace(IMPORT, listed=[evil], folder="/tmp/\x1b[31m")  # noqa: S108 - a name only
    assert "\x1b" not in imported_text(found)
    markdown = imported_markdown(found)
    assert "\x1b" not in markdown
    assert "``\\x1b]0;x\\x07 `@team` <b>``" in markdown


def test_a_comment_stays_below_what_github_takes_and_says_how_many_are_left() -> None:
    many = [Listed("extensions.conf", n, "x" * 80, ("y" * 200,)) for n in range(1000)]
    text = imported_markdown(replace(IMPORT, listed=many))
    assert len(text) < 65_536
    assert "more lines: `ccstate import /etc/asterisk --prefix +1 --dry-run`" in text


def test_the_file_lists_every_line_and_every_call() -> None:
    text = full_report(VARIANTS["calls"])
    assert text.startswith("# Report of ccstate import\n")
    for line in LINES:
        assert f"{line.file}:{line.line}" in text or not line.line
    assert "12 numbers dialled, 3 of them for all of a pattern" in text
    assert "2002 dialled by phones in [phones]" in text
    assert "not followed: AGI() is not interpreted" in text
    assert "not followed: 2 values of caller are not tried" in text


def test_differences_that_are_alike_but_for_numbers_are_one_cause() -> None:
    many = [
        BUSY._replace(
            entry_point=f"{n} dialled by phones",
            before=f"rings extension/{n} for 20 s",
            after=f"rings extension/{n} for 30 s",
            line=n,
        )
        for n in range(2001, 2101)
    ]
    calls = Calls(numbers=100, same=0, differ=100, differences=[*many, SILENT])
    text = imported_text(replace(IMPORT, listed=(), calls=calls))
    assert "(2 causes)" in text
    assert "extensions.conf:2001  the greeting: 100 ways at 100 lines, such as" in text


def test_of_many_files_their_folders_are_named() -> None:
    made = {f"desired_state/ivrs/n{n}.yaml": addresses(f"ivr/n{n}") for n in range(100)}
    text = imported_text(replace(IMPORT, made=made))
    assert "  + desired_state/ivrs/*  100 ivrs" in text
    assert "n7.yaml" not in text


def test_the_last_line_says_how_many_calls_were_compared() -> None:
    text = imported_text(VARIANTS["calls"]).splitlines()[-1]
    assert text == "97 calls compared: 90 the same, 4 differ, 3 not followed"


def test_json_has_every_call_that_differs() -> None:
    said = json.loads(imported_json(VARIANTS["calls"]))["calls"]
    assert (said["compared"], said["same"], said["differ"], said["not_followed"]) == (97, 90, 4, 3)
    assert [one["line"] for one in said["differences"]] == [163, 94, 94]
    assert said["differences"][0]["at"] == "2026-12-05T09:00:00+00:00"
    assert said["unfollowed"][0]["did"] == ["presses 4"]


def test_json_has_everything() -> None:
    said = json.loads(imported_json(IMPORT))
    assert [one["address"] for one in said["objects"]] == [
        "ivr/main",
        "extension/1101",
        "extension/1102",
        "user/maria.berny",
    ]
    assert len(said["lines_listed"]) == len(LINES)
    assert [line["differs"] for line in said["lines_listed"]] == [False, True, *[False] * 4]
    assert said["errors"] == ["CC203"]
