#!/usr/bin/env python3
"""TLS of the webhook listener, and clients that must show a certificate, as Meta does.

Usage: tls.py --sluice BINARY
"""

import argparse
import http.client
import os
import shutil
import signal
import socket
import ssl
import sys
import threading
import time
import warnings

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
from certificates import Authority  # noqa: E402
from stack import WHATSAPP_CONNECTOR as WHATSAPP, Stack, sign, whatsapp_body  # noqa: E402

CLIENT_NAME = "client.webhooks.fbclientcerts.com"
CONNECTIONS, POSTS = 12, 15


def body_of(connection, number, size=0):
    contact = f"57300{4000000 + connection}"
    return whatsapp_body(
        contacts=[{"profile": {"name": "Contact"}, "wa_id": contact}],
        messages=[{"from": contact, "id": f"wamid.T{connection}.{number}.", "timestamp": "1772460000",
                   "type": "text", "text": {"body": f"message {number} " + "x" * size}}])


def context_of(authority, client=None, least=None, most=None):
    context = ssl.create_default_context(cafile=authority.certificate)
    if client:
        context.load_cert_chain(*client)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of what is out of date
        if least:
            context.minimum_version = least
        if most:
            context.maximum_version = most
    return context


def connect(stack, context):
    return http.client.HTTPSConnection("localhost", stack.port, timeout=20, context=context)


def post_all(stack, context, number, statuses):
    connection = connect(stack, context)
    for i in range(POSTS):
        body = body_of(number, i, 40000 if i % 5 == 4 else 0)
        statuses.append(stack.post(body, sign(body), connection)[0])
    connection.close()


# Of the server: an alert, or that it closes (0.9.75 of libmicrohttpd sends none). The client's own complaints are others.
REFUSALS = ("EOF", "ALERT")


def expect_no_http(stack, context, what):
    """With TLS 1.3 a client hears only after its handshake that the server has refused it."""
    body = body_of(99, 0)
    try:
        connection = connect(stack, context)
        status, _ = stack.post(body, sign(body), connection)
    except ssl.SSLError as refusal:
        assert any(word in str(refusal) for word in REFUSALS), f"{what}: {refusal!r}"
    except (ConnectionError, http.client.RemoteDisconnected):
        pass
    else:
        raise AssertionError(f"{what}: answered {status}")


