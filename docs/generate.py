"""Writes docs/kinds.md from the kinds, docs/measures.md from the measures, docs/rules.md and docs/rules/ from the rules.

Parts of docs/adapters/ too: the abilities that adapters declare, and the keys of a connection; and
docs/adapters/fields.md, field by field. In docs/codes.md the messages, from the catalogues of codes.

`python docs/generate.py`. Every word of those pages stands in `ccstate.kinds` and `ccstate.rules`;
tests/test_docs.py notices when one is out of date.
"""
# ruff: noqa: INP001 - a script, no package

import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from string import Formatter
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, TypeAlias, Union, get_args, get_origin

from annotated_types import Ge, Le, MinLen
from pydantic import BaseModel
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from ccstate import codes
from ccstate.adapter import Adapter, Support
from ccstate.adapters import embedded
from ccstate.adapters.asterisk import adapter as asterisk
from ccstate.adapters.asterisk import codes as asterisk_codes
from ccstate.adapters.asterisk.connection import Connection
from ccstate.adapters.manual import codes as manual_codes
from ccstate.adapters.manual.connection import Connection as ManualConnection
from ccstate.adapters.node_red import adapter as node_red
from ccstate.adapters.node_red import codes as node_red_codes
from ccstate.apply import codes as apply_codes
from ccstate.audit import codes as audit_codes
from ccstate.errors import Code
from ccstate.forge import codes as forge_codes
from ccstate.kinds import KINDS, Kind, field_paths, fields
from ccstate.kinds.fields import Compare, Expectation, KindFields, Ref, field_docstrings
from ccstate.measures import MEASURES, Measure
from ccstate.policy import codes as policy_codes
from ccstate.render.diagnostics import diagnostics_text
from ccstate.render.rule_text import Explained, rule_markdown
from ccstate.rules import RULES, Rule
from ccstate.rules.pages import judged_example
from ccstate.rules.pages import page as page_of
from ccstate.secrets import codes as secrets_codes
from ccstate.worker import codes as worker_codes

FOLDER = Path(__file__).parent

RULES_INTRODUCTION = """\
# Rules

*Written by `docs/generate.py` from `src/ccstate/rules/`. Do not edit it here.*

A desired state can be valid and still leave callers in the lurch: a menu that waits for ever, a queue that
nobody can answer, hours that end in December. Rules find such places. `ccstate validate` runs them on every
state that has no errors, without any platform:

    $ ccstate validate
    {example}
    Why, and how to silence it: ccstate rule {code}

A rule that is an **error** fails `ccstate validate`: callers get lost, a call for help fails, money or
secrets leak. A **warning** is shown, and fails nothing. What is judged is the desired state alone, on the day
of the run; `ccstate validate --at 2027-01-01` judges it as of another day.

"""
RULES_END = """
## Change how severe a rule is

In [ccstate.yaml](project-file.md#rules), for the whole project:

```yaml
rules:
  CC212: error      # fails `ccstate validate`
  CC223: ignore     # is not run
```

## Silence a rule in one place

With a comment that says why, at the end of the line that the message names, or on a line of its own above it:

```yaml
schedules:
  weekdays:
    timezone: Australia/Sydney
    # ccstate: ignore CC223 the government names the dates in June
    holidays:
```

It holds for what stands below that line too: at a field for the whole field, at the name of a resource for all
of the resource. Several codes are separated by commas or spaces:

```yaml
queues:
  night-desk:  # ccstate: ignore CC212, CC214 two people, and they know it
```

A comment without a reason, with a code that no rule has, or with nothing to silence is reported itself,
as [CC200](rules/CC200.md). Only rules can be silenced: what is [wrong](codes.md) stays wrong.
"""

INTRODUCTION = """\
# Kinds

*Written by `docs/generate.py` from `src/ccstate/kinds/`. Do not edit it here.*

A file of the desired state maps the plural of a kind to named resources. A file may hold several kinds.

```yaml
queues:
  sales:                    # the address of this one is queue/sales
    label: Sales
    ring_for: 20s
    members:
      - {user: priya.n}
      - {team: sales-overflow, penalty: 5}
```

How to read the tables:

- **Required** fields must be written. The others may be left out: then ccstate does not manage them.
- **Default** is what a new object gets where nobody declares the field. An object that exists already
  keeps what it has. See [declared fields](concepts.md#only-what-is-declared-changes).
- **Set of** means that order says nothing. **List of** means that it does.
- A field that may be left out takes `null` too: *not set*, or its default again. See [null](concepts.md#null-means-not-set).
- **Secret** fields take a reference, never the secret. See [secrets](concepts.md#secrets).
- A resource's name begins with a letter or digit and has at most 80 characters. Whoever needs another
  spelling for people writes it in `label`.
"""

