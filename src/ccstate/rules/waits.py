"""Rules about waits: what becomes of callers whom nobody answers, and who is rung before that."""

from collections.abc import Iterator

from ccstate.errors import Severity
from ccstate.journeys.centre import Filled
from ccstate.journeys.staffing import ringing
from ccstate.journeys.ways import KEYS, End, Event, Place, Way
from ccstate.kinds.fields import duration, seconds
from ccstate.model import Address
from ccstate.rules.rule import Estate, Found, Reach, Rule
from ccstate.rules.trees import reached_nodes

_SOMEWHERE = "with a mailbox, another queue, or hangup where that is meant"


def _unanswered(estate: Estate) -> Iterator[tuple[Address, Filled, Way]]:
    """What becomes of callers whom nobody answers, queue by queue."""
    for name, queue in estate.of("queue").items():
        ways = {way.event: way for way in estate.flow.ways(Place("queue", name))}
        # A queue that nobody can answer has one way for all.
        way = ways.get(Event.NO_ANSWER) or ways.get(Event.EMPTY)
        if way is not None:
            yield Address("queue", name), queue, way


def _cut_off(estate: Estate) -> Iterator[Found]:
    for address, queue, way in _unanswered(estate):
        if way.end is End.CUT_OFF and way.path == ("overflow", "to"):
            after = queue["overflow"]["after"]
            yield Found(
                address,
                ("overflow", "after"),
                f"{address} cuts off callers whom nobody answers in {after}",
                "overflow.after says when they leave, and nothing says where to: "
                "the line goes dead.",
                f"add overflow.to: {_SOMEWHERE}",
            )


def _without_end(estate: Estate) -> Iterator[Found]:
    for address, queue, way in _unanswered(estate):
        if way.end is not End.WAITS:
            continue
        overflow = queue.get("overflow") or {}
        if to := overflow.get("to"):
            yield Found(
                address,
                ("overflow", "to"),
                f"callers never leave {address} for {to}: overflow has no after",
                "Whom nobody answers waits without end.",
                "add overflow.after: the longest that callers are to wait, such as 5m",
            )
        else:
            yield Found(
                address,
                ("overflow",) if queue.get("overflow") is not None else (),
                f"callers whom nobody answers wait in {address} without end",
                "Nothing takes them out but an answer: the longest wait is as long as a caller "
                "holds the line.",
                f"add overflow.after:, such as 5m, and overflow.to: {_SOMEWHERE}",
            )


def _never_taken(estate: Estate) -> Iterator[Found]:
    for name, queue in estate.of("queue").items():
        if (full := (queue.get("overflow") or {}).get("full")) and not queue["max_waiting"]:
            yield Found(
                Address("queue", name),
                ("overflow", "full"),
                f"queue/{name} is never full: overflow.full, to {full}, never happens",
                "max_waiting is 0, so that any number of callers may wait.",
                "set max_waiting: to the most callers who may wait, or remove overflow.full",
            )
    for name, number in estate.of("number").items():
        for field in ("closed", "holiday") if not number.get("hours") else ():
            if to := number.get(field):
                yield Found(
                    Address("number", name),
                    (field,),
                    f"no caller of {name} ever goes to {to}: the number has no hours",
                    f"Without a schedule its calls always go to {number['to']}.",
                    f"set hours: to a schedule, or remove {field}:",
                )
        if number.get("on") and not number.get("switch"):
            yield Found(
                Address("number", name),
                ("on",),
                f"no caller of {name} ever goes to {number['on']}: the number has no switch",
                f"Without a switch its calls never go by on:, and else to {number['to']}.",
                "set switch: to a switch, or remove on:",
            )
    for name, tree in estate.of("ivr").items():
        for node_name, node in reached_nodes(tree).items():
            if node.get("on_invalid") and set(KEYS) <= node["choices"].keys():
                yield Found(
                    Address("ivr", name),
                    ("nodes", node_name, "on_invalid"),
                    f'no caller ever goes by on_invalid of menu "{node_name}"',
                    "Every key leads somewhere, so that none is wrong.",
                    "remove on_invalid:, or a choice",
                )


def _too_few_rung(estate: Estate) -> Iterator[Found]:
    for name, queue in estate.of("queue").items():
        overflow = queue.get("overflow") or {}
        if overflow.get("after") and overflow.get("to"):
            yield from _rung(estate, Address("queue", name), queue, overflow["after"])


def _rung(estate: Estate, address: Address, queue: Filled, after: str) -> Iterator[Found]:
    path = ("overflow", "after")
    longest, ring = seconds(after), seconds(queue["ring_for"])
    if not longest:
        message = f"{address} rings nobody: callers leave it after 0s"
        cause = f"All its calls go to {queue['overflow']['to']} at once."
        yield Found(address, path, message, cause, "let callers wait, for 1m or longer")
        return
    if ring > longest:
        yield Found(
            address,
            ("ring_for",) if "ring_for" in estate.state[address].fields else path,
            f"a phone of {address} rings for {queue['ring_for']}, and callers leave after {after}",
            "Either the first phone is given up in the middle of a ring, or callers wait longer "
            "than they should; nobody else is rung.",
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
    # In a large queue most are busy, and nobody expects that all are rung in turn. But one is not two.
    if count > 1:
        yield Found(
            address,
            path,
            f"callers leave {address} after {after}, when one of its {count} phones has rung",
            f"Phones ring one after another, each for {queue['ring_for']} and with {queue['retry']} "
            f"in between: the second has rung after {duration(two)}.",
            "ring shorter, ring all at once, or let callers wait longer",
        )


RULES: tuple[Rule, ...] = (
    Rule(
        "CC209",
        "wait-cut-off",
        Severity.WARNING,
        "A queue that cuts off callers whom nobody answers in time",
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
)
