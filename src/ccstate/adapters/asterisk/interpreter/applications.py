"""The applications of a dialplan, and what each does with a call.

Source: main/pbx_builtins.c and apps/*.c of Asterisk 18 and 22.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from enum import Enum
from typing import NamedTuple

from ccstate.adapters.asterisk.interpreter.call import (
    AGENT,
    HANGUP,
    WAITS_FOR_EVER,
    Call,
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
from ccstate.adapters.asterisk.interpreter.jumps import JUMPS
from ccstate.adapters.asterisk.interpreter.text import (
    arguments,
    letters,
    queue_wait_of,
    require_known,
    seconds_of,
)
from ccstate.adapters.asterisk.interpreter.values import Play, assign, set_fact


class Effect(Enum):
    """The effect of an application on a call, for a reader who does not play the dialplan."""

    NOTHING = "callers notice nothing"
    ASIDE = "the call goes on, with something that objects do not say"
    ENDS = "the call ends"
    OTHER = "something that an object may say"


class Application(NamedTuple):
    """An application: what it does to a call, how its arguments are read, what an import reports."""

    play: Callable[[Play, str], Stop | None] | None = None
    """What it does to a call that is played; None where that is not interpreted."""
    arguments: str = ""
    """The names of its arguments, in order."""
    effect: Effect = Effect.OTHER
    note: str = ""
    """What an import reports of it; "" where callers notice nothing, or an object may say it."""


def arguments_of(name: str, data: str) -> dict[str, str]:
    """Return the arguments of an application by name, "" for those that are left out."""
    names = APPLICATIONS[name].arguments.split()
    return dict(zip(names, arguments(data, len(names)), strict=False))


def effect(name: str) -> Effect:
    """Return what an application does to a call, by its name as a dialplan writes it."""
    return APPLICATIONS.get(name.strip().lower(), Application()).effect


def _nothing(_run: Play, _data: str) -> None:
    """Go on: no caller notices anything."""


# Answering, hearing, waiting


def _answer(run: Play, _data: str) -> None:
    run.call = replace(run.call, is_answered=True)


def _playback(run: Play, data: str) -> None:
    said = arguments_of("playback", run.fill(data))
    sounds, options = said["sounds"], said["options"]
    if "skip" in options.split("&") and not run.call.is_answered:
        return
    _play_sounds(run, sounds)
    if "noanswer" not in options:
        _answer(run, "")


def _play_sounds(run: Play, sounds: str) -> None:
    for sound in require_known(sounds).split("&"):
        if sound.strip():
            run.heard.append(Heard("sound", sound.strip(), run.line))


def _background(run: Play, data: str) -> Stop | None:
    said = arguments_of("background", run.fill(data))
    options = said["options"]
    if options.strip().strip("sn"):
        raise NotFollowed(f"Background() with {options[:20]!r} is not followed")
    if said["context"].strip() not in ("", run.call.context):
        raise NotFollowed("Background() looks up keys in another context")
    if "s" in options and not run.call.is_answered:
        return None
    _play_sounds(run, said["sounds"])
    if "n" not in options:
        _answer(run, "")
    if _asks_next(run):
        return None
    return Keys(run.call, tuple(run.heard), run.line, 0)


def _asks_next(run: Play) -> bool:
    """Check whether the next step that matters asks for keys too, so that both are one question."""
    priority = run.call.priority
    while found := run.find(run.call.context, run.call.exten, priority):
        app = found.step.app.strip().lower()
        if app in ("background", "waitexten"):
            return True
        if app not in APPLICATIONS or APPLICATIONS[app].play is not _nothing:
            return False
        priority += 1
    return False


def _wait_exten(run: Play, data: str) -> Stop:
    seconds = seconds_of(arguments_of("waitexten", run.fill(data))["seconds"]) or run.call.response
    return Keys(run.call, tuple(run.heard), run.line, seconds)


def _wait(run: Play, data: str) -> None:
    if seconds := seconds_of(arguments_of("wait", run.fill(data))["seconds"]):
        if _ringing_leg(run):
            raise NotFollowed("Wait() while Dial() rings a Local channel is not followed")
        run.heard.append(Heard("pause", "", run.line, seconds))


def _music(run: Play, data: str) -> Stop | None:
    said = arguments_of("musiconhold", run.fill(data))
    seconds = seconds_of(said["seconds"])
    if seconds is None:
        return run.ended(WAITS_FOR_EVER, "music")
    run.heard.append(Heard("music", said["class"], run.line, seconds))
    return None


def _sayer(what: str) -> Callable[[Play, str], Stop | None]:
    def say(run: Play, data: str) -> None:
        said = arguments(run.fill(data), 1)[0]
        text = "the time" if what == "time" else require_known(said)
        run.heard.append(Heard("says", f"{what} {text}", run.line))

    return say


def _records(run: Play, _data: str) -> None:
    run.heard.append(Heard("records", "", run.line))


def _read(run: Play, data: str) -> Stop:
    said = arguments_of("read", run.fill(data))
    options, most, tries = said["options"], said["most"], said["tries"]
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
    _play_sounds(run, said["sounds"])
    if "n" not in options:
        _answer(run, "")
    seconds = seconds_of(said["seconds"])
    played = tuple(run.heard[begun:])
    first, each = seconds or run.call.response, seconds or run.call.digit
    reading = Reading(said["variable"].strip(), digits, ends, count, played, first, each)
    return Keys(run.call, tuple(run.heard), run.line, first, "", reading)


# Values


def _set(run: Play, data: str) -> None:
    name, _, value = data.partition("=")
    assign(run, run.fill(name), run.fill(value))


def _mset(run: Play, data: str) -> None:
    for part in arguments(run.fill(data)):
        name, _, value = part.partition("=")
        assign(run, name, value)


def _set_global(run: Play, data: str) -> None:
    name, _, value = data.partition("=")
    set_fact(run, f"GLOBAL({run.fill(name).strip()})", run.fill(value))


def _db_del(run: Play, data: str) -> None:
    set_fact(run, f"DB({require_known(run.fill(data)).strip()})", "")


# Phones and queues


DIAL_FOLLOWED = frozenset("abBcCeEghHiIjkKmNorRtTuvwWxXyYzZAfn")
"""Options of Dial() that leave the way of a caller as it is, or that are reported as they stand."""


def _dial(run: Play, data: str) -> Stop | None:
    said = arguments_of("dial", run.fill(data))
    options = said["options"]
    targets = tuple(
        part.strip() for part in require_known(said["devices"]).split("&") if part.strip()
    )
    odd = [letter[0] for letter in letters(options) if letter[0] not in DIAL_FOLLOWED]
    if odd:
        raise NotFollowed(f"Dial() with the option {odd[0]} is not followed")
    ring = seconds_of(said["seconds"].partition("^")[0])
    local = [target for target in targets if target.lower().startswith("local/")]
    if len(targets) == 1 and local:
        _dial_local(run, local[0], ring, options)
        return None
    if local:
        raise NotFollowed("Dial() rings Local/ beside other phones")
    if (leg := _ringing_leg(run)) and leg.seconds is not None:
        ring = min(ring or leg.seconds, leg.seconds)
    return Rings(run.call, tuple(run.heard), run.line, targets, ring, require_known(options))


def _ringing_leg(run: Play) -> Leg | None:
    """Return the Dial() that rings this Local channel, while it is not answered."""
    return run.call.legs[-1] if run.call.legs and not run.call.is_answered else None


_WITHOUT_LOCAL = re.compile(r"[A-Z]?[DFGHKLMSTUWXdghktwx]")
"""Options of Dial() that mean more with a Local channel than that it rings."""


def _dial_local(run: Play, target: str, ring: int | None, options: str) -> None:
    """Ring `Local/exten@context`: another part of the dialplan, as a call of its own.

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


