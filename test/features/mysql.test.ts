/** Logins by caching_sha2_password without TLS, through the compiled file, at a server that decrypts and compares. */
import { expect, test } from "bun:test";
import { check, started, tracking, verdict } from "./probing.ts";
import { Site } from "./site.ts";

const SERVER = new URL("mysql.ts", import.meta.url).pathname;
const PASSWORD = "open-sesame";
const KEY = "get_server_public_key = true";

const probe = (name: string, ...lines: readonly string[]): string =>
  check(name, 'type = "mysql"', 'target = "10.77.1.2"', 'timeout = "20s"', ...lines);
const user = (name: string, password = PASSWORD): string => `username = "${name}"\npassword = "${password}"`;

test("a password goes to a MySQL server encrypted, once, and not at all where that is not allowed", async () => {
  const site = await Site.create(2);
  try {
    const server = site.box(1).namespace.spawn([process.execPath, SERVER, site.box(1).address4, PASSWORD]);
    site.atClose(() => server.end("SIGKILL"));
    await server.says("ready", 10_000);
    const agent = await started(
      site,
      site.box(0),
      tracking(
        254,
        [
          ...[probe("keyed", user("probe"), KEY), probe("wrong", user("wrong", "xyzzy"), KEY)],
          ...[probe("keyless", user("keyless")), probe("stranger")],
        ].join("\n"),
      ),
    );
    expect(await verdict(agent, "keyed", true)).toBe("9.9.9-test lets probe in");
    expect(await verdict(agent, "stranger", true)).toBe("9.9.9-test greets");
    expect(await verdict(agent, "wrong", false)).toContain("error 1045");
    expect(await verdict(agent, "keyless", false)).toContain("wants the password itself, once");
    // Three of four are refused at each of their probes, and none of them leaves in the middle, which would shut us out.
    await server.says("refused 30", 60_000);
    expect(server.lines.filter((line) => line.includes("opened"))).toEqual(["opened the password of probe"]);
    expect(server.lines).not.toContain("broken off");
    expect(agent.events("track.changed")).toHaveLength(4);
    const { stdout } = await agent.command("status", "--json");
    expect(stdout).toContain("sent password");
    expect(stdout).not.toMatch(/open-sesame|xyzzy/);
    expect(await agent.stop()).toBe(0);
  } finally {
    await site.close();
  }
}, 60_000);
