"""Many inputs by hand, each told by its number where it is a bad one."""

import random
import sys
from collections import Counter
from collections.abc import Callable

Fuzz = Callable[[random.Random], str]
"""Tries one input and returns what came of it; raises where that is bad."""


def chance_of(seed: object, number: int) -> random.Random:
    """The same chance for the same number, on every machine."""
    return random.Random(f"{seed} {number}")  # noqa: S311 - chance for a test, no secret


def run(fuzz: Fuzz, arguments: list[str]) -> int:
    """Tries HOW-MANY inputs of a SEED; how many were bad."""
    count, seed = (int(text) for text in (*arguments, "1000", "1")[:2])
    if len(arguments) == 1:
        count, seed = int(arguments[0]), 1
    bad, outcomes = 0, Counter[str]()
    for number in range(count):
        try:
            outcomes[fuzz(chance_of(seed, number))] += 1
        except Exception as error:  # noqa: BLE001 - each is what is looked for
            bad += 1
            sys.stdout.write(f"{seed} {number}: {type(error).__name__}: {str(error)[:500]}\n")
    sys.stdout.write(f"{count} inputs, {bad} bad: {dict(outcomes.most_common())}\n")
    return bad


def spoiled(chance: random.Random, raw: bytes) -> bytes:
    """The bytes with one thing wrong: cut, flipped, doubled, mixed up."""
    at = chance.randrange(len(raw) + 1)
    other = chance.randrange(len(raw) + 1)
    first, last = min(at, other), max(at, other)
    match chance.randrange(6):
        case 0:
            return raw[:at]
        case 1:
            return raw[:at] + bytes([chance.randrange(256)]) + raw[at + 1 :]
        case 2:
            return raw[:first] + raw[last:]
        case 3:
            return raw[:last] + raw[first:]
        case 4:
            return raw[:at] + chance.choice(ODD) + raw[at:]
        case _:
            return chance.choice(ODD)


ODD = (
    b"", b"\0", b"\xff\xfe", b"\xef\xbb\xbf", b"1", b"null", b"[]", b"{}", b"[[],[],[]]", b"\n", b"\r", b"---\n",
    b"*a", b"&a [*a]", b"!!python/object:os.system x", b"<<: {}", b"[" * 3000, b"x" * 100_000, b"\x1b[2J",
    "\u202e\u2028\ud7ff".encode(), b"\n::error::obey\n", b"\n##[error]obey\n",
)  # fmt: skip
