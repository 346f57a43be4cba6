"""Load the desired state from a folder of YAML, with the problems of all its files."""

import os
import signal
from collections import deque
from collections.abc import Iterator, Mapping
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from multiprocessing import get_all_start_methods, get_context
from pathlib import Path

from ccstate.desired.cache import ParseCache
from ccstate.desired.crosschecks import check_together, declared_twice
from ccstate.desired.documents import Document, parse
from ccstate.desired.findings import Finding, diagnose
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

    @property
    def files(self) -> int:
        """How many files there are that could be read."""
        return len(self.keys)


def load(settings: Settings, cache: ParseCache) -> Desired:
    """Load the desired state; problems are collected, nothing is raised for a file."""
    problems: list[Diagnostic] = []
    findings: list[Finding] = []
    documents: dict[str, Document] = {}
    paths: dict[str, Path] = {}
    contents: dict[str, bytes] = {}
    for entry in yaml_files(settings.root / settings.desired_state, settings.root):
        if isinstance(entry, Diagnostic):
            problems.append(entry)
            continue
        file, paths[entry[0]] = entry[0], entry[1]
        content = content_of(paths[file], file)
        if isinstance(content, Diagnostic):
            problems.append(content)
        else:
            contents[file] = content
    keys = {file: cache.key(content) for file, content in contents.items()}
    _parse_side_by_side(contents, keys, cache)
    for file, key in keys.items():
        documents[file], refused, found = _document(contents.pop(file), file, key, cache)
        problems += refused
        findings += found

    def content_again(file: str) -> bytes:
        return paths[file].read_bytes()

    state, twice = _state(documents, settings.defaults)
    findings += twice
    findings += check_together(documents, state, content_again)
    cache.prune()
    problems += diagnose(findings, content_again)
    release = frozenset(
        parse_address(entry) for document in documents.values() for entry in document.release
    )
    return Desired(state, release, tuple(problems), keys)


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
            more = defaults.get(kind)
            if more and not more.keys() <= fields.keys():
                missing = {field: value for field, value in more.items() if field not in fields}
                state[address] = Resource(address, {**missing, **fields}, file, frozenset(missing))
            else:
                state[address] = Resource(address, fields, file)
    return state, twice
