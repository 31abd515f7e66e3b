/** How long each service file of conf/ gives a stop: all the same, and enough for the hooks that a configuration has by default. */
import { expect, test } from "bun:test";
import { conf } from "./promises.ts";

/** Where each file says its seconds. */
const SECONDS: readonly (readonly [string, RegExp])[] = [
  ["haagent.service", /^TimeoutStopSec=(\d+)s$/m],
  ["haagent.procd", /^\tprocd_set_param term_timeout (\d+)$/m],
  ["haagent.openrc", /^retry="SIGTERM\/(\d+)\/SIGKILL\/\d+"$/m],
  ["haagent.sysv", /^PATIENCE=(\d+)$/m],
  ["runit/run", /`sv -w (\d+) force-stop haagent`/],
];

test.each(SECONDS)("conf/%s gives a stop the time that the README says", async (file, pattern) => {
  const readme = await Bun.file(new URL("../../README.md", import.meta.url)).text();
  const promised = /They give it (\d+)\s+seconds to stop/.exec(readme)?.[1];
  expect(pattern.exec(await conf(file))?.[1]).toBe(`${promised}`);
});

test("that is two seconds more than hooks.timeout takes by default", async () => {
  const manual = await Bun.file(new URL("../../docs/configuration.md", import.meta.url)).text();
  const hooks = Number(
    /`timeout` \(duration [^)]*default `"(\d+)s"`\): How long all commands of a hook/.exec(manual)?.[1],
  );
  const given = Number(SECONDS[0]?.[1].exec(await conf("haagent.service"))?.[1]);
  // The agent itself takes the timeout and a second at the longest.
  expect(given).toBeGreaterThanOrEqual(hooks + 2);
});
