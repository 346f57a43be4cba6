"""How long a text takes to say."""

import re
from math import ceil

_WORDS_PER_SECOND = 2.5
"""Voice artists and synthesizers read announcements at about 150 words a minute."""
_SIGNS_PER_SECOND = 4
"""Chinese and Japanese, which write no spaces between words."""
_SIGN = re.compile(
    r"[\u3040-\u30ff\u31f0-\u31ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]"
)
_WORD = re.compile(r"\w[\w'’.-]*")


def spoken_seconds(text: str) -> int:
    """Whole seconds that the text takes to say, rounded up: an estimate; 0 where it says nothing."""
    rest, signs = _SIGN.subn(" ", text)
    words = sum(1 for _ in _WORD.finditer(rest))
    return ceil(words / _WORDS_PER_SECOND + signs / _SIGNS_PER_SECOND)
