"""The templates' files as a client makes them, without a client."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
TEMPLATES = ROOT / "devcontainer-templates"
FEATURE = TEMPLATES / "features" / "src" / "jupyter-devbox"
OPTION = re.compile(r"\$\{templateOption:(\w+)\}")


def names() -> list[str]:
    return sorted(path.parent.name for path in TEMPLATES.glob("src/*/devcontainer-template.json"))


def metadata(name: str) -> dict[str, Any]:
    text = (TEMPLATES / "src" / name / "devcontainer-template.json").read_text(encoding="utf-8")
    return json.loads(text)


def contents(name: str) -> dict[str, str]:
    """Path → text of what a client copies, its options not filled in."""
    folder = TEMPLATES / "src" / name
    beside = {"devcontainer-template.json", "NOTES.md", "README.md"}
    return {
        str(path.relative_to(folder)): path.read_text(encoding="utf-8")
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.name not in beside
    }


def filled(name: str, **chosen: str) -> dict[str, str]:
    """What a client makes of a template: text is replaced; defaults where nothing is chosen."""
    options = metadata(name)["options"]
    values = {key: chosen.get(key, option["default"]) for key, option in options.items()}
    return {
        path: OPTION.sub(lambda found: values.get(found[1], ""), text)
        for path, text in contents(name).items()
    }


def lay_out(files: dict[str, str], folder: Path) -> Path:
    """Write files into a folder, and return it."""
    for path, text in files.items():
        target = folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text, encoding="utf-8")
    return folder
