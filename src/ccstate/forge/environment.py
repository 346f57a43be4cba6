"""Which code host, which repository and which token: read from the environment, never from a branch.

GitHub Actions, Gitea Actions and GitLab CI set everything but the token. On a desk the same variables
serve, with CCSTATE_CODE_HOST saying which host it is.
"""

import re
from collections.abc import Mapping
from ipaddress import ip_address
from pathlib import Path
from urllib.parse import urlsplit

from ccstate.errors import InvalidInput
from ccstate.forge import Forge, codes
from ccstate.forge.gitea import Gitea
from ccstate.forge.github import VERSION, GitHub
from ccstate.forge.gitlab import GitLab
from ccstate.forge.rest import Rest, Service

CODE_HOST = "CCSTATE_CODE_HOST"
_REPOSITORY = re.compile(r"[A-Za-z0-9_.-]+/[A-Za-z0-9_.-]+")
_TOKEN = re.compile(r"[!-~]+")


def connect(environment: Mapping[str, str]) -> Forge | None:
    """Return the code host that the environment names; None where it names none.

    Raises InvalidInput where a variable is missing or cannot be used.
    """
    name = environment.get(CODE_HOST, "") or _running_on(environment)
    if not name:
        return None
    hosts = {"github": _github, "gitlab": _gitlab, "gitea": _gitea}
    if name not in hosts:
        hint = f"write {', '.join(hosts)}"
        problem = codes.VARIABLE(variable=CODE_HOST, fault="names no code host", hint=hint)
        raise InvalidInput(problem)
    return hosts[name](environment)


def _running_on(environment: Mapping[str, str]) -> str:
    """Find the host by whose continuous integration this runs."""
    # Runners of Gitea and Forgejo set the variables of GitHub too.
    if "true" in {environment.get("GITEA_ACTIONS"), environment.get("FORGEJO_ACTIONS")}:
        return "gitea"
    if environment.get("GITLAB_CI") == "true":
        return "gitlab"
    return "github" if environment.get("GITHUB_ACTIONS") == "true" else ""


def _github(environment: Mapping[str, str]) -> Forge:
    """Connect to GitHub or an Enterprise Server.

    Source: GitHub Actions, "Default environment variables".
    """
    base = _address(environment, "GITHUB_API_URL", "https://api.github.com")
    page = _address(environment, "GITHUB_SERVER_URL", "https://github.com")
    # An Enterprise Server has its API at /api/v3, and GraphQL at /api/graphql.
    graphql = f"{base.removesuffix('/v3')}/graphql"
    token = _token(environment, "GITHUB_TOKEN")
    headers = {"Accept": "application/vnd.github+json", "X-GitHub-Api-Version": VERSION}
    credential = ("Authorization", f"Bearer {token}")
    service = Service("GitHub", base, credential, token, headers, environment)
    return GitHub(Rest(service), _repository(environment, "GITHUB_REPOSITORY"), graphql, page)


def _gitlab(environment: Mapping[str, str]) -> Forge:
    """Connect to gitlab.com or a server of one's own.

    The token of a job, CI_JOB_TOKEN, may not write notes, so that one is made for the project.
    Source: GitLab, "Predefined CI/CD variables", "CI/CD job token".
    """
    base = _address(environment, "CI_API_V4_URL", "https://gitlab.com/api/v4")
    graphql = f"{base.removesuffix('/v4')}/graphql"
    project = environment.get("CI_PROJECT_ID", "")
    if not project.isascii() or not project.isdecimal():
        fault = "is not set" if not project else "is no number"
        hint = "it is on the project's page, in its menu"
        raise InvalidInput(codes.VARIABLE(variable="CI_PROJECT_ID", fault=fault, hint=hint))
    token = _token(environment, "GITLAB_TOKEN")
    service = Service("GitLab", base, ("PRIVATE-TOKEN", token), token, {}, environment)
    folder = environment.get("CI_PROJECT_DIR")
    return GitLab(Rest(service), project, graphql, Path(folder) if folder else None)


def _gitea(environment: Mapping[str, str]) -> Forge:
    """Connect to a Gitea or Forgejo, which has its API at /api/v1."""
    page = _address(environment, "GITHUB_SERVER_URL")
    base = _address(environment, "GITHUB_API_URL", f"{page}/api/v1")
    token = _token(environment, "GITEA_TOKEN", "GITHUB_TOKEN")
    service = Service("Gitea", base, ("Authorization", f"token {token}"), token, {}, environment)
    return Gitea(Rest(service), _repository(environment, "GITHUB_REPOSITORY"), "", page)


def _address(environment: Mapping[str, str], variable: str, usual: str = "") -> str:
    """Read a URL without a slash at its end: of https, or of this machine itself."""
    said = environment.get(variable, "") or usual
    fault = ""
    try:
        parts = urlsplit(said)
        local = parts.hostname == "localhost" or _is_loopback(parts.hostname or "")
        if not said:
            fault = "is not set"
        elif parts.scheme != "https" and not (parts.scheme == "http" and local):
            fault = "is no address that begins with https://"
        elif (
            not parts.hostname or parts.username or parts.query or parts.fragment or parts.port == 0
        ):
            fault = "is no address of a server and a path alone"
    except ValueError:
        fault = "is no address"
    if fault:
        hint = "the token is sent there: set it as the CI of the host does"
        raise InvalidInput(codes.VARIABLE(variable=variable, fault=fault, hint=hint))
    return said.rstrip("/")


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def _repository(environment: Mapping[str, str], variable: str) -> str:
    said = environment.get(variable, "")
    if not _REPOSITORY.fullmatch(said) or {".", ".."} & {*said.split("/")}:
        fault = "is not set" if not said else "is no repository"
        hint = "write it as owner/name"
        raise InvalidInput(codes.VARIABLE(variable=variable, fault=fault, hint=hint))
    return said


def _token(environment: Mapping[str, str], *variables: str) -> str:
    """Read the token from the first of the variables that is set; no message holds it."""
    said = next((environment[name] for name in variables if environment.get(name)), "")
    token = said.strip()
    if not _TOKEN.fullmatch(token):
        fault = "is not set" if not token else "is no token"
        hint = "set it from a secret of the CI, in this step alone"
        raise InvalidInput(codes.VARIABLE(variable=" or ".join(variables), fault=fault, hint=hint))
    return token
