"""Calls that leave: what phones may dial, routes, trunks, emergencies."""

from ccstate.adapters.asterisk.compile.carriers import ANYTHING, CALLER, spelled, trunk_id, written
from ccstate.adapters.asterisk.compile.phones import HINTS, recorded_outgoing, site_context
from ccstate.adapters.asterisk.compile.trees import OUTSIDE
from ccstate.adapters.asterisk.entries import MAILBOXES, Compiled, Context, Step
from ccstate.adapters.asterisk.in_call import MAY_PRESS
from ccstate.adapters.asterisk.places import INTERNAL, entered, goto, shortened
from ccstate.dialling.routing import Dialling
from ccstate.dialling.shown import EMERGENCY, ORDINARY, Shown, Source
from ccstate.journeys.centre import Centre, Filled
from ccstate.journeys.flow import Flow
from ccstate.journeys.ways import Place
from ccstate.model import Address

TRUNK = "ccstate-trunk"
SENT = "ccstate-sent"
RUNG = "rung"
"""What the subroutine of a trunk returns where the other side was reached, and did not answer."""
DIALLED = "${FILTER(0-9*#+,${EXTEN})}"
"""What was dialled, without anything that an application would take for more than a number."""

OUTSIDE_RINGS = 120
"""Seconds that an outside number may ring."""


def compile_sites(compiled: Compiled, centre: Centre) -> None:
    """What phones may dial, at each site and where nobody says which."""
    dialling = Dialling(centre)
    for site in ("", *sorted(centre.of("site"))):
        owner = Address("site", site) if site else None
        where = Context(compiled, site_context(site), owner)
        label = centre.label(f"site/{site}") or site
        where.note(f"Phones at {label}" if site else "Phones that stand nowhere in particular")
        where.include(INTERNAL)
        out = Context(compiled, shortened(f"outbound/{site}") if site else "outbound", owner)
        where.include(out.name)
        where.include(HINTS)
        out.add("h", [Step("NoOp")])  # so that the context is there where no route is
        patterns: dict[str, str] = {}
        for place in (site, ""):
            found = dialling.patterns.get(place)
            for pattern, routes in (found.routes if found else {}).items():
                patterns.setdefault(pattern, routes[0])
        callback = _callback(compiled, centre, site)
        for pattern, route in sorted(patterns.items()):
            by_route = Context(compiled, out.name, Address("outbound_route", route))
            leave = Step("Goto", f"{_route(route)},{DIALLED},1", "patterns")
            is_emergency = dialling.routes[route]["emergency"]
            by_route.add(spelled(pattern), [*callback, leave] if is_emergency else [leave])


def _callback(compiled: Compiled, centre: Centre, site: str) -> list[Step]:
    """What an emergency call from the site does first: it gets the number to be called back."""
    number = centre.of("site").get(site, {}).get("emergency_callback")
    if not number:
        return []
    where = Context(compiled, shortened(f"emergency/{site}"), Address("site", site))
    shown = Step("Set", f"CC_CALLBACK={number}", "emergency_callback")
    where.add("s", [shown, Step("Return")])
    return [Step("Gosub", f"{where.name},s,1")]


def _route(name: str) -> str:
    return shortened(f"route/{name}")


def compile_route(compiled: Compiled, name: str, route: Filled) -> None:
    """One route: who may use it, and the trunks in their order."""
    where = Context(compiled, _route(name), Address("outbound_route", name))
    where.note(route.get("label") or name)
    steps = [entered(Place("outbound_route", name))]
    if route["emergency"]:
        steps += [
            Step("Set", "__CC_SENT=${CC_LOCATION}", "emergency"),
            Step("UserEvent", "CcstateEmergency,Extension: ${CC_EXTENSION},Dialled: ${EXTEN}"),
        ]
    elif permission := route.get("permission"):
        steps += [
            Step("GotoIf", f'$["${{CC_MAY}}" =~ ",{permission},"]?may', "permission"),
            Step("Hangup", "21"),  # ITU-T Q.850: call rejected
            Step("NoOp", label="may"),
        ]
    if number := route.get("caller_id"):
        steps.append(Step("Set", f"{_SAID[Source.ROUTE]}={number}", "caller_id"))
    strip, prepend = route["strip"], route.get("prepend") or ""
    digits = f"{prepend}${{EXTEN:{strip}}}" if strip else f"{prepend}${{EXTEN}}"
    is_emergency = "1" if route["emergency"] else ""
    for trunk in route["trunks"]:
        call = f"{digits},{OUTSIDE_RINGS},{is_emergency}"
        steps.append(Step("Gosub", f"{leaving(trunk)},s,1({call})", "trunks"))
    where.add(ANYTHING, [*steps, Step("Hangup", "34")])  # no circuit is free


