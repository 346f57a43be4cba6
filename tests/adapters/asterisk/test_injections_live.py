"""Hostile texts on a real Asterisk: loaded, shown, and sent along with calls, and still texts."""

import hashlib
import re
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from ccstate.adapters.asterisk.ami import Ami, Login
from ccstate.adapters.asterisk.audit import refusals
from ccstate.adapters.asterisk.compiling import compile_objects
from ccstate.adapters.asterisk.entries import (
    ACCOUNTS,
    DIALPLAN,
    MODULES,
    PJSIP,
    QUEUES,
    VOICEMAIL,
    Key,
)
from ccstate.adapters.asterisk.include_files import serialize
from ccstate.adapters.asterisk.kind import Setting
from ccstate.adapters.asterisk.kinds.extension import emergency_location
from ccstate.journeys.centre import Centre
from ccstate.model import Address
from ccstate_lab.site import Site
from tests.adapters.asterisk.hostile import ON_ONE_LINE
from tests.adapters.asterisk.test_compile import Objects
from tests.asterisk_sites import NewSite
from tests.waiting import until

CARRIER = "127.0.0.3"
"""Where the carrier is: on loopback, and nowhere near the phones."""
CALLBACK = "+61255501999"
"""What emergency calls of every second site show."""


def estate(port: int) -> Objects:
    """A phone, its user, its site, a queue and a schedule for each hostile text."""
    objects: Objects = {
        Address("trunk", "out"): {"host": CARRIER, "port": port},
        Address("outbound_route", "emergency"): {
            "emergency": True,
            "patterns": ["000"],
            "trunks": ["out"],
        },
        Address("outbound_route", "abroad"): {
            "patterns": ["0011."],
            "strip": 4,
            "prepend": "+",
            "trunks": ["out"],
        },
        Address("outbound_route", "plus"): {"patterns": ["+."], "trunks": ["out"]},
    }
    for number, text in enumerate(ON_ONE_LINE):
        phone, site = str(2000 + number), f"site-{number}"
        objects |= {
            Address("site", site): {
                "label": text,
                "timezone": "UTC",
                **({"emergency_callback": CALLBACK} if number % 2 else {}),
                "address": {"street": text, "city": text},
                "areas": {"a": {"label": text}},
            },
            Address("user", f"user-{number}"): {
                "name": text,
                "extension": phone,
                "site": site,
                "area": "a",
            },
            Address("extension", phone): {
                "label": text,
                "secret": text,
                "caller_id": {"name": text},
                "voicemail": {"email": "a%b+c'd@example.com"},
            },
            Address("queue", f"queue-{number}"): {"label": text, "members": [{"extension": phone}]},
            Address("trunk", f"trunk-{number}"): {
                "label": text,
                "host": CARRIER,
                "username": re.sub(r'["\\]', "", text).strip() or "x",
                "secret": text,
            },
            Address("schedule", f"schedule-{number}"): {
                "label": text,
                "timezone": "UTC",
                "weekly": {},
                "holidays": [{"name": text, "date": "2026-12-25"}],
            },
        }
    return objects


