"""A plan on a terminal, as a comment on a pull request, and as the file that apply takes."""

from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from html import escape
from typing import NamedTuple

from ccstate.model import Action, Change, Plan
from ccstate.plan_file import ID_LENGTH, as_read, change_as_read, packed
from ccstate.plan_file import digest as digest_of
from ccstate.render.attention import (
    FOR_READING,
    Sentence,
    adoptable,
    as_far_as,
    attention,
    basis_of,
    by_people,
    needed,
    recorded_only,
    target_names,
    unchecked_lines,
    unchecked_markdown,
    unmanaged_objects,
    unseen_lines,
    unseen_markdown,
)
from ccstate.render.changes import Row, change_lines, edit_rows, kept_words
from ccstate.render.formats import Report
from ccstate.render.plan_journeys import journeys_markdown, journeys_text
from ccstate.render.rollback import rollback_markdown, rollback_text
from ccstate.render.text import (
    PLAIN,
    Line,
    Palette,
    Piece,
    Style,
    code,
    columns,
    paragraphs,
    plain,
    safe,
)
from ccstate.render.values import (
    STYLES,
    VERBS,
    by_kind,
    changes_words,
    common_reason,
    count_changes,
    count_rest,
    counted_changes,
    facts_of,
    fields_of,
    join_words,
    name_first,
    of_kind,
    plural,
    references_beyond,
    targets,
    title,
)

CREATED = 8
"""New objects of one kind that are shown; what is beyond is counted."""
SHOWN = 50
"""Objects that change or go, on one target, that are shown in full."""
FEWEST = 3
"""Of each kind, even where the kinds before it took all the room."""
MANY = 12
"""Changes from which a table of counts helps."""


def plan_text(plan: Plan, plan_id: str, width: int = 80, palette: Palette = PLAIN) -> str:
    """Write what the plan does and who causes it, in lines of at most `width` columns."""
    blocks = [_header(plan, plan_id), rollback_text(plan), _refusals(plan), _attention(plan)]
    blocks += [journeys_text(plan.journeys), _table(plan)]
    blocks += [_target(plan, target) for target in dict.fromkeys(s.target for s in plan.steps)]
    blocks += [_kept(plan), _unmanaged(plan)]
    blocks += [unseen_lines(*one) for one in plan.unseen.items()]
    blocks += [unchecked_lines(*one) for one in plan.unchecked.items()]
    blocks.append(_what_next(plan, plan_id))
    return paragraphs(blocks, width, palette)


def _header(plan: Plan, plan_id: str) -> Iterator[Line]:
    names = target_names(targets(plan), plan.environment)
    if not plan.steps:
        return
    what = f"Plan {plan_id} for {names}: "
    yield 2, (Piece(what, Style.STRONG), Piece(count_changes(plan.changes()), Style.STRONG))
    if commit := basis_of(plan):
        managed = sum(count for kinds in plan.managed.values() for count in kinds.values())
        after = f"; {plural(managed, 'object')} managed afterwards" if managed else ""
        yield 2, (Piece(f"Desired state: {commit}{after}", Style.DIM),)
    if plan.forced:
        yield 2, (Piece("Limits are overridden: ", Style.CHANGE), *plain(f'"{plan.forced}"'))


def _refusals(plan: Plan) -> Iterator[Line]:
    if plan.refusals:
        yield 2, (Piece("This plan may not be applied:", Style.ALARM),)
    for refusal in plan.refusals:
        yield 4, (Piece(f"  {refusal.code} {refusal.message}", Style.ALARM),)
        if refusal.hint:
            yield 6, (Piece("    hint: ", Style.DIM), *plain(refusal.hint))


def _attention(plan: Plan) -> Iterator[Line]:
    for sentence in attention(plan):
        yield 4, (Piece("! ", sentence.style), *_sentence(sentence))


def _sentence(sentence: Sentence) -> tuple[Piece, ...]:
    words = f"On {sentence.target}, {sentence.words}" if sentence.target else sentence.words
    if not sentence.names:
        return (Piece(f"{words}.", sentence.style),)
    return (Piece(f"{words}: ", sentence.style), *plain(name_first(sentence.names, sentence.about)))


def _table(plan: Plan) -> Iterator[Line]:
    changes = list(plan.changes())
    counts = by_kind(changes)
    if len(changes) < MANY or len(counts) < 2:
        return
    used = [action for action in Action if any(count[action] for count in counts.values())]
    first = max(columns(safe(_plural(kind))) for kind in counts) + 2
    head = "".join(f"{VERBS[action]:>9}" for action in used)
    yield 0, (Piece("  " + " " * first + head, Style.DIM),)
    for kind, count in counts.items():
        name = _plural(kind)
        yield 0, (*plain(f"  {name}{' ' * (first - columns(safe(name)))}"), *_cells(count, used))


