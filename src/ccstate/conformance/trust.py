"""Cases about what ccstate relies on: secrets, stale plans, honest answers, bulk reads."""

import os
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

from ccstate import kinds
from ccstate.adapter import Holder, Result, audited
from ccstate.conformance.harness import Breakable, Failed, expect
from ccstate.conformance.objects import everything
from ccstate.conformance.samples import SECRETS, Field, Objects, at, estate, having
from ccstate.conformance.walk import VERBS, Walk, only_change, plain
from ccstate.errors import InvalidInput, Unreadable
from ccstate.model import Address, Change, Fields, Observation, Plan, canonical, fingerprint


def secret_is_sealed(walk: Walk, field: Field) -> None:
    """Show a secret as a seal and nowhere else; see and write another secret."""
    sample, named = walk.walked(field.kind)
    desired = {**named, sample.walked: sample.first}
    walk.establish(desired)
    _expect_no_secret(walk.latest())
    seal = at(walk.latest().objects[sample.walked], field.path)
    reference = str(at(sample.first, field.path))
    expect(str(seal).startswith("sealed:"), f"{field} is shown as {seal!r}, which is no seal")
    other = str(at(sample.second, field.path))
    variable = reference.partition(":")[2]
    os.environ[variable] = SECRETS[other.partition(":")[2]]
    edit = only_change(walk.apply(desired), sample.walked).edits[0]
    expect(edit.path == field.path, f"another secret in {field} shows as a change of {edit.path}")
    expect(
        at(walk.latest().objects[sample.walked], field.path) != seal,
        f"{field}: another secret has the same seal",
    )
    _expect_no_secret(walk.latest())


def _expect_no_secret(seen: Observation) -> None:
    shown = b"".join(map(canonical, [*seen.objects.values(), *seen.ledger.values()])).decode()
    for secret in SECRETS.values():
        expect(secret not in shown, "an observation or a ledger shows a secret in plain text")


def seals_are_steady(walk: Walk) -> None:
    """Seal one secret alike on one platform, over all connections, and two secrets differently."""
    references = {f"env:{name}" for name in SECRETS}
    seals = walk.adapter.seal(references)
    expect(set(seals) == references, f"seal leaves out {sorted(references - set(seals))}")
    expect(len(set(seals.values())) == len(seals), "different secrets have the same seal")
    again = walk.harness.connect().seal(references)
    expect(seals == again, "the same secrets have other seals after connecting anew")
    for reference, seal in seals.items():
        secret = SECRETS[reference.partition(":")[2]]
        expect(secret not in seal, f"the seal of {reference} holds the secret")
    expect(dict(walk.adapter.seal(())) == {}, "seal of nothing gives something")


def missing_secrets_are_named(walk: Walk) -> None:
    """Refuse references that lead nowhere together, each by its name."""
    missing = {
        "env:CCSTATE_SECRET_CONFORMANCE_MISSING_1",
        "env:CCSTATE_SECRET_CONFORMANCE_MISSING_2",
    }
    try:
        walk.adapter.seal(missing)
    except InvalidInput as refused:
        messages = " ".join(problem.message for problem in refused.problems)
        unnamed = [reference for reference in sorted(missing) if reference not in messages]
        expect(not unnamed, f"seal does not name {unnamed}")
    else:
        raise Failed("seal accepts references to secrets that do not exist")


def stale_change_is_refused(walk: Walk, kind: str) -> None:
    """Refuse a change whose object is no longer as planned, and write nothing."""
    sample, named = walk.walked(kind)
    address = sample.walked
    managed = {**named, address: sample.first}
    declared: list[tuple[str, dict[Address, Fields]]] = [("delete", dict(named))]
    for path in ("label", *sample.first):
        if path not in {"protect"} and path in sample.first and walk.can(kind, "update"):
            value = having(sample.first, path, at(sample.second, path))
            declared.insert(0, ("update", {**named, address: value}))
            break
    for verb, desired in declared:
        if verb == "delete" and not walk.can(kind, "delete"):
            continue
        walk.reset()
        walk.establish(managed)
        plan = walk.plan(desired)
        _change_since(walk, managed, address, having(sample.second, "protect", value=False))
        _expect_refused(walk, plan, f"the {verb} of {address}, changed since,")


def stale_creation_is_refused(walk: Walk, kind: str) -> None:
    """Refuse to create an object made since the plan, or to adopt one that is not as planned."""
    sample, named = walk.walked(kind)
    address = sample.walked
    managed = {**named, address: sample.first}
    walk.establish(named)
    plan = walk.plan(managed)
    if not walk.shows_objects(kind):
        walk.apply({**named, address: sample.second})
        _expect_refused(walk, plan, f"the creation of {address}, made since,")
    else:
        walk.by_hand(address, sample.second)
        _expect_refused(walk, plan, f"the creation of {address}, made since,")
        plan = walk.plan(managed)
        walk.by_hand(address, having(sample.first, "label", "Stale"))
        _expect_refused(walk, plan, f"the adoption of {address}, changed by hand since,")