VALUES: Mapping[str, Any] = {
    "text": fields.Text,
    "name": fields.Name,
    "digits": fields.Digits,
    "international number": fields.E164,
    "e-mail address": fields.Email,
    "duration": fields.Duration,
    "time": fields.PositiveDuration,
    "date": fields.Date,
    "time span": fields.TimeSpan,
    "timezone": fields.Timezone,
    "language": fields.Language,
    "secret": fields.SecretReference,
    "destination": fields.CallDestination,
    "node or destination": fields.NodeDestination,
}
"""What the tables call the values that many fields have."""

Inner: TypeAlias = dict[str, type[BaseModel]]
"""Models that stand inside of others, by where they stand."""


def page() -> str:
    """The whole page."""
    contents = " · ".join(f"[{kind.plural}](#{kind.plural})" for kind in KINDS.values())
    sections = "\n".join(_section(kind) for kind in KINDS.values())
    return f"{INTRODUCTION}\n{contents}\n\n{_values()}\n{_for_all()}\n{sections}"


def _values() -> str:
    rows = [f"| {name} | {_cell(_means(get_args(alias)[1:]))} |" for name, alias in VALUES.items()]
    return "\n".join(["## Values", "", "| In the tables | In YAML |", "|---|---|", *rows, ""])


def _means(metadata: Iterable[Any]) -> str:
    return next((mark.words for mark in metadata if isinstance(mark, Expectation)), "")


def _for_all() -> str:
    return "\n".join(["## Fields of every kind", "", *_table(KindFields, "", {}), ""])


def _section(kind: Kind) -> str:
    lines = [
        f"## {kind.plural}",
        "",
        f"`{kind.name}/{_example(kind)}`. {_sentence(kind.model)}",
        "",
    ]
    inner: Inner = {}
    lines += [*_table(kind.model, "", inner), ""]
    while inner:
        path = next(iter(inner))
        model = inner.pop(path)
        deeper: Inner = {}
        lines += [f"**`{path}`**: {_sentence(model)}", "", *_table(model, path, deeper), ""]
        inner = {**deeper, **inner}
    return "\n".join(lines)


def _example(kind: Kind) -> str:
    return {"number": "+61255501234", "extension": "2001"}.get(kind.name, "name")


def _sentence(model: type[BaseModel]) -> str:
    text = " ".join((model.__doc__ or "").split())
    return text if model.__base__ is KindFields else text[0].lower() + text[1:]


def _table(model: type[BaseModel], path: str, inner: Inner) -> Iterator[str]:
    rows = [
        (name, field)
        for name, field in model.model_fields.items()
        if not (
            issubclass(model, KindFields)
            and model is not KindFields
            and name in KindFields.model_fields
        )
    ]
    meanings = field_docstrings(model)
    yield "| Field | Value | Default | Meaning |"
    yield "|---|---|---|---|"
    for name, field in rows:
        here = f"{path}.{name}" if path else name
        words = _cell(_words(field.annotation, field.metadata, here, inner))
        meaning = _cell(" ".join(meanings.get(name, "").split()))
        yield f"| `{name}` | {words} | {_default(field)} | {meaning} |"


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


def _default(field: FieldInfo) -> str:
    if field.is_required():
        return "**required**"
    value = field.default
    if value is None or value is PydanticUndefined:
        return ""
    return f"`{str(value).lower()}`" if isinstance(value, bool) else f"`{value}`"


