"""Is this a devcontainer.json that its readers understand? Asked before one is written.

The clients tolerate a lot in silence: a read-only mount that becomes writable, a number where a
variable's text belongs. Our schema does not.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING, Any

from jupyter_devbox.errors import ConfigurationError

if TYPE_CHECKING:
    from jsonschema.exceptions import ValidationError

_BRANCHES = {"dockerComposeFile": "compose", "image": "image", "build": "build"}
_TOP = "top level"
_KINDS = {
    "object": "an object",
    "array": "a list",
    "string": "text",
    "integer": "a whole number",
    "boolean": "true or false",
    "null": "null",
}


def check_configuration(value: Mapping[str, Any], name: str = "devcontainer.json") -> None:
    """Raise unless the parsed devcontainer.json keeps to its format.

    Which of image, build and Compose it uses is found first: an error about the one it doesn't
    use would help nobody.

    Raises
    ------
    ConfigurationError
        Each problem is a line of `details`: a JSON pointer, and what has to stand there.
    """
    problems = list(_problems(value))
    if not problems:
        return
    more = f" (and {len(problems) - 1} more)" if len(problems) > 1 else ""
    message = f"{name} is not as its readers expect{more}: `{problems[0]}`"
    raise ConfigurationError(
        message, hint=f"mend {name} there, then run it again", details=tuple(problems)
    )


def _problems(value: Mapping[str, Any]) -> Iterator[str]:
    keys = [key for key in _BRANCHES if key in value]
    if "dockerFile" in value and "build" not in keys:
        keys.append("dockerFile")
    if len(keys) != 1:
        several = " and ".join(keys) + " cannot stand side by side"
        yield f"{_TOP}: " + (several if keys else "image, build or dockerComposeFile is needed")
        return
    from jsonschema import Draft202012Validator  # noqa: PLC0415  (0.1 s, and rarely needed)

    branch = _BRANCHES.get(keys[0], "build")
    schema = {"$ref": f"#/$defs/{branch}", "$defs": _schema()["$defs"]}
    errors = Draft202012Validator(schema).iter_errors(value)
    yield from sorted({f"{_pointer(error)}: {_wanted(error)}" for error in errors})


@cache
def _schema() -> Any:  # noqa: ANN401
    file = resources.files("jupyter_devbox.spec") / "schemas" / "devcontainer.json"
    return json.loads(file.read_text(encoding="utf-8"))


def _pointer(error: ValidationError) -> str:
    """Return where the problem lies, as a JSON pointer (RFC 6901), or _TOP."""
    parts = (str(part).replace("~", "~0").replace("/", "~1") for part in error.absolute_path)
    return "".join(f"/{part}" for part in parts) or _TOP


def _wanted(error: ValidationError) -> str:
    """Return what has to stand there, without the value that does: it may be long, or secret."""
    rule: Any = error.validator_value
    schema: Any = error.schema
    if error.validator == "required":
        # jsonschema reports one missing key at a time, quoted in its message.
        return f"{error.message.split(' is a required')[0]} is missing".replace("'", '"')
    if error.validator == "additionalProperties":
        return "has a key that does not belong there"
    if isinstance(schema, Mapping) and "title" in schema:
        return f"must be {schema['title']}"
    if error.validator == "type":
        kinds = [rule] if isinstance(rule, str) else rule
        return f"must be {' or '.join(_KINDS[kind] for kind in kinds)}"
    if error.validator == "enum":
        return f"must be one of {', '.join(json.dumps(choice) for choice in rule)}"
    bounds = {"minimum": "at least", "maximum": "at most"}
    return f"must be {bounds.get(str(error.validator), error.validator)} {rule}"
