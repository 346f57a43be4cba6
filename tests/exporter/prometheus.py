"""Prometheus and promtool as Debian has them, unpacked: the ones that read what the exporter writes."""

import json
import subprocess
from collections.abc import Iterator
from contextlib import closing, contextmanager
from http import HTTPStatus
from http.client import HTTPConnection
from pathlib import Path
from socket import socket
from typing import Any
from urllib.parse import quote

from ccstate_lab.programs import LEFT_OUT, Packages, command, unpacked
from tests.waiting import until

PROMETHEUS = Packages(
    "prometheus",
    "bookworm",
    ("prometheus",),
    # Pages of its own, and what scripts of the packages would need: 60 MB less.
    left_out=(*LEFT_OUT, "./usr/share/*", "./usr/lib/x86_64-linux-gnu/perl*"),
)
"""Of Debian 12: 2.42 (seen)."""


def checked(metrics: str) -> str:
    """What promtool has to say about metrics; "" where nothing."""
    promtool = command(unpacked(PROMETHEUS), "usr/bin/promtool")
    done = subprocess.run(
        [*promtool, "check", "metrics"], input=metrics, capture_output=True, text=True, check=False
    )
    return f"{done.stdout}{done.stderr}" + (f"exit {done.returncode}" if done.returncode else "")


@contextmanager
def scraping(job: str, folder: Path) -> Iterator["Prometheus"]:
    """Prometheus with this configuration, until the block ends."""
    folder.mkdir()
    (folder / "prometheus.yml").write_text(job, encoding="utf-8")
    with socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    program = command(unpacked(PROMETHEUS), "usr/bin/prometheus")
    options = ["--config.file=prometheus.yml", "--storage.tsdb.path=data"]
    options += [f"--web.listen-address=127.0.0.1:{port}", "--log.level=warn"]
    with (
        (folder / "said").open("wb") as said,
        subprocess.Popen([*program, *options], cwd=folder, stdout=said, stderr=said) as started,
    ):
        try:
            yield Prometheus(port)
        finally:
            started.terminate()


class Prometheus:
    def __init__(self, port: int) -> None:
        self._port = port

    def value(self, expression: str) -> float:
        """The value of an expression, once there is one."""
        return until(lambda: self._asked(expression), f"Prometheus knows {expression}")[0]

    def refusal(self, expression: str) -> str:
        """What Prometheus has against an expression; "" where nothing."""
        line = HTTPConnection("127.0.0.1", self._port, timeout=10)
        with closing(line):
            line.request("GET", f"/api/v1/query?query={quote(expression)}")
            return str(json.loads(line.getresponse().read()).get("error", ""))

    def _asked(self, expression: str) -> list[float] | None:
        line = HTTPConnection("127.0.0.1", self._port, timeout=10)
        try:
            with closing(line):
                line.request("GET", f"/api/v1/query?query={quote(expression)}")
                answer = line.getresponse()
                if answer.status != HTTPStatus.OK:  # it is not ready yet
                    return None
                found: Any = json.loads(answer.read())
        except OSError:  # it does not listen yet
            return None
        return [float(each["value"][1]) for each in found["data"]["result"]] or None
