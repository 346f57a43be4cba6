"""How the kinds are compiled that have no module of their own in `kinds/` yet."""
