"""What Asterisk would refuse, cut, or accept in silence and never do: reported before a write.

Asterisk reports little of it while it loads: a name longer than its `char[80]` loses its end, a PIN
of letters cannot be typed, a secret loses the blanks at its ends, a duration overflows. Limits are
in bytes of UTF-8; seen on 16.28 and 22.10, but for PINs and durations, which were read.

Asterisk loads a dialplan whose applications it does not have, and says so only when a call comes to
such a step. Modules that read a file of ccstate's are not named: an apply loads them itself.
"""

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import NamedTuple

from ccstate import kinds
from ccstate.adapters.asterisk import codes
from ccstate.adapters.asterisk.ami import Ami, Forbidden, Refused, action_forbidden
from ccstate.adapters.asterisk.conf import resolved
from ccstate.adapters.asterisk.entries import DIALPLAN, PJSIP, Compiled, used_files
from ccstate.adapters.asterisk.handwritten import MAIN, Handwritten, conflicts, setup_problems
from ccstate.adapters.asterisk.kinds.conference_room import PINS
from ccstate.adapters.asterisk.kinds.extension import display_name, emergency_location, mailbox_text
from ccstate.adapters.asterisk.perform import Draft
from ccstate.adapters.asterisk.rows import at
from ccstate.adapters.asterisk.storage import problem
from ccstate.adapters.asterisk.unmanaged import out_of_reach
from ccstate.drafts import CHANGED
from ccstate.errors import Code, Diagnostic, Span
from ccstate.journeys.centre import Centre, Filled
from ccstate.journeys.staffing import Agent, Lack, agents
from ccstate.kinds.fields import seconds
from ccstate.kinds.shape import Path
from ccstate.model import UNSEEN_SEAL, Address, Change, Fields

LONGEST_NAME = 79
"""Of a section, a queue, a member, a class of music, a mailbox."""
LONGEST_SHOWN = 79
"""Of a name that phones show, and of the name of a mailbox."""
LONGEST_VARIABLE = 511
"""Of a variable of an endpoint, as a call gets it."""
LONGEST_SECRET = 8_000
"""Bytes, with semicolons counted twice: a line of a file has 8,191 (main/config.c)."""
LONGEST_PIN = 78
"""Digits of a PIN that can be typed: app_voicemail reads as many."""
LONGEST = 2_147_483
"""Seconds, nearly 25 days: Asterisk counts milliseconds in an `int`."""
PREFIXES: Mapping[str, str] = {"extension": "PJSIP/", "trunk": "trunk-", "queue": "", "user": ""}
"""The prefix of a name where Asterisk stores it."""


class Refusal(NamedTuple):
    """The object, the dotted path of its field ("" for its name), and what is wrong with it."""

    address: Address
    field: str
    problem: Diagnostic


def refusals(objects: Mapping[Address, Fields]) -> list[Refusal]:
    """Find everything about the objects that Asterisk would not take as it is meant.

    Secrets in the objects are the secrets themselves; no message repeats them.
    """
    centre = Centre(objects)
    checks = (_names, _texts, _secrets, _durations, _numbers, _members)
    return [refusal for check in checks for refusal in check(centre)]


def _refusal(kind: str, name: str, path: Path, code: Code, **values: object) -> Refusal:
    address, field = Address(kind, name), ".".join(map(str, path))
    where = f"{address}: {field}" if field else str(address)
    return Refusal(address, field, code(where=where, **values))


def _names(centre: Centre) -> Iterator[Refusal]:
    for kind, prefix in PREFIXES.items():
        for name in centre.of(kind):
            held, left = prefix + name, LONGEST_NAME - len(prefix)
            if len(held) > LONGEST_NAME:
                values = {"held": held[:12], "most": LONGEST_NAME, "left": left}
                yield _refusal(kind, name, (), codes.NAME_TOO_LONG, **values)
            if why := _name_conflict(centre, kind, name):
                yield _refusal(kind, name, (), codes.NAME_TAKEN, why=why)
    for kind in ("queue", "conference_room", "parking_lot"):
        for name, fields in centre.of(kind).items():
            if len(fields.get("music") or "") > LONGEST_NAME:
                yield _refusal(kind, name, ("music",), codes.MUSIC_TOO_LONG, most=LONGEST_NAME)


