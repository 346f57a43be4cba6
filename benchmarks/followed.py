"""What it costs to follow queues: `python benchmarks/followed.py [QUEUES]`, 500 of 20 agents by default.

An Asterisk of the lab has these queues; `ccstate measure --serve` follows them in a process of its
own. Then the events of answered calls, as Asterisk 22.10 sends them, are counted in this process:
so many calls no lab could place. Seconds are of processor time.
"""

import argparse
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from http.client import HTTPConnection
from pathlib import Path

from ccstate.adapters.asterisk.ami import Ami, Login
from ccstate.adapters.asterisk.ami.message import Splitter
from ccstate.adapters.asterisk.measuring.visits import Visits
from ccstate.measures.events import Member, MemberIs, Snapshot
from ccstate.measures.tallies import Tallies
from ccstate_lab import site as sites
from ccstate_lab.programs import programs
from ccstate_lab.site import Site

AGENTS = 20
PORT = 9470
IDLE = 20.0
CALLS = 5000
USER = "\n[figures]\nsecret = {secret}\nread = system,call,agent,dialplan\nwrite = system\n"
PROJECT = """version: 1
targets:
  pbx:
    adapter: asterisk
    connection:
      ami: {{host: 127.0.0.1, port: {port}, username: figures, secret: "file:ami.secret"}}
"""
CHANNEL = (
    "Privilege: agent,all\nSystemName: pbx\nChannel: PJSIP/trunk-a-0000001f\nChannelState: 6\n"
    "ChannelStateDesc: Up\nCallerIDNum: +61255500100\nCallerIDName: <unknown>\n"
    "ConnectedLineNum: <unknown>\nConnectedLineName: <unknown>\nLanguage: en\nAccountCode: \n"
    "Context: queue/{queue}\nExten: s\nPriority: 3\nUniqueid: {call}\nLinkedid: {call}\n"
)
MEMBER = (
    "Event: QueueMemberStatus\nPrivilege: agent,all\nSystemName: pbx\nQueue: {queue}\n"
    "MemberName: {agent}\nInterface: PJSIP/{agent}\nStateInterface: PJSIP/{agent}\n"
    "Membership: static\nPenalty: 0\nCallsTaken: 7\nLastCall: 1796126674\nLastPause: 0\n"
    "LoginTime: 1796126671\nInCall: {in_call}\nStatus: {status}\nPaused: 0\nPausedReason: \n"
    "Ringinuse: 0\nWrapuptime: 0\n"
)
AGENT = "DestUniqueid: {call}9\nQueue: {queue}\nMemberName: {agent}\nInterface: PJSIP/{agent}\nHoldTime: 3\n"
HANGUP = f"Event: Hangup\n{CHANNEL}Cause: 16\nCause-txt: Normal Clearing\n"
# The events of an answered call for which one phone rings, in their order.
ANSWERED = (
    f"Event: Newexten\n{CHANNEL}Application: Queue\nAppData: {{queue}},t\n",
    f"Event: QueueCallerJoin\n{CHANNEL}Queue: {{queue}}\nPosition: 1\nCount: 1\n",
    MEMBER.replace("{in_call}", "0").replace("{status}", "6"),
    f"Event: QueueCallerLeave\n{CHANNEL}Queue: {{queue}}\nCount: 0\nPosition: 1\n",
    f"Event: AgentConnect\n{CHANNEL}{AGENT}RingTime: 2\n",
    MEMBER.replace("{in_call}", "1").replace("{status}", "2"),
    f"Event: AgentComplete\n{CHANNEL}{AGENT}TalkTime: 180\nReason: caller\n",
    HANGUP,
    HANGUP.replace("{call}", "{call}9"),
    MEMBER.replace("{in_call}", "0").replace("{status}", "1"),
)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("queues", type=int, nargs="?", default=500)
    queues = parser.parse_args().queues
    with tempfile.TemporaryDirectory() as folder, _site(Path(folder), queues) as site:
        _of_asterisk(site)
        with _exporter(Path(folder), site) as started:
            _of_exporter(started, site, queues)
    _of_calls(queues)


@contextmanager
def _site(folder: Path, queues: int) -> Iterator[Site]:
    text = "".join(
        f"[q{n}]\nstrategy=rrmemory\nservicelevel=20\nwrapuptime=10\n"
        + "".join(f"member => PJSIP/a{n}-{m},0,a{n}-{m},PJSIP/a{n}-{m}\n" for m in range(AGENTS))
        for n in range(queues)
    )
    site = sites.start(
        folder / "site", name="followed", programs=programs(), files={"queues.d/q.conf": text}
    )
    try:
        with (site.etc / "manager.conf").open("a", encoding="utf-8") as manager:
            manager.write(USER.format(secret=site.ami_secret))
        with _ami(site) as ami:
            ami.command("manager reload")
        yield site
    finally:
        sites.kill(site)


