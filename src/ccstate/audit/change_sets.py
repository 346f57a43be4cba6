"""Change sets: each change from its request to its outcome and what was done about it, with what is missing.

A change set is a commit of the main line, a merge with all that it brought; or an apply that brought
no such commit: one that put back what was changed by hand, took a plan back, or corrected one.
"""

import re
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import NamedTuple

from ccstate.apply.journal import Event
from ccstate.authority import NO_AUTHORITY, NO_REQUEST, Approval, Authority, Request
from ccstate.desired.settings import FILE
from ccstate.history.applies import Apply, PlannedChange, Verdict, applies
from ccstate.history.commits import CommitText, Log, Mainline
from ccstate.history.entries import request_in
from ccstate.history.main_line import MainCommit, main_commits
from ccstate.history.stored_plans import stored_plans
from ccstate.history.trailers import request_of, trailers
from ccstate.model import Action, Outcome

_REVERTS = re.compile(r"This reverts commit ([0-9a-f]{7,64})", re.IGNORECASE)
_MERGE = re.compile(r"Merge (?:pull request|branch|remote-tracking branch)\b")
_CORRECTS = re.compile(r"corrects plan ([0-9a-f]{12})")
_NOT_ON_PLATFORMS = frozenset({"call_test"})
"""Kinds that no platform holds: a change of them takes effect where it is merged."""


class Gap(StrEnum):
    """What a change set lacks, or what an auditor has to look at."""

    NO_REQUEST = "without request"
    NO_REVIEW = "applied without review"
    NOT_RECORDED = "no record of who applied it"
    NEVER_APPLIED = "never applied"
    INTERRUPTED = "interrupted"
    NOT_CONFIRMED = "not confirmed"
    HANDED_OVER = "handed over to people, not confirmed"
    BY_HAND = "changed by hand"
    NOT_COMMITTED = "applied from files that were not committed"
    EMERGENCY = "emergency"


class Touched(NamedTuple):
    """One object, or the project file, and what was done to it: `update`, or `unreadable`."""

    action: str
    name: str


class State(StrEnum):
    """What became of a change set."""

    CONFIRMED = "confirmed"
    NOT_CONFIRMED = "not confirmed"
    NOT_ATTEMPTED = "not attempted"
    HANDED_OVER = "handed over"
    """A person or a vendor was asked, and no export shows it yet."""
    INTERRUPTED = "interrupted"
    TAKEN_BACK = "taken back"
    """The change had to be confirmed, and was not: it was taken back."""
    PENDING = "waits to be confirmed"
    NOTHING_TO_DO = "nothing to do"
    """A plan covered it, and no platform had to change."""
    NEVER_APPLIED = "never applied"
    WITHOUT_PLATFORM = "no platform concerned"


@dataclass(frozen=True, slots=True)
class ChangeSet:
    """One change from request to corrective action; texts are as people wrote them, "" where unknown."""

    at: datetime
    """When it came to the main line; of an apply without commit when it began."""
    request: Request = NO_REQUEST
    commit: str = ""
    author: str = ""
    subject: str = ""
    change: str = ""
    """Address of the pull request."""
    objects: tuple[Touched, ...] = ()
    methods: tuple[str, ...] = ()
    """How it came to each platform: `api, asterisk on main`, `sheet, manual on pbx`."""
    plan: str = ""
    approvals: tuple[Approval, ...] = ()
    applied_by: str = ""
    host: str = ""
    run: str = ""
    started: datetime | None = None
    finished: datetime | None = None
    state: State = State.NEVER_APPLIED
    confirmed: int = 0
    """Of the planned changes of these objects, how many platforms showed afterwards."""
    planned: int = 0
    reason: str = ""
    by_hand: tuple[str, ...] = ()
    """Fields that had been changed by hand, and which the plan undid: `queue/sales ring_for`."""
    corrects: str = ""
    """What this is a corrective action of: a plan, or a commit that it reverts."""
    is_way_back: bool = False
    """Whether it takes that plan back, or the platforms to that commit."""
    corrective: tuple[str, ...] = ()
    """What was done about it afterwards."""
    gaps: tuple[Gap, ...] = ()


@dataclass(frozen=True, slots=True)
class Audit:
    """The change sets of a span of time, the oldest first, and where their records were found."""

    since: datetime
    until: datetime
    change_sets: Sequence[ChangeSet]
    sources: Sequence[str] = ()
    is_cut_off: bool = False
    """Whether the clone is shallow: what is older is not known."""


