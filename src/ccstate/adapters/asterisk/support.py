"""What becomes of each field on an Asterisk: mapped, kept in ccstate's records, or lacking.

One table for each kind. Which is which was measured: a field that changes no entry of any file
when its value changes is kept, and so is one that reaches only the text of somebody else's entry.
"""

from collections.abc import Mapping

from ccstate.adapter import Support, placed

_COMMENT = "Asterisk has no names for people; it stands in a comment of ccstate's files"
_NO_SITES = "an Asterisk is one site; what is on it is not sorted by sites"
_NO_PEOPLE = "Asterisk knows phones, not people"
_NO_TEAMS = "Asterisk knows no teams; queues hold the phones of their people one by one"
_LOCATION = "a part of the text that phones send with emergency calls, which is not taken apart"
_SOUND = "Asterisk has the sound that is made of it, and that cannot be read back"
_NO_REASONS = "Asterisk knows which days are special, not why"

_NO_RETENTION = "Asterisk deletes no recordings; a job of the server has to, by this number of days"

KEPT: Mapping[str, Mapping[str, str]] = {
    "site": {
        "label": _COMMENT,
        "address.street": _LOCATION,
        "address.city": _LOCATION,
        "address.state": _LOCATION,
        "address.postcode": _LOCATION,
        "address.country": _LOCATION,
        "timezone": "each schedule has a timezone of its own, and no other time is asked for",
        "role": _NO_SITES,
        "areas.*.label": _LOCATION,
        "areas.*.desks": "the location of a phone has its own desk; no others are listed",
    },
    "caller_list": {"label": _COMMENT},
    "team": {"label": _NO_TEAMS, "supervisor": _NO_TEAMS, "site": _NO_TEAMS},
    "user": {
        "label": _NO_PEOPLE,
        "name": f"{_NO_PEOPLE}; their phone shows it in its caller ID",
        "email": _NO_PEOPLE,
        "team": _NO_TEAMS,
        "site": _LOCATION,
        "area": _LOCATION,
        "desk": _LOCATION,
        "hot_desking": _NO_PEOPLE,
        "skills": f"{_NO_PEOPLE}; skills decide which of them a queue has as members",
        "extension": f"{_NO_PEOPLE}; their phone has the name in a variable",
    },
    "extension": {"recording.keep_days": _NO_RETENTION},
    "trunk": {"label": _COMMENT, "site": _NO_SITES},
    "outbound_route": {"label": _COMMENT},
    "calendar": {"label": _COMMENT, "holidays.*.name": _NO_REASONS},
    "schedule": {
        "label": _COMMENT,
        "holidays.*.name": _NO_REASONS,
        "exceptions.*.reason": _NO_REASONS,
    },
    "prompt": {
        "label": "Asterisk knows sounds by the names of their files",
        "languages.*.text": _SOUND,
        "languages.*.audio": _SOUND,
    },
    "queue": {
        "label": _COMMENT,
        "site": _NO_SITES,
        "service_level.percent": "app_queue counts calls within a time, and has no target for them",
        "skills": "app_queue knows no skills; they decide which people are written as members",
        "members.*.team": _NO_TEAMS,
        "recording.keep_days": _NO_RETENTION,
    },
    "ring_group": {"label": _COMMENT},
    "ivr": {
        "label": _COMMENT,
        "language": "every prompt stands in the dialplan as the sound of the language that it has",
        **dict.fromkeys(
            (
                "nodes.*.play.label",
                "nodes.*.menu.label",
                "nodes.*.hours.label",
                "nodes.*.switch.label",
                "nodes.*.collect.label",
                "nodes.*.goto.label",
                "nodes.*.queue.label",
                "nodes.*.dial.label",
                "nodes.*.voicemail.label",
                "nodes.*.hangup.label",
                "nodes.*.callers.label",
            ),
            _COMMENT,
        ),
    },
    "number": {"label": _COMMENT, "site": _NO_SITES},
    "switch": {"label": _COMMENT, "site": _NO_SITES},
    "feature_code": {"label": _COMMENT},
}
"""Fields for which an Asterisk has no place, with the reason that people are given."""

