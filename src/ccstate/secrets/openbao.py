"""OpenBao, or Vault: the secrets of one path of a KV engine of version 2, in one request.

Source: OpenBao, "KV secrets engine, version 2 (API)": GET /v1/MOUNT/data/PATH, `data.data` of the
answer; "HTTP API": headers, status codes. Seen with OpenBao 2.7.2.
"""

import ssl
import time
from collections.abc import Mapping
from functools import lru_cache
from ipaddress import ip_address
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import orjson

from ccstate.secrets import codes
from ccstate.secrets.allowed import BUNDLE, TOKEN_FILES, TOKENS, BundleUnusable, Unresolvable

if TYPE_CHECKING:
    from urllib3 import BaseHTTPResponse, PoolManager

NO_TOKEN = "is in OpenBao, and no token is here"  # noqa: S105 - words about one

MOST_BYTES = 16 * 1024 * 1024
CONNECT, SILENCE, WHOLE = 5, 20, 60
"""Seconds to connect, without a byte of the answer, and for the whole of it."""
FRESH = 300
"""Seconds for which an answer serves: an apply asks again with each batch, a worker lives for weeks."""
WAITS = (0.5, 1.5)
"""Seconds before it is asked again after a passing fault."""
_AGAIN = frozenset({429, 500, 502, 503, 504})
_TOKEN = 4096
_WHY = {
    400: ("refuses the request (400)", "see whether the path is that of a KV engine, with /data/"),
    403: (
        "does not let the token read it (403)",
        "make a token that is valid, with a policy that may read this path; BAO_NAMESPACE names the namespace",
    ),
    404: (
        "has nothing there (404)",
        "see whether the path is right, with /data/ after the mount, and its last version not deleted",
    ),
    429: ("takes no more requests for now (429)", "run the command again later"),
    503: ("is sealed, or in maintenance (503)", "unseal it: `bao operator unseal`"),
}


