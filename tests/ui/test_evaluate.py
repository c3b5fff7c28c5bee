"""The page on which masks and models are evaluated, by mouse and keys, on real files; models run in a real worker."""

from __future__ import annotations

import csv
import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from PySide6.QtCore import QSize, Qt
from PySide6.QtWidgets import QFileDialog

from segstudio.app.evaluation import Case, Plan, evaluate
from segstudio.app.evaluation_report import report, write_csv
from segstudio.app.new_project import NewProject
from segstudio.app.reports import write_json
from segstudio.domain.errors import UserError
from segstudio.formats.dataset import FoundImage
from segstudio.formats.demo import write_demo
from segstudio.formats.file_mask import FileMask
from segstudio.ui.evaluate import tables
from segstudio.ui.evaluate.page import EvaluatePage
from segstudio.ui.evaluate.results import DIFFERENCE, notice
from segstudio.ui.evaluate.side_names import short_names
from segstudio.ui.evaluate.worst import LargePicture
from segstudio.ui.scroll_part import ScrollBody
from segstudio.ui.widgets import FRAME_ROOM
from tests.helpers.studios import write_images

LEFT, Key = Qt.MouseButton.LeftButton, Qt.Key
pytestmark = pytest.mark.qt_log_ignore("does not support (propagateSizeHints|raise)", extend=True)


def square(path: Path, x: int, size: tuple[int, int] = (96, 64)) -> None:
    mask = np.zeros(size[::-1], np.uint8)
    mask[10:40, x : x + 30] = 255
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(mask).save(path)


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """Eight images with truth, good and worse masks, in two groups."""
    rows = ["image,camera"]
    for number, image in enumerate(write_images(tmp_path / "images", 8)):
        square(tmp_path / "truth" / image.name, 20)
        square(tmp_path / "good" / image.name, 20 + number % 2)
        square(tmp_path / "bad" / image.name, 23 + number)
        rows.append(f"{image.name},{'left' if number < 4 else 'right'}")
    (tmp_path / "table.csv").write_text("\n".join(rows))
    return tmp_path


def open_page(rig) -> EvaluatePage:
    menu = next(action.menu() for action in rig.window.menuBar().actions() if action.text() == "M&odel")
    next(action for action in menu.actions() if action.text() == "Evaluate…").trigger()
    page = rig.window.findChild(EvaluatePage)
    assert page is not None
    rig.qtbot.waitExposed(page)
    return page


def choose(rig, combo, words: str) -> None:
    """Pick an entry with the keyboard."""
    combo.setFocus()
    while combo.currentText() != words:
        before = combo.currentIndex()
        rig.qtbot.keyClick(combo, Key.Key_Down)
        if combo.currentIndex() == before:
            rig.qtbot.keyClick(combo, Key.Key_Home)
            while combo.currentText() != words:
                rig.qtbot.keyClick(combo, Key.Key_Down)


def pick(rig, page: EvaluatePage, words: str, path: Path) -> None:
    """Answer a row's file dialog."""
    row = next(row for row in page.form.places if row.isVisible() and row.title.text() == words)
    rig.qtbot.mouseClick(row.choose, LEFT)
    dialog = row.findChild(QFileDialog)
    dialog.fileSelected.emit(str(path))
    dialog.close()
    rig.wait(lambda: row.name.full() == path.name)


def run(rig, page: EvaluatePage) -> None:
    rig.qtbot.mouseClick(page.form.evaluate, LEFT)
    rig.qtbot.waitUntil(lambda: not page.evaluator.busy, timeout=60_000)


def cells(page: EvaluatePage, row: int) -> list[str]:
    table = page.results.table
    return [item.text() for place in range(table.columnCount()) if (item := table.item(row, place)) is not None]


def pictured(page: EvaluatePage) -> bool:
    """Every thumbnail shows an image: none is of one colour."""
    icons = [page.results.worst.item(row).icon() for row in range(page.results.worst.count())]
    images = [icon.pixmap(icon.availableSizes()[0]).toImage() for icon in icons]
    return all(image.pixelColor(84, 63) != image.pixelColor(20, 100) for image in images)


def approve_before_and_after_a_round(rig) -> None:
    """Three images, a round, and two of those that have its mask."""
    for _ in range(3):
        rig.drag([(20, 20), (50, 20)])
        rig.session.approve()
        rig.settle()
    rig.wait(lambda: all(record.prediction_round is not None for record in rig.session.records[3:]))
    for record in list(rig.session.records[3:5]):
        rig.session.open_image(record.id)
        rig.settle()
        rig.drag([(20, 20), (50, 20)])
        rig.session.approve()
        rig.settle()


