"""Report problems of a document: where they are, and in words of the trade.

The fast reader keeps no positions; line and column are looked up here, in the files that have a
problem. Values hold sets sorted and documents as their author ordered them: both are translated.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from difflib import get_close_matches
from itertools import islice
from typing import Any, TypeAlias, cast

from pydantic import TypeAdapter, ValidationError
from pydantic_core import ErrorDetails

from ccstate import codes, kinds
from ccstate.desired.positions import locate
from ccstate.desired.yaml_values import read
from ccstate.errors import Diagnostic
from ccstate.kinds import PLURALS, Path
from ccstate.kinds.fields import canonical_order
from ccstate.kinds.shape import Leaf, ListOf, MapOf, OneOf, Shape, Struct, inner_shape, item_shape


@dataclass(frozen=True, slots=True)
class Finding:
    """A problem at a path in a file: `("queues", "sales", "hours")`."""

    file: str
    path: Path
    problem: Diagnostic
    """What is wrong; its place is looked up by `diagnose`."""
    canonical: bool = False
    """Whether `path` names items of sets by their place in the sorted set, as resources hold it."""


def diagnose(findings: Iterable[Finding], content: Callable[[str], bytes]) -> list[Diagnostic]:
    """Convert findings to diagnostics; each file is read once more for all of its findings."""
    by_file: dict[str, list[Finding]] = {}
    for finding in findings:
        by_file.setdefault(finding.file, []).append(finding)
    problems = []
    for file, group in by_file.items():
        data = content(file)
        paths = _paths(group, data)
        places = locate(data, file, paths)
        problems += [
            replace(f.problem, span=places[path]) for f, path in zip(group, paths, strict=True)
        ]
    return problems


def _paths(findings: list[Finding], data: bytes) -> list[Path]:
    """List the path of each finding of one file, as the file is written."""
    paths = [finding.path for finding in findings]
    if not any(map(_is_sorted, findings)):
        return paths
    written = source_paths(paths, read(data, "")[0])
    return [
        there if _is_sorted(finding) else finding.path
        for finding, there in zip(findings, written, strict=True)
    ]


def _is_sorted(finding: Finding) -> bool:
    return finding.canonical and any(isinstance(step, int) for step in finding.path)


MOST_CANDIDATES = 20_000

GONE: Mapping[tuple[str | int, str | int], str] = {
    ("displays", "metric"): "write measure: in place of metric:; its values are the same",
}
"""What to do about a field of an earlier release, by plural of the kind and name."""


def did_you_mean(word: str, candidates: Iterable[str]) -> str:
    """Suggest the nearest candidate in a hint; "" where none is near."""
    length = len(word)
    near = (c for c in candidates if abs(len(c) - length) <= 3)
    close = get_close_matches(word, islice(near, MOST_CANDIDATES), n=1, cutoff=0.7)
    return f"did you mean {quote(close[0])}?" if close else ""


def quote(word: object) -> str:
    """Quote a word for a message; a long one is cut."""
    text = str(word)
    return f'"{text}"' if len(text) <= 60 else f'"{text[:57]}…"'


_Orders: TypeAlias = dict[int, list[int]]
"""For each list of a document, by its identity, where the items of the sorted set are in it."""


def source_paths(paths: Iterable[Path], document: Any) -> list[Path]:
    """Translate paths into sorted sets to paths in the document, where sets have the author's order.

    `("schedules", "weekdays", "holidays", 0)` is the first holiday of the sorted set; the answer
    says which one of the list that is. Where a path leads to what the document does not hold, such
    as a default of the project, its steps stay as they are.
    """
    orders: _Orders = {}
    return [_source_path(path, document, orders) for path in paths]


def _source_path(path: Path, document: Any, orders: _Orders) -> Path:
    kind = PLURALS.get(str(path[0])) if path else None
    steps = list(path)
    if kind is None:
        return path
    try:
        value, shape = document[path[0]][path[1]], cast("Shape | None", kinds.shape(kind.name))
        for place, step in enumerate(path[2:], start=2):
            if isinstance(shape, ListOf) and shape.unordered and isinstance(step, int):
                if id(value) not in orders:
                    orders[id(value)] = _order(shape, value)
                steps[place] = orders[id(value)][step]
            shape = item_shape(shape) or inner_shape(shape, value, str(step))
            value = value[steps[place]]
    except (KeyError, IndexError, TypeError, AttributeError, ValidationError):
        pass  # the rest of the path is not in the document
    return tuple(steps)


def _order(shape: ListOf, items: list[Any]) -> list[int]:
    """Map each place in the sorted set to the place in the list of the document."""
    several: Any = list.__class_getitem__(shape.item_type)
    return canonical_order(TypeAdapter(several).validate_python(items))


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
    """Convert each error of pydantic about the value at `root` of a document to a finding."""
    for detail in error.errors(include_url=False):
        path, place = _resolve(shape, detail["loc"])
        yield _finding(detail, place, file, (*root, *path))


def _resolve(shape: Shape, loc: Loc) -> tuple[Path, Shape]:
    """Convert pydantic's location, which also names union branches, to a path in the document."""
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
    named = (
        path[1:] if path[2:] and isinstance(path[2], int) else path[2:]
    )  # a number names nothing
    field = ".".join(map(str, named)) or str(path[-1] if path else "document")
    if detail["loc"][-1:] == ("[key]",):
        field = "a name here"
    match detail["type"]:
        case "extra_forbidden":
            known = list(place.fields) if isinstance(place, Struct) else []
            hint = GONE.get((path[0], path[-1])) or did_you_mean(str(path[-1]), known)
            hint = hint or f"known here: {', '.join(known)}"
            return Finding(file, path, codes.FIELD_UNKNOWN(field=quote(path[-1]), hint=hint))
        case "missing":
            return Finding(
                file,
                path[:-1],
                codes.FIELD_MISSING(field=path[-1], cause=_expectation(place)),
            )
        case "union_tag_not_found" | "union_tag_invalid" if isinstance(place, OneOf):
            known = sorted(place.variants)
            said = given.get(place.tag) if isinstance(given, dict) else None
            hint = did_you_mean(str(said), known) or f"one of {', '.join(known)}"
            if not said:
                return Finding(file, path, codes.TAG_MISSING(tag=place.tag, hint=hint))
            problem = codes.TAG_UNKNOWN(tag=place.tag, value=quote(said), hint=hint)
            return Finding(file, path, problem)
        case "literal_error" | "enum":
            expected = str(detail["ctx"].get("expected", "")).replace(" or ", ", ")
            choices = [choice.strip("'") for choice in expected.split(", ")]
            hint = did_you_mean(str(given), choices) or f"one of {', '.join(choices)}"
            return Finding(
                file, path, codes.CHOICE_UNKNOWN(field=field, value=_shown(given), hint=hint)
            )
    what, cause, hint = _value_problem(field, given, place, detail)
    return Finding(file, path, codes.VALUE_WRONG(what=what, cause=cause, hint=hint))