def _name_conflict(centre: Centre, kind: str, name: str) -> str:
    """Say why an object cannot have that name; "" where it can."""
    trunk = name.removeprefix("trunk-")
    match kind:
        case "queue" if name == "general":
            return "In queues.conf [general] holds the settings of all queues."
        case "queue" if name.startswith("ccstate-rev"):
            return "A queue of that name marks what Asterisk has loaded."
        case "extension" if name == "anonymous":
            return "Asterisk takes that endpoint for every caller whom it does not know."
        case "extension" if name.startswith("ccstate-"):
            return "Names that begin so are those of ccstate's own objects."
        case "extension" if trunk != name and trunk in centre.of("trunk"):
            return f"The endpoint of trunk/{trunk} has that name."
    return ""


def _texts(centre: Centre) -> Iterator[Refusal]:
    for name, extension in centre.of("extension").items():
        # The name that phones and the mailbox show is that of the user, where there is one.
        owner = (centre.owners.get(name) or ("",))[0]
        kind, field = ("user", "name") if owner else ("extension", "label")
        text = mailbox_text(display_name(centre, name, extension))
        yield from _text(kind, owner or name, (field,), text, LONGEST_SHOWN)
        caller = (extension.get("caller_id") or {}).get("name") or ""
        yield from _text("extension", name, ("caller_id", "name"), caller, LONGEST_VARIABLE)
        if len(emergency_location(centre, name).encode()) > LONGEST_VARIABLE:
            most = LONGEST_VARIABLE
            yield _refusal("extension", name, ("site",), codes.LOCATION_TOO_LONG, most=most)
    for name, trunk in centre.of("trunk").items():
        account, path = str(trunk.get("username") or ""), ("username",)
        if set(account) & set('"\\'):
            yield _refusal("trunk", name, path, codes.ACCOUNT_QUOTED)
        elif account != account.strip(" "):
            yield _refusal("trunk", name, path, codes.BLANKS_AT_ENDS)


def _text(kind: str, name: str, path: Path, text: str, most: int) -> Iterator[Refusal]:
    size = len(text.encode())
    if text != text.strip(" "):
        yield _refusal(kind, name, path, codes.BLANKS_AT_ENDS)
    elif size > most:
        yield _refusal(kind, name, path, codes.TEXT_TOO_LONG, size=size, most=most)


def _secrets(centre: Centre) -> Iterator[Refusal]:
    for kind in ("extension", "trunk"):
        for name, fields in centre.of(kind).items():
            if (secret := fields.get("secret")) is not None and (why := _secret_fault(str(secret))):
                yield _refusal(kind, name, ("secret",), codes.SECRET_REFUSED, why=why)
    for name, extension in centre.of("extension").items():
        yield from _pin("extension", name, ("voicemail", "pin"), extension)
    for name, room in centre.of("conference_room").items():
        for field in PINS:
            yield from _pin("conference_room", name, (field,), room)
        if room.get("pin") and room.get("pin") == room.get("moderator_pin"):
            yield _refusal("conference_room", name, ("moderator_pin",), codes.PIN_TWICE)


def _secret_fault(secret: str) -> str:
    """Say what is wrong with a SIP password; "" where nothing is."""
    if not secret:
        return "It is empty."
    if any(char < " " or char == "\x7f" for char in secret):
        return "There is a control character in it, perhaps the end of a line."
    if secret != secret.strip(" "):
        return "There are blanks at its ends, which Asterisk takes away."
    try:
        size = len(secret.replace(";", "\\;").encode())
    except UnicodeEncodeError:
        return "It is not UTF-8."
    return "It is longer than a line of Asterisk's files." if size > LONGEST_SECRET else ""


def _pin(kind: str, name: str, path: tuple[str, ...], fields: Filled) -> Iterator[Refusal]:
    """Refuse a PIN of a mailbox, or of a conference room, that cannot be typed."""
    pin = at(fields, path)
    if pin is not None and not re.fullmatch(rf"[0-9]{{1,{LONGEST_PIN}}}", str(pin)):
        yield _refusal(kind, name, path, codes.PIN_REFUSED, most=LONGEST_PIN)


_NEVER = "Asterisk would never say it."
_DURATIONS: Mapping[str, Mapping[tuple[str, ...], str]] = {
    "extension": {("ring_for",): ""},
    "ring_group": {("ring_for",): ""},
    "queue": {
        ("ring_for",): "Asterisk would ring without end.",
        ("retry",): "Asterisk would wait for 5 seconds.",
        ("wrap_up",): "",
        ("service_level", "within"): "",
        ("overflow", "after"): "",
        ("announcements", "every"): _NEVER,
        ("announcements", "periodic_every"): _NEVER,
    },
}
"""Fields with a duration, and what Asterisk makes of 0; "" where 0 is fine."""


