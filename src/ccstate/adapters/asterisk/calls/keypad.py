"""Which keys a caller presses, where he is asked, and when: the caller of `journeys.walk`."""

from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

from ccstate.journeys.flow import Flow
from ccstate.journeys.ways import Place
from ccstate.kinds.fields import seconds

SETTLING = 0.5
"""Seconds after a place is entered until its first key. None at all was enough for Asterisk 16 and
22 on loopback (measured), for a key waits in the channel until Background or Read looks at it."""
AGAIN = 1.0
"""Seconds until the first key of another try."""
BETWEEN = 0.15
"""Seconds between the keys of one entry; Asterisk takes 45 ms at least (AST_MIN_DTMF_GAP)."""


class Press(NamedTuple):
    """A key, and the seconds after the one before it, or after the place was entered."""

    after: float
    key: str


class Keypad:
    """The entries that are left; see `walk` for what an entry is."""

    def __init__(self, entries: Iterable[str]) -> None:
        self._left = list(entries)[::-1]

    def asked(self, flow: Flow, place: Place) -> list[Press]:
        """What is pressed at a place when a call comes there; nothing where nothing is asked."""
        node = flow.centre.of(place.kind).get(place.name, {}).get("nodes", {}).get(place.node, {})
        match node.get("type"):
            case "menu":
                return list(self._chosen(node))
            case "collect":
                return list(self._collected(node))
            case _:
                return []

    def _next(self) -> str:
        """The next entry, taken out; "" for silence."""
        return self._left.pop() if self._left else ""

    def _put_back(self, typed_ahead: str) -> None:
        if typed_ahead:
            self._left.append(typed_ahead)

    def _chosen(self, menu: Any) -> Iterator[Press]:
        after = SETTLING
        for _ in range(menu["retries"] + 1):
            entry = self._next()
            if not entry:
                return
            self._put_back(entry[1:])
            yield Press(after, entry[0])
            if entry[0] in menu["choices"]:
                return
            after = AGAIN

    def _collected(self, question: Any) -> Iterator[Press]:
        most, after = question["max_digits"], SETTLING
        for _ in range(question["retries"] + 1):
            entry = self._next()
            if not entry:
                return
            head, ended, _ = entry.partition("#")
            digits = head[:most]
            is_ended = len(head) < most and bool(ended)
            pressed = f"{digits}#" if is_ended else digits
            self._put_back(entry[len(pressed) :])
            for number, key in enumerate(pressed):
                yield Press(BETWEEN if number else after, key)
            if len(digits) >= question["min_digits"] and "*" not in digits:
                return
            waits = 0 if is_ended or len(digits) >= most else seconds(question["timeout"])
            after = waits + AGAIN
