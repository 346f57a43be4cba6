"""A follower of calls through the dialplan, step by step, up to what callers notice.

Steps that lead a call elsewhere are those of interpreter/jumps.py, as a player of dialplans has
them. What divides calls is not decided here: each way is followed.
"""

import re
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import TypeAlias

from ccstate.adapters.asterisk.conf import Option
from ccstate.adapters.asterisk.conf.dialplan import Dialplan, DialplanStep
from ccstate.adapters.asterisk.conf.patterns import is_open
from ccstate.adapters.asterisk.importing.outcomes import (
    QUEUE_STATUSES,
    STATUSES,
    At,
    Call,
    Callers,
    Confers,
    Follows,
    Forks,
    Hangs,
    Leaves,
    Menu,
    Message,
    Outcome,
    Place,
    Plays,
    Queues,
    Reads,
    Recorded,
    Rings,
    RingsAll,
    Switched,
    Timed,
    Trail,
    Unclear,
    legible,
    same,
)
from ccstate.adapters.asterisk.importing.values import (
    OTHER,
    Resolver,
    Undecided,
    Values,
    is_unknown,
)
from ccstate.adapters.asterisk.interpreter.applications import (
    APPLICATIONS,
    Application,
    Effect,
    arguments_of,
    effect,
)
from ccstate.adapters.asterisk.interpreter.call import Ended, NotFollowed
from ccstate.adapters.asterisk.interpreter.jumps import JUMPS, Run, no_step
from ccstate.adapters.asterisk.interpreter.lookup import Found
from ccstate.adapters.asterisk.interpreter.text import is_true, seconds_of

NAME_PREFIX = "differs: ccstate puts no word before callers' names here, as in: "
"""How the note about a prefix of the caller's name begins."""
TOO_OFTEN = "the call divides too often to be followed"
USUAL_WAIT = 10
"""Seconds that WaitExten() and Read() wait where nothing says how long (16.28 and 22.10, seen)."""
MOST_STEPS = 150
"""Steps of one way of a call."""
MOST_FORKS = 200
MOST_KEPT = 50_000
"""Calls whose outcome is remembered."""
RECORDING = frozenset({"mixmonitor", "monitor"})
_BEFORE_NAME = re.compile(r"([^\s$](?:[^$]{0,38}[^\s$])?)\s*\$\{CALLERID\(name\)\}", re.IGNORECASE)
_FOLDER = re.compile(r"[a-z0-9][a-z0-9._-]{0,60}")
_CONFBRIDGE = re.compile(r"CONFBRIDGE\((.*)\)")


@dataclass(eq=False)
class _Divided(Exception):
    """A question that nothing here decides: hours, a condition, or numbers of callers."""

    times: str = ""
    condition: str = ""
    callers: tuple[str, ...] = ()


