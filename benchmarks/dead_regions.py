"""Dead regions as a false finding: ``python -m benchmarks.dead_regions``.

Simulated studies of two groups of recordings that do not differ, but for 1 to 3 of 30
regions without signal in one group. How often does a permutation test of the births
report a difference at the level of 5 %? The dead regions are the same in all recordings
of the group, or other ones in each recording.
"""

import warnings

import numpy as np

from benchmarks._measure import collect_facts, judge, make_parser, report
from benchmarks._options import read_positive
from sktopo import FunctionalConnectome, GraphPersistence
from sktopo.inference import permutation_test

N_RECORDINGS, N_VOLUMES, N_REGIONS, N_QUANTILES = 24, 120, 30, 30


def main(argv=None):
    """Count the studies that report a difference, and write the table."""
    parser = make_parser(__doc__)
    parser.add_argument("--studies", type=read_positive, default=1000)
    parser.add_argument("--permutations", type=read_positive, default=199)
    options = parser.parse_args(argv)
    n_studies = min(options.studies, 20) if options.quick else options.studies
    facts = collect_facts("dead_regions", options)
    rows = []
    for name, simulate in DESIGNS.items():
        rng = np.random.default_rng(0)
        studies = [run_study(simulate(rng), k, options) for k in range(n_studies)]
        for case, results in zip(CASES, zip(*studies, strict=True), strict=True):
            rows.append(summarize(name, *case, *zip(*results, strict=True)))
    heading = (
        f"Share of {n_studies} studies with a p-value of at most 0.05, ± its standard "
        "error, and the mean birth of the group with dead regions less that of the "
        "other."
    )
    report("dead_regions", "Dead regions in one group", {heading: rows}, facts, options)


def simulate_common(rng):
    """Simulate recordings whose regions share one signal."""
    shared = rng.standard_normal((N_RECORDINGS, N_VOLUMES, 1))
    return shared + rng.standard_normal((N_RECORDINGS, N_VOLUMES, N_REGIONS))


def simulate_noise(rng):
    """Simulate regions without any relation."""
    return rng.standard_normal((N_RECORDINGS, N_VOLUMES, N_REGIONS))


def simulate_unlike(rng):
    """Simulate regions that follow one signal more or less, each by its own share."""
    shared = rng.standard_normal((N_RECORDINGS, N_VOLUMES, 1))
    return shared * rng.uniform(0, 2, size=N_REGIONS) + simulate_noise(rng)


DESIGNS = {
    "regions alike, one signal": simulate_common,
    "no relations": simulate_noise,
    "regions unlike, one signal": simulate_unlike,
}


def find_dead(rng, pattern):
    """Choose the dead regions: a mask (n_recordings, n_regions)."""
    dead = np.zeros((N_RECORDINGS, N_REGIONS), dtype=bool)
    together = slice(1, None, 2)  # the second group
    recordings = [together] if pattern == "the same" else range(1, N_RECORDINGS, 2)
    for places in recordings:
        n_dead = rng.integers(1, 4)
        dead[places, rng.choice(N_REGIONS, n_dead, replace=False)] = True
    return dead


def keep_living(dead, rng):
    """Keep what is not dead, in each recording."""
    return ~dead


def keep_common(dead, rng):
    """Keep the regions that are dead in no recording, in all."""
    return np.broadcast_to(~dead.any(axis=0), dead.shape)


def keep_number(dead, rng):
    """Keep as many regions in each recording, chosen at random from the living."""
    order = rng.random(dead.shape) + dead  # the dead ones last
    return order.argsort(axis=1).argsort(axis=1) < (~dead).sum(axis=1).min()


ZERO, DROP = "constant_units='zero'", "constant_units='drop'"
COMMON, NUMBER = "align_units(how='intersection')", "as many regions, at random"
KEEP = {ZERO: keep_living, DROP: keep_living, COMMON: keep_common, NUMBER: keep_number}
CASES = [
    *(("the same", way) for way in (ZERO, DROP, COMMON, NUMBER)),
    *(("others in each", way) for way in (DROP, NUMBER)),
]
FIRST, SECOND = np.triu_indices(N_REGIONS, 1)


def run_study(X, seed, options):
    """Test one study in all cases: the p-value and the difference of each."""
    rng, groups = np.random.default_rng(seed), np.arange(N_RECORDINGS) % 2
    dead = {pattern: find_dead(rng, pattern) for pattern in dict(CASES)}
    # A correlation does not depend on other regions, so all weights are computed once.
    weights = FunctionalConnectome().fit_transform(X)
    graphs = []
    for pattern, way in CASES:
        kept = KEEP[way](dead[pattern], rng)
        kept = kept[:, FIRST] & kept[:, SECOND]
        if way == ZERO:
            graphs += list(np.where(kept, weights, 0))
        else:
            graphs += [row[mask] for row, mask in zip(weights, kept, strict=True)]
        if way == DROP and seed == 0:
            check_graphs(X, dead[pattern], graphs[-N_RECORDINGS:])
    births = GraphPersistence(homology_dimensions=(0,), n_quantiles=N_QUANTILES)
    found = []
    for rows in np.split(births.fit_transform(graphs), len(CASES)):
        result = permutation_test(
            rows, groups, n_permutations=options.permutations, random_state=seed
        )
        means = rows.mean(axis=1) * np.sqrt(N_QUANTILES)
        difference = means[groups == 1].mean() - means[groups == 0].mean()
        found.append((result.pvalue, difference))
    return found


def check_graphs(X, dead, graphs):
    """Raise an AssertionError unless FunctionalConnectome drops units in this way."""
    silent = np.where(dead[:, np.newaxis], 0, X)
    connectome = FunctionalConnectome(constant_units="drop")
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Left out")
        rows = connectome.fit_transform(silent)
    for row, graph in zip(rows, graphs, strict=True):
        np.testing.assert_allclose(row, graph, rtol=1e-9)


def summarize(design, pattern, way, pvalues, differences):
    """Make a row of the table."""
    share = float(np.mean(np.asarray(pvalues) <= 0.05))
    error = np.sqrt(share * (1 - share) / len(pvalues))
    row = {
        "recordings": design,
        "dead regions": pattern,
        "way": way,
        "rejected": f"{share:.3f} ± {error:.3f}",
        "births, difference": f"{np.mean(differences):+.4f}",
    }
    if way == DROP and design.startswith("regions alike"):
        row |= judge(share, at_most=0.06)
    return row


if __name__ == "__main__":
    main()
