#!/usr/bin/env python3
"""TLS of the webhook listener, and clients that must show a certificate, as Meta does.

Usage: tls.py --sluice BINARY
"""

import argparse
import http.client
import os
import socket
import ssl
import sys
import threading
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


def main():
    options = argparse.ArgumentParser()
    options.add_argument("--sluice", required=True)
    options = options.parse_args()
    with Stack(options.sluice, "embedded") as stack:
        ours, theirs = Authority(stack.folder, "ours"), Authority(stack.folder, "theirs")
        certificate, key = ours.issue("server", "localhost", "DNS:localhost")
        meta = ours.issue("meta", CLIENT_NAME)
        other = ours.issue("other", "client.example")
        forged = theirs.issue("forged", CLIENT_NAME)

        # Without client certificates.
        configure(stack, certificate=certificate, key=key)
        stack.start("receive")
        stack.wait_ready()
        serve(stack, context_of(ours))
        for version in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
            body = body_of(50, int(version))
            assert stack.post(body, sign(body), connect(stack, context_of(ours, least=version, most=version)))[0] == 200
        old = context_of(ours, least=ssl.TLSVersion.TLSv1_1, most=ssl.TLSVersion.TLSv1_1)
        old.set_ciphers("ALL:@SECLEVEL=0")
        assert version_spoken(old, certificate, key) == "TLSv1.1", "the client of this test does not speak it"
        expect_no_http(stack, old, "TLS 1.1")
        expect_no_plain_http(stack)
        unsigned = body_of(51, 0)
        assert stack.post(unsigned, None, connect(stack, context_of(ours)))[0] == 401, "TLS alone lets a body in"
        assert stack.stop("receive") == 0

        # With them.
        configure(stack, certificate=certificate, key=key, client_ca=ours.certificate, client_name=CLIENT_NAME)
        stack.start("receive")
        stack.wait_ready()
        for version in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
            within = {"least": version, "most": version}
            body = body_of(52, int(version))
            assert stack.post(body, sign(body), connect(stack, context_of(ours, meta, **within)))[0] == 200
            expect_no_http(stack, context_of(ours, **within), "no certificate")
            expect_no_http(stack, context_of(ours, forged, **within), "another authority's certificate")
            expect_no_http(stack, context_of(ours, other, **within), "a certificate of another name")
        expect_no_plain_http(stack)
        serve(stack, context_of(ours, meta))
        assert stack.stop("receive") == 0

        # What cannot work is said.
        configure(stack, certificate=certificate, key=meta[1])
        done = stack.run("receive", check=False)
        assert done.returncode == 1 and "server.crt" in done.stderr and "meta.key" in done.stderr, done.stderr
        assert stack.run("check", check=False).returncode == 1, "sluice check lets a wrong key pass"
        configure(stack, certificate=certificate, key=key, client_ca=key)
        assert "holds no certificate" in stack.run("receive", check=False).stderr
        configure(stack, certificate=certificate, key=key, client_name=CLIENT_NAME)
        done = stack.run("receive", check=False)
        assert done.returncode == 2 and "client_ca is missing" in done.stderr, done.stderr

        configure(stack, certificate=certificate, key=key)
        checked = stack.run("check").stdout
        assert "tls" in checked, checked
        stack.run("load", "--until-idle")
        kept = int(stack.query("SELECT count(*) FROM messages")[0][0])
        assert kept == CONNECTIONS * POSTS + 4, f"{kept} messages were kept"
        print(f"{2 * (CONNECTIONS * POSTS + 2)} bodies taken over TLS; none from clients without a right certificate")


if __name__ == "__main__":
    main()
