"""What is there beside what should be: entry by entry, then object by object."""

from collections.abc import Callable, Iterable, Mapping
from itertools import pairwise
from operator import itemgetter
from typing import Any, NamedTuple

from ccstate.adapters.asterisk.decode import Meant, as_line, meant, named, secret_path
from ccstate.adapters.asterisk.entries import (
    DIALPLAN,
    FILES,
    MEMBER,
    PJSIP,
    QUEUES,
    Compiled,
    Entry,
    Key,
)
from ccstate.adapters.asterisk.running import Running, is_visible
from ccstate.journeys.centre import Centre
from ccstate.journeys.staffing import Agent, agents, is_ordered, ringing, without_defaults
from ccstate.kinds.fields import canonical_order
from ccstate.model import Address, Fields, Json
from ccstate.secrets import seal


class Deviation(NamedTuple):
    """An entry that is not as it should be; None where there should be none, or is none."""

    key: Key
    expected: Entry | None
    actual: str | None


Deviations = Mapping[Address | None, list[Deviation]]
"""By the object that they belong to; None has those that belong to no single one."""


def is_compared(key: Key) -> bool:
    """Whether an entry is held against what runs: it can be seen, and has to be the same.

    An `identify` is not: Asterisk looks its name up when it loads it, and passes over one that no
    server knows, which is the network's doing. Whoever asks is told of that as activity.
    """
    return is_visible(key) and key.section != "identify"


def compared_in(running: Running) -> Callable[[Key], bool]:
    """Which entries a reading can be held against: not details that it did not ask for."""
    detailed = running.detailed
    if detailed is None:
        return is_compared
    return lambda key: (
        is_compared(key)
        and (key.section != "endpoint" or key.file != PJSIP or key.item in detailed)
    )


def deviations(
    compiled: Compiled, values: Mapping[Key, str], is_seen: Callable[[Key], bool]
) -> Deviations:
    """All entries that can be seen and are otherwise, or not there."""
    found: dict[Address | None, list[Deviation]] = {}
    for key, entry in compiled.entries.items():
        actual = values.get(key)
        if actual != entry.value and is_seen(key):
            found.setdefault(entry.owner, []).append(Deviation(key, entry, actual))
    return found


def additions(compiled: Compiled, values: Mapping[Key, str]) -> Deviations:
    """What is there and should not be, by the object whose section it stands in.

    None has what stands in a section of ours that is no single object's; what stands in no
    section of ours is somebody else's, and left out.
    """
    extra = [key for key in values if key not in compiled.entries]
    if not extra:
        return {}
    asked = {group for key in extra for group in _groups(key)}
    owners: dict[tuple[str, ...], Address | None] = {}
    for key, entry in compiled.entries.items():
        for group in _groups(key):
            if group in asked and owners.setdefault(group, entry.owner) != entry.owner:
                owners[group] = None
    found: dict[Address | None, list[Deviation]] = {}
    for key in extra:
        for group in _groups(key):
            if group in owners:
                added = Deviation(key, None, values[key])
                found.setdefault(owners[group], []).append(added)
                break
    return found


def _groups(key: Key) -> tuple[tuple[str, ...], ...]:
    """Sections that an entry stands in, the narrowest first."""
    if key.file == PJSIP:
        return ((key.file, "", key.item),)
    return ((key.file, key.section, key.item), (key.file, key.section))


def is_primary(kind: str, key: Key) -> bool:
    """Whether an object of the kind is not there at all without such entries."""
    match kind:
        case "queue":
            return key.file == QUEUES
        case "extension" | "trunk":
            return key.file == PJSIP and key.section == "endpoint"
        case "ivr" | "calendar" | "schedule" | "number" | "outbound_route":
            return key.file == DIALPLAN
        case _:
            return False


def missing(
    compiled: Compiled, found: Deviations, is_seen: Callable[[Key], bool]
) -> frozenset[Address]:
    """The objects of which nothing is there: every primary entry that could be seen is gone."""
    suspects = {
        owner
        for owner, deviating in found.items()
        if owner is not None
        and any(d.actual is None and is_primary(owner.kind, d.key) for d in deviating)
    }
    if not suspects:
        return frozenset()
    expected = dict.fromkeys(suspects, 0)
    for key, entry in compiled.entries.items():
        if entry.owner in expected and is_primary(entry.owner.kind, key) and is_seen(key):
            expected[entry.owner] += 1
    return frozenset(
        owner
        for owner, count in expected.items()
        if count == sum(d.actual is None and is_primary(owner.kind, d.key) for d in found[owner])
    )


class Reading(NamedTuple):
    """What deviations of one object mean: fields, and lines that no field can say."""

    fields: tuple[tuple[Key, Meant], ...]
    lines: tuple[tuple[Key, str | None], ...]


