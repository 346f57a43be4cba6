"""Real Asterisk on loopback: sites and phones from plain folders, for tests and for people.

    programs   Asterisk and sipp, found or unpacked without root
    site       one Asterisk with its own folder and ports: start, find, stop, kill
    phones     phones that answer, and carriers, by sipp

Nothing here is needed to use ccstate; nothing but tests and `make lab` use it.
"""
