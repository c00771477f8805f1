#!/usr/bin/env python3
"""What is no sound HTTP, or strange though sound, at the door of the real receiver: every shape has its answers and its
counts in /metrics, which must hold these and no others. Usage: hostile_http.py --sluice BINARY
"""

import argparse
import collections
import gzip
import pathlib
import socket
import sys
import time
import zlib

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
from receiver import HOOK, Receiver, answers, chunked, chunks, post, read_to_end, sign, verification  # noqa: E402
from stack import WHATSAPP_CONNECTOR  # noqa: E402

WA, OWN, MAILGUN = "wa-main", "own", "mails"
KEY = "key-of-own-programs"
CONNECTORS = WHATSAPP_CONNECTOR + f"""
      - {{ name: {OWN}, channel: webchat, account: main, keys: ["{KEY}"], max_body: 2KiB }}
      - {{ name: {MAILGUN}, channel: email, address: a@example.org, mode: webhook, provider: mailgun, signing_keys: ["k"] }}"""
GZIP = "Content-Encoding: gzip"
BOMB = gzip.compress(bytes(20 << 20))
TWO = (b'{"object":', b'"x"}')
JOINED = b"".join(TWO)


def smuggled(*headers, body=b"0\r\n\r\n", host=True, version="HTTP/1.1"):
    """A signed request whose end is seen at two places, and behind it what must not be taken for a request."""
    return post(body, headers, host=host, length=False, version=version)


def own(body, *lines):
    return post(body, (f"Authorization: Bearer {KEY}", *lines), path="/hooks/acme/own", signed=False)


