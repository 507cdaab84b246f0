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
    return "\n\n".join([f"# {text(made.title)}", *filter(None, map(block, made.blocks))]) + "\n"


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
def block(made: Block) -> str:
    raise TypeError(f"{type(made).__name__} has no Markdown registered: add @block.register for it")


@block.register
def _(made: blocks.Heading) -> str:
    return f"**{text(made.text)}**" if made.level == 0 else f"{'#' * min(made.level + 1, 6)} {text(made.text)}"


@block.register
def _(made: blocks.Contents) -> str:
    # whoever shows Markdown lists its headings
    return ""


@block.register
def _(made: blocks.Paragraph) -> str:
    return words(made.words)


@block.register
def _(made: blocks.Listing) -> str:
    return "\n".join(f"- {words(item)}" for item in made.items)


@block.register
def _(made: blocks.Display) -> str:
    return "\n\n".join(
        _display(write(formula.box)) + (f"\n\n{words(note)}" if note else "") for formula, note in made.lines
    )


@block.register
def _(made: blocks.Result) -> str:
    return _chained(made.line)


@block.register
def _(made: blocks.StepBlock) -> str:
    notes = [f"*{text(note)}*" for note in (made.verdict.notes if made.verdict else ())]
    return "\n\n".join([_head(made), _chained(made.line), *notes, *map(_proof, made.proofs)])


def _head(made: blocks.StepBlock) -> str:
    """Number, rule and reason of a step, and what the judges say."""
    source = f" \\[{text(made.source)}\\]" if made.source else ""
    judged = f" <sub>{text(made.verdict.words)}</sub>" if made.verdict and made.verdict.outcomes else ""
    rule = f"{text(capitalised(made.rule))}{', as claimed' if made.is_claim else ''}"
    return f"**{text(made.number)} {rule}.** {words(made.why)}{source}{judged}"


def _proof(made: Proof) -> str:
    """A subproof, set off as a quotation."""
    return _quoted([f"*{words(made.title).strip()}*", *map(block, made.steps)])


def _quoted(parts: list[str]) -> str:
    return "\n".join(f"> {line}".rstrip() for line in "\n\n".join(parts).split("\n"))


@block.register
def _(made: blocks.OneLine) -> str:
    return "\n\n".join([_chained(made.line), *map(_head, made.steps)])


@block.register
def _(made: blocks.Aside) -> str:
    return _quoted([f"**{text(made.title)}**", *filter(None, map(block, made.blocks))])


@block.register
def _(made: blocks.Picture) -> str:
    return f"*Figure: {words(made.caption)}* `{made.command} -o {made.name}.svg` draws it."


@block.register
def _(made: blocks.Table) -> str:
    rows = [" | ".join(map(text, row)) for row in (made.header, *made.rows)]
    sides = made.right or (False,) * len(made.header)
    rows.insert(1, " | ".join("---:" if right else "---" for right in sides))
    title = f"*{text(made.title)}*\n\n" if made.title else ""
    return title + "\n".join(f"| {row} |" for row in rows)
