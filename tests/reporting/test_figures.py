"""The figures of a report."""

import numpy as np
from numpy.testing import assert_array_equal

from sktopo.reporting._analysis import analyse
from sktopo.reporting._figures import (
    can_average,
    can_embed,
    draw_figures,
    list_panels,
    name_groups,
)


def draw(study, options):
    return draw_figures(study, analyse(study, options))


def test_all_figures_are_drawn_and_none_is_open(make_graphs, make_study):
    from matplotlib import pyplot

    before = pyplot.get_fignums()
    study, options = make_study(*make_graphs(4), groups=list("aaaabbbb"))
    figures = draw(study, options)
    assert list(figures) == ["differences", "embedding", "barycenters", "connectomes"]
    # Four panels and the colour bar.
    titles = [ax.get_title() for ax in figures["connectomes"].axes]
    assert titles == ["0 (8)", "1 (8)", "2 (8)", "3 (8)", ""]
    assert pyplot.get_fignums() == before


def test_what_cannot_be_drawn_is_left_out(make_study):
    study, options = make_study(np.ones((3, 28)))
    assert not can_embed(study)
    assert list(draw(study, options)) == ["barycenters", "connectomes"]
    rng = np.random.default_rng(0)
    study, options = make_study(rng.random((3, 1)))  # graphs of two nodes
    assert "embedding" not in draw(study, options)
    ragged = [rng.random(n_edges) for n_edges in (6, 10, 6, 10)]
    study, options = make_study(ragged)
    assert not can_average(study)
    assert list(draw(study, options)) == ["embedding", "barycenters"]


def test_nodes_that_do_not_correspond_are_sorted(make_graphs, make_study):
    X, y = make_graphs()
    pictures = []
    for are_matched in (True, False):
        study, options = make_study(X, y, are_matched=are_matched)
        figure = draw(study, options)["connectomes"]
        pictures.append(np.asarray(figure.axes[0].images[0].get_array()))
    strengths = [np.nansum(picture, axis=0) for picture in pictures]
    assert (np.diff(strengths[1]) <= 0).all()
    assert not (np.diff(strengths[0]) <= 0).all()


def test_panels_have_one_scale_of_colours(make_graphs, make_study):
    X, y = make_graphs()
    for sign, low in ((1, False), (-1, True)):
        study, options = make_study(sign * X, y)
        figure = draw(study, options)["connectomes"]
        limits = {ax.images[0].get_clim() for ax in figure.axes[:2]}
        assert len(limits) == 1
        assert (limits.pop()[0] < 0) == low


def test_classes_come_in_their_order(make_graphs, make_study):
    X, _ = make_graphs(1, n_samples=12)
    y = [10] * 4 + [9] * 4 + [2] * 4
    study, options = make_study(X, y)
    names = name_groups(study, analyse(study, options))
    assert list(list_panels(study, names)) == ["2", "9", "10"]
    assert_array_equal(list_panels(study, names)["10"], [True] * 4 + [False] * 8)
    study, options = make_study(X)
    assert list(list_panels(study, None)) == ["all"]
