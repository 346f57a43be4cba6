import pytest
from hypothesis import given
from hypothesis import strategies as st

from ccstate.journeys.centre import spoken_seconds


@pytest.mark.parametrize(
    "text, seconds",
    [
        ("", 0),
        (" … — ", 0),
        ("Welcome.", 1),
        ("Thank you for calling us.", 2),
        ("Thank you for calling us today.", 3),
        ("If it isn't well-known, press 1.", 3),
        ("感谢您的来电", 2),
        ("お電話ありがとう", 2),
        ("欢迎致电 Brolga Energy。", 2),
        ("Cảm ơn quý vị đã chờ.", 3),
    ],
)
def test_words_take_two_fifths_of_a_second_and_signs_a_quarter(text: str, seconds: int) -> None:
    assert spoken_seconds(text) == seconds


@given(st.text(max_size=200), st.text(max_size=200))
def test_who_says_more_takes_no_less(first: str, second: str) -> None:
    both = spoken_seconds(f"{first} {second}")
    assert max(spoken_seconds(first), spoken_seconds(second)) <= both
    assert both <= spoken_seconds(first) + spoken_seconds(second)
