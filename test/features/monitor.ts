/** `ip monitor` in a namespace: every address and route that came and went, in order, none sampled. */
import type { Namespace } from "../lab/namespace.ts";
import type { Child } from "../lab/process.ts";
import { sleep, until } from "../lab/process.ts";

/** As ip(8) prints it, its time cut off: `eth1    inet 10.0.0.1/24 …`, `Deleted 10.0.0.0/24 dev eth1 …`. */
export interface Change {
  readonly deleted: boolean;
  readonly text: string;
}

const PATIENCE_MS = 10_000;
/** It may take that long to begin. */
const LISTENS_MS = 50;

export class Monitor {
  readonly #child: Child;
  readonly #namespace: Namespace;

  private constructor(namespace: Namespace, child: Child) {
    this.#namespace = namespace;
    this.#child = child;
  }

  static async start(namespace: Namespace): Promise<Monitor> {
    const child = namespace.spawn(["ip", "-o", "monitor", "address", "route"]);
    const monitor = new Monitor(namespace, child);
    // It does not say when it listens: what is changed before that, it never tells.
    await until("ip monitor listens", PATIENCE_MS, async () => {
      const mark = await monitor.#mark();
      await sleep(LISTENS_MS);
      return monitor.#told(mark);
    });
    return monitor;
  }

  /** What changed so far, oldest first. */
  get changes(): Change[] {
    return this.#child.lines.map((line) => ({
      deleted: line.startsWith("Deleted "),
      text: line
        .replace(/^Deleted /, "")
        .replace(/^\d+: /, "")
        .replace(/\s+/g, " ")
        .replaceAll("\\", ""),
    }));
  }

  /** Those that name `text`. */
  about(text: string): Change[] {
    return this.changes.filter((change) => change.text.includes(text));
  }

  /** Waits until all that happened before has been told: an address of lo comes and goes. */
  async flush(): Promise<void> {
    const mark = await this.#mark();
    await until("ip monitor tells a change", PATIENCE_MS, () => this.#told(mark));
  }

  /** An address of lo comes and goes; gives it. */
  async #mark(): Promise<string> {
    const mark = `127.9.${Math.floor(Math.random() * 250)}.${Math.floor(Math.random() * 250)}`;
    await this.#namespace.ip(`addr add ${mark}/32 dev lo`, `addr del ${mark}/32 dev lo`);
    return mark;
  }

  #told(mark: string): boolean {
    return this.about(mark).some(({ deleted, text }) => deleted && text.includes("inet"));
  }

  async close(): Promise<void> {
    await this.#child.end("SIGKILL");
  }
}
