"""A document as slides, in Typst: 16:9 pages of the same blocks, one step a page, or a page a topic where it fits.

Python says what may share a page and what is shown again on the next one; Typst measures, packs, and sets smaller what
is a little too tall. What is much too tall goes on on a further page, so that nothing is cut off.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace

from symbackprop.render import blocks, typ
from symbackprop.render.blocks import Block, Document, Heading, Proof, StepBlock
from symbackprop.render.breaking import ASIDE, INDENT, TEXT
from symbackprop.render.typst import string

# the page of a presentation is 841.9 × 473.6 pt; so a line holds as many em as one of a page of paper
PREAMBLE = """\
#set document(title: {title}, date: none)
#let (across, down) = (750.8pt, 372.5pt)
#set page(
  paper: "presentation-16-9", margin: (x: 45.5pt, top: 56pt, bottom: 45pt), header-ascent: 18pt, footer-descent: 14pt,
  footer: align(right, text(size: 11pt, fill: luma(35%), context counter(page).display("1 / 1", both: true))),
)
#set text(font: "New Computer Modern", size: 17.5pt, lang: "{language}")
#set par(justify: false, spacing: 0.9em)
#show heading: set block(above: 1.2em, below: 0.8em)
#show heading: set text(size: 1.15em)
#show title: set text(size: 32pt)
#show title: set align(center)
"""
PACKING = """\
// a formula of several lines may go on on the next page
#show math.equation.where(block: true): set block(breakable: true)

