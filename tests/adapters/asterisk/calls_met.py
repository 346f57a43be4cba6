"""Real calls placed side by side, and what their callers met: heard, rung, answered, ended.

Nothing is known here of what ccstate writes but how it names trunks and recordings. Calls are followed in Asterisk's log of what it does,
where all lines of one call bear its number (`[C-0000000a]`, 16.28 and 22.10).
"""

import re
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import groupby

from ccstate.adapters.asterisk.ami import Ami, Login
from ccstate.adapters.asterisk.ami.message import Message
from ccstate_lab import callers
from ccstate_lab.callers import Caller, Press
from ccstate_lab.site import Site
from tests.waiting import until

ANSWERED = 200


@dataclass(frozen=True, kw_only=True)
class Placed:
    """A call to be placed: who dials what, which keys are pressed, and when the caller gives up.

    `number` and `shown`, the number or the endpoint of the caller, tell it from the other calls.
    `behind`: the calls that have to be over first. `during`: what has to be so first, "2001 talks" or
    "0491570006 waits".
    """

    number: str
    shown: str
    caller: Caller
    keys: Sequence[Press] = ()
    stays: float = 1.0
    gives_up: float = 30.0
    behind: Sequence["Placed"] = ()
    during: str = ""


@dataclass(frozen=True)
class Met:
    """What a caller met.

    `steps`: in order, each with the seconds since the step before. `status`: the final one of SIP.
    `number_shown`: the caller's, as the first phone that rings is told it; "" where none rings.
    """

    steps: tuple[tuple[str, float], ...]
    status: int
    is_ended_by_site: bool
    number_shown: str = ""

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(name for name, _ in self.steps)

    @property
    def end(self) -> str:
        """How it ended. Which status refuses a call is no difference: phones play a tone for each."""
        if self.status != ANSWERED:
            return "is refused"
        return "is hung up" if self.is_ended_by_site else "hangs up"

    def __str__(self) -> str:
        told = [f"{name} (+{seconds:.1f} s)" for name, seconds in self.steps]
        return ", ".join([*told, f"{self.end} ({self.status})"])

    def is_as(self, other: "Met", within: float) -> bool:
        """Whether both callers met the same, no wait longer or shorter by more seconds than that."""
        waits = zip(self.steps, other.steps, strict=False)
        is_alike = (self.names, self.end) == (other.names, other.end)
        return is_alike and all(abs(one - two) <= within for (_, one), (_, two) in waits)


def login(site: Site) -> Login:
    """The AMI account that may do everything."""
    return Login(site.ami_host, site.ami_port, site.lab_username, site.lab_secret)


def place(site: Site, calls: Sequence[Placed]) -> dict[Placed, Met]:
    """What the caller of each call met; calls that wait for no other begin at once."""
    logged = site.log.stat().st_size
    seen = _Seen()
    with Ami.connect(login(site), events="call,agent") as ami:
        began = _placed(site, ami, calls, seen)
        until(lambda: not ami.read("CoreShowChannels"), "the site has no call left")
    lines = site.log.read_bytes()[logged:].decode(errors="replace").splitlines()
    met = {}
    for call in calls:
        outcome = callers.outcome(began[call], within=0)
        channel = seen.channels.get(call, "")
        steps = tuple(_steps(lines, channel)) if channel else ()
        shown = seen.shown.get(channel, "")
        met[call] = Met(steps, outcome.status, outcome.is_ended_by_site, shown)
    return met


@dataclass
class _Seen:
    """What AMI has told so far: the channel of each call, what its phone shows, who talks or waits."""

    channels: dict[Placed, str] = field(default_factory=dict)
    shown: dict[str, str] = field(default_factory=dict)
    now: set[str] = field(default_factory=set)

    def note(self, event: Message, calls: Sequence[Placed]) -> None:
        channel = event.get("Channel")
        if event.is_event("Newchannel"):
            who = {_endpoint(channel), event["CallerIDNum"]}
            for call in calls:
                if call.number == event["Exten"] and call.shown in who:
                    self.channels.setdefault(call, channel)
        elif event.is_event("BridgeEnter"):
            self.now.add(f"{_endpoint(channel)} talks")
        elif event.is_event("QueueCallerJoin"):
            waiting = [call.shown for call in calls if self.channels.get(call) == channel]
            self.now.update(f"{number} waits" for number in waiting)
        elif event.is_event("DialBegin"):
            self.shown.setdefault(channel, event["CallerIDNum"])


