"""Errors and power of the test for states: ``python -m benchmarks.states``.

How often ``sktopo.inference.state_test`` rejects recordings without states, which are
stationary, and recordings that change between three states, at the level of 5 %. Each
test has 19 surrogates, the fewest that allow a p-value of 0.05: more give more power
and leave the level as it is.
"""

import numpy as np
from joblib import Parallel, delayed
from sklearn import config_context
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer

from benchmarks._measure import collect_facts, make_parser, report
from sktopo import GraphPersistence, SlidingWindows, TopClusterer
from sktopo.datasets import make_state_recordings
from sktopo.inference import state_test

LEVEL = 0.05
N_SURROGATES = 19
STATISTICS = ("variance", "silhouette")
# An even and an odd number of observations, and weak and strong autocorrelation.
DESIGNS = {
    "1 × 160, autocorrelation 0.4": {
        "n_recordings": 1,
        "n_observations": 160,
        "autocorrelation": 0.4,
    },
    "3 × 75, autocorrelation 0.8": {
        "n_recordings": 3,
        "n_observations": 75,
        "autocorrelation": 0.8,
    },
}
# Numbers of modules: of recordings without states, and of three states.
STATES = {"one state": (2,), "three states": (1, 2, 5)}


def main(argv=None):
    """Count rejections, and write the tables."""
    parser = make_parser(__doc__)
    parser.add_argument("--tests", type=int, default=500, help="tests of each kind")
    parser.add_argument("--n-jobs", type=int, default=2, help="parallel jobs")
    options = parser.parse_args(argv)
    facts = collect_facts("states", options)
    n_tests = 10 if options.quick else options.tests
    level = count_rejections("one state", n_tests, options.n_jobs)
    power = count_rejections("three states", max(n_tests // 5, 2), options.n_jobs)
    windows = "10 nodes, windows of 20 observations, every 10"
    tables = {
        f"No states: {n_tests} tests of each kind, {windows}. Rejections at the level "
        f"{LEVEL}, with their standard error.": judge_level(level, n_tests),
        "Three states of 1, 2 and 5 modules, which last 40 observations on average: "
        f"{max(n_tests // 5, 2)} tests of each kind.": list_shares(power),
    }
    report("states", "The test for states", tables, facts, options)


def correlate(windows):
    """Compute what FunctionalConnectome does, for many small windows at once."""
    windows = np.stack(windows)
    windows -= windows.mean(axis=1, keepdims=True)
    windows /= np.linalg.norm(windows, axis=1, keepdims=True)
    first, second = np.triu_indices(windows.shape[2], 1)
    return np.abs(windows.transpose(0, 2, 1) @ windows)[:, first, second]


def run_test(states, design, statistic, seed):
    """Simulate one study and test it: the p-value."""
    X, _ = make_state_recordings(
        **DESIGNS[design],
        n_nodes=10,
        n_modules=STATES[states],
        dwell=40,
        random_state=seed,
    )
    chain = make_pipeline(
        SlidingWindows(20, step=10),
        FunctionTransformer(correlate),
        GraphPersistence(n_jobs=1),
        TopClusterer(3, n_init=1, random_state=0),
    )
    # Most of the time of such small windows would go into checks.
    with config_context(assume_finite=True, skip_parameter_validation=True):
        result = state_test(
            X,
            chain,
            statistic=statistic,
            n_surrogates=N_SURROGATES,
            n_jobs=1,
            random_state=seed,
        )
    return result.pvalue


def count_rejections(states, n_tests, n_jobs):
    """Count the rejections of each design and statistic: shares."""
    return {
        (design, statistic): np.mean(
            np.array(
                Parallel(n_jobs=n_jobs)(
                    delayed(run_test)(states, design, statistic, seed)
                    for seed in range(n_tests)
                )
            )
            <= LEVEL
        )
        for statistic in STATISTICS
        for design in DESIGNS
    }


def list_shares(shares):
    """Make a row for each design and statistic."""
    return [
        {"statistic": statistic, "recordings": design, "rejected": float(share)}
        for (design, statistic), share in shares.items()
    ]


def judge_level(shares, n_tests):
    """Make rows for each design, and judge both designs of a statistic together."""
    rows = list_shares(shares)
    for statistic in STATISTICS:
        both = [shares[design, statistic] for design in DESIGNS]
        share, n_both = float(np.mean(both)), n_tests * len(both)
        rows.append(
            {
                "statistic": statistic,
                "recordings": "both",
                "rejected": share,
                "standard error": float(np.sqrt(share * (1 - share) / n_both)),
                "target": "0.04 to 0.06",
                "met": "yes" if 0.04 <= share <= 0.06 else "NO",
            }
        )
    return rows


if __name__ == "__main__":
    main()
