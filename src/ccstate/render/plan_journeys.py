"""What a plan means to callers, in plain words: who ends elsewhere, before and after."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import NamedTuple
from zoneinfo import ZoneInfo

from ccstate.model import Arrival, JourneyChange, Journeys, NumberChange
from ccstate.render.journey_words import entry_words, time_words
from ccstate.render.text import Line, Piece, Style, code, plain
from ccstate.render.values import join_words, name_first, plural

SHOWN = 12
"""Changes that a plan shows; the rest is counted."""
LOSES_A_HUMAN = 3
"""Changes worse than this take a human away; see `JourneyChange.worse`."""
GETS_WORSE = 5

_ENDS: Mapping[str, tuple[str, str]] = {
    "human": ("reached {}", "reach {}"),
    "message": ("left a message for {}", "leave a message for {}"),
    "hangup": ("heard the call end, as declared", "hear the call end, as declared"),
    "cut off": ("were cut off", "are cut off"),
    "waits without end": ("waited without end in {}", "wait without end in {}"),
    "goes round without end": ("went round for ever", "go round for ever"),
}
"""What callers did before a plan, and do after it."""
_WAITS: Mapping[str, str] = {
    "no answer": "are not answered",
    "nobody there": "find nobody there",
    "full": "find the queue full",
}


class ChangeWords(NamedTuple):
    """One change in words: who calls and does what, before, after, and when."""

    who: str
    does: str
    before: str
    after: str
    when: str
    style: Style


def headline(journeys: Journeys) -> str:
    """Count the journeys that end elsewhere, and those that lose a human; "" for no change."""
    if not journeys.changed:
        return "not all of it is known" if journeys.uncompared else ""
    least = "at least " if journeys.uncompared else ""
    count = least + plural(journeys.changed, "journey")
    numbers = plural(journeys.numbers, "number")
    verb = "ends" if journeys.changed == 1 else "end"
    lost = f"; {journeys.lost:,} no longer reach{'es' * (journeys.lost == 1)} a human"
    return f"{count} of {numbers} {verb} elsewhere{lost if journeys.lost else ''}"


def change_words(change: JourneyChange) -> ChangeWords:
    """Describe the change in words."""
    who = _called(change.number, change.label)
    if change.more:
        who += f" and {plural(change.more, 'more number')}"
    moments = [_moment(text) for text in change.when]
    when = "; ".join([*moments[:2], *(["…"] if len(moments) > 2 else [])])
    return ChangeWords(
        who,
        _caller_words(change),
        _end(change.before, 0),
        _end(change.after, 1),
        f"{plural(change.count, 'journey')}: {when}",
        _style(change.worse),
    )


def _style(worse: int) -> Style:
    if worse < LOSES_A_HUMAN:
        return Style.ALARM
    if worse < GETS_WORSE:
        return Style.CHANGE
    return Style.NOTE if worse == GETS_WORSE else Style.ADD


def _caller_words(change: JourneyChange) -> str:
    """Write `press 1, then 2 and are not answered`, and count the other ways that lead there."""
    entries = [entry_words(entry) for entry in change.keys]
    does = f"press {', then '.join(entries)}" if entries else "press nothing"
    waits = dict.fromkeys(_WAITS[event] for event in change.outcomes if event in _WAITS)
    words = join_words([does, *waits])
    others = plural(change.ways - 1, "other way")
    return f"{words}, and in {others}" if change.ways > 1 else words


def _called(number: str, label: str) -> str:
    return f"{label} ({number})" if label else number


def _end(arrival: Arrival, tense: int) -> str:
    place = f"{arrival.label} ({arrival.at})" if arrival.label else arrival.at
    words = _ENDS.get(arrival.end, (arrival.end, arrival.end))[tense]
    return words.format(place) if "{}" in words else words


def _moment(text: str) -> str:
    """Write a moment such as `2026-12-25T10:00 Christmas Day`, in words."""
    clock, _, occasion = text.partition(" ")
    try:
        words = time_words(datetime.fromisoformat(clock).replace(tzinfo=UTC), ZoneInfo("UTC"))
    except ValueError:
        return text  # a plan file may come from anywhere
    return f"{words} ({occasion})" if occasion else words


def dead_ends(journeys: Journeys) -> Iterator[tuple[str, str]]:
    """Describe what becomes of callers of new numbers who reach no one, and name the numbers."""
    found: dict[str, list[NumberChange]] = {}
    for number in journeys.added:
        ends = {arrival.end for arrival in number.arrivals}
        bad = [_end(arrival, 1) for arrival in number.arrivals if arrival.end not in _MEANT]
        if not ends & {"human", "message"} and not number.more:
            found.setdefault(REACH_NEITHER, []).append(number)
        elif bad:
            fate = f"Some callers of new numbers {join_words(dict.fromkeys(bad))}"
            found.setdefault(fate, []).append(number)
    # The worst come first: where all of them are bad, there may be others.
    all_are_bad = sum(map(len, found.values())) == len(journeys.added)
    others = ", and perhaps others" if journeys.more_added and all_are_bad else ""
    for fate, numbers in list(found.items())[:SHOWN]:
        yield fate, name_numbers(numbers, 0) + others


REACH_NEITHER = "Callers of new numbers reach neither a human nor a mailbox"
_MEANT = {"human", "message", "hangup"}


def name_numbers(numbers: Sequence[NumberChange], more: int) -> str:
    """Name some numbers by their labels, and count the others."""
    return name_first([_called(n.number, n.label) for n in numbers], len(numbers) + more, 4)


def journeys_text(journeys: Journeys | None) -> Iterator[Line]:
    """Write the section for a terminal; nothing where no caller notices anything."""
    if journeys is None or not _is_noticed(journeys):
        return
    head = headline(journeys)
    words = plain(f": {head}.") if head else ()
    yield 2, (Piece("What callers notice", Style.STRONG), *words)
    if journeys.uncompared:
        what, cause, todo = uncompared_words(journeys)
        yield 4, (Piece(f"  ! {what}: ", Style.ALARM), *plain(cause))
        yield 6, plain(f"    {todo}")
    for change in journeys.changes[:SHOWN]:
        yield from _lines(change_words(change))
    if rest := _rest(journeys):
        yield 4, (Piece(f"  … and {rest}", Style.DIM),)
    if journeys.removed:
        names = name_numbers(journeys.removed, journeys.more_removed)
        yield 4, (Piece("  ! No longer answered: ", Style.ALARM), *plain(names))
    for fate, names in dead_ends(journeys):
        yield 4, (Piece(f"  ! {fate}: ", Style.ALARM), *plain(names))
    if journeys.added:
        names = name_numbers(journeys.added, journeys.more_added)
        count = plural(len(journeys.added) + journeys.more_added, "new number")
        yield 4, (Piece(f"  + {count}: ", Style.ADD), *plain(names))


def _lines(change: ChangeWords) -> Iterator[Line]:
    sign = "!" if change.style in {Style.ALARM, Style.CHANGE} else "~"
    yield 4, (Piece(f"  {sign} {change.who}: ", change.style), *plain(f"callers who {change.does}"))
    yield 12, (Piece("    before  ", Style.DIM), *plain(change.before))
    yield 12, (Piece("    after   ", Style.DIM), Piece(change.after, change.style))
    yield 12, (Piece(f"    when    {change.when}", Style.DIM),)


def _rest(journeys: Journeys) -> str:
    hidden = journeys.hidden + max(0, len(journeys.changes) - SHOWN)
    return plural(hidden, "more change") if hidden else ""


def uncompared_words(journeys: Journeys) -> tuple[str, str, str]:
    """Write what was not compared, which numbers these are and why, and what to do about it."""
    names = name_numbers(journeys.uncompared, journeys.more_uncompared)
    first = journeys.uncompared[0].number
    return (
        "Not all callers were compared",
        f"{names}: there are too many ways. More callers than are shown here may end elsewhere.",
        f"Call with the keys that you changed, and with --live too: ccstate simulate {first} --keys 1,2",
    )


def _is_noticed(journeys: Journeys) -> bool:
    return bool(journeys.changed or journeys.added or journeys.removed or journeys.uncompared)


def journeys_markdown(journeys: Journeys | None) -> Iterator[str]:
    """Write the section for a comment on a pull request."""
    if journeys is None or not _is_noticed(journeys):
        return
    head = headline(journeys)
    yield f"**What callers notice:** {head}.\n" if head else "**What callers notice:**\n"
    items = [_item(change_words(change)) for change in journeys.changes[:SHOWN]]
    if journeys.uncompared:
        what, cause, todo = uncompared_words(journeys)
        items.insert(0, f"- **{code(what)}:** {code(cause, 300)} {code(todo, 200)}")
    if rest := _rest(journeys):
        items.append(f"- … and {rest}")
    if journeys.removed:
        names = name_numbers(journeys.removed, journeys.more_removed)
        items.append(f"- **No longer answered:** {code(names)}")
    items += [f"- **{code(fate)}:** {code(names)}" for fate, names in dead_ends(journeys)]
    if journeys.added:
        names = name_numbers(journeys.added, journeys.more_added)
        count = plural(len(journeys.added) + journeys.more_added, "new number")
        items.append(f"- {count}: {code(names)}")
    yield "\n".join(items) + "\n"


def _item(change: ChangeWords) -> str:
    mark = "**" if change.style is Style.ALARM else ""
    return (
        f"- {code(change.who, 100)}: callers who {code(change.does, 100)} "
        f"{code(change.before, 100)} → {mark}{code(change.after, 100)}{mark} "
        f"({code(change.when, 150)})"
    )
