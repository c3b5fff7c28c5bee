"""What the steps of a round see, made when it is asked for or ahead of it."""

from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
import torch

from segstudio.engine import feed as feed_module
from segstudio.engine.batch import Batch
from segstudio.engine.data import ImageCache, RoundData, load_round
from segstudio.engine.device import CPU, Device
from segstudio.engine.feed import Feed
from segstudio.engine.views import Look
from segstudio.protocol.round_folder import IGNORE, RoundRequest, read_request
from tests.engine.synthetic import make_round

WHOLE, REDUCED, FEWER = Look(4, 1.0, None, 1.0), Look(4, 1.0, None, 0.5), Look(2, 1.0, None, 1.0)


class Card(Device):
    """Computes where every computer does, and is fed as an accelerator is."""

    @property
    def torch(self) -> torch.device:
        return torch.device("cpu")


CARD = Card("cuda", "a card")


@pytest.fixture
def round_data(tmp_path: Path) -> tuple[RoundRequest, RoundData]:
    make_round(tmp_path, train=5)
    request = read_request(tmp_path)
    return request, load_round(tmp_path, request, ImageCache(), print, lambda: None)


def _fed(round_data: tuple[RoundRequest, RoundData], device: Device, looks: list[Look]) -> Iterator[Batch]:
    request, data = round_data
    with closing(Feed(request, data.train, device)) as feed:
        feed.begin()
        for look in looks:
            batch = feed.next(look)
            yield Batch(batch.pixels.clone(), batch.masks.clone(), batch.guidance.clone())
            del batch


def test_what_is_made_ahead_is_what_would_be_made_when_asked_for(round_data: tuple[RoundRequest, RoundData]) -> None:
    looks = [WHOLE] * 9 + [REDUCED] * 3 + [WHOLE] * 2 + [FEWER] * 20 + [WHOLE]
    for asked, ahead in zip(_fed(round_data, CPU, looks), _fed(round_data, CARD, looks), strict=True):
        for name in ("pixels", "masks", "guidance"):
            assert torch.equal(getattr(asked, name), getattr(ahead, name))


def test_views_are_made_here_where_no_process_can_be_started(
    round_data: tuple[RoundRequest, RoundData], monkeypatch: pytest.MonkeyPatch
) -> None:
    def none(*_: object) -> None:
        raise OSError("no process can be started")

    monkeypatch.setattr(feed_module, "Makers", none)
    looks = [WHOLE, REDUCED, FEWER]
    for asked, ahead in zip(_fed(round_data, CPU, looks), _fed(round_data, CARD, looks), strict=True):
        assert torch.equal(asked.pixels, ahead.pixels)


def test_no_sample_is_passed_over_where_looks_change(round_data: tuple[RoundRequest, RoundData]) -> None:
    request, data = round_data
    drawn: Counter[int] = Counter()
    with closing(Feed(request, data.train, CARD)) as feed:
        feed.begin()
        take = feed._makers.take  # type: ignore[union-attr]

        def counted(ticket):  # type: ignore[no-untyped-def]
            drawn.update(ticket.order.samples)
            return take(ticket)

        feed._makers.take = counted  # type: ignore[union-attr, method-assign]
        for look in [WHOLE, FEWER, REDUCED, FEWER, WHOLE]:
            feed.next(look)
    assert max(drawn.values()) - min(drawn.values()) <= 1, "16 views of 5 images"


def test_a_batch_holds_views_masks_and_clicks_for_every_other(round_data: tuple[RoundRequest, RoundData]) -> None:
    batches = list(_fed(round_data, CPU, [FEWER] * 12 + [Look(1, 1.0, None, 1.0)] * 6))
    guided = torch.cat([batch.guidance.flatten(1).any(dim=1) for batch in batches])
    assert not guided[1::2].any()
    assert guided[::2].float().mean() > 0.6, "the rest is asked from nothing, without a click"
    views, guidance, masks = batches[0].on(CPU)
    assert views.shape == guidance.shape == (2, 3, *masks.shape[1:])
    assert views.min() >= -1
    assert views.max() <= 1
    assert set(guidance.unique().tolist()) <= {0.0, 1.0}


def test_a_seed_has_its_own_views(round_data: tuple[RoundRequest, RoundData]) -> None:
    request, data = round_data
    other = type(request)(
        request.round, request.classes, request.images, None, type(request.settings)(seed=request.settings.seed + 1)
    )
    [one], [two] = list(_fed(round_data, CPU, [WHOLE])), list(_fed((other, data), CPU, [WHOLE]))
    assert one.pixels.shape != two.pixels.shape or not torch.equal(one.pixels, two.pixels)


def test_windows_are_smaller_early_in_a_round_and_not_coarser(round_data: tuple[RoundRequest, RoundData]) -> None:
    early, late = _fed(round_data, CPU, [Look(2, 1.0, 64, 0.5), Look(2, 1.0, 64, 1.0)])
    assert max(late.masks.shape[1:]) == 64
    assert max(early.masks.shape[1:]) == 64, "the least that a network takes"
    assert set(late.on(CPU)[2].unique().tolist()) <= {0, 1, 2, IGNORE}
