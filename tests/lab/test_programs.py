import fcntl
import os
import shutil
import subprocess
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import IO

import pytest

from ccstate.errors import InvalidInput
from ccstate_lab.programs import Packages, command, path_with_espeak, programs, sipp, unpacked
from tests.waiting import GENEROUS, until

SMALL = Packages("small", "bookworm", ("small",))


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A machine whose cache is empty; programs in its folder `bin` come before all others."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:/usr/bin:/bin")
    (tmp_path / "bin").mkdir()
    return tmp_path


def apt_get(machine: Path, *, lists: str, install: str) -> None:
    """An apt-get that knows such lists of packages, and installs by these lines of shell."""
    path = machine / "bin/apt-get"
    path.write_text(
        f"""#!/bin/sh
echo "$@" >> {machine}/asked
for word; do case $word in
  Dir::Cache::archives=*) archives=${{word#*=}} ;;
  indextargets) printf '{lists}' ;;
  install) {install} ;;
esac; done
""",
        encoding="utf-8",
    )
    path.chmod(0o755)


def package(folder: Path) -> Path:
    """A real package, with a program, a manual page and a script that must not run."""
    files = {
        "DEBIAN/control": "Package: small\nVersion: 1\nArchitecture: all\n"
        "Maintainer: Nobody <nobody@brolga.example>\nDescription: small\n",
        "DEBIAN/postinst": f"#!/bin/sh\ntouch {folder}/it-ran\n",
        "bin/small": "#!/bin/sh\necho small\n",
        "usr/share/man/man1/small.1": "manual\n",
    }
    for name, text in files.items():
        path = folder / "small" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        path.chmod(0o755)
    archive = folder / "small.deb"
    build = ["dpkg-deb", "--build", "--root-owner-group", str(folder / "small"), str(archive)]
    subprocess.run(build, check=True, capture_output=True)
    return archive


def in_cache(machine: Path) -> set[str]:
    return {path.name for path in (machine / "cache/ccstate").glob("*")}


def test_packages_are_unpacked_once_and_none_of_their_scripts_run(machine: Path) -> None:
    archive = package(machine)
    apt_get(machine, lists="http://mirror/ Debian\n", install=f"cp {archive} $archives/")
    root = unpacked(SMALL)
    assert (root / "usr/bin/small").read_text(encoding="utf-8").endswith("echo small\n")
    assert (root / "bin").readlink() == Path("usr/bin")
    assert not (root / "usr/share/man/man1/small.1").exists()
    assert not (machine / "it-ran").exists()
    assert in_cache(machine) == {root.name, f"{root.name}.lock"}
    asked = (machine / "asked").read_text(encoding="utf-8")
    assert unpacked(SMALL) == root
    assert (machine / "asked").read_text(encoding="utf-8") == asked


def waits_for(lock: IO[str]) -> bool:
    """Whether somebody waits for that lock: `1: -> FLOCK … 08:01:4711 …` in /proc/locks, proc(5)."""
    inode = os.fstat(lock.fileno()).st_ino
    lines = Path("/proc/locks").read_text(encoding="utf-8").splitlines()
    return any("->" in line and f":{inode} " in line for line in lines)


def test_of_two_who_need_it_one_unpacks_and_the_other_waits(machine: Path) -> None:
    apt_get(machine, lists="", install="false")
    SMALL.folder.parent.mkdir(parents=True)
    with (
        ThreadPoolExecutor() as pool,
        SMALL.folder.with_suffix(".lock").open("a", encoding="utf-8") as lock,
    ):
        fcntl.flock(lock, fcntl.LOCK_EX)
        other = pool.submit(unpacked, SMALL)
        until(lambda: waits_for(lock), "the other waits for the lock")
        assert not other.done()
        SMALL.folder.mkdir()
        fcntl.flock(lock, fcntl.LOCK_UN)
        assert other.result(timeout=GENEROUS) == SMALL.folder
    assert not (machine / "asked").exists()


