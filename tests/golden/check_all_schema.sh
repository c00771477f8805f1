#!/usr/bin/env bash
# Every record of every golden file and of the worked example against schemas/record.schema.json.
set -euo pipefail
cd "$(dirname "$0")/../.."
{
    find connectors/samples -name '*.gold' -exec cat {} +
    cat tests/flow/loaders/*.jsonl
} | grep -v '^{"reject"' | tests/golden/check_schema.sh
