#!/usr/bin/env python3
"""A server of B2Chat's export API for tests: a made-up desk on a clock that can be set, true to reference/b2chat.md 3 to 5.

    tests/servers/b2chat_server.py --port 8090 --days 7 --chats 40
    curl -u client:secret -d grant_type=client_credentials http://127.0.0.1:8090/oauth/token
    curl -H "Authorization: Bearer $TOKEN" 'http://127.0.0.1:8090/chats/export?date_range_from=2025-03-04&date_range_to=2025-03-05'
    curl -d '{"advance": 3600}' http://127.0.0.1:8090/control/clock

What the desk looks like follows from the clock alone: chats appear, are picked up, answered, closed (some of them days later)
and rated; messages come, contacts change. The Date header is that clock. Beside the faults of scripted_http.py: the kinds
"repeat_page", "empty_page", "wrong_total" ("by"), and the settings --rate, --largest-page (504 above) and --slow-page.
"""

import argparse
import base64
import datetime
import hashlib
import json
import os
import random
import re
import sys
import time
import uuid
import zoneinfo

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from scripted_http import UTC, Answer, Clock, Server, parse_time  # noqa: E402

DAY, HOUR, MINUTE = datetime.timedelta(days=1), datetime.timedelta(hours=1), datetime.timedelta(minutes=1)
SECOND = datetime.timedelta(seconds=1)
BOGOTA = zoneinfo.ZoneInfo("America/Bogota")
CLIENT = ("0d6a1a52-1111-4222-8333-44445555aaaa", "7c9e6679-7425-40de-944b-e07fc1f90ae7")


class Timeline:
    """An object of the desk: members from a time on. "at" None = for ever."""

    def __init__(self, key, created, base):
        self.key, self.created, self.deleted = key, created, None
        self.steps = [(created, base)]

    def set(self, at, **members):
        self.steps.append((at, members))
        self.steps.sort(key=lambda step: step[0])
        return self

    def is_there(self, now):
        return self.created <= now and (self.deleted is None or now < self.deleted)

    def members(self, now):
        found = {}
        for at, members in self.steps:
            if at <= now:
                found.update(members)
        return found

    def changed(self, now):
        return max(at for at, _ in self.steps if at <= now)


class Chat(Timeline):
    def __init__(self, key, created, base):
        super().__init__(key, created, base)
        self.messages = []  # (seen from, message); the reply orders them by created_at
        self.shows_messages_from = created

    def say(self, at, body, incoming, kind="TEXT", sent_at=None, **more):
        self.messages.append((at, {"body": body, "broadcasted": False, "caption": None, "created_at": sent_at or at,
                                   "incoming": incoming, "location": None, "type": kind, **more}))

    def shown(self, now):
        if now < self.shows_messages_from:
            return []
        return sorted((message for at, message in self.messages if at <= now), key=lambda message: message["created_at"])


class Desk:
    """Chats and contacts, and how they look at a moment."""

    def __init__(self, zone=BOGOTA):
        self.zone, self.chats, self.contacts = zone, {}, {}

    def local(self, when):
        return when.astimezone(self.zone).strftime("%Y-%m-%d %H:%M:%S") if when else when

    def day(self, when):
        return when.astimezone(self.zone).date()

    def at(self, day, seconds):
        return (datetime.datetime.combine(day, datetime.time(), self.zone) + seconds * SECOND).astimezone(UTC)

    def texts(self, members):
        return {name: self.local(value) if isinstance(value, datetime.datetime) else value for name, value in members.items()}

    def chat(self, chat, now):
        return {**self.texts(chat.members(now)), "chat_id": chat.key, "created_at": self.local(chat.created),
                "messages": [self.texts(message) for message in chat.shown(now)]}

    def contact(self, contact, now):
        return {**self.texts(contact.members(now)), "contact_id": contact.key, "created": self.local(contact.created),
                "updated": self.local(contact.changed(now))}

    def chats_of(self, first, last, now):
        there = [chat for chat in self.chats.values() if chat.is_there(now) and first <= self.day(chat.created) <= last]
        return sorted(there, key=lambda chat: (chat.created, chat.key))

    def contacts_of(self, key, first, last, now):
        there = [contact for contact in self.contacts.values() if contact.is_there(now)
                 and (first is None or first <= self.day(key(contact, now)) <= last)]
        return sorted(there, key=lambda contact: (key(contact, now), str(contact.key)))


