"""Asterisk's configuration files, read as Asterisk reads them, with the place of every option.

What Asterisk drops without a word (the rest of a file behind an unclosed `[`, a line without
`=`) is left out here as well, and told as a problem. Source: `main/config.c` of Asterisk 20,
tried on 16.28 and 22.10; nothing of it depends on which module the file is for.
"""

from ccstate.adapters.asterisk.conf.loading import Glob, Loading, Read
from ccstate.adapters.asterisk.conf.sections import Conf, Directive, Option, Section

__all__ = ["Conf", "Directive", "Glob", "Option", "Read", "Section", "parse", "read", "resolved"]


def resolved(conf: Conf) -> tuple[Section, ...]:
    """The sections that modules see: templates have been inherited from, and are gone."""
    return tuple(section for section in conf.sections if not section.is_template)


def parse(text: bytes, file: str) -> Conf:
    """One file by itself; includes are listed and not followed."""
    loading = Loading({file: text}.get, lambda _: (), follow=frozenset())
    return loading.conf(file)


def read(storage_read: Read, glob: Glob, main: str) -> Conf:
    """A file and everything that it includes, each file named as its include names it."""
    words = frozenset(("include", "tryinclude"))
    return Loading(storage_read, glob, follow=words).conf(main)
