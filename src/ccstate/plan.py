"""Changes → a plan: what must come first, what is too much, what forbids it.

Creations and updates come in dependency order, deletions after them in reverse. Objects that
name each other in a circle go into one batch, where the platform allows that.
"""

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from ccstate import __version__, codes, kinds
from ccstate.adapter import Support, in_order
from ccstate.diff import LEDGER_ONLY, Moves
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

MOST_LISTED = 20
"""Refusals of one kind that are listed one by one."""

NAMES_SHOWN = 5


@dataclass(frozen=True, slots=True)
class TargetPlan:
    """The changes planned for one target, and what they were made from."""

    name: str
    changes: Sequence[Change]
    desired: State
    seen: Observation
    supports: Mapping[str, Support]
    most_updates: int
    most_deletions: int
    platform: Platform | None = None
    unchecked: tuple[str, ...] = ()
    """Secrets that were not compared, for they are not here; in words."""
    moves: Moves = field(default_factory=dict)
    """Earlier names of objects, as files say, whether the platform can rename or not."""
    moving: Mapping[str, str] = field(default_factory=dict)
    """By kind, what goes along with objects that get another name, in the platform's words."""


def make_plan(
    targets: Sequence[TargetPlan], *, commit: str, forced: str, environment: str = ""
) -> Plan:
    """Make the plan for all targets; `forced` is the reason for going beyond a limit, if any is."""
    steps: list[Step] = []
    refusals: list[Diagnostic] = []
    exceeded: list[Diagnostic] = []
    # People need longest: what they are asked for comes first.
    for target in sorted(targets, key=_is_by_program):
        ordered, circles = _in_order(target)
        steps += _waiting_for(steps, ordered, target)
        refusals += circles
        refusals += _protected(target)
        exceeded += _too_many(target, Action.UPDATE, target.most_updates, "update")
        exceeded += _too_many_gone(target)
    refusals += _still_named(targets)
    if not forced:
        refusals += exceeded
    return Plan(
        commit=commit,
        steps=tuple(steps),
        managed={target.name: _managed(target) for target in targets},
        unmanaged={target.name: _unmanaged(target) for target in targets},
        forced=forced if exceeded else "",
        made_by=__version__,
        platforms={target.name: target.platform for target in targets if target.platform},
        refusals=tuple(map(refusal, refusals)),
        moving={target.name: words for target in targets if (words := _moving(target))},
        renames=tuple(rename for target in targets for rename in _renames(target)),
        unseen={target.name: target.seen.unseen for target in targets if target.seen.unseen},
        unchecked={target.name: target.unchecked for target in targets if target.unchecked},
        kept={target.name: kept for target in targets if (kept := _kept(target))},
        environment=environment,
    )


def _is_by_program(target: TargetPlan) -> bool:
    return all(support.method == "api" for support in target.supports.values())


def _waiting_for(
    before: Sequence[Step], steps: Sequence[Step], target: TargetPlan
) -> Iterator[Step]:
    """Let changes wait for new objects that they name and that people make on another platform."""
    made = {
        change.address
        for step in before
        for change in step.changes
        if change.method != "api" and change.action in {Action.CREATE, Action.MOVE}
    }
    made -= target.seen.objects.keys() | {c.address for step in steps for c in step.changes}
    for step in steps:
        if not made:
            yield step
            continue
        changes = []
        for change in step.changes:
            named = kinds.named(change.address.kind, change.ledger or {}) & made
            needs = tuple(sorted({*change.needs, *named}))
            changes.append(replace(change, needs=needs) if named else change)
        yield Step(step.target, tuple(changes))


def refusal(problem: Diagnostic) -> Refusal:
    """Return a problem as a plan file holds it: without cause and place."""
    return Refusal(problem.code, problem.message, problem.hint)


def narrow(target: TargetPlan, only: Collection[Address]) -> TargetPlan:
    """Keep the changes of these objects alone, and of what those cannot do without.

    That is what they name and what is new, and what must let go of an object that is deleted.
    """
    changes = {change.address: change for change in target.changes}
    needs = _needs(target, changes)
    kept: set[Address] = set()
    waiting = [address for address in only if address in changes]
    while waiting:
        address = waiting.pop()
        if address not in kept:
            kept.add(address)
            waiting += needs.get(address, ())
            if (other := changes[address].moved) is not None:
                waiting.append(other)
    return replace(target, changes=[c for c in target.changes if c.address in kept])


