"""Figures of queues and agents: what each is, and one arithmetic for live events and for logs."""

from ccstate.measures.figures import MEASURES, Counts, Measure, Moment

__all__ = ["MEASURES", "Counts", "Measure", "Moment"]