def read(url: str, environment: Mapping[str, str]) -> Mapping[str, Any]:
    """Return the fields of the path. Raises Unresolvable without a token, BundleUnusable without an answer."""
    _check_url(url)
    token = _token(environment)
    namespace = environment.get("BAO_NAMESPACE") or environment.get("VAULT_NAMESPACE", "")
    authority = environment.get("BAO_CACERT") or environment.get("VAULT_CACERT", "")
    return _fields(url, token, namespace, authority, int(time.monotonic() // FRESH))


def _check_url(url: str) -> None:
    """Refuse what would send the token in clear, or what a message could not show."""
    try:
        parts = urlsplit(url)
        host, user = parts.hostname or "", parts.username
        parts.port  # noqa: B018 - ValueError where it is none
    except ValueError:
        host, user, parts = "", None, urlsplit("")
    if user is not None or parts.query or parts.fragment or not host:
        fault = "is no plain address of a path"
    elif parts.scheme != "https" and not (parts.scheme == "http" and _is_this_machine(host)):
        fault = "is not reached by https"
    elif not parts.path.startswith("/v1/"):
        fault = "has no path that begins with /v1/"
    else:
        return
    shown = f"{parts.scheme}://{host}" if host else BUNDLE
    hint = f"write {BUNDLE}=https://bao.example.org:8200/v1/kv/data/ccstate"
    raise _unread(shown, fault, hint)


def _is_this_machine(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _token(environment: Mapping[str, str]) -> str:
    token = next((environment[name] for name in TOKENS if environment.get(name)), "")
    path = next((environment[name] for name in TOKEN_FILES if environment.get(name)), "")
    if not token and path:
        try:
            with Path(path).open(encoding="ascii") as file:
                token = file.read(_TOKEN).strip()
        except (OSError, ValueError) as error:
            fault = (
                f"cannot be asked: the file of the token cannot be read ({type(error).__name__})"
            )
            raise _unread("", fault, "name it in BAO_TOKEN_PATH by its absolute path") from None
    if not token:
        raise Unresolvable(NO_TOKEN)
    if not token.isascii() or not token.isprintable() or " " in token:
        raise _unread(
            "", "cannot be asked: the token holds characters that no token has", "copy it anew"
        )
    return token


@lru_cache(maxsize=1)
def _fields(
    url: str,
    token: str,
    namespace: str,
    authority: str,
    period: int,  # noqa: ARG001 - part of what an answer is kept under
) -> Mapping[str, Any]:
    status, data = _answer(url, _headers(token, namespace), _trusted(authority))
    if status != 200:
        other = (f"answers {status}", "see what its log says")
        if 300 <= status < 400:
            hint = "name the active node, or what stands before all of them"
            other = (f"leads to another address ({status})", hint)
        fault, hint = _WHY.get(status, other)
        raise _unread(url, fault, hint)
    try:
        answer = orjson.loads(data)
        fields = answer["data"]["data"]
    except (orjson.JSONDecodeError, KeyError, TypeError):
        fields = None
    if not isinstance(fields, dict):
        hint = "name a path of a KV engine of version 2, with /data/ after the mount"
        raise _unread(url, "answers otherwise than KV version 2 does", hint)
    return fields


def _headers(token: str, namespace: str) -> dict[str, str]:
    headers = {
        "Accept": "application/json",
        "Accept-Encoding": "identity",
        "User-Agent": "ccstate",
        "X-Vault-Request": "true",
        "X-Vault-Token": token,
    }
    return {**headers, "X-Vault-Namespace": namespace} if namespace else headers


def _trusted(authority: str) -> ssl.SSLContext:
    try:
        return ssl.create_default_context(cafile=authority or None)
    except OSError:  # ssl.SSLError is one
        hint = "name a file in PEM with the authority of OpenBao's certificate in BAO_CACERT"
        raise _unread(authority, "is no file with certificates", hint) from None


def _answer(url: str, headers: Mapping[str, str], context: ssl.SSLContext) -> tuple[int, bytes]:
    """Ask until an answer came that is none of a passing fault, or patience ends."""
    from urllib3 import PoolManager
    from urllib3.exceptions import HTTPError, SSLError

    with PoolManager(ssl_context=context) as pool:
        for wait in (*WAITS, 0.0):
            try:
                status, data = _exchange(pool, url, headers)
            except SSLError:
                hint = "name the file of its certificate authority in BAO_CACERT"
                raise _unread(url, "shows a certificate that is not trusted", hint) from None
            except HTTPError as error:
                if not wait:
                    said = str(error).rsplit("): ", 1)[-1][:200]
                    hint = "see whether this machine reaches it"
                    raise _unread(url, f"does not answer: {said}", hint) from None
            else:
                if status not in _AGAIN or not wait:
                    return status, data
            time.sleep(wait)
    raise AssertionError("the last wait is none")


def _exchange(pool: "PoolManager", url: str, headers: Mapping[str, str]) -> tuple[int, bytes]:
    """Send the request to this address and no other, where the token would go. Raises HTTPError."""
    from urllib3.util import Timeout

    response = pool.request(
        "GET",
        url,
        headers=headers,
        redirect=False,
        retries=False,
        preload_content=False,
        decode_content=False,
        timeout=Timeout(connect=CONNECT, read=SILENCE),
    )
    try:
        return response.status, _bounded(url, response)
    finally:
        response.close()


def _bounded(url: str, response: "BaseHTTPResponse") -> bytes:
    read = bytearray()
    end = time.monotonic() + WHOLE
    while chunk := response.read1(2**16):
        read += chunk
        if len(read) > MOST_BYTES or time.monotonic() > end:
            raise _unread(url, "gives an answer without an end", "see whether it is OpenBao")
    return bytes(read)


def _unread(url: str, fault: str, hint: str) -> BundleUnusable:
    return BundleUnusable(codes.OPENBAO_UNREAD(url=url, fault=fault, hint=hint))