def version_spoken(client_context, certificate, key):
    """With a server of Python's that speaks anything."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        server_context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        server_context.minimum_version = ssl.TLSVersion.TLSv1
    server_context.set_ciphers("ALL:@SECLEVEL=0")
    server_context.load_cert_chain(certificate, key)
    there, back = ssl.MemoryBIO(), ssl.MemoryBIO()
    client = client_context.wrap_bio(back, there, server_hostname="localhost")
    server = server_context.wrap_bio(there, back, server_side=True)
    for _ in range(5):
        for side in (client, server):
            try:
                side.do_handshake()
            except ssl.SSLWantReadError:
                pass
    return client.version()


def expect_no_plain_http(stack):
    with socket.create_connection(("127.0.0.1", stack.port), timeout=20) as plain:
        plain.sendall(b"GET /hooks/acme/wa-main HTTP/1.1\r\nHost: localhost\r\n\r\n")
        got = b""
        try:
            while piece := plain.recv(4096):
                got += piece
        except ConnectionError:
            pass
        assert b"HTTP/" not in got, f"plain HTTP was answered: {got[:100]}"


def configure(stack, **tls):
    plain = stack.pipeline_text("", WHATSAPP)
    section = ", ".join(f"{key}: {value}" for key, value in tls.items())
    with open(stack.pipeline, "w", encoding="utf-8") as f:
        f.write(plain.replace('receive: { listen:', f'receive: {{ tls: {{ {section} }}, listen:'))


def serve(stack, context):
    """Many connections at once, whose answers wait for the bus: they are suspended and resumed."""
    statuses = []
    threads = [threading.Thread(target=post_all, args=(stack, context, i, statuses)) for i in range(CONNECTIONS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    assert statuses == [200] * CONNECTIONS * POSTS, f"answers: {statuses}"


class Certificates:
    def __init__(self, folder):
        self.authority = Authority(folder, "ours")
        others = Authority(folder, "theirs")
        self.server = self.authority.issue("server", "localhost", "subjectAltName=DNS:localhost")
        self.served_later = others.issue("server-later", "localhost", "subjectAltName=DNS:localhost")
        self.later_authority = others
        issue = self.authority.issue
        self.accepted = {
            "Meta's": issue("meta", CLIENT_NAME, "extendedKeyUsage=clientAuth"),
            "one with several names": issue("named", "a client", f"subjectAltName=DNS:a.example,DNS:{CLIENT_NAME.upper()}")}
        self.refused = {
            "none": None,
            "another authority's": others.issue("forged", CLIENT_NAME),
            "one with longer names": issue("other", "x" + CLIENT_NAME, f"subjectAltName=DNS:{CLIENT_NAME}.example"),
            "a wildcard": issue("wildcard", "*.webhooks.fbclientcerts.com", "subjectAltName=DNS:*.webhooks.fbclientcerts.com"),
            "a server's": issue("server-only", CLIENT_NAME, "extendedKeyUsage=serverAuth"),
            "one out of date": issue("late", CLIENT_NAME, days=-1)}


VERSIONS = [{"least": v, "most": v} for v in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3)]


def expect_200(stack, context, contact, number):
    body = body_of(contact, number)
    status, _ = stack.post(body, sign(body), connect(stack, context))
    assert status == 200, f"answered {status}"


def metric(stack, name):
    connection = http.client.HTTPConnection("127.0.0.1", stack.admin_port, timeout=20)
    connection.request("GET", "/metrics")
    lines = connection.getresponse().read().decode().splitlines()
    connection.close()
    return next(int(line.split()[1]) for line in lines if line.startswith(name + " "))


def without_client_certificates(stack, ours):
    certificate, key = ours.server
    configure(stack, certificate=certificate, key=key)
    stack.start("receive")
    stack.wait_ready()
    serve(stack, context_of(ours.authority))
    for number, version in enumerate(VERSIONS):
        expect_200(stack, context_of(ours.authority, **version), 50, number)
    old = context_of(ours.authority, least=ssl.TLSVersion.TLSv1_1, most=ssl.TLSVersion.TLSv1_1)
    old.set_ciphers("ALL:@SECLEVEL=0")
    assert version_spoken(old, certificate, key) == "TLSv1.1", "the client of this test does not speak it"
    expect_no_http(stack, old, "TLS 1.1")
    expect_no_plain_http(stack)
    unsigned = body_of(51, 0)
    status, _ = stack.post(unsigned, None, connect(stack, context_of(ours.authority)))
    assert status == 401, f"TLS alone lets a body in: {status}"
    assert metric(stack, "sluice_receive_tls_failed_total") == 2
    assert stack.stop("receive") == 0
    return CONNECTIONS * POSTS + 2


def with_them(stack, ours):
    certificate, key = ours.server
    configure(stack, certificate=certificate, key=key, client_ca=ours.authority.certificate, client_name=CLIENT_NAME)
    stack.start("receive")
    stack.wait_ready()
    kept = refused = 0
    for version in VERSIONS:
        for client in ours.accepted.values():
            expect_200(stack, context_of(ours.authority, client, **version), 52, kept)
            kept += 1
        for what, client in ours.refused.items():
            expect_no_http(stack, context_of(ours.authority, client, **version), what)
            refused += 1
    expect_no_plain_http(stack)
    serve(stack, context_of(ours.authority, ours.accepted["Meta's"]))
    assert metric(stack, "sluice_receive_tls_failed_total") == refused + 1
    assert "client certificate refused" in stack.log("receive")
    assert stack.stop("receive") == 0
    return kept  # serve() has sent the same messages before


def renewed(stack, ours):
    """A certificate that is replaced is served after SIGHUP; one that cannot be used changes nothing."""
    certificate, key = (os.path.join(stack.folder, f"live.{kind}") for kind in ("crt", "key"))

    def install(pair):
        for source, target in zip(pair, (certificate, key)):
            shutil.copy(source, target)

    def wait_for_log(words):
        until = time.monotonic() + 30
        while words not in stack.log("run"):
            assert time.monotonic() < until, f"not in the log: {words}"
            time.sleep(0.02)

    install(ours.server)
    configure(stack, certificate=certificate, key=key)
    run = stack.start("run", "--roles", "receive")
    stack.wait_ready()
    install((ours.served_later[0], ours.server[1]))
    run.send_signal(signal.SIGHUP)
    wait_for_log("the new role ended before it was ready")
    expect_200(stack, context_of(ours.authority), 53, 0)
    install(ours.served_later)
    run.send_signal(signal.SIGHUP)
    wait_for_log("the new roles have taken over")
    expect_200(stack, context_of(ours.later_authority), 53, 1)
    assert stack.stop("run") == 0
    return 2


def what_cannot_work_is_said(stack, ours):
    certificate, key = ours.server
    other_key = ours.accepted["Meta's"][1]
    configure(stack, certificate=certificate, key=other_key)
    done = stack.run("receive", check=False)
    assert done.returncode == 1 and certificate in done.stderr and other_key in done.stderr, done.stderr
    configure(stack, certificate=certificate, key=key, client_ca=key)
    assert "holds no certificate" in stack.run("receive", check=False).stderr
    configure(stack, certificate=certificate, key=key, client_name=CLIENT_NAME)
    done = stack.run("receive", check=False)
    assert done.returncode == 2 and "client_ca is missing" in done.stderr, done.stderr


def main():
    options = argparse.ArgumentParser()
    options.add_argument("--sluice", required=True)
    options = options.parse_args()
    with Stack(options.sluice, "embedded") as stack:
        ours = Certificates(stack.folder)
        sent = without_client_certificates(stack, ours) + with_them(stack, ours) + renewed(stack, ours)
        stack.run("load", "--until-idle")
        kept = int(stack.query("SELECT count(*) FROM messages")[0][0])
        assert kept == sent, f"{kept} messages were kept of {sent}"
        what_cannot_work_is_said(stack, ours)
        print(f"{sent} messages taken over TLS; none from clients without a right certificate")


if __name__ == "__main__":
    main()
