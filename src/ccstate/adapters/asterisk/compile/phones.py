"""Extensions: the endpoint that registers, how it rings, its mailbox, and who sits there."""

import hmac
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from ccstate.adapters.asterisk import in_call
from ccstate.adapters.asterisk.compile.trees import OUTSIDE, RING, heard, ringing
from ccstate.adapters.asterisk.entries import (
    DIALPLAN,
    MAILBOXES,
    PJSIP,
    VARIABLE,
    VOICEMAIL,
    Compiled,
    Context,
    Key,
    Step,
    file_of_type,
)
from ccstate.adapters.asterisk.places import (
    ENTER,
    INTERNAL,
    context,
    entered,
    exten,
    follow,
    goto,
    happened,
    shortened,
)
from ccstate.journeys.centre import Centre, Filled
from ccstate.journeys.flow import Flow
from ccstate.journeys.location import location_of, person_of
from ccstate.journeys.staffing import ringing_follows
from ccstate.journeys.ways import MAILBOX, Event, Place, Way
from ccstate.model import Address

AWAY = "ccstate-away"
MESSAGE = "ccstate-message"
HINTS = "hints"


def shown(centre: Centre, name: str, extension: Filled) -> str:
    """What phones show of its calls: its user's name, or else its label; "" where it has none."""
    person = centre.of("user").get(person_of(centre, name), {})
    return str(person.get("name") or extension.get("label") or "")


def told_location(centre: Centre, name: str) -> str:
    """What an ambulance is told: street address, area and desk; as much of it as is known."""
    stands = location_of(centre, name)
    site = centre.of("site").get(stands.site, {})
    address = site.get("address") or {}
    area = (site.get("areas") or {}).get(stands.area) or {}
    town = " ".join(address[part] for part in ("city", "state", "postcode") if address.get(part))
    street = ", ".join(p for p in (address.get("street"), town, address.get("country")) if p)
    inside = [area.get("label") or stands.area, stands.desk and f"desk {stands.desk}"]
    return " ".join("; ".join(part for part in (street, *inside) if part).split())


def unknown_password(key: bytes, name: str) -> str:
    """A password that nobody is told: a phone without a secret must not be open to everybody."""
    return hmac.digest(key, f"password of {name}".encode(), "sha256").hex()[:32]


def unknown_pin(key: bytes, name: str) -> str:
    """Digits that nobody is told: a mailbox without a PIN must not be open to everybody."""
    return str(int(unknown_password(key, f"mailbox {name}"), 16))[:16]


def compile_extension(
    compiled: Compiled, flow: Flow, name: str, extension: Filled, key: bytes
) -> None:
    """One extension: pjsip, dialplan and voicemail."""
    owner = Address("extension", name)
    if extension["device"] != "none":
        _endpoint(compiled, flow.centre, name, extension)
        _account(compiled, name, str(extension.get("secret") or unknown_password(key, name)))
    _rings(compiled, flow, name, extension)
    if (mailbox := extension.get("voicemail")) is not None:
        pin = str(mailbox.get("pin") or unknown_pin(key, name))
        _mailbox(compiled, flow, name, extension, mailbox=mailbox, pin=pin)
    number = extension.get("number") or name
    if number != name and number.isdigit():
        inside = Context(compiled, INTERNAL, owner)
        inside.add(number, [goto(Place("extension", name), "number")])
        if extension["device"] != "none":
            # There phones look for lamps: it is their endpoints' subscribe_context.
            Context(compiled, HINTS, owner).hint(number, f"PJSIP/{name}")


def _endpoint(compiled: Compiled, centre: Centre, name: str, extension: Filled) -> None:
    owner = Address("extension", name)
    site = location_of(centre, name).site
    number = extension.get("number") or name
    who = shown(centre, name, extension)
    compiled.notes[PJSIP, name] = ", ".join(filter(None, [who, centre.label(f"site/{site}")]))
    caller = extension.get("caller_id") or {}
    group = extension.get("pickup_group") or ""
    options: list[tuple[str, str, str]] = [
        ("context", site_context(site), "site"),
        ("subscribe_context", HINTS, ""),
        ("allow", "!all,alaw,ulaw,g722", ""),
        ("direct_media", "no", ""),
        ("auth", name, ""),
        ("aors", name, ""),
        ("callerid", f"{quoted(who)} <{number}>", "number"),
    ]
    if extension["device"] == "webrtc":
        options += [("webrtc", "yes", "device")]
    else:
        options += [("force_rport", "yes", ""), ("rtp_symmetric", "yes", "")]
        options += [("rewrite_contact", "yes", "")]
    if extension.get("voicemail") is not None:
        options += [("mailboxes", f"{name}@{MAILBOXES}", "voicemail")]
    if group:
        options += [("named_call_group", group, "pickup_group")]
        options += [("named_pickup_group", group, "pickup_group")]
    may = ",".join(("", *(extension.get("permissions") or ()), ""))
    variables = (
        ("CC_EXTENSION", name, ""),
        ("CC_MAY", may, "permissions"),
        ("CC_USER", person_of(centre, name), ""),
        ("CC_LOCATION", told_location(centre, name), "site"),
        ("CC_RIGHTS", _calling_rights(extension), "rights"),
        ("CC_RECORD", _recorded_in(extension), "recording.when"),
        ("CC_CALLER", caller.get("number") or "", "caller_id.number"),
        ("CC_CALLER_NAME", caller.get("name") or "", "caller_id.name"),
    )
    options += [(f"{VARIABLE}{n}", escaped(value), path) for n, value, path in variables if value]
    for option, value, path in options:
        compiled.say(Key(PJSIP, "endpoint", name, option), value, owner, path)


