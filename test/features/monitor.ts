/** `ip monitor` in a namespace: every address and route that came and went, in order, none sampled. */
import type { Namespace } from "../lab/namespace.ts";
import type { Child } from "../lab/process.ts";
import { sleep, until } from "../lab/process.ts";

/** As ip(8) prints it, its time cut off: `eth1    inet 10.0.0.1/24 …`, `Deleted 10.0.0.0/24 dev eth1 …`. */
export interface Change {
  readonly deleted: boolean;
  readonly text: string;
}

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
    // It does not say when it listens.
    await sleep(100);
    await monitor.flush();
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
    const mark = `127.9.${Math.floor(Math.random() * 250)}.${Math.floor(Math.random() * 250)}`;
    await this.#namespace.ip(`addr add ${mark}/32 dev lo`, `addr del ${mark}/32 dev lo`);
    await until("ip monitor tells a change", 5000, () =>
      this.about(mark).some(({ deleted, text }) => deleted && text.includes("inet")),
    );
  }

  async close(): Promise<void> {
    await this.#child.end("SIGKILL");
  }
}
