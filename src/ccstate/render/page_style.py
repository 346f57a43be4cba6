"""How the page of a plan looks: on a screen by day and night, and on A4.

Contrast of each text with its ground is at least 4.5 to 1 (WCAG 2.2, 1.4.3).
"""

INKS = {
    "light": {
        "ground": "#ffffff",
        "soft": "#f4f6f8",
        "ink": "#1b1f24",
        "quiet": "#4a5560",
        "line": "#6b7682",
        "link": "#0b4f7a",
        "alarm": "#8a0019",
        "alarm-ground": "#ffecec",
        "gone": "#8a0019",
        "new": "#00543d",
    },
    "dark": {
        "ground": "#14181c",
        "soft": "#1f262c",
        "ink": "#e9edf0",
        "quiet": "#b4bec7",
        "line": "#8a96a1",
        "link": "#8ccbf2",
        "alarm": "#ffb3b8",
        "alarm-ground": "#3d1519",
        "gone": "#ffb3b8",
        "new": "#8fe0bf",
    },
}
"""Colours by day and night."""
TEXTS = (
    ("ink", "ground"),
    ("ink", "soft"),
    ("quiet", "ground"),
    ("quiet", "soft"),
    ("link", "ground"),
    ("link", "soft"),
    ("alarm", "alarm-ground"),
    ("ink", "alarm-ground"),
    ("gone", "ground"),
    ("new", "ground"),
)
"""Which colours of text stand on which ground."""


def _variables(name: str) -> str:
    return "".join(f"--{key}:{value};" for key, value in INKS[name].items())


STYLE = (
    f":root{{color-scheme:light dark;{_variables('light')}}}\n"
    f"@media screen and (prefers-color-scheme:dark){{:root{{{_variables('dark')}}}}}\n"
    """\
*{box-sizing:border-box}
body{margin:0 auto;max-width:76rem;padding:1.5rem;background:var(--ground);color:var(--ink);
  font:1rem/1.5 system-ui,"Segoe UI",Roboto,Helvetica,Arial,sans-serif;overflow-wrap:anywhere}
h1{font-size:1.7rem;line-height:1.25;margin:0 0 .5rem}
h2{font-size:1.3rem;margin:2rem 0 .5rem;padding-top:.75rem;border-top:1px solid var(--line)}
h3{font-size:1.05rem;margin:1rem 0 .5rem}
a{color:var(--link)}
:focus-visible{outline:3px solid var(--link);outline-offset:2px}
.skip{position:absolute;left:-100rem}
.skip:focus{position:static}
.about,footer,.why{color:var(--quiet)}
nav ul{display:flex;flex-wrap:wrap;gap:.25rem 1.25rem;list-style:none;padding:.6rem .9rem;
  margin:1rem 0 0;background:var(--soft);border-radius:.4rem}
.lead{font-weight:600}
dl{display:grid;grid-template-columns:max-content 1fr;gap:.25rem 1rem;margin:.5rem 0}
dt{color:var(--quiet)}
dd{margin:0}
table{border-collapse:collapse;width:100%;table-layout:fixed;min-width:38rem}
th,td{text-align:left;vertical-align:top;padding:.45rem .6rem;border-bottom:1px solid var(--line)}
tbody th{font-weight:400}
th:nth-child(1){width:30%}
th:nth-child(2){width:22%}
th:nth-child(3){width:25%}
.wide,.paper{overflow-x:auto}
li.alarm,tr.alarm{background:var(--alarm-ground)}
li.alarm{padding:.4rem .6rem;margin:.3rem 0;border-left:.3rem solid var(--alarm);list-style:none}
li.alarm>strong,tr.alarm strong{color:var(--alarm)}
.refused,.plainly{padding:0;list-style:none}
.pair{display:flex;flex-wrap:wrap;gap:1rem;align-items:flex-start}
figure{margin:0;min-width:0;flex:1 1 26rem}
figure.wide-picture{flex-basis:100%}
figcaption{font-weight:600;margin-bottom:.3rem}
.paper{background:#fff;border:1px solid var(--line);border-radius:.4rem}
.paper svg{display:block;margin:0 auto;max-width:100%;height:auto}
.ways{margin:.6rem 0 0;font-weight:600}
.ways+ul{margin:.2rem 0}
details{border:1px solid var(--line);border-radius:.4rem;padding:.4rem .9rem;margin:.6rem 0}
summary{cursor:pointer}
summary h3{display:inline;margin:0}
ul{padding-left:1.3rem}
.changes>li{margin:.35rem 0}
del{color:var(--gone)}
ins{color:var(--new);text-decoration:none;font-weight:600}
code{font:.9em ui-monospace,Consolas,Menlo,monospace}
footer{margin-top:2.5rem;border-top:1px solid var(--line);font-size:.9rem}
@page{size:A4;margin:15mm}
@media print{
  body{max-width:none;padding:0;font-size:10pt}
  nav,.skip{display:none}
  table{min-width:0;font-size:9pt}
  h2,h3,figcaption,summary,.ways,#trees>p:first-of-type{break-after:avoid}
  tr,figure,li{break-inside:avoid}
  .paper,.wide{overflow:visible}
  .paper svg{max-height:230mm;width:auto}
  li.alarm,tr.alarm,.paper{print-color-adjust:exact;-webkit-print-color-adjust:exact}
  details::details-content{content-visibility:visible;display:block;block-size:auto}
}
"""
)
