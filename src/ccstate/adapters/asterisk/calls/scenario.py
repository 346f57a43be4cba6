"""What sipp is told (3.6, documented at sipp.readthedocs.io): one call, steered from outside.

sipp plays side B of its third party call control ("3pcc"): each command that comes to it over TCP
with a new Call-ID begins a call, later ones with that Call-ID steer it, and it reports by the same
way. Commands carry only what `dialled` has checked, and the patterns here check it again.

A call waits for a command, and may meanwhile be told something by SIP: so every `recvCmd` has
optional `recv` before it (sipp 3.6.1, seen: both are looked through).
"""

from ccstate.adapters.asterisk.calls.caller import ANSWERED, ENDED, NAME, REFUSED, SILENT, Entrance

PRESSED = "pressed"
LEFT = "left"
BYE = "bye"
SILENCE = "silence.ulaw"
"""The file that is sent as sound, over and over. Without any, Asterisk never ends a key that comes
where no keys are looked for, in Answer say, and takes no other (16.28, seen)."""
SILENT_SECOND = b"\xff" * 8000
REFUSALS = (
    400,
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
m=audio [rtpstream_audio_port] RTP/AVP 0
a=rtpmap:0 PCMU/8000
a=sendrecv

"""


def _invite(proof: str) -> str:
    shows = 'P-Asserted-Identity: "[$mark]" <sip:[$caller]@[remote_ip]>'
    more = [shows, "X-Ccstate-At: [$at]", "X-Ccstate-On: [$on]", *([proof] if proof else [])]
    more.append("Content-Type: application/sdp")
    request = _request("INVITE", _TARGET, _TO, "\n".join(more), _SOUND)
    return request.replace("<send ", '<send ontimeout="silent" ')


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


def _refused(status: int) -> str:
    return (
        f'<label id="no{status}"/>\n'
        + _NO_ACK
        + _report(REFUSED, f"Status: {status}")
        + '<nop next="over"/>\n'
    )


# A site that is busy, reloading say, asks for the proof twice when the request was sent twice.
_PROOF_REFUSED = (
    '<recv response="401" optional="true" next="asked"><action><ereg regexp="2 INVITE"'
    ' search_in="hdr" header="CSeq:" assign_to="second"/></action></recv>\n'
)
_ASKED = '<label id="asked"/>\n<nop next="no401" test="second"/>\n<nop next="waits"/>\n'


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
    + _takes("/[a-z0-9._/-]*", "on", _NEEDED)
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


_BYE = _request("BYE", "[next_url]", "[last_To:]")
# An answer may cross with it: then the call is there, and is ended as any other.
_CANCELLED = (
    _CANCEL
    + '<label id="cancelled"/>\n<recv response="200" optional="true" rrs="true" next="which"><action>'
    + '<ereg regexp="INVITE" search_in="hdr" header="CSeq:" assign_to="late"/></action></recv>\n'
    + '<recv response="487"/>\n'
    + _NO_ACK
    + '<nop next="left"/>\n<label id="which"/>\n<nop next="crossed" test="late"/>\n'
    + '<nop next="cancelled"/>\n<label id="crossed"/>\n'
    + _ACK
    + _BYE
    + '<recv response="200"/>\n'
)


def _first(entrance: Entrance) -> str:
    """The request, refused as everybody's is, and again with the proof."""
    return (
        _invite("")
        + '<recv response="100" optional="true"/>\n'
        + _refusals()
        + '<recv response="401" auth="true"/>\n'
        + _NO_ACK
        + _invite(_proof(entrance))
    )


def steered(entrance: Entrance) -> str:
    """A call that does as it is told: keys as SIP INFO, one after the other, and the end."""
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n<scenario name="caller">\n'
        + _BEGINS
        + _first(entrance)
        + '<label id="waits"/>\n'
        + _PROGRESS
        + _refusals()
        + _PROOF_REFUSED
        + '<recv response="200" optional="true" rrs="true" next="answered"/>\n'
        # Told anything before it is answered, it gives up.
        + "<recvCmd/>\n"
        + _CANCELLED
        + '<nop next="left"/>\n<label id="answered"/>\n'
        + _ACK
        + f'<nop><action><exec rtp_stream="{SILENCE},-1,0"/></action></nop>\n'
        + _report(ANSWERED)
        + '<label id="talks"/>\n<recv request="BYE" optional="true" next="ended"/>\n'
        + _STEERED
        + '<nop next="leaves" test="do"/>\n'
        + _INFO
        + '<recv request="BYE" optional="true" next="ended"/>\n<recv response="200"/>\n'
        + _report(PRESSED)
        + '<nop next="talks"/>\n<label id="leaves"/>\n'
        + _BYE
        + '<recv request="BYE" optional="true" next="ended"/>\n'
        + '<recv response="200"/>\n<label id="left"/>\n'
        + _report(LEFT)
        + '<nop next="over"/>\n<label id="ended"/>\n'
        + _OK
        + _report(ENDED)
        + '<nop next="over"/>\n<label id="silent"/>\n'
        + _report(SILENT)
        + '<nop next="over"/>\n'
        + _ASKED
        + "".join(map(_refused, (401, *REFUSALS)))
        + '<label id="over"/>\n<pause milliseconds="0"/>\n'
        + '<Reference variables="all"/>\n</scenario>\n'
    )