class Reading(Run):
    """A call at one step; `outcome` is what becomes of it there, None where it goes on."""

    call: Call

    def __init__(self, follower: "Follower", call: Call) -> None:
        super().__init__(follower.resolver.lookup, call)
        self.follower = follower
        self.outcome: Outcome | None = None
        self._lines: list[Option] = []
        """Lines by which the step was found and filled in."""
        self._notes: list[str] = []
        self._has_jumped = self._is_finished = False

    def find(self, context: str, exten: str, priority: int = 1) -> Found | None:
        return self.follower.resolver.step(self.call.at.to(context, exten, priority))

    def label(self, context: str, exten: str, label: str) -> int | None:
        return self.follower.resolver.label(self.call.at.to(context, exten), label)

    def target(self, text: str) -> tuple[str, str, int] | None:
        if is_unknown(text):
            self.finish()
            raise NotFollowed(f"{self.app}({legible(text)}) depends on what happens")
        return super().target(text)

    def go(self, context: str, exten: str, priority: int) -> None:
        self._has_jumped = True
        super().go(context, exten, priority)

    def fill(self, text: str) -> str:
        """Fill in the text; raises where it compares the caller's number with others."""
        values = self.follower.values
        values.callers.clear()
        found = self.fill_alike(text)
        if apart := [one for one in values.callers if f"not {one}" not in self.call.variables]:
            raise _Divided(callers=tuple(apart))
        return found

    def fill_alike(self, text: str) -> str:
        """Fill in the text for callers whose number is none of those that it compares."""
        found, used = self.follower.values.fill(text, self.call)
        self._lines += used
        return found

    def holds(self, condition: str) -> bool:
        condition = condition.strip()
        if not is_unknown(condition) and not is_open(condition):
            return is_true(condition)
        if condition not in self.call.assumed:
            raise _Divided(condition=condition)
        return self.call.assumed[condition]

    def is_open(self, times: str) -> bool:
        if f"at {times}" not in self.call.assumed:
            raise _Divided(times=times)
        return self.call.assumed[f"at {times}"]

    def skip(self, what: str) -> None:
        self.note(f"{what}, so nothing happens here")

    # Lines

    def note(self, text: str) -> None:
        """Note what differs, or was not done, at this step."""
        self._notes.append(text)

    def finish(self, *, with_line: bool = True) -> Call:
        """Return the call behind this step, with its lines; `with_line`: that of the step too."""
        if not self._is_finished:
            self._is_finished = True
            is_known = any(key.startswith("at ") for key in self.call.assumed)
            lines = () if is_known else (*self._lines, *([self.line] if with_line else ()))
            trail = self.call.trail + Trail(lines, tuple((self.line, n) for n in self._notes))
            self.call = replace(self.call, trail=trail, assumed={})
        return self.call

    # Steps

    def take(self, step: DialplanStep, includes: tuple[Option, ...]) -> None:
        """Take one step; `outcome` or `call` says what became of the call."""
        self.begin(step, includes)
        self.execute(step.app, step.data)
        self.finish()

    def begin(self, step: DialplanStep, includes: tuple[Option, ...]) -> None:
        """Begin a step, of which nothing is done yet."""
        self.line, self.app, self._lines, self._notes = step.option, step.app, [*includes], []
        self._has_jumped = self._is_finished = False
        self.here = self.call.at[:3]
        self.call = replace(self.call, priority=self.call.priority + 1)

    def execute(self, name: str, data: str) -> None:
        self.app, app = name, name.strip().lower()
        if app in JUMPS:
            if isinstance(ended := JUMPS[app](self, data), Ended):
                self.note(f"{legible(ended.at)}, so the call ends here")
                self.outcome = Hangs(self.finish().trail)
        elif app in _HANDLERS:
            self.outcome = _HANDLERS[app](self, self.fill(data))
        elif effect(app) is not Effect.NOTHING:
            self.fill(data)
            known = APPLICATIONS.get(app, Application())
            if known.effect is Effect.OTHER:
                raise NotFollowed(known.note or f"ccstate has no {name[:60]}()")
            if known.note:
                self.note(f"differs: {known.note}")
            if known.effect is Effect.ENDS:
                self.outcome = Hangs(self.finish().trail)

    def leave_extension(self) -> None:
        """Follow a call to a step that is not there: an extension's end, or never written."""
        call, end = self.call, "so the call ends here"
        context, exten, _ = call.at[:3]
        missing = f"there is no {legible(exten)} in [{legible(context)}]"
        if call.priority > 1 and self.follower.resolver.extension(call.at):
            if call.frames and call.frames[-1].macro == context:
                self.leave_frame()
                return
            missing = no_step(legible(context), legible(exten), str(call.priority))
        else:
            name = next((n for n in ("i", "e") if n != exten and self.exists(context, n)), "")
            if name:
                self.call = replace(call, exten=name, priority=1)
                self.keep("INVALID_EXTEN", exten)
                end = f"so {name} takes the call"
        if self._has_jumped:
            note = Trail((), ((self.line, f"{missing}, {end}"),))
            self.call = replace(self.call, trail=self.call.trail + note)
        if self.call.at == call.at:
            self.outcome = Hangs(self.call.trail)

    def outcome_behind(self) -> Outcome:
        """Return what becomes of the call behind this step."""
        return self.follower.go_on(self.call.afresh())

    def menu_place(self, *without: str) -> Place:
        """Return where a menu begins, and a number for what the dialplan asks of the call."""
        values, call = self.follower.values, self.call
        carried = {
            (name, value)
            for name, value in call.visible.items()
            if value and name not in without and values.matters(name)
        }
        carried |= {("closed", f"{file}:{line}") for file, line in call.closed}
        carried |= {("back", str((f.context, f.exten, f.priority))) for f in call.frames}
        known = self.follower.carried
        return (*self.here, known.setdefault(frozenset(carried), len(known)))


