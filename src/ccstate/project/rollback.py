"""A plan back: of an applied plan, or to the desired state of a commit; and what it took back."""

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from functools import cache
from graphlib import CycleError, TopologicalSorter
from itertools import islice
from pathlib import Path
from typing import NamedTuple

import orjson

from ccstate.adapter import Adapter, SecretsUnseen
from ccstate.apply import codes as apply_codes
from ccstate.apply.journal import JOURNAL, open_journal
from ccstate.apply.reversal import Known, Lookup, Reversal, reversal, taking_back
from ccstate.desired import Desired
from ccstate.diff import diff, sealed
from ccstate.errors import CcstateError, Diagnostic, InvalidInput, Severity
from ccstate.history.commits import head_commit
from ccstate.history.records import FILE as RECORD
from ccstate.history.records import read_record
from ccstate.history.snapshot import desired_state_at, resolve_commit
from ccstate.history.stored_plans import StoredPlan, stored_plans
from ccstate.kinds import secrets as secrets_of
from ccstate.model import (
    Action,
    Address,
    Change,
    Edit,
    Fields,
    Observation,
    Plan,
    Remainder,
    Resource,
    Rollback,
    Why,
    by_target,
    edited,
)
from ccstate.plan import TargetPlan, make_plan, narrow, refusal
from ccstate.plan_file import FILE, ID_LENGTH, parse_with_digest
from ccstate.plan_values import faults
from ccstate.project.listener import Listener
from ccstate.project.plan_folder import (
    SavedPlans,
    refuse_other_environment,
    refuse_other_platforms,
)
from ccstate.project.planning import Planned, compared, complete, plan_changes
from ccstate.project.targets import Targets, moving_words
from ccstate.secrets import Unresolved
from ccstate.secrets.allowed import BundleUnusable

MOST_NAMED = 5
MOST_PLANS = 200
"""Earlier plans that are searched for what they say of an object."""


class WayBack(NamedTuple):
    """What a rollback is of: a plan by its id, or else a commit."""

    plan_id: str
    commit: str


def find(plans: SavedPlans, given: str) -> WayBack:
    """Find the plan or the commit that a text names; InvalidInput where that is none, or both."""
    short = given[:ID_LENGTH]
    is_id = len(short) >= 4 and all(c in "0123456789abcdef" for c in short)
    found = [each for each in plans.ids() if is_id and each.startswith(short)]
    commit = resolve_commit(plans.root, given)
    if len(found) > 1 or (found and commit and found[0] != short):
        plan_id, other = found[0], commit[:12] or found[-1]
        raise InvalidInput(apply_codes.WAY_BACK_UNCLEAR(given=given, plan_id=plan_id, commit=other))
    if not found and not commit:
        raise InvalidInput(apply_codes.NO_WAY_BACK(given=given))
    return WayBack(found[0], "") if found else WayBack("", commit)


def plan_back(
    plans: SavedPlans,
    targets: Targets,
    back: str,
    only: Collection[Address],
    *,
    force: str,
    declared: Callable[[], Desired],
    today: date,
) -> Planned:
    """Plan the way back that a text names; `declared` reads what the files say now."""
    found = find(plans, back)
    if found.commit:
        return to_commit(targets, found.commit, only, force=force, today=today)
    desired = _readable(declared, targets.listener)
    return of_plan(plans, targets, found.plan_id, only, force=force, desired=desired, today=today)


def _readable(declared: Callable[[], Desired], listener: Listener) -> Desired:
    """Read the desired state as far as it is without errors; empty where there are any."""
    try:
        return declared()
    except InvalidInput as error:
        listener.warn([replace(p, severity=Severity.WARNING) for p in error.problems])
        return Desired({}, frozenset(), (), {})


def to_commit(
    targets: Targets, commit: str, only: Collection[Address], *, force: str, today: date
) -> Planned:
    """Plan the desired state of a commit, for some objects or for all of it."""
    desired = desired_state_at(targets.settings, commit)
    planned = plan_changes(targets, desired, (), only, force=force, today=today, judge=judge_back)
    back = Rollback("", commit)
    return replace(planned, plan=replace(planned.plan, rollback=back))


