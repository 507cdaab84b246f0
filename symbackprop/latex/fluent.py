r"""Lines of what is known already, read in one go: `\delta_1 = g'(z_1) \odot W_2^\top \delta_2`.

Most lines are products and sums of letters with scripts, functions of them and parentheses, each of which stood in a
line before and has one meaning, and products over an index of what stands in brackets. Where there is anything else, or
anything would have to be decided, None is given: the line is then read by way of its surface. What a product, a sum and
a chain mean is said where it is said for surfaces.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from functools import lru_cache

from symbackprop.expr import Number
from symbackprop.latex import surface as s
from symbackprop.latex.counting import MOST_KEPT
from symbackprop.latex.errors import ReadingError
from symbackprop.latex.meaning_big import multiplied_over
from symbackprop.latex.meaning_special import norm_kind
from symbackprop.latex.meaning_statements import RELATIONS, Said, before
from symbackprop.latex.meaning_sums import fenced, negative, norm, summed
from symbackprop.latex.meaning_terms import ways_before
from symbackprop.latex.products import combined
from symbackprop.latex.readings import Mark, Reader, Reading, leaf, taken_for_granted
from symbackprop.latex.sizes import NOTHING
from symbackprop.latex.surface import AROUND_OTHERS, Surface
from symbackprop.latex.symbols import LIMIT_WORDS
from symbackprop.latex.tokens import NESTING, Token
from symbackprop.shapes import SCALAR, Shape
from symbackprop.statements import Chain, Together

# so many parentheses in one another
_DEEPEST = 20
# what a factor begins with
_FACTORS = frozenset({"name", "letter", "text", "number", "open", "left", "big"})
_ROLES = _FACTORS | {"mul", "add", "rel", "close", "right", "sep", "quad", "drop", "amp"}
# what is read of scripts is only what stands below and above ∏, and the kind of a norm beside such
_SCRIPTS = frozenset({"script", "begin group", "end group"})
_KINDS: dict[str, type[Surface]] = {
    "letter": s.Letter,
    "text": s.Letter,
    "number": s.Numeral,
    "open": s.Fenced,
    "left": s.Fenced,
    "big": s.Big,
}
# what opens and closes, and the roles of the tokens that belong together
_PAIRS = {"(": ")", "[": "]", "‖": "‖"}
_CLOSING = {"open": "close", "left": "right"}


def fluent(cut: Sequence[Token], reader: Reader, like: Shape | None) -> Said | None:
    """What a line says, as `state` gives it; None where that is not known at once.

    Args:
        cut: its tokens, with names.
    """
    roles = {token[0] for token in cut}
    if not roles <= (_ROLES | _SCRIPTS if "big" in roles else _ROLES):
        return None
    if "amp" in roles:
        if not _is_aligned(cut):
            return None
        cut = [token for token in cut if token[0] != "amp"]
    line = _Line([token for token in cut if token[0] != "drop"] if "drop" in roles else cut, reader)
    try:
        return line.said(like)
    except ReadingError:
        # it is said, and where, by who goes by the surface
        return None


def _is_aligned(cut: Sequence[Token]) -> bool:
    """Whether the only mark of alignment stands before a relation, where it says nothing."""
    first, *others = [i for i, token in enumerate(cut) if token[0] == "amp"]
    return not others and first + 1 < len(cut) and cut[first + 1][0] == "rel"


@lru_cache(maxsize=MOST_KEPT)
def _number(text: str) -> Number:
    return Number(Fraction(text))


def _one(kept: tuple[int, list[Reading]] | None, start: int) -> Reading | None:
    """What was read somewhere, and is to stand here, where it means one thing."""
    return kept[1][0].moved(start - kept[0]) if kept is not None and len(kept[1]) == 1 else None


class _Line:
    """Goes through the tokens of a line once; each method reads one thing, and gives None where it is not known.

    Attributes:
        reader: within an index, where one is bound; left: the side on the left, as soon as it has been read.
    """

    def __init__(self, tokens: Sequence[Token], reader: Reader) -> None:
        self.tokens = tokens
        self.reader = reader
        self.left = reader.left
        self.at = 0
        self.depth = 0

    def said(self, like: Shape | None) -> Said | None:
        """A side, a chain of them, or several chains with commas between them."""
        count = len(self.tokens)
        if not count:
            return None
        first = self.chain(like)
        if first is None or self.at == count:
            return first
        return self.several(first if like is None else None)

    def several(self, first: Said | None) -> Said | None:
        """Chains with commas between them; of what each is about, nothing is known."""
        count = len(self.tokens)
        if first is None:
            self.at = 0
            first = self.chain(None)
        lines = [first]
        while self.at < count and self.tokens[self.at][:2] == ("sep", ","):
            self.at += 1
            while self.at < count and self.tokens[self.at][0] == "quad":
                self.at += 1
            lines.append(self.chain(None))
        said = [line for line in lines if line is not None]
        trees = [line.tree for line in said if isinstance(line.tree, Chain)]
        if self.at < count or len(trees) < len(lines):
            return None
        assumed = tuple(dict.fromkeys(words for line in said for words in line.assumed))
        mark = Mark((said[0].mark.span[0], said[-1].mark.span[1]), tuple([line.mark for line in said]))
        return Said(Together(tuple(trees)), mark, assumed)

    def chain(self, like: Shape | None) -> Said | None:
        tokens, reader, count = self.tokens, self.reader, len(self.tokens)
        if self.at == count:
            return None
        parts: list[Reading] = []
        relations: list[str] = []
        start = tokens[self.at][2]
        continued = tokens[self.at][0] == "rel"
        if continued:
            if reader.left is None:
                return None
            parts.append(before(reader, start))
        else:
            side = self.side()
            if side is None:
                return None
            parts.append(side)
            if reader.left is None:
                self.left = side.tree
        while self.at < count and tokens[self.at][0] == "rel":
            relation = RELATIONS.get(tokens[self.at][1])
            self.at += 1
            side = self.side() if relation is not None else None
            if side is None or relation is None:
                return None
            relations.append(relation)
            parts.append(side)
        if not self.agree(parts, like):
            return None
        if not relations:
            (only,) = parts
            return Said(only.tree, only.mark, only.assumed)
        tree = Chain(tuple([part.tree for part in parts]), tuple(relations), continued)
        mark = Mark((start, tokens[self.at - 1][3]), tuple([part.mark for part in parts]))
        return Said(tree, mark, taken_for_granted(parts))

    def agree(self, parts: list[Reading], like: Shape | None) -> bool:
        """Whether all sides have one shape without more ado; a number among columns is the column of it."""
        if len(parts) == 1 and not parts[0].is_number:
            # one of another shape than is wanted is what it is
            return like is None or not self.reader.same(like, parts[0].shape, NOTHING)
        numbers = False
        for part in parts:
            if part.is_number:
                numbers = True
            elif like is None:
                like = part.shape
            elif self.reader.same(like, part.shape, NOTHING) is not NOTHING:
                return False
        return not numbers or like is None or like == SCALAR

    def side(self) -> Reading | None:
        """Terms and their signs."""
        tokens = self.tokens
        if self.at >= len(tokens):
            return None
        start = tokens[self.at][2]
        minus = tokens[self.at][0] == "add"
        if minus:
            if tokens[self.at][1] != "-":
                return None
            self.at += 1
        first = self.term()
        if first is None:
            return None
        if self.at == len(tokens) or tokens[self.at][0] != "add":
            return negative(first, (start, tokens[self.at - 1][3])) if minus else first
        terms, signs = [first], [minus]
        while self.at < len(tokens) and tokens[self.at][0] == "add":
            sign = tokens[self.at][1]
            self.at += 1
            term = self.term() if sign in ("+", "-") else None
            if term is None:
                return None
            terms.append(term)
            signs.append(sign == "-")
        return summed(terms, signs, NOTHING, (start, tokens[self.at - 1][3]), self.reader)

    def term(self) -> Reading | None:
        """Factors and their signs."""
        tokens, count = self.tokens, len(self.tokens)
        if self.at >= count:
            return None
        start = tokens[self.at][2]
        unit = self.unit(True)
        if unit is None:
            return None
        units, signs = [unit], []
        while self.at < count:
            role, value, _, _ = tokens[self.at]
            if role == "mul":
                if value not in self.reader.scope.entrywise_signs:
                    return None
                self.at += 1
                signs.append(value)
            elif role in _FACTORS:
                signs.append("")
            else:
                break
            unit = self.unit(role == "mul") if self.at < count else None
            if unit is None:
                return None
            units.append(unit)
        if len(units) == 1:
            return unit
        made = combined(units, tuple(signs), (start, tokens[self.at - 1][3]), self.reader)
        return made[0] if len(made) == 1 else None

    def unit(self, is_first: bool) -> Reading | None:
        """A factor, or a function and its argument.

        Args:
            is_first: whether a sign stands before it, or nothing.
        """
        role, value, start, end = self.tokens[self.at]
        scope = self.reader.scope
        if role == "name":
            first: Surface = value.surface
            written: object = value.written
        elif role == "letter" or (role == "text" and value[0] not in LIMIT_WORDS and " " not in value[0]):
            first, written = s.Letter((start, end), *value), (*value, end - start)
        elif role == "number":
            # a number behind a letter may be its index
            return self.number(value, start, end) if is_first else None
        elif role in _CLOSING:
            return self.parentheses()
        elif role == "big":
            return self.product() if value == "∏" else None
        else:
            return None
        self.at += 1
        after, behind = self.behind()
        if ways_before(first, behind, scope, written) is None or (is_first and after is None):
            is_around = role == "name" and value.kind in AROUND_OTHERS
            return _one(self.around(written) if is_around else scope.by_text.get(written), start)
        if behind is not s.Fenced or after is None or after[0] != "name":
            return None
        key = (written, after[1].written, after[2] - start, self.reader.bound)
        applied = scope.applied.get(key) or scope.applied.get((key, self.left))
        if applied is None or len(applied[1]) != 1:
            return None
        ((taken, readings),) = applied[1]
        self.at += taken - 1
        return _one((applied[0], readings), start)

    def around(self, written: object) -> tuple[int, list[Reading]] | None:
        """What was read where the same was written around others; see `symbackprop.latex.meaning.read`."""
        by_text = self.reader.scope.by_text
        if self.reader.bound:
            written = written, self.reader.bound
        return by_text.get(written) or by_text.get((written, self.left))

    def behind(self) -> tuple[Token | None, type[Surface] | None]:
        """The next token and its kind, where it is a factor that no sign parts from the one before."""
        if self.at == len(self.tokens):
            return None, None
        after = self.tokens[self.at]
        if after[0] == "name":
            return after, after[1].kind
        return after, _KINDS.get(after[0])

    def number(self, text: str, start: int, end: int) -> Reading | None:
        self.at += 1
        _, behind = self.behind()
        # 1 in front of brackets may be an indicator
        if behind is s.Numeral or (behind is not None and text == "1"):
            return None
        return leaf(_number(text), SCALAR, (start, end))

    def parentheses(self) -> Reading | None:
        """Parentheses around a side, or the norm of one."""
        opening = self.tokens[self.at]
        inside = self.inside()
        if inside is None:
            return None
        span = (opening[2], self.tokens[self.at - 1][3])
        plain: Surface = s.Fenced(span, opening[1], s.Blank(span), _PAIRS[opening[1]])
        if opening[1] != "‖":
            return self.alone(fenced(inside, span), plain)
        kind = self.norm_kind()
        span = (opening[2], self.tokens[self.at - 1][3])
        return self.alone(norm(inside, kind, span, self.reader), s.Scripted(span, plain) if kind else plain)

    def inside(self) -> Reading | None:
        """The side between what opens and what closes."""
        opening = self.tokens[self.at]
        self.at += 1
        self.depth += 1
        side = self.side() if self.depth <= _DEEPEST else None
        if side is None or self.at == len(self.tokens):
            return None
        closing = self.tokens[self.at]
        if closing[0] != _CLOSING[opening[0]] or closing[1] != _PAIRS.get(opening[1]):
            return None
        self.depth -= 1
        self.at += 1
        return side

    def norm_kind(self) -> str:
        """What stands below the closing bars, where that is the kind of a norm."""
        if len(self.tokens) < self.at + 2 or self.tokens[self.at][:2] != ("script", "_"):
            return ""
        role, value, start, end = self.tokens[self.at + 1]
        if role not in ("number", "letter"):
            return ""
        kind = norm_kind(s.Numeral((start, end), value) if role == "number" else s.Letter((start, end), *value))
        if kind:
            self.at += 2
        return kind or ""

    def product(self) -> Reading | None:
        """∏ with bounds that stood in a line before, over what stands in brackets."""
        _, sign, start, _ = self.tokens[self.at]
        self.at = self.after_bounds()
        if self.at == len(self.tokens):
            return None
        first = self.tokens[self.at][2]
        outside = self.reader
        bounds = outside.scope.ranges.get(outside.text[start:first])
        if bounds is None:
            return None
        self.reader = outside.within(bounds.name)
        body = self.bracketed()
        self.reader = outside
        span = (start, self.tokens[self.at - 1][3])
        if body is None:
            return None
        made = multiplied_over(bounds, fenced(body, (first, span[1])), span, outside)
        return self.alone(made, s.Big(span, sign, s.Blank(span)))

    def bracketed(self) -> Reading | None:
        """What stands in brackets, which are one token or several."""
        role, value, start, _ = self.tokens[self.at]
        if role in _CLOSING:
            return self.inside() if value != "‖" else None
        if role != "name" or value.kind is not s.Fenced:
            return None
        self.at += 1
        return _one(self.around(value.written), start)

    def after_bounds(self) -> int:
        """The place behind the scripts of a sign."""
        tokens, at, depth = self.tokens, self.at + 1, 0
        while at < len(tokens) and (depth or tokens[at][0] in _SCRIPTS or tokens[at - 1][0] == "script"):
            depth += NESTING.get(tokens[at][0], 0)
            at += 1
        return at

    def alone(self, made: Reading, e: Surface) -> Reading | None:
        """What was read, where nothing begins with it."""
        _, behind = self.behind()
        return made if ways_before(e, behind, self.reader.scope) is None else None
