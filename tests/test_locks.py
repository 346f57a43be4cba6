"""The lock files: complete for every Python and system, and closed whatever an index brings."""

import base64
import hashlib
import re
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, distribution, requires
from pathlib import Path

import pytest
from packaging.markers import default_environment
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.test_house import ROOT, declared

LOCKS = {
    "requirements.lock": ("runtime", "asterisk", "exporter", "worker", "xlsx", "build"),
    "requirements-dev.lock": (
        "runtime",
        "asterisk",
        "exporter",
        "worker",
        "xlsx",
        "build",
        "dev",
        "bench",
    ),
}
SYSTEMS = {
    "linux": {"sys_platform": "linux", "platform_system": "Linux", "os_name": "posix"},
    "darwin": {"sys_platform": "darwin", "platform_system": "Darwin", "os_name": "posix"},
    "win32": {"sys_platform": "win32", "platform_system": "Windows", "os_name": "nt"},
}
PYTHONS = ("3.11", "3.12", "3.13", "3.14")
HERE = {name: str(value) for name, value in default_environment().items()}

# What `python -m venv` of the first release of each Python brought; for 3.11 Debian 12's.
# An older pip does not run there: https://docs.python.org/3/library/ensurepip.html.
OLDEST_PIP = {11: "23.0", 12: "23.2.1", 13: "24.2", 14: "25.2"}[sys.version_info.minor]


def environment(python: str, system: str) -> dict[str, str]:
    return {
        **HERE,
        **SYSTEMS[system],
        "python_version": python,
        "python_full_version": f"{python}.7",
        "implementation_version": f"{python}.7",
    }


def locked(lock: str) -> list[Requirement]:
    """Its entries, with their markers and without their hashes."""
    text = re.sub(r"#.*", "", (ROOT / lock).read_text(encoding="utf-8")).replace("\\\n", " ")
    return [Requirement(line.partition("--hash")[0]) for line in text.splitlines() if line.strip()]


def versions(lock: str, where: dict[str, str]) -> dict[str, str]:
    """What the lock installs there; one version of each distribution."""
    found: dict[str, str] = {}
    for entry in locked(lock):
        if entry.marker is None or entry.marker.evaluate(where):
            (specifier,) = entry.specifier
            assert specifier.operator == "=="
            assert found.setdefault(entry.name, specifier.version) == specifier.version
    return found


def needed(roots: set[str], where: dict[str, str]) -> Iterator[Requirement]:
    """Every requirement that holds there, from these distributions on, those of extras too.

    As the metadata of what is installed here has it; what is for other systems only has none here.
    """
    waiting = [Requirement(name) for name in roots]
    seen: set[tuple[str, str]] = set()
    while waiting:
        wanted = waiting.pop()
        yield wanted
        name = canonicalize_name(wanted.name)
        for extra in ("", *wanted.extras):
            if (name, extra) in seen:
                continue
            seen.add((name, extra))
            try:
                found = requires(name) or []
            except PackageNotFoundError:
                continue
            waiting += (
                one
                for one in map(Requirement, found)
                if one.marker is None or one.marker.evaluate({**where, "extra": extra})
            )


@pytest.mark.parametrize("lock", LOCKS)
@pytest.mark.parametrize("system", SYSTEMS)
@pytest.mark.parametrize("python", PYTHONS)
def test_the_lock_holds_all_that_its_distributions_need(
    lock: str, system: str, python: str
) -> None:
    where = environment(python, system)
    there = versions(lock, where)
    roots = {name for use in LOCKS[lock] for name in declared()[use]}
    missing = []
    for one in needed(roots, where):
        version = there.get(canonicalize_name(one.name))
        if version is None or not one.specifier.contains(version, prereleases=True):
            missing.append(f"{one}: {version}")
    assert not missing, "out of date: make lock"


@pytest.mark.parametrize("lock", LOCKS)
def test_what_is_installed_here_is_what_is_locked(lock: str) -> None:
    there = versions(lock, HERE)
    assert {name: distribution(name).version for name in there} == there


@pytest.mark.parametrize("lock", LOCKS)
def test_the_lock_holds_nothing_that_is_not_needed(lock: str) -> None:
    roots = {name for use in LOCKS[lock] for name in declared()[use]}
    everywhere = [environment(python, system) for python in PYTHONS for system in SYSTEMS]
    wanted = {canonicalize_name(one.name) for where in everywhere for one in needed(roots, where)}
    assert set(versions(lock, HERE)) <= wanted, "out of date: make lock"


@pytest.mark.parametrize("lock", LOCKS)
def test_the_lock_names_no_place(lock: str) -> None:
    text = (ROOT / lock).read_text(encoding="utf-8")
    assert not re.search(r"://|^-|(?<!\w)/", text, re.MULTILINE), "a place is nobody's business"


def test_both_locks_agree() -> None:
    runtime, dev = (set(map(str, locked(lock))) for lock in LOCKS)
    assert runtime <= dev


# -- Closed: an index that has newer releases of everything ------------------------------------


@dataclass(frozen=True, slots=True)
class Index:
    """A folder of wheels: each distribution as it is locked, and a release that came out since.

    Names, versions and requirements are the real ones; there is nothing inside.
    """

    wheels: Path
    hashes: dict[str, str]
    """By the distribution's name: of its locked release."""


