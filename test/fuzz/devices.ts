/** The decoders of what the kernel answers about devices and packet filters, under fuzz. */
import { readFileSync } from "node:fs";
import { macBytes } from "../../src/base/address.ts";
import type { DeviceReply } from "../../src/wire/macvlan.ts";
import { decodeDevices } from "../../src/wire/macvlan.ts";
import { decodeAnswer } from "../../src/wire/nftables.ts";
import { hex } from "../wire/hex.ts";
import type { LengthField } from "./mutate.ts";
import { target } from "./target.ts";

const little = (at: number, bytes: 2 | 4): LengthField => ({ at, bytes, order: "little" });

const datagrams = (name: string): Uint8Array[] =>
  readFileSync(new URL(`../golden/rtnetlink/${name}.hex`, import.meta.url), "utf8")
    .trim()
    .split("\n")
    .map(hex);

/** Whoever asks knows its number; here it is that of the first message. */
const sequenceOf = (bytes: Uint8Array): number =>
  bytes.length < 12 ? 0 : new DataView(bytes.buffer, bytes.byteOffset).getUint32(8, true);

const wholeLength = (bytes: Uint8Array): void => {
  if (bytes.length >= 4) new DataView(bytes.buffer, bytes.byteOffset).setUint32(0, bytes.length, true);
};

const devices = target<DeviceReply>({
  name: "devices",
  golden: ["links", "answers"].flatMap(datagrams),
  lengthFields: [little(0, 4), little(4, 2), little(16, 2), little(32, 2), little(44, 2)],
  // DataView throws by itself where an index would give undefined.
  watch: false,
  outcomes: { device: "reached", answer: "reached", nothing: "reached" },
  decode: (bytes) => decodeDevices(bytes, sequenceOf(bytes)),
  outcomeOf: ({ devices: [first], answer }) =>
    first !== undefined ? "device" : answer !== null ? "answer" : "nothing",
  check: ({ devices: all, answer }, bytes) => {
    if (all.length > bytes.length / 32) return `${all.length} devices`;
    if (answer !== null && (answer < 0 || !Number.isInteger(answer))) return `answer ${answer}`;
    for (const { name, mac, kind, isPrivate } of all) {
      if (name.includes("\0") || kind.includes("\0"))
        return `${JSON.stringify(name)} of ${JSON.stringify(kind)}`;
      if (mac !== null && macBytes(mac).length !== 6) return `link-layer address ${mac}`;
      if (isPrivate && kind !== "macvlan") return `a private ${kind}`;
    }
    return null;
  },
  repair: (_, bytes) => wholeLength(bytes),
});

const answers = target<{ readonly answer: number | null }>({
  name: "nftables",
  golden: datagrams("answers"),
  lengthFields: [little(0, 4), little(4, 2)],
  watch: false,
  outcomes: { done: "reached", refused: "reached", nothing: "reached" },
  decode: (bytes) => ({ answer: decodeAnswer(bytes, sequenceOf(bytes)) }),
  outcomeOf: ({ answer }) => (answer === null ? "nothing" : answer === 0 ? "done" : "refused"),
  check: ({ answer }) =>
    answer === null || (Number.isInteger(answer) && answer >= 0) ? null : `answer ${answer}`,
  repair: (_, bytes) => wholeLength(bytes),
});

export const DEVICES = [devices, answers];