class Follower:
    """A follower of calls through one dialplan."""

    def __init__(self, plan: Dialplan) -> None:
        self.resolver = Resolver(plan)
        self.values = Values(plan)
        self._forks = 0
        self._followed: dict[At, Outcome] = {}
        self.carried: dict[frozenset[tuple[str, str]], int] = {frozenset(): 0}

    def follow(self, at: At) -> Outcome:
        """Return what becomes of a call that is there."""
        if at not in self._followed:
            if len(self._followed) > MOST_KEPT:
                self._followed.clear()
            self._forks = 0
            self._followed[at] = self.go_on(Call(*at[:3], closed=at.closed))
        return self._followed[at]

    # Menus

    def after(self, call: Call) -> Outcome:
        """Return what becomes of a call that has waited for the caller."""
        self._forks = 0
        return self.go_on(replace(call, seen=frozenset()))

    def pressed(self, menu: Menu, key: str) -> Outcome | None:
        """Return what becomes of a caller who presses this key; None where nothing answers it."""
        call = replace(menu.call, exten=key, priority=1)
        if not self.resolver.extension(call.at):
            return None
        return self.after(call.assuming("INVALID_EXTEN", OTHER) if key == "i" else call)

    # Steps

    def go_on(self, call: Call) -> Outcome:
        """Take one step after the other, until something ends or divides the call."""
        run = Reading(self, call)
        while run.outcome is None:
            call = run.call
            carried = hash(frozenset((*call.visible.items(), *call.assumed.items())))
            where = (call.at, len(call.frames), carried)
            if where in call.seen or len(call.seen) > MOST_STEPS:
                return Unclear("the call goes round", None, call.trail)
            run.call = call = replace(call, seen=call.seen | {where})
            found = self.resolver.step(call.at)
            if found is None:
                run.leave_extension()
                continue
            step, includes = found
            try:
                if asked := next((i for i in includes if _is_unasked(i, call)), None):
                    return self._included(asked, call)
                run.take(step, includes)
            except (Undecided, _Divided) as asks:
                return self._divided(asks, run, step, call.ran(*includes))
            except NotFollowed as why:
                return Unclear(why.reason, step.option, run.finish(with_line=False).trail)
        return run.outcome

    # What divides a call

    def _divided(
        self, asks: Undecided | _Divided, run: Reading, step: DialplanStep, call: Call
    ) -> Outcome:
        try:
            if isinstance(asks, Undecided):
                return self._switched(asks.name, step, call)
            if asks.callers:
                return self._callers(asks.callers, step, call)
            return self._divide(asks, replace(call, trail=run.finish().trail))
        except NotFollowed as why:
            return Unclear(why.reason, step.option, call.trail)

    def _may_divide(self) -> bool:
        self._forks += 1
        return self._forks <= MOST_FORKS

    def _ways(self, calls: Mapping[str, Call]) -> dict[str, Outcome]:
        """Return what becomes of each of these calls."""
        ways: dict[str, Outcome] = {}
        for name, call in calls.items():
            if not self._may_divide():
                raise NotFollowed(TOO_OFTEN)
            ways[name] = self.go_on(call)
        return ways

    def _divide(self, asks: _Divided, call: Call) -> Outcome:
        """Return the ways of a call by hours, or a condition: where they hold, and do not."""
        key = f"at {asks.times}" if asks.times else asks.condition
        holds, fails = ({**call.assumed, key: is_met} for is_met in (True, False))
        new = call.afresh()
        ways = {"yes": replace(new, assumed=holds), "no": replace(new, assumed=fails)}
        yes, no = self._ways(ways).values()
        if not asks.times:
            return Forks(asks.condition, yes, no, call.trail)
        return Timed(tuple(map(str.strip, asks.times.split(","))), yes, no, call.trail)

    def _included(self, include: Option, call: Call) -> Outcome:
        """Return the ways of a call while a timed include counts, and while it does not."""
        call = call.ran(include)
        opened = call.afresh().assuming(_hours_of(include), "open")
        shut = replace(call.afresh(), closed=call.closed | {(include.file, include.line)})
        # The step that was looked for is the next one in either way.
        yes, no = self._ways({"open": opened, "closed": shut}).values()
        return Timed(tuple(map(str.strip, include.value.split(",")[1:])), yes, no, call.trail)

    def _switched(self, name: str, step: DialplanStep, call: Call) -> Outcome:
        """Return the ways of a call by each value that something lasting can have."""
        values = self.values.candidates(name, step.data)
        if len(values) == 1:
            values.append(OTHER)
        ways = self._ways({value: call.afresh().assuming(name, value) for value in values})
        initial = ways[values[0]]
        if all(same(initial, way) for way in ways.values()):
            return _only(call, initial, ways)
        return Switched(name, step.option, values[0], ways, call.trail)

    def _callers(self, numbers: tuple[str, ...], step: DialplanStep, call: Call) -> Outcome:
        """Return the ways of callers from these numbers, and of the others."""
        ways = self._ways({one: call.afresh().assuming("CALLERID(num)", one) for one in numbers})
        unlike = {f"not {one}": "" for one in numbers}
        others = replace(call.afresh(), variables={**call.variables, **unlike})
        usual = self.go_on(others)
        if all(same(usual, way) for way in ways.values()):
            return _only(call, usual, ways)
        ways = {one: way for one, way in ways.items() if not same(usual, way)}
        return Callers(step.option, ways, usual, call.trail)

    def statuses(self, call: Call, name: str, statuses: tuple[str, ...]) -> dict[str, Outcome]:
        """Return what follows each DIALSTATUS or QUEUESTATUS; once where no step asks."""
        mark = f"{name} of {call.at} {self._forks}"
        after: dict[str, Outcome] = {}
        for status in statuses:
            if not self._may_divide():
                after[status] = Unclear(TOO_OFTEN, None, Trail())
                continue
            bound = call.afresh().assuming(name, status).assuming(f"{name} of", mark)
            after[status] = self.go_on(bound)
            if mark not in self.values.asked:
                return dict.fromkeys(statuses, after[status])
        return after


