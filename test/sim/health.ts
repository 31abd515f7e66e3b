/** What the checks of a node find: which of them fail, and the numbers that their files hold. */
import type { ProbeConfig } from "../../src/config/probe-model.ts";

/** What a file with a number may come to hold. */
export const NUMBERS = [0, 7, 60, -20, -60, -200, -254];

export class Health {
  /** Names of the checks that fail, and addresses of servers that do. */
  readonly failing = new Set<string>();
  readonly #numbers = new Map<string, number>();

  /** The number in the file of a check; 0 until another one is put there. */
  number(check: string): number {
    return this.#numbers.get(check) ?? 0;
  }

  hold(check: string, number: number): void {
    this.#numbers.set(check, number);
  }

  /** What a probe of a check finds now. */
  outcome(check: string, probe: ProbeConfig): { healthy: boolean; detail: string; value?: number } {
    const { type } = probe;
    const found = type === "tcp" ? `${probe.address}:${probe.port}` : check;
    if (this.failing.has(found)) return { healthy: false, detail: "bad" };
    return { healthy: true, detail: "good", ...(type === "file" ? { value: this.number(check) } : {}) };
  }
}
