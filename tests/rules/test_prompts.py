from ccstate.model import Address
from ccstate.rules import keys, languages
from ccstate.rules.rule import Breach
from tests.rules.estates import estate

CHECKS = {rule.code: rule.check for rule in (*keys.RULES, *languages.RULES)}


def found(code: str, document: str) -> list[Breach]:
    return list(CHECKS[code](estate(document)))


def menu(text: str, keys: str = "12", language: str = "en-AU", more: str = "") -> str:
    """A menu that takes these keys and plays this text."""
    choices = ", ".join(f'"{key}": hangup' for key in keys)
    return f"""
ivrs:
  main:
    extension: "1000"
    start: menu
    nodes:
      menu: {{type: menu, prompt: menu, choices: {{{choices}}}, on_timeout: hangup}}
prompts:
  menu:
    languages:
      {language}: {{text: "{text}"}}
{more}
"""


# --- CC205, one key for two things


def test_one_key_for_two_things() -> None:
    (finding,) = found("CC205", menu("For sales, press 1. For billing, press 1."))
    assert finding.address == Address("prompt", "menu")
    assert finding.path == ("languages", "en-AU", "text")
    assert finding.message == "prompt/menu announces key 1 for two things"
    assert '"For sales, press 1" and "For billing, press 1"' in finding.cause


def test_to_say_a_thing_again_is_fine() -> None:
    assert not found("CC205", menu("For sales, press 1. Again, for sales, press 1."))
    assert not found("CC205", menu("For sales or solar, press 1. Once more: press 1 for solar."))
    assert not found("CC205", menu("For sales, press 1. Press 1 now."))
    text = "You can press 1 at any time to leave a message. To leave a message now, press 1."
    assert not found("CC205", menu(text))


def test_three_of_a_key_are_one_finding() -> None:
    text = "For sales, press 1. For billing, press 1. For moves, press 1."
    assert len(found("CC205", menu(text))) == 1


def test_each_language_is_read() -> None:
    more = '      de: {text: "Für Vertrieb die 1 drücken. Für Rechnungen drücken Sie die 1."}'
    (finding,) = found("CC205", menu("For sales, press 1.", more=more))
    assert finding.path == ("languages", "de", "text")


def test_a_prompt_that_no_menu_plays_is_not_read() -> None:
    document = menu("For sales, press 1.")
    document += '  other: {languages: {en: {text: "For a, press 1. For b, press 1."}}}\n'
    assert not found("CC205", document)


# --- CC206, keys announced and keys taken


def test_an_announced_key_that_the_menu_does_not_take() -> None:
    (finding,) = found("CC206", menu("For a, press 1. For b, press 2.", keys="1"))
    assert finding.address == Address("ivr", "main")
    assert finding.path == ("nodes", "menu", "choices")
    assert finding.message == 'prompt/menu announces key 2, which menu "menu" does not take'


def test_a_key_without_an_announcement() -> None:
    (finding,) = found("CC206", menu("For a, press 1. For b, press 2.", keys="1235"))
    assert finding.path == ("nodes", "menu", "choices", "3")
    assert finding.message.startswith("prompt/menu does not announce keys 3 and 5, which")


def test_silent_keys_are_common_practice() -> None:
    assert not found("CC206", menu("For a, press 1.", keys="10*#"))


def test_but_announced_they_must_be_taken() -> None:
    (finding,) = found("CC206", menu("For a, press 1. Press star to go back.", keys="1"))
    assert "key *" in finding.message


def test_a_prompt_that_announces_nothing_is_passed_over() -> None:
    assert not found("CC206", menu("Please choose.", keys="123"))
    assert not found("CC206", menu("Press any key.", keys="123"))


def test_a_key_in_words_that_we_do_not_understand_is_no_finding() -> None:
    assert not found("CC206", menu("For a, press 1, and billing is on two.", keys="12"))


def test_keys_may_be_announced_before_the_menu_begins() -> None:
    document = menu("To hear this again, press 9.", keys="129").replace(
        "start: menu", "start: door"
    )
    play = "nodes:\n      door: {type: play, prompt: door, then: menu}"
    document = document.replace("nodes:", play)
    assert not found("CC206", document + '  door: {languages: {en-AU: {text: "Press 1 or 2."}}}\n')
    (finding,) = found("CC206", document + '  door: {languages: {en-AU: {text: "Press 1."}}}\n')
    assert "does not announce key 2," in finding.message


