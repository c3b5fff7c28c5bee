"""The report on paper, looked at as a picture, and its dialog, with real events."""

from __future__ import annotations

import sys
import time
from dataclasses import replace

import numpy as np
import pypdfium2
import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QDesktopServices, QFontDatabase

from segstudio.__main__ import main
from segstudio.app.audit_words import local_time
from segstudio.app.measures import Picture, measure_picture
from segstudio.app.report import Reported, ReportHead
from segstudio.domain.audit import Head
from segstudio.domain.calibration import UNCALIBRATED, Calibration
from segstudio.domain.errors import UserError
from segstudio.domain.measure import outlines
from segstudio.domain.plane import UNSET
from segstudio.domain.segments import SegmentTable, make_classes
from segstudio.ui.dialogs.report import ReportDialog
from segstudio.ui.report_pdf import PdfWriter
from segstudio.ui.theme import ui_font
from tests.domain.figures import disc, paint

AT = "2026-01-01T10:00:00.000+00:00"
HEAD = ReportHead("2026-01-02T03:04:05+00:00", "1.2.3", "", Head(7, "ab" * 32), 1, False)
TABLE = SegmentTable.for_classes(make_classes(["lesion"]))


def an_image(name="", **fields) -> Reported:
    mask = disc(60, side=200)
    picture = Picture(
        paint(mask, (120, 70, 50), (220, 180, 165)), np.full(mask.shape, UNSET, np.uint16), mask.astype(np.uint16), None
    )
    rows = measure_picture(picture, tuple(TABLE), lesions=True)
    made = Reported(
        3, name, "", "approved", 200, 200, Calibration(0.05, "ruler"), "Dr. A", AT,
        "round 2 (0123456789ab)", rows, (tuple(outlines(mask)),), picture.pixels,
    )  # fmt: skip
    return replace(made, **fields)


def pages(path, *images, head=HEAD):
    writer = PdfWriter(path, head, ui_font().family())
    for image in images:
        writer.add(image)
    writer.finish()
    return pypdfium2.PdfDocument(path)


def text(page) -> str:
    return page.get_textpage().get_text_bounded()


def seen(page) -> np.ndarray:
    return np.asarray(page.render(scale=1).to_pil().convert("RGB"))


def test_a_page_says_it_all(qapp, tmp_path):
    document = pages(tmp_path / "a.pdf", an_image())
    assert len(document) == 1
    words = text(document[0])
    for said in (
        *("Image 3", f"approved by Dr. A, {local_time(AT, 'UTC')}", "round 2 (0123456789ab)", "0.05 mm", "ab" * 32),
        *("Longest diameter", " mm²", "do not diagnose", "Seen: dark brown", "Contrast, sector 8"),
    ):
        assert said in words
    assert (tmp_path / "a.pdf").exists()
    assert len(list(tmp_path.iterdir())) == 1


@pytest.mark.parametrize("count", [1, 2, 41])
def test_each_page_says_of_how_many_it_is(qapp, tmp_path, count):
    image = an_image(rows=(), problem="It can't be read.")
    document = pages(tmp_path / "a.pdf", *[image] * count, head=replace(HEAD, count=count, segments=1))
    assert len(document) == {1: 1, 2: 3, 41: 43}[count]
    for number in range(len(document)):
        assert f"page {number + 1} of {len(document)}" in text(document[number])


def test_of_several_segments_each_page_says_which_image_it_is_of(qapp, tmp_path):
    image = an_image()
    twice = replace(image, rows=image.rows * 2, borders=image.borders * 2)
    document = pages(tmp_path / "a.pdf", twice, image, head=replace(HEAD, count=2, segments=2))
    said = ["page 1 · image 1 of 2", "page 2 · image 1 of 2", "page 3 · image 2 of 2", "page 4 · all 2 images"]
    assert len(document) == 4
    assert all(words in text(page) for words, page in zip(said, document, strict=True))


