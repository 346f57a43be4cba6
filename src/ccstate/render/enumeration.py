"""Every call of a centre, number by number: when, by which keys, to which end; then the sum."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import accumulate

from ccstate.journeys.enumeration import BAD, UNANSWERED, Calls, FoldedCall, Tally
from ccstate.journeys.flow import Flow
from ccstate.journeys.moments import DAYS
from ccstate.journeys.walk import keys_of, zone_of
from ccstate.journeys.ways import End
from ccstate.render.enumeration_words import (
    EndPaths,
    HoursGroup,
    NumberCalls,
    brief_end,
    number_calls,
    round_words,
)
from ccstate.render.formats import Report, as_json
from ccstate.render.journey_words import (
    END_STYLES,
    called_words,
    length_words,
    moment_words,
    place_words,
)
from ccstate.render.text import Line, Palette, Piece, Style, code, lay_out, plain, well_formed
from ccstate.render.values import join_words, plural
from ccstate.report_format import calls as form

MOST_NUMBERS = 40
"""Numbers that are shown one by one; the rest is only counted."""
GROUPS_EACH = 3
"""Blocks of each number, where several numbers are shown."""
MOST_GROUPS = 50
"""Of one number, where no more than that is asked for; fewer where every number is shown."""
MOST_ENDS = 30
MOST_ROUNDS = 20
NO_ANSWER = "Where nobody answers, or there is no room:"


def number_text(number: NumberCalls, most: int, width: int, palette: Palette) -> str:
    """Write every call to one number, at most so many blocks."""
    return lay_out(_number_lines(number, most), width, palette) + "\n"


def _number_lines(number: NumberCalls, most: int) -> Iterator[Line]:
    style = Style.ALARM if number.ends_badly else Style.STRONG
    yield 2, (Piece(number.title, style), Piece(f"  {number.zone}", Style.DIM))
    for ring in number.rounds[:MOST_ROUNDS]:
        yield 4, (Piece(f"  goes round for ever: {ring}", Style.ALARM),)
    if len(number.rounds) > MOST_ROUNDS:
        more = plural(len(number.rounds) - MOST_ROUNDS, "more round")
        yield 4, (Piece(f"  … and {more}", Style.ALARM),)
    shown = first_groups(number.groups, most)
    for place, group in enumerate(shown):
        if place:
            yield 0, ()
        yield from _group_lines(group)
    if len(shown) < len(number.groups):
        yield 0, ()
        yield 4, (Piece(f"  … and {_more(len(number.groups) - len(shown))}", Style.DIM),)


def _times(count: int) -> str:
    return plural(count, "combination of hours", "combinations of hours")


def _more(count: int) -> str:
    return plural(count, "more group of hours", "more groups of hours")


def first_groups(groups: Sequence[HoursGroup], most: int) -> list[HoursGroup]:
    """Choose the first groups in their order, those with a bad end before others."""
    bad = [group for group in groups if _is_bad(group)]
    keep = [*bad, *(group for group in groups if not _is_bad(group))][:most]
    return [group for group in groups if any(group is other for other in keep)]


def _is_bad(group: HoursGroup) -> bool:
    return any(end.end in BAD for end in (*group.keyed, *group.unanswered))


def _group_lines(group: HoursGroup) -> Iterator[Line]:
    head = group.when or "at any time"
    yield 4, (Piece(f"  {head}", Style.NOTE),)
    yield 4, (Piece(f"  {group.example}", Style.DIM),)
    yield from _end_lines(group.keyed, 4)
    if group.unanswered:
        yield 6, (Piece(f"    {NO_ANSWER.lower()}", Style.DIM),)
        yield from _end_lines(group.unanswered, 6)
    if not group.is_complete:
        yield 6, (Piece("    There are more ways than were followed.", Style.CHANGE),)


def _end_lines(ends: Sequence[EndPaths], indent: int) -> Iterator[Line]:
    for end in ends[:MOST_ENDS]:
        before = plain(f"{' ' * indent}{end.by} ") if end.by else plain(" " * indent)
        arrow = Piece("→ ", Style.DIM)
        yield indent + 4, (*before, arrow, Piece(end.words, END_STYLES[end.end]))
    if len(ends) > MOST_ENDS:
        more = plural(len(ends) - MOST_ENDS, "more end")
        yield indent + 4, (Piece(f"{' ' * indent}… and {more}", Style.DIM),)


def more_numbers(count: int) -> list[str]:
    """Count the numbers that are not shown in a line; none where all are."""
    more = plural(count, "more number")
    return [f"… and {more}, counted below. Name one to see it.\n"] if count else []


def sum_text(flow: Flow, tally: Tally, since: str, width: int, palette: Palette) -> str:
    """Write the sum of all calls; `since` is the first day of the year that was looked at."""
    return lay_out(_sum(flow, tally, since), width, palette) + "\n"


def _sum(flow: Flow, tally: Tally, since: str) -> Iterator[Line]:
    yield 0, (Piece(size_of_sum(tally, since), Style.STRONG),)
    for words, style in ends_counted(tally):
        yield 4, (Piece(f"  {words}", style),)
    for words, style in proof(flow, tally):
        yield 2, (Piece(words, style),)


def size_of_sum(tally: Tally, since: str) -> str:
    """Write how much was looked at."""
    return (
        f"{plural(tally.journeys, 'journey')} to {plural(tally.numbers, 'number')}, in "
        f"{_times(tally.situations)} over the 12 months from {since}:"
    )


_COUNTED = {
    End.HUMAN: ("reaches a person", "reach a person"),
    End.MESSAGE: ("leaves a message", "leave a message"),
    End.HANGUP: ("ends as intended", "end as intended"),
    End.RETURNS: ("returns to where the caller has been", "return to where the caller has been"),
    End.CUT_OFF: ("is cut off", "are cut off"),
    End.WAITS: ("waits without end", "wait without end"),
    End.ENDLESS: ("goes round for ever", "go round for ever"),
}


def ends_counted(tally: Tally) -> Iterator[tuple[str, Style]]:
    """Count the journeys by their ends; `none ends badly` where so."""
    for end, (one, several) in _COUNTED.items():
        if count := tally.ends[end]:
            yield plural(count, one, several), END_STYLES[end]
    if tally.is_good:
        yield "none ends badly", Style.ADD


def proof(flow: Flow, tally: Tally) -> Iterator[tuple[str, Style]]:
    """Write that every call ends; or the rounds that never do."""
    for start, ring in tally.rounds[:MOST_ROUNDS]:
        where = called_words(flow, start)
        yield f"{where} goes round for ever: {round_words(flow, ring)}", Style.ALARM
    if len(tally.rounds) > MOST_ROUNDS:
        yield f"… and {len(tally.rounds) - MOST_ROUNDS:,} more", Style.ALARM
    if not tally.rounds and not tally.waits:
        yield f"Every call ends: {_RETRIES}.", Style.ADD
    elif not tally.rounds:
        yield f"No call goes round for ever: {_RETRIES}; but some wait without end.", Style.ALARM
    if tally.silent and not tally.rounds:
        yield _silent(flow, tally), Style.PLAIN
    if tally.incomplete:
        names = [called_words(flow, place) for place in tally.incomplete[:MOST_ROUNDS]]
        if len(tally.incomplete) > MOST_ROUNDS:
            names.append(f"{len(tally.incomplete) - MOST_ROUNDS} more")
        sentence = f"More journeys than were followed start at {join_words(names)}."
        yield sentence, Style.CHANGE
    for start, lost in tally.unfollowed[:MOST_ROUNDS]:
        who, where = called_words(flow, start), place_words(flow, lost.place)
        fate = _COUNTED[lost.end][1]
        yield f"Among them, callers of {who} {fate} at {where}.", Style.ALARM
    if len(tally.unfollowed) > MOST_ROUNDS:
        more = plural(len(tally.unfollowed) - MOST_ROUNDS, "more such place")
        yield f"… and {more}", Style.ALARM


_RETRIES = "questions are asked a counted number of times, and no call is sent in a circle"


def _silent(flow: Flow, tally: Tally) -> str:
    if tally.silent is None:
        return ""
    start, (state, journey) = tally.silent
    when = moment_words(state.moments[0], zone_of(flow, start))
    return (
        f"The longest call without a key and without an answer lasts "
        f"{length_words(journey.seconds)}: to {called_words(flow, start)}, {when}, "
        f"→ {brief_end(flow, journey.end, journey.at)}."
    )


LIMIT = 50_000
"""Characters of the numbers: GitHub refuses comments from 65,536, and the sum must have room."""


def fitting_sections(sections: Sequence[str]) -> list[str]:
    """Choose the first sections that together stay below the limit."""
    sizes = accumulate(len(section) + 1 for section in sections)
    return [section for section, size in zip(sections, sizes, strict=True) if size <= LIMIT]


def number_markdown(number: NumberCalls, most: int) -> str:
    """Write every call to one number, as a section."""
    lines = [f"### {code(number.title)}\n"]
    lines += [f"**goes round for ever:** {code(ring)}\n" for ring in number.rounds[:MOST_ROUNDS]]
    if len(number.rounds) > MOST_ROUNDS:
        lines.append(f"… and {plural(len(number.rounds) - MOST_ROUNDS, 'more round')}\n")
    shown = first_groups(number.groups, most)
    for group in shown:
        lines.append(f"**{code(group.when or 'at any time')}** {code(group.example)}\n")
        lines += _bullets(group.keyed)
        if group.unanswered:
            lines.append(f"- {NO_ANSWER}")
            lines += [f"  {line}" for line in _bullets(group.unanswered)]
        if not group.is_complete:
            lines.append("- There are more ways than were followed.")
        lines.append("")
    if len(shown) < len(number.groups):
        lines.append(f"… and {_more(len(number.groups) - len(shown))}\n")
    return "\n".join(lines)


def _bullets(ends: Sequence[EndPaths]) -> Iterator[str]:
    yield from map(_bullet, ends[:MOST_ENDS])
    if len(ends) > MOST_ENDS:
        yield f"- … and {plural(len(ends) - MOST_ENDS, 'more end')}"


def _bullet(end: EndPaths) -> str:
    words = code(end.words)
    return (
        f"- {code(end.by) + ' ' if end.by else ''}→ {f'**{words}**' if end.end in BAD else words}"
    )


def sum_markdown(flow: Flow, tally: Tally, since: str) -> str:
    """Write the sum of all calls."""
    lines = [f"{size_of_sum(tally, since)}\n"]
    lines += [f"- {words}" for words, _ in ends_counted(tally)]
    lines += ["", *(f"{code(words)}\n" for words, _ in proof(flow, tally))]
    return "\n".join(lines)


@dataclass(frozen=True, slots=True)
class Enumeration:
    """The calls to so many numbers in the year from its first day.

    `calls` can be read once; `tally` counts what was read.
    """

    flow: Flow
    calls: Iterable[Calls]
    numbers: int
    tally: Tally
    first: date


def enumeration_text(found: Enumeration, width: int, palette: Palette) -> str:
    """Write the numbers that are shown, and the sum of all."""
    numbers, most = _numbers_shown(found)
    texts = [number_text(each, most, width, palette) for each in numbers]
    end = sum_text(found.flow, found.tally, found.first.isoformat(), width, palette)
    return "\n".join([*texts, *more_numbers(found.tally.numbers - len(texts)), end])


def enumeration_markdown(found: Enumeration) -> str:
    """Write the same for a comment: numbers as long as there is room, and the sum."""
    numbers, most = _numbers_shown(found)
    texts = fitting_sections([number_markdown(each, most) for each in numbers])
    end = sum_markdown(found.flow, found.tally, found.first.isoformat())
    return "\n".join([*texts, *more_numbers(found.tally.numbers - len(texts)), end])


def _numbers_shown(found: Enumeration) -> tuple[list[NumberCalls], int]:
    """Return the numbers that are shown, and the most groups of each."""
    shown = _choose_numbers(found.calls, found.numbers)
    numbers = [number_calls(found.flow, calls) for calls in shown]
    return numbers, MOST_GROUPS if len(shown) == 1 else GROUPS_EACH


def _choose_numbers(found: Iterable[Calls], count: int) -> list[Calls]:
    """Choose all numbers where they are few, else those whose calls end badly before others."""
    kept: dict[bool, list[Calls]] = {True: [], False: []}
    for calls in found:
        group = kept[calls.ends_badly]
        if len(group) < MOST_NUMBERS:
            group.append(calls)
    shown = [*kept[True], *kept[False]][: min(count, MOST_NUMBERS)]
    return sorted(shown, key=lambda calls: calls.start)


def enumeration_json(found: Enumeration) -> str:
    """Write the sum, then every call, number by number: each before the next is made."""
    inner = ",\n".join(_shifted(as_json(_calls(found.flow, calls))) for calls in found.calls)
    head = as_json(_tally(found.tally, found.first)).removesuffix("[]\n}\n")
    listed = f"[\n{inner}\n  ]" if inner else "[]"
    return f"{head}{listed}\n}}\n"


def _shifted(text: str) -> str:
    return "\n".join(f"    {line}" for line in text.splitlines())


def _calls(flow: Flow, calls: Calls) -> form.Called:
    blocks = [
        form.Block(
            situations=[
                form.Situation(
                    hours={name: str(phase) for name, phase in state.phases.items()},
                    moments=[
                        form.Moment(
                            at=_utc(moment.at.isoformat(timespec="seconds")),
                            occasions=[well_formed(name) for name in moment.occasions],
                            switches=list(moment.switches),
                            caller=moment.caller,
                        )
                        for moment in state.moments
                    ],
                )
                for state in block.states
            ],
            is_complete=block.is_complete,
            journeys=[_way(call) for call in block.calls],
        )
        for block in calls.blocks
    ]
    return form.Called(
        to=str(calls.start),
        label=well_formed(called_words(flow, calls.start)),
        timezone=str(zone_of(flow, calls.start)),
        ends_badly=calls.ends_badly,
        rounds=[[str(place) for place in ring] for ring in calls.rounds],
        blocks=blocks,
    )


def _utc(text: str) -> str:
    return text.replace("+00:00", "Z")


def _way(call: FoldedCall) -> form.Way:
    journey = call.journey
    return form.Way(
        keys=list(keys_of(journey)),
        waits=[str(event) for event, _ in call.decisions if event in UNANSWERED],
        end=str(journey.end),
        where=journey.at,
        seconds=journey.seconds,
    )


def _tally(tally: Tally, first: date) -> form.Enumerated:
    silent = None
    if tally.silent:
        start, (state, journey) = tally.silent
        silent = form.Silent(
            to=str(start),
            at=_utc(state.moments[0].at.isoformat(timespec="seconds")),
            seconds=journey.seconds,
            end=str(journey.end),
            where=journey.at,
        )
    return form.Enumerated(
        first_day=first.isoformat(),
        days=DAYS,
        called=tally.numbers,
        situations=tally.situations,
        journeys=tally.journeys,
        ends={str(end): tally.ends[end] for end in End},
        bad=tally.bad,
        every_call_ends=not tally.rounds and not tally.waits,
        incomplete=[str(place) for place in tally.incomplete],
        unfollowed=[
            form.Unfollowed(to=str(start), at=str(lost.place), end=str(lost.end))
            for start, lost in tally.unfollowed
        ],
        longest_silent_call=silent,
        numbers=[],
    )


ENUMERATION: Report[Enumeration] = Report(
    enumeration_text, json=enumeration_json, markdown=enumeration_markdown
)
