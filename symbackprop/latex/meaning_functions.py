r"""Functions: what is applied to what. `\sigma(z)`, `g'(z)`, `\log \hat{y}_k`, `\operatorname{softmax}(z)_k`.

A letter that is both a function and a variable is read as both; the shapes decide. A function of another kind than
these registers itself: `@named("det")`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from symbackprop import expr
from symbackprop.activations import scalar_function
from symbackprop.dims import Dim
from symbackprop.expr import Elementwise, Expr
from symbackprop.latex import surface as s
from symbackprop.latex.calls import NAMED, Arguments, Call, Maker, no_scripts, one_argument
from symbackprop.latex.errors import ReadingError
from symbackprop.latex.marks_above import PRIMES, Layer, Raised, read_above
from symbackprop.latex.meaning import read
from symbackprop.latex.meaning_cases import indicator, is_indicator
from symbackprop.latex.meaning_dims import as_dim
from symbackprop.latex.meaning_matrices import diagonal_of
from symbackprop.latex.meaning_named import loss_of, normal, place_of, prediction, singular
from symbackprop.latex.meaning_scripts import head_of
from symbackprop.latex.meaning_sums import GROUPS
from symbackprop.latex.meaning_terms import Rest, Taken, begins, surely_begins, units_at
from symbackprop.latex.parts import marked, measured, scripted
from symbackprop.latex.places import Head
from symbackprop.latex.readings import Reader, Readings, over
from symbackprop.latex.scope import Scope
from symbackprop.latex.surface import ScriptedFence, Surface
from symbackprop.network import MLP
from symbackprop.tree import subterms

# signs after which an argument without parentheses may go on
_GOING_ON = frozenset({"/", "÷", "·", "×", "*"})
# what a letter may stand in
LETTERS = (s.Letter, s.Accented, s.Styled, s.Scripted)

# --- functions of one variable ---------------------------------------------------------------------------------------


def _elementwise(call: Call, arguments: Arguments) -> Readings:
    reader = call.reader
    name = reader.scope.functions[call.name]
    if call.sub is not None:
        if call.name in ("log", "lg"):
            raise reader.error(r"a logarithm to another base cannot be read: write \frac{\log x}{\log 2}", call.at)
        if as_dim(call.sub, reader) is None:
            raise reader.error(
                f"{reader.source(call.sub)!r} below a function has no meaning here: leave it out", call.sub
            )
        layer = as_dim(call.sub, reader)
        call = replace(call, layer=None if layer is None else reader.scope.layer_of_function(layer), sub=None)
    if not call.primes:
        scalar_function(name)
    made = [
        over(Elementwise(name, part.tree, call.primes), part.shape, call.at, [part])
        for part in one_argument(call, arguments)
        if call.layer is None or _has_layer(part.tree, call.layer)
    ]
    if not made:
        raise reader.error(
            f"the function is marked with {call.layer}, but what it is applied to is not: write the same index", call.at
        )
    return made


def _has_layer(e: Expr, layer: Dim) -> bool:
    """Whether a function that is marked with a layer is applied to something of that layer, or of the one before."""
    layers = {part.index for _, part in subterms(e) if isinstance(part, expr.Variable) and part.index is not None}
    return layer in layers or layer - 1 in layers


def _layer_map(call: Call, arguments: Arguments) -> Readings:
    network = call.reader.scope.network
    assert isinstance(network, MLP)
    if call.primes:
        raise call.reader.error("the derivative of the layer map is a matrix: write D_l, or g' of each entry", call.at)
    no_scripts(call)
    return call.reader.one_of(
        [one_argument(call, arguments)],
        call.at,
        lambda parts, _: measured(network.layer_map(parts[0].tree), parts, call.reader, call.at),
    )


def _jacobian(call: Call, arguments: Arguments) -> Readings:
    no_scripts(call)
    return call.reader.one_of(
        [one_argument(call, arguments)],
        call.at,
        lambda parts, _: measured(call.reader.scope.jacobian(parts[0].tree), parts, call.reader, call.at),
    )


# --- within a term ---------------------------------------------------------------------------------------------------


def call_of(e: Surface, reader: Reader) -> tuple[Call, Maker] | None:
    """The function that a letter with its scripts is; None if it is none."""
    base = e.base if isinstance(e, s.Scripted) else e
    head = head_of(base)
    if head is None:
        return None
    primes, sub = (e.primes, e.sub) if isinstance(e, s.Scripted) else (0, None)
    if "dot" in head.accents:
        head = Head(head.text, head.style, tuple(a for a in head.accents if a != "dot"), head.prefix)
        primes += 1
    maker = _maker(head, sub, primes, reader)
    if maker is None:
        return None
    call = Call(head, e, reader, primes, sub)
    if isinstance(e, s.Scripted) and e.sup is not None:
        call = _with_sup(call, e.sup, reader)
    return call, maker


def _maker(head: Head, sub: Surface | None, primes: int, reader: Reader) -> Maker | None:
    scope = reader.scope
    if head.accents:
        return None
    if head.text == "𝒩":
        return normal
    if head.text == "σ" and sub is not None and not primes and place_of(sub, reader) is not None:
        return singular
    if head.text in NAMED and (len(head.text) > 1 or head.style in ("blackboard", "roman") or head.text in "𝔼𝕍"):
        return NAMED[head.text]
    if scope.is_layer_map(head):
        return _layer_map
    if sub is None and scope.is_jacobian(head):
        return _jacobian
    if head.text in scope.functions:
        return _elementwise
    return None


def _with_sup(call: Call, sup: Surface, reader: Reader) -> Call:
    """The scripts above a function: primes, a power of its value, a layer."""
    for part in sup.factors if isinstance(sup, s.Term) else (sup,):
        inner = part
        while isinstance(inner, s.Scripted) and isinstance(inner.base, s.Blank) and inner.sub is None:
            call = replace(call, primes=call.primes + inner.primes)
            if inner.sup is None:
                break
            inner = inner.sup
        if isinstance(inner, s.Scripted) and isinstance(inner.base, s.Fenced):
            call = replace(call, primes=call.primes + inner.primes)
            inner = inner.base
        if isinstance(inner, s.Letter) and inner.text in PRIMES:
            call = replace(call, primes=call.primes + 1)
            continue
        if isinstance(inner, s.Blank | s.Scripted):
            continue
        call = _with_mark(call, inner, reader)
    return call


def _with_mark(call: Call, part: Surface, reader: Reader) -> Call:
    for mark, *more in read_above(part, reader):
        if isinstance(mark, Raised) and not more:
            if mark.exponent < 0:
                raise reader.error(
                    f"{reader.source(call.at)!r} may be an inverse function or one over its value: "
                    r"write \frac{1}{…}",
                    call.at,
                )
            return replace(call, power=mark.exponent)
        if isinstance(mark, Layer) and not more:
            return replace(call, layer=reader.scope.layer_of_function(mark.at))
    raise reader.error(f"{reader.source(part)!r} above a function has no meaning here: write ' or a power", part)


@surely_begins(
    s.Letter, s.Styled, s.Numeral, after=(Surface,), letters=lambda letter, _: is_indicator(letter), is_near=True
)
def _indicator(rest: Rest) -> Iterator[Taken]:
    r"""`\mathbf{1}[z>0]`."""
    after = rest.after
    if after is None or not is_indicator(rest.first):
        return
    made = indicator(after, rest.part(0, 2), rest.reader)
    if made is not None:
        yield 2, made


@surely_begins(s.Letter, after=(s.Fenced,), letters=lambda letter, _: letter.text == "E", is_near=True)
def _expectation_or_loss(rest: Rest) -> Iterator[Taken]:
    """Refuse `E[…]` with a slanted E, where that may be the loss as well."""
    first, after = rest.first, rest.after
    is_slanted = isinstance(first, s.Letter) and (first.text, first.style) == ("E", "plain")
    if is_slanted and isinstance(after, s.Fenced) and after.left == "[":
        raise rest.reader.error(
            r"E[…] may be an expectation or a product with E: write \mathbb{E}[…], or parentheses", first
        )
    yield from ()


def _text(letter: s.Letter) -> str:
    """A letter as functions are looked up by."""
    head = head_of(letter)
    assert head is not None
    return head.text


def _may_be_function(letter: s.Letter, scope: Scope) -> bool:
    """Whether a letter is a function with some scripts."""
    head = Head(_text(letter), letter.style)
    is_named = head.text in NAMED or head.text in scope.functions or head.text in ("𝒩", "σ")
    return is_named or scope.is_layer_map(head) or scope.is_jacobian(head)


def _fence(after: Surface | None) -> s.Fenced | None:
    """The parentheses or the like that come next, perhaps with scripts."""
    fence = after.base if isinstance(after, s.Scripted) else after
    return fence if isinstance(fence, s.Fenced) and (fence.left, fence.right) in GROUPS else None


@begins(*LETTERS, after=(Surface,), letters=_may_be_function, is_near=True)
def _application(rest: Rest) -> Iterator[Taken]:
    """A function and its argument; a letter that is a variable too may be a factor instead."""
    after = rest.after
    found = call_of(rest.first, rest.reader)
    if after is None or found is None:
        return
    call, maker = found
    call = call.standing(rest.part(0, 2))
    fence = _fence(after)
    if fence is not None:
        yield 2, _outside(applied(call, maker, fence), call, after, rest.part(0, 2))
    elif len(call.name) > 1 or isinstance(after, s.Fenced):
        yield from _without_parentheses(call, maker, rest)


@begins(
    *LETTERS,
    after=(s.Fenced, ScriptedFence),
    letters=lambda letter, scope: _text(letter) not in scope.functions,
    is_near=True,
)
def _application_of_loss(rest: Rest) -> Iterator[Taken]:
    """The loss or another variable with what it is a function of."""
    fence = _fence(rest.after)
    if fence is not None and rest.after is not None and call_of(rest.first, rest.reader) is None:
        yield from _of_loss(rest, fence, rest.after)


def applied(call: Call, maker: Maker, fence: s.Fenced) -> Readings:
    body = fence.body
    if isinstance(body, s.Listed):
        signs = {sign.text for sign in body.signs}
        if signs == {";"}:
            return prediction(call, body.parts)
        if call.name in ("diag", "Diag") and any(isinstance(part, s.Dots) for part in body.parts):
            no_scripts(call)
            return [diagonal_of(body.parts, call.at, call.reader)]
        if signs <= {","}:
            return maker(call, [read(part, call.reader) for part in body.parts])
        return maker(call, [read(fence, call.reader)])
    return maker(call, [read(body, call.reader)])


def _outside(made: Readings, call: Call, after: Surface, at: Surface) -> Readings:
    """The scripts of the closing parenthesis, and the power of the function: both of the value."""
    if call.power is not None:
        power = Raised(call.power)
        outer = s.Scripted(at.span, at)
        made = [marked(part, power, outer, call.reader) for part in made]
    if isinstance(after, s.Scripted):
        made = scripted(made, s.Scripted(at.span, at, after.sub, after.sup, after.primes, after.dotted), call.reader)
    return made


@surely_begins(*LETTERS, after=(s.Fenced,), is_near=True)
def _of_a_list(rest: Rest) -> Iterator[Taken]:
    """What is written before several arguments is a function of them, and no factor."""
    after = rest.after
    if isinstance(after, s.Fenced) and isinstance(after.body, s.Listed) and _calls(rest, after):
        separated = all(sign.text in (",", ";") for sign in after.body.signs)
        if separated and call_of(rest.first, rest.reader) is None:
            yield from _of_loss(rest, after, after)


def _calls(rest: Rest, fence: s.Fenced) -> bool:
    """Whether delimiters are those of a call; those that a course sets around arguments are behind the loss only."""
    if fence.left == "(":
        return True
    if fence.left != rest.reader.scope.notation.brackets:
        return False
    return any(isinstance(each.tree, expr.Loss) for each in _readings(rest.first, rest.reader))


def _of_loss(rest: Rest, fence: s.Fenced, after: Surface) -> Iterator[Taken]:
    r"""`L(\hat{y}, y)`; `J(\theta)` and `J(W, b)`, which are `J`; `f(x; {W_l})`."""
    head = head_of(rest.first.base if isinstance(rest.first, s.Scripted) else rest.first)
    if head is None or isinstance(after, s.Scripted):
        return
    call = Call(head, rest.part(0, 2), rest.reader)
    parts = fence.body.parts if isinstance(fence.body, s.Listed) else (fence.body,)
    if isinstance(fence.body, s.Listed) and any(sign.text == ";" for sign in fence.body.signs):
        yield 2, prediction(call, parts)
        return
    if rest.reader.scope.is_loss_function(head):
        yield 2, loss_of(call, [read(part, rest.reader) for part in parts])
        return
    found = _readings(rest.first, rest.reader)
    if any(isinstance(each.tree, expr.Loss) for each in found):
        if any(is_parameters(part, rest.reader) for part in parts):
            yield 2, found
        else:
            yield 2, loss_of(call, [read(part, rest.reader) for part in parts])
    elif any(isinstance(each.tree, expr.Variable) and each.is_scalar for each in found):
        computed = any(_is_computed(each.tree, rest.reader) for each in found)
        if all(is_parameters(part, rest.reader) or _is_argument(part, computed, rest.reader) for part in parts):
            yield 2, found
    elif head.text in ("f", "F") and isinstance(fence.body, s.Listed):
        yield 2, prediction(call, parts)


def _is_computed(e: Expr, reader: Reader) -> bool:
    """Whether it is a variable that the network computes: only such a one is a function of others, as `R(W)` is."""
    return isinstance(e, expr.Variable) and e.name in reader.scope.computed


def _readings(e: Surface, reader: Reader) -> Readings:
    """The readings of what need not have any."""
    try:
        return read(e, reader)
    except ReadingError:
        return []


def _is_argument(e: Surface, computed: bool, reader: Reader) -> bool:
    """Whether it is what a scalar may be a function of: a variable, no scalar where nothing computes the function."""
    found = [part for part in _readings(e, reader) if isinstance(part.tree, expr.Variable)]
    return any(computed or not part.is_scalar for part in found)


def is_parameters(e: Surface, reader: Reader) -> bool:
    r"""Whether it is `\theta` or the like: all parameters, which say nothing of what the loss is."""
    head = head_of(e)
    if head is None or head.text not in ("θ", "Θ", "ω") or head.accents:
        return False
    return not reader.scope.candidates(head, (), ())


def _without_parentheses(call: Call, maker: Maker, rest: Rest) -> Iterator[Taken]:
    r"""`\log \hat{y}_k`: of the next unit, or of all that follows side by side up to the next function.

    What stands below a stroke or behind a dot may belong to it as well, `\log x/y`, `\log x \cdot y`, unless that is a
    function itself.
    """
    reader = rest.reader
    after = rest.onwards(1)
    ends: list[Taken] = []
    failed: ReadingError | None = None
    try:
        ends += units_at(after)
    except ReadingError as error:
        failed = error
    run = next((i for i in range(1, after.run) if call_of(after.onwards(i).first, reader) is not None), after.run)
    if run > 1 and not any(count >= run for count, _ in ends):
        try:
            ends.append((run, read(after.part(0, run), reader)))
        except ReadingError as error:
            failed = failed or error
    ends += [(count, read(after.part(0, count), reader)) for count in _going_on(after, ends)]
    made: list[Taken] = []
    for count, argument in ends:
        at = rest.part(0, 1 + count)
        try:
            made.append((1 + count, _outside(maker(call.standing(at), [argument]), call, s.Blank(at.span), at)))
        except ReadingError as error:
            failed = failed or error
    if not made and failed is not None:
        raise failed
    yield from made


def _going_on(after: Rest, ends: list[Taken]) -> list[int]:
    """How many factors there are with what stands behind a stroke or a dot, for each argument with one behind it."""
    behind = [after.onwards(count) for count, _ in ends if after.sign(count - 1) in _GOING_ON]
    return [
        rest.at - after.at + count
        for rest in behind
        if call_of(rest.first, rest.reader) is None
        for count, _ in units_at(rest)
    ]
