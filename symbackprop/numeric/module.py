"""A generated file: its docstring, import, the functions of one variable, and the function that it is for."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from symbackprop.activations import scalar_function
from symbackprop.numeric.code import BY_VALUE, Code, function_name

SOFTMAX = """\
def softmax(v):
    powers = np.exp(v - v.max(axis=0))
    return powers / powers.sum(axis=0)
"""
LOGSUMEXP = """\
def logsumexp(v):
    top = v.max(axis=0)
    return top + np.log(np.exp(v - top).sum(axis=0))
"""
WITH_BIAS_UNIT = '''\
def with_bias_unit(h):
    """The units with the constant 1 below them."""
    return np.concatenate([h, np.ones_like(h[:1])])
'''
SMALLEST = '''\
def smallest_singular_value(A):
    """inf of |A v| over unit v: 0 where A has more columns than rows."""
    return np.linalg.svd(A, compute_uv=False)[-1] if A.shape[0] >= A.shape[1] else 0.0
'''
LEAST_NONZERO = '''\
def smallest_nonzero_singular_value(A):
    """Of those that are not 0, as far as rounding can tell."""
    values = np.linalg.svd(np.atleast_2d(A), compute_uv=False)
    return values[values > max(np.shape(A)) * np.finfo(values.dtype).eps * values[0]].min(initial=values[0])
'''
HELPERS = {
    "softmax": SOFTMAX,
    "logsumexp": LOGSUMEXP,
    "with_bias_unit": WITH_BIAS_UNIT,
    "smallest_singular_value": SMALLEST,
    "smallest_nonzero_singular_value": LEAST_NONZERO,
}


def module(title: str, code: Code, body: str) -> str:
    """The source of a file: imports, the functions of one variable, then the function itself."""
    parts = [f'"""{title}"""', "import numpy as np"]
    return "\n\n".join(parts) + "".join(f"\n\n\n{block}" for block in [*definitions(code), body.rstrip("\n")]) + "\n"


def definitions(code: Code) -> list[str]:
    """What code calls: functions of one variable that have a formula, and those beside NumPy's."""
    preambles: list[str] = []
    made: list[str] = []
    for name, order in sorted(code.functions, key=lambda f: (f[0], abs(f[1]), f[1])):
        row = scalar_function(name)
        if row.is_generic:
            continue
        if row.preamble and row.preamble not in preambles:
            preambles.append(row.preamble)
        argument, text = ("h", row.by_value) if order == BY_VALUE else ("z", row.numpy(order))
        called = "slope" if order == BY_VALUE else function_name(name, order, code.network)
        says = '    """g\'(z), by h = g(z)."""\n' if order == BY_VALUE else ""
        made.append(f"def {called}({argument}):\n{says}{_body(_kept(text, argument))}\n")
    helpers = [HELPERS[name] for name in sorted(code.helpers)]
    return [part.rstrip("\n") for part in (*preambles, *made, *helpers)]


def _body(text: str) -> str:
    """The `return` line; an exponential that stands in it more than once gets a line of its own before."""
    found = re.search(r"np\.exp\(-(?:\d+ \* )?np\.maximum\(z, -z\)\)", text)
    if found is None or text.count(found.group()) == 1:
        return f"    return {text}"
    return f"    t = {found.group()}\n    return {text.replace(found.group(), 't')}"


def _kept(text: str, argument: str) -> str:
    """The source with the type of its argument kept: `np.where` of two numbers would make a float32 a float64."""
    text = analytic(text)
    makes_float64 = re.search(r"np\.where|dtype=float|normal_cdf", text)
    return f"np.asarray({text}, dtype={argument}.dtype)" if makes_float64 else text


def analytic(text: str) -> str:
    """The source with |z| as max(z, -z), which NumPy orders by real parts: complex-step differences go through."""
    return re.sub(r"np\.abs\(z\)(?! <)", "np.maximum(z, -z)", text)


def run(source: str, name: str) -> Callable[..., Any]:
    """The function of that name in a source text."""
    made: Callable[..., Any] = namespace(source, name)[name]
    return made


def namespace(source: str, name: str) -> dict[str, Any]:
    """What a source text defines; tracebacks call it `<name>`."""
    space: dict[str, Any] = {"__name__": "symbackprop.generated"}
    exec(compile(source, f"<{name}>", "exec"), space)
    return space
