"""What the fields of an object name: with places, and without, which is faster and says the same."""

import pytest

from ccstate import kinds
from ccstate.conformance.samples import Sample, estate
from ccstate.kinds import KINDS
from ccstate.model import Address, Fields

QUEUE: Fields = {
    "label": "user/nobody",
    "hours": "weekdays",
    "members": [{"team": "sales"}, {"user": "ana.b", "penalty": 1}, {"extension": "2001"}],
    "overflow": {"after": "3m", "to": "voicemail/2002", "empty": "hangup", "full": None},
}


def test_what_a_queue_names_is_found_without_places() -> None:
    assert kinds.mentions("queue", QUEUE) == [
        Address("schedule", "weekdays"),
        Address("team", "sales"),
        Address("user", "ana.b"),
        Address("extension", "2001"),
        Address("voicemail", "2002"),
    ]
    assert kinds.named("queue", QUEUE) == {
        Address("schedule", "weekdays"),
        Address("team", "sales"),
        Address("user", "ana.b"),
        Address("extension", "2001"),
        Address("extension", "2002"),
    }


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_named_is_the_same_with_places_and_without(kind: str) -> None:
    sample: Sample = estate()[kind]
    for fields in (sample.first, sample.second):
        references = list(kinds.references(kind, fields))
        assert kinds.named(kind, fields) == {reference.target for reference in references}
        mailboxes = {reference.target.name for reference in references if reference.mailbox}
        mentioned = {name for target, name in kinds.mentions(kind, fields) if target == "voicemail"}
        assert mentioned == mailboxes
