"""Durations that Asterisk takes for others, and names and numbers that two objects have."""

from collections.abc import Iterator, Mapping
from typing import TypeAlias

from ccstate.adapters.asterisk.rows import at
from ccstate.errors import Diagnostic
from ccstate.journeys.centre import Centre, Filled
from ccstate.journeys.staffing import Agent, Lack, agents
from ccstate.kinds.fields import seconds
from ccstate.kinds.shape import Path
from ccstate.model import Address

LONGEST = 2_147_483
"""Seconds, nearly 25 days: Asterisk counts milliseconds in an `int`."""

Found: TypeAlias = tuple[Address, Path, Diagnostic]

_NEVER = "Asterisk would never say it."
_DURATIONS: Mapping[str, Mapping[tuple[str, ...], str]] = {
    "extension": {("ring_for",): ""},
    "ring_group": {("ring_for",): ""},
    "queue": {
        ("ring_for",): "Asterisk would ring without end.",
        ("retry",): "Asterisk would wait for 5 seconds.",
        ("wrap_up",): "",
        ("service_level", "within"): "",
        ("overflow", "after"): "",
        ("announcements", "every"): _NEVER,
        ("announcements", "periodic_every"): _NEVER,
    },
}
"""Fields with a duration, and what Asterisk makes of none; "" where none is fine."""


def refused_durations(centre: Centre) -> Iterator[Found]:
    """Durations of which Asterisk would make something else."""
    for kind, paths in _DURATIONS.items():
        for name, fields in centre.of(kind).items():
            for path, of_none in paths.items():
                if (text := at(fields, path)) and _is_used(fields, path):
                    yield from _wrong(Address(kind, name), path, text, of_none)
    for name, tree in centre.of("ivr").items():
        for node, fields in tree["nodes"].items():
            for field in ("timeout", "ring_for"):
                if text := fields.get(field):
                    yield from _wrong(Address("ivr", name), ("nodes", node, field), text, "")


def _is_used(fields: Filled, path: tuple[str, ...]) -> bool:
    """Whether anything is announced at such intervals; all other durations are always used."""
    told = fields.get("announcements") or {}
    match path[-1]:
        case "every":
            return bool(told.get("position") or told.get("wait_time"))
        case "periodic_every":
            return bool(told.get("periodic"))
        case _:
            return True


def _wrong(address: Address, path: Path, text: str, of_none: str) -> Iterator[Found]:
    length = seconds(text)
    if length > LONGEST:
        cause = "Asterisk counts milliseconds in 32 bits, and begins again from below zero."
        told = Diagnostic("CC494", "the duration is too long", None, cause, "at most 24 days")
        yield address, path, told
    if not length and of_none:
        yield address, path, Diagnostic("CC494", "the duration is 0", None, of_none, "at least 1s")


def refused_twins(centre: Centre) -> Iterator[Found]:
    """Internal numbers, and members of a queue, of which Asterisk would see one only."""
    yield from _dialled_twice(centre)
    for name, queue in centre.of("queue").items():
        devices: dict[str, Agent] = {}
        for agent in agents(centre, queue):
            if agent.lack is not Lack.NOTHING:
                continue
            member = agent.user or agent.extension
            first = devices.setdefault(member, agent)
            if first.extension != agent.extension:
                cause = "A person and a phone have the same name, and so they are one member."
                hint = f"rename user/{member} or extension/{member}"
                told = Diagnostic("CC495", f"two members are named {member}", None, cause, hint)
                yield Address("queue", name), ("members", max(first.member, agent.member)), told


def _dialled_twice(centre: Centre) -> Iterator[Found]:
    first: dict[str, Address] = {}
    for address, number, path in _dialled(centre):
        if (other := first.setdefault(number, address)) != address:
            cause = f"{other} is dialled so too, and Asterisk would ring that one only."
            told = Diagnostic("CC495", f"the number {number} is taken", None, cause, "change one")
            yield address, path, told


def _dialled(centre: Centre) -> Iterator[tuple[Address, str, Path]]:
    for name, fields in centre.of("extension").items():
        number = fields.get("number") or name
        if number.isdigit():
            yield Address("extension", name), number, ("number",) if number != name else ()
    for kind in ("queue", "ring_group", "ivr", "conference_room"):
        numbered: Mapping[str, Filled] = centre.of(kind)
        for name, fields in numbered.items():
            if number := fields.get("extension"):
                yield Address(kind, name), number, ("extension",)
