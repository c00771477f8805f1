#!/usr/bin/env bash
# What a new user may do wrong, and what the answer is: exit code, and a text that must be in it.
#   tests/flow/cli_errors.sh build/sluice        needs SLUICE_TEST_DATABASE_URL
set -uo pipefail
cd "$(dirname "$0")/../.."
sluice=$(realpath "${1:?the sluice binary}")
scratch=$(mktemp -d)
database=sluice_cli_errors_$$
failed=0
receiver=

clean_up() {
    [ -z "$receiver" ] || kill "$receiver" 2>/dev/null
    wait
    psql -X -q -d "$SLUICE_TEST_DATABASE_URL" -c "DROP DATABASE IF EXISTS $database" >/dev/null
    rm -rf "$scratch"
}

complain() {
    printf '%s\n' "$*" >&2
    failed=1
}

expect() { # exit code, text, arguments of sluice...; standard input is passed on
    local code=$1 text=$2 out got
    shift 2
    out=$(timeout 30 "$sluice" "$@" 2>&1)
    got=$?
    [ "$got" = "$code" ] || complain "sluice $*: exit $got instead of $code: $out"
    [[ $out == *"$text"* ]] || complain "sluice $*: \"$text\" is missing from: $out"
}

# ---- the command line, without services

expect 2 '"2026-13-01"' rollup --from 2026-13-01 </dev/null
expect 2 '--from 2026-03-05 is after --to 2026-03-01' rollup --from 2026-03-05 --to 2026-03-01 </dev/null
expect 2 'option "--from" needs a value' rollup --from </dev/null
expect 2 'there is no option "-x"' load --until-idle -x </dev/null
expect 2 'option "--until-idle=1" takes no value' load --until-idle=1 </dev/null
expect 2 '--status and --dry-run exclude each other' migrate --status --dry-run </dev/null
expect 2 '--json and --idle exclude each other' status --json --idle </dev/null
expect 2 'no channel "fax"' normalize --channel fax </dev/null
expect 2 'there is: whatsapp' normalize </dev/null
expect 2 'no format "xml"' normalize --channel whatsapp --format xml </dev/null
expect 2 '--tenant takes lower-case letters' normalize --channel whatsapp --tenant 'A B' </dev/null
expect 2 '--timezone takes an IANA time zone' normalize --channel whatsapp --timezone Mars/Phobos </dev/null
expect 2 '--date-order takes dmy, mdy or ymd' normalize --channel whatsapp --date-order day </dev/null
expect 2 '--as-of takes a time' normalize --channel whatsapp --as-of yesterday </dev/null
expect 1 'the input is empty: give a FILE' normalize --channel whatsapp </dev/null
expect 1 'cannot open "/no/such"' normalize --channel whatsapp /no/such
expect 1 'cannot read "/tmp": Is a directory' normalize --channel whatsapp /tmp
expect 1 '"reject":"json_syntax"' normalize --channel whatsapp </dev/null
expect 1 '"reject":"json_syntax"' normalize --channel whatsapp < <(printf '\0\377\1')
expect 1 '"reject":"not_this_channel"' normalize --channel whatsapp <<<'{"object":"page"}'

# ---- the pipeline file: every fault in one run, each at its place

cat >"$scratch/faults.yaml" <<'YAML'
database:
  urll: postgresql:///x
bus: { kind: rabbit }
receive:
  listen: 8080
  max_body: 4 gigs
archive: yes
extra: 1
tenants:
  - slug: ACME!
    connectors:
      - { name: a, channel: whatsap }
      - { name: b, channel: whatsapp, account: "+57", verify_token: "${NO_SUCH_VARIABLE}", app_secrets: [] }
      - { name: b, channel: whatsapp, account: "1", app_secrets: ["${file:/no/such}"], app_secrets: [x] }
      - { name: c, channel: telegram, token: hunter2 }
