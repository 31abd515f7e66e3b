/** What the doctor says of addresses that somebody else has a claim to. */
import { afterAll, afterEach, beforeAll, describe, expect, test } from "bun:test";
import { writeFileSync } from "node:fs";
import type { Child } from "../lab/process.ts";
import { heads, only, Patient, router, VIP } from "./patient.ts";

/** The users of an /etc that has nothing else. */
const USERS = "printf 'root:x:0:0::/:\\nnobody:x:65534:65534::/:\\n' > /etc/passwd";

let patient: Patient;

beforeAll(async () => {
  patient = await Patient.create();
});
afterAll(() => patient.site.close());
afterEach(() => patient.restore());

describe("an address", () => {
  const there = (): Promise<void> => patient.box.namespace.ip(`addr add ${VIP}/24 dev eth1`);
  const gone = (): Promise<void> => patient.box.namespace.ip(`addr del ${VIP}/24 dev eth1`);

  test("that is there already is a fault, unless it may be, or is the agent's own", async () => {
    expect(only(await patient.amid(there, gone))).toMatchObject({
      id: "address_static",
      severity: "fault",
      subject: VIP,
    });
    await patient.agent.write(router('on_found = "adopt"'));
    expect((await patient.amid(there, gone)).findings).toEqual([]);
    await patient.agent.write(router());
    await patient.agent.start();
    await patient.agent.is("lan", "master");
    expect((await patient.visit()).findings).toEqual([]);
    await patient.agent.reload(router("virtual_mac = true"));
    await patient.agent.is("lan", "master");
    expect((await patient.visit()).findings).toEqual([]);
  });

  test("that a killed agent left is to be released", async () => {
    await patient.agent.write({ agent: 'address_lifetime = "forever"', text: router() });
    await patient.agent.start();
    await patient.agent.is("lan", "master");
    await patient.agent.kill();
    expect(only(await patient.visit())).toMatchObject({
      id: "address_left",
      severity: "fault",
      cure: "haagent release, or start the agent",
    });
    await patient.agent.command("release");
    expect((await patient.visit()).findings).toEqual([]);
  });

  const files: readonly (readonly [string, string, string])[] = [
    ["keepalived", "/etc/keepalived/keepalived.conf", `virtual_ipaddress {\n  ${VIP}/24 dev eth1\n}\n`],
    [
      "NetworkManager",
      "/etc/NetworkManager/system-connections/lan.nmconnection",
      `[ipv4]\naddress1=${VIP}/24\n`,
    ],
    ["systemd-networkd", "/etc/systemd/network/lan.network", `[Network]\nAddress=${VIP}/24\n`],
    ["ifupdown", "/etc/network/interfaces", `iface eth1 inet static\n  address ${VIP}\n`],
    ["netifd", "/etc/config/network", `config interface lan\n\toption ipaddr '${VIP}'\n`],
    [
      "netplan",
      "/etc/netplan/01-lan.yaml",
      `network:\n  ethernets:\n    eth1:\n      addresses: [${VIP}/24]\n`,
    ],
    ["dhcpcd", "/etc/dhcpcd.conf", `interface eth1\nstatic ip_address=${VIP}/24\n`],
    ["heartbeat", "/etc/ha.d/haresources", `ha1 IPaddr::${VIP}/24/eth1 mysqld\n`],
    ["keepalived", "/etc/config/keepalived", `config ipaddress\n\toption address '${VIP}/24'\n`],
  ];
  test("that other daemons are told to hold is told of, each by name, unless it is a comment", async () => {
    const lines = files.map(
      ([, path], at) => `mkdir -p ${path.slice(0, path.lastIndexOf("/"))} && cp $D/theirs${at} ${path}`,
    );
    const place = await patient.scripts.write(
      "theirs.sh",
      `${["mount -t tmpfs none /etc", ...lines, USERS].join(" && ")} && exec "$@"`,
    );
    const through = ["unshare", "--mount", place];
    const write = (change: (text: string) => string): void => {
      for (const [at, [, , text]] of files.entries()) {
        writeFileSync(patient.scripts.path(`theirs${at}`), change(text));
      }
    };
    write((text) => text);
    const { findings } = await patient.visit(through);
    const told = findings.map(({ severity, id, subject, text }) =>
      [severity, id, subject, text.slice(0, text.indexOf(" "))].join(" "),
    );
    expect(told.toSorted()).toEqual(
      files.map(([daemon, path]) => `degraded address_claimed ${daemon} ${path}`).toSorted(),
    );
    write((text) => text.replaceAll(VIP, "10.77.1.5").concat(`# ${VIP}\n`));
    expect((await patient.visit(through)).findings).toEqual([]);
  });

  test("that a file names which another one includes, and that another, is told of with its own path", async () => {
    const conf = patient.scripts.path("outer.conf");
    writeFileSync(conf, `include ${patient.scripts.path("middle*.conf")}\ninclude nothing.conf\n`);
    writeFileSync(patient.scripts.path("middle-1.conf"), "includer vips.inc\ninclude outer.conf\n");
    writeFileSync(patient.scripts.path("vips.inc"), `virtual_ipaddress {\n  ${VIP}/24\n}\n`);
    const place = await patient.scripts.write(
      "outer.sh",
      `mount -t tmpfs none /etc && mkdir /etc/keepalived && cp ${conf} /etc/keepalived/keepalived.conf && ${USERS} && exec "$@"`,
    );
    const claimed = only(await patient.visit(["unshare", "--mount", place]));
    expect(claimed).toMatchObject({ id: "address_claimed", severity: "degraded", subject: "keepalived" });
    expect(claimed.text).toContain("vips.inc");
  });

  test("that a keepalived which runs here holds is a fault", async () => {
    const conf = patient.scripts.path("running.conf");
    const instance = `interface eth1\nvirtual_router_id 77\nvirtual_ipaddress {\n${VIP}/24\n}\n`;
    writeFileSync(conf, `vrrp_instance A {\n${instance}}\n`, { mode: 0o600 });
    const pids = ["-p", "-r"].map((flag) => [flag, patient.scripts.path(`pid${flag}`)]).flat();
    const child: Child = patient.box.namespace.spawn(["keepalived", "-n", "-l", "-P", "-f", conf, ...pids]);
    try {
      await child.says("Entering BACKUP STATE", 10_000);
      expect(heads(await patient.visit())).toContain("fault address_claimed keepalived");
    } finally {
      await child.end("SIGTERM", 8000);
    }
  });
});
