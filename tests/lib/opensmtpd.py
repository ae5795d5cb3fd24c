"""A complete OpenSMTPD of our own: a private folder and a loopback port, the system's mail untouched.

    with OpenSmtpd() as server:
        client = SmtpClient.dial(server.host, server.port)

It is configured as its manual shows for a host that takes mail for itself and one domain and relays
nothing. It has no STARTTLS: Debian's build cannot use the keys that the tests make.
"""

import os

from private_mta import DOMAIN, HOST_NAME, PrivateServer

CONFIGURATION = """\
{listeners}action "deliver" maildir "{folder}/mail/%{{user.username}}"
match from any for domain "{domain}" action "deliver"
match from any for local action "deliver"
"""


class OpenSmtpd(PrivateServer):
    NAME = "OpenSMTPD"
    accounts = {"opensmtpd": 392, "opensmtpq": 393}

    def write_configuration(self):
        # Folders whose owners and modes it insists on.
        os.makedirs(self.path("lib/opensmtpd/empty"), exist_ok=True)
        os.makedirs(self.path("spool/smtpd"), exist_ok=True)
        os.chmod(self.path("spool/smtpd"), 0o711)
        listeners = "".join(f"listen on {address} port {self.port} hostname {HOST_NAME}\n"
                            for address in self.addresses)
        self.write("etc/smtpd.conf", CONFIGURATION.format(
            listeners=listeners, folder=self.folder, domain=DOMAIN))
        os.chmod(self.path("etc/smtpd.conf"), 0o600)

    def mounts(self):
        return {"lib": "/var/lib", "spool": "/var/spool", "run": "/run",
                os.path.join(self.programs, "usr/libexec"): "/usr/libexec"}

    def command(self):
        return [os.path.join(self.programs, "usr/sbin/smtpd"), "-d", "-f",
                self.path("etc/smtpd.conf")]

    def queued(self):
        return [name for queue in ("queue", "incoming")
                for _, _, names in os.walk(self.path("spool/smtpd", queue)) for name in names]
