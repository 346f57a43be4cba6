"""What a reviewer must see: in a plan, on the platforms that could not be read, in calls now."""

import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from ccstate.model import Action, Activity, Address, Change, Edit, Method, Plan, Unmanaged, Why
from ccstate.render.formats import Report
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
from ccstate.render.values import join_words, name_first, of_kind, plural


class Sentence(NamedTuple):
    """A warning in words: how many things it is about, some of their names, and how loud it is."""

    words: str
    about: int
    names: tuple[str, ...]
    style: Style
    target: str = ""


LEFT_BEHIND = (
    "what the old one holds (callers who wait, messages, what was set by hand) does not move to the "
    "new one"
)


BY_HAND: Mapping[Method, tuple[str, str]] = {
    "instructions": (
        "change is made by hand: applying writes the sheet for a person",
        "changes are made by hand: applying writes the sheet for a person",
    ),
    "vendor": (
        "change is asked of the vendor: applying writes the request",
        "changes are asked of the vendor: applying writes the request",
    ),
}
"""What is said of changes that ccstate does not make itself."""


def _handed_over(changes: Sequence[Change]) -> Iterator[Sentence]:
    """List what ccstate does not do itself, by who does it."""
    for method, words in BY_HAND.items():
        found = tuple(str(change.address) for change in changes if change.method == method)
        if found:
            yield Sentence(plural(len(found), *words), len(found), found, Style.NOTE)


def attention(plan: Plan) -> Iterator[Sentence]:
    """List what is left out, deletions, reverted work by hand, and objects released or adopted."""
    changes = list(plan.changes())
    if plan.only:
        rest = plural(plan.left_out, "other change is", "other changes are")
        words = f"{rest} left out of this plan, which is for these objects and what they need"
        names = tuple(map(str, plan.only))
        yield Sentence(words, len(names), names, Style.NOTE)
    yield from _handed_over(changes)
    yield from _about(
        changes,
        lambda change: change.action is Action.DELETE and not change.is_moved_away,
        ("object will be deleted", "objects will be deleted"),
        Style.ALARM,
    )
    for declared in (True, False):
        pairs = [pair for pair in plan.renames if pair.declared is declared]
        if pairs:
            count = plural(len(pairs), "pair looks like one object", "pairs look like one object")
            words = f"{count} with another name; {LEFT_BEHIND}"
            if declared:
                count = plural(len(pairs), "object is renamed", "objects are renamed")
                words = f"{count}, and the platform cannot do that; {LEFT_BEHIND}"
            names = tuple(f"{pair.before} → {pair.after}" for pair in pairs)
            yield Sentence(words, len(names), names, Style.CHANGE)
    yield from _renamed(plan)
    phones, mailboxes = _extensions_without_user(changes)
    if phones:
        count = plural(len(phones), "phone changes hands", "phones change hands")
        words = f"{count} without a new secret: its former user can still register and make calls"
        yield Sentence(words, len(phones), tuple(f"extension/{p}" for p in phones), Style.ALARM)
    if mailboxes:
        count = plural(len(mailboxes), "mailbox changes hands", "mailboxes change hands")
        words = f"{count} without a new PIN: its former user can still hear the messages"
        names = tuple(f"voicemail/{mailbox}" for mailbox in mailboxes)
        yield Sentence(words, len(mailboxes), names, Style.ALARM)
    edits: dict[Why, list[tuple[Change, Edit]]] = {
        Why.BY_HAND: [],
        Why.BOTH: [],
        Why.NOT_LOADED: [],
    }
    for change in changes:
        for edit in change.edits:
            if edit.why in edits:
                edits[edit.why].append((change, edit))
    yield from _fields(edits, Why.BY_HAND, "applying puts back what was applied last")
    yield from _fields(edits, Why.BOTH, "applying replaces that by the desired state")
    not_loaded = {id(change) for change, _ in edits[Why.NOT_LOADED]}
    yield from _about(
        changes,
        lambda change: id(change) in not_loaded,
        (
            "object is stored, but not loaded; applying loads it",
            "objects are stored, but not loaded; applying loads them",
        ),
        Style.CHANGE,
    )
    yield from _about(
        changes,
        lambda change: change.why is Why.DELETED_BY_HAND and change.action is Action.CREATE,
        (
            "object was deleted by hand; applying creates it again",
            "objects were deleted by hand; applying creates them again",
        ),
        Style.CHANGE,
    )
    yield from _about(
        changes,
        lambda change: change.action is Action.ADOPT,
        ("object comes under management", "objects come under management"),
        Style.NOTE,
    )
    yield from _about(
        changes,
        lambda change: change.action is Action.RELEASE and change.why is Why.RELEASED,
        (
            "object is no longer managed; it stays as it is",
            "objects are no longer managed; they stay as they are",
        ),
        Style.NOTE,
    )


