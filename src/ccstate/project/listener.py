"""The progress and the warnings that a program can receive while a project works."""

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import NamedTuple

from ccstate.errors import Diagnostic


class Progress(NamedTuple):
    """The progress of an apply: `done` of `total` changes, and what is being done, in words."""

    plan_id: str
    done: int
    total: int
    doing: str


class Listener:
    """A receiver of progress and warnings; each method does nothing unless a subclass overrides it."""

    def stage(self, words: str) -> None:
        """Note that a stage begins, such as `Reading pbx`; "" when it ends."""

    def remark(self, words: str) -> None:
        """Note what is waited for, in a sentence, such as calls in progress."""

    def warn(self, warnings: Sequence[Diagnostic]) -> None:
        """Receive warnings as soon as they are known; a result repeats those that it has."""

    def applying(self, progress: Progress) -> None:
        """Note that an apply has made progress."""

    def is_confirmed(self, seconds: float) -> bool:
        """Wait so long for a word of the user that a change stays; a terminal asks for a key."""
        time.sleep(seconds)
        return False

    @contextmanager
    def during(self, words: str) -> Iterator[None]:
        """Report a stage for as long as the block runs."""
        self.stage(words)
        try:
            yield
        finally:
            self.stage("")
