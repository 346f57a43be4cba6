"""The few words that the lab itself exchanges with a site over AMI."""

import time
from contextlib import suppress
from typing import TYPE_CHECKING

from ccstate.adapters.asterisk.ami import Ami, Login
from ccstate.errors import Unreadable
from ccstate.lab.process import alive

if TYPE_CHECKING:
    from ccstate.lab.site import Site


def fully_booted(site: "Site", *, within: float) -> bool:
    """Whether it has loaded everything; waits for so many seconds, and as long as it runs."""
    deadline = time.monotonic() + within
    while alive(site.process) and (remaining := deadline - time.monotonic()) > 0:
        try:
            with Ami.connect(_login(site, timeout=remaining)):
                return True
        except Unreadable:  # it does not listen yet
            time.sleep(0.01)
    return False


def told_to_stop(site: "Site") -> bool:
    """Whether it could be told."""
    try:
        ami = Ami.connect(_login(site, timeout=2.0))
    except Unreadable:
        return False
    with ami, suppress(Unreadable):  # it may be faster than its answer
        ami.command("core stop now")
    return True


def _login(site: "Site", *, timeout: float) -> Login:
    return Login(site.ami_host, site.ami_port, site.lab_username, site.lab_secret, timeout=timeout)
