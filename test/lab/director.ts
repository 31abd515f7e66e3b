/** A director of virtual services in a namespace, whichever it is: started with services, given others, ended. */
import type { Balanced, DirectorKind } from "./directors.ts";
import { configuration, RivalDirector } from "./directors.ts";
import { Haagent } from "./haagent.ts";
import type { Station } from "./lab.ts";
import { now } from "./process.ts";
import { makeScratch, removeScratch } from "./scratch.ts";

export class Director {
  readonly kind: DirectorKind;
  readonly #station: Station;
  readonly #directory = makeScratch();
  #rival: RivalDirector | null = null;
  #agent: Haagent | null = null;

  constructor(kind: DirectorKind, station: Station) {
    this.kind = kind;
    this.#station = station;
  }

  /** What it said since it was started. */
  get lines(): readonly string[] {
    return this.#rival?.lines ?? this.#agent?.log ?? [];
  }

  /** Whether a rival has read its file since that was last written. */
  get hasRead(): boolean {
    return this.#rival?.hasRead ?? false;
  }

  /** Starts it; gives the time just before. It takes its time to be there. */
  async start(services: readonly Balanced[]): Promise<number> {
    const text = configuration(this.kind, services);
    if (this.kind !== "haagent") {
      this.#rival = new RivalDirector(this.kind, this.#station.namespace);
      const before = now();
      this.#rival.start(text);
      return before;
    }
    const path = `${this.#directory}/haagent.toml`;
    this.#agent = await Haagent.withFile(this.#station, { path, text: (runtime) => whole(runtime, text) });
    const before = now();
    // It may take longer to be ready than this waits for.
    this.#agent.start().catch(() => undefined);
    return before;
  }

  /**
   * Gives it a new file, changed by hand, which it may refuse: by SIGHUP, but to ldirectord, which looks at the file's time by itself.
   * Gives the time just before.
   */
  async reload(services: readonly Balanced[], spoil = (text: string): string => text): Promise<number> {
    const text = spoil(configuration(this.kind, services));
    const before = now();
    this.#rival?.reload(text);
    return (await this.#agent?.reload(whole(this.#agent.runtimeDir, text))) ?? before;
  }

  /** Ends it, and empties the table. */
  async stop(): Promise<void> {
    await this.#rival?.close();
    await this.#agent?.close();
    this.#rival = null;
    this.#agent = null;
    await this.#station.namespace.run(["ipvsadm", "-C"]);
  }

  async close(): Promise<void> {
    await this.stop();
    removeScratch(this.#directory);
  }
}

/** haagent's file with where it keeps what it writes. */
const whole = (runtimeDir: string, text: string): string =>
  `[agent]\nruntime_dir = "${runtimeDir}"\nstate_dir = "${runtimeDir}/state"\n${text}`;