def leaving(trunk: str) -> str:
    """The context by which calls leave on a trunk."""
    return shortened(f"leaving/{trunk}")


_SAID = {
    Source.SITE: "CC_CALLBACK",
    Source.ROUTE: "CC_ROUTE",
    Source.EXTENSION: "CC_CALLER",
    Source.TRUNK: "CC_SHOWN",
    Source.ARRIVING: "CC_ARRIVING",
}
"""The variable in which a call has what each source says of the number that it shows."""


def _leaves_by(compiled: Compiled, shown: Shown, name: str, trunk: Filled) -> None:
    """How calls leave on one trunk: what it says of every call, and on to what all trunks do."""
    where = Context(compiled, leaving(name), Address("trunk", name))
    where.add(
        "s",
        [
            Step("Set", f"CC_TRUNK={trunk_id(name)}"),
            Step("Set", f"CC_MOST={trunk.get('max_calls') or ''}", "max_calls"),
            Step("Set", f"{_SAID[Source.TRUNK]}={trunk.get('caller_id') or ''}", "caller_id"),
            Step("Set", f"{_SAID[Source.ARRIVING]}={shown.arriving(name)}"),
            Step("Set", f"CC_WRITTEN={written(shown.centre, name)}", "number_format"),
            Step("Goto", f"{TRUNK},s,1"),
        ],
    )


def _number_shown() -> list[Step]:
    """The number that the call shows, by the one precedence; on to `to` in any case."""
    steps = [Step("GotoIf", '$["${ARG3}" = "1"]?help')]
    steps += [Step("GotoIf", f'$["${{{_SAID[s]}}}" != ""]?{s.name.lower()}') for s in ORDINARY]
    steps.append(Step("Goto", "to"))
    for number, source in enumerate(EMERGENCY):
        is_whole = f'$["${{FILTER(+,${{{_SAID[source]}}})}}" = "+"]?{source.name.lower()}'
        steps.append(Step("GotoIf", is_whole, label="" if number else "help"))
    steps += [
        Step(
            "GotoIf", f'$["${{{_SAID[Source.EXTENSION]}}}" != ""]?{Source.EXTENSION.name.lower()}'
        ),
        Step("Goto", "to"),
    ]
    for source, variable in _SAID.items():
        is_own = source in {Source.SITE, Source.EXTENSION}
        steps += [
            Step("Set", f"CALLERID(num)=${{{variable}}}", label=source.name.lower()),
            Step("Goto", "named" if is_own else "to"),
        ]
    return [
        *steps,
        Step("GotoIf", f'$["{_begins("CC_CALLER_NAME")}" = "0"]?to', label="named"),
        Step("Set", "CALLERID(name)=${CC_CALLER_NAME}"),
    ]


