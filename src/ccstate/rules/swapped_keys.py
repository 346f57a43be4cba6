"""The rule about keys that lead where another key is announced to lead."""

import re
from collections.abc import Iterator, Mapping
from itertools import permutations
from typing import Any

from ccstate.errors import Severity
from ccstate.journeys.centre import Filled
from ccstate.model import Address
from ccstate.rules.prompts import Menu, menus, texts
from ccstate.rules.rule import Estate, Found, Rule
from ccstate.rules.spoken_keys import SpokenKey, spoken_keys

SHORTEST = 4
"""Letters of a word that tells anything: "bill" is in "billing", "to" is in "tours"."""
_ONWARD: Mapping[str, str] = {"play": "then", "goto": "to", "hours": "open", "switch": "off"}
"""Nodes that ask nothing, and the field by which a caller goes on in opening hours."""


def _swapped(estate: Estate) -> Iterator[Found]:
    prompts = estate.of("prompt")
    spoken: dict[tuple[str, str], list[SpokenKey]] = {}
    for menu in menus(estate):
        leads = {key: _words(estate, menu.tree, to) for key, to in menu.node["choices"].items()}
        told: set[str] = set()
        for language, text in texts(prompts[menu.prompt]):
            here = (menu.prompt, language)
            if here not in spoken:
                spoken[here] = spoken_keys(text, language)
            for said, other in _elsewhere(spoken[here], leads):
                if said.key not in told:
                    told.add(said.key)
                    yield _found(menu, said, other)


def _elsewhere(
    spoken: list[SpokenKey], leads: Mapping[str, frozenset[str]]
) -> Iterator[tuple[SpokenKey, str]]:
    """Announcements that fit another key, which is itself announced for something else."""
    known = [said for said in spoken if said.key in leads and said.about]
    for said, other in permutations(known, 2):
        if said.key == other.key or _fits(said, leads[said.key]):
            continue
        if _fits(said, leads[other.key]) and not _fits(other, leads[other.key]):
            yield said, other.key


def _fits(said: SpokenKey, words: frozenset[str]) -> bool:
    return any(
        one.startswith(other) or other.startswith(one)
        for one in said.about
        if len(one) >= SHORTEST
        for other in words
    )


def _words(estate: Estate, tree: str, target: str) -> frozenset[str]:
    """What the places that a choice leads to are called, as far as nothing is asked."""
    nodes: Mapping[str, Any] = estate.of("ivr")[tree]["nodes"]
    texts: list[str] = []
    seen: set[str] = set()
    while target in nodes and target not in seen:
        seen.add(target)
        node = nodes[target]
        texts += [target, node.get("label") or ""]
        target = _after(node)
    if "/" in target:
        texts += [target.partition("/")[2], estate.centre.label(target)]
    found = re.findall(r"[^\W\d_]+", " ".join(texts).lower())
    return frozenset(word for word in found if len(word) >= SHORTEST)


def _after(node: Filled) -> str:
    """Where a node leads by itself; "" where it asks, or ends."""
    if node["type"] == "queue":
        return f"queue/{node['queue']}"
    if node["type"] == "voicemail":
        return f"voicemail/{node['mailbox']}"
    return str(node.get(_ONWARD.get(node["type"], ""), ""))


def _found(menu: Menu, said: SpokenKey, other: str) -> Found:
    goes = menu.node["choices"][said.key]
    return Found(
        Address("ivr", menu.tree),
        ("nodes", menu.name, "choices", said.key),
        f"key {said.key} is announced for what key {other} leads to",
        f'prompt/{menu.prompt} says "{said.excerpt}", and key {said.key} leads to "{goes}": '
        "callers come to the wrong people.",
        "exchange the two keys, in choices: or in the text",
    )


RULES: tuple[Rule, ...] = (
    Rule(
        "CC208",
        "keys-swapped",
        Severity.WARNING,
        "A key that is announced for what another key leads to",
        _swapped,
    ),
)
