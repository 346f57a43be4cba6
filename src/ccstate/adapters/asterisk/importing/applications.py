"""What each application of the dialplan does with a call."""


# Jumps

import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, TypeAlias

from ccstate.adapters.asterisk.conf import Option
from ccstate.adapters.asterisk.conf.dialplan import DialplanStep
from ccstate.adapters.asterisk.importing.outcomes import (
    QUEUE_STATUSES,
    STATUSES,
    Call,
    Confers,
    Follows,
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
    Timed,
    Unclear,
    shorn,
)
from ccstate.adapters.asterisk.importing.values import is_unknown
from ccstate.adapters.asterisk.interpreter.text import arguments, divided

Taking: TypeAlias = Callable[["Follower", DialplanStep, str, Call], "Call | Outcome"]
"""What an application does with a call, its arguments filled in."""
if TYPE_CHECKING:
    from ccstate.adapters.asterisk.importing.following import Follower

NAME_PREFIX = "differs: ccstate puts no word before callers' names here, as in: "
"""How the note about a prefix of the caller's name begins."""
_BEFORE_NAME = re.compile(r"([^\s$](?:[^$]{0,38}[^\s$])?)\s*\$\{CALLERID\(name\)\}", re.IGNORECASE)
TOO_OFTEN = "the call divides too often to be followed"
DEEPEST_SUBROUTINE = 20
USUAL_WAIT = 10
"""Seconds that WaitExten() and Read() wait where nothing says how long (16.28 and 22.10, seen)."""
RECORDING = frozenset({"mixmonitor", "monitor"})
QUIET = frozenset({"noop", "verbose", "log", "answer", "progress", "proceeding", "userevent"})
BESIDE: Mapping[str, str] = {
    "ringing": "",
    "wait": "ccstate makes no pause here",
    "resetcdr": "",
    "nocdr": "ccstate leaves call records as they are",
    "forkcdr": "ccstate leaves call records as they are",
    "celgenuserevent": "",
    "sipaddheader": "ccstate adds no header to the call",
    "system": "ccstate runs no programs",
    "trysystem": "ccstate runs no programs",
    "setmusiconhold": "ccstate plays the music of the queue",
    "sendtext": "ccstate sends no text",
    "queuelog": "ccstate writes no line of its own into the queue log",
    "playtones": "ccstate plays no tone here",
    "stopplaytones": "",
    "setamaflags": "ccstate leaves call records as they are",
    "incomplete": "ccstate waits for no more digits",
}
"""Applications after which the call goes on, and what is told of them; "" where nobody notices."""
ENDING = {
    "busy": "with ccstate callers hear no busy tone, the call ends",
    "congestion": "with ccstate callers hear no congestion tone, the call ends",
    "zapateller": "with ccstate the call ends",
}
NOT_THERE = {
    "voicemailmain": "a mailbox is heard by *97 or a feature code, from its own phone",
    "meetme": "conferences of MeetMe() are not imported: Asterisk has none since release 21",
    "directory": "ccstate has no directory of names",
    "park": "parking is not imported",
    "parkedcall": "parking is not imported",
    "page": "ccstate has no paging",
    "agi": "ccstate runs no programs",
}
"""What is told of applications that no object has."""


def _goto(follower: "Follower", step: DialplanStep, data: str, call: Call) -> "Call | Outcome":
    return _jump(follower, step, data, call.ran(step.option))


def _jump(follower: "Follower", step: DialplanStep, data: str, call: Call) -> "Call | Outcome":
    """The call at a target such as `context,exten,priority`; parts left out stay as they are."""
    target = _target(data, call)
    if target is None:
        return Unclear(
            f"{step.app}({shorn(data)}) depends on what happens", step.option, call.trail
        )
    context, exten, priority = target
    number = follower.resolver.priority(call.at.to(context, exten), priority)
    if number is not None:
        return replace(_out_of_macro(call, context), at=call.at.to(context, exten, number))
    there = f"{shorn(exten)} in [{shorn(context)}]"
    if follower.resolver.extension(call.at.to(context, exten)):
        note = f"there is no step {shorn(priority)} of {there}, so the call ends here"
        return Hangs(call.ran(step.option, note=note).trail)
    missing = follower.nowhere(replace(_out_of_macro(call, context), at=call.at.to(context, exten)))
    if isinstance(missing, Call):
        note = f"there is no {there}, so {missing.at.exten} takes the call"
        return missing.ran(step.option, note=note)
    return Hangs(call.ran(step.option, note=f"there is no {there}, so the call ends here").trail)