def _renamed(plan: Plan) -> Iterator[Sentence]:
    """Say what goes along with objects that get another name, kind by kind."""
    for target, kinds in plan.moving.items():
        for kind, words in kinds.items():
            moves = [
                change
                for change in plan.changes()
                if change.target == target
                and change.action is Action.MOVE
                and change.address.kind == kind
            ]
            count = f"{of_kind(len(moves), kind)} {'is' if len(moves) == 1 else 'are'} renamed"
            names = tuple(f"{change.moved} → {change.address}" for change in moves)
            yield Sentence(f"{count}; {words}", len(moves), names, Style.CHANGE, target)


def _extensions_without_user(changes: Iterable[Change]) -> tuple[list[str], list[str]]:
    """List extensions that lose their user: those that keep their secret, or else their PIN."""
    left: set[str] = set()
    renewed: set[str] = set()
    same_pin: set[str] = set()
    for change in changes:
        kind, name = change.address
        if kind == "user":
            own = (e for e in change.edits if e.path == "extension" and e.why is not Why.RELEASED)
            left.update(str(edit.before) for edit in own if edit.before)
        elif kind == "extension" and change.action in {Action.CREATE, Action.DELETE}:
            renewed.add(name)
        elif kind == "extension":
            paths = {edit.path for edit in change.edits if edit.why is not Why.RELEASED}
            if "secret" in paths:
                renewed.add(name)
            mailbox: Any = (change.ledger or {}).get("voicemail") or {}
            if "pin" in mailbox and paths.isdisjoint({"voicemail", "voicemail.pin"}):
                same_pin.add(name)
    return sorted(left - renewed), sorted(left & renewed & same_pin)


def _about(
    changes: Iterable[Change],
    meant: Callable[[Change], bool],
    words: tuple[str, str],
    style: Style,
) -> Iterator[Sentence]:
    found = [str(change.address) for change in changes if meant(change)]
    if found:
        yield Sentence(plural(len(found), *words), len(found), tuple(found), style)


def _fields(
    edits: Mapping[Why, Iterable[tuple[Change, Edit]]], why: Why, then: str
) -> Iterator[Sentence]:
    found = [f"{change.address} {edit.path}" for change, edit in edits[why]]
    if found:
        by = "by hand" if why is Why.BY_HAND else "by you and by hand"
        count = plural(len(found), "field was", "fields were")
        words = f"{count} changed {by} since the last apply; {then}"
        yield Sentence(words, len(found), tuple(found), Style.CHANGE)


def unmanaged_objects(plan: Plan) -> Iterator[Sentence]:
    """List objects that no file declares, target by target."""
    for target, kinds in plan.unmanaged.items():
        count = sum(entry.count for entry in kinds.values())
        if count:
            words = plural(
                count,
                "object is unmanaged and stays as it is",
                "objects are unmanaged and stay as they are",
            )
            yield Sentence(words, count, _alternate_kinds(kinds), Style.PLAIN, target)


def by_people(changes: Iterable[Change]) -> frozenset[str]:
    """Return the targets on which people make changes."""
    return frozenset(change.target for change in changes if change.method != "api")


def recorded_only(
    fields: Mapping[str, tuple[str, ...]], by_hand: Collection[str] = ()
) -> Iterator[Sentence]:
    """List what is written to ccstate's records only, or set by people where nothing shows it.

    `by_hand` are the targets that people change.
    """
    for target, names in fields.items():
        if names and target in by_hand:
            words = plural(
                len(names),
                "field is shown by no export: people set it, and nothing confirms that",
                "fields are shown by no export: people set them, and nothing confirms that",
            )
            yield Sentence(words, len(names), names, Style.PLAIN, target)
        elif names:
            words = plural(
                len(names),
                "field is kept in ccstate's records, not on the platform",
                "fields are kept in ccstate's records, not on the platform",
            )
            yield Sentence(words, len(names), names, Style.PLAIN, target)


def _alternate_kinds(kinds: Mapping[str, Unmanaged]) -> tuple[str, ...]:
    """List one name of every kind in turn, so that no kind hides the others."""
    names = [[f"{kind}/{name}" for name in entry.names] for kind, entry in kinds.items()]
    longest = max(map(len, names), default=0)
    return tuple(some[turn] for turn in range(longest) for some in names if turn < len(some))


_COPIED = re.compile(r"[a-z_]+/[A-Za-z0-9+][A-Za-z0-9+._-]*")
"""Addresses that may stand in a command: people paste those into a shell."""


def adoptable(plan: Plan) -> str:
    """Choose an unmanaged object to show how one is adopted; empty where there is none."""
    for kinds in plan.unmanaged.values():
        for kind, entry in kinds.items():
            for name in entry.names:
                if _COPIED.fullmatch(address := f"{kind}/{name}"):
                    return address
    return ""


def basis_of(plan: Plan) -> str:
    """Describe the desired state that was planned: its commit, and whether files differed."""
    if not plan.commit:
        return ""
    commit = plan.commit.removesuffix("+")[:12]
    dirty = " with changes that are not committed" if plan.commit.endswith("+") else ""
    return f"commit {commit}{dirty}"