WRITTEN_ONLY: Mapping[str, tuple[str, ...]] = {
    "extension": (
        "label",
        "number",
        "area",
        "desk",
        "device",
        "voicemail.greeting",
        "pickup_group",
        "rights",
        "recording.when",
        "recording.notice",
        "recording.folder",
        "forward.always",
        "forward.busy",
        "forward.no_answer",
        "forward.unavailable",
        "follow_me.*.extension",
        "follow_me.*.number",
        "follow_me.*.ring_for",
    ),
    "trunk": (
        "host",
        "addresses",
        "port",
        "transport",
        "username",
        "registers",
        "number_format",
        "inbound_number_format",
        "country",
    ),
    "outbound_route": (
        "site",
        "patterns",
        "strip",
        "prepend",
        "permission",
        "trunks",
        "emergency",
    ),
    "calendar": (
        "holidays.*.date",
        "holidays.*.every",
        "holidays.*.until",
        "holidays.*.hours",
    ),
    "schedule": (
        "timezone",
        "weekly",
        "seasons.*.date",
        "seasons.*.every",
        "seasons.*.until",
        "seasons.*.weekly",
        "calendars",
        "holidays.*.date",
        "holidays.*.every",
        "holidays.*.until",
        "holidays.*.hours",
        "exceptions.*.date",
        "exceptions.*.every",
        "exceptions.*.until",
        "exceptions.*.hours",
        "exceptions.*.closed",
        "closed_by",
    ),
    "ivr": (
        "nodes.*.callers.callers.*.list",
        "nodes.*.callers.callers.*.to",
        "extension",
        "start",
        "nodes.*.hours.holiday",
        "nodes.*.play.then",
        "nodes.*.menu.choices",
        "nodes.*.menu.on_timeout",
        "nodes.*.collect.on_timeout",
        "nodes.*.menu.retries",
        "nodes.*.menu.dial_extensions",
        "nodes.*.menu.dial_sites",
        "nodes.*.collect.choices",
        "nodes.*.collect.prompt",
        "nodes.*.collect.save_as",
        "nodes.*.collect.min_digits",
        "nodes.*.collect.max_digits",
        "nodes.*.collect.timeout",
        "nodes.*.collect.retries",
        "nodes.*.dial.extension",
        "nodes.*.dial.number",
        "nodes.*.dial.ring_for",
        "nodes.*.switch.switch",
        "nodes.*.switch.off",
    ),
    "number": ("callers.*.list", "callers.*.to", "trunk", "closed", "switch"),
}
"""Fields that are written, and that an edit of the files does not change yet: it shows as lines.

The conformance suite passes over edits of them by hand. Each that is read back leaves this table;
it ends with the last one.
"""

SHOWN_AS_LINES = (
    "site",
    "extension",
    "trunk",
    "outbound_route",
    "calendar",
    "schedule",
    "ivr",
    "number",
)
"""Kinds of which an object that somebody adds to the files shows as lines yet, not as that object."""

READ_BACK: Mapping[str, tuple[str, ...]] = {
    "site": ("emergency_callback",),
    "caller_list": ("numbers", "prefixes", "withheld"),
    "team": (),
    "user": (),
    "extension": (
        "site",
        "caller_id.name",
        "caller_id.number",
        "ring_for",
        "voicemail.pin",
        "voicemail.email",
        "voicemail.delete_after_email",
        "permissions",
        "secret",
    ),
    "trunk": ("secret", "codecs", "from_user", "from_domain", "max_calls", "caller_id"),
    "outbound_route": ("caller_id",),
    "calendar": (),
    "schedule": (),
    "prompt": (),
    "switch": ("default",),
    "feature_code": ("code", "action", "queue", "reason", "switch", "sites"),
    "queue": (
        "keys",
        "member_rights",
        "caller_rights",
        "recording.when",
        "recording.notice",
        "recording.folder",
        "caller_name_prefix",
        "members.*.user",
        "members.*.extension",
        "members.*.penalty",
        "members.*.login",
        "extension",
        "overflow.full",
        "overflow.after",
        "strategy",
        "max_waiting",
        "ring_for",
        "retry",
        "wrap_up",
        "weight",
        "service_level.within",
        "hours",
        "announcements.welcome",
        "announcements.position",
        "announcements.wait_time",
        "announcements.every",
        "announcements.periodic",
        "announcements.periodic_every",
        "music",
        "overflow.to",
        "overflow.empty",
    ),
    "ring_group": ("extension", "strategy", "members", "ring_for", "no_answer"),
    "ivr": (
        "nodes.*.callers.others",
        "nodes.*.switch.on",
        "nodes.*.play.prompt",
        "nodes.*.menu.prompt",
        "nodes.*.menu.timeout",
        "nodes.*.menu.on_invalid",
        "nodes.*.hours.schedule",
        "nodes.*.hours.open",
        "nodes.*.hours.closed",
        "nodes.*.collect.then",
        "nodes.*.goto.to",
        "nodes.*.queue.queue",
        "nodes.*.queue.priority",
        "nodes.*.dial.on_no_answer",
        "nodes.*.voicemail.mailbox",
        "nodes.*.hangup.prompt",
    ),
    "number": ("caller_name_prefix", "to", "hours", "holiday", "on"),
}
"""Fields that are written to the include files, and read back from there."""

SUPPORTS: Mapping[str, Support] = {
    kind: placed(
        kind,
        mapped=(*fields, *WRITTEN_ONLY.get(kind, ())),
        kept=KEPT.get(kind),
        needs_reload=True,
        atomic=True,
    )
    for kind, fields in READ_BACK.items()
}
"""Kinds that are not named are on no Asterisk, such as wallboards, or are not compiled for it yet."""
