"""Records, plans and journals that somebody changed: audit, check and blame read them, and never raise.

HYPOTHESIS_PROFILE=deep pytest tests/fuzz/test_records.py      5,000 inputs a test
"""

import tempfile
from pathlib import Path
from typing import Any

import orjson
from hypothesis import given
from hypothesis import strategies as st

from ccstate.audit.chain import check
from ccstate.audit.change_sets import moment
from ccstate.history.applies import applies
from ccstate.history.stored_plans import stored_plans
from ccstate.model import Address, Outcome
from ccstate.project import Project
from ccstate.render.audit import check_json, check_text
from tests.fuzz.test_journals import ODD, PLACE
from tests.history.test_records import AUTHORITY, CCSTATE, teams


def recorded() -> tuple[str, dict[str, bytes]]:
    """The id of an applied plan, and its five files as the apply left them."""
    with tempfile.TemporaryDirectory() as place:
        root = Path(place)
        (root / "desired_state").mkdir()
        (root / "ccstate.yaml").write_text(CCSTATE, encoding="utf-8")
        (root / "desired_state" / "teams.yaml").write_text(teams("a", "b"), encoding="utf-8")
        project = Project.open(root)
        plan_id = project.apply(project.plan().plan, authority=AUTHORITY).plan_id
        return plan_id, {p.name: p.read_bytes() for p in (root / "plans" / plan_id).iterdir()}


PLAN, FILES = recorded()
JSON_FILES = ("plan.json", "record.json", "journal.jsonl")


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Every place inside of a JSON value, its own first."""
    found = [path]
    if isinstance(value, dict):
        items = list(value.items())
    else:
        items = list(enumerate(value)) if isinstance(value, list) else []
    for key, inner in items:
        found += places(inner, (*path, key))
    return found


def replaced(value: Any, path: tuple[Any, ...], new: object) -> Any:
    if not path:
        return new
    head, *rest = path
    inner = replaced(value[head], tuple(rest), new)
    if isinstance(value, dict):
        return {**value, head: inner}
    return [*value[:head], inner, *value[head + 1 :]]


@st.composite
def changed(draw: st.DrawFn) -> dict[str, bytes]:
    """The files, with one value of one of them replaced, or with some bytes in place of one."""
    name = draw(st.sampled_from(JSON_FILES))
    if draw(st.booleans()):
        return {**FILES, name: draw(st.binary(max_size=60))}
    lines = FILES[name].splitlines() if name == "journal.jsonl" else [FILES[name]]
    number = draw(st.integers(0, len(lines) - 1))
    value = orjson.loads(lines[number])
    path = draw(st.sampled_from(places(value)))
    try:
        lines[number] = orjson.dumps(replaced(value, path, draw(ODD)))
    except TypeError:  # too large a number for JSON
        return FILES
    return {**FILES, name: b"\n".join(lines) + b"\n"}


@given(changed())
def test_whatever_stands_in_a_record_it_is_read_and_checked(files: dict[str, bytes]) -> None:
    with tempfile.TemporaryDirectory(dir=PLACE) as place:
        folder = Path(place, "plans", PLAN)
        folder.mkdir(parents=True)
        for name, content in files.items():
            (folder / name).write_bytes(content)
        checked = check(Path(place))
        is_as_left = files == FILES
        assert not (is_as_left and checked.problems)
        # What a record alone says of itself, no other file can contradict.
        if any(files[name] != FILES[name] for name in files if name != "record.json"):
            assert checked.problems
        check_text(checked)
        assert orjson.loads(check_json(checked))
        with stored_plans(Path(place)) as stored:
            for apply in applies(stored):
                assert apply.outcome.outcome in set(Outcome)
                assert apply.verdict(str(Address("team", "a"))).outcome in set(Outcome)
                assert apply.confirmed <= len(apply.changes)
                moment(apply.started)


@given(st.text(max_size=40) | st.datetimes(timezones=st.timezones()).map(lambda d: d.isoformat()))
def test_whatever_a_moment_says_it_is_one_or_none(text: str) -> None:
    found = moment(text)
    assert found is None or found.utcoffset() is not None


def test_a_moment_at_the_edge_of_time_is_none() -> None:
    assert moment("0001-01-01T00:00:00+14:00") is None
    assert moment("9999-12-31T23:59:59-14:00") is None
