"""How the platform misbehaves when it is told to: for tests, and to show what ccstate makes of it."""

import time
from collections.abc import Sequence
from dataclasses import dataclass, field

from ccstate.adapters.embedded.connection import Fault
from ccstate.kinds.fields import duration, seconds
from ccstate.model import Address, Edit, Fields, Json, Why, canonical, edited


@dataclass(slots=True)
class Faults:
    """The faults of a connection, and how often each has struck, over all runs."""

    faults: Sequence[Fault]
    counts: dict[str, int] = field(default_factory=dict)

    def strike(self, address: Address) -> Fault | None:
        """What befalls a change of this object; slowness is over when this returns."""
        for fault in self.faults:
            if not (_meets(fault, address) and self._has_strikes_left(fault)):
                continue
            if fault.times is not None:
                self.counts[_key(fault)] = self.counts.get(_key(fault), 0) + 1
            if fault.duration is None:
                return fault
            time.sleep(seconds(fault.duration))
        return None

    def _has_strikes_left(self, fault: Fault) -> bool:
        return fault.times is None or self.counts.get(_key(fault), 0) < fault.times


def _key(fault: Fault) -> str:
    return canonical(fault.model_dump(exclude_none=True)).decode()


def _meets(fault: Fault, address: Address) -> bool:
    return fault.on in ("*", f"{address.kind}/*", str(address))


def altered(fields: Fields, path: str) -> Fields:
    """The fields with another value at the path, of the same type where there was one."""
    value: Json = dict(fields)
    for part in path.split("."):
        value = value.get(part) if isinstance(value, dict) else None
    return edited(fields, [Edit(path, value, _another(value), why=Why.BY_HAND)])


def _another(value: Json) -> Json:
    match value:
        case bool():
            return not value
        case int() | float():
            return value + 1
        case list():
            return value[:-1]
        case dict():
            return dict(list(value.items())[:-1])
        case str():
            return _another_text(value)
        case None:
            return "altered"


def _another_text(text: str) -> str:
    try:
        return duration(seconds(text) + 1)
    except ValueError:
        return f"{text}-altered"
