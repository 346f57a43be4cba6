"""The few words that the lab itself exchanges with a site over AMI."""

import time
from contextlib import suppress
from dataclasses import replace

from ccstate.adapters.asterisk.ami import Ami, Login
from ccstate.errors import Unreadable
from ccstate.lab.process import Process, alive


def fully_booted(process: Process, login: Login, *, within: float) -> bool:
    """Whether it has loaded everything; waits for so many seconds, and as long as it runs."""
    deadline = time.monotonic() + within
    while alive(process) and (remaining := deadline - time.monotonic()) > 0:
        try:
            with Ami.connect(replace(login, timeout=remaining)):
                return True
        except Unreadable:  # it does not listen yet
            time.sleep(0.01)
    return False


def told_to_stop(login: Login) -> bool:
    """Whether it could be told."""
    try:
        ami = Ami.connect(replace(login, timeout=2.0))
    except Unreadable:
        return False
    with ami, suppress(Unreadable):  # it may be faster than its answer
        ami.command("core stop now")
    return True
