/** What the doctor sees of a director, on a kernel that has IPVS. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import type { Finding } from "../features/patient.ts";
import { HAAGENT } from "../lab/haagent.ts";
import { Namespace } from "../lab/namespace.ts";
import { ran, run } from "../lab/process.ts";
import { checksum } from "../lab/raw.ts";
import { makeScratch, removeScratch } from "../lab/scratch.ts";

let box: Namespace;
let directory: string;

beforeAll(async () => {
  box = await Namespace.create();
  directory = makeScratch();
  await box.ip("link add lan type dummy", "addr add 10.9.0.1/24 dev lan", "link set lan up");
  await run(["modprobe", "-a", "ip_vs", "ipip"]);
});
afterAll(async () => {
  await box.close();
  removeScratch(directory);
});

/** What it finds about a part of haagent. */
async function examined(tables: string, of: string): Promise<readonly Finding[]> {
  const path = `${directory}/haagent.toml`;
  await Bun.write(
    path,
    `[agent]\nruntime_dir = "${directory}/run"\nstate_dir = "${directory}/state"\n${tables}\n`,
  );
  const { stdout, stderr } = await ran(box.enter([HAAGENT, "doctor", "--json", "--config", path]));
  if (stdout === "") throw new Error(stderr);
  const { findings } = JSON.parse(stdout) as { findings: readonly Finding[] };
  return findings.filter(({ part }) => part === of);
}

/** Heads of what it finds about the director. */
async function found(lines: string): Promise<string[]> {
  const told = await examined(`[virtual_server.web]\naddress = "10.9.0.80:80"\n${lines}`, "director");
  return told.map(({ severity, id }) => `${severity} ${id}`);
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

test("a tunnel that takes less than what clients send is found", async () => {
  const tun = `forward = "tun"\n${NEAR}`;
  expect(await found(tun)).toEqual(["note ipvs_mtu"]);
  // A wider way to the server, of a longer prefix.
  await box.ip("link add wide mtu 1520 type dummy", "link set wide up", "route add 10.9.0.2 dev wide");
  expect(await found(tun)).toEqual([]);
  await box.ip("link del wide");
});

/** A packet of IPv4 without anything in it, from 10.9.1.2 to 10.9.1.1. */
function packet(tos: number, protocol: number, payload: Uint8Array): Uint8Array {
  const length = 20 + payload.length;
  const header = Uint8Array.of(
    0x45,
    tos,
    0,
    length,
    0,
    0,
    0,
    0,
    64,
    protocol,
    0,
    0,
    10,
    9,
    1,
    2,
    10,
    9,
    1,
    1,
  );
  const sum = checksum(header);
  header.set([sum >> 8, sum & 0xff], 10);
  return Uint8Array.of(...header, ...payload);
}

test("a tunnel's end that is down is found, and what it could not receive", async () => {
  const section = '[realserver]\naddresses = ["10.9.1.80"]';
  const tunnel = async (): Promise<string[]> =>
    (await examined(section, "realserver"))
      .filter(({ id }) => id === "realserver_tunnel")
      .map(({ severity, text }) => `${severity}: ${text}`);
  await box.ip(
    "link add va address 02:00:00:00:09:02 type veth peer name vb address 02:00:00:00:09:01",
    "addr add 10.9.1.1/24 dev vb",
    "link set va up",
    "link set vb up",
  );
  await box.run(["sysctl", "-qw", "net.ipv4.conf.all.rp_filter=0", "net.ipv4.conf.tunl0.rp_filter=0"]);
  expect(await tunnel()).toEqual([expect.stringContaining("note: tunl0 is down")]);
  await box.ip("link set tunl0 up");
  expect(await tunnel()).toEqual([]);
  // Who marks a packet as having met congestion that could not be marked has broken it (RFC 6040 4.2).
  const outer = packet(3, 4, packet(0, 17, new Uint8Array(8)));
  const frame = `020000000901020000000902${"0800"}${outer.toHex()}`;
  const injector = new URL("../features/injector.ts", import.meta.url).pathname;
  await box.run([process.execPath, injector, "va", "3", frame]);
  expect(await tunnel()).toEqual([expect.stringContaining("note: tunl0 has received 3 packets with errors")]);
});