def _is_unasked(include: Option, call: Call) -> bool:
    """Check whether an include has hours that nothing was assumed about yet."""
    return "," in include.value and _hours_of(include) not in call.variables


def _hours_of(include: Option) -> str:
    """Return the key under which a call keeps that the hours of a timed include are known."""
    return f"include {include.file}:{include.line}"


def _only(call: Call, outcome: Outcome, ways: Mapping[str, Outcome]) -> Outcome:
    """Return the outcome that all ways share, with the lines that lead to it in each."""
    trails = [way.trail for way in ways.values() if way is not outcome]
    return replace(outcome, trail=sum(trails, call.trail) + outcome.trail)


# What callers notice


def _set(run: Reading, data: str) -> None:
    name, equals, value = data.partition("=")
    name = name.strip().lstrip("_")
    function, bracket, inside = name.partition("(")
    if name.upper().startswith("CALLERID(NUM"):
        run.keep("CALLERID(num)", value)
    elif function == "LOCAL" and bracket:
        run.set_local(inside.rstrip(")"), value)
    elif not bracket and equals:
        run.set_variable(name, value)
    else:
        run.keep(name, value)
        prefix = _BEFORE_NAME.fullmatch(value) if name.lower() == "callerid(name)" else None
        if prefix:
            run.note(f"{NAME_PREFIX}{prefix[1]}")
        elif function != "CONFBRIDGE" and name not in ("TIMEOUT(digit)", "TIMEOUT(response)"):
            run.note(f"differs: ccstate does not set {legible(name)}")


