"""Text in lines that fit a drawing, in its units."""

from collections.abc import Callable

from ccstate.lettering import bold_width, width, wrap
from ccstate.render.text import safe

SIZE = 13.0
"""Height of letters, in the units of the drawing."""
LINE = 17.0


def width_of(text: str) -> float:
    """Estimate at most how wide the text is in a sans-serif of `SIZE`."""
    return SIZE * width(text)


def bold_width_of(text: str) -> float:
    """Estimate at most how wide the text is in bold."""
    return SIZE * bold_width(text)


def wrap_text(
    text: str, room: float, most: int, measure: Callable[[str], float] = width_of
) -> tuple[str, ...]:
    """Wrap the text, made safe, in at most so many lines of that width; `…` is the rest.

    `measure` is `bold_width_of` for what is drawn in bold.
    """
    return wrap(safe(text), room, most, measure)