def wheel(folder: Path, name: str, version: str) -> str:
    """Write a wheel with the requirements of what is installed here; return its hash."""
    stem = f"{name.replace('-', '_')}-{version}"
    needs = "".join(f"Requires-Dist: {one}\n" for one in requires(name) or [])
    extras = "".join(
        f"Provides-Extra: {extra}\n"
        for extra in distribution(name).metadata.get_all("Provides-Extra") or []
    )
    files = {
        f"{stem}.dist-info/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n"
        f"{extras}{needs}",
        f"{stem}.dist-info/WHEEL": "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\n"
        "Tag: py3-none-any\n",
    }
    record = "".join(
        f"{path},sha256={_urlsafe(text.encode())},{len(text.encode())}\n"
        for path, text in files.items()
    )
    path = folder / f"{stem}-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as archive:
        for inside, text in files.items():
            archive.writestr(inside, text)
        archive.writestr(f"{stem}.dist-info/RECORD", f"{record}{stem}.dist-info/RECORD,,\n")
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _urlsafe(content: bytes) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b"=").decode()


@pytest.fixture(scope="session")
def index(tmp_path_factory: pytest.TempPathFactory) -> Index:
    folder = tmp_path_factory.mktemp("index")
    hashes = {}
    for name, version in versions("requirements-dev.lock", HERE).items():
        hashes[name] = wheel(folder, name, version)
        wheel(folder, name, f"{version.split('.')[0]}.{10**9}")
    return Index(folder, hashes)


def rewritten(lock: str, index: Index) -> str:
    """The lock, with the hashes of the index's wheels; names, versions and markers stay."""
    return "".join(
        f"{entry} --hash=sha256:{index.hashes.get(entry.name, '0' * 64)}\n"
        for entry in locked(lock)
    )


@dataclass(frozen=True, slots=True)
class Checkout:
    """A new machine's checkout, whose .venv has one release of pip and nothing else."""

    folder: Path
    python: Path
    index: Index

    def says_make(self, lock: str) -> str:
        """The command by which make installs that lock."""
        stamp = "dev" if "dev" in lock else "runtime"
        said = subprocess.run(
            ["make", "--dry-run", f".venv/{stamp}.stamp"],
            cwd=self.folder,
            check=True,
            capture_output=True,
            text=True,
        ).stdout
        (command,) = (line for line in said.splitlines() if line.endswith(f" {lock}"))
        return command

    def run(self, command: str) -> subprocess.CompletedProcess[str]:
        # Of pip's settings only these: neither this machine's nor its user's.
        offline = {"PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(self.index.wheels)}
        quiet = {"PIP_CONFIG_FILE": "/dev/null", "PIP_NO_CACHE_DIR": "1"}
        return subprocess.run(
            command.split(),
            cwd=self.folder,
            env={"PATH": "/usr/bin:/bin", **offline, **quiet},
            check=False,
            capture_output=True,
            text=True,
        )

    def installed(self) -> dict[str, str]:
        listed = self.run(f"{self.python} -m pip list --format freeze")
        assert listed.returncode == 0, listed.stderr
        found = dict(line.split("==") for line in listed.stdout.split())
        return {canonicalize_name(name): version for name, version in found.items()}


@pytest.fixture(scope="module", params=[OLDEST_PIP, "newest"])
def pip(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """That release of pip as a wheel, from the package index."""
    wanted = "pip" if request.param == "newest" else f"pip=={request.param}"
    folder = tmp_path_factory.mktemp("pip")
    fetch = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--dest", str(folder)]
    subprocess.run([*fetch, wanted], check=True)
    (found,) = folder.glob("pip-*.whl")
    return found


@pytest.fixture(scope="module")
def venv(pip: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A virtual environment with that pip and nothing else, to be copied."""
    folder = tmp_path_factory.mktemp("venv") / ".venv"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(folder)], check=True)
    install = [f"{folder}/bin/python", f"{pip}/pip", "install", "--quiet", "--no-index", str(pip)]
    subprocess.run(install, check=True, cwd=folder.parent)
    return folder


@pytest.fixture
def checkout(venv: Path, index: Index, tmp_path: Path) -> Checkout:
    shutil.copytree(venv, tmp_path / ".venv", symlinks=True)
    python = tmp_path / ".venv/bin/python"
    for file in ("Makefile", "pyproject.toml"):
        (tmp_path / file).write_bytes((ROOT / file).read_bytes())
    for lock in LOCKS:
        (tmp_path / lock).write_text(rewritten(lock, index), encoding="utf-8")
    return Checkout(tmp_path, python, index)


@pytest.mark.process
@pytest.mark.parametrize("lock", LOCKS)
def test_pip_takes_what_is_locked_although_all_of_it_has_newer_releases(
    checkout: Checkout, lock: str
) -> None:
    ran = checkout.run(checkout.says_make(lock))
    assert ran.returncode == 0, ran.stderr
    there = checkout.installed()
    del there["pip"]
    assert there == versions(lock, HERE)
    checked = checkout.run(f"{checkout.python} -m pip check")
    assert checked.returncode == 0, checked.stdout


@pytest.mark.process
def test_the_index_would_mislead_a_pip_that_resolves(checkout: Checkout) -> None:
    """The counter-proof: the index does have what pip must not take."""
    resolving = checkout.says_make("requirements-dev.lock").replace("--require-hashes", "")
    resolving = re.sub(r"--requirement \S+", "pytest-cov", resolving).replace("--no-deps", "")
    ran = checkout.run(resolving)
    assert ran.returncode == 0, ran.stderr
    there = checkout.installed()
    assert there["coverage"] != versions("requirements-dev.lock", HERE)["coverage"]
