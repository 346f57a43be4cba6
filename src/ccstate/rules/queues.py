"""Rules about queues: who can answer, how long callers wait, what becomes of them, whether they are
reached.
"""

from collections import Counter
from collections.abc import Collection, Iterator, Mapping

from ccstate.desired.findings import did_you_mean, quote
from ccstate.errors import Severity
from ccstate.journeys.backwards import ancestors
from ccstate.journeys.centre import Filled, spoken_seconds
from ccstate.journeys.flow import Flow
from ccstate.journeys.hours import Phase
from ccstate.journeys.moments import Moment, Phases
from ccstate.journeys.staffing import Agent, Lack, Presence, agents, is_staffed, presence, ringing
from ccstate.journeys.walk import zone_of
from ccstate.journeys.ways import KEYS, End, Event, Place, Transition
from ccstate.kinds.fields import duration, seconds
from ccstate.model import Address
from ccstate.rules.rule import Breach, Estate, Reach, Rule
from ccstate.rules.trees import reached_nodes

MOST_LACKS = 3
"""What keeps members from answering is listed in so many parts, the most frequent first."""


def _skills(estate: Estate) -> Collection[str]:
    users = estate.of("user").values()
    return {skill for user in users for skill in user.get("skills") or ()}


def _nobody_answers(estate: Estate) -> Iterator[Breach]:
    skills = _skills(estate)
    for name, queue in estate.of("queue").items():
        # A skill that no user has is reported by a rule of its own, once.
        needed = [skill for skill in queue.get("skills") or () if skill in skills]
        judged = {**queue, "skills": needed}
        if not is_staffed(estate.centre, judged):
            yield Breach(
                Address("queue", name),
                ("members",) if "members" in queue else (),
                f"no agent can answer queue/{name}",
                f"{_why(estate, judged)}: callers wait there until they give up or are sent on.",
                "add a member who can, or give the members what they lack",
            )


def _why(estate: Estate, queue: Filled) -> str:
    if not (members := queue["members"]):
        return "It has no members"
    all_agents = list(agents(estate.centre, queue))
    if not all_agents:
        teams = ", ".join(f"team/{member['team']}" for member in members)
        return f"No user belongs to {teams}"
    lacks: Counter[str] = Counter()
    for agent in all_agents:
        lacks.update(_lacks(estate, agent, queue))
    parts = lacks.most_common(MOST_LACKS)
    if len(all_agents) == 1:
        return f"Its only member lacks {' and '.join(what for what, _ in parts)}"
    return ", ".join(
        f"{count} of {len(all_agents)} members lack{'s' if count == 1 else ''} {what}"
        for what, count in parts
    )


def _lacks(estate: Estate, agent: Agent, queue: Filled) -> list[str]:
    if agent.lack is Lack.SKILLS:
        skills = estate.of("user").get(agent.user, {}).get("skills") or {}
        return [f"the skill {quote(skill)}" for skill in queue["skills"] if skill not in skills]
    return ["an extension" if agent.lack is Lack.EXTENSION else "a device"]


def _skill_nobody_has(estate: Estate) -> Iterator[Breach]:
    skills = _skills(estate)
    known = sorted(skills)
    for name, queue in estate.of("queue").items():
        for place, skill in enumerate(queue.get("skills") or ()):
            if skill not in skills:
                yield Breach(
                    Address("queue", name),
                    ("skills", place),
                    f"no user has the skill {quote(skill)}",
                    f"queue/{name} asks for it, so no person in it can be sent a call.",
                    did_you_mean(skill, known) or "give the skill to users, or take it out here",
                )


def _target_missed(estate: Estate) -> Iterator[Breach]:
    for name, queue in estate.of("queue").items():
        if target := queue.get("service_level"):
            address = Address("queue", name)
            if within := seconds(target["within"]):
                yield from _too_late(estate, address, queue, within)
            else:
                yield Breach(
                    address,
                    ("service_level", "within"),
                    f"{address} promises an answer within 0s",
                    "No phone can be picked up before it rings, so every call misses the target.",
                    "give the time in which callers are to be answered, such as 20s",
                )
            if target["percent"] == 100:
                yield Breach(
                    address,
                    ("service_level", "percent"),
                    f"{address} promises 100 percent",
                    "One caller who hangs up breaks the promise for the day, "
                    "and a figure that is always red is soon ignored.",
                    "aim at a share that can be met, such as 95",
                )