def _set_global(run: Reading, data: str) -> None:
    name, _, value = data.partition("=")
    _set(run, f"GLOBAL({name.strip()})={value}")


def _dial(run: Reading, data: str) -> Outcome:
    said = arguments_of("dial", data)
    device, options = said["devices"], said["options"]
    call = run.finish()
    peers = [_peer(one) for one in device.split("&")]
    if not all(peers) or (len(peers) > 1 and any("@" in peer for peer in peers)):
        what = f"Dial({legible(device)})"
        raise NotFollowed(f"{what} is no phone of this server, and no number at a trunk")
    rings = seconds_of(said["seconds"])
    after = run.follower.statuses(call, "DIALSTATUS", STATUSES)
    if len(peers) > 1:
        return RingsAll(tuple(peers), rings, options, after, call.trail)
    number, at, endpoint = peers[0].partition("@")
    if not at:
        return Rings(peers[0], rings, options, after, call.trail, call.recorded)
    shown = call.variables.get("CALLERID(num)", "")
    places = frozenset((at.context, at.exten) for at, *_ in call.seen)
    return Leaves(endpoint, number, rings, options, shown, after, places, call.trail)


def _peer(device: str) -> str:
    """Return the endpoint of a SIP phone, or a number at one; "" where it is anything else."""
    technology, _, peer = device.strip().partition("/")
    is_sip = technology.upper() == "PJSIP" and not set(peer) & set("/ ")
    return peer if is_sip and not is_unknown(peer) else ""


def _records(run: Reading, data: str) -> None:
    """Note a recording in a folder below that of Asterisk's recordings, or in no such folder.

    It begins with the step; with the option `b` once the call is answered, as with ccstate. The line
    counts as said once an object says that its calls are recorded.
    """
    said = arguments_of(run.app.strip().lower(), data)
    folder = said["file"].rpartition("/")[0]
    folder = folder if _FOLDER.fullmatch(folder) else ""
    kept = f"monitor/ccstate/{folder}".rstrip("/")
    notes = [f"differs: recordings are kept in {kept}, and ccstate names them"]
    if "b" not in said["options"]:
        notes.append("differs: here callers are recorded before the call is answered, too")
    if said.get("command", "").strip():
        notes.append("differs: ccstate runs no program once a call was recorded")
    recorded = Recorded(run.line, folder, tuple(notes))
    run.call = replace(run.finish(with_line=False), recorded=recorded)


def _stop_recording(run: Reading, _: str) -> None:
    run.call = replace(run.call, recorded=None)


def _queue(run: Reading, data: str) -> Outcome:
    said = arguments_of("queue", data)
    call = run.finish()
    after = run.follower.statuses(call, "QUEUESTATUS", QUEUE_STATUSES)
    return Queues(said.pop("name").strip(), said, after, call.trail, call.recorded)


def _voicemail(run: Reading, data: str) -> Outcome:
    box, flags = arguments_of("voicemail", data).values()
    mailbox, _, context = box.partition("@")
    call = run.finish()
    if "&" in box or is_unknown(box):
        raise NotFollowed("VoiceMail() names no mailbox, or more than one")
    return Message(mailbox, context or "default", flags, run.outcome_behind(), call.trail)


