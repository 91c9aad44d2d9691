"""Jupyter's own conformance suite: in the box and in a container, by sockets and by stream."""

from __future__ import annotations

import jupyter_kernel_test
import pytest
from transports import cannot_dial

pytestmark = pytest.mark.docker


@pytest.fixture(scope="module", autouse=True)
def specs(devbox):
    devbox.kernelspec("conform-box")
    devbox.kernelspec("conform-alone", isolation="kernel")
    project = devbox.root / "streamed"
    project.mkdir()
    devbox.kernelspec("conform-box-stream", project=project)
    devbox.kernelspec("conform-alone-stream", project=project, isolation="kernel")


@pytest.fixture(scope="class")
def streamed():
    with pytest.MonkeyPatch.context() as patch:
        cannot_dial(patch)
        yield


class Conformance:
    language_name = "python"
    file_extension = ".py"
    code_hello_world = "print('hello, world')"
    code_stderr = "import sys; print('oops', file=sys.stderr)"
    code_page_something = "zip?"
    code_generate_error = "1/0"
    code_execute_result = (
        {"code": "1+2+3", "result": "6"},
        {"code": "[n*n for n in range(1, 4)]", "result": "[1, 4, 9]"},
    )
    code_display_data = (
        {
            "code": "from IPython.display import HTML, display; display(HTML('<b>x</b>'))",
            "mime": "text/html",
        },
    )
    code_inspect_sample = "zip"
    completion_samples = ({"text": "zi", "matches": {"zip"}},)
    complete_code_samples = ("1", "print('hello, world')", "def f(x):\n  return x*2\n\n\n")
    incomplete_code_samples = ("print('''hello", "def f(x):\n  x*2")
    invalid_code_samples = ("import = 7q",)
    code_history_pattern = "1?2*"
    supported_history_operations = ("tail", "search")
    code_clear_output = "from IPython.display import clear_output; clear_output()"


class BoxConformanceTests(Conformance, jupyter_kernel_test.KernelTests):
    kernel_name = "conform-box"


class AloneConformanceTests(Conformance, jupyter_kernel_test.KernelTests):
    kernel_name = "conform-alone"


@pytest.mark.usefixtures("streamed")
class StreamedBoxConformanceTests(Conformance, jupyter_kernel_test.KernelTests):
    kernel_name = "conform-box-stream"


@pytest.mark.usefixtures("streamed")
class StreamedAloneConformanceTests(Conformance, jupyter_kernel_test.KernelTests):
    kernel_name = "conform-alone-stream"
