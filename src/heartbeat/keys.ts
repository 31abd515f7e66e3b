/**
 * The keys of a cluster, and which of them signs. A node signs with one and accepts all that it has, so that they can be replaced one
 * node at a time: the new key to all first, then the new index, then the old key away.
 */
import { assert } from "../base/assert.ts";
import type { Method } from "../wire/heartbeat-token.ts";
import { isSame, token } from "../wire/heartbeat-token.ts";

/** What a message names its key by is 0 to this. */
export const INDEX_MAX = 15;

export interface Key {
  readonly method: Method;
  /** Empty with crc. */
  readonly secret: Uint8Array;
}

export interface KeyRing {
  readonly keys: ReadonlyMap<number, Key>;
  /** The index, one of `keys`, of the key that signs. */
  readonly signing: number;
}

/**
 * The index to sign with. heartbeat 3.0.6 looks up the method by the index in a datagram, but takes the secret that it signs with itself: while it
 * signs with the old key it believes no message that is signed with the new one, and the other way round. With `follow`, which is for as
 * long as such a node is in the cluster, we sign with what a peer was last heard to sign with, `heard`, so that it can change first.
 */
export const signingIndex = (ring: KeyRing, heard: number | null, follow: boolean): number =>
  follow && heard !== null && ring.keys.has(heard) ? heard : ring.signing;

/** `INDEX TOKEN`, as both forms of a message carry it. */
export function sign(ring: KeyRing, index: number, data: Uint8Array): string {
  const key = ring.keys.get(index);
  assert(key !== undefined, "we sign with a key that we have");
  return `${index} ${token(key.method, key.secret, data)}`;
}

/** The index is as we write it: the daemon sends no other spelling. */
const SIGNATURE = /^(0|[1-9][0-9]?) [0-9a-f]{1,64}$/;

/** What a signature is worth: the index of the key that made it, or why it is none. */
export type Verdict = number | "unsigned" | "key" | "forged";

/** Whether whoever signed `data` has the key that he names. */
export function verify(ring: KeyRing, signature: string | null, data: Uint8Array): Verdict {
  const named = signature === null ? null : SIGNATURE.exec(signature);
  if (signature === null || named === null) return "unsigned";
  const index = Number(named[1]);
  if (!ring.keys.has(index)) return "key";
  return isSame(sign(ring, index, data), signature) ? index : "forged";
}
