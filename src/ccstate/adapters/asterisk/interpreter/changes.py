"""Steps that change what other calls read: global variables, the database, states of devices."""

import re
from collections.abc import Iterator
from typing import NamedTuple

from ccstate.adapters.asterisk.conf.dialplan import HINT, Dialplan, Step
from ccstate.adapters.asterisk.interpreter.text import arguments

_LASTING = ("GLOBAL(", "DB(", "DEVICE_STATE(")
_INSIDE = re.compile(
    r"(?P<name>(?:GLOBAL|DB|DEVICE_STATE)\((?:[^()]|\([^()]*\))*\))=(?P<value>[^)]*)"
)
"""An assignment in an application that stands inside of another: `ExecIf(…?Set(DB(a/b)=1))`."""
_DELETES = re.compile(r"DB_DELETE\(((?:[^()]|\([^()]*\))*)\)")


class Change(NamedTuple):
    """One value that a step gives, as written; "" where the step deletes it."""

    name: str
    """What is changed: `GLOBAL(NIGHT)`, `DB(night/on)`."""
    value: str
    step: Step


def steps_of(plan: Dialplan) -> Iterator[Step]:
    """All steps of a dialplan, without hints."""
    for context in plan.contexts.values():
        yield from (step for step in context.steps if step.priority != HINT)


def changes(plan: Dialplan) -> Iterator[Change]:
    """Every change that a dialplan makes, in the order of its steps."""
    for step in steps_of(plan):
        yield from (Change(name, value, step) for name, value in _assigned(step))
        if "DB_DELETE(" in step.data:
            deleted = _DELETES.finditer(step.data)
            yield from (Change(f"DB({match[1]})", "", step) for match in deleted)


def _assigned(step: Step) -> Iterator[tuple[str, str]]:
    name, equals, value = (part.strip() for part in step.data.partition("="))
    match step.app.strip().lower():
        case "set" if equals and name.startswith(_LASTING):
            yield name, value
        case "mset":
            for each in arguments(step.data):
                name, _, value = each.partition("=")
                if name.strip().startswith(_LASTING):
                    yield name.strip(), value
        case "setglobalvar":
            yield f"GLOBAL({name})", value
        case "dbput":
            yield f"DB({name})", value
        case "dbdel" | "dbdeltree":
            yield f"DB({step.data.strip()})", ""
        case "execif" | "execiftime" | "exec" | "tryexec":
            yield from ((found["name"], found["value"]) for found in _INSIDE.finditer(step.data))
