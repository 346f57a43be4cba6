"""The comparison of an import notices each change of a field of the objects that callers meet.

For each dialplan of the corpus every field of every object that a call comes to is changed, added or
left out, one at a time. Fields that no call can show are listed here, each with its reason.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from ccstate.adapters.asterisk.proof.proving import Proving
from tests.adapters.asterisk.object_mutations import Mutation, Objects, mutations
from tests.adapters.asterisk.test_import_corpus import FIRST, Case, cases, told

pytestmark = [
    pytest.mark.thorough,
    pytest.mark.no_cover,  # measuring takes as long as the tests
]

NOT_MET: Mapping[str, str] = {
    "conference_room.max_members": "how many others are there",
    "conference_room.music": "what is heard in the room; a walk ends where the caller comes in",
    "conference_room.recording.folder": "where recordings are kept",
    "extension.area": "where the phone stands",
    "extension.caller_id.name": "carriers show numbers, and names are set by who is called",
    "extension.desk": "where the phone stands",
    "extension.device": "a softphone rings as a desk phone does; `none` is noticed",
    "extension.pickup_group": "whose ringing calls the phone can take: another call",
    "extension.recording.folder": "where recordings are kept",
    "extension.secret": "how the phone logs in",
    "extension.voicemail.delete_after_email": "what its owner finds",
    "extension.voicemail.email": "what its owner gets",
    "extension.voicemail.pin": "how its owner listens",
    "ivr.nodes.*.collect.save_as": "what agents see",
    "ivr.language": "which words of a prompt: those of the corpus have one language",
    "feature_code.queue": "no code that turns a switch or opens a mailbox has a queue",
    "feature_code.reason": "what reports say",
    "number.trunk": "the other trunks of the estate; there is one",
    "outbound_route.emergency": "who may call, and the number shown: one that callers have here",
    "queue.recording.folder": "where recordings are kept",
    "queue.service_level.percent": "what reports say",
    "queue.service_level.within": "what reports say",
    "schedule.holidays.*.name": "what people read",
    "trunk.addresses": "how the server reaches the carrier",
    "trunk.codecs": "how the server reaches the carrier",
    "trunk.country": "nothing without a format of numbers",
    "trunk.from_domain": "how the server reaches the carrier",
    "trunk.from_user": "how the server reaches the carrier",
    "trunk.host": "how the server reaches the carrier",
    "trunk.port": "how the server reaches the carrier",
    "trunk.registers": "how the server reaches the carrier",
    "trunk.secret": "how the server reaches the carrier",
    "trunk.username": "how the server reaches the carrier",
    "user.area": "where somebody works",
    "user.desk": "where somebody works",
    "user.email": "what reports say",
    "user.hot_desking": "where somebody works",
    "user.language": "what displays say",
    "user.name": "what reports say",
}
"""Fields that no walk of a caller shows, and what they are about."""
NEEDS: Mapping[str, str] = {
    "extension.recording.notice": "recording.when",
    "queue.overflow.full": "max_waiting",
    "number.closed": "hours",
    "number.holiday": "hours",
    "number.hours": "closed",
    "number.on": "switch",
    "number.switch": "on",
    "queue.announcements.every": "announcements.position",
    "queue.announcements.periodic_every": "announcements.periodic",
    "queue.overflow.to": "overflow.after",
    "queue.recording.notice": "recording.when",
}
"""Fields without effect where another one is not there: such changes change nothing."""
LISTS = ("caller_list.", "ivr.nodes.*.callers.callers")
"""Fields of lists of callers, and of where these lead."""
OUTSIDE = frozenset(
    {
        *("extension.caller_id.number", "trunk.caller_id", "trunk.number_format"),
        "trunk.inbound_number_format",
    }
)
"""Fields that calls outside show: they are changed where phones can call there."""
SHARED = frozenset({"extension", "user", "trunk"})
"""Kinds of which every dialplan of the corpus has the same objects; a few cases stand for all."""
CHANGE_ALL = frozenset({"outside-by-nine", "queue-only", "hunt-in-order"})
HOURS = ("holiday-by-date", "include-with-hours", "open-hours", "two-spans-of-a-day")
SAME = frozenset(
    {
        # No schedule has holidays.
        *((case, "ivr.nodes.*.hours.holiday") for case in HOURS),
        # Formats of numbers mean nothing without a country.
        ("outside-by-nine", "trunk.inbound_number_format"),
        ("outside-by-nine", "trunk.number_format"),
        # Nobody's phone rings: no name is shown.
        ("announcement", "number.caller_name_prefix"),
        ("busy-tone", "number.caller_name_prefix"),
        ("label-that-is-not-there", "number.caller_name_prefix"),
        # Who types too few digits comes to where other digits lead.
        ("digits-lead-to-places", "ivr.nodes.*.collect.min_digits"),
        # No caller is in both lists, and while the switch is on no schedule is asked.
        ("number-asks-lists-hours-and-switch", "number.callers"),
        ("number-asks-lists-hours-and-switch", "caller_list.withheld"),
        ("number-asks-lists-hours-and-switch", "schedule.closed_by"),
        ("number-asks-lists-hours-and-switch", "queue.hours"),
        # The queue is reached while it is open only.
        ("include-with-hours", "queue.hours"),
        ("open-hours", "queue.hours"),
    }
)
"""Changes after which callers meet what they met."""


def is_form_known(objects: Objects) -> bool:
    """Whether a trunk says how its carrier writes numbers: else no list holds any of its callers."""
    return any(fields.get("inbound_number_format") for fields in objects.values())


def value_at(fields: Any, path: str) -> Any:
    for name in path.split("."):
        fields = fields.get(name) if isinstance(fields, dict) else None
    return fields


def is_met(case: str, mutation: Mutation, objects: Objects) -> bool:
    """Whether callers can meet this change at all."""
    path = mutation.path
    if path in NOT_MET or (case, path) in SAME:
        return False
    if path in NEEDS and not value_at(mutation.fields, NEEDS[path]):
        return False
    if path in OUTSIDE and not any(address.kind == "outbound_route" for address in objects):
        return False
    if path.startswith(LISTS) and not is_form_known(objects):
        return False
    return case in CHANGE_ALL or path.partition(".")[0] not in SHARED


@pytest.mark.parametrize("path", cases(), ids=lambda path: path.stem)
def test_each_change_of_a_field_that_callers_meet_is_reported(path: Path) -> None:
    case = Case(path)
    before = Counter(told(case.proving.proof()))
    noticed: set[str] = set()
    unnoticed: set[str] = set()
    for mutation in mutations(case.found.objects):
        if is_met(path.stem, mutation, case.found.objects):
            found = replace(case.found, objects=mutation.objects)
            proof = Proving(case.read, found, case.setting, FIRST).proof()
            (noticed if Counter(told(proof)) - before else unnoticed).add(mutation.place)
    assert unnoticed - noticed == set()
