"""A report and the formats that it is written in: a new format is one entry in its report."""

from collections.abc import Callable
from typing import Generic, TypeVar

from ccstate.render.text import PLAIN, Palette

T = TypeVar("T")

ANNOTATIONS = "github"
"""The format whose lines are commands to a build server; in any other they must not be."""


class Report(Generic[T]):
    """The formats of one report by name, in the order in which `--format` lists them.

    `text` is for a terminal: lines of at most so many columns, in the colours of a palette.
    """

    def __init__(
        self, text: Callable[[T, int, Palette], str], **others: Callable[[T], str]
    ) -> None:
        self._text = text
        self._others = others

    @property
    def formats(self) -> tuple[str, ...]:
        return ("text", *self._others)

    def render(self, form: str, value: T, width: int = 80, palette: Palette = PLAIN) -> str:
        """Render the value in a format; as text where this report is not written in that one."""
        if form in self._others:
            return self._others[form](value)
        return self._text(value, width, palette)


def as_json(body: object) -> str:
    """Write a value as the JSON that commands print."""
    import orjson  # here: messages about Ctrl-C are written where an import of it was broken off

    return orjson.dumps(body, option=orjson.OPT_INDENT_2).decode() + "\n"
