#!/usr/bin/env python3
"""A Bot API server for tests of pollers, true to reference and server source: queue, offsets, conflicts, limits.

    tests/servers/telegram_server.py --port 8081 --bot 7100200300:secret --messages 500
    curl 'http://127.0.0.1:8081/bot7100200300:secret/getUpdates?offset=0&timeout=5'
    curl -d '{"token": "7100200300:secret", "text": "Hola"}' http://127.0.0.1:8081/control/say
    curl -d '{"path": "getUpdates", "kind": "status", "status": 502}' http://127.0.0.1:8081/control/faults

Queue: one per bot; "offset" confirms everything below it, also everything lost to a client that had not stored it. An offset
more than 10 above the tail or more than 100,000 below the head counts as none; a negative one forgets all but the last.
allowed_updates is applied when a thing happens. Of two pollers the one that waits gets 409, as does every poller while a
webhook is set. An unchanged offset asked for again in a hurry waits. One answer has at most 4 MiB. Faults and the log of
requests: scripted_http.py.
"""

import argparse
import collections
import json
import os
import re
import sys
import threading
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from scripted_http import Answer, Server  # noqa: E402

DEFAULT_TYPES_WITHOUT = {"chat_member", "message_reaction", "message_reaction_count"}
TYPES = {"message", "edited_message", "channel_post", "edited_channel_post", "business_connection", "business_message",
         "edited_business_message", "deleted_business_messages", "guest_message", "message_reaction", "message_reaction_count",
         "inline_query", "chosen_inline_result", "callback_query", "shipping_query", "pre_checkout_query", "purchased_paid_media",
         "poll", "poll_answer", "my_chat_member", "chat_member", "chat_join_request", "chat_boost", "removed_chat_boost"}
MOST_QUEUED = 100_000
MOST_ANSWER_BYTES = 4 << 20
KEPT_SECONDS = 24 * 3600


def ok(result, **more):
    return Answer.json(200, {"ok": True, "result": result, **more}, separators=(",", ":"))


def error(code, description, **parameters):
    body = {"ok": False, "error_code": code, "description": description, **({"parameters": parameters} if parameters else {})}
    headers = {"Retry-After": str(parameters["retry_after"])} if "retry_after" in parameters else {}
    return Answer.json(code, body, headers, separators=(",", ":"))


