"""Reads what a request says, against a schema or a pattern: here a stranger's text is judged first.

Nothing unknown and nothing repeated passes: a parameter that is given twice is read differently by
different parsers. Names that are not ours are never repeated in an answer, because a careless
client puts anything there.
"""

import re
from collections.abc import Iterable, Mapping
from typing import Any, Final

import flask
from marshmallow import Schema, ValidationError

from api.problems import FieldError, ProblemError, malformed
from api.schemas.requests import EXPECTED, KEY_PATTERN

IDEMPOTENCY_KEY: Final = "Idempotency-Key"
MULTIPART: Final = "multipart/form-data"

_MISSING: Final = "Missing data for required field."
_TEXTS: Final = {
    "repeated": ("只给一次", "to be given once"),
    "unknown": ("只有文档所列的名称", "only the names that the API document lists"),
}


def refuse_unknown_query(known: Mapping[str, frozenset[str]]) -> None:
    """Refuse query parameters that the route does not document; ``known`` has them by rule.

    Raises:
        ProblemError: 400.
    """
    rule = flask.request.url_rule
    if rule is None:
        return
    names = known.get(rule.rule, frozenset())
    errors = [_wrong("unknown", None)] if set(flask.request.args) - names else []
    errors += _repeated(flask.request.args.to_dict(flat=False), names, in_body=False)
    if errors:
        raise ProblemError(malformed(_told(errors), errors))


def read_query(schema: Schema) -> dict[str, Any]:
    """Read the query parameters.

    Raises:
        ProblemError: 400, with every field that is wrong.
    """
    return _load(schema, flask.request.args.to_dict(), in_body=False)


def read_multipart(schema: Schema) -> dict[str, Any]:
    """Read a multipart form; a file comes as Flask's file, open at its beginning.

    Raises:
        ProblemError: 400, with every field that is wrong; 415 if the body is of another type.
    """
    if flask.request.mimetype != MULTIPART:
        flask.abort(415)
    form = flask.request.form.to_dict(flat=False)
    files = flask.request.files.to_dict(flat=False)
    given = {name: [*form.get(name, ()), *files.get(name, ())] for name in {*form, *files}}
    errors = _repeated(given, schema.fields, in_body=True)
    errors += [
        _wrong("invalid", name, in_body=True) for name in _of_wrong_kind(schema, form, files)
    ]
    if errors:
        raise ProblemError(malformed(_told(errors), errors))
    return _load(schema, {name: values[0] for name, values in given.items()}, in_body=True)


def read_path(name: str, text: str, pattern: str) -> str:
    """Give a path parameter that has its pattern.

    Raises:
        ProblemError: 400.
    """
    if not re.fullmatch(pattern, text):
        errors = [_wrong("invalid", name)]
        raise ProblemError(malformed(_told(errors), errors))
    return text


def read_idempotency_key() -> str | None:
    """Give the idempotency key of the request, if it has one.

    Raises:
        ProblemError: 400.
    """
    key = flask.request.headers.get(IDEMPOTENCY_KEY)
    if key is not None and not re.fullmatch(KEY_PATTERN, key):
        errors = [_wrong("invalid", IDEMPOTENCY_KEY)]
        raise ProblemError(malformed(_told(errors), errors))
    return key


def wrong_parameter(name: str) -> ProblemError:
    """Make the error of a parameter whose value only its reader can judge, such as a cursor."""
    errors = [_wrong("invalid", name)]
    return ProblemError(malformed(_told(errors), errors))


def _load(schema: Schema, given: Mapping[str, Any], *, in_body: bool) -> dict[str, Any]:
    try:
        loaded: dict[str, Any] = schema.load(given)
    except ValidationError as error:
        messages = error.messages_dict
        errors = [
            _error_of(schema, name, messages[name], in_body=in_body) for name in sorted(messages)
        ]
        raise ProblemError(malformed(_told(errors), errors)) from None
    return loaded


def _error_of(schema: Schema, name: str, messages: object, *, in_body: bool) -> FieldError:
    if name not in schema.fields:
        return _wrong("unknown", None)
    return _wrong("required" if messages == [_MISSING] else "invalid", name, in_body=in_body)


def _wrong(code: str, name: str | None, *, in_body: bool = False) -> FieldError:
    zh, en = EXPECTED[name] if name is not None and code not in _TEXTS else _TEXTS[code]
    return FieldError(
        code,
        f"应为：{zh}",
        f"Expected {en}",
        pointer=f"/{name}" if in_body and name is not None else None,
        parameter=None if in_body else name,
    )


def _repeated(
    given: Mapping[str, list[Any]], known: Iterable[str], *, in_body: bool
) -> list[FieldError]:
    twice = sorted(name for name in known if len(given.get(name, ())) > 1)
    return [_wrong("repeated", name, in_body=in_body) for name in twice]


def _of_wrong_kind(schema: Schema, form: Mapping[str, Any], files: Mapping[str, Any]) -> list[str]:
    """Name the files that came as text, and the texts that came as files."""
    uploads = {
        name for name, field in schema.fields.items() if getattr(field, "format", None) == "binary"
    }
    return sorted((uploads & set(form)) | ((set(schema.fields) - uploads) & set(files)))


def _told(errors: Iterable[FieldError]) -> str:
    return "; ".join(
        f"{error.pointer or error.parameter or 'a name'}: {error.en.lower()}" for error in errors
    )
