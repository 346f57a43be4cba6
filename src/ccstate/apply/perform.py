"""A fresh plan → the platforms changed, read back, and every change accounted for.

What the journal records as done is not done again. What a killed process left without an outcome
is looked at before it is repeated: what the platform shows already was done.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from ccstate.adapter import Adapter, Result
from ccstate.apply.freshness import FreshPlan, has_taken_effect, is_as_planned, observe
from ccstate.apply.journal import Entry, Event, Journal, Overtaken, Recorded
from ccstate.apply.lock import Held
from ccstate.diff import diff, discrepancy
from ccstate.errors import Blocked, CcstateError, Diagnostic, Span, Unreadable
from ccstate.model import Action, Change, Observation, Outcome, Plan, Resource, Step
from ccstate.plan import MOST_IN_A_STEP, Share, make_plan
from ccstate.plan_file import digest

FOUND = "found done"
"""Why a change counts as done that this run did not see done."""


class Interrupted(CcstateError):
    """Platform, lock or journal were lost in the middle; the plan can be taken up again."""

    exit_code = 4


@dataclass(frozen=True, slots=True)
class Settled:
    """What became of one change, and why where it is not confirmed."""

    change: Change
    outcome: Outcome
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Applied:
    """The outcome of a plan; `corrective` brings about what is missing, None where nothing is."""

    settled: tuple[Settled, ...]
    corrective: Plan | None


@dataclass(frozen=True, slots=True)
class Means:
    """What applying works with: platforms and their locks, records, the clock (ISO 8601),
    progress (changes), and who is told what is being done.
    """

    held: Held
    journal: Journal
    clock: Callable[[], str]
    progress: Callable[[int], None]
    doing: Callable[[str], None]

    @property
    def adapters(self) -> Mapping[str, Adapter]:
        return self.held.adapters


def apply(fresh: FreshPlan, means: Means) -> Applied:
    """Performs the plan, reads the platforms again, and says what became of every change.

    Raises Blocked where the journal is another plan's, Interrupted where a platform, a lock or
    the journal is lost on the way; the plan can be taken up again.
    """
    journal = means.journal
    stated = digest(fresh.plan)
    if journal.recorded and journal.plan != stated:
        raise Blocked([_another_plan(fresh.id, journal)])
    if not journal.recorded:
        _record(fresh, means, [Entry(Event.STARTED, plan=stated)])
    elif journal.recorded[-1].entry.event is not Event.FINISHED:
        _record(fresh, means, [Entry(Event.RESUMED)])
    for step in fresh.plan.steps:
        _perform(step, fresh, means)
        means.progress(len(step.changes))
    means.doing("reading everything back")
    try:
        seen = observe(fresh.plan, means.adapters)
    except Unreadable as error:
        raise _interrupted(fresh.id, error) from error
    settled = tuple(_settled(change, seen, journal) for change in fresh.plan.changes())
    for start in range(0, len(settled), MOST_IN_A_STEP):
        _record(fresh, means, _verdicts(settled[start : start + MOST_IN_A_STEP]))
    _record(fresh, means, [Entry(Event.FINISHED)])
    return Applied(settled, _corrective(fresh, settled, seen, means))


def _perform(step: Step, fresh: FreshPlan, means: Means) -> None:
    """One batch, recorded before and after."""
    ready, entries = _sorted_out(step, fresh, means.journal)
    if not ready:
        _record(fresh, means, entries)
        return
    try:
        lost = means.held.lost(step.target)
    except Unreadable as error:
        raise _interrupted(fresh.id, error) from error
    if lost:
        raise Interrupted([_lock_lost(fresh.id, step, lost)])
    _record(fresh, means, entries)
    _record(fresh, means, [_entry(Event.ATTEMPTED, change) for change in ready])
    means.doing(_words(step, len(ready), means))
    try:
        results = means.adapters[step.target].perform(ready)
    except Unreadable as error:
        raise _interrupted(fresh.id, error) from error
    _record(fresh, means, _outcomes(ready, results), unrecorded=len(ready))


def _words(step: Step, count: int, means: Means) -> str:
    """What a batch does; it may take long, and a platform that takes it whole tells nothing."""
    supports = means.adapters[step.target].supports
    kinds = {change.address.kind for change in step.changes}
    loads = any(supports[kind].needs_reload for kind in kinds & supports.keys())
    changes = "1 change" if count == 1 else f"{count:,} changes"
    return f"{'writing and loading' if loads else 'writing'} {changes} on {step.target}"


def _record(
    fresh: FreshPlan, means: Means, entries: Iterable[Entry], *, unrecorded: int = 0
) -> list[Recorded]:
    """Interrupted where the journal does not take them; `unrecorded` changes were performed."""
    try:
        return means.journal.record(entries, means.clock)
    except OSError as error:
        raise Interrupted([_not_recorded(fresh.id, means.journal, error, unrecorded)]) from error


def _sorted_out(step: Step, fresh: FreshPlan, journal: Journal) -> tuple[list[Change], list[Entry]]:
    """The changes to perform now, and what is known of the others without performing them."""
    ready: list[Change] = []
    entries: list[Entry] = []
    together = {change.address for change in step.changes}
    for change in step.changes:
        if journal.outcome(change.target, str(change.address)):
            continue
        unmet = [
            need
            for need in change.needs
            if need not in together and _failed(change.target, str(need), journal)
        ]
        if unmet:
            entries.append(_entry(Event.NOT_ATTEMPTED, change, f"{unmet[0]} was not done"))
        elif fresh.taken_up and has_taken_effect(change, fresh.seen):
            entries += [_entry(Event.ATTEMPTED, change), _entry(Event.DONE, change, FOUND)]
        elif fresh.taken_up and not is_as_planned(change, fresh.seen):
            reason = "changed by somebody else since the plan was made"
            entries.append(_entry(Event.NOT_ATTEMPTED, change, reason))
        else:
            ready.append(change)
    return ready, entries


def _failed(target: str, address: str, journal: Journal) -> bool:
    outcome = journal.outcome(target, address)
    return outcome is None or outcome.entry.event is not Event.DONE


def _outcomes(changes: Sequence[Change], results: Sequence[Result]) -> Iterator[Entry]:
    for change, result in zip(changes, results, strict=True):
        yield _entry(Event.DONE if result.done else Event.FAILED, change, result.reason)


def _entry(event: Event, change: Change, reason: str = "") -> Entry:
    return Entry(event, change.target, str(change.address), change.action.value, reason)


def _settled(change: Change, seen: Mapping[str, Observation], journal: Journal) -> Settled:
    """What the platform shows decides; the journal says why where that is not what was wanted."""
    outcome = journal.outcome(change.target, str(change.address))
    is_done = outcome is not None and outcome.entry.event is Event.DONE
    missing = discrepancy(change, seen[change.target])
    if not missing:
        return Settled(change, Outcome.CONFIRMED, "" if is_done else FOUND)
    if outcome is None:
        reason = journal.not_attempted(change.target, str(change.address))
        return Settled(change, Outcome.NOT_ATTEMPTED, reason)
    return Settled(change, Outcome.NOT_CONFIRMED, outcome.entry.reason or missing)


def _verdicts(settled: Sequence[Settled]) -> Iterator[Entry]:
    events = {Outcome.CONFIRMED: Event.CONFIRMED, Outcome.NOT_CONFIRMED: Event.NOT_CONFIRMED}
    for one in settled:
        if one.outcome in events:
            yield _entry(events[one.outcome], one.change, one.reason)


def _corrective(
    fresh: FreshPlan,
    settled: Sequence[Settled],
    seen: Mapping[str, Observation],
    means: Means,
) -> Plan | None:
    """A plan for exactly what this one did not bring about; None where that is nothing."""
    shares = []
    for target, observation in seen.items():
        left = {
            one.change.address: one.change
            for one in settled
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
        supports = means.adapters[target].supports
        platform = fresh.plan.platforms.get(target)
        shares.append(Share(target, changes, wanted, narrowed, supports, 100, 100, platform))
    if not any(share.changes for share in shares):
        return None
    return make_plan(shares, commit=fresh.plan.commit, forced=f"corrects plan {fresh.id}")


def _interrupted(plan_id: str, error: Unreadable) -> Interrupted:
    return Interrupted(
        [
            *error.problems,
            Diagnostic(
                "CC501",
                f"the apply of plan {plan_id} was interrupted",
                cause="The platform was lost on the way; what took effect will show when it is read.",
                hint=f"when the platform is back: ccstate apply {plan_id} --resume",
            ),
        ]
    )


def _lock_lost(plan_id: str, step: Step, lost: str) -> Diagnostic:
    return Diagnostic(
        "CC602",
        f"the apply of plan {plan_id} stopped: it no longer holds the lock of {step.target}, {lost}",
        cause=f"Somebody else may be writing there. Its {len(step.changes):,} next changes, and "
        "all behind them, were not begun.",
        hint=f"see who applies what; then: ccstate apply {plan_id} --resume",
    )


def _another_plan(plan_id: str, journal: Journal) -> Diagnostic:
    begun = f"plan {journal.plan[:12]}" if journal.plan else "a plan that it does not name"
    return Diagnostic(
        "CC601",
        f"the journal of plan {plan_id} is that of {begun}",
        Span(str(journal.path)),
        cause="What it records as done could not be matched with what is to do now.",
        hint="put back the plan file as it was reviewed; or move the journal away, and plan again",
    )


def _not_recorded(plan_id: str, journal: Journal, error: OSError, unrecorded: int) -> Diagnostic:
    """The journal did not take what happened; what is on the platform all the same."""
    what = "cannot be written"
    hint = "make room for it, and see that it may be written"
    if isinstance(error, Overtaken):
        what, hint = "was written by another process", "see who else applies this plan"
    left = "What is performed is recorded; nothing more was written to a platform."
    if unrecorded:
        changes = "1 change was" if unrecorded == 1 else f"{unrecorded:,} changes were"
        left = f"{changes} performed and not recorded: `ccstate verify` shows how they ended."
    return Diagnostic(
        "CC608",
        f"the apply of plan {plan_id} stopped: its journal {what}: {error.strerror or error}",
        Span(str(journal.path)),
        cause=left,
        hint=f"{hint}; then: ccstate apply {plan_id} --resume",
    )
