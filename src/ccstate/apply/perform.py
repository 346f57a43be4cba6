"""A fresh plan → the platforms changed, read back, and every change accounted for.

Each batch is one durable step. A step that a killed process left without a record is looked at
before it is repeated: what the platform shows already is not done again.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from ccstate.adapter import Adapter, Result
from ccstate.apply import durable
from ccstate.apply.freshness import FreshPlan, has_taken_effect, is_as_planned, observe
from ccstate.apply.journal import Entry, Event, Journal
from ccstate.diff import diff, discrepancy
from ccstate.errors import CcstateError, Diagnostic, Unreadable
from ccstate.model import Action, Change, Json, Observation, Outcome, Plan, Resource, Step
from ccstate.plan import MOST_IN_A_STEP, Share, make_plan


class Interrupted(CcstateError):
    """A platform was lost in the middle; what took effect is not known yet."""

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
    """What applying works with: platforms, records, the clock (ISO 8601), progress (changes)."""

    adapters: Mapping[str, Adapter]
    journal: Journal
    store: str
    clock: Callable[[], str]
    progress: Callable[[int], None]


def apply(fresh: FreshPlan, means: Means) -> Applied:
    """Performs the plan, reads the platforms again, and says what became of every change.

    Raises Interrupted where a platform is lost on the way; the plan can be taken up again.
    """
    begun = Event.RESUMED if fresh.taken_up else Event.STARTED
    if not any(line.entry.event is Event.FINISHED for line in means.journal.recorded[-1:]):
        means.journal.record([Entry(begun)], means.clock)
    steps = [
        durable.Step(f"{number:05d}-{step.target}", _batch(step, fresh, means))
        for number, step in enumerate(fresh.plan.steps)
    ]
    durable.run(means.store, fresh.id, steps)
    try:
        seen = observe(fresh.plan, means.adapters)
    except Unreadable as error:
        raise _interrupted(fresh.id, error) from error
    settled = tuple(_settled(change, seen, means.journal) for change in fresh.plan.changes())
    for start in range(0, len(settled), MOST_IN_A_STEP):
        verdicts = _verdicts(settled[start : start + MOST_IN_A_STEP])
        means.journal.record(verdicts, means.clock)
    means.journal.record([Entry(Event.FINISHED)], means.clock)
    return Applied(settled, _corrective(fresh, settled, seen, means))


def _batch(step: Step, fresh: FreshPlan, means: Means) -> Callable[[], Json]:
    def do() -> Json:
        ready, entries = _sorted_out(step, fresh, means.journal)
        means.journal.record(entries, means.clock)
        means.journal.record([_entry(Event.ATTEMPTED, change) for change in ready], means.clock)
        try:
            results = means.adapters[step.target].perform(ready) if ready else []
        except Unreadable as error:
            raise _interrupted(fresh.id, error) from error
        stands = means.journal.record(_outcomes(ready, results), means.clock)
        means.progress(len(step.changes))
        return {"failed": sum(recorded.entry.event is Event.FAILED for recorded in stands)}

    return do


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
            entries += [_entry(Event.ATTEMPTED, change), _entry(Event.DONE, change, "found done")]
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
    outcome = journal.outcome(change.target, str(change.address))
    if outcome is None:
        reason = journal.not_attempted(change.target, str(change.address))
        return Settled(change, Outcome.NOT_ATTEMPTED, reason)
    missing = discrepancy(change, seen[change.target])
    if outcome.entry.event is Event.FAILED:
        return Settled(change, Outcome.NOT_CONFIRMED, outcome.entry.reason or missing)
    if missing:
        return Settled(change, Outcome.NOT_CONFIRMED, missing)
    return Settled(change, Outcome.CONFIRMED)


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
        shares.append(Share(target, changes, wanted, narrowed, supports, 100, 100))
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
