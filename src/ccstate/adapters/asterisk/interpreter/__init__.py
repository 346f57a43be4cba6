"""An interpreter of hand-written dialplans, without a server: each call as far as its facts decide.

It follows pbx.c and the applications as they are, and knows nothing of what ccstate writes. What
it does not know raises NotFollowed with the line and the reason; nothing is approximated.
"""

from ccstate.adapters.asterisk.interpreter.call import (
    AGENT,
    ENDLESS,
    HANGUP,
    NO_WAY,
    WAITS_FOR_EVER,
    Call,
    Clock,
    Decides,
    Ended,
    Heard,
    Keys,
    Mailbox,
    NotFollowed,
    Rings,
    Stop,
    Waits,
)
from ccstate.adapters.asterisk.interpreter.facts import OTHER_CALLER, Moments, Survey, edges
from ccstate.adapters.asterisk.interpreter.running import Interpreter
from ccstate.adapters.asterisk.interpreter.text import OPAQUE

__all__ = [
    "AGENT",
    "ENDLESS",
    "HANGUP",
    "NO_WAY",
    "OPAQUE",
    "OTHER_CALLER",
    "WAITS_FOR_EVER",
    "Call",
    "Clock",
    "Decides",
    "Ended",
    "Heard",
    "Interpreter",
    "Keys",
    "Mailbox",
    "Moments",
    "NotFollowed",
    "Rings",
    "Stop",
    "Survey",
    "Waits",
    "edges",
]
