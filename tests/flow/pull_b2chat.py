#!/usr/bin/env python3
"""B2Chat by its export API: what a made-up desk looks like at the end, and what is stored, compared row by row.

    week       ten days of a desk on a clock that is set, asked every four hours; chats close up to six days later. Every closing
               is asked for within four hours, and the tables are those of one reading of everything at the end
    history    a month of days read for the first time while the server fails in every way, rows move between pages, pages are
               too large for it, tokens end, and the puller is killed at random moments
    refusals   wrong credentials, a token that is refused again and again, a used-up day: said in words, without secrets

Usage: pull_b2chat.py --sluice BINARY --bus embedded|kafka [--only PART]
"""

import argparse
import collections
import datetime
import os
import random
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [os.path.join(HERE, "..", "support"), os.path.join(HERE, "..", "servers")]
from b2chat_server import (BOGOTA, CLIENT, DAY, HOUR, SECOND, UTC, B2ChatServer, Chat, Clock, Desk, Maker,  # noqa: E402
                           canonical_status, message_keys, parse_time)
from stack import Stack  # noqa: E402

FIRST = datetime.date(2025, 3, 3)
STEP = 4 * HOUR  # of the week
FAULTS = (("repeat_page", {}), ("empty_page", {}), ("wrong_total", {"by": 3}), ("empty", {}), ("status", {"status": 500}), ("status", {"status": 502}), ("status", {"status": 503, "retry_after": 1}),
          ("status", {"status": 504}), ("status", {"status": 429}), ("status", {"status": 401}), ("html", {}),
          ("truncate", {"share": 0.9}), ("reset", {"share": 0.2}), ("length", {}), ("drop", {}), ("gzip", {}), ("chunked", {}),
          ("body", {"body": '{"message":"oops","trace_id":"1"}'}))


def connector(server, more="", client=CLIENT, name="desk"):
    return (f'      - {{ name: {name}, channel: b2chat, account: acme-main, client_id: "{client[0]}", client_secret: "{client[1]}", '
            f'url: "{server.url}", backfill_from: "{FIRST}", calls_per_second: 1000{more} }}')


# ---- what must be stored ----

def expected_rows(desk, now):
    """Conversations, messages, contacts: by the reference's rules, from the desk's own data."""
    chats = [desk.chat(chat, now) for chat in desk.chats.values() if chat.is_there(now)]
    return {"conversations": {(chat["chat_id"], canonical_status(chat), utc(chat["closed_at"])) for chat in chats},
            "messages": collections.Counter(key for chat in chats for key in message_keys(chat)),
            "contacts": {str(chat["contact"]["id"]) for chat in chats if chat["contact"]}
            | {str(contact.key) for contact in desk.contacts.values() if contact.is_there(now)},
            "rated": {chat["chat_id"] for chat in chats if chat["status"] == "COMPLETED_POLL"}}


def utc(local):
    when = datetime.datetime.strptime(local, "%Y-%m-%d %H:%M:%S").replace(tzinfo=BOGOTA) if local else None
    return when.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S") if when else ""


def stored_rows(stack):
    return {"conversations": {tuple(row) for row in stack.query(
                "SELECT external_id, status, coalesce(to_char(closed_at, 'YYYY-MM-DD HH24:MI:SS'), '') FROM conversations")},
            "messages": collections.Counter(row[0] for row in stack.query("SELECT external_id FROM messages")),
            "contacts": {row[0] for row in stack.query("SELECT external_id FROM contacts")},
            "rated": {row[0] for row in stack.query("SELECT external_id FROM csat_responses WHERE state = 'completed'")}}


