"""Tiny stand-ins for NVIDIA's images: the same places and links, and nothing that computes.

They have what docs.nvidia.com/cuda lists for theirs: the toolkit in a folder of its version with
``lib64`` and ``include`` as links below ``targets``, and cuDNN as a Debian package beside it.
"""

from __future__ import annotations

import io
import subprocess
import tarfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from threading import Event

from jupyter_devbox.engine.base import Engine
from jupyter_devbox.lock.wheel_archive import pure_wheel
from jupyter_devbox.spec.container import BuildRequest
from jupyter_devbox.spec.lock import LockedPackage, WheelFile

CUDA = 12060
"""What the stand-ins' headers and libraries answer, as NVIDIA's do for 12.6."""
LINKS = "/srv/links"
_FOLDER = "usr/local/cuda-12.6"
_TARGET = f"{_FOLDER}/targets/x86_64-linux"
_DEBIAN = "usr/lib/x86_64-linux-gnu"
_NVCC = """#!/bin/sh
exec c++ -x c++ -fPIC -I/usr/local/cuda/include "$@"
"""
_SETUP = """
import os, shutil, subprocess, sysconfig
from pathlib import Path

import einops  # both must be those of the lock
import torch
from setuptools import Extension, setup
from setuptools.command.build_ext import build_ext

assert shutil.which("ninja") and shutil.which("nvcc")


class Nvcc(build_ext):
    def build_extension(self, extension):
        target = Path(self.get_ext_fullpath(extension.name))
        target.parent.mkdir(parents=True, exist_ok=True)
        subprocess.run(
            [os.environ["CUDA_HOME"] + "/bin/nvcc", "-shared", "-o", str(target),
             f\'-DWITH="torch {torch.__version__}, einops {einops.__version__}"\',
             "-I" + sysconfig.get_paths()["include"], *extension.sources],
            check=True,
        )


setup(
    name="flash-attn",
    version="%s",
    ext_modules=[Extension("flash_attn_2_cuda", ["kernel.cu"])],
    cmdclass={"build_ext": Nvcc},
)
"""
_KERNEL = """
#include <Python.h>
#include <cuda_runtime.h>
static PyObject *built(PyObject *, PyObject *) {
    return Py_BuildValue("si", WITH, CUDART_VERSION);
}
static PyMethodDef methods[] = {{"built", built, METH_NOARGS, ""}, {nullptr, nullptr, 0, nullptr}};
static PyModuleDef module = {PyModuleDef_HEAD_INIT, "flash_attn_2_cuda", "", -1, methods};
PyMODINIT_FUNC PyInit_flash_attn_2_cuda() { return PyModule_Create(&module); }
"""


def toolkit(folder: Path) -> None:
    """Write what an image of NVIDIA's has, compiler and cuDNN too."""
    for name in (f"{_TARGET}/lib", f"{_TARGET}/include", f"{_FOLDER}/bin", _DEBIAN):
        (folder / name).mkdir(parents=True)
    for name, place in (("lib64", "lib"), ("include", "include")):
        (folder / _FOLDER / name).symlink_to(f"targets/x86_64-linux/{place}")
    (folder / "usr/local/cuda").symlink_to("cuda-12.6")
    (folder / _TARGET / "include/cuda_runtime.h").write_text(f"#define CUDART_VERSION {CUDA}\n")
    nvcc = folder / _FOLDER / "bin/nvcc"
    nvcc.write_text(_NVCC)
    nvcc.chmod(0o755)
    runtime = _library(folder / _TARGET / "lib/libcudart.so.12", f"int cuda() {{return {CUDA};}}")
    calls = "int cuda(); int cudnn() {return cuda() / 1000;}"
    cudnn = _library(folder / _DEBIAN / "libcudnn.so.9.5.1", calls, runtime)
    (cudnn.parent / "libcudnn.so.9").symlink_to(cudnn.name)


def _library(path: Path, code: str, *needs: Path) -> Path:
    """Compile a library that needs nothing of the C library: the images' may be older."""
    name = path.name.partition(".so.")[0] + ".so." + path.name.partition(".so.")[2].split(".")[0]
    options = ("-shared", "-fPIC", "-nostdlib", f"-Wl,-soname,{name}", "-x", "c", "-")
    words = ("gcc", *options, "-x", "none", *map(str, needs), "-o", str(path))
    subprocess.run(words, input=code, text=True, check=True, capture_output=True)
    return path


@cache  # gzip writes the time: made twice, they are not the same
def packages(version: str) -> tuple[WheelFile, ...]:
    """Return torch and einops as wheels, and a package that only nvcc can make one of."""
    made = [
        pure_wheel("torch", "2.13.0+cu126", {"torch.py": b"__version__ = '2.13.0+cu126'\n"}),
        pure_wheel("einops", version, {"einops.py": f"__version__ = '{version}'\n".encode()}),
    ]
    about = f"Metadata-Version: 2.2\nName: flash-attn\nVersion: {version}\n"
    files = {"PKG-INFO": about, "setup.py": _SETUP % version, "kernel.cu": _KERNEL}
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as archive:
        for name, text in files.items():
            entry = tarfile.TarInfo(f"flash_attn-{version}/{name}")
            entry.size = len(text)
            archive.addfile(entry, io.BytesIO(text.encode()))
    made.append(WheelFile(filename=f"flash_attn-{version}.tar.gz", content=buffer.getvalue()))
    return tuple(made)


@contextmanager
def image(
    engine: Engine, folder: Path, tag: str, base: str, env: Mapping[str, str]
) -> Iterator[str]:
    """Make an image of a base with a folder's files on top; it is gone afterwards."""
    assert engine.image(tag) is None, f"somebody's own: {tag}"
    variables = "".join(f"ENV {name}={value}\n" for name, value in env.items())
    (folder / "Dockerfile").write_text(f"FROM {base}\nCOPY files /\n{variables}")
    engine.build(BuildRequest(context=str(folder), tag=tag), lambda step: None, Event())
    try:
        yield tag
    finally:
        engine.remove_image(tag)


def pinned(file: WheelFile, digest: str, *, by_address: bool = False) -> LockedPackage:
    """Return one of `packages` as the lock has it."""
    name, version = file.filename.removesuffix(".tar.gz").split("-")[:2]
    return LockedPackage(
        name=name.replace("_", "-"),
        version=version,
        hashes=(f"sha256:{digest}",),
        compiled=file.filename.endswith(".tar.gz"),
        url=f"file://{LINKS}/{file.filename.replace('+', '%2B')}" if by_address else "",
    )
