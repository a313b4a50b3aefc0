"""What a report holds, and how it is shown and saved."""

from __future__ import annotations

import os
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from sktopo.reporting._analysis import analyse
from sktopo.reporting._content import (
    collect_facts,
    collect_settings,
    collect_tables,
    describe_report,
    write_captions,
)
from sktopo.reporting._figures import draw_figures
from sktopo.reporting._methods import write_methods
from sktopo.reporting._page import frame_page, render
from sktopo.reporting._study import group_notes, measure_time, take_notes
from sktopo.reporting._words import write_answer

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from sktopo._typing import Table


@dataclass(frozen=True, eq=False)
class Document:
    """Base of reports: their parts, which `Report` describes, and the page of them."""

    title: str
    headline: str
    paragraphs: list[str]
    tables: dict[str, Table]
    figures: dict[str, Figure]
    captions: dict[str, str]
    facts: dict[str, str]
    notes: list[str]
    methods: str
    bibtex: str
    settings: dict[str, str]
    seconds: dict[str, float]
    noun: str
    date: str

    @classmethod
    def _write(cls, study, options):
        """Compute all that the report says of a study."""
        findings = analyse(study, options)
        with measure_time(study.seconds, "figures"), take_notes(study.notes):
            figures = draw_figures(study, findings)
        headline, paragraphs = write_answer(study, findings)
        methods, bibtex = write_methods(study, findings, options)
        return cls(
            title=options.title or f"Comparison of {len(study.names)} {study.noun}s",
            headline=headline,
            paragraphs=paragraphs,
            tables=collect_tables(study, findings),
            figures=figures,
            captions=write_captions(study, findings, figures),
            facts=collect_facts(study),
            notes=group_notes(study.notes, study.names),
            methods=methods,
            bibtex=bibtex,
            settings=collect_settings(study, options),
            seconds=study.seconds,
            noun=study.noun,
            date=f"{datetime.now():%Y-%m-%d %H:%M}",
        )

    @cached_property
    def html(self) -> str:
        """The page."""
        return render(describe_report(self))

    def save(self, path: str | os.PathLike[str]) -> Path:
        """Write the page to a file.

        Parameters
        ----------
        path : str or path-like
            The file, such as ``"report.html"``. A file of that name is replaced.

        Returns
        -------
        path : Path
            The file.

        Raises
        ------
        TypeError
            If `path` is not a path.

        OSError
            If the file cannot be written.
        """
        if not isinstance(path, (str, os.PathLike)):
            raise TypeError(
                f"path is of type {type(path).__name__}; expected the name of a file, "
                "such as 'report.html'."
            )
        file = Path(path)
        file.write_text(self.html, encoding="utf-8")
        return file

    def _repr_html_(self) -> str:
        """Return the page in a frame, for notebooks."""
        return frame_page(self.html)

    def __repr__(self) -> str:
        return f"<Report: {self.title}. {self.headline}>"
