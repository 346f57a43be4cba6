"""What continuous integration does with a change: plan it for its reviewers, apply it, put it on record.

Each is one function over a project, a code host and the job in which it runs. Without any host they
work with plain files, so that all of it can be done, and seen, on a laptop.
"""
