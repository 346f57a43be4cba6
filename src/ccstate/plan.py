"""Changes → a plan: what must come first, what is too much, what forbids it.

Creations and updates come in dependency order, deletions after them in reverse. Objects that
name each other in a circle go into one batch, where the platform allows that.
"""

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from ccstate import __version__, codes, kinds
from ccstate.adapter import Support, in_order
from ccstate.diff import LEDGER_ONLY
from ccstate.errors import Diagnostic
from ccstate.kinds import KINDS
from ccstate.model import (
    Action,
    Address,
    Change,
    Fields,
    Observation,
    Plan,
    Platform,
    Refusal,
    Rename,
    State,
    Step,
    Unmanaged,
    Why,
    canonical,
    edited,
)

MOST_IN_A_STEP = 500
"""Changes performed as one batch, and recorded as one."""

FEW = 10
"""Below so many managed objects of a kind a share says nothing, and limits do not apply."""

HALF = 50
"""Percent of all objects on a platform whose deletion is no ordinary change."""

FEWEST_AT_A_SITE = 3
"""Objects at a site whose deletion all together is more than one person who leaves."""

FEWEST_ALIKE = 2
"""Fields, besides a label, by which two objects may be taken for one with another name."""

MOST_TOLD = 20
"""Refusals of one kind that are told one by one."""

NAMES_SHOWN = 5


@dataclass(frozen=True, slots=True)
class Share:
    """What planning knows of one target: its changes, and what they were made from."""

    name: str
    changes: Sequence[Change]
    desired: State
    seen: Observation
    supports: Mapping[str, Support]
    most_updates: int
    most_deletions: int
    platform: Platform | None = None


def make_plan(shares: Sequence[Share], *, commit: str, forced: str) -> Plan:
    """The plan for all targets; `forced` is the reason for going beyond a limit, if any is."""
    steps: list[Step] = []
    refusals: list[Diagnostic] = []
    exceeded: list[Diagnostic] = []
    for share in shares:
        ordered, circles = _in_order(share)
        steps += ordered
        refusals += circles
        refusals += _protected(share)
        exceeded += _too_many(share, Action.UPDATE, share.most_updates, "update")
        exceeded += _too_many_gone(share)
    refusals += _still_named(shares)
    if not forced:
        refusals += exceeded
    return Plan(
        commit=commit,
        steps=tuple(steps),
        managed={share.name: _managed(share) for share in shares},
        unmanaged={share.name: _unmanaged(share) for share in shares},
        forced=forced if exceeded else "",
        made_by=__version__,
        platforms={share.name: share.platform for share in shares if share.platform},
        refusals=tuple(map(refusal, refusals)),
        renames=tuple(rename for share in shares for rename in _renames(share)),
        unseen={share.name: share.seen.unseen for share in shares if share.seen.unseen},
        kept={share.name: kept for share in shares if (kept := _kept(share))},
    )


def refusal(problem: Diagnostic) -> Refusal:
    """A problem as a plan file holds it: without cause and place."""
    return Refusal(problem.code, problem.message, problem.hint)


def narrowed(share: Share, only: Collection[Address]) -> Share:
    """The share with the changes of these objects alone, and of what those cannot do without.

    That is what they name and what is new, and what must let go of an object that is deleted.
    """
    changes = {change.address: change for change in share.changes}
    needs = _needs(share, changes)
    kept: set[Address] = set()
    waiting = [address for address in only if address in changes]
    while waiting:
        address = waiting.pop()
        if address not in kept:
            kept.add(address)
            waiting += needs.get(address, ())
    return replace(share, changes=[c for c in share.changes if c.address in kept])


def _in_order(share: Share) -> tuple[list[Step], list[Diagnostic]]:
    changes = {change.address: change for change in share.changes}
    needs = _needs(share, changes)
    kept = [a for a, change in changes.items() if change.action is not Action.DELETE]
    gone = sorted(a for a, change in changes.items() if change.action is Action.DELETE)
    steps: list[Step] = []
    circles: list[list[Address]] = []
    for addresses in (kept, gone):
        batches, found = _batches(addresses, needs)
        circles += found
        steps += [
            Step(share.name, tuple(_needing(changes[a], needs.get(a)) for a in batch))
            for batch in batches
        ]
    if steps and all(share.supports[address.kind].atomic for address in changes):
        steps = [Step(share.name, tuple(change for step in steps for change in step.changes))]
    return steps, _circle_refusals(share, circles)


def _needing(change: Change, needs: Collection[Address] | None) -> Change:
    return replace(change, needs=tuple(sorted(needs))) if needs else change


