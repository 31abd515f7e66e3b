/** The command line of qemu for one guest, and the only place that knows it. */
import { HOST_KEY, JOBS_TAG, MODULES_KEY, PORT, ROOT_TAG } from "./init.ts";
import type { Kernel } from "./kernel.ts";

export const QEMU = "qemu-system-x86_64";

/** A cable between two guests: where one listens and the other does. Neither has to be there first. */
export interface Cable {
  readonly local: string;
  readonly remote: string;
}

export interface GuestOptions {
  /** Its host name. */
  readonly name?: string;
  /** Mebibytes. */
  readonly memory?: number;
  readonly processors?: number;
  /** eth0, eth1 … */
  readonly cables?: readonly Cable[];
  /** A listening Unix socket: what the guest's /dev/ttyS1 is plugged into. */
  readonly serial?: string;
}

/** Files that belong to one guest while it runs. */
export interface GuestFiles {
  readonly console: string;
  /** Unix sockets on which the host listens and qemu calls. */
  readonly commands: string;
  readonly monitor: string;
  readonly jobs: string;
}

const MEMORY = 768;

/** What makes a boot short and its time steady, without what nobody looks at. */
const KERNEL_WORDS = [
  ...["console=ttyS0", "panic=1", "quiet", "mitigations=off", "nokaslr", "audit=0", "apparmor=0"],
  ...["random.trust_cpu=on", "rng_core.default_quality=1000", "cryptomgr.notests", "nowatchdog"],
  ...["tsc=reliable", "clocksource=tsc", "no_timer_check", "net.ifnames=0"],
];

/** A host's directory that the guest can mount by its tag. */
const shared = (id: string, path: string, tag: string, rest: string): string[] => [
  ...["-fsdev", `local,id=${id},path=${path},security_model=none${rest}`],
  ...["-device", `virtio-9p-pci,fsdev=${id},mount_tag=${tag}`],
];

/** A stable address for each interface of each guest. */
function mac(name: string, index: number): string {
  const hash = Bun.hash.crc32(name) & 0xffff;
  const pairs = [0x52, 0x54, index, 0, hash >> 8, hash & 0xff];
  return pairs.map((each) => each.toString(16).padStart(2, "0")).join(":");
}

/** Without KVM on purpose: small virtual machines have none to give, and the tests are the same everywhere. */
export function qemuArgv(kernel: Kernel, files: GuestFiles, options: GuestOptions): string[] {
  const name = options.name ?? "guest";
  const words = [...KERNEL_WORDS, `${HOST_KEY}=${name}`, `${MODULES_KEY}=${kernel.modules}`];
  return [
    ...[QEMU, "-name", name, "-nodefaults", "-no-user-config", "-display", "none", "-no-reboot"],
    ...["-M", "q35", "-accel", "tcg,thread=multi,tb-size=256", "-cpu", "max,la57=off"],
    ...["-smp", String(options.processors ?? 1), "-m", String(options.memory ?? MEMORY)],
    ...["-kernel", kernel.image, "-initrd", kernel.initramfs, "-append", words.join(" ")],
    ...["-chardev", `file,id=console,path=${files.console}`, "-serial", "chardev:console"],
    ...["-chardev", `socket,id=monitor,path=${files.monitor}`, "-mon", "chardev=monitor,mode=control"],
    ...shared("root", "/", ROOT_TAG, ",readonly=on,multidevs=remap"),
    ...shared("jobs", files.jobs, JOBS_TAG, ""),
    ...["-device", "virtio-serial-pci", "-chardev", `socket,id=commands,path=${files.commands}`],
    ...["-device", `virtserialport,chardev=commands,name=${PORT}`, "-device", "virtio-rng-pci"],
    ...(options.serial === undefined
      ? []
      : [
          ...["-chardev", `socket,id=serial,path=${options.serial}`],
          ...["-device", "isa-serial,index=1,chardev=serial"],
        ]),
    ...(options.cables ?? []).flatMap(({ local, remote }, index) => [
      "-netdev",
      `dgram,id=n${index},local.type=unix,local.path=${local},remote.type=unix,remote.path=${remote}`,
      "-device",
      `virtio-net-pci,netdev=n${index},mac=${mac(name, index)},romfile=`,
    ]),
  ];
}
