"""Bundles in OpenBao: read from a real server; what goes wrong there, from a real one where it can be made to."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import orjson
import pytest

from ccstate.errors import Unreadable
from ccstate.secrets import ABSENT, attempt, openbao, resolve
from ccstate.secrets.allowed import BUNDLE
from tests.secrets.openbao import ROOT, OpenBao, serving

SECRETS = {"sip-1101": "s3cret #1", "pin_1101": "0123", "number": 5}


@pytest.fixture(scope="module")
def openbao_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[OpenBao]:
    with serving(tmp_path_factory.mktemp("openbao")) as server:
        yield server


@pytest.fixture
def bao(openbao_server: OpenBao, monkeypatch: pytest.MonkeyPatch) -> OpenBao:
    """The server, trusted and named, with no token yet; nothing is kept of what it answered before."""
    for name in ("VAULT_TOKEN", "BAO_TOKEN_PATH", "VAULT_TOKEN_PATH", "BAO_NAMESPACE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("BAO_TOKEN", "")
    monkeypatch.setenv("BAO_CACERT", openbao_server.authority)
    monkeypatch.setenv(BUNDLE, openbao_server.keep("ccstate", SECRETS))
    monkeypatch.setattr(openbao, "FRESH", 1e-9)
    monkeypatch.setattr(openbao, "WAITS", (0.01,))
    return openbao_server


def refused(folder: Path) -> tuple[str, str, str]:
    with pytest.raises(Unreadable) as caught:
        attempt(["bundle:sip-1101"], folder)
    [problem] = caught.value.problems
    assert problem.code == "CC882"
    assert not [text for text in ("s3cret", ROOT, "t0ken") if text in str(problem)]
    assert problem.hint
    return problem.code, problem.message, problem.hint


@pytest.mark.parametrize("variable", ["BAO_TOKEN", "VAULT_TOKEN", "BAO_TOKEN_PATH"])
def test_the_fields_of_a_path_are_secrets_for_a_token_that_may_read_it(
    bao: OpenBao, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, variable: str
) -> None:
    token = bao.token("ccstate")
    if variable == "BAO_TOKEN_PATH":
        (tmp_path / "token").write_text(f"{token}\n")
        token = str(tmp_path / "token")
    monkeypatch.setenv(variable, token)
    found, causes = attempt(
        ["bundle:sip-1101", "bundle:pin_1101", "bundle:number", "bundle:sip-1102"], tmp_path
    )
    assert found == {"bundle:sip-1101": "s3cret #1", "bundle:pin_1101": "0123"}
    assert causes == {
        "bundle:number": "is no text in the bundle",
        "bundle:sip-1102": "is not in the bundle",
    }


def test_without_a_token_its_secrets_may_be_elsewhere(bao: OpenBao, tmp_path: Path) -> None:
    _, causes = attempt(["bundle:sip-1101"], tmp_path)
    assert causes == {"bundle:sip-1101": "is in OpenBao, and no token is here"}
    assert set(causes.values()) <= ABSENT


def test_a_new_version_is_what_is_read(
    bao: OpenBao, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BAO_TOKEN", ROOT)
    assert resolve(["bundle:pin_1101"], tmp_path) == {"bundle:pin_1101": "0123"}
    bao.keep("ccstate", {**SECRETS, "pin_1101": "4711"})
    assert resolve(["bundle:pin_1101"], tmp_path) == {"bundle:pin_1101": "4711"}


def test_one_request_serves_a_run(
    bao: OpenBao, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(openbao, "FRESH", 1e9)
    monkeypatch.setenv("BAO_TOKEN", ROOT)
    monkeypatch.setenv(BUNDLE, bao.keep("once", SECRETS))
    before = openbao._fields.cache_info()
    for _ in range(5):
        resolve([f"bundle:{name}" for name in ("sip-1101", "pin_1101")], tmp_path)
    after = openbao._fields.cache_info()
    assert (after.misses - before.misses, after.hits - before.hits) == (1, 4)


@pytest.mark.parametrize(
    "case",
    [
        ("secret/data/ccstate", "s.wrong-t0ken", "does not let the token read it (403)"),
        ("secret/data/other", "", "does not let the token read it (403)"),
        ("secret/data/nothing", ROOT, "has nothing there (404)"),
        ("secret/data/deleted", ROOT, "has nothing there (404)"),
        ("secret/metadata/ccstate", ROOT, "answers otherwise than KV version 2 does"),
        ("sys/health", ROOT, "answers otherwise than KV version 2 does"),
    ],
)
def test_refusals_of_the_real_server_say_what_to_do(
    bao: OpenBao,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    case: tuple[str, str, str],
) -> None:
    path, token, says = case
    bao.keep("other", SECRETS)
    bao.keep("deleted", SECRETS)
    bao.ask("DELETE", "secret/data/deleted")
    monkeypatch.setenv("BAO_TOKEN", token or bao.token("ccstate"))
    monkeypatch.setenv(BUNDLE, f"{bao.url}/{path}")
    message = refused(tmp_path)[1]
    assert message == f"OpenBao gives no secrets: {bao.url}/{path} {says}"


def test_a_namespace_is_named_beside_the_token(
    bao: OpenBao, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bao.ask("PUT", "sys/namespaces/sydney", {})
    bao.ask("POST", "sydney/sys/mounts/kv", {"type": "kv", "options": {"version": "2"}})
    bao.ask("POST", "sydney/kv/data/phones", {"data": {"sip-1101": "of Sydney"}})
    monkeypatch.setenv("BAO_TOKEN", ROOT)
    monkeypatch.setenv(BUNDLE, f"{bao.url}/kv/data/phones")
    assert "nothing there" in refused(tmp_path)[1]
    monkeypatch.setenv("BAO_NAMESPACE", "sydney")
    assert resolve(["bundle:sip-1101"], tmp_path) == {"bundle:sip-1101": "of Sydney"}
    monkeypatch.delenv("BAO_NAMESPACE")
    monkeypatch.setenv(BUNDLE, f"{bao.url}/sydney/kv/data/phones")
    assert resolve(["bundle:sip-1101"], tmp_path) == {"bundle:sip-1101": "of Sydney"}


def test_a_sealed_server_is_no_absent_secret(
    bao: OpenBao, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BAO_TOKEN", ROOT)
    with bao.sealed():
        _, message, hint = refused(tmp_path)
    assert message.endswith("is sealed, or in maintenance (503)")
    assert "unseal" in hint
    assert resolve(["bundle:pin_1101"], tmp_path)


def test_no_certificate_is_trusted_unseen(
    bao: OpenBao, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BAO_TOKEN", ROOT)
    monkeypatch.setenv("BAO_SKIP_VERIFY", "true")
    monkeypatch.delenv("BAO_CACERT")
    assert "a certificate that is not trusted" in refused(tmp_path)[1]
    (tmp_path / "no.pem").write_text("no certificate")
    monkeypatch.setenv("BAO_CACERT", str(tmp_path / "no.pem"))
    assert "is no file with certificates" in refused(tmp_path)[1]


@pytest.mark.parametrize(
    "url, says",
    [
        ("http://bao.example.org/v1/kv/data/x", "is not reached by https"),
        ("ftp://bao.example.org/v1/kv/data/x", "is not reached by https"),
        ("https://me:t0ken@bao.example.org/v1/kv/data/x", "is no plain address of a path"),
        ("https://bao.example.org/v1/kv/data/x?token=t0ken", "is no plain address of a path"),
        ("https://bao.example.org/v1/x#t0ken", "is no plain address of a path"),
        ("https://bao.example.org:t0ken/v1/x", "is no plain address of a path"),
        ("https:///v1/kv/data/x", "is no plain address of a path"),
        ("https://bao.example.org/kv/data/t0ken", "has no path that begins with /v1/"),
    ],
)
def test_an_address_that_is_none_is_refused_unasked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, url: str, says: str
) -> None:
    monkeypatch.setenv(BUNDLE, url)
    monkeypatch.setenv("BAO_TOKEN", "t0ken")
    assert says in refused(tmp_path)[1]


@pytest.mark.parametrize("token", ["two words", "line\nbreak", "né"])
def test_a_token_that_is_none_is_refused_unasked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, token: str
) -> None:
    monkeypatch.setenv(BUNDLE, "https://bao.example.org/v1/kv/data/x")
    monkeypatch.setenv("BAO_TOKEN", f"t0ken{token}")
    assert "the token holds characters" in refused(tmp_path)[1]


def test_a_file_of_the_token_that_is_not_there_is_told_by_its_variable(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(BUNDLE, "https://bao.example.org/v1/kv/data/x")
    monkeypatch.delenv("BAO_TOKEN", raising=False)
    monkeypatch.delenv("VAULT_TOKEN", raising=False)
    monkeypatch.setenv("BAO_TOKEN_PATH", str(tmp_path / "t0ken"))
    _, message, hint = refused(tmp_path)
    assert "the file of the token cannot be read" in message
    assert "BAO_TOKEN_PATH" in hint


# What a healthy server does not do on request, from one that does just that.


@contextmanager
def answering(*answers: tuple[int, dict[str, str], bytes]) -> Iterator[tuple[str, list[str]]]:
    """A server that gives these answers, in order, the last one for ever; with the hosts it was asked as."""
    left = list(answers)
    asked: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            status, headers, body = left.pop(0) if len(left) > 1 else left[0]
            self.send_response(status)
            for name, value in {"Content-Length": str(len(body)), **headers}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}/v1/kv/data/x", asked
        finally:
            server.shutdown()
            thread.join()


GOOD: tuple[int, dict[str, str], bytes] = (
    200,
    {},
    orjson.dumps({"data": {"data": {"sip-1101": "s3cret"}, "metadata": {}}}),
)


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BAO_TOKEN", "t0ken")
    monkeypatch.delenv("BAO_CACERT", raising=False)
    monkeypatch.setattr(openbao, "FRESH", 1e-9)
    monkeypatch.setattr(openbao, "WAITS", (0.01,))


@pytest.mark.usefixtures("asked")
@pytest.mark.parametrize("status", [429, 500, 502, 503, 504])
def test_a_passing_fault_is_asked_about_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, status: int
) -> None:
    with answering((status, {"Retry-After": "86400"}, b"{}"), GOOD) as (url, seen):
        monkeypatch.setenv(BUNDLE, url)
        assert resolve(["bundle:sip-1101"], tmp_path) == {"bundle:sip-1101": "s3cret"}
    assert len(seen) == 2


@pytest.mark.usefixtures("asked")
@pytest.mark.parametrize(
    "answer, says",
    [
        ((429, {}, b"{}"), "takes no more requests for now (429)"),
        ((500, {}, b"{}"), "answers 500"),
        ((400, {}, b'{"errors": ["t0ken"]}'), "refuses the request (400)"),
        ((200, {}, b"<html>"), "answers otherwise than KV version 2 does"),
        ((200, {}, b'{"data": {"sip-1101": "s3cret"}}'), "answers otherwise than KV version 2"),
        ((200, {}, b'{"data": ["s3cret"]}'), "answers otherwise than KV version 2 does"),
        ((200, {"Content-Length": "5000"}, b"{}"), "does not answer"),
    ],
)
def test_an_answer_that_is_none_is_told_without_its_text(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    answer: tuple[int, dict[str, str], bytes],
    says: str,
) -> None:
    monkeypatch.setattr(openbao, "SILENCE", 1)
    with answering(answer) as (url, _):
        monkeypatch.setenv(BUNDLE, url)
        assert says in refused(tmp_path)[1]


@pytest.mark.usefixtures("asked")
@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_the_token_goes_to_no_other_address(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, status: int
) -> None:
    with (
        answering(GOOD) as (there, seen),
        answering((status, {"Location": there}, b"")) as (url, _),
    ):
        monkeypatch.setenv(BUNDLE, url)
        assert f"leads to another address ({status})" in refused(tmp_path)[1]
    assert not seen


@pytest.mark.usefixtures("asked")
def test_an_answer_without_end_is_cut_off(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(openbao, "MOST_BYTES", 1000)
    with answering((200, {}, b" " * 5000)) as (url, _):
        monkeypatch.setenv(BUNDLE, url)
        assert "an answer without an end" in refused(tmp_path)[1]


@pytest.mark.usefixtures("asked")
def test_nobody_there_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with answering(GOOD) as (url, _):
        pass
    monkeypatch.setenv(BUNDLE, url)
    assert "does not answer: " in refused(tmp_path)[1]
