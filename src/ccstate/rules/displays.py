"""Rules about wallboards: tiles that show nothing, thresholds that never fit."""

from collections.abc import Iterator
from typing import Any

from ccstate.errors import Severity
from ccstate.journeys.centre import Filled
from ccstate.kinds import Path
from ccstate.model import Address
from ccstate.rules.rule import Breach, Estate, Reach, Rule

_SECONDS = {"s": 1, "m": 60, "h": 3600}
_UNITS = {
    "waiting": "count",
    "answered": "count",
    "abandoned": "count",
    "agents_ready": "count",
    "agents_paused": "count",
    "longest_wait": "duration",
    "average_speed_of_answer": "duration",
    "average_handle_time": "duration",
    "service_level": "percentage",
    "abandon_rate": "percentage",
}
_EXAMPLES = {"count": '"5"', "duration": "2m", "percentage": "80%"}
_ALARM_WHEN_LOW = frozenset({"service_level", "agents_ready"})
# Whether many answered calls are good news depends on who looks.
_ALARM_EITHER_WAY = frozenset({"answered"})


def _shows_nothing(estate: Estate) -> Iterator[Breach]:
    for name, display in estate.of("display").items():
        address = Address("display", name)
        if not display["tiles"]:
            yield Breach(
                address,
                ("tiles",),
                f"{address} has no tiles",
                "The screen stays empty, and no supervisor sees that callers wait.",
                "add a tile with the queues and the measure it shows, or remove the display",
            )
        first: dict[Any, int] = {}
        for place, tile in enumerate(display["tiles"]):
            what = tile.get("measure") or f"the list of {tile.get('list')}"
            shown = (what, tile.get("team"), frozenset(tile["queues"]))
            if first.setdefault(shown, place) != place:
                yield Breach(
                    address,
                    ("tiles", place),
                    f"{address} shows {what} of {_queues(tile)} twice",
                    "The second tile takes the place of another one.",
                    "keep one of the two, or correct its measure or queues",
                )


def _queues(tile: Filled) -> str:
    first, *more = tile["queues"]
    return f"queue/{first}" + (f" and {len(more)} more" if more else "")


def _thresholds(estate: Estate) -> Iterator[Breach]:
    for name, display in estate.of("display").items():
        for place, tile in enumerate(display["tiles"]):
            found = list(_wrong_units(Address("display", name), ("tiles", place), tile))
            yield from found or _wrong_order(Address("display", name), ("tiles", place), tile)


def _wrong_units(address: Address, path: Path, tile: Filled) -> Iterator[Breach]:
    measure = tile.get("measure")
    if measure not in _UNITS:
        return
    unit = _UNITS[measure]
    for field in ("warn", "alarm"):
        threshold = tile.get(field)
        if threshold is None:
            continue
        if _unit(threshold) != unit:
            yield Breach(
                address,
                (*path, field),
                f"{field} of {measure} is a {_unit(threshold)}, {threshold}",
                f"{measure} is a {unit}, so the tile never changes its colour as it is meant to.",
                f"write a {unit}, such as {_EXAMPLES[unit]}",
            )
        elif unit == "percentage" and _size(threshold) > 100:
            yield Breach(
                address,
                (*path, field),
                f"{field} of {measure} is above 100%",
                "The figure never gets there, so the tile never changes its colour as it is meant to.",
                "write a percentage from 0% to 100%",
            )


def _wrong_order(address: Address, path: Path, tile: Filled) -> Iterator[Breach]:
    measure, warn, alarm = tile.get("measure"), tile.get("warn"), tile.get("alarm")
    if warn is None or alarm is None or measure in _ALARM_EITHER_WAY:
        return
    lower, higher = (alarm, warn) if measure in _ALARM_WHEN_LOW else (warn, alarm)
    if _size(lower) > _size(higher):
        worse = "falls" if measure in _ALARM_WHEN_LOW else "rises"
        yield Breach(
            address,
            (*path, "alarm"),
            f"{measure} turns red at {alarm}, before it turns amber at {warn}",
            f"Things get worse when {measure} {worse}: the tile is red at once, "
            "and no supervisor is warned in time.",
            "swap warn and alarm",
        )


def _unit(threshold: str) -> str:
    if threshold.endswith("%"):
        return "percentage"
    return "duration" if threshold[-1] in _SECONDS else "count"


def _size(threshold: str) -> int:
    """Return a threshold as a number, durations in seconds."""
    return int(threshold.rstrip("%hms")) * _SECONDS.get(threshold[-1], 1)


RULES: tuple[Rule, ...] = (
    Rule(
        "CC241",
        "wallboard-shows-nothing",
        Severity.WARNING,
        "A wallboard has no tiles, or the same one twice",
        _shows_nothing,
        Reach.JOINED,
    ),
    Rule(
        "CC242",
        "threshold-does-not-fit",
        Severity.WARNING,
        "A threshold has the wrong unit, or red comes before amber",
        _thresholds,
        Reach.JOINED,
    ),
)
