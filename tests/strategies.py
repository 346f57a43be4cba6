"""Hypothesis strategies: objects of every kind from the conformance samples, and any plan."""

from functools import cache

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from ccstate import kinds
from ccstate.conformance.samples import at, estate, fields_of, having, is_required
from ccstate.kinds import KINDS
from ccstate.model import (
    ABSENT,
    Action,
    Address,
    Arrival,
    Change,
    Edit,
    Fields,
    JourneyChange,
    Journeys,
    Json,
    NumberChange,
    Plan,
    Refusal,
    Step,
    Unmanaged,
    Why,
)

TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
JSON: SearchStrategy[Json] = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=6,
)


def choices(kind: str, known: frozenset[str]) -> dict[str, list[Json]]:
    """For each field of a kind the values to choose from; they name objects of known kinds only."""
    sample = estate()[kind]
    found: dict[str, list[Json]] = {}
    for field in fields_of(sample):
        values = [at(sample.first, field.path), at(sample.second, field.path)]
        usable = [v for v in values if named(kind, having({}, field.path, v)) <= known]
        if usable:
            found[field.path] = [*usable, None] if field.nullable else usable
    return found


def named(kind: str, fields: Fields) -> set[str]:
    """The kinds of the objects that the fields name."""
    return {reference.target.kind for reference in kinds.references(kind, fields)}


@st.composite
def objects(draw: st.DrawFn, kind: str, known: frozenset[str]) -> dict[str, Json]:
    """Declared fields of one object: what is required, and some others, nulls among them."""
    fields: dict[str, Json] = {}
    for path, value in draw(_by_path(kind, known)).items():
        fields = having(fields, path, value)
    return fields


@cache  # made once: making and checking a strategy takes longer than drawing from it
def _by_path(kind: str, known: frozenset[str]) -> SearchStrategy[dict[str, Json]]:
    required = {f.path for f in fields_of(estate()[kind]) if is_required(f)}
    picked: dict[str, SearchStrategy[Json]] = {
        path: st.sampled_from(values) for path, values in choices(kind, known).items()
    }
    return st.fixed_dictionaries(
        {path: values for path, values in picked.items() if path in required},
        optional={path: values for path, values in picked.items() if path not in required},
    )


NAMES = st.sampled_from(["sales", "0", "a.b_c-d", "+61255500001", "z" * 80])
ADDRESSES = st.builds(Address, st.sampled_from(list(KINDS)), NAMES)
FIELDS: SearchStrategy[Fields] = st.dictionaries(TEXTS, JSON, max_size=4)

ACTIONS, WHYS = st.sampled_from(Action), st.sampled_from(Why)
BASES = st.sampled_from([ABSENT, "0123456789abcdef" * 2])
EDITS = st.lists(st.builds(Edit, TEXTS, JSON, JSON, why=WHYS), max_size=3)
NEEDS = st.lists(ADDRESSES, max_size=2)
SECRETS = st.dictionaries(TEXTS, TEXTS, max_size=2)


@st.composite
def changes(draw: st.DrawFn, target: str) -> Change:
    """Any change of a plan; what is not managed afterwards has no ledger."""
    action = draw(ACTIONS)
    is_managed = action not in {Action.DELETE, Action.RELEASE}
    return Change(
        target=target,
        action=action,
        address=draw(ADDRESSES),
        why=draw(WHYS),
        basis=draw(BASES),
        edits=tuple(draw(EDITS)),
        ledger=draw(FIELDS) if is_managed else None,
        needs=tuple(draw(NEEDS)),
        secrets=draw(SECRETS),
    )


COUNTS = st.integers(0, 1_000_000)


def journeys(texts: SearchStrategy[str]) -> SearchStrategy[Journeys]:
    """What any plan may mean to callers, said with these texts."""
    arrivals = st.builds(Arrival, texts | st.sampled_from(["human", "cut off"]), texts, texts)
    some = st.lists(texts, max_size=2).map(tuple)
    change = st.builds(
        JourneyChange, texts, texts, COUNTS, arrivals, arrivals, some, some, some, COUNTS, COUNTS,
        st.integers(0, 6),
    )  # fmt: skip
    number = st.builds(NumberChange, texts, texts, st.lists(arrivals, max_size=2).map(tuple))
    changes, numbers = (st.lists(inner, max_size=2).map(tuple) for inner in (change, number))
    return st.builds(
        Journeys, COUNTS, COUNTS, COUNTS, COUNTS, changes, COUNTS, numbers, numbers, numbers, COUNTS,
        COUNTS, COUNTS,
    )  # fmt: skip


TARGETS = st.sampled_from(["north", "south"])


@cache
def _steps(target: str) -> SearchStrategy[Step]:
    some = st.lists(changes(target), min_size=1, max_size=3)
    return st.builds(Step, st.just(target), some.map(tuple))


STEPS = TARGETS.flatmap(_steps)
PLANS = st.builds(
    Plan,
    commit=TEXTS,
    steps=st.lists(STEPS, max_size=3).map(tuple),
    managed=st.dictionaries(TARGETS, st.dictionaries(TEXTS, st.integers(0, 9), max_size=2)),
    unmanaged=st.dictionaries(
        TARGETS,
        st.dictionaries(
            TEXTS,
            st.builds(Unmanaged, st.integers(1, 9), st.lists(TEXTS, max_size=2).map(tuple)),
            max_size=2,
        ),
    ),
    forced=TEXTS,
    refusals=st.lists(st.builds(Refusal, TEXTS, TEXTS, TEXTS), max_size=2).map(tuple),
    journeys=st.none() | journeys(TEXTS),
    kept=st.dictionaries(TARGETS, st.lists(TEXTS, min_size=1, max_size=2).map(tuple)),
)
