"""The verdict on a plan: what is still missing, what it waits for, and whose approval it has."""

import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from ccstate.authority import Approval, Authority
from ccstate.desired.policy import Scope
from ccstate.errors import Diagnostic
from ccstate.model import Action, Change, Json, Plan
from ccstate.policy import codes, people
from ccstate.policy.openings import Opening, Policy, opening_at
from ccstate.policy.windows import Span

NAMED = 3
"""Objects that are named where something is said of several."""
_GONE = {Action.DELETE, Action.RELEASE}


@dataclass(frozen=True, slots=True)
class Need:
    """Approvals that a rule of the policy asks for."""

    who: tuple[str, ...]
    """People and teams of the policy."""
    count: int
    what: str
    """Changes that it concerns, in words."""
    given: tuple[Approval, ...]
    """Approvals that count, each of another person."""

    @property
    def is_met(self) -> bool:
        """Check whether as many have approved as have to."""
        return len(self.given) >= self.count


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a policy says of a plan at a moment."""

    blocked: tuple[Diagnostic, ...] = ()
    """What is missing or forbidden."""
    frozen: tuple[Diagnostic, ...] = ()
    """Why it is not applied now, with the next moment at which it may be."""
    needs: tuple[Need, ...] = ()
    """Approvals that it needs, those that it has among them."""
    emergency: str = ""
    """Reason for which it goes beyond the policy; "" where it does not."""
    opening: Opening | None = None
    """Change windows and freezes at that moment; None where none concerns the plan."""
    overruled: tuple[Diagnostic, ...] = ()
    """What the emergency goes beyond."""

    @property
    def refused(self) -> tuple[Diagnostic, ...]:
        """Return what no approval, trailer or waiting lifts: the plan has to change."""
        return tuple(problem for problem in self.blocked if problem.code in _LASTING)


_LASTING = {codes.POLICY_LIMIT.code, codes.POLICY_PROTECTED.code}


def judge(policy: Policy, plan: Plan, authority: Authority, now: datetime) -> Verdict:
    """Judge a plan at a moment; a plan without changes is never held up."""
    changes = list(plan.changes())
    if not changes or policy.is_empty:
        return Verdict()
    needs = tuple(_needs(policy, plan, changes, authority))
    protected = list(_protected(policy, changes))
    liftable = [
        *_missing_approvals(policy, plan, needs, authority),
        *_missing_trailers(policy, authority),
        *_limits(policy, changes),
    ]
    opening, frozen = _openings(policy, plan, authority, now)
    reason = authority.request.emergency.strip()
    if not reason or not (liftable or frozen):
        return Verdict((*liftable, *protected), frozen, needs, "", opening)
    refusal = _emergency_refused(policy, authority)
    if refusal:
        return Verdict((*liftable, *protected, refusal), frozen, needs, "", opening)
    return Verdict(tuple(protected), (), needs, reason, opening, (*liftable, *frozen))


def concerns(scope: Scope, plan: Plan, change: Change) -> bool:
    """Check whether what is said of a scope is said of a change of a plan."""
    if scope.environments is not None and plan.environment not in scope.environments:
        return False
    if scope.kinds is not None and change.address.kind not in scope.kinds:
        return False
    if scope.targets is not None and change.target not in scope.targets:
        return False
    if scope.sites is not None and not any(site in scope.sites for site in _sites(change)):
        return False
    return scope.fields is None or any(_is_field(change, field) for field in scope.fields)


def _sites(change: Change) -> Iterator[Json]:
    """List the sites of an object, before and after."""
    if change.address.kind == "site":
        yield change.address.name
    if change.ledger is not None:
        yield change.ledger.get("site")
    for edit in change.edits:
        if edit.path == "site":
            yield edit.before
            yield edit.after


def _is_field(change: Change, field: str) -> bool:
    """Check whether a change edits a field, what lies in it, or what it lies in."""
    kind, _, path = field.partition(".")
    return change.address.kind == kind and any(
        edit.path == path or edit.path.startswith(f"{path}.") or path.startswith(f"{edit.path}.")
        for edit in change.edits
    )


def _needs(
    policy: Policy, plan: Plan, changes: Sequence[Change], authority: Authority
) -> Iterator[Need]:
    counted = _counted(policy, plan, authority)
    for rule in policy.form.approvals:
        concerned = [change for change in changes if concerns(rule, plan, change)]
        if concerned:
            members = policy.form.members(rule.who)
            given = tuple(approval for person, approval in counted.items() if person in members)
            yield Need(tuple(rule.who), rule.count, _objects(concerned), given)


def _counted(policy: Policy, plan: Plan, authority: Authority) -> dict[str, Approval]:
    """Return the approvals that count, by person: of what is applied, and by none of its authors."""
    writers = people.authors(policy.form, authority)
    counted: dict[str, Approval] = {}
    for approval in authority.approvals:
        person = people.approver(policy.form, approval)
        if person and person not in writers and _is_current(plan, approval, authority):
            counted.setdefault(person, approval)
    return counted


def _is_current(plan: Plan, approval: Approval, authority: Authority) -> bool:
    """Check whether an approval is of the commit that is applied, or of the head that reviewers saw.

    A code host that names no commit lists only approvals that are current. Files that are not
    committed have none, nor has a way back: what was approved is what it takes back.
    """
    if plan.commit.endswith("+") or plan.rollback is not None:
        return False
    if not approval.commit:
        return approval.source == "review"
    return approval.commit in {plan.commit, authority.head}


def _missing_approvals(
    policy: Policy, plan: Plan, needs: Sequence[Need], authority: Authority
) -> Iterator[Diagnostic]:
    for need in needs:
        if need.is_met:
            continue
        so_far = ", ".join(approval.by for approval in need.given)
        given = f"Approved by {so_far}." if so_far else "No approval counts so far."
        aside = [*_passed_over(policy, plan, need, authority)]
        hint = _whom_to_ask(policy, need, authority)
        if plan.rollback is not None:
            hint = "revert the commit by a change that is reviewed; or apply this as an emergency"
        elif plan.commit.endswith("+") or not plan.commit:
            hint = "commit what you have, and ask for a review of it"
        yield codes.APPROVAL_MISSING(
            who=_who_must(policy, need),
            what=need.what,
            given=" ".join([given, *aside]),
            hint=hint,
        )


def _who_must(policy: Policy, need: Need) -> str:
    """Say whose approval is needed: one person, one of several, or so many of them."""
    named = " or ".join(need.who)
    if need.count > 1:
        return f"{need.count} of {named}"
    return named if all(name in policy.form.people for name in need.who) else f"one of {named}"


def _whom_to_ask(policy: Policy, need: Need, authority: Authority) -> str:
    """Name those whose approval would count, and has not been given."""
    given = {people.approver(policy.form, approval) for approval in need.given}
    writers = people.authors(policy.form, authority)
    left = sorted(policy.form.members(need.who) - given - writers)
    if len(left) + len(given) < need.count:
        return (
            "too few of them are left, for authors do not approve: name more people in the policy, in "
            "a change of its own"
        )
    named = ", ".join(left[:NAMED]) + (f" or {len(left) - NAMED} more" if len(left) > NAMED else "")
    return f"ask for a review of this commit: {named}"


def _passed_over(policy: Policy, plan: Plan, need: Need, authority: Authority) -> Iterator[str]:
    """Say of approvals by those who are asked why they do not count."""
    members = policy.form.members(need.who)
    writers = people.authors(policy.form, authority)
    for approval in authority.approvals:
        person = people.approver(policy.form, approval)
        if not person and approval.by.lower() in policy.form.people:
            yield (
                f"{approval.by} approved, and the policy names no person with that login: give "
                f'the person "{approval.by.lower()}" login: {approval.by}.'
            )
        elif not person:
            yield f"{approval.by} approved, and the policy names no person with that login."
        if person not in members:
            continue
        if person in writers:
            yield f"{approval.by} wrote the change, and does not approve it."
        elif plan.rollback is None and not _is_current(plan, approval, authority):
            yield f"{approval.by} approved an older commit, {approval.commit[:12]}."


def _missing_trailers(policy: Policy, authority: Authority) -> Iterator[Diagnostic]:
    said = {
        "Request": authority.request.request,
        "Requested-by": authority.request.requested_by,
        "Reason": authority.request.reason,
        "Window": authority.request.window,
    }
    for trailer in policy.form.trailers:
        if not said[trailer]:
            yield codes.TRAILER_MISSING(trailer=trailer)
        elif trailer == "Window" and not _is_window(policy, said[trailer]):
            yield codes.WINDOW_UNREADABLE(window=said[trailer])


def _limits(policy: Policy, changes: Sequence[Change]) -> Iterator[Diagnostic]:
    limits = policy.form.limits
    if limits.changes is not None and len(changes) > limits.changes:
        yield codes.POLICY_LIMIT(count=len(changes), what="objects", most=limits.changes)
    for kind, most in sorted(limits.kinds.items()):
        count = sum(change.address.kind == kind for change in changes)
        if count > most:
            yield codes.POLICY_LIMIT(count=count, what=f"objects of kind {kind}", most=most)


def _protected(policy: Policy, changes: Sequence[Change]) -> Iterator[Diagnostic]:
    patterns = set(policy.form.protected)
    for change in changes:
        named = {str(change.address), f"{change.address.kind}/*"}
        if change.action in _GONE and named & patterns:
            yield codes.POLICY_PROTECTED(address=change.address)


def _emergency_refused(policy: Policy, authority: Authority) -> Diagnostic | None:
    """Refuse an emergency that is not the word of a person whom the policy names."""
    form = policy.form
    by = authority.declared_by or authority.author or "the author of the commit"
    if form.emergency is None:
        cause = "The policy names no person who may."
        return codes.EMERGENCY_REFUSED(by=by, cause=cause, who="none")
    if people.in_charge(form, authority) & form.members(form.emergency.who):
        return None
    cause = (
        "An emergency is declared by a person of the policy: by the login on the code host, by the "
        "account that applies, or by a commit that this person signed."
    )
    return codes.EMERGENCY_REFUSED(by=by, cause=cause, who=", ".join(form.emergency.who))


# When


def _openings(
    policy: Policy, plan: Plan, authority: Authority, now: datetime
) -> tuple[Opening | None, tuple[Diagnostic, ...]]:
    groups: set[tuple[tuple[str, ...], tuple[str, ...]]] = {
        (
            tuple(
                name
                for name, period in policy.form.windows.items()
                if concerns(period, plan, change)
            ),
            tuple(
                name
                for name, period in policy.form.freezes.items()
                if concerns(period, plan, change)
            ),
        )
        for change in plan.changes()
    }
    requested = _requested(policy, authority.request.window)
    if authority.request.window in policy.form.windows:
        groups.add(((authority.request.window,), ()))
    if requested is None and not any(names or freezes for names, freezes in groups):
        return None, ()
    opening = opening_at(policy, groups, now, requested)
    if opening.is_open:
        return opening, ()
    hint = next_moment(policy, opening)
    found = [
        codes.FROZEN(
            name=f"freeze {name}", reason=policy.form.freezes[name].reason or _POLICY, hint=hint
        )
        for name in opening.freezes
    ]
    if opening.windows:
        reasons = [policy.form.windows[name].reason for name in opening.windows]
        reason = next((words for words in reasons if words), _POLICY)
        what = ", ".join(opening.windows)
        found.append(codes.OUTSIDE_WINDOW(what=what, reason=reason, hint=hint))
    if not found:
        what = f"the change itself (Window: {authority.request.window})"
        found.append(codes.OUTSIDE_WINDOW(what=what, reason="Its commit asks for them.", hint=hint))
    return opening, tuple(found)


_POLICY = "The policy of this project says so."


def next_moment(policy: Policy, opening: Opening) -> str:
    """Say when changes may be applied next."""
    if opening.until is None:
        return "no such moment comes in the next 400 days: correct the policy"
    return f"apply it from {local_moment(policy, opening.until)} on"


def local_moment(policy: Policy, moment: datetime) -> str:
    """Write a moment as a clock in the policy's timezone shows it."""
    name = policy.form.timezone or "UTC"
    return f"{moment.astimezone(ZoneInfo(name)):%a %Y-%m-%d %H:%M} {name}"


def _is_window(policy: Policy, words: str) -> bool:
    return words in policy.form.windows or _requested(policy, words) is not None


_INTERVAL = re.compile(r"(\S{16,25})\s*/\s*(\S{16,25})")


def _requested(policy: Policy, words: str) -> list[Span] | None:
    """Read when a change asks to be applied, `FROM/UNTIL`; None where that is not said so."""
    match = _INTERVAL.fullmatch(words)
    if match is None:
        return None
    zone = ZoneInfo(policy.form.timezone or "UTC")
    try:
        start, end = (datetime.fromisoformat(part) for part in match.groups())
    except ValueError:
        return None
    span = tuple((m if m.tzinfo else m.replace(tzinfo=zone)).astimezone(UTC) for m in (start, end))
    return [(span[0], span[1])] if span[0] < span[1] else None


def _objects(changes: Collection[Change]) -> str:
    """Name some of the objects that are changed, and count the rest."""
    names = list(dict.fromkeys(str(change.address) for change in changes))
    more = f" and {len(names) - NAMED} more" if len(names) > NAMED else ""
    return ", ".join(names[:NAMED]) + more
