"""Waits for keys, by WaitExten() or Read(), as fields of menus and of nodes that collect digits."""

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from ccstate.adapters.asterisk.conf import Option
from ccstate.adapters.asterisk.conf.patterns import matches, pattern
from ccstate.adapters.asterisk.importing.calling import At, shorn
from ccstate.adapters.asterisk.importing.destinations import Known, Nowhere, lose, ringing
from ccstate.adapters.asterisk.importing.estate import Work
from ccstate.adapters.asterisk.importing.names import name_of
from ccstate.adapters.asterisk.importing.outcomes import (
    Forks,
    Menu,
    Outcome,
    Place,
    Plays,
    Reads,
    below,
    claim_trail,
    same,
    unclear,
)
from ccstate.adapters.asterisk.importing.recordings import SPOKEN, prompt_of
from ccstate.kinds.fields import duration
from ccstate.model import Json

if TYPE_CHECKING:
    from ccstate.adapters.asterisk.importing.trees import Here, Tree, Ways


KEYS = "0123456789*#"
MOST_ATTEMPTS = 5
MOST_DIGITS = 30
MOST_RETRIES = 9


class NoMenu(Exception):
    """No menu can be made of this wait for keys, from wherever it is reached; the words say why."""


def keys(work: Work, outcome: Menu) -> Mapping[str, Outcome]:
    """What each key leads to that any extension answers."""
    reached = {key: work.follower.pressed(outcome, key) for key in KEYS}
    return {key: way for key, way in reached.items() if way is not None}


def without_keys(work: Work, outcome: Menu) -> Outcome:
    """A menu in which no key leads anywhere: sounds, and what comes after the wait."""
    then = work.follower.silence(outcome)
    for _, sound in reversed(outcome.sounds):
        then = Plays(sound, then, outcome.trail)
    told = "differs: a key that is pressed here ends the call; with ccstate nothing happens"
    work.ledger.leave(outcome.wait, told)
    if not outcome.sounds:
        claim_trail(work.ledger, outcome.trail, "a wait for keys that nothing answers")
    return then


def prompt(work: Work, sounds: tuple[tuple[Option, str], ...]) -> str:
    """The prompt of a menu; raises NoMenu, for a menu has to have one."""
    if not sounds:
        raise NoMenu("a menu needs a recording, and none is played before this wait for keys")
    names = tuple(sound for _, sound in sounds)
    found = prompt_of(work, names)
    if not found:
        unknown = shorn(", ".join(names))
        told = f"a menu needs the words of what it plays, and nobody gives those of {unknown}"
        raise NoMenu(told)
    return found


def fill_menu(ways: "Ways", outcome: Menu, here: "Here", node: dict[str, Json]) -> None:
    """The fields of a menu in which each key is an extension of a context."""
    work, follower, by = ways.work, ways.work.follower, here.by
    choices: dict[str, Json] = {}
    node |= {"choices": choices, "timeout": duration(max(outcome.seconds, 1)), "retries": 0}
    for key, reached in keys(work, outcome).items():
        try:
            with ways.attempt(here.tree):
                choices[key] = ways.to(reached, here.near_to(key))
        except Nowhere as why:
            lose(work, reached, f"key {key} of {by} is left out: {why}")
    if not choices:
        raise NoMenu("no key of the menu leads anywhere that ccstate knows")
    silent, wrong = follower.silence(outcome), follower.special(outcome, "i")
    node["on_timeout"] = ways.or_hangup(silent, here.near_to("t"), "silence")
    node["on_invalid"] = ways.or_hangup(wrong, here.near_to("i"), "another key")
    for option, _ in outcome.sounds:
        work.ledger.leave(option, SPOKEN)
    if not outcome.seconds:
        told = "differs: here keys count while the recording plays; ccstate waits a second more"
        work.ledger.leave(outcome.wait, told)
    numbers: frozenset[str] = frozenset()
    field = "nodes.*.menu.dial_extensions"
    if work.setting.holds("ivr", field) and dials_extensions(work, ways.known, outcome):
        node["dial_extensions"] = True
        numbers = frozenset(phone.number for phone in ways.known.phones.values())
    tell_longer(work, outcome, numbers)


