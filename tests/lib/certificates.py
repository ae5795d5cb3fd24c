"""Certificates made for one test run: an authority, a server and a client that it vouches for, and a stranger."""

import os
import subprocess


def _openssl(folder, *arguments):
    done = subprocess.run(["openssl", *arguments], cwd=folder, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, timeout=60, check=False)
    if done.returncode != 0:
        raise RuntimeError(f"openssl {arguments[0]} failed: {done.stdout.decode('utf-8', 'replace')}")


class Certificates:
    """Files in `folder`: authority, server, client and stranger, each as PATH.pem (certificate) and PATH.key.

    `client` is signed by the authority, `stranger` by itself alone. Valid for two days.
    """

    def __init__(self, folder, server_name):
        self.folder = folder
        os.makedirs(folder, mode=0o755, exist_ok=True)
        self._self_signed("authority", "Test authority")
        self._self_signed("stranger", "stranger.example.net")
        self._signed("server", server_name)
        self._signed("client", "client.example.com")

    def certificate(self, who):
        return os.path.join(self.folder, f"{who}.pem")

    def key(self, who):
        return os.path.join(self.folder, f"{who}.key")

    def _self_signed(self, who, common_name):
        _openssl(self.folder, "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
                 "-days", "2", "-subj", f"/CN={common_name}", "-keyout", f"{who}.key", "-out", f"{who}.pem")

    def _signed(self, who, common_name):
        _openssl(self.folder, "req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
                 "-subj", f"/CN={common_name}", "-keyout", f"{who}.key", "-out", f"{who}.csr")
        _openssl(self.folder, "x509", "-req", "-days", "2", "-in", f"{who}.csr", "-CA", "authority.pem",
                 "-CAkey", "authority.key", "-set_serial", str(1 + sum(map(ord, who))), "-out", f"{who}.pem")
