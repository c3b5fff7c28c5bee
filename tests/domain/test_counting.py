from segstudio.domain.counting import counted, those


def test_words_are_of_one_or_of_several() -> None:
    assert [counted(count, "image") for count in (0, 1, 1200)] == ["0 images", "1 image", "1,200 images"]
    assert [those(count, "file", ("has", "have")) for count in (1, 2)] == ["1 file has", "2 files have"]
    assert [those(count, "file", ("has", "have"), 3) for count in (1, 2)] == ["1 of 3 files has", "2 of 3 files have"]
    assert those(1, "file", ("has", "have"), 1) == "1 of 1 file has"