def of_plan(
    plans: SavedPlans,
    targets: Targets,
    plan_id: str,
    only: Collection[Address],
    *,
    force: str,
    desired: Desired,
    today: date,
) -> Planned:
    """Plan what takes back an applied plan; `desired` is what the files say now."""
    plan = plans.reviewed(plan_id)
    refuse_other_environment(plan, targets.settings)
    refuse_other_platforms(plan, targets.settings)
    if not plans.is_begun(plan_id):
        raise InvalidInput(apply_codes.NEVER_APPLIED(plan_id=plan_id))
    _refuse_others(plan_id, plan, only)
    known = earlier_values(plans, targets, plan_id, plan)
    found, remains = compare_back(targets, plan, known, desired)
    of = Rollback(plan_id, plan.commit, tuple(remains))
    back, shares = way_back(targets, of, found, only, force=force)
    if not back.steps:
        return Planned(back, {}, ())
    back, warnings = judge_back(targets, back, shares, desired, today)
    return complete(targets, back, shares, warnings, warnings)


def way_back(
    targets: Targets,
    of: Rollback,
    found: Sequence[TargetPlan],
    only: Collection[Address] = (),
    *,
    force: str,
) -> tuple[Plan, list[TargetPlan]]:
    """Make the plan of these changes, without such as no desired state can say; those remain."""
    settings = targets.settings
    commit = head_commit(settings.root, *settings.folders)
    whole = sum(len(target.changes) for target in found)
    shares = [narrow(target, only) if only else target for target in found]
    made = make_plan(shares, commit=commit, forced=force, environment=settings.environment)
    remains = list(of.remains)
    if wrong := {(change.target, change.address): words for change, words in faults(made)}:
        remains += [Remainder(*place, "", f"it {words}") for place, words in wrong.items()]
        shares = [
            replace(s, changes=[c for c in s.changes if (c.target, c.address) not in wrong])
            for s in shares
        ]
        made = make_plan(shares, commit=commit, forced=force, environment=settings.environment)
    if only:
        left_out = whole - sum(len(target.changes) for target in shares)
        remains = [one for one in remains if one.address in only]
        made = replace(made, only=tuple(sorted(set(only))), left_out=left_out)
    return replace(made, rollback=replace(of, remains=tuple(remains))), shares


def compare_back(
    targets: Targets, plan: Plan, known: Lookup, desired: Desired
) -> tuple[list[TargetPlan], list[Remainder]]:
    """Compare each platform with what it was before the plan; and what cannot be like that again."""
    found: list[TargetPlan] = []
    remains: list[Remainder] = []
    changes = by_target(plan.changes())
    for target in targets.named(list(changes)) if changes else ():
        with targets.listener.during(f"Reading {target.name}"):
            adapter = targets.adapter(target)
            seen = targets.observe(target, adapter)
        back = reversal(changes[target.name], seen, known)
        wanted = _sealed(target.name, adapter, back, seen)
        narrowed = replace(
            seen,
            objects={a: seen.objects[a] for a in back.addresses if a in seen.objects},
            ledger={a: seen.ledger[a] for a in back.addresses if a in seen.ledger},
        )
        differences = diff(
            target.name,
            wanted,
            narrowed,
            secrets=back.secrets,
            release=back.release,
            moves=back.moves,
        )
        taken = list(taking_back(back, differences))
        here = {a: r for a, r in desired.state.items() if target.manages(a, r.fields)}
        remains += back.remains
        found.append(
            TargetPlan(
                name=target.name,
                changes=taken,
                desired={**here, **wanted},
                seen=seen,
                supports=adapter.supports,
                most_updates=target.most_updates,
                most_deletions=target.most_deletions,
                platform=target.platform,
                moves=back.moves,
                moving=moving_words(adapter, taken, seen),
            )
        )
    return found, remains


def _sealed(
    target: str, adapter: Adapter, back: Reversal, seen: Observation
) -> dict[Address, Resource]:
    """Seal the secrets that are written again; one that cannot be read, or is another now, remains."""
    references = {ref for found in back.secrets.values() for ref in found.values()}
    if not references:
        return back.wanted
    seals, unread = _seals(adapter, references)
    for address, found in list(back.secrets.items()):
        resource = back.wanted[address]
        for path, reference in list(found.items()):
            before = secrets_of(address.kind, resource.fields).get(path)
            reason = ""
            if reference in unread:
                reason = f"{reference} cannot be read: {unread[reference]}"
            elif seals[reference] != before:
                reason = f"{reference} holds another secret now than it did before"
            if reason:
                back.remains.append(Remainder(target, address, path, reason))
                now = secrets_of(address.kind, seen.objects.get(address, {})).get(path)
                kept = edited(resource.fields, [Edit(path, None, now, why=Why.YOU)])
                back.wanted[address] = resource = replace(resource, fields=kept)
                del found[path]
    return sealed(back.wanted, {a: found for a, found in back.secrets.items() if found}, seals)


