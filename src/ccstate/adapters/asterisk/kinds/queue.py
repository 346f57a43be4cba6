"""Queues: who answers, and what becomes of callers where no agent does."""

from collections.abc import Iterator, Mapping
from itertools import chain, pairwise
from operator import itemgetter
from typing import Any, NamedTuple

from ccstate.adapters.asterisk import in_call
from ccstate.adapters.asterisk.entries import (
    LINEAR,
    MEMBER,
    QUEUES,
    Compiled,
    Context,
    Key,
    Step,
    member_value,
)
from ccstate.adapters.asterisk.kind import (
    COMMENT,
    NO_RETENTION,
    NO_SITES,
    NO_TEAMS,
    Kind,
    Sections,
    Setting,
    Steps,
    Unit,
    in_file,
)
from ccstate.adapters.asterisk.kinds.schedule import decoded_schedule, schedule_steps
from ccstate.adapters.asterisk.places import (
    NAME_CALLER,
    PLAYBACK,
    SOUND,
    context,
    enter_step,
    follow,
    goto,
    name_step,
    prompt_sound,
    shortened,
)
from ccstate.adapters.asterisk.rows import (
    COUNT,
    SECONDS,
    SWITCH,
    UNCLEAR,
    Decoded,
    Row,
    Template,
    constant,
    decode,
    optional,
    unwritten,
    words,
)
from ccstate.journeys.centre import Centre, Filled
from ccstate.journeys.flow import Flow
from ccstate.journeys.staffing import Agent, agents, is_ordered, ringing, without_defaults
from ccstate.journeys.ways import End, Event, Place, Transition
from ccstate.kinds.fields import canonical_order, seconds
from ccstate.model import Json

LOGS_IN = Template("Return", "<penalty>/<member>")


def compile_members(unit: Unit) -> None:
    """Members of one queue, each phone once: Asterisk holds one member a device.

    Those who log in are no members yet.
    """
    queue, present = unit.fields, ringing(unit.flow.centre, unit.fields)
    where = unit.context(logins(unit.name))
    for agent in (agent for agent in present if agent.is_dynamic):
        where.note(f"Who logs in to {unit.label}")
        leads = LOGS_IN.step("members", penalty=agent.penalty, member=_member_name(agent))
        where.add(agent_extension(agent.extension), [leads])
    if any(agent.is_dynamic for agent in present):
        where.add("_~.", [Step("Return")])  # everybody else
    for rank, agent in enumerate((agent for agent in present if not agent.is_dynamic), 1):
        key = Key(QUEUES, unit.name, MEMBER, agent.user or agent.extension)
        device = f"PJSIP/{agent.extension}"
        value = member_value(device, agent.penalty, device, rank if is_ordered(queue) else 0)
        unit.compiled.say(key, value, unit.address, "members")


def logins(queue: str) -> str:
    """Return the context of those who log in to a queue: by phone, their penalty and name."""
    return shortened(f"logins/{queue}")


def agent_extension(extension: str) -> str:
    """The extension of a phone in `logins`: Asterisk passes over `-` when it compares extensions."""
    return shortened(f"~{extension.replace('-', '~')}")


class _Line(NamedTuple):
    """A member as a file has it: its place in a queue in which that counts, else 0."""

    rank: int
    penalty: int
    is_dynamic: bool = False


def decode_members(sections: Sections, name: str) -> Json:
    """The members of a queue; an entry of the record stays whole where all its people are there.

    A team of which one has changed, or come between others, is taken apart: its people are named
    one by one. A member that `members` cannot say is left out.
    """
    centre = sections.centre
    queue: Filled = centre.of("queue").get(name, {})
    lines = {
        **dict(_logging_in(centre, sections.context(logins(name)))),
        **dict(_known_lines(centre, sections.members(name))),
    }
    is_ranked = any(line.rank for line in lines.values())
    present = ringing(centre, queue)
    behind: dict[int, list[Agent]] = {}
    for agent in agents(centre, queue):
        behind.setdefault(agent.member, []).append(agent)
    static = (agent for agent in present if not agent.is_dynamic)
    turns = {_member_name(agent): turn for turn, agent in enumerate(static, 1)}
    # By turn; people without a line stay behind the member that stands, or stood, before them.
    found: list[tuple[tuple[int, bool], Json]] = []
    last = 0
    for number, member in enumerate(queue.get("members") or ()):
        written = {_member_name(agent): agent for agent in present if agent.member == number}
        if _is_whole(written, lines):
            ranks = [here.rank for n in written if not (here := lines.pop(n)).is_dynamic]
            found.append(((min(ranks, default=last), not ranks), without_defaults(member)))
            last = max(ranks, default=last)
            continue
        for agent in behind[number]:
            called = _member_name(agent)
            line: _Line | None = _Line(last, agent.penalty, agent.is_dynamic)
            if called in written:
                line = lines.pop(called, None)
            last = (line.rank if line else turns.get(called, last)) or last
            if line is not None:
                is_behind = called not in written or line.is_dynamic
                found.append(((last, is_behind), _member(agent, line)))
    users = centre.of("user")
    last = max([last, *(line.rank for line in lines.values())])  # who logs in rings after them
    for called, line in lines.items():
        member = {"user" if called in users else "extension": called}
        found.append(((line.rank or last, line.is_dynamic), {**member, **_line_fields(line)}))
    if is_ranked:
        return [member for _, member in sorted(found, key=itemgetter(0))]
    members = [member for _, member in found]
    recorded = [without_defaults(member) for member in queue.get("members") or ()]
    return members if members == recorded else [members[n] for n in canonical_order(members)]


