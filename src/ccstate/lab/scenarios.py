"""What phones and carriers say and expect, as scenarios of sipp (3.6, documented at sipp.readthedocs.io).

A pause in which something may come is a `recv` with a timeout: sipp reads nothing in a `pause`.
"""

HEAD = """<?xml version="1.0" encoding="UTF-8"?>
<scenario name="{name}">
"""

_REGISTER = """<send><![CDATA[
REGISTER sip:[remote_ip]:[remote_port] SIP/2.0
Via: SIP/2.0/[transport] [local_ip]:[local_port];branch=[branch]
From: <sip:[field0]@[remote_ip]:[remote_port]>;tag=[pid]r[call_number]
To: <sip:[field0]@[remote_ip]:[remote_port]>
Call-ID: [call_id]
CSeq: [cseq] REGISTER
Contact: {contact}
Max-Forwards: 70
User-Agent: ccstate lab
Expires: {expires}
{more}Content-Length: 0

]]></send>
"""

# sipp counts the time at the first of several `recv` in a row (3.6.1, seen).
_LATE = 'timeout="4000" ontimeout="later"'


def _expected(status: int, *, auth: str = "", refused: tuple[int, ...] = ()) -> str:
    """That answer; on to the label `later` where another comes, or none in four seconds."""
    return (
        "".join(
            f'<recv response="{other}" optional="true" next="later" {_LATE}/>\n'
            for other in (403, 404, 408, 480, 500, 503, *refused)
        )
        + f'<recv response="{status}" {auth} {_LATE}/>\n'
    )


def _registered(*, contact: str, expires: int) -> str:
    """Registered, or on to the label `later` where the site is away, or does not want to."""
    ask = _REGISTER.replace("{contact}", contact).replace("{expires}", str(expires))
    return (
        ask.replace("{more}", "")
        + _expected(401, auth='auth="true"')
        + ask.replace("{more}", "[field1]\n")
        + _expected(200, refused=(401,))
    )


_HERE = "<sip:[field0]@[local_ip]:[local_port]>"


SDP = """v=0
o=phone 1 1 IN IP[local_ip_type] [local_ip]
s=-
c=IN IP[media_ip_type] [media_ip]
t=0 0
m=audio [media_port] RTP/AVP 0 8 101
a=rtpmap:0 PCMU/8000
a=rtpmap:8 PCMA/8000
a=rtpmap:101 telephone-event/8000
a=fmtp:101 0-15
a=sendrecv
"""


def response(status: str, *, tag: bool, more: str = "Content-Length: 0\n", body: str = "") -> str:
    tagged = ";tag=[pid]p[call_number]" if tag else ""
    return f"""<send{' retrans="500"' if body else ""}><![CDATA[
SIP/2.0 {status}
[last_Via:]
[last_Record-Route:]
[last_From:]
[last_To:]{tagged}
[last_Call-ID:]
[last_CSeq:]
Contact: <sip:phone@[local_ip]:[local_port]>
{more}
{body}]]></send>
"""


WITH_SDP = "Content-Type: application/sdp\nContent-Length: [len]\n"

_TALKS = (
    response("200 OK", tag=True, more=WITH_SDP, body=SDP)
    + """<recv request="ACK"/>
<label id="talks"/>
<recv request="INVITE" optional="true" next="asked-again"/>
<recv request="ACK" optional="true" next="talks"/>
<recv request="BYE"/>
"""
    + response("200 OK", tag=False)
    + """<nop next="over"/>
<label id="asked-again"/>
"""
    + response("200 OK", tag=False, more=WITH_SDP, body=SDP)
    + '<recv request="ACK"/>\n<nop next="talks"/>\n'
)

_RINGS = (
    response("180 Ringing", tag=True)
    + """<recv request="CANCEL" timeout="{after}" ontimeout="{then}"/>
"""
    + response("200 OK", tag=True)
    + response("487 Request Terminated", tag=True).replace(
        "[last_CSeq:]", "CSeq: [last_cseq_number] INVITE"
    )
    + """<recv request="ACK"/>
<nop next="over"/>
"""
)

OVER = '<label id="over"/>\n<pause milliseconds="0"/>\n</scenario>\n'

_CALLED = '<recv request="INVITE" rrs="true"/>\n'

_REGISTERED = (
    """<recv request="REGISTER" optional="true" next="registers"/>
"""
    + _CALLED
    + """<nop next="called"/>
<label id="registers"/>
"""
    + response("200 OK", tag=True, more="Expires: 300\nContent-Length: 0\n").replace(
        "Contact: <sip:phone@[local_ip]:[local_port]>", "[last_Contact:]"
    )
    + """<nop next="over"/>
<label id="called"/>
"""
)


def registers(every: float) -> str:
    """Registers at once, and again every so many seconds, whatever the site says to it."""
    return (
        HEAD.format(name="registers")
        + '<label id="again"/>\n'
        + _registered(contact=_HERE, expires=120)
        + f'<label id="later"/>\n<pause milliseconds="{round(every * 1000)}"/>\n'
        + '<nop next="again"/>\n</scenario>\n'
    )


def unregisters() -> str:
    """Has the site forget where it is."""
    return (
        HEAD.format(name="unregisters")
        + _registered(contact=_HERE, expires=0)
        + '<label id="later"/>\n<pause milliseconds="0"/>\n</scenario>\n'
    )


def answers(after: float, sound: str = "") -> str:
    """Rings, answers after so many seconds, and talks until the other side hangs up.

    `sound`: a file of mu-law samples that is sent again and again meanwhile; nothing where empty.
    """
    return HEAD.format(name="answers") + _CALLED + _answered(after, sound) + OVER


def rings() -> str:
    """Rings until the other side gives up, an hour at most."""
    ringing = _RINGS.replace("{after}", "3600000").replace("{then}", "over")
    return HEAD.format(name="rings") + _CALLED + ringing + OVER


def refuses(status: str) -> str:
    """Says `486 Busy Here`, or whatever the status is, to every call."""
    return HEAD.format(name="refuses") + _CALLED + _refused(status) + OVER


def carrier_answers(after: float) -> str:
    """As `answers`, and lets the site register."""
    return HEAD.format(name="carrier") + _REGISTERED + _answered(after) + OVER


def carrier_refuses(status: str) -> str:
    """As `refuses`, and lets the site register."""
    return HEAD.format(name="carrier") + _REGISTERED + _refused(status) + OVER


def _answered(after: float, sound: str = "") -> str:
    wait = str(max(1, round(after * 1000)))
    ringing = _RINGS.replace("{after}", wait).replace("{then}", "answers")
    talks = _TALKS
    if sound:
        # sipp sends the file from a port of its own, which it says by this word alone (3.6.1, seen).
        talks = talks.replace("[media_port]", "[rtpstream_audio_port]")
        sends = f'<nop><action><exec rtp_stream="{sound},-1,0"/></action></nop>\n'
        talks = talks.replace('<label id="talks"/>', sends + '<label id="talks"/>')
    return ringing + '<label id="answers"/>\n' + talks


def _refused(status: str) -> str:
    return response(status, tag=True) + '<recv request="ACK"/>\n'