def _in_order(target: TargetPlan) -> tuple[list[Step], list[Diagnostic]]:
    changes = {c.address: c for c in with_methods(target.changes, target.supports)}
    needs = _needs(target, changes)
    kept = [a for a, change in changes.items() if change.action is not Action.DELETE]
    gone = sorted(a for a, change in changes.items() if change.action is Action.DELETE)
    steps: list[Step] = []
    circles: list[list[Address]] = []
    for addresses in (kept, gone):
        batches, found = _batches(addresses, needs)
        circles += found
        steps += [
            Step(target.name, tuple(_needing(changes[a], needs.get(a)) for a in batch))
            for batch in batches
        ]
    if steps and all(target.supports[address.kind].atomic for address in changes):
        steps = [Step(target.name, tuple(change for step in steps for change in step.changes))]
    return steps, _circle_refusals(target, circles)


def with_methods(changes: Iterable[Change], supports: Mapping[str, Support]) -> list[Change]:
    """Say of each change who carries it out."""
    return [
        change
        if (how := supports[change.address.kind].method) == change.method
        else replace(change, method=how)
        for change in changes
    ]


def _needing(change: Change, needs: Collection[Address] | None) -> Change:
    return replace(change, needs=tuple(sorted(needs))) if needs else change


def _needs(target: TargetPlan, changes: Mapping[Address, Change]) -> dict[Address, set[Address]]:
    """List, for each change that cannot come at once, the changes that must come before it."""
    deleted = {a for a, change in changes.items() if change.action is Action.DELETE}
    created = {a for a, change in changes.items() if change.action in {Action.CREATE, Action.MOVE}}
    needs: dict[Address, set[Address]] = {}
    for address, change in changes.items():
        if created and change.ledger is not None and change.action is not Action.DELETE:
            named = kinds.named(address.kind, change.ledger) & created
            named.discard(address)
            if named:
                needs[address] = named
        if change.is_moved_away and change.moved is not None:
            needs.setdefault(address, set()).add(change.moved)
        if deleted:
            # An object that names what is deleted lets go of it first.
            for predecessor in (_mentions(change, target.seen) & deleted) - {address}:
                needs.setdefault(predecessor, set()).add(address)
    return needs


def _mentions(change: Change, seen: Observation) -> set[Address]:
    live = seen.objects.get(change.address)
    if live is None or change.action in {Action.CREATE, Action.RELEASE}:
        return set()
    return kinds.named(change.address.kind, live)


def _batches(
    addresses: Sequence[Address], needs: Mapping[Address, Collection[Address]]
) -> tuple[list[list[Address]], list[list[Address]]]:
    """Divide the addresses into batches, in order, and find the circles among them.

    A circle is never split.
    """
    place = {address: number for number, address in enumerate(addresses)}
    waiting = [
        [number for need in needs.get(a, ()) if (number := place.get(need)) is not None]
        for a in addresses
    ]
    needed_by: list[list[int]] = [[] for _ in addresses]
    for number, before in enumerate(waiting):
        for need in before:
            needed_by[need].append(number)
    count = list(map(len, waiting))
    generation = [number for number, before in enumerate(waiting) if not before]
    generations: list[list[list[Address]]] = []
    circles: list[list[Address]] = []
    left = len(addresses)
    while left:
        placed: Collection[int] = generation
        if generation:
            generations.append([[addresses[number]] for number in generation])
        else:  # what is left names itself in circles, or waits for something that does
            placed = knot = _knot([n for n in place.values() if count[n]], waiting, needed_by)
            inside = {
                addresses[n]: {addresses[m] for m in knot.intersection(waiting[n])} for n in knot
            }
            condensed, found = _condensed(dict(sorted(inside.items())))
            generations += condensed
            circles += found
            for number in placed:
                count[number] = 0
        left -= len(placed)
        generation = []
        for number in placed:
            for later in needed_by[number]:
                if count[later]:
                    count[later] -= 1
                    if not count[later]:
                        generation.append(later)
    return [batch for groups in generations for batch in _chunks(groups)], circles


def _knot(
    left: Iterable[int], waiting: Sequence[Sequence[int]], needed_by: Sequence[Sequence[int]]
) -> set[int]:
    """Return the circles among what is left and what lies between them, without what only waits."""
    knot = set(left)
    users = {number: len(knot.intersection(needed_by[number])) for number in knot}
    loose = [number for number, count in users.items() if not count]
    while loose:
        number = loose.pop()
        knot.remove(number)
        for need in waiting[number]:
            if need in knot:
                users[need] -= 1
                if not users[need]:
                    loose.append(need)
    return knot


