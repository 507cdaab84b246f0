"""A document as Typst source that compiles as it is, to a tagged PDF/UA-1 too: every formula has words beside it."""

from __future__ import annotations

import re
from functools import singledispatch

from symbackprop.render import blocks
from symbackprop.render.blocks import Block, Document, Line, Math, Proof, Words, capitalised
from symbackprop.render.breaking import HANG, INDENT, NOTE, PROOF, TEXT, broken, laid, width
from symbackprop.render.typst import equation, string, write

# a formula of more lines than this may be continued on the next page
_TOGETHER = 5
_IN = "quad quad "

PREAMBLE = """\
#set document(title: {title}, date: none)
#set page(paper: "a4", margin: 22mm, numbering: "1")
#set text(font: "New Computer Modern", size: 11pt, lang: "{language}")
#set par(justify: true, spacing: 0.9em)
#show heading: set block(above: 1.6em, below: 0.9em)
#show heading: set text(size: 12pt)
#show math.equation.where(block: true): set align(left)
#show math.equation.where(block: true): set block(breakable: false, above: 0.8em, below: 0.8em)
#show title: set text(size: 15pt)
#show title: set align(center)
#show title: set block(below: 1.5em)

// room for the left side of a chain, in the lines that go on from it
#let room(body) = hide(body)
// what no line break makes narrow enough is scaled down to the line
#let fitted(body) = layout(size => {{
  let wide = measure(body).width
  if wide > size.width {{ scale(size.width / wide * 100%, reflow: true, body) }} else {{ body }}
}})
// a formula of many lines goes on on the next page
#let long(body) = {{
  show math.equation.where(block: true): set block(breakable: true)
  body
}}
// a step: its number, its rule, the reason; then what it leads to
#let step(number, rule, why, formula) = {{
  block(above: 1.4em, below: 0.8em, sticky: true)[*#number#h(0.6em)#rule.* #why]
  block(above: 0.8em, below: 0.8em, pad(left: 1.8em, formula))
}}
// a line of a calculation, with its rule beside it
#let line(formula, rule) = block(above: 0.6em, below: 0.6em, pad(left: 1.8em,
  grid(columns: (1fr, auto), align: (left + horizon, right + horizon), formula, text(size: 9pt, rule))))
#let subproof(name, body) = pad(left: 1.6em, {{
  block(above: 0.8em, below: 0.6em, sticky: true, emph(name))
  body
}})
#let source(name) = text(size: 9pt)[\\[#name\\]]
"""
_MARKUP = re.compile(r"([\\#$*_`<>@~\[\]/])")
_AT_START = re.compile(r"^([-+=])")


def source(made: Document) -> str:
    """The whole file."""
    preamble = PREAMBLE.format(title=string(made.title), language=made.language)
    body = "\n\n".join(_block(each) for each in made.blocks)
    return f"{preamble}\n#title()\n\n{body}\n"


# --- text ------------------------------------------------------------------------------------------------------------


def text(words: str) -> str:
    """Words that are not markup: every sign stands for itself."""
    printable = "".join(c if c.isprintable() else " " for c in words)
    return _AT_START.sub(r"\\\1", _MARKUP.sub(r"\\\1", printable)).replace("--", "-\\-")


def words(made: Words) -> str:
    """A sentence with its formulas, as markup."""
    return "".join(text(part) if isinstance(part, str) else _inline(part) for part in made)


def _inline(formula: Math) -> str:
    return f"#{equation(formula.box, formula.spoken, block=False)};"


# --- formulas that may be broken -------------------------------------------------------------------------------------


def _display(lines: list[str], alt: str, fits: bool) -> str:
    """A formula of several lines as one equation, with one text for those who do not see it."""
    body = " \\\n  ".join(lines)
    made = f"math.equation(block: true, alt: {string(alt)}, $ {body} $)"
    if not fits:
        return f"fitted({made})"
    return made if len(lines) <= _TOGETHER else f"long({made})"


def _formula(formula: Math, room: float) -> str:
    first, *following = broken(formula.box, room, room - HANG)
    lines = [f"& {write(first)}", *(f"& {_IN}{write(piece)}" for piece in following)]
    fits = width(first) <= room and all(width(piece) <= room - HANG for piece in following)
    return _display(lines, formula.spoken, fits)


def _chained(line: Line, room: float) -> str:
    """A line of a chain, its relation below those of the lines before it."""
    made = laid(line.lead.box, line.formula.box, room)
    rows = [f"& {write(line.dots.box)}"] if line.dots else []
    going_in = _IN if made.lead else ""
    if line.is_first:
        rows += [f"& {_IN if i else ''}{write(piece)}" for i, piece in enumerate(made.lead)]
    rows += [f"& {going_in}{_IN if i else ''}{write(piece)}" for i, piece in enumerate(made.rows)]
    if not made.lead:
        lead = write(line.lead.box)
        rows[0] = f"{lead} {rows[0]}" if line.is_first else f"room({lead}) {rows[0]}"
    said = f"{line.lead.spoken} {line.formula.spoken}" if line.is_first else line.formula.spoken
    return _display(rows, f"and so on, {said}" if line.dots else said, made.fits)


# --- blocks ----------------------------------------------------------------------------------------------------------


@singledispatch
def _block(made: Block) -> str:
    raise TypeError(f"{type(made).__name__} has no Typst registered: add @_block.register for it")


@_block.register
def _(made: blocks.Heading) -> str:
    return f"= {text(made.text)}"


@_block.register
def _(made: blocks.Paragraph) -> str:
    # it leads in what follows, and stays on its page
    return f"#block(sticky: true)[{words(made.words)}]"


@_block.register
def _(made: blocks.Listing) -> str:
    return "\n".join(f"- {words(item)}" for item in made.items)


@_block.register
def _(made: blocks.Display) -> str:
    return "\n".join(
        f"#{_formula(formula, TEXT)}"
        if not note
        else f"#grid(columns: (1fr, auto), align: horizon, {_formula(formula, TEXT)}, [{words(note)}])"
        for formula, note in made.lines
    )


@_block.register
def _(made: blocks.Result) -> str:
    return f"#pad(left: 1.8em, {_chained(made.line, TEXT - INDENT)})"


@_block.register
def _(made: blocks.StepBlock) -> str:
    return f"#{_step(made, TEXT)}"


def _step(made: blocks.StepBlock, room: float) -> str:
    origin = f" #source[{text(made.source)}]" if made.source else ""
    head = f"[{text(made.number)}], [{text(capitalised(made.rule))}], [{words(made.why)}{origin}]"
    proofs = "".join(f"\n#{_proof(proof, room - PROOF)}" for proof in made.proofs)
    return f"step({head},\n  {_chained(made.line, room - INDENT)}){proofs}"


def _proof(made: Proof, room: float) -> str:
    if any(step.why for step in made.steps):
        body = "\n".join(f"#{_step(step, room)}" for step in made.steps)
    else:
        body = "\n".join(
            f"#line({_chained(step.line, room - INDENT - NOTE)}, [{text(step.rule)}])" for step in made.steps
        )
    return f"subproof([{words(made.title)}], [\n{body}\n])"


@_block.register
def _(made: blocks.Table) -> str:
    def cells(row: tuple[str, ...], mark: str = "") -> str:
        return ", ".join(f"[{mark}{text(cell)}{mark}]" for cell in row)

    rows = ",\n  ".join(cells(row) for row in made.rows)
    return (
        f"#table(columns: {len(made.header)}, stroke: none, align: left,\n"
        f"  table.header({cells(made.header, '*')}), table.hline(),\n  {rows})"
    )
