"""Extensions: the endpoint that registers, how it rings, its mailbox, and who sits there."""

import hmac
import re
from collections.abc import Iterator, Mapping
from functools import partial
from typing import Any

from ccstate.adapters.asterisk import in_call
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
)
from ccstate.adapters.asterisk.kind import NO_RETENTION, Kind, Options, Sections, Setting, Unit
from ccstate.adapters.asterisk.kinds.ringing import (
    compile_ringing,
    compile_rings,
    decode_ringing,
)
from ccstate.adapters.asterisk.places import (
    ENTER,
    LONGEST,
    SOUND,
    event_step,
    exten,
    place_at,
    prompt_sound,
    site_context,
)
from ccstate.adapters.asterisk.rows import (
    ACCOUNT,
    SWITCH,
    UNCLEAR,
    Codec,
    Decoded,
    Row,
    Template,
    Unclear,
    constant,
    decode,
    decoded,
    encode,
    optional,
)
from ccstate.journeys.centre import Centre, Filled
from ccstate.journeys.flow import Flow
from ccstate.journeys.location import location_of, person_of
from ccstate.journeys.ways import Event, Place
from ccstate.model import Json

MESSAGE = "ccstate-message"
HINTS = "hints"
GREETS = Template("Gosub", f"{MESSAGE},s,1(<extension>,<greeting>)", greeting=optional(SOUND))


def display_name(centre: Centre, name: str, extension: Filled) -> str:
    """Return the name that phones show of its calls: its user's, or else its label; "" for none."""
    person = centre.of("user").get(person_of(centre, name), {})
    return str(person.get("name") or extension.get("label") or "")


def emergency_location(centre: Centre, name: str) -> str:
    """The location that emergency calls send: street address, area and desk, as far as known."""
    stands = location_of(centre, name)
    site = centre.of("site").get(stands.site, {})
    area = (site.get("areas") or {}).get(stands.area) or {}
    inside = [area.get("label") or stands.area, stands.desk and f"desk {stands.desk}"]
    return " ".join("; ".join(part for part in (street_of(site), *inside) if part).split())


def street_of(site: Filled) -> str:
    """Return the street address of a site in one line; as much of it as is known."""
    address = site.get("address") or {}
    town = " ".join(address[part] for part in ("city", "state", "postcode") if address.get(part))
    parts = (address.get("street"), town, address.get("country"))
    return " ".join(", ".join(part for part in parts if part).split())


def unknown_password(key: bytes, name: str) -> str:
    """A password that is shown nowhere: a phone without a secret must not be open to every caller."""
    return hmac.digest(key, f"password of {name}".encode(), "sha256").hex()[:32]


def unknown_pin(key: bytes, name: str) -> str:
    """Digits that are shown nowhere: a mailbox without a PIN must not be open to every caller."""
    return str(int(unknown_password(key, f"mailbox {name}"), 16))[:16]


def _site(text: str) -> Json:
    """Return the site whose phones dial in a context; None for that of phones of no site."""
    kind, slash, name = text.partition("/")
    if kind != "site" or (slash and len(text) >= LONGEST):
        raise Unclear
    return name or None


_CALLER = re.compile(r'"((?:[^"\\]|\\.)*)" <([^<>]*)>')


def _caller(text: str) -> tuple[str, str]:
    """Return the name and the number of a caller ID as `_option_values` spells it."""
    found = _CALLER.fullmatch(text)
    if not found:
        raise Unclear
    return re.sub(r"\\(.)", r"\1", found[1]), found[2]


VARIABLE_TEXT = Codec(
    lambda text: text.replace("\\", "\\\\"), lambda text: text.replace("\\\\", "\\")
)
r"""The value of a variable of an endpoint, as it has to be written.

A call gets it with `\r`, `\x41` and the like worked out (seen on 16.28 and 22.10): then the
name of a floor could add headers to an emergency call.
"""


PERMISSIONS = Codec(
    lambda names: ",".join(("", *names, "")), lambda text: [*sorted(filter(None, text.split(",")))]
)
_endpoint = partial(Row, section="endpoint")


def _variable(name: str, field: str, codec: Codec = VARIABLE_TEXT, says: str | None = None) -> Row:
    return _endpoint(f"{VARIABLE}{name}", field, codec, says=says)


