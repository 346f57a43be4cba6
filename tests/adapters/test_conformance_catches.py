"""A suite that never fails proves nothing: adapters with one defect each, and what notices it."""

import os
import re
import threading
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import ClassVar

import orjson
import pytest

from ccstate import kinds
from ccstate.adapter import Holder, Result, Support, placed
from ccstate.adapters.embedded import SUPPORTS, EmbeddedAdapter, store
from ccstate.conformance import Case, Failed, cases
from ccstate.conformance.samples import SECRETS, put, value_at, without
from ccstate.errors import CcstateError, Diagnostic, Unreadable
from ccstate.kinds.fields import seconds
from ccstate.model import (
    Action,
    Address,
    Change,
    Fields,
    Json,
    Observation,
    edited,
    fingerprint,
)
from tests.adapters.embedded_harness import Embedded, Passing

pytestmark = pytest.mark.thorough

TRUNK = frozenset({"site", "trunk"})


def lacking(kind: str, fields: Mapping[str, str], *, cycles: bool = True) -> Support:
    """The support of a platform that holds all fields of the kind but these."""
    mapped = set(kinds.field_paths(kind)) - set(fields)
    return placed(kind, mapped=mapped, lacking=fields, cycles=cycles)


def kept(kind: str, fields: Mapping[str, str]) -> Support:
    """The support of a platform that has a place for all fields of the kind but these."""
    return placed(kind, mapped=set(kinds.field_paths(kind)) - set(fields), kept=fields)


class Wrapped(Passing):
    """The embedded adapter, seen through something that may lie; limited to a few kinds."""

    kinds: ClassVar[frozenset[str]] = TRUNK

    @property
    def supports(self) -> Mapping[str, Support]:
        return {kind: found for kind, found in SUPPORTS.items() if kind in self.kinds}

    def raw(self, address: Address) -> Fields | None:
        if not self.real.path.exists():
            return None
        with store.reading(self.real.path) as database:
            return store.found(database, [address]).get(address)

    def by_hand(self, address: Address, fields: Fields | None) -> None:
        """What an administrator does on this platform."""
        self.real.by_hand(address, fields)

    def write_ledger(self, address: Address, fields: Fields | None) -> None:
        with store.writing(self.real.path) as database:
            store.write_ledger(database, {address: fields})


class Limited(Wrapped):
    """No defect: a platform that can do little, and says so."""

    kinds = frozenset(
        (
            *("site", "team", "user", "prompt", "extension", "queue", "schedule", "calendar"),
            *("ring_group", "switch"),
        )
    )
    limits: ClassVar[Mapping[str, Support]] = {
        "calendar": SUPPORTS["calendar"],
        "ring_group": SUPPORTS["ring_group"],
        "switch": SUPPORTS["switch"],
        "site": replace(SUPPORTS["site"], verbs=frozenset({"create", "update"})),
        "team": replace(SUPPORTS["team"], cycles=False),
        "user": lacking("user", {"skills": "all are equal"}, cycles=False),
        "prompt": replace(SUPPORTS["prompt"], verbs=frozenset({"update"})),
        "schedule": replace(SUPPORTS["schedule"], verbs=frozenset({"create", "delete"})),
        "extension": lacking("extension", {"voicemail.pin": "no PINs", "secret": "no devices"}),
        "queue": lacking(
            "queue",
            {
                "announcements.welcome": "callers wait in silence",
                "announcements.position": "callers wait in silence",
                "announcements.wait_time": "callers wait in silence",
                "announcements.every": "callers wait in silence",
                "announcements.periodic": "callers wait in silence",
                "announcements.periodic_every": "callers wait in silence",
                "members.*.penalty": "all are equal",
                "overflow.empty": "no trees",
            },
            cycles=False,
        ),
    }

    @property
    def supports(self) -> Mapping[str, Support]:
        return self.limits

    def audit(self, changes: Sequence[Change]) -> list[Diagnostic]:
        return [
            Diagnostic("CC499", f"{change.address}: not possible here")
            for change in changes
            if not self._can(change)
        ]

    def _can(self, change: Change) -> bool:
        verbs = {a.value for a in (Action.CREATE, Action.UPDATE, Action.DELETE)}
        return change.action.value not in verbs - self.limits[change.address.kind].verbs

    def perform(self, batch: Sequence[Change]) -> list[Result]:
        alone = len(batch) == 1
        names = {change.address for change in batch}
        circular = not alone and any(
            not self.limits[change.address.kind].cycles
            and {r.target for r in kinds.references(change.address.kind, change.ledger or {})}
            & names
            for change in batch
            if change.action is Action.CREATE
        )
        if circular:
            return [Result(done=False, reason="one by one, please") for _ in batch]
        return self.real.perform(batch)


