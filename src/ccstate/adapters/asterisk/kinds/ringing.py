"""How an extension takes a call: its phone rings, others after it, and where the call goes then.

A number set by a code is in AstDB, which neither an apply nor a restart touches (16.28 and 22.10).
A call is forwarded by a local channel that dials as the phone would, so that it has the rights of
the phone, and the caller has none of them.
"""

from collections.abc import Iterator, Sequence

from ccstate.adapters.asterisk import in_call
from ccstate.adapters.asterisk.entries import VARIABLE, Compiled, Context, Step
from ccstate.adapters.asterisk.kind import Options, Sections, Unit
from ccstate.adapters.asterisk.kinds.ivr import CALLS, RING, RING_SECONDS
from ccstate.adapters.asterisk.kinds.ivr import RINGS as FOLLOWS
from ccstate.adapters.asterisk.kinds.queue import agent_extension
from ccstate.adapters.asterisk.places import (
    ENTER,
    GOTO,
    context,
    enter_step,
    event_step,
    exten,
    follow,
    goto,
    prompt_sound,
    shortened,
    site_context,
)
from ccstate.adapters.asterisk.rows import SECONDS, UNCLEAR, Decoded, Template, decoded
from ccstate.journeys.centre import Filled
from ccstate.journeys.flow import Flow
from ccstate.journeys.location import location_of
from ccstate.journeys.staffing import ringing_follows
from ccstate.journeys.ways import MAILBOX, Event, Place, Transition
from ccstate.kinds.extension import Follow
from ccstate.model import Address, Json

FAMILY = "ccstate/forward"
"""Family of AstDB with the number to which calls of an extension go, by the name of that."""
FORWARDING = "forwarding"
"""The context from which the calls of an extension are forwarded."""
_KEPT = f"DB({FAMILY}/${{CC_EXTENSION}})"
SETS_FORWARDING = Template("Set", f"{_KEPT}=${{CC_TO}}")
IS_FORWARDED = Step(
    "GotoIf", f'$[${{LEN(${{DB({FAMILY}/${{ARG1}})}})}} > 0 & "${{CC_FORWARDED}}" = ""]?forwards'
)
"""Whether the calls of an extension are forwarded; a call that was forwarded once is not again."""
FORWARDS = Step("Dial", f"Local/~${{REPLACE(ARG1,-,~)}}@{FORWARDING}/n,${{ARG2}}", label="forwards")


def has_forwarding_codes(flow: Flow) -> bool:
    """Whether there is a code by which people forward their calls."""
    return any(code["action"] == "forward" for code in flow.centre.of("feature_code").values())


def forwarding_steps(_: Filled) -> list[Step]:
    """Ends the forwarding of the phone that dials, or asks for a number that it may dial."""
    context = "${PJSIP_ENDPOINT(${CC_EXTENSION},context)}"
    return [
        Step("Answer"),
        Step("GotoIf", f"$[${{LEN(${{{_KEPT}}})}} > 0]?off"),
        Step("Read", "CC_TO,vm-enter-num-to-call,,,1,10"),
        Step("Set", "CC_TO=${FILTER(0-9+*,${CC_TO})}"),
        Step("GotoIf", '$["${CC_TO}" = ""]?wrong'),
        Step("GotoIf", f"$[${{DIALPLAN_EXISTS({context},${{CC_TO}},1)}} = 0]?wrong"),
        SETS_FORWARDING.step("action"),
        Step("Playback", "activated"),
        Step("Hangup"),
        Step("Playback", "beeperr", label="wrong"),
        Step("Hangup"),
        Step("Set", f"CC_TO=${{DB_DELETE({FAMILY}/${{CC_EXTENSION}})}}", label="off"),
        Step("Playback", "de-activated"),
        Step("Hangup"),
    ]


def compile_forwarding(compiled: Compiled, flow: Flow) -> None:
    """Compile the extensions from which calls are forwarded, each with the rights of its phone."""
    if not has_forwarding_codes(flow):
        return
    where = Context(compiled, FORWARDING)
    where.note("Calls that are forwarded by a code")
    for name, extension in sorted(flow.centre.of("extension").items()):
        own = Context(compiled, FORWARDING, Address("extension", name))
        own.add(agent_extension(name), _leaves(flow, name, extension))


