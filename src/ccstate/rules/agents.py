"""Rules about agents who log in and out."""

from collections.abc import Iterator

from ccstate.errors import Severity
from ccstate.journeys.staffing import Presence, presence
from ccstate.model import Address
from ccstate.rules.rule import Estate, Found, Reach, Rule


def _nobody_logged_in(estate: Estate) -> Iterator[Found]:
    for name, queue in estate.of("queue").items():
        if presence(estate.centre, queue) is not Presence.UNCERTAIN:
            continue
        if (queue.get("overflow") or {}).get("empty"):
            continue
        yield Found(
            Address("queue", name),
            ("members",) if "members" in queue else (),
            f"callers wait in queue/{name} while nobody is logged in",
            "Everybody who can answer it logs in and out, and overflow.empty does not say where "
            "callers go when nobody is there.",
            "add overflow.empty:, such as a mailbox, or a member with login: static",
        )


RULES: tuple[Rule, ...] = (
    Rule(
        "CC270",
        "nobody-logged-in",
        Severity.WARNING,
        "A queue in which callers wait while nobody is logged in",
        _nobody_logged_in,
        Reach.JOINED,
    ),
)
