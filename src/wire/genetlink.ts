/**
 * Generic netlink: families of messages whose numbers the kernel gives out as they come (<linux/genetlink.h>). A message is that of
 * netlink(7), its type the number of the family, and behind the header
 *
 *     genlmsghdr    command u8 | version u8 | reserved u16
 */
import {
  attribute,
  attributesOf,
  eachMessage,
  encodeMessage,
  errnoOf,
  NLMSG,
  string,
  viewOf,
} from "./netlink.ts";

const GENERIC_HEADER = 4;
const NLM_F = { ack: 0x04, dump: 0x300 } as const;
const LITTLE = true;

/** The family that knows the others, and its one question. */
const CONTROL = { family: 16, version: 1, getFamily: 3 } as const;
const CONTROL_ATTRIBUTE = { id: 1, name: 2 } as const;

/** What is asked of a family. */
export interface Question {
  readonly family: number;
  readonly version: number;
  readonly command: number;
  /** All there is, a message each; else one, or none. */
  readonly dump?: boolean;
}

/** A request that is always answered, by an acknowledgement at the least. */
export function encodeQuestion(
  { family, version, command, dump = false }: Question,
  sequence: number,
  attributes: readonly Uint8Array[],
): Uint8Array {
  const head = Uint8Array.of(command, version, 0, 0);
  return encodeMessage(family, NLM_F.ack | (dump ? NLM_F.dump : 0), sequence, [head, ...attributes]);
}

/** Asks for the number of a family by its name; the kernel loads the module that has it. ENOENT when there is none. */
export const encodeFamilyLook = (name: string, sequence: number): Uint8Array =>
  encodeQuestion({ family: CONTROL.family, version: CONTROL.version, command: CONTROL.getFamily }, sequence, [
    string(CONTROL_ATTRIBUTE.name, name),
  ]);

/** What one datagram answers. */
export interface Answer {
  /** The attributes of each message, without their headers. */
  readonly bodies: readonly Uint8Array[];
  /** 0, or an error number; null: more is to come. */
  readonly result: number | null;
}

/** Every message of a datagram that answers that sequence number. Never throws: what does not fit its own lengths ends the walk. */
export function decodeAnswers(bytes: Uint8Array, sequence: number): Answer {
  const bodies: Uint8Array[] = [];
  let result: number | null = null;
  eachMessage(bytes, ({ type, sequence: of, body }) => {
    if (of !== sequence) return;
    // Either carries 0 or minus an error number; a dump that failed half-way says so at its end.
    if (type === NLMSG.error || type === NLMSG.done) result = errnoOf(body);
    else if (body.length >= GENERIC_HEADER) bodies.push(body.subarray(GENERIC_HEADER));
  });
  return { bodies, result };
}

/** The number of the family in an answer to {@link encodeFamilyLook}; null when it is not in it. */
export function decodeFamily(body: Uint8Array): number | null {
  const id = attribute(attributesOf(body), CONTROL_ATTRIBUTE.id, 2);
  return id === null ? null : viewOf(id).getUint16(0, LITTLE);
}
