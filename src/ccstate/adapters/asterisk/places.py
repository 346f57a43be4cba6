"""Places of calls as contexts of the dialplan, and the steps that lead from one to another.

A context has the name of its object, so that it stays when a label changes: Asterisk 22 drops the
caller who is inside a context that disappears (seen). No text that people write reaches the
dialplan: only names, numbers and words from lists, whose characters mean nothing there.
"""

import hashlib
import re
from collections.abc import Iterable, Sequence
from urllib.parse import quote, unquote

from ccstate.adapters.asterisk.entries import Compiled, Context, Step
from ccstate.adapters.asterisk.rows import Codec, Template, Unclear
from ccstate.journeys.flow import Flow
from ccstate.journeys.ways import MAILBOX, End, Event, Place, Transition

LONGEST = 79
"""Characters of a context or an extension: AST_MAX_CONTEXT and AST_MAX_EXTENSION are 80 with the
last one, in Asterisk 16 and 22, include/asterisk/channel.h."""

ENTER = "enter"
INTERNAL = "internal"
"""The context of all numbers inside."""
HANGUP = 16
"""The cause of an end that is meant (ITU-T Q.850: normal call clearing); a call that is cut off has
none. PJSIP answers a caller alike in both cases (`hangup_cause2sip` in chan_pjsip.c, 16 and 22)."""
GOTO = Template("Goto", "<context>,<extension>,1")


def _prompt(text: str) -> str:
    found = re.fullmatch(r"ccstate/([^/]+)/[^/]+", text)
    if not found:
        raise Unclear
    return found[1]


SOUND = Codec(str, _prompt)
"""The recording of a prompt; which language it is in is not read back."""
PLAYBACK = Template("Playback", "<prompt>", prompt=SOUND)


def shortened(name: str) -> str:
    """A name that Asterisk can hold; a long one keeps its beginning, and a hash for the rest."""
    if len(name) <= LONGEST:
        return name
    return f"{name[: LONGEST - 17]}~{hashlib.sha256(name.encode()).hexdigest()[:16]}"


def name_after(prefix: str) -> Codec:
    """Encode a name after the prefix of its context; what is too long for a context is shortened."""
    return Codec(lambda name: shortened(prefix + name).removeprefix(prefix), str)


_SPELLED = str.maketrans("-.", "~=")
_NAMED = str.maketrans("~=", "-.")


def site_context(site: str) -> str:
    """Name the context of what phones of a site may dial; of "" for phones without a site."""
    return shortened(f"site/{site}") if site else "site"


def exten(name: str) -> str:
    """Spell a name as an extension and as the number in a caller ID: no two names have the same.

    Asterisk passes over `-` when it compares extensions, and takes `-`, and `.` before anything
    else, out of the number in a caller ID (16.28 and 22.10, seen). Single letters are its own.
    """
    spelled = name.translate(_SPELLED)
    return shortened(f"~{spelled}" if len(spelled) == 1 else spelled)


def context(place: Place) -> str:
    """Return the context that a place lives in."""
    match place.kind:
        case "extension":
            forwarded = f"forward/{place.name}" if place.node else "extension"
            return "voicemail" if place.node == MAILBOX else shortened(forwarded)
        case "ivr" | "number" if place.node:
            return shortened(f"{place.kind}/{place.name}/{place.node}")
        case _:
            return shortened(f"{place.kind}/{place.name}")


def place_at(name: str, extension: str) -> Place | None:
    """Return the place that a context and an extension of it are; None where it is none of ours."""
    if len(name) >= LONGEST or len(extension) >= LONGEST:
        return None  # shortened: what it was called is not known any more
    kind, slash, rest = name.partition("/")
    if name in {"extension", "voicemail"}:
        found = extension.removeprefix("~") if len(extension) == 2 else extension
        node = "voicemail" if name == "voicemail" else ""
        return Place("extension", found.translate(_NAMED), node)
    if not slash or extension != "s":
        return None
    if kind in {"ivr", "number"}:
        owner, _, node = rest.partition("/")
        return Place(kind, owner, node)
    return Place(kind, rest)


def goto(place: Place, field: str = "") -> Step:
    """Return the step that takes a call to a place."""
    start = exten(place.name) if place.kind == "extension" else "s"
    if place.kind == "extension" and place.node not in {"", MAILBOX}:
        start = place.node
    return GOTO.step(field, context=context(place), extension=start)


