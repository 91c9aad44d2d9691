"""The sentences of ux/terminal.txt and ux/wording.md."""

from __future__ import annotations

from dataclasses import replace

import pytest
from makers import captured, snapshot
from view_values import BUILT, FOUND, KERNEL, PLANNED, SNAPSHOT, result

from jupyter_devbox.errors import ConflictError, DevboxError, EngineNotRunningError
from jupyter_devbox.plan.split import Leaner, Savings
from jupyter_devbox.spec.container import ImageInfo
from jupyter_devbox.spec.snapshot import CaptureWarning, UnresolvedImport
from jupyter_devbox.view import wording


def test_what_a_notebook_uses():
    assert wording.uses(SNAPSHOT) == "train.ipynb uses 9 packages, ffmpeg and Python 3.11."
    one = snapshot(captured("numpy==2.1"), python="", notebook="")
    assert wording.uses(one) == "This notebook uses 1 package."


def test_imports_that_were_not_found_are_said_first_with_what_to_do():
    lines = wording.found(FOUND, "add")
    assert lines[0] == "train.ipynb uses 9 packages, ffmpeg and Python 3.11."
    assert "! Not found, so left out: lab_utils (cell 3)" in lines
    assert any("It is your own file:  put lab_utils.py beside the notebook" in x for x in lines)
    many = replace(SNAPSHOT, unresolved=(UnresolvedImport(name="a.b", cells=(3, 5)),
                                         UnresolvedImport(name="c")))  # fmt: skip
    lines = wording.found(replace(FOUND, snapshots=(many,)), "add")
    assert "! Not found, so left out: a.b (cells 3, 5), c" in lines
    assert any("put a.py beside" in line for line in lines)


def test_packages_with_versions_and_odd_reasons():
    odd = (
        captured("openpyxl==3.1", reason="engine", imports=("pandas.read_excel",)),
        captured("kaleido==0.2", reason="install", imports=()),
    )
    text = " ".join(wording.packages(snapshot(captured("numpy==2.1"), *odd), indent=""))
    assert (
        "numpy 2.1, openpyxl 3.1 (for pandas.read_excel), kaleido 0.2 (the notebook installs it)"
        in text
    )


@pytest.mark.parametrize("number", [1, 9, 60])
def test_lines_keep_to_the_terminal_s_width(number):
    many = snapshot(*(captured(f"package-number-{n}==1.{n}") for n in range(number)))
    lines = wording.packages(many)
    assert all(len(line) <= 80 for line in lines)
    assert not [line for line in lines if line.strip().startswith("1.")]


def test_the_plan_in_one_line():
    assert wording.planned(PLANNED).startswith("CPU image: about 1.1 GB on disk, 41 GB free.")
    unseen = wording.planned(replace(PLANNED, free_bytes=None))
    assert unseen.startswith("CPU image: about 1.1 GB on disk.")


def test_what_may_not_fit_on_the_disk_is_said_with_the_next_steps():
    lines = wording.no_room(27 * 10**9, 10**10)
    assert lines == [
        "! May not fit on the disk: building takes up to 27 GB, 10 GB free",
        "    Make room:     jupyter devbox prune",
        "    Another disk:  data-root in daemon.json (Podman: graphroot in storage.conf)",
    ]
    assert all(len(line) <= 80 for line in lines)
    assert wording.no_room(10**10, 10**10) == []
    assert wording.no_room(10**10, None) == []


def test_done():
    assert wording.ready(BUILT) == [
        "digits · CPU is ready: 1.08 GB, built in 2 min 41 s.",
        "Left out: lab_utils (cell 3)",
        "4 files written to .devcontainer/",
    ]


def test_again_with_nothing_changed():
    clean = replace(SNAPSHOT, unresolved=())
    assert wording.ready(result(snapshots=(clean,))) == [
        "digits · CPU is up to date. Nothing was written or built."
    ]


def test_what_was_left_out_is_said_last_too():
    assert wording.ready(result())[-1] == "Left out: lab_utils (cell 3)"


def test_files_alone():
    assert wording.ready(replace(BUILT, kernels=(), images=(), built=False))[0] == (
        "The files are written."
    )
    assert wording.ready(result(kernels=()))[0] == "The files are up to date."


def test_two_kernels():
    venv = replace(KERNEL, display_name="digits · venv", target="venv")
    line = wording.ready(replace(BUILT, kernels=(KERNEL, venv)))[0]
    assert line.startswith("digits · CPU and digits · venv are ready")


def test_each_image_has_its_size():
    sizes = (1_080_000_000, 309_000_000)
    images = tuple(ImageInfo(id=f"sha256:{n}", size=size) for n, size in enumerate(sizes))
    other = replace(KERNEL, display_name="digits/plot · CPU")
    line = wording.ready(replace(BUILT, kernels=(KERNEL, other), images=images))[0]
    assert line == (
        "digits · CPU and digits/plot · CPU are ready: 1.08 GB and 309 MB, built in 2 min 41 s."
    )


