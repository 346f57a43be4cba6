"""Forwarding that people set by a code: where it is kept, and how a call is forwarded.

The number is in AstDB, which neither an apply nor a restart touches (16.28 and 22.10). A call is
forwarded by a local channel that dials as the phone would, so that it has the rights of the phone,
and the caller has none of them.
"""

from collections.abc import Iterator

from ccstate.adapters.asterisk.entries import Compiled, Context, Step
from ccstate.adapters.asterisk.kinds.members import agent_extension
from ccstate.adapters.asterisk.places import site_context
from ccstate.adapters.asterisk.templates import Template
from ccstate.journeys.centre import Filled
from ccstate.journeys.flow import Flow
from ccstate.journeys.location import location_of
from ccstate.model import Address

FAMILY = "ccstate/forward"
"""Family of AstDB with the number to which calls of an extension go, by the name of that."""
FORWARDING = "forwarding"
"""The context from which the calls of an extension are forwarded."""
_KEPT = f"DB({FAMILY}/${{CC_EXTENSION}})"
SETS = Template("Set", f"{_KEPT}=${{CC_TO}}")
ASKED = Step(
    "GotoIf", f'$[${{LEN(${{DB({FAMILY}/${{ARG1}})}})}} > 0 & "${{CC_FORWARDED}}" = ""]?forwards'
)
"""Whether the calls of an extension are forwarded; a call that was forwarded once is not again."""
DIALS = Step("Dial", f"Local/~${{REPLACE(ARG1,-,~)}}@{FORWARDING}/n,${{ARG2}}", label="forwards")


def is_used(flow: Flow) -> bool:
    """Whether there is a code by which people forward their calls."""
    return any(code["action"] == "forward" for code in flow.centre.of("feature_code").values())


def forwards(_: Filled) -> list[Step]:
    """Ends the forwarding of the phone that dials, or asks for a number that it may dial."""
    context = "${PJSIP_ENDPOINT(${CC_EXTENSION},context)}"
    return [
        Step("Answer"),
        Step("GotoIf", f"$[${{LEN(${{{_KEPT}}})}} > 0]?off"),
        Step("Read", "CC_TO,vm-enter-num-to-call,,,1,10"),
        Step("Set", "CC_TO=${FILTER(0-9+*,${CC_TO})}"),
        Step("GotoIf", '$["${CC_TO}" = ""]?wrong'),
        Step("GotoIf", f"$[${{DIALPLAN_EXISTS({context},${{CC_TO}},1)}} = 0]?wrong"),
        SETS.step("action"),
        Step("Playback", "activated"),
        Step("Hangup"),
        Step("Playback", "beeperr", label="wrong"),
        Step("Hangup"),
        Step("Set", f"CC_TO=${{DB_DELETE({FAMILY}/${{CC_EXTENSION}})}}", label="off"),
        Step("Playback", "de-activated"),
        Step("Hangup"),
    ]


def compile_forwarding(compiled: Compiled, flow: Flow) -> None:
    """The extensions from which calls are forwarded, each with the rights of its phone."""
    if not is_used(flow):
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
