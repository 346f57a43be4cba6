"""Rules about keys: what prompts announce and menus do, extensions to dial, ways out of queues."""

import re
from collections.abc import Iterator, Mapping
from itertools import combinations, groupby, permutations
from typing import Any, NamedTuple

from ccstate.desired.findings import quote
from ccstate.errors import Severity
from ccstate.journeys.centre import Filled
from ccstate.journeys.flow import dialled_extensions
from ccstate.journeys.ways import KEYS
from ccstate.model import Address
from ccstate.rules.key_phrases import SpokenKey, is_readable, may_announce, spoken_keys
from ccstate.rules.rule import Breach, Estate, Reach, Rule, listed
from ccstate.rules.trees import reached_nodes


def _begins_a_number(estate: Estate) -> Iterator[Breach]:
    for name, tree in estate.of("ivr").items():
        for node_name, node in reached_nodes(tree).items():
            if node["type"] != "menu":
                continue
            numbers = sorted(dialled_extensions(estate.flow, node))
            for key, found in groupby(numbers, key=lambda number: number[0]):
                if key in node["choices"]:
                    first, *others = found
                    more = f" and of {len(others):,} more" if others else ""
                    yield Breach(
                        Address("ivr", name),
                        ("nodes", node_name, "choices", key),
                        f"key {quote(key)} begins the number of extension/{first}{more}",
                        "A caller who presses the key waits until the platform is sure that no number "
                        "follows, and one who types on lands at an extension.",
                        "give the choice a key with which no extension begins",
                    )


def _unsaid_exit(estate: Estate) -> Iterator[Breach]:
    prompts = estate.of("prompt")
    for name, queue in estate.of("queue").items():
        announcements = queue.get("announcements") or {}
        named = [str(announcements.get(field) or "") for field in ("welcome", "periodic")]
        said = [prompts[prompt] for prompt in named if prompt in prompts]
        wordings = [item for prompt in said for item in prompt["languages"].items()]
        if any(not wording.get("text") for _, wording in wordings):
            continue  # what a recording says is not known
        for key in queue.get("keys") or ():
            if not any(may_announce(words["text"], language, key) for language, words in wordings):
                yield Breach(
                    Address("queue", name),
                    ("keys", key),
                    f"nothing tells callers of queue/{name} that key {quote(key)} leads out",
                    "Neither announcements.welcome nor announcements.periodic names the key.",
                    "name it in the prompt that is repeated while callers wait",
                )


OFTEN_SILENT = frozenset("0*#")
"""Keys that many menus take without saying so: the operator, and the ways back."""


class Menu(NamedTuple):
    """A menu that callers reach; `before` are the prompts that lead straight into it."""

    tree: str
    name: str
    node: Filled
    before: tuple[str, ...]

    @property
    def prompt(self) -> str:
        return str(self.node["prompt"])


def menus(estate: Estate) -> Iterator[Menu]:
    """List every menu that callers reach and whose prompt is there."""
    for tree_name, tree in estate.of("ivr").items():
        nodes = reached_nodes(tree)
        before: dict[str, list[str]] = {}
        for node in nodes.values():
            if node["type"] == "play":
                before.setdefault(node["then"], []).append(node["prompt"])
        for name, node in nodes.items():
            if node["type"] == "menu" and node["prompt"] in estate.of("prompt"):
                yield Menu(tree_name, name, node, tuple(before.get(name, ())))


def texts(prompt: Filled) -> Iterator[tuple[str, str]]:
    """Yield language and text of every wording in which we can find keys."""
    for language, wording in prompt["languages"].items():
        if is_readable(language) and (text := wording.get("text")):
            yield language, text


def _twice(estate: Estate) -> Iterator[Breach]:
    prompts = estate.of("prompt")
    for name in dict.fromkeys(menu.prompt for menu in menus(estate)):
        for language, text in texts(prompts[name]):
            for first, second in _for_two_things(spoken_keys(text, language)):
                yield Breach(
                    Address("prompt", name),
                    ("languages", language, "text"),
                    f"prompt/{name} announces key {first.key} for two things",
                    f"It says {quote(first.excerpt)} and {quote(second.excerpt)}; a key leads to "
                    "one place only.",
                    "say another key for one of the two",
                )