def check_rows(stack, desk, now, gone=()):
    """gone: chats that left the desk meanwhile; they were read, or not."""
    expected, found = expected_rows(desk, now), stored_rows(stack)
    found["conversations"] = {row for row in found["conversations"] if row[0] not in gone}
    found["messages"] = collections.Counter(key for key in found["messages"].elements() if key.split(":")[0] not in gone)
    found["rated"] -= set(gone)
    for table, rows in expected.items():
        missing, strange = rows - found[table], found[table] - rows
        assert not missing, f"{table}: {len(missing)} of {len(rows)} are missing, for example {sorted(missing)[:3]}"
        assert not strange, f"{table}: {len(strange)} are not so on the desk, for example {sorted(strange)[:3]}"
    letters = stack.query("SELECT error_code, error_message FROM dead_letters")
    assert not letters, f"dead letters: {letters[:5]}"
    return {table: len(rows) for table, rows in expected.items()}


ARRIVAL = ("first_seen_at", "last_seen_at", "last_sync_at", "received_at", "sync_version", "profile_ver", "crm_ver", "lifecycle_ver",
           "labels_ver", "content_ver", "csat_ver", "esc_ver")


def facts(stack):
    """The tables without what depends on when it was read."""
    drop = "".join(f" - '{column}'" for column in ARRIVAL)
    tables = {table: "" for table in ("contacts", "contact_identities", "agents", "departments", "conversations", "messages",
                                      "message_attachments", "csat_responses", "escalations")}
    tables["conversation_events"] = "WHERE event_type NOT IN ('transferred', 'tag_added', 'tag_removed')"
    return {table: collections.Counter(row[0] for row in stack.query(
                f"SELECT (to_jsonb(t){drop} - 'message_id')::text FROM {table} t {where}", split=None))
            for table, where in tables.items()}


def check_same(a, b):
    for table, rows in a.items():
        lost, new = rows - b[table], b[table] - rows
        assert not lost and not new, (f"{table} of many readings and of one differ in {lost.total()} and {new.total()} rows, for "
                                      "example:\n" + "\n".join(sorted(lost)[:2]) + "\nand\n" + "\n".join(sorted(new)[:2]))


def load(stack):
    stack.run("load", "--until-idle", "--idle", "0")


def no_secrets(stack, server):
    told = "".join(open(os.path.join(stack.folder, name), encoding="utf-8", errors="replace").read()
                   for name in os.listdir(stack.folder) if name.endswith(".log"))
    told += str(stack.query("SELECT to_jsonb(r)::text FROM sync_runs r", split=None))
    told += str(stack.query("SELECT request_params::text FROM raw_responses", split=None))
    for secret in (CLIENT[1], server.token or "none"):
        assert secret not in told, "a secret stands in a log or a table"


# ---- week ----

def week(sluice, bus):
    desk = Desk()
    maker = Maker(desk, people=40)
    maker.add_contacts(desk.at(FIRST, 6 * 3600))
    for day in range(7):
        maker.add_day(FIRST + day * DAY, 16, close_days=(0, 0, 0, 1, 2, 4, 6, None))
    clock = Clock(desk.at(FIRST, 8 * 3600))
    end = desk.at(FIRST + 10 * DAY, 0)
    with B2ChatServer(desk, clock=clock) as server, Stack(sluice, bus, connectors=connector(server)) as stack:
        runs = 0
        while clock.now() < end:
            stack.run("pull", "--once")
            runs += 1
            clock.set(clock.now() + STEP)
        clock.set(end)
        stack.run("pull", "--once")
        load(stack)
        counts = check_rows(stack, desk, end)
        closings = check_closings(desk, server, end)
        calls = collections.Counter(entry["path"] for entry in server.requests())
        one = of_one_reading(sluice, bus, server)
        check_same(facts(stack), one)
        states = stack.query("SELECT entity_type, sync_status FROM sync_states ORDER BY 1")
        assert states == [["chats", "idle"], ["contacts", "idle"]], states
        outcomes = {row[0] for row in stack.query("SELECT DISTINCT status FROM sync_runs")}
        assert outcomes == {"success"}, outcomes
        no_secrets(stack, server)
        print(f"{bus}: ten days asked every {STEP}, {runs} runs: {counts}; {closings} closings, {late_of(desk)} of them on a later day, "
              f"each asked for within {STEP}; calls {dict(calls)}")


