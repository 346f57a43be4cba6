"""Caller lists: a context whose extensions are the numbers, entered by the number of the caller.

What a caller says of itself reaches it filtered to digits and a plus, so that it can be no more
than an extension that is there or is not.
"""

from ccstate.adapters.asterisk.entries import Compiled, Context, Step
from ccstate.adapters.asterisk.kind import COMMENT, Kind, Sections, Unit, in_contexts
from ccstate.adapters.asterisk.kinds.trunk import ANYTHING, CALLER
from ccstate.adapters.asterisk.places import LISTS, WHO, shortened
from ccstate.adapters.asterisk.rows import Decoded
from ccstate.journeys.moments import WITHHELD

HELD, NOT_HELD = Step("Return", "1"), Step("Return", "0")


def compile_caller_list(unit: Unit) -> None:
    """Compile the context of one list: it returns 1 for a caller who is in it, else 0."""
    fields, where = unit.fields, unit.context(shortened(LISTS + unit.name))
    where.note(unit.label)
    for number in fields.get("numbers") or ():
        where.add(number, [HELD._replace(field="numbers")])
    for prefix in fields.get("prefixes") or ():
        # `!` is nothing or more: a caller whose whole number is the prefix is in the list, too.
        where.add(f"_{prefix}!", [HELD._replace(field="prefixes")])
    where.add(WITHHELD, [(HELD if fields["withheld"] else NOT_HELD)._replace(field="withheld")])
    where.add(ANYTHING, [NOT_HELD])


def decode_caller_list(sections: Sections, name: str) -> Decoded:
    """Decode the numbers, prefixes and callers without a number that a context holds."""
    found = sections.context(shortened(LISTS + name))
    held = [exten for exten, steps in found.items() if [str(s) for s in steps] == [str(HELD)]]
    numbers = sorted(exten for exten in held if exten.startswith("+"))
    prefixes = sorted(exten[1:-1] for exten in held if exten.startswith("_+"))
    return {
        ("numbers",): list(numbers) or None,
        ("prefixes",): list(prefixes) or None,
        ("withheld",): WITHHELD in held,
    }


def compile_who(compiled: Compiled) -> None:
    """Compile the subroutine that says who calls: a number, or that none is shown."""
    Context(compiled, WHO).add(
        "s",
        [
            Step("Set", f"CC_WHO={CALLER}"),
            # RFC 3323: the carrier tells the number, and asks not to show it.
            Step("GotoIf", '$["${CALLERID(num-pres):0:6}" = "prohib"]?hidden'),
            Step("GotoIf", '$["${LEN(${CC_WHO})}" != "0"]?known'),
            Step("Set", f"CC_WHO={WITHHELD}", label="hidden"),
            Step("Return", label="known"),
        ],
    )


CALLER_LIST = Kind(
    name="caller_list",
    compile=compile_caller_list,
    decode=decode_caller_list,
    names=in_contexts(LISTS),
    mapped="numbers prefixes withheld",
    kept={"label": COMMENT},
)