def _member_name(agent: Agent) -> str:
    """Name the line of a member."""
    return agent.user or agent.extension


def _member(agent: Agent, line: _Line) -> dict[str, Json]:
    """Return a person or phone as a member by itself."""
    return {"user" if agent.user else "extension": _member_name(agent), **_line_fields(line)}


def _line_fields(line: _Line) -> dict[str, Json]:
    """Return the fields of a line beside its person or phone."""
    login = "dynamic" if line.is_dynamic else "static"
    return without_defaults({"penalty": line.penalty, "login": login})


def _is_whole(written: Mapping[str, Agent], lines: Mapping[str, _Line]) -> bool:
    """Whether all who ring by one entry of `members` are there as it says, side by side."""
    if not all(
        n in lines and lines[n][1:] == (a.penalty, a.is_dynamic) for n, a in written.items()
    ):
        return False
    ranks = sorted(lines[name].rank for name in written if not lines[name].is_dynamic)
    return all(later - rank <= 1 for rank, later in pairwise(ranks))


def _known_lines(centre: Centre, members: Mapping[str, str]) -> Iterator[tuple[str, _Line]]:
    """Members that `members` can say: the device is that of the user, or the extension, so named."""
    for name, value in members.items():
        device, penalty, state, *rank = value.split(",")
        user = centre.of("user").get(name)
        extension = user.get("extension") if user else name
        if extension in centre.of("extension") and device == state == f"PJSIP/{extension}":
            yield name, _Line(int(rank[0]) if rank else 0, int(penalty))


def _logging_in(centre: Centre, context: Mapping[str, Steps]) -> Iterator[tuple[str, _Line]]:
    """List agents who log in, where the phone is that of the user, or the extension, so named."""
    for extension, steps in context.items():
        found = LOGS_IN.find(steps)
        name = found.get("member", "")
        user = centre.of("user").get(name)
        phone = (user.get("extension") if user else name) or ""
        known = phone in centre.of("extension") and agent_extension(phone) == extension
        if known and found["penalty"].isdecimal():
            yield name, _Line(0, int(found["penalty"]), is_dynamic=True)


STRATEGIES = {
    "ring_all": "ringall",
    "longest_idle": "leastrecent",
    "fewest_calls": "fewestcalls",
    "round_robin": "rrmemory",
    "in_order": LINEAR,
    "random": "random",
}
UNSTAFFED = "unavailable,invalid,unknown"
"""Conditions of a member's device in which no agent is logged in there (app_queue, `joinempty`)."""