def test_on_a_laptop_s_screen_all_that_came_out_is_in_sight(rig, data):
    page = open_page(rig)
    pick(rig, page, "Masks", data / "good")
    pick(rig, page, "True masks", data / "truth")
    run(rig, page)
    laptop = QSize(1302, 704)  # on a screen of 1366 x 768
    page.resize(laptop)
    rig.wait(lambda: page.size() == laptop)
    body = page.findChild(ScrollBody)
    rig.wait(lambda: body.verticalScrollBar().maximum() == 0)
    worst = page.results.worst
    assert page.rect().contains(worst.mapTo(page, worst.rect().bottomRight()))


def test_what_came_out_is_not_taken_for_the_answer_to_another_question(rig, data):
    page = open_page(rig)
    older = page.results.older
    pick(rig, page, "Masks", data / "good")
    pick(rig, page, "True masks", data / "truth")
    run(rig, page)
    assert page.results.isVisible()
    assert not older.isVisible()
    pick(rig, page, "Masks", data / "bad")
    assert older.isVisible()
    pick(rig, page, "Masks", data / "good")
    assert not older.isVisible(), "that is what was asked"
    pick(rig, page, "Masks", data / "bad")
    run(rig, page)
    assert not older.isVisible()


@pytest.mark.parametrize("sides", [1, 2])
def test_on_a_low_screen_the_page_scrolls_and_its_foot_is_in_sight(rig, data, sides):
    names = [f"segmentations_by_the_{which}_network_of_2025" for which in ("first", "second")]
    for name, masks in zip(names, ("good", "bad"), strict=True):
        shutil.copytree(data / masks, data / name)
    page = open_page(rig)
    pick(rig, page, "Masks", data / names[0])
    pick(rig, page, "True masks", data / "truth")
    if sides == 2:
        pick(rig, page, "Other masks, side by side", data / names[1])
    run(rig, page)
    low = QSize(853, 480) - FRAME_ROOM  # a screen of 1280 x 720 whose text is half as large again
    page.resize(low)
    rig.wait(lambda: page.size() == low)
    results = page.results
    for part in (results.headline, results.json, page.form.evaluate):
        assert page.rect().contains(part.mapTo(page, part.rect().bottomRight()))
        assert part.height() >= part.minimumSizeHint().height()
    assert results.table.height() >= results.table.minimumSizeHint().height()
    page.findChild(ScrollBody).ensureWidgetVisible(results.worst)
    assert page.rect().contains(results.worst.mapTo(page, results.worst.rect().bottomRight()))


def test_on_a_laptop_the_worst_images_are_in_sight_without_scrolling(rig, data):
    page = open_page(rig)
    pick(rig, page, "Masks", data / "good")
    pick(rig, page, "True masks", data / "truth")
    run(rig, page)
    page.resize(1280, 656)
    rig.wait(lambda: page.height() == 656)
    body = page.findChild(ScrollBody)
    rig.wait(lambda: body.verticalScrollBar().maximum() == 0)
    assert page.rect().contains(page.results.worst.mapTo(page, page.results.worst.rect().bottomRight()))
    assert page.results.table.height() > page.results.worst.height()


def test_folders_with_no_project(rig, data):
    page = open_page(rig)
    assert page.form.kind.count() == 2, "what is about a project is not offered"
    assert not page.form.evaluate.isEnabled()
    assert "the folder of masks" in page.form.lack.text()
    pick(rig, page, "Masks", data / "good")
    pick(rig, page, "True masks", data / "truth")
    pick(rig, page, "Images, for the pictures", data / "images")
    pick(rig, page, "Table of groups (CSV)", data / "table.csv")
    run(rig, page)
    assert page.right.currentWidget() is page.results
    dice = page.evaluator.result.lines()[0].measures["dice"].mean
    assert dice == pytest.approx((1 + 29 / 30) / 2)
    assert page.results.headline.text().startswith(f"Mean Dice {dice:.3f}, likely between")
    assert cells(page, 0)[:3] == ["All images", "8", f"{dice:.3f}"]
    assert cells(page, 4) == ["By camera"]
    assert [cells(page, row)[:2] for row in (5, 6)] == [["left", "4"], ["right", "4"]]
    assert sum(page.results.plot.counts[0]) == 8
    highest = max(page.results.plot.counts[0])
    assert list(page.results.plot.ticks) == list(range(highest + 1)), "images are whole"
    assert page.results.table.horizontalHeaderItem(6).text() == "HD95 (px)"
    assert page.results.worst.count() == 8
    rig.wait(lambda: pictured(page))
    # The worst by another measure.
    choose(rig, page.results.measure, "HD95 (px)")
    page.results.measure.activated.emit(page.results.measure.currentIndex())
    assert "1.0" in page.results.worst.item(0).text()
    # A double-click shows it large, since it is of no project.
    item = page.results.worst.item(0)
    rig.qtbot.mouseClick(page.results.worst.viewport(), LEFT, pos=page.results.worst.visualItemRect(item).center())
    rig.qtbot.mouseDClick(page.results.worst.viewport(), LEFT, pos=page.results.worst.visualItemRect(item).center())
    rig.wait(lambda: page.findChild(LargePicture) is not None)
    page.findChild(LargePicture).close()


