"""The JSON Schemas (2020-12) of what ccstate reads, and of the JSON that its commands print.

Generated from the pydantic models, so that an editor and `ccstate validate` accept the same.
"""

import json
import re
from collections.abc import Callable, Mapping
from typing import Any

from pydantic import BaseModel, ConfigDict, TypeAdapter
from pydantic.json_schema import GenerateJsonSchema, models_json_schema

from ccstate.desired.documents import MOVED, RELEASE
from ccstate.desired.overlays import REMOVE
from ccstate.desired.settings import ProjectFile
from ccstate.kinds import KINDS
from ccstate.model import ADDRESS_PATTERN, Plan
from ccstate.plan_file import DIGEST_PATTERN, LEFT_OUT, STRICT, VERSION
from ccstate.report_format import REPORTS

DIALECT = "https://json-schema.org/draft/2020-12/schema"
_DEFINITIONS = "#/$defs/{model}"

REPORT = "report/"


_DOCUMENTED = ConfigDict(**STRICT, use_attribute_docstrings=True)


def _document() -> dict[str, Any]:
    models: list[tuple[type[BaseModel], Any]] = [(k.model, "validation") for k in KINDS.values()]
    references, definitions = models_json_schema(models, ref_template=_DEFINITIONS)
    properties = {
        kind.plural: {
            "description": (kind.model.__doc__ or "").splitlines()[0],
            "type": ["object", "null"],
            "propertyNames": {"pattern": kind.name_pattern},
            "additionalProperties": references[(kind.model, "validation")],
        }
        for kind in KINDS.values()
    }
    properties[RELEASE] = {
        "description": "Objects that ccstate stops managing without deleting them.",
        "type": "array",
        "items": {"type": "string", "pattern": ADDRESS_PATTERN, "examples": ["queue/old-sales"]},
    }
    properties[MOVED] = {
        "description": "Objects that got another name.",
        "type": "array",
        "items": {
            "type": "object",
            "properties": {
                "from": {
                    "description": "Name before.",
                    "type": "string",
                    "pattern": ADDRESS_PATTERN,
                    "examples": ["queue/sales"],
                },
                "to": {
                    "description": "Name now.",
                    "type": "string",
                    "pattern": ADDRESS_PATTERN,
                    "examples": ["queue/sales-au"],
                },
            },
            "required": ["from", "to"],
            "additionalProperties": False,
        },
    }
    return {
        "title": "Desired state",
        "description": "Resources by kind and name; a file may hold several kinds.",
        "type": "object",
        "properties": properties,
        "additionalProperties": False,
        "$defs": definitions["$defs"],
    }


def _overlay() -> dict[str, Any]:
    """Describe a file of an environment: what it changes of each resource, merged by key."""
    document = _document()
    whole = document["$defs"]
    parts: dict[str, Any] = {}
    for name in [kind.plural for kind in KINDS.values()]:
        entries = document["properties"][name]
        changed = _part(entries["additionalProperties"], whole, parts)
        entries["additionalProperties"] = {"anyOf": [{**changed, "minProperties": 1}, _REMOVED]}
    return {
        **document,
        "title": "Environment",
        "description": "What an environment changes of the desired state, by kind, name and key.",
        "$defs": _reached(document["properties"], {**whole, **parts}),
    }


def _reached(properties: Any, definitions: Mapping[str, Any]) -> dict[str, Any]:
    """Select the definitions that the properties lead to."""
    found: dict[str, Any] = {}
    waiting = [properties]
    while waiting:
        for name in re.findall(r'"#/\$defs/(\w+)"', json.dumps(waiting.pop())):
            if name not in found:
                found[name] = definitions[name]
                waiting.append(found[name])
    return dict(sorted(found.items()))


_REMOVED = {
    "type": "object",
    "properties": {
        REMOVE: {"description": "The environment does not have the resource.", "const": True}
    },
    "required": [REMOVE],
    "additionalProperties": False,
}


