/** Commands that are run when a link, a node or a group of a cluster is another than before, through the compiled binary. */
import { afterEach, beforeEach, expect, test } from "bun:test";
import type { Lab } from "../lab/lab.ts";
import { until } from "../lab/process.ts";
import { member, PATIENCE_MS, secondWire, wires } from "./cluster-scene.ts";
import { Scripts } from "./scripts.ts";

let lab: Lab;
let scripts: Scripts;

beforeEach(async () => {
  lab = await wires();
  await secondWire(lab);
  scripts = await Scripts.create();
});
afterEach(async () => {
  await lab.close();
  await scripts.close();
});

const called = (wanted: string | RegExp): Promise<number> =>
  until(
    () => `a call ${wanted}; there were: ${scripts.lines("calls").join(" | ")}`,
    PATIENCE_MS,
    () =>
      scripts
        .lines("calls")
        .some((line) => (typeof wanted === "string" ? line === wanted : wanted.test(line))),
  );

test("link, node and group are told with their states, reasons and what they were before", async () => {
  const tell = await scripts.write(
    "tell.sh",
    'echo "$* ($HAAGENT_PREVIOUS${HAAGENT_REASON:+; }$HAAGENT_REASON${HAAGENT_NODE:+; }$HAAGENT_NODE)" >> $D/calls',
  );
  const config = (notify: string): string => `
[heartbeat]
nodes = ["a", "b"]
keepalive = "200ms"
deadtime = "3s"
initdead = "4s"
auth = { method = "sha1", key = "secret" }
links = [{ type = "broadcast", interface = "eth0" }, { type = "broadcast", interface = "eth1" }]
resources = ["a 10.77.0.200/24/eth0"]
${notify}
`;
  const lists = ["link", "node", "group"].map((what) => `${what} = ["${tell}", "me"]`).join(", ");
  const a = member(lab, 0, "a");
  const b = member(lab, 1, "b");
  await a.write(config(`notify = { ${lists} }`));
  await b.write(config(""));
  await Promise.all([a.start(), b.start()]);
  await called("me LINK eth1 UP (; b)");
  // It may be active by the time that it is heard first.
  await called(/^me NODE b ACTIVE \((UP|INIT)\)$/);
  await called("me GROUP 10.77.0.200/24/eth0 STARTED (STARTING; the agent starts)");
  await lab.node(1).namespace.ip("link set eth1 down");
  await called("me LINK eth1 DEAD (; b)");
  expect(scripts.lines("calls").filter((line) => line.includes("NODE b DEAD"))).toEqual([]);
  await b.kill();
  await called(/^me NODE b DEAD \(ACTIVE; not heard for \d+ ms on any link\)$/);
});
