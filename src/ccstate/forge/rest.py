"""Calls of a REST API: authenticated, bounded, and sent again only where that does no harm.

A request that changes nothing, or sets something to what it says, is sent again after a fault. One
that makes something is sent again after a refusal for too many requests only, which says that it was
not carried out; after any other fault it may have been, and `create` looks before it sends again.
"""

import re
import ssl
import time
from collections.abc import Callable, Iterator, Mapping
from functools import cached_property, lru_cache
from typing import Any, NamedTuple, TypeVar
from urllib.parse import SplitResult, urlencode, urljoin, urlsplit

import orjson
import urllib3
from pydantic import TypeAdapter, ValidationError
from urllib3.exceptions import (
    HTTPError,
    InvalidHeader,
    ProtocolError,
    ReadTimeoutError,
    SSLError,
)
from urllib3.util import Retry, Timeout, make_headers, parse_url

from ccstate import __version__
from ccstate.errors import Diagnostic, InvalidInput, Unreadable
from ccstate.forge import codes
from ccstate.model import Json
from ccstate.render.text import clip, safe

T = TypeVar("T")

ATTEMPTS = 5
PATIENCE = 120
"""Longest time, in seconds, that is waited for before a request is sent again."""
CONNECT, SILENCE, WHOLE = 10, 30, 120
"""Seconds to connect, without a byte of the answer, and for the whole of it."""
MOST_BYTES = 128 * 2**20
"""Size of an answer: a page of comments of the longest that a host takes fits in."""
MOST_PAGES = 200
_HOPS = 3
_CHUNK = 2**16
_ALL = frozenset({"GET", "POST", "PUT", "PATCH", "DELETE"})
_READS = frozenset({"GET"})
_LIMIT_UNKNOWN = 60
"""Seconds to wait where a host names none. Source: GitHub, "Rate limits for the REST API"."""


class Refused(InvalidInput):
    """The host answered that it does not do this; `status` is that of HTTP."""

    def __init__(self, problem: Diagnostic, status: int) -> None:
        super().__init__(problem)
        self.status = status


class Unanswered(Unreadable):
    """No usable answer came: whether the request was carried out is not known."""


class Service(NamedTuple):
    """Where an API is, and how its caller proves who it is."""

    name: str
    """Name of the host for people."""
    base: str
    """URL below which its paths are, without a slash at its end."""
    credential: tuple[str, str]
    """Name and value of the header with the token."""
    secret: str
    """Token itself, which no message may hold."""
    headers: Mapping[str, str] = {}
    environment: Mapping[str, str] = {}
    """Variables that name proxies and certificates."""

    def __repr__(self) -> str:
        return f"Service({self.name!r}, {self.base!r})"


class _Answer(NamedTuple):
    status: int
    headers: Mapping[str, str]
    data: bytes


@lru_cache(maxsize=64)
def _adapter(form: Any) -> TypeAdapter[Any]:
    return TypeAdapter(form)


