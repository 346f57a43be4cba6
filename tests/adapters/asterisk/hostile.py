"""Texts that would do something, if anybody took them for more than texts."""

from hypothesis import strategies as st

ON_ONE_LINE = (
    "${SHELL(touch ccstate-was-here)}",
    "${SYSTEM(touch ccstate-was-here)}",
    "${EVAL(${SHELL(touch ccstate-was-here)})}",
    "${GLOBAL(CC_REV)}",
    "$[1+1]",
    "`touch ccstate-was-here`",
    "$(touch ccstate-was-here)",
    "a;b",
    ";-- a --;",
    "--;",
    "a,b|c&d",
    "(a)",
    ")",
    "): 0",
    "[general]",
    "[",
    "]",
    '"',
    '" <2999>',
    "a\\",
    "\\;",
    "\\\\;\\",
    "\\r\\nX-Injected: yes",
    "\\x41\\101",
    "#include /etc/passwd",
    "#exec touch ccstate-was-here",
    "> a",
    "=> a",
    "+= a",
    "same => n,System(touch ccstate-was-here)",
    "<script>alert(1)</script>",
    "%s%n",
    "Größe 東京 Hà Nội",
    "\u202eright to left\u200f",
    "\u2028next line\u0085",
    "'; DROP TABLE queues --",
)
"""What a text of a kind may hold: anything but control characters."""
ON_MANY_LINES = (
    "a\n[general]\nb=c",
    "a\r\nAction: Originate\r\nChannel: Local/1@x\r\n\r\n",
    "a\rb",
    "a\nexten => s,1,System(touch ccstate-was-here)",
    "a\n#exec touch ccstate-was-here",
    "a\x00b",
    "a\x1b[31m",
    "a\x7f",
)
"""What only secrets and the words of a prompt may hold, if anything."""

texts = st.lists(
    st.sampled_from(ON_ONE_LINE)
    | st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=5)
    | st.sampled_from(list(';"\\[]()=>#,|$ -')),
    min_size=1,
    max_size=5,
).map(lambda parts: "".join(parts)[:200])
"""Any text of a kind, pieced together from those and others."""
