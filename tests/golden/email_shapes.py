#!/usr/bin/env python3
"""email_shapes.py SLUICE: one mail in every shape that it can come in (raw, in an mbox file, parsed
and raw as each provider posts it) must give one message: same id, conversation, contact, content."""
import base64
import json
import subprocess
import sys
import urllib.parse

OBSERVED = "2026-03-05T00:00:00Z"
FILE = b"\x89PNG\r\n\x1a\n" + bytes(range(64))


class Mail:
    """What its sender wrote."""

    message_id = "CAF7x9b2@mail.example.net"
    date = "Tue, 3 Mar 2026 09:12:44 -0500"
    sender = ("Ana Gómez", "ana.gomez@example.net")
    to = ("Soporte", "soporte+c8f2@example.org")
    cc = ("", "luis@example.com")
    subject = "Re: Pedido 4471 sin entregar: ¿cuándo?"
    references = ["a1.4471@mail.example.net", "r2.4471@example.org"]
    extra = [("X-Priority", "1 (Highest)"), ("Reply-To", "Ana <ana.casa@example.net>")]
    text = ("Sigue sin llegar, señor.\n\nEl mar, 3 mar 2026 a las 8:55, Soporte "
            "(<soporte@example.org>) escribió:\n> Lo revisamos hoy.")
    html = None
    file_name = "guía.png"
    content_id = None

    def headers(self, encoded):
        word = (lambda t: "=?utf-8?B?%s?=" % base64.b64encode(t.encode()).decode()
                if not t.isascii() else t) if encoded else (lambda t: t)
        quoted = lambda t: '"%s"' % t.replace('"', '\\"') if t.isascii() or not encoded else word(t)
        address = lambda a: f"{quoted(a[0])} <{a[1]}>" if a[0] else a[1]
        found = [("Date", self.date), ("From", address(self.sender)), ("To", address(self.to))]
        if self.cc:
            found.append(("Cc", address(self.cc)))
        found.append(("Subject", word(self.subject)))
        if self.message_id:
            found.append(("Message-ID", f"<{self.message_id}>"))
        if self.references:
            found.append(("In-Reply-To", f"<{self.references[-1]}>"))
            found.append(("References", " ".join(f"<{r}>" for r in self.references)))
        return found + self.extra

    def raw(self, end="\r\n"):
        lines = ["Received: from mail.example.net by mx.example.org; "
                 "Tue, 3 Mar 2026 14:12:46 +0000"]
        lines += [f"{name}: {value}" for name, value in self.headers(True)]
        lines += ["MIME-Version: 1.0", 'Content-Type: multipart/mixed; boundary="m"', "", "--m",
                  'Content-Type: multipart/alternative; boundary="a"', ""]
        for kind, text in (("plain", self.text), ("html", self.html)):
            if text is not None:
                lines += ["--a", f"Content-Type: text/{kind}; charset=utf-8",
                          "Content-Transfer-Encoding: base64", "",
                          base64.encodebytes(text.encode()).decode().strip().replace("\n", end)]
        lines += ["--a--", "--m", "Content-Type: image/png",
                  "Content-Disposition: attachment; filename*=utf-8''%s" %
                  urllib.parse.quote(self.file_name)]
        if self.content_id:
            lines.append(f"Content-ID: <{self.content_id}>")
        lines += ["Content-Transfer-Encoding: base64", "", base64.b64encode(FILE).decode(),
                  "--m--", ""]
        return end.join(lines).encode()


def form(fields, files=()):
    """multipart/form-data, as providers post it."""
    out = b""
    for name, value in fields:
        out += (f'--xYz\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n').encode()
        out += (value if isinstance(value, bytes) else value.encode()) + b"\r\n"
    for name, file_name, kind, value in files:
        out += (f'--xYz\r\nContent-Disposition: form-data; name="{name}"; filename="{file_name}"'
                f"\r\nContent-Type: {kind}\r\n\r\n").encode() + value + b"\r\n"
    return out + b"--xYz--\r\n"


def header(mail, name):
    return dict(mail.headers(False)).get(name, "")


def postmark(mail):
    full = lambda a: {"Email": a[1], "Name": a[0], "MailboxHash": ""}
    gone = ("From", "To", "Cc", "Subject", "Date", "Reply-To")
    body = {
        "From": mail.sender[1], "FromName": mail.sender[0], "FromFull": full(mail.sender),
        "To": header(mail, "To"), "ToFull": [full(mail.to)],
        "Cc": header(mail, "Cc"), "CcFull": [full(mail.cc)] if mail.cc else [],
        "Bcc": "", "BccFull": [], "OriginalRecipient": mail.to[1],
        "ReplyTo": header(mail, "Reply-To"), "Subject": mail.subject,
        "MessageID": "5f0a3a8e-6f0b-4c7e-9f46-0c5a1f5f9d21", "MessageStream": "inbound",
        "MailboxHash": "c8f2", "Date": mail.date, "Tag": "",
        "TextBody": mail.text or "", "HtmlBody": mail.html or "",
        "StrippedTextReply": "",
        "Headers": [{"Name": n, "Value": v} for n, v in mail.headers(False) if n not in gone],
        "Attachments": [{"Name": mail.file_name, "Content": base64.b64encode(FILE).decode(),
                         "ContentType": "image/png", "ContentLength": len(FILE),
                         "ContentID": mail.content_id or ""}]}
    return json.dumps(body).encode()


