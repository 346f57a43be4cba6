"""Which keys a caller presses, where he is asked, and when: the caller of `journeys.walk`."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from ccstate.journeys.flow import Flow
from ccstate.journeys.walk import entered
from ccstate.journeys.ways import Event, Place, Way
from ccstate.kinds.fields import seconds

SETTLING = 0.5
"""Seconds after a place is entered until its first key. None at all was enough for Asterisk 16 and
22 on loopback (measured), for a key waits in the channel until Background or Read looks at it."""
AGAIN = 1.0
"""Seconds until the first key of another try."""
BETWEEN = 0.15
"""Seconds between the keys of one entry; Asterisk takes 45 ms at least (AST_MIN_DTMF_GAP)."""


DIGIT_TIMEOUT = 5
"""Seconds that Asterisk waits for the next digit of a number (main/pbx.c, `dtimeoutms`, 16 and 22)."""
SLOWER = 2
"""A prompt takes at most so many times the seconds that its words are counted as."""


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
                known = {way.key for way in flow.ways(place) if way.event is Event.KEY}
                return list(self._chosen(node, known, flow.next_keys(place)))
            case "collect":
                return list(self._collected(node))
            case _:
                return list(self._leaving(flow.ways(place)))

    def _leaving(self, ways: Sequence[Way]) -> Iterator[Press]:
        """Keys during a wait that a key can end: after the welcome, which takes none."""
        by_key = {way.key: way for way in ways if way.event is Event.KEY}
        if not ways[0].has_exits:
            return
        after = SETTLING + max(way.seconds for way in by_key.values()) * SLOWER
        entry = self._next()
        for place, key in enumerate(entry, 1):
            yield Press(after if place == 1 else BETWEEN, key)
            if key in by_key:
                self._put_back(entry[place:])
                return

    def _next(self) -> str:
        """The next entry, taken out; "" for silence."""
        return self._left.pop() if self._left else ""

    def _put_back(self, typed_ahead: str) -> None:
        if typed_ahead:
            self._left.append(typed_ahead)

    def _chosen(
        self, menu: Any, known: Collection[str], next_keys: Mapping[str, frozenset[str]]
    ) -> Iterator[Press]:
        after = SETTLING
        for _ in range(menu["retries"] + 1):
            entry = self._next()
            if not entry:
                return
            pressed, typed_ahead = entered(entry, next_keys)
            self._put_back(typed_ahead)
            for number, key in enumerate(pressed):
                yield Press(BETWEEN if number else after, key)
            if pressed in known:
                return
            after = AGAIN + (DIGIT_TIMEOUT if pressed in next_keys else 0)

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
