"""Rules: what is wise, beyond what is valid. Each is a pure function over the desired state."""

from collections.abc import Mapping
from itertools import chain

from ccstate.rules import (
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
    numbers,
    outbound,
    people,
    queues,
    rounds,
    secrets_in_text,
    silence,
    trees,
)
from ccstate.rules.rule import Breach, Comparison, Estate, Reach, Rule

__all__ = ["RULES", "Breach", "Comparison", "Estate", "Reach", "Rule"]

_MODULES = (
    silence.RULES,
    dead_ends.RULES,
    trees.RULES,
    cut_offs.RULES,
    rounds.RULES,
    languages.RULES,
    queues.RULES,
    people.RULES,
    hours.RULES,
    clocks.RULES,
    emergency.RULES,
    numbers.RULES,
    displays.RULES,
    callers.RULES,
    outbound.RULES,
    secrets_in_text.RULES,
    keys.RULES,
    calls.RULES,
    feature_codes.RULES,
)

RULES: Mapping[str, Rule] = {
    rule.code: rule for rule in sorted(chain.from_iterable(_MODULES), key=lambda rule: rule.code)
}
"""Every rule by its code."""