# Defaults and aliases: app_queue.c, `init_queue` and `queue_set_param`, 16 and 22.
ROWS = (
    Row(
        "strategy",
        "strategy",
        words(
            STRATEGIES,
            by_hand={
                "roundrobin": "round_robin",
                "rrordered": "round_robin",
                "wrandom": "random",
            },
        ),
        default="ringall",
        header="Strategy",
        nearly=(
            ("rrordered", "ccstate takes members in turn in an order of its own, not in this one"),
            ("wrandom", "with ccstate a penalty puts a member behind others, it is no weight"),
        ),
    ),
    Row("timeout", "ring_for", SECONDS, default="15"),
    Row("retry", "retry", SECONDS, default="5"),
    Row("wrapuptime", "wrap_up", SECONDS, default="0"),
    Row("maxlen", "max_waiting", COUNT, default="0", header="Max"),
    Row("weight", "weight", COUNT, default="0", header="Weight"),
    Row(
        "servicelevel",
        "service_level.within",
        SECONDS,
        unset="0",
        default="0",
        header="ServiceLevel",
    ),
    Row("musicclass", "music", default="default", aliases=("music", "musiconhold")),
    Row("joinempty", "overflow.empty", unset="yes", default="yes"),
    Row("leavewhenempty", "overflow.empty", unset="no", default="no"),
    Row("context", "keys"),
    constant(
        "ringinuse", "no", default="yes", effect="ccstate does not ring people who are in a call"
    ),
    constant("autofill", "yes", default="yes"),
    constant(
        "timeoutpriority",
        "conf",
        default="app",
        effect="ccstate lets a phone ring to the end of its turn, though the caller's time is over",
    ),
    Row("announce-position", "announcements.position", SWITCH, unset="no", default="yes"),
    Row("announce-holdtime", "announcements.wait_time", SWITCH, unset="no", default="yes"),
    Row("announce-frequency", "announcements.every", SECONDS, unset="0", default="0"),
    Row("periodic-announce", "announcements.periodic", SOUND, default="queue-periodic-announce"),
    Row("periodic-announce-frequency", "announcements.periodic_every", SECONDS, default="0"),
    *unwritten(
        {
            "announce-round-seconds": "0",
            "announce-to-first-user": "no",
            "autopause": "no",
            "autopausedelay": "0",
            "memberdelay": "0",
            "min-announce-frequency": "15",
            "penaltymemberslimit": "0",
            "random-periodic-announce": "no",
            "relative-periodic-announce": "no",
            "reportholdtime": "no",
            "setinterfacevar": "no",
            "setqueueentryvar": "no",
            "setqueuevar": "no",
            "timeoutrestart": "no",
        }
    ),
)

WAIT = Template("Queue", "<queue>,<rights>,,,<after>", after=optional(SECONDS))
GAVE_UP = ("TIMEOUT",)
NOT_THERE = "UNKNOWN"
"""What it says where there is no such queue: for a moment, while its members are put in order."""
LEFT_EMPTY = ("JOINEMPTY", "LEAVEEMPTY", "JOINUNAVAIL", "LEAVEUNAVAIL")
"""What QUEUESTATUS says of a queue without agents (app_queue of Asterisk 16 and 22)."""


def compile_queue(unit: Unit) -> None:
    """Compile one queue: its section, its members, its context, its number inside."""
    name, queue = unit.name, unit.fields
    unit.section(QUEUES, ROWS, _option_values(unit.flow, name, queue))
    compile_members(unit)
    _context(unit)
    exits = unit.context(_exit_context(name))
    for way in unit.flow.ways(unit.place):
        if way.event is Event.KEY:
            exits.add(way.key, follow(unit.place, way))
    unit.inside(queue.get("extension"), unit.place)


def _option_values(flow: Flow, name: str, queue: Filled) -> Mapping[str, Any]:
    """The fields as options say them: a prompt by its sound, and what callers never hear left out."""
    overflow = queue.get("overflow") or {}
    announcements = queue.get("announcements") or {}
    has_intervals = announcements.get("position") or announcements.get("wait_time")
    periodic = prompt_sound(flow, announcements.get("periodic"), None)
    return {
        **queue,
        "overflow": {"empty": UNSTAFFED if overflow.get("empty") else None},
        "keys": _exit_context(name) if queue.get("keys") else None,
        "announcements": {
            **announcements,
            # 0 where callers hear neither; else Asterisk would thank them for their patience.
            "every": announcements["every"] if has_intervals else None,
            "periodic": periodic or None,
            "periodic_every": announcements["periodic_every"] if periodic else None,
        },
    }


def _exit_context(queue: str) -> str:
    """Return the context whose extensions are the keys that lead out of a queue."""
    return shortened(f"keys/{queue}")


def _key_letters(queue: Filled) -> str:
    """Encode what can be done by key codes, as options of Queue."""
    members = in_call.key_options(queue, queue.get("member_rights"), in_call.CALLED)
    return members + in_call.letters(queue.get("caller_rights"), in_call.CALLING)


