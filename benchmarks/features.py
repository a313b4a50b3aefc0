"""Features of trained networks: ``python -m benchmarks.features``.

Semi-nonnegative matrix factorization, with all units in a feature or a share of them,
beside scikit-learn's NMF and the units themselves, on ReLU activations: those of the 80
bundled networks, whose small negative parts are cut off. Printed are the relative error
of the approximation, the median log ratio of the activation of a feature by its best
class of stimuli and by all others, and the processor time of a network.
"""

import time
import warnings

import numpy as np
from sklearn.decomposition import NMF
from sklearn.exceptions import ConvergenceWarning

from benchmarks._measure import collect_facts, make_parser, report
from benchmarks._options import read_positive
from sktopo import ActivationExtractor, SemiNMF
from sktopo.datasets import load_digit_networks
from sktopo.metrics import concept_separation


def main(argv=None):
    """Factorize the activations of each network, and write the table."""
    parser = make_parser(__doc__)
    parser.add_argument("--components", type=read_positive, default=20)
    options = parser.parse_args(argv)
    data = load_digit_networks()
    networks = data.networks[::20] if options.quick else data.networks
    recorded = ActivationExtractor(stimuli=data.stimuli).fit_transform(networks)
    activations = np.maximum(recorded, 0).astype(np.float64)
    facts = collect_facts("features", options)
    rows = [
        summarize(name, make, activations, data.stimuli_labels)
        for name, make in list_methods(options.components).items()
    ]
    heading = (
        f"Mean over {len(networks)} networks, ± the standard deviation; "
        f"{options.components} features of 64 units, 450 stimuli of 10 classes."
    )
    report("features", "Features of trained networks", {heading: rows}, facts, options)


def list_methods(n_components):
    """List the factorizations by name; None stands for the units themselves."""

    def make_semi(**parameters):
        return SemiNMF(n_components, random_state=0, **parameters)

    return {
        "units": None,
        "NMF of scikit-learn": lambda: NMF(
            n_components, init="nndsvda", max_iter=500, random_state=0
        ),
        "SemiNMF": make_semi,
        "SemiNMF, keep=0.2": lambda: make_semi(keep=0.2),
        "SemiNMF, keep=0.1": lambda: make_semi(keep=0.1),
    }


def summarize(name, make, activations, classes):
    """Return the row of one method."""
    errors, separations, seconds = [], [], []
    for sample in activations:
        weights, approximation = sample, sample
        start = time.process_time()
        if make is not None:
            model = make()
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", ConvergenceWarning)
                weights = model.fit_transform(sample)
            approximation = weights @ model.components_
        seconds.append(time.process_time() - start)
        separations.append(concept_separation(weights, classes))
        errors.append(np.linalg.norm(sample - approximation) / np.linalg.norm(sample))
    return {
        "features": name,
        "relative error": describe(errors),
        "concept separation": describe(separations),
        "seconds": f"{np.mean(seconds):.3f}",
    }


def describe(values):
    """Return the mean and the standard deviation as text."""
    return f"{np.mean(values):.3f} ± {np.std(values, ddof=1):.3f}"


if __name__ == "__main__":
    main()
