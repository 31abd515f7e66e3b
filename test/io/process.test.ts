/** What the process asks of the scheduler, seen from outside it. */
import { describe, expect, test } from "bun:test";

const PROCESS = new URL("../../native/process.ts", import.meta.url).pathname;

/** chrt(1)'s words and the nice value of a process that asked for a slice, and of a child of it. */
async function scheduling(...prefix: readonly string[]): Promise<string[]> {
  const look = `for (const pid of [process.pid, 0]) {
      const child = Bun.spawnSync(["chrt", "-p", String(pid)]);
      console.log(child.stdout.toString().split("\\n")[0].replace(/^.*: /, ""));
    }
    console.log(Bun.spawnSync(["nice"]).stdout.toString().trim());`;
  const code = `const { setTimeSlice } = await import(${JSON.stringify(PROCESS)}); console.log(setTimeSlice(100_000)); ${look}`;
  const child = Bun.spawn([...prefix, process.execPath, "-e", code], { stdout: "pipe" });
  return (await new Response(child.stdout).text()).trim().split("\n");
}

describe("a time slice", () => {
  test("is asked for without another class or nice value, and not for children", async () => {
    expect(await scheduling("nice", "-n", "5")).toEqual([
      "0",
      "SCHED_OTHER|SCHED_RESET_ON_FORK",
      "SCHED_OTHER",
      "5",
    ]);
  });

  test("is not asked for in a class that the service manager chose", async () => {
    expect(await scheduling("chrt", "--batch", "0")).toEqual(["0", "SCHED_BATCH", "SCHED_BATCH", "0"]);
  });
});
