"""Methods judged by what is known of networks: ``python -m benchmarks.grounded NAME``.

Networks are trained so that it is known which of them are alike, in the manner of ReSi
(Klabunde et al., ICLR 2025, arXiv:2408.00531), and each method is judged by how well
its distances agree with that. NAME is ``designs`` (the six tests of ReSi) or
``conditions`` (the same where networks see different stimuli, have different widths or
different inputs, or see few stimuli); ``summary`` makes the tables and the figure of
the page about all reports in a folder::

    _designs      labels, shortcuts and augmentations of the groups of networks
    _networks     architectures
    _training     networks trained in stacks, and kept
    _conditions   which networks are compared, and what each is shown
    _recordings   activations, connectomes and predictions
    _methods      the methods: rows or distances; candidates to be chosen among
    _scores       average precision, conformity rate, rank correlations, draws
    _evaluation   all methods in all comparisons
    _ranks        ranks of the methods over all tests
    _figures      the figure of the ranks
    _report       a report as files: JSON, CSV, PNG
    _summary      tables and the figure of the page about all reports

Data, files, parallel runs and stacks of networks are those of
:mod:`benchmarks.studies`.
"""