def _too_late(estate: Estate, address: Address, queue: Filled, within: int) -> Iterator[Breach]:
    target = queue["service_level"]["within"]
    after = (queue.get("overflow") or {}).get("after")
    if after and seconds(after) < within:
        yield Breach(
            address,
            ("overflow", "after"),
            f"callers leave {address} after {after}, before its target of {target}",
            "A caller who is not answered by then is gone, so the target says nothing about the wait.",
            "let callers wait at least as long as the target, or shorten the target",
        )
    declared = "ring_for" in estate.state[address].fields
    if queue["strategy"] != "ring_all" and seconds(queue["ring_for"]) >= within:
        yield Breach(
            address,
            ("ring_for",) if declared else ("service_level", "within"),
            f"one phone of {address} rings for {queue['ring_for']}, its target is {target}",
            "Members ring one after another: one who does not pick up has used up the time "
            "before the next one rings.",
            "ring shorter, so that a second member can answer in time, or ring all at once",
        )
    prompt = (queue.get("announcements") or {}).get("welcome")
    if prompt and (spoken := _longest(estate, prompt)) > within:
        yield Breach(
            address,
            ("announcements", "welcome"),
            f"the welcome of {address} takes about {spoken}s, its target is {target}",
            "Callers are still listening when they should have been answered.",
            f"shorten prompt/{prompt}, or play it before callers join the queue",
        )


def _longest(estate: Estate, prompt: str) -> int:
    """Return the seconds of the longest wording; a recording without its text counts as nothing."""
    wordings = estate.of("prompt").get(prompt, {"languages": {}})["languages"].values()
    return max((spoken_seconds(wording.get("text") or "") for wording in wordings), default=0)


_SOMEWHERE = "with a mailbox, another queue, or hangup where that is meant"


def _unanswered(estate: Estate) -> Iterator[tuple[Address, Filled, Transition]]:
    """Find what becomes of unanswered callers, queue by queue."""
    for name, queue in estate.of("queue").items():
        ways = {way.event: way for way in estate.flow.ways(Place("queue", name))}
        # A queue that no agent can answer has one way for all.
        way = ways.get(Event.NO_ANSWER) or ways.get(Event.EMPTY)
        if way is not None:
            yield Address("queue", name), queue, way


def _cut_off(estate: Estate) -> Iterator[Breach]:
    for address, queue, way in _unanswered(estate):
        if way.end is End.CUT_OFF and way.path == ("overflow", "to"):
            after = queue["overflow"]["after"]
            yield Breach(
                address,
                ("overflow", "after"),
                f"{address} cuts off unanswered callers after {after}",
                "overflow.after says when they leave, and nothing says where to: "
                "the line goes dead.",
                f"add overflow.to: {_SOMEWHERE}",
            )


def _without_end(estate: Estate) -> Iterator[Breach]:
    for address, queue, way in _unanswered(estate):
        if way.end is not End.WAITS:
            continue
        overflow = queue.get("overflow") or {}
        if to := overflow.get("to"):
            yield Breach(
                address,
                ("overflow", "to"),
                f"callers never leave {address} for {to}: overflow has no after",
                "A caller who is not answered waits without end.",
                "add overflow.after: the longest that callers are to wait, such as 5m",
            )
        else:
            yield Breach(
                address,
                ("overflow",) if queue.get("overflow") is not None else (),
                f"unanswered callers wait in {address} without end",
                "Nothing takes them out but an answer: the longest wait is as long as a caller "
                "holds the line.",
                f"add overflow.after:, such as 5m, and overflow.to: {_SOMEWHERE}",
            )


