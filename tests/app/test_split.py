"""Which images are never trained on: by groups, for ever, wherever files go and whatever they are called."""

import numpy as np
import pytest
from PIL import Image

from segstudio.app.import_runner import ImportRunner
from segstudio.app.importing import ImportPlan
from segstudio.app.new_project import NewProject
from segstudio.domain.annotation import ImageState
from segstudio.formats.dataset import FoundImage
from segstudio.formats.file_mask import FileMask
from segstudio.protocol.round_folder import read_request
from tests.helpers.studios import StudioRig, approve, write_images


def open_project(rig: StudioRig, paths, masks=None):
    found = tuple(
        FoundImage(path, FileMask(mask) if mask else None)
        for path, mask in zip(paths, masks or [None] * len(paths), strict=True)
    )
    how = "approved" if masks else "none"
    rig.studio.new_project(NewProject(rig.folder / "p.segstudio", found, ("lesion",), how))
    rig.wait(lambda: rig.studio.session is not None)
    rig.session.rounds.automatic = False
    rig.settle()
    return rig.session


def take_in(rig, paths):
    """Import images with a mask each, approved."""
    mask = np.zeros((64, 96), np.uint8)
    mask[10:30, 20:60] = 255
    (rig.folder / "masks").mkdir(exist_ok=True)
    coming = []
    for path in paths:
        Image.fromarray(mask).save(rig.folder / "masks" / path.name)
        coming.append(FoundImage(path, FileMask(rig.folder / "masks" / path.name)))
    count = len(rig.session.records) + len(paths)
    rig.session.importer.run(ImportPlan(tuple(coming), "approved"))
    rig.wait(lambda: rig.session.importer.progress is None and len(rig.session.records) == count)
    rig.settle()


def write_takes(folder, takes=8, frames=4):
    """Frames of several videos, each seen by two cameras."""
    paths = write_images(folder, takes * frames)
    numbers = [(take, frame) for take in range(takes) for frame in range(frames)]
    names = [f"Jazz_Jazz{take}_C{frame % 2}_{45 * (frame // 2):05d}.png" for take, frame in numbers]
    return [path.rename(path.with_name(name)) for path, name in zip(paths, names, strict=True)]


def sides(session):
    """By take: the sides that its frames are on."""
    found = {}
    for record in session.records:
        found.setdefault(record.group, set()).add(record.held_out)
    return found


def roles(session, number):
    folder = session.folder / "rounds" / f"{number:04d}"
    return {image.image_id: image.role for image in read_request(folder).images}


def test_all_frames_of_a_video_are_on_one_side(rig):
    session = open_project(rig, write_takes(rig.folder / "images"))
    approve(rig, 32)
    found = sides(session)
    assert len(found) == 8
    assert all(len(side) == 1 for side in found.values())
    assert {True} in found.values()
    assert found[session.records[0].group] == {False}, "the first three are trained on, and their video with them"
    assert sides(rig.reopen()) == found


def test_files_that_are_moved_and_renamed_stay_on_their_side(rig):
    session = open_project(rig, write_takes(rig.folder / "images", takes=14, frames=2))
    for record in session.records[::2]:
        rig.show(record.id)
        rig.stroke((30, 30))
        session.approve()
    rig.settle()
    before = {record.id: record.held_out for record in session.records[::2]}
    by_group = {record.group: record.held_out for record in session.records[::2]}
    assert set(before.values()) == {True, False}
    elsewhere = rig.folder / "elsewhere"
    elsewhere.mkdir()
    for number, record in enumerate(session.records):
        moved = record.path.rename(elsewhere / f"{97 * number % 28:02d}.png")
        session.files.relocate(record.id, moved)
        rig.settle()
    session = rig.reopen()
    session.rounds.automatic = False
    assert {record.id: record.held_out for record in session.records[::2]} == before
    for record in session.records[1::2]:
        rig.show(record.id)
        rig.stroke((30, 30))
        session.approve()
    rig.settle()
    assert all(record.held_out is by_group[record.group] for record in session.records[1::2])


def test_a_picture_saved_anew_goes_where_the_first_went(rig, monkeypatch):
    paths = write_images(rig.folder / "images", 6, (128, 96))
    with Image.open(paths[3]) as image:
        again = rig.folder / "images" / "saved anew.jpg"
        image.resize((96, 72)).save(again, quality=60)
    session = open_project(rig, [*paths, again])
    with monkeypatch.context() as patch:
        patch.setattr("segstudio.domain.groups.holds_out", lambda _identity, before, *_: before == 3)
        approve(rig, 4)
    assert [record.held_out for record in session.records[:4]] == [False, False, False, True]
    rig.show(session.records[6].id)
    session.approve()
    rig.settle()
    assert session.records[6].held_out is True
    assert rig.reopen().records[6].held_out is True


