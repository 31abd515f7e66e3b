/** Virtual services as people see them. */
import { describe, expect, test } from "bun:test";
import type { ServerReport, ServiceReport } from "../../src/cli/report.ts";
import { serviceLines } from "../../src/cli/show-services.ts";

const server = (address: string, more: Partial<ServerReport>): ServerReport => ({
  ...{ address, up: true, weight: 0, active: 0, inactive: 0, last_error: null },
  ...more,
});
const failed = (detail: string, ...transcript: readonly string[]) => ({ at: "", detail, transcript });

test("a service shows its servers, and of those that are not good why, as far as is known", () => {
  const service: ServiceReport = {
    ...{ name: "web", address: "192.0.2.80:80", protocol: "tcp", scheduler: "wlc", state: "down" },
    ...{ quorum: false, quorum_needed: 1, weight: 0 },
    servers: [
      server("192.0.2.1:80", { state: "up", weight: 2, last_error: "HTTP 503", active: 3, inactive: 1 }),
      server("192.0.2.2:80", {
        ...{ up: false, state: "down", last_error: "HTTP 503" },
        check_failure: failed("HTTP 503", '0.1ms got "HTTP/1.1 503 "'),
      }),
      server("192.0.2.3:80", {
        ...{ up: null, state: "undecided" },
        check_failure: failed("ECONNREFUSED", "0.2ms ECONNREFUSED"),
      }),
      server("192.0.2.4:80", { up: null, state: "undecided", check_failure: null }),
    ],
    fallback: {
      ...server("127.0.0.1:80", { up: false, state: "down", last_error: "timeout after 1s" }),
      check_failure: failed("timeout after 1s", "1000.0ms given up"),
      in_use: false,
    },
  };
  expect(serviceLines([service], [], 0)).toEqual([
    "web: DOWN (tcp 192.0.2.80:80 wlc; weight 0, quorum 1)",
    "  192.0.2.1:80  up, weight 2, connections 3+1",
    "  192.0.2.2:80  down, weight 0, connections 0+0; HTTP 503",
    '      0.1ms got "HTTP/1.1 503 "',
    "  192.0.2.3:80  undecided, weight 0, connections 0+0; so far ECONNREFUSED",
    "      0.2ms ECONNREFUSED",
    "  192.0.2.4:80  undecided, weight 0, connections 0+0",
    "  127.0.0.1:80  down, weight 0, connections 0+0; fallback; timeout after 1s",
    "      1000.0ms given up",
  ]);
});

const named = (name: string, more: Partial<ServiceReport> = {}): ServiceReport => ({
  ...{ name, address: "192.0.2.80:80", quorum: true, state: "up", servers: [server("192.0.2.1:80", {})] },
  ...more,
});
const told = (...services: readonly ServiceReport[]): string[] => serviceLines(services, [], 0);

test("a service shows who leaves it, and how long that one may stay", () => {
  const [since, until] = ["2026-01-01T00:00:00.000Z", "2026-01-01T00:01:00.000Z"];
  const leaver = { address: "192.0.2.22:80", weight: 0, active: 2, inactive: 1, since, until };
  const service = named("web", { leaving: [leaver] });
  const [, server, leaving] = serviceLines([service], [], Date.parse(since) + 20_000);
  expect(server).toStartWith("  192.0.2.1:80   ");
  expect(leaving).toBe(
    "  192.0.2.22:80  leaving for 20s, weight 0, connections 2+1; not configured, gone in 40s at the latest",
  );
});

describe("services", () => {
  test("that need somebody are named before all others", () => {
    const many = Array.from({ length: 12 }, (_, at) => named(`s${at}`, at > 1 ? { state: "down" } : {}));
    const [first, second] = told(...many, named("odd", { failure: "no scheduler" }));
    expect(first).toBe("! below their quorum: s2, s3, s4, s5, s6, s7, s8, s9, and 2 more");
    expect(second).toBe("! not in the kernel as they should be: odd");
    expect(told(named("a"), named("b"))[0]).toStartWith("a: UP");
    expect(told(named("a", { state: "down" }))[0]).toStartWith("a: DOWN");
  });

  test("with a server in common show once what its probe said", () => {
    const check_failure = failed("HTTP 503", "1.0ms connected", "2.0ms got 503");
    const shared = { servers: [server("192.0.2.1:80", { up: false, state: "down", check_failure })] };
    const lines = told(named("a", shared), named("b", shared));
    expect(lines.filter((line) => line.includes("got 503"))).toHaveLength(1);
    expect(lines.filter((line) => line.includes("the same probe as above"))).toHaveLength(1);
  });

  test("say that probes are late where that can be seen", () => {
    const late = (interval_ms: number, achieved_interval_ms: number): string =>
      told(named("a", { servers: [server("x", { interval_ms, achieved_interval_ms })] }))[1] ?? "";
    expect(late(300, 340)).not.toContain("probed");
    expect(late(300, 440)).toContain("probed every 0.4s instead of 0.3s");
  });
});
