"""A network of forward equations in a TOML file, as `--given` takes it."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from pathlib import Path

from symbackprop.errors import SymbackpropError
from symbackprop.given import Network

# what a table may say of a network of forward equations
KEYS = ("given", "shapes", "data", "notation", "symbols", "assume")


def read_given(path: str | Path, notation: str | None = None, data: str | None = None) -> Network:
    """The network in a file that has `given` and perhaps `shapes`, `data`, `notation`, `symbols` and `assume`.

    Args:
        path: of a TOML file.
        notation: in place of the file's own.
        data: in place of the file's own.

    Raises:
        SymbackpropError: for a file that cannot be read, or that says something else.
    """
    table = table_in(path)
    return network_of(table, str(path), notation, data)


def text_in(path: str | Path, encoding: str = "utf-8") -> str:
    """The text of a file.

    Raises:
        SymbackpropError: for a file that cannot be read.
    """
    try:
        return Path(path).read_text(encoding=encoding)
    except OSError as error:
        raise SymbackpropError(f"the file {path} cannot be read: {error.strerror}") from None
    except UnicodeDecodeError:
        raise SymbackpropError(f"the file {path} is not UTF-8 text: save it as UTF-8") from None


def table_in(path: str | Path, encoding: str = "utf-8") -> dict[str, object]:
    """What a TOML file says.

    Raises:
        SymbackpropError: for a file that cannot be read, or is no TOML.
    """
    try:
        return tomllib.loads(text_in(path, encoding))
    except tomllib.TOMLDecodeError as error:
        raise SymbackpropError(f"the file {path} is no TOML: {error}") from None
    except RecursionError:
        raise SymbackpropError(f"the file {path} is no TOML: it is nested too deeply") from None


def network_of(
    table: Mapping[str, object], where: str, notation: str | None = None, data: str | None = None
) -> Network:
    """The network that a table says.

    Raises:
        SymbackpropError: for a missing or unknown key, or a value of another kind.
    """
    for key in table.keys() - set(KEYS):
        raise SymbackpropError(f"{where} has {key!r}, which says nothing of a network: its keys are {', '.join(KEYS)}")
    given = table.get("given")
    if not isinstance(given, str) or not given.strip():
        raise SymbackpropError(f"{where} has no forward equations: write given = '''…''', an equation a line")
    return Network(
        given,
        shapes=_strings(table, "shapes", where),
        data=data or _string(table, "data", where),
        notation=notation or _string(table, "notation", where) or "lecture",
        symbols=_strings(table, "symbols", where),
        assume=_list(table, "assume", where),
    )


def _string(table: Mapping[str, object], key: str, where: str) -> str | None:
    value = table.get(key)
    if value is not None and not isinstance(value, str):
        raise SymbackpropError(f"{key} in {where} is {value!r}: write a text in quotes")
    return value


def _strings(table: Mapping[str, object], key: str, where: str) -> dict[str, str]:
    value = table.get(key, {})
    if not isinstance(value, dict) or not all(isinstance(each, str) for each in value.values()):
        raise SymbackpropError(f"{key} in {where} is no table of texts: write {key} = {{ W_1 = 'H x D', x = 'D' }}")
    return value


def _list(table: Mapping[str, object], key: str, where: str) -> list[str]:
    value = table.get(key, [])
    if not isinstance(value, list) or not all(isinstance(each, str) for each in value):
        raise SymbackpropError(f"{key} in {where} is no list of texts: write {key} = ['\\sum_k y_k = 1']")
    return value