class Bot:
    """One token's queue. Its lock is the condition on which pollers wait."""

    def __init__(self, token, clock, first_update_id=820_100_000, patience=3.0):
        self.token, self.clock, self.patience = token, clock, patience
        self.id = int(token.split(":")[0])
        self.queue = collections.deque()  # (update_id, time of expiry, JSON text)
        self.next_id = first_update_id
        self.allowed = None
        self.webhook = ""
        self.changed = threading.Condition()
        self.poll = 0  # number of the poll that may wait; a later one takes its place
        self.killer = ""
        self.last_ask = (None, -1e9)  # offset and when
        self.last_conflict = -1e9
        self.confirmed = self.dropped = 0

    def add(self, kind, payload, lives=KEPT_SECONDS):
        """Something happens. Returns its update_id; None: nobody asked for such updates, or the queue is full."""
        with self.changed:
            wanted = kind not in DEFAULT_TYPES_WITHOUT if self.allowed is None else kind in self.allowed
            if not wanted or len(self.queue) >= MOST_QUEUED:
                self.dropped += 1
                return None
            update_id = self.next_id
            self.next_id += 1
            text = json.dumps({"update_id": update_id, kind: payload}, separators=(",", ":"))
            self.queue.append((update_id, self.clock.now().timestamp() + lives, text))
            self.changed.notify_all()
            return update_id

    def restart_ids(self, next_id):
        with self.changed:
            self.next_id = next_id

    def pending(self):
        with self.changed:
            return [update_id for update_id, _, _ in self.queue]

    def set_allowed(self, text):
        if text is None:
            return
        names = {name for name in (json.loads(text) if isinstance(text, str) else text) if name in TYPES}
        self.allowed = names or None

    def set_webhook(self, url, allowed):
        with self.changed:
            self.webhook = url
            self.set_allowed(allowed)
            self.poll += 1
            self.killer = "terminated by setWebhook request"
            self.changed.notify_all()

    def expire(self):
        now = self.clock.now().timestamp()
        while self.queue and self.queue[0][1] <= now:
            self.queue.popleft()
            self.dropped += 1

    def confirm_below(self, offset):
        while self.queue and self.queue[0][0] < offset:
            self.queue.popleft()
            self.confirmed += 1

    def take_offset(self, offset):
        if offset < 0:
            while len(self.queue) > -offset:
                self.queue.popleft()
            return
        head, tail = (self.queue[0][0] if self.queue else self.next_id), self.next_id
        if offset != 0 and not (offset > tail + 10 or offset < head - 100_000):
            self.confirm_below(offset)

    def first(self, limit):
        texts, size = [], 0
        for _, _, text in self.queue:
            size += len(text)
            if len(texts) == limit or (texts and size > MOST_ANSWER_BYTES):
                break
            texts.append(text)
        return texts

    def conflict(self, reason):
        """The second within the patience is answered late, so that two pollers do not spin."""
        late = time.monotonic() - self.last_conflict < self.patience
        self.last_conflict = time.monotonic()
        if late:
            self.changed.wait(self.patience)
        return error(409, f"Conflict: {reason}")

    def get_updates(self, parameters):
        offset, timeout = int(parameters.get("offset", 0)), min(50, max(0, int(parameters.get("timeout", 0))))
        limit = min(100, max(1, int(parameters.get("limit", 100))))
        with self.changed:
            if self.webhook:
                return self.conflict("can't use getUpdates method while webhook is active; use deleteWebhook to delete the webhook first")
            self.set_allowed(parameters.get("allowed_updates"))
            self.poll += 1
            self.killer = "terminated by other getUpdates request; make sure that only one bot instance is running"
            mine = self.poll
            self.changed.notify_all()
            since = time.monotonic() - self.last_ask[1]
            if self.last_ask[0] == offset and timeout < 3 and since < self.patience:
                limit = 1 if since < 0.5 else limit
                timeout = self.patience
            self.last_ask = (offset, time.monotonic())
            self.expire()
            self.take_offset(offset)
            until = time.monotonic() + timeout
            while not self.queue and self.poll == mine and time.monotonic() < until:
                self.changed.wait(until - time.monotonic())
            if self.poll != mine:
                return self.conflict(self.killer)
            return Answer(200, b'{"ok":true,"result":[%s]}' % ",".join(self.first(limit)).encode(),
                          {"Content-Type": "application/json"})


class TelegramServer(Server):
    def __init__(self, tokens=(), port=0, clock=None, certificate=None, patience=3.0):
        super().__init__(self.handle, port, clock, certificate, self.by_hand)
        self.patience, self.bots = patience, {}
        for token in tokens:
            self.add_bot(token)

    def add_bot(self, token, **options):
        self.bots[token] = Bot(token, self.clock, patience=self.patience, **options)
        return self.bots[token]

    def handle(self, request):
        match = re.fullmatch(r"/bot(\d+:[^/]+)/(?:test/)?(\w+)", request.path)
        if not match:
            return error(404, "Not Found")
        bot = self.bots.get(match[1])
        if bot is None:
            return error(401, "Unauthorized")
        method, parameters = match[2].lower(), request.parameters()
        if method == "getupdates":
            return bot.get_updates(parameters)
        if method == "getme":
            return ok({"id": bot.id, "is_bot": True, "first_name": "Test bot", "username": f"test_{bot.id}_bot",
                       "can_join_groups": True, "can_read_all_group_messages": True, "supports_inline_queries": False})
        if method == "setwebhook":
            bot.set_webhook(parameters.get("url", ""), parameters.get("allowed_updates"))
            return ok(True, description="Webhook was set" if bot.webhook else "Webhook is already deleted")
        if method == "deletewebhook":
            bot.set_webhook("", None)
            return ok(True, description="Webhook was deleted")
        if method == "getwebhookinfo":
            info = {"url": bot.webhook, "has_custom_certificate": False, "pending_update_count": len(bot.queue)}
            return ok(info if bot.allowed is None else {**info, "allowed_updates": sorted(bot.allowed)})
        return error(404, "Not Found: method not found")

    def by_hand(self, request, body):
        bot = self.bots.get(body.get("token"), next(iter(self.bots.values()), None))
        if bot is None:
            return None
        if request.path == "/control/say":
            kind, message = said(int(body.get("from", 6011223344)), int(body.get("message_id", bot.next_id)),
                                 int(self.clock.now().timestamp()), body.get("text", "Hola"))
            return Answer.json(200, {"update_id": bot.add(kind, message)})
        if request.path == "/control/update":
            return Answer.json(200, {"update_id": bot.add(body["type"], body["payload"])})
        if request.path == "/control/state":
            return Answer.json(200, {bot.token: {"pending": len(bot.queue), "next_id": bot.next_id, "confirmed": bot.confirmed,
                                                 "dropped": bot.dropped, "webhook": bot.webhook} for bot in self.bots.values()})
        return None


