"""Objects made of a hand-written configuration, with a list of every line that they do not say.

Nothing is approximated in silence: a line is explained by the fields of an object, or it is in
`Imported.unexpressed` with the reason; "differs: …" where objects say nearly the same.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from pydantic import ValidationError

from ccstate.adapters.asterisk.conf import Conf, Glob, Read
from ccstate.adapters.asterisk.conf.dialplan import HINT, DialplanContext, DialplanStep
from ccstate.adapters.asterisk.conf.patterns import matches, opened
from ccstate.adapters.asterisk.importing.destinations import (
    FORWARDS,
    UNSAID,
    KnownObjects,
    fill_recordings,
    report_follow_me,
)
from ccstate.adapters.asterisk.importing.endpoints import (
    carriers,
    mailboxes,
    people,
    phones,
    shown_numbers,
    trunks,
)
from ccstate.adapters.asterisk.importing.estate import Positions, Setting, Work, open_estate
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
from ccstate.adapters.asterisk.importing.following import RECORDING
from ccstate.adapters.asterisk.importing.ledger import DEFAULT, NOTHING, Line, Unexpressed
from ccstate.adapters.asterisk.importing.numbers import inbound, inside, outbound
from ccstate.adapters.asterisk.importing.outcomes import At, below, unclear
from ccstate.adapters.asterisk.importing.queues import queues, report_profiles
from ccstate.adapters.asterisk.importing.trees import Destinations
from ccstate.adapters.asterisk.interpreter.applications import Effect, effect
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
    """The names that the configuration has for the objects made of it."""

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
    """The result for a hand-written configuration."""

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
        """Return the file of the desired state that an object might go to."""
        plural = KINDS[address.kind].plural
        own = f"{plural}/{address.name}.yaml" if address.kind == "ivr" else f"{plural}.yaml"
        return _FILES.get(address.kind, own)


def import_estate(
    read: Read, glob: Glob, files: Iterable[str] = FILES, setting: Setting | None = None
) -> Imported:
    """Read the files and say with objects what they say; never raises on what stands in them.

    Files of Asterisk's that hold more, and are not read, are listed.
    """
    work = open_estate(read_confs(read, glob, files), setting or Setting())
    list_unread(work.ledger, read, glob)
    return _imported(work)


def import_confs(confs: Mapping[str, Conf], setting: Setting | None = None) -> Imported:
    """Import configurations that were read already, by their main files."""
    return _imported(open_estate(confs, setting or Setting()))


def _imported(work: Work) -> Imported:
    lines_to_carriers = carriers(work)
    found = phones(work, lines_to_carriers)
    people(work, found)
    boxes = mailboxes(work, found)
    queued, emptied = queues(work, found)
    lots = parking_lots(work)
    known = KnownObjects(found, boxes, queued, trunks(work, lines_to_carriers), emptied=emptied)
    ways = Destinations(work, known)
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
    report_profiles(work)
    report_follow_me(work)
    _leftovers(work, known)
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


def _origins(work: Work, known: KnownObjects) -> Origins:
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
    """Return the objects in canonical form and in order.

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


def _leftovers(work: Work, known: KnownObjects) -> None:
    """Explain or list the lines of the dialplan that are left: without effect, or why they stay."""
    for outcome, reason in work.unsaid:
        for each in below(outcome):
            for option in each.trail.lines:
                if work.ledger.is_open(option):
                    work.ledger.leave(option, reason)
    for option in work.plan.settings:
        work.ledger.leave(option, "stays by hand: ccstate writes nothing into [general]")
    for context in work.plan.contexts.values():
        _hints(work, known, context)
        _steps(work, context)
        for include in context.includes:
            _include(work, include.value, context, include)
        for option in context.switches:
            work.ledger.leave(option, "ccstate looks nowhere else for what was dialled")
        for option in context.others:
            work.ledger.leave(option, f"ccstate writes no {option.key}")


def _include(work: Work, value: str, context: DialplanContext, include: object) -> None:
    for option in context.includes:
        if option is not include or not work.ledger.is_open(option):
            continue
        name = value.partition(",")[0].strip()
        target = work.plan.contexts.get(name)
        if target is None:
            work.ledger.take([option], f"there is no context {name}")
        elif all(step.priority == HINT for step in target.steps) and not target.includes:
            work.ledger.take([option], DEFAULT)
        else:
            work.ledger.leave(option, f"nothing of [{name}] that is dialled here became an object")


def _hints(work: Work, known: KnownObjects, context: DialplanContext) -> None:
    """Explain the hints that phones' lamps watch, which ccstate has too, and list all others."""
    for step in context.steps:
        if step.priority != HINT:
            continue
        watched = step.app.replace("${EXTEN}", "")
        phones = [e for e in known.phones if matches(step.exten, e)]
        same = step.app in ("PJSIP/${EXTEN}", f"PJSIP/{step.exten}")
        if same and phones and watched.startswith("PJSIP/"):
            work.ledger.take([step.option], "the lamps of extensions")
        else:
            reason = "ccstate has a lamp for each extension's phone, and no others"
            work.ledger.leave(step.option, reason)


def _steps(work: Work, context: DialplanContext) -> None:
    """List the steps that no object came to, with the reason."""
    for (exten, _), steps in context.extens().items():
        still = [step for step in steps if work.ledger.is_open(step.option)]
        if not still:
            continue
        if exten == "h" and all(_is_quiet(s) or s.app.strip().lower() == "hangup" for s in steps):
            work.ledger.take([step.option for step in still], NOTHING)
            continue
        reason = "no call that became an object comes to this line"
        if len(still) == len(steps):
            reason = _reason(work, steps)
        for step in still:
            if step.app.strip().lower() in RECORDING:
                work.ledger.leave(step.option, UNSAID)
            elif _is_quiet(step) and len(still) < len(steps):
                work.ledger.take([step.option], NOTHING)
            else:
                work.ledger.leave(step.option, reason)


def _is_quiet(step: DialplanStep) -> bool:
    return effect(step.app) is Effect.NOTHING


def _reason(work: Work, steps: list[DialplanStep]) -> str:
    """Return why no object came to an extension."""
    first = steps[0]
    reason = f"nothing that became an object leads to {first.exten} of [{first.context}]"
    if first.caller:
        return f"ccstate does not tell callers apart by their number ({first.caller})"
    if any(f"{family}/" in step.data for step in steps for family in work.forwarding):
        return f"no code was made of this, which forwards calls: {FORWARDS}"
    dialled = opened(first.exten)
    if dialled is None:
        return reason
    why = unclear(work.follower.follow(At(first.context, dialled)))
    return f"{reason}: {why.reason}" if why else reason
