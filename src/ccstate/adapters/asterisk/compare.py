"""What is there beside what should be: entry by entry, then object by object."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any, NamedTuple

from ccstate.adapters.asterisk.decode import Meant, as_line, meant, named, secret_path
from ccstate.adapters.asterisk.entries import (
    DIALPLAN,
    FILES,
    PJSIP,
    Key,
    is_pjsip,
)
from ccstate.adapters.asterisk.readback import Deviation
from ccstate.adapters.asterisk.running import Running, is_visible
from ccstate.journeys.centre import Centre
from ccstate.model import Address, Fields, Json
from ccstate.secrets import seal


def is_compared(key: Key) -> bool:
    """Whether an entry is held against what runs: it can be seen, and has to be the same.

    An `identify` is not: Asterisk looks its name up when it loads it, and passes over one that no
    server knows, which is the network's doing. Whoever asks is told of that as activity.
    """
    return is_visible(key) and key.section != "identify"


def compared_in(running: Running) -> Callable[[Key], bool]:
    """Which entries a reading can be held against: not what it did not ask for or may not see."""
    detailed = running.detailed
    if detailed is None:
        return lambda key: is_compared(key) and key.file not in running.unseen
    return lambda key: (
        is_compared(key)
        and key.file not in running.unseen
        and (key.section != "endpoint" or key.file != PJSIP or key.item in detailed)
    )


class Reading(NamedTuple):
    """What deviations of one object mean: fields, and lines that no field can say."""

    fields: tuple[tuple[Key, Meant], ...]
    lines: tuple[tuple[Key, str | None], ...]


def reading(owner: Address, centre: Centre, deviating: Iterable[Deviation]) -> Reading:
    """The fields that somebody changed, as far as they can be told."""
    understood: list[tuple[Key, Meant]] = []
    lines: list[tuple[Key, str | None]] = []
    starts = {name: tree["start"] for name, tree in centre.of("ivr").items()}
    for key, expected, actual in deviating:
        said = meant(owner, key, expected, actual, starts)
        if said is None:
            lines.append((key, actual))
        else:
            understood.append((key, said))
    return Reading(tuple(understood), tuple(lines))


def put(fields: Fields, path: str, value: Json) -> dict[str, Json]:
    """The fields with another value at a dotted path; names in between may hold dots."""
    result = dict(fields)
    inner: dict[str, Any] = result
    rest = path
    while True:
        head = _longest(inner, rest)
        rest = rest[len(head) + 1 :]
        if not rest:
            break
        below = inner.get(head)
        inner[head] = inner = dict(below) if isinstance(below, dict) else {}
    if value is None:
        inner.pop(head, None)
    else:
        inner[head] = value
    return result


def _longest(inner: Mapping[str, Any], path: str) -> str:
    """The longest beginning of a path that names something here, or else its first part."""
    head = path
    while head not in inner and "." in head:
        head = head.rpartition(".")[0]
    return head if head in inner else path.partition(".")[0]


def shown_line(place: str, key: Key, value: str | None) -> str:
    """A line for people, with its place; secrets are left out."""
    return f"{place or FILES[key.file]}: {as_line(key, value)}"


def shown_value(seal_key: bytes, key: Key, value: str | None) -> Json:
    """A value for people: a secret is sealed."""
    if value is None:
        return "not there"
    return seal(seal_key, value) if secret_path(key) else value


def place_of(key: Key) -> str:
    """As `named`, for what is no object's: with the section that it stands in."""
    if key.file == DIALPLAN:
        return named(key)
    return f"[{key.item if is_pjsip(key.file) else key.section}] {named(key)}"
