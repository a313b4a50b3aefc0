"""Networks of one architecture trained together: stacked parameters, one pass."""

import numpy as np
import torch
from torch import nn
from torch.func import stack_module_state
from torch.nn import functional as F

LEARNING_RATE = 0.01
MOMENTUM = 0.9
BATCH_SIZE = 50


class Stack:
    """Networks of one architecture that are trained together by gradient descent.

    Every parameter is one tensor with a first axis of networks. Each network has its
    own order of images and its own dropout, drawn from its seed and the number of the
    epoch, so that it does not depend on those beside it, and nothing but parameters,
    momentum and the number of epochs is needed to go on.

    Parameters
    ----------
    networks : list of torch.nn.Sequential
        Untrained networks; they are not changed.

    seeds : list of int
        One for each network.

    weight_decay : float, default=0
        L2 penalty, as in :class:`torch.optim.SGD`.

    device : str, default="cpu"
        Where to train.

    Attributes
    ----------
    parameters, velocities, buffers : dict of str to torch.Tensor
        By the names of `state_dict`, of shape (n_networks, ...).

    epoch : int
        Number of epochs that were trained.
    """

    def __init__(self, networks, seeds, *, weight_decay=0.0, device="cpu"):
        self.layers = dict(networks[0].named_children())
        self.seeds = list(seeds)
        self.weight_decay = weight_decay
        self.device = device
        self.epoch = 0
        parameters, buffers = stack_module_state(networks)
        self.parameters = {
            name: values.detach().to(device).requires_grad_()
            for name, values in parameters.items()
        }
        self.velocities = {
            name: torch.zeros_like(values, requires_grad=False)
            for name, values in self.parameters.items()
        }
        self.buffers = {name: values.to(device) for name, values in buffers.items()}
        tensors = self.parameters | self.buffers
        self._of_layer = {
            layer: {
                name.removeprefix(f"{layer}."): values
                for name, values in tensors.items()
                if name.startswith(f"{layer}.")
            }
            for layer in self.layers
        }

    def train_epoch(self, images, labels, rows):
        """Show each network its images once, in batches, each in another order.

        Parameters
        ----------
        images : torch.Tensor of shape (n_images, ...)
            All images, on the device.

        labels : torch.Tensor of shape (n_images,)
            Their classes.

        rows : list of ndarray
            For each network the images that it is trained on. All see the same number
            of batches, all of them full.
        """
        generators = [np.random.default_rng([s, self.epoch]) for s in self.seeds]
        n_images = min(map(len, rows)) // BATCH_SIZE * BATCH_SIZE
        order = torch.from_numpy(
            np.stack(
                [
                    generator.permutation(own)[:n_images]
                    for generator, own in zip(generators, rows, strict=True)
                ]
            )
        ).to(self.device)
        for batch in order.split(BATCH_SIZE, dim=1):
            chosen = batch.flatten()
            self.step(
                images.index_select(0, chosen).unflatten(0, batch.shape),
                labels.index_select(0, chosen),
                generators,
            )
        self.epoch += 1

    def step(self, images, labels, generators):
        """Make one step of gradient descent on each network's own batch.

        The mean cross-entropy of each network, its L2 penalty and its momentum are
        those of :class:`torch.optim.SGD`.
        """
        if self.weight_decay:
            with torch.no_grad():
                for name, values in self.parameters.items():
                    self.velocities[name].add_(
                        values, alpha=self.weight_decay / MOMENTUM
                    )
        outputs = self._forward(images, generators)
        loss = F.cross_entropy(outputs.flatten(0, 1), labels, reduction="sum")
        (loss / images.shape[1]).backward()
        with torch.no_grad():
            for name, values in self.parameters.items():
                if values.grad is not None:
                    self.velocities[name].mul_(MOMENTUM).add_(values.grad)
                    values.grad = None
                values.add_(self.velocities[name], alpha=-LEARNING_RATE)

    def _forward(self, x, generators):
        """Pass (n_networks, n_images, ...) through the layers in training mode."""
        for name, layer in self.layers.items():
            own = self._of_layer[name]
            if isinstance(layer, nn.Linear):
                velocity = self.velocities[f"{name}.weight"]
                x = _Linear.apply(x, own["weight"], own["bias"], velocity)
            elif isinstance(layer, nn.LeakyReLU):
                x = F.leaky_relu_(x, layer.negative_slope)
            elif isinstance(layer, nn.Dropout):
                x = x * _draw_dropout(x, layer.p, generators)
            elif isinstance(layer, (nn.BatchNorm1d, nn.BatchNorm2d)):
                x = _normalise(x, own, layer)
            elif isinstance(layer, nn.Conv2d):
                x = _convolve(x, own["weight"], own["bias"], layer.padding)
            elif isinstance(layer, nn.MaxPool2d):
                pooled = F.max_pool2d(x.flatten(0, 1), layer.kernel_size)
                x = pooled.unflatten(0, x.shape[:2])
            elif isinstance(layer, nn.Flatten):
                x = x.flatten(2)
            else:
                raise TypeError(f"Layer {name} is a {type(layer).__name__}: not known.")
        return x

    def states(self):
        """Return the states of the networks: stacked float arrays by their names."""
        tensors = self.parameters | self.buffers
        return {name: values.detach().cpu().numpy() for name, values in tensors.items()}

    def progress(self):
        """Return all that is needed to go on: arrays by their names."""
        velocities = {
            f"velocity/{name}": values.cpu().numpy()
            for name, values in self.velocities.items()
        }
        return self.states() | velocities | {"epoch": np.array(self.epoch)}

    def resume(self, arrays):
        """Take over what `progress` returned."""
        with torch.no_grad():
            for name, values in (self.parameters | self.buffers).items():
                values.copy_(torch.from_numpy(arrays[name]))
            for name, values in self.velocities.items():
                values.copy_(torch.from_numpy(arrays[f"velocity/{name}"]))
        self.epoch = int(arrays["epoch"])


