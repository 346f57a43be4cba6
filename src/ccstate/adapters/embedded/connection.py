"""What `ccstate.yaml` says about an embedded platform: where its file is, and how it misbehaves.

Faults are for tests, and to show what ccstate makes of them.
"""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, StringConstraints, ValidationError, model_validator
from pydantic_core import ErrorDetails, PydanticCustomError

from ccstate import codes
from ccstate.errors import Diagnostic, InvalidInput
from ccstate.kinds import KINDS
from ccstate.kinds.fields import Duration, Expectation, Strict, duration, seconds
from ccstate.model import Address, Edit, Fields, Json, Why, canonical, edited


def _did_you_mean(word: str, known: list[str]) -> str:
    close = get_close_matches(word, known, n=1)
    return f'did you mean "{close[0]}"?' if close else f"known: {', '.join(known)}"


def _victim(text: str) -> str:
    kind, slash, name = text.partition("/")
    if text == "*" or (kind in KINDS and name):
        return text
    hint = _did_you_mean(kind, list(KINDS)) if slash else "write kind/name, kind/* or *"
    raise PydanticCustomError(
        "victim", "{text} names no object", {"text": f'"{text}"', "hint": hint}
    )


class Fault(Strict):
    """One way in which the platform misbehaves."""

    on: Annotated[str, AfterValidator(_victim)]
    """Whom it strikes: `queue/sales`, `queue/*`, `*`."""
    fault: Literal["refuse", "drop", "alter", "slow", "vanish"]
    """`refuse` says no; `drop` says done and stores nothing; `alter` stores another value;
    `slow` takes its time; `vanish` is lost after the changes before."""
    field: (
        Annotated[
            str,
            StringConstraints(pattern=r"^[a-z0-9_]+(\.[a-z0-9_]+)*$"),
            Expectation("a field, such as ring_for or service_level.within"),
        ]
        | None
    ) = None
    """For `alter`: the field that is stored with another value."""
    duration: Duration | None = Field(default=None, alias="for")
    """For `slow`: how long a change takes."""
    times: Annotated[int, Field(ge=1)] | None = None
    """How often it strikes, over all runs; without end where left out."""

    @model_validator(mode="after")
    def _has_what_it_needs(self) -> Self:
        for name, value, owner in (
            ("field", self.field, "alter"),
            ("for", self.duration, "slow"),
        ):
            if (value is not None) != (self.fault == owner):
                raise PydanticCustomError(
                    "fault",
                    "the fault {fault} " + ("needs" if value is None else "does not know") + " "
                    "{name}",
                    {"fault": f'"{self.fault}"', "name": f'"{name}"'},
                )
        return self


class Connection(Strict):
    """The mapping under the target's `connection`."""

    path: Annotated[
        str,
        StringConstraints(pattern=r"^[^\x00]{1,1000}$"),
        Expectation("the path of a file, such as .ccstate/main.db"),
    ]
    """The platform's file; a relative path starts at the project's folder."""
    faults: list[Fault] = Field(default_factory=list)
    """How the platform misbehaves; the first that meets a change strikes it."""


def parse(connection: Mapping[str, Json]) -> Connection:
    """Validate the connection; InvalidInput with every problem in it."""
    try:
        return Connection.model_validate(dict(connection))
    except ValidationError as wrong:
        raise InvalidInput([_diagnostic(error) for error in wrong.errors()]) from None


def _diagnostic(error: ErrorDetails) -> Diagnostic:
    place = ".".join(map(str, error["loc"]))
    where = f"connection.{place}" if place else "connection"
    match error["type"]:
        case "extra_forbidden":
            model = Fault if len(error["loc"]) > 1 else Connection
            known = [field.alias or name for name, field in model.model_fields.items()]
            message, hint = "unknown key", _did_you_mean(str(error["loc"][-1]), known)
        case "missing":
            message, hint = "is missing", "such as path: .ccstate/platform.db"
            if len(error["loc"]) > 1:
                hint = "a fault is {on: queue/sales, fault: refuse}"
        case _:
            message, hint = error["msg"], str(error.get("ctx", {}).get("hint", ""))
    return codes.CONNECTION_WRONG(field=where, fault=message, hint=hint)


@dataclass(slots=True)
class Faults:
    """The faults of a connection, and how often each has struck, over all runs."""

    faults: Sequence[Fault]
    counts: dict[str, int] = field(default_factory=dict)

    def strike(self, address: Address) -> Fault | None:
        """Find the fault that strikes a change of this object; a slow one is over when this returns."""
        for fault in self.faults:
            if fault.on not in ("*", f"{address.kind}/*", str(address)):
                continue
            struck = self.counts.get(_key(fault), 0)
            if fault.times is not None:
                if struck >= fault.times:
                    continue
                self.counts[_key(fault)] = struck + 1
            if fault.duration is None:
                return fault
            time.sleep(seconds(fault.duration))
        return None


def _key(fault: Fault) -> str:
    return canonical(fault.model_dump(exclude_none=True)).decode()


def altered(fields: Fields, path: str) -> Fields:
    """Return the fields with another value at the path, of the same type where there was one."""
    value: Json = dict(fields)
    for part in path.split("."):
        value = value.get(part) if isinstance(value, dict) else None
    return edited(fields, [Edit(path, value, _another(value), why=Why.BY_HAND)])


def _another(value: Json) -> Json:
    match value:
        case bool():
            return not value
        case int() | float():
            return value + 1
        case list():
            return value[:-1]
        case dict():
            return dict(list(value.items())[:-1])
        case str():
            return _another_text(value)
        case None:
            return "altered"


def _another_text(text: str) -> str:
    try:
        return duration(seconds(text) + 1)
    except ValueError:
        return f"{text}-altered"
