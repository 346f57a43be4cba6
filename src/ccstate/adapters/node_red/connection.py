"""What `ccstate.yaml` says about a Node-RED: where it is, how to log in, and where its figures come from."""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Self
from urllib.parse import urlsplit

from pydantic import Field, StringConstraints, ValidationError, model_validator
from pydantic_core import ErrorDetails, PydanticCustomError

from ccstate import codes
from ccstate.errors import Diagnostic, InvalidInput
from ccstate.kinds.fields import Duration, Expectation, ObjectFields, SecretReference
from ccstate.model import Json

Url = Annotated[
    str,
    # Braces would be a template to Node-RED, which puts values of a message in their place.
    StringConstraints(
        max_length=500, pattern=r"^https?://[A-Za-z0-9.:\[\]_-]+(/[A-Za-z0-9._~/-]*)?$"
    ),
    Field(examples=["http://127.0.0.1:1880"]),
    Expectation("an address such as https://walls.example.org:1880, without a name or a query"),
]


class Connection(ObjectFields):
    """The mapping under the target's `connection`."""

    url: Url
    """Address of Node-RED's editor (its `httpAdminRoot`); `http:` on this machine only."""
    token: SecretReference | None = None
    """Reference to a token of `adminAuth`; or `username` and `password`; neither where there is no login."""
    username: (
        Annotated[
            str,
            StringConstraints(pattern=r"^[^\x00-\x1f\x7f]{1,200}$"),
            Expectation("a name on one line"),
        ]
        | None
    ) = None
    """User of `adminAuth`."""
    password: SecretReference | None = None
    """Reference to the user's password."""
    ca: (
        Annotated[
            str,
            StringConstraints(pattern=r"^[^\x00-\x1f\x7f]{1,1000}$"),
            Expectation("the path of a file, such as certificates/authority.pem"),
        ]
        | None
    ) = None
    """File with the certificates to trust; those of the system where left out."""
    timeout: Duration = "30s"
    """How long an answer may take."""
    figures: Url = "http://127.0.0.1:9469"
    """Address of `ccstate measure --serve`, as Node-RED reaches it."""

    @model_validator(mode="after")
    def _check_login(self) -> Self:
        if (self.username is None) != (self.password is None):
            raise PydanticCustomError("login", "give username and password together")
        if self.token and self.username:
            raise PydanticCustomError("login", "give token, or username and password")
        return self

    @model_validator(mode="after")
    def _check_encryption(self) -> Self:
        parts = urlsplit(self.url)
        if parts.scheme == "http" and not _is_loopback(parts.hostname or ""):
            raise PydanticCustomError("encryption", "an address of another machine begins https://")
        return self


def parse(connection: Mapping[str, Json]) -> Connection:
    """Validate the connection; InvalidInput with every problem in it."""
    try:
        return Connection.model_validate(dict(connection))
    except ValidationError as wrong:
        raise InvalidInput([_diagnostic(error) for error in wrong.errors()]) from None


def _diagnostic(error: ErrorDetails) -> Diagnostic:
    where = ".".join(["connection", *map(str, error["loc"])])
    hint = "docs/adapters/node-red.md lists the keys"
    match error["type"]:
        case "extra_forbidden":
            message = "unknown key"
        case "missing":
            message, hint = "is missing", "such as url: http://127.0.0.1:1880"
        case _:
            message = error["msg"]
    return codes.CONNECTION_WRONG(field=where, fault=message, hint=hint)


def places(connection: Mapping[str, Json], _folder: Path) -> frozenset[str]:
    """Return host, port and path of the editor, however the address is spelled."""
    parts = urlsplit(parse(connection).url)
    port = parts.port or (443 if parts.scheme == "https" else 80)
    host = "127.0.0.1" if _is_loopback(parts.hostname or "") else parts.hostname
    return frozenset({f"node-red {host}:{port}{parts.path.rstrip('/')}"})


def _is_loopback(host: str) -> bool:
    return host in {"localhost", "::1"} or host.startswith("127.")