def closings_of(desk):
    return [(chat, at) for chat in desk.chats.values() for at, members in chat.steps if members.get("closed_at")]


def late_of(desk):
    return sum(desk.day(at) > desk.day(chat.created) for chat, at in closings_of(desk))


def check_closings(desk, server, end):
    asked = [(parse_time(entry["clock"]), entry["query"]["date_range_from"], entry["query"]["date_range_to"])
             for entry in server.requests("chats") if entry["status"] == 200]
    closings = [(chat, at) for chat, at in closings_of(desk) if at <= end]
    for chat, at in closings:
        day = str(desk.day(chat.created))
        assert any(at <= when <= at + STEP + SECOND and first <= day <= last for when, first, last in asked), \
            f"chat {chat.key} of {day}, closed at {at}, was not asked for within {STEP}"
    return len(closings)


def of_one_reading(sluice, bus, server):
    with Stack(sluice, bus, connectors=connector(server)) as stack:
        stack.run("pull", "--once")
        load(stack)
        return facts(stack)


# ---- history ----

def busy_desk():
    desk = Desk()
    maker = Maker(desk, people=300)
    maker.add_contacts(desk.at(FIRST, 0) - 300 * HOUR)
    for day in range(20):
        maker.add_day(FIRST + day * DAY, 450 if day == 5 else 40, close_days=(0, 1, 2))
    long = Chat("5a9d0c11-0000-4000-8000-00000000aaaa", desk.at(FIRST + 6 * DAY, 40000), {
        **next(iter(desk.chats.values())).steps[0][1], "status": "CLOSED", "closed_at": desk.at(FIRST + 7 * DAY, 40000)})
    for number in range(5000):
        long.say(long.created + number * SECOND, f"línea {number}", number % 2 == 0)
    long.say(long.created, "largo " + "\U0001f4e6ñ" * 100_000, True)
    desk.chats[long.key] = long
    return desk


def history(sluice, bus):
    dice = random.Random(20260304)
    desk = busy_desk()
    clock = Clock(desk.at(FIRST + 24 * DAY, 12 * 3600))
    with B2ChatServer(desk, clock=clock, largest_page=120) as server, Stack(sluice, bus, connectors=connector(server)) as stack:
        for number, (kind, more) in enumerate(FAULTS):
            path = "chats" if kind in ("repeat_page", "empty_page", "wrong_total", "empty") else ""
            server.fault(kind, path, skip=3 + 2 * number, **more)
        gone = set()
        server.before_page = mover(desk, gone)
        kills = 0
        while kills < 8 and not is_done(stack):
            stack.start("pull")
            time.sleep(dice.uniform(0.1, 0.8))
            stack.kill("pull")
            kills += 1
        stack.start("pull")
        until = time.monotonic() + 60
        while not is_done(stack):
            assert time.monotonic() < until, "the first reading does not come to its end:\n" + stack.log("pull")
            time.sleep(0.2)
        stack.kill("pull")
        server.before_page = None
        clock.advance(days=1)  # one that comes where another goes is seen by nobody before the deep reading
        stack.run("pull", "--once")
        load(stack)
        counts = check_rows(stack, desk, clock.now(), gone)
        no_secrets(stack, server)
        check_limits(server)
        acted = {entry["fault"] for entry in server.requests() if entry["fault"]}
        assert acted >= {kind for kind, _ in FAULTS}, f"only the faults {acted} came about"
        print(f"{bus}: a first reading through {kills + 1} kills and faults {', '.join(sorted(acted))}: {counts} in "
              f"{len(server.requests())} calls")


def is_done(stack):
    """With the chats; contacts that were cut off are the next run's."""
    return stack.query("SELECT 1 FROM sync_states WHERE entity_type = 'chats' AND cursor @> '{\"full_done\": true}'") != []


