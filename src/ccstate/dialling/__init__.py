"""What a dialled number means: somebody inside, a route that leaves, an emergency, a dear call."""
