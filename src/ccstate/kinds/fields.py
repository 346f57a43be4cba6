"""Declare fields: the types and markers that kinds are made of.

A marker sits in an annotation (`Annotated[str, Ref("schedule")]`) and is read by
`ccstate.kinds.shape`, from which references, comparison, masking and order are derived.
Values are strict and become canonical while they are validated, so that everything after
loading compares with `==`.
"""

import ast
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache, lru_cache
from inspect import cleandoc, getsource
from itertools import pairwise
from textwrap import dedent
from typing import Annotated, Any, ClassVar, Literal, Self, TypeVar

import orjson
from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    GetCoreSchemaHandler,
    GetJsonSchemaHandler,
    StringConstraints,
    model_validator,
)
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, PydanticCustomError, core_schema


@dataclass(frozen=True, slots=True)
class Ref:
    """Marks a text that names a resource of this kind."""

    kind: str


@dataclass(frozen=True, slots=True)
class Destination:
    """Marks a text that says where a call goes: `kind/name`, `hangup`, or, in a tree, a node."""


@dataclass(frozen=True, slots=True)
class Expectation:
    """What the text must be, in words that complete "It must be …"."""

    words: str


@dataclass(frozen=True, slots=True)
class Secret:
    """Marks a text that is a reference to a secret, resolved only by the adapter."""


def _declared(model: BaseModel) -> dict[str, Any]:
    return {name: model.__dict__[name] for name in model.model_fields_set}


def _serialized(item: object) -> bytes:
    """Serialize an item of a set, to compare and sort by; any JSON value, for a platform may hold it.

    What orjson refuses (lone surrogates, integers of more than 64 bits) is escaped, so that it equals
    nothing else.
    """
    try:
        return orjson.dumps(item, default=_declared, option=orjson.OPT_SORT_KEYS)
    except TypeError:
        return json.dumps(item, default=_declared, sort_keys=True, separators=(",", ":")).encode()


def canonical_order(items: list[Any]) -> list[int]:
    """Order the items of a set: their places in the list, in canonical order; the items are valid."""
    return sorted(range(len(items)), key=lambda place: _serialized(items[place]))


def _by_bytes(items: list[Any]) -> dict[bytes, Any]:
    found = {_serialized(item): item for item in items}
    if len(found) != len(items):
        raise PydanticCustomError("written_twice", "an entry is written twice")
    return found


def _each_once(items: list[Any]) -> list[Any]:
    return list(_by_bytes(items).values())


def _sorted_set(items: list[Any]) -> list[Any]:
    found = _by_bytes(items)
    return [found[key] for key in sorted(found)]