def _words(annotation: Any, metadata: list[Any], path: str, inner: Inner) -> str:
    """What may be written in a field; models that stand in it are added to `inner`."""
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        return _words(arguments[0], [*arguments[1:], *metadata], path, inner)
    if origin in (Union, UnionType):
        options = [option for option in arguments if option is not NoneType]
        if len(options) > 1:
            return _one_of(options, path, inner)
        return _words(options[0], metadata, path, inner)
    if origin is Literal:
        return ", ".join(f"`{choice}`" for choice in arguments)
    if origin is list:
        unordered = any(isinstance(mark, Compare) for mark in metadata)
        least = _least(metadata)
        item = _several(_words(arguments[0], [], f"{path}[]", inner))
        return f"{'set' if unordered else 'list'} of {item}{least}"
    if origin is dict:
        key = _words(arguments[0], [], path, inner)
        item = _words(arguments[1], [], f"{path}.*", inner)
        return f"mapping from {key} to {item}{_least(metadata)}"
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        inner[path] = annotation
        return f"fields, see `{path}` below"
    return _plain(annotation, metadata)


def _several(words: str) -> str:
    """The words for more than one of it, as far as that sounds better."""
    plurals = {"destination": "destinations", "name": "names", "time span": "time spans"}
    return plurals.get(words, words.replace("name of a", "names, each of a", 1))


def _one_of(options: list[Any], path: str, inner: Inner) -> str:
    names = []
    for option in options:
        model = get_args(option)[0] if get_origin(option) is Annotated else option
        tag = get_args(model.model_fields["type"].annotation)[0]
        names.append(f"`{tag}`")
        inner[f"{path}: {tag}"] = model
    return f"fields by `type`: {', '.join(names)}"


def _plain(annotation: Any, metadata: list[Any]) -> str:
    """A value without parts."""
    named = next((mark.kind for mark in metadata if isinstance(mark, Ref)), "")
    if named == "voicemail":
        return "name of an [extension](#extensions) that has a mailbox"
    if named:
        return f"name of {'an' if named[0] in 'aeio' else 'a'} [{named}](#{KINDS[named].plural})"
    if annotation is bool:
        return "`true`, `false`"
    if annotation is int:
        return f"whole number{_range(metadata)}"
    means = _means(metadata)
    short = {_means(get_args(alias)[1:]): name for name, alias in VALUES.items()}
    return short.get(means, means) or "text"


def _range(metadata: list[Any]) -> str:
    parts = [part for mark in metadata for part in getattr(mark, "metadata", [mark])]
    low = next((part.ge for part in parts if isinstance(part, Ge)), None)
    high = next((part.le for part in parts if isinstance(part, Le)), None)
    return f", {low} to {high:,}" if isinstance(low, int) and isinstance(high, int) else ""


def _least(metadata: list[Any]) -> str:
    found = any(
        isinstance(part, MinLen) for mark in metadata for part in getattr(mark, "metadata", [mark])
    )
    return ", at least one" if found else ""


def _explained(rule: Rule) -> Explained:
    found = page_of(rule.code)
    return Explained(rule, found, judged_example(found.bad))


def rules_pages() -> dict[str, str]:
    """The index of the rules, and a page for each, by file name below docs/."""
    explained = [_explained(rule) for rule in RULES.values()]
    rows = [
        f"| [{rule.code}](rules/{rule.code}.md) | {rule.severity.value} | {rule.name} | {rule.summary} |"
        for rule in RULES.values()
    ]
    shown = next((e for e in explained if e.rule.code == "CC204"), explained[0])
    example = diagnostics_text(shown.says[:1]).rstrip().replace("\n", "\n    ")
    head = RULES_INTRODUCTION.format(example=example, code=shown.rule.code)
    table = ["| Code | Severity | Name | Finds |", "|---|---|---|---|", *rows]
    pages = {"rules.md": head + "\n".join(table) + "\n" + RULES_END}
    for found in explained:
        title, _, rest = rule_markdown(found).partition("\n")
        page = f"src/ccstate/rules/pages/{found.rule.code}.md"
        note = f"*Written by `docs/generate.py` from `{page}`. [All rules](../rules.md)*"
        pages[f"rules/{found.rule.code}.md"] = f"{title}\n\n{note}\n{rest}"
    return pages


ADAPTERS: Mapping[str, Adapter] = {
    "embedded": embedded.connect({"path": "any"}, FOLDER),
    "asterisk": asterisk.connect({"ami": {"secret": "env:ANY"}}, FOLDER),
    "node-red": node_red.connect({"url": "http://127.0.0.1:1880"}, FOLDER),
}
"""Connecting opens nothing: what an adapter can do, it says without a platform."""


