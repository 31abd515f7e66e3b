/** `haagent release` at the edge: what it takes away, and what it leaves alone. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { existsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { readLedger } from "../../src/io/ledger.ts";
import { Namespace } from "../lab/namespace.ts";
import { until } from "../lab/process.ts";
import { Edge, PATIENCE, taking, temporaryDirectory } from "./edge.ts";

const RELEASE = new URL("released.ts", import.meta.url).pathname;

let space: Namespace;
let directory: ReturnType<typeof temporaryDirectory>;
let names = 0;
/** A runtime_dir that does not exist yet. */
const fresh = (): string => join(directory.path, `run${names++}`);

beforeAll(async () => {
  space = await Namespace.create();
  directory = temporaryDirectory();
  await space.ip("link add eth1 type veth peer name far", "link set eth1 up", "link set far up");
});

afterAll(async () => {
  await space.close();
  directory[Symbol.dispose]();
});

const addresses = (): Promise<string> => space.run(["ip", "-4", "-o", "addr", "show", "dev", "eth1"]);

describe("a release", () => {
  test("removes what a killed agent added and nothing else, once", async () => {
    const path = fresh();
    await using edge = await Edge.start(space, path);
    await space.ip("addr add 10.66.9.9/32 dev eth1");
    edge.order(taking(edge, "10.66.6.1"));
    await edge.event("addresses-changed");
    const release = (): Promise<string> => space.run([process.execPath, RELEASE, path]);
    expect(JSON.parse(await release())).toEqual({
      ok: false,
      error: `another agent has ${path}: pid ${edge.pid}`,
    });
    edge.signal("SIGKILL");
    await edge.exited;
    expect(JSON.parse(await release())).toMatchObject({
      ok: true,
      value: { results: [{ change: { op: "delete", key: { address: "10.66.6.1" } }, errno: null }] },
    });
    expect(await addresses()).not.toContain("10.66.6.1");
    expect(await addresses()).toContain("10.66.9.9");
    expect(JSON.parse(await release())).toMatchObject({ ok: true, value: { results: [] } });
    await space.ip("addr del 10.66.9.9/32 dev eth1");
  });

  /** A `haagent release` in a namespace. */
  const releaseIn = async (where: Namespace, path: string): Promise<unknown> =>
    JSON.parse(await where.run([process.execPath, RELEASE, path]));

  test("in another network namespace says so and leaves the ledger to a release in the right one", async () => {
    const path = fresh();
    const edge = await Edge.start(space, path);
    edge.order([
      ...taking(edge, "10.66.7.1"),
      { kind: "promote-secondaries", index: edge.link("eth1").index, enable: true },
    ]);
    await edge.event("addresses-changed");
    await until("promotion kept", PATIENCE, () => existsSync(join(path, "promote_secondaries")));
    edge.signal("SIGKILL");
    await edge.exited;
    const kept = readLedger(path);
    const other = await Namespace.create();
    try {
      // The same index and address, and none of our business; the same index for the setting.
      await other.ip(
        `link add eth1 index ${edge.link("eth1").index} type veth peer name far`,
        "addr add 10.66.7.1/32 dev eth1",
      );
      await other.run(["sysctl", "-qw", "net.ipv4.conf.eth1.promote_secondaries=1"]);
      expect(await releaseIn(other, path)).toMatchObject({
        ok: true,
        value: { results: [], warnings: [expect.stringContaining("A: added in another network namespace")] },
      });
      expect(await other.run(["sysctl", "-n", "net.ipv4.conf.eth1.promote_secondaries"])).toBe("1\n");
      expect(await other.run(["ip", "addr"])).toContain("10.66.7.1");
    } finally {
      await other.close();
    }
    expect(readLedger(path)).toEqual(kept);
    expect(await releaseIn(space, path)).toMatchObject({
      value: { results: [{ change: { key: { address: "10.66.7.1" } }, errno: null }], warnings: [] },
    });
    expect(await addresses()).not.toContain("10.66.7.1");
    expect(existsSync(join(path, "promote_secondaries"))).toBe(false);
    expect(readLedger(path)).toEqual({ ok: true, value: [] });
  });

  test("puts settings back that were borrowed in this network namespace, and no others", async () => {
    const path = fresh();
    const edge = await Edge.start(space, path);
    const { bootId } = edge;
    const { index } = edge.link("eth1");
    edge.signal("SIGKILL");
    await edge.exited;
    const value = (): Promise<string> => space.run(["sysctl", "-n", "net.ipv4.conf.eth1.arp_ignore"]);
    await space.run(["sysctl", "-qw", "net.ipv4.conf.eth1.arp_ignore=1"]);
    for (const [where, after] of [
      [bootId.replace(/\d+\]$/, "1]"), "1\n"],
      [bootId, "0\n"],
    ] as const) {
      writeFileSync(join(path, "borrowed_sysctls"), `${where}\n${index} 4 arp_ignore 0\n`);
      await releaseIn(space, path);
      expect(await value()).toBe(after);
    }
  });

  test("forgets what an earlier boot left: its interfaces and addresses are no more", async () => {
    const path = fresh();
    await using edge = await Edge.start(space, path);
    const [ledger, ...rest] = taking(edge, "10.66.8.1");
    if (ledger?.kind !== "ledger" || ledger.record === null) throw new Error("no record");
    const earlier = edge.bootId.replace(/^\S+/, "00000000-0000-4000-8000-000000000000");
    edge.order([{ ...ledger, record: { ...ledger.record, bootId: earlier } }, ...rest]);
    await edge.event("addresses-changed");
    edge.signal("SIGKILL");
    await edge.exited;
    expect(await releaseIn(space, path)).toMatchObject({ ok: true, value: { results: [], warnings: [] } });
    expect(readLedger(path)).toEqual({ ok: true, value: [] });
    expect(await addresses()).toContain("10.66.8.1");
    await space.ip("addr del 10.66.8.1/32 dev eth1");
  });

  test("that may not remove anything says so and leaves the ledger", async () => {
    const path = fresh();
    const edge = await Edge.start(space, path);
    edge.order(taking(edge, "10.66.8.2"));
    await edge.event("addresses-changed");
    edge.signal("SIGKILL");
    await edge.exited;
    const kept = readLedger(path);
    const caps = ["setpriv", "--bounding-set=-net_admin", "--inh-caps=-net_admin", "--"];
    const said = await space.run([...caps, process.execPath, RELEASE, path]);
    expect(JSON.parse(said)).toEqual({ ok: false, error: "no CAP_NET_ADMIN: run as root" });
    expect(readLedger(path)).toEqual(kept);
    expect(await releaseIn(space, path)).toMatchObject({ value: { results: [{ errno: null }] } });
  });
});