def _value_problem(
    field: str, given: object, place: Shape, detail: ErrorDetails
) -> tuple[str, str, str]:
    """Describe a value of the wrong form: message, cause and hint."""
    kind, context = detail["type"], detail.get("ctx", {})
    if given is None:
        return f"{field} has no value", _expectation(place), "write a value, or drop the line"
    if isinstance(given, _Hidden):
        return (
            f"{field} is no reference",
            _expectation(place),
            "keep the secret out of git: env:NAME",
        )
    if kind in _TYPES:
        hint = ""
        if kind == "string_type" and isinstance(given, int | float):
            hint = f'write it in quotes, with its unit where it has one: "{given}"'
            if isinstance(place, Leaf) and "duration" in place.expected:
                hint = f"say the unit: {given}s"
        return f"{field} must be {_TYPES[kind]}, not {_shown(given)}", _expectation(place), hint
    if kind in _RANGES:
        words, limit = _RANGES[kind]
        if isinstance(given, list):
            entries = "entry" if context[limit] == 1 else "entries"
            message = f"{field} must have {words} {context[limit]:,} {entries}"
            return message, f"It has {len(given):,}.", ""
        unit = " characters" if kind.startswith("string") else ""
        return f"{field} must be {words} {context[limit]}{unit}", f"It is {_shown(given)}.", ""
    if kind == "string_pattern_mismatch":
        return f"{field} cannot be {_shown(given)}", _expectation(place), ""
    return f"{field}: {detail['msg']}", _expectation(place), str(context.get("hint", ""))


class _Hidden:
    """Stands for a secret that was written in clear, which must not reach a report."""


def _expectation(place: Shape) -> str:
    words = place.expected if isinstance(place, Leaf) else ""
    return f"It must be {words}." if words else ""


def _shown(given: object) -> str:
    match given:
        case bool():
            return str(given).lower()
        case str():
            return quote(given)
        case int() | float():
            return str(given)
        case list():
            return "a list"
        case dict():
            return "a mapping"
    return "empty"
