"""Hand-written configuration → objects, with a list of every line that they do not say.

Nothing is approximated in silence: a line is explained by the fields of an object, or it is in
`Imported.unexpressed` with the reason; "differs: …" where objects say nearly the same.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from pydantic import ValidationError

from ccstate.adapters.asterisk.conf import Conf, Glob, Read
from ccstate.adapters.asterisk.importing.destinations import Known, fill_recordings, tell_follow_me
from ccstate.adapters.asterisk.importing.endpoints import (
    carriers,
    mailboxes,
    people,
    phones,
    shown_numbers,
    trunks,
)
from ccstate.adapters.asterisk.importing.estate import Positions, Setting, Work, opened
from ccstate.adapters.asterisk.importing.features import (
    exits,
    feature_codes,
    forward_codes,
    include_lots,
    overflow,
    parking_lots,
    switch_codes,
    timeouts,
)
from ccstate.adapters.asterisk.importing.files import FILES, list_unread, read_confs, words
from ccstate.adapters.asterisk.importing.ledger import Line, Unexpressed
from ccstate.adapters.asterisk.importing.leftovers import leftovers
from ccstate.adapters.asterisk.importing.numbers import inbound, inside, outbound
from ccstate.adapters.asterisk.importing.queues import queues, tell_profiles
from ccstate.adapters.asterisk.importing.trees import Ways
from ccstate.kinds import KINDS
from ccstate.model import Address, Fields

__all__ = [
    "FILES",
    "Imported",
    "Setting",
    "Unexpressed",
    "import_confs",
    "import_estate",
    "read_confs",
    "words",
]

_FILES = {
    "extension": "people.yaml",
    "user": "people.yaml",
    "outbound_route": "outbound.yaml",
}
"""Files of the desired state that are not called by the plural of the kind."""


@dataclass(frozen=True, slots=True)
class Origins:
    """What the configuration calls the objects that were made of it."""

    phones: Mapping[str, Address] = field(default_factory=dict)
    """Extensions by endpoint."""
    phone_contexts: Mapping[str, str] = field(default_factory=dict)
    """Contexts in which phones dial, by endpoint."""
    trunks: Mapping[str, Address] = field(default_factory=dict)
    """Trunks by endpoint."""
    trunk_contexts: Mapping[str, str] = field(default_factory=dict)
    """Contexts in which carriers' calls come in, by endpoint."""
    queues: Mapping[str, Address] = field(default_factory=dict)
    mailboxes: Mapping[str, str] = field(default_factory=dict)
    """Extensions by mailbox, `2001@default`; "" for a mailbox that none has."""
    switches: Mapping[str, Positions] = field(default_factory=dict)
    """Switches by what people change in the dialplan: `GLOBAL(NIGHT)`."""


@dataclass(frozen=True, slots=True)
class Imported:
    """What became of a hand-written configuration."""

    objects: Mapping[Address, Fields]
    """Objects in canonical form; secrets are references such as `env:SIP_1101`."""
    unexpressed: tuple[Unexpressed, ...]
    taken: Mapping[Line, tuple[str, ...]]
    """Every other line, and what explains it: addresses, or words."""
    files: tuple[str, ...]
    """The files that were read, includes too."""
    secrets: Mapping[str, str] = field(default_factory=dict, repr=False)
    """What the references stand for, by the name behind `env:`. To be kept secret."""
    origins: Origins = field(default_factory=Origins)
    confs: Mapping[str, Conf] = field(default_factory=dict, repr=False)
    """What was read, by main files."""

    def group(self, address: Address) -> str:
        """The file of the desired state that an object might go to."""
        plural = KINDS[address.kind].plural
        own = f"{plural}/{address.name}.yaml" if address.kind == "ivr" else f"{plural}.yaml"
        return _FILES.get(address.kind, own)


def import_estate(
    read: Read, glob: Glob, files: Iterable[str] = FILES, setting: Setting | None = None
) -> Imported:
    """Reads the files and says with objects what they say; never raises on what stands in them.

    Files of Asterisk's that hold more, and are not read, are listed.
    """
    work = opened(read_confs(read, glob, files), setting or Setting())
    list_unread(work.ledger, read, glob)
    return _imported(work)


def import_confs(confs: Mapping[str, Conf], setting: Setting | None = None) -> Imported:
    """The same of configurations that were read already, by their main files."""
    return _imported(opened(confs, setting or Setting()))


def _imported(work: Work) -> Imported:
    lines_to_carriers = carriers(work)
    found = phones(work, lines_to_carriers)
    people(work, found)
    boxes = mailboxes(work, found)
    queued, emptied = queues(work, found)
    lots = parking_lots(work)
    known = Known(found, boxes, queued, trunks(work, lines_to_carriers), emptied=emptied)
    ways = Ways(work, known)
    inside(work, known, ways, feature_codes(work, known))
    shown_numbers(work, found)
    inbound(work, known, ways)
    switch_codes(work, known)
    forward_codes(work, known)
    exits(work, known, ways)
    timeouts(work, ways, lots)
    include_lots(work, lots)
    outbound(work, known)
    overflow(work, known)
    fill_recordings(work)
    tell_profiles(work)
    tell_follow_me(work)
    leftovers(work, known)
    objects = _canonical_objects(work)
    return Imported(
        objects,
        work.ledger.unexpressed(),
        work.ledger.taken(),
        tuple(dict.fromkeys(file for read in work.confs.values() for file in read.files)),
        dict(work.secrets),
        _origins(work, known),
        work.confs,
    )


def _origins(work: Work, known: Known) -> Origins:
    phones, trunks = known.phones, known.trunks
    return Origins(
        {endpoint: phone.address for endpoint, phone in phones.items()},
        {endpoint: phone.context for endpoint, phone in phones.items()},
        {endpoint: trunk.address for endpoint, trunk in trunks.items()},
        {endpoint: trunk.context for endpoint, trunk in trunks.items()},
        dict(known.queues),
        {f"{name}@{context}": box.owner for (name, context), box in known.mailboxes.items()},
        dict(work.switches),
    )


def _canonical_objects(work: Work) -> dict[Address, Fields]:
    """The objects, canonical and in order.

    An object that its kind refuses is left out, and said: that would be a fault of the import.
    """
    found: dict[Address, Fields] = {}
    for address in sorted(work.objects):
        fields = work.objects[address]
        try:
            model = KINDS[address.kind].model.model_validate(fields)
        except ValidationError as wrong:
            where = ", ".join(".".join(map(str, error["loc"])) for error in wrong.errors())
            work.ledger.lose(("", 0), f"{address} was not made: its fields do not fit ({where})")
            continue
        found[address] = model.model_dump(mode="json", exclude_unset=True)
    return found
