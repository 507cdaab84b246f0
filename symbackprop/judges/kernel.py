"""The kernel: is a step what its rule makes of the line before, and does it follow for all widths?

A step is proved when
- the named rule, applied again at the named place, gives exactly the line after;
- it assumes nothing of the indices that the derivation does not say, unless it says so itself;
- both sides have one shape, for all widths;
- what changed is proved equal: by entries, in a normal form (`entries`), or by the definition of the ordered product
  (`_segments`), or by a theorem about norms whose conditions hold (`theorems`), or by an induction or a derivation
  cited, of which every step is proved in the same way; or it is proved unequal in the direction that the step says,
  by such a theorem, at a place where the whole rises with the part.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from itertools import product

from symbackprop.clearing import same_cleared
from symbackprop.derivation import Context, Derivation, Step, compose, within
from symbackprop.dims import ONE, Bounds, Dim, at_most, bound_to, index
from symbackprop.entries import entries, expanded, written_out
from symbackprop.equations import Network
from symbackprop.errors import ShapeError, SymbackpropError
from symbackprop.expr import Expr, IndexedProduct, Partial, Product, Variable, factors_of
from symbackprop.indices import ZERO, Calculus, Entries, Inexpressible, plus, scaled
from symbackprop.judges import cases
from symbackprop.judges.gathered import same_sums
from symbackprop.judges.moment_forms import prove
from symbackprop.judges.outcome import Outcome, Proved, Refuted, Undecided
from symbackprop.judges.reduced import reduced
from symbackprop.judges.signs import Setting, rises
from symbackprop.judges.theorems import cited
from symbackprop.magnitudes import OverUnit
from symbackprop.normalform import normal
from symbackprop.rules.citation import Cited, Claimed
from symbackprop.rules.induction import Induction
from symbackprop.shapes import Shape, shape, written
from symbackprop.statements import Chain
from symbackprop.substitution import bound_index, everywhere, places, replace_at, substitute
from symbackprop.tree import Path, at_path, children, rebuild, subterms


def judge(step: Step, derivation: Derivation) -> Outcome:
    """What the kernel says of one step of a derivation."""
    position = _position(step, derivation)
    if derivation.numerator:
        derivation = derivation.oriented()
        step = step.oriented()
    network = derivation.network
    since = _since(step, derivation, position)
    if since is None:
        return Refuted("the line that the rule was applied to is not a line before")
    if any(between.relation != "=" for between in derivation.steps[since:position]):
        return Refuted("the line that the rule was applied to is not equal to the line before")
    if not _implied(step.known, _assumed(step, derivation), network):
        return Refuted("the step is made for fewer values of the indices than the derivation is about")
    try:
        _shape(derivation.start, network)
        context = Context(network, within(step.before, step.where, step.known), derivation.given)
        made = step.rule(at_path(step.before, step.where), context)
        if made is None or replace_at(step.before, step.where, made.after) != step.after:
            return Refuted(f"the rule {step.rule.name!r} does not make the line after of the line before")
        if step.relation != step.rule.relation:
            return Refuted(f"the rule {step.rule.name!r} gives {step.rule.relation}, the step says {step.relation}")
        compose("=", step.relation)
        left, right = at_path(step.before, step.where), made.after
        one, two = _shape(left, network), _shape(right, network)
        if one != two:
            return Refuted(f"the shapes differ: {written(one, network)} before, {written(two, network)} after")
        if isinstance(step.rule, Claimed):
            return Undecided("the line is printed as somebody made it: no rule leads to it")
        if isinstance(step.rule, Cited):
            return _by_citation(step, left, right, derivation)
        if isinstance(step.rule, Induction):
            return _by_induction(step, left, right, derivation)
        return _follows(step, left, right, derivation)
    except IndexError:
        return Refuted(f"there is no place {step.where} in the line before")
    except ShapeError as error:
        return Refuted(str(error))
    except (SymbackpropError, LookupError, Inexpressible) as error:
        return Undecided(str(error))


def _shape(e: Expr, network: Network) -> Shape:
    """The shape, which of one line is asked for at every step."""
    return network.kept(("conforms", e), lambda: shape(e, network))


def _position(step: Step, derivation: Derivation) -> int:
    """Where the step stands in the derivation; at the end, if it is not one of its steps."""
    return next((i for i, other in enumerate(derivation.steps) if other is step), len(derivation.steps))


def _since(step: Step, derivation: Derivation, position: int) -> int | None:
    """Which of the lines up to the step's own the rule was applied to: the last one that fits."""
    return next((i for i in range(position, -1, -1) if derivation.lines[i] == step.before), None)


