"""No import changes what callers meet without a word: dialplans with expectations written by hand."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import date, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import yaml

from ccstate.adapters.asterisk import interpreter as by_hand
from ccstate.adapters.asterisk.importing import Setting
from ccstate.adapters.asterisk.importing.estate import Positions
from ccstate.adapters.asterisk.proof import Proof, turns
from ccstate.adapters.asterisk.proof.objects import Done, Objects, Where
from ccstate.adapters.asterisk.proof.proving import Proving
from ccstate.model import parse_address
from tests.adapters.asterisk.estates import WORDS, confs, estate, imported_confs

CORPUS = Path(__file__).with_name("corpus")
FIRST = date(2026, 11, 30)
ZONE = "Australia/Sydney"
DID = {
    "answers": turns.ANSWERED,
    "no answer": turns.NO_ANSWER,
    "busy": turns.BUSY,
    "not there": turns.UNAVAILABLE,
    "full": turns.FULL,
    "empty": turns.EMPTY,
    "left": turns.LEFT,
    "silence": turns.SILENCE,
}


def cases() -> list[Path]:
    return sorted(CORPUS.glob("*.yaml"))


class Case:
    """One dialplan, its import, and the two ways to call it."""

    def __init__(self, path: Path) -> None:
        said: dict[str, Any] = yaml.safe_load(path.read_text(encoding="utf-8"))
        setting: dict[str, Any] = {"prefix": "+61", "timezone": ZONE, **said.get("setting", {})}
        self.setting = Setting(words={**WORDS, **setting.pop("words", {})}, **setting)
        self.calls: list[dict[str, Any]] = said["calls"]
        self.is_same = said["import"] == "same"
        self.report: list[str] = said.get("report", [])
        self.read = confs(estate(said["dialplan"], **said.get("files", {})))
        found = imported_confs(self.read, self.setting)
        by_hand = {parse_address(text): fields for text, fields in said.get("objects", {}).items()}
        switches = {
            fact: Positions(parse_address(s["switch"]), frozenset(s["off"]), frozenset(s["on"]))
            for fact, s in said.get("switches", {}).items()
        }
        origins = replace(found.origins, switches={**found.origins.switches, **switches})
        self.found = replace(found, objects={**found.objects, **by_hand}, origins=origins)
        self.proving = Proving(self.read, self.found, self.setting, FIRST)

    def door(self, call: dict[str, Any]) -> tuple[str, str]:
        if "phone" in call:
            return "phones", str(call["phone"])
        return "inbound", str(call["dial"])

    def trunk(self, call: dict[str, Any]) -> str:
        return "" if "phone" in call else "line"

    def start(self, call: dict[str, Any]) -> Where:
        if "phone" in call:
            return self.proving.entrances.phone("2001", str(call["phone"]))
        return self.proving.entrances.number("line", str(call["dial"]))

    def moment(self, call: dict[str, Any]) -> datetime:
        at = call.get("at", "2026-12-01T10:00")
        return datetime.fromisoformat(str(at)).replace(tzinfo=ZoneInfo(ZONE))

    def by_hand(self, call: dict[str, Any]) -> list[str]:
        """What the caller meets in the dialplan."""
        written = self.proving.written
        moments = self.proving.moments_like(self.moment(call))
        phone = "2001" if "phone" in call else ""
        facts = {"caller": phone} if phone else {}
        stop: by_hand.Stop | turns.Over = written.begins(*self.door(call), moments, facts, phone)
        met: list[str] = []
        does = list(map(str, call.get("does", [])))
        while True:
            turn = (
                turns.Turn(turns.Heard(), stop)
                if isinstance(stop, turns.Over)
                else written.turn(stop)
            )
            met += heard(turn)
            if isinstance(turn.what, turns.Open):
                fact = "caller" if turn.what.fact == "caller" else turn.what.fact
                value = next(
                    (d.partition("=")[2] for d in does if d.partition("=")[0] == fact), None
                )
                value = value if value is not None else turn.what.values[0]
                assert value in turn.what.values, f"{fact} is never {value}"
                assert not isinstance(stop, turns.Over)
                met = met[: len(met) - len(heard(turn))]
                carried = stop.heard
                stop = written.goes(stop, value)
                if not isinstance(stop, turns.Over):
                    stop = stop._replace(heard=carried + stop.heard)
                continue
            if end := meets(turn.what):
                met.append(end)
            if isinstance(turn.what, turns.Over):
                return met
            did = next_of(does)
            assert not isinstance(stop, turns.Over)
            if did is None:
                return met
            stop = written.goes(stop, did)

    def by_members(self, end: str) -> str:
        """An end at a ring group, as it is called in a dialplan: by the phones that ring."""
        for address, fields in self.found.objects.items():
            if address.kind == "ring_group":
                members = ", ".join(f"extension/{m}" for m in list_of(fields["members"]))
                end = end.replace(str(address), members)
        return end

    def imported(self, call: dict[str, Any]) -> list[str]:
        """What the caller meets in the objects."""
        where = self.start(call)
        facts = dict(d.split("=", 1) for d in map(str, call.get("does", [])) if "=" in d)
        objects = self.proving.objects_at(where, self.moment(call), facts, self.trunk(call))
        met: list[str] = []
        does = [d for d in map(str, call.get("does", [])) if "=" not in d]
        while True:
            where, turn = objects.turn(where)
            met += heard(turn)
            if end := meets(turn.what):
                met.append(self.by_members(end))
            if isinstance(turn.what, turns.Over):
                return met
            did = next_of(does)
            if did is None:
                return met
            where = step(objects, where, did)


def list_of(value: object) -> list[object]:
    return value if isinstance(value, list) else []


def step(objects: Objects, where: Where, did: str) -> Where:
    """The objects after an input; one that means nothing there ends the walk."""
    try:
        return objects.goes(where, did)
    except (KeyError, StopIteration):
        return Done(turns.Over("cannot", did))


def next_of(does: list[str]) -> str | None:
    while does:
        did = does.pop(0)
        if "=" not in did:
            return DID.get(did, did)
    return None


def heard(turn: turns.Turn) -> list[str]:
    """Recordings by their names, as words that are written down are known."""
    words = turn.heard.words
    found: list[str] = []
    names = sorted(WORDS, key=lambda name: -len(WORDS[name]))
    while words:
        for name in names:
            if words.startswith(WORDS[name]):
                found.append(f"hears {name}")
                words = words[len(WORDS[name]) :].lstrip()
                break
        else:
            found.append(f"hears {words}")
            break
    # How a value is kept for other calls depends on what it was imported as.
    kept = ("sets ", "turns ")
    return found + [f"notices {t}" for t in turn.heard.things if not t.startswith(kept)]


def meets(what: turns.What) -> str:
    match what:
        case turns.Asks():
            return "" if what.typed else "asked"
        case turns.Rings(targets=targets):
            return f"rings {' '.join(sorted(targets))}"
        case turns.Waits(queue=queue):
            return f"waits {queue}"
        case turns.Message(mailbox=mailbox):
            return f"message {mailbox}"
        case turns.Over(end=end, at=at):
            return f"{end.removeprefix('is ')} {at}".strip()
        case _:
            raise AssertionError(what)


@pytest.mark.parametrize("path", cases(), ids=lambda path: path.stem)
def test_callers_meet_in_the_dialplan_what_is_written_down(path: Path) -> None:
    case = Case(path)
    for call in case.calls:
        assert case.by_hand(call) == call["meets"], call


@pytest.mark.parametrize("path", cases(), ids=lambda path: path.stem)
def test_what_the_objects_change_is_reported(path: Path) -> None:
    case = Case(path)
    proof = case.proving.proof()
    said = reported(proof)
    for call in case.calls:
        if plain(case.imported(call)) != plain(call["meets"]):
            assert case.door(call) in said, f"silent: {call} is {case.imported(call)}"
    for text in case.report:
        assert any(text in line for line in told(proof)), told(proof)
    if case.is_same:
        assert told(proof) == []


def plain(met: list[str]) -> list[str]:
    """Without the name of the one who answers: whatever rang, or queued, stands before it."""
    return [each.partition(" to ")[0] if each.startswith("talks to") else each for each in met]


def reported(proof: Proof) -> set[tuple[str, str]]:
    """The doors of which anything is said."""
    ways: Iterable[Any] = [*proof.differences, *proof.unfollowed]
    return {(one.entry_point.context, one.entry_point.exten) for one in ways}


def told(proof: Proof) -> list[str]:
    """What is said, shortly."""
    lines = [
        f"{d.entry_point} {d.did}: {d.about}: {d.before} → {d.after}" for d in proof.differences
    ]
    return lines + [f"{u.entry_point} {u.did}: {u.reason}" for u in proof.unfollowed]
