"""What of this machine and its network ccstate uses, said outside of every branch: programs, hosts.

A branch chooses neither a program that is started nor a host that is logged in to: both are
read from the environment, which the user who runs ccstate sets.
Why: docs/adr/0018-what-a-branch-can-contain-is-not-trusted.md.
"""

import os
import re
import shlex
import shutil
from collections.abc import Iterable
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from pathlib import Path

from ccstate import codes
from ccstate.errors import Diagnostic, InvalidInput

HOSTS = "CCSTATE_HOSTS"
"""Variable with hosts that may be logged in to, between blanks: `pbx.example.org 10.1.0.0/16`."""

_LABEL = r"[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?"
# A star stands for whole names below a domain: in any other place it would match the names that a
# stranger may register, such as 10.1.evil.example for 10.1.*.
_NAME = re.compile(rf"({_LABEL}\.)*{_LABEL}|\*(\.{_LABEL}){{2,}}")
_WIDEST = {4: 8, 6: 16}
"""Shortest prefix of a network by version of IP: fewer bits would allow the Internet."""


def program(name: str) -> str | None:
    """Find a program on the PATH, whose relative folders are passed over; None where none.

    A relative folder, `.` or an empty entry, would be one of the branch.
    """
    folders = os.environ.get("PATH", os.defpath).split(os.pathsep)
    absolute = [folder for folder in folders if Path(folder).is_absolute()]
    return shutil.which(name, path=os.pathsep.join(absolute))


def command(variable: str) -> tuple[str, ...]:
    """Read the command in a variable and find its program; empty where nothing is said.

    Raises InvalidInput where the program is not there, or is named by a relative path.
    """
    said = os.environ.get(variable, "")
    try:
        words = shlex.split(said)
    except ValueError:
        raise InvalidInput(
            codes.PROGRAM_UNUSABLE(variable=variable, why="a quote has no end", said=said)
        ) from None
    if not words:
        return ()
    name, *arguments = words
    if "/" in name and not Path(name).is_absolute():
        why = "a relative path would lead into the branch that is looked at"
        raise InvalidInput(codes.PROGRAM_UNUSABLE(variable=variable, why=why, said=said))
    found = program(name)
    if found is None:
        raise InvalidInput(
            codes.PROGRAM_UNUSABLE(
                variable=variable, why=f"{name} is no program on this machine", said=said
            )
        )
    return (found, *arguments)


def check_hosts(hosts: Iterable[str]) -> None:
    """Refuse hosts that may not be logged in to; loopback always may."""
    entries = os.environ.get(HOSTS, "").split()
    wrong = [
        codes.HOSTS_TOO_WIDE(variable=HOSTS, entry=entry)
        for entry in entries
        if not _is_narrow(entry)
    ]
    if wrong:
        raise InvalidInput(wrong)
    strange = [host for host in dict.fromkeys(hosts) if not _is_allowed(_normalized(host), entries)]
    if strange:
        raise InvalidInput(_not_allowed(strange, entries))


def _normalized(host: str) -> str:
    return host.lower().removesuffix(".")


def _is_narrow(entry: str) -> bool:
    try:
        network = ip_network(entry)
    except ValueError:
        return _NAME.fullmatch(_normalized(entry)) is not None
    return network.prefixlen >= _WIDEST[network.version]


def _is_allowed(host: str, entries: list[str]) -> bool:
    try:
        address = ip_address(host)
    except ValueError:
        names = [_normalized(entry) for entry in entries]
        return host == "localhost" or any(
            host == name or (name.startswith("*.") and host.endswith(name[1:])) for name in names
        )
    if address.is_loopback:
        return True
    return any(_has(entry, address) for entry in entries)


def _has(entry: str, address: IPv4Address | IPv6Address) -> bool:
    try:
        return address in ip_network(entry)
    except ValueError:
        return False


def _not_allowed(hosts: list[str], entries: list[str]) -> Diagnostic:
    return codes.HOST_NOT_ALLOWED(
        hosts=", ".join(hosts),
        are="is not" if len(hosts) == 1 else "are not",
        variable=HOSTS,
        allowed=shlex.quote(" ".join([*entries, *hosts])),
    )