YAML
for fault in '2:3: database: unknown key "urll"; did you mean "url"?' '2:3: database.url: is missing; expected a libpq URL' \
    '3:14: bus.kind: expected one of embedded or kafka, found "rabbit"' '5:11: receive.listen: expected an address' \
    '6:13: receive.max_body: expected a size with its unit' '7:10: archive: expected a section, found "yes"' \
    '8:1: unknown key "extra"' '10:11: tenants[0].slug: expected lower-case letters' \
    '12:29: tenants[0].connectors[0].channel: expected one of whatsapp' \
    '13:48: tenants[0].connectors[1].account: expected a phone number id' \
    'environment variable NO_SUCH_VARIABLE is not set; set it' 'app_secrets: expected a list of at least one app secret, found an empty list' \
    'cannot open "/no/such": No such file or directory' 'app_secrets: is given twice; the first is in line 14' \
    'token: expected a bot token as BotFather gives it, 123456:ABC..., found ***'; do
    expect 2 "$fault" -p "$scratch/faults.yaml" check --offline </dev/null
done
expect 2 'cannot read "/tmp": Is a directory' -p /tmp check --offline </dev/null
exit_without_environment=$(env -u WA_VERIFY -u WA_SECRET -u SLUICE_DATABASE_URL "$sluice" -p pipelines/quickstart.yaml check 2>&1 >/dev/null)
[ $? = 2 ] || complain "missing environment variables: exit code"
[[ $exit_without_environment == *'3 faults'* ]] || complain "missing environment variables: $exit_without_environment"

# ---- services that are away, foreign or not prepared

