"""Who may do what: tokens, cookies, other origins, rights, and paths."""

from __future__ import annotations

import inspect
import json

import pytest
from jupyter_server.auth import Authorizer
from tornado.httpclient import HTTPClientError

from jupyter_devbox.server.handler import DevboxHandler
from jupyter_devbox.server.routes import handlers

PATH = "digits/n.ipynb"
METHODS = ("get", "head", "post", "delete", "patch", "put")
SERVED = [
    (path, handler, method)
    for path, handler in handlers()
    for method in METHODS
    if getattr(handler, method) is not getattr(DevboxHandler, method)
]


@pytest.mark.parametrize(("path", "handler", "method"), SERVED)
def test_every_method_is_authenticated_and_authorized(path, handler, method):
    """The decorators are looked for in the source: nothing else tells that they are there."""
    assert handler.auth_resource == "jupyter_devbox"
    source = inspect.getsource(handler)
    head = source[: source.index(f"async def {method}(")].rstrip().splitlines()[-2:]
    assert head[0].strip() == "@authenticated"
    assert head[1].strip().startswith("@authorized")


def addresses():
    for path, _, method in SERVED:
        yield path.replace("([^/]+)", "x"), method.upper()


async def test_nobody_without_a_token_gets_an_answer(jp_serverapp, http_server_client, jp_base_url):
    for path, method in addresses():
        body = "{}" if method == "POST" else None
        with pytest.raises(HTTPClientError) as refused:
            await http_server_client.fetch(
                f"{jp_base_url}jupyter-devbox/{path}", method=method, body=body
            )
        assert refused.value.code == 403, (path, method)
        told = json.loads(refused.value.response.body)
        assert told["code"] == "forbidden"


@pytest.fixture
def logged_in(jp_serverapp, http_server_client, jp_base_url):
    """Log a browser in: its cookies, the XSRF token among them."""

    async def visit(address: str, cookies: dict[str, str]) -> None:
        sent = "; ".join(f"{name}={value}" for name, value in cookies.items())
        answer = await http_server_client.fetch(
            f"{jp_base_url}{address}",
            headers={"Cookie": sent},
            follow_redirects=False,
            raise_error=False,
        )
        for line in answer.headers.get_list("Set-Cookie"):
            name, _, value = line.partition(";")[0].partition("=")
            cookies[name] = value

    async def log_in() -> dict[str, str]:
        cookies: dict[str, str] = {}
        await visit("login", cookies)
        await visit(f"login?token={jp_serverapp.identity_provider.token}", cookies)
        return cookies

    return log_in


async def test_a_cookie_alone_changes_nothing(http_server_client, jp_base_url, logged_in, project):
    """Another page in the same browser can send the cookie, and does not know the XSRF token."""
    cookie = await logged_in()
    assert "_xsrf" in cookie
    sent = "; ".join(f"{name}={value}" for name, value in cookie.items())
    address = f"{jp_base_url}jupyter-devbox/trust"
    body = json.dumps({"path": PATH, "digest": "x"})
    with pytest.raises(HTTPClientError) as refused:
        await http_server_client.fetch(address, method="POST", body=body, headers={"Cookie": sent})
    assert refused.value.code == 403
    assert "_xsrf" in json.loads(refused.value.response.body)["message"]
    with pytest.raises(HTTPClientError) as answered:
        await http_server_client.fetch(
            address,
            method="POST",
            body=body,
            headers={"Cookie": sent, "X-XSRFToken": cookie["_xsrf"]},
        )
    assert answered.value.code == 409


async def test_another_origin_is_refused(http_server_client, jp_base_url, logged_in, project):
    cookie = await logged_in()
    sent = "; ".join(f"{name}={value}" for name, value in cookie.items())
    headers = {"Cookie": sent, "Origin": "https://elsewhere.example"}
    headers["X-XSRFToken"] = cookie["_xsrf"]
    for path, method in addresses():
        body = "{}" if method == "POST" else None
        with pytest.raises(HTTPClientError) as refused:
            await http_server_client.fetch(
                f"{jp_base_url}jupyter-devbox/{path}", method=method, body=body, headers=headers
            )
        assert refused.value.code in {403, 404}, (path, method)
        assert "jupyter_devbox" not in refused.value.response.body.decode()


