#!/usr/bin/env python3
"""Long polling of Telegram bots: what a server of the Bot API has handed out and what is stored, compared row by row.

    everything    two bots in one process, a server that answers with faults of every kind, kill -9 of puller and loader at
                  random moments; ids that begin anew, lower; nothing is lost, nothing doubled, everything confirmed
    one runner    a second process stands by, and takes over when the first is killed
    supervised    the same under sluice run
    refusals      a webhook that is set, a second poller, a token that is no longer good, a certificate that nobody signed:
                  said in words, without the token; --once, twice

Usage: pull_telegram.py --sluice BINARY --bus embedded|kafka [--kills N]
"""

import argparse
import json
import os
import random
import sys
import threading
import time
import urllib.request

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [os.path.join(HERE, "..", "support"), os.path.join(HERE, "..", "servers")]
from scripted_http import certificate  # noqa: E402
from stack import Stack  # noqa: E402
from telegram_server import TelegramServer, Traffic  # noqa: E402

TOKENS = ("7100200300:AAflow-test-token-one", "5998877665:AAflow-test-token-two")
FAULTS = (("status", {"status": 429, "retry_after": 1}), ("status", {"status": 502}), ("html", {}), ("truncate", {"share": 0.7}),
          ("reset", {"share": 0.3}), ("length", {}), ("drop", {}), ("empty", {}), ("body", {"body": '{"ok":false,"error_code":500}'}),
          ("delay", {"seconds": 0.3}), ("gzip", {}), ("chunked", {}), ("slow", {"bytes_per_second": 400_000}))


def connectors(server, tokens=TOKENS, more=""):
    return "\n".join(f'      - {{ name: tg-{number}, channel: telegram, token: "{token}", mode: poll, url: "{server.url}"{more} }}'
                     for number, token in enumerate(tokens))


def wait_for(what, condition, seconds=60):
    until = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > until:
            raise AssertionError(f"{what} did not come about within {seconds} s")
        time.sleep(0.05)


def check_rows(stack, traffic):
    expected = {}
    for one in traffic:
        expected.update(one.texts)
    rows = stack.query("SELECT external_id, text FROM messages")
    assert len(rows) == len(dict(rows)), "a message is stored twice"
    found = dict(rows)
    missing, strange = expected.keys() - found.keys(), found.keys() - expected.keys()
    assert not missing, f"{len(missing)} messages were confirmed and are not stored, for example {sorted(missing)[:5]}"
    assert not strange, f"{len(strange)} messages were never sent, for example {sorted(strange)[:5]}"
    wrong = [key for key in expected if expected[key] != found[key]]
    assert not wrong, f"{len(wrong)} messages have not their last text, for example {wrong[:5]}"
    letters = stack.query("SELECT error_code, error_message FROM dead_letters")
    assert not letters, f"dead letters: {letters[:5]}"
    return len(expected)


def no_secrets(stack):
    told = "".join(open(os.path.join(stack.folder, name), encoding="utf-8", errors="replace").read()
                   for name in os.listdir(stack.folder) if name.endswith(".log"))
    told += str(stack.query("SELECT to_jsonb(r)::text FROM sync_runs r", split=None))
    assert "flow-test-token" not in told, "a token stands in a log or in sync_runs"


def faults_of(server):
    return {entry["fault"] for entry in server.requests("getUpdates") if entry["fault"]}


def goes_on(traffic):
    return [one.next() for one in traffic]


def everything(sluice, bus, kills):
    dice = random.Random(20260304)
    with TelegramServer(TOKENS, patience=0.2) as server:
        with Stack(sluice, bus, connectors=connectors(server)) as stack:
            traffic = [Traffic(bot) for bot in server.bots.values()]
            for one in traffic:
                one.run(450)
            for number, (kind, more) in enumerate(FAULTS):
                server.fault(kind, "getUpdates", skip=1 + 2 * number, **more)
            stack.start("pull")
            stack.start("load")
            for number in range(kills):
                time.sleep(dice.uniform(0.02, 0.4))
                role = "load" if number % 4 == 3 else "pull"
                stack.kill(role)
                stack.start(role)
                for one in traffic:
                    one.run(15)
            wait_for("every fault", lambda: goes_on(traffic) and faults_of(server) >= {kind for kind, _ in FAULTS})
            for one in traffic:
                wait_for("an empty queue", lambda one=one: not one.bot.pending())
                one.bot.restart_ids(5_000_000)  # after a week of silence, lower
                one.run(120)
                wait_for("an empty queue after ids began anew", lambda one=one: not one.bot.pending())
            assert stack.stop("pull") == 0, "pull did not end well"
            stack.stop("load")
            stack.run("load", "--until-idle", "--idle", "0")
            count = check_rows(stack, traffic)
            no_secrets(stack)
            allowed = server.requests("getUpdates")[0]["query"]["allowed_updates"]
            assert "message_reaction" in allowed and "business_message" in allowed, allowed
            open_runs = stack.query("SELECT status FROM sync_runs WHERE status = 'in_progress'")
            assert not open_runs, "a run is still in progress"
            print(f"{count} messages of two bots through {len(server.requests('getUpdates'))} calls, {kills} kills and faults "
                  f"{', '.join(sorted(faults_of(server)))}")


