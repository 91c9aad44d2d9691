"""Packages that build themselves: no build backend is fetched for them."""

from __future__ import annotations

from pathlib import Path

BACKEND = """
import zipfile
from pathlib import Path

NAME, VERSION = "demo", "1.0"

def build_wheel(folder, settings=None, metadata=None):
    Path("left-by-the-build").write_text("x")
    info = f"{NAME}-{VERSION}.dist-info"
    filename = f"{NAME}-{VERSION}-py3-none-any.whl"
    with zipfile.ZipFile(Path(folder, filename), "w") as archive:
        for name in sorted(str(path) for path in Path(".").rglob("*.py")):
            archive.writestr(zipfile.ZipInfo(name), Path(name).read_text())
        about = f"Metadata-Version: 2.1\\nName: {NAME}\\nVersion: {VERSION}\\n"
        archive.writestr(zipfile.ZipInfo(f"{info}/METADATA"), about)
        wheel = "Wheel-Version: 1.0\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n"
        archive.writestr(zipfile.ZipInfo(f"{info}/WHEEL"), wheel)
        archive.writestr(zipfile.ZipInfo(f"{info}/RECORD"), "")
    return filename
"""


def make_source(folder: Path, backend: str = BACKEND) -> Path:
    """Write a package that builds itself, so that no build backend is fetched."""
    folder.mkdir(parents=True)
    (folder / "pyproject.toml").write_text(
        '[build-system]\nrequires = []\nbuild-backend = "backend"\nbackend-path = ["."]\n'
    )
    (folder / "backend.py").write_text(backend)
    package = folder / "demo"
    package.mkdir()
    (package / "__init__.py").write_text("answer = 42\n")
    return folder
