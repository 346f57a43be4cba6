"""Places, events, ends, moments and lengths of calls, in the words of the trade.

Labels stay as they are written: what prints these words makes them safe, as `lay_out`, `fill`
and `code` do.
"""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from ccstate.journeys.enumeration import BAD
from ccstate.journeys.flow import Flow
from ccstate.journeys.moments import Moment
from ccstate.journeys.ways import MAILBOX, End, Event, Place, Transition
from ccstate.kinds.fields import duration
from ccstate.model import Address, parse_address
from ccstate.render.text import Style
from ccstate.render.values import join_words

_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_KEYS = {"*": "star", "#": "hash"}


def place_words(flow: Flow, place: Place) -> str:
    """Name a place: `Main menu` or `ivr/main node welcome` in a tree.

    Elsewhere `Sales (queue/sales)`.
    """
    if place.kind != "ivr":
        if place.kind == "extension" and place.node not in {"", MAILBOX}:
            return address_words(flow, Address("number", place.node))
        kind = "voicemail" if place.kind == "extension" and place.node else place.kind
        return address_words(flow, Address(kind, place.name))
    tree = flow.centre.of("ivr").get(place.name, {})
    label = tree.get("nodes", {}).get(place.node, {}).get("label")
    return label or f"ivr/{place.name} node {place.node}"


def address_words(flow: Flow, address: Address) -> str:
    """Name an address: `Sales (queue/sales)`, `Main line (+611300975707)`."""
    kind = "extension" if address.kind == "voicemail" else address.kind
    label = flow.centre.of(kind).get(address.name, {}).get("label")
    shown = address.name if kind == "number" else str(address)
    return f"{label} ({shown})" if label else shown


def called_words(flow: Flow, start: Place) -> str:
    """Name the called party of a call that comes in at a place: a tree by its own label."""
    return address_words(flow, start.address) if start.kind == "ivr" else place_words(flow, start)


def keys_words(keys: str) -> str:
    """Write what a caller pressed at a menu, one after the other: `1`, `9, then star`."""
    return ", then ".join(_KEYS.get(key, key) for key in keys)


def entry_words(entry: str) -> str:
    """Write what a caller answers one question with: `star`, `5550012345`, `nothing`."""
    return keys_words(entry) if len(entry) == 1 else entry or "nothing"


def event_words(way: Transition, keys: str = "") -> str:
    """Describe an event: `presses 1`, `nobody answers for 4 min`; "" where the call just goes on.

    `keys` are those that a caller in fact pressed, as a step of a journey has them.
    """
    match way.event:
        case Event.LISTED:
            return f"caller is in list {way.key}"
        case Event.KEY:
            return f"presses {keys_words(keys or way.key)}"
        case Event.DIGITS:
            return f"enters {keys}" if keys else "enters digits"
        case Event.SILENCE if keys:
            return f"presses {keys_words(keys)}, then says nothing"
        case Event.WRONG_KEY if keys:
            return f"presses {keys_words(keys)}: wrong key{'s' * (len(keys) > 1)}"
        case Event.NO_ANSWER if way.seconds:
            return f"nobody answers for {length_words(way.seconds)}"
        case Event.EMPTY if way.seconds:
            return f"nobody is there, for {length_words(way.seconds)}"
        case _:
            return _EVENTS[way.event]


_EVENTS = {
    Event.THEN: "",
    Event.OPEN: "open",
    Event.CLOSED: "closed",
    Event.HOLIDAY: "holiday",
    Event.ON: "on",
    Event.OFF: "off",
    Event.LISTED: "caller is in a list",
    Event.OTHERS: "caller is in none of the lists",
    Event.SILENCE: "says nothing",
    Event.WRONG_KEY: "presses a wrong key",
    Event.ANSWERED: "somebody answers",
    Event.NO_ANSWER: "nobody answers",
    Event.EMPTY: "nobody is there",
    Event.FULL: "the queue is full",
    Event.BUSY: "the line is busy",
}


def end_words(flow: Flow, end: End, at: str) -> str:
    """Describe how a call ends, after "the caller": `reaches Sales (queue/sales)`, `is cut off`.

    `at` is as a journey has it: an address, or the place to which a call returns.
    """
    match end:
        case End.HUMAN:
            return f"reaches {_at(flow, at)}"
        case End.MESSAGE:
            return f"leaves a message for {_at(flow, at)}"
        case End.HANGUP:
            return "the call ends, as intended"
        case End.CUT_OFF:
            return "is cut off"
        case End.WAITS:
            return f"waits without end in {_at(flow, at)}"
        case End.ENDLESS:
            return "goes round for ever"
        case End.RETURNS:
            return f"is back at {_at(flow, at)}"


def _at(flow: Flow, at: str) -> str:
    text, _, node = at.partition(" ")
    address = parse_address(text)
    return place_words(flow, Place(*address, node)) if node else address_words(flow, address)


def time_words(at: datetime, zone: ZoneInfo) -> str:
    """Write a time: `Fri 25 Dec 2026, 10:00`; with the offset where the clocks show it twice."""
    local = at.astimezone(zone)
    day = f"{_DAYS[local.weekday()]} {local.day} {_MONTHS[local.month - 1]} {local.year}"
    clock = f"{day}, {local.hour:02}:{local.minute:02}"
    return f"{clock} {local.isoformat()[-6:]}" if _comes_twice(local) else clock


def _comes_twice(local: datetime) -> bool:
    """Check whether clocks there show this time at another moment too."""
    other = local.replace(fold=1 - local.fold)
    both = local.utcoffset(), other.utcoffset()
    # In the hour left out when clocks go forward the offsets differ as well; no moment is there.
    return both[0] != both[1] and other.astimezone(UTC).astimezone(local.tzinfo) == other


def moment_words(moment: Moment, zone: ZoneInfo) -> str:
    """Write a time and its occasion: `Fri 25 Dec 2026, 10:00 (Christmas Day)`."""
    words = time_words(moment.at, zone)
    also = moment.circumstances
    return f"{words} ({join_words(also)})" if also else words


def length_words(seconds: int) -> str:
    """Write a length of time: `12 s`, `1 min 20 s`, `4 min`, `1 h 5 min`."""
    spelled = duration(seconds)
    for unit, word in (("h", " h "), ("m", " min "), ("s", " s ")):
        spelled = spelled.replace(unit, word)
    return spelled.strip()


def clock_words(seconds: int) -> str:
    """Write the time since the call came in: `0:00`, `1:20`, `1:00:05`."""
    return str(timedelta(seconds=seconds)).removeprefix("0:").removeprefix("0")


END_STYLES = {
    End.HUMAN: Style.ADD,
    End.MESSAGE: Style.CHANGE,
    End.HANGUP: Style.PLAIN,
    End.RETURNS: Style.DIM,
    **dict.fromkeys(BAD, Style.ALARM),
}