def _target(data: str, call: Call) -> tuple[str, str, str] | None:
    """Context, extension and priority; None where they are not known."""
    if is_unknown(data):
        return None
    parts = [part.strip() for part in data.split(",")]
    exten = (parts[-2] if len(parts) > 1 else "") or call.at.exten
    context = (parts[-3] if len(parts) > 2 else "") or call.at.context
    return context, exten, parts[-1]


def _on_condition(take: "Taking") -> "Taking":
    """An application that takes one of two ways by a condition: `condition?yes:no`."""

    def decide(follower: "Follower", step: DialplanStep, data: str, call: Call) -> "Call | Outcome":
        condition, _, written = data.partition("?")

        def way(target: str, call: Call) -> "Call | Outcome":
            is_on = not target.strip()
            return call.ran(step.option).onwards() if is_on else take(follower, step, target, call)

        yes, no = (partial(way, target) for target in divided(written))
        return follower.decided(condition.strip(), step, call, yes, no)

    return decide


def _goto_if_time(
    follower: "Follower", step: DialplanStep, data: str, call: Call
) -> "Call | Outcome":
    times, _, targets = data.partition("?")
    yes, _, no = targets.partition(":")
    call = call.ran(step.option)
    ways: list[Outcome] = []
    for target in (yes, no):
        if not follower.divides():
            return Unclear(TOO_OFTEN, step.option, call.trail)
        after = call.afresh()
        found = _jump(follower, step, target, after) if target.strip() else after.onwards()
        ways.append(follower.go_on(found) if isinstance(found, Call) else found)
    parts = tuple(part.strip() for part in times.split(","))
    return Timed(parts, ways[0], ways[1], call.trail)


def _exec(follower: "Follower", step: DialplanStep, written: str, call: Call) -> "Call | Outcome":
    """An application that stands inside of ExecIf()."""
    app, bracket, data = written.strip().partition("(")
    if not app:
        return call.ran(step.option).onwards()
    inner = step._replace(app=app, data=data.rpartition(")")[0] if bracket else "")
    if app.strip().lower() in QUIET:
        return call.ran(step.option).onwards()
    return run(follower, inner, inner.data, call)


# Subroutines


def _gosub(follower: "Follower", step: DialplanStep, data: str, call: Call) -> "Call | Outcome":
    return _enter(follower, step, data, call.ran(step.option))


def _enter(follower: "Follower", step: DialplanStep, data: str, call: Call) -> "Call | Outcome":
    """The call in a subroutine such as `context,exten,priority(arguments)`."""
    written, bracket, inside = data.partition("(")
    target = _target(written, call)
    if target is None:
        return Unclear(
            f"{step.app}({shorn(data)}) depends on what happens", step.option, call.trail
        )
    context, exten, priority = target
    number = follower.resolver.priority(call.at.to(context, exten), priority)
    if number is None or follower.resolver.step(call.at.to(context, exten, number)) is None:
        # No `i` takes it: the channel is hung up (16.28 and 22.10, seen).
        note = f"there is no {shorn(written)} to call, so the call ends here"
        return Hangs(call.ran(step.option, note=note).trail)
    if len(call.frames) >= DEEPEST_SUBROUTINE:
        return Unclear("subroutines call each other without end", step.option, call.trail)
    given = arguments(inside.rpartition(")")[0]) if bracket else []
    return call.entered(call.at.to(context, exten, number), given)


def _return(_: "Follower", step: DialplanStep, data: str, call: Call) -> "Call | Outcome":
    call = call.ran(step.option)
    if not call.frames:
        note = "there is no subroutine to return from, so the call ends here"
        return Hangs(call.ran(step.option, note=note).trail)
    return call.returned().having(GOSUB_RETVAL=data)


