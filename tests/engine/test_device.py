import pytest
import torch

from segstudio.engine import device
from segstudio.engine.device import Device, pick_device, usable_cores, use_threads


def test_one_core_stays_free(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[int] = []
    monkeypatch.setattr(torch, "set_num_threads", asked.append)
    for cores in (1, 2, 4, 64):
        monkeypatch.setattr(device, "usable_cores", lambda cores=cores: cores)
        assert use_threads() == asked[-1]
    assert asked == [1, 1, 3, 16]
    assert use_threads(2) == asked[-1] == 2


def test_this_machine_has_a_device_and_cores() -> None:
    picked = pick_device()
    assert picked.kind in ("cuda", "mps", "cpu")
    assert picked.name
    assert usable_cores() >= 1


def test_mps_and_cuda_are_preferred(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: True)
    assert pick_device().kind == "mps"
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "get_device_name", lambda: "Giant 9000")
    assert pick_device() == Device("cuda", "Giant 9000")


@pytest.mark.parametrize("fast", [False, True])
def test_processors_compute_in_bfloat16_only_if_made_for_it(monkeypatch: pytest.MonkeyPatch, fast: bool) -> None:
    monkeypatch.setattr(device, "_cpu_likes_bfloat16", lambda: fast)
    with Device("cpu", "x").autocast():
        result = torch.ones(2, 2) @ torch.ones(2, 2)
    assert result.dtype == (torch.bfloat16 if fast else torch.float32)
