"""The pages say what is so: links lead somewhere, and lists are complete."""

import importlib
import importlib.util
import re
from pathlib import Path
from types import ModuleType

import pytest
import yaml

from ccstate.cli import COMMANDS
from ccstate.kinds import KINDS
from ccstate.rules import RULES

ROOT = Path(__file__).parent.parent
DOCS = ROOT / "docs"
PACKAGE = ROOT / "src/ccstate"
PAGES = sorted(
    path
    for pattern in ("*.md", "docs/**/*.md", "desired_state/**/*.md", ".github/**/*.md")
    for path in ROOT.glob(pattern)
)
CODE = re.compile(r"CC\d{3}")


def named(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def prose(path: Path) -> str:
    """The page without its blocks of code, which may show anything."""
    return re.sub(r"^(```|~~~).*?^\1", "", path.read_text(encoding="utf-8"), flags=re.M | re.S)


def anchors(path: Path) -> set[str]:
    """What GitHub calls the headings of a page in links."""
    headings = re.findall(r"^#+ +(.+?) *$", prose(path), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", PAGES, ids=named)
def test_every_link_leads_somewhere(page: Path) -> None:
    for link in re.findall(r"\]\(([^)\s]+)\)", prose(page)):
        if re.match(r"[a-z]+:", link):
            continue
        file, _, anchor = link.partition("#")
        target = page.parent / file if file else page
        assert target.exists(), f"{link}: no such file"
        if anchor and target.suffix == ".md":
            assert anchor in anchors(target), f"{link}: no such heading"


def test_every_code_is_explained_and_no_other() -> None:
    modules = (ROOT / "src").rglob("*.py")
    used = {code for path in modules for code in CODE.findall(path.read_text(encoding="utf-8"))}
    rows = re.findall(r"^\| (CC\d{3}) \|", (DOCS / "codes.md").read_text(encoding="utf-8"), re.M)
    assert rows == sorted(set(rows))
    assert set(rows) == {code for code in used if not code.startswith("CC2")}
    assert {code for code in used if code.startswith("CC2")} == set(RULES), "see docs/rules.md"


def test_every_command_is_explained_and_no_other() -> None:
    page = (DOCS / "command-line.md").read_text(encoding="utf-8")
    assert re.findall(r"^## (.+)$", page, re.MULTILINE) == list(COMMANDS)
    for command in COMMANDS:
        assert f"    ccstate {command}" in page, f"{command} has no example"


def generator() -> ModuleType:
    spec = importlib.util.spec_from_file_location("docs_generate", DOCS / "generate.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_page_of_kinds_is_current() -> None:
    page = (DOCS / "kinds.md").read_text(encoding="utf-8")
    assert page == generator().page(), "out of date: python docs/generate.py"


def test_the_page_of_measures_is_current() -> None:
    page = (DOCS / "measures.md").read_text(encoding="utf-8")
    assert page == generator().measures_page(), "out of date: python docs/generate.py"


def test_the_messages_in_the_page_of_codes_are_those_of_the_catalogues() -> None:
    page = (DOCS / "codes.md").read_text(encoding="utf-8")
    assert page == generator().codes_page(), "out of date: python docs/generate.py"


def test_the_pages_of_rules_are_current_and_no_other_is_there() -> None:
    pages = generator().rules_pages()
    for name, text in pages.items():
        said = (DOCS / name).read_text(encoding="utf-8")
        assert said == text, f"docs/{name} is out of date: python docs/generate.py"
    assert {f"rules/{path.name}" for path in (DOCS / "rules").iterdir()} == set(pages) - {
        "rules.md"
    }


def test_what_the_pages_of_adapters_say_of_abilities_and_keys_is_current() -> None:
    for name, text in generator().adapter_pages().items():
        said = (DOCS / name).read_text(encoding="utf-8")
        assert said == text, f"docs/{name} is out of date: python docs/generate.py"


def test_the_tests_that_the_map_names_are_there() -> None:
    page = (ROOT / "ARCHITECTURE.md").read_text(encoding="utf-8")
    tests = "\n".join(path.read_text(encoding="utf-8") for path in ROOT.glob("tests/**/test_*.py"))
    for file in re.findall(r"`(tests/[\w/]+\.py)", page):
        assert (ROOT / file).exists()
    for name in re.findall(r"::(test_\w+)", page):
        assert f"def {name}(" in tests


def of_one_sort(room: str, modules: set[str]) -> set[str]:
    """Modules that the map speaks of together: a file for each kind, and those of rules."""
    if room == "kinds":
        return set(KINDS)
    if room == "rules":
        return {
            m for m in modules if hasattr(importlib.import_module(f"ccstate.rules.{m}"), "RULES")
        }
    return set()


def test_the_map_names_every_module_of_a_package_and_no_other() -> None:
    page = (ROOT / "ARCHITECTURE.md").read_text(encoding="utf-8")
    section = page.partition("### Inside the packages")[2].partition("## Six ways")[0]
    rows = dict(re.findall(r"^\| `([\w/]+)/` \| (.+) \|$", section, re.MULTILINE))
    packages = {path.parent.relative_to(PACKAGE) for path in PACKAGE.rglob("*/__init__.py")}
    # What is inside of one adapter stands in its row.
    rooms = {path.as_posix() for path in packages if len(path.parts) < 3} - {"adapters", "."}
    assert rows.keys() == rooms
    for room, doors in rows.items():
        folder = PACKAGE / room
        modules = {path.stem for path in folder.glob("*.py") if not path.stem.startswith("__")}
        modules |= {path.parent.name for path in folder.glob("*/__init__.py")}
        said = set(re.findall(r"`(\w+)/?`", doors))
        own_row = {row.rpartition("/")[2] for row in rows if row.startswith(f"{room}/")}
        assert modules - said - own_row - of_one_sort(room, modules) == set(), (
            f"not in the map: {room}"
        )
        assert said <= modules, f"in the map, and not there: {room}"


def test_every_hop_of_the_map_is_a_function_that_is_there() -> None:
    page = (ROOT / "ARCHITECTURE.md").read_text(encoding="utf-8")
    section = page.partition("## Six ways")[2].partition("## What always")[0]
    hops = re.findall(r"`([\w/]+)\.(\w+)`", section)
    assert len(hops) > 30
    for module, function in hops:
        source = (PACKAGE / f"{module}.py").read_text(encoding="utf-8")
        assert re.search(rf"^ *def {function}\(", source, re.MULTILINE), f"{module}.{function}"


def test_every_claim_about_security_names_a_test_that_is_there() -> None:
    page = (DOCS / "security.md").read_text(encoding="utf-8")
    tables = re.findall(r"(?:^\|.*\n)+", page, re.MULTILINE)
    rows = [row for table in tables for row in table.splitlines()[2:]]
    rows = [row for row in rows if not row.endswith(" All that follow |")]
    named_tests = [re.search(r"`(tests/[\w/]+\.py)::(test_\w+)` \|$", row) for row in rows]
    assert len(rows) > 40
    for row, found in zip(rows, named_tests, strict=True):
        assert found, f"no test: {row}"
        source = (ROOT / found[1]).read_text(encoding="utf-8")
        assert f"def {found[2]}(" in source, f"{found[1]} has no {found[2]}"


def test_every_step_with_credentials_says_what_a_branch_may_reach() -> None:
    names = ("CCSTATE_HOSTS", "CCSTATE_SECRET_NAMES", "CCSTATE_SECRET_BUNDLE")
    told = {name: f"${{{{ vars.{name} }}}}" for name in names}
    steps = [
        step
        for name in ("plan.yml", "apply.yml", "drift.yml")
        for job in yaml.safe_load((ROOT / ".github/workflows" / name).read_text())["jobs"].values()
        for step in job["steps"]
        if re.search(r"^ccstate ci (plan|apply|drift)\b", step.get("run", ""), re.MULTILINE)
    ]
    assert len(steps) == 4
    for step in steps:
        assert told.items() <= step["env"].items(), step["name"]
