import pytest
import torch

from segstudio.engine.losses import MaskedSegmentationLoss
from segstudio.protocol.round_folder import IGNORE


def _target(channels: int) -> torch.Tensor:
    generator = torch.Generator().manual_seed(1)
    target = torch.randint(0, max(2, channels), (2, 8, 8), generator=generator)
    target[0, :4] = IGNORE
    target[1, :, 5:] = IGNORE
    return target


@pytest.mark.parametrize("channels", [1, 3])
def test_gradient_is_zero_exactly_where_nobody_vouched(channels: int) -> None:
    target = _target(channels)
    logits = torch.randn(2, channels, 8, 8, generator=torch.Generator().manual_seed(2), requires_grad=True)
    MaskedSegmentationLoss()(logits, target).backward()
    assert logits.grad is not None
    touched = logits.grad.abs().sum(dim=1) > 0
    assert torch.equal(touched, target != IGNORE)


@pytest.mark.parametrize("channels", [1, 3])
def test_values_where_nobody_vouched_do_not_matter(channels: int) -> None:
    target = _target(channels)
    logits = torch.randn(2, channels, 8, 8, generator=torch.Generator().manual_seed(2))
    other = torch.where((target == IGNORE).unsqueeze(1), -logits * 7, logits)
    objective = MaskedSegmentationLoss()
    assert torch.equal(objective(logits, target), objective(other, target))


@pytest.mark.parametrize("channels", [1, 3])
def test_a_batch_that_nobody_vouched_for_gives_zero_and_no_nan(channels: int) -> None:
    logits = torch.randn(2, channels, 8, 8, requires_grad=True)
    loss = MaskedSegmentationLoss()(logits, torch.full((2, 8, 8), IGNORE))
    loss.backward()
    assert loss.item() == 0
    assert logits.grad is not None
    assert torch.count_nonzero(logits.grad) == 0


@pytest.mark.parametrize("channels", [1, 3])
def test_a_right_answer_costs_little_and_a_wrong_one_much(channels: int) -> None:
    target = torch.randint(0, max(2, channels), (2, 8, 8), generator=torch.Generator().manual_seed(3))
    truth = torch.nn.functional.one_hot(target, max(2, channels)).permute(0, 3, 1, 2).float()
    right = 20 * (truth - 0.5)
    right = right[:, 1:] if channels == 1 else right
    objective = MaskedSegmentationLoss()
    assert objective(right, target) < 0.02
    assert objective(-right, target) > 5