def _abilities() -> str:
    names = list(ADAPTERS)
    every = {name: ADAPTERS[name].supports for name in names}
    rows = [
        [f"[{kind.plural}](../kinds.md#{kind.plural})", *(_ability(every[n].get(k)) for n in names)]
        for k, kind in KINDS.items()
    ]
    for said, flag in (
        ("A batch is one write: all of it, or nothing", "atomic"),
        ("Two levels: stored, and running after a reload", "needs_reload"),
        ("Objects that name each other come in one batch", "cycles"),
        ("An object that is renamed keeps what no file declares of it", "moves"),
    ):
        answers = [{getattr(support, flag) for support in every[name].values()} for name in names]
        rows.append(
            [said, *("yes" if a == {True} else "some" if True in a else "no" for a in answers)]
        )
    head = ["", *(f"`{name}`" for name in names)]
    lines = [f"| {' | '.join(row)} |" for row in (head, ["---"] * len(head), *rows)]
    return "\n".join(lines)


def _ability(support: Support | None) -> str:
    if support is None:
        return "no"
    missing = [verb for verb in ("create", "update", "delete") if verb not in support.verbs]
    words = [f"no {verb}" for verb in missing]
    counts = {
        "mapped": len(support.mapped),
        "kept": len(support.kept),
        "lacking": len(support.lacking),
    }
    words += [f"{count} {place}" for place, count in counts.items() if count]
    return ", ".join(words)


FIELDS_INTRODUCTION = """\
# Fields on each platform

*Written by `docs/generate.py` from what each adapter declares (`supports`). Do not edit it here.*

- **mapped**: the field is written to the platform, and read back from there. A change by hand is seen as a change of
  this field.
- **kept**: the platform has no place for it. It stands in ccstate's records beside the platform, and nothing that
  is done on the platform changes it. Plans, receipts and `ccstate show` say which fields these are.
- **lacking**: a plan that sets it is refused (CC405).

A field is named by its path: `overflow.after`; `members.*.penalty` for every member; `nodes.*.menu.timeout` for every
menu. Kinds that an adapter does not have at all stand in [the overview](README.md); such objects are planned for no
platform.
"""


def fields_page() -> str:
    """Field by field, what becomes of it on each platform."""
    every = {name: adapter.supports for name, adapter in ADAPTERS.items()}
    parts = [FIELDS_INTRODUCTION]
    for kind, known in KINDS.items():
        having = [name for name in every if kind in every[name]]
        rows = [
            [f"`{path}`", *(_placed(path, every[name][kind]) for name in having)]
            for path in field_paths(kind)
        ]
        head = ["Field", *(f"`{name}`" for name in having)]
        lines = [f"| {' | '.join(row)} |" for row in (head, ["---"] * len(head), *rows)]
        unseen = [
            f"On `{name}` one that is made or deleted by hand is not seen: {reason}.\n"
            for name in having
            if (reason := every[name][kind].unseen)
        ]
        parts.append("\n".join([f"## {known.plural}", "", *unseen, *lines, ""]))
    return "\n".join(parts)


def _placed(path: str, support: Support) -> str:
    if path in support.kept:
        return f"kept: {support.kept[path]}"
    if path in support.lacking:
        return f"lacking: {support.lacking[path]}"
    return "mapped"


def _keys(connection: type[BaseModel]) -> str:
    rows = "\n".join(_key_rows(connection, ""))
    return f"| Key | Value | Default | Meaning |\n|---|---|---|---|\n{rows}"


def _key_rows(model: type[BaseModel], path: str) -> Iterator[str]:
    meanings = field_docstrings(model)
    for name, field in model.model_fields.items():
        here = f"{path}{name}"
        inner: Inner = {}
        words = _cell(_words(field.annotation, field.metadata, here, inner))
        meaning = _cell(" ".join(meanings.get(name, "").split()))
        value = "mapping" if inner else words
        default = (
            "" if field.default == [] or (inner and not field.is_required()) else _default(field)
        )
        yield f"| `{here}` | {value} | {default} | {meaning} |"
        for below in inner.values():
            yield from _key_rows(below, f"{here}.")


