#!/usr/bin/env python3
"""One history by webhook, by poll and by file, in any order: the same tables.

Where the references say that ids coincide: a Telegram supergroup (Bot API by webhook and by getUpdates, export of Telegram
Desktop), a B2Chat desk (API, webhooks, saved replies), a mailbox (IMAP, mbox, Maildir), canonical records (webhook, files).
Every message is there once, whatever came first. Usage: order.py --sluice BINARY --bus embedded|kafka
"""

import argparse
import contextlib
import datetime
import itertools
import json
import os
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [os.path.join(HERE, "..", "support"), os.path.join(HERE, "..", "servers")]
import history  # noqa: E402
import mails  # noqa: E402
from b2chat_server import CLIENT, DAY, B2ChatServer, Clock, Desk, Maker, message_keys  # noqa: E402
from dovecot import PASSWORD, Dovecot  # noqa: E402
from stack import Stack  # noqa: E402
from tables import contents  # noqa: E402
from telegram_server import TelegramServer, person  # noqa: E402

GROUP = 1500000001
TOKEN = f"{history.BOT}:flow-test"
KEY = "flow-test-key-of-thirty-two-characters"
MESSAGES = 200
FIRST_DAY = datetime.date(2025, 3, 3)
# Who delivered last is no part of the history, nor is when a state was true that several of them tell.
SERVERS = contextlib.ExitStack()
PROVENANCE = ("source_kind", "%_as_of", "%_ver")


# ---- Telegram: a supergroup ----

class Telegram:
    name = "tg"

    def __init__(self, folder):
        self.server = SERVERS.enter_context(TelegramServer([TOKEN]))
        self.folder = folder
        self.messages = [(number + 1, 6011220000 + number % 9, int(history.at(number).timestamp()), history.text_of(number))
                         for number in range(MESSAGES)]

    def connector(self, is_polled):
        mode = f'mode: poll, url: "{self.server.url}"' if is_polled else f"secret_token: {KEY}"
        return f'      - {{ name: tg, channel: telegram, token: "{TOKEN}", {mode}, agent_ids: ["6011220001"] }}'

    def updates(self):
        for number, user, date, text in self.messages:
            yield {"message_id": number, "from": person(user), "date": date, "text": text,
                   "chat": {"id": int(f"-100{GROUP}"), "title": "Clientes", "type": "supergroup"}}

    def by_webhook(self, stack):
        for number, message in enumerate(self.updates()):
            post(stack, "tg", {"update_id": 820_000_000 + number, "message": message},
                 {"X-Telegram-Bot-Api-Secret-Token": KEY})

    def by_poll(self, stack):
        for message in self.updates():
            self.server.bots[TOKEN].add("message", message)
        stack.run("pull", "tg", "--once")

    def by_file(self, stack):
        whole = {"name": "Clientes", "type": "private_supergroup", "id": GROUP, "messages": [
            {"id": number, "type": "message", "date": datetime.datetime.fromtimestamp(date).strftime("%Y-%m-%dT%H:%M:%S"),
             "date_unixtime": str(date), "from": f"{person(user)['first_name']} {person(user)['last_name']}",
             "from_id": f"user{user}", "text": text, "text_entities": [{"type": "plain", "text": text}]}
            for number, user, date, text in self.messages]}
        stack.run("backfill", "tg", history.write(os.path.join(self.folder, "result.json"), json.dumps(whole).encode()))

    def count(self):
        return MESSAGES


# ---- B2Chat: a desk ----

class B2Chat:
    name = "desk"

    def __init__(self, folder):
        self.folder, self.desk = folder, Desk()
        maker = Maker(self.desk)
        for day in range(3):
            maker.add_day(FIRST_DAY + day * DAY, 12, close_days=(0, 1, 2))
        self.now = self.desk.at(FIRST_DAY + 9 * DAY, 43200)
        self.server = SERVERS.enter_context(B2ChatServer(self.desk, clock=Clock(self.now)))

    def connector(self, _):
        return (f'      - {{ name: desk, channel: b2chat, account: acme-main, client_id: "{CLIENT[0]}", client_secret: "{CLIENT[1]}", '
                f'url: "{self.server.url}", backfill_from: "{FIRST_DAY}", calls_per_second: 1000, webhook_tokens: [{KEY}] }}')

    def chats(self):
        return [self.desk.chat(chat, self.now) for chat in self.desk.chats.values()]

    def by_webhook(self, stack):
        for number, chat in enumerate(self.chats()):
            event = {"event": "CHAT_CLOSED", "event_id": f"0a4a0e1e-7e5b-4d7e-9b44-{number:012}",
                     "sent_at": self.desk.local(self.now), "chat": chat}
            post(stack, "desk", event, {"Authorization": f"Bearer {KEY}"})

    def by_poll(self, stack):
        stack.run("pull", "desk", "--once")

    def by_file(self, stack):
        body = {"chats": self.chats(), "exported": len(self.desk.chats), "total": len(self.desk.chats)}
        stack.run("backfill", "desk", history.write(os.path.join(self.folder, "page.json"), json.dumps(body).encode()))

    def count(self):
        return len({key for chat in self.chats() for key in message_keys(chat)})


