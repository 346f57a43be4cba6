"""Rules about switches: whether anybody can turn them, and whether that changes anything."""

from collections.abc import Iterator

from ccstate.errors import Severity
from ccstate.model import Address
from ccstate.rules.rule import Estate, Found, Reach, Rule


def _nobody_turns(estate: Estate) -> Iterator[Found]:
    turned = {code.get("switch") for code in estate.of("feature_code").values()}
    for name, switch in estate.of("switch").items():
        if name not in turned:
            yield Found(
                Address("switch", name),
                (),
                f"nobody can turn switch/{name} from a phone",
                f"No feature code turns it, so it stays {switch['default']} unless somebody changes "
                "the platform.",
                f"add a feature code with action: switch and switch: {name}",
            )


def _without_effect(estate: Estate) -> Iterator[Found]:
    asked = set(_asked(estate))
    for name in estate.of("switch"):
        if name not in asked:
            yield Found(
                Address("switch", name),
                (),
                f"switch/{name} changes nothing",
                "No number sends calls elsewhere while it is on, no node of a tree asks it, and no "
                "schedule is closed by it.",
                "let a number, a node or a schedule ask it, or remove it",
            )
    for name, number in estate.of("number").items():
        if number.get("switch") and not number.get("on"):
            yield Found(
                Address("number", name),
                ("switch",),
                f"number/{name} asks switch/{number['switch']}, and calls go the same way",
                "Without on: callers go where they go while the switch is off.",
                "say where callers go while it is on, with on:",
            )


def _asked(estate: Estate) -> Iterator[str]:
    """The switches on which a call or a schedule depends."""
    for number in estate.of("number").values():
        # One that does not say where calls go then has a message of its own.
        if switch := number.get("switch"):
            yield switch
    for schedule in estate.of("schedule").values():
        if switch := schedule.get("closed_by"):
            yield switch
    for tree in estate.of("ivr").values():
        for node in tree["nodes"].values():
            if node["type"] == "switch":
                yield node["switch"]


RULES: tuple[Rule, ...] = (
    Rule(
        "CC274",
        "switch-nobody-turns",
        Severity.WARNING,
        "A switch that nobody can turn from a phone",
        _nobody_turns,
        Reach.UNLABELLED,
    ),
    Rule(
        "CC275",
        "switch-without-effect",
        Severity.WARNING,
        "A switch that changes nothing",
        _without_effect,
        Reach.UNLABELLED,
    ),
)
