"""The contract between ccstate and a platform, and how an adapter is found.

An adapter is a package with an entry point in the group `ccstate.adapters`: a function
`connect(connection, folder) -> Adapter`, where `connection` is the mapping of the same name in
`ccstate.yaml` and `folder` the project's. The module of that function may say more, see `Module`.
`ccstate.conformance` walks an adapter through the contract.
"""

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cache
from importlib import import_module
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from typing import Literal, NamedTuple, Protocol, TypeAlias, runtime_checkable

import orjson
from pydantic import BaseModel

from ccstate import codes
from ccstate.errors import Diagnostic, InvalidInput
from ccstate.imports import ReadsEstates
from ccstate.kinds import KINDS, field_paths, set_fields
from ccstate.measures.events import QueueUpdate
from ccstate.model import Address, Change, Fields, Json, Method, Observation, canonical

Verb: TypeAlias = Literal["create", "update", "delete"]


ALL_VERBS: frozenset[Verb] = frozenset({"create", "update", "delete"})


@dataclass(frozen=True, slots=True)
class Support:
    """What a platform can do with one kind; `placed` makes it, and checks that no field is left out.

    Every field of the kind, by its path, is in one of three places. `mapped`: written to the
    platform, and read back from there. `kept`: the platform has no place for it, so it stands in
    ccstate's records beside the platform, for the reason given; whatever is done on the platform,
    it stays. `lacking`: refused, with the hint given.

    `cycles` says whether objects that name each other may be created together in one batch.
    `needs_reload` says whether a write takes effect only when the platform has loaded it; then
    `observe` shows both levels. `atomic` says that a batch is one write, so that a plan is better
    one batch than many: what depends on something may come in the same batch. `unseen` is the reason
    why an object of the kind that is made or deleted by hand, past ccstate, is not seen; ""
    where it is, and where nothing of the kind is mapped. `moves` says that an object can get another
    name and keeps what no file declares of it; else the new one is created, and the old one deleted.
    `method` says who carries a change out; where that is not ccstate, `perform` hands it over, see
    `Result.sheet`, and the adapter is one that `HandsOver`.
    """

    mapped: frozenset[str]
    kept: Mapping[str, str]
    lacking: Mapping[str, str]
    verbs: frozenset[Verb] = ALL_VERBS
    cycles: bool = True
    needs_reload: bool = False
    atomic: bool = False
    unseen: str = ""
    moves: bool = False
    method: Method = "api"


class WronglyPlaced(ValueError):
    """An adapter does not say of every field, exactly once, what becomes of it."""


def placed(
    kind: str,
    *,
    mapped: Iterable[str] = (),
    kept: Mapping[str, str] | None = None,
    lacking: Mapping[str, str] | None = None,
    verbs: Iterable[Verb] = ALL_VERBS,
    cycles: bool = True,
    needs_reload: bool = False,
    atomic: bool = False,
    unseen: str = "",
    moves: bool = False,
    method: Method = "api",
) -> Support:
    """The support of a kind, in which every field has its place; see `Support`.

    Fields are named as `ccstate.kinds.field_paths` spells them: `members.*.penalty`. Adapters call
    this where they are imported, so that one that says nothing of a new field cannot be used:
    raises WronglyPlaced where a field is in no place or in two, is unknown, or has no reason.
    """
    found = [*mapped]
    kept, lacking = dict(kept or {}), dict(lacking or {})
    places = Counter([*found, *kept, *lacking])
    known = field_paths(kind)
    for said, paths in (
        ("is neither mapped, kept nor lacking", [path for path in known if not places[path]]),
        ("has more than one place", [path for path, count in places.items() if count > 1]),
        ("is no field of this kind", sorted(places.keys() - set(known))),
        ("has no reason", [p for p, why in {**kept, **lacking}.items() if not why.strip()]),
    ):
        if paths:
            raise WronglyPlaced(f"{kind}: {', '.join(paths)} {said}: correct the adapter's support")
    return Support(
        frozenset(found),
        kept,
        lacking,
        frozenset(verbs),
        cycles,
        needs_reload,
        atomic,
        unseen,
        moves,
        method,
    )


def audited(adapter: "Adapter", changes: Sequence[Change]) -> list[Diagnostic]:
    """Collect what a platform would refuse of these changes, fields that it lacks first."""
    return [*lacking_fields(adapter.supports, changes), *adapter.audit(changes)]


