"""HTML of the cell widget. Pure. Every value is escaped: notebook text is untrusted.

Colours are JupyterLab's own variables, so that both themes and high contrast hold; text stands in
font-color 1 and 2 alone, status colours on bars and marks.
"""

from __future__ import annotations

import time
from collections.abc import Iterable
from html import escape

from jupyter_devbox.errors import DevboxError
from jupyter_devbox.view import wording
from jupyter_devbox.view.progress import Progress
from jupyter_devbox.view.units import about, clock, count
from jupyter_devbox.workflow.requests import ContainerizeResult, Found, Planned

STYLE = """<style>
.jdb{color:var(--jp-content-font-color1,#212121);font-family:var(--jp-ui-font-family,sans-serif);
font-size:14px;line-height:1.5}
.jdb h4{margin:0;font-size:15px;display:inline}
.jdb p{margin:6px 0 0}
.jdb .dim,.jdb summary span{color:var(--jp-content-font-color2,#616161)}
.jdb code,.jdb pre{font-family:var(--jp-code-font-family,monospace);font-size:13px}
.jdb pre{margin:6px 0 0;max-height:220px;overflow:auto;white-space:pre-wrap;
overflow-wrap:anywhere;background:var(--jp-layout-color2,#eee);padding:8px;
color:var(--jp-content-font-color1,#212121)}
.jdb .ask{border-left:4px solid var(--jp-warn-color0,#e65100);padding-left:12px;margin:10px 0}
.jdb .bad{border-left:4px solid var(--jp-error-color1,#d32f2f);padding-left:12px}
.jdb .right{float:right}
.jdb .bar{height:10px;border:1px solid var(--jp-inverse-border-color,#757575);border-radius:6px;
margin:10px 0;overflow:hidden}
.jdb .bar div{height:100%;background:var(--jp-brand-color1,#1976d2)}
.jdb details{margin-top:8px}.jdb summary{cursor:pointer}
.jdb td{padding:1px 14px 1px 0;text-align:left;vertical-align:top}
.jdb-said{position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%)}
.jdb .ok{color:var(--jp-success-color1,#388e3c);font-weight:bold;margin-right:8px}
</style>"""


def _page(*parts: str) -> str:
    return f'{STYLE}<div class="jdb">{"".join(parts)}</div>'


def busy(title: str) -> str:
    """Return the state before anything is known."""
    return _page(f'<h4 role="status">{escape(title)}…</h4>')


def note(title: str, text: str) -> str:
    """Return a title with one sentence."""
    return _page(f'<h4 role="status">{escape(title)}</h4><p>{escape(text)}</p>')


def with_note(page: str, text: str) -> str:
    """Return a page with one alert added at its end, replacing an earlier one."""
    head = page.split('<p role="alert"', maxsplit=1)[0].removesuffix("</div>")
    return f'{head}<p role="alert" class="bad">{escape(text)}</p></div>'


def found(facts: Found, plan: Planned) -> str:
    """Return what was found, with the questions that are open."""
    parts: list[str] = []
    for snapshot in facts.snapshots:
        parts.append(f"<h4>{escape(wording.uses(snapshot))}</h4>")
        if snapshot.unresolved:
            names = escape(wording.unresolved_names(snapshot.unresolved))
            first = escape(snapshot.unresolved[0].name.split(".")[0])
            parts.append(
                f'<div class="ask"><b>Not found:</b> <code>{names}</code>'
                '<p class="dim">Name the package below, or leave the field empty. Your own file? '
                f"Put <code>{first}.py</code> beside the notebook and run this cell again.</p>"
                "</div>"
            )
        rows = (
            (r.name, r.version or "newest", f"{r.reason}: {', '.join(r.imports)}".rstrip(": "))
            for r in snapshot.requirements
        )
        odd = [r.name for r in snapshot.requirements if r.reason != "import"]
        including = f"including {', '.join(odd)}" if odd else ""
        title = count(len(snapshot.requirements), "package")
        parts.append(_details(title, including, _table(rows)))
    paths = [change.path for change in plan.changes.changes]
    listing = "".join(f"<div><code>{escape(path)}</code></div>" for path in paths)
    folder = f"{facts.project.root}/.devcontainer"
    parts.append(_details(count(len(paths), "file"), folder, listing))
    spec = plan.spec
    free = f", {about(plan.free_bytes)} free" if plan.free_bytes is not None else ""
    size = f"about {about(spec.estimated_bytes)} on disk{free}"
    decisions = ((d.what, d.choice, d.reason) for d in spec.decisions)
    image = wording.image_name(plan.targets)
    parts.append(_details(image, size, _table(decisions)))
    parts += [f"<p>{escape(line.strip())}</p>" for line in wording.splitting(plan.savings)]
    notes = wording.for_binder(plan.binder, mark="")
    parts += [f'<div class="ask"><b>{escape(line)}</b></div>' for line in notes]
    if room := wording.no_room(plan.needed_bytes, plan.free_bytes, mark=""):
        first, *ways = (escape(line) for line in room)
        listed = "".join(f'<p class="dim">{way}</p>' for way in ways)
        parts.append(f'<div class="ask"><b>{first}</b>{listed}</div>')
    return _page(*parts)


