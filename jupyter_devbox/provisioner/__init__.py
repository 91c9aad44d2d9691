"""Starts Jupyter's kernels in boxes: the only package that knows jupyter_client's contract.

Jupyter finds `DevboxProvisioner` by its entry point when a kernelspec says so::

    "metadata": {"kernel_provisioner": {"provisioner_name": "devbox-provisioner",
                                        "config": {"image": "sha256:…", "project": "/…", …}}}
"""

from jupyter_devbox.provisioner.devbox import DevboxProvisioner

__all__ = ["DevboxProvisioner"]
