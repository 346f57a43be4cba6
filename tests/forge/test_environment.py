"""Which code host, repository and token the environment names, and whom the connection trusts."""

import ssl
from base64 import b64encode
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from ccstate.errors import InvalidInput, Unreadable
from ccstate.forge import from_environment, rest
from tests.forge.conftest import Clock
from tests.forge.github_host import TOKEN, GitHubHost
from tests.forge.server import Server, serving

ACTIONS = {
    "GITHUB_ACTIONS": "true",
    "GITHUB_API_URL": "https://api.github.com",
    "GITHUB_SERVER_URL": "https://github.com",
    "GITHUB_REPOSITORY": "team/centre",
    "GITHUB_TOKEN": TOKEN,
}


def test_without_a_code_host_there_is_none() -> None:
    assert from_environment({}) is None
    assert from_environment({"GITHUB_TOKEN": TOKEN, "GITHUB_REPOSITORY": "team/centre"}) is None


GITLAB_CI = {
    "GITLAB_CI": "true",
    "CI_API_V4_URL": "https://gitlab.example.com/api/v4",
    "CI_PROJECT_ID": "35",
    "CI_PROJECT_DIR": "/builds/team/centre",
    "CI_JOB_TOKEN": "not for notes",
    "GITLAB_TOKEN": TOKEN,
}
# Gitea's runner sets what GitHub's does, and its own beside it.
GITEA = {**ACTIONS, "GITEA_ACTIONS": "true", "GITHUB_SERVER_URL": "https://git.example.com"}


@pytest.mark.parametrize(
    "environment, name",
    [
        (ACTIONS, "GitHub"),
        (
            {"CCSTATE_CODE_HOST": "github", "GITHUB_REPOSITORY": "a/b", "GITHUB_TOKEN": "x"},
            "GitHub",
        ),
        (GITLAB_CI, "GitLab"),
        ({"CCSTATE_CODE_HOST": "gitlab", "CI_PROJECT_ID": "1", "GITLAB_TOKEN": "x"}, "GitLab"),
        (GITEA, "Gitea"),
        ({**GITEA, "GITEA_ACTIONS": "", "FORGEJO_ACTIONS": "true"}, "Gitea"),
        ({**ACTIONS, "CCSTATE_CODE_HOST": "gitea", "GITEA_TOKEN": "x"}, "Gitea"),
    ],
)
def test_the_ci_of_a_host_or_a_desk_names_it(environment: dict[str, str], name: str) -> None:
    forge = from_environment(environment)
    assert forge is not None
    assert forge.name == name


@pytest.mark.parametrize(
    "environment, message",
    [
        ({**GITLAB_CI, "GITLAB_TOKEN": ""}, "GITLAB_TOKEN is not set"),
        ({**GITLAB_CI, "CI_PROJECT_ID": ""}, "CI_PROJECT_ID is not set"),
        ({**GITLAB_CI, "CI_PROJECT_ID": "../1"}, "CI_PROJECT_ID is no number"),
        ({**GITLAB_CI, "CI_API_V4_URL": "http://gitlab.example.com"}, "begins with https://"),
        ({**GITEA, "GITHUB_SERVER_URL": ""}, "GITHUB_SERVER_URL is not set"),
        ({**GITEA, "GITHUB_TOKEN": ""}, "GITEA_TOKEN or GITHUB_TOKEN is not set"),
    ],
)
def test_a_variable_that_is_missing_is_named(environment: dict[str, str], message: str) -> None:
    with pytest.raises(InvalidInput, match=message):
        from_environment(environment)


