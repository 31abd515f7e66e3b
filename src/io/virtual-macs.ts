/**
 * The devices behind virtual MAC addresses. Ours are told from others by their group (IFLA_GROUP), a number made of runtime_dir: the
 * kernel sets it in the same step in which the device begins to exist, so that no crash can leave one behind that nobody knows.
 */
import { errnoName } from "../../native/libc.ts";
import type { Link } from "../agent/boundary.ts";
import type { VirtualMac, VirtualMacResult } from "../agent/virtual-mac.ts";
import { BorrowedSettings } from "./sysctl.ts";
import type { Device } from "../wire/macvlan.ts";
import { Macvlans } from "./macvlans.ts";
import { borrowBase, judgeBase, prepareDevice } from "./virtual-mac-settings.ts";

/** The group of the devices of an agent: 31 bits, far from the numbers that people choose. */
export const groupOf = (directory: string): number => (Bun.hash.crc32(directory) >>> 2) | 0x4000_0000;

const CREATION: Readonly<Record<string, string>> = {
  EOPNOTSUPP: "this kernel has no macvlan; cure: modprobe macvlan, on OpenWrt opkg install kmod-macvlan",
  EBUSY: "the interface is a port of a bridge or bond; cure: name the bridge or bond instead",
  EINVAL: "the interface cannot carry a macvlan",
  EPERM: "not permitted",
};

/** Whether a device is on that interface; on a macvlan the kernel puts it beside that one, on the interface below both. */
const isOn = (macvlans: Macvlans, device: Device, base: number): boolean =>
  device.base === base ||
  macvlans
    .all()
    .some(({ index, kind, base: below }) => index === base && kind === "macvlan" && below === device.base);

export class VirtualMacs {
  readonly #group: number;
  readonly #borrowed: BorrowedSettings;
  #macvlans: Macvlans | null = null;
  #wanted: ReadonlyMap<string, VirtualMac> = new Map();
  /** Devices whose settings are as they must be, by name and index. */
  readonly #prepared = new Map<string, number>();
  #tidying = false;
  #closed = false;

  constructor(directory: string, warn: (detail: string) => void) {
    this.#group = groupOf(directory);
    this.#borrowed = new BorrowedSettings(directory, warn);
  }

  #open(): Macvlans | string {
    if (this.#macvlans !== null) return this.#macvlans;
    const opened = Macvlans.open();
    if (!opened.ok) return `rtnetlink: ${errnoName(opened.error)}`;
    this.#macvlans = opened.value;
    return opened.value;
  }

  /** Makes what is wanted and sets up what is to be up, at once; takes down and removes the rest soon, see {@link tidy}. */
  set(devices: readonly VirtualMac[]): VirtualMacResult[] {
    this.#wanted = new Map(devices.map((device) => [device.name, device]));
    const macvlans = this.#open();
    const told = devices.map((device): VirtualMacResult => {
      const { name } = device;
      if (typeof macvlans === "string") return { name, link: null, failure: macvlans };
      const made = this.#ensure(macvlans, device);
      return typeof made === "string"
        ? { name, link: null, failure: made }
        : { name, link: made, failure: null };
    });
    this.tidy();
    return told;
  }

  /** The device as it should be; or what is wrong, in words. */
  #ensure(macvlans: Macvlans, wanted: VirtualMac): Link | string {
    const { name, base, mac, up } = wanted;
    const looked = macvlans.look(name);
    if (!looked.ok) return errnoName(looked.error);
    let device = looked.value?.device ?? null;
    if (device !== null && !this.#isOurs(device)) {
      return `a device of that name is there already, and not by us (${device.kind === "" ? "no macvlan" : device.kind})`;
    }
    if (device !== null && !(device.isPrivate && device.mac === mac && isOn(macvlans, device, base))) {
      macvlans.remove(device.index);
      device = null;
    }
    if (device === null) {
      const refused = this.#create(macvlans, wanted);
      if (refused !== null) return refused;
    }
    return this.#arrange(macvlans, wanted, up && device?.up !== true);
  }

  readonly #isOurs = ({ kind, group }: Device): boolean => kind === "macvlan" && group === this.#group;

  #create(macvlans: Macvlans, { name, base, mac }: VirtualMac): string | null {
    const twin = macvlans.all().find((other) => other.mac === mac && other.base === base);
    if (twin !== undefined) {
      return `${twin.name} on the same interface has the address ${mac} already; does another VRRP daemon run?`;
    }
    const errno = macvlans.create({ name, base, mac, group: this.#group });
    return errno < 0 ? (CREATION[errnoName(errno)] ?? errnoName(errno)) : null;
  }

  /** Settings, then up; and the proof of it all. */
  #arrange(macvlans: Macvlans, { name, base, mac, up, families }: VirtualMac, raise: boolean): Link | string {
    const made = macvlans.look(name);
    if (!made.ok) return errnoName(made.error);
    if (made.value === null) return "it is gone again";
    const { index } = made.value.device;
    if (this.#prepared.get(name) !== index) {
      const wrong = prepareDevice(name, base, families) ?? judgeBase(base, families);
      if (wrong !== null) return wrong;
      this.#prepared.set(name, index);
    }
    if (!up) return made.value.link;
    const borrowed = borrowBase(this.#borrowed, base, families);
    if (borrowed !== null) return borrowed;
    const raised = raise ? macvlans.setUp(index, true) : 0;
    if (raised < 0) return `cannot be set up: ${errnoName(raised)}`;
    const proof = macvlans.look(name);
    if (!proof.ok || proof.value === null) return "it is gone again";
    const { device, link } = proof.value;
    if (!device.isPrivate) return "its mode is not private";
    if (device.mac !== mac) return `its address is ${device.mac}, not ${mac}`;
    return device.up ? link : "it is not up after it was set up";
  }

  /**
   * Takes down and removes what is not wanted so, one device a turn of the event loop: each makes the kernel wait for some
   * milliseconds, in which nothing else may be late.
   */
  tidy(): void {
    if (this.#tidying || this.#closed) return;
    this.#tidying = true;
    setTimeout(() => {
      this.#tidying = false;
      if (!this.#closed && this.#tidyOne()) this.tidy();
    });
  }

  /** Whether there was something to do. */
  #tidyOne(): boolean {
    const macvlans = this.#open();
    if (typeof macvlans === "string") return false;
    for (const device of macvlans.all().filter(this.#isOurs)) {
      const wanted = this.#wanted.get(device.name);
      if (wanted === undefined) {
        this.#prepared.delete(device.name);
        return macvlans.remove(device.index) === 0;
      }
      if (device.up && !wanted.up) return macvlans.setUp(device.index, false) === 0;
    }
    const used = [...this.#wanted.values()].filter(({ up }) => up).map(({ base }) => base);
    this.#borrowed.restore(new Set(used));
    return false;
  }

  /** Removes every device of ours, now, and puts the settings of others back; gives the devices' names. */
  removeAll(): string[] {
    this.#wanted = new Map();
    const macvlans = this.#open();
    const ours = typeof macvlans === "string" ? [] : macvlans.all().filter(this.#isOurs);
    if (typeof macvlans !== "string" && ours.length > 0) macvlans.removeGroup(this.#group);
    this.#borrowed.restore(new Set());
    return ours.map(({ name }) => name);
  }

  /** Nothing is done any more. */
  close(): void {
    this.#closed = true;
    this.#macvlans?.close();
    this.#macvlans = null;
  }
}
