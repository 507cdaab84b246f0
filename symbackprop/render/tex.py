r"""A document as a LaTeX file that compiles as it is, and a derivation as an `aligned` environment.

Beside amsmath it uses only what every LaTeX has: fontenc, lmodern, geometry, graphicx, hyperref.
"""

from __future__ import annotations

import unicodedata
from functools import singledispatch

from symbackprop.derivation import Derivation
from symbackprop.notations import Notation
from symbackprop.notations import notation as notation_named
from symbackprop.render import blocks
from symbackprop.render.blocks import Block, Document, Line, Proof, Words, capitalised
from symbackprop.render.boxes import Box
from symbackprop.render.breaking import HANG, INDENT, NOTE, PROOF, TEXT, broken, laid, width
from symbackprop.render.latex import COMMANDS, write
from symbackprop.render.layout import Look, layout
from symbackprop.statements import Chain, Ellipsis

# a formula of more lines than this may be continued on the next page
_TOGETHER = 5
_IN = rf"\hspace{{{HANG:g}em}}"

PREAMBLE = r"""\documentclass[11pt,a4paper,fleqn]{article}
\usepackage[T1]{fontenc}
\usepackage{lmodern}
\usepackage{amsmath}
\usepackage{graphicx}
\usepackage[margin=22mm]{geometry}
\usepackage[hidelinks,pdflang=en]{hyperref}
\allowdisplaybreaks
\setlength{\parindent}{0pt}
\setlength{\mathindent}{1.8em}
\setlength{\emergencystretch}{3em}
\setlength{\abovedisplayskip}{5pt plus 2pt}
\setlength{\belowdisplayskip}{7pt plus 3pt}
\setlength{\jot}{6pt}
% reasons stay on one page with what they are reasons of
\interlinepenalty=10000
% a step: its number, its rule, the reason
\newcommand{\step}[3]{\par\addvspace{5pt}\textbf{#1}\enspace\textbf{#2.} #3\nopagebreak}
\newenvironment{subproof}[1]
  {\begin{list}{}{\setlength{\leftmargin}{1.6em}\setlength{\topsep}{3pt}\setlength{\parsep}{0pt}}\item\relax\textit{#1}\nopagebreak}
  {\end{list}}
% what no line break makes narrow enough is scaled down to the line
\newsavebox{\widebox}
\newcommand{\fitted}[2]{\sbox{\widebox}{$\displaystyle #2$}%
  \ifdim\wd\widebox>#1\relax\resizebox{#1}{!}{\usebox{\widebox}}\else\usebox{\widebox}\fi}
"""
_ESCAPED = {
    "\\": r"\textbackslash{}",
    "^": r"\textasciicircum{}",
    "~": r"\textasciitilde{}",
    **{sign: f"\\{sign}" for sign in "{}$&#%_"},
    "'": "'",
    "–": "--",
    "—": "---",
}
# letters that T1 fonts have; others are spelled with their base letter
_T1 = range(0xC0, 0x180)


def source(made: Document) -> str:
    """The whole file."""
    title = text(made.title)
    # a display belongs to the paragraph before it, or LaTeX sets an empty line between them
    joints = ["\n" if isinstance(each, blocks.Display | blocks.Result) else "\n\n" for each in made.blocks]
    body = "".join(joint + _block(each) for joint, each in zip(joints, made.blocks, strict=True))
    return f"{PREAMBLE}\\title{{{title}}}\n\\date{{}}\n\\author{{}}\n\\hypersetup{{pdftitle={{{title}}}}}\n" + (
        f"\\begin{{document}}\n\\begin{{center}}\\Large\\bfseries {title}\\end{{center}}\n\n{body}\n\\end{{document}}\n"
    )


def aligned(derivation: Derivation, notation: str | Notation = "lecture") -> str:
    r"""The lines of a derivation in full, as an `aligned` environment: one `&=` each."""
    look = Look(derivation.network, notation_named(notation), known=derivation.known)
    rows: list[str] = []
    for step in derivation.steps:
        lead = f"{write(layout(derivation.start, look))} " if not rows else ""
        if step.shown.dots:
            rows.append(f"{lead}&{write(layout(Ellipsis(step.shown.dots), look))}")
            lead = ""
        side = Chain((derivation.start, step.after), (step.relation,), continued=True)
        rows.append(f"{lead}&{write(layout(side, look.showing(step.shown)))}")
    if not rows:
        rows = [write(layout(derivation.start, look))]
    return "\\begin{aligned}\n" + " \\\\\n".join(rows) + "\n\\end{aligned}"


# --- text ------------------------------------------------------------------------------------------------------------


def text(words: str) -> str:
    """Words that are not LaTeX: every sign stands for itself."""
    return "".join(map(_character, words))