def test_long_names_of_folders_leave_the_window_its_size_and_are_told_apart(rig, data, monkeypatch):
    monkeypatch.setattr(tables, "BESIDE", 0)  # as on a screen that is wide enough
    names = [f"segmentations_by_the_{which}_network_of_2025" for which in ("first", "second")]
    for name, masks in zip(names, ("good", "bad"), strict=True):
        shutil.copytree(data / masks, data / name)
    page = open_page(rig)
    for words, name in (("Masks", names[0]), ("True masks", "truth"), ("Other masks, side by side", names[1])):
        pick(rig, page, words, data / name)
    run(rig, page)
    rig.wait(lambda: page.results.isVisible() and page.results.worst.count() > 0)
    results = page.results
    line = results.worst_title.minimumSizeHint().width() + results.legend.minimumSizeHint().width()
    assert line < results.table.minimumWidth(), "what the table needs decides how wide the window is"
    table = results.table
    assert table.columnViewportPosition(4) + table.columnWidth(4) <= table.viewport().width(), "what counts is in sight"
    assert table.columnWidth(0) >= table.sizeHintForColumn(0), "and one reads what it is of"
    heads = [page.results.table.horizontalHeaderItem(place) for place in (1, 2)]
    assert [head.text() for head in heads] == ["…e_first_netw…", "…e_second_net…"]
    assert [head.toolTip() for head in heads] == names


def test_names_are_cut_where_they_are_alike():
    assert short_names(("good", "bad")) == ("good", "bad")
    assert short_names(("a" * 30,)) == (f"{'a' * 13}…",)
    for names in (("x" * 40 + "1", "x" * 40 + "2"), ("1" + "x" * 40, "2" + "x" * 40), ("x" * 14, "x" * 15)):
        short = short_names(names)
        assert len(set(short)) == 2
        assert all(len(name) <= 14 for name in short)


def test_what_was_taken_for_granted_is_said():
    ids = np.zeros((4, 4), np.uint16)
    found = evaluate(Plan(("a",), "b", (Case("x", lambda: (ids, ids)),), note="Where it is 255, nothing is judged."))
    assert notice(found) == "Where it is 255, nothing is judged."


def test_two_sides_and_what_is_exported(rig, data):
    page = open_page(rig)
    (data / "good" / "alone.png").write_bytes(b"")
    for words, folder in (("Masks", "good"), ("True masks", "truth"), ("Other masks, side by side", "bad")):
        pick(rig, page, words, data / folder)
    run(rig, page)
    results = page.results
    assert results.notice.full() == "1 mask has no partner."
    assert results.side.isVisible()
    assert results._side == DIFFERENCE
    assert "more than chance would do" in results.headline.text()
    assert cells(page, 0)[0] == "Dice"
    assert cells(page, 0)[-2:] == ["0", "8"]
    assert "image_06" in results.worst.item(0).text(), "where the second side lost most"
    results.side.setFocus()
    rig.qtbot.keyClick(results.side, Key.Key_Down)
    assert results.side.currentText() == "good"
    results.side.activated.emit(results.side.currentIndex())
    assert cells(page, 0)[0] == "All images"
    rig.qtbot.mouseClick(results.csv, LEFT)
    dialog = results.findChild(QFileDialog)
    dialog.fileSelected.emit(str(data / "out.csv"))
    dialog.close()
    rig.wait(lambda: "Written to" in results.notice.full())
    rows = list(csv.DictReader((data / "out.csv").read_text().splitlines()))
    assert [row["image"] for row in rows] == [f"Image {number}" for number in range(1, 9)]
    results.export(data / "out.json", lambda path, found: write_json(path, report(found)))
    rig.wait(lambda: "out.json" in results.notice.full())
    assert json.loads((data / "out.json").read_text())["count"] == 8
    assert "image_0" not in (data / "out.json").read_text()
    rig.qtbot.keyClick(results.identifiers, Key.Key_Space)
    results.say("")
    results.export(data / "out.json", lambda path, found: write_json(path, report(found)))
    rig.wait(lambda: "out.json" in results.notice.full())
    assert json.loads((data / "out.json").read_text())["images"][0]["name"] == "image_00"
    results.export(data / "out.csv" / "no folder.csv", write_csv)
    rig.wait(lambda: results.notice.property("tone") == "bad")
    # What was left out goes when the row says so.
    row = next(row for row in page.form.places if row.title.text() == "Other masks, side by side")
    rig.qtbot.mouseClick(row.forget, LEFT)
    run(rig, page)
    assert not results.side.isVisible()


