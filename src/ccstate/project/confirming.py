"""A change that is taken back unless somebody confirms it: waited for, decided, and settled.

Any process may settle it, on any machine that has the folder, or shares a database (see `sharing`): the one that applied it, `ccstate
confirm`, the worker. The lock of the platform stays with the plan meanwhile, in the name of the process that
took it, so that no other apply comes in between; who settles it acts in that name.
"""

import socket
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from ccstate.adapter import Adapter, Holder
from ccstate.apply import codes as apply_codes
from ccstate.apply import confirmation
from ccstate.apply.confirmation import Before, Decision, Pending, Settled, Standing, Verdict
from ccstate.apply.journal import SETTLED, Entry, Event, Journal, open_journal
from ccstate.apply.lock import Held, Life, Warn, life
from ccstate.apply.perform import (
    ApplyContext,
    FreshPlan,
    Receipt,
    apply,
    check_fresh,
    check_resumable,
    results_in,
)
from ccstate.apply.reversal import Known, Lookup
from ccstate.authority import Authority, Request
from ccstate.desired import Desired
from ccstate.errors import Blocked, CcstateError, Diagnostic, InvalidInput, Severity, Unreadable
from ccstate.history.records import FILE as RECORD
from ccstate.model import Address, Outcome, Plan, Rollback
from ccstate.plan_file import ID_LENGTH, digest
from ccstate.project import sharing
from ccstate.project.plan_folder import RECEIPT, SavedPlans, refuse_other_platforms
from ccstate.project.policy import account
from ccstate.project.rollback import compare_back, earlier_values, way_back
from ccstate.project.targets import Targets
from ccstate.render.receipt import receipt_markdown

POLL = 0.5
"""Seconds between two looks whether somebody has confirmed."""

NOBODY = "nobody confirmed it in time"
Clock = Callable[[], datetime]


@dataclass(frozen=True, slots=True)
class Unconfirmed:
    """The changes of a project that wait for a confirmation."""

    plans: SavedPlans
    targets: Targets

    def waiting(self) -> list[str]:
        """List the plans whose changes wait to be confirmed, or to be taken back."""
        return sharing.waiting(self.plans)

    def due(self, now: datetime) -> list[str]:
        """List the plans whose changes can be settled from here: decided, or out of time.

        A damaged note is due, so that it is reported.
        """
        own = [each for each in self.plans.pending() if _is_due(self.plans.folder(each), now)]
        return [*own, *sharing.due_here(self.plans, now)]

    def confirm(self, plan: str = "") -> str:
        """Confirm the change of a plan, or the only one that waits for it; return the plan's id.

        Raises InvalidInput where none waits, Blocked where it is too early or too late; where it is
        too late and its own apply has died, the change is taken back first.
        """
        plan_id = chosen(self.plans, plan)
        try:
            confirm(self.plans, plan_id, this_user())
        finally:
            settle(self.plans, self.targets, plan_id, this_user())
        return plan_id

    def take_back(self, plan: str = "") -> Receipt | None:
        """Take a change back that waits for its confirmation; None where its own apply does so."""
        plan_id = chosen(self.plans, plan)
        return refuse_it(self.plans, self.targets, plan_id, this_user())

    def settle(self, plan_id: str) -> Receipt | None:
        """Take a change back whose time is up, or end what was decided; None where neither is so."""
        return settle(self.plans, self.targets, plan_id, this_user())


def _is_due(folder: Path, now: datetime) -> bool:
    try:
        pending = confirmation.read_pending(folder)
        decided = confirmation.read_decision(folder)
    except CcstateError:
        return True
    return pending is not None and (decided is not None or now >= pending.due(elsewhere=False))


def this_user() -> str:
    """Name the user and the machine, as locks do: user@host."""
    return f"{account()}@{socket.gethostname()}"


def clock() -> datetime:
    return datetime.now(UTC)


def in_words(moment: datetime) -> str:
    return moment.isoformat(timespec="seconds")


