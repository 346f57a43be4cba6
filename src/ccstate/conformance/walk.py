"""The real way from desired state to a confirmed platform, without files and journal."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import TypeAlias, cast

from ccstate import kinds
from ccstate.adapter import ALL_VERBS, Adapter, Result, Support, Verb, audited
from ccstate.conformance.harness import CarriesOut, Failed, Harness, Restorable, expect
from ccstate.conformance.samples import SECRETS, Objects, Sample, able, estate, without
from ccstate.diff import LEDGER_ONLY, Moves, diff, discrepancy
from ccstate.model import (
    Action,
    Address,
    Change,
    Edit,
    Fields,
    Json,
    Observation,
    Plan,
    Resource,
    Why,
    canonical,
    edited,
)
from ccstate.plan import TargetPlan, make_plan

NO_MOVES: Moves = MappingProxyType({})

TARGET = "conformance"
Sealed: TypeAlias = tuple[dict[Address, Resource], dict[Address, dict[str, str]]]
"""The state as plans hold it, seals in place of secrets; and the references behind them."""
VERBS: Mapping[Action, Verb] = {
    Action.CREATE: "create",
    Action.UPDATE: "update",
    Action.DELETE: "delete",
}

MOVE = "move"
"""In a tally: an object got another name."""


@dataclass(slots=True)
class Tally:
    """The abilities that have been exercised: verbs by kind, and updated fields by kind."""

    verbs: set[tuple[str, str]] = field(default_factory=set)
    fields: set[tuple[str, str]] = field(default_factory=set)

    def count(self, change: Change) -> None:
        kind = change.address.kind
        if change.action is Action.MOVE:
            self.verbs.add((kind, MOVE))
        if change.action in VERBS:
            self.verbs.add((kind, VERBS[change.action]))
        if change.action is Action.UPDATE:
            self.fields |= {(kind, edit.path) for edit in change.edits}


@dataclass(slots=True)
class States:
    """The states that cases begin with, as a harness that is Restorable has saved them.

    Each is kept with what the platform showed then. `is_empty` says whether the platform is as
    `reset` left it; `latest` is its last observation, None once something was done to it since.
    """

    saved: dict[bytes, tuple[object, Observation]] = field(default_factory=dict)
    is_empty: bool = False
    latest: Observation | None = None

    def reset(self, harness: Harness) -> None:
        """Make the platform empty."""
        harness.reset()
        self.is_empty = True
        self.latest = None


@dataclass(frozen=True, slots=True)
class Walk:
    """The walk of one platform, and the questions that cases ask of it.

    `supports` is what its adapter declares, `samples` what of the samples it can hold.
    """

    harness: Harness
    adapter: Adapter
    tally: Tally
    supports: Mapping[str, Support]
    samples: Mapping[str, Sample]
    states: States = field(default_factory=States)

    def can_move(self, kind: str) -> bool:
        """Whether objects of the kind can get another name; that is a creation and a deletion too."""
        return kind in self.supports and (
            self.supports[kind].moves and self.supports[kind].verbs >= ALL_VERBS
        )

    def can(self, kind: str, verb: Verb) -> bool:
        return kind in self.supports and verb in self.supports[kind].verbs

    def able(self, kind: str, fields: Fields) -> Fields:
        """Return the fields without those that the platform lacks."""
        return able(self.supports[kind], kind, fields)

    def shows(self, kind: str) -> bool:
        """Check whether objects of the kind show on the platform, and not in records alone."""
        return bool(self.supports[kind].mapped)

    def shows_objects(self, kind: str) -> bool:
        """Check whether an object of the kind that is made or deleted by hand is seen."""
        return self.shows(kind) and not self.supports[kind].unseen

    def visible(self, kind: str, fields: Fields) -> Fields:
        """Return the fields that the platform itself can show: those not kept in records."""
        kept = self.supports[kind].kept
        return without(fields, {at for path, at in kinds.set_fields(kind, fields) if path in kept})

    def keeps_some_of(self, kind: str, path: str) -> bool:
        """Check whether anything in a field that is managed on its own is kept in records."""
        return any(f"{kept}.".startswith(f"{path}.") for kept in self.supports[kind].kept)

    def sample(self, kind: str) -> Sample:
        return self.samples[kind]

    def around(self, objects: Objects) -> Objects:
        """Return the near and far objects that these name, and those that they name in turn."""
        found: dict[Address, Fields] = {}
        waiting = list(objects.items())
        while waiting:
            address, fields = waiting.pop()
            for reference in kinds.references(address.kind, fields):
                target = reference.target
                if target in found or target in objects or target.kind not in self.supports:
                    continue
                found[target] = self.sample(target.kind).bystander(target)
                waiting.append((target, found[target]))
        return found

    def walked(self, kind: str) -> tuple[Sample, Objects]:
        """Return the sample of a kind, and all objects that its values name."""
        sample = self.sample(kind)
        named = {**self.around({sample.walked: sample.first})}
        for fields in (sample.second, *sample.others):
            named |= self.around({sample.walked: fields})
        return sample, named

    # What is done to the platform.

    def reset(self) -> None:
        """Make the platform empty."""
        self.states.reset(self.harness)

    def plan(self, desired: Objects, release: Collection[Address] = ()) -> Plan:
        """Plan from the platform as it is now."""
        return self._planned(self.sealed(desired), self.observe(), release)

    def _planned(
        self,
        sealed: Sealed,
        seen: Observation,
        release: Collection[Address] = (),
        moves: Moves = NO_MOVES,
    ) -> Plan:
        """Plan from an observation of the platform."""
        wanted, references = sealed
        changes = diff(TARGET, wanted, seen, secrets=references, release=release, moves=moves)
        share = TargetPlan(TARGET, changes, wanted, seen, self.supports, 100, 100)
        return make_plan([share], commit="", forced="")

    def sealed(self, desired: Objects) -> Sealed:
        """Return the state as plans hold it, seals in place of secrets.

        And the references behind them.
        """
        references = {
            address: found
            for address, fields in desired.items()
            if (found := kinds.secrets(address.kind, fields))
        }
        seals = self._seals({name for found in references.values() for name in found.values()})
        state = {}
        for address, fields in desired.items():
            held = references.get(address, {}).items()
            edits = [Edit(path, None, seals[reference], why=Why.YOU) for path, reference in held]
            state[address] = Resource(address, edited(fields, edits), "")
        return state, references

    def apply(
        self, desired: Objects, release: Collection[Address] = (), moves: Moves = NO_MOVES
    ) -> Plan:
        """Perform and confirm the plan; a second plan must find nothing to do."""
        sealed = self.sealed(desired)
        plan = self._planned(sealed, self.latest(), release, moves)
        expect(not plan.refusals, f"the plan is refused: {plan.refusals}")
        self.perform(plan)
        seen = self.latest()
        for change in plan.changes():
            missing = discrepancy(change, seen)
            expect(not missing, f"{change.action} {change.address} is not confirmed: {missing}")
        _expect_no_changes(self._planned(sealed, seen), "after it was applied")
        return plan

    def perform(self, plan: Plan) -> None:
        self._touch()
        problems = audited(self.adapter, list(plan.changes()))
        expect(not problems, f"audit refuses what the adapter supports: {problems}")
        for step in plan.steps:
            results = self.performed(step.changes)
            expect(
                len(results) == len(step.changes),
                f"perform answers {len(step.changes)} changes with {len(results)} results",
            )
            for change, result in zip(step.changes, results, strict=True):
                expect(result.done, f"{change.action} {change.address}: {result.reason}")
                self.tally.count(change)

    def performed(self, batch: Sequence[Change]) -> list[Result]:
        """Perform a batch; what is handed over is asked again, carried out, and performed once more."""
        results = self.adapter.perform(batch)
        if len(results) != len(batch):
            return results
        handed = {c.address: r.sheet for c, r in zip(batch, results, strict=True) if is_handed(r)}
        if not handed:
            return results
        changes = [change for change in batch if change.address in handed]
        for change in changes:
            method = self.supports[change.address.kind].method
            expect(method != "api", f"{change.address} is handed over, and ccstate is to change it")
        harness = self.harness
        if not isinstance(harness, CarriesOut):
            raise Failed("changes are handed over, and the harness has nobody who carries them out")
        before = self.observe()
        again = self.adapter.perform(changes)
        expect(
            list(map(is_handed, again)) == [True] * len(changes), "asked again, it is done at once"
        )
        expect(
            [r.sheet for r in again] == [*handed.values()], "asked again, there is another sheet"
        )
        expect(self.observe() == before, "handing changes over changed the platform")
        self._touch()
        harness.carry_out(changes, list(handed.values()))
        done = dict(zip(handed, self.adapter.perform(changes), strict=True))
        return [
            done.get(change.address, result) for change, result in zip(batch, results, strict=True)
        ]

    def establish(self, objects: Objects) -> None:
        """Have these objects on the platform and under management.

        On an empty platform: as an earlier case made them, where the harness can restore that.
        """
        harness, was_empty = self.harness, self.states.is_empty
        if not was_empty or not isinstance(harness, Restorable):
            self.make(objects)
            return
        wanted = canonical({str(address): fields for address, fields in objects.items()})
        if wanted in self.states.saved:
            saved, seen = self.states.saved[wanted]
            self._touch()
            harness.restore(saved)
            self.states.latest = seen
        else:
            self.make(objects)
            self.states.saved[wanted] = harness.save(), self.latest()

    def make(self, objects: Objects) -> None:
        """Plan, apply and confirm these objects, over whatever is on the platform."""
        for address, fields in objects.items():
            if not self.can(address.kind, "create"):
                self.by_hand(address, fields)
        self.apply(objects)

    def by_hand(self, address: Address, fields: Fields) -> None:
        """Change an object as an administrator would, written as desired state would say it."""
        self._touch()
        self.harness.by_hand(address, plain(address.kind, fields))

    def delete_by_hand(self, address: Address) -> None:
        """Delete an object as an administrator would."""
        self._touch()
        self.harness.by_hand(address, None)

    def _touch(self) -> None:
        """Note that the platform is about to change."""
        self.states.is_empty = False
        self.states.latest = None

    # What the platform shows.

    def observe(self) -> Observation:
        """Observe the platform now."""
        self.states.latest = self.adapter.observe(sorted(self.supports))
        return self.states.latest

    def latest(self) -> Observation:
        """Return the platform as it was last read; read now where it was changed since."""
        return self.states.latest or self.observe()

    def shown(self, kind: str, fields: Fields) -> dict[str, Json]:
        """Return what an object with these fields must show: by dotted path, secrets sealed."""
        references = kinds.secrets(kind, fields)
        seals = self._seals(set(references.values()))
        edits = [Edit(path, None, seals[ref], why=Why.YOU) for path, ref in references.items()]
        return {
            path: value
            for path, value in kinds.flatten(kind, edited(fields, edits)).items()
            if value is not None and path not in LEDGER_ONLY
        }

    def _seals(self, references: set[str]) -> Mapping[str, str]:
        return self.adapter.seal(references) if references else {}

    def expect_live(self, address: Address, fields: Fields) -> None:
        """Expect that the object shows these fields and no others."""
        live = self.latest().objects.get(address)
        if live is None:
            raise Failed(f"{address} is not there")
        found = kinds.flatten(address.kind, live)
        wanted = self.shown(address.kind, fields)
        for path in sorted({*found, *wanted}):
            expect(
                found.get(path) == wanted.get(path),
                f"{address}: {path} is {found.get(path)!r}, not {wanted.get(path)!r}",
            )

    def expect_visible(self, address: Address, fields: Fields) -> None:
        """Expect that the object shows these fields, as far as the platform itself can say them."""
        live = self.latest().objects.get(address)
        if live is None:
            raise Failed(f"{address} is not there")
        found = kinds.flatten(address.kind, self.visible(address.kind, live))
        wanted = self.shown(address.kind, self.visible(address.kind, fields))
        for path in sorted({*found, *wanted}):
            expect(
                found.get(path) == wanted.get(path),
                f"{address}: {path} is {found.get(path)!r}, not {wanted.get(path)!r}",
            )

    def expect_nothing_to_do(self, desired: Objects, when: str) -> None:
        _expect_no_changes(self.plan(desired), when)


def is_handed(result: Result) -> bool:
    return bool(result.sheet) and not result.done


def _expect_no_changes(plan: Plan, when: str) -> None:
    left = [f"{c.action} {c.address} {list(c.edits)}" for c in plan.changes()]
    expect(not left, f"{when}, a new plan still finds: {'; '.join(left)}")


def sample_of(kind: str, support: Support) -> Sample:
    """Return the sample of a kind, without the fields that a platform lacks."""
    given = estate()[kind]

    def held(fields: Fields) -> Fields:
        return able(support, kind, fields)

    return replace(
        given,
        required=held(given.required),
        more={address: held(fields) for address, fields in given.more.items()},
        first=held(given.first),
        second=held(given.second),
        others=tuple(map(held, given.others)),
    )


def plain(kind: str, fields: Fields) -> Fields:
    """Return the fields as an administrator types them: secrets in full, nothing that is null."""
    secrets = kinds.secrets(kind, fields).items()
    edits = [Edit(path, None, SECRETS[ref.partition(":")[2]], why=Why.YOU) for path, ref in secrets]
    held = {name: value for name, value in fields.items() if name not in LEDGER_ONLY}
    return cast("dict[str, Json]", _without_null(edited(held, edits)))


def _without_null(value: Json) -> Json:
    if not isinstance(value, dict):
        return value
    return {name: _without_null(inner) for name, inner in value.items() if inner is not None}


def only_change(plan: Plan, address: Address) -> Change:
    """Return the plan's one change, which must be of this object."""
    changes = list(plan.changes())
    expect(
        [change.address for change in changes] == [address],
        f"the plan should change {address} alone, and changes {[str(c.address) for c in changes]}",
    )
    return changes[0]
