/** What the doctor sees of a director, on a kernel that has IPVS. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { HAAGENT } from "../lab/haagent.ts";
import { Namespace } from "../lab/namespace.ts";
import { ran, run } from "../lab/process.ts";
import { makeScratch, removeScratch } from "../lab/scratch.ts";

let box: Namespace;
let directory: string;

beforeAll(async () => {
  box = await Namespace.create();
  directory = makeScratch();
  await box.ip("link add lan type dummy", "addr add 10.9.0.1/24 dev lan", "link set lan up");
  await run(["modprobe", "ip_vs"]);
});
afterAll(async () => {
  await box.close();
  removeScratch(directory);
});

/** Heads of what it finds about the director. */
async function found(lines: string): Promise<string[]> {
  const path = `${directory}/haagent.toml`;
  const agent = `[agent]\nruntime_dir = "${directory}/run"\nstate_dir = "${directory}/state"\n`;
  await Bun.write(path, `${agent}[virtual_server.web]\naddress = "10.9.0.80:80"\n${lines}\n`);
  const { stdout, stderr } = await ran(box.enter([HAAGENT, "doctor", "--json", "--config", path]));
  if (stdout === "") throw new Error(stderr);
  const { findings } = JSON.parse(stdout) as { findings: { part: string; severity: string; id: string }[] };
  return findings.filter(({ part }) => part === "director").map(({ severity, id }) => `${severity} ${id}`);
}

const NEAR = 'real_servers = [{ address = "10.9.0.2:80" }]';

test("a director with all modules and its servers on the link has no findings", async () => {
  expect(await found(`scheduler = "mh"\n${NEAR}`)).toEqual([]);
});

test("services that nobody looks after, and those of others, are found in the kernel", async () => {
  await box.run(["ipvsadm", "-A", "-t", "10.9.0.80:80", "-s", "rr"]);
  await box.run(["ipvsadm", "-A", "-f", "9", "-s", "rr"]);
  expect(await found(NEAR)).toEqual(["degraded ipvs_left", "note ipvs_foreign"]);
  await box.run(["ipvsadm", "-C"]);
  await box.run(["sysctl", "-qw", "net.ipv4.vs.conn_reuse_mode=0"]);
  expect(await found(NEAR)).toEqual(["degraded ipvs_reuse"]);
  await box.run(["sysctl", "-qw", "net.ipv4.vs.conn_reuse_mode=1"]);
});

test("a server that is elsewhere, forwarding that is off, and connections that hang are found", async () => {
  expect(await found('real_servers = [{ address = "10.10.0.2:80" }]')).toEqual(["fault ipvs_route"]);
  await box.run(["sysctl", "-qw", "net.ipv4.ip_forward=0", "net.ipv4.vs.expire_nodest_conn=0"]);
  expect(await found(`forward = "nat"\n${NEAR}`)).toEqual(["fault ipvs_forward"]);
  expect(await found(`quiescent = false\n${NEAR}`)).toEqual(["degraded ipvs_expire"]);
  await box.run(["sysctl", "-qw", "net.ipv4.vs.expire_nodest_conn=1"]);
  expect(await found(`quiescent = false\n${NEAR}`)).toEqual([]);
});
