"""A platform's life: files edited, hands at work, applies killed and resumed, in any order.

Beside the platform runs a model of it, which knows what each apply must leave behind: every
field that was declared, every field that was not, every object that is nobody's.
"""

import shutil
import tempfile
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from ccstate import kinds
from ccstate.adapter import Result
from ccstate.adapters.embedded import EmbeddedAdapter, connect
from ccstate.apply.journal import Journal, open_journal
from ccstate.apply.lock import holding, this_process
from ccstate.apply.perform import ApplyContext, apply, check_fresh, check_resumable
from ccstate.conformance.samples import at, estate, fields_of, having, is_required, without
from ccstate.diff import diff
from ccstate.model import (
    Action,
    Address,
    Change,
    Fields,
    Json,
    Outcome,
    Plan,
    Resource,
    Why,
    canonical,
)
from ccstate.plan import TargetPlan, make_plan
from tests.adapters.embedded_harness import Passing
from tests.examples import scaled
from tests.strategies import choices, named, objects

KNOWN = frozenset({"site", "team", "user", "schedule", "prompt", "queue"})
"""Kinds without secrets, enough for references across kinds, within one, and in circles."""
OF_KIND = st.sampled_from(sorted(KNOWN))
Flat = dict[str, Json]


class Killed(BaseException):
    """What a killed process looks like from inside: nothing catches it."""


class Mortal(Passing):
    """The platform, on which the process may die before a batch or after it."""

    def __init__(self, real: EmbeddedAdapter) -> None:
        super().__init__(real)
        self.batches_until_death = -1
        self.dies_after = False
        self.performed: Counter[tuple[Action, Address]] = Counter()

    def perform(self, batch: Sequence[Change]) -> list[Result]:
        dies_now = self.batches_until_death == 0
        self.batches_until_death -= 1
        if dies_now and not self.dies_after:
            raise Killed
        self.performed.update((change.action, change.address) for change in batch)
        results = self.real.perform(batch)
        if dies_now:
            raise Killed
        return results


def unordered(
    objects: Mapping[Address, Fields], strategies: Mapping[Address, Json]
) -> dict[Address, Fields]:
    """The objects with the members of queues sorted where their order context nothing."""
    return {
        address: {
            path: sorted(value, key=canonical)
            if path == "members"
            and isinstance(value, list)
            and strategies.get(address) != "in_order"
            else value
            for path, value in fields.items()
        }
        for address, fields in objects.items()
    }


