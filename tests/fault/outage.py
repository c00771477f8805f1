#!/usr/bin/env python3
"""The bus is away for a while, under load, with and without a spool.

Every conversation has a sender that sends its next message once the one before was answered 200, as Telegram does. At the
end every acknowledged message must be on the bus, each conversation in its order, and in the database exactly once.

Causes: kafka: a broker of its own is stopped (SIGTERM), or killed with --kill. embedded: "lock" has another process hold
the file's write lock, "full" puts the file on a small file system that is filled up, "spool-full" does that to the spool
while the bus is locked.
With --kill the receiver is killed with SIGKILL while the spool fills and while it drains, and stopped with SIGTERM while it
is not empty.

Usage: outage.py --sluice BINARY --bus-dump BINARY --bus embedded|kafka --spool none|outage|always
                 [--cause lock|full|spool-full] [--seconds N] [--kill]
"""

import argparse
import collections
import contextlib
import http.client
import os
import random
import re
import shutil
import socket
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
from stack import Stack, sign, whatsapp_body  # noqa: E402

FIRST_SECOND = 1772460000  # 2026-03-02T14:00:00Z
CONVERSATIONS = 16
PAUSE_S = 0.02            # of a sender between two messages
DISK_MIB = 24
TOLD_S = 21               # until then every sender was told that the bus did not store its body: a group of bodies may
                          # wait 10 s for the one before it, and then 10 s for the bus


def body_of(conversation, number):
    contact = f"57300{2000000 + conversation}"
    return whatsapp_body(
        contacts=[{"profile": {"name": f"Contact {conversation}"}, "wa_id": contact}],
        messages=[{"from": contact, "id": f"wamid.O{conversation}.{number}.", "timestamp": str(FIRST_SECOND + number % 3000),
                   "type": "text", "text": {"body": f"message {number}"}}])


class Senders:
    """One thread a conversation. Everything but 200 is sent again until it is 200."""

    def __init__(self, stack):
        self.stack = stack
        self.ending = False
        self.acknowledged = [0] * CONVERSATIONS  # so many messages of each, one after the other
        self.answers = []                        # (when, status, seconds it took)
        self.without_retry_after = 0
        self.lock = threading.Lock()
        self.threads = [threading.Thread(target=self.work, args=(i,), daemon=True) for i in range(CONVERSATIONS)]
        for thread in self.threads:
            thread.start()

    def work(self, conversation):
        connection = None
        while not self.ending:
            body = body_of(conversation, self.acknowledged[conversation])
            status = 0
            while status != 200:
                began = time.monotonic()
                headers = {}
                try:
                    connection = connection or http.client.HTTPConnection("127.0.0.1", self.stack.port, timeout=60)
                    status, headers = self.stack.post(body, sign(body), connection)
                except (OSError, http.client.HTTPException):
                    connection, status = None, 0
                with self.lock:
                    self.answers.append((began, status, time.monotonic() - began))
                    self.without_retry_after += status == 503 and "Retry-After" not in headers
                time.sleep(PAUSE_S if status == 200 else 0.2)
            self.acknowledged[conversation] += 1

    def end(self):
        self.ending = True
        for thread in self.threads:
            thread.join(timeout=120)
            if thread.is_alive():
                raise AssertionError("a sender never got its last message acknowledged")

    def counted(self, since, until):
        with self.lock:
            return collections.Counter(status for when, status, _ in self.answers if since <= when < until)


def broker_port():
    """A free one whose controller's is free too. It must stay free while the broker is away: so none that the kernel
    gives to anybody."""
    for port in random.sample(range(20000, 32000), 100):
        with contextlib.ExitStack() as bound:
            try:
                for p in (port, port + 100):
                    bound.enter_context(socket.socket()).bind(("127.0.0.1", p))
                return str(port)
            except OSError:
                pass
    raise AssertionError("no port is free for a broker")


class Kafka:
    """A broker of its own, so that stopping it disturbs nobody."""

    def __init__(self):
        self.folder = tempfile.mkdtemp(prefix="sluice-outage-kafka-")
        port = broker_port()
        self.environment = {**os.environ, "SLUICE_VAR": self.folder, "KAFKA_PORT": port}
        self.environment.setdefault("KAFKA_HOME", os.path.join(os.getcwd(), "var", "kafka"))
        self.script("start")
        os.environ["SLUICE_TEST_KAFKA"] = f"127.0.0.1:{port}"

    def script(self, word):
        subprocess.run(["scripts/kafka", word], env=self.environment, check=True, timeout=120, stdout=subprocess.DEVNULL)

    def away(self, killed):
        self.script("kill" if killed else "stop")

    def back(self):
        self.script("start")

    def close(self):
        self.script("kill")
        shutil.rmtree(self.folder, ignore_errors=True)


