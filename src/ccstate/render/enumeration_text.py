"""Every call of a centre, for a terminal and as Markdown: number by number, then the sum."""

from collections.abc import Iterator, Sequence
from itertools import accumulate

from ccstate.journeys.every import BAD, Tally
from ccstate.journeys.flow import Flow
from ccstate.journeys.walk import zone_of
from ccstate.journeys.ways import End
from ccstate.render.enumeration import Lead, Scene, Story, brief_end, round_words
from ccstate.render.journey_words import called_words, length_words, moment_words, place_words
from ccstate.render.markdown import code
from ccstate.render.tally import listed
from ccstate.render.text import Line, Palette, Piece, Style, laid_out, plain
from ccstate.render.values import plural

END_STYLES = {
    End.HUMAN: Style.ADD,
    End.MESSAGE: Style.CHANGE,
    End.HANGUP: Style.PLAIN,
    End.RETURNS: Style.DIM,
    **dict.fromkeys(BAD, Style.ALARM),
}
MOST_SCENES = 50
"""Of one number, where no more than that is asked for; fewer where every number is shown."""
MOST_LEADS = 30
MOST_ROUNDS = 20
UNANSWERED = "Where nobody answers, or there is no room:"


def story_text(story: Story, most: int, width: int, palette: Palette) -> str:
    """Every call to one number, at most so many blocks."""
    return laid_out(_story(story, most), width, palette) + "\n"


def _story(story: Story, most: int) -> Iterator[Line]:
    style = Style.ALARM if story.ends_badly else Style.STRONG
    yield 2, (Piece(story.title, style), Piece(f"  {story.zone}", Style.DIM))
    for ring in story.rounds[:MOST_ROUNDS]:
        yield 4, (Piece(f"  goes round for ever: {ring}", Style.ALARM),)
    if len(story.rounds) > MOST_ROUNDS:
        more = plural(len(story.rounds) - MOST_ROUNDS, "more round")
        yield 4, (Piece(f"  … and {more}", Style.ALARM),)
    shown = chosen(story.scenes, most)
    for place, scene in enumerate(shown):
        if place:
            yield 0, ()
        yield from _scene(scene)
    if len(shown) < len(story.scenes):
        yield 0, ()
        yield 4, (Piece(f"  … and {_more(len(story.scenes) - len(shown))}", Style.DIM),)


def _times(count: int) -> str:
    return plural(count, "combination of hours", "combinations of hours")


def _more(count: int) -> str:
    return plural(count, "more group of hours", "more groups of hours")


def chosen(scenes: Sequence[Scene], most: int) -> list[Scene]:
    """The first of them in their order, those with a bad end before others."""
    bad = [scene for scene in scenes if _is_bad(scene)]
    keep = [*bad, *(scene for scene in scenes if not _is_bad(scene))][:most]
    return [scene for scene in scenes if any(scene is other for other in keep)]


def _is_bad(scene: Scene) -> bool:
    return any(lead.end in BAD for lead in (*scene.keyed, *scene.unanswered))


def _scene(scene: Scene) -> Iterator[Line]:
    head = scene.when or "at any time"
    yield 4, (Piece(f"  {head}", Style.NOTE),)
    yield 4, (Piece(f"  {scene.example}", Style.DIM),)
    yield from _leads(scene.keyed, 4)
    if scene.unanswered:
        yield 6, (Piece(f"    {UNANSWERED.lower()}", Style.DIM),)
        yield from _leads(scene.unanswered, 6)
    if not scene.is_complete:
        yield 6, (Piece("    There are more ways than were followed.", Style.CHANGE),)


def _leads(leads: Sequence[Lead], indent: int) -> Iterator[Line]:
    for lead in leads[:MOST_LEADS]:
        before = plain(f"{' ' * indent}{lead.by} ") if lead.by else plain(" " * indent)
        arrow = Piece("→ ", Style.DIM)
        yield indent + 4, (*before, arrow, Piece(lead.words, END_STYLES[lead.end]))
    if len(leads) > MOST_LEADS:
        more = plural(len(leads) - MOST_LEADS, "more end")
        yield indent + 4, (Piece(f"{' ' * indent}… and {more}", Style.DIM),)


def more_numbers(count: int) -> list[str]:
    """A line that counts the numbers that are not told; none where all are."""
    more = plural(count, "more number")
    return [f"… and {more}, counted below. Name one to see it.\n"] if count else []