def target_names(names: list[str], environment: str = "") -> str:
    return (join_words(names) or "the platform") + (f" of {environment}" if environment else "")


FOR_READING = (
    "This plan is for reading. To apply it, plan again as the user who applies:  ccstate plan"
)


def unseen_lines(target: str, unseen: Sequence[str]) -> Iterator[Line]:
    """Write what was not read of a platform, for a terminal; no line where all was read."""
    if unseen:
        yield 2, (Piece(f"Not seen on {target}, for lack of rights:", Style.NOTE),)
    for words in unseen:
        yield 4, plain(f"  {words}")


def as_far_as(unseen: Collection[object], unchecked: Collection[object]) -> str:
    """Say how far a platform was compared; nothing where all of it was."""
    if unseen:
        return ", as far as it could be seen"
    return "; not all secrets are checked" if unchecked else ""


NOT_CHECKED = "Secrets not checked on"


def unchecked_lines(target: str, unchecked: Sequence[str]) -> Iterator[Line]:
    """Write which secrets were not compared, for a terminal; no line where all were."""
    if unchecked:
        yield 2, (Piece(f"{NOT_CHECKED} {target}:", Style.NOTE),)
    for words in unchecked:
        yield 4, plain(f"  {words}")


def unchecked_markdown(unchecked: Mapping[str, Sequence[str]]) -> Iterator[str]:
    """Write the same for all platforms, in Markdown."""
    for target, found in unchecked.items():
        yield f"**{NOT_CHECKED} {code(target)}:**\n"
        yield "\n".join(f"- {code(words, 200)}" for words in found) + "\n"


def needed(unread: Sequence[str], name: Callable[[str], str] = str) -> str:
    """Say which secrets who applies needs to have, and that a plan with them has to be made."""
    listed = name_first([name(reference) for reference in unread[:NEEDED]], len(unread))
    are = "a secret that was not here" if len(unread) == 1 else "secrets that were not here"
    return f"This plan is for reading. It writes {are}: {listed}. To apply it, plan with them."


NEEDED = 3
"""Secrets that are named; what is beyond is counted."""


def unseen_markdown(unseen: Mapping[str, Sequence[str]]) -> Iterator[str]:
    """Write the same for all platforms, in Markdown."""
    for target, found in unseen.items():
        yield f"**Not seen on {code(target)}, for lack of rights:**\n"
        yield "\n".join(f"- {code(words, 200)}" for words in found) + "\n"


SHOWN = 20
"""Objects that are named; what is beyond is counted."""

Busy = Mapping[str, Mapping[Address, Activity]]


def busy_text(busy: Busy, plan_id: str, width: int = 80, palette: Palette = PLAIN) -> str:
    """Write what is going on at the objects, and how to wait for it."""
    blocks = [[(2, (Piece("In the middle of this now:", Style.CHANGE),)), *_lines(busy)]]
    if plan_id and _has_callers(busy):
        wait = f"To wait for those calls first:  ccstate apply {plan_id} --drain 5m"
        blocks.append([(2, plain(wait))])
    return "\n" + paragraphs(blocks, width, palette).rstrip("\n")


def activity_lines(activity: Mapping[Address, Activity]) -> Iterator[Line]:
    """List what is going on on one platform."""
    yield from _lines({"": activity})


def _lines(busy: Busy) -> Iterator[Line]:
    named = [(str(a), now.words) for found in busy.values() for a, now in sorted(found.items())]
    longest = max((columns(safe(name)) for name, _ in named[:SHOWN]), default=0)
    for name, words in named[:SHOWN]:
        padded = name + " " * (longest - columns(safe(name)))
        yield longest + 6, (Piece(f"  {padded}  "), *plain("; ".join(words)))
    if len(named) > SHOWN:
        yield 4, (Piece(f"  … and {len(named) - SHOWN:,} more", Style.DIM),)


def _has_callers(busy: Busy) -> bool:
    return any(now.callers for found in busy.values() for now in found.values())


def busy_markdown(busy: Busy, plan_id: str) -> str:
    """Write what is going on for a comment."""
    named = [(str(a), now.words) for found in busy.values() for a, now in sorted(found.items())]
    lines = [f"- {code(name)}: {code('; '.join(words), 200)}" for name, words in named[:SHOWN]]
    if len(named) > SHOWN:
        lines.append(f"- … and {len(named) - SHOWN:,} more")
    wait = f"\nTo wait for those calls first: `ccstate apply {plan_id} --drain 5m`\n"
    more = wait if plan_id and _has_callers(busy) else ""
    return "\n**In the middle of this now:**\n\n" + "\n".join(lines) + "\n" + more


class BusyPlan(NamedTuple):
    """The activity where a plan changes something, and the plan's id where it was written down."""

    busy: Busy
    plan_id: str


BUSY: Report[BusyPlan] = Report(
    lambda at, width, palette: busy_text(*at, width, palette),
    markdown=lambda at: busy_markdown(*at),
)
