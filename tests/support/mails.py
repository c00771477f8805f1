"""Mails for flow tests of the pullers: made here, put into a private Dovecot, and read back by Python's own imaplib and
email, which say what the tables must hold."""

import datetime
import email
import email.header
import email.policy
import email.utils
import functools
import imaplib
import random
import re

ADDRESS = "help@acme.example"
FIRST = datetime.datetime(2026, 3, 2, 9, 0, tzinfo=datetime.timezone.utc)
CONTACTS = [("Ana Gómez", "ana.gomez@example.net"), ("Luis", "luis@example.org"), ("Zoë Öst", "zoe@example.com"),
            ("", "nadia@example.net")]


def mail(number, sender, to, subject, text, references=(), date=None):
    """One mail with CRLF line ends, plain or quoted-printable, as programs write them."""
    message = email.message.EmailMessage(policy=email.policy.SMTP)
    message["From"] = email.utils.formataddr(sender)
    message["To"] = email.utils.formataddr(to)
    message["Subject"] = subject
    message["Message-ID"] = f"<m{number}@mail.example>"
    minutes = 7 * number if isinstance(number, int) else 0
    message["Date"] = email.utils.format_datetime(date or FIRST + datetime.timedelta(minutes=minutes))
    if references:
        message["In-Reply-To"] = f"<m{references[-1]}@mail.example>"
        message["References"] = " ".join(f"<m{r}@mail.example>" for r in references)
    message.set_content(text)
    return message.as_bytes()


def threads(count, seed=1):
    """count mails as (number, is_sent, raw): questions, answers of the business, and answers to these."""
    chance = random.Random(seed)
    made, open_threads = [], []
    for number in range(count):
        if open_threads and chance.random() < 0.6:
            thread = chance.choice(open_threads)
        else:
            thread = {"contact": chance.choice(CONTACTS), "ids": [], "subject": f"Pedido {number}: ¿cuándo llega?"}
            open_threads.append(thread)
        is_sent = len(thread["ids"]) % 2 == 1
        ours = ("Ayuda", ADDRESS)
        subject = thread["subject"] if not thread["ids"] else "Re: " + thread["subject"]
        raw = mail(number, ours if is_sent else thread["contact"], thread["contact"] if is_sent else ours, subject,
                   f"Mail {number} {'de ACME' if is_sent else 'de un cliente'}\nñandú {chance.random()}\n", thread["ids"])
        thread["ids"].append(number)
        made.append((number, is_sent, raw))
    return made


def decoded(value):
    return str(email.header.make_header(email.header.decode_header(value or "")))


@functools.lru_cache(maxsize=None)
def expected_of(raw):
    """What the table must say of one mail, by Python's parser: (id, direction, who, sent at, subject, text)."""
    message = email.message_from_bytes(raw, policy=email.policy.default)
    sender = message["From"].addresses[0].addr_spec
    is_ours = sender == ADDRESS
    contact = message["To"].addresses[0].addr_spec if is_ours else sender
    sent_at = message["Date"].datetime.astimezone(datetime.timezone.utc).strftime("%Y-%m-%d %H:%M:%S")
    text = message.get_body(("plain",)).get_content().replace("\r\n", "\n").strip()
    root = (re.findall(r"<([^>]+)>", message["References"] or "") + [message["Message-ID"].strip("<>")])[0]
    return (message["Message-ID"].strip("<>"), "outbound" if is_ours else "inbound", contact, sent_at, root, text)


def read_folder(client, folder):
    """Every mail of a folder as the server gives it, {uid: raw}."""
    status, _ = client.select(imap_name(folder), readonly=True)
    assert status == "OK", folder
    _, answer = client.uid("FETCH", "1:*", "(UID BODY.PEEK[])")
    return {int(re.search(rb"UID (\d+)", part[0]).group(1)): part[1] for part in answer if isinstance(part, tuple)}


def imap_name(name):
    """A folder's name as IMAP writes it, quoted."""
    out, wide = "", ""
    for c in name + "\0":
        if c == "\0" or " " <= c <= "~":
            if wide:
                out += "&" + __import__("base64").b64encode(wide.encode("utf-16-be")).decode().rstrip("=").replace("/", ",") + "-"
                wide = ""
            out += "" if c == "\0" else "&-" if c == "&" else c
        else:
            wide += c
    return '"' + out + '"'


def arrived(raw):
    """Unix time: a minute after it was sent."""
    return email.utils.parsedate_to_datetime(re.search(rb"\r\nDate: (.*)\r\n", raw).group(1).decode()).timestamp() + 60


def append(client, folder, raw, when=None):
    status, answer = client.append(imap_name(folder), None, imaplib.Time2Internaldate(when or arrived(raw)), raw)
    assert status == "OK", answer


def rows(stack):
    """The same of what is stored."""
    return sorted(tuple(row) for row in stack.query(
        "SELECT m.external_id, m.direction, coalesce(c.external_id, ''), "
        "to_char(m.sent_at AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS'), k.external_id, "
        "replace(trim(both E'\\n' from m.text), E'\\n', '~') "
        "FROM messages m JOIN conversations k ON k.id = m.conversation_id "
        "LEFT JOIN contacts c ON c.id = m.contact_id"))


def expected_rows(raws):
    return sorted((*e[:5], e[5].replace("\n", "~")) for e in {expected_of(raw)[0]: expected_of(raw) for raw in raws}.values())