@dataclass(frozen=True, slots=True)
class Compare:
    """Marks how two lists compare; `set`: order means nothing, so the canonical form is sorted."""

    how: str = "set"

    def __get_pydantic_core_schema__(
        self, source: object, handler: GetCoreSchemaHandler
    ) -> CoreSchema:
        return core_schema.no_info_after_validator_function(_sorted_set, handler(source))

    def __get_pydantic_json_schema__(
        self, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        return {**handler(schema), "uniqueItems": True}


@dataclass(frozen=True, slots=True)
class OrderCounts:
    """Marks a list whose order counts only while the field beside it has the value.

    The list stays as it is written, for another file or the platform may say what that field is;
    `ccstate.kinds.with_sorted_lists` sorts it once that is known.
    """

    field: str
    value: str

    def __get_pydantic_core_schema__(
        self, source: object, handler: GetCoreSchemaHandler
    ) -> CoreSchema:
        return core_schema.no_info_after_validator_function(_each_once, handler(source))

    def __get_pydantic_json_schema__(
        self, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        return {**handler(schema), "uniqueItems": True}


_UNITS = (("h", 3600), ("m", 60), ("s", 1))


def seconds(duration: str) -> int:
    """Whole seconds of a duration such as `1m30s`; ValueError where it is none."""
    parts = re.findall(r"([0-9]+)([hms])", duration)
    if not parts or "".join(n + u for n, u in parts) != duration:
        raise ValueError(f"{duration!r} is no duration such as 20s, 3m or 1h30m")
    size = dict(_UNITS)
    return sum(int(number) * size[unit] for number, unit in parts)


def duration(total: int) -> str:
    """Write seconds as a duration, one way for each number of them: 90 → `1m30s`.

    Hours and minutes have six digits at most, as in what is read: what is more goes to the next unit.
    """
    if total == 0:
        return "0s"
    text = ""
    for unit, size in _UNITS:
        count = total if unit == "s" else min(total // size, 999_999)
        total -= count * size
        text += f"{count}{unit}" if count else ""
    return text


@lru_cache(maxsize=1024)  # an estate of 100,000 objects has a few dozen different ones
def _canonical_duration(text: str) -> str:
    return duration(seconds(text))


def _whole(value: object) -> object:
    # JSON Schema counts 1.0 as an integer, so pydantic does too.
    return int(value) if isinstance(value, float) and value.is_integer() else value


_DURATION = r"[0-9]{1,6}"
_POSITIVE = r"0{0,5}[1-9][0-9]{0,5}"
"""As `_DURATION`, and more than 0."""

Text = Annotated[
    str,
    StringConstraints(min_length=1, max_length=200, pattern=r"^[^\x00-\x1f\x7f]+$"),
    Expectation("text on one line"),
]
NamePrefix = Annotated[
    str,
    StringConstraints(
        max_length=40, pattern=r"^[^\x00-\x20\x7f]([^\x00-\x1f\x7f]*[^\x00-\x20\x7f])?$"
    ),
    Field(examples=["Sales:", "[VIP]"]),
    Expectation("a short text on one line, without spaces around it"),
]
Name = Annotated[
    str,
    StringConstraints(pattern=r"^[a-z0-9][a-z0-9._-]{0,79}$"),
    Expectation('a name of lower-case letters, digits, ".", "_" and "-"'),
]
Digits = Annotated[
    str,
    StringConstraints(pattern=r"^[0-9]{2,15}$"),
    Expectation("a number of 2 to 15 digits, in quotes"),
]
DialledNumber = Annotated[
    str,
    StringConstraints(pattern=r"^\+?[0-9]{2,15}$"),
    Expectation("a number of 2 to 15 digits, + before an international one, in quotes"),
]
CallerNumber = Annotated[
    str,
    StringConstraints(pattern=r"^(\+?[0-9]{2,15}|withheld)$"),
    Field(examples=["+61491570006", "withheld"]),
    Expectation(
        'a number of 2 to 15 digits, + before an international one, in quotes, or "withheld"'
    ),
]
E164 = Annotated[
    str,
    StringConstraints(pattern=r"^\+[1-9][0-9]{6,14}$"),
    Expectation('a number in international form, in quotes, such as "+61255501234"'),
]
Country = Annotated[
    str,
    StringConstraints(pattern=r"^[A-Z]{2}$"),
    Field(examples=["AU"]),
    Expectation("a country of two capital letters, such as AU"),
]
Email = Annotated[
    str,
    StringConstraints(
        max_length=254, pattern=r"^[A-Za-z0-9._%+'-]+@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+$"
    ),
    Expectation("an e-mail address"),
]
WHOLE = BeforeValidator(_whole)
"""Stands last in the annotation of an integer, so that 1.0 is one too."""
Count = Annotated[int, Field(ge=0, le=1_000_000), WHOLE]
Percent = Annotated[int, Field(ge=0, le=100), WHOLE]
Duration = Annotated[
    str,
    StringConstraints(
        pattern=rf"^({_DURATION}h({_DURATION}m)?({_DURATION}s)?"
        rf"|{_DURATION}m({_DURATION}s)?|{_DURATION}s)$"
    ),
    AfterValidator(_canonical_duration),
    Field(examples=["20s", "3m", "1h30m"]),
    Expectation("a duration such as 20s, 3m or 1h30m"),
]
PositiveDuration = Annotated[
    str,
    # JSON Schema knows no "other than 0s", and the patterns of pydantic look neither ahead nor back.
    StringConstraints(
        pattern=rf"^({_POSITIVE}h({_DURATION}m)?({_DURATION}s)?|{_DURATION}h{_POSITIVE}m({_DURATION}s)?"
        rf"|{_DURATION}h({_DURATION}m)?{_POSITIVE}s|{_POSITIVE}m({_DURATION}s)?|{_DURATION}m{_POSITIVE}s"
        rf"|{_POSITIVE}s)$"
    ),
    AfterValidator(_canonical_duration),
    Field(examples=["20s", "3m", "1h30m"]),
    Expectation("a duration of a second or more, such as 20s, 3m or 1h30m"),
]
"""A duration that cannot be nothing: platforms take 0 for "for ever", or for their own default."""
Date = Annotated[
    str,
    StringConstraints(pattern=r"^[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])$"),
    Field(examples=["2026-12-25"]),
    Expectation("a date such as 2026-12-25"),
]
_YEAR_DAY = r"(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])"
YearDay = Annotated[
    str,
    StringConstraints(pattern=rf"^{_YEAR_DAY}$"),
    Field(examples=["12-25"]),
    Expectation("a day of every year, month first, such as 12-25"),
]
LastDay = Annotated[
    str,
    StringConstraints(pattern=rf"^([0-9]{{4}}-)?{_YEAR_DAY}$"),
    Field(examples=["2026-12-28", "12-28"]),
    Expectation("a date such as 2026-12-28, or a day of every year such as 12-28"),
]
TimeSpan = Annotated[
    str,
    StringConstraints(
        pattern=r"^([01][0-9]|2[0-3]):[0-5][0-9]-(([01][0-9]|2[0-3]):[0-5][0-9]|24:00)$"
    ),
    Field(examples=["09:00-17:30", "22:00-06:00"]),
    Expectation("a span such as 09:00-17:30"),
]
Timezone = Annotated[
    str,
    StringConstraints(pattern=r"^(UTC|[A-Z][A-Za-z_]+(/[A-Za-z0-9_+-]+){1,2})$"),
    Field(examples=["Australia/Sydney"]),
    Expectation("the IANA timezone of a place, such as Australia/Sydney"),
]
Language = Annotated[
    str,
    StringConstraints(pattern=r"^[a-z]{2,3}(-[A-Z]{2})?$"),
    Field(examples=["en-AU"]),
    Expectation("a language tag such as en-AU"),
]
SecretReference = Annotated[
    str,
    StringConstraints(
        pattern=r"^(env:[A-Za-z_][A-Za-z0-9_]{0,99}|file:[^\x00-\x1f\x7f]{1,300}"
        r"|bundle:[A-Za-z0-9_][A-Za-z0-9_.-]{0,199})$"
    ),
    Secret(),
    Field(examples=["env:SIP_2101", "file:secrets/sip-2101", "bundle:sip-2101"]),
    Expectation(
        "a reference to a secret, env:NAME, file:path or bundle:name, never the secret itself"
    ),
]
DESTINATIONS = ("queue", "ring_group", "conference_room", "ivr", "extension")
"""Kinds that a call can be sent to; besides them numbers, and mailboxes of extensions."""
_ADDRESS = (
    rf"({'|'.join(DESTINATIONS)}|voicemail)/[a-z0-9][a-z0-9._-]{{0,79}}|number/\+[1-9][0-9]{{6,14}}"
)
CallDestination = Annotated[
    str,
    StringConstraints(pattern=rf"^({_ADDRESS}|hangup)$"),
    Destination(),
    Field(examples=["queue/sales", "voicemail/2101", "hangup"]),
    Expectation(
        f"a destination: {', '.join(f'{kind}/…' for kind in DESTINATIONS)}, "
        "voicemail/…, number/+…, or hangup"
    ),
]
"""Where a call goes next: an address, or `hangup`."""
NodeDestination = Annotated[
    str,
    StringConstraints(pattern=rf"^({_ADDRESS}|[a-z0-9][a-z0-9._-]{{0,79}})$"),
    Destination(),
    Field(examples=["billing", "queue/sales", "hangup"]),
    Expectation("a node of this tree, or a destination such as queue/sales or hangup"),
]
"""Where a call goes next inside a tree: one of its nodes, an address, or `hangup`."""

Key = Annotated[
    str,
    StringConstraints(pattern=r"^[0-9*#]$"),
    Field(examples=["1", "*"]),
    Expectation("one key: 0 to 9, * or #"),
]
ForwardDestination = Annotated[
    str,
    StringConstraints(pattern=rf"^({_ADDRESS}|hangup|\+[1-9][0-9]{{6,14}})$"),
    Destination(),
    Field(examples=["voicemail/2101", "+61400000001"]),
    Expectation("a destination such as queue/sales, or an outside number such as +61400000001"),
]
"""Where a call is forwarded: an address, `hangup`, or an outside number in international form."""

CallRight = Literal["transfer", "park"]
"""What can be done by key codes during a call: pass it on, blindly or after asking; park it."""

Permission = Literal[
    "emergency", "internal", "local", "national", "mobile", "international", "premium"
]

T = TypeVar("T")
SetOf = Annotated[list[T], Compare("set")]


class Strict(BaseModel):
    """A mapping whose fields are declared here and nowhere else; unknown ones are refused."""

    model_config = ConfigDict(
        extra="forbid",
        strict=True,
        frozen=True,
        allow_inf_nan=False,
        # Built when first asked for: a document has some kinds, and a command may need none.
        defer_build=True,
    )

    @classmethod
    def __get_pydantic_json_schema__(
        cls, core: CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        """Describe each field by the text below it.

        As `use_attribute_docstrings` does, which parses the source of every model in every process.
        """
        schema = handler(core)
        fields = handler.resolve_ref_schema(schema).get("properties", {})
        for name, text in field_docstrings(cls).items():
            if name in fields:
                fields[name].setdefault("description", text)
        return schema


@cache
def field_docstrings(model: type[BaseModel]) -> Mapping[str, str]:
    """Read the texts below names in a model, and in those that it extends."""
    models = [part for part in reversed(model.__mro__) if issubclass(part, Strict)]
    found: dict[str, str] = {}
    for definition in ast.parse("\n".join(dedent(getsource(part)) for part in models)).body:
        for name, text in pairwise(getattr(definition, "body", [])):
            match name, text:
                case (
                    ast.AnnAssign(target=ast.Name(id=field)),
                    ast.Expr(value=ast.Constant(value=str() as words)),
                ):
                    found[field] = cleandoc(words)
    return found


_ABOUT = {"default", "description", "title"}
"""What a JSON Schema says about a field, whatever values it takes."""


class ObjectFields(Strict):
    """Fields of an object; each that may be left out takes null, and is not set then.

    One that has a default has it again.
    """

    @model_validator(mode="before")
    @classmethod
    def _null_is_the_default(cls, data: object) -> object:
        if not isinstance(data, dict) or None not in data.values():
            return data
        defaults = cls._defaults()
        return {k: defaults.get(k) if value is None else value for k, value in data.items()}

    @classmethod
    def _defaults(cls) -> dict[str, Any]:
        """What the fields are that are not set, where that is anything."""
        fields = cls.model_fields.items()
        return {
            name: field.default
            for name, field in fields
            if not field.is_required() and field.default is not None
        }

    @classmethod
    def __get_pydantic_json_schema__(
        cls, core: CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        schema = super().__get_pydantic_json_schema__(core, handler)
        fields = handler.resolve_ref_schema(schema)["properties"]
        for name in cls._defaults():
            said = {key: fields[name].pop(key) for key in sorted(_ABOUT & fields[name].keys())}
            fields[name] = {"anyOf": [fields[name], {"type": "null"}], **said}
        return schema


class WithAlternatives(ObjectFields):
    """Fields of an object of which some stand in place of each other."""

    exactly_one: ClassVar[tuple[str, ...]]
    """Names of text fields of which exactly one must be given."""
    at_least_one: ClassVar[tuple[str, ...]] = ()
    """Names of lists of which one or more must be given."""

    @model_validator(mode="after")
    def _check_alternatives(self) -> Self:
        if sum(getattr(self, name) is not None for name in self.exactly_one) != 1:
            names = {"names": ", ".join(self.exactly_one)}
            raise PydanticCustomError("exactly_one", "give exactly one of {names}", names)
        if self.at_least_one and all(getattr(self, name) is None for name in self.at_least_one):
            names = {"names": ", ".join(self.at_least_one)}
            raise PydanticCustomError("at_least_one", "give at least one of {names}", names)
        return self

    @classmethod
    def __get_pydantic_json_schema__(
        cls, core: CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        schema = super().__get_pydantic_json_schema__(core, handler)
        asked = [
            {rule: [{"required": [name], "properties": {name: {"type": kind}}} for name in names]}
            for rule, names, kind in (
                ("oneOf", cls.exactly_one, "string"),
                ("anyOf", cls.at_least_one, "array"),
            )
            if names
        ]
        model = handler.resolve_ref_schema(schema)
        model.update(asked[0] if len(asked) == 1 else {"allOf": asked})
        return schema


class Recording(ObjectFields):
    """Whether conversations are recorded, which notice callers hear, and how long recordings are kept."""

    when: Literal["never", "always", "on_demand"] = "never"
    """`on_demand`: the person who answers starts and stops it by a key code during the call."""
    notice: Annotated[Name, Ref("prompt")] | None = None
    """Prompt with the notice to callers, played before anything rings; with `always` and `on_demand`."""
    folder: Name | None = None
    """Folder of the recordings, below the one that the platform keeps them in."""
    keep_days: Annotated[int, Field(ge=1, le=3650), WHOLE] | None = None
    """Days after which a recording is to be deleted."""


class KindFields(ObjectFields):
    """Fields that every kind has."""

    label: Text | None = None
    """Name shown to people, in wallboards and plans."""
    protect: bool = False
    """When true, a plan that would delete this object is refused; set to false and apply to lift that."""
