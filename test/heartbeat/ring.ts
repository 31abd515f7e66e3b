/** Keys for tests, and messages in few words. */
import type { KeyRing } from "../../src/heartbeat/keys.ts";
import type { Message } from "../../src/wire/heartbeat-message.ts";
import { octetBytes, TEXT } from "../../src/wire/heartbeat-message.ts";
import type { Method } from "../../src/wire/heartbeat-token.ts";

export const bytes = (text: string): Uint8Array<ArrayBuffer> => octetBytes(text);

/** Of these keys the first one signs. */
export function ring(
  ...keys: readonly (readonly [index: number, method: Method, secret: string])[]
): KeyRing {
  const [first] = keys;
  if (first === undefined) throw new Error("no key");
  return {
    signing: first[0],
    keys: new Map(keys.map(([index, method, secret]) => [index, { method, secret: bytes(secret) }])),
  };
}

/** `"t=status src=a"`: text fields. */
export const message = (text: string): Message =>
  text.split(" ").map((each) => {
    const [name = "", value = ""] = each.split("=");
    return { name, type: TEXT, value };
  });
