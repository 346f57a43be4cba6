"""Plans as somebody may forge them: any field changed, the digest, the folder and plan.md made anew.

    python -m tests.fuzz.plan_files [HOW-MANY] [SEED]

Each is applied to a copy of one embedded platform. A bad one is one that ends in an exception, that
is applied although its files do not agree, or that leaves an object which no kind allows.
"""

import copy
import hashlib
import random
import shutil
import sys
import tempfile
from collections import Counter
from contextlib import redirect_stderr, redirect_stdout
from io import StringIO
from pathlib import Path
from typing import Any

import orjson

from ccstate.adapters.embedded import connect
from ccstate.cli import run
from ccstate.errors import CcstateError
from ccstate.kinds import KINDS, secrets
from ccstate.model import Edit, Why, canonical, edited
from ccstate.plan_file import read_plan
from ccstate.render.plan import plan_markdown
from tests.fuzz import many

PROJECT = "version: 1\ntargets:\n  demo: {adapter: embedded, connection: {path: demo.db}}\n"
BEFORE = """\
sites: {sydney: {timezone: Australia/Sydney, label: Office}}
extensions: {"2001": {device: deskphone, secret: "file:secret", voicemail: {}}, "2002": {device: none}}
users: {ann: {name: Ann, extension: "2001"}}
queues: {sales: {members: [{user: ann}], ring_for: 15s}, old: {members: [{user: ann}]}}
numbers: {"+61255501000": {to: queue/sales}}
"""
AFTER = """\
sites: {sydney: {timezone: Australia/Sydney, label: Head office}}
extensions: {"2001": {device: webrtc, secret: "file:secret", voicemail: {pin: "file:pin"}}}
users: {ann: {name: Ann, extension: "2001"}}
schedules: {day: {timezone: Australia/Sydney, weekly: {mon: ["09:00-17:00"]}}}
prompts: {hello: {languages: {en: {text: Hello}}}}
queues: {sales: {members: [{user: ann, penalty: 2}], ring_for: 20s, overflow: {after: 3m, to: extension/2001}}}
ivrs: {main: {start: a, nodes: {a: {type: menu, prompt: hello, choices: {"1": queue/sales}, on_timeout: hangup}}}}
numbers: {"+61255501000": {to: ivr/main, hours: day, closed: hangup}}
release: [extension/2002]
"""
VALUES: tuple[Any, ...] = (
    None, True, False, 0, -1, 2**53, 2**63 - 1, 1e308, -0.0, "", " ", "x" * 5000, "\u202e\u0000\x1b[2J",
    "__class__", "__dict__.a", "a.b.c", "running", "altered", "running.ring_for", "../../etc", "hangup",
    "${SHELL(id)}", "queue/sales", "extension/2001", "queue/../x", "absent", "delete", "create", "release",
    "file:/etc/passwd", "env:HOME", "file:../demo.db", "sealed:0000000000000000", "9s", "melbourne", [], {},
    ["queue/sales"], {"": ""}, {"a": {"b": {"c": None}}}, [[[[]]]], ["x"] * 50,
)  # fmt: skip
FILES = ("plan.json", "plan.md")


def run_quietly(folder: Path, *arguments: str) -> tuple[int, str]:
    """Exit code and words of a command."""
    with redirect_stdout(StringIO()) as out, redirect_stderr(StringIO()) as err:
        code = run(["--project", str(folder), *arguments])
    return code, out.getvalue() + err.getvalue()


