"""Many names in few words: the first of them, and how many more there are."""

from collections.abc import Iterable

MOST_NAMED = 3
"""Names that a message gives before it counts the others."""


def listed(names: list[str], joint: str = "and") -> str:
    """Names as people list them: `a, b and c`, or `a, b, c and 4 more`."""
    if len(names) > MOST_NAMED + 1:
        names = [*names[:MOST_NAMED], f"{len(names) - MOST_NAMED} more"]
    *most, last = names
    return f"{', '.join(most)} {joint} {last}" if most else last


def some(names: Iterable[object]) -> str:
    """`a, b, c`, or `a, b, c and 4 more`."""
    everything = [str(name) for name in names]
    shown = ", ".join(everything[:MOST_NAMED])
    more = len(everything) - MOST_NAMED
    return f"{shown} and {more} more" if more > 0 else shown
