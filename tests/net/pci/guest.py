"""One QEMU machine without KVM, its serial console read line by line."""

import os
import queue
import subprocess
import threading
import time


class Timeout(Exception):
    """The guest did not say in time what it should have said."""


class Ended(Exception):
    """The guest is gone before its time."""


class Guest:
    def __init__(self, args, log):
        self.lines = queue.Queue()
        self.log = log
        command = ["qemu-system-x86_64", "-accel", "tcg", "-display", "none", "-nodefaults",
                   "-no-reboot", "-serial", "stdio", "-monitor", "none"] + args
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        stderr=subprocess.STDOUT)
        self.reader = threading.Thread(target=self.read, daemon=True)
        self.reader.start()

    def read(self):
        for raw in self.process.stdout:
            line = raw.decode(errors="replace").rstrip("\r\n")
            self.log.write(line + "\n")
            self.lines.put(line)
        self.lines.put(None)

    def until(self, mark, seconds):
        """Lines up to the one that starts with mark, which ends them."""
        end = time.monotonic() + seconds
        lines = []
        while True:
            try:
                line = self.lines.get(timeout=max(0, end - time.monotonic()))
            except queue.Empty:
                raise Timeout(f"no '{mark}' from the guest in {seconds} s") from None
            if line is None:
                raise Ended(f"the guest ended before it said '{mark}'")
            lines.append(line)
            if line.startswith(mark):
                return lines

    def say(self, line):
        os.write(self.process.stdin.fileno(), line.encode() + b"\n")

    def close(self):
        self.process.kill()
        self.process.wait()
        self.reader.join()
        self.process.stdin.close()
        self.process.stdout.close()
