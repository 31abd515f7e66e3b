/** `haagent release`, the groups: what a killed agent started is stopped, each group from right to left, as long as its tries allow. */
import { existsSync } from "node:fs";
import type { ResourceEvent } from "../agent/cluster/boundary.ts";
import type { LeftGroup } from "../agent/resource/left.ts";
import type { Result } from "../base/result.ts";
import { fail, ok } from "../base/result.ts";
import { bootId } from "./boot.ts";
import { keepResources, recallResources } from "./heartbeat-state.ts";
import { makeDirectory, takeLock } from "./lock.ts";
import { killOrphans, openCommandNotes } from "./orphans.ts";
import { reasonOf } from "./reason.ts";
import { ResourceRunner } from "./resources.ts";

/** What the file in state_dir means: pure, and so not known here. */
export interface LeftReader {
  /** Null: it is damaged. */
  groups(text: string, bootId: string): readonly LeftGroup[] | null;
  /** The text without these groups, which are stopped. */
  without(text: string, bootId: string, keys: readonly string[]): string;
  /** Whether the answer to a `status` leaves it open that the resource runs. */
  mayRun(answer: ResourceEvent): boolean;
}

/** What was done. */
interface Stopped {
  readonly stopped: readonly string[];
  /** Groups that may run still, and why. */
  readonly stuck: readonly string[];
  /** Process groups of commands that were killed. */
  readonly killed: readonly number[];
}

const NOTHING: Stopped = { stopped: [], stuck: [], killed: [] };

/** Stops the groups that the file in state_dir has as started. The error is a sentence: another agent runs, or the system refuses. */
export async function releaseGroups(
  runtimeDir: string,
  stateDir: string,
  left: LeftReader,
): Promise<Result<Stopped, string>> {
  try {
    const text = await recallResources(stateDir);
    if (text === null) return ok(NOTHING);
    const here = bootId();
    const groups = left.groups(text, here);
    if (groups === null) {
      return ok({
        ...NOTHING,
        stuck: [`hb_resources in ${stateDir} is damaged: which groups run is not known`],
      });
    }
    if (groups.length === 0) return ok(NOTHING);
    if (!existsSync(runtimeDir)) makeDirectory(runtimeDir);
    const lock = takeLock(runtimeDir);
    if (!lock.ok) return lock;
    try {
      const killed = killOrphans(runtimeDir, here);
      const stopper = new Stopper(runtimeDir, here, left);
      const stopped: string[] = [];
      const stuck: string[] = [];
      for (const group of groups) {
        const failure = await stopper.stop(group);
        if (failure === null) stopped.push(group.key);
        else stuck.push(`group ${group.key}: ${failure}`);
      }
      await keepResources(stateDir, { version: 0, text: left.without(text, here, stopped) });
      return ok({ stopped, stuck, killed });
    } finally {
      lock.value.release();
    }
  } catch (error) {
    return fail(`${stateDir}: ${reasonOf(error)}`);
  }
}

/** The groups that the file has as started; none where it says nothing that can be read. */
export async function groupsLeft(stateDir: string, left: LeftReader): Promise<readonly LeftGroup[]> {
  const text = await recallResources(stateDir).catch(() => null);
  return (text === null ? null : left.groups(text, bootId())) ?? [];
}

type Resource = LeftGroup["resources"][number];

class Stopper {
  readonly #left: LeftReader;
  readonly #runner: ResourceRunner;
  readonly #waiting = new Map<string, (answer: ResourceEvent) => void>();
  #runs = 0;

  constructor(runtimeDir: string, boot: string, left: LeftReader) {
    this.#left = left;
    this.#runner = new ResourceRunner(
      (event) => {
        if (event.kind === "resource-ended") this.#waiting.get(event.id)?.(event);
      },
      openCommandNotes(runtimeDir, boot),
    );
  }

  /** Why the group may run still; null: it does not. What is on the left of a resource that does not stop is what that needs. */
  async stop(group: LeftGroup): Promise<string | null> {
    for (const resource of group.resources) {
      const failure = await this.#end(group, resource);
      if (failure !== null) return `${resource.text} does not stop: ${failure}`;
    }
    return null;
  }

  async #end(group: LeftGroup, resource: Resource): Promise<string | null> {
    if (!this.#left.mayRun(await this.#do(group, resource, "status"))) return null;
    let failure = "";
    for (let tries = 0; tries < group.tries; tries++) {
      if (tries > 0) await Bun.sleep(group.pause);
      const ended = await this.#do(group, resource, "stop");
      if (ended.code === 0) return null;
      failure = ended.failure ?? "";
    }
    return this.#left.mayRun(await this.#do(group, resource, "status")) ? failure : null;
  }

  #do(group: LeftGroup, { job }: Resource, task: "status" | "stop"): Promise<ResourceEvent> {
    const id = `release ${++this.#runs}`;
    const { promise, resolve } = Promise.withResolvers<ResourceEvent>();
    this.#waiting.set(id, resolve);
    this.#runner.start({ kind: "resource", id, task, job, timeout: group.timeouts[task] });
    return promise;
  }
}
