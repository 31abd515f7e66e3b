/** Checks that this host has no descriptors for: what they meant before they go on meaning. */
import { describe, expect, test } from "bun:test";
import type { Box } from "./box.ts";
import { master } from "./scenes.ts";
import { SERVERS, started, states, tell, web } from "./service-scene.ts";
import { router, table } from "./text.ts";

const EMFILE = "EMFILE: no socket";
const unprobed = (box: Box, check: string, detail = EMFILE): unknown =>
  box.event({ kind: "probe", check, healthy: false, detail, unprobed: true });
const warnings = (box: Box): unknown[] =>
  box
    .logs("agent.warning")
    .filter(({ fields }) => fields["what"] === "checks")
    .map(({ fields }) => fields["detail"]);
/** The probes started. */
const probes = (box: Box): number => box.actions.filter(({ kind }) => kind === "probe").length;

describe("a check without a descriptor", () => {
  test("takes no server out of service, and none in; the agent is degraded until it is probed", () => {
    const { box, kernel } = started();
    tell(box, kernel, true, false);
    const [good = "", failed = ""] = SERVERS.map((name) => `web ${name}`);
    const before = states(box, "server.state");
    for (let times = 0; times < 5; times++) for (const check of [good, failed]) unprobed(box, check);
    kernel.answer();
    expect(kernel.servers).toEqual(["10.0.0.2 80 w1", "10.0.0.3 80 w0"]);
    expect(states(box, "server.state")).toEqual(before);
    const why = `no descriptors left (${EMFILE}): what is not probed keeps the health it had; cure: a higher hard limit (LimitNOFILE= of the service, ulimit -Hn) and a restart`;
    expect(box.ask({ command: "status", name: null })).toMatchObject({
      exit: 3,
      body: {
        health: "degraded",
        probing_failure: `2 of 2 checks: ${why}`,
        services: [{ servers: [{ up: true, detail: `not probed: ${EMFILE}` }, { up: false }] }],
      },
    });
    tell(box, kernel, true, false);
    expect(box.ask({ command: "status", name: null })).toMatchObject({
      exit: 0,
      body: { health: "ok", probing_failure: null },
    });
    tell(box, kernel, false, true);
    expect(kernel.servers).toEqual(["10.0.0.2 80 w0", "10.0.0.3 80 w1"]);
  });

  test("gives no weight to a server that no check has passed", () => {
    const { lab, box, kernel } = started();
    for (const name of SERVERS) unprobed(box, `web ${name}`);
    lab.run(3000);
    kernel.answer();
    expect(kernel.servers).toEqual(["10.0.0.2 80 w0", "10.0.0.3 80 w0"]);
  });

  test("is said once a minute, with the cure for the host where that has none left", () => {
    const { lab, box } = started();
    for (let times = 0; times < 90; times++) {
      unprobed(box, `web ${SERVERS[0]}`, "ENFILE: no socket");
      lab.run(1000);
    }
    expect(warnings(box)).toHaveLength(2);
    expect(warnings(box)[0]).toContain("cure: a higher sysctl fs.file-max");
  });

  test("goes on counting where it was: failures in a row are those that were seen", () => {
    const { box, kernel } = started(web({}, { fall: 2 }));
    tell(box, kernel, true, true);
    tell(box, kernel, false);
    unprobed(box, `web ${SERVERS[0]}`);
    kernel.answer();
    expect(kernel.servers).toEqual(["10.0.0.2 80 w1", "10.0.0.3 80 w1"]);
    tell(box, kernel, false);
    expect(kernel.servers).toEqual(["10.0.0.2 80 w0", "10.0.0.3 80 w1"]);
  });

  test("keeps a router as it is, with the number of a file, and is tried again in its interval", () => {
    const file = table("check.web", { type: "file", file: "/f", content: "integer", interval: "10s" });
    const { lab, box } = master(router({ track_checks: ["web"] }) + file);
    box.event({ kind: "probe", check: "web", healthy: true, detail: "holds 20", value: 20 });
    const began = probes(box);
    lab.run(10_000);
    expect(probes(box)).toBe(began + 1);
    unprobed(box, "web", "EMFILE");
    expect(box.router()).toMatchObject({ state: "master", effective_priority: 120 });
    lab.run(10_000);
    expect(probes(box)).toBe(began + 2);
  });
});
