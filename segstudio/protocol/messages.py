"""What the window process and the worker process say to each other.

One message a line of JSON. The window writes on the worker's stdin, the worker on its own stdout. Both ends are
of one installation, so a version that differs means a broken installation and is refused, not negotiated.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

PROTOCOL_VERSION = 9

Phase = Literal["preparing", "training", "scoring", "saving"]


# ---- from the window to the worker ----------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Train:
    """Run the round whose folder is ``folder`` (absolute); see ``round_folder``."""

    job: int
    folder: str


@dataclass(frozen=True, slots=True)
class Predict:
    """Predict one image with ``weights``, write the mask to ``output`` and how sure the model is to ``confidence``.

    Paths are absolute. The mask is a 16-bit grey PNG of class ids, as large as the upright image. The confidence is an
    8-bit grey PNG at the size the network saw, 255 where it is certain, to be stretched over the whole image; None
    asks for none. A request that arrives while a round trains is served between two training steps, so that nobody
    waits for the round.

    ``thresholds`` and ``one_region`` say for class 1, 2, ... from which probability on a pixel is that class, and
    whether there is one region of it without holes; None, and what the lists do not reach to, is as it was learned.
    ``colours`` says whether the image's own colours count where there is one class; None, as it was learned.
    """

    job: int
    image_id: int
    image: str
    weights: str
    output: str
    confidence: str | None
    thresholds: list[float | None] = field(default_factory=list)
    one_region: list[bool | None] = field(default_factory=list)
    colours: bool | None = None


@dataclass(frozen=True, slots=True)
class Mend:
    """Say with ``weights`` where class ``class_number`` is in a part of an image, heeding a person's clicks.

    ``pixels`` and ``clicks`` are (h, w, 3) uint8 as ``imaging.mask_png.to_text`` writes them, at the size the network
    sees; the channels of ``clicks`` are those of ``domain.clicks.drawn``, and ``gain`` is the image's
    ``exposure_gain``. They travel in the message, a hundred
    kilobytes, since a hand waits for the answer: it comes before any prediction, and amid a step of a round.
    """

    job: int
    weights: str
    class_number: int
    pixels: str
    clicks: str
    gain: float


@dataclass(frozen=True, slots=True)
class Check:
    """Say whether ``weights``, an absolute path of a file that may come from anywhere, make a model."""

    job: int
    weights: str


@dataclass(frozen=True, slots=True)
class Export:
    """Write the model in ``weights`` to ``output`` as ONNX, and run both on ``image`` to see that they agree.

    Paths are absolute; without an ``image`` noise is looked at.
    """

    job: int
    weights: str
    output: str
    image: str | None


@dataclass(frozen=True, slots=True)
class Cancel:
    """Give up ``job``; answered by ``Cancelled``, or by what ended the job in the same moment."""

    job: int


@dataclass(frozen=True, slots=True)
class Shutdown:
    """End after the current step. The end of stdin means the same."""


# ---- from the worker to the window ----------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Ready:
    """First message of a worker. ``device`` is "cuda", "mps" or "cpu"; ``device_name`` is for people."""

    protocol: int
    pid: int
    device: str
    device_name: str
    torch_version: str
    threads: int


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a round has come; at least one a second from the start of the job to its end.

    ``fraction`` is 0 to 1 and never falls. ``loss`` is a running mean, None before the first step.
    ``held_out_dice`` is the latest mean dense Dice over the ``held_out_count`` held-out images, None before it was
    measured or with fewer than two such images.
    """

    job: int
    phase: Phase
    fraction: float
    seconds_left: float | None
    step: int
    steps: int
    loss: float | None
    held_out_dice: float | None
    held_out_count: int


@dataclass(frozen=True, slots=True)
class Notice:
    """A sentence for the user about a job that goes on, such as "Memory ran out; training with a smaller batch"."""

    job: int
    sentence: str


@dataclass(frozen=True, slots=True)
class Finished:
    """A round ended well; ``weights.safetensors`` and ``result.json`` stand in its folder."""

    job: int
    seconds: float
    loss: float
    held_out_dice: float | None
    held_out_count: int


@dataclass(frozen=True, slots=True)
class Predicted:
    """The mask of ``image_id`` stands at ``output``, its confidence at ``confidence``, as they were asked for.

    ``uncertainty`` says how unsure the model is of the whole image, 0 to 1; ``embedding`` what the image looks like to
    it, little-endian float16 in base64. Either is None where it could not be told. ``seconds`` is the time from file
    to mask. ``fingerprint`` and ``perceptual`` are the hashes of the file that was read.
    """

    job: int
    image_id: int
    output: str
    confidence: str | None
    uncertainty: float | None
    embedding: str | None
    width: int
    height: int
    seconds: float
    fingerprint: str = ""
    perceptual: int | None = None


@dataclass(frozen=True, slots=True)
class Mended:
    """``probability`` is (h, w) uint8 as ``to_text`` writes it, 255 where the class certainly is.

    ``seconds`` is the time that the worker took for it.
    """

    job: int
    probability: str
    seconds: float


@dataclass(frozen=True, slots=True)
class Checked:
    """The weights make a model, of ``network``, that knows ``classes`` in order."""

    job: int
    network: str
    classes: list[str]


@dataclass(frozen=True, slots=True)
class Exported:
    """The model stands at ``output``; its probabilities differ from ours by ``difference`` at most."""

    job: int
    output: str
    difference: float


@dataclass(frozen=True, slots=True)
class Cancelled:
    """``job`` was given up; what it had written is removed."""

    job: int


@dataclass(frozen=True, slots=True)
class Failed:
    """``job`` failed: ``sentence`` for the user, ``detail`` (a traceback) for the log."""

    job: int
    sentence: str
    detail: str


ToWorker = Train | Predict | Mend | Check | Export | Cancel | Shutdown
FromWorker = Ready | Progress | Notice | Finished | Predicted | Mended | Checked | Exported | Cancelled | Failed
Message = ToWorker | FromWorker