class Keeping(Wrapped):
    """No defect: a platform without a place for some fields, which stand in records beside it."""

    limits: ClassVar[Mapping[str, Support]] = {
        "site": kept("site", {"areas.*.label": "areas have no names", "role": "all are alike"}),
        "trunk": kept("trunk", {"max_calls": "nobody counts"}),
        "prompt": kept("prompt", dict.fromkeys(kinds.field_paths("prompt"), "no sounds")),
    }

    @property
    def supports(self) -> Mapping[str, Support]:
        return self.limits

    def by_hand(self, address: Address, fields: Fields | None) -> None:
        if fields is not None:
            kept, before = self.limits[address.kind].kept, self.raw(address) or {}
            recorded = {at: path for path, at in kinds.set_fields(address.kind, before)}
            places = [at for path, at in kinds.set_fields(address.kind, fields) if path in kept]
            fields = without(fields, {at for at in places if at not in recorded})
            for place in recorded.keys() & set(places):
                fields = put(fields, place, value_at(before, place))
        self.real.by_hand(address, fields)


class ClaimsWhatItKeeps(Keeping):
    """Says that fields are kept in records alone, and shows what stands on the platform."""

    def by_hand(self, address: Address, fields: Fields | None) -> None:
        self.real.by_hand(address, fields)


class AnswersFromItsNotes(Wrapped):
    """Writes down what it has written, and shows that instead of what is there."""

    def perform(self, batch: Sequence[Change]) -> list[Result]:
        results = self.real.perform(batch)
        seen = self.real.observe(sorted(self.kinds))
        notes = {str(address): fields for address, fields in seen.objects.items()}
        self._notes.write_bytes(orjson.dumps(notes))
        return results

    def observe(self, kinds: Collection[str]) -> Observation:
        seen = self.real.observe(kinds)
        notes = orjson.loads(self._notes.read_bytes()) if self._notes.exists() else {}
        return replace(seen, objects={a: notes.get(str(a), f) for a, f in seen.objects.items()})

    @property
    def _notes(self) -> Path:
        return self.real.path.with_name("notes.json")


class DropsUndeclaredFields(Wrapped):
    def perform(self, batch: Sequence[Change]) -> list[Result]:
        results = self.real.perform(batch)
        for change in batch:
            live = self.raw(change.address)
            if change.action is Action.UPDATE and live is not None:
                kept = {
                    name: value for name, value in live.items() if name in (change.ledger or {})
                }
                self.real.by_hand(change.address, kept)
        return results


class ResetsOtherFields(Wrapped):
    def perform(self, batch: Sequence[Change]) -> list[Result]:
        results = self.real.perform(batch)
        for change in batch:
            live = self.raw(change.address)
            if change.action is Action.UPDATE and live is not None:
                written = {edit.path.partition(".")[0] for edit in change.edits}
                fall_back = {
                    name: value
                    for name, value in kinds.defaults(change.address.kind).items()
                    if name not in written
                }
                self.real.by_hand(change.address, {**live, **fall_back})
        return results


class ReplacesStructs(Wrapped):
    """Writes one field of an address, and loses the others."""

    def perform(self, batch: Sequence[Change]) -> list[Result]:
        results = self.real.perform(batch)
        for change in batch:
            live = self.raw(change.address)
            inside = [edit for edit in change.edits if "." in edit.path]
            if change.action is Action.UPDATE and live is not None and inside:
                gone = {edit.path.partition(".")[0]: None for edit in inside}
                rest = {name: value for name, value in live.items() if name not in gone}
                self.real.by_hand(change.address, edited(rest, inside))
        return results


