"""What a report holds."""

import pytest

from sktopo.reporting import Report
from sktopo.reporting._document import Document


def test_reports_cannot_be_changed_but_their_parts_can_be_taken(make_graphs):
    X, y = make_graphs()
    report = Report.from_connectomes(X, y, n_permutations=9)
    assert isinstance(report, Document)
    with pytest.raises(AttributeError):
        report.title = "another"
    assert report.html is report.html  # written once
    report.figures["embedding"].axes[0].set_title("mine")
    assert len(report.tables["differences"]) == 5
