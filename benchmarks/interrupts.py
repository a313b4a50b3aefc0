"""Interrupts at random moments: ``python -m benchmarks.interrupts``.

Tiny networks are recorded in one thread and in two, and tiny networks are trained. An
alarm interrupts each call after a random time, as Ctrl-C would. The table counts the
calls after which something was not as before: hooks, modes, the device or the values of
parameters, gradients, random numbers, numbers of threads, the lock that recordings
share, threads, or the fitted attributes of the extractor. All counts should be 0.
"""

import random
import signal
import threading
import time
from contextlib import contextmanager
from statistics import median

import numpy as np
import torch
from joblib import parallel_config
from torch import nn

from benchmarks._measure import (
    collect_facts,
    is_lock_free,
    judge,
    make_parser,
    report,
)
from sktopo import ActivationExtractor
from sktopo._utils.parallel import ONE_AT_A_TIME
from sktopo.datasets import _training, train_digit_networks

N_NETWORKS = 3
N_WARM = 7


class Interrupted(KeyboardInterrupt):
    """What the alarm raises, to be told from a Ctrl-C by hand."""


def main(argv=None):
    """Interrupt every kind of call and write the table."""
    parser = make_parser(__doc__)
    parser.add_argument("--number", type=int, default=5000, help="of interrupts")
    parser.add_argument("--seed", type=int, default=0, help="seed of the moments")
    parser.add_argument(
        "--twice", action="store_true", help="interrupt each call twice"
    )
    options = parser.parse_args(argv)
    facts = collect_facts("interrupts", options, "torch")
    number = options.number // 25 if options.quick else options.number
    shares = {"one thread": 0.6, "two threads": 0.3, "training": 0.1}
    rows = [
        interrupt_calls(kind, round(share * number), options.seed, options.twice)
        for kind, share in shares.items()
    ]
    title = "Interrupts at random moments"
    heading = "Interrupts, and those after which something was not as before."
    report("interrupts", title, {heading: rows}, facts, options)


def interrupt_calls(kind, number, seed=0, twice=False):
    """Interrupt calls at random moments and count what they leave.

    Parameters
    ----------
    kind : {"one thread", "two threads", "training"}
        What is called.

    number : int
        Number of interrupts. Calls that end before their interrupt do not count.

    seed : int, default=0
        Seed of the moments.

    twice : bool, default=False
        Whether a second interrupt follows the first one within a millisecond.

    Returns
    -------
    row : dict
        The number of interrupted calls, and what was left how often.
    """
    rng = random.Random(seed)
    networks = make_networks()
    with prepared_call(kind, networks) as (call, extractor):
        longest = 1.1 * median(time_once(call) for _ in range(N_WARM))
        expected = observe(networks, extractor)
        n_interrupted, left = 0, dict.fromkeys(expected, 0)
        while n_interrupted < number:
            delay = rng.uniform(1e-6, longest)
            pause = rng.uniform(2e-5, 1e-3) if twice else 0
            n_interrupted += is_interrupted(call, delay, pause)
            found = observe(networks, extractor)
            for name, value in found.items():
                left[name] += value != expected[name]
            if found != expected:
                # What was left is not counted again.
                networks[:] = make_networks()
                expected = observe(networks, extractor)
    total = sum(left.values())
    row = {"what": kind, "interrupts": n_interrupted, **left}
    return {**row, **judge(total, at_most=0)}


@contextmanager
def prepared_call(kind, networks):
    """Yield a call to interrupt, and the extractor that it uses, or None."""
    if kind == "training":
        n_epochs, _training.N_EPOCHS = _training.N_EPOCHS, 1
        try:
            yield lambda: train_digit_networks(1), None
        finally:
            _training.N_EPOCHS = n_epochs
        return
    stimuli = np.random.default_rng(0).normal(size=(400, 64)).astype(np.float32)
    extractor = ActivationExtractor(stimuli=stimuli, batch_size=64).fit(networks)
    if kind == "two threads":
        extractor.set_params(n_jobs=2)

    def call():
        # An interrupt may leave the pool closed that joblib keeps for a context.
        with parallel_config(backend="threading"):
            extractor.fit(networks).transform(networks)

    yield call, extractor


def make_networks():
    """Make tiny networks with modules in both modes."""
    networks = [
        nn.Sequential(nn.Linear(64, 32), nn.ReLU(), nn.Dropout(0.5), nn.Linear(32, 8))
        for _ in range(N_NETWORKS)
    ]
    for network in networks:
        network[1].eval()
    return networks


def time_once(call):
    """Measure the seconds that a call takes."""
    start = time.perf_counter()
    call()
    return time.perf_counter() - start


def is_interrupted(call, delay, pause):
    """Interrupt a call after a delay and again after a pause; say whether it was."""
    pending = [1, 2] if pause else [1]

    def interrupt(*_):
        if pending:
            pending.pop()
            raise Interrupted

    signal.signal(signal.SIGALRM, interrupt)
    try:
        return _is_interrupted_once(call, delay, pause, pending)
    except Interrupted:
        return True


def _is_interrupted_once(call, delay, pause, pending):
    try:
        signal.setitimer(signal.ITIMER_REAL, delay, pause)
        call()
        pending.clear()
        return False
    except Interrupted:
        return True
    except RuntimeError as error:
        # Python's own locks say so when they are interrupted while they wait.
        if not follows_interrupt(error):
            raise
        return True
    finally:
        pending.clear()
        signal.setitimer(signal.ITIMER_REAL, 0)


def follows_interrupt(error):
    """Return whether an error, or one that it follows, followed an interrupt."""
    while error is not None and not isinstance(error, Interrupted):
        error = error.__cause__ or error.__context__
    return error is not None


def observe(networks, extractor):
    """Observe all that a call must leave as it was."""
    modules = [module for network in networks for module in network.modules()]
    parameters = [p for network in networks for p in network.parameters()]
    return {
        "hooks": [len(m._forward_hooks) + len(m._forward_pre_hooks) for m in modules],
        "modes": [module.training for module in modules],
        "parameters": [(p.device, p.requires_grad, p.sum().item()) for p in parameters],
        "gradients": (torch.is_grad_enabled(), torch.is_inference_mode_enabled()),
        "flags": torch.backends.mha.get_fastpath_enabled(),
        "random numbers": torch.random.get_rng_state().tolist(),
        "numbers of threads": torch.get_num_threads(),
        "lock": is_lock_free(ONE_AT_A_TIME),
        # The threads of joblib's own pools end later, or wait for ever.
        "threads": sum(thread.name == "sktopo" for thread in threading.enumerate()),
        "fitted": extractor and sorted(vars(extractor)),
    }


if __name__ == "__main__":
    main()
