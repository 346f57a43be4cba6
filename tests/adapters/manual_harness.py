"""A platform that a person changes, as the conformance suite wants it: the person does what sheets say.

The person knows the platform's screens and nothing of ccstate: reads the sheet as it is rendered, works off
its numbered steps on a table of texts, and exports that. So a sheet that is wrong fails the suite.
"""

import csv
import io
import json
import os
import shutil
import tempfile
import weakref
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from markdown_it import MarkdownIt
from markdown_it.token import Token

from ccstate.adapter import Adapter, SignOff
from ccstate.adapters.manual.adapter import ManualAdapter, connect
from ccstate.desired.yaml_values import read
from ccstate.kinds import KINDS, flatten
from ccstate.model import Address, Change, Fields, Json

WORD = SignOff("Ann Lee", "2026-05-04T12:00:00+00:00")
SECRET = "secret of "
KEY = "env:CCSTATE_SECRET_MANUAL_KEY"


class Table:
    """The platform itself: of each kind the objects, of each the texts that its screens show."""

    def __init__(self) -> None:
        self.objects: dict[str, dict[str, dict[str, str]]] = {}

    def do(self, sheet: str) -> None:
        """Work off a sheet."""
        action = kind = name = ""
        for heading, steps in sections(sheet):
            words = heading[0][0].split()
            if len(words) < 2:
                continue  # what is to be done afterwards
            action, kind, name = words[1], "_".join(words[3:]), heading[1][0]
            rows = self.objects.setdefault(kind, {})
            if action == "Create":
                assert name not in rows, f"{name} is there already"
                rows[name] = {}
            elif action == "Delete":
                del rows[name]
                continue
            for step, block in steps:
                self._step(rows[name], step, block)

    def _step(self, row: dict[str, str], step: list[tuple[str, str]], block: str) -> None:
        match step:
            case [("Set ", _), (label, "strong"), *_] if block:
                row[label] = block
            case [("Set ", _), (label, "strong"), (words, _), (value, "code"), *_]:
                if step[5:]:  # a person who sees another value than the sheet says stops
                    assert row.get(label) == step[5][0], f"{label} shows {row.get(label)}"
                row[label] = value if words == " to " else f"{SECRET}{value}"
            case [("Switch on ", _), (label, "strong"), *_]:
                row[label] = "{}"
            case [("Set ", _), (label, "strong"), (words, _)] if words.startswith(
                " to an empty text."
            ):
                row[label] = ""
            case [("Clear ", _), (label, "strong"), *_]:
                row.pop(label, None)


Inline = list[tuple[str, str]]


def sections(sheet: str) -> Iterator[tuple[Inline, list[tuple[Inline, str]]]]:
    """The headings of the second level, each with the items of the first numbered list below it."""
    tokens = MarkdownIt("commonmark").parse(sheet)
    assert not [t for t in tokens if t.type == "html_block"]
    for place, token in enumerate(tokens):
        if token.type == "heading_open" and token.tag == "h2":
            yield inline(tokens[place + 1]), list(items(tokens[place + 3 :]))


def items(tokens: Sequence[Token]) -> Iterator[tuple[Inline, str]]:
    step: Inline = []
    block = ""
    for token in tokens:
        if token.type in {"heading_open", "ordered_list_close"}:
            return
        if token.type == "list_item_open":
            step, block = [], ""
        elif token.type == "inline" and not step:
            step = inline(token)
        elif token.type == "fence":
            block = token.content
        elif token.type == "list_item_close":
            yield step, block


def inline(token: Token) -> Inline:
    """The pieces of a line as people see them: texts, what is strong, and what is code."""
    found: Inline = []
    style = ""
    for child in token.children or ():
        assert child.type not in {"html_inline", "image", "link_open"}, child
        if child.type == "strong_open":
            style = "strong"
            found.append(("", style))
        elif child.type == "strong_close":
            style = ""
        elif child.type == "code_inline":
            found.append((child.content, "code"))
        elif style == "strong" or (found and found[-1][1] == "" and child.type == "text"):
            found[-1] = (found[-1][0] + child.content, found[-1][1])
        else:
            found.append((child.content, ""))
    return found


TABLES: Mapping[str, Mapping[str, Any]] = {
    "user": {
        "name": "User",
        "label": "Shown as",
        "email": "E-mail",
        "extension": "Phone",
    },
    "ring_group": {
        "name": "Group",
        "strategy": {
            "column": "How",
            "values": {"All at once": "ring_all", "One by one": "in_order"},
        },
        "ring_for": {"column": "Rings (s)", "unit": "s"},
    },
}
"""Kinds whose export is a table, and its columns; all others are exported as YAML."""


KINDS_WALKED = ("site", "team", "user", "extension", "queue", "ring_group")
"""Kinds that are walked: all forms of fields, and secrets; the others have no form of their own."""