def _needs(share: Share, changes: Mapping[Address, Change]) -> dict[Address, set[Address]]:
    """For each change that cannot come at once: the changes that must have been made before."""
    deleted = {a for a, change in changes.items() if change.action is Action.DELETE}
    created = {a for a, change in changes.items() if change.action is Action.CREATE}
    needs: dict[Address, set[Address]] = {}
    for address, change in changes.items():
        if created and change.ledger is not None and change.action is not Action.DELETE:
            named = {r.target for r in kinds.references(address.kind, change.ledger)}
            named &= created
            named.discard(address)
            if named:
                needs[address] = named
        if deleted:
            # Whoever names what is deleted lets go of it first.
            for target in (_mentions(change, share.seen) & deleted) - {address}:
                needs.setdefault(target, set()).add(address)
    return needs


def _mentions(change: Change, seen: Observation) -> set[Address]:
    live = seen.objects.get(change.address)
    if live is None or change.action in {Action.CREATE, Action.RELEASE}:
        return set()
    return {reference.target for reference in kinds.references(change.address.kind, live)}


def _batches(
    addresses: Sequence[Address], needs: Mapping[Address, Collection[Address]]
) -> tuple[list[list[Address]], list[list[Address]]]:
    """Batches in order, and the circles among the addresses; a circle is never split."""
    here = set(addresses)
    waiting = {a: here.intersection(needs[a]) for a in addresses if a in needs}
    needed_by: dict[Address, list[Address]] = {}
    for address, before in waiting.items():
        for need in before:
            needed_by.setdefault(need, []).append(address)
    count = {address: len(before) for address, before in waiting.items() if before}
    generation = [address for address in addresses if address not in count]
    generations: list[list[list[Address]]] = []
    circles: list[list[Address]] = []
    while generation or count:
        placed: Collection[Address] = generation
        if generation:
            generations.append([[address] for address in generation])
        else:  # what is left names itself in circles, or waits for something that does
            placed = _knot(count.keys(), waiting, needed_by)
            condensed, found = _condensed({a: waiting[a] & placed for a in sorted(placed)})
            generations += condensed
            circles += found
            for address in placed:
                del count[address]
        generation = []
        for address in placed:
            for later in needed_by.get(address, ()):
                if later in count:
                    count[later] -= 1
                    if not count[later]:
                        del count[later]
                        generation.append(later)
    return [batch for groups in generations for batch in _chunks(groups)], circles


def _knot(
    left: Collection[Address],
    waiting: Mapping[Address, Collection[Address]],
    needed_by: Mapping[Address, Collection[Address]],
) -> set[Address]:
    """The circles among what is left and what lies between them, without what only waits."""
    knot = set(left)
    users = {a: sum(later in knot for later in needed_by.get(a, ())) for a in knot}
    loose = [address for address, number in users.items() if not number]
    while loose:
        address = loose.pop()
        knot.remove(address)
        for need in waiting[address]:
            if need in knot:
                users[need] -= 1
                if not users[need]:
                    loose.append(need)
    return knot


def _condensed(
    waiting: Mapping[Address, Collection[Address]],
) -> tuple[list[list[list[Address]]], list[list[Address]]]:
    """Generations of groups, each circle taken as one, and the circles."""
    import networkx as nx

    graph: nx.DiGraph[Address] = nx.DiGraph()
    graph.add_nodes_from(waiting)
    graph.add_edges_from((need, a) for a, before in waiting.items() for need in before)
    condensed = nx.condensation(graph)
    groups = {node: sorted(condensed.nodes[node]["members"]) for node in condensed}
    generations = [[groups[n] for n in found] for found in nx.topological_generations(condensed)]
    return generations, sorted(group for group in groups.values() if len(group) > 1)


def _chunks(groups: Iterable[list[Address]]) -> Iterator[list[Address]]:
    rank = {kind: index for index, kind in enumerate(KINDS)}
    batch: list[Address] = []
    for group in sorted(groups, key=lambda g: (rank[g[0].kind], g[0].name)):
        if batch and len(batch) + len(group) > MOST_IN_A_STEP:
            yield batch
            batch = []
        batch += group
    if batch:
        yield batch


def _circle_refusals(share: Share, circles: Iterable[list[Address]]) -> list[Diagnostic]:
    return [
        codes.CIRCLE(circle=" → ".join(map(str, [*circle, circle[0]])), target=share.name)
        for circle in circles
        if not all(share.supports[address.kind].cycles for address in circle)
    ]


def _protected(share: Share) -> list[Diagnostic]:
    return [
        codes.PROTECTED(address=change.address)
        for change in share.changes
        if change.action is Action.DELETE
        and share.seen.ledger.get(change.address, {}).get("protect")
    ]


