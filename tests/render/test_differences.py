"""What differs inside a value, and how a field of a plan says so."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ccstate.diff import AS_STORED
from ccstate.diff_inside import TOO_LARGE, inside
from ccstate.model import ALTERED, Edit, Json, Why
from ccstate.render.changes import rows


def said(before: Json, after: Json, path: str = "field") -> list[str]:
    found = rows(Edit(path, before, after, why=Why.YOU), {})
    return [f"{row.label}: {''.join(piece.text for piece in row.value).strip()}" for row in found]


CASES: dict[str, tuple[Json, Json, list[str]]] = {
    "scalar": ("15s", "20s", ["field: 15s → 20s"]),
    "new": (None, "20s", ["field: (not set) → 20s"]),
    "gone": ("20s", None, ["field: 20s → (not set)"]),
    "empty text": ("", "true", ['field: "" → "true"']),
    "truth": (False, True, ["field: false → true"]),
    "first members": (
        None,
        [{"user": "a"}, {"team": "b", "penalty": 2}],
        ["field: + team b (penalty 2)", ": + user a"],
    ),
    "one member": (None, [{"user": "a"}], ["field: (not set) → user a"]),
    "no members": ([{"user": "a"}], [], ["field: - user a"]),
    "a day put before one of every year": (
        [{"every": "12-24", "closed": ["12:30-24:00"]}],
        [{"date": "2026-12-31", "hours": []}, {"every": "12-24", "closed": ["12:30-24:00"]}],
        ["field: + 2026-12-31 (hours none)"],
    ),
    "a day of every year": (
        [{"date": "2026-12-31", "hours": []}, {"every": "12-24", "closed": ["12:30-24:00"]}],
        [{"date": "2026-12-31", "hours": []}, {"every": "12-24", "closed": ["12:00-24:00"]}],
        ["field: ~ every 12-24  closed 12:30-24:00 → 12:00-24:00"],
    ),
    "hours that leave one day and come to another": (
        [{"date": "2026-12-30", "hours": ["08:00-09:00"]}, {"date": "2026-12-31", "hours": []}],
        [{"date": "2026-12-30", "hours": []}, {"date": "2026-12-31", "hours": ["10:00-11:00"]}],
        [
            "field: ~ 2026-12-30  hours - 08:00-09:00",
            ": ~ 2026-12-31  hours + 10:00-11:00",
        ],
    ),
    "a set": (["a", "b"], ["b", "c"], ["field: - a", ": + c"]),
    "an order": (["b", "a"], ["a", "b", "c"], ["field: b, a → a, b, c"]),
    "a short order": (["g722", "alaw"], ["ulaw", "alaw"], ["field: g722, alaw → ulaw, alaw"]),
    "entries moved": (
        [{"user": "a"}, {"user": "b"}],
        [{"user": "b"}, {"user": "a"}],
        ["field: another order: user a, user b → user b, user a"],
    ),
    "one moved, one added": (
        [{"user": "zoe"}, {"user": "ann"}],
        [{"user": "ann"}, {"user": "mia"}, {"user": "zoe"}],
        ["field: another order: user zoe, user ann → user ann, user zoe", "field: + user mia"],
    ),
    "a set with another penalty": (
        [{"user": "ann"}, {"user": "zoe"}],
        [{"penalty": 2, "user": "zoe"}, {"user": "ann"}],
        ["field: ~ user zoe  penalty (not set) → 2"],
    ),
    "one name twice": (
        [{"name": "Easter", "date": "2026-04-05"}, {"name": "Easter", "date": "2027-03-28"}],
        [{"name": "Easter", "date": "2026-04-05"}],
        ["field: - Easter, 2027-03-28"],
    ),
    "entries without a name": (
        [{"measure": "waiting"}, {"measure": "answered", "warn": "5"}],
        [{"measure": "waiting"}, {"measure": "answered", "warn": "8"}],
        ["field: ~ #2  warn 5 → 8"],
    ),
    "hours": (
        {"mon": ["09:00-17:00"], "sun": []},
        {"mon": ["09:00-17:30"]},
        ["field.mon: 09:00-17:00 → 09:00-17:30", "field.sun: - none"],
    ),
    "spaces": (
        "one two " * 10,
        "one  two " * 10,
        ["field: the same words with other spaces or line breaks"],
    ),
    "a change of type": (["a"], {"b": 1}, ["field: a → b 1"]),
}


@pytest.mark.parametrize("name", CASES)
def test_a_field_says_what_differs(name: str) -> None:
    before, after, expected = CASES[name]
    assert said(before, after) == expected


def test_a_seal_is_no_text_to_compare() -> None:
    edit = Edit("secret", "sealed:" + "a" * 60, "sealed:" + "b" * 60, why=Why.YOU)
    words = "".join(piece.text for row in rows(edit, {"secret": "env:SIP"}) for piece in row.value)
    assert words == "secret replaced, from env:SIP"
    assert "sealed" not in "".join(said(edit.before, edit.after))
    assert "sealed" not in "".join(said(None, {"pin": edit.after, "x": "y"}))


def test_a_huge_value_is_compared_by_its_entries() -> None:
    before: Json = {f"n{n}": {"to": "a"} for n in range(TOO_LARGE)}
    after: Json = {f"n{n}": {"to": "b"} for n in range(TOO_LARGE)}
    assert len(inside(before, after)) == TOO_LARGE
    assert len(inside([*range(TOO_LARGE)], [*range(1, TOO_LARGE)])) == 1


VALUES: st.SearchStrategy[Json] = st.recursive(
    st.none() | st.booleans() | st.integers(0, 3) | st.sampled_from(["", "a", "b", 'it\'s "x"]']),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["user", "name", "a", "b.c"]), inner, max_size=3)
    ),
    max_leaves=10,
)


@given(VALUES, VALUES)
def test_what_differs_is_never_silent(before: Json, after: Json) -> None:
    assert rows(Edit("field", before, after, why=Why.YOU), {})


@given(VALUES)
def test_what_agrees_differs_nowhere(value: Json) -> None:
    assert inside([value], [value]) == []


LINES = ["queues.conf:3: [sales] colour=red", "queues.conf:4: [sales] smell=sweet"]


@pytest.mark.parametrize("is_drift", [False, True])
def test_what_runs_otherwise_and_what_no_field_says_reads_alike_in_plans_and_as_drift(
    is_drift: bool,
) -> None:
    def lines(path: str, found: Json, then: Json) -> list[str]:
        return said(then, found, path) if is_drift else said(found, then, path)

    assert lines("running.strategy", "ring_all", AS_STORED) == ["strategy, as it runs: ring_all"]
    assert lines("running", "not loaded", AS_STORED) == ["what runs: not loaded"]
    assert lines(ALTERED, "for another setting", None) == ["as it was: for another setting"]
    assert lines("running.members", [{"user": "a"}], AS_STORED) == ["members, as it runs: user a"]
    assert lines(ALTERED, [*LINES], None) == [f"by hand: {LINES[0]}", f": {LINES[1]}"]
    many: Json = [f"line {number}" for number in range(30)]
    assert lines(ALTERED, many, None)[-1] == ": … and 18 more lines"
