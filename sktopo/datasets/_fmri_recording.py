"""One real fMRI recording: the mean signals of brain regions of one person at rest."""

from __future__ import annotations

import csv
from importlib.resources import files

import numpy as np
from sklearn.utils import Bunch

# The first columns of the file: signals of tissue and of the whole brain.
N_CONFOUNDS = 3
N_REGIONS = 28

DESCRIPTION = """\
fMRI recording
--------------

Signals of 28 brain regions of one person during a resting-state scan: the person
looked at a cross, stayed awake and did nothing else. The data were preprocessed,
corrected for motion among other things, and averaged over each region.

There are 250 time points, 1.89 seconds apart (the repetition time), 472.5 seconds
in all. Names of regions begin with L (left) or R (right), except for APHG, the left
counterpart of RAntPHG. They are, in short: caudate, putamen, thalamus (Cau, Put,
Thal), frontal pole (Fpol), angular and supramarginal gyrus (Ang, SupraM), middle
temporal gyrus (MTG), hippocampus (Hip), anterior and posterior parahippocampal gyrus
(APHG, AntPHG, PostPHG), amygdala (Amy), paracingulate and posterior cingulate cortex
(ParaCing, PCC), and precuneus (Prec).

Three more signals are not regions but confounds: the means of white matter (WM), of
the ventricles (Vent) and of the whole brain (Brain). The documentation of nitime
gives the names alone; their long forms are ours.

The file is fmri_timeseries.csv of the package nitime, unchanged, to whose
documentation it was contributed by Beth Mormino [1]_. It has the BSD-3-Clause licence
of nitime, copyright (c) 2006-2011, NIPY Developers; the licence is in the file
fmri_recording_license.txt beside the data.

.. [1] https://nipy.org/nitime/examples/resting_state_fmri.html
"""


def load_fmri_recording() -> Bunch:
    """Load a real fMRI recording of one person at rest.

    ==================   =============================================
    Time points          250, one every 1.89 seconds
    Regions              28 (14 of each hemisphere)
    Confounds            3 (white matter, ventricles, whole brain)
    ==================   =============================================

    The recording is stored in the package, so nothing is downloaded.

    Returns
    -------
    data : :class:`~sklearn.utils.Bunch`
        Dictionary-like object, with the following attributes.

        data : ndarray of shape (250, 28), dtype float64
            The mean signal of each region over time, in the scanner's units, around 0.
        region_names : ndarray of shape (28,), dtype str
            Names of the regions, the columns of `data`.
        confounds : ndarray of shape (250, 3), dtype float64
            Mean signals of white matter, ventricles and the whole brain, not centred.
        confound_names : ndarray of shape (3,), dtype str
            Names of the columns of `confounds`: ``WM, Vent, Brain``.
        repetition_time : float
            Time from one row to the next, 1.89 seconds.
        DESCR, description : str
            What was recorded, its source and its licence (the same text twice).

    Raises
    ------
    ValueError
        If the file in the package is missing or damaged.

    References
    ----------
    .. [1] ``fmri_timeseries.csv`` of the package nitime (BSD-3-Clause),
       https://nipy.org/nitime/examples/resting_state_fmri.html

    Examples
    --------
    >>> from sktopo import FunctionalConnectome
    >>> from sktopo.datasets import load_fmri_recording
    >>> recording = load_fmri_recording()
    >>> recording.data.shape, recording.confounds.shape
    ((250, 28), (250, 3))
    >>> [str(name) for name in recording.region_names[:3]]
    ['LCau', 'LPut', 'LThal']
    >>> FunctionalConnectome().fit_transform([recording.data]).shape  # 28 * 27 / 2
    (1, 378)
    """
    path = files("sktopo.datasets") / "data" / "fmri_recording.csv"
    try:
        header, *rows = csv.reader(path.read_text(encoding="utf-8").splitlines())
        names = np.array(header)
        values = np.array(rows, dtype=np.float64)
        if (
            values.shape != (250, N_CONFOUNDS + N_REGIONS)
            or names.size != values[0].size
        ):
            raise ValueError(f"{len(rows)} rows, {len(header)} names")
    except (OSError, ValueError) as error:
        raise ValueError(
            f"The file of the fMRI recording, {path}, is missing or damaged "
            f"({type(error).__name__}: {error}). Install sktopo again."
        ) from error
    return Bunch(
        data=values[:, N_CONFOUNDS:],
        region_names=names[N_CONFOUNDS:],
        confounds=values[:, :N_CONFOUNDS],
        confound_names=names[:N_CONFOUNDS],
        repetition_time=1.89,
        DESCR=DESCRIPTION,
        description=DESCRIPTION,
    )
