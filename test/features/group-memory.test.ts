/** Groups that a killed agent leaves running, through the compiled binary: the next one knows them whatever its configuration, and so does a release. */
import { existsSync, rmSync, writeFileSync } from "node:fs";
import { describe, expect, test } from "bun:test";
import { until } from "../lab/process.ts";
import { wires } from "./cluster-scene.ts";
import { Solo } from "./resource-solo.ts";

const PATIENCE_MS = 60_000;
const LONG_MS = 240_000;
const QUICK = 'resource_scripts = { stop_tries = 2, pause = "100ms" }';

/** A service that runs where its file says so, and does not stop while `stuck` is there. */
const APP = `case $2 in
start) touch $D/on-$1; echo "start $1" >> $D/ran ;;
stop) test -e $D/stuck && exit 1; test -e $D/on-$1 && echo "stop $1" >> $D/ran; rm -f $D/on-$1 ;;
status) test -e $D/on-$1 && echo running || echo stopped ;;
esac`;

async function scene(): Promise<{ solo: Solo; close: () => Promise<void> }> {
  const lab = await wires();
  const solo = new Solo(lab);
  solo.script("resource.d/app", APP);
  await solo.groups(["a app::one app::two"], QUICK);
  await solo.start();
  await until("it runs", PATIENCE_MS, () => runs(solo, "two"));
  return { solo, close: () => lab[Symbol.asyncDispose]() };
}

const runs = (solo: Solo, name: string): boolean => existsSync(solo.at(`on-${name}`));

describe("a group whose agent is killed", () => {
  test.concurrent(
    "is stopped by the next one where the configuration has another, before that starts",
    async () => {
      const { solo, close } = await scene();
      try {
        await solo.kill();
        await solo.groups(["a app::other"], QUICK);
        await solo.start();
        await until("the other one runs", PATIENCE_MS, () => solo.lines("ran").includes("start other"));
        expect(solo.lines("ran")).toEqual(["start one", "start two", "stop two", "stop one", "start other"]);
      } finally {
        await close();
      }
    },
    LONG_MS,
  );

  test.concurrent(
    "after a reload took it away and it did not stop, is known to the next one, which stops it as soon as it can",
    async () => {
      const { solo, close } = await scene();
      try {
        writeFileSync(solo.at("stuck"), "");
        await solo.groups(["a app::other"], QUICK);
        expect((await solo.command("reload")).code).toBe(0);
        await solo.says(["resource.state", "group=app::one", "state=stuck"]);
        await solo.kill();
        const from = solo.log.length;
        await solo.start();
        await solo.says(["resource.state", "group=app::one", "state=stuck"], from);
        expect((await solo.status()).health).toBe("fault");
        await solo.kill();
        rmSync(solo.at("stuck"));
        await solo.start();
        await until("what was left is stopped", PATIENCE_MS, () => !runs(solo, "one") && !runs(solo, "two"));
        await solo.says(["resource.state", "group=app::other", "state=started"], solo.log.length);
      } finally {
        await close();
      }
    },
    LONG_MS,
  );

  test.concurrent(
    "is stopped by haagent release, which says what does not stop, and is not known any more then",
    async () => {
      const { solo, close } = await scene();
      try {
        expect((await solo.command("release")).code).toBe(5);
        await solo.kill();
        writeFileSync(solo.at("stuck"), "");
        const stuck = await solo.command("release");
        expect(stuck).toMatchObject({ code: 5 });
        expect(stuck.stderr).toContain("group app::one: app::two does not stop:");
        expect([runs(solo, "one"), runs(solo, "two")]).toEqual([true, true]);
        await solo.write('[vrrp.V]\ninterface = "eth0"\nvrid = 7\naddresses = ["10.98.7.7/32"]\n');
        await solo.start();
        expect(solo.log.join()).toContain("there is no [heartbeat]: app::one; cure:");
        await solo.kill();
        rmSync(solo.at("stuck"));
        expect(await solo.command("release")).toMatchObject({ code: 0, stdout: "stopped group app::one\n" });
        expect([runs(solo, "one"), runs(solo, "two")]).toEqual([false, false]);
        expect(await solo.command("release")).toMatchObject({ code: 0, stdout: "" });
      } finally {
        await close();
      }
    },
    LONG_MS,
  );
});
