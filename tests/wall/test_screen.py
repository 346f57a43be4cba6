"""Where tiles stand and how large their letters are, known from a browser and from geometry."""

from itertools import pairwise
from typing import Any

import pytest

from ccstate import kinds
from ccstate.wall.screen import (
    FIGURE,
    HEIGHT,
    WIDTH,
    WORDS,
    Box,
    Cells,
    cells_of,
    list_columns,
    screen_of,
)

FIGURES: dict[str, Any] = {"queues": ["a"], "measure": "waiting"}


def wall(count: int, **fields: Any) -> Any:
    tiles: Any = [{**FIGURES, "label": "Calls waiting"}] * count
    return kinds.with_defaults("display", {"label": "Wall", "tiles": tiles, **fields})


@pytest.mark.parametrize(
    "columns, sizes, places",
    [
        # Chromium 149 with `grid-auto-flow: row`; 300 grids of 2,002 tiles at random stand as it places them.
        (3, [(1, 1)] * 4, [(0, 0), (1, 0), (2, 0), (0, 1)]),
        (3, [(2, 1), (2, 1), (1, 1)], [(0, 0), (0, 1), (2, 1)]),
        (4, [(2, 2), (2, 1), (1, 1), (1, 1), (1, 1)], [(0, 0), (2, 0), (2, 1), (3, 1), (0, 2)]),
        (2, [(1, 3), (2, 1), (1, 1)], [(0, 0), (0, 3), (0, 4)]),
        (3, [(1, 1), (1, 2), (2, 1), (1, 1)], [(0, 0), (1, 0), (0, 2), (2, 2)]),
    ],
)
def test_each_tile_stands_in_the_first_free_place_after_the_one_before_it(
    columns: int, sizes: list[tuple[int, int]], places: list[tuple[int, int]]
) -> None:
    tiles = [{"width": wide, "height": high} for wide, high in sizes]
    expected = [Cells(*place, *size) for place, size in zip(places, sizes, strict=True)]
    assert list(cells_of(tiles, columns)) == expected


def test_a_tile_that_is_wider_than_the_grid_takes_its_whole_width() -> None:
    assert cells_of([{"width": 9}, {}], 2) == (Cells(0, 0, 2, 1), Cells(0, 1, 1, 1))


def test_letters_are_seen_from_eight_metres_under_the_angles_that_ergonomics_asks_for() -> None:
    # A 55-inch screen of 16:9 is 1,217.6 mm wide; a capital of Arial is 0.716 of its size.
    pixel = 1217.6 / 1920
    for size, minutes in ((FIGURE, 20), (WORDS, 10)):
        seen = size * 0.716 * pixel / 8000 * 180 / 3.14159 * 60
        assert minutes <= seen < minutes * 1.05


@pytest.mark.parametrize("count, columns", [(1, 1), (4, 2), (9, 3), (16, 4)])
def test_nothing_overlaps_all_is_on_the_screen_and_large_enough(count: int, columns: int) -> None:
    screen = screen_of(wall(count, columns=columns, messages=[{"text": "Hello"}]))
    boxes = [tile.box for tile in screen.tiles]
    everything = [box for box in (screen.header, screen.foot, *boxes) if box]
    assert len(everything) == count + 2
    for one in everything:
        assert min(one.x, one.y) >= 0
        assert (one.x + one.width, one.y + one.height) <= (WIDTH, HEIGHT)
        assert one.y + one.height <= HEIGHT
        assert not any(overlap(one, other) for other in everything if other is not one)
    for tile in screen.tiles:
        assert tile.figure_size >= FIGURE
        assert tile.heading == ("Calls waiting",)


def overlap(one: Box, other: Box) -> bool:
    return (
        one.x < other.x + other.width
        and other.x < one.x + one.width
        and one.y < other.y + other.height
        and other.y < one.y + one.height
    )


def test_without_a_title_clock_or_message_the_tiles_take_the_whole_screen() -> None:
    bare = screen_of(wall(9, label=None, clock=False))
    full = screen_of(wall(9, messages=[{"text": "Hello"}]))
    assert (bare.header, bare.foot) == (None, None)
    assert bare.tiles[0].box.height > full.tiles[0].box.height + 50


def test_the_more_tiles_the_smaller_their_figures() -> None:
    sizes = [screen_of(wall(n * n, columns=n)).tiles[0].figure_size for n in range(1, 7)]
    assert all(large > small for large, small in pairwise(sizes))
    assert sizes[-1] < FIGURE


def test_a_heading_takes_two_lines_where_it_needs_them_and_what_is_too_long_is_cut() -> None:
    tiles = [{**FIGURES, "label": "Payment support waiting"}, FIGURES]
    assert screen_of(wall(0, tiles=tiles, columns=2)).tiles[0].heading == (
        "Payment support waiting",
    )
    long = screen_of(wall(0, tiles=tiles, columns=4))
    assert [tile.heading for tile in long.tiles][1] == ("Calls waiting",)
    assert len(long.tiles[0].heading) == 2
    assert long.tiles[0].figure_size == long.tiles[1].figure_size


def test_a_list_has_as_many_columns_and_rows_as_there_is_room_for() -> None:
    assert [c.field for c in list_columns("queues", 540)] == ["waiting"]
    assert len(list_columns("queues", 1200)) == 4
    assert [c.field for c in list_columns("agents", 540)] == ["state"]
    assert [c.field for c in list_columns("agents", 900)] == ["state", "since"]
    tile = {"queues": ["a"], "list": "agents"}
    [low] = screen_of(wall(0, tiles=[tile], columns=1)).tiles
    [high, _] = screen_of(wall(0, tiles=[{**tile, "height": 1}, {**tile}], columns=1)).tiles
    assert 10 <= low.rows <= 13
    assert high.rows < low.rows / 2 + 1
