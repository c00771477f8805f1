#!/usr/bin/env python3
"""sluice pull from a real Dovecot by IMAP: rows against an independent count, run after run.

What is tried between the runs: nothing, new mails, a mail that is expunged, an unreadable mail, a mail that the server cannot
give, a folder that is renamed, a changed UIDVALIDITY. Usage: mail_imap.py --sluice BINARY --bus embedded|kafka
"""

import argparse
import os
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [os.path.join(HERE, "..", "support"), os.path.join(HERE, "..", "servers")]
import mails  # noqa: E402
from dovecot import PASSWORD, Dovecot  # noqa: E402
from stack import Stack  # noqa: E402

FOLDERS = ["INBOX", "Sent", "Clientes/Búsqueda & más"]


def connector(server, more=""):
    return f"""      - name: support
        channel: email
        address: {mails.ADDRESS}
        mode: imap
        url: "imaps://localhost:{server.imaps}"
        ca_file: {server.ca}
        password: "{PASSWORD}"
        every: 1s
        folders: [INBOX, Sent, "Clientes/*"]
        outbound_visible: true
{more}"""


def fill(server, count):
    client = server.login(mails.ADDRESS)
    client.create(mails.imap_name(FOLDERS[2]))
    names = {"INBOX": "", "Sent": ".Sent", FOLDERS[2]: ".Clientes." + mails.imap_name(FOLDERS[2]).strip('"').split("/")[1]}
    boxes = {folder: [] for folder in FOLDERS}
    for number, is_sent, raw in mails.threads(count):
        folder = "Sent" if is_sent else FOLDERS[2] if number % 5 == 4 else "INBOX"
        boxes[folder].append((f"{number:06}.mail", raw, mails.arrived(raw)))
    for folder, box in boxes.items():
        server.drop_mails(mails.ADDRESS, box, names[folder])
    return client


def pull(stack, expect="", code=0):
    done = stack.run("pull", "--once", check=False)
    assert done.returncode == code, f"pull ended with {done.returncode}: {done.stdout} {done.stderr[-2000:]}"
    assert expect in done.stdout, f"{expect!r} is not in {done.stdout!r}; {done.stderr[-2000:]}"
    stack.run("load", "--until-idle", "--idle", "0")
    return done


def independent(client):
    return [raw for folder in FOLDERS for raw in mails.read_folder(client, folder).values()]


def compare(stack, raws, what):
    found, expected = mails.rows(stack), mails.expected_rows(raws)
    wrong = [pair for pair in zip(found, expected) if pair[0] != pair[1]]
    assert found == expected, f"{what}: {len(found)} rows, {len(expected)} mails; first difference {wrong[:1]}"


def state(stack):
    """Messages that were written again are other rows; contacts and conversations say when they were last seen."""
    later = "- '{last_seen_at,last_sync_at,sync_version}'::text[]"
    return (stack.query("SELECT id, xmin FROM messages ORDER BY 1"),
            stack.query(f"SELECT to_jsonb(k) {later} FROM conversations k ORDER BY id", split=None),
            stack.query(f"SELECT to_jsonb(c) {later} FROM contacts c ORDER BY id", split=None))


def check_unread(client):
    for folder in FOLDERS:
        client.select(mails.imap_name(folder), readonly=True)
        seen = client.uid("SEARCH", "SEEN")[1][0]
        assert not seen, f"mails of {folder} were marked as read: {seen}"


def server_s_file(server, text):
    """The file of the mail that holds the text."""
    for path, _, names in os.walk(server.path("mail", mails.ADDRESS)):
        for name in (name for name in names if not name.startswith("dovecot")):
            with open(os.path.join(path, name), "rb") as f:
                if text in f.read():
                    return os.path.join(path, name)
    raise AssertionError(f"no mail holds {text}")


