"""`images` says what takes the room; `--slim` saves what it promised, and all still works."""

from __future__ import annotations

import pytest
from image_layers import has_layers_of_its_own
from machine import Machine, write_notebook

from jupyter_devbox.engine.base import Engine

pytestmark = [pytest.mark.docker, pytest.mark.network, pytest.mark.slow]
FRAME = "import pandas as pd\nprint(pd.DataFrame({'a': [1, 2]})['a'].sum())"
LINES = "import numpy as np\nprint(round(float(np.linalg.norm([3, 4])), 3))"


def explained(machine: Machine, project) -> dict:
    (image,) = machine.must("images", "--explain", "--json", cwd=project).json["images"]
    return image


def test_the_images_and_their_sizes(small, engine: Engine):
    machine, project = small
    done = machine.must("images", "--json", cwd=project).json
    image = next(each for each in done["images"] if each["project"] == str(project))
    assert image["bytes"] == engine.image(image["id"]).size
    assert image["own_bytes"] + image["shared_bytes"] == image["bytes"]
    assert image["own_bytes"] < image["bytes"]  # the base is another image's too
    assert (image["own_bytes"] > 0) == has_layers_of_its_own(engine, image["id"])
    assert done["bytes"] == sum(each["bytes"] for each in done["images"])
    text = machine.must("images", cwd=project).out
    assert image["name"] in text
    assert "of its own" in text


def test_what_takes_the_room(small, engine: Engine):
    machine, project = small
    image = explained(machine, project)
    contents = image["contents"]
    names = [package["name"] for package in contents["packages"]]
    assert {"ipykernel", "jupyter-devbox", "pip"} <= set(names)
    sizes = [package["bytes"] for package in contents["packages"]]
    assert sizes == sorted(sizes, reverse=True)
    unowned = sum(place["bytes"] for place in contents["unowned"])
    assert sum(sizes) + unowned == contents["environment"] <= contents["bytes"]
    assert unowned < 0.05 * contents["environment"]
    assert contents["slim_saves"] == sum(contents["spare"].values()) > 0
    what = {layer["what"] for layer in image["layers"]}
    assert {"Python packages, stable", "Python packages, the rest"} <= what
    assert abs(sum(layer["bytes"] for layer in image["layers"]) - image["bytes"]) < 5_000_000
    text = machine.must("images", "--explain", image["name"], cwd=project).out
    assert f"({contents['slim_saves']} bytes)" in text
    assert "containerize --slim" in text


def test_an_image_that_is_not_ours(small, engine: Engine):
    machine, project = small
    done = machine.devbox("images", "--explain", "python:3.11-slim-bookworm", cwd=project)
    assert done.code == 2
    assert "We made no image" in done.err


def test_a_package_that_no_notebook_uses_any_more(small, engine: Engine):
    machine, project = small
    requirements = project / ".devcontainer" / "requirements.in"
    before = requirements.read_text()
    try:
        # As if the notebook had needed it when it was containerized.
        line = 'ipython==1.0  # import: IPython; notebooks: ["n.ipynb"]\n'
        requirements.write_text(f"{before}{line}")
        image = explained(machine, project)
    finally:
        requirements.write_text(before)
    assert [each["name"] for each in image["unused"]] == ["ipython"]


def test_slim_saves_what_was_promised_and_all_still_works(machine: Machine, engine: Engine):
    project = machine.project("slim")
    write_notebook(project / "n.ipynb", FRAME, LINES)
    whole = machine.must("containerize", "n.ipynb", "--json", cwd=project).json["image"]
    promised = explained(machine, project)["contents"]["slim_saves"]
    assert promised > 20_000_000
    size = engine.image(whole).size

    slim = machine.must("containerize", "--slim", "--json", cwd=project).json["image"]
    saved = size - engine.image(slim).size
    assert 0.95 * promised < saved < 1.05 * promised, (promised, saved)
    again = explained(machine, project)
    assert again["contents"]["slim_saves"] == 0
    ran = machine.must("run", "n.ipynb", "--json", cwd=project).json
    assert ran["error"] is None
    proof = machine.must("verify", "--json", cwd=project).json
    assert proof["ok"] is True

    # The project remembers it, until told otherwise.
    assert not machine.must("containerize", "--json", cwd=project).json["files"]
    assert (project / ".devcontainer" / "devbox_slim.py").is_file()
    off = machine.must("containerize", "--slim=off", "--json", cwd=project).json
    assert off["image"] == whole
    assert not (project / ".devcontainer" / "devbox_slim.py").exists()
