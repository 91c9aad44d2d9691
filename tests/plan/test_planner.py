"""Facts → decisions: the union over notebooks, who wins, and the same value each time."""

from __future__ import annotations

import random
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from makers import captured, direct, snapshot

from jupyter_devbox.errors import PlanError, RequirementError
from jupyter_devbox.plan.options import merge_options
from jupyter_devbox.plan.planner import PlanInputs, pinned, plan
from jupyter_devbox.spec.environment import AptPackage
from jupyter_devbox.spec.lock import Lock, LockedPackage
from jupyter_devbox.spec.project import ExistingEnvironment, ProjectOptions
from jupyter_devbox.spec.snapshot import (
    AptRequirement,
    InstalledDistribution,
    KernelSnapshot,
)

pytestmark = pytest.mark.usefixtures("pure")


def planned(*snapshots, existing=None, options=None, **more):
    inputs = PlanInputs(
        project="digits",
        target="cpu",
        snapshots=snapshots,
        existing=existing or ExistingEnvironment(),
        options=options or ProjectOptions(),
        **more,
    )
    return plan(inputs)


def lines(spec):
    """Name → requirement text, without what every environment has."""
    return {r.name: r.text for r in spec.requirements if r.reason != "kernel"}


def decided(spec, what):
    return [d for d in spec.decisions if d.what == what]


# --- the union over notebooks --------------------------------------------------


def test_one_notebook_is_pinned_to_what_its_kernel_has():
    spec = planned(snapshot(captured("numpy==2.1.0"), captured("plotly")))
    assert lines(spec) == {"numpy": "numpy==2.1.0", "plotly": "plotly"}
    assert spec.python == "3.11"
    assert "kernel has" in decided(spec, "numpy")[0].reason


def test_what_another_notebook_needs_stays():
    existing = ExistingEnvironment(
        requirements=(direct("numpy==2.0", detail="numpy", notebooks=("a.ipynb", "b.ipynb")),
                      direct("pandas==2.2", detail="pandas", notebooks=("b.ipynb",))),
        notebooks=("a.ipynb", "b.ipynb"),
    )  # fmt: skip
    spec = planned(snapshot(captured("lxml==5.0")), existing=existing)
    assert lines(spec) == {"lxml": "lxml==5.0", "numpy": "numpy==2.0", "pandas": "pandas==2.2"}
    needed_by = {r.name: r.notebooks for r in spec.requirements}
    assert needed_by["numpy"] == ("b.ipynb",)
    assert spec.notebooks == ("a.ipynb", "b.ipynb")


def test_a_pin_leaves_when_no_notebook_needs_it():
    existing = ExistingEnvironment(
        requirements=(direct("numpy==2.0", notebooks=("a.ipynb",)),), notebooks=("a.ipynb",)
    )
    assert lines(planned(snapshot(captured("lxml==5.0")), existing=existing)) == {
        "lxml": "lxml==5.0"
    }


def test_a_deleted_notebook_needs_nothing():
    existing = ExistingEnvironment(
        requirements=(direct("numpy==2.0", notebooks=("gone.ipynb",)),), notebooks=()
    )
    spec = planned(snapshot(captured("lxml==5.0")), existing=existing)
    assert lines(spec) == {"lxml": "lxml==5.0"}
    assert spec.notebooks == ("a.ipynb",)


def test_the_newest_capture_wins_and_says_so():
    existing = ExistingEnvironment(
        requirements=(direct("numpy==1.26", detail="numpy", notebooks=("b.ipynb",)),),
        notebooks=("b.ipynb",),
    )
    spec = planned(snapshot(captured("numpy==2.1")), existing=existing)
    assert lines(spec) == {"numpy": "numpy==2.1"}
    reason = decided(spec, "numpy")[-1].reason
    assert "newest" in reason
    assert "b.ipynb had numpy==1.26" in reason


def test_a_line_by_hand_wins_and_says_so():
    hand = direct("numpy<2", firm=True, reason="hand")
    existing = ExistingEnvironment(requirements=(hand,))
    spec = planned(snapshot(captured("numpy==2.1")), existing=existing)
    assert lines(spec) == {"numpy": "numpy<2"}
    assert any("your own line" in d.reason for d in decided(spec, "numpy"))


