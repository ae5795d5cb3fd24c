"""Mail servers with the settings that `milter-strict mta` prints; the daemon with all doors open."""

import re
import subprocess
import tempfile

import support  # first: it says where the library is

import daemon
import sendmail
from postfix import Postfix

DOORS = ("milter", "policy", "socketmap")


def listening():
    """Fresh addresses of all doors, and the configuration that says so."""
    addresses = {door: f"inet:{support.free_port()}@127.0.0.1" for door in DOORS}
    listen = " ".join(f'{door} = "{address}";' for door, address in addresses.items())
    return addresses["milter"], f"listen: {{ {listen} }};\n"


def settings_for(server, config, folder):
    """The files of `milter-strict mta`, in this folder."""
    done = subprocess.run([daemon.program(), "mta", server, "-c", config, "--output", folder],
                          stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60,
                          check=False)
    if done.returncode != 0:
        raise AssertionError(f"milter-strict mta {server} ended with {done.returncode}:\n"
                             f"{done.stderr}")


def main_cf(path):
    """The settings in a main.cf, as a dict."""
    with open(path, encoding="ascii") as file:
        lines = [line for line in file.read().splitlines() if not line.startswith("#")]
    text = re.sub(r"\n[ \t]+", " ", "\n".join(lines))
    pairs = [line.partition("=") for line in text.splitlines() if line.strip()]
    return {name.strip(): value.strip() for name, _, value in pairs}


def start_daemon(cls, available):
    """The daemon of a class of tests, and a folder for the settings."""
    available()
    address, listen = listening()
    cls.daemon = cls.enterClassContext(support.Daemon(cls.config + listen, listen=address))
    return cls.enterClassContext(tempfile.TemporaryDirectory(prefix="milter-strict-mta-"))


def start_postfix(cls, **own):
    """setUpClass() of a class of tests at a Postfix: cls.daemon and cls.postfix. `own` are settings
    that its main.cf has already."""
    folder = start_daemon(cls, support.unpacked)
    settings_for("postfix", cls.daemon.config, folder)
    settings = {name: value.replace("${config_directory}", folder)
                for name, value in main_cf(f"{folder}/main.cf").items()}
    cls.postfix = cls.enterClassContext(Postfix(settings=own | settings))


def start_sendmail(cls, privacy=""):
    """setUpClass() of a class of tests at a Sendmail: cls.daemon and cls.sendmail. `privacy` are
    flags added to confPRIVACY_FLAGS."""
    folder = start_daemon(cls, sendmail.unpacked)
    settings_for("sendmail", cls.daemon.config, folder)
    with open(f"{folder}/milter-strict.mc", encoding="ascii") as file:
        lines = file.read()
    lines = re.sub(r"`/[^`'\s]*helpfile'", f"`{folder}/helpfile'", lines)
    lines = re.sub(r"(?<=`confPRIVACY_FLAGS', `)", privacy and privacy + ",", lines)
    cls.sendmail = cls.enterClassContext(sendmail.Sendmail(lines=lines))
