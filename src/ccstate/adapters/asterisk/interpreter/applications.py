"""What each application of a dialplan does with a call.

Source: main/pbx_builtins.c and apps/*.c of Asterisk 18 and 22.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import replace

from ccstate.adapters.asterisk.interpreter.call import (
    AGENT,
    HANGUP,
    NO_WAY,
    WAITS_FOR_EVER,
    Call,
    Frame,
    Heard,
    Keys,
    Leg,
    Mailbox,
    NotFollowed,
    Reading,
    Rings,
    Stop,
    Undecided,
    UndecidedTime,
    Waits,
)
from ccstate.adapters.asterisk.interpreter.lookup import Run
from ccstate.adapters.asterisk.interpreter.text import arguments, divided, is_true, known, letters
from ccstate.adapters.asterisk.interpreter.values import assign, set_fact, substituted

DEEPEST = 60
WITHOUT_EFFECT = frozenset(
    (
        *("celgenuserevent", "dumpchan", "forkcdr", "log", "nocdr", "noop", "proceeding"),
        *("progress", "resetcdr", "ringing", "sendtext", "setamaflags", "sipaddheader"),
        *("sipremoveheader", "stopmixmonitor", "stopmonitor", "stopplaytones", "verbose"),
    )
)
"""Applications after which the next step comes, and of which no caller notices anything."""


def _said(run: Run, data: str, fewest: int = 0) -> list[str]:
    """The arguments, with variables filled in."""
    return arguments(substituted(run, data), fewest)


def _seconds(text: str) -> int | None:
    """Whole seconds of an argument; None where it is empty, or 0."""
    text = known(text).strip()
    if not text:
        return None
    match = re.fullmatch(r"([0-9]{1,7})(?:\.([0-9]*))?", text)
    if not match:
        raise NotFollowed(f"{text[:30]!r} is no number of seconds")
    return int(match[1]) + bool((match[2] or "").strip("0")) or None


# Answering, hearing, waiting


def _answer(run: Run, _data: str) -> None:
    run.call = replace(run.call, is_answered=True)


def _playback(run: Run, data: str) -> None:
    sounds, options, *_ = _said(run, data, 2)
    if "skip" in options.split("&") and not run.call.is_answered:
        return
    _hears(run, sounds)
    if "noanswer" not in options:
        _answer(run, "")


def _hears(run: Run, sounds: str) -> None:
    for sound in known(sounds).split("&"):
        if sound.strip():
            run.heard.append(Heard("sound", sound.strip(), run.line))


def _background(run: Run, data: str) -> Stop | None:
    sounds, options, _language, context, *_ = _said(run, data, 4)
    if options.strip().strip("sn"):
        raise NotFollowed(f"Background() with {options[:20]!r} is not followed")
    if context.strip() not in ("", run.call.context):
        raise NotFollowed("Background() looks up keys in another context")
    if "s" in options and not run.call.is_answered:
        return None
    _hears(run, sounds)
    if "n" not in options:
        _answer(run, "")
    if _asks_next(run):
        return None
    return Keys(run.call, tuple(run.heard), run.line, 0)


def _asks_next(run: Run) -> bool:
    """Whether the next step that matters asks for keys as well, so that both are one question."""
    priority = run.call.priority
    while found := run.find(run.call.context, run.call.exten, priority):
        app = found.step.app.strip().lower()
        if app in ("background", "waitexten"):
            return True
        if app not in WITHOUT_EFFECT:
            return False
        priority += 1
    return False


def _wait_exten(run: Run, data: str) -> Stop:
    seconds = _seconds((_said(run, data, 1))[0]) or run.call.response
    return Keys(run.call, tuple(run.heard), run.line, seconds)


def _wait(run: Run, data: str) -> None:
    if seconds := _seconds(_said(run, data, 1)[0]):
        if _ringing_leg(run):
            raise NotFollowed("Wait() while Dial() rings a Local channel is not followed")
        run.heard.append(Heard("pause", "", run.line, seconds))


def _music(run: Run, data: str) -> Stop | None:
    name, length, *_ = _said(run, data, 2)
    seconds = _seconds(length)
    if seconds is None:
        return run.ended(WAITS_FOR_EVER, "music")
    run.heard.append(Heard("music", name, run.line, seconds))
    return None


def _says(what: str) -> "Application":
    def say(run: Run, data: str) -> None:
        said = _said(run, data, 1)[0]
        text = "the time" if what == "time" else known(said)
        run.heard.append(Heard("says", f"{what} {text}", run.line))

    return say


def _records(run: Run, _data: str) -> None:
    run.heard.append(Heard("records", "", run.line))


def _read(run: Run, data: str) -> Stop:
    variable, sounds, most, options, tries, timeout, *_ = _said(run, data, 6)
    ends = "#"
    for option, inside in ((letter[0], letter[2:-1]) for letter in letters(options)):
        if option == "t":
            ends = inside[:1]
        elif option == "i":
            raise NotFollowed("Read() of a tone is not followed")
        elif option == "s" and not run.call.is_answered:
            raise NotFollowed("Read() of a call that was not answered is not followed")
    digits = int(most) if most.strip().isdigit() and 0 < int(most) < 255 else 255
    count = int(tries) if tries.strip().isdigit() and int(tries) > 0 else 1
    begun = len(run.heard)
    _hears(run, sounds)
    if "n" not in options:
        _answer(run, "")
    seconds = _seconds(timeout)
    played = tuple(run.heard[begun:])
    first, each = seconds or run.call.response, seconds or run.call.digit
    reading = Reading(variable.strip(), digits, ends, count, played, first, each)
    return Keys(run.call, tuple(run.heard), run.line, first, "", reading)


# Going elsewhere


def _goto(run: Run, data: str) -> Stop | None:
    return _go_to(run, substituted(run, data))


def _go_to(run: Run, text: str) -> Stop | None:
    place = run.target(text)
    if place is None:
        return run.ended(NO_WAY, f"there is no step {text.strip()[:40]}")
    run.go(*place)
    return None


def _go_if(run: Run, targets: str, *, is_met: bool) -> Stop | None:
    """Goes to one of `yes:no`, or on where that one is empty."""
    yes, _, no = targets.partition(":")
    target = (yes if is_met else no).strip()
    return _go_to(run, target) if target else None


def _goto_if(run: Run, data: str) -> Stop | None:
    text = substituted(run, data)
    condition, _, targets = text.partition("?")
    return _go_if(run, targets, is_met=is_true(known(condition)))


def _goto_if_time(run: Run, data: str) -> Stop | None:
    times, _, targets = substituted(run, data).partition("?")
    return _go_if(run, targets, is_met=run.is_open(known(times)))


def _exec_if(run: Run, data: str) -> Stop | None:
    text = substituted(run, data)
    condition, _, apps = text.partition("?")
    return _execute(run, divided(apps)[0 if is_true(known(condition)) else 1])


def _exec_if_time(run: Run, data: str) -> Stop | None:
    times, _, apps = substituted(run, data).partition("?")
    return _execute(run, divided(apps)[0 if run.is_open(known(times)) else 1])


def _execute(run: Run, text: str) -> Stop | None:
    """Runs `app(data)`, whose variables are filled in already."""
    app, _, data = text.strip().partition("(")
    name = app.strip().lower()
    if "$" in data:
        raise NotFollowed(f"what {app.strip()[:40]}() is given holds a $ once it is filled in")
    if not name or name in WITHOUT_EFFECT:
        return None
    if name not in APPLICATIONS:
        raise NotFollowed(f"{app.strip()[:40]}() is not interpreted")
    return APPLICATIONS[name](run, data.rpartition(")")[0] if ")" in data else data)


def _exec(run: Run, data: str) -> Stop | None:
    return _execute(run, substituted(run, data))


def _gosub(run: Run, data: str) -> Stop | None:
    return _subroutine(run, substituted(run, data))


def _gosub_if(run: Run, data: str) -> Stop | None:
    condition, _, targets = substituted(run, data).partition("?")
    chosen = divided(targets)[0 if is_true(known(condition)) else 1]
    return _subroutine(run, chosen) if chosen.strip() else None


def _subroutine(run: Run, text: str) -> Stop | None:
    target, bracket, said = text.strip().partition("(")
    place = run.target(target)
    if place is None or not run.exists(*place):
        return run.ended(NO_WAY, f"there is no step {target.strip()[:40]}")
    given = arguments(said.rpartition(")")[0]) if bracket else []
    _enter(run, given, "")
    run.call = replace(run.call, context=place[0], exten=place[1], priority=place[2])
    return None


def _enter(run: Run, given: list[str], macro: str) -> None:
    call = run.call
    if len(call.frames) >= DEEPEST:
        raise NotFollowed("subroutines call each other too deeply")
    variables = {f"ARG{number}": value for number, value in enumerate(given, 1)}
    # An argument that is not given hides that of the caller's.
    variables.update({f"ARG{n}": "" for n in range(len(given) + 1, 10)})
    variables["ARGC"] = str(len(given))
    if macro:
        context, exten, priority = run.here
        names = {"MACRO_CONTEXT": context, "MACRO_EXTEN": exten, "MACRO_PRIORITY": str(priority)}
        variables.update(names)
    frame = Frame(variables, call.context, call.exten, call.priority, macro)
    run.call = replace(call, frames=(*call.frames, frame))


def _macro(run: Run, data: str) -> Stop | None:
    name, *given = _said(run, data, 1)
    context = f"macro-{known(name).strip()}"
    if not run.exists(context, "s"):
        raise NotFollowed(f"there is no [{context[:40]}]")
    _enter(run, given, context)
    run.call = replace(run.call, context=context, exten="s", priority=1)
    return None


def _macro_exit(run: Run, _data: str) -> None:
    if run.call.frames and run.call.frames[-1].macro:
        run.leave_frame()


def _return(run: Run, data: str) -> Stop | None:
    value = substituted(run, data)
    if not run.call.frames or run.call.frames[-1].macro:
        return run.ended(NO_WAY, "Return() outside of a subroutine")
    run.leave_frame()
    run.call = replace(run.call, variables={**run.call.variables, "GOSUB_RETVAL": value})
    return None


def _stack_pop(run: Run, _data: str) -> None:
    if run.call.frames:
        run.call = replace(run.call, frames=run.call.frames[:-1])


def _while(run: Run, data: str) -> None:
    """A loop of one extension; `loops` holds the steps of those that are open."""
    priority = run.here[2]
    holds = is_true(known(substituted(run, data)))
    loops = tuple(at for at in run.call.loops if at != priority)
    if holds:
        run.call = replace(run.call, loops=(*loops, priority))
        return
    after = _end_of_loop(run, priority)
    run.call = replace(run.call, loops=loops, priority=after + 1)


def _end_of_loop(run: Run, begin: int) -> int:
    context, exten, _ = run.here
    depth, at = 0, begin
    while found := run.find(context, exten, at):
        app = found.step.app.strip().lower()
        depth += (app == "while") - (app == "endwhile")
        if not depth:
            return at
        at += 1
    raise NotFollowed("While() has no EndWhile()")


def _end_while(run: Run, _data: str) -> None:
    if run.call.loops:
        run.call = replace(run.call, priority=run.call.loops[-1])


def _exit_while(run: Run, _data: str) -> None:
    if run.call.loops:
        *others, begin = run.call.loops
        after = _end_of_loop(run, begin) + 1
        run.call = replace(run.call, loops=tuple(others), priority=after)


def _set(run: Run, data: str) -> None:
    name, _, value = data.partition("=")
    assign(run, substituted(run, name), substituted(run, value))


def _mset(run: Run, data: str) -> None:
    for part in arguments(substituted(run, data)):
        name, _, value = part.partition("=")
        assign(run, name, value)


def _set_global(run: Run, data: str) -> None:
    name, _, value = data.partition("=")
    set_fact(run, f"GLOBAL({substituted(run, name).strip()})", substituted(run, value))


def _db_del(run: Run, data: str) -> None:
    set_fact(run, f"DB({known(substituted(run, data)).strip()})", "")


# Phones and queues


DIAL_FOLLOWED = frozenset("abBcCeEghHiIjkKmNorRtTuvwWxXyYzZAfn")
"""Options of Dial() that leave the way of a caller as it is, or that are reported as they stand."""


def _dial(run: Run, data: str) -> Stop | None:
    devices, seconds, options, *_ = _said(run, data, 3)
    targets = tuple(part.strip() for part in known(devices).split("&") if part.strip())
    odd = [letter[0] for letter in letters(options) if letter[0] not in DIAL_FOLLOWED]
    if odd:
        raise NotFollowed(f"Dial() with the option {odd[0]} is not followed")
    ring = _seconds(seconds.partition("^")[0])
    local = [target for target in targets if target.lower().startswith("local/")]
    if len(targets) == 1 and local:
        _dial_local(run, local[0], ring, options)
        return None
    if local:
        raise NotFollowed("Dial() rings Local/ beside other phones")
    if (leg := _ringing_leg(run)) and leg.seconds is not None:
        ring = min(ring or leg.seconds, leg.seconds)
    return Rings(run.call, tuple(run.heard), run.line, targets, ring, known(options))


def _ringing_leg(run: Run) -> Leg | None:
    """The Dial() that rings this Local channel, while nobody has answered it."""
    return run.call.legs[-1] if run.call.legs and not run.call.is_answered else None


_WITHOUT_LOCAL = re.compile(r"[A-Z]?[DFGHKLMSTUWXdghktwx]")
"""Options of Dial() that mean more with a Local channel than that it rings."""


def _dial_local(run: Run, target: str, ring: int | None, options: str) -> None:
    """Rings `Local/exten@context`: another part of the dialplan, as a call of its own.

    Source: main/core_local.c of Asterisk 22. It begins without the variables of the caller, but for
    those whose names begin with an underscore, which are not followed.
    """
    exten, _, place = target[len("local/") :].partition("@")
    context = place.partition("/")[0] or "default"
    if run.call.legs or run.survey.inherits or _WITHOUT_LOCAL.search(options):
        raise NotFollowed("Dial() of Local/ with such options or variables is not followed")
    if not run.exists(context, exten):
        run.keep("DIALSTATUS", "CHANUNAVAIL")
        return
    waiting = run.call
    run.call = Call(
        context,
        exten,
        facts=waiting.facts,
        moments=waiting.moments,
        caller=waiting.caller,
        legs=(Leg(waiting, ring),),
    )


def _queue(run: Run, data: str) -> Stop:
    if _ringing_leg(run):
        raise NotFollowed("Queue() while Dial() rings a Local channel is not followed")
    name, options, _url, announce, seconds, *rest = _said(run, data, 5)
    others = tuple(known(part).strip() for part in (announce, *rest) if part.strip())
    called = known(name).strip()
    wait = _seconds(seconds)
    return Waits(run.call, tuple(run.heard), run.line, called, wait, known(options), others)


def _voicemail(run: Run, data: str) -> Stop | None:
    boxes, options, *_ = _said(run, data, 2)
    names = [part.strip() for part in known(boxes).split("&") if part.strip()]
    if not names or len(names) > 1:
        raise NotFollowed("VoiceMail() names more than one mailbox, or none")
    box = names[0] if "@" in names[0] else f"{names[0]}@default"
    if run.mailboxes is not None and box not in run.mailboxes:
        _answer(run, "")
        run.keep("VMSTATUS", "FAILED")
        return None
    odd = options.strip().strip("usb")
    if odd.strip("gUtdPe0123456789()"):
        raise NotFollowed(f"VoiceMail() with {odd[:20]!r} is not followed")
    is_operator = run.mailboxes is None or run.mailboxes[box]
    ways = [("0", "o")] * is_operator + [("*", "a")]
    keys = tuple(key for key, exten in ways if run.exists(run.call.context, exten))
    _answer(run, "")
    greeting = "u" if "u" in options else "b" if "b" in options else ""
    return Mailbox(run.call, tuple(run.heard), run.line, box, greeting, options.strip(), keys)


# Ends


def _hangup(run: Run, data: str) -> Stop:
    cause = known(substituted(run, data)).strip()
    return run.ended(HANGUP, "" if cause in ("", "16", "normal") else f"cause {cause}"[:40])


def _end(kind: str) -> "Application":
    """An application that keeps the caller: with what it is given."""

    def end(run: Run, data: str) -> Stop:
        return run.ended(kind, known(substituted(run, data)).partition(",")[0].strip()[:80])

    return end


def _conference(run: Run, data: str) -> Stop:
    """A conference; what its profiles and menus in confbridge.conf say is not compared."""
    room, *profiles = (known(part).strip() for part in _said(run, data, 1))
    if any(profiles):
        raise NotFollowed("what the profiles of ConfBridge() say is not compared")
    return run.ended("conference", room[:80])


def _mailbox_access(run: Run, data: str) -> Stop:
    box, options, *_ = _said(run, data, 2)
    by = ", without a PIN" if "s" in options else ""
    return run.ended("listens to messages", f"{known(box).strip()}{by}")


_KNOWS, _KNOWS_NOT = "known", "not known"


def _authenticate(run: Run, _data: str) -> Stop | None:
    """Asks for a code, three times at the most; who does not know it is hung up on.

    Source: `auth_exec` in apps/app_authenticate.c, `vmauthenticate` in apps/app_voicemail.c (22).
    """
    outcome = run.outcome("the code", (_KNOWS, _KNOWS_NOT))
    run.heard.append(Heard("asks for", "a code", run.line))
    _answer(run, "")
    return run.ended(HANGUP) if outcome == _KNOWS_NOT else None


def _member(does: str, variable: str, statuses: tuple[str, ...]) -> "Application":
    """A phone that joins, leaves or pauses in queues; `variable` says what came of it.

    The calling phone does where none is named. Source: `aqm_exec` and others in app_queue.c (22).
    """

    def change(run: Run, data: str) -> None:
        queue, device, more, *_ = (known(part).strip() for part in _said(run, data, 3))
        penalty = more if does == "joins" else ""
        if run.survey.reads(variable):
            run.keep(variable, run.outcome(variable, statuses))
        what = AGENT.join((does, queue, device or run.call.device, penalty))
        run.heard.append(Heard("agent", what, run.line))

    return change


def _user_event(run: Run, data: str) -> None:
    try:
        text = substituted(run, data)
    except (NotFollowed, Undecided, UndecidedTime):
        text = data
    run.heard.append(Heard("event", text, run.line))


def _playtones(run: Run, data: str) -> None:
    run.heard.append(Heard("says", f"tone {substituted(run, data)[:40]}", run.line))


Application = Callable[[Run, str], "Stop | None"]
APPLICATIONS: Mapping[str, Callable[[Run, str], Stop | None]] = {
    "addqueuemember": _member("joins", "AQMSTATUS", ("ADDED", "MEMBERALREADY")),
    "answer": _answer,
    "authenticate": _authenticate,
    "background": _background,
    "busy": _end("busy tone"),
    "confbridge": _conference,
    "congestion": _end("congestion tone"),
    "dbdel": _db_del,
    "dial": _dial,
    "directory": _end("directory"),
    "disa": _end("dials on"),
    "echo": _end("echo"),
    "endwhile": _end_while,
    "exec": _exec,
    "execif": _exec_if,
    "execiftime": _exec_if_time,
    "exitwhile": _exit_while,
    "gosub": _gosub,
    "gosubif": _gosub_if,
    "goto": _goto,
    "gotoif": _goto_if,
    "gotoiftime": _goto_if_time,
    "hangup": _hangup,
    "macro": _macro,
    "macroexit": _macro_exit,
    "meetme": _end("conference"),
    "mixmonitor": _records,
    "monitor": _records,
    "mset": _mset,
    "musiconhold": _music,
    "page": _end("paging"),
    "park": _end("parked"),
    "parkedcall": _end("picks up a parked call"),
    "pausequeuemember": _member("pauses in", "PQMSTATUS", ("PAUSED", "NOTFOUND")),
    "pickup": _end("picks up"),
    "playback": _playback,
    "playtones": _playtones,
    "queue": _queue,
    "read": _read,
    "removequeuemember": _member("leaves", "RQMSTATUS", ("REMOVED", "NOTINQUEUE")),
    "return": _return,
    "sayalpha": _says("letters"),
    "saydigits": _says("digits"),
    "saynumber": _says("number"),
    "sayphonetic": _says("letters"),
    "sayunixtime": _says("time"),
    "set": _set,
    "setglobalvar": _set_global,
    "stackpop": _stack_pop,
    "transfer": _end("transfer"),
    "unpausequeuemember": _member("is back in", "UPQMSTATUS", ("UNPAUSED", "NOTFOUND")),
    "userevent": _user_event,
    "vmauthenticate": _authenticate,
    "voicemail": _voicemail,
    "voicemailmain": _mailbox_access,
    "wait": _wait,
    "waitexten": _wait_exten,
    "while": _while,
}
