"""One call as a caller meets it, step by step, for a terminal and as Markdown."""

from collections.abc import Iterator, Sequence
from dataclasses import fields
from typing import Any, NamedTuple

from ccstate.dialling.leaving import (
    CALLER,
    TrunkCall,
    extension_of,
    lacking_permission,
    trunk_calls,
)
from ccstate.journeys.flow import Flow
from ccstate.journeys.moments import WITHHELD
from ccstate.journeys.walk import Call, Journey, Step, asked_in_vain, keys_left
from ccstate.journeys.ways import GOOD, MAILBOX, End, Event, Place
from ccstate.render.formats import Report, as_json
from ccstate.render.journey_words import (
    END_STYLES,
    called_words,
    clock_words,
    end_words,
    event_words,
    place_words,
    time_words,
)
from ccstate.render.text import (
    Line,
    Palette,
    Piece,
    Style,
    clip,
    code,
    lay_out,
    plain,
    safe,
    well_formed,
)
from ccstate.render.values import join_words
from ccstate.report_format import calls as form

QUOTED = 64
"""Columns of a prompt that are quoted: one line of a terminal."""


class Simulation(NamedTuple):
    """A call through a centre; `caller` is a number, `withheld`, or "" where none is given."""

    flow: Flow
    call: Call
    caller: str


class Stop(NamedTuple):
    """One place of a call: when the caller came there, where it is, what is heard, what happens."""

    clock: str
    place: str
    where: str
    heard: str
    happens: str


def call_stops(flow: Flow, call: Call, steps: Sequence[Step], came: int = 0) -> Iterator[Stop]:
    """Write the stops of a call; the first is reached so many seconds after the call came in."""
    for step in steps:
        name = place_words(flow, step.place)
        where = _where(flow, step.place, name)
        yield Stop(
            clock_words(came), name, where, words_heard(flow, step.place), _happens(call, step)
        )
        came += step.way.seconds


def _where(flow: Flow, place: Place, name: str) -> str:
    """Write what the name of a place does not say: the node of a tree, the trunk of a number."""
    if place.kind == "number":
        trunk = flow.centre.of("number").get(place.name, {}).get("trunk")
        return f"over trunk/{trunk}" if trunk else ""
    return str(place) if place.kind == "ivr" and "node" not in name else ""


def _happens(call: Call, step: Step) -> str:
    if step.way.event is Event.ANSWERED:
        return ""  # the end, which follows, says with whom the caller speaks
    words = event_words(step.way, step.keys)
    if step.way.event in {Event.ON, Event.OFF}:
        return f"{step.way.schedule.replace('/', ' ')}: {words}"
    if not (step.way.schedule and step.way.event in {Event.OPEN, Event.CLOSED, Event.HOLIDAY}):
        return words
    hours = call.hours.get(step.way.schedule)
    occasion = f" ({hours.occasion})" if hours and hours.occasion else ""
    return f"{step.way.schedule}: {words}{occasion}"


def words_heard(flow: Flow, place: Place) -> str:
    """Return the words that a caller hears at a place, "" for none, or only a recording."""
    name, language = _prompt(flow, place)
    return " ".join(flow.centre.words(name, language).split())


def quote(text: str) -> str:
    """Quote the words in short, cut between two of them where they are many."""
    short = clip(safe(text), QUOTED)
    if short.endswith("…") and " " in short:
        short = short.rpartition(" ")[0].rstrip(" ,;:.") + " …"
    return f"“{short}”"


def _prompt(flow: Flow, place: Place) -> tuple[str | None, str | None]:
    fields: Any = flow.centre.of(place.kind).get(place.name, {})
    if place.kind == "ivr":
        node = fields.get("nodes", {}).get(place.node, {})
        return node.get("prompt"), fields.get("language")
    if place.kind == "queue":
        return (fields.get("announcements") or {}).get("welcome"), None
    is_mailbox = place.node == MAILBOX
    return (fields.get("voicemail") or {}).get("greeting") if is_mailbox else None, None


def end_sentence(flow: Flow, journey: Journey) -> str:
    """Write how the call ends, as a sentence: `The caller reaches Sales (queue/sales).`"""
    words = end_words(flow, journey.end, journey.at)
    return f"{words.capitalize()}." if words.startswith("the call ") else f"The caller {words}."


def occasions(call: Call) -> list[str]:
    """List why the day is not like others, by the schedules that the call came to."""
    steps = (*call.answered.steps, *call.unanswered.steps)
    met = dict.fromkeys(step.way.schedule for step in steps if step.way.schedule in call.hours)
    return list(dict.fromkeys(o for name in met if (o := call.hours[name].occasion)))


