"""Which networks a comparison is about, and which stimuli each of them is shown."""

from typing import NamedTuple

from benchmarks.grounded._designs import DESIGNS, PLAIN, find_side, list_tasks
from benchmarks.grounded._networks import DEEP_SIZES, SIZES
from benchmarks.grounded._training import make_plan

SAME = "same stimuli"
OTHER_STIMULI, OTHER_WIDTHS, OTHER_INPUTS = (
    "other stimuli",
    "other widths",
    "other inputs",
)
# What every second network of a group differs in.
CONDITIONS = {
    OTHER_STIMULI: "are shown as many other stimuli",
    OTHER_WIDTHS: "have layers of half the width",
    OTHER_INPUTS: "see images of half the side",
}
LAYERS = "layers"


class Part(NamedTuple):
    """Networks of one group that are shown the same.

    Attributes
    ----------
    plan : dict
        What `make_plan` made.

    numbers : list of int
        Which of its networks.

    stimuli : tuple of int
        The first of the stimuli, and the first that is not shown.
    """

    plan: dict
    numbers: list
    stimuli: tuple


class Comparison(NamedTuple):
    """Networks in groups, to be compared by all methods.

    Attributes
    ----------
    architecture : str
        A key of `SIZES`.

    condition : str
        `SAME`, a key of `CONDITIONS`, or a number of stimuli as in ``"500 stimuli"``.

    design : str
        A key of `DESIGNS`; or `LAYERS`, of which the layers of each network are
        compared.

    groups : list of list of Part
        The networks of each group.
    """

    architecture: str
    condition: str
    design: str
    groups: list

    @property
    def plans(self):
        """The plans of all networks."""
        return [part.plan for group in self.groups for part in group]

    @property
    def lacks(self):
        """What samples do not have in common: some of "stimuli" and "widths"."""
        shown = {part.stimuli for group in self.groups for part in group}
        sizes = [tuple(plan["sizes"]) for plan in self.plans]
        widths = set(sizes[0]) if self.design == LAYERS else set(sizes)
        found = {"stimuli": shown, "widths": widths}
        return [name for name, values in found.items() if len(values) > 1]

    @property
    def n_networks(self):
        """Number of networks in each group."""
        return sum(len(part.numbers) for part in self.groups[0])


def list_designs(dataset, options):
    """List the comparisons of the designs, for each architecture.

    Parameters
    ----------
    dataset : Bunch
        See `benchmarks.studies._data.load_dataset`.

    options : argparse.Namespace
        What `__main__.read_options` returned.

    Returns
    -------
    comparisons : list of Comparison
        For each architecture one for each design, and one of layers.
    """
    comparisons = []
    for architecture in SIZES:
        for design in DESIGNS:
            plans = _make_plans(dataset, architecture, design, options)
            groups = [[_show(plan, options.n_stimuli)] for plan in plans]
            comparisons.append(Comparison(architecture, SAME, design, groups))
        deep = _make(dataset, architecture, PLAIN, DEEP_SIZES[architecture], options)
        groups = [[_show(deep, options.n_stimuli)]]
        comparisons.append(Comparison(architecture, SAME, LAYERS, groups))
    return comparisons


def list_conditions(dataset, options):
    """List the comparisons under other conditions, of fully connected networks.

    Returns
    -------
    comparisons : list of Comparison
        For each design the one that `list_designs` has, and one for each condition.
    """
    numbers = {f"{n} stimuli": n for n in options.stimuli_numbers}
    comparisons = []
    for design in DESIGNS:
        plans = _make_plans(dataset, "mlp", design, options)
        for condition in (SAME, *CONDITIONS, *numbers):
            if condition in CONDITIONS:
                groups = [_split(plan, condition, options) for plan in plans]
            else:
                n_stimuli = numbers.get(condition, options.n_stimuli)
                groups = [[_show(plan, n_stimuli)] for plan in plans]
            comparisons.append(Comparison("mlp", condition, design, groups))
    return comparisons


def _make_plans(dataset, architecture, design, options):
    """Make the plans of the groups of a design."""
    sizes = SIZES[architecture]
    return [
        _make(dataset, architecture, task, sizes, options)
        for task in list_tasks(design)
    ]


def _make(dataset, architecture, task, sizes, options):
    return make_plan(
        dataset,
        architecture,
        task,
        side=find_side(dataset.images),
        sizes=sizes,
        setting=options.training[architecture],
        n_networks=options.n_networks,
        seed=options.seed,
    )


def _show(plan, n_stimuli):
    return Part(plan, list(range(len(plan["seeds"]))), (0, n_stimuli))


def _split(plan, condition, options):
    """Let every second network of a plan differ from the others in the condition."""
    seeds, n_stimuli = plan["seeds"], options.n_stimuli
    even, odd = (list(range(len(seeds)))[start::2] for start in (0, 1))
    if condition == OTHER_STIMULI:
        others = n_stimuli, 2 * n_stimuli
        return [Part(plan, even, (0, n_stimuli)), Part(plan, odd, others)]
    other = {**plan, "seeds": [seeds[number] for number in odd]}
    if condition == OTHER_WIDTHS:
        other["sizes"] = [size // 2 for size in plan["sizes"]]
    else:
        n_channels, *sides = plan["shape"]
        other["shape"] = [n_channels, *(side // 2 for side in sides)]
    shown = (0, n_stimuli)
    return [Part(plan, even, shown), Part(other, list(range(len(odd))), shown)]
