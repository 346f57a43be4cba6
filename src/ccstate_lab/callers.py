"""Callers on loopback, played by sipp: each dials one number, presses keys, and hangs up.

A caller is a carrier's, known to the site by its address, or a phone, known by its name and password.
Keys are sent as SIP INFO, which Asterisk takes whatever `dtmf_mode` an endpoint has (16.28, 22.10).
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from ccstate_lab import process, sipp
from ccstate_lab.etc import write_private
from ccstate_lab.process import Process
from ccstate_lab.sipp import Account
from ccstate_lab.site import Site

_NUMBER = re.compile(r"\+?[0-9*#]{2,20}")
_WORD = re.compile(r"[\w.+-]{1,40}")
_SILENCE = "silence.ulaw"
"""Sent over and over: without sound Asterisk never ends a key that comes where it looks for none
(16.28, seen)."""


class Press(NamedTuple):
    """A key, and the seconds from the answer, or from the key before, until it is pressed."""

    after: float
    key: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """Who calls: the address in From, and further headers, each with its line end."""

    sender: str
    headers: str = ""
    host: str = sipp.LOOPBACK
    """Where the call comes from: any of 127.0.0.0/8."""
    account: Account | None = None
    """Of a phone that calls; a carrier is known by its address."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """A call that was begun."""

    folder: Path
    process: Process


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a call ended, as its caller knows."""

    status: int
    """The final one; 0 where there was none before the caller gave up."""
    is_ended_by_site: bool
    """Whether the site ended it, once it was answered."""


def carrier(number: str, host: str) -> Caller:
    """A caller with that number, brought by the carrier at that address."""
    if not _NUMBER.fullmatch(number):
        raise ValueError(f"no number to call with: {number}")
    return Caller(sender=f"<sip:{number}@{host}>", host=host)


def phone(extension: str, account: Account, host: str = sipp.LOOPBACK) -> Caller:
    """The phone of an extension, at that address."""
    if not _WORD.fullmatch(extension):
        raise ValueError(f"no extension to call with: {extension}")
    return Caller(sender=f"<sip:{extension}@{host}>", host=host, account=account)


def dial(
    site: Site,
    number: str,
    caller: Caller,
    *,
    keys: Sequence[Press] = (),
    gives_up: float = 60.0,
    stays: float = 0.3,
) -> Call:
    """Begin a call; calls from one address at once may be given the same port, and then fail.

    `gives_up`: seconds until it is cancelled where there is no answer. `stays`: seconds from the
    answer, or from the last key, until the caller hangs up where the site has not.
    """
    if not _NUMBER.fullmatch(number):
        raise ValueError(f"no number to call: {number}")
    port = sipp.free_port(site, caller.host)
    folder = site.folder / "phones" / f"calling-{caller.host}-{port}"
    scenario = _scenario(number, caller, keys, gives_up, stays)
    write_private(folder / "calls.xml", scenario)
    write_private(folder / "messages.log", "")
    (folder / _SILENCE).write_bytes(b"\xff" * 8000)
    trace = ["-trace_msg", "-message_file", str(folder / "messages.log")]
    target = f"{sipp.LOOPBACK}:{site.sip_port}"
    options = ["-sf", "calls.xml", "-m", "1", "-mi", caller.host, *trace, target]
    return Call(folder=folder, process=sipp.begin(folder, port, options, host=caller.host))


def is_over(call: Call) -> bool:
    """Whether the caller has hung up, or was hung up on."""
    return not process.alive(call.process)


def outcome(call: Call, *, within: float) -> Outcome:
    """How a call ended; it is ended on the spot where it has not after so many seconds."""
    if not process.ended(call.process, within=within):
        process.kill(call.process)
    received = "\n".join(sipp.received(call.folder / "messages.log"))
    # A refusal for lack of a password is a question, where the caller has one.
    statuses = [int(found) for found in re.findall(r"^SIP/2\.0 ([2-6][0-9]{2})", received, re.M)]
    answers = [status for status in statuses if status != 401] or statuses
    return Outcome(answers[0] if answers else 0, bool(re.search("^BYE ", received, re.M)))


def _scenario(
    number: str, caller: Caller, keys: Sequence[Press], gives_up: float, stays: float
) -> str:
    """The scenario of a call: its challenge where the caller has an account, its keys, its end."""
    asked = {"number": number, "sender": caller.sender, "headers": caller.headers}
    presses = [
        sipp.scenario(
            "call-key", place=place, after=sipp.milliseconds(press.after), key=press.key, **asked
        )
        for place, press in enumerate(keys)
    ]
    account = caller.account
    challenge = sipp.scenario("call-challenge", proof=account.proof, **asked) if account else ""
    return sipp.scenario(
        "call",
        challenge=challenge,
        keys="".join(presses),
        sound=_SILENCE,
        gives_up=sipp.milliseconds(gives_up),
        stays=sipp.milliseconds(stays),
        **asked,
    )