class Phone:
    """A phone that places one call by SIP over UDP, and says who it is when it is asked."""

    def __init__(self, line: socket.socket, port: int, name: str, secret: str) -> None:
        self._line, self._port, self._name, self._secret = line, port, name, secret

    def call(self, exten: str) -> int:
        """The final status of the call."""
        challenge = self._ask(exten, 1, "")
        assert challenge.startswith("SIP/2.0 401"), challenge
        said = dict(re.findall(r'(\w+)="([^"]*)"', challenge.partition("WWW-Authenticate:")[2]))
        answer = self._ask(exten, 2, self._authorization(exten, said["realm"], said["nonce"]))
        return int(answer.split()[1])

    def _authorization(self, exten: str, realm: str, nonce: str) -> str:
        def digest(*parts: str) -> str:
            return hashlib.md5(":".join(parts).encode(), usedforsecurity=False).hexdigest()

        uri = f"sip:{exten}@127.0.0.1"
        who = digest(self._name, realm, self._secret)
        response = digest(who, nonce, "00000001", "c", "auth", digest("INVITE", uri))
        return (
            f'Authorization: Digest username="{self._name}", realm="{realm}", nonce="{nonce}", '
            f'uri="{uri}", response="{response}", qop=auth, nc=00000001, cnonce="c"\r\n'
        )

    def _ask(self, exten: str, count: int, authorization: str) -> str:
        media = (
            "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\n"
            "m=audio 40000 RTP/AVP 8\r\n"
        )
        self._send(
            "INVITE", exten, count, f"{authorization}Content-Type: application/sdp\r\n", media
        )
        while True:
            answer = self._line.recv(65536).decode()
            if f"CSeq: {count} INVITE" in answer and not answer.startswith("SIP/2.0 1"):
                to = re.search(r"^To: (.*)$", answer, re.MULTILINE)
                assert to, answer
                self._send("ACK", exten, count, "", "", to=to[1].strip())
                return answer

    def _send(
        self, method: str, exten: str, count: int, headers: str, body: str, *, to: str = ""
    ) -> None:
        host, port = self._line.getsockname()
        message = (
            f"{method} sip:{exten}@127.0.0.1 SIP/2.0\r\n"
            f"Via: SIP/2.0/UDP {host}:{port};branch=z9hG4bK{self._name}{exten}{count}\r\n"
            f"From: <sip:{self._name}@127.0.0.1>;tag={self._name}{exten}\r\n"
            f"To: {to or f'<sip:{exten}@127.0.0.1>'}\r\n"
            f"Call-ID: {self._name}-{exten}@{port}\r\nCSeq: {count} {method}\r\n"
            f"Contact: <sip:{self._name}@{host}:{port}>\r\nMax-Forwards: 70\r\n"
            f"{headers}Content-Length: {len(body)}\r\n\r\n{body}"
        )
        self._line.sendto(message.encode(), ("127.0.0.1", self._port))


@contextmanager
def udp(host: str) -> Iterator[socket.socket]:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as line:
        line.bind((host, 0))
        line.settimeout(10)
        yield line


def carried(line: socket.socket) -> str:
    """The next call that the carrier gets; it refuses it, and says that it is there when asked."""
    while True:
        data, sender = line.recvfrom(65536)
        request = data.decode()
        method = request.partition(" ")[0]
        kept = re.findall(r"^(?:Via|From|To|Call-ID|CSeq):.*\r$", request, re.MULTILINE)
        status = "603 Decline" if method == "INVITE" else "200 OK"
        if method != "ACK":
            answer = "\n".join([f"SIP/2.0 {status}\r", *kept, "Content-Length: 0\r\n\r\n"])
            line.sendto(answer.encode(), sender)
        if method == "INVITE":
            return request


def written(site: Site, objects: Objects) -> dict[Key, str]:
    """What the objects are compiled to, after it has been written and loaded."""
    compiled = compile_objects(objects, Setting(b"k" * 32, is_test_site=True))
    for path, content in serialize(compiled).items():
        (site.etc / path).parent.mkdir(exist_ok=True)
        (site.etc / path).write_bytes(content)
    return {key: entry.value for key, entry in compiled.entries.items()}


def executed(site: Site) -> list[Path]:
    """Files that a text has made, where it was run as a command."""
    there = Path(f"/proc/{site.pid}/cwd").resolve()
    named = [folder / "ccstate-was-here" for folder in (there, Path.cwd(), Path.home())]
    return [path for path in (*named, *site.folder.rglob("ccstate-was-here")) if path.exists()]


PROOF = "[proof]\nexten => 1,1,Set(X=${SHELL(touch ccstate-was-here)})\n"
"""What this Asterisk runs where text is code: else the test would show nothing."""


