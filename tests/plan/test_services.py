"""Databases beside the box: chosen, dropped, refused."""

from __future__ import annotations

import pytest
from makers import captured, snapshot

from jupyter_devbox.catalogue import read_catalogue
from jupyter_devbox.errors import PlanError, RequirementError, ServiceTakenError
from jupyter_devbox.plan.options import merge_options
from jupyter_devbox.plan.planner import PlanInputs, plan
from jupyter_devbox.spec.compose import OwnCompose
from jupyter_devbox.spec.project import ExistingEnvironment, ProjectOptions
from jupyter_devbox.spec.services import variables_of


def planned(*services, snapshots=None, existing=None, **options):
    return plan(
        PlanInputs(
            project="digits",
            target="cpu",
            snapshots=snapshots or (snapshot(captured("numpy==2.1.0")),),
            existing=existing or ExistingEnvironment(),
            options=ProjectOptions(services=services, **options),
            catalogue=read_catalogue(),
        )
    )


def test_they_stand_in_the_catalogues_order_with_their_reasons():
    spec = planned("redis", "postgres")
    assert [service.name for service in spec.services] == ["postgres", "redis"]
    (decision,) = [d for d in spec.decisions if d.what == "postgres"]
    assert decision.choice == "postgres:17-bookworm"
    assert decision.reason == (
        "--service: PostgreSQL at localhost:5432 of the box alone, without a password; found by "
        "DATABASE_URL, PGDATABASE, PGHOST, PGPORT, PGUSER; its data is kept in a volume"
    )
    assert spec.to_json()["services"] == ["postgres", "redis"]


def test_of_two_with_one_variable_the_first_counts():
    both = planned("postgres", "mysql").services
    assert variables_of(both)["DATABASE_URL"].startswith("postgresql://")
    assert variables_of(both[1:])["DATABASE_URL"].startswith("mysql://")


@pytest.mark.parametrize("name", ["oracle", "Postgres", "../x", "postgres\n", ""])
def test_an_unknown_one_is_refused(name):
    with pytest.raises(RequirementError) as caught:
        planned(name)
    assert caught.value.hint == "--service postgres, mysql, redis, mongo"


def test_an_unknown_one_cannot_be_dropped_either():
    with pytest.raises(RequirementError, match="not known: `db`"):
        planned(exclude_services=("db",))


def test_it_is_remembered_until_it_is_dropped():
    first = merge_options(ProjectOptions(), ProjectOptions(services=("redis", "postgres")))
    again = merge_options(first, ProjectOptions())
    assert again.services == ("postgres", "redis")
    dropped = merge_options(again, ProjectOptions(exclude_services=("redis",)))
    assert dropped.services == ("postgres",)


def test_a_container_for_each_kernel_cannot_share_one():
    with pytest.raises(RequirementError) as caught:
        planned("redis", isolation="kernel")
    assert caught.value.hint == "--isolation box"


def test_the_users_own_compose_files_decide_what_runs_beside_the_box():
    existing = ExistingEnvironment(compose=OwnCompose(files=("../compose.yml",), service="app"))
    with pytest.raises(PlanError, match=r"own Compose files .* `\.\./compose\.yml`"):
        planned("redis", existing=existing)
    assert planned(existing=existing).services == ()


@pytest.mark.parametrize(("name", "hint"), [
    ("redis", "rename yours, or --exclude-service redis drops ours"), ("box", "rename yours"),
])  # fmt: skip
def test_a_service_of_the_users_with_its_name_stands_in_the_way(name, hint):
    existing = ExistingEnvironment(service_names={name: "more.yaml", "other": "more.yaml"})
    with pytest.raises(ServiceTakenError) as caught:
        planned("redis", existing=existing)
    assert caught.value.message == f"more.yaml has a service of this name already: `{name}`"
    assert caught.value.hint == hint
    assert [line[:2] for line in caught.value.details] == ["- ", "+ "]
    assert planned(existing=existing).services == ()


def test_a_notebook_that_talks_to_one_gets_a_hint():
    used = (snapshot(captured("psycopg2-binary==2.9", imports=("psycopg2.extras",))),)
    (said,) = [d for d in planned(snapshots=used).decisions if d.what == "postgres"]
    assert said.choice == "no PostgreSQL"
    assert said.reason == (
        "psycopg2 talks to PostgreSQL: --service postgres starts one beside the box"
    )
    (said,) = [d for d in planned("postgres", snapshots=used).decisions if d.what == "postgres"]
    assert said.choice == "postgres:17-bookworm"
