/** An edge alone in a namespace: `eth1` with a cable to `far`, `tun1`, and nothing else; and words for what happens on eth1. */
import type { AddressChange, AddressResult, KernelAddress } from "../../src/agent/boundary.ts";
import { seconds } from "../../src/base/units.ts";
import { Namespace } from "../lab/namespace.ts";
import { until } from "../lab/process.ts";
import { Edge, ip, PATIENCE, temporaryDirectory } from "./edge.ts";

/** What an `add` asks for beyond the address. */
interface Wish {
  readonly label?: string | null;
  readonly lifetime?: number | null;
  readonly method?: "netlink" | "ioctl";
}

/** What ip(8) shows of an address. */
export interface Shown {
  readonly local: string;
  readonly prefixlen: number;
  readonly label?: string;
  readonly dynamic?: boolean;
  readonly secondary?: boolean;
  readonly tentative?: boolean;
  readonly deprecated?: boolean;
  readonly valid_life_time: number;
  readonly broadcast?: string;
}

export const errnos = (results: readonly AddressResult[]): (string | null)[] =>
  results.map(({ errno }) => errno);

export class Stage {
  readonly space: Namespace;
  readonly edge: Edge;
  /** Of eth1. */
  readonly index: number;
  readonly runtimeDir: string;
  readonly #directory: ReturnType<typeof temporaryDirectory>;

  private constructor(
    space: Namespace,
    edge: Edge,
    runtimeDir: string,
    directory: ReturnType<typeof temporaryDirectory>,
  ) {
    this.space = space;
    this.edge = edge;
    this.index = edge.link("eth1").index;
    this.runtimeDir = runtimeDir;
    this.#directory = directory;
  }

  static async create(): Promise<Stage> {
    const directory = temporaryDirectory();
    const space = await Namespace.create();
    await space.ip(
      "link set lo up",
      "link add eth1 address 02:00:00:00:66:01 type veth peer name far",
      "tuntap add dev tun1 mode tun",
      "link set eth1 addrgenmode none up",
      "link set far addrgenmode none up",
    );
    const runtimeDir = `${directory.path}/run`;
    return new Stage(space, await Edge.start(space, runtimeDir), runtimeDir, directory);
  }

  add(text: string, { label = null, lifetime = null, method = "netlink" }: Wish = {}): AddressChange {
    const [address = "", prefix = ""] = text.split("/");
    return {
      op: "add",
      key: { index: this.index, address: ip(address), prefix: Number(prefix) },
      label,
      lifetime: lifetime === null ? null : seconds(lifetime),
      method,
      metric: null,
    };
  }

  refresh(text: string, lifetime: number): AddressChange {
    const { key } = this.add(text);
    return { op: "refresh", key, label: null, lifetime: seconds(lifetime), method: "netlink", metric: null };
  }

  remove(text: string): AddressChange {
    return { op: "delete", key: this.add(text).key };
  }

  /** What ip(8) says is on eth1. */
  async shown(): Promise<Shown[]> {
    // The shape of ip(8)'s JSON, of which only these keys are read.
    const links = JSON.parse(await this.space.run(["ip", "-j", "addr", "show", "dev", "eth1"])) as {
      addr_info: Shown[];
    }[];
    return links[0]?.addr_info ?? [];
  }

  /** The addresses of eth1 in a fresh dump of the edge. */
  async dump(): Promise<readonly KernelAddress[]> {
    const since = this.edge.told.length;
    this.edge.order([{ kind: "resync" }]);
    const { addresses } = await this.edge.event("kernel", () => true, since);
    return addresses.filter((each) => each.index === this.index);
  }

  /** Takes every address off eth1. */
  async sweep(): Promise<void> {
    await this.space.run(["ip", "addr", "flush", "dev", "eth1"]);
    await until("no addresses", PATIENCE, async () => (await this.dump()).length === 0);
  }

  async close(): Promise<void> {
    await this.edge[Symbol.asyncDispose]();
    await this.space.close();
    this.#directory[Symbol.dispose]();
  }
}
