/** Virtual services in the agent: what it reads, writes and tells, and what it leaves alone. */
import { describe, expect, test } from "bun:test";
import { seconds } from "../../src/base/units.ts";
import { entry, ip, server, service, WEB } from "../ipvs/values.ts";
import type { Box } from "./box.ts";
import { reply } from "./scenes.ts";
import { SERVERS, started, states, tell, web } from "./service-scene.ts";
import type { TestTable } from "./table.ts";
import { router, table } from "./text.ts";

describe("a virtual service", () => {
  test("comes with its servers out of service, each of which gets its weight by its first good probe", () => {
    const { box, kernel } = started();
    expect(kernel.servers).toEqual(["10.0.0.2 80 w0", "10.0.0.3 80 w0"]);
    tell(box, kernel, true, false);
    expect(kernel.servers).toEqual(["10.0.0.2 80 w1", "10.0.0.3 80 w0"]);
    expect(states(box, "server.state")).toEqual(["10.0.0.2:80 up", "10.0.0.3:80 down"]);
    expect(states(box, "service.state")).toEqual(["web up"]);
    const one = box.ask({ command: "status", name: "web" });
    expect(one).toMatchObject({ exit: 0, body: { vrrp: [], services: [{ name: "web", quorum: true }] } });
    expect(box.ask({ command: "status", name: "wep" }).exit).toBe(1);
  });

  test("is taken over as it is, and one write brings what differs", () => {
    const { box, kernel } = started(web(), (there) => {
      there.entries = [entry(service({ id: WEB }), server(2, 1), server(3, 7))];
    });
    expect(kernel.done).toEqual([]);
    expect(kernel.owned).toEqual([{ id: WEB, way: "auto", keep: false }]);
    tell(box, kernel, true, true);
    expect(kernel.done).toEqual(["edit-destination 10.0.0.3 80 w1"]);
  });

  test("of an earlier agent that is configured no more goes; that of others is said, once, and stays", () => {
    const other = { ...WEB, port: 99 };
    const { box, lab, kernel } = started(web(), (there) => {
      const left = { ...WEB, port: 81 };
      there.entries = [entry(service({ id: left })), entry(service({ id: other }))];
      there.left = [{ id: left, way: "auto", keep: false }];
    });
    lab.run(10_000);
    kernel.answer();
    expect(kernel.done[0]).toBe("add-service tcp 10.0.0.1 80");
    expect(kernel.done).toContain("delete-service tcp 10.0.0.1 81");
    expect(kernel.done.join()).not.toContain("99");
    expect(box.logs("service.foreign")).toHaveLength(1);
    expect(kernel.owned.map(({ id }) => (id.kind === "address" ? id.port : 0))).not.toContain(99);
  });

  test("that others change is put back at the next look, and said", () => {
    const { lab, box, kernel } = started();
    tell(box, kernel, true, true);
    kernel.entries = [entry(service({ id: WEB }), server(2, 5))];
    lab.run(3500);
    kernel.answer();
    expect(kernel.servers).toEqual(["10.0.0.2 80 w1", "10.0.0.3 80 w1"]);
    expect(box.logs("service.repaired").map(({ fields }) => fields)).toEqual([{ name: "web", changes: 2 }]);
  });

  test("has its fallback go once that has no connections, which is nobody else's doing", () => {
    const { lab, box, kernel } = started(web({ fallback: "10.0.0.9:80" }));
    expect(kernel.servers).toContain("10.0.0.9 80 w1");
    tell(box, kernel, true, true);
    expect(kernel.servers).toContain("10.0.0.9 80 w0");
    lab.run(10_000);
    kernel.answer();
    expect(kernel.servers).toEqual(["10.0.0.2 80 w1", "10.0.0.3 80 w1"]);
    expect(box.logs("service.repaired")).toEqual([]);
  });

  test("that the kernel refuses is tried again at each look, and said once with the cure", () => {
    const { lab, box, kernel } = started(web(), (there) => {
      there.refuses = (change) => (change.kind === "add-service" ? "ENOENT" : "ESRCH");
    });
    expect(box.actions.filter(({ kind }) => kind === "services").length).toBeLessThan(6);
    for (let at = 0; at < 5; at++) {
      lab.run(3100);
      kernel.answer();
    }
    expect(box.logs("service.failed").map(({ fields }) => fields["detail"])).toEqual([
      "the kernel has no scheduler wlc (ENOENT); cure: modprobe ip_vs_wlc, or another scheduler",
    ]);
    expect(box.status().health).toBe("degraded");
    kernel.refuses = () => null;
    lab.run(3100);
    kernel.answer();
    tell(box, kernel, true, true);
    expect(kernel.servers).toEqual(["10.0.0.2 80 w1", "10.0.0.3 80 w1"]);
    expect(box.status().health).toBe("ok");
  });

  test("goes with a reload that does not have it, and keeps what is known of its servers over one that has", () => {
    const { lab, box, kernel } = started();
    tell(box, kernel, true, true);
    kernel.done.length = 0;
    box.reload(web({ scheduler: "rr" }));
    lab.run(10);
    kernel.answer();
    expect(kernel.done).toEqual(["edit-service tcp 10.0.0.1 80"]);
    expect(box.logs("service.active")).toHaveLength(1);
    box.reload(router());
    lab.run(10);
    kernel.answer();
    expect(kernel.entries).toEqual([]);
    expect(kernel.owned).toEqual([]);
  });
  test("keeps its old servers over a reload with others until one of these is judged good", () => {
    const { lab, box, kernel } = started();
    tell(box, kernel, true, true);
    box.reload(web({ real_servers: ["10.0.0.4:80", "10.0.0.5:80"] }));
    lab.run(10);
    kernel.answer();
    expect(kernel.servers.filter((each) => !each.endsWith("w0"))).toEqual([
      "10.0.0.2 80 w1",
      "10.0.0.3 80 w1",
    ]);
    box.event({ kind: "probe", check: "web 10.0.0.4:80", healthy: true, detail: "connected" });
    kernel.answer();
    const [left, come] = [
      ["10.0.0.2 80 w0", "10.0.0.3 80 w0"],
      ["10.0.0.4 80 w1", "10.0.0.5 80 w0"],
    ];
    expect(kernel.servers).toEqual([...left, ...come]);
    lab.run(3500);
    kernel.answer();
    expect(kernel.servers).toEqual(come);
    expect(states(box, "service.state")).toEqual(["web up"]);
  });

  test("is no part of the table where its router is not master, but probed", () => {
    const { lab, box, kernel } = started(router() + web({ active_when: "VI_1" }));
    tell(box, kernel, true, true);
    expect(kernel.entries).toEqual([]);
    lab.run(5000);
    kernel.answer();
    expect(kernel.servers).toEqual(["10.0.0.2 80 w1", "10.0.0.3 80 w1"]);
    box.ask({ command: "standby", name: "VI_1" });
    kernel.answer();
    expect(kernel.entries).toEqual([]);
  });

  test("keeps its quorum on a node that does not have it, over a reload with another check", () => {
    const { lab, box, kernel } = started(router({ priority: 1 }) + web({ active_when: "VI_1" }));
    tell(box, kernel, true, true);
    expect(kernel.entries).toEqual([]);
    box.reload(router({ priority: 1 }) + web({ active_when: "VI_1" }, { timeout: "700ms", type: "http" }));
    lab.run(10);
    kernel.answer();
    expect(states(box, "service.state")).toEqual(["web up"]);
    // Taken over by now: who was good has its weight until its first verdict by the new check.
    lab.run(5000);
    kernel.answer();
    expect(kernel.servers).toEqual(["10.0.0.2 80 w1", "10.0.0.3 80 w1"]);
    tell(box, kernel, false);
    expect(kernel.servers).toEqual(["10.0.0.2 80 w0", "10.0.0.3 80 w1"]);
  });

  test("says how often its servers are really probed", () => {
    const { lab, box, kernel } = started();
    const paces = (): unknown[] => {
      const { body } = box.ask({ command: "status", name: "web" });
      const { services }: { services: readonly { servers: readonly Record<string, unknown>[] }[] } =
        Object(body);
      return (services[0]?.servers ?? []).map((each) => each["achieved_interval_ms"]);
    };
    tell(box, kernel, true, true);
    expect(paces()).toEqual([null, null]);
    for (let at = 0; at < 40; at++) {
      lab.run(1000);
      tell(box, kernel, true);
      // The second server's answers take longer than its interval.
      if (at % 2 === 1) tell(box, kernel, true, true);
    }
    const [first, second] = paces().map(Number);
    expect(first).toBe(1000);
    expect(second).toBeGreaterThan(1900);
  });

  test("runs its commands for servers and for the quorum, each with its words", () => {
    const notify = { up: ["/up"], down: ["/down"], quorum_up: ["/q-up"], quorum_down: ["/q-down"] };
    const { box, kernel } = started(web({ notify }));
    tell(box, kernel, true, false);
    tell(box, kernel, false);
    const run = box.actions.flatMap((action) =>
      action.kind === "notify"
        ? [
            `${action.commands.join()} ${action.environment["HAAGENT_STATE"]} ${action.environment["HAAGENT_PREVIOUS"]} ${action.environment["HAAGENT_ADDRESSES"]}`,
          ]
        : [],
    );
    expect(run).toEqual([
      "/up UP INIT 10.0.0.2:80",
      "/q-up QUORUM_UP INIT 10.0.0.1:80",
      "/down DOWN INIT 10.0.0.3:80",
      "/down DOWN UP 10.0.0.2:80",
      "/q-down QUORUM_DOWN QUORUM_UP 10.0.0.1:80",
    ]);
  });

  test("has more weight by a number in a file", () => {
    const values = { type: "file", file: "/w", content: "integer" };
    const text = table("virtual_server.web", {
      address: "10.0.0.1:80",
      real_servers: SERVERS,
      check: values,
    });
    const { box, kernel } = started(text);
    // The same file for both: one probe.
    box.event({ kind: "probe", check: "web 10.0.0.2:80", healthy: true, detail: "holds 4", value: 4 });
    kernel.answer();
    expect(kernel.servers).toEqual(["10.0.0.2 80 w5", "10.0.0.3 80 w5"]);
  });
});

