"""The suite of cases, and the tally of what they exercised."""

import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import TypeVar

from ccstate.adapter import Support, Verb, WronglyPlaced, placed
from ccstate.conformance import fields, objects, trust
from ccstate.conformance.harness import Failed, Harness, expect
from ccstate.conformance.samples import (
    SECRETS,
    Field,
    Part,
    Sample,
    circles,
    fields_of,
    is_required,
    parts_of,
    structs_of,
)
from ccstate.conformance.walk import MOVE, States, Tally, Walk, sample_of
from ccstate.kinds import KINDS, field_paths

T = TypeVar("T")

OF_SHOWN_KINDS: tuple[Callable[[Walk, str], None], ...] = (
    objects.is_deleted_by_hand,
    objects.unmanaged_stays,
    objects.is_adopted_as_it_is,
    objects.is_adopted_with_edits,
)
"""Of kinds whose objects are to be seen on the platform, so that they can be made there by hand."""
OF_EVERY_KIND: tuple[Callable[[Walk, str], None], ...] = (
    objects.is_let_go_before_deletion,
    objects.is_released,
    trust.stale_change_is_refused,
    trust.audit_refuses,
)
OF_VERB: Mapping[Verb, tuple[Callable[[Walk, str], None], ...]] = {
    "create": (
        objects.is_created,
        objects.is_created_bare,
        trust.stale_creation_is_refused,
        trust.one_refusal_leaves_the_others,
    ),
    "update": (objects.is_protected,),
    "delete": (objects.is_deleted,),
}


@dataclass(frozen=True, slots=True)
class Case:
    """One claim of the contract about one adapter; calling it raises Failed where it is untrue."""

    name: str
    suite: "Suite" = field(repr=False)
    check: Callable[[Walk], None] = field(repr=False)

    def __str__(self) -> str:
        return self.name

    def __call__(self) -> None:
        self.suite.run(self)


@dataclass(slots=True)
class Suite:
    """The cases for one adapter, and what they have exercised so far."""

    harness: Harness
    supports: Mapping[str, Support]
    samples: Mapping[str, Sample]
    cases: list[Case] = field(default_factory=list)
    tally: Tally = field(default_factory=Tally)
    states: States = field(default_factory=States)
    ran: set[str] = field(default_factory=set)

    def add(self, name: str, check: Callable[[Walk], None]) -> None:
        self.cases.append(Case(name, self, check))

    def run(self, case: Case) -> None:
        self.ran.add(case.name)
        with _secrets():
            self.states.reset(self.harness)  # first: a harness may make its platform here
            case.check(self.walk())

    def walk(self) -> Walk:
        """Connect to the platform anew."""
        adapter = self.harness.connect()
        return Walk(self.harness, adapter, self.tally, self.supports, self.samples, self.states)

    def every_ability_is_exercised(self, walk: Walk) -> None:
        """Expect that what the adapter declares was seen to work, whichever cases were selected."""
        left = [case for case in self.cases if case.name not in self.ran]
        # In a parallel run other processes have run most cases; one plan a kind shows the same.
        for kind in {kind for kind, _ in self._list_unseen(walk)} if left else ():
            with suppress(Exception):  # what fails stays unseen, and the cases below try it alone
                objects.every_field_is_updated(walk, kind)
                if walk.can_move(kind):
                    objects.is_moved(walk, kind)
        # First those that show a field each, then those of whole objects, which show deletions: where
        # these have shown everything, the many others need not run again.
        left.sort(key=lambda case: _shows_little(case.name))
        for case in left:
            if not self._list_unseen(walk):
                break
            with suppress(Exception):  # a case that fails says so in its own name
                self.run(case)
        unseen = self._list_unseen(walk)
        abilities = ", ".join(ability for _, ability in unseen)
        expect(not unseen, f"declared, and never seen to work: {abilities}")

    def _list_unseen(self, walk: Walk) -> list[tuple[str, str]]:
        """List the abilities that the adapter declares and no case has exercised, by kind."""
        unseen = [
            (kind, f"{verb} {kind}")
            for kind, support in sorted(walk.supports.items())
            for verb in sorted(support.verbs)
            if (kind, verb) not in self.tally.verbs
        ]
        unseen += [
            (kind, f"{MOVE} {kind}")
            for kind in sorted(walk.supports)
            if walk.can_move(kind) and (kind, MOVE) not in self.tally.verbs
        ]
        return unseen + [
            (kind, f"update {field}")
            for kind in sorted(walk.supports)
            if walk.can(kind, "update")
            for field in fields_of(walk.sample(kind))
            if (kind, field.path) not in self.tally.fields
        ]


