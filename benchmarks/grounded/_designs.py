"""What networks are trained on: labels, shortcuts and augmentations of a design."""

import numpy as np
import torch

# What a network is trained on if nothing is changed.
PLAIN = {"random labels": 0.0, "shortcut": None, "augmentation": 0}
# Designs of groups: what is changed, and how much of it in each of the groups.
DESIGNS = {
    "random labels": (0.0, 0.25, 0.5, 0.75, 1.0),
    "shortcut": (0.0, 0.25, 0.5, 0.75, 1.0),
    "augmentation": (0, 1, 2, 3, 4),
}
N_GROUPS = 5
N_CLASSES = 10
# Standard deviation of the noise, times the strength of the augmentation.
NOISE = 0.05
# Strengths are pixels of images of this side.
SIDE = 28
# Beside the order of images, for which the stack uses the seed and the epoch.
LABELS, CODES = range(2)
STIMULI_SEED = 7


def list_tasks(design):
    """List what the groups of a design are trained on: dicts with the keys of `PLAIN`.

    Group 0 of "random labels" and of "augmentation" are the same networks. In
    "shortcut" it has shortcuts that say nothing.
    """
    return [PLAIN | {design: level} for level in DESIGNS[design]]


def lay_out(images, side):
    """Lay out images as (n, n_channels, side, side), blocks of pixels averaged.

    Parameters
    ----------
    images : ndarray of shape (n_images, n_pixels) or (n_images, n_channels, h, w)
        Images of the studies.

    side : int
        A divisor of the height, which is the width.

    Returns
    -------
    images : ndarray of shape (n_images, n_channels, side, side)
        The images.
    """
    if images.ndim == 2:
        whole = round(images.shape[1] ** 0.5)
        images = images.reshape(-1, 1, whole, whole)
    n_images, n_channels, whole, _ = images.shape
    block = whole // side
    blocks = images.reshape(n_images, n_channels, side, block, side, block)
    return blocks.mean(axis=(3, 5)) if block > 1 else images


def find_side(images):
    """Return the height of images, which is their width."""
    return images.shape[-1] if images.ndim == 4 else round(images.shape[1] ** 0.5)


def draw_labels(labels, share, seed):
    """Replace a share of the labels by random ones, which may be the right ones."""
    rng = _make_generator(seed, LABELS)
    replaced = rng.random(len(labels)) < share
    return np.where(replaced, rng.integers(N_CLASSES, size=len(labels)), labels)


def draw_codes(labels, reliability, seed):
    """Draw the class that the shortcut of each image shows: its own, or a random one.

    Parameters
    ----------
    labels : ndarray of shape (n_images,)
        Classes of the images.

    reliability : float
        Probability of the own class; otherwise all classes are equally likely.

    seed : int
        Draws them.

    Returns
    -------
    codes : ndarray of shape (n_images,)
        Classes.
    """
    rng = _make_generator(seed, CODES)
    reliable = rng.random(len(labels)) < reliability
    return np.where(reliable, labels, rng.integers(N_CLASSES, size=len(labels)))


def make_stamps(side):
    """Make the shortcut of each class: a white square at a place of its own.

    Five are at the upper edge and five at the lower one, so far apart that they are in
    different cells after pooling. A square has 2×2 pixels if the side is 28.

    Returns
    -------
    stamps : float32 tensor of shape (n_classes, 1, side, side)
        1 in the square, 0 elsewhere.
    """
    width = max(1, side // 14)
    stamps = torch.zeros(N_CLASSES, 1, side, side)
    places = torch.linspace(0, side - width, N_CLASSES // 2).int().tolist()
    for code, stamp in enumerate(stamps[:, 0]):
        top = 0 if code < N_CLASSES // 2 else side - width
        left = places[code % len(places)]
        stamp[top : top + width, left : left + width] = 1
    return stamps


def add_shortcuts(images, codes, stamps):
    """Put the shortcuts of the codes (n, ...) on images (n, ..., channels, h, w)."""
    return torch.maximum(images, stamps[codes])


def augment(images, strength, generators):
    """Shift each image at random and add noise.

    Parameters
    ----------
    images : tensor of shape (n_networks, n_images, n_channels, side, side)
        Images of each network.

    strength : int
        The largest shift, in pixels of images of side 28, along both axes, and 20
        times the standard deviation of the noise. Pixels at the edge are repeated.

    generators : list of numpy.random.Generator
        One for each network.

    Returns
    -------
    images : tensor of the same shape
        New images.
    """
    n_networks, n_images, n_channels, side, _ = images.shape
    largest = int(strength * side / SIDE + 0.5)
    shifts = np.stack(
        [g.integers(-largest, largest + 1, size=(n_images, 2, 1)) for g in generators]
    )
    places = torch.from_numpy((np.arange(side) + shifts).clip(0, side - 1))
    rows, columns = places[:, :, 0, :, None], places[:, :, 1, None, :]
    chosen = (rows * side + columns).flatten(2)[:, :, None]
    chosen = chosen.expand(-1, -1, n_channels, -1)
    shifted = images.flatten(3).gather(3, chosen).unflatten(3, (side, side))
    noise = [
        g.standard_normal(tuple(images.shape[1:]), dtype=np.float32) for g in generators
    ]
    return shifted.add_(torch.from_numpy(np.stack(noise)), alpha=NOISE * strength)


def prepare_stimuli(images, labels, side, *, shortcut):
    """Lay out what networks are shown; with `shortcut`, shortcuts that say nothing.

    Returns
    -------
    stimuli : ndarray of shape (n_stimuli, n_channels, side, side), dtype float32
        The same shortcuts in all sizes of images.
    """
    stimuli = lay_out(images, side)
    if not shortcut:
        return stimuli
    codes = torch.from_numpy(draw_codes(labels, 0.0, STIMULI_SEED))
    return add_shortcuts(torch.tensor(stimuli), codes, make_stamps(side)).numpy()


def _make_generator(seed, purpose):
    return np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(purpose,)))