def _character(char: str) -> str:
    if char in _ESCAPED:
        return _ESCAPED[char]
    if char.isascii():
        return char if char.isprintable() else " "
    if char in COMMANDS:
        return rf"\ensuremath{{{COMMANDS[char]}}}"
    if ord(char) in _T1:
        return char
    plain = unicodedata.normalize("NFKD", char).encode("ascii", "ignore").decode()
    return text(plain) if plain else "?"


def words(made: Words) -> str:
    """A sentence with its formulas."""
    return "".join(text(part) if isinstance(part, str) else f"${write(part.box)}$" for part in made)


# --- formulas that may be broken -------------------------------------------------------------------------------------


def _fitted(box: Box, room: float) -> str:
    """A line of a display; scaled down where it is still too wide."""
    written = write(box)
    return written if width(box) <= room else rf"\fitted{{{room:.1f}em}}{{{written}}}"


def _aligned_lines(line: Line, room: float) -> list[str]:
    """The rows of an `align*` for a line of a chain."""
    made = laid(line.lead.box, line.formula.box, room)
    rows = [f"&{write(line.dots.box)}"] if line.dots else []
    going_in = _IN if made.lead else ""
    if line.is_first:
        rows += [f"&{_IN if i else ''}{_fitted(piece, room)}" for i, piece in enumerate(made.lead)]
    rows += [f"&{going_in}{_fitted(made.rows[0], made.first)}"]
    rows += [f"&{going_in}{_IN}{_fitted(piece, made.following)}" for piece in made.rows[1:]]
    if not made.lead:
        lead = write(line.lead.box)
        rows[0] = f"{lead} {rows[0]}" if line.is_first else rf"\phantom{{{lead}}} {rows[0]}"
    return rows


def _align(rows: list[str]) -> str:
    between = " \\\\*\n" if len(rows) <= _TOGETHER else " \\\\\n"
    return "\\begin{align*}\n" + between.join(rows) + "\n\\end{align*}"


# --- blocks ----------------------------------------------------------------------------------------------------------


@singledispatch
def _block(made: Block) -> str:
    raise TypeError(f"{type(made).__name__} has no LaTeX registered: add @_block.register for it")


@_block.register
def _(made: blocks.Heading) -> str:
    return rf"\section*{{{text(made.text)}}}"


@_block.register
def _(made: blocks.Paragraph) -> str:
    # it leads in what follows, and stays on its page
    return words(made.words) + "\\par\\nopagebreak"


@_block.register
def _(made: blocks.Listing) -> str:
    items = "\n".join(rf"\item {words(item)}" for item in made.items)
    return f"\\begin{{itemize}}\\setlength{{\\itemsep}}{{2pt}}\n{items}\n\\end{{itemize}}"


@_block.register
def _(made: blocks.Display) -> str:
    rows = []
    for formula, note in made.lines:
        room = TEXT - INDENT
        rows += [_fitted(piece, room) for piece in broken(formula.box, room, room)]
        if note:
            rows[-1] += rf" \quad & \text{{{words(note)}}}"
    return "\\begin{flalign*}\n" + " \\\\\n".join(f"&{row} &" for row in rows) + "\n\\end{flalign*}"


@_block.register
def _(made: blocks.Result) -> str:
    return _align(_aligned_lines(made.line, TEXT - INDENT))


@_block.register
def _(made: blocks.StepBlock) -> str:
    return _step(made, TEXT)


def _step(made: blocks.StepBlock, room: float) -> str:
    source = f" {{\\small [{text(made.source)}]}}" if made.source else ""
    head = rf"\step{{{text(made.number)}}}{{{text(capitalised(made.rule))}}}{{{words(made.why)}{source}}}"
    proofs = "".join("\n" + _proof(proof, room - PROOF) for proof in made.proofs)
    return f"{head}\n{_align(_aligned_lines(made.line, room - INDENT))}{proofs}"


def _proof(made: Proof, room: float) -> str:
    if any(step.why for step in made.steps):
        body = "\n".join(_step(step, room) for step in made.steps)
    elif made.steps:
        body = _align([row for step in made.steps for row in _noted(step, room)])
    else:
        body = ""
    return f"\\begin{{subproof}}{{{words(made.title)}}}\n{body}\n\\end{{subproof}}"


def _noted(step: blocks.StepBlock, room: float) -> list[str]:
    """A line of a calculation, with its rule at the right."""
    rows = _aligned_lines(step.line, room - INDENT - NOTE)
    return [*rows[:-1], rf"{rows[-1]} \tag*{{\small {text(step.rule)}}}"]


@_block.register
def _(made: blocks.Table) -> str:
    columns = "l" * len(made.header)
    rows = "".join(" & ".join(map(text, row)) + " \\\\\n" for row in made.rows)
    header = " & ".join(rf"\textbf{{{text(cell)}}}" for cell in made.header)
    return f"\\begin{{tabular}}{{{columns}}}\n{header} \\\\\n\\hline\n{rows}\\end{{tabular}}"