def test_a_notebook_that_has_nothing_installed_leaves_the_others_pin():
    """A static scan knows no version: what a live capture pinned, or a VCS source, stands."""
    url = "git+https://host/x@abc"
    existing = ExistingEnvironment(
        requirements=(
            direct("numpy<2", firm=True, allowed="<2", notebooks=("b.ipynb",)),
            direct("mine==0.3", source="vcs", url=url, notebooks=("b.ipynb",)),
        ),
        notebooks=("b.ipynb",),
    )
    spec = planned(snapshot(captured("numpy"), captured("mine")), existing=existing)
    by_name = {r.name: r for r in spec.requirements}
    assert (by_name["numpy"].text, by_name["numpy"].firm) == ("numpy<2", True)
    assert by_name["numpy"].notebooks == ("a.ipynb", "b.ipynb")
    assert by_name["mine"].url == url


def test_extras_and_reasons_of_several_notebooks_add_up():
    spec = planned(
        snapshot(captured("pandas==2.2", extras=("excel",), imports=("pandas",))),
        snapshot(
            captured("pandas==2.2", extras=("aws",), reason="install", imports=()),
            notebook="b.ipynb",
        ),
    )
    (pandas,) = [r for r in spec.requirements if r.name == "pandas"]
    assert pandas.text == "pandas[aws,excel]==2.2"
    assert pandas.reason == "import"
    assert pandas.notebooks == ("a.ipynb", "b.ipynb")


# --- versions ------------------------------------------------------------------


def test_a_local_version_gives_way_to_the_public_one_with_a_decision():
    spec = planned(snapshot(captured("torch==2.4.0+cu124")))
    assert lines(spec) == {"torch": "torch==2.4.0"}
    assert any("2.4.0+cu124 is in no public index" in d.reason for d in decided(spec, "torch"))


@pytest.mark.parametrize("installed", ["torch==2.4.0+cu124", "torch"])
def test_a_local_version_that_the_notebook_itself_names(installed):
    wish = captured(installed, specifier="==2.4.0+cu124", reason="install")
    spec = planned(snapshot(wish))
    assert lines(spec) == {"torch": "torch==2.4.0"}
    assert [r.allowed for r in spec.requirements if r.name == "torch"] == ["==2.4.0"]
    assert any("in no public index" in d.reason for d in decided(spec, "torch"))


CU124 = "https://index.example/whl/cu124"


def test_an_installed_local_version_is_looked_for_where_the_notebook_had_it_from():
    torch = captured("torch==2.4.0+cu124", index=CU124)
    numpy = captured("numpy==2.1", index=CU124)
    kernel = snapshot(torch, numpy, indexes=("https://other.example/simple", CU124))
    spec = planned(kernel, more_indexes=("https://machine.example/simple",))
    assert lines(spec) == {"torch": "torch==2.4.0+cu124", "numpy": "numpy==2.1"}
    asked = {r.name: r.indexes for r in spec.requirements if r.indexes}
    assert asked == {
        "torch": (CU124, "https://other.example/simple", "https://machine.example/simple"),
        "numpy": (CU124,),
    }
    assert not any("public" in d.reason for d in decided(spec, "torch"))


def test_the_notebook_s_word_alone_chooses_no_index():
    wish = captured("torch", specifier="==2.4.0+cu124", index=CU124, reason="install")
    plain = captured("lab", specifier="==1.2", index=CU124, reason="install")
    spec = planned(snapshot(wish, plain))
    assert lines(spec) == {"torch": "torch==2.4.0", "lab": "lab==1.2"}
    assert not any(r.indexes for r in spec.requirements)
    (_, decision) = decided(spec, "torch")
    assert CU124 in decision.reason
    assert "not installed here" in decision.reason


@pytest.mark.parametrize("index", ["https://x.example/${HOME}", "file:///tmp/x", "https://u:p@x/s"])
def test_an_odd_index_is_not_asked(index):
    spec = planned(snapshot(captured("torch==2.4.0+cu124", index=index)))
    assert lines(spec) == {"torch": "torch==2.4.0"}


def test_what_another_notebook_has_from_an_index_stays_there():
    old = direct("torch==2.4.0+cu124", indexes=(CU124,), notebooks=("b.ipynb",))
    existing = ExistingEnvironment(requirements=(old,), notebooks=("b.ipynb",))
    for mine in ((), (captured("torch"),)):
        spec = planned(snapshot(*mine), existing=existing)
        (torch,) = [r for r in spec.requirements if r.name == "torch"]
        assert (torch.text, torch.indexes) == ("torch==2.4.0+cu124", (CU124,))


