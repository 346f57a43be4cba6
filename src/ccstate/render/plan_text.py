"""A plan on a terminal."""

from collections import Counter
from collections.abc import Iterator

from ccstate.model import Action, Change, Plan
from ccstate.render.attention import (
    Sentence,
    adoptable,
    attention,
    basis_of,
    kept,
    unmanaged,
    where,
)
from ccstate.render.change_text import change_lines
from ccstate.render.plan_journeys import journeys_text
from ccstate.render.tally import (
    STYLES,
    VERBS,
    by_kind,
    counted,
    listed,
    named,
    rest,
    targets,
)
from ccstate.render.text import (
    PLAIN,
    Line,
    Palette,
    Piece,
    Style,
    columns,
    laid_out,
    plain,
    safe,
)
from ccstate.render.unseen import FOR_READING, unseen_lines
from ccstate.render.values import of_kind, plural, references_beyond

CREATED = 8
"""New objects of one kind that are shown; what is beyond is counted."""
SHOWN = 50
"""Objects that change or go, on one target, that are shown in full."""
FEWEST = 3
"""Of each kind, even where the kinds before it took all the room."""
MANY = 12
"""Changes from which a table of counts helps."""


def plan_text(plan: Plan, plan_id: str, width: int = 80, palette: Palette = PLAIN) -> str:
    """What the plan does and on whose account, in lines of at most `width` columns."""
    blocks = [_header(plan, plan_id), _refusals(plan), _attention(plan)]
    blocks += [journeys_text(plan.journeys), _table(plan)]
    blocks += [_target(plan, target) for target in dict.fromkeys(s.target for s in plan.steps)]
    blocks += [_kept(plan), _unmanaged(plan)]
    blocks += [*(unseen_lines(*one) for one in plan.unseen.items()), _what_next(plan, plan_id)]
    text = [laid_out(block, width, palette) for block in blocks]
    return "\n\n".join(part for part in text if part) + "\n"


def _header(plan: Plan, plan_id: str) -> Iterator[Line]:
    names = where(targets(plan))
    if not plan.steps:
        return
    what = f"Plan {plan_id} for {names}: "
    yield 2, (Piece(what, Style.STRONG), Piece(counted(plan.changes()), Style.STRONG))
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
    return (Piece(f"{words}: ", sentence.style), *plain(named(sentence.names, sentence.about)))


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
            for change in step.changes:
                kinds.setdefault(change.address.kind, []).append(change)
    room = SHOWN
    before = 0
    for changes in kinds.values():
        shown, hidden = _bounded(changes, max(room, FEWEST))
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
                    Piece(f"  … and {rest(hidden)}", Style.DIM),
                    *plain(references_beyond(hidden)),
                ),
            )


def _bounded(changes: list[Change], room: int) -> tuple[list[Change], list[Change]]:
    """The changes to show, in their order, and those that are only counted."""
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
    for sentence in kept(plan.kept):
        yield 2, _sentence(sentence)


def _unmanaged(plan: Plan) -> Iterator[Line]:
    for sentence in unmanaged(plan):
        yield 2, _sentence(sentence)
    if example := adoptable(plan):
        yield 2, (Piece("To manage one: ", Style.DIM), *plain(f"ccstate adopt {example}"))


def _what_next(plan: Plan, plan_id: str) -> Iterator[Line]:
    if not plan.steps:
        names = targets(plan)
        verb = "match" if len(names) > 1 else "matches"
        seen = ", as far as it could be seen" if plan.unseen else ""
        said = f"{where(names)} {verb} the desired state{seen}."
        if plan.only:
            said = f"{listed(map(str, plan.only))} {'are' if len(plan.only) > 1 else 'is'} as the desired state says."
        yield 2, (Piece("Nothing to do: ", Style.STRONG), *plain(said))
    elif plan.unseen:
        yield 2, plain(FOR_READING)
    elif plan.refusals:
        yield 2, (Piece("Nothing will be applied as the plan stands.", Style.ALARM),)
    else:
        yield (
            2,
            (*plain("To apply exactly this:  "), Piece(f"ccstate apply {plan_id}", Style.STRONG)),
        )