def sum_text(flow: Flow, tally: Tally, since: str, width: int, palette: Palette) -> str:
    """What all calls come to; `since` is the first day of the year that was looked at."""
    return laid_out(_sum(flow, tally, since), width, palette) + "\n"


def _sum(flow: Flow, tally: Tally, since: str) -> Iterator[Line]:
    yield 0, (Piece(counted(tally, since), Style.STRONG),)
    for words, style in ends_counted(tally):
        yield 4, (Piece(f"  {words}", style),)
    for words, style in proof(flow, tally):
        yield 2, (Piece(words, style),)


def counted(tally: Tally, since: str) -> str:
    """How much was looked at."""
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
    """How many journeys end in which way; `none ends badly` where so."""
    for end, (one, several) in _COUNTED.items():
        if count := tally.ends[end]:
            yield plural(count, one, several), END_STYLES[end]
    if tally.is_good:
        yield "none ends badly", Style.ADD


def proof(flow: Flow, tally: Tally) -> Iterator[tuple[str, Style]]:
    """That every call ends; or the rounds that never do."""
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
        said = f"More journeys than were followed start at {listed(names)}."
        yield said, Style.CHANGE
    for start, lost in tally.unfollowed[:MOST_ROUNDS]:
        who, where = called_words(flow, start), place_words(flow, lost.place)
        fate = _COUNTED[lost.end][1]
        yield f"Among them, callers of {who} {fate} at {where}.", Style.ALARM
    if len(tally.unfollowed) > MOST_ROUNDS:
        more = plural(len(tally.unfollowed) - MOST_ROUNDS, "more such place")
        yield f"… and {more}", Style.ALARM


_RETRIES = "questions are asked a counted number of times, and nobody is sent in a circle"


def _silent(flow: Flow, tally: Tally) -> str:
    if tally.silent is None:
        return ""
    start, (world, journey) = tally.silent
    when = moment_words(world.moments[0], zone_of(flow, start))
    return (
        f"The longest call of somebody who presses nothing and whom nobody answers lasts "
        f"{length_words(journey.seconds)}: to {called_words(flow, start)}, {when}, "
        f"→ {brief_end(flow, journey.end, journey.at)}."
    )


LIMIT = 50_000
"""Characters of the numbers: GitHub refuses comments from 65,536, and the sum must have room."""


def that_fit(sections: Sequence[str]) -> list[str]:
    """The first sections that together stay below the limit."""
    sizes = accumulate(len(section) + 1 for section in sections)
    return [section for section, size in zip(sections, sizes, strict=True) if size <= LIMIT]


def story_markdown(story: Story, most: int) -> str:
    """Every call to one number, as a section."""
    lines = [f"### {code(story.title)}\n"]
    lines += [f"**goes round for ever:** {code(ring)}\n" for ring in story.rounds[:MOST_ROUNDS]]
    if len(story.rounds) > MOST_ROUNDS:
        lines.append(f"… and {plural(len(story.rounds) - MOST_ROUNDS, 'more round')}\n")
    shown = chosen(story.scenes, most)
    for scene in shown:
        lines.append(f"**{code(scene.when or 'at any time')}** {code(scene.example)}\n")
        lines += _bullets(scene.keyed)
        if scene.unanswered:
            lines.append(f"- {UNANSWERED}")
            lines += [f"  {line}" for line in _bullets(scene.unanswered)]
        if not scene.is_complete:
            lines.append("- There are more ways than were followed.")
        lines.append("")
    if len(shown) < len(story.scenes):
        lines.append(f"… and {_more(len(story.scenes) - len(shown))}\n")
    return "\n".join(lines)


def _bullets(leads: Sequence[Lead]) -> Iterator[str]:
    yield from map(_bullet, leads[:MOST_LEADS])
    if len(leads) > MOST_LEADS:
        yield f"- … and {plural(len(leads) - MOST_LEADS, 'more end')}"


def _bullet(lead: Lead) -> str:
    words = code(lead.words)
    return f"- {code(lead.by) + ' ' if lead.by else ''}→ {f'**{words}**' if lead.end in BAD else words}"


def sum_markdown(flow: Flow, tally: Tally, since: str) -> str:
    """What all calls come to."""
    lines = [f"{counted(tally, since)}\n"]
    lines += [f"- {words}" for words, _ in ends_counted(tally)]
    lines += ["", *(f"{code(words)}\n" for words, _ in proof(flow, tally))]
    return "\n".join(lines)
