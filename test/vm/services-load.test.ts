/** Virtual services under load: servers that answer wrongly or are replaced, and a service that moves with a group of resources. */
import { afterAll, afterEach, beforeAll, describe, expect, test } from "bun:test";
import { mkdtemp, rm } from "node:fs/promises";
import type { Agent } from "../features/agent.ts";
import { now, run, until } from "../lab/process.ts";
import type { ServiceStatus } from "./director.ts";
import { Scene, server, VIP, web, weights } from "./director.ts";

let scene: Scene;
let directory: string;

beforeAll(async () => {
  scene = await Scene.create();
  await scene.vip(true);
  directory = await mkdtemp("/tmp/haagent-load-");
});
afterAll(async () => {
  await scene.close();
  await rm(directory, { recursive: true });
});
afterEach(() => scene.clear());

/** Asks one request after another until `over`; gives every answer. */
async function load(work: (answers: readonly string[]) => Promise<void>): Promise<readonly string[]> {
  const answers: string[] = [];
  let over = false;
  const asking = (async () => {
    while (!over) answers.push(await scene.caller.get());
  })();
  await until("there is load", 20_000, () => answers.length > 3);
  try {
    await work(answers);
  } finally {
    over = true;
    await asking;
  }
  return answers;
}

/** A certificate for `name`, made by itself; gives the path without its ending. */
async function certificate(file: string, name: string): Promise<string> {
  const path = `${directory}/${file}`;
  await run([
    ...["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"],
    ...["-days", "30", "-subj", `/CN=${name}`, "-addext", `subjectAltName=DNS:${name}`],
    ...["-keyout", `${path}.key`, "-out", `${path}.crt`],
  ]);
  return path;
}

/** interval + fall × max(interval, timeout) of the checks below, and room for a machine that stalls. */
const OUT_WITHIN = 300 + 3 * 1000 + 1500;

/** Breaks the second server, and mends it, with clients all the while. */
async function outAndIn(agent: Agent, breaks: () => void, mends: () => void, why: RegExp): Promise<void> {
  await scene.has(agent, "1,1,1");
  await load(async () => {
    const broken = now();
    breaks();
    const service = await scene.has(agent, "1,0,1");
    const said = agent.events("server.state").findLast(({ fields }) => fields["to"] === "down");
    expect((said?.at ?? 0) - broken).toBeLessThan(OUT_WITHIN);
    expect(service.servers[1]?.last_error).toMatch(why);
    expect(await scene.caller.gets(4)).not.toContain("s2");
    mends();
    await scene.has(agent, "1,1,1");
  });
  const downs = agent.events("server.state").filter(({ fields }) => fields["to"] === "down");
  expect(downs.map(({ fields }) => fields["server"])).toEqual([`${server(1)}:80`]);
}

// Before those with load: the kernel remembers a closed connection of dr for two minutes, and one that comes from the same port goes to the
// same server, whatever the scheduler would say.
describe("a scheduler that hashes", () => {
  test("refuses the clients of a server that fails, unless it may take another or the server is removed", async () => {
    const hashed = (scheduler: string, more = ""): string =>
      web(more, 'type = "http"')
        .replace('"rr"', `"${scheduler}"`)
        .replace('timeout = "300ms"', 'timeout = "1s"');
    for (const [text, refused] of [
      [hashed("sh"), true],
      [hashed("sh", 'scheduler_flags = ["sh-fallback"]'), false],
      [hashed("sh", "quiescent = false"), false],
      [hashed("mh"), true],
      [hashed("mh", 'scheduler_flags = ["mh-fallback"]'), false],
    ] as const) {
      const agent = await scene.started(text);
      await scene.has(agent, "1,1,1");
      const [name] = new Set(await scene.caller.gets(3));
      const at = Number(name?.slice(1)) - 1;
      scene.backend(at).answers("500");
      await scene.has(agent, [0, 1, 2].map((each) => (each === at ? 0 : 1)).join());
      const answer = await scene.caller.get();
      if (refused) expect(answer).toBe("error ECONNREFUSED");
      else expect(answer).toMatch(new RegExp(`^s[^${at + 1}]$`));
      scene.backend(at).answers("200");
      await scene.has(agent, "1,1,1");
      expect(await scene.caller.get()).toBe(`s${at + 1}`);
      await scene.clear();
    }
  });
});

