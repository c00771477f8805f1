"""Certificates for tests, made by openssl: an authority, and certificates that it has issued."""

import os
import subprocess


def openssl(*arguments):
    done = subprocess.run(["openssl", *arguments], capture_output=True, text=True, timeout=60, check=False)
    if done.returncode != 0:
        raise AssertionError(f"openssl {' '.join(arguments)}: {done.stderr}")


class Authority:
    def __init__(self, folder, name):
        self.folder = folder
        self.certificate, self.key = self.paths(name)
        openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2", "-subj",
                f"/CN={name}", "-keyout", self.key, "-out", self.certificate)

    def paths(self, name):
        return os.path.join(self.folder, f"{name}.crt"), os.path.join(self.folder, f"{name}.key")

    def issue(self, file, name, *wanted, days=2):
        """Returns the paths of the certificate and its key. wanted: extensions, such as subjectAltName=DNS:localhost; without
        that one only the common name names it."""
        certificate, key = self.paths(file)
        request = os.path.join(self.folder, f"{file}.csr")
        extensions = [word for extension in wanted for word in ("-addext", extension)]
        openssl("req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj", f"/CN={name}", *extensions,
                "-keyout", key, "-out", request)
        openssl("x509", "-req", "-in", request, "-CA", self.certificate, "-CAkey", self.key, "-CAcreateserial", "-days", str(days),
                "-copy_extensions", "copy", "-out", certificate)
        return certificate, key
