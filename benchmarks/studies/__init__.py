"""The paper's studies, from data to tables: ``python -m benchmarks.studies NAME``.

NAME is ``strategies`` (study 1) or ``stimuli`` (study 2); ``summary`` writes the tables
and figures about all reports in a folder. Each stage of a study stores its results, so
that a study that was stopped continues from there::

    _data        images and labels, from local files or OpenML
    _networks    architectures and settings of the training strategies
    _stack       networks that are trained together
    _training    training with checkpoints
    _selection   settings by cross-validation
    _stages      networks and connectomes of a study
    _clusterings Top and all baselines over random starts
    _strategies  study 1: clusterings, λ, connectomes, permutation tests
    _stimuli     study 2: clusterings, confusion, classes against networks
    _report      the report of a study: JSON, CSV and figures
    _summary     tables and figures about all kept reports

``_stages.collect_strategies(options)`` and ``_stages.collect_stimuli(options)`` return
a :class:`sklearn.utils.Bunch`, the *collection*, for ``_report.write_report``:

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
    Where the report goes: ``OUTPUT/DATASET/NAME``; it exists.

Options are those of ``__main__.read_options``: study, dataset, quick, data, output,
n_networks, epochs, device, n_jobs, fresh_per_class, select, seed. All are
filled in (``options.epochs`` may be None: then it is the setting's), and with
``--quick`` they are already the small ones.
"""
