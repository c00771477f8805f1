#!/bin/sh
# Validates files of canonical records (JSON Lines; stdin without arguments) against
# schemas/record.schema.json. Fetches the validator under var/ once.
set -eu
root=$(cd "$(dirname "$0")/../.." && pwd)
modules=$root/var/schema
if ! cmp -s "$root/tests/schema/package.json" "$modules/package.json" ||
    [ ! -d "$modules/node_modules/ajv-formats" ]; then
    mkdir -p "$modules"
    cp "$root/tests/schema/package.json" "$modules/package.json"
    npm install --prefix "$modules" --no-audit --no-fund --silent
fi
cat -- "$@" | SLUICE_SCHEMA_MODULES=$modules node "$root/tests/schema/check.mjs" "$root/schemas/record.schema.json"
