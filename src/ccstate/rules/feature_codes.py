"""Rules about feature codes and the switches that they turn."""

from collections.abc import Iterable, Iterator

from ccstate.desired.findings import quote
from ccstate.dialling.routing import Dialling
from ccstate.errors import Severity
from ccstate.journeys.centre import Filled
from ccstate.model import Address
from ccstate.rules.rule import Breach, Estate, Reach, Rule


def _sites(estate: Estate, code: Filled) -> Iterable[str]:
    """Name the sites whose phones may dial a code."""
    return code.get("sites") or sorted(estate.of("site"))


def _emergency_number(estate: Estate) -> Iterator[Breach]:
    for name, code in estate.of("feature_code").items():
        for site in _sites(estate, code):
            country = estate.emergency_calls.country(site)
            if country and code["code"] in country.all_emergency:
                yield Breach(
                    Address("feature_code", name),
                    ("code",),
                    f'feature_code/{name} takes the emergency number "{code["code"]}"',
                    f"A caller who dials it at site/{site} does not reach the emergency services.",
                    "choose another code, such as one that begins with *",
                )
                break


def _takes_route(estate: Estate) -> Iterator[Breach]:
    dialling = Dialling(estate.centre)
    for name, code in estate.of("feature_code").items():
        for site in ("", *_sites(estate, code)):
            if leaves := dialling.leave(site, code["code"]):
                yield Breach(
                    Address("feature_code", name),
                    ("code",),
                    f"feature_code/{name} takes {quote(code['code'])} from outbound_route/{leaves.route}",
                    f"The pattern {quote(leaves.pattern)} carries the same number, and is not asked: "
                    "the code is done first.",
                    "choose a code that no route carries, such as one that begins with *",
                )
                break


def _without_effect(estate: Estate) -> Iterator[Breach]:
    for name, code in estate.of("feature_code").items():
        if lack := _lack(estate, code):
            message, cause, hint = lack
            yield Breach(
                Address("feature_code", name),
                ("action",),
                f"feature_code/{name} {message}",
                cause,
                hint,
            )


def _lack(estate: Estate, code: Filled) -> tuple[str, str, str] | None:
    """Explain why a code has no effect: message, cause and hint; None where it has one."""
    match code["action"]:
        case "log_in" | "log_out":
            verb = code["action"].replace("_", "s ")
            only = code.get("queue")
            if any(_has_dynamic(q) for n, q in estate.of("queue").items() if only in {None, n}):
                return None
            where = f"queue/{only}" if only else "no queue"
            cause = f"{where} has {'no' if only else 'a'} member with login: dynamic."
            return f"{verb} no one", cause[0].upper() + cause[1:], "set login: dynamic on members"
        case "mailbox":
            if any(e.get("voicemail") is not None for e in estate.of("extension").values()):
                return None
            return "opens no mailbox", "No extension has one.", "give an extension a voicemail:"
        case "pick_up":
            if any(e.get("pickup_group") for e in estate.of("extension").values()):
                return None
            hint = "give the extensions a pickup_group:"
            return "picks up no call", "No extension is in a pickup group.", hint
        case _:
            return None


def _has_dynamic(queue: Filled) -> bool:
    return any(member["login"] == "dynamic" for member in queue.get("members") or ())


def _nobody_turns(estate: Estate) -> Iterator[Breach]:
    turned = {code.get("switch") for code in estate.of("feature_code").values()}
    for name, switch in estate.of("switch").items():
        if name not in turned:
            yield Breach(
                Address("switch", name),
                (),
                f"no phone can turn switch/{name} from a phone",
                f"No feature code turns it, so it stays {switch['default']} unless an administrator changes "
                "the platform.",
                f"add a feature code with action: switch and switch: {name}",
            )


def _switch_without_effect(estate: Estate) -> Iterator[Breach]:
    asked = set(_asked_switches(estate))
    for name in estate.of("switch"):
        if name not in asked:
            yield Breach(
                Address("switch", name),
                (),
                f"switch/{name} changes nothing",
                "No number sends calls elsewhere while it is on, no node of a tree asks it, and no "
                "schedule is closed by it.",
                "let a number, a node or a schedule ask it, or remove it",
            )
    for name, number in estate.of("number").items():
        if number.get("switch") and not number.get("on"):
            yield Breach(
                Address("number", name),
                ("switch",),
                f"number/{name} asks switch/{number['switch']}, and calls go the same way",
                "Without on: callers go where they go while the switch is off.",
                "say where callers go while it is on, with on:",
            )


def _asked_switches(estate: Estate) -> Iterator[str]:
    """Name the switches on which a call or a schedule depends."""
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
        "CC271",
        "code-is-emergency-number",
        Severity.ERROR,
        "A feature code that is an emergency number",
        _emergency_number,
        Reach.UNLABELLED,
    ),
    Rule(
        "CC272",
        "code-takes-route",
        Severity.WARNING,
        "A feature code that an outbound route would carry",
        _takes_route,
        Reach.UNLABELLED,
    ),
    Rule(
        "CC273",
        "code-without-effect",
        Severity.WARNING,
        "A feature code that has no effect",
        _without_effect,
        Reach.UNLABELLED,
    ),
    Rule(
        "CC274",
        "switch-nobody-turns",
        Severity.WARNING,
        "A switch that no phone can turn",
        _nobody_turns,
        Reach.UNLABELLED,
    ),
    Rule(
        "CC275",
        "switch-without-effect",
        Severity.WARNING,
        "A switch that changes nothing",
        _switch_without_effect,
        Reach.UNLABELLED,
    ),
)
