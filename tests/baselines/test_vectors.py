"""Persistence images and landscapes, against gudhi called by hand."""

import pytest
from numpy.testing import assert_allclose

from sktopo.baselines import (
    PersistenceImages,
    PersistenceLandscapes,
)

gudhi = pytest.importorskip("gudhi")
kmedoids = pytest.importorskip("kmedoids")
networkx = pytest.importorskip("networkx")


def test_images_and_landscapes_by_hand(diagrams):
    train, new = diagrams[:9], diagrams[9:]
    vectors = gudhi.representations
    for weighted, weight in ((True, lambda point: point[1]), (False, lambda point: 1)):
        library = vectors.PersistenceImage(
            bandwidth=0.1, weight=weight, resolution=[20, 20]
        )
        found = PersistenceImages(weighted=weighted).fit(train).transform(new)
        assert_allclose(found, library.fit(train).transform(new))
        assert found.max() > 0
    found = PersistenceLandscapes().fit(train).transform(new)
    assert_allclose(found, vectors.Landscape().fit(train).transform(new))
    assert found.max() > 0
