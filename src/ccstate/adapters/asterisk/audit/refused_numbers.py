"""Durations that Asterisk takes for others, and names and numbers that two objects have."""

from collections.abc import Iterator, Mapping
from typing import NamedTuple, TypeAlias

from ccstate.errors import Diagnostic
from ccstate.journeys.centre import Centre, Filled
from ccstate.journeys.staffing import Agent, Lack, agents
from ccstate.kinds.fields import seconds
from ccstate.kinds.shape import Path
from ccstate.model import Address

LONGEST = 2_147_483
"""Seconds, nearly 25 days: Asterisk counts milliseconds in an `int`."""

Found: TypeAlias = tuple[Address, Path, Diagnostic]


class _Said(NamedTuple):
    """A duration, where it stands, and what Asterisk makes of none; "" where none is fine."""

    path: Path
    duration: str
    of_none: str = ""


def refused_durations(centre: Centre) -> Iterator[Found]:
    """Durations of which Asterisk would make something else."""
    for kind, said in _KINDS.items():
        for name, fields in centre.of(kind).items():
            for path, duration, of_none in said(fields):
                if told := _wrong(seconds(duration), of_none):
                    yield Address(kind, name), path, told


def _wrong(length: int, of_none: str) -> Diagnostic | None:
    if length > LONGEST:
        cause = "Asterisk counts milliseconds in 32 bits, and begins again from below zero."
        return Diagnostic("CC494", "the duration is too long", cause=cause, hint="at most 24 days")
    if not length and of_none:
        return Diagnostic("CC494", "the duration is 0", cause=of_none, hint="at least 1s")
    return None


def _extension(fields: Filled) -> Iterator[_Said]:
    yield _Said(("ring_for",), fields["ring_for"])


def _tree(fields: Filled) -> Iterator[_Said]:
    for name, node in fields["nodes"].items():
        for field in ("timeout", "ring_for"):
            if duration := node.get(field):
                yield _Said(("nodes", name, field), duration)


def _queue(fields: Filled) -> Iterator[_Said]:
    told = fields.get("announcements") or {}
    yield _Said(("ring_for",), fields["ring_for"], "Asterisk would ring without end.")
    yield _Said(("retry",), fields["retry"], "Asterisk would wait for 5 seconds.")
    yield _Said(("wrap_up",), fields["wrap_up"])
    if level := fields.get("service_level"):
        yield _Said(("service_level", "within"), level["within"])
    if after := (fields.get("overflow") or {}).get("after"):
        yield _Said(("overflow", "after"), after)
    never = "Asterisk would never say it."
    if told.get("position") or told.get("wait_time"):
        yield _Said(("announcements", "every"), told["every"], never)
    if told.get("periodic"):
        yield _Said(("announcements", "periodic_every"), told["periodic_every"], never)


_KINDS = {"extension": _extension, "ivr": _tree, "queue": _queue}


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
    for kind in ("queue", "ivr"):
        numbered: Mapping[str, Filled] = centre.of(kind)
        for name, fields in numbered.items():
            if number := fields.get("extension"):
                yield Address(kind, name), number, ("extension",)