class Rest:
    """A connection to one API. Paths are relative to its base; what comes back is validated."""

    def __init__(
        self,
        service: Service,
        sleep: Callable[[float], None] = time.sleep,
        now: Callable[[], float] = time.time,
    ) -> None:
        self.name = service.name
        self._service = service
        self._sleep = sleep
        self._now = now
        self._origin = _origin(urlsplit(service.base))

    def get(self, form: type[T], path: str, **query: str | int) -> T:
        """Read one value. Raises Refused, Unanswered."""
        return self._value(form, self._call("GET", self._url(path, query)))

    def pages(self, form: type[T], path: str, **query: str | int) -> Iterator[T]:
        """Read all values of a list, page by page. Raises Refused, Unanswered."""
        url = self._url(path, query)
        for _ in range(MOST_PAGES):
            answer = self._call("GET", url)
            yield from self._value(list[form], answer)  # type: ignore[valid-type]  # a form by its value
            following = _next_page(answer.headers.get("link", ""))
            if not following:
                return
            url = self._same_host(url, following)
        raise Unreadable(codes.LIST_ENDLESS(host=self.name, pages=MOST_PAGES, path=path))

    def ask(self, form: type[T], path: str, body: Json) -> T:
        """Read by a POST that changes nothing, as GraphQL has it. Raises Refused, Unanswered."""
        return self._value(form, self._call("POST", self._url(path), body, _ALL))

    def put(self, form: type[T], method: str, path: str, body: Json = None) -> T:
        """Set something to what the body says, or delete it. Raises Refused, Unanswered."""
        return self._value(form, self._call(method, self._url(path), body, _ALL))

    def make(
        self, form: type[T], method: str, path: str, body: Json, find: Callable[[], T | None]
    ) -> T:
        """Send what must not happen twice: where it is not known whether it did, `find` looks for it.

        Raises Refused, Unanswered.
        """
        for attempt in range(1, ATTEMPTS):
            try:
                return self._value(form, self._call(method, self._url(path), body, _READS))
            except Unanswered:
                self._sleep(2**attempt)  # it may still be under way
                found = find()
                if found is not None:
                    return found
        return self._value(form, self._call(method, self._url(path), body, _READS))

    @cached_property
    def _pool(self) -> urllib3.PoolManager:
        environment = self._service.environment
        parts = urlsplit(self._service.base)
        context = None  # of a server on this machine
        if parts.scheme == "https":
            context = ssl.create_default_context()
            for variable in ("SSL_CERT_FILE", "CI_SERVER_TLS_CA_FILE"):
                if environment.get(variable):
                    _trust(context, variable, environment[variable])
        proxy = _variable(environment, f"{parts.scheme}_proxy")
        if proxy and not _is_excepted(parts.hostname or "", _variable(environment, "no_proxy")):
            login = parse_url(proxy).auth
            headers = make_headers(proxy_basic_auth=login) if login else None
            return urllib3.ProxyManager(proxy, proxy_headers=headers, ssl_context=context)
        return urllib3.PoolManager(ssl_context=context)

    def _call(
        self, method: str, url: str, body: Json = None, repeatable: frozenset[str] = _ALL
    ) -> _Answer:
        """Send a request until an answer to it came that is none of a passing fault."""
        retries = Retry(total=ATTEMPTS - 1, backoff_factor=1, allowed_methods=repeatable)
        hops = 0
        while True:
            wait = 0.0
            try:
                answer = self._exchange(method, url, body)
            except SSLError as error:
                raise Unreadable(self._untrusted(error)) from None
            except HTTPError as error:
                retries = self._count(retries, method, error)
            else:
                if answer.status in {301, 302, 307, 308} and hops < _HOPS:
                    hops += 1
                    url = self._redirected(method, url, answer)
                    continue
                limited = self._limited(answer)
                passing = limited is not None or (answer.status >= 500 and method in repeatable)
                if not passing:
                    return self._judged(method, url, answer)
                wait = limited or 0.0
                unwell = ProtocolError(f"it answers {answer.status}")
                retries = self._count(retries, method, unwell if limited is None else _Limited())
            self._sleep(max(wait, retries.get_backoff_time()))

    def _exchange(self, method: str, url: str, body: Json) -> _Answer:
        """Send one request and read its answer. Raises HTTPError, and Unreadable for a large answer."""
        name, value = self._service.credential
        headers = {
            "Accept": "application/json",
            # No compression: an answer cannot unpack to more than its bound.
            "Accept-Encoding": "identity",
            "User-Agent": f"ccstate/{__version__}",
            **self._service.headers,
            name: value,
        }
        data = None
        if body is not None:
            data = orjson.dumps(body)
            headers["Content-Type"] = "application/json"
        response = self._pool.request(
            method,
            url,
            body=data,
            headers=headers,
            redirect=False,
            retries=False,
            preload_content=False,
            decode_content=False,
            timeout=Timeout(connect=CONNECT, read=SILENCE),
        )
        try:
            read = self._read(response, url)
        except BaseException:
            response.close()  # what is left of the answer is not the beginning of the next
            raise
        response.release_conn()
        lowered = {key.lower(): value for key, value in response.headers.items()}
        return _Answer(response.status, lowered, read)

    def _read(self, response: urllib3.BaseHTTPResponse, url: str) -> bytes:
        read = bytearray()
        end = time.monotonic() + WHOLE
        while chunk := response.read1(_CHUNK):
            read += chunk
            if len(read) > MOST_BYTES:
                raise Unreadable(codes.ANSWER_LARGE(host=self.name, most=MOST_BYTES))
            if time.monotonic() > end:
                raise ReadTimeoutError(self._pool.connection_from_url(url), url, "too slow")
        return bytes(read)

    def _count(self, retries: Retry, method: str, fault: HTTPError) -> Retry:
        """Count a fault; Unanswered where the request is not sent again."""
        try:
            return retries.increment(method, "", error=fault)
        except HTTPError:
            if isinstance(fault, _Limited):
                raise Unreadable(codes.LIMITED(host=self.name, until="later")) from None
        raise Unanswered(codes.UNANSWERED(host=self.name, why=_words(fault)))

    def _redirected(self, method: str, url: str, answer: _Answer) -> str:
        """Find where a request is to be sent instead, on the same host only: it bears the token."""
        # Source: GitHub, "Best practices for using the REST API", follow redirects.
        target = self._same_host(url, answer.headers.get("location", ""))
        if answer.status == 302 and method != "GET":
            raise Unanswered(codes.UNANSWERED(host=self.name, why="it redirects"))
        return target

    def _same_host(self, url: str, target: str) -> str:
        try:
            there = urljoin(url, target)
            same = _origin(urlsplit(there)) == self._origin
        except ValueError:
            same, there = False, ""
        if not same:
            raise Unreadable(codes.LEADS_AWAY(host=self.name))
        return there

    def _limited(self, answer: _Answer) -> float | None:
        """Return the seconds to wait where too many requests were sent; None where that is not so.

        Raises Unreadable where that would be too long.
        """
        # Source: GitHub, "Rate limits for the REST API" (403 or 429, Retry-After, x-ratelimit-*);
        # GitLab, "Rate limits" (429, Retry-After, RateLimit-*).
        headers = answer.headers
        left = headers.get("x-ratelimit-remaining", headers.get("ratelimit-remaining"))
        named = headers.get("retry-after")
        spent = left == "0" or named or b"secondary rate limit" in answer.data[:_CHUNK]
        if answer.status != 429 and not (answer.status == 403 and spent):
            return None
        reset = headers.get("x-ratelimit-reset", headers.get("ratelimit-reset", ""))
        wait: float = _LIMIT_UNKNOWN
        if named:
            try:
                wait = Retry().parse_retry_after(named)
            except InvalidHeader:
                wait = _LIMIT_UNKNOWN
        elif left == "0" and reset.isascii() and reset.isdecimal() and len(reset) < 12:
            wait = max(int(reset) - self._now(), 0) + 1
        if wait > PATIENCE:
            moment = time.gmtime(min(self._now() + wait, 2**33))
            until = time.strftime("%Y-%m-%d %H:%M UTC", moment)
            raise Unreadable(codes.LIMITED(host=self.name, until=until))
        return wait

    def _judged(self, method: str, url: str, answer: _Answer) -> _Answer:
        if 200 <= answer.status < 300:
            return answer
        if answer.status >= 500:
            why = f"it answers {answer.status}"
            raise Unanswered(codes.UNANSWERED(host=self.name, why=why))
        what = f"{method} {urlsplit(url).path}"
        said = self._said(answer.data)
        entry = {401: codes.TOKEN_UNKNOWN, 403: codes.FORBIDDEN, 404: codes.NOTHING_THERE}
        made = entry.get(answer.status, codes.REFUSED)
        problem = made(host=self.name, what=what, status=answer.status, said=said)
        raise Refused(problem, answer.status)

    def _said(self, data: bytes) -> str:
        """Return the host's own words about a refusal, on one line, without the token."""
        try:
            body = orjson.loads(data[:_CHUNK])
        except orjson.JSONDecodeError:
            return "it says nothing more"
        if not isinstance(body, dict):
            return "it says nothing more"
        # GitHub and Gitea: message; GitLab: message, which may be an object, or error.
        words = [str(body[key]) for key in ("message", "error") if body.get(key)]
        errors = body.get("errors")
        words += [str(error) for error in errors[:3]] if isinstance(errors, list) else []
        said = "; ".join(words).replace(self._service.secret, "…") or "it says nothing more"
        return clip(safe(said), 300)

    def _untrusted(self, error: SSLError) -> Diagnostic:
        return codes.UNTRUSTED(host=self.name, why=_words(error))

    def _value(self, form: type[T], answer: _Answer) -> T:
        adapter: TypeAdapter[T] = _adapter(form)  # type: ignore[arg-type]  # a type has a hash
        try:
            return adapter.validate_json(answer.data or b"null")
        except ValidationError as error:
            first = error.errors(include_url=False, include_input=False)[0]
            place = ".".join(str(step) for step in first["loc"]) or "the whole"
            why = clip(safe(f"{place}: {first['msg']}"), 200)
            raise Unanswered(codes.ANSWER_UNLIKE(host=self.name, why=why)) from None

    def _url(self, path: str, query: Mapping[str, str | int] | None = None) -> str:
        """Build the URL of a path below the base, or check that of an absolute one."""
        url = path if "://" in path else f"{self._service.base}/{path}"
        url = f"{url}?{urlencode(query)}" if query else url
        return self._same_host(url, "")


