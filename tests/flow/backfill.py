#!/usr/bin/env python3
"""Histories in files, through `sluice backfill`, loader and rollup: rows against a count of their own.

Every form of every channel's files gives the messages that were written into it, and a second run of the same file changes
nothing; counts of the runs are those of the bus and of the dead letters; what is damaged, too large or another channel's is
said by name, and what could be read is kept. Usage: backfill.py --sluice BINARY --bus embedded|kafka
"""

import argparse
import functools
import gzip
import json
import multiprocessing.pool
import os
import signal
import subprocess
import sys
import time
import zipfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
import history  # noqa: E402
from stack import Stack  # noqa: E402
from tables import contents  # noqa: E402

FORMS = {
    history.telegram: ["json", "gz", "folder", "zip", "tgz"],
    history.email: ["mboxrd", "mboxcl2", "mbox.gz", "takeout.zip", "takeout.tgz", "maildir", "eml"],
    history.whatsapp: ["txt", "zip", "folder"],
    history.b2chat: ["pages", "lines", "csv"],
    history.canonical: ["jsonl", "gz"],
}
def folder_of(stack, name):
    path = os.path.join(stack.folder, "files", name)
    os.makedirs(path, exist_ok=True)
    return path


def backfill(stack, connector, *arguments, code=0):
    done = stack.run("backfill", connector, *arguments, "--json", check=False)
    assert done.returncode == code, f"backfill {connector} {arguments}: exit {done.returncode}, not {code}:\n{done.stderr[-3000:]}"
    return (json.loads(done.stdout) if done.stdout else None), done.stderr


def load(stack):
    stack.run("load", "--until-idle", "--idle", "0")


def stored(stack, connector):
    [[messages, conversations, first, last]] = stack.query(f"""
        SELECT count(*), count(DISTINCT conversation_id), extract(epoch FROM min(sent_at))::bigint,
               extract(epoch FROM max(sent_at))::bigint
          FROM messages m JOIN channels c ON c.id = m.channel_id WHERE c.name = '{connector}'""")
    return int(messages), int(conversations), int(first or 0), int(last or 0)