def lacking_fields(supports: Mapping[str, Support], changes: Iterable[Change]) -> list[Diagnostic]:
    """Report each field that a change sets and the platform lacks."""
    found = []
    for change in changes:
        support = supports.get(change.address.kind)
        if not support or not support.lacking or change.ledger is None:
            continue
        for path, at in set_fields(change.address.kind, change.ledger):
            if hint := _hint(support, path):
                field = ".".join(map(str, at))
                found.append(codes.FIELD_LACKING(address=change.address, field=field, hint=hint))
    return found


def kept_fields(support: Support, kind: str, *objects: Fields | None) -> dict[str, str]:
    """Find the fields that any of these objects sets and the platform has no place for, and why."""
    paths = {path for fields in objects if fields for path, _ in set_fields(kind, fields)}
    return {path: why for path, why in support.kept.items() if path in paths}


def kept_names(
    supports: Mapping[str, Support], objects: Iterable[tuple[Address, Fields]]
) -> tuple[str, ...]:
    """Name the fields that objects set and the platform has no place for, as `queue.label`."""
    left = {kind: set(support.kept) for kind, support in supports.items()}
    found: dict[str, set[str]] = {}
    for (kind, _), fields in objects:
        # Of 100,000 objects few set a field that none before them has set.
        if any(path.partition(".")[0] in fields for path in left.get(kind, ())):
            written = {path for path, _ in set_fields(kind, fields) if path in left[kind]}
            found.setdefault(kind, set()).update(written)
            left[kind] -= written
    return in_order(found)


def in_order(paths: Mapping[str, Collection[str]]) -> tuple[str, ...]:
    """List fields by kind as `queue.label`, in the order in which kinds and fields are declared."""
    return tuple(
        f"{kind}.{path}"
        for kind in KINDS
        if kind in paths
        for path in field_paths(kind)
        if path in paths[kind]
    )


def _hint(support: Support, path: str) -> str:
    """Say what to do about a field that is lacking, or about a mapping of which every field is; or ""."""
    inside = [hint for field, hint in support.lacking.items() if field.startswith(f"{path}.")]
    if inside and not any(
        field.startswith(f"{path}.") for field in (*support.mapped, *support.kept)
    ):
        return inside[0]
    return support.lacking.get(path, "")


@dataclass(frozen=True, slots=True)
class Result:
    """What the platform said to one change; the proof is the read that follows.

    `sheet` is the file that tells a person, or asks a vendor, to make a change which is not done:
    it is handed over, and did not fail. Performed again, it is done once the platform shows it.
    """

    done: bool
    reason: str = ""
    sheet: str = ""


@dataclass(frozen=True, slots=True)
class SignOff:
    """Somebody's word on changes that were handed over: done, or why not; `at` is ISO 8601."""

    by: str
    at: str
    not_done: str = ""


@dataclass(frozen=True, slots=True)
class Holder:
    """Who holds a platform's lock: `owner` is user@host, `since` ISO 8601 UTC, `plan` an id.

    `process` distinguishes the process of that number from one that got it later, on this host or
    one of the same name; "" where that is not known.
    """

    owner: str
    pid: int
    process: str
    since: str
    plan: str

    @property
    def host(self) -> str:
        return self.owner.rpartition("@")[2]

    def encode(self) -> bytes:
        """The record, as a platform keeps it."""
        return canonical(
            {
                "owner": self.owner,
                "pid": self.pid,
                "process": self.process,
                "since": self.since,
                "plan": self.plan,
            }
        )

    @staticmethod
    def decode(record: object) -> "Holder":
        """The holder in a record, UNKNOWN where it is none: such a lock holds all the same."""
        if not isinstance(record, bytes | str):
            return UNKNOWN
        try:
            read = orjson.loads(record)
            texts = (read["owner"], read["process"], read["since"], read["plan"])
            pid = read["pid"]
        except (ValueError, TypeError, KeyError):
            return UNKNOWN
        if type(pid) is not int or not 0 < pid <= LARGEST_PID:
            return UNKNOWN
        if not all(type(text) is str for text in texts):
            return UNKNOWN
        return Holder(texts[0], pid, *texts[1:])


LARGEST_PID = 2**31 - 1  # pid_t, as signed as Linux has it
UNKNOWN = Holder("unknown", 0, "", "", "")
"""The holder of a lock that does not say whose it is."""


class SecretsUnseen(Exception):
    """The user may not read the platform's secrets, so that none can be compared; the text says where."""


