"""One apply at a time on a platform: who holds the locks, whether they live, and who may end that.

The lock itself lies on the platform, where the ledger lies; adapters take and give it back.
"""

import os
import shlex
import socket
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from pathlib import Path

from ccstate.adapter import UNKNOWN, Adapter, Holder
from ccstate.apply import codes as apply_codes
from ccstate.errors import CcstateError, Diagnostic, Locked

ENDED = frozenset("ZX")
"""States of a process that runs no more: zombie, dead. Source: proc_pid_stat(5)."""


class Life(Enum):
    ALIVE = "alive"
    DEAD = "dead"
    UNKNOWN = "unknown"
    """On another host, in another container, or before this host was started again."""


def this_process(owner: str, since: str, plan: str) -> Holder:
    """This process as the holder of locks; `owner` is user@host, `since` ISO 8601 UTC."""
    return Holder(owner, os.getpid(), _identity(os.getpid()), since, plan)


def life(holder: Holder) -> Life:
    """Whether the holder's process still runs, as far as that can be known from here."""
    if holder == UNKNOWN or holder.host != socket.gethostname():
        return Life.UNKNOWN
    ours = _identity(os.getpid())
    if holder.process.rpartition(" ")[0] != ours.rpartition(" ")[0]:
        return Life.UNKNOWN
    try:
        os.kill(holder.pid, 0)
    except ProcessLookupError:
        return Life.DEAD
    except OSError:
        pass  # it runs, as another user
    now = _identity(holder.pid)
    return Life.DEAD if now and now != holder.process else Life.ALIVE


def _identity(pid: int) -> str:
    """What identifies a process: boot, container, moment of its start; "" if unknown.

    Source: proc_pid_stat(5), pid_namespaces(7), proc_sys_kernel(5); other systems have no /proc.
    """
    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
        space = Path("/proc/self/ns/pid").readlink()
        # The name, in brackets, may hold anything; behind it come the third field and so on.
        stat = Path(f"/proc/{pid}/stat").read_bytes().rpartition(b")")[2].decode().split()
    except OSError:
        return ""
    return f"{boot} {space} {'ended' if stat[0] in ENDED else stat[19]}"


@dataclass(frozen=True, slots=True)
class Held:
    """The locks of all targets of a plan, held by one process."""

    holder: Holder
    adapters: Mapping[str, Adapter]

    def lost(self, target: str) -> str:
        """What became of the lock of a target, in words; "" where it is still held."""
        now = self.adapters[target].holder()
        if now == self.holder:
            return ""
        return "it was removed" if now is None else f"{now.owner} has it now"


Warn = Callable[[Sequence[Diagnostic]], None]
Keep = Callable[[], bool]
"""Whether locks are not given back yet: somebody else will, see `ccstate.apply.confirmation`."""


def _never() -> bool:
    return False


@contextmanager
def holding(
    adapters: Mapping[str, Adapter], holder: Holder, warn: Warn, keep: Keep = _never
) -> Iterator[Held]:
    """All locks, given back in the end; Locked where one is held, even by a dead process.

    Always in one order, so that of two applies one gets all of them. Where a lock cannot be given
    back, `warn` is called: what became of the plan is not changed by it.
    """
    with ExitStack() as stack:
        for name in sorted(adapters):
            found = adapters[name].lock(holder)
            if found is not None and found != holder:
                raise Locked(_refusal(name, found, holder))
            stack.callback(_give_back, name, adapters[name], holder, warn, keep)
        yield Held(holder, adapters)


@contextmanager
def holding_again(
    adapters: Mapping[str, Adapter], holder: Holder, warn: Warn, keep: Keep = _never
) -> Iterator[Held]:
    """All locks, for an apply that goes on: also those of a dead process that had the same plan."""
    for adapter in adapters.values():
        before = adapter.holder()
        if before and before.plan == holder.plan and life(before) is Life.DEAD:
            adapter.unlock(before)
    with holding(adapters, holder, warn, keep) as held:
        yield held


def _give_back(name: str, adapter: Adapter, holder: Holder, warn: Warn, keep: Keep) -> None:
    if keep():
        return
    try:
        adapter.unlock(holder)
    except CcstateError as error:
        warn([*error.problems, apply_codes.LOCK_KEPT(name=name)])


def release(name: str, adapter: Adapter, owner: str, now: str) -> Holder | None:
    """Removes the lock that a dead process left, and says whose it was; None where there is none.

    Raises Locked where the holder lives, or may live: on another host, unless `owner` names it.
    """
    found = adapter.holder()
    if found is None:
        return None
    state = life(found)
    if state is Life.ALIVE or (state is Life.UNKNOWN and owner != found.owner):
        raise Locked(_in_use(name, found, state, now))
    adapter.unlock(found)
    return found


def who(holder: Holder) -> str:
    """The holder in words: `ann@ci-7 (process 77)`."""
    return f"{holder.owner} (process {holder.pid})" if holder.pid else "an unknown process"


def _applying(name: str, holder: Holder, now: str) -> str:
    if holder == UNKNOWN:
        return f"{name} is locked, and the lock does not say by whom"
    return (
        f'plan "{holder.plan}" is being applied to {name} by {who(holder)}'
        f"{_age(holder.since, now)}, since {holder.since}"
    )


def _age(since: str, now: str) -> str:
    """How long before `now`, in one unit: ` for 3 min`; empty where either is no time."""
    try:
        seconds = (datetime.fromisoformat(now) - datetime.fromisoformat(since)).total_seconds()
    except (ValueError, TypeError):
        return ""
    for unit, size in (("d", 86400), ("h", 3600), ("min", 60)):
        if seconds >= size:
            return f" for {int(seconds // size)} {unit}"
    return f" for {max(0, int(seconds))} s"


def _refusal(name: str, found: Holder, wanted: Holder) -> Diagnostic:
    message = _applying(name, found, wanted.since)
    state = life(found)
    cause = "Two applies at once would overwrite each other's changes."
    hint = "wait until it has ended"
    if state is Life.UNKNOWN:
        hint += f"; if it certainly has: {_by_name(found)}"
    elif state is Life.DEAD:
        cause = "That process no longer runs: it was killed, and its plan may be half applied."
        hint = f"finish it: ccstate apply {found.plan} --resume; or give it up: ccstate unlock"
    return apply_codes.LOCK_HELD(applying=message, cause=cause, hint=hint)


def _in_use(name: str, found: Holder, state: Life, now: str) -> Diagnostic:
    applying = _applying(name, found, now)
    if state is Life.ALIVE:
        return apply_codes.LOCK_OF_LIVING(applying=applying, pid=found.pid)
    return apply_codes.LOCK_OF_UNKNOWN(applying=applying, command=_by_name(found))


def _by_name(holder: Holder) -> str:
    return f"ccstate unlock --owner {shlex.quote(holder.owner)}"
