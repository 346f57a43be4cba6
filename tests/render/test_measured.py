"""Queues at a moment, as a terminal shows them."""

from ccstate.measures import MEASURES
from ccstate.measures.figures import Number
from ccstate.render.measured import MEASURED
from ccstate.render.text import columns
from ccstate.report_format.measures import Measured, MeasuredQueue, MeasuredTarget, PausedAgents

NOW = "2026-12-01T06:04:18+00:00"


def queue(name: str, *paused: PausedAgents, **figures: float) -> MeasuredQueue:
    own: dict[str, Number | None] = {
        n: figures.get(n, 0) for n, measure in MEASURES.items() if not measure.is_counted
    }
    return MeasuredQueue(queue=name, label="", figures=own, paused=list(paused))


def test_queues_stand_in_a_table() -> None:
    complaints = queue("complaints", PausedAgents(reason="lunch", agents=1), agents_paused=1)
    sales = queue("sales", waiting=4, longest_wait=125.9, agents_ringing=2, agents_talking=5)
    night = queue("night", PausedAgents(reason="", agents=2), agents_paused=2, longest_wait=3720)
    found = Measured(
        targets=[
            MeasuredTarget(target="pbx", at=NOW, queues=[complaints, sales, night]),
            MeasuredTarget(target="spare", at=NOW, queues=[]),
        ]
    )
    assert MEASURED.render("text", found) == (
        "pbx: 3 queues at 2026-12-01T06:04:18+00:00\n"
        "  queue       waiting  longest  ready  ringing  talking  wrap-up  paused\n"
        "  complaints        0       0s      0        0        0        0       1\n"
        "    paused: 1 lunch\n"
        "  sales             4    2m05s      0        2        5        0       0\n"
        "  night             0    1h02m      0        0        0        0       2\n"
        "    paused: 2 without a reason\n"
        "\n"
        "spare: 0 queues at 2026-12-01T06:04:18+00:00\n"
    )


def test_no_line_is_wider_than_the_terminal_and_no_reason_comes_alive() -> None:
    reasons = [PausedAgents(reason=f"\x1b[31m{n} tea and cake", agents=n) for n in range(9)]
    found = Measured(
        targets=[MeasuredTarget(target="pbx", at=NOW, queues=[queue("q" * 60, *reasons)])]
    )
    shown = MEASURED.render("text", found, 80)
    assert all(columns(line) <= 80 for line in shown.splitlines())
    assert "\x1b" not in shown
