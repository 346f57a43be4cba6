"""voicemail.conf → the mailboxes of extensions, and extensions that are nothing but a mailbox."""

from collections.abc import Mapping
from dataclasses import dataclass

from ccstate.adapters.asterisk.conf import Option, Section
from ccstate.adapters.asterisk.importing.estate import Work
from ccstate.adapters.asterisk.importing.names import person
from ccstate.adapters.asterisk.importing.options import fits, lines_of, read_option, table
from ccstate.adapters.asterisk.importing.phones import Phone
from ccstate.adapters.asterisk.kinds.extension import MAILBOX_ROWS
from ccstate.model import Address, Json

_BOX = table("mailbox", MAILBOX_ROWS, {"attaches": True})


@dataclass(frozen=True, slots=True)
class Mailbox:
    """A line of voicemail.conf."""

    name: str
    context: str
    owner: str
    """The extension whose mailbox it is."""


def mailboxes(work: Work, phones: Mapping[str, Phone]) -> dict[tuple[str, str], Mailbox]:
    """Every mailbox by name and context; the fields of their extensions are filled in."""
    found: dict[tuple[str, str], Mailbox] = {}
    owned: set[str] = set()
    watching: dict[tuple[str, str], list[Phone]] = {}
    for phone in phones.values():
        for option in _lamp_lines(phone)[:1]:
            for first in _named(option)[:1]:
                watching.setdefault(first, []).append(phone)
    for section in work.sections("voicemail.conf"):
        if section.name.lower() in ("general", "zonemessages"):
            reason = f"stays by hand: ccstate writes nothing into [{section.name}]"
            work.ledger.leave_all(section.options, reason)
            continue
        moved = "differs: messages, greetings and lamps of these mailboxes stay where they are; "
        moved += "ccstate's mailboxes are in a context of their own"
        if section.options:
            work.ledger.leave_header(section, moved)
        else:
            work.ledger.take_header(section, "it holds no mailbox")
        for option in section.options:
            seen_by = watching.get((option.key, section.name), [])
            phone_of = phones.get(option.key) or (seen_by[0] if len(seen_by) == 1 else None)
            box = _mailbox(work, phone_of, section, option, owned)
            if box:
                found[box.name, box.context] = box
                owned.add(box.owner)
    for phone in phones.values():
        _lamps(work, phone, found)
    return found


def _mailbox(
    work: Work, phone: Phone | None, section: Section, option: Option, owned: set[str]
) -> Mailbox | None:
    """One line: `1101 => pin,name,e-mail,pager,options`; `phone`: of the same name, or with its lamp."""
    name, ledger = option.key, work.ledger
    if not name.isdigit() or not 2 <= len(name) <= 15:
        ledger.leave(option, "a mailbox belongs to an extension, which has a number of digits")
        return None
    owner = phone.name if phone else name
    address = Address("extension", owner)
    if owner in owned or (phone is None and address in work.objects):
        ledger.leave(option, f"extension {owner} has a mailbox already")
        return None
    pin, full, email, pager, options = (*option.value.split(",", 4), "", "", "", "", "")[:5]
    if phone is None:
        work.names.free("extension", owner)
        work.objects[address] = {"device": "none"}
    ledger.take([option], address)
    box: dict[str, Json] = {}
    work.objects[address]["voicemail"] = box
    if pin.strip().isdigit():
        box["pin"] = work.secret("VOICEMAIL", owner, value=pin.strip())
    else:
        ledger.leave(option, "differs: it has no PIN of digits; ccstate sets one that nobody knows")
    if email.strip() and fits("extension", ("voicemail", "email"), email.strip()):
        box["email"] = email.strip()
    elif email.strip():
        ledger.leave(option, "the e-mail address is none that ccstate can write to")
    _name(work, option, phone, owner, full.strip())
    if pager.strip():
        ledger.leave(option, "ccstate sends to no pager")
    for each in filter(None, options.split("|")):
        part, _, value = each.partition("=")
        read_option(work, _BOX, address, option._replace(key=part.strip(), value=value.strip()))
    return Mailbox(name, section.name, owner)


def _name(work: Work, option: Option, phone: Phone | None, owner: str, full: str) -> None:
    """The owner's name, which is told to callers who look for him."""
    user = Address("user", phone.user) if phone and phone.user else None
    if not full:
        return
    if len(full) > 200 or not full.isprintable():
        work.ledger.leave(option, "the owner's name cannot be written")
    elif user is None:
        new = work.names.free("user", person(full))
        if phone:
            phone.user = new
        work.objects[Address("user", new)] = {"name": full, "extension": owner}
    elif work.objects[user]["name"] != full:
        shown = work.objects[user]["name"]
        work.ledger.leave(
            option, f"differs: the phone calls its owner {shown}, and so does ccstate"
        )


def _lamp_lines(phone: Phone) -> list[Option]:
    return [o for s in (phone.endpoint, *phone.aors[:1]) for o in lines_of(s, "mailboxes")]


def _named(option: Option) -> list[tuple[str, str]]:
    """The mailboxes that a lamp shows, by name and context."""
    parts = (part.strip().partition("@") for part in option.value.split(",") if part.strip())
    return [(name, context or "default") for name, _, context in parts]


def _lamps(work: Work, phone: Phone, found: Mapping[tuple[str, str], Mailbox]) -> None:
    """Which mailboxes light the lamp of a phone; with ccstate it is its own."""
    lines = _lamp_lines(phone)
    has_box = work.objects[phone.address].get("voicemail") is not None
    if not lines and has_box:
        reason = "differs: with ccstate the lamp of this phone shows its messages"
        work.ledger.leave_header(phone.endpoint, reason)
    for option in lines:
        for name, context in _named(option):
            box = found.get((name, context))
            if box and box.owner == phone.name:
                work.ledger.take([option], phone.address)
            elif box:
                told = (
                    f"differs: the lamp shows the mailbox of {box.owner}; ccstate's shows its own"
                )
                work.ledger.leave(option, told)
            else:
                own = "; with ccstate the lamp shows the phone's own" if has_box else ""
                told = (
                    f"differs: there is no mailbox {name}@{context}, so the lamp never lights{own}"
                )
                work.ledger.leave(option, told)