def audit(
    root: Path, folders: Sequence[str], since: datetime, until: datetime, environment: str = ""
) -> Audit:
    """Collect the change sets of a span of time, `until` not included.

    `folders` are those of the desired state, `environment` is whose plans are meant. Raises InvalidInput where git has no history here.
    """
    log = Log(root)
    with stored_plans(root) as stored:
        plans = [each for each in applies(stored) if each.environment == environment]
        sources = stored.sources
    commits = list(main_commits(log, folders, since, until))
    main = log.mainline()
    brought: dict[str, list[str]] = {}
    for sha, merge in main.merges.items():
        brought.setdefault(merge, []).append(sha)
    shas = {sha for commit in commits for sha in (commit.sha, *brought.get(commit.sha, ()))}
    texts = log.words(sorted(shas))
    made = _Plans(plans, main)
    found: list[ChangeSet] = []
    with_commit: set[str] = set()
    newer: dict[str, int] = {}
    for commit in commits:
        plan = made.plan_of(commit, newer)
        if plan:
            with_commit.add(plan.id)
        branch = [texts[sha] for sha in brought.get(commit.sha, ()) if sha in texts]
        found.append(_of_commit(commit, texts[commit.sha], branch, plan, made))
    for plan in plans:
        started = moment(plan.started)
        is_meant = plan.is_begun and plan.id not in with_commit
        if is_meant and started and since <= started < until:
            found.append(_of_apply(plan, started, made))
    found = [_with_gaps(each) for each in _with_reverts(found, main)]
    in_order = sorted(found, key=lambda each: (each.at, each.commit, each.plan))
    return Audit(since, until, in_order, sources, is_cut_off=bool(log.cut_off))


def moment(text: str) -> datetime | None:
    """Read a moment in UTC, from ISO 8601; None where it is none."""
    try:
        found = datetime.fromisoformat(text)
        return (found if found.tzinfo else found.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError):
        return None