def _leaves(flow: Flow, name: str, extension: Filled) -> Iterator[Step]:
    allowed = ",".join(("", *(extension.get("permissions") or ()), ""))
    dials = site_context(location_of(flow.centre, name).site)
    yield Step("Set", "__CC_FORWARDED=1")
    yield Step("Set", f"CC_EXTENSION={name}")
    yield Step("Set", f"CC_MAY={allowed}", "permissions")
    yield Step("Goto", f"{dials},${{FILTER(0-9+*,${{DB({FAMILY}/{name})}})}},1", "site")


AWAY = "ccstate-away"
_RING = f"{RING},s,1(<extension>,<ring_for>,<place>"
RINGS = Template("Gosub", f"{_RING})", ring_for=RING_SECONDS)
RINGS_WITH_RIGHTS = Template("Gosub", f"{_RING},<rights>)", ring_for=RING_SECONDS)
SILENCED = "ccstate/do_not_disturb/"
"""Family of AstDB with the extensions that take no calls; the value is `on`."""


def compile_ringing(unit: Unit) -> None:
    """Compile the steps of one extension, and outside numbers that it forwards to."""
    name, extension, place, flow = unit.name, unit.fields, unit.place, unit.flow
    where, ways = unit.context(context(place)), flow.ways(place)
    if ways[0].event is Event.THEN:
        where.add(exten(name), [enter_step(place), *follow(place, ways[0])])
    elif extension.get("follow_me") or extension.get("forward"):
        where.add(exten(name), _rings_and_forwards(flow, place, extension, ways))
    else:
        missed = ways[-1]
        leads = goto(missed.to, "voicemail") if missed.to is not None else Step("Hangup")
        rings = _ring_step(extension, name, str(place))
        where.add(exten(name), [*_before_ringing(flow, extension), rings, leads])
    for way in ways:
        if way.to is not None and way.to.node not in {"", MAILBOX}:
            _compile_outside(unit, way.to)


def _ring_step(extension: Filled, name: str, place: str) -> Step:
    if extension["device"] == "none":
        return Step("Gosub", f"{AWAY},s,1({name})", "device")
    said = {"extension": name, "ring_for": extension["ring_for"], "place": place}
    if rights := in_call.key_options(extension, extension.get("rights"), in_call.CALLED):
        return RINGS_WITH_RIGHTS.step("ring_for rights recording.when", **said, rights=rights)
    return RINGS.step("ring_for rights recording.when", **said)


def _before_ringing(flow: Flow, extension: Filled) -> list[Step]:
    """Compile the notice of a recording, and the recording, which begins with the answer."""
    recording = extension.get("recording") or {}
    notice = in_call.notice_steps(extension, prompt_sound(flow, recording.get("notice"), None))
    return [*notice, *in_call.record_steps(extension)]


def _rings_and_forwards(
    flow: Flow, place: Place, extension: Filled, ways: Sequence[Transition]
) -> Iterator[Step]:
    """A phone, those that ring after it, and where the call goes by what came of the first."""
    yield enter_step(place)
    yield from _before_ringing(flow, extension)
    branches = {way.event: way for way in ways if way.path[:1] == ("forward",)}
    busy, away = branches.get(Event.BUSY), branches.get(Event.EMPTY)
    if extension["device"] != "none":
        yield _ring_step(extension, place.name, "")
        for status, way in (("BUSY", busy), ("CHANUNAVAIL", away)):
            if way:
                field = ".".join(map(str, way.path))
                yield Step("GotoIf", f'$["${{DIALSTATUS}}" = "{status}"]?{status.lower()}', field)
    for follow_me in ringing_follows(flow.centre, extension):
        rings = follow_me["ring_for"]
        if number := follow_me.get("number"):
            yield CALLS.step("follow_me", number=number, ring_for=rings)
        else:
            yield FOLLOWS.step("follow_me", extension=follow_me["extension"], ring_for=rings)
    missed = {way.event: way for way in reversed(ways)}
    yield from follow(place, missed.get(Event.NO_ANSWER) or missed[Event.EMPTY])
    if extension["device"] == "none":
        return
    for status, way in (("BUSY", busy), ("CHANUNAVAIL", away)):
        if way:
            event, leads = follow(place, way)
            yield event._replace(label=status.lower())
            yield leads


def _compile_outside(unit: Unit, place: Place) -> None:
    """Compile an outside number that an extension forwards to."""
    missed = unit.flow.ways(place)[-1]
    rings = CALLS.step("ring_for", number=place.node, ring_for=unit.fields["ring_for"])
    steps = [enter_step(place), rings, *follow(place, missed)]
    unit.context(context(place)).add(place.node, steps)


