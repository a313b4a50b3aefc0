"""How well distances agree with what is known: scores, and draws of them.

Scores are those of ReSi [1]_: of groups the mean over groups. The networks are drawn
again with replacement within their groups, and each draw gives a score; the deviation
of these gives the interval.

References
----------
.. [1] Klabunde et al., "ReSi: A comprehensive benchmark for representational similarity
   measures", ICLR 2025, arXiv:2408.00531.
"""

import numpy as np

PRECISION, CONFORMITY = "average precision", "conformity rate"
POOLED = "average precision, all pairs together"
ACCURACY, DISAGREEMENT = "correlation with accuracy", "correlation with disagreement"
DEPTH = "correlation with depth"
# The rank correlation of distances needs at least this many networks.
FEWEST = 3


def draw_counts(n_groups, n_networks, n_draws, seed):
    """Draw networks with replacement within each group, at least three different ones.

    Parameters
    ----------
    n_groups, n_networks : int
        Number of groups, and of networks in each.

    n_draws : int
        Number of draws.

    seed : int
        Draws them.

    Returns
    -------
    counts : int array of shape (1 + n_draws, n_groups, n_networks)
        How often each network is drawn. The first entry is all 1: the networks as they
        are.
    """
    if n_networks < FEWEST:
        raise ValueError(f"Expected at least {FEWEST} networks, got {n_networks}.")
    rng = np.random.default_rng(seed)
    share = np.full(n_networks, 1 / n_networks)
    counts = rng.multinomial(n_networks, share, size=(n_draws, n_groups))
    while (few := (counts > 0).sum(axis=2) < FEWEST).any():
        counts[few] = rng.multinomial(n_networks, share, size=few.sum())
    return np.concatenate([np.ones_like(counts[:1]), counts])


def score_groups(distances, outcomes, counts):
    """Score distances between networks in groups.

    Parameters
    ----------
    distances : ndarray of shape (n_networks, n_networks)
        Distances, those of group after group.

    outcomes : dict or None
        What `Recording.compare_outputs` returned; None leaves correlations out.

    counts : ndarray of shape (n_draws, n_groups, n_networks / n_groups)
        What `draw_counts` returned.

    Returns
    -------
    scores : dict of str to ndarray of shape (n_draws,)
        `PRECISION` and `CONFORMITY` of the pairs within each group against those
        between this group and all others, means over groups. `POOLED`: the average
        precision of all pairs within groups against all others. With outcomes also
        `ACCURACY` and `DISAGREEMENT`: rank correlations of the distances within a
        group with differences in accuracy and with disagreement, means over groups.
    """
    n_groups, size = counts.shape[1:]
    group = np.repeat(np.arange(n_groups), size)
    first, second = np.triu_indices(len(group), 1)
    flat = counts.reshape(len(counts), -1)
    # A network that is drawn twice makes no pair with itself.
    weights = flat[:, first] * flat[:, second]
    distances, same = distances[first, second], group[first] == group[second]
    separated, correlated = [], []
    for number in range(n_groups):
        chosen = (group[first] == number) | (group[second] == number)
        found = separate(distances[chosen], same[chosen], weights[:, chosen])
        separated.append(found)
        if outcomes is not None:
            pairs = chosen & same
            accuracy = outcomes["accuracy"]
            values = (
                np.abs(accuracy[first] - accuracy[second]),
                outcomes["disagreement"][first, second],
            )
            correlated.append(
                [
                    correlate_ranks(distances[pairs], value[pairs], weights[:, pairs])
                    for value in values
                ]
            )
    scores = dict(zip((PRECISION, CONFORMITY), np.mean(separated, axis=0), strict=True))
    scores[POOLED], _ = separate(distances, same, weights)
    if outcomes is not None:
        means = np.mean(correlated, axis=0)
        scores |= dict(zip((ACCURACY, DISAGREEMENT), means, strict=True))
    return scores


