"""Images with masks of several classes: by value, as CamVid has them, by colour, or objects that are numbered.

What a value or a colour means is in a list beside the masks (see ``class_lists``), or is found by looking at some of
them and left to the user to name. Several folders of masks are layers to choose from.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from segstudio.domain.errors import UserError
from segstudio.domain.segments import Color
from segstudio.formats import folder as any_folder
from segstudio.formats.class_lists import Listed, find_class_list, read_class_list
from segstudio.formats.dataset import Dataset, FoundClass, FoundImage, Layer, MaskSource
from segstudio.formats.file_mask import FileMask
from segstudio.formats.pairs import Pair
from segstudio.formats.survey import MOST_CLASSES, Survey, survey
from segstudio.formats.value_masks import ColourMask, ObjectMask, ValueMask
from segstudio.formats.void_names import means_nothing, means_void, unmarked
from segstudio.imaging.label_values import MOST_ID, VOID

LAYOUT = "class maps"

_AT_A_GLANCE = 6
_MOST_SAID = 12


def recognises(folder: Path, masks: Path | None = None) -> bool:
    """True where masks have more than one class, or number objects; looks at a few, and never raises."""
    try:
        return any(
            _is_more_than_binary(survey(_masks(pairs), _AT_A_GLANCE), _class_list(folder, mask_folder))
            for mask_folder, pairs, _ in _choices(folder, masks)
        )
    except UserError:
        return False


def find(folder: Path, masks: Path | None = None) -> Dataset:
    """Images with the masks of each folder of masks. Raises ``UserError`` where a folder or list can't be read."""
    layers = []
    for mask_folder, pairs, notes in _choices(folder, masks):
        meaning = _meaning(survey(_masks(pairs)), _class_list(folder, mask_folder))
        layers.append((mask_folder, pairs, notes, meaning))
    # The one that says most comes first: a mask of classes before one of black and white.
    layers.sort(key=lambda layer: -len(layer[3].classes))
    _, pairs, notes, meaning = layers[0]
    names = [LAYOUT if mask_folder is None else mask_folder.name for mask_folder, *_ in layers]
    others = tuple(
        Layer(name, other.classes, tuple(_by_image(pairs, other_pairs, other)))
        for name, (_, other_pairs, _, other) in zip(names[1:], layers[1:], strict=True)
    )
    images = tuple(FoundImage(each.image, None if each.mask is None else meaning.mask(each.mask)) for each in pairs)
    notes = [note for note in notes if not others or "several folders that may hold masks" not in note]
    return Dataset(
        LAYOUT, images, meaning.classes, (*notes, *meaning.notes), (), names[0] if others else "", others, upright=True
    )


def with_meaning(masks: Sequence[Path], folder: Path, mask_folder: Path) -> tuple[Meaning, list[MaskSource]]:
    """What ``masks`` in ``mask_folder`` mean for the images of ``folder``, and each of them."""
    meaning = _meaning(survey(masks), _class_list(folder, mask_folder))
    return meaning, [meaning.mask(path) for path in masks]


def _masks(pairs: Sequence[Pair]) -> list[Path]:
    return [each.mask for each in pairs if each.mask is not None]


def _class_list(folder: Path, mask_folder: Path | None) -> Path | None:
    return find_class_list(*(() if mask_folder is None else (mask_folder, mask_folder.parent)), folder)


def _is_more_than_binary(seen: Survey, list_file: Path | None) -> bool:
    """Masks of one class, 0 and 1, or of very many, count where there is a list that may name them.

    So does a low number that is white, where the list does name it.
    """
    alone = False
    if seen.kind == "binary" and list_file is not None:
        alone = seen.many or set(seen.values) <= {0, 1} or _names(list_file, max(seen.values))
    return alone or seen.kind in ("values", "objects", "colours")


def _names(list_file: Path, value: int) -> bool:
    return value <= MOST_ID and any(known.value == value for known in read_class_list(list_file))


def _by_image(pairs: Sequence[Pair], others: Sequence[Pair], meaning: Meaning) -> list[MaskSource | None]:
    masks = {each.image: each.mask for each in others}
    return [None if (mask := masks.get(each.image)) is None else meaning.mask(mask) for each in pairs]


def _choices(folder: Path, masks: Path | None) -> list[tuple[Path | None, list[Pair], list[str]]]:
    """Each folder of masks, its pairs, and what is odd about these; (None, ...) for masks beside their images."""
    candidates: list[Path | None] = [masks]
    if masks is None and any_folder.has_image_folder(folder):
        candidates = [*any_folder.mask_folders(folder)] or [None]
    return [(each, *any_folder.find_pairs(folder, each)) for each in candidates]


@dataclass(frozen=True)
class Meaning:
    """What the masks of one folder are."""

    kind: str
    classes: tuple[FoundClass, ...]
    notes: tuple[str, ...] = ()
    values: Mapping[int, int] | None = None
    colours: Mapping[Color, int] | None = None
    void: int = 0
    palette: Mapping[Color, int] = field(default_factory=dict)

    def mask(self, path: Path) -> MaskSource:
        """The mask in a file."""
        if self.colours is not None:
            return ColourMask(path, self.colours)
        if self.values is not None:
            return ValueMask(path, self.values, self.void, self.palette)
        return ObjectMask(path) if self.kind == "objects" else FileMask(path, binary=True)


