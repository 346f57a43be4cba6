"""An apply from a plan's id to its receipt: which plan, under which locks, what is recorded."""

from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import NamedTuple

from ccstate import codes, plan_file
from ccstate.adapter import Adapter, Holder, SecretsUnseen
from ccstate.apply import codes as apply_codes
from ccstate.apply.confirmation import Verdict, read_decision
from ccstate.apply.drain import drain
from ccstate.apply.journal import Journal, open_journal
from ccstate.apply.lock import Held, Life, holding, holding_again, life, release, this_process
from ccstate.apply.perform import (
    ApplyContext,
    FreshPlan,
    Receipt,
    apply,
    check_fresh,
    check_resumable,
    has_taken_effect,
    refuse_preview,
)
from ccstate.authority import NO_AUTHORITY, Authority
from ccstate.drafts import references
from ccstate.errors import (
    Blocked,
    CcstateError,
    Diagnostic,
    InvalidInput,
    Locked,
    Severity,
    Span,
    Unreadable,
)
from ccstate.history.commits import head_commit, same_desired_state
from ccstate.history.overtaken import is_in_history, redeclared
from ccstate.model import Outcome, Plan, by_target
from ccstate.plan_file import FOLDER
from ccstate.project import confirming
from ccstate.project.listener import Progress
from ccstate.project.plan_folder import (
    RECEIPT,
    SavedPlans,
    refuse_other_environment,
    refuse_other_platforms,
)
from ccstate.project.policy import judge_now, refuse
from ccstate.project.targets import Targets
from ccstate.render.plans import ListedPlan
from ccstate.render.receipt import receipt_markdown
from ccstate.render.values import name_first
from ccstate.report_format.objects import PlanState

MOST_NAMED = 5
"""Call tests that are named."""


def choose_plan(plans: SavedPlans, targets: Targets, given: str | None, *, resume: bool) -> str:
    """Choose the plan that is applied: the one that is named, else the latest or the interrupted one.

    Raises InvalidInput where there is none, Blocked where it is not of what is checked out, Locked
    where it is being applied.
    """
    if given is not None:  # "" names no plan: a variable of a script that was not set
        return plans.find(given)
    if resume:
        return plans.interrupted_last()
    try:
        latest = plans.latest()
    except InvalidInput:
        # A plan that was begun may be running: only its locks show whether it was interrupted.
        for stopped in plans.interrupted():
            with _Apply(plans, targets, stopped, read_plan(plans, targets, stopped)).locked():
                pass
        raise
    _refuse_another_commit(plans, targets, latest)
    return latest


def read_plan(plans: SavedPlans, targets: Targets, plan_id: str, given: str = "") -> Plan:
    """Read the plan that was reviewed, for the platforms that the project names."""
    plan = plans.reviewed(plan_id, given)
    refuse_other_environment(plan, targets.settings)
    refuse_other_platforms(plan, targets.settings)
    refuse_preview(plan)  # before a lock is asked for: who made it may not write one
    return plan


@dataclass(frozen=True, slots=True)
class ToConfirm:
    """How a change is confirmed; `within` seconds where it has to be."""

    within: float | None
    failing: Callable[[Plan], Sequence[str]]
    """Walks the call tests on the platforms as they are, and makes them as calls where that is allowed."""


def apply_plan(
    plans: SavedPlans,
    targets: Targets,
    plan_id: str,
    plan: Plan,
    *,
    resume: bool,
    wait: float | None,
    authority: Authority | None = None,
    base: str = "",
    emergency: str = "",
    confirm: ToConfirm | None = None,
) -> Receipt:
    """Apply a plan under the locks of its platforms; `wait`: seconds to wait for callers.

    Where no authority is given, the plan's commit says who asked, and this process who applies.
    The policy of the base counts; an emergency has a reason. `confirm` says that the change has to be
    confirmed, and how. Raises Blocked where it was applied already, begun and not resumed, or by
    that policy; Locked where that has it wait.
    """
    _refuse_finished(plans, plan_id)
    _refuse_decided(plans, plan_id)
    if confirm is not None and confirm.within is not None:
        _refuse_by_hand(plan_id, plan)
    judged = judge_now(targets.settings, plan, authority, base=base, emergency=emergency)
    refuse(judged.verdict)  # before a lock is asked for
    applying = _Apply(plans, targets, plan_id, plan, judged.authority, confirm)
    with applying.locked(resume=resume) as held:
        # Looked at again under the locks: another apply may have ended meanwhile.
        _refuse_finished(plans, plan_id)
        if plans.is_begun(plan_id) and not (resume or plans.waits(plan_id)):
            raise Blocked(codes.APPLY_INTERRUPTED(plan_id=plan_id))
        try:
            if wait is not None:
                drain(plan, held.adapters, wait, targets.listener.remark)
            # At this moment: a freeze may have begun while it waited.
            again = judge_now(targets.settings, plan, authority, base=base, emergency=emergency)
            refuse(again.verdict)
            applying.warn([replace(p, severity=Severity.WARNING) for p in again.verdict.overruled])
            receipt = applying.perform(held)
            if applying.is_pending():
                receipt = applying.await_confirmation(held, receipt)
        except KeyboardInterrupt:
            if plan_id in plans.interrupted():
                targets.listener.remark(f"\nStopped. To go on:  ccstate apply {plan_id} --resume")
            raise
    return replace(receipt, warnings=tuple(applying.warnings))


