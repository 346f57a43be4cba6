"""Platforms as they are, beside what is desired and what was applied: verified, drifted, shown."""

from collections.abc import Collection, Mapping

from ccstate.adapter import Support, kept_fields, kept_names
from ccstate.desired import Desired
from ccstate.diff import diff
from ccstate.errors import InvalidInput
from ccstate.model import Address, Resource
from ccstate.plan import with_methods
from ccstate.project.addresses import nowhere
from ccstate.project.targets import Targets, observe_kinds
from ccstate.render.comparison import Drifted, ObjectViews, Verified, View


def verify(targets: Targets, desired: Desired, names: Collection[str]) -> dict[str, Verified]:
    """Compare each platform with the desired state, by target."""
    found = {}
    for each in targets.named(names):
        target = targets.compare(each, desired)
        wanted = ((address, resource.fields) for address, resource in target.desired.items())
        kept = kept_names(target.supports, wanted)
        unseen = target.seen.unseen
        found[target.name] = Verified(
            target.changes,
            len(target.desired),
            kept,
            unseen,
            target.unchecked,
            _is_by_hand(target.supports),
        )
    return found


def _is_by_hand(supports: Mapping[str, Support]) -> bool:
    """Whether people change anything on a platform."""
    return any(support.method != "api" for support in supports.values())


def drift(targets: Targets, names: Collection[str]) -> dict[str, Drifted]:
    """Find what was changed by hand since the last apply, by target."""
    found = {}
    for target in targets.named(names):
        adapter = targets.adapter(target)
        seen = targets.observe(target, adapter)
        applied = {a: Resource(a, fields, "") for a, fields in seen.ledger.items()}
        changes = diff(target.name, applied, seen, secrets={}, release=())
        kept = kept_names(adapter.supports, seen.ledger.items())
        found[target.name] = Drifted(
            with_methods(changes, adapter.supports), seen, kept, _is_by_hand(adapter.supports)
        )
    return found


def show(
    targets: Targets, desired: Desired, address: Address, names: Collection[str]
) -> ObjectViews:
    """Show an object as it is declared, and as each target has it and had it applied."""
    resource = desired.state.get(address)
    views = []
    for target in targets.named(names):
        adapter = targets.adapter(target)
        if address.kind in target.kinds & adapter.supports.keys():
            seen = observe_kinds(target, adapter, [address.kind])
            live, applied = seen.objects.get(address), seen.ledger.get(address)
            declared = resource.fields if resource else None
            kept = kept_fields(
                adapter.supports[address.kind], address.kind, declared, live, applied
            )
            views.append(View(target.name, live, applied, kept))
    if resource is None and not any(view.live or view.applied for view in views):
        raise InvalidInput(nowhere(address, desired.state))
    return ObjectViews(address, resource, views)
