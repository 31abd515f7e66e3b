/** A cluster of two whose resources really move: real heartbeat with a script that logs, and our takeover machine in the lab's node. */
import { writeFileSync } from "node:fs";
import type { Failback } from "../../src/heartbeat/takeover-state.ts";
import { until } from "../lab/process.ts";
import { makeScratch, removeScratch } from "../lab/scratch.ts";
import { Scene } from "./heartbeat-scene.ts";

/** Real heartbeat negotiates for ten seconds, and is slow to react; the machine may be busy. */
const PATIENCE_MS = 90_000;
/** Orders until one is heard, and between them: a standby that is not answered ends after ten seconds. */
const TRIES = 4;
const AGAIN_MS = 15_000;
/** Of real heartbeat alone, in seconds. */
const INITDEAD = 10;

/** The group that prefers real heartbeat, and the one that prefers us. */
const HARESOURCES = ["real probe::one", "ours probe::two"];
/** A resource that logs when it starts and when it has stopped, in milliseconds, and runs while its file is there. */
const PROBE = [
  "#!/bin/sh",
  "here=/etc/ha.d",
  'case "$2" in',
  '  start) touch $here/on-$1; echo "$(date +%s%3N) start probe::$1" >> $here/ran ;;',
  '  stop) if [ -e $here/on-$1 ]; then sleep 0.05; rm $here/on-$1; echo "$(date +%s%3N) stop probe::$1" >> $here/ran; fi ;;',
  "  status) [ -e $here/on-$1 ] && echo running || echo stopped ;;",
  "esac",
  "exit 0",
];

/** Where each group is, by its number: `real`, `ours`, both, or nowhere. */
export interface Places {
  readonly one: string;
  readonly two: string;
}

interface Move {
  readonly at: number;
  readonly node: "real" | "ours";
  readonly what: string;
}

export class TakeoverScene {
  readonly scene: Scene;
  readonly #orders: string;
  /** Moves of lives of either node that are over. */
  readonly #past: Move[] = [];
  #generation = 1;

  private constructor(scene: Scene, orders: string) {
    this.scene = scene;
    this.#orders = orders;
  }

  static async create(failback: Failback, alone = false): Promise<TakeoverScene> {
    const directory = makeScratch();
    const orders = `${directory}/orders`;
    writeFileSync(orders, "");
    const scene = await Scene.create({
      keys: [[2, "sha1", "HI!"]],
      deadtime: 4000,
      initdead: INITDEAD,
      failback: failback === "legacy" ? "legacy" : failback ? "on" : "off",
      ...{ oursFirst: alone, alone },
      real: { haresources: HARESOURCES, scripts: { probe: PROBE } },
      ours: { initdead: INITDEAD * 1000, resources: { haresources: HARESOURCES, failback, orders } },
    });
    scene.lab.atClose(async () => removeScratch(directory));
    return new TakeoverScene(scene, orders);
  }

  /** What a node's present life, or its last one, has done. */
  #life(node: Move["node"]): Move[] {
    if (node === "ours") return this.scene.told("ran").map(({ at, what }) => ({ at, node, what }));
    return this.scene.real.read("ran").map((line) => {
      const [at = "", ...what] = line.split(" ");
      return { at: Number(at), node, what: what.join(" ") };
    });
  }

  get #moves(): Move[] {
    return [...this.#past, ...this.#life("real"), ...this.#life("ours")].sort((a, b) => a.at - b.at);
  }

  /** Where the last moves have left the groups. */
  get places(): Places {
    const on = new Map<string, Set<string>>();
    for (const { node, what } of this.#moves) {
      const [verb, name = ""] = what.split(" ");
      const nodes = on.get(name) ?? new Set();
      if (verb === "start") nodes.add(node);
      else nodes.delete(node);
      on.set(name, nodes);
    }
    const where = (name: string): string => [...(on.get(name) ?? [])].sort().join("+");
    return { one: where("probe::one"), two: where("probe::two") };
  }

  /** Starts on one node while the other one had the same still. */
  get doubled(): string[] {
    const on = new Map<string, string>();
    const found: string[] = [];
    for (const { node, what, at } of this.#moves) {
      const [verb, name = ""] = what.split(" ");
      const before = on.get(name);
      if (verb === "start" && before !== undefined && before !== node)
        found.push(`${name} on ${node} at ${at}`);
      if (verb === "start") on.set(name, node);
      else if (before === node) on.delete(name);
    }
    return found;
  }

  /** Gives an order, again when something was under way that kept it from being heard, until the groups are there. */
  async moves(give: () => void | Promise<void>, one: string, two: string): Promise<void> {
    for (let tries = 1; ; tries++) {
      await give();
      try {
        return await this.settles(one, two, tries < TRIES ? AGAIN_MS : PATIENCE_MS);
      } catch (error) {
        if (tries === TRIES) throw error;
      }
    }
  }

  /** Waits until the groups are there. */
  async settles(one: string, two: string, limit = PATIENCE_MS): Promise<void> {
    const tail = (): string =>
      [
        ...this.#moves.map(({ at, node, what }) => `${at} ${node} ${what}`),
        ...this.#news(),
        ...this.scene.real.log.slice(-25),
      ].join("\n");
    await until(
      () => `one is on ${one}, two on ${two}:\n${tail()}`,
      limit,
      () => this.places.one === one && this.places.two === two,
    );
  }

  #news = (): string[] =>
    this.scene
      .told("news")
      .slice(-25)
      .map(({ at, what }) => `${at} ours: ${what}`);

  /** An operator's order to our node. */
  order(text: string): void {
    writeFileSync(this.#orders, `${text}\n`, { flag: "a" });
  }

  /** What a node ran is gone with it. */
  #bury(node: Move["node"]): void {
    const at = Date.now();
    const places = this.places;
    this.#past.push(...this.#life(node));
    for (const [key, name] of [
      ["one", "probe::one"],
      ["two", "probe::two"],
    ] as const) {
      if (places[key].split("+").includes(node)) this.#past.push({ at, node, what: `stop ${name}` });
    }
  }

  /** Our node has no power. */
  async killOurs(): Promise<void> {
    this.#bury("ours");
    await this.scene.ours.end("SIGKILL");
  }

  async stopOurs(): Promise<void> {
    await this.scene.ours.end("SIGTERM", PATIENCE_MS);
    this.#bury("ours");
  }

  /** Our node begins another life. */
  startOurs(): void {
    writeFileSync(this.#orders, "");
    this.scene.again(++this.#generation);
  }

  async killReal(): Promise<void> {
    this.#bury("real");
    await this.scene.real.close();
  }

  async stopReal(): Promise<void> {
    await this.scene.real.stop(PATIENCE_MS);
    this.#bury("real");
    await this.scene.real.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.scene[Symbol.asyncDispose]();
  }
}
