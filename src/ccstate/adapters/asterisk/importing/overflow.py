"""Where callers of a queue go on to: what the dialplan said, as fields of the queue."""

from ccstate.adapters.asterisk.importing.calling import At
from ccstate.adapters.asterisk.importing.destinations import Known, Nowhere, lose
from ccstate.adapters.asterisk.importing.estate import Work
from ccstate.adapters.asterisk.importing.menus import KEYS
from ccstate.adapters.asterisk.importing.trees import Ways
from ccstate.kinds.fields import duration
from ccstate.model import Json


def exits(work: Work, known: Known, ways: Ways) -> None:
    """The keys by which waiting callers leave each queue: single digits of its context."""
    if not work.setting.holds("queue", "keys"):
        return
    for section in work.sections("queues.conf"):
        option = next((o for o in section.options if o.key.lower() == "context"), None)
        queue = known.queues.get(section.name)
        if option is None or queue is None:
            continue
        keys: dict[str, Json] = {}
        for key in KEYS:
            at = At(option.value, key)
            if not work.follower.resolver.extension(at):
                continue
            reached = work.follower.follow(at)
            try:
                keys[key] = ways.destination(reached, queue, f"{queue.name}-{key}")
            except Nowhere as why:
                lose(work, reached, f"key {key} of {queue} is left out: {why}")
        if keys:
            work.objects[queue]["keys"] = keys
            work.ledger.take([option], queue)
        else:
            work.ledger.leave(option, f"no key of [{option.value[:60]}] leads anywhere")


def overflow(work: Work, known: Known) -> None:
    """Fills in `overflow` of every queue that a call reaches."""
    for address, (after, ends) in known.onwards.items():
        fields = work.objects[address]
        said: dict[str, Json] = {}
        if after is not None:
            said["after"] = duration(min(int(after), 999_999))
        is_asked = {"to": after is not None, "full": bool(fields.get("max_waiting")), "empty": True}
        known_ends = {end: to for end, to in ends.items() if "/" in to or to == "hangup"}
        said |= {end: to for end, to in known_ends.items() if is_asked[end]}
        if said:
            fields["overflow"] = said