def _refuse_decided(plans: SavedPlans, plan_id: str) -> None:
    """Refuse to go on with a plan that is being taken back."""
    decided = read_decision(plans.folder(plan_id))
    if decided is not None and decided.verdict is Verdict.GOES:
        raise Blocked(
            apply_codes.CONFIRMED_TOO_LATE(
                plan_id=plan_id, reason=decided.reason, at=decided.at, by=decided.by
            )
        )


def _refuse_by_hand(plan_id: str, plan: Plan) -> None:
    """Refuse to take back in time what people do: nothing but they can."""
    by_hand = [change for change in plan.changes() if change.method != "api"]
    if by_hand:
        target = by_hand[0].target
        raise Blocked(apply_codes.HANDED_OVER_UNCONFIRMED(plan_id=plan_id, target=target))


def nothing_to_apply() -> Receipt:
    """Return the receipt of a plan without changes, which is not saved."""
    return Receipt("", (), _now(), _now())


@dataclass(slots=True)
class _Apply:
    plans: SavedPlans
    targets: Targets
    plan_id: str
    plan: Plan
    authority: Authority = NO_AUTHORITY
    confirm: ToConfirm | None = None
    total: int = field(init=False)
    warnings: list[Diagnostic] = field(default_factory=list)
    done: int = 0
    doing: str = ""

    def __post_init__(self) -> None:
        self.total = sum(1 for _ in self.plan.changes())

    def locked(self, *, resume: bool = False) -> AbstractContextManager[Held]:
        """Take the locks of all platforms that the plan writes to."""
        names = list(dict.fromkeys(step.target for step in self.plan.steps))
        found = self.targets.named(names) if names else []
        adapters = {target.name: self.targets.adapter(target) for target in found}
        holder = this_process(confirming.this_user(), _now(), self.plan_id)
        return (holding_again if resume else holding)(adapters, holder, self.warn, self.is_pending)

    def is_pending(self) -> bool:
        """Whether the change still has to be confirmed: then its locks stay, whatever becomes of us."""
        return self.plan_id in self.plans.pending()

    def await_confirmation(self, held: Held, receipt: Receipt) -> Receipt:
        """Test what callers meet, wait until somebody confirms, and take the change back if nobody does."""
        by = confirming.this_user()
        try:
            verdict, reason = self._judged(receipt)
        except KeyboardInterrupt:
            self.targets.listener.remark("\nStopped before it was confirmed.")
            verdict, reason = Verdict.GOES, "the apply was stopped before somebody confirmed it"
        decision = confirming.decide(self.plans, self.plan_id, verdict, by=by, reason=reason)
        if decision.verdict is Verdict.GOES:
            self.targets.listener.remark(f"Taking the change back: {decision.reason}")
        settled = confirming.settle(self.plans, self.targets, self.plan_id, by, own=held.holder)
        if settled is None:  # another process was quicker: it has written what became of it
            journal = open_journal(self.plans.journal(self.plan_id))
            return replace(receipt, settled=confirming.settled_in(journal, decision))
        return settled

    def _judged(self, receipt: Receipt) -> tuple[Verdict, str]:
        """Say whether the change stays, and why not: it failed, calls fail, or nobody confirms it."""
        until = confirming.written(self.plans, self.plan_id, self.warn)
        if not receipt.confirmed:
            missing = len(receipt.results) - len(receipt.of(Outcome.CONFIRMED))
            return Verdict.GOES, f"{missing} of {len(receipt.results)} changes are not confirmed"
        if self.confirm:
            self._do("testing calls")
            if failing := self.confirm.failing(self.plan):
                more = f" and {len(failing) - MOST_NAMED} more" if len(failing) > MOST_NAMED else ""
                return Verdict.GOES, f"call tests fail: {', '.join(failing[:MOST_NAMED])}{more}"
            until = confirming.written(
                self.plans, self.plan_id, self.warn
            )  # people have all of the time
        self._do("waiting for a confirmation")
        self.targets.listener.remark(
            f"Written and read back. It is taken back at {confirming.in_words(until)}, unless "
            f"somebody confirms it:  ccstate confirm {self.plan_id}"
        )
        while (decision := confirming.decided(self.plans, self.plan_id)) is None:
            if confirming.clock() >= until:
                return Verdict.GOES, confirming.NOBODY
            if self.targets.listener.is_confirmed(confirming.POLL):
                return Verdict.STAYS, ""
        return decision.verdict, decision.reason

    def perform(self, held: Held) -> Receipt:
        """Apply the plan under its locks, and write the receipt."""
        journal = open_journal(self.plans.journal(self.plan_id))
        self.plans.keep(self.plan_id)
        self._do("")
        self._do("looking whether the plan still fits")
        # An apply that was killed before it began has done nothing: the plan must be fresh.
        check = check_resumable if journal.recorded else check_fresh
        fresh = check(self.plan_id, self.plan, held.adapters)
        _refuse_unresolved(fresh, held.adapters)
        if self.confirm and self.confirm.within is not None:
            confirming.begin(self.plans, fresh, self.confirm.within)
        applied = apply(fresh, self._context(held, journal))
        # From here on the platforms are as they are: what fails is a warning.
        corrective = ""
        if applied.corrective:
            with self._warning("the plan for what is missing could not be written"):
                corrective, _ = self.plans.write(applied.corrective)
        with self._warning("which plan is the latest could not be noted"):
            self.plans.remember(corrective)
        receipt = Receipt(
            self.plan_id,
            applied.results,
            journal.recorded[0].at,
            _now(),
            corrective,
            self.plan.kept,
            authority=journal.authority,
        )
        if self.is_pending():
            return receipt  # it is written once it is settled whether the change stays
        with self._warning("the receipt could not be written"):
            path = self.plans.root / FOLDER / self.plan_id / RECEIPT
            path.write_text(receipt_markdown(receipt), encoding="utf-8")
        if receipt.waits:
            return receipt  # it is recorded once it has come to its end
        with self._warning("the record of the apply could not be written"):
            self.plans.record(receipt, self.plan)
        return receipt

    def _context(self, held: Held, journal: Journal) -> ApplyContext:
        return ApplyContext(held, journal, _now, self._add, self._do, self.authority)

    def _add(self, done: int) -> None:
        self.done += done
        self._do(self.doing)

    def _do(self, doing: str) -> None:
        self.doing = doing
        self.targets.listener.applying(Progress(self.plan_id, self.done, self.total, doing))

    @contextmanager
    def _warning(self, what: str) -> Iterator[None]:
        """Warn of a record that could not be written after an apply, and go on."""
        try:
            yield
        except (OSError, InvalidInput) as error:
            reason = error.strerror if isinstance(error, OSError) else error.problems[0].message
            file = error.filename if isinstance(error, OSError) else None
            warning = codes.RECORD_UNWRITTEN(
                Span(str(file)) if file else None, record=what, reason=reason
            )
            self.warn([warning])

    def warn(self, warnings: Sequence[Diagnostic]) -> None:
        self.warnings += warnings
        self.targets.listener.warn(warnings)