def _assumed(step: Step, derivation: Derivation) -> Bounds:
    """What is known of the indices: what the derivation says, and the least depth that the step says it needs."""
    known = dict(derivation.known)
    for name in derivation.network.depth.symbols:
        bounds = step.known.get(name, (None, None))
        if f"{name} ≥ {bounds[0]}" in step.assuming:
            known[name] = bounds
    return known


def _implied(needed: Bounds, given: Bounds, network: Network) -> bool:
    """Whether every index that lies within the given bounds lies within the needed ones."""
    given = _with_depth(given, network)
    return all(
        given.get(name) == (low, high)
        or ((low is None or at_most(low, index(name), given)) and (high is None or at_most(index(name), high, given)))
        for name, (low, high) in needed.items()
    )


def _with_depth(known: Bounds, network: Network) -> Bounds:
    """The bounds, and that a network has a hidden layer."""
    return {**dict.fromkeys(network.depth.symbols, (ONE, None)), **known}


def _follows(step: Step, left: Expr, right: Expr, derivation: Derivation) -> Outcome:
    """Whether the part after follows from the part before, and the line after from the line before."""
    network, known = derivation.network, within(step.before, step.where, step.known)

    def same(one: Expr, two: Expr) -> bool:
        try:
            return isinstance(equal(one, two, network, known), Proved)
        except (LookupError, Inexpressible):
            return False

    given = _outside(step, derivation)
    setting = Setting(network, known, given, same)
    if step.relation == "=":
        moments = prove(left, right, network, known, given)
        if moments is not None:
            return Proved(moments)
        theorem = cited(left, "=", right, setting)
        return equal(left, right, network, known, given) if theorem is None else Proved(f"by theorem: {theorem.name}")
    theorem = cited(left, step.relation, right, setting)
    if theorem is None:
        return Undecided(f"no theorem says that {left} {step.relation} {right}")
    around = Setting(network, step.known, derivation.given, same)
    if not all(rises(whole, step.where, around) for whole in (step.before, step.after)):
        return Undecided(f"whether {step.before} rises with the part {left} is not known")
    return Proved(f"by theorem: {theorem.name}")


def _outside(step: Step, derivation: Derivation) -> tuple[Chain, ...]:
    """What is assumed of variables that are not bound at the place of a step: `sup_x` is about every `x`."""
    bound, e = set(), step.before
    for i in step.where:
        if isinstance(e, OverUnit):
            bound.add(e.vector)
        e = children(e)[i]
    if not bound:
        return derivation.given
    return tuple(chain for chain in derivation.given if not any(part in bound for _, part in subterms(chain)))


def equal(left: Expr, right: Expr, network: Network, known: Bounds, given: tuple[Chain, ...] = ()) -> Outcome:
    """Whether two expressions of one shape are equal for all widths.

    Raises:
        LookupError: if what is known of the indices does not say which forward equation holds.
        Inexpressible: if one of them has no entries.
    """
    bodies = _bodies(left) | _bodies(right)
    defined = _defined(left, bodies, known, network) and _defined(right, bodies, known, network)
    if bodies and defined and _segments(left, bodies) == _segments(right, bodies):
        return Proved("by the definition of the ordered product")
    if same_sums(left, right, _with_depth(known, network)):
        return Proved("by the definition of the sum")
    # entries may say it where it is not settled which equation holds, as for `h_l` with 0 ≤ l
    with suppress(LookupError):
        if left != right and _by_name(left, right, network, known):
            return Proved("by a forward equation")
    if _by_entries(left, right, network, known, given):
        return Proved("by entries" + cases.where_divided(left, right))
    return Undecided("the normal forms by entries differ")