def adapter_pages() -> dict[str, str]:
    """The pages about adapters, with what is generated in them, by file name below docs/."""
    pages = {"adapters/fields.md": fields_page()}
    for name, title, made in (
        ("adapters/README.md", "abilities", _abilities()),
        ("adapters/asterisk.md", "keys", _keys(Connection)),
        ("adapters/node-red.md", "keys", _keys(node_red.Connection)),
        ("adapters/manual.md", "keys", _keys(ManualConnection)),
    ):
        said = (FOLDER / name).read_text(encoding="utf-8")
        begin, end = f"<!-- {title}: written by docs/generate.py -->\n", f"<!-- end of {title} -->"
        before, _, rest = said.partition(begin)
        _, _, after = rest.partition(end)
        pages[name] = f"{before}{begin}\n{made}\n\n{end}{after}"
    return pages


MEASURES_INTRODUCTION = """\
# Measures

*Written by `docs/generate.py` from `src/ccstate/measures/`. Do not edit it here.*

Every figure of a queue or its agents is defined here, once: `ccstate measure`, its exporter, and
the tiles of displays name it by this name, and count the same.

- Figures of **this moment** are how things stand. All others are **counted** since midnight, or since counting began
  where that was later: each value says since when.
- Of several queues, a figure is computed from the sums of their calls and seconds: never as a mean of percentages.
- Where there is nothing to divide by, a figure has no value; that is not 0.
- The names are the trade's, as ISO 18295-1 and others use them; these formulas have not been compared with the text of that
  standard. What Asterisk and Amazon Connect call each figure, and where they count otherwise, stands in its table.
"""


def measures_page() -> str:
    """The glossary of figures."""
    contents = "\n".join(
        f"| [{m.title}](#{m.name}) | `{m.name}` | {m.unit} | {m.definition} |"
        for m in MEASURES.values()
    )
    table = f"| Figure | Name | Unit | |\n|---|---|---|---|\n{contents}\n"
    return "\n".join([MEASURES_INTRODUCTION, table, *map(_measure, MEASURES.values())])


def _measure(measure: Measure) -> str:
    worse = {"higher": "When it rises", "lower": "When it falls", None: "Neither way"}
    rows = {
        "Unit": f"{measure.unit}, {'counted' if measure.is_counted else 'of this moment'}",
        "Formula": measure.formula,
        "Counted from": measure.source,
        "What it is not": measure.excludes,
        "Elsewhere": measure.elsewhere,
        "Gets worse": worse[measure.worse],
    }
    lines = [f"| **{name}** | {_cell(said)} |" for name, said in rows.items()]
    return "\n".join(
        [f"## {measure.name}", "", measure.definition, "", "| | |", "|---|---|", *lines, ""]
    )


CATALOGUES = (
    codes,
    apply_codes,
    worker_codes,
    policy_codes,
    audit_codes,
    forge_codes,
    secrets_codes,
    asterisk_codes,
    node_red_codes,
    manual_codes,
)
_ROW = re.compile(r"^\| (CC\d{3}) \| (.*?) \| (?:.*) \| (.*?) \|$", re.MULTILINE)


def codes_page() -> str:
    """`codes.md`, with the messages of the catalogues; its other columns are written in the page."""
    messages: dict[str, list[str]] = {}
    for catalogue in CATALOGUES:
        for code in vars(catalogue).values():
            if isinstance(code, Code):
                messages.setdefault(code.code, []).append(_shown(code.message))

    def row(match: re.Match[str]) -> str:
        code, meaning, todo = match.groups()
        if not (said := [text for text in dict.fromkeys(messages.get(code, ())) if text]):
            return match[0]
        return f"| {code} | {meaning} | {'<br>'.join(said)} | {todo} |"

    return _ROW.sub(row, (FOLDER / "codes.md").read_text(encoding="utf-8"))


def _shown(message: str) -> str:
    """A message with its values in capitals; "" where it is a value as a whole."""
    parts = list(Formatter().parse(message))
    if not any(re.search(r"\w", text) for text, *_ in parts):
        return ""
    words = "".join(text + (name or "").upper() for text, name, *_ in parts)
    return f"`` {_cell(words)} ``" if "`" in words else f"`{_cell(words)}`"


if __name__ == "__main__":
    (FOLDER / "kinds.md").write_text(page(), encoding="utf-8")
    (FOLDER / "measures.md").write_text(measures_page(), encoding="utf-8")
    (FOLDER / "codes.md").write_text(codes_page(), encoding="utf-8")
    (FOLDER / "rules").mkdir(exist_ok=True)
    for name, text in {**rules_pages(), **adapter_pages()}.items():
        (FOLDER / name).write_text(text, encoding="utf-8")
