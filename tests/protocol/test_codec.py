"""Every message survives the wire; whatever is no message is refused."""

import json
from typing import Any, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from segstudio.protocol.codec import ProtocolError, decode, encode
from segstudio.protocol.messages import (
    PROTOCOL_VERSION,
    Cancel,
    Failed,
    Message,
    Predict,
    Predicted,
    Progress,
    Ready,
    Shutdown,
    Train,
)

numbers = st.floats(allow_nan=False, allow_infinity=False)
st.register_type_strategy(float, numbers)
messages = st.one_of([st.builds(kind) for kind in get_args(Message)])

PREDICT = (
    '{"type": "Predict", "job": 1, "image_id": 2, "image": "i", "weights": "w", "output": "o", "confidence": null,'
    '"thresholds": [], "one_region": [], "colours": null}'
)
PREDICTED = (
    '{"type":"Predicted","job":1,"image_id":1,"output":"x","confidence":null,"uncertainty":0.5,"embedding":null,'
    '"width":1,"height":1,"fingerprint":"ab","perceptual":-7,"seconds":'
)
PROGRESS = Progress(1, "training", 0.5, None, 3, 9, 0.25, None, 0)


@given(messages)
def test_a_message_survives_the_wire(message: Any) -> None:
    line = encode(message)
    assert line.endswith("\n")
    assert line.count("\n") == 1
    assert line.isascii()
    assert decode(line) == message


def test_names_in_any_script_survive() -> None:
    message = Train(1, "/Bilder/ä [1]/ภาพ 三\n\u2028/rounds/0001")
    assert decode(encode(message)) == message


def test_every_kind_of_message_has_a_name_of_its_own() -> None:
    names = [kind.__name__ for kind in get_args(Message)]
    assert len(set(names)) == len(names) == 17
    assert PROTOCOL_VERSION == 9


@pytest.mark.parametrize("number", [float("nan"), float("inf"), float("-inf")])
def test_a_number_that_is_not_finite_is_not_sent(number: float) -> None:
    with pytest.raises(ValueError, match="not JSON compliant"):
        encode(Progress(1, "training", number, None, 0, 1, None, None, 0))


@given(st.text())
def test_a_stray_print_is_refused(text: str) -> None:
    with pytest.raises(ProtocolError):
        decode(text)


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("", "not JSON"),
        ("Epoch 1/10", "not JSON"),
        ("[1, 2]", "not a JSON object"),
        ("null", "not a JSON object"),
        ("{}", "unknown message type None"),
        ('{"type": "Explode"}', "unknown message type 'Explode'"),
        ('{"type": ["Cancel"], "job": 1}', "unknown message type"),
        ('{"type": "Cancel"}', "expected .'job'"),
        ('{"type": "Shutdown", "job": 1}', "has fields"),
        ('{"type": "Cancel", "job": 1, "also": 2}', "has fields"),
        ('{"type": "Cancel", "job": "1"}', "Cancel.job"),
        ('{"type": "Cancel", "job": 1.0}', "Cancel.job"),
        ('{"type": "Cancel", "job": true}', "Cancel.job"),
        ('{"type": "Cancel", "job": null}', "Cancel.job"),
        ('{"type": "Train", "job": 1, "folder": null}', "Train.folder"),
        (PREDICT.replace("null", "7", 1), "Predict.confidence"),
        (PREDICT.replace('"colours": null', '"colours": 1'), "Predict.colours"),
        (PREDICT.replace(', "confidence": null', ""), "expected .'colours', 'confidence'"),
    ],
)
def test_what_is_no_message_is_refused_with_the_reason(line: str, reason: str) -> None:
    with pytest.raises(ProtocolError, match=reason):
        decode(line)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("phase", "resting"),
        ("phase", None),
        ("phase", ["training"]),
        ("fraction", None),
        ("fraction", "0.5"),
        ("fraction", True),
        ("seconds_left", "soon"),
        ("loss", False),
        ("step", None),
    ],
)
def test_a_field_of_another_type_is_refused(field: str, value: object) -> None:
    body = json.loads(encode(PROGRESS)) | {field: value}
    with pytest.raises(ProtocolError, match=f"Progress.{field}"):
        decode(json.dumps(body))


def test_a_whole_number_is_taken_for_a_fraction() -> None:
    body = json.loads(encode(PROGRESS)) | {"fraction": 1, "seconds_left": 7, "loss": None}
    message = decode(json.dumps(body))
    assert isinstance(message, Progress)
    assert (message.fraction, message.seconds_left, message.loss) == (1.0, 7.0, None)
    assert type(message.fraction) is type(message.seconds_left) is float
    assert type(message.step) is int


def test_a_mask_is_told_of_with_a_number_within_reason() -> None:
    assert decode(PREDICTED + "1}") == Predicted(1, 1, "x", None, 0.5, None, 1, 1, 1.0, "ab", -7)


def test_a_prediction_may_be_asked_for_with_its_confidence_or_without() -> None:
    assert decode(PREDICT) == Predict(1, 2, "i", "w", "o", None)
    assert decode(PREDICT.replace("null", '"c"', 1)) == Predict(1, 2, "i", "w", "o", "c")


def test_how_a_mask_is_finished_may_be_said_for_each_class() -> None:
    said = PREDICT.replace('"thresholds": []', '"thresholds": [0.25, null]').replace("[]", "[null, true]")
    assert decode(said) == Predict(1, 2, "i", "w", "o", None, [0.25, None], [None, True])
    heard = PREDICT.replace('"colours": null', '"colours": true')
    assert decode(heard) == Predict(1, 2, "i", "w", "o", None, [], [], colours=True)


@pytest.mark.parametrize("thresholds", ["0.5", "null", '["much"]', "[true]", "{}", "[[]]"])
def test_a_list_of_something_else_is_refused(thresholds: str) -> None:
    with pytest.raises(ProtocolError, match=r"Predict\.thresholds"):
        decode(PREDICT.replace('"thresholds": []', f'"thresholds": {thresholds}'))


def test_messages_are_values() -> None:
    assert Cancel(1) == Cancel(1) != Cancel(2)
    assert Shutdown() == Shutdown()
    assert len({Failed(1, "a", "b"), Failed(1, "a", "b")}) == 1
    assert Ready(1, 2, "cpu", "CPU", "2.13", 2) != Predict(1, 2, "a", "b", "c", None)


@pytest.mark.parametrize(
    "line",
    [
        '{"type":"Cancel","job":NaN}',
        PREDICTED + "Infinity}",
        '{"type":"Cancel","job":' + "[" * 100_000,
        '{"type":"Cancel","job":' + "9" * 5000 + "}",
        PREDICTED + "1" + "0" * 400 + "}",
    ],
    ids=["nan", "infinity", "nesting", "digits", "overflow"],
)
def test_numbers_and_nesting_beyond_reason_are_refused(line: str) -> None:
    with pytest.raises(ProtocolError):
        decode(line)