def test_a_projects_model_and_its_approved_masks(rig):
    rig.new_project(6)
    approve_before_and_after_a_round(rig)
    page = open_page(rig)
    assert page.form.form.draft.kind == "approved"
    assert page.form.evaluate.isEnabled()
    run(rig, page)
    assert cells(page, 0)[:2] == ["All images", "2"]
    # The second time it is the same page; a double-click opens the image in the project.
    assert open_page(rig) is page
    first = page.evaluator.result.cases[page.results.worst.place(0)].image_id
    rig.open(0)
    assert rig.session.current_id != first
    page.results.worst.setCurrentRow(0)
    page.results.worst.setFocus()
    rig.qtbot.keyClick(page.results.worst, Key.Key_Return)
    rig.wait(lambda: rig.session.current_id == first)
    # Here it lay over the image: it made way, and is there again as it was.
    assert not page.isVisible()
    rig.wait(rig.window.canvas_banner.action.isVisible)
    rig.window.canvas_banner.action.click()
    rig.qtbot.waitExposed(page)
    assert cells(page, 0)[:2] == ["All images", "2"]
    page.hide()
    assert open_page(rig) is page
    assert page.isVisible()
    choose(rig, page.form.kind, "This project and true masks")
    page.form.kind.activated.emit(page.form.kind.currentIndex())
    assert "No image of this project has a true mask" in page.form.lack.text()
    # The page goes with the project, in sight or not.
    page.hide()
    rig.studio.close_project()
    rig.wait(lambda: rig.window.findChild(EvaluatePage) is None)


def test_a_page_beside_the_window_stays_where_it_opens_an_image(rig):
    rig.new_project(6)
    approve_before_and_after_a_round(rig)
    page = open_page(rig)
    run(rig, page)
    page.move(rig.window.frameGeometry().right() + 10, 0)
    page.results.worst.setCurrentRow(0)
    rig.qtbot.keyClick(page.results.worst, Key.Key_Return)
    rig.settle()
    assert page.isVisible()
    assert rig.window.canvas_banner.message is None or "made way" not in rig.window.canvas_banner.message.sentence


def test_a_project_is_what_the_page_begins_with_and_its_diagnoses_are_there_to_choose(rig):
    attributes = [
        {"Clinical diagnosis": "naevus" if number < 4 else "melanoma", "Site & side": f"s{number % 2}"}
        for number in range(6)
    ]
    paths = write_images(rig.folder / "images", 6)
    found = tuple(FoundImage(path, None, attributes=each) for path, each in zip(paths, attributes, strict=True))
    rig.studio.new_project(NewProject(rig.folder / "test.segstudio", found, ("lesion",), "none"))
    rig.wait(lambda: rig.studio.session is not None)
    rig.settle()
    page = open_page(rig)
    assert page.form.kind.currentText() == "The model and approved masks", "also before there is anything to compare"
    assert "No approved image has a mask by the model" in page.form.lack.text()
    rig.wait(lambda: page.form.group_box.isVisible())
    boxes = page.form.groups
    assert {name: box.isChecked() for name, box in boxes.items()} == {"Clinical diagnosis": True, "Site & side": False}
    page.close()
    approve_before_and_after_a_round(rig)
    page = open_page(rig)
    rig.wait(lambda: page.form.group_box.isVisible())
    run(rig, page)
    assert cells(page, 4) == ["By clinical diagnosis"]
    assert [cells(page, row)[:2] for row in (5, 6)] == [["melanoma", "1"], ["naevus", "1"]]
    rig.qtbot.keyClick(page.form.groups["Site & side"], Key.Key_Space)
    rig.qtbot.keyClick(page.form.groups["Clinical diagnosis"], Key.Key_Space)
    run(rig, page)
    assert cells(page, 4) == ["By site & side"]
    choose(rig, page.form.kind, "Folders of masks")
    page.form.kind.activated.emit(page.form.kind.currentIndex())
    assert not page.form.group_box.isVisible(), "what the project knows says nothing of folders"


