"""Fields as a table has them: one definition for what an export shows and for what a person types."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Annotated, Any, get_args

from pydantic import BaseModel, TypeAdapter, ValidationError

from ccstate import kinds
from ccstate.adapters.manual.connection import Column
from ccstate.kinds import KINDS
from ccstate.kinds.fields import duration, seconds
from ccstate.model import Json

_UNITS = {"s": 1, "min": 60, "h": 3600}
_YES = frozenset({"true", "yes", "on", "enabled"})
_NO = frozenset({"false", "no", "off", "disabled"})


class Unwritable(ValueError):
    """A value that a column or a screen has no words for; the text says why."""


@dataclass(frozen=True, slots=True)
class Writing:
    """How a field is written: the unit of a duration, words for values, how a list is joined."""

    unit: str = ""
    values: Mapping[str, str] | None = None
    separator: str = ""
    of: str = ""

    def written(self, value: Json) -> str:
        """Write a value as the platform does; Unwritable where it has no words for it."""
        if isinstance(value, list) and self.separator:
            return f"{self.separator} ".join(map(self._item, value))
        return self._item(value)

    def _item(self, value: Json) -> str:
        if self.of and isinstance(value, dict):
            if value.keys() - {self.of}:
                raise Unwritable(f"has room for {self.of} alone")
            value = value.get(self.of)
        if isinstance(value, dict | list):
            raise Unwritable("has no room for parts")
        text = str(value).lower() if isinstance(value, bool) else str(value)
        if self.unit:
            size = _UNITS[self.unit]
            if seconds(text) % size:
                raise Unwritable(f"counts whole {self.unit}")
            return str(seconds(text) // size)
        if self.values:
            words = [word for word, meant in self.values.items() if meant == text]
            if not words:
                raise Unwritable(f"knows {', '.join(sorted(set(self.values.values())))}")
            return words[0]
        if self.separator and self.separator in text:
            raise Unwritable(f'takes "{self.separator}" for the end of an item')
        return text

    def read(self, kind: str, path: str, cell: str) -> Json:
        """Read a value from what the platform writes, in canonical form; ValueError where it is none."""
        cell = cell.strip()
        if not self.separator:
            return typed(kind, path, self._meant(cell)) if cell else None
        items = [self._meant(item.strip()) for item in cell.split(self.separator) if item.strip()]
        return typed(kind, path, [{self.of: item} if self.of else item for item in items])

    def _meant(self, cell: str) -> Json:
        if self.unit:
            if not (cell.isascii() and cell.isdecimal() and len(cell) < 8):
                raise ValueError(f"is no number of {self.unit}")
            return duration(int(cell) * _UNITS[self.unit])
        if self.values is not None:
            if cell not in self.values:
                raise ValueError(f"is none of {', '.join(self.values)}")
            return self.values[cell]
        return cell


def writing_of(column: Column) -> Writing:
    """Return how a column writes its field."""
    return Writing(column.unit or "", column.values, column.separator or "", column.of or "")


def typed(kind: str, path: str, value: Json) -> Json:
    """Return the value of a field in canonical form, a number or yes and no read from its text."""
    adapter = _adapter(kind, path)
    tried: list[Any] = [value]
    if isinstance(value, str):
        if value.isascii() and value.isdecimal() and len(value) < 16:
            tried.append(int(value))
        tried += [True] if value.lower() in _YES else [False] if value.lower() in _NO else []
    problem = ""
    for each in tried:
        try:
            found: Json = adapter.dump_python(adapter.validate_python(each), exclude_unset=True)
        except ValidationError as wrong:
            problem = problem or wrong.errors()[0]["msg"]
        else:
            return found
    raise ValueError(f"cannot be: {problem}")


@cache
def _adapter(kind: str, path: str) -> TypeAdapter[Any]:
    model: type[BaseModel] = KINDS[kind].model
    *above, name = path.split(".")
    for step in above:
        model = next(
            option
            for option in get_args(model.model_fields[step].annotation)
            if isinstance(option, type) and issubclass(option, BaseModel)
        )
    field = model.model_fields[name]
    marks = field.metadata
    annotated: Any = Annotated[field.annotation, *marks] if marks else field.annotation
    return TypeAdapter(annotated)


def is_shown(path: str, shown: frozenset[str]) -> bool:
    """Whether an export shows a field, or anything in it."""
    return path in shown or any(other.startswith(f"{path}.") for other in shown)


def parts(kind: str, path: str) -> list[str]:
    """List the fields of `field_paths` that are in one column: `members` holds `members.*.penalty`."""
    return [p for p in kinds.field_paths(kind) if p == path or p.startswith(f"{path}.")]