def _macro(follower: "Follower", step: DialplanStep, data: str, call: Call) -> "Call | Outcome":
    name, *given = arguments(data, 1)
    call = call.ran(step.option)
    context = f"macro-{name}"
    if follower.resolver.step(call.at.to(context, "s")) is None:
        note = f"there is no s in [{shorn(context)}], so nothing happens here"
        return call.ran(step.option, note=note).onwards()
    if len(call.frames) >= DEEPEST_SUBROUTINE:
        return Unclear("macros call each other without end", step.option, call.trail)
    inside = call.entered(call.at.to(context, "s"), given, context)
    inside = inside.local("MACRO_EXTEN", call.at.exten)
    return inside.local("MACRO_CONTEXT", call.at.context)


def _macro_exit(follower: "Follower", step: DialplanStep, _: str, call: Call) -> "Call | Outcome":
    return call.ran(step.option).returned() if call.frames else _hangup(follower, step, "", call)


def _pop(_: "Follower", step: DialplanStep, __: str, call: Call) -> "Call | Outcome":
    call = call.ran(step.option).onwards()
    return call.left() if call.frames else call


# What changes


def _set(_: "Follower", step: DialplanStep, data: str, call: Call) -> "Call | Outcome":
    name, equals, value = data.partition("=")
    name = name.strip().lstrip("_")
    function, bracket, inside = name.partition("(")
    call = call.ran(step.option).onwards()
    if name.upper().startswith("CALLERID(NUM"):
        return call.assuming("CALLERID(num)", value)
    if function == "LOCAL" and bracket:
        return call.local(inside.rstrip(")"), value)
    if not bracket and equals:
        return call.assuming(name, value)
    call = call.assuming(name, value)
    prefix = _BEFORE_NAME.fullmatch(value) if name.lower() == "callerid(name)" else None
    if prefix:
        return call.ran(step.option, note=f"{NAME_PREFIX}{prefix[1]}")
    if name in ("TIMEOUT(digit)", "TIMEOUT(response)") or function == "CONFBRIDGE":
        return call
    return call.ran(step.option, note=f"differs: ccstate does not set {shorn(name)}")


def _set_global(
    follower: "Follower", step: DialplanStep, data: str, call: Call
) -> "Call | Outcome":
    name, _, value = data.partition("=")
    return _set(follower, step, f"GLOBAL({name.strip()})={value}", call)


# What callers notice


def _dial(follower: "Follower", step: DialplanStep, data: str, call: Call) -> "Call | Outcome":
    device, seconds, options, *_ = arguments(data, 3)
    call = call.ran(step.option)
    peers = [_peer(one) for one in device.split("&")]
    if not all(peers) or (len(peers) > 1 and any("@" in peer for peer in peers)):
        told = f"Dial({shorn(device)}) is no phone of this server, and no number at a trunk"
        return Unclear(told, step.option, call.trail)
    if seconds and not seconds.strip().isdigit():
        return Unclear(f"{seconds!r} is no number of seconds", step.option, call.trail)
    rings = int(seconds.strip() or 0) or None
    after = follower.statuses(call, "DIALSTATUS", STATUSES)
    if len(peers) > 1:
        return RingsAll(tuple(peers), rings, options, after, call.trail)
    number, at, endpoint = peers[0].partition("@")
    if not at:
        return Rings(peers[0], rings, options, after, call.trail, call.recorded)
    shown = call.variables.get("CALLERID(num)", "")
    places = frozenset((at.context, at.exten) for at, *_ in call.seen)
    return Leaves(endpoint, number, rings, options, shown, after, places, call.trail)


def _peer(device: str) -> str:
    """The endpoint of a SIP phone, or a number at one; "" where it is anything else."""
    technology, _, peer = device.strip().partition("/")
    is_sip = technology.upper() == "PJSIP" and not set(peer) & set("/ ")
    return peer if is_sip and not is_unknown(peer) else ""


_FOLDER = re.compile(r"[a-z0-9][a-z0-9._-]{0,60}")


