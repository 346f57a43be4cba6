"""A stand-in for the engine of durable steps: it remembers in this process, and takes no time."""

from collections.abc import Sequence

from ccstate.apply.durable import Step
from ccstate.model import Json


class RememberedSteps:
    """`run` as `ccstate.apply.durable` has it: what has a result is not done again."""

    def __init__(self) -> None:
        self._results: dict[tuple[str, str], dict[str, Json]] = {}

    def run(self, store: str, workflow_id: str, steps: Sequence[Step]) -> list[Json]:
        results = self._results.setdefault((store, workflow_id), {})
        for step in steps:
            if step.name not in results:
                results[step.name] = step.do()
        return list(results.values())
