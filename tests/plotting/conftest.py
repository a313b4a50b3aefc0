"""What the tests of all displays share."""

import numpy as np
import pytest
from sklearn.pipeline import make_pipeline

from sktopo import GraphPersistence, TopClusterer


@pytest.fixture(autouse=True)
def close_figures():
    yield
    import matplotlib.pyplot as plt

    plt.close("all")


@pytest.fixture
def fitted(make_rows):
    """Fit a clustering of 12 graphs of 7 nodes, in two plain groups."""
    rows = make_rows(12, 7)
    rows[:6] += 1
    model = make_pipeline(GraphPersistence(), TopClusterer(2, random_state=0))
    return model.fit(rows), rows


@pytest.fixture
def texts():
    """Return a function that lists the texts of artists."""
    return lambda artists: [artist.get_text() for artist in artists]


def check_given_axes(make, arguments, n_panels):
    """Check that a display draws where it is told, and again in a new figure."""
    import matplotlib.pyplot as plt

    figure, axes = plt.subplots(1, n_panels, squeeze=False)
    given = axes[0, 0] if n_panels == 1 else axes[0]
    display = make(*arguments, ax=given)
    assert display.figure_ is figure
    assert all(np.ravel(display.ax_) == axes[0])
    assert display.plot() is display
    assert display.figure_ is not figure
    display.figure_.canvas.draw()
    many = plt.subplots(1, 4)[1]
    with pytest.raises(ValueError, match=f"Got 4 axes for {n_panels} panel"):
        display.plot(ax=many)


def check_labels_fit(make, arguments):
    """Check that all labels are within the figure."""
    display = make(*arguments)
    display.figure_.canvas.draw()
    for ax in np.ravel(display.ax_):
        box = ax.get_tightbbox()
        assert min(box.x0, box.y0) >= 0
        assert box.x1 <= display.figure_.bbox.x1
        assert box.y1 <= display.figure_.bbox.y1


@pytest.fixture
def check_display():
    """Return a function that checks the rules that all displays keep."""

    def check(make, *arguments, n_panels=1):
        check_given_axes(make, arguments, n_panels)
        check_labels_fit(make, arguments)

    return check
