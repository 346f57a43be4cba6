"""A rule about the languages of prompts: what is played must be there, in one language throughout."""

from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import NamedTuple

from ccstate.errors import Severity
from ccstate.journeys.centre import Filled
from ccstate.model import Address
from ccstate.rules.rule import Breach, Estate, Reach, Rule, listed
from ccstate.rules.trees import reached_nodes


class _Tree(NamedTuple):
    """A tree, the language it speaks ("" where it says none), and the first node of each prompt."""

    name: str
    language: str
    nodes: Mapping[str, str]


def _languages(estate: Estate) -> Iterator[Breach]:
    yield from _silent(estate)
    trees = [_played(name, tree, estate.of("prompt")) for name, tree in estate.of("ivr").items()]
    for tree in trees:
        yield from _lacking(estate, tree) if tree.language else _uneven(estate, tree)
    yield from _unheard(estate, trees)


def _played(name: str, tree: Filled, prompts: Collection[str]) -> _Tree:
    nodes: dict[str, str] = {}
    for node_name, node in reached_nodes(tree).items():
        if (prompt := node.get("prompt") or "") in prompts:
            nodes.setdefault(prompt, node_name)
    return _Tree(name, tree.get("language") or "", nodes)


def _language(language: str) -> str:
    """Return the language without its country: a platform without en-AU may take en, or en-GB."""
    return language.partition("-")[0]


def _worded_languages(estate: Estate, prompt: str) -> frozenset[str]:
    return frozenset(map(_language, estate.of("prompt")[prompt]["languages"]))


def _silent(estate: Estate) -> Iterator[Breach]:
    """List the wordings without words."""
    for name, prompt in estate.of("prompt").items():
        address = Address("prompt", name)
        hint = "give it a text, a recording, or both"
        if not prompt["languages"]:
            message = f"{address} says nothing"
            yield Breach(address, ("languages",), message, "Callers hear silence.", hint)
        for language, wording in prompt["languages"].items():
            if not wording.get("text") and not wording.get("audio"):
                message = f"{address} says nothing in {language}"
                cause = "Callers hear silence."
                yield Breach(address, ("languages", language), message, cause, hint)


def _lacking(estate: Estate, tree: _Tree) -> Iterator[Breach]:
    """List the prompts that do not have the language which the tree speaks."""
    for prompt, node in tree.nodes.items():
        spoken = _worded_languages(estate, prompt)
        if spoken and _language(tree.language) not in spoken:
            yield Breach(
                Address("ivr", tree.name),
                ("nodes", node, "prompt"),
                f"prompt/{prompt} has no {tree.language}, which ivr/{tree.name} speaks",
                "Callers hear silence there, or a language that they did not choose.",
                f"give prompt/{prompt} a wording in {tree.language}",
            )


def _uneven(estate: Estate, tree: _Tree) -> Iterator[Breach]:
    """Yield the prompts of a tree without language that lack one which other prompts have."""
    having: dict[str, list[str]] = {}
    for prompt in tree.nodes:
        for language in _worded_languages(estate, prompt):
            having.setdefault(language, []).append(prompt)
    for language in sorted(having):
        have = set(having[language])
        lacking = [p for p in tree.nodes if p not in have and _worded_languages(estate, p)]
        if lacking:
            named = listed([f"prompt/{prompt}" for prompt in lacking])
            yield Breach(
                Address("ivr", tree.name),
                ("nodes", tree.nodes[lacking[0]], "prompt"),
                f"{named} {_has(lacking)} no {language}, unlike prompt/{having[language][0]}",
                f"ivr/{tree.name} plays them one after the other: callers in {language} lose the "
                "thread.",
                f"give {named} a wording in {language}, or the tree its language:",
            )


def _unheard(estate: Estate, trees: Iterable[_Tree]) -> Iterator[Breach]:
    """Yield the wordings that no caller can hear, in a tree that was translated only in part."""
    elsewhere = _played_elsewhere(estate)
    players: dict[str, list[_Tree]] = {}
    for tree in trees:
        for prompt in tree.nodes:
            players.setdefault(prompt, []).append(tree)
    for prompt, by in players.items():
        if prompt in elsewhere or not all(tree.language for tree in by):
            continue
        spoken = {_language(tree.language) for tree in by}
        unheard = [
            language
            for language in estate.of("prompt")[prompt]["languages"]
            if _language(language) not in spoken
            and _prompts_without(estate, by[0], _language(language))
        ]
        if unheard:
            yield _nobody_hears(estate, prompt, by, unheard)


def _nobody_hears(estate: Estate, prompt: str, by: list[_Tree], unheard: list[str]) -> Breach:
    address = Address("prompt", prompt)
    others = listed(_prompts_without(estate, by[0], _language(unheard[0])))
    them = "it" if len(unheard) == 1 else "them"
    return Breach(
        address,
        ("languages", unheard[0]),
        f"no caller hears {address} in {listed(unheard)}",
        f"ivr/{by[0].name} plays it in {by[0].language}, and other prompts there are not "
        f"translated ({others}): callers who need {them} are not served.",
        f"translate the others and let a tree speak {them}, or take {them} out here",
    )


def _prompts_without(estate: Estate, tree: _Tree, language: str) -> list[str]:
    """List the prompts of a tree that do not have a language."""
    return [prompt for prompt in tree.nodes if language not in _worded_languages(estate, prompt)]


def _played_elsewhere(estate: Estate) -> set[str | None]:
    """Return the prompts that queues and mailboxes play, to callers of any language."""
    found: set[str | None] = set()
    for queue in estate.of("queue").values():
        if announcements := queue.get("announcements"):
            found.update((announcements.get("welcome"), announcements.get("periodic")))
    for extension in estate.of("extension").values():
        if mailbox := extension.get("voicemail"):
            found.add(mailbox.get("greeting"))
    return found


def _has(names: list[str]) -> str:
    return "has" if len(names) == 1 else "have"


RULES: tuple[Rule, ...] = (
    Rule(
        "CC207",
        "missing-language",
        Severity.WARNING,
        "A prompt that lacks a language, or says nothing at all",
        _languages,
        Reach.UNLABELLED,
    ),
)