def begin(plans: SavedPlans, fresh: FreshPlan, within: float, now: Clock = clock) -> None:
    """Write down, before the first write to a platform, what has to be confirmed, and what was before."""
    folder = plans.folder(fresh.id)
    if confirmation.read_pending(folder) is not None:
        return  # of an apply that goes on
    before: dict[str, dict[Address, Before]] = {}
    for change in fresh.plan.changes():
        seen = fresh.seen[change.target]
        fields = seen.ledger.get(change.address)
        secrets = seen.references.get(change.address, {})
        if fields is not None:
            found = Before(dict(fields), dict(secrets))
            before.setdefault(change.target, {})[change.address] = found
    stated = digest(fresh.plan)
    home = sharing.here(plans) if plans.shared else ""
    started = in_words(now())
    pending = Pending(plan=stated, within=within, started=started, before=before, home=home)
    confirmation.write_pending(folder, pending)
    if plans.shared:
        try:
            plans.shared.remove(fresh.id)  # of an earlier apply, which died before it began
            sharing.share(plans, fresh.id, pending)
        except Unreadable:
            confirmation.forget(folder)
            raise


def written(plans: SavedPlans, plan_id: str, warn: Warn, now: Clock = clock) -> datetime:
    """Note that the change is written, so that its time runs; return when that ends."""
    folder = plans.folder(plan_id)
    pending = confirmation.read_pending(folder)
    if pending is None:
        raise InvalidInput(apply_codes.NOT_TO_CONFIRM(plan_id=plan_id))
    until = now() + timedelta(seconds=pending.within)
    noted = replace(pending, until=in_words(until))
    with telling(warn):
        sharing.share(plans, plan_id, noted)
    confirmation.write_pending(folder, noted)
    return until


@contextmanager
def telling(warn: Warn) -> Iterator[list[Diagnostic]]:
    """Warn where other machines cannot be told of a change, and go on; what was wrong is in the list."""
    lost: list[Diagnostic] = []
    try:
        yield lost
    except Unreadable as error:
        lost += [replace(problem, severity=Severity.WARNING) for problem in error.problems]
        warn(lost)


def decide(
    plans: SavedPlans, plan_id: str, verdict: Verdict, *, by: str, reason: str, now: Clock = clock
) -> Decision:
    """Decide whether the change stays, unless that is decided; return what is.

    A change goes also where other machines cannot be asked: who cut himself off is cut off from them.
    """
    decision = Decision(verdict=verdict, by=by, at=in_words(now()), reason=reason)
    if plans.shared:
        try:
            decision = plans.shared.decide(plan_id, decision)
        except Unreadable:
            if verdict is Verdict.STAYS:
                raise
    folder = plans.folder(plan_id)
    is_here = confirmation.read_pending(folder) is not None
    return confirmation.decide(folder, decision) if is_here else decision


def decided(plans: SavedPlans, plan_id: str) -> Decision | None:
    """Read what was decided, here or on another machine; None where nothing is known."""
    found = confirmation.read_decision(plans.folder(plan_id))
    if found is None and plans.shared:
        with suppress(Unreadable):
            found = plans.shared.decision(plan_id)
    return found


def chosen(plans: SavedPlans, given: str) -> str:
    """Find the plan whose change waits: the one that is named, or the only one."""
    waiting = sharing.waiting(plans)
    if given:
        found = [each for each in waiting if each.startswith(given[:ID_LENGTH])]
        plan_id = found[0] if len(found) == 1 else plans.find(given)
        if plan_id not in waiting:
            raise InvalidInput(apply_codes.NOT_TO_CONFIRM(plan_id=plan_id))
        return plan_id
    if not waiting:
        raise InvalidInput(apply_codes.NOTHING_TO_CONFIRM())
    if len(waiting) > 1:
        raise InvalidInput(apply_codes.SEVERAL_TO_CONFIRM(count=len(waiting), plan_id=waiting[0]))
    return waiting[0]