def _context(unit: Unit) -> None:
    name, queue, place, flow = unit.name, unit.fields, unit.place, unit.flow
    where = unit.entrance()
    ways: dict[Event, Transition] = {
        w.event: w for w in flow.ways(place) if w.event is not Event.KEY
    }
    is_staffed = Event.ANSWERED in ways
    prefix = queue.get("caller_name_prefix")
    enter = [enter_step(place), *([name_step(prefix)] if prefix else []), Step("Answer")]
    if not is_staffed:
        where.add("s", [*enter, Step("Goto", "empty,1")])
    elif schedule := queue.get("hours"):
        where.add("s", [*enter, *schedule_steps(schedule, "hours")])
        where.add("closed", [Step("Goto", "empty,1")])
        where.add("holiday", [Step("Goto", "empty,1")])
        where.add("open", _wait_steps(flow, name, queue))
    else:
        where.add("s", [*enter, *_wait_steps(flow, name, queue)])
    if is_staffed:
        _outcomes(where, place, queue, ways)
        if is_ordered(queue):
            where.add(NOT_THERE, _rejoin_steps(name, queue))
    leaves = (queue.get("overflow") or {}).get("empty")
    if not is_staffed or queue.get("hours") or leaves:
        where.add("empty", _unstaffed_steps(place, queue, _empty_way(ways)))


def _wait_steps(flow: Flow, name: str, queue: Filled) -> list[Step]:
    welcome = prompt_sound(flow, (queue.get("announcements") or {}).get("welcome"), None)
    notice = prompt_sound(flow, (queue.get("recording") or {}).get("notice"), None)
    return [
        *in_call.notice_steps(queue, notice),
        *in_call.record_steps(queue),
        *([in_call.MAY_PRESS] if _key_letters(queue) else []),
        *([PLAYBACK.step("announcements.welcome", prompt=welcome)] if welcome else []),
        _queue_step(name, queue),
        Step("Goto", "${QUEUESTATUS},1"),
    ]


def _queue_step(name: str, queue: Filled) -> Step:
    after = (queue.get("overflow") or {}).get("after")
    return WAIT.step("overflow.after", queue=name, rights=_key_letters(queue), after=after)


def _rejoin_steps(name: str, queue: Filled) -> list[Step]:
    """Let a caller join again who came while the queue was not there."""
    return [
        Step("Wait", "2"),
        _queue_step(name, queue),
        Step("GotoIf", f'$["${{QUEUESTATUS}}" = "{NOT_THERE}"]?gone:${{QUEUESTATUS}},1'),
        Step("Hangup", label="gone"),
    ]


MOVED = "ccstate-moved"
"""Where callers wait whose queue has got another name since they came."""
WITHDRAWN = "WITHDRAW"
"""What QUEUESTATUS says of a caller whom QueueWithdrawCaller took out (16.28 and 22.10)."""


def compile_moved(compiled: Compiled, flow: Flow, _setting: Setting) -> None:
    """Compile where callers go on waiting, each for the time that was left."""
    if not flow.centre.of("queue"):
        return
    steps = [
        Step("Queue", "${CC_QUEUE},${CC_KEYS},,,${CC_LEFT}"),
        Step("Set", "QUEUE_PRIO=0"),
        Step("Goto", "${CC_PLACE},${QUEUESTATUS},1"),
    ]
    where = Context(compiled, MOVED)
    where.note("Callers whose queue has got another name since they came")
    where.add("s", steps)


def moved_steps(flow: Flow, name: str) -> list[Step]:
    """Take a caller who was withdrawn from a queue to where the queue is that took its place.

    QUEUE_WITHDRAW_INFO has the priority that keeps the order of those who came, and for how many
    seconds the caller has waited.
    """
    queue, place = flow.centre.of("queue")[name], Place("queue", name)
    if Event.ANSWERED not in {way.event for way in flow.ways(place)}:
        return [goto(place)]
    waited, left = "${CUT(QUEUE_WITHDRAW_INFO,/,2)}", ""
    if after := (queue.get("overflow") or {}).get("after"):
        limit = seconds(after)
        left = f"${{IF($[{waited} < {limit}]?$[{limit} - {waited}]:1)}}"
    return [
        Step("Set", "QUEUE_PRIO=${CUT(QUEUE_WITHDRAW_INFO,/,1)}"),
        Step("Set", f"CC_QUEUE={name}"),
        Step("Set", f"CC_KEYS={_key_letters(queue)}"),
        Step("Set", f"CC_LEFT={left}"),
        Step("Set", f"CC_PLACE={context(place)}"),
        Step("Goto", f"{MOVED},s,1"),
    ]


def _outcomes(where: Context, place: Place, queue: Filled, ways: dict[Event, Transition]) -> None:
    waited = ways[Event.NO_ANSWER]
    if waited.end is not End.WAITS:
        for status in GAVE_UP:
            where.add(status, follow(place, waited))
    if full := ways.get(Event.FULL):
        where.add("FULL", follow(place, full))
    if (queue.get("overflow") or {}).get("empty"):
        for status in LEFT_EMPTY:
            where.add(status, [Step("Goto", "empty,1")])