// everything is measured once, in letters of 17.5 points; in smaller ones it is no taller than in proportion
#let tall(body) = measure(width: across, body).height
#let sized(size, body) = { set text(size: size); body }
#let readable(height) = height * 15.5 / 17.5 <= down
#let paged(body, height) = {
  let fits(size) = {
    // what is to be smaller is measured once more: room in tables and pictures does not become less with the letters
    height * size / 17.5 <= down and (size == 17.5 or tall(sized(size * 1pt, body)) <= down)
  }
  let size = (17.5, 16.5, 15.5, 14.5, 13.5, 12.5, 11.5).find(fits)
  // what is too tall in the smallest letters goes on on the next page
  sized((if size == none { 14.5 } else { size }) * 1pt, body)
  pagebreak(weak: true)
}
// many parts never fit on a page, and measuring them takes time
#let few(deck) = deck.parts.len() <= 12
#let smallest(part) = if part.own.len() > 0 { part.own.last() } else { part.body }
#let height(deck, parts) = {
  let frame = if deck.framed { 96pt } else { 0pt }
  parts.map(part => tall(smallest(part)) + part.gap).sum(default: 0pt) + frame
}
#let whole(deck) = (deck.wrap)(deck.parts.map(part => part.body).join())
// what leads in a part stands on its page
#let led(part) = (body: part.lead + part.body, own: part.own.map(way => part.lead + way), gap: part.gap)
// a sentence stands before a part that leaves it no room, with what comes earlier
#let seated(deck, part) = {
  let all = led(part)
  let small(body) = tall(sized(12.5pt, (deck.wrap)(body)))
  if not part.parts or small(smallest(all)) <= down { return (all,) }
  ((body: part.lead, own: (), gap: 24pt), (body: part.body, own: part.own, gap: part.gap))
}
// parts that share pages as far as they fit; one with ways of its `own` has a page, with the line before it if it fits
#let packed(deck) = {
  let (open, used) = ((), height(deck, ()))
  let wrap = deck.wrap
  for part in deck.parts.map(part => seated(deck, part)).flatten() {
    let needed = tall(smallest(part)) + part.gap
    if part.own.len() > 0 {
      if open.len() > 0 { paged(wrap(open.join()), used) }
      let (way, best) = (part.own.last(), needed + height(deck, ()))
      if part.own.len() > 1 and readable(best * 1.3) {
        let fuller = tall(wrap(part.own.first()))
        if readable(fuller) { (way, best) = (part.own.first(), fuller) }
      }
      paged(wrap(way), best)
      (open, used) = ((), height(deck, ()))
    } else if open.len() > 0 and used + needed > down {
      paged(wrap(open.join()), used)
      (open, used) = ((part.body,), height(deck, ()) + needed)
    } else {
      open.push(part.body)
      used += needed
    }
  }
  if open.len() > 0 { paged(wrap(open.join()), used) }
}
// a section: on one page where it fits, else a page a deck, else as many as it takes
#let decks(..made) = context {
  let all = made.pos().map(deck => (..deck, parts: deck.parts.map(led)))
  let small = all.len() <= 4 and all.all(few)
  let heights = if small { all.map(deck => height(deck, deck.parts)) }
  if small and readable(heights.sum()) {
    paged(all.map(whole).join(), heights.sum())
  } else {
    for (deck, given) in all.zip(made.pos()) {
      let tallest = if few(deck) { height(deck, deck.parts) }
      if few(deck) and readable(tallest) { paged(whole(deck), tallest) } else { packed(given) }
    }
  }
}
#let section(name) = text(size: 11pt, fill: luma(35%), name)
#let before(line) = text(fill: luma(40%), line)
"""


@dataclass
class Part:
    """What is not torn apart if it can be helped.

    Attributes:
        body: as it stands where it shares a page.
        own: as it stands on a page of its own, the preferred way first; nothing for what shares one.
        gap: the most that stands between it and the next one, in points.
        lead: what leads it in.
        parts: whether the lead may stand on the page before, where there is no room for both.
    """

    body: str
    own: tuple[str, ...] = ()
    gap: int = 24
    lead: str = ""
    parts: bool = False


@dataclass
class Deck:
    """Parts that belong together, set off as a remark where there is a title."""

    parts: list[Part] = field(default_factory=list)
    title: str = ""


def source(made: Document) -> str:
    """The whole file."""
    pages = "\n\n".join(_section(name, decks) for name, decks in _sections(made))
    preamble = PREAMBLE.format(title=string(made.title), language=made.language)
    first = "#v(1fr)\n#title()\n#v(1.4fr)\n"
    return f"{preamble}{typ.definitions(pages, '95mm')}{PACKING}\n{first}\n{pages}\n"


def _section(name: str, decks: Iterable[Deck]) -> str:
    written = ",\n".join(map(_deck, decks))
    return f"#set page(header: section[{typ.text(name)}])\n#decks(\n{written},\n)"


def _deck(made: Deck) -> str:
    wrap = f"body => aside([{typ.text(made.title)}], body)" if made.title else "body => body"
    parts = ",\n".join(_part(part) for part in made.parts)
    framed = "true" if made.title else "false"
    return f"(wrap: {wrap}, framed: {framed}, parts: (\n{parts},\n))"


def _part(made: Part) -> str:
    # what is the same on a page of its own is not written twice: it may be a large figure
    own = "".join("body, " if way == made.body else f"[\n{way}\n], " for way in made.own)
    fields = f"lead: [{made.lead}], body: body, own: ({own}), gap: {made.gap}pt, parts: {str(made.parts).lower()}"
    return f"{{ let body = [\n{made.body}\n]; ({fields}) }}"


# --- from blocks to parts --------------------------------------------------------------------------------------------


def _sections(made: Document) -> Iterator[tuple[str, list[Deck]]]:
    """The sections with their names; each begins with a heading of the first level."""
    name, decks = made.title, [Deck()]
    lead = ""
    for i, each in enumerate(made.blocks):
        if isinstance(each, Heading) and each.level == 1:
            if any(deck.parts for deck in decks):
                yield name, _full(decks)
            name, decks = each.text, [Deck()]
        if isinstance(each, Heading) and each.level > 1:
            decks.append(Deck())
        if isinstance(each, blocks.Aside):
            decks += [Deck(list(_parts(each.blocks, TEXT - ASIDE)), each.title), Deck()]
        elif _leads(each, made.blocks[i + 1 :]):
            lead += typ.block(each, TEXT) + "\n\n"
        else:
            first, *rest = _parts_of(each, made.blocks[:i], TEXT)
            decks[-1].parts += [_led(lead, first, made.blocks[:i]), *rest]
            lead = ""
    yield name, _full(decks)


def _full(decks: list[Deck]) -> list[Deck]:
    return [deck for deck in decks if deck.parts]


def _parts(made: tuple[Block, ...], room: float) -> Iterator[Part]:
    lead = ""
    for i, each in enumerate(made):
        if _leads(each, made[i + 1 :]):
            lead += typ.block(each, room) + "\n\n"
            continue
        first, *rest = _parts_of(each, made[:i], room)
        yield from (_led(lead, first, made[:i]), *rest)
        lead = ""


def _leads(made: Block, following: tuple[Block, ...]) -> bool:
    """Whether a block stands on the page of what follows it: a heading, or a sentence that leads in something."""
    if not following or isinstance(following[0], blocks.Aside):
        return False
    return isinstance(made, Heading) or (isinstance(made, blocks.Paragraph) and made.leads)


def _led(lead: str, made: Part, earlier: tuple[Block, ...]) -> Part:
    # a heading never stands at the foot of a page
    return replace(made, lead=lead, parts=bool(lead) and isinstance(earlier[-1], blocks.Paragraph))


def _parts_of(made: Block, earlier: tuple[Block, ...], room: float) -> Iterator[Part]:
    match made:
        case StepBlock():
            yield from _steps(made, earlier, room)
        case blocks.Listing(items) if items:
            for item in items:
                yield Part(typ.block(blocks.Listing((item,)), room), gap=12)
        case blocks.Contents() | blocks.Picture():
            body = typ.block(made, room)
            yield Part(body, (body,))
        case _:
            yield Part(typ.block(made, room))


def _steps(made: StepBlock, earlier: tuple[Block, ...], room: float) -> Iterator[Part]:
    """A step: on a page of its own after the line before it, or, where there is no room, after the left side."""
    inside = room - INDENT
    ways = [typ.chained(replace(made.line, is_first=True), inside)]
    if earlier and isinstance(earlier[-1], StepBlock) and not made.line.is_first:
        line = replace(earlier[-1].line, is_first=True, dots=None)
        ways.insert(0, f"{{ before({typ.chained(line, inside)}); {typ.chained(made.line, inside)} }}")
    told = [proof for proof in made.proofs if not proof.steps]
    after = typ.notes(made) + "".join(f"\n#{typ.proof(proof, room)}" for proof in told)
    own = tuple(f"#step({typ.head(made)},\n  {way}){after}" for way in ways)
    yield Part(f"#step({typ.head(made)},\n  {typ.chained(made.line, inside)}){after}", own)
    for proof in made.proofs:
        yield from _proof(proof, room)


def _proof(made: Proof, room: float) -> Iterator[Part]:
    """A proof by entries as a whole; the cases of an induction step by step."""
    if made.steps and not any(step.why for step in made.steps):
        yield Part(f"#{typ.proof(made, room)}")
        return
    for i, step in enumerate(made.steps):
        yield Part(f"#{typ.proof(Proof(made.title if i == 0 else (), (step,)), room)}")
