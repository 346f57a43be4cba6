"""Calls that leave: what phones may dial, routes, trunks, emergencies."""

from ccstate.adapters.asterisk.compile.phones import INTERNAL
from ccstate.adapters.asterisk.compile.places import entered, goto, shortened
from ccstate.adapters.asterisk.compile.trees import OUTSIDE
from ccstate.adapters.asterisk.entries import MAILBOXES, Compiled, Context, Step
from ccstate.dialling.routing import Dialling
from ccstate.journeys.centre import Centre, Filled
from ccstate.journeys.flow import Flow
from ccstate.journeys.ways import Place
from ccstate.model import Address

TRUNK = "ccstate-trunk"
SENT = "ccstate-sent"
DIALLED = "${FILTER(0-9*#+,${EXTEN})}"
"""What was dialled, without anything that an application would take for more than a number."""

ANYTHING = "_[0-9*#+]!"
OUTSIDE_RINGS = 120
"""Seconds that an outside number may ring."""


def trunk_id(name: str) -> str:
    """What the endpoint of a trunk is called."""
    return f"trunk-{name}"


def compile_sites(compiled: Compiled, centre: Centre) -> None:
    """What phones may dial, at each site and where nobody says which."""
    dialling = Dialling(centre)
    for site in ("", *sorted(centre.of("site"))):
        owner = Address("site", site) if site else None
        where = Context(compiled, shortened(f"site/{site}") if site else "site", owner)
        label = centre.label(f"site/{site}") or site
        where.note(f"Phones at {label}" if site else "Phones that stand nowhere in particular")
        where.include(INTERNAL)
        out = Context(compiled, shortened(f"outbound/{site}") if site else "outbound", owner)
        where.include(out.name)
        where.include("hints")
        out.add("h", [Step("NoOp")])  # so that the context is there where no route is
        patterns: dict[str, str] = {}
        for place in (site, ""):
            found = dialling.patterns.get(place)
            for pattern, routes in (found.routes if found else {}).items():
                patterns.setdefault(pattern, routes[0])
        for pattern, route in sorted(patterns.items()):
            by_route = Context(compiled, out.name, Address("outbound_route", route))
            by_route.add(
                spelled(pattern), [Step("Goto", f"{_route(route)},{DIALLED},1", "patterns")]
            )


def spelled(pattern: str) -> str:
    """A pattern of a route as Asterisk writes it."""
    return f"_{pattern}" if set(pattern) & set("XZN.!") else pattern


def _route(name: str) -> str:
    return shortened(f"route/{name}")


def compile_route(compiled: Compiled, centre: Centre, name: str, route: Filled) -> None:
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
    strip, prepend = route["strip"], route.get("prepend") or ""
    digits = f"{prepend}${{EXTEN:{strip}}}" if strip else f"{prepend}${{EXTEN}}"
    for trunk in route["trunks"]:
        most_calls = "" if route["emergency"] else _most_calls(centre, trunk)
        steps.append(_by(centre, trunk, digits, str(OUTSIDE_RINGS), most_calls, "trunks"))
    where.add(ANYTHING, [*steps, Step("Hangup", "34")])  # no circuit is free


def _most_calls(centre: Centre, trunk: str) -> str:
    return str(centre.of("trunk").get(trunk, {}).get("max_calls") or "")


def _by(centre: Centre, trunk: str, digits: str, rings: str, most: str, field: str) -> Step:
    shown = centre.of("trunk").get(trunk, {}).get("caller_id") or ""
    return Step("Gosub", f"{TRUNK},s,1({trunk_id(trunk)},{digits},{rings},{most},{shown})", field)


def compile_leaving(compiled: Compiled, centre: Centre) -> None:
    """The subroutines by which calls leave."""
    Context(compiled, TRUNK).add(
        "s",
        [
            Step("Set", "GROUP(ccstate)=${ARG1}"),
            Step("GotoIf", '$["${ARG4}" = ""]?free'),
            Step("GotoIf", "$[${GROUP_COUNT(${ARG1}@ccstate)} > ${ARG4}]?next"),
            Step("GotoIf", '$["${CC_CALLER}" != ""]?own', label="free"),
            Step("GotoIf", '$["${ARG5}" = ""]?dial'),
            Step("Set", "CALLERID(num)=${ARG5}"),
            Step("Goto", "dial"),
            Step("Set", "CALLERID(num)=${CC_CALLER}", label="own"),
            Step("GotoIf", '$["${LEN(${CC_CALLER_NAME})}" = "0"]?dial'),
            Step("Set", "CALLERID(name)=${CC_CALLER_NAME}"),
            Step("Dial", f"PJSIP/${{ARG2}}@${{ARG1}},${{ARG3}},b({SENT}^s^1)", label="dial"),
            # The next trunk is for lines that are down or full, not for people who are busy.
            Step("GotoIf", '$["${DIALSTATUS}" = "CHANUNAVAIL"]?next'),
            Step("GotoIf", '$["${DIALSTATUS}" = "CONGESTION"]?next'),
            Step("GotoIf", '$["${CC_RETURNS}" = "1"]?next'),
            Step("Hangup"),
            Step("Return", label="next"),
        ],
    )
    Context(compiled, SENT).add(
        "s",
        [
            Step("GotoIf", '$["${LEN(${CC_SENT})}" = "0"]?back'),
            Step("Set", "PJSIP_HEADER(add,X-Dispatchable-Location)=${CC_SENT}"),
            Step("Return", label="back"),
        ],
    )
    Context(compiled, OUTSIDE).add(
        "s",
        [
            Step("Set", "CC_RETURNS=1"),
            *(
                _by(centre, name, "${ARG1}", "${ARG2}", _most_calls(centre, name), "")
                for name in sorted(centre.of("trunk"))
            ),
            Step("Set", "CC_RETURNS="),
            Step("Return"),
        ],
    )


def compile_inside(compiled: Compiled, flow: Flow) -> None:
    """Internal numbers of queues and trees, and of the mailboxes' owners."""
    inside = Context(compiled, INTERNAL)
    inside.note("Internal numbers")
    inside.include("extension")
    inside.add(
        "*97",
        [
            Step("Answer"),
            Step("VoiceMailMain", f"${{CC_EXTENSION}}@{MAILBOXES}"),
            Step("Hangup"),
        ],
    )
    for kind in ("queue", "ivr"):
        for name, fields in flow.centre.of(kind).items():
            address = Address(kind, name)
            entrance = flow.entrance(address)
            if (number := fields.get("extension")) and entrance:
                Context(compiled, INTERNAL, address).add(number, [goto(entrance, "extension")])
