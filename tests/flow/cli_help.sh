#!/usr/bin/env bash
# The command line without services: every verb's help, and what wrong usage is answered with.
#   tests/flow/cli_help.sh build/sluice
set -uo pipefail
sluice=${1:?the sluice binary}
failed=0

expect() { # exit code, stream that must hold the text (1 or 2), text, arguments...
    local code=$1 stream=$2 text=$3 out got
    shift 3
    if [ "$stream" = 1 ]; then out=$("$sluice" "$@" 2>/dev/null </dev/null); else out=$("$sluice" "$@" 2>&1 >/dev/null </dev/null); fi
    got=$?
    if [ "$got" != "$code" ] || [[ $out != *"$text"* ]]; then
        echo "sluice $*: exit $got instead of $code, or \"$text\" is missing from stream $stream: $out" >&2
        failed=1
    fi
}

verbs=$("$sluice" --help | sed -n '/^Verbs:/,/^$/s/^  \([a-z]*\) .*/\1/p' | grep -v '^help$')
[ "$(wc -w <<<"$verbs")" -ge 8 ] || { echo "fewer than 8 verbs are listed" >&2; failed=1; }
for verb in $verbs; do
    expect 0 1 "Usage: sluice $verb" "$verb" --help
    expect 0 1 "Example" "$verb" --help
    expect 0 1 "Exit codes: 0 " "$verb" --help
    expect 0 1 "sluice $verb" "$verb" -h
    expect 0 1 "sluice $verb" help "$verb"
    expect 2 2 "--help" "$verb" --no-such-option
done

expect 0 1 'CHANNEL' normalize --help
expect 0 1 'a webhook body of the WhatsApp Cloud API' help normalize
expect 0 1 'Usage:' --help
expect 0 1 'Usage:' help
expect 0 1 'sluice ' --version
expect 2 2 'Usage:'
expect 2 2 'did you mean "status"' stauts
expect 2 2 'did you mean "status"' help stauts
expect 2 2 'no option --bogus' --bogus
expect 2 2 '-p needs' -p
expect 2 2 'cannot open "/no/such.yaml"' -p /no/such.yaml check
expect 2 2 'cannot open "/no/such.yaml"' check --pipeline=/no/such.yaml
expect 2 2 'cannot open "/no/such.yaml"' check -p/no/such.yaml
SLUICE_PIPELINE=/no/such.yaml expect 2 2 'cannot open "/no/such.yaml"' status
expect 2 2 '--roles "bogus"' run --roles bogus
expect 2 2 'option "--roles" needs a value' run --roles
exit $failed
