"""What Git knows of a project, and what it must not run while it is asked."""

from __future__ import annotations

import json
import os
import shutil
import subprocess

import pytest

from jupyter_devbox.errors import ConfigurationError
from jupyter_devbox.files.project import Project
from jupyter_devbox.workflow.sharing import sharing

pytestmark = pytest.mark.skipif(shutil.which("git") is None, reason="git is not installed")
SECRET = "ghp_0123456789secret"
ALL = {"vscode", "codespaces", "devpod"}


@pytest.fixture(autouse=True)
def nobody(monkeypatch, tmp_path):
    """A user without settings of their own."""
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("GIT_CONFIG_NOSYSTEM", "1")
    for role in ("AUTHOR", "COMMITTER"):
        monkeypatch.setenv(f"GIT_{role}_NAME", "nobody")
        monkeypatch.setenv(f"GIT_{role}_EMAIL", "nobody@example.invalid")


@pytest.fixture
def project(tmp_path):
    folder = tmp_path / "my project"
    write(folder)
    return folder


def write(folder, name="digits"):
    (folder / ".devcontainer" / "wheels").mkdir(parents=True, exist_ok=True)
    (folder / ".devcontainer" / "devcontainer.json").write_text(json.dumps({"name": name}))
    (folder / ".devcontainer" / "Dockerfile").write_text("FROM x\n")
    (folder / ".devcontainer" / "wheels" / "a-1-py3-none-any.whl").write_bytes(b"\0\r\n\xff")


def git(folder, *words):
    command = ["git", "-C", str(folder), *words]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def pushed(folder, host="github.com", branch="main"):
    """Commit all, and let Git believe that it was pushed."""
    git(folder, "init", "--quiet", "--initial-branch", branch)
    git(folder, "remote", "add", "origin", f"https://ada:{SECRET}@{host}/ada/digits.git")
    git(folder, "add", ".")
    git(folder, "commit", "--quiet", "--message", "all")
    git(folder, "update-ref", f"refs/remotes/origin/{branch}", "HEAD")
    git(folder, "config", f"branch.{branch}.remote", "origin")
    git(folder, "config", f"branch.{branch}.merge", f"refs/heads/{branch}")


def found(folder):
    return sharing(Project(root=folder.resolve(), reason="test"))


def linked(folder):
    return {offer.id for offer in found(folder).offers if offer.url}


def reason(folder, which="codespaces"):
    return next(offer for offer in found(folder).offers if offer.id == which).reason


def test_from_nothing_to_a_link(project):
    assert reason(project) == "The project is in no Git repository"
    git(project, "init", "--quiet", "--initial-branch", "main")
    assert "no remote" in reason(project)
    git(project, "remote", "add", "origin", "/srv/git/digits")
    assert "no address" in reason(project)
    git(project, "remote", "set-url", "origin", f"https://{SECRET}@github.com/ada/digits")
    assert "not in a commit as they are: `.devcontainer/Dockerfile`" in reason(project)
    git(project, "add", ".")
    git(project, "commit", "--quiet", "--message", "all")
    assert reason(project) == "The last commit is not pushed"
    git(project, "update-ref", "refs/remotes/origin/main", "HEAD")
    assert linked(project) == ALL
    for name in (".env", "devcontainer.json.yours", "Dockerfile.yours-2"):
        (project / ".devcontainer" / name).write_text("mine\n")
    assert linked(project) == ALL
    (project / ".devcontainer" / "Dockerfile").write_text("FROM y\n")
    assert "Dockerfile" in reason(project)
    assert SECRET not in json.dumps(found(project).to_json())


def test_what_git_ignores_is_missed_elsewhere(project):
    (project / ".gitignore").write_text("*.whl\n")
    pushed(project)
    assert "wheels/a-1-py3-none-any.whl" in reason(project)


