"""The losses against slow, obvious references, and what none of them may read."""

import math
from typing import get_args

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from segstudio.domain.errors import UserError
from segstudio.engine.losses import MaskedSegmentationLoss, effective_weights
from segstudio.protocol.round_folder import IGNORE, Loss

KINDS = get_args(Loss)
WEIGHTS = {1: (0.5, 1.5), 3: (0.4, 1.0, 1.6)}


def _target(channels: int, seed: int = 1, shape: tuple[int, int, int] = (2, 8, 8)) -> torch.Tensor:
    generator = torch.Generator().manual_seed(seed)
    target = torch.randint(0, max(2, channels), shape, generator=generator)
    target[0, : shape[1] // 2] = IGNORE
    target[1, :, 5:] = IGNORE
    return target


def _logits(channels: int, seed: int = 2, shape: tuple[int, int, int] = (2, 8, 8)) -> torch.Tensor:
    batch, height, width = shape
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(batch, channels, height, width, generator=generator)


def _objective(kind: str, channels: int) -> MaskedSegmentationLoss:
    return MaskedSegmentationLoss(kind, WEIGHTS[channels])


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("channels", [1, 3])
@settings(max_examples=15, deadline=None)
@given(seed=st.integers(0, 999), scale=st.floats(0.1, 30))
def test_gradient_is_zero_exactly_where_nobody_vouched(kind: str, channels: int, seed: int, scale: float) -> None:
    target = torch.where(_logits(1, seed)[:, 0] > 0, IGNORE, _target(channels, seed))
    logits = (scale * _logits(channels, seed + 1)).requires_grad_()
    _objective(kind, channels)(logits, target).backward()
    assert logits.grad is not None
    assert torch.count_nonzero(logits.grad.movedim(1, -1)[target == IGNORE]) == 0


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("channels", [1, 3])
def test_every_vouched_pixel_is_learned_from(kind: str, channels: int) -> None:
    target = _target(channels)
    logits = _logits(channels).requires_grad_()
    _objective(kind, channels)(logits, target).backward()
    assert logits.grad is not None
    assert torch.equal(logits.grad.abs().sum(dim=1) > 0, target != IGNORE)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("channels", [1, 3])
def test_values_where_nobody_vouched_do_not_matter(kind: str, channels: int) -> None:
    target, logits = _target(channels), _logits(channels)
    other = torch.where((target == IGNORE).unsqueeze(1), -logits * 7, logits)
    objective = _objective(kind, channels)
    assert torch.equal(objective(logits, target), objective(other, target))


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("channels", [1, 3])
def test_a_batch_that_nobody_vouched_for_gives_zero_and_no_nan(kind: str, channels: int) -> None:
    logits = _logits(channels).requires_grad_()
    loss = _objective(kind, channels)(logits, torch.full((2, 8, 8), IGNORE))
    loss.backward()
    assert loss.item() == 0
    assert logits.grad is not None
    assert torch.count_nonzero(logits.grad) == 0


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("channels", [1, 3])
def test_a_right_answer_costs_little_and_a_wrong_one_much(kind: str, channels: int) -> None:
    target = torch.randint(0, max(2, channels), (2, 8, 8), generator=torch.Generator().manual_seed(3))
    truth = torch.nn.functional.one_hot(target, max(2, channels)).permute(0, 3, 1, 2).float()
    right = 20 * (truth - 0.5)
    right = right[:, 1:] if channels == 1 else right
    objective = _objective(kind, channels)
    assert objective(right, target) < 0.02
    assert objective(-right, target) > (0.9 if kind == "dice" else 5)


def _by_hand(kind: str, logits: np.ndarray, target: np.ndarray) -> float:
    """Pixel by pixel, in double precision; ``logits`` (B, C, H, W)."""
    batch, channels, height, width = logits.shape
    total = weights = 0.0
    overlap, said, true = (np.zeros(channels) for _ in range(3))
    for b in range(batch):
        for y in range(height):
            for x in range(width):
                number = int(target[b, y, x])
                if number == IGNORE:
                    continue
                values = [float(value) for value in logits[b, :, y, x]]
                if channels == 1:
                    p = [1 / (1 + math.exp(-values[0]))]
                    right = p[0] if number else 1 - p[0]
                    truth = [float(number > 0)]
                else:
                    powers = [math.exp(value) for value in values]
                    p = [power / sum(powers) for power in powers]
                    right, truth = p[number], [float(number == c) for c in range(channels)]
                weight = WEIGHTS[channels][number] if kind == "balanced" else 1.0
                focus = (1 - right) ** 2 if kind == "focal" else 1.0
                total += weight * focus * -math.log(right)
                weights += weight
                for c in range(channels):
                    overlap[c] += p[c] * truth[c]
                    said[c] += p[c]
                    true[c] += truth[c]
    dice = float(np.mean(1 - (2 * overlap + 1) / (said + true + 1)))
    each = total / weights
    return {"cross_entropy": each, "balanced": each, "dice": dice}.get(kind, each + dice)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("channels", [1, 3])
def test_value_and_gradient_are_those_of_the_slow_obvious_way(kind: str, channels: int) -> None:
    shape = (2, 4, 6)
    target, logits = _target(channels, 5, shape), _logits(channels, 6, shape).requires_grad_()
    loss = _objective(kind, channels)(logits, target)
    loss.backward()
    values, truth = logits.detach().double().numpy(), target.numpy()
    assert loss.item() == pytest.approx(_by_hand(kind, values, truth), rel=1e-5)
    assert logits.grad is not None
    for place in [(0, 0, 3, 1), (1, channels - 1, 2, 4), (1, 0, 0, 0), (0, 0, 0, 0)]:
        step = np.zeros_like(values)
        step[place] = 1e-5
        slope = (_by_hand(kind, values + step, truth) - _by_hand(kind, values - step, truth)) / 2e-5
        assert float(logits.grad[place]) == pytest.approx(slope, rel=1e-3, abs=1e-6)


@pytest.mark.parametrize("kind", KINDS)
def test_a_class_that_is_not_judged_is_neither_learned_nor_said(kind: str) -> None:
    objective = MaskedSegmentationLoss(kind, WEIGHTS[3], void=(1,))
    target, logits = _target(2), _logits(3).requires_grad_()
    target = torch.where(target == 1, 2, target)
    loss = objective(logits, target)
    loss.backward()
    assert logits.grad is not None
    assert torch.count_nonzero(logits.grad[:, 1]) == 0
    loud = logits.detach().clone()
    loud[:, 1] = 50.0
    assert torch.equal(objective(loud, target), loss.detach())


def test_an_unknown_loss_is_refused() -> None:
    with pytest.raises(UserError, match="giraffe"):
        MaskedSegmentationLoss("giraffe")


def test_rare_classes_weigh_more() -> None:
    weights = effective_weights([9000, 900, 100, 0])
    assert weights[3] == 1
    assert np.mean(weights[:3]) == pytest.approx(1)
    b = (10_000 - 1) / 10_000
    effective = [(1 - b**count) / (1 - b) for count in (9000, 900, 100)]
    assert [w * e for w, e in zip(weights, effective, strict=False)] == pytest.approx([weights[0] * effective[0]] * 3)
    assert effective_weights([5, 5]) == pytest.approx([1, 1])
    assert effective_weights([0, 0]) == effective_weights([1, 0]) == [1, 1]
