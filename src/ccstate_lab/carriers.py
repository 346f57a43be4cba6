"""Carriers on loopback, played by sipp: they take the calls of a site's trunks, and keep a record."""

import re
from dataclasses import dataclass
from pathlib import Path

from ccstate_lab import callers, process, sipp
from ccstate_lab.etc import write_private
from ccstate_lab.process import Process
from ccstate_lab.site import Site


@dataclass(frozen=True, slots=True, kw_only=True)
class Carrier:
    """A carrier that listens there; trunks may register with it, by any name."""

    host: str
    port: int
    folder: Path
    process: Process


@dataclass(frozen=True, slots=True)
class Invite:
    """A call as it arrived."""

    uri: str
    """The request's: `sip:+61255501000@127.0.0.1:5080`."""
    headers: tuple[tuple[str, str], ...]
    body: str

    def get(self, name: str) -> str:
        """The first header of that name, in any case; empty where there is none."""
        return next((value for key, value in self.headers if key.lower() == name.lower()), "")

    def all(self, name: str) -> tuple[str, ...]:
        return tuple(value for key, value in self.headers if key.lower() == name.lower())


def answer(site: Site, *, host: str = sipp.LOOPBACK, port: int = 0, after: float = 0.2) -> Carrier:
    """Start a carrier that answers each call after so many seconds; `port` 0: a free one of the site.

    `host`: any of 127.0.0.0/8, so that a site can tell carriers from phones by their address.
    """
    return _started(site, host, port, sipp.answering(after))


def refuse(
    site: Site,
    *,
    host: str = sipp.LOOPBACK,
    port: int = 0,
    status: str = "503 Service Unavailable",
) -> Carrier:
    """Start a carrier that refuses each call with a status."""
    return _started(site, host, port, sipp.scenario("refuse", status=status))


WITHHELD = "withheld"
"""The caller who does not want to show a number: the carrier knows it, and asks to keep it private."""
_PRIVATE = "+61255509999"
_NUMBER = re.compile(r"\+?[0-9]{2,20}")


def call(
    site: Site, number: str, caller: str, *, host: str, name: str = "", within: float = 20.0
) -> int:
    """Call the site from a host of the carrier, and hang up once answered; the final status.

    `number` and `caller` are sent as they are given: digits, with or without a plus. `name`:
    letters and spaces, shown by the caller. 0 where nothing was answered within so many seconds.
    """
    number_of_caller = _PRIVATE if caller == WITHHELD else caller
    if not _NUMBER.fullmatch(number) or not _NUMBER.fullmatch(number_of_caller):
        raise ValueError(f"no numbers to call with: {number} from {caller}")
    if not re.fullmatch(r"[A-Za-z ]*", name):
        raise ValueError(f"no name to call with: {name}")
    known = f"<sip:{number_of_caller}@{host}>"
    sender, more = f'"{name}" {known}' if name else known, ""
    if caller == WITHHELD:
        # RFC 3323 and 3325: the number is for the next exchange alone.
        sender = '"Anonymous" <sip:anonymous@anonymous.invalid>'
        more = f"P-Asserted-Identity: {known}\nPrivacy: id\n"
    began = callers.dial(site, number, callers.Caller(sender=sender, headers=more, host=host))
    return callers.outcome(began, within=within).status


def stop(carrier: Carrier) -> None:
    process.kill(carrier.process)


def invites(carrier: Carrier) -> tuple[Invite, ...]:
    """The calls that arrived at a carrier since it started, each once, in their order."""
    found: dict[str, Invite] = {}
    for message in sipp.received(carrier.folder / "messages.log"):
        head, _, body = message.partition("\n\n")
        request, *lines = head.splitlines()
        method, _, rest = request.partition(" ")
        if method != "INVITE":
            continue
        pairs = (line.partition(":") for line in lines)
        headers = tuple((name.strip(), value.strip()) for name, _, value in pairs)
        invite = Invite(rest.rpartition(" ")[0], headers, body.strip())
        if ";tag=" not in invite.get("To"):  # with a tag: a call that is up is changed
            found.setdefault(invite.get("Call-ID"), invite)
    return tuple(found.values())


def _started(site: Site, host: str, port: int, scenario: str) -> Carrier:
    port = port or sipp.free_port(site)
    folder = site.folder / "phones" / f"carrier-{host}-{port}"
    write_private(folder / "called.xml", scenario)
    write_private(folder / "messages.log", "")
    trace = ["-trace_msg", "-message_file", str(folder / "messages.log")]
    started = sipp.start(folder, port, ["-sf", "called.xml", *trace], host=host)
    return Carrier(host=host, port=port, folder=folder, process=started)