# ---- made-up traffic ----

NAMES = ("Marta", "Luis", "Ana", "Tomás", "Inés", "Raúl", "Noa", "Iván")


def person(user_id):
    return {"id": user_id, "is_bot": False, "first_name": NAMES[user_id % len(NAMES)], "last_name": f"N{user_id % 1000}",
            "username": f"user_{user_id}", "language_code": "es"}


def said(user_id, message_id, date, text, group=None):
    sender = person(user_id)
    chat = ({"id": group, "title": "Clientes", "type": "supergroup"} if group
            else {**{key: sender[key] for key in ("id", "first_name", "last_name", "username")}, "type": "private"})
    return "message", {"message_id": message_id, "from": sender, "chat": chat, "date": date, "text": text}


class Traffic:
    """Messages, edits and button presses of a bot, one after another; what is true at the end is kept for counting."""

    def __init__(self, bot, people=20, start=1_772_460_000):
        self.bot, self.people, self.second, self.count = bot, people, start, 0
        self.group = -1_001_000_000_000 - bot.id % 900_000_000
        self.texts = {}  # external id of the message -> its last text

    def external_id(self, message):
        chat = message["chat"]["id"]
        return f"tg:{chat}:{message['message_id']}" if chat < 0 else f"tg:bot:{self.bot.id}:{chat}:{message['message_id']}"

    def next(self):
        """One more thing happens; returns its update_id."""
        self.count += 1
        self.second += 7
        number = self.count
        user = 6_000_000_000 + number % self.people
        kind, message = said(user, number, self.second, f"mensaje {number} \U0001f6e0 áé", self.group if number % 5 == 0 else None)
        if number % 11 == 0:
            kind, message = "callback_query", {"id": str(9_000_000_000 + number), "from": person(user), "message": message,
                                               "chat_instance": str(number), "data": "YES"}
        elif number % 7 == 0 and self.texts:
            kind, message = "edited_message", self.edit(number)
        update_id = self.bot.add(kind, message)
        if kind == "callback_query":
            self.texts[f"tg:bot:{self.bot.id}:q{message['id']}"] = message["data"]
        elif update_id is not None:
            self.texts[self.external_id(message)] = message["text"]
        return update_id

    def edit(self, number):
        """Of the message before, if that was one."""
        before = number - 1
        _, message = said(6_000_000_000 + before % self.people, before, self.second - 7, f"corregido {number}",
                          self.group if before % 5 == 0 else None)
        return {**message, "edit_date": self.second}

    def run(self, count):
        return [self.next() for _ in range(count)]


def main():
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--port", type=int, default=8081, help="0 = any free one")
    options.add_argument("--bot", action="append", default=[], metavar="TOKEN", help="123456:secret; several times for several bots")
    options.add_argument("--messages", type=int, default=0, help="updates waiting for each bot at the start")
    options.add_argument("--every", type=float, default=0, metavar="SECONDS", help="one more update for each bot now and then")
    options.add_argument("--certificate", nargs=2, metavar=("PEM", "KEY"), help="speak TLS")
    options = options.parse_args()
    server = TelegramServer(options.bot or ["7100200300:secret"], options.port, certificate=options.certificate)
    traffic = [Traffic(bot) for bot in server.bots.values()]
    with server:
        for one in traffic:
            one.run(options.messages)
        print(f"{server.url}, bots {', '.join(server.bots)}; ends with Ctrl-C", flush=True)
        try:
            while True:
                time.sleep(options.every or 3600)
                for one in traffic if options.every else ():
                    one.next()
        except KeyboardInterrupt:
            pass


if __name__ == "__main__":
    main()
