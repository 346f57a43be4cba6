"""What a dialled number means: an extension inside, a route that leaves, an emergency, a dear call."""
