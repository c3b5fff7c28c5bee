"""One thread for torch: on tiny images several only wait for each other, above all on a busy machine."""

import pytest

from segstudio.engine.device import use_threads
from segstudio.engine.train import RoundTrainer


@pytest.fixture(scope="package", autouse=True)
def _one_thread() -> None:
    use_threads(1)


@pytest.fixture(autouse=True)
def steps_look_at_the_network_in_hand(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a step clips, checks and averages are the tensors of the network that it trains, whatever came before."""
    step = RoundTrainer._step

    def watched(trainer: RoundTrainer) -> float | None:
        weights = trainer._network.state_dict()
        assert trainer._changing
        assert all(tensor.data_ptr() == weights[name].data_ptr() for name, tensor in trainer._changing.items())
        assert [id(one) for one in trainer._parameters] == [id(one) for one in trainer._network.parameters()]
        assert trainer._network.training
        return step(trainer)

    monkeypatch.setattr(RoundTrainer, "_step", watched)
