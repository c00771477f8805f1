#!/usr/bin/env python3
"""Amazon SNS as a webhook's receiver sees it: the host of its certificates and confirmations, and messages that it signs.

All keys are made by the openssl command line, which also signs. By hand:
    python3 tests/servers/sns.py FOLDER
serves until it is interrupted and prints the pipeline keys that lead there. As a module: SnsHost and Topic.
"""

import collections
import http.server
import json
import os
import ssl
import subprocess
import sys
import threading
import time
import urllib.parse
import uuid

REGIONS = ("sns.us-east-1.amazonaws.com", "sns.eu-west-1.amazonaws.com", "sns.cn-north-1.amazonaws.com.cn")
SIGNED = {"Notification": ("Message", "MessageId", "Subject", "Timestamp", "TopicArn", "Type")}
SIGNED_CONFIRMATION = ("Message", "MessageId", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type")


def openssl(*arguments, data=None):
    done = subprocess.run(["openssl", *arguments], input=data, capture_output=True, timeout=60, check=False)
    if done.returncode != 0:
        raise RuntimeError(f"openssl {' '.join(arguments)}: {done.stderr.decode()}")
    return done.stdout


class Keys:
    """An authority, the host's certificate by it, and certificates that sign messages."""

    def __init__(self, folder):
        self.folder = folder
        self.authority = self.make("authority", "/CN=Test authority")
        names = ",".join("DNS:" + name for name in REGIONS)
        self.host = self.make("host", "/CN=sns.amazonaws.com", "-CA", self.path("authority.pem"), "-CAkey", self.path("authority.key"),
                              "-addext", f"subjectAltName={names}")
        self.signing = self.make("signing", "/CN=sns.amazonaws.com")

    def path(self, name):
        return os.path.join(self.folder, name)

    def make(self, name, subject, *options, key=("rsa:2048",), days="2"):
        openssl("req", "-x509", "-nodes", "-newkey", *key, "-subj", subject, "-days", days, "-keyout", self.path(f"{name}.key"),
                "-out", self.path(f"{name}.pem"), *options)
        return self.path(f"{name}.pem")

    def make_expired(self):
        """openssl req has no way to say when a certificate begins; openssl ca has."""
        name = self.path("expired")
        with open(name + ".cnf", "w", encoding="utf-8") as f:
            f.write(f"[ca]\ndefault_ca=d\n[d]\nnew_certs_dir={self.folder}\ndatabase={name}.txt\nserial={name}.serial\n"
                    f"default_md=sha256\npolicy=p\n[p]\ncommonName=supplied\n")
        open(name + ".txt", "w", encoding="utf-8").close()
        with open(name + ".serial", "w", encoding="utf-8") as f:
            f.write("01\n")
        openssl("req", "-new", "-key", self.path("signing.key"), "-subj", "/CN=sns.amazonaws.com", "-out", name + ".csr")
        openssl("ca", "-batch", "-config", name + ".cnf", "-selfsign", "-keyfile", self.path("signing.key"), "-in", name + ".csr",
                "-startdate", "20200101000000Z", "-enddate", "20210101000000Z", "-notext", "-out", name + ".pem")
        return name + ".pem"


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request, client_address):
        """Clients that do not like the certificate hang up."""


class SnsHost:
    """Serves what it is given at a path of sns.<region>.amazonaws.com on a port of its own; counts what is asked for."""

    def __init__(self, folder):
        self.keys = Keys(folder)
        self.pages = {}  # path -> (status, bytes) or a function that gives them
        self.asked = collections.Counter()
        self.confirmed = []
        self.confirms_with = 200
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.keys.host, self.keys.path("host.key"))
        self.server = Server(("127.0.0.1", 0), self.handler())
        self.server.socket = context.wrap_socket(self.server.socket, server_side=True)
        self.port = self.server.server_address[1]
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True)
        self.thread.start()

    def handler(self):
        host = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                status, page = host.page(self.path)
                self.send_response(status)
                if status in (301, 302):
                    self.send_header("Location", page.decode())
                self.send_header("Content-Length", str(len(page)))
                self.end_headers()
                self.wfile.write(page)

            def log_message(self, *_):
                pass

        return Handler

    def page(self, path):
        self.asked[path] += 1
        url = urllib.parse.urlsplit(path)
        query = urllib.parse.parse_qs(url.query)
        if query.get("Action") == ["ConfirmSubscription"]:
            if self.confirms_with == 200:
                self.confirmed.append((query["TopicArn"][0], query["Token"][0]))
            return self.confirms_with, b"<ConfirmSubscriptionResponse/>"
        page = self.pages.get(url.path, (403, b"<Error><Code>AccessDenied</Code></Error>"))
        return page() if callable(page) else page

    def serve_file(self, path, name):
        with open(name, "rb") as f:
            self.pages[path] = (200, f.read())

    def settings(self):
        """Of the pipeline file."""
        return f'sns_connect_to: "127.0.0.1:{self.port}", sns_ca_file: "{self.keys.authority}"'

    def close(self):
        self.server.shutdown()
        self.server.server_close()


class Topic:
    """Makes messages of one topic; key names the private key that signs them."""

    def __init__(self, arn, key, certificate_url):
        self.arn, self.key, self.certificate_url = arn, key, certificate_url

    def members(self, kind, text, age_s=0, **further):
        then = time.time() - age_s
        stamp = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(then)) + f".{int(then % 1 * 1000):03}Z"
        message = {"Type": kind, "MessageId": str(uuid.uuid4()), "TopicArn": self.arn, "Message": text, "Timestamp": stamp,
                   "SigningCertURL": self.certificate_url}
        if kind != "Notification":
            message["Token"] = "2336412f37fb687f5d51e6e2425e" + uuid.uuid4().hex
            region = self.arn.split(":")[3]
            message["SubscribeURL"] = f"https://sns.{region}.amazonaws.com/?" + urllib.parse.urlencode(
                {"Action": "ConfirmSubscription", "TopicArn": self.arn, "Token": message["Token"]})
        return {**message, **further}

    def sign(self, message, version="2"):
        names = SIGNED.get(message["Type"], SIGNED_CONFIRMATION)
        text = "".join(f"{name}\n{message[name]}\n" for name in names if name in message)
        signature = openssl("dgst", "-sha1" if version == "1" else "-sha256", "-sign", self.key, data=text.encode())
        encoded = openssl("base64", "-A", data=signature).decode()
        return {**message, "SignatureVersion": version, "Signature": encoded}

    def post(self, kind, text, version="2", age_s=0, **further):
        """The headers and the body of a request."""
        return self.request(self.sign(self.members(kind, text, age_s, **further), version))

    @staticmethod
    def request(message):
        headers = [("Content-Type", "text/plain; charset=UTF-8"), ("x-amz-sns-message-type", message["Type"]),
                   ("x-amz-sns-message-id", message["MessageId"]), ("x-amz-sns-topic-arn", message["TopicArn"])]
        return headers, json.dumps(message, indent=2).encode()


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    host = SnsHost(sys.argv[1])
    host.serve_file("/signing.pem", host.keys.signing)
    print("{ " + host.settings() + " }", flush=True)
    try:
        threading.Event().wait()
    except KeyboardInterrupt:
        host.close()


if __name__ == "__main__":
    main()