class _Limited(HTTPError):
    """Too many requests were sent, and this one was not carried out."""


def _words(error: BaseException) -> str:
    """Say what went wrong in the words of the innermost cause."""
    inner = error.args[-1] if error.args else error
    # urllib3 begins with its own object: HTTPConnection(host='…', port=443): …
    said = str(inner).split("): ", 1)[-1]
    return clip(safe(said), 200) or type(error).__name__


def _origin(parts: SplitResult) -> tuple[str, str, int]:
    port = parts.port or {"https": 443, "http": 80}.get(parts.scheme, 0)
    return parts.scheme, (parts.hostname or "").lower(), port


def _next_page(link: str) -> str:
    """Find the URL of the next page in a header; "" on the last. Source: RFC 8288, `rel="next"`."""
    for url, parameters in re.findall(r"<([^<>]*)>([^<]*)", link):
        if re.search(r';\s*rel="?next\b', parameters):
            return str(url)
    return ""


def _trust(context: ssl.SSLContext, variable: str, file: str) -> None:
    """Trust the authorities in a file, beside those of the machine."""
    try:
        context.load_verify_locations(file)
    except OSError:  # ssl.SSLError is one
        fault = "names no file with certificates"
        hint = "name a file in PEM with the authority of the code host"
        raise InvalidInput(codes.VARIABLE(variable=variable, fault=fault, hint=hint)) from None


def _is_excepted(host: str, exceptions: str) -> bool:
    """Whether a host is reached without the proxy, as curl reads `no_proxy`."""
    names = [name.strip().lstrip(".").lower() for name in exceptions.split(",")]
    return "*" in names or any(host == name or host.endswith(f".{name}") for name in names if name)


def _variable(environment: Mapping[str, str], name: str) -> str:
    """Read a variable that programs write in small letters or in capitals."""
    return environment.get(name) or environment.get(name.upper(), "")
