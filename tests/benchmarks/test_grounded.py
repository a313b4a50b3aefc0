"""Networks known by design: labels, shortcuts, augmentations, training and scores."""

import importlib
from itertools import combinations, product
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal
from scipy.stats import spearmanr
from sklearn.metrics import average_precision_score
from sklearn.utils import Bunch

torch = pytest.importorskip("torch")
pytest.importorskip("tqdm")

ROOT = Path(__file__).parents[2]
SETTING = {"n_images": 100, "epochs": 2}


@pytest.fixture(name="grounded", scope="module")
def grounded_fixture():
    """Import the modules from where ``python -m`` finds them."""
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(ROOT))
        names = ("conditions", "designs", "networks", "scores", "training")
        path = "benchmarks.grounded._"
        yield Bunch(**{name: importlib.import_module(path + name) for name in names})


@pytest.fixture(name="dataset", scope="module")
def dataset_fixture(grounded):
    data = importlib.import_module("benchmarks.studies._data")
    return data.load_dataset("digits")


def make_plan(grounded, dataset, *, architecture="mlp", side=8, sizes=(12, 6), **task):
    return grounded.training.make_plan(
        dataset,
        architecture,
        grounded.designs.PLAIN | task,
        side=side,
        sizes=sizes,
        setting=SETTING,
        n_networks=3,
        seed=0,
    )


# Scores


def test_precision_and_conformity_by_hand(grounded):
    # Within, between, within, between; then the second draw counts the last twice.
    same, distances = np.array([True, False, True, False]), np.array([1.0, 2, 3, 4])
    weights = np.array([[1, 1, 1, 1], [1, 1, 1, 2]])
    precision, conformity = grounded.scores.separate(distances, same, weights)
    assert_allclose(precision, (1 + 2 / 3) / 2)
    assert_allclose(conformity, [3 / 4, 5 / 6])


def test_equal_distances_are_found_together_and_do_not_conform(grounded):
    same, distances = np.array([True, False, False]), np.array([1.0, 1, 2])
    precision, conformity = grounded.scores.separate(distances, same, np.ones((1, 3)))
    assert (precision, conformity) == (0.5, 0.5)


PAIRS = st.lists(
    st.tuples(st.integers(0, 5), st.booleans(), st.integers(0, 3)), min_size=2
).filter(lambda pairs: {same for _, same, n in pairs if n} == {True, False})


@settings(max_examples=50, deadline=None)
@given(pairs=PAIRS)
def test_precision_and_conformity_by_another_route(grounded, pairs):
    distances, same, weights = map(np.array, zip(*pairs, strict=True))
    precision, conformity = grounded.scores.separate(distances, same, weights[None])
    expected = average_precision_score(same, -distances, sample_weight=weights)
    assert_allclose(precision, [expected])
    within, between = (np.repeat(distances, weights * (same == own)) for own in (1, 0))
    assert_allclose(conformity, [np.mean(within[:, None] < between)])


@settings(max_examples=50, deadline=None)
@given(
    values=st.lists(
        st.tuples(st.integers(0, 4), st.integers(0, 4), st.integers(1, 3)), min_size=2
    )
)
def test_rank_correlation_of_repeated_values(grounded, values):
    first, second, weights = map(np.array, zip(*values, strict=True))
    found = grounded.scores.correlate_ranks(first, second, weights[None])
    if len(set(first)) == 1 or len(set(second)) == 1:
        expected = 0.0
    else:
        repeated = np.repeat(first, weights), np.repeat(second, weights)
        expected = spearmanr(*repeated).statistic
    assert_allclose(found, [expected], atol=1e-12)