def test_files_of_binder_count_by_themselves(project):
    (project / "binder").mkdir()
    (project / "binder" / "Dockerfile").write_text("FROM x\n")
    pushed(project)
    assert linked(project) == {*ALL, "binder"}
    (project / "binder" / "postBuild").write_text("#!/bin/sh\n")
    assert linked(project) == ALL
    shutil.rmtree(project / "binder")
    assert "nothing yet that Binder reads" in reason(project, "binder")
    (project / "requirements.txt").write_text("numpy\n")
    assert "not in a commit" in reason(project, "binder")


def test_a_project_inside_a_repository(project):
    inner = project / "studies" / "digits"
    write(inner)
    pushed(project)
    assert linked(inner) == {"devpod"}
    assert "`studies/digits`" in reason(inner)


def test_the_branch_s_own_remote_and_name_there(project):
    pushed(project)
    git(project, "remote", "add", "fork", "git@gitlab.com:eve/digits.git")
    git(project, "switch", "--quiet", "--create", "local")
    git(project, "config", "branch.local.remote", "fork")
    git(project, "config", "branch.local.merge", "refs/heads/there")
    assert reason(project, "devpod") == "The last commit is not pushed"
    git(project, "update-ref", "refs/remotes/fork/there", "HEAD")
    told = found(project).to_json()["repository"]
    assert told == {
        "host": "gitlab.com",
        "path": "eve/digits",
        "url": "https://gitlab.com/eve/digits",
        "branch": "there",
    }
    assert linked(project) == {"devpod"}
    git(project, "symbolic-ref", "refs/remotes/fork/HEAD", "refs/remotes/fork/there")
    assert linked(project) == {"vscode", "devpod"}
    git(project, "checkout", "--quiet", "--detach")
    assert "No branch" in reason(project)


def test_a_repository_of_another_owner_s(project):
    if os.geteuid() != 0:
        pytest.skip("only root can give files away")
    pushed(project)
    for path in (project, project / ".git"):
        os.chown(path, 12345, 12345)
    offer = found(project).offers[0]
    assert "another owner" in offer.reason
    assert offer.hint.startswith("git config --global --add safe.directory ")


def test_nothing_that_a_box_wrote_into_the_settings_is_run(project, tmp_path):
    """A box may write `.git/config`; a program named there would run on this machine."""
    pushed(project)
    evil = tmp_path / "evil"
    evil.write_text(f"#!/bin/sh\ntouch '{tmp_path}/pwned'\n")
    evil.chmod(0o755)
    for key in ("core.fsmonitor", "core.sshCommand", "core.pager", "core.editor", "diff.external",
                "core.askPass", "credential.helper", "filter.x.clean", "filter.x.process",
                "alias.ls-tree", "alias.rev-parse", "core.gitProxy", "gpg.program",
                "remote.origin.uploadpack", "uploadpack.packObjectsHook"):  # fmt: skip
        git(project, "config", key, f"!{evil}" if key.startswith("alias") else str(evil))
    hooks = project / ".git" / "hooks"
    hooks.mkdir(exist_ok=True)
    for name in ("post-index-change", "reference-transaction", "post-checkout"):
        shutil.copy2(evil, hooks / name)
    (project / ".gitattributes").write_text("* filter=x diff=x\n")
    git(project, "config", "diff.x.textconv", str(evil))
    assert linked(project) == ALL
    # A partial clone asks its remote for what it lacks.
    git(project, "config", "remote.origin.url", "ssh://git@github.com/ada/digits")
    git(project, "config", "remote.origin.promisor", "true")
    git(project, "config", "extensions.partialClone", "origin")
    git(project, "config", "core.repositoryFormatVersion", "1")
    git(project, "config", "protocol.ssh.allow", "always")
    tree = git(project, "rev-parse", "HEAD:.devcontainer").strip()
    (project / ".git" / "objects" / tree[:2] / tree[2:]).unlink()
    assert linked(project) == set()
    assert not (tmp_path / "pwned").exists()


def test_without_git(project, monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path / "none"))
    assert reason(project) == "Git isn't installed"


def test_a_broken_configuration_says_where(project):
    (project / ".devcontainer" / "devcontainer.json").write_text('{\n  "name": "a"\n  "init": 1\n}')
    with pytest.raises(ConfigurationError, match=r"line 2, column 14: \",\" expected"):
        found(project)