class ForgetsOneField(Wrapped):
    def perform(self, batch: Sequence[Change]) -> list[Result]:
        return self.real.perform(
            [
                replace(change, edits=tuple(e for e in change.edits if e.path != "max_calls"))
                for change in batch
            ]
        )


class IgnoresNull(Wrapped):
    def perform(self, batch: Sequence[Change]) -> list[Result]:
        return self.real.perform(
            [
                replace(change, edits=tuple(e for e in change.edits if e.after is not None))
                if change.action is Action.UPDATE
                else change
                for change in batch
            ]
        )


class KeepsTheLedgerOfTheDeleted(Wrapped):
    def perform(self, batch: Sequence[Change]) -> list[Result]:
        ledger = self.real.observe(self.kinds).ledger
        results = self.real.perform(batch)
        for change in batch:
            if change.action is Action.DELETE:
                self.write_ledger(change.address, ledger[change.address])
        return results


class RecordsEverythingLive(Wrapped):
    """The ledger says what the object is, not what was declared."""

    def perform(self, batch: Sequence[Change]) -> list[Result]:
        results = self.real.perform(batch)
        seen = self.real.observe(self.kinds)
        for change in batch:
            if change.address in seen.objects and change.address in seen.ledger:
                self.write_ledger(change.address, seen.objects[change.address])
        return results


class WritesNoLedger(Wrapped):
    def perform(self, batch: Sequence[Change]) -> list[Result]:
        results = self.real.perform(batch)
        for change in batch:
            self.write_ledger(change.address, None)
        return results


class SaysDoneWithoutWriting(Wrapped):
    def perform(self, batch: Sequence[Change]) -> list[Result]:
        return [Result(done=True) for _ in batch]


class SaysDoneToWhatItRefuses(Wrapped):
    def perform(self, batch: Sequence[Change]) -> list[Result]:
        return [Result(done=True) for _ in self.real.perform(batch)]


class IgnoresBasis(Wrapped):
    def perform(self, batch: Sequence[Change]) -> list[Result]:
        live = self.real.observe(self.kinds).objects
        return self.real.perform(
            [replace(change, basis=fingerprint(live.get(change.address))) for change in batch]
        )


class RefusesWithoutReason(Wrapped):
    def perform(self, batch: Sequence[Change]) -> list[Result]:
        return [Result(done=result.done) for result in self.real.perform(batch)]


class StopsAtTheFirstRefusal(Wrapped):
    def perform(self, batch: Sequence[Change]) -> list[Result]:
        results: list[Result] = []
        for change in batch:
            if all(result.done for result in results):
                results += self.real.perform([change])
            else:
                results.append(Result(done=False, reason="stopped"))
        return results


class AnswersTooLittle(Wrapped):
    def perform(self, batch: Sequence[Change]) -> list[Result]:
        return self.real.perform(batch)[:1]


class DeletesUnmanaged(Wrapped):
    """Prunes: what the ledger does not list goes."""

    def perform(self, batch: Sequence[Change]) -> list[Result]:
        results = self.real.perform(batch)
        seen = self.real.observe({change.address.kind for change in batch})
        for address in set(seen.objects) - set(seen.ledger):
            self.real.by_hand(address, None)
        return results


class DeletesWhatItReleases(Wrapped):
    def perform(self, batch: Sequence[Change]) -> list[Result]:
        results = self.real.perform(batch)
        for change in batch:
            if change.action is Action.RELEASE and self.raw(change.address) is not None:
                self.real.by_hand(change.address, None)
        return results


class AdoptsByMakingAnew(Wrapped):
    def perform(self, batch: Sequence[Change]) -> list[Result]:
        results = self.real.perform(batch)
        for change in batch:
            live = self.raw(change.address)
            if change.action is Action.ADOPT and live is not None:
                names = change.ledger or {}
                self.real.by_hand(
                    change.address, {name: value for name, value in live.items() if name in names}
                )
        return results


