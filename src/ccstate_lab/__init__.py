"""Real Asterisk on loopback: sites and phones from plain folders, for tests and for people.

    programs   Asterisk and sipp, found or unpacked without root
    site       one Asterisk with its own folder and ports: start, find, stop, kill
    phones     phones that register and are called, by sipp
    carriers   carriers that take what trunks send
    callers    calls from carriers and phones, with keys pressed

For development: tests and `make lab` use it, ccstate does not, and its wheel does not hold it.
"""