def _never_taken(estate: Estate) -> Iterator[Breach]:
    for name, queue in estate.of("queue").items():
        if (full := (queue.get("overflow") or {}).get("full")) and not queue["max_waiting"]:
            yield Breach(
                Address("queue", name),
                ("overflow", "full"),
                f"queue/{name} is never full: overflow.full, to {full}, never happens",
                "max_waiting is 0, so that any number of callers may wait.",
                "set max_waiting: to the most callers who may wait, or remove overflow.full",
            )
    for name, number in estate.of("number").items():
        for field in ("closed", "holiday") if not number.get("hours") else ():
            if to := number.get(field):
                yield Breach(
                    Address("number", name),
                    (field,),
                    f"no caller of {name} ever goes to {to}: the number has no hours",
                    f"Without a schedule its calls always go to {number['to']}.",
                    f"set hours: to a schedule, or remove {field}:",
                )
        if number.get("on") and not number.get("switch"):
            yield Breach(
                Address("number", name),
                ("on",),
                f"no caller of {name} ever goes to {number['on']}: the number has no switch",
                f"Without a switch its calls never go by on:, and else to {number['to']}.",
                "set switch: to a switch, or remove on:",
            )
    for name, tree in estate.of("ivr").items():
        for node_name, node in reached_nodes(tree).items():
            if node.get("on_invalid") and set(KEYS) <= node["choices"].keys():
                yield Breach(
                    Address("ivr", name),
                    ("nodes", node_name, "on_invalid"),
                    f'no caller ever goes by on_invalid of menu "{node_name}"',
                    "Every key leads somewhere, so that none is wrong.",
                    "remove on_invalid:, or a choice",
                )


def _too_few_rung(estate: Estate) -> Iterator[Breach]:
    for name, queue in estate.of("queue").items():
        overflow = queue.get("overflow") or {}
        if overflow.get("after") and overflow.get("to"):
            yield from _rung(estate, Address("queue", name), queue, overflow["after"])


def _rung(estate: Estate, address: Address, queue: Filled, after: str) -> Iterator[Breach]:
    path = ("overflow", "after")
    longest, ring = seconds(after), seconds(queue["ring_for"])
    if not longest:
        message = f"{address} rings no phone: callers leave it after 0s"
        cause = f"All its calls go to {queue['overflow']['to']} at once."
        yield Breach(address, path, message, cause, "let callers wait, for 1m or longer")
        return
    if ring > longest:
        yield Breach(
            address,
            ("ring_for",) if "ring_for" in estate.state[address].fields else path,
            f"a phone of {address} rings for {queue['ring_for']}, and callers leave after {after}",
            "Either the first phone is given up in the middle of a ring, or callers wait longer "
            "than they should; no other phone is rung.",
            "ring shorter, or let callers wait longer",
        )
        return
    two = 2 * ring + seconds(queue["retry"])
    if queue["strategy"] == "ring_all" or longest >= two:
        return
    people = ringing(estate.centre, queue)
    # Those with a higher penalty ring only where these are busy or away, not where they are silent.
    least = min((agent.penalty for agent in people), default=0)
    count = sum(agent.penalty == least for agent in people)
    # In a large queue most are busy, and it is not expected that all are rung in turn. But one is not two.
    if count > 1:
        yield Breach(
            address,
            path,
            f"callers leave {address} after {after}, when one of its {count} phones has rung",
            f"Phones ring one after another, each for {queue['ring_for']} and with {queue['retry']} "
            f"in between: the second has rung after {duration(two)}.",
            "ring shorter, ring all at once, or let callers wait longer",
        )


def _nobody_logged_in(estate: Estate) -> Iterator[Breach]:
    for name, queue in estate.of("queue").items():
        if presence(estate.centre, queue) is not Presence.UNCERTAIN:
            continue
        if (queue.get("overflow") or {}).get("empty"):
            continue
        yield Breach(
            Address("queue", name),
            ("members",) if "members" in queue else (),
            f"callers wait in queue/{name} while no agent is logged in",
            "All who can answer it log in and out, and overflow.empty does not say where "
            "callers go when no agent is there.",
            "add overflow.empty:, such as a mailbox, or a member with login: static",
        )