def _meaning(seen: Survey, list_file: Path | None) -> Meaning:
    if list_file is not None and _is_more_than_binary(seen, list_file):
        listed = read_class_list(list_file)
        return _named(seen, listed, list_file.name)
    if seen.kind == "colours":
        return _unnamed_colours(seen)
    if seen.kind == "values":
        return _unnamed_values(seen)
    if seen.kind == "objects":
        return Meaning(
            seen.kind,
            (FoundClass(1, "object", "thing"),),
            (f"The masks number objects (up to {max(seen.values)}): each becomes one of a class.",),
        )
    return Meaning(seen.kind, (FoundClass(1),) if seen.kind == "binary" else ())


def _named(seen: Survey, listed: Sequence[Listed], list_name: str) -> Meaning:
    """By a list: classes are numbered from 1 in its order; what it calls background is none.

    Names count where the list does not say what is judged.
    """
    numbers: dict[int, int] = {}
    classes: list[FoundClass] = []
    for known in listed:
        if known.judged is None and means_nothing(known.name):
            numbers[known.value] = 0
            continue
        numbers[known.value] = len(classes) + 1
        void = means_void(known.name) if known.judged is None else not known.judged
        name = unmarked(known.name) if known.judged is None else known.name
        classes.append(FoundClass(len(classes) + 1, name, "void" if void else "stuff", known.color))
    unjudged = next((known.id for known in classes if known.kind == "void"), 0)
    notes = [f"The classes are named by “{list_name}”."]
    if unjudged:
        notes.append(f"“{classes[unjudged - 1].name}” is not judged: nothing is learned, predicted or scored there.")
    if seen.kind == "colours":
        colours = {known.color: numbers[known.value] for known in listed if known.color is not None}
        said = Counter(known.color for known in listed if known.color in seen.colours)
        shared = [_hex(color) for color, count in said.items() if count > 1 and color is not None]
        if shared:
            notes.append(f"“{list_name}” gives several classes one colour ({', '.join(shared[:3])}): the last counts.")
        missing = [color for color in seen.colours if color not in colours and any(color)]
        if missing:
            more = ", ".join(map(_hex, missing[:3]))
            notes.append(f"Colours that “{list_name}” does not name are in the masks: {more}.")
        return Meaning(seen.kind, tuple(classes), tuple(notes), colours=colours)
    strange = [value for value in seen.values if value not in numbers and value not in (0, VOID)]
    if strange:
        more = ", ".join(map(str, strange[:5]))
        notes.append(f"Values that “{list_name}” does not name are in the masks: {more}.")
    return Meaning("values", tuple(classes), tuple(notes), numbers, void=unjudged, palette=seen.palette)


def _unnamed_colours(seen: Survey) -> Meaning:
    colours = {color: number for number, color in enumerate((c for c in seen.colours if any(c)), start=1)}
    shares = ", ".join(f"{_hex(color)} ({100 * seen.colours[color]:.1f} %)" for color in list(colours)[:_MOST_SAID])
    shares += f" and {len(colours) - _MOST_SAID} more" if len(colours) > _MOST_SAID else ""
    return Meaning(
        seen.kind,
        tuple(FoundClass(number, _hex(color), color=color) for color, number in colours.items()),
        (f"Each colour of the masks is a class: {shares}. Name them; black is background.{_sampled(seen)}",),
        colours=colours,
    )


def _unnamed_values(seen: Survey) -> Meaning:
    """Each value keeps its number as long as these are low; a mask that was not looked at may have one in between."""
    # White beside greys is one of them; beside ids it is what nobody judges.
    spread = max(value for value in seen.values if value != VOID) > MOST_CLASSES
    values = [value for value in seen.values if value and (spread or value != VOID)]
    said = ", ".join(map(str, values[:_MOST_SAID])) + (" ..." if len(values) > _MOST_SAID else "")
    if max(values) <= MOST_CLASSES:
        numbers = {value: value for value in range(1, max(values) + 1)}
        classes = [FoundClass(number) for number in numbers]
    else:
        numbers = {value: number for number, value in enumerate(values, start=1)}
        classes = [FoundClass(number, f"value {value}") for value, number in numbers.items()]
    notes = [f"Nothing says what the values {said} of the masks mean: name them in order.{_sampled(seen)}"]
    void = 0
    if VOID in seen.values and not spread:
        void = len(classes) + 1
        classes.append(FoundClass(void, "void", "void"))
        notes.append("Where masks have 255, nobody judges.")
    return Meaning(seen.kind, tuple(classes), tuple(notes), numbers, void=void, palette=seen.palette)


def _sampled(seen: Survey) -> str:
    return "" if seen.looked_at == seen.of else f" {seen.looked_at} of {seen.of} masks were looked at."


def _hex(color: Color) -> str:
    return "#{:02x}{:02x}{:02x}".format(*color)
