"""Queues: who answers, and what becomes of callers whom nobody does."""

from ccstate.adapters.asterisk.compile import hours
from ccstate.adapters.asterisk.compile.places import context, entered, follow, named
from ccstate.adapters.asterisk.compile.trees import heard
from ccstate.adapters.asterisk.entries import (
    MEMBER,
    QUEUES,
    Compiled,
    Context,
    Key,
    Step,
    member_value,
)
from ccstate.journeys.centre import Filled
from ccstate.journeys.flow import Flow
from ccstate.journeys.staffing import is_ordered, ringing
from ccstate.journeys.ways import End, Event, Place, Way
from ccstate.kinds.fields import seconds
from ccstate.model import Address

STRATEGIES = {
    "ring_all": "ringall",
    "longest_idle": "leastrecent",
    "fewest_calls": "fewestcalls",
    "round_robin": "rrmemory",
    "in_order": "linear",
    "random": "random",
}
NOBODY = "unavailable,invalid,unknown"
"""Conditions of a member's device in which nobody is logged in there (app_queue, `joinempty`)."""

GAVE_UP = ("TIMEOUT",)
NOT_THERE = "UNKNOWN"
"""What it says where there is no such queue: for a moment, while its members are put in order."""
LEFT_EMPTY = ("JOINEMPTY", "LEAVEEMPTY", "JOINUNAVAIL", "LEAVEUNAVAIL")
"""What QUEUESTATUS says of a queue in which nobody is (app_queue of Asterisk 16 and 22)."""


def compile_queue(compiled: Compiled, flow: Flow, name: str, queue: Filled) -> None:
    """One queue: its section, its members, its context."""
    _section(compiled, flow, name, queue)
    _members(compiled, flow, name, queue)
    _context(compiled, flow, name, queue)


def _section(compiled: Compiled, flow: Flow, name: str, queue: Filled) -> None:
    owner = Address("queue", name)
    compiled.notes[QUEUES, name] = queue.get("label") or ""
    overflow = queue.get("overflow") or {}
    told = queue.get("announcements") or {}
    periodic = heard(flow, told.get("periodic"), None)
    level = queue.get("service_level") or {}
    leaves = "overflow.empty" if overflow.get("empty") else ""
    options = (
        ("strategy", STRATEGIES[queue["strategy"]], "strategy"),
        ("timeout", str(seconds(queue["ring_for"])), "ring_for"),
        ("retry", str(seconds(queue["retry"])), "retry"),
        ("wrapuptime", str(seconds(queue["wrap_up"])), "wrap_up"),
        ("maxlen", str(queue["max_waiting"]), "max_waiting"),
        ("weight", str(queue["weight"]), "weight"),
        ("servicelevel", str(seconds(level.get("within", "0s"))), "service_level.within"),
        ("musicclass", queue["music"], "music"),
        ("joinempty", NOBODY if leaves else "yes", leaves),
        ("leavewhenempty", NOBODY if leaves else "no", leaves),
        ("ringinuse", "no", ""),
        ("autofill", "yes", ""),
        ("timeoutpriority", "conf", ""),
        ("announce-position", _yes(told.get("position")), "announcements.position"),
        ("announce-holdtime", _yes(told.get("wait_time")), "announcements.wait_time"),
        ("announce-frequency", _often(told), "announcements.every"),
        *(
            (
                ("periodic-announce", periodic, "announcements.periodic"),
                (
                    "periodic-announce-frequency",
                    str(seconds(told["periodic_every"])),
                    "announcements.periodic_every",
                ),
            )
            if periodic
            else ()
        ),
    )
    for option, value, path in options:
        compiled.say(Key(QUEUES, name, option, ""), value, owner, path)


def _yes(said: object) -> str:
    return "yes" if said else "no"


def _often(told: Filled) -> str:
    """How often callers are told their place or their wait; 0 where they are told neither."""
    speaks = told.get("position") or told.get("wait_time")
    return str(seconds(told["every"])) if speaks else "0"


