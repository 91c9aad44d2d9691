"""The Development Containers specification's own schema, from the folder beside the repository."""

from __future__ import annotations

import json
from pathlib import Path

from jsonschema import Draft201909Validator
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT201909


def official_schema(shared: Path) -> Draft201909Validator:
    """Return its validator; the two editor's schemas that it names by address are given to it.

    The main file declares no draft; its parts are written for 2019-09.
    """
    folder = shared / "schemas"
    main = json.loads((folder / "devContainer.schema.json").read_text())
    contents = {
        part["$ref"]: json.loads((folder / part["$ref"].rsplit("/", 1)[-1]).read_text())
        for part in main["allOf"]
    }
    contents["vscode://schemas/settings/machine"] = {}
    registry = Registry().with_resources(
        (address, Resource.from_contents(content, DRAFT201909))
        for address, content in contents.items()
    )
    return Draft201909Validator(main, registry=registry)
