"""A browser without a screen, for pages of walls: Chromium, driven by its DevTools protocol."""

import base64
import json
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from websockets.sync.client import ClientConnection, connect

from ccstate_lab.programs import chromium
from tests.waiting import until

_FLAGS = (
    "--no-sandbox",  # which root, and most containers, cannot have
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-extensions",
    "--disable-background-networking",
    "--no-first-run",
    "--hide-scrollbars",
    "--force-color-profile=srgb",
    "--remote-debugging-port=0",
)

BLANK = {"url": "about:blank"}


class Page:
    """One tab, which answers in the order in which it is asked."""

    def __init__(self, socket: ClientConnection) -> None:
        self._socket = socket
        self._asked = 0
        self.ask("Page.enable")

    def ask(self, method: str, **parameters: Any) -> Any:
        """Send a command of the protocol, and return its result."""
        self._asked += 1
        told = {"id": self._asked, "method": method, "params": parameters}
        self._socket.send(json.dumps(told))
        while True:
            answer = json.loads(self._socket.recv(timeout=30))
            if answer.get("id") == self._asked:
                assert "error" not in answer, answer["error"]
                return answer["result"]

    def open(self, url: str, width: int = 1920, height: int = 1080) -> None:
        size = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": False}
        self.ask("Emulation.setDeviceMetricsOverride", **size)
        # Until the new page is there, it is the old one that answers.
        self.value("window.isLeft = true")
        self.ask("Page.navigate", url=url)
        until(lambda: self.value("!window.isLeft"), f"the page {url} has begun")

    def value(self, script: str) -> Any:
        """Return the value of an expression in the page."""
        found = self.ask("Runtime.evaluate", expression=script, returnByValue=True)
        assert "exceptionDetails" not in found, found["exceptionDetails"]
        return found["result"].get("value")

    def texts(self, selector: str) -> list[str]:
        """Return the text of each element that a selector of CSS finds."""
        script = f"[...document.querySelectorAll({json.dumps(selector)})].map(e => e.innerText)"
        return [str(text) for text in self.value(script)]

    def picture(self, file: Path) -> None:
        """Save what is to be seen as PNG."""
        taken = self.ask("Page.captureScreenshot", format="png")
        file.write_bytes(base64.b64decode(taken["data"]))


@contextmanager
def browser() -> Iterator[Page]:
    """Start a browser with one tab, and end it."""
    command, environment = chromium()
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        started = subprocess.Popen(
            [*command, *_FLAGS, f"--user-data-dir={folder}", "about:blank"],
            env=environment,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        try:
            yield from _tab(Path(folder) / "DevToolsActivePort")
        finally:
            started.terminate()
            started.wait(10)


def _tab(announced: Path) -> Iterator[Page]:
    until(lambda: announced.exists() and announced.read_text().count("\n"), "a browser runs")
    port, path = announced.read_text().splitlines()[:2]
    with connect(f"ws://127.0.0.1:{port}{path}", max_size=2**26) as whole:
        whole.send(json.dumps({"id": 1, "method": "Target.createTarget", "params": BLANK}))
        made = json.loads(whole.recv(timeout=30))["result"]
    with connect(f"ws://127.0.0.1:{port}/devtools/page/{made['targetId']}", max_size=2**26) as one:
        yield Page(one)
