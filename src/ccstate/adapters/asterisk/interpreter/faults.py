"""What stops the interpreter: a step that it does not know, or a fact that the caller's world decides."""

from ccstate.adapters.asterisk.conf import Option


class NotFollowed(Exception):
    """A step that is not interpreted: its line, where it is known, and the reason."""

    def __init__(self, reason: str, line: Option | None = None) -> None:
        super().__init__(reason, line)
        self.reason, self.line = reason, line

    def at(self, line: Option) -> "NotFollowed":
        """The same with a line, where it has none yet."""
        return self if self.line else NotFollowed(self.reason, line)


class Undecided(Exception):
    """A fact about the world that the dialplan asks for, and the values that it can have."""

    def __init__(self, fact: str, values: tuple[str, ...]) -> None:
        super().__init__(fact, values)
        self.fact, self.values = fact, values


class UndecidedTime(Exception):
    """A condition on the clock that holds at some of the moments of a call, and at others not."""

    def __init__(self, holds: int) -> None:
        super().__init__(holds)
        self.holds = holds