# ---- a mailbox ----

class Mailbox:
    name = "support"

    def __init__(self, folder, server):
        self.folder, self.server = folder, server
        self.raws = [history.mail(number, MESSAGES // 10) for number in range(MESSAGES)]
        server.drop_mails(mails.ADDRESS, [(f"{number:06}.mail", raw, int(history.at(number).timestamp()))
                                          for number, raw in enumerate(self.raws)])

    def connector(self, _):
        return (f'      - {{ name: support, channel: email, address: {mails.ADDRESS}, mode: imap, '
                f'url: "imaps://localhost:{self.server.imaps}", ca_file: {self.server.ca}, password: "{PASSWORD}", '
                f'own_addresses: ["{history.MAILBOX}"] }}')

    def by_webhook(self, stack):  # nobody posts what lies in a mailbox
        stack.run("backfill", "support", *history.email(self.folder, MESSAGES, MESSAGES // 10, form="maildir").paths)

    def by_poll(self, stack):
        stack.run("pull", "support", "--once")

    def by_file(self, stack):
        stack.run("backfill", "support", *history.email(self.folder, MESSAGES, MESSAGES // 10).paths)

    def count(self):
        return MESSAGES


# ---- canonical records ----

class Canonical:
    name = "own"

    def __init__(self, folder):
        self.folder = folder

    def connector(self, _):
        return f'      - {{ name: own, channel: canonical, account: desk, keys: ["{KEY}"] }}'

    def by_webhook(self, stack):
        for number in range(MESSAGES):
            post(stack, "own", history.canonical_line(number, 20), {"Authorization": f"Bearer {KEY}"})

    def by_poll(self, stack):  # nobody asks for them: another form of file
        stack.run("backfill", "own", *history.canonical(self.folder, MESSAGES, 20, form="gz").paths)

    def by_file(self, stack):
        stack.run("backfill", "own", *history.canonical(self.folder, MESSAGES, 20).paths)

    def count(self):
        return MESSAGES


# ---- all of them, in every order ----

def post(stack, connector, body, headers):
    status, _ = stack.post(json.dumps(body).encode(), path=f"/hooks/acme/{connector}", headers=headers)
    assert status == 200, (connector, status)


def use(stack, sources, is_polled):
    stack.write_pipeline(connectors="\n".join(source.connector(is_polled) for source in sources))


def bring(stack, sources, way):
    use(stack, sources, way == "by_poll")
    if way == "by_webhook":
        stack.start("receive")
        stack.wait_ready()
    for source in sources:
        getattr(source, way)(stack)
    if way == "by_webhook":
        stack.stop("receive")


def tables(arguments, template, order, make_sources):
    with Stack(arguments.sluice, arguments.bus, template=template) as stack:
        sources = make_sources(os.path.join(stack.folder, "files"))
        for way in order:
            bring(stack, sources, way)
            if way != order[-1]:
                stack.run("load", "--until-idle", "--idle", "0")
        stack.run("load", "--until-idle", "--idle", "0")
        stack.run("rollup")
        letters = stack.query("SELECT error_code, error_message FROM dead_letters")
        assert not letters, f"{order}: {letters[:3]}"
        counts = dict(stack.query("SELECT c.name, count(*) FROM messages m JOIN channels c ON c.id = m.channel_id GROUP BY 1"))
        expected = {source.name: str(source.count()) for source in sources}
        assert counts == expected, f"{order}: {counts} messages, expected {expected}"
        return contents(stack, PROVENANCE)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--sluice", required=True)
    parser.add_argument("--bus", choices=["embedded", "kafka"], required=True)
    arguments = parser.parse_args()
    ways = ("by_webhook", "by_poll", "by_file")
    with SERVERS, Dovecot() as dovecot, Stack(arguments.sluice, arguments.bus) as template:
        def make_sources(folder):
            return [Telegram(os.path.join(folder, "tg")), B2Chat(os.path.join(folder, "desk")),
                    Mailbox(os.path.join(folder, "support"), dovecot), Canonical(os.path.join(folder, "own"))]

        first = None
        for order in list(itertools.permutations(ways))[::2] + [ways[::-1]]:
            found = tables(arguments, template, order, make_sources)
            first = first or found
            differing = {name: (first[name], found[name]) for name in first if first[name] != found[name]}
            assert not differing, f"{order} gives other tables than {ways}: {differing}"
            print(" ".join(order), "gives the same", flush=True)


main()