export WA_VERIFY=verify WA_SECRET=correct-horse SLUICE_VAR=$scratch
read -r port admin_port closed_port < <(python3 -c '
import socket
sockets = [socket.socket() for _ in range(3)]
for s in sockets:
    s.bind(("127.0.0.1", 0))
print(*(s.getsockname()[1] for s in sockets))')
export SLUICE_LISTEN=127.0.0.1:$port SLUICE_ADMIN=127.0.0.1:$admin_port SLUICE_PIPELINE=pipelines/quickstart.yaml
trap clean_up EXIT
psql -X -q -d "${SLUICE_TEST_DATABASE_URL:?}" -c "CREATE DATABASE $database" || exit 1
url_of() { python3 -c '
import os, sys, urllib.parse as u
parts = u.urlsplit(os.environ["SLUICE_TEST_DATABASE_URL"])
print(u.urlunsplit(parts._replace(path="/" + sys.argv[1])))' "$1"; }

export SLUICE_DATABASE_URL=postgresql://user:hunter2@127.0.0.1:$closed_port/x
expect 1 'FAILED database' check </dev/null
for verb in status migrate; do
    expect 1 'Connection refused' $verb </dev/null
    expect 1 '"sluice check" says which services are away' $verb </dev/null
done
away=$(timeout 4 "$sluice" rollup --follow 2>&1) # with rollup.every 1s
[[ $away == *'database is away, trying again'*retry_ms=2000*retry_ms=4000* ]] || complain "rollup --follow without a database: $away"
SLUICE_DATABASE_URL='postgres://user:hunter2@[bad' expect 1 'database url cannot be read; expected postgresql://' status </dev/null
SLUICE_DATABASE_URL=$(url_of no_such_database) expect 1 '"no_such_database" does not exist' load </dev/null

SLUICE_DATABASE_URL=$(url_of $database)
expect 1 'FAILED schema    version 0 of' check </dev/null
"$sluice" migrate >/dev/null 2>&1 || complain "migrate failed"
sed 's#America/Bogota#Mars/Phobos#' pipelines/quickstart.yaml >"$scratch/mars.yaml"
expect 1 'FAILED timezone  tenant "acme": time zone: time zone "Mars/Phobos" not recognized' -p "$scratch/mars.yaml" check </dev/null
psql -X -q -d "$SLUICE_DATABASE_URL" -c "INSERT INTO etl.schema_migrations (version, name, sha256, duration_ms)
    SELECT 9999, '9999-from-the-future', sha256, 1 FROM etl.schema_migrations LIMIT 1"
for verb in 'check' 'status' 'migrate' 'rollup' 'load --until-idle'; do
    # shellcheck disable=SC2086 # a verb and its option
    expect 1 'was migrated by a newer sluice: use that one' $verb </dev/null
done
psql -X -q -d "$SLUICE_DATABASE_URL" -c "DELETE FROM etl.schema_migrations WHERE version IN (9999, (SELECT max(version) FROM etl.schema_migrations WHERE version < 9999))"
for verb in 'rollup' 'load --until-idle'; do
    # shellcheck disable=SC2086
    expect 1 'run "sluice migrate"' $verb </dev/null
done
: >"$scratch/file"
SLUICE_VAR=$scratch/file/below expect 1 'Not a directory' receive </dev/null
SLUICE_KAFKA=127.0.0.1:$closed_port expect 1 'FAILED bus       the kafka brokers do not answer' -p pipelines/quickstart-kafka.yaml check </dev/null

# ---- the webhook endpoint

"$sluice" receive 2>"$scratch/receive.log" &
receiver=$!
for _ in $(seq 100); do
    curl -sf "http://$SLUICE_ADMIN/readyz" >/dev/null && break
    sleep 0.1
done
expect 1 "cannot listen on \"$SLUICE_LISTEN\": Address already in use" receive </dev/null
body=pipelines/quickstart/whatsapp/01-lucia-asks.json
sum=$(openssl dgst -sha256 -hmac "$WA_SECRET" -r "$body" | cut -d' ' -f1)
answers() { # expected status, what, curl arguments...
    local status
    status=$(curl -s -o /dev/null -w '%{http_code}' --max-time 20 "${@:3}")
    [ "$status" = "$1" ] || complain "$2: answered $status, not $1"
}
hook=http://$SLUICE_LISTEN/hooks/acme/wa-main
signed=(-H "X-Hub-Signature-256: sha256=$sum" --data-binary "@$body")
answers 401 'no signature' --data-binary "@$body" "$hook"
answers 401 'wrong signature' -H "X-Hub-Signature-256: sha256=$(printf '0%.0s' {1..64})" --data-binary "@$body" "$hook"
answers 401 'truncated signature' -H "X-Hub-Signature-256: sha256=${sum:0:60}" --data-binary "@$body" "$hook"
answers 401 'signature without its prefix' -H "X-Hub-Signature-256: $sum" --data-binary "@$body" "$hook"
answers 401 'two signatures' -H "X-Hub-Signature-256: sha256=$sum" "${signed[@]}" "$hook"
answers 404 'unknown tenant' "${signed[@]}" "http://$SLUICE_LISTEN/hooks/nobody/wa-main"
answers 404 'unknown connector' "${signed[@]}" "http://$SLUICE_LISTEN/hooks/acme/nothing"
head -c $((4 * 1024 * 1024 + 1)) /dev/zero >"$scratch/large"
answers 413 'body over the limit' -H "X-Hub-Signature-256: sha256=$sum" --data-binary "@$scratch/large" "$hook"
answers 413 'chunked body over the limit' -H 'Transfer-Encoding: chunked' -H "X-Hub-Signature-256: sha256=$sum" --data-binary "@$scratch/large" "$hook"
answers 405 'another method' -X DELETE "$hook"
answers 403 'wrong verify token' "$hook?hub.mode=subscribe&hub.verify_token=x&hub.challenge=1"
answers 200 'a good body' "${signed[@]}" "$hook"
[ "$(grep -c refused "$scratch/receive.log")" = 1 ] || complain "refused signatures are not logged now and then: $(cat "$scratch/receive.log")"
! grep -q "$WA_SECRET\|hunter2\|Lucía" "$scratch/receive.log" || complain "the log holds a secret or a name"

# ---- scripts/stop and a stale process id

mkdir -p "$scratch/quickstart"
sleep 60 &
stranger=$!
echo $stranger >"$scratch/quickstart/sluice.pid"
scripts/stop --only-sluice
kill -0 $stranger 2>/dev/null || complain "scripts/stop ended a process that is not sluice"
kill $stranger

exit $failed
