"""Templates of sheets: which screens lead to an object, what its fields are called there.

Data, never code: a step is text in which `{name}` and `{kind}` stand for what is changed, and nothing else.
"""

import re
from collections.abc import Mapping
from importlib.resources import files
from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, BeforeValidator, Field, StringConstraints, ValidationError
from pydantic_core import PydanticCustomError

from ccstate.adapters.manual import codes
from ccstate.adapters.manual.columns import Writing, writing_of
from ccstate.adapters.manual.connection import Connection, Kind, field_at
from ccstate.adapters.manual.exports import read_file
from ccstate.errors import InvalidInput, Span
from ccstate.kinds.fields import Strict, Text

GENERIC = "generic"
_PLACES = re.compile(r"\{(name|kind)\}")


def _places(text: str) -> str:
    rest = _PLACES.sub("", text)
    if "{" in rest or "}" in rest:
        raise PydanticCustomError("place", "only {name} and {kind} stand in braces")
    return text


Step = Annotated[str, StringConstraints(min_length=1, max_length=500), AfterValidator(_places)]
Steps = Annotated[list[Step], Field(max_length=30)]


def _with_name(value: object) -> object:
    return {"name": value} if isinstance(value, str) else value


class Control(Strict):
    """Where a person sets a field: its name on the screen; a bare text is that."""

    name: Text
    """What the field is called there."""
    screen: Text | None = None
    """Part of the screen: a tab, a section."""
    unit: Annotated[str, StringConstraints(pattern="^(s|min|h)$")] | None = None
    """For a duration: what the number counts."""
    values: dict[str, Text] | None = None
    """What the screen says, and the value that it means."""


class Screens(Strict):
    """How a person comes to objects of a kind."""

    open: Steps = Field(default_factory=list)
    """From anywhere to the list of them."""
    create: Steps = Field(default_factory=list)
    """From there to a new one."""
    change: Steps = Field(default_factory=list)
    """From there to one that exists."""
    delete: Steps = Field(default_factory=list)
    """From there until it is gone."""
    save: Steps = Field(default_factory=list)
    """From the fields until they are in effect."""
    fields: dict[str, Annotated[Control, BeforeValidator(_with_name)]] = Field(default_factory=dict)
    """What the fields are called; those that are not named here as the export calls them."""


class Template(Strict):
    """The screens of one platform."""

    platform: Text
    """What it is called, with its release."""
    source: Text
    """Where the screens were seen, or described."""
    any: Screens = Field(default_factory=Screens)
    """Kinds that are not named."""
    kinds: dict[Kind, Screens] = Field(default_factory=dict)
    """Screens of each kind."""

    def screens(self, kind: str) -> Screens:
        return self.kinds.get(kind, self.any)


def read_template(connection: Connection, root: Path) -> Template:
    """Read the template that a connection names; InvalidInput where it cannot be used."""
    from ccstate.desired.yaml_values import read

    name = f"{connection.platform}.yaml"
    if connection.templates is not None:
        path = f"{connection.templates}/{name}"
        content = read_file(root, path)
    else:
        path, there = name, files("ccstate.adapters.manual") / "templates" / name
        if not there.is_file():
            known = sorted(
                p.name[:-5] for p in (files("ccstate.adapters.manual") / "templates").iterdir()
            )
            fault = f"there is none of that name; there are {', '.join(known)}"
            raise InvalidInput(codes.TEMPLATE_WRONG(file=name, fault=fault))
        content = there.read_bytes()
    document, problems = read(content, path)
    if problems:
        raise InvalidInput(problems)
    try:
        template = Template.model_validate(document)
    except ValidationError as wrong:
        raise InvalidInput(
            [
                codes.TEMPLATE_WRONG(
                    Span(path),
                    file=path,
                    fault=f"{'.'.join(map(str, error['loc']))}: {error['msg']}",
                )
                for error in wrong.errors(include_url=False, include_input=False)
            ]
        ) from None
    for kind, screens in template.kinds.items():
        if unknown := [path for path in screens.fields if field_at(kind, path) is None]:
            fault = f"kinds.{kind}.fields: a {kind} has no field {unknown[0]}"
            raise InvalidInput(codes.TEMPLATE_WRONG(Span(path), file=path, fault=fault))
    return template


class Place:
    """Where a person sets one field, and how it is written there."""

    __slots__ = ("name", "screen", "writing")

    def __init__(self, name: str, screen: str, writing: Writing) -> None:
        self.name, self.screen, self.writing = name, screen, writing


def place_of(connection: Connection, template: Template, kind: str, path: str) -> Place:
    """Return where a field is set: as the template says, else as the export calls it."""
    column = (connection.exports[kind].columns or {}).get(path)
    control = template.screens(kind).fields.get(path)
    writing = writing_of(column) if column else Writing()
    name = column.column if column else path.replace("_", " ").replace(".", ", ")
    if control is None:
        return Place(name, "", writing)
    if control.unit or control.values is not None:
        writing = Writing(control.unit or "", control.values, writing.separator, writing.of)
    return Place(control.name, control.screen or "", writing)


def filled(step: str, marks: Mapping[str, str]) -> list[tuple[str, bool]]:
    """Take a step apart: its words, and the values that stand in place of braces (true)."""
    found = []
    for number, piece in enumerate(_PLACES.split(step)):
        found.append((marks[piece], True) if number % 2 else (piece, False))
    return found
