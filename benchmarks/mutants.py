"""Mutants that the tests notice: ``python -m benchmarks.mutants [NAME ...]``.

mutmut changes the code of the packages that ``[tool.mutmut]`` in pyproject.toml names,
one place at a time, in a copy (the folder ``mutants``), and runs the tests that reach
the change. The score is the share of changes that make a test fail. A stopped run goes
on where it was; delete the folder to start again. Names such as "sktopo.metrics*"
choose mutants, and ``--sample`` draws some that were not tried yet.
"""

import argparse
import os
import random
import subprocess
import sys
from collections import Counter

# Statuses of mutants that the tests noticed, and of those that were not tried.
NOTICED = {"killed", "timeout", "segfault", "caught by type check"}
UNTRIED = {"not checked", "skipped"}
# The mutant that is tried to make the others.
FIRST = "sktopo.metrics.x_purity_score__mutmut_1"


def main(argv=None):
    """Try mutants and print the score of each package and the survivors."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help="mutants; all")
    parser.add_argument("--sample", type=int, help="how many mutants to draw; all")
    parser.add_argument("--seed", type=int, default=0, help="of the draw; 0")
    parser.add_argument("--jobs", type=int, default=2, help="processes; 2")
    options = parser.parse_args(argv)
    names = options.names
    if options.sample is not None:
        run_mutmut("run", FIRST, "--max-children", str(options.jobs))
        names = draw(read_statuses(), options.sample, options.seed)
    run_mutmut("run", *names, "--max-children", str(options.jobs))
    print(summarize(read_statuses()))


def run_mutmut(*arguments, **options):
    """Run mutmut; its tests use one thread each."""
    command = [sys.executable, "-m", "mutmut", *arguments]
    threads = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
    env = {**os.environ, **threads}
    return subprocess.run(command, env=env, check=True, **options)


def read_statuses():
    """Read the status of each mutant: a dict by name."""
    done = run_mutmut("results", "--all", "True", capture_output=True, text=True)
    pairs = [line.strip().rsplit(": ", 1) for line in done.stdout.splitlines()]
    return dict(pair for pair in pairs if len(pair) == 2)


def draw(statuses, size, seed):
    """Draw mutants that were not tried yet."""
    left = sorted(name for name, status in statuses.items() if status in UNTRIED)
    return random.Random(seed).sample(left, min(size, len(left)))


def summarize(statuses):
    """Write the score of each package and of all, and the mutants that survived."""
    tried = {name: s for name, s in statuses.items() if s not in UNTRIED}
    noticed, all_tried = Counter(), Counter()
    for name, status in tried.items():
        package = ".".join(name.split(".")[:2])
        for part in (package, "all"):
            all_tried[part] += 1
            noticed[part] += status in NOTICED
    lines = [
        f"{name}: {status}" for name, status in tried.items() if status not in NOTICED
    ]
    lines += [
        f"{part}: {noticed[part]} of {count} mutants noticed, "
        f"{noticed[part] / count:.1%}"
        for part, count in sorted(all_tried.items())
    ]
    lines.append(f"{len(statuses) - len(tried)} mutants were not tried")
    return "\n".join(lines)


if __name__ == "__main__":
    main()