def _calling_rights(extension: Filled) -> str:
    """What can be done by key codes during calls that the phone makes, as options of Dial."""
    held = {*(extension.get("rights") or ())}
    if in_call.when(extension) == "on_demand":
        held.add("record")
    return in_call.letters(held, in_call.CALLING)


def _recorded_in(extension: Filled) -> str:
    """The folder in which every call of the phone is recorded; "" where not every one is."""
    if in_call.when(extension) != "always":
        return ""
    return in_call.FOLDER.encode((extension.get("recording") or {}).get("folder"))


def _account(compiled: Compiled, name: str, password: str) -> None:
    owner = Address("extension", name)
    for section, option, value, path in (
        ("auth", "auth_type", "userpass", ""),
        ("auth", "username", name, ""),
        ("auth", "password", password, "secret"),
        ("aor", "max_contacts", "1", ""),
        ("aor", "remove_existing", "yes", ""),
    ):
        compiled.say(Key(file_of_type(section), section, name, option), value, owner, path)


def site_context(site: str) -> str:
    """What the phones of a site may dial; of "" those that stand nowhere in particular."""
    return shortened(f"site/{site}") if site else "site"


def escaped(text: str) -> str:
    r"""The value of a variable of an endpoint, as it has to be written.

    A call gets it with `\r`, `\x41` and the like worked out (seen on 16.28 and 22.10): then what
    somebody calls a floor could add headers to an emergency call.
    """
    return text.replace("\\", "\\\\")


def quoted(text: str) -> str:
    """A display name as RFC 3261 quotes it."""
    escaped = text.strip().replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def _rings(compiled: Compiled, flow: Flow, name: str, extension: Filled) -> None:
    place = Place("extension", name)
    where = Context(compiled, context(place), Address("extension", name))
    ways = flow.ways(place)
    if ways[0].event is Event.THEN:
        where.add(exten(name), [entered(place), *follow(place, ways[0])])
    elif extension.get("follow_me") or extension.get("forward"):
        where.add(exten(name), _rings_and_forwards(flow, place, extension, ways))
    else:
        missed = ways[-1]
        leads = goto(missed.to, "voicemail") if missed.to is not None else Step("Hangup")
        rings = _ring(extension, name, str(place))
        where.add(exten(name), [*_before_ringing(flow, extension), rings, leads])
    for way in ways:
        if way.to is not None and way.to.node not in {"", MAILBOX}:
            _outside(compiled, flow, way.to, extension)


def _ring(extension: Filled, name: str, place: str) -> Step:
    if extension["device"] == "none":
        return Step("Gosub", f"{AWAY},s,1({name})", "device")
    rings = ringing(extension["ring_for"])
    rights = _rights(extension)
    told = f"{name},{rings},{place}" + (f",{rights}" if rights else "")
    return Step("Gosub", f"{RING},s,1({told})", "ring_for")


def _rights(extension: Filled) -> str:
    """What can be done by key codes by whoever is called here, as options of Dial."""
    held = {*(extension.get("rights") or ())}
    if in_call.when(extension) == "on_demand":
        held.add("record")
    return in_call.letters(held, in_call.CALLED)


def _before_ringing(flow: Flow, extension: Filled) -> list[Step]:
    """The notice of a recording, and the recording, which begins where somebody answers."""
    recording = extension.get("recording") or {}
    told = in_call.notice_steps(extension, heard(flow, recording.get("notice"), None))
    return [*told, *in_call.record_steps(extension)]


def _rings_and_forwards(
    flow: Flow, place: Place, extension: Filled, ways: Sequence[Way]
) -> Iterator[Step]:
    """A phone, those that ring after it, and where the call goes by what came of the first."""
    yield entered(place)
    yield from _before_ringing(flow, extension)
    branches = {way.event: way for way in ways if way.path[:1] == ("forward",)}
    busy, away = branches.get(Event.BUSY), branches.get(Event.EMPTY)
    if extension["device"] != "none":
        yield _ring(extension, place.name, "")
        for status, way in (("BUSY", busy), ("CHANUNAVAIL", away)):
            if way:
                field = ".".join(map(str, way.path))
                yield Step("GotoIf", f'$["${{DIALSTATUS}}" = "{status}"]?{status.lower()}', field)
    for follow_me in ringing_follows(flow.centre, extension):
        rings = ringing(follow_me["ring_for"])
        if number := follow_me.get("number"):
            yield Step("Gosub", f"{OUTSIDE},s,1({number},{rings})", "follow_me")
        else:
            yield Step("Gosub", f"{RING},s,1({follow_me['extension']},{rings})", "follow_me")
    missed = {way.event: way for way in reversed(ways)}
    yield from follow(place, missed.get(Event.NO_ANSWER) or missed[Event.EMPTY])
    if extension["device"] == "none":
        return
    for status, way in (("BUSY", busy), ("CHANUNAVAIL", away)):
        if way:
            told, leads = follow(place, way)
            yield told._replace(label=status.lower())
            yield leads


