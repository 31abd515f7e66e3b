/**
 * Who holds an address, and since when: `ip monitor` in every node, so each change is seen with its time and nothing is sampled.
 */
import type { Station } from "./lab.ts";
import type { Child } from "./process.ts";
import { now, sleep } from "./process.ts";

interface Span {
  readonly from: number;
  to: number | null;
}

/** A time in which two nodes or more held the address. */
export interface Overlap {
  readonly from: number;
  /** Null: it goes on. */
  readonly to: number | null;
  readonly ms: number;
}

interface AddressJson {
  readonly ifname?: string;
  readonly addr_info?: readonly { readonly local?: string }[];
}

/** Addresses a namespace has now. */
export async function addressesOf(station: Station): Promise<string[]> {
  const links: AddressJson[] = JSON.parse(await station.namespace.run(["ip", "-j", "addr"]));
  return links.flatMap((link) => (link.addr_info ?? []).flatMap((info) => info.local ?? []));
}

export class Owners {
  readonly address: string;
  readonly #monitors: Child[] = [];
  readonly #spans = new Map<string, Span[]>();

  private constructor(address: string) {
    this.address = address;
  }

  /** Watches `address` in all `stations`. */
  static async watch(stations: readonly Station[], address: string): Promise<Owners> {
    const owners = new Owners(address);
    for (const one of stations) {
      owners.#spans.set(one.name, []);
      owners.#monitors.push(
        one.namespace.spawn(["ip", "-ts", "-o", "monitor", "address"], {
          onLine: (line) => owners.#line(one.name, line),
        }),
      );
    }
    // ip monitor does not say when it listens: long enough, and what was there before is asked for.
    await sleep(100);
    for (const one of stations) {
      if ((await addressesOf(one)).includes(address)) owners.#add(one.name, now());
    }
    return owners;
  }

  /** Names of the stations that hold it at a time. */
  at(time: number): string[] {
    return [...this.#spans]
      .filter(([, spans]) => spans.some(({ from, to }) => from <= time && (to === null || to > time)))
      .map(([name]) => name);
  }

  /** Times in [from, to] with two owners or more. */
  overlaps(from: number, to: number): Overlap[] {
    const edges = [...this.#spans.values()]
      .flat()
      .flatMap((span) => [span.from, span.to ?? Number.POSITIVE_INFINITY])
      .filter((time) => time > from && time < to);
    const times = [from, ...edges.sort((a, b) => a - b), to];
    const found: Overlap[] = [];
    for (const [index, time] of times.slice(0, -1).entries()) {
      const next = times[index + 1] ?? to;
      if (this.at(time).length < 2) continue;
      const last = found.at(-1);
      if (last !== undefined && last.to === time) found.pop();
      const start = last !== undefined && last.to === time ? last.from : time;
      found.push({ from: start, to: next, ms: next - start });
    }
    return found.map((one) => (one.to === to && this.at(to).length > 1 ? { ...one, to: null } : one));
  }

  /** The longest of them, 0 without one. */
  twoOwners(from: number, to: number): number {
    return Math.max(0, ...this.overlaps(from, to).map(({ ms }) => ms));
  }

  /** Milliseconds in [from, to] in which nobody held it, the longest at a stretch. */
  nobody(from: number, to: number): number {
    const edges = [...this.#spans.values()].flat().flatMap((span) => [span.from, span.to ?? to]);
    const times = [from, ...edges.filter((time) => time > from && time < to).sort((a, b) => a - b), to];
    let worst = 0;
    let since: number | null = null;
    for (const time of times) {
      const free = this.at(time).length === 0;
      if (since !== null) worst = Math.max(worst, time - since);
      if (!free) since = null;
      else since ??= time;
    }
    return worst;
  }

  async close(): Promise<void> {
    await Promise.all(this.#monitors.map((monitor) => monitor.end("SIGTERM", 1000)));
  }

  /** `[2026-11-21T00:23:08.828270] Deleted 2: eth0    inet 10.0.0.2/24 …` */
  #line(name: string, line: string): void {
    const found = /^\[([^\]]+)\]\s*(Deleted )?.*?\binet6? ([0-9a-f.:]+)\//.exec(line);
    if (found?.[3] !== this.address) return;
    const at = Date.parse(`${found[1] ?? ""}Z`);
    if (found[2] === undefined) this.#add(name, at);
    else this.#remove(name, at);
  }

  #add(name: string, at: number): void {
    const spans = this.#spans.get(name) ?? [];
    // A refreshed lifetime says the address again.
    if (spans.at(-1)?.to !== null) spans.push({ from: at, to: null });
  }

  #remove(name: string, at: number): void {
    const last = this.#spans.get(name)?.at(-1);
    if (last !== undefined && last.to === null) last.to = at;
  }
}
