#!/bin/sh
# Runs in the container: devcontainer exec --workspace-folder . sh test.sh
cd "$(dirname "$0")" || exit 1
. ./check.sh

queries() {
  python3 - << 'END'
import psycopg

with psycopg.connect() as connection:
    connection.execute("create table if not exists numbers (n integer)")
    connection.execute("delete from numbers")
    connection.execute("insert into numbers select generate_series(1, 8)")
    assert connection.execute("select sum(n) from numbers").fetchone() == (36,)
END
}

# /proc/net/tcp: 1538 is 5432, 0A listens; 00000000 would be every address.
loopback_alone() {
  ! grep -q ' 00000000:1538 00000000:0000 0A ' /proc/net/tcp
}

check "the user is jovyan" test "$(id -un)" = jovyan
check "a kernel answers" kernel_answers
check "the database answers without a password" queries
check "it listens on the loopback alone" loopback_alone
check "no password stands in the variables" test -z "${PGPASSWORD:-}${POSTGRES_PASSWORD:-}"
check "the project can be written" touch written-by-the-test

finish
