"""A program of ours that runs in a private folder of its own and writes its log there."""

import os
import shutil
import tempfile


class Child:
    """Its folder, .log_file in it, and .process while it runs."""

    def __init__(self, prefix):
        self.folder = tempfile.mkdtemp(prefix=prefix)
        self.log_file = os.path.join(self.folder, "log")
        self.process = None

    def kill(self):
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            self.process = None

    def discard(self):
        """End it whatever its state and remove the folder."""
        self.kill()
        shutil.rmtree(self.folder, ignore_errors=True)

    def log_text(self):
        try:
            with open(self.log_file, encoding="utf-8", errors="backslashreplace") as file:
                return file.read()
        except FileNotFoundError:
            return ""