def _change_since(walk: Walk, managed: Objects, address: Address, fields: Fields) -> None:
    """Change an object after a plan: by hand, or where nothing shows that, by ccstate."""
    if walk.shows(address.kind):
        walk.by_hand(address, fields)
    else:
        walk.apply({**managed, address: fields})


def _expect_refused(walk: Walk, plan: Plan, what: str) -> None:
    before = walk.latest()
    for step in plan.steps:
        for result in walk.adapter.perform(step.changes):
            expect(not result.done, f"{what} is done nevertheless")
            expect(result.reason, f"{what} is refused without a reason")
    expect(walk.observe() == before, f"{what} is refused, and yet something was written")


def one_refusal_leaves_the_others(walk: Walk, kind: str) -> None:
    """Answer each change of a batch with a result, in order; a refused one holds up no other."""
    sample, _ = walk.walked(kind)
    required = {sample.near: sample.required, sample.far: sample.required}
    named = walk.around(required)
    walk.establish(named)
    plan = walk.plan({**named, **required})
    batch = [change for change in plan.changes() if change.address in required]
    made, other = (change.address for change in batch)
    batch[0] = replace(batch[0], basis=fingerprint(sample.second))
    results: list[Result] = walk.performed(batch)
    expect(len(results) == len(batch), f"2 changes have {len(results)} results")
    expect(not results[0].done, f"{made} was planned over something else, and is created")
    expect(results[1].done, f"{other} is refused because of another change")
    expect(other in walk.observe().ledger, f"{other} is said to be done, and is not")
    expect(made not in walk.latest().ledger, f"the ledger lists {made}, which was refused")


def audit_refuses(walk: Walk, kind: str) -> None:
    """Refuse by `audit` what the adapter says it cannot do, before anything is written."""
    sample, named = walk.walked(kind)
    support = walk.supports[kind]
    for verb in set(VERBS.values()) - support.verbs:
        walk.reset()
        walk.establish(named)
        if verb != "create":
            walk.establish({**named, sample.walked: sample.first})
        wanted: dict[Address, Fields] = {sample.walked: sample.first}
        if verb == "update":
            wanted = {sample.walked: having(sample.second, "protect", value=False)}
        elif verb == "delete":
            wanted = {}
        _expect_audited(walk, walk.plan({**named, **wanted}), f"to {verb} a {kind}")
    for path, hint in support.lacking.items() if "create" in support.verbs else ():
        walk.reset()
        walk.establish(named)
        full = estate()[kind].first
        if path not in dict(kinds.set_fields(kind, full)):
            full = estate()[kind].second
        top = path.partition(".")[0]
        # All of the top-level field, for the path may lead through the entries of a list.
        plan = walk.plan({**named, sample.walked: {**sample.first, top: full[top]}})
        _expect_audited(walk, plan, f"{kind}.{path}, which it lacks", hint)


def _expect_audited(walk: Walk, plan: Plan, what: str, hint: str = "") -> None:
    before = walk.latest()
    problems = audited(walk.adapter, list(plan.changes()))
    expect(problems, f"audit lets pass {what}")
    expect(not hint or hint in {problem.hint for problem in problems}, f"no hint about {what}")
    expect(walk.observe() == before, "audit wrote something")


def audit_writes_nothing(walk: Walk) -> None:
    """Ask what the platform would refuse, and leave it as it was."""
    before = walk.latest()
    walk.adapter.audit(list(walk.plan(everything(walk)).changes()))
    expect(walk.observe() == before, "audit wrote something")


def kinds_are_read_together(walk: Walk) -> None:
    """Read all kinds together: it shows what reads of single kinds show, each of those no more."""
    walk.establish(everything(walk))
    together = walk.observe()
    apart = [walk.adapter.observe([kind]) for kind in sorted(walk.supports)]
    for kind, seen in zip(sorted(walk.supports), apart, strict=True):
        other_kinds = [str(a) for a in {**seen.objects, **seen.ledger} if a.kind != kind]
        expect(not other_kinds, f"asked for {kind} alone, observe shows {other_kinds[:3]}")
    for name, of in _tables():
        union = {address: fields for seen in apart for address, fields in of(seen).items()}
        expect(union == dict(of(together)), f"{name}: kinds read together and apart differ")


def _tables() -> list[tuple[str, Callable[[Observation], dict[Address, Fields]]]]:
    return [
        ("objects", lambda seen: dict(seen.objects)),
        ("ledger", lambda seen: dict(seen.ledger)),
    ]


