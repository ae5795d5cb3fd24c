"""Certificates made for one test run: an authority, those it vouches for, and a stranger."""

import os
import subprocess

NEW_KEY = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes")
DAYS = "2"


class Certificates:
    """WHO.pem (certificate) and WHO.key in `folder`, for authority, server, client and stranger.

    The authority signs server and client; the stranger's certificate is signed by itself alone.
    """

    def __init__(self, folder, server_name):
        self.folder = folder
        os.makedirs(folder, mode=0o755, exist_ok=True)
        self._self_signed("authority", "Test authority")
        self._self_signed("stranger", "stranger.example.net")
        self._signed("server", server_name, serial=1)
        self._signed("client", "client.example.com", serial=2)

    def certificate(self, who):
        return os.path.join(self.folder, f"{who}.pem")

    def key(self, who):
        return os.path.join(self.folder, f"{who}.key")

    def _self_signed(self, who, name):
        self._openssl("req", "-x509", *NEW_KEY, "-days", DAYS, "-subj", f"/CN={name}",
                      "-keyout", f"{who}.key", "-out", f"{who}.pem")

    def _signed(self, who, name, serial):
        self._openssl("req", *NEW_KEY, "-subj", f"/CN={name}",
                      "-keyout", f"{who}.key", "-out", f"{who}.csr")
        self._openssl("x509", "-req", "-days", DAYS, "-in", f"{who}.csr", "-CA", "authority.pem",
                      "-CAkey", "authority.key", "-set_serial", str(serial), "-out", f"{who}.pem")

    def _openssl(self, *arguments):
        done = subprocess.run(["openssl", *arguments], cwd=self.folder, stdin=subprocess.DEVNULL,
                              capture_output=True, text=True, timeout=60, check=False)
        if done.returncode != 0:
            raise RuntimeError(f"openssl {arguments[0]} failed: {done.stderr}")
