"""The JSON Schemas (2020-12) of what ccstate reads, and of the JSON that its commands print.

Generated from the pydantic models, so that an editor and `ccstate validate` accept the same.
"""

import json
from collections.abc import Callable, Mapping
from typing import Any

from pydantic import BaseModel, ConfigDict, TypeAdapter
from pydantic.json_schema import GenerateJsonSchema, models_json_schema

from ccstate.desired.documents import RELEASE
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
    return {
        "title": "Desired state",
        "description": "Resources by kind and name; a file may hold several kinds.",
        "type": "object",
        "properties": properties,
        "additionalProperties": False,
        "$defs": definitions["$defs"],
    }


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
