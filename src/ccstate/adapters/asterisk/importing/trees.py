"""The address where a call goes for any outcome; IVR trees of menus, announcements and choices."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

from ccstate.adapters.asterisk.importing.choices import (
    KEYS,
    MOST_ATTEMPTS,
    MOST_DIGITS,
    MOST_RETRIES,
    NoMenu,
    Tree,
    TreePlace,
    asked,
    changed_elsewhere,
    compared_with,
    dials_extensions,
    entered,
    is_mute,
    keys,
    list_name,
    listed_callers,
    others_entered,
    prompt,
    report_longer,
    report_other_keys,
    schedule,
    silence,
    special,
    spoken_before,
    without_keys,
)
from ccstate.adapters.asterisk.importing.destinations import (
    DEFAULT_RING,
    KnownObjects,
    Nowhere,
    dial_rights,
    extension_of,
    lose,
    message_at,
    on_demand,
    say_recording,
    statuses,
    waits,
    with_notice,
)
from ccstate.adapters.asterisk.importing.estate import SPOKEN, Work, name_of, prompt_of
from ccstate.adapters.asterisk.importing.outcomes import (
    Callers,
    Confers,
    Follows,
    Forks,
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
    RingsAll,
    Switched,
    Timed,
    below,
    claim_trail,
    legible,
    same,
    unclear,
)
from ccstate.adapters.asterisk.importing.queues import room_of
from ccstate.adapters.asterisk.importing.values import OTHER
from ccstate.dialling.international import international
from ccstate.kinds.fields import duration
from ccstate.model import Address, Json

TOP = "top"
DEEPEST, RINGS_OUTSIDE = 20, 120
"""Nodes behind each other; seconds that an outside number rings where the dialplan sets no end."""


class Destinations:
    """A finder, or maker, of the object that does with a call what the dialplan does."""

    def __init__(self, work: Work, known: KnownObjects) -> None:
        self.work, self.known = work, known
        self._trees: dict[Place, tuple[str, str]] = {}
        """Trees by the place of their menu, with the context in which keys were looked up."""
        self.broken: dict[Place, str] = {}

    def destination(self, outcome: Outcome, by: object, near: str) -> str:
        """Return an address, or `hangup`; raises Nowhere where no object says the outcome.

        `near` is what a tree is called that has to be made for it.
        """
        with self.attempt(None):
            return self.to(outcome, TreePlace(by, near))

    @contextmanager
    def attempt(self, tree: Tree | None) -> Iterator[None]:
        """Take back what was said and made, where it turns out that no object says the whole."""
        mark = self.work.ledger.mark()
        made: list[dict[Any, Any]] = [self.work.objects, self._trees, self.known.onwards]
        made += [self.work.switches, self.work.recordings, self.work.rooms]
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

    def to(self, outcome: Outcome, here: TreePlace) -> str:
        if here.deep > DEEPEST:
            raise Nowhere("the call goes on and on")
        if isinstance(outcome, Hangs):
            claim_trail(self.work.ledger, outcome.trail, here.by)
            return "hangup"
        outcome = with_notice(self.work, outcome)
        if extension := extension_of(self.work, self.known, outcome, here.by):
            return extension
        if isinstance(outcome, Plays) and is_mute(outcome.then):
            outcome = spoken_before(outcome)
        return self._look_up(outcome, here)

    def _look_up(self, outcome: Outcome, here: TreePlace) -> str:
        match outcome:
            case Message():
                return self._message(outcome, here)
            case Queues():
                return self._queue(outcome, here)
            case Menu() | Reads():
                return self._menu(outcome, here)
            case Confers():
                room = room_of(self.work, outcome)
                for trail in (outcome.trail, outcome.then.trail):
                    claim_trail(self.work.ledger, trail, here.by)
                return str(room)
            case RingsAll():
                return self._ring_all(outcome, here)
            case Callers():
                return self._callers(outcome, here)
            case Switched():
                return self._switched(outcome, here)
            case Plays() | Timed() | Rings() | Leaves():
                return self._make_node(outcome, here)
            case _:
                raise Nowhere(_reason(outcome))

    def _message(self, outcome: Message, here: TreePlace) -> str:
        box = message_at(self.known, outcome)
        if box is None:
            raise Nowhere(f"there is no mailbox {legible(outcome.mailbox)!r}")
        line = outcome.trail.lines[-1]
        if outcome.flags != "u":
            self.work.differs(line, "ccstate plays the greeting for absence, and then the tone")
        if isinstance(outcome.then, Hangs):
            claim_trail(self.work.ledger, outcome.then.trail, here.by)
        else:
            self.work.differs(line, "ccstate hangs up once the message is left")
        claim_trail(self.work.ledger, outcome.trail, here.by)
        return box

    def _queue(self, outcome: Queues, here: TreePlace) -> str:
        queue = self.known.queues.get(outcome.name)
        if queue is None:
            raise Nowhere(f"there is no queue {outcome.name[:80]!r}")
        ledger, line = self.work.ledger, outcome.trail.lines[-1]
        by_key, options = on_demand(self.work, "queue", self._rights(outcome, queue))
        after, passed = waits(outcome, options)
        if passed:
            ledger.leave(line, passed)
        ends = {
            "to": self._after_queue(outcome, queue, "TIMEOUT", here),
            "full": self._after_queue(outcome, queue, "FULL", here),
        }
        if self.known.is_left_when_empty(queue):
            ends["empty"] = self._after_queue(outcome, queue, "JOINEMPTY", here)
            if not same(outcome.after["JOINEMPTY"], outcome.after["LEAVEEMPTY"]):
                note = "differs: with ccstate callers go on in the same way whether they find the "
                ledger.leave(line, f"{note}queue empty or it becomes empty while they wait")
        said = self.known.onwards.setdefault(queue, (after, ends))
        if said != (after, ends):
            note = f"differs: from here callers go on {_overflow_words(after, ends)}; "
            ledger.leave(line, f"{note}{queue} says {_overflow_words(*said)}")
        say_recording(self.work, queue, outcome, by_key=by_key)
        claim_trail(ledger, outcome.trail, here.by)
        return str(queue)

    def _rights(self, outcome: Queues, queue: Address) -> str:
        """Say what agents and callers can do during calls; return the options that remain."""
        options = outcome.arguments["options"].strip()
        member, rest = dial_rights(options)
        caller, _ = dial_rights(options.swapcase())
        fields = self.work.objects[queue]
        if not self.work.setting.holds("queue", "member_rights", "caller_rights"):
            return options
        for path, rights in (("member_rights", member), ("caller_rights", caller)):
            if rights:
                fields[path] = [*rights]
        said = {flag for flag, right in (("T", "transfer"), ("K", "park")) if right in caller}
        return "".join(char for char in rest if char not in said)

    def _ring_all(self, outcome: RingsAll, here: TreePlace) -> str:
        """Make the ring group of phones that ring at once."""
        phones = [self.known.phones.get(device) for device in outcome.devices]
        if not self.work.setting.holds("ring_group"):
            raise Nowhere("several phones ring at once, and the platform has no ring groups")
        members: list[Json] = [phone.name for phone in phones if phone]
        if len(members) < len(phones):
            raise Nowhere(f"not all of {legible('&'.join(outcome.devices))} are phones")
        with self.attempt(None):
            missed = self.to(outcome.after["NOANSWER"], replace(here.below, tree=None))
        fields: dict[str, Json] = {"members": members}
        fields["ring_for"] = duration(min(outcome.seconds or RINGS_OUTSIDE, 999_999))
        if missed != "hangup":
            fields["no_answer"] = missed
        line = outcome.trail.lines[-1]
        if outcome.seconds is None:
            note = "differs: here they ring until the caller gives up; with ccstate for two minutes"
            self.work.ledger.leave(line, note)
        if outcome.options:
            self.work.differs(line, f"ccstate rings without the options {outcome.options}")
        for trail in (outcome.trail, *statuses(outcome)):
            claim_trail(self.work.ledger, trail, here.by)
        return str(self.work.one("ring_group", here.near, fields))

    def _after_queue(self, outcome: Queues, queue: Address, status: str, here: TreePlace) -> str:
        """Say what comes after the queue in the queue, not in the tree that leads there."""
        try:
            with self.attempt(None):
                return self.to(outcome.after[status], replace(here.below, by=queue, tree=None))
        except Nowhere as why:
            line = outcome.trail.lines[-1]
            note = f"where callers go on to after the queue is not said: {why}"
            self.work.ledger.leave(line, note)
            return "nowhere that ccstate knows"

    def _callers(self, outcome: Callers, here: TreePlace) -> str:
        """Divide callers by lists; else take the way of those not named, and list the named."""
        if listed_callers(self.work, outcome):
            return self._make_node(outcome, here)
        found = self.to(outcome.others, here.below)
        claim_trail(self.work.ledger, outcome.trail, here.by)
        numbers = ", ".join(map(legible, list(outcome.ways)[:8]))
        note = f"calls from {numbers} go another way here, and no object says so"
        self.work.differs(outcome.line, note)
        self.work.unsaid += [(way, note) for way in outcome.ways.values()]
        return found

    def _switched(self, outcome: Switched, here: TreePlace) -> str:
        """Return a switch of two ways; else the way after a start, the others are listed."""
        if asked(self.work, outcome):
            return self._make_node(outcome, here)
        initial, ledger = outcome.initial, self.work.ledger
        found = self.to(outcome.ways[initial], here.below)
        claim_trail(ledger, outcome.trail, here.by)
        where = changed_elsewhere(self.work, outcome)
        note = f"{legible(outcome.name)} decides where callers go from here"
        note += f", and {where} changes it" if where else ", and something else can change it"
        values = (value for value in outcome.ways if value not in (initial, OTHER))
        others = " or ".join(legible(value) or "nothing" for value in values)
        note += f"; ccstate goes on as with {legible(initial) or 'nothing'}"
        note += f", never as with {others}" if others else ""
        self.work.differs(outcome.line, note)
        if option := self.work.follower.values.written(outcome.name):
            ledger.leave(option, "differs: ccstate keeps the first value of what is changed")
        unsaid = f"callers come here by {legible(outcome.name)}, and no object says so"
        others_go = (way for value, way in outcome.ways.items() if value != initial)
        self.work.unsaid += [(way, unsaid) for way in others_go]
        return found

    # Nodes

    def _make_node(self, outcome: Outcome, here: TreePlace) -> str:
        """Return a node for this, in the tree that leads here or in one of its own."""
        if isinstance(outcome, Plays) and not prompt_of(self.work, (outcome.sound,)):
            then = self.to(outcome.then, here.below)
            claim_trail(self.work.ledger, outcome.trail, here.by)
            note = f"differs: {legible(outcome.sound)} is not played, for its words are not given"
            self.work.ledger.leave(outcome.trail.lines[-1], note)
            return then
        own = here.tree or Tree(Address("ivr", self.work.names.free("ivr", name_of(here.near))))
        within = here if here.tree else replace(here, by=own.address, tree=own)
        with self.attempt(own):
            wanted, fields = self._node_fields(outcome, within)
            claim_trail(self.work.ledger, outcome.trail, within.by)
            node = self._node(own, wanted, fields)
        return node if here.tree else self._rooted(own, node)

    def _node_fields(self, outcome: Outcome, here: TreePlace) -> tuple[str, dict[str, Json]]:
        """Return what a node would be called, and its fields."""
        match outcome:
            case Plays():
                self.work.ledger.leave(outcome.trail.lines[-1], SPOKEN)
                prompt = prompt_of(self.work, (outcome.sound,))
                then = self.to(outcome.then, here.below)
                return prompt, {"type": "play", "prompt": prompt, "then": then}
            case Timed():
                name, why = schedule(self.work, outcome.times, here.near)
                if not name:
                    raise Nowhere(why)
                opens = self.to(outcome.yes, here.below)
                closes = self.to(outcome.no, here.below)
                return name, {"type": "hours", "schedule": name, "open": opens, "closed": closes}
            case Callers():
                near = here.near
                callers: list[Json] = [
                    {"list": list_name(self.work, listed, near), "to": self.to(way, here.below)}
                    for listed, way in listed_callers(self.work, outcome)
                ]
                others = self.to(outcome.others, here.below)
                return "callers", {"type": "callers", "callers": callers, "others": others}
            case Switched():
                name, on, off = asked(self.work, outcome) or ("", outcome, outcome)
                to = {"on": self.to(on, here.below), "off": self.to(off, here.below)}
                for way in outcome.ways.values():  # several values can be one position
                    self.to(way, here.below)
                if option := self.work.follower.values.written(outcome.name):
                    self.work.ledger.take([option], here.by)
                return name, {"type": "switch", "switch": name, **to}
            case Rings():
                return self._dial(outcome, here)
            case Leaves():
                return self._dial_outside(outcome, here)
            case _:
                raise Nowhere(_reason(outcome))

    def _dial(self, outcome: Rings, here: TreePlace) -> tuple[str, dict[str, Json]]:
        phone = self.known.phones.get(outcome.device)
        if phone is None:
            raise Nowhere(f"there is no phone {legible(outcome.device)!r}")
        fields: dict[str, Json] = {"type": "dial", "extension": phone.name}
        fields["ring_for"] = (
            duration(min(outcome.seconds, 999_999)) if outcome.seconds else DEFAULT_RING
        )
        if outcome.seconds is None:
            note = (
                f"differs: here it rings until the caller gives up; with ccstate for {DEFAULT_RING}"
            )
            self.work.ledger.leave(outcome.line, note)
        by_key, options = on_demand(self.work, "extension", outcome.options)
        say_recording(self.work, phone.address, outcome, by_key=by_key)
        outcome = replace(outcome, options=options)
        return f"ring-{phone.name}", self._unanswered(outcome, fields, here)

    def _dial_outside(self, outcome: Leaves, here: TreePlace) -> tuple[str, dict[str, Json]]:
        number = international(outcome.number, self.work.setting.prefix)
        if not number or outcome.endpoint not in self.known.trunks:
            raise Nowhere(
                f"no object calls {legible(outcome.number)} by {legible(outcome.endpoint)}"
            )
        line = outcome.trail.lines[-1]
        fields: dict[str, Json] = {"type": "dial", "number": number}
        fields["ring_for"] = duration(min(outcome.seconds or RINGS_OUTSIDE, 999_999))
        if outcome.seconds is None:
            reason = "differs: ccstate lets an outside number ring for two minutes at the most"
            self.work.ledger.leave(line, reason)
        if outcome.caller:
            self.work.differs(line, "the number shown is that of the trunk, or the caller's number")
        if outcome.number not in (number, number[1:]):
            self.work.differs(line, f"{legible(outcome.number)} is sent to the carrier as {number}")
        if len(self.known.trunks) > 1:
            note = f"ccstate takes the first trunk that is free, not {outcome.endpoint} alone"
            self.work.differs(line, note)
        return f"call-{number[1:]}", self._unanswered(outcome, fields, here)

    def _unanswered(
        self, outcome: Rings | Leaves, fields: dict[str, Json], here: TreePlace
    ) -> dict[str, Json]:
        """Return the fields of a dial node, with where a call goes on to that is not answered."""
        if outcome.options:
            note = f"differs: ccstate rings without the options {outcome.options}"
            self.work.ledger.leave(outcome.trail.lines[-1], note)
        missed = self.to(outcome.after["NOANSWER"], here.below)
        for trail in statuses(outcome):
            claim_trail(self.work.ledger, trail, here.by)
        return fields if missed == "hangup" else {**fields, "on_no_answer": missed}

    def or_hangup(self, outcome: Outcome, here: TreePlace, event: str) -> str:
        """Return where a caller goes; the listed end of the call, where no object says it."""
        try:
            with self.attempt(here.tree):
                return self.to(outcome, here.below)
        except Nowhere as why:
            lose(self.work, outcome, f"differs: ccstate ends the call at {event}, for {why}")
            return "hangup"

    def _node(self, tree: Tree, near: str, fields: dict[str, Json]) -> str:
        for name, known in tree.nodes.items():
            if known == fields:
                return name
        name = self.work.names.free(f"node of {tree.address}", name_of(near))
        tree.nodes[name] = fields
        return name

    def _rooted(self, tree: Tree, start: str) -> str:
        self.work.objects[tree.address] = {"start": start, "nodes": dict(tree.nodes)}
        return str(tree.address)

    # Menus

    def _menu(self, outcome: Menu | Reads, here: TreePlace) -> str:
        """Return a node for a wait for keys, or the tree that begins with it."""
        context = outcome.place[0]
        answers = self.work.follower.resolver.answer(context, outcome.place[1])
        home = answers.context if answers else context
        place: Place = (home, *outcome.place[1:])
        tree = here.tree
        if tree and place in tree.menus:
            claim_trail(self.work.ledger, outcome.trail, here.by)
            return tree.menus[place]
        if isinstance(outcome, Menu) and not keys(self.work, outcome):
            return self.to(without_keys(self.work, outcome), here.below)
        if place in self.broken:
            raise Nowhere(self.broken[place])
        if tree and tree.home == home:
            name = self.work.names.free(f"node of {tree.address}", TOP)
            with self.attempt(tree):
                self._fill(outcome, place, tree, name, here.deep)
            claim_trail(self.work.ledger, outcome.trail, here.by)
            return name
        if place not in self._trees:
            address = Address("ivr", self.work.names.free("ivr", name_of(home)))
            own = Tree(address, home)
            self.work.names.free(f"node of {address}", TOP)
            with self.attempt(own):
                self._trees[place] = (str(address), outcome.call.at.context)
                self._fill(outcome, place, own, TOP, 0)
                self._rooted(own, TOP)
        found, looked_up = self._trees[place]
        claim_trail(self.work.ledger, outcome.trail, here.by)
        if isinstance(outcome, Menu) and looked_up != outcome.context:
            report_other_keys(self.work, outcome, found, looked_up)
            report_longer(self.work, outcome)
        return found

    def _fill(self, outcome: Menu | Reads, place: Place, tree: Tree, name: str, deep: int) -> None:
        """Fill in the node of a menu, which others can lead to before it is filled."""
        try:
            node: dict[str, Json] = {"type": "menu", "prompt": prompt(self.work, outcome.sounds)}
            tree.nodes[name] = node
            tree.menus[place] = name
            here = TreePlace(tree.address, tree.address.name, tree, deep)
            if isinstance(outcome, Menu):
                fill_menu(self, outcome, here, node)
            else:
                fill_read(self, outcome, here, node)
        except NoMenu as why:
            self.broken[place] = str(why)
            raise Nowhere(str(why)) from None


def _overflow_words(seconds: int | None, ends: Mapping[str, str]) -> str:
    wait = "any wait" if seconds is None else duration(seconds)
    words = {"to": f"after {wait}", "full": "where it is full", "empty": "where no agent is there"}
    return ", ".join(f"to {to} {words[why]}" for why, to in ends.items())


def _reason(outcome: Outcome) -> str:
    if isinstance(outcome, Follows):
        return "FollowMe() can call phones once an extension's own has rung, and here none has"
    found = unclear(outcome)
    return found.reason if found else f"no object says this ({type(outcome).__name__.lower()})"


def fill_menu(
    ways: "Destinations", outcome: Menu, here: "TreePlace", node: dict[str, Json]
) -> None:
    """Fill in the fields of a menu in which each key is an extension of a context."""
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
    silent, wrong = silence(follower, outcome), special(follower, outcome, "i")
    node["on_timeout"] = ways.or_hangup(silent, here.near_to("t"), "silence")
    node["on_invalid"] = ways.or_hangup(wrong, here.near_to("i"), "another key")
    for option, _ in outcome.sounds:
        work.ledger.leave(option, SPOKEN)
    if not outcome.seconds:
        note = "differs: here keys count while the recording plays; ccstate waits a second more"
        work.ledger.leave(outcome.wait, note)
    numbers: frozenset[str] = frozenset()
    field = "nodes.*.menu.dial_extensions"
    if work.setting.holds("ivr", field) and dials_extensions(work, ways.known, outcome):
        node["dial_extensions"] = True
        numbers = frozenset(phone.number for phone in ways.known.phones.values())
    report_longer(work, outcome, numbers)


def fill_read(
    ways: "Destinations", outcome: Reads, here: "TreePlace", node: dict[str, Json]
) -> None:
    """Fill in the fields of a menu in which steps ask for the key that Read() has kept."""
    if outcome.most != 1:
        fill_collect(ways, outcome, here, node)
        return
    follower, ledger = ways.work.follower, ways.work.ledger
    silent = entered(follower, outcome, "")
    groups: list[tuple[Outcome, list[str]]] = []
    for key in KEYS.replace("#", ""):
        reached = entered(follower, outcome, key)
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


def fill_collect(
    ways: "Destinations", outcome: Reads, here: "TreePlace", node: dict[str, Json]
) -> None:
    """Fill in the fields of a node that collects digits, with the digits that steps tell apart."""
    follower, ledger = ways.work.follower, ways.work.ledger
    if not ways.work.setting.holds("ivr", "nodes.*.collect.choices"):
        raise NoMenu(f"Read() takes up to {outcome.most} digits; a menu takes one key")
    most = min(outcome.most, MOST_DIGITS)
    others, compared = others_entered(follower, outcome)
    if found := unclear(others):
        raise NoMenu(f"what becomes of the digits that Read() takes: {found.reason}")
    if any(isinstance(each, Forks) for each in below(others)):
        raise NoMenu("more than whole numbers is asked of the digits that Read() takes")
    name = name_of(outcome.variable)
    retries = min(max(outcome.attempts, 1) - 1, MOST_RETRIES)
    node |= {"type": "collect", "save_as": name, "max_digits": most, "retries": retries}
    node["timeout"] = duration(outcome.seconds)
    node["then"] = ways.to(others, here.below)
    reached = {digits: entered(follower, outcome, digits) for digits in compared}
    choices: dict[str, Json] = {
        digits: ways.or_hangup(way, here.near_to(digits), f"the digits {digits}")
        for digits, way in reached.items()
        if len(digits) <= most and not same(way, others)
    }
    if choices:
        node["choices"] = choices
    node["on_timeout"] = ways.or_hangup(
        entered(follower, outcome, ""), here.near_to("t"), "silence"
    )
    if compared_with(follower, outcome.variable) != compared:
        raise NoMenu("steps behind another question ask for the digits that Read() takes")
    ledger.leave(outcome.wait, "differs: here * is taken like a digit; ccstate asks again")
    if outcome.attempts > MOST_RETRIES + 1:
        ledger.leave(outcome.wait, f"differs: ccstate asks {MOST_RETRIES + 1} times")
    if outcome.most > MOST_DIGITS:
        ledger.leave(outcome.wait, f"differs: ccstate takes {MOST_DIGITS} digits at the most")
    ledger.leave(outcome.wait, SPOKEN)


def _ask_again(ways: "Destinations", outcome: Reads, tree: "Tree", node: dict[str, Json]) -> None:
    """Add the attempts of Read(): silence alone leads to the next of them, a wrong key to none.

    So they are nodes of their own: a menu that is played again is so for wrong keys as well.
    """
    attempts = min(outcome.attempts, MOST_ATTEMPTS)
    if outcome.attempts > attempts:
        ways.work.differs(outcome.wait, f"ccstate asks {attempts} times")
    last = dict(node)
    then = ""
    for _ in range(attempts - 1):
        name = ways.work.names.free(f"node of {tree.address}", "again")
        tree.nodes[name] = _attempt(last, then) if then else last
        then = name
    if then:
        node |= _attempt(last, then)


def _attempt(last: dict[str, Json], then: str) -> dict[str, Json]:
    """Return a menu like the last one that goes on to another; `#` alone is as good as nothing."""
    choices = last["choices"]
    pressed = choices if isinstance(choices, dict) else {}
    return {**last, "choices": {**pressed, "#": then}, "on_timeout": then}
