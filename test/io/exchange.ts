/** Two edges on a cable, each with receiving sockets on `eth1`: `a` sends, `b` listens. Frames carry a mark to be told by. */
import type { Action } from "../../src/agent/boundary.ts";
import type { Listener } from "../../src/agent/listen.ts";
import type { Ip } from "../../src/base/address.ts";
import { encodeIp } from "../../src/wire/ip.ts";
import { sleep, until } from "../lab/process.ts";
import type { Cable } from "./cable.ts";
import { cable } from "./cable.ts";
import { Edge, ip, mac, PATIENCE, temporaryDirectory } from "./edge.ts";

export const GROUP4 = ip("224.0.0.18");
export const GROUP6 = ip("ff02::12");
const GROUP4_MAC = mac("01:00:5e:00:00:12");
const GROUP6_MAC = mac("33:33:00:00:00:12");
const VRRP = 112;

/** An IP packet whose payload is `length` bytes of `mark`. */
export function packet(source: Ip, destination: Ip, mark: number, length = 20, protocol = VRRP): Uint8Array {
  const family = source.includes(":") ? 6 : 4;
  const payload = new Uint8Array(length).fill(mark);
  return encodeIp({ family, source, destination, protocol, hopLimit: 255, payload }, 0);
}

/** Both families with their groups. */
export const listeners = (edge: Edge): Listener[] => [
  { index: edge.link("eth1").index, family: 4, groups: [GROUP4], tap: false },
  { index: edge.link("eth1").index, family: 6, groups: [GROUP6], tap: false },
];

/** The last byte of each frame heard since `since`: its mark. */
export const marks = (edge: Edge, since: number): number[] =>
  edge.told.slice(since).flatMap(({ event }) => (event.kind === "frame" ? [event.bytes.at(-1) ?? -1] : []));

export class Exchange {
  readonly wire: Cable;
  readonly a: Edge;
  readonly b: Edge;
  readonly #directory: ReturnType<typeof temporaryDirectory>;

  private constructor(wire: Cable, a: Edge, b: Edge, directory: ReturnType<typeof temporaryDirectory>) {
    this.wire = wire;
    this.a = a;
    this.b = b;
    this.#directory = directory;
  }

  static async create(): Promise<Exchange> {
    const directory = temporaryDirectory();
    const wire = await cable();
    const a = await Edge.start(wire.a, `${directory.path}/a`);
    const b = await Edge.start(wire.b, `${directory.path}/b`);
    return new Exchange(wire, a, b, directory);
  }

  frame4(mark: number, length = 20, protocol = VRRP): Extract<Action, { kind: "frame" }> {
    return {
      kind: "frame",
      index: this.a.link("eth1").index,
      ethertype: 0x0800,
      destination: GROUP4_MAC,
      source: null,
      bytes: packet(ip("10.66.0.1"), GROUP4, mark, length, protocol),
      router: "R",
    };
  }

  frame6(mark: number): Extract<Action, { kind: "frame" }> {
    return {
      kind: "frame",
      index: this.a.link("eth1").index,
      ethertype: 0x86dd,
      destination: GROUP6_MAC,
      source: null,
      bytes: packet(ip("fe80::1"), GROUP6, mark),
      router: "R",
    };
  }

  /** The groups of b's interface, as its kernel lists them. */
  async memberships(): Promise<string> {
    return (await this.wire.b.run(["ip", "maddr", "show", "dev", "eth1"])).replaceAll(/\s+/g, " ");
  }

  /** Has b listen; resolves once it does, with what came before thrown away. */
  async listening(): Promise<number> {
    this.b.listen(...listeners(this.b));
    await until("the groups joined", PATIENCE, async () => (await this.memberships()).includes("ff02::12"));
    await sleep(50);
    return this.b.told.length;
  }

  async close(): Promise<void> {
    await this.a[Symbol.asyncDispose]();
    await this.b[Symbol.asyncDispose]();
    await this.wire[Symbol.asyncDispose]();
    this.#directory[Symbol.dispose]();
  }
}