@pytest.mark.parametrize(
    ("version", "index", "left"),
    [("2.4.0+cu124", "https://b.example", ("https://b.example",)), ("2.4.0", "", ())],
)
def test_the_index_that_has_it_is_kept(version, index, left):
    torch = direct("torch==2.4.0+cu124", indexes=("https://a.example", "https://b.example"))
    package = LockedPackage(name="torch", version=version, hashes=("sha256:0",), index=index)
    lock = Lock(python="3.11.2", platform="linux/amd64", packages=(package,))
    (found,) = pinned(replace(planned(snapshot()), requirements=(torch,)), lock).requirements
    assert (found.text, found.indexes) == (f"torch=={version}", left)


def test_the_user_s_words_bound_what_is_installed():
    inside = captured("pandas==2.2.3", specifier=">=2,<3")
    outside = captured("numpy==2.1.0", specifier="<2")
    spec = planned(snapshot(inside, outside))
    by_name = {r.name: r for r in spec.requirements}
    assert (by_name["pandas"].text, by_name["pandas"].firm) == ("pandas==2.2.3", False)
    assert by_name["pandas"].allowed == "<3,>=2"
    assert (by_name["numpy"].text, by_name["numpy"].firm) == ("numpy<2", True)


def test_an_installed_pre_release_is_kept():
    spec = planned(snapshot(captured("numpy==2.0.0rc1", specifier=">=1.26")))
    assert lines(spec) == {"numpy": "numpy==2.0.0rc1"}


def test_a_version_of_before_pep_440_is_no_version():
    """Old metadata says things like 2004d; no index and no resolver knows them."""
    spec = planned(snapshot(captured("pytz==2004d")))
    assert lines(spec) == {"pytz": "pytz"}


@pytest.mark.parametrize("name", ["numpy\nRUN x", "-r", "a b", "../x", "x;y"])
def test_a_hostile_name_stops_the_plan(name):
    with pytest.raises(RequirementError):
        planned(snapshot(captured("x==1.0", name=name)))


def test_a_hostile_specifier_stops_the_plan():
    with pytest.raises(RequirementError):
        planned(snapshot(captured("x", specifier="==1\n--index-url=https://evil")))


@pytest.mark.parametrize(
    ("source", "url"),
    [
        ("vcs", "git+https://host/x.git@abc"),
        ("file", "file:///tmp/x-1-py3-none-any.whl"),
        ("editable", "file:///home/me/x"),
    ],
)
def test_what_came_from_an_address_keeps_it(source, url):
    spec = planned(snapshot(captured("x==1.0+g1234", source=source, url=url)))
    (x,) = [r for r in spec.requirements if r.name == "x"]
    assert x.url == url
    assert "wheel" in decided(spec, "x")[0].reason


def test_an_address_that_cannot_be_taken_is_said():
    why = "conda installed it from a file of its own"
    spec = planned(snapshot(captured("x==1.0", lost=why), captured("y==1.0")))
    assert lines(spec) == {"x": "x==1.0", "y": "y==1.0"}
    assert f"{why}, so the index's version is taken" in decided(spec, "x")[0].reason
    assert "index's version" not in decided(spec, "y")[0].reason


# --- what the lock always has ----------------------------------------------------


def test_ipykernel_comes_in_the_kernel_s_version_and_pip_is_there():
    kernel = replace(
        snapshot(), installed=(InstalledDistribution(name="ipykernel", version="6.29.5"),)
    )
    texts = {r.name: r.text for r in planned(kernel).requirements}
    assert texts == {"ipykernel": "ipykernel==6.29.5", "pip": "pip"}


def test_the_user_may_want_another_ipykernel():
    options = ProjectOptions(include=("ipykernel<7",))
    texts = {r.name: r.text for r in planned(snapshot(), options=options).requirements}
    assert texts["ipykernel"] == "ipykernel<7"


def test_our_own_package_is_never_looked_for_in_an_index():
    existing = ExistingEnvironment(requirements=(direct("jupyter-devbox", reason="hand"),))
    options = ProjectOptions(include=("jupyter-devbox",))
    notebook = snapshot(captured("jupyter-devbox==0.1.0"))
    assert lines(planned(notebook, existing=existing, options=options)) == {}


# --- options ---------------------------------------------------------------------