def _by_name(one: Expr, two: Expr, network: Network, known: Bounds) -> bool:
    """Whether two expressions are the same but for parts that are the two sides of a forward equation."""
    if one == two or _is_forward_equation(one, two, network, known) or _is_forward_equation(two, one, network, known):
        return True
    parts, others = children(one), children(two)
    # `known` says nothing of what is bound inside, and a derivative by a variable is none by what it is computed as
    if not parts or isinstance(one, Partial | OverUnit) or bound_index(one) is not None:
        return False
    if type(one) is not type(two) or len(parts) != len(others) or rebuild(one, others) != two:
        return False
    return all(_by_name(part, other, network, known) for part, other in zip(parts, others, strict=True))


def _is_forward_equation(variable: Expr, right: Expr, network: Network, known: Bounds) -> bool:
    """Whether both are the sides of a forward equation."""
    if not isinstance(variable, Variable) or isinstance(right, Variable):
        return False
    equation = network.definition(variable, known)
    return equation is not None and equation.right == right


def _by_entries(left: Expr, right: Expr, network: Network, known: Bounds, given: tuple[Chain, ...]) -> bool:
    """Whether every entry is the same; of stacked blocks those of each block are looked at apart."""
    work = Calculus(network, known)
    ways = [cases.partitions(size, (left, right), work) for size in map(work.sized, _shape(left, network))]
    return any(
        all(_alike(left, right, cases.at(i, work), cases.at(k, work), work, given) for i in rows for k in columns)
        for rows, columns in product(*ways)
    )


def _alike(left: Expr, right: Expr, i: Dim, k: Dim, work: Calculus, given: tuple[Chain, ...]) -> bool:
    """Compare an entry; derivatives on the left go through forward equations until they meet those on the right."""
    one, two = (normal(entries(e, i, k, work), work) for e in (left, right))
    if cases.same(one, two, work):
        return True
    first, second = reduced(one, given, work), reduced(two, given, work)
    if cases.same(first, second, work) or same_cleared(first, second, work):
        return True
    # as short as it goes first: to write out means and lengths takes longer than all else
    if any(equation.abbreviates for equation in work.network.equations):
        with suppress(LookupError, Inexpressible):
            if _meet(one, two, work, given, short=True):
                return True
    return _meet(one, two, work, given, short=False)


def _meet(one: Entries, two: Entries, work: Calculus, given: tuple[Chain, ...], short: bool) -> bool:
    """Whether derivatives on the left, taken through one forward equation after another, come to the right side."""
    one, two = (expanded(side, work, short=short) for side in (one, two))
    for _ in range(3):
        if cases.same(one, two, work):
            return True
        before, one = one, expanded(one, work, keep=two, short=short)
        if one == before:
            break
    if short and not cases.same(one, two, work):
        # what both have need not be written out
        one, two = written_out(normal(plus(one, scaled(-1, two)), work), work), ZERO
    # what came out of the derivatives may be a slope, as σ'/σ, which is 1 - σ
    return cases.same(one, two, work) or cases.same(reduced(one, given, work), reduced(two, given, work), work)


# --- ordered products ------------------------------------------------------------------------------------------------


def _bodies(e: Expr) -> set[tuple[str, Expr]]:
    """Index and body of every indexed product that is the expression or a factor of it."""
    return {(f.index, f.body) for f in factors_of(e) if isinstance(f, IndexedProduct) and not f.descending}


def _defined(e: Expr, bodies: set[tuple[str, Expr]], known: Bounds, network: Network) -> bool:
    """Whether each of these products surely has no factor or more: `∏_{l=2}^{L-1}` says nothing at depth 0."""
    factors = factors_of(e)
    return all(
        at_most(f.lower, f.upper + 1, _with_depth(known, network))
        for f in factors
        if isinstance(f, IndexedProduct) and (f.index, f.body) in bodies
    )


