"""Masks and confidences as PNG."""

import numpy as np
import pytest

from segstudio.imaging.mask_png import decode_confidence, decode_mask, encode_confidence, encode_mask


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