def _too_many(share: Share, action: Action, most: int, verb: str) -> list[Diagnostic]:
    managed = Counter(address.kind for address in share.seen.ledger)
    refusals = []
    touched = Counter(
        change.address.kind
        for change in share.changes
        if change.action is action and _writes(change)
    )
    for kind, count in sorted(touched.items()):
        if managed[kind] >= FEW and count * 100 > managed[kind] * most:
            refusals.append(
                codes.TOO_MANY(
                    verb=verb,
                    count=count,
                    managed=managed[kind],
                    kinds=KINDS[kind].plural,
                    target=share.name,
                    most=most,
                )
            )
    return refusals


def _too_many_gone(share: Share) -> list[Diagnostic]:
    """Deletions beyond the limit, or such as leave a platform or a site bare, however small it is.

    A folder that was emptied or moved says the same as one whose objects shall all go; shares of
    a kind say nothing where there are few. A target whose limit is 100 % may be emptied.
    """
    most, managed, gone = share.most_deletions, share.seen.ledger.keys(), _deleted(share)
    if not gone or most == 100:
        return []
    if gone == managed:
        return [_bare(f"everything that ccstate manages on {share.name}", gone, managed)]
    found = _too_many(share, Action.DELETE, most, "delete")
    if not found and len(gone) * 100 > len(managed) * max(HALF, most):
        found.append(_bare(f"most of all that ccstate manages on {share.name}", gone, managed))
    at: dict[str, list[Address]] = {}
    for address, fields in share.seen.ledger.items():
        if isinstance(site := fields.get("site"), str):
            at.setdefault(site, []).append(address)
    found += [
        _bare(f"everything at site/{site} on {share.name}", there, there)
        for site, there in sorted(at.items())
        if len(there) >= FEWEST_AT_A_SITE and gone.issuperset(there)
    ]
    return found


def _bare(what: str, gone: Collection[Address], of: Collection[Address]) -> Diagnostic:
    """A refusal to delete nearly all there is; `what` is that in words."""
    objects = f"{len(of):,} object{'s' * (len(of) != 1)}"
    return codes.TOO_MUCH_GONE(what=what, count=f"{len(gone):,}", objects=objects)


def _still_named(shares: Sequence[Share]) -> list[Diagnostic]:
    """Deletions that cannot succeed: something names the object and keeps doing so.

    Fields that nobody declares keep what they have, and objects that nobody declares stay as
    they are; so no later plan would come further.
    """
    gone = {share.name: _deleted(share) for share in shares}
    anywhere = frozenset[Address]().union(*gone.values())
    if not anywhere:
        return []
    namers: dict[Address, list[tuple[Share, Address, str]]] = {}
    for share in shares:
        here = gone[share.name]
        for address, fields in objects_after(share.seen.objects, share.changes).items():
            for reference in kinds.references(address.kind, fields):
                target = reference.target
                if target in here or (target in anywhere and target not in share.seen.objects):
                    field = _field(address.kind, reference.path)
                    namers.setdefault(target, []).append((share, address, field))
    told = [_named_by(target, found) for target, found in sorted(namers.items())]
    if len(told) > MOST_TOLD:
        told[MOST_TOLD:] = [codes.MORE_STILL_NAMED(count=len(told) - MOST_TOLD)]
    return told


def objects_after(
    before: Mapping[Address, Fields], changes: Iterable[Change]
) -> dict[Address, Fields]:
    """What is there after the changes: fields that nobody declared keep what they have."""
    after = dict(before)
    for change in changes:
        if change.action is Action.DELETE:
            after.pop(change.address, None)
        elif change.edits or change.action is Action.CREATE:
            after[change.address] = edited(after.get(change.address, {}), change.edits)
    return after


def _deleted(share: Share) -> frozenset[Address]:
    return frozenset(c.address for c in share.changes if c.action is Action.DELETE)


def _field(kind: str, path: kinds.Path) -> str:
    """The field that a path leads into, as one declares it: `overflow.full`, `members`."""
    depth = 2 if path[0] in kinds.structs(kind) else 1
    return ".".join(map(str, path[:depth]))