def moment_line(call: Call) -> str:
    """Write the moment, its occasions and timezone, what the first schedule says, and switches."""
    names = occasions(call)
    also = f" ({join_words(names)})" if names else ""
    deciding = [s.way.schedule for s in call.answered.steps if s.way.schedule in call.hours]
    hours = call.hours.get(deciding[0]) if deciding else None
    positions = f"; {deciding[0]}: {hours.phase}" if hours else ""
    positions += "".join(f"; switch {name}: {position}" for name, position in call.switches.items())
    return f"{time_words(call.at, call.zone)}{also}, {call.zone}{positions}"


def remarks(flow: Flow, call: Call, caller: str) -> Iterator[str]:
    """List unasked keys, questions without keys, and permissions that are missing."""
    if left := keys_left(call.answered, call.keys):
        yield f"Keys that nothing asked for: {join_words(left)}."
    silent = dict.fromkeys(place_words(flow, p) for p in asked_in_vain(call.answered, call.keys))
    if call.start.kind == "outbound_route" and call.answered.end is End.CUT_OFF:
        extension = extension_of(flow.centre, caller)
        permission = lacking_permission(flow.centre, extension, call.start.name)
        yield f"{call.start.address} asks for the permission {permission}, which extension/{extension} does not have."
    if silent:
        yield f"No keys were left for {join_words(silent)}, so the caller said nothing there."


def shown_outside(calls: Sequence[TrunkCall]) -> Iterator[list[str]]:
    """List, for each outside number that may ring, a head and what each trunk shows there."""
    for number in dict.fromkeys(call.number for call in calls):
        block = [f"{number} is shown:"]
        for call in (call for call in calls if call.number == number):
            whose = f"({call.source})" if call.source != CALLER else "(the caller's own)"
            name = f"“{call.name}” " if call.name else ""
            shown = f"{name}{call.shown} {whose}" if call.shown else "the caller's own number"
            if call.shown == WITHHELD:
                shown = "no number: the caller withholds it"
            block.append(f"  by trunk/{call.trunk}: {shown}")
        yield block


def promise(call: Call, caller: str) -> str:
    """Write the call as a call test, in one line of YAML; "" where it is none to promise."""
    if call.start.kind != "number" or call.answered.end not in GOOD:
        return ""
    at = call.at.astimezone(call.zone)
    name = f"call-{at:%Y-%m-%d-%H%M}"
    parts = [f'to: "{call.start.name}"', f'at: "{at:%Y-%m-%dT%H:%M}"']
    if caller:
        parts.append(f'caller: "{caller}"')
    if call.keys:
        entries = ", ".join(f'"{entry}"' for entry in call.keys)
        parts.append(f"keys: [{entries}]")
    parts.append(f"expect: [{call.answered.at}]")
    return f"{name}: {{{', '.join(parts)}}}"


def simulation_text(simulation: Simulation, width: int, palette: Palette) -> str:
    """Write the call in lines of at most `width` columns."""
    return lay_out(_lines(*simulation), width, palette) + "\n"


def _title(flow: Flow, call: Call, caller: str) -> str:
    return f"A call to {called_words(flow, call.start)}{f' from {caller}' if caller else ''}"


def _lines(flow: Flow, call: Call, caller: str) -> Iterator[Line]:
    yield 2, (Piece(_title(flow, call, caller), Style.STRONG),)
    yield 0, plain(moment_line(call))
    yield 0, ()
    yield from _path(flow, call, call.answered, 0)
    for place, remark in enumerate(remarks(flow, call, caller)):
        if not place:
            yield 0, ()
        yield 2, (Piece(remark, Style.CHANGE),)
    if call.is_answered:
        yield 0, ()
        yield 0, (Piece("If nobody answers:", Style.STRONG),)
        yield from _path(flow, call, call.unanswered, call.parts_at)
    for block in shown_outside(trunk_calls(flow, call, caller)):
        yield 0, ()
        for number, line in enumerate(block):
            yield 4, (Piece(line, Style.NOTE if number else Style.STRONG),)
    if test := promise(call, caller):
        yield 0, ()
        yield 0, (Piece("To keep this as a promise, write under call_tests:", Style.DIM),)
        yield 4, plain(f"  {test}")


