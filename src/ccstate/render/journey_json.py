"""Calls as JSON, for programs: every step of one, or every journey of a centre."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date

import orjson

from ccstate.dialling.leaving import trunk_calls
from ccstate.journeys.calls import Call, asked_in_vain, keys_left
from ccstate.journeys.every import UNANSWERED, Calls, Tally, Told
from ccstate.journeys.flow import Flow
from ccstate.journeys.walk import Journey, keys_of, zone_of
from ccstate.journeys.ways import End, Place
from ccstate.model import Json
from ccstate.render.journey_words import called_words, place_words
from ccstate.render.simulation import heard, occasions
from ccstate.render.text import well_formed


def simulation_json(flow: Flow, call: Call, caller: str) -> str:
    """One call; `steps` from the number to the end, seconds since the call came in."""
    body = {
        "to": str(call.start),
        "label": well_formed(called_words(flow, call.start)),
        "from": caller or None,
        "at": call.at.astimezone(call.zone).isoformat(timespec="seconds"),
        "timezone": str(call.zone),
        "occasions": [well_formed(name) for name in occasions(call)],
        "hours": {
            name: {"phase": str(hours.phase), "occasion": well_formed(hours.occasion)}
            for name, hours in call.hours.items()
        },
        "switches": {name: str(position) for name, position in call.switches.items()},
        "keys": list(call.keys),
        "keys_left": list(keys_left(call.answered, call.keys)),
        "asked_in_vain": [str(place) for place in asked_in_vain(call.answered, call.keys)],
        "ends_well": call.ends_well,
        "outside": [
            {
                "number": leg.number,
                "trunk": leg.trunk,
                "shown_number": leg.shown,
                "shown_name": well_formed(leg.name),
                "source": leg.source,
            }
            for leg in trunk_calls(flow, call, caller)
        ],
        "call": _walked(flow, call.answered),
        "if_nobody_answers": (
            {"from_step": call.parts_at, **_walked(flow, call.unanswered)}
            if call.is_answered
            else None
        ),
    }
    return orjson.dumps(body, option=orjson.OPT_INDENT_2).decode() + "\n"


def _walked(flow: Flow, journey: Journey) -> dict[str, Json]:
    steps: list[Json] = []
    came = 0
    for step in journey.steps:
        steps.append(
            {
                "at_second": came,
                "place": str(step.place),
                "label": well_formed(place_words(flow, step.place)),
                "heard": well_formed(heard(flow, step.place)),
                "event": str(step.way.event),
                "schedule": step.way.schedule,
                "keys": step.keys,
                "seconds": step.way.seconds,
            }
        )
        came += step.way.seconds
    end: dict[str, Json] = {
        "end": str(journey.end),
        "where": journey.at,
        "seconds": journey.seconds,
        "steps": steps,
    }
    return end


def enumeration_json(
    flow: Flow, found: Iterable[Calls], tally: Tally, first: date, days: int
) -> str:
    """Every call, number by number, then the sum, as one object.

    `found` is used up one by one, each written before the next is made, and `tally` read last.
    """
    numbers = [orjson.dumps(_calls(flow, calls), option=_INDENTED).decode() for calls in found]
    body = orjson.dumps(_tally(tally, first, days), option=orjson.OPT_INDENT_2).decode()
    inner = ",\n".join(_shifted(text) for text in numbers)
    listed = f"[\n{inner}\n  ]" if numbers else "[]"
    return body.removesuffix("\n}") + f',\n  "numbers": {listed}\n}}\n'


_INDENTED = orjson.OPT_INDENT_2


def _shifted(text: str) -> str:
    return "\n".join(f"    {line}" for line in text.splitlines())


def _calls(flow: Flow, calls: Calls) -> dict[str, Json]:
    blocks: list[Json] = [
        {
            "situations": [
                {
                    "hours": {name: str(phase) for name, phase in world.phases.items()},
                    "moments": [
                        {
                            "at": _utc(moment.at.isoformat(timespec="seconds")),
                            "occasions": [well_formed(name) for name in moment.occasions],
                            "switches": list(moment.switches),
                            "caller": moment.caller,
                        }
                        for moment in world.moments
                    ],
                }
                for world in block.worlds
            ],
            "is_complete": block.is_complete,
            "journeys": [_told(told) for told in block.told],
        }
        for block in calls.blocks
    ]
    return {
        "to": str(calls.start),
        "label": well_formed(called_words(flow, calls.start)),
        "timezone": str(zone_of(flow, calls.start)),
        "ends_badly": calls.ends_badly,
        "rounds": _rounds(calls.rounds),
        "blocks": blocks,
    }


def _utc(text: str) -> str:
    return text.replace("+00:00", "Z")


def _rounds(rounds: Sequence[Sequence[Place]]) -> list[Json]:
    return [[str(place) for place in ring] for ring in rounds]


def _told(told: Told) -> dict[str, Json]:
    journey = told.journey
    waits: list[Json] = [str(event) for event, _ in told.decisions if event in UNANSWERED]
    keys: list[Json] = list(keys_of(journey))
    return {
        "keys": keys,
        "waits": waits,
        "end": str(journey.end),
        "where": journey.at,
        "seconds": journey.seconds,
    }


def _tally(tally: Tally, first: date, days: int) -> dict[str, Json]:
    ends: Mapping[str, Json] = {str(end): tally.ends[end] for end in End}
    silent: dict[str, Json] | None = None
    if tally.silent:
        start, (world, journey) = tally.silent
        silent = {
            "to": str(start),
            "at": _utc(world.moments[0].at.isoformat(timespec="seconds")),
            "seconds": journey.seconds,
            "end": str(journey.end),
            "where": journey.at,
        }
    return {
        "first_day": first.isoformat(),
        "days": days,
        "called": tally.numbers,
        "situations": tally.situations,
        "journeys": tally.journeys,
        "ends": dict(ends),
        "bad": tally.bad,
        "every_call_ends": not tally.rounds and not tally.waits,
        "incomplete": [str(place) for place in tally.incomplete],
        "unfollowed": [
            {"to": str(start), "at": str(lost.place), "end": str(lost.end)}
            for start, lost in tally.unfollowed
        ],
        "longest_silent_call": silent,
    }
