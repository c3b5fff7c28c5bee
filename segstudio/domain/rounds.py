"""When a round starts and which images it never sees."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import Literal

FIRST_ROUND_AFTER = 3
"""Approved images that start the first round by themselves."""

NEXT_ROUND_AFTER = 7
"""Newly approved images that start each later round at the earliest."""

NEXT_ROUND_SHARE = 3
"""A later round starts when a part of so many of the images that the last one was given is new: the more a model was
taught, the less a few more teach it."""

HELD_OUT_SHARE = 0.2
"""Share of the approved images that is never trained on."""

LARGEST_COUNTED = 8
"""Images of a group that are counted on to be approved when it is decided which side the group is on."""

SCORE_NEEDS = 2
"""Held-out images below which no score is shown."""


STARTER_ROUND = 0
"""The number of the round that nobody ran: its weights are those that the project starts from."""


class RoundStatus(Enum):
    """How a round stands or ended."""

    RUNNING = "running"
    FINISHED = "finished"
    CANCELLED = "cancelled"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class RoundRecord:
    """One round of a project. Times are seconds since the epoch; ``weights`` is relative to the project folder.

    ``approved`` counts the approved images it was given, of which ``held_out_count`` were held out. ``note`` is what
    the user wrote about it. ``chosen`` says that the user went back to it; the next round that ends well ends that.
    """

    number: int
    status: RoundStatus
    started: float
    approved: int
    seconds: float = 0.0
    loss: float | None = None
    held_out_dice: float | None = None
    held_out_count: int = 0
    weights: str | None = None
    sentence: str = ""
    note: str = ""
    chosen: bool = False

    @property
    def taken_in(self) -> bool:
        """Whether its model was learned elsewhere: nothing was learned here, and no time went by."""
        return self.status is RoundStatus.FINISHED and self.loss is None and self.seconds == 0


@dataclass(frozen=True, slots=True)
class RoundFiles:
    """What a round has on the disk: how much of it can be deleted, in bytes, and whether its weights can be used.

    ``network`` and ``loss`` name how it learned, "" where nobody knows; classes in ``void`` were not judged by it.
    So many ``networks`` are asked together.
    """

    nbytes: int
    weights: Literal["usable", "damaged", "missing", "none"]
    network: str = ""
    loss: str = ""
    void: tuple[int, ...] = ()
    networks: int = 1


def holds_out(identity: str, approved_before: int, held_out_before: int, group: int = 1) -> bool:
    """Whether the ``group`` of so many images, of which one is approved now as the first, is held out for ever.

    The hash of its identity decides. It is overruled only where the held-out share would otherwise stray by more than
    one image from a fifth, or by half the group, so that ten approved images always give a score unless they are of
    few groups. A larger group counts as ``LARGEST_COUNTED``: who goes by the list's order would wait too long for a
    score, and few look at all the frames of a video. The first three images all train, and their groups with them.

    ``identity`` is a hexadecimal hash. Raises ``ValueError`` if it is not.
    """
    if approved_before < FIRST_ROUND_AFTER:
        return False
    group = min(group, LARGEST_COUNTED)
    wanted = (approved_before + group) * HELD_OUT_SHARE
    if held_out_before + group > wanted + (group + 1) / 2:
        return False
    if held_out_before <= wanted - (group + 1) / 2:
        return True
    return int(identity[:8], 16) / 16**8 < HELD_OUT_SHARE


def approvals_missing(approved: int, approved_at_last_round: int | None) -> int:
    """How many more approved images start the next round by themselves; 0 when it is due."""
    if approved_at_last_round is None:
        return max(0, FIRST_ROUND_AFTER - approved)
    wanted = max(NEXT_ROUND_AFTER, approved_at_last_round // NEXT_ROUND_SHARE)
    return max(0, wanted - (approved - approved_at_last_round))
