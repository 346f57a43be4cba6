"""AMI's form: keys and values a line, a blank line after each message; bounded in every direction.

Source: doc "AMI v2 Specification"; what is claimed about a version was seen on 16.28 and 22.10.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from ccstate.adapters.asterisk import codes
from ccstate.errors import Diagnostic, InvalidInput, Unreadable

Header = tuple[str, str]

LONGEST_LINE = 64 * 1024
# `queue show` over 500 queues of 20 members, and GetConfig of 10,000 endpoints, are some 2 MB each.
LONGEST_MESSAGE = 16 * 1024 * 1024
LONGEST_LIST = 2_000_000
# Asterisk 16 and 22 drop a longer line without a word, and answer as if it had not been sent (seen).
LONGEST_SENT_LINE = 1022
# "Too many lines in message", says Asterisk from 129 on (16 and 22, seen); Action and ActionID count.
MOST_SENT_HEADERS = 120

_END = b"\r\n\r\n"


@dataclass(frozen=True, slots=True, eq=False)
class Message:
    r"""One message; keys in any case, and a key may come more than once.

    Bytes that are no UTF-8 are shown as `\xff`. Parsed on the first question only: of 10,000
    endpoints' details most lines are never looked at.
    """

    raw: bytes = field(repr=False)
    _first: dict[str, str] = field(default_factory=dict, repr=False)
    """The first value of each key, with what stands around it in its line."""

    def items(self) -> Iterator[tuple[str, str]]:
        """Yield all keys and values, in order, repeated ones too."""
        for line in self._lines():
            key, colon, value = line.partition(":")
            if colon:
                yield key, _bare(value)

    def _lines(self) -> list[str]:
        return self.raw.decode(errors="backslashreplace").split("\r\n")

    def _find(self, key: str) -> str | None:
        first = self._first
        if not first:
            for line in reversed(self._lines()):
                name, colon, value = line.partition(":")
                if colon:
                    first[name.lower()] = value
        found = first.get(key.lower())
        return None if found is None else _bare(found)

    def get(self, key: str, default: str = "") -> str:
        """Return the first value of a key."""
        found = self._find(key)
        return default if found is None else found

    def is_event(self, name: str) -> bool:
        """Whether it is an event of that name, which Asterisk says first."""
        return self.raw.startswith(b"Event: %b\r\n" % name.encode())

    def all(self, key: str) -> tuple[str, ...]:
        wanted = key.lower()
        return tuple(value for name, value in self.items() if name.lower() == wanted)

    def __contains__(self, key: str) -> bool:
        return self._find(key) is not None

    def __getitem__(self, key: str) -> str:
        """Return the first value of a key that has to be there; Unreadable where it is not."""
        found = self._find(key)
        if found is None:
            what = self.get("Event") or self.get("Response") or "message"
            raise Unreadable(codes.HEADER_MISSING(message=printable(what), key=key))
        return found

    def __repr__(self) -> str:
        """Show the kind of message without values: those may be secret."""
        return f"<AMI {self.get('Event') or self.get('Response') or 'message'}>"

    @property
    def output(self) -> tuple[str, ...]:
        """Return the lines that a CLI command printed."""
        return self.all("Output")


def _bare(value: str) -> str:
    return value.removeprefix(" ").rstrip("\n")


class Form:
    """The same keys of many messages of one kind: their lines mostly stand in the same places.

    Of the 143 lines of an endpoint's details (22.10) twenty are looked at. The first keys, as many
    as are `needed`, have to be there: Unreadable where one is not.
    """

    def __init__(self, keys: Sequence[str], *, needed: int) -> None:
        self._marks = [f"{key}: ".encode() for key in keys]
        self._needed = keys[:needed]
        self._keys = keys[needed:]
        self._places: list[int] = []
        self._size = 0

    def values(self, message: Message) -> list[str]:
        """Return the first values, in the order of the keys; "" for a key that is not there."""
        lines = message.raw.split(b"\r\n")
        if len(lines) == self._size:
            found = [lines[place] for place in self._places]
            if all(map(bytes.startswith, found, self._marks)):
                texts = zip(found, self._marks, strict=True)
                return [
                    line[len(mark) :].decode(errors="backslashreplace").rstrip("\n")
                    for line, mark in texts
                ]
        return self._searched(message, lines)

    def _searched(self, message: Message, lines: Sequence[bytes]) -> list[str]:
        """Search the keys of a message, and remember the places of this one."""
        places = [_place(lines, mark) for mark in self._marks]
        self._size = len(lines) if None not in places else 0
        self._places = [place for place in places if place is not None]
        return [*map(message.__getitem__, self._needed), *map(message.get, self._keys)]


def _place(lines: Sequence[bytes], mark: bytes) -> int | None:
    """Return the only line that begins so; None where there are none or several."""
    found = [place for place, line in enumerate(lines) if line.startswith(mark)]
    return found[0] if len(found) == 1 else None


class Splitter:
    """A stream of bytes, however it is cut, as messages."""

    def __init__(self) -> None:
        self._held = bytearray()
        self._searched = 0

    def feed(self, chunk: bytes) -> list[Message]:
        """The messages that this chunk completes; Unreadable where one is beyond all bounds."""
        self._held += chunk
        if self._held.find(_END, max(0, self._searched - len(_END) + 1)) < 0:
            self._searched = len(self._held)
            self._check_rest()
            return []
        *whole, rest = bytes(self._held).split(_END)
        self._held = bytearray(rest)
        self._searched = len(rest)
        self._check_rest()
        # "Unable to retrieve endpoint x\n" is followed by a line break too many (16 and 22, seen).
        return [_bounded(raw) for part in whole if (raw := part.lstrip(b"\r\n"))]

    def _check_rest(self) -> None:
        size = len(self._held)
        if size > LONGEST_MESSAGE:
            raise Unreadable(codes.MESSAGE_TOO_LARGE(what="a message", most=LONGEST_MESSAGE))
        if size > LONGEST_LINE and self._held.rfind(b"\n", size - LONGEST_LINE) < 0:
            raise Unreadable(codes.MESSAGE_TOO_LARGE(what="a line", most=LONGEST_LINE))


def _bounded(raw: bytes) -> Message:
    if len(raw) > LONGEST_MESSAGE:
        raise Unreadable(codes.MESSAGE_TOO_LARGE(what="a message", most=LONGEST_MESSAGE))
    if len(raw) > LONGEST_LINE and max(map(len, raw.split(b"\n"))) > LONGEST_LINE:
        raise Unreadable(codes.MESSAGE_TOO_LARGE(what="a line", most=LONGEST_LINE))
    return Message(raw)


def request_bytes(action: str, headers: Sequence[Header], action_id: str) -> bytes:
    """Return the bytes of a request; InvalidInput where a header could be read as anything else."""
    lines = [("Action", action), ("ActionID", action_id), *headers]
    problems = [problem for header in lines if (problem := _header_problem(action, header))]
    if len(lines) > MOST_SENT_HEADERS:
        problems.append(_unsendable(action, f"has {len(lines)} headers", "it has", ""))
    if problems:
        raise InvalidInput(problems)
    return "".join([f"{key}: {value}\r\n" for key, value in lines] + ["\r\n"]).encode()


def _header_problem(action: str, header: Header) -> Diagnostic | None:
    key, value = header
    line = f"{key}: {value}"
    if any(sign in line for sign in "\r\n\0"):
        why = "Asterisk would read the rest as a header, or an action, of its own"
        return _unsendable(
            action, f"has a line break or NUL in {printable(key)}", why, "take it out"
        )
    if not key or ":" in key or not key.isascii() or key != key.strip():
        why = "Asterisk would take another name for it"
        return _unsendable(action, f"has a header named {printable(key)!r}", why, "")
    try:
        size = len(line.encode())
    except UnicodeEncodeError:
        return _unsendable(action, f"has a value in {key} that is no text", "", "")
    if size > LONGEST_SENT_LINE:
        why = f"Asterisk drops lines beyond {LONGEST_SENT_LINE} bytes without a word"
        return _unsendable(action, f"has {size} bytes in {key}", why, "shorten it")
    return None


def _unsendable(action: str, what: str, why: str, hint: str) -> Diagnostic:
    return codes.UNSENDABLE(action=printable(action), what=what, why=why, hint=hint)


def printable(text: str) -> str:
    """Shorten a text of another program for a message: one line, not too long."""
    line = " ".join("".join(sign if sign.isprintable() else " " for sign in text).split())
    return line if len(line) <= 200 else f"{line[:199]}…"
