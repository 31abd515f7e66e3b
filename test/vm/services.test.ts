/** Virtual services through the compiled file, on a kernel that has IPVS: what the kernel has, and how traffic gets to the servers. */
import { afterAll, afterEach, beforeAll, describe, expect, test } from "bun:test";
import { until } from "../lab/process.ts";
import { sample } from "../samples/pair.ts";
import { Backend } from "./actors.ts";
import { Scene, server, VIP, VIP6, weights, web } from "./director.ts";

let scene: Scene;

beforeAll(async () => {
  scene = await Scene.create();
  await scene.vip(true);
});
afterAll(() => scene.close());
afterEach(() => scene.clear());

const ALL = new Set(["s1", "s2", "s3"]);

describe("a virtual service by dr", () => {
  test("has the servers whose check has passed, and only those; all of it goes with the agent", async () => {
    await scene.backend(2).end();
    const agent = await scene.started(web());
    await scene.settles(agent, "two of three serve", (service) => weights(service).join() === "1,1,0");
    expect(await scene.table()).toEqual([
      `-A -t ${VIP}:80 -s rr`,
      `-a -t ${VIP}:80 -r ${server(0)}:80 -g -w 1`,
      `-a -t ${VIP}:80 -r ${server(1)}:80 -g -w 1`,
      `-a -t ${VIP}:80 -r ${server(2)}:80 -g -w 0`,
    ]);
    expect(new Set(await scene.caller.gets(4))).toEqual(new Set(["s1", "s2"]));
    await scene.backend(2).start();
    await scene.settles(agent, "all serve", (service) => weights(service).join() === "1,1,1");
    expect(new Set(await scene.caller.gets(6))).toEqual(ALL);
    // One in three, and then two in six.
    await scene.settles(agent, "what was sent is counted", ({ servers: [first] }) => {
      const { connections, in_bytes: bytes } = first?.counters ?? { connections: 0, in_bytes: 0 };
      return connections >= 4 && bytes > 100 * connections;
    });
    // Nobody is both director and real server of an address.
    expect(await agent.command("realserver", "start", VIP)).toMatchObject({
      code: 5,
      stdout: `${VIP}: not carried; ! this host is the director of a service there\n`,
    });
    expect(await agent.stop()).toBe(0);
    expect(await scene.table()).toEqual([]);
  });

  test("carries UDP, each datagram for itself", async () => {
    const text = web('protocol = "udp"\none_packet = true', 'type = "ping"').replace(
      `${VIP}:80`,
      `${VIP}:7000`,
    );
    await scene.serving(text.replaceAll(/(10\.77\.1\.\d):80/g, "$1:7000"));
    expect(await scene.table()).toContain(`-A -u ${VIP}:7000 -s rr -o`);
    const heard = new Set<string>();
    for (let at = 0; at < 6; at++) heard.add(await scene.caller.datagram());
    expect(heard).toEqual(new Set(["s1 hello", "s2 hello", "s3 hello"]));
  });

  test("keeps a client at its server", async () => {
    await scene.serving(web('persistence = "1m"\npersistence_netmask = 24'));
    expect(await scene.table()).toContain(`-A -t ${VIP}:80 -s rr -p 60 -M 255.255.255.0`);
    expect(new Set(await scene.caller.gets(5)).size).toBe(1);
  });

  test("is what a packet filter has marked", async () => {
    const { namespace } = scene.director();
    await namespace.run(
      ["nft", "-f", "-"],
      `table ip marks {
        chain in { type filter hook prerouting priority mangle; ip daddr ${VIP} tcp dport 80 meta mark set 7; }
      }\n`,
    );
    const listed = [0, 1, 2].map((at) => `"${server(at)}"`).join(", ");
    await scene.serving(
      `[virtual_server.web]\nfwmark = 7\nscheduler = "rr"\nreal_servers = [${listed}]\ncheck = { type = "tcp", port = 80, interval = "300ms" }`,
    );
    expect(await scene.table()).toContain("-A -f 7 -s rr");
    expect(new Set(await scene.caller.gets(6))).toEqual(ALL);
    await namespace.run(["nft", "delete", "table", "ip", "marks"]);
  });

  test("carries IPv6", async () => {
    const listed = [3, 4, 5].map((number) => `"[fd77:1::${number}]:80"`).join(", ");
    await scene.serving(
      `[virtual_server.web]\naddress = "[${VIP6}]:80"\nscheduler = "rr"\nreal_servers = [${listed}]\ncheck = { type = "http", interval = "300ms" }`,
    );
    expect(new Set(await scene.caller.gets(6, VIP6))).toEqual(ALL);
  });

  test("falls back to a server on the director itself", async () => {
    const sorry = new Backend("sorry", scene.director());
    await sorry.ready();
    const agent = await scene.started(
      `[virtual_server.web]\naddress = "${VIP}:80"\nscheduler = "rr"\nfallback = "127.0.0.1:80"\nreal_servers = ["10.77.1.99:80"]\ncheck = { type = "tcp", interval = "300ms", timeout = "300ms", fall = 1 }`,
    );
    await scene.settles(agent, "the fallback serves", ({ fallback }) => fallback?.in_use === true);
    expect(await scene.caller.gets(2)).toEqual(["sorry", "sorry"]);
    await sorry.end();
  });

  test("is written by socket options, too", async () => {
    await scene.serving(web('ipvs = "sockopt"\nscheduler_flags = []'));
    expect(new Set(await scene.caller.gets(6))).toEqual(ALL);
  });
});

