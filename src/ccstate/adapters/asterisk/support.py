"""What becomes of each field on an Asterisk: each kind in `kinds/` says it of its own.

Which is which was measured: a field that changes no entry of any file when its value changes is
kept, and so is one that reaches only the text of somebody else's entry.
"""

from collections.abc import Mapping

from ccstate.adapter import Support, placed
from ccstate.adapters.asterisk.kind import LOCATION, NO_TEAMS
from ccstate.adapters.asterisk.kinds import KINDS

_NO_PEOPLE = "Asterisk knows phones, not people"
_SOUND = "Asterisk has the sound that is made of it, and that cannot be read back"

_UNWRITTEN: Mapping[str, Mapping[str, str]] = {
    "team": {"label": NO_TEAMS, "supervisor": NO_TEAMS, "site": NO_TEAMS},
    "user": {
        "label": _NO_PEOPLE,
        "name": f"{_NO_PEOPLE}; their phone shows it in its caller ID",
        "email": _NO_PEOPLE,
        "team": NO_TEAMS,
        "site": LOCATION,
        "area": LOCATION,
        "desk": LOCATION,
        "hot_desking": _NO_PEOPLE,
        "skills": f"{_NO_PEOPLE}; skills decide which of them a queue has as members",
        "extension": f"{_NO_PEOPLE}; their phone has the name in a variable",
    },
    "prompt": {
        "label": "Asterisk knows sounds by the names of their files",
        "languages.*.text": _SOUND,
        "languages.*.audio": _SOUND,
    },
}
"""Kinds of which no file has an entry of their own: all their fields are kept."""

SUPPORTS: Mapping[str, Support] = {
    **{
        name: placed(name, kept=kept, needs_reload=True, atomic=True)
        for name, kept in _UNWRITTEN.items()
    },
    **{name: kind.support() for name, kind in KINDS.items()},
}
"""Kinds that are not named are on no Asterisk, such as wallboards, or are not compiled for it yet."""
