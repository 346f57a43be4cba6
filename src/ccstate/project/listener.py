"""What a program can learn while a project works."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import NamedTuple

from ccstate.errors import Diagnostic


class Progress(NamedTuple):
    """How far an apply is: `done` of `total` changes, and what is being done, in words."""

    plan_id: str
    done: int
    total: int
    doing: str


class Listener:
    """Receives progress and warnings; each method does nothing unless a subclass overrides it."""

    def stage(self, words: str) -> None:
        """A stage begins, such as `Reading pbx`; "" when it ends."""

    def remark(self, words: str) -> None:
        """A sentence about what is waited for, such as calls in progress."""

    def warn(self, warnings: Sequence[Diagnostic]) -> None:
        """Warnings, as soon as they are known; a result repeats those that it has."""

    def applying(self, progress: Progress) -> None:
        """An apply has made progress."""

    @contextmanager
    def during(self, words: str) -> Iterator[None]:
        """Reports a stage for as long as the block runs."""
        self.stage(words)
        try:
            yield
        finally:
            self.stage("")
