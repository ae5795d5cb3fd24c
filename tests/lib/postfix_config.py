"""The folders, main.cf and master.cf of a private Postfix (postfix.py runs it)."""

import contextlib
import functools
import grp
import os
import pwd
import shutil
import socket
import tempfile
import time

DOMAIN = "example.org"
HOST_NAME = "mx.example.org"
USERS = ("alice", "bob", "carol", "postmaster", "abuse")
HOST4 = "127.0.0.1"
HOST6 = "::1"

# Accounts that Debian's base-passwd always brings. Postfix wants an owner with a uid and a gid of
# its own, another group for setgid programs, and root for neither.
MAIL_OWNER = "news"
SETGID_GROUP = "uucp"
MAILBOX_OWNER = "games"
MILTER_OWNER = "nobody"

PRIVATE_FOLDERS = ("data", *(f"queue/{name}" for name in (
    "active", "bounce", "corrupt", "defer", "deferred", "flush", "hold", "incoming", "private",
    "saved", "trace")))
SHARED_FOLDERS = {"queue/maildrop": 0o730, "queue/public": 0o710}

# Columns as in master(5): private, unprivileged, chroot, wakeup, process limit.
SERVICES = """\
pickup     unix  n - n 60  1 pickup
cleanup    unix  n - n -   0 cleanup
qmgr       unix  n - n 300 1 qmgr
tlsmgr     unix  - - n 1000? 1 tlsmgr
rewrite    unix  - - n -   - trivial-rewrite
bounce     unix  - - n -   0 bounce
defer      unix  - - n -   0 bounce
trace      unix  - - n -   0 bounce
verify     unix  - - n -   1 verify
flush      unix  n - n 1000? 0 flush
proxymap   unix  - - n -   - proxymap
proxywrite unix  - - n -   1 proxymap
smtp       unix  - - n -   - smtp
relay      unix  - - n -   - smtp
showq      unix  n - n -   - showq
error      unix  - - n -   - error
retry      unix  - - n -   - error
discard    unix  - - n -   - discard
local      unix  - n n -   - local
virtual    unix  - n n -   - virtual
anvil      unix  - - n -   1 anvil
scache     unix  - - n -   1 scache
postlog    unix-dgram n - n - 1 postlogd
"""


@functools.lru_cache(maxsize=None)
def has_ipv6():
    """Whether ::1 can be listened on."""
    try:
        with socket.socket(socket.AF_INET6, socket.SOCK_STREAM) as probe:
            probe.bind((HOST6, 0))
        return True
    except OSError:
        return False


def loopback_addresses():
    return (HOST4, HOST6) if has_ipv6() else (HOST4,)


def milter_endpoint(address):
    """Turn libmilter's way of writing a socket (unix:PATH, inet:PORT@HOST) into Postfix's."""
    family, _, rest = address.partition(":")
    if family in ("unix", "local"):
        return f"unix:{rest}"
    port, _, host = rest.partition("@")
    return f"inet:[{host.strip('[]')}]:{port}" if family == "inet6" else f"inet:{host}:{port}"


def mail_group():
    """The group that Postfix's services run under; `postfix` where it is installed."""
    return grp.getgrgid(pwd.getpwnam(MAIL_OWNER).pw_gid).gr_name


@contextlib.contextmanager
def milter_socket():
    """A unix socket as a site has it: yields its address and the configuration that it needs.

    The daemon, started by root, opens it for the group that Postfix runs under and then becomes
    somebody else."""
    with tempfile.TemporaryDirectory(prefix="milter-strict-socket-") as folder:
        os.chmod(folder, 0o755)
        shutil.chown(folder, MILTER_OWNER)
        address = f"unix:{folder}/milter.sock"
        yield address, (f'user = "{MILTER_OWNER}";\nlisten: {{ milter = "{address}"; '
                        f'group = "{mail_group()}"; mode = "0660"; }};\n')


def make_folders(folder, programs):
    """Everything that `postfix start` would expect to find, with the owners it insists on."""
    owner = pwd.getpwnam(MAIL_OWNER)
    for name in ("etc", "log", "mail", "queue", "queue/pid", *PRIVATE_FOLDERS, *SHARED_FOLDERS):
        os.mkdir(os.path.join(folder, name), 0o755)
    for name in PRIVATE_FOLDERS:
        os.chmod(os.path.join(folder, name), 0o700)
        os.chown(os.path.join(folder, name), owner.pw_uid, -1)
    for name, mode in SHARED_FOLDERS.items():
        shutil.chown(os.path.join(folder, name), MAIL_OWNER, SETGID_GROUP)
        os.chmod(os.path.join(folder, name), mode)
    shutil.chown(os.path.join(folder, "mail"), MAILBOX_OWNER)
    shutil.copy(f"{programs}/usr/share/postfix/dynamicmaps.cf", os.path.join(folder, "etc"))
    write(folder, "mailboxes", "".join(f"{user}@{DOMAIN} {user}/\n" for user in USERS))


