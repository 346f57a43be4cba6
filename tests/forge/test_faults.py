"""What a network and a busy host do to requests: nothing is made twice, and nothing is waited for in vain."""

import logging
import traceback
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import TypeVar

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ccstate.errors import CcstateError, Diagnostic, InvalidInput, Span, Unreadable
from ccstate.forge import Check, Forge, rest
from tests.forge.conftest import Clock, gitea_forge, github_forge, gitlab_forge
from tests.forge.gitea_host import GiteaHost
from tests.forge.github_host import HEAD, MALLORY, TOKEN, GitHubHost
from tests.forge.gitlab_host import GitLabHost
from tests.forge.server import Answer, Fault, Request, Server, serving

PROBLEMS = [Diagnostic("CC103", "unknown", Span("a.yaml", line)) for line in range(1, 6)]
WRITES: dict[str, Callable[[Forge], object]] = {
    "comment": lambda forge: forge.write_comment(12, "plan", "text"),
    "issue": lambda forge: forge.open_issue("drift", "title", "text"),
    "change": lambda forge: forge.open_change("promote-x", "main", "title", "text"),
    "check": lambda forge: forge.write_check(HEAD, Check("plan", "failure", "t", "s", PROBLEMS)),
}
IN_TIME = {Fault.SLOW, Fault.DRIP}
AT_ONCE = [fault for fault in Fault if fault not in IN_TIME]


@pytest.fixture
def forge(github: GitHubHost, clock: Clock) -> Forge:
    github.most_a_page = 100
    return github_forge(github, clock)


@pytest.fixture(autouse=True)
def _small_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ccstate.forge.github.BATCH", 2)


def made(host: "Host") -> dict[str, int]:
    """How many of each there are; of a check, how often its first problem is annotated."""
    if isinstance(host, GitLabHost):
        notes = len(host.notes.get("merge_requests/12", []))
        return {"comment": notes, "issue": len(host.issues), "change": len(host.requests)}
    lines = [a["start_line"] for run in host.runs for a in run["annotations"]]
    return {
        "comment": len(host.comments.get(12, [])),
        "issue": len(host.issues),
        "change": len(host.pulls),
        "check": len(host.runs),
        "annotations": max((lines.count(line) for line in lines), default=0),
    }


Host = GitHubHost | GitLabHost | GiteaHost
HOSTS: list[type[Host]] = [GitHubHost, GitLabHost, GiteaHost]


def connected(host: Host) -> Forge:
    if isinstance(host, GitLabHost):
        return gitlab_forge(host, Clock())
    return (
        gitea_forge(host, Clock()) if isinstance(host, GiteaHost) else github_forge(host, Clock())
    )


@pytest.mark.parametrize("kind", HOSTS)
@pytest.mark.parametrize("what", ["comment", "issue", "change"])
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(faults=st.lists(st.sampled_from(AT_ONCE), max_size=12))
def test_whatever_goes_wrong_nothing_is_made_twice(
    what: str, kind: type[Host], faults: list[Fault], served: Server
) -> None:
    host = anew(served, faults, kind)
    for _ in range(2):
        with suppress(CcstateError):
            WRITES[what](connected(host))
        assert made(host)[what] <= 1
    served.faults = []
    WRITES[what](connected(host))
    assert made(host)[what] == 1
    assert served.wrong == []


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(faults=st.lists(st.sampled_from(AT_ONCE), max_size=12))
def test_whatever_goes_wrong_no_problem_is_annotated_twice(
    faults: list[Fault], served: Server
) -> None:
    host = anew(served, faults, GitHubHost)
    try:
        WRITES["check"](connected(host))
    except CcstateError:
        assert made(host)["annotations"] <= 1
    else:
        [run] = host.runs
        assert [a["start_line"] for a in run["annotations"]] == [1, 2, 3, 4, 5]


@pytest.fixture
def served() -> Iterator[Server]:
    server = Server(always(404, None, {}), Clock().now)
    with serving(server):
        yield server


H = TypeVar("H", bound=Host)


def anew(served: Server, faults: list[Fault], kind: type[H]) -> H:
    """A repository without anything in it, on the server that runs."""
    host = kind(most_a_page=100)
    host.server, served.answer = served, host.answer
    served.faults = list(faults)
    served.requests.clear()
    return host


