"""What the test servers of HTTP APIs have in common: a clock that can be set, faults by script, a log of requests.

Server(answer, ...) runs in threads of this process; answer(request) gives an Answer, or None for 404. A fault is a dictionary:

    {"path": "getUpdates", "kind": "status", "status": 429, "retry_after": 3, "skip": 2, "times": 1}

path   regular expression searched in the request's path; absent = every request
skip   how many matching requests go by before it acts; times: how many it acts on (0 = all)
kind   status (status, body, content_type, retry_after), html (200 with a page), delay (seconds, then as usual), slow
       (bytes_per_second), truncate (the length is right, the connection closes after "share" of the body), length (the
       length is too large, and the connection closes), reset (RST after a part of the body), drop (closed without an
       answer), silent (nothing for "seconds", then closed), empty (200, no body), gzip, chunked, body (200 with "body")

By hand the same over HTTP: GET and POST /control/faults, GET /control/log, POST /control/clock {"now": ...} or {"advance": s}.
"""

import dataclasses
import datetime
import email.utils
import gzip
import http.server
import json
import re
import socket
import ssl
import struct
import threading
import time
import urllib.parse

UTC = datetime.timezone.utc


class Clock:
    """Real time plus a shift; or, once set, a time that stands still until it is moved."""

    def __init__(self, now=None):
        self.fixed = now

    def now(self):
        return datetime.datetime.now(UTC) if self.fixed is None else self.fixed

    def set(self, now):
        self.fixed = now

    def advance(self, **span):
        self.fixed = self.now() + datetime.timedelta(**span)


def parse_time(text):
    when = datetime.datetime.fromisoformat(text.replace("Z", "+00:00"))
    return when if when.tzinfo else when.replace(tzinfo=UTC)


@dataclasses.dataclass
class Request:
    method: str
    path: str
    query: dict  # first value of each name
    headers: object
    body: bytes
    at: float  # monotonic
    number: int
    fault: dict = None

    def parameters(self):
        """Query string, then a form or JSON body: the way such APIs read them."""
        found = dict(self.query)
        kind = self.headers.get("Content-Type", "")
        if kind.startswith("application/x-www-form-urlencoded"):
            found.update(urllib.parse.parse_qsl(self.body.decode(), keep_blank_values=True))
        elif kind.startswith("application/json") and self.body:
            found.update(json.loads(self.body))
        return found


@dataclasses.dataclass
class Answer:
    status: int
    body: bytes = b""
    headers: dict = dataclasses.field(default_factory=dict)

    @staticmethod
    def json(status, value, headers=None, **style):
        return Answer(status, json.dumps(value, **style).encode(), {"Content-Type": "application/json", **(headers or {})})


PAGE = b"<!DOCTYPE html>\n<html><head><title>502 Bad Gateway</title></head><body><h1>Bad Gateway</h1></body></html>\n"


class Closed(Exception):
    """The answer, as far as it goes, is out; the connection ends."""


class Server:
    """answer: a function of the request. Log and faults are safe to read and change from any thread."""

    def __init__(self, answer, port=0, clock=None, certificate=None, control=None):
        self.answer, self.control = answer, control
        self.clock = clock or Clock()
        self.lock = threading.Lock()
        self.faults, self.log, self.open_requests = [], [], 0
        self.stopping = False
        self.httpd = Threads(("127.0.0.1", port), handler_of(self))
        if certificate:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(*certificate)
            self.httpd.socket = context.wrap_socket(self.httpd.socket, server_side=True, do_handshake_on_connect=False)
        self.port = self.httpd.server_address[1]
        self.url = f"{'https' if certificate else 'http'}://127.0.0.1:{self.port}"
        self.thread = threading.Thread(target=self.httpd.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)

    def start(self):
        self.thread.start()
        return self

    def stop(self):
        self.stopping = True
        self.httpd.shutdown()
        self.httpd.server_close()

    def __enter__(self):
        return self.start()

    def __exit__(self, *_):
        self.stop()

    def fault(self, kind, path="", skip=0, times=1, **more):
        with self.lock:
            self.faults.append({"kind": kind, "path": path, "skip": skip, "times": times, "seen": 0, **more})

    def requests(self, path=""):
        with self.lock:
            return [entry for entry in self.log if re.search(path, entry["path"])]

    def take_fault(self, path):
        with self.lock:
            for fault in self.faults:
                if not re.search(fault.get("path", ""), path):
                    continue
                seen = fault["seen"] = fault.get("seen", 0) + 1
                past = seen - fault.get("skip", 0)
                times = fault.get("times", 1)
                if past > 0 and (times == 0 or past <= times):
                    return dict(fault)
        return None

    def note(self, request, status):
        with self.lock:
            self.log.append({"number": request.number, "at": request.at, "clock": self.clock.now().isoformat(), "method": request.method, "path": request.path,
                             "query": request.query, "status": status, "fault": (request.fault or {}).get("kind")})

    def handle_control(self, request):
        body = json.loads(request.body) if request.body else {}
        if request.path == "/control/faults":
            with self.lock:
                if request.method == "POST":
                    self.faults.extend({"seen": 0, **fault} for fault in (body if isinstance(body, list) else [body]))
                elif request.method == "DELETE":
                    self.faults.clear()
                return Answer.json(200, self.faults)
        if request.path == "/control/log":
            return Answer.json(200, self.requests())
        if request.path == "/control/clock":
            if "now" in body:
                self.clock.set(parse_time(body["now"]))
            if "advance" in body:
                self.clock.advance(seconds=float(body["advance"]))
            return Answer.json(200, {"now": self.clock.now().isoformat()})
        return self.control(request, body) if self.control else None


