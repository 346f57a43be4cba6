"""The configuration beside ccstate's files: what of it is read, and what must not be written."""

from pathlib import Path

import pytest

from ccstate.adapters.asterisk.compile import Setting, compile_objects
from ccstate.adapters.asterisk.handwritten import MAIN, conflicts, not_included, read_handwritten
from ccstate.adapters.asterisk.storage import LocalFolder
from ccstate.model import Address

COMPILED = compile_objects(
    {
        Address("queue", "sales"): {"members": []},
        Address("extension", "2001"): {},
    },
    Setting(b"k" * 32),
)
INCLUDES = {f"{name}.conf": f"#tryinclude {name}.d/*.conf\n" for name in MAIN}


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
def test_a_section_of_ours_that_is_written_by_hand_too_is_told_with_its_place(
    tmp_path: Path, text: str
) -> None:
    storage = etc(tmp_path, queues=f"; by hand\n{text}#tryinclude queues.d/*.conf\n")
    assert found(storage) == ["etc/queues.conf:2:1: [sales]"]


def test_what_an_included_file_adds_is_told_too(tmp_path: Path) -> None:
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


def test_main_files_that_do_not_include_ours_are_told(tmp_path: Path) -> None:
    storage = etc(tmp_path, queues="[general]\n")
    (told,) = not_included(read_handwritten(storage), "etc")
    assert told.message == "etc/queues.conf does not include queues.d/ccstate.conf"
    assert "#tryinclude queues.d/*.conf" in told.hint
