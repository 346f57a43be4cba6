"""Trees too large to enumerate: deep, wide, tangled; and one place changed in them."""

import copy
import random
from typing import Any

from hypothesis import strategies as st

from ccstate.journeys.ways import KEYS
from tests.journeys.strategies_journeys import Plain

EXTENSIONS = tuple(f"20{number:02}" for number in range(12))
QUEUES = ("staffed", "unstaffed")
LEAVES = (
    *(f"extension/{name}" for name in EXTENSIONS), *(f"voicemail/{name}" for name in EXTENSIONS),
    *(f"queue/{name}" for name in QUEUES), "hangup",
)  # fmt: skip
Node = dict[str, Any]


def estate(nodes: dict[str, Node], numbers: int = 1) -> Plain:
    """A centre with that tree, to which so many numbers lead, each by a number before it or not."""
    return {
        "extension": {name: {"device": "deskphone", "voicemail": {}} for name in EXTENSIONS},
        "queue": {
            "staffed": {"members": [{"extension": "2000"}], "overflow": {"empty": "hangup"}},
            "unstaffed": {"members": [], "overflow": {"empty": "queue/staffed"}},
        },
        "prompt": {"hello": {"languages": {"en": {"text": "Hello"}}}},
        "ivr": {"main": {"start": "n0", "nodes": nodes}},
        "number": {
            f"+6125550{number:04}": {
                "to": "ivr/main" if number % 3 else f"number/+6125550{number + 1:04}"
            }
            for number in range(1, numbers + 1)
        }
        | {f"+6125550{numbers + 1:04}": {"to": "ivr/main"}},
    }


def menu(choices: dict[str, str], silent: str, retries: int = 2) -> Node:
    return {
        "type": "menu", "prompt": "hello", "choices": choices, "on_timeout": silent,
        "retries": retries,
    }  # fmt: skip


def wide(levels: int) -> dict[str, Node]:
    """Menus of twelve keys below each other; every leaf is an extension of its own turn."""
    nodes: dict[str, Node] = {}
    row = ["n0"]
    count = 0
    for level in range(levels):
        following = []
        for name in row:
            choices = {}
            for key in KEYS:
                count += 1
                choices[key] = f"n{count}"
                if level == levels - 1:
                    choices[key] = f"extension/{EXTENSIONS[count % len(EXTENSIONS)]}"
                following.append(choices[key])
            nodes[name] = menu(choices, "hangup")
        row = following
    return nodes


def tangle(chance: random.Random, size: int, keys: int, leafy: float) -> dict[str, Node]:
    """So many nodes that lead to each other as it comes; the next one is always among them."""
    names = [f"n{number}" for number in range(size)]

    def somewhere() -> str:
        return chance.choice(LEAVES) if chance.random() < leafy else chance.choice(names)

    nodes: dict[str, Node] = {}
    for number, name in enumerate(names):
        following = names[(number + 1) % size]
        what = chance.random()
        if what < 0.75:
            choices = {key: somewhere() for key in chance.sample(KEYS, keys)}
            choices[chance.choice(sorted(choices))] = following
            nodes[name] = menu(choices, somewhere(), chance.randrange(3))
        elif what < 0.85:
            nodes[name] = {
                "type": "collect", "prompt": "hello", "save_as": "account", "then": following,
                "min_digits": chance.randint(1, 2), "max_digits": chance.randint(2, 4),
                "on_timeout": somewhere(), "retries": chance.randrange(2),
            }  # fmt: skip
        elif what < 0.95:
            nodes[name] = {
                "type": "dial", "extension": chance.choice(EXTENSIONS), "on_no_answer": following,
                "ring_for": "20s",
            }  # fmt: skip
        else:
            nodes[name] = {"type": "play", "prompt": "hello", "then": following}
    return nodes


def changed(chance: random.Random, nodes: dict[str, Node]) -> tuple[dict[str, Node], str]:
    """The nodes with one of them changed, and its name."""
    after = copy.deepcopy(nodes)
    name = chance.choice(sorted(after))
    node = after[name]
    to = chance.choice([*LEAVES, *after])
    match node["type"]:
        case "menu":
            what = chance.randrange(4)
            if what == 0:
                node["retries"] = (node["retries"] + 1) % 3
            elif what == 1:
                node["on_timeout"] = to
            else:
                node["choices"][chance.choice(KEYS)] = to
        case "collect":
            if chance.randrange(2):
                node["min_digits"] = 3 - node["min_digits"]
            else:
                node["then"] = to
        case "dial":
            node["on_no_answer"] = to
        case _:
            node["then"] = to
    return after, name


@st.composite
def large(draw: st.DrawFn) -> tuple[Plain, Plain, str, random.Random]:
    """A centre of any size, the same after one change, the node that changed, and some chance."""
    chance = random.Random(draw(st.integers(0, 2**32)))  # noqa: S311 - for tests
    match draw(st.sampled_from(["deep", "wide", "tangle", "small"])):
        case "deep":
            nodes = tangle(chance, draw(st.integers(60, 120)), 2, 0.9)
        case "wide":
            nodes = wide(3)
        case "tangle":
            nodes = tangle(chance, draw(st.integers(30, 90)), 8, 0.3)
        case _:
            nodes = tangle(chance, draw(st.integers(1, 6)), 3, 0.5)
    numbers = draw(st.sampled_from([1, 1, 2, 60]))
    after, name = changed(chance, nodes)
    return estate(nodes, numbers), estate(after, numbers), name, chance
