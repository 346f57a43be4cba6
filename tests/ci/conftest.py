import os
from pathlib import Path

import pytest

from tests.ci.estates import Team


@pytest.fixture
def team(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Team:
    """A team whose platform is as its main branch says; no build server around."""
    for name in [*os.environ]:
        if name.startswith(("GITHUB_", "GITLAB_", "CI_", "CCSTATE_PROJECT", "CCSTATE_TARGET")):
            monkeypatch.delenv(name)
    found = Team(tmp_path, capsys)
    found.applied()
    return found