def _segments(e: Expr, bodies: set[tuple[str, Expr]]) -> list[Expr]:
    """The factors, in a normal form in which every run that is an indexed product of these bodies is written as one.

    It uses the definition of the ordered product only: `∏_{l=a}^{a-1} A_l` is the identity, and a factor `A_{b+1}`
    after `∏_{l=a}^{b}`, or `A_{a-1}` before it, belongs to it.
    """
    factors = list(e.factors) if isinstance(e, Product) else [e]
    for name, body in sorted(bodies, key=repr):
        factors = _gathered(factors, name, body)
    return factors


def _gathered(factors: list[Expr], name: str, body: Expr) -> list[Expr]:
    width = len(body.factors) if isinstance(body, Product) else 1
    found: list[Expr] = []
    i = 0
    while i < len(factors):
        run = _run(factors, i, name, body, width)
        if run is None:
            found.append(factors[i])
            i += 1
            continue
        (lower, upper), i = run
        previous = found[-1] if found else None
        if _ends_before(previous, lower, name, body):
            assert isinstance(previous, IndexedProduct)
            found[-1] = IndexedProduct(name, previous.lower, upper, body)
        elif lower != upper + 1:
            found.append(IndexedProduct(name, lower, upper, body))
    return found


def _ends_before(previous: Expr | None, lower: Dim, name: str, body: Expr) -> bool:
    """Whether a factor is the product of the same body up to the value before `lower`."""
    match previous:
        case IndexedProduct(own, _, upper, inside, False):
            return own == name and inside == body and upper + 1 == lower
    return False


def _run(factors: list[Expr], i: int, name: str, body: Expr, width: int) -> tuple[tuple[Dim, Dim], int] | None:
    """The stretch of the product that stands at place `i`: its bounds, and the place after it."""
    here = factors[i]
    if isinstance(here, IndexedProduct) and here.body == body and here.index == name and not here.descending:
        return (here.lower, here.upper), i + 1
    value = _index_of(factors[i : i + width], name, body)
    return None if value is None else ((value, value), i + width)


def _index_of(factors: list[Expr], name: str, body: Expr) -> Dim | None:
    """The value of the index at which the body is these factors."""
    parts = factors_of(body)
    if len(parts) != len(factors):
        return None
    pairs = zip(parts, factors, strict=True)
    value = next((found for one, two in pairs if (found := _matched(one, two, name)) is not None), None)
    if value is None:
        return None
    instance = substitute(body, {name: value})
    return value if factors_of(instance) == tuple(factors) else None


def _matched(template: Expr, found: Expr, name: str) -> Dim | None:
    """The value of the index that makes the template what was found, read off the first dim that has the index."""
    for (_, one), (_, two) in zip(subterms(template), subterms(found), strict=False):
        if type(one) is not type(two):
            return None
        for a, b in zip(one._values(), two._values(), strict=True):
            if isinstance(a, Dim) and isinstance(b, Dim) and (a - index(name)).is_constant:
                return b - (a - index(name))
    return None


# --- induction -------------------------------------------------------------------------------------------------------


def _by_citation(step: Step, left: Expr, right: Expr, derivation: Derivation) -> Outcome:
    """A derivation proved, from what stands before to what stands after, in as general a case."""
    if len(step.subproofs) != 1:
        return Refuted("a citation is of one derivation")
    (proof,) = step.subproofs
    where = _cited_at(proof, left, right)
    if not where:
        return Refuted(f"the derivation cited leads from {proof.start} to {proof.result}")
    if proof.relation not in ("=", step.relation):
        return Refuted(f"the derivation cited says {proof.relation}, the step {step.relation}")
    if step.relation != "=" and step.where:
        return Undecided("an inequality that is cited is one of the whole line")
    for path in where:
        if not _implied(proof.known, within(step.before, (*step.where, *path), step.known), derivation.network):
            return Refuted("the derivation cited is not about all that the step is about")
    failed = _unproved(proof, derivation, "in the derivation cited: ")
    return failed or Proved("by a derivation of which every step is proved")


