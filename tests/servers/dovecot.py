#!/usr/bin/env python3
"""A private Dovecot on loopback: IMAP and POP3, plain and with TLS under a made-up CA, by password and by XOAUTH2.

Everything is under one folder and goes with it; no service of the system is touched. Any user may log in with PASSWORD, or
with a token that token() makes. Run as root it gives up its rights for those of the user "dovecot".

By hand: tests/servers/dovecot.py [FOLDER_OF_MAILS] starts one, fills INBOX of help@acme.example, says how to reach it and
ends with Ctrl-C.
"""

import base64
import datetime
import hashlib
import hmac
import imaplib
import json
import os
import pwd
import shutil
import socket
import subprocess
import sys
import tempfile
import time

PASSWORD = "flow-test-mail-password"
TOKEN_KEY = b"flow-test-token-key"

CONFIGURATION = """
base_dir = {folder}/run
state_dir = {folder}/state
log_path = {folder}/dovecot.log
protocols = imap pop3
listen = 127.0.0.1
ssl = yes
ssl_cert = <{folder}/server.pem
ssl_key = <{folder}/server.key
disable_plaintext_auth = no
auth_failure_delay = 0
auth_mechanisms = plain login xoauth2 oauthbearer
default_internal_user = {user}
default_internal_group = {group}
default_login_user = {user}
first_valid_uid = 1
mail_location = maildir:{folder}/mail/%u
mail_uid = {user}
mail_gid = {group}
mail_max_userip_connections = 0
mail_fsync = never
passdb {{
  driver = oauth2
  mechanisms = xoauth2 oauthbearer
  args = {folder}/oauth2.conf.ext
}}
passdb {{
  driver = static
  mechanisms = plain login
  args = password={password}
}}
userdb {{
  driver = static
  args = uid={user} gid={group} home={folder}/mail/%u allow_all_users=yes
}}
namespace inbox {{
  inbox = yes
  separator = /
  mailbox Sent {{
    auto = create
    special_use = \\Sent
  }}
  mailbox Junk {{
    auto = create
    special_use = \\Junk
  }}
}}
service imap-login {{
  chroot =
  inet_listener imap {{
    port = {imap}
  }}
  inet_listener imaps {{
    port = {imaps}
  }}
}}
service pop3-login {{
  chroot =
  inet_listener pop3 {{
    port = {pop3}
  }}
  inet_listener pop3s {{
    port = {pop3s}
  }}
}}
service anvil {{
  chroot =
  unix_listener anvil-auth-penalty {{
    mode = 0
  }}
}}
service stats {{
  chroot =
}}
"""

OAUTH = """
introspection_mode = local
local_validation_key_dict = fs:posix:prefix={folder}/keys/
username_attribute = sub
"""


def openssl(*arguments):
    done = subprocess.run(["openssl", *arguments], text=True, capture_output=True, timeout=60, check=False)
    if done.returncode != 0:
        raise AssertionError(f"openssl {' '.join(arguments)}: {done.stderr}")


def free_ports(count):
    held = [socket.socket() for _ in range(count)]
    for one in held:
        one.bind(("127.0.0.1", 0))
    ports = [one.getsockname()[1] for one in held]
    for one in held:
        one.close()
    return ports


