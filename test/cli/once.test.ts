/** `haagent check --once`: the probes of a service, now. */
import { afterAll, describe, expect, test } from "bun:test";
import { BINARY } from "./binary.ts";
import { scratch } from "./scratch.ts";

const { file } = scratch();

const good = Bun.serve({ port: 0, hostname: "127.0.0.1", fetch: () => new Response("Test Page") });
const ill = Bun.serve({
  port: 0,
  hostname: "127.0.0.1",
  fetch: () => new Response("", { status: 503 }),
});
afterAll(() => Promise.all([good.stop(true), ill.stop(true)]));

const config = file(
  "once.toml",
  `[virtual_server.web]
address = "192.0.2.80:80"
forward = "nat"
real_servers = ["127.0.0.1:${good.port}", "127.0.0.1:${ill.port}"]
check = { type = "http", expect_body = "Test Page" }
`,
);

/** Not by spawnSync: the servers are in this process. */
async function once(...argv: readonly string[]): Promise<{ code: number; stdout: string; stderr: string }> {
  const child = Bun.spawn([BINARY, "check", "--once", ...argv, "--config", config], {
    stdout: "pipe",
    stderr: "pipe",
  });
  const [stdout, stderr] = await Promise.all([
    new Response(child.stdout).text(),
    new Response(child.stderr).text(),
  ]);
  return { code: await child.exited, stdout, stderr };
}

describe("check --once", () => {
  test("probes every server of a service and shows what was said", async () => {
    const { code, stdout } = await once("web");
    expect(code).toBe(3);
    expect(stdout).toMatch(new RegExp(`^web 127\\.0\\.0\\.1:${good.port}: good, .*HTTP 200`, "m"));
    expect(stdout).toMatch(new RegExp(`^web 127\\.0\\.0\\.1:${ill.port}: FAILED, HTTP 503`, "m"));
    expect(stdout).toMatch(/^ {2}[\d.]+ms sent "GET \/ HTTP\/1\.1/m);
    expect(stdout).toMatch(/^ {2}[\d.]+ms got "HTTP\/1\.1 503 /m);
  });

  test("probes one server by its address", async () => {
    const { code, stdout } = await once("web", `127.0.0.1:${good.port}`);
    expect(code).toBe(0);
    expect(stdout).not.toContain(String(ill.port));
  });

  test("names what it does not know", async () => {
    expect(await once("wep")).toMatchObject({
      code: 1,
      stderr: 'haagent: no virtual server and no check is called "wep"; did you mean "web"?\n',
    });
    expect(await once("web", "192.0.2.1")).toMatchObject({ code: 1 });
  });
});
