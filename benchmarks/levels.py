"""Levels of tests with groups and covariates: ``python -m benchmarks.levels``.

Simulated studies without a difference, in which persons are measured several times, a
covariate goes along with the labels, or both: how often the tests of
``sktopo.inference`` reject at the level of 5 % with `groups` and `covariates`, and what
happens without them. A level of 5 % should reject in 4 to 6 % of the studies.
"""

import numpy as np
from joblib import Parallel, delayed

from benchmarks._measure import collect_facts, make_parser, report
from sktopo.inference import permanova, permutation_test

TESTS = {"permanova": permanova, "permutation_test": permutation_test}
N_PERMUTATIONS = 99
LEVEL = 0.05
TARGET = (0.04, 0.06)
N_PERSONS, N_COLUMNS = 12, 5


def measure_persons(rng, sizes):
    """Simulate rows of persons, who differ, and return the person of each row."""
    persons = np.repeat(np.arange(len(sizes)), sizes)
    rows = rng.normal(size=(len(sizes), N_COLUMNS))[persons]
    return rows + rng.normal(size=rows.shape), persons


def simulate_within(rng):
    """Simulate persons who are measured once in each of three conditions."""
    rows, persons = measure_persons(rng, [3] * N_PERSONS)
    return rows, np.tile([0, 1, 2], N_PERSONS), {"groups": persons}


def simulate_between(rng):
    """Simulate two groups of persons who are measured three times each."""
    rows, persons = measure_persons(rng, [3] * N_PERSONS)
    return rows, persons % 2, {"groups": persons}


def simulate_unequal(rng):
    """Simulate two groups of persons who are measured once to five times."""
    rows, persons = measure_persons(rng, rng.integers(1, 6, N_PERSONS))
    return rows, persons % 2, {"groups": persons}


def simulate_covariate(rng):
    """Simulate samples in which a covariate goes along with the group."""
    y = np.arange(30) % 2
    covariate = y + rng.normal(size=30)
    rows = covariate[:, np.newaxis] + rng.normal(size=(30, N_COLUMNS))
    return rows, y, {"covariates": covariate}


def simulate_within_beside(rng):
    """Simulate persons who move more in one of two conditions, of two runs each."""
    rows, persons = measure_persons(rng, [4] * N_PERSONS)
    y = np.tile([0, 0, 1, 1], N_PERSONS)
    covariate = y + rng.normal(size=N_PERSONS)[persons] + rng.normal(size=len(y))
    rows += covariate[:, np.newaxis]
    return rows, y, {"groups": persons, "covariates": covariate}


def simulate_between_beside(rng):
    """Simulate two groups of persons of different age, measured three times each."""
    rows, persons = measure_persons(rng, [3] * N_PERSONS)
    y = persons % 2
    covariate = y + rng.normal(size=N_PERSONS)[persons]
    rows += covariate[:, np.newaxis]
    return rows, y, {"groups": persons, "covariates": covariate}


CASES = {
    "conditions within persons": simulate_within,
    "groups of persons, 3 samples each": simulate_between,
    "groups of persons, 1 to 5 samples each": simulate_unequal,
    "covariate": simulate_covariate,
    "conditions within persons, covariate": simulate_within_beside,
    "groups of persons, covariate": simulate_between_beside,
}


def analyse_study(case, left_out, seed):
    """Test one study, without some of the arguments that it needs: p-values."""
    X, y, options = CASES[case](np.random.default_rng([*CASES].index(case) + 10 * seed))
    options = {name: options[name] for name in options if name not in left_out}
    options.update(n_permutations=N_PERMUTATIONS, random_state=seed)
    return [test(X, y, **options).pvalue for test in TESTS.values()]


def measure_level(case, left_out, n_studies, n_jobs):
    """Count the rejections of each test; a row for each."""
    found = Parallel(n_jobs=n_jobs)(
        delayed(analyse_study)(case, left_out, seed) for seed in range(n_studies)
    )
    rows = []
    for name, pvalues in zip(TESTS, np.transpose(found), strict=True):
        share = float(np.mean(pvalues <= LEVEL))
        row = {
            "study": case,
            "without": " and ".join(left_out),
            "test": name,
            "studies": n_studies,
            "rejected": share,
            "standard error": (share * (1 - share) / n_studies) ** 0.5,
        }
        if not left_out:
            met = "yes" if TARGET[0] <= share <= TARGET[1] else "NO"
            row |= {"target": "{} to {}".format(*TARGET), "met": met}
        rows.append(row)
    return rows


def list_omissions(case):
    """List what is left out in turn: nothing, each argument, and all of them."""
    names = tuple(CASES[case](np.random.default_rng(0))[2])
    return dict.fromkeys([(), *((name,) for name in names), names])


def main(argv=None):
    """Measure the levels and write the table."""
    parser = make_parser(__doc__)
    parser.add_argument("--studies", type=int, default=2000, help="of each kind")
    parser.add_argument("--n-jobs", type=int, default=2, help="parallel jobs")
    options = parser.parse_args(argv)
    n_studies = 40 if options.quick else options.studies
    facts = collect_facts("levels", options)
    rows = [
        row
        for case in CASES
        for left_out in list_omissions(case)
        # What is far from the level needs fewer studies.
        for row in measure_level(
            case,
            left_out,
            n_studies // 10 if left_out else n_studies,
            options.n_jobs,
        )
    ]
    heading = (
        f"Share of simulated studies without a difference that have a p-value of at "
        f"most {LEVEL}, with {N_PERMUTATIONS} relabellings."
    )
    report(
        "levels",
        "Levels of tests with groups and covariates",
        {heading: rows},
        facts,
        options,
    )


if __name__ == "__main__":
    main()
