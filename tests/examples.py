"""How many examples a property is tried with, by the profile that runs."""

from hypothesis import settings


def scaled(count: int) -> int:
    """The examples of a property that wants `count` of them in continuous integration.

    Fewer where the profile has fewer than its hundred: on a developer's machine, in a fast run.
    """
    return max(1, count * min(settings().max_examples, 100) // 100)
