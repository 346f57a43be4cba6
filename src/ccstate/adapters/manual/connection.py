"""What `ccstate.yaml` says about a platform that people change: who, by which sheets, seen by which exports."""

from collections.abc import Mapping
from difflib import get_close_matches
from pathlib import PurePosixPath
from typing import Annotated, Literal, Self

from pydantic import (
    AfterValidator,
    BeforeValidator,
    Field,
    StringConstraints,
    ValidationError,
    model_validator,
)
from pydantic_core import PydanticCustomError

from ccstate import codes, kinds
from ccstate.errors import InvalidInput
from ccstate.kinds import KINDS
from ccstate.kinds.fields import Email, Expectation, SecretReference, Strict, Text
from ccstate.kinds.shape import Leaf, Shape, Struct
from ccstate.model import Json

CSV = ".csv"
YAML = (".yaml", ".yml")


def _inside(path: str) -> str:
    if ".." in PurePosixPath(path).parts:
        raise PydanticCustomError("outside", "it leads out of the project")
    return path


ProjectPath = Annotated[
    str,
    StringConstraints(pattern=r"^[^/\x00-\x1f\x7f][^\x00-\x1f\x7f]{0,299}$"),
    AfterValidator(_inside),
    Expectation("a path inside of the project, such as exports/queues.csv"),
]


def _with_column(value: object) -> object:
    return {"column": value} if isinstance(value, str) else value


class Column(Strict):
    """Where a field stands in a table, and how it is written there; a bare text is the column."""

    column: Text
    """The heading of the column."""
    unit: Literal["s", "min", "h"] | None = None
    """For a duration: what the numbers count."""
    values: dict[str, Text] | None = None
    """What the table writes, and the value that it means."""
    separator: Annotated[str, StringConstraints(min_length=1, max_length=3)] | None = None
    """For a list: what stands between its items."""
    of: Text | None = None
    """For a list of mappings: the field that an item names, such as user."""


class Export(Strict):
    """What the platform has, as somebody exported it."""

    file: ProjectPath
    """A CSV file with one row for each object, or a YAML file that is written as the desired state is."""
    columns: dict[str, Annotated[Column, BeforeValidator(_with_column)]] | None = None
    """Of a CSV file: the column of `name`, and of each field that it has."""

    @property
    def is_table(self) -> bool:
        return self.file.endswith(CSV)

    @model_validator(mode="after")
    def _has_what_it_needs(self) -> Self:
        if not self.file.endswith((CSV, *YAML)):
            raise PydanticCustomError("format", "its name ends in none of .csv, .yaml and .yml")
        if self.is_table != (self.columns is not None):
            needs = "a CSV file needs columns" if self.is_table else "a YAML file has no columns"
            raise PydanticCustomError("columns", needs)
        if self.columns is not None and ("name" not in self.columns or len(self.columns) == 1):
            raise PydanticCustomError("columns", "it needs the column of name, and of a field")
        return self


class Vendor(Strict):
    """What vendors ask for with each request."""

    name: Text
    """Who is asked."""
    contact: Text
    """Where requests go: an address, a number, a portal."""
    account: Text | None = None
    """Account or service number."""
    site: Text | None = None
    """Site of the service."""
    service_hours: Text | None = None
    """When the vendor works."""
    requester: Text
    """Who asks."""
    reply_to: Email
    """Where the vendor answers."""
    window: Text
    """When the change is wanted: `Tuesday to Thursday, after 18:00`."""
    approval: Text | None = None
    """Who approves requests on our side."""


def _known_kind(kind: str) -> str:
    if kind not in KINDS:
        hint = ", ".join(get_close_matches(kind, KINDS)) or ", ".join(KINDS)
        raise PydanticCustomError(
            "kind", "there is no such kind; there are: {hint}", {"hint": hint}
        )
    return kind


Kind = Annotated[str, AfterValidator(_known_kind), Expectation("a kind, such as queue")]


class Connection(Strict):
    """The mapping under the target's `connection`."""

    platform: Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9.-]{0,40}$")] = "generic"
    """The set of templates that tells the screens: generic, freepbx-17, or one of yours."""
    templates: ProjectPath | None = None
    """Folder with templates of yours, `PLATFORM.yaml`."""
    folder: ProjectPath = "manual"
    """Folder of the ledger, the sheets and the requests; another one for each such target."""
    kinds: Annotated[dict[Kind, Literal["instructions", "vendor"]], Field(min_length=1)]
    """Who changes objects of each kind: a person by a sheet, or the vendor by a request."""
    exports: dict[Kind, Export]
    """What shows each kind."""
    vendor: Vendor | None = None
    """The vendor, where one is asked."""
    key: SecretReference | None = None
    """Key of the seals of secrets, for kinds that hold some: a long random text."""

    @model_validator(mode="after")
    def _is_whole(self) -> Self:
        for wrong, message in (
            (self.kinds.keys() ^ self.exports.keys(), "needs one entry each in kinds and exports"),
            (
                [k for k, method in self.kinds.items() if method == "vendor" and not self.vendor],
                "is asked of a vendor, and no vendor is named",
            ),
            (
                [kind for kind in self.kinds if kinds.holds_secrets(kind) and not self.key],
                "holds secrets, and no key seals them",
            ),
        ):
            if wrong:
                raise PydanticCustomError("whole", "{kind} " + message, {"kind": sorted(wrong)[0]})
        for kind, export in self.exports.items():
            for path in (export.columns or {}).keys() - {"name"}:
                if not _is_column(kind, path):
                    raise PydanticCustomError(
                        "column",
                        "{kind} has no field {path} that a column can hold",
                        {"kind": kind, "path": path},
                    )
        return self


def field_at(kind: str, path: str) -> Shape | None:
    """Return the shape of a field, inside of a struct too; None where a kind has no such field."""
    inner: Shape | None = kinds.shape(kind)
    for name in path.split("."):
        inner = inner.fields.get(name) if isinstance(inner, Struct) else None
    return inner


def _is_column(kind: str, path: str) -> bool:
    """Whether a field can stand in a column: no struct, and no secret."""
    found = field_at(kind, path)
    return found is not None and not isinstance(found, Struct) and not is_secret(kind, path)


def is_secret(kind: str, path: str) -> bool:
    """Whether a field holds a secret."""
    found = field_at(kind, path)
    return isinstance(found, Leaf) and found.secret


def parse(connection: Mapping[str, Json]) -> Connection:
    """Validate the connection; InvalidInput with every problem in it."""
    try:
        return Connection.model_validate(dict(connection))
    except ValidationError as wrong:
        raise InvalidInput(
            [
                codes.CONNECTION_WRONG(
                    field=".".join(["connection", *map(str, error["loc"])]),
                    fault=error["msg"],
                    hint="docs/adapters/manual.md lists the keys",
                )
                for error in wrong.errors()
            ]
        ) from None
