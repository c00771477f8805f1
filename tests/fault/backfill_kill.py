#!/usr/bin/env python3
"""Backfills of every kind, killed with SIGKILL at random points and resumed: the tables are those of an uninterrupted run.

After each kill the bus must hold at least what the stored checkpoints say. Usage: backfill_kill.py --sluice BINARY
--bus embedded|kafka [--kills N of each kind] [--kinds WORDS] [--messages N] [--seed N]
"""

import argparse
import json
import multiprocessing.pool
import os
import random
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
import history  # noqa: E402
from stack import Stack  # noqa: E402
from tables import contents  # noqa: E402

KINDS = {
    "telegram": (history.telegram, "json"), "telegram.gz": (history.telegram, "gz"), "telegram.zip": (history.telegram, "zip"),
    "mbox": (history.email, "mboxrd"), "mbox.gz": (history.email, "mbox.gz"), "takeout.zip": (history.email, "takeout.zip"),
    "takeout.tgz": (history.email, "takeout.tgz"), "maildir": (history.email, "maildir"), "eml": (history.email, "eml"),
    "whatsapp.txt": (history.whatsapp, "txt"), "whatsapp.zip": (history.whatsapp, "zip"),
    "whatsapp.folder": (history.whatsapp, "folder"), "b2chat": (history.b2chat, "pages"),
    "b2chat.lines": (history.b2chat, "lines"), "b2chat.csv": (history.b2chat, "csv"),
    "canonical": (history.canonical, "jsonl"), "canonical.gz": (history.canonical, "gz"),
}
QUICK = "telegram,mbox,maildir,whatsapp.zip,b2chat,canonical.gz"
KILLS_OF_A_RUN = 4  # then it is left to end
# Mails cost most to read, lines least: so that each kind runs for about as long.
SIZES = {history.telegram: 1.0, history.email: 0.12, history.whatsapp: 1.0, history.b2chat: 0.6, history.canonical: 1.2}


def finish(stack):
    stack.run("load", "--until-idle", "--idle", "0")
    stack.run("rollup")
    return contents(stack)


def command(stack, connector, *arguments):
    return [stack.sluice, "-p", stack.pipeline, "backfill", connector, *arguments, "--json", "--checkpoint", "0.02"]


def promised(stack):
    return int(stack.query("SELECT coalesce(sum(most), 0) FROM (SELECT max(successful_records) AS most "
                           "FROM sync_checkpoints GROUP BY part) parts")[0][0])


def on_the_bus(stack):
    status = stack.run("status", "--json", check=False)
    if status.returncode != 0:
        return 0  # the bus was not even made
    return sum(part["written"] for part in json.loads(status.stdout)["partitions"] if part["topic"].endswith(".records"))


class Kind:
    def __init__(self, arguments, template, word):
        self.arguments = arguments
        self.template = template
        self.word = word
        self.random = random.Random(f"{arguments.seed}/{word}")
        self.kills = self.runs = self.resumed = 0

    def new_stack(self):
        return Stack(self.arguments.sluice, self.arguments.bus, connectors=history.CONNECTORS, template=self.template)

    def uninterrupted(self, folder):
        maker, form = KINDS[self.word]
        messages = max(50, int(self.arguments.messages * SIZES[maker]))
        self.of = maker(folder, messages, max(5, messages // 40), form=form)
        with self.new_stack() as stack:
            began = time.monotonic()
            subprocess.run(command(stack, self.of.connector, *self.of.paths), check=True, capture_output=True, timeout=120)
            self.seconds = time.monotonic() - began
            self.expected = finish(stack)
        assert int(self.expected["messages"][0]) == self.of.messages, (self.word, self.expected["messages"])

    def kill_once(self, stack, before, *arguments):
        """True: it was killed, not over before. The more was done before, the less is left."""
        process = subprocess.Popen(command(stack, self.of.connector, *arguments), stdout=subprocess.DEVNULL,
                                   stderr=subprocess.PIPE, text=True)
        time.sleep(self.random.uniform(0, 0.9 * self.seconds / (1 + before) ** 0.5))
        process.kill()
        _, words = process.communicate(timeout=60)
        assert process.returncode in (0, -9), f"{self.word}: exit {process.returncode}: {words}"
        self.kills += process.returncode == -9
        stored, there = promised(stack), on_the_bus(stack)
        assert stored <= there, f"{self.word}: the checkpoints promise {stored} records, the bus has {there}"
        self.resumed += 0 < stored
        return process.returncode == -9

    def interrupted(self):
        with self.new_stack() as stack:
            goes_on, kills = True, 0
            while goes_on and kills < min(KILLS_OF_A_RUN, self.arguments.kills):
                goes_on = self.kill_once(stack, kills, *self.of.paths, "--resume")
                kills += goes_on
            done = subprocess.run(command(stack, self.of.connector, *self.of.paths, "--resume"), capture_output=True, text=True,
                                  timeout=120, check=False)
            assert done.returncode == 0, f"{self.word}: {done.stderr[-2000:]}"
            result = json.loads(done.stdout)
            assert result["failed"] == result["unfinished"] == result["rejected"] == 0, (self.word, result)
            got = finish(stack)
            assert got == self.expected, f"{self.word}: {({k: (v, got.get(k)) for k, v in self.expected.items() if got.get(k) != v})}"
        self.runs += 1

    def run(self, folder):
        began = time.monotonic()
        self.uninterrupted(folder)
        while self.kills < self.arguments.kills:
            self.interrupted()
        print(f"{self.word}: {self.kills} kills in {self.runs} runs of {self.seconds:.2f} s, checkpoints found after {self.resumed}; "
              f"{time.monotonic() - began:.1f} s", flush=True)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--sluice", required=True)
    parser.add_argument("--bus", choices=["embedded", "kafka"], required=True)
    parser.add_argument("--kills", type=int, default=2, help="of each kind; 50 by hand")
    parser.add_argument("--kinds", default=QUICK, help="words separated by commas, or all: " + " ".join(KINDS))
    parser.add_argument("--messages", type=int, default=4000)
    parser.add_argument("--seed", type=int, default=int(time.time()))
    arguments = parser.parse_args()
    words = list(KINDS) if arguments.kinds == "all" else arguments.kinds.split(",")
    print(f"seed {arguments.seed}", flush=True)
    with Stack(arguments.sluice, arguments.bus, connectors=history.CONNECTORS) as template:
        kinds = [Kind(arguments, template, word) for word in words]
        with multiprocessing.pool.ThreadPool(3) as pool:
            pool.map(lambda kind: kind.run(os.path.join(template.folder, "files", kind.word)), kinds, chunksize=1)
    kills, resumed = sum(kind.kills for kind in kinds), sum(kind.resumed for kind in kinds)
    print(f"{kills} kills, {resumed} of them after a checkpoint")
    assert resumed > 0, "no kill came after a checkpoint: the files are too small for this machine"


main()
