"""No build server finds a command in what ccstate prints, wherever the words come from."""

import json
import re
from xml.etree import ElementTree as ET

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from wcwidth import wcswidth

from ccstate.render.text import columns, inert, inert_annotations, safe


def obeyed(output: str) -> list[str]:
    """What a runner of GitHub, Azure or TeamCity would take for a command.

    As in actions/runner `ActionCommand.cs` (TryParseV2, TryParse) and azure-pipelines-agent
    `Command.cs`; both read line by line.
    """
    found = []
    for line in re.split(r"\r\n|\r|\n", output):
        start = line.lstrip()
        if start.startswith("::") and re.match(r"[A-Za-z]", start[2:]) and "::" in start[2:]:
            found.append(line)
        found += [line for mark in ("##[", "##vso[", "##teamcity[") if mark in line]
    return found


PARTS = st.sampled_from(
    [
        "::",
        ":",
        "#",
        "##",
        "[",
        "]",
        "error",
        "vso",
        "teamcity",
        " ",
        "\n",
        "\r",
        "\u2003",
        "a",
        "{",
        "<",
    ]
)


@given(st.lists(PARTS, max_size=30).map("".join))
def test_no_build_server_obeys_what_is_said(text: str) -> None:
    assert obeyed(inert(text)) == []
    assert inert(inert(text)) == inert(text)


@given(st.recursive(st.lists(PARTS, max_size=9).map("".join), st.lists))
def test_json_means_the_same_and_commands_nothing(value: object) -> None:
    text = json.dumps([value], indent=2)
    assert obeyed(inert(text)) == []
    assert json.loads(inert(text)) == [value]


@example("\r::error")
@given(st.lists(PARTS, max_size=30).map("".join))
def test_xml_means_the_same_and_commands_nothing(text: str) -> None:
    element = ET.Element("a", {"b": text})
    element.text = f"\\{text}"
    spelled = ET.tostring(element, "unicode")
    said = re.sub(r"(?m)^(\s*)::", r"\1: :", spelled)  # ours begins no line with a text
    assert obeyed(inert(said)) == []
    read = ET.fromstring(inert(said))  # noqa: S314 - we wrote it
    assert read.attrib == ET.fromstring(said).attrib  # noqa: S314 - we wrote it
    assert read.text == ET.fromstring(said).text  # noqa: S314 - we wrote it


@pytest.mark.parametrize(
    "text", ["::1", "## [x]", "a::b", "# ##", "host fe80::1 is", "x ::error::"]
)
def test_what_is_no_command_is_said_as_it_is(text: str) -> None:
    assert inert(text) == text


def test_annotations_stay_commands_and_hold_no_other() -> None:
    text = "::error file=a.yaml,line=1::label ##[add-path]/evil"
    assert inert_annotations(text) == r"::error file=a.yaml,line=1::label \x23#[add-path]/evil"


@pytest.mark.parametrize(
    "text, wide",
    [("Zürich – open…", 14), ("大阪 120", 8), ("e\u0301", 1), ("\U0001faea", 2), ("\U0001fae8", 2)],
)
def test_a_terminal_gives_letters_the_columns_that_they_take(text: str, wide: int) -> None:
    assert columns(text) == wide


@given(st.text(st.characters(max_codepoint=0x2FF) | st.sampled_from("–’“”…→✓✗×·−")))
def test_what_is_counted_without_wcwidth_is_as_wide_as_it_says(text: str) -> None:
    shown = safe(text)
    assert columns(shown) == wcswidth(shown)
