"""The paper's studies, from data to report: ``python -m benchmarks.studies NAME``.

NAME is ``strategies`` (study 1), ``stimuli`` (study 2) or ``runtime`` (study 3, which
runs :mod:`benchmarks.runtime`); ``summary`` makes the tables and figures of the page
about all reports in a folder. Each stage of a study keeps its results, so that a study
that was stopped continues where it was::

    _files           files that are written whole or not at all, parallel runs
    _data            images and labels, from local files or OpenML
    _networks        architectures and settings of the training strategies
    _stack           networks of one architecture, trained in one pass
    _training        stacks of networks trained together, with checkpoints
    _selection       settings by cross-validation
    _stages          networks and connectomes of a study, made or read again
    _methods         what is compared: rows or distances, clusterers, kernels
    _clusterings     clusterings over random starts
    _classifications nested cross-validation over networks
    _comparison      all methods in all tasks
    _strategies      study 1: comparison, λ, barcodes, permutation tests
    _stimuli         study 2: comparison, confusion, classes against networks
    _figures         figures of one report or of many
    _report          a report as files: JSON, CSV, PNG
    _ranks           ranks of the methods over all reports, also in words
    _summary         tables and figures of the page about all reports

``_stages.collect_strategies(options)`` and ``_stages.collect_stimuli(options)`` return
a :class:`sklearn.utils.Bunch`, the *collection*, which
``_report.report_study(collection, options)`` takes. Strategies have the names that
tables and figures show.

connectomes
    Study 1: float32 array (n_strategies * n_networks, n_edges), strategy after
    strategy. Study 2: dict of strategy to such an array (n_classes * n_networks,
    n_edges), class after class, in each the networks in the same order.
target : int64 array
    Study 1: the strategy of each row. Study 2: the class of the stimuli of each row,
    the same for all strategies.
target_names : array of str
    What the numbers in `target` stand for.
network : int64 array
    Number of the network of each row within its strategy. In study 2, rows of the same
    network have the same number; with ``--fresh-per-class`` no two rows do.
node_names : array of str
    ``"lrelu1[0]"`` and so on, one for each node.
accuracies : dict of str to dict of str to float64 array
    ``accuracies[strategy]["train" | "held-out" | "test"]``, one value per network;
    "held-out" are the stimuli.
settings : dict of str to dict
    ``settings[strategy]``: epochs, slope, weight_decay, dropout.
selection : list of dict
    Rows of the table of the cross-validation; empty with ``--select none``.
facts : dict of str to str
    What a reader needs to know: data, where they are from, numbers of images, the
    architecture, numbers of networks, epochs, seeds, versions.
seconds : dict of str to float
    Seconds of processor time of "selection", "training" and "connectomes" when they
    were made, whether in this run or before. With ``--n-jobs 2`` on two idle cores the
    clock shows about half of them.
folder : pathlib.Path
    Where the report goes: ``OUTPUT/REPORT/NAME``; it exists.

Options are those of ``__main__.read_options``: study, dataset, quick, data, output,
n_networks, epochs, device, n_jobs, fresh_per_class, select, seed, methods, report. All
are filled in (``options.epochs`` may be None: then it is the setting's, and so may
``options.methods``: then they are those of the study), and with
``--quick`` they are already the small ones.
"""