def main():
    options = argparse.ArgumentParser()
    options.add_argument("--sluice", required=True)
    options.add_argument("--bus", choices=["embedded", "kafka"], required=True)
    options.add_argument("--mails", type=int, default=500)
    options = options.parse_args()
    with Dovecot() as server, Stack(options.sluice, options.bus, connectors=connector(server)) as stack:
        run(options, server, stack)


def run(options, server, stack):
    client = fill(server, options.mails)
    pull(stack)
    compare(stack, independent(client), "first run")
    check_unread(client)

    before, runs = state(stack), stack.query("SELECT count(*) FROM sync_runs")
    pull(stack, "0 records of 0 documents, 0 rejected")
    assert state(stack) == before, "a run that found nothing changed rows"
    assert stack.query("SELECT count(*) FROM sync_runs") == runs, "a run that found nothing is written"

    # New mails, one of which is gone again before it is read, and one that nobody can read.
    for number, is_sent, raw in mails.threads(options.mails + 20)[options.mails:]:
        mails.append(client, "Sent" if is_sent else "INBOX", raw)
    mails.append(client, "INBOX", mails.mail("gone", mails.CONTACTS[0], ("", mails.ADDRESS), "x", "x"))
    client.select("INBOX")
    client.uid("STORE", client.uid("SEARCH", 'HEADER Message-ID "mgone@"')[1][0], "+FLAGS.SILENT", "(\\Deleted)")
    client.expunge()
    unreadable = b"this is no mail\r\n\r\nat all\r\n"
    mails.append(client, "INBOX", unreadable, mails.FIRST)
    pull(stack, "1 rejected")
    good = [raw for raw in independent(client) if raw != unreadable]
    compare(stack, good, "new mails")
    letters = stack.query("SELECT stage, count(*), min(convert_from(payload, 'UTF8') = "
                          "E'this is no mail\\r\\n\\r\\nat all\\r\\n') FROM (SELECT stage, payload FROM dead_letters) d GROUP BY 1"
                          .replace("min(", "bool_and("))
    assert letters == [["parse", "1", "t"]] or letters == [["normalize", "1", "t"]], letters

    # A mail that the server cannot give holds up nothing for long.
    for number in range(3):
        mails.append(client, "INBOX", mails.mail(f"late{number}", mails.CONTACTS[1], ("", mails.ADDRESS), "tarde", f"{number}"))
    bad = server_s_file(server, b"<mlate1@")
    os.chmod(bad, 0)
    for _ in range(3):
        pull(stack, "mail server", code=1)
    pull(stack, "1 rejected")
    os.chmod(bad, 0o600)
    good = [raw for raw in independent(client) if raw != unreadable]
    compare(stack, [raw for raw in good if b"<mlate1@" not in raw], "a mail that the server cannot give")
    assert stack.query("SELECT count(*) FROM dead_letters") == [["2"]]

    # Another name, then other numbers: all is read again, nothing changes.
    new_name = FOLDERS[2] + " 2026"
    client.close()
    assert client.rename(mails.imap_name(FOLDERS[2]), mails.imap_name(new_name))[0] == "OK"
    FOLDERS[2] = new_name
    before = state(stack)
    pull(stack)
    assert state(stack) == before, "a renamed folder changed rows"
    client.logout()
    server.doveadm("mailbox", "update", "-u", mails.ADDRESS, "--uid-validity", "4000000000", "INBOX")
    done = pull(stack, "1 rejected")
    assert "numbers the folder anew" in done.stderr, done.stderr[-2000:]
    client = server.login(mails.ADDRESS)
    compare(stack, [raw for raw in independent(client) if raw != unreadable], "after a new UIDVALIDITY")
    check_unread(client)
    places = dict(stack.query("SELECT entity_type, cursor->>'uidvalidity' FROM sync_states WHERE entity_type LIKE '%:%'"))
    assert places["messages:INBOX"] == "4000000000", places
    print(f"{options.bus}: {len(mails.rows(stack))} mails of {len(FOLDERS)} folders are as Python reads them")


if __name__ == "__main__":
    main()
