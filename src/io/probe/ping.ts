/** One ICMP echo request that must be answered. */
import { familyOf } from "../../base/address.ts";
import { good, refused } from "../../check/response.ts";
import type { PingProbe } from "../../config/probe-model.ts";
import { decodeEchoReply, encodeEchoRequest } from "../../wire/icmp.ts";
import { ask } from "./datagram.ts";
import type { Prober } from "./prober.ts";

/** Bytes of a nonce: with it a reply answers this request and no other, ours or a stranger's. */
const NONCE = 16;
let sequence = 0;

export const probePing: Prober<PingProbe> = (probe, tell, transcript) => {
  const family = familyOf(probe.address);
  sequence = (sequence + 1) & 0xffff;
  const asked = {
    identifier: process.pid & 0xffff,
    sequence,
    payload: crypto.getRandomValues(new Uint8Array(NONCE)),
  };
  const began = performance.now();
  const running = ask(probe, null, encodeEchoRequest(family, asked), transcript, {
    heard(bytes) {
      const reply = decodeEchoReply(family, bytes);
      if (reply === null || reply.identifier !== asked.identifier) return;
      if (reply.sequence !== asked.sequence || !same(reply.payload, asked.payload)) return;
      running.cancel();
      tell(good(`answered in ${(performance.now() - began).toFixed(1)}ms`));
    },
    failed: (why) => tell(refused(why)),
  });
  return running;
};

const same = (a: Uint8Array, b: Uint8Array): boolean =>
  a.length === b.length && a.every((byte, at) => byte === b[at]);
