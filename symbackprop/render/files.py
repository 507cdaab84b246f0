"""A derivation or a topic as a file: the suffix chooses the format. A file is there whole or not at all."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from symbackprop.derivation import Derivation
from symbackprop.errors import SymbackpropError
from symbackprop.notations import Notation
from symbackprop.render.blocks import Document
from symbackprop.render.document import document
from symbackprop.render.verdicts import Report
from symbackprop.topic import Topic
from symbackprop.writing import check_place, write_all


@dataclass(frozen=True)
class Options:
    """How a file is to look; not every format needs all of it."""

    notation: str | Notation = "lecture"
    engine: str = "typst"
    subproofs: bool = False
    report: Report | None = None
    slides: bool = False


class Source:
    """What is written, and its document, which is made once for all formats."""

    def __init__(self, what: Derivation | Topic, options: Options) -> None:
        self.what = what
        self.options = options

    @cached_property
    def document(self) -> Document:
        options = self.options
        return document(self.what, options.notation, subproofs=options.subproofs, report=options.report)


def _tex(source: Source) -> bytes:
    from symbackprop.render import tex

    return tex.source(source.document).encode()


def _typ(source: Source) -> bytes:
    from symbackprop.render import slides, typ

    made = slides.source(source.document) if source.options.slides else typ.source(source.document)
    return made.encode()


def _pdf(source: Source) -> bytes:
    from symbackprop.render import pdf

    if source.options.slides:
        return pdf.by_typst(_typ(source).decode())
    return pdf.pdf(source.document, source.options.engine)


def _markdown(source: Source) -> bytes:
    from symbackprop.render import markdown

    return markdown.source(source.document).encode()


def _json(source: Source) -> bytes:
    from symbackprop.render import data

    options = source.options
    return data.source(source.what, options.notation, subproofs=options.subproofs, report=options.report).encode()


def _python(source: Source) -> bytes:
    from symbackprop.numeric.compile import lambdify
    from symbackprop.numeric.written import program_of
    from symbackprop.render.latex import latex

    if isinstance(source.what, Derivation):
        return lambdify(source.what).source.encode()
    program = program_of(
        source.what, lambda e: " ".join(latex(e, source.options.notation, source.what.network).split())
    )
    if program is not None:
        return program.encode()
    try:
        return lambdify(source.what.derivation).source.encode()
    except SymbackpropError as error:
        name = source.what.name or source.what.title
        raise SymbackpropError(
            f"the topic {name} ends in no gradient that could be a function ({error}): write another format, "
            f"or ask for the .py of a derivation such as weight_gradient"
        ) from error


# a new format is a row here and a reader of documents
FORMATS: dict[str, Callable[[Source], bytes]] = {
    ".tex": _tex,
    ".typ": _typ,
    ".pdf": _pdf,
    ".md": _markdown,
    ".json": _json,
    ".py": _python,
}
# what slides are written as
SLIDES = (".pdf", ".typ")


def save(
    what: Derivation | Topic,
    path: str | Path,
    notation: str | Notation = "lecture",
    engine: str = "typst",
    subproofs: bool = False,
    report: Report | None = None,
    slides: bool = False,
) -> None:
    """Write a derivation or a topic to a file; the suffix chooses the format.

    Args:
        what: what is written.
        path: where; a file that is there already is replaced.
        notation: the letters.
        engine: what makes a PDF, "typst" or "latex".
        subproofs: whether inductions and calculations by entries are shown.
        report: what the judges say of each step.
        slides: whether it is made as slides, .pdf or .typ.

    Raises:
        SymbackpropError: for an unknown suffix, notation or engine, or where the file cannot be written.
        MissingExtraError: if an engine is not installed.
    """
    save_all(what, [path], Options(notation, engine, subproofs, report, slides))


def save_all(what: Derivation | Topic, paths: Iterable[str | Path], options: Options) -> None:
    """Write a derivation or a topic to several files: to all of them, or, where anything goes wrong, to none.

    Raises:
        SymbackpropError: as `save`.
    """
    targets = list(dict.fromkeys(map(Path, paths)))
    check_outputs(targets, options.engine, options.slides)
    source = Source(what, options)
    write_all([(target, FORMATS[target.suffix.lower()](source)) for target in targets])


def check_outputs(paths: Iterable[str | Path], engine: str = "typst", slides: bool = False) -> None:
    """Refuse what cannot be written, before any work is done for it.

    Raises:
        SymbackpropError: for an unknown suffix or engine, for slides in another format than .pdf and .typ or by LaTeX,
            or a folder that is not there or not writable.
    """
    from symbackprop.render.pdf import check_engine, check_name

    check_name(engine)
    if slides and engine != "typst":
        raise SymbackpropError("slides are made by Typst alone: leave --engine latex out, or --slides")
    for path in map(Path, paths):
        if path.suffix.lower() not in FORMATS:
            raise SymbackpropError(
                f"{path}: there is no format {path.suffix or 'without a suffix'}: write a name that ends in "
                f"{', '.join(FORMATS)}"
            )
        if slides and path.suffix.lower() not in SLIDES:
            raise SymbackpropError(f"{path}: slides are made as {' or '.join(SLIDES)}: write -o slides.pdf")
        check_place(path)
        if path.suffix.lower() == ".pdf":
            check_engine(engine)