def _cited_at(proof: Derivation, left: Expr, right: Expr) -> list[Path]:
    """Where one end of a derivation stands in `left`, if the other one stands there in `right`; an equality only."""
    if (proof.start, proof.result) == (left, right):
        return [()]
    if proof.relation == "=":
        for start, result in ((proof.start, proof.result), (proof.result, proof.start)):
            found = places(left, start)
            if found and everywhere(left, start, result) == right:
                return found
    return []


def _unproved(proof: Derivation, derivation: Derivation, where: str) -> Outcome | None:
    """What the kernel says of the first step of a subproof that is not proved; None if all are."""
    if proof.network is not derivation.network:
        return Refuted(f"{where}it is about another network")
    if not set(proof.given) <= set(derivation.given):
        return Refuted(f"{where}it assumes more than the derivation does")
    for inner in proof.steps:
        outcome = _judged_once(inner, proof)
        if not isinstance(outcome, Proved):
            return replace_detail(outcome, where)
        if not _implied(inner.known, proof.known, derivation.network):
            return Undecided(f"{where}it needs {', '.join(inner.assuming)}")
    return None


def _judged_once(step: Step, proof: Derivation) -> Outcome:
    """What the kernel says of a step of a subproof; a derivation that is cited again is not judged again."""
    # by identity, as rules of one name may differ; what is kept with the outcome keeps the identities taken
    key = ("kernel", id(step), id(proof.steps), frozenset(proof.known.items()), proof.given, proof.numerator)
    outcome, _, _ = proof.network.kept(key, lambda: (judge(step, proof), step, proof.steps))
    return outcome


def _by_induction(step: Step, left: Expr, right: Expr, derivation: Derivation) -> Outcome:
    """Base and step proved, with the right claims at both ends and for every index in between."""
    network, rule = derivation.network, step.rule
    assert isinstance(rule, Induction) and rule.claim is not None
    if len(step.subproofs) != 2:
        return Refuted("an induction has a base case and a step")
    base, induct = step.subproofs
    m = index(rule.on)
    ends = (
        (base.start, left, "the base case starts from another line"),
        (base.result, substitute(rule.claim, {rule.on: rule.lower}), "the base case ends in another claim"),
        (induct.start, rule.claim, "the step starts from another claim"),
        (induct.result, substitute(rule.claim, {rule.on: m + 1}), "the step ends in another claim"),
        (right, substitute(rule.claim, {rule.on: rule.upper}), "the upper bound is another"),
    )
    for found, wanted, complaint in ends:
        if found != wanted:
            return Refuted(f"{complaint}: {found}")
    if not at_most(rule.lower, rule.upper, step.known):
        return Undecided(f"whether {rule.lower} ≤ {rule.upper} is not known")
    inside = bound_to(step.known, rule.on, (rule.lower, rule.upper - 1))
    if not _implied(induct.known, inside, network):
        return Refuted(f"the step is not shown for every {rule.on} from {rule.lower} to {rule.upper - 1}")
    if not _implied(base.known, step.known, network):
        return Refuted("the base case is not shown for all that the induction is about")
    if step.where and step.relation != "=":
        return Undecided("an induction that ends in an inequality is one of the whole line")
    for proof in (base, induct):
        if proof.relation not in ("=", step.relation):
            return Refuted(f"the {proof.title.lower()} says {proof.relation}, the induction {step.relation}")
        failed = _unproved(proof, derivation, f"in the {proof.title.lower()}: ")
        if failed is not None:
            return failed
    return Proved(f"by induction on {rule.on}, {rule.lower} ≤ {rule.on} ≤ {rule.upper}")


def replace_detail(outcome: Outcome, where: str) -> Outcome:
    """The outcome of a part, said of the whole."""
    match outcome:
        case Refuted(counterexample):
            return replace(outcome, counterexample=where + counterexample)
        case Undecided(reason):
            return replace(outcome, reason=where + reason)
    return outcome
