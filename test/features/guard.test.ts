/** Two agents that ask before they take over: by a second wire or a line of their cluster, and by the client, who answers whoever reaches it. */
import { describe, expect, test } from "bun:test";
import type { Lab } from "../lab/lab.ts";
import { addressesOf } from "../lab/owner.ts";
import { until } from "../lab/process.ts";
import { Cable, cluster, type Member, member, PATIENCE_MS, secondWire, wires } from "./cluster-scene.ts";

const KEY = '{ method = "sha1", key = "secret" }';
const SECOND_WIRE = ['{ type = "broadcast", interface = "eth1" }'];
const WITNESS = "ping:10.77.0.100";
const INTERVAL_MS = 1000;
/** Long enough for whoever would take over without a guard. */
const LONG_MS = 6 * INTERVAL_MS;
const BAUD = 19_200;

const vrrp = (level: number, guard: readonly string[], more = ""): string => `
[vrrp.lan]
interface = "eth0"
vrid = 51
priority = ${level}
advert_interval = "${INTERVAL_MS}ms"
addresses = ["10.77.0.50/24"]
guard = ${JSON.stringify(guard)}
${more}
`;

/** The first node is master, the second one its backup; `texts` are added to the file of each. */
async function pair(lab: Lab, texts: readonly [string, string]): Promise<[Member, Member]> {
  const [a, b] = [member(lab, 0, "a"), member(lab, 1, "b")];
  await Promise.all([a.write(texts[0]), b.write(texts[1])]);
  await a.start();
  await a.says(["vrrp.state", "to=master"]);
  await b.start();
  const clustered = texts[0].includes("[heartbeat]");
  await Promise.all(clustered ? [a.sees("b", "active"), b.sees("a", "active")] : []);
  await router(b, hears);
  return [a, b];
}

/** A cluster over these links, with a status a second: a line carries that. */
const heartbeat = (links: readonly string[]): string =>
  cluster(links, KEY).replace(/keepalive = .*/, 'keepalive = "1s"');

interface Report {
  readonly state: string;
  readonly master: { readonly last_heard_ms: number } | null;
  readonly guard: { readonly state: string; readonly text: string | null } | null;
}

/** Of the backup: it hears the master, and waits for nothing. */
const hears = ({ state, master, guard }: Report): boolean =>
  state === "backup" &&
  guard?.state === "idle" &&
  master !== null &&
  master.last_heard_ms < 1.2 * INTERVAL_MS;

/** Waits until the router of a node is reported so, and gives the exit status of that report. */
async function router(node: Member, is: (report: Report) => boolean): Promise<number> {
  let code = -1;
  let stdout = "";
  await until(
    () => `${node.name} reports so; it said: ${stdout} and logged: ${node.log.slice(-10).join("\n")}`,
    PATIENCE_MS,
    async () => {
      ({ code, stdout } = await node.command("status", "--json"));
      // The contract fixes these keys; a test that reads another value there fails.
      const { vrrp: reports } = JSON.parse(stdout) as { readonly vrrp: readonly Report[] };
      return reports.some(is);
    },
  );
  return code;
}

/** A firewall between the nodes drops adverts and nothing else, or no more. */
const firewall = (lab: Lab, drops: boolean): Promise<string> =>
  lab.bridge.run(
    ["nft", "-f", "-"],
    drops
      ? `add table bridge wall
         add chain bridge wall adverts { type filter hook forward priority 0; }
         add rule bridge wall adverts ip protocol 112 drop\n`
      : "delete table bridge wall\n",
  );

const masterships = (node: Member, from: number): string[] =>
  node.log.slice(from).filter((line) => line.includes("vrrp.state") && line.includes("to=master"));

/** What a takeover says of the silence before it. */
const silence = (node: Member, from: number): string =>
  /silent for \d+ ms/.exec(masterships(node, from).join(""))?.[0] ?? "not silent";

