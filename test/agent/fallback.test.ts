/** A fallback that is probed itself. */
import { expect, test } from "bun:test";
import { started, states, tell, web } from "./service-scene.ts";

const check = { type: "tcp", interval: "1s", rise: 1, fall: 1 };

test("a fallback with a check serves only while that is good", () => {
  const { box, kernel } = started(web({ fallback: { address: "10.0.0.9:80", check } }));
  const spare = (healthy: boolean): void => {
    const detail = healthy ? "connected" : "ECONNREFUSED";
    box.event({ kind: "probe", check: "web fallback 10.0.0.9:80", healthy, detail });
    kernel.answer();
  };
  const out = ["10.0.0.2 80 w0", "10.0.0.3 80 w0"];
  tell(box, kernel, false, false);
  expect(kernel.servers.toSorted()).toEqual(out);
  expect(box.logs("service.state").at(-1)?.fields["reason"]).toBe(
    "weight 0 in service, quorum 1; the fallback 10.0.0.9:80 is undecided: who is left serves on",
  );
  spare(true);
  expect(kernel.servers.toSorted()).toEqual([...out, "10.0.0.9 80 w1"]);
  spare(false);
  expect(kernel.servers.filter((each) => !each.endsWith("w0"))).toEqual([]);
  expect(states(box, "server.state")).toEqual([
    ...["10.0.0.2:80 down", "10.0.0.3:80 down", "10.0.0.9:80 up", "10.0.0.9:80 down"],
  ]);
  spare(true);
  expect(kernel.servers).toContain("10.0.0.9 80 w1");
  tell(box, kernel, true, true);
  tell(box, kernel, false, false);
  expect(box.logs("service.state").at(-1)?.fields["reason"]).toBe(
    "weight 0 in service, quorum 1; the fallback 10.0.0.9:80 serves",
  );
});
