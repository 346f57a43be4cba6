"""An object beside what it should be: what `ccstate show` says of fields that are recorded only."""

import orjson

from ccstate.model import Address, Fields, Resource
from ccstate.render.comparison import View, object_text
from ccstate.render.reports import object_json
from ccstate.render.text import PLAIN

SALES = Address("queue", "sales")
FIELDS: Fields = {"label": "Sales", "members": [{"team": "sales"}], "music": "jazz"}
KEPT = {"label": "no names there", "members.*.team": "no teams there"}


def shown(declared: Fields) -> str:
    view = View("demo", FIELDS, FIELDS, KEPT)
    return object_text(SALES, Resource(SALES, declared, "queues.yaml"), [view], 120, PLAIN)


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
    report = orjson.loads(object_json(SALES, None, [View("demo", FIELDS, FIELDS, KEPT)]))
    assert report["targets"][0]["kept"] == KEPT
