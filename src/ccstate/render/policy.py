"""What a policy says of a plan: approvals, what is missing, when it may be applied; and the policy itself."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime

from ccstate.desired.policy import Period, PolicyForm, Scope
from ccstate.errors import Diagnostic
from ccstate.policy import Need, Opening, Policy, Verdict
from ccstate.policy.judging import local_moment, next_moment
from ccstate.policy.windows import PLACES, WEEKDAYS
from ccstate.render.formats import Report, as_json
from ccstate.render.text import Line, Palette, Piece, Style, code, paragraphs, plain
from ccstate.render.values import join_words, plural
from ccstate.report_format import objects as form


@dataclass(frozen=True, slots=True)
class JudgedPlan:
    """A verdict, and the policy by which it was made."""

    verdict: Verdict
    policy: Policy


EDITED = "This change edits the policy; what it says now counts from the commit after it."


def verdict_text(judged: JudgedPlan, width: int, palette: Palette) -> str:
    """Write what a plan still needs, and when it may be applied; "" where no policy concerns it."""
    lines = list(_verdict_lines(judged))
    if not lines:
        return ""
    title: Line = (2, (Piece(f"{_source(judged.policy)}:", Style.STRONG),))
    return "\n" + paragraphs([[title, *lines]], width, palette).rstrip("\n")


def _verdict_lines(judged: JudgedPlan) -> Iterator[Line]:
    verdict = judged.verdict
    for need in verdict.needs:
        if need.is_met:
            yield 4, (Piece("  approved  ", Style.ADD), *plain(_approved(need)))
    for problems, word, style in (
        (verdict.blocked, "  missing   ", Style.ALARM),
        (verdict.frozen, "  wait      ", Style.CHANGE),
        (verdict.overruled, "  overruled ", Style.CHANGE),
    ):
        for problem in problems:
            yield 12, (Piece(word, style), *plain(f"{problem.code} {problem.message}"))
            for more in (problem.cause, f"hint: {problem.hint}" if problem.hint else ""):
                if more:
                    yield 12, (Piece(" " * 12), *plain(more))
    if verdict.emergency:
        yield 12, (Piece("  emergency ", Style.ALARM), *plain(f'"{verdict.emergency}"'))
    if verdict.opening and verdict.opening.is_open:
        yield 12, (Piece("  when      ", Style.ADD), *plain(_open_words(judged)))
    if judged.policy.is_edited:
        yield 12, (Piece("  note      ", Style.CHANGE), *plain(EDITED))


def _approved(need: Need) -> str:
    names = join_words([approval.by for approval in need.given])
    return f"{need.what}: {names}, of {' or '.join(need.who)}"


def _open_words(judged: JudgedPlan) -> str:
    opening = judged.verdict.opening
    if opening is None or opening.until is None:
        return "now"
    return f"now, until {local_moment(judged.policy, opening.until)}"


def opening_words(judged: JudgedPlan) -> str:
    """Write until when a plan may be applied: `now, until …`; "" where not now, or nothing says so."""
    opening = judged.verdict.opening
    return _open_words(judged) if opening and opening.is_open else ""


def _source(policy: Policy) -> str:
    return f"The policy of commit {policy.commit[:12]}" if policy.commit else "The policy"


def verdict_markdown(judged: JudgedPlan) -> str:
    """Write the same for a comment; "" where no policy concerns the plan."""
    verdict = judged.verdict
    lines = [f"- {code(_approved(need), 200)} approved" for need in verdict.needs if need.is_met]
    for problems, word in (
        (verdict.blocked, "**Missing:**"),
        (verdict.frozen, "**Wait:**"),
        (verdict.overruled, "**Overruled:**"),
    ):
        lines += [f"- {word} {_problem(problem)}" for problem in problems]
    if verdict.emergency:
        lines.append(f"- **Emergency:** {code(verdict.emergency, 300)}")
    if verdict.opening and verdict.opening.is_open:
        lines.append(f"- It may be applied {code(_open_words(judged))}")
    if judged.policy.is_edited:
        lines.append(f"- **Note:** {EDITED}")
    if not lines:
        return ""
    return f"\n**{_source(judged.policy)}:**\n\n" + "\n".join(lines) + "\n"


def _problem(problem: Diagnostic) -> str:
    hint = f" ({code(problem.hint, 300)})" if problem.hint else ""
    return f"{code(f'{problem.code} {problem.message}', 300)}{hint}"


VERDICT: Report[JudgedPlan] = Report(verdict_text, markdown=verdict_markdown)


# The policy itself

HANG = 13


@dataclass(frozen=True, slots=True)
class ShownPolicy:
    """The policy that counts; with whether changes may be applied at a moment, where one is asked."""

    policy: Policy
    at: datetime | None = None
    opening: Opening | None = None


def policy_text(shown: ShownPolicy, width: int, palette: Palette) -> str:
    """Write the policy line by line, and whether an apply may run at the moment."""
    policy = shown.policy
    blocks: list[Iterable[Line]] = [[(2, (Piece(f"{_source(policy)}:", Style.STRONG),))]]
    if policy.is_empty:
        blocks[0] = [(2, plain(f"{_source(policy)} asks for nothing: any plan may be applied."))]
    blocks += [list(_asked(policy.form)), list(_when(policy.form))]
    if shown.at is not None and shown.opening is not None:
        blocks.append(list(_at(policy, shown.at, shown.opening)))
    return paragraphs([block for block in blocks if block], width, palette)


def _asked(policy: PolicyForm) -> Iterator[Line]:
    for rule in policy.approvals:
        members = sorted(policy.members(rule.who))
        who = f"{plural(rule.count, 'approval')} of {' or '.join(rule.who)}"
        known = f" ({', '.join(members)})" if members != sorted(rule.who) else ""
        yield HANG, (Piece("  approval   "), *plain(f"{who}{known} for {scope_words(rule)}"))
    if policy.trailers:
        yield HANG, plain(f"  trailers   {', '.join(policy.trailers)}")
    if policy.limits.changes is not None:
        yield HANG, plain(f"  limit      {plural(policy.limits.changes, 'change')} at once")
    for kind, most in policy.limits.kinds.items():
        yield HANG, plain(f"  limit      {plural(most, 'change')} of {kind} at once")
    if policy.protected:
        yield HANG, plain(f"  protected  {', '.join(policy.protected)}")
    if policy.emergency:
        yield HANG, plain(f"  emergency  declared by {' or '.join(policy.emergency.who)}")


def _when(policy: PolicyForm) -> Iterator[Line]:
    for word, periods in (("window", policy.windows), ("freeze", policy.freezes)):
        for name, period in periods.items():
            where = period.timezone or policy.timezone or ""
            words = f"  {word}     {name}: {period_words(period)}, {where}"
            scope = scope_words(period)
            yield HANG, plain(words + ("" if scope == _EVERYTHING else f"; for {scope}"))


def _at(policy: Policy, at: datetime, opening: Opening) -> Iterator[Line]:
    moment = local_moment(policy, at)
    if opening.is_open:
        until = f", until {local_moment(policy, opening.until)}" if opening.until else ""
        yield 2, (Piece(f"At {moment} changes may be applied{until}.", Style.ADD),)
        return
    reasons = [f"freeze {name}" for name in opening.freezes]
    if opening.windows:
        reasons.append(f"outside of {', '.join(opening.windows)}")
    why = "; ".join(reasons) or "no window"
    yield 2, (Piece(f"At {moment} no change is applied: {why}.", Style.CHANGE),)
    yield 2, plain(f"Next: {next_moment(policy, opening)}.")


_EVERYTHING = "every change"


def scope_words(scope: Scope) -> str:
    """Describe the changes of a scope."""
    parts = [
        f"{word} {', '.join(values)}"
        for word, values in (
            ("kinds", scope.kinds),
            ("fields", scope.fields),
            ("sites", scope.sites),
            ("targets", scope.targets),
            ("environments", scope.environments),
        )
        if values is not None
    ]
    return "; ".join(parts) or _EVERYTHING


def period_words(period: Period) -> str:
    """Describe when a period is."""
    if period.calendar is not None:
        return f"events of {period.calendar}"
    if period.start is not None:
        return f"{period.start} to {period.end}"
    parts = []
    if period.weekdays is not None:
        days = [day for day in WEEKDAYS if day in period.weekdays]
        nth = [place for place in PLACES if place in (period.nth or ())]
        parts.append(f"{join_words(nth)} {', '.join(days)}".strip())
    if first := period.date or period.every:
        every = " every year" if period.every else ""
        parts.append(f"{first} to {period.until}{every}" if period.until else f"{first}{every}")
    if period.hours is not None:
        parts.append(", ".join(period.hours))
    return ", ".join(parts)


def policy_json(shown: ShownPolicy) -> str:
    """Write the policy as it is declared, and whether an apply may run at the moment."""
    opening = shown.opening
    body = form.PolicyThatCounts(
        commit=shown.policy.commit,
        policy=shown.policy.form.model_dump(mode="json", exclude_unset=True),
        at=shown.at.isoformat() if shown.at else None,
        open=opening.is_open if opening else None,
        until=opening.until.isoformat() if opening and opening.until else None,
        freezes=list(opening.freezes) if opening else [],
        windows=list(opening.windows) if opening else [],
    )
    return as_json(body)


POLICY: Report[ShownPolicy] = Report(policy_text, json=policy_json)