class ShowsSecrets(Wrapped):
    def observe(self, kinds: Collection[str]) -> Observation:
        seen = self.real.observe(kinds)
        raw = {address: self.raw(address) or {} for address in seen.objects}
        return Observation(raw, seen.ledger)


class SealsAtRandom(Wrapped):
    def seal(self, references: Collection[str]) -> Mapping[str, str]:
        salt = os.urandom(4).hex()
        return {ref: f"{seal}{salt}" for ref, seal in self.real.seal(references).items()}


class SealsAllAlike(Wrapped):
    def seal(self, references: Collection[str]) -> Mapping[str, str]:
        return dict.fromkeys(self.real.seal(references), "sealed:0")

    def observe(self, kinds: Collection[str]) -> Observation:
        seen = self.real.observe(kinds)
        return Observation({a: _alike(f) for a, f in seen.objects.items()}, seen.ledger)

    def perform(self, batch: Sequence[Change]) -> list[Result]:
        live = self.real.observe(self.kinds).objects
        through = []
        for change in batch:
            seals = self.real.seal(set(change.secrets.values()))
            edits = tuple(
                replace(edit, after=seals[change.secrets[edit.path]])
                if edit.path in change.secrets
                else edit
                for edit in change.edits
            )
            basis = change.basis
            if change.address in live and fingerprint(_alike(live[change.address])) == basis:
                basis = fingerprint(live[change.address])
            through.append(replace(change, edits=edits, basis=basis))
        return self.real.perform(through)


def _alike(fields: Fields) -> Fields:
    return {**fields, "secret": "sealed:0"} if "secret" in fields else fields


class InventsMissingSecrets(Wrapped):
    def seal(self, references: Collection[str]) -> Mapping[str, str]:
        known = [r for r in references if r.partition(":")[2] in SECRETS]
        return {**dict.fromkeys(references, "sealed:0"), **self.real.seal(known)}


class LooksEmptyWhenBroken(Wrapped):
    def observe(self, kinds: Collection[str]) -> Observation:
        try:
            return self.real.observe(kinds)
        except Unreadable:
            return Observation({}, {})


class RefusesWhenBroken(Wrapped):
    """Loses the platform while performing, and calls that a refusal."""

    def perform(self, batch: Sequence[Change]) -> list[Result]:
        try:
            return self.real.perform(batch)
        except Unreadable as error:
            return [Result(done=False, reason=str(error)) for _ in batch]


class ShowsSecondsInOtherWords(Wrapped):
    """Durations as the platform has them, not in their canonical form."""

    kinds = frozenset({"site", "prompt", "extension"})

    def observe(self, kinds: Collection[str]) -> Observation:
        seen = self.real.observe(kinds)
        return Observation(
            {
                address: {
                    name: f"{seconds(str(value))}s" if name == "ring_for" else value
                    for name, value in fields.items()
                }
                for address, fields in seen.objects.items()
            },
            seen.ledger,
        )


class ShowsSetsUnsorted(Wrapped):
    kinds = frozenset({"site", "trunk", "outbound_route"})

    def observe(self, kinds: Collection[str]) -> Observation:
        seen = self.real.observe(kinds)
        return Observation({a: _reversed(f) for a, f in seen.objects.items()}, seen.ledger)


def _reversed(fields: Fields) -> dict[str, Json]:
    patterns = fields.get("patterns")
    return {**fields, "patterns": patterns[::-1]} if isinstance(patterns, list) else dict(fields)


class ShowsMoreThanAsked(Wrapped):
    def observe(self, kinds: Collection[str]) -> Observation:
        return self.real.observe(self.kinds)


class RemembersInTheProcess(Wrapped):
    """The ledger is lost with the connection."""

    def __init__(self, real: EmbeddedAdapter) -> None:
        super().__init__(real)
        self._known: set[Address] = set()

    def observe(self, kinds: Collection[str]) -> Observation:
        seen = self.real.observe(kinds)
        known = {a: f for a, f in seen.ledger.items() if a in self._known}
        return Observation(seen.objects, known)

    def perform(self, batch: Sequence[Change]) -> list[Result]:
        self._known |= {change.address for change in batch}
        return self.real.perform(batch)


