"""The schemas are current, and an editor accepts what ccstate accepts."""

import re
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Annotated, Any, get_args, get_origin

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from pydantic import BaseModel, ValidationError

from ccstate import schemas
from ccstate.adapters import embedded
from ccstate.adapters.asterisk import connection as asterisk
from ccstate.desired.documents import parse
from ccstate.desired.settings import ProjectFile
from ccstate.kinds import KINDS
from ccstate.kinds.fields import Expectation
from ccstate.model import canonical
from ccstate.report_format import REPORTS

FOLDER = Path(__file__).parent.parent / "schema"


def _ecma_pattern(
    _validator: Any, pattern: str, instance: object, _schema: Any
) -> Iterator[jsonschema.ValidationError]:
    # JSON Schema means ECMA-262, where `$` is the end of the text; Python's also matches before a
    # last newline.
    if isinstance(instance, str) and not re.search(pattern.replace("$", r"\Z"), instance):
        yield jsonschema.ValidationError(f"{instance!r} does not match {pattern!r}")


Validator: Any = jsonschema.validators.extend(  # type: ignore[no-untyped-call]  # its stubs
    Draft202012Validator, {"pattern": _ecma_pattern}
)
DOCUMENT = schemas.schema("document")
EVERY = [*schemas.SCHEMAS, *(f"report/{name}" for name in REPORTS)]


@pytest.mark.parametrize("name", EVERY)
def test_the_schemas_in_the_repository_are_current(name: str) -> None:
    text = (FOLDER / f"{name}.json").read_text(encoding="utf-8")
    assert text == schemas.schema_text(name), "run `make schema`"


@pytest.mark.parametrize("name", EVERY)
def test_every_field_of_every_schema_is_described(name: str) -> None:
    schema = schemas.schema(name)
    Draft202012Validator.check_schema(schema)
    owners = [schema, *schema.get("$defs", {}).values()]
    undescribed = [
        field
        for owner in owners
        for field, value in owner.get("properties", {}).items()
        if "description" not in value and "$ref" not in value
    ]
    assert undescribed == []


# Values of a schema, for the keywords that ours use, and values that are nearly of it.


def values(schema: dict[str, Any]) -> st.SearchStrategy[Any]:
    if "$ref" in schema:
        return _definition(schema["$ref"].rsplit("/", 1)[1])
    if "oneOf" in schema and "properties" not in schema:
        return st.one_of([values(option) for option in schema["oneOf"]])
    if "anyOf" in schema:
        return st.one_of([values(option) for option in schema["anyOf"]])
    if "const" in schema:
        return st.just(schema["const"])
    if "enum" in schema:
        return st.sampled_from(schema["enum"])
    return _OF_TYPE[str(schema["type"])](schema)


@cache  # else each place that names a definition would make and check its own
def _definition(name: str) -> st.SearchStrategy[Any]:
    return st.deferred(lambda: values(DOCUMENT["$defs"][name]))


def _texts(schema: dict[str, Any]) -> st.SearchStrategy[Any]:
    pattern = schema.get("pattern", "^[a-z]{1,5}$").replace("$", r"\Z")
    return st.from_regex(pattern, alphabet=st.characters(codec="utf-8"))


def _lists(schema: dict[str, Any]) -> st.SearchStrategy[Any]:
    return st.lists(values(schema["items"]), min_size=schema.get("minItems", 0), max_size=3)


def _objects(schema: dict[str, Any]) -> st.SearchStrategy[Any]:
    properties = schema.get("properties", {})
    if properties:
        required = {name: values(properties[name]) for name in schema.get("required", [])}
        optional = {n: values(v) for n, v in properties.items() if n not in required}
        return st.fixed_dictionaries(required, optional=optional)
    if "patternProperties" in schema:
        (pattern, value), *_ = schema["patternProperties"].items()
        names = st.from_regex(pattern.replace("$", r"\Z"))
    else:
        value = schema["additionalProperties"]
        names = values({"type": "string", **schema.get("propertyNames", {})})
    return st.dictionaries(
        names, values(value), min_size=schema.get("minProperties", 0), max_size=3
    )


_OF_TYPE: dict[str, Callable[[dict[str, Any]], st.SearchStrategy[Any]]] = {
    "object": _objects,
    "array": _lists,
    "string": _texts,
    "integer": lambda schema: st.integers(schema["minimum"], schema["maximum"]),
    "boolean": lambda _: st.booleans(),
    "null": lambda _: st.none(),
}

FIELDS = {
    kind: values(DOCUMENT["properties"][KINDS[kind].plural]["additionalProperties"])
    for kind in KINDS
}
VALIDATORS = {
    kind: Validator(
        {
            **DOCUMENT["properties"][KINDS[kind].plural]["additionalProperties"],
            "$defs": DOCUMENT["$defs"],
        }
    )
    for kind in KINDS
}
ODD = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-2, 100_000_000),
    st.sampled_from([1.0, 2.5, -0.0, 1e20]),
    st.sampled_from(
        ["", "x\n", "20s\n", "queue/", "hangup", "queue/a", "+61255501234", "00:00-24:00"]
    ),
    st.text(max_size=4),
    st.builds(list),  # an example may change it
    st.builds(dict),
)

