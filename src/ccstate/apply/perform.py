"""A reviewed plan → the platforms changed, read back, and every change accounted for.

A plan is applied only to the platforms it was made from (`check_fresh`). What the journal records as
done is not done again. What a killed process left without an outcome is looked at before it is
repeated: what the platform shows already was done.
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

from ccstate import codes
from ccstate.adapter import Adapter, Result, audited
from ccstate.apply import codes as apply_codes
from ccstate.apply.confirmation import Settled, Standing
from ccstate.apply.journal import Entry, Event, Journal, Overtaken, Recorded
from ccstate.apply.lock import Held
from ccstate.authority import NO_AUTHORITY, Authority
from ccstate.diff import diff, discrepancy
from ccstate.errors import Blocked, CcstateError, Diagnostic, Span, Unreadable
from ccstate.model import (
    Action,
    Address,
    Change,
    Method,
    Observation,
    Outcome,
    Plan,
    Resource,
    Step,
    by_target,
    fingerprint,
)
from ccstate.plan import MOST_IN_A_STEP, TargetPlan, make_plan
from ccstate.plan_file import digest

MOST_NAMED = 10
"""Changed objects that a message names."""
FOUND_DONE = "found done"
"""Why a change counts as done that this run did not see done."""
SHOWN = 3
"""Secrets that are named."""


@dataclass(frozen=True, slots=True)
class FreshPlan:
    """A plan that holds for what the platforms show now; only `check_fresh` and `check_resumable` make one.

    `seen` is what they showed, by target; `resumed` says that an earlier run may have done a
    part of the plan already.
    """

    id: str
    plan: Plan
    seen: Mapping[str, Observation]
    resumed: bool


def observe(plan: Plan, adapters: Mapping[str, Adapter]) -> dict[str, Observation]:
    """Read each target once, every kind that the plan changes there."""
    kinds: dict[str, set[str]] = {}
    for change in plan.changes():
        kinds.setdefault(change.target, set()).add(change.address.kind)
    return {target: adapters[target].observe(sorted(found)) for target, found in kinds.items()}


def check_fresh(plan_id: str, plan: Plan, adapters: Mapping[str, Adapter]) -> FreshPlan:
    """Check that every object which the plan changes is still as it was.

    Raises Blocked where the plan carries a refusal or is for reading only, an object changed
    since, or a platform would refuse a change.
    """
    refuse_preview(plan)
    _refuse_methods(plan, adapters)
    _recover(plan, adapters)
    _refuse(plan, plan.changes(), adapters)
    seen = observe(plan, adapters)
    stale = [change for change in plan.changes() if not is_as_planned(change, seen)]
    if stale:
        raise Blocked(_stale(stale))
    return FreshPlan(plan_id, plan, seen, resumed=False)


def check_resumable(plan_id: str, plan: Plan, adapters: Mapping[str, Adapter]) -> FreshPlan:
    """Check the plan of an interrupted apply; what took effect in the meantime will show.

    An object that is neither as planned nor as wanted blocks its own change, not the others.
    """
    refuse_preview(plan)
    _refuse_methods(plan, adapters)
    _recover(plan, adapters)
    seen = observe(plan, adapters)
    # What took effect is not asked for again: a platform may refuse to create what it has.
    left = [change for change in plan.changes() if not has_taken_effect(change, seen)]
    _refuse(plan, left, adapters)
    return FreshPlan(plan_id, plan, seen, resumed=True)


def _recover(plan: Plan, adapters: Mapping[str, Adapter]) -> None:
    for target in sorted({step.target for step in plan.steps}):
        adapters[target].recover()


def is_as_planned(change: Change, seen: Mapping[str, Observation]) -> bool:
    """Whether the live object is the one that the plan was made from."""
    return fingerprint(seen[change.target].objects.get(change.address)) == change.basis


def has_taken_effect(change: Change, seen: Mapping[str, Observation]) -> bool:
    """Whether the platform shows the outcome of the change already."""
    return not discrepancy(change, seen[change.target])


def refuse_preview(plan: Plan) -> None:
    """Refuse a plan whose maker could not see all that it is about, or a secret that it writes."""
    if plan.unseen:
        first = next(iter(plan.unseen.values()))[0]
        raise Blocked(codes.RIGHTS_MISSING(first=first))
    if unread := plan.unread():
        more = f" and {len(unread) - SHOWN} more" if len(unread) > SHOWN else ""
        raise Blocked(codes.SECRETS_UNREAD(secrets=f"{', '.join(unread[:SHOWN])}{more}"))


def _refuse_methods(plan: Plan, adapters: Mapping[str, Adapter]) -> None:
    """Refuse a plan of which reviewers read that others carry a change out than would by now."""
    for change in plan.changes():
        support = adapters[change.target].supports.get(change.address.kind)
        if support is not None and support.method != change.method:
            raise Blocked(
                apply_codes.METHOD_CHANGED(
                    address=change.address,
                    target=change.target,
                    planned=METHODS[change.method],
                    now=METHODS[support.method],
                )
            )


METHODS: Mapping[Method, str] = {
    "api": "made by ccstate",
    "instructions": "made by hand",
    "vendor": "asked of the vendor",
}


def _refuse(plan: Plan, changes: Iterable[Change], adapters: Mapping[str, Adapter]) -> None:
    problems = [
        Diagnostic(refusal.code, refusal.message, hint=refusal.hint) for refusal in plan.refusals
    ]
    for target, asked in by_target(changes).items():
        problems += audited(adapters[target], asked)
    if problems:
        raise Blocked(problems)


def _stale(stale: list[Change]) -> Diagnostic:
    named = ", ".join(str(change.address) for change in stale[:MOST_NAMED])
    more = f" and {len(stale) - MOST_NAMED} more" if len(stale) > MOST_NAMED else ""
    return codes.PLAN_STALE(addresses=named, more=more)


class Interrupted(CcstateError):
    """Platform, lock or journal were lost in the middle; the plan can be taken up again."""

    exit_code = 4


@dataclass(frozen=True, slots=True)
class ChangeResult:
    """What became of one change, and why where it is not confirmed.

    Of one that was handed over, `sheet` is the file that tells what to do, and `reason` what somebody
    said of it.
    """

    change: Change
    outcome: Outcome
    reason: str = ""
    sheet: str = ""


@dataclass(frozen=True, slots=True)
class Applied:
    """The outcome of a plan; `corrective` brings about what is missing, None where nothing is."""

    results: tuple[ChangeResult, ...]
    corrective: Plan | None


WORST = (Outcome.NOT_CONFIRMED, Outcome.HANDED_OVER, Outcome.NOT_ATTEMPTED)
"""What became of a plan where a change has this outcome, the worse first."""


@dataclass(frozen=True, slots=True)
class Receipt:
    """One apply: times as ISO 8601; `corrective` is the id of the plan for what is missing.

    `kept` names, by target, the fields that were recorded only: no platform has confirmed them.
    `warnings` are about records that could not be written after the apply, and locks that are left.
    `authority` says on whose word it was applied; `settled`, of a change that had to be confirmed,
    whether it stays.
    """

    plan_id: str
    results: Sequence[ChangeResult]
    started: str
    finished: str
    corrective: str = ""
    kept: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    warnings: Sequence[Diagnostic] = ()
    authority: Authority = NO_AUTHORITY
    settled: Settled | None = None

    @property
    def waits(self) -> bool:
        """Whether the apply goes on once people have done what was handed over to them."""
        return any(result.outcome is Outcome.HANDED_OVER for result in self.results)

    @property
    def stands(self) -> bool:
        """Whether every change was confirmed by reading, and none was taken back."""
        is_kept = self.settled is None or self.settled.standing is Standing.STAYS
        return self.confirmed and is_kept

    @property
    def confirmed(self) -> bool:
        """Whether every change was confirmed by reading the platform again."""
        return all(result.outcome is Outcome.CONFIRMED for result in self.results)

    @property
    def outcome(self) -> Outcome:
        """The worst of all changes: not confirmed before handed over, and that before not attempted."""
        found = {result.outcome for result in self.results}
        return next((outcome for outcome in WORST if outcome in found), Outcome.CONFIRMED)

    def of(self, outcome: Outcome) -> list[ChangeResult]:
        return [result for result in self.results if result.outcome is outcome]


@dataclass(frozen=True, slots=True)
class ApplyContext:
    """What applying works with: platforms and their locks, records, the clock (ISO 8601),
    progress (changes), a callback for what is being done, and on whose word it is done.
    """

    held: Held
    journal: Journal
    clock: Callable[[], str]
    progress: Callable[[int], None]
    doing: Callable[[str], None]
    authority: Authority = NO_AUTHORITY

    @property
    def adapters(self) -> Mapping[str, Adapter]:
        return self.held.adapters


def apply(fresh: FreshPlan, context: ApplyContext) -> Applied:
    """Perform the plan, read the platforms again, and say what became of every change.

    Raises Blocked where the journal is another plan's, Interrupted where a platform, a lock or
    the journal is lost on the way; the plan can be taken up again. So it can where changes are
    handed over to people: what depends on them waits, and the journal does not end.
    """
    journal = context.journal
    stated = digest(fresh.plan)
    if journal.recorded and journal.plan != stated:
        raise Blocked(_another_plan(fresh.id, journal))
    if not journal.recorded:
        _record(fresh, context, [Entry(Event.STARTED, plan=stated, authority=context.authority)])
    elif journal.recorded[-1].entry.event is not Event.FINISHED:
        _record(fresh, context, [Entry(Event.RESUMED, authority=context.authority)])
    course = _course(fresh.plan)
    for step in fresh.plan.steps:
        _perform(step, fresh, context, course)
        context.progress(len(step.changes))
    context.doing("reading everything back")
    try:
        seen = observe(fresh.plan, context.adapters)
    except Unreadable as error:
        raise _interrupted(fresh.id, error) from error
    results = tuple(_result(change, seen, journal, course) for change in fresh.plan.changes())
    for start in range(0, len(results), MOST_IN_A_STEP):
        _record(fresh, context, _verdicts(results[start : start + MOST_IN_A_STEP]))
    if any(result.outcome is Outcome.HANDED_OVER for result in results):
        _record(fresh, context, [Entry(Event.WAITS)])
        return Applied(results, None)
    _record(fresh, context, [Entry(Event.FINISHED)])
    return Applied(results, _corrective(fresh, results, seen, context))


Place: TypeAlias = tuple[str, Address]
"""A change, by its target and object."""


@dataclass(frozen=True, slots=True)
class _Course:
    """What waits while a plan is applied: changes that are handed over, and those that need one."""

    planned: Collection[Place]
    by_hand: Mapping[Address, str]
    """Targets on which people make changes, by object."""
    waiting: set[Place] = field(default_factory=set)

    def place(self, change: Change, need: Address) -> Place:
        """The change that another one needs: on its own target, or made by hand on another one."""
        own = change.target, need
        return own if own in self.planned else (self.by_hand.get(need, change.target), need)

    def waits_for(self, change: Change) -> Address | None:
        """The object for which a change waits, directly or in the end; None where it does not."""
        return next((n for n in change.needs if self.place(change, n) in self.waiting), None)


def _course(plan: Plan) -> _Course:
    by_hand = {c.address: c.target for c in plan.changes() if c.method != "api"}
    return _Course({(c.target, c.address) for c in plan.changes()} if by_hand else (), by_hand)


def _perform(step: Step, fresh: FreshPlan, context: ApplyContext, course: _Course) -> None:
    """Perform one batch, recorded before and after."""
    ready, entries = _due(step, fresh, context.journal, course)
    if not ready:
        _record(fresh, context, entries)
        return
    try:
        lost = context.held.lost(step.target)
    except Unreadable as error:
        raise _interrupted(fresh.id, error) from error
    if lost:
        raise Interrupted(
            apply_codes.LOCK_LOST(
                plan_id=fresh.id, target=step.target, how=lost, count=len(step.changes)
            )
        )
    _record(fresh, context, entries)
    _record(fresh, context, [_entry(Event.ATTEMPTED, change) for change in ready])
    context.doing(_doing(step, len(ready), context))
    try:
        results = context.adapters[step.target].perform(ready)
    except Unreadable as error:
        raise _interrupted(fresh.id, error) from error
    _record(fresh, context, _outcomes(ready, results), unrecorded=len(ready))
    course.waiting.update(
        (change.target, change.address)
        for change, result in zip(ready, results, strict=True)
        if _is_handed_over(result)
    )


def _doing(step: Step, count: int, context: ApplyContext) -> str:
    """Describe what a batch does, in words; it may take long without any sign of progress."""
    supports = context.adapters[step.target].supports
    kinds = {change.address.kind for change in step.changes}
    loads = any(supports[kind].needs_reload for kind in kinds & supports.keys())
    changes = "1 change" if count == 1 else f"{count:,} changes"
    return f"{'writing and loading' if loads else 'writing'} {changes} on {step.target}"


def _record(
    fresh: FreshPlan, context: ApplyContext, entries: Iterable[Entry], *, unrecorded: int = 0
) -> list[Recorded]:
    """Record entries; Interrupted where the journal does not take them; `unrecorded` changes were performed."""
    try:
        return context.journal.record(entries, context.clock)
    except OSError as error:
        raise Interrupted(_not_recorded(fresh.id, context.journal, error, unrecorded)) from error


def _due(
    step: Step, fresh: FreshPlan, journal: Journal, course: _Course
) -> tuple[list[Change], list[Entry]]:
    """Select the changes to perform now, and what is known of the others already."""
    ready: list[Change] = []
    entries: list[Entry] = []
    together = {change.address for change in step.changes}
    for change in step.changes:
        if journal.outcome(change.target, str(change.address)):
            continue
        unmet = [
            need
            for need in change.needs
            if need not in together and _failed(course.place(change, need), journal)
        ]
        if unmet and course.waits_for(change):
            course.waiting.add((change.target, change.address))
        elif unmet:
            entries.append(_entry(Event.NOT_ATTEMPTED, change, f"{unmet[0]} was not done"))
        elif fresh.resumed and has_taken_effect(change, fresh.seen):
            entries += [_entry(Event.ATTEMPTED, change), _entry(Event.DONE, change, FOUND_DONE)]
        elif said := _said_not_done(change, journal):
            entries.append(_entry(Event.FAILED, change, said))
        elif fresh.resumed and change.method == "api" and not is_as_planned(change, fresh.seen):
            reason = "changed by another hand since the plan was made"
            entries.append(_entry(Event.NOT_ATTEMPTED, change, reason))
        else:
            ready.append(change)
    return ready, entries


def _said_not_done(change: Change, journal: Journal) -> str:
    """Why somebody did not make a change that was handed over, by their word; "" where nobody says so."""
    word = journal.word(change.target, str(change.address))
    is_not_done = word is not None and word.entry.event is Event.NOT_DONE
    return f"not done, says {word.entry.reason}" if word is not None and is_not_done else ""


def _failed(place: Place, journal: Journal) -> bool:
    outcome = journal.outcome(place[0], str(place[1]))
    return outcome is None or outcome.entry.event is not Event.DONE


def _outcomes(changes: Sequence[Change], results: Sequence[Result]) -> Iterator[Entry]:
    for change, result in zip(changes, results, strict=True):
        if _is_handed_over(result):
            yield _entry(Event.HANDED_OVER, change, result.sheet)
        else:
            yield _entry(Event.DONE if result.done else Event.FAILED, change, result.reason)


def _is_handed_over(result: Result) -> bool:
    return bool(result.sheet) and not result.done


def _entry(event: Event, change: Change, reason: str = "") -> Entry:
    return Entry(event, change.target, str(change.address), change.action.value, reason)


def _result(
    change: Change, seen: Mapping[str, Observation], journal: Journal, course: _Course
) -> ChangeResult:
    """Judge a change by what the platform shows; the journal says why it is not confirmed."""
    outcome = journal.outcome(change.target, str(change.address))
    is_done = outcome is not None and outcome.entry.event is Event.DONE
    missing = discrepancy(change, seen[change.target])
    if not missing:
        return ChangeResult(change, Outcome.CONFIRMED, "" if is_done else FOUND_DONE)
    if outcome is None:
        if handed := _handed_over(change, journal):
            return handed
        reason = journal.not_attempted(change.target, str(change.address))
        if need := course.waits_for(change):
            reason = f"it waits for {need}, which was handed over"
        return ChangeResult(change, Outcome.NOT_ATTEMPTED, reason)
    return ChangeResult(change, Outcome.NOT_CONFIRMED, outcome.entry.reason or missing)


def _handed_over(change: Change, journal: Journal) -> ChangeResult | None:
    """Say of a change that people are to make where it stands; None where it was not handed over."""
    place = change.target, str(change.address)
    sheet, word = journal.sheet(*place), journal.word(*place)
    if not sheet:
        return None
    said = f"{_WORDS[word.entry.event]} {word.entry.reason}, {word.at}" if word else ""
    return ChangeResult(change, Outcome.HANDED_OVER, said, sheet)


_WORDS = {Event.SIGNED_OFF: "signed off by", Event.NOT_DONE: "not done, says"}


def results_in(plan: Plan, journal: Journal) -> tuple[ChangeResult, ...]:
    """What became of each change, as far as a journal says; for an apply that did not come to its end."""
    return tuple(_recorded_result(change, journal) for change in plan.changes())


def _recorded_result(change: Change, journal: Journal) -> ChangeResult:
    place = change.target, str(change.address)
    verdict = journal.verdict(*place)
    if verdict is not None and verdict.entry.event is Event.CONFIRMED:
        return ChangeResult(change, Outcome.CONFIRMED, verdict.entry.reason)
    if journal.outcome(*place) is None and (handed := _handed_over(change, journal)):
        return handed
    if verdict is None and not journal.attempted(*place):
        return ChangeResult(change, Outcome.NOT_ATTEMPTED, journal.not_attempted(*place))
    reason = verdict.entry.reason if verdict else "it was written, and not read back"
    return ChangeResult(change, Outcome.NOT_CONFIRMED, reason)


def _verdicts(results: Sequence[ChangeResult]) -> Iterator[Entry]:
    events = {Outcome.CONFIRMED: Event.CONFIRMED, Outcome.NOT_CONFIRMED: Event.NOT_CONFIRMED}
    for one in results:
        if one.outcome in events:
            yield _entry(events[one.outcome], one.change, one.reason)


def _corrective(
    fresh: FreshPlan,
    results: Sequence[ChangeResult],
    seen: Mapping[str, Observation],
    context: ApplyContext,
) -> Plan | None:
    """Plan exactly what this one did not bring about; None where that is nothing."""
    planned = []
    for target, observation in seen.items():
        left = {
            one.change.address: one.change
            for one in results
            if one.change.target == target and one.outcome is not Outcome.CONFIRMED
        }
        if not left:
            continue
        narrowed = Observation(
            {a: observation.objects[a] for a in left if a in observation.objects},
            {a: observation.ledger[a] for a in left if a in observation.ledger},
        )
        wanted = {
            a: Resource(a, change.ledger, "")
            for a, change in left.items()
            if change.ledger is not None
        }
        changes = diff(
            target,
            wanted,
            narrowed,
            secrets={a: change.secrets for a, change in left.items()},
            release={a for a, change in left.items() if change.action is Action.RELEASE},
        )
        supports = context.adapters[target].supports
        platform = fresh.plan.platforms.get(target)
        planned.append(TargetPlan(target, changes, wanted, narrowed, supports, 100, 100, platform))
    if not any(target.changes for target in planned):
        return None
    return make_plan(
        planned,
        commit=fresh.plan.commit,
        forced=f"corrects plan {fresh.id}",
        environment=fresh.plan.environment,
    )


def _interrupted(plan_id: str, error: Unreadable) -> Interrupted:
    return Interrupted(
        [
            *error.problems,
            codes.PLATFORM_LOST(plan_id=plan_id),
        ]
    )


def _another_plan(plan_id: str, journal: Journal) -> Diagnostic:
    begun = f"plan {journal.plan[:12]}" if journal.plan else "a plan that it does not name"
    return apply_codes.JOURNAL_OF_ANOTHER(Span(str(journal.path)), plan_id=plan_id, begun=begun)


def _not_recorded(plan_id: str, journal: Journal, error: OSError, unrecorded: int) -> Diagnostic:
    """Describe that the journal did not take what happened, and what was done all the same."""
    what = "cannot be written"
    hint = "make room for it, and see that it may be written"
    if isinstance(error, Overtaken):
        what, hint = "was written by another process", "see who else applies this plan"
    left = "What is performed is recorded; nothing more was written to a platform."
    if unrecorded:
        changes = "1 change was" if unrecorded == 1 else f"{unrecorded:,} changes were"
        left = f"{changes} performed and not recorded: `ccstate verify` shows how they ended."
    return apply_codes.NOT_RECORDED(
        Span(str(journal.path)),
        plan_id=plan_id,
        fault=what,
        reason=error.strerror or error,
        cause=left,
        hint=hint,
    )
