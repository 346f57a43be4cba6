"""What a platform may hold where nobody says: the state with every such field as good as can be.

A field that is left out is not managed: a platform may hold anything there. What is found in a
desired state is so only where it is found in this state, too. See docs/adr/0022.
"""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any, TypeAlias

from ccstate.model import Address, Fields, Json, Resource, State

SOMEBODY = "ccstate-somebody"
"""What stands for whoever or whatever a platform may hold: an extension that is answered, elsewhere,
and has a mailbox; a schedule that is open. No file declares any of it."""
_PHONE, _MAILBOX = f"extension/{SOMEBODY}", f"voicemail/{SOMEBODY}"
_Good: TypeAlias = Mapping[str, Json]


def benign(state: State) -> State:
    """The state with whole fields that nobody declares as good for callers as they can be.

    A mapping that is declared is judged as a whole, for whoever writes `overflow: {after: 3m}` has
    thought of it. So are fields whose default nobody would call a lack; and where phones stand and
    calls leave, for an ambulance is sent there: what is not written is better told once too often.
    """
    good: dict[str, _Good] = {
        "queue": {
            "members": [{"extension": SOMEBODY}],
            "overflow": {"after": "1m", "to": _PHONE, "empty": _PHONE, "full": _PHONE},
            "ring_for": "1s",
            "retry": "0s",
            "max_waiting": 1,
        },
        "conference_room": {"pin": f"env:{SOMEBODY}"},
        "ring_group": {"no_answer": _PHONE},
        "user": {"extension": SOMEBODY, "skills": _skills(state.values())},
        "extension": {"voicemail": {}},
        "number": {"closed": _MAILBOX},
    }
    found = {
        address: _filled(resource, good.get(address.kind)) for address, resource in state.items()
    }
    for address, fields in _somebody(state, good["user"]):
        found[address] = Resource(address, fields, "")
    return found


def _filled(resource: Resource, good: _Good | None) -> Resource:
    is_number = resource.address.kind == "number"
    if is_number and not {"closed", "holiday"}.isdisjoint(resource.fields):
        good = {**(good or {}), "hours": SOMEBODY}
    if good is None or good.keys() <= resource.fields.keys():
        return resource
    return replace(resource, fields={**good, **resource.fields})


def _skills(resources: Iterable[Resource]) -> dict[str, Json]:
    """Every skill that a queue asks for."""
    asked: Any = [r.fields.get("skills") or () for r in resources if r.address.kind == "queue"]
    return {skill: 1 for skills in asked for skill in skills}


def _somebody(state: State, user: _Good) -> Iterable[tuple[Address, Fields]]:
    """Who answers; in every team, where somebody's team is not declared."""
    yield Address("extension", SOMEBODY), {"voicemail": {}}
    if all("team" in r.fields for (kind, _), r in state.items() if kind == "user"):
        return
    for kind, name in state:
        if kind == "team":
            yield Address("user", f"{SOMEBODY}.{name}"), {"name": name, "team": name, **user}
