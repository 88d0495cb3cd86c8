"""Certificates for tests over TLS."""

import os
import subprocess


def openssl(*words):
    subprocess.run(["openssl", *words], check=True, capture_output=True, timeout=60)


def make_authority(folder):
    openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2", "-subj", "/CN=authority",
            "-keyout", f"{folder}/ca.key", "-out", f"{folder}/ca.pem")


def make_certificate(folder):
    """A new key and certificate for this host, in place of those that are there."""
    with open(f"{folder}/names", "w", encoding="utf-8") as file:
        file.write("subjectAltName=DNS:localhost,IP:127.0.0.1\n")
    openssl("req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj", "/CN=tocsin",
            "-keyout", f"{folder}/new.key", "-out", f"{folder}/new.csr")
    openssl("x509", "-req", "-in", f"{folder}/new.csr", "-CA", f"{folder}/ca.pem", "-CAkey", f"{folder}/ca.key", "-CAcreateserial",
            "-days", "1", "-extfile", f"{folder}/names", "-out", f"{folder}/new.pem")
    os.chmod(f"{folder}/new.key", 0o600)
    os.replace(f"{folder}/new.key", f"{folder}/server.key")
    os.replace(f"{folder}/new.pem", f"{folder}/server.pem")
