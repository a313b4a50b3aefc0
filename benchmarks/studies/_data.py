"""Images of the studies, from local files, from OpenML or from scikit-learn."""

import hashlib
import os
from pathlib import Path

import numpy as np
from sklearn.datasets import fetch_openml, load_digits
from sklearn.model_selection import train_test_split
from sklearn.utils import Bunch

# Stimuli are the same whatever the seed of the networks.
SPLIT_SEED = 42

DIGITS = tuple("0123456789")
CLOTHES = (
    *("T-shirt", "Trouser", "Pullover", "Dress", "Coat"),
    *("Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot"),
)
THINGS = (
    *("airplane", "automobile", "bird", "cat", "deer"),
    *("dog", "frog", "horse", "ship", "truck"),
)
CIFAR_FILES = ("cifar10.npz", "cifar10-subset.npz")
FASHION_FILES = ("fashion-mnist.npz",)
# Names of local files, the whole data first; name on OpenML; shape of an image in the
# file; number of training images in the whole data; classes.
SOURCES = {
    "mnist": (("mnist.npz",), "mnist_784", (28, 28), 60_000, DIGITS),
    "fashion-mnist": (FASHION_FILES, "Fashion-MNIST", (28, 28), 60_000, CLOTHES),
    "cifar10": (CIFAR_FILES, "CIFAR_10", (32, 32, 3), 50_000, THINGS),
}
DATASETS = (*SOURCES, "digits")
# Names in tables and figures.
TITLES = {
    "mnist": "MNIST",
    "fashion-mnist": "Fashion-MNIST",
    "cifar10": "CIFAR-10",
    "digits": "the digits of scikit-learn",
}
N_TEST = 10_000


def load_dataset(name, *, data=None, cache=None):
    """Load images to train on, stimuli that no network is trained on, and a test set.

    Parameters
    ----------
    name : {"mnist", "fashion-mnist", "cifar10", "digits"}
        The data set. The digits are scikit-learn's and need no file; a stratified
        seventh of them is the test set, which is the share of the others.

    data : str or pathlib.Path, default=None
        Folder with ``mnist.npz``, ``fashion-mnist.npz``, ``cifar10.npz`` or
        ``cifar10-subset.npz``, in the layout of Keras: uint8 arrays ``x_train, y_train,
        x_test, y_test``. None takes the folder that SKTOPO_DATA names. Where the file
        is not there, the data come from OpenML.

    cache : str or pathlib.Path, default=None
        Where downloads are kept; None for scikit-learn's own folder.

    Returns
    -------
    dataset : Bunch
        name : str
        images, labels : ndarray of shape (n_train, ...) and (n_train,)
            What networks are trained on: float32 in [0, 1], flat for fully connected
            networks and (n, 3, 32, 32) for CIFAR-10; int64 labels.
        stimuli, stimuli_labels : the same
            A stratified sixth of the training images, kept out of the training.
        test_images, test_labels : the same
            The test set.
        class_names : tuple of str
        source : str
            Where the data were found.
        digest : str
            Checksum of all images and labels.

    Raises
    ------
    ValueError
        If the name is unknown, or what was found is not the data that it should be.

    FileNotFoundError
        If the data are neither in the folder nor to be had from OpenML.

    Examples
    --------
    >>> from benchmarks.studies._data import load_dataset
    >>> digits = load_dataset("digits")
    >>> digits.images.shape, digits.stimuli.shape, digits.test_images.shape
    ((1284, 64), (256, 64), (257, 64))
    """
    if name not in DATASETS:
        raise ValueError(f"dataset must be one of {DATASETS}; got {name!r}.")
    if name == "digits":
        parts, source, class_names = _split_digits(), "scikit-learn", DIGITS
    else:
        files, _, shape, _, class_names = SOURCES[name]
        path = _find(files, data)
        if path is None:
            parts, source = _fetch(name, data, cache), "OpenML"
        else:
            parts, source = _read(path), path.name
        _check(parts, shape, source)
    return _prepare(name, parts, source, class_names)


def _find(files, data):
    """Look for the first of the files that is in the folder."""
    data = data or os.environ.get("SKTOPO_DATA")
    paths = [Path(data) / file for file in files] if data else []
    return next((path for path in paths if path.exists()), None)