class Adapter(Protocol):
    """One live platform."""

    @property
    def supports(self) -> Mapping[str, Support]:
        """Abilities by kind; a kind that is not named is not managed here."""

    def observe(self, kinds: Collection[str]) -> Observation:
        """Everything of these kinds and their ledger, in one bulk read.

        Secrets appear only as seals. Raises Unreadable where the answer cannot be trusted;
        an empty observation means that the platform is empty.
        """

    def seal(self, references: Collection[str]) -> Mapping[str, str]:
        """A keyed hash (`sealed:…`) of each referenced secret, as `observe` shows them.

        Raises InvalidInput that names every reference that cannot be resolved, and SecretsUnseen
        where the user may make plans and may not read secrets.
        """

    def audit(self, changes: Sequence[Change]) -> list[Diagnostic]:
        """What the platform would refuse of these changes; nothing is written."""

    def perform(self, batch: Sequence[Change]) -> list[Result]:
        """Carries out changes that do not depend on each other, one result for each.

        Object and ledger are written together. A change whose live object no longer has the
        fingerprint `basis` is refused. Raises Unreadable when the platform is lost on the way:
        what took effect then shows only by observing again.
        """

    def recover(self) -> str:
        """Finishes, or takes back, what a killed `perform` left half done.

        Says in words which it was; "" where nothing was left. Asked before every apply.
        """

    def lock(self, holder: Holder) -> Holder | None:
        """Takes the platform's lock, which lies where the ledger lies; None where that was done.

        Else its holder, and nothing has changed. Of many that ask at once one gets it. It
        prevents no reading or writing: an apply asks for it, and checks that it has it.
        """

    def unlock(self, holder: Holder) -> None:
        """Gives the lock back where this holder has it; the lock of another stays."""

    def holder(self) -> Holder | None:
        """The holder of the lock; None where it is free."""


@runtime_checkable
class TellsMoves(Protocol):
    """An adapter of a platform that keeps more of an object than its fields, such as who waits in it."""

    def moving(self, changes: Sequence[Change], seen: Observation) -> Mapping[str, str]:
        """Say by kind, in words, what goes along with objects that get another name, and what does not.

        `changes` have such; `seen` is what they were made from. Nothing is written.
        """


class FollowsQueues(Protocol):
    """The function `follow_queues` of an adapter's module."""

    def __call__(self, connection: Mapping[str, Json], folder: Path) -> Iterator[QueueUpdate]:
        """Say how queues stand, and then what happens there, for as long as the server is there.

        Something is said every few seconds at least. Raises InvalidInput where the connection is
        wrong, Unreadable where the server is lost, or cannot be followed.
        """


@runtime_checkable
class HandsOver(Protocol):
    """An adapter of a platform that people change: it takes their word, and believes the platform."""

    def sign_off(self, changes: Sequence[Change], word: SignOff) -> None:
        """Keeps the word on changes that were handed over, beside the ledger; one not done is no longer.

        Alone it makes done only what no read of the platform can show.
        """


class Module(NamedTuple):
    """What the module of an adapter's entry point has: `connect`, and more where it defines it.

    `Connection` is the pydantic model of the mapping under `connection`, by which what is wrong
    there is reported with its line. `places` says where the platform is: two targets that have one of
    them in common are one platform. `GONE` has what to do about keys of an earlier release.
    `read_estate` reads configurations that were written by hand, for `ccstate import`;
    `follow_queues` tells what happens in queues, for `ccstate measure`.
    """

    connect: Callable[[Mapping[str, Json], Path], Adapter]
    model: type[BaseModel] | None
    places: Callable[[Mapping[str, Json], Path], Collection[str]] | None
    gone: Mapping[tuple[str | int, ...], str]
    read_estate: ReadsEstates | None
    follow_queues: FollowsQueues | None


@cache  # each time, the metadata of every package is read
def installed() -> Mapping[str, EntryPoint]:
    """List every adapter that is installed, by name."""
    return {point.name: point for point in entry_points(group="ccstate.adapters")}


def module_of(adapter: str) -> Module:
    """Load what an installed adapter offers; InvalidInput where there is none of that name."""
    found = installed()
    if adapter not in found:
        raise InvalidInput(not_installed(adapter, found))
    connect = found[adapter].load()
    module = import_module(found[adapter].module)
    model, places, read, follow = (
        getattr(module, name, None)
        for name in ("Connection", "places", "read_estate", "follow_queues")
    )
    return Module(connect, model, places, getattr(module, "GONE", {}), read, follow)


def not_installed(adapter: str, known: Collection[str]) -> Diagnostic:
    hint = f"installed: {', '.join(sorted(known)) or 'none'}"
    if close := get_close_matches(adapter, known, n=1):
        hint = f'did you mean "{close[0]}"?'
    return codes.ADAPTER_UNKNOWN(adapter=adapter, hint=hint)


def connect(adapter: str, connection: Mapping[str, Json], folder: Path) -> Adapter:
    """Connect to the platform behind a target; InvalidInput where no such adapter is installed."""
    return module_of(adapter).connect(connection, folder)