class Unlocked(NamedTuple):
    """The locks that were removed, by target; and the plans among theirs that were interrupted."""

    removed: Mapping[str, Holder]
    interrupted: Sequence[str]
    kept: Sequence[CcstateError]
    """Why locks were kept: their holders live, or may live; or a platform does not answer."""


def unlock(plans: SavedPlans, targets: Targets, names: Collection[str], owner: str) -> Unlocked:
    """Remove the locks that dead processes left on the named targets."""
    kept: list[CcstateError] = []
    removed: dict[str, Holder] = {}
    for target in targets.named(names):
        try:
            adapter = targets.adapter(target)
            _refuse_pending(plans, target.name, adapter, owner)
            holder = release(target.name, adapter, owner, _now())
        except (Locked, Unreadable) as error:  # a platform that is away keeps no other locked
            kept.append(error)
            continue
        if holder is not None:
            removed[target.name] = holder
    known = dict.fromkeys(holder.plan for holder in removed.values())
    return Unlocked(removed, [plan for plan in known if plan in plans.interrupted()], kept)


def refuse_overtaken(plans: SavedPlans, targets: Targets, plan_id: str, plan: Plan) -> None:
    """Refuse a plan whose commit was dropped, or whose objects are declared otherwise by now.

    Of one that was begun that is not asked: what it left half done has to come to an end. Of files
    that no commit has, only the commit that they differed from counts.
    """
    commit = plan.commit.rstrip("+")
    if not commit or plans.is_begun(plan_id):
        return
    folders = targets.settings.folders
    made, now = _commit(commit), head_commit(plans.root, *folders)
    if same_desired_state(plans.root, commit, now.rstrip("+"), *folders):
        return
    if not is_in_history(plans.root, commit):
        raise Blocked(codes.PLAN_NOT_IN_HISTORY(plan_id=plan_id, made=made, now=_commit(now)))
    if plan.commit.endswith("+"):
        return
    changed = {change.address for change in plan.changes()}
    if found := redeclared(plans.root, folders, commit, changed):
        verb = "is" if len(found) == 1 else "are"
        objects = f"{name_first([str(address) for address in found], len(found))} {verb}"
        raise Blocked(codes.PLAN_OVERTAKEN(plan_id=plan_id, made=made, objects=objects))


