"""One webhook endpoint as a process of its own, for tests that speak HTTP to it byte by byte. It needs no database."""

import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request

from stack import SECRET, VERIFY, WHATSAPP_CONNECTOR, free_port, sign

HOOK = "/hooks/acme/wa-main"
SAMPLE = re.compile(r'^(\w+)(?:\{(.*)\})? (\S+)$', re.M)
LABEL = re.compile(r'(\w+)="([^"]*)"')


class Receiver:
    """receive: further keys of that section; extra: further sections."""

    def __init__(self, sluice, receive="", connectors=WHATSAPP_CONNECTOR, extra=""):
        self.folder = tempfile.mkdtemp(prefix="sluice-receiver-")
        self.port, self.admin_port = free_port(), free_port()
        self.pipeline = os.path.join(self.folder, "pipeline.yaml")
        self.bus_path = os.path.join(self.folder, "bus.db")
        self.log_path = os.path.join(self.folder, "log")
        with open(self.pipeline, "w", encoding="utf-8") as f:
            f.write(f"""
database: {{ url: "postgresql:///nowhere" }}
bus: {{ kind: embedded, path: {self.bus_path} }}
receive: {{ listen: "127.0.0.1:{self.port}", admin: "127.0.0.1:{self.admin_port}", {receive} }}
{extra}
tenants:
  - slug: acme
    connectors:
{connectors}
""")
        with open(self.log_path, "wb") as log:
            self.process = subprocess.Popen([os.path.abspath(sluice), "-p", self.pipeline, "receive"], stdout=log, stderr=log)
        self.wait_ready()

    def wait_ready(self):
        until = time.monotonic() + 60
        while time.monotonic() < until and self.process.poll() is None:
            try:
                with urllib.request.urlopen(f"http://127.0.0.1:{self.admin_port}/readyz", timeout=5):
                    return
            except OSError:
                time.sleep(0.02)
        raise AssertionError("the receiver did not become ready:\n" + self.log())

    def log(self):
        with open(self.log_path, encoding="utf-8", errors="replace") as f:
            return f.read()

    def metrics(self):
        """{(name, (label values in the order of their names)): value}, without those that are zero."""
        with urllib.request.urlopen(f"http://127.0.0.1:{self.admin_port}/metrics", timeout=10) as answer:
            text = answer.read().decode()
        found = {}
        for name, labels, value in SAMPLE.findall(text):
            if float(value) != 0:
                found[(name, tuple(v for _, v in sorted(LABEL.findall(labels))))] = float(value)
        return found

    def verdicts(self):
        """{(connector, verdict): count}; the connector is "" where no route was found."""
        return {(labels[0], labels[2]): int(value) for (name, labels), value in self.metrics().items()
                if name == "sluice_receive_requests_total"}

    def memory_kib(self, key="VmRSS"):
        with open(f"/proc/{self.process.pid}/status", encoding="ascii") as f:
            return int(re.search(rf"^{key}:\s+(\d+) kB", f.read(), re.M).group(1))

    def connect(self, timeout=20):
        return socket.create_connection(("127.0.0.1", self.port), timeout=timeout)

    def stop(self):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        return self.process.wait(timeout=60)

    def __enter__(self):
        return self

    def __exit__(self, kind, value, trace):
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait(timeout=30)
        if kind is not None:
            print(f"--- end of the receiver's log ---\n{self.log()[-4000:]}", file=sys.stderr)
        shutil.rmtree(self.folder, ignore_errors=True)


def post(body=b"{}", headers=(), *, path=HOOK, method="POST", version="HTTP/1.1", host=True, signed=True, length=True):
    """The bytes of a request. headers: whole lines; length: whether Content-Length is said."""
    lines = [f"{method} {path} {version}"]
    if host:
        lines.append("Host: test")
    if signed:
        lines.append(f"X-Hub-Signature-256: {sign(body)}")
    if length:
        lines.append(f"Content-Length: {len(body)}")
    return "\r\n".join([*lines, *headers, "", ""]).encode("latin-1") + body


def chunks(*pieces, trailer=b""):
    return b"".join(b"%x\r\n%s\r\n" % (len(piece), piece) for piece in pieces) + b"0\r\n" + trailer + b"\r\n"


def chunked(body=b"{}", coded=None, headers=(), **options):
    """A request whose body goes in chunks; coded: those, if not the body in one."""
    head = post(body, ("Transfer-Encoding: chunked", *headers), length=False, **options)
    return head[:len(head) - len(body)] + (chunks(body) if coded is None else coded)


def verification(last=True):
    """A GET that is answered 200 whatever the bus does; after the last one the connection is closed."""
    return (f"GET {HOOK}?hub.mode=subscribe&hub.verify_token={VERIFY}&hub.challenge=probe HTTP/1.1\r\nHost: test\r\n"
            + ("Connection: close\r\n" if last else "") + "\r\n").encode()


def read_to_end(connection):
    data = b""
    try:
        while piece := connection.recv(65536):
            data += piece
    except ConnectionResetError:
        pass
    return data


def answers(data, without_body=()):
    """[(status, {header: value}, body)] of all that came; without_body: places of answers to HEAD. What follows the last
    answer of a connection is none: libmicrohttpd (0.9.75) says some heads of its own twice."""
    found = []
    while data:
        head, _, data = data.partition(b"\r\n\r\n")
        first, *lines = head.decode("latin-1").split("\r\n")
        assert re.match(r"HTTP/1\.[01] \d{3} ", first), f"no answer: {first[:100]!r}"
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
        status = int(first.split()[1])
        n = 0 if status == 100 or len(found) in without_body else int(headers["content-length"])
        found.append((status, headers, data[:n]))
        data = data[n:] if headers.get("connection") != "close" else b""
    return found


__all__ = ["HOOK", "SECRET", "Receiver", "answers", "chunked", "chunks", "post", "read_to_end", "sign", "verification"]