@pytest.mark.parametrize("fault", list(Fault))
@pytest.mark.parametrize("what", WRITES)
def test_one_fault_of_each_request_is_overcome(
    what: str, fault: Fault, served: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rest, "SILENCE", 0.15 if fault is Fault.SLOW else 20)
    monkeypatch.setattr(rest, "WHOLE", 0.15 if fault is Fault.DRIP else 60)
    WRITES[what](connected(anew(served, [], GitHubHost)))
    for place in range(len(served.requests)):
        host = anew(served, [*[Fault.NONE] * place, fault], GitHubHost)
        WRITES[what](connected(host))
        assert made(host)[what] == 1
        assert made(host)["annotations"] <= 1


def test_a_post_is_sent_again_only_where_it_is_not_there_yet(
    forge: Forge, github: GitHubHost
) -> None:
    forge.read_comment(12, "plan")
    github.server.requests.clear()
    github.server.faults = [Fault.NONE, Fault.LOST]
    forge.write_comment(12, "plan", "text")
    comments = "/repos/team/centre/issues/12/comments"
    # The account is asked for once the first text bears the marker.
    assert [call for call in github.server.calls if comments in call] == [
        f"GET {comments}",
        f"POST {comments}",
        f"GET {comments}",
    ]


def test_waits_are_those_that_the_host_names(
    forge: Forge, github: GitHubHost, clock: Clock
) -> None:
    github.server.faults = [Fault.BUSY]
    forge.read_comment(12, "plan")
    assert clock.waits == [7]
    clock.waits.clear()
    github.server.faults = [Fault.SPENT]
    forge.read_comment(12, "plan")
    assert clock.waits == [31]


def test_waits_after_faults_grow_and_end(forge: Forge, github: GitHubHost, clock: Clock) -> None:
    github.server.faults = [Fault.UNWELL] * 9
    with pytest.raises(Unreadable, match=r"no usable answer came from GitHub: it answers 502"):
        forge.read_comment(12, "plan")
    assert clock.waits == [0, 2, 4, 8]
    assert len(github.server.requests) == rest.ATTEMPTS


def always(status: int, body: object, headers: dict[str, str]) -> Callable[[Request], Answer]:
    """Answer every request alike."""

    def answer(request: Request) -> Answer:
        return Answer(status, body, headers)

    return answer


def limited(headers: dict[str, str], status: int = 403) -> Callable[[Request], Answer]:
    return always(status, {"message": "API rate limit exceeded"}, headers)


def test_a_limit_that_ends_much_later_is_not_waited_for(
    forge: Forge, github: GitHubHost, clock: Clock
) -> None:
    reset = {"x-ratelimit-remaining": "0", "x-ratelimit-reset": "1793003600"}
    github.server.answer = limited(reset)
    with pytest.raises(Unreadable, match=r"takes no more requests of this token until 2026-10-26"):
        forge.read_comment(12, "plan")
    assert clock.waits == []
    assert len(github.server.requests) == 1


@pytest.mark.parametrize(
    "headers, wait",
    [
        ({"Retry-After": "0"}, 0),
        ({"Retry-After": "soon"}, 60),
        ({"x-ratelimit-remaining": "0", "x-ratelimit-reset": "-1"}, 60),
        ({"x-ratelimit-remaining": "0", "x-ratelimit-reset": "9" * 5000}, 60),
        ({}, 60),
    ],
)
def test_a_limit_without_a_usable_end_is_waited_for_a_minute(
    forge: Forge, github: GitHubHost, clock: Clock, headers: dict[str, str], wait: int
) -> None:
    answers = iter([limited(headers, 429)])

    def answer(request: Request) -> Answer:
        return next(answers, github.answer)(request)

    github.server.answer = answer
    forge.read_comment(12, "plan")
    assert clock.waits == [wait]


