"""Rules about what callers are told to press."""

from collections.abc import Iterator, Mapping
from itertools import combinations
from typing import NamedTuple

from ccstate.desired.findings import repr_
from ccstate.errors import Severity
from ccstate.journeys.centre import Filled
from ccstate.journeys.spoken_keys import SpokenKey, is_readable, may_announce, spoken_keys
from ccstate.journeys.ways import KEYS
from ccstate.model import Address
from ccstate.rules.rule import Estate, Found, Rule
from ccstate.rules.trees import listed, reached_nodes

OFTEN_SILENT = frozenset("0*#")
"""Keys that many menus take without saying so: the operator, and the ways back."""


def _menus(estate: Estate) -> Iterator[tuple[str, str, Filled]]:
    """Tree, name and fields of every menu that callers reach."""
    for tree_name, tree in estate.of("ivr").items():
        for name, node in reached_nodes(tree).items():
            if node["type"] == "menu":
                yield tree_name, name, node


def _texts(prompt: Filled) -> Iterator[tuple[str, str]]:
    """Language and text of every wording in which we can find keys."""
    for language, wording in prompt["languages"].items():
        if is_readable(language) and (text := wording.get("text")):
            yield language, text


def _twice(estate: Estate) -> Iterator[Found]:
    prompts = estate.of("prompt")
    for name in dict.fromkeys(menu["prompt"] for _, _, menu in _menus(estate)):
        for language, text in _texts(prompts[name]):
            for first, second in _for_two_things(spoken_keys(text, language)):
                yield Found(
                    Address("prompt", name),
                    ("languages", language, "text"),
                    f"prompt/{name} announces key {first.key} for two things",
                    f"It says {repr_(first.excerpt)} and {repr_(second.excerpt)}; a key leads to "
                    "one place only.",
                    "say another key for one of the two",
                )


def _for_two_things(spoken: list[SpokenKey]) -> Iterator[tuple[SpokenKey, SpokenKey]]:
    """The first two announcements of a key that do not say the same, for each such key.

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


def _disagreeing(estate: Estate) -> Iterator[Found]:
    prompts = estate.of("prompt")
    read: dict[str, list[tuple[str, str, frozenset[str]]]] = {}
    for tree, name, menu in _menus(estate):
        prompt = menu["prompt"]
        if prompt not in read:
            read[prompt] = [
                (language, text, frozenset(spoken.key for spoken in spoken_keys(text, language)))
                for language, text in _texts(prompts[prompt])
            ]
        gaps = [
            _gap(menu["choices"], language, text, announced)
            for language, text, announced in read[prompt]
            if announced
        ]
        several = len(prompts[prompt]["languages"]) > 1
        address = Address("ivr", tree)
        for keys, languages in _by_keys({gap.language: gap.refused for gap in gaps}):
            where = f" in {listed(languages)}" if several else ""
            yield _refused(address, name, prompt, keys, where)
        for keys, languages in _by_keys({gap.language: gap.unsaid for gap in gaps}):
            where = f" in {listed(languages)}" if several else ""
            yield _unsaid(address, name, prompt, keys, where)


def _gap(choices: Mapping[str, str], language: str, text: str, announced: frozenset[str]) -> _Gap:
    unsaid = [
        key
        for key in choices
        if key not in announced
        and key not in OFTEN_SILENT
        and not may_announce(text, language, key)
    ]
    return _Gap(language, _in_order(announced - choices.keys()), _in_order(frozenset(unsaid)))


def _in_order(keys: frozenset[str]) -> tuple[str, ...]:
    return tuple(sorted(keys, key=KEYS.index))


def _by_keys(
    by_language: Mapping[str, tuple[str, ...]],
) -> Iterator[tuple[tuple[str, ...], list[str]]]:
    """The languages that have the same keys, together; none where there are no keys."""
    groups: dict[tuple[str, ...], list[str]] = {}
    for language, keys in by_language.items():
        if keys:
            groups.setdefault(keys, []).append(language)
    yield from groups.items()


def _named(keys: tuple[str, ...]) -> str:
    return f"key{'s' if len(keys) > 1 else ''} {listed(list(keys))}"


def _refused(address: Address, menu: str, prompt: str, keys: tuple[str, ...], where: str) -> Found:
    return Found(
        address,
        ("nodes", menu, "choices"),
        f"prompt/{prompt} announces {_named(keys)}{where}, which menu {repr_(menu)} does not take",
        f"A caller who presses {listed(list(keys), 'or')} is treated as if it were a mistake.",
        f"add {_named(keys)} to choices:, or correct the text",
    )


def _unsaid(address: Address, menu: str, prompt: str, keys: tuple[str, ...], where: str) -> Found:
    return Found(
        address,
        ("nodes", menu, "choices", keys[0]),
        f"prompt/{prompt} does not announce {_named(keys)}{where}, which menu {repr_(menu)} takes",
        "Callers do not learn that they have this choice.",
        f"announce {_named(keys)} in the text, or remove what nobody should press",
    )


RULES: tuple[Rule, ...] = (
    Rule(
        "CC205",
        "key-announced-twice",
        Severity.WARNING,
        "A prompt that announces one key for two things",
        _twice,
    ),
    Rule(
        "CC206",
        "announced-keys",
        Severity.WARNING,
        "A prompt that announces other keys than its menu takes",
        _disagreeing,
    ),
)
