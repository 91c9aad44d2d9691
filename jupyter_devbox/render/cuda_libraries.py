"""The final stage's beginning where a CUDA box needs libraries that no wheel of its lock brings."""

from __future__ import annotations

from collections.abc import Mapping

from jupyter_devbox.render.account import as_root
from jupyter_devbox.render.builder import cuda_folder
from jupyter_devbox.render.instructions import command, run
from jupyter_devbox.spec.environment import EnvironmentSpec
from jupyter_devbox.spec.lock import Lock
from jupyter_devbox.spec.target_files import LOCK_ARGUMENT

_HERE = "/run/devbox/nvidia"


def final_base(variants: Mapping[str, tuple[EnvironmentSpec, Lock]]) -> str:
    """Return the stages that the final one starts from, and its own first line.

    NVIDIA's images have no Python of the wanted version, so their libraries come to the base's:
    they were made for an older C library, and the linker finds them by its cache.
    """
    images = {
        name: spec.accelerator.image
        for name, (spec, _) in variants.items()
        if spec.accelerator and spec.accelerator.image
    }
    if not images:
        return "FROM ${BASE} AS final\n"
    text = ""
    for name, (spec, _) in variants.items():
        if name in images:
            text += f"FROM {images[name]} AS nvidia\n"
        text += f"FROM ${{BASE}} AS base-{name}\n{as_root(spec.base_image.ref)}"
        if name in images:
            text += _copied(images[name]) + "\n"
    return f"{text}\nFROM base-${{{LOCK_ARGUMENT}}} AS final\n"


def _copied(image: str) -> str:
    copy = command("cp", "-a", f"{_HERE}{cuda_folder(image)}", "/usr/local/cuda")
    # cuDNN and NCCL are Debian packages there, beside the toolkit.
    beside = (
        f"for file in {_HERE}/usr/lib/*-linux-gnu/libcudnn*.so* "
        f"{_HERE}/usr/lib/*-linux-gnu/libnccl*.so*; do "
        'if [ -e "$file" ]; then cp -a "$file" /usr/local/cuda/lib64/; fi; done'
    )
    known = "echo /usr/local/cuda/lib64 > /etc/ld.so.conf.d/cuda.conf"
    mount = f"type=bind,from=nvidia,source=/,target={_HERE}"
    return run([copy, beside, known, "ldconfig"], [mount])
