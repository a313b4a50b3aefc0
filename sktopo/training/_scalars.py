"""From the rows of a run to a table of scalars."""

from __future__ import annotations

import numpy as np

from sktopo._utils.tables import make_table
from sktopo.barcodes._decomposition import split_squared_distances


def make_run_table(records, run):
    """Make a table with a row for each step and layer, see `TopologyMonitor.table`."""
    rows, layout = np.stack(records.rows), records.layout
    tables = [
        describe_run(rows, parts, records.reference)
        | {"n_constant": rows[:, layout.n_columns + k]}
        for k, parts in enumerate(layout.blocks.values())
    ]
    n_layers = len(tables)
    columns = {
        "run": [run] * (len(rows) * n_layers),
        "step": np.repeat(np.array(records.steps, dtype=np.int64), n_layers),
        "layer": list(layout.blocks) * len(rows),
    }
    for name in tables[0]:
        column = np.stack([table[name] for table in tables], axis=1).ravel()
        columns[name] = column.astype(np.int64) if name == "n_constant" else column
    return make_table(columns)


def describe_run(rows, parts, reference=None):
    """Compute the scalars of one layer at each record: a dict of arrays.

    `parts` says which columns hold which profile.
    """
    found = {}
    levels, scales = {}, {}
    for profile, columns in parts.items():
        values = rows[:, columns].astype(np.float64)
        values *= np.sqrt(values.shape[1])
        levels[profile], scales[profile] = values.mean(axis=1), values.std(axis=1)
    found["level"] = np.mean(list(levels.values()), axis=0)
    found["scale"] = np.mean(list(scales.values()), axis=0)
    for profile in parts:
        found[f"{profile}_level"] = levels[profile]
        found[f"{profile}_scale"] = scales[profile]
    names = ("change", "level_change", "scale_change", "shape_change")
    found.update(zip(names, measure_changes(rows, parts), strict=True))
    found["travelled"] = np.nancumsum(found["change"])
    origins = {"from_first": rows[0], "to_last": rows[-1]}
    if reference is not None:
        origins["to_reference"] = reference
    for name, origin in origins.items():
        pairs = rows, np.broadcast_to(origin, rows.shape)
        found[name] = np.sqrt(split_distances(*pairs, parts).sum(axis=0))
    return found


def measure_changes(rows, parts):
    """Measure how far each record is from the one before, NaN at the first.

    Returns an array (4, n_records): the distances, and the roots of what level, scale
    and shape have in their squares.
    """
    squares = split_distances(rows[1:], rows[:-1], parts)
    changes = np.sqrt([squares.sum(axis=0), *squares])
    return np.hstack([np.full((4, 1), np.nan), changes])


def split_distances(rows_1, rows_2, parts):
    """Split squared distances of paired rows into level, scale and shape.

    Returns an array (3, n_pairs), the sums over the profiles.
    """
    total = np.zeros((3, len(rows_1)))
    if len(rows_1):
        for columns in parts.values():
            pair = rows_1[:, columns], rows_2[:, columns]
            if not np.array_equal(*pair):
                total += split_squared_distances(*pair)
    return total
