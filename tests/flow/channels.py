#!/usr/bin/env python3
"""Every sample of every channel from its door to the analytics.

Bodies of the channels that have a webhook are posted to it; everything else goes through `sluice
normalize` and then, as canonical records, through the door for those. What is stored must be what
a fold of the records says, no dead letter more than the samples call for, and all of it unchanged
after everything came twice more in other orders. Usage: channels.py --sluice BINARY
"""

import argparse
import collections
import hashlib
import http.client
import json
import multiprocessing.pool
import os
import pathlib
import random
import subprocess
import sys
import uuid

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
from stack import SECRET, Stack, sign  # noqa: E402

SAMPLES = pathlib.Path(__file__).resolve().parents[2] / "connectors" / "samples"
NAMESPACE = uuid.UUID("e07eee82-723a-5041-bd89-b8e5b82da15b")
TENANT = uuid.uuid5(NAMESPACE, "tenant/acme")
TELEGRAM_SECRET, WEBCHAT_KEY, CANONICAL_KEY = "flow-test-secret_token", "flow-test-webchat-key", "flow-test-canonical-key"
OBSERVED_AT = "2026-03-01T12:00:00Z"
JUDGED_AT = "2030-01-01T00:00:00Z"

# Every account that a sample names: connector -> channel, provider of its ids, account, further keys.
WHATSAPP = f'app_secrets: ["{SECRET}"]'
ACCOUNTS = {
    **{f"wa-{account}": ("whatsapp", "whatsapp_cloud", account, WHATSAPP)
       for account in ("402117396318254", "106540352242922", "402117396318255", "502117396318256",
                       "123456123", "999999999999999", "1")},
    **{f"tg-{account}": ("telegram", "telegram_bot", account,
                         f'token: "{account}:flow-test", secret_token: "{TELEGRAM_SECRET}", agent_ids: ["5800700600"]')
       for account in ("7100200300", "5998877665", "7123456789")},
    **{f"mail-{n}": ("email", "email_webhook", address, "mode: webhook, provider: postmark, basic_auth: [\"flow:test\"]")
       for n, address in enumerate(("soporte@inbound.example.org", "soporte@parse.example.org", "soporte@mg.example.org",
                                    "soporte@in.example.org", "otra@inbound.example.org", "soporte@example.org"))},
    "mail-imap": ("email", "email_imap", "soporte@example.org", "mode: imap, url: \"imaps://mail.example:993\", password: x"),
    "b2chat": ("b2chat", "b2chat", "acme-main", "client_id: a, client_secret: b"),
    "shop": ("webchat", "custom", "shop", f'keys: ["{WEBCHAT_KEY}"]'),
    "desk": ("canonical", "custom", "desk", f'keys: ["{CANONICAL_KEY}"]'),
}
NAME_OF_ACCOUNT = {"telegram": None, "email": "address"}

# Which folder's samples go to which door as they are; the others are normalized first.
DOORS = {
    "whatsapp": ("wa-402117396318254", lambda body: {"X-Hub-Signature-256": sign(body)}),
    "telegram/update": ("tg-7100200300", lambda body: {"X-Telegram-Bot-Api-Secret-Token": TELEGRAM_SECRET}),
    "webchat": ("shop", lambda body: {"Authorization": f"Bearer {WEBCHAT_KEY}"}),
    "canonical/lines": ("desk", lambda body: {"Authorization": f"Bearer {CANONICAL_KEY}"}),
}
NO_SAMPLES = {".gold", ".md", ".tsv", ""}


def connectors():
    for name, (channel, _, account, keys) in ACCOUNTS.items():
        word = NAME_OF_ACCOUNT.get(channel, "account")
        account = f'{word}: "{account}", ' if word else ""
        yield f"      - {{ name: {name}, channel: {channel}, {account}{keys} }}"


# ---- what is posted ----

Post = collections.namedtuple("Post", "what connector headers body records rejects")


def golden(path):
    """Records, and codes of rejects."""
    lines = [json.loads(line) for line in path.with_suffix(".gold").read_text(encoding="utf-8").splitlines()]
    return ([line for line in lines if "reject" not in line], [line["reject"] for line in lines if "reject" in line])


def options_of(folder):
    """As the folder's samples are read, in words of `sluice normalize`; one that has none there is left out."""
    words = {"received_at": "received-at", "date_order": "date-order", "as_of": "as-of"}
    known = {"provider", "format", "account", "timezone", "own", "date_order", "as_of", "received_at", "name"}
    for line in (folder / "options").read_text(encoding="utf-8").splitlines():
        word, _, value = line.partition(" ")
        if word in known:
            yield from (f"--{words.get(word, word)}", value)
        elif word == "lines":
            yield "--lines"


