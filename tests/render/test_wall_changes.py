"""A plan says of a display what people in front of it will see change."""

from typing import Any

import pytest

from ccstate.model import Action, Address, Change, Edit, Json, Why
from ccstate.render.changes import edit_rows

WAITING: dict[str, Any] = {
    "label": "Waiting",
    "queues": ["sales"],
    "measure": "waiting",
    "warn": "5",
}
LEVEL: dict[str, Any] = {
    "label": "In time", "queues": ["sales", "moves"], "measure": "service_level",
    "warn": "80%", "alarm": "60%",
}  # fmt: skip
READY: dict[str, Any] = {"queues": ["sales"], "measure": "agents_ready", "alarm": "2"}
PEOPLE: dict[str, Any] = {"queues": ["sales"], "list": "agents", "team": "sales-team", "width": 2}


def said(before: Json, after: Json) -> list[str]:
    edit = Edit("tiles", before, after, why=Why.YOU)
    change = Change("demo", Action.UPDATE, Address("display", "wall"), Why.YOU, "", (edit,))
    return [f"{row.label}: {''.join(p.text for p in row.value)}" for row in edit_rows(change, edit)]


@pytest.mark.parametrize(
    "before, after, words",
    [
        (
            [WAITING],
            [WAITING, LEVEL],
            [
                (
                    'on the wall: + "In time" is new: service level of sales and moves, '
                    "amber at 80% or less, red at 60% or less"
                )
            ],
        ),
        (
            [WAITING, LEVEL],
            [WAITING, {**LEVEL, "alarm": "70%"}],
            ['on the wall: ~ "In time" turns red at 70% or less, instead of 60% or less'],
        ),
        (
            [READY, WAITING],
            [{**READY, "warn": "4"}],
            [
                'on the wall: ~ "Agents ready" turns amber at 4 or fewer',
                ': - "Waiting" is gone',
            ],
        ),
        (
            [WAITING],
            [{**WAITING, "warn": None, "label": "Sales", "width": 2}],
            [
                (
                    'on the wall: ~ "Sales" is what "Waiting" was, turns amber no more '
                    "and is 2 columns by 1 row in size instead of 1 column by 1 row"
                )
            ],
        ),
        (
            [WAITING],
            [{**WAITING, "queues": ["moves", "sales"]}],
            ['on the wall: ~ "Waiting" counts moves and sales instead of sales'],
        ),
        (
            [WAITING],
            [{**WAITING, "measure": "longest_wait", "warn": "2m"}],
            [
                (
                    'on the wall: ~ "Waiting" shows longest wait instead of calls waiting '
                    "and turns amber at 2m or more, instead of 5 or more"
                )
            ],
        ),
        (
            [WAITING, LEVEL, READY],
            [READY, WAITING, LEVEL],
            ['on the wall: another order: "Agents ready", "Waiting" and "In time"'],
        ),
        (
            [],
            [PEOPLE],
            ['on the wall: + "Agents" is new: agents in team sales-team of sales'],
        ),
        # Nobody sees that: it is shown as any other field.
        ([{**WAITING, "width": 1}], [WAITING], ["tiles: ~ Waiting  width 1 → (not set)"]),
        # A platform may hold a tile of an earlier release.
        (
            [{"label": "Waiting", "queues": ["sales"], "metric": "waiting", "warn": "5"}],
            [WAITING],
            ['on the wall: ~ "Waiting" shows calls waiting instead of nothing known'],
        ),
        # A plan file may come from anywhere.
        ([WAITING], ["x"], None),
        ([WAITING], [{"queues": [7], "measure": 3, "warn": {}, "width": "x"}], None),
        ([WAITING], [{**WAITING, "warn": [], "width": "x", "height": None, "list": 5}], None),
        ([WAITING], [{"queues": ["a"], "measure": "waiting", "warn": "soon"}], None),
    ],
)
def test_what_people_see_change(before: Json, after: Json, words: list[str] | None) -> None:
    found = said(before, after)
    assert found
    assert words is None or found == words


def test_of_two_tiles_of_one_figure_the_one_is_meant_that_is_called_so() -> None:
    other = {**WAITING, "label": "Waiting, large"}
    assert said([WAITING, other], [WAITING, {**other, "warn": "9"}]) == [
        'on the wall: ~ "Waiting, large" turns amber at 9 or more, instead of 5 or more'
    ]


def test_a_wall_of_many_tiles_is_cut_and_counted() -> None:
    tiles: Json = [{**WAITING, "label": f"No. {n}"} for n in range(60)]
    assert said([], tiles)[-1] == ": … and 49 more differences"