def _queue(run: Play, data: str) -> Stop:
    if _ringing_leg(run):
        raise NotFollowed("Queue() while Dial() rings a Local channel is not followed")
    said = arguments_of("queue", run.fill(data))
    others = tuple(require_known(said[name]).strip() for name in QUEUE_OTHERS if said[name].strip())
    name, wait, options = (
        require_known(said["name"]).strip(),
        queue_wait_of(said["seconds"]),
        said["options"],
    )
    return Waits(run.call, tuple(run.heard), run.line, name, wait, require_known(options), others)


def _voicemail(run: Play, data: str) -> Stop | None:
    said = arguments_of("voicemail", run.fill(data))
    options = said["options"]
    names = [part.strip() for part in require_known(said["boxes"]).split("&") if part.strip()]
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


def _hangup(run: Play, data: str) -> Stop:
    cause = require_known(run.fill(data)).strip()
    return run.ended(HANGUP, "" if cause in ("", "16", "normal") else f"cause {cause}"[:40])


def _end(kind: str) -> Callable[[Play, str], Stop | None]:
    """Return an application that keeps the caller, with its arguments."""

    def end(run: Play, data: str) -> Stop:
        return run.ended(kind, require_known(run.fill(data)).partition(",")[0].strip()[:80])

    return end