def _part(schema: dict[str, Any], whole: dict[str, Any], parts: dict[str, Any]) -> dict[str, Any]:
    """Return the schema of a part of a value: no field is required; where names are free, null removes.

    A list is not merged, so its items are whole. `parts` collects the definitions that this needs.
    """
    if reference := schema.get("$ref"):
        name = reference.rsplit("/", 1)[1]
        if f"{name}Part" not in parts:
            parts[f"{name}Part"] = {}  # it may lead back to itself
            parts[f"{name}Part"] = _part(whole[name], whole, parts)
        return {**schema, "$ref": f"{reference}Part"}
    part = {key: value for key, value in schema.items() if key not in {"required", "minProperties"}}
    if options := part.pop("oneOf", part.pop("anyOf", None)):
        part.pop("discriminator", None)  # the type may stand in the base
        part["anyOf"] = [_part(option, whole, parts) for option in options]
    if properties := part.get("properties"):
        part["properties"] = {name: _part(each, whole, parts) for name, each in properties.items()}
    if isinstance(entry := part.get("additionalProperties"), dict):
        part["additionalProperties"] = _or_null(_part(entry, whole, parts))
    if named := part.get("patternProperties"):
        part["patternProperties"] = {
            pattern: _or_null(_part(entry, whole, parts)) for pattern, entry in named.items()
        }
    return part


def _or_null(schema: dict[str, Any]) -> dict[str, Any]:
    return {"anyOf": [schema, {"type": "null"}]}


def _of(model: type[BaseModel], title: str) -> dict[str, Any]:
    schema = model.model_json_schema(ref_template=_DEFINITIONS, schema_generator=GenerateJsonSchema)
    return {**schema, "title": title}


def _plan() -> dict[str, Any]:
    # A list of plans, for a dataclass takes its configuration from what it stands in.
    definitions = TypeAdapter(list[Plan], config=_DOCUMENTED).json_schema(
        ref_template=_DEFINITIONS
    )["$defs"]
    del definitions["Change"]["properties"]["target"]  # its step has it
    for name, definition in definitions.items():
        written = definition.get("properties", {}).keys() - LEFT_OUT.get(name, frozenset())
        if written:
            definition["required"] = [f for f in definition["properties"] if f in written]
        for required in written:
            definition["properties"][required].pop("default", None)
    plan = definitions.pop("Plan")
    digest = {
        "description": "SHA-256 over the rest of the plan.",
        "type": "string",
        "pattern": DIGEST_PATTERN,
    }
    return {
        **plan,
        "description": "What ccstate will do, exactly; `ccstate apply` accepts nothing else.",
        "properties": {
            "version": {
                "description": "Version of this format.",
                "const": VERSION,
                "type": "integer",
            },
            "digest": digest,
            **plan["properties"],
        },
        "required": ["version", "digest", *plan["required"]],
        "$defs": definitions,
        "title": "ccstate plan",
    }


SCHEMAS: Mapping[str, Callable[[], dict[str, Any]]] = {
    "document": _document,
    "overlay": _overlay,
    "project": lambda: _of(ProjectFile, "ccstate project"),
    "plan": _plan,
}


def schema(name: str) -> dict[str, Any]:
    """The schema of that name as data; `report/NAME` is that of a command's output."""
    made = _report(name.removeprefix(REPORT)) if name.startswith(REPORT) else SCHEMAS[name]()
    return {"$schema": DIALECT, **_tidied(made, is_schema=True)}


def _report(name: str) -> dict[str, Any]:
    form, title = REPORTS[name], f"ccstate {name.replace('-', ' --')} --format json"
    # A list of them, for a dataclass takes its configuration from what it stands in.
    adapter = TypeAdapter(list[form], config=_DOCUMENTED)  # type: ignore[valid-type]  # one of the table
    definitions = adapter.json_schema(ref_template=_DEFINITIONS)["$defs"]
    schema = {**definitions.pop(form.__name__), "title": title}
    return {"$defs": definitions, **schema} if definitions else schema


def schema_text(name: str) -> str:
    """The schema as a file."""
    return json.dumps(schema(name), indent=2, ensure_ascii=False) + "\n"


def _tidied(node: Any, *, is_schema: bool) -> Any:
    """Without what says nothing: titles made from field names, and null as a default.

    A mapping whose keys are constrained takes no other keys, which pydantic leaves unsaid.
    """
    if isinstance(node, list):
        return [_tidied(item, is_schema=is_schema) for item in node]
    if not isinstance(node, dict):
        return node
    if not is_schema:  # properties, definitions: names that people chose, not keywords
        return {name: _tidied(value, is_schema=True) for name, value in node.items()}
    kept = {
        key: _tidied(value, is_schema=key not in {"properties", "$defs", "patternProperties"})
        if key not in {"default", "examples", "enum", "const"}
        else value
        for key, value in node.items()
        if not (key == "title" and isinstance(value, str))
        and not (key == "default" and value is None)
    }
    if "patternProperties" in kept:
        kept.setdefault("additionalProperties", False)
    return kept
