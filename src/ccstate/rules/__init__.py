"""Rules: what is wise, beyond what is valid. Each is a pure function over the desired state."""

from collections.abc import Mapping
from itertools import chain

from ccstate.rules import (
    agents,
    buildings,
    callers,
    calls,
    clocks,
    cut_offs,
    dead_ends,
    displays,
    emergency,
    feature_codes,
    hours,
    keys,
    languages,
    location,
    numbers,
    outbound,
    people,
    prompts,
    queues,
    reach,
    rounds,
    secrets_in_text,
    silence,
    swapped_keys,
    switches,
    trees,
    trunks,
    waits,
)
from ccstate.rules.rule import Comparison, Estate, Found, Reach, Rule

__all__ = ["RULES", "Comparison", "Estate", "Found", "Reach", "Rule"]

_ROOMS = (
    # One line each, in the order of their codes.
    silence.RULES,
    dead_ends.RULES,
    trees.RULES,
    cut_offs.RULES,
    rounds.RULES,
    prompts.RULES,
    swapped_keys.RULES,
    languages.RULES,
    queues.RULES,
    reach.RULES,
    waits.RULES,
    buildings.RULES,
    people.RULES,
    hours.RULES,
    clocks.RULES,
    emergency.RULES,
    location.RULES,
    numbers.RULES,
    displays.RULES,
    callers.RULES,
    outbound.RULES,
    trunks.RULES,
    secrets_in_text.RULES,
    keys.RULES,
    calls.RULES,
    agents.RULES,
    feature_codes.RULES,
    switches.RULES,
)

RULES: Mapping[str, Rule] = {
    rule.code: rule for rule in sorted(chain.from_iterable(_ROOMS), key=lambda rule: rule.code)
}
"""Every rule by its code."""
