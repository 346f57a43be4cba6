"""A call to be placed, the port to a SIP client that places it, and what goes wrong."""

import re
import secrets
from dataclasses import dataclass, field

from ccstate.adapters.asterisk import codes
from ccstate.adapters.asterisk.ami.message import printable
from ccstate.errors import Diagnostic, InvalidInput

SIPP = "CCSTATE_SIPP"
"""Variable with the command that places calls."""


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
            problems.append(codes.NOT_DIALLED(text=printable(self.number)))
        if not _CALLER.fullmatch(self.caller):
            problems.append(codes.NOT_DIALLED(text=printable(self.caller)))
        is_named = _MARK.fullmatch(self.mark) and _ON.fullmatch(self.on)
        if not 0 <= self.at < LAST or not is_named:
            problems.append(codes.NO_MOMENT(number=printable(self.number)))
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
            problem = codes.NO_ENTRANCE(host=printable(self.host), port=self.port)
            raise InvalidInput(problem)

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
