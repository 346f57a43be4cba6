"""Ring groups: callers without an answer, phones that never ring, numbers that are taken."""

import pytest

from ccstate.desired.crosschecks import check_together
from ccstate.desired.documents import parse
from ccstate.model import Address, Resource
from ccstate.rules import RULES
from tests.rules.estates import FILE, estate

PHONES = """
extensions:
  "2001": {label: One}
  "2002": {label: Two, device: none, voicemail: {}}
numbers:
  "+61255501000": {to: ring_group/shop}
"""


def codes(group: str) -> set[str]:
    """Codes of the rules that find something about the group."""
    judged = estate(f"{PHONES}\nring_groups:\n  shop: {{{group}}}")
    return {
        code
        for code, rule in RULES.items()
        if any(found.address == Address("ring_group", "shop") for found in rule.check(judged))
    }


@pytest.mark.parametrize(
    "group, found",
    [
        ('members: ["2001"]', {"CC204"}),
        ('members: ["2001"], no_answer: voicemail/2002', set()),
        ('members: ["2001"], no_answer: hangup', set()),
        ('members: ["2002"]', {"CC201"}),
        ('members: ["2002"], no_answer: voicemail/2002', set()),
        ('members: ["2001"], no_answer: ring_group/shop', {"CC213"}),
        ('members: ["2002"], no_answer: ring_group/shop', {"CC203"}),
    ],
)
def test_callers_of_a_ring_group_come_to_an_end(group: str, found: set[str]) -> None:
    assert codes(group) == found


def test_a_phone_of_a_ring_group_is_in_use() -> None:
    text = """
extensions:
  "2001": {}
ring_groups:
  shop: {members: ["2001"], no_answer: hangup}
"""
    assert not list(RULES["CC240"].check(estate(text)))


def test_a_ring_group_shares_the_internal_numbers() -> None:
    data = b"""
extensions:
  "2001": {}
ring_groups:
  shop: {extension: "2001", members: ["2001"]}
"""
    document, refused, _ = parse(data, FILE)
    assert not refused
    resources = {
        Address(kind, name): Resource(Address(kind, name), fields, FILE)
        for kind, name, fields in document.resources
    }
    [found] = check_together({FILE: document}, resources, lambda _: data)
    assert (found.problem.code, found.problem.message) == ("CC105", "number 2001 has two owners")
