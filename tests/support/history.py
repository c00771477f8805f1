"""Invented histories in every form that a backfill reads, the same every time, and what of them must be in the tables.

Each maker writes files below a folder and returns a History: the connector, the paths to name, and how many messages,
and from when to when, the tables must hold afterwards, counted while writing and by nothing of the program.
"""

import csv
import dataclasses
import datetime
import gzip
import io
import json
import os
import tarfile
import zipfile

BOT = "7000000001"
OWNER = 5998800001
MAILBOX = "help@acme.example"
BEGIN = datetime.datetime(2025, 3, 3, 12, 0, 0, tzinfo=datetime.timezone.utc)
CHANGED = 1772460000  # every file's time of change, so that two makings are the same file
BOGOTA = datetime.timezone(datetime.timedelta(hours=-5))
WORDS = "pedido entrega gracias factura mañana dirección número tarde precio talla envío cambio garantía 👍 ok listo".split()

CONNECTORS = f"""      - {{ name: tg, channel: telegram, token: "{BOT}:flow-test", mode: poll, agent_ids: ["{OWNER}"] }}
      - {{ name: wa, channel: whatsapp, account: "106540352242922", app_secrets: [x], own_names: ["Tienda Sol"], timezone: America/Bogota }}
      - {{ name: wa-no-zone, channel: whatsapp, account: "106540352242923", app_secrets: [x], own_names: ["Tienda Sol"] }}
      - {{ name: support, channel: email, address: {MAILBOX}, mode: webhook, provider: postmark, basic_auth: ["flow:test"] }}
      - {{ name: desk, channel: b2chat, account: acme-main, client_id: x, client_secret: x }}
      - {{ name: own, channel: canonical, account: desk, keys: ["flow-test-key"] }}"""


@dataclasses.dataclass
class History:
    connector: str
    paths: list
    messages: int
    conversations: int
    first: datetime.datetime
    last: datetime.datetime


def text_of(number):
    return " ".join(WORDS[(number * 7 + i * i) % len(WORDS)] for i in range(1 + number % 9)) + f" {number}"


def at(number):
    """Conversations go on for days, messages come every few minutes."""
    return BEGIN + datetime.timedelta(seconds=number * 97)


def write(path, data):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "wb") as f:
        f.write(data)
    os.utime(path, (CHANGED, CHANGED))
    return path


def history(connector, paths, messages, conversations):
    return History(connector, paths, messages, conversations, at(0), at(messages - 1))


# ---- Telegram ----