def _named_by(target: Address, found: Sequence[tuple[Share, Address, str]]) -> Diagnostic:
    share, namer, field = min(found, key=lambda one: (one[1], one[2]))
    others = len({one[1] for one in found}) - 1
    more = f" and {others:,} more" if others else ""
    keep = f"or keep {target}: declare it, or list it under `release:`"
    resource = share.desired.get(namer)
    if resource is None:
        whose = f"{namer}{more}, which ccstate does not manage, still names it: {field}"
        way = f"let go of it there by hand, or `ccstate adopt {namer}` and change it; {keep}"
    else:
        whose = f"{namer}{more} still names it: {field}, which no file declares"
        place = f" in {resource.file}" if resource.file else ""
        way = f"declare {field} of {namer}{place}, null to clear it; {keep}"
    return codes.STILL_NAMED(object=target, target=share.name, reference=whose, hint=way)


def _kept(share: Share) -> tuple[str, ...]:
    """The fields that the changes write and the platform has no place for, as `queue.label`."""
    found: dict[str, set[str]] = {}
    for change in share.changes:
        kind = change.address.kind
        written = found.setdefault(kind, set())
        kept = share.supports[kind].kept
        if len(written) == len(kept) or change.action in {Action.DELETE, Action.RELEASE}:
            continue
        for edit in change.edits:
            if edit.after is None or edit.why is Why.RELEASED or edit.path in LEDGER_ONLY:
                continue
            if edit.path in kept:
                written.add(edit.path)
            elif any(path.startswith(f"{edit.path}.") for path in kept):
                inside = kinds.set_fields(kind, edited({}, [edit]))
                written |= {path for path, _ in inside if path in kept}
    return in_order(found)


def _renames(share: Share) -> Iterator[Rename]:
    """Pairs of a deleted and a created object that look like one whose name was changed.

    Each is the only one of its kind on its side with these fields, or with that label and half of
    these fields. One pass: objects are found by what they say, not compared with one another.
    """
    gone = {
        change.address: share.seen.ledger[change.address]
        for change in share.changes
        if change.action is Action.DELETE and change.address in share.seen.ledger
    }
    made = {
        change.address: change.ledger
        for change in share.changes
        if change.action is Action.CREATE and change.ledger is not None
    }
    if not gone or not made:
        return
    taken: set[Address] = set()
    for signature in (_said, _said_without_title, _title):
        old, new = _by(signature, gone, taken), _by(signature, made, taken)
        for key in old.keys() & new.keys():
            if len(old[key]) == len(new[key]) == 1:
                (before,), (after,) = old[key], new[key]
                if signature is not _title or _is_half(gone[before], made[after]):
                    taken |= {before, after}
                    yield Rename(before, after)


def _by(
    signature: Callable[[Fields], bytes], objects: Mapping[Address, Fields], taken: set[Address]
) -> dict[tuple[str, bytes], list[Address]]:
    found: dict[tuple[str, bytes], list[Address]] = {}
    for address, fields in objects.items():
        if address not in taken and (key := signature(fields)):
            found.setdefault((address.kind, key), []).append(address)
    return found


_TITLES = ("label", "name")


def _said(fields: Fields) -> bytes:
    kept = {key: value for key, value in fields.items() if key not in LEDGER_ONLY}
    return canonical(kept) if kept else b""


def _said_without_title(fields: Fields) -> bytes:
    kept = {k: v for k, v in fields.items() if k not in LEDGER_ONLY and k not in _TITLES}
    return canonical(kept) if len(kept) >= FEWEST_ALIKE else b""


def _title(fields: Fields) -> bytes:
    title = next((fields[key] for key in _TITLES if fields.get(key)), None)
    return canonical(title) if title else b""


def _is_half(before: Fields, after: Fields) -> bool:
    alike = sum(key in after and after[key] == value for key, value in before.items())
    return 2 * alike >= len(before.keys() | after.keys())


def _writes(change: Change) -> bool:
    """Whether the platform's object changes, not the ledger alone."""
    return change.action is Action.DELETE or any(
        edit.before != edit.after
        for edit in change.edits
        if edit.why is not Why.RELEASED and edit.path not in LEDGER_ONLY
    )


def _managed(share: Share) -> dict[str, int]:
    """How many objects of each kind are managed afterwards."""
    after = set(share.seen.ledger)
    for change in share.changes:
        (after.discard if change.ledger is None else after.add)(change.address)
    counts = Counter(address.kind for address in after)
    return {kind: counts[kind] for kind in KINDS if counts[kind]}


def _unmanaged(share: Share) -> dict[str, Unmanaged]:
    names: dict[str, list[str]] = {}
    for address in share.seen.objects:
        if address not in share.seen.ledger and address not in share.desired:
            names.setdefault(address.kind, []).append(address.name)
    return {
        kind: Unmanaged(len(names[kind]), tuple(sorted(names[kind])[:NAMES_SHOWN]))
        for kind in KINDS
        if kind in names
    }
