#!/bin/sh
# Makes a database where there is none, then becomes the server, as the user postgres.
set -e
mkdir -p "$PGDATA" /run/postgresql
chown postgres:postgres "$PGDATA" /run/postgresql
as_postgres="setpriv --reuid=postgres --regid=postgres --init-groups"
if [ ! -s "$PGDATA/PG_VERSION" ]; then
    $as_postgres initdb --username=postgres >&2
    echo "host all all all ${POSTGRES_HOST_AUTH_METHOD:?}" >> "$PGDATA/pg_hba.conf"
fi
exec $as_postgres "$@"
