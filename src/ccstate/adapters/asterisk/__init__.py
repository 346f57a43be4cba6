"""Asterisk 16 to 22: include files written and loaded, and everything read again at both levels.

Objects are compiled to ccstate's own include files; hand-written configuration beside them is read
and never touched. What Asterisk runs is read over its manager interface (AMI).
"""