describe("a virtual service by nat", () => {
  test("has servers on ports of their own, and thresholds", async () => {
    const client = `${scene.site.box(5).address4}/32`;
    const director = scene.director();
    await director.namespace.run([
      ...["sysctl", "-qw", "net.ipv4.ip_forward=1"],
      ...["net.ipv4.conf.all.send_redirects=0", "net.ipv4.conf.eth1.send_redirects=0"],
    ]);
    for (const { box } of scene.backends)
      await box.namespace.ip(`route add ${client} via ${director.address4} dev eth1`);
    const listed = [0, 1, 2]
      .map((at) => `{ address = "${server(at)}:80", u_threshold = ${at * 50}, l_threshold = ${at * 20} }`)
      .join(", ");
    await scene.serving(
      `[virtual_server.web]\naddress = "${VIP}:8080"\nforward = "nat"\nscheduler = "rr"\nreal_servers = [${listed}]\ncheck = { type = "tcp", interval = "300ms" }`,
    );
    expect(await scene.table()).toContain(`-a -t ${VIP}:8080 -r ${server(2)}:80 -m -w 1`);
    const limits = await director.namespace.run(["ipvsadm", "-Ln", "--thresholds"]);
    expect(limits).toMatch(new RegExp(`${server(2)}:80 +100 +40 `));
    expect(new Set(await scene.caller.gets(6, VIP, 8080))).toEqual(ALL);
    for (const { box } of scene.backends) await box.namespace.ip(`route del ${client}`);
  });
});

describe("a virtual service by tun", () => {
  test("wraps packets in IP", async () => {
    for (const { box } of scene.backends) {
      await box.namespace.ip("link set tunl0 up");
      await box.namespace.run([
        ...["sysctl", "-qw", "net.ipv4.conf.tunl0.rp_filter=0"],
        ...["net.ipv4.conf.all.rp_filter=0", "net.ipv4.conf.eth1.rp_filter=0"],
      ]);
    }
    await scene.serving(web('forward = "tun"'));
    expect(await scene.table()).toContain(`-a -t ${VIP}:80 -r ${server(0)}:80 -i -w 1 --tun-type ipip`);
    expect(new Set(await scene.caller.gets(6))).toEqual(ALL);
  });
});

describe("a start without services", () => {
  test("takes away what a killed agent left, and the timeouts that it set", async () => {
    const agent = await scene.serving(web(), "ipvs_timeouts = { udp = 20 }");
    await agent.kill();
    await agent.write(
      '[vrrp.lan]\ninterface = "eth1"\nvrid = 9\npriority = 1\naddresses = ["10.77.1.9/32"]\n',
    );
    await agent.start();
    await until("the table is empty", 10_000, async () => (await scene.table()).length === 0);
    const { namespace } = scene.director();
    await until("the timeouts are back", 5000, async () =>
      (await namespace.run(["ipvsadm", "-L", "--timeout"])).includes("900 120 300"),
    );
    expect(await agent.stop()).toBe(0);
  });
});

describe("the timeouts of connections", () => {
  test("are kept as configured, and put back with the configuration, with a stop and with a release", async () => {
    const timeouts = async (): Promise<string> => {
      const { namespace } = scene.director();
      const text = await namespace.run(["ipvsadm", "-L", "--timeout"]);
      return text.trim().replace(/^.*: /, "");
    };
    const become = (wanted: string): Promise<unknown> =>
      until(`timeouts ${wanted}`, 15_000, async () => (await timeouts()) === wanted);
    const setting = 'ipvs_timeouts = { tcp_fin = "30s", udp = "20s" }';
    const agent = await scene.serving(web(), setting);
    expect(await timeouts()).toBe("900 30 20");
    await scene.director().namespace.run(["ipvsadm", "--set", "0", "99", "0"]);
    await become("900 30 20");
    await agent.reload(web());
    await become("900 120 300");
    await agent.reload({ agent: setting, text: web() });
    await become("900 30 20");
    expect(await agent.stop()).toBe(0);
    expect(await timeouts()).toBe("900 120 300");
    await agent.start();
    await become("900 30 20");
    await agent.kill();
    expect((await agent.command("release")).code).toBe(0);
    expect(await timeouts()).toBe("900 120 300");
  });
});

