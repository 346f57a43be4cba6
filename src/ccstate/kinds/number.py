"""Number: an inbound number (DID) and where its calls go."""

from typing import Annotated

from ccstate.kinds.caller_list import ListedDestination
from ccstate.kinds.fields import CallDestination, KindFields, Name, NamePrefix, Ref


class Number(KindFields):
    """A number that callers dial, named in E.164 (`"+61255501234"`, in quotes)."""

    site: Annotated[Name, Ref("site")] | None = None
    """Site whose exchange receives the number."""
    trunk: Annotated[Name, Ref("trunk")] | None = None
    """Trunk on which the calls arrive."""
    caller_name_prefix: NamePrefix | None = None
    """Put before the caller's name on the phones that ring for calls to this number, such as `Sales:`."""
    callers: list[ListedDestination] | None = None
    """Lists in the order in which they are asked, before switch and schedule; a caller goes where the first list leads that holds the number."""
    to: CallDestination
    """Where calls go; while the schedule is open, where there is one."""
    hours: Annotated[Name, Ref("schedule")] | None = None
    """Schedule that decides; without it calls always go to `to`."""
    closed: CallDestination | None = None
    """Where calls go outside the schedule's hours; `to` where left out."""
    holiday: CallDestination | None = None
    """Where calls go on the schedule's holidays; `closed` where left out."""
    switch: Annotated[Name, Ref("switch")] | None = None
    """Switch that is asked before the schedule."""
    on: CallDestination | None = None
    """Where calls go while the switch is on, whatever the time; while it is off, as without a switch."""
