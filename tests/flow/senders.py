#!/usr/bin/env python3
"""Who sent this? Every provider at the door of one sluice, with what it proves itself by and with everything near that.

Signatures are computed by the openssl command line, or are vectors of reference documents. Each request has its status and
its verdict in /metrics, which must hold these and no others. Of what was refused nothing may stand in the log, on the bus,
among the raw bodies or the dead letters; of what was accepted, all. Usage: senders.py --sluice BINARY --bus-dump BINARY
"""

import argparse
import base64
import collections
import http.client
import json
import os
import pathlib
import re
import socket
import subprocess
import sys
import threading
import time
import urllib.parse
import uuid

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent / "support"), str(HERE.parent / "servers")]
from sns import SnsHost, Topic, openssl  # noqa: E402
from stack import Stack, whatsapp_body  # noqa: E402

REFUSED, ACCEPTED, STRANGER = "refused-7f3a9c", "accepted-5d1e8b", "stranger-2b6c4f"  # in bodies; in secrets that are wrong
SAMPLES = HERE.parents[1] / "connectors" / "samples"
TOKEN = "b2chat-token-0123456789-0123456789-0123456789"
ARN, OTHER_ARN = "arn:aws:sns:us-east-1:123456789012:mail-in", "arn:aws:sns:us-east-1:999999999999:mail-in"
HUGE = "a" * 12000  # fits into the memory of a connection
SVIX_OLD, SVIX_NEW = "whsec_" + base64.b64encode(b"old key of svix").decode(), "whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYX"


# ---- openssl ----

def hmac(key, data):
    """Bytes."""
    return openssl("dgst", "-sha256", "-mac", "HMAC", "-macopt", "hexkey:" + key.hex(), "-binary", data=data)


def hmac_hex(key, data):
    return hmac(key.encode(), data).hex()


class EcKey:
    def __init__(self, folder, name):
        self.path = os.path.join(folder, name)
        openssl("ecparam", "-name", "prime256v1", "-genkey", "-noout", "-out", self.path)
        der = openssl("ec", "-in", self.path, "-pubout", "-outform", "DER")
        self.public = base64.b64encode(der).decode()

    def sign(self, data):
        return base64.b64encode(openssl("dgst", "-sha256", "-sign", self.path, data=data)).decode()


# ---- what is posted ----

def mail(word):
    return (f"From: Ana <ana.gomez@example.net>\r\nTo: postmark@example.org\r\nSubject: {word}\r\n"
            f"Date: Sat, 28 Feb 2026 09:12:44 -0500\r\nMessage-ID: <{uuid.uuid4().hex}@mail.example.net>\r\n"
            f"Content-Type: text/plain; charset=utf-8\r\n\r\n{word}\r\n")


def whatsapp(word):
    wamid = "wamid." + uuid.uuid4().hex
    return whatsapp_body(contacts=[{"profile": {"name": "Lucía"}, "wa_id": "573005550178"}],
                         messages=[{"from": "573005550178", "id": wamid, "timestamp": "1772460000", "type": "text",
                                    "text": {"body": word}}])


def telegram(word):
    return json.dumps({"update_id": uuid.uuid4().int % 10**9, "message": {
        "message_id": uuid.uuid4().int % 10**6, "date": 1772460000, "chat": {"id": 5800700601, "type": "private", "first_name": "Ana"},
        "from": {"id": 5800700601, "is_bot": False, "first_name": "Ana"}, "text": word}}).encode()


def postmark(word):
    return json.dumps({"From": "ana.gomez@example.net", "To": "postmark@example.org", "Subject": word, "MessageID": str(uuid.uuid4()),
                       "RawEmail": mail(word)}).encode()


def sendgrid_events(word):
    return json.dumps([{"email": "ana@example.net", "timestamp": 1772460000, "event": "bounce", "type": "bounce", "status": "5.1.1",
                        "reason": word, "smtp-id": f"<{uuid.uuid4().hex}@ismtpd-555>", "sg_event_id": uuid.uuid4().hex,
                        "sg_message_id": "14c5d75ce93.filter0001.16648.5515E0B88.0"}]).encode()