def _plural(kind: str) -> str:
    return of_kind(0, kind).removeprefix("0 ")


def _cells(count: "Counter[Action]", used: list[Action]) -> Iterator[Piece]:
    for action in used:
        cell = f"{count[action]:,}" if count[action] else "·"
        yield Piece(f"{cell:>9}", STYLES[action] if count[action] else Style.DIM)


def _target(plan: Plan, target: str) -> Iterator[Line]:
    yield 2, (Piece(target, Style.STRONG),)
    kinds: dict[str, list[Change]] = {}
    for step in plan.steps:
        if step.target == target:
            for change in counted_changes(step.changes):
                kinds.setdefault(change.address.kind, []).append(change)
    room = SHOWN
    before = 0
    for changes in kinds.values():
        shown, hidden = _bound(changes, max(room, FEWEST))
        room -= sum(change.action is not Action.CREATE for change in shown)
        names = max((columns(safe(str(c.address))) for c in shown), default=0)
        for change in shown:
            lines = list(change_lines(change, names, plan.kept.get(target, ())))
            if before and (before > 1 or len(lines) > 1):
                yield 0, ()
            before = len(lines)
            yield from lines
        if hidden:
            yield (
                4,
                (
                    Piece(f"  … and {count_rest(hidden)}", Style.DIM),
                    *plain(references_beyond(hidden)),
                ),
            )


def _bound(changes: list[Change], room: int) -> tuple[list[Change], list[Change]]:
    """Return the changes to show, in their order, and those that are only counted."""
    shown: list[Change] = []
    hidden: list[Change] = []
    created = 0
    for change in changes:
        if change.action is Action.CREATE:
            created += 1
            fits = created <= CREATED
        else:
            room -= 1
            fits = room >= 0
        (shown if fits else hidden).append(change)
    return shown, hidden


def _kept(plan: Plan) -> Iterator[Line]:
    for sentence in recorded_only(plan.kept, by_people(plan.changes())):
        yield 2, _sentence(sentence)


def _unmanaged(plan: Plan) -> Iterator[Line]:
    for sentence in unmanaged_objects(plan):
        yield 2, _sentence(sentence)
    if example := adoptable(plan):
        yield 2, (Piece("To manage one: ", Style.DIM), *plain(f"ccstate adopt {example}"))


def _what_next(plan: Plan, plan_id: str) -> Iterator[Line]:
    if not plan.steps:
        names = targets(plan)
        verb = "match" if len(names) > 1 else "matches"
        seen = as_far_as(plan.unseen, plan.unchecked)
        sentence = f"{target_names(names, plan.environment)} {verb} the desired state{seen}."
        if plan.only:
            verb = "are" if len(plan.only) > 1 else "is"
            sentence = f"{join_words(map(str, plan.only))} {verb} as the desired state says."
        if plan.rollback:
            sentence = "everything that can be taken back is as it was."
        yield 2, (Piece("Nothing to do: ", Style.STRONG), *plain(sentence))
    elif plan.unseen:
        yield 2, plain(FOR_READING)
    elif unread := plan.unread():
        yield 2, plain(needed(unread))
    elif plan.refusals:
        yield 2, (Piece("Nothing will be applied as the plan stands.", Style.ALARM),)
    else:
        yield (
            2,
            (*plain("To apply exactly this:  "), Piece(f"ccstate apply {plan_id}", Style.STRONG)),
        )


LIMIT = 60_000
"""Characters; GitHub refuses comments from 65,536."""
HEAD = 20_000
"""Characters of everything before the details: they must leave room for these."""
EDITS = 40
IN_FIELDS = {Action.UPDATE, Action.ADOPT, Action.MOVE}
"""Actions that are shown field by field."""
OTHER = "other objects"
NAMED = 5
SIGNS_OF_MARKDOWN: Mapping[Action, str] = {
    Action.CREATE: "**+**",
    Action.UPDATE: "**~**",
    Action.DELETE: "**−**",
    Action.ADOPT: "**=**",
    Action.RELEASE: "**·**",
    Action.MOVE: "**→**",
}
"""Never bare: `- + queue` would begin a list within the list."""


