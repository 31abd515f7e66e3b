/** The doctor itself, and what it says of the host as a whole. */
import { afterAll, afterEach, beforeAll, describe, expect, test } from "bun:test";
import { writeFileSync } from "node:fs";
import { heads, Patient, router } from "./patient.ts";

let patient: Patient;

beforeAll(async () => {
  patient = await Patient.create();
});
afterAll(() => patient.site.close());
afterEach(() => patient.restore());

describe("the doctor", () => {
  test("finds nothing wrong with a good host, and leaves 0", async () => {
    const visited = await patient.visit();
    expect(visited.findings).toEqual([]);
  });

  test("speaks to people in blocks, each with its cure, and leaves 3", async () => {
    await patient.set("eth1.rp_filter=1");
    const { code, stdout, stderr } = await patient.agent.command("doctor");
    await patient.set("eth1.rp_filter=0");
    expect(stderr).toBe("");
    expect(stdout).toStartWith(`ha1: degraded   ${patient.agent.path}, listened for 1s\n\n`);
    expect(stdout).toContain("\n\nDEGRADED rp_filter: eth1\n  rp_filter is strict on eth1: ");
    expect(stdout).toContain("\n  cure: sysctl -w net.ipv4.conf.eth1.rp_filter=2 ");
    for (const line of stdout.split("\n").slice(1)) expect(line.length).toBeLessThanOrEqual(80);
    expect(code).toBe(3);
  });

  test("says what is wrong with a configuration, and looks no further", async () => {
    await patient.agent.write(`${router()}priorty = 5\n`);
    const { code, stdout, stderr } = await patient.agent.command("doctor");
    expect(stdout).toBe("");
    expect(stderr).toContain("unknown key priorty in [vrrp.lan]");
    expect(code).toBe(1);
  });

  test("misses capabilities, and says that it could not listen", async () => {
    const drop = ["setpriv", "--bounding-set=-net_raw", "--inh-caps=-net_raw", "--"];
    const visited = await patient.visit(drop);
    expect(heads(visited)).toContain("fault capability CAP_NET_RAW");
    expect(heads(visited)).toContain("note deaf eth1");
    expect(visited.exit).toBe(3);
  });

  test("sees a poor clock", async () => {
    const clock = patient.scripts.path("clock");
    writeFileSync(clock, "jiffies\n");
    const place = "/sys/devices/system/clocksource/clocksource0/current_clocksource";
    const through = await patient.scripts.write("clock.sh", `mount --bind ${clock} ${place} && exec "$@"`);
    const { findings } = await patient.examined(["unshare", "--mount", through]);
    expect(findings.find(({ id }) => id === "clocksource")).toMatchObject({
      severity: "degraded",
      subject: "jiffies",
    });
  });

  test("sees that services cannot bind to an address that is elsewhere", async () => {
    const look = async (value: number): Promise<string[]> => {
      await patient.box.namespace.run(["sysctl", "-qw", `net.ipv4.ip_nonlocal_bind=${value}`]);
      return heads(await patient.examined()).filter((head) => head.includes("ip_nonlocal_bind"));
    };
    expect(await look(0)).toEqual(["note ip_nonlocal_bind IPv4"]);
    expect(await look(1)).toEqual([]);
  });
});
