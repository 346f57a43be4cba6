"""Any outcome → the address where a call goes; menus, announcements and choices → IVR trees."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any

from ccstate.adapters.asterisk.conf import Option
from ccstate.adapters.asterisk.importing.calling import shorn
from ccstate.adapters.asterisk.importing.destinations import (
    DEFAULT_RING,
    Known,
    Nowhere,
    extension_of,
    lose,
    message_at,
    statuses,
    waits,
)
from ccstate.adapters.asterisk.importing.estate import Work
from ccstate.adapters.asterisk.importing.keys import KEYS, tell_longer, tell_other_keys
from ccstate.adapters.asterisk.importing.names import name_of
from ccstate.adapters.asterisk.importing.outcomes import (
    Callers,
    Hangs,
    Leaves,
    Menu,
    Message,
    Outcome,
    Place,
    Plays,
    Queues,
    Reads,
    Rings,
    Switched,
    Timed,
    claim_trail,
    same,
    unclear,
)
from ccstate.adapters.asterisk.importing.recordings import SPOKEN, prompt_of
from ccstate.adapters.asterisk.importing.schedules import schedule
from ccstate.adapters.asterisk.importing.values import OTHER
from ccstate.dialling.international import international
from ccstate.kinds.fields import duration
from ccstate.model import Address, Json

TOP = "top"
DEEPEST = 20
RINGS_OUTSIDE = 120
"""Seconds that an outside number rings where the dialplan sets no end."""


@dataclass(slots=True)
class _Tree:
    """A tree while its nodes are made."""

    address: Address
    home: str = ""
    """The context of its menus."""
    nodes: dict[str, Json] = field(default_factory=dict)
    menus: dict[Place, str] = field(default_factory=dict)
    """The node of each menu, by the place where it begins."""


@dataclass(frozen=True, slots=True)
class _Here:
    """Where an outcome is to be said: `by` is what explains its lines, `near` names new trees."""

    by: object
    near: str
    tree: _Tree | None = None
    """The tree that leads here, in which nodes can be made."""
    deep: int = 0

    @property
    def below(self) -> "_Here":
        return replace(self, deep=self.deep + 1)


class Ways:
    """Finds, or makes, the object that does with a call what the dialplan does."""

    def __init__(self, work: Work, known: Known) -> None:
        self.work = work
        self.known = known
        self._trees: dict[Place, tuple[str, str]] = {}
        """Trees by the place of their menu, with the context in which keys were looked up."""
        self._broken: dict[Place, str] = {}

    def destination(self, outcome: Outcome, by: object, near: str) -> str:
        """An address, or `hangup`; raises Nowhere where no object says what becomes of the call.

        `near` is what a tree is called that has to be made for it.
        """
        with self._attempt(None):
            return self._to(outcome, _Here(by, near))

    def numbered(self, dialled: str, to: str, near: str) -> Address:
        """A tree that has an internal number and does nothing but lead on."""
        address = Address("ivr", self.work.names.free("ivr", name_of(near)))
        node: dict[str, Json] = {"type": "hangup"}
        if to != "hangup":
            node = {"type": "goto", "to": to}
        self.work.objects[address] = {"extension": dialled, "start": TOP, "nodes": {TOP: node}}
        return address

    @contextmanager
    def _attempt(self, tree: _Tree | None) -> Iterator[None]:
        """Takes back what was said and made, where it turns out that no object says the whole."""
        mark = self.work.ledger.mark()
        made: list[dict[Any, Any]] = [self.work.objects, self._trees, self.known.onwards]
        made += [tree.nodes, tree.menus] if tree else []
        sizes = [len(each) for each in made]
        try:
            yield
        except Nowhere:
            self.work.ledger.back(mark)
            for each, size in zip(made, sizes, strict=True):
                while len(each) > size:
                    each.popitem()
            raise

    def _to(self, outcome: Outcome, here: _Here) -> str:
        if here.deep > DEEPEST:
            raise Nowhere("the call goes on and on")
        if extension := extension_of(self.work, self.known, outcome, here.by):
            return extension
        if isinstance(outcome, Plays) and _is_mute(outcome.then):
            outcome = _spoken_before(outcome)
        return self._said(outcome, here)

    def _said(self, outcome: Outcome, here: _Here) -> str:
        match outcome:
            case Hangs():
                return self._hangs(outcome, here)
            case Message():
                return self._message(outcome, here)
            case Queues():
                return self._queue(outcome, here)
            case Menu():
                return self._menu(outcome, here)
            case Callers():
                return self._callers(outcome, here)
            case Switched():
                return self._switched(outcome, here)
            case Plays() | Timed() | Rings() | Leaves() | Reads():
                return self._grown(outcome, here)
            case _:
                raise Nowhere(_why(outcome))

    def _hangs(self, outcome: Hangs, here: _Here) -> str:
        claim_trail(self.work.ledger, outcome.trail, here.by)
        return "hangup"

    def _message(self, outcome: Message, here: _Here) -> str:
        box = message_at(self.known, outcome)
        if box is None:
            raise Nowhere(f"there is no mailbox {shorn(outcome.mailbox)!r}")
        line = outcome.trail.lines[-1]
        if outcome.flags != "u":
            told = "differs: ccstate plays the greeting for absence, and then the tone"
            self.work.ledger.leave(line, told)
        if isinstance(outcome.then, Hangs):
            claim_trail(self.work.ledger, outcome.then.trail, here.by)
        else:
            self.work.ledger.leave(line, "differs: ccstate hangs up once the message is left")
        claim_trail(self.work.ledger, outcome.trail, here.by)
        return box

    def _queue(self, outcome: Queues, here: _Here) -> str:
        queue = self.known.queues.get(outcome.name)
        if queue is None:
            raise Nowhere(f"there is no queue {outcome.name[:80]!r}")
        ledger, line = self.work.ledger, outcome.trail.lines[-1]
        after, passed = waits(outcome)
        if passed:
            ledger.leave(line, passed)
        ends = {
            "to": self._after_queue(outcome, queue, "TIMEOUT", here),
            "full": self._after_queue(outcome, queue, "FULL", here),
        }
        if self.known.is_left_when_empty(queue):
            ends["empty"] = self._after_queue(outcome, queue, "JOINEMPTY", here)
            if not same(outcome.after["JOINEMPTY"], outcome.after["LEAVEEMPTY"]):
                told = "differs: with ccstate callers go on in the same way whether they find the "
                ledger.leave(line, f"{told}queue empty or it becomes empty while they wait")
        said = self.known.onwards.setdefault(queue, (after, ends))
        if said != (after, ends):
            told = f"differs: from here callers go on {_spelled(after, ends)}; "
            ledger.leave(line, f"{told}{queue} says {_spelled(*said)}")
        claim_trail(ledger, outcome.trail, here.by)
        return str(queue)

    def _after_queue(self, outcome: Queues, queue: Address, status: str, here: _Here) -> str:
        """What comes after the queue belongs to the queue, not to the tree that leads there."""
        try:
            with self._attempt(None):
                return self._to(outcome.after[status], replace(here.below, by=queue, tree=None))
        except Nowhere as why:
            line = outcome.trail.lines[-1]
            told = f"where callers go on to after the queue is not said: {why}"
            self.work.ledger.leave(line, told)
            return "nowhere that ccstate knows"

    def _callers(self, outcome: Callers, here: _Here) -> str:
        """The way of all callers but those whom the dialplan names; the latter are listed."""
        found = self._to(outcome.others, here.below)
        claim_trail(self.work.ledger, outcome.trail, here.by)
        numbers = ", ".join(map(shorn, list(outcome.ways)[:8]))
        told = f"calls from {numbers} go another way here, and no object says so"
        self.work.ledger.leave(outcome.line, f"differs: {told}")
        self.work.unsaid += [(way, told) for way in outcome.ways.values()]
        return found

    def _switched(self, outcome: Switched, here: _Here) -> str:
        """The way that holds after a start; the others are listed."""
        initial = outcome.initial
        found = self._to(outcome.ways[initial], here.below)
        claim_trail(self.work.ledger, outcome.trail, here.by)
        steps = self.work.follower.values.changed.get(outcome.name, ())
        where = ", ".join(f"{s.option.file}:{s.option.line}" for s, _ in steps[:4])
        told = f"{shorn(outcome.name)} decides where callers go from here"
        told += f", and {where} changes it" if where else ", and something else can change it"
        others = " or ".join(
            shorn(v) or "nothing" for v in outcome.ways if v not in (initial, OTHER)
        )
        told += f"; ccstate goes on as with {shorn(initial) or 'nothing'}"
        self.work.ledger.leave(
            outcome.line, f"differs: {told}{others and f', never as with {others}'}"
        )
        if option := self.work.follower.values.written(outcome.name):
            self.work.ledger.leave(
                option, "differs: ccstate keeps the first value of what is changed"
            )
        unsaid = f"callers come here by {shorn(outcome.name)}, and no object says so"
        self.work.unsaid += [
            (way, unsaid) for value, way in outcome.ways.items() if value != initial
        ]
        return found

    # Nodes

    def _grown(self, outcome: Outcome, here: _Here) -> str:
        """A node for this, in the tree that leads here or in one of its own."""
        if isinstance(outcome, Plays) and not prompt_of(self.work, (outcome.sound,)):
            then = self._to(outcome.then, here.below)
            claim_trail(self.work.ledger, outcome.trail, here.by)
            self.work.ledger.leave(outcome.trail.lines[-1], _unheard(outcome.sound))
            return then
        own = here.tree or _Tree(Address("ivr", self.work.names.free("ivr", name_of(here.near))))
        within = here if here.tree else replace(here, by=own.address, tree=own)
        with self._attempt(own):
            wanted, fields = self._node_fields(outcome, within)
            claim_trail(self.work.ledger, outcome.trail, within.by)
            node = self._node(own, wanted, fields)
        return node if here.tree else self._rooted(own, node)

    def _node_fields(self, outcome: Outcome, here: _Here) -> tuple[str, dict[str, Json]]:
        """What a node would be called, and its fields."""
        match outcome:
            case Plays():
                self.work.ledger.leave(outcome.trail.lines[-1], SPOKEN)
                prompt = prompt_of(self.work, (outcome.sound,))
                then = self._to(outcome.then, here.below)
                return prompt, {"type": "play", "prompt": prompt, "then": then}
            case Timed():
                name, why = schedule(self.work, outcome.times, here.near)
                if not name:
                    raise Nowhere(why)
                opens = self._to(outcome.yes, here.below)
                closes = self._to(outcome.no, here.below)
                return name, {"type": "hours", "schedule": name, "open": opens, "closed": closes}
            case Rings():
                return self._dial(outcome, here)
            case Leaves():
                return self._dial_outside(outcome, here)
            case Reads():
                return self._read(outcome, here)
            case _:
                raise Nowhere(_why(outcome))

    def _dial(self, outcome: Rings, here: _Here) -> tuple[str, dict[str, Json]]:
        phone = self.known.phones.get(outcome.device)
        if phone is None:
            raise Nowhere(f"there is no phone {shorn(outcome.device)!r}")
        fields: dict[str, Json] = {"type": "dial", "extension": phone.name}
        fields["ring_for"] = (
            duration(min(outcome.seconds, 999_999)) if outcome.seconds else DEFAULT_RING
        )
        if outcome.seconds is None:
            told = (
                f"differs: here it rings until the caller gives up; with ccstate for {DEFAULT_RING}"
            )
            self.work.ledger.leave(outcome.line, told)
        return f"ring-{phone.name}", self._unanswered(outcome, fields, here)

    def _dial_outside(self, outcome: Leaves, here: _Here) -> tuple[str, dict[str, Json]]:
        number = international(outcome.number, self.work.setting.prefix)
        if not number or outcome.endpoint not in self.known.trunks:
            raise Nowhere(f"no object calls {shorn(outcome.number)} by {shorn(outcome.endpoint)}")
        line = outcome.trail.lines[-1]
        fields: dict[str, Json] = {"type": "dial", "number": number}
        fields["ring_for"] = duration(min(outcome.seconds or RINGS_OUTSIDE, 999_999))
        if outcome.seconds is None:
            told = "differs: ccstate lets an outside number ring for two minutes at the most"
            self.work.ledger.leave(line, told)
        if outcome.caller:
            told = (
                "differs: the outside number is shown what the trunk shows, or the caller's number"
            )
            self.work.ledger.leave(line, told)
        if outcome.number not in (number, number[1:]):
            told = f"differs: {shorn(outcome.number)} is sent to the carrier as {number}"
            self.work.ledger.leave(line, told)
        if len(self.known.trunks) > 1:
            told = (
                f"differs: ccstate takes the first trunk that is free, not {outcome.endpoint} alone"
            )
            self.work.ledger.leave(line, told)
        return f"call-{number[1:]}", self._unanswered(outcome, fields, here)

    def _unanswered(
        self, outcome: Rings | Leaves, fields: dict[str, Json], here: _Here
    ) -> dict[str, Json]:
        """The fields of a dial node, with where a call goes on to that nobody answers."""
        if outcome.options:
            told = f"differs: ccstate rings without the options {outcome.options}"
            self.work.ledger.leave(outcome.trail.lines[-1], told)
        missed = self._to(outcome.after["NOANSWER"], here.below)
        for trail in statuses(outcome):
            claim_trail(self.work.ledger, trail, here.by)
        return fields if missed == "hangup" else {**fields, "on_no_answer": missed}

    def _read(self, outcome: Reads, here: _Here) -> tuple[str, dict[str, Json]]:
        """Read() of one key: a menu that is as it is for each key."""
        if outcome.most != 1:
            raise Nowhere(f"Read() takes up to {outcome.most} digits; a menu takes one key")
        prompt = self._prompt(outcome.place, outcome.sounds)
        follower, ledger = self.work.follower, self.work.ledger
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
        for reached, keys in groups:
            if keys is others:
                continue
            to = self._or_hangup(reached, here, f"key {keys[0]}")
            choices |= dict.fromkeys(keys, to)
        node: dict[str, Json] = {"type": "menu", "prompt": prompt, "choices": choices}
        node["timeout"] = duration(outcome.seconds)
        node["retries"] = max(0, min(outcome.attempts - 1, 9))
        node["on_timeout"] = self._or_hangup(silent, here, "silence")
        node["on_invalid"] = self._or_hangup(wrong, here, "another key")
        if not same(silent, wrong):
            choices["#"] = node["on_timeout"]
            if outcome.attempts > 1:
                told = "differs: ccstate plays the menu again for a wrong key as well"
                ledger.leave(outcome.wait, told)
        if not choices:
            raise Nowhere("every key leads to the same")
        ledger.leave(outcome.wait, SPOKEN)
        return prompt, node

    def _or_hangup(self, outcome: Outcome, here: _Here, event: str) -> str:
        """Where a caller goes; the end of the call, which is listed, where no object says it."""
        try:
            with self._attempt(here.tree):
                return self._to(outcome, here.below)
        except Nowhere as why:
            lose(self.work, outcome, f"differs: ccstate ends the call at {event}, for {why}")
            return "hangup"

    def _node(self, tree: _Tree, near: str, fields: dict[str, Json]) -> str:
        for name, known in tree.nodes.items():
            if known == fields:
                return name
        name = self.work.names.free(f"node of {tree.address}", name_of(near))
        tree.nodes[name] = fields
        return name

    def _rooted(self, tree: _Tree, start: str) -> str:
        self.work.objects[tree.address] = {"start": start, "nodes": dict(tree.nodes)}
        return str(tree.address)

    # Menus

    def _menu(self, outcome: Menu, here: _Here) -> str:
        context = outcome.place[0]
        answers = self.work.follower.resolver.answer(context, outcome.place[1])
        home = answers.context if answers else context
        place: Place = (home, outcome.place[1], outcome.place[2], outcome.place[3])
        tree = here.tree
        if tree and place in tree.menus:
            claim_trail(self.work.ledger, outcome.trail, here.by)
            return tree.menus[place]
        if not self._keys(outcome):
            return self._to(self._without_keys(outcome), here.below)
        if place in self._broken:
            raise Nowhere(self._broken[place])
        if tree and tree.home == home:
            name = self.work.names.free(f"node of {tree.address}", TOP)
            with self._attempt(tree):
                self._make(outcome, place, tree, name, here.deep)
            claim_trail(self.work.ledger, outcome.trail, here.by)
            return name
        if place not in self._trees:
            address = Address("ivr", self.work.names.free("ivr", name_of(home)))
            own = _Tree(address, home)
            self.work.names.free(f"node of {address}", TOP)
            with self._attempt(own):
                self._trees[place] = (str(address), outcome.context)
                self._make(outcome, place, own, TOP, 0)
                self._rooted(own, TOP)
        found, looked_up = self._trees[place]
        claim_trail(self.work.ledger, outcome.trail, here.by)
        if looked_up != outcome.context:
            tell_other_keys(self.work, outcome, found, looked_up)
            tell_longer(self.work, outcome)
        return found

    def _keys(self, outcome: Menu) -> Mapping[str, Outcome]:
        """What each key leads to that any extension answers."""
        follower = self.work.follower
        reached = {key: follower.pressed(outcome, key) for key in KEYS}
        return {key: way for key, way in reached.items() if way is not None}

    def _without_keys(self, outcome: Menu) -> Outcome:
        """A menu in which no key leads anywhere: sounds, and what comes after the wait."""
        then = self.work.follower.silence(outcome)
        for _, sound in reversed(outcome.sounds):
            then = Plays(sound, then, outcome.trail)
        told = "differs: a key that is pressed here ends the call; with ccstate nothing happens"
        self.work.ledger.leave(outcome.wait, told)
        if not outcome.sounds:
            claim_trail(self.work.ledger, outcome.trail, "a wait for keys that nothing answers")
        return then

    def _prompt(self, place: Place, sounds: tuple[tuple[Option, str], ...]) -> str:
        """The prompt of a menu; raises Nowhere, for a menu has to have one."""
        if not sounds:
            raise Nowhere("a menu needs a recording, and none is played before this wait for keys")
        names = tuple(sound for _, sound in sounds)
        prompt = prompt_of(self.work, names)
        if not prompt:
            unknown = shorn(", ".join(names))
            why = f"a menu needs the words of what it plays, and nobody gives those of {unknown}"
            self._broken[place] = why
            raise Nowhere(why)
        return prompt

    def _make(self, outcome: Menu, place: Place, tree: _Tree, name: str, deep: int) -> None:
        prompt = self._prompt(place, outcome.sounds)
        ledger, follower, by = self.work.ledger, self.work.follower, tree.address
        choices: dict[str, Json] = {}
        node: dict[str, Json] = {"type": "menu", "prompt": prompt, "choices": choices}
        node["timeout"] = duration(max(outcome.seconds, 1))
        node["retries"] = 0
        tree.nodes[name] = node
        tree.menus[place] = name
        for key, reached in self._keys(outcome).items():
            try:
                with self._attempt(tree):
                    below = _Here(by, f"{by.name}-{key}", tree, deep + 1)
                    choices[key] = self._to(reached, below)
            except Nowhere as why:
                choices.pop(key, None)
                lose(self.work, reached, f"key {key} of {by} is left out: {why}")
        if not choices:
            self._broken[place] = "no key of the menu leads anywhere that ccstate knows"
            raise Nowhere(self._broken[place])
        silent, wrong = follower.silence(outcome), follower.special(outcome, "i")
        node["on_timeout"] = self._or_hangup(
            silent, _Here(by, f"{by.name}-t", tree, deep), "silence"
        )
        node["on_invalid"] = self._or_hangup(
            wrong, _Here(by, f"{by.name}-i", tree, deep), "another key"
        )
        for option, _ in outcome.sounds:
            ledger.leave(option, SPOKEN)
        if not outcome.seconds:
            told = "differs: here keys count while the recording plays; ccstate waits a second more"
            ledger.leave(outcome.wait, told)
        tell_longer(self.work, outcome)


def _is_mute(outcome: Outcome) -> bool:
    """Whether keys are waited for without a sound before."""
    return isinstance(outcome, Menu | Reads) and not outcome.sounds


def _spoken_before(outcome: Plays) -> Outcome:
    """A Playback() and the wait for keys behind it, as one menu."""
    then = outcome.then
    line = outcome.trail.lines[-1]
    told = "differs: here keys count once the recording is over; with ccstate while it plays, too"
    trail = outcome.trail + then.trail
    trail = replace(trail, notes=(*trail.notes, (line, told)))
    if not isinstance(then, Menu | Reads):
        return outcome
    # With the recording it is another menu than without it.
    place: Place = (*then.place[:3], ~then.place[3])
    return replace(
        then, sounds=((line, outcome.sound.partition(",")[0]),), place=place, trail=trail
    )


def _unheard(sound: str) -> str:
    return f"differs: {shorn(sound)} is not played, for nobody gives its words"


def _spelled(seconds: str | None, ends: Mapping[str, str]) -> str:
    wait = duration(int(seconds)) if seconds else "any wait"
    words = {"to": f"after {wait}", "full": "where it is full", "empty": "where nobody is there"}
    return ", ".join(f"to {to} {words[why]}" for why, to in ends.items())


def _why(outcome: Outcome) -> str:
    found = unclear(outcome)
    return found.reason if found else f"no object says this ({type(outcome).__name__.lower()})"