def test_a_refusal_is_no_limit_and_is_said_in_the_words_of_the_host(
    forge: Forge, github: GitHubHost, clock: Clock
) -> None:
    said = {"message": "Resource not accessible by integration\x1b[31m", "errors": [{"code": "x"}]}
    github.server.answer = always(403, said, {})
    with pytest.raises(InvalidInput, match="does not let the token do this") as raised:
        forge.write_comment(12, "plan", "text")
    [problem] = raised.value.problems
    assert problem.code == "CC833"
    assert r"integration\x1b[31m; {'code': 'x'}" in problem.message
    assert clock.waits == []


@pytest.mark.parametrize(
    "body",
    [None, "text", {}, [1], [{"id": "x"}], {"message": ["a"]}, [[]]],
)
def test_an_answer_of_another_shape_is_no_list_of_comments(
    forge: Forge, github: GitHubHost, body: object
) -> None:
    github.server.answer = always(200, body, {})
    with pytest.raises(Unreadable, match="answers otherwise than its API is documented"):
        forge.read_comment(12, "plan")


def test_an_answer_has_a_largest_size(
    forge: Forge, github: GitHubHost, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rest, "MOST_BYTES", 100_000)
    github.server.answer = always(200, ["x" * 100_000], {})
    with pytest.raises(Unreadable, match="larger than 100,000 bytes"):
        forge.read_comment(12, "plan")


def test_an_answer_that_comes_byte_by_byte_is_not_waited_for(
    forge: Forge, github: GitHubHost, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rest, "WHOLE", 0.1)
    github.add_comment(12, MALLORY, "of a few hundred bytes")
    github.server.faults = [Fault.DRIP] * 9
    with pytest.raises(Unreadable, match="no usable answer came from GitHub: too slow"):
        forge.read_comment(12, "plan")


def test_a_list_that_never_ends_is_left(forge: Forge, github: GitHubHost) -> None:
    more = f'<{github.server.address}/repos/team/centre/issues/12/comments>; rel="next"'
    github.server.answer = always(200, [], {"Link": more})
    with pytest.raises(Unreadable, match="does not end after 200 pages"):
        forge.read_comment(12, "plan")


@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_another_host_gets_no_request_and_no_token(
    forge: Forge, github: GitHubHost, status: int, clock: Clock
) -> None:
    other = Server(always(200, [], {}), clock.now)
    with serving(other):
        there = f"{other.address}/repos/team/centre/issues/12/comments"
        for headers in ({"Location": there}, {"Link": f'<{there}>; rel="next"'}):
            said = status if "Location" in headers else 200
            github.server.answer = always(said, [], headers)
            with pytest.raises(Unreadable, match="GitHub leads to another host"):
                forge.read_comment(12, "plan")
    assert other.requests == []


def test_a_repository_that_was_renamed_is_followed_on_its_host(
    forge: Forge, github: GitHubHost
) -> None:
    def answer(request: Request) -> Answer:
        if request.path.startswith("/repositories/7/"):
            path = request.path.replace("repositories/7", "repos/team/centre")
            return github.answer(Request(request.method, path, {}, request.headers, request.body))
        return Answer(
            307, None, {"Location": request.path.replace("repos/team/centre", "repositories/7")}
        )

    github.server.answer = answer
    github.is_app = True
    forge.write_check(HEAD, Check("plan", "success", "title", "summary"))
    assert len(github.runs) == 1


def test_a_redirect_in_a_circle_ends(forge: Forge, github: GitHubHost) -> None:
    github.server.answer = lambda request: Answer(307, None, {"Location": request.path})
    with pytest.raises(InvalidInput, match="GitHub refuses"):
        forge.read_comment(12, "plan")
    assert len(github.server.requests) == 4


def test_the_token_is_in_no_message_log_or_traceback(
    forge: Forge, github: GitHubHost, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    github.server.answer = lambda request: Answer(422, {"message": str(request.headers)})
    said = []
    for fault in AT_ONCE:
        github.server.faults = [fault] * 9
        try:
            forge.write_comment(12, "plan", "text")
        except CcstateError as error:
            said += [str(error), repr(error), "".join(traceback.format_exception(error))]
            said += [repr(value) for value in vars(error).values()]
    assert any("refuses" in text for text in said)
    assert any("no usable answer" in text for text in said)
    assert all(TOKEN not in text for text in [*said, caplog.text, repr(vars(forge))])
