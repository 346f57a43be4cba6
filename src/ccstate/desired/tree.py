"""The YAML files below a folder: found in order, bounded, never outside of it."""

from collections.abc import Iterator
from pathlib import Path

from ccstate.desired.yaml_values import MAX_BYTES
from ccstate.errors import Diagnostic, InvalidInput, Span

_SUFFIXES = (".yaml", ".yml")


def yaml_files(folder: Path, root: Path) -> Iterator[tuple[str, Path] | Diagnostic]:
    """Every YAML file below the folder as (name relative to `root`, path), sorted; or a refusal.

    Hidden files and folders are passed over. A link that leads out of the folder is refused.
    """
    if not folder.is_dir():
        raise InvalidInput(
            [
                Diagnostic(
                    "CC001",
                    f"there is no folder {name_of(folder, root)}",
                    hint="set desired_state: in ccstate.yaml, or run `ccstate init`",
                )
            ]
        )
    yield from _below(folder, folder.resolve(), root, set())


def _below(
    folder: Path, top: Path, root: Path, entered: set[Path]
) -> Iterator[tuple[str, Path] | Diagnostic]:
    real = folder.resolve()
    if real in entered:
        return  # a link back to a folder that is being read
    try:
        entries = sorted(folder.iterdir())
    except OSError as error:
        yield _unreadable(name_of(folder, root), error)
        return
    for path in entries:
        if path.name.startswith("."):
            continue
        name = name_of(path, root)
        if path.is_symlink() and not path.resolve().is_relative_to(top):
            yield Diagnostic(
                "CC006",
                f"{name} leads out of the folder",
                Span(name),
                cause="A link may only lead to another file of the desired state.",
                hint="copy the file here",
            )
        elif path.is_dir():
            yield from _below(path, top, root, entered | {real})
        elif path.suffix in _SUFFIXES:
            yield name, path


def name_of(path: Path, root: Path) -> str:
    """The path as people write it: relative to the project where it lies inside."""
    return str(path.relative_to(root)) if path.is_relative_to(root) else str(path)


def content_of(path: Path, name: str) -> bytes | Diagnostic:
    """The file's bytes, or why they are not read."""
    try:
        size = path.stat().st_size
        if size > MAX_BYTES:
            return Diagnostic(
                "CC005",
                f"{name} is too large: {size // 2**20} MB",
                Span(name),
                cause=f"A file may have {MAX_BYTES // 2**20} MB.",
                hint="split it; every file of the folder is read",
            )
        return path.read_bytes()
    except OSError as error:
        return _unreadable(name, error)


def _unreadable(name: str, error: OSError) -> Diagnostic:
    return Diagnostic("CC001", f"{name} cannot be read: {error.strerror}", Span(name))