MOST_SCHEDULES = 20
"""Beyond so many schedules on the ways to one queue it cannot be known any more what was meant."""


def _unreached(estate: Estate) -> Iterator[Breach]:
    before = estate.called
    for name, queue in estate.of("queue").items():
        place = Place("queue", name)
        hours = queue.get("hours")
        if hours and place in before and (moments := _missed_moments(estate, place, hours, before)):
            moment = min(moments, key=lambda found: (bool(found.occasions), found.at))
            yield _found(estate.flow, place, hours, moment)


def _missed_moments(
    estate: Estate, queue: Place, hours: str, before: Mapping[Place, list[Place]]
) -> list[Moment]:
    """List moments at which the queue is open and no number leads there, though some do else."""
    near = ancestors(before, [queue])
    schedules = estate.flow.schedules(near) | {hours}
    if len(schedules) > MOST_SCHEDULES:
        return []
    missed: list[Moment] = []
    is_reached = False
    for state in estate.year.states(schedules):
        # Who turns a switch, or puts a caller into a list, means the call to go elsewhere.
        is_meant = state.moments[0].switches or state.moments[0].caller
        if state.phases[hours] is not Phase.OPEN or is_meant:
            continue
        if _leads(estate.flow, near, queue, state.phases):
            is_reached = True
        else:
            missed += state.moments
    return missed if is_reached else []


def _leads(flow: Flow, near: set[Place], queue: Place, phases: Phases) -> bool:
    seen = {place for place in near if place.kind == "number" and not place.node}
    todo = list(seen)
    for place in todo:
        if place == queue:
            return True
        for way in flow.possible(place, phases):
            if way.to in near and way.to not in seen:
                seen.add(way.to)
                todo.append(way.to)
    return False


def _found(flow: Flow, queue: Place, hours: str, moment: Moment) -> Breach:
    local = moment.at.astimezone(zone_of(flow, queue))
    occasion = f" ({', '.join(moment.occasions)})" if moment.occasions else ""
    return Breach(
        queue.address,
        ("hours",),
        f"no number leads to {queue} on {local:%A} {local.day} {local:%B %Y} at "
        f"{local:%H:%M}{occasion}",
        f"Its people are there by schedule/{hours}, and callers hear that it is closed.",
        "let the hours of the numbers and trees before it be at least as long",
    )


RULES: tuple[Rule, ...] = (
    Rule(
        "CC210",
        "queue-nobody-answers",
        Severity.ERROR,
        "A queue has no agent who can answer it",
        _nobody_answers,
        Reach.UNLABELLED,
    ),
    Rule(
        "CC211",
        "skill-nobody-has",
        Severity.ERROR,
        "A queue asks for a skill that no user has",
        _skill_nobody_has,
        Reach.UNLABELLED,
    ),
    Rule(
        "CC214",
        "target-out-of-reach",
        Severity.WARNING,
        "The settings of a queue keep it from meeting its service level",
        _target_missed,
        Reach.JOINED,
    ),
    Rule(
        "CC209",
        "wait-cut-off",
        Severity.WARNING,
        "A queue that cuts off unanswered callers after time",
        _cut_off,
        Reach.JOINED,
    ),
    Rule(
        "CC219",
        "wait-without-end",
        Severity.WARNING,
        "A queue that callers leave by an answer only, however long they wait",
        _without_end,
        Reach.JOINED,
    ),
    Rule(
        "CC261",
        "never-taken",
        Severity.WARNING,
        "A destination that no call can ever take",
        _never_taken,
        Reach.JOINED,
    ),
    Rule(
        "CC262",
        "too-few-rung",
        Severity.WARNING,
        "Callers leave a queue before its phones have been rung",
        _too_few_rung,
        Reach.JOINED,
    ),
    Rule(
        "CC270",
        "nobody-logged-in",
        Severity.WARNING,
        "A queue in which callers wait while no agent is logged in",
        _nobody_logged_in,
        Reach.JOINED,
    ),
    Rule(
        "CC218",
        "open-unreached",
        Severity.WARNING,
        "A queue that is open while no number leads to it",
        _unreached,
        Reach.JOINED,
    ),
)
