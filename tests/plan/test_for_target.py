"""One set of notebooks, two targets: who has which line, and whose word counts."""

from __future__ import annotations

from dataclasses import replace

import pytest
from makers import captured, direct, snapshot

from jupyter_devbox.catalogue import read_catalogue
from jupyter_devbox.errors import NoCudaError
from jupyter_devbox.plan.planner import PlanInputs, plan
from jupyter_devbox.spec.gpu import GpuHost
from jupyter_devbox.spec.project import ExistingEnvironment

CATALOGUE = read_catalogue()


def planned(*requirements, target="cuda", driver="550.54", existing=(), own=(), notebooks=()):
    inputs = PlanInputs(
        project="p",
        target=target,
        snapshots=(snapshot(*requirements, python="3.12.3"),),
        existing=ExistingEnvironment(requirements=existing, notebooks=notebooks),
        catalogue=CATALOGUE,
        host=GpuHost(driver=driver, origin="--driver"),
        twin_lines=own,
    )
    return plan(inputs)


def lines(spec):
    return {r.name: r for r in spec.requirements}


def test_without_a_catalogue_nothing_is_another_build():
    inputs = PlanInputs(project="p", target="cpu", snapshots=(snapshot(captured("torch==2.13.0")),))
    assert lines(plan(inputs))["torch"].text == "torch==2.13.0"


def test_the_two_targets_of_one_notebook():
    torch = captured("torch==2.13.0")
    cuda, cpu = planned(torch), planned(torch, target="cpu")
    assert lines(cuda)["torch"].text == "torch==2.13.0+cu126"
    assert lines(cpu)["torch"].text == "torch==2.13.0+cpu"
    assert cuda.accelerator is not None
    assert (cuda.accelerator.version, cuda.accelerator.driver_floor) == ("12.6", "525.60.13")
    assert cpu.accelerator is None
    assert lines(cuda)["torch"].firm, "another version would be built for another CUDA"


def test_a_line_of_the_cpus_file_is_followed_and_one_of_cudas_own_wins():
    existing = (direct("six==1.16.0", reason="hand"), direct("idna==3.6", reason="hand"))
    own = (direct("idna==3.7", reason="hand"),)
    spec = planned(captured("numpy==2.1.0"), existing=existing, own=own)
    assert (lines(spec)["six"].text, lines(spec)["six"].reason) == ("six==1.16.0", "option")
    assert (lines(spec)["idna"].text, lines(spec)["idna"].reason) == ("idna==3.7", "hand")


def test_what_only_the_twin_has_stays_while_another_notebook_needs_it():
    cupy = direct("cupy-cuda12x==13.6.0", notebooks=("b.ipynb",), detail="cupy")
    numpy = captured("numpy==2.1.0")
    assert "cupy-cuda12x" in lines(planned(numpy, own=(cupy,), notebooks=("b.ipynb",)))
    assert "cupy-cuda12x" not in lines(planned(numpy, own=(cupy,)))
    mine = replace(cupy, notebooks=("a.ipynb",))
    assert "cupy-cuda12x" not in lines(planned(numpy, own=(mine,), notebooks=("a.ipynb",)))


@pytest.mark.parametrize(("driver", "does"), [("470", "2.7.1"), ("470.256.02", "2.7.1")])
def test_a_driver_that_is_too_old_names_what_would_do(driver, does):
    with pytest.raises(NoCudaError) as caught:
        planned(captured("torch==2.13.0"), driver=driver)
    assert does in caught.value.hint
    assert "--target cpu" in caught.value.hint


def test_what_has_no_form_for_the_cpu_is_named_with_the_cells_that_import_it():
    cells = snapshot(captured("flash-attn==2.8.3", cells=(3, 5)), notebook="a.ipynb")
    more = snapshot(captured("flash-attn==2.8.3", cells=(1,)), notebook="b.ipynb")
    inputs = PlanInputs(project="p", target="cpu", snapshots=(cells, more), catalogue=CATALOGUE)
    spec = plan(inputs)
    (left_out,) = [d for d in spec.decisions if d.choice == "left out"]
    assert left_out.what == "flash-attn"
    assert left_out.reason.endswith("; cells 3 and 5 of a.ipynb, cell 1 of b.ipynb need it")
    hand = replace(direct("flash-attn==2.8.3"), reason="hand")
    inputs = replace(inputs, snapshots=(cells,), existing=ExistingEnvironment(requirements=(hand,)))
    (own,) = [d for d in plan(inputs).decisions if "your own line: it needs CUDA" in d.reason]
    assert own.reason.endswith("; cells 3 and 5 of a.ipynb need it")


def test_the_cells_of_two_names_of_one_module_are_told_together():
    names = (captured("cupy-cuda12x==13.6.0", cells=(4,)), captured("cupy-cuda11x==13.6.0"))
    spec = planned(*names, target="cpu")
    (left_out,) = [d for d in spec.decisions if "no form without CUDA" in d.reason]
    assert left_out.reason.endswith("; cell 4 of a.ipynb needs it")
