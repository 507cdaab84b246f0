"""Boxes drawn as pictures of characters.

Boxes side by side share their base lines, fractions stand on a rule, matrices and norms get delimiters as tall as they
are. Subscripts and superscripts are Unicode's own where every character has one (`W₁ᵀ`, `hₗ₊₁`), else a lowered or
raised row of ordinary characters; no script is flattened where it would be read otherwise (`ₙₗ₋₁`).

Arrows over vectors and bold letters are left out: the common fixed-width fonts have no U+20D7 and no bold letters, and
draw an empty frame in their place. Hats, bars and tildes are kept, as one character where Unicode has it (`ŷ`).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import singledispatch

from symbackprop.keeping import kept
from symbackprop.render import boxes
from symbackprop.render.boxes import Box
from symbackprop.render.pictures import Picture, beside, brace, delimiter, flush, line_of, padded, stacked

_SUBSCRIPTS = dict(
    zip("0123456789+-−=()aehijklmnoprstuvxβγρφχ,", "₀₁₂₃₄₅₆₇₈₉₊₋₋₌₍₎ₐₑₕᵢⱼₖₗₘₙₒₚᵣₛₜᵤᵥₓᵦᵧᵨᵩᵪ,", strict=True)
)
_SUPERSCRIPTS = dict(
    zip(
        "0123456789+-−=()abcdefghijklmnoprstuvwxyzABDEGHIJKLMNOPRTUVW⊤",
        "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁻⁼⁽⁾ᵃᵇᶜᵈᵉᶠᵍʰⁱʲᵏˡᵐⁿᵒᵖʳˢᵗᵘᵛʷˣʸᶻᴬᴮᴰᴱᴳᴴᴵᴶᴷᴸᴹᴺᴼᴾᴿᵀᵁⱽᵂᵀ",
        strict=True,
    )
)
_PRIMES = {0: "", 1: "′", 2: "″", 3: "‴"}
_COMBINING = {"hat": "\u0302", "bar": "\u0304", "tilde": "\u0303"}
_WIDE_MARKS = {"hat": "^", "bar": "_", "tilde": "~"}
_SPACES = {"quad": " ", "thin": " "}
# letters that the common fixed-width fonts do not have
_LETTERS = {"𝒩": "N"}
_SIGNS = {"∏": ("┬─┬", "│ │"), "Σ": ("∑",)}


# --- boxes -----------------------------------------------------------------------------------------------------------


def draw(box: Box) -> Picture:
    """The picture of a box, however wide; kept with the box, because lines of a derivation share most of theirs."""
    return kept(box, "_picture", _draw)


@singledispatch
def _draw(box: Box) -> Picture:
    raise TypeError(f"{type(box).__name__} has no picture registered: add @_draw.register for it")


@_draw.register
def _(box: boxes.Symbol | boxes.Words | boxes.Infix | boxes.Torn) -> Picture:
    return line_of(_LETTERS.get(box.text, box.text))


@_draw.register
def _(box: boxes.Prefixed) -> Picture:
    return line_of(box.prefix + box.text)


@_draw.register
def _(box: boxes.Space) -> Picture:
    return line_of(_SPACES[box.size])


@_draw.register
def _(box: boxes.Row) -> Picture:
    return joined(parts_of(box))


def joined(parts: Sequence[Part]) -> Picture:
    return beside([p for part in parts for p in (line_of(part.gap), part.picture)])


@_draw.register
def _(box: boxes.Bold) -> Picture:
    return draw(box.base)


@_draw.register
def _(box: boxes.Accent) -> Picture:
    base = draw(box.base)
    if box.mark == "vec":
        return base
    if base.width == 1 and len(base.lines) == 1:
        return line_of(base.lines[0] + _COMBINING[box.mark])
    return stacked([line_of(_WIDE_MARKS[box.mark] * (base.width if box.mark == "bar" else 1)), base], base.base + 1)


@_draw.register
def _(box: boxes.Scripts) -> Picture:
    base = draw(box.base)
    return beside([base, scripts_at(box, base)])


def scripts_at(box: boxes.Scripts, base: Picture) -> Picture:
    """What stands to the right of a base: on its line where that is possible, else from its top and its bottom."""
    primes = _PRIMES.get(box.primes, "′" * box.primes)
    low, small_low = _script(box.sub, _SUBSCRIPTS)
    high, small_high = _script(box.sup, _SUPERSCRIPTS)
    if base.is_tall:
        between = len(base.lines) - 2
        upper = beside([line_of(primes), Picture(high, len(high) - 1)]).lines
        return flush((*upper, *("",) * between, *low), len(high) - 1 + base.above)
    raised = () if small_high else high
    lowered = () if small_low else low
    middle = primes + (low[0] if small_low else "") + (high[0] if small_high else "")
    return flush((*raised, middle, *lowered), len(raised))


def _script(box: Box | None, table: dict[str, str]) -> tuple[tuple[str, ...], bool]:
    """The lines of a script, and whether they are one line of Unicode's own small characters."""
    if box is None:
        return ("",), True
    lines = _tight(box).lines
    if len(lines) == 1 and all(char in table for char in lines[0]):
        return ("".join(table[char] for char in lines[0]),), True
    return lines, False


