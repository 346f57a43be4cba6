"""Text that Markdown leaves alone."""

import re

from ccstate.render.text import clipped, safe

LONGEST = 300


def code(text: str, most: int = LONGEST) -> str:
    """The text as a code span: no link, image, mention or tag in it comes alive.

    Its fence is longer than any run of backticks inside, so that nothing in it can end it.
    Source: CommonMark 0.31, "Code spans".
    """
    inner = clipped(safe(text), most)
    if not inner.strip(" "):
        return '`""`'
    longest = max((len(run) for run in re.findall("`+", inner)), default=0)
    fence = "`" * (longest + 1)
    # One space on either side is taken off again, and keeps backticks and spaces apart from it.
    pad = " " if inner[0] in "` " or inner[-1] in "` " else ""
    return f"{fence}{pad}{inner}{pad}{fence}"