def building(progress: Progress) -> str:
    """Return the state while it works: bar, step, the log's end."""
    now = time.monotonic()
    step, steps = progress.position()
    current = progress.current or progress.phases[0]
    state = progress.states[current]
    amount = f", {state.current} of {state.total}" if state.total else ""
    percent = round(progress.fraction() * 100)
    title = "Building the CPU image" if "Base image" in progress.states else "Working"
    return _page(
        f'<span class="right">{clock(now - progress.started)}</span><h4>{title}</h4>',
        f'<div class="bar" role="progressbar" aria-label="{title}" aria-valuenow="{percent}" '
        f'aria-valuemin="0" aria-valuemax="100"><div style="width:{percent}%"></div></div>',
        f"<div>Step {step} of {steps}: {escape(current)}{amount}</div>",
        f'<p class="dim">{escape(progress.last_line[:90])}</p>',
        '<p class="dim">You can run other cells meanwhile.</p>',
    )


def log(lines: Iterable[str]) -> str:
    """Return the log's end, for the folded part of the widget."""
    return _page(f"<pre>{escape(chr(10).join(lines))}</pre>")


def announcement(text: str) -> str:
    """Return what a screen reader says when a phase begins; nothing to see."""
    return f'<div class="jdb-said" role="status">{escape(text)}</div>'


def done(result: ContainerizeResult) -> str:
    """Return the end: what is ready and how to switch."""
    lines = wording.ready(result)
    head, _, tail = lines[0].partition(": ")
    rest = "".join(f"<p>{escape(line)}</p>" for line in lines[1:])
    steps = "".join(f"<p>{escape(line)}</p>" for line in wording.next_in_notebook(result))
    return _page(
        '<span class="ok" aria-hidden="true">✓</span>',
        f'<h4 role="status">{escape(head)}</h4> <span class="dim">{escape(tail)}</span>',
        rest,
        steps,
    )


def failed(error: DevboxError) -> str:
    """Return a failure: cause, next step, then the log's end."""
    hint = f"<p>Next: <code>{escape(error.hint)}</code></p>" if error.hint else ""
    log = escape("\n".join(error.details))
    return _page(
        f'<div class="bad"><h4 role="alert">{escape(error.message)}</h4>{hint}</div>',
        f"<pre>{log}</pre>" if log else "",
        '<p class="dim">Your kernel still runs, and no earlier image was touched.</p>',
    )


def not_approved(error: DevboxError) -> str:
    """Return the stop before anything of the project is built: what differs, and who may answer."""
    differences = escape("\n".join(error.details))
    return _page(
        f'<div class="ask"><h4 role="alert">{escape(wording.NOT_APPROVED)}</h4>'
        f"<p>{escape(error.message)}</p>"
        f"<p>Next: <code>{escape(error.hint)}</code></p></div>",
        f"<pre>{differences}</pre>" if differences else "",
        f'<p class="dim">{escape(wording.NOT_APPROVED_HELP)}</p>',
    )


def _details(title: str, aside: str, body: str) -> str:
    side = f'<span class="right">{escape(aside)}</span>' if aside else ""
    return f"<details><summary>{escape(title)}{side}</summary>{body}</details>"


def _table(rows: Iterable[tuple[str, str, str]]) -> str:
    cells = ("".join(f"<td>{escape(value)}</td>" for value in row) for row in rows)
    return "<table>" + "".join(f"<tr>{row}</tr>" for row in cells) + "</table>"