def test_a_language_that_we_cannot_read_is_passed_over() -> None:
    assert not found("CC206", menu("Πατήστε 7", keys="1", language="el"))


def test_the_languages_are_named_where_there_are_several() -> None:
    more = '      vi: {text: "Bấm phím 1."}'
    (finding,) = found("CC206", menu("For a, press 1. For b, press 2.", more=more))
    assert "does not announce key 2 in vi," in finding.message


def test_a_recording_without_text_is_passed_over() -> None:
    document = menu("x", keys="12").replace('text: "x"', "audio: menu.wav")
    assert not found("CC206", document)


# --- CC207, silence and lost threads


def play(*names: str, language: str = "") -> str:
    """A tree that plays these prompts one after the other."""
    lines = ["ivrs:", "  main:", '    extension: "1000"', f"    start: n-{names[0]}", "    nodes:"]
    if language:
        lines.insert(2, f"    language: {language}")
    for name, following in zip(names, [*names[1:], ""], strict=True):
        then = f"n-{following}" if following else "hangup"
        lines.append(f"      n-{name}: {{type: play, prompt: {name}, then: {then}}}")
    return "\n".join([*lines, "prompts:", ""])


def prompt(name: str, *languages: str) -> str:
    spoken = ", ".join(f"{language}: {{text: Hello}}" for language in languages)
    return f"  {name}: {{languages: {{{spoken}}}}}\n"


def test_a_prompt_without_wordings_and_a_wording_without_words() -> None:
    document = "prompts:\n  a: {languages: {}}\n  b: {languages: {en: {}, vi: {audio: b.wav}}}\n"
    first, second = found("CC207", document)
    assert (first.address, first.path) == (Address("prompt", "a"), ("languages",))
    assert (second.address, second.path) == (Address("prompt", "b"), ("languages", "en"))


def test_a_prompt_that_lacks_the_language_of_its_tree() -> None:
    document = play("a", "b", language="vi") + prompt("a", "vi") + prompt("b", "en-AU")
    lacking, unheard = found("CC207", document)
    assert lacking.address == Address("ivr", "main")
    assert lacking.path == ("nodes", "n-b", "prompt")
    assert lacking.message == "prompt/b has no vi, which ivr/main speaks"
    assert unheard.message == "no caller hears prompt/b in en-AU"


def test_a_variety_of_the_language_will_do() -> None:
    assert not found("CC207", play("a", language="en-AU") + prompt("a", "en"))
    assert not found("CC207", play("a", language="en") + prompt("a", "en-GB"))


def test_a_tree_without_language_plays_all_its_prompts_in_the_same() -> None:
    document = play("a", "b", "c") + prompt("a", "en", "vi") + prompt("b", "en") + prompt("c", "en")
    (finding,) = found("CC207", document)
    assert finding.path == ("nodes", "n-b", "prompt")
    assert finding.message == "prompt/b and prompt/c have no vi, unlike prompt/a"
    even = play("a", "b") + prompt("a", "en", "vi") + prompt("b", "vi", "en")
    assert not found("CC207", even)


def test_a_translation_in_part_that_is_never_played() -> None:
    document = play("a", "b", language="en") + prompt("a", "en", "vi", "zh") + prompt("b", "en")
    (finding,) = found("CC207", document)
    assert finding.address == Address("prompt", "a")
    assert finding.path == ("languages", "vi")
    assert finding.message == "no caller hears prompt/a in vi and zh"


def test_a_translation_in_whole_waits_for_its_tree() -> None:
    document = play("a", "b", language="en") + prompt("a", "en", "vi") + prompt("b", "en", "vi")
    assert not found("CC207", document)


def test_a_prompt_that_others_play_as_well_has_their_languages_too() -> None:
    document = play("a", "b", language="en") + prompt("a", "en", "vi") + prompt("b", "en")
    for more in (
        "queues:\n  q: {announcements: {welcome: a}}\n",
        "queues:\n  q: {announcements: {periodic: a}}\n",
        'extensions:\n  "2900": {voicemail: {greeting: a}}\n',
    ):
        assert not found("CC207", document + more), more
    other = '  viet: {extension: "1001", language: vi, start: s, nodes: '
    other += "{s: {type: play, prompt: a, then: hangup}}}\n"
    assert not found("CC207", document.replace("ivrs:\n", "ivrs:\n" + other))