def postmark_raw(mail):
    body = json.loads(postmark(mail))
    body["RawEmail"] = mail.raw("\n").decode()
    return json.dumps(body).encode()


ENVELOPE = lambda mail: json.dumps({"to": [mail.to[1]], "from": mail.sender[1]})


def sendgrid(mail):
    fields = [("headers", "".join(f"{n}: {v}\n" for n, v in mail.headers(True)) + "\n"),
              ("from", header(mail, "From").encode("latin-1")), ("to", header(mail, "To")),
              ("cc", header(mail, "Cc")), ("subject", mail.subject.encode("latin-1")),
              ("envelope", ENVELOPE(mail)), ("attachments", "1"),
              ("charsets", json.dumps({"to": "UTF-8", "cc": "UTF-8", "from": "iso-8859-1",
                                       "subject": "iso-8859-1", "text": "windows-1252",
                                       "html": "UTF-8"})),
              ("attachment-info", json.dumps({"attachment1": {
                  "filename": mail.file_name, "name": mail.file_name, "type": "image/png",
                  "content-id": mail.content_id or ""}})),
              ("content-ids", json.dumps({mail.content_id: "attachment1"} if mail.content_id else {})),
              ("dkim", "{@example.net : pass}"), ("SPF", "pass")]
    if mail.text:
        fields.append(("text", mail.text.replace("\n", "\r\n").encode("cp1252")))
    if mail.html:
        fields.append(("html", mail.html))
    return form(fields, [("attachment1", mail.file_name, "image/png", FILE)])


def sendgrid_raw(mail):
    return form([("email", mail.raw()), ("from", header(mail, "From")), ("to", header(mail, "To")),
                 ("subject", mail.subject), ("envelope", ENVELOPE(mail)),
                 ("charsets", '{"to":"UTF-8","subject":"UTF-8","from":"UTF-8"}')])


SIGNED = [("timestamp", "1772547167"), ("token", "a8ce"), ("signature", "8939")]


def mailgun(mail):
    fields = [("recipient", mail.to[1]), ("sender", mail.sender[1]),
              ("from", header(mail, "From")), ("subject", mail.subject),
              ("attachment-count", "1"),
              ("content-id-map", json.dumps({f"<{mail.content_id}>": "attachment-1"}
                                            if mail.content_id else {})),
              ("message-headers", json.dumps([[n.title(), v]
                                              for n, v in mail.headers(False)]))]
    if mail.text or mail.html:
        fields.append(("body-plain", (mail.text or "gemacht aus html").replace("\n", "\r\n")))
    if mail.html:
        fields.append(("body-html", mail.html))
    return form(fields + SIGNED, [("attachment-1", mail.file_name, "image/png", FILE)])


def mailgun_raw(mail):
    fields = [("recipient", mail.to[1]), ("sender", mail.sender[1]),
              ("from", header(mail, "From")), ("subject", mail.subject),
              ("body-mime", mail.raw())] + SIGNED
    return urllib.parse.urlencode(fields).encode()


def resend(mail):
    headers = {n.lower(): v for n, v in mail.headers(False)}
    return json.dumps({
        "object": "email", "id": "56761188-7520-42d8-8898-ff6fc54ce618",
        "from": header(mail, "From"), "to": [header(mail, "To")],
        "cc": [header(mail, "Cc")] if mail.cc else None, "bcc": None,
        "reply_to": [header(mail, "Reply-To")] if header(mail, "Reply-To") else [],
        "received_for": [mail.to[1]], "subject": mail.subject, "html": mail.html,
        "text": mail.text, "headers": headers,
        "message_id": f"<{mail.message_id}>" if mail.message_id else None,
        "created_at": "2026-03-03T14:12:46.126Z",
        "attachments": [{"id": "2a0c9ce0", "filename": mail.file_name, "size": len(FILE),
                         "content_type": "image/png", "content_id": mail.content_id,
                         "content_disposition": "attachment"}]}).encode()