def test_times_say_how_far_the_clock_is_from_utc(qapp, tmp_path, monkeypatch):
    try:
        monkeypatch.setenv("TZ", "XXX-5:30")
        time.tzset()
        words = text(pages(tmp_path / "a.pdf", an_image())[0])
    finally:
        monkeypatch.undo()
        time.tzset()
    assert "2026-01-01 15:30:00 UTC+05:30" in words
    assert "2026-01-02 08:34:05 UTC+05:30" in words


def test_a_rejected_image_is_called_so_on_its_page(qapp, tmp_path):
    words = text(pages(tmp_path / "a.pdf", an_image(state="rejected", reader="", read_at=""))[0])
    assert "rejected · model" in words
    assert "approved" not in words


def test_the_picture_and_its_outline_are_there(qapp, tmp_path):
    page = seen(pages(tmp_path / "a.pdf", an_image())[0]).astype(int)
    left = page[100:340, 40:290]
    brown = np.abs(left - (120, 70, 50)).max(axis=2) < 12
    blue = (left[..., 2] > left[..., 0] + 60) & (left[..., 2] > 150)
    assert brown.sum() > 5000
    assert 200 < blue.sum() < 5000
    # Nothing runs over the edge of the page.
    assert page[:, :36].min() > 240
    assert page[:, -36:].min() > 240


@pytest.mark.parametrize(
    ("name", "script"),
    [
        ("สมชาย ใจดี.png", QFontDatabase.WritingSystem.Thai),
        ("محمد علي.png", QFontDatabase.WritingSystem.Arabic),
        ("Ünal Öztürk.png", QFontDatabase.WritingSystem.Latin),
        ("山田太郎.png", QFontDatabase.WritingSystem.Japanese),
    ],
)
def test_names_in_any_script_are_drawn_with_their_letters(qapp, tmp_path, name, script):
    if not QFontDatabase.families(script):
        pytest.skip(f"no font for {script.name} is installed")
    stem = name.removesuffix(".png")
    one, boxes = (
        seen(pages(tmp_path / f"{n}.pdf", an_image(word))[0])[30:62] for n, word in enumerate((stem, "\ue000" * 8))
    )
    assert (one < 128).sum() > 100
    letters = {char for char in stem if char.isalpha()}
    found = text(pypdfium2.PdfDocument(tmp_path / "0.pdf")[0])
    assert len(letters & set(found)) >= 0.7 * len(letters)
    assert not np.array_equal(one, boxes)


def test_several_images_have_a_table_at_the_end(qapp, tmp_path):
    document = pages(tmp_path / "a.pdf", *(replace(an_image(), number=n) for n in range(1, 4)))
    assert len(document) == 4
    assert "All images" in text(document[3])
    assert "Image 2" in text(document[3])
    many = pages(tmp_path / "b.pdf", *(replace(an_image(rows=(), borders=()), number=n) for n in range(1, 60)))
    assert len(many) == 59 + 2


def test_the_columns_of_the_table_keep_apart(qapp, tmp_path):
    document = pages(tmp_path / "a.pdf", an_image(), replace(an_image(), number=4))
    head = np.asarray(document[2].render(scale=2).to_pil().convert("L"))[2 * 69 : 2 * 82]
    inked = np.flatnonzero((head < 200).any(axis=0))
    between = np.diff(inked)
    assert (between > 2 * 8).sum() == 5, "six columns, at least 8 points apart"


def test_the_table_at_the_end_says_of_each_mask_whether_somebody_approved_it(qapp, tmp_path):
    seen_by_nobody = an_image(number=4, state="predicted", reader="", read_at="")
    words = text(pages(tmp_path / "a.pdf", an_image(), seen_by_nobody, an_image(number=5, state="rejected"))[3])
    lines = {line.split(" ")[1]: line for line in words.splitlines() if line.startswith("Image ")}
    assert " approved " in lines["3"]
    assert "not approved" not in lines["3"]
    assert " not approved " in lines["4"]
    assert " rejected " in lines["5"]


def test_the_table_at_the_end_marks_what_is_cut_by_the_images_edge(qapp, tmp_path):
    (row,) = an_image().rows
    cut = an_image(number=4, rows=(replace(row, shape=replace(row.shape, frame=True)),))
    words = text(pages(tmp_path / "a.pdf", an_image(), cut, an_image(number=5))[3])
    assert "* Cut by the image's edge: sizes are the least" in words
    marked = [line for line in words.splitlines() if line.startswith("*") and "Image" in line]
    assert len(marked) == 1
    assert "Image 4" in marked[0]
    whole = text(pages(tmp_path / "b.pdf", an_image(), an_image(number=5))[2])
    assert "*" not in whole
    assert "Cut by" not in whole