describe("a backup that hears no advert while heartbeat lives on another wire", () => {
  test.concurrent(
    "is no second master, alarms, and takes over by force, or when the master dies",
    async () => {
      await using lab = await wires();
      await secondWire(lab);
      const text = (level: number): string => heartbeat(SECOND_WIRE) + vrrp(level, ["heartbeat"]);
      const [a, b] = await pair(lab, [text(150), text(100)]);

      let line = b.log.length;
      await firewall(lab, true);
      await b.says(["error", "vrrp.guard_blocked", "name=lan", "node=a"], line);
      await Bun.sleep(LONG_MS);
      expect(await router(b, ({ state, guard }) => state === "backup" && guard?.state === "blocked")).toBe(3);
      expect(await router(a, ({ state }) => state === "master")).toBe(0);
      expect(masterships(b, line)).toEqual([]);
      expect((await b.command("status")).stdout).toContain("BLOCKED: a says that it is master and healthy");

      line = b.log.length;
      await firewall(lab, false);
      await b.says(["vrrp.guard_passed", "name=lan", "was=blocked"], line);
      expect(await router(b, hears)).toBe(0);

      await firewall(lab, true);
      await router(b, ({ guard }) => guard?.state === "blocked");
      const refused = await b.command("takeover", "lan");
      expect(refused.code).toBe(1);
      expect(refused.stderr).toContain("takeover --force takes it all the same");
      expect((await b.command("takeover", "lan", "--force")).code).toBe(0);
      await b.says(["vrrp.state", "to=master", "takeover by the operator"], line);
      await firewall(lab, false);
      await a.says(["vrrp.state", "from=master", "to=backup"]);

      // Back, and this time the master really dies.
      line = a.log.length;
      await b.command("standby", "lan");
      await a.says(["vrrp.state", "to=master"], line);
      await b.stop();
      await b.start();
      await b.sees("a", "active");
      await router(b, hears);
      line = b.log.length;
      await a.kill();
      await b.says(["vrrp.state", "to=master"], line);
      console.log(`a master killed, a guard by heartbeat: ${silence(b, line)}`);
      expect(b.log.slice(line).join("\n")).not.toContain("vrrp.guard_blocked");
    },
  );

  test.concurrent("takes over from a master that is frozen, which answers nothing", async () => {
    await using lab = await wires();
    await secondWire(lab);
    const text = (level: number): string => heartbeat(SECOND_WIRE) + vrrp(level, ["heartbeat"]);
    const [a, b] = await pair(lab, [text(150), text(100)]);
    const line = b.log.length;
    a.signal("SIGSTOP");
    await b.says(["vrrp.state", "to=master"], line);
    console.log(`a master frozen, a guard by heartbeat: ${silence(b, line)}`);
    expect(b.log.slice(line).join("\n")).not.toContain("vrrp.guard_blocked");
    a.signal("SIGCONT");
    await a.says(["vrrp.state", "from=master", "stalled"]);
  });
});

describe("unicast peers, a second wire, and a preempt_delay", () => {
  test.concurrent(
    "a master without a way to its peer holds nobody back, and comes back with its way, its time and its peer's adverts",
    async () => {
      await using lab = await wires();
      await secondWire(lab);
      const text = (at: 0 | 1): string =>
        heartbeat(SECOND_WIRE) +
        vrrp(150 - 50 * at, ["heartbeat"], `unicast_peers = ["10.77.0.${2 - at}"]\npreempt_delay = "4s"`);
      const [a, b] = await pair(lab, [text(0), text(1)]);
      let [ofA, ofB] = [a.log.length, b.log.length];
      await firewall(lab, true);
      await b.says(["vrrp.guard_blocked", "name=lan", "node=a"], ofB);
      await firewall(lab, false);
      await b.says(["vrrp.guard_passed", "was=blocked"], ofB);
      await router(b, hears);

      ofB = b.log.length;
      const way = (does: string): Promise<unknown> =>
        lab.node(0).namespace.ip(`route ${does} unreachable 10.77.0.2/32`);
      await way("add");
      await b.says(["vrrp.state", "to=master", "silent for"], ofB);
      await a.says(["vrrp.state", "from=master", "EHOSTUNREACH", "10.77.0.2 is master"], ofA);
      expect(b.log.slice(ofB).join("\n")).not.toContain("vrrp.guard_blocked");
      expect(await addressesOf(lab.node(1))).toContain("10.77.0.50");
      expect(await addressesOf(lab.node(0))).not.toContain("10.77.0.50");

      ofA = a.log.length;
      await way("del");
      await router(a, hears);
      await firewall(lab, true);
      await a.says(["vrrp.guard_blocked", "name=lan", "node=b"], ofA);
      await firewall(lab, false);
      await a.says(["vrrp.guard_passed", "was=blocked"], ofA);
      await a.says(["vrrp.state", "to=master", "preempting 10.77.0.2"], ofA);
      await b.says(["vrrp.state", "from=master", "to=backup"], ofB);
    },
  );
});

