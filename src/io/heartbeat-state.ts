/** What a node keeps of itself in state_dir for its next life: UUID and generation, in the files and forms that heartbeat has. */
import { open, readFile, rename } from "node:fs/promises";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { HeartbeatEvent, HostTime } from "../agent/cluster/boundary.ts";
import { decodeGeneration, encodeGeneration } from "../heartbeat/generation.ts";
import type { Octets } from "../wire/heartbeat-message.ts";
import { makeDirectory } from "./lock.ts";
import { codeOf, reasonOf } from "./reason.ts";

const UUID_FILE = "hb_uuid";
const GENERATION_FILE = "hb_generation";
const RESOURCES_FILE = "hb_resources";
const UUID_BYTES = 16;
/** Longest text of that one that is read: 100 groups of twenty resources with their longest names are 900 kB. */
const RESOURCES_BYTES_MAX = 1024 * 1024;

const octets = (bytes: Uint8Array): Octets => Buffer.from(bytes).toString("latin1");

/** The time of day and the load, as messages tell them. */
export function hostTime(): HostTime {
  let load = "0.00 0.00 0.00 1/1 1";
  try {
    load = readFileSync("/proc/loadavg", "latin1").trim();
  } catch {
    // Told, and looked at by nobody.
  }
  return { wallClock: Date.now(), load };
}

/** Null where the file is not there. */
async function optional(path: string): Promise<Uint8Array | null> {
  try {
    return await readFile(path);
  } catch (error) {
    if (codeOf(error) === "ENOENT") return null;
    throw error;
  }
}

/** What is kept, and what a node that has nothing begins with. */
export async function recall(directory: string): Promise<HeartbeatEvent> {
  const fresh = octets(crypto.getRandomValues(new Uint8Array(UUID_BYTES)));
  const told = { kind: "heartbeat", what: "recalled", fresh, host: hostTime() } as const;
  try {
    const uuid = await optional(join(directory, UUID_FILE));
    const generation = await optional(join(directory, GENERATION_FILE));
    const resources = await recallResources(directory);
    const known = generation === null ? null : decodeGeneration(octets(generation));
    const whole = uuid !== null && uuid.length === UUID_BYTES && uuid.some((byte) => byte !== 0);
    return {
      ...told,
      uuid: whole ? octets(uuid) : null,
      generation: known,
      resources,
      failure: generation !== null && known === null ? `${GENERATION_FILE} in ${directory} is damaged` : null,
    };
  } catch (error) {
    return { ...told, uuid: null, generation: null, resources: null, failure: reasonOf(error) };
  }
}

/** Whole or not at all, and on the disk: a cut of power must not take a life back. */
async function replace(directory: string, name: string, bytes: Uint8Array): Promise<void> {
  const path = join(directory, name);
  const file = await open(`${path}.new`, "w", 0o600);
  try {
    await file.writeFile(bytes);
    await file.sync();
  } finally {
    await file.close();
  }
  await rename(`${path}.new`, path);
  const folder = await open(directory, "r");
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}

/** Keeps both for the next life. */
export async function keep(directory: string, uuid: Octets, generation: number): Promise<HeartbeatEvent> {
  try {
    makeDirectory(directory);
    const known = await optional(join(directory, UUID_FILE));
    if (known === null || octets(known) !== uuid) {
      await replace(directory, UUID_FILE, new Uint8Array(Buffer.from(uuid, "latin1")));
    }
    await replace(directory, GENERATION_FILE, new TextEncoder().encode(encodeGeneration(generation)));
    return { kind: "heartbeat", what: "kept", failure: null };
  } catch (error) {
    return { kind: "heartbeat", what: "kept", failure: reasonOf(error) };
  }
}

/** The text that was kept of groups; null where there is none. Throws where the file cannot be read. */
export async function recallResources(directory: string): Promise<string | null> {
  const bytes = await optional(join(directory, RESOURCES_FILE));
  return bytes === null ? null : new TextDecoder().decode(bytes.subarray(0, RESOURCES_BYTES_MAX));
}

/** Keeps what the next agent must know of groups. */
export async function keepResources(
  directory: string,
  { version, text }: { readonly version: number; readonly text: string },
): Promise<HeartbeatEvent> {
  const told = { kind: "heartbeat", what: "resources-kept", version } as const;
  try {
    makeDirectory(directory);
    await replace(directory, RESOURCES_FILE, new TextEncoder().encode(text));
    return { ...told, failure: null };
  } catch (error) {
    return { ...told, failure: reasonOf(error) };
  }
}
