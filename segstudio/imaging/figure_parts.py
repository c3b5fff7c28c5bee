"""The pieces that a made-up person is made of: limbs, clothes, face and hair."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from segstudio.imaging.figure_pose import Build, Joints, Vector

SKIN, TOP, BOTTOM, SHOE, SOLE, HAIR, BELT, DARK, LIP = range(9)


class Part(NamedTuple):
    """A tapered, rounded piece from ``a`` to ``b``; ``bulge`` swells its middle, ``loose`` crumples its outline.

    Without ``capped`` it is a ring or tube that ends square, as a belt does.
    """

    a: Vector
    b: Vector
    radius_a: float
    radius_b: float
    material: int
    bulge: float = 0.0
    loose: float = 0.0
    capped: bool = True


@dataclass(frozen=True)
class Outfit:
    """What somebody wears. Colours are (3,) in 0..1; lengths are parts of the limb that they cover."""

    colours: NDArray[np.float32]
    sleeve: float
    trouser: float
    ease: float
    flare: float
    skirt: bool
    belt: bool
    barefoot: bool
    hair: str

    @classmethod
    def draw(cls, rng: np.random.Generator, action: str) -> Outfit:
        """Clothes that go with the action: a gi for a kata, wide ones for tai chi, anything for a dance."""
        skin = _SKINS[int(rng.integers(len(_SKINS)))] * np.float32(rng.uniform(0.92, 1.06))
        top, bottom = _CLOTHS[int(rng.integers(len(_CLOTHS)))], _CLOTHS[int(rng.integers(len(_CLOTHS)))]
        gi = action == "Kata" and rng.random() < 0.75
        wide = gi or (action == "Taichi" and rng.random() < 0.6)
        if gi or (wide and rng.random() < 0.5):
            bottom = top = _GIS[int(rng.integers(len(_GIS)))]
        shoe = np.array(((0.9, 0.9, 0.88), (0.12, 0.12, 0.13), (0.75, 0.12, 0.12), (0.2, 0.3, 0.5)), np.float32)
        hair = _HAIRS[int(rng.integers(len(_HAIRS)))]
        belt = _BELTS[int(rng.integers(len(_BELTS)))]
        dark, lip = skin * np.float32(0.22), skin * np.array((0.86, 0.55, 0.55), np.float32)
        colours = np.stack([skin, top, bottom, shoe[int(rng.integers(4))], np.full(3, 0.8), hair, belt, dark, lip])
        return cls(
            colours=colours.astype(np.float32),
            sleeve=float(1.75 if wide else rng.choice((0.0, 0.55, 0.7, 1.95))),
            trouser=float(1.9 if wide else rng.choice((0.6, 1.0, 1.95, 1.95))),
            ease=float(rng.uniform(0.010, 0.014) if wide else rng.uniform(0.002, 0.009)),
            flare=float(rng.uniform(1.1, 1.3) if wide else rng.uniform(0.85, 1.15)),
            skirt=bool(action == "Jazz" and rng.random() < 0.4),
            belt=bool(gi or rng.random() < 0.3),
            barefoot=bool(gi or rng.random() < 0.12),
            hair=str(rng.choice(("short", "short", "crop", "bun", "tail", "long"))),
        )


_SKINS = np.array(
    (
        (0.92, 0.74, 0.64),
        (0.86, 0.67, 0.54),
        (0.78, 0.57, 0.43),
        (0.62, 0.43, 0.31),
        (0.45, 0.30, 0.21),
        (0.33, 0.21, 0.15),
    ),
    np.float32,
)
_CLOTHS = np.array(
    (
        (0.72, 0.13, 0.15), (0.13, 0.22, 0.45), (0.09, 0.09, 0.11), (0.88, 0.87, 0.84), (0.16, 0.38, 0.30),
        (0.85, 0.62, 0.16), (0.34, 0.36, 0.40), (0.42, 0.20, 0.44), (0.20, 0.52, 0.64), (0.78, 0.42, 0.48),
        (0.55, 0.47, 0.36), (0.30, 0.40, 0.58), (0.90, 0.45, 0.18), (0.60, 0.66, 0.70),
    ),
    np.float32,
)  # fmt: skip
_GIS = np.array(((0.92, 0.92, 0.90), (0.93, 0.93, 0.93), (0.14, 0.22, 0.48), (0.11, 0.11, 0.13)), np.float32)
_BELTS = np.array(((0.06, 0.06, 0.07), (0.40, 0.24, 0.12), (0.15, 0.35, 0.2), (0.65, 0.1, 0.1)), np.float32)
_HAIRS = np.array(
    ((0.06, 0.05, 0.05), (0.16, 0.10, 0.07), (0.32, 0.20, 0.11), (0.62, 0.46, 0.26), (0.45, 0.43, 0.42)), np.float32
)


def body_parts(rng: np.random.Generator, joints: Joints, build: Build, outfit: Outfit) -> list[Part]:
    """All pieces of somebody, in the units of ``joints``."""
    parts = _trunk(joints, build, outfit)
    for side in "lr":
        parts += _arm(rng, joints, side, build, outfit) + _leg(joints, side, build, outfit)
    return parts + _head(rng, joints, outfit)


def _trunk(joints: Joints, build: Build, outfit: Outfit) -> list[Part]:
    left, front, hips = joints["dir_left"], joints["dir_front"], joints["dir_hips"]
    girth, ease = build.girth, outfit.ease
    levels = [  # place, half width, radius, material
        (joints["pelvis"] - 0.02 * (joints["waist"] - joints["pelvis"]), hips * build.hip * 0.85, 0.060, BOTTOM),
        (joints["pelvis"] + 0.45 * (joints["waist"] - joints["pelvis"]), hips * build.hip * 0.78, 0.056, TOP),
        (joints["waist"], left * 0.040 * build.waist, 0.051 * build.waist + 0.003, TOP),
        (joints["chest"] - 0.15 * (joints["chest"] - joints["waist"]), left * build.shoulder * 0.50, 0.055, TOP),
        (joints["chest"] + 0.45 * (joints["neck"] - joints["chest"]), left * build.shoulder * 0.62, 0.050, TOP),
    ]
    parts: list[Part] = []
    for (low, wide_a, ra, material), (high, wide_b, rb, _) in itertools.pairwise(levels):
        for s in (-1, -0.35, 0.35, 1):
            parts.append(
                Part(low + s * wide_a, high + s * wide_b, ra * girth + ease, rb * girth + ease, material, 0, 0.5)
            )
    place, wide, radius, _ = levels[0]
    parts.append(Part(place - wide, place + wide, radius * girth + ease, radius * girth + ease, BOTTOM, 0.1))
    for s, side in ((1, "l"), (-1, "r")):
        shoulder = joints[f"shoulder_{side}"]
        top = levels[-1][0] + s * wide * 0.6
        parts.append(Part(top, shoulder, 0.044 * girth + ease, 0.032 * girth + ease, TOP))
        parts.append(
            Part(joints["neck"] - 0.012 * joints["dir_up"], shoulder, 0.030 * girth, 0.027 * girth + ease, TOP)
        )
        if build.chest > 0:
            bust = joints["chest"] + s * left * 0.042 + front * (0.020 + 0.012 * build.chest)
            parts.append(Part(bust, bust, 0.040 * girth, 0.040 * girth, TOP))
    parts.append(
        Part(joints["neck"] - 0.015 * joints["dir_up"], joints["head"] - 0.02 * joints["dir_up"], 0.029, 0.027, SKIN)
    )
    if outfit.belt:
        axis = _unit(joints["waist"] - joints["pelvis"])
        for s in (-1.0, -0.5, 0.0, 0.5, 1.0):
            spot = joints["pelvis"] + axis * 0.050 + s * hips * build.hip * 0.76
            radius = 0.0575 * girth + ease
            parts.append(Part(spot - axis * 0.011, spot + axis * 0.011, radius, radius, BELT, capped=False))
    return parts


def _arm(rng: np.random.Generator, joints: Joints, side: str, build: Build, outfit: Outfit) -> list[Part]:
    shoulder, elbow, wrist, hand = (joints[f"{name}_{side}"] for name in ("shoulder", "elbow", "wrist", "hand"))
    g = 0.5 + 0.5 * build.girth
    parts = [
        Part(shoulder, elbow, 0.031 * g, 0.025 * g, SKIN, 0.10),
        Part(elbow, wrist, 0.0265 * g, 0.0175 * g, SKIN, 0.12),
        Part(wrist, hand, 0.0165, 0.0185, SKIN, 0.1),
    ]
    along, palm = _unit(hand - wrist), _unit(joints["dir_front"] + rng.normal(0, 0.5, 3))
    across = _unit(np.cross(along, palm) + 1e-6)
    fist = rng.random() < 0.45
    for k in range(4):
        base = hand + across * (k - 1.5) * 0.0085
        bent = (
            along * 0.010 + palm * 0.012
            if fist
            else along * (0.034 - 0.003 * abs(k - 1.3)) + palm * rng.normal(0.004, 0.004)
        )
        parts.append(Part(base, base + bent, 0.0075, 0.0055, SKIN))
    thumb = wrist + along * 0.022 + across * 0.015
    parts.append(Part(thumb, thumb + along * 0.022 + across * 0.014, 0.008, 0.006, SKIN))
    ease, loose = outfit.ease + 0.003, 0.5 + 30 * outfit.ease
    if outfit.sleeve > 0:
        upper = shoulder + (elbow - shoulder) * min(outfit.sleeve, 1.0)
        parts.append(Part(shoulder, upper, 0.032 * g + ease, 0.029 * g + ease * 1.3, TOP, 0.05, loose))
    if outfit.sleeve > 1:
        cuff = elbow + (wrist - elbow) * (outfit.sleeve - 1)
        parts.append(Part(elbow, cuff, 0.028 * g + ease, (0.021 * g + ease) * outfit.flare, TOP, 0.03, loose))
    return parts


def _leg(joints: Joints, side: str, build: Build, outfit: Outfit) -> list[Part]:
    hip, knee, ankle, heel, toe = (joints[f"{name}_{side}"] for name in ("hip", "knee", "ankle", "heel", "toe"))
    g, ease, loose = build.girth, outfit.ease + 0.003, 0.5 + 30 * outfit.ease
    parts = [
        Part(hip, knee, 0.058 * g, 0.036 * g, SKIN, 0.05),
        Part(knee, ankle, 0.037 * g, 0.022, SKIN, 0.22),
    ]
    length = outfit.trouser if not outfit.skirt else 0.25
    cut = hip + (knee - hip) * min(length, 1.0)
    parts.append(
        Part(
            hip,
            cut,
            0.061 * g + ease,
            (0.061 + (0.037 - 0.061) * min(length, 1.0)) * g + ease * 1.4,
            BOTTOM,
            0.04,
            loose,
        )
    )
    if length > 1:
        hem = knee + (ankle - knee) * (length - 1)
        parts.append(Part(knee, hem, 0.039 * g + ease, (0.029 + ease) * outfit.flare, BOTTOM, 0.10, loose))
    if outfit.skirt:
        other = joints["hip_" + ("r" if side == "l" else "l")]
        for mix in (0.0, 0.25, 0.5):
            waist = hip * (1 - mix) + other * mix + (joints["waist"] - joints["pelvis"]) * 0.35
            end = hip + (knee - hip) * 0.72
            end = end * (1 - mix) + (other + (joints["knee_" + ("r" if side == "l" else "l")] - other) * 0.72) * mix
            parts.append(Part(waist, end, 0.058 * g + ease, 0.072, BOTTOM, 0, 1.4))
    down = _unit(ankle - knee) * 0.010
    if outfit.barefoot:
        return [
            *parts,
            Part(heel, toe, 0.020, 0.013, SKIN, 0.12),
            Part(ankle, heel * 0.5 + toe * 0.5, 0.021, 0.018, SKIN),
        ]
    return [
        *parts,
        Part(heel, toe, 0.025, 0.019, SHOE, 0.12),
        Part(ankle, heel * 0.55 + toe * 0.45, 0.025, 0.022, SHOE),
        Part(heel + down, toe + down, 0.023, 0.0175, SOLE),
    ]


def _head(rng: np.random.Generator, joints: Joints, outfit: Outfit) -> list[Part]:
    head, up, gaze = joints["head"], joints["dir_up"], joints["dir_gaze"]
    gaze = _unit(gaze - up * float(gaze @ up))
    left = _unit(np.cross(up, gaze))
    parts = [
        Part(head + up * 0.016 - gaze * 0.008, head + up * 0.008 + gaze * 0.006, 0.052, 0.050, SKIN),
        Part(head + gaze * 0.016, head - up * 0.034 + gaze * 0.022, 0.043, 0.026, SKIN),
        Part(head + gaze * 0.051 + up * 0.008, head + gaze * 0.056 - up * 0.010, 0.004, 0.007, SKIN),
        Part(
            head - left * 0.011 + gaze * 0.047 - up * 0.030,
            head + left * 0.011 + gaze * 0.047 - up * 0.030,
            0.0042,
            0.0042,
            LIP,
        ),
    ]
    for s in (-1, 1):
        eye = head + s * left * 0.0195 + gaze * 0.0475 + up * 0.008
        parts.append(Part(eye - left * 0.004, eye + left * 0.004, 0.0050, 0.0050, DARK))
        brow = eye + up * 0.013
        parts.append(Part(brow - left * 0.008, brow + left * 0.008, 0.0036, 0.0036, HAIR))
        ear = head + s * left * 0.051 - gaze * 0.004
        parts.append(Part(ear + up * 0.008, ear - up * 0.010, 0.010, 0.008, SKIN))
    crown = head + up * 0.026 - gaze * 0.013
    thick = 0.003 if outfit.hair == "crop" else 0.007
    parts.append(
        Part(crown - gaze * 0.006, crown + gaze * 0.010 + up * 0.004, 0.052 + thick, 0.047 + thick, HAIR, 0, 1.0)
    )
    parts.append(Part(crown - gaze * 0.010, head - gaze * 0.026 - up * 0.020, 0.050, 0.036, HAIR, 0, 1.0))
    if outfit.hair == "bun":
        knot = crown - gaze * 0.050 + up * 0.028
        parts.append(Part(knot, knot, 0.024, 0.024, HAIR, 0, 1.5))
    sway = rng.normal(0, 0.03, 3)
    if outfit.hair == "tail":
        root = crown - gaze * 0.050
        tip = root - np.array((0, 0.11, 0)) - gaze * 0.03 + sway
        parts += [Part(root, (root + tip) / 2 - gaze * 0.012, 0.017, 0.021, HAIR, 0, 1.5),
                  Part((root + tip) / 2 - gaze * 0.012, tip, 0.021, 0.007, HAIR, 0, 1.5)]  # fmt: skip
    if outfit.hair == "long":
        for s in (-1, 0, 1):
            root = head + s * left * 0.034 - gaze * 0.020
            tip = root - np.array((0, 0.105, 0)) - gaze * 0.015 + sway * 0.4
            parts.append(Part(root, tip, 0.030, 0.018, HAIR, 0, 1.6))
    return parts


def _unit(vector: Vector) -> Vector:
    unit: Vector = vector / max(float(np.linalg.norm(vector)), 1e-9)
    return unit