def test_the_doubt_is_explained_where_there_is_one_to_read(qapp, tmp_path):
    (row,) = an_image().rows
    sure = replace(row, low=row.values, high=row.values)
    doubted = replace(sure, high={**row.values, "area": row.values["area"] * 1.2})
    for number, (shown, explained) in enumerate(((row, False), (sure, False), (doubted, True))):
        words = text(pages(tmp_path / f"{number}.pdf", an_image(rows=(shown,)))[0])
        assert ("At the right of a value" in words) == explained


def test_who_says_how_large_a_pixel_is_stands_below_lengths_in_millimetres_alone(qapp, tmp_path):
    ruled, unset = an_image(), an_image(calibration=UNCALIBRATED)
    words = [text(pages(tmp_path / f"{number}.pdf", image)[0]) for number, image in enumerate((ruled, unset))]
    assert "Lengths: by the ruler drawn on this image." in words[0]
    assert "Lengths:" not in words[1]
    assert words[1].count("lengths are in pixels") == 1


def test_from_which_share_on_a_colour_is_seen_is_said_where_colours_are(qapp, tmp_path):
    image = an_image()
    plain = an_image(rows=tuple(replace(row, lesion=None) for row in image.rows))
    words = [text(pages(tmp_path / f"{number}.pdf", one)[0]) for number, one in enumerate((image, plain))]
    assert "from these shares on: light brown 40 %, dark brown 5 %, the others 2 % or less." in words[0]
    assert "count as seen" not in words[1]


def test_what_could_not_be_measured_says_so_on_its_page(qapp, tmp_path):
    broken = an_image(rows=(), borders=(), picture=None, problem="The image's file can't be read.")
    empty = an_image(rows=(), borders=())
    document = pages(tmp_path / "a.pdf", broken, empty)
    assert "can't be read" in text(document[0])
    assert "Nothing is in this image's mask" in text(document[1])


def test_a_folder_that_may_not_be_written_is_a_sentence(qapp, tmp_path):
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(UserError, match="Choose another folder"):
        PdfWriter(tmp_path / "file" / "a.pdf", HEAD, ui_font().family())


def test_giving_up_leaves_nothing(qapp, tmp_path):
    writer = PdfWriter(tmp_path / "a.pdf", HEAD, ui_font().family())
    writer.add(an_image())
    writer.abandon()
    writer.abandon()
    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(sys.platform != "linux", reason="stands in for a full disk where files can be bounded")
def test_where_the_disk_is_full_the_report_before_stays(qapp, tmp_path):
    import resource

    pages(tmp_path / "a.pdf", an_image())
    before = (tmp_path / "a.pdf").read_bytes()
    writer = PdfWriter(tmp_path / "a.pdf", HEAD, ui_font().family())
    bounds = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, bounds[1]))
    try:
        for _ in range(3):
            writer.add(an_image())
        with pytest.raises(UserError, match="could not be written to the end"):
            writer.finish()
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, bounds)
    assert (tmp_path / "a.pdf").read_bytes() == before
    assert [path.name for path in tmp_path.iterdir()] == ["a.pdf"]


def open_dialog(rig) -> ReportDialog:
    rig.window.actions_table.by_id["report"].trigger()
    dialog = rig.window.findChild(ReportDialog)
    assert dialog is not None
    return dialog