def ses(mail):
    message = {"notificationType": "Received",
               "receipt": {"timestamp": "2026-03-03T14:12:46.101Z", "recipients": [mail.to[1]],
                           "action": {"type": "SNS", "encoding": "BASE64"}},
               "mail": {"timestamp": "2026-03-03T14:12:45.879Z", "source": mail.sender[1],
                        "messageId": "d6iitobk75ur44p8kdnnp7g2n800",
                        "destination": [mail.to[1]], "headersTruncated": False,
                        "headers": [{"name": n, "value": v} for n, v in mail.headers(True)],
                        "commonHeaders": {"from": [header(mail, "From")], "date": mail.date,
                                          "to": [header(mail, "To")],
                                          "messageId": f"<{mail.message_id}>",
                                          "subject": mail.subject}},
               "content": base64.b64encode(mail.raw()).decode()}
    return json.dumps({"Type": "Notification", "MessageId": "22b8", "TopicArn":
                       "arn:aws:sns:us-east-1:123456789012:mail-in",
                       "Timestamp": "2026-03-03T14:12:46.250Z",
                       "Message": json.dumps(message)}).encode()


def mbox(mail):
    body = mail.raw("\n").replace(b"\nFrom ", b"\n>From ")
    return b"From ana@example.net Tue Mar  3 14:12:46 2026\n" + body + b"\n"


SHAPES = [
    ("raw", "mime", "message", lambda mail: mail.raw()),
    ("raw, LF", "mime", "message", lambda mail: mail.raw("\n")),
    ("mbox", "mime", "mbox", mbox),
    ("postmark", "postmark", "webhook", postmark),
    ("postmark, raw", "postmark", "webhook", postmark_raw),
    ("sendgrid", "sendgrid", "webhook", sendgrid),
    ("sendgrid, raw", "sendgrid", "webhook", sendgrid_raw),
    ("mailgun", "mailgun", "webhook", mailgun),
    ("mailgun, raw", "mailgun", "webhook", mailgun_raw),
    ("resend", "resend", "webhook", resend),
    ("ses", "ses", "webhook", ses),
]


def normalize(sluice, provider, format, body, extra=()):
    done = subprocess.run(
        [sluice, "normalize", "--channel", "email", "--provider", provider, "--format", format,
         "--tenant", "acme", "--account", "soporte@example.org", "--own", "ventas@example.org",
         "--observed-at", OBSERVED, *extra], input=body, capture_output=True, check=False)
    if done.stderr:
        raise SystemExit(f"{provider} {format}: {done.stderr.decode()}")
    return [json.loads(line) for line in done.stdout.splitlines()]


# Of a copy, not of the mail: where it came from, and what only one provider tells.
COPY = {"provider", "channel_id", "source_kind", "id", "message_id", "conversation_id",
        "contact_id", "source_rank", "sender_agent_id"}
METADATA = ("text_new", "quote_at", "subject", "to", "cc", "reply_to", "references", "auto",
            "mid_check", "importance", "plus", "forwarded", "in_list")


def plain(record):
    """Of the record, what all copies share."""
    found = {k: v for k, v in record.items() if k not in COPY}
    metadata = found.pop("metadata", None) or {}
    found["metadata"] = {k: metadata[k] for k in METADATA if k in metadata}
    for attachment in found.get("attachments", ()):
        for member in ("provider_media_id", "source_url"):
            attachment.pop(member, None)
    return found


def difference(a, b, path=""):
    if isinstance(a, dict) and isinstance(b, dict):
        return [d for k in sorted(a.keys() | b.keys())
                for d in difference(a.get(k), b.get(k), f"{path}.{k}")]
    if isinstance(a, list) and isinstance(b, list) and len(a) == len(b):
        return [d for i, (x, y) in enumerate(zip(a, b)) for d in difference(x, y, f"{path}[{i}]")]
    return [] if a == b else [f"{path}: {a!r} and {b!r}"]


def compare(sluice, what, mail, but=()):
    """but: shapes in which the provider hides what makes the difference."""
    faults, expected = 0, None
    for name, provider, format, make in SHAPES:
        if name in but:
            continue
        records = {}
        for record in normalize(sluice, provider, format, make(mail)):
            records.setdefault(record["kind"], []).append(plain(record))
        expected = expected or records
        for line in difference(expected, records):
            if provider == "resend" and "sha256" in line:  # Resend tells only where a file is
                continue
            print(f"{what}, {name}{line}")
            faults += 1
    return faults