def test_what_to_do_next():
    lines = wording.next_steps(BUILT)
    assert lines[0] == "Next:"
    assert any(line.startswith("  jupyter devbox run train.ipynb") for line in lines)
    assert any('choose the kernel "digits · CPU"' in line for line in lines)
    assert any(line.startswith("  in VS Code") for line in lines)
    assert wording.next_in_notebook(BUILT) == [
        'Next: choose the kernel "digits · CPU" (menu Kernel, Change Kernel).'
    ]


def test_a_next_command_can_be_pasted_into_a_shell():
    odd = replace(SNAPSHOT, notebook="it's; rm -rf x.ipynb")
    lines = wording.next_steps(replace(BUILT, snapshots=(odd,)))
    assert any("""run 'it'"'"'s; rm -rf x.ipynb'""" in line for line in lines)


# --- failures --------------------------------------------------------------------------


def test_a_failure_is_details_cause_and_next_step():
    error = ConflictError("Your line and the plan disagree", hint="--diff", details=("- a", "+ b"))
    assert wording.failure(error) == [
        "  - a",
        "  + b",
        "",
        "Your line and the plan disagree.",
        "Next: --diff",
    ]


def test_a_value_at_the_end_gets_no_full_stop_behind_it():
    assert wording.failure(DevboxError("This is not a size: `x`")) == ["This is not a size: `x`"]


def test_a_command_is_completed_by_what_was_called():
    error = DevboxError("Changed", hint="jupyter devbox containerize NOTEBOOK.ipynb --diff")
    said = wording.failure(error, r"jupyter devbox containerize 'a\1 b.ipynb'")
    assert said[-1] == r"Next: jupyter devbox containerize 'a\1 b.ipynb' --diff"
    assert wording.failure(error, "%containerize")[-1] == "Next: %containerize --diff"


def test_without_an_engine_there_are_two_other_ways():
    error = EngineNotRunningError(
        "Docker isn't running: nothing answers at `/var/run/docker.sock`",
        hint="sudo systemctl start docker",
    )
    lines = wording.failure(error, "jupyter devbox containerize train.ipynb")
    assert lines[0].startswith("Docker isn't running: nothing answers at")
    assert "Next, one of:" in lines
    assert "  sudo systemctl start docker" in lines
    assert any("--target venv" in x and "same packages, no box" in x for x in lines)
    assert any("--no-build" in x and "write the files only" in x for x in lines)


def test_long_messages_are_wrapped_and_commands_are_not():
    error = DevboxError("word " * 40 + "end", hint="jupyter " + "x" * 100)
    lines = wording.failure(error)
    assert all(len(line) <= 80 for line in lines[:-1])
    assert lines[-1] == "Next: jupyter " + "x" * 100


def test_untrusted_text_does_not_steer_the_terminal():
    evil = "\x1b[2Jgone\r\x9b31m\u202e"
    error = DevboxError(f"Bad `{evil}`", details=(evil,))
    warned = replace(
        SNAPSHOT,
        notebook=f"{evil}.ipynb",
        warnings=(CaptureWarning(code="x", message=evil, cell=2),),
    )
    lines = [*wording.failure(error), *wording.found(replace(FOUND, snapshots=(warned,)), "add")]
    assert not set("".join(lines)) & set("\x1b\r\x9b\u202e")


def test_what_splitting_saves_in_a_few_lines():
    train = Leaner(group="train", bytes=1_900_000_000, unmet=("numpy<2",))
    own = {f"p{n}": ("1", "2") for n in range(6)}
    plots = Leaner(group="plots", bytes=500_000_000, fewer=31, own=own)
    saved = Savings(groups=(train, plots), shared=400_000_000, together=2_400_000_000)
    assert wording.splitting(saved) == [
        (
            "One environment: about 2.4 GB. Split: train 1.9 GB, plots 500 MB; "
            "400 MB of layers shared, 2.0 GB on disk."
        ),
        "  In one environment train would lack numpy<2.",
        (
            "  plots does without 31 packages, and has versions of its own: p0 2 instead of 1, "
            "p1 2 instead of 1, p2 2 instead of 1, p3 2 instead of 1 and 2 more."
        ),
    ]
    none = replace(saved, together=None, problem="no\x1b numpy")
    assert wording.splitting(none)[0].startswith(
        "One environment for all cannot be had: no\ufffd numpy. Split: train"
    )
    assert wording.splitting(None) == wording.splitting(replace(saved, groups=(train,))) == []


def test_each_group_s_kernel_is_named():
    kernels = tuple(replace(KERNEL, group=g, display_name=f"d/{g} \u00b7 CPU") for g in ("a", "b"))
    (line,) = wording.next_in_notebook(replace(BUILT, kernels=kernels))
    assert '"d/a \u00b7 CPU" or "d/b \u00b7 CPU"' in line