# ---- a made-up desk ----

PROVIDERS = ("WHATSAPPB2CHAT", "whatsapp", "WHATSAPP360", "FACEBOOKB2CHAT", "INSTAGRAM", "TELEGRAM", "LIVECHAT", "B2CBOTAPI",
             "WHATSAPPB2CHAT", "unknown", None)
AGENTS = ({"email": "lrojas@example.com", "name": "Laura Rojas", "username": "lrojas"},
          {"email": "jmora@example.com", "name": "Juan Mora", "username": "jmora"}, None)
DEPARTMENTS = ("Soporte Técnico", "Ventas", {"department_name": "Cobros", "department_code": "COB"}, None)
FILES = (("IMAGE", "jpg"), ("FILE", "pdf"), ("AUDIO", "mp3"), ("VIDEO", "mp4"), ("STICKER", "webp"), ("HOLOGRAM", "bin"))


def duration(span, form):
    seconds = int(span.total_seconds())
    fields = [seconds // 86400, seconds // 3600 % 24, seconds // 60 % 60, seconds % 60]
    if form == 1 and fields[0] == 0:
        return "%02d:%02d:%02d" % tuple(fields[1:])
    if form == 2 and fields[:2] == [0, 0]:
        return "%02d:%02d" % tuple(fields[2:])
    return "%02d:%02d:%02d:%02d" % tuple(fields)


class Maker:
    """Chats of whole days, the same for the same seed."""

    def __init__(self, desk, seed=20250304, people=60):
        self.desk, self.dice, self.people = desk, random.Random(seed), people
        self.made = 0

    def person(self, number):
        """An embedded contact: its id is a number here and a text there."""
        key = 48_210_000 + number
        return {"custom_attributes": None, "email": f"persona{number}@example.com" if number % 3 == 0 else "",
                "id": str(key) if number % 7 == 0 else key, "identification": "", "name": f"Persona {number}",
                "mobile_number": ("" if number % 4 == 0 else "+") + f"5730055{number:05d}", "phone_number": "", "tags": None}

    def add_contacts(self, start):
        for number in range(self.people):
            created = start + number * HOUR
            contact = Timeline(48_210_000 + number, created, {
                "fullname": f"Persona {number}", "identification": str(10_000_000 + number) if number % 2 else None,
                "email": f"persona{number}@example.com" if number % 3 == 0 else "", "landline": "" if number % 2 else None,
                "mobile": ("" if number % 4 == 0 else "+") + f"5730055{number:05d}", "address": None, "country": "CO",
                "city": "Medellín", "company": None, "merchant_id": 4321 if number % 2 else None,
                "custom_attributes": [{"name": "Segmento", "value": "Oro"}], "tags": None, "row_index": number})
            if number % 5 == 0:
                contact.set(created + 3 * DAY, company="ACME", tags=[{"name": "VIP", "assigned_at": int(created.timestamp())}])
            self.desk.contacts[contact.key] = contact

    def add_day(self, day, count, close_days=(0, 0, 0, 0, 1, 2, 3, 5)):
        """Chats created on that local day; each closes so many days later as close_days says in turn, None = never."""
        return [self.add_chat(day, close_days[number % len(close_days)]) for number in range(count)]

    def add_chat(self, day, close_after):
        dice, number = self.dice, self.made
        self.made += 1
        created = self.desk.at(day, dice.randrange(7 * 3600, 20 * 3600))
        key = str(uuid.UUID(int=dice.getrandbits(128), version=4))
        agent = AGENTS[number % 5 % 3]
        chat = Chat(key, created, {
            "agent": None, "alias": "573005550100-Acme", "closed_at": None, "department": DEPARTMENTS[number % 4],
            "contact": None if number % 29 == 28 else self.person(dice.randrange(self.people)), "duration": None,
            "is_agent_available": number % 2 == 0, "opened_at": created, "picked_up_at": None, "provider": PROVIDERS[number % 11],
            "responded_at": None, "status": "BOT_CHATTING" if number % 6 == 5 else "OPENED", "tags": None,
            "viewer_url": f"https://app.b2chat.io/viewer/{key}/5e0f3c1e", "nobody_knows": {"what": ["this", "is"]}})
        picked, answered = created + dice.randrange(60, 600) * SECOND, created + dice.randrange(700, 3000) * SECOND
        chat.say(created - 20 * SECOND, f"Hola, mi pedido {number} \U0001f4e6", True)
        chat.say(created - 17 * SECOND, "Un asesor le atenderá", False)
        if number % 13 == 12:
            chat.say(created, "Promoción \u0000 de enero", False, sent_at=created - 48 * DAY, broadcasted=True)
        if agent is not None:
            chat.set(picked, status="PICKED_UP", agent=agent, picked_up_at=picked)
            chat.set(answered, status="RESPONDED_BY_AGENT", **{"response_at" if number % 9 == 8 else "responded_at": answered})
            chat.say(answered, "Buenos días ", False)
            for twin in range(1 + number % 2):
                chat.say(answered + 30 * SECOND, "gracias", True)
        kind, ending = FILES[number % 6]
        chat.say(created + 40 * SECOND, f"https://b2chat-filesrepo.s3.amazonaws.com/4321/{key[:8]}.{ending}", True, kind,
                 caption="la caja" if kind == "IMAGE" else None)
        if number % 4 == 3:
            chat.shows_messages_from = created + 5 * HOUR
        if close_after is not None:
            self.close(chat, number, answered + MINUTE + close_after * DAY + dice.randrange(3600) * SECOND)
        self.desk.chats[key] = chat
        return chat

    def close(self, chat, number, at):
        form = number % 5
        chat.set(at, status=("CLOSED", "COMPLETING_POLL", "closed", "FINISHED", "ARCHIVED")[form], closed_at=at,
                 duration=duration(at - chat.created, number % 3), tags=["pedido", f"t{number % 3}"])
        chat.say(at + 5 * SECOND, "Hasta luego", False)
        if form == 1:
            rated = at + 20 * MINUTE
            if number % 2:
                chat.set(rated, status="COMPLETED_POLL", poll_started_at=at, poll_completed_at=rated,
                         poll_response={"rating": 1 + number % 5, "comment": "Bien"})
            else:
                chat.set(rated, status="ABANDONED_POLL", poll_started_at=at, poll_abandoned_at=rated)


# ---- what the tables must hold, by the reference and not by the program ----

STATUS = {"BOT_CHATTING": "bot_active", "OPENED": "queued", "PENDING": "queued", "PICKED_UP": "open", "OPEN": "open",
          "RESPONDED_BY_AGENT": "open", "CLOSED": "resolved", "FINISHED": "resolved", "COMPLETING_POLL": "resolved",
          "COMPLETED_POLL": "resolved", "ABANDONED_POLL": "resolved"}


def canonical_status(chat):
    known = STATUS.get((chat["status"] or "").upper().replace(" ", "_"))
    return known or ("resolved" if chat["closed_at"] else "open" if chat["picked_up_at"] else "queued")


def message_keys(chat):
    """reference/b2chat.md 7."""
    seen, keys = {}, []
    for message in chat["messages"]:
        body = message["body"] or ""
        if message["type"] != "TEXT":
            body = re.split("[?#]", body)[0]
        parts = (message["created_at"], "1" if message["incoming"] else "0", message["type"], tidy(body), tidy(message["caption"] or ""), "")
        found = hashlib.sha256("\x1f".join(parts).encode()).hexdigest()[:16]
        seen[found] = seen.get(found, -1) + 1
        keys.append(f"{chat['chat_id']}:{found}:{seen[found]}")
    return keys


def tidy(text):
    return text.replace("\r\n", "\n").replace("\r", "\n").rstrip(" \t\n").replace("\x00", "\ufffd")


# ---- the server ----

def refuse(message, status=400):
    return Answer.json(status, {"message": message, "trace_id": str(uuid.uuid4())})


class Bad(Exception):
    pass


class B2ChatServer(Server):
    def __init__(self, desk, port=0, clock=None, certificate=None, client=CLIENT, token_seconds=86400, rate=None, largest_page=None,
                 slow_page=None):
        super().__init__(self.handle, port, clock, certificate, self.by_hand)
        self.desk, self.client, self.token_seconds = desk, client, token_seconds
        self.rate, self.largest_page, self.slow_page = rate, largest_page, slow_page  # (calls, seconds); rows; (rows, seconds)
        self.token, self.token_until, self.recent, self.last_page = None, None, [], None
        self.before_page = None  # called with path and query, for changes between pages

    # ---- tokens ----

    def new_token(self):
        self.token, self.token_until = str(uuid.uuid4()), self.clock.now() + self.token_seconds * SECOND

    def give_token(self, request):
        expected = "Basic " + base64.b64encode(":".join(self.client).encode()).decode()
        if request.headers.get("Authorization") != expected:
            return Answer.json(401, {"error": "unauthorized", "error_description": "Bad credentials"})
        if request.parameters().get("grant_type") != "client_credentials":
            return Answer.json(400, {"error": "unsupported_grant_type", "error_description": "client_credentials only"})
        with self.lock:
            if self.token is None or self.clock.now() >= self.token_until:
                self.new_token()
            left = int((self.token_until - self.clock.now()).total_seconds())
            return Answer.json(200, {"access_token": self.token, "token_type": "bearer", "expires_in": left, "scope": "all"})

    def is_known(self, request):
        with self.lock:
            return (self.token is not None and self.clock.now() < self.token_until
                    and request.headers.get("Authorization") == f"Bearer {self.token}")

    # ---- pages ----

    def handle(self, request):
        if request.path == "/health":
            return Answer.json(200, {"status": "UP"})
        if request.path == "/oauth/token" and request.method == "POST":
            return self.give_token(request)
        if request.path not in ("/chats/export", "/contacts/export"):
            return refuse("no such resource", 404)
        if not self.is_known(request):
            return Answer.json(401, {"error": "invalid_token", "error_description": "Invalid access token"},
                               {"WWW-Authenticate": 'Bearer error="invalid_token"'})
        return self.too_often(request) or self.page(request)

    def too_often(self, request):
        if self.rate is None:
            return None
        calls, seconds = self.rate
        with self.lock:
            self.recent = [at for at in self.recent if at > request.at - seconds] + [request.at]
            if len(self.recent) <= calls:
                return None
        answer = refuse("rate limit", 429)
        answer.headers["Retry-After"] = "1"
        return answer

    def page(self, request):
        if self.before_page:
            self.before_page(request.path, request.query)
        now, kind = self.clock.now(), (request.fault or {}).get("kind")
        try:
            limit, offset = number(request.query, "limit", 1000), number(request.query, "offset", 0)
            if not 0 < limit <= 1000 or offset < 0:
                raise Bad("limit is 1 to 1000, offset at least 0")
            name, rows = ("chats", self.chats(request.query, now)) if "chats" in request.path else ("contacts", self.contacts(request.query, now))
        except Bad as fault:
            return refuse(str(fault))
        if self.largest_page and name == "chats" and limit > self.largest_page:
            return Answer(504, b"<html>Gateway Timeout</html>", {"Content-Type": "text/html"})
        if self.slow_page and limit > self.slow_page[0]:
            time.sleep(self.slow_page[1])
        shown = [] if kind == "empty_page" else rows[offset:offset + limit]
        total = len(rows) + (request.fault["by"] if kind == "wrong_total" else 0)
        shown = [row(now) for row in shown]
        body = json.dumps({name: shown, "exported": len(shown), "message": f"{len(shown)} {name} were exported", "total": total},
                          sort_keys=True).encode()
        if kind == "repeat_page" and self.last_page is not None:
            body = self.last_page
        self.last_page = body
        return Answer(200, body, {"Content-Type": "application/json;charset=UTF-8"})

    def chats(self, query, now):
        first, last = window(query, "date_range_from", "date_range_to")
        if first is None:
            first, last = datetime.date(2000, 1, 1), datetime.date(2100, 1, 1)
        chats = self.desk.chats_of(first, last, now)
        if query.get("messaging_provider"):
            chats = [chat for chat in chats if str(chat.members(now)["provider"]).lower().startswith(query["messaging_provider"])]
        return turned(chats, query, self.desk.chat)

    def contacts(self, query, now):
        created, updated = window(query, "created_from", "created_to"), window(query, "updated_from", "updated_to")
        if updated[0] is not None:
            contacts = self.desk.contacts_of(lambda contact, at: contact.changed(at), *updated, now)
        else:
            contacts = self.desk.contacts_of(lambda contact, at: contact.created, *created, now)
        return turned(contacts, query, lambda contact, at: without(self.desk.contact(contact, at), query), "ASC")

    def by_hand(self, request, body):
        if request.path == "/control/chats":
            return Answer.json(200, [self.desk.chat(chat, self.clock.now()) for chat in self.desk.chats.values()
                                     if chat.is_there(self.clock.now())])
        if request.path == "/control/delete":
            self.desk.chats[body["chat_id"]].deleted = self.clock.now()
            return Answer.json(200, {})
        if request.path == "/control/close":
            now = self.clock.now()
            self.desk.chats[body["chat_id"]].set(now, status="CLOSED", closed_at=now)
            return Answer.json(200, {})
        if request.path == "/control/expire":
            self.new_token()
            return Answer.json(200, {})
        return None


def number(query, name, otherwise):
    try:
        return int(query.get(name, otherwise))
    except ValueError as error:
        raise Bad(f"{name} is no number") from error


def window(query, first, last):
    if first not in query and last not in query:
        return None, None
    try:
        days = [datetime.datetime.strptime(query.get(name, ""), "%Y-%m-%d").date() for name in (first, last)]
    except ValueError as error:
        raise Bad(f"{first} and {last} are days, YYYY-MM-DD") from error
    if days[0] >= days[1]:
        raise Bad(f"{first} must be before {last}")
    return days


def turned(things, query, show, otherwise="desc"):
    if query.get("order_dir", otherwise).lower() == "desc":
        things.reverse()
    return [lambda now, thing=thing: show(thing, now) for thing in things]


def without(contact, query):
    for name in ("custom_attributes", "tags"):
        if query.get(f"skip_{name}", "true") != "false":
            contact.pop(name)
    return contact


def main():
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--port", type=int, default=8090, help="0 = any free one")
    options.add_argument("--client", default=":".join(CLIENT), metavar="ID:SECRET")
    options.add_argument("--first-day", default="2025-03-03", help="of the chats")
    options.add_argument("--days", type=int, default=7)
    options.add_argument("--chats", type=int, default=40, help="a day")
    options.add_argument("--now", help="where the clock stands, such as 2025-03-05T15:00:00Z; default: after all days")
    options.add_argument("--timezone", default="America/Bogota", help="of the account")
    options.add_argument("--token-seconds", type=int, default=86400)
    options.add_argument("--rate", nargs=2, type=float, metavar=("CALLS", "SECONDS"), help="more are answered 429")
    options.add_argument("--largest-page", type=int, metavar="ROWS", help="of chats; a larger limit is answered 504")
    options.add_argument("--slow-page", nargs=2, type=float, metavar=("ROWS", "SECONDS"), help="a larger limit takes so long")
    options.add_argument("--certificate", nargs=2, metavar=("PEM", "KEY"), help="speak TLS")
    options = options.parse_args()
    desk = Desk(zoneinfo.ZoneInfo(options.timezone))
    first = datetime.date.fromisoformat(options.first_day)
    maker = Maker(desk)
    maker.add_contacts(desk.at(first, 0))
    for day in range(options.days):
        maker.add_day(first + day * DAY, options.chats)
    now = parse_time(options.now) if options.now else desk.at(first + (options.days + 7) * DAY, 0)
    server = B2ChatServer(desk, options.port, Clock(now), options.certificate, tuple(options.client.split(":", 1)), options.token_seconds,
                          options.rate, options.largest_page, options.slow_page)
    with server:
        print(f"{server.url}, client {options.client}, {len(desk.chats)} chats, the clock stands at {now.isoformat()}; ends with Ctrl-C",
              flush=True)
        try:
            while True:
                time.sleep(3600)
        except KeyboardInterrupt:
            pass


if __name__ == "__main__":
    main()
