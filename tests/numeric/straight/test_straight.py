"""Straight-line programs against NumPy's own evaluation of the same expressions, statement by statement."""

from __future__ import annotations

import random

import numpy as np
import pytest

from symbackprop.dims import ONE, dim, index
from symbackprop.numeric.module import namespace
from symbackprop.numeric.straight.chains import best_order
from symbackprop.numeric.straight.program import Program
from symbackprop.numeric.straight.storage import allocate
from symbackprop.numeric.straight.values import Kind
from symbackprop.numeric.straight.writer import Writer

SIZES = {"m": 3, "n": 4, "N": 5}
SHAPES = {"A": ("m", "n"), "B": ("n", "m"), "C": ("n", "n"), "p": ("m", "N"), "q": ("n", "N")}
FUNCTIONS = {"g": ("z", "np.tanh(z)"), "s": ("h", "h * (1 - h)"), "r": ("z", "np.where(z <= 0, 0.0, z)")}
PLAIN = """
import numpy as np
def g(z): return np.tanh(z)
def s(h): return h * (1 - h)
def r(z): return np.where(z <= 0, 0.0, z)
def with_bias_unit(h): return np.concatenate([h, np.ones_like(h[:1])])
"""


def arrays(kind="f8", seed=0):
    rng = np.random.default_rng(seed)
    return {name: rng.standard_normal([SIZES[n] for n in shape]).astype(kind) for name, shape in SHAPES.items()}


def program_of(statements, outputs):
    program = Program(FUNCTIONS)
    for name, shape in SHAPES.items():
        program.argument(name, tuple(index(n) for n in shape))
    for name, text in statements:
        program.define(name, text)
    program.outputs = [program.names[name] for name in outputs]
    return program


def source_of(program, outputs):
    """A function of the arguments that runs the pass twice, so that what is left over from the first shows."""
    program.leave_out_unused()
    writer = Writer(program, allocate(program, {}), index("N"))
    result = ", ".join(f"{writer.name(program.names[name])}" for name in outputs)
    made, lines = writer.body()
    arguments = ", ".join(SHAPES)
    body = [f"    {line}" for line in [f"{', '.join(SIZES)} = {', '.join(map(str, SIZES.values()))}", *made]]
    body += [f"    def run({arguments}):", *(f"        {line}" for line in lines), f"        return {result},"]
    body += [f"    run(*[0 * array + 7 for array in ({arguments})])", f"    return run({arguments})"]
    head = "import numpy as np\ndef outer(u): return u.dot\n"
    return head + "\n".join([f"def program({arguments}, kind='f8'):", *body])


def both(statements, outputs, kind="f8"):
    """What the program gives, and what NumPy does."""
    given = arrays(kind)
    space = namespace(PLAIN, "plain") | {name: array.copy() for name, array in given.items()}
    for name, text in statements:
        space[name] = eval(text, space)
    source = source_of(program_of(statements, outputs), outputs)
    found = namespace(source, "program")["program"](*given.values(), kind=kind)
    return found, [space[name] for name in outputs], source


def matrices(rng, known):
    """A random expression and its shape, in what is known."""
    name, shape = rng.choice(known)
    same = [other for other, its in known if its == shape]
    match rng.randrange(9):
        case 0:
            return f"{name} + {rng.choice(same)}", shape
        case 1:
            return f"{rng.choice(same)} * {name} - {name}", shape
        case 2:
            return f"{rng.choice('gsr')}({name})", shape
        case 3:
            return f"2 * {name} ** 2", shape
        case 4:
            return f"{name}.T", shape[::-1]
        case 5:
            fitting = [(other, its) for other, its in known if its[0] == shape[1]]
            if not fitting:
                return f"-{name}", shape
            other, its = rng.choice(fitting)
            return f"{name} @ {other}", (shape[0], its[1])
        case 6:
            return f"g({name}) * s({rng.choice(same)})", shape
        case 7:
            return f"{name} * ({name}).sum(axis=1, keepdims=True)", shape
        case _:
            return f"{name} / (1.5 + {rng.choice(same)} ** 2)", shape


@pytest.mark.parametrize("seed", range(120))
def test_random_programs(seed):
    """Chains of operations in which values are read late, twice, through views, and overwritten in place."""
    rng = random.Random(seed)
    known = list(SHAPES.items())
    statements = []
    for i in range(rng.randrange(4, 22)):
        text, shape = matrices(rng, known[-rng.randrange(2, 12) :])
        statements.append((f"v{i}", text))
        known.append((f"v{i}", shape))
    outputs = sorted({name for name, _ in rng.sample(statements, min(3, len(statements)))})
    found, want, source = both(statements, outputs)
    for name, one, other in zip(outputs, found, want, strict=True):
        assert one.shape == other.shape, source
        assert np.allclose(one, other, rtol=1e-11, atol=0, equal_nan=True), (name, source)


def test_what_is_computed_twice_is_computed_once():
    program = program_of([("u", "g(A @ q)"), ("w", "g(A @ q) + 1")], ["u", "w"])
    assert [value.text for value in program.values if value.kind is Kind.DOT] == ["dot"]
    assert [value.text for value in program.values].count("tanh") == 1


def test_what_nothing_needs_is_left_out():
    program = program_of([("u", "g(p)"), ("w", "s(p)")], ["w"])
    program.leave_out_unused()
    assert "tanh" not in [value.text for value in program.values]


def test_a_chain_is_worked_out_in_the_order_that_costs_least():
    """A B C q with q narrow: from the right; and pᵀ A B: from the left, by a row."""
    assert best_order([dim(n) for n in (50, 60, 70, 80, 1)]) == (0, (1, (2, 3)))
    assert best_order([dim(n) for n in (1, 60, 70, 80)]) == ((0, 1), 2)
    # the textbook example of Cormen and others: 30×35, 35×15, 15×5, 5×10, 10×20, 20×25
    assert best_order([dim(n) for n in (30, 35, 15, 5, 10, 20, 25)]) == ((0, (1, 2)), ((3, 4), 5))
    found, want, _ = both([("u", "A @ B @ A @ q")], ["u"])
    assert np.allclose(found[0], want[0], rtol=1e-12)


def test_a_symbolic_size_is_taken_for_a_usual_one():
    assert best_order([index("m"), index("n"), index("k"), ONE]) == (0, (1, 2))


def test_in_place_where_nobody_reads_it_any_more():
    source = source_of(program_of([("u", "A @ q"), ("w", "g(u)"), ("v", "2 * w")], ["v"]), ["v"])
    assert source.count("np.empty") == 1
    later = source_of(program_of([("u", "A @ q"), ("w", "g(u)"), ("v", "u * w")], ["v"]), ["v"])
    assert later.count("np.empty") == 2


def test_a_row_of_ones_is_made_once():
    found, want, source = both([("u", "with_bias_unit(g(A @ q))"), ("w", "u * u")], ["u", "w"])
    assert source.count("np.ones") == 1
    assert "concatenate" not in source
    assert all(np.array_equal(one, other) for one, other in zip(found, want, strict=True))


@pytest.mark.parametrize("kind", ["f4", "f8", "c16"])
def test_the_type_of_numbers_is_kept(kind):
    found, want, _ = both([("u", "g(A @ q) / 3 + 1"), ("w", "r(u) * 2")], ["u", "w"], kind)
    assert {array.dtype for array in found} == {np.dtype(kind)}
    assert all(np.allclose(one, other, rtol=1e-5) for one, other in zip(found, want, strict=True))
