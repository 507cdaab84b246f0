"""A document as Typst source that compiles as it is, to a tagged PDF/UA-1 too: every formula has words beside it."""

from __future__ import annotations

import re
from functools import singledispatch

from symbackprop.render import blocks
from symbackprop.render.blocks import Block, Document, Line, Math, Proof, Words, capitalised
from symbackprop.render.breaking import ASIDE, HANG, INDENT, NOTE, PROOF, TEXT, broken, laid, width, words_width
from symbackprop.render.embedded import absent, vectors
from symbackprop.render.typst import equation, printable, string, write

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
#show heading.where(level: 2): set text(size: 11pt)
#show title: set text(size: 15pt)
#show title: set align(center)
#show title: set block(below: 1.5em)
// chapters begin on pages of their own; Typst lays them out side by side, on all cores
#show heading.where(level: 1, numbering: "1.1"): it => pagebreak(weak: true) + it
"""
# what blocks are written with, on pages and on slides
DEFINITIONS = """\
#show math.equation.where(block: true): set align(left)
#show math.equation.where(block: true): set block(breakable: false, above: 0.8em, below: 0.8em)

// room for the left side of a chain, in the lines that go on from it
#let room(body) = hide(body)
// what no line break makes narrow enough is scaled down to the line
#let fitted(body) = layout(size => {
  let wide = measure(body).width
  if wide > size.width { scale(size.width / wide * 100%, reflow: true, body) } else { body }
})
// a formula of many lines goes on on the next page
#let long(body) = {
  show math.equation.where(block: true): set block(breakable: true)
  body
}
// a step: its number, its rule, the reason; then what it leads to; not justified, as a long formula in a reason goes to
// the next line whole and would leave a few words to fill the one before
#let step(number, rule, why, formula) = {
  set par(justify: false)
  block(above: 1.4em, below: 0.8em, sticky: true)[*#number#h(0.6em)#rule.* #why]
  block(above: 0.8em, below: 0.8em, pad(left: 1.8em, formula))
}
// a line of a calculation, with its rule beside it
#let line(formula, rule) = block(above: 0.6em, below: 0.6em, pad(left: 1.8em,
  grid(columns: (1fr, auto), align: (left + horizon, right + horizon), formula, text(size: 0.82em, rule))))
#let subproof(name, body) = pad(left: 1.6em, {
  if name != [] { block(above: 0.8em, below: 0.6em, sticky: true, emph(name)) }
  body
})
#let source(name) = text(size: 0.82em)[\\[#name\\]]
"""
# what not every document is written with, by its name
WHERE_USED = {
    "judged": """\
// what the judges say, at the right of the reason, and of what was refuted, below the formula
#let said(words) = box(inset: (left: 1em), text(size: 0.78em, fill: luma(30%), words))
#let judged(words) = [#sym.wj#h(1fr) #box()#sym.wj#h(1fr)#sym.wj#said(words)]
""",
    "noted": """\
#let noted(words) = block(above: 0.7em, below: 0.8em, pad(left: 1.8em, text(size: 0.9em, style: "italic", words)))
""",
    "reason": """\
// a derivation in one line: its steps below it
#let reason(number, rule, why) = block(above: 0.7em, below: 0.7em, pad(left: 1.8em, {
  set par(justify: false)
  [*#number#h(0.6em)#rule.* #why]
}))
""",
    "torn": """\
// a delimiter whose other one is on another line, as tall as where both are on one
#let torn(sign, whole) = context math.lr(size: measure(math.equation(block: true, whole)).height, sign)
""",
    "below": """\
// a formula, and what is said of it
#let below(formula, note) = block(breakable: false, { formula; block(above: 0.5em, note) })
""",
    "heading": """\
#show heading.where(numbering: "1.1"): set text(size: 1.2em)
""",
    "runin": """\
#let runin(title) = block(above: 1.1em, below: 0.8em, sticky: true, strong(title))
""",
    "aside": """\
