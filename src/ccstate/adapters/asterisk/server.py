"""An Asterisk that is being worked with: its folders, and a way to its manager interface."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass

from ccstate.adapters.asterisk.ami import Ami
from ccstate.adapters.asterisk.storage import Storage


@dataclass(frozen=True, slots=True)
class Server:
    """The configuration folder, ways to Asterisk and to its spool folder, and whether calls may be tested."""

    storage: Storage
    connect: Callable[[], Ami]
    is_test_site: bool
    spool: Callable[[], AbstractContextManager[Storage]]
