"""What goes with a model when it leaves its project: what it was taught, how well it does, and what it is not for."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

import segstudio
from segstudio.domain.round_scores import mean_interval
from segstudio.domain.rounds import STARTER_ROUND
from segstudio.imaging.exposure import AS_LIGHT_AS, LEAST_GAIN, LIGHT_PARTS, MOST_GAIN
from segstudio.protocol.weights import WeightsInfo

MARK = "# Model card"


@dataclass(frozen=True)
class CardFacts:
    """What a card tells. ``scores`` are held-out Dice; ``ended`` is seconds since the epoch; ``base`` what the model
    started from; ``difference`` how far an ONNX file's probabilities are off, at most. ``project`` and ``note``, the
    user's own words or a file's name, are "" where identifiers are left out: they may be a patient's."""

    name: str
    round_number: int
    info: WeightsInfo
    digest: str
    ended: float
    approved: int = 0
    held_out: int = 0
    project: str = ""
    note: str = ""
    base: str = ""
    scores: Mapping[int, float] = field(default_factory=dict)
    onnx: bool = False
    difference: float | None = None


def model_card(facts: CardFacts) -> str:
    """The card, in Markdown."""
    info = facts.info
    where = "the starter model" if facts.round_number == STARTER_ROUND else f"round {facts.round_number}"
    rows = [
        ("Classes", ", ".join(_classes(info))),
        ("Network", _network(info)),
        ("Sees images at", f"{info.input_size} px on the longer side"),
        ("From", f"project {facts.project}, {where}" if facts.project else where),
        ("Date", datetime.fromtimestamp(facts.ended).strftime("%Y-%m-%d") if facts.ended else "unknown"),
        ("Taught with", _taught(facts)),
        ("Started from", facts.base or "ImageNet weights, or nothing, as its network does"),
        ("Note", facts.note),
        ("SHA-256 of the weights", facts.digest),
        ("Written by", f"segstudio {segstudio.__version__}"),
    ]
    lines = [
        f"{MARK}: {_plain(facts.name)}",
        "",
        "**Not for diagnosis.** This model marks regions in pictures. It was not tested as a medical device, and no "
        "decision about a patient may rest on it.",
        "",
        "| | |",
        "|---|---|",
        *(f"| {title} | {_plain(words)} |" for title, words in rows if words),
        "",
        "## How well it does",
        "",
        *_figures(facts),
        "",
        "On pictures of another kind (another camera, another clinic, other people) expect less, and measure it: "
        "`segstudio evaluate --model FILE --images DIR --truth DIR`.",
        "",
        "## Use",
        "",
        *(_onnx_use(facts) if facts.onnx else _own_use()),
        "",
        "The pictures that it learned from may have a licence that binds the model, too; this file does not know it.",
    ]
    return "\n".join(lines) + "\n"


def _network(info: WeightsInfo) -> str:
    together = "" if info.networks == 1 else "an ensemble of two networks, from this round and one before; each "
    return f"{together}{info.network}, {info.parameters / 1e6:.1f} million parameters"


def _classes(info: WeightsInfo) -> list[str]:
    return [
        f"{number} {name}{' (not judged, never said)' if number in info.void else ''}"
        for number, name in enumerate(info.classes, start=1)
    ]


def _taught(facts: CardFacts) -> str:
    if not facts.approved:
        return "not known to this project"
    return f"{facts.approved - facts.held_out} approved images; {facts.held_out} more were kept aside for the score"


def _figures(facts: CardFacts) -> list[str]:
    values = list(facts.scores.values())
    if not values:
        return ["It was not scored in this project, so nothing is known."]
    mean, likely = math.fsum(values) / len(values), mean_interval(values)
    between = "" if likely is None else f", likely between {likely.low:.3f} and {likely.high:.3f} (95 % interval)"
    worst = sorted(values)[: math.ceil(len(values) / 10)]
    return [
        f"Mean Dice {mean:.3f}{between}, on {len(values)} images of the project that were never trained on; the worst "
        f"tenth has {math.fsum(worst) / len(worst):.3f}.",
    ]


def _own_use() -> list[str]:
    return [
        "*File > Import model* in a project with the same classes, or `segstudio predict --model FILE IMAGES... --out "
        "DIR`. The file is safetensors: it holds numbers only, and nothing in it can run."
    ]


def _onnx_use(facts: CardFacts) -> list[str]:
    several = len(facts.info.classes) > 1
    out = (
        "(N, 1 + classes, H, W), the background first; take the largest"
        if several
        else "(N, 1, H, W); above a half it is the class"
    )
    checked = (
        [f"Checked with onnxruntime on an image: its probabilities differ by {facts.difference:.1g} at most."]
        if facts.difference is not None
        else []
    )
    exposed = (
        "Show it pictures as if all had been exposed alike: multiply one of colour by "
        f"{AS_LIGHT_AS} / the {LIGHT_PARTS}th percentile of the largest of R, G and B of its pixels, at least "
        f"{LEAST_GAIN:g} and at most {MOST_GAIN:g} times, and clip it. "
        if facts.info.even_exposure
        else ""
    )
    return [
        f"Input `image`: float32 (N, 3, H, W), RGB of 0 to 255, upright, resized so that the longer side has about "
        f"{facts.info.input_size} px and both sides are multiples of 32. {exposed}Output `probability`: {out}. Enlarge "
        "the probabilities to the image's size, not the mask. segstudio itself also averages over mirror images, "
        "looks again from nearer where weights ask for it, and finishes masks, so its own are better.",
        *checked,
    ]


def _plain(text: str) -> str:
    """Words in a cell of a table."""
    return " ".join(text.split()).replace("|", "\\|")