def fill_read(ways: "Ways", outcome: Reads, here: "Here", node: dict[str, Json]) -> None:
    """The fields of a menu in which steps ask for the key that Read() has kept."""
    if outcome.most != 1:
        fill_collect(ways, outcome, here, node)
        return
    follower, ledger = ways.work.follower, ways.work.ledger
    silent = follower.entered(outcome, "")
    groups: list[tuple[Outcome, list[str]]] = []
    for key in KEYS.replace("#", ""):
        reached = follower.entered(outcome, key)
        alike = next((keys for one, keys in groups if same(one, reached)), None)
        if alike is None:
            groups.append((reached, [key]))
        else:
            alike.append(key)
    wrong, others = max(groups, key=lambda group: len(group[1]))
    choices: dict[str, Json] = {}
    node |= {"choices": choices, "timeout": duration(outcome.seconds), "retries": 0}
    for reached, pressed in groups:
        if pressed is not others:
            to = ways.or_hangup(reached, here.near_to(pressed[0]), f"key {pressed[0]}")
            choices |= dict.fromkeys(pressed, to)
    node["on_timeout"] = ways.or_hangup(silent, here.near_to("t"), "silence")
    node["on_invalid"] = ways.or_hangup(wrong, here.near_to("i"), "another key")
    if not same(silent, wrong):
        choices["#"] = node["on_timeout"]
    if not choices:
        raise NoMenu("every key leads to the same")
    if here.tree:
        _ask_again(ways, outcome, here.tree, node)
    ledger.leave(outcome.wait, SPOKEN)


def fill_collect(ways: "Ways", outcome: Reads, here: "Here", node: dict[str, Json]) -> None:
    """The fields of a node that collects digits, with the digits that steps tell apart."""
    follower, ledger = ways.work.follower, ways.work.ledger
    if not ways.work.setting.holds("ivr", "nodes.*.collect.choices"):
        raise NoMenu(f"Read() takes up to {outcome.most} digits; a menu takes one key")
    most = min(outcome.most, MOST_DIGITS)
    others, compared = follower.others_entered(outcome)
    if found := unclear(others):
        raise NoMenu(f"what becomes of the digits that Read() takes: {found.reason}")
    if any(isinstance(each, Forks) for each in below(others)):
        raise NoMenu("more than whole numbers is asked of the digits that Read() takes")
    name = name_of(outcome.variable)
    retries = min(max(outcome.attempts, 1) - 1, MOST_RETRIES)
    node |= {"type": "collect", "save_as": name, "max_digits": most, "retries": retries}
    node["timeout"] = duration(outcome.seconds)
    node["then"] = ways.to(others, here.below)
    reached = {digits: follower.entered(outcome, digits) for digits in compared}
    choices: dict[str, Json] = {
        digits: ways.or_hangup(way, here.near_to(digits), f"the digits {digits}")
        for digits, way in reached.items()
        if len(digits) <= most and not same(way, others)
    }
    if choices:
        node["choices"] = choices
    node["on_timeout"] = ways.or_hangup(follower.entered(outcome, ""), here.near_to("t"), "silence")
    if follower.compared_with(outcome.variable) != compared:
        raise NoMenu("steps behind another question ask for the digits that Read() takes")
    ledger.leave(outcome.wait, "differs: here * is taken like a digit; ccstate asks again")
    if outcome.attempts > MOST_RETRIES + 1:
        ledger.leave(outcome.wait, f"differs: ccstate asks {MOST_RETRIES + 1} times")
    if outcome.most > MOST_DIGITS:
        ledger.leave(outcome.wait, f"differs: ccstate takes {MOST_DIGITS} digits at the most")
    ledger.leave(outcome.wait, SPOKEN)


