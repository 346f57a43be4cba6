"""Trailers are those that git itself finds."""

import os
import random
import subprocess
from pathlib import Path

import pytest

from ccstate.authority import Request
from ccstate.history.trailers import LONGEST, MOST_LINES, request_of, trailers

REQUEST = """\
Longer opening hours

Callers asked for them.

Request: CHG-123
Requested-by: Priya Nair <priya@example.com>
Reason: Sales opens on Saturdays,
  from the first of May
Window: Sunday 02:00-04:00
"""


def test_a_request_is_what_the_trailers_say() -> None:
    assert request_of(REQUEST) == Request(
        request="CHG-123",
        requested_by="Priya Nair <priya@example.com>",
        reason="Sales opens on Saturdays, from the first of May",
        window="Sunday 02:00-04:00",
    )


@pytest.mark.parametrize(
    "message",
    [
        "Request: CHG-1",
        "Request: CHG-1\nReason: it is the subject",
        "Subject\n\nRequest: CHG-1\n\nand more words below",
        "Subject\n\nRequest: CHG-1\nand words in between",
        "Subject\n\n Request: CHG-1",
        "Subject\n\nRe quest: CHG-1",
        "Subject\nRequest: CHG-1",
        "",
    ],
)
def test_words_elsewhere_are_no_request(message: str) -> None:
    assert request_of(message) == Request()


def test_keys_are_read_in_any_case_and_repeated_ones_together() -> None:
    message = "Subject\n\nREQUEST: CHG-1\nrequest:CHG-2\nRequest : CHG-1\n"
    assert request_of(message).request == "CHG-1, CHG-2"


def test_an_emergency_says_why() -> None:
    assert request_of("Subject\n\nEmergency: trunk is down").emergency == "trunk is down"


def test_what_does_not_print_is_taken_out_and_values_have_an_end() -> None:
    message = f"Subject\n\nReason: a\x1b[2Jb\u202ec\nRequest: {'9' * 10_000}\n"
    said = request_of(message)
    assert said.reason == "a [2Jb c"
    assert said.request == "9" * LONGEST


def test_a_message_without_end_is_read_at_its_end_only() -> None:
    many = "\n".join(f"Reason: {number}" for number in range(1_000_000))
    assert request_of(f"Subject\n\n{many}\n") == Request()
    assert MOST_LINES < 1_000_000


_LINES = (
    "Request: CHG-1",
    "Reason : two words  ",
    "Approved-by:Kim",
    "Signed-off-by: A <a@example.com>",
    "(cherry picked from commit 0123456789)",
    "words without a colon",
    "https://example.com/with: colon",
    "two words: and a colon",
    "  folded on",
    "\tfolded: on",
    "# Comment: of an editor",
    "Empty:",
    "-dash: 1",
    "",
    "",
    "   ",
)


@pytest.mark.git
def test_git_itself_finds_the_same_trailers(tmp_path: Path) -> None:
    chosen = random.Random(12)  # noqa: S311 - a corpus, the same in every run
    messages = [
        "Subject\n" + "\n".join(chosen.choices(_LINES, k=chosen.randint(0, 9))) + "\n"
        for _ in range(2_000)
    ]
    stream = "".join(
        f"commit refs/heads/main\ncommitter A <a@example.com> {number} +0000\n"
        f"data {len(message)}\n{message}\n"
        for number, message in enumerate(messages)
    )
    git = ["git", "-c", "safe.bareRepository=all", "--git-dir", str(tmp_path)]
    settled = {**os.environ, "GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1"}
    subprocess.run(["git", "init", "-q", "--bare", str(tmp_path)], check=True, env=settled)
    subprocess.run([*git, "fast-import", "--quiet"], input=stream.encode(), check=True, env=settled)
    form = "--format=%x01%(trailers:only,unfold)"
    said = subprocess.run(
        [*git, "log", "--reverse", form, "main"], capture_output=True, check=True, env=settled
    ).stdout.decode()
    by_git = [
        [
            (key.strip().lower(), " ".join(value.split()))
            for key, _, value in (line.partition(":") for line in block.splitlines())
            if value.strip()
        ]
        for block in said.split("\x01")[1:]
    ]
    assert sum(map(len, by_git)) > 500
    assert [trailers(message) for message in messages] == by_git