def test_what_is_included_is_remembered_and_excluding_forgets_it():
    first = merge_options(ProjectOptions(), ProjectOptions(include=("LXML >=5",)))
    assert first.include == ("LXML>=5",)
    second = merge_options(first, ProjectOptions(include=("numpy",)))
    assert second.include == ("LXML>=5", "numpy")
    third = merge_options(second, ProjectOptions(exclude=("lxml",)))
    assert (third.include, third.exclude) == (("numpy",), ("lxml",))
    fourth = merge_options(third, ProjectOptions(include=("lxml",)))
    assert (fourth.include, fourth.exclude) == (("lxml", "numpy"), ())


def test_what_is_excluded_leaves_with_a_decision():
    options = ProjectOptions(exclude=("numpy",))
    spec = planned(snapshot(captured("numpy==2.1")), options=options)
    assert lines(spec) == {}
    assert decided(spec, "numpy")[0].choice == "left out"


def test_an_include_keeps_what_the_notebook_says_of_the_package():
    options = ProjectOptions(include=("pandas[aws]",))
    notebook = snapshot(captured("pandas==2.2", extras=("excel",)))
    spec = planned(notebook, options=options)
    (pandas,) = [r for r in spec.requirements if r.name == "pandas"]
    assert pandas.text == "pandas[aws,excel]==2.2"
    assert pandas.notebooks == ("a.ipynb",)


def test_an_include_with_a_version_is_the_user_s_word():
    options = ProjectOptions(include=("pandas<2",))
    spec = planned(snapshot(captured("pandas==2.2")), options=options)
    (pandas,) = [r for r in spec.requirements if r.name == "pandas"]
    assert (pandas.text, pandas.firm) == ("pandas<2", True)


def test_an_include_that_contradicts_a_notebook_says_so():
    spec = planned(snapshot(captured("pandas==2.2")), options=ProjectOptions(include=("pandas<2",)))
    (pandas,) = [r for r in spec.requirements if r.name == "pandas"]
    assert (pandas.reason, pandas.detail, pandas.notebooks) == ("option", "--include", ("a.ipynb",))
    assert "--include says so; a.ipynb had pandas==2.2" in decided(spec, "pandas")[-1].reason


def test_an_include_doesn_t_loosen_a_line_by_hand():
    existing = ExistingEnvironment(requirements=(direct("pandas<2", firm=True, reason="hand"),))
    for wish in ("pandas", "pandas>=2"):
        spec = planned(existing=existing, options=ProjectOptions(include=(wish,)))
        assert lines(spec) == {"pandas": "pandas<2"}
    assert any("--include says pandas>=2" in d.reason for d in decided(spec, "pandas"))


@pytest.mark.parametrize(
    "wish",
    [
        {"include": ("x @ https://u:p@host/x.whl",)}, {"include": ("-r x",)}, {"exclude": ("a b",)},
        {"apt": ("ffmpeg=7:5",)}, {"apt": ("-y",)}, {"python": "3.11.2"}, {"base": "python"},
        {"ports": (0,)}, {"ports": (70000,)}, {"isolation": "none"}, {"idle": "soon"},
    ],
)  # fmt: skip
@pytest.mark.parametrize("remembered", [False, True])
def test_wishes_that_are_not_well_formed(wish, remembered):
    pair = (ProjectOptions(**wish), ProjectOptions())
    with pytest.raises(RequirementError) as caught:
        merge_options(*(pair if remembered else pair[::-1]))
    assert caught.value.hint


def test_what_is_asked_now_wins_over_what_is_remembered():
    before = ProjectOptions(python="3.11", base="python:3.11-slim-bookworm", ports=(6006,))
    now = ProjectOptions(python="3.12", base="python:3.12-slim-bookworm", ports=(8050,))
    merged = merge_options(before, now)
    assert (merged.python, merged.base) == ("3.12", "python:3.12-slim-bookworm")
    assert merged.ports == (6006, 8050)


def test_a_module_s_name_can_be_excluded_too():
    assert merge_options(ProjectOptions(), ProjectOptions(exclude=("_tools",))).exclude


# --- Debian packages -----------------------------------------------------------


