"""The call tests of a project, made as real calls on a test site."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from ccstate import machine
from ccstate.adapters.asterisk import connection as connections
from ccstate.adapters.asterisk import transaction
from ccstate.adapters.asterisk.calls.dialled import Entrance
from ccstate.adapters.asterisk.calls.run import run
from ccstate.adapters.asterisk.calls.sipp import Sipp
from ccstate.adapters.asterisk.calls.sipp_process import find_sipp
from ccstate.adapters.asterisk.connection import Connection
from ccstate.adapters.asterisk.kinds.extension import unknown_password
from ccstate.adapters.asterisk.storage import Storage
from ccstate.adapters.asterisk.test_site import TEST
from ccstate.errors import Blocked, Diagnostic, InvalidInput
from ccstate.journeys.call_tests import Verdict
from ccstate.journeys.flow import Flow
from ccstate.journeys.placed import CallResult


@dataclass(frozen=True, slots=True)
class CallSite:
    """Where the calls are made: the target's connection, the project's folder, and the server's."""

    connection: Connection
    folder: Path
    storage: Storage


def place(
    site: CallSite,
    flow: Flow,
    walked: Sequence[Verdict],
    told: Callable[[CallResult], None],
) -> list[CallResult]:
    """Each test that was walked on what runs there, as a real call.

    Raises Blocked where the platform is no test site, and InvalidInput where ccstate has not
    written there yet.
    """
    connection = site.connection
    if not connection.test_site:
        raise Blocked([_no_test_site()])
    storage = site.storage
    records = transaction.read_records(storage.read(transaction.RECORDS), storage.place)
    if records is None:
        raise InvalidInput([_nothing_there(storage.place)])
    machine.check_hosts([connection.sip.host])
    entrance = Entrance(
        connection.sip.host, connection.sip.port, unknown_password(records.key, TEST)
    )
    login = connections.login(connection, site.folder)
    caller = partial(Sipp, program=find_sipp())
    return run(flow, walked, login, entrance, caller=caller, told=told)


def _no_test_site() -> Diagnostic:
    return Diagnostic(
        "CC416",
        "the target is no test site",
        cause="Test calls ring people, and bring their own time of day: nothing for real callers.",
        hint="use a target whose connection says `test_site: true`, such as that of `make lab`",
    )


def _nothing_there(place: str) -> Diagnostic:
    return Diagnostic(
        "CC417",
        f"ccstate has not written to {place} yet, so no test call is let in",
        hint="plan and apply first: `ccstate plan`",
    )