def _follow_me(run: Reading, data: str) -> Outcome:
    name, options = arguments_of("followme", data).values()
    call = run.finish()
    return Follows(name.strip(), options.strip(), run.outcome_behind(), call.trail)


def _confbridge(run: Reading, data: str) -> Outcome:
    call = run.finish()
    options = tuple(
        (match[1].replace(" ", ""), value)
        for name, value in call.variables.items()
        if (match := _CONFBRIDGE.fullmatch(name))
    )
    return Confers(
        tuple(arguments_of("confbridge", data).values()),
        options,
        run.outcome_behind(),
        call.trail,
    )


def _hangup(run: Reading, data: str) -> Outcome:
    cause = data.strip()
    if cause and cause != "16":
        run.note(f"differs: with ccstate the call ends without cause {legible(cause)}")
    return Hangs(run.finish().trail)


def _playback(run: Reading, data: str) -> Outcome:
    call = run.finish()
    return Plays(data, run.outcome_behind(), call.trail)


def _background(run: Reading, data: str) -> Outcome:
    """Return sounds in a row, up to the step that waits for keys, or the last of them."""
    place = run.menu_place()
    sounds = [(run.line, arguments_of("background", data)["sounds"])]
    last = run.finish()
    while found := run.find(*run.call.at[:3]):
        step, includes = found
        run.begin(step, includes)
        app = step.app.strip().lower()
        data = run.fill_alike(step.data)
        if app == "background":
            sounds.append((run.line, arguments_of("background", data)["sounds"]))
            last = run.finish()
        elif app == "waitexten":
            wait, call = _wait(data, run.call), run.finish()
            return Menu(place, tuple(sounds), run.line, wait, call.afresh(), call.trail)
        elif app in RECORDING or app == "set":
            _HANDLERS[app](run, data)
        elif effect(app) is Effect.ASIDE:
            run.execute(app, data)
        elif effect(app) is not Effect.NOTHING:
            break
        run.finish()
    return Menu(place, tuple(sounds), sounds[-1][0], 0, last.afresh(), last.trail)


def _wait_exten(run: Reading, data: str) -> Outcome:
    place, wait, call = run.menu_place(), _wait(data, run.call), run.finish()
    return Menu(place, (), run.line, wait, call.afresh(), call.trail)


def _wait(data: str, call: Call) -> int:
    """Return how many seconds WaitExten waits; 0 is as if nothing was said."""
    for text in (data.partition(",")[0], call.variables.get("TIMEOUT(response)", "")):
        with suppress(NotFollowed):  # as if nothing was said, where it is not known yet
            if seconds := seconds_of(text):
                return seconds
    return USUAL_WAIT


def _read(run: Reading, data: str) -> Outcome:
    said = arguments_of("read", data)
    variable, most, attempts = (said[name].strip() for name in ("variable", "most", "tries"))
    place, call = run.menu_place(variable), run.finish()
    return Reads(
        place,
        variable,
        tuple((run.line, sound) for sound in said["sounds"].split("&") if sound.strip()),
        int(most) if most.isdigit() and int(most) else 255,
        int(attempts) if attempts.isdigit() else 1,
        _wait(said["seconds"], call),
        run.line,
        call.afresh(),
        call.trail,
    )


_Taking: TypeAlias = Callable[[Reading, str], Outcome | None]
_HANDLERS: Mapping[str, _Taking] = {
    "background": _background,
    "confbridge": _confbridge,
    "dial": _dial,
    "followme": _follow_me,
    "hangup": _hangup,
    "mixmonitor": _records,
    "monitor": _records,
    "playback": _playback,
    "queue": _queue,
    "read": _read,
    "set": _set,
    "setglobalvar": _set_global,
    "stopmixmonitor": _stop_recording,
    "stopmonitor": _stop_recording,
    "voicemail": _voicemail,
    "waitexten": _wait_exten,
}
"""What becomes of a call at applications that objects say."""
