"""A box takes over little from the host."""

from __future__ import annotations

import pytest

from jupyter_devbox.run.environment import (
    CA_IN_BOX,
    box_environment,
    ca_mount,
    carried,
    time_zone,
)


def test_nothing_else_gets_in():
    host = {
        "PATH": "/x",
        "HOME": "/root",
        "AWS_SECRET_ACCESS_KEY": "s",
        "JPY_PARENT_PID": "1",
        "VIRTUAL_ENV": "/v",
        "LANG": "de_DE.UTF-8",
        "TZ": "Europe/Berlin",
    }
    assert box_environment(host) == {
        "HOME": "/home/jovyan",
        "USER": "jovyan",
        "JUPYTER_DEVBOX_BOX": "1",
        "TZ": "Europe/Berlin",
    }


def test_certificates(tmp_path):
    bundle = tmp_path / "ca.pem"
    bundle.write_text("x")
    (tmp_path / "link.pem").symlink_to(bundle)
    host = {"SSL_CERT_FILE": str(tmp_path / "link.pem"), "TZ": "UTC"}
    mount = ca_mount(host)
    assert (mount.source, mount.target, mount.readonly) == (str(bundle), CA_IN_BOX, True)
    settings = box_environment(host)
    for name in ("SSL_CERT_FILE", "PIP_CERT", "REQUESTS_CA_BUNDLE"):
        assert settings[name] == CA_IN_BOX


@pytest.mark.parametrize("value", ["", "/no/such/file", "/tmp"])
def test_no_certificates(value):
    assert ca_mount({"SSL_CERT_FILE": value}) is None
    assert "SSL_CERT_FILE" not in box_environment({"SSL_CERT_FILE": value})


@pytest.mark.parametrize(
    "proxy",
    [
        "http://127.0.0.1:3128",
        "localhost:8080",
        "http://[::1]:1",
        "http://u:p@localhost",
        "http://[::",
    ],
)
def test_a_proxy_on_the_hosts_loopback_stays(proxy):
    assert "HTTPS_PROXY" not in carried({"HTTPS_PROXY": proxy, "NO_PROXY": "x", "TZ": "UTC"})
    assert "NO_PROXY" not in carried({"HTTPS_PROXY": proxy, "NO_PROXY": "x", "TZ": "UTC"})


def test_proxies():
    host = {"https_proxy": "http://proxy.lan:3128", "no_proxy": "lan", "TZ": "UTC"}
    assert carried(host) == host


@pytest.mark.parametrize(
    ("link", "zone"),
    [
        ("/usr/share/zoneinfo/America/Argentina/Buenos_Aires", "America/Argentina/Buenos_Aires"),
        ("/usr/share/zoneinfo/Etc/GMT+5", "Etc/GMT+5"),
        ("/somewhere/else", ""),
    ],
)
def test_time_zone_by_link(tmp_path, link, zone):
    localtime = tmp_path / "localtime"
    localtime.symlink_to(link)
    # A zone may itself be a link (Etc/UTC): whatever it leads to is a name still.
    assert time_zone({}, localtime).rpartition("/")[2] == zone.rpartition("/")[2]


@pytest.mark.parametrize("value", ["$(x)", "../../etc/passwd", "a b", ":/etc/x", "x\ny"])
def test_strange_time_zones_stay(value):
    assert time_zone({"TZ": value}) == ""