class Manual:
    """A platform in a folder of its own, with a person at its screens."""

    def __init__(self, kinds: Sequence[str] = KINDS_WALKED) -> None:
        self.kinds = kinds
        # In memory where that can be had: the suite writes many small files.
        memory = Path("/dev/shm")  # noqa: S108 - mkdtemp makes its own folder there
        place = memory if memory.is_dir() else None
        self._folder = Path(tempfile.mkdtemp(prefix="ccstate-manual-", dir=place))
        weakref.finalize(self, shutil.rmtree, self._folder, ignore_errors=True)
        os.environ[KEY.removeprefix("env:")] = "a key of the suite, and of nothing else"
        self.connection: dict[str, Json] = {
            "kinds": dict.fromkeys(kinds, "instructions"),
            "exports": {kind: self._export_of(kind) for kind in kinds},
            "key": KEY,
        }
        self.reset()

    @staticmethod
    def _export_of(kind: str) -> Json:
        if kind in TABLES:
            return {"file": f"exports/{kind}.csv", "columns": dict(TABLES[kind])}
        return {"file": f"exports/{kind}.yaml"}

    def connect(self) -> Adapter:
        return self.open()

    def open(self) -> ManualAdapter:
        return connect(self.connection, self._folder)

    def reset(self) -> None:
        shutil.rmtree(self._folder, ignore_errors=True)
        self.table = Table()
        self.export()

    def save(self) -> Any:
        files = {p.relative_to(self._folder): p.read_bytes() for p in self._files()}
        return files, json.loads(json.dumps(self.table.objects))

    def restore(self, saved: Any) -> None:
        files, objects = saved
        for path, content in files.items():
            (self._folder / path).parent.mkdir(parents=True, exist_ok=True)
            (self._folder / path).write_bytes(content)
        self.table.objects = json.loads(json.dumps(objects))

    def _files(self) -> list[Path]:
        return [path for path in self._folder.rglob("*") if path.is_file()]

    def break_(self) -> None:
        for path in (self._folder / "exports").iterdir():
            path.write_bytes(b"\xff, no export")

    def carry_out(self, changes: Sequence[Change], sheets: Sequence[str]) -> None:
        """Do what the sheets say, sign it off, and export what is there then."""
        for sheet in dict.fromkeys(sheets):
            self.table.do((self._folder / sheet).read_text(encoding="utf-8"))
        self.open().sign_off(changes, WORD)
        self.export()

    def by_hand(self, address: Address, fields: Fields | None) -> None:
        rows = self.table.objects.setdefault(address.kind, {})
        if fields is None:
            rows.pop(address.name, None)
        else:
            rows[address.name] = {
                label(address.kind, path): text(address.kind, path, value)
                for path, value in flatten(address.kind, fields).items()
                if value is not None
            }
        self.export()

    def export(self) -> None:
        folder = self._folder / "exports"
        folder.mkdir(parents=True, exist_ok=True)
        for kind in self.kinds:
            rows = self.table.objects.get(kind, {})
            if kind in TABLES:
                (folder / f"{kind}.csv").write_text(table(kind, rows), encoding="utf-8")
            else:
                content = json.dumps(
                    {KINDS[kind].plural: {n: document(kind, r) for n, r in rows.items()}}
                )
                (folder / f"{kind}.yaml").write_text(content, encoding="utf-8")


def label(kind: str, path: str) -> str:
    """What a screen calls a field: as its column, or in the words of its name."""
    column = TABLES.get(kind, {}).get(path, path.replace("_", " ").replace(".", ", "))
    return str(column["column"] if isinstance(column, dict) else column)


def text(kind: str, path: str, value: Json) -> str:
    """What the screen shows for a value."""
    column = TABLES.get(kind, {}).get(path)
    if isinstance(column, dict) and "values" in column:
        words: Mapping[str, str] = column["values"]
        return next(word for word, meant in words.items() if meant == value)
    if isinstance(column, dict):
        return str(int(str(value).removesuffix("s")))
    if isinstance(value, dict | list):
        return f"{json.dumps(value)}\n"
    return str(value).lower() if isinstance(value, bool) else str(value)


def table(kind: str, rows: Mapping[str, Mapping[str, str]]) -> str:
    names = [label(kind, path) for path in TABLES[kind]]
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(names)
    for name, row in rows.items():
        writer.writerow([name, *(row.get(each, "") for each in names[1:])])
    return out.getvalue()


def document(kind: str, row: Mapping[str, str]) -> dict[str, Json]:
    """The fields of an object, from the texts of its screen; secrets are not exported."""
    from ccstate.adapters.manual.adapter import _flat_paths  # the names of all fields
    from ccstate.adapters.manual.columns import typed
    from ccstate.adapters.manual.connection import is_secret

    found: dict[str, Any] = {}
    for path in _flat_paths(kind):
        shown = row.get(label(kind, path))
        if shown is None or is_secret(kind, path):
            continue
        if shown.endswith("\n"):  # a value of several lines, as the sheet had it
            indented = "".join(f"  {line}\n" for line in shown.splitlines())
            parsed, problems = read(f"value:\n{indented}".encode(), "sheet")
            assert isinstance(parsed, dict), problems
            value = parsed["value"]
        else:
            value = typed(kind, path, shown)
        above, _, last = path.rpartition(".")
        (found.setdefault(above, {}) if above else found)[last] = value
    for path in row:  # a struct that is there, with nothing in it
        if (
            path in KINDS[kind].model.model_fields
            and path not in found
            and row[path].strip() == "{}"
        ):
            found[path] = {}
    return found