describe("a server under load", () => {
  test("is out while its body is a wrong one", async () => {
    const check = 'type = "http"\nexpect_body = "^s[123]$"';
    const agent = await scene.started(web("", check).replace('timeout = "300ms"', 'timeout = "1s"'));
    const second = scene.backend(1);
    await outAndIn(
      agent,
      () => second.answers("body Index of /"),
      () => second.answers("200"),
      /body/,
    );
  });

  test("is out while its certificate is for somebody else", async () => {
    const [good, wrong] = [
      await certificate("good", "shop.example"),
      await certificate("wrong", "other.example"),
    ];
    const both = await Promise.all([good, wrong].map((path) => Bun.file(`${path}.crt`).text()));
    await Bun.write(`${directory}/ca.pem`, both.join(""));
    for (const at of [0, 1, 2]) scene.backend(at).answers(`certificate ${good}`);
    const check = `type = "https"\nport = 443\nhost = "shop.example"\nca = "${directory}/ca.pem"`;
    const agent = await scene.started(web("", check).replace('timeout = "300ms"', 'timeout = "1s"'));
    const second = scene.backend(1);
    await outAndIn(
      agent,
      () => second.answers(`certificate ${wrong}`),
      () => second.answers(`certificate ${good}`),
      /certificate/,
    );
  });

  test("is replaced by others with no request lost, and keeps a connection until that ends", async () => {
    const only = (...listed: readonly number[]): string => {
      const text = web().replace(
        /real_servers = .*/,
        `real_servers = [${listed.map((at) => `"${server(at)}:80"`).join(", ")}]`,
      );
      const other = text.replaceAll("server.web", "server.held").replaceAll(":80", ":7000");
      const each = [text, other.replace('"rr"', '"rr"\nipvs = "sockopt"')];
      // A machine that stalls is given its time.
      return each.join("").replaceAll('"rr"', '"rr"\ndrain_timeout = "10m"');
    };
    const agent = await scene.started(only(0));
    await scene.has(agent, "1");
    await scene.settles(agent, "both serve", (service) => weights(service).join() === "1", "held");
    const [connection] = await scene.caller.open();
    const answers = await load(async (sofar) => {
      await agent.reload(only(1, 2));
      await scene.has(agent, "1,1");
      await until("both others answer", 20_000, () => ["s2", "s3"].every((name) => sofar.includes(name)));
      const leaves = ({ leaving: [one] }: ServiceStatus): boolean => one?.weight === 0 && one.active === 1;
      const { leaving } = await scene.settles(agent, "it leaves", leaves, "held");
      expect(leaving.map(({ address }) => address)).toEqual([`${server(0)}:7000`]);
      expect((await agent.command("status")).stdout).toMatch(/:7000 +leaving for .*connections 1\+0/);
      expect(await scene.caller.say(connection)).toBe("s1 still there");
      await scene.caller.close(connection);
      const gone = () => agent.events("server.gone").map(({ fields }) => fields["reason"]);
      await until("both are gone", 120_000, () => gone().length === 2);
      expect(new Set(gone())).toEqual(new Set(["its connections have ended"]));
      await until("it is out", 10_000, async () => !(await scene.table()).join().includes(`${server(0)}:`));
    });
    expect(new Set(answers)).toEqual(new Set(["s1", "s2", "s3"]));
    expect(agent.events("service.repaired")).toEqual([]);
  });
});

describe("a flow of UDP", () => {
  test("stays with a dead server as long as that is in the table, and leaves with it", async () => {
    const { namespace } = scene.director();
    await namespace.run(["sysctl", "-qw", "net.ipv4.vs.expire_nodest_conn=1"]);
    const text = web('protocol = "udp"').replace(`${VIP}:80`, `${VIP}:7000`).replaceAll(':80"', ':7000"');
    const agent = await scene.started(text);
    await scene.has(agent, "1,1,1");
    const [name = "nobody"] = (await scene.caller.flow()).split(" ");
    expect(await scene.caller.flow()).toStartWith(name);
    const at = Number(name.slice(1)) - 1;
    await scene.backend(at).end();
    try {
      await scene.has(agent, [0, 1, 2].map((each) => (each === at ? 0 : 1)).join());
      expect(await scene.caller.flow()).toBe("timeout");
      await agent.reload(text.replace("[virtual_server.web.check]", "quiescent = false\n$&"));
      await until(
        "it is removed",
        10_000,
        async () => !(await scene.table()).join().includes(`${server(at)}:`),
      );
      // The next one may be lost.
      await scene.caller.flow();
      expect(await scene.caller.flow()).toMatch(new RegExp(`^s[^${at + 1}] `));
    } finally {
      await scene.backend(at).start();
      await namespace.run(["sysctl", "-qw", "net.ipv4.vs.expire_nodest_conn=0"]);
    }
  });
});

describe("a service of a group of resources", () => {
  const GROUP = `IPaddr::${VIP}/24/eth1`;
  const TEXT = `
[heartbeat]
nodes = ["ha1", "ha2"]
keepalive = "300ms"
deadtime = "5s"
initdead = "6s"
auth = { method = "sha1", key = "secret" }
links = [{ type = "broadcast", interface = "eth1" }]
resources = ["ha1 ${GROUP}"]
${web(`active_when = "${GROUP}"`)}`;

  test("is where the group runs: it moves with an order, and when the node is killed", async () => {
    await scene.vip(false);
    const pair = [await scene.agent(TEXT), await scene.agent(TEXT, 1)] as const;
    const [first, second] = pair;
    await Bun.write(
      second.path,
      (await Bun.file(second.path).text()).replace('node = "ha1"', 'node = "ha2"'),
    );
    for (const agent of pair) agent.launch();
    const serves = (at: 0 | 1) =>
      scene.settles(
        pair[at],
        "all serve",
        (service) => service.active && weights(service).join() === "1,1,1",
      );
    const isEmpty = (at: number) =>
      until("the other has nothing of it", 20_000, async () => (await scene.table(at)).length === 0);
    const answered = async (): Promise<void> =>
      expect(new Set(await scene.caller.gets(6))).toEqual(new Set(["s1", "s2", "s3"]));
    await until("the first runs", 60_000, () => first.events("agent.ready").length > 0);
    await serves(0);
    await isEmpty(1);
    await answered();
    expect((await first.command("standby")).code).toBe(0);
    await serves(1);
    await isEmpty(0);
    await answered();
    await second.kill();
    await serves(0);
    await answered();
  });
});