def separate(distances, same, weights):
    """Score how well small distances find the pairs within groups.

    Parameters
    ----------
    distances : ndarray of shape (n_pairs,)
        Distances.

    same : boolean ndarray of shape (n_pairs,)
        Which pairs are within a group.

    weights : ndarray of shape (n_draws, n_pairs)
        How often each pair counts.

    Returns
    -------
    precision : ndarray of shape (n_draws,)
        Average precision, as :func:`sklearn.metrics.average_precision_score` computes
        it: 1 if all pairs within groups are closer than all others.

    conformity : ndarray of shape (n_draws,)
        The conformity rate: how often a pair within a group is closer than another
        pair, of all such twos. Equal distances do not conform.
    """
    order = np.argsort(distances, kind="stable")
    distances, same, weights = distances[order], same[order], weights[:, order]
    # Equal distances are found together.
    last = np.append(distances[1:] > distances[:-1], True)
    within = np.cumsum(weights * same, axis=1)[:, last]
    between = np.cumsum(weights * ~same, axis=1)[:, last]
    gain = np.diff(within, axis=1, prepend=0)
    n_within, n_between = within[:, -1], between[:, -1]
    precision = (gain * within / np.maximum(within + between, 1)).sum(axis=1) / n_within
    farther = n_between[:, None] - between
    return precision, (gain * farther).sum(axis=1) / (n_within * n_between)


def correlate_ranks(first, second, weights):
    """Compute Spearman's rank correlation of values that count several times each.

    Parameters
    ----------
    first, second : ndarray of shape (n_values,)
        Values.

    weights : ndarray of shape (n_draws, n_values)
        How often each counts.

    Returns
    -------
    correlations : ndarray of shape (n_draws,)
        Between -1 and 1; 0 where all values of one kind are equal.
    """
    total = weights.sum(axis=1, keepdims=True)
    ranks = []
    for values in (first, second):
        found = _rank(values, weights)
        ranks.append(found - (weights * found).sum(axis=1, keepdims=True) / total)
    a, b = ranks
    size = np.sqrt((weights * a**2).sum(axis=1) * (weights * b**2).sum(axis=1))
    product = (weights * a * b).sum(axis=1)
    return np.divide(product, size, out=np.zeros_like(size), where=size > 0)


def _rank(values, weights):
    """Rank values, each repeated; equal ones have their mean rank: (n_draws, n)."""
    order = np.argsort(values, kind="stable")
    ordered = values[order]
    last = np.append(ordered[1:] > ordered[:-1], True)
    ends = np.cumsum(weights[:, order], axis=1)[:, last]
    ranks = ends - (np.diff(ends, axis=1, prepend=0) - 1) / 2
    _, position = np.unique(values, return_inverse=True)
    return ranks[:, position]


def score_layers(distances, n_layers, counts):
    """Score distances between the layers of each network.

    Parameters
    ----------
    distances : ndarray of shape (n_networks * n_layers, n_networks * n_layers)
        Distances between all layers of network after network.

    n_layers : int
        Number of layers of a network.

    counts : ndarray of shape (n_draws, 1, n_networks)
        What `draw_counts` returned.

    Returns
    -------
    scores : dict of str to ndarray of shape (n_draws,)
        Means over networks. `CONFORMITY`: how often, of two layers on the same side
        of a third one, the nearer in depth is not farther by distance. `DEPTH`: rank
        correlation of the distances from a layer with differences in depth, mean over
        the layers and their two sides.
    """
    n_networks = counts.shape[2]
    found = []
    for number in range(n_networks):
        own = slice(number * n_layers, (number + 1) * n_layers)
        found.append(score_depth(distances[own, own]))
    means = counts[:, 0] @ np.array(found) / counts[:, 0].sum(axis=1, keepdims=True)
    return {CONFORMITY: means[:, 0], DEPTH: means[:, 1]}


def score_depth(distances):
    """Score the distances between the layers of one network, see `score_layers`."""
    conform, correlations = [], []
    for layer in range(len(distances)):
        # From near to far, on both sides.
        for side in (distances[layer, layer + 1 :], distances[layer, :layer][::-1]):
            if len(side) < 2:
                continue
            near, far = np.triu_indices(len(side), 1)
            conform.extend(side[near] <= side[far])
            once = np.ones((1, len(side)))
            correlations.append(correlate_ranks(side, np.arange(len(side)), once)[0])
    return np.mean(conform), np.mean(correlations)


def find_interval(draws):
    """Return the value of the networks as they are, and its 95 % interval.

    The interval is that of a normal distribution with the deviation of the draws.
    Percentiles of the draws would be too high: of fewer different networks the average
    precision is higher.
    """
    value, deviation = float(draws[0]), float(np.std(draws[1:]))
    return {
        "value": value,
        "low": value - 1.96 * deviation,
        "high": value + 1.96 * deviation,
    }
