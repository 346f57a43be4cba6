"""Feature codes: what a phone can dial to do something, and the subroutines that do it.

Who dials is known by CC_EXTENSION, which its endpoint sets; so no code needs a number or a PIN of
an agent. Agents who log in are members of app_queue, which AddQueueMember and RemoveQueueMember
change (16 and 22); the file of queues does not name them.
"""

from collections.abc import Iterator, Sequence

from ccstate.adapters.asterisk.entries import MAILBOXES, Compiled, Context, Step
from ccstate.adapters.asterisk.kind import COMMENT, Kind, Sections, Steps, Unit, in_contexts
from ccstate.adapters.asterisk.kinds.extension import HINTS
from ccstate.adapters.asterisk.kinds.queue import logins
from ccstate.adapters.asterisk.kinds.ringing import SETS_FORWARDING, SILENCED, forwarding_steps
from ccstate.adapters.asterisk.kinds.switch import device_of, key_of
from ccstate.adapters.asterisk.places import GOTO, INTERNAL, POSITION, PREFIX, context, site_context
from ccstate.adapters.asterisk.rows import UNCLEAR, Decoded, Template, decoded
from ccstate.journeys.centre import Centre, Filled
from ccstate.journeys.staffing import ringing
from ccstate.journeys.ways import Place
from ccstate.model import Json

EVERY = "ccstate-logins"
"""The subroutine that does something in every queue in which agents log in."""
MEMBER = "ccstate-member"
"""The subroutine that logs the caller in to, or out of, one queue."""
DEVICE = "PJSIP/${CC_EXTENSION}"

IN_EVERY = Template("Gosub", f"{EVERY},s,1(<action>)")
IN_ONE = Template("Gosub", f"{MEMBER},s,1(<action>,<queue>,<logins>)")
PAUSES = Template("PauseQueueMember", f",{DEVICE}")
PAUSES_WHY = Template("PauseQueueMember", f",{DEVICE},,${{URIDECODE(<reason>)}}")
UNPAUSES = Template("UnpauseQueueMember", f",{DEVICE}")
HEARS = Template("VoiceMailMain", f"${{CC_EXTENSION}}@{MAILBOXES}")
PICKS_UP = Template("Pickup")
PARKS = Template("Park", "<parking_lot>")
SILENCES = Template("Set", f"DB({SILENCED}${{CC_EXTENSION}})=<position>")
TURNS = Template("Set", f"DB({key_of('<switch>')})=<position>")


def compile_feature_code(unit: Unit) -> None:
    """Compile one code: where it is dialled, what it does, and the lamp that shows it."""
    code, sites = unit.fields, unit.fields.get("sites")
    for dialled in map(site_context, sites) if sites else (INTERNAL,):
        leads = GOTO.step("code", context=context(unit.place), extension="s")
        # Asterisk tells who transfers a call to Park() the slot where that is the first step.
        lot = code.get("parking_lot") if code["action"] == "park" else None
        parks = [PARKS.step("parking_lot", parking_lot=lot)] if lot else []
        unit.context(dialled).add(code["code"], [*parks, leads])
    unit.entrance().add("s", _steps(code))
    if code["action"] == "switch" and (switch := code.get("switch")):
        unit.context(HINTS).hint(code["code"], device_of(switch))


SOUND_WHEN_DONE = {
    "log_in": "agent-loginok",
    "log_out": "agent-loggedoff",
    "pause": "activated",
    "unpause": "de-activated",
}
SOUND_WHEN_REFUSED = "beeperr"


def _outcome_steps(question: str, action: str) -> list[Step]:
    """Play one sound for success, another for failure."""
    return [
        Step("GotoIf", f"$[{question}]?done"),
        Step("Playback", SOUND_WHEN_REFUSED),
        Step("Hangup"),
        Step("Playback", SOUND_WHEN_DONE[action], label="done"),
        Step("Hangup"),
    ]


def _steps(code: Filled) -> list[Step]:
    """Return the steps of a code, by its action."""
    match code["action"]:
        case "log_in" | "log_out" as action:
            return _login_steps(action, code.get("queue"))
        case "pause":
            reason = code.get("reason")
            why = PREFIX.encode(reason) if reason else ""
            pauses = PAUSES_WHY.step("reason", reason=why) if why else PAUSES.step()
            return [Step("Answer"), pauses, *_outcome_steps('"${PQMSTATUS}" = "PAUSED"', "pause")]
        case "unpause":
            ended = _outcome_steps('"${UPQMSTATUS}" = "UNPAUSED"', "unpause")
            return [Step("Answer"), UNPAUSES.step(), *ended]
        case "mailbox":
            return [Step("Answer"), HEARS.step(), Step("Hangup")]
        case "pick_up":
            return [PICKS_UP.step(), Step("Hangup")]
        case "park":
            return [Step("Playback", "pbx-parkingfailed"), Step("Hangup")]
        case "do_not_disturb":
            is_on = Step("GotoIf", f'$["${{DB({SILENCED}${{CC_EXTENSION}})}}" = "on"]?off')
            return _toggle_steps([is_on], SILENCES, "action")
        case "forward":
            return forwarding_steps(code)
        case "switch" if switch := code.get("switch"):
            asks = [
                POSITION.step("switch", switch=switch),
                Step("GotoIf", '$["${GOSUB_RETVAL}" = "on"]?off'),
            ]
            lamp = f"DEVICE_STATE({device_of(switch)})"
            return _toggle_steps(asks, TURNS, "switch", lamp, switch=switch)
        case _:
            return [Step("Hangup")]


