"""QEMU's arguments for a guest with two cards, and what goes into its initramfs."""

import pathlib
import shutil

import initramfs
import kernel

HERE = pathlib.Path(__file__).parent
ADDRESSES = ("0x10", "0x11")  # slots: 0000:00:10.0 and 0000:00:11.0, as in wire.yaml and init.sh

# QEMU's model: the plugin of DPDK that drives it.
CARDS = {
    "e1000": "net_e1000",
    "e1000e": "net_e1000",
    "vmxnet3": "net_vmxnet3",
    "virtio-net-pci": "net_virtio",
}

MODULES = {
    "vfio-pci": ["vfio_iommu_type1", "vfio-pci"],
    "uio_pci_generic": ["uio_pci_generic"],
}


def needed(program):
    path = shutil.which(program)
    if not path:
        raise kernel.Unavailable(f"{program} is not installed")
    return path


def plugins(sluice, card):
    """The drivers that the guest gets: EAL loads all that it finds in its folder."""
    eal = next(path for path in initramfs.libraries(sluice) if "librte_eal" in path)
    folder = next(pathlib.Path(eal).resolve().parent.glob("dpdk/pmds-*"))
    for name in ("bus_pci", "bus_vdev", "mempool_ring", CARDS[card]):
        # The name with the whole version is the file, and the one that EAL looks for.
        yield max(folder.glob(f"librte_{name}.so.*"), key=lambda path: len(path.name))


def graph(mtu):
    text = (HERE / "wire.yaml").read_text()
    return f"mtu: {mtu}\n{text}".encode()


def root(options, debian):
    fs = initramfs.Initramfs()
    fs.file("init", (HERE / "init.sh").read_bytes())
    fs.file("wire.yaml", graph(options.mtu))
    for program in (needed("busybox"), str(pathlib.Path(options.sluice).resolve())):
        fs.copy_binary(program)
        fs.link(f"bin/{pathlib.Path(program).name}", program)
    for plugin in plugins(options.sluice, options.card):
        fs.copy_binary(plugin)
    modules = []
    for module in MODULES[options.driver]:
        modules += [path for path in debian.needs(module) if path not in modules]
    for path in modules:
        fs.file(path.name, path.read_bytes())
    fs.file("modules", "".join(f"{path.name}\n" for path in modules).encode())
    return fs


def arguments(folder, options, debian, wires):
    card, driver = options.card, options.driver
    iommu = driver == "vfio-pci"
    command_line = f"console=ttyS0 loglevel=1 panic=-1 no_timer_check CARD_DRIVER={driver}"
    device = f"{card},romfile="
    if iommu:
        command_line += " intel_iommu=on"
    if iommu and card == "virtio-net-pci":
        device += ",disable-legacy=on,iommu_platform=on"  # or it goes round the IOMMU
    args = ["-m", "512", "-smp", "2", "-cpu", "max", "-kernel", str(debian.image),
            "-initrd", f"{folder}/initramfs", "-append", command_line]
    args += ["-M", "q35", "-device", "intel-iommu"] if iommu else ["-M", "pc"]
    for wire, slot in zip(wires, ADDRESSES):
        args += ["-netdev", wire.netdev(), "-device", f"{device},netdev={wire.name},addr={slot}"]
    return args
