import subprocess
import sys

import pytest

from tests.started import program


def test_an_unmarked_test_that_starts_a_program_fails() -> None:
    with pytest.raises(pytest.fail.Exception, match=r"starts git: mark it with @pytest\.mark\.git"):
        subprocess.run(["git", "--version"], check=True)


@pytest.mark.process
def test_a_mark_lets_a_test_start_what_it_names_and_no_server() -> None:
    subprocess.run([sys.executable, "-c", ""], check=True)
    for server, mark in (("asterisk", "asterisk"), ("postgres", "postgres")):
        with pytest.raises(pytest.fail.Exception, match=rf"@pytest\.mark\.{mark}"):
            subprocess.run([f"/nowhere/{server}", "-f"], check=True)


@pytest.mark.parametrize(
    "name, argv",
    [
        ("sipp", ["sipp", "-sf", "call.xml"]),
        ("git", ["/usr/bin/git", "-C", "/etc/asterisk", "status"]),
        ("asterisk", ["/root/ld.so", "--library-path", "/root/lib", "/root/sbin/asterisk", "-f"]),
    ],
)
def test_a_program_is_known_also_where_a_loader_starts_it(name: str, argv: list[str]) -> None:
    assert program(argv) == name
