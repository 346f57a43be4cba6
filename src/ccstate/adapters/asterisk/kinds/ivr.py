"""IVR trees: one context a node."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ccstate.adapters.asterisk.entries import Context, Step
from ccstate.adapters.asterisk.kind import COMMENT, Kind, Sections, Steps, Unit, in_contexts, target
from ccstate.adapters.asterisk.kinds.schedule import decoded_schedule, schedule_steps
from ccstate.adapters.asterisk.places import (
    ASKS,
    LISTED,
    PLAYBACK,
    POSITION,
    SOUND,
    add_branches,
    add_caller_lists,
    context,
    enter_step,
    follow,
    prompt_sound,
    switch_steps,
)
from ccstate.adapters.asterisk.rows import (
    COUNT,
    SECONDS,
    TEXT,
    UNCLEAR,
    Codec,
    Decoded,
    Template,
    decoded,
    whole_number,
)
from ccstate.journeys.centre import Filled
from ccstate.journeys.flow import Flow
from ccstate.journeys.ways import KEYS, Event, Place, Transition
from ccstate.kinds.fields import seconds
from ccstate.kinds.ivr import Dial
from ccstate.model import Json

OUTSIDE = "ccstate-outside"
RING = "ccstate-ring"
RETRIES = Codec(lambda value: str(value + 1), lambda text: whole_number(text) - 1)
# Dial takes 0 seconds for ever (app_dial).
RING_SECONDS = Codec(lambda duration: str(max(1, seconds(duration))), SECONDS.decode)

BACKGROUND = Template("Background", "<prompt>", prompt=SOUND)
WAIT = Template("WaitExten", "<timeout>", timeout=SECONDS)
AGAIN = Template("GotoIf", "$[${CC_TRY} < <retries>]?s,again", retries=RETRIES)
READ = Template(
    "Read",
    "CC_KEYS,<prompt>,<max_digits>,,1,<timeout>",
    prompt=SOUND,
    max_digits=COUNT,
    timeout=SECONDS,
)
# Only keys are in the variable, and of those only digits are an answer.
ENOUGH = Template(
    "GotoIf",
    '$[${LEN(${CC_KEYS})} >= <min_digits> & "${FILTER(0-9,${CC_KEYS})}" = "${CC_KEYS}"]?digits,1',
    min_digits=COUNT,
)
ASK_AGAIN = Template("GotoIf", "$[${CC_TRY} < <retries>]?again", retries=RETRIES)
SAVE = Template("Set", "__CC_INPUT_<name>=${CC_KEYS}")
CHOICE = "choice"
# With a letter before, for Asterisk takes 012 and 12 for the same number.
CHOSEN = Template("GotoIf", f'$["d${{CC_KEYS}}" = "d<digits>"]?{CHOICE}<also>,1')
PRIORITY = Template("Set", "__QUEUE_PRIO=<priority>", priority=COUNT)
RINGS = Template("Gosub", f"{RING},s,1(<extension>,<ring_for>)", ring_for=RING_SECONDS)
CALLS = Template("Gosub", f"{OUTSIDE},s,1(<number>,<ring_for>)", ring_for=RING_SECONDS)


def compile_tree(unit: Unit) -> None:
    """Compile the contexts of one tree, and its number inside."""
    tree = unit.fields
    for name, fields in tree["nodes"].items():
        place = Place("ivr", unit.name, name)
        where = unit.context(context(place))
        where.note(f"{unit.label}: {fields.get('label') or name}")
        _compile_node(_Node(where, unit.flow, place, fields, tree.get("language")))
    unit.inside(tree.get("extension"), unit.flow.entrance(unit.address))


@dataclass(frozen=True, slots=True)
class _Node:
    """One node with its context."""

    where: Context
    flow: Flow
    place: Place
    fields: Filled
    language: str | None

    @property
    def ways(self) -> Sequence[Transition]:
        return self.flow.ways(self.place)

    def way(self, event: Event) -> Transition | None:
        return next((way for way in self.ways if way.event is event), None)

    def path(self, field: str) -> str:
        return f"nodes.{self.place.node}.{field}"

    def follow(self, way: Transition) -> list[Step]:
        return follow(self.place, way)

    def start(self, *steps: Step) -> None:
        """Adds the steps of a call that enters."""
        self.where.add("s", [enter_step(self.place), *steps])

    def step(self, template: Template, *fields: str, label: str = "") -> Step:
        """Return the step that says fields, one by one or all of the node."""
        path = self.path(fields[0]) if len(fields) == 1 else f"nodes.{self.place.node}"
        return template.step(path, label, **{field: self.fields[field] for field in fields})

    def sound(self) -> str:
        return prompt_sound(self.flow, self.fields.get("prompt"), self.language)

    def spoken(self, template: Template) -> list[Step]:
        """Return the step that plays the prompt, where it has a recording."""
        sound = self.sound()
        return [template.step(self.path("prompt"), prompt=sound)] if sound else []


def _compile_node(node: _Node) -> None:
    fields, ways = node.fields, node.ways
    match fields["type"]:
        case "menu":
            _compile_menu(node)
        case "collect":
            _compile_question(node)
        case "hours":
            node.start(*schedule_steps(fields["schedule"], node.path("schedule")))
            add_branches(node.where, node.place, ways)
        case "switch":
            node.start(*switch_steps(fields["switch"], node.path("switch")))
            add_branches(node.where, node.place, ways)
        case "callers":
            add_caller_lists(node.where, node.place, [enter_step(node.place)], ways)
        case "queue":
            node.start(node.step(PRIORITY, "priority"), *node.follow(ways[0]))
        case "dial":
            rings = []
            if ways[0].event is Event.ANSWERED:
                is_outside = bool(fields.get("number"))
                template, who = (CALLS, "number") if is_outside else (RINGS, "extension")
                rings.append(node.step(template, who, "ring_for"))
            node.start(*rings, *node.follow(ways[-1]))
        case _:
            node.start(*node.spoken(PLAYBACK), *node.follow(ways[0]))


_TRIES = (
    Step("Answer"),
    Step("Set", "CC_TRY=0"),
    Step("Set", "CC_TRY=$[${CC_TRY} + 1]", label="again"),
)


def _compile_menu(node: _Node) -> None:
    node.start(*_TRIES, *node.spoken(BACKGROUND), node.step(WAIT, "timeout"))
    for way in node.ways:
        if way.event is Event.KEY:
            node.where.add(way.key, node.follow(way))
    silence = node.way(Event.SILENCE)
    for extension, leads in (("t", silence), ("i", node.way(Event.WRONG_KEY) or silence)):
        if leads:
            node.where.add(extension, [node.step(AGAIN, "retries"), *node.follow(leads)])


def _compile_question(node: _Node) -> None:
    fields, silence = node.fields, node.way(Event.SILENCE)
    reads = {"max_digits": fields["max_digits"], "timeout": fields["timeout"]}
    node.start(
        *_TRIES,
        READ.step(f"nodes.{node.place.node}", prompt=node.sound(), **reads),
        node.step(ENOUGH, "min_digits"),
        node.step(ASK_AGAIN, "retries"),
        *(node.follow(silence) if silence else ()),
    )
    given = {way.key: way for way in node.ways if way.event is Event.DIGITS}
    others = given.pop("", None)
    steps = [SAVE.step(node.path("save_as"), name=_variable(fields["save_as"]))]
    for digits, way in given.items():
        steps.append(CHOSEN.step(node.path("choices"), digits=digits, also=digits))
        node.where.add(f"{CHOICE}{digits}", node.follow(way))
    node.where.add("digits", [*steps, *(node.follow(others) if others else [Step("Hangup")])])


def _variable(name: str) -> str:
    return "".join(c if c.isalnum() else "_" for c in name)


def decode_tree(sections: Sections, name: str) -> Decoded:
    """Decode the fields that the contexts of a tree, and its number inside, say."""
    found: Decoded = {}
    recorded = sections.centre.of("ivr").get(name, {}).get("nodes") or {}
    for node in sections.contexts(f"ivr/{name}/"):
        steps = sections.context(f"ivr/{name}/{node}")
        fields = _decoded_node(sections, name, steps, recorded.get(node, {}))
        found |= {("nodes", node, *path): value for path, value in fields.items()}
    number, start = next(sections.numbers("ivr", name), (None, None))
    found["extension",] = number
    found["start",] = start.node if start else sections.entered_at(name) or UNCLEAR
    return found


_RINGS_FOR = Dial.model_fields["ring_for"].default
"""How long a node rings that does not say it; of a new one it is left out."""


def _decoded_node(
    sections: Sections, tree: str, steps: Mapping[str, Steps], was: Filled
) -> Decoded:
    """Decode the fields of one node; its kind by the steps that only such a node has.

    Nodes that only pass a call on look alike: then it is what it was (`was`), if that can be.
    """
    start = steps.get("s", ())
    leads = sections.leads(start, tree)
    fields: Mapping[str, Any]
    if WAIT.is_in(start):
        fields = {"type": "menu", **_decoded_menu(sections, tree, steps)}
        keys: Decoded = {
            ("choices", key): sections.leads(steps[key], tree) for key in KEYS if key in steps
        }
        fields |= _decoded_dialling(sections, steps, was)
        return keys | {(name,): value for name, value in fields.items()}
    if READ.is_in(start):
        fields = {"type": "collect", **_decoded_collect(sections, tree, steps, was)}
        chosen = {e.removeprefix(CHOICE): s for e, s in steps.items() if e.startswith(CHOICE)}
        digits: Decoded = {("choices", d): sections.leads(s, tree) for d, s in chosen.items()}
        return digits | {(name,): value for name, value in fields.items()}
    if schedule := decoded_schedule(start):
        fields = {"type": "hours", "schedule": schedule, **decoded_branches(sections, steps, tree)}
    elif switch := POSITION.find(start).get("switch"):
        turned = {way: sections.leads(steps.get(way, ()), tree) for way in ("on", "off")}
        fields = {"type": "switch", "switch": switch, **turned}
    elif ASKS.is_in(start):
        callers = decoded_callers(sections, steps, tree)
        fields = {"type": "callers", "callers": callers, "others": leads}
    elif PRIORITY.is_in(start):
        fields = {"type": "queue", "queue": _target_name(start, "queue"), **PRIORITY.values(start)}
    elif RINGS.is_in(start) or CALLS.is_in(start):
        ring = RINGS if RINGS.is_in(start) else CALLS
        fields = {"extension": None, "number": None, "on_no_answer": leads, **ring.values(start)}
        fields["type"] = "dial"
        if not was and fields["ring_for"] == _RINGS_FOR:
            fields = {name: value for name, value in fields.items() if name != "ring_for"}
    else:
        fields = _decoded_passing(start, leads, str(was.get("type", "")))
    return {(name,): value for name, value in fields.items()}


def _decoded_passing(steps: Steps, leads: Json, was: str) -> dict[str, Json]:
    """Decode a node that plays a prompt, or nothing, and passes the call on or ends it."""
    prompt = PLAYBACK.values(steps)["prompt"]
    mailbox = _target_name(steps, "extension", "voicemail")
    if was == "dial":  # its extension has no device
        return {"type": "dial", "extension": UNCLEAR, "on_no_answer": leads}
    if leads == "hangup" and was not in {"play", "goto"}:
        return {"type": "hangup", "prompt": prompt}
    if prompt is not None or was == "play":
        return {"type": "play", "prompt": UNCLEAR if prompt is None else prompt, "then": leads}
    if mailbox is not UNCLEAR and was != "goto":
        return {"type": "voicemail", "mailbox": mailbox}
    return {"type": "goto", "to": leads}


def _target_name(steps: Steps, kind: str, node: str = "") -> Json:
    """Return the name of what steps lead to, if it is of that kind."""
    places = [place for step in steps if (place := target(step))]
    name: Json = UNCLEAR
    if places and (places[-1].kind, places[-1].node) == (kind, node):
        name = places[-1].name
    return name


def _decoded_menu(sections: Sections, tree: str, steps: Mapping[str, Steps]) -> dict[str, Json]:
    start, silence = steps["s"], steps.get("t", ())
    on_timeout = sections.leads(silence, tree)
    on_invalid = sections.leads(steps.get("i", ()), tree)
    return {
        **WAIT.values(start),
        **AGAIN.values(silence),
        # It is not heard where it has no recording.
        "prompt": BACKGROUND.values(start)["prompt"] or UNCLEAR,
        "on_timeout": on_timeout,
        "on_invalid": None if on_invalid == on_timeout else on_invalid,
    }


def _decoded_dialling(
    sections: Sections, steps: Mapping[str, Steps], was: Filled
) -> dict[str, Json]:
    """Whether extensions may be dialled in a menu, and of which sites."""
    dialled = {extension for extension in steps if extension.isdecimal() and len(extension) > 1}
    sites: Json = UNCLEAR
    if dialled:
        flow = Flow(sections.centre)
        known = [[site] for site in sorted(sections.centre.of("site"))]
        for chosen in (was.get("dial_sites"), None, *known):
            if set(flow.dialled_extensions(chosen)) == dialled:
                sites = None if chosen is None else [*chosen]
                break
    return {"dial_extensions": bool(dialled), "dial_sites": sites}


def _decoded_collect(
    sections: Sections, tree: str, steps: Mapping[str, Steps], was: Filled
) -> dict[str, Json]:
    start, digits = steps["s"], steps.get("digits", ())
    variable, name = SAVE.find(digits).get("name"), str(was.get("save_as") or "")
    return {
        **READ.values(start),
        **ENOUGH.values(start),
        **ASK_AGAIN.values(start),
        "save_as": name if variable == _variable(name) else decoded(TEXT, variable),
        "then": sections.leads(digits, tree),
        "on_timeout": sections.leads(start, tree),
    }


def decoded_callers(sections: Sections, steps: Mapping[str, Steps], tree: str = "") -> Json:
    """Decode the lists that are asked in turn, and where each leads its callers."""
    lists = [found["list"] for step in steps.get("s", ()) if (found := ASKS.read(step))]
    return [
        {"list": name, "to": sections.leads(steps.get(f"{LISTED}{number}", ()), tree)}
        for number, name in enumerate(lists)
    ]


def decoded_branches(
    sections: Sections, steps: Mapping[str, Steps], tree: str = ""
) -> dict[str, Json]:
    """Where calls go by a schedule, as `open`, `closed` and `holiday`."""
    found = {phase: sections.leads(steps.get(phase, ()), tree) for phase in ("open", "closed")}
    holiday = sections.leads(steps.get("holiday", ()), tree)
    return {**found, "holiday": None if holiday == found["closed"] else holiday}


_MAPPED = {
    "play": "prompt then",
    "menu": "prompt choices timeout retries on_timeout on_invalid dial_extensions dial_sites",
    "hours": "schedule open closed holiday",
    "callers": "callers.*.list callers.*.to others",
    "switch": "switch on off",
    "collect": "prompt choices then save_as min_digits max_digits timeout retries on_timeout",
    "goto": "to",
    "queue": "queue priority",
    "dial": "extension number ring_for on_no_answer",
    "voicemail": "mailbox",
    "hangup": "prompt",
}
"""The fields of each type of node."""
_SPOKEN = "every prompt stands in the dialplan as the sound of the language that it has"
IVR = Kind(
    name="ivr",
    compile=compile_tree,
    decode=decode_tree,
    names=in_contexts("ivr/"),
    mapped=" ".join(
        [
            "extension start",
            *(f"nodes.*.{node}.{field}" for node in _MAPPED for field in _MAPPED[node].split()),
        ]
    ),
    kept={
        "label": COMMENT,
        "language": _SPOKEN,
        **{f"nodes.*.{node}.label": COMMENT for node in _MAPPED},
    },
)
