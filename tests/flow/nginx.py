#!/usr/bin/env python3
"""deploy/nginx/sluice.conf with a real nginx in front of "sluice run": what it lets through, and that replacing the receiver
under load shows nowhere. Usage: nginx.py --sluice BINARY
"""

import argparse
import http.client
import os
import signal
import ssl
import subprocess
import sys
import threading
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
from certificates import Authority  # noqa: E402
from stack import VERIFY, Stack, free_port, sign, whatsapp_body  # noqa: E402

CLIENT_NAME = "client.webhooks.fbclientcerts.com"
SENDERS = 4


def body_of(sender, number, size=0):
    contact = f"57300{5000000 + sender}"
    return whatsapp_body(
        contacts=[{"profile": {"name": "Contact"}, "wa_id": contact}],
        messages=[{"from": contact, "id": f"wamid.N{sender}.{number}.", "timestamp": "1772460000",
                   "type": "text", "text": {"body": f"message {number} " + "x" * size}}])


class Nginx:
    """One server of its own, whose configuration is that of deploy/ with other places."""

    def __init__(self, stack, server, client_ca):
        self.port = free_port()
        self.folder = os.path.join(stack.folder, "nginx")
        os.mkdir(self.folder)
        with open("deploy/nginx/sluice.conf", encoding="utf-8") as f:
            text = f.read()
        for there, here in (("listen [::]:443 ssl;", ""), ("listen 443 ssl;", f"listen 127.0.0.1:{self.port} ssl;"),
                            ("127.0.0.1:8080", f"127.0.0.1:{stack.port}"),
                            ("/etc/ssl/sluice/server.pem", server[0]), ("/etc/ssl/sluice/server.key", server[1]),
                            ("/etc/ssl/sluice/meta-outbound-api-ca.pem", client_ca),
                            ("/var/log/nginx/sluice.log", os.path.join(self.folder, "access.log"))):
            assert there in text, f"deploy/nginx/sluice.conf does not hold \"{there}\""
            text = text.replace(there, here)
        temporary = "".join(f"{kind}_temp_path {self.folder}/{kind};\n" for kind in
                            ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
        user = "user root;" if os.getuid() == 0 else ""
        self.configuration = os.path.join(self.folder, "nginx.conf")
        with open(self.configuration, "w", encoding="utf-8") as f:
            f.write(f"{user}\npid {self.folder}/pid;\nerror_log {self.folder}/error.log warn;\nworker_processes 1;\n"
                    f"daemon off;\nevents {{}}\nhttp {{\n{temporary}{text}}}\n")
        done = subprocess.run(self.command("-t"), capture_output=True, text=True, timeout=60, check=False)
        assert done.returncode == 0, f"nginx -t: {done.stderr}"
        self.process = subprocess.Popen(self.command())

    def command(self, *more):
        program = next(p for p in ("/usr/sbin/nginx", "/usr/local/sbin/nginx", "nginx") if os.path.exists(p) or "/" not in p)
        return [program, "-e", os.path.join(self.folder, "error.log"), "-c", self.configuration, *more]

    def log(self, name):
        with open(os.path.join(self.folder, name), encoding="utf-8", errors="replace") as f:
            return f.read()

    def close(self):
        self.process.send_signal(signal.SIGQUIT)
        try:
            self.process.wait(timeout=15)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait(timeout=15)


def context_of(authority, client=None):
    context = ssl.create_default_context(cafile=authority.certificate)
    if client:
        context.load_cert_chain(*client)
    return context


def wait_until_open(connection):
    until = time.monotonic() + 20
    while True:
        try:
            connection.connect()
            return connection.close()
        except OSError:
            if time.monotonic() > until:
                raise
            time.sleep(0.05)


def under_load(stack, run, connect):
    """Senders that never repeat anything while the receiver is replaced three times."""
    statuses, ending = [], threading.Event()

    def work(sender):
        connection, number = connect(), 0
        while not ending.is_set():
            body = body_of(sender, number)
            statuses.append(stack.post(body, sign(body), connection)[0])
            number += 1
            time.sleep(0.01)

    threads = [threading.Thread(target=work, args=(i,)) for i in range(SENDERS)]
    for thread in threads:
        thread.start()
    log = os.path.join(stack.folder, "run.log")
    for replaced in range(1, 4):
        time.sleep(0.3)
        run.send_signal(signal.SIGHUP)
        until = time.monotonic() + 30
        while open(log, encoding="utf-8").read().count("the new roles have taken over") < replaced:
            assert time.monotonic() < until, "the receiver was not replaced"
            time.sleep(0.05)
    time.sleep(0.3)
    ending.set()
    for thread in threads:
        thread.join(timeout=60)
    assert set(statuses) == {200}, f"answers: { {s: statuses.count(s) for s in set(statuses)} }"
    return len(statuses)


def main():
    options = argparse.ArgumentParser()
    options.add_argument("--sluice", required=True)
    options = options.parse_args()
    with Stack(options.sluice, "embedded") as stack:
        ours, theirs = Authority(stack.folder, "ours"), Authority(stack.folder, "theirs")
        meta, other = ours.issue("meta", CLIENT_NAME, "extendedKeyUsage=clientAuth"), ours.issue("other", "x" + CLIENT_NAME)
        forged = theirs.issue("forged", CLIENT_NAME)
        nginx = Nginx(stack, ours.issue("server", "localhost", "subjectAltName=DNS:localhost"), ours.certificate)
        try:
            check(stack, nginx, ours, meta, other, forged)
        finally:
            nginx.close()


def check(stack, nginx, ours, meta, other, forged):
    def connect(client=None):
        return http.client.HTTPSConnection("localhost", nginx.port, timeout=30, context=context_of(ours, client))

    run = stack.start("run", "--roles", "receive,load")
    stack.wait_ready()
    wait_until_open(connect())
    body = body_of(50, 0)
    for client, path, signature, expected in (
            (meta, "/hooks/acme/wa-main", sign(body), 200),
            (None, "/hooks/acme/wa-main", sign(body), 403),
            (other, "/hooks/acme/wa-main", sign(body), 403),
            (forged, "/hooks/acme/wa-main", sign(body), 400),
            (meta, "/hooks/acme/wa-main", None, 401),
            (None, "/hooks/acme/nobody", sign(body), 404),
            (meta, "/metrics", None, 404)):
        status, _ = stack.post(body, signature, connect(client), path)
        assert status == expected, f"{path} with {client}: {status}, expected {expected}"
    large = body_of(51, 0, 5 << 20)
    status, _ = stack.post(large, sign(large), connect(meta))
    assert status == 413, f"5 MiB: {status}"
    connection = connect(meta)
    connection.request("GET", f"/hooks/acme/wa-main?hub.mode=subscribe&hub.verify_token={VERIFY}&hub.challenge=1158")
    assert connection.getresponse().read() == b"1158", "verification"
    sent = under_load(stack, run, lambda: connect(meta))
    assert VERIFY not in nginx.log("access.log"), "the verify token is in nginx's log"
    assert stack.stop("run") == 0
    stack.run("load", "--until-idle")
    kept = int(stack.query("SELECT count(*) FROM messages")[0][0])
    assert kept == sent + 1, f"{kept} messages were kept of {sent + 1}"
    print(f"{sent} bodies through nginx while the receiver was replaced three times: each answered 200 and kept once")


if __name__ == "__main__":
    main()
