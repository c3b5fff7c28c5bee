"""Messages to lines of JSON and back. A line that is no message is refused, never guessed at."""

from __future__ import annotations

import json
import types
import typing
from dataclasses import asdict, fields
from typing import Any, get_args, get_type_hints

from segstudio.protocol import messages
from segstudio.protocol.messages import Message


class ProtocolError(ValueError):
    """A line that is not a message of this protocol version."""


_TYPES: dict[str, type[Any]] = {kind.__name__: kind for kind in get_args(Message)}
_HINTS = {kind: get_type_hints(kind, vars(messages)) for kind in _TYPES.values()}


def encode(message: Message) -> str:
    """One line of JSON, newline included. Raises ``ValueError`` for a number that is not finite."""
    body = {"type": type(message).__name__, **asdict(message)}
    return json.dumps(body, ensure_ascii=True, allow_nan=False, separators=(",", ":")) + "\n"


def decode(line: str) -> Message:
    """The message in a line. Raises ``ProtocolError`` with the reason."""
    try:
        body = json.loads(line, parse_constant=_refuse)
    except (ValueError, RecursionError) as error:
        raise ProtocolError(f"not JSON: {error}") from error
    if not isinstance(body, dict):
        raise ProtocolError("not a JSON object")
    name = body.pop("type", None)
    kind = _TYPES.get(name) if isinstance(name, str) else None
    if kind is None:
        raise ProtocolError(f"unknown message type {name!r}")
    expected = {field.name for field in fields(kind)}
    if body.keys() != expected:
        raise ProtocolError(f"{name} has fields {sorted(body)}, expected {sorted(expected)}")
    message: Message = kind(**{key: _checked(name, key, value, kind) for key, value in body.items()})
    return message


def _checked(name: str | None, key: str, value: object, kind: type[Any]) -> object:
    hint = _HINTS[kind][key]
    if not _fits(value, hint):
        raise ProtocolError(f"{name}.{key} is {value!r}, expected {hint}")
    if isinstance(value, int) and not isinstance(value, bool) and _wants_float(hint):
        try:
            return float(value)
        except OverflowError as error:
            raise ProtocolError(f"{name}.{key} is too large") from error
    return value


def _refuse(constant: str) -> object:
    raise ValueError(f"{constant} is no number of JSON")


def _wants_float(hint: Any) -> bool:
    return hint is float or (isinstance(hint, types.UnionType) and float in get_args(hint))


def _fits(value: object, hint: Any) -> bool:
    if isinstance(hint, types.UnionType):
        return any(_fits(value, part) for part in get_args(hint))
    if typing.get_origin(hint) is typing.Literal:
        return value in get_args(hint)
    if typing.get_origin(hint) is list:
        (part,) = get_args(hint)
        return isinstance(value, list) and all(_fits(item, part) for item in value)
    if isinstance(value, bool):
        return hint is bool
    if hint is float:
        return isinstance(value, int | float)
    return isinstance(value, hint)
