"""A throw-away sluice for flow tests: its own database, bus and folder; the real binary, PostgreSQL and Kafka."""

import hashlib
import hmac
import http.client
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import uuid

ACCOUNT = "106540352242922"
SECRET = "flow-test-app-secret"
VERIFY = "flow-test-verify-token"


def need_env(name):
    value = os.environ.get(name)
    if not value:
        sys.exit(f"{name} is not set: run scripts/test, which starts what the tests need")
    return value


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def sign(body, secret=SECRET):
    return "sha256=" + hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()


WHATSAPP_CONNECTOR = f"""      - name: wa-main
        channel: whatsapp
        account: "{ACCOUNT}"
        verify_token: "{VERIFY}"
        app_secrets: ["{SECRET}"]"""


class Stack:
    """One database, one bus, one pipeline file; start(role) runs a role of it."""

    def __init__(self, sluice, bus, extra="", connectors=WHATSAPP_CONNECTOR, template=None):
        """template: a Stack whose database is copied, instead of migrating an empty one; nobody may be connected to it."""
        self.sluice = os.path.abspath(sluice)
        self.bus = bus
        self.folder = tempfile.mkdtemp(prefix="sluice-flow-")
        self.name = "flow_" + uuid.uuid4().hex[:12]
        self.maintenance = need_env("SLUICE_TEST_DATABASE_URL")
        copy = f' TEMPLATE "{template.name}"' if template else ""
        self.psql(f'CREATE DATABASE "{self.name}"{copy}', self.maintenance)
        self.database = self.url_of(self.name)
        self.port, self.admin_port = free_port(), free_port()
        self.pipeline = os.path.join(self.folder, "pipeline.yaml")
        self.write_pipeline(extra, connectors)
        self.processes = {}
        if not template:
            self.run("migrate")

    def url_of(self, database):
        base, _, query = self.maintenance.partition("?")
        return base.rsplit("/", 1)[0] + "/" + database + "?" + query

    def write_pipeline(self, extra="", connectors=WHATSAPP_CONNECTOR):
        with open(self.pipeline, "w", encoding="utf-8") as f:
            f.write(self.pipeline_text(extra, connectors))

    def pipeline_text(self, extra, connectors):
        if self.bus == "kafka":
            brokers = need_env("SLUICE_TEST_KAFKA")
            prefix = self.name.replace("_", "-")
            bus = f'{{ kind: kafka, brokers: "{brokers}", topic_prefix: {prefix}, partitions: 4 }}'
        else:
            bus = f"{{ kind: embedded, path: {self.folder}/bus.db }}"
        return f"""
database: {{ url: "{self.database}" }}
bus: {bus}
receive: {{ listen: "127.0.0.1:{self.port}", admin: "127.0.0.1:{self.admin_port}" }}
{extra}
tenants:
  - slug: acme
    name: ACME
    timezone: America/Bogota
    connectors:
{connectors}
"""

    def run(self, *arguments, check=True, stdin=None):
        done = subprocess.run([self.sluice, "-p", self.pipeline, *arguments], input=stdin, text=True,
                              capture_output=True, timeout=300, check=False)
        if check and done.returncode != 0:
            raise AssertionError(f"sluice {' '.join(arguments)} ended with {done.returncode}:\n{done.stderr[-4000:]}")
        return done

    def start(self, role, *arguments):
        log = open(os.path.join(self.folder, f"{role}.log"), "ab")
        self.processes[role] = subprocess.Popen([self.sluice, "-p", self.pipeline, role, *arguments],
                                                stdout=log, stderr=log)
        log.close()
        return self.processes[role]

    def kill(self, role):
        process = self.processes.pop(role)
        process.send_signal(signal.SIGKILL)
        process.wait(timeout=30)

    def stop(self, role, timeout=60):
        process = self.processes.pop(role)
        process.send_signal(signal.SIGTERM)
        return process.wait(timeout=timeout)

    def wait_ready(self, seconds=60):
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            try:
                connection = http.client.HTTPConnection("127.0.0.1", self.admin_port, timeout=5)
                connection.request("GET", "/readyz")
                if connection.getresponse().status == 200:
                    return
            except OSError:
                pass
            time.sleep(0.05)
        raise AssertionError("the receiver did not become ready:\n" + self.log("receive"))

    def log(self, role):
        path = os.path.join(self.folder, f"{role}.log")
        if not os.path.exists(path):
            return ""
        with open(path, encoding="utf-8", errors="replace") as f:
            return f.read()[-4000:]

    @staticmethod
    def psql(sql, url):
        done = subprocess.run(["psql", "-X", "-q", "-At", "-v", "ON_ERROR_STOP=1", "-d", url, "-c", sql],
                              text=True, capture_output=True, timeout=120, check=False)
        if done.returncode != 0:
            raise AssertionError(f"psql: {done.stderr}")
        return done.stdout

    def query(self, sql, split="|"):
        """Rows as lists of texts, seen with the rights of the administrator over all tenants. A split of None leaves
        a row whole, where its only column is a text that may hold anything."""
        out = self.psql("SET ROLE sluice_admin; SET app.user_role = 'master_admin'; SET search_path = etl; " + sql, self.database)
        return [line.split(split) if split else [line] for line in out.split("\n")[:-1]]

    def post(self, body, signature=None, connection=None, path="/hooks/acme/wa-main", headers=None):
        """Posts once; returns (status, headers). The caller may keep the connection."""
        own = connection is None
        connection = connection or http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        headers = {"Content-Type": "application/json", **(headers or {})}
        if signature is not None:
            headers["X-Hub-Signature-256"] = signature
        connection.request("POST", path, body, headers)
        response = connection.getresponse()
        response.read()
        if own:
            connection.close()
        return response.status, dict(response.getheaders())

    def close(self):
        for process in self.processes.values():
            process.kill()
            process.wait(timeout=30)
        self.processes = {}
        self.drop_database()
        shutil.rmtree(self.folder, ignore_errors=True)

    def drop_database(self):
        """Without FORCE, which fails on an autovacuum worker; servers of killed clients need a moment to notice."""
        for attempt in range(20):
            try:
                return self.psql(f'DROP DATABASE IF EXISTS "{self.name}"', self.maintenance)
            except AssertionError:
                if attempt == 19:
                    raise
                time.sleep(0.5)

    def __enter__(self):
        return self

    def __exit__(self, kind, value, trace):
        if kind is not None:
            for role in ("receive", "load", "rollup", "run"):
                if self.log(role):
                    print(f"--- end of {role}.log ---\n{self.log(role)}", file=sys.stderr)
        self.close()


def whatsapp_body(*, messages=(), statuses=(), contacts=(), account=ACCOUNT):
    value = {"messaging_product": "whatsapp",
             "metadata": {"display_phone_number": "576015550142", "phone_number_id": account}}
    if contacts:
        value["contacts"] = list(contacts)
    if messages:
        value["messages"] = list(messages)
    if statuses:
        value["statuses"] = list(statuses)
    return json.dumps({"object": "whatsapp_business_account",
                       "entry": [{"id": "318845207461093", "changes": [{"value": value, "field": "messages"}]}]}).encode()
