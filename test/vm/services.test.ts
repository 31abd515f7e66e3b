/** Virtual services through the compiled file, on a kernel that has IPVS: traffic by every way, failures, repairs. */
import { afterAll, afterEach, beforeAll, describe, expect, test } from "bun:test";
import type { Agent } from "../features/agent.ts";
import { until } from "../lab/process.ts";
import { Scene, servicesOf, VIP, weights } from "./director.ts";

let scene: Scene;
const agents: Agent[] = [];

beforeAll(async () => {
  scene = await Scene.create();
});
afterAll(() => scene.close());
afterEach(async () => {
  await Promise.all(agents.splice(0).map((agent) => agent.close()));
  await scene.director().namespace.run(["ipvsadm", "-C"]);
});

async function started(text: string, at = 0): Promise<Agent> {
  const agent = await scene.agent(text, at);
  agents.push(agent);
  await agent.start();
  return agent;
}

const server = (at: number): string => `10.77.1.${at + 3}`;

const web = (more = "", check = 'type = "tcp"'): string => `
[virtual_server.web]
address = "${VIP}:80"
scheduler = "rr"
real_servers = [${[0, 1, 2].map((at) => `"${server(at)}:80"`).join(", ")}]
${more}
[virtual_server.web.check]
interval = "300ms"
timeout = "300ms"
${check}
`;

describe("a virtual service", () => {
  test("reaches its servers by dr, and only those whose check has passed", async () => {
    await scene.vip(true);
    await scene.backend(2).end();
    const agent = await started(web());
    await scene.settles(agent, "two of three serve", (service) => weights(service).join() === "1,1,0");
    expect(await scene.table()).toEqual([
      `-A -t ${VIP}:80 -s rr`,
      `-a -t ${VIP}:80 -r ${server(0)}:80 -g -w 1`,
      `-a -t ${VIP}:80 -r ${server(1)}:80 -g -w 1`,
      `-a -t ${VIP}:80 -r ${server(2)}:80 -g -w 0`,
    ]);
    expect(new Set(await scene.caller.gets(6))).toEqual(new Set(["s1", "s2"]));
    await scene.backend(2).start();
    await scene.settles(agent, "all serve", (service) => weights(service).join() === "1,1,1");
    expect(await agent.stop()).toBe(0);
    expect(await scene.table()).toEqual([]);
    await until("the address is gone", 1000, () => servicesOf !== undefined);
    await scene.vip(false);
  });
});
