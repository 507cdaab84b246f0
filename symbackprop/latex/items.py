"""The pieces of a line, and how tightly what stands in braces binds."""

from __future__ import annotations

from collections.abc import Sequence

from symbackprop.latex.surface import Additive, Big, Chain, Letter, Lines, Listed, Prose, Sign, Signed, Surface, Term

# how tightly the result of a pair of braces binds, which do not show in print
LIST, CHAIN, SUM, TERM, ATOM = range(5)
_LEVELS: dict[type[Surface], int] = {
    Lines: LIST,
    Listed: LIST,
    Prose: LIST,
    Chain: CHAIN,
    Additive: SUM,
    Signed: SUM,
    Term: TERM,
    Big: TERM,
}


class Item:
    """A piece of a line.

    Attributes:
        kind: "atom", "big" (an operator that waits for the rest of its term), "mul", "add", "rel", "sep", "quad",
            "prose", "stop", "amp" or "row".
        value: the surface of an atom or of prose; the sign of the others.
        level: how tightly an atom binds that stood in braces.
        scriptable: its scripts were written here, so that one more belongs to the same base.
        note: what stands over or under a relation.
    """

    # nearly all are as here, and there is one for every token: only what differs is put into an item
    scriptable: bool = False
    note: Surface | None = None
    style: str = "plain"
    sub: Surface | None = None
    sup: Surface | None = None
    limit: bool = False

    def __init__(self, kind: str, value: Surface | str, start: int, end: int, level: int = ATOM) -> None:
        self.kind = kind
        self.value = value
        self.start = start
        self.end = end
        self.level = level

    @property
    def surface(self) -> Surface:
        value = self.value
        assert not isinstance(value, str)
        return value

    @property
    def text(self) -> str:
        assert isinstance(self.value, str)
        return self.value

    @property
    def sign(self) -> Sign:
        return Sign((self.start, self.end), str(self.value), self.note)


def limit(text: str, style: str, start: int, end: int) -> Item:
    """`max` and the like, which bind where they have a script."""
    made = Item("big", text, start, end)
    made.style, made.limit = style, True
    return made


Items = Sequence[Item]


def level_of(surface: Surface) -> int:
    """How tightly a surface binds when its braces are not seen."""
    return _LEVELS.get(type(surface), ATOM)


def as_letter(item: Item) -> Item:
    """`max` without a script, which binds nothing."""
    return Item("atom", Letter((item.start, item.end), item.text, item.style), item.start, item.end)
