r"""What stands side by side joined by precedence: lines, lists, chains, sums, terms, without recursion.

The pieces of one group, fence, cell or line come here flat, as items; what is inside of them has been joined before.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

from symbackprop.latex.errors import ReadingError
from symbackprop.latex.items import ATOM, CHAIN, LIST, SUM, TERM, Item, Items
from symbackprop.latex.surface import (
    Additive,
    Big,
    Blank,
    Chain,
    Dots,
    Letter,
    Listed,
    Numeral,
    Sign,
    Signed,
    Span,
    Surface,
    Term,
)

# what stands between the parts of a list
_ATOMS = {"atom"}
# what no line is parted by
PLAIN = frozenset({"atom", "mul", "add", "rel"})
_SEPARATING = frozenset({"sep", "quad", "stop", "prose"})


class Joiner:
    """Joins the items of one text.

    Args:
        text: for errors.
    """

    def __init__(self, text: str) -> None:
        self.text = text

    def refuse(self, message: str, span: Span) -> ReadingError:
        return ReadingError(message, self.text, span)

    def quoted(self, start: int, end: int) -> str:
        """The source of a place, short enough for a sentence."""
        source = " ".join(self.text[start:end].split())
        return f"`{source}`" if len(source) <= 40 else f"`{source[:18]} … {source[-18:]}`"

    # --- one line ----------------------------------------------------------------------------------------------------

    def line(self, items: Sequence[Item], *, script: bool = False) -> Surface:
        """A list of chains of sums of terms.

        Args:
            script: whether this is a whole script, where `1 … n` is a range and `+` alone a mark.
        """
        if len(items) == 1 and items[0].kind == "atom":
            return items[0].surface
        kinds = {item.kind for item in items}
        if kinds == _ATOMS and not (script and any(type(item.value) is Dots for item in items)):
            return self.term(items)
        if kinds.isdisjoint(_SEPARATING):
            return self.chain(items, script=script)
        parts, signs = self.separated(self.spaced(items))
        if len(parts) == 1:
            return self.chain(parts[0], script=script)
        found = [self.part(part, CHAIN, partial(self.chain, script=script)) for part in self.filled(parts, signs)]
        return Listed(_span(found), tuple(found), tuple(signs))

    def spaced(self, items: Items) -> list[Item]:
        """The items without the wide spaces that separate nothing: beside a sign, a comma or another space."""
        found: list[Item] = []  # from the last to the first
        for i in range(len(items) - 1, -1, -1):
            item = items[i]
            if item.kind != "quad":
                found.append(item)
            elif i and items[i - 1].kind == "atom" and found:
                if found[-1].kind in ("atom", "big"):
                    found.append(item)
                elif found[-1].value == "-" and items[i + 1] is found[-1] and items[i + 2 : i + 3] != []:
                    self.check_minus(items, i)
        return found[::-1]

    def check_minus(self, items: Items, i: int) -> None:
        """Refuse `(1 \\quad -1)`, which may be a difference or two entries."""
        if items[i + 2].kind != "quad":
            span = (items[i].start, items[i + 1].end)
            hint = "write `,` or `&` between entries, or no wide space"
            raise self.refuse(f"a wide space before `-` may part two entries or stand in a difference: {hint}", span)

    def separated(self, items: Items) -> tuple[list[list[Item]], list[Sign]]:
        """What stands between separators and beside prose, and the separators."""
        parts: list[list[Item]] = [[]]
        signs: list[Sign] = []
        for i, item in enumerate(items):
            if item.kind in ("sep", "quad"):
                signs.append(item.sign)
                parts.append([])
                continue
            if item.kind == "stop" and any(other.kind != "sep" for other in (*items[i - 1 : i], *items[i + 1 : i + 2])):
                # alone between commas it is a place holder
                message = "a full stop in the middle of a formula: write \\cdot for a product, ^\\top for `.T`"
                raise self.refuse(message, (item.start, item.end))
            if parts[-1] and "prose" in (item.kind, parts[-1][0].kind):
                signs.append(Sign((item.start, item.start), ""))
                parts.append([])
            parts[-1].append(item)
        return parts, signs

    def filled(self, parts: list[list[Item]], signs: list[Sign]) -> list[list[Item]]:
        """The parts, none of which may be empty."""
        for i, part in enumerate(parts):
            if not part:
                side, sign = ("before", signs[i]) if i < len(signs) else ("after", signs[-1])
                hint = "write what belongs there, or take it out"
                raise self.refuse(f"nothing stands {side} `{sign.text}`: {hint}", sign.span)
        return parts

    def part(self, items: Items, level: int, join: Callable[[Items], Surface]) -> Surface:
        """Items joined, where what stands in braces alone must bind as tightly as `level`."""
        if len(items) == 1 and items[0].kind == "atom":
            self.check_level(items[0], level)
            return items[0].surface
        return join(items)

    def check_level(self, item: Item, level: int) -> None:
        if item.level < level:
            inner = self.quoted(item.start, item.end)
            message = (
                f"the braces of {inner} do not show in print, so it may be one quantity or run on with what stands "
                "beside it: write ( ) around it, or leave the braces out"
            )
            raise self.refuse(message, (item.start, item.end))

    def chain(self, items: Items, *, script: bool = False) -> Surface:
        """Relations between sums."""
        if not items:
            raise self.refuse("there is no formula in the text: write one", (0, len(self.text)))
        if len(items) == 1 and items[0].kind != "big":
            return self.alone(items[0], script=script)
        if script:
            items = _with_place_holders(_ranged(items))
        places = [i for i, item in enumerate(items) if item.kind == "rel"]
        if not places:
            return self.sum(items)
        signs = [items[i] for i in places]
        parts = [items[begin + 1 : end] for begin, end in zip((-1, *places), (*places, len(items)), strict=True)]
        surfaces: list[Surface] = []
        for i, part in enumerate(parts):
            if part:
                surfaces.append(self.part(part, SUM, self.sum))
                continue
            sign = signs[max(i - 1, 0)]
            if i > 0 and sign.text != ":":
                hint = "write the other side"
                raise self.refuse(f"nothing stands after `{sign.text}`: {hint}", (sign.start, sign.end))
            place = sign.start if i == 0 else sign.end
            surfaces.append(Blank((place, place)))
        span = (min(surfaces[0].span[0], signs[0].start), max(surfaces[-1].span[1], signs[-1].end))
        return Chain(span, tuple(surfaces), tuple(sign.sign for sign in signs))

    def alone(self, item: Item, *, script: bool) -> Surface:
        """One item that is all there is: a place holder, or a mark as in `x^+`."""
        span = (item.start, item.end)
        if item.kind in ("atom", "prose"):
            return item.surface
        if item.text in ("·", ":", "."):
            return Blank(span, item.text)
        if script and item.kind in ("add", "mul"):
            return Letter(span, item.text)
        raise self.refuse(f"{self.quoted(*span)} stands alone: write what is before and after it", span)

    def sum(self, items: Items) -> Surface:
        """Terms and their signs; a sign after `×` or after `∑` belongs to what follows."""
        if "add" not in [item.kind for item in items]:
            return self.part(items, LIST, self.term)
        terms: list[Items] = []
        signs: list[Item] = []
        begin = 0
        for i, item in enumerate(items):
            if item.kind != "add":
                continue
            before = items[i - 1] if i else None
            if before is not None and before.kind == "add":
                hint = "write ( ) around what the second sign belongs to"
                message = f"`{item.text}` stands right after `{before.text}`: {hint}"
                raise self.refuse(message, (before.start, item.end))
            if before is not None and (before.kind == "mul" or (before.kind == "big" and item.text == "-")):
                continue
            terms.append(items[begin:i])
            signs.append(item)
            begin = i + 1
        terms.append(items[begin:])
        if not terms[-1]:
            last = signs[-1]
            raise self.refuse(
                f"nothing stands after `{last.text}`: write the term that belongs there", (last.start, last.end)
            )
        return self.signed_terms(terms, signs)

    def signed_terms(self, terms: list[Items], signs: list[Item]) -> Surface:
        several = len(terms) > 2 or (len(terms) == 2 and bool(terms[0]))
        level = TERM if signs else LIST
        surfaces = [self.part(term, level, self.term) for term in terms if term]
        if signs and not terms[0]:
            first, signs = signs[0], signs[1:]
            surfaces[0] = Signed((first.start, surfaces[0].span[1]), first.text, surfaces[0])
        if not several:
            return surfaces[0]
        return Additive(_span(surfaces), tuple(surfaces), tuple(sign.sign for sign in signs))

    def term(self, items: Items) -> Surface:
        """Factors and their signs."""
        return _plain_term(items) or self.any_term(items)

    def any_term(self, items: Items) -> Surface:
        """A term from the last factor to the first, since `∑` takes along all that follows it."""
        factors: list[Surface] = []  # both from the last to the first
        signs: list[Sign] = []
        sign: Item | None = None  # the multiplication sign right of the place
        for i in range(len(items) - 1, -1, -1):
            item = items[i]
            kind = item.kind
            if kind == "mul":
                self.check_sign(items, i)
                sign = item
                continue
            if kind == "add":
                self.prefix(items, i, factors, signs)
                continue
            if kind == "big":
                body = self.body(item, factors, signs, sign)
                factors, signs, sign = [_big(item, body)], [], None
                continue
            surface = item.value
            # what a letter and the like are never refused for is not looked for
            if item.level != ATOM or type(surface) is Numeral:
                self.check_factor(items, i)
            if factors:
                signs.append(sign.sign if sign else Sign((item.end, item.end), ""))
            sign = None
            if item.level == TERM:
                self.splice(item, factors, signs)
            else:
                factors.append(item.surface)
        return _term(factors, signs)

    def check_sign(self, items: Items, i: int) -> None:
        """A multiplication sign needs a factor on both sides."""
        item = items[i]
        place = (item.start, item.end)
        if i == 0 or items[i - 1].kind not in ("atom",):
            raise self.refuse(f"nothing stands before `{item.text}`: write the factor that belongs there", place)
        if i + 1 == len(items):
            raise self.refuse(f"nothing stands after `{item.text}`: write the factor that belongs there", place)

    def check_factor(self, items: Items, i: int) -> None:
        item = items[i]
        after = items[i + 1] if i + 1 < len(items) else None
        alone = len(items) == 1
        if not alone:
            self.check_level(item, TERM)
            if item.level == TERM and isinstance(item.value, Big) and after is not None:
                self.check_level(item, ATOM)
            if item.level == TERM and i and items[i - 1].value in ("/", "./", "÷"):
                self.check_level(item, ATOM)
        if after is not None and isinstance(item.value, Numeral) and isinstance(after.value, Numeral):
            hint = "write a sign between them, or one number"
            message = f"two numbers stand side by side, {item.value.text} and {after.value.text}: {hint}"
            raise self.refuse(message, (item.start, after.end))

    def splice(self, item: Item, factors: list[Surface], signs: list[Sign]) -> None:
        """A factor put before the others; the factors of a product in braces count as written without them."""
        surface = item.surface
        if isinstance(surface, Term):
            factors.extend(reversed(surface.factors))
            signs.extend(reversed(surface.signs))
        else:
            factors.append(surface)

    def prefix(self, items: Items, i: int, factors: list[Surface], signs: list[Sign]) -> None:
        r"""A sign after `×` belongs to one factor, after `∑` to the rest of the term."""
        item = items[i]
        if not factors or items[i + 1].kind == "mul":
            raise self.refuse(
                f"nothing stands after `{item.text}`: write the factor that belongs there", (item.start, item.end)
            )
        if items[i - 1].kind == "big":
            whole = _term(factors, signs)
            factors[:] = [Signed((item.start, whole.span[1]), item.text, whole)]
            signs.clear()
            return
        first = factors[-1]
        if isinstance(first, Letter) and first.style == "operator":
            hint = "write ( ) around what it belongs to"
            message = f"it is not clear how far the `{item.text}` before `{first.text}` reaches: {hint}"
            raise self.refuse(message, (item.start, first.span[1]))
        factors[-1] = Signed((item.start, first.span[1]), item.text, first)

    def body(self, item: Item, factors: list[Surface], signs: list[Sign], sign: Item | None) -> Surface:
        if sign is not None:
            raise self.refuse(
                f"`{sign.text}` stands right after `{item.text}`: write what it is over first", (sign.start, sign.end)
            )
        if not factors:
            raise self.refuse(f"nothing stands after `{item.text}`: write what it is over", (item.start, item.end))
        return _term(factors, signs)


def _with_place_holders(items: Items) -> Items:
    r"""The dot of `w_{j\cdot}` and `w_{\cdot j}`, at an end of a script, as a place holder."""
    made = list(items)
    for i in (0, -1):
        item = made[i]
        if item.kind == "mul" and item.text == "·" and len(made) > 1:
            made[i] = Item("atom", Blank((item.start, item.end), item.text), item.start, item.end)
    return made


def _ranged(items: Items) -> Items:
    """The dots of `1 … n-1` in a script as a relation between both ends."""
    places = [i for i, item in enumerate(items) if isinstance(item.value, Dots)]
    if len(places) != 1 or any(item.kind in ("rel", "mul", "big") for item in items):
        return items
    at = places[0]
    if not 0 < at < len(items) - 1 or items[at - 1].kind != "atom" or items[at + 1].kind != "atom":
        return items
    dots = items[at]
    return [*items[:at], Item("rel", "…", dots.start, dots.end), *items[at + 1 :]]


def _span(surfaces: Sequence[Surface]) -> Span:
    return (surfaces[0].span[0], surfaces[-1].span[1])


def _plain_term(items: Items) -> Surface | None:
    """A term that nothing has to be asked about: letters and the like, and signs between them; None for others."""
    factors: list[Surface] = []
    signs: list[Sign] = []
    sign: Item | None = None
    end = 0
    for item in items:
        if item.kind == "atom":
            surface = item.surface
            if item.level != ATOM or type(surface) is Numeral:
                return None
            if sign is not None:
                signs.append(sign.sign)
                sign = None
            elif factors:
                signs.append(Sign((end, end), ""))
            factors.append(surface)
            end = item.end
        elif item.kind == "mul" and factors and sign is None:
            sign = item
        else:
            return None
    if sign is not None or len(factors) < 2:
        return None
    return Term((factors[0].span[0], factors[-1].span[1]), tuple(factors), tuple(signs))


def _term(factors: list[Surface], signs: list[Sign]) -> Surface:
    """A term of what was gathered from the last to the first."""
    if len(factors) == 1:
        return factors[0]
    return Term((factors[-1].span[0], factors[0].span[1]), tuple(factors[::-1]), tuple(signs[::-1]))


def _big(item: Item, body: Surface) -> Surface:
    return Big((item.start, body.span[1]), item.text, body, item.sub, item.sup)