def enter_step(place: Place) -> Step:
    """Report by AMI that a call is here."""
    return Step("UserEvent", f"Ccstate,Place: {place},Event: {ENTER}")


def event_step(place: Place, event: Event, key: str = "") -> Step:
    """Report by AMI what happens to a call here."""
    pressed = f",Key: {key}" if key else ""
    return Step("UserEvent", f"Ccstate,Place: {place},Event: {event}{pressed}")


def follow(place: Place, way: Transition) -> list[Step]:
    """Return the steps of a way: the event is reported, and the call goes on, or ends."""
    field = ".".join(map(str, way.path))
    if way.to is not None:
        leads = goto(way.to, field)
    else:
        leads = Step("Hangup", str(HANGUP) if way.end is End.HANGUP else "", field)
    return [event_step(place, way.event, way.key), leads]


LISTS = "callers/"
"""What the contexts of caller lists begin with."""
WHO = "ccstate-who"


def add_caller_lists(
    where: Context, place: Place, steps: Sequence[Step], ways: Iterable[Transition]
) -> None:
    """Asks the lists of a place in their order; the call goes on by the first that holds its caller.

    Steps name the whole list: where one moves, all of them do.
    """
    *listed, others = ways
    asked = [Step("Gosub", f"{WHO},s,1")]
    for number, way in enumerate(listed):
        asked += [
            ASKS.step(list=way.key),
            Step("GotoIf", f'$["${{GOSUB_RETVAL}}" = "1"]?list{number},1'),
        ]
        where.add(f"{LISTED}{number}", follow(place, way))
    where.add("s", [*steps, *asked, *follow(place, others)])


SWITCHES = "switch/"
"""What the contexts of switches begin with."""


POSITION = Template("Gosub", f"{SWITCHES}<switch>,s,1", switch=name_after(SWITCHES))
"""After it GOSUB_RETVAL is `on` or `off`."""
ASKS = Template("Gosub", f"{LISTS}<list>,${{CC_WHO}},1", list=name_after(LISTS))
LISTED = "list"


def switch_steps(switch: str, field: str) -> list[Step]:
    """Steps after which the call is at the extension `on` or `off`."""
    return [POSITION.step(field, switch=switch), Step("Goto", "${GOSUB_RETVAL},1", field)]


def add_branches(where: Context, place: Place, ways: Iterable[Transition]) -> None:
    """Where a call goes by what its schedule has decided."""
    for way in ways:
        where.add(way.event, follow(place, way))


NAMED = "ccstate-named"
PREFIX = Codec(lambda text: quote(text, safe=""), unquote)
"""Text in the dialplan: percent-encoded, so that nothing in it means anything there."""
NAME_CALLER = Template("Gosub", f"{NAMED},s,1(<prefix>)", prefix=PREFIX)


def name_step(prefix: str) -> Step:
    """Puts a prefix before the name of the caller, in place of one that is there already."""
    return NAME_CALLER.step("caller_name_prefix", prefix=prefix)


def compile_names(compiled: Compiled) -> None:
    """The subroutine that names callers; a caller without a name is called by the number."""
    Context(compiled, NAMED).add(
        "s",
        [
            Step("GotoIf", '$["${CC_NAMED}" = "1"]?named'),
            Step("Set", "__CC_NAMED=1"),
            Step("Set", "__CC_NAME=${CALLERID(name)}"),
            # Only the first character is counted: a text such as `a): 0` would be counted as 0.
            Step("GotoIf", '$["${LEN(${CC_NAME:0:1})}" != "0"]?named'),
            Step("Set", "__CC_NAME=${CALLERID(num)}"),
            Step("Set", "CALLERID(name)=${URIDECODE(${ARG1})} ${CC_NAME}", label="named"),
            Step("Return"),
        ],
    )


def sound(prompt: str, language: str) -> str:
    """Name a recording in the dialplan."""
    return f"ccstate/{prompt}/{language}"


def prompt_sound(flow: Flow, prompt: str | None, language: str | None) -> str:
    """The recording of a prompt in a language, or else in its first; "" where it has none."""
    spoken = flow.centre.of("prompt").get(prompt or "", {}).get("languages") or {}
    if not prompt or not spoken:
        return ""
    return sound(prompt, language if language and language in spoken else next(iter(spoken)))
