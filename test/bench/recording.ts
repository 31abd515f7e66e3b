/**
 * One clock for both: tcpdump in the client's namespace with the kernel's nanosecond stamps, written by the block and read only
 * when all is over, so that watching costs next to nothing while something is measured.
 */
import { rm } from "node:fs/promises";
import type { AdvertFrame } from "../lab/capture.ts";
import type { Frame } from "../lab/frame.ts";
import { readFrame } from "../lab/frame.ts";
import type { Station } from "../lab/lab.ts";
import { INTERFACE } from "../lab/lab.ts";
import type { Child } from "../lab/process.ts";
import { sleep } from "../lab/process.ts";

const PCAP_NANOSECONDS = 0xa1b23c4d;
const PCAP_HEADER = 24;
const RECORD_HEADER = 16;
/** Enough of a frame for all headers and one address. */
const SNAPLEN = 128;
const BUFFER_KIB = 16_384;
const START_MS = 10_000;
/** tcpdump's ring hands a block over after a second at the latest. */
const FLUSH_MS = 1200;

export class Recording {
  readonly #tcpdump: Child;
  readonly #path: string;

  private constructor(tcpdump: Child, path: string) {
    this.#tcpdump = tcpdump;
    this.#path = path;
  }

  /** Records what passes a pcap-filter(7) at a station, from now on. */
  static async start(station: Station, filter: string): Promise<Recording> {
    const path = `/tmp/haagent-bench-${process.pid}-${crypto.randomUUID()}.pcap`;
    const options = ["-Z", "root", "--time-stamp-precision=nano", "-s", `${SNAPLEN}`, "-B", `${BUFFER_KIB}`];
    const tcpdump = station.namespace.spawn(
      ["tcpdump", "-n", "-i", INTERFACE, ...options, "-w", path].concat(filter.split(" ")),
    );
    await tcpdump.says("listening on", START_MS);
    return new Recording(tcpdump, path);
  }

  /** Ends it and gives everything it saw. */
  async finish(): Promise<Tape> {
    await sleep(FLUSH_MS);
    await this.#tcpdump.end("SIGTERM");
    const dropped = this.#tcpdump.lines.find((line) => line.includes("dropped by kernel")) ?? "";
    if (!dropped.startsWith("0 ")) throw new Error(`the recording has holes: ${dropped}`);
    try {
      return new Tape(read(await Bun.file(this.#path).bytes()));
    } finally {
      await rm(this.#path, { force: true });
    }
  }

  async close(): Promise<void> {
    await this.#tcpdump.end("SIGKILL");
    await rm(this.#path, { force: true });
  }
}

function read(bytes: Uint8Array): Frame[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (bytes.length < PCAP_HEADER || view.getUint32(0, true) !== PCAP_NANOSECONDS)
    throw new Error("tcpdump wrote another format");
  const frames: Frame[] = [];
  for (let at = PCAP_HEADER; at + RECORD_HEADER <= bytes.length;) {
    const time = view.getUint32(at, true) * 1000 + view.getUint32(at + 4, true) / 1e6;
    const length = view.getUint32(at + 8, true);
    const start = at + RECORD_HEADER;
    frames.push(readFrame(time, bytes.subarray(start, start + length)));
    at = start + length;
  }
  return frames;
}

/** What was recorded, to be asked. Times are wall clock milliseconds with the capture's fraction. */
export class Tape {
  readonly frames: readonly Frame[];
  /** Adverts by VRID, in order. */
  readonly #adverts = new Map<number, AdvertFrame[]>();

  constructor(frames: readonly Frame[]) {
    this.frames = frames;
    for (const frame of frames) {
      if (frame.seen.kind !== "advert") continue;
      const list = this.#adverts.get(frame.seen.vrid) ?? [];
      this.#adverts.set(frame.seen.vrid, list);
      list.push({ ...frame, seen: frame.seen });
    }
  }

  /** Adverts of one router from one sender, by its IP address as a virtual MAC address is everybody's, in [from, to]. */
  adverts(vrid: number, sender: string, from = 0, to = Number.POSITIVE_INFINITY): AdvertFrame[] {
    return (this.#adverts.get(vrid) ?? []).filter(
      ({ at, seen }) => seen.from === sender && at >= from && at <= to,
    );
  }

  /** Time of the first gratuitous ARP for an address from a sender at or after `from`. */
  announced(address: string, mac: string, from: number): number | undefined {
    return this.frames.find(
      ({ at, source, seen }) =>
        at >= from && source === mac && seen.kind === "arp" && seen.sender === address,
    )?.at;
  }

  /** Time of the first IGMP frame from a sender at or after `from`. */
  joined(mac: string, from: number): number | undefined {
    const IGMP = 2;
    return this.frames.find(
      ({ at, source, ethertype, bytes }) =>
        at >= from && source === mac && ethertype === 0x0800 && bytes[9] === IGMP,
    )?.at;
  }

  /** The longest time without an answer to the client's pings that overlaps [from, to]; it ends at `to` at the latest. */
  outage(address: string, from: number, to: number): number {
    const answers = this.frames
      .filter(({ at, seen }) => at <= to && seen.kind === "echo" && seen.reply && seen.from === address)
      .map(({ at }) => at);
    const before = answers.findLastIndex((at) => at < from);
    return Math.max(0, ...differences([...answers.slice(Math.max(0, before)), to]));
  }

  /** The times between adverts of a router from a sender in [from, to]. */
  gaps(vrid: number, sender: string, from: number, to: number): number[] {
    return differences(this.adverts(vrid, sender, from, to).map(({ at }) => at));
  }
}

const differences = (times: readonly number[]): number[] =>
  times.slice(1).map((at, index) => at - (times[index] ?? at));
