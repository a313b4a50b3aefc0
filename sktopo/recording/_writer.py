"""Writing activations to an array while a network runs."""

from __future__ import annotations

from sktopo.recording._observer import SiteObserver
from sktopo.recording._reduce import check_output, pick_tensor, reduce_to_nodes
from sktopo.recording._tensors import import_torch, is_tensor


class RunFinished(BaseException):
    """Raised in a network when everything was recorded, as its output is not needed."""


class Writer(SiteObserver):
    """Writes what a plan records to an array while the network runs.

    Memory does not grow, and operations that change an output in place come too late
    to matter.

    Parameters
    ----------
    network : torch.nn.Module
        The network that runs.

    names : dict
        The names of its modules.

    plan : Plan
        What is recorded.

    options : RecordingOptions
        How it becomes nodes.

    sample : str
        Name of the sample, for errors.

    stop : StopSignal
        Stops the network if it is set.

    out : ndarray of shape (plan.n_rows, plan.n_nodes)
        What is written to.
    """

    def __init__(self, network, names, plan, options, sample, stop, out):
        super().__init__(network, names, stop, plan.sites)
        self.options = options
        self.sample = sample
        self.by_position = plan.is_by_position
        self._out = import_torch().from_numpy(out)
        self._sites = {}
        for site, columns in plan.place_sites():
            self._sites.setdefault(site.key, []).append((site, columns))
        self._last = list(self._sites)[-1]
        self._n_calls = plan.n_calls
        # The rows of the batches before this one, and of this one.
        self._n_rows = self._n_new_rows = 0
        self._written = set()

    def begin(self, batch):
        """Prepare for a batch; what was written of one that failed is overwritten."""
        super().begin(batch)
        self._written.clear()

    def finish(self):
        """Raise unless all was written for the batch, and go on to the next rows."""
        rows = self.batch.rows
        for key in self._sites:
            if key not in self._written:
                raise self.fail(
                    f"{self.sample}: layer {self._sites[key][0][0].label!r} ran on the "
                    f"first stimuli, but did not run on stimuli {rows.start} to "
                    f"{rows.stop - 1}."
                )
        self._n_rows += self._n_new_rows

    def check_complete(self):
        """Raise unless all observations were written."""
        if self._n_rows != len(self._out):
            raise self.fail(
                f"{self.sample}: the layers gave {self._n_rows} observations, but "
                f"{len(self._out)} positions of the stimuli count. Choose layers with "
                "as many positions as the mask, or mask=None."
            )

    def on_input(self, module, args, kwargs):
        """Write what goes into a module."""
        self._write(module, "input", (*args, *kwargs.values()))

    def on_output(self, module, output):
        """Write what a module returned."""
        self._write(module, "output", output)

    def on_function(self, module, function, result):
        """Write what a function returned that a module called."""
        if is_tensor(result):
            self._write(module, function, result)

    def _write(self, module, source, output):
        """Write a tensor that came from a module to its place, if it has one."""
        name = self.names.get(module)
        if (name, source) not in self.watched:
            return
        key = name, source, self.count_call(module, source)
        if key[2] >= self._n_calls[key[:2]]:
            raise self._fail_differently(name, source, key[2], output)
        for site, columns in self._sites.get(key, []):
            self._write_site(site, columns, output)
            self._written.add(key)
        if key == self._last:
            raise RunFinished

    def _write_site(self, site, columns, output):
        where = f"{self.sample}: layer {site.label!r}"
        n_stimuli = self.batch.rows.stop - self.batch.rows.start
        tensor = pick_tensor(output, where, n_stimuli, site.entry, takes_first=True)
        check_output(tensor, where, n_stimuli)
        nodes = reduce_to_nodes(
            tensor, self.batch.mask, where, self.options.reduce, site.channel_axis
        )
        if not self._written:
            self._n_new_rows = len(nodes)
        stop = self._n_rows + self._n_new_rows
        is_same = nodes.shape[1:] == site.node_shape and len(nodes) == self._n_new_rows
        if not is_same or stop > len(self._out):
            raise self._fail_differently(site.module, site.source, site.call, tensor)
        nodes = nodes.flatten(1)
        if site.kept is not None:
            nodes = nodes[:, site.kept]
        self._out[self._n_rows : stop, columns] = nodes

    def _fail_differently(self, name, source, call, output):
        shape = tuple(output.shape) if is_tensor(output) else type(output).__name__
        what = "layer" if source == "output" else f"{source!r} of layer"
        return self.fail(
            f"{self.sample}: {what} {name!r} ran differently than on the first stimuli "
            f"(call {call + 1}, output {shape}): its nodes change from stimulus to "
            "stimulus and do not make a connectome."
        )
