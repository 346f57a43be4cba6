"""Callers on loopback, played by sipp: each dials one number, presses keys, and hangs up in the end.

A caller is a carrier's, known to the site by its address, or a phone, known by its name and password.
Keys are sent as SIP INFO, which Asterisk takes whatever `dtmf_mode` an endpoint has (16.28, 22.10).
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import NamedTuple

from ccstate.lab import process, sipp
from ccstate.lab.etc import write_private
from ccstate.lab.process import Process
from ccstate.lab.scenarios import HEAD, OVER, response
from ccstate.lab.sipp import Account
from ccstate.lab.site import Site

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
    """One that was begun."""

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

    `gives_up`: seconds until it is cancelled where nobody answers. `stays`: seconds from the
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
    heard = ["-trace_msg", "-message_file", str(folder / "messages.log")]
    target = f"{sipp.LOOPBACK}:{site.sip_port}"
    options = ["-sf", "calls.xml", "-m", "1", "-mi", caller.host, *heard, target]
    return Call(folder=folder, process=sipp.begin(folder, port, options, host=caller.host))


def is_over(call: Call) -> bool:
    """Whether the caller has hung up, or was hung up on."""
    return not process.alive(call.process)


def outcome(call: Call, *, within: float) -> Outcome:
    """How it ended; it is ended on the spot where it has not after so many seconds."""
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
    """The call as sipp reads it: asked, answered, its keys, and its end."""
    asks = partial(_request, number=number, caller=caller)
    answered = f'timeout="{_ms(gives_up)}" ontimeout="gives-up"'
    optional = f'optional="true" {answered}'
    parts = [HEAD.format(name="caller"), asks("INVITE", body=_SDP)]
    if caller.account:
        parts += ['<recv response="100" optional="true"/>\n<recv response="401" auth="true"/>\n']
        parts += [
            _acknowledged(number, caller),
            asks("INVITE", more=f"{caller.account.proof}\n", body=_SDP),
        ]
    parts += [
        *(f'<recv response="{code}" {optional}/>\n' for code in _PROCEEDS),
        *(f'<recv response="{code}" next="refused" {optional}/>\n' for code in _REFUSALS),
        f'<recv response="200" rrs="true" {answered}/>\n',
        asks("ACK", to="[peer_tag_param]"),
        f'<nop><action><exec rtp_stream="{_SILENCE},-1,0"/></action></nop>\n',
    ]
    for place, (after, key) in enumerate(keys):
        signal = f"Signal={key}\nDuration=160\n"
        parts += [
            f'<recv request="BYE" next="ended" timeout="{_ms(after)}" ontimeout="key-{place}"/>\n',
            f'<label id="key-{place}"/>\n',
            asks(
                "INFO",
                more="Content-Type: application/dtmf-relay\n",
                body=signal,
                to="[peer_tag_param]",
            ),
            '<recv request="BYE" optional="true" next="ended"/>\n<recv response="200"/>\n',
        ]
    parts += [
        f'<recv request="BYE" next="ended" timeout="{_ms(stays)}" ontimeout="hangs-up"/>\n',
        '<label id="hangs-up"/>\n',
        asks("BYE", to="[peer_tag_param]"),
        '<recv request="BYE" optional="true" next="ended"/>\n',
        '<recv response="200" next="over"/>\n<label id="ended"/>\n',
        response("200 OK", tag=False),
        '<nop next="over"/>\n<label id="gives-up"/>\n',
        _CANCEL.replace("NUMBER", number),
        '<recv response="200"/>\n<recv response="487"/>\n<label id="refused"/>\n',
        _acknowledged(number, caller),
        OVER,
    ]
    return "".join(parts)


def _acknowledged(number: str, caller: Caller) -> str:
    """The ACK of a refusal, known by the Via of the request; without it Asterisk refuses again."""
    request = _request("ACK", number=number, caller=caller)
    via = next(line for line in request.splitlines() if line.startswith("Via: "))
    to = next(line for line in request.splitlines() if line.startswith("To: "))
    return request.replace(via, "[last_Via:]").replace(to, "[last_To:]")


def _ms(seconds: float) -> int:
    return max(1, round(seconds * 1000))


_PROCEEDS = (100, 180, 181, 182, 183)
_REFUSALS = (401, 403, 404, 408, 410, 480, 481, 484, 486, 488, 500, 501, 502, 503, 504, 600, 603)
_SDP = """v=0
o=caller 1 1 IN IP[local_ip_type] [local_ip]
s=-
c=IN IP[media_ip_type] [media_ip]
t=0 0
m=audio [rtpstream_audio_port] RTP/AVP 0
a=rtpmap:0 PCMU/8000
a=sendrecv
"""
_CANCEL = """<send retrans="500"><![CDATA[
CANCEL sip:NUMBER@[remote_ip]:[remote_port] SIP/2.0
[last_Via:]
[last_From:]
To: <sip:NUMBER@[remote_ip]:[remote_port]>
Call-ID: [call_id]
CSeq: [last_cseq_number] CANCEL
Max-Forwards: 70
Content-Length: 0

]]></send>
"""


def _request(
    method: str, *, number: str, caller: Caller, more: str = "", body: str = "", to: str = ""
) -> str:
    """A request of the call. `to`: the tag of who answered, for requests within the call."""
    target = f"sip:{number}@[remote_ip]:[remote_port]"
    if body == _SDP:
        more += caller.headers + "Content-Type: application/sdp\n"
    again = "" if method == "ACK" else ' retrans="500"'
    return f"""<send{again}><![CDATA[
{method} {"[next_url]" if to else target} SIP/2.0
Via: SIP/2.0/[transport] [local_ip]:[local_port];branch=[branch]
From: {caller.sender};tag=[pid]c[call_number]
To: <{target}>{to}
Call-ID: [call_id]
CSeq: [cseq] {method}
Contact: <sip:caller@[local_ip]:[local_port]>
Max-Forwards: 70
{more}Content-Length: {"[len]" if body else "0"}

{body}]]></send>
"""