def _members(compiled: Compiled, flow: Flow, name: str, queue: Filled) -> None:
    """Each phone that is always in the queue once: Asterisk holds one member a device."""
    always = (agent for agent in ringing(flow.centre, queue) if not agent.is_dynamic)
    for rank, agent in enumerate(always, 1):
        key = Key(QUEUES, name, MEMBER, agent.user or agent.extension)
        device = f"PJSIP/{agent.extension}"
        value = member_value(device, agent.penalty, device, rank if is_ordered(queue) else 0)
        compiled.say(key, value, Address("queue", name), "members")


def _context(compiled: Compiled, flow: Flow, name: str, queue: Filled) -> None:
    place = Place("queue", name)
    where = Context(compiled, context(place), Address("queue", name))
    where.note(queue.get("label") or name)
    ways = {way.event: way for way in flow.ways(place)}
    is_staffed = Event.ANSWERED in ways
    prefix = queue.get("caller_name_prefix")
    enter = [entered(place), *([named(prefix)] if prefix else []), Step("Answer")]
    if not is_staffed:
        where.add("s", [*enter, Step("Goto", "empty,1")])
    elif schedule := queue.get("hours"):
        where.add("s", [*enter, *hours.decide(schedule, "hours")])
        where.add("closed", [Step("Goto", "empty,1")])
        where.add("holiday", [Step("Goto", "empty,1")])
        where.add("open", _waits(flow, name, queue))
    else:
        where.add("s", [*enter, *_waits(flow, name, queue)])
    if is_staffed:
        _outcomes(where, place, queue, ways)
        if is_ordered(queue):
            where.add(NOT_THERE, _joins_again(name, queue))
    leaves = (queue.get("overflow") or {}).get("empty")
    if not is_staffed or queue.get("hours") or leaves:
        where.add("empty", _nobody(place, queue, _empty(ways)))


def _waits(flow: Flow, name: str, queue: Filled) -> list[Step]:
    overflow = queue.get("overflow") or {}
    welcome = heard(flow, (queue.get("announcements") or {}).get("welcome"), None)
    after = str(seconds(overflow["after"])) if overflow.get("after") else ""
    return [
        *([Step("Playback", welcome, "announcements.welcome")] if welcome else []),
        Step("Queue", f"{name},,,,{after}", "overflow.after"),
        Step("Goto", "${QUEUESTATUS},1"),
    ]


def _joins_again(name: str, queue: Filled) -> list[Step]:
    """What a caller does who came while the queue was not there."""
    after = (queue.get("overflow") or {}).get("after")
    return [
        Step("Wait", "2"),
        Step("Queue", f"{name},,,,{seconds(after) if after else ''}"),
        Step("GotoIf", f'$["${{QUEUESTATUS}}" = "{NOT_THERE}"]?gone:${{QUEUESTATUS}},1'),
        Step("Hangup", label="gone"),
    ]


def _outcomes(where: Context, place: Place, queue: Filled, ways: dict[Event, Way]) -> None:
    waited = ways[Event.NO_ANSWER]
    if waited.end is not End.WAITS:
        for status in GAVE_UP:
            where.add(status, follow(place, waited))
    if full := ways.get(Event.FULL):
        where.add("FULL", follow(place, full))
    if (queue.get("overflow") or {}).get("empty"):
        for status in LEFT_EMPTY:
            where.add(status, [Step("Goto", "empty,1")])


def _empty(ways: dict[Event, Way]) -> Way:
    """What is done with callers where nobody can answer; as with those who wait, if not said."""
    return ways.get(Event.EMPTY) or ways[Event.NO_ANSWER]._replace(event=Event.EMPTY)


def _nobody(place: Place, queue: Filled, way: Way) -> list[Step]:
    overflow = queue.get("overflow") or {}
    if overflow.get("empty"):
        return follow(place, way)
    # Nobody is rung here, but callers wait as long as they would otherwise.
    music = queue["music"]
    if way.end is End.WAITS:
        return [*follow(place, way)[:1], Step("MusicOnHold", music, "music")]
    wait = seconds(overflow["after"])
    # MusicOnHold takes 0 seconds for ever (seen on 16.28 and 22.10).
    plays = [Step("MusicOnHold", f"{music},{wait}", "overflow.after")] if wait else []
    return [*plays, *follow(place, way)]
