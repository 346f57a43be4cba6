"""Figures of queues for monitoring and displays: servers followed, and HTTP on one address."""
