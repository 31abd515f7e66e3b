/** Two haagents whose files have other groups, through the compiled binary. */
import { expect, test } from "bun:test";
import { HARESOURCES, owners } from "./resource-scene.ts";

const LONG_MS = 200_000;
const REPORT = "resource.agreement";

test.concurrent(
  "two nodes with other lines of resources say so once and are degraded until a reload makes them the same",
  async () => {
    await using pair = await owners();
    const { a, b } = pair;
    await b.configure({ resources: ["a probe::one", "b probe::two"], failback: false });
    await Promise.all([a.start(), b.start()]);
    await a.says([REPORT, "node=b", "state=differs", "other resources on b: probe::one", "auto_failback"]);
    await b.says([REPORT, "node=a", "state=differs", "other resources on a: probe::one", "auto_failback"]);
    await pair.settles("a b");
    const { code, stdout } = await a.command("status");
    expect([code, stdout]).toEqual([3, expect.stringMatching(/groups +b +differ +other resources on b/)]);
    await b.configure({ resources: HARESOURCES });
    expect(await b.command("reload")).toMatchObject({ code: 0 });
    await a.says([REPORT, "node=b", "state=same"]);
    await b.says([REPORT, "node=a", "state=same"]);
    await pair.settles("a b");
    expect(await a.command("status")).toMatchObject({ code: 0 });
    for (const { log } of [a, b]) expect(log.filter((line) => line.includes(REPORT))).toHaveLength(2);
  },
  LONG_MS,
);