def telegram_json(messages, chats):
    listed = []
    for chat in range(chats):
        person = 6100000000 + chat
        of_chat = []
        for number in range(chat, messages, chats):
            outbound = (number // chats) % 3 == 1
            of_chat.append({
                "id": number // chats + 1, "type": "message", "date": at(number).strftime("%Y-%m-%dT%H:%M:%S"),
                "date_unixtime": str(int(at(number).timestamp())), "from": "Ventas" if outbound else f"Persona {chat}",
                "from_id": f"user{OWNER if outbound else person}", "text": text_of(number),
                "text_entities": [{"type": "plain", "text": text_of(number)}]})
        listed.append({"name": f"Persona {chat}", "type": "personal_chat", "id": person, "messages": of_chat})
    whole = {"about": "Here is the data you requested.", "personal_information": {"user_id": OWNER, "first_name": "Ventas"},
             "contacts": {"about": "c", "list": []}, "chats": {"about": "chats", "list": listed}}
    return json.dumps(whole, ensure_ascii=False, indent=1).encode()


def telegram(folder, messages=1200, chats=12, form="json"):
    body = telegram_json(messages, chats)
    base = os.path.join(folder, "ChatExport_2026-03-02")
    if form == "json":
        path = write(os.path.join(base, "result.json"), body)
    elif form == "gz":
        path = write(os.path.join(base, "result.json.gz"), gzip.compress(body, mtime=0))
    elif form == "folder":
        write(os.path.join(base, "result.json"), body)
        write(os.path.join(base, "photos", "photo_1.jpg"), b"\xff\xd8\xff")
        path = base
    else:
        path = archive(os.path.join(folder, "export." + form), {"ChatExport/result.json": body, "ChatExport/a.jpg": b"\xff\xd8"})
    return history("tg", [path], messages, chats)


def archive(path, entries):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    if path.endswith(".zip"):
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as z:
            for name, body in entries.items():
                z.writestr(zipfile.ZipInfo(name, (2026, 3, 2, 14, 0, 0)), body, zipfile.ZIP_DEFLATED)
    else:
        packed = io.BytesIO()
        with tarfile.open(fileobj=packed, mode="w") as t:
            for name, body in entries.items():
                info = tarfile.TarInfo(name)
                info.size, info.mtime = len(body), CHANGED
                t.addfile(info, io.BytesIO(body))
        with open(path, "wb") as f:
            f.write(gzip.compress(packed.getvalue(), mtime=0))
    os.utime(path, (CHANGED, CHANGED))
    return path


# ---- mail ----

def mail(number, threads):
    """Every thread is a question of a customer, and answers to and fro."""
    thread, step = number % threads, number // threads
    customer = f"cliente{thread}@example.net"
    sender, to = (MAILBOX, customer) if step % 2 else (customer, MAILBOX)
    lines = [f"From: <{sender}>", f"To: <{to}>", f"Subject: {'Re: ' if step else ''}Consulta {thread}",
             f"Date: {at(number).strftime('%a, %d %b %Y %H:%M:%S +0000')}", f"Message-ID: <{step}.{thread}@mail.example>"]
    if step:
        lines.append(f"In-Reply-To: <{step - 1}.{thread}@mail.example>")
        lines.append(f"References: <0.{thread}@mail.example>")
    lines += ["MIME-Version: 1.0", "Content-Type: text/plain; charset=utf-8", "Content-Transfer-Encoding: 8bit", "",
              text_of(number), "From aquí sale mañana.", ""]
    return "\n".join(lines).encode()


def mbox(messages, threads, kind="mboxrd"):
    out = []
    for number in range(messages):
        raw = mail(number, threads)
        if kind == "mboxcl2":
            head, _, body = raw.partition(b"\n\n")
            raw = head + f"\nContent-Length: {len(body)}".encode() + b"\n\n" + body
        else:
            raw = raw.replace(b"\nFrom ", b"\n>From ")
        stamp = at(number).strftime("%a %b %d %H:%M:%S %Y" if kind != "takeout" else "%a %b %d %H:%M:%S +0000 %Y")
        sender = "cliente@example.net" if kind != "takeout" else f"{1790000000000000000 + number}@xxx"
        out.append(f"From {sender} {stamp}\n".encode() + raw + b"\n")
    return b"".join(out)


def email(folder, messages=300, threads=30, form="mboxrd"):
    if form in ("mboxo", "mboxrd", "mboxcl2"):
        paths = [write(os.path.join(folder, "INBOX.mbox"), mbox(messages, threads, form))]
    elif form == "mbox.gz":
        paths = [write(os.path.join(folder, "INBOX.mbox.gz"), gzip.compress(mbox(messages, threads), mtime=0))]
    elif form in ("takeout.zip", "takeout.tgz"):
        body = mbox(messages, threads, "takeout")
        paths = [archive(os.path.join(folder, form), {"Takeout/Mail/All mail Including Spam and Trash.mbox": body,
                                                      "Takeout/archive_browser.html": b"<html></html>"})]
    elif form == "maildir":
        base = os.path.join(folder, "Maildir")
        os.makedirs(os.path.join(base, "tmp"), exist_ok=True)
        for number in range(messages):
            place = "new" if number % 7 == 0 else "cur"
            flags = "" if place == "new" else ":2,S"
            write(os.path.join(base, place, f"{int(at(number).timestamp())}.M{number}.host{flags}"), mail(number, threads))
        write(os.path.join(base, "tmp", "1.M1.host"), b"unfinished")
        write(os.path.join(base, "cur", "1.M0.host:2,D"), mail(messages + 1, threads))
        paths = [base]
    else:
        assert form == "eml"
        for number in range(messages):
            body = mail(number, threads)
            if number % 5 == 0:
                write(os.path.join(folder, "mails", f"{number:06}.eml.gz"), gzip.compress(body, mtime=0))
            else:
                write(os.path.join(folder, "mails", f"{number:06}.eml"), body)
        paths = [os.path.join(folder, "mails")]
    return history("support", paths, messages, threads)


# ---- WhatsApp ----

def whatsapp(folder, messages=480, chats=6, form="zip"):
    """A minute is what the phone writes, so that two messages of a chat never share one and their ids are certain."""
    paths = []
    for chat in range(chats):
        lines = []
        for number in range(chat, messages, chats):
            who = "Tienda Sol" if (number // chats) % 3 == 1 else f"Cliente {chat}"
            lines.append(f"{at(number).astimezone(BOGOTA).strftime('%d/%m/%y, %H:%M')} - {who}: {text_of(number)}\n")
        body, name = "".join(lines).encode(), f"WhatsApp Chat with Cliente {chat}"
        if form == "txt":
            paths.append(write(os.path.join(folder, name + ".txt"), body))
        elif form == "zip":
            paths.append(archive(os.path.join(folder, f"WhatsApp Chat - Cliente {chat}.zip"),
                                 {"_chat.txt": body, "00000001-PHOTO-2025-03-03-12-00-00.jpg": b"\xff\xd8"}))
        else:
            write(os.path.join(folder, "chats", f"c{chat}", name + ".txt"), body)
            write(os.path.join(folder, "chats", f"c{chat}", "IMG-20250303-WA0001.jpg"), b"\xff\xd8")
            write(os.path.join(folder, "chats", f"c{chat}", "nota.txt"), b"una nota sin fecha\n")
    if form == "folder":
        paths = [os.path.join(folder, "chats")]
    return history("wa", paths, messages, chats)


# ---- B2Chat ----

def b2chat_chat(chat, messages, chats):
    local = lambda moment: moment.astimezone(BOGOTA).strftime("%Y-%m-%d %H:%M:%S")
    numbers = list(range(chat, messages, chats))
    return {
        "agent": {"email": "lrojas@example.com", "name": "Laura Rojas", "username": "lrojas"}, "alias": "573005550100-Acme",
        "chat_id": f"7b1f6a52-0c7d-4a5e-9a63-{chat:012}", "closed_at": local(at(numbers[-1])),
        "contact": {"custom_attributes": None, "email": "", "id": 48210000 + chat, "identification": "",
                    "mobile_number": f"+57300555{chat:04}", "name": f"Persona {chat}", "phone_number": "", "tags": None},
        "created_at": local(at(numbers[0])), "department": "Soporte", "duration": None, "is_agent_available": True,
        "messages": [{"body": text_of(number), "broadcasted": False, "caption": None, "created_at": local(at(number)),
                      "incoming": (number // chats) % 3 != 1, "location": None, "type": "TEXT"} for number in numbers],
        "opened_at": local(at(numbers[0])), "picked_up_at": local(at(numbers[0])), "provider": "WHATSAPPB2CHAT",
        "responded_at": None, "status": "CLOSED", "tags": [], "viewer_url": None}


def b2chat(folder, messages=700, chats=35, form="pages"):
    every = [b2chat_chat(chat, messages, chats) for chat in range(chats)]
    if form == "pages":
        paths = [os.path.join(folder, "pages")]
        for page, first in enumerate(range(0, chats, 10)):
            body = {"chats": every[first:first + 10], "exported": len(every[first:first + 10]), "total": chats}
            write(os.path.join(folder, "pages", f"page-{page:03}.json"), json.dumps(body, ensure_ascii=False).encode())
    elif form == "lines":
        body = "".join(json.dumps(chat, ensure_ascii=False) + "\n" for chat in every)
        paths = [write(os.path.join(folder, "chats.jsonl"), body.encode())]
    else:
        paths = [b2chat_csv(os.path.join(folder, "audit.csv"), every)]
    return history("desk", paths, messages, chats)


def b2chat_csv(path, chats):
    stamp = lambda text: datetime.datetime.strptime(text, "%Y-%m-%d %H:%M:%S").strftime("%Y-%m-%d %I:%M:%S %p")
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w", encoding="utf-8", newline="") as f:
        rows = csv.writer(f)
        rows.writerow(["Chat ID", "Provider", "Department", "Chat Created At", "Message Created At", "Contact ID", "Contact Name",
                       "Contact Mobile Number", "Agent Name", "Agent Username", "Message Incoming", "Message Contact",
                       "Message Agent", "Message Bot", "Message Type", "Alias", "Status", "Opened at", "Closed at"])
        for chat in chats:
            for message in chat["messages"]:
                incoming = message["incoming"]
                rows.writerow([chat["chat_id"], chat["provider"], chat["department"], stamp(chat["created_at"]),
                               stamp(message["created_at"]), chat["contact"]["id"], chat["contact"]["name"],
                               chat["contact"]["mobile_number"][1:], "Laura Rojas", "lrojas", "YES" if incoming else "NO",
                               message["body"] if incoming else "", "" if incoming else message["body"], "", "TEXT",
                               chat["alias"], chat["status"], stamp(chat["opened_at"]), stamp(chat["closed_at"])])
    os.utime(path, (CHANGED, CHANGED))
    return path


# ---- canonical records ----

def canonical_line(number, conversations, prefix=""):
    conversation = f"{prefix}c-{number % conversations}"
    outbound = (number // conversations) % 3 == 1
    return {"kind": "message", "provider": "custom", "account": "desk", "external_id": f"{prefix}m-{number}",
            "conversation_external_id": conversation, "contact_external_id": f"p-{number % conversations}",
            "channel": "other", "conversation_kind": "direct", "direction": "outbound" if outbound else "inbound",
            "sender_type": "agent" if outbound else "contact", "type": "text", "text": text_of(number),
            "content_as_of": at(number).isoformat(), "sent_at": at(number).isoformat(),
            "status": "sent" if outbound else "received"}


def canonical(folder, messages=2000, conversations=50, form="jsonl", bad=0, prefix=""):
    lines = [json.dumps(canonical_line(number, conversations, prefix), ensure_ascii=False) for number in range(messages)]
    for i in range(bad):
        lines.insert((i + 1) * messages // (bad + 1), '{"kind":"message","external_id":"broken-%d",' % i)
    body = ("\n".join(lines) + "\n").encode()
    if form == "gz":
        path = write(os.path.join(folder, "records.jsonl.gz"), gzip.compress(body, mtime=0))
    else:
        path = write(os.path.join(folder, "records.jsonl"), body)
    return history("own", [path], messages, conversations)
