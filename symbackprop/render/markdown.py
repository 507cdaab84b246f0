"""A document as Markdown as GitHub and notebooks show it: formulas between dollar signs."""

from __future__ import annotations

import re
from functools import singledispatch

from symbackprop.render import blocks
from symbackprop.render.blocks import Block, Document, Line, Proof, Words, capitalised
from symbackprop.render.latex import write

_MARKUP = re.compile(r"([\\`*_{}\[\]<>#$|~])")
_AT_START = re.compile(r"^([-+=]|\d+(?=[.)]))")


def source(made: Document) -> str:
    """The whole file."""
    return "\n\n".join([f"# {text(made.title)}", *map(_block, made.blocks)]) + "\n"


def text(words: str) -> str:
    """Words that are not markup: every sign stands for itself."""
    printable = "".join(c if c.isprintable() else " " for c in words)
    return _AT_START.sub(r"\\\1", _MARKUP.sub(r"\\\1", printable))


def words(made: Words) -> str:
    """A sentence with its formulas."""
    return "".join(text(part) if isinstance(part, str) else f"${write(part.box)}$" for part in made)


def _display(latex: str) -> str:
    return f"$$\n{latex}\n$$"


def _chained(line: Line) -> str:
    lead = f"{write(line.lead.box)} " if line.is_first else ""
    formula = write(line.formula.box)
    if line.dots is None:
        return _display(f"{lead}{formula}")
    rows = f"{lead}&{write(line.dots.box)} \\\\\n&{formula}"
    return _display(f"\\begin{{aligned}}\n{rows}\n\\end{{aligned}}")


# --- blocks ----------------------------------------------------------------------------------------------------------


@singledispatch
def _block(made: Block) -> str:
    raise TypeError(f"{type(made).__name__} has no Markdown registered: add @_block.register for it")


@_block.register
def _(made: blocks.Heading) -> str:
    return f"## {text(made.text)}"


@_block.register
def _(made: blocks.Paragraph) -> str:
    return words(made.words)


@_block.register
def _(made: blocks.Listing) -> str:
    return "\n".join(f"- {words(item)}" for item in made.items)


@_block.register
def _(made: blocks.Display) -> str:
    return "\n\n".join(
        _display(write(formula.box)) + (f"\n\n{words(note)}" if note else "") for formula, note in made.lines
    )


@_block.register
def _(made: blocks.Result) -> str:
    return _chained(made.line)


@_block.register
def _(made: blocks.StepBlock) -> str:
    source = f" \\[{text(made.source)}\\]" if made.source else ""
    head = f"**{text(made.number)} {text(capitalised(made.rule))}.** {words(made.why)}{source}"
    return "\n\n".join([head, _chained(made.line), *map(_proof, made.proofs)])


def _proof(made: Proof) -> str:
    """A subproof, set off as a quotation."""
    inside = "\n\n".join([f"*{words(made.title).strip()}*", *map(_block, made.steps)])
    return "\n".join(f"> {line}".rstrip() for line in inside.split("\n"))


@_block.register
def _(made: blocks.Table) -> str:
    rows = [" | ".join(map(text, row)) for row in (made.header, *made.rows)]
    rows.insert(1, " | ".join("---" for _ in made.header))
    return "\n".join(f"| {row} |" for row in rows)