def cases(harness: Harness) -> list[Case]:
    """Return every case for an adapter, the tally last.

    Each resets the platform before it begins.
    """
    declared = harness.connect().supports
    supports = {kind: declared[kind] for kind in KINDS if kind in declared}
    samples = {kind: sample_of(kind, support) for kind, support in supports.items()}
    suite = Suite(harness, supports, samples)
    walk = suite.walk()
    suite.add("supports known kinds", _supports_known_kinds)
    suite.add("every field is placed", _every_field_is_placed)
    for kind in walk.supports:
        for name, check in _of_kind(walk, kind):
            suite.add(name, check)
    for number, circle in enumerate(circles()):
        if all(address.kind in walk.supports for address in circle):
            suite.add(f"circle {' and '.join(map(str, circle))}", _bound(objects.circle, number))
    suite.add("whole estate", objects.whole_estate)
    suite.add("seals are steady", trust.seals_are_steady)
    suite.add("missing secrets are named", trust.missing_secrets_are_named)
    suite.add("audit writes nothing", trust.audit_writes_nothing)
    suite.add("kinds are read together", trust.kinds_are_read_together)
    suite.add("memory is the platform's", trust.memory_is_the_platforms)
    suite.add("empty is empty", trust.empty_is_empty)
    suite.add("lock has one holder", trust.lock_has_one_holder)
    suite.add("lock is given back by its holder", trust.lock_is_given_back_by_its_holder_alone)
    suite.add("of many one gets the lock", trust.of_many_one_gets_the_lock)
    suite.add("lock touches nothing else", trust.lock_touches_nothing_else)
    suite.add("unreadable is said", trust.unreadable_is_said)
    suite.add("every ability is exercised", suite.every_ability_is_exercised)
    return suite.cases


def _of_kind(walk: Walk, kind: str) -> Iterator[tuple[str, Callable[[Walk], None]]]:
    checks = [*OF_EVERY_KIND]
    if walk.shows_objects(kind):
        checks += [
            check
            for check in OF_SHOWN_KINDS
            if check is not objects.is_adopted_with_edits or walk.can(kind, "update")
        ]
    if walk.can_move(kind):
        checks.append(objects.is_moved)
    for verb, of_verb in OF_VERB.items():
        checks += of_verb if walk.can(kind, verb) else ()
    for check in checks:
        yield f"{kind} {_words(check)}", _bound(check, kind)
    if walk.can(kind, "update"):
        for field_check, found in _of_fields(walk, kind):
            yield f"{found} {_words(field_check)}", _bound(field_check, found)
        for part_check, part in _of_parts(walk, kind):
            yield f"{part} {_words(part_check)}", _bound(part_check, part)


def _of_fields(walk: Walk, kind: str) -> Iterator[tuple[Callable[[Walk, Field], None], Field]]:
    known = set(field_paths(kind))
    for found in fields_of(walk.sample(kind)):
        yield fields.changes, found
        if found.path not in known and not walk.keeps_some_of(kind, found.path):
            yield fields.drifts_as_a_whole, found
        if not is_required(found):
            yield fields.is_let_go, found
        if found.nullable:
            yield fields.is_cleared, found
    for struct in structs_of(walk.sample(kind)):
        if struct.nullable:
            yield fields.is_cleared_whole, struct
    for secret in trust.secrets_of(walk, kind):
        yield trust.secret_is_sealed, secret


def _of_parts(walk: Walk, kind: str) -> Iterator[tuple[Callable[[Walk, Part], None], Part]]:
    support = walk.supports[kind]
    for part in parts_of(walk.sample(kind)):
        if part.path in support.kept:
            yield fields.stays_kept, part
            continue
        yield fields.drifts, part
        if part.path == part.field.path and not is_required(part.field):
            yield fields.drifts_undeclared, part


def _bound(check: Callable[[Walk, T], None], subject: T) -> Callable[[Walk], None]:
    return lambda walk: check(walk, subject)


def _shows_little(name: str) -> tuple[bool, bool]:
    """Rank a case where every ability is to be seen soon: `queue.label drifts` comes last."""
    return not name.endswith(f" {_words(fields.changes)}"), "." in name.partition(" ")[0]


def _words(check: Callable[..., None]) -> str:
    return check.__name__.replace("_", " ")


def _supports_known_kinds(walk: Walk) -> None:
    unknown_kinds = sorted(set(walk.adapter.supports) - set(KINDS))
    expect(not unknown_kinds, f"the adapter supports kinds that do not exist: {unknown_kinds}")


def _every_field_is_placed(walk: Walk) -> None:
    """Expect of each field that it is mapped, kept with its reason, or lacking with a hint."""
    for kind, support in walk.supports.items():
        try:
            placed(kind, mapped=support.mapped, kept=support.kept, lacking=support.lacking)
        except WronglyPlaced as wrong:
            raise Failed(str(wrong)) from None


@contextmanager
def _secrets() -> Iterator[None]:
    """Set the samples' secrets in the environment, and restore it afterwards."""
    before = {name: os.environ.get(name) for name in SECRETS}
    os.environ.update(SECRETS)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value