def test_masks_that_were_there_are_split_by_groups_too(rig):
    paths = write_takes(rig.folder / "images")
    masks = []
    for path in paths:
        mask = np.zeros((64, 96), np.uint8)
        mask[10:30, 20:50] = 255
        masks.append(rig.folder / "masks" / path.name)
        masks[-1].parent.mkdir(exist_ok=True)
        Image.fromarray(mask).save(masks[-1])
    session = open_project(rig, paths, masks)
    found = sides(session)
    assert all(record.state is ImageState.APPROVED for record in session.records)
    assert all(len(side) == 1 for side in found.values())
    assert {True} in found.values()
    assert all(record.perceptual is not None for record in session.records)


def test_a_video_alone_is_scored_on_parts_of_itself(rig):
    paths = write_images(rig.folder / "images", 40)
    session = open_project(rig, [path.rename(path.with_name(f"walk_{n:05d}.png")) for n, path in enumerate(paths)])
    approve(rig, 40)
    found = sides(session)
    assert len(found) == 5
    assert all(len(side) == 1 for side in found.values())
    assert sum(bool(record.held_out) for record in session.records) == 8


@pytest.fixture
def held_out(rig, monkeypatch):
    """A session in which the fourth take is held out, by its first frame."""
    session = open_project(rig, write_takes(rig.folder / "images"))
    monkeypatch.setattr("segstudio.domain.groups.holds_out", lambda _identity, before, *_: before == 3)
    for number in (0, 1, 2, 12):
        rig.show(session.records[number].id)
        rig.stroke((30, 30), (50, 40))
        session.approve()
    rig.settle()
    assert session.records[12].held_out is True
    return session


def test_what_was_painted_in_a_video_that_is_held_out_is_not_trained_on(rig, held_out):
    mate, other = held_out.records[13].id, held_out.records[30].id
    for image_id in (mate, other):
        rig.show(image_id)
        rig.stroke((20, 20))
    held_out.rounds.start()
    rig.settle()
    found = roles(held_out, 1)
    assert mate not in found
    assert found[other] == "train"
    assert found[held_out.records[12].id] == "held_out"
    rig.show(mate)
    held_out.approve()
    held_out.rounds.start()
    rig.settle()
    assert roles(held_out, 2)[mate] == "held_out"


def test_no_round_is_scored_on_a_few_painted_pixels(rig, held_out):
    """A held-out image whose approval was taken back is of no use until its whole mask is vouched for again."""
    image_id = held_out.records[12].id
    rig.show(image_id)
    held_out.reopen(image_id)
    held_out.rounds.start()
    rig.settle()
    assert image_id not in roles(held_out, 1)
    rig.show(image_id)
    held_out.approve()
    held_out.rounds.start()
    rig.settle()
    assert roles(held_out, 2)[image_id] == "held_out"


@pytest.mark.parametrize("again", [False, True])
def test_what_a_round_learned_of_an_import_that_was_undone_is_never_held_out(rig, again):
    paths = write_images(rig.folder / "images", 40)
    session = open_project(rig, paths[:20])
    take_in(rig, paths[20:])
    session.rounds.start()
    rig.settle()
    learned = {
        image.image for image in read_request(session.folder / "rounds" / "0001").images if image.role == "train"
    }
    assert len(learned) > 12
    session.importer.undo()
    rig.wait(lambda: len(session.records) == 20)
    rig.settle()
    if again:
        session = rig.reopen()
        session.rounds.automatic = False
    approve(rig, 20)
    assert sum(record.held_out for record in session.records) in (3, 4, 5), "what is gone counts for no share"
    take_in(rig, paths[20:])
    assert not [record.name for record in session.records if str(record.path) in learned and record.held_out]
    session.rounds.start()
    rig.settle()
    known = session.book.learned[1]
    assert {str(record.path) for record in session.records if record.id in known} == learned


@pytest.mark.parametrize("moment", ["_close_in", "_decide", "_approve"])
@pytest.mark.parametrize("take", [3, 5, 7])
def test_what_is_approved_while_an_import_is_decided_is_on_the_side_of_its_video(rig, monkeypatch, take, moment):
    paths = write_takes(rig.folder / "images", takes=8, frames=6)
    session = open_project(rig, paths[::6])
    (rig.folder / "masks").mkdir()
    coming = []
    for path in paths:
        if path not in paths[::6]:
            mask = np.zeros((64, 96), np.uint8)
            mask[10:30, 20:60] = 255
            Image.fromarray(mask).save(rig.folder / "masks" / path.name)
            coming.append(FoundImage(path, FileMask(rig.folder / "masks" / path.name)))
    rig.show(next(record.id for record in session.records if f"Jazz{take}_" in record.name))
    rig.stroke((30, 30), (50, 40))
    rig.settle()
    real, approved = getattr(ImportRunner, moment), []

    def approving(self, *args):
        if not approved:
            approved.append(take)
            session.approve()
        real(self, *args)

    monkeypatch.setattr(ImportRunner, moment, approving)
    session.importer.run(ImportPlan(tuple(coming), "approved"))
    rig.wait(lambda: session.importer.progress is None and len(session.records) == 48)
    rig.settle()
    assert approved
    assert all(len(side - {None}) == 1 for side in sides(session).values())
