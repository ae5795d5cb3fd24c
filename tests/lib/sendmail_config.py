"""The folders and the sendmail.cf of a private Sendmail (sendmail.py runs it)."""

import os
import shutil
import subprocess

from postfix_config import DOMAIN, HOST4, HOST6, HOST_NAME, USERS, has_ipv6

MAILBOX_OWNER = "games"  # an account that Debian's base-passwd always brings, and no user of ours
FOLDERS = {"mail": 0o755, "queue": 0o700, "dev": 0o755, "etc": 0o755}
DEVICES = ("null", "zero", "random", "urandom")

# What the system's resolver reads, as this Sendmail sees it: no question leaves the machine.
RESOLVER = {"hosts": f"{HOST4} localhost\n{HOST6} localhost\n{HOST4} {HOST_NAME}\n",
            "nsswitch.conf": "passwd: files\ngroup: files\nhosts: files\n",
            "resolv.conf": f"nameserver {HOST4}\noptions timeout:1 attempts:1\n",
            "service.switch": "hosts files\naliases files\n"}

# Runs in namespaces of its own: a host name that is fully qualified, which Sendmail waits for; the
# resolver's files; a /dev whose log is ours. Should the test be killed, Sendmail ends too.
LAUNCHER = """\
hostname "$1"
for name in hosts nsswitch.conf resolv.conf; do
  [ ! -e "/etc/$name" ] || mount --bind "etc/$name" "$(readlink -f "/etc/$name")"
done
for name in {devices}; do
  mount --bind "/dev/$name" "dev/$name"
done
mount --rbind dev /dev
shift
exec setpriv --pdeathsig TERM "$@"
""".format(devices=" ".join(DEVICES))


def command(programs, *arguments):
    """The command line that runs the unpacked Sendmail with the private folder to work in."""
    return ["unshare", "--mount", "--uts", "sh", "-euc", LAUNCHER, "launcher", HOST_NAME,
            program(programs), "-C", "etc/sendmail.cf", *arguments]


def program(programs):
    return os.path.join(programs, "usr/libexec/sendmail/sendmail")


def make_folders(folder):
    """Everything that Sendmail expects to find but its configuration."""
    for name, mode in FOLDERS.items():
        os.mkdir(os.path.join(folder, name), mode)
    for name in DEVICES:
        write(folder, f"dev/{name}", "")
    for name, text in RESOLVER.items():
        write(folder, f"etc/{name}", text)
    for user in USERS:
        write(folder, f"mail/{user}", "", 0o600)
        shutil.chown(os.path.join(folder, "mail", user), MAILBOX_OWNER, MAILBOX_OWNER)
    aliases = {user: os.path.join(folder, "mail", user) for user in USERS}
    aliases["mailer-daemon"] = "postmaster"
    write(folder, "etc/aliases", "".join(f"{name}: {to}\n" for name, to in aliases.items()))
    write(folder, "etc/statistics", "")


def write(folder, name, text, mode=0o644):
    path = os.path.join(folder, name)
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)
    os.chmod(path, mode)


def filter_line(address, default_action):
    """INPUT_MAIL_FILTER; Sendmail writes sockets as libmilter does."""
    flag = {"accept": "", "tempfail": ", F=T", "reject": ", F=R"}[default_action]
    return f"INPUT_MAIL_FILTER(`milter-strict', `S={address}{flag}, T=C:10s;S:30s;R:30s;E:60s')\n"


def mc(folder, ports, lines):
    """The .mc file: what every instance has, then the lines of this one."""
    port, submission_port = ports
    listeners = [(family, address, name, number)
                 for family, address in (("inet", HOST4), ("inet6", HOST6))
                 if family == "inet" or has_ipv6()
                 for name, number in (("MTA", port), ("MSA", submission_port))]
    daemons = "".join(f"DAEMON_OPTIONS(`Family={family}, Name={name}, Addr={address}, "
                      f"Port={number}')\n" for family, address, name, number in listeners)
    return f"""\
VERSIONID(`private')
OSTYPE(`linux')
define(`confDOMAIN_NAME', `{HOST_NAME}')
define(`QUEUE_DIR', `{folder}/queue')
define(`ALIAS_FILE', `stab:{folder}/etc/aliases')
define(`STATUS_FILE', `{folder}/etc/statistics')
define(`confPID_FILE', `{folder}/pid')
define(`confHOSTS_FILE', `{folder}/etc/hosts')
define(`confSERVICE_SWITCH_FILE', `{folder}/etc/service.switch')
define(`confDEF_USER_ID', `{MAILBOX_OWNER}:{MAILBOX_OWNER}')
define(`confDONT_BLAME_SENDMAIL', `TrustStickyBit')
define(`confDONT_PROBE_INTERFACES', `True')
define(`confTO_IDENT', `0s')
define(`confLOG_LEVEL', `11')
define(`confDELIVERY_MODE', `background')
dnl A busy machine is no reason to turn the tests away.
define(`confQUEUE_LA', `1000')
define(`confREFUSE_LA', `1000')
dnl Nothing leaves the machine: neither mail for others nor bounces to made-up senders.
define(`SMART_HOST', `nowhere:elsewhere')
FEATURE(`nocanonify')
FEATURE(`accept_unresolvable_domains')
FEATURE(`no_default_msa')
{daemons}LOCAL_DOMAIN(`{DOMAIN}')
MAILER(`local')
MAILER(`smtp')
MAILER_DEFINITIONS
Mnowhere, P=/bin/dd, F=lsDFMeuS, S=EnvFromL, R=EnvToSMTP, T=DNS/RFC822/X-Unix,
\tA=dd of=/dev/null status=none
{lines}"""


def make_cf(folder, programs, text):
    """etc/sendmail.cf from the .mc file, by m4 and the package's own macros."""
    write(folder, "etc/sendmail.mc", text)
    macros = os.path.join(programs, "usr/share/sendmail/cf/")
    done = subprocess.run(["m4", f"-D_CF_DIR_={macros}", f"{macros}m4/cf.m4",
                           os.path.join(folder, "etc/sendmail.mc")], stdin=subprocess.DEVNULL,
                          capture_output=True, text=True, timeout=60, check=False)
    if done.returncode != 0 or done.stderr:
        raise RuntimeError(f"m4 does not like sendmail.mc:\n{done.stderr}\n{text}")
    write(folder, "etc/sendmail.cf", done.stdout)
