"""The terminal: a block redrawn in place, plain lines elsewhere."""

from __future__ import annotations

import io
import re
import time
from dataclasses import replace

import pytest
from view_values import FOUND, PLANNED

from jupyter_devbox.errors import DevboxError
from jupyter_devbox.spec.events import PHASES, LogEvent, PhaseEvent
from jupyter_devbox.view import plain, terminal
from jupyter_devbox.view.plain import NotebookText
from jupyter_devbox.view.progress import Progress, phases_for
from jupyter_devbox.view.terminal import LiveView, Marks, PlainView, terminal_view


class Stream(io.StringIO):
    """A stream that claims to be a terminal, or not, and has an encoding."""

    def __init__(self, *, tty: bool = True, encoding: str = "utf-8") -> None:
        super().__init__()
        self.tty = tty
        self._encoding = encoding

    @property
    def encoding(self):
        return self._encoding

    def isatty(self):
        return self.tty

    def screen(self):
        """What stands on the screen in the end: the cursor goes up, what is below is erased."""
        lines = [""]
        for part in re.split(r"(\n|\033\[\d+A\033\[J|\033\[\?7[lh])", self.getvalue()):
            up = re.fullmatch(r"\033\[(\d+)A\033\[J", part)
            if up:
                lines = [*lines[: -int(up[1]) - 1], ""]
            elif part == "\n":
                lines.append("")
            elif not part.startswith("\033[?"):
                lines[-1] += re.sub(r"\033\[\d*m", "", part)
        return lines


@pytest.fixture
def clock(monkeypatch):
    """A clock that is put forward by hand."""

    class Clock:
        now = 1000.0

        def monotonic(self):
            return self.now

    made = Clock()
    monkeypatch.setattr(time, "monotonic", made.monotonic)
    return made


def event(phase, status, **more):
    return PhaseEvent(phase=phase, status=status, **more)


def play(view, clock):
    """The build of ux/terminal.txt."""
    view(FOUND)
    view(PLANNED)
    view(event("Pin versions", "started"))
    view(event("Pin versions", "done", detail="64 packages"))
    view(event("Write files", "started"))
    view(event("Write files", "done", detail="4 files"))
    view(event("Base image", "started"))
    view(event("Base image", "done", cached=True))
    view(event("System packages", "started"))
    clock.now += 14
    view(event("System packages", "done", seconds=14.0))
    view(event("Python packages", "started"))
    view(LogEvent(phase="Python packages", line="scikit-learn 1.7.2 (9.7 MB)"))
    clock.now += 31
    view(event("Python packages", "progress", current=41, total=64))


def finish(view, clock):
    clock.now += 92
    view(event("Python packages", "done", seconds=123.0))
    view(event("Finish image", "started"))
    view(event("Finish image", "done", seconds=21.0))
    view(event("Add kernel", "started"))
    view(event("Add kernel", "done", detail="digits · CPU"))


# --- plain lines ---------------------------------------------------------------------------


def test_a_log_file_gets_one_line_a_phase_and_a_sign_of_life(clock):
    stream = Stream(tty=False)
    view = PlainView(stream, Progress(PHASES))
    play(view, clock)
    finish(view, clock)
    view.close(failed=False)
    lines = stream.getvalue().splitlines()
    assert lines[0] == "train.ipynb uses 9 packages, ffmpeg and Python 3.11."
    assert "! Not found, so left out: lab_utils (cell 3)" in lines
    assert lines[lines.index("Pin versions: 64 packages") :] == [
        "Pin versions: 64 packages",
        "Write files: 4 files",
        "Base image: started",
        "Base image: cached",
        "System packages: started",
        "System packages: done, 14 s",
        "Python packages: started",
        "Python packages: 41 of 64, 31 s",
        "Python packages: done, 2 min 3 s",
        "Finish image: started",
        "Finish image: done, 21 s",
        "Add kernel: digits · CPU",
    ]


def test_a_log_file_holds_no_control_characters(clock):
    stream = Stream(tty=False)
    view = PlainView(stream, Progress(PHASES))
    play(view, clock)
    view(event("Python packages", "failed"))
    view.close(failed=True)
    assert "\033" not in stream.getvalue()
    assert stream.getvalue().endswith("Python packages: failed\n")


def test_text_in_a_notebook_s_cell(clock):
    stream = Stream(tty=False)
    view = NotebookText(stream, Progress(PHASES))
    play(view, clock)
    view.failed()
    text = stream.getvalue()
    assert "%containerize" in text
    assert "Interrupt the kernel to cancel." in text
    assert "  System packages    14 s\n" in text
    assert re.search(r"Python packages    41 of 64 · 31 s\n", text)
    assert text.endswith("  Python packages    failed after 31 s\n")
    assert plain._HEARTBEAT <= 30


# --- the live block --------------------------------------------------------------------------


def live(clock, **more):
    stream = Stream(**more)
    view = LiveView(stream, Progress(PHASES, started=clock.now))
    view._begun = True  # no thread: it is drawn by hand
    play(view, clock)
    view._draw()
    return stream, view


def test_the_block_is_drawn_as_in_the_picture(clock):
    stream, _ = live(clock)
    screen = stream.screen()
    block = screen[screen.index("  ✓ Pin versions        64 packages") :]
    assert block[:4] == [
        "  ✓ Pin versions        64 packages",
        "  ✓ Write files         4 files",
        "  ✓ Base image          cached",
        "  ✓ System packages     14 s",
    ]
    assert re.fullmatch(r"  [⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏] Python packages     41 of 64 · 31 s", block[4])
    assert block[5:8] == [
        "        scikit-learn 1.7.2 (9.7 MB)",
        "    Finish image",
        "    Add kernel",
    ]
    assert re.fullmatch(r"  ━{28}─{14} step 5 of 7 · 0:45 · Ctrl-C stops", block[8])
    assert all(len(line) <= 80 for line in block)