def test_debian_packages_are_a_union_too():
    existing = ExistingEnvironment(
        apt=(
            AptPackage(name="ffmpeg", reason="!apt-get", notebooks=("a.ipynb",)),
            AptPackage(name="graphviz", reason="rule", notebooks=("b.ipynb",)),
            AptPackage(name="gone", reason="rule", notebooks=("deleted.ipynb",)),
        ),
        notebooks=("a.ipynb", "b.ipynb"),
    )
    notebook = replace(
        snapshot(), apt=(AptRequirement(name="libsndfile1", reason="shared library", detail="x"),)
    )
    spec = planned(notebook, existing=existing, options=ProjectOptions(apt=("tini",)))
    assert [(a.name, a.notebooks) for a in spec.apt] == [
        ("graphviz", ("b.ipynb",)),
        ("libsndfile1", ("a.ipynb",)),
        ("tini", ()),
    ]
    assert decided(spec, "libsndfile1")[0].choice == "apt"


def test_a_debian_name_from_notebook_text_that_is_none_is_dropped():
    notebook = replace(
        snapshot(),
        apt=(AptRequirement(name="x;rm -rf /", reason="!apt-get"),
             AptRequirement(name="--allow-x", reason="!apt-get")),
    )  # fmt: skip
    assert planned(notebook).apt == ()


def test_an_excluded_debian_package_leaves():
    notebook = replace(snapshot(), apt=(AptRequirement(name="ffmpeg", reason="!apt-get"),))
    assert planned(notebook, options=ProjectOptions(exclude=("ffmpeg",))).apt == ()


# --- after the lock ----------------------------------------------------------------


def test_our_lines_are_pinned_as_locked_and_the_user_s_stay():
    existing = ExistingEnvironment(requirements=(direct("scipy>=1", firm=True, reason="hand"),))
    notebook = snapshot(
        captured("numpy==2.1"), captured("plotly"), captured("lxml", specifier="<6")
    )
    spec = planned(notebook, existing=existing)
    versions = {"numpy": "2.0", "plotly": "5.1", "lxml": "5.2", "scipy": "1.14", "pip": "24.0"}
    lock = Lock(
        python="3.11.2",
        platform="linux/amd64",
        packages=tuple(LockedPackage(name=n, version=v, hashes=()) for n, v in versions.items()),
    )
    texts = {r.name: r.text for r in pinned(spec, lock).requirements}
    assert texts["numpy"] == "numpy==2.0"
    assert texts["plotly"] == "plotly==5.1"
    assert texts["lxml"] == "lxml<6"
    assert texts["scipy"] == "scipy>=1"
    assert texts["pip"] == "pip==24.0"


# --- determinism -----------------------------------------------------------------

packages = st.lists(
    st.sampled_from(["numpy==2.1", "pandas==2.2", "lxml==5.0", "torch==2.4.0+cu124", "plotly"]),
    unique=True,
)


@given(packages, packages, st.randoms(use_true_random=False))
def test_the_order_of_facts_decides_nothing(first, second, chance: random.Random):
    def build(shuffle):
        def mixed(items):
            items = list(items)
            if shuffle:
                chance.shuffle(items)
            return tuple(items)

        snapshots = []
        for name, texts in (("a.ipynb", first), ("b.ipynb", second)):
            made = snapshot(*mixed(captured(t) for t in texts), notebook=name)
            apt = mixed(AptRequirement(name=n, reason="rule") for n in ("ffmpeg", "tini"))
            snapshots.append(replace(made, apt=apt, installed=mixed(made.installed)))
        old = mixed(
            direct(t, notebooks=("c.ipynb",), detail="x") for t in ("six==1.17", "numpy==1.26")
        )
        existing = ExistingEnvironment(requirements=old, notebooks=mixed(["c.ipynb", "d.ipynb"]))
        spec = planned(*snapshots, existing=existing)
        return replace(spec, decisions=tuple(sorted(spec.decisions, key=repr)))

    assert build(shuffle=False) == build(shuffle=True)


@pytest.mark.parametrize("what", ["project", "notebook"])
def test_a_name_that_is_no_utf_8_cannot_be_written_down(what):
    """devcontainer.json is read by strict readers, which refuse half a surrogate pair."""
    notebook = snapshot(notebook="\udcff.ipynb" if what == "notebook" else "a.ipynb")
    inputs = PlanInputs(
        project="\udcff" if what == "project" else "digits", target="cpu", snapshots=(notebook,)
    )
    with pytest.raises(PlanError, match="UTF-8") as caught:
        plan(inputs)
    assert str(caught.value).encode()
    assert caught.value.hint.startswith("rename it")


def test_a_snapshot_without_a_notebook_is_fine():
    assert planned(KernelSnapshot()).notebooks == ()