class CannotMakeCircles(Wrapped):
    kinds = frozenset({"site", "team", "user", "extension", "prompt"})

    def perform(self, batch: Sequence[Change]) -> list[Result]:
        return [result for change in batch for result in self.real.perform([change])]


class ClaimsDeletion(Wrapped):
    def perform(self, batch: Sequence[Change]) -> list[Result]:
        return [
            Result(done=False, reason="cannot delete")
            if change.action is Action.DELETE
            else self.real.perform([change])[0]
            for change in batch
        ]


class AuditsNothing(Limited):
    def audit(self, changes: Sequence[Change]) -> list[Diagnostic]:
        return []


class AuditWrites(Wrapped):
    def audit(self, changes: Sequence[Change]) -> list[Diagnostic]:
        self.real.perform(changes)
        return []


class LacksWhatIsNoField(Wrapped):
    @property
    def supports(self) -> Mapping[str, Support]:
        return {"site": replace(SUPPORTS["site"], lacking={"colour": "no paint"})}


class SaysNothingOfAField(Wrapped):
    """As an adapter that was not told of a field that its kind has since."""

    @property
    def supports(self) -> Mapping[str, Support]:
        rest = SUPPORTS["trunk"].mapped - {"max_calls"}
        return {**super().supports, "trunk": replace(SUPPORTS["trunk"], mapped=rest)}


class LetsTwoHoldTheLock(Wrapped):
    def lock(self, holder: Holder) -> Holder | None:
        before = self.real.holder()
        if before is not None:
            self.real.unlock(before)
        return self.real.lock(holder)


class RemembersTheLockInTheProcess(Wrapped):
    def __init__(self, real: EmbeddedAdapter) -> None:
        super().__init__(real)
        self._holder: Holder | None = None

    def lock(self, holder: Holder) -> Holder | None:
        if self._holder is None:
            self._holder = holder
            return None
        return self._holder

    def unlock(self, holder: Holder) -> None:
        self._holder = None if self._holder == holder else self._holder

    def holder(self) -> Holder | None:
        return self._holder


class GivesBackTheLockOfAnother(Wrapped):
    def unlock(self, holder: Holder) -> None:
        held = self.real.holder()
        if held is not None:
            self.real.unlock(held)


class NeverGivesBackTheLock(Wrapped):
    def unlock(self, holder: Holder) -> None:
        pass


class LooksBeforeItLocks(Wrapped):
    """Looks, and then writes: where several look at once, each of them finds it free."""

    looked: ClassVar[threading.Barrier] = threading.Barrier(6)

    def lock(self, holder: Holder) -> Holder | None:
        held = self.real.holder()
        if threading.current_thread() is not threading.main_thread():
            self.looked.wait()
        if held is None:
            self.real.lock(holder)
        return held


class ShowsTheLockAsAnObject(Wrapped):
    def observe(self, kinds: Collection[str]) -> Observation:
        seen = self.real.observe(kinds)
        if self.real.holder() is None:
            return seen
        return replace(seen, objects={**seen.objects, Address("site", "lock"): {}})


class LosesTheLockWhenItWrites(Wrapped):
    def perform(self, batch: Sequence[Change]) -> list[Result]:
        held = self.real.holder()
        if held is not None:
            self.real.unlock(held)
        return self.real.perform(batch)


class SupportsAnUnknownKind(Wrapped):
    @property
    def supports(self) -> Mapping[str, Support]:
        return {**super().supports, "fax": SUPPORTS["site"]}