def _ask_again(ways: "Ways", outcome: Reads, tree: "Tree", node: dict[str, Json]) -> None:
    """The attempts of Read(): silence alone leads to the next of them, a wrong key to none.

    So they are nodes of their own: a menu that is played again is so for wrong keys as well.
    """
    attempts = min(outcome.attempts, MOST_ATTEMPTS)
    if outcome.attempts > attempts:
        told = f"differs: ccstate asks {attempts} times"
        ways.work.ledger.leave(outcome.wait, told)
    last = dict(node)
    then = ""
    for _ in range(attempts - 1):
        name = ways.work.names.free(f"node of {tree.address}", "again")
        tree.nodes[name] = _attempt(last, then) if then else last
        then = name
    if then:
        node |= _attempt(last, then)


def _attempt(last: dict[str, Json], then: str) -> dict[str, Json]:
    """A menu like the last one that goes on to another; `#` alone is as good as nothing."""
    choices = last["choices"]
    pressed = choices if isinstance(choices, dict) else {}
    return {**last, "choices": {**pressed, "#": then}, "on_timeout": then}


def is_mute(outcome: Outcome) -> bool:
    """Whether keys are waited for without a sound before."""
    return isinstance(outcome, Menu | Reads) and not outcome.sounds


def spoken_before(outcome: Plays) -> Outcome:
    """A Playback() and the wait for keys behind it, as one menu."""
    then = outcome.then
    if not isinstance(then, Menu | Reads):
        return outcome
    line = outcome.trail.lines[-1]
    told = "differs: here keys count once the recording is over; with ccstate while it plays, too"
    trail = outcome.trail + then.trail
    trail = replace(trail, notes=(*trail.notes, (line, told)))
    # With the recording it is another menu than without it.
    place: Place = (*then.place[:3], ~then.place[3])
    sounds = ((line, outcome.sound.partition(",")[0]),)
    return replace(then, sounds=sounds, place=place, trail=trail)


def dials_extensions(work: Work, known: Known, outcome: Menu) -> bool:
    """Whether callers can dial the number of every phone in a menu, and reach it as inside."""
    follower = work.follower
    phones = [phone for phone in known.phones.values() if phone.name in known.ringing]
    for phone in phones:
        at = At(outcome.context, phone.number)
        found = (
            ringing(work, known, follower.follow(at)) if follower.resolver.extension(at) else None
        )
        if found is None or found.endpoint != phone.endpoint.name:
            return False
    return bool(phones)


def tell_longer(work: Work, outcome: Menu, numbers: frozenset[str] = frozenset()) -> None:
    """Tells what else can be dialled in a menu, for which Asterisk waits after the first key.

    `numbers` are those of extensions that the menu takes.
    """
    longer = sorted(
        {
            candidate.exten
            for candidate in work.follower.resolver.candidates(outcome.context)
            if (said := pattern(candidate.exten)).places
            and len(said.places) + bool(said.end) > 1
            and all(place & set(KEYS) for place in said.places)
            and not _only(candidate.exten, numbers)
        }
    )
    if longer:
        told = f"differs: callers may dial {', '.join(longer[:8])} in [{outcome.context}]; "
        work.ledger.leave(outcome.wait, f"{told}a menu of ccstate takes one key, at once")


def _only(exten: str, numbers: frozenset[str]) -> bool:
    """Whether an extension is the number of a phone, or a pattern for such numbers alone."""
    if not exten.startswith("_"):
        return exten in numbers
    said = pattern(exten)
    return not said.end and any(matches(exten, number) for number in numbers)


def tell_other_keys(work: Work, outcome: Menu, address: str, looked_up: str) -> None:
    """Tells where a menu leads elsewhere because it is entered from another context."""
    resolver = work.follower.resolver
    for key in (*KEYS, "t", "i"):
        here = resolver.answer(outcome.context, key)
        there = resolver.answer(looked_up, key)
        if (here and here[:2]) != (there and there[:2]):
            told = f"differs: from [{outcome.context}] key {key} of {address} leads elsewhere"
            work.ledger.leave(outcome.trail.lines[-1], told)