def mails():
    """What each differs in, and in which shapes that cannot be seen."""
    yield "a mail", {}, ()
    yield "HTML alone", {"text": None, "html": "<div>Sigue sin llegar</div>"
                         "<div class='gmail_quote'>ayer</div>"}, ("mailgun",)
    yield "both texts", {"html": "<p>Sigue</p>"}, ()
    yield "no Message-ID", {"message_id": None, "references": []}, ()
    yield "an image within", {"html": "<p>Ver <img src='cid:ii_m7'></p>",
                              "content_id": "ii_m7"}, ()
    yield "an automatic answer", {"subject": "Respuesta automática: Pedido",
                                  "extra": [("Auto-Submitted", "auto-replied")]}, ()
    yield "a web form", {"sender": ("Tienda", "soporte@example.org"),
                         "to": ("", "soporte+c8f2@example.org"), "cc": None,
                         "extra": [("Reply-To", "Pedro Ruiz <pedro@cliente.example>")]}, ()
    yield "a list", {"sender": ("Ana Gómez via Soporte", "soporte@example.org"),
                     "extra": [("X-Original-From", "Ana Gómez <ana.gomez@example.net>"),
                               ("Reply-To", "soporte@example.org"),
                               ("List-Id", "Soporte <soporte.example.org>")]}, ()
    yield "an empty mail", {"subject": "", "text": "", "cc": None, "references": [],
                            "extra": []}, ()
    yield "odd names and blanks", {"sender": ('Gómez, Ana "la jefa"', "Ana.GOMEZ@Example.NET"),
                                   "file_name": "C:\\x\\../a b;c.png",
                                   "text": "  sangrado \n\n\ttab\u00a0fin  \n\n-- \nAna\n\n\n",
                                   "extra": [("X-Priority", "5"),
                                             ("List-Unsubscribe", "<mailto:x@y.example>")]}, ()
    yield "a file without a name", {"file_name": ""}, ()


def sent_requests(mail):
    """Provider, the Message-ID that it gives the mail, and the pair of request and response."""
    answered = mail.references[-1]
    threads = {"In-Reply-To": f"<{answered}>",
               "References": " ".join(f"<{r}>" for r in mail.references)}
    yield "mailgun", "20260303.1@mg.example.org", {
        "request": {"from": header(mail, "From"), "to": header(mail, "To"),
                    "subject": mail.subject, "text": mail.text,
                    **{f"h:{n}": v for n, v in threads.items()}},
        "response": {"id": "<20260303.1@mg.example.org>", "message": "Queued. Thank you."}}
    yield "postmark", "0a1b@mtasv.net", {
        "request": {"From": header(mail, "From"), "To": header(mail, "To"),
                    "Subject": mail.subject, "TextBody": mail.text,
                    "Headers": [{"Name": n, "Value": v} for n, v in threads.items()]},
        "response": {"To": mail.to[1], "SubmittedAt": "2026-03-03T14:12:44.0000000Z",
                     "MessageID": "0a1b", "ErrorCode": 0, "Message": "OK"}}
    yield "sendgrid", "14c5d75ce93.dfd.64b469@ismtpd0001p1iad2.sendgrid.net", {
        "request": {"personalizations": [{"to": [{"email": mail.to[1], "name": mail.to[0]}]}],
                    "from": {"email": mail.sender[1], "name": mail.sender[0]},
                    "subject": mail.subject, "headers": threads,
                    "content": [{"type": "text/plain", "value": mail.text}]},
        "response": {"headers": {"X-Message-Id": "14c5d75ce93.dfd.64b469"}}}
    yield "ses", "0102018@eu-west-1.amazonses.com", {
        "region": "eu-west-1",
        "request": {"FromEmailAddress": header(mail, "From"),
                    "Destination": {"ToAddresses": [header(mail, "To")]},
                    "Content": {"Simple": {
                        "Subject": {"Data": mail.subject}, "Body": {"Text": {"Data": mail.text}},
                        "Headers": [{"Name": n, "Value": v} for n, v in threads.items()]}}},
        "response": {"MessageId": "0102018"}}


SENT = ("external_id", "conversation_external_id", "contact_external_id", "direction",
        "sender_type", "status", "text", "reply_to_external_id", "aliases", "subject", "type",
        "sender_agent_external_id", "display_name")


def compare_sent(sluice):
    """The request that sent a mail, and the copy of it among the sent ones."""
    faults = 0
    mail = Mail()
    mail.sender, mail.to = ("Marta", "soporte@example.org"), ("Ana", "ana.gomez@example.net")
    mail.cc, mail.extra = None, []
    for provider, mail.message_id, pair in sent_requests(mail):
        copies = normalize(sluice, "mime", "message", mail.raw(), ["--sent-folder"])
        sent = normalize(sluice, provider, "sent", json.dumps(pair).encode())
        found = [[(r["kind"], {m: r.get(m) for m in SENT}) for r in records]
                 for records in (copies, sent)]
        for line in difference(*[dict(f) for f in found]):
            print(f"sent through {provider}{line}")
            faults += 1
    return faults


def main(sluice):
    faults = compare_sent(sluice)
    for what, members, but in mails():
        mail = Mail()
        for name, value in members.items():
            setattr(mail, name, value)
        faults += compare(sluice, what, mail, but)
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
