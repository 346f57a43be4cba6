"""The answer to a proposed change: what was asked, what it would do, what callers notice, who approves.

It is one comment in plain words for people who approve. What is too long for a comment is left out
section by section, with a sentence that says so; the whole is written beside it.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from ccstate.authority import NO_REQUEST, Request
from ccstate.errors import Diagnostic, Severity
from ccstate.model import Action, Change, JourneyChange, Journeys, Plan
from ccstate.render.attention import attention, basis_of, unmanaged_objects
from ccstate.render.call_tests import BrokenTest
from ccstate.render.changes import edit_rows
from ccstate.render.diagnostics import counted
from ccstate.render.plan_journeys import (
    LOSES_A_HUMAN,
    SHOWN,
    change_words,
    dead_ends,
    headline,
    name_numbers,
    uncompared_words,
)
from ccstate.render.text import Style, html_words, prose
from ccstate.render.values import (
    VERBS,
    common_reason,
    count_changes,
    counted_changes,
    facts_of,
    fields_of,
    join_words,
    name_first,
    of_kind,
    plural,
    title,
)

LIMIT = 65_000
"""Characters of a comment; GitHub refuses those from 65,536."""
PROBLEMS = 20
REASONS = 20
FEW = 3
"""Objects with new secrets only that are shown one by one."""
CHANGES = 40
"""Changes of one kind on one platform; what is beyond is counted."""
EDITS = 20
NAMED = 5
WORDS = 200


class Picture(NamedTuple):
    """What callers meet at one object, or a wall, in Markdown: before and after; "" where there is none."""

    title: str
    before: str
    after: str


class Approver(NamedTuple):
    """Whose consent a part of the change needs, in words, and who gave it already."""

    who: str
    what: str
    given: tuple[str, ...] = ()
    suffices: bool = False


class Agreed(NamedTuple):
    """What people saw when they approved: digest of what the plan does, and the commit it was for."""

    content: str
    commit: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """Everything that is said of one proposed change."""

    heading: str = ""
    """What came out, where it is not what the rest says: a plan that was applied, or not."""
    title: str = ""
    """What the change is called: title of the change request, or subject of its commit."""
    author: str = ""
    request: Request = NO_REQUEST
    problems: Sequence[Diagnostic] = ()
    """Problems of the desired state: its errors, and warnings where the change touches them."""
    elsewhere: int = 0
    """Warnings that the change does not touch."""
    broken: Sequence[BrokenTest] = ()
    tests: int = 0
    """Call tests that were walked."""
    plan: Plan | None = None
    unplanned: str = ""
    """Why there is no plan, or what it waits for, in sentences."""
    pictures: Sequence[Picture] = ()
    more_pictures: Sequence[str] = ()
    """Objects whose pictures stand beside the comment only, by title."""
    approvers: Sequence[Approver] = ()
    blocked: Sequence[Diagnostic] = ()
    """What the policy still asks for, or forbids now."""
    overruled: Sequence[Diagnostic] = ()
    """What an emergency goes beyond."""
    forbidden: bool = False
    """Whether the policy forbids it, whoever approves and however long it waits."""
    agreed: Agreed | None = None
    """What an approval of this comment agrees to."""
    whole: str = ""
    """Address of the run, which has everything."""


class _Section(NamedTuple):
    name: str
    """What is left out with it, in words."""
    rank: int
    """The highest is left out first."""
    text: str


def comment(answer: Answer, limit: int = LIMIT) -> str:
    """Write the comment in at most so many characters; sections that do not fit are named."""
    first, *others = _sections(answer)
    tail = "".join(f"\n{line}\n" for line in _tail(answer))
    left_out: list[str] = []
    dropped = sorted(range(len(others)), key=lambda place: (others[place].rank, place))
    room = limit - len(first.text) - len(tail) - sum(len(each.text) + 1 for each in others)
    while dropped and room < (len(_left_out(left_out, answer.whole)) + 2 if left_out else 0):
        last = others[dropped.pop()]
        left_out.insert(0, last.name)
        room += len(last.text) + 1
    kept = [first.text, *(others[place].text for place in sorted(dropped))]
    rest = f"\n{_left_out(left_out, answer.whole)}\n" if left_out else ""
    return "\n".join(kept) + rest + tail


def agreed_in(body: str) -> Agreed | None:
    """Read what a comment of ours says that its approval agrees to; None where it says nothing."""
    found = _AGREED.fullmatch(body.rstrip("\n").rpartition("\n")[2])
    return Agreed(found[1], found[2]) if found else None


_AGREED = re.compile(r"<!-- ccstate agreed ([0-9a-f]{64}) ([0-9a-f]{40}|[0-9a-f]{64}) -->")


def _tail(answer: Answer) -> Iterator[str]:
    if answer.whole:
        yield f"[Everything at length]({answer.whole})"
    if answer.plan and (commit := basis_of(answer.plan)):
        yield f"<sub>Planned from {prose(commit)}. Later runs replace this comment.</sub>"
    if answer.agreed:
        yield f"<!-- ccstate agreed {answer.agreed.content} {answer.agreed.commit} -->"


def _left_out(names: Sequence[str], whole: str) -> str:
    shown = name_first(names, len(names), 12)
    where = "the run has it" if whole else "the file of the whole has it"
    return f"> Left out, for a comment has no more room: {shown}; {where}."


def _sections(answer: Answer) -> Iterator[_Section]:
    """List the sections in their order; the first one is never left out."""
    yield _Section("", 0, "\n".join(_head(answer)))
    is_wrong = any(problem.severity is Severity.ERROR for problem in answer.problems)
    if is_wrong:
        yield _Section("problems", 1, "\n".join(_problems(answer)))
    plan = answer.plan
    if plan and plan.refusals:
        yield _Section("why it may not be applied", 1, "\n".join(_refusals(plan)))
    if plan and (callers := "\n".join(_callers(plan))):
        yield _Section("what callers notice", 2, callers)
    if plan and (by_hand := "\n".join(_attention(plan))):
        yield _Section("what to look at", 2, by_hand)
    if answer.approvers or answer.blocked or answer.overruled:
        yield _Section("who has to approve", 1, "\n".join(_approvers(answer)))
    if answer.broken or answer.tests:
        yield _Section("call tests", 3, "\n".join(_tests(answer)))
    if not is_wrong and (answer.problems or answer.elsewhere):
        yield _Section("warnings", 3, "\n".join(_problems(answer)))
    if plan and plan.steps:
        yield from _changes(plan)
    yield from _pictures(answer)


def _pictures(answer: Answer) -> Iterator[_Section]:
    for picture in answer.pictures:
        yield _Section(f"the picture of {prose(picture.title)}", 5, _picture(picture))
    if names := [prose(name) for name in answer.more_pictures]:
        words = f"Pictures beside this comment: {name_first(names, len(names))}.\n"
        yield _Section("names of more pictures", 4, words)


def _head(answer: Answer) -> Iterator[str]:
    yield f"### {_outcome(answer)}\n"
    author = prose(answer.author, WORDS) if answer.author else ""
    if answer.title:
        by = f", proposed by {author}" if author else ""
        yield f"**What was asked:** **{prose(answer.title, WORDS)}**{by}.\n"
    elif author:
        yield f"Proposed by {author}.\n"
    yield f"{' '.join(_request_words(answer.request))}\n"
    if answer.unplanned:
        yield f"{answer.unplanned}\n"


def _outcome(answer: Answer) -> str:
    plan = answer.plan
    if answer.heading:
        return answer.heading
    if any(problem.severity is Severity.ERROR for problem in answer.problems):
        return f"✗ Nothing was planned: {counted(answer.problems)}"
    if plan is None:
        return "No plan" if answer.unplanned else "Nothing of the configuration changes"
    if not plan.steps and not plan.refusals:
        return "✓ Nothing would change on the platforms"
    if plan.refusals or answer.forbidden:
        return f"✗ This may not be applied as it stands: {count_changes(plan.changes())}"
    lost = plan.journeys.lost if plan.journeys else 0
    sign = "⚠ " if lost or answer.broken else ""
    return f"{sign}What merging this would change: {count_changes(plan.changes())}"


def _request_words(request: Request) -> Iterator[str]:
    if request == NO_REQUEST:
        yield "No request is named. A commit says it by its last lines: `Request: CHG-123`,"
        yield "`Requested-by:`, `Reason:`, `Window:`."
        return
    number = f"Request {prose(request.request, WORDS)}" if request.request else "A request"
    person = f" of {prose(request.requested_by, WORDS)}" if request.requested_by else ""
    reason = f", because: {prose(request.reason, WORDS)}" if request.reason else ""
    yield f"{number}{person}{reason}."
    if request.window:
        yield f"To be applied in this window: {prose(request.window, WORDS)}."
    if request.emergency:
        yield f"⚠ **It is called an emergency:** {prose(request.emergency, WORDS)}."


def _problems(answer: Answer) -> Iterator[str]:
    yield f"**{counted(answer.problems)}**\n" if answer.problems else "**Warnings:**\n"
    for problem in answer.problems[:PROBLEMS]:
        place = f"{prose(str(problem.span))}: " if problem.span else ""
        yield f"- **{problem.severity.value} {prose(problem.code)}** {place}{_words(problem)}"
    if len(answer.problems) > PROBLEMS:
        yield f"- … and {plural(len(answer.problems) - PROBLEMS, 'more problem')}"
    if answer.elsewhere:
        count = plural(answer.elsewhere, "warning")
        yield f"- {count} in places that this change does not touch"
    yield ""


def _words(problem: Diagnostic) -> str:
    """Write a problem as sentences: what, why, what to do."""
    sentences = [problem.message, *problem.cause.splitlines()]
    sentences += [f"What to do: {problem.hint}"] if problem.hint else []
    first, *more = (each.strip().removesuffix(".") for each in sentences)
    words = [first, *(each[:1].upper() + each[1:] for each in more)]
    return " ".join(f"{prose(each)}." for each in words)


def _refusals(plan: Plan) -> Iterator[str]:
    yield from ("> [!CAUTION]", "> **This may not be applied:**", ">")
    for refusal in plan.refusals[:REASONS]:
        problem = Diagnostic(refusal.code, refusal.message, hint=refusal.hint)
        yield f"> - {prose(refusal.code)}: {_words(problem)}"
    if len(plan.refusals) > REASONS:
        yield f"> - … and {plural(len(plan.refusals) - REASONS, 'more reason')}"
    yield ""


def _callers(plan: Plan) -> Iterator[str]:
    """Write what callers notice: a table, those who lose a human first and marked."""
    journeys = plan.journeys
    if journeys is None:
        return
    head = headline(journeys)
    if not (head or journeys.added or journeys.removed):
        return
    yield f"**What callers notice:** {head}.\n" if head else "**What callers notice:**\n"
    if journeys.changes:
        yield "| | Who calls, and does what | Before | After | When |"
        yield "|---|---|---|---|---|"
        yield from map(_row, journeys.changes[:SHOWN])
    below = list(_below(journeys))
    yield from ([""] if journeys.changes and below else [])
    yield from below
    yield ""


def _below(journeys: Journeys) -> Iterator[str]:
    """List what callers notice beside journeys that end elsewhere."""
    if rest := journeys.hidden + max(0, len(journeys.changes) - SHOWN):
        yield f"- … and {plural(rest, 'more change')}"
    if journeys.uncompared:
        what, cause, todo = uncompared_words(journeys)
        yield f"- ⚠ **{what}:** {prose(cause)} {prose(todo)}"
    if journeys.removed:
        names = name_numbers(journeys.removed, journeys.more_removed)
        yield f"- ⚠ **No longer answered:** {prose(names)}"
    for fate, names in dead_ends(journeys):
        yield f"- ⚠ **{prose(fate)}:** {prose(names)}"
    if journeys.added:
        names = name_numbers(journeys.added, journeys.more_added)
        count = plural(len(journeys.added) + journeys.more_added, "new number")
        yield f"- {count}: {prose(names)}"


def _row(change: JourneyChange) -> str:
    words = change_words(change)
    sign = "⚠" if change.worse < LOSES_A_HUMAN else "↓" if words.style is Style.CHANGE else ""
    after = prose(words.after, WORDS)
    after = f"**{after}**" if sign else after
    cells = (
        sign,
        f"{prose(words.who, WORDS)}: callers who {prose(words.does, WORDS)}",
        prose(words.before, WORDS),
        after,
        prose(words.when, WORDS),
    )
    return f"| {' | '.join(cells)} |"


def _attention(plan: Plan) -> Iterator[str]:
    """Write what a reviewer must see, what was changed by hand before all."""
    found = []
    for sentence in attention(plan):
        names = name_first([prose(name, WORDS) for name in sentence.names[:NAMED]], sentence.about)
        sign = "⚠ " if sentence.style is Style.ALARM else ""
        found.append(f"- {sign}{sentence.words}{f': {names}' if names else ''}.")
    if plan.forced:
        found.insert(0, f"- ⚠ Limits are overridden: {prose(plan.forced)}.")
    for target, unseen in plan.unseen.items():
        words = join_words([prose(each) for each in unseen[:NAMED]])
        found.append(f"- On {prose(target)}, the account that planned may not see: {words}.")
    for target, unchecked in plan.unchecked.items():
        words = join_words([prose(each) for each in unchecked[:NAMED]])
        found.append(f"- On {prose(target)}, secrets that are not checked: {words}.")
    if unread := plan.unread():
        words = name_first([prose(each, WORDS) for each in unread[:NAMED]], len(unread))
        found.append(f"- Who applies it needs secrets that were not here: {words}.")
    if found:
        yield "**Please look at:**\n"
        yield from found
        yield ""


def _approvers(answer: Answer) -> Iterator[str]:
    yield "**Who has to approve:**\n"
    for approver in answer.approvers:
        given = join_words([prose(name, WORDS) for name in approver.given])
        done = f"given by {given}" if given else "not given yet"
        sign = "✓" if approver.suffices else "…"
        yield f"- {sign} {prose(approver.who)}, for {prose(approver.what)}: {done}"
    for problem in answer.blocked:
        yield f"- ⚠ {_words(problem)}"
    for problem in answer.overruled:
        yield f"- ⚠ **The emergency goes beyond this:** {_words(problem)}"
    yield ""


def _tests(answer: Answer) -> Iterator[str]:
    passed = answer.tests - len(answer.broken)
    if not answer.broken:
        verb = "keeps" if answer.tests == 1 else "keep"
        yield f"**Promises to callers:** {plural(answer.tests, 'call test')} {verb}.\n"
        return
    yield f"**Promises to callers:** ⚠ {len(answer.broken):,} broken, {passed:,} kept\n"
    for broken in answer.broken[:PROBLEMS]:
        yield f"- {prose(broken.name)}: {prose(broken.call)}. Expected: {prose(broken.expected)}. Found: **{prose(broken.found)}**"
    if len(answer.broken) > PROBLEMS:
        yield f"- … and {len(answer.broken) - PROBLEMS:,} more"
    yield ""


DONE: Mapping[Action, str] = {
    Action.CREATE: "new",
    Action.UPDATE: "changed",
    Action.DELETE: "deleted",
    Action.ADOPT: "taken under management",
    Action.RELEASE: "no longer managed",
    Action.MOVE: "with another name",
}
"""What becomes of an object, as a word before its name."""

_IN_FIELDS = {Action.UPDATE, Action.ADOPT, Action.MOVE}
"""Actions that are shown field by field."""


def _changes(plan: Plan) -> Iterator[_Section]:
    """Write the changes of each kind on each platform as a fold of its own."""
    groups: dict[tuple[str, str], list[Change]] = {}
    for change in counted_changes(plan.changes()):
        groups.setdefault((change.target, change.address.kind), []).append(change)
    for (target, kind), changes in groups.items():
        name = of_kind(0, kind).removeprefix("0 ")
        what = f"{prose(name)} on {prose(target)}"
        lines = [f"<details><summary>{_summary(name, target, changes)}</summary>\n"]
        lines += _lines(kind, changes)
        yield _Section(f"changes of {what}", 4, "\n".join([*lines, "\n</details>\n"]))
    if unmanaged := "\n".join(_unmanaged(plan)):
        yield _Section("objects that no file declares", 6, unmanaged)


def _lines(kind: str, changes: Sequence[Change]) -> Iterator[str]:
    """Write changes of one kind; many objects of which only secrets change are one line."""
    renewed = [change for change in changes if _renews_secrets(change)]
    if len(renewed) > FEW:
        names = name_first([prose(c.address.name) for c in renewed], len(renewed))
        yield f"- **changed:** {prose(of_kind(len(renewed), kind))} with new secrets: {names}"
        changes = [change for change in changes if not _renews_secrets(change)]
    for change in changes[:CHANGES]:
        yield from _change(change)
    if len(changes) > CHANGES:
        yield f"- … and {len(changes) - CHANGES:,} more"


def _renews_secrets(change: Change) -> bool:
    """Check whether nothing of an object changes but its secrets."""
    is_update = change.action is Action.UPDATE and bool(change.edits)
    return is_update and all(edit.path in change.secrets for edit in change.edits)


def _summary(name: str, target: str, changes: Sequence[Change]) -> str:
    counts = {action: sum(c.action is action for c in changes) for action in Action}
    words = [f"{count:,} to {VERBS[action]}" for action, count in counts.items() if count]
    return f"{html_words(name)} on {html_words(target)}: {join_words(words)}"


def _change(change: Change) -> Iterator[str]:
    fields = fields_of(change)
    kind = change.address.kind.replace("_", " ")
    name = title(change.address, fields)
    words = [f"**{DONE[change.action]}:** {prose(kind)} {prose(change.address.name)}"]
    words += [prose(name)] if name else []
    if change.action not in _IN_FIELDS and (facts := facts_of(change, fields)):
        words.append(f"({prose(facts)})")
    reason = common_reason(change)
    yield f"- {' '.join(words)}{f', {reason}' if reason else ''}"
    if change.action not in _IN_FIELDS:
        return
    for edit in change.edits[:EDITS]:
        note = "" if reason else f", {edit.why.value}"
        for row in edit_rows(change, edit):
            value = prose("".join(piece.text for piece in row.value))
            label = (
                f"{prose(row.label.replace('_', ' ').replace('.', ': '))}: " if row.label else ""
            )
            yield f"  - {label}{value}{note}"
    if len(change.edits) > EDITS:
        yield f"  - … and {plural(len(change.edits) - EDITS, 'more field')}"


def _unmanaged(plan: Plan) -> Iterator[str]:
    for sentence in unmanaged_objects(plan):
        yield f"On {prose(sentence.target)}, {sentence.words}.\n"


def _picture(picture: Picture) -> str:
    parts = [
        f"<details><summary>Picture of {html_words(picture.title)}: before and after</summary>\n"
    ]
    for when, drawn in (("Before", picture.before), ("After", picture.after)):
        parts.append(f"**{when}**\n")
        parts.append(drawn or "It is not there.\n")
    return "\n".join([*parts, "</details>\n"])
