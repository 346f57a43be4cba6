"""What a branch could choose of the machine, and does not: programs that start, hosts that are told."""

import hashlib
import os
import socket
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from ccstate.errors import InvalidInput
from ccstate.machine import check_hosts, command, program
from tests.cli.screens import Screen

HERE = "0.0.0.0"  # noqa: S104 - to Linux this machine, though no loopback address: a stranger's
PROJECT = """\
version: 1
targets:
  main:
    adapter: asterisk
    connection: {{etc: etc, sounds: sounds, {connection}}}
"""
SALES = "sites: {a: {timezone: UTC}}\n"


class Listener:
    """An AMI that anybody may run: asks who comes to prove the secret, and notes what arrives."""

    def __init__(self) -> None:
        self.arrived: list[bytes] = []
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.port = int(self.socket.getsockname()[1])
        self.thread = threading.Thread(target=self._listen, daemon=True)
        self.thread.start()

    def _listen(self) -> None:
        while True:
            try:
                line, _ = self.socket.accept()
            except OSError:
                return
            with line:
                line.settimeout(5)
                self.arrived.append(b"")
                line.sendall(b"Asterisk Call Manager/7.0.3\r\n")
                answers = [b"Challenge: 4711\r\n", b""]
                while answers and (heard := line.recv(4096)):
                    self.arrived[-1] += heard
                    if heard.startswith(b"SSH-"):
                        break
                    if self.arrived[-1].endswith(b"\r\n\r\n"):
                        action = [x for x in heard.split(b"\r\n") if x.startswith(b"ActionID")]
                        told = [b"Response: Success", *action, answers.pop(0)]
                        line.sendall(b"\r\n".join(told).rstrip(b"\r\n") + b"\r\n\r\n")

    def close(self) -> None:
        self.socket.shutdown(socket.SHUT_RDWR)
        self.socket.close()
        self.thread.join()


@pytest.fixture
def listener() -> Iterator[Listener]:
    found = Listener()
    yield found
    found.close()


