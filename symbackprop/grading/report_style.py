"""How the report looks: in light and dark, on a telephone, and on paper."""

from __future__ import annotations

# the hues are told apart by those who do not see red and green; every verdict has a sign and a word as well
STYLE = """\
:root {
  --paper: #ffffff; --ink: #1c1e21; --quiet: #5b6168; --line: #d9dce0; --block: #f4f5f7;
  --correct: #0b7a55; --incorrect: #b3261e; --undecided: #8a5a00; --unreadable: #5b5f97;
}
@media (prefers-color-scheme: dark) {
  :root {
    --paper: #16181b; --ink: #e7e9ec; --quiet: #a2a8b0; --line: #383c42; --block: #212428;
    --correct: #4cc79a; --incorrect: #ff8a80; --undecided: #f0b849; --unreadable: #a9aef5;
  }
}
* { box-sizing: border-box; }
body { margin: 0; background: var(--paper); color: var(--ink); font: 1rem/1.5 system-ui, sans-serif; }
main { max-width: 60rem; margin: 0 auto; padding: 1.5rem 1rem 4rem; }
h1 { font-size: 1.75rem; line-height: 1.2; margin: 0 0 .25rem; overflow-wrap: anywhere; }
h2 { font-size: 1.35rem; margin: 0 0 .5rem; overflow-wrap: anywhere; }
h2 small { font-size: 1rem; font-weight: 400; color: var(--quiet); margin-left: .5rem; }
h3 { font-size: 1rem; margin: 1.75rem 0 .5rem; }
a { color: inherit; }
p { margin: .4rem 0; }
.told, .note { color: var(--quiet); }
.note { font-size: .9rem; overflow-wrap: anywhere; }
section { border-top: 1px solid var(--line); margin-top: 2.5rem; padding-top: 1.5rem; }
pre, code { font-family: ui-monospace, "DejaVu Sans Mono", Menlo, Consolas, monospace; font-size: .9rem; }
pre { margin: 0; direction: ltr; }
pre.ask { overflow-x: auto; line-height: 1.35; padding: .25rem 0; }
code { unicode-bidi: isolate; overflow-wrap: anywhere; }
code.source { color: var(--quiet); white-space: pre-wrap; }
pre.answer {
  background: var(--block); border-radius: .35rem; padding: .5rem .7rem; margin: 0 0 .4rem;
  white-space: pre-wrap; overflow-wrap: anywhere; unicode-bidi: isolate; max-height: 24rem; overflow-y: auto;
}
.bar { display: flex; gap: 2px; height: .6rem; border-radius: .3rem; overflow: hidden; margin: .75rem 0 .5rem; }
.bar span { min-width: 3px; background: var(--hue); }
.key { list-style: none; display: flex; flex-wrap: wrap; gap: .25rem 1.25rem; margin: 0 0 1rem; padding: 0; }
.correct { --hue: var(--correct); }
.incorrect { --hue: var(--incorrect); }
.undecided { --hue: var(--undecided); }
.unreadable { --hue: var(--unreadable); }
.badge { color: var(--hue); font-weight: 600; white-space: nowrap; }
.wide { overflow-x: auto; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; }
.wide table { width: 100%; }
th, td { padding: .35rem .75rem .35rem 0; text-align: left; border-bottom: 1px solid var(--line); vertical-align: top; }
thead th { font-weight: 400; color: var(--quiet); white-space: nowrap; }
.wide td, .wide thead th:not(:first-child) { text-align: right; }
.counted { width: 100%; }
.counted .count { width: 3rem; text-align: right; font-weight: 600; }
article { border-left: .25rem solid var(--hue); padding: .1rem 0 .1rem .8rem; margin: 0 0 1.1rem; }
article ul { margin: .3rem 0; padding-left: 1.2rem; }
.reason { overflow-wrap: anywhere; }
details { color: var(--quiet); font-size: .9rem; margin: .2rem 0; }
details p { overflow-wrap: anywhere; }
summary { cursor: pointer; width: fit-content; }
@media (max-width: 30rem) {
  main { padding: 1rem .75rem 3rem; }
  h1 { font-size: 1.4rem; }
}
@media print {
  :root { --paper: #fff; --ink: #000; --quiet: #444; --line: #bbb; --block: #f2f2f2; }
  main { max-width: none; padding: 0; }
  section { break-before: page; border: 0; margin: 0; }
  article, tr { break-inside: avoid; }
  h2, h3 { break-after: avoid; }
  pre.answer { max-height: none; }
  .bar span, pre.answer { print-color-adjust: exact; -webkit-print-color-adjust: exact; }
}
"""
