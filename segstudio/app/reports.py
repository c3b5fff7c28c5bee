"""Figures as tables for a terminal and as JSON files."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

from segstudio.formats.writing import write_whole

Report = dict[str, Any]


def write_json(path: Path, report: Report) -> None:
    """Write a report, in a folder that is made where there is none; a figure that is not finite becomes null.

    Raises ``UserError`` if it cannot be written; then what was there before is there still.
    """
    write_whole(path, (json.dumps(_finite(report), indent=1, allow_nan=False, default=str) + "\n").encode("utf-8"))


def simulation_table(report: Report) -> str:
    """The images of a simulation, a row each, and their sums, in Markdown."""
    rows = report["images"]
    lines = [
        "| approved | strokes | clicks | border points | human s | Dice before | training s so far | held-out Dice |",
        "|---:|---:|---:|---:|---:|---:|---:|---:|",
    ]
    for number, row in enumerate(rows, start=1):
        held_out = "–" if row["holdout_dice"] is None else f"{row['holdout_dice']:.3f}"
        lines.append(
            f"| {number} | {row['strokes']} | {row['clicks']} | {row['points']} | {row['human_seconds']:.1f} "
            f"| {row['dice_before']:.3f} | {row['training_seconds']:.0f} | {held_out} |"
        )
    names = ("strokes", "clicks", "points", "human_seconds")
    strokes, clicks, points, seconds = (sum(row[name] for row in rows) for name in names)
    lines.append(f"| all | {strokes} | {clicks} | {points} | {seconds:.1f} | | | |")
    return "\n".join(lines)


def _finite(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _finite(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(item) for item in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value
