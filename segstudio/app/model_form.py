"""What the model settings dialog shows and keeps: a draft of the settings, and words for each choice."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from segstudio.app.model_settings import ClassFinish, ModelSettings
from segstudio.app.session import Session
from segstudio.app.starters import STARTERS, available
from segstudio.domain.input_size import LIMITS, InputSize, Pieces
from segstudio.domain.segments import ClassSpec
from segstudio.protocol.round_folder import Loss, Network

RECOMMENDED = " (recommended)"


@dataclass(frozen=True, slots=True)
class NetworkWords:
    """A network by its title and two sentences: what it is good for, and how long it takes."""

    name: Network
    title: str
    about: str


# What is said of times is as of ``model_choice.TIMES``.
NETWORKS: tuple[NetworkWords, ...] = (
    NetworkWords(
        "unet-efficientnet-lite0",
        f"U-Net + EfficientNet-Lite0{RECOMMENDED}",
        "Knows a million everyday photographs before it sees yours, so a few approved images are enough to begin. "
        "Right for nearly every project, and the quickest: a first round takes about a minute.",
    ),
    NetworkWords(
        "unet",
        "U-Net",
        "Starts from nothing and learns from your images alone, so it needs several times as many of them. "
        "Worth trying where images look like no photograph, such as scans or false colours; a round takes four "
        "times as long.",
    ),
    NetworkWords(
        "segnet",
        "SegNet",
        "Starts from nothing too, and is the older, plainer design: borders come out rougher. "
        "Good for comparing with published results; a round takes three times as long.",
    ),
)

LOSSES: tuple[tuple[Loss, str, str], ...] = (
    (
        "cross_entropy_dice",
        f"Pixels and overlap{RECOMMENDED}",
        "Every pixel counts, and so does how well whole areas overlap (cross-entropy and Dice).",
    ),
    ("cross_entropy", "Every pixel alike", "Large areas count most, so small ones may be missed (cross-entropy)."),
    ("dice", "Overlap alone", "Small areas count as much as large ones; settles more slowly (Dice)."),
    (
        "focal",
        "Hard places first",
        "What is right already counts little, so it works at what is unclear (focal and Dice).",
    ),
    (
        "balanced",
        "Rare classes first",
        "The less there is of a class, the more each of its pixels counts (class-balanced cross-entropy).",
    ),
)

PIECES: tuple[tuple[Pieces, str], ...] = (
    ("automatic", f"Automatic{RECOMMENDED}"),
    ("on", "Always look in pieces"),
    ("off", "Always look at the whole image"),
)

REGIONS: tuple[tuple[bool | None, str], ...] = (
    (None, f"Automatic{RECOMMENDED}"),
    (True, "One region, no holes"),
    (False, "As many as there are"),
)

COLOURS: tuple[tuple[bool | None, str], ...] = (
    (None, f"Automatic{RECOMMENDED}"),
    (True, "Have a say"),
    (False, "Have no say"),
)

SIZES = (192, 256, 320, 384, 512, 768, 1024)
THRESHOLDS = (0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8)


class ModelForm:
    """A draft of a session's model settings; nothing changes until ``accept``."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self.draft = session.model.settings
        self.starter = session.starting.name

    @property
    def classes(self) -> tuple[ClassSpec, ...]:
        """Those that are predicted."""
        return tuple(spec for spec in self._session.classes if spec.kind != "void")

    @property
    def heeds_colours(self) -> bool:
        """Whether an image's own colours can be heeded: they tell one class from the rest, not several apart."""
        return len(self._session.classes) == 1

    def change(self, **fields: Any) -> None:
        """Another draft, with these fields of ``ModelSettings``."""
        self.draft = replace(self.draft, **fields)

    def change_finish(self, class_id: int, **fields: Any) -> None:
        """Another draft, with these fields of the ``ClassFinish`` of a class."""
        own: ClassFinish = replace(self.draft.finish_of(class_id), **fields)
        self.change(finish={**self.draft.finish, class_id: own})

    def recommend(self) -> None:
        """A draft in which everything is as it is recommended."""
        self.draft = ModelSettings()

    @property
    def recommended(self) -> bool:
        """Whether all of the draft is as it is recommended."""
        return self.draft.kept() == ModelSettings().kept()

    def accept(self) -> None:
        """Keep the draft in the project."""
        self._session.model.set(self.draft)
        self._session.starting.choose(self.starter)

    def starters(self) -> Sequence[tuple[str, str]]:
        """Starter models to choose from, with words; the chosen one is always among them."""
        entries = [(words.name, words.title) for words in available()] if len(self._session.classes) == 1 else []
        if self._session.starting.name not in ("none", *(name for name, _ in entries)):
            entries.append((self._session.starting.name, "A model of this project's own"))  # type: ignore[arg-type]
        return [("none", "No starter model"), *entries]

    def starter_about(self) -> str:
        """What the chosen starter knows."""
        about = next((words.about for words in STARTERS if words.name == self.starter), "")
        if len(self._session.classes) > 1 and not about:
            return "Starter models know one class, so they are for projects with one."
        return about or "The model learns from your images alone; masks come after the first round."

    def sizes(self) -> Sequence[tuple[int | None, str]]:
        """Sizes to choose from, with words; the chosen one is always among them."""
        usual = LIMITS["cpu" if self._session.model.device == "cpu" else "accelerator"].usual
        chosen = self.draft.input_size
        sizes = sorted({*SIZES, *(() if chosen is None else (chosen,))})
        return [(None, f"Automatic{RECOMMENDED}"), *((size, _size_words(size, usual)) for size in sizes)]

    def thresholds(self, class_id: int) -> Sequence[tuple[float | None, str]]:
        """Probabilities to choose from, with words; the chosen one is always among them."""
        chosen = self.draft.finish_of(class_id).threshold
        values = sorted({*THRESHOLDS, *(() if chosen is None else (chosen,))})
        words = {0.5: " · half"}
        return [
            (None, f"Automatic{RECOMMENDED}"),
            *((v, f"from {100 * v:.0f} % sure{words.get(v, '')}") for v in values),
        ]

    def loss_about(self) -> str:
        """What the chosen way to learn does."""
        return next(about for name, _, about in LOSSES if name == self.draft.loss)

    def size_note(self) -> str:
        """How the last round saw the images, and why."""
        last = self._session.model.last_size
        return "" if last is None else f"The last round saw them at {_seen_words(last)}."

    def notice(self) -> str:
        """What a press of OK will bring about; empty where nothing was changed."""
        before, after = self._session.model.settings, self.draft
        trained = self._session.book.used is not None
        if self.starter != self._session.starting.name:
            if trained:
                return "Another starter model counts from the next round. Until then the masks stay as they are."
            return (
                "Masks stay as they are." if self.starter == "none" else "Masks that nobody worked on are made at once."
            )
        if after.kept() == before.kept():
            return ""
        if after.network != before.network and trained:
            return "The next round starts afresh with the new network. Until then the masks stay as they are."
        only_finish = replace(after, finish=before.finish).kept() == before.kept()
        if only_finish:
            return "Masks that nobody painted on or approved are made anew at once." if trained else ""
        return "This counts from the next round."


def _size_words(size: int, usual: int) -> str:
    times = (size / usual) ** 2
    if size == usual:
        return f"{size} px"
    return f"{size} px · about {times:.1f} × the time" if times < 9.5 else f"{size} px · about {times:.0f} × the time"


def _seen_words(size: InputSize) -> str:
    words = {
        "usual": "enough for what is marked in them",
        "small_images": "they are no larger",
        "structures": "small structures would vanish below that",
        "shapes": "outlines like these lose their details below that",
        "pieces": "small structures would vanish otherwise",
        "chosen": "as was chosen here",
        "starter": "as the starter model sees them",
    }
    pieces = "" if size.window is None else f", in pieces of {size.window} px"
    return f"{size.longer_side} px{pieces}: {words.get(size.reason, '')}"
