"""What a stored plan says, and what became of it: its changes, its journal, its record.

Read as far as it can be read: a plan of an earlier release, or one that somebody edited, tells what it
tells, and what is no plan is passed over. Nothing here decides what is applied.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, NamedTuple

import orjson

from ccstate.apply.confirmation import PENDING, Standing
from ccstate.apply.journal import JOURNAL, SETTLED, Event
from ccstate.authority import NO_AUTHORITY, Authority, parse_authority
from ccstate.history.records import FILE as RECORD
from ccstate.history.records import Record, read_record
from ccstate.history.stored_plans import Stored, StoredPlan
from ccstate.model import Json, Outcome, Why
from ccstate.plan_file import FILE

SHORTEST = 7
"""Characters of a commit's id that name it."""
_BY_HAND = frozenset({Why.BY_HAND.value, Why.BOTH.value, Why.DELETED_BY_HAND.value})
_STANDINGS = {
    Event.ACCEPTED: Standing.STAYS,
    Event.TAKEN_BACK: Standing.TAKEN_BACK,
    Event.NOT_TAKEN_BACK: Standing.NOT_TAKEN_BACK,
}
_WORST = (
    Outcome.NOT_CONFIRMED,
    Outcome.HANDED_OVER,
    Outcome.NOT_ATTEMPTED,
    Outcome.CONFIRMED,
)


class PlannedEdit(NamedTuple):
    """One field of a planned change; `undoes_hand`: the platform's value was set by hand."""

    path: str
    before: Json
    after: Json
    undoes_hand: bool


class PlannedChange(NamedTuple):
    """One change of a plan; `address` is `kind/name`."""

    target: str
    address: str
    action: str
    edits: tuple[PlannedEdit, ...]
    method: str = "api"


class Verdict(NamedTuple):
    """What became of one change: why where it is not confirmed, and when that was recorded."""

    outcome: Outcome
    reason: str
    at: str


@dataclass(frozen=True, slots=True)
class Apply:
    """A plan that is stored, with what its journal says; not begun where it was never applied.

    `commit` is "" where it is none. Times are ISO 8601, "" where they are not known; `order` sorts
    plans by their age.
    """

    id: str
    source: str
    commit: str
    is_as_committed: bool
    """False where the desired state differed from the commit, or had none."""
    changes: tuple[PlannedChange, ...]
    only: tuple[str, ...] = ()
    """Objects that the plan was narrowed to."""
    forced: str = ""
    environment: str = ""
    """Environment that the plan is for, in a project that has several."""
    rollback: tuple[str, str] | None = None
    """Where the plan is a way back: the plan that it takes back or "", and the commit that it goes back to."""
    adapters: Mapping[str, str] = field(default_factory=dict)
    """Adapter of each target."""
    is_begun: bool = False
    started: str = ""
    finished: str = ""
    authority: Authority = NO_AUTHORITY
    verdicts: Mapping[tuple[str, str], Verdict] = field(default_factory=dict)
    """By target and address."""
    settled: tuple[Event, Verdict] | None = None
    """Where the change had to be confirmed: the event that ended that, and what it means."""
    is_pending: bool = False
    """Whether it still has to be confirmed."""
    record: Record | None = None
    made: float = 0

    @property
    def order(self) -> str:
        if self.started:
            return self.started
        return datetime.fromtimestamp(self.made, UTC).isoformat(timespec="seconds")

    @property
    def standing(self) -> str:
        """Whether the change stays, where it had to be confirmed; "" where not."""
        return _STANDINGS[self.settled[0]].value if self.settled else ""

    def verdict(self, address: str) -> Verdict:
        """Find the worst that became of an object on any target."""
        return self.verdict_of([c for c in self.changes if c.address == address])

    @property
    def outcome(self) -> Verdict:
        """Find the worst that became of any change."""
        return self.verdict_of(self.changes)

    @property
    def confirmed(self) -> int:
        """Count the changes that were confirmed."""
        found = (self.verdicts.get((each.target, each.address)) for each in self.changes)
        return sum(1 for each in found if each and each.outcome is Outcome.CONFIRMED)

    def verdict_of(self, changes: Sequence[PlannedChange]) -> Verdict:
        """Find the worst that became of some of its changes; of all that were taken back, that."""
        if self.settled and self.settled[0] is not Event.ACCEPTED:
            return self.settled[1]
        return self.read_back(changes)

    def read_back(self, changes: Sequence[PlannedChange]) -> Verdict:
        """Find the worst of what platforms showed after the apply."""
        reason = "the apply did not come to it" if self.is_begun else ""
        unreached = Verdict(Outcome.NOT_ATTEMPTED, reason, "")
        found = [self.verdicts.get((each.target, each.address), unreached) for each in changes]
        return min(found, key=lambda each: _WORST.index(each.outcome), default=unreached)


def applies(stored: Stored, mentioning: str = "") -> list[Apply]:
    """Read every stored plan, the newest first; or those whose plan names an address."""
    found = []
    for copies in stored.plans.values():
        apply = read_apply(_fullest(copies), mentioning.encode())
        if apply and (not mentioning or any(c.address == mentioning for c in apply.changes)):
            found.append(apply)
    return sorted(found, key=lambda each: (each.order, each.id), reverse=True)


