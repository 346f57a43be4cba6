"""On whose word a commit is, by real signatures: what anyone can write into a commit counts for nothing."""

import os
import subprocess
from pathlib import Path
from typing import Any

import pytest

from ccstate.authority import NO_AUTHORITY, Authority
from ccstate.desired.policy import PolicyForm
from ccstate.history.authority import authority_of


class Signed:
    """A repository, a key for each person, and a program that an attacker would have git start."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.root = folder / "checkout"
        self.root.mkdir()
        self.marker = folder / "marker"
        self.evil = folder / "evil.sh"
        self.evil.write_text(
            f"#!/bin/sh\necho ran >>'{self.marker}'\n"
            "echo 'Good \"git\" signature for kim with ED25519 key SHA256:x'\n"
        )
        self.evil.chmod(0o755)
        self.keys = {name: self._key(name) for name in ("priya", "kim", "mallory")}
        self.git("init", "-q", "-b", "main")
        self.base = self.commit("Base")

    def _key(self, name: str) -> str:
        path = self.folder / name
        made = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "", "-f", str(path)]
        subprocess.run(made, check=True)
        return path.with_suffix(".pub").read_text().strip()

    def git(self, *words: str, author: str = "Priya <priya@example.com>", stdin: str = "") -> str:
        name, _, email = author.rstrip(">").partition(" <")
        identity = {
            f"GIT_{who}_{what}": value
            for who in ("AUTHOR", "COMMITTER")
            for what, value in (("NAME", name), ("EMAIL", email))
        }
        settled = {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1"}
        done = subprocess.run(
            ["git", *words],
            cwd=self.root,
            env={**os.environ, **settled, **identity},
            input=stdin,
            check=True,
            capture_output=True,
            text=True,
        )
        return done.stdout.strip()

    def commit(
        self, message: str, key: str = "", author: str = "", *, is_empty: bool = False
    ) -> str:
        if not is_empty:
            (self.root / f"{len(list(self.root.iterdir()))}.yaml").write_text(message)
            self.git("add", "--all")
        signed = [f"-S{self.folder / key}"] if key else []
        self.git(
            "-c", "gpg.format=ssh", "commit", "-q", "--allow-empty", "-m", message, *signed,
            author=author or "Priya <priya@example.com>",
        )  # fmt: skip
        return self.git("rev-parse", "HEAD")

    def policy(self, **people: Any) -> PolicyForm:
        own = {
            name: {"emails": [f"{name}@example.com"], "keys": [self.keys[name]]}
            for name in ("priya", "kim")
        }
        return PolicyForm.model_validate({"people": {**own, **people}})

    def authority(self, commit: str = "") -> Authority:
        head = commit or self.git("rev-parse", "HEAD")
        return authority_of(self.root, head, self.base, self.policy())


@pytest.fixture
def signed(tmp_path: Path) -> Signed:
    return Signed(tmp_path)


APPROVED = "Approve\n\nApproved-by: Kim <kim@example.com>\n"


def test_a_signed_approval_counts_for_the_commit_that_it_signs(signed: Signed) -> None:
    signed.commit("Longer hours\n\nRequest: CHG-1\nReason: Saturdays\n")
    head = signed.commit(APPROVED, "kim", "Kim <kim@example.com>", is_empty=True)
    found = signed.authority()
    (approval,) = found.approvals
    assert (approval.by, approval.source, approval.commit) == (
        "Kim <kim@example.com>",
        "trailer",
        head,
    )
    assert found.request.request == "CHG-1"
    assert found.request.reason == "Saturdays"
    # The commit that only approves is no work of hers.
    assert found.authors == ("Priya <priya@example.com>",)
    assert found.author == "Priya <priya@example.com>"
    assert found.head == head


@pytest.mark.parametrize(
    "key, message",
    [
        ("", APPROVED),
        ("mallory", APPROVED),
        ("priya", APPROVED),
        ("kim", "Approve\n\nApproved-by: Priya <priya@example.com>\n"),
        ("kim", "Approve\n\nApproved-by: kim@example.com <priya@example.com>\n"),
        ("kim", "Approved-by: Kim <kim@example.com>\n"),
        ("kim", "Approve\n\nApproved-by: Kim <kim@example.com>\n\nor not"),
    ],
)
def test_an_approval_that_its_person_did_not_sign_is_none(
    signed: Signed, key: str, message: str
) -> None:
    signed.commit("Longer hours")
    signed.commit(message, key, "Kim <kim@example.com>", is_empty=True)
    assert signed.authority().approvals == ()


def test_an_approval_below_the_head_is_not_one_of_the_head(signed: Signed) -> None:
    signed.commit(APPROVED, "kim", "Kim <kim@example.com>")
    signed.commit("One more thing")
    assert signed.authority().approvals == ()


def test_an_approval_of_the_branch_is_kept_by_its_merge(signed: Signed) -> None:
    signed.git("switch", "-q", "-c", "longer")
    signed.commit("Longer hours\n\nRequest: CHG-1")
    head = signed.commit(APPROVED, "kim", "Kim <kim@example.com>", is_empty=True)
    signed.git("switch", "-q", "main")
    signed.git("merge", "-q", "--no-ff", "-m", "Merge", "longer", author="Bot <bot@example.com>")
    found = signed.authority()
    assert [approval.commit for approval in found.approvals] == [head]
    assert found.head == head
    assert found.authors == ("Priya <priya@example.com>",)
    assert found.request.request == "CHG-1"


def test_a_signature_moved_to_another_commit_is_good_for_nothing(signed: Signed) -> None:
    signed.commit(APPROVED, "kim", "Kim <kim@example.com>")
    raw = signed.git("cat-file", "commit", "HEAD")
    signed.commit("Something else")
    tree = signed.git("rev-parse", "HEAD^{tree}")
    forged = raw.replace(raw.split("\n")[0], f"tree {tree}", 1)
    commit = signed.git("hash-object", "-t", "commit", "-w", "--stdin", stdin=forged + "\n")
    assert "gpgsig" in forged
    assert authority_of(signed.root, commit, signed.base, signed.policy()).approvals == ()


def test_no_setting_makes_a_signature_good_or_starts_a_program(signed: Signed) -> None:
    everyone = signed.folder / "everyone"
    everyone.write_text(f"kim {signed.keys['mallory']}\n")
    signed.commit(APPROVED, "mallory", "Kim <kim@example.com>")
    for name, value in (
        ("gpg.ssh.allowedSignersFile", str(everyone)),
        ("gpg.ssh.program", str(signed.evil)),
        ("gpg.ssh.defaultKeyCommand", str(signed.evil)),
        ("gpg.program", str(signed.evil)),
        ("gpg.openpgp.program", str(signed.evil)),
        ("gpg.x509.program", str(signed.evil)),
        ("gpg.minTrustLevel", "undefined"),
    ):
        signed.git("config", name, value)
    assert signed.authority().approvals == ()
    pgp = signed.git("cat-file", "commit", "HEAD").replace("SSH SIGNATURE", "PGP SIGNATURE")
    commit = signed.git("hash-object", "-t", "commit", "-w", "--stdin", stdin=pgp + "\n")
    assert authority_of(signed.root, commit, signed.base, signed.policy()).approvals == ()
    assert not signed.marker.exists()
    # The same settings, and the key of the policy: good.
    signed.git("config", "gpg.ssh.program", "ssh-keygen")
    good = signed.commit(APPROVED, "kim", "Kim <kim@example.com>")
    signed.git("config", "gpg.ssh.program", str(signed.evil))
    assert [approval.commit for approval in signed.authority().approvals] == [good]
    assert not signed.marker.exists()


@pytest.mark.parametrize("key, by", [("", ""), ("mallory", ""), ("kim", "kim")])
def test_an_emergency_is_signed_by_a_key_of_the_policy(signed: Signed, key: str, by: str) -> None:
    signed.commit("Move calls\n\nEmergency: the trunk is down", key)
    found = signed.authority()
    assert found.request.emergency == "the trunk is down"
    assert found.signed_by == by


def test_an_emergency_of_an_earlier_commit_is_over(signed: Signed) -> None:
    signed.commit("Move calls\n\nEmergency: the trunk is down", "kim")
    signed.commit("Tidy up")
    found = signed.authority()
    assert (found.request.emergency, found.signed_by) == ("", "")


def test_of_files_that_are_not_committed_nothing_is_known(signed: Signed) -> None:
    head = signed.commit(APPROVED, "kim", "Kim <kim@example.com>")
    assert signed.authority(f"{head}+") == NO_AUTHORITY
