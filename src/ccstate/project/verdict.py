"""The verdict of all rules on a project: judged, or kept from a run that judged the same.

A verdict depends on nothing but what `_key` is made of: `tests/test_verdict.py` changes each
part of it, and compares what is kept with what is judged.
"""

import sys
import zoneinfo
from contextlib import suppress
from datetime import date
from hashlib import blake2b
from importlib.metadata import version
from pathlib import Path

from ccstate.desired import Desired, ParseCache, Settings
from ccstate.desired.cache import code_digest
from ccstate.desired.settings import FILE
from ccstate.errors import Diagnostic

JUDGING = (".", "desired", "dialling", "journeys", "kinds", "measures", "rules", "wall")
"""Packages of ccstate on whose code a verdict depends, and "." for the modules beside them."""
_LIBRARIES = ("phonenumbers", "pydantic", "tzdata")
"""What else decides: which numbers there are, what is valid, when clocks change."""


def verdict(
    settings: Settings, desired: Desired, today: date, cache: ParseCache
) -> list[Diagnostic]:
    """Judge a desired state without errors by all rules, sorted by place."""

    def read(file: str) -> bytes:
        return (settings.root / file).read_bytes()

    loaded = {**desired.keys, FILE: cache.key(read(FILE))}
    key = _key(settings, loaded, today)
    if (kept := cache.get_verdict(key)) is not None:
        return kept
    from ccstate.rules import Estate
    from ccstate.rules.judge import judge

    edited = set()

    def content(file: str) -> bytes:
        data = read(file)
        if cache.key(data) != loaded[file]:
            edited.add(file)
        return data

    problems = judge(Estate(desired.state, today), settings.rules, content)
    if not edited:  # places in a file that was edited meanwhile are not those of what was loaded
        cache.put_verdict(key, problems)
    return problems


def _key(settings: Settings, loaded: dict[str, str], today: date) -> str:
    parts = (
        list(loaded.items()),
        settings.defaults,
        settings.rules,
        today,
        sys.version,
        [version(library) for library in _LIBRARIES],
        _system_zones(),
    )
    digest = blake2b(repr(parts).encode(), digest_size=20, key=code_digest(*JUDGING))
    return digest.hexdigest()


def _system_zones() -> list[tuple[str, int]]:
    """When the time zones of the system were last replaced: they go before those of tzdata."""
    found = []
    for folder in zoneinfo.TZPATH:
        with suppress(OSError):
            found.append((folder, Path(folder).stat().st_mtime_ns))
    return found