@dataclass(slots=True)
class _Plans:
    """The plans that are stored, by the places of the main line that they were made from."""

    plans: Sequence[Apply]
    main: Mainline
    _placed: list[tuple[int, Apply, frozenset[str]]] = field(default_factory=list)
    _by_id: dict[str, Apply] = field(default_factory=dict)
    _corrections: dict[str, list[Apply]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for plan in reversed(self.plans):  # the oldest first
            self._by_id[plan.id] = plan
            if corrected := corrected_by(plan):
                self._corrections.setdefault(corrected, []).append(plan)
            place = self.main.place(plan.commit) if plan.commit else None
            brings = plan.is_begun and plan.is_as_committed and not corrected_by(plan)
            if brings and place is not None:
                addresses = frozenset(change.address for change in plan.changes)
                self._placed.append((place, plan, addresses))
        self._placed.sort(key=lambda each: -each[0])

    def plan_of(self, commit: MainCommit, newer: dict[str, int]) -> Apply | None:
        """Find the apply that brought a commit: the closest from then on that covers what it changed.

        `newer` are the places of the next commits that changed each object; this one's is added. A
        plan that was narrowed to other objects does not cover it.
        """
        place = self.main.places.get(commit.sha)
        objects = {str(address) for address, _ in commit.changes}
        if place is None or not objects:
            return None
        until = max((newer.get(address, -1) for address in objects), default=-1)
        newer |= dict.fromkeys(objects, place)
        covering: Apply | None = None
        for at, plan, addresses in self._placed:
            if at > place or (plan.only and not objects <= addresses | set(plan.only)):
                continue
            if objects & addresses and at > until:
                return plan
            covering = covering or plan
        return covering

    def about(self, plan: Apply) -> Iterator[Apply]:
        """List what was done about an apply afterwards: corrections, ways back, the same again."""
        yield from self._corrections.get(plan.id, ())
        if plan.outcome.outcome is Outcome.CONFIRMED:
            return
        wanted = {c.address for c in plan.changes}
        for other in reversed(self.plans):
            is_later = other.is_begun and other.started > plan.started
            is_again = is_later and not corrected_by(other) and other.commit == plan.commit
            if is_again and wanted & {change.address for change in other.changes}:
                yield other


def _of_commit(
    commit: MainCommit,
    text: CommitText,
    branch: Sequence[CommitText],
    plan: Apply | None,
    made: "_Plans",
) -> ChangeSet:
    request = _request([text, *branch])
    objects = [Touched(action, str(address)) for address, action in commit.changes]
    if commit.changes_project_file:
        objects.append(Touched("update", FILE))
    if not commit.is_readable:
        objects.append(Touched("unreadable", "a file that was no valid YAML"))
    authors = dict.fromkeys(each.author for each in (branch or [text]))
    found = ChangeSet(
        at=commit.at,
        request=request,
        commit=commit.sha,
        author=", ".join(authors),
        subject=_subject(text, branch),
        objects=tuple(objects),
        corrects=_reverted(text.message),
    )
    if plan:
        addresses = {str(address) for address, _ in commit.changes}
        return _with_apply(found, plan, addresses, made)
    kinds = {address.kind for address, _ in commit.changes}
    if commit.is_readable and kinds <= _NOT_ON_PLATFORMS:
        return replace(found, state=State.WITHOUT_PLATFORM)
    return found


def _request(texts: Sequence[CommitText]) -> Request:
    """Read who asked from the messages of a merge and of the commits that it brought: the first that says."""
    found = Request()
    for text in texts:
        said = request_of(text.message)
        found = Request(
            *(getattr(found, name) or getattr(said, name) for name in Request.__slots__)
        )
    # The number of a pull request names the request only where no trailer does.
    numbers = (request_in(text.message) for text in texts)
    return replace(found, request=found.request or next(filter(None, numbers), ""))


def _subject(text: CommitText, branch: Sequence[CommitText]) -> str:
    """Name a change: by its title in the message of its merge, or by the first commit that it brought.

    GitHub writes "Merge pull request #12 from team/branch", and the title below; git alone has no title.
    """
    if not (branch and _MERGE.match(text.subject)):
        return text.subject
    title = text.message.partition("\n\n")[2].strip().partition("\n")[0]
    is_title = title and not trailers(f"-\n\n{title}")
    return title if is_title else branch[-1].subject


def _reverted(message: str) -> str:
    match = _REVERTS.search(message)
    return f"commit {match[1]}" if match else ""


def _of_apply(plan: Apply, started: datetime, made: "_Plans") -> ChangeSet:
    objects = dict.fromkeys(Touched(change.action, change.address) for change in plan.changes)
    found = ChangeSet(at=started, commit=plan.commit, objects=tuple(objects))
    if plan.rollback is not None:
        corrected, commit = plan.rollback
        corrects = f"plan {corrected}" if corrected else f"commit {commit}"
        found = replace(found, corrects=corrects, is_way_back=True)
    elif corrected := corrected_by(plan):
        found = replace(found, corrects=f"plan {corrected}")
    return _with_apply(found, plan, {change.address for change in plan.changes}, made)


def _with_apply(
    found: ChangeSet, plan: Apply, addresses: Collection[str], made: "_Plans"
) -> ChangeSet:
    """Add what an apply says of these objects."""
    changes = [change for change in plan.changes if change.address in addresses]
    verdicts = [plan.verdicts.get((c.target, c.address)) for c in changes]
    verdict = plan.verdict_of(changes)
    authority = plan.authority
    return replace(
        found,
        request=replace(
            _joined(found.request, authority.request),
            # Of whichever request it was: the rules did not wait for this apply.
            emergency=found.request.emergency or authority.request.emergency,
        ),
        author=found.author or authority.author,
        change=authority.change,
        methods=_methods(plan, changes),
        plan=plan.id,
        approvals=authority.approvals,
        applied_by=authority.applied_by,
        host=authority.host,
        run=authority.run,
        started=moment(plan.started),
        finished=moment(plan.finished),
        state=_state(plan, changes, verdict),
        confirmed=sum(1 for each in verdicts if each and each.outcome is Outcome.CONFIRMED),
        planned=len(changes),
        reason=verdict.reason if changes else "",
        by_hand=_by_hand(changes),
        corrective=tuple(_about(other) for other in made.about(plan)),
        gaps=tuple(_gaps_of_apply(plan, changes)),
    )


def _joined(one: Request, other: Request) -> Request:
    """Fill in what another source says of the same request; one plan may bring several requests."""
    if one.request and other.request and one.request != other.request:
        return one
    return Request(*(getattr(one, name) or getattr(other, name) for name in Request.__slots__))


def _methods(plan: Apply, changes: Iterable[PlannedChange]) -> tuple[str, ...]:
    found: dict[str, None] = {}
    for change in changes:
        adapter, method = plan.adapters.get(change.target, ""), _METHODS.get(change.method, "api")
        by = f"{method}, {adapter}" if adapter else method
        found[f"{by} on {change.target}"] = None
    return tuple(found)


_METHODS = {"instructions": "sheet for a person", "vendor": "request to the vendor"}
"""How a change that ccstate does not make itself came to its platform."""


def _state(plan: Apply, changes: Sequence[PlannedChange], verdict: Verdict) -> State:
    if not changes:
        return State.NOTHING_TO_DO
    if plan.settled and plan.settled[0] is Event.TAKEN_BACK:
        return State.TAKEN_BACK
    if plan.is_pending:
        return State.PENDING
    if not plan.finished and verdict.outcome is Outcome.HANDED_OVER:
        return State.HANDED_OVER
    if not plan.finished and verdict.outcome is not Outcome.CONFIRMED:
        return State.INTERRUPTED
    return State(verdict.outcome.value)


def _by_hand(changes: Iterable[PlannedChange]) -> tuple[str, ...]:
    """List what people had changed on a platform: fields that are undone, and objects taken over."""
    found: dict[str, None] = {}
    for change in changes:
        if change.action == Action.ADOPT.value:
            found[f"{change.address} made by hand"] = None
        for edit in change.edits:
            if edit.undoes_hand:
                found[f"{change.address} {edit.path}"] = None
    return tuple(found)


def _about(plan: Apply) -> str:
    if not plan.is_begun:
        return f"plan {plan.id}, not applied"
    how = "takes it back" if plan.rollback is not None else "corrects it"
    return f"plan {plan.id} {how}: {plan.outcome.outcome.value}"


def _gaps_of_apply(plan: Apply, changes: Sequence[PlannedChange]) -> Iterator[Gap]:
    """List what the apply itself lacks; `_with_gaps` adds what the whole change set does."""
    authority = plan.authority
    is_open = any(each.outcome is Outcome.HANDED_OVER for each in plan.verdicts.values())
    if authority == NO_AUTHORITY or (plan.record is None and not is_open):
        yield Gap.NOT_RECORDED
    if not any(is_by_another(approval, authority) for approval in authority.approvals):
        yield Gap.NO_REVIEW
    if not plan.is_as_committed:
        yield Gap.NOT_COMMITTED
    if _by_hand(changes):
        yield Gap.BY_HAND


def is_by_another(approval: Approval, authority: Authority) -> bool:
    """Check whether a person other than the authors consented."""
    return bool(approval.by) and approval.by not in {authority.author, *authority.authors}


def _with_gaps(found: ChangeSet) -> ChangeSet:
    """Name what is missing between the request and the outcome."""
    gaps = set(found.gaps)
    if not found.request.request and not found.corrects:
        gaps.add(Gap.NO_REQUEST)
    if found.request.emergency:
        gaps.add(Gap.EMERGENCY)
    is_corrected = any(words.endswith(": confirmed") for words in found.corrective)
    match found.state:
        case State.NEVER_APPLIED:
            gaps.add(Gap.NEVER_APPLIED)
        case State.HANDED_OVER:
            gaps.add(Gap.HANDED_OVER)
        case State.INTERRUPTED if not is_corrected:
            gaps.add(Gap.INTERRUPTED)
        case State.NOT_CONFIRMED | State.NOT_ATTEMPTED if not is_corrected:
            gaps.add(Gap.NOT_CONFIRMED)
        case _:
            pass
    return replace(found, gaps=tuple(gap for gap in Gap if gap in gaps))


def _with_reverts(found: Sequence[ChangeSet], main: Mainline) -> list[ChangeSet]:
    """Add to each change set the commits that revert it."""
    by_place: dict[int, list[str]] = {}
    for each in found:
        name = each.corrects.removeprefix("commit ")
        place = main.place(name) if name != each.corrects else None
        if place is not None and each.commit:
            by_place.setdefault(place, []).append(f"reverted by commit {each.commit[:10]}")
    return [
        replace(each, corrective=(*each.corrective, *by_place.get(place, ())))
        if (place := main.places.get(each.commit)) is not None and each.subject
        else each
        for each in found
    ]


def corrected_by(plan: Apply) -> str:
    """Find which plan this one corrects or takes back; "" where it does neither."""
    if plan.rollback is not None:
        return plan.rollback[0] or "-"
    match = _CORRECTS.fullmatch(plan.forced)
    return match[1] if match else ""
