"""Keys of menus where extensions can be dialled, and keys out of queues."""

import pytest

from ccstate.rules import RULES
from tests.rules.estates import estate

MENU = """
extensions:
  "2001": {{label: One, voicemail: {{}}, site: north}}
  "2002": {{label: Two, voicemail: {{}}}}
sites:
  north: {{timezone: UTC}}
  south: {{timezone: UTC}}
prompts:
  hello: {{languages: {{en: {{text: Hello}}}}}}
ivrs:
  main:
    extension: "1000"
    start: menu
    nodes:
      menu: {{type: menu, prompt: hello, choices: {{"{key}": hangup}}, {fields}}}
"""


@pytest.mark.parametrize(
    "key, fields, message",
    [
        ("2", "dial_extensions: true", 'key "2" begins the number of extension/2001 and of 1 more'),
        ("2", "dial_extensions: true, dial_sites: [north]", 'key "2" begins the number of extension/2001'),
        ("2", "dial_extensions: true, dial_sites: [south]", ""),
        ("2", "dial_extensions: false", ""),
        ("1", "dial_extensions: true", ""),
    ],
)  # fmt: skip
def test_a_key_that_begins_the_number_of_an_extension(key: str, fields: str, message: str) -> None:
    found = [f.message for f in RULES["CC280"].check(estate(MENU.format(key=key, fields=fields)))]
    assert found == ([message] if message else [])


QUEUE = """
extensions:
  "2001": {{label: One, voicemail: {{}}}}
prompts:
  wait: {{languages: {{en: {{text: "Please hold, or press 1 to leave a message."}}}}}}
  recorded: {{languages: {{en: {{audio: wait.wav}}}}}}
queues:
  sales: {{members: [{{extension: "2001"}}], keys: {{"{key}": voicemail/2001}}, {fields}}}
"""


@pytest.mark.parametrize(
    "key, fields, count",
    [
        ("1", "announcements: {periodic: wait}", 0),
        ("1", "announcements: {welcome: wait}", 0),
        ("2", "announcements: {welcome: wait, periodic: wait}", 1),
        ("2", "announcements: {position: true}", 1),
        ("2", "announcements: {periodic: recorded}", 0),
        ("2", "label: Sales", 1),
    ],
)
def test_a_key_that_no_announcement_names(key: str, fields: str, count: int) -> None:
    found = list(RULES["CC281"].check(estate(QUEUE.format(key=key, fields=fields))))
    assert [item.path for item in found] == [("keys", key)] * count