CAUGHT: dict[type[Wrapped], str] = {
    AnswersFromItsNotes: r"site\.timezone drifts: site/walked: timezone is 'Australia/Sydney', not",
    ClaimsWhatItKeeps: r"trunk\.max_calls stays kept: .*claims 1 where 30 was applied",
    DropsUndeclaredFields: r"is let go: .* is None, not",
    ResetsOtherFields: r"changes: .*path='role', before='primary', after='backup'",
    ReplacesStructs: r"site\.address\.street changes: .*path='address\.city', before=None",
    ForgetsOneField: r"trunk is created: .*not confirmed: max_calls is not set, not 30",
    IgnoresNull: r"is cleared: .*not confirmed: .*, not not set",
    KeepsTheLedgerOfTheDeleted: r"the ledger still lists it",
    RecordsEverythingLive: r"the ledger does not record it",
    WritesNoLedger: r"the ledger does not record it",
    SaysDoneWithoutWriting: r"not confirmed: site/walked is not there",
    SaysDoneToWhatItRefuses: r"stale change is refused: .* is done nevertheless",
    IgnoresBasis: r"stale change is refused: .* is done nevertheless",
    RefusesWithoutReason: r"refused without a reason",
    StopsAtTheFirstRefusal: r"near is refused because of another change",
    AnswersTooLittle: r"answers 2 changes with 1 results",
    DeletesUnmanaged: r"unmanaged stays: .*no longer as it was",
    DeletesWhatItReleases: r"is released: releasing it changed it",
    AdoptsByMakingAnew: r"is adopted with edits: .* is None, not",
    ShowsSecrets: r"not confirmed: secret is|in plain text",
    SealsAtRandom: r"secret is sealed:|not confirmed: secret is sealed",
    SealsAllAlike: r"different secrets have the same seal|of secret alone|changes: ",
    InventsMissingSecrets: r"missing secrets are named: seal accepts",
    LooksEmptyWhenBroken: r"unreadable is said: observe answers",
    RefusesWhenBroken: r"unreadable is said: perform answers",
    ShowsSecondsInOtherWords: r"extension .*not confirmed: ring_for is 90s, not 1m30s",
    ShowsSetsUnsorted: r"not confirmed: patterns is",
    ShowsMoreThanAsked: r"asked for site alone, observe shows",
    RemembersInTheProcess: r"another connection shows another state",
    CannotMakeCircles: r"circle .*: create (team|user)/near: .* which is not here",
    ClaimsDeletion: r"cannot delete",
    AuditsNothing: r"audit refuses: audit lets pass",
    AuditWrites: r"audit wrote something|create .* changed since the plan was made",
    LacksWhatIsNoField: r"every field is placed: site: colour is no field of this kind",
    SaysNothingOfAField: r"trunk: max_calls is neither mapped, kept nor lacking",
    LetsTwoHoldTheLock: r"a second request is answered None",
    RemembersTheLockInTheProcess: r"a second request is answered None|another connection sees None",
    GivesBackTheLockOfAnother: r"gave back the lock of",
    NeverGivesBackTheLock: r"a lock that was given back is still held",
    LooksBeforeItLocks: r"6 asked for the lock at once, and [2-6] got it",
    ShowsTheLockAsAnObject: r"the lock shows in an observation",
    LosesTheLockWhenItWrites: r"a change took the lock away",
    SupportsAnUnknownKind: r"kinds that do not exist: \['fax'\]",
}


class Harness(Embedded):
    def __init__(self, wrap: Callable[[EmbeddedAdapter], Wrapped]) -> None:
        super().__init__()
        self._wrap = wrap

    def connect(self) -> Wrapped:
        return self._wrap(self.open())

    def by_hand(self, address: Address, fields: Fields | None) -> None:
        self.connect().by_hand(address, fields)


def complaints(wrap: Callable[[EmbeddedAdapter], Wrapped]) -> Iterator[str]:
    """What every failing case says."""
    return complaints_of(cases(Harness(wrap)))


def complaints_of(suite: Sequence[Case]) -> Iterator[str]:
    for case in suite:
        try:
            case()
        except (Failed, CcstateError) as failure:
            yield f"{case}: {failure}"


@pytest.mark.no_cover  # the sound adapters below go through the same cases
@pytest.mark.parametrize("defect", CAUGHT, ids=lambda defect: defect.__name__)
def test_the_suite_notices(defect: type[Wrapped]) -> None:
    said = []
    for line in complaints(defect):
        if re.search(CAUGHT[defect], line):
            return
        said.append(line[:300])
    pytest.fail("no case said what was expected, but:\n" + "\n".join(said[:12]))


