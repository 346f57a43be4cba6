"""The way of a call through numbers, hours, trees, queues and mailboxes, as callers meet it."""
