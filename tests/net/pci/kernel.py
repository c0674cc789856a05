"""Debian's kernel for the guest, unpacked into a folder of the build; never installed."""

import fcntl
import pathlib
import shutil
import subprocess

PACKAGE = "linux-image-cloud-amd64"


class Unavailable(Exception):
    """What the test needs cannot be had here."""


def apt(*args, cwd=None):
    if not shutil.which(args[0]):
        raise Unavailable(f"{args[0]} is not here: not Debian?")
    done = subprocess.run(args, cwd=cwd, capture_output=True, text=True, timeout=300)
    if done.returncode != 0:
        raise Unavailable(f"{' '.join(args)}: {done.stderr.strip() or 'failed'}")
    return done.stdout


def versioned_package():
    """The package behind the metapackage: linux-image-6.1.0-NN-cloud-amd64."""
    for line in apt("apt-cache", "depends", PACKAGE).splitlines():
        word, _, name = line.strip().partition(": ")
        if word == "Depends" and name.startswith("linux-image-"):
            return name
    raise Unavailable(f"apt knows no kernel behind {PACKAGE}: apt-get update?")


def unpack(folder):
    name = versioned_package()
    apt("apt-get", "download", name, cwd=folder)
    for deb in folder.glob(f"{name}_*.deb"):
        subprocess.run(["dpkg-deb", "-x", deb, folder / "unpacking"], check=True)
        deb.unlink()
    (folder / "unpacking").rename(folder / "tree")


class Kernel:
    """The image and the modules below one folder."""

    def __init__(self, tree):
        self.image = next(tree.glob("boot/vmlinuz-*"))
        self.modules = {
            path.stem.replace("-", "_"): path for path in tree.glob("lib/modules/**/*.ko")
        }

    def needs(self, module):
        """The modules to load for one, itself last; nothing for one that is built in."""
        path = self.modules.get(module.replace("-", "_"))
        if not path:
            return []
        info = path.read_bytes()
        start = info.index(b"\0depends=") + len(b"\0depends=")
        direct = info[start : info.index(b"\0", start)].decode()
        below = [m for name in direct.split(",") if name for m in self.needs(name)]
        return below + [path]


def get(folder):
    """Fetch it once; tests that run at the same time wait for each other here."""
    folder = pathlib.Path(folder).resolve()
    folder.mkdir(parents=True, exist_ok=True)
    with open(folder / "lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (folder / "tree").is_dir():
            unpack(folder)
    return Kernel(folder / "tree")