def test_masks_that_came_in_approved_are_what_the_model_is_judged_by_at_once(rig, tmp_path):
    rig.hold_rounds = True
    drawn = write_demo(tmp_path / "demo", "lesion", 3, 5)
    found = tuple(
        FoundImage(one.image, FileMask(one.mask), attributes={"Diagnosis": "naevus" if n else "melanoma"})
        for n, one in enumerate(drawn)
    )
    plan = NewProject(rig.folder / "test.segstudio", found, ("lesion",), "approved", starter="automatic")
    rig.studio.new_project(plan)
    rig.wait(lambda: rig.studio.session is not None)
    rig.settle()
    page = open_page(rig)
    assert page.form.kind.currentText() == "The model now and approved masks"
    assert "starter model" in page.form.about.text()
    assert "too good. Its card says" in page.form.about.text()
    assert "too good" in rig.window.training.values["dice"].toolTip()
    rig.wait(lambda: page.form.group_box.isVisible())
    run(rig, page)
    assert page.evaluator.trouble == ""
    assert cells(page, 0)[:2] == ["All images", "3"]
    assert [cells(page, row)[:2] for row in (5, 6)] == [["melanoma", "1"], ["naevus", "2"]]
    assert page.evaluator.result.lines()[0].measures["dice"].mean > 0.85
    # What the fake round has learned from judges it no more; one of three is kept aside at most.
    rig.session.book.in_use = 1
    page.form.refresh(None)
    assert "learned from every approved image" in page.form.lack.text()


def test_a_page_that_is_closed_at_once_hears_nothing_of_groups(rig):
    rig.new_project(2)
    page = open_page(rig)
    form = page.form.form
    page.close()
    rig.wait(lambda: rig.studio._store.unfinished == 0)
    assert form.known.values == {}


def test_trouble_is_a_sentence_in_the_page(rig, data):
    page = open_page(rig)
    pick(rig, page, "Masks", data / "good")
    pick(rig, page, "True masks", data / "images")
    shutil.rmtree(data / "good")
    run(rig, page)
    assert page.right.currentWidget() is page.said
    assert "can't be opened" in page.said.text()
    assert page.said.property("tone") == "bad"


def test_models_on_images_by_a_real_worker(rig, data, models):
    page = open_page(rig)
    choose(rig, page.form.kind, "Models on images")
    page.form.kind.activated.emit(page.form.kind.currentIndex())
    page.form._change(model=str(models["one"]), other_model=str(models["other"]))
    assert page.form.model.currentText() == "one.safetensors"
    pick(rig, page, "Images", data / "images")
    pick(rig, page, "True masks, if apart", data / "truth")
    run(rig, page)
    assert page.evaluator.trouble == ""
    assert page.evaluator.result.plan.sides == ("one", "other")
    assert len(page.evaluator.result.scored) == 8


def test_stopping_while_a_model_looks_leaves_nothing_running(rig, data, models):
    page = open_page(rig)
    page.form._change(kind="models", model=str(models["one"]), images=data / "images", truth=data / "truth")
    rig.qtbot.mouseClick(page.form.evaluate, LEFT)
    assert page.form.stop.isVisible()
    assert not page.form.kind.isEnabled()
    rig.qtbot.mouseClick(page.form.stop, LEFT)
    rig.qtbot.waitUntil(lambda: not page.evaluator.busy, timeout=30_000)
    assert page.right.currentWidget() is page.said
    assert page.form.evaluate.isVisible()
    assert page.evaluator.trouble == ""


def test_closing_the_page_gives_up_what_is_under_way(rig, data):
    started = []

    def make_plan(progress, cancelled):
        started.append(cancelled)
        raise UserError("nobody is told") if cancelled() else UserError("nobody listens")

    page = open_page(rig)
    evaluator = page.evaluator
    evaluator.start(make_plan)
    page.close()
    rig.wait(lambda: bool(started))
    assert evaluator.result is None
    evaluator.start(make_plan)
    assert len(started) == 1


def test_the_page_is_no_larger_than_the_screen(rig, monkeypatch):
    monkeypatch.setattr(EvaluatePage, "screen", lambda self: SmallScreen(), raising=False)
    page = open_page(rig)
    assert page.height() <= 540
    assert page.width() <= 960


class SmallScreen:
    """1920 x 1080 at 200 %."""

    def availableSize(self) -> QSize:
        return QSize(960, 540)
