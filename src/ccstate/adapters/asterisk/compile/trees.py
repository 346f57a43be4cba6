"""IVR trees: one context a node."""

from collections.abc import Callable, Mapping

from ccstate.adapters.asterisk.compile import hours
from ccstate.adapters.asterisk.entries import Compiled, Context, Step
from ccstate.adapters.asterisk.places import (
    asks,
    context,
    decided_by,
    entered,
    follow,
    sound,
)
from ccstate.journeys.centre import Filled
from ccstate.journeys.flow import Flow
from ccstate.journeys.ways import Event, Place, Way
from ccstate.kinds.fields import seconds
from ccstate.model import Address

OUTSIDE = "ccstate-outside"
RING = "ccstate-ring"


def heard(flow: Flow, prompt: str | None, language: str | None) -> str:
    """The recording of a prompt in a language, or else in its first; "" where it has none."""
    spoken = flow.centre.of("prompt").get(prompt or "", {}).get("languages") or {}
    if not prompt or not spoken:
        return ""
    return sound(prompt, language if language and language in spoken else next(iter(spoken)))


def ringing(duration: str) -> int:
    """Seconds that Dial rings, at least one: it takes 0 for ever (app_dial)."""
    return max(1, seconds(duration))


def compile_tree(compiled: Compiled, flow: Flow, name: str, tree: Filled) -> None:
    """The contexts of one tree."""
    for node, fields in tree["nodes"].items():
        place = Place("ivr", name, node)
        where = Context(compiled, context(place), Address("ivr", name))
        label = fields.get("label")
        where.note(f"{tree.get('label') or name}: {label or node}")
        _NODES[fields["type"]](where, flow, place, fields, tree.get("language"))


def _field(place: Place, name: str) -> str:
    return f"nodes.{place.node}.{name}"


def _play(where: Context, flow: Flow, place: Place, node: Filled, language: str | None) -> None:
    found = heard(flow, node.get("prompt"), language)
    spoken = [Step("Playback", found, _field(place, "prompt"))] if found else []
    where.add("s", [entered(place), *spoken, *follow(place, flow.ways(place)[0])])


def _menu(where: Context, flow: Flow, place: Place, node: Filled, language: str | None) -> None:
    tries = node["retries"] + 1
    again = f"$[${{CC_TRY}} < {tries}]?s,again"
    found = heard(flow, node["prompt"], language)
    wait = str(seconds(node["timeout"]))
    where.add(
        "s",
        [
            entered(place),
            Step("Answer"),
            Step("Set", "CC_TRY=0"),
            Step("Set", "CC_TRY=$[${CC_TRY} + 1]", label="again"),
            *([Step("Background", found, _field(place, "prompt"))] if found else []),
            Step("WaitExten", wait, _field(place, "timeout")),
        ],
    )
    ways = flow.ways(place)
    for way in ways:
        if way.event is Event.KEY:
            where.add(way.key, follow(place, way))
    silence = next(way for way in ways if way.event is Event.SILENCE)
    wrong = next((way for way in ways if way.event is Event.WRONG_KEY), silence)
    retries = Step("GotoIf", again, _field(place, "retries"))
    where.add("t", [retries, *follow(place, silence)])
    where.add("i", [retries, *follow(place, wrong)])


def _hours(where: Context, flow: Flow, place: Place, node: Filled, _: str | None) -> None:
    decided = hours.decide(node["schedule"], _field(place, "schedule"))
    where.add("s", [entered(place), *decided])
    branches(where, place, flow.ways(place))


def _callers(where: Context, flow: Flow, place: Place, _: Filled, __: str | None) -> None:
    asks(where, place, [entered(place)], flow.ways(place))


def _switch(where: Context, flow: Flow, place: Place, node: Filled, _: str | None) -> None:
    where.add("s", [entered(place), *decided_by(node["switch"], _field(place, "switch"))])
    branches(where, place, flow.ways(place))


def branches(where: Context, place: Place, ways: tuple[Way, ...]) -> None:
    """Where a call goes by what its schedule has decided."""
    for way in ways:
        where.add(way.event, follow(place, way))


def _collect(where: Context, flow: Flow, place: Place, node: Filled, language: str | None) -> None:
    ways = flow.ways(place)
    silence = next(way for way in ways if way.event is Event.SILENCE)
    found = heard(flow, node["prompt"], language)
    read = f"CC_KEYS,{found},{node['max_digits']},,1,{seconds(node['timeout'])}"
    # Only keys are in the variable, and of those only digits are an answer.
    enough = (
        f"$[${{LEN(${{CC_KEYS}})}} >= {node['min_digits']} & "
        '"${FILTER(0-9,${CC_KEYS})}" = "${CC_KEYS}"]?digits,1'
    )
    saved = "CC_INPUT_" + "".join(c if c.isalnum() else "_" for c in node["save_as"])
    where.add(
        "s",
        [
            entered(place),
            Step("Answer"),
            Step("Set", "CC_TRY=0"),
            Step("Set", "CC_TRY=$[${CC_TRY} + 1]", label="again"),
            Step("Read", read, _field(place, "prompt")),
            Step("GotoIf", enough, _field(place, "min_digits")),
            Step(
                "GotoIf",
                f"$[${{CC_TRY}} < {node['retries'] + 1}]?again",
                _field(place, "retries"),
            ),
            *follow(place, silence),
        ],
    )
    given = {way.key: way for way in ways if way.event is Event.DIGITS}
    others = given.pop("", None)
    steps = [Step("Set", f"__{saved}=${{CC_KEYS}}", _field(place, "save_as"))]
    for digits, way in given.items():
        # With a letter before, for Asterisk takes 012 and 12 for the same number.
        chosen = f'$["d${{CC_KEYS}}" = "d{digits}"]?choice{digits},1'
        steps.append(Step("GotoIf", chosen, _field(place, "choices")))
        where.add(f"choice{digits}", follow(place, way))
    where.add("digits", [*steps, *(follow(place, others) if others else [Step("Hangup")])])


def _passes(where: Context, flow: Flow, place: Place, _: Filled, __: str | None) -> None:
    where.add("s", [entered(place), *follow(place, flow.ways(place)[0])])


def _queue(where: Context, flow: Flow, place: Place, node: Filled, _: str | None) -> None:
    priority = Step("Set", f"__QUEUE_PRIO={node['priority']}", _field(place, "priority"))
    where.add("s", [entered(place), priority, *follow(place, flow.ways(place)[0])])


def _dial(where: Context, flow: Flow, place: Place, node: Filled, _: str | None) -> None:
    ways = flow.ways(place)
    missed = ways[-1]
    steps = [entered(place)]
    if ways[0].event is Event.ANSWERED:
        ring = ringing(node["ring_for"])
        if number := node.get("number"):
            told = f"{OUTSIDE},s,1({number},{ring})"
        else:
            told = f"{RING},s,1({node['extension']},{ring})"
        steps.append(Step("Gosub", told, _field(place, "extension")))
    where.add("s", [*steps, *follow(place, missed)])


_NODES: Mapping[str, Callable[[Context, Flow, Place, Filled, str | None], None]] = {
    "play": _play,
    "menu": _menu,
    "hours": _hours,
    "callers": _callers,
    "switch": _switch,
    "collect": _collect,
    "goto": _passes,
    "queue": _queue,
    "dial": _dial,
    "voicemail": _passes,
    "hangup": _play,
}
