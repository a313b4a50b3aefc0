"""The time to import sktopo: ``python -m benchmarks.imports``.

``import sktopo`` against ``import sklearn.cluster``, each in fresh processes.
"""

import subprocess
import sys
from statistics import median

from matplotlib.figure import Figure

from benchmarks._measure import COLOURS, collect_facts, make_parser, ratio, report

CODE = """\
import time
start = time.perf_counter()
import {module}
print(time.perf_counter() - start)
"""


def main(argv=None):
    """Time the imports in turn and write the table."""
    options = make_parser(__doc__).parse_args(argv)
    facts = collect_facts("imports", options)
    rounds = 3 if options.quick else 5 * options.repeats
    seconds = {"sktopo": [], "sklearn.cluster": []}
    for repeat in range(rounds + 1):
        for module, times in seconds.items():
            taken = time_import(module)
            if repeat:
                times.append(taken)
    row = ratio("import", seconds, "sktopo", "sklearn.cluster", at_most=1.15)
    tables = {f"Time of the statement, {rounds} fresh processes of each.": [row]}
    title = "Import of sktopo against sklearn.cluster"
    report("imports", title, tables, facts, options, figure=draw(seconds))


def time_import(module):
    """Time an import in a fresh process, without the start of Python."""
    done = subprocess.run(
        [sys.executable, "-c", CODE.format(module=module)],
        capture_output=True,
        text=True,
        check=True,
    )
    return float(done.stdout)


def draw(seconds):
    """Draw every import as a point, and the medians."""
    figure = Figure(figsize=(6, 2), layout="constrained")
    axes = figure.subplots()
    longest = 1e3 * max(map(max, seconds.values()))
    for place, times in enumerate(seconds.values()):
        milliseconds = [1e3 * taken for taken in times]
        axes.plot(milliseconds, [place] * len(times), "o", color=COLOURS[place])
        axes.plot(median(milliseconds), place, "k|", markersize=24)
    axes.set_yticks(range(len(seconds)), [f"import {module}" for module in seconds])
    axes.set(
        xlabel="time (ms); the bar is the median",
        xlim=(0, 1.05 * longest),
        ylim=(1.6, -0.6),
    )
    return figure


if __name__ == "__main__":
    main()