def _for_two_things(spoken: list[SpokenKey]) -> Iterator[tuple[SpokenKey, SpokenKey]]:
    """Yield the first two announcements of a key that differ, for each such key.

    An announcement whose words occur in the other is a repetition of it: "again, for sales".
    """
    by_key: dict[str, list[SpokenKey]] = {}
    for announcement in spoken:
        by_key.setdefault(announcement.key, []).append(announcement)
    for announcements in by_key.values():
        for first, second in combinations(announcements, 2):
            if not (first.about <= second.about or second.about <= first.about):
                yield first, second
                break


class _Gap(NamedTuple):
    """The keys in which a menu and one wording of its prompt differ."""

    language: str
    refused: tuple[str, ...]
    unsaid: tuple[str, ...]


def _disagreeing(estate: Estate) -> Iterator[Breach]:
    prompts = estate.of("prompt")
    announced: dict[str, dict[str, frozenset[str]]] = {}
    for menu in menus(estate):
        prompt = prompts[menu.prompt]
        if menu.prompt not in announced:
            announced[menu.prompt] = {
                language: frozenset(spoken.key for spoken in spoken_keys(text, language))
                for language, text in texts(prompt)
            }
        gaps = [
            _gap(menu, language, keys, _words_heard(estate, menu, language))
            for language, keys in announced[menu.prompt].items()
            if keys
        ]
        yield from _gap_findings(menu, gaps, several=len(prompt["languages"]) > 1)


def _words_heard(estate: Estate, menu: Menu, language: str) -> str:
    """Return what callers hear in a language until they choose."""
    prompts = estate.of("prompt")
    wordings = [
        prompts[name]["languages"].get(language, {})
        for name in (*menu.before, menu.prompt)
        if name in prompts
    ]
    return " ".join(wording.get("text") or "" for wording in wordings)


def _gap(menu: Menu, language: str, announced: frozenset[str], text: str) -> _Gap:
    choices: Mapping[str, str] = menu.node["choices"]
    unsaid = [
        key
        for key in choices
        if key not in announced
        and key not in OFTEN_SILENT
        and not may_announce(text, language, key)
    ]
    return _Gap(language, _in_order(announced - choices.keys()), _in_order(frozenset(unsaid)))


def _gap_findings(menu: Menu, gaps: list[_Gap], *, several: bool) -> Iterator[Breach]:
    for keys, languages in _by_keys({gap.language: gap.refused for gap in gaps}):
        yield _refused(menu, keys, f" in {listed(languages)}" if several else "")
    for keys, languages in _by_keys({gap.language: gap.unsaid for gap in gaps}):
        yield _unsaid(menu, keys, f" in {listed(languages)}" if several else "")


def _in_order(keys: frozenset[str]) -> tuple[str, ...]:
    return tuple(sorted(keys, key=KEYS.index))


def _by_keys(
    by_language: Mapping[str, tuple[str, ...]],
) -> Iterator[tuple[tuple[str, ...], list[str]]]:
    """Group the languages that have the same keys; none where there are no keys."""
    groups: dict[tuple[str, ...], list[str]] = {}
    for language, keys in by_language.items():
        if keys:
            groups.setdefault(keys, []).append(language)
    yield from groups.items()


def _named(keys: tuple[str, ...]) -> str:
    return f"key{'s' if len(keys) > 1 else ''} {listed(list(keys))}"


def _refused(menu: Menu, keys: tuple[str, ...], where: str) -> Breach:
    return Breach(
        Address("ivr", menu.tree),
        ("nodes", menu.name, "choices"),
        f"prompt/{menu.prompt} announces {_named(keys)}{where}, which menu {quote(menu.name)} does not take",
        f"A caller who presses {listed(list(keys), 'or')} is treated as if it were a mistake.",
        f"add {_named(keys)} to choices:, or correct the text",
    )


