"""What pydantic found, in the words of somebody who writes contact-centre configuration."""

from collections.abc import Iterator
from typing import TypeAlias

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from ccstate.desired.findings import Finding, did_you_mean, repr_
from ccstate.kinds import Path
from ccstate.kinds.shape import Leaf, ListOf, MapOf, OneOf, Shape, Struct

Loc: TypeAlias = tuple[int | str, ...]

_TYPES = {
    "string_type": "text",
    "int_type": "a whole number",
    "bool_type": "true or false",
    "list_type": "a list",
    "dict_type": "a mapping",
    "model_type": "a mapping",
    "model_attributes_type": "a mapping",
}
_RANGES = {
    "greater_than_equal": ("at least", "ge"),
    "less_than_equal": ("at most", "le"),
    "too_short": ("at least", "min_length"),
    "too_long": ("at most", "max_length"),
    "string_too_long": ("at most", "max_length"),
}


def explain(error: ValidationError, shape: Struct, file: str, root: Path) -> Iterator[Finding]:
    """One finding for each thing that is wrong with the value at `root` of a document."""
    for detail in error.errors(include_url=False):
        path, place = _resolve(shape, detail["loc"])
        yield _finding(detail, place, file, (*root, *path))


def _resolve(shape: Shape, loc: Loc) -> tuple[Path, Shape]:
    """The path in the document for pydantic's location, which also names union branches."""
    path: list[str | int] = []
    above = shape
    for step in loc:
        if step == "[key]" and isinstance(above, MapOf):
            return tuple(path), above.key
        match shape:
            case OneOf(variants=variants) if isinstance(step, str) and step in variants:
                shape = variants[step]
                continue
            case Struct(fields=fields) if isinstance(step, str) and step in fields:
                above, shape = shape, fields[step]
            case ListOf(item=item) | MapOf(item=item):
                above, shape = shape, item
            case _:
                pass
        path.append(step)
    return tuple(path), shape


def _finding(detail: ErrorDetails, place: Shape, file: str, path: Path) -> Finding:
    given: object = detail.get("input")
    if isinstance(place, Leaf) and place.secret:
        given = _Hidden()
    field = ".".join(str(step) for step in path[2:]) or str(path[-1] if path else "document")
    if detail["loc"][-1:] == ("[key]",):
        field = "a name here"
    match detail["type"]:
        case "extra_forbidden":
            known = list(place.fields) if isinstance(place, Struct) else []
            hint = did_you_mean(str(path[-1]), known) or f"known here: {', '.join(known)}"
            return Finding(file, path, "CC101", f"unknown field {repr_(path[-1])}", hint=hint)
        case "missing":
            return Finding(
                file,
                path[:-1],
                "CC104",
                f"{repr_(path[-1])} is missing",
                cause=_means(place),
                hint=f"add {path[-1]}:",
            )
        case "union_tag_not_found" | "union_tag_invalid" if isinstance(place, OneOf):
            known = sorted(place.variants)
            said = given.get(place.tag) if isinstance(given, dict) else None
            message = f"unknown {place.tag} {repr_(said)}" if said else f"{place.tag} is missing"
            hint = did_you_mean(str(said), known) or f"one of {', '.join(known)}"
            return Finding(file, path, "CC102", message, hint=hint)
        case "literal_error" | "enum":
            expected = str(detail["ctx"].get("expected", "")).replace(" or ", ", ")
            choices = [choice.strip("'") for choice in expected.split(", ")]
            hint = did_you_mean(str(given), choices) or f"one of {', '.join(choices)}"
            return Finding(file, path, "CC102", f"{field} cannot be {_shown(given)}", hint=hint)
    return Finding(file, path, "CC102", *_value_wording(field, given, place, detail))


def _value_wording(
    field: str, given: object, place: Shape, detail: ErrorDetails
) -> tuple[str, str, str]:
    """Message, cause and hint for a value of the wrong form."""
    kind, context = detail["type"], detail.get("ctx", {})
    if given is None:
        return f"{field} has no value", _means(place), "write a value, or drop the line"
    if isinstance(given, _Hidden):
        return f"{field} is no reference", _means(place), "keep the secret out of git: env:NAME"
    if kind in _TYPES:
        hint = ""
        if kind == "string_type" and isinstance(given, int | float):
            hint = f'write it in quotes, with its unit where it has one: "{given}"'
            if isinstance(place, Leaf) and "duration" in place.means:
                hint = f"say the unit: {given}s"
        return f"{field} must be {_TYPES[kind]}, not {_shown(given)}", _means(place), hint
    if kind in _RANGES:
        words, limit = _RANGES[kind]
        if isinstance(given, list):
            entries = "entry" if context[limit] == 1 else "entries"
            message = f"{field} must have {words} {context[limit]:,} {entries}"
            return message, f"It has {len(given):,}.", ""
        unit = " characters" if kind.startswith("string") else ""
        return f"{field} must be {words} {context[limit]}{unit}", f"It is {_shown(given)}.", ""
    if kind == "string_pattern_mismatch":
        return f"{field} cannot be {_shown(given)}", _means(place), ""
    return f"{field}: {detail['msg']}", _means(place), str(context.get("hint", ""))


class _Hidden:
    """In place of a secret that was written in clear: it must not reach a report."""


def _means(place: Shape) -> str:
    words = place.means if isinstance(place, Leaf) else ""
    return f"It must be {words}." if words else ""


def _shown(given: object) -> str:
    match given:
        case bool():
            return str(given).lower()
        case str():
            return repr_(given)
        case int() | float():
            return str(given)
        case list():
            return "a list"
        case dict():
            return "a mapping"
    return "empty"
