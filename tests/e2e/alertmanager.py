"""Starts a real Alertmanager: an installed one, or the one that `./dev test --ci` takes out of Debian's package."""

import os
import re
import shutil
import socket
import subprocess
import tempfile

from service import BUILD, await_, get, get_json

PROGRAM = "prometheus-alertmanager"
FETCHED = os.path.join(os.path.abspath(BUILD), "counterparts")


def available():
    return shutil.which(PROGRAM) is not None or os.path.exists(os.path.join(FETCHED, "usr", "bin", PROGRAM))


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def chroot():
    """The command's beginning that makes FETCHED its root: Debian's program reads its templates by their absolute path."""
    listed = subprocess.run(["ldd", os.path.join(FETCHED, "usr", "bin", PROGRAM)], capture_output=True, text=True, check=True)
    for library in re.findall(r"(/\S+) \(0x", listed.stdout):
        os.makedirs(FETCHED + os.path.dirname(library), exist_ok=True)
        shutil.copy(library, FETCHED + library)
    os.makedirs(os.path.join(FETCHED, "tmp"), exist_ok=True)
    become_root = [] if os.geteuid() == 0 else ["unshare", "--user", "--map-root-user"]
    return [*become_root, "chroot", FETCHED]


class Alertmanager:
    """On a free port; tells nobody."""

    def __init__(self):
        command, root = [PROGRAM], ""
        if shutil.which(PROGRAM) is None:
            command, root = [*chroot(), f"/usr/bin/{PROGRAM}"], FETCHED
        self.folder = tempfile.TemporaryDirectory(prefix="alertmanager-", dir=root + "/tmp" if root else None)
        inside = self.folder.name.removeprefix(root)
        with open(os.path.join(self.folder.name, "alertmanager.yml"), "w", encoding="utf-8") as file:
            file.write("route: {receiver: none}\nreceivers: [{name: none}]\n")
        self.log = open(os.path.join(self.folder.name, "log"), "w+", encoding="utf-8")
        port = free_port()
        self.url = f"http://127.0.0.1:{port}"
        self.process = subprocess.Popen(
            [*command, f"--config.file={inside}/alertmanager.yml", f"--storage.path={inside}/data",
             f"--web.listen-address=127.0.0.1:{port}", "--cluster.listen-address="], stderr=self.log)
        await_("Alertmanager ready", self.ready, 30)

    def ready(self):
        if self.process.poll() is not None:
            self.log.seek(0)
            raise AssertionError("Alertmanager ended:\n" + self.log.read())
        try:
            get(self.url + "/-/ready")
            return True
        except OSError:
            return False

    def alerts(self):
        """Those that are active."""
        return get_json(self.url + "/api/v2/alerts")

    def stop(self):
        self.process.terminate()
        self.process.wait(10)
        self.log.close()
        self.folder.cleanup()
