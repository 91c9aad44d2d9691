"""The tables of CUDA: as their schemas say, sorted, and whole: nothing points into the void."""

from __future__ import annotations

import json
from fnmatch import fnmatchcase

import jsonschema
import pytest
from packaging.utils import canonicalize_name
from packaging.version import Version

from jupyter_devbox.catalogue import read_catalogue
from jupyter_devbox.catalogue.reader import DATA
from jupyter_devbox.plan.cuda.machine import cuda_of, major, numbers, tag_of

TABLES = sorted(path.stem for path in DATA.glob("*.json"))


def table(name):
    return json.loads((DATA / f"{name}.json").read_text(encoding="utf-8"))


@pytest.fixture
def catalogue():
    return read_catalogue()


@pytest.mark.parametrize("name", TABLES)
def test_a_table_is_as_its_schema_says(name):
    schema = json.loads((DATA / "schemas" / f"{name}.json").read_text(encoding="utf-8"))
    jsonschema.Draft202012Validator.check_schema(schema)
    jsonschema.validate(table(name), schema)


def test_every_table_has_a_schema_and_every_schema_a_table():
    assert sorted(path.stem for path in (DATA / "schemas").glob("*.json")) == TABLES
    assert len(TABLES) == 9


@pytest.mark.parametrize("name", TABLES)
def test_every_row_names_its_sources(name):
    data = table(name)
    used = {source for row in data["rows"] for source in row["source"]}
    assert used == set(data["sources"])


@pytest.mark.parametrize(
    ("name", "key"), [("torch", "torch"), ("tensorflow", "tensorflow"), ("jax", "jax")]
)
def test_releases_stand_newest_first_and_once(name, key):
    versions = [Version(row[key]) for row in table(name)["rows"]]
    assert versions == sorted(set(versions), reverse=True)
    assert all(row["python"] == sorted(row["python"], key=numbers) for row in table(name)["rows"])


def test_drivers_stand_newest_first_and_never_need_more_than_came_with_cuda(catalogue):
    cudas = [numbers(driver.cuda) for driver in catalogue.drivers]
    assert cudas == sorted(set(cudas), reverse=True)
    floors = {major(driver.cuda): driver.floor for driver in catalogue.drivers}
    assert all(driver.floor == floors[major(driver.cuda)] for driver in catalogue.drivers)
    # 11.0's own first driver is 450.51.05, and NVIDIA's table gives 450.80.02 for all of 11.
    came = [d for d in catalogue.drivers if d.cuda != "11.0"]
    assert all(numbers(d.released_with) >= numbers(d.floor) for d in came)


def test_every_cuda_that_is_named_has_a_driver_and_an_oldest_card(catalogue):
    named = {r.cuda for r in catalogue.torch} | {r.cuda for r in catalogue.tensorflow}
    named |= {cuda_of(tag) for r in catalogue.torch for tag in r.variants or ()}
    named |= {extra.cuda for r in catalogue.jax for extra in r.extras}
    named |= {b.cuda for twin in catalogue.twins for b in twin.builds if b.cuda}
    named |= {image.cuda for image in catalogue.images}
    majors = {major(cuda) for cuda in named}
    assert majors <= {major(driver.cuda) for driver in catalogue.drivers}
    assert majors <= set(dict(catalogue.minimum_capability))


def test_every_build_of_torch_has_its_cards(catalogue):
    rows = {tag for row in catalogue.cards for tag in row.tags}
    tags = {tag_of(r.cuda) for r in catalogue.torch}
    tags |= {tag for r in catalogue.torch for tag in r.variants or ()}
    assert tags <= rows


def test_the_usual_build_is_among_the_variants(catalogue):
    for release in catalogue.torch:
        assert release.variants is None or tag_of(release.cuda) in release.variants


def test_every_torch_has_a_companion_that_is_not_older_than_the_last(catalogue):
    visions = [Version(r.torchvision) for r in catalogue.torch]
    assert visions == sorted(visions, reverse=True)
    # 2.0.2 went with torch 2.0.1, whose successor 2.1.0 came with 2.1.0.
    audios = [Version(r.torchaudio) for r in catalogue.torch]
    assert audios == sorted(audios, reverse=True)


def test_images_that_a_plan_can_ask_for_are_there(catalogue):
    there = {(image.cuda, image.kind) for image in catalogue.images}
    for release in catalogue.tensorflow:
        assert release.extra or (release.cuda, "cudnn-runtime") in there
    compiled = {r.cuda for r in catalogue.torch if numbers(r.torch) >= (2, 0)}
    compiled |= {cuda_of(tag) for r in catalogue.torch[:12] for tag in r.variants or ()}
    devel = {i.cuda for i in catalogue.images if i.kind == "cudnn-devel" and i.ubuntu <= "22.04"}
    assert compiled <= devel


def test_only_the_last_patch_of_an_image_is_listed(catalogue):
    keys = [(image.cuda, image.kind, image.ubuntu) for image in catalogue.images]
    assert len(keys) == len(set(keys))
    assert all(image.tag.startswith(f"{image.cuda}.") for image in catalogue.images)


def test_twins_are_named_normally_and_once(catalogue):
    names = []
    for twin in catalogue.twins:
        own = {twin.cpu, *twin.names, *(build.name for build in twin.builds)} - {""}
        assert own
        names += sorted(own)
    assert len(names) == len(set(names))
    assert all(canonicalize_name(name, validate=True) == name for name in names)
    assert not [n for n in names if any(fnmatchcase(n, p) for p in catalogue.dropped)]


def test_what_asks_for_a_cpu_form_asks_for_one_that_there_is(catalogue):
    assert all(twin.cpu for twin in catalogue.twins if twin.asked_by)


def test_a_twin_that_may_be_unpinned_names_a_release_in_its_own_span(catalogue):
    for build in (build for twin in catalogue.twins for build in twin.builds if build.newest):
        newest = Version(build.newest)
        assert not build.since or newest >= Version(build.since)
        assert not build.before or newest < Version(build.before)


def test_it_is_read_once():
    assert read_catalogue() is read_catalogue()
