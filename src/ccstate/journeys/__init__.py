"""What callers meet: the way of a call through numbers, hours, trees, queues and mailboxes."""
