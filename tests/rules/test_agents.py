"""Agents who log in and out."""

import pytest

from ccstate.rules.queues import RULES
from tests.rules.estates import estate

RULE = {rule.code: rule for rule in RULES}

ESTATE = """
users:
  ana: {name: Ana Petrov, extension: "2101"}
  kim: {name: Kim Larsen, extension: "2102"}
extensions:
  "2101": {voicemail: {}}
  "2102": {device: none, voicemail: {}}
"""


def messages_without_agents(queue: str) -> list[str]:
    document = f"{ESTATE}\nqueues: {{q: {{{queue}}}}}"
    return [found.message for found in RULE["CC270"].check(estate(document))]


@pytest.mark.parametrize(
    "queue",
    [
        "members: [{user: ana, login: dynamic}]",
        "members: [{user: ana, login: dynamic}], overflow: {after: 1m, to: voicemail/2101}",
        # The phone that is always in does not ring.
        "members: [{user: ana, login: dynamic}, {user: kim}]",
    ],
)
def test_callers_who_wait_while_all_agents_are_logged_out_are_reported(queue: str) -> None:
    assert messages_without_agents(queue) == ["callers wait in queue/q while no agent is logged in"]


@pytest.mark.parametrize(
    "queue",
    [
        "members: [{user: ana, login: dynamic}], overflow: {empty: voicemail/2101}",
        "members: [{user: ana, login: dynamic}, {extension: '2101'}]",
        "members: [{user: ana}]",
        "members: []",  # CC210 reports that no agent can answer
        "members: [{user: kim, login: dynamic}]",
    ],
)
def test_a_queue_where_it_cannot_happen_is_not_reported(queue: str) -> None:
    assert messages_without_agents(queue) == []
