#!/usr/bin/env python3
"""Runs the session that a page of the documents shows, in one shell, and compares what each command prints.

The session is all ```console blocks of the page: "$ " begins a command, the lines below it are what it prints, "..." any
lines. Usage: docs_session.py PAGE
"""

import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile

MARK = "\x1e"


def commands_of(page):
    """Pairs of a command and the lines that it prints."""
    with open(page, encoding="utf-8") as f:
        blocks = re.findall(r"^```console\n(.*?)^```$", f.read(), re.M | re.S)
    commands = []
    for line in "".join(blocks).splitlines():
        if line.startswith("$ "):
            commands.append((line[2:], []))
        else:
            commands[-1][1].append(line)
    assert commands, f"{page} shows no session"
    return commands


def free_addresses(count):
    sockets = [socket.socket() for _ in range(count)]
    for s in sockets:
        s.bind(("127.0.0.1", 0))
    addresses = [f"127.0.0.1:{s.getsockname()[1]}" for s in sockets]
    for s in sockets:
        s.close()
    return addresses


def run(commands, folder):
    """What each command printed, on standard output and error alike."""
    listen, admin = free_addresses(2)
    environment = {**os.environ, "SLUICE_VAR": folder, "SLUICE_LISTEN": listen, "SLUICE_ADMIN": admin}
    script = "".join(f"{command}\nprintf '{MARK}'\n" for command, _ in commands)
    shell = subprocess.Popen(["bash"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                             env=environment, start_new_session=True)
    try:
        printed, _ = shell.communicate(script, timeout=60)
    finally:
        try:
            os.killpg(shell.pid, signal.SIGKILL)  # what a command left running
        except ProcessLookupError:
            pass
    return printed.replace("\r", "").split(MARK)


def is_like(printed, expected):
    pattern = "".join("(.*\n)*?" if line == "..." else re.escape(line) + "\n" for line in expected)
    return re.fullmatch(pattern, printed)


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    commands = commands_of(sys.argv[1])
    folder = tempfile.mkdtemp(prefix="sluice-docs-")
    try:
        printed = run(commands, folder)
        for (command, expected), found in zip(commands, printed, strict=False):
            assert is_like(found, expected), f"$ {command}\nprints\n{found}\nand not\n" + "\n".join(expected)
        assert len(printed) == len(commands) + 1, f"the shell ended after {len(printed)} commands"
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    print(f"{sys.argv[1]}: {len(commands)} commands print what it says")


if __name__ == "__main__":
    main()
