"""Objects that stand in hand-written configuration."""

from collections.abc import Mapping

from ccstate.adapters.asterisk.drafts import Elsewhere
from ccstate.adapters.asterisk.handwritten import Handwritten
from ccstate.adapters.asterisk.records import Records
from ccstate.model import Address


def elsewhere(found: Handwritten, records: Records) -> Mapping[Address, Elsewhere]:
    """What of the hand-written configuration are objects of ours, and where each stands."""
    del found, records
    return {}