def _condensed(
    waiting: Mapping[Address, Collection[Address]],
) -> tuple[list[list[list[Address]]], list[list[Address]]]:
    """Sort groups into generations, each circle taken as one; and list the circles."""
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


def _circle_refusals(target: TargetPlan, circles: Iterable[list[Address]]) -> list[Diagnostic]:
    return [
        codes.CIRCLE(circle=" → ".join(map(str, [*circle, circle[0]])), target=target.name)
        for circle in circles
        if not all(target.supports[address.kind].cycles for address in circle)
    ]


def _protected(target: TargetPlan) -> list[Diagnostic]:
    return [
        codes.PROTECTED(address=change.address)
        for change in target.changes
        if change.action is Action.DELETE
        and not change.is_moved_away
        and target.seen.ledger.get(change.address, {}).get("protect")
    ]


def _too_many(target: TargetPlan, action: Action, most: int, verb: str) -> list[Diagnostic]:
    managed = Counter(address.kind for address in target.seen.ledger)
    refusals = []
    touched = Counter(
        change.address.kind
        for change in target.changes
        if change.action is action and _writes(change) and not change.is_moved_away
    )
    for kind, count in sorted(touched.items()):
        if managed[kind] >= FEW and count * 100 > managed[kind] * most:
            refusals.append(
                codes.TOO_MANY(
                    verb=verb,
                    count=count,
                    managed=managed[kind],
                    kinds=KINDS[kind].plural,
                    target=target.name,
                    most=most,
                )
            )
    return refusals


def _too_many_gone(target: TargetPlan) -> list[Diagnostic]:
    """Refuse deletions beyond the limit, and such as leave a platform or a site bare, however small.

    A folder that was emptied or moved says the same as one whose objects shall all go; shares of
    a kind say nothing where there are few. A target whose limit is 100 % may be emptied.
    """
    most, managed, gone = target.most_deletions, target.seen.ledger.keys(), _lost(target)
    if not gone or most == 100:
        return []
    if gone == managed:
        return [_bare(f"everything that ccstate manages on {target.name}", gone, managed)]
    found = _too_many(target, Action.DELETE, most, "delete")
    if not found and len(gone) * 100 > len(managed) * max(HALF, most):
        found.append(_bare(f"most of all that ccstate manages on {target.name}", gone, managed))
    at: dict[str, list[Address]] = {}
    for address, fields in target.seen.ledger.items():
        if isinstance(site := fields.get("site"), str):
            at.setdefault(site, []).append(address)
    found += [
        _bare(f"everything at site/{site} on {target.name}", there, there)
        for site, there in sorted(at.items())
        if len(there) >= FEWEST_AT_A_SITE and gone.issuperset(there)
    ]
    return found


def _bare(what: str, gone: Collection[Address], of: Collection[Address]) -> Diagnostic:
    """Refuse to delete nearly all there is; `what` is that in words."""
    objects = f"{len(of):,} object{'s' * (len(of) != 1)}"
    return codes.TOO_MUCH_GONE(what=what, count=f"{len(gone):,}", objects=objects)


def _still_named(targets: Sequence[TargetPlan]) -> list[Diagnostic]:
    """Refuse deletions that cannot succeed: something names the object and keeps doing so.

    Fields and objects that no file declares stay as they are; so no later plan would come further.
    """
    gone = {target.name: _deleted(target) for target in targets}
    anywhere = frozenset[Address]().union(*gone.values())
    if not anywhere:
        return []
    namers: dict[Address, list[tuple[TargetPlan, Address, str]]] = {}
    for target in targets:
        here = gone[target.name]
        for address, fields in objects_after(target.seen.objects, target.changes).items():
            for reference in kinds.references(address.kind, fields):
                named = reference.target
                if named in here or (named in anywhere and named not in target.seen.objects):
                    field = _field(address.kind, reference.path)
                    namers.setdefault(named, []).append((target, address, field))
    problems = [_named_by(named, found) for named, found in sorted(namers.items())]
    if len(problems) > MOST_LISTED:
        problems[MOST_LISTED:] = [codes.MORE_STILL_NAMED(count=len(problems) - MOST_LISTED)]
    return problems


