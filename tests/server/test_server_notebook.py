"""GET about, notebook and plan: what the panel shows before anything is built."""

from __future__ import annotations

from jupyter_devbox._version import __version__


async def test_about(call):
    assert await call("GET", "about") == (200, {"version": __version__, "api": 1})


async def test_notebook(call, project):
    status, told = await call("GET", "notebook", path="digits/n.ipynb")
    assert status == 200, told
    print(told)
    status, told = await call("GET", "plan", path="digits/n.ipynb")
    print(told)
    assert status == 200, told
