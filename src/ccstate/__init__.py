"""Contact-centre configuration as code: load, plan, apply, confirm."""

__version__ = "0.1.0"
