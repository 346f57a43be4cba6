"""Whatever a label says, it stays text: in SVG and in Mermaid; and large drawings stay quick."""

import re
from html import unescape
from itertools import combinations
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ccstate.journeys.centre import Centre
from ccstate.journeys.flow import Flow
from ccstate.model import Address, Fields, Json
from ccstate.render.graph.drawing import Drawing, drawing_of
from ccstate.render.graph.mermaid import mermaid
from ccstate.render.graph.svg import picture_of, svg
from tests.growth import is_linear

NUMBER = Address("number", "+61255501234")
HOSTILE = (
    '"];click n1 "javascript:alert(1)"',
    "<script>alert(1)</script>",
    '<img src=x onerror="alert(1)">',
    '%%{init: {"securityLevel": "loose"}}%%',
    "]]></text></svg>",
    "#quot;&quot;&#34;`**x**`",
    "1. list",
    "end",
    "$$x^2$$ fa:fa-car www.example.com",
    "\u202egnp.exe \x1b[31m \ufffe \ud800",
    "ﬂ°°60¶ß",
)


def drawing(*labels: str) -> Drawing:
    """Three trees and a queue that are called so, and say so."""
    said = [*labels, *"abc"]
    objects: dict[Address, Fields] = {
        NUMBER: {"label": said[0], "to": "ivr/t", "hours": "s", "closed": "queue/q"},
        Address("schedule", "s"): {"label": said[1], "timezone": "UTC", "weekly": {}},
        Address("prompt", "p"): {"languages": {"en": {"text": said[2]}}},
        Address("ivr", "t"): {
            "label": said[0],
            "start": "m",
            "nodes": {
                "m": {
                    "type": "menu",
                    "label": said[1],
                    "prompt": "p",
                    "choices": {"1": "h", "2": "m", "3": "queue/q", "4": "bye"},
                },
                "h": {"type": "hours", "schedule": "s", "open": "m", "closed": "queue/q"},
                "bye": {"type": "hangup", "label": said[2], "prompt": "p"},
            },
        },
        Address("queue", "q"): {"label": said[0], "overflow": {"after": "1m", "to": "ivr/t"}},
    }
    return drawing_of(Flow(Centre(objects)), NUMBER)


texts = st.text(max_size=60) | st.sampled_from(HOSTILE)
TAGS = {"svg", "title", "desc", "defs", "marker", "path", "rect", "g", "polygon", "text"}


@given(texts, texts, texts)
def test_an_svg_is_well_formed_whatever_labels_say(one: str, two: str, three: str) -> None:
    text = svg(drawing(one, two, three))
    root = ET.fromstring(text)  # noqa: S314  # that it can be read is what is tested
    assert {element.tag.split("}")[1] for element in root.iter()} <= TAGS
    for element in root.iter():
        assert not any(name.startswith("on") or "href" in name for name in element.attrib)
    text.encode()


ENTITIES = re.compile(r"#[0-9]+;")
QUOTED = r'"(?:[^"`#;&<>\[\]{}()|\\]|#[0-9]+;|<br/>|</?b>)*"'
LINE = re.compile(
    r"flowchart TD|    accTitle: [^\n]*|    end"
    rf"|    subgraph t\d+\[{QUOTED}\]"
    rf"|    (?:    )?n\d+(?:[\[({{]+/?)(?:{QUOTED})(?:/?[\])}}]+):::like_[a-z]+"
    rf"|    n\d+ -->(?:\|{QUOTED}\|)? n\d+"
    r"|    classDef like_[a-z]+ [a-z0-9#:, -]+|    linkStyle [0-9,]+ stroke:#b00020"
)


@given(texts, texts, texts)
def test_mermaid_reads_text_as_text_whatever_labels_say(one: str, two: str, three: str) -> None:
    text = mermaid(drawing(one, two, three))
    assert text.endswith("\n")
    for line in text[:-1].split("\n"):
        assert LINE.fullmatch(line), line
    for title in re.findall(r"accTitle: (.*)", text):
        assert not re.search(r'["`;#&<>\[\]{}()|%]', ENTITIES.sub("", title))


@pytest.mark.parametrize("label", ['Sales & "more" <b>', "[x](y); `z`", "A|B{C}"])
def test_mermaid_shows_the_label_as_it_is_written(label: str) -> None:
    shown = unescape(ENTITIES.sub(lambda m: "&" + m[0], mermaid(drawing(label))))
    assert label in re.sub(r"<br/>", " ", shown)


@given(texts, texts, texts)
def test_boxes_stand_apart_and_inside_of_their_panels(one: str, two: str, three: str) -> None:
    made = drawing(one, two, three)
    picture = picture_of(made)
    rects = [
        (b.corner.x, b.corner.y, b.corner.x + b.size.width, b.corner.y + b.size.height)
        for b in picture.boxes
    ]
    for a, b in combinations(rects, 2):
        assert a[2] <= b[0] or b[2] <= a[0] or a[3] <= b[1] or b[3] <= a[1]
    (panel,) = picture.panels
    left, top = panel.corner
    right, bottom = left + panel.size.width, top + panel.size.height
    for box, rect in zip(made.boxes, rects, strict=True):
        inside = left < rect[0] and top < rect[1] and rect[2] < right and rect[3] < bottom
        outside = rect[2] <= left or rect[0] >= right or rect[3] <= top or rect[1] >= bottom
        assert inside if box.tree else outside


def test_many_places_are_drawn_with_as_much_more_work() -> None:
    def drawn(places: int) -> None:
        made = drawing_of(flow_of(places), NUMBER)
        svg(made)
        assert len(made.boxes) == places + 3

    assert is_linear(drawn, 100)


def flow_of(places: int) -> Flow:
    """A tree of menus, each of which leads to five more, back, and to one queue."""
    nodes: dict[str, Json] = {}
    for i in range(places):
        below: dict[str, Json] = {
            str(k): f"n{5 * i + k}" for k in range(1, 6) if 5 * i + k < places
        }
        choices: dict[str, Json] = {**below, "*": f"n{max(0, i - 1) // 5}", "0": "queue/q"}
        nodes[f"n{i}"] = {
            "type": "menu", "prompt": "p", "choices": choices, "on_timeout": "queue/q"
        }  # fmt: skip
    objects: dict[Address, Fields] = {
        NUMBER: {"to": "ivr/t"},
        Address("ivr", "t"): {"start": "n0", "nodes": nodes},
        Address("queue", "q"): {},
    }
    return Flow(Centre(objects))