def _empty_way(ways: dict[Event, Transition]) -> Transition:
    """Find the way of callers where no agent can answer; that of those who wait, if none is declared."""
    return ways.get(Event.EMPTY) or ways[Event.NO_ANSWER]._replace(event=Event.EMPTY)


def _unstaffed_steps(place: Place, queue: Filled, way: Transition) -> list[Step]:
    overflow = queue.get("overflow") or {}
    if overflow.get("empty"):
        return follow(place, way)
    # No phone rings here, but callers wait as long as they would otherwise.
    music = queue["music"]
    if way.end is End.WAITS:
        return [*follow(place, way)[:1], Step("MusicOnHold", music, "music")]
    wait = seconds(overflow["after"])
    # MusicOnHold takes 0 seconds for ever (seen on 16.28 and 22.10).
    plays = [Step("MusicOnHold", f"{music},{wait}", "overflow.after")] if wait else []
    return [*plays, *follow(place, way)]


def decode_queue(sections: Sections, name: str) -> Decoded:
    """Decode the fields that a queue's section, members, context and number inside say."""
    place = Place("queue", name)
    options = sections.queue(name)
    found = decode(ROWS, options)
    if found["announcements", "periodic"] is None:
        found["announcements", "periodic_every"] = UNCLEAR
    if options.get("announce-frequency") == "0":
        found["announcements", "every"] = UNCLEAR
    found["extension",] = sections.number(place)
    found["members",] = decode_members(sections, name) or (
        None if WAIT.is_in(chain.from_iterable(sections.context(context(place)).values())) else []
    )
    steps = sections.context(context(place))
    found["caller_name_prefix",] = NAME_CALLER.values(steps.get("s", ()))["prefix"]
    found["overflow", "empty"] = None
    if options.get("joinempty") == UNSTAFFED:
        found["overflow", "empty"] = sections.leads(steps.get("empty", ()))
    found["keys",] = _decoded_exits(sections, name, options)
    full = sections.leads(steps["FULL"]) if "FULL" in steps else UNCLEAR
    found["overflow", "full"] = full
    return found | _decoded_waits(sections, steps)


def _decoded_exits(sections: Sections, name: str, options: Mapping[str, str]) -> Json:
    """Decode the keys that lead out of a queue, and where to."""
    if "context" not in options:
        return None
    leads = {key: sections.leads(s) for key, s in sections.context(_exit_context(name)).items()}
    is_clear = options["context"] == _exit_context(name) and UNCLEAR not in leads.values()
    return leads if is_clear else UNCLEAR


_IN_CALL = (
    ("member_rights",),
    ("caller_rights",),
    ("recording", "when"),
    ("recording", "folder"),
    ("recording", "notice"),
)


def _decoded_waits(sections: Sections, steps: Mapping[str, Steps]) -> Decoded:
    """Decode what waiting callers meet; where no phone rings, these fields change nothing."""
    hours_path, welcome = ("hours",), ("announcements", "welcome")
    after, to = ("overflow", "after"), ("overflow", "to")
    waits = [*steps.get("s", ()), *steps.get("open", ())]
    if not WAIT.is_in(waits):
        return dict.fromkeys((hours_path, welcome, after, to, *_IN_CALL), UNCLEAR)
    found = WAIT.find(waits)
    recording = in_call.decoded_recording(waits, on_demand="x" in found["rights"])
    return {
        **recording,
        ("member_rights",): in_call.rights(found["rights"], in_call.CALLED),
        ("caller_rights",): in_call.rights(found["rights"], in_call.CALLING),
        hours_path: decoded_schedule(steps.get("s", ())),
        welcome: PLAYBACK.values(waits)["prompt"],
        after: WAIT.values(waits)["after"],
        to: sections.leads(steps.get(GAVE_UP[0], ())) if found["after"] else UNCLEAR,
    }


QUEUE = Kind(
    name="queue",
    compile=compile_queue,
    decode=decode_queue,
    primary=(QUEUES, ""),
    names=in_file(QUEUES),
    rows=ROWS,
    shared=compile_moved,
    mapped="extension hours caller_name_prefix member_rights caller_rights announcements.welcome "
    "members.*.user members.*.extension members.*.penalty members.*.login "
    "overflow.full overflow.after overflow.to recording.when recording.notice recording.folder",
    kept={
        "label": COMMENT,
        "site": NO_SITES,
        "service_level.percent": "app_queue counts calls within a time, and has no target for them",
        "skills": "app_queue knows no skills; they decide which people are written as members",
        "members.*.team": NO_TEAMS,
        "recording.keep_days": NO_RETENTION,
    },
)