@pytest.mark.parametrize(
    "variables, message",
    [
        ({"CCSTATE_CODE_HOST": "gitpub"}, "CCSTATE_CODE_HOST names no code host"),
        ({"GITHUB_TOKEN": ""}, "GITHUB_TOKEN is not set"),
        ({"GITHUB_TOKEN": "two\nlines"}, "GITHUB_TOKEN is no token"),
        ({"GITHUB_TOKEN": "blank s"}, "GITHUB_TOKEN is no token"),
        ({"GITHUB_TOKEN": "\xfcml"}, "GITHUB_TOKEN is no token"),
        ({"GITHUB_REPOSITORY": ""}, "GITHUB_REPOSITORY is not set"),
        ({"GITHUB_REPOSITORY": "centre"}, "GITHUB_REPOSITORY is no repository"),
        ({"GITHUB_REPOSITORY": "team/centre/../x"}, "GITHUB_REPOSITORY is no repository"),
        ({"GITHUB_REPOSITORY": "../centre"}, "GITHUB_REPOSITORY is no repository"),
        ({"GITHUB_API_URL": "http://api.example.com"}, "begins with https://"),
        ({"GITHUB_API_URL": "http://127.0.0.1.example.com"}, "begins with https://"),
        ({"GITHUB_API_URL": "ftp://api.example.com"}, "begins with https://"),
        ({"GITHUB_API_URL": "https://x@api.example.com"}, "a server and a path alone"),
        ({"GITHUB_API_URL": "https://"}, "a server and a path alone"),
        ({"GITHUB_API_URL": "https://api.example.com/?a=b"}, "a server and a path alone"),
        ({"GITHUB_API_URL": "https://api.example.com:port"}, "GITHUB_API_URL is no address"),
    ],
)
def test_a_variable_that_cannot_be_used_is_named_without_its_value(
    variables: dict[str, str], message: str
) -> None:
    with pytest.raises(InvalidInput, match=message) as raised:
        from_environment({**ACTIONS, **variables})
    [problem] = raised.value.problems
    assert problem.code == "CC835"
    assert all(value not in str(problem) for value in variables.values() if len(value) > 4)


def test_the_newline_at_the_end_of_a_secret_is_no_part_of_the_token(
    github: GitHubHost,
) -> None:
    local = {"GITHUB_API_URL": github.server.address, "GITHUB_TOKEN": f"{TOKEN}\n"}
    forge = from_environment({**ACTIONS, **local})
    assert forge is not None
    github.add_pull(12)
    assert forge.change(12).author == "kim"
    assert forge.write_comment(12, "plan", "text")
    assert forge.read_comment(12, "plan") == "text"


def certificate(folder: Path) -> tuple[Path, ssl.SSLContext]:
    """Make an authority of one certificate, for 127.0.0.1 alone."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "test")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False
        )
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    file, secret = folder / "authority.pem", folder / "key.pem"
    file.write_bytes(made.public_bytes(Encoding.PEM))
    secret.write_bytes(
        key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()),
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(file, secret)
    return file, context


def test_a_host_is_trusted_by_the_authorities_of_the_machine_and_the_environment_alone(
    tmp_path: Path, clock: Clock
) -> None:
    authority, context = certificate(tmp_path)
    host = GitHubHost(pulls=[])
    host.server = Server(host.answer, clock.now)
    host.add_pull(12)
    with serving(host.server, context):
        here = {**ACTIONS, "GITHUB_API_URL": host.server.address}
        forge = from_environment(here)
        assert forge is not None
        with pytest.raises(Unreadable, match="certificate of GitHub is not trusted"):
            forge.change(12)
        assert host.server.requests == []
        forge = from_environment({**here, "SSL_CERT_FILE": str(authority)})
        assert forge is not None
        assert forge.change(12).number == 12
        forge = from_environment({**here, "SSL_CERT_FILE": str(tmp_path / "none")})
        assert forge is not None
        with pytest.raises(InvalidInput, match="SSL_CERT_FILE names no file with certificates"):
            forge.change(12)


def test_a_proxy_gets_its_own_login_and_no_message_holds_it(
    github: GitHubHost, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rest, "ATTEMPTS", 1)
    github.add_pull(12)
    proxy = github.server.address.replace("//", "//kim:proxysecret@")
    far = {**ACTIONS, "GITHUB_API_URL": "http://127.0.0.2:1", "http_proxy": proxy}
    forge = from_environment(far)
    assert forge is not None
    forge.change(12)
    login = b64encode(b"kim:proxysecret").decode()
    assert github.server.requests[-1].headers["proxy-authorization"] == f"Basic {login}"
    forge = from_environment({**far, "http_proxy": "http://kim:proxysecret@127.0.0.2:1"})
    assert forge is not None
    with pytest.raises(Unreadable) as raised:
        forge.change(12)
    assert "proxysecret" not in str(raised.value)


def test_a_proxy_is_used_where_the_environment_names_one(
    github: GitHubHost, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rest, "ATTEMPTS", 1)
    github.add_pull(12)
    far = {"GITHUB_API_URL": "http://127.0.0.2:1", "HTTP_PROXY": github.server.address}
    forge = from_environment({**ACTIONS, **far})
    assert forge is not None
    assert forge.change(12).number == 12
    forge = from_environment({**ACTIONS, **far, "no_proxy": "example.com, .0.0.2"})
    assert forge is not None
    with pytest.raises(Unreadable, match=r"no usable answer came from GitHub: .*refused"):
        forge.change(12)
