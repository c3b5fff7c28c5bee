import shutil
from pathlib import Path

import numpy as np
from PIL import Image

from segstudio.app.import_check import check, count_copies, look_closely, pages_note
from segstudio.app.new_project import look_at
from segstudio.formats.dataset import Dataset, FoundImage
from segstudio.formats.file_mask import FileMask
from tests.helpers.studios import write_images


def pairs(folder: Path, count: int) -> Dataset:
    found = []
    for path in write_images(folder / "images", count):
        mask = folder / f"{path.stem}_mask.png"
        Image.fromarray(np.full((64, 96), 255, np.uint8)).save(mask)
        found.append(FoundImage(path, FileMask(mask, binary=True, one_region=True)))
    return Dataset("folder", tuple(found))


def test_a_whole_data_set_in_order_says_nothing(tmp_path: Path) -> None:
    checked = check(pairs(tmp_path, 3))
    assert (checked.looked_at, checked.pairs, checked.notes, checked.sentence) == (3, 3, (), "")


def test_sizes_broken_files_and_bugs_are_told_with_their_number(tmp_path: Path) -> None:
    found = pairs(tmp_path, 5)
    masks = [image.mask.files[0] for image in found.images if image.mask]
    Image.new("L", (9, 9), 255).save(masks[0])
    masks[1].write_bytes(b"no image")
    for path in masks[2:4]:
        Image.new("L", (96, 64)).save(path)
    checked = check(found)
    assert checked.notes[0].startswith("2 masks can't be taken. The mask “image_0")
    assert checked.notes[1].endswith("is empty. (1 more masks are odd like this.)")


def test_of_many_some_are_looked_at_the_same_ones_each_time(tmp_path: Path) -> None:
    found = pairs(tmp_path, 12)
    assert check(found, most=5).sentence == "5 of 12 masks were looked at."
    assert check(found, seconds=0).looked_at == 1


def test_a_bug_in_a_source_is_no_end(tmp_path: Path) -> None:
    class Broken:
        files = (tmp_path,)

        def read(self, size, orientation):  # type: ignore[no-untyped-def]
            raise ValueError("a bug")

    image = pairs(tmp_path, 1).images[0].image
    assert "(a bug)" in check(Dataset("folder", (FoundImage(image, Broken()),))).notes[0]


def test_what_a_folder_holds_and_how_it_looks(tmp_path: Path) -> None:
    pairs(tmp_path, 2)
    preview, checked = look_closely([tmp_path / "images"])
    assert (len(preview.found.images), checked.pairs) == (2, 0)


def test_copies_of_what_the_project_has_are_counted_whatever_they_are_called(tmp_path: Path) -> None:
    known = write_images(tmp_path / "known", 3)
    copies = tmp_path / "copies"
    copies.mkdir()
    shutil.copy(known[0], copies / "another name.png")
    shutil.copy(known[1], copies / known[2].name)
    # Of the same size, and yet another image.
    other = bytearray(known[2].read_bytes())
    other[-20] ^= 1
    (copies / "other.png").write_bytes(bytes(other))
    preview, checked = look_closely([copies], known=known)
    assert checked.notes[0].startswith("2 images are here already: they lie in another place, too")
    assert count_copies(preview.found, []) == 0
    assert count_copies(preview.found, known, seconds=0) == 0
    gone = tmp_path / "gone.png"
    assert count_copies(preview.found, [gone, *known]) == 2


def test_the_same_files_are_no_copies(tmp_path: Path) -> None:
    known = write_images(tmp_path / "known", 2)
    preview, checked = look_closely([tmp_path / "known"], known=known)
    assert (count_copies(preview.found, known), checked.notes) == (0, ())


def test_images_of_several_pages_are_said_of_which_the_first_is_taken(tmp_path: Path) -> None:
    pages = [Image.fromarray(np.full((8, 9), value, np.uint8)) for value in (1, 2, 3)]
    pages[0].save(tmp_path / "a.tif")
    assert pages_note(look_closely([tmp_path])[0].found) == ""
    pages[0].save(tmp_path / "b.tif", save_all=True, append_images=pages[1:])
    sentence = "A file has several pages, of which the first is taken: “b.tif” with 3."
    assert look_closely([tmp_path])[1].notes == (sentence,)
    pages[0].save(tmp_path / "c.tif", save_all=True, append_images=pages[1:])
    assert look_closely([tmp_path])[1].notes == (
        "2 files have several pages, of which the first is taken, for example “b.tif” with 3.",
    )


def test_files_that_are_no_images_are_told_before_a_project_is_made_of_them(tmp_path: Path) -> None:
    paths = write_images(tmp_path / "images", 3)
    assert look_at([tmp_path / "images"]).found.notes == ()
    (tmp_path / "images" / "a.jpg").write_bytes(b"")
    (note,) = look_at([tmp_path / "images"]).found.notes
    assert note.startswith("1 file can't be shown, but is in the list. “a.jpg” is empty (0 bytes).")
    paths[0].write_bytes(paths[0].read_bytes()[:20])
    preview = look_at([tmp_path / "images"])
    assert preview.found.notes[0].startswith("2 files can't be shown, but are in the list. “a.jpg” is empty")
    assert len(preview.found.images) == 4
