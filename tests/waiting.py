"""Waiting for what must happen, however slow the machine is: no test waits in any other way."""

import time
from collections.abc import Callable
from typing import TypeVar

import pytest

Found = TypeVar("Found")

GENEROUS = 120.0
"""Seconds after which nobody believes any more that it will happen; no test is as slow as that."""


def until(found: Callable[[], Found | None], what: str, *, within: float = GENEROUS) -> Found:
    """What the function finds, asked again and again until it finds something.

    `what`: the sentence that is to become true, for who reads that it did not.
    """
    end = time.monotonic() + within
    while True:
        late = time.monotonic() > end
        if seen := found():
            return seen
        if late:
            pytest.fail(f"not after {within:.0f} seconds: {what}")
        time.sleep(0.02)
