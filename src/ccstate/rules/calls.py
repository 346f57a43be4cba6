"""Rules about what happens during a call: rights of the parties, recordings, rooms, parking."""

from collections.abc import Iterator

from ccstate.errors import Severity
from ccstate.journeys.ways import Place
from ccstate.model import Address
from ccstate.rules.rule import Breach, Estate, Reach, Rule

_RECORDING = ("queue", "extension", "conference_room")
"""Kinds whose calls can be recorded."""


def _outsiders_transfer(estate: Estate) -> Iterator[Breach]:
    for name, queue in estate.of("queue").items():
        may_transfer = "transfer" in (queue.get("caller_rights") or ())
        if may_transfer and Place("queue", name) in estate.called:
            yield Breach(
                Address("queue", name),
                ("caller_rights",),
                f"outside callers of queue/{name} can transfer the call",
                "A caller from outside can send it on to any number that can be dialled here, "
                "abroad and to premium numbers, and you pay for the call.",
                "take transfer out of caller_rights; member_rights are for those who answer",
            )


def _no_notice(estate: Estate) -> Iterator[Breach]:
    for kind in _RECORDING:
        for name, fields in estate.of(kind).items():
            recording = fields.get("recording") or {}
            if recording.get("when", "never") != "never" and not recording.get("notice"):
                often = "are recorded" if recording["when"] == "always" else "may be recorded"
                yield Breach(
                    Address(kind, name),
                    ("recording",),
                    f"callers of {kind}/{name} {often}, and nothing tells them",
                    "In many countries it is a crime to record a conversation in secret.",
                    "add recording.notice:, or silence this where a prompt before tells them",
                )


def _open_room(estate: Estate) -> Iterator[Breach]:
    for name, room in estate.of("conference_room").items():
        if not room.get("pin") and Place("conference_room", name) in estate.called:
            yield Breach(
                Address("conference_room", name),
                (),
                f"every caller can join conference_room/{name}: it asks for no PIN",
                "Calls from outside lead there, and each caller hears what is said.",
                "add pin:, a reference to a secret of digits",
            )


def _no_lot(estate: Estate) -> Iterator[Breach]:
    if estate.of("parking_lot"):
        return
    rights = [("queue", "member_rights"), ("queue", "caller_rights"), ("extension", "rights")]
    for kind, field in rights:
        for name, fields in estate.of(kind).items():
            if "park" in (fields.get(field) or ()):
                yield Breach(
                    Address(kind, name),
                    (field,),
                    f"{kind}/{name} lets calls be parked, and there is no parking lot",
                    "A user who dials the code hears that it does not work.",
                    "declare one below parking_lots:, or take park out",
                )


RULES: tuple[Rule, ...] = (
    Rule(
        "CC282",
        "outside-transfer",
        Severity.ERROR,
        "Outside callers can transfer their call to any number, at your cost",
        _outsiders_transfer,
        Reach.UNLABELLED,
    ),
    Rule(
        "CC283",
        "recorded-untold",
        Severity.WARNING,
        "Calls that are recorded, or may be, without a notice to callers",
        _no_notice,
        Reach.JOINED,
    ),
    Rule(
        "CC284",
        "open-room",
        Severity.WARNING,
        "A conference room that asks for no PIN, and that outside callers reach",
        _open_room,
        Reach.JOINED,
    ),
    Rule(
        "CC285",
        "no-parking-lot",
        Severity.WARNING,
        "A right to park calls where there is no parking lot",
        _no_lot,
        Reach.UNLABELLED,
    ),
)
