import importlib.util
from pathlib import Path

import pytest
import torch
from torch.nn import functional

from segstudio.domain.errors import UserError
from segstudio.engine import imagenet_weights
from segstudio.engine.efficientnet import COARSE_CHANNELS, FINE_CHANNELS, EfficientNetLite0
from segstudio.engine.imagenet_weights import SHA256, load_imagenet_tensors, read_legacy_weights, weights_file


def test_tensors_have_the_shapes_and_sums_of_the_published_weights() -> None:
    tensors = load_imagenet_tensors()
    assert len(tensors) == 247
    assert all(tensor.dtype == torch.float32 and torch.isfinite(tensor).all() for tensor in tensors.values())
    known = {
        "_conv_stem.weight": ((32, 3, 3, 3), -26.811377),
        "_blocks.0._depthwise_conv.weight": ((32, 1, 3, 3), 5.221443),
        "_blocks.15._bn2.running_var": ((320,), 515.495052),
        "_fc.bias": ((1000,), -0.049817),
    }
    for name, (shape, total) in known.items():
        assert tuple(tensors[name].shape) == shape
        assert tensors[name].double().sum().item() == pytest.approx(total, abs=1e-4)


def test_all_variances_are_positive() -> None:
    variances = [tensor for name, tensor in load_imagenet_tensors().items() if name.endswith("running_var")]
    assert len(variances) == 49
    assert all((variance >= 0).all() for variance in variances)


def test_filters_are_read_in_their_order() -> None:
    """A trained filter's colour channels agree; read as if they lay in torch's order, the same numbers do not."""
    stem = load_imagenet_tensors()["_conv_stem.weight"]
    as_in_the_file = stem.permute(2, 3, 1, 0).reshape(stem.shape)

    def agreement(filters: torch.Tensor) -> float:
        return float((filters[:, 0] * filters[:, 1]).mean() / (filters**2).mean())

    assert agreement(stem) > 0.3
    assert abs(agreement(as_in_the_file)) < 0.15


def test_encoder_takes_all_and_its_features_are_sane() -> None:
    encoder = EfficientNetLite0()
    encoder.load_imagenet(load_imagenet_tensors())
    x = torch.rand(1, 3, 96, 64, generator=torch.Generator().manual_seed(0)) * 2 - 1
    with torch.inference_mode():
        fine = encoder.eval().fine(x)
        features = [*fine, *encoder.coarse(fine[-1])]
    sizes = [(48, 32), (24, 16), (12, 8), (6, 4), (3, 2)]
    channels = FINE_CHANNELS + COARSE_CHANNELS
    assert [tuple(f.shape[1:]) for f in features] == [(c, *s) for c, s in zip(channels, sizes, strict=True)]
    assert all(torch.isfinite(f).all() and 0.05 < float(f.std()) < 20 for f in features)


def test_a_norm_with_fixed_statistics_is_folded_into_its_convolution() -> None:
    encoder = EfficientNetLite0()
    encoder.load_imagenet(load_imagenet_tensors())
    x = torch.rand(2, 32, 12, 12)
    layer = encoder.eval().blocks[0].project
    torch.testing.assert_close(layer(x), layer.norm(layer.conv(x)), atol=1e-4, rtol=1e-4)


@pytest.mark.parametrize("kernel", [3, 5])
def test_stride_two_pads_after_the_image_as_tensorflow_does(kernel: int) -> None:
    layer = EfficientNetLite0().blocks[{3: 1, 5: 3}[kernel]].depthwise.conv
    x = torch.rand(1, layer.in_channels, 8, 12)
    before, after = (kernel - 2) // 2, (kernel - 1) // 2
    padded = functional.pad(x, (before, after, before, after))
    torch.testing.assert_close(layer(x), functional.conv2d(padded, layer.weight, None, 2, 0, 1, layer.groups))


def test_a_missing_tensor_is_refused() -> None:
    tensors = load_imagenet_tensors()
    del tensors["_blocks.3._bn1.weight"]
    with pytest.raises(RuntimeError, match=r"blocks\.3\.depthwise\.norm\.weight"):
        EfficientNetLite0().load_imagenet(tensors)


def test_a_damaged_file_is_refused(tmp_path: Path) -> None:
    damaged = tmp_path / "weights.pth"
    content = bytearray(weights_file().read_bytes())
    content[-1] ^= 1
    damaged.write_bytes(content)
    with pytest.raises(UserError, match="damaged"):
        read_legacy_weights(damaged, SHA256)


def test_an_absent_file_and_an_absent_package_are_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(UserError, match="cannot be read"):
        read_legacy_weights(tmp_path / "none.pth", SHA256)
    monkeypatch.setattr(imagenet_weights, "_PACKAGE", "no_such_package_at_all")
    assert importlib.util.find_spec("no_such_package_at_all") is None
    with pytest.raises(UserError, match="not installed"):
        weights_file()