def normalized(sluice, channel, sample):
    done = subprocess.run([sluice, "normalize", "--channel", channel, "--tenant", "acme", "--observed-at", OBSERVED_AT,
                           *options_of(sample.parent)], input=sample.read_bytes(), capture_output=True, timeout=60, check=False)
    assert done.returncode in (0, 1), f"{sample}: normalize ended with {done.returncode}: {done.stderr[-500:]}"
    return done.stdout


def post_of(sluice, sample):
    what = sample.relative_to(SAMPLES)
    if str(what.parent) in DOORS:
        name, headers = DOORS[str(what.parent)]
        body = sample.read_bytes()
        return Post(str(what), name, headers(body), body, *golden(sample))
    name, headers = DOORS["canonical/lines"]
    body = normalized(sluice, what.parts[0], sample)
    return Post(str(what), name, headers(body), body, [json.loads(line) for line in body.splitlines()], [])


def posts(sluice):
    """Those that make anything."""
    samples = [path for path in sorted(SAMPLES.rglob("*-*.*")) if path.suffix not in NO_SAMPLES]
    with multiprocessing.pool.ThreadPool(os.cpu_count()) as pool:
        return [post for post in pool.map(lambda sample: post_of(sluice, sample), samples) if post.records or post.rejects]


def post_all(stack, everything):
    connection = http.client.HTTPConnection("127.0.0.1", stack.port, timeout=30)
    for post in everything:
        status, _ = stack.post(post.body, connection=connection, path=f"/hooks/acme/{post.connector}", headers=post.headers)
        assert status == 200, f"{post.what}: answered with {status}"
    connection.close()


def refuses_strangers(stack, everything):
    for name, headers in DOORS.values():
        post = next(p for p in everything if p.connector == name)
        for wrong in ({}, {key: value[:-1] + "x" for key, value in headers(post.body).items()}):
            status, _ = stack.post(post.body, path=f"/hooks/acme/{name}", headers=wrong)
            assert status == 401, f"{name} answered {status} to a stranger"


# ---- what must be stored ----

class Fold:
    """Keys of the rows that the posted records make, by table. An id tells the channel too."""

    def __init__(self, everything):
        self.keys = collections.defaultdict(set)
        self.threads = {}
        self.files = collections.defaultdict(set)
        for post in everything:
            for code in post.rejects:
                self.keys["dead_letters"].add((hashlib.sha256(post.body).hexdigest(), code))
            for record in post.records:
                self.add(record)
        for thread in self.threads.values():
            self.keys["conversation_aliases"] |= {(one, min(thread)) for one in thread if one != min(thread)}
        for message, variants in self.files.items():
            if len(variants) == 1:  # of several the newest counts, which is the versions' business
                self.keys["message_attachments"] |= {(message, ordinal) for ordinal in min(variants)}

    def add(self, record):
        kind = record["kind"]
        self.keys[TABLES[kind]].add(tuple(record[member] for member in KEYS[TABLES[kind]].split(", ")))
        if kind in ("conversation", "message") and "contact_id" in record:
            self.keys["contacts"].add((record["contact_id"],))
        for identity in record.get("identities", ()):
            self.keys["contact_identities"].add((record["id"], identity["kind"], identity["value"]))
        for alias in record.get("aliases", ()):
            self.join(record["id"], str(uuid.uuid5(NAMESPACE, f"conversation/{TENANT}/{record['channel_id']}/{alias}")))
        if kind == "message":
            self.keys["conversations"].add((record["conversation_id"],))
            if "content_as_of" in record:
                self.files[record["id"]].add(tuple(file["ordinal"] for file in record.get("attachments", ())))

    def join(self, a, b):
        thread = self.threads.get(a, {a}) | self.threads.get(b, {b})
        self.threads.update((one, thread) for one in thread)


TABLES = {"contact": "contacts", "agent": "agents", "department": "departments", "conversation": "conversations",
          "message": "messages", "message_status": "message_status_events", "event": "conversation_events",
          "csat": "csat_responses", "escalation": "escalations"}
KEYS = {**dict.fromkeys(TABLES.values(), "id"), "messages": "conversation_id, id", "conversation_events": "conversation_id, id",
        "contact_identities": "contact_id, kind, value", "message_attachments": "message_id, ordinal",
        "conversation_aliases": "from_conversation_id, to_conversation_id",
        "dead_letters": "encode(payload_sha256, 'hex'), error_code"}
# What the loader finds between two snapshots of a chat stands beside what was sent.
MAY_HOLD_MORE = {"conversation_events": "is_inferred", "escalations": "is_inferred"}


