import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ccstate.model import Address, Resource
from ccstate.rules import Breach, Estate
from ccstate.rules.secrets_in_text import RULES
from tests.rules.estates import estate
from tests.rules.test_hours import TODAY
from tests.waiting import GENEROUS

(RULE,) = RULES


def found(text: str) -> list[Breach]:
    return list(RULE.check(estate(text)))


def in_prompt(words: str) -> list[Breach]:
    address = Address("prompt", "p")
    resource = Resource(address, {"languages": {"en-AU": {"text": words}}}, "x.yaml")
    return list(RULE.check(Estate({address: resource}, TODAY)))


SECRETS = [
    ("Admin password: Hunter22", "Hunter22"),
    ("Admin password is Hunter22.", "Hunter22"),
    ("password=changeme", "changeme"),
    ("Wi-Fi password = correct-horse-7", "correct-horse-7"),
    ("The password for the front desk is S3cr3t!", "S3cr3t"),
    ("Password (portal): P@ssword", "P@ssword"),
    ("Password: hunter-22", "hunter-22"),
    ("Mailbox PIN: 4711", "4711"),
    ("Mailbox PIN 4711", "4711"),
    ("your pin is 47110815, then press hash", "47110815"),
    ('PIN = "4711"', "4711"),
    ("Door code: 4711#", "4711"),
    ("passcode 908172", "908172"),
    ("secret: tr0ub4dor", "tr0ub4dor"),
    ("api_key=abcdef", "abcdef"),
    ("API token: f00baaf00baa", "f00baaf00baa"),
    ("Passwort: Sommer2026", "Sommer2026"),
    ("mot de passe : Soleil77", "Soleil77"),
    ("密码是471108", "471108"),
    ("パスワード：abc12345", "abc12345"),
    ("see https://ana:hunter@sip.example.net/", "hunter@"),
    ("AKIAIOSFODNN7EXAMPLE", "AKIAIOSFODNN7EXAMPLE"),
]


@pytest.mark.parametrize("text, secret", SECRETS)
def test_a_secret_is_found_and_never_repeated(text: str, secret: str) -> None:
    assert secret in text
    [problem] = in_prompt(text)
    assert problem.path == ("languages", "en-AU", "text")
    assert secret.lower() not in "".join(map(str, problem)).lower()


@pytest.mark.parametrize(
    "text",
    [
        "Please enter your PIN, then press hash. To go back, press 1.",
        "Enter your PIN: 4 digits.",
        "Your PIN is the number on the card.",
        "Your PIN is 4 digits long.",
        "The PIN is a 4-digit number; the passcode is 12-digits.",
        "If you have lost your PIN: 1300 975 707.",
        "If you have lost your PIN: 02-5550-1234 or +61255501234.",
        "To reset your password, press 2. For 24x7 help with your password: press 3.",
        "Password reset: ext.2100",
        "Password: ext.2100",
        "Password: 24/7",
        "Passwords: help@wombat-travel.example",
        "Passwords: 1Password",
        "Password: ITSM-12345",
        "PIN 2026",
        "Secret Santa 2026",
        "Token 4711",
        "secret: env:SIP_2101",
        "password: file:/run/secrets/sip1",
        "password=<your-password-1>",
        "Voicemail PIN for extension 2101",
        "Spinning 4711 wheels; shipping: 12345678",
        "Opening hours: 09:00-17:00",
        "see https://sip.example.net:5061/x@y",
        "请输入您的密码，然后按1键。",
        "Calls cost $2.50 per minute. Code 4711.",
        "",
    ],
)
def test_talk_about_secrets_is_none(text: str) -> None:
    assert in_prompt(text) == []


def test_every_text_of_every_kind_is_read() -> None:
    problems = found(
        """
        sites:
          sydney:
            timezone: Australia/Sydney
            areas: {level-3: {label: "Alarm code: 4711"}}
        users:
          ana.p: {name: "Ana Petrov, PIN 4711"}
        schedules:
          office:
            timezone: Australia/Sydney
            weekly: {}
            holidays: [{name: "PIN 4711", date: "2026-12-25"}]
            exceptions: [{date: "2026-12-24", hours: [], reason: "PIN 4711"}]
        extensions:
          "2101": {caller_id: {name: "PIN 4711"}}
        ivrs:
          main: {start: a, nodes: {a: {type: hangup, label: "PIN 4711"}}}
        displays:
          wall: {tiles: [{queues: [q], measure: waiting, label: "PIN 4711"}]}
        queues:
          q: {label: "PIN 4711"}
        """
    )
    assert sorted((problem.address.kind, problem.path) for problem in problems) == [
        ("display", ("tiles", 0, "label")),
        ("extension", ("caller_id", "name")),
        ("ivr", ("nodes", "a", "label")),
        ("queue", ("label",)),
        ("schedule", ("exceptions", 0, "reason")),
        ("schedule", ("holidays", 0, "name")),
        ("site", ("areas", "level-3", "label")),
        ("user", ("name",)),
    ]


@pytest.mark.parametrize("name", ["acct:swordfish", "acct:pass@sip.example.net"])
def test_an_account_name_holds_no_password(name: str) -> None:
    [problem] = found(f"trunks: {{t: {{host: sip.example.net, username: '{name}'}}}}")
    assert problem.path == ("username",)


@pytest.mark.parametrize(
    "name", ["acct", "acct-4711", "sip:acct@sip.example.net", "acct@sip.example.net:5060"]
)
def test_an_account_name_alone_is_none(name: str) -> None:
    assert found(f"trunks: {{t: {{host: sip.example.net, username: '{name}'}}}}") == []


def test_an_indian_postal_index_number_is_no_pin() -> None:
    text = "sites: {s: {timezone: Asia/Kolkata, address: {city: 'Bengaluru, PIN: 560001'}}}"
    assert found(text) == []


def test_a_reference_to_a_secret_is_where_it_belongs() -> None:
    text = "extensions: {'2101': {secret: 'env:SIP_2101', voicemail: {pin: 'file:/run/pin: 4711'}}}"
    assert found(text) == []


@given(
    st.sampled_from(["PIN is ", "pin: ", "Passcode ", "door code = ", "暗証番号は"]),
    st.from_regex(r"[1-9][0-9]{3,7}", fullmatch=True).filter(lambda pin: pin[:2] not in "1920"),
    st.text("ab ,.", max_size=20),
)
def test_a_pin_is_found_between_any_words(word: str, pin: str, around: str) -> None:
    [problem] = in_prompt(f"{around} {word}{pin} {around}")
    assert pin not in "".join(map(str, problem))


ENDLESS = """
from tests.rules.test_secrets_in_text import in_prompt
for text in ["pin " * 500, "password for " * 150, "password" + " " * 1900 + "1", "pin is : " * 220,
             "1a:" * 660, "a1" * 1000, "x://" * 500, "token (" * 280]:
    in_prompt(text)
"""


@pytest.mark.process
def test_no_text_makes_the_search_go_on_for_ever() -> None:
    # Milliseconds. Where a pattern goes back over what it has read, hours: no machine is so slow.
    subprocess.run([sys.executable, "-c", ENDLESS], check=True, timeout=GENEROUS)