def test_it_is_redrawn_in_place(clock):
    stream, view = live(clock)
    first = stream.screen()
    for _ in range(5):
        view._draw()
    assert stream.screen() == first
    finish(view, clock)
    view._thread = None
    view._begun = False
    view.close(failed=False)
    screen = stream.screen()
    assert screen[-4:] == [
        "  ✓ Python packages     2 min 3 s",
        "  ✓ Finish image        21 s",
        "  ✓ Add kernel          digits · CPU",
        "",
    ]
    assert not [line for line in screen if "Ctrl-C" in line]
    assert [line for line in screen if "Pin versions" in line] == [
        "  ✓ Pin versions        64 packages"
    ]


def test_a_line_wider_than_the_window_does_not_break_the_redrawing(clock):
    stream, _ = live(clock)
    text = stream.getvalue()
    assert text.count("\033[?7l") == text.count("\033[?7h") > 0
    assert text.endswith("\033[?7h")


def test_a_failure_leaves_the_failed_phase_standing(clock):
    stream, view = live(clock)
    clock.now += 21
    view._begun = False
    view.close(failed=True)
    screen = stream.screen()
    assert screen[-2] == "  ✗ Python packages     after 52 s"


def test_a_log_line_steers_nothing(clock):
    stream, view = live(clock)
    view(LogEvent(phase="Python packages", line="\x1b[2J\x1b]0;evil\x07" + "x" * 200))
    view._draw()
    assert "\x1b[2J" not in stream.getvalue()
    assert "\x07" not in stream.getvalue()
    assert all(len(line) <= 80 for line in stream.screen())


def test_it_is_drawn_ten_times_a_second_at_most():
    stream = Stream()
    with terminal_view(Progress(PHASES), stream) as view:
        assert isinstance(view, LiveView)
        for number in range(300):
            view(event("Base image", "started" if number == 0 else "progress"))
        time.sleep(0.35)
    assert 1 <= stream.getvalue().count("\033[J") <= 6


# --- which view, which marks -------------------------------------------------------------------


@pytest.mark.parametrize(
    ("tty", "term", "kind"),
    [(True, "xterm", LiveView), (True, "dumb", PlainView), (False, "xterm", PlainView)],
)
def test_the_view_that_fits_the_stream(monkeypatch, tty, term, kind):
    monkeypatch.setenv("TERM", term)
    with terminal_view(Progress(PHASES), Stream(tty=tty)) as view:
        assert type(view) is kind


def test_the_view_is_closed_as_failed_when_it_fails(monkeypatch):
    monkeypatch.setenv("TERM", "xterm")
    stream = Stream()

    def build():
        with terminal_view(Progress(PHASES), stream) as view:
            view(event("Base image", "started"))
            message = "no"
            raise DevboxError(message)

    with pytest.raises(DevboxError):
        build()
    assert stream.screen()[-2].startswith("  ✗ Base image")


@pytest.mark.parametrize("no_color", ["", "1"])
@pytest.mark.parametrize("tty", [True, False])
@pytest.mark.parametrize("encoding", ["utf-8", "UTF8", "ascii", "iso-8859-1"])
def test_colour_and_marks(monkeypatch, no_color, tty, encoding):
    monkeypatch.setenv("NO_COLOR", no_color)
    marks = Marks(Stream(tty=tty, encoding=encoding))
    coloured = tty and not no_color
    assert ("\033" in marks.done + marks.warn + marks.failed) is coloured
    plain_marks = [re.sub(r"\033\[\d+m", "", m) for m in (marks.done, marks.warn, marks.failed)]
    unicode = encoding.lower().startswith("utf")
    assert plain_marks == (["✓", "!", "✗"] if unicode else ["ok", "!", "failed"])


def test_without_unicode_the_block_is_ascii_but_for_names(clock, monkeypatch):
    monkeypatch.setenv("NO_COLOR", "1")
    stream, _ = live(clock, encoding="ascii")
    screen = stream.screen()
    assert any(line.startswith("  ok Pin versions") for line in screen)
    assert not [line for line in screen if re.search("[━─⠋✓]", line)]


def test_phases_for_a_call():
    assert phases_for(("cpu",), build=True) == PHASES
    assert "Base image" not in phases_for(("venv",), build=True)
    assert phases_for(("cpu", "venv"), build=False) == ("Pin versions", "Write files")
    assert terminal._REDRAW >= 0.1


def test_the_bar_never_runs_over():
    progress = Progress(PHASES)
    progress.apply(event("Python packages", "started"))
    progress.apply(event("Python packages", "progress", current=99, total=64))
    assert progress.fraction() <= 1 / 7


@pytest.mark.parametrize(
    ("view", "line"),
    [
        (PlainView, "! May not fit on the disk: "),
        (LiveView, "! May not fit on the disk: "),
        (NotebookText, "May not fit on the disk: "),
    ],
)
def test_every_view_says_what_may_not_fit_on_the_disk(view, line):
    stream = Stream()
    view(stream, Progress(PHASES))(replace(PLANNED, free_bytes=10**10, needed_bytes=27 * 10**9))
    assert any(shown.startswith(line) for shown in stream.screen())
    roomy = Stream()
    view(roomy, Progress(PHASES))(PLANNED)
    assert "May not fit" not in roomy.getvalue()