def test_groups_are_scored_on_the_networks_that_are_drawn(grounded):
    rng = np.random.default_rng(0)
    n_groups, size = 3, 4
    points = rng.normal(size=(12, 2)) + np.repeat([[0, 0], [1, 0], [0, 2]], 4, axis=0)
    distances = np.linalg.norm(points[:, None] - points, axis=2)
    outcomes = {
        "accuracy": rng.normal(size=12),
        "disagreement": np.abs(rng.normal(size=(12, 12))),
    }
    outcomes["disagreement"] += outcomes["disagreement"].T
    counts = grounded.scores.draw_counts(n_groups, size, 5, seed=0)
    found = grounded.scores.score_groups(distances, outcomes, counts)
    for draw, drawn in enumerate(counts):
        networks = np.repeat(np.arange(12), drawn.ravel())
        pairs = [(i, j) for i, j in combinations(networks, 2) if i != j]
        scores = []
        for group in range(n_groups):
            own = [p for p in pairs if group in (p[0] // size, p[1] // size)]
            d = np.array([distances[pair] for pair in own])
            same = np.array([i // size == j // size for i, j in own])
            within = [p for p, is_same in zip(own, same, strict=True) if is_same]
            gaps = [abs(np.diff(outcomes["accuracy"][list(p)])[0]) for p in within]
            differ = [outcomes["disagreement"][p] for p in within]
            scores.append(
                (
                    average_precision_score(same, -d),
                    np.mean(d[same][:, None] < d[~same]),
                    spearmanr(d[same], gaps).statistic,
                    spearmanr(d[same], differ).statistic,
                )
            )
        names = ("PRECISION", "CONFORMITY", "ACCURACY", "DISAGREEMENT")
        for name, expected in zip(names, np.mean(scores, axis=0), strict=True):
            score = found[getattr(grounded.scores, name)]
            assert_allclose(score[draw], expected, err_msg=name)
        d = np.array([distances[pair] for pair in pairs])
        same = [i // size == j // size for i, j in pairs]
        expected = average_precision_score(same, -d)
        assert_allclose(found[grounded.scores.POOLED][draw], expected)


def test_layers_by_hand(grounded):
    # From layer 0 the nearer is closer, from layer 2 it is farther.
    distances = np.array([[0.0, 1, 2], [1, 0, 3], [2, 3, 0]])
    assert grounded.scores.score_depth(distances) == (0.5, 0)
    depth = np.abs(np.subtract.outer(np.arange(4), np.arange(4))).astype(float)
    assert_allclose(grounded.scores.score_depth(depth), (1, 1))
    # Equal distances conform, and have no order.
    assert grounded.scores.score_depth(np.ones((4, 4))) == (1, 0)
    both = np.zeros((6, 6))
    both[:3, :3], both[3:, 3:] = distances, depth[:3, :3]
    found = grounded.scores.score_layers(both, 3, np.array([[[1, 1]], [[3, 1]]]))
    assert_allclose(found[grounded.scores.CONFORMITY], [3 / 4, 5 / 8])
    assert_allclose(found[grounded.scores.DEPTH], [1 / 2, 1 / 4])


def test_draws_have_the_networks_first_and_at_least_three(grounded):
    counts = grounded.scores.draw_counts(2, 3, 40, seed=0)
    assert counts.shape == (41, 2, 3)
    # Of three networks all have to be drawn.
    assert (counts == 1).all()
    counts = grounded.scores.draw_counts(2, 6, 40, seed=0)
    assert (counts[0] == 1).all() and (counts.sum(axis=2) == 6).all()
    assert (counts == 0).any() and ((counts > 0).sum(axis=2) >= 3).all()
    assert_array_equal(counts, grounded.scores.draw_counts(2, 6, 40, seed=0))
    with pytest.raises(ValueError, match="at least 3 networks, got 2"):
        grounded.scores.draw_counts(2, 2, 40, seed=0)


def test_intervals_are_about_the_value(grounded):
    found = grounded.scores.find_interval(np.array([5.0, 1, 1, 3, 3]))
    assert found == pytest.approx({"value": 5, "low": 5 - 1.96, "high": 5 + 1.96})


# Designs


def test_labels_are_replaced_in_a_share(grounded):
    draw, labels = grounded.designs.draw_labels, np.arange(20_000) % 10
    assert_array_equal(draw(labels, 0.0, 3), labels)
    for share in (0.5, 1.0):
        # A tenth of the random labels is right.
        assert np.mean(draw(labels, share, 3) != labels) == pytest.approx(
            0.9 * share, abs=0.01
        )
    assert_array_equal(draw(labels, 0.5, 3), draw(labels, 0.5, 3))
    assert (draw(labels, 0.5, 3) != draw(labels, 0.5, 4)).any()


def test_shortcuts_are_reliable_in_a_share(grounded):
    draw, labels = grounded.designs.draw_codes, np.arange(20_000) % 10
    assert_array_equal(draw(labels, 1.0, 3), labels)
    for reliability in (0.0, 0.5):
        right = np.mean(draw(labels, reliability, 3) == labels)
        assert right == pytest.approx(reliability + (1 - reliability) / 10, abs=0.01)
    # They are not drawn like random labels.
    assert (draw(labels, 0.0, 3) != grounded.designs.draw_labels(labels, 1, 3)).any()


@pytest.mark.parametrize("side", [8, 14, 28, 32])
def test_every_class_has_a_place_of_its_own(grounded, side):
    stamps = grounded.designs.make_stamps(side).numpy()
    assert set(np.unique(stamps)) == {0, 1}
    assert stamps.sum(axis=0).max() == 1
    n_pixels = (side // 14 or 1) ** 2
    assert_array_equal(stamps.sum(axis=(1, 2, 3)), n_pixels)
    if side == 28:  # two poolings of 2×2 patches of pixels, by 2 each, leave 3×3 cells
        pooled = stamps[:, 0].reshape(10, 7, 4, 7, 4).max(axis=(2, 4))
        assert len(np.unique(pooled.reshape(10, -1), axis=0)) == 10


def test_shortcuts_change_nothing_else(grounded):
    stamps = grounded.designs.make_stamps(8)
    images = torch.rand(2, 5, 3, 8, 8)
    codes = torch.tensor([[0, 1, 2, 3, 4], [9, 9, 0, 5, 7]])
    found = grounded.designs.add_shortcuts(images, codes, stamps)
    for network, image in product(range(2), range(5)):
        stamp = stamps[codes[network, image], 0].bool()
        assert (found[network, image][:, stamp] == 1).all()
        assert torch.equal(
            found[network, image][:, ~stamp], images[network, image][:, ~stamp]
        )


def test_augmentation_shifts_and_adds_noise(grounded, monkeypatch):
    def augment(images, strength, seeds=(0, 1)):
        generators = [np.random.default_rng(seed) for seed in seeds]
        return grounded.designs.augment(images, strength, generators)

    images = torch.rand(2, 30, 1, 28, 28)
    noisy = augment(images, 2)
    assert torch.equal(noisy, augment(images, 2))
    # A network does not depend on those beside it.
    assert torch.equal(noisy[1:], augment(images[1:], 2, seeds=(1,)))
    monkeypatch.setattr(grounded.designs, "NOISE", 0.0)
    shifted = augment(images, 2)
    assert (noisy - shifted).std() == pytest.approx(0.1, abs=0.002)
    found = set()
    for before, after in zip(images.flatten(0, 1), shifted.flatten(0, 1), strict=True):
        padded = np.pad(before[0].numpy(), 2, mode="edge")
        places = [
            (y, x)
            for y, x in product(range(5), repeat=2)
            if np.array_equal(padded[y : y + 28, x : x + 28], after[0].numpy())
        ]
        assert len(places) == 1
        found |= set(places)
    assert {y for y, _ in found} == {x for _, x in found} == set(range(5))


def test_images_are_laid_out_and_averaged(grounded):
    images = np.arange(32, dtype=np.float32).reshape(2, 16)
    assert grounded.designs.find_side(images) == 4
    whole = grounded.designs.lay_out(images, 4)
    assert whole.shape == (2, 1, 4, 4)
    assert_array_equal(whole[0, 0, 1], [4, 5, 6, 7])
    half = grounded.designs.lay_out(whole, 2)
    assert_array_equal(half[0, 0], [[2.5, 4.5], [10.5, 12.5]])
    assert half.dtype == np.float32


def test_stimuli_have_the_same_shortcuts_in_all_sizes(grounded, dataset):
    images = np.zeros((50, 784), dtype=np.float32)
    labels = dataset.labels[:50]
    prepare = grounded.designs.prepare_stimuli
    assert not prepare(images, labels, 28, shortcut=False).any()
    codes = []
    for side in (14, 28):
        stimuli = prepare(images, labels, side, shortcut=True)
        stamps = grounded.designs.make_stamps(side).numpy()
        equal = (stimuli[:, None, 0] == stamps[None, :, 0]).all(axis=(2, 3))
        assert_array_equal(equal.sum(axis=1), 1)
        codes.append(equal.argmax(axis=1))
    assert_array_equal(*codes)
    assert np.mean(codes[0] == labels) < 0.4


# Networks and training


def test_networks_are_their_own_and_leave_the_generator(grounded):
    state = torch.get_rng_state()
    build = grounded.networks.build_network
    for architecture, sizes in (("mlp", (12, 6)), ("cnn", (3, 5, 7, 4))):
        networks = [build(architecture, (3, 16, 16), sizes, seed) for seed in (1, 1, 2)]
        outputs = [network(torch.ones(2, 3, 16, 16)) for network in networks]
        assert outputs[0].shape == (2, 10)
        assert torch.equal(outputs[0], outputs[1])
        assert not torch.equal(outputs[0], outputs[2])
        names = [name for name, _ in networks[0].named_children() if "relu" in name]
        assert names == [f"lrelu{i + 1}" for i in range(len(sizes))]
    assert torch.equal(state, torch.get_rng_state())


@pytest.mark.parametrize(
    "task",
    [
        {"random labels": 0.5},
        {"shortcut": 0.5},
        {"augmentation": 4},
    ],
    ids=str,
)
@pytest.mark.parametrize("architecture", ["mlp", "cnn"])
def test_training_by_another_route(grounded, dataset, architecture, task):
    training, designs = grounded.training, grounded.designs
    sizes = {"mlp": (12, 6), "cnn": (3, 4, 5)}[architecture]
    plan = make_plan(grounded, dataset, architecture=architecture, sizes=sizes, **task)
    images, labels = dataset.images[:100], dataset.labels[:100]
    images = designs.lay_out(images, 8)
    networks = [
        grounded.networks.build_network(architecture, (1, 8, 8), sizes, seed)
        for seed in plan["seeds"]
    ]
    stack = training.DesignedStack(
        networks, plan["seeds"], task=plan["task"], images=images, labels=labels
    )
    stack.train(2)
    states = stack.states()
    # The last network alone, by torch.
    network, seed = networks[-1], plan["seeds"][-1]
    optimizer = torch.optim.SGD(network.parameters(), 0.01, momentum=0.9)
    share = task.get("random labels", 0)
    own = torch.from_numpy(designs.draw_labels(labels, share, seed))
    codes = designs.draw_codes(labels, task.get("shortcut", 0), seed)
    for epoch in range(2):
        rng = np.random.default_rng([seed, epoch])
        for batch in np.split(rng.permutation(100), 2):
            shown = torch.from_numpy(images[batch])
            if "augmentation" in task:
                shown = designs.augment(shown[None], task["augmentation"], [rng])[0]
            if "shortcut" in task:
                chosen = torch.from_numpy(codes[batch])
                stamps = designs.make_stamps(8)
                shown = designs.add_shortcuts(shown, chosen, stamps)
            optimizer.zero_grad()
            torch.nn.functional.cross_entropy(network(shown), own[batch]).backward()
            optimizer.step()
    for name, values in network.state_dict().items():
        assert_allclose(states[name][-1], values, atol=1e-5, err_msg=name)


def test_groups_have_networks_of_their_own(grounded, dataset):
    designs = grounded.designs
    seeds = [
        tuple(make_plan(grounded, dataset, **{design: level})["seeds"])
        for design, levels in designs.DESIGNS.items()
        for level in levels
    ]
    # Without random labels and without augmentation: the same networks.
    assert seeds[0] == seeds[10]
    assert len({seed for group in seeds for seed in group}) == 3 * 14
    assert designs.list_tasks("random labels")[0] == designs.PLAIN
    assert designs.list_tasks("shortcut")[0] == designs.PLAIN | {"shortcut": 0.0}


def test_trained_networks_are_found_again(grounded, dataset, tmp_path, monkeypatch):
    training = grounded.training
    plans = [
        make_plan(grounded, dataset, **task)
        for task in ({}, {"random labels": 1.0}, {})
    ]
    training.train_networks(dataset, plans, folder=tmp_path, n_jobs=1)
    paths = sorted(tmp_path.glob("networks/*.npz"))
    assert len(paths) == 2
    first = training.load_networks(tmp_path, plans[0], [2])[0].state_dict()
    assert training.load_seconds(tmp_path, plans[0]) > 0
    calls = []
    train_plan = training.train_plan

    def count(plan, *arguments):
        calls.append(plan["task"])
        train_plan(plan, *arguments)

    monkeypatch.setattr(training, "train_plan", count)
    training.train_networks(dataset, plans, folder=tmp_path, n_jobs=1)
    assert calls == []
    other = plans[0] | {"epochs": 1}
    training.place_networks(tmp_path, plans[0]).write_bytes(b"damaged")
    with pytest.warns(UserWarning, match="is damaged"):
        training.train_networks(dataset, [*plans, other], folder=tmp_path, n_jobs=1)
    assert calls == [plans[0]["task"], other["task"]]
    again = training.load_networks(tmp_path, plans[0], [2])[0].state_dict()
    for name, values in first.items():
        assert torch.equal(values, again[name])
    assert len(list(tmp_path.glob("networks/*.npz"))) == 3


def test_names_depend_on_the_code(grounded, dataset, tmp_path, monkeypatch):
    training, plan = grounded.training, make_plan(grounded, dataset)
    before = training.place_networks(tmp_path, plan)
    assert before == training.place_networks(tmp_path, plan)
    monkeypatch.setattr(training, "_digest_code", lambda: ("other", "code"))
    assert before != training.place_networks(tmp_path, plan)


def test_networks_that_diverge_are_refused(grounded, dataset, tmp_path):
    plan = make_plan(grounded, dataset)
    with pytest.raises(ValueError, match="not finite"):
        grounded.training.train_plan(
            plan, dataset.images * np.float32(1e30), dataset.labels, tmp_path / "n.npz"
        )
    assert not list(tmp_path.iterdir())


# Conditions


def make_options(**given):
    known = {
        "n_networks": 4,
        "n_stimuli": 100,
        "stimuli_numbers": (50,),
        "seed": 0,
        "training": {"mlp": SETTING, "cnn": SETTING},
    }
    return Bunch(**known | given)


def test_every_design_is_compared(grounded, dataset):
    comparisons = grounded.conditions.list_designs(dataset, make_options())
    designs = [*grounded.designs.DESIGNS, "layers"]
    assert [(c.architecture, c.design) for c in comparisons] == list(
        product(("mlp", "cnn"), designs)
    )
    assert [len(c.groups) for c in comparisons] == [5, 5, 5, 1] * 2
    assert {c.n_networks for c in comparisons} == {4}
    # The layers of deep convolutional networks have different widths.
    assert [c.lacks for c in comparisons] == [[]] * 7 + [["widths"]]


def test_conditions_change_every_second_network(grounded, dataset):
    comparisons = grounded.conditions.list_conditions(dataset, make_options())
    assert {c.architecture for c in comparisons} == {"mlp"}
    of_labels = {c.condition: c for c in comparisons if c.design == "random labels"}
    assert {name: c.lacks for name, c in of_labels.items()} == {
        "same stimuli": [],
        "other stimuli": ["stimuli"],
        "other widths": ["widths"],
        "other inputs": [],
        "50 stimuli": [],
    }
    assert {c.n_networks for c in comparisons} == {4}
    ((whole,), *_) = of_labels["same stimuli"].groups
    assert (whole.numbers, whole.stimuli) == ([0, 1, 2, 3], (0, 100))
    first, second = of_labels["other stimuli"].groups[0]
    assert (first.stimuli, second.stimuli) == ((0, 100), (100, 200))
    assert (first.numbers, second.numbers) == ([0, 2], [1, 3])
    assert first.plan == second.plan == whole.plan
    for condition, field, value in (
        ("other widths", "sizes", [64, 32]),
        ("other inputs", "shape", [1, 4, 4]),
    ):
        first, second = of_labels[condition].groups[0]
        assert (first.plan, first.numbers) == (whole.plan, [0, 2])
        assert second.numbers == [0, 1]
        seeds = whole.plan["seeds"][1::2]
        assert second.plan == whole.plan | {field: value, "seeds": seeds}
