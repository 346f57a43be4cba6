"""Small estates, written as the author of a desired state would write them."""

from datetime import date

from ccstate.desired.crosschecks import check_together
from ccstate.desired.documents import parse
from ccstate.model import Address, Resource, State
from ccstate.rules import Estate

FILE = "desired_state/estate.yaml"


def state(text: str) -> State:
    """What a document declares; it must have no errors, for rules judge only what has none."""
    data = text.encode()
    document, refused, findings = parse(data, FILE)
    assert not refused, refused
    assert not findings, findings
    resources: dict[Address, Resource] = {}
    for kind, name, fields in document.resources:
        address = Address(kind, name)
        resources[address] = Resource(address, fields, FILE)
    together = list(check_together({FILE: document}, resources, lambda _: data))
    assert not together, together
    return resources


def estate(text: str, today: str = "2026-11-22") -> Estate:
    """The document as rules see it on that day."""
    return Estate(state(text), date.fromisoformat(today))