@pytest.mark.parametrize("release", ["22", "16"])
def test_hostile_texts_are_loaded_and_sent_as_texts(new_site: NewSite, release: str) -> None:
    site = new_site(release, files={"extensions.d/proof.conf": PROOF})
    login = Login("127.0.0.1", site.ami_port, site.lab_username, site.lab_secret)
    with udp(CARRIER) as carrier, udp("127.0.0.1") as line, Ami.connect(login) as ami:
        objects = estate(carrier.getsockname()[1])
        assert refusals(objects) == []
        entries = written(site, objects)
        for module in MODULES.values():
            ami.do("Reload", ("Module", module))
        wait_until_loaded(ami)
        everything_is_there(ami, entries)
        for number, text in enumerate(ON_ONE_LINE):
            name = str(2000 + number)
            phone = Phone(line, site.sip_port, name, text)
            arrives(phone, carrier, objects, name, text)
        for dialled, told in (("001164211234567", "+64211234567"), ("+64211234567",) * 2):
            phone = Phone(line, site.sip_port, "2000", ON_ONE_LINE[0])
            request = sent(phone, carrier, dialled)
            assert request.startswith(f"INVITE sip:{told}@{CARRIER}"), request
            assert CALLBACK not in request
        stranger = Phone(line, site.sip_port, "trunk-out", "a guess")
        assert stranger.call("000") == 401  # who says that he is the carrier has to be there
        assert executed(site) == []
        call = (("Channel", "Local/1@proof"), ("Application", "Wait"), ("Data", "1"))
        ami.do("Originate", *call, ("Async", "true"))
        made = until(lambda: executed(site), "the proof is there that commands would run")
    for path in made:
        path.unlink(missing_ok=True)


def sent(phone: Phone, carrier: socket.socket, dialled: str) -> str:
    """What the carrier is told of a call; it refuses it."""
    status: list[int] = []
    calling = threading.Thread(target=lambda: status.append(phone.call(dialled)))
    calling.start()
    request = carried(carrier)
    calling.join()
    assert status
    assert status[0] >= 400
    return request


def arrives(phone: Phone, carrier: socket.socket, objects: Objects, name: str, text: str) -> None:
    """An emergency call tells the carrier the place of the phone, and nothing else."""
    request = sent(phone, carrier, "000")
    headers = request.partition("\r\n\r\n")[0].split("\r\n")
    centre = Centre(objects)
    place = emergency_location(centre, name)
    assert f"X-Dispatchable-Location: {place}" in headers, (text, headers)
    shown = next(header for header in headers if header.startswith("From: "))
    quoted = text.strip().replace("\\", "\\\\").replace('"', '\\"')
    number = CALLBACK if int(name) % 2 else name
    assert shown.startswith(f'From: "{quoted}" <sip:{number}@'), (text, shown)
    assert any(h.startswith("P-Asserted-Identity:") and f"<sip:{number}@" in h for h in headers)
    assert not [header for header in headers if header.startswith("X-Injected")]


def wait_until_loaded(ami: Ami) -> None:
    until(
        lambda: any(m.get("ObjectName") == "ccstate-rev" for m in ami.read("PJSIPShowAuths")),
        "the files are loaded",
    )


def everything_is_there(ami: Ami, entries: dict[Key, str]) -> None:
    auths = {m["ObjectName"]: m for m in ami.read("PJSIPShowAuths") if "ObjectName" in m}
    for key, value in entries.items():
        if key.file == ACCOUNTS:
            shown = {"username": "Username", "password": "Password"}.get(key.part)
            assert shown is None or auths[key.item][shown] == value, key
    assert auths.keys() - {"ccstate-rev", "ccstate-rev-accounts"} == {
        key.item for key in entries if key.file == ACCOUNTS
    }
    endpoints = {m["ObjectName"] for m in ami.read("PJSIPShowEndpoints") if "ObjectName" in m}
    assert endpoints == {
        key.item for key in entries if (key.file, key.section) == (PJSIP, "endpoint")
    }
    queues = {m["Queue"] for m in ami.read("QueueStatus") if m.get("Event") == "QueueParams"}
    assert {queue for queue in queues if not queue.startswith("ccstate-rev")} == {
        key.section for key in entries if key.file == QUEUES
    }
    mailboxes = {
        m["VoiceMailbox"]: m["Fullname"]
        for m in ami.read("VoicemailUsersList")
        if m.get("VMContext") == "ccstate"
    }
    for key, value in entries.items():
        if (key.file, key.part) == (VOICEMAIL, "name"):
            assert mailboxes[key.item] == value
    contexts = {m["Context"] for m in ami.read("ShowDialPlan") if "Context" in m}
    ours = {key.section for key in entries if key.file == DIALPLAN}
    assert ours <= contexts
    assert {name for name in contexts - ours if not name.startswith("__")} <= {
        "lab",
        "parkedcalls",
        "proof",
    }
