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
from symbackprop.render.arranged import arranged
from symbackprop.render.blocks import Block, Document, Line, Proof, Words, capitalised
from symbackprop.render.boxes import Box
from symbackprop.render.breaking import ASIDE, HANG, INDENT, NOTE, PROOF, TEXT, broken, laid, width, words_width
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
\setlength{\emergencystretch}{10em}
% a long formula in a reason goes to the next line whole, and leaves room
\setlength{\rightskip}{0pt plus 6em}
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
# what not every document is written with, by its name
WHERE_USED = {
    r"\judged": r"""% what the judges say, at the right of the reason, on a line of its own where there is no room
\newcommand{\judged}[1]{\unskip\nobreak\hfill\penalty50\hskip1em\hbox{}\nobreak\hfill\mbox{\footnotesize #1}}
""",
    r"\noted": r"""\newcommand{\noted}[1]{\begin{list}{}{\setlength{\leftmargin}{1.8em}%
  \setlength{\topsep}{0pt}\setlength{\parsep}{0pt}}%
  \item\relax{\small\itshape #1}\end{list}}
""",
    r"\begin{aside}": r"""% a remark, between rules
\newenvironment{aside}[1]
  {\par\addvspace{9pt}\hrule\nopagebreak\vskip5pt
   \begin{list}{}{\setlength{\leftmargin}{1em}\setlength{\rightmargin}{1em}\setlength{\topsep}{0pt}\setlength{\parsep}{4pt}}%
   \csname @endparpenalty\endcsname=10000
   \item\relax\textbf{#1}\par\nopagebreak}
  {\par\nobreak\vskip5pt\hrule\end{list}\addvspace{9pt}}
""",
    r"\drawn": r"""% a figure: the file that is drawn by the command, or the command
\newcommand{\drawn}[3]{\begin{center}\IfFileExists{#1.pdf}{\includegraphics[width=\linewidth,height=95mm,keepaspectratio]{#1.pdf}}%
  {\fbox{\parbox{.8\linewidth}{This figure is drawn by \texttt{#2}}}}\\[3pt]#3\end{center}}
""",
}
_ESCAPED = {
    "\\": r"\textbackslash{}",
    "^": r"\textasciicircum{}",
    "~": r"\textasciitilde{}",
    **{sign: f"\\{sign}" for sign in "{}$&#%_"},
    "'": "'",
    "“": "``",
    "”": "''",
    "‘": "`",
    "’": "'",
    "–": "--",
    "—": "---",
}
# signs of text that no formula of ours has, and small characters
_SIGNS = {
    "√": r"\surd",
    "∞": r"\infty",
    "→": r"\to",
    "≈": r"\approx",
    "±": r"\pm",
    "∑": r"\sum",
    "≠": r"\neq",
    "∈": r"\in",
}
_SCRIPTS = {"<super>": r"\textsuperscript", "<sub>": r"\textsubscript"}
_MATH = COMMANDS | _SIGNS
# letters that T1 fonts have; others are spelled with their base letter
_T1 = range(0xC0, 0x180)


def source(made: Document) -> str:
    """The whole file."""
    title = text(made.title)
    # a display belongs to the paragraph before it, or LaTeX sets an empty line between them
    body = "".join(_joint(each) + block(each, TEXT) for each in made.blocks)
    preamble = PREAMBLE + "".join(made for name, made in WHERE_USED.items() if name in body)
    return f"{preamble}\\title{{{title}}}\n\\date{{}}\n\\author{{}}\n\\hypersetup{{pdftitle={{{title}}}}}\n" + (
        f"\\begin{{document}}\n\\begin{{center}}\\Large\\bfseries {title}\\end{{center}}\n\n{body}\n\\end{{document}}\n"
    )


def _joint(made: Block) -> str:
    return "\n" if isinstance(made, blocks.Display | blocks.Result) else "\n\n"


def aligned(derivation: Derivation, notation: str | Notation = "lecture") -> str:
    r"""The lines of a derivation in full, as an `aligned` environment: one `&=` each."""
    letters = notation_named(notation)
    derivation = arranged(derivation, letters)
    look = Look(derivation.network, letters, known=derivation.known)
    rows: list[str] = []
    for step in derivation.steps:
        lead = f"{write(layout(look.placed(derivation.start), look))} " if not rows else ""
        if step.shown.dots:
            rows.append(f"{lead}&{write(layout(Ellipsis(step.shown.dots), look))}")
            lead = ""
        side = Chain((derivation.start, step.after), (step.relation,), continued=True)
        rows.append(f"{lead}&{write(layout(look.placed(side), look.showing(step.shown)))}")
    if not rows:
        rows = [write(layout(look.placed(derivation.start), look))]
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
    if char in _MATH:
        return rf"\ensuremath{{{_MATH[char]}}}"
    if ord(char) in _T1:
        return char
    script, _, code = unicodedata.decomposition(char).partition(" ")
    if script in _SCRIPTS:
        return rf"{_SCRIPTS[script]}{{{text(chr(int(code, 16)))}}}"
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