class _Linear(torch.autograd.Function):
    """Linear layer of each network, its gradient put straight into the momentum.

    Weights are by far the largest tensors: a gradient of its own would be written,
    read and freed in every step, which takes as long as the products.
    """

    @staticmethod
    def forward(ctx, x, weight, bias, velocity):
        ctx.save_for_backward(x, weight)
        ctx.velocity = velocity
        return torch.baddbmm(bias[:, None], x, weight.mT)

    @staticmethod
    def backward(ctx, gradient):
        x, weight = ctx.saved_tensors
        velocity = ctx.velocity
        torch.baddbmm(velocity, gradient.mT, x, beta=MOMENTUM, out=velocity)
        below = torch.bmm(gradient, weight) if ctx.needs_input_grad[0] else None
        return below, None, gradient.sum(1), None


def _draw_dropout(x, rate, generators):
    """Draw what to multiply (n_networks, n_images, n_units) with."""
    shape = tuple(x.shape[1:])
    drawn = np.stack([g.random(shape, dtype=np.float32) for g in generators])
    kept = torch.from_numpy(drawn >= rate)
    return kept.to(x.device, x.dtype).div_(1 - rate)


def _normalise(x, own, layer):
    """Normalise each network's batch, and update its running mean and variance."""
    own["num_batches_tracked"].add_(1)
    normalised = F.batch_norm(
        x.transpose(0, 1).flatten(1, 2),
        own["running_mean"].view(-1),
        own["running_var"].view(-1),
        own["weight"].view(-1),
        own["bias"].view(-1),
        training=True,
        momentum=layer.momentum,
        eps=layer.eps,
    )
    return normalised.unflatten(1, x.shape[:1] + x.shape[2:3]).transpose(0, 1)


def _convolve(x, weight, bias, padding):
    """Convolve network after network: on a CPU faster than in groups."""
    outputs = [
        F.conv2d(*own, padding=padding) for own in zip(x, weight, bias, strict=True)
    ]
    # The copy of a stack would also lose the order of channels in memory.
    return torch.stack(outputs) if len(outputs) > 1 else outputs[0][None]