def one_runner(sluice):
    with TelegramServer(TOKENS[:1]) as server:
        with Stack(sluice, "embedded", connectors=connectors(server, TOKENS[:1])) as stack:
            traffic = Traffic(next(iter(server.bots.values())))
            first = stack.start("pull")
            traffic.run(10)
            wait_for("a first run", lambda: not traffic.bot.pending())
            stack.processes["first"] = first
            stack.start("pull")
            assert "another process runs" in stack.run("pull", "--once").stdout, "it is not said who runs it"
            wait_for("a standing by", lambda: "standing by" in stack.log("pull"))
            stack.kill("first")
            traffic.run(10)
            wait_for("the second to take over", lambda: not traffic.bot.pending())
            stack.stop("pull")
            assert not [entry for entry in server.requests() if entry["status"] == 409], "two polled at a time"
            stack.run("load", "--until-idle", "--idle", "0")
            check_rows(stack, [traffic])


def supervised(sluice):
    """sluice run starts the role, and from a bot to the rows nothing more is needed."""
    with TelegramServer(TOKENS[:1]) as server:
        with Stack(sluice, "embedded", connectors=connectors(server, TOKENS[:1])) as stack:
            traffic = Traffic(next(iter(server.bots.values())))
            stack.start("run")
            traffic.run(30)
            wait_for("rows", lambda: len(stack.query("SELECT 1 FROM messages")) == len(traffic.texts))
            assert stack.stop("run") == 0, "run did not end well"
            check_rows(stack, [traffic])


def refusals(sluice):
    with TelegramServer(TOKENS[:1], patience=0.2) as server:
        with Stack(sluice, "embedded", connectors=connectors(server, TOKENS[:1])) as stack:
            bot = next(iter(server.bots.values()))
            traffic = Traffic(bot)
            traffic.run(230)
            assert stack.run("pull", "--once", "tg-0").stdout.startswith("acme/tg-0: "), "no summary"
            calls = len(server.requests("getUpdates"))
            assert " 0 records of 0 documents" in stack.run("pull", "acme/tg-0", "--once").stdout
            assert len(server.requests("getUpdates")) == calls + 1, "nothing new, and more than one call"
            refuses(stack, server, traffic)
            no_secrets(stack)
    rejects_certificates(sluice)


def refuses(stack, server, traffic):
    bot = traffic.bot
    assert "acme/tg-0: bot @test_7100200300_bot, 0 updates wait" in stack.run("check").stdout, "check does not reach the bot"
    expect_failure(stack, "the updates of this bot go to a webhook", lambda: bot.set_webhook("https://example.org/x", None))
    done = stack.run("check", check=False)
    assert done.returncode == 1 and "FAILED pull      acme/tg-0: the updates of this bot go to a webhook" in done.stdout, done.stdout
    bot.set_webhook("", None)
    server.fault("status", "getUpdates", status=409, times=1, content_type="application/json",
                 body='{"ok":false,"error_code":409,"description":"Conflict: terminated by other getUpdates request"}')
    expect_failure(stack, "another program polls this bot")
    server.fault("status", "getWebhookInfo", status=401)
    expect_failure(stack, "the token is no longer good")
    server.fault("status", "getWebhookInfo", status=404)
    expect_failure(stack, "compare token and url")
    state = stack.query("SELECT sync_status FROM sync_states")
    assert state == [["error"]], state
    state = json.loads(stack.run("status", "--json").stdout)["pulls"]
    assert [(one["connector"], one["what"], one["state"]) for one in state] == [("tg-0", "messages", "error")], state
    assert "compare token and url" in state[0]["error"] and "compare token and url" in stack.run("status").stdout, state
    said = [row[0] for row in stack.query("SELECT error_message FROM sync_runs WHERE status = 'error' ORDER BY started_at")]
    assert len(said) == 4 and "webhook" in said[0] and "another program" in said[1], said
    traffic.run(5)
    stack.run("pull", "--once")
    assert stack.query("SELECT sync_status FROM sync_states") == [["idle"]], "an error stays after all is well"
    stack.run("load", "--until-idle", "--idle", "0")
    check_rows(stack, [traffic])


def expect_failure(stack, words, before=None):
    if before:
        before()
    done = stack.run("pull", "--once", check=False)
    assert done.returncode == 1 and words in done.stderr, f"exit {done.returncode}, {done.stderr}"
    assert "flow-test-token" not in done.stderr + done.stdout, "the token stands in an answer"


def rejects_certificates(sluice):
    import tempfile
    with tempfile.TemporaryDirectory() as folder:
        files = certificate(folder)
        with TelegramServer(TOKENS[:1], certificate=files) as server:
            bot = next(iter(server.bots.values()))
            with Stack(sluice, "embedded", connectors=connectors(server, TOKENS[:1])) as stack:
                expect_failure(stack, "certificate")
            with Stack(sluice, "embedded", connectors=connectors(server, TOKENS[:1], f', ca_file: "{files[0]}"')) as stack:
                traffic = Traffic(bot)
                traffic.run(20)
                stack.run("pull", "--once")
                stack.run("load", "--until-idle", "--idle", "0")
                check_rows(stack, [traffic])


def main():
    options = argparse.ArgumentParser()
    options.add_argument("--sluice", required=True)
    options.add_argument("--bus", choices=["embedded", "kafka"], required=True)
    options.add_argument("--kills", type=int, default=8)
    options = options.parse_args()
    everything(options.sluice, options.bus, options.kills)
    if options.bus == "embedded":
        one_runner(options.sluice)
        supervised(options.sluice)
        refusals(options.sluice)


if __name__ == "__main__":
    main()