_SECTIONS = ("section", "subsection", "subsubsection", "paragraph", "subparagraph")


@singledispatch
def block(made: Block, room: float) -> str:
    """A block, `room` em wide."""
    raise TypeError(f"{type(made).__name__} has no LaTeX registered: add @block.register for it")


@block.register
def _(made: blocks.Heading, room: float) -> str:
    if made.level == 0:
        return rf"\par\addvspace{{5pt}}\textbf{{{text(made.text)}}}\par\nopagebreak"
    name = _SECTIONS[min(made.level, len(_SECTIONS)) - 1]
    return rf"\{name}{'' if made.numbered else '*'}{{{text(made.text)}}}"


@block.register
def _(made: blocks.Contents, room: float) -> str:
    return r"\tableofcontents"


@block.register
def _(made: blocks.Paragraph, room: float) -> str:
    # what leads in something stays on its page
    return words(made.words) + (r"\par\nopagebreak" if made.leads else r"\par\smallskip")


@block.register
def _(made: blocks.Listing, room: float) -> str:
    items = "\n".join(rf"\item {words(item)}" for item in made.items)
    return f"\\begin{{itemize}}\\setlength{{\\itemsep}}{{2pt}}\n{items}\n\\end{{itemize}}"


@block.register
def _(made: blocks.Display, room: float) -> str:
    rows, below, inside = [], "", room - INDENT
    indent = rf"\hspace{{{INDENT}em}}" if made.inset else ""
    for formula, note in made.lines:
        rows += [indent + _fitted(piece, inside) for piece in broken(formula.box, inside, inside)]
        if note and width(formula.box) + words_width(note) <= inside:
            rows[-1] += rf" \quad & \text{{{words(note)}}}"
        elif note:
            below += f"\n{indent}{words(note)}\\par"
    return "\\begin{flalign*}\n" + " \\\\\n".join(f"&{row} &" for row in rows) + "\n\\end{flalign*}" + below


@block.register
def _(made: blocks.Result, room: float) -> str:
    return _align(_aligned_lines(made.line, room - INDENT))


@block.register
def _(made: blocks.StepBlock, room: float) -> str:
    proofs = "".join("\n" + _proof(proof, room - PROOF) for proof in made.proofs)
    notes = "".join(rf"\noted{{{text(note)}}}" for note in (made.verdict.notes if made.verdict else ()))
    notes = f"\n{notes}" if notes else ""
    return f"{_head(made)}\n{_align(_aligned_lines(made.line, room - INDENT))}{notes}{proofs}"


def _head(made: blocks.StepBlock) -> str:
    """Number, rule and reason of a step; the judges' words end the reason."""
    source = f" {{\\small [{text(made.source)}]}}" if made.source else ""
    judged = rf"\judged{{{text(made.verdict.words)}}}" if made.verdict and made.verdict.outcomes else ""
    rule = f"{text(capitalised(made.rule))}{', as claimed' if made.is_claim else ''}"
    return rf"\step{{{text(made.number)}}}{{{rule}}}{{{words(made.why)}{source}{judged}}}"


def _proof(made: Proof, room: float) -> str:
    if any(step.why for step in made.steps):
        body = "\n".join(block(step, room) for step in made.steps)
    elif made.steps:
        body = _align([row for step in made.steps for row in _noted(step, room)])
    else:
        body = ""
    return f"\\begin{{subproof}}{{{words(made.title)}}}\n{body}\n\\end{{subproof}}"


def _noted(step: blocks.StepBlock, room: float) -> list[str]:
    """A line of a calculation, with its rule at the right."""
    rows = _aligned_lines(step.line, room - INDENT - NOTE)
    return [*rows[:-1], rf"{rows[-1]} \tag*{{\small {text(step.rule)}}}"]


@block.register
def _(made: blocks.OneLine, room: float) -> str:
    reasons = "\n".join(_head(step) for step in made.steps)
    return f"{_align(_aligned_lines(made.line, room - INDENT))}\n{reasons}\\par"


@block.register
def _(made: blocks.Table, room: float) -> str:
    columns = "".join("r" if right else "l" for right in made.right) or "l" * len(made.header)
    rows = "".join(" & ".join(map(text, row)) + " \\\\\n" for row in made.rows)
    header = " & ".join(rf"\textbf{{{text(cell)}}}" for cell in made.header)
    table = f"\\begin{{tabular}}{{{columns}}}\n{header} \\\\\n\\hline\n{rows}\\end{{tabular}}"
    if not made.title:
        return table
    return f"\\begin{{center}}\n\\emph{{{text(made.title)}}}\\\\[4pt]\n{table}\n\\end{{center}}"


@block.register
def _(made: blocks.Picture, room: float) -> str:
    return rf"\drawn{{{made.name}}}{{{text(f'{made.command} -o {made.name}.pdf')}}}{{{words(made.caption)}}}"


@block.register
def _(made: blocks.Aside, room: float) -> str:
    body = "".join(_joint(each) + block(each, room - ASIDE) for each in made.blocks)
    return f"\\begin{{aside}}{{{text(made.title)}}}{body}\n\\end{{aside}}"
