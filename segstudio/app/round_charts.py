"""What the charts of learning show, without a toolkit: points, and what a point says."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from segstudio.app.round_book import RoundBook
from segstudio.domain.round_scores import Interval
from segstudio.domain.rounds import STARTER_ROUND, RoundRecord, RoundStatus

LEAST_POINTS = 2
"""One dot is no curve: it says no more than a number."""

_MINUTES_FROM = 180.0


@dataclass(frozen=True, slots=True)
class Point:
    """``likely`` is where the value may as well lie, (low, high); None where nothing is known of that."""

    x: int
    y: float
    words: str
    likely: tuple[float, float] | None = None


@dataclass(frozen=True, slots=True)
class Chart:
    """``about`` says in a sentence what is shown, ``lack`` why nothing is.

    ``least`` and ``most`` bound the values there can be, None where nothing does.
    """

    title: str
    about: str
    style: Literal["line", "bars"]
    points: tuple[Point, ...]
    lack: str
    unit: str = ""
    least: float | None = 0.0
    most: float | None = None

    @property
    def shows(self) -> bool:
        """Whether there is enough to draw."""
        return len(self.points) >= LEAST_POINTS

    @property
    def span(self) -> tuple[float, float]:
        """The lowest and the highest value to make room for; bars stand on ``least``."""
        low = min(point.likely[0] if point.likely else point.y for point in self.points)
        high = max(point.likely[1] if point.likely else point.y for point in self.points)
        if self.style == "bars" and self.least is not None:
            return self.least, high + 0.05 * (high - self.least) if high > self.least else self.least + 1.0
        margin = max(0.01, 0.1 * (high - low))
        low, high = low - margin, high + margin
        if self.least is not None:
            low = max(self.least, low)
        # A curve at the very top would be cut in half.
        return low, high if self.most is None else min(self.most + margin / 2, high)


def between(interval: Interval) -> str:
    """Where the score may as well lie, "0.85 and 0.95"."""
    return f"{interval.low:.2f} and {interval.high:.2f}"


def dice_words(record: RoundRecord, interval: Interval | None) -> str:
    """The score of a round and on how many images it stands."""
    if record.held_out_dice is None:
        return "no score"
    images = "image" if record.held_out_count == 1 else "images"
    words = f"{record.held_out_dice:.3f} on {record.held_out_count} {images}"
    return words if interval is None else f"{words}, likely between {between(interval)}"


def dice_chart(book: RoundBook) -> Chart:
    """Held-out Dice by round, with its interval."""
    points = []
    for record in _finished(book):
        if record.held_out_dice is not None:
            interval = book.interval(record.number)
            likely = None if interval is None else (interval.low, interval.high)
            words = f"Round {record.number}: {dice_words(record, interval)}"
            points.append(Point(record.number, record.held_out_dice, words, likely))
    lack = "It needs two rounds with two images kept aside."
    about = "How well each round's masks overlap those kept aside (1 is best), and where that likely lies."
    return Chart("Held-out Dice", about, "line", tuple(points), lack, most=1.0)


def wrong_chart(book: RoundBook, name: Callable[[int], str]) -> Chart:
    """How wrong the model was, image by image: the share of 1 by which its mask missed the approved one in Dice."""
    points = []
    for place, score in enumerate(book.approval_scores, start=1):
        wrong = 100 * (1 - score.dice)
        words = f"{name(score.image_id)}: {wrong:.1f} % wrong {_by(score.round_number)}, before you corrected it"
        points.append(Point(place, wrong, words))
    lack = "It needs two images approved over the model's masks."
    about = "How much of the model's mask was wrong, image by image in the order of approval. 0 is best."
    return Chart("Wrong before you corrected", about, "bars", tuple(points), lack, unit="%")


def loss_chart(book: RoundBook) -> Chart:
    """What each round's training ended with."""
    points = [
        Point(record.number, record.loss, f"Round {record.number}: loss {record.loss:.3f}")
        for record in _finished(book)
        if record.loss is not None
    ]
    about = "What the model still got wrong of what it was taught, at the end of each round. Lower is better."
    return Chart("Loss", about, "line", tuple(points), "It needs two rounds.")


def time_chart(book: RoundBook) -> Chart:
    """How long each round took."""
    finished = _finished(book)
    minutes = any(record.seconds >= _MINUTES_FROM for record in finished)
    points = [
        Point(
            record.number,
            record.seconds / 60 if minutes else record.seconds,
            f"Round {record.number}: {record.seconds:.0f} s",
        )
        for record in finished
    ]
    about, unit = "How long the computer learned, round by round.", "min" if minutes else "s"
    return Chart("Time per round", about, "bars", tuple(points), "It needs two rounds.", unit=unit)


def all_charts(book: RoundBook, name: Callable[[int], str]) -> tuple[Chart, ...]:
    """The four, in the order of their use; ``name`` gives the name of an image."""
    return dice_chart(book), wrong_chart(book, name), loss_chart(book), time_chart(book)


def _finished(book: RoundBook) -> list[RoundRecord]:
    return [record for record in book.records if record.status is RoundStatus.FINISHED]


def _by(round_number: int) -> str:
    return "by the starter model" if round_number == STARTER_ROUND else f"in round {round_number}"