CHANGES, WAYS = st.integers(0, 2), st.sampled_from(["replace", "drop", "add"])
ADDED = st.sampled_from(["foo", "label", "type", "to", "1"])


@st.composite
def nearly(draw: st.DrawFn, kind: str) -> Any:
    """Fields of a kind with up to two places changed into something odd."""
    document = draw(FIELDS[kind])
    for _ in range(draw(CHANGES)):
        places = list(_places(document))
        if not places:
            break
        owner, key = draw(st.sampled_from(places))
        match draw(WAYS):
            case "replace":
                owner[key] = draw(ODD)
            case "drop":
                del owner[key]
            case "add" if isinstance(owner, dict):
                owner[draw(ADDED)] = draw(ODD)
            case _:
                owner.append(draw(ODD))
    return document


def _places(value: Any) -> Iterator[tuple[Any, Any]]:
    children = value.items() if isinstance(value, dict) else enumerate(value)
    if isinstance(value, dict | list):
        for key, child in children:
            yield value, key
            if isinstance(child, dict | list):
                yield from _places(child)


@pytest.mark.parametrize("kind", KINDS)
@given(data=st.data())
def test_pydantic_and_json_schema_accept_the_same_fields(kind: str, data: st.DataObject) -> None:
    fields = data.draw(nearly(kind))
    by_schema = VALIDATORS[kind].is_valid(fields)
    try:
        KINDS[kind].model.model_validate(fields)
        by_model = True
    except ValidationError:
        by_model = False
    assert by_model == by_schema


@pytest.mark.parametrize("kind", KINDS)
@given(data=st.data())
def test_what_the_schema_describes_is_valid_and_canonical_form_is_stable(
    kind: str, data: st.DataObject
) -> None:
    fields = data.draw(FIELDS[kind])
    validator = VALIDATORS[kind]
    model = KINDS[kind].model
    if validator.is_valid(fields):
        once = model.model_validate(fields).model_dump(exclude_unset=True)
        twice = model.model_validate(once).model_dump(exclude_unset=True)
        assert canonical(once) == canonical(twice)
        assert validator.is_valid(once)


PROJECTS = [
    {"version": 1, "targets": {"a": {"adapter": "embedded"}}},
    {"version": 1, "targets": {}},
    {"version": 2, "targets": {"a": {"adapter": "embedded"}}},
    {"version": 1, "targets": {"a": {"adapter": "embedded", "limits": {"updates": "101%"}}}},
    {"version": 1, "targets": {"a": {"adapter": "embedded", "kinds": ["queue", "queue"]}}},
    {
        "version": 1,
        "targets": {"a": {"adapter": "embedded", "sites": ["x"]}},
        "defaults": {"q": {}},
    },
    {"version": 1, "targets": {"A": {"adapter": "embedded"}}},
    {"version": 1, "targets": {"a": {"adapter": "x"}}, "engine": {"database": "env:URL"}},
]


@pytest.mark.parametrize("project", PROJECTS, ids=str)
def test_pydantic_and_json_schema_accept_the_same_projects(project: dict[str, Any]) -> None:
    by_schema = Validator(schemas.schema("project")).is_valid(project)
    try:
        ProjectFile.model_validate(project)
        by_model = True
    except ValidationError:
        by_model = False
    assert by_model == by_schema


def test_a_document_names_kinds_in_the_plural_only() -> None:
    validator = Validator(DOCUMENT)
    for text, valid in (
        (b"queues: {a: {}}", True),
        (b"queue: {a: {}}", False),
        (b"queues: {A: {}}", False),
        (b"queues:", True),
        (b"release: [queue/a]", True),
        (b"release: [queue]", False),
    ):
        from ccstate.desired.yaml_values import read

        value, _ = read(text, "a.yaml")
        _, refused, findings = parse(text, "a.yaml")
        assert (not refused and not findings) == valid == validator.is_valid(value), text


def patterns(annotation: Any, metadata: list[Any]) -> Iterator[bool]:
    """For each pattern in an annotation: whether words say what it means."""
    inner = [*get_args(annotation)]
    if get_origin(annotation) is Annotated:
        yield from patterns(inner[0], [*inner[1:], *metadata])
        return
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        for field in annotation.model_fields.values():
            yield from patterns(field.annotation, field.metadata)
        return
    if any(getattr(mark, "pattern", None) for mark in metadata):
        yield any(isinstance(mark, Expectation) for mark in metadata)
    for option in inner:
        yield from patterns(option, metadata if annotation is not dict else [])


READ_FROM_PEOPLE = [
    *(kind.model for kind in KINDS.values()),
    ProjectFile,
    embedded.Connection,
    asterisk.Connection,
]


@pytest.mark.parametrize("model", READ_FROM_PEOPLE, ids=str)
def test_no_pattern_is_shown(model: type[BaseModel]) -> None:
    assert all(patterns(model, []))