def expected(of):
    """WhatsApp's files know minutes only."""
    unit = 60 if of.connector == "wa" else 1
    return (of.messages, of.conversations, *(int(moment.timestamp()) // unit * unit for moment in (of.first, of.last)))


def bus_end(stack):
    out = json.loads(stack.run("status", "--json").stdout)
    return sum(part["written"] for part in out["partitions"] if part["topic"].endswith(".records"))


# ---- every form ----

def every_form_gives_what_was_written(stack, maker):
    forms = FORMS[maker]
    for form in forms:
        of = maker(folder_of(stack, f"{maker.__name__}-{form}"), form=form)
        before = bus_end(stack)
        result, words = backfill(stack, of.connector, *of.paths, "--again")
        assert result["failed"] == 0 and result["rejected"] == 0, (form, result, words)
        assert result["read"] == result["written"] == bus_end(stack) - before, (form, result)
        assert result["written"] >= of.messages, (form, result)  # none is missing, and none comes under another name:
        if form in (forms[0], forms[-1]):
            load(stack)
            assert stored(stack, of.connector) == expected(of), (form, stored(stack, of.connector), expected(of))
    stack.run("rollup")
    first, before = contents(stack), bus_end(stack)
    for form in forms:
        of = maker(folder_of(stack, f"{maker.__name__}-{form}"), form=form)
        again, _ = backfill(stack, of.connector, *of.paths)
        assert again["done"] == 0 and again["done_before"] == again["items"], (form, again)
    assert bus_end(stack) == before, "a file that was read already was read again"
    forced, _ = backfill(stack, of.connector, *of.paths, "--again")
    assert forced["done"] > 0 and forced["written"] > 0, forced
    load(stack)
    stack.run("rollup")
    assert contents(stack) == first, "reading a file again changed rows"
    letters = stack.query("SELECT count(*) FROM dead_letters")
    assert letters == [["0"]], letters
    runs = stack.query("SELECT status, count(*), sum((metadata->>'read')::bigint - record_count) FROM sync_runs GROUP BY 1")
    assert runs == [["success", str(2 * len(forms) + 1), "0"]], runs


# ---- rejects, ranges ----

def bad_lines_are_dead_letters_and_counted(stack):
    of = history.canonical(folder_of(stack, "bad"), messages=2000, conversations=50, bad=25)
    result, words = backfill(stack, "own", *of.paths)
    assert (result["written"], result["rejected"], result["dead_letters"]) == (2000, 25, 25), result
    assert "json_syntax" in words and "further ones are only counted" in words, words
    load(stack)
    kept = stack.query("SELECT count(*), count(DISTINCT payload), min(convert_from(payload, 'UTF8')) FROM dead_letters "
                       "WHERE error_code = 'json_syntax'", split=None)
    assert kept == [['25|25|{"kind":"message","external_id":"broken-0",']], kept
    [[status, read, failed]] = stack.query("SELECT r.status, c.processed_records, c.failed_records FROM sync_runs r "
                                           "JOIN sync_checkpoints c ON c.sync_run_id = r.id ORDER BY r.started_at DESC LIMIT 1")
    assert (status, read, failed) == ("partial", "2025", "25"), (status, read, failed)


def only_the_days_asked_for(stack):
    folder = folder_of(stack, "days")
    lines = []
    for day in range(1, 6):  # noon in Bogota
        lines.append(json.dumps({**history.canonical_line(9000 + day, 1), "external_id": f"day-{day}",
                                 "sent_at": f"2024-06-{day:02}T17:00:00Z", "conversation_external_id": "days"}))
    path = history.write(os.path.join(folder, "days.jsonl"), ("\n".join(lines) + "\n").encode())
    result, _ = backfill(stack, "own", path, "--from", "2024-06-02", "--to", "2024-06-03")
    assert (result["read"], result["written"], result["unwanted"]) == (5, 2, 3), result
    load(stack)
    got = stack.query("SELECT external_id FROM messages WHERE external_id LIKE 'day-%' ORDER BY 1")
    assert got == [["day-2"], ["day-3"]], got
    result, _ = backfill(stack, "own", path, "--from", "2024-06-02")
    assert result["written"] == 4, result  # another question, not the same file again


# ---- what is wrong with files ----

def refused(stack, connector, path, *texts, code=1):
    result, words = backfill(stack, connector, path, code=code)
    for text in texts:
        assert text in words, f"{path}: \"{text}\" is missing from: {words}"
    return result


def damage_is_said_and_what_was_read_is_kept(stack):
    folder = folder_of(stack, "damage")
    whole = history.canonical(folder, messages=4000, conversations=40, form="gz")
    with open(whole.paths[0], "rb") as f:
        packed = f.read()
    cut = history.write(os.path.join(folder, "cut.jsonl.gz"), packed[:len(packed) // 2])
    result = refused(stack, "own", cut, "cut short", "of the gzip file")
    assert 500 < result["written"] < 4000 and result["failed"] == 1, result
    spoiled = bytearray(packed)
    spoiled[len(packed) // 2:len(packed) // 2 + 20] = bytes(20)
    result = refused(stack, "own", history.write(os.path.join(folder, "spoiled.jsonl.gz"), bytes(spoiled)), "damaged", "byte ")
    assert 500 < result["written"] < 4000, result

    zipped = history.telegram(folder, messages=2000, chats=5, form="zip").paths[0]
    with open(zipped, "rb") as f:
        packed = bytearray(f.read())
    refused(stack, "tg", history.write(os.path.join(folder, "cut.zip"), bytes(packed[:len(packed) // 2])), "it may be cut short")
    packed[2000:2030] = bytes(30)
    refused(stack, "tg", history.write(os.path.join(folder, "spoiled.zip"), bytes(packed)), "at byte ")
    with zipfile.ZipFile(os.path.join(folder, "other.zip"), "w") as z:
        z.writestr("a.jpg", b"x")
    refused(stack, "tg", os.path.join(folder, "other.zip"), "does not hold a result.json")
    bomb = history.write(os.path.join(folder, "bomb.jsonl.gz"), gzip.compress(b" " * (256 << 20), 9, mtime=0))
    refused(stack, "own", bomb, "more unfolds than any real file holds")
    body = history.telegram_json(500, 2)
    result = refused(stack, "tg", history.write(os.path.join(folder, "result.json"), body[:len(body) // 2]), "json_syntax", code=0)
    assert result["written"] > 100 and result["rejected"] == 1, result


def what_belongs_elsewhere_is_said(stack):
    folder = folder_of(stack, "elsewhere")
    export = history.telegram(folder, messages=10, chats=1).paths[0]
    refused(stack, "own", export, "an export of Telegram Desktop", "connector of channel telegram")
    refused(stack, "wa", history.email(folder, messages=3, threads=1).paths[0], "an mbox file", "channel email")
    refused(stack, "tg", history.write(os.path.join(folder, "messages.html"), b"<!DOCTYPE html>\n<html>"), "an HTML page", "JSON")
    refused(stack, "wa-no-zone", history.whatsapp(folder, messages=4, chats=1, form="txt").paths[0], "carry no zone",
            '"timezone: America/Bogota"')
    refused(stack, "own", "/no/such/file", "No such file")
    refused(stack, "own", folder + "/*.nothing", "no file is called")
    refused(stack, "support", folder_of(stack, "empty"), "holds nothing that channel email reads")
    assert stack.run("backfill", "ownn", "x", check=False).returncode == 2
    left, words = backfill(stack, "tg", folder, code=0)
    assert left["left_out"] >= 2 and left["failed"] == 0, (left, words)


# ---- one runner; a stop and a resume ----

def started(stack, *arguments):
    return subprocess.Popen([stack.sluice, "-p", stack.pipeline, "backfill", *arguments], stdout=subprocess.PIPE,
                            stderr=subprocess.PIPE, text=True)


def wait_for_run(stack, process):
    while process.poll() is None:
        if stack.query("SELECT 1 FROM sync_runs WHERE status = 'in_progress'"):
            return
        time.sleep(0.02)
    raise AssertionError("it ended too soon: " + process.communicate()[1])


def a_stopped_run_is_resumed(stack):
    of = history.canonical(folder_of(stack, "large"), messages=50000, conversations=500, prefix="large-")
    before = bus_end(stack)
    process = started(stack, "own", *of.paths, "--workers", "1")
    wait_for_run(stack, process)
    process.send_signal(signal.SIGSTOP)
    second = stack.run("backfill", "own", *of.paths, check=False)
    assert second.returncode == 1 and "another process runs the backfill" in second.stderr, second
    process.send_signal(signal.SIGTERM)
    process.send_signal(signal.SIGCONT)
    _, words = process.communicate(timeout=60)
    assert process.returncode == 1 and "--resume" in words, words
    result, words = backfill(stack, "own", "--resume")
    assert result["done"] == 1 and result["written"] == 50000, (result, words)
    assert bus_end(stack) - before >= 50000
    nothing = stack.run("backfill", "own", "--resume", check=False)
    assert nothing.returncode == 1 and "nothing to resume" in nothing.stderr, nothing
    load(stack)
    got = stack.query("SELECT count(*) FROM messages WHERE external_id LIKE 'large-m-%'")
    assert got == [["50000"]], got


def other_cases(stack):
    for case in (bad_lines_are_dead_letters_and_counted, only_the_days_asked_for, damage_is_said_and_what_was_read_is_kept,
                 what_belongs_elsewhere_is_said, a_stopped_run_is_resumed):
        case(stack)


def timed(arguments, name, case):
    began = time.monotonic()
    with Stack(arguments.sluice, arguments.bus, connectors=history.CONNECTORS) as stack:
        load(stack)  # makes the topics
        case(stack)
    print(f"{name}: {time.monotonic() - began:.1f} s", flush=True)


def main():
    """Most of the time is waiting for processes to start and for disks, so that cases run beside each other."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--sluice", required=True)
    parser.add_argument("--bus", choices=["embedded", "kafka"], required=True)
    arguments = parser.parse_args()
    cases = [("other cases", other_cases)]
    cases += [(maker.__name__, functools.partial(every_form_gives_what_was_written, maker=maker)) for maker in FORMS]
    with multiprocessing.pool.ThreadPool(4) as pool:
        pool.starmap(functools.partial(timed, arguments), cases, chunksize=1)


main()
