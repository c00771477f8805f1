#!/usr/bin/env bash
# The project's own rules that no compiler checks. Prints every break; exit 1 if there is one.
set -euo pipefail
cd "$(dirname "$0")/.."
broken=0

complain() { # rule; the places on standard input
    local places
    places=$(cat)
    [ -n "$places" ] || return 0
    printf '%s\n%s\n\n' "$1" "$places" >&2
    broken=1
}

mapfile -t sources < <(find lib bus transform connectors loaders pipelines cli tests bench -name '*.[ch]' | sort)

grep -nE '\b(sprintf|strcpy|strcat|strtok|atoi|gmtime|localtime|setlocale)[[:space:]]*\(' "${sources[@]}" |
    complain 'banned calls (unbounded, locale-bound or not thread-safe):' || true

may_include() { # stage: the stages that its files may name in #include
    case $1 in
    lib) echo lib ;;
    bus) echo 'lib bus' ;;
    transform) echo 'lib transform' ;;
    connectors) echo 'lib bus transform connectors' ;;
    loaders) echo 'lib bus transform loaders' ;;
    pipelines) echo 'lib bus transform connectors loaders pipelines' ;;
    esac
}
for stage in lib bus transform connectors loaders pipelines; do
    allowed=$(may_include $stage | tr ' ' '|')
    grep -nE '#include "(lib|bus|transform|connectors|loaders|pipelines|cli)/' $(find $stage -name "*.[ch]") |
        grep -vE "#include \"($allowed)/" || true
done | complain '#include against the arrows of docs/ARCHITECTURE.md:'

expected=1
for file in schemas/migrations/*.sql; do
    number=$(basename "$file" | sed -nE 's/^([0-9]{4})-[a-z0-9-]+\.sql$/\1/p')
    [ "${number:-x}" = "$(printf '%04d' $expected)" ] || echo "$file"
    expected=$((expected + 1))
done | complain 'migrations are numbered NNNN-verb-noun.sql without gaps:'

if command -v clang-format-14 >/dev/null; then
    for file in "${sources[@]}"; do
        clang-format-14 --dry-run -Werror "$file" >/dev/null 2>&1 || echo "$file"
    done
else
    echo 'clang-format-14 is not installed: run scripts/packages test'
fi | complain 'not formatted by .clang-format (clang-format-14 -i FILE):'

for file in scripts/* .ci/run tests/*.sh tests/*/*.sh; do
    ! head -n 1 "$file" | grep -q bash || bash -n "$file" 2>&1 || true
done | complain 'shell syntax:'

exit $broken