@pytest.mark.parametrize("sound", [Wrapped, Limited, Keeping])
def test_the_suite_lets_pass_what_is_sound(sound: type[Wrapped]) -> None:
    assert list(complaints(sound)) == []


class WithoutSavedStates:
    """A platform whose states are made anew for each case."""

    def __init__(self) -> None:
        harness = Harness(Wrapped)
        self.connect, self.reset = harness.connect, harness.reset
        self.by_hand, self.break_ = harness.by_hand, harness.break_


def test_the_suite_needs_no_platform_that_can_be_restored() -> None:
    assert list(complaints_of(cases(WithoutSavedStates()))) == []


class SeesNoTrunksMadeByHand(Wrapped):
    """Shows no trunk that it did not make, and says so."""

    @property
    def supports(self) -> Mapping[str, Support]:
        trunk = replace(SUPPORTS["trunk"], unseen="its files say too little")
        return {**super().supports, "trunk": trunk}

    def observe(self, kinds: Collection[str]) -> Observation:
        seen = super().observe(kinds)
        made = {a: f for a, f in seen.objects.items() if a.kind != "trunk" or a in seen.ledger}
        return replace(seen, objects=made)


def test_objects_that_a_platform_cannot_see_are_not_asked_for() -> None:
    every = {case.name: case for case in cases(Harness(SeesNoTrunksMadeByHand))}
    assert "site is adopted as it is" in every
    assert "trunk is adopted as it is" not in every
    every["trunk stale creation is refused"]()


class ClaimsWhatNobodyTries(Wrapped):
    """Says that it updates sites, and the only cases that ran did not."""


def test_an_ability_that_no_case_exercised_fails_the_suite() -> None:
    every = cases(Harness(ClaimsWhatNobodyTries))
    suite = every[0].suite
    suite.ran |= {case.name for case in every}
    with pytest.raises(Failed, match=r"never seen to work: create site, .*update trunk\.port"):
        every[-1]()


def test_the_tally_shows_every_ability_where_no_other_case_was_selected() -> None:
    every = cases(Harness(Wrapped))
    every[-1]()
    suite = every[0].suite
    assert suite.ran == {every[-1].name}, "one plan a kind shows everything"
    assert {("trunk", "port"), ("trunk", "secret"), ("site", "label")} <= suite.tally.fields
    assert {("trunk", "delete"), ("site", "delete")} <= suite.tally.verbs


class UpdatesOneFieldAtATime(Wrapped):
    """Refuses an update of several fields."""

    def perform(self, batch: Sequence[Change]) -> list[Result]:
        if any(change.action is Action.UPDATE and len(change.edits) > 1 for change in batch):
            return [Result(done=False, reason="one field at a time") for _ in batch]
        return super().perform(batch)


def test_the_tally_runs_what_was_not_selected_until_every_ability_was_seen() -> None:
    every = cases(Harness(UpdatesOneFieldAtATime))
    every[-1]()
    ran = every[0].suite.ran
    assert {case.name for case in every if case.name.endswith(" changes")} <= ran
    assert not [name for name in ran if name.endswith(" drifts")], "that shows nothing more"


class WithSavedStates(Harness):
    """A platform of which `restored` counts how often it was put back."""

    def __init__(self) -> None:
        super().__init__(Wrapped)
        self.restored = 0

    def restore(self, saved: Mapping[str, bytes]) -> None:
        self.restored += 1
        super().restore(saved)


class RestoresNothing(WithSavedStates):
    def restore(self, saved: Mapping[str, bytes]) -> None:
        """Leave the platform empty."""


def test_cases_begin_with_the_states_that_earlier_cases_made() -> None:
    harness = WithSavedStates()
    every = cases(harness)
    for case in every:
        case()
    assert harness.restored > len(every) / 2


def test_a_state_that_is_not_restored_fails_the_suite() -> None:
    every = [case for case in cases(RestoresNothing()) if case.name.startswith("trunk.port ")]
    every[0]()
    with pytest.raises(Failed):
        every[1]()
