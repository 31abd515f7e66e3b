/** Commands run on a change of state. */
import { describe, expect, test } from "bun:test";
import type { Action } from "../../src/agent/boundary.ts";
import type { Box } from "./box.ts";
import { Lab } from "./harness.ts";
import { master } from "./scenes.ts";
import { hear } from "./sight.ts";
import { agent, router, VIP } from "./text.ts";

const notify = {
  master: ["/bin/up", "now"],
  backup: ["/bin/down"],
  fault: ["/bin/broken"],
  stop: ["/bin/over"],
  any: [["/bin/any", "-v"], ["/bin/mail"]],
};

const notified = (box: Box): Extract<Action, { kind: "notify" }>[] =>
  box.actions.filter((action) => action.kind === "notify");

/** The argv of every command, in order, as lines. */
const lines = (box: Box): string[] =>
  notified(box).flatMap(({ commands }) => commands.map((argv) => argv.join(" ")));

describe("notify", () => {
  test("runs the commands of the state, then those of any with keepalived's arguments, in order", () => {
    const { box } = master(router({ notify, priority: 120 }));
    expect(lines(box)).toEqual([
      "/bin/down",
      "/bin/any -v INSTANCE VI_1 BACKUP 120",
      "/bin/mail INSTANCE VI_1 BACKUP 120",
      "/bin/up now",
      "/bin/any -v INSTANCE VI_1 MASTER 120",
      "/bin/mail INSTANCE VI_1 MASTER 120",
    ]);
  });

  test("tells faults and the end", () => {
    const { lab, box } = master(router({ notify }));
    box.kernel.set("eth1", { carrier: false });
    lab.run(10);
    box.event({ kind: "signal", signal: "SIGTERM" });
    expect(lines(box).slice(6)).toEqual([
      "/bin/broken",
      "/bin/any -v INSTANCE VI_1 FAULT 100",
      "/bin/mail INSTANCE VI_1 FAULT 100",
      "/bin/over",
      "/bin/any -v INSTANCE VI_1 STOP 100",
      "/bin/mail INSTANCE VI_1 STOP 100",
    ]);
  });

  test("gives the effective priority", () => {
    const { lab, box } = master(router({ notify, track_interfaces: [{ name: "eth2", weight: 50 }] }));
    expect(lines(box).at(-1)).toBe("/bin/mail INSTANCE VI_1 MASTER 150");
    expect(lab.now).toBeGreaterThan(0);
  });

  test("gives what else there is to know in the environment, and nothing more", () => {
    const { box } = master(
      agent({ script_user: "ops" }) +
        router({ notify, addresses: [`${VIP}/24`, "192.0.2.2/32"], excluded_addresses: ["2001:db8::1/64"] }),
    );
    hear(box, { source: "192.0.2.99", priority: 200 });
    const last = notified(box).at(-1);
    expect(last?.environment).toEqual({
      HAAGENT_NAME: "VI_1",
      HAAGENT_STATE: "BACKUP",
      HAAGENT_PREVIOUS: "MASTER",
      HAAGENT_PRIORITY: "100",
      HAAGENT_INTERFACE: "eth1",
      HAAGENT_ADDRESSES: "192.0.2.1/24 192.0.2.2/32 2001:db8::1/64",
      HAAGENT_REASON: "192.0.2.99 has priority 200",
    });
    expect(last?.user).toBe("ops");
    expect(notified(box)[0]?.environment["HAAGENT_PREVIOUS"]).toBe("INIT");
  });

  test("comes after adverts and addresses, and holds nothing up", () => {
    const { box } = master(router({ notify }));
    const kinds = box.actions.map(({ kind }) => kind);
    expect(kinds.lastIndexOf("notify")).toBeGreaterThan(kinds.indexOf("addresses"));
    expect(box.state()).toBe("master");
  });

  test("runs nothing where nothing is configured", () => {
    const { box } = master(router({ notify: { fault: ["/bin/broken"] } }));
    expect(notified(box)).toEqual([]);
  });

  test("tells of each router of a group for itself, and of the group as a whole", () => {
    const text = (name: string, values = {}): string => router({ notify, sync_group: "g", ...values }, name);
    const { box } = master(text("VI_1") + text("VI_2", { vrid: 52, addresses: ["192.0.2.2/24"] }));
    const masters = notified(box).filter(({ environment }) => environment["HAAGENT_STATE"] === "MASTER");
    expect(masters.map(({ queue: name }) => name).sort()).toEqual(["VI_1", "VI_2", "sync_group g"]);
    expect(masters.find(({ queue: name }) => name === "sync_group g")?.environment).toEqual({
      HAAGENT_NAME: "g",
      HAAGENT_STATE: "MASTER",
      HAAGENT_PREVIOUS: "BACKUP",
      HAAGENT_PRIORITY: "0",
      HAAGENT_INTERFACE: "eth1",
      HAAGENT_ADDRESSES: "192.0.2.1/24 192.0.2.2/24",
      HAAGENT_REASON: "no master heard",
    });
  });

  test("tells a group's changes once, to each command of any, as keepalived does", () => {
    const second = { vrid: 52, addresses: ["192.0.2.2/24"], track_interfaces: ["eth2"] };
    const text = (...names: readonly string[]): string =>
      names
        .map((name) =>
          router(
            { notify: { any: ["/bin/any"] }, sync_group: "g", ...(name === "VI_2" ? second : {}) },
            name,
          ),
        )
        .join("");
    const { lab, box } = master(text("VI_1", "VI_2"));
    const groups = (): string[] => lines(box).filter((line) => line.includes(" GROUP "));
    box.kernel.set("eth2", { carrier: false });
    lab.run(10);
    box.kernel.set("eth2", { carrier: true });
    lab.run(5000);
    // One member leaves, and the group stays what it is; then the other.
    box.reload(text("VI_1"));
    lab.run(1000);
    box.reload(router({ vrid: 53 }, "VI_3"));
    expect(groups()).toEqual([
      "/bin/any GROUP g BACKUP 0",
      "/bin/any GROUP g MASTER 0",
      "/bin/any GROUP g FAULT 0",
      "/bin/any GROUP g BACKUP 0",
      "/bin/any GROUP g MASTER 0",
      "/bin/any GROUP g STOP 0",
    ]);
  });

  test("tells the end of a group when the agent stops", () => {
    const { box } = master(router({ notify: { any: ["/bin/any"] }, sync_group: "g" }));
    box.event({ kind: "signal", signal: "SIGTERM" });
    expect(lines(box).slice(-2)).toEqual(["/bin/any INSTANCE VI_1 STOP 100", "/bin/any GROUP g STOP 0"]);
  });

  test("says in the log that a command failed", () => {
    const { box } = master(router({ notify }));
    box.event({ kind: "notify-failed", queue: "VI_1", command: "/bin/up now", detail: "exit 3" });
    expect(box.logs("notify.failed")[0]?.fields).toEqual({
      name: "VI_1",
      command: "/bin/up now",
      detail: "exit 3",
    });
  });

  test("is not called again by a reload that changes no state", () => {
    const lab = new Lab();
    const box = lab.box(router({ notify }));
    box.start();
    lab.run(5000);
    const before = lines(box).length;
    box.reload(router({ notify, priority: 150 }));
    lab.run(1000);
    expect(lines(box)).toHaveLength(before);
  });
});