#let aside(title, body) = block(
  width: 100%, above: 1.4em, below: 1.4em, inset: (left: 1em, right: 1em, top: 0.9em, bottom: 0.9em),
  fill: luma(95%), stroke: (left: 2.5pt + luma(35%)),
  { block(below: 0.8em, sticky: true, strong(title)); body },
)
""",
    "numbers": """\
#let numbers(title, body) = block(breakable: false, above: 1.3em, below: 1.3em, width: 100%, {
  if title != none { block(below: 0.7em, sticky: true, emph(title)) }
  align(center, body)
})
""",
    "picture": """\
#let picture(data, alt, caption) = figure(
  layout(size => {
    let made = image(data, format: "svg", alt: alt, width: size.width)
    let high = measure(made).height
    if high > tallest { image(data, format: "svg", alt: alt, height: tallest) } else { made }
  }),
  caption: caption, numbering: none, supplement: none,
)
""",
    "missing": """\
#let missing(words) = block(width: 100%, inset: 0.8em, stroke: 0.5pt + luma(40%), emph(words))
""",
}
_MARKUP = re.compile(r"([\\#$*_`<>@~\[\]/])")
_AT_START = re.compile(r"^([-+=])")


def source(made: Document) -> str:
    """The whole file."""
    preamble = PREAMBLE.format(title=string(made.title), language=made.language)
    body = "\n\n".join(block(each, TEXT) for each in made.blocks)
    return f"{preamble}{definitions(body)}\n#title()\n\n{body}\n"


def definitions(body: str, tallest: str = "95mm") -> str:
    """What a body is written with; no figure is taller than `tallest`."""
    used = [made for name, made in WHERE_USED.items() if _is_used(name, body)]
    limit = f"#let tallest = {tallest}\n" if "#picture(" in body else ""
    return DEFINITIONS + limit + "".join(used)


def _is_used(name: str, body: str) -> bool:
    """Whether a function is called, with `(` or `[`."""
    # to look for a word in half a million characters of figures takes a while: first for what it begins with
    return any(call in body for call in (f"{name}(", f"{name}[")) and bool(re.search(rf"\b{name}[(\[]", body))


# --- text ------------------------------------------------------------------------------------------------------------


def text(words: str) -> str:
    """Words that are not markup: every sign stands for itself."""
    return _AT_START.sub(r"\\\1", _MARKUP.sub(r"\\\1", printable(words))).replace("--", "-\\-")


def words(made: Words) -> str:
    """A sentence with its formulas, as markup."""
    return "".join(text(part) if isinstance(part, str) else _inline(part) for part in made)


def _inline(formula: Math) -> str:
    return f"#{equation(formula.box, formula.spoken, block=False)};"


# --- formulas that may be broken -------------------------------------------------------------------------------------


def display(lines: list[str], alt: str, fits: bool) -> str:
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
    return display(lines, formula.spoken, fits)


def chained(line: Line, room: float) -> str:
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
    return display(rows, f"and so on, {said}" if line.dots else said, made.fits)


# --- blocks ----------------------------------------------------------------------------------------------------------


@singledispatch
def block(made: Block, room: float) -> str:
    """A block as markup, `room` em wide."""
    raise TypeError(f"{type(made).__name__} has no Typst registered: add @block.register for it")


@block.register
def _(made: blocks.Heading, room: float) -> str:
    if made.level == 0:
        return f"#runin[{text(made.text)}]"
    if made.numbered:
        return f'#heading(level: {made.level}, numbering: "1.1", [{text(made.text)}])'
    return f"{'=' * made.level} {text(made.text)}"


@block.register
def _(made: blocks.Contents, room: float) -> str:
    # a heading in the contents has a number
    return '#outline(title: [Contents], target: heading.where(numbering: "1.1"))'


@block.register
def _(made: blocks.Paragraph, room: float) -> str:
    # what leads in something stays on its page
    return f"#block(sticky: true)[{words(made.words)}]" if made.leads else words(made.words)


@block.register
def _(made: blocks.Listing, room: float) -> str:
    return "\n".join(f"- {words(item)}" for item in made.items)


@block.register
def _(made: blocks.Display, room: float) -> str:
    lines = "\n".join(_displayed(formula, note, room - INDENT * made.inset) for formula, note in made.lines)
    return f"#pad(left: {INDENT}em)[\n{lines}\n]" if made.inset else lines


def _displayed(formula: Math, note: Words, room: float) -> str:
    if not note:
        return f"#{_formula(formula, room)}"
    if width(formula.box) + words_width(note) <= room:
        return f"#grid(columns: (1fr, auto), align: horizon, {_formula(formula, room)}, [{words(note)}])"
    return f"#below({_formula(formula, room)}, [{words(note)}])"


@block.register
def _(made: blocks.Result, room: float) -> str:
    return f"#pad(left: 1.8em, {chained(made.line, room - INDENT)})"


@block.register
def _(made: blocks.StepBlock, room: float) -> str:
    return f"#{_step(made, room)}"


def _step(made: blocks.StepBlock, room: float) -> str:
    proofs = "".join(f"\n#{proof(each, room - PROOF)}" for each in made.proofs)
    return f"step({head(made)},\n  {chained(made.line, room - INDENT)}){notes(made)}{proofs}"


def notes(made: blocks.StepBlock) -> str:
    """What is said of a step that was refuted, as markup."""
    return "".join(f"\n#noted[{text(note)}]" for note in (made.verdict.notes if made.verdict else ()))


def head(made: blocks.StepBlock) -> str:
    """Number, rule and reason of a step, as three arguments; the judges' words end the reason."""
    origin = f" #source[{text(made.source)}]" if made.source else ""
    judged = f"#judged[{text(made.verdict.words)}]" if made.verdict and made.verdict.outcomes else ""
    rule = f"{text(capitalised(made.rule))}{', as claimed' if made.is_claim else ''}"
    return f"[{text(made.number)}], [{rule}], [{words(made.why)}{origin}{judged}]"