def _refuse_pending(plans: SavedPlans, name: str, adapter: Adapter, owner: str) -> None:
    """Refuse to remove the lock of a change that waits for its confirmation, unless its owner is named."""
    holder = adapter.holder()
    if holder is not None and holder.plan in plans.pending() and owner != holder.owner:
        raise Locked(apply_codes.LOCK_PENDING(plan_id=holder.plan, name=name))


def _refuse_another_commit(plans: SavedPlans, targets: Targets, plan_id: str) -> None:
    """Refuse a latest plan that is not of the commit checked out, which was reverted perhaps."""
    folders = targets.settings.folders
    made = read_plan(plans, targets, plan_id).commit
    now = head_commit(plans.root, *folders)
    if made == now or same_desired_state(plans.root, made, now, *folders):
        return
    problem = codes.PLAN_OF_ANOTHER_COMMIT(plan_id=plan_id, made=_commit(made), now=_commit(now))
    raise Blocked(problem)


def _commit(commit: str) -> str:
    if not commit:
        return "no commit"
    more = " with changes that are not committed" if commit.endswith("+") else ""
    return f"commit {commit.rstrip('+')[:12]}{more}"


def _refuse_unresolved(fresh: FreshPlan, adapters: Mapping[str, Adapter]) -> None:
    """Refuse to write before every secret that is still to be written can be read."""
    left = [change for change in fresh.plan.changes() if not has_taken_effect(change, fresh.seen)]
    for target, changes in by_target(left).items():
        try:
            adapters[target].seal(references(changes))
        except SecretsUnseen as closed:
            raise Blocked(codes.RIGHTS_MISSING(first=f"{target}: {closed}")) from None


def _refuse_finished(plans: SavedPlans, plan_id: str) -> None:
    if plans.is_finished(plan_id):
        raise Blocked(codes.PLAN_BEGUN(plan_id=plan_id, folder=FOLDER, receipt=RECEIPT))


def _now() -> str:
    return confirming.in_words(confirming.clock())


def list_plans(plans: SavedPlans, targets: Targets) -> list[ListedPlan]:
    """List every saved plan and its state; only where that is open, its platforms are asked.

    A plan is stale once another commit is checked out than it was made from.
    """
    commit = head_commit(plans.root, *targets.settings.folders)
    return [_describe(plans, targets, plan_id, commit) for plan_id in plans.own_ids()]


def _describe(plans: SavedPlans, targets: Targets, plan_id: str, commit: str) -> ListedPlan:
    path = plans.folder(plan_id) / plan_file.FILE
    made = datetime.fromtimestamp(path.stat().st_mtime, UTC).astimezone()
    try:
        plan, _ = plans.read(plan_id)
    except CcstateError:
        return ListedPlan(plan_id, "damaged", made)
    if plans.is_begun(plan_id):
        state: PlanState = _state_of_begun(plans, targets, plan_id, plan)
    elif plan.refusals:
        state = "refused"
    else:
        state = "waiting" if plan.commit == commit else "stale"
    counts = Counter(change.action for change in plan.changes())
    names = list(dict.fromkeys(step.target for step in plan.steps))
    return ListedPlan(
        plan_id, state, made, plan.commit, names, dict(sorted(counts.items())), plan.environment
    )


def _state_of_begun(plans: SavedPlans, targets: Targets, plan_id: str, plan: Plan) -> PlanState:
    if plan_id in plans.pending():
        return "unconfirmed"
    if plans.is_taken_back(plan_id):
        return "taken back"
    if plans.is_finished(plan_id):
        return "applied"
    if _is_running(targets, plan_id, {step.target for step in plan.steps}):
        return "running"
    if plans.waits(plan_id):
        return "handed over"
    # An apply ends its journal before it gives its locks back: it may just have done both.
    return "applied" if plans.is_finished(plan_id) else "interrupted"


def _is_running(targets: Targets, plan_id: str, names: Collection[str]) -> bool:
    """Check whether a process that lives, or may live on another machine, holds a lock for the plan."""
    for target in targets.settings.targets:
        if target.name not in names:
            continue
        try:
            holder = targets.adapter(target).holder()
        except CcstateError as error:
            warnings = [replace(p, severity=Severity.WARNING) for p in error.problems]
            targets.listener.warn(warnings)
            continue
        if holder and holder.plan == plan_id and life(holder) is not Life.DEAD:
            return True
    return False