class Lock:
    """Another process's writer that does not end."""

    def __init__(self, path):
        self.path = path

    def away(self, _):
        self.database = sqlite3.connect(self.path, isolation_level=None, timeout=60)
        self.database.execute("BEGIN IMMEDIATE")

    def back(self):
        self.database.execute("ROLLBACK")
        self.database.close()

    def close(self):
        pass


class FullDisk:
    """A file system that something else fills up."""

    def __init__(self, folder):
        self.filler = os.path.join(folder, "filler")

    def away(self, _):
        with open(self.filler, "wb", buffering=0) as f:
            try:
                while True:
                    f.write(bytes(65536))
            except OSError:
                pass

    def back(self):
        os.unlink(self.filler)

    def close(self):
        pass


class Both:
    def __init__(self, *causes):
        self.causes = causes

    def away(self, killed):
        for cause in self.causes:
            cause.away(killed)

    def back(self):
        for cause in self.causes:
            cause.back()

    def close(self):
        pass


class OutageStack(Stack):
    def __init__(self, options):
        self.options = options
        self.disk = None
        super().__init__(options.sluice, options.bus, self.spool_section(options))

    def spool_section(self, options):
        self.spool = tempfile.mkdtemp(prefix="sluice-outage-spool-")
        if options.cause == "spool-full":
            self.disk = self.spool
            mount(self.disk)
        return "" if options.spool == "none" else f"spool: {{ path: {self.spool}/spool.db, when: {options.spool} }}"

    def pipeline_text(self, extra, connectors):
        text = super().pipeline_text(extra, connectors)
        if self.options.cause == "full":
            self.disk = os.path.join(self.folder, "disk")
            os.mkdir(self.disk)
            mount(self.disk)
            text = text.replace(f"{self.folder}/bus.db", f"{self.disk}/bus.db")
        return text

    def cause(self):
        if self.bus == "kafka":
            return self.kafka
        lock = Lock(os.path.join(self.folder, "bus.db"))
        return {"lock": lock, "full": FullDisk(self.disk or ""), "spool-full": Both(lock, FullDisk(self.disk or ""))}[
            self.options.cause]

    def metric(self, name):
        connection = http.client.HTTPConnection("127.0.0.1", self.admin_port, timeout=30)
        connection.request("GET", "/metrics")
        text = connection.getresponse().read().decode()
        connection.close()
        return float(re.search(rf"^{name} (\S+)$", text, re.MULTILINE).group(1))

    def is_ready(self):
        connection = http.client.HTTPConnection("127.0.0.1", self.admin_port, timeout=30)
        connection.request("GET", "/readyz")
        status = connection.getresponse().status
        connection.close()
        return status == 200

    def close(self):
        super().close()
        shutil.rmtree(self.spool, ignore_errors=True)


def mount(folder):
    done = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={DISK_MIB}m", "tmpfs", folder],
                          capture_output=True, text=True, check=False)
    if done.returncode != 0:
        sys.exit(f"a small file system is needed and cannot be mounted: {done.stderr.strip()}; "
                 "run this as root, or where user namespaces are allowed")


def with_own_mounts():
    """Runs this program again where its mounts are nobody else's and end with it."""
    if os.environ.get("SLUICE_OUTAGE_MOUNTS"):
        return
    os.environ["SLUICE_OUTAGE_MOUNTS"] = "1"
    options = ["-m"] if os.geteuid() == 0 else ["-rm"]
    os.execvp("unshare", ["unshare", *options, sys.executable, *sys.argv])


def await_true(what, seconds, condition):
    until = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > until:
            raise AssertionError(f"{what}: not within {seconds} s")
        time.sleep(0.1)


def sleep_until(moment):
    time.sleep(max(0, moment - time.monotonic()))


def start_receiver(stack, spools):
    stack.start("receive")
    if spools:
        stack.wait_ready(20)  # whether the bus is there or not


def go_through(stack, options):
    """The story; returns the senders and what to say of it."""
    spools = options.spool != "none"
    cause = stack.cause()
    start_receiver(stack, True)
    senders = Senders(stack)
    time.sleep(3)
    cause.away(options.kill)
    away = time.monotonic()
    if options.kill:
        sleep_until(away + options.seconds / 3)
        stack.kill("receive")
        start_receiver(stack, spools)
        sleep_until(away + options.seconds * 2 / 3)
        status = stack.stop("receive")
        assert status == 0, f"SIGTERM with bodies in the spool: the receiver ended with {status}"
        start_receiver(stack, spools)
    sleep_until(away + options.seconds)
    if options.cause != "spool-full":
        assert stack.is_ready() == spools, "readiness does not say whether webhooks are taken"
    depth = stack.metric("sluice_spool_bodies")
    age = stack.metric("sluice_spool_oldest_age_seconds")
    cause.back()
    back = time.monotonic()
    if options.kill and spools:
        await_true("forwarding begins", 60, lambda: stack.metric("sluice_spool_forwarded_total") > 0)
        stack.kill("receive")
        start_receiver(stack, spools)
    time.sleep(5)
    senders.end()
    await_true("the spool is empty", 120, lambda: stack.metric("sluice_spool_bodies") == 0)
    drained = time.monotonic() - back
    if options.spool == "outage":
        await_true("bodies go straight again", 20, lambda: stack.metric("sluice_spool_active") == 0)
    assert stack.stop("receive") == 0
    return senders, away, back, depth, age, drained