def proof(made: Proof, room: float) -> str:
    if any(step.why for step in made.steps):
        body = "\n".join(f"#{_step(step, room)}" for step in made.steps)
    else:
        body = "\n".join(
            f"#line({chained(step.line, room - INDENT - NOTE)}, [{text(step.rule)}])" for step in made.steps
        )
    return f"subproof([{words(made.title)}], [\n{body}\n])"


@block.register
def _(made: blocks.OneLine, room: float) -> str:
    reasons = "".join(f"\n#reason({head(step)})" for step in made.steps)
    return f"#pad(left: 1.8em, {chained(made.line, room - INDENT)}){reasons}"


@block.register
def _(made: blocks.Table, room: float) -> str:
    def cells(row: tuple[str, ...], mark: str = "") -> str:
        return ", ".join(f"[{mark}{text(cell)}{mark}]" for cell in row)

    rows = ",\n  ".join(cells(row) for row in made.rows)
    sides = ", ".join("right" if right else "left" for right in made.right)
    align = f"({sides},)" if made.right else "left"
    table = (
        f"table(columns: {len(made.header)}, stroke: none, inset: (x: 0.55em, y: 5pt), align: {align},\n"
        f"  table.header({cells(made.header, '*')}), table.hline(),\n  {rows})"
    )
    return f"#numbers([{text(made.title)}], {table})" if made.title else f"#{table}"


@block.register
def _(made: blocks.Picture, room: float) -> str:
    drawn = vectors(made)
    if drawn is None:
        return f"#missing[{text(absent(made))}]"
    return f"#picture(bytes({string(drawn)}), {string(made.alt)}, [{words(made.caption)}])"


@block.register
def _(made: blocks.Aside, room: float) -> str:
    body = "\n\n".join(block(each, room - ASIDE) for each in made.blocks)
    return f"#aside([{text(made.title)}], [\n{body}\n])"
