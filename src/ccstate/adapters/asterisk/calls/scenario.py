"""What sipp is told (3.6, documented at sipp.readthedocs.io): one call, steered from outside.

sipp plays side B of its third party call control ("3pcc"): each command that comes to it over TCP
with a new Call-ID begins a call, later ones with that Call-ID steer it, and it reports by the same
way. Commands carry only what `dialled` has checked, and the patterns here check it again.

A call waits for a command, and may meanwhile be told something by SIP: so every `recvCmd` has
optional `recv` before it (sipp 3.6.1, seen: both are looked through).
"""

from ccstate.adapters.asterisk.calls.dialled import ANSWERED, ENDED, NAME, REFUSED, SILENT, Entrance

PRESSED = "pressed"
BYE = "bye"
FIRST_ANSWER = 6_000
"""Milliseconds in which the first request has to be answered; on loopback 1 is usual."""
REFUSALS = (
    400,
    401,
    403,
    404,
    408,
    410,
    480,
    484,
    486,
    487,
    488,
    500,
    501,
    502,
    503,
    504,
    600,
    603,
)

_FROM = f"From: <sip:{NAME}@[local_ip]:[local_port]>;tag=[pid]c[call_number]"
_TO = "To: <sip:[$number]@[remote_ip]:[remote_port]>"


def _request(method: str, uri: str, to: str, more: str = "", body: str = "") -> str:
    via = "Via: SIP/2.0/[transport] [local_ip]:[local_port];branch=[branch]"
    length = "[len]" if body else "0"
    lines = [
        f"{method} {uri} SIP/2.0",
        via,
        _FROM,
        to,
        "Call-ID: [call_id]",
        f"CSeq: [cseq] {method}",
        f"Contact: <sip:{NAME}@[local_ip]:[local_port]>",
        "Max-Forwards: 70",
        *([more] if more else []),
        f"Content-Length: {length}",
        "",
        body,
    ]
    again = "" if method == "ACK" else ' retrans="500"'
    return f"<send{again}><![CDATA[\n" + "\n".join(lines) + "]]></send>\n"


_TARGET = "sip:[$number]@[remote_ip]:[remote_port]"
_SOUND = """v=0
o=caller 1 1 IN IP[local_ip_type] [local_ip]
s=-
c=IN IP[local_ip_type] [local_ip]
t=0 0
m=audio [media_port] RTP/AVP 0
a=rtpmap:0 PCMU/8000
a=sendrecv

"""


def _invite(proof: str) -> str:
    shows = 'P-Asserted-Identity: "[$mark]" <sip:[$caller]@[remote_ip]>'
    more = [shows, "X-Ccstate-At: [$at]", *([proof] if proof else [])]
    more.append("Content-Type: application/sdp")
    return _request("INVITE", _TARGET, _TO, "\n".join(more), _SOUND)


def _proof(entrance: Entrance) -> str:
    return f"[authentication username={NAME} password={entrance.password}]"


def _report(said: str, more: str = "") -> str:
    return f"<sendCmd><![CDATA[\nCall-ID: [call_id]\nSaid: {said}\n{more}\n]]></sendCmd>\n"


_ACK = _request("ACK", "[next_url]", "[last_To:]")
_NO_ACK = _request("ACK", _TARGET, "[last_To:]")
_PROGRESS = "".join(f'<recv response="{s}" optional="true"/>\n' for s in (100, 180, 181, 182, 183))


def _refusals() -> str:
    """A label for each status: sipp has none to write into a report."""
    return "".join(
        f'<recv response="{status}" optional="true" next="no{status}"/>\n' for status in REFUSALS
    )


def _refused() -> str:
    return "".join(
        f'<label id="no{status}"/>\n'
        + _NO_ACK
        + _report(REFUSED, f"Status: {status}")
        + '<nop next="over"/>\n'
        for status in REFUSALS
    )


