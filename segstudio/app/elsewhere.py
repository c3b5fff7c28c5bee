"""What a project's model may know that was not learned in the project, said wherever a figure rests on it.

A file of weights doesn't tell which images it was trained on, so nobody can leave these out; who reads a score must
know.
"""

from __future__ import annotations

from collections.abc import Iterable

from segstudio.domain.rounds import RoundRecord

_STARTER = (
    "The project began with a starter model: if that was trained on images that are in this project, the figure is too "
    "good. Its card says on which."
)
_IMPORTED = (
    "A model was imported: if that was trained on images that are in this project, the figure is too good. Whoever "
    "trained it can say on which."
)


def elsewhere_words(records: Iterable[RoundRecord], starter: bool) -> str:
    """A sentence or two where a model of the project was trained elsewhere, "" where all was learned in it.

    ``records`` are the project's rounds; ``starter`` says whether they begin with a starter.
    """
    imported = any(record.taken_in for record in records)
    return " ".join(filter(None, (_IMPORTED if imported else "", _STARTER if starter else "")))
