"""Objects that stand in hand-written configuration: shown as unmanaged, sealed, never written.

Only what is there on the platform for certain: people and recordings' words are not, so members
of queues are phones here, and a number counts only where it is written internationally.
"""

import hashlib
from collections.abc import Iterator, Mapping

from ccstate import kinds
from ccstate.adapters.asterisk import codes
from ccstate.adapters.asterisk.entries import DIALPLAN, PARKING, PJSIP, QUEUES
from ccstate.adapters.asterisk.handwritten import MAIN, Handwritten
from ccstate.adapters.asterisk.importing import Imported, import_confs
from ccstate.adapters.asterisk.importing.ledger import Line
from ccstate.adapters.asterisk.perform import Draft, Elsewhere
from ccstate.adapters.asterisk.records import Records
from ccstate.drafts import sealed
from ccstate.errors import Diagnostic
from ccstate.journeys.centre import Centre
from ccstate.kinds import KINDS
from ccstate.model import Address, Edit, Fields, Json, Why, edited

HOME: Mapping[str, str] = {
    "extension": PJSIP,
    "trunk": PJSIP,
    "queue": QUEUES,
    "parking_lot": PARKING,
    "number": DIALPLAN,
    "outbound_route": DIALPLAN,
    "ivr": DIALPLAN,
    "schedule": DIALPLAN,
}
"""The kinds that are found so, and the configuration in which each is to be looked for."""

_PEOPLE = frozenset({"user", "team"})

_READ: dict[bytes, Mapping[Address, Elsewhere]] = {}
"""What was read last, by the digest of the files: observe, audit and perform read the same ones.
Secrets are in it as they are."""


def elsewhere(found: Handwritten, records: Records) -> Mapping[Address, Elsewhere]:
    """Find the objects of the hand-written configuration, and where each stands.

    An object that ccstate has written itself is ccstate's, whatever stands beside it.
    """
    digest = _digest(found)
    if digest not in _READ:
        _READ.clear()
        _READ[digest] = _objects(found)
    return {
        address: Elsewhere(_sealed_fields(records, address, there.fields), there.place)
        for address, there in _READ[digest].items()
        if address not in records.objects
    }


def _sealed_fields(records: Records, address: Address, fields: Fields) -> Fields:
    """Return the fields as an observation shows them.

    Without secrets as long as nothing is recorded: the key may not be kept yet, and what is
    sealed with another one would look changed each time.
    """
    if records.ledger or records.objects or records.files:
        return sealed(records.key, address.kind, fields)
    paths = kinds.secrets(address.kind, fields)
    return edited(fields, [Edit(path, None, None, why=Why.YOU) for path in paths])


def out_of_reach(drafted: Draft) -> Iterator[Diagnostic]:
    """Report objects that would lead callers to a hand-written one, to which ccstate writes no way.

    Seen on Asterisk 22: a key of such a menu hangs up, and such a queue has no agent.
    """
    if not drafted.elsewhere:
        return
    centre = Centre(drafted.objects)
    for address, fields in sorted(drafted.objects.items()):
        if address.kind in _PEOPLE:
            continue
        named = kinds.named(address.kind, fields)
        phones = {phone for target in named for phone in _phones_of(centre, target)}
        for target in sorted((named | phones) & drafted.elsewhere):
            yield codes.OUT_OF_REACH(address=address, target=target)


def _phones_of(centre: Centre, target: Address) -> Iterator[Address]:
    """Yield the phones of a person, or of all people in a team."""
    users = centre.people.get(target.name, ()) if target.kind == "team" else (target.name,)
    for user in users if target.kind in _PEOPLE else ():
        extension = centre.of("user").get(user, {}).get("extension")
        if extension:
            yield Address("extension", str(extension))


def _digest(found: Handwritten) -> bytes:
    """Tells whether anything is otherwise that an object could come from."""
    digest = hashlib.sha256()
    for name, content in sorted(found.files.items()):
        digest.update(f"{name}\0{len(content)}\0".encode(errors="surrogateescape"))
        digest.update(content)
    return digest.digest()


def _objects(found: Handwritten) -> Mapping[Address, Elsewhere]:
    imported = import_confs({MAIN[name]: conf for name, conf in found.confs.items()})
    places = _places(found, imported)
    return {
        address: Elsewhere(
            _without_people(imported, address), places.get(address, MAIN[HOME[address.kind]])
        )
        for address in imported.objects
        if address.kind in HOME
    }


def _without_people(imported: Imported, address: Address) -> Fields:
    """Return the fields with phones in place of people, and secrets in place of references."""
    fields = imported.objects[address]
    if address.kind == "queue":
        members = fields.get("members")
        known = members if isinstance(members, list) else []
        fields = {**fields, "members": [_phone(imported, member) for member in known]}
        # Canonical anew: members stand in the order of their names, and these have others now.
        model = KINDS["queue"].model.model_validate(fields)
        fields = model.model_dump(mode="json", exclude_unset=True)
    return edited(
        fields,
        [
            Edit(path, None, imported.secrets[reference.removeprefix("env:")], why=Why.YOU)
            for path, reference in kinds.secrets(address.kind, fields).items()
        ],
    )


def _phone(imported: Imported, member: Json) -> Json:
    if not isinstance(member, dict) or "user" not in member:
        return member
    user = imported.objects[Address("user", str(member["user"]))]
    others = {key: value for key, value in member.items() if key != "user"}
    return {"extension": user["extension"], **others}


def _places(found: Handwritten, imported: Imported) -> dict[Address, str]:
    """The first place of each object, in the configuration where it is looked for if it can be."""
    standing = _line_places(found)
    known = {str(address): address for address in imported.objects if address.kind in HOME}
    best: dict[Address, tuple[bool, Line]] = {}
    for line, words in imported.taken.items():
        name, place = standing.get(line, ("", line))
        for address in (known[word] for word in words if name and word in known):
            candidate = (name != HOME[address.kind], place)
            best[address] = min(candidate, best.get(address, candidate))
    return {address: f"{file}:{line}" for address, (_, (file, line)) in best.items()}


def _line_places(found: Handwritten) -> dict[Line, tuple[str, Line]]:
    """Map lines to their configuration and where people look for them: a section's head, or the line.

    Templates are left out, for they belong to no object.
    """
    places: dict[Line, tuple[str, Line]] = {}
    for name, conf in found.confs.items():
        for section in conf.sections:
            head = (section.file, section.line)
            for option in () if section.is_template else section.written:
                line = (option.file, option.line)
                places[line] = (name, line if name == DIALPLAN else head)
    return places