def confirm(plans: SavedPlans, plan_id: str, by: str, now: Clock = clock) -> Decision:
    """Decide that the change stays. Raises Blocked where it is too early or too late for that."""
    pending = sharing.pending_of(plans, plan_id)
    decision = decided(plans, plan_id)
    if decision is None and pending is not None:
        if not pending.until:
            raise Blocked(apply_codes.CONFIRMED_TOO_EARLY(plan_id=plan_id))
        if now() < datetime.fromisoformat(pending.until):
            decision = decide(plans, plan_id, Verdict.STAYS, by=by, reason="", now=now)
        else:
            decision = decide(plans, plan_id, Verdict.GOES, by=by, reason=NOBODY, now=now)
    if decision is None:
        raise InvalidInput(apply_codes.NOT_TO_CONFIRM(plan_id=plan_id))
    if decision.verdict is Verdict.GOES:
        reason = decision.reason or "somebody decided so"
        raise Blocked(
            apply_codes.CONFIRMED_TOO_LATE(
                plan_id=plan_id, reason=reason, at=decision.at, by=decision.by
            )
        )
    return decision


def refuse_it(
    plans: SavedPlans, targets: Targets, plan_id: str, by: str, now: Clock = clock
) -> Receipt | None:
    """Decide that the change goes, and take it back; None where its own apply, which lives, does so."""
    decision = decide(plans, plan_id, Verdict.GOES, by=by, reason="somebody decided so", now=now)
    if decision.verdict is Verdict.STAYS:
        raise Blocked(
            apply_codes.CONFIRMED_ALREADY(plan_id=plan_id, at=decision.at, by=decision.by)
        )
    return settle(plans, targets, plan_id, by, now=now)


def settle(
    plans: SavedPlans,
    targets: Targets,
    plan_id: str,
    by: str,
    *,
    own: Holder | None = None,
    now: Clock = clock,
) -> Receipt | None:
    """Bring about what is decided, or due; None where it is not yet, or another process does it.

    `own` is the holder of the locks where this process has them. Raises Unreadable or Interrupted where
    a platform is lost: what is pending stays so, and is settled later.
    """
    sharing.fetch(plans, plan_id, now())
    folder = plans.folder(plan_id)
    if not folder.is_dir():
        return None
    # Others leave it to the process that holds the locks, so that this one must not leave it to them.
    turn = confirmation.in_turn if own else confirmation.alone
    with turn(folder) as is_alone:
        pending = confirmation.read_pending(folder) if is_alone else None
        if pending is None:
            return None
        if sharing.ended_elsewhere(plans, plan_id, pending):
            confirmation.forget(folder)
            return None
        plan = plans.reviewed(plan_id)
        refuse_other_platforms(plan, targets.settings)
        if digest(plan) != pending.plan:
            fault = "it is about another plan"
            raise Unreadable(
                apply_codes.CONFIRMATION_UNREADABLE(file=confirmation.PENDING, reason=fault)
            )
        found = targets.named(list(dict.fromkeys(step.target for step in plan.steps)))
        adapters = {target.name: targets.adapter(target) for target in found}
        journal = open_journal(plans.journal(plan_id))
        this = _Settlement(plans, targets, plan_id, plan, pending, adapters, journal, by, now)
        return this.settle(own)


