/**
 * A master that must go says so by the cluster's links: how long the client is without the address then, at adverts of a second, where
 * it would be more than three without a word.
 */
import { describe, expect, test } from "bun:test";
import type { Ip } from "../../src/base/address.ts";
import { ms, priority } from "../../src/base/units.ts";
import type { Claim } from "../../src/heartbeat/claim.ts";
import type { Content } from "../../src/heartbeat/content.ts";
import { encodeContent } from "../../src/heartbeat/content.ts";
import { compose } from "../../src/heartbeat/header.ts";
import { sealDatagram } from "../../src/heartbeat/packet.ts";
import { ring } from "../heartbeat/ring.ts";
import { Client } from "../lab/client.ts";
import { now, until } from "../lab/process.ts";
import { Cable, type Member, PATIENCE_MS, secondWire, wires } from "./cluster-scene.ts";
import { ADDRESS, CALM_MS, pair, SAME_WIRE, SECOND_WIRE } from "./notice-scene.ts";

const BAUD = 19_200;
/** Without a word it is more than three seconds; a hundredth of this is usual over Ethernet. */
const BOUND_MS = 1500;
/** For the client to be answered again. */
const AFTER_MS = 400;

/** Makes a master go; gives how long the client was without an answer, in milliseconds. */
async function outage(client: Client, other: Member, act: () => Promise<unknown>): Promise<number> {
  const line = other.log.length;
  const from = now();
  await act();
  await other.says(["vrrp.state", "to=master", "released it"], line);
  await Bun.sleep(AFTER_MS);
  return client.outage(from, now()).ms;
}

/** Has a node take what the other one has, by its operator, as soon as it can. */
async function takes(node: Member): Promise<void> {
  const line = node.log.length;
  await until(
    () => `${node.name} takes over; it said: ${node.log.slice(-5).join("\n")}`,
    PATIENCE_MS,
    async () => (await node.command("takeover", "lan")).code === 0,
  );
  await node.says(["vrrp.state", "to=master"], line);
  await Bun.sleep(CALM_MS);
}

const report = (what: string, figure: number): void => console.log(`${what}: ${figure.toFixed(0)} ms`);

describe("a master that must go", () => {
  test.concurrent("is followed at once by who hears of it on a second wire", async () => {
    await using lab = await wires();
    await secondWire(lab);
    const flag = `/tmp/haagent-notice-${lab.node(0).namespace.pid}`;
    await Bun.write(flag, "");
    lab.atClose(() => Bun.file(flag).delete());
    const check = `track_checks = ["flag"]
[check.flag]
type = "script"
command = ["/usr/bin/test", "-e", "${flag}"]
interval = "100ms"
timeout = "20s"
fall = 1`;
    const [a, b] = await pair(lab, [[SECOND_WIRE], [SECOND_WIRE]], [check, ""]);
    const client = await Client.start(lab.client, ADDRESS);
    lab.atClose(() => client.close());
    const cable = (state: string): Promise<unknown> => lab.bridge.ip(`link set ${lab.node(0).port} ${state}`);

    const cut = await outage(client, b, () => cable("down"));
    report("cable pulled", cut);
    await a.says(["vrrp.state", "to=fault", "no carrier"]);
    await b.says(["vrrp.released", "source=10.77.0.1", "node=a"]);
    await cable("up");
    await takes(a);

    const standby = await outage(client, b, () => a.command("standby", "lan"));
    report("standby", standby);
    await takes(a);

    const failed = await outage(client, b, () => Bun.file(flag).delete());
    report("failed check, its interval included", failed);
    await Bun.write(flag, "");
    await takes(a);

    const stopped = await outage(client, b, () => a.stop());
    report("clean stop", stopped);
    for (const figure of [cut, standby, failed, stopped]) expect(figure).toBeLessThan(BOUND_MS);
  });

  test.concurrent(
    "is followed at once by who hears of it over a serial line, which has other messages to carry",
    async () => {
      await using lab = await wires();
      const cable = new Cable(lab);
      await cable.plug(BAUD);
      const line = (port: string): string[] => [`{ type = "serial", device = "${port}", baud = ${BAUD} }`];
      const [a, b] = await pair(lab, [line(cable.ports[0]), line(cable.ports[1])]);
      const client = await Client.start(lab.client, ADDRESS);
      lab.atClose(() => client.close());
      const cut = await outage(client, b, () => lab.bridge.ip(`link set ${lab.node(0).port} down`));
      report(`cable pulled, the word over a line of ${BAUD} baud`, cut);
      expect(cut).toBeLessThan(BOUND_MS);
      await lab.bridge.ip(`link set ${lab.node(0).port} up`);
      await takes(a);
      const stopped = await outage(client, b, () => a.stop());
      report(`clean stop, the word over a line of ${BAUD} baud`, stopped);
      expect(stopped).toBeLessThan(BOUND_MS);
    },
  );
});

/** What a node would say of its router: that it has released. */
const word = (address: string): Extract<Content, { kind: "claims" }> => {
  const claim: Claim = {
    ...{ name: "lan", vrid: 51, family: 4, only: true, state: "released", healthy: false, adverts: 9999 },
    // An address that is written like one.
    ...{ priority: priority(150), address: address as Ip },
  };
  return { kind: "claims", to: null, answers: null, claims: [claim] };
};

/** What a node says, in the hexadecimal of a datagram; `spoil` changes its text after it was signed. */
function said(
  node: string,
  number: number,
  content: Exclude<Content, { kind: "other" }>,
  keys = ring([1, "sha1", "secret"]),
): string {
  const stamp = {
    generation: 4_000_000_000,
    sequence: number,
    time: 1,
    load: "0",
    ttl: 4,
    destinationUuid: null,
  };
  const message = compose(encodeContent(content), { name: node, uuid: "u".repeat(16) }, stamp);
  return sealDatagram(message, keys, 1).toHex();
}

const DATAGRAMS = new URL("../lab/datagrams.ts", import.meta.url).pathname;

describe("the word that a master released", () => {
  test.concurrent(
    "moves nobody when it is forged, unsigned, or another node's than the master's",
    async () => {
      await using lab = await wires();
      const [a, b] = await pair(lab, [[SAME_WIRE], [SAME_WIRE]], ["", ""], true);
      const line = b.log.length;
      const alive = { kind: "status", status: "active", deadtime: ms(3000) } as const;
      const unsigned = Buffer.from(said("a", 1, word("10.77.0.1")), "hex").toString("latin1");
      const datagrams = [
        said("a", 1, word("10.77.0.1"), ring([1, "sha1", "guessed"])),
        said("a", 1, word("10.77.0.1"), ring([1, "crc", ""])),
        Buffer.from(unsigned.replaceAll(/^.*auth.*$/gm, ""), "latin1").toString("hex"),
        // Of a node of this cluster, with its key: its own address, and that of the master.
        said("c", 1, alive),
        said("c", 2, word("10.77.0.100")),
        said("c", 3, word("10.77.0.1")),
      ];
      await lab.client.namespace.run([process.execPath, DATAGRAMS, "10.77.0.255", "694", ...datagrams]);
      await b.sees("c", "active", line);
      await Bun.sleep(CALM_MS);
      expect(b.log.slice(line).filter((text) => text.includes("vrrp."))).toEqual([]);
      const { dropped } = (await b.status()).heartbeat;
      expect((dropped["forged"] ?? 0) + (dropped["unsigned"] ?? 0)).toBeGreaterThan(1);
      expect((await a.status()).heartbeat.nodes[2]?.state).toBe("active");
    },
  );
});
