"""Where callers of a queue go on to: what the dialplan said, as fields of the queue."""

from ccstate.adapters.asterisk.importing.destinations import Known
from ccstate.adapters.asterisk.importing.estate import Work
from ccstate.kinds.fields import duration
from ccstate.model import Json


def overflow(work: Work, known: Known) -> None:
    """Fills in `overflow` of every queue that a call reaches."""
    for address, (after, ends) in known.onwards.items():
        fields = work.objects[address]
        said: dict[str, Json] = {}
        if after is not None:
            said["after"] = duration(min(int(after), 999_999))
        is_asked = {"to": after is not None, "full": bool(fields.get("max_waiting")), "empty": True}
        known_ends = {end: to for end, to in ends.items() if "/" in to or to == "hangup"}
        said |= {end: to for end, to in known_ends.items() if is_asked[end]}
        if said:
            fields["overflow"] = said