def write(folder, name, text):
    """Replace a configuration file in one step, for Postfix may be reading it.

    The file gets a time in the past: Postfix waits for seconds before it trusts a younger one."""
    path = os.path.join(folder, "etc", name)
    with open(path + ".new", "w", encoding="utf-8") as new:
        new.write(text)
    past = time.time() - 10
    os.utime(path + ".new", (past, past))
    os.rename(path + ".new", path)


def main_cf(folder, programs):
    """The settings that every instance has, as a dict in main.cf's words."""
    mailboxes = pwd.getpwnam(MAILBOX_OWNER)
    libraries = f"{programs}/usr/lib/postfix"
    return {
        "compatibility_level": "3.6",
        "config_directory": f"{folder}/etc",
        "meta_directory": f"{folder}/etc",
        "queue_directory": f"{folder}/queue",
        "data_directory": f"{folder}/data",
        "command_directory": f"{programs}/usr/sbin",
        "daemon_directory": f"{libraries}/sbin",
        "shlib_directory": libraries,
        "import_environment": f"MAIL_CONFIG TZ LD_LIBRARY_PATH={libraries}",
        "export_environment": "MAIL_CONFIG TZ LD_LIBRARY_PATH",
        "maillog_file": f"{folder}/log/maillog",
        "maillog_file_prefixes": f"{folder}/log",
        "mail_owner": MAIL_OWNER,
        "setgid_group": SETGID_GROUP,
        "myhostname": HOST_NAME,
        "myorigin": DOMAIN,
        "mydestination": "",
        "mynetworks": "",
        "alias_maps": "",
        "alias_database": "",
        "local_recipient_maps": "",
        "inet_interfaces": "loopback-only",
        "inet_protocols": "all" if has_ipv6() else "ipv4",
        "virtual_mailbox_domains": DOMAIN,
        "virtual_mailbox_maps": f"texthash:{folder}/etc/mailboxes",
        "virtual_mailbox_base": f"{folder}/mail",
        "virtual_minimum_uid": "1",
        "virtual_uid_maps": f"static:{mailboxes.pw_uid}",
        "virtual_gid_maps": f"static:{mailboxes.pw_gid}",
        "recipient_delimiter": "+",
        "smtpd_relay_restrictions": "permit_sasl_authenticated, reject_unauth_destination",
        # Nothing leaves the machine: neither mail for others nor bounces to made-up senders.
        "default_transport": "discard:outside the test",
        "relay_transport": "discard:outside the test",
        "disable_dns_lookups": "yes",
        "smtpd_peername_lookup": "no",
        "notify_classes": "",
        # Many errors and many connections from one address are what tests are made of.
        "smtpd_error_sleep_time": "0s",
        "smtpd_client_connection_count_limit": "0",
        "in_flow_delay": "0s",
    }


def tls_settings(certificates):
    """STARTTLS for all, and clients may show a certificate."""
    chain = f"{certificates.key('server')}, {certificates.certificate('server')}"
    return {"smtpd_tls_security_level": "may",
            "smtpd_tls_ask_ccert": "yes",
            "smtpd_tls_loglevel": "1",
            "smtpd_tls_chain_files": chain,
            "smtpd_tls_CAfile": certificates.certificate("authority"),
            "tls_append_default_CA": "no"}


def auth_settings(socket_path):
    """AUTH, judged by an authentication service that speaks Dovecot's protocol."""
    return {"smtpd_sasl_auth_enable": "yes",
            "smtpd_sasl_type": "dovecot",
            "smtpd_sasl_path": socket_path}


def master_cf(addresses, port, xclient_port, submission_port, chroot):
    """The services: three SMTP listeners on each address, then what every Postfix has."""
    jail = "y" if chroot else "n"
    listeners = ((port, ""),
                 (xclient_port, " -o smtpd_authorized_xclient_hosts=127.0.0.1,[::1]"),
                 (submission_port, " -o milter_macro_daemon_name=ORIGINATING"))
    hosts = [f"[{address}]" if ":" in address else address for address in addresses]
    lines = [f"{host}:{number} inet n - {jail} - - smtpd{options}\n"
             for host in hosts for number, options in listeners]
    return "".join(lines) + SERVICES
