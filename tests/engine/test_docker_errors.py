"""Docker's sentences in ours."""

from __future__ import annotations

import pytest
import requests
from docker.errors import APIError, DockerException, ImageNotFound, NotFound
from urllib3.exceptions import ProtocolError

from jupyter_devbox.engine.docker_errors import (
    from_message,
    translate,
    translated,
)
from jupyter_devbox.engine.endpoint import start_command
from jupyter_devbox.errors import (
    EngineError,
    EngineNotRunningError,
    EnginePermissionError,
    ImageMissingError,
)

SOCKET = "/var/run/docker.sock"
ID = "3f4e" * 16


@pytest.mark.parametrize(
    ("said", "message", "hint"),
    [
        (
            "write /var/lib/docker/tmp/x: no space left on device",
            "The disk that holds Docker's images is full",
            "jupyter devbox prune",
        ),
        (
            f'Conflict. The container name "/demo" is already in use by container "{ID}". You have',
            "A container of that name is there already: `demo`",
            "jupyter devbox prune",
        ),
        (
            'conflict: unable to remove repository reference "demo:1" (must force) - container',
            "The image is still used by a container",
            "jupyter devbox prune",
        ),
        (
            "conflict: unable to delete 3f4e (cannot be forced) - image is being used by running",
            "The image is still used by a container",
            "jupyter devbox prune",
        ),
        (
            'invalid mount config for type "bind": bind source path does not exist: /data/x y',
            "The folder to be mounted does not exist: `/data/x y`",
            "create it, or remove the mount",
        ),
        (
            "Minimum memory limit allowed is 6MB",
            "The memory limit is below what Docker allows: `6MB`",
            "raise --memory in runArgs",
        ),
        (
            "range of CPUs is from 0.01 to 2.00, as there are only 2 CPUs available",
            "The limit asks for more CPUs than this machine has: `2`",
            "lower --cpus in runArgs",
        ),
        (
            f"No such container: {ID}",
            "The container is gone: `3f4e3f4e3f4e`",
            "jupyter devbox status",
        ),
        (
            f"container {ID} is not running",
            "The container is not running: `3f4e3f4e3f4e`",
            "jupyter devbox status",
        ),
        (
            "Could not find the file /no/such in container 3f4e",
            "The container has no such folder: `/no/such`",
            "jupyter devbox build",
        ),
        (
            "some new\n  sentence",
            "Docker refused: `some new sentence`",
            "jupyter devbox doctor",
        ),
    ],
)
def test_sentences(said, message, hint):
    error = from_message(said)
    assert (error.message, error.hint) == (message, hint)
    assert isinstance(error, EngineError)


def test_a_missing_image_is_of_its_own_kind():
    error = from_message(f"No such image: sha256:{ID}")
    assert isinstance(error, ImageMissingError)
    assert error.message.endswith("`3f4e3f4e3f4e`")
    odd = translate(ImageNotFound("404", explanation="repository does not exist"), SOCKET)
    assert isinstance(odd, ImageMissingError)


def api(explanation: str, status: int = 409) -> APIError:
    response = requests.Response()
    response.status_code = status
    return APIError("x", response=response, explanation=explanation)


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (api("container x is paused"), EngineError),
        (NotFound("x", explanation="No such container: a"), EngineError),
        (PermissionError(13, "denied"), EnginePermissionError),
        (requests.ConnectionError(ProtocolError("x", PermissionError())), EnginePermissionError),
        (DockerException(ProtocolError("x", FileNotFoundError())), EngineNotRunningError),
        (requests.ReadTimeout("slow"), EngineNotRunningError),
        (ConnectionResetError(), EngineNotRunningError),
        (BrokenPipeError(), EngineNotRunningError),
        (DockerException("odd"), EngineError),
        (OSError("odd"), EngineError),
    ],
    ids=repr,
)
def test_exceptions(error, kind):
    with pytest.raises(kind) as caught, translated(SOCKET):
        raise error
    assert type(caught.value) is kind
    assert caught.value.hint
    assert caught.value.__cause__ is error


def test_ours_pass_through_and_so_do_mistakes_of_the_code():
    mine = EngineError("mine")
    with pytest.raises(EngineError) as caught, translated(SOCKET):
        raise mine
    assert caught.value is mine
    with pytest.raises(KeyError), translated(SOCKET):
        raise KeyError


@pytest.mark.parametrize(
    ("address", "platform", "command"),
    [
        (SOCKET, "linux", "sudo systemctl start docker"),
        ("/run/user/1000/docker.sock", "linux", "systemctl --user start docker"),
        ("/Users/ada/.docker/run/docker.sock", "darwin", "open -a Docker"),
        ("tcp://there:2376", "linux", "check DOCKER_HOST and `docker context ls`"),
    ],
)
def test_how_to_start_it(address, platform, command):
    assert start_command(address, platform) == command
