"""Jupyter's own conformance suite: in the box and in a container, by sockets and by stream."""

from __future__ import annotations

import jupyter_kernel_test
import pytest
from conformance import Conformance
from transports import cannot_dial

pytestmark = pytest.mark.docker


@pytest.fixture(scope="module", autouse=True)
def specs(devbox):
    devbox.kernelspec("conform-box")
    devbox.kernelspec("conform-alone", isolation="kernel")
    devbox.kernelspec("conform-shim", provisioner=False)
    project = devbox.root / "streamed"
    project.mkdir()
    devbox.kernelspec("conform-box-stream", project=project)
    devbox.kernelspec("conform-alone-stream", project=project, isolation="kernel")


@pytest.fixture(scope="class")
def streamed():
    with pytest.MonkeyPatch.context() as patch:
        cannot_dial(patch)
        yield


class BoxConformanceTests(Conformance, jupyter_kernel_test.KernelTests):
    kernel_name = "conform-box"


class ShimConformanceTests(Conformance, jupyter_kernel_test.KernelTests):
    kernel_name = "conform-shim"


class AloneConformanceTests(Conformance, jupyter_kernel_test.KernelTests):
    kernel_name = "conform-alone"


@pytest.mark.usefixtures("streamed")
class StreamedBoxConformanceTests(Conformance, jupyter_kernel_test.KernelTests):
    kernel_name = "conform-box-stream"


@pytest.mark.usefixtures("streamed")
class StreamedAloneConformanceTests(Conformance, jupyter_kernel_test.KernelTests):
    kernel_name = "conform-alone-stream"
