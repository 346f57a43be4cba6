"""The configuration beside ccstate's files: what of it is read, and what must not be written."""

from pathlib import Path

import pytest

from ccstate.adapters.asterisk.compiling import compile_objects
from ccstate.adapters.asterisk.handwritten import MAIN, conflicts, read_handwritten, setup_problems
from ccstate.adapters.asterisk.kind import Setting
from ccstate.adapters.asterisk.storage import LocalFolder
from ccstate.model import Address

COMPILED = compile_objects(
    {
        Address("queue", "sales"): {"members": []},
        Address("extension", "2001"): {},
    },
    Setting(b"k" * 32),
)
GENERAL = "[general]\nclearglobalvars = yes\n"
INCLUDES = {f"{name}.conf": f"{GENERAL}#tryinclude {name}.d/*.conf\n" for name in MAIN}


def etc(folder: Path, **more: str) -> LocalFolder:
    """A folder whose main files include ccstate's, with more files or other ones."""
    given = {name.replace("__", "/") + ".conf": text for name, text in more.items()}
    for name, text in {**INCLUDES, **given}.items():
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")
    return LocalFolder(folder)


def found(storage: LocalFolder) -> list[str]:
    problems = [*conflicts(read_handwritten(storage), COMPILED, "etc")]
    return [f"{problem.span}: {problem.message.partition(' ')[0]}" for problem in problems]


@pytest.mark.parametrize(
    "text",
    ["[sales]\nstrategy=ringall\n", "[sales](+)\nstrategy=ringall\n", "  [sales] (+)\nweight=1\n"],
)
def test_a_section_of_ours_that_is_written_by_hand_too_is_reported_with_its_place(
    tmp_path: Path, text: str
) -> None:
    storage = etc(tmp_path, queues=f"; by hand\n{text}#tryinclude queues.d/*.conf\n")
    assert found(storage) == ["etc/queues.conf:2:1: [sales]"]


def test_what_an_included_file_adds_is_reported_too(tmp_path: Path) -> None:
    storage = etc(tmp_path, queues="#tryinclude queues.d/*.conf\n")
    (tmp_path / "pjsip.d").mkdir()
    (tmp_path / "pjsip.d/zz.conf").write_text("[2001](+)\ncontext=mine\n", encoding="utf-8")
    assert found(storage) == ["etc/pjsip.d/zz.conf:1:1: [2001]"]


def test_sections_of_others_are_left_alone(tmp_path: Path) -> None:
    storage = etc(
        tmp_path,
        queues="[support]\n; [sales]\n#tryinclude queues.d/*.conf\n",
        agents="[sales]\n",
    )
    assert found(storage) == []


def test_files_that_no_configuration_includes_need_not_be_read(tmp_path: Path) -> None:
    storage = etc(tmp_path, manager="[ccstate]\nsecret=x\n", pjsip_wizard="[2001]\n")
    assert set(read_handwritten(storage).files) == set(MAIN.values())


def problems(storage: LocalFolder) -> list[str]:
    """Every problem of the setup, in one line each."""
    return [str(problem) for problem in setup_problems(read_handwritten(storage), MAIN)]


def test_a_setup_as_the_guide_describes_it_has_no_problem(tmp_path: Path) -> None:
    assert problems(etc(tmp_path)) == []


def test_a_main_file_that_does_not_include_ours_is_reported_with_the_line_to_add(
    tmp_path: Path,
) -> None:
    says = "does not include queues.d/ccstate.conf; add the line `#tryinclude queues.d/*.conf`"
    assert problems(etc(tmp_path, queues="[general]\n")) == [f"queues.conf: {says} at its end"]


@pytest.mark.parametrize("mark", [";", "; ", ";; \t"])
def test_an_include_line_that_is_a_comment_is_reported_with_its_number(
    tmp_path: Path, mark: str
) -> None:
    text = f"[general]\n{mark}#tryinclude pjsip.d/*.conf\n"
    (told,) = problems(etc(tmp_path, pjsip=text))
    assert told == (
        "pjsip.conf:2: does not include pjsip.d/ccstate.conf: the line is a comment; "
        "write `#tryinclude pjsip.d/*.conf` there, at the end of the file"
    )


def test_an_include_line_in_the_middle_of_a_section_takes_effect(tmp_path: Path) -> None:
    text = "[general]\nformat = wav\n#tryinclude voicemail.d/*.conf\nmaxmsg = 100\n"
    assert problems(etc(tmp_path, voicemail=text)) == []


def test_an_include_line_in_a_file_that_nothing_includes_does_not_count(tmp_path: Path) -> None:
    storage = etc(tmp_path, queues="[general]\n", more_queues="[x]\n#tryinclude queues.d/*.conf\n")
    assert len(problems(storage)) == 1
    assert problems(etc(tmp_path, queues="[general]\n#include more_queues.conf\n")) == []


def test_an_include_line_behind_a_broken_line_does_not_count(tmp_path: Path) -> None:
    (told,) = problems(etc(tmp_path, queues="[general\n#tryinclude queues.d/*.conf\n"))
    assert told.startswith("queues.conf:1: Asterisk does not get to queues.d/ccstate.conf: ")


@pytest.mark.parametrize("line", ["", "clearglobalvars = no\n", ";clearglobalvars = yes\n"])
def test_a_dialplan_that_keeps_old_variables_is_reported(tmp_path: Path, line: str) -> None:
    text = f"[general]\n{line}#tryinclude extensions.d/*.conf\n"
    (told,) = problems(etc(tmp_path, extensions=text))
    assert told == (
        "extensions.conf: does not set `clearglobalvars`; "
        "add the line `clearglobalvars = yes` to its section [general]"
    )


def test_the_audit_names_the_file_in_its_folder(tmp_path: Path) -> None:
    (problem,) = setup_problems(read_handwritten(etc(tmp_path, queues="[general]\n")), MAIN)
    told = problem.diagnostic("/etc/asterisk")
    assert told.message == "/etc/asterisk/queues.conf does not include queues.d/ccstate.conf"
    assert told.hint == "add the line `#tryinclude queues.d/*.conf` at its end"
    assert str(told.span) == "/etc/asterisk/queues.conf"
