#!/usr/bin/env bash
# round_trip.sh SLUICE: every golden record, read as canonical input, comes out byte for byte.
set -euo pipefail
sluice=$1
cd "$(dirname "$0")/../.."
records=$(mktemp)
trap 'rm -f "$records"' EXIT
find connectors/samples -name '*.gold' -exec cat {} + | grep -v '^{"reject"' >"$records"
"$sluice" normalize --channel canonical --tenant acme "$records" | cmp - "$records"
printf '%s records\n' "$(wc -l <"$records")"
[ -s "$records" ]
