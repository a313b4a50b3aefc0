"""Use an installed sktopo with one extra, and check that the others are missing."""

import subprocess
import sys
from pathlib import Path

import numpy as np
from scipy.spatial.distance import squareform

import sktopo
from sktopo.baselines import GraphSummaries, MedoidClusterer, RipsDiagrams
from sktopo.datasets import load_digit_networks, make_modular_connectomes
from sktopo.plotting import BarcodeDisplay

# Extras that an extra includes.
INCLUDED = {"report": ["plot"]}
# What --build gets: a network like those of the checkpoints.
BUILD = """\
from sktopo.datasets import load_digit_networks

def create():
    return load_digit_networks().networks[0]
"""


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


def use_report(X):
    """Report on connectomes in files."""
    Path("matrices").mkdir(exist_ok=True)
    for number, row in enumerate(X):
        np.savetxt(f"matrices/{number}.csv", squareform(row), delimiter=",")
    write_report("--connectomes", "matrices")


def use_checkpoints():
    """Report on twelve of the bundled networks, saved as checkpoints."""
    import torch  # noqa: PLC0415

    digits = load_digit_networks()
    Path("runs").mkdir(exist_ok=True)
    with open("labels.csv", "w", encoding="utf-8") as labels:
        for number in (*range(6), *range(40, 46)):
            weights = digits.networks[number].state_dict()
            torch.save(weights, f"runs/{number}.pt")
            labels.write(f"{number}.pt,{digits.target[number]}\n")
    Path("train.py").write_text(BUILD, encoding="utf-8")
    np.save("stimuli.npy", digits.stimuli)
    given = ["--stimuli", "stimuli.npy", "--labels", "labels.csv"]
    write_report("--checkpoints", "runs", "--build", "train.py:create", *given)


def write_report(*arguments):
    """Call the console script; what it says if it fails is in the error."""
    script = str(Path(sys.executable).with_name("sktopo"))
    command = [script, "report", *arguments, "--permutations", "99", "--quiet"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode == 2:
        raise ImportError(done.stderr)
    assert (done.returncode, done.stdout) == (0, "report.html\n"), done.stderr
    assert Path("report.html").stat().st_size > 10_000


def main(extra):
    """Use the core and one extra; the other extras must say what to install."""
    assert Path(sktopo.__file__).is_relative_to(sys.prefix), sktopo.__file__
    X = use_core()
    uses = {
        "torch": use_torch,
        "plot": use_plot,
        "baselines": use_baselines,
        "report": use_report,
    }
    for name, use in uses.items():
        if name == extra or name in INCLUDED.get(extra, ()):
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
    if sys.argv[1] == "report,torch":
        use_checkpoints()
    else:
        main(sys.argv[1])