def test_a_report_is_written_from_the_window_while_strokes_go_on(rig, tmp_path):
    rig.new_project(3)
    rig.drag([(20, 20), (40, 30)])
    rig.settle()
    dialog = open_dialog(rig)
    assert dialog.identifiers.isChecked() is False
    rig.qtbot.mouseClick(
        dialog.choices["all"][0], Qt.MouseButton.LeftButton, pos=dialog.choices["all"][0].rect().center()
    )
    dialog.choices["all"][0].setChecked(True)
    dialog.files["csv"].click()
    dialog.folder.setText(str(tmp_path / "report"))
    rig.qtbot.mouseClick(dialog.write, Qt.MouseButton.LeftButton)
    assert rig.session.reporting.busy
    rig.drag([(60, 20), (70, 30)])
    rig.wait(lambda: not rig.session.reporting.busy)
    rig.wait(lambda: rig.window.findChild(ReportDialog) is None)
    assert sorted(path.name for path in (tmp_path / "report").iterdir()) == ["measures.csv", "measures.pdf"]
    document = pypdfium2.PdfDocument(tmp_path / "report" / "measures.pdf")
    assert len(document) == 4
    assert "page 2 of 4" in text(document[1])
    assert "image_00" not in text(document[0])
    assert "3 images is written" in rig.window.canvas_banner.message.sentence


@pytest.mark.parametrize(("ticked", "opened"), [((), "measures.pdf"), (("csv",), "")])
def test_what_was_written_is_opened_where_it_is_told_of(rig, tmp_path, monkeypatch, ticked, opened):
    urls = []
    monkeypatch.setattr(QDesktopServices, "openUrl", lambda url: urls.append(url.toLocalFile()))
    rig.new_project(2)
    dialog = open_dialog(rig)
    for name in ticked:
        dialog.files[name].click()
    dialog.folder.setText(str(tmp_path / "out & <b>"))
    dialog.write.click()
    rig.wait(lambda: not rig.session.reporting.busy)
    banner = rig.window.canvas_banner
    rig.wait(banner.action.isVisible)
    assert banner.action.text() == "Open"
    rig.qtbot.mouseClick(banner.action, Qt.MouseButton.LeftButton)
    assert urls == [str(tmp_path / "out & <b>" / opened)]
    assert not banner.isVisible()


def test_what_is_there_is_replaced_only_when_pressed_twice(rig, tmp_path):
    rig.new_project(2)
    (tmp_path / "measures.pdf").write_text("mine")
    dialog = open_dialog(rig)
    dialog.folder.setText(str(tmp_path))
    dialog.write.click()
    assert not rig.session.reporting.busy
    assert "will be replaced" in dialog.said.text()
    assert (tmp_path / "measures.pdf").read_text() == "mine"
    dialog.folder.setText(str(tmp_path / "elsewhere"))
    assert dialog.said.text() == "", "nothing there is replaced"
    dialog.folder.setText(str(tmp_path))
    dialog.write.click()
    dialog.write.click()
    rig.wait(lambda: not rig.session.reporting.busy)
    assert (tmp_path / "measures.pdf").read_bytes().startswith(b"%PDF")


def test_the_filtered_list_is_a_choice(rig):
    rig.new_project(4)
    dialog = open_dialog(rig)
    unfiltered = dialog.choices["selected"][0]
    assert not unfiltered.isEnabled()
    assert unfiltered.text() == "Those that the filtered list shows (filter it first)"
    dialog.stop.click()
    rig.wait(lambda: rig.window.findChild(ReportDialog) is None)
    rig.window.images.search.setText("image_02")
    dialog = open_dialog(rig)
    dialog.choices["selected"][0].setChecked(True)
    assert dialog.image_ids == [rig.session.records[2].id]
    dialog.stop.click()


def test_on_the_command_line(rig, tmp_path, capsys):
    session = rig.new_project(2)
    folder = session.folder
    rig.drag([(20, 20), (40, 30)])
    rig.settle()
    assert rig.studio.close_project()
    with pytest.raises(SystemExit) as ended:
        main(["measure", str(folder), "--csv", str(tmp_path / "m.csv"), "--pdf", str(tmp_path / "m.pdf")])
    assert ended.value.code == 0
    assert "2 images measured" in capsys.readouterr().out
    document = pypdfium2.PdfDocument(tmp_path / "m.pdf")
    assert len(document) == 3
    assert "page 3 of 3" in text(document[2])
    with pytest.raises(SystemExit) as ended:
        main(["measure", str(folder)])
    assert ended.value.code == 1
    assert "--csv FILE" in capsys.readouterr().err
