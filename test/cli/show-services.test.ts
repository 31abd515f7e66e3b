/** Virtual services as people see them. */
import { expect, test } from "bun:test";
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