def check_answers(options, senders, away, back):
    during = senders.counted(away + 1, back - TOLD_S)
    settled = senders.counted(away + TOLD_S, back - 1)
    ever = senders.counted(0, float("inf"))
    assert senders.without_retry_after == 0, "503 without Retry-After"
    if options.spool == "none":
        assert during[200] == 0 and during[503] > 0, f"without a spool, during the outage: {dict(during)}"
    elif options.cause == "spool-full":
        assert during[503] > 0 and set(during) <= {503, 200}, f"with a full spool: {dict(during)}"
    else:
        per_second = settled[200] / (back - away - TOLD_S - 1)
        assert per_second > CONVERSATIONS, f"with a spool, during the outage: {dict(settled)}"
        allowed = {200, 503, 0} if options.kill else {200}
        assert set(ever) <= allowed, f"with a spool every body is taken, but: {dict(ever)}"
    return ever


def read_bus(stack, options):
    dumped = subprocess.run([options.bus_dump, stack.pipeline, "records"], capture_output=True, text=True, timeout=300,
                            check=False)
    assert dumped.returncode == 0, dumped.stderr
    seen = collections.defaultdict(list)
    for line in dumped.stdout.splitlines():
        for conversation, number in re.findall(r'"kind":"message",.*?"external_id":"wamid\.O(\d+)\.(\d+)\."', line):
            seen[int(conversation)].append(int(number))
    return seen


def check_bus(stack, options, senders):
    """A message may come twice; the first of each must come in order, and the last of each too."""
    twice = 0
    seen = read_bus(stack, options)
    for conversation, count in enumerate(senders.acknowledged):
        numbers = seen[conversation]
        missing = set(range(count)) - set(numbers)
        assert not missing, f"conversation {conversation}: {len(missing)} of {count} are not on the bus: {sorted(missing)[:5]}"
        firsts = list(dict.fromkeys(numbers))
        lasts = list(dict.fromkeys(reversed(numbers)))[::-1]
        assert lasts == sorted(lasts), f"conversation {conversation} lost its order: {lasts[:50]}"
        assert options.kill or firsts == sorted(firsts), f"conversation {conversation} lost its order: {firsts[:50]}"
        twice += len(numbers) - len(firsts)
    return twice


def check_database(stack, senders):
    stack.run("load", "--until-idle")
    rows = collections.Counter(row[0] for row in stack.query("SELECT external_id FROM messages"))
    sent = {f"wamid.O{i}.{n}." for i, count in enumerate(senders.acknowledged) for n in range(count)}
    assert sent == rows.keys(), f"{len(sent - rows.keys())} acknowledged are not stored, {len(rows.keys() - sent)} more are"
    assert max(rows.values()) == 1, "a message is stored more than once"
    letters = stack.query("SELECT error_code, error_message FROM dead_letters")
    assert not letters, f"dead letters: {letters[:5]}"
    return len(sent)


def run(options, kafka):
    with OutageStack(options) as stack:
        stack.kafka = kafka
        senders, away, back, depth, age, drained = go_through(stack, options)
        answers = check_answers(options, senders, away, back)
        twice = check_bus(stack, options, senders)
        stored = check_database(stack, senders)
        slowest = max(seconds for _, _, seconds in senders.answers)
        assert slowest < TOLD_S + 2, f"a sender waited {slowest:.1f} s for an answer"
        print(f"{options.bus}, spool {options.spool}, {options.cause}{', kills' if options.kill else ''}: away {back - away:.0f} s, "
              f"answers {dict(answers)}, slowest {slowest:.1f} s, {depth:.0f} bodies in the spool at the end of the outage, the "
              f"oldest {age:.0f} s old, empty {drained:.1f} s after it; {stored} messages stored once, {twice} came twice")


def main():
    options = argparse.ArgumentParser()
    options.add_argument("--sluice", required=True)
    options.add_argument("--bus-dump", required=True)
    options.add_argument("--bus", choices=["embedded", "kafka"], required=True)
    options.add_argument("--spool", choices=["none", "outage", "always"], required=True)
    options.add_argument("--cause", choices=["lock", "full", "spool-full"], default="lock")
    options.add_argument("--seconds", type=float, default=60)
    options.add_argument("--kill", action="store_true")
    options = options.parse_args()
    if options.bus == "kafka":
        options.cause = "stopped"
        kafka = Kafka()
        try:
            run(options, kafka)
        finally:
            kafka.close()
        return
    if options.cause != "lock":
        with_own_mounts()
    run(options, None)


if __name__ == "__main__":
    main()
