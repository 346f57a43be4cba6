"""An object beside what it should be: what `ccstate show` says of fields that are recorded only."""

import orjson

from ccstate.adapter import kept_names, placed
from ccstate.kinds import field_paths
from ccstate.model import Action, Address, Change, Edit, Fields, Observation, Resource, Why
from ccstate.render.comparison import (
    Drifted,
    ObjectViews,
    Verified,
    View,
    drift_json,
    drift_markdown,
    drift_text,
    object_json,
    object_text,
    verify_json,
    verify_text,
)
from ccstate.render.text import PLAIN

SALES = Address("queue", "sales")
FIELDS: Fields = {"label": "Sales", "members": [{"team": "sales"}], "music": "jazz"}
KEPT = {"label": "no names there", "members.*.team": "no teams there"}


def shown(declared: Fields) -> str:
    view = View("demo", FIELDS, FIELDS, KEPT)
    return object_text(
        ObjectViews(SALES, Resource(SALES, declared, "queues.yaml"), [view]), 120, PLAIN
    )


def test_a_field_that_is_recorded_only_is_shown_as_that_with_the_reason() -> None:
    assert shown(FIELDS).splitlines()[2:] == [
        "demo  managed",
        "  label    Sales  kept in ccstate's records: no names there",
        "  members  team sales  kept in ccstate's records: team of it",
        "  music    jazz",
    ]


def test_where_it_differs_that_is_said_first() -> None:
    said = "  label    Sales  desired: Advice; kept in ccstate's records: no names there"
    assert said in shown({**FIELDS, "label": "Advice"}).splitlines()


def test_a_report_has_the_reasons_by_field() -> None:
    report = orjson.loads(
        object_json(ObjectViews(SALES, None, [View("demo", FIELDS, FIELDS, KEPT)]))
    )
    assert report["targets"][0]["kept"] == KEPT


SAID = "On demo, 2 fields are kept in ccstate's records, not on the platform:\n  queue.label and queue.skills."
NAMES = ("queue.label", "queue.skills")


def test_verification_says_which_fields_no_platform_holds() -> None:
    found = {"demo": Verified((), 3, NAMES, ())}
    assert SAID in verify_text(found)
    assert orjson.loads(verify_json(found))["targets"][0]["kept"] == list(NAMES)


def test_drift_says_it_too_and_marks_a_field_that_differs() -> None:
    edit = Edit("label", "Sales", "Advice", why=Why.BY_HAND)
    change = Change("demo", Action.UPDATE, SALES, Why.BY_HAND, "", (edit,))
    found = {"demo": Drifted((change,), Observation({SALES: FIELDS}, {SALES: FIELDS}), NAMES)}
    text = drift_text(found, 80, PLAIN)
    assert SAID in text
    assert "      label  Advice → Sales  kept in records\n" in text
    assert orjson.loads(drift_json(found))["targets"][0]["kept"] == list(NAMES)


def test_nothing_is_said_where_a_platform_holds_every_field() -> None:
    assert "records" not in verify_text({"demo": Verified((), 3, (), ())})


def test_the_fields_are_those_that_objects_set() -> None:
    fields = [path for path in field_paths("queue") if path not in {"label", "music", "skills"}]
    support = placed("queue", mapped=fields, kept=dict.fromkeys(("label", "music", "skills"), "no"))
    queues: list[tuple[Address, Fields]] = [
        (SALES, {"ring_for": "20s", "skills": None}),
        (Address("queue", "help"), {"skills": ["english"]}),
        (Address("queue", "info"), {"label": "Info"}),
        (Address("ivr", "main"), {"label": "Main"}),
    ]
    assert kept_names({"queue": support}, queues) == ("queue.label", "queue.skills")


def test_an_issue_says_where_not_everything_could_be_seen() -> None:
    seen = Observation({}, {SALES: FIELDS}, unseen=("the phones",))
    text = drift_markdown({"demo": Drifted((), seen, NAMES)})
    assert text.startswith("### Nothing was changed by hand, as far as it could be seen\n")
    assert "**`demo`: 1 managed object as it was applied**" in text
    assert "are kept in ccstate's records, not on the platform: `queue.label`" in text
    assert "- `the phones`" in text


def test_an_issue_about_much_drift_has_a_largest_size_and_counts_the_rest() -> None:
    changes = [
        Change("demo", Action.UPDATE, Address("user", f"u{n}"), Why.BY_HAND, "", (edit,))
        for n in range(1500)
        for edit in [Edit("name", "x" * 200, f"Person {n}", why=Why.BY_HAND)]
    ]
    ledger: dict[Address, Fields] = {change.address: {} for change in changes}
    text = drift_markdown({"demo": Drifted(changes, Observation(ledger, ledger), ())}, 20_000)
    assert 19_000 < len(text) <= 20_000
    shown = text.count("- **~** `user/u")
    assert f"… and {1500 - shown:,} more objects: `ccstate drift` lists all.\n" in text
    assert text.endswith("To keep them: write them into the desired state.\n")
