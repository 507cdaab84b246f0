"""A derivation as a file: the suffix chooses the format. A file is there whole or not at all."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from symbackprop.derivation import Derivation
from symbackprop.errors import SymbackpropError
from symbackprop.notations import Notation
from symbackprop.render.document import Report, document


@dataclass(frozen=True)
class Options:
    """How a file is to look; not every format needs all of it."""

    notation: str | Notation = "lecture"
    engine: str = "typst"
    subproofs: bool = False
    report: Report | None = None


def _tex(derivation: Derivation, options: Options) -> bytes:
    from symbackprop.render import tex

    made = document(derivation, options.notation, subproofs=options.subproofs, report=options.report)
    return tex.source(made).encode()


def _typ(derivation: Derivation, options: Options) -> bytes:
    from symbackprop.render import typ

    made = document(derivation, options.notation, subproofs=options.subproofs, report=options.report)
    return typ.source(made).encode()


def _pdf(derivation: Derivation, options: Options) -> bytes:
    from symbackprop.render import pdf

    made = document(derivation, options.notation, subproofs=options.subproofs, report=options.report)
    return pdf.pdf(made, options.engine)


def _markdown(derivation: Derivation, options: Options) -> bytes:
    from symbackprop.render import markdown

    made = document(derivation, options.notation, subproofs=options.subproofs, report=options.report)
    return markdown.source(made).encode()


def _json(derivation: Derivation, options: Options) -> bytes:
    from symbackprop.render import data

    made = data.source(derivation, options.notation, subproofs=options.subproofs, report=options.report)
    return made.encode()


def _python(derivation: Derivation, options: Options) -> bytes:
    from symbackprop.numeric.compile import lambdify

    return lambdify(derivation).source.encode()


# a new format is a row here and a reader of documents
FORMATS: dict[str, Callable[[Derivation, Options], bytes]] = {
    ".tex": _tex,
    ".typ": _typ,
    ".pdf": _pdf,
    ".md": _markdown,
    ".json": _json,
    ".py": _python,
}


def save(
    derivation: Derivation,
    path: str | Path,
    notation: str | Notation = "lecture",
    engine: str = "typst",
    subproofs: bool = False,
    report: Report | None = None,
) -> None:
    """Write a derivation to a file; the suffix chooses the format.

    Args:
        derivation: what is written.
        path: where; a file that is there already is replaced.
        notation: the letters.
        engine: what makes a PDF, "typst" or "latex".
        subproofs: whether inductions and calculations by entries are shown.
        report: what the judges say of each step, by its number from 1.

    Raises:
        SymbackpropError: for an unknown suffix, notation or engine, or where the file cannot be written.
        MissingExtraError: if an engine is not installed.
    """
    save_all(derivation, [path], Options(notation, engine, subproofs, report))


def save_all(derivation: Derivation, paths: Iterable[str | Path], options: Options) -> None:
    """Write a derivation to several files: to all of them, or, where anything goes wrong, to none.

    Raises:
        SymbackpropError: as `save`.
    """
    targets = list(dict.fromkeys(map(Path, paths)))
    check_outputs(targets, options.engine)
    write_all([(target, FORMATS[target.suffix.lower()](derivation, options)) for target in targets])


def check_outputs(paths: Iterable[str | Path], engine: str = "typst") -> None:
    """Refuse what cannot be written, before any work is done for it.

    Raises:
        SymbackpropError: for an unknown suffix or engine, or a folder that is not there or not writable.
    """
    from symbackprop.render.pdf import check_engine, check_name

    check_name(engine)
    for path in map(Path, paths):
        if path.suffix.lower() not in FORMATS:
            raise SymbackpropError(
                f"{path}: there is no format {path.suffix or 'without a suffix'}: write a name that ends in "
                f"{', '.join(FORMATS)}"
            )
        _check_folder(path)
        if path.suffix.lower() == ".pdf":
            check_engine(engine)


def _check_folder(path: Path) -> None:
    folder = path.parent
    if path.is_dir():
        raise SymbackpropError(f"{path} is a folder: write the name of a file")
    if not folder.is_dir():
        raise SymbackpropError(f"{path}: there is no folder {folder}: make it, or write to another one")
    if not os.access(folder, os.W_OK | os.X_OK):
        raise SymbackpropError(f"{path}: the folder {folder} is not writable: write to another one")


def write_all(contents: Sequence[tuple[Path, bytes]]) -> None:
    """Write files beside their places and rename them at the end, so that nothing half written is ever found there.

    Raises:
        SymbackpropError: if one cannot be written; then none is.
    """
    parts = [target.with_name(f".{target.name}.{os.getpid()}.part") for target, _ in contents]
    target = Path()
    try:
        try:
            for part, (each, content) in zip(parts, contents, strict=True):
                target = each
                with part.open("xb") as file:
                    file.write(content)
            for part, (each, _) in zip(parts, contents, strict=True):
                target = part.replace(each)
        finally:
            # after the renaming there is nothing of that name; after anything else, ^C included, it must go
            for part in parts:
                part.unlink(missing_ok=True)
    except OSError as error:
        raise SymbackpropError(
            f"{target} cannot be written: {error.strerror or error}; write to another place"
        ) from error