def multipart(fields, boundary):
    parts = "".join(f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n' for name, value in fields)
    return f"{parts}--{boundary}--\r\n".encode()


def sendgrid_parse(word):
    return multipart([("email", mail(word)), ("envelope", '{"to":["sendgrid@example.org"],"from":"ana@example.net"}')], "xYzZY")


def resend(word):
    return json.dumps({"type": "email.received", "created_at": "2026-02-28T14:12:46.126Z", "data": {
        "email_id": str(uuid.uuid4()), "created_at": "2026-02-28T14:12:45.894Z", "from": "Ana <ana@example.net>",
        "to": ["resend@example.org"], "subject": word, "message_id": f"<{uuid.uuid4().hex}@mail.example.net>"}}).encode()


def ses(word):
    return json.dumps({"notificationType": "Received", "receipt": {"recipients": ["ses@example.org"], "action": {
        "type": "SNS", "topicArn": ARN, "encoding": "UTF8"}}, "mail": {
            "timestamp": "2026-02-28T14:12:45.879Z", "source": "ana@example.net", "messageId": uuid.uuid4().hex,
            "destination": ["ses@example.org"]}, "content": mail(word)})


def b2chat(word):
    return json.dumps({"event": "CONTACT_SENT", "sent_at": "2026-03-02 10:02:41", "contact": {
        "id": 48210377, "name": word, "mobile_number": "+573005550101"}}).encode()


def webchat(word):
    return json.dumps({"messages": [{"id": uuid.uuid4().hex, "conversation": "visit-88", "visitor": {"id": "v-5"}, "text": word,
                                     "sent_at": "2026-02-28T17:00:00-05:00"}]}).encode()


def canonical(word):
    line = (SAMPLES / "canonical/lines/01-agent-desk.jsonl").read_text(encoding="utf-8").splitlines()[0]
    return (json.dumps({**json.loads(line), "name": word}) + "\n").encode()


def sent(word):
    return json.dumps({"request": {"messaging_product": "whatsapp", "to": "573005550178", "type": "text", "text": {"body": word}},
                       "response": {"messaging_product": "whatsapp", "contacts": [{"input": "573005550178", "wa_id": "573005550178"}],
                                    "messages": [{"id": "wamid." + uuid.uuid4().hex}]}}).encode()


def sent_by_telegram(word):
    message = json.loads(telegram(word))["message"]
    bot = {"id": 7100200300, "is_bot": True, "first_name": "Acme"}
    return json.dumps({"method": "sendMessage", "request": {"chat_id": 5800700601, "text": word},
                       "response": {"ok": True, "result": {**message, "from": bot}}}).encode()


def sent_by_postmark(word):
    """From another address than the one that mails come to."""
    return json.dumps({"request": {"From": "Ventas <ventas@example.com>", "To": "ana.gomez@example.net", "Subject": word, "TextBody": word},
                       "response": {"To": "ana.gomez@example.net", "SubmittedAt": "2026-02-28T09:18:10.4178645-05:00",
                                    "MessageID": str(uuid.uuid4()), "ErrorCode": 0, "Message": "OK"}}).encode()


# ---- the door ----

STATUS = {"stored": 200, "verified": 200, "malformed": 400, "unauthorized": 401, "asked": 401, "forbidden": 403, "not_found": 404,
          "method": 405, "too_large": 413, "busy": 503, "unavailable": 503}
ANSWER = {"stored": b"", "malformed": b"bad request\n", "unauthorized": b"unauthorized\n", "asked": b"unauthorized\n",
          "forbidden": b"forbidden\n", "not_found": b"not found\n", "busy": b"busy\n", "unavailable": b"unavailable\n"}
# To these a 4xx means "do not repeat".
NO_4XX = {"sendgrid", "ses", "ses-basic", "ses-sha2"}

Answer = collections.namedtuple("Answer", "status headers body")


class Door:
    """Posts, checks each answer, and remembers what /metrics must say."""

    def __init__(self, stack):
        self.stack = stack
        self.verdicts = collections.Counter()
        self.lock = threading.Lock()
        self.connection = None

    def send(self, method, path, headers, body, connection=None):
        connection = connection or http.client.HTTPConnection("127.0.0.1", self.stack.port, timeout=30)
        connection.putrequest(method, path, skip_accept_encoding=True)
        for name, value in headers:
            connection.putheader(name, value)
        if body is not None:
            connection.putheader("Content-Length", str(len(body)))
        connection.endheaders(body)
        response = connection.getresponse()
        answer = Answer(response.status, dict(response.getheaders()), response.read())
        if response.will_close:
            connection.close()
        return answer

    def expect(self, verdict, what, connector, headers=(), body=b"", path=None, method="POST", label=None):
        """connector: as the path says; label: as the metrics say. Verdict: a word, or a set of them."""
        path = path or f"/hooks/acme/{connector}"
        label = connector if label is None else label
        answer = self.send(method, path, headers, body)
        found = next((word for word in ({verdict} if isinstance(verdict, str) else verdict)
                      if answer.status == self.status(word, connector) and answer.body == ANSWER.get(word, answer.body)), None)
        assert found, f"{connector}, {what}: answered {answer.status}, expected {verdict}; {answer.body}"
        if answer.status == 503:
            assert int(answer.headers["Retry-After"]) > 0, f"{connector}, {what}: {answer.headers}"
        assert REFUSED.encode() not in answer.body and STRANGER not in str(answer.headers), f"{connector}, {what}: echoes"
        with self.lock:
            self.verdicts[(label, found)] += 1
        return answer

    @staticmethod
    def status(verdict, connector):
        return 503 if verdict == "unauthorized" and connector in NO_4XX else STATUS[verdict]

    def accept(self, what, connector, headers, body, **further):
        return self.expect("stored", what, connector, headers, body, **further)

    def refuse(self, what, connector, headers, body, **further):
        return self.expect("unauthorized", what, connector, headers, body, **further)

    def check_metrics(self):
        """A request is counted just after its answer has gone."""
        until = time.monotonic() + 5
        while (text := fetch(self.stack.admin_port, "/metrics")) and requests_of(text) != self.verdicts and time.monotonic() < until:
            time.sleep(0.05)
        found = requests_of(text)
        assert found == self.verdicts, f"/metrics has {found - self.verdicts} too much, lacks {self.verdicts - found}"
        done = subprocess.run(["promtool", "check", "metrics"], input=text, capture_output=True, timeout=30, check=False)
        assert done.returncode == 0 and not done.stderr, f"promtool: {done.stderr.decode()}"


def requests_of(text):
    found = collections.Counter()
    for labels, count in re.findall(r"^sluice_receive_requests_total\{(.*)\} (\d+)$", text.decode(), re.M):
        labels = dict(re.findall(r'(\w+)="([^"]*)"', labels))
        found[(labels["connector"], labels["verdict"])] += int(count)
    return +found


def fetch(port, path):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    connection.request("GET", path)
    response = connection.getresponse()
    assert response.status == 200, f"{path}: {response.status}"
    return response.read()


def reencoded(body):
    """The same JSON in other bytes."""
    other = json.dumps(json.loads(body), separators=(",", ":")).encode()
    assert other != body
    return other


def near(value):
    """What is not quite the value of a header, with a word for each."""
    middle = len(value) // 2
    other = "0" if value[middle] != "0" else "1"
    return [("wrong", value[:middle] + other + value[middle + 1:]), ("truncated", value[:-6]), ("longer", value + "00"), ("empty", ""),
            ("oversized", value + HUGE), ("another", STRANGER)]


def refuse_near(door, connector, headers, body, at, **further):
    """The header of that place missing, repeated, and near what it should be."""
    others = headers[:at] + headers[at + 1:]
    name, value = headers[at]
    door.refuse(f"{name} is missing", connector, others, body, **further)
    door.refuse(f"{name} is repeated", connector, headers + [(name, value)], body, **further)
    door.refuse(f"{name} is repeated, differently", connector, headers + [(name, STRANGER)], body, **further)
    for what, wrong in near(value):
        door.refuse(f"{name} is {what}", connector, others + [(name, wrong)], body, **further)


# ---- providers ----

def try_whatsapp(door):
    def signed(body, secret="new-app-secret"):
        return [("Content-Type", "application/json"), ("X-Hub-Signature-256", "sha256=" + hmac_hex(secret, body))]

    body = whatsapp(ACCEPTED)
    door.accept("signed", "wa-main", signed(body), body)
    door.accept("the same body again", "wa-main", signed(body), body)
    door.accept("with the secret before", "wa-main", signed(body, "old-app-secret"), body)
    sample = (SAMPLES / "whatsapp/01-signature-vector.json").read_bytes().rstrip(b"\n")
    vector = "sha256=a9a42937ca822e8fa1ae6be73ff48b9055f4fb7815f2332ef88ebe596df34b34"
    door.accept("vector of the reference", "wa-vector", [("X-Hub-Signature-256", vector)], sample)
    upper = signed(body)[1][1].upper().replace("SHA256", "sha256")
    door.accept("upper-case digits", "wa-main", [("X-Hub-Signature-256", upper)], body)

    body = whatsapp(REFUSED + " ñ")
    headers = signed(body)
    refuse_near(door, "wa-main", headers, body, 1)
    door.refuse("upper-case scheme", "wa-main", [("X-Hub-Signature-256", headers[1][1].replace("sha", "SHA"))], body)
    door.refuse("no scheme", "wa-main", [("X-Hub-Signature-256", headers[1][1][7:])], body)
    door.refuse("SHA-1 alone", "wa-main", [("X-Hub-Signature", "sha1=" + "0" * 40)], body)
    door.refuse("re-encoded", "wa-main", headers, reencoded(body))
    door.refuse("escapes read", "wa-main", headers, json.dumps(json.loads(body), ensure_ascii=False).encode())
    door.refuse("a byte more", "wa-main", headers, body + b"\n")
    door.refuse("secret of another", "wa-main", signed(body, STRANGER), body)
    door.refuse("for another connector", "wa-vector", headers, body)
    door.refuse("empty secret", "wa-main", signed(body, "\0"), body)

    query = {"hub.mode": "subscribe", "hub.verify_token": "verify me", "hub.challenge": "1158201444"}

    def verify(verdict, what, **changed):
        pairs = [(key, value) for key, value in {**query, **changed}.items() if value is not None]
        return door.expect(verdict, what, "wa-main", method="GET", body=None, path="/hooks/acme/wa-main?" + urllib.parse.urlencode(pairs))

    assert verify("verified", "handshake").body == b"1158201444"
    verify("forbidden", "wrong token", **{"hub.verify_token": STRANGER})
    verify("forbidden", "no token", **{"hub.verify_token": None})
    verify("forbidden", "no mode", **{"hub.mode": None})
    verify("malformed", "no challenge", **{"hub.challenge": None})
    verify("malformed", "markup to echo", **{"hub.challenge": "<script>" + REFUSED})
    verify("malformed", "long challenge", **{"hub.challenge": "1" * 257})
    door.expect("forbidden", "no handshake", "wa-vector", method="GET", body=None, path="/hooks/acme/wa-vector?" + urllib.parse.urlencode(query))


def try_telegram(door):
    name = "X-Telegram-Bot-Api-Secret-Token"
    body = telegram(ACCEPTED)
    door.accept("secret token", "tg-help", [(name, "telegram_secret-Token")], body)
    door.accept("again", "tg-help", [(name, "telegram_secret-Token")], body)
    body = telegram(REFUSED)
    refuse_near(door, "tg-help", [(name, "telegram_secret-Token")], body, 0)
    door.refuse("other case", "tg-help", [(name, "TELEGRAM_SECRET-TOKEN")], body)
    door.refuse("as Bearer", "tg-help", [("Authorization", "Bearer telegram_secret-Token")], body)
    # Telegram would execute what a 200 holds; the answer to a stored update is empty, which accept() has seen.
    call = json.dumps({"method": "sendMessage", "chat_id": 1, "text": REFUSED}).encode()
    answer = door.refuse("a call to echo", "tg-help", [], call)
    assert b"method" not in answer.body
    door.expect("forbidden", "GET", "tg-help", method="GET", body=None)


def basic(credentials):
    return "Basic " + base64.b64encode(credentials.encode()).decode()


def try_postmark(door):
    body = postmark(ACCEPTED)
    for credentials in ("postmark:new password", "postmark:old:password"):
        door.accept("Basic", "postmark", [("Authorization", basic(credentials))], body)
    door.accept("lower-case scheme", "postmark", [("authorization", basic("postmark:new password").replace("Basic", "basic"))], body)
    door.accept("a key", "postmark", [("Authorization", "Bearer postmark-key")], body)

    body = postmark(REFUSED)
    asked = door.expect("asked", "no credentials", "postmark", [], body)
    assert asked.headers["WWW-Authenticate"].startswith("Basic ")
    right = basic("postmark:new password")
    door.refuse("repeated", "postmark", [("Authorization", right)] * 2, body)
    for what, wrong in near(right):
        door.refuse(what, "postmark", [("Authorization", wrong)], body)
    for wrong in ("postmark:", ":new password", "postmark:new passwordx", "POSTMARK:new password", f"{STRANGER}:{STRANGER}", "postmark"):
        door.refuse("other credentials", "postmark", [("Authorization", basic(wrong))], body)
    door.refuse("the password as key", "postmark", [("Authorization", "Bearer postmark:new password")], body)
    door.refuse("the key as password", "postmark", [("Authorization", basic("postmark-key"))], body)
    door.refuse("not base64", "postmark", [("Authorization", "Basic !" + right[7:])], body)


SENDGRID_SIGNATURE, SENDGRID_TIME = "X-Twilio-Email-Event-Webhook-Signature", "X-Twilio-Email-Event-Webhook-Timestamp"


def try_sendgrid(door, old_key, new_key, stranger):
    def signed(body, key=new_key, age_s=0, at=None):
        at = str(int(time.time()) - age_s) if at is None else at
        return [(SENDGRID_TIME, at), (SENDGRID_SIGNATURE, key.sign(at.encode() + body))]

    for make, kind in ((sendgrid_events, "application/json"), (sendgrid_parse, "multipart/form-data; boundary=xYzZY")):
        body = make(ACCEPTED)
        kind = [("Content-Type", kind)]
        door.accept("signed", "sendgrid", kind + signed(body), body)
        door.accept("with the key before", "sendgrid", kind + signed(body, old_key, age_s=290), body)
        again = kind + signed(body)
        door.accept("a body", "sendgrid", again, body)
        door.accept("the same request again", "sendgrid", again, body)
        body = make(REFUSED)
        refuse_near(door, "sendgrid", kind + signed(body), body, 2)
        for age_s in (310, -310, 86400):
            door.refuse(f"{age_s} s old", "sendgrid", signed(body, age_s=age_s), body)
        for at in ("", "now", f"{time.time():.3f}", f" {int(time.time())}", "-1", "9" * 30):
            door.refuse(f"at {at}", "sendgrid", signed(body, at=at), body)
        moved = signed(body)
        door.refuse("other time", "sendgrid", [(SENDGRID_TIME, str(int(moved[0][1]) + 1)), moved[1]], body)
        door.refuse("time is missing", "sendgrid", moved[1:], body)
        door.refuse("time is repeated", "sendgrid", moved[:1] + moved, body)
        door.refuse("key of another", "sendgrid", signed(body, stranger), body)
        door.refuse("a byte more", "sendgrid", signed(body), body + b"\n")
    door.refuse("re-encoded", "sendgrid", signed(sendgrid_events(REFUSED)), reencoded(sendgrid_events(REFUSED)))
    other = multipart([("email", mail(REFUSED))], "other")
    door.refuse("another boundary", "sendgrid", signed(other), other.replace(b"other", b"xYzZY"))
    door.refuse("Basic instead", "sendgrid", [("Authorization", basic("a:b"))], sendgrid_events(REFUSED))
    door.accept("Basic, where nothing is signed", "sendgrid-basic", [("Authorization", basic("parse:secret"))], sendgrid_parse(ACCEPTED))
    door.expect("asked", "no credentials", "sendgrid-basic", [], sendgrid_parse(REFUSED))


def try_mailgun(door):
    def proof(key="new-mailgun-key", age_s=0, **changed):
        given = {"timestamp": str(int(time.time()) - age_s), "token": uuid.uuid4().hex + uuid.uuid4().hex[:18]}
        given["signature"] = hmac_hex(key, (given["timestamp"] + given["token"]).encode())
        return {name: value for name, value in {**given, **changed}.items() if value is not None}

    def form(word, of, boundary=None):
        fields = [("recipient", "mailgun@example.org"), ("sender", "ana@example.net"), ("from", "ana@example.net"), ("subject", word),
                  ("body-mime", mail(word)), *of.items()]
        return multipart(fields, boundary) if boundary else urllib.parse.urlencode(fields).encode()

    def event(word, of):
        return json.dumps({"signature": of, "event-data": {
            "event": "failed", "severity": "permanent", "id": uuid.uuid4().hex, "timestamp": time.time(), "recipient": "nadie@example.net",
            "message": {"headers": {"message-id": uuid.uuid4().hex + "@example.org"}}, "delivery-status": {"code": 550, "message": word}}}).encode()

    shapes = {"urlencoded": form, "multipart": lambda word, of: form(word, of, "6f3c0a"), "event": event}
    for shape, make in shapes.items():
        body = make(ACCEPTED, proof())
        door.accept(shape, "mailgun", [], body)
        door.accept(f"{shape}, again", "mailgun", [], body)
        door.accept(f"{shape}, with the key before", "mailgun", [], make(ACCEPTED, proof("old-mailgun-key")))
        door.accept(f"{shape}, 11 hours old", "mailgun", [], make(ACCEPTED, proof(age_s=11 * 3600)))
        right = proof()
        door.accept(f"{shape}, upper-case digits", "mailgun", [], make(ACCEPTED, {**right, "signature": right["signature"].upper()}))
        for name in ("timestamp", "token", "signature"):
            door.refuse(f"{shape} without {name}", "mailgun", [], make(REFUSED, proof(**{name: None})))
        for what, wrong in near(proof()["signature"]):
            door.refuse(f"{shape}, {what}", "mailgun", [], make(REFUSED, proof(signature=wrong)))
        for age_s in (12 * 3600 + 60, -12 * 3600 - 60):
            door.refuse(f"{shape}, {age_s} s old", "mailgun", [], make(REFUSED, proof(age_s=age_s)))
        door.refuse(f"{shape}, key of another", "mailgun", [], make(REFUSED, proof(STRANGER)))
        door.refuse(f"{shape}, long token", "mailgun", [], make(REFUSED, proof(token="a" * 300)))
        known = proof()
        door.accept(f"{shape}, a token", "mailgun", [], make(ACCEPTED, known))
        door.refuse(f"{shape}, another body with its token", "mailgun", [], make(REFUSED, known))
    known = proof()
    body = form(ACCEPTED, known, "first")
    door.accept("a form", "mailgun", [], body)
    door.accept("with another boundary", "mailgun", [], body.replace(b"first", b"second"))
    door.refuse("the proof in headers", "mailgun", list(proof().items()), form(REFUSED, {}))
    vector = {"timestamp": "1741097471", "token": "a8ce0edb2dd8301dee6c2405235584e45aa91d1e9f979f3de0",
              "signature": "893ac974827980ea3b7d842021242bf44f9fb10641e21ecee4bfb4ab635d227b"}
    door.refuse("vector of the reference, of 2025", "mailgun", [], form(REFUSED, vector))


def try_resend(door):
    def signed(body, secret=SVIX_NEW, age_s=0, family="svix", at=None, name=None):
        name, at = name or f"msg_{uuid.uuid4().hex}", at or str(int(time.time()) - age_s)
        mac = hmac(base64.b64decode(secret[6:]), f"{name}.{at}.".encode() + body)
        return [(f"{family}-id", name), (f"{family}-timestamp", at), (f"{family}-signature", "v1," + base64.b64encode(mac).decode())]

    body = resend(ACCEPTED)
    again = signed(body)
    door.accept("signed", "resend", again, body)
    door.accept("the same request again", "resend", again, body)
    door.accept("Standard Webhooks", "resend", signed(body, family="webhook"), body)
    door.accept("with the secret before, 290 s old", "resend", signed(body, SVIX_OLD, age_s=290), body)
    right = signed(body)
    several = f"v1a,AAAA v1,{'A' * 43}= {right[2][1]}"
    door.accept("one of several signatures", "resend", right[:2] + [(right[2][0], several)], body)

    body = resend(REFUSED)
    headers = signed(body)
    for at in range(3):
        refuse_near(door, "resend", headers, body, at)
    for age_s in (310, -310):
        door.refuse(f"{age_s} s old", "resend", signed(body, age_s=age_s), body)
    door.refuse("re-encoded", "resend", headers, reencoded(body))
    door.refuse("secret of another", "resend", signed(body, "whsec_" + base64.b64encode(STRANGER.encode()).decode()), body)
    door.refuse("version v1a alone", "resend", headers[:2] + [(headers[2][0], headers[2][1].replace("v1,", "v1a,"))], body)
    door.refuse("17 signatures before it", "resend", headers[:2] + [(headers[2][0], f"v1,{'A' * 43}= " * 17 + headers[2][1])], body)
    door.refuse("names of two families", "resend", headers[:2] + [("webhook-signature", headers[2][1])], body)
    vector = [("svix-id", "msg_2W2D3qXLS5fOaPja1GDg7rF2CwB"), ("svix-timestamp", "1741097566"),
              ("svix-signature", "v1,EJlXS0twy/qVOB4akHaMyF11MiIEd77f4ydSjcb05dM=")]
    example = b'{"type":"email.received","data":{"email_id":"56761188"}}'
    door.refuse("vector of the reference, of 2025", "resend", vector, example)
    assert signed(example, name=vector[0][1], at=vector[1][1]) == vector


def try_b2chat(door):
    def signed(body, secret="b2chat-secret"):
        return [("X-B2Chat-Signature", "sha256=" + hmac_hex(secret, body))]

    bearer = [("Authorization", f"Bearer {TOKEN}")]
    in_path = {"path": f"/hooks/acme/desk/{TOKEN}"}
    body = b2chat(ACCEPTED)
    door.accept("token in a header", "desk", bearer + signed(body), body)
    door.accept("token in the path", "desk", signed(body), body, **in_path)
    door.accept("the other token and secret", "desk", signed(body, "old-b2chat-secret"), body, path=f"/hooks/acme/desk/old-{TOKEN}")
    door.accept("the same body again", "desk", bearer + signed(body), body)

    body = b2chat(REFUSED)
    refuse_near(door, "desk", bearer + signed(body), body, 1)
    refuse_near(door, "desk", signed(body), body, 0, **in_path)
    door.refuse("re-encoded", "desk", bearer + signed(body), reencoded(body))
    unknown = [[], [("Authorization", "Bearer " + STRANGER)], bearer * 2, [("Authorization", "Bearer " + TOKEN[:-1])]]
    for headers in unknown:
        answer = door.expect("not_found", "no token", "desk", headers + signed(body), body)
    for token in (STRANGER, TOKEN[:-1], TOKEN + "0", TOKEN.upper(), "sent"):
        answer = door.expect("not_found", "wrong token", "desk", signed(body), body, path=f"/hooks/acme/desk/{token}")
    nowhere = door.expect("not_found", "no such connector", "nobody", bearer, body, label="")
    assert (answer.status, answer.body) == (nowhere.status, nowhere.body), "a wrong token is told from a wrong path"
    for path in (f"/hooks/acme/desk/{TOKEN}/", f"/hooks/acme/desk/{TOKEN}/x", f"/hooks/acme/desk//{TOKEN}", f"/hooks/acme/wa-main/{TOKEN}",
                 "/hooks/acme/desk/", "/hooks/ACME/desk", "/"):
        door.expect("not_found", path, "nobody", bearer + signed(body), body, path=path, label="")


def try_keys(door, connector, make, keys, kind, **further):
    """Those of a tenant's own programs."""
    kind = [("Content-Type", kind)]
    for key in keys:
        body = make(ACCEPTED)
        door.accept("a key", connector, kind + [("Authorization", f"Bearer {key}")], body, **further)
    door.accept("scheme in lower case", connector, kind + [("authorization", f"bearer {keys[0]}")], body, **further)
    door.accept("the same body again", connector, kind + [("Authorization", f"Bearer {keys[0]}")], body, **further)
    body = make(REFUSED)
    refuse_near(door, connector, kind + [("Authorization", f"Bearer {keys[0]}")], body, 1, **further)
    door.refuse("upper case", connector, [("Authorization", f"Bearer {keys[0].upper()}")], body, **further)
    door.refuse("as Basic", connector, [("Authorization", basic(keys[0]))], body, **further)
    door.refuse("two keys at once", connector, [("Authorization", f"Bearer {keys[0]}, Bearer {keys[-1]}")], body, **further)


def try_no_http(door):
    """What is refused before anybody looks whose it is; counted by status alone."""
    def answer_to(request):
        with socket.create_connection(("127.0.0.1", door.stack.port), timeout=10) as connection:
            connection.sendall(request)
            return connection.recv(64).split(b" ")[1].decode()

    line, word = b"POST /hooks/acme/wa-main HTTP/1.1\r\nHost: x\r\n", REFUSED.encode()
    requests = {"431": [line + b"X-Hub-Signature-256: sha256=" + word + b"a" * 40000 + b"\r\n\r\n"],
                "414": [b"GET /hooks/acme/" + word + b"a" * 40000 + b" HTTP/1.1\r\nHost: x\r\n\r\n"],
                "400": [line + b"Content-Length: " + word + b"\r\n\r\n", b"POST / HTTP/1.1\r\n\r\n" + word]}
    for status, those in requests.items():
        for request in those:
            found = answer_to(request)
            assert found == status, f"{request[:60]}: answered {found}, expected {status}"
    text = fetch(door.stack.admin_port, "/metrics").decode()
    counted = dict(re.findall(r'^sluice_receive_http_errors_total\{status="(\w+)"\} ([1-9]\d*)$', text, re.M))
    assert counted == {status: str(len(those)) for status, those in requests.items()}, counted
    door.verdicts[("wa-main", "malformed")] += 2  # those with a request line that could be read
    door.verdicts[("", "malformed")] += 1


def without(headers, name):
    return [(key, value) for key, value in headers if key != name]


def with_header(headers, name, value):
    return without(headers, name) + [(name, value)]


def try_ses(door, host):
    certificate = "https://sns.us-east-1.amazonaws.com/signing.pem"
    host.serve_file("/signing.pem", host.keys.signing)
    topic = Topic(ARN, host.keys.path("signing.key"), certificate)
    stranger = Topic(OTHER_ARN, host.keys.path("signing.key"), certificate)

    # Several at once wait for one certificate, and nobody else waits for them.
    host.pages["/signing.pem"], page = (lambda: (time.sleep(0.5), page)[1]), host.pages["/signing.pem"]
    first = [topic.post("Notification", ses(ACCEPTED)) for _ in range(6)]
    threads = [threading.Thread(target=door.accept, args=("while the certificate is fetched", "ses", *post)) for post in first]
    for thread in threads:
        thread.start()
    while host.asked["/signing.pem"] == 0:
        time.sleep(0.01)
    begun = time.monotonic()
    body = telegram(ACCEPTED)
    door.accept("meanwhile", "tg-help", [("X-Telegram-Bot-Api-Secret-Token", "telegram_secret-Token")], body)
    assert time.monotonic() - begun < 0.4, "others wait for a certificate too"
    for thread in threads:
        thread.join()
    assert host.asked["/signing.pem"] == 1, host.asked
    host.pages["/signing.pem"] = page

    door.accept("the same request again", "ses", *first[0])
    door.accept("version 1", "ses", *topic.post("Notification", ses(ACCEPTED), version="1"))
    door.accept("with a subject, 11 hours old", "ses", *topic.post("Notification", ses(ACCEPTED), age_s=11 * 3600, Subject="Aviso: ñ"))
    door.accept("validation", "ses", *topic.post("Notification", "Successfully validated SNS topic for Amazon SES event publishing."))
    door.accept("the topic's other name", "ses", *Topic(ARN.replace("mail-in", "events"), topic.key, certificate).post("Notification", ses(ACCEPTED)))
    door.refuse("version 1, refused by configuration", "ses-sha2", *topic.post("Notification", ses(REFUSED), version="1"))
    door.accept("version 2 there", "ses-sha2", *topic.post("Notification", ses(ACCEPTED)))

    door.accept("a subscription", "ses", *topic.post("SubscriptionConfirmation", "You have chosen to subscribe"))
    assert len(host.confirmed) == 1 and host.confirmed[0][0] == ARN, host.confirmed
    confirmation = topic.post("SubscriptionConfirmation", "You have chosen to subscribe")
    host.confirms_with = 500
    door.expect("unavailable", "Amazon does not confirm", "ses", *confirmation)
    host.confirms_with = 404
    door.accept("the link is too old", "ses", *topic.post("SubscriptionConfirmation", "You have chosen to subscribe"))
    host.confirms_with = 200
    door.accept("the end of a subscription", "ses", *topic.post("UnsubscribeConfirmation", "You have chosen to deactivate"))
    assert len(host.confirmed) == 1, host.confirmed

    refuse_ses(door, host, topic, stranger)
    ask_ses(door, topic)
    bound_fetching(door, host, topic)
    return topic


def refuse_ses(door, host, topic, stranger):
    message = topic.sign(topic.members("Notification", ses(REFUSED), Subject="Aviso"))
    headers, body = topic.request(message)
    for name in ("x-amz-sns-message-type", "x-amz-sns-message-id", "x-amz-sns-topic-arn"):
        at = [key for key, _ in headers].index(name)
        refuse_near(door, "ses", headers, body, at)
    door.refuse("raw delivery", "ses", headers + [("x-amz-sns-rawdelivery", "true")], ses(REFUSED).encode())
    door.refuse("another type", "ses", with_header(headers, "x-amz-sns-message-type", "SubscriptionConfirmation"), body)

    changes = {name: message[name] + "x" for name in ("Message", "MessageId", "Subject", "Timestamp", "TopicArn", "Type")}
    changes["Signature"] = message["Signature"][:-8] + "AAAAAAA="
    for name, value in [*changes.items(), *((name, None) for name in message if name != "SigningCertURL"), ("SignatureVersion", "3"),
                        ("SignatureVersion", "1"), ("Signature", message["Signature"][:-4]), ("Signature", HUGE), ("Signature", "")]:
        changed = {key: text for key, text in {**message, name: value}.items() if text is not None}
        door.refuse(f"{name} is {str(value)[:20]}", "ses", headers, json.dumps(changed).encode())
    door.refuse("a member more", "ses", headers, json.dumps({**message, "MessageId": ["x"]}).encode())
    door.refuse("no JSON", "ses", headers, body[:-1])
    door.refuse("two documents", "ses", headers, body + body)
    door.refuse("larger than SNS's", "ses", headers, body + b" " * (1 << 20))
    for age_s in (12 * 3600 + 60, -12 * 3600 - 60):
        door.refuse(f"{age_s} s old", "ses", *topic.post("Notification", ses(REFUSED), age_s=age_s))

    # Anyone has messages of a topic of his own signed by Amazon.
    door.refuse("a stranger's topic", "ses", *stranger.post("Notification", ses(REFUSED)))
    headers, body = stranger.post("Notification", ses(REFUSED))
    door.refuse("a stranger's topic under our name", "ses", with_header(headers, "x-amz-sns-topic-arn", ARN), body)
    door.refuse("a stranger's subscription", "ses", *stranger.post("SubscriptionConfirmation", "You have chosen"))
    headers, body = stranger.post("SubscriptionConfirmation", "You have chosen")
    door.refuse("a stranger's subscription under our name", "ses", with_header(headers, "x-amz-sns-topic-arn", ARN), body)
    inner = topic.sign(topic.members("Notification", ses(REFUSED)))
    moved = {**inner, "Message": inner["Message"] + f"\nMessageId\n{inner['MessageId']}", "MessageId": "x"}
    door.refuse("a member moved into another", "ses", *topic.request(moved))

    # Links that lead anywhere else are not followed.
    before = sum(host.asked.values())
    for url in ("http://sns.us-east-1.amazonaws.com/signing.pem", "https://sns.us-east-1.amazonaws.com:443/signing.pem",
                "https://sns.us-east-1.amazonaws.com@127.0.0.1/signing.pem", "https://user@sns.us-east-1.amazonaws.com/signing.pem",
                "https://sns.evil.amazonaws.com.example.org/signing.pem", "https://bucket.s3.amazonaws.com/signing.pem",
                "https://sns.us-east-1.amazonaws.com/signing.pem?x=.pem", "https://sns.us-east-1.amazonaws.com/signing.pem#x.pem",
                "https://sns.us-east-1.amazonaws.com/signing.crt", "https://sns.us.east.amazonaws.com/signing.pem",
                "https://sns.us-east-1.amazonaws.com.cn.example/signing.pem", "https://sns.us-east-1.amazonaws.com\\.evil/signing.pem",
                "https://xsns.us-east-1.amazonaws.com/signing.pem", "HTTPS://sns.us-east-1.amazonaws.com/signing.pem", "file:///signing.pem", ""):
        door.refuse(url, "ses", *topic.post("Notification", ses(REFUSED), SigningCertURL=url))
    for url in ("https://127.0.0.1/?Action=ConfirmSubscription", "http://sns.us-east-1.amazonaws.com/?Action=ConfirmSubscription"):
        door.refuse(url, "ses", *topic.post("SubscriptionConfirmation", "You have chosen", SubscribeURL=url))
    assert sum(host.asked.values()) == before, host.asked


def ask_ses(door, topic):
    """SNS sends credentials only when asked."""
    headers, body = topic.post("Notification", ses(ACCEPTED))
    asked = door.expect("asked", "no credentials", "ses-basic", *topic.post("Notification", ses(REFUSED)))
    assert asked.headers["WWW-Authenticate"].startswith("Basic ")
    door.accept("with credentials", "ses-basic", headers + [("Authorization", basic("sns:password"))], body)
    headers, body = topic.post("Notification", ses(REFUSED))
    door.refuse("wrong credentials", "ses-basic", headers + [("Authorization", basic("sns:" + STRANGER))], body)
    door.refuse("credentials of a stranger's topic", "ses-basic",
                with_header(headers, "x-amz-sns-topic-arn", OTHER_ARN) + [("Authorization", basic("sns:password"))], body)


def stop_while_waiting(stack, door, host, topic):
    """Nobody waits for a certificate once the process is to end."""
    host.pages["/slow.pem"] = lambda: (time.sleep(4), (503, b""))[1]
    post = topic.post("Notification", ses(REFUSED), SigningCertURL="https://sns.us-east-1.amazonaws.com/slow.pem")
    thread = threading.Thread(target=door.expect, args=("unavailable", "stopping", "ses", *post))
    thread.start()
    while host.asked["/slow.pem"] == 0:
        time.sleep(0.01)
    begun = time.monotonic()
    assert stack.stop("receive") == 0
    thread.join()
    assert time.monotonic() - begun < 3, "the end waits for a certificate"
    assert "unanswered=0" in stack.log("receive").splitlines()[-1], stack.log("receive")


def bound_fetching(door, host, topic):
    """What is no certificate, and how often a stranger can make us look."""
    pages = {"/absent.pem": (404, b""), "/garbage.pem": (200, b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"),
             "/huge.pem": (200, b"\n" * (1 << 17)), "/moved.pem": (302, b"https://sns.us-east-1.amazonaws.com/signing.pem")}
    host.serve_file("/expired.pem", host.keys.make_expired())
    host.serve_file("/small.pem", host.keys.make("small", "/CN=sns.amazonaws.com", key=("rsa:1024",)))
    host.serve_file("/other.pem", host.keys.make("other", "/CN=sns.amazonaws.com"))
    host.pages.update(pages)
    away = {"/broken.pem": (503, b""), "/busy.pem": (429, b""), "/moved.pem": pages["/moved.pem"]}
    host.pages.update(away)

    def post(name, word=REFUSED):
        return topic.post("Notification", ses(word), SigningCertURL=f"https://sns.us-east-1.amazonaws.com{name}")

    for name in ("/absent.pem", "/garbage.pem", "/huge.pem", "/expired.pem", "/small.pem", "/other.pem"):
        for _ in range(2):
            door.refuse(name, "ses", *post(name))
        assert host.asked[name] == 1, f"{name} was fetched {host.asked[name]} times"
    for name in away:
        for _ in range(2):
            door.expect("unavailable", name, "ses", *post(name))
        assert host.asked[name] == 1, f"{name} was fetched {host.asked[name]} times"
    wrong_host = topic.post("Notification", ses(REFUSED), SigningCertURL=f"https://sns.{STRANGER}.amazonaws.com/signing.pem")
    door.expect("unavailable", "a host without a certificate of its name", "ses", *wrong_host)

    before = sum(host.asked.values())
    for n in range(30):
        door.expect({"unauthorized", "busy"}, "names made up", "ses", *post(f"/made-up-{n}.pem"))
    made_up = sum(host.asked.values()) - before
    assert made_up <= 16, f"{made_up} fetches for a stranger"
    door.accept("the certificate that is known", "ses", *topic.post("Notification", ses(ACCEPTED)))
    assert host.asked["/signing.pem"] <= 3, host.asked


# ---- all of them ----

def connectors(host, ec_keys):
    old_key, new_key, _ = ec_keys
    email = "channel: email, mode: webhook"
    sns = f'provider: ses, topics: ["{ARN}", "{ARN.replace("mail-in", "events")}"], {host.settings()}'
    return "\n".join(f"      - {{ {line} }}" for line in (
        'name: wa-main, channel: whatsapp, account: "106540352242922", verify_token: "verify me", '
        'app_secrets: ["old-app-secret", "new-app-secret"], sent_keys: ["sent-key-one", "sent-key-two"]',
        'name: wa-vector, channel: whatsapp, account: "402117396318254", app_secrets: ["3f1c9a7e5b2d4c6f8a0b1c2d3e4f5a6b"]',
        'name: tg-help, channel: telegram, token: "7100200300:flow-test", secret_token: "telegram_secret-Token", sent_keys: [bot-key-one]',
        f'name: postmark, {email}, address: postmark@example.org, provider: postmark, keys: [postmark-key], sent_keys: [mail-key-one], '
        'basic_auth: ["postmark:old:password", "postmark:new password"]',
        f'name: sendgrid, {email}, address: sendgrid@example.org, provider: sendgrid, public_keys: ["{old_key.public}", "{new_key.public}"]',
        f'name: sendgrid-basic, {email}, address: parse@example.org, provider: sendgrid, basic_auth: ["parse:secret"]',
        f'name: mailgun, {email}, address: mailgun@example.org, provider: mailgun, signing_keys: ["old-mailgun-key", "new-mailgun-key"]',
        f'name: resend, {email}, address: resend@example.org, provider: resend, signing_keys: ["{SVIX_OLD}", "{SVIX_NEW}"]',
        f'name: ses, {email}, address: ses@example.org, {sns}',
        f'name: ses-sha2, {email}, address: ses-sha2@example.org, sha1_signatures: false, {sns}',
        f'name: ses-basic, {email}, address: ses-basic@example.org, basic_auth: ["sns:password"], {sns}',
        'name: desk, channel: b2chat, account: acme-main, client_id: a, client_secret: b, '
        f'webhook_tokens: ["{TOKEN}", "old-{TOKEN}"], webhook_secrets: ["b2chat-secret", "old-b2chat-secret"]',
        'name: shop, channel: webchat, account: shop, keys: [webchat-key-one, webchat-key-two]',
        'name: own, channel: canonical, account: desk, keys: [canonical-key-one, canonical-key-two]'))


SECRETS = ("new-app-secret", "verify me", "telegram_secret", "new password", "mailgun-key", SVIX_NEW[6:], "b2chat-token", "key-one",
           basic("postmark:new password")[6:])
CHANNELS = 10  # that took a body with the word in it; some connectors are of one channel


def dump(stack, bus_dump, topic):
    done = subprocess.run([bus_dump, stack.pipeline, topic], capture_output=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr.decode()
    return done.stdout


def check_what_is_kept(stack, bus_dump, stored):
    """On the bus, as the program for tests reads it; in what the process wrote; in any file as it is."""
    topics = {topic: dump(stack, bus_dump, topic) for topic in ("records", "raw", "deadletter")}
    files = {name: pathlib.Path(stack.folder, name).read_bytes() for name in os.listdir(stack.folder)
             if name not in ("pipeline.yaml", "keys")}
    for name, text in {**topics, **files}.items():
        for word in (REFUSED, STRANGER):
            assert word.encode() not in text, f"{name} has something of what was refused"
    for word in (ACCEPTED, *SECRETS):
        assert word.encode() not in files["receive.log"], f"the log has {word}"
    assert topics["deadletter"] == b"", f"what was accepted is refused: {topics['deadletter'][:500]}"
    raw = len(re.findall(rb"^\d+\t\d+\t[0-9a-f]{32}\t", topics["raw"], re.M))
    assert raw == stored, f"{stored} bodies were accepted, {raw} are archived"
    records = [json.loads(line.split(b"\t", 3)[3]) for line in topics["records"].splitlines() if ACCEPTED.encode() in line]
    found = {record["channel_id"] for record in records}
    assert len(found) == CHANNELS, f"records of {len(found)} channels, expected {CHANNELS}"
    return len(records)


def main():
    options = argparse.ArgumentParser()
    options.add_argument("--sluice", required=True)
    options.add_argument("--bus-dump", required=True)
    options = options.parse_args()
    os.environ["SLUICE_LOG"] = "debug"
    with Stack(options.sluice, "embedded") as stack:
        keys_folder = os.path.join(stack.folder, "keys")
        os.mkdir(keys_folder)
        ec_keys = [EcKey(keys_folder, name) for name in ("old.pem", "new.pem", "stranger.pem")]
        host = SnsHost(keys_folder)
        stack.write_pipeline(connectors=connectors(host, ec_keys))
        stack.start("receive")
        stack.wait_ready()
        door = Door(stack)
        try_whatsapp(door)
        try_telegram(door)
        try_postmark(door)
        try_sendgrid(door, *ec_keys)
        try_mailgun(door)
        try_resend(door)
        try_b2chat(door)
        try_keys(door, "shop", webchat, ["webchat-key-one", "webchat-key-two"], "application/json")
        try_keys(door, "own", canonical, ["canonical-key-one", "canonical-key-two"], "application/x-ndjson")
        try_keys(door, "wa-main/sent", sent, ["sent-key-one", "sent-key-two"], "application/json")
        try_keys(door, "tg-help/sent", sent_by_telegram, ["bot-key-one"], "application/json")
        try_keys(door, "postmark/sent", sent_by_postmark, ["mail-key-one"], "application/json")
        topic = try_ses(door, host)
        try_no_http(door)
        door.check_metrics()
        assert stack.stop("receive") == 0
        stored = sum(count for (_, verdict), count in door.verdicts.items() if verdict == "stored")
        stack.start("receive")
        stack.wait_ready()
        stop_while_waiting(stack, door, host, topic)
        host.close()
        records = check_what_is_kept(stack, options.bus_dump, stored)
        print(f"{sum(door.verdicts.values())} requests, {stored} of them accepted: their word stands in {records} records, that of "
              "the others nowhere")


if __name__ == "__main__":
    main()