class ReadOnly(Authorizer):
    """Lets everybody look, and nobody change anything."""

    def is_authorized(self, handler, user, action, resource):
        return action == "read"


@pytest.fixture
def readers(jp_serverapp):
    """A server whose users may look alone."""
    jp_serverapp.web_app.settings["authorizer"] = ReadOnly(parent=jp_serverapp)


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "builds"),
        ("DELETE", "builds/x"),
        ("DELETE", "boxes/x"),
        ("POST", "prune"),
        ("POST", "trust"),
        ("POST", "asks/x"),
        ("POST", "kernels/x/limits"),
    ],
)
async def test_who_may_read_changes_nothing(call, project, readers, method, path):
    body = {"path": PATH, "digest": "x", "dry_run": True, "accept": True}
    status, told = await call(method, *path.split("/"), body=body if method == "POST" else None)
    assert (status, told["code"]) == (403, "forbidden")


async def test_who_may_read_sees_the_plan(call, project, readers):
    for method, what in (("GET", "about"), ("GET", "builds"), ("GET", "notebook")):
        status, told = await call(method, what, path=PATH)
        assert status == 200, told


# --- paths ----------------------------------------------------------------------------------------


@pytest.fixture
def outside(tmp_path, project):
    """A notebook outside of the server's root, and ways to it."""
    folder = tmp_path / "elsewhere"
    folder.mkdir()
    (folder / "secret.ipynb").write_bytes((project / "n.ipynb").read_bytes())
    (project / "link.ipynb").symlink_to(folder / "secret.ipynb")
    (project / "door").symlink_to(folder)
    (project / "loop.ipynb").symlink_to(project / "loop.ipynb")
    (project / ".hidden").mkdir()
    (project / ".hidden" / "h.ipynb").write_bytes((project / "n.ipynb").read_bytes())
    (project / "pipe.ipynb").mkdir()
    return folder


@pytest.mark.parametrize(
    "path",
    [
        "../elsewhere/secret.ipynb",
        "digits/../../elsewhere/secret.ipynb",
        "digits/link.ipynb",
        "digits/door/secret.ipynb",
        "digits/loop.ipynb",
        "digits/.hidden/h.ipynb",
        "digits/pipe.ipynb",
        "digits/no.ipynb",
        "digits/" + "x" * 300 + ".ipynb",
    ],
)
async def test_no_path_leads_out_of_the_root(call, outside, path):
    for method, what, more in (
        ("GET", "notebook", {}),
        ("GET", "plan", {}),
        ("GET", "trust", {}),
        ("POST", "plan", {}),
        ("POST", "builds", {}),
        ("POST", "trust", {"digest": "x"}),
    ):
        if method == "GET":
            status, told = await call(method, what, path=path)
        else:
            status, told = await call(method, what, body={"path": path, **more})
        assert (status, told["code"]) == (404, "not_found"), (method, what)
        assert "elsewhere/secret" not in told["message"] or path in told["message"]
    assert not (outside / ".devcontainer").exists()


async def test_an_absolute_path_is_below_the_root(call, outside):
    status, _ = await call("GET", "notebook", path=str(outside / "secret.ipynb"))
    assert status == 404
    assert (await call("GET", "notebook", path="/digits/n.ipynb"))[0] == 200


async def test_a_notebook_behind_a_link_inside_is_fine(call, project):
    (project / "same.ipynb").symlink_to(project / "n.ipynb")
    assert (await call("GET", "trust", path="digits/same.ipynb"))[0] == 200


