"""Rights during a call, recordings, conference rooms and parking."""

import pytest

from ccstate.rules import RULES
from tests.rules.estates import estate

BASE = """
extensions:
  "2001": {label: One, voicemail: {}}
  "2002": {label: Two, voicemail: {}}
prompts:
  told: {languages: {en: {text: "This call is recorded."}}}
numbers:
  "+61255501000": {to: TO}
"""


def found(code: str, text: str, to: str = "queue/q") -> list[str]:
    judged = estate(BASE.replace("TO", to) + text)
    return [f"{f.address} {'.'.join(map(str, f.path))}".strip() for f in RULES[code].check(judged)]


QUEUE = 'queues:\n  q: {members: [{extension: "2001"}], %s}\n'


@pytest.mark.parametrize(
    "rights, to, count",
    [
        ("caller_rights: [transfer]", "queue/q", 1),
        ("caller_rights: [transfer]", "extension/2002", 0),
        ("caller_rights: [park]", "queue/q", 0),
        ("member_rights: [transfer]", "queue/q", 0),
    ],
)
def test_outside_callers_who_can_transfer(rights: str, to: str, count: int) -> None:
    assert found("CC282", QUEUE % rights, to) == ["queue/q caller_rights"] * count


@pytest.mark.parametrize(
    "recording, count",
    [
        ("when: always", 1),
        ("when: on_demand", 1),
        ("when: never", 0),
        ("keep_days: 9", 0),
        ("when: always, notice: told", 0),
    ],
)
def test_callers_who_are_recorded_without_a_notice(recording: str, count: int) -> None:
    rows = QUEUE % f"recording: {{{recording}}}"
    assert found("CC283", rows) == ["queue/q recording"] * count


@pytest.mark.parametrize(
    "room, to, count",
    [
        ("{}", "conference_room/r", 1),
        ('{pin: "env:CCSTATE_SECRET_ROOM"}', "conference_room/r", 0),
        ('{extension: "8100"}', "extension/2001", 0),
    ],
)
def test_a_room_that_any_caller_can_join(room: str, to: str, count: int) -> None:
    rows = f"conference_rooms:\n  r: {room}\n"
    assert found("CC284", rows, to) == ["conference_room/r"] * count


def test_parking_needs_a_lot() -> None:
    queue = QUEUE % "member_rights: [park]"
    assert found("CC285", queue) == ["queue/q member_rights"]
    lot = 'parking_lots:\n  office: {extension: "700", slots: 701-720}\n'
    assert found("CC285", queue + lot) == []