def _recorded(line: Option, file: str, options: str, command: str) -> Recorded:
    """A recording in a folder below that of Asterisk's recordings, or in none that can be said.

    It begins with the step; with the option `b` once somebody answers, as with ccstate.
    """
    folder = file.rpartition("/")[0]
    folder = folder if _FOLDER.fullmatch(folder) else ""
    kept = f"monitor/ccstate/{folder}".rstrip("/")
    notes = [f"differs: recordings are kept in {kept}, and ccstate names them"]
    if "b" not in options:
        notes.append("differs: here callers are recorded before somebody answers, too")
    if command.strip():
        notes.append("differs: ccstate runs no program once a call was recorded")
    return Recorded(line, folder, tuple(notes))


def _mix_monitor(_: "Follower", step: DialplanStep, data: str, call: Call) -> Call:
    """The line counts as said once an object says that its calls are recorded."""
    file, options, command, *_more = arguments(data, 3)
    recorded = _recorded(step.option, file, options, command)
    return replace(call.onwards(), recorded=recorded)


def _monitor(_: "Follower", step: DialplanStep, data: str, call: Call) -> Call:
    _form, file, options, *_more = arguments(data, 3)
    return replace(call.onwards(), recorded=_recorded(step.option, file, options, ""))


def _stop_recording(_: "Follower", step: DialplanStep, __: str, call: Call) -> Call:
    return replace(call.ran(step.option).onwards(), recorded=None)


def _queue(follower: "Follower", step: DialplanStep, data: str, call: Call) -> Outcome:
    name, *given = arguments(data, 1)
    call = call.ran(step.option)
    after = follower.statuses(call, "QUEUESTATUS", QUEUE_STATUSES)
    return Queues(name.strip(), tuple(given), after, call.trail, call.recorded)


def _voicemail(follower: "Follower", step: DialplanStep, data: str, call: Call) -> Outcome:
    box, flags, *_ = arguments(data, 2)
    mailbox, _, context = box.partition("@")
    call = call.ran(step.option)
    if "&" in box or is_unknown(box):
        return Unclear("VoiceMail() names no mailbox, or more than one", step.option, call.trail)
    then = follower.go_on(call.afresh().onwards())
    return Message(mailbox, context or "default", flags, then, call.trail)


def _follow_me(follower: "Follower", step: DialplanStep, data: str, call: Call) -> Outcome:
    name, options, *_ = arguments(data, 2)
    call = call.ran(step.option)
    then = follower.go_on(call.afresh().onwards())
    return Follows(name.strip(), options.strip(), then, call.trail)


_CONFBRIDGE = re.compile(r"CONFBRIDGE\((.*)\)")


def _confbridge(follower: "Follower", step: DialplanStep, data: str, call: Call) -> Outcome:
    call = call.ran(step.option)
    options = tuple(
        (match[1].replace(" ", ""), value)
        for name, value in call.variables.items()
        if (match := _CONFBRIDGE.fullmatch(name))
    )
    then = follower.go_on(call.afresh().onwards())
    return Confers(tuple(arguments(data, 1)), options, then, call.trail)


def _hangup(_: "Follower", step: DialplanStep, data: str, call: Call) -> Outcome:
    cause = data.strip()
    told = f"differs: with ccstate the call ends without cause {shorn(cause)}" if cause else ""
    return Hangs(call.ran(step.option, note="" if cause == "16" else told).trail)


def _playback(follower: "Follower", step: DialplanStep, data: str, call: Call) -> Outcome:
    call = call.ran(step.option)
    return Plays(data, follower.go_on(call.afresh().onwards()), call.trail)


def _background(follower: "Follower", _: DialplanStep, data: str, call: Call) -> Outcome:
    """Sounds in a row, up to the step that waits for keys, or the last of them."""
    place = _place(follower, call)
    sounds: list[tuple[Option, str]] = []
    last = call
    while found := follower.resolver.step(call.at):
        asked, includes = found
        call = call.ran(*includes)
        app = asked.app.strip().lower()
        data, used = follower.values.filled(asked.data, call)
        call = call.ran(*used)
        if app == "background":
            sounds.append((asked.option, data.partition(",")[0]))
            call = last = call.ran(asked.option)
        elif app == "waitexten":
            call = call.ran(asked.option)
            wait = _wait(data, call)
            return Menu(place, tuple(sounds), asked.option, wait, call.afresh(), call.trail)
        elif app in QUIET:
            call = call.ran(asked.option)
        elif app in BESIDE or app in RECORDING or app == "set":
            ran = run(follower, asked, data, call)
            if not isinstance(ran, Call):
                break
            call = ran
            continue
        else:
            break
        call = call.onwards()
    return Menu(place, tuple(sounds), sounds[-1][0], 0, last.afresh(), last.trail)