class Threads(http.server.ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def handle_error(self, request, client_address):
        """Clients that go away are part of the tests."""


def handler_of(server):
    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        numbers = iter(range(1, 1 << 60))
        disable_nagle_algorithm = True

        def log_message(self, *_):
            pass

        def date_time_string(self, timestamp=None):
            return email.utils.format_datetime(server.clock.now(), usegmt=True)

        def version_string(self):
            return "test"

        def do_GET(self):
            split = urllib.parse.urlsplit(self.path)
            length = int(self.headers.get("Content-Length") or 0)
            request = Request(self.command, split.path, dict(urllib.parse.parse_qsl(split.query, keep_blank_values=True)),
                              self.headers, self.rfile.read(length), time.monotonic(), next(Handler.numbers))
            try:
                if split.path.startswith("/control/"):
                    return self.send(server.handle_control(request) or Answer.json(404, {}), request)
                self.serve(request)
            except (Closed, OSError):
                self.close_connection = True

        do_POST = do_DELETE = do_PUT = do_PATCH = do_GET

        def serve(self, request):
            fault = request.fault = server.take_fault(request.path)
            kind = fault["kind"] if fault else None
            if kind in ("drop", "silent"):
                server.note(request, 0)
                self.wait(fault.get("seconds", 30) if kind == "silent" else 0)
                raise Closed
            if kind == "delay":
                self.wait(fault["seconds"])
            replaced = replacement(fault) if fault else None
            answer = replaced or server.answer(request) or Answer.json(404, {"ok": False, "error_code": 404, "description": "Not Found"})
            server.note(request, answer.status)
            self.send(answer, request)

        @staticmethod
        def wait(seconds):
            until = time.monotonic() + seconds
            while not server.stopping and time.monotonic() < until:
                time.sleep(0.02)

        def send(self, answer, request):
            fault = request.fault or {}
            kind, body, headers = fault.get("kind"), answer.body, dict(answer.headers)
            if kind == "gzip":
                body, headers = gzip.compress(body), {**headers, "Content-Encoding": "gzip"}
            self.send_response(answer.status)
            for name, value in headers.items():
                self.send_header(name, value)
            if kind == "chunked":
                self.send_header("Transfer-Encoding", "chunked")
                self.end_headers()
                return self.send_chunks(body)
            self.send_header("Content-Length", str(len(body) + (fault.get("extra", 100) if kind == "length" else 0)))
            self.end_headers()
            if kind in ("truncate", "reset"):
                self.wfile.write(body[:int(len(body) * fault.get("share", 0.5))])
                self.wfile.flush()
                if kind == "reset":
                    self.reset()
                raise Closed
            if kind == "slow":
                return self.send_slowly(body, fault.get("bytes_per_second", 1))
            self.wfile.write(body)
            if kind == "length":
                raise Closed

        def send_chunks(self, body):
            for at in range(0, len(body), 997):
                piece = body[at:at + 997]
                self.wfile.write(b"%x\r\n%s\r\n" % (len(piece), piece))
            self.wfile.write(b"0\r\n\r\n")

        def send_slowly(self, body, bytes_per_second):
            step = max(1, bytes_per_second // 20)
            for at in range(0, len(body), step):
                self.wfile.write(body[at:at + step])
                self.wfile.flush()
                self.wait(step / bytes_per_second)
                if server.stopping:
                    raise Closed

        def reset(self):
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self.connection.close()

    return Handler


def replacement(fault):
    """The answer that a fault gives instead of the real one; None: the real one, perhaps spoiled on its way."""
    kind = fault["kind"]
    if kind == "html":
        return Answer(200, PAGE, {"Content-Type": "text/html"})
    if kind == "empty":
        return Answer(200, b"", {"Content-Type": "application/json"})
    if kind == "body":
        return Answer(200, fault["body"].encode(), {"Content-Type": fault.get("content_type", "application/json")})
    if kind != "status":
        return None
    headers = {"Content-Type": fault.get("content_type", "text/html")}
    if fault.get("retry_after") is not None:
        headers["Retry-After"] = str(fault["retry_after"])
    return Answer(fault["status"], fault["body"].encode() if "body" in fault else PAGE, headers)


def certificate(folder, name="127.0.0.1"):
    """A self-signed certificate for tests: (certificate file, key file)."""
    import os
    import subprocess
    files = os.path.join(folder, "server.pem"), os.path.join(folder, "server.key")
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2",
                    "-subj", "/CN=test", "-addext", f"subjectAltName=IP:{name}", "-out", files[0], "-keyout", files[1]],
                   check=True, capture_output=True)
    return files