def _login_steps(action: str, queue: str | None) -> list[Step]:
    logs = (
        IN_ONE.step("queue", action=action, queue=queue, logins=logins(queue))
        if queue
        else IN_EVERY.step("action", action=action)
    )
    # Only its own outcome counts: phones may dial on after a transfer.
    enter = [Step("Answer"), Step("Set", "CC_DONE=0")]
    return [*enter, logs, *_outcome_steps('"${CC_DONE}" = "1"', action)]


def _toggle_steps(
    asks: Sequence[Step], turn: Template, field: str, lamp: str = "", **values: str
) -> list[Step]:
    """Turns something on, or off where it is on; `lamp` is the state of the device that shows it."""

    def turned(position: str, shows: str, sound: str, label: str = "") -> Iterator[Step]:
        yield turn.step(field, label, position=position, **values)
        if lamp:
            yield Step("Set", f"{lamp}={shows}", field)
        yield Step("Playback", sound)
        yield Step("Hangup")

    on, off = turned("on", "INUSE", "activated"), turned("off", "NOT_INUSE", "de-activated", "off")
    return [Step("Answer"), *asks, *on, *off]


def compile_logins(compiled: Compiled, centre: Centre) -> None:
    """Compile the subroutines that log agents in and out; none where no code does."""
    actions = {code["action"] for code in centre.of("feature_code").values()}
    if actions.isdisjoint({"log_in", "log_out"}):
        return
    queues = [
        name
        for name, queue in sorted(centre.of("queue").items())
        if any(agent.is_dynamic for agent in ringing(centre, queue))
    ]
    each = (Step("Gosub", f"{MEMBER},s,1(${{ARG1}},{name},{logins(name)})") for name in queues)
    every = Context(compiled, EVERY)
    every.note("Every queue in which somebody logs in")
    every.add("s", [*each, Step("Return")])
    where = Context(compiled, MEMBER)
    where.note("Logs the caller in to a queue, or out of it, where it lists them")
    where.add(
        "s",
        [
            # `-` means nothing in an extension, see `logins`.
            Step("Gosub", "${ARG3},~${REPLACE(CC_EXTENSION,-,~)},1"),
            Step("GotoIf", '$["${GOSUB_RETVAL}" != ""]?${ARG1},1'),
            Step("Return"),
        ],
    )
    penalty, member = (f"${{CUT(GOSUB_RETVAL,/,{part})}}" for part in (1, 2))
    where.add(
        "log_in",
        [
            Step("AddQueueMember", f"${{ARG2}},{DEVICE},{penalty},,{member},{DEVICE}"),
            *_note_steps("AQMSTATUS", "ADDED", "MEMBERALREADY"),
        ],
    )
    where.add(
        "log_out",
        [
            Step("RemoveQueueMember", f"${{ARG2}},{DEVICE}"),
            *_note_steps("RQMSTATUS", "REMOVED", "NOTINQUEUE"),
        ],
    )


def _note_steps(status: str, *good: str) -> list[Step]:
    question = " | ".join(f'"${{{status}}}" = "{word}"' for word in good)
    return [
        Step("GotoIf", f"$[{question}]?done"),
        Step("Return"),
        Step("Set", "CC_DONE=1", label="done"),
        Step("Return"),
    ]


def decode_feature_code(sections: Sections, name: str) -> Decoded:
    """Decode the code, where it may be dialled, and what it does."""
    place = Place("feature_code", name)
    dialled = {site: (code, steps) for site, code, steps in _dialled_at(sections, place)}
    code, first = next(iter(dialled.values()), (None, ()))
    steps = sections.context(context(place)).get("s", ())
    sites: list[Json] = [site for site in sorted(dialled) if site]
    return {
        ("code",): code,
        ("sites",): sites or None,
        **_decoded_action([*first, *steps]),
    }


def _dialled_at(sections: Sections, place: Place) -> Iterator[tuple[str, str, Steps]]:
    """Sites at which a code is dialled, "" for all, each with the code and its steps."""
    contexts = [("", INTERNAL), *((s, site_context(s)) for s in sections.centre.of("site"))]
    for site, name in contexts:
        for extension, steps in sections.context(name).items():
            if GOTO.find(steps).get("context") == context(place):
                yield site, extension, steps


def _decoded_action(steps: Steps) -> Decoded:
    """Decode the action of steps; fields that the action does not need stay unclear."""
    unclear: Json = UNCLEAR
    found: dict[str, Json] = dict.fromkeys(("queue", "reason", "switch", "parking_lot"), unclear)
    if (every := IN_EVERY.find(steps).get("action")) is not None:
        found |= {"action": every, "queue": None}
    elif (one := IN_ONE.find(steps)).get("action"):
        found |= {"action": one["action"], "queue": one["queue"]}
    elif (why := PAUSES_WHY.find(steps).get("reason")) is not None:
        found |= {"action": "pause", "reason": decoded(PREFIX, why)}
    elif PAUSES.is_in(steps):
        found |= {"action": "pause", "reason": None}
    elif (switch := TURNS.find(steps).get("switch")) is not None:
        found |= {"action": "switch", "switch": switch}
    elif (lot := PARKS.find(steps).get("parking_lot")) is not None:
        found |= {"action": "park", "parking_lot": lot}
    else:
        simple = {
            "unpause": UNPAUSES, "mailbox": HEARS, "pick_up": PICKS_UP, "do_not_disturb": SILENCES,
            "forward": SETS_FORWARDING,
        }  # fmt: skip
        found["action"] = next((a for a, t in simple.items() if t.is_in(steps)), unclear)
    return {(field,): value for field, value in found.items()}


FEATURE_CODE = Kind(
    name="feature_code",
    compile=compile_feature_code,
    decode=decode_feature_code,
    names=in_contexts("feature_code/"),
    mapped="code action queue reason switch parking_lot sites",
    kept={"label": COMMENT},
)