def _seals(adapter: Adapter, references: set[str]) -> tuple[Mapping[str, str], dict[str, str]]:
    """Return the seals of the secrets that can be read, and why each of the others cannot.

    What is taken back must not wait for where secrets are kept.
    """
    unread: dict[str, str] = {}
    while left := references - unread.keys():
        try:
            return adapter.seal(left), unread
        except Unresolved as wrong:
            if not left & wrong.causes.keys():
                raise  # of the connection
            unread |= wrong.causes
        except BundleUnusable as wrong:
            bundled = {reference for reference in left if reference.startswith("bundle:")}
            if not bundled:
                raise
            unread |= dict.fromkeys(bundled, wrong.problems[0].message)
        except SecretsUnseen as closed:
            unread |= dict.fromkeys(left, f"no right to read {closed}")
    return {}, unread


def _refuse_others(plan_id: str, plan: Plan, only: Collection[Address]) -> None:
    changed = sorted({change.address for change in plan.changes()})
    if strange := [str(address) for address in only if address not in changed]:
        known = ", ".join(map(str, changed[:MOST_NAMED]))
        raise InvalidInput(
            apply_codes.ROLLBACK_OF_NOTHING(
                plan_id=plan_id, addresses=", ".join(strange), known=known
            )
        )


def judge_back(
    targets: Targets, plan: Plan, found: Sequence[TargetPlan], desired: Desired, today: date
) -> tuple[Plan, list[Diagnostic]]:
    """Add what callers notice. The way back is refused neither for promises nor for rules.

    Call tests and rules speak of the state that is left; the state before it has run already.
    """
    from ccstate.plan_callers import with_callers
    from ccstate.rules.judge import new_errors

    comparison = compared(plan, found, desired, today)
    errors = new_errors(comparison, targets.settings.rules, targets.content)
    return (
        with_callers(plan, comparison, {}),
        [replace(error, severity=Severity.WARNING) for error in errors],
    )


def earlier_values(plans: SavedPlans, targets: Targets, plan_id: str, plan: Plan) -> Lookup:
    """Return a function that finds what was declared of an object before the plan, and its secrets.

    By the plans that were applied earlier; where those say nothing, by git.
    """
    begun = _start(plans, plan_id), _written(plans, plan_id)

    @cache
    def earlier() -> list[Plan]:
        others = [each for each in plans.own_ids() if each != plan_id and plans.is_begun(each)]
        dated = [(_start(plans, each), _written(plans, each), each) for each in others]
        older = sorted(each for each in dated if each[:2] <= begun)
        return [found for *_, each in older[-MOST_PLANS:][::-1] if (found := _read(plans, each))]

    @cache
    def committed() -> Desired | None:
        commit = resolve_commit(
            plans.root, f"{plan.commit.rstrip('+')}{'' if '+' in plan.commit else '^'}"
        )
        try:
            return desired_state_at(targets.settings, commit) if commit else None
        except CcstateError:
            return None

    def known(address: Address) -> Known:
        fields: Fields | None = None
        secrets: dict[str, str] = {}
        for change in _changes_of(earlier(), address):
            if change.ledger is None:
                break  # what was before it was let go of is another object
            fields = change.ledger if fields is None else fields
            secrets = {**change.secrets, **secrets}
        desired = committed()
        if desired is not None and address in desired.state:
            declared = desired.state[address].fields
            secrets = {**secrets_of(address.kind, declared), **secrets}
            fields = declared if fields is None else fields
        return Known(fields, secrets)

    return known


def _changes_of(plans: Sequence[Plan], address: Address) -> Iterator[Change]:
    return (change for plan in plans for change in plan.changes() if change.address == address)


def _read(plans: SavedPlans, plan_id: str) -> Plan | None:
    try:
        return plans.read(plan_id)[0]
    except CcstateError:  # a damaged plan says nothing
        return None


def _start(plans: SavedPlans, plan_id: str) -> str:
    """Read when the apply of a plan began, ISO 8601; "" where it did not, or that is unreadable."""
    try:
        recorded = open_journal(plans.journal(plan_id)).recorded
    except CcstateError:
        return ""
    return recorded[0].at if recorded else ""


