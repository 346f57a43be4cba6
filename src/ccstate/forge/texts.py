"""Texts as a code host takes them: not longer, and with nothing in them that a reader cannot see."""

from ccstate.errors import Diagnostic, InvalidInput
from ccstate.forge import codes
from ccstate.render.text import clip, safe

_PART = 5_000
"""Characters of each part of an annotation: 64 KB in all. Source: GitHub, "Create a check run"."""


def refuse_long(host: str, most: int, text: str) -> None:
    """Refuse a text that the host would refuse; the caller shortens it by whole parts."""
    if len(text) > most:
        raise InvalidInput(codes.TEXT_LONG(host=host, size=len(text), most=most))


def one_line(text: str, most: int) -> str:
    """Clip a title to what a host takes."""
    return clip(safe(text), most)


def annotation_text(problem: Diagnostic) -> str:
    """Write what is wrong, why it matters and what to do, on a line each."""
    hint = f"hint: {problem.hint}" if problem.hint else ""
    parts = (problem.message, problem.cause, hint)
    return "\n".join(one_line(part, _PART) for part in parts if part)
