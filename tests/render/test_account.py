"""The user of an image, on bases that have users of their own: run for real."""

from __future__ import annotations

import subprocess

import pytest

from jupyter_devbox.render.account import take_account
from jupyter_devbox.render.instructions import Shell

BASES = {
    "none": "true",
    "as Jupyter's images have it": "useradd --create-home --uid 1000 --gid 100 jovyan",
    "ubuntu has the id": "useradd --create-home --uid 1000 ubuntu",
    "another id": "useradd --create-home --uid 1234 jovyan",
    "both": "useradd --create-home --uid 1000 ubuntu && useradd --create-home --uid 1234 jovyan",
}


@pytest.mark.docker
@pytest.mark.slow
def test_there_is_one_user_of_that_name_and_id_with_a_home(base_image, docker_cli):
    for name, before in BASES.items():
        show = (
            "id -u jovyan; id -un 1000; getent passwd jovyan | cut -d: -f6; stat -c %u /home/jovyan"
        )
        script = " && ".join([before, *take_account("jovyan", "1000"), show])
        words = ("run", "--rm", "--entrypoint", "sh", base_image.id, "-ec", script)
        done = subprocess.run([docker_cli, *words], capture_output=True, text=True, check=False)
        assert done.returncode == 0, (name, done.stderr)
        *_, uid, user, home, owner = done.stdout.split()  # usermod says where it has nothing to do
        assert [uid, user, home, owner] == ["1000", "jovyan", "/home/jovyan", "1000"], name


def test_a_name_from_elsewhere_is_quoted():
    assert "'a;b'" in " ".join(take_account("a;b", "1000"))
    assert '"${NB_USER}"' in " ".join(take_account(Shell('"${NB_USER}"'), "1000"))
