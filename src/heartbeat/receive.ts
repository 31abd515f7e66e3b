/** The whole way of what comes in: bytes, an authentic message, a known sender, a content, and whether it counts. Whatever is dropped has its reason. */
import type { Instant } from "../base/units.ts";
import type { Message } from "../wire/heartbeat-message.ts";
import { valuesOf } from "../wire/heartbeat-message.ts";
import type { Admission, AdmissionError, Tracking } from "./admission.ts";
import { ADMISSION_ERRORS, admit } from "./admission.ts";
import type { Content } from "./content.ts";
import { decodeContent } from "./content.ts";
import type { Header, Identity } from "./header.ts";
import { readHeader } from "./header.ts";
import type { KeyRing } from "./keys.ts";
import type { PacketError } from "./packet.ts";
import { open, PACKET_ERRORS } from "./packet.ts";

/** Why something that came in counts for nothing. */
export type DropReason =
  | PacketError
  /** It lacks what every message has. */
  | "header"
  /** We sent it ourselves: broadcasts come back. */
  | "own"
  /** No node of the configuration sent it. */
  | "node"
  /** It lacks what its type has. */
  | "content"
  | AdmissionError;

/** Every {@link DropReason}, for counters and status. */
export const DROP_REASONS = [
  ...PACKET_ERRORS,
  ...(["header", "own", "node", "content"] as const),
  ...ADMISSION_ERRORS,
] as const satisfies readonly DropReason[];

/** What is known of a configured sender. */
export interface Sender {
  readonly tracking: Tracking;
  /** Taken for dead. */
  readonly dead: boolean;
}

export interface Receiver {
  readonly own: Identity;
  /** By its name, lower case; null: not configured. */
  readonly sender: (name: string) => Sender | null;
}

export type Receipt =
  /** `source` is who is said to have sent it, where that is authentic: a duplicate still shows that its link lives. */
  | { readonly kind: "dropped"; readonly reason: DropReason; readonly source: string | null }
  | {
      readonly kind: "accepted";
      readonly header: Header;
      readonly content: Content;
      readonly message: Message;
      /** Of the key that signed it. */
      readonly index: number;
      /** It is meant for us, alone or among all. */
      readonly forUs: boolean;
      /** Null: of a type that is not counted, or a question before anything that counts. */
      readonly admission: Extract<Admission, { readonly kind: "accepted" }> | null;
      /** Of its sender from here on. */
      readonly tracking: Tracking;
    };

/** What bytes say by themselves, whoever sent them: the same bytes always the same. */
export type Reading =
  | { readonly ok: false; readonly reason: PacketError | "header" }
  | {
      readonly ok: true;
      readonly message: Message;
      readonly index: number;
      readonly header: Header;
      /** Null: it lacks what its type has. */
      readonly content: Content | null;
    };

/** Takes a datagram, or a message off a line, apart: authentic, or dropped. */
export function read(bytes: Uint8Array, ring: KeyRing): Reading {
  const opened = open(bytes, ring);
  if (!opened.ok) return { ok: false, reason: opened.error };
  const { message, index } = opened.value;
  const values = valuesOf(message);
  const header = readHeader(message, values);
  if (header === null) return { ok: false, reason: "header" };
  return { ok: true, message, index, header, content: decodeContent(message, values) };
}

/** Judges what was read. What it shows to be missing is to be asked for at `askAt`: {@link admit}. */
export function receive({ own, sender }: Receiver, reading: Reading, askAt: Instant): Receipt {
  if (!reading.ok) return { kind: "dropped", reason: reading.reason, source: null };
  const { message, index, header, content } = reading;
  const { source } = header;
  const drop = (reason: DropReason): Receipt => ({ kind: "dropped", reason, source });
  if (source === own.name) return drop("own");
  const known = sender(source);
  if (known === null) return drop("node");
  if (content === null) return drop("content");
  const forUs = isFor(header, own);
  const { sequence, generation } = header;
  if (sequence === null || generation === null) {
    const { tracking } = known;
    return { kind: "accepted", header, content, message, index, forUs, admission: null, tracking };
  }
  const arrival = { generation, sequence, isStatus: content.kind === "status" };
  const { tracking, admission } = admit(known.tracking, arrival, known.dead, askAt);
  if (admission.kind === "accepted")
    return { kind: "accepted", header, content, message, index, forUs, admission, tracking };
  // A node that was there before us asks at once: answered now, it need not ask again in a second.
  if (admission.reason === "early" && content.kind === "reqnodes")
    return { kind: "accepted", header, content, message, index, forUs, admission: null, tracking };
  return drop(admission.reason);
}

/** By UUID where it says one, as the daemon does; the types without a number go by name only. */
function isFor({ sequence, destination, destinationUuid }: Header, own: Identity): boolean {
  if (destinationUuid !== null && sequence !== null) return destinationUuid === own.uuid;
  return destination === null || destination === own.name;
}
