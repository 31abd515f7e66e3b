/** The order in which one event's effects happen. */
import { describe, expect, test } from "bun:test";
import type { Action, AddressChange } from "../../src/agent/boundary.ts";
import { Outbox } from "../../src/agent/outbox.ts";
import type { Ip, Mac } from "../../src/base/address.ts";

const frame = (router: string | null): Action => ({
  kind: "frame",
  index: 2,
  ethertype: 0x0800,
  destination: "01:00:5e:00:00:12" as Mac,
  source: null,
  bytes: new Uint8Array(1),
  router,
});
const removal = (last: number): AddressChange => ({
  op: "delete",
  key: { index: 2, address: `192.0.2.${last}` as Ip, prefix: 24 },
});

/** Everything that can be collected, in an order that is none. */
function filled(removals: number): Outbox {
  const out = new Outbox();
  out.exit(0);
  out.finally({ kind: "promote-secondaries", index: 2, enable: false });
  out.log("info", "event", {});
  out.announce(frame(null));
  out.change(Array.from({ length: removals }, (_, at) => removal(at)));
  out.beforeAddresses({ kind: "ledger", router: "VI_1", record: null });
  out.advert(frame("VI_1"));
  out.prepare({ kind: "listen", listeners: [] });
  return out;
}

const kinds = (out: Outbox): string[] =>
  out.take().map((action) => (action.kind === "frame" ? `frame ${action.router}` : action.kind));

describe("what one event wants done", () => {
  test("is listening, adverts, ledger, addresses, announcements, words, what puts back, and the end", () => {
    expect(kinds(filled(64))).toEqual([
      "listen",
      "frame VI_1",
      "ledger",
      "addresses",
      "frame null",
      "log",
      "promote-secondaries",
      "exit",
    ]);
  });

  test("begins with the addresses when more than 64 go: the next master may not meet them", () => {
    expect(kinds(filled(65)).slice(0, 4)).toEqual(["listen", "ledger", "addresses", "frame VI_1"]);
  });

  test("is one batch of addresses, in the order asked for", () => {
    const out = new Outbox();
    out.change([removal(1)]);
    out.change([removal(2), removal(3)]);
    expect(out.take()).toEqual([{ kind: "addresses", changes: [removal(1), removal(2), removal(3)] }]);
  });

  test("drops what waits once, and dumps the kernel once", () => {
    const out = new Outbox();
    out.dropQueued();
    out.resync();
    out.dropQueued();
    out.resync();
    expect(kinds(out)).toEqual(["drop-queued", "resync"]);
  });

  test("is nothing when nothing was asked for", () => {
    expect(new Outbox().take()).toEqual([]);
  });

  test("is empty again after a turn", () => {
    const out = new Outbox();
    out.dropQueued();
    out.change([removal(1)]);
    out.exit(1);
    expect(out.take()).toHaveLength(3);
    expect(out.take()).toEqual([]);
    out.dropQueued();
    expect(out.take()).toEqual([{ kind: "drop-queued" }]);
  });

  test("gives up its adverts early, with what must come before them", () => {
    const out = new Outbox();
    out.advert(frame("VI_1"));
    out.dropQueued();
    expect(out.urgent().map(({ kind }) => kind)).toEqual(["drop-queued", "frame"]);
    expect(out.take()).toEqual([]);
  });
});
