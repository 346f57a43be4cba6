"""What Asterisk would refuse, or swallow without a word: told before anything is written."""

from collections.abc import Collection, Iterator, Sequence

from ccstate import kinds
from ccstate.adapters.asterisk.ami import faults
from ccstate.adapters.asterisk.audit.refusals import Refusal, refusals
from ccstate.adapters.asterisk.conf import Section, resolved
from ccstate.adapters.asterisk.drafts import Draft
from ccstate.adapters.asterisk.entries import PJSIP, Compiled, used_files
from ccstate.adapters.asterisk.handwritten import MAIN, Handwritten, conflicts, setup_problems
from ccstate.adapters.asterisk.storage.faults import unreadable
from ccstate.adapters.asterisk.unmanaged import out_of_reach
from ccstate.drafts import CHANGED
from ccstate.errors import Diagnostic, Span
from ccstate.model import Change


def audited(
    changes: Sequence[Change],
    drafted: Draft,
    compiled: Compiled,
    by_hand: Handwritten,
    place: str,
) -> list[Diagnostic]:
    """Every problem of these changes, with what to do about it."""
    if not changes:
        return []
    return [
        *(
            problem.diagnostic(place)
            for problem in setup_problems(by_hand, used_files(compiled.entries))
        ),
        *conflicts(by_hand, compiled, place),
        *_elsewhere(drafted),
        *out_of_reach(drafted),
        *_without_transport(drafted, by_hand, place),
        *(refusal.problem for refusal in refusals(drafted.objects) if _is_known(refusal, drafted)),
    ]


def _is_known(refusal: Refusal, drafted: Draft) -> bool:
    """Whether what is refused is what will be written: of secrets a reader knows seals alone."""
    address = refusal.address
    return not drafted.is_sealed or refusal.field not in kinds.secrets(
        address.kind, drafted.objects[address]
    )


def rights_missing(actions: Collection[str], host: str) -> Iterator[Diagnostic]:
    """Rights that an apply may come to need; `actions` are those that AMI does not permit."""
    for action in actions:
        if action == "QueuePause":
            yield Diagnostic(
                "CC418",
                f"the AMI user at {host} may not pause agents",
                cause="A reload of the queues forgets why an agent is paused; ccstate says it again.",
                hint="add `agent` to its `write` in manager.conf, then `manager reload`",
            )
        else:
            yield faults.forbidden(host, action)


def files_closed(paths: Collection[str], place: str) -> Iterator[Diagnostic]:
    """Files that whoever applies has to read, and may not."""
    for path in sorted(paths):
        yield unreadable(place, path.rstrip("/"), "permission denied")


def _without_transport(drafted: Draft, by_hand: Handwritten, place: str) -> Iterator[Diagnostic]:
    """Trunks whose messages could not travel; Asterisk 22 then drops their registration (seen)."""
    sections = resolved(by_hand.confs[PJSIP])
    there = {section.get("protocol") or "udp" for section in sections if _is_transport(section)}
    wanted: dict[str, list[str]] = {}
    for address, fields in sorted(drafted.objects.items()):
        if address.kind == "trunk":
            wanted.setdefault(str(fields.get("transport") or "udp"), []).append(address.name)
    for protocol, trunks in wanted.items():
        if protocol not in there:
            more = f" and {len(trunks) - 1} more" if len(trunks) > 1 else ""
            yield Diagnostic(
                "CC415",
                f"{place}/{MAIN[PJSIP]} has no transport for {protocol}, "
                f"which trunk/{trunks[0]}{more} needs",
                Span(f"{place}/{MAIN[PJSIP]}"),
                cause="ccstate writes no transports: addresses and certificates are the server's.",
                hint=f"add a section there with type=transport and protocol={protocol}",
            )


def _is_transport(section: Section) -> bool:
    return section.get("type") == "transport"


def _elsewhere(drafted: Draft) -> Iterator[Diagnostic]:
    for address, why in drafted.refused.items():
        if address in drafted.elsewhere:
            stale = why == CHANGED
            yield Diagnostic(
                "CC414",
                f"{address} {why}" if stale else why,
                cause="What is written by hand stays as it is.",
                hint="plan again: `ccstate plan`"
                if stale
                else f"remove {address} from that file, or from the desired state",
            )