def _unsaid(menu: Menu, keys: tuple[str, ...], where: str) -> Breach:
    return Breach(
        Address("ivr", menu.tree),
        ("nodes", menu.name, "choices", keys[0]),
        f"prompt/{menu.prompt} does not announce {_named(keys)}{where}, which menu {quote(menu.name)} takes",
        "Callers do not learn that they have this choice.",
        f"announce {_named(keys)} in the text, or remove what callers should not press",
    )


SHORTEST = 4
"""Letters of a word that tells anything: "bill" is in "billing", "to" is in "tours"."""
_ONWARD: Mapping[str, str] = {"play": "then", "goto": "to", "hours": "open", "switch": "off"}
"""Nodes that ask nothing, and the field by which a caller goes on in opening hours."""


def _swapped(estate: Estate) -> Iterator[Breach]:
    prompts = estate.of("prompt")
    spoken: dict[tuple[str, str], list[SpokenKey]] = {}
    for menu in menus(estate):
        leads = {key: _words(estate, menu.tree, to) for key, to in menu.node["choices"].items()}
        announced: set[str] = set()
        for language, text in texts(prompts[menu.prompt]):
            here = (menu.prompt, language)
            if here not in spoken:
                spoken[here] = spoken_keys(text, language)
            for said, other in _elsewhere(spoken[here], leads):
                if said.key not in announced:
                    announced.add(said.key)
                    yield _found(menu, said, other)


def _elsewhere(
    spoken: list[SpokenKey], leads: Mapping[str, frozenset[str]]
) -> Iterator[tuple[SpokenKey, str]]:
    """Find announcements that fit another key, which is itself announced for something else."""
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
    """List the words for the places that a choice leads to, as far as nothing is asked."""
    nodes: Mapping[str, Any] = estate.of("ivr")[tree]["nodes"]
    texts: list[str] = []
    seen: set[str] = set()
    while target in nodes and target not in seen:
        seen.add(target)
        node = nodes[target]
        texts += [target, node.get("label") or ""]
        target = _next_node(node)
    if "/" in target:
        texts += [target.partition("/")[2], estate.centre.label(target)]
    found = re.findall(r"[^\W\d_]+", " ".join(texts).lower())
    return frozenset(word for word in found if len(word) >= SHORTEST)


def _next_node(node: Filled) -> str:
    """Return where a node leads by itself; "" where it asks, or ends."""
    if node["type"] == "queue":
        return f"queue/{node['queue']}"
    if node["type"] == "voicemail":
        return f"voicemail/{node['mailbox']}"
    return str(node.get(_ONWARD.get(node["type"], ""), ""))


def _found(menu: Menu, said: SpokenKey, other: str) -> Breach:
    goes = menu.node["choices"][said.key]
    return Breach(
        Address("ivr", menu.tree),
        ("nodes", menu.name, "choices", said.key),
        f"key {said.key} is announced for what key {other} leads to",
        f'prompt/{menu.prompt} says "{said.excerpt}", and key {said.key} leads to "{goes}": '
        "callers come to the wrong people.",
        "exchange the two keys, in choices: or in the text",
    )


RULES: tuple[Rule, ...] = (
    Rule(
        "CC280",
        "key-begins-number",
        Severity.WARNING,
        "A key of a menu with which the number of an extension begins that can be dialled there",
        _begins_a_number,
        Reach.JOINED,
    ),
    Rule(
        "CC281",
        "unsaid-queue-key",
        Severity.WARNING,
        "A key that leads out of a queue, and that no announcement names",
        _unsaid_exit,
        Reach.JOINED,
    ),
    Rule(
        "CC205",
        "key-announced-twice",
        Severity.WARNING,
        "A prompt that announces one key for two things",
        _twice,
        Reach.JOINED,
    ),
    Rule(
        "CC206",
        "announced-keys",
        Severity.WARNING,
        "A prompt that announces other keys than its menu takes",
        _disagreeing,
        Reach.JOINED,
    ),
    Rule(
        "CC208",
        "keys-swapped",
        Severity.WARNING,
        "A key that is announced for what another key leads to",
        _swapped,
    ),
)