def _tight(box: Box) -> Picture:
    """A script or bound: no blanks around its signs, and its own scripts on its line."""
    return _close(_inline(box))


def _close(box: Box) -> Picture:
    match box:
        case boxes.Row():
            return beside([_close(item) for item in flat(box)])
        case boxes.Fenced(opening, body, closing, False):
            return beside([line_of(opening), _close(body), line_of(closing)])
    return draw(box)


def _inline(box: Box) -> Box:
    """The box with `n_{L+1}` for scripts that would need a lowered row."""
    match box:
        case boxes.Row(items):
            return boxes.Row(tuple(_inline(item) for item in items))
        case boxes.Fenced(opening, body, closing, grows):
            return boxes.Fenced(opening, _inline(body), closing, grows)
        case boxes.Scripts(base, sub, sup, primes) if len(draw(_inline(base)).lines) == 1:
            low, small_low = _script(sub, _SUBSCRIPTS)
            high, small_high = _script(sup, _SUPERSCRIPTS)
            if (small_low and small_high) or len(low) + len(high) > 2:
                return box
            marks = (low[0] if small_low else _marked("_", low[0])) + (high[0] if small_high else _marked("^", high[0]))
            return boxes.Symbol(draw(boxes.Scripts(_inline(base), primes=primes)).lines[0] + marks)
    return box


def _marked(mark: str, text: str) -> str:
    return mark + (text if len(text) == 1 else f"{{{text}}}")


@_draw.register
def _(box: boxes.Fraction) -> Picture:
    over, under = draw(box.numerator), draw(box.denominator)
    rule = line_of("─" * max(over.width, under.width))
    return stacked([over, rule, under], len(over.lines))


@_draw.register
def _(box: boxes.Radical) -> Picture:
    body = draw(box.body)
    if len(body.lines) == 1 and body.width == 1:
        return line_of("√" + body.lines[0])
    if len(body.lines) == 1:
        return Picture((" " + "_" * body.width, "√" + body.lines[0]), 1)
    whole = stacked([line_of("─" * body.width), body], body.base + 1)
    legs = ("┌", *["│"] * len(body.lines))
    hook = (*[" "] * len(body.lines), "╲")
    return beside([Picture(hook, whole.base), Picture(legs, whole.base), whole])


@_draw.register
def _(box: boxes.Fenced) -> Picture:
    body = draw(box.body)
    opening, closing = fences(box, body)
    return beside([opening, body, closing])


def fences(box: boxes.Fenced, body: Picture) -> tuple[Picture, Picture]:
    """The delimiters around a body; tall bars stand apart from it, for it may begin with a bar itself."""
    tall = box.grows and body.is_tall
    height = (body.above, body.below) if tall else (0, 0)
    blank = [line_of(" ")] if tall and box.opening in ("‖", "|") else []
    opening, closing = delimiter(box.opening, *height), delimiter(box.closing, *height)
    return beside([opening, *blank]), beside([*blank, closing])


@_draw.register
def _(box: boxes.Matrix) -> Picture:
    return beside(matrix_parts(box))


def matrix_parts(box: boxes.Matrix) -> list[Picture]:
    """The left bracket, the columns with what stands between them, and the right bracket."""
    cells = [[draw(cell) for cell in row] for row in box.rows]
    spans = [(max(p.above for p in row), max(p.below for p in row)) for row in cells]
    height = sum(above + below + 1 for above, below in spans)
    base = (height - 1) // 2
    made: list[Picture] = []
    for column in zip(*cells, strict=True):
        aligned = [padded(p, *span) for p, span in zip(column, spans, strict=True)]
        made += [line_of("  "), stacked(aligned, base)]
    inside = (base, height - 1 - base)
    return [delimiter("(", *inside), *made[1:], delimiter(")", *inside)]


@_draw.register
def _(box: boxes.Big) -> Picture:
    lines = _SIGNS.get(box.sign, (box.sign,))
    sign = Picture(lines, len(lines) - 1)
    upper = [_tight(box.upper)] if box.upper else []
    lower = [_tight(box.lower)] if box.lower else []
    return stacked([*upper, sign, *lower], sum(len(p.lines) for p in upper) + sign.base)


def _flat_big(box: boxes.Big) -> Picture | None:
    """`∏ₗ₌₁ᴸ`, where the bounds can be written so."""
    (low, small_low), (high, small_high) = _script(box.lower, _SUBSCRIPTS), _script(box.upper, _SUPERSCRIPTS)
    return line_of(box.sign + low[0] + high[0]) if small_low and small_high else None


