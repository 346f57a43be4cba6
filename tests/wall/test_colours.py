"""Whatever a wall says can be read: contrast by the arithmetic of WCAG 2.2."""

import pytest

from ccstate.wall.colours import THEMES, Ground, Theme
from ccstate.wall.values import STATES

LEVELS = ["", "warn", "alarm", "stale"]


def luminance(colour: str) -> float:
    """Relative luminance (WCAG 2.2)."""
    red, green, blue = (int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5))
    linear = [
        c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in (red, green, blue)
    ]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


def test_the_arithmetic_is_that_of_wcag() -> None:
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    # The lightest grey that passes level AA on white: https://webaim.org/resources/contrastchecker
    assert contrast("#767676", "#ffffff") == pytest.approx(4.54, abs=0.01)


@pytest.mark.parametrize("theme", THEMES.values(), ids=THEMES)
def test_all_words_and_figures_have_the_contrast_of_level_aaa(theme: Theme) -> None:
    assert contrast(theme.page, theme.words) >= 7
    for level in LEVELS:
        ground: Ground = theme.tile[level]
        assert contrast(ground.fill, ground.words) >= 7, level
        assert contrast(ground.fill, ground.figure) >= 7, level


@pytest.mark.parametrize("theme", THEMES.values(), ids=THEMES)
def test_levels_are_told_apart_in_grey_too_and_dots_from_their_ground(theme: Theme) -> None:
    for one, other in (("", "warn"), ("warn", "alarm")):
        assert contrast(theme.tile[one].fill, theme.tile[other].fill) >= 1.5, (one, other)
    # A red tile on a dark wall is brighter than its neighbours; on a light one darker.
    assert contrast(theme.tile[""].fill, theme.tile["alarm"].fill) >= 1.5
    assert theme.states.keys() == STATES.keys()
    for state, dot in theme.states.items():
        assert contrast(theme.tile[""].fill, dot) >= 3, state
