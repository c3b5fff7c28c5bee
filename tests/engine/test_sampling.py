from collections import Counter
from pathlib import Path

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from segstudio.engine.data import ImageCache, load_round
from segstudio.engine.sample import Sample
from segstudio.engine.sampling import Sampler, look_at
from segstudio.protocol.round_folder import IGNORE, TrainingImage, read_request, write_request
from tests.engine.synthetic import make_round


def _samples(fresh: list[bool]) -> list[Sample]:
    pixels, mask = np.zeros((1, 1, 3), np.uint8), np.zeros((1, 1), np.uint16)
    return [Sample(number, pixels, mask, None, is_fresh) for number, is_fresh in enumerate(fresh)]


@given(st.lists(st.booleans(), min_size=1, max_size=20), st.integers(1, 9), st.integers(0, 99))
def test_every_image_comes_once_a_pass_and_a_fresh_one_twice(fresh: list[bool], batch: int, seed: int) -> None:
    sampler = Sampler(_samples(fresh), np.random.default_rng(seed))
    length = len(fresh) + sum(fresh)
    passes = 3
    batches = [sampler.draw(batch) for _ in range(-(-passes * length // batch))]
    assert all(len(drawn) == batch for drawn in batches)
    order = [sample.image_id for drawn in batches for sample in drawn]
    for number in range(passes):
        seen = Counter(order[number * length : (number + 1) * length])
        assert seen == {index: 1 + is_fresh for index, is_fresh in enumerate(fresh)}


def test_each_pass_has_an_order_of_its_own() -> None:
    sampler = Sampler(_samples([False] * 12), np.random.default_rng(0))
    first, second = ([sample.image_id for sample in sampler.draw(12)] for _ in range(2))
    assert first != second


def test_a_fresh_image_is_read_as_one(tmp_path: Path) -> None:
    request = make_round(tmp_path, train=2)
    image = request.images[1]
    fresh = TrainingImage(image.image_id, image.image, image.mask, image.role, fresh=True)
    write_request(tmp_path, type(request)(1, request.classes, (request.images[0], fresh), None, request.settings))
    data = load_round(tmp_path, read_request(tmp_path), ImageCache(), print, lambda: None)
    assert [sample.fresh for sample in data.train] == [False, True]


def test_each_class_is_looked_at_equally_often_and_nothing_that_nobody_vouched_for() -> None:
    mask = np.zeros((20, 30), np.uint16)
    mask[:5] = IGNORE
    mask[10:, 20:] = 1
    mask[19, 0] = 2
    sample, rng = Sample(1, np.zeros((20, 30, 3), np.uint8), mask, None), np.random.default_rng(0)
    places = [look_at(sample, rng) for _ in range(600)]
    seen = Counter(int(mask[int(y), int(x)]) for x, y in places)
    assert seen.keys() == {0, 1, 2}
    assert all(150 < count < 250 for count in seen.values())


def test_of_a_sample_that_nobody_vouched_for_the_middle_is_looked_at() -> None:
    sample = Sample(1, np.zeros((20, 30, 3), np.uint8), np.full((20, 30), IGNORE, np.uint16), None)
    assert look_at(sample, np.random.default_rng(0)) == (14.5, 9.5)
