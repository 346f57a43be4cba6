import socket
import stat
from pathlib import Path

import pytest

from ccstate.adapters.asterisk.ami import Ami, Forbidden, Login, Refused, Tls
from ccstate.errors import InvalidInput
from ccstate_lab import process
from ccstate_lab import site as sites
from ccstate_lab.programs import Programs, programs
from ccstate_lab.site import Site
from tests.asterisk_sites import NewSite

QUEUE = "[sales]\nstrategy = ringall\n"


def ami(site: Site) -> Ami:
    """As ccstate logs in."""
    return Ami.connect(Login(site.ami_host, site.ami_port, site.ami_username, site.ami_secret))


def complaints(site: Site) -> list[str]:
    lines = site.log.read_text(encoding="utf-8").splitlines()
    return [line for line in lines if "] ERROR[" in line or "] WARNING[" in line]


def folders_of(name: str) -> set[str]:
    """What runs with this folder in its command line."""
    found = set()
    for line in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            words = line.read_text(encoding="utf-8", errors="replace")
        except OSError:  # it ended just now
            continue
        if name in words:
            found.add(words.replace("\0", " "))
    return found


def port_is_free(port: int, kind: socket.SocketKind) -> bool:
    with socket.socket(socket.AF_INET, kind) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, int(kind == socket.SOCK_STREAM))
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


@pytest.mark.parametrize("release", ["22", "16"])
def test_a_site_boots_without_a_complaint_and_knows_its_name(
    new_site: NewSite, release: str
) -> None:
    site = new_site(release)
    with ami(site) as asterisk:
        assert asterisk.do("CoreSettings")["SystemName"] == site.systemname
        assert asterisk.do("CoreSettings")["AsteriskVersion"].startswith(f"{release}.")
    assert complaints(site) == []


@pytest.mark.parametrize("release", ["22", "16"])
def test_the_rights_of_ccstate_are_enough_to_read_to_reload_and_no_more(
    new_site: NewSite, release: str
) -> None:
    files = {"queues.d/a.conf": QUEUE, "voicemail.d/a.conf": "[ccstate]\n2001 => 1,Priya\n"}
    with ami(new_site(release, files=files)) as asterisk:
        asterisk.do("Reload", ("Module", "app_queue.so"))
        assert [queue["Queue"] for queue in asterisk.read("QueueStatus")] == ["sales"]
        boxes = asterisk.read("VoicemailUsersList")
        assert [(box["VMContext"], box["VoiceMailbox"]) for box in boxes] == [("ccstate", "2001")]
        assert "lab" in {row.get("Context") for row in asterisk.read("ShowDialPlan")}
        assert asterisk.read("PJSIPShowAuths") == []
        assert asterisk.do("Getvar", ("Variable", "NOTHING"))["Value"] == ""
        with pytest.raises(Refused, match="not found"):
            asterisk.do("QueuePause", ("Interface", "PJSIP/nobody"), ("Paused", "true"))
        with pytest.raises(Forbidden, match="Command"):
            asterisk.command("queue show")
        with pytest.raises(Forbidden, match="Originate"):
            asterisk.do("Originate", ("Channel", "Local/600@lab"), ("Application", "Wait"))


def test_two_sites_run_side_by_side_and_know_nothing_of_each_other(new_site: NewSite) -> None:
    one = new_site(files={"queues.d/a.conf": QUEUE})
    other = new_site()
    assert set(one.ports.rtp).isdisjoint(other.ports.rtp)
    with ami(one) as first, ami(other) as second:
        assert [queue["Queue"] for queue in first.read("QueueStatus")] == ["sales"]
        assert second.read("QueueStatus") == []


def test_a_site_that_was_killed_comes_back_as_it_was_written(new_site: NewSite) -> None:
    site = new_site()
    sites.kill(site)
    assert sites.find(site.folder) is None
    (site.etc / "queues.d/ccstate.conf").write_text(QUEUE, encoding="utf-8")
    again = sites.start(site.folder, name=site.name, programs=site.programs)
    assert (again.ports, again.ami_secret) == (site.ports, site.ami_secret)
    assert again.pid != site.pid
    with ami(again) as asterisk:
        assert [queue["Queue"] for queue in asterisk.read("QueueStatus")] == ["sales"]


