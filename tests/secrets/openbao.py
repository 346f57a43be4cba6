"""A real OpenBao in its development mode: in memory, by TLS of an authority of its own, on a free port."""

import re
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import orjson
import urllib3

from tests.waiting import until
from tests.wheels import OPENBAO

ROOT = "root-token-of-tests"


class OpenBao:
    """A running server, asked as its administrator does."""

    def __init__(self, port: int, folder: Path) -> None:
        self.url = f"https://127.0.0.1:{port}/v1"
        self.authority = str(folder / "vault-ca.pem")
        self._log = folder / "log"

    def ask(self, method: str, path: str, body: Any = None, token: str = ROOT) -> dict[str, Any]:
        with urllib3.PoolManager(ca_certs=self.authority) as pool:
            answer = pool.request(
                method, f"{self.url}/{path}", json=body, headers={"X-Vault-Token": token}
            )
        assert answer.status < 300, (answer.status, answer.data)
        found: dict[str, Any] = orjson.loads(answer.data or b"{}")
        return found

    def keep(self, path: str, fields: dict[str, Any]) -> str:
        """Write a version of a path of the KV engine `secret`; its URL."""
        self.ask("POST", f"secret/data/{path}", {"data": fields})
        return f"{self.url}/secret/data/{path}"

    def token(self, path: str) -> str:
        """A token that may read this path and no other."""
        rules = f'path "secret/data/{path}" {{ capabilities = ["read"] }}'
        self.ask("PUT", f"sys/policies/acl/{path}", {"policy": rules})
        made = self.ask("POST", "auth/token/create", {"policies": [path], "ttl": "1h"})
        return str(made["auth"]["client_token"])

    @contextmanager
    def sealed(self) -> Iterator[None]:
        self.ask("PUT", "sys/seal")
        try:
            yield
        finally:
            found = re.search(r"Unseal Key: (\S+)", self._log.read_text())
            assert found is not None
            self.ask("PUT", "sys/unseal", {"key": found[1]})
            until(self._is_awake, "OpenBao is unsealed")

    def _is_awake(self) -> bool:
        with urllib3.PoolManager(ca_certs=self.authority) as pool:
            return pool.request("GET", f"{self.url}/sys/health").status == 200


@contextmanager
def serving(folder: Path) -> Iterator[OpenBao]:
    """Start OpenBao, and stop it."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    command = [
        str(OPENBAO.program()),
        "server",
        "-dev",
        "-dev-tls",
        f"-dev-tls-cert-dir={folder}",
        f"-dev-listen-address=127.0.0.1:{port}",
        f"-dev-root-token-id={ROOT}",
        "-dev-no-store-token",
    ]
    log = folder / "log"
    with (
        log.open("w") as file,
        subprocess.Popen(command, stdout=file, stderr=subprocess.STDOUT, env={}) as process,
    ):
        try:
            until(
                lambda: "Root Token:" in log.read_text() or process.poll() is not None,
                "OpenBao serves",
            )
            assert process.poll() is None, log.read_text()
            yield OpenBao(port, folder)
        finally:
            process.terminate()
