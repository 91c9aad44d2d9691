"""The final stage's beginning where environments differ in what no wheel of their locks brings.

That is what a CUDA box needs of NVIDIA's libraries, and Debian packages of one group alone.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType

from jupyter_devbox.render.account import as_root
from jupyter_devbox.render.builder import cuda_folder
from jupyter_devbox.render.instructions import command, run
from jupyter_devbox.render.steps import CA, PROXY, apt_install
from jupyter_devbox.spec.environment import EnvironmentSpec
from jupyter_devbox.spec.lock import Lock
from jupyter_devbox.spec.target_files import LOCK_ARGUMENT

EMPTY_LISTS: Mapping[str, Sequence[str]] = MappingProxyType({})
_HERE = "/run/devbox/nvidia"


def final_base(
    variants: Mapping[str, tuple[EnvironmentSpec, Lock]],
    start: str = "${BASE}",
    apt: Mapping[str, Sequence[str]] = EMPTY_LISTS,
) -> str:
    """Return the stages that the final one starts from, and its own first line.

    NVIDIA's images have no Python of the wanted version, so their libraries come to the base's:
    they were made for an older C library, and the linker finds them by its cache.

    Parameters
    ----------
    start
        What they start from themselves.
    apt
        Name of a lock → the Debian packages that it alone needs.
    """
    images = {
        name: spec.accelerator.image
        for name, (spec, _) in variants.items()
        if spec.accelerator and spec.accelerator.image
    }
    if not images and not any(apt.values()):
        return f"FROM {start} AS final\n"
    text = ""
    for name, (spec, _) in variants.items():
        stage = "nvidia" if len(images) == 1 else f"nvidia-{name}"
        if name in images:
            text += f"FROM {images[name]} AS {stage}\n"
        text += f"FROM {start} AS base-{name}\n{as_root(spec.base_image.ref)}"
        if apt.get(name):
            text += run(apt_install(apt[name]), [CA, PROXY]) + "\n"
        if name in images:
            text += _copied(images[name], stage) + "\n"
    return f"{text}\nFROM base-${{{LOCK_ARGUMENT}}} AS final\n"


def _copied(image: str, stage: str) -> str:
    copy = command("cp", "-a", f"{_HERE}{cuda_folder(image)}", "/usr/local/cuda")
    # cuDNN and NCCL are Debian packages there, beside the toolkit.
    beside = (
        f"for file in {_HERE}/usr/lib/*-linux-gnu/libcudnn*.so* "
        f"{_HERE}/usr/lib/*-linux-gnu/libnccl*.so*; do "
        'if [ -e "$file" ]; then cp -a "$file" /usr/local/cuda/lib64/; fi; done'
    )
    known = "echo /usr/local/cuda/lib64 > /etc/ld.so.conf.d/cuda.conf"
    mount = f"type=bind,from={stage},source=/,target={_HERE}"
    return run([copy, beside, known, "ldconfig"], [mount])
