"""Masks and confidences as PNG."""

from pathlib import Path
from unittest.mock import patch

import numpy as np
import pytest

from segstudio.imaging.mask_png import (
    decode_confidence,
    decode_mask,
    encode_confidence,
    encode_mask,
    from_text,
    to_text,
)
from tests.imaging.images import declared_png


def test_masks_and_confidences_come_back_as_they_went() -> None:
    mask = np.random.default_rng(0).integers(0, 65536, (7, 12), np.uint16)
    assert np.array_equal(decode_mask(encode_mask(mask)), mask)
    confidence = np.random.default_rng(1).integers(0, 256, (5, 9), np.uint8)
    assert np.array_equal(decode_confidence(encode_confidence(confidence)), confidence)


def test_one_is_not_taken_for_the_other() -> None:
    with pytest.raises(ValueError, match="16-bit"):
        decode_mask(encode_confidence(np.zeros((4, 4), np.uint8)))
    with pytest.raises(ValueError, match="8-bit"):
        decode_confidence(encode_mask(np.zeros((4, 4), np.uint16)))


@pytest.mark.parametrize("png", [b"", b"no picture"])
def test_what_is_no_png_is_refused(png: bytes) -> None:
    with pytest.raises(ValueError, match="16-bit"):
        decode_mask(png)
    with pytest.raises(ValueError, match="8-bit"):
        decode_confidence(png)


@pytest.mark.parametrize(("shape", "channels"), [((7, 12), 1), ((7, 12, 3), 3)])
def test_pictures_come_back_from_text_as_they_went(shape: tuple[int, ...], channels: int) -> None:
    values = np.random.default_rng(0).integers(0, 256, shape, np.uint8)
    text = to_text(values)
    assert text.isascii()
    assert np.array_equal(from_text(text, channels), values)
    for other in (text[:-8], "no picture", "", to_text(values), "é"):
        with pytest.raises(ValueError, match="as text"):
            from_text(other, 4 - channels)


@pytest.mark.parametrize(("side", "most"), [(30_000, 250_000_000), (40_000, 250_000_000), (5_000, 24_999_999)])
def test_what_declares_too_many_pixels_is_refused_before_there_is_room_made(
    tmp_path: Path, side: int, most: int
) -> None:
    deep = declared_png(tmp_path / "mask.png", side, side, bits=16, kind=0).read_bytes()
    grey = declared_png(tmp_path / "confidence.png", side, side, kind=0).read_bytes()
    with patch("segstudio.imaging.mask_png.cv2.imdecode") as decoded:
        with pytest.raises(ValueError, match="16-bit"):
            decode_mask(deep, most)
        with pytest.raises(ValueError, match="8-bit"):
            decode_confidence(grey, most)
    assert not decoded.called