def _durations(centre: Centre) -> Iterator[Refusal]:
    """Durations of which Asterisk would make something else."""
    for kind, paths in _DURATIONS.items():
        for name, fields in centre.of(kind).items():
            for path, of_zero in paths.items():
                if (text := at(fields, path)) and _is_used(fields, path):
                    yield from _wrong_duration(kind, name, path, text, of_zero)
    for name, tree in centre.of("ivr").items():
        for node, fields in tree["nodes"].items():
            for field in ("timeout", "ring_for"):
                if text := fields.get(field):
                    yield from _wrong_duration("ivr", name, ("nodes", node, field), text, "")


def _is_used(fields: Filled, path: tuple[str, ...]) -> bool:
    """Whether anything is announced at such intervals; all other durations are always used."""
    announces = fields.get("announcements") or {}
    match path[-1]:
        case "every":
            return bool(announces.get("position") or announces.get("wait_time"))
        case "periodic_every":
            return bool(announces.get("periodic"))
        case _:
            return True


def _wrong_duration(kind: str, name: str, path: Path, text: str, of_zero: str) -> Iterator[Refusal]:
    length = seconds(text)
    if length > LONGEST:
        yield _refusal(kind, name, path, codes.DURATION_TOO_LONG)
    if not length and of_zero:
        yield _refusal(kind, name, path, codes.DURATION_ZERO, why=of_zero)


def _members(centre: Centre) -> Iterator[Refusal]:
    """Members of a queue of which Asterisk would see one only."""
    for name, queue in centre.of("queue").items():
        devices: dict[str, Agent] = {}
        for agent in agents(centre, queue):
            if agent.lack is not Lack.NOTHING:
                continue
            member = agent.user or agent.extension
            first = devices.setdefault(member, agent)
            if first.extension != agent.extension:
                path: Path = ("members", max(first.member, agent.member))
                yield _refusal("queue", name, path, codes.MEMBERS_ALIKE, member=member)


def _numbers(centre: Centre) -> Iterator[Refusal]:
    """Internal numbers that two objects have."""
    first: dict[str, Address] = {}
    for address, number, path in _internal_numbers(centre):
        if (other := first.setdefault(number, address)) != address:
            yield _refusal(*address, path, codes.NUMBER_TWICE, number=number, other=other)


def _internal_numbers(centre: Centre) -> Iterator[tuple[Address, str, Path]]:
    # Extensions first: where two objects have one number, the other one is to be changed.
    for kind in sorted(kinds.DESTINATIONS, key="extension".__ne__):
        field = kinds.internal_number_field(kind)
        numbered: Mapping[str, Filled] = centre.of(kind)
        for name, fields in numbered.items():
            if number := fields.get(field):
                yield Address(kind, name), number, (field,)
            elif kind == "extension" and name.isdigit():
                yield Address(kind, name), name, ()


def audit_changes(
    changes: Sequence[Change],
    drafted: Draft,
    compiled: Compiled,
    by_hand: Handwritten,
    place: str,
) -> list[Diagnostic]:
    """Find every problem of these changes, with what to do about it."""
    if not changes:
        return []
    return [
        *(
            setup.diagnostic(place)
            for setup in setup_problems(by_hand, used_files(compiled.entries))
        ),
        *conflicts(by_hand, compiled, place),
        *_handwritten_objects(drafted),
        *out_of_reach(drafted),
        *_without_transport(drafted, by_hand, place),
        *(refusal.problem for refusal in refusals(drafted.objects) if _is_known(refusal, drafted)),
    ]


def _is_known(refusal: Refusal, drafted: Draft) -> bool:
    """Whether what is refused is what will be written: of secrets that are not here only seals are known."""
    held = kinds.secrets(refusal.address.kind, drafted.objects[refusal.address])
    if refusal.field not in held:
        return True
    return not drafted.is_sealed and held[refusal.field] != UNSEEN_SEAL


def rights_missing(actions: Collection[str], host: str) -> Iterator[Diagnostic]:
    """Rights that an apply may come to need; `actions` are those that AMI does not permit."""
    for action in actions:
        if action == "QueuePause":
            yield codes.MAY_NOT_PAUSE(host=host)
        else:
            yield action_forbidden(host, action)