def project(folder: Path) -> Path:
    """A project with a platform, and a plan that waits for it; the folder of that plan."""
    (folder / "desired_state").mkdir()
    (folder / "ccstate.yaml").write_text(PROJECT)
    (folder / "secret").write_text("correct horse")
    (folder / "pin").write_text("8351")
    for state in (BEFORE, AFTER):
        (folder / "desired_state" / "all.yaml").write_text(state)
        code, said = run_quietly(folder, "plan", "--force", "to be fuzzed")
        assert code == 0, said
        if state is BEFORE:
            assert run_quietly(folder, "apply")[0] == 0
            shutil.rmtree(folder / "plans")
    (plan,) = (folder / "plans").iterdir()
    return plan


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Every place in a JSON value."""
    found = [path] if path else []
    items = (
        value.items()
        if isinstance(value, dict)
        else enumerate(value if isinstance(value, list) else ())
    )
    for key, inner in items:
        found += places(inner, (*path, key))
    return found


def mutated(chance: random.Random, content: Any) -> Any:
    """The content with one to three places changed."""
    content = copy.deepcopy(content)
    for _ in range(chance.choice([1, 1, 1, 2, 3])):
        path = chance.choice(places(content))
        inner = content
        for key in path[:-1]:
            inner = inner[key]
        alike = [value for value in VALUES if type(value) is type(inner[path[-1]])]
        other = chance.choice(alike if alike and chance.random() < 0.7 else VALUES)
        match chance.randrange(7):
            case 0:
                del inner[path[-1]]
            case 1 if isinstance(inner, dict):
                inner[chance.choice(["protect", "pin", "x", "__class__", "needs", "secrets"])] = (
                    other
                )
            case 1 | 2 if isinstance(inner, list):
                inner.insert(chance.randrange(len(inner) + 1), copy.deepcopy(chance.choice(inner)))
            case 3:
                inner[path[-1]] = copy.deepcopy(_at(content, chance.choice(places(content))))
            case _:
                inner[path[-1]] = copy.deepcopy(other)
    return content


def _at(content: Any, path: tuple[Any, ...]) -> Any:
    for key in path:
        content = content[key]
    return content


def forged(content: Any) -> tuple[str, bytes]:
    """The digest of such a plan and its file, spelled as ccstate would."""
    head = {key: value for key, value in content.items() if key not in {"digest", "steps"}}
    digest = hashlib.sha256(canonical(head))
    steps = []
    for step in content["steps"]:
        lines = b",\n".join(map(canonical, step["changes"]))
        digest.update(canonical([step["target"], len(lines)]))
        digest.update(lines)
        steps.append(
            b'{"target":' + canonical(step["target"]) + b',"changes":[\n' + lines + b"\n]}"
        )
    found = digest.hexdigest()
    parts = [b'{"digest":', canonical(found), b",\n", canonical(head)[1:-1], b',\n"steps":[']
    return found, b"".join([*parts, b"\n" + b",\n".join(steps) if steps else b"", b"\n]}\n"])


def spoiled(chance: random.Random, raw: bytes) -> bytes:
    """The bytes with one thing wrong that no JSON value can say."""
    at = chance.randrange(len(raw))
    match chance.randrange(5):
        case 0:
            return raw[:at]
        case 1:
            return raw[:at] + bytes([chance.randrange(256)]) + raw[at + 1 :]
        case 2:
            return raw.replace(b'"commit":', b'"commit":"other","commit":', 1)
        case 3:
            return raw.replace(b'"repeat":0', b'"repeat":' + b"9" * chance.choice([20, 400]), 1)
        case _:
            depth = chance.choice([100, 300, 1000, 5000])
            return raw.replace(b'"after":', b'"after":' + b"[" * depth + b"]" * depth + b',"x":', 1)


class Bench:
    """One project, put back before every plan."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.plan = project(folder)
        self.files = {name: (self.plan / name).read_bytes() for name in FILES}
        self.platform = (folder / "demo.db").read_bytes()
        self.outcomes: Counter[str] = Counter()

    def restore(self) -> None:
        """Puts the platform back, and takes every plan away."""
        shutil.rmtree(self.folder / "plans")
        (self.folder / "demo.db").write_bytes(self.platform)

    def is_untouched(self) -> bool:
        return (self.folder / "demo.db").read_bytes() == self.platform

    def fuzz(self, chance: random.Random) -> str:
        """Applies one forged plan; AssertionError where that is bad."""
        self.restore()
        raw, digest = self.files["plan.json"], self.plan.name
        content = orjson.loads(raw)
        agrees = True
        if chance.random() < 0.15:
            raw = spoiled(chance, raw)
            agrees = raw == self.files["plan.json"]
        else:
            other = mutated(chance, content)
            if isinstance(other.get("steps"), list):
                content = other
            try:
                digest, raw = forged(content)
            except (TypeError, KeyError, AttributeError):
                raw = orjson.dumps(content, option=orjson.OPT_NON_STR_KEYS)
        name = digest[:12] if chance.random() < 0.8 else self.plan.name
        place = self.folder / "plans" / name
        place.mkdir(parents=True)
        (place / "plan.json").write_bytes(raw)
        (place / "plan.md").write_bytes(self.files["plan.md"])
        if chance.random() < 0.8:
            try:
                words = plan_markdown(read_plan(place / "plan.json"), digest)
                (place / "plan.md").write_text(words, encoding="utf-8")
            except CcstateError:
                agrees = False
        argument = chance.choice([name, digest, digest[:20]])
        code, said = run_quietly(self.folder, "apply", argument)
        outcome = f"{code} {next((w for w in said.split() if w[:2] == 'CC'), '')}"
        self.outcomes[outcome] += 1
        if not self.is_untouched():
            self.is_sound(place, digest, agrees=agrees)
        return outcome

    def is_sound(self, place: Path, digest: str, *, agrees: bool) -> None:
        """What is on a platform after an apply: a plan that agrees, objects that can be."""
        plan = read_plan(place / "plan.json")
        assert agrees
        assert place.name == digest[:12]
        assert (place / "plan.md").read_text(encoding="utf-8") == plan_markdown(plan, digest)
        seen = connect({"path": "demo.db"}, self.folder).observe(KINDS)
        for address, fields in (*seen.objects.items(), *seen.ledger.items()):
            found = secrets(address.kind, fields)
            plain = edited(fields, [Edit(p, None, "env:X", why=Why.YOU) for p in found])
            assert all(text.startswith("sealed:") for text in found.values())
            KINDS[address.kind].model.model_validate(plain)


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as made:
        sys.exit(bool(many.run(Bench(Path(made)).fuzz, sys.argv[1:])))
