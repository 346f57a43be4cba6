"""The house rules that a machine can hold: size, names, reasons, and lists that stay complete."""

import io
import re
import tokenize
import tomllib
from pathlib import Path
from typing import Any

import pytest

from tests.growth import is_linear

ROOT = Path(__file__).parent.parent
SOURCE = ROOT / "src"
MODULES = sorted(SOURCE.rglob("*.py"))
LONGEST = 600
NAMES_THAT_SAY_NOTHING = {"base", "common", "helper", "helpers", "manager", "misc", "util", "utils"}


def named(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def distribution(requirement: str) -> str:
    """The normalised name in a requirement: `ruamel-yaml` of `ruamel.yaml>=0.18`."""
    match = re.match(r"[A-Za-z0-9._-]+", requirement)
    assert match, requirement
    return re.sub(r"[-_.]+", "-", match[0]).lower()


def declared() -> dict[str, set[str]]:
    """The dependencies in pyproject.toml, by what needs them."""
    text = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    project: dict[str, Any] = tomllib.loads(text)
    lists = {
        "runtime": project["project"]["dependencies"],
        **project["project"]["optional-dependencies"],
        **project["dependency-groups"],
    }
    return {use: {distribution(line) for line in lines} for use, lines in lists.items()}


def test_a_module_fits_in_the_head() -> None:
    lines = {named(path): len(path.read_text("utf-8").splitlines()) for path in MODULES}
    long = {name: count for name, count in lines.items() if count > LONGEST}
    assert long == {}, "it does more than one thing"


def test_a_module_is_named_after_what_it_knows() -> None:
    words = {named(path): {*re.split(r"[_./]", str(path.relative_to(SOURCE)))} for path in MODULES}
    assert [name for name, found in words.items() if found & NAMES_THAT_SAY_NOTHING] == []


def test_the_command_line_names_no_platform() -> None:
    texts = {path: path.read_text(encoding="utf-8") for path in (SOURCE / "cli").rglob("*.py")}
    assert [named(path) for path, text in texts.items() if "asterisk" in text.lower()] == []


def silenced_without_reason(code: str) -> list[str]:
    """Comments that silence a check, `noqa: X` or `type: ignore[x]`, with no reason after it."""
    silences = re.compile(r"#\s*(?:noqa|type:\s*ignore)(?:\s*:\s*[A-Z0-9, ]*[0-9]|\[[\w, -]*\])?")
    found = []
    for token in tokenize.generate_tokens(io.StringIO(code).readline):
        if token.type != tokenize.COMMENT:
            continue
        match = silences.search(token.string)
        if match and not re.search(r"[a-z]{2}", silences.sub("", token.string[match.start() :])):
            found.append(f"{token.start[0]}: {token.string}")
    return found


def test_a_silenced_check_has_its_reason() -> None:
    paths = [*MODULES, *sorted((ROOT / "tests").rglob("*.py"))]
    found = {named(path): silenced_without_reason(path.read_text("utf-8")) for path in paths}
    assert {name: comments for name, comments in found.items() if comments} == {}


@pytest.mark.parametrize(
    "comment",
    ["# noqa: S603", "# noqa", "# type: ignore[arg-type]", "# type: ignore[misc]  # noqa: S1"],
)
def test_a_bare_silence_is_seen(comment: str) -> None:
    assert silenced_without_reason(f"x = 1  {comment}\n")


@pytest.mark.parametrize(
    "comment",
    [
        "# noqa: S603 - the arguments are ours",
        "# type: ignore[arg-type]  # the stub is wrong about None",
        "# noqa: S1, S2  we wrote the file",
        "# says why",
    ],
)
def test_a_silence_with_its_reason_passes(comment: str) -> None:
    assert silenced_without_reason(f"x = 1  {comment}\n") == []


CLOCKED = re.compile(
    r"\b(perf_counter|process_time|thread_time)\b"  # seconds are for benchmarks/
    r"|assert[^\n]*(monotonic\(\)|\.seconds)[^\n]*<"  # nothing has to be over in time
    r"|\bwhile\b[^\n]*(\n[^\n]+)*?\n\s+time\.sleep"  # waiting.until waits, with a generous end
)


def test_the_speed_of_a_machine_decides_no_test() -> None:
    found = []
    for path in (ROOT / "tests").rglob("*.py"):
        if path.name in ("test_house.py", "waiting.py"):
            continue
        text = path.read_text(encoding="utf-8")
        found += [
            f"{named(path)}:{text.count(chr(10), 0, match.start()) + 1}"
            for match in CLOCKED.finditer(text)
        ]
    assert found == [], "wait by tests.waiting.until; seconds are for benchmarks/"


@pytest.mark.parametrize(
    "code",
    [
        "from time import process_time",
        "    assert time.monotonic() - began < 5",
        "    while not path.exists():\n        time.sleep(0.01)\n",
        "    while True:\n        if late():\n            break\n        time.sleep(0.01)\n",
    ],
)
def test_a_clock_in_a_test_is_seen(code: str) -> None:
    assert CLOCKED.search(code)


def test_work_that_grows_with_the_square_of_its_input_is_seen() -> None:
    def pairs(length: int) -> list[int]:
        return [len(range(other)) for one in range(length) for other in range(one)]

    assert is_linear(lambda length: [len(range(each)) for each in range(length)], 50)
    assert not is_linear(pairs, 50)


def test_every_dependency_has_its_reason() -> None:
    listed: dict[str, set[str]] = {use: set() for use in declared()}
    page = (ROOT / "docs" / "dependencies.md").read_text(encoding="utf-8")
    for line in page.splitlines():
        if not line.startswith("| `"):
            continue
        package, use, reason, licence = (cell.strip() for cell in line.strip("|").split("|"))
        assert reason, f"{package} needs a reason"
        assert licence, f"{package} needs its licence"
        listed[use].add(distribution(package.strip("`")))
    assert listed == declared()


def test_every_decision_has_a_number_and_is_listed() -> None:
    folder = ROOT / "docs" / "adr"
    files = {path.name for path in folder.glob("*.md")} - {"README.md"}
    numbers = sorted(name[:4] for name in files)
    assert all(re.fullmatch(r"\d{4}-[a-z0-9-]+\.md", name) for name in files)
    assert len(numbers) == len(set(numbers)), f"a number is taken twice: {numbers}"
    index = (folder / "README.md").read_text(encoding="utf-8")
    assert set(re.findall(r"\((\d{4}-[^)]+\.md)\)", index)) == files