@_draw.register
def _(box: boxes.Under) -> Picture:
    body = draw(box.body)
    return stacked([body, line_of(brace(body.width)), stacked([draw(line) for line in _note(box.note)], 0)], body.base)


def _note(note: Box) -> tuple[Box, ...]:
    """The lines of a note: those of a stack, and a new one after a comma before words, as in "n×m, or k×p"."""
    if isinstance(note, boxes.Stack):
        return tuple(line for part in note.lines for line in _note(part))
    lines: list[list[Box]] = [[]]
    for item in flat(note) if isinstance(note, boxes.Row) else (note,):
        if isinstance(item, boxes.Words) and lines[-1]:
            comma, words = ("", item.text) if not item.text.startswith(",") else (",", item.text[1:])
            if comma or _text(lines[-1][-1]) == ",":
                lines[-1].append(boxes.Words(comma))
                lines.append([boxes.Words(words.lstrip())])
                continue
        lines[-1].append(item)
    return tuple(_inline(boxes.Row(tuple(line))) for line in lines)


@_draw.register
def _(box: boxes.Over) -> Picture:
    body, note = draw(box.body), draw(box.note)
    return stacked([note, body], len(note.lines) + body.base)


@_draw.register
def _(box: boxes.Stack) -> Picture:
    lines = [draw(line) for line in box.lines]
    return stacked(lines, lines[0].base)


# --- rows: what stands between neighbours, and where a line may be broken --------------------------------------------


@dataclass(frozen=True)
class Part:
    """A picture in a row, the blanks before it, and how gladly a line is broken before it: 0 is never."""

    picture: Picture
    gap: str = ""
    breaks: int = 0


NEVER, FACTOR, TERM, RELATION, CLAIM = range(5)
_PUNCTUATION = (",", ";", ".")
_PREFIXES = ("∂", "∇", "−", "-", "+")


_LETTER = boxes.Symbol | boxes.Scripts | boxes.Accent | boxes.Bold
_BLANK = boxes.Space | boxes.Words


def parts_of(row: boxes.Row) -> list[Part]:
    """The items of a row, nested rows opened, with the blanks that belong between them."""
    items = list(flat(row))
    pictures = [draw(item) for item in items]
    if not any(p.is_tall for item, p in zip(items, pictures, strict=True) if not isinstance(item, boxes.Big)):
        bigs = [_flat_big(item) if isinstance(item, boxes.Big) else None for item in items]
        pictures = [flat or p for flat, p in zip(bigs, pictures, strict=True)]
    return [Part(picture, _gap(items, i), _breaks(items, i)) for i, picture in enumerate(pictures)]


def flat(row: boxes.Row) -> Iterator[Box]:
    for item in row.items:
        if isinstance(item, boxes.Row):
            yield from flat(item)
        else:
            yield item


def _text(item: Box) -> str:
    return item.text if isinstance(item, boxes.Symbol | boxes.Infix) else ""


def _is_unary(items: Sequence[Box], i: int) -> bool:
    """Whether a plus or minus is the sign of what follows, and not between two terms."""
    if not isinstance(items[i], boxes.Infix) or _text(items[i]) not in ("-", "−", "+", "±"):
        return False
    return i == 0 or isinstance(items[i - 1], boxes.Infix | boxes.Space) or _text(items[i - 1]) in _PUNCTUATION


def _is_name(items: Sequence[Box], i: int) -> bool:
    """Whether words are the name of a function, and so a factor like a letter: `diag(v)`."""
    return isinstance(items[i], boxes.Words) and i + 1 < len(items) and isinstance(items[i + 1], boxes.Fenced)


def _gap(items: Sequence[Box], i: int) -> str:
    """The blanks before item `i` of a row."""
    if i == 0:
        return ""
    before, item = items[i - 1], items[i]
    worded = isinstance(before, _BLANK) or (isinstance(item, _BLANK) and not _is_name(items, i))
    applied = isinstance(before, _LETTER) and isinstance(item, boxes.Fenced) and _text(before) not in _PUNCTUATION
    counted = _text(before).isdigit() and isinstance(item, _LETTER)
    signed = _text(before) in _PREFIXES and isinstance(before, boxes.Symbol)
    if worded or applied or counted or signed or _text(item) in _PUNCTUATION or _is_unary(items, i - 1):
        return ""
    return " "


def _breaks(items: Sequence[Box], i: int) -> int:
    """How gladly a line is broken before item `i`: never after a sign, and not between a ∏ and its body."""
    if i == 0 or isinstance(items[i - 1], boxes.Infix | boxes.Big) or isinstance(items[i], boxes.Space):
        return NEVER
    before, item = items[i - 1], items[i]
    if _text(before) in _PUNCTUATION or (isinstance(before, boxes.Words) and before.text.startswith(_PUNCTUATION)):
        return CLAIM
    if isinstance(item, boxes.Infix):
        return RELATION if item.text in boxes.RELATIONS else TERM
    return FACTOR if _gap(items, i) or isinstance(before, boxes.Space) else NEVER
