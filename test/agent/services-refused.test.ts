/** What the kernel refuses of a virtual service, and services that are reached by another way than before. */
import { describe, expect, test } from "bun:test";
import { entry, server, service, WEB } from "../ipvs/values.ts";
import { started, tell, web } from "./service-scene.ts";

describe("a virtual service", () => {
  test("that the kernel has no scheduler for is not tried any faster for its servers, which have nowhere to go", () => {
    const { lab, box, kernel } = started(web(), (there) => {
      there.refuses = (change) => (change.kind === "add-service" ? "ENOENT" : "ESRCH");
    });
    const before = box.actions.length;
    for (let at = 0; at < 100; at++) {
      lab.run(100);
      kernel.answer();
    }
    const writes = box.actions.slice(before).filter((each) => "what" in each && each.what === "write");
    expect(writes.length).toBeGreaterThan(2);
    expect(writes.length).toBeLessThan(6);
  });

  test("with a server that the kernel refuses has the verdicts on its others written at once, and the refusal kept", () => {
    const { lab, box, kernel } = started(web(), (there) => {
      there.refuses = (change) =>
        change.kind === "add-destination" && change.destination.address === "10.0.0.3" ? "EINVAL" : null;
    });
    tell(box, kernel, true);
    expect(kernel.servers).toEqual(["10.0.0.2 80 w1"]);
    tell(box, kernel, false);
    expect(kernel.servers).toEqual(["10.0.0.2 80 w0"]);
    expect(box.status().health).toBe("degraded");
    for (let at = 0; at < 4; at++) {
      lab.run(3100);
      kernel.answer();
    }
    expect(box.logs("service.failed")).toHaveLength(1);
  });

  test("stays where it is when another way to the kernel is configured, and is noted by that", () => {
    const { lab, box, kernel } = started();
    tell(box, kernel, true, true);
    kernel.done.length = 0;
    box.reload(web({ ipvs: "netlink" }));
    lab.run(10_000);
    kernel.answer();
    expect(kernel.done).toEqual([]);
    expect(kernel.owned).toEqual([{ id: WEB, way: "netlink", keep: false }]);
    expect(box.logs("service.repaired")).toEqual([]);
  });

  test("that an agent left which was killed stays as well, by whichever way that wrote it", () => {
    const { lab, kernel } = started(web({ ipvs: "netlink" }), (there) => {
      there.entries = [entry(service({ id: WEB }), server(2, 1), server(3, 1))];
      there.left = [{ id: WEB, way: "auto", keep: false }];
    });
    lab.run(10_000);
    kernel.answer();
    expect(kernel.done).toEqual([]);
    expect(kernel.owned).toEqual([{ id: WEB, way: "netlink", keep: false }]);
  });
});