def rows_of(stack, sql):
    """Rows as tuples, whatever their texts hold."""
    return [tuple(json.loads(row[0]).values()) for row in stack.query(f"SELECT row_to_json(q) FROM ({sql}) q", split=None)]


def check_keys(stack, fold):
    for table, columns in KEYS.items():
        expected = fold.keys[table]
        found = set(rows_of(stack, f"SELECT {columns} FROM {table}"))
        assert expected, f"no sample makes a row of {table}"
        missing, further = expected - found, found - expected
        if table in MAY_HOLD_MORE:
            further -= set(rows_of(stack, f"SELECT {columns} FROM {table} WHERE {MAY_HOLD_MORE[table]}"))
        if table == "message_attachments":
            further = {key for key in further if len(fold.files[key[0]]) == 1}
        assert not missing, f"{table}: {len(missing)} rows are missing, for example {sorted(missing)[:3]}" + letters(stack)
        assert not further, f"{table}: {len(further)} rows were never sent, for example {sorted(further)[:3]}" + letters(stack)


def letters(stack):
    return "\ndead letters of the loader:\n" + "\n".join(
        str(row) for row in rows_of(stack, "SELECT entity_type, external_id, error_code, error_message FROM dead_letters "
                                           "WHERE stage = 'load' LIMIT 20"))


def check_views(stack):
    """Each message is seen once under the thread that counts, and each medium has analytics."""
    twice = rows_of(stack, """SELECT m.message_id, c.joined_conversation_id FROM bi.messages m
                              JOIN bi.conversations c USING (conversation_id) GROUP BY 1, 2 HAVING count(*) > 1""")
    assert not twice, f"{len(twice)} messages are shown more than once, for example {twice[:3]}"
    unseen = rows_of(stack, "SELECT external_id FROM messages WHERE id NOT IN (SELECT message_id FROM bi.messages)")
    assert not unseen, f"{len(unseen)} messages are not shown, for example {unseen[:3]}"
    media = set(rows_of(stack, "SELECT DISTINCT v.channel FROM messages m JOIN conversations v ON v.id = m.conversation_id"))
    for table in ("conversation_sessions", "daily_analytics"):
        have = set(rows_of(stack, f"SELECT DISTINCT channel FROM {table} WHERE channel IS NOT NULL"))
        assert media <= have, f"{table} has nothing of {media - have}"


def facts(stack):
    """What is stored without the times of its arrival, also where they are the version of what has no time of its own:
    names and button presses in Telegram, canonical records that state none."""
    arrival = ["computed_at", "first_seen_at", "last_seen_at", "last_sync_at", "received_at", "sync_version",
               "profile_ver", "content_ver", "csat_ver", "esc_ver"]
    drop = "".join(f" - '{column}'" for column in arrival)
    tables = sorted(set(KEYS) - {"dead_letters"}) + ["conversation_sessions", "daily_analytics"]
    return {table: collections.Counter(row[0] for row in stack.query(f"SELECT (to_jsonb(t){drop})::text FROM {table} t", split=None))
            for table in tables}


def check_same(before, after, what):
    for table, rows in before.items():
        lost, new = rows - after[table], after[table] - rows
        assert not lost and not new, (f"{table} differs {what} in {lost.total()} and {new.total()} rows, for example:\n"
                                      + "\n".join(sorted(lost)[:3]) + "\nis now\n" + "\n".join(sorted(new)[:3]))


def carry(stack, everything):
    post_all(stack, everything)
    stack.run("load", "--until-idle", "--idle", "0")
    stack.run("rollup", "--as-of", JUDGED_AT)


def main():
    options = argparse.ArgumentParser()
    options.add_argument("--sluice", required=True)
    options = options.parse_args()
    everything = posts(options.sluice)
    fold = Fold(everything)
    with Stack(options.sluice, "embedded", connectors="\n".join(connectors())) as stack:
        stack.start("receive")
        stack.wait_ready()
        refuses_strangers(stack, everything)
        carry(stack, everything)
        check_keys(stack, fold)
        stack.query(f"INSERT INTO reader_tenants (login, tenant_id) VALUES (session_user, '{TENANT}')")  # who reads bi
        check_views(stack)
        first = facts(stack)
        shuffled = everything * 2
        random.Random(20260302).shuffle(shuffled)
        carry(stack, shuffled)
        check_keys(stack, fold)
        check_same(first, facts(stack), "after everything came twice more")
        stack.stop("receive")
        counts = {table: rows.total() for table, rows in first.items()}
        print(f"{len(everything)} bodies of {len(ACCOUNTS)} accounts, {len(fold.keys['dead_letters'])} dead letters; {counts}")


if __name__ == "__main__":
    main()
