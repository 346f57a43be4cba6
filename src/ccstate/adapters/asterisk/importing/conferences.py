"""Conferences that a dialplan lets callers into → conference rooms."""

import re
from collections.abc import Mapping

from ccstate.adapters.asterisk.importing.destinations import Nowhere
from ccstate.adapters.asterisk.importing.estate import Work
from ccstate.adapters.asterisk.importing.names import name_of
from ccstate.adapters.asterisk.importing.outcomes import Confers, Hangs
from ccstate.adapters.asterisk.importing.values import is_unknown
from ccstate.model import Address, Json

DEFAULT_PROFILES = frozenset({"", "default_bridge", "default_user"})
"""Profiles that hold where ConfBridge() names none (confbridge.conf.sample of Asterisk 22)."""
SAID: Mapping[str, tuple[str, re.Pattern[str]]] = {
    "user,pin": ("pin", re.compile(r"[0-9]{1,20}")),
    "user,music_on_hold_class": ("music", re.compile(r"[a-z0-9][a-z0-9._-]{0,60}")),
    "user,music_on_hold_when_empty": ("", re.compile("yes|true", re.IGNORECASE)),
    "bridge,max_members": ("max_members", re.compile(r"[0-9]{1,6}")),
    "bridge,record_conference": ("recording", re.compile("yes|true", re.IGNORECASE)),
}
"""Options of CONFBRIDGE() that a room has a field for, and the values that the field can say."""


def room_of(work: Work, outcome: Confers) -> Address:
    """The room that callers of a ConfBridge() come into; the first of them says what it is like."""
    if not work.setting.holds("conference_room"):
        raise Nowhere("conference rooms are not imported: the platform has none")
    name, *profiles = (argument.strip() for argument in outcome.arguments)
    if not name or is_unknown(name) or not name.isprintable():
        raise Nowhere("which conference room it is depends on the call")
    line = outcome.trail.lines[-1]
    options = _options(work, outcome)
    if name not in work.rooms:
        address = Address("conference_room", work.names.free("conference_room", name_of(name)))
        work.rooms[name] = address, options
        work.objects[address] = _fields(work, name, options)
    address, known = work.rooms[name]
    if known != options:
        work.ledger.leave(line, f"differs: with ccstate {address} is as other callers meet it")
    for profile in profiles:
        if profile not in DEFAULT_PROFILES:
            told = f"differs: what profile {profile[:60]} of confbridge.conf says is in no field"
            work.ledger.leave(line, told)
    if not isinstance(outcome.then, Hangs):
        work.ledger.leave(line, "differs: with ccstate the call ends where the conference does")
    return address


def _options(work: Work, outcome: Confers) -> dict[str, str]:
    """What `Set(CONFBRIDGE(…)=…)` has said of the room, by fields."""
    found: dict[str, str] = {}
    for option, value in outcome.options:
        field, form = SAID.get(option, ("", None))
        if form is None or not form.fullmatch(value):
            told = f"differs: ccstate does not set CONFBRIDGE({option[:60]})"
            work.ledger.leave(outcome.trail.lines[-1], told)
        elif field:
            found[field] = value
    return found


def _fields(work: Work, name: str, options: Mapping[str, str]) -> dict[str, Json]:
    fields: dict[str, Json] = dict(options)
    if "pin" in options:
        fields["pin"] = work.secret("conference", name, "pin", value=options["pin"])
    if "max_members" in options:
        fields["max_members"] = int(options["max_members"])
    if "recording" in options:
        fields["recording"] = {"when": "always"}
    return fields
