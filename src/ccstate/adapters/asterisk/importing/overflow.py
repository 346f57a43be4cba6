"""Where callers of a queue go on to: what the dialplan said, as fields of the queue."""

from ccstate.adapters.asterisk.importing.destinations import Known
from ccstate.adapters.asterisk.importing.estate import Work
from ccstate.kinds.fields import duration
from ccstate.model import Json


def overflow(work: Work, known: Known) -> None:
    """Fills in `overflow` of every queue that a call reaches."""
    for address, (after, to) in known.onwards.items():
        fields = work.objects[address]
        said: dict[str, Json] = {}
        is_known = "/" in to or to == "hangup"
        if after is not None:
            said["after"] = duration(min(int(after), 999_999))
            if is_known:
                said["to"] = to
        if fields.get("max_waiting") and is_known:
            said["full"] = to
        if said:
            fields["overflow"] = said