# Each: name, bytes, statuses, verdicts {(connector, verdict): count}, statuses that libmicrohttpd counts itself.
# After the bytes goes a verification; it is answered (200) unless the connection is closed before ("closed").
CASES = [
    ("one after the other", post() * 3, [200] * 3, {(WA, "stored"): 3}, {}),
    ("chunks", chunked(JOINED, chunks(*TWO)), [200], {(WA, "stored"): 1}, {}),
    ("chunks of one byte", chunked(JOINED, chunks(*(bytes([c]) for c in JOINED))), [200], {(WA, "stored"): 1}, {}),
    ("a chunk's extension", chunked(b"{}", b'2;a="b"\r\n{}\r\n0;last\r\n\r\n'), [200], {(WA, "stored"): 1}, {}),
    ("sizes with zeros and capitals", chunked(b"{" + b" " * 9 + b"}", b"00B\r\n{         }\r\n000\r\n\r\n"), [200],
     {(WA, "stored"): 1}, {}),
    ("trailers", chunked(b"{}", chunks(b"{}", trailer=b"X-A: b\r\nContent-Length: 7\r\n")), [200], {(WA, "stored"): 1}, {}),
    ("a signature in the trailers", chunked(b"{}", chunks(b"{}", trailer=f"X-Hub-Signature-256: {sign(b'{}')}\r\n".encode()),
                                            signed=False), [401], {(WA, "unauthorized"): 1}, {}),
    ("chunks without any", chunked(b"", b"0\r\n\r\n"), [200], {(WA, "stored"): 1}, {}),
    *[(f"a chunk's size {size!r}", chunked(b"{}", size + b"\r\n{}\r\n0\r\n\r\n"), ["closed", 400], {(WA, "malformed"): 1}, {"400": 1})
      for size in (b"", b"g", b"-2", b"+2", b"0x2", b" 2", b"2 ", b"2\t", b"2,0", b"\xb2")],
    ("a chunk's size beyond 64 bits", chunked(b"{}", b"f" * 17 + b"\r\n{}"), ["closed", 413], {(WA, "malformed"): 1}, {"413": 1}),
    ("a chunk longer than its size", chunked(b"{}", b"1\r\n{}\r\n0\r\n\r\n"), ["closed", 400], {(WA, "malformed"): 1}, {"400": 1}),
    ("a trailer without a colon", chunked(b"{}", chunks(b"{}", trailer=b"oops\r\n")), ["closed", 400], {(WA, "malformed"): 1}, {"400": 1}),
    ("a body whose size is said too late", chunked(bytes(5 << 20)), [413], {(WA, "too_large"): 1}, {}),

    # ---- two ends ----
    *[(f"two ends: {' and '.join(lines)}", smuggled(*lines), ["closed", 400], {(WA, "malformed"): 1}, {}) for lines in (
        ("Content-Length: 5", "Transfer-Encoding: chunked"),
        ("Transfer-Encoding: chunked", "Content-Length: 5"),
        ("Content-Length: 5", "Content-Length: 5"),
        ("Content-Length: 5", "Content-Length: 0"),
        ("Content-Length: 0", "content-length: 5"),
        ("Transfer-Encoding: chunked", "Transfer-Encoding: chunked"),
        ("Transfer-Encoding: chunked", "Transfer-Encoding: identity"),
        ("Transfer-Encoding: identity",),
        ("Transfer-Encoding: gzip, chunked",),
        ("Transfer-Encoding: xchunked",),
        ("Transfer-Encoding: \x0bchunked",),
        ("Transfer-Encoding : chunked",),
        ("Transfer-Encoding\t: chunked",),
        ("Content-Length : 5",),
        ("X: y\rContent-Length: 5",),
        ("Host: other", "Content-Length: 5"))],
    *[(f"a length of {text!r}", smuggled(f"Content-Length: {text}"), ["closed", 400], {(WA, "malformed"): 1}, {"400": 1})
      for text in ("", "x", "-5", "+5", "5 5", "5,5", "5, 5", "0x5", "5.0", "5 ", "5\t")],
    ("a length beyond 64 bits", smuggled("Content-Length: 18446744073709551616"), ["closed", 413], {(WA, "malformed"): 1}, {"413": 1}),
    ("a length that is too large", smuggled("Content-Length: 18446744073709551615"), ["closed", 413], {(WA, "too_large"): 1}, {}),
    ("chunks of HTTP/1.0", chunked(b"{}", version="HTTP/1.0"), ["closed", 400], {(WA, "malformed"): 1}, {}),
    *[(f"a header that is folded, {fold!r}", post(b"{}", fold), ["closed", 400], {(WA, "malformed"): 1}, {})
      for fold in (("X-A: b", " c"), ("X-A:", "\tb"), ("X-A: b", " c", " d"))],
    ("a folded coding", post(b"", ("Transfer-Encoding:", " chunked"), length=False) + chunks(), ["closed", 400],
     {(WA, "malformed"): 1}, {}),
    ("a body with a GET", post(b"hello", method="GET"), [403], {(WA, "forbidden"): 1}, {}),
    ("a request for a body", post(verification()), [200], {(WA, "stored"): 1}, {}),
    ("nothing about the body", post(b"", length=False), [200], {(WA, "stored"): 1}, {}),
    ("nothing about the body, and one", post(b"", length=False) + b"{}", [200, "closed", 405], {(WA, "stored"): 1, (WA, "method"): 1}, {}),

    # ---- versions and request lines ----
    ("HTTP/1.0", post(version="HTTP/1.0", host=False), ["closed", 200], {(WA, "stored"): 1}, {}),
    ("HTTP/1.0 that goes on", post(b"{}", ("Connection: keep-alive",), version="HTTP/1.0"), [200], {(WA, "stored"): 1}, {}),
    ("a later HTTP/1", post(version="HTTP/1.7"), [200], {(WA, "stored"): 1}, {}),
    ("HTTP/1.1 without a host", post(host=False), ["closed", 400], {(WA, "malformed"): 1}, {"400": 1}),
    ("HTTP/2", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", ["closed", 505], {}, {"505": 1}),
    ("HTTP/0.9", b"GET /\r\n", ["closed", 400], {}, {"400": 1}),
    ("a version before 1", post(version="HTTP/0.9"), ["closed", 505], {}, {"505": 1}),
    ("no version", post(version="http/1.1"), ["closed", 400], {}, {"400": 1}),
    ("empty lines before", b"\r\n\r\n" + post(), [200], {(WA, "stored"): 1}, {}),
    ("lines that end in LF alone", post().replace(b"\r\n", b"\n"), [200], {(WA, "stored"): 1}, {}),
    ("one word", b"hello\r\n\r\n", ["closed"], {}, {}),
    ("a blank in the path", post(path=HOOK + " x"), ["closed"], {}, {}),
    ("the beginning of TLS", bytes.fromhex("16030100c8010000c40303") + bytes(range(1, 200)).replace(b"\n", b"") + b"\r\n\r\n",
     ["closed", 400], {}, {"400": 1}),
    ("the whole address", post(path="http://hooks.example" + HOOK), [200], {(WA, "stored"): 1}, {}),
    ("the whole address, HTTPS", post(path="HTTPS://hooks.example:8443" + HOOK + "?a=b"), [200], {(WA, "stored"): 1}, {}),
    ("an address without a path", post(path="http://hooks.example"), [404], {("", "not_found"): 1}, {}),
    ("a question behind the path", post(path=HOOK + "?a=%00&b"), [200], {(WA, "stored"): 1}, {}),
    *[(f"the path {path}", post(path=path), [404], {("", "not_found"): 1}, {}) for path in (
        "/", "*", "//hooks/acme/wa-main", "/hooks/acme/wa-main/", "/hooks/acme//wa-main", "/hooks/acme/./wa-main",
        "/hooks/acme/x/../wa-main", "/hooks/acme/%2e%2e/acme/wa-main", "/hooks/acme/wa%2dmain", "/hooks/acme%2fwa-main",
        "/hooks/acme/wa-main%00", "/hooks/acme/wa-main%2500", "/hooks/acme/wa-main%", "/Hooks/acme/wa-main", "hooks/acme/wa-main",
        "/hooks/acme/wa-main;v=1", "/hooks/acme/wa-main%3fx", "/hooks/acme/" + "a" * 2000, "ftp://x/hooks/acme/wa-main",
        "/hooks/acme/wa-main/sent", "/metrics")],
    *[(f"the method {method}", post(method=method), [405], {(WA, "method"): 1}, {})
      for method in ("PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "CONNECT", "post", "FOO", "P\xd6ST")],
    ("an unknown route and method", post(method="PUT", path="/x"), [404], {("", "not_found"): 1}, {}),

    # ---- headers ----
    ("a header without a colon", post(b"{}", ("oops",)), ["closed", 400], {(WA, "malformed"): 1}, {"400": 1}),
    *[(f"a header without a name, {line!r}", post(b"{}", (line,)), ["closed", 400], {(WA, "malformed"): 1}, {})
      for line in (": x", ":", ":Content-Length: 0")],
    *[(f"a NUL in a header, {lines!r}", post(b"{}", lines), ["closed", 400], {(WA, "malformed"): 1}, {})
      for lines in (("X-A: b\0c",), ("X-A: b\0c", "X-B: c"))],
    ("a NUL in a header's name", post(b"{}", ("X-A\0b: c",)), ["closed", 400], {(WA, "malformed"): 1}, {"400": 1}),
    ("one large header", post(b"{}", ("X-A: " + "b" * 40000,)), ["closed", 431], {(WA, "malformed"): 1}, {"431": 1}),
    ("many small headers", post(b"{}", ["a:"] * 3000), ["closed", 431], {(WA, "malformed"): 1}, {"431": 1}),
    ("trailers without end", chunked(b"{}", chunks(b"{}", trailer=b"a:\r\n" * 9000)), ["closed", 431], {(WA, "malformed"): 1}, {"431": 1}),
    ("a long request line", post(path="/" + "a" * 40000), ["closed", 414], {}, {"414": 1}),

    # ---- compressed bodies: what is signed is what was sent ----
    ("gzip", post(gzip.compress(b"{}"), (GZIP,)), [200], {(WA, "stored"): 1}, {}),
    ("gzip in chunks", chunked(gzip.compress(b"{}"), headers=(GZIP,)), [200], {(WA, "stored"): 1}, {}),
    ("several members", post(gzip.compress(b'{"a":') + gzip.compress(b"1}"), ("Content-Encoding: X-GZIP",)), [200],
     {(WA, "stored"): 1}, {}),
    ("gzip, signed before", post(gzip.compress(b"{}"), (GZIP, f"X-Hub-Signature-256: {sign(b'{}')}"), signed=False), [401],
     {(WA, "unauthorized"): 1}, {}),
    ("a bomb, not signed", post(BOMB, (GZIP,), signed=False), [401], {(WA, "unauthorized"): 1}, {}),
    ("a bomb", post(BOMB, (GZIP,)), [413], {(WA, "too_large"): 1}, {}),
    ("gzip cut short", post(gzip.compress(b"{}")[:-1], (GZIP,)), [400], {(WA, "malformed"): 1}, {}),
    ("gzip with another sum", post(gzip.compress(b"{}")[:-8] + bytes(8), (GZIP,)), [400], {(WA, "malformed"): 1}, {}),
    ("something behind gzip", post(gzip.compress(b"{}") + b"\0", (GZIP,)), [400], {(WA, "malformed"): 1}, {}),
    ("no gzip", post(b"{}", (GZIP,)), [400], {(WA, "malformed"): 1}, {}),
    ("no bytes as gzip", post(b"", (GZIP,)), [400], {(WA, "malformed"): 1}, {}),
    ("coded as itself", post(b"{}", ("Content-Encoding: identity",)), [200], {(WA, "stored"): 1}, {}),
    *[(f"coded by {coding}", post(zlib.compress(b"{}"), (f"Content-Encoding: {coding}",)), [415], {(WA, "encoding"): 1}, {})
      for coding in ("deflate", "br", "zstd", "gzip, gzip", "gzip\r\nContent-Encoding: gzip")],
    ("gzip where the proof is inside", post(gzip.compress(b"{}"), (GZIP,), path="/hooks/acme/mails"), [415], {(MAILGUN, "encoding"): 1}, {}),
    ("coded and of nobody", post(b"{}", ("Content-Encoding: br",), signed=False), [401], {(WA, "unauthorized"): 1}, {}),
    ("gzip of an own program", own(gzip.compress(b"[]"), GZIP), [200], {(OWN, "stored"): 1}, {}),

    # ---- a connector's own limit ----
    ("as large as a connector takes", own(b" " * 2048), [200], {(OWN, "stored"): 1}, {}),
    ("larger than a connector takes", own(b" " * 2049), ["closed", 413], {(OWN, "too_large"): 1}, {}),
    ("unfolded as large as it takes", own(gzip.compress(b" " * 2048), GZIP), [200], {(OWN, "stored"): 1}, {}),
    ("unfolded larger than it takes", own(gzip.compress(b" " * 2049), GZIP), [413], {(OWN, "too_large"): 1}, {}),
]


def tally(receiver):
    http = {labels[0]: int(value) for (name, labels), value in receiver.metrics().items()
            if name == "sluice_receive_http_errors_total"}
    return collections.Counter(receiver.verdicts()), collections.Counter(http)


def difference(receiver, before):
    now = tally(receiver)
    return dict(now[0] - before[0]), dict(now[1] - before[1])


def exchange(receiver, data, half=False):
    with receiver.connect() as connection:
        connection.sendall(data)
        if half:
            connection.shutdown(socket.SHUT_WR)
        return read_to_end(connection)


def check(receiver, name, before, expected, found):
    got = (found, *difference(receiver, before))
    if got != expected:
        print(f"{name}:\n  got      {got}\n  expected {expected}")
    return got == expected


def run_case(receiver, case):
    name, data, statuses, verdicts, errors = case
    before = tally(receiver)
    found = [status for status, _, _ in answers(exchange(receiver, data + verification()))]
    if "closed" in statuses:
        statuses = [status for status in statuses if status != "closed"]
    else:
        statuses = statuses + [200]
        verdicts = {**verdicts, (WA, "verified"): 1}
    return check(receiver, name, before, (statuses, verdicts, errors), found)


def wait_until(condition, what):
    until = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < until, f"never happened: {what}"
        time.sleep(0.02)


def closes_half(receiver):
    """Who has sent all may close that side, and still hear; so may who has sent some, but to no effect."""
    before = tally(receiver)
    found = [status for status, _, _ in answers(exchange(receiver, post(), half=True))]
    cut = exchange(receiver, post()[:-1], half=True) + exchange(receiver, post()[:-9], half=True)
    assert not cut, cut
    return check(receiver, "half closed", before, ([200], {(WA, "stored"): 1, (WA, "aborted"): 2}, {}), found)


def goes_away(receiver):
    """In the headers, in a body, in a chunk: nothing is kept."""
    before = tally(receiver)
    body = bytes(100_000)
    beginnings = [post()[:40], post(body)[:60_000], chunked(body)[:60_000], chunked(body, b"5\r\n12")]
    for beginning in beginnings:
        with receiver.connect() as connection:
            connection.sendall(beginning)
    wait_until(lambda: sum(difference(receiver, before)[0].values()) == len(beginnings), "all are gone")
    assert ("sluice_receive_body_bytes", ()) not in receiver.metrics()
    return check(receiver, "goes away", before, ([], {(WA, "aborted"): len(beginnings)}, {}), [])


def waits_to_send(receiver):
    """Who asks first hears 100 and then the answer, or the refusal without having sent anything."""
    failed = False
    expect = ("Expect: 100-continue",)
    for head, interim, status, verdict in (
            (post(b"{}", expect), 100, 200, "stored"),
            (post(b"{}", expect, signed=False), None, 401, "unauthorized"),
            (post(bytes(5 << 20), expect), None, 413, "too_large"),
            (post(zlib.compress(b"{}"), (*expect, "Content-Encoding: deflate")), None, 415, "encoding"),
            (post(b"{}", expect, version="HTTP/1.0"), None, 200, "stored")):
        before = tally(receiver)
        end = head.index(b"\r\n\r\n") + 4
        with receiver.connect() as connection:
            connection.sendall(head[:end])
            data = connection.recv(65536) if status != 200 or interim else b""
            if status == 200:
                connection.sendall(head[end:] + verification())
            data += read_to_end(connection)
        found = [s for s, _, _ in answers(data)]
        is_kept = status == 200 and interim is not None
        expected = [s for s in (interim, status, 200 if is_kept else None) if s]
        verdicts = {(WA, verdict): 1, **({(WA, "verified"): 1} if is_kept else {})}
        failed |= not check(receiver, f"Expect, {verdict}", before, (expected, verdicts, {}), found)
    return not failed


def heads(receiver):
    """HEAD is refused like any other method, without a body; what may be done is said."""
    data = exchange(receiver, post(b"", method="HEAD") + verification())
    found = answers(data, without_body=(0,))
    assert [status for status, _, _ in found] == [405, 200], found
    assert found[0][1]["allow"] == "GET, POST" and not found[0][2]
    refused = answers(exchange(receiver, post(b"{}", ("Content-Encoding: br",)) + verification()))
    assert refused[0][1]["accept-encoding"] == "gzip"
    return True


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sluice", required=True)
    arguments = parser.parse_args()
    with Receiver(arguments.sluice, connectors=CONNECTORS) as receiver:
        failed = [case[0] for case in CASES if not run_case(receiver, case)]
        failed += [test.__name__ for test in (waits_to_send, heads) if not test(receiver)]
        print(f"{len(CASES)} shapes, {len(failed)} failed")
        assert not failed, failed
        assert receiver.stop() == 0


if __name__ == "__main__":
    main()