def _ami(site: Site) -> Ami:
    return Ami.connect(Login("127.0.0.1", site.ami_port, site.lab_username, site.lab_secret))


def _of_asterisk(site: Site) -> None:
    with _ami(site) as ami:
        items = len(ami.read("QueueStatus"))
        used = _used(site.pid, lambda: [ami.read("QueueStatus") for _ in range(20)]) / 20
    print(f"QueueStatus, {items:,} items: {used:.3f} s of Asterisk")


@contextmanager
def _exporter(folder: Path, site: Site) -> Iterator[int]:
    project = folder / "project"
    project.mkdir()
    (project / "ami.secret").write_text(site.ami_secret, encoding="utf-8")
    (project / "ccstate.yaml").write_text(PROJECT.format(port=site.ami_port), encoding="utf-8")
    arguments = ["--project", str(project), "measure", "--serve", f"127.0.0.1:{PORT}"]
    with subprocess.Popen([sys.executable, "-m", "ccstate", *arguments]) as started:
        try:
            while not _asked("/healthz"):
                time.sleep(0.1)
            yield started.pid
        finally:
            started.terminate()


def _of_exporter(pid: int, site: Site, queues: int) -> None:
    print(f"exporter, from its start until it follows: {_processor(pid):.2f} s")
    wall = "&".join(f"figure=service_level:q{n}&figure=waiting:q{n}" for n in range(20))
    for what, path in (
        (f"/metrics of {queues} queues", "/metrics"),
        ("/figures.json, 40 figures and a list", f"/figures.json?{wall}&list=agents:q1"),
    ):
        size = len(_asked(path))
        used = _used(pid, lambda path=path: [_asked(path) for _ in range(20)]) / 20
        print(f"{what}, {size:,} bytes: {used:.3f} s")
    before = _processor(site.pid)
    used = _used(pid, lambda: time.sleep(IDLE))
    of_asterisk = _processor(site.pid) - before
    print(f"{IDLE:.0f} s without calls: {used:.2f} s, of Asterisk {of_asterisk:.2f} s")
    print(f"memory: {_memory(pid):.0f} MB")


def _of_calls(queues: int) -> None:
    members = [
        MemberIs(0.0, f"q{n}", f"a{n}-{m}", Member()) for n in range(queues) for m in range(AGENTS)
    ]
    tallies = Tallies(0.0, lambda moment: 0.0 * moment)
    tallies.begin(Snapshot(0.0, {f"q{n}": 20 for n in range(queues)}, {}, members))
    chunks = [
        "".join(
            event.format(
                queue=f"q{n % queues}", agent=f"a{n % queues}-{n % AGENTS}", call=f"{n}."
            ).replace("\n", "\r\n")
            + "\r\n"
            for event in ANSWERED
        ).encode()
        for n in range(CALLS)
    ]
    visits, splitter = Visits(), Splitter()
    began = time.process_time()
    for chunk in chunks:
        for message in splitter.feed(chunk):
            for event in visits.events(message, time.time()):
                tallies.record(event)
    used = time.process_time() - began
    assert tallies.moment(tallies.queues, 1.0).counts.answered == CALLS
    size = sum(map(len, chunks)) / CALLS
    print(
        f"{CALLS:,} calls of {len(ANSWERED)} events, {size:,.0f} bytes each: "
        f"{1000 * used / CALLS:.2f} ms a call"
    )


def _asked(path: str) -> bytes:
    """The answer; nothing where there is none yet."""
    with closing(HTTPConnection("127.0.0.1", PORT, timeout=60)) as line:
        try:
            line.request("GET", path)
            answer = line.getresponse()
        except OSError:
            return b""
        body = answer.read()
        return body if answer.status == 200 else b""


def _used(pid: int, act: Callable[[], object]) -> float:
    before = _processor(pid)
    act()
    return _processor(pid) - before


def _processor(pid: int) -> float:
    words = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    return (int(words[11]) + int(words[12])) / 100


def _memory(pid: int) -> float:
    lines = Path(f"/proc/{pid}/status").read_text(encoding="utf-8").splitlines()
    return next(int(line.split()[1]) / 1024 for line in lines if line.startswith("VmRSS"))


if __name__ == "__main__":
    main()
