"""Menus and announcements → IVR trees, and any outcome → the address where a call goes."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from ccstate.adapters.asterisk.importing.calling import At, shorn
from ccstate.adapters.asterisk.importing.destinations import (
    Known,
    Nowhere,
    extension_of,
    lose,
    message_at,
    waits,
)
from ccstate.adapters.asterisk.importing.estate import Work
from ccstate.adapters.asterisk.importing.keys import KEYS, tell_longer, tell_other_keys
from ccstate.adapters.asterisk.importing.names import name_of
from ccstate.adapters.asterisk.importing.outcomes import (
    Hangs,
    Menu,
    Message,
    Outcome,
    Plays,
    Queues,
    Timed,
    claim_trail,
    unclear,
)
from ccstate.adapters.asterisk.importing.recordings import prompt_of
from ccstate.adapters.asterisk.importing.schedules import schedule
from ccstate.kinds.fields import duration
from ccstate.model import Address, Json

TOP = "top"
DEEPEST = 12


@dataclass(slots=True)
class _Tree:
    """A tree while its nodes are made; `menus` says which node each menu is."""

    address: Address
    nodes: dict[str, Json] = field(default_factory=dict)
    menus: dict[tuple[str, int], str] = field(default_factory=dict)


class Ways:
    """Finds, or makes, the object that does with a call what the dialplan does."""

    def __init__(self, work: Work, known: Known) -> None:
        self.work = work
        self.known = known
        self._trees: dict[tuple[str, str, int], tuple[str, str]] = {}
        """Trees by the place of their menu, with the context in which keys were looked up."""
        self._broken: dict[tuple[str, str, int], str] = {}

    def destination(self, outcome: Outcome, by: object, near: str) -> str:
        """An address, or `hangup`; raises Nowhere where no object says what becomes of the call.

        `near` is what a tree is called that has to be made for it.
        """
        with self._attempt():
            return self._to(outcome, by, near, None, 0)

    @contextmanager
    def _attempt(self) -> Iterator[None]:
        """Takes back what was said and made, where it turns out that no object says the whole."""
        mark = self.work.ledger.mark()
        made: tuple[dict[Any, Any], ...] = (self.work.objects, self._trees, self.known.onwards)
        sizes = [len(each) for each in made]
        try:
            yield
        except Nowhere:
            self.work.ledger.back(mark)
            for each, size in zip(made, sizes, strict=True):
                while len(each) > size:
                    each.popitem()
            raise

    def _to(self, outcome: Outcome, by: object, near: str, tree: "_Tree | None", deep: int) -> str:
        if deep > DEEPEST:
            raise Nowhere("the call goes on and on")
        if extension := extension_of(self.work, self.known, outcome, by):
            return extension
        match outcome:
            case Hangs():
                found = "hangup"
            case Message() if box := message_at(self.known, outcome):
                self._message(outcome, by)
                found = box
            case Queues():
                found = self._queue(outcome, by, near, tree, deep)
            case Menu():
                return self._menu(outcome, by, tree)
            case Plays():
                return self._plays(outcome, by, near, tree, deep)
            case Timed():
                return self._timed(outcome, by, near, tree, deep)
            case _:
                raise Nowhere(_why(outcome))
        claim_trail(self.work.ledger, outcome.trail, by)
        return found

    def _message(self, outcome: Message, by: object) -> None:
        line = outcome.trail.lines[-1]
        if outcome.flags != "u":
            told = "differs: ccstate plays the greeting for absence, and then the tone"
            self.work.ledger.leave(line, told)
        if isinstance(outcome.then, Hangs):
            claim_trail(self.work.ledger, outcome.then.trail, by)
        else:
            self.work.ledger.leave(line, "differs: ccstate hangs up once the message is left")

    def _queue(
        self, outcome: Queues, by: object, near: str, tree: "_Tree | None", deep: int
    ) -> str:
        queue = self.known.queues.get(outcome.name)
        if queue is None:
            raise Nowhere(f"there is no queue {outcome.name[:80]!r}")
        ledger, line = self.work.ledger, outcome.trail.lines[-1]
        after, passed = waits(outcome)
        if passed:
            ledger.leave(line, passed)
        to = "nowhere that ccstate knows"
        try:
            # What comes after the queue belongs to the queue, not to the tree that leads there.
            with self._attempt():
                to = self._to(outcome.then, queue, near, None, deep + 1)
        except Nowhere as why:
            ledger.leave(line, f"where callers go on to after the queue is not said: {why}")
        said = self.known.onwards.setdefault(queue, (after, to))
        if said != (after, to):
            told = f"differs: from here callers go on to {to} after {_spell(after)}; "
            ledger.leave(line, f"{told}{queue} says {said[1]} after {_spell(said[0])}")
        return str(queue)

    def _plays(self, outcome: Plays, by: object, near: str, tree: "_Tree | None", deep: int) -> str:
        line = outcome.trail.lines[-1]
        prompt = prompt_of(self.work, (outcome.sound,))
        own = tree or _Tree(Address("ivr", ""))
        if prompt and tree is None:
            own.address = Address("ivr", self.work.names.free("ivr", name_of(near)))
            by = own.address
        then = self._to(outcome.then, by, near, own if prompt else tree, deep + 1)
        claim_trail(self.work.ledger, outcome.trail, by)
        if not prompt:
            self.work.ledger.leave(line, _unheard(outcome.sound))
            return then
        self.work.ledger.leave(line, SPOKEN)
        node = self._node(own, prompt, {"type": "play", "prompt": prompt, "then": then})
        return self._rooted(own, node) if tree is None else node

    def _timed(self, outcome: Timed, by: object, near: str, tree: "_Tree | None", deep: int) -> str:
        name, why = schedule(self.work, outcome.times, near)
        if not name:
            raise Nowhere(why)
        own = tree or _Tree(Address("ivr", self.work.names.free("ivr", name_of(near))))
        by = own.address if tree is None else by
        opens = self._to(outcome.yes, by, near, own, deep + 1)
        closes = self._to(outcome.no, by, near, own, deep + 1)
        claim_trail(self.work.ledger, outcome.trail, by)
        fields: dict[str, Json] = {"type": "hours", "schedule": name}
        node = self._node(own, name, {**fields, "open": opens, "closed": closes})
        return self._rooted(own, node) if tree is None else node

    def _node(self, tree: "_Tree", near: str, fields: dict[str, Json]) -> str:
        for name, known in tree.nodes.items():
            if known == fields:
                return name
        name = self.work.names.free(f"node of {tree.address}", name_of(near))
        tree.nodes[name] = fields
        return name

    def _rooted(self, tree: "_Tree", start: str) -> str:
        self.work.objects[tree.address] = {"start": start, "nodes": dict(tree.nodes)}
        return str(tree.address)

    # Menus

    def _menu(self, outcome: Menu, by: object, tree: "_Tree | None") -> str:
        context, exten, priority = outcome.start
        answers = self.work.follower.resolver.answer(context, exten)
        home = answers.context if answers else context
        place = (home, exten, priority)
        if tree and (exten, priority) in tree.menus:
            claim_trail(self.work.ledger, outcome.trail, by)
            return tree.menus[exten, priority]
        if place in self._broken:
            raise Nowhere(self._broken[place])
        if place not in self._trees:
            self._make(outcome, place)
        address, looked_up = self._trees[place]
        claim_trail(self.work.ledger, outcome.trail, by)
        if looked_up != outcome.context:
            tell_other_keys(self.work, outcome, address, looked_up)
            tell_longer(self.work, outcome)
        return address

    def _make(self, outcome: Menu, place: tuple[str, str, int]) -> None:
        sounds = tuple(sound for _, sound in outcome.sounds)
        prompt = prompt_of(self.work, sounds)
        if not prompt:
            unknown = shorn(", ".join(sounds))
            why = f"a menu needs the words of what it plays, and nobody gives those of {unknown}"
            self._broken[place] = why
            raise Nowhere(why)
        name = self.work.names.free("ivr", name_of(place[0]))
        tree = _Tree(Address("ivr", name))
        self.work.names.free(f"node of {tree.address}", TOP)
        tree.menus[place[1], place[2]] = TOP
        self._trees[place] = (str(tree.address), outcome.context)
        node: dict[str, Json] = {"type": "menu", "prompt": prompt}
        node["timeout"] = duration(outcome.seconds)
        node["retries"] = 0
        tree.nodes[TOP] = node
        choices = self._choices(outcome, tree)
        if not choices:
            del self._trees[place]
            self._broken[place] = "no key of the menu leads anywhere"
            raise Nowhere(self._broken[place])
        node["choices"] = choices
        after = At(outcome.context, place[1], self._next(outcome))
        node["on_timeout"] = self._special(outcome, tree, "t", after)
        node["on_invalid"] = self._special(outcome, tree, "i", None)
        for option, _ in outcome.sounds:
            self.work.ledger.leave(option, SPOKEN)
        tell_longer(self.work, outcome)
        self._rooted(tree, TOP)

    def _next(self, outcome: Menu) -> int:
        """The step behind WaitExten."""
        context, exten, priority = outcome.start
        while found := self.work.follower.resolver.step(At(context, exten, priority)):
            priority += 1
            if found[0].option == outcome.wait:
                break
        return priority

    def _choices(self, outcome: Menu, tree: "_Tree") -> dict[str, Json]:
        choices: dict[str, Json] = {}
        for key in KEYS:
            at = At(outcome.context, key)
            if not self.work.follower.resolver.extension(at):
                continue
            reached = self.work.follower.follow(at)
            try:
                with self._attempt():
                    near = f"{tree.address.name}-{key}"
                    choices[key] = self._to(reached, tree.address, near, tree, 1)
            except Nowhere as why:
                lose(self.work, reached, f"key {key} of {tree.address} is left out: {why}")
        return choices

    def _special(self, outcome: Menu, tree: "_Tree", exten: str, otherwise: At | None) -> str:
        """Where `t` or `i` leads; without them, on behind WaitExten, or out."""
        at = At(outcome.context, exten)
        if not self.work.follower.resolver.extension(at):
            if otherwise is None:
                return "hangup"
            at = otherwise
        reached = self.work.follower.follow(at)
        try:
            with self._attempt():
                near = f"{tree.address.name}-{exten}"
                return self._to(reached, tree.address, near, tree, 1)
        except Nowhere as why:
            lose(self.work, reached, f"differs: ccstate ends the call here, for {why}")
            return "hangup"


SPOKEN = "differs: ccstate speaks the words of the recording; give the prompt an audio to keep it"


def _unheard(sound: str) -> str:
    return f"differs: {shorn(sound)} is not played, for nobody gives its words"


def _spell(seconds: str | None) -> str:
    return duration(int(seconds)) if seconds else "any wait"


def _why(outcome: Outcome) -> str:
    found = unclear(outcome)
    return found.reason if found else f"no object says this ({type(outcome).__name__.lower()})"