def objects_after(
    before: Mapping[Address, Fields], changes: Iterable[Change]
) -> dict[Address, Fields]:
    """Return the objects after the changes: fields that no file declares keep what they have."""
    after = dict(before)
    for change in changes:
        if change.action is Action.DELETE:
            after.pop(change.address, None)
        elif change.action is Action.MOVE and change.moved is not None:
            after[change.address] = edited(before.get(change.moved, {}), change.edits)
        elif change.edits or change.action is Action.CREATE:
            after[change.address] = edited(after.get(change.address, {}), change.edits)
    return after


def _deleted(target: TargetPlan) -> frozenset[Address]:
    return frozenset(c.address for c in target.changes if c.action is Action.DELETE)


def _lost(target: TargetPlan) -> frozenset[Address]:
    """List the objects that are deleted, and not renamed."""
    moved = {change.address for change in target.changes if change.is_moved_away}
    return _deleted(target) - moved


def _field(kind: str, path: kinds.Path) -> str:
    """Return the field that a path leads into, as it is declared: `overflow.full`, `members`."""
    depth = 2 if path[0] in kinds.structs(kind) else 1
    return ".".join(map(str, path[:depth]))


def _named_by(named: Address, found: Sequence[tuple[TargetPlan, Address, str]]) -> Diagnostic:
    target, namer, field = min(found, key=lambda one: (one[1], one[2]))
    others = len({one[1] for one in found}) - 1
    more = f" and {others:,} more" if others else ""
    keep = f"or keep {named}: declare it, or list it under `release:`"
    resource = target.desired.get(namer)
    if resource is None:
        whose = f"{namer}{more}, which ccstate does not manage, still names it: {field}"
        way = f"let go of it there by hand, or `ccstate adopt {namer}` and change it; {keep}"
    else:
        whose = f"{namer}{more} still names it: {field}, which no file declares"
        place = f" in {resource.file}" if resource.file else ""
        way = f"declare {field} of {namer}{place}, null to clear it; {keep}"
    return codes.STILL_NAMED(object=named, target=target.name, reference=whose, hint=way)


def _kept(target: TargetPlan) -> tuple[str, ...]:
    """List the fields that the changes write and the platform has no place for, as `queue.label`."""
    found: dict[str, set[str]] = {}
    for change in target.changes:
        kind = change.address.kind
        written = found.setdefault(kind, set())
        kept = target.supports[kind].kept
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


def _moving(target: TargetPlan) -> Mapping[str, str]:
    """Select what is said of the kinds of which an object gets another name."""
    kinds_moved = {c.address.kind for c in target.changes if c.action is Action.MOVE}
    return {kind: said for kind, said in target.moving.items() if kind in kinds_moved}


def _renames(target: TargetPlan) -> Iterator[Rename]:
    """Find pairs of a deleted and a created object that look like one whose name was changed.

    Each is the only one of its kind on its side with these fields, or with that label and half of
    these fields. One pass: objects are found by what they say, not compared with one another.
    """
    gone = {
        change.address: target.seen.ledger[change.address]
        for change in target.changes
        if change.action is Action.DELETE
        and not change.is_moved_away
        and change.address in target.seen.ledger
    }
    made = {
        change.address: change.ledger
        for change in target.changes
        if change.action is Action.CREATE and change.ledger is not None
    }
    if not gone or not made:
        return
    taken: set[Address] = set()
    for after, names in target.moves.items():
        before = next((name for name in names if name in gone), None)
        if after in made and before is not None:
            taken |= {before, after}
            yield Rename(before, after, declared=True)
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


def _managed(target: TargetPlan) -> dict[str, int]:
    """How many objects of each kind are managed afterwards."""
    after = set(target.seen.ledger)
    for change in target.changes:
        (after.discard if change.ledger is None else after.add)(change.address)
    counts = Counter(address.kind for address in after)
    return {kind: counts[kind] for kind in KINDS if counts[kind]}


def _unmanaged(target: TargetPlan) -> dict[str, Unmanaged]:
    names: dict[str, list[str]] = {}
    for address in target.seen.objects:
        if address not in target.seen.ledger and address not in target.desired:
            names.setdefault(address.kind, []).append(address.name)
    return {
        kind: Unmanaged(len(names[kind]), tuple(sorted(names[kind])[:NAMES_SHOWN]))
        for kind in KINDS
        if kind in names
    }
