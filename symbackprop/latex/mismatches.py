"""Why two factors are none: each error is made where it is what is said in the end, since most of them never are."""

from __future__ import annotations

from collections.abc import Sequence

from symbackprop.latex.errors import ReadingError
from symbackprop.latex.readings import Reader, Reading
from symbackprop.latex.sizes import Found, shaped
from symbackprop.latex.surface import Span, Surface


def around(parts: Sequence[Reading]) -> Span:
    return parts[0].mark.span[0], parts[-1].mark.span[1]


def contradiction(reader: Reader, at: Span | Surface) -> ReadingError:
    return reader.error("the sizes of these factors contradict each other", at)


def unmultiplied(one: Reading, two: Reading, found: Found, reader: Reader) -> ReadingError:
    message = mismatch("multiply", "by", one, two, found, reader) + _likely(one, two, found, reader)
    return reader.nonconforming(message, around((one, two)), one.tree, two.tree)


def no_columns(one: Reading, two: Reading, at: Span | Surface, reader: Reader) -> ReadingError:
    return reader.nonconforming("an inner product is of two columns", at, one.tree, two.tree)


def unlike(one: Reading, two: Reading, found: Found, at: Span | Surface, reader: Reader) -> ReadingError:
    message = mismatch("multiply", "entry by entry with", one, two, found, reader) + ": both must have the same shape"
    return reader.nonconforming(message, at, one.tree, two.tree)


def unpaired(one: Reading, two: Reading, found: Found, at: Span | Surface, reader: Reader) -> ReadingError:
    message = mismatch("multiply", "with", one, two, found, reader)
    return reader.nonconforming(message, at, one.tree, two.tree)


def mismatch(verb: str, joined: str, one: Reading, two: Reading, found: Found, reader: Reader) -> str:
    scope = reader.scope
    left, right = (
        f"{reader.source(each.mark.span)} ({scope.written(shaped(each.shape, found))})" for each in (one, two)
    )
    return f"cannot {verb} {left} {joined} {right}"


def _likely(one: Reading, two: Reading, found: Found, reader: Reader) -> str:
    """A guess at what was meant."""
    left, right = shaped(one.shape, found), shaped(two.shape, found)
    if left == right:
        return r": write \odot for the product entry by entry"
    if left[0] == right[0]:
        return f": is {reader.source(one.mark.span)} to be transposed?"
    if left[1] == right[1]:
        return f": is {reader.source(two.mark.span)} to be transposed?"
    return ": the inner sizes differ"