def reading(owner: Address, centre: Centre, deviating: Iterable[Deviation]) -> Reading:
    """The fields that somebody changed, as far as they can be told."""
    understood: list[tuple[Key, Meant]] = []
    lines: list[tuple[Key, str | None]] = []
    members: dict[str, Deviation] = {}
    starts = {name: tree["start"] for name, tree in centre.of("ivr").items()}
    for deviation in deviating:
        key, expected, actual = deviation
        if key.file == QUEUES and key.item == MEMBER:
            if _is_member(centre, key.part, expected, actual):
                members[key.part] = deviation
            else:
                lines.append((key, actual))
            continue
        said = meant(owner, key, expected, actual, starts)
        if said is None:
            lines.append((key, actual))
        else:
            understood.append((key, said))
    if members:
        key = Key(QUEUES, owner.name, MEMBER, min(members))
        value = _members(centre, owner.name, members)
        # With another strategy the order begins to count, or ends: that alone is none of theirs.
        if value != _declared(centre, owner.name) or any(map(_is_other, members.values())):
            understood.append((key, Meant("members", value)))
    return Reading(tuple(understood), tuple(lines))


def _is_member(centre: Centre, name: str, expected: Entry | None, actual: str | None) -> bool:
    """Whether `members` can say it: the device is that of the user, or the extension, so named."""
    if actual is None:
        return True
    device, _, state, *_ = actual.split(",")
    if expected:
        known, _, known_state, *_ = expected.value.split(",")
    else:
        user = centre.of("user").get(name)
        extension = user.get("extension") if user else name
        known = known_state = f"PJSIP/{extension}" if extension in centre.of("extension") else ""
    return (device, state) == (known, known_state)


def _members(centre: Centre, queue: str, changed: Mapping[str, Deviation]) -> Json:
    """The members of a queue when those named are as they are found; gone where there is nothing.

    A team of which one has changed, or come between others, is taken apart: its people are named
    one by one.
    """
    fields = centre.of("queue")[queue]
    behind: dict[int, list[Agent]] = {}
    for agent in agents(centre, fields):
        behind.setdefault(agent.member, []).append(agent)
    always = (agent for agent in ringing(centre, fields) if not agent.is_dynamic)
    ranks = {agent.user or agent.extension: n for n, agent in enumerate(always, 1)}
    ranks |= {name: found for name, d in changed.items() if (found := _rank(d.actual))}
    counts = is_ordered(fields) or any(_rank(d.actual) for d in changed.values())
    left = {name: d.actual for name, d in changed.items() if _beyond_rank(d)}
    result: list[tuple[int, dict[str, Any]]] = []
    last = 0
    for place, member in enumerate(fields.get("members") or ()):
        names = [(a.user or a.extension, a) for a in behind.get(place, ())]
        turns = [ranks[name] for name, _ in names if name in ranks] if counts else []
        is_together = all(later == turn + 1 for turn, later in pairwise(turns))
        if left.keys().isdisjoint(name for name, _ in names) and is_together:
            last = turns[0] if turns else last
            result.append((last, without_defaults(member)))
            continue
        for name, agent in names:
            value = left.pop(name) if name in left else f",{agent.penalty},"
            last = ranks.get(name, last)
            if value is not None:
                word = "user" if agent.user else "extension"
                result.append((last, _member(word, name, value)))
    known = centre.of("user")
    result += [
        (_rank(value), _member("user" if name in known else "extension", name, value))
        for name, value in left.items()
        if value is not None
    ]
    if counts:
        return [member for _, member in sorted(result, key=itemgetter(0))]
    unsorted = [member for _, member in result]
    return [unsorted[place] for place in canonical_order(unsorted)]


def _rank(value: str | None) -> int:
    """The place of a member in a queue in which that counts; 0 elsewhere."""
    return int(rank) if value and (rank := "".join(value.split(",")[3:])) else 0


def _beyond_rank(deviation: Deviation) -> bool:
    """Whether a member is otherwise than only earlier or later."""
    was, now = deviation.expected, deviation.actual
    return was is None or now is None or was.value.split(",")[:3] != now.split(",")[:3]


def _declared(centre: Centre, queue: str) -> Json:
    """The members of a queue as they are recorded."""
    members = centre.of("queue")[queue].get("members") or ()
    return [without_defaults(member) for member in members]


def _is_other(deviation: Deviation) -> bool:
    """Whether a member is otherwise, or elsewhere among those whose order counted all the time."""
    was = deviation.expected
    return _beyond_rank(deviation) or bool(was and _rank(was.value) and _rank(deviation.actual))


def _member(word: str, name: str, value: str) -> dict[str, Any]:
    penalty = int(value.split(",")[1] or 0)
    return {word: name, "penalty": penalty} if penalty else {word: name}


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
    return f"[{key.item if key.file == PJSIP else key.section}] {named(key)}"
