from string import ascii_lowercase

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ccstate.rules.key_phrases import KEY_PHRASES, is_readable, may_announce, spoken_keys


def keys(text: str, language: str = "en-AU") -> str:
    """The announced keys, one after the other."""
    return "".join(spoken.key for spoken in spoken_keys(text, language))


@pytest.mark.parametrize(
    "text, expected",
    [
        ("For sales, press 2.", "2"),
        ("For sales, press two.", "2"),
        ('Press "4".', "4"),
        ("Press １ now.", "1"),
        ("Press star.", "*"),
        ("Press * to go back.", "*"),
        ("Press the hash key.", "#"),
        ("Press the pound sign.", "#"),
        ("Press the number 5 key.", "5"),
        ("Dial 0 for the operator.", "0"),
        ("Press nought.", "0"),
        ("Press 9 to hear this again.", "9"),
        ("Press or say one.", "1"),
        ("Choose option two.", "2"),
        ("Select 3 for moves.", "3"),
        ("By pressing 7 you agree.", "7"),
        ("Press 1 or 2.", "12"),
        ("Press 1, 2 or 3.", "123"),
        ("Press star or the hash key.", "*#"),
        ("Press 1 to 4.", "1234"),
        ("Press 1-3.", "123"),
        ("For sales press 1, for billing press 2, or press 0 to speak to us.", "120"),
        ("Press 1 for sales, 2 for billing, or 3 for moves.", "123"),
        ("Press 1 for sales or 2 for billing.", "12"),
        ("For sales, press 1; for billing, 2; for moves, 3.", "123"),
        ("Press\n1 for sales.", "1"),
    ],
)
def test_keys_that_a_prompt_asks_a_caller_to_press(text: str, expected: str) -> None:
    assert keys(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Press any key.",
        "Press one of the following keys.",
        "Press one more time.",
        "Press 2000.",
        "Dial 000.",
        "Dial triple zero.",
        "Dial 1 800 975 707.",
        "Dial 1-800 975 707.",
        "We are open from 9 to 5, 24 hours a day.",
        "Please enter the ten digits of your account number.",
        "Enter 1 to 4 digits.",
        "Enter your number, followed by the hash key.",
        "Choose two products.",
        "Do not press 3.",
        "Don't press 3.",
        "You are number 2 in the queue.",
        "Press the red button.",
        "This is an express 1 service.",
    ],
)
def test_numbers_that_are_no_keys(text: str) -> None:
    assert keys(text) == ""


@pytest.mark.parametrize(
    "text, expected",
    [
        ("Press 1 for sales, open 9 to 5.", "1"),
        ("Press 1, 24 hours a day.", "1"),
        ("Press 1, 7 days a week, for faults.", "1"),
        ("For the star programme, press 3.", "3"),
        ("Press 1 for sales, or 9 to 5 on weekdays.", "1"),
    ],
)
def test_other_numbers_beside_a_key(text: str, expected: str) -> None:
    assert keys(text) == expected


@pytest.mark.parametrize(
    "language, text, expected",
    [
        ("de", "Für den Vertrieb drücken Sie bitte die 1.", "1"),
        ("de", "Für Störungen die Drei drücken.", "3"),
        ("de", "Drücken Sie die Raute-Taste oder die Sterntaste.", "#*"),
        ("de", "Wählen Sie 0. Geben Sie 10 Ziffern ein, von 9 bis 17 Uhr.", "0"),
        ("de", "Drücken Sie eine beliebige Taste, aber drücken Sie nicht die 4.", ""),
        ("es", "Para ventas, marque 1; para facturación, pulse el dos.", "12"),
        ("es-MX", "Oprima la tecla asterisco o presione la tecla de numeral.", "*#"),
        ("es", "Pulse una tecla.", ""),
        ("fr", "Pour les ventes, tapez 1. Appuyez sur la touche 2.", "12"),
        ("fr", "Appuyez sur dièse. Faites le 3. Tapez un pour payer.", "#31"),
        ("fr", "Tapez un code.", ""),
        ("it", "Per le vendite, premere 1. Prema il tasto due o digiti asterisco.", "12*"),
        ("it", "Premere un tasto.", ""),
        ("vi", "Để mua hàng, bấm phím 1. Nhấn số hai. Bấm phím sao.", "12*"),
        ("vi", "Xin không bấm 4. Chúng tôi mở cửa năm ngày.", ""),
        ("zh", "销售请按1，账单请按二。返回请按星号键，井字键请按 # 键。", "12*#"),
        ("zh", "如需人工服务请按0或9，按３键", "093"),
        ("zh", "请按一下。按任意键。24小时服务。", ""),
        ("yue", "請按2字。", "2"),
    ],
)
def test_other_languages(language: str, text: str, expected: str) -> None:
    assert keys(text, language) == expected


def test_an_unknown_language_is_no_silence() -> None:
    assert not is_readable("el")
    assert spoken_keys("Πατήστε 1", "el") == []
    assert may_announce("Πατήστε 1", "el", "2")


def test_an_excerpt_reads_to_the_key_where_its_purpose_stands_before() -> None:
    first, second = spoken_keys("For sales, press 1. If you move house, press 2.", "en")
    assert first.excerpt == "For sales, press 1"
    assert first.about == frozenset({"sales"})
    assert second.excerpt == "If you move house, press 2"
    assert second.about == frozenset({"move", "house"})


def test_an_excerpt_reads_from_the_key_where_its_purpose_stands_behind() -> None:
    first, second = spoken_keys("Press 1 for sales, press 2 for billing.", "en")
    assert first.excerpt == "Press 1 for sales"
    assert first.about == frozenset({"sales"})
    assert second.excerpt == "press 2 for billing"
    assert second.about == frozenset({"billing"})


def test_an_excerpt_ends_before_the_word_that_joins_the_next() -> None:
    first, second = spoken_keys("Press 1 if you agree, or 2 if you do not.", "en")
    assert first.excerpt == "Press 1 if you agree"
    assert second.excerpt == "2 if you do not"


@pytest.mark.parametrize(
    "text, key, expected",
    [
        ("For sales, one; for billing, two.", "2", True),
        ("For sales, one; for billing, two.", "3", False),
        ("Press any key.", "3", True),
        ("Open until 5.", "5", True),
        ("Open until 15.", "5", False),
        ("The star of the show.", "*", True),
    ],
)
def test_whether_a_text_could_announce_a_key_in_other_words(
    text: str, key: str, expected: bool
) -> None:
    assert may_announce(text, "en", key) is expected


@given(st.sets(st.sampled_from("0123456789"), min_size=1), st.data())
def test_a_plain_announcement_is_understood_whatever_it_is_about(
    wanted: set[str], data: st.DataObject
) -> None:
    # No words that mean something to the language itself: these have their own tests.
    words = st.text(ascii_lowercase[:8], min_size=4, max_size=9)
    announced = sorted(wanted)
    text = " ".join(f"For {data.draw(words)}, press {key}." for key in announced)
    assert keys(text) == "".join(announced)


@given(st.text(max_size=200), st.sampled_from([*KEY_PHRASES, "el"]))
def test_any_text_can_be_read(text: str, language: str) -> None:
    for spoken in spoken_keys(text, language):
        assert spoken.key in set("0123456789*#")
        assert may_announce(text, language, spoken.key)