def _conference(run: Play, data: str) -> Stop:
    """Enter a conference; what its profiles and menus in confbridge.conf say is not compared."""
    room, *profiles = (
        require_known(part).strip() for part in arguments_of("confbridge", run.fill(data)).values()
    )
    if any(profiles):
        raise NotFollowed("what the profiles of ConfBridge() say is not compared")
    return run.ended("conference", room[:80])


def _mailbox_access(run: Play, data: str) -> Stop:
    said = arguments_of("voicemailmain", run.fill(data))
    by = ", without a PIN" if "s" in said["options"] else ""
    return run.ended("listens to messages", require_known(said["box"]).strip() + by)


_KNOWS, _KNOWS_NOT = "known", "not known"


def _authenticate(run: Play, _data: str) -> Stop | None:
    """Ask for a code, three times at the most; a caller who does not know it is hung up on.

    Source: `auth_exec` in apps/app_authenticate.c, `vmauthenticate` in apps/app_voicemail.c (22).
    """
    outcome = run.outcome("the code", (_KNOWS, _KNOWS_NOT))
    run.heard.append(Heard("asks for", "a code", run.line))
    _answer(run, "")
    return run.ended(HANGUP) if outcome == _KNOWS_NOT else None


def _member(
    does: str, variable: str, statuses: tuple[str, ...]
) -> Callable[[Play, str], Stop | None]:
    """Return an application by which a phone joins, leaves or pauses; `variable` has the result.

    The calling phone does where none is named. Source: `aqm_exec` and others in app_queue.c (22).
    """

    def change(run: Play, data: str) -> None:
        queue, device, more = (
            require_known(part).strip() for part in arguments(run.fill(data), 3)[:3]
        )
        penalty = more if does == "joins" else ""
        if run.survey.reads(variable):
            run.keep(variable, run.outcome(variable, statuses))
        what = AGENT.join((does, queue, device or run.call.device, penalty))
        run.heard.append(Heard("agent", what, run.line))

    return change


def _user_event(run: Play, data: str) -> None:
    try:
        text = run.fill(data)
    except (NotFollowed, Undecided, UndecidedTime):
        text = data
    run.heard.append(Heard("event", text, run.line))


def _playtones(run: Play, data: str) -> None:
    run.heard.append(Heard("says", f"tone {run.fill(data)[:40]}", run.line))


QUEUE_OTHERS = ("announce", "agi", "macro", "gosub", "rule", "position")
"""Arguments of Queue() that change more than which queue it is, and for how long."""
_QUIET = Application(_nothing, effect=Effect.NOTHING)
_UNNOTICED = Application(_nothing, effect=Effect.ASIDE)


def _aside(note: str, play: Callable[[Play, str], Stop | None] | None = _nothing) -> Application:
    return Application(play, effect=Effect.ASIDE, note=note)


def _ending(end: str, note: str) -> Application:
    return Application(_end(end), effect=Effect.ENDS, note=note)