def files_closed(paths: Collection[str], place: str) -> Iterator[Diagnostic]:
    """Files that an apply has to read, and this user may not."""
    for path in sorted(paths):
        yield problem(codes.FILE_UNREADABLE, place, path.rstrip("/"), why="permission denied")


def _without_transport(drafted: Draft, by_hand: Handwritten, place: str) -> Iterator[Diagnostic]:
    """Trunks whose messages could not travel; Asterisk 22 then drops their registration (seen)."""
    sections = resolved(by_hand.confs[PJSIP])
    protocols = {
        section.get("protocol") or "udp"
        for section in sections
        if section.get("type") == "transport"
    }
    wanted: dict[str, list[str]] = {}
    for address, fields in sorted(drafted.objects.items()):
        if address.kind == "trunk":
            wanted.setdefault(str(fields.get("transport") or "udp"), []).append(address.name)
    for protocol, trunks in wanted.items():
        if protocol not in protocols:
            more = f" and {len(trunks) - 1} more" if len(trunks) > 1 else ""
            file, trunk = f"{place}/{MAIN[PJSIP]}", f"trunk/{trunks[0]}{more}"
            yield codes.NO_TRANSPORT(Span(file), file=file, protocol=protocol, trunks=trunk)


def _handwritten_objects(drafted: Draft) -> Iterator[Diagnostic]:
    for address, why in drafted.refused.items():
        if address in drafted.elsewhere:
            code = codes.ELSEWHERE_CHANGED if why == CHANGED else codes.ELSEWHERE
            yield code(address=address, why=why)


_WORDS: Mapping[str, str] = {
    "app_confbridge": "ConfBridge CONFBRIDGE CONFBRIDGE_INFO",
    "app_dial": "Dial",
    "app_directed_pickup": "Pickup",
    "app_mixmonitor": "MixMonitor StopMixMonitor",
    "app_playback": "Playback",
    "app_read": "Read",
    "app_stack": "Gosub Return LOCAL",
    "app_userevent": "UserEvent",
    "bridge_builtin_features": "FEATUREMAP",
    "bridge_softmix": "ConfBridge",
    "func_callerid": "CALLERID",
    "func_cut": "CUT",
    "func_db": "DB DB_DELETE",
    "func_devstate": "DEVICE_STATE",
    "func_dialplan": "DIALPLAN_EXISTS",
    "func_groupcount": "GROUP GROUP_COUNT",
    "func_logic": "IF",
    "func_pjsip_endpoint": "PJSIP_ENDPOINT",
    "func_sorcery": "AST_SORCERY",
    "func_strings": "FIELDNUM FILTER LEN REPLACE STRFTIME",
    "func_uri": "URIDECODE",
    "res_musiconhold": "MusicOnHold",
    "res_pjsip_header_funcs": "PJSIP_HEADER",
}
"""By module, its applications and functions that ccstate uses; the source tree, 16.28 and 22.10."""
MODULES: Mapping[str, tuple[str, ...]] = {
    word: tuple(module for module, words in _WORDS.items() if word in words.split())
    for words in _WORDS.values()
    for word in words.split()
}
"""By application or function, the modules that it needs."""
_USE = re.compile(r"\b([A-Z][A-Za-z_]+)\(")


def uses(compiled: Compiled) -> dict[str, Address | None]:
    """The applications and functions of a dialplan, each with an object that needs it, if one does."""
    found: dict[str, Address | None] = {}
    for key, entry in compiled.entries.items():
        if key.file == DIALPLAN and key.part.isdecimal():
            for word in _USE.findall(entry.value):
                if found.get(word) is None:
                    found[word] = entry.owner
    return found


def modules_missing(ami: Ami, compiled: Compiled, place: str) -> Iterator[Diagnostic]:
    """Modules that the dialplan needs and that do not run, as far as the AMI user may ask."""
    needed: dict[str, tuple[str, Address | None]] = {}
    for word, owner in uses(compiled).items():
        for module in MODULES.get(word, ()):
            needed.setdefault(module, (word, owner))
    for module, (word, owner) in sorted(needed.items()):
        try:
            ami.do("ModuleCheck", ("Module", module))
        except Forbidden:
            return
        except Refused:
            user = f"{owner} needs" if owner else "calls need"
            yield codes.MODULE_MISSING(module=module, place=place, user=user, word=word)