# Defaults: what Asterisk 16.28 and 22.10 show where there is no line.
ROWS = (
    _endpoint("context", "site", Codec(site_context, _site), "site", "default"),
    _endpoint("subscribe_context", unset=HINTS),
    _endpoint("allow", unset="!all,alaw,ulaw,g722", default="!all"),
    _endpoint("direct_media", codec=SWITCH, unset="no", default="yes"),
    _endpoint("auth", "name", says=""),
    _endpoint("aors", "name", says=""),
    _endpoint("callerid", "caller", default="<unknown>", says="number"),
    _endpoint("webrtc", "webrtc", SWITCH, default="no", says="device"),
    _endpoint("force_rport", "nat", SWITCH, default="yes", says="device"),
    _endpoint("rtp_symmetric", "nat", SWITCH, default="no", says="device"),
    _endpoint("rewrite_contact", "nat", SWITCH, default="no", says="device"),
    _endpoint("mailboxes", "mailbox", says="voicemail"),
    _endpoint("named_call_group", "pickup_group", aliases=("call_group",)),
    _endpoint("named_pickup_group", "pickup_group", aliases=("pickup_group",)),
    _variable("CC_EXTENSION", "name", says=""),
    _variable("CC_MAY", "permissions", PERMISSIONS),
    _variable("CC_USER", "user", says=""),
    _variable("CC_LOCATION", "location", says="site"),
    _variable("CC_RIGHTS", "rights"),
    _variable("CC_RECORD", "recorded", says="recording.when"),
    _variable("CC_CALLER", "caller_id.number"),
    _variable("CC_CALLER_NAME", "caller_id.name"),
    Row("auth_type", "", ACCOUNT, "userpass", "userpass", section="auth"),
    Row("username", "name", section="auth", says=""),
    Row("password", "secret", section="auth"),
    constant("max_contacts", "1", default="0", section="aor"),
    constant("remove_existing", "yes", default="no", section="aor"),
)
MAILBOX_ROWS = (
    Row("attach", "attaches", SWITCH),
    Row("delete", "voicemail.delete_after_email", SWITCH, default="no"),
)
"""The options in the line of a mailbox, of which some are written."""


def compile_extension(unit: Unit) -> None:
    """Compile one extension: pjsip, dialplan and voicemail."""
    name, extension, centre = unit.name, unit.fields, unit.flow.centre
    if extension["device"] != "none":
        site = centre.label(f"site/{location_of(centre, name).site}")
        said = filter(None, [display_name(centre, name, extension), site])
        unit.compiled.notes[PJSIP, name] = ", ".join(said)
        unit.pjsip(ROWS, _option_values(unit), name)
    compile_ringing(unit)
    if extension.get("voicemail") is not None:
        _mailbox(unit)
    number = extension.get("number") or name
    if number != name and number.isdigit():
        unit.inside(number, unit.place, "number")
        if extension["device"] != "none":
            # There phones look for lamps: it is their endpoints' subscribe_context.
            unit.context(HINTS).hint(number, f"PJSIP/{name}")


def _option_values(unit: Unit) -> Mapping[str, Any]:
    """Return the fields as options say them; what is empty is not written."""
    name, extension, centre = unit.name, unit.fields, unit.flow.centre
    caller = extension.get("caller_id") or {}
    is_webrtc = extension["device"] == "webrtc"
    number = extension.get("number") or exten(name)
    return {
        "name": name,
        "site": location_of(centre, name).site or None,
        "caller": f"{quoted(display_name(centre, name, extension))} <{number}>",
        "webrtc": True if is_webrtc else None,
        "nat": None if is_webrtc else True,
        "mailbox": f"{name}@{MAILBOXES}" if extension.get("voicemail") is not None else None,
        "pickup_group": extension.get("pickup_group") or None,
        "permissions": extension.get("permissions") or (),
        "user": person_of(centre, name) or None,
        "location": emergency_location(centre, name) or None,
        "rights": in_call.key_options(extension, extension.get("rights"), in_call.CALLING) or None,
        # The folder, where every call of the phone is recorded.
        "recorded": in_call.folder(extension)
        if in_call.recording_mode(extension) == "always"
        else None,
        "caller_id": {part: caller.get(part) or None for part in ("number", "name")},
        "secret": str(extension.get("secret") or unknown_password(unit.setting.key, name)),
    }


def quoted(text: str) -> str:
    """Return a display name as RFC 3261 quotes it."""
    escaped = text.strip().replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def _mailbox(unit: Unit) -> None:
    name, mailbox = unit.name, unit.fields["voicemail"]
    pin = str(mailbox.get("pin") or unknown_pin(unit.setting.key, name))
    greeting = prompt_sound(unit.flow, mailbox.get("greeting"), None)
    greets = GREETS.step("voicemail.greeting", extension=name, greeting=greeting)
    unit.context("voicemail").add(exten(name), [greets])
    said = {
        "attaches": bool(mailbox.get("email")),
        "voicemail": {"delete_after_email": mailbox.get("delete_after_email") or None},
    }
    options = (f"{row.option}={text}" for row, text in encode(MAILBOX_ROWS, said))
    who = display_name(unit.flow.centre, name, unit.fields) or name
    for part, value, path in (
        ("pin", pin, "voicemail.pin"),
        ("name", mailbox_text(who), ""),
        ("email", mailbox.get("email") or "", "voicemail.email"),
        ("options", "|".join(options), "voicemail.delete_after_email"),
    ):
        unit.compiled.say(Key(VOICEMAIL, MAILBOXES, name, part), value, unit.address, path)


def mailbox_text(text: str) -> str:
    """Return a text as one part of a mailbox, where a comma would begin the next."""
    return " ".join(text.replace(",", " ").split())


