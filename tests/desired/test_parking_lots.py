"""Slots of parking lots: numbers that exist, and that have no other owner."""

import pytest

from ccstate.desired.crosschecks import check_together
from ccstate.desired.documents import parse
from ccstate.model import Address, Resource

FILE = "desired_state/lots.yaml"


def problems(text: str) -> list[tuple[str, str]]:
    data = text.encode()
    document, _, findings = parse(data, FILE)
    resources = {
        Address(kind, name): Resource(Address(kind, name), fields, FILE)
        for kind, name, fields in document.resources
    }
    together = check_together({FILE: document}, resources, lambda _: data)
    return [(finding.problem.code, finding.problem.message) for finding in (*findings, *together)]


@pytest.mark.parametrize(
    "slots, found",
    [
        ("701-720", []),
        ("701-701", []),
        ("720-701", [("CC111", '"720-701" are no slots')]),
        ("99-101", [("CC111", '"99-101" are no slots')]),
        ("1000-1200", [("CC111", '"1000-1200" are no slots')]),
        ("2000-2002", [("CC105", "number 2001 has two owners")]),
    ],
)
def test_slots_are_numbers_of_their_own(slots: str, found: list[tuple[str, str]]) -> None:
    lot = f'parking_lots:\n  office: {{extension: "700", slots: {slots}}}\n'
    assert problems(f'extensions:\n  "2001": {{}}\n{lot}') == found