def mover(desk, gone):
    """While pages are read, chats vanish from the beginning of the large day, and others appear there."""
    day = FIRST + 5 * DAY
    maker = Maker(desk, seed=7, people=300)
    maker.made = 10_000
    left = [6]

    def move(path, query):
        if path != "/chats/export" or not left[0] or query.get("offset") == "0" or not query["date_range_from"] <= str(day) <= query["date_range_to"]:
            return
        left[0] -= 1
        maker.add_chat(day, 0)
        first = min((chat for chat in desk.chats.values() if desk.day(chat.created) == day), key=lambda chat: chat.created)
        gone.add(desk.chats.pop(first.key).key)

    return move


def check_limits(server):
    limits = [int(entry["query"]["limit"]) for entry in server.requests("chats") if entry["status"] == 200]
    assert min(limits) <= 100, "pages did not become smaller after 504"
    assert all(int(entry["query"]["limit"]) <= 200 for entry in server.requests("chats"))


# ---- refusals ----

def refusals(sluice):
    desk = Desk()
    Maker(desk).add_day(FIRST, 10)
    clock = Clock(desk.at(FIRST + 2 * DAY, 12 * 3600))
    with B2ChatServer(desk, clock=clock) as server:
        with Stack(sluice, "embedded", connectors=connector(server, client=("not", CLIENT[1]))) as stack:
            expect_failure(stack, "client_id and client_secret are not those")
            done = stack.run("check", check=False)
            assert done.returncode == 1 and "acme/desk: /oauth/token: HTTP 401" in done.stdout, done.stdout
            no_secrets(stack, server)
        with Stack(sluice, "embedded", connectors=connector(server, ", timezone: Mars/Phobos")) as stack:
            expect_failure(stack, 'Mars/Phobos')
        with Stack(sluice, "embedded", connectors=connector(server, ", calls_per_day: 2")) as stack:
            expect_failure(stack, "the 2 calls of this day are used up")
        with Stack(sluice, "embedded", connectors=connector(server)) as stack:
            server.fault("status", "export", status=401, times=2)
            expect_failure(stack, "HTTP 401 with a token that was just given")
            server.fault("status", "export", status=403, content_type="application/json", body='{"message":"no export"}')
            expect_failure(stack, "no export")
            before = len(server.requests("token"))
            server.new_token()
            server.fault("status", "export", status=401, times=1)
            stack.run("pull", "--once")
            assert len(server.requests("token")) == before + 2, "a 401 is answered with one new token"
            load(stack)
            check_rows(stack, desk, clock.now())
            assert "acme/desk: 0 chats since yesterday" in stack.run("check").stdout
            respects_rate(sluice, server)


def respects_rate(sluice, server):
    """With five calls a second, a server that takes no more than a burst of five beside them never says 429."""
    server.rate = (14, 1)
    first = len(server.requests())
    slow = connector(server).replace("calls_per_second: 1000", "calls_per_second: 5")
    with Stack(sluice, "embedded", connectors=slow) as stack:
        stack.run("pull", "--once")
        server.clock.advance(days=1)
        began = time.monotonic()
        stack.run("pull", "--once")
        calls = server.requests()[first:]
        assert len(calls) > 15 and all(call["status"] == 200 for call in calls), [call["status"] for call in calls]
        assert time.monotonic() - began > 1.5, "more than five calls a second"
    server.rate = None


def expect_failure(stack, words):
    done = stack.run("pull", "--once", check=False)
    assert done.returncode == 1 and words in done.stderr, f"exit {done.returncode}, {done.stderr}"
    assert CLIENT[1] not in done.stderr + done.stdout, "the secret stands in an answer"


def main():
    options = argparse.ArgumentParser()
    options.add_argument("--sluice", required=True)
    options.add_argument("--bus", choices=["embedded", "kafka"], required=True)
    options.add_argument("--only", choices=["week", "history", "refusals"])
    options = options.parse_args()
    if options.only in (None, "week"):
        week(options.sluice, options.bus)
    if options.only in (None, "history"):
        history(options.sluice, options.bus)
    if options.only in (None, "refusals"):
        refusals(options.sluice)


if __name__ == "__main__":
    main()
