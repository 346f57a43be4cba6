"""The catalogues of codes: every problem is made with the values that its words name, and is in use."""

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from string import Formatter

from ccstate import codes as core
from ccstate.adapters.asterisk import codes as asterisk
from ccstate.adapters.manual import codes as manual
from ccstate.adapters.node_red import codes as node_red
from ccstate.apply import codes as applies
from ccstate.audit import codes as audit
from ccstate.errors import Code, Severity, Span
from ccstate.forge import codes as forge
from ccstate.policy import codes as policy
from ccstate.secrets import codes as secrets
from ccstate.worker import codes as worker

SOURCE = Path(__file__).parent.parent / "src" / "ccstate"
CATALOGUES = {
    "codes": core,
    "apply/codes": applies,
    "worker/codes": worker,
    "policy/codes": policy,
    "audit/codes": audit,
    "forge/codes": forge,
    "secrets/codes": secrets,
    "asterisk/codes": asterisk,
    "node_red/codes": node_red,
    "manual/codes": manual,
}

CATALOGUE_OF = {
    "ccstate.adapters.asterisk": "asterisk/codes",
    "ccstate.adapters.node_red": "node_red/codes",
    "ccstate.adapters.manual": "manual/codes",
    "ccstate.apply": "apply/codes",
    "ccstate.audit": "audit/codes",
    "ccstate.forge": "forge/codes",
    "ccstate.policy": "policy/codes",
    "ccstate.secrets": "secrets/codes",
    "ccstate.worker": "worker/codes",
}
"""The catalogue that `from MODULE import codes` brings."""


def entries(module: object) -> dict[str, Code]:
    return {name: code for name, code in vars(module).items() if isinstance(code, Code)}


def fields_of(code: Code) -> set[str]:
    """The names of the values in the words of a problem."""
    texts = (code.message, code.cause, code.hint)
    return {name for text in texts for _, name, _, _ in Formatter().parse(text) if name is not None}


ALL = {
    f"{catalogue}.{name}": code
    for catalogue, module in CATALOGUES.items()
    for name, code in entries(module).items()
}


@cache
def uses() -> tuple[tuple[str, str, ast.Call | None], ...]:
    return tuple(_uses())


def _uses() -> Iterator[tuple[str, str, ast.Call | None]]:
    """Every place that names an entry of a catalogue, with the call that makes a problem of it."""
    for path in SOURCE.rglob("*.py"):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        catalogue = {
            alias.asname or alias.name: CATALOGUE_OF.get(node.module, "codes")
            for node in ast.walk(tree)
            if isinstance(node, ast.ImportFrom) and node.module
            for alias in node.names
            if alias.name == "codes" and node.module.startswith("ccstate")
        }
        calls = {id(node.func): node for node in ast.walk(tree) if isinstance(node, ast.Call)}
        for node in ast.walk(tree):
            if not (isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name)):
                continue
            if node.value.id in catalogue and node.attr.isupper():
                place = f"{path.relative_to(SOURCE)}:{node.lineno}"
                yield place, f"{catalogue[node.value.id]}.{node.attr}", calls.get(id(node))


def test_the_words_of_a_problem_name_values_and_nothing_inside_of_them() -> None:
    for name, code in ALL.items():
        assert re.fullmatch(r"CC\d{3}", code.code), name
        assert all(field.isidentifier() for field in fields_of(code)), name


def test_a_catalogue_is_sorted_by_code() -> None:
    for module in CATALOGUES.values():
        numbers = [code.code for code in entries(module).values()]
        assert numbers == sorted(numbers)


def test_every_problem_is_made_with_the_values_that_its_words_name() -> None:
    for place, name, call in uses():
        if call is not None and not any(keyword.arg is None for keyword in call.keywords):
            given = {keyword.arg for keyword in call.keywords}
            assert given == fields_of(ALL[name]), f"{place}: {name}"


def test_every_entry_is_in_use() -> None:
    assert ALL.keys() - {name for _, name, _ in uses()} == set()


def test_braces_in_a_value_are_text() -> None:
    code = Code("CC999 no {thing}\n  {{literally}}\n  hint: try {thing}")
    problem = code(Span("a.yaml"), thing="{thing.__class__} {0}")
    assert problem.message == "no {thing.__class__} {0}"
    assert problem.cause == "{literally}"
    assert problem.hint == "try {thing.__class__} {0}"
    assert problem.span == Span("a.yaml")


def test_an_entry_is_written_as_people_read_it() -> None:
    code = Code("""warning: CC999 the plan would delete
    everything
  It is large,
    and whole.
  hint: keep it,
    or not""")
    assert (code.code, code.severity) == ("CC999", Severity.WARNING)
    assert code.message == "the plan would delete everything"
    assert (code.cause, code.hint) == ("It is large, and whole.", "keep it, or not")
