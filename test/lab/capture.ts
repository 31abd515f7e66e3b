/** Every frame of one namespace, with the kernel's time stamps: the sniffer's pcap stream, read as it comes. */
import type { Advert, Frame } from "./frame.ts";
import { readFrame } from "./frame.ts";
import { BRIDGE, INTERFACE } from "./lab.ts";
import type { Namespace } from "./namespace.ts";
import type { Child } from "./process.ts";
import { run, until } from "./process.ts";
import { makeScratch, removeScratch } from "./scratch.ts";

/** Magic of a pcap file with nanoseconds, in this machine's byte order. */
const PCAP_NANOSECONDS = 0xa1b23c4d;
const PCAP_HEADER = 24;
const RECORD_HEADER = 16;
const SNIFFER = new URL("sniffer.ts", import.meta.url).pathname;
/** Frames kept; a test that runs that long has other troubles. */
const FRAMES_MAX = 500_000;
const START_MS = 10_000;

export type AdvertFrame = Frame & { readonly seen: Advert };

const isAdvert = (frame: Frame): frame is AdvertFrame => frame.seen.kind === "advert";

/** `sniffer.ts`'s arguments: one interface both ways, or what enters the ports of the lab's bridge. */
export const STATION: readonly string[] = [INTERFACE];
export const SWITCH: readonly string[] = ["--ports", BRIDGE];

export class Capture {
  readonly frames: Frame[] = [];
  readonly #adverts: AdvertFrame[] = [];
  readonly #sniffer: Child;
  readonly #chunks: Uint8Array[] = [];
  readonly #onFrame: ((frame: Frame) => void) | undefined;
  #pending = new Uint8Array(0);
  #opened = false;

  private constructor(namespace: Namespace, where: readonly string[], onFrame?: (frame: Frame) => void) {
    this.#onFrame = onFrame;
    this.#sniffer = namespace.spawn([process.execPath, SNIFFER, ...where], {
      onBytes: (chunk) => this.#take(chunk),
    });
  }

  /** Starts one and waits until it listens. */
  static async start(
    namespace: Namespace,
    where: readonly string[],
    onFrame?: (frame: Frame) => void,
  ): Promise<Capture> {
    const capture = new Capture(namespace, where, onFrame);
    await capture.#sniffer.says("listening", START_MS);
    await until("the sniffer's file header", START_MS, () => capture.#opened);
    return capture;
  }

  /** Adverts since `from` (ms), of one sender's link-layer address if given. */
  adverts(from = 0, mac?: string): AdvertFrame[] {
    return this.#adverts.filter((frame) => frame.at >= from && (mac === undefined || frame.source === mac));
  }

  /** Gratuitous ARP and unsolicited neighbour advertisements for an address since `from`. */
  announcements(address: string, from = 0): Frame[] {
    return this.frames.filter(
      ({ at, seen }) =>
        at >= from &&
        ((seen.kind === "arp" && seen.sender === address && seen.target === address) ||
          (seen.kind === "announcement" && seen.target === address)),
    );
  }

  /** What tshark says of each frame that passes its display filter: one object of the named fields a frame. */
  async tshark(
    filter: string,
    fields: readonly string[],
    options: readonly string[] = [],
  ): Promise<Record<string, string>[]> {
    const directory = makeScratch();
    const path = `${directory}/capture.pcap`;
    await Bun.write(path, new Blob(this.#chunks.map((chunk) => chunk.slice())));
    try {
      const out = await run(
        ["tshark", "-n", "-r", path, "-Y", filter, "-T", "fields", "-E", "separator=/t"]
          .concat(fields.flatMap((field) => ["-e", field]))
          .concat(options),
      );
      return out
        .split("\n")
        .filter((line) => line !== "")
        .map((line) => {
          const values = line.split("\t");
          return Object.fromEntries(fields.map((field, at) => [field, values[at] ?? ""]));
        });
    } finally {
      removeScratch(directory);
    }
  }

  /** Waits until what was on the wire at `time` (ms) has been read: a busy machine's sniffer is behind by seconds. */
  async upTo(time: number): Promise<void> {
    await until("the sniffer has caught up", START_MS, () => (this.frames.at(-1)?.at ?? 0) >= time);
  }

  async close(): Promise<void> {
    await this.#sniffer.end("SIGKILL");
  }

  #take(chunk: Uint8Array): void {
    this.#chunks.push(chunk.slice());
    const bytes = new Uint8Array(this.#pending.length + chunk.length);
    bytes.set(this.#pending);
    bytes.set(chunk, this.#pending.length);
    const view = new DataView(bytes.buffer);
    let at = 0;
    if (!this.#opened) {
      if (bytes.length < PCAP_HEADER) {
        this.#pending = bytes;
        return;
      }
      if (view.getUint32(0, true) !== PCAP_NANOSECONDS)
        throw new Error("the sniffer gave another file format");
      this.#opened = true;
      at = PCAP_HEADER;
    }
    while (at + RECORD_HEADER <= bytes.length) {
      const length = view.getUint32(at + 8, true);
      if (at + RECORD_HEADER + length > bytes.length) break;
      const time = view.getUint32(at, true) * 1000 + view.getUint32(at + 4, true) / 1e6;
      const frame = readFrame(time, bytes.subarray(at + RECORD_HEADER, at + RECORD_HEADER + length));
      if (this.frames.length < FRAMES_MAX) this.frames.push(frame);
      if (isAdvert(frame)) this.#adverts.push(frame);
      this.#onFrame?.(frame);
      at += RECORD_HEADER + length;
    }
    this.#pending = bytes.slice(at);
  }
}
