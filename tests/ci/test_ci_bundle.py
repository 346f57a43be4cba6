"""A bundle of secrets in git, and the changes that come with it: rotated, and rotated behind a back."""

from collections.abc import Callable

import pytest

from ccstate.ci.apply import Outcome
from ccstate.secrets.allowed import AGE_KEY, BUNDLE
from tests.ci.estates import Team
from tests.ci.test_ci_apply import merge
from tests.secrets.test_sops import KEY, sops

__all__ = ["sops"]

pytestmark = pytest.mark.git

FILE = "secrets.sops.yaml"


@pytest.fixture
def rotate(
    team: Team, sops: Callable[..., str], monkeypatch: pytest.MonkeyPatch
) -> Callable[[str], None]:
    """A team whose phone has its secret from the bundle, on the platform too; changes that secret."""

    def write(secret: str) -> None:
        team.write(FILE, sops(f"sip-2001: '{secret}'\n"))

    monkeypatch.setenv(BUNDLE, FILE)
    monkeypatch.setenv(AGE_KEY, KEY)
    write("first word")
    team.edit("label: Kim,", 'label: Kim, secret: "bundle:sip-2001",')
    team.commit("The phone has a secret")
    team.applied()
    return write


def test_a_change_of_the_bundle_alone_is_planned_as_what_it_is(
    team: Team, rotate: Callable[[str], None]
) -> None:
    team.git("switch", "--quiet", "--create", "wish")
    rotate("second word")
    team.commit("The secret of Kim's phone is another")
    assert team.plan() == 0, team.err
    assert "What merging this would change: 1 to change" in team.comment
    assert "secret replaced, from bundle:sip-2001" in team.comment
    files = [path.read_text() for path in team.into.rglob("*") if path.is_file()]
    assert not [text for text in [*files, team.out, team.err] if "second word" in text]


def test_a_secret_that_a_branch_changed_where_no_key_was_is_asked_about(
    team: Team, rotate: Callable[[str], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    rotate("a word of the branch")  # with the change of a label, which is all that reviewers see
    monkeypatch.delenv(AGE_KEY)
    merged = merge(team)
    assert "no key of age is here" in team.comment
    assert "secret replaced, from bundle:sip-2001" not in team.comment
    monkeypatch.setenv(AGE_KEY, KEY)
    ended = merged.apply()
    assert ended.outcome is Outcome.ASKED
    assert "secret replaced, from bundle:sip-2001" in merged.comment
    assert merged.label() == "Kim"