def _read(path):
    with np.load(path) as file:
        names = ("x_train", "y_train", "x_test", "y_test")
        missing = set(names) - set(file.files)
        if missing:
            raise ValueError(
                f"{path.name} lacks {sorted(missing)}; expected Keras' layout, arrays "
                "x_train, y_train, x_test, y_test."
            )
        x_train, y_train, x_test, y_test = (file[name] for name in names)
    # CIFAR-10 comes from Keras with labels in a column.
    return x_train, y_train.ravel(), x_test, y_test.ravel()


def _fetch(name, data, cache):
    """Download from OpenML, or read the cache; training images come first there."""
    files, openml_name, shape, n_train, _ = SOURCES[name]
    try:
        found = fetch_openml(
            openml_name, version=1, as_frame=False, data_home=cache, cache=True
        )
    except OSError as error:
        folder = data or os.environ.get("SKTOPO_DATA") or "no folder is named"
        raise FileNotFoundError(
            f"{name} is not at hand. Either put {' or '.join(files)} (in Keras' "
            f"layout) into a folder named by --data or SKTOPO_DATA ({folder}), or "
            f"let it be downloaded from OpenML as {openml_name}, which failed: {error}"
        ) from error
    if found.data.shape != (n_train + N_TEST, np.prod(shape)):
        raise ValueError(
            f"{openml_name} of OpenML has shape {found.data.shape}; expected "
            f"{(n_train + N_TEST, int(np.prod(shape)))}. Remove it from the cache."
        )
    images = found.data.astype(np.uint8)
    if not np.array_equal(images, found.data):
        raise ValueError(f"{openml_name} of OpenML has pixels that are not bytes.")
    # The colours of a picture stand one after the other there.
    if len(shape) == 3:
        images = images.reshape(-1, 3, 32, 32).transpose(0, 2, 3, 1)
    images = images.reshape(-1, *shape)
    labels = found.target.astype(np.int64)
    return images[:n_train], labels[:n_train], images[n_train:], labels[n_train:]


def _check(parts, shape, source):
    for kind, images, labels in (("train", *parts[:2]), ("test", *parts[2:])):
        if images.dtype != np.uint8 or images.shape != (len(labels), *shape):
            raise ValueError(
                f"x_{kind} of {source} is {images.dtype} of shape {images.shape}; "
                f"expected uint8 of shape {(len(labels), *shape)}."
            )
        if set(np.unique(labels)) != set(range(10)):
            raise ValueError(
                f"y_{kind} of {source} holds labels {np.unique(labels)[:20]}; expected "
                "0 to 9, all of them."
            )


def _split_digits():
    X, y = load_digits(return_X_y=True)
    images, test_images, labels, test_labels = train_test_split(
        X, y, test_size=1 / 7, stratify=y, random_state=SPLIT_SEED
    )
    return images, labels, test_images, test_labels


def _prepare(name, parts, source, class_names):
    """Scale and lay out the images, and keep the stimuli out."""
    images, labels, test_images, test_labels = parts
    kept, held_out = train_test_split(
        np.arange(len(labels)),
        test_size=len(labels) // 6,
        stratify=labels,
        random_state=SPLIT_SEED,
    )
    split = {
        "images": _lay_out(images[kept]),
        "labels": labels[kept].astype(np.int64),
        "stimuli": _lay_out(images[held_out]),
        "stimuli_labels": labels[held_out].astype(np.int64),
        "test_images": _lay_out(test_images),
        "test_labels": test_labels.astype(np.int64),
    }
    digest = hashlib.sha256()
    for array in split.values():
        digest.update(array)
    return Bunch(
        name=name,
        **split,
        class_names=class_names,
        source=source,
        digest=digest.hexdigest()[:16],
    )


def _lay_out(images):
    """Scale to [0, 1]; channels first, or flat where there are none."""
    largest = 255 if images.dtype == np.uint8 else 16
    scaled = images.astype(np.float32) / np.float32(largest)
    if images.ndim == 4:
        return np.ascontiguousarray(scaled.transpose(0, 3, 1, 2))
    return scaled.reshape(len(images), -1)
