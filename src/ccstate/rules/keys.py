"""Rules about keys: of menus where extensions can be dialled, and of queues that callers can leave."""

from collections.abc import Iterator
from itertools import groupby

from ccstate.desired.findings import repr_
from ccstate.errors import Severity
from ccstate.journeys.trees import dialled_extensions
from ccstate.model import Address
from ccstate.rules.rule import Estate, Found, Reach, Rule
from ccstate.rules.spoken_keys import may_announce
from ccstate.rules.trees import reached_nodes


def _begins_a_number(estate: Estate) -> Iterator[Found]:
    for name, tree in estate.of("ivr").items():
        for node_name, node in reached_nodes(tree).items():
            if node["type"] != "menu":
                continue
            numbers = sorted(dialled_extensions(estate.flow, node))
            for key, found in groupby(numbers, key=lambda number: number[0]):
                if key in node["choices"]:
                    first, *others = found
                    more = f" and of {len(others):,} more" if others else ""
                    yield Found(
                        Address("ivr", name),
                        ("nodes", node_name, "choices", key),
                        f"key {repr_(key)} begins the number of extension/{first}{more}",
                        "Whoever presses the key waits until the platform is sure that no number "
                        "follows, and whoever types on lands at an extension.",
                        "give the choice a key with which no extension begins",
                    )


def _unsaid_exit(estate: Estate) -> Iterator[Found]:
    prompts = estate.of("prompt")
    for name, queue in estate.of("queue").items():
        told = queue.get("announcements") or {}
        named = [str(told.get(field) or "") for field in ("welcome", "periodic")]
        said = [prompts[prompt] for prompt in named if prompt in prompts]
        wordings = [item for prompt in said for item in prompt["languages"].items()]
        if any(not wording.get("text") for _, wording in wordings):
            continue  # nobody knows what a recording says
        for key in queue.get("keys") or ():
            if not any(may_announce(words["text"], language, key) for language, words in wordings):
                yield Found(
                    Address("queue", name),
                    ("keys", key),
                    f"nothing tells callers of queue/{name} that key {repr_(key)} leads out",
                    "Neither announcements.welcome nor announcements.periodic names the key.",
                    "name it in the prompt that is repeated while callers wait",
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
)
