"""Texts of a dialplan: variables filled in, and arguments taken apart.

Source: `ast_str_substitute_variables_full` in main/pbx_variables.c and `__ast_app_separate_args`
in main/app.c of Asterisk 18.
"""

import re
from collections.abc import Callable

from ccstate.adapters.asterisk.interpreter.faults import NotFollowed

LONGEST = 8_192
"""Characters of a text with its variables filled in; Asterisk has 4,096 bytes."""
DEEPEST = 40
"""Variables inside of variables."""


def filled(
    text: str, value: Callable[[str], str], worked_out: Callable[[str], str], deep: int = 0
) -> str:
    """The text with `${…}` and `$[…]` replaced, innermost first, each once."""
    if deep > DEEPEST:
        raise NotFollowed("variables stand inside of variables too deeply")
    found: list[str] = []
    at = 0
    while (dollar := text.find("$", at)) >= 0:
        found.append(text[at:dollar])
        kind = text[dollar + 1 : dollar + 2]
        if kind not in ("{", "["):
            found.append("$")
            at = dollar + 1
            continue
        close = closing(text, dollar + 1)
        inside = text[dollar + 2 : close]
        if "${" in inside or "$[" in inside:
            inside = filled(inside, value, worked_out, deep + 1)
        found.append(value(inside) if kind == "{" else worked_out(inside))
        at = close + 1
        if sum(map(len, found)) > LONGEST:
            raise NotFollowed("a value is too long")
    found.append(text[at:])
    return "".join(found)


def closing(text: str, at: int) -> int:
    """Where the bracket at that place is closed; only brackets of its kind count."""
    opened, closed = text[at], {"{": "}", "[": "]"}[text[at]]
    depth = 0
    for place in range(at, len(text)):
        depth += (text[place] == opened) - (text[place] == closed)
        if not depth:
            return place
    raise NotFollowed(f"{opened} is not closed")


def name_and_cut(inside: str) -> tuple[str, int, int | None]:
    """`NAME:offset:length` taken apart; colons in brackets belong to the name."""
    depth = 0
    for at, char in enumerate(inside):
        depth += (char == "(") - (char == ")")
        if char == ":" and not depth:
            offset, colon, length = inside[at + 1 :].partition(":")
            return inside[:at], _whole(offset), _whole(length) if colon else None
    return inside, 0, None


def _whole(text: str) -> int:
    text = text.strip()
    if not text.removeprefix("-").isascii() or not text.removeprefix("-").isdigit():
        raise NotFollowed(f"{text[:20]!r} is no offset")
    return int(text[:10])


def substring(value: str, offset: int, length: int | None) -> str:
    """A part of a value; negative numbers count from its end (`substring`, main/pbx_variables.c)."""
    if offset < 0:
        offset = max(len(value) + offset, 0)
    rest = value[offset:]
    if length is None:
        return rest
    if length >= 0:
        return rest[:length]
    return rest[:length] if len(rest) > -length else ""


def arguments(text: str, fewest: int = 0) -> list[str]:
    """Arguments between commas; brackets and quotes protect a comma, quotes and backslashes go."""
    found = [""]
    depths = {"(": 0, "[": 0}
    is_quoted = is_escaped = False
    for char in text:
        if is_escaped:
            found[-1] += char
            is_escaped = False
        elif char == "\\":
            is_escaped = True
        elif char == '"':
            is_quoted = not is_quoted
        elif char == "," and not is_quoted and not any(depths.values()):
            found.append("")
        else:
            if char in "([":
                depths[char] += 1
            elif char in ")]":
                opened = "(" if char == ")" else "["
                depths[opened] = max(depths[opened] - 1, 0)
            found[-1] += char
    if text == "":
        found = []
    return found + [""] * (fewest - len(found))


def divided(text: str) -> tuple[str, str]:
    """What stands before and behind the first colon outside of brackets."""
    depth = 0
    for at, char in enumerate(text):
        depth += (char in "([{") - (char in ")]}")
        if char == ":" and depth <= 0:
            return text[:at], text[at + 1 :]
    return text, ""


def letters(options: str) -> list[str]:
    """Options of an application: each letter, with what stands in brackets behind it."""
    return re.findall(r"[A-Za-z](?:\((?:[^()]|\([^()]*\))*\))?", options)