class Life(RuleBasedStateMachine):
    """Rules change the desired state or the platform; `applies` brings them together."""

    def __init__(self) -> None:
        super().__init__()
        memory = Path("/dev/shm")  # noqa: S108 - mkdtemp makes its own folder there
        place = memory if memory.is_dir() else None
        self.folder = Path(tempfile.mkdtemp(prefix="ccstate-life-", dir=place))
        self.real = connect({"path": "platform.db"}, self.folder)
        self.desired: dict[Address, Fields] = {}
        self.releasing: set[Address] = set()
        self.held: dict[Address, Flat] = {}
        """What each object on the platform must show, managed or not."""
        self.ledger: dict[Address, Fields] = {}
        self.applies_so_far = 0

    def teardown(self) -> None:
        """However it went, it ends in an apply that is killed once."""
        try:
            self.applies(0, after=True, again=-1)
            self.the_platform_is_as_foreseen()
        finally:
            shutil.rmtree(self.folder)

    # What somebody writes into the files.

    @initialize()
    def begins_with_something(self) -> None:
        for address in (estate()["queue"].near, estate()["schedule"].near):
            self._declare(address, estate()[address.kind].required)

    @rule(kind=OF_KIND, which=st.sampled_from(["near", "far", "walked"]), data=st.data())
    def declares(self, kind: str, which: str, data: st.DataObject) -> None:
        """A new object, other fields for an old one, or the adoption of one made by hand."""
        address: Address = getattr(estate()[kind], which)
        self._declare(address, data.draw(objects(kind, KNOWN)))

    @precondition(lambda self: self.desired)
    @rule(data=st.data())
    def lets_a_field_go(self, data: st.DataObject) -> None:
        address = data.draw(st.sampled_from(sorted(self.desired)))
        fields = self.desired[address]
        paths = [
            f.path
            for f in fields_of(estate()[address.kind])
            if at(fields, f.path) is not None and not is_required(f)
        ]
        if paths:
            path = tuple(data.draw(st.sampled_from(paths)).split("."))
            self._declare(address, without(fields, {path}))

    @precondition(lambda self: self.desired)
    @rule(data=st.data())
    def clears_a_field(self, data: st.DataObject) -> None:
        address = data.draw(st.sampled_from(sorted(self.desired)))
        paths = [f.path for f in fields_of(estate()[address.kind]) if f.nullable]
        path = data.draw(st.sampled_from(paths))
        self._declare(address, having(self.desired[address], path, None))

    @precondition(lambda self: self.desired)
    @rule(data=st.data(), protect=st.booleans())
    def protects(self, data: st.DataObject, protect: bool) -> None:
        address = data.draw(st.sampled_from(sorted(self.desired)))
        self.desired[address] = having(self.desired[address], "protect", protect)

    @precondition(lambda self: self._free_to_go())
    @rule(data=st.data())
    def deletes(self, data: st.DataObject) -> None:
        del self.desired[data.draw(st.sampled_from(self._free_to_go()))]

    @precondition(lambda self: self._free_to_go())
    @rule(data=st.data())
    def releases(self, data: st.DataObject) -> None:
        address = data.draw(st.sampled_from(self._free_to_go()))
        del self.desired[address]
        self.releasing.add(address)

    # What somebody does to the platform.

    @rule(kind=OF_KIND, name=st.sampled_from(["near", "walked", "wild"]), data=st.data())
    def makes_by_hand(self, kind: str, name: str, data: st.DataObject) -> None:
        """An object that is nobody's, or will be adopted; or another in the place of one."""
        address = Address(kind, name)
        fields = data.draw(objects(kind, KNOWN))
        held = {p: v for p, v in kinds.flatten(kind, fields).items() if not self._names(kind, p, v)}
        self._by_hand(address, {path: value for path, value in held.items() if value is not None})

    @precondition(lambda self: self.held)
    @rule(data=st.data())
    def changes_by_hand(self, data: st.DataObject) -> None:
        """One field that names nothing, of any object."""
        address = data.draw(st.sampled_from(sorted(self.held)))
        kind = address.kind
        path, values = data.draw(st.sampled_from(sorted(choices(kind, KNOWN).items())))
        value = data.draw(st.sampled_from(values))
        if self._names(kind, path, value) or self._names(kind, path, self.held[address].get(path)):
            return
        held = {other: kept for other, kept in self.held[address].items() if other != path}
        self._by_hand(address, held if value is None else {**held, path: value})

    @precondition(lambda self: self.held)
    @rule(data=st.data())
    def deletes_by_hand(self, data: st.DataObject) -> None:
        address = data.draw(st.sampled_from(sorted(self.held)))
        if address not in self._named_live():
            self.real.by_hand(address, None)
            del self.held[address]

    # What ccstate does.

    @rule(batches=st.integers(-1, 3), after=st.booleans(), again=st.integers(-1, 1))
    def applies(self, batches: int, after: bool, again: int) -> None:
        """Planned and applied; perhaps killed at some batch, resumed, killed and resumed again."""
        plan = self._plan()
        protected = {a for a, fields in self.ledger.items() if fields.get("protect")}
        doomed = {c.address for c in plan.changes() if c.action is Action.DELETE} & protected
        assert {refusal.code for refusal in plan.refusals} == ({"CC302"} if doomed else set())
        for address in doomed:
            self._declare(address, having(self.ledger[address], "protect", value=True))
        plan = self._plan() if doomed else plan
        if doomed and plan.refusals:
            return
        self._foresee(plan)
        platform = Mortal(self.real)
        self.applies_so_far += 1
        for deaths in (batches, again, -1):
            platform.batches_until_death, platform.dies_after = deaths, after
            try:
                self._apply(plan, platform)
            except Killed:
                continue
            break
        twice = {change for change, times in platform.performed.items() if times > 1}
        assert not twice
        assert self._plan().steps == ()

    def _apply(self, plan: Plan, platform: Mortal) -> None:
        journal: Journal = open_journal(self.folder / f"{self.applies_so_far}.jsonl")
        name = f"plan-{self.applies_so_far}"
        adapters = {"here": platform}
        with holding(adapters, this_process("ana@here", "", name), print) as held:
            fresh = (check_resumable if journal.recorded else check_fresh)(name, plan, adapters)
            applied = apply(
                fresh, ApplyContext(held, journal, lambda: "", lambda _: None, lambda _: None)
            )
        assert self.real.holder() is None
        assert {one.outcome for one in applied.results} <= {Outcome.CONFIRMED}
        assert applied.corrective is None

    @invariant()
    def the_platform_is_as_foreseen(self) -> None:
        seen = self.real.observe(KNOWN)
        found = {a: kinds.flatten(a.kind, fields) for a, fields in seen.objects.items()}
        strategies = {a: flat.get("strategy") for a, flat in self.held.items()}
        assert unordered(found, strategies) == unordered(self.held, strategies)
        assert unordered(seen.ledger, strategies) == unordered(self.ledger, strategies)

    # The model.

    def _declare(self, address: Address, fields: Fields) -> None:
        """Declared, with all that it names; what it named before is cleared and not let go.

        A mention that nobody manages would keep its target from ever being deleted.
        """
        kind = address.kind
        wanted = dict(fields)
        before = [self.held.get(address, {}), kinds.flatten(kind, self.ledger.get(address, {}))]
        for path, value in [pair for flat in before for pair in flat.items()]:
            is_cleared = wanted.get(path.partition(".")[0], {}) is None
            if not is_cleared and at(wanted, path) is None and self._names(kind, path, value):
                wanted = having(wanted, path, None)
        self.desired[address] = wanted
        self.releasing.discard(address)
        for reference in kinds.references(kind, wanted):
            if reference.target not in self.desired:
                required = estate()[reference.target.kind].required
                self._declare(reference.target, required)

    def _names(self, kind: str, path: str, value: Json) -> bool:
        return bool(value is not None and named(kind, having({}, path, value)))

    def _named_live(self) -> set[Address]:
        return {
            reference.target
            for address, flat in self.held.items()
            for path, value in flat.items()
            for reference in kinds.references(address.kind, having({}, path, value))
        }

    def _free_to_go(self) -> list[Address]:
        """Declared objects that nothing names: neither the files nor, unmanaged, the platform."""
        mentioned = {
            reference.target
            for address, fields in self.desired.items()
            for reference in kinds.references(address.kind, fields)
            if reference.target != address
        }
        return sorted(set(self.desired) - mentioned - self._named_live())

    def _by_hand(self, address: Address, flat: Flat) -> None:
        fields: Fields = {}
        for path, value in flat.items():
            fields = having(fields, path, value)
        self.real.by_hand(address, fields)
        self.held[address] = kinds.flatten(address.kind, fields)

    def _plan(self) -> Plan:
        state = {address: Resource(address, fields, "") for address, fields in self.desired.items()}
        seen = self.real.observe(KNOWN)
        changes = diff("here", state, seen, secrets={}, release=self.releasing)
        share = TargetPlan("here", changes, state, seen, self.real.supports, 100, 100)
        return make_plan([share], commit="", forced="")

    def _foresee(self, plan: Plan) -> None:
        """What the platform must show afterwards; the plan tells only which objects go."""
        gone = set(self.ledger) - set(self.desired)
        for address in gone - self.releasing:
            self.held.pop(address, None)
        for address, fields in self.desired.items():
            kind = address.kind
            if address in self.held:
                held: dict[str, Any] = {}
                for path, value in self.held[address].items():
                    held = dict(having(held, path, value))
            else:
                held = dict(kinds.defaults(kind))
            for name, value in fields.items():
                if isinstance(value, dict) and name in kinds.structs(kind):
                    parts = {**(held.get(name) or {}), **value}
                    held[name] = {part: kept for part, kept in parts.items() if kept is not None}
                elif name != "protect":
                    held[name] = value
            flat = kinds.flatten(kind, {n: v for n, v in held.items() if v is not None})
            self.held[address] = flat
        self.ledger = dict(self.desired)
        self.releasing.clear()
        unmanaged = {change.address for change in plan.changes()} - set(self.desired) - gone
        assert not unmanaged


def thorough() -> bool:
    return settings().max_examples > 1_000


@pytest.mark.no_cover  # a property test, as tests/conftest.py has it
def test_a_platforms_life() -> None:
    examples = 2_000 if thorough() else scaled(250)
    run_state_machine_as_test(
        Life, settings=settings(max_examples=examples, stateful_step_count=40)
    )


def test_a_life_that_every_rule_takes_part_in() -> None:
    """One path through all of it, spelled out: adopt, drift, release, delete, by hand and not."""
    life = Life()
    try:
        life.begins_with_something()
        life.applies(0, after=True, again=-1)
        life.the_platform_is_as_foreseen()
        queue = estate()["queue"].near
        life._by_hand(queue, {**life.held[queue], "music": "jazz"})
        life.applies(-1, after=False, again=-1)
        life.the_platform_is_as_foreseen()
        assert life.held[queue]["music"] == "jazz"
        life._declare(queue, {"music": "default", "hours": "near"})
        assert [e.why for c in life._plan().changes() for e in c.edits] == [Why.NEW, Why.NEW]
        life.applies(0, after=False, again=0)
        life.the_platform_is_as_foreseen()
        assert life.held[queue]["music"] == "default"
    finally:
        life.teardown()
