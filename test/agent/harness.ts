/**
 * Drives real agents by boundary events: boxes on a bridge, a clock that only moves when told, a kernel stand-in for each.
 * Nothing here decides anything that an agent decides; what an agent wants done is done at once, as at the real edge.
 */
import type { Action } from "../../src/agent/boundary.ts";
import { NEVER } from "../../src/base/units.ts";
import { decodeIp } from "../../src/wire/ip.ts";
import { Box } from "./box.ts";

type Sent = Extract<Action, { kind: "frame" | "packet" }>;

/** How long a frame takes across the bridge, and the feed to the agent, in milliseconds. */
const LATENCY = 0.2;
/** Turns at one moment; more is a loop without end. */
const TURNS_MAX = 5000;

/** A frame as it left a box. */
export interface Trace {
  readonly at: number;
  readonly box: Box;
  readonly action: Sent;
}

/** The clock, the bridge and the boxes on it. */
export class Lab {
  now = 1_000_000;
  readonly boxes: Box[] = [];
  /** Every frame and packet that left a box. */
  readonly traces: Trace[] = [];
  #queue: { readonly at: number; readonly run: () => void }[] = [];

  /** A box with its interfaces; its agent is not started yet. */
  box(config: string): Box {
    const box = new Box(this, this.boxes.length, config);
    this.boxes.push(box);
    return box;
  }

  /** Lets time pass: everything that is due in it happens in order. */
  run(milliseconds: number): void {
    const end = this.now + milliseconds;
    let turns = 0;
    while (true) {
      const next = Math.min(this.#queue[0]?.at ?? NEVER, ...this.boxes.map((box) => box.dueAt()));
      if (next > end) break;
      turns = next > this.now ? 0 : turns + 1;
      if (turns > TURNS_MAX) throw new Error(`turns without end at ${this.now}`);
      this.now = Math.max(this.now, next);
      const due = this.#queue[0];
      if (due !== undefined && due.at <= this.now) {
        this.#queue.shift();
        due.run();
      } else {
        for (const box of this.boxes) box.tick();
      }
    }
    this.now = end;
  }

  /** Does something a moment from now. */
  soon(run: () => void): void {
    this.#queue.push({ at: this.now + LATENCY, run });
  }

  /** A frame goes to every other box on the bridge; a packet to the box that has its destination. */
  carry(from: Box, action: Sent): void {
    this.traces.push({ at: this.now, box: from, action });
    if (action.router === null) return;
    const family = action.kind === "packet" ? action.family : action.ethertype === 0x0800 ? 4 : 6;
    const ip = decodeIp(family, action.bytes);
    if (!ip.ok) throw new Error(`a box sends no IP: ${ip.error.kind}`);
    const { destination } = ip.value;
    const group = /^(22[4-9]|23\d|ff)/.test(destination);
    for (const box of this.boxes) {
      const name = group
        ? from.kernel.links().find(({ index }) => index === action.index)?.name
        : box.interfaceOf(destination);
      if (box === from || name === undefined || from.cut || box.cut) continue;
      this.soon(() => box.frame(name, family, action.bytes));
    }
  }
}
