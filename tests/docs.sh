#!/usr/bin/env bash
# The documents against the tree: links lead somewhere, and the tests that PROMISES.md names exist.
#   tests/docs.sh build
set -uo pipefail
cd "$(dirname "$0")/.."
build=${1:?the build folder}
failed=0

complain() {
    printf '%s\n' "$*" >&2
    failed=1
}

for page in README.md docs/*.md; do
    while read -r link; do
        [ -e "$(dirname "$page")/${link%%#*}" ] || complain "$page: the link to $link leads nowhere"
    done < <(grep -oE '\]\([^)#:]+\)' "$page" | sed 's/^](//; s/)$//')
done

rows=0
while read -r regex; do
    rows=$((rows + 1))
    [[ $(ctest --test-dir "$build" -N -R "$regex") =~ Test\ +#[0-9] ]] || complain "docs/PROMISES.md: no test matches $regex"
done < <(grep -oE "scripts/test -R '[^']+'" docs/PROMISES.md | sed "s/.*-R '//; s/'$//")
[ "$rows" -ge 9 ] || complain "docs/PROMISES.md names $rows tests, fewer than its promises"

# shellcheck disable=SC2016 # the backticks are Markdown's
for script in $(grep -ohE '`?scripts/[a-z]+' README.md docs/*.md | tr -d '`' | sort -u); do
    [ -x "$script" ] || complain "the documents name $script, which is no program"
done
exit $failed
