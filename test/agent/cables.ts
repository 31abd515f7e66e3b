/** The links of a cluster between the boxes of a lab, and what the disks of their nodes keep. */
import type { Event } from "../../src/agent/boundary.ts";
import type { HeartbeatAction, Medium } from "../../src/agent/cluster/boundary.ts";
import type { Box } from "./box.ts";
import type { Lab } from "./harness.ts";
import { agent } from "./text.ts";

/** What messages say of the time of day. */
const WALL_CLOCK = 1_800_000_000_000;
/** The names of the boxes in their cluster, in their order. */
const NAMES = "abcde";

/** `[agent]` and `[heartbeat]` of box `number` among `count`, on a serial line for each pair: no link of it is a router's. */
export const clustered = (number: number, count = 2, keepalive = "1s"): string =>
  agent({ node: NAMES[number] ?? "" }) +
  [
    "[heartbeat]",
    `nodes = ${JSON.stringify([...NAMES].slice(0, count))}`,
    `keepalive = "${keepalive}"`,
    'deadtime = "5s"',
    'initdead = "10s"',
    'auth = { method = "sha256", key = "k" }',
    'links = [{ type = "serial", device = "/dev/ttyS0", baud = 115200 }]',
    "",
  ].join("\n");

/** One cable that all boxes are on. */
export class Cables {
  /** Says whether what one box says reaches another. */
  passes: (from: Box, to: Box) => boolean = () => true;
  /** What passed, with the box that said it. */
  readonly said: { readonly from: Box; readonly at: number; readonly bytes: Uint8Array }[] = [];
  readonly #media = new Map<Box, readonly Medium[]>();
  readonly #lives = new Map<Box, number>();

  /** Puts these boxes on it; to be called before they start. */
  constructor(boxes: readonly Box[]) {
    for (const box of boxes) box.heartbeat = (action) => this.#perform(box, action, boxes);
  }

  /** Says the same bytes to a box, as somebody would who has recorded them. */
  replay(to: Box, bytes: Uint8Array): void {
    for (const { id } of this.#media.get(to) ?? []) {
      to.event({ kind: "heartbeat", what: "received", link: id, bytes });
    }
  }

  #perform(box: Box, action: HeartbeatAction, boxes: readonly Box[]): Event[] {
    const { lab } = box;
    const host = { wallClock: WALL_CLOCK + lab.now, load: "0.00 0.00 0.00 1/1 1" };
    switch (action.what) {
      case "recall": {
        const fresh = String.fromCharCode(box.number + 1).repeat(16);
        const generation = this.#lives.get(box) ?? null;
        const told = { uuid: null, generation, resources: null, fresh, host, failure: null };
        lab.soon(() => box.event({ kind: "heartbeat", what: "recalled", ...told }));
        return [];
      }
      case "keep":
        this.#lives.set(box, action.generation);
        lab.soon(() => box.event({ kind: "heartbeat", what: "kept", failure: null }));
        return [];
      case "look":
        return [{ kind: "heartbeat", what: "host", host }];
      case "keep-resources": {
        const { version } = action;
        lab.soon(() => box.event({ kind: "heartbeat", what: "resources-kept", version, failure: null }));
        return [];
      }
      case "ping":
      case "fence":
      case "fence-cancel":
        return [];
      case "media":
        this.#media.set(box, action.media);
        return action.media.map(({ id }) => ({ kind: "heartbeat", what: "opened", link: id, failure: null }));
      case "send":
        this.said.push({ from: box, at: lab.now, bytes: action.bytes });
        for (const to of boxes) {
          if (to === box || !this.passes(box, to)) continue;
          lab.soon(() => this.replay(to, action.bytes));
        }
        return [];
    }
  }
}

/** A lab of boxes in one cluster, each with this much of its configuration besides; they run, and all know each other. */
export function together(lab: Lab, texts: readonly string[]): { boxes: Box[]; cables: Cables } {
  const boxes = texts.map((text, number) => lab.box(clustered(number, texts.length) + text));
  const cables = new Cables(boxes);
  for (const box of boxes) box.start();
  lab.run(15_000);
  return { boxes, cables };
}
