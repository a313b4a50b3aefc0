"""Use an installed sktopo with one extra, and check that the others are missing."""

import sys
from pathlib import Path

import sktopo
from sktopo.baselines import GraphSummaries, MedoidClusterer, RipsDiagrams
from sktopo.datasets import load_digit_networks, make_modular_connectomes
from sktopo.plotting import BarcodeDisplay


def use_core():
    """Cluster simulated connectomes."""
    X, y = make_modular_connectomes(5, n_nodes=12, n_modules=(1, 4), random_state=0)
    rows = sktopo.GraphPersistence().fit_transform(X)
    labels = sktopo.TopClusterer(2, random_state=0).fit_predict(rows)
    assert sktopo.metrics.purity_score(y, labels) > 0.5
    return X


def use_torch(X):
    """Record activations of the bundled networks."""
    digits = load_digit_networks()
    extractor = sktopo.ActivationExtractor(stimuli=digits.stimuli, verbose=True)
    assert extractor.fit_transform(digits.networks[:2]).shape == (2, 450, 64)


def use_plot(X):
    """Draw barcodes and save the figure."""
    barcodes = sktopo.barcodes.barcode_rows(X)
    BarcodeDisplay.from_barcodes(barcodes).figure_.savefig("barcodes.png")


def use_baselines(X):
    """Run one estimator for each library of the extra."""
    assert len(RipsDiagrams("inverse").fit_transform(X)) == 10
    assert GraphSummaries().fit_transform(X).shape == (10, 12)
    assert MedoidClusterer(2, metric="euclidean").fit(X).labels_.shape == (10,)


def main(extra):
    """Use the core and one extra; the other extras must say what to install."""
    assert Path(sktopo.__file__).is_relative_to(sys.prefix), sktopo.__file__
    X = use_core()
    uses = {"torch": use_torch, "plot": use_plot, "baselines": use_baselines}
    for name, use in uses.items():
        if name == extra:
            use(X)
            continue
        try:
            use(X)
        except ImportError as error:
            assert f"pip install 'sktopo[{name}]'" in str(error), error
        except TypeError as error:  # without torch, the networks are loaded as weights
            assert f"'sktopo[{name}]'" in str(error), error
        else:
            raise AssertionError(f"{name} worked without its extra")


if __name__ == "__main__":
    main(sys.argv[1])
