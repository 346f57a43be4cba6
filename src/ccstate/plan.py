"""Changes → a plan: what must come first, what is too much, what forbids it.

Creations and updates come in dependency order, deletions after them in reverse. Objects that
name each other in a circle go into one batch, where the platform allows that.
"""

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from ccstate import kinds
from ccstate.adapter import Support
from ccstate.diff import LEDGER_ONLY
from ccstate.kinds import KINDS
from ccstate.model import (
    Action,
    Address,
    Change,
    Observation,
    Plan,
    Refusal,
    State,
    Step,
    Unmanaged,
    Why,
)

MOST_IN_A_STEP = 500
"""Changes performed as one batch, and recorded as one."""

FEW = 10
"""Below so many managed objects of a kind a share says nothing, and limits do not apply."""

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


def make_plan(shares: Sequence[Share], *, commit: str, forced: str) -> Plan:
    """The plan for all targets; `forced` is the reason for going beyond a limit, if any is."""
    steps: list[Step] = []
    refusals: list[Refusal] = []
    exceeded: list[Refusal] = []
    for share in shares:
        ordered, circles = _in_order(share)
        steps += ordered
        refusals += circles
        refusals += _protected(share)
        exceeded += _too_many(share)
    if not forced:
        refusals += exceeded
    return Plan(
        commit=commit,
        steps=tuple(steps),
        managed={share.name: _managed(share) for share in shares},
        unmanaged={share.name: _unmanaged(share) for share in shares},
        forced=forced if exceeded else "",
        refusals=tuple(refusals),
    )


def _in_order(share: Share) -> tuple[list[Step], list[Refusal]]:
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


def _circle_refusals(share: Share, circles: Iterable[list[Address]]) -> list[Refusal]:
    return [
        Refusal(
            "CC305",
            f"{' → '.join(map(str, [*circle, circle[0]]))} name each other in a circle",
            f"{share.name} creates objects one by one: leave one of the references out, "
            "apply, then add it",
        )
        for circle in circles
        if not all(share.supports[address.kind].cycles for address in circle)
    ]


def _protected(share: Share) -> list[Refusal]:
    return [
        Refusal(
            "CC302",
            f"{change.address} is protected and would be deleted",
            "set `protect: false` there and apply that first, or keep the object",
        )
        for change in share.changes
        if change.action is Action.DELETE
        and share.seen.ledger.get(change.address, {}).get("protect")
    ]


def _too_many(share: Share) -> list[Refusal]:
    managed = Counter(address.kind for address in share.seen.ledger)
    refusals = []
    for action, most, verb in (
        (Action.UPDATE, share.most_updates, "update"),
        (Action.DELETE, share.most_deletions, "delete"),
    ):
        touched = Counter(
            change.address.kind
            for change in share.changes
            if change.action is action and _writes(change)
        )
        for kind, count in sorted(touched.items()):
            if managed[kind] >= FEW and count * 100 > managed[kind] * most:
                refusals.append(
                    Refusal(
                        "CC301",
                        f"the plan would {verb} {count} of {managed[kind]} "
                        f"{KINDS[kind].plural} on {share.name}; the limit is {most} %",
                        'check that this is meant, then plan again with --force "reason"',
                    )
                )
    return refusals


def _writes(change: Change) -> bool:
    """Whether the platform's object changes, not the ledger alone."""
    return change.action is Action.DELETE or any(
        edit.before != edit.after
        for edit in change.edits
        if edit.why is not Why.RELEASED and edit.path not in LEDGER_ONLY
    )


def _managed(share: Share) -> dict[str, int]:
    counts = Counter(address.kind for address in share.desired)
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