class Dovecot:
    """Runs from its making to close(). ca is the file of the CA that signed its certificate, which is for localhost."""

    def __init__(self):
        self.program = shutil.which("dovecot", path=os.environ.get("PATH", "") + ":/usr/sbin:/sbin")
        if self.program is None:
            sys.exit("Dovecot is not installed: run scripts/packages test")
        self.user = pwd.getpwnam("dovecot") if os.getuid() == 0 else pwd.getpwuid(os.getuid())
        self.folder = tempfile.mkdtemp(prefix="sluice-dovecot-")
        self.imap, self.imaps, self.pop3, self.pop3s = free_ports(4)
        self.ca = self.path("ca.pem")
        self.process = None
        try:
            self.make_certificates()
            self.make_files()
            self.start()
        except BaseException:
            self.close()
            raise

    def path(self, *names):
        return os.path.join(self.folder, *names)

    def make_certificates(self):
        key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"]
        openssl("req", "-x509", *key, "-keyout", self.path("ca.key"), "-out", self.ca, "-days", "2", "-subj", "/CN=test CA")
        openssl("req", *key, "-keyout", self.path("server.key"), "-out", self.path("server.csr"), "-subj", "/CN=localhost")
        with open(self.path("names"), "w", encoding="ascii") as f:
            f.write("subjectAltName=DNS:localhost\n")
        openssl("x509", "-req", "-in", self.path("server.csr"), "-CA", self.ca, "-CAkey", self.path("ca.key"),
                "-CAcreateserial", "-days", "2", "-extfile", self.path("names"), "-out", self.path("server.pem"))

    def make_files(self):
        group = subprocess.run(["id", "-gn", self.user.pw_name], text=True, capture_output=True, check=True).stdout.strip()
        texts = {
            "dovecot.conf": CONFIGURATION.format(folder=self.folder, user=self.user.pw_name, group=group, password=PASSWORD,
                                                 imap=self.imap, imaps=self.imaps, pop3=self.pop3, pop3s=self.pop3s),
            "oauth2.conf.ext": OAUTH.format(folder=self.folder),
            "keys/default/HS256/default": base64.b64encode(TOKEN_KEY).decode(),
        }
        for name in ("run", "state", "mail", "keys/default/HS256"):
            os.makedirs(self.path(name))
        for name, text in texts.items():
            with open(self.path(name), "w", encoding="ascii") as f:
                f.write(text)
        self.give(self.folder)

    def give(self, path):
        """The server's user owns all that is there."""
        if os.getuid() == 0:
            subprocess.run(["chown", "-R", f"{self.user.pw_uid}:{self.user.pw_gid}", path], check=True)

    def as_user(self):
        if os.getuid() != 0:
            return []
        return ["setpriv", f"--reuid={self.user.pw_uid}", f"--regid={self.user.pw_gid}", "--clear-groups"]

    def start(self):
        with open(self.path("output"), "ab") as output:
            self.process = subprocess.Popen([*self.as_user(), self.program, "-F", "-c", self.path("dovecot.conf")],
                                            stdin=subprocess.DEVNULL, stdout=output, stderr=output)
        until = time.monotonic() + 30
        while time.monotonic() < until and self.process.poll() is None:
            try:
                with socket.create_connection(("127.0.0.1", self.imap), timeout=5) as s:
                    if s.recv(4) == b"* OK":
                        return
            except OSError:
                time.sleep(0.02)
        raise AssertionError("Dovecot did not start:\n" + self.log())

    def log(self):
        text = ""
        for name in ("output", "dovecot.log"):
            if os.path.exists(self.path(name)):
                with open(self.path(name), encoding="utf-8", errors="replace") as f:
                    text += f.read()[-4000:]
        return text

    def stop(self):
        if self.process is not None and self.process.poll() is None:
            self.process.terminate()
            self.process.wait(timeout=30)

    def close(self):
        self.stop()
        shutil.rmtree(self.folder, ignore_errors=True)

    def __enter__(self):
        return self

    def __exit__(self, kind, value, trace):
        if kind is not None:
            print(f"--- end of dovecot.log ---\n{self.log()}", file=sys.stderr)
        self.close()

    def doveadm(self, *arguments):
        done = subprocess.run([*self.as_user(), "doveadm", "-c", self.path("dovecot.conf"), *arguments], text=True,
                              capture_output=True, timeout=60, check=False)
        if done.returncode != 0:
            raise AssertionError(f"doveadm {' '.join(arguments)}: {done.stderr}")
        return done.stdout

    def login(self, user):
        """An independent client of the mailbox."""
        client = imaplib.IMAP4("127.0.0.1", self.imap)
        client.login(user, PASSWORD)
        return client

    def drop_mails(self, user, mails, folder=""):
        """Puts (name, raw, unix time of arrival) straight into a Maildir, much faster than APPEND; folder is a Maildir's,
        such as ".Sent"."""
        new = self.path("mail", user, folder, "new")
        for name in ("cur", "new", "tmp"):
            os.makedirs(self.path("mail", user, folder, name), exist_ok=True)
        for name, raw, arrived in mails:
            with open(os.path.join(new, name), "wb") as f:
                f.write(raw)
            os.utime(os.path.join(new, name), (arrived, arrived))
        self.give(self.path("mail", user))

    @staticmethod
    def token(user, seconds=3600):
        """A signed token (RFC 7519) that the server accepts for so long; a negative time has passed."""
        now = int(datetime.datetime.now().timestamp())

        def part(value):
            return base64.urlsafe_b64encode(value).rstrip(b"=")

        head = part(json.dumps({"alg": "HS256", "typ": "JWT"}).encode())
        claims = part(json.dumps({"sub": user, "iat": now - 3600, "exp": now + seconds}).encode())
        signed = head + b"." + claims
        return (signed + b"." + part(hmac.new(TOKEN_KEY, signed, hashlib.sha256).digest())).decode()


def main():
    user = "help@acme.example"
    with Dovecot() as server:
        if len(sys.argv) > 1:
            names = sorted(name for name in os.listdir(sys.argv[1]) if name.endswith(".eml"))
            for name in names:
                with open(os.path.join(sys.argv[1], name), "rb") as f:
                    server.drop_mails(user, [(name, f.read(), time.time())])
        print(f"imap://localhost:{server.imap}  imaps://localhost:{server.imaps}\n"
              f"pop3://localhost:{server.pop3}  pop3s://localhost:{server.pop3s}\n"
              f"user {user}, password {PASSWORD}, CA {server.ca}\ntoken {server.token(user)}\n"
              f"curl --cacert {server.ca} -u {user}:{PASSWORD} imaps://localhost:{server.imaps}/INBOX")
        try:
            server.process.wait()
        except KeyboardInterrupt:
            pass


if __name__ == "__main__":
    main()
