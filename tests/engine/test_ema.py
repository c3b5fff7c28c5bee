import pytest
import torch
from torch import nn

from segstudio.engine.ema import WeightAverage


def _set(network: nn.Module, value: float) -> None:
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.fill_(value)


def test_average_follows_and_settles_on_the_weights() -> None:
    network = nn.Conv2d(1, 1, 1)
    _set(network, 0.0)
    average = WeightAverage(network, horizon=5)
    _set(network, 1.0)
    values = []
    for _ in range(40):
        average.update(network.state_dict())
        values.append(float(average.tensors["bias"]))
    assert values[0] == pytest.approx(0.8)
    assert values == sorted(values)
    assert values[-1] == pytest.approx(1.0, abs=1e-3)


def test_late_updates_move_by_one_over_the_horizon() -> None:
    network = nn.Conv2d(1, 1, 1)
    _set(network, 0.0)
    average = WeightAverage(network, horizon=10)
    for _ in range(100):
        average.update(network.state_dict())
    _set(network, 1.0)
    average.update(network.state_dict())
    assert float(average.tensors["bias"]) == pytest.approx(0.1)


def test_counters_are_copied_and_snapshots_stand_still() -> None:
    network = nn.BatchNorm2d(2)
    average = WeightAverage(network, horizon=10)
    before = average.snapshot()
    network(torch.randn(4, 2, 3, 3))
    average.update(network.state_dict())
    assert int(average.tensors["num_batches_tracked"]) == 1
    assert int(before["num_batches_tracked"]) == 0
    assert not torch.equal(before["running_mean"], average.tensors["running_mean"])


def test_it_is_taught_by_the_first_step_and_goes_on_from_what_was_kept() -> None:
    network = nn.Conv2d(1, 1, 1)
    _set(network, 0.0)
    average = WeightAverage(network, horizon=10)
    assert not average.is_taught
    average.update(network.state_dict())
    assert average.is_taught
    _set(network, 1.0)
    resumed = WeightAverage(network, horizon=10)
    resumed.resume(average.snapshot(), updates=1)
    assert resumed.is_taught
    for each in (average, resumed):
        each.update(network.state_dict())
    assert float(resumed.tensors["bias"]) == float(average.tensors["bias"]) == pytest.approx(2 / 3)


def test_a_horizon_of_less_than_a_step_follows_the_weights_at_once() -> None:
    network = nn.Conv2d(1, 1, 1)
    _set(network, 0.0)
    average = WeightAverage(network, horizon=0.1)
    _set(network, 1.0)
    average.update(network.state_dict())
    assert float(average.tensors["bias"]) == 1.0
