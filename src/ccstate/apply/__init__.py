"""From a reviewed plan to a confirmed outcome: recorded at every step, resumed after any kill."""