# --- bodies ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("body", "word"),
    [
        ("", "path"),
        ("[]", "object"),
        ("{", "JSON"),
        ("[" * 100_000, "JSON"),
        ('{"path": 1}', "path"),
        ('{"path": null}', "path"),
        ('{"path": "a\\u0000.ipynb"}', "path"),
        ('{"path": "a\\ud800.ipynb"}', "path"),
        (json.dumps({"path": "x" * 5000}), "path"),
        (json.dumps({"path": PATH, "edits": []}), "edits"),
        (json.dumps({"path": PATH, "edits": {"includes": ["a"]}}), "includes"),
        (json.dumps({"path": PATH, "edits": {"include": "a"}}), "include"),
        (json.dumps({"path": PATH, "edits": {"include": [1]}}), "include"),
        (json.dumps({"path": PATH, "edits": {"include": ["a"] * 501}}), "include"),
        (json.dumps({"path": PATH, "edits": {"targets": ["rocm"]}}), "rocm"),
        (json.dumps({"path": PATH, "edits": {"keep_mine": "yes"}}), "keep_mine"),
        (json.dumps({"path": PATH, "edits": {"split": "x=a.ipynb"}}), "split"),
        (json.dumps({"path": PATH, "edits": {"split": ["each"]}}), "split"),
        (json.dumps({"path": PATH, "edits": {"provides": ["a"]}}), "provides"),
        (json.dumps({"path": PATH, "edits": {"provides": {"a": 1}}}), "provides"),
        (json.dumps({"path": PATH, "kernel": 7}), "kernel"),
        (json.dumps({"path": PATH, "write_only": 1}), "write_only"),
        (json.dumps({"path": "x" * 300_000}), "longer"),
    ],
)
async def test_a_body_of_another_form_is_refused(call, project, body, word):
    status, told = await call("POST", "builds", body=body)
    assert (status, told["code"]) == (400, "bad_request")
    assert word in told["message"]
    assert not (project / ".devcontainer").exists()


@pytest.mark.parametrize(
    ("edits", "word"),
    [
        ({"include": ["not a package!"]}, "not a package!"),
        ({"include": ["x @ https://evil.example/x.whl"]}, "address"),
        ({"apt": ["--option"]}, "--option"),
        ({"exclude_apt": ["a;b"]}, "a;b"),
        ({"base": "x"}, "x"),
        ({"python": "2.7"}, "2.7"),
        ({"memory": "lots"}, "lots"),
        ({"cpus": "--privileged"}, "--privileged"),
        ({"shm_size": "0"}, "0"),
        ({"pids": "1 --user=0"}, "1 --user=0"),
        ({"gpus": "none"}, "none"),
        ({"gpus": "-1"}, "-1"),
        ({"gpus": "0,,1"}, "0,,1"),
        ({"gpus": "all,0"}, "all,0"),
        ({"gpus": "0 --privileged"}, "0 --privileged"),
        ({"gpus": "/dev/sda"}, "/dev/sda"),
        ({"gpus": "0,\n1"}, "gpus"),
        ({"gpus": 0}, "gpus"),
        ({"gpus": "0," * 5000 + "1"}, "gpus"),
        ({"gpus": "0," * 2000 + "x"}, "0,0,0,"),
        ({"provides": {"os; import x": "numpy"}}, "os; import x"),
        ({"provides": {"cv2": "not a package!"}}, "not a package!"),
    ],
)
async def test_names_that_are_none_are_refused(call, project, edits, word):
    status, told = await call("POST", "plan", body={"path": PATH, "edits": edits})
    assert status == 400, told
    assert word in told["message"]
    assert len(told["message"]) < 300


@pytest.mark.parametrize(
    ("limits", "word"),
    [
        ([], "object"),
        ({"memory": "lots"}, "lots"),
        ({"memory": 4}, "memory"),
        ({"cpus": "-1"}, "-1"),
        ({"pids": "1\n--user=0"}, "pids"),
        ({"gpus": "none"}, "none"),
        ({"gpus": "-1"}, "-1"),
        ({"gpus": ",,"}, ",,"),
        ({"gpus": "0\n1"}, "gpus"),
        ({"gpus": "0," * 5000}, "gpus"),
        ({"gpus": ["0"]}, "gpus"),
    ],
)
async def test_limits_that_are_none_are_refused(call, limits, word):
    body = json.dumps(limits)
    status, told = await call("POST", "kernels", "devbox-x-cuda", "limits", body=body)
    assert (status, told["code"]) == (400, "bad_request")
    assert word in told["message"]
    assert len(told["message"]) < 300


@pytest.mark.parametrize("name", ["x", "python3", "..%2F..%2Fetc", "%00", "a" * 3000])
async def test_limits_of_no_kernel_of_ours(call, name):
    status, told = await call("POST", "kernels", name, "limits", body={"memory": "1g"})
    assert (status, told["code"]) == (404, "not_found")


async def test_numbers_in_addresses(call):
    for since in ("-1", "1.5", "x", "٣", "9" * 30):
        status, told = await call("GET", "builds", "x", since=since)
        assert (status, told["code"]) == (400, "bad_request")
