"""Displays that a plan changes are drawn before and after."""

from datetime import date
from typing import Any

from ccstate.ci.pictures import changed_walls
from ccstate.model import Address, Resource
from ccstate.rules import Comparison, Estate

TILE = {"queues": ["sales"], "measure": "waiting"}
QUEUE = {"label": "Sales"}


def estate(**displays: Any) -> Estate:
    objects: dict[Address, Any] = {Address("queue", "sales"): QUEUE}
    for name, tiles in displays.items():
        objects[Address("display", name)] = {"label": name.capitalize(), "tiles": tiles}
    return Estate({a: Resource(a, fields, "") for a, fields in objects.items()}, date(2026, 12, 1))


def test_displays_that_change_are_drawn_and_no_others() -> None:
    comparison = Comparison(
        estate(same=[TILE], other=[TILE], gone=[TILE]),
        estate(same=[TILE], other=[{**TILE, "warn": "5"}], new=[TILE]),
    )
    gone, new, other = changed_walls(comparison)
    assert [wall.title for wall in (gone, new, other)] == [
        "Gone (display/gone)", "New (display/new)", "Other (display/other)",
    ]  # fmt: skip
    assert (gone.picture.after, new.picture.before) == ("", "")
    assert "amber at 5" in other.picture.after
    assert "amber at 5" not in other.picture.before
    names = [name for wall in (gone, new, other) for name, _ in wall.files()]
    assert names == [
        "display-gone-before.svg", "display-new-after.svg",
        "display-other-before.svg", "display-other-after.svg",
    ]  # fmt: skip