def compile_shared(compiled: Compiled, flow: Flow, _setting: Setting) -> None:
    """Compile the subroutines that ring an extension and take a message, and lamps."""
    compile_rings(compiled, flow)
    mailbox = Place("extension", "${ARG1}", "voicemail")
    Context(compiled, MESSAGE).add(
        "s",
        [
            Step("UserEvent", f"Ccstate,Place: {mailbox},Event: {ENTER}"),
            event_step(mailbox, Event.THEN),
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


def decode_extension(sections: Sections, name: str) -> Decoded:
    """Decode the fields that an endpoint, its account, its mailbox and its dialplan say."""
    endpoint = sections.pjsip("endpoint", name)
    recorded = sections.centre.of("extension").get(name, {})
    place = Place("extension", name)
    found: Decoded = {
        **_decoded_options(sections, name, endpoint, recorded),
        **decode_ringing(sections, name, endpoint),
        **_decoded_mailbox(sections, name, endpoint),
    }
    number: Json = sections.number(place)
    if number is None and endpoint:
        number = _part(endpoint.get("callerid"), 1)
    is_own = number == exten(name)
    found["number",] = None if is_own and (recorded or not name.isdigit()) else number
    return found


def _decoded_options(sections: Sections, name: str, endpoint: Options, recorded: Filled) -> Decoded:
    if not endpoint:
        return {("device",): "none"}
    said = decode((row for row in ROWS if row.section == "endpoint"), endpoint)
    said |= decode((row for row in ROWS if row.section == "auth"), sections.pjsip("auth", name))
    mapped = ("site", "pickup_group", "permissions", "secret")
    found: Decoded = {(field,): said[field,] for field in mapped}
    found |= {path: value for path, value in said.items() if path[0] == "caller_id"}
    device = recorded.get("device", "none")
    phone = device if device in {"deskphone", "softphone"} else "deskphone"
    found["device",] = "webrtc" if said["webrtc",] is True else phone
    has_person = bool(person_of(sections.centre, name))
    found["label",] = UNCLEAR if has_person else _part(endpoint.get("callerid"), 0)
    site = said["site",]
    place = _decoded_place(sections.centre, site, said["location",])
    return found | {("area",): place[0], ("desk",): place[1]}


def _part(callerid: str | None, number: int) -> Json:
    """Return the name or the number in a caller ID; None where it is empty."""
    return decoded(Codec(str, lambda text: _caller(text)[number] or None), callerid)


def _decoded_place(centre: Centre, site: Json, location: Json) -> tuple[Json, Json]:
    """Decode area and desk from an emergency location, which begins with the site's address."""
    text = location if isinstance(location, str) else ""
    fields = centre.of("site").get(str(site), {})
    street = street_of(fields)
    if street and not text.startswith(street):
        return UNCLEAR, UNCLEAR
    parts = [part for part in text.removeprefix(street).split("; ") if part]
    desk = parts.pop().removeprefix("desk ") if parts and parts[-1].startswith("desk ") else None
    if len(parts) > 1:
        return UNCLEAR, UNCLEAR
    area = parts[0] if parts else None
    labels = {
        area["label"]: name
        for name, area in (fields.get("areas") or {}).items()
        if area.get("label")
    }
    return labels.get(area, area), desk


def _decoded_mailbox(sections: Sections, name: str, endpoint: Options) -> Decoded:
    mailbox = sections.mailbox(MAILBOXES, name)
    steps = sections.context("voicemail").get(exten(name), ())
    greets = GREETS.is_in(steps)
    if not mailbox and not greets and "mailboxes" not in endpoint:
        return {}
    options = mailbox.get("options")
    said = dict(part.split("=", 1) for part in (options or "").split("|") if "=" in part)
    deletes = decode(MAILBOX_ROWS, said)["voicemail", "delete_after_email"] or False
    return {
        ("voicemail",): {},
        ("voicemail", "pin"): mailbox.get("pin", UNCLEAR),
        ("voicemail", "email"): (mailbox["email"] or None) if "email" in mailbox else UNCLEAR,
        ("voicemail", "delete_after_email"): UNCLEAR if options is None else deletes,
        ("voicemail", "greeting"): GREETS.values(steps)["greeting"] if greets else UNCLEAR,
    }


def _names(sections: Sections) -> Iterator[str]:
    yield from (n for n in sections.names(PJSIP, "endpoint") if not n.startswith(_OURS))
    for extension in sections.context("extension"):
        if place := place_at("extension", extension):
            yield place.name


_OURS = ("trunk-", "ccstate-")
"""How the names of endpoints begin that are no extensions."""
EXTENSION = Kind(
    name="extension",
    compile=compile_extension,
    decode=decode_extension,
    primary=(PJSIP, "endpoint"),
    names=_names,
    rows=ROWS,
    shared=compile_shared,
    mapped="label area desk ring_for follow_me.*.extension follow_me.*.number follow_me.*.ring_for "
    "forward.always forward.busy forward.no_answer forward.unavailable "
    "recording.notice recording.folder "
    "voicemail.pin voicemail.email voicemail.delete_after_email voicemail.greeting",
    kept={"recording.keep_days": NO_RETENTION},
)
