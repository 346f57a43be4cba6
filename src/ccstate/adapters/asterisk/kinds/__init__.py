"""The kinds of objects, each in a module of its own that says everything about it.

A kind is written so; `queue` is the example:

- `ROWS`: a `Row` for each option in a section of a file, with the field that it says (rows.py).
  `encode(ROWS, fields)` gives the options, `decode(ROWS, options)` the fields; what AMI shows of
  them (`header`), Asterisk's own value (`default`), other names and values that people write
  (`aliases`, `nearly`) and what they notice of an option that is always the same (`effect`) are
  columns: importing/options.py reads hand-written sections by them. A field of which an option says
  something else than its value is made ready before (`_option_values`), with the name of the field in
  `says`, and read back after (`decode_queue`).
- A `Template` for each step of the dialplan that says a field (rows.py): `.step(…)` compiles it,
  `.find(steps)` recognises it, `.values(steps)` decodes its parts. Steps name the field that they
  say, so that a proposal is given up where its step came out otherwise.
- `compile_KIND(unit)` adds the entries of one object (`Unit` in kind.py). What callers meet comes
  from `unit.flow.ways(place)`, never from fields.
- `decode_KIND(sections, name)` returns all mapped fields by path: `("overflow", "to")`. None is a
  field that is not set; UNCLEAR one of which nothing can be said, because the text stands for no
  value, or nothing that is compiled shows it as long as another field is as it is. A path that
  is not there at all is a field that went. It may guess: `readback` compiles what it says and takes
  only what explains what is there.
- `Kind(…)` at the end puts these together, and says what becomes of each field: those of rows are
  mapped, `mapped` names the others that `decode_KIND` reads, `kept` has the rest with the reasons.
  It is registered below, in the order of compiling.

`SUPPORTS` has also the kinds of which no file has an entry. Which field is mapped was measured: a
field that changes no entry of any file when its value changes is kept, and so is one that reaches
only the text of another object's entry. tests/adapters/asterisk/test_support.py changes each mapped
field in the files alone, and reads it back.
"""

from collections.abc import Mapping

from ccstate.adapter import Support, placed
from ccstate.adapters.asterisk.kind import LOCATION, NO_TEAMS, Kind
from ccstate.adapters.asterisk.kinds.caller_list import CALLER_LIST
from ccstate.adapters.asterisk.kinds.conference_room import CONFERENCE_ROOM
from ccstate.adapters.asterisk.kinds.extension import EXTENSION
from ccstate.adapters.asterisk.kinds.feature_code import FEATURE_CODE
from ccstate.adapters.asterisk.kinds.ivr import IVR
from ccstate.adapters.asterisk.kinds.number import NUMBER
from ccstate.adapters.asterisk.kinds.outbound_route import OUTBOUND_ROUTE
from ccstate.adapters.asterisk.kinds.parking_lot import PARKING_LOT
from ccstate.adapters.asterisk.kinds.queue import QUEUE
from ccstate.adapters.asterisk.kinds.ring_group import RING_GROUP
from ccstate.adapters.asterisk.kinds.schedule import CALENDAR, SCHEDULE
from ccstate.adapters.asterisk.kinds.site import SITE
from ccstate.adapters.asterisk.kinds.switch import SWITCH
from ccstate.adapters.asterisk.kinds.trunk import TRUNK

KINDS: Mapping[str, Kind] = {
    kind.name: kind
    for kind in (
        TRUNK,
        NUMBER,
        CALENDAR,
        SCHEDULE,
        CALLER_LIST,
        SWITCH,
        IVR,
        QUEUE,
        RING_GROUP,
        CONFERENCE_ROOM,
        PARKING_LOT,
        FEATURE_CODE,
        EXTENSION,
        SITE,
        OUTBOUND_ROUTE,
    )
}

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
        name: placed(name, kept=kept, needs_reload=True, atomic=True, moves=True)
        for name, kept in _UNWRITTEN.items()
    },
    **{name: kind.support() for name, kind in KINDS.items()},
}
"""Kinds that are not named are on no Asterisk, such as wallboards, or are not compiled for it yet."""