describe("two directors", () => {
  const director = (priority: number, inactive: string): string => `
[vrrp.lan]
interface = "eth1"
vrid = 51
priority = ${priority}
advert_interval = "500ms"
addresses = ["${VIP}/24"]
${web(`active_when = "lan"\ninactive = "${inactive}"`)}`;

  /** Both run: the first one is master and all its servers serve, the second one is backup and finds them good. */
  const both = async (text: (priority: number) => string) => {
    const first = await scene.started(text(200));
    const second = await scene.agent(text(100), 1);
    await first.is("lan", "master");
    await second.start();
    await second.is("lan", "backup");
    await scene.settles(
      first,
      "all serve",
      (service) => service.active && weights(service).join() === "1,1,1",
    );
    await scene.settles(second, "all are good", ({ servers }) => servers.every(({ up }) => up === true));
    return { first, second };
  };

  test("have the service at the master, prepared or not at the other; it moves with the address when the master is killed", async () => {
    await scene.vip(false);
    const { first, second } = await both((priority) => director(priority, "empty"));
    expect(await scene.table(1)).toEqual([]);
    expect(new Set(await scene.caller.gets(6))).toEqual(ALL);
    const whole = await scene.table();
    await first.kill();
    await second.is("lan", "master");
    await scene.settles(second, "all serve there", (service) => weights(service).join() === "1,1,1");
    expect(await scene.table(1)).toEqual(whole);
    expect(new Set(await scene.caller.gets(6))).toEqual(ALL);
    // The dead master's table is still there; what its address was is gone by itself, and its next life takes it away.
    await first.start();
    await until("the backup has none of it", 10_000, async () => {
      const here = await scene.table();
      return here.length === 0 || (await first.status()).vrrp[0]?.state === "master";
    });
    await first.is("lan", "master");
    await scene.settles(first, "it serves again", (service) => weights(service).join() === "1,1,1");
    await second.reload(director(100, "prepared"));
    await until("the backup is prepared", 5000, async () => (await scene.table(1)).join() === whole.join());
    await first.stop();
    await second.is("lan", "master");
    expect(new Set(await scene.caller.gets(6))).toEqual(ALL);
    await scene.vip(true);
  });

  test("that choose by the same hash have connections survive the master, where the kernel takes them up in the middle", async () => {
    await scene.vip(false);
    for (const at of [0, 1])
      await scene.director(at).namespace.run(["sysctl", "-qw", "net.ipv4.vs.sloppy_tcp=1"]);
    const text = (priority: number): string =>
      director(priority, "empty")
        .replaceAll(":80", ":7000")
        .replace('"rr"', '"mh"\nscheduler_flags = ["mh-port"]');
    const { first, second } = await both(text);
    const opened = [await scene.caller.open(), await scene.caller.open()];
    await first.kill();
    await second.is("lan", "master");
    await scene.settles(second, "all serve there", (service) => weights(service).join() === "1,1,1");
    for (const [connection, who] of opened)
      expect(await scene.caller.say(connection)).toBe(who.replace("hello", "still there"));
    await second.stop();
    await scene.vip(true);
  });

  test("of the sample balance over its servers, and the one that is left goes on", async () => {
    await scene.vip(false);
    const text = (at: 0 | 1): string =>
      sample("director-pair.toml", at)
        .replaceAll("192.168.1.50", VIP)
        .replaceAll(/192\.168\.1\.1(\d)/g, (_, number: string) => server(Number(number) - 1));
    const directors = await Promise.all([scene.agent(text(0), 0), scene.agent(text(1), 1)]);
    for (const [at, agent] of directors.entries()) {
      await agent.start();
      await agent.is("lan", at === 0 ? "master" : "backup");
    }
    const [first, second] = directors;
    await scene.settles(first, "all serve", (service) => weights(service).join() === "1,1,2");
    await scene.settles(second, "all are good", ({ servers }) => servers.every(({ up }) => up === true));
    await first.kill();
    await second.is("lan", "master");
    await scene.settles(second, "all serve there", (service) => weights(service).join() === "1,1,2");
    expect((await scene.caller.gets(4)).every((answer) => ALL.has(answer))).toBe(true);
    await second.stop();
    await scene.vip(true);
  });
});