def _placed(
    site: Site, ami: Ami, calls: Sequence[Placed], seen: _Seen
) -> dict[Placed, callers.Call]:
    """The calls, once all of them are over."""
    began: dict[Placed, callers.Call] = {}

    def all_are_over() -> bool:
        over = {call for call, placed in began.items() if callers.is_over(placed)}
        for call in calls:
            is_due = over.issuperset(call.behind) and (not call.during or call.during in seen.now)
            if is_due and call not in began:
                began[call] = callers.dial(
                    site,
                    call.number,
                    call.caller,
                    keys=call.keys,
                    gives_up=call.gives_up,
                    stays=call.stays,
                )
        for event in ami.events(time.monotonic() + 0.1):
            seen.note(event, calls)
        return len(over) == len(calls)

    until(all_are_over, "all calls are over")
    return began


def _endpoint(channel: str) -> str:
    return channel.removeprefix("PJSIP/").removeprefix(_TRUNK).rpartition("-")[0]


_LINE = re.compile(r"\[([0-9: .-]+)\] [A-Z]+\[\d+\]\[(C-[0-9a-f]+)\] [\w./]+: (.*)")
_SOUND = re.compile(r"<(.+)> Playing '(.+?)(?:\.\w+)?' ")
_OWN_SOUND = re.compile(r"ccstate/(.+)/[A-Za-z-]+")
_RINGS = re.compile(r"Called (?:PJSIP/)?(\S+)")
_ANSWERS = re.compile(r"(PJSIP/\S+) answered (PJSIP/\S+)")
_RING = "rings "
_TRUNK = "trunk-"
"""What ccstate writes before the name of a carrier's endpoint; no caller meets it."""
_MUSIC = re.compile(r"Started music on hold, class '(.+)', on channel '(.+)'")


def _steps(lines: Sequence[str], channel: str) -> Iterator[tuple[str, float]]:
    """What the log tells of a call, in order; what comes again at once is told once."""
    found = [match for line in lines if (match := _LINE.fullmatch(line))]
    numbers = {match[2] for match in found if f'("{channel}", ' in match[3]}
    own = [match for match in found if match[2] in numbers]
    told = [(step, _moment(match)) for match in own if (step := _step(match[3], channel))]
    previous = _moment(own[0])
    latest = ""
    for step, moment in _rung_together(told):
        if step == latest and not step.startswith("«"):
            continue
        yield step, moment - previous
        previous, latest = moment, step
    if latest:
        yield "over", _moment(own[-1]) - previous


def _rung_together(steps: Sequence[tuple[str, float]]) -> Iterator[tuple[str, float]]:
    """The same with phones that ring for one call, nothing between, as one step."""
    for is_ring, group in groupby(steps, key=lambda one: one[0].startswith(_RING)):
        several = list(group)
        if is_ring:
            phones = sorted({step.removeprefix(_RING) for step, _ in several})
            yield f"{_RING}{' '.join(phones)}", several[0][1]
        else:
            yield from several


def _step(text: str, channel: str) -> str:
    """What a line tells of the caller on that channel; "" where nothing that a caller notices."""
    if (sound := _SOUND.match(text)) and sound[1] == channel:
        named = _OWN_SOUND.fullmatch(sound[2])
        return (
            "digits" if sound[2].startswith("digits/") else f"«{named[1] if named else sound[2]}»"
        )
    if rings := _RINGS.fullmatch(text):
        return _RING + rings[1].replace(f"@{_TRUNK}", "@")
    if answers := _ANSWERS.fullmatch(text):
        return f"{_endpoint(answers[1])} answers"
    if (music := _MUSIC.match(text)) and music[2] == channel:
        return "music"
    return ""


def _moment(line: re.Match[str]) -> float:
    return datetime.strptime(line[1], "%Y-%m-%d %H:%M:%S.%f").timestamp()  # noqa: DTZ007 - differences count