def _wait_exten(follower: "Follower", step: DialplanStep, data: str, call: Call) -> Outcome:
    ran = call.ran(step.option)
    place, wait = _place(follower, call), _wait(data, call)
    return Menu(place, (), step.option, wait, ran.afresh(), ran.trail)


def _wait(data: str, call: Call) -> int:
    """How many seconds WaitExten waits; 0 is as if nothing was said."""
    for text in (data.partition(",")[0], call.variables.get("TIMEOUT(response)", "")):
        number = re.match(r"\s*([0-9]{1,5}(?:\.[0-9]+)?)", text)
        if number and float(number[1]) > 0:
            return max(1, round(float(number[1])))
    return USUAL_WAIT


def _read(follower: "Follower", step: DialplanStep, data: str, call: Call) -> Outcome:
    variable, sounds, most, _, attempts, seconds, *_ = arguments(data, 6)
    variable = variable.strip()
    place = _place(follower, call.assuming(variable, ""))
    call = call.ran(step.option)
    told = tuple((step.option, sound) for sound in sounds.split("&") if sound.strip())
    return Reads(
        place,
        variable,
        told,
        int(most) if most.strip().isdigit() and int(most) else 255,
        int(attempts) if attempts.strip().isdigit() else 1,
        _wait(seconds, call),
        step.option,
        call.afresh(),
        call.trail,
    )


def _place(follower: "Follower", call: Call) -> Place:
    """Where a menu begins, and a number for what the call carries and the dialplan asks for."""
    carried = {
        (name, value)
        for name, value in call.variables.items()
        if value and follower.values.matters(name)
    }
    carried |= {("closed", f"{file}:{line}") for file, line in call.at.closed}
    carried |= {("back", str(frame.back)) for frame in call.frames}
    number = follower.carried.setdefault(frozenset(carried), len(follower.carried))
    return (call.at.context, call.at.exten, call.at.priority, number)


def _out_of_macro(call: Call, context: str) -> Call:
    """The call without the macro that a jump leaves."""
    if call.frames and call.frames[-1].macro not in ("", context):
        return call.left()
    return call


_APPS: "Mapping[str, Taking]" = {
    "set": _set,
    "setglobalvar": _set_global,
    "goto": _goto,
    "gotoif": _on_condition(_goto),
    "gotoiftime": _goto_if_time,
    "execif": _on_condition(_exec),
    "gosub": _gosub,
    "gosubif": _on_condition(_gosub),
    "return": _return,
    "stackpop": _pop,
    "macro": _macro,
    "macroexit": _macro_exit,
    "dial": _dial,
    "queue": _queue,
    "voicemail": _voicemail,
    "confbridge": _confbridge,
    "followme": _follow_me,
    "hangup": _hangup,
    "mixmonitor": _mix_monitor,
    "monitor": _monitor,
    "stopmixmonitor": _stop_recording,
    "stopmonitor": _stop_recording,
    "playback": _playback,
    "background": _background,
    "waitexten": _wait_exten,
    "read": _read,
}


def run(follower: "Follower", step: DialplanStep, data: str, call: Call) -> "Call | Outcome":
    """The call behind a step, or what becomes of it there."""
    app = step.app.strip().lower()
    if handle := _APPS.get(app):
        return handle(follower, step, data, call)
    if app in QUIET:
        return call.ran(step.option).onwards()
    if app in BESIDE:
        note = f"differs: {BESIDE[app]}" if BESIDE[app] else ""
        return call.ran(step.option, note=note).onwards()
    if app in ENDING:
        return Hangs(call.ran(step.option, note=f"differs: {ENDING[app]}").trail)
    reason = NOT_THERE.get(app, f"ccstate has no {step.app[:60]}()")
    return Unclear(reason, step.option, call.trail)