def plan_markdown(plan: Plan, digest: str) -> str:
    """Write what the plan does, for the reviewers of the pull request.

    The plan's id is the beginning of its digest. What is written depends on no order of keys in
    memory: an apply compares it with what the plan file says.
    """
    plan = as_read(plan)
    if not plan.steps:
        nothing = f"### Nothing to do\n\n{_where(plan)} already as the desired state says.\n"
        nothing += "".join(f"\n{_sentence_markdown(sentence)}\n" for sentence in attention(plan))
        return "\n".join(
            [
                nothing,
                *rollback_markdown(plan),
                *_refusals_markdown(plan),
                *_unmanaged_markdown(plan),
                *unseen_markdown(plan.unseen),
                *unchecked_markdown(plan.unchecked),
            ]
        )
    head = "\n".join(_head(plan, digest[:ID_LENGTH]))
    beside = [
        *_sentences(recorded_only(plan.kept, by_people(plan.changes()))),
        *_unmanaged_markdown(plan),
        *unseen_markdown(plan.unseen),
        *unchecked_markdown(plan.unchecked),
    ]
    tail = "\n".join([*beside, *_what_next_markdown(plan, digest)])
    return "\n".join([head, *_details(plan, LIMIT - len(head) - len(tail)), tail])


def _where(plan: Plan) -> str:
    names = [code(str(name)) for name in plan.only or targets(plan)]
    where = f"{join_words(names) or 'The platform'}{_environment(plan)}"
    return f"{where} {'are' if len(names) > 1 else 'is'}"


def _environment(plan: Plan) -> str:
    return f" of {code(plan.environment)}" if plan.environment else ""


def _head(plan: Plan, plan_id: str) -> Iterator[str]:
    changes = list(plan.changes())
    yield f"### Plan {code(plan_id)}: {count_changes(changes)}\n"
    what = (
        changes_words(changes)
        if all(_kind(kind) != OTHER for kind in {change.address.kind for change in changes})
        else "changes it"
    )
    yield f"Applying this {what} on {join_words(map(code, _touched(plan)))}{_environment(plan)}.\n"
    yield from rollback_markdown(plan)
    yield from _refusals_markdown(plan)
    if plan.forced:
        yield f"> **Limits are overridden:** {code(plan.forced)}\n"
    sentences = [f"- {_sentence_markdown(sentence)}" for sentence in attention(plan)]
    if sentences:
        yield "**Please look at:**\n"
        yield "\n".join(sentences) + "\n"
    yield from journeys_markdown(plan.journeys)
    yield "\n".join(_table_markdown(changes)) + "\n"


def _touched(plan: Plan) -> list[str]:
    return list(dict.fromkeys(step.target for step in plan.steps))


def _refusals_markdown(plan: Plan) -> Iterator[str]:
    if not plan.refusals:
        return
    lines = ["> [!CAUTION]", "> **This plan may not be applied:**", ">"]
    left = HEAD
    for refusal in plan.refusals:
        line = f"> - {code(refusal.code)} {code(refusal.message)}"
        line += f" — hint: {code(refusal.hint)}" if refusal.hint else ""
        left -= len(line)
        if left < 0:
            lines.append(f"> - … and {plural(len(plan.refusals) - len(lines) + 3, 'more reason')}")
            break
        lines.append(line)
    yield "\n".join(lines) + "\n"


def _sentence_markdown(sentence: Sentence) -> str:
    place = f"On {code(sentence.target)}, " if sentence.target else ""
    if not sentence.names:
        return f"{place}{sentence.words}."
    names = name_first([code(name, 100) for name in sentence.names[:NAMED]], sentence.about)
    return f"{place}{sentence.words}: {names}."


def _table_markdown(changes: Sequence[Change]) -> Iterator[str]:
    counts = by_kind(changes)
    used = [action for action in Action if any(count[action] for count in counts.values())]
    yield "| | " + " | ".join(VERBS[action] for action in used) + " |"
    yield "|---|" + "---:|" * len(used)
    for kind, count in counts.items():
        cells = " | ".join(f"{count[action]:,}" if count[action] else "" for action in used)
        yield f"| {_kind(kind)} | {cells} |"


def _kind(kind: str) -> str:
    """Return the plural of a kind; kinds are ours, but a plan file may come from anywhere."""
    words = of_kind(0, kind).removeprefix("0 ")
    return words if words.replace(" ", "").isalnum() else OTHER