def test_a_site_is_found_by_its_folder(new_site: NewSite, tmp_path: Path) -> None:
    site = new_site(tls=True)
    assert sites.find(site.folder) == site
    assert sites.find(tmp_path) is None


def test_stopping_leaves_no_process_and_no_port(new_site: NewSite) -> None:
    site = new_site()
    assert folders_of(str(site.folder))
    sites.stop(site)
    sites.stop(site)
    assert not process.alive(site.process)
    assert folders_of(str(site.folder)) == set()
    assert port_is_free(site.ami_port, socket.SOCK_STREAM)
    assert port_is_free(site.sip_port, socket.SOCK_DGRAM)


def test_only_the_process_that_was_started_is_ever_ended(new_site: NewSite) -> None:
    site = new_site()
    one_of_before = process.Process(site.process.pid, site.process.began - 1)
    assert not process.alive(one_of_before)
    process.end(one_of_before)
    process.kill(one_of_before)
    assert process.alive(site.process)


def test_what_holds_secrets_only_its_owner_can_read(new_site: NewSite) -> None:
    site = new_site(tls=True)
    secrets = {site.ami_secret, site.lab_secret, "PRIVATE KEY"}
    for path in site.folder.rglob("*"):
        if path.is_file() and not path.is_symlink():
            text = path.read_text(encoding="utf-8", errors="replace")
            if any(secret in text for secret in secrets):
                assert stat.S_IMODE(path.stat().st_mode) == 0o600, path
    assert site.ami_secret not in repr(site)
    assert site.secret_file.read_text(encoding="utf-8").strip() == site.ami_secret


def test_ami_speaks_tls_to_who_trusts_its_certificate(new_site: NewSite) -> None:
    site = new_site(tls=True)
    assert site.ami_tls_port
    login = Login(
        site.ami_host,
        site.ami_tls_port,
        site.ami_username,
        site.ami_secret,
        tls=Tls(ca=site.certificate),
    )
    with Ami.connect(login) as asterisk:
        assert asterisk.do("CoreSettings")["SystemName"] == site.systemname


def test_a_site_that_runs_is_not_started_again(new_site: NewSite) -> None:
    site = new_site()
    with pytest.raises(InvalidInput, match="runs already"):
        sites.start(site.folder, name="other", programs=site.programs)
    assert sites.find(site.folder) == site


@pytest.mark.parametrize("name", ["", "two words", "a;b", "line\nbreak"])
def test_a_name_that_asterisk_would_misread_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(InvalidInput, match="cannot be the name"):
        sites.start(tmp_path / "site", name=name, programs=programs())
    assert not (tmp_path / "site").exists()


def test_a_folder_that_asterisk_would_misread_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="no site can live"):
        sites.start(tmp_path / "a;b", name="lab", programs=programs())


def test_an_asterisk_that_does_not_start_says_why(tmp_path: Path) -> None:
    broken = tmp_path / "broken"
    whole = programs()
    (broken / "usr/sbin").mkdir(parents=True)
    for path in ("usr/lib", "usr/share", "etc"):
        (broken / path).symlink_to(whole.root / path)
    (broken / "usr/sbin/asterisk").write_bytes(b"no program")
    with pytest.raises(InvalidInput) as wrong:
        sites.start(tmp_path / "site", name="lab", programs=Programs("22", broken))
    problem = wrong.value.problems[0]
    assert problem.code == "CC926"
    assert "invalid ELF header" in problem.cause or "file too short" in problem.cause
    assert folders_of(str(tmp_path / "site")) == set()


def test_includes_that_are_there_already_stay(new_site: NewSite) -> None:
    site = new_site(files={"pjsip.d/hand.conf": "; by hand\n"})
    sites.stop(site)
    sites.start(site.folder, name=site.name, programs=site.programs)
    assert (site.etc / "pjsip.d/hand.conf").read_text(encoding="utf-8") == "; by hand\n"