def memory_is_the_platforms(walk: Walk) -> None:
    """Keep objects and ledger on the platform: another connection shows the same."""
    desired = everything(walk)
    walk.make(desired)  # by this very connection, which may remember it
    seen = walk.harness.connect().observe(sorted(walk.supports))
    expect(seen == walk.observe(), "another connection shows another state")
    walk.expect_nothing_to_do(desired, "without a change by hand")


def empty_is_empty(walk: Walk) -> None:
    """Read an empty platform as empty, and take an empty batch."""
    expect(walk.observe() == Observation({}, {}), "after reset, the platform is not empty")
    expect(walk.adapter.perform([]) == [], "an empty batch has results")


ANN = Holder("ann@one", 77, "boot pid:[1] 5", "2026-05-04T12:00:00+00:00", "0f0f0f0f0f0f")
BEN = Holder('ben "b" o’hara\n@two', 1, "", "2026-05-04T12:00:01+00:00", "")
AT_ONCE = 6


def lock_has_one_holder(walk: Walk) -> None:
    """Answer a second request for the lock with its holder; another connection shows the same."""
    expect(walk.adapter.holder() is None, "after reset, the platform is locked")
    expect(walk.adapter.lock(ANN) is None, "a lock that is free is refused")
    answer = walk.harness.connect().lock(BEN)
    expect(answer == ANN, f"the lock is held by {ANN}, and a second request is answered {answer}")
    seen = walk.harness.connect().holder()
    expect(seen == ANN, f"another connection sees {seen} as holder of the lock")
    walk.adapter.unlock(ANN)
    expect(walk.harness.connect().holder() is None, "a lock that was given back is still held")


def lock_is_given_back_by_its_holder_alone(walk: Walk) -> None:
    """Keep the lock when another holder gives it back, whatever the holder is called."""
    walk.adapter.unlock(ANN)
    for mine, other in ((ANN, BEN), (BEN, replace(BEN, pid=2)), (ANN, replace(ANN, plan="1"))):
        expect(walk.adapter.lock(mine) is None, "a lock that was given back is refused")
        walk.harness.connect().unlock(other)
        left = walk.adapter.holder()
        expect(left == mine, f"{other} gave back the lock of {mine}, and now it is {left}'s")
        walk.adapter.unlock(mine)
        expect(walk.adapter.holder() is None, f"the lock of {mine} stays")


def of_many_one_gets_the_lock(walk: Walk) -> None:
    """Give the lock to one of several that ask at the same moment: not to two, nor to none."""
    holders = [replace(ANN, pid=number) for number in range(1, AT_ONCE + 1)]
    for _ in range(3):
        start = threading.Barrier(AT_ONCE)

        def ask(holder: Holder, start: threading.Barrier = start) -> Holder | None:
            adapter = walk.harness.connect()
            start.wait()
            return adapter.lock(holder)

        with ThreadPoolExecutor(AT_ONCE) as pool:
            answers = list(pool.map(ask, holders))
        got = [holder for holder, answer in zip(holders, answers, strict=True) if answer is None]
        expect(len(got) == 1, f"{AT_ONCE} asked for the lock at once, and {len(got)} got it")
        expect(walk.adapter.holder() == got[0], "the lock is not held by the one that got it")
        walk.adapter.unlock(got[0])


def lock_touches_nothing_else(walk: Walk) -> None:
    """Read and plan under the lock as without it; it is no object and no change."""
    walk.adapter.lock(ANN)
    walk.make(everything(walk))
    expect(walk.adapter.holder() == ANN, "a change took the lock away")
    under = walk.observe()
    walk.adapter.unlock(ANN)
    expect(walk.observe() == under, "the lock shows in an observation")


def unreadable_is_said(walk: Walk) -> None:
    """Raise Unreadable for a platform that cannot be read: an empty one would be made anew."""
    harness = walk.harness
    if not isinstance(harness, Breakable):
        return
    desired = everything(walk)
    walk.establish(desired)
    batch: list[Change] = list(walk.plan({}).changes())[:1]
    harness.break_()
    for what, call in (
        ("observe", walk.observe),
        ("observe, connected anew,", lambda: harness.connect().observe(sorted(walk.supports))),
        ("perform", lambda: walk.adapter.perform(batch)),
    ):
        try:
            call()
        except Unreadable:
            continue
        raise Failed(f"{what} answers although the platform cannot be read")


def secrets_of(walk: Walk, kind: str) -> list[Field]:
    """Return the fields of a kind that hold secrets."""
    sample = walk.sample(kind)
    held = kinds.secrets(kind, plain(kind, sample.first))
    return [Field(kind, path, nullable=True) for path in held]
