"""Poses of a made-up person: bone directions, and the joints that follow from them (forward kinematics)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Vector = NDArray[np.float64]
Joints = dict[str, Vector]

ACTIONS = ("HipHop", "Jazz", "Kata", "Sports", "Taichi")

_BONES = ("spine", "arm_l", "fore_l", "arm_r", "fore_r", "thigh_l", "shin_l", "thigh_r", "shin_r")

# Directions of the bones above for a person who faces us: x to our right (their left), y up, z towards us.
_POSES: dict[str, tuple[tuple[tuple[float, float, float], ...], ...]] = {
    "HipHop": (
        ((0.18, 1, 0.25), (0.9, -0.5, 0.3), (0.3, 0.9, 0.3), (-0.7, -0.8, 0.2), (-0.3, -0.2, 1), (0.75, -0.8, 0.35),
         (0.05, -1, -0.15), (-0.45, -0.9, 0.55), (-0.15, -1, -0.35)),
        ((-0.25, 1, 0.1), (1, 0.25, 0.1), (0.9, 0.5, 0.2), (-0.8, -0.6, 0.2), (0.4, -0.1, 0.8), (0.3, -1, 0.3),
         (0.2, -1, -0.3), (-0.85, -0.65, 0.3), (-0.25, -1, -0.1)),
        ((0.1, 1, 0.35), (0.6, -0.9, 0.1), (-0.2, 0.4, 0.9), (-0.6, -0.9, 0.1), (0.2, 0.5, 0.9), (0.5, -0.7, 0.7),
         (0.1, -1, -0.5), (-0.5, -0.7, 0.7), (-0.1, -1, -0.5)),
    ),
    "Jazz": (
        ((0.1, 1, 0), (0.6, 0.9, 0.1), (0.2, 1, 0.1), (-0.9, 0.35, 0.1), (-1, 0.3, 0.1), (0.15, -1, 0.1),
         (0.05, -1, -0.1), (-0.9, -0.35, 0.2), (-0.95, -0.3, 0.1)),
        ((-0.1, 1, 0.1), (0.8, 0.6, 0.2), (-0.5, 0.9, 0.1), (-0.8, 0.6, 0.2), (0.5, 0.9, 0.1), (0.15, -1, 0.05),
         (-0.05, -1, -0.05), (-0.7, -0.3, 0.6), (0.85, -0.7, 0.1)),
        ((0.35, 1, 0.1), (1, 0.55, 0), (0.9, 0.65, 0.1), (-1, 0.0, 0.1), (-1, -0.15, 0.2), (0.6, -0.9, 0.2),
         (0.35, -1, -0.1), (-0.65, -0.9, -0.1), (-0.6, -0.95, -0.15)),
    ),
    "Kata": (
        ((0.05, 1, 0.05), (1, 0.12, 0.25), (1, 0.1, 0.2), (-0.5, -0.75, -0.4), (0.35, 0.1, 1), (0.95, -0.6, 0.15),
         (0.1, -1, -0.05), (-0.8, -0.85, 0.05), (-0.55, -1, -0.1)),
        ((-0.35, 1, 0.05), (0.45, -0.7, 0.45), (-0.2, 0.85, 0.6), (-0.6, -0.7, 0.3), (0.2, 0.9, 0.55),
         (0.98, 0.3, 0.2), (1, 0.42, 0.15), (-0.1, -1, 0.1), (-0.05, -1, -0.1)),
        ((0, 1, 0.08), (0.7, -0.75, 0.35), (-0.55, 0.6, 0.7), (-0.75, -0.7, 0.1), (-0.6, 0.2, 0.9), (0.8, -0.7, 0.35),
         (0.05, -1, -0.1), (-0.8, -0.7, 0.35), (-0.05, -1, -0.1)),
    ),
    "Sports": (
        ((0.15, 1, 0.2), (0.5, -0.8, 0.6), (0.3, 0.4, 0.9), (-0.55, 0.85, -0.25), (-0.1, 0.9, 0.4), (0.45, -0.85, 0.5),
         (0.15, -1, -0.35), (-0.4, -1, -0.1), (-0.35, -0.85, -0.55)),
        ((0.25, 1, 0.1), (-0.2, -0.75, 0.55), (0.45, 0.35, 0.8), (-0.5, -0.8, -0.5), (-0.1, -0.3, 0.85),
         (0.6, -0.75, 0.4), (-0.25, -1, -0.35), (-0.5, -0.9, -0.3), (-0.85, -0.55, -0.4)),
        ((0, 1, 0.05), (0.45, 0.95, 0.15), (-0.1, 1, 0.2), (-0.45, 0.95, 0.15), (0.1, 1, 0.2), (0.25, -1, 0.15),
         (0.1, -0.95, -0.35), (-0.4, -0.75, 0.5), (-0.1, -0.8, -0.75)),
    ),
    "Taichi": (
        ((0, 1, 0.05), (0.95, 0.05, 0.3), (0.85, 0.35, 0.4), (-0.9, 0.1, 0.3), (-0.75, -0.45, 0.35), (0.7, -0.8, 0.35),
         (0.1, -1, -0.1), (-0.6, -1, 0.1), (-0.45, -1, -0.1)),
        ((0.05, 1, 0.1), (0.55, -0.45, 0.75), (-0.5, 0.3, 0.8), (-0.6, -0.65, 0.6), (0.6, -0.1, 0.8), (0.5, -0.9, 0.35),
         (0.05, -1, -0.15), (-0.5, -0.9, 0.35), (-0.05, -1, -0.15)),
        ((-0.1, 1, 0.05), (0.8, 0.55, 0.3), (0.4, 0.9, 0.2), (-0.75, -0.55, 0.45), (-0.6, -0.5, 0.6),
         (0.55, -0.15, 0.65), (0.05, -1, 0.1), (-0.15, -1, 0.1), (-0.05, -1, -0.05)),
    ),
}  # fmt: skip


@dataclass(frozen=True)
class Build:
    """Proportions; lengths are parts of the standing height."""

    shoulder: float
    hip: float
    waist: float
    girth: float
    chest: float

    @classmethod
    def draw(cls, rng: np.random.Generator) -> Build:
        """Somebody: from slim to stout, broad shoulders or broad hips."""
        frame = rng.uniform(0, 1)
        return cls(
            shoulder=float(0.090 + 0.019 * frame + rng.normal(0, 0.003)),
            hip=float(0.058 - 0.006 * frame + rng.normal(0, 0.002)),
            waist=float(0.84 + 0.10 * frame + rng.normal(0, 0.03)),
            girth=float(rng.uniform(0.88, 1.16)),
            chest=float(max(0.0, rng.uniform(0.5, 1.0) - frame)),
        )


def draw_joints(rng: np.random.Generator, action: str, build: Build) -> Joints:
    """Joint positions, (3,) each, of somebody doing ``action``: x to our right, y up, z towards us, height 1."""
    choices = _POSES[action]
    pose = choices[int(rng.integers(len(choices)))]
    wild = {bone: _unit(np.array(d) + rng.normal(0, 0.13, 3)) for bone, d in zip(_BONES, pose, strict=True)}
    if rng.random() < 0.5:
        wild = {_other_side(bone): d * (-1, 1, 1) for bone, d in wild.items()}
    joints = _follow(rng, wild, build)
    # Mostly seen from the front or the side, now and then from behind.
    yaw = rng.normal(0, 0.65) + (np.pi if rng.random() < 0.2 else 0.0)
    pitch = rng.uniform(0.02, 0.16)
    turn = np.array([[np.cos(yaw), 0, np.sin(yaw)], [0, 1, 0], [-np.sin(yaw), 0, np.cos(yaw)]])
    tilt = np.array([[1, 0, 0], [0, np.cos(pitch), -np.sin(pitch)], [0, np.sin(pitch), np.cos(pitch)]])
    return {name: tilt @ turn @ place for name, place in joints.items()}


def _follow(rng: np.random.Generator, bones: Joints, build: Build) -> Joints:
    spine = bones["spine"]
    left = _unit(np.array((1.0, 0, rng.normal(0, 0.25))) - spine * spine[0])
    hips_left = _unit(np.array((1.0, 0, rng.normal(0, 0.2))))
    origin = np.zeros(3)
    joints: Joints = {"pelvis": origin, "waist": spine * 0.095, "chest": spine * 0.20, "neck": spine * 0.285}
    front = _unit(np.cross(left, spine))
    up = _unit(0.55 * spine + np.array((0, 0.6, 0)) + rng.normal(0, 0.1, 3))
    gaze = _unit(front + rng.normal(0, 0.3, 3) * (1, 0.4, 0.5))
    joints["head"] = joints["neck"] + up * 0.088
    # Directions, not places; they turn along with the joints all the same.
    joints.update({"dir_left": left, "dir_front": front, "dir_hips": hips_left, "dir_gaze": gaze, "dir_up": up})
    for side, sign in (("l", 1.0), ("r", -1.0)):
        shoulder = spine * 0.262 + left * sign * build.shoulder
        # A raised arm lifts its shoulder.
        shoulder = shoulder + spine * 0.02 * max(0.0, float(bones[f"arm_{side}"] @ spine))
        joints[f"shoulder_{side}"] = shoulder
        joints[f"elbow_{side}"] = shoulder + bones[f"arm_{side}"] * 0.165
        joints[f"wrist_{side}"] = joints[f"elbow_{side}"] + bones[f"fore_{side}"] * 0.138
        hand = _unit(bones[f"fore_{side}"] + rng.normal(0, 0.2, 3))
        joints[f"hand_{side}"] = joints[f"wrist_{side}"] + hand * 0.05
        hip = hips_left * sign * build.hip - spine * 0.015
        joints[f"hip_{side}"] = hip
        joints[f"knee_{side}"] = hip + bones[f"thigh_{side}"] * 0.242
        joints[f"ankle_{side}"] = joints[f"knee_{side}"] + bones[f"shin_{side}"] * 0.232
        joints[f"heel_{side}"], joints[f"toe_{side}"] = _foot(joints, side, sign, front)
    return joints


def _foot(joints: Joints, side: str, sign: float, front: Vector) -> tuple[Vector, Vector]:
    shin = _unit(joints[f"ankle_{side}"] - joints[f"knee_{side}"])
    ahead = _unit(front + np.array((0.45 * sign, 0, 0)))
    # Square to the shin; flat on the floor where the shin is anywhere near upright.
    ahead = _unit(ahead - shin * (ahead @ shin) + shin * 0.25)
    if shin[1] < -0.75:
        ahead = _unit(ahead * (1, 0.15, 1))
    sole = joints[f"ankle_{side}"] + shin * 0.026
    return sole - ahead * 0.028, sole + ahead * 0.088


def _other_side(bone: str) -> str:
    return {"l": bone[:-1] + "r", "r": bone[:-1] + "l"}[bone[-1]] if bone[-2] == "_" else bone


def _unit(vector: Vector) -> Vector:
    unit: Vector = vector / max(float(np.linalg.norm(vector)), 1e-9)
    return unit
