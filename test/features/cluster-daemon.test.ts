/** haagent beside Debian's heartbeat 3.0.6: one cluster, through the compiled binary. */
import { describe, expect, test } from "bun:test";
import { cluster, daemon, member, PATIENCE_MS, wires } from "./cluster-scene.ts";

const FORMS = [
  {
    medium: "broadcast",
    method: "crc",
    line: "bcast eth0",
    link: '{ type = "broadcast", interface = "eth0" }',
  },
  {
    medium: "multicast",
    method: "md5",
    line: "mcast eth0 225.0.0.1 694 1 0",
    link: '{ type = "multicast", interface = "eth0", group = "225.0.0.1" }',
  },
  {
    medium: "unicast",
    method: "sha1",
    line: "ucast eth0 10.77.0.2",
    link: '{ type = "unicast", interface = "eth0", peer = "10.77.0.1" }',
  },
] as const;

/** A virtual router that asks the cluster before it takes over. */
const ROUTER = `
[vrrp.lan]
interface = "eth0"
vrid = 51
advert_interval = "200ms"
addresses = ["10.77.0.50/24"]
guard = ["heartbeat"]
`;

describe("a node beside heartbeat 3.0.6", () => {
  for (const { medium, method, line, link } of FORMS) {
    test.concurrent(`takes part over ${medium}, signed with ${method}`, async () => {
      await using lab = await wires();
      const key = method === "crc" ? "" : "secret";
      const real = daemon(lab, line, ["auth 1", `1 ${method} ${key}`]);
      const ours = member(lab, 1, "b");
      const auth = method === "crc" ? `{ method = "crc" }` : `{ method = "${method}", key = "${key}" }`;
      await ours.write(cluster([link], auth) + ROUTER);
      await Promise.all([real.start(), ours.start()]);
      await ours.sees("a", "active");
      let at = await real.says("Status update for node b: status active", PATIENCE_MS);
      const { health, heartbeat } = await ours.status();
      expect(health).toBe("ok");
      expect(heartbeat.links).toMatchObject([{ type: medium, peer: "a", state: "up" }]);
      // It asked how the daemon's routers are, and told of its own.
      await ours.says(["vrrp.state", "name=lan", "to=master"]);
      ours.signal("SIGKILL");
      at = await real.says("node b: is dead", PATIENCE_MS, at);
      await ours.start();
      at = await real.says("Heartbeat restart on node b", PATIENCE_MS, at);
      await real.says("Status update for node b: status active", PATIENCE_MS, at);
      await real.stop(PATIENCE_MS);
      await ours.sees("a", "leaving");
      await ours.sees("a", "dead");
      expect(real.log.filter((text) => /haagent|lan/.test(text))).toEqual([]);
    });
  }
});
