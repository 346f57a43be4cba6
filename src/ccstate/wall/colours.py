"""Colours of a wall, in its two themes.

Nothing is said by a colour alone: amber and red differ from the rest in brightness too, and what an
agent is doing stands there in words. Contrast is that of WCAG 2.2, 1.4.6, everywhere.
"""

from collections.abc import Mapping
from dataclasses import dataclass

FONT = "Roboto, Helvetica, Arial, sans-serif"


@dataclass(frozen=True, slots=True)
class Ground:
    """The fill of a tile, and what is written on it: headings, and figures."""

    fill: str
    words: str
    figure: str


@dataclass(frozen=True, slots=True)
class Theme:
    """The colours of one theme; `tile` has a ground for each level of a figure, and for a stale one."""

    page: str
    words: str
    tile: Mapping[str, Ground]
    line: str
    states: Mapping[str, str]
    """Dots beside what agents are doing."""


THEMES: Mapping[str, Theme] = {
    "dark": Theme(
        page="#0c131e",
        words="#d5deea",
        tile={
            "": Ground("#182436", "#c3cfdf", "#ffffff"),
            "warn": Ground("#f4b23c", "#1f1600", "#1f1600"),
            "alarm": Ground("#ab1020", "#ffffff", "#ffffff"),
            "stale": Ground("#0c131e", "#a9b6c8", "#a9b6c8"),
        },
        line="#33445c",
        states={
            "ready": "#46c596",
            "ringing": "#59b0ff",
            "talking": "#59b0ff",
            "wrap_up": "#bba4ff",
            "paused": "#f4b23c",
            "logged_out": "#8b98aa",
        },
    ),
    "light": Theme(
        page="#e9edf2",
        words="#2a3646",
        tile={
            "": Ground("#ffffff", "#3a4757", "#0e151f"),
            "warn": Ground("#ffc147", "#211700", "#211700"),
            "alarm": Ground("#ab1020", "#ffffff", "#ffffff"),
            "stale": Ground("#e9edf2", "#434f5f", "#434f5f"),
        },
        line="#b9c3d0",
        states={
            "ready": "#0b7a53",
            "ringing": "#0a62b8",
            "talking": "#0a62b8",
            "wrap_up": "#6a45c9",
            "paused": "#9a6200",
            "logged_out": "#667384",
        },
    ),
}