_RECORDS = "ccstate leaves call records as they are"
_PROGRAMS = "ccstate runs no programs"
_PARKING = "parking is not imported"
APPLICATIONS: Mapping[str, Application] = {
    **{name: Application(jump) for name, jump in JUMPS.items()},
    "addqueuemember": Application(
        _member("joins", "AQMSTATUS", ("ADDED", "MEMBERALREADY")), "queue device penalty"
    ),
    "agi": Application(note=_PROGRAMS),
    "answer": Application(_answer, effect=Effect.NOTHING),
    "authenticate": Application(_authenticate),
    "background": Application(_background, "sounds options language context"),
    "busy": _ending("busy tone", "with ccstate callers hear no busy tone, the call ends"),
    "celgenuserevent": _UNNOTICED,
    "confbridge": Application(_conference, "room bridge user menu"),
    "congestion": _ending(
        "congestion tone", "with ccstate callers hear no congestion tone, the call ends"
    ),
    "dbdel": Application(_db_del),
    "dial": Application(_dial, "devices seconds options url"),
    "directory": Application(_end("directory"), note="ccstate has no directory of names"),
    "disa": Application(_end("dials on")),
    "dumpchan": Application(_nothing),
    "echo": Application(_end("echo")),
    "followme": Application(None, "name options"),
    "forkcdr": _aside(_RECORDS),
    "hangup": Application(_hangup, "cause"),
    "incomplete": _aside("ccstate waits for no more digits", None),
    "log": _QUIET,
    "meetme": Application(
        _end("conference"),
        note="conferences of MeetMe() are not imported: Asterisk has none since release 21",
    ),
    "mixmonitor": Application(_records, "file options command"),
    "monitor": Application(_records, "form file options"),
    "mset": Application(_mset),
    "musiconhold": Application(_music, "class seconds"),
    "nocdr": _aside(_RECORDS),
    "noop": _QUIET,
    "page": Application(_end("paging"), note="ccstate has no paging"),
    "park": Application(_end("parked"), note=_PARKING),
    "parkedcall": Application(_end("picks up a parked call"), note=_PARKING),
    "pausequeuemember": Application(
        _member("pauses in", "PQMSTATUS", ("PAUSED", "NOTFOUND")), "queue device options reason"
    ),
    "pickup": Application(_end("picks up"), "target"),
    "playback": Application(_playback, "sounds options"),
    "playtones": _aside("ccstate plays no tone here", _playtones),
    "proceeding": _QUIET,
    "progress": _QUIET,
    "queue": Application(_queue, "name options url announce seconds agi macro gosub rule position"),
    "queuelog": _aside("ccstate writes no line of its own into the queue log", None),
    "read": Application(_read, "variable sounds most options tries seconds"),
    "removequeuemember": Application(
        _member("leaves", "RQMSTATUS", ("REMOVED", "NOTINQUEUE")), "queue device"
    ),
    "resetcdr": _UNNOTICED,
    "ringing": _UNNOTICED,
    "sayalpha": Application(_sayer("letters")),
    "saydigits": Application(_sayer("digits")),
    "saynumber": Application(_sayer("number")),
    "sayphonetic": Application(_sayer("letters")),
    "sayunixtime": Application(_sayer("time")),
    "sendtext": _aside("ccstate sends no text"),
    "set": Application(_set),
    "setamaflags": _aside(_RECORDS),
    "setglobalvar": Application(_set_global),
    "setmusiconhold": _aside("ccstate plays the music of the queue", None),
    "sipaddheader": _aside("ccstate adds no header to the call"),
    "sipremoveheader": Application(_nothing),
    "stopmixmonitor": Application(_nothing),
    "stopmonitor": Application(_nothing),
    "stopplaytones": _UNNOTICED,
    "system": _aside(_PROGRAMS, None),
    "transfer": Application(_end("transfer")),
    "trysystem": _aside(_PROGRAMS, None),
    "unpausequeuemember": Application(
        _member("is back in", "UPQMSTATUS", ("UNPAUSED", "NOTFOUND")), "queue device"
    ),
    "userevent": Application(_user_event, effect=Effect.NOTHING),
    "verbose": _QUIET,
    "vmauthenticate": Application(_authenticate),
    "voicemail": Application(_voicemail, "boxes options"),
    "voicemailmain": Application(
        _mailbox_access,
        "box options",
        note="a mailbox is heard by *97 or a feature code, from its own phone",
    ),
    "wait": _aside("ccstate makes no pause here", _wait)._replace(arguments="seconds"),
    "waitexten": Application(_wait_exten, "seconds"),
    "zapateller": Application(effect=Effect.ENDS, note="with ccstate the call ends"),
}
"""Every application of which anything is known."""
