"""Rules: what is wise, beyond what is valid. Each is a pure function over the desired state."""

from collections.abc import Mapping

from ccstate.rules.rule import Estate, Found, Rule

__all__ = ["RULES", "Estate", "Found", "Rule"]

RULES: Mapping[str, Rule] = {}
"""Every rule by its code."""