def refuse_repetition(plans: SavedPlans, planned: Planned, force: str) -> Planned:
    """Refuse a plan that does again what an applied way back took back; with a reason it may.

    Without that, the next apply would silently bring back what was taken back: git still says it.
    Ways back count that were applied here, and those on the branch of records.
    """
    plan = planned.plan
    if not plan.steps:
        return planned
    again: dict[str, list[str]] = {}
    with stored_plans(plans.root) as stored:
        begun = _in_order(
            each for copies in stored.plans.values() for each in _begun(plans, copies)
        )
        for number, each in enumerate(begun):
            back = each.plan(plans.environment) if each.is_way_back else None
            if back is None or back.rollback is None:
                continue
            taken = {(change.target, change.address): change for change in back.changes()}
            repeated = [
                change
                for change in plan.changes()
                if (undone := taken.get((change.target, change.address)))
                and _repeats(change, undone)
            ]
            since = _changed(begun[number + 1 :], plans.environment) if repeated else set()
            again[each.id] = [
                str(change.address)
                for change in repeated
                if (change.target, change.address) not in since
            ]
    refusals = [
        refusal(apply_codes.TAKEN_BACK(plan_id=plan_id, objects=_named(objects)))
        for plan_id, objects in again.items()
        if objects
    ]
    if not refusals:
        return planned
    if force:
        return replace(planned, plan=replace(plan, forced=force))
    return replace(planned, plan=replace(plan, refusals=(*plan.refusals, *refusals)))


@dataclass(frozen=True, slots=True, order=True)
class _Begun:
    """A stored plan whose apply was begun, in the order of that."""

    at: str
    written: int
    """When its journal here was written last, see `_written`."""
    id: str
    copy: StoredPlan = field(compare=False)

    @property
    def is_way_back(self) -> bool:
        """Whether the head of the file says so; changes come behind the head."""
        content = self.copy.content(FILE) or b""
        return 0 <= content.find(b'"rollback":{') < content.find(b'"steps":[')

    def plan(self, environment: str) -> Plan | None:
        """Read it; None where it is damaged, which says nothing, or of another environment than a chosen one."""
        try:
            plan, stated = parse_with_digest(self.copy.content(FILE) or b"", Path(FILE))
        except CcstateError:
            return None
        is_own = not environment or plan.environment == environment
        return plan if is_own and stated.startswith(self.id) else None


def _begun(plans: SavedPlans, copies: Iterable[StoredPlan]) -> Iterator[_Begun]:
    """Read, in the first place where the apply of a plan has a journal, when that began."""
    for copy in islice((copy for copy in copies if JOURNAL in copy.names), 1):
        try:
            at = str(orjson.loads((copy.content(JOURNAL) or b"").partition(b"\n")[0])["at"])
        except (ValueError, TypeError, KeyError):
            at = ""
        yield _Begun(at, _written(plans, copy.id), copy.id, copy)


def _written(plans: SavedPlans, plan_id: str) -> int:
    """Find when a journal here was written last, for plans of one second; 0 where it is not here."""
    journal = plans.journal(plan_id)
    return journal.stat().st_mtime_ns if journal.is_file() else 0


def _in_order(begun: Iterable[_Begun]) -> list[_Begun]:
    """Sort applies by when they began; of one second, records name those that were before them."""
    found = sorted(begun)
    moments = Counter(each.at for each in found)
    tied = {each.id: each for each in found if moments[each.at] > 1}
    before = {}
    for each in tied.values():
        record = read_record(each.copy.content(RECORD) or b"")
        named = record.before if record else ()
        before[each.id] = [one for one in named if one in tied and tied[one].at == each.at]
    try:
        order = [*TopologicalSorter(before).static_order()]
    except CycleError:  # no apply leaves such records
        return found
    places = {plan_id: place for place, plan_id in enumerate(order)}
    return sorted(found, key=lambda each: (each.at, places.get(each.id, 0)))


def _changed(later: Iterable[_Begun], environment: str) -> set[tuple[str, Address]]:
    """Find the objects that ordinary plans have changed after a way back."""
    ordinary = (each.plan(environment) for each in later if not each.is_way_back)
    return {(c.target, c.address) for plan in ordinary if plan for c in plan.changes()}


_OPPOSITE = {
    pair
    for made in (Action.CREATE, Action.MOVE)
    for pair in ((made, Action.DELETE), (Action.DELETE, made))
}


def _repeats(change: Change, undone: Change) -> bool:
    """Whether a change brings what another one took away."""
    pair = (change.action, undone.action)
    if pair in _OPPOSITE and change.moved == undone.moved:
        return True
    took = {edit.path: edit.before for edit in undone.edits if edit.before != edit.after}
    return any(
        edit.path in took and edit.after == took[edit.path] and edit.before != edit.after
        for edit in change.edits
        if pair != (Action.CREATE, Action.CREATE)
    )


def _named(objects: Sequence[str]) -> str:
    more = f" and {len(objects) - MOST_NAMED} more" if len(objects) > MOST_NAMED else ""
    return ", ".join(objects[:MOST_NAMED]) + more
