"""A call to be placed, the port to a SIP client that places it, and what goes wrong."""

import re
import secrets
from collections.abc import Iterable
from dataclasses import dataclass, field
from types import TracebackType
from typing import Protocol, Self

from ccstate.adapters.asterisk.ami.message import shown
from ccstate.errors import Diagnostic, InvalidInput

SIPP = "CCSTATE_SIPP"
"""Variable with the command that places calls."""


def no_number(text: str) -> Diagnostic:
    return Diagnostic(
        "CC480",
        f'no call can be placed with "{shown(text)}": it is no number',
        cause="a test call dials digits only, and shows digits only",
        hint="write it as in +61255501000",
    )


def no_call(number: str) -> Diagnostic:
    return Diagnostic(
        "CC480",
        f"no call can be placed to {shown(number)} at that moment",
        cause="the moment lies before 1970, or too far ahead",
        hint="correct `at` of the call test",
    )


def no_entrance(host: str, port: int) -> Diagnostic:
    return Diagnostic(
        "CC481",
        f"no test call can be placed at {shown(host)}:{port}",
        cause="host, port or password cannot be written into a SIP request",
        hint="check the SIP address under `connection` in ccstate.yaml",
    )


def no_sipp() -> Diagnostic:
    return Diagnostic(
        "CC482",
        "sipp is not installed, which places test calls",
        hint=f"install it (Debian and Ubuntu: sip-tester), or name it: export {SIPP}=/where/sipp",
    )


def sipp_ended(said: str) -> Diagnostic:
    return Diagnostic(
        "CC483",
        f"sipp ended in the middle of test calls: {shown(said) or 'it does not say why'}",
        cause="whatever calls it had are lost, and prove nothing",
        hint="run the tests again; if it stays, report it with the output of `sipp -v`",
    )


def unreachable(place: str) -> Diagnostic:
    return Diagnostic(
        "CC484",
        f"no answer by SIP from {place}",
        cause="nothing listens there by UDP, or a firewall keeps it from answering",
        hint="check the SIP address under `connection` in ccstate.yaml",
    )


def not_let_in(place: str) -> Diagnostic:
    return Diagnostic(
        "CC485",
        f"Asterisk at {place} does not let test calls in",
        cause="the endpoint `ccstate-test` is not there, or has another password: only what was "
        "applied with `test_site: true` has it",
        hint="set `test_site: true` under `connection`, plan and apply; never on a site in use",
    )


def unseen(place: str) -> Diagnostic:
    return Diagnostic(
        "CC486",
        f"a test call was answered at {place}, and AMI showed nothing of it",
        cause="AMI is that of another Asterisk, or its user may not see events",
        hint="give the user `read = system,user,call,agent` in manager.conf; check both addresses",
    )


NAME = "ccstate-test"
"""The endpoint of calls that test a site, and its user."""
ANONYMOUS = "anonymous"

_NUMBER = re.compile(r"\+?[0-9]{1,20}")
_CALLER = re.compile(rf"\+?[0-9]{{1,20}}|{ANONYMOUS}")
_ON = re.compile(r"/([a-z0-9._-]{1,80}/)*")
_MARK = re.compile(r"[a-z0-9-]{1,40}")
_PASSWORD = re.compile(r"[0-9A-Za-z]{1,128}")
_HOST = re.compile(r"[0-9A-Za-z.:-]{1,253}")
LAST = 2**33
"""Seconds of 1970 and after: beyond the year 2200 no call is tested."""


@dataclass(frozen=True, slots=True)
class Dial:
    """A call: whom it is to, whose number it shows, and the moment that counts for schedules.

    `at`: seconds since 1970. `mark` sets the call apart from all others: it is its Call-ID, and the
    name that it shows, which every event of AMI about it has. `on`: the switches that are on for
    this call, between slashes: `/night/`. Raises InvalidInput where any part could be read as
    anything else.
    """

    number: str
    at: int
    caller: str = ANONYMOUS
    on: str = "/"
    mark: str = field(default_factory=lambda: f"ccstate-{secrets.token_hex(6)}")

    def __post_init__(self) -> None:
        problems: list[Diagnostic] = []
        if not _NUMBER.fullmatch(self.number):
            problems.append(no_number(self.number))
        if not _CALLER.fullmatch(self.caller):
            problems.append(no_number(self.caller))
        is_named = _MARK.fullmatch(self.mark) and _ON.fullmatch(self.on)
        if not 0 <= self.at < LAST or not is_named:
            problems.append(no_call(self.number))
        if problems:
            raise InvalidInput(problems)


@dataclass(frozen=True, slots=True)
class Entrance:
    """Where test calls come in: the SIP address of the site, by UDP, and the password there."""

    host: str
    port: int
    password: str = field(repr=False)

    def __post_init__(self) -> None:
        is_address = _HOST.fullmatch(self.host) and 0 < self.port < 65536
        if not is_address or not _PASSWORD.fullmatch(self.password):
            raise InvalidInput([no_entrance(self.host, self.port)])

    @property
    def place(self) -> str:
        return f"{self.host}:{self.port}"


@dataclass(frozen=True, slots=True)
class Report:
    """What SIP says of a call: answered, refused (with the status), or ended by the other side."""

    mark: str
    said: str
    status: str = ""


ANSWERED = "answered"
REFUSED = "refused"
SILENT = "silent"
"""No answer at all came to the first request."""
ENDED = "ended"


class Caller(Protocol):
    """Places calls, many at once; none of its methods waits.

    Leaving its context hangs up what is still there.
    """

    def __enter__(self) -> Self: ...

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None: ...

    def dial(self, call: Dial) -> None:
        """Begin a call."""

    def press(self, mark: str, key: str) -> None:
        """Press a key; keys come in the order in which they are pressed."""

    def hang_up(self, mark: str) -> None:
        """End a call, or give it up where it was not answered yet; nothing where it is over."""

    def reports(self) -> Iterable[Report]:
        """What has happened since this was asked last."""