def _outside(compiled: Compiled, flow: Flow, place: Place, extension: Filled) -> None:
    """An outside number that an extension forwards to."""
    where = Context(compiled, context(place), Address("extension", place.name))
    missed = flow.ways(place)[-1]
    rings = Step("Gosub", f"{OUTSIDE},s,1({place.node},{ringing(extension['ring_for'])})")
    where.add(place.node, [entered(place), rings, *follow(place, missed)])


def _mailbox(
    compiled: Compiled,
    flow: Flow,
    name: str,
    extension: Filled,
    *,
    mailbox: Mapping[str, Any],
    pin: str,
) -> None:
    owner = Address("extension", name)
    greeting = heard(flow, mailbox.get("greeting"), None)
    where = Context(compiled, "voicemail", owner)
    told = Step("Gosub", f"{MESSAGE},s,1({name},{greeting})", "voicemail.greeting")
    where.add(exten(name), [told])
    options = {"attach": "yes" if mailbox.get("email") else "no"}
    if mailbox.get("delete_after_email"):
        options["delete"] = "yes"
    who = shown(flow.centre, name, extension) or name
    for part, value, path in (
        ("pin", pin, "voicemail.pin"),
        ("name", listed(who), ""),
        ("email", mailbox.get("email") or "", "voicemail.email"),
        (
            "options",
            "|".join(f"{k}={v}" for k, v in options.items()),
            "voicemail.delete_after_email",
        ),
    ):
        compiled.say(Key(VOICEMAIL, MAILBOXES, name, part), value, owner, path)


def listed(text: str) -> str:
    """A text as one part of a mailbox, where a comma would begin the next."""
    return " ".join(text.replace(",", " ").split())


def recorded_outgoing(label: str, then: str) -> list[Step]:
    """Records a call of a phone whose calls are always recorded."""
    return [
        Step("GotoIf", f'$["${{CC_RECORD}}" = ""]?{then}', label=label),
        Step("MixMonitor", "${CC_RECORD}/${UNIQUEID}-out.wav,b"),
    ]


SILENCED = "ccstate/do_not_disturb/"
"""Family of AstDB with the extensions that take no calls; the value is `on`."""


def compile_rings(compiled: Compiled, centre: Centre) -> None:
    """The subroutines that ring an extension and take a message."""
    codes = centre.of("feature_code").values()
    silenced = f'$["${{DB({SILENCED}${{ARG1}})}}" = "on"]?silent'
    asks = any(code["action"] == "do_not_disturb" for code in codes)
    person, mailbox = Place("extension", "${ARG1}"), Place("extension", "${ARG1}", "voicemail")
    enter = Step("UserEvent", f"Ccstate,Place: ${{ARG3}},Event: {ENTER}")
    Context(compiled, RING).add(
        "s",
        [
            # A node of a tree has said already where the call is.
            Step("GotoIf", '$["${ARG3}" = ""]?ring'),
            enter,
            *([Step("GotoIf", silenced, label="ring")] if asks else []),
            Step("GotoIf", '$["${ARG4}${CC_RIGHTS}" = ""]?calls', label="" if asks else "ring"),
            in_call.MAY_PRESS,
            *recorded_outgoing("calls", "dial"),
            Step("Dial", "PJSIP/${ARG1},${ARG2},${ARG4}${CC_RIGHTS}", label="dial"),
            Step("GotoIf", '$["${ARG3}" = ""]?back', label="silent" if asks else ""),
            Step("UserEvent", f"Ccstate,Place: ${{ARG3}},Event: {Event.NO_ANSWER}"),
            Step("Return", label="back"),
        ],
    )
    Context(compiled, AWAY).add(
        "s",
        [
            Step("UserEvent", f"Ccstate,Place: {person},Event: {ENTER}"),
            happened(person, Event.EMPTY),
            Step("Return"),
        ],
    )
    Context(compiled, MESSAGE).add(
        "s",
        [
            Step("UserEvent", f"Ccstate,Place: {mailbox},Event: {ENTER}"),
            happened(mailbox, Event.THEN),
            Step("Answer"),
            Step("GotoIf", '$["${ARG2}" = ""]?own'),
            Step("Playback", "${ARG2}"),
            Step("VoiceMail", f"${{ARG1}}@{MAILBOXES},s"),
            Step("Hangup"),
            Step("VoiceMail", f"${{ARG1}}@{MAILBOXES},u", label="own"),
            Step("Hangup"),
        ],
    )
    hints = Context(compiled, HINTS)
    # A hint for each of 10,000 extensions costs minutes at every reload of Asterisk 22 (measured).
    hints.hint("_X.", "PJSIP/${EXTEN}")
    compiled.notes[DIALPLAN, HINTS] = "Lamps: whoever watches an extension sees its phone"
