#!/usr/bin/env bash
# Runs scripts/quickstart twice (with its arguments) in a folder of its own and compares the day's analytics with
# quickstart.expected, which was derived by hand (docs/QUICKSTART.md).
set -euo pipefail
cd "$(dirname "$0")/../.."

export SLUICE_VAR=$PWD/var/test/quickstart${1:-}
rm -rf "$SLUICE_VAR"
mkdir -p "$SLUICE_VAR"
read -r port admin_port kafka_port < <(python3 -c '
import socket
sockets = [socket.socket() for _ in range(3)]
for s in sockets:
    s.bind(("127.0.0.1", 0))
print(*(s.getsockname()[1] for s in sockets))')
export SLUICE_LISTEN=127.0.0.1:$port SLUICE_ADMIN=127.0.0.1:$admin_port KAFKA_PORT=$kafka_port
trap scripts/stop EXIT

for turn in first second; do
    scripts/quickstart "$@" >"$SLUICE_VAR.$turn.out"
    psql -X -At -F, -P null=- -d "$(scripts/postgres url)" -f pipelines/quickstart/daily.sql |
        diff tests/flow/quickstart.expected - || { echo "the $turn run's numbers differ" >&2; exit 1; }
done
letters=$(psql -X -qAt -d "$(scripts/postgres url)" -c "SET ROLE sluice_admin; SET app.user_role = 'master_admin'; SELECT error_code, status FROM etl.dead_letters")
[ "$letters" = 'json_syntax|open' ] || { echo "dead letters: $letters" >&2; exit 1; }
echo "quickstart $*: numbers as derived by hand, twice"
