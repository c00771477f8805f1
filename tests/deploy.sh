#!/usr/bin/env bash
# The systemd units: sound for systemd itself, and as closed as they say. Usage: tests/deploy.sh
set -euo pipefail
cd "$(dirname "$0")/.."
folder=$(mktemp -d)
trap 'rm -r "$folder"' EXIT
command -v systemd-analyze >/dev/null || { echo 'systemd-analyze is not installed: run scripts/packages test' >&2; exit 1; }

# The program of the unit need not be installed here; all else is as it stands.
for unit in deploy/systemd/*; do
    sed 's|^ExecStart=/usr/local/bin/sluice|ExecStart=/bin/true|' "$unit" >"$folder/$(basename "$unit")"
done
said=$(systemd-analyze verify --man=no "$folder"/sluice* 2>&1) || { echo "$said" >&2; exit 1; }
# Other units of the machine may be faulty: only what names ours counts.
if grep -E "$folder|sluice" <<<"$said" >&2; then exit 1; fi

for unit in "$folder"/sluice*.service; do
    systemd-analyze security --offline=true --threshold=20 --no-pager "$unit" >"$folder/security" 2>&1 ||
        { tail -n 60 "$folder/security" >&2; echo "$(basename "$unit") is less closed than it should be" >&2; exit 1; }
done
