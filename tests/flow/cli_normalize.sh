#!/usr/bin/env bash
# "sluice normalize" on files: plain, gzip and zip give the same; what is wrong is said with what to do next.
#   tests/flow/cli_normalize.sh build/sluice
set -uo pipefail
cd "$(dirname "$0")/../.."
sluice=$(realpath "${1:?the sluice binary}")
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
failed=0

complain() {
    printf '%s\n' "$*" >&2
    failed=1
}

expect() { # exit code, text in stdout or stderr, arguments of normalize...; standard input is passed on
    local code=$1 text=$2 out got
    shift 2
    out=$(timeout 60 "$sluice" normalize "$@" 2>&1)
    got=$?
    [ "$got" = "$code" ] || complain "normalize $*: exit $got instead of $code: $out"
    [[ $out == *"$text"* ]] || complain "normalize $*: \"$text\" is missing from: $out"
}

# ---- the help names every channel, provider and format that there is

help=$("$sluice" normalize --help)
for channel in $("$sluice" normalize 2>&1 </dev/null | sed -n 's/.*there is://p'); do
    [[ $help == *"sluice normalize --channel $channel "* ]] || complain "--help has no example for $channel"
    formats=$("$sluice" normalize --channel "$channel" --provider no-such 2>&1 </dev/null | sed -n 's/.*provider\/format,//p' | tr -d ,)
    [ -n "$formats" ] || complain "no formats are listed for $channel"
    for pair in $formats; do
        grep -qE "(^| )${pair%%/*} +${pair#*/} +[^ ]" <<<"$help" || complain "--help does not say what $channel's $pair reads"
    done
done

# ---- values of options

whatsapp=(--channel whatsapp --format export --account 106540352242922)
expect 2 '--timezone takes an IANA time zone such as America/Bogota, found "Mars/Phobos"' "${whatsapp[@]}" --timezone Mars/Phobos </dev/null
expect 2 '--date-order takes dmy, mdy or ymd, found "day"' "${whatsapp[@]}" --date-order day </dev/null
for option in as-of received-at observed-at; do
    expect 2 "--$option takes a time such as" "${whatsapp[@]}" --$option yesterday </dev/null
done
expect 2 '--own takes a text that is not empty' "${whatsapp[@]}" --own '' </dev/null
expect 2 'option "--own" needs a value' "${whatsapp[@]}" --own </dev/null
expect 2 'one FILE at a time' "${whatsapp[@]}" a b </dev/null

# ---- one chat in every container

