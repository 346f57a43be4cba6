"""The page of a plan for people who open no terminal: one HTML file that shows what a plan would do.

It needs no network and no script. Every text goes through htpy, which escapes it, and drawings come
from `svg`, which escapes theirs; the page's own policy allows styles and nothing else.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import htpy as h
from markupsafe import Markup

from ccstate import __version__
from ccstate.authority import NO_REQUEST
from ccstate.errors import Diagnostic
from ccstate.model import Action, Change, JourneyChange, Plan
from ccstate.plan_file import ID_LENGTH
from ccstate.render.attention import (
    as_far_as,
    attention,
    basis_of,
    by_people,
    recorded_only,
    unmanaged_objects,
)
from ccstate.render.changes import Row, edit_rows
from ccstate.render.comment import DONE, Answer
from ccstate.render.graph.drawing import Drawing
from ccstate.render.graph.layout import Tangled
from ccstate.render.graph.marks import Marks, marks_after, marks_before
from ccstate.render.graph.svg import svg
from ccstate.render.page_style import STYLE
from ccstate.render.plan import IN_FIELDS
from ccstate.render.plan_journeys import (
    LOSES_A_HUMAN,
    change_words,
    dead_ends,
    headline,
    name_numbers,
    uncompared_words,
)
from ccstate.render.text import Piece, Style, clip, safe
from ccstate.render.values import (
    VERBS,
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
    targets,
    title,
)

WORDS = 400
"""Characters of one text."""
REASONS = 50
JOURNEYS = 100
NAMED = 12
CHANGES = 1_500
"""Changes that are shown; what is beyond is counted."""
ROOM = 1_500_000
"""Characters of all changes together, before they are escaped."""
EDITS = 40
UNFOLDED = 12
"""Changes of one kind from which they are folded."""
TREES = 12
ARROWS = 200
"""Arrows of a drawing that people can still read on a page."""
WIDE = 760
"""Pixels from which a drawing gets a line of its own."""
WAYS = 15
WALLS = 6


class Tree(NamedTuple):
    """What callers meet at one object, before and after; None where it is not there."""

    title: str
    before: Drawing | None
    after: Drawing | None


class Wall(NamedTuple):
    """What a display shows, as SVG, before and after; "" where it is not there."""

    title: str
    before: str
    after: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """Everything that the page of one plan shows."""

    answer: Answer
    """What the comment on the change says too; with its plan."""
    digest: str = ""
    """Digest of the plan, of which its id is the beginning; "" where nothing is done."""
    trees: Sequence[Tree] = ()
    walls: Sequence[Wall] = ()
    more_walls: Sequence[str] = ()
    """Walls for which the page has no room, by title."""
    opening: str = ""
    """Until when the policy lets it be applied, in words; "" where the policy does not say."""


class _Part(NamedTuple):
    """A section: its name in links, its heading, and what is in it."""

    name: str
    heading: str
    content: h.Node


def page(shown: Page) -> str:
    """Write the page as a whole HTML document."""
    parts = [part for part in _parts(shown) if part.content]
    heading = _heading(shown)
    document = h.html(lang="en")[
        h.head[
            h.meta(charset="utf-8"),
            h.meta(
                http_equiv="Content-Security-Policy",
                content="default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'",
            ),
            h.meta(name="viewport", content="width=device-width, initial-scale=1"),
            h.meta(name="color-scheme", content="light dark"),
            h.title[f"{heading} – ccstate"],
            h.style[Markup(STYLE)],  # noqa: S704 - a constant
        ],
        h.body[
            h.a(".skip", href="#content")["Skip to the content"],
            h.header[
                h.h1[heading],
                _about(shown),
                len(parts) > 2
                and h.nav(aria_label="Contents")[
                    h.ul[(h.li[h.a(href=f"#{part.name}")[part.heading]] for part in parts)]
                ],
            ],
            h.main("#content", tabindex="-1")[
                (
                    h.section(id=part.name, aria_labelledby=f"{part.name}-heading")[
                        h.h2(id=f"{part.name}-heading")[part.heading], part.content
                    ]
                    for part in parts
                )
            ],
            h.footer[_made_by(shown)],
        ],
    ]
    return f"{document}\n"


def _heading(shown: Page) -> str:
    plan = shown.answer.plan
    if plan is None or not plan.steps:
        return "Nothing would change"
    return f"What this plan would change: {count_changes(plan.changes())}"


def _about(shown: Page) -> h.Node:
    plan = shown.answer.plan
    if plan is None:
        return None
    names = join_words([_words(name) for name in targets(plan)])
    where = f"On {names}" if names else "On no platform"
    where += f", environment {_words(plan.environment)}" if plan.environment else ""
    commit = f", planned from {basis}" if (basis := basis_of(plan)) else ""
    return h.p(".about")[f"{where}{_words(commit)}."]


def _parts(shown: Page) -> Iterator[_Part]:
    """List the sections in their order; those without content are left out."""
    answer, plan = shown.answer, shown.answer.plan
    if plan is None or not plan.steps:
        yield _Part("nothing", "Nothing to do", h.p[_nothing(answer)])
    if plan:
        yield _Part("refusals", "This may not be applied", _refusals(plan, answer))
    if answer.request != NO_REQUEST or answer.author or answer.title or (plan and plan.steps):
        yield _Part("request", "Who asked, and why", _request(answer))
    if plan:
        yield _Part("callers", "What callers notice", list(_callers(plan)))
        yield _Part("attention", "Please look at", list(_attention(plan)))
    yield _Part("approval", "Who has to approve, and when", list(_approval(shown)))
    if shown.trees:
        yield _Part("trees", "The way of calls, before and after", list(_trees(shown.trees)))
    if shown.walls:
        yield _Part("walls", "What people see on walls, before and after", list(_walls(shown)))
    if plan and plan.steps:
        yield _Part("changes", "What changes, by kind", list(_changes(plan)))
    if plan:
        yield _Part("unchecked", "What is not checked", list(_unchecked(plan)))


def _words(text: str, most: int = WORDS) -> str:
    """Write what people wrote so that it is seen as it is, in bounds."""
    return clip(safe(text), most)


def _own(text: str, most: int = WORDS) -> h.Element:
    """Write words of people apart from ours, whatever their direction."""
    return h.bdi[_words(text, most)]


def _alarm(words: h.Node) -> h.Element:
    return h.li(".alarm")[h.strong["⚠ "], words]


def _nothing(answer: Answer) -> str:
    if answer.plan is None:
        return answer.unplanned or "Nothing was planned."
    seen = as_far_as(answer.plan.unseen, answer.plan.unchecked)
    return f"Everything is already as the desired state says{seen}. Nothing would be written."


def _sentences(problem: Diagnostic) -> str:
    found = [problem.message, *problem.cause.splitlines()]
    found += [f"What to do: {problem.hint}"] if problem.hint else []
    first, *more = (each.strip().removesuffix(".") for each in found if each.strip())
    lines = [first, *(each[:1].upper() + each[1:] for each in more)]
    return " ".join(f"{_words(each)}." for each in lines)


def _refusals(plan: Plan, answer: Answer) -> h.Node:
    found = [Diagnostic(each.code, each.message, hint=each.hint) for each in plan.refusals]
    if answer.forbidden:
        found += answer.blocked
    if not found:
        return None
    items = [_alarm([_own(p.code), " ", _sentences(p)]) for p in found[:REASONS]]
    return h.ul(".refused")[items, _more(len(found) - REASONS, "more reason")]


def _more(count: int, words: str) -> h.Node:
    return h.li[f"… and {plural(count, words)}"] if count > 0 else None


def _request(answer: Answer) -> h.Node:
    request = answer.request
    found = (
        ("Change", answer.title),
        ("Request", request.request),
        ("Asked by", request.requested_by),
        ("Reason", request.reason),
        ("To be applied", request.window),
        ("Emergency", request.emergency),
        ("Proposed by", answer.author),
    )
    known = [(name, text) for name, text in found if text]
    unasked = h.p["No request is named: no commit has the line “Request:”."]
    return [
        request == NO_REQUEST and unasked,
        known and h.dl[([h.dt[name], h.dd[_own(text)]] for name, text in known)],
    ]


def _callers(plan: Plan) -> Iterator[h.Node]:
    """Write what callers notice, those who lose a human first."""
    journeys = plan.journeys
    if journeys is None:
        if plan.steps:
            yield h.p["No caller is known who would end elsewhere."]
        return
    head = headline(journeys)
    yield h.p(".lead")[f"{head[:1].upper()}{head[1:]}." if head else "No call ends elsewhere."]
    changes = sorted(journeys.changes, key=lambda change: change.worse)
    if changes:
        heads = ("Who calls, and does what", "Today", "Afterwards", "When")
        yield h.div(".wide", tabindex="0", role="region", aria_label="Calls that end elsewhere")[
            h.table[
                h.thead[h.tr[(h.th(scope="col")[head] for head in heads)]],
                h.tbody[map(_journey, changes[:JOURNEYS])],
            ]
        ]
    items: list[h.Node] = []
    if rest := journeys.hidden + max(0, len(changes) - JOURNEYS):
        items.append(h.li[f"… and {plural(rest, 'more change')}"])
    if journeys.removed:
        names = name_numbers(journeys.removed, journeys.more_removed)
        items.append(_alarm([f"No longer answered: {_words(names)}"]))
    items += [_alarm([f"{_words(fate)}: {_words(names)}"]) for fate, names in dead_ends(journeys)]
    if journeys.added:
        names = name_numbers(journeys.added, journeys.more_added)
        count = plural(len(journeys.added) + journeys.more_added, "new number")
        items.append(h.li[f"{count}: {_words(names)}"])
    if items:
        yield h.ul[items]


def _journey(change: JourneyChange) -> h.Element:
    words = change_words(change)
    sign, mark = "", None
    if change.worse < LOSES_A_HUMAN:
        sign, mark = "⚠ Loses a human: ", "alarm"
    elif words.style is Style.CHANGE:
        sign = "↓ Worse: "
    after = [h.strong[sign], _own(words.after)]
    return h.tr(class_=mark)[
        h.th(scope="row")[_own(words.who), ": callers who ", _own(words.does)],
        h.td[_own(words.before)],
        h.td[after],
        h.td[_own(words.when)],
    ]


def _attention(plan: Plan) -> Iterator[h.Node]:
    """Write what a reviewer must see: what was changed by hand, what is deleted."""
    items: list[h.Node] = []
    if plan.forced:
        items.append(_alarm(["Limits are overridden: ", _own(plan.forced)]))
    for sentence in attention(plan):
        shown = [_words(name) for name in sentence.names[:NAMED]]
        names = f": {name_first(shown, sentence.about, NAMED)}" if shown else ""
        words = f"{sentence.words}{names}."
        items.append(_alarm([words]) if sentence.style is Style.ALARM else h.li[words])
    if items:
        yield h.ul[items]


def _approval(shown: Page) -> Iterator[h.Node]:
    answer = shown.answer
    items: list[h.Node] = []
    for approver in answer.approvers:
        given = join_words([_words(name) for name in approver.given])
        done = f"given by {given}" if given else "not given yet"
        sign = "✓" if approver.suffices else "…"
        items.append(
            h.li[f"{sign} ", _own(approver.who), ", for ", _own(approver.what), f": {done}"]
        )
    blocked = () if answer.forbidden else answer.blocked
    items += [_alarm([_sentences(problem)]) for problem in blocked[:REASONS]]
    for problem in answer.overruled[:REASONS]:
        items.append(_alarm(["The emergency goes beyond this: ", _sentences(problem)]))
    if shown.opening:
        items.append(h.li[f"It may be applied {_words(shown.opening)}."])
    if items:
        yield h.ul(".plainly")[items]
    elif answer.plan and answer.plan.steps and not answer.forbidden:
        yield h.p["The policy of the project asks for no approval, and sets no time."]


def _trees(trees: Sequence[Tree]) -> Iterator[h.Node]:
    """Draw each tree before and after, with what differs marked, and said in words below it."""
    yield h.p[
        "Thick lines and frames mark what differs between the two pictures of a pair; the words below "
        "a pair say the same."
    ]
    for number, tree in enumerate(trees[:TREES]):
        before = marks_before(tree.before, tree.after) if tree.before else None
        after = marks_after(tree.before, tree.after) if tree.after else None
        yield h.h3[_own(tree.title)]
        yield h.div(".pair")[
            _figure(tree, "Today", tree.before, before, f"t{number}b-"),
            _figure(tree, "Afterwards", tree.after, after, f"t{number}a-"),
        ]
        yield _ways("Today only", before)
        yield _ways("Afterwards only", after)
    if len(trees) > TREES:
        names = name_first(
            [_words(tree.title) for tree in trees[TREES:]], len(trees) - TREES, NAMED
        )
        yield h.p[f"Not drawn here, for the page has no more room: {names}."]


def _figure(
    tree: Tree, when: str, drawing: Drawing | None, marks: Marks | None, ids: str
) -> h.Element:
    if drawing is None or marks is None:
        return h.figure[h.figcaption[when], h.p["It is not there."]]
    if len(drawing.arrows) > ARROWS:
        return h.figure[h.figcaption[when], h.p[_LARGE]]
    try:
        drawn = svg(drawing, marks, ids)
    except Tangled:
        return h.figure[h.figcaption[when], h.p[_LARGE]]
    label = f"{when}: {_words(tree.title)}"
    return h.figure(".wide-picture" if _width(drawn) > WIDE else ".picture")[
        h.figcaption[when],
        h.div(".paper", tabindex="0", role="region", aria_label=label)[
            Markup(drawn)  # noqa: S704 - svg escapes every text
        ],
    ]


def _walls(shown: Page) -> Iterator[h.Node]:
    """Draw each wall before and after."""
    yield h.p["All figures are examples; what changes stands in words below."]
    for wall in shown.walls:
        yield h.h3[_own(wall.title)]
        yield h.div(".pair")[
            _wall(f"Today: {_words(wall.title)}", "Today", wall.before),
            _wall(f"Afterwards: {_words(wall.title)}", "Afterwards", wall.after),
        ]
    if shown.more_walls:
        names = name_first(
            [_words(title) for title in shown.more_walls], len(shown.more_walls), NAMED
        )
        yield h.p[f"Not drawn here, for the page has no more room: {names}."]


def _wall(label: str, when: str, drawn: str) -> h.Element:
    if not drawn:
        return h.figure[h.figcaption[when], h.p["It is not there."]]
    return h.figure(".picture")[
        h.figcaption[when],
        h.div(".paper", role="region", aria_label=label)[
            Markup(drawn)  # noqa: S704 - wall_svg escapes every text
        ],
    ]


_LARGE = "It is too large for a picture on this page; “ccstate graph” draws it into a file."


def _width(drawn: str) -> float:
    return float(drawn.partition(' width="')[2].partition('"')[0])


def _ways(heading: str, marks: Marks | None) -> h.Node:
    if not marks or not marks.ways:
        return None
    shown = [h.li[_own(way)] for way in marks.ways[:WAYS]]
    return [
        h.p(".ways")[f"{heading}:"],
        h.ul[shown, _more(len(marks.ways) - WAYS, "more way")],
    ]


def _changes(plan: Plan) -> Iterator[h.Node]:
    """Write the changes of each kind on each platform, many of them as a fold."""
    groups: dict[tuple[str, str], list[Change]] = {}
    for change in counted_changes(plan.changes()):
        groups.setdefault((change.target, change.address.kind), []).append(change)
    several = len({target for target, _ in groups}) > 1
    left, room = CHANGES, ROOM
    hidden: list[Change] = []
    for (target, kind), changes in groups.items():
        items: list[h.Element] = []
        for change in changes:
            if left <= 0 or room <= 0:
                hidden.append(change)
                continue
            item, size = _change(change)
            left, room = left - 1, room - size
            items.append(item)
        name = of_kind(0, kind).removeprefix("0 ")
        place = f" on {_words(target)}" if several else ""
        counts = {action: sum(c.action is action for c in changes) for action in Action}
        words = [f"{count:,} to {VERBS[action]}" for action, count in counts.items() if count]
        heading = f"{name}{place}: {join_words(words)}"
        if items:
            yield h.details(open=len(items) <= UNFOLDED)[
                h.summary[h.h3[_words(heading)]], h.ul(".changes")[items]
            ]
    if hidden:
        yield h.p[
            f"Left out, for the page has no more room: {_words(count_rest(hidden))}. The plan’s file "
            "plan.json has them all."
        ]


def _change(change: Change) -> tuple[h.Element, int]:
    """Write one change, with its fields; returns how many characters they are."""
    fields = fields_of(change)
    kind = change.address.kind.replace("_", " ")
    name = title(change.address, fields)
    parts = [f"{_words(kind)} {_words(change.address.name)}", name]
    if change.action not in IN_FIELDS and (facts := facts_of(change, fields)):
        parts.append(f"({facts})")
    words = " ".join(filter(None, parts))
    reason = common_reason(change)
    found: list[h.Node] = []
    size = len(words) + 100
    if change.action in IN_FIELDS:
        for edit in change.edits[:EDITS]:
            note = "" if reason else edit.why.value
            for row in edit_rows(change, edit):
                found.append(_row(row, note))
                size += len(row.label) + sum(len(piece.text) for piece in row.value) + 60
        found.append(_more(len(change.edits) - EDITS, "more field"))
    item = h.li[
        h.strong[f"{DONE[change.action].capitalize()}: "],
        _own(words, 2 * WORDS),
        f", {reason}" if reason else None,
        found and h.ul(".fields")[found],
    ]
    return item, size


def _row(row: Row, note: str) -> h.Element:
    label = row.label.replace("_", " ").replace(".", ": ")
    return h.li[
        label and [_own(label), ": "],
        map(_piece, row.value),
        note and h.span(".why")[f" ({note})"],
    ]


def _piece(piece: Piece) -> h.Node:
    text = _words(piece.text)
    match piece.style:
        case Style.REMOVE | Style.REMOVED_WORD:
            return h.del_[text]
        case Style.ADD | Style.ADDED_WORD:
            return h.ins[text]
        case _:
            return text


def _unchecked(plan: Plan) -> Iterator[h.Node]:
    """Write what the plan does not know, or leaves alone."""
    items: list[h.Node] = []
    if plan.journeys and plan.journeys.uncompared:
        items.append(_alarm([" ".join(map(_words, _uncompared(plan)))]))
    for target, unseen in plan.unseen.items():
        names = join_words([_words(each) for each in unseen[:NAMED]])
        items.append(h.li[f"On {_words(target)}, the account that planned may not see: {names}."])
    for target, unchecked in plan.unchecked.items():
        names = join_words([_words(each) for each in unchecked[:NAMED]])
        items.append(h.li[f"On {_words(target)}, secrets that are not checked: {names}."])
    if unread := plan.unread():
        names = name_first([_words(each) for each in unread[:NAMED]], len(unread), NAMED)
        items.append(_alarm(f"Who applies it needs secrets that were not here: {names}."))
    for sentence in (
        *recorded_only(plan.kept, by_people(plan.changes())),
        *unmanaged_objects(plan),
    ):
        names = name_first([_words(name) for name in sentence.names[:NAMED]], sentence.about, NAMED)
        words = f"{sentence.words}{f': {names}' if names else ''}"
        items.append(h.li[f"On {_words(sentence.target)}, {words}."])
    if items:
        yield h.ul[items]


def _uncompared(plan: Plan) -> Iterable[str]:
    if plan.journeys is None:
        return ()
    what, cause, todo = uncompared_words(plan.journeys)
    return (f"{what}:", cause, todo)


def _made_by(shown: Page) -> h.Node:
    plan = shown.answer.plan
    made_by = _words((plan and plan.made_by) or __version__)
    known = shown.digest and [
        "Plan ",
        h.code[_words(shown.digest[:ID_LENGTH])],
        ", digest ",
        h.code[_words(shown.digest, 100)],
        ". ",
    ]
    return h.p[known, f"Made by ccstate {made_by}."]
