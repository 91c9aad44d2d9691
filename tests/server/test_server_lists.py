"""The lists of the panel, and what is done to what is in them."""

from __future__ import annotations

PATH = "digits/n.ipynb"


async def test_all(call, project):
    for what in ("kernels", "boxes", "images", "doctor", "asks"):
        print(await call("GET", what))
    print(await call("POST", "prune", body={"dry_run": True}))
    print(await call("GET", "trust", path=PATH))
    (project / ".devcontainer").mkdir()
    (project / ".devcontainer" / "devcontainer.json").write_text(
        '{"image": "x", "privileged": true}'
    )
    _, seen = await call("GET", "trust", path=PATH)
    print(seen)
    print(await call("POST", "trust", body={"path": PATH, "digest": "x"}))
    print(await call("POST", "trust", body={"path": PATH, "digest": seen["digest"]}))
    print(await call("POST", "trust", body={"path": PATH, "digest": seen["digest"]}))
    print(await call("POST", "asks", "12ab", body={"accept": True}))
    print(await call("DELETE", "boxes", "12ab"))
    print(await call("GET", "builds", "12ab"))
    print(await call("GET", "notebook", path="../x.ipynb"))
    print(await call("GET", "notebook"))
    print(await call("POST", "plan", body="["))
    print(await call("PUT", "plan", body="["))


async def test_packages(call):
    for name in ("seaborn", "docopt", "nosuchpkgxyz", "not a name!", ""):
        print(await call("GET", "package", name=name))
