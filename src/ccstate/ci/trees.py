"""Trees of git, made of others: no file is checked out, and no hook runs."""

from collections.abc import Mapping

from ccstate.git import Repository


def with_files(found: Repository, tree: str, files: Mapping[tuple[str, ...], bytes | None]) -> str:
    """Make the tree that has these files, by the parts of their paths, and all that was in the tree before.

    A file without content is taken out, and a folder that is empty then.
    """
    entries: dict[str, str] = {}
    if tree:
        for line in (
            found.output("ls-tree", "-z", tree).decode(errors="surrogateescape").split("\0")
        ):
            about, _, name = line.partition("\t")
            if name:
                entries[name] = about
    inner: dict[str, dict[tuple[str, ...], bytes | None]] = {}
    for (first, *rest), content in files.items():
        if rest:
            inner.setdefault(first, {})[tuple(rest)] = content
        elif content is None:
            entries.pop(first, None)
        else:
            blob = found.write("hash-object", "-w", "--no-filters", "--stdin", content=content)
            entries[first] = f"100644 blob {blob}"
    for name, below in inner.items():
        mode, kind, known = (*entries.get(name, "").split(), "", "", "")[:3]
        subtree = known if (mode, kind) == ("040000", "tree") else ""
        made = with_files(found, subtree, below)
        if found.output("ls-tree", made):
            entries[name] = f"040000 tree {made}"
        else:
            entries.pop(name, None)
    listed = "".join(f"{about}\t{name}\0" for name, about in entries.items())
    return found.write("mktree", "-z", content=listed.encode(errors="surrogateescape"))