def _details(plan: Plan, room: int) -> Iterator[str]:
    """Write one fold for each kind on each target, while there is room; the rest is counted."""
    groups: dict[tuple[str, str], list[Change]] = {}
    for change in counted_changes(plan.changes()):
        groups.setdefault((change.target, change.address.kind), []).append(change)
    room -= 1_000
    recorded = plan.kept
    hidden: list[Change] = []
    several = len(_touched(plan)) > 1
    for (target, kind), changes in groups.items():
        place = f" on <code>{escape(safe(target))}</code>" if several else ""
        start = f"<details><summary>{_kind(kind)}{place}: {count_changes(changes)}</summary>\n"
        room -= len(start) + 20
        items: list[str] = []
        for change in changes:
            lines = (
                change_markdown(change_as_read(change), recorded.get(target, ()))
                if room > 0
                else ()
            )
            item = "\n".join(lines)
            room -= len(item) + 1
            if room > 0:
                items.append(item)
            else:
                hidden.append(change)
        if items:
            yield "\n".join([start, *items, "\n</details>\n"])
    if hidden:
        count = plural(len(hidden), "more change")
        secrets = code(found) if (found := references_beyond(hidden).removeprefix(", ")) else ""
        yield f"… and {count}, for which a comment has no room.{' ' * bool(secrets)}{secrets}\n"


def change_markdown(change: Change, recorded: Collection[str]) -> Iterator[str]:
    """Write one change as an item of a list, with its fields below it."""
    fields = fields_of(change)
    name = title(change.address, fields)
    words = [f"- {SIGNS_OF_MARKDOWN[change.action]} {code(str(change.address))}"]
    words += [code(name)] if name else []
    reason = common_reason(change)
    if change.action not in IN_FIELDS:
        words += [code(facts)] if (facts := facts_of(change, fields)) else []
    yield " ".join([*words, f"— {reason}"] if reason else words)
    if change.action in IN_FIELDS:
        for edit in change.edits[:EDITS]:
            is_kept = f"{change.address.kind}.{edit.path}" in recorded
            notes = ["" if reason else edit.why.value, kept_words(change) if is_kept else ""]
            note = "; ".join(filter(None, notes))
            yield from _edit(edit_rows(change, edit), f" — {note}" if note else "")
        if len(change.edits) > EDITS:
            yield f"  - … and {plural(len(change.edits) - EDITS, 'more field')}"


def _edit(found: list[Row], why: str) -> Iterator[str]:
    """Write one line for each field; lines below it where more than one thing differs in it."""
    starts = [place for place, row in enumerate(found) if row.label or not place]
    for start, end in zip(starts, [*starts[1:], len(found)], strict=True):
        values = [
            code("".join(piece.text for piece in row.value).strip()) for row in found[start:end]
        ]
        label = code(found[start].label, 100)
        if len(values) == 1:
            yield f"  - {label} {values[0]}{why}"
        else:
            yield f"  - {label}{why}"
            yield from (f"    - {value}" for value in values)
        why = ""


def _unmanaged_markdown(plan: Plan) -> Iterator[str]:
    return _sentences(unmanaged_objects(plan))


def _sentences(found: Iterator[Sentence]) -> Iterator[str]:
    sentences = list(found)
    for sentence in sentences[:NAMED]:
        yield f"{_sentence_markdown(sentence)}\n"
    if len(sentences) > NAMED:
        yield f"… and others on {plural(len(sentences) - NAMED, 'more platform')}.\n"


def _what_next_markdown(plan: Plan, digest: str) -> Iterator[str]:
    if plan.unseen:
        yield f"{FOR_READING}\n"
    elif unread := plan.unread():
        yield f"{needed(unread, code)}\n"
    elif plan.refusals:
        yield "**Nothing will be applied as the plan stands.**\n"
    else:
        yield f"To apply exactly this: {code(f'ccstate apply {digest[:ID_LENGTH]}')}\n"
        if len(digest) > ID_LENGTH:
            whole = code(f"ccstate apply {digest}", 100)
            yield f"<sub>An approval that nothing else fits names all of it: {whole}</sub>\n"
    if commit := basis_of(plan):
        yield f"<sub>Desired state: {code(commit)}</sub>\n"


class PlanToShow(NamedTuple):
    """A plan, and its id where it was written down; "" where it has nothing to do."""

    plan: Plan
    plan_id: str


PLAN: Report[PlanToShow] = Report(
    lambda shown, width, palette: plan_text(*shown, width, palette),
    markdown=lambda shown: plan_markdown(
        shown.plan, digest_of(shown.plan) if shown.plan_id else ""
    ),
    json=lambda shown: packed(shown.plan)[1].decode(),
)