samples=connectors/samples/whatsapp/export
settings=(--timezone America/Bogota --own 'Tienda Sol' --as-of 2026-03-01T00:00:00Z --observed-at 2026-03-01T12:00:00Z)
chat="$scratch/WhatsApp Chat with Ana Ruiz.txt"
cp $samples/01-android-24h.txt "$chat"
gzip -k "$chat"
(cd "$scratch" && python3 -c '
import sys, zipfile
with zipfile.ZipFile("WhatsApp Chat - Ana Ruiz.zip", "w", zipfile.ZIP_DEFLATED) as archive:
    archive.writestr("__MACOSX/._chat.txt", "x")
    archive.write(sys.argv[1], "_chat.txt")
    archive.writestr("00000042-PHOTO-2024-03-21-18-05-33.jpg", "x")' "$chat")
expected=$("$sluice" normalize "${whatsapp[@]}" --tenant acme "${settings[@]}" "$chat" 2>&1) || complain "a chat is not read: $expected"
[ "$(wc -l <<<"$expected")" = 7 ] || complain "a chat of 5 messages gives: $expected"
for file in "$chat.gz" "$scratch/WhatsApp Chat - Ana Ruiz.zip"; do
    found=$("$sluice" normalize "${whatsapp[@]}" --tenant acme "${settings[@]}" "$file" 2>&1) || complain "$file: exit $?"
    [ "$found" = "$expected" ] || complain "$file gives something else than the plain file: $found"
done
found=$("$sluice" normalize "${whatsapp[@]}" --tenant acme "${settings[@]}" --name 'WhatsApp Chat with Ana Ruiz.txt' <"$chat" 2>&1)
[ "$found" = "$expected" ] || complain "stdin with --name gives something else than the file: $found"
expect 0 '"date_order":"mdy"' "${whatsapp[@]}" "${settings[@]}" --date-order mdy $samples/38-order-ambiguous.txt
expect 0 '7 records, 0 rejected, 0 ignored' "${whatsapp[@]}" "${settings[@]}" --summary "$chat"
expect 0 '3 records, 0 rejected, 2 ignored' "${whatsapp[@]}" "${settings[@]}" --summary $samples/34-notes-before-the-first.txt

# ---- JSON Lines: by the option, or by the file's name; a line that cannot be read takes no other along

for line in '{"a"' "$(tr -d '\n' <connectors/samples/webchat/01-visit.json)"; do echo "$line"; done >"$scratch/visits.jsonl"
expect 1 '11 records, 1 rejected, 0 ignored' --channel webchat --account shop --summary "$scratch/visits.jsonl"
expect 1 '11 records, 1 rejected, 0 ignored' --channel webchat --account shop --lines --summary <"$scratch/visits.jsonl"
expect 1 'expected an account (--account)' --channel webchat connectors/samples/webchat/01-visit.json

# ---- what is wrong, and what to do next

expect 1 'expected the account (--account)' --channel whatsapp --format export "${settings[@]}" "$chat"
expect 1 'expected the setting \"timezone\" (--timezone ZONE)' "${whatsapp[@]}" "$chat"
expect 1 'expected the setting \"own\" (--own NAME)' "${whatsapp[@]}" --timezone UTC $samples/../export-no-own/04-group.txt
expect 1 'the input is empty: give a FILE' "${whatsapp[@]}" "${settings[@]}" </dev/null
expect 1 'Telegram'"'"'s result.json with --channel telegram' "${whatsapp[@]}" "${settings[@]}" $samples/46-json.txt
expect 1 'this looks like what is read with --channel whatsapp --format export' --channel whatsapp "$chat"
expect 1 'this looks like what is read with --channel whatsapp' "${whatsapp[@]}" "${settings[@]}" connectors/samples/whatsapp/03-text.json
head -c 150 "$chat.gz" >"$scratch/cut.gz"
expect 1 'the file is cut short at byte 150 of the gzip file' "${whatsapp[@]}" "${settings[@]}" "$scratch/cut.gz"
head -c 400 "$scratch/WhatsApp Chat - Ana Ruiz.zip" >"$scratch/cut.zip"
expect 1 'it may be cut short: copy it again' "${whatsapp[@]}" "${settings[@]}" "$scratch/cut.zip"
expect 1 'a zip archive cannot be read from a pipe' "${whatsapp[@]}" "${settings[@]}" < <(cat "$scratch"/*Ana*.zip)
expect 1 'does not hold a result.json' --channel telegram --format export --account 1 "$scratch/WhatsApp Chat - Ana Ruiz.zip"
expect 1 'Is a directory; give the files in it' "${whatsapp[@]}" "${settings[@]}" "$scratch"

# ---- a terminal: how far it is, and the counts at the end

python3 - "$sluice" "${whatsapp[@]}" "${settings[@]}" "$samples/01-android-24h.txt" <<'PY' || complain "progress on a terminal"
import os, pty, subprocess, sys, time
chat = open(sys.argv[-1], "rb").read()
master, terminal = pty.openpty()
run = subprocess.Popen([sys.argv[1], "normalize", *sys.argv[2:-1]], stdin=subprocess.PIPE,
                       stdout=subprocess.DEVNULL, stderr=terminal)
for _ in range(4):
    run.stdin.write(chat)
    run.stdin.flush()
    time.sleep(0.5)
run.stdin.close()
code = run.wait()
shown = os.read(master, 65536).decode()
ok = code == 0 and "B/s" in shown and shown.rstrip().endswith("22 records, 0 rejected, 0 ignored")
sys.exit(0 if ok else f"exit {code}, shown: {shown!r}")
PY

exit $failed