describe("the operator", () => {
  const order = (box: Box, kernel: TestTable, word: "drain" | "disable" | "enable", name = "10.0.0.2") => {
    const answer = box.ask({ command: "server", order: word, service: "web", server: name });
    kernel.answer();
    return answer;
  };

  test("drains, disables and enables a server, over a reload, too", () => {
    const { lab, box, kernel } = started();
    tell(box, kernel, true, true);
    expect(order(box, kernel, "drain")).toEqual({ exit: 0, body: { drained: ["web 10.0.0.2:80"] } });
    expect(kernel.servers).toEqual(["10.0.0.2 80 w0", "10.0.0.3 80 w1"]);
    expect(reply(lab, box, web({ quorum: 2 })).exit).toBe(0);
    kernel.answer();
    expect(kernel.servers).toEqual(["10.0.0.2 80 w0", "10.0.0.3 80 w1"]);
    order(box, kernel, "disable");
    expect(kernel.servers).toEqual(["10.0.0.3 80 w1"]);
    order(box, kernel, "enable");
    expect(kernel.servers).toEqual(["10.0.0.2 80 w1", "10.0.0.3 80 w1"]);
    expect(order(box, kernel, "drain", "10.0.0.9").exit).toBe(1);
  });

  test("takes servers out by files", () => {
    const { box, kernel } = started(web({ quiescent: false }));
    tell(box, kernel, true, true);
    box.event({ kind: "services", what: "maintenance", names: ["10.0.0.2", "notes"], failure: null });
    kernel.answer();
    expect(kernel.servers).toEqual(["10.0.0.3 80 w1"]);
    box.event({ kind: "services", what: "maintenance", names: [], failure: "ENOENT" });
    kernel.answer();
    expect(kernel.servers).toEqual(["10.0.0.2 80 w1", "10.0.0.3 80 w1"]);
    expect(box.status().health).toBe("degraded");
  });
});