@dataclass(slots=True)
class _Settlement:
    plans: SavedPlans
    targets: Targets
    plan_id: str
    plan: Plan
    pending: Pending
    adapters: Mapping[str, Adapter]
    journal: Journal
    by: str
    now: Clock

    def settle(self, own: Holder | None) -> Receipt | None:
        holders = {name: adapter.holder() for name, adapter in self.adapters.items()}
        ours = {name: h for name, h in holders.items() if h and h.plan == self.plan_id}
        if not self.journal.recorded and not self.still_begins(ours.values(), own):
            return self.never_begun(ours)
        if self.journal.last(*SETTLED):
            return self.finish(ours)  # a process was killed after it had recorded that
        if len(ours) < len(holders):
            lost = sorted(holders.keys() - ours.keys())[0]
            reason = f"the lock of {lost} was removed: other applies may have come in between"
            return self.record(Event.NOT_TAKEN_BACK, reason, ours)
        decision = decided(self.plans, self.plan_id)
        if not self.is_free(ours.values(), own, decision):
            return None
        if decision is None:
            decision = decide(
                self.plans, self.plan_id, Verdict.GOES, by=self.by, reason=NOBODY, now=self.now
            )
        if decision.verdict is Verdict.STAYS:
            return self.record(Event.ACCEPTED, decision.by, ours)
        return self.take_back(ours, decision)

    def still_begins(self, holders: Iterable[Holder], own: Holder | None) -> bool:
        """Whether the apply lives that has written down what is pending, and nothing else yet."""
        return not self.is_free(holders, own, None)

    def never_begun(self, ours: Mapping[str, Holder]) -> Receipt:
        """Give the locks back of an apply that died before its first write: the plan waits again."""
        for name, holder in ours.items():
            self.adapters[name].unlock(holder)
        self.forget()
        settled = Settled(Standing.TAKEN_BACK, self.by, self.stamp(), "nothing had been written")
        results = results_in(self.plan, self.journal)
        return Receipt(self.plan_id, results, self.stamp(), self.stamp(), settled=settled)

    def is_free(
        self, holders: Iterable[Holder], own: Holder | None, decision: Decision | None
    ) -> bool:
        """Whether this process may settle it now: no other one does, and it is decided or due."""
        states = {Life.DEAD if holder == own else life(holder) for holder in holders}
        if Life.ALIVE in states:
            return False
        elsewhere = Life.UNKNOWN in states
        if decision is not None and not elsewhere:
            return True
        return self.now() >= self.pending.due(elsewhere=elsewhere)

    def take_back(self, ours: Mapping[str, Holder], decision: Decision) -> Receipt:
        for adapter in self.adapters.values():
            adapter.recover()
        back_id = self.begun()
        if not back_id:
            back_id, back = self.planned(decision)
            if not back.steps:
                return self.record(Event.TAKEN_BACK, decision.reason, ours)
        else:
            back = self.plans.reviewed(back_id)
        try:
            receipt = self.applied(back_id, back, ours, decision)
        except Blocked as refused:
            reason = f"plan {back_id} was refused: {refused.problems[0].message}"
            return self.record(Event.NOT_TAKEN_BACK, reason, ours)
        if receipt.confirmed:
            return self.record(Event.TAKEN_BACK, decision.reason, ours)
        missing = len(receipt.results) - len(receipt.of(Outcome.CONFIRMED))
        reason = f"{missing} of {len(receipt.results)} changes of plan {back_id} are not confirmed"
        return self.record(Event.NOT_TAKEN_BACK, reason, ours)

    def begun(self) -> str:
        """Find the way back that was begun already; "" where none was."""
        known = self.journal.last(Event.TAKING_BACK)
        plan_id = known.entry.reason if known else ""
        return plan_id if plan_id in self.plans.ids() and self.plans.is_begun(plan_id) else ""

    def planned(self, decision: Decision) -> tuple[str, Plan]:
        """Plan the way back from what the platforms show now, and name it in the journal."""
        nothing = Desired({}, frozenset(), (), {})
        found, remains = compare_back(self.targets, self.plan, self.known, nothing)
        of = Rollback(self.plan_id, self.plan.commit, tuple(remains))
        force = f"takes back plan {self.plan_id}: {decision.reason or 'not confirmed'}"
        back, _ = way_back(self.targets, of, found, force=force)
        if not back.steps:
            return "", back
        plan_id, back = self.plans.write(back)
        self.journal.record([Entry(Event.TAKING_BACK, reason=plan_id)], self.stamp)
        return plan_id, back

    @property
    def known(self) -> Lookup:
        """What was declared of each object before the plan, as its apply noted it."""
        noted = {a: one for found in self.pending.before.values() for a, one in found.items()}
        earlier = earlier_values(self.plans, self.targets, self.plan_id, self.plan)

        def known(address: Address) -> Known:
            before = noted.get(address, Before())
            found = earlier(address)
            return Known(before.fields, {**found.secrets, **before.secrets})

        return known

    def applied(
        self, back_id: str, back: Plan, ours: Mapping[str, Holder], decision: Decision
    ) -> Receipt:
        """Apply the way back, in the name of the process that holds the locks."""
        journal = open_journal(self.plans.journal(back_id))
        self.plans.keep(back_id)
        check = check_resumable if journal.recorded else check_fresh
        held = Held(next(iter(ours.values())), self.adapters)
        fresh = check(back_id, back, {name: self.adapters[name] for name in self.targets_of(back)})
        reason = f"takes back plan {self.plan_id}: {decision.reason}".rstrip(": ")
        user, _, host = self.by.rpartition("@")
        authority = Authority(Request(reason=reason), applied_by=user, host=host)
        context = ApplyContext(held, journal, self.stamp, _nothing, _nothing, authority)
        done = apply(fresh, context)
        corrective = self.plans.write(done.corrective)[0] if done.corrective else ""
        receipt = Receipt(
            back_id,
            done.results,
            journal.recorded[0].at,
            self.stamp(),
            corrective,
            back.kept,
            authority=journal.authority,
        )
        self.keep_records(receipt, back)
        return receipt

    def targets_of(self, plan: Plan) -> list[str]:
        return list(dict.fromkeys(step.target for step in plan.steps))

    def record(self, event: Event, reason: str, ours: Mapping[str, Holder]) -> Receipt:
        """Record what became of the change, and finish."""
        self.journal.record([Entry(event, reason=reason)], self.stamp)
        return self.finish(ours)

    def finish(self, ours: Mapping[str, Holder]) -> Receipt:
        """Write the receipt, give the locks back, and forget what was pending."""
        recorded = self.journal.recorded
        receipt = Receipt(
            self.plan_id,
            results_in(self.plan, self.journal),
            recorded[0].at,
            recorded[-1].at,
            kept=self.plan.kept,
            authority=self.journal.authority,
            settled=settled_in(
                self.journal, confirmation.read_decision(self.plans.folder(self.plan_id))
            ),
        )
        self.keep_records(receipt, self.plan)
        with telling(self.targets.listener.warn) as lost:
            sharing.share(self.plans, self.plan_id, self.pending)
        for name, holder in ours.items():
            self.adapters[name].unlock(holder)
        if not lost:
            self.forget()
        return receipt

    def forget(self) -> None:
        """Forget what was pending, here and on other machines."""
        confirmation.forget(self.plans.folder(self.plan_id))
        with telling(self.targets.listener.warn):
            sharing.close(self.plans, self.plan_id, self.pending)

    def keep_records(self, receipt: Receipt, plan: Plan) -> None:
        folder = self.plans.folder(receipt.plan_id)
        if not (folder / RECORD).exists():
            (folder / RECEIPT).write_text(receipt_markdown(receipt), encoding="utf-8")
            self.plans.record(receipt, plan)
        self.plans.remember(receipt.corrective)

    def stamp(self) -> str:
        return in_words(self.now())


def settled_in(journal: Journal, decision: Decision | None) -> Settled | None:
    """Read what became of a change that had to be confirmed; None where that is open."""
    found = journal.last(*SETTLED)
    if found is None:
        return None
    back = journal.last(Event.TAKING_BACK)
    plan = back.entry.reason if back else ""
    by = decision.by if decision else ""
    match found.entry.event:
        case Event.ACCEPTED:
            return Settled(Standing.STAYS, found.entry.reason, found.at)
        case Event.TAKEN_BACK:
            return Settled(Standing.TAKEN_BACK, by, found.at, found.entry.reason, plan)
        case _:
            return Settled(Standing.NOT_TAKEN_BACK, by, found.at, found.entry.reason, plan)


def _nothing(_: object) -> None:
    """Take a report of progress, for nobody waits for it."""
