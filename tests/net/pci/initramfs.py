"""A guest's root as a gzipped cpio archive in the "newc" format; writing it takes no root."""

import pathlib
import stat
import subprocess
import zlib


class Initramfs:
    def __init__(self):
        self.archive = bytearray()
        self.names = {"."}
        # EAL loads no drivers from below a folder that anyone may write, as "/" would be.
        self.record(".", stat.S_IFDIR | 0o755, b"")

    def record(self, name, mode, data):
        name = name.encode() + b"\0"
        fields = (len(self.names), mode, 0, 0, 1, 0, len(data), 0, 0, 0, 0, len(name), 0)
        header = b"070701" + b"".join(b"%08X" % field for field in fields)
        for part in (header + name, data):
            self.archive += part
            self.archive += bytes(-len(self.archive) % 4)

    def put(self, name, mode, data):
        """Names are paths without the first slash; folders above come by themselves."""
        if name in self.names:
            return
        self.put(str(pathlib.PurePath(name).parent), stat.S_IFDIR | 0o755, b"")
        self.names.add(name)
        self.record(name, mode, data)

    def file(self, name, data):
        self.put(name, stat.S_IFREG | 0o755, data)

    def link(self, name, target):
        self.put(name, stat.S_IFLNK | 0o777, target.encode())

    def copy(self, path):
        """A file of the host at its own place. A link stays a link, also because EAL takes a
        driver's library in two places for two drivers."""
        real = pathlib.Path(path).resolve()
        if str(real) != str(path):
            self.link(str(path).lstrip("/"), str(real))
        self.file(str(real).lstrip("/"), real.read_bytes())

    def copy_binary(self, path):
        """A program or a library, and every library that it asks for."""
        self.copy(path)
        for library in libraries(path):
            self.copy(library)

    def write(self, path):
        self.record("TRAILER!!!", 0, b"")
        gzip = zlib.compressobj(1, zlib.DEFLATED, 31)
        pathlib.Path(path).write_bytes(gzip.compress(self.archive) + gzip.flush())


def libraries(path):
    """Absolute paths of what the dynamic linker loads for a program or library, itself included."""
    ldd = subprocess.run(["ldd", path], capture_output=True, text=True)
    found = []
    for line in ldd.stdout.splitlines():
        words = line.split()
        if "not found" in line:
            raise FileNotFoundError(f"{path} needs {words[0]}, which is not here")
        where = words[2] if "=>" in words else words[0]
        if where.startswith("/"):
            found.append(where)
    return found