def _takes(pattern: str, variable: str, more: str = "") -> str:
    """A word of a command, as a variable: sipp gives the group to the second name."""
    word = variable.capitalize()
    return f'<ereg regexp="{word}: ({pattern})" search_in="msg" {more}assign_to="all,{variable}"/>'


_NEEDED = 'check_it="true" '
_BEGINS = (
    "<recvCmd><action>"
    + _takes("[0-9+]+", "number", _NEEDED)
    + _takes("[0-9a-z+]+", "caller", _NEEDED)
    + _takes("[0-9]+", "at", _NEEDED)
    + _takes("[0-9a-z-]+", "mark", _NEEDED)
    + "</action></recvCmd>\n"
)
_STEERED = f"<recvCmd><action>{_takes('[0-9*#]', 'key')}{_takes(BYE, 'do')}</action></recvCmd>\n"
_INFO = _request(
    "INFO",
    "[next_url]",
    "[last_To:]",
    "Content-Type: application/dtmf-relay",
    "Signal=[$key]\nDuration=160\n",
    # sipp names a branch by the place in its scenario, and here it comes by again with each key.
).replace("[branch]", "[branch]-[cseq]")
_OK = """<send><![CDATA[
SIP/2.0 200 OK
[last_Via:]
[last_From:]
[last_To:]
[last_Call-ID:]
[last_CSeq:]
Content-Length: 0

]]></send>
"""
_CANCEL = """<send retrans="500"><![CDATA[
CANCEL sip:[$number]@[remote_ip]:[remote_port] SIP/2.0
[last_Via:]
[last_From:]
To: <sip:[$number]@[remote_ip]:[remote_port]>
Call-ID: [call_id]
CSeq: [last_cseq_number] CANCEL
Max-Forwards: 70
Content-Length: 0

]]></send>
"""


def _first(entrance: Entrance, until: str) -> str:
    """The request, refused as everybody's is, and again with the proof."""
    return (
        _invite("")
        + '<recv response="100" optional="true"/>\n'
        + _refusals().replace('<recv response="401" optional="true" next="no401"/>\n', "")
        + f'<recv response="401" auth="true" timeout="{FIRST_ANSWER}" ontimeout="{until}"/>\n'
        + _NO_ACK
        + _invite(_proof(entrance))
    )


def steered(entrance: Entrance) -> str:
    """A call that does as it is told: keys as SIP INFO, one after the other, and the end."""
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n<scenario name="caller">\n'
        + _BEGINS
        + _first(entrance, "silent")
        + _PROGRESS
        + _refusals()
        + '<recv response="200" optional="true" rrs="true" next="answered"/>\n'
        # Told anything before it is answered, it gives up.
        + "<recvCmd/>\n"
        + _CANCEL
        + '<recv response="200" optional="true"/>\n'
        # Not where the answer crossed with it: the site ends that call, which nobody acknowledges.
        + '<recv response="487" timeout="4000" ontimeout="over"/>\n'
        + _NO_ACK
        + '<nop next="over"/>\n<label id="answered"/>\n'
        + _ACK
        + _report(ANSWERED)
        + '<label id="talks"/>\n<recv request="BYE" optional="true" next="ended"/>\n'
        + _STEERED
        + '<nop next="leaves" test="do"/>\n'
        + _INFO
        + '<recv request="BYE" optional="true" next="ended"/>\n<recv response="200"/>\n'
        + _report(PRESSED)
        + '<nop next="talks"/>\n<label id="leaves"/>\n'
        + _request("BYE", "[next_url]", "[last_To:]")
        + '<recv request="BYE" optional="true" next="ended"/>\n'
        + '<recv response="200"/>\n<nop next="over"/>\n<label id="ended"/>\n'
        + _OK
        + _report(ENDED)
        + '<nop next="over"/>\n<label id="silent"/>\n'
        + _report(SILENT)
        + '<nop next="over"/>\n'
        + _refused()
        + '<label id="over"/>\n<pause milliseconds="0"/>\n'
        + '<Reference variables="all"/>\n</scenario>\n'
    )
