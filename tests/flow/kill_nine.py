#!/usr/bin/env python3
"""20,000 signed bodies, 20 % of them repeats, while receiver and loader are killed with SIGKILL again and again.

Every message that was acknowledged with 200 must be in the database exactly once, nothing that was never sent may be, and
the day's analytics must count what the rows say. Usage: kill_nine.py --sluice BINARY --bus embedded|kafka [--posts N]
"""

import argparse
import collections
import os
import queue
import random
import sys
import threading
import time
import http.client

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
from stack import Stack, sign, whatsapp_body  # noqa: E402

FIRST_SECOND = 1772460000  # 2026-03-02T14:00:00Z
CONTACTS = 400


def body_of(number):
    """Nine of ten bodies carry a message of a contact, the tenth a status of a message that the business sent."""
    contact = f"57300{1000000 + number % CONTACTS}"
    wamid = f"wamid.K{number}"
    second = str(FIRST_SECOND + number % 3000)
    if number % 10 == 9:
        return wamid, whatsapp_body(statuses=[{"id": wamid, "status": "sent", "timestamp": second, "recipient_id": contact}])
    return wamid, whatsapp_body(
        contacts=[{"profile": {"name": f"Contact {number % CONTACTS}"}, "wa_id": contact}],
        messages=[{"from": contact, "id": wamid, "timestamp": second, "type": "text", "text": {"body": f"message {number}"}}])


class Senders:
    """Posts like a platform: several connections, everything but 200 is sent again later."""

    def __init__(self, stack, numbers, threads=8):
        self.stack = stack
        self.pending = queue.Queue()
        for number in numbers:
            self.pending.put(number)
        self.left = len(numbers)
        self.acknowledged = set()
        self.answers = collections.Counter()
        self.lock = threading.Lock()
        self.threads = [threading.Thread(target=self.work, daemon=True) for _ in range(threads)]
        for thread in self.threads:
            thread.start()

    def work(self):
        connection = None
        while True:
            try:
                number = self.pending.get(timeout=0.2)
            except queue.Empty:
                with self.lock:
                    if self.left == 0:
                        return
                continue
            wamid, body = body_of(number)
            try:
                connection = connection or http.client.HTTPConnection("127.0.0.1", self.stack.port, timeout=30)
                status, _ = self.stack.post(body, sign(body), connection)
            except (OSError, http.client.HTTPException):
                connection, status = None, 0
            with self.lock:
                self.answers[status] += 1
                if status == 200:
                    self.acknowledged.add(wamid)
                    self.left -= 1
            if status != 200:
                time.sleep(0.05)
                self.pending.put(number)

    def done(self):
        with self.lock:
            return self.left


def restart(stack, role):
    stack.kill(role)
    stack.start(role)


def main():
    options = argparse.ArgumentParser()
    options.add_argument("--sluice", required=True)
    options.add_argument("--bus", choices=["embedded", "kafka"], required=True)
    options.add_argument("--posts", type=int, default=20000)
    options.add_argument("--kills", type=int, default=8)
    options = options.parse_args()

    random.seed(20260302)
    unique = options.posts * 8 // 10
    numbers = list(range(unique)) + random.sample(range(unique), options.posts - unique)
    random.shuffle(numbers)

    with Stack(options.sluice, options.bus) as stack:
        stack.start("receive")
        stack.start("load")
        stack.wait_ready()
        senders = Senders(stack, numbers)
        until = time.monotonic() + 240
        kills, next_kill = 0, options.posts - options.posts // (options.kills + 1)
        while senders.done() > 0:
            if time.monotonic() > until:
                raise AssertionError(f"{senders.done()} bodies were never acknowledged; answers {dict(senders.answers)}")
            if kills < options.kills and senders.done() <= next_kill:
                restart(stack, "receive" if kills % 2 == 0 else "load")
                kills += 1
                next_kill -= options.posts // (options.kills + 1)
            time.sleep(0.01)
        if kills < options.kills:
            raise AssertionError(f"only {kills} of {options.kills} kills happened")
        stack.stop("receive")
        stack.stop("load")
        stack.run("load", "--until-idle")
        stack.run("rollup")
        check(stack, senders, unique)
        print(f"{options.bus}: {options.posts} bodies posted, {kills} kills, answers {dict(senders.answers)}, "
              f"{len(senders.acknowledged)} messages acknowledged and each stored exactly once")


def check(stack, senders, unique):
    rows = collections.Counter(row[0] for row in stack.query("SELECT external_id FROM messages"))
    sent = {body_of(number)[0] for number in range(unique)}
    assert senders.acknowledged == sent, "the run ended before everything was acknowledged"
    missing = sent - rows.keys()
    assert not missing, f"{len(missing)} acknowledged messages are not stored, for example {sorted(missing)[:5]}"
    twice = [wamid for wamid, n in rows.items() if n > 1]
    assert not twice, f"{len(twice)} messages are stored more than once, for example {twice[:5]}"
    strange = rows.keys() - sent
    assert not strange, f"{len(strange)} rows were never sent, for example {sorted(strange)[:5]}"
    statuses = int(stack.query("SELECT count(*) FROM message_status_events")[0][0])
    assert statuses == unique // 10, f"{statuses} status events, {unique // 10} were sent"
    letters = stack.query("SELECT error_code, error_message FROM dead_letters")
    assert not letters, f"dead letters: {letters[:5]}"
    counted = stack.query("SELECT sum(total_messages) FROM daily_analytics WHERE channel IS NULL AND agent_id IS NULL")
    assert int(counted[0][0]) == unique, f"daily_analytics counts {counted[0][0]} messages, {unique} were sent"
    contacts = int(stack.query("SELECT count(*) FROM contacts")[0][0])
    assert contacts == min(CONTACTS, unique), f"{contacts} contacts, {CONTACTS} wrote"


if __name__ == "__main__":
    main()
