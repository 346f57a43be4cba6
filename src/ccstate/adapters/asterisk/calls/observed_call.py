"""Reconstruct the path of each placed call from its AMI events; see `places` for those that are ours.

Seen on Asterisk 16.28 and 22.10, for a caller who reaches an agent: Newchannel, UserEvent …,
AgentCalled, DialBegin, DialEnd, AgentConnect, BridgeEnter, Hangup. The name that a call shows is
its mark, and every event of its channel has it.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from ccstate.adapters.asterisk.ami.message import Message
from ccstate.adapters.asterisk.places import ENTER
from ccstate.journeys.call_tests import Person
from ccstate.journeys.flow import Flow
from ccstate.journeys.walk import Journey, Step
from ccstate.journeys.ways import End, Event, Place, Transition

CLASSES = "call,user,agent"
"""Of events that are needed."""
MOST_STOPS = 1000
"""Places of one call, beyond which nothing is added: it goes round."""

_PLACE = re.compile(r"([a-z_]{1,20})/([^ /]{1,200})(?: ([^ ]{1,200}))?")
_CHANNEL = re.compile(r"PJSIP/(.+)-[0-9a-f]{8}")
_DIALLED = re.compile(r"(?:PJSIP/)?([0-9+*#]+)@.+")
_EVENTS = {str(event): event for event in Event}


@dataclass(slots=True)
class Stop:
    """A place that a call came to, when, by the monotonic clock, and what happened there."""

    place: Place
    entered: float
    event: Event | None = None
    key: str = ""
    pressed: str = ""


@dataclass(slots=True)
class ObservedCall:
    """One call, as far as it has come; `entered` holds stops that were not looked at yet."""

    mark: str
    began: float
    channel: str = ""
    stops: list[Stop] = field(default_factory=list)
    entered: list[Stop] = field(default_factory=list)
    dialled: str = ""
    answering: Person | None = None
    is_bridged: bool = False
    is_over: bool = False

    @property
    def is_talking(self) -> bool:
        """Whether the call was answered, and the two are connected."""
        return self.is_bridged and self.answering is not None

    @property
    def last(self) -> Place | None:
        return self.stops[-1].place if self.stops else None

    @property
    def is_at_mailbox(self) -> bool:
        """Whether it was sent to a mailbox, which may or may not be there."""
        return bool(self.last and self.last.kind == "extension" and self.last.node)

    def see(self, event: Message, now: float) -> None:
        """Take note of an event of the call's channel."""
        match event.get("Event"):
            case "UserEvent":
                self._reach(event, now)
            case "AgentConnect":
                extension = event.get("Interface").removeprefix("PJSIP/")
                self.answering = Person(member=event.get("MemberName"), extension=extension)
            case "DialBegin":
                found = _DIALLED.fullmatch(event.get("DialString"))
                self.answering, self.dialled = None, found[1] if found else ""
            case "DialEnd" if event.get("DialStatus") == "ANSWER":
                self._answer(event)
            case "BridgeEnter":
                self.is_bridged = True
            case "ConfbridgeJoin":  # with the callers who are in the room, or will be
                self.answering, self.is_bridged = Person(), True
            case "Hangup":
                self.is_over = True

    def _reach(self, event: Message, now: float) -> None:
        place = place_named(event.get("Place"))
        is_ours = event.get("UserEvent") == "Ccstate" and place is not None
        if place is None or not is_ours or len(self.stops) >= MOST_STOPS:
            return
        # The header itself is `Event: UserEvent`; ours of that name comes after it.
        word = event.all("Event")[-1]
        if word == ENTER:
            self.stops.append(Stop(place, now))
            self.entered.append(self.stops[-1])
        elif word in _EVENTS and self.last == place:
            self.stops[-1].event = _EVENTS[word]
            self.stops[-1].key = event.get("Key")[:1]

    def _answer(self, event: Message) -> None:
        """Note who answers at an extension or a number; in a queue AgentConnect says more, later."""
        phone = _CHANNEL.fullmatch(event.get("DestChannel"))
        if self.last is not None and self.last.kind == "queue":
            return
        if self.dialled:
            self.answering = Person(number=self.dialled)
        elif phone:
            self.answering = Person(extension=phone[1])


class CallObserver:
    """The calls of one run, by their marks; events of others are passed over."""

    def __init__(self) -> None:
        self.calls: dict[str, ObservedCall] = {}
        self._by_channel: dict[str, ObservedCall] = {}

    def expect(self, mark: str, now: float) -> ObservedCall:
        """Begin to observe a call that is being placed."""
        self.calls[mark] = ObservedCall(mark, now)
        return self.calls[mark]

    def see(self, event: Message, now: float) -> None:
        """Take note of an event that came now."""
        channel = event.get("Uniqueid")
        if event.get("Event") == "Newchannel":
            call = self.calls.get(event.get("CallerIDName"))
            if call is not None and not call.channel:
                call.channel = channel
                self._by_channel[channel] = call
        elif (call := self._by_channel.get(channel)) is not None and not call.is_over:
            call.see(event, now)

    def recording(self, channels: list[Message]) -> set[str]:
        """Return the calls that are in VoiceMail, by the list of CoreShowChannels."""
        return {
            call.mark
            for channel in channels
            if channel.get("Application").lower() == "voicemail"
            and (call := self._by_channel.get(channel.get("Uniqueid"))) is not None
        }


def place_named(text: str) -> Place | None:
    """Read the place in an event, as `str(Place)` writes it."""
    found = _PLACE.fullmatch(text)
    return Place(found[1], found[2], found[3] or "") if found else None


@dataclass(frozen=True, slots=True)
class Ending:
    """How a call ended: as `journeys.walk.Journey` says it."""

    end: End
    at: str


def observed_journey(
    flow: Flow, stops: Sequence[Stop], ending: Ending | None, over: float
) -> Journey:
    """Return the stops as steps; where no ending is given, the site ended the call, at `over`."""
    steps = []
    for number, stop in enumerate(stops):
        following = stops[number + 1] if number + 1 < len(stops) else None
        seconds = round((following.entered if following else over) - stop.entered)
        way = _way(flow, stop)
        if following:
            way = way._replace(to=following.place, end=None, at="", seconds=seconds)
        else:
            found = ending or _ended_by_site(way)
            way = way._replace(to=None, end=found.end, at=found.at, seconds=seconds)
        steps.append(Step(stop.place, way, stop.pressed))
    if not steps:
        found = ending or Ending(End.CUT_OFF, "")
        return Journey((), found.end, found.at)
    last = steps[-1].way
    return Journey(tuple(steps), last.end or End.CUT_OFF, last.at)


def _way(flow: Flow, stop: Stop) -> Transition:
    """Find the declared way by which a call left a place; where there is none, one that is cut off."""
    event = stop.event or Event.THEN
    for way in flow.ways(stop.place):
        if way.event is event and (event not in {Event.KEY, Event.DIGITS} or way.key == stop.key):
            return way
    return Transition(event, None, End.CUT_OFF, key=stop.key)


def _ended_by_site(way: Transition) -> Ending:
    """Return the end that the way declares, or else a call that is cut off."""
    if way.end is End.HANGUP:
        return Ending(End.HANGUP, way.at)
    return Ending(End.CUT_OFF, "")


def answered_ending(place: Place, person: Person) -> Ending:
    """End a call that was answered: for a queue, in a conference room, for an extension or number."""
    if place.kind in {"queue", "conference_room"}:
        return Ending(End.HUMAN, str(place))
    if person.number:
        return Ending(End.HUMAN, f"number/{person.number}")
    return Ending(End.HUMAN, f"extension/{person.extension}")