def _path(flow: Flow, call: Call, journey: Journey, first: int) -> Iterator[Line]:
    came = sum(step.way.seconds for step in journey.steps[:first])
    for stop in call_stops(flow, call, journey.steps[first:], came):
        where = (Piece(f"  {stop.where}", Style.DIM),) if stop.where else ()
        yield 12, (Piece(f"{stop.clock:>8}  ", Style.DIM), *plain(stop.place), *where)
        if stop.heard:
            yield 13, (Piece(f"{' ' * 12}{quote(stop.heard)}", Style.DIM),)
        if stop.happens:
            yield 14, (Piece(f"{' ' * 12}{stop.happens}", Style.NOTE),)
    style = Style.ADDED_WORD if journey.end is End.HUMAN else END_STYLES[journey.end]
    sentence = end_sentence(flow, journey)
    yield 10, (Piece(f"{clock_words(journey.seconds):>8}  ", Style.DIM), Piece(sentence, style))


def simulation_markdown(simulation: Simulation) -> str:
    """Write the call as a section, each stop as a line of a list."""
    flow, call, caller = simulation
    lines = [f"### {code(_title(flow, call, caller))}\n", f"{code(moment_line(call))}\n"]
    lines += _bullets(flow, call, call.answered, 0)
    lines += [f"\n{code(remark)}" for remark in remarks(flow, call, caller)]
    if call.is_answered:
        lines += ["\n**If nobody answers:**\n"]
        lines += _bullets(flow, call, call.unanswered, call.parts_at)
    for first, *others in shown_outside(trunk_calls(flow, call, caller)):
        lines.append(f"\n**{code(first)}**\n")
        lines += [f"- {code(line.strip())}" for line in others]
    if test := promise(call, caller):
        lines.append(f"\nTo keep this as a promise, write under `call_tests`: {code(test)}")
    return "\n".join(lines) + "\n"


def _bullets(flow: Flow, call: Call, journey: Journey, first: int) -> Iterator[str]:
    came = sum(step.way.seconds for step in journey.steps[:first])
    for stop in call_stops(flow, call, journey.steps[first:], came):
        parts = [f"- {stop.clock} {code(stop.place)}"]
        if stop.happens:
            parts.append(code(stop.happens))
        if stop.heard:
            parts.append(code(quote(stop.heard)))
        yield " · ".join(parts)
    yield f"- {clock_words(journey.seconds)} **{code(end_sentence(flow, journey))}**"


def simulation_json(simulation: Simulation) -> str:
    """Write the call with its steps from the number to the end, in seconds since it came in."""
    flow, call, caller = simulation
    again = form.WalkedOn(from_step=call.parts_at, **_walked(flow, call.unanswered))
    simulated = form.Simulated(
        to=str(call.start),
        label=well_formed(called_words(flow, call.start)),
        from_=caller or None,
        at=call.at.astimezone(call.zone).isoformat(timespec="seconds"),
        timezone=str(call.zone),
        occasions=[well_formed(name) for name in occasions(call)],
        hours={
            name: form.Hours(phase=str(hours.phase), occasion=well_formed(hours.occasion))
            for name, hours in call.hours.items()
        },
        switches={name: str(position) for name, position in call.switches.items()},
        keys=list(call.keys),
        keys_left=list(keys_left(call.answered, call.keys)),
        asked_in_vain=[str(place) for place in asked_in_vain(call.answered, call.keys)],
        ends_well=call.ends_well,
        outside=[
            form.Outside(
                number=leg.number,
                trunk=leg.trunk,
                shown_number=leg.shown,
                shown_name=well_formed(leg.name),
                source=leg.source,
            )
            for leg in trunk_calls(flow, call, caller)
        ],
        call=form.Walked(**_walked(flow, call.answered)),
        if_nobody_answers=again if call.is_answered else None,
    )
    # `from` is a word of Python's.
    return as_json({f.name.rstrip("_"): getattr(simulated, f.name) for f in fields(simulated)})


def _walked(flow: Flow, journey: Journey) -> dict[str, Any]:
    steps = []
    since = 0
    for step in journey.steps:
        steps.append(
            form.Step(
                at_second=since,
                place=str(step.place),
                label=well_formed(place_words(flow, step.place)),
                heard=well_formed(words_heard(flow, step.place)),
                event=str(step.way.event),
                schedule=step.way.schedule,
                keys=step.keys,
                seconds=step.way.seconds,
            )
        )
        since += step.way.seconds
    return {
        "end": str(journey.end),
        "where": journey.at,
        "seconds": journey.seconds,
        "steps": steps,
    }


SIMULATION: Report[Simulation] = Report(
    simulation_text, json=simulation_json, markdown=simulation_markdown
)