def compile_leaving(compiled: Compiled, centre: Centre) -> None:
    """The subroutines by which calls leave.

    That of all trunks takes what is sent, how many seconds it rings, and 1 for an emergency.
    """
    shown = Shown(centre)
    for name, trunk in sorted(centre.of("trunk").items()):
        _leaves_by(compiled, shown, name, trunk)
    Context(compiled, TRUNK).add(
        "s",
        [
            Step("Set", "GROUP(ccstate)=${CC_TRUNK}"),
            Step("GotoIf", '$["${CC_MOST}" = ""]?free'),
            Step("GotoIf", '$["${ARG3}" = "1"]?free'),
            Step("GotoIf", "$[${GROUP_COUNT(${CC_TRUNK}@ccstate)} > ${CC_MOST}]?next"),
            Step("NoOp", label="free"),
            *_number_shown(),
            Step("Set", "CC_TO=${ARG1}", label="to"),
            Step("GotoIf", '$["${CC_WRITTEN}" = ""]?dial'),
            Step("GotoIf", f'$["${{LEN({CALLER})}}" = "0"]?sent'),
            Step("Gosub", f"${{CC_WRITTEN}},{CALLER},1"),
            Step("Set", "CALLERID(num)=${GOSUB_RETVAL}"),
            # What calls for help is sent as it is dialled.
            Step("GotoIf", '$["${ARG3}" = "1"]?dial', label="sent"),
            Step("Gosub", "${CC_WRITTEN},${ARG1},1"),
            Step("Set", "CC_TO=${GOSUB_RETVAL}"),
            Step("GotoIf", '$["${CC_RIGHTS}" = ""]?calls', label="dial"),
            MAY_PRESS,
            *recorded_outgoing("calls", "leaves"),
            Step(
                "Dial",
                f"PJSIP/${{CC_TO}}@${{CC_TRUNK}},${{ARG2}},b({SENT}^s^1)${{CC_RIGHTS}}",
                label="leaves",
            ),
            # The next trunk is for lines that are down or full, not for people who are busy.
            Step("GotoIf", '$["${DIALSTATUS}" = "CHANUNAVAIL"]?next'),
            Step("GotoIf", '$["${DIALSTATUS}" = "CONGESTION"]?next'),
            Step("GotoIf", '$["${CC_RETURNS}" = "1"]?rung'),
            Step("Hangup"),
            Step("Return", RUNG, label="rung"),
            Step("Return", label="next"),
        ],
    )
    Context(compiled, SENT).add(
        "s",
        [
            Step("GotoIf", f'$["{_begins("CC_SENT")}" = "0"]?back'),
            Step("Set", "PJSIP_HEADER(add,X-Dispatchable-Location)=${CC_SENT}"),
            Step("Return", label="back"),
        ],
    )
    Context(compiled, OUTSIDE).add(
        "s",
        [
            Step("Set", "CC_RETURNS=1"),
            *(step for name in sorted(centre.of("trunk")) for step in _rings_by(name)),
            Step("Set", "CC_RETURNS=", label="done"),
            Step("Return"),
        ],
    )


def _rings_by(trunk: str) -> list[Step]:
    """Rings an outside number by a trunk; whoever has been rung is not rung by the next."""
    ring = Step("Gosub", f"{leaving(trunk)},s,1(${{ARG1}},${{ARG2}})")
    return [ring, Step("GotoIf", f'$["${{GOSUB_RETVAL}}" = "{RUNG}"]?done')]


def _begins(variable: str) -> str:
    """0 where the variable is empty, else 1.

    Only its first character is looked at: Asterisk counts a whole text such as `a): 0` as 0
    (seen on 16.28 and 22.10), for a colon behind a bracket means an offset to it.
    """
    return f"${{LEN(${{{variable}:0:1}})}}"


def compile_inside(compiled: Compiled, flow: Flow) -> None:
    """Internal numbers of queues and trees, and of the mailboxes' owners."""
    inside = Context(compiled, INTERNAL)
    inside.note("Internal numbers")
    inside.include("extension")
    if all(code["code"] != "*97" for code in flow.centre.of("feature_code").values()):
        inside.add(
            "*97",
            [
                Step("Answer"),
                Step("VoiceMailMain", f"${{CC_EXTENSION}}@{MAILBOXES}"),
                Step("Hangup"),
            ],
        )
    for name, fields in flow.centre.of("ivr").items():
        address = Address("ivr", name)
        entrance = flow.entrance(address)
        if (number := fields.get("extension")) and entrance:
            Context(compiled, INTERNAL, address).add(number, [goto(entrance, "extension")])
