"""What reports and exports hold back unless it is asked for: names of files and people. Images go by a number."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

_IDENTIFIES = re.compile(
    r"patient|person|subject|proband|name|file|birth|date|accession|initials|address|phone|mail"
    r"|geburt|hospital|krankenhaus|institut|doctor|physician|versicher"
    r"|participant|initialen|adresse|telefon|telephone|mobile|datum|aktenzeichen|post ?code|zip ?code|barcode"
    r"|(^|[^a-z])(clinic|klinik|ward|arzt|ärztin)([^a-z]|$)"
    r"|(case|lesion|image|study|series|visit|exam|record|insurance) ?(ids?|no|nr|number)"
    r"|(^|[^a-z])(pat|fall|akten?|chart|encounter|sample|specimen|probe|ahv|zip)[ .-]*"
    r"(ids?|no|nr|number|nummer)([^a-z]|$)"
    r"|(^|[^a-z])(u?ids?|pid|case|mrn|dob|ssn|nhs|plz)([^a-z]|$)",
    re.I,
)
_HUMP = re.compile(r"(?<=[a-z])(?=[A-Z])|_")


def numbered(number: int) -> str:
    """What an image is called by its number."""
    return f"Image {number}"


def identifies(attribute: str) -> bool:
    """Whether an attribute, by its name, tells who an image is of: a patient, a case, a date of birth."""
    return _IDENTIFIES.search(_HUMP.sub(" ", attribute)) is not None


def names_somebody(known: Mapping[int, Mapping[str, str]]) -> bool:
    """Whether attributes of images, by the images' ids, tell of any of them who it is of."""
    return any(value and identifies(name) for values in known.values() for name, value in values.items())


def coded(values: Sequence[str]) -> dict[str, str]:
    """A word for each of ``values`` that says which are the same and no more: "Group 1", in the order they come.

    "" is of nobody known, and stays.
    """
    known = dict.fromkeys(value for value in values if value)
    return {"": "", **{value: f"Group {number}" for number, value in enumerate(known, start=1)}}