def test_what_cannot_be_fetched_leaves_nothing_and_says_why(machine: Path) -> None:
    failure = "echo E: Unable to fetch some archives >&2; exit 100"
    apt_get(machine, lists="http://mirror/ Debian\n", install=failure)
    with pytest.raises(InvalidInput, match="Unable to fetch some archives") as wrong:
        unpacked(SMALL)
    assert wrong.value.problems[0].hint
    assert in_cache(machine) == {f"{SMALL.folder.name}.lock"}


def test_a_machine_whose_apt_has_no_lists_yet_asks_debian_itself(machine: Path) -> None:
    archive = package(machine)
    asks = f'cp "${{archives%/archives}}/etc/sources.list" {machine}/; cp {archive} "$archives"/'
    apt_get(machine, lists="", install=asks)
    assert (unpacked(SMALL) / "usr/bin/small").exists()
    source = (machine / "sources.list").read_text(encoding="utf-8")
    assert " http://deb.debian.org/debian/ bookworm main" in source


def test_apt_itself_needs_no_lists_of_this_machine_and_no_root(machine: Path) -> None:
    """Of the real apt-get, told that the folder of lists is empty."""
    real = machine / "bin/apt-get"
    real.write_text(
        f'#!/bin/sh\nexec /usr/bin/apt-get -o Dir::State::lists={machine}/none "$@"\n',
        encoding="utf-8",
    )
    real.chmod(0o755)
    (machine / "none/partial").mkdir(parents=True)
    hello = Packages("hello", "bookworm", ("hello",))
    root = unpacked(hello)
    said = subprocess.run(command(root, "usr/bin/hello"), check=True, capture_output=True)
    assert said.stdout == b"Hello, world!\n"


def test_a_machine_without_apt_says_how_to_go_on(
    machine: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(machine / "bin"))
    with pytest.raises(InvalidInput, match="apt-get is missing") as wrong:
        unpacked(SMALL)
    assert "CCSTATE_ASTERISK_22" in wrong.value.problems[0].hint


def test_without_debians_keys_nothing_is_fetched(
    machine: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    apt_get(machine, lists="http://mirror/ Ubuntu\n", install="false")
    monkeypatch.setattr("ccstate_lab.programs.KEYRING", machine / "keyring.gpg")
    with pytest.raises(InvalidInput, match="is missing") as wrong:
        unpacked(SMALL)
    assert "debian-archive-keyring" in wrong.value.problems[0].hint


def test_a_release_that_the_lab_does_not_have_is_refused() -> None:
    with pytest.raises(InvalidInput, match="no Asterisk 13 in the lab"):
        programs("13")


def test_a_folder_without_asterisk_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CCSTATE_ASTERISK_22", str(tmp_path))
    with pytest.raises(InvalidInput, match=r"usr/sbin/asterisk is missing") as wrong:
        programs("22")
    assert "CCSTATE_ASTERISK_22" in wrong.value.problems[0].hint


def test_a_folder_may_be_named_instead(monkeypatch: pytest.MonkeyPatch) -> None:
    root = programs("22").root
    monkeypatch.setenv("CCSTATE_ASTERISK_22", str(root))
    assert programs("22").root == root


@pytest.mark.parametrize("release", ["22", "16"])
def test_asterisk_runs_by_its_own_loader_and_has_voicemail(release: str) -> None:
    found = programs(release)
    said = subprocess.run([*found.asterisk, "-V"], check=True, capture_output=True, text=True)
    assert said.stdout.startswith(f"Asterisk {release}.")
    assert (found.modules / "app_voicemail.so").exists()
    assert (found.sounds / "vm-intro.gsm").exists()


def test_sipp_runs() -> None:
    # It says its version, and ends with 99.
    said = subprocess.run([*sipp(), "-v"], check=False, capture_output=True, text=True)
    assert "SIPp v3" in said.stdout


def test_espeak_is_found_on_the_path_and_speaks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/usr/bin:/bin")
    path = path_with_espeak()
    program = shutil.which("espeak-ng", path=path)
    assert program
    spoken = subprocess.run(
        [program, "--stdin", "--stdout", "-v", "gmw/en"],
        input=b"hello",
        check=True,
        capture_output=True,
    )
    assert spoken.stdout.startswith(b"RIFF")
    monkeypatch.setenv("PATH", path)
    assert path_with_espeak() == path, "found once, it stays"