describe("a witness, without a cluster", () => {
  test.concurrent("keeps the node that is cut off from taking over, and lets the other one", async () => {
    await using lab = await wires();
    const [a, b] = await pair(lab, [vrrp(150, [WITNESS], 'on_isolation = "release"'), vrrp(100, [WITNESS])]);

    let line = b.log.length;
    await lab.cut(lab.node(1));
    await b.says(["warning", "vrrp.isolated", "name=lan", "no witness answers"], line);
    await Bun.sleep(LONG_MS);
    expect(await router(b, ({ state, guard }) => state === "backup" && guard?.state === "isolated")).toBe(3);
    await lab.heal(lab.node(1));
    await b.says(["vrrp.guard_passed", "was=isolated"], line);
    expect(await router(b, hears)).toBe(0);
    expect(masterships(b, line)).toEqual([]);

    // The master's turn: it gives up what the other one takes.
    line = b.log.length;
    const before = a.log.length;
    await lab.cut(lab.node(0));
    await a.says(["vrrp.isolated", "on_isolation"], before);
    await a.says(["vrrp.state", "from=master", "to=backup", "isolated"], before);
    await b.says(["vrrp.state", "to=master"], line);
    console.log(`a master cut off, a guard by a witness: ${silence(b, line)}`);
    await Bun.sleep(LONG_MS);
    expect(masterships(a, before)).toEqual([]);
    await lab.heal(lab.node(0));
    await a.says(["vrrp.state", "to=master"], before);
    await b.says(["vrrp.state", "from=master", "to=backup"], line);
  });

  test.concurrent("may have a link-local address, and is asked on the router's own link", async () => {
    await using lab = await wires();
    const witness = `ping:${lab.client.linkLocal}`;
    const [a, b] = await pair(lab, [vrrp(150, [witness]), vrrp(100, [witness])]);
    const line = b.log.length;
    await a.kill();
    await b.says(["vrrp.state", "to=master"], line);
    expect(b.log.slice(line).join("\n")).not.toContain("vrrp.isolated");
  });
});

describe("a line, and a witness that tells the master of its isolation", () => {
  test.concurrent("move the address to the node that is not cut off, one after the other", async () => {
    await using lab = await wires();
    const cable = new Cable(lab);
    await cable.plug(BAUD);
    const text = (at: 0 | 1): string =>
      heartbeat([`{ type = "serial", device = "${cable.ports[at]}", baud = ${BAUD} }`]) +
      vrrp(150 - 50 * at, ["heartbeat", WITNESS], 'on_isolation = "release"');
    const [a, b] = await pair(lab, [text(0), text(1)]);
    const [ofA, ofB] = [a.log.length, b.log.length];
    await lab.cut(lab.node(0));
    await a.says(["vrrp.state", "from=master", "to=backup", "isolated"], ofA);
    await b.says(["vrrp.state", "to=master"], ofB);
    const at = (node: Member, from: number, words: string): number =>
      Date.parse(
        node.log
          .slice(from)
          .find((each) => each.includes("vrrp.state") && each.includes(words))
          ?.split(" ")[0] ?? "",
      );
    expect(at(b, ofB, "to=master")).toBeGreaterThanOrEqual(at(a, ofA, "to=backup"));
    await Bun.sleep(LONG_MS);
    expect(masterships(a, ofA)).toEqual([]);
  });
});
