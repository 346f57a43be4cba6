"""How the work of a function grows with its input, on whatever machine: calls are counted, not seconds.

Seconds are for benchmarks/.
"""

import sys
from collections.abc import Callable
from types import FrameType


def calls(work: Callable[[], object]) -> int:
    """How many functions are called by that, Python's and C's."""
    count = 0

    def counted(_frame: FrameType, event: str, _argument: object) -> None:
        nonlocal count
        count += event in ("call", "c_call")

    before = sys.getprofile()
    sys.setprofile(counted)
    try:
        work()
    finally:
        sys.setprofile(before)
    return count


def is_linear(work: Callable[[int], object], small: int) -> bool:
    """Whether four times as much is at most five times the work; quadratic would be sixteen times.

    `work` is done once before, for what is made only once.
    """
    work(small)
    return calls(lambda: work(4 * small)) <= 5 * calls(lambda: work(small))