def _fullest(copies: Sequence[StoredPlan]) -> StoredPlan:
    """Choose the copy that tells most: with a record, or else with a journal; the first of them."""
    return max(copies, key=lambda copy: (RECORD in copy.names, JOURNAL in copy.names))


def read_apply(copy: StoredPlan, mentioning: bytes = b"") -> Apply | None:
    """Read one stored plan; None where it is no plan, or does not hold the bytes."""
    content = copy.content(FILE)
    if content is None or mentioning not in content:
        return None
    try:
        plan = orjson.loads(content)
        changes = tuple(
            _change(str(step["target"]), change)
            for step in plan["steps"]
            for change in step["changes"]
        )
        commit = _text(plan["commit"])
    except (ValueError, TypeError, KeyError, AttributeError):
        return None
    base = commit.removesuffix("+")
    platforms = plan.get("platforms")
    targets = platforms.items() if isinstance(platforms, dict) else ()
    adapters = {str(t): _text(p.get("adapter")) for t, p in targets if isinstance(p, dict)}
    listed = plan.get("only")
    events = list(_events(copy.content(JOURNAL))) if JOURNAL in copy.names else []
    record = copy.content(RECORD)
    return Apply(
        id=copy.id,
        source=copy.source,
        commit=base if len(base) >= SHORTEST else "",
        is_as_committed=bool(base) and base == commit,
        changes=changes,
        only=tuple(map(str, listed)) if isinstance(listed, list) else (),
        forced=_text(plan.get("forced")),
        environment=_text(plan.get("environment")),
        rollback=_rollback(plan.get("rollback")),
        adapters=adapters,
        is_begun=JOURNAL in copy.names,
        started=next((e.at for e in events if e.at), ""),
        finished=next((e.at for e in events if e.event is Event.FINISHED), ""),
        authority=next(
            (e.authority for e in reversed(events) if e.event in {Event.STARTED, Event.RESUMED}),
            NO_AUTHORITY,
        ),
        verdicts=_verdicts(events),
        settled=_settled(events),
        is_pending=PENDING in copy.names and _settled(events) is None,
        record=read_record(record) if record else None,
        made=copy.made,
    )


def _change(target: str, change: Any) -> PlannedChange:
    action = _text(change.get("action"))
    is_by_hand = change.get("why") == Why.DELETED_BY_HAND.value
    edits = tuple(
        PlannedEdit(
            str(edit["path"]),
            edit.get("before"),
            edit.get("after"),
            undoes_hand=is_by_hand or edit.get("why") in _BY_HAND,
        )
        for edit in change.get("edits") or ()
    )
    method = _text(change.get("method")) or "api"
    return PlannedChange(target, str(change["address"]), action, edits, method)


def _rollback(value: object) -> tuple[str, str] | None:
    return (
        (_text(value.get("plan")), _text(value.get("commit"))) if isinstance(value, dict) else None
    )


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""


class _Line(NamedTuple):
    event: Event
    place: tuple[str, str]
    reason: str
    at: str
    authority: Authority


def _events(journal: bytes | None) -> Iterator[_Line]:
    """Read the lines that are whole: one that was torn by a crash counts for nothing."""
    for line in (journal or b"").splitlines():
        try:
            said = orjson.loads(line)
            place = _text(said.get("target")), _text(said.get("address"))
            authority = parse_authority(said.get("authority"))
            at = _text(said.get("at"))
            yield _Line(Event(said["event"]), place, _text(said.get("reason")), at, authority)
        except (ValueError, TypeError, KeyError, AttributeError):
            continue


def _settled(events: Sequence[_Line]) -> tuple[Event, Verdict] | None:
    """Find how it ended whether a change stays that had to be confirmed."""
    last = next((each for each in reversed(events) if each.event in SETTLED), None)
    if last is None:
        return None
    words = {
        Event.TAKEN_BACK: "it was taken back",
        Event.NOT_TAKEN_BACK: "it could not be taken back",
    }
    reason = f"{words.get(last.event, '')}: {last.reason}".strip(": ")
    return last.event, Verdict(Outcome.NOT_CONFIRMED, reason, last.at)


def _verdicts(events: Sequence[_Line]) -> dict[tuple[str, str], Verdict]:
    """Find what the last event of each change makes of it."""
    last = {each.place: each for each in events if each.place[1]}
    return {place: Verdict(*_judged(each), each.at) for place, each in last.items()}


def _judged(line: _Line) -> tuple[Outcome, str]:
    match line.event:
        case Event.CONFIRMED:
            return Outcome.CONFIRMED, ""
        case Event.NOT_ATTEMPTED:
            return Outcome.NOT_ATTEMPTED, line.reason
        case Event.HANDED_OVER:
            return Outcome.HANDED_OVER, f"handed over: {line.reason}"
        case Event.SIGNED_OFF:
            return Outcome.HANDED_OVER, f"signed off by {line.reason}, and not confirmed"
        case Event.NOT_DONE:
            return Outcome.HANDED_OVER, f"not done, says {line.reason}"
        case Event.NOT_CONFIRMED | Event.FAILED:
            return Outcome.NOT_CONFIRMED, line.reason
        case _:
            return Outcome.NOT_CONFIRMED, "it was written and not read back"