describe("an order of the operator", () => {
  test("finds a server of IPv6 however its address is written", () => {
    const { box } = started(web({ address: "[2001:db8::1]:80", real_servers: ["[2001:db8::2]:80"] }));
    for (const name of ["2001:DB8::2", "[2001:db8:0::2]:80", "[2001:db8::2]", "2001:db8::2"]) {
      expect(box.ask({ command: "server", order: "drain", service: "web", server: name })).toEqual({
        exit: 0,
        body: { drained: ["web [2001:db8::2]:80"] },
      });
    }
  });
});

describe("the kernel", () => {
  test("without IPVS is named once and asked again; there is one reading at a time", () => {
    const { lab, box, kernel } = started(web(), (there) => {
      there.failure = "ENOENT";
    });
    lab.run(20_000);
    kernel.answer();
    expect(box.logs("service.failed")).toHaveLength(1);
    kernel.failure = null;
    lab.run(3500);
    kernel.answer();
    expect(kernel.servers).toHaveLength(2);
    expect(box.logs("service.recovered")).toHaveLength(1);
  });

  test("has persistence in whole seconds and the mask of its family", () => {
    const { kernel } = started(
      web({ persistence: "5m", address: "[2001:db8::1]:80", real_servers: ["[2001:db8::2]:80"] }),
    );
    expect(kernel.entries[0]?.service).toMatchObject({
      id: { ...WEB, address: ip("2001:db8::1") },
      persistence: { timeout: seconds(300), prefix: 128 },
    });
  });
});
