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
import { borrowSilence, judgeSilence } from "./arp-settings.ts";
import { prepareDevice } from "./virtual-mac-settings.ts";
import { openThread } from "./thread.ts";

/** The group of the devices of an agent: 31 bits, far from the numbers that people choose. */
export const groupOf = (directory: string): number => (Bun.hash.crc32(directory) >>> 2) | 0x4000_0000;

/** What the thread is to do to a device: remove it, or only take it down. */
export interface DeviceOrder {
  readonly index: number;
  readonly remove: boolean;
}

/** Between two orders, milliseconds: while the kernel waits nobody can change an address either. */
const PAUSE = 50;
/** After a thread that could not be had. */
const RETRY = 1000;

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
  readonly #tidied: () => void;
  #macvlans: Macvlans | null = null;
  #wanted: ReadonlyMap<string, VirtualMac> = new Map();
  /** Those that are so, as JSON, by name. */
  readonly #done = new Map<string, string>();
  /** Devices whose settings are as they must be: their indexes, by name. */
  readonly #prepared = new Map<string, number>();
  /** All devices as they were when those wanted were told; null until somebody asks. */
  #others: readonly Device[] | null = null;
  /** Something is on its way to be taken down or removed, or is about to be looked for. */
  #tidying = false;
  /** There only while there is something to do: it costs some megabytes. */
  #thread: Worker | null = null;
  #closed = false;

  /** `tidied` is told each time that nothing is there any more which is not wanted. */
  constructor(directory: string, warn: (detail: string) => void, tidied: () => void = () => undefined) {
    this.#group = groupOf(directory);
    this.#borrowed = new BorrowedSettings(directory, warn);
    this.#tidied = tidied;
  }

  #open(): Macvlans | string {
    if (this.#macvlans !== null) return this.#macvlans;
    const opened = Macvlans.open();
    if (!opened.ok) return `rtnetlink: ${errnoName(opened.error)}`;
    this.#macvlans = opened.value;
    return opened.value;
  }

  /**
   * Makes what is wanted and sets up what is to be up, at once; takes down and removes the rest soon, see {@link tidy}. Tells of those
   * that are wanted otherwise than before, or could not be had then.
   */
  set(devices: readonly VirtualMac[]): VirtualMacResult[] {
    this.#wanted = new Map(devices.map((device) => [device.name, device]));
    this.#others = null;
    const told = devices.flatMap((device) => this.#tell(device));
    this.tidy();
    return told;
  }

  #tell(device: VirtualMac): VirtualMacResult[] {
    const { name } = device;
    const text = JSON.stringify(device);
    if (this.#done.get(name) === text) return [];
    this.#done.delete(name);
    const macvlans = this.#open();
    const made = typeof macvlans === "string" ? macvlans : this.#ensure(macvlans, device);
    if (typeof made === "string") return [{ name, link: null, failure: made }];
    this.#done.set(name, text);
    return [{ name, link: made, failure: null }];
  }

  /** The device as it should be; or what is wrong, in words. */
  #ensure(macvlans: Macvlans, wanted: VirtualMac): Link | string {
    const { name, base, mac, families } = wanted;
    const known = this.#prepared.get(name);
    if (known !== undefined) {
      const link = this.#raise(macvlans, wanted, known);
      if (typeof link !== "string") return link;
      this.#prepared.delete(name);
    }
    const looked = macvlans.look(name);
    if (!looked.ok) return errnoName(looked.error);
    const found = looked.value?.device ?? null;
    if (found !== null && !this.#isOurs(found)) {
      return `a device of that name is there already, and not by us (${found.kind === "" ? "no macvlan" : found.kind})`;
    }
    const fits = found !== null && found.isPrivate && found.mac === mac && isOn(macvlans, found, base);
    if (found !== null && !fits) macvlans.remove(found.index);
    const refused = fits ? null : this.#create(macvlans, wanted);
    const made = refused === null ? macvlans.look(name) : null;
    if (made === null || !made.ok || made.value === null) return refused ?? "it is gone again";
    const wrong = prepareDevice(name, base, families) ?? judgeSilence(base, families);
    if (wrong !== null) return wrong;
    const { index } = made.value.device;
    this.#prepared.set(name, index);
    return this.#raise(macvlans, wanted, index);
  }

  readonly #isOurs = ({ kind, group }: Device): boolean => kind === "macvlan" && group === this.#group;

  #create(macvlans: Macvlans, { name, base, mac }: VirtualMac): string | null {
    this.#others ??= macvlans.all();
    const twin = this.#others.find(
      (other) => other.mac === mac && other.base === base && other.name !== name,
    );
    if (twin !== undefined) {
      return `${twin.name} on the same interface has the address ${mac} already; does another VRRP daemon run?`;
    }
    const errno = macvlans.create({ name, base, mac, group: this.#group });
    return errno < 0 ? (CREATION[errnoName(errno)] ?? errnoName(errno)) : null;
  }

  /** Up, where it is to be, and the proof of it all. Two requests: a takeover waits for them. */
  #raise(macvlans: Macvlans, { name, base, mac, up, families }: VirtualMac, index: number): Link | string {
    const borrowed = up ? borrowSilence(this.#borrowed, base, families) : null;
    if (borrowed !== null) return borrowed;
    const raised = up ? macvlans.setUp(index, true) : 0;
    if (raised < 0) return `cannot be set up: ${errnoName(raised)}`;
    const proof = macvlans.look(name);
    if (!proof.ok || proof.value?.device.index !== index) return "it is gone again";
    const { device, link } = proof.value;
    if (!device.isPrivate || !this.#isOurs(device)) return "it is no macvlan in private mode any more";
    if (device.mac !== mac) return `its address is ${device.mac}, not ${mac}`;
    return device.up || !up ? link : "it is not up after it was set up";
  }

  /** Takes down and removes what is not wanted so, one device after the other, on the thread. */
  tidy(): void {
    this.#tidyAfter(0);
  }

  #tidyAfter(milliseconds: number): void {
    if (this.#tidying || this.#closed) return;
    this.#tidying = true;
    setTimeout(() => {
      if (this.#closed) return;
      const order = this.#unwanted();
      if (order !== null) {
        this.#thread ??= this.#startThread();
        this.#thread.postMessage(order satisfies DeviceOrder);
        return;
      }
      this.#tidying = false;
      this.#thread?.terminate();
      this.#thread = null;
      const used = [...this.#wanted.values()].filter(({ up, families }) => up && families.includes(4));
      this.#borrowed.restore(new Set(used.map(({ base }) => base)));
      this.#tidied();
    }, milliseconds);
  }

  #startThread(): Worker {
    const made = openThread("device-thread");
    const done = (milliseconds: number) => (): void => {
      this.#tidying = false;
      this.#tidyAfter(milliseconds);
    };
    made.onmessage = done(PAUSE);
    // No memory for a thread: another try does no harm, and the devices have no addresses any more.
    made.onerror = () => {
      this.#thread = null;
      done(RETRY)();
    };
    return made;
  }

  #forget(name: string): void {
    this.#prepared.delete(name);
    this.#done.delete(name);
  }

  /** The first device of ours that is not as wanted. */
  #unwanted(): DeviceOrder | null {
    const macvlans = this.#open();
    if (typeof macvlans === "string") return null;
    for (const { name, index, up } of macvlans.all().filter(this.#isOurs)) {
      const wanted = this.#wanted.get(name);
      if (wanted === undefined) this.#forget(name);
      if (wanted === undefined || (up && !wanted.up)) return { index, remove: wanted === undefined };
    }
    return null;
  }

  /** Removes every device of ours, now, and puts the settings of others back; gives the devices' names. */
  removeAll(): string[] {
    this.#wanted = new Map();
    const macvlans = this.#open();
    const names = typeof macvlans === "string" ? [] : this.#remove(macvlans);
    this.#borrowed.restore(new Set());
    return names;
  }

  #remove(macvlans: Macvlans): string[] {
    const group = macvlans.all().filter((device) => device.group === this.#group);
    const ours = group.filter(this.#isOurs);
    // Whoever put a device of another kind into the group keeps it.
    if (ours.length < group.length) for (const { index } of ours) macvlans.remove(index);
    else if (ours.length > 0) macvlans.removeGroup(this.#group);
    return ours.map(({ name }) => name);
  }

  /** Nothing is done any more. */
  close(): void {
    this.#closed = true;
    this.#thread?.terminate();
    this.#macvlans?.close();
    this.#macvlans = null;
  }
}