def compile_rings(compiled: Compiled, flow: Flow) -> None:
    """Compile the subroutines that ring an extension, and tell that one has no phone."""
    codes = flow.centre.of("feature_code").values()
    silenced = f'$["${{DB({SILENCED}${{ARG1}})}}" = "on"]?missed'
    asks = any(code["action"] == "do_not_disturb" for code in codes)
    forwards = has_forwarding_codes(flow)
    first, *then = [
        *([Step("GotoIf", silenced)] if asks else []),
        *([IS_FORWARDED] if forwards else []),
        Step("GotoIf", '$["${ARG4}${CC_RIGHTS}" = ""]?calls'),
    ]
    person = Place("extension", "${ARG1}")
    enter = Step("UserEvent", f"Ccstate,Place: ${{ARG3}},Event: {ENTER}")
    Context(compiled, RING).add(
        "s",
        [
            # A node of a tree has said already where the call is.
            Step("GotoIf", '$["${ARG3}" = ""]?ring'),
            enter,
            first._replace(label="ring"),
            *then,
            in_call.MAY_PRESS,
            *in_call.recorded_outgoing("calls", "dial"),
            Step("Dial", "PJSIP/${ARG1},${ARG2},${ARG4}${CC_RIGHTS}", label="dial"),
            Step("GotoIf", '$["${ARG3}" = ""]?back', label="missed" if asks or forwards else ""),
            Step("UserEvent", f"Ccstate,Place: ${{ARG3}},Event: {Event.NO_ANSWER}"),
            Step("Return", label="back"),
            *([FORWARDS, Step("Goto", "missed")] if forwards else []),
        ],
    )
    Context(compiled, AWAY).add(
        "s",
        [
            Step("UserEvent", f"Ccstate,Place: {person},Event: {ENTER}"),
            event_step(person, Event.EMPTY),
            Step("Return"),
        ],
    )


def decode_ringing(sections: Sections, name: str, endpoint: Options) -> Decoded:
    """Decode how an extension rings, what rings after it, and where its calls are forwarded."""
    steps = sections.context("extension").get(exten(name), ())
    rings = RINGS.find(steps) or RINGS_WITH_RIGHTS.find(steps)
    follows: list[Json] = [found for step in steps if (found := _following(step))]
    forward: Decoded = dict.fromkeys(
        ("forward", way) for way in ("always", "busy", "no_answer", "unavailable")
    )
    targets = _targets(sections, name, steps)
    if not rings and not follows and AWAY not in "".join(steps):
        forward = dict.fromkeys(forward, UNCLEAR) | {
            ("forward", "always"): targets.get("", UNCLEAR)
        }
    else:
        forward["forward", "no_answer"] = targets.get("")
        forward["forward", "busy"] = targets.get("busy") if rings else UNCLEAR
        forward["forward", "unavailable"] = targets.get("chanunavail") if rings else UNCLEAR
    rights = endpoint.get(f"{VARIABLE}CC_RIGHTS", "")
    recording = in_call.decoded_recording(steps, on_demand="X" in rights)
    if folder := endpoint.get(f"{VARIABLE}CC_RECORD"):
        recording["recording", "when"] = "always"
        recording["recording", "folder"] = decoded(in_call.FOLDER, folder)
    if not rings and not follows:
        recording["recording", "notice"] = UNCLEAR
    return {
        **forward,
        **recording,
        ("ring_for",): decoded(SECONDS, rings["ring_for"]) if rings else UNCLEAR,
        ("rights",): in_call.rights(rights, in_call.CALLING) if endpoint else UNCLEAR,
        ("follow_me",): follows or None,
    }


_FOLLOW_RINGS = Follow.model_fields["ring_for"].default


def _following(step: str) -> dict[str, Json]:
    """Return a phone that rings after the extension's own; nothing for another step."""
    ring = next((template for template in (FOLLOWS, CALLS) if template.is_in([step])), None)
    said = ring.values([step]) if ring else {}
    return {field: said[field] for field in said if said[field] != _FOLLOW_RINGS}


def _targets(sections: Sections, name: str, steps: Sequence[str]) -> dict[str, Json]:
    """Where calls are forwarded, by the label before; not to the extension's own mailbox."""
    found: dict[str, Json] = {}
    label = ""
    for step in steps:
        if step.startswith("("):
            label = step[1:].partition(")")[0]
        goes = GOTO.read(step)
        if goes and goes["context"] == shortened(f"forward/{name}"):
            found.setdefault(label, goes["extension"])
        elif goes or step.startswith("Hangup("):
            leads = sections.leads([step])
            found.setdefault(label, None if leads == f"voicemail/{name}" else leads)
    return found