@pytest.fixture
def screen(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Screen:
    for name in ("desired_state", "etc", "sounds"):
        (tmp_path / name).mkdir()
    (tmp_path / "desired_state" / "all.yaml").write_text(SALES)
    for name in ("CCSTATE_PROJECT", "CCSTATE_HOSTS", "CCSTATE_SPEECH", "CCSTATE_SIPP", "COLUMNS"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AMI_SECRET", "s3cret-of-the-job")
    monkeypatch.chdir(tmp_path)
    return Screen(tmp_path, capsys)


def connection(screen: Screen, text: str) -> None:
    (screen.folder / "ccstate.yaml").write_text(PROJECT.format(connection=text))


COMMANDS = (["plan"], ["verify"], ["drift"], ["adopt", "--all"], ["test", "--live", "main"])


@pytest.mark.parametrize("command_line", COMMANDS)
def test_no_host_of_the_branch_is_given_a_proof_of_a_secret(
    screen: Screen, listener: Listener, monkeypatch: pytest.MonkeyPatch, command_line: list[str]
) -> None:
    connection(screen, f"ami: {{host: {HERE}, port: {listener.port}, secret: env:AMI_SECRET}}")
    screen.run(*command_line)
    assert listener.arrived == []
    if command_line == ["plan"]:
        assert f"CC452 {HERE} is not among the hosts that ccstate may log in to" in screen.err
        assert f"hint: where ccstate runs: export CCSTATE_HOSTS={HERE}" in screen.err
        # That the listener listens: what a host gets that is allowed, which is never the secret.
        monkeypatch.setenv("CCSTATE_HOSTS", HERE)
        screen.run("plan")
        proof = hashlib.md5(b"4711s3cret-of-the-job", usedforsecurity=False).hexdigest()
        assert proof.encode() in listener.arrived[0]
        assert b"s3cret" not in b"".join(listener.arrived)


@pytest.mark.parametrize("command_line", COMMANDS)
def test_no_host_of_the_branch_is_logged_in_to_by_ssh(
    screen: Screen, listener: Listener, monkeypatch: pytest.MonkeyPatch, command_line: list[str]
) -> None:
    (screen.folder / "hosts").write_text("")
    sftp = f"{{host: {HERE}, port: {listener.port}, username: root, known_hosts: hosts}}"
    connection(screen, f"sftp: {sftp}, ami: {{secret: env:AMI_SECRET, port: {listener.port}}}")
    assert screen.run(*command_line) == 1
    assert listener.arrived == []
    assert f"CC452 {HERE} is not among the hosts" in screen.out + screen.err
    monkeypatch.setenv("CCSTATE_HOSTS", HERE)
    screen.run(*command_line)
    assert listener.arrived[0].startswith(b"SSH-2.0")


@pytest.mark.parametrize(
    "allowed, host",
    [
        ("", "localhost"),
        ("", "LocalHost."),
        ("", "127.0.0.1"),
        ("", "127.1.2.3"),
        ("", "::1"),
        ("pbx.example.org", "pbx.example.org"),
        ("PBX.example.org.", "pbx.EXAMPLE.org"),
        ("*.example.org", "a.b.example.org"),
        ("10.1.0.0/16", "10.1.255.3"),
        ("192.0.2.7", "192.0.2.7"),
        ("2001:db8::/32", "2001:db8::7"),
        ("pbx", "pbx"),
    ],
)
def test_hosts_that_are_allowed(monkeypatch: pytest.MonkeyPatch, allowed: str, host: str) -> None:
    monkeypatch.setenv("CCSTATE_HOSTS", f"other.example.net {allowed}")
    check_hosts([host])


@pytest.mark.parametrize(
    "allowed, host",
    [
        ("", "pbx.example.org"),
        ("", "192.0.2.7"),
        ("", HERE),
        ("", "::"),
        ("", "0x7f.1"),
        ("", "127.0.0.1.example.org"),
        ("", "localhost.example.org"),
        ("", "::ffff:192.0.2.7"),
        ("", ""),
        ("pbx.example.org", "pbx.example.org.evil.example"),
        ("pbx.example.org", "xpbx.example.org"),
        ("*.example.org", "example.org"),
        ("*.example.org", "evilexample.org"),
        ("*.example.org", "example.org.evil.example"),
        ("10.1.0.0/16", "10.2.0.1"),
        ("10.1.0.0/16", "10.1.evil.example"),
        ("192.0.2.0/24", "192.0.2.7.evil.example"),
    ],
)
def test_hosts_that_are_not_allowed(
    monkeypatch: pytest.MonkeyPatch, allowed: str, host: str
) -> None:
    monkeypatch.setenv("CCSTATE_HOSTS", allowed)
    with pytest.raises(InvalidInput) as refused:
        check_hosts([host])
    assert [one.code for one in refused.value.problems] == ["CC452"]


@pytest.mark.parametrize(
    "entry", ["*", "*.org", "*.*", "10.1.*", "pbx*.example.org", "0.0.0.0/0", "::/0", "a..b", "-a"]
)
def test_a_variable_that_allows_strangers_is_refused(
    monkeypatch: pytest.MonkeyPatch, entry: str
) -> None:
    monkeypatch.setenv("CCSTATE_HOSTS", f"pbx.example.org {entry}")
    with pytest.raises(InvalidInput) as refused:
        check_hosts(["127.0.0.1"])
    assert [one.code for one in refused.value.problems] == ["CC453"]


@pytest.mark.git
def test_no_program_that_a_connection_names_is_started(
    screen: Screen, monkeypatch: pytest.MonkeyPatch
) -> None:
    marker = screen.folder / "marker"
    for name in ("evil", "sipp", "espeak-ng", "git"):
        (screen.folder / name).write_text(f"#!/bin/sh\necho ran >>'{marker}'\n")
        (screen.folder / name).chmod(0o755)
    subprocess.run(["git", "init", "-q"], cwd=screen.folder, check=True)
    monkeypatch.setenv("PATH", f":.:{os.environ['PATH']}")
    (screen.folder / "desired_state" / "more.yaml").write_text(
        "prompts: {hi: {languages: {en: {text: Hi}}}}\n"
    )
    named = "ami: {secret: env:AMI_SECRET}, speech: [./evil], sip: {sipp: ./evil}, test_site: true"
    connection(screen, named)
    for command_line in (*COMMANDS, ["validate"], ["apply"], ["history", "site/a"]):
        screen.run(*command_line)
        assert not marker.exists(), command_line
    assert screen.run("validate") == 1
    told = " ".join(screen.out.split())
    assert "ccstate.yaml:5:75: CC402" in told
    assert "where ccstate runs, export CCSTATE_SPEECH='/where/speak {language}'" in told
    assert "where ccstate runs, export CCSTATE_SIPP=/where/sipp" in told


def test_only_whole_paths_and_names_on_the_path_are_programs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "tool").write_text("#!/bin/sh\n")
    (tmp_path / "tool").chmod(0o755)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PATH", f":.:{tmp_path.name}")
    assert program("tool") is None
    for said in ("tool", "./tool", f"../{tmp_path.name}/tool", "'tool"):
        monkeypatch.setenv("CCSTATE_SIPP", said)
        with pytest.raises(InvalidInput) as refused:
            command("CCSTATE_SIPP")
        assert [one.code for one in refused.value.problems] == ["CC454"]
    monkeypatch.setenv("PATH", f":{tmp_path}")
    assert program("tool") == str(tmp_path / "tool")
    monkeypatch.setenv("CCSTATE_SIPP", f"'{tmp_path}/tool' -v 'a b'")
    assert command("CCSTATE_SIPP") == (str(tmp_path / "tool"), "-v", "a b")
    monkeypatch.delenv("CCSTATE_SIPP")
    assert command("CCSTATE_SIPP") == ()
