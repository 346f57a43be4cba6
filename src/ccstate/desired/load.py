"""Load the desired state from a folder of YAML, with the problems of all its files."""

import os
import signal
from collections import deque
from collections.abc import Iterator, Mapping
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from multiprocessing import get_all_start_methods, get_context
from pathlib import Path
from types import MappingProxyType

from ccstate.desired.cache import ParseCache
from ccstate.desired.crosschecks import check_together, declared_twice, earlier_names
from ccstate.desired.documents import Document, parse
from ccstate.desired.findings import Finding, diagnose
from ccstate.desired.overlays import Overlay, merge, parse_overlay
from ccstate.desired.settings import Settings
from ccstate.desired.tree import content_of, yaml_files
from ccstate.errors import Diagnostic
from ccstate.model import Address, Fields, Resource, State, parse_address


@dataclass(frozen=True, slots=True)
class Desired:
    """What the folder declares: resources, addresses to release, problems."""

    state: State
    release: frozenset[Address]
    problems: tuple[Diagnostic, ...]
    keys: Mapping[str, str]
    """What was read: for each file the name that `ParseCache.key` gives to its bytes."""
    removed: Mapping[Address, str] = field(default_factory=dict)
    """Resources of the base that the environment does not have, each with the file that says so."""
    moves: Mapping[Address, tuple[Address, ...]] = field(default_factory=dict)
    """Earlier names of resources by the one that they have now, the latest of them first."""

    @property
    def files(self) -> int:
        """How many files there are that could be read."""
        return len(self.keys)


def load(
    settings: Settings, cache: ParseCache, edited: Mapping[str, bytes] = MappingProxyType({})
) -> Desired:
    """Load the desired state; problems are collected, nothing is raised for a file.

    `edited` holds files as they would be, by their names from the project's folder.
    """
    problems: list[Diagnostic] = []
    findings: list[Finding] = []
    documents: dict[str, Document] = {}
    files = _Files(settings, edited, problems)
    contents = files.contents(settings.desired_state)
    keys = {file: cache.key(content) for file, content in contents.items()}
    _parse_side_by_side(contents, keys, cache)
    for file, key in keys.items():
        documents[file], refused, found = _document(contents.pop(file), file, key, cache)
        problems += refused
        findings += found

    state, twice = _state(documents, {} if settings.overlay else settings.defaults)
    findings += twice
    removed: Mapping[Address, str] = {}
    if settings.overlay:
        overlays: dict[str, Overlay] = {}
        contents = files.contents(settings.overlay)
        for file, content in contents.items():
            keys[file] = cache.key(content)
            overlays[file], refused, found = parse_overlay(content, file)
            problems += refused
            findings += found
        merged = merge(state, documents, overlays)
        findings += merged.findings
        documents, removed = merged.documents, merged.removed
        state = {a: _with_defaults(r, settings.defaults) for a, r in merged.state.items()}
    findings += check_together(documents, state, files.again, removed)
    cache.prune()
    problems += diagnose(findings, files.again)
    release = frozenset(
        parse_address(entry) for document in documents.values() for entry in document.release
    )
    moves = earlier_names(documents)
    return Desired(state, release, tuple(problems), keys, removed, moves)


@dataclass(frozen=True, slots=True)
class _Files:
    """The files of a project, some of them as they would be; `problems` collects refusals."""

    settings: Settings
    edited: Mapping[str, bytes]
    problems: list[Diagnostic]
    paths: dict[str, Path] = field(default_factory=dict)

    def contents(self, folder: str) -> dict[str, bytes]:
        """Read the files below a folder."""
        contents: dict[str, bytes] = {}
        root = self.settings.root
        # An environment may change nothing, and have no folder.
        is_there = folder == self.settings.desired_state or (root / folder).is_dir()
        for entry in yaml_files(root / folder, root) if is_there else ():
            if isinstance(entry, Diagnostic):
                self.problems.append(entry)
                continue
            file, self.paths[entry[0]] = entry[0], entry[1]
            content = self.edited[file] if file in self.edited else content_of(entry[1], file)
            if isinstance(content, Diagnostic):
                self.problems.append(content)
            else:
                contents[file] = content
        below = (file for file in self.edited if file.startswith(f"{folder}/"))
        return contents | {file: self.edited[file] for file in below if file not in contents}

    def again(self, file: str) -> bytes:
        """Read a file once more, for the places of what is reported."""
        return self.edited[file] if file in self.edited else self.paths[file].read_bytes()


PARALLEL_FROM = 4 * 2**20
"""Bytes of YAML without a cache entry, from which a second process is worth its start."""


def _parse_side_by_side(
    contents: Mapping[str, bytes], keys: Mapping[str, str], cache: ParseCache
) -> None:
    """Fill the cache on several processors, where many bytes are new; the rest is parsed in turn."""
    cold = [
        (content, file, keys[file], cache)
        for file, content in contents.items()
        if not cache.has(keys[file])
    ]
    size = sum(len(content) for content, *_ in cold)
    workers = os.cpu_count() or 1
    if size < PARALLEL_FROM or workers < 2 or "fork" not in get_all_start_methods():
        return
    context = get_context("fork")
    with (
        suppress(
            BrokenProcessPool
        ),  # a worker was killed, perhaps for its memory: parse one by one
        ProcessPoolExecutor(min(workers, MOST_WORKERS), context) as pool,
    ):
        with _interrupts_blocked():
            kept = pool.map(_keep, *zip(*cold, strict=True), chunksize=4)
        deque(kept, maxlen=0)


@contextmanager
def _interrupts_blocked() -> Iterator[None]:
    """Block Ctrl-C in processes that are forked in here: their parent gets it, and ends them."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


MOST_WORKERS = 8


def _keep(content: bytes, file: str, key: str, cache: ParseCache) -> None:
    _document(content, file, key, cache)


def _document(
    content: bytes, file: str, key: str, cache: ParseCache
) -> tuple[Document, list[Diagnostic], list[Finding]]:
    if kept := cache.get(key):
        return kept, [], []
    document, refused, findings = parse(content, file)
    if not refused and not findings:
        cache.put(key, document)
    return document, refused, findings


def _state(
    documents: Mapping[str, Document], defaults: Mapping[str, Fields]
) -> tuple[State, list[Finding]]:
    """Merge the documents: each resource once, and findings for those that are declared again."""
    state: dict[Address, Resource] = {}
    twice: list[Finding] = []
    for file, document in documents.items():
        for kind, name, fields in document.resources:
            address = Address(kind, name)
            if address in state:
                twice.append(declared_twice(address, file, state[address].file))
                continue
            missing = _missing(kind, fields, defaults)
            own = {**missing, **fields} if missing else fields
            state[address] = Resource(address, own, file, frozenset(missing))
    return state, twice


def _missing(kind: str, fields: Fields, defaults: Mapping[str, Fields]) -> Fields:
    """Select the project's defaults for what the files do not declare of a resource."""
    more = defaults.get(kind)
    if not more or more.keys() <= fields.keys():
        return {}
    return {name: value for name, value in more.items() if name not in fields}


def _with_defaults(resource: Resource, defaults: Mapping[str, Fields]) -> Resource:
    missing = _missing(resource.address.kind, resource.fields, defaults)
    fields = {**missing, **resource.fields}
    return replace(resource, fields=fields, defaulted=frozenset(missing)) if missing else resource
