/** A datagram that must be answered as expected, or at least not refused. */
import { bodyFits } from "../../check/response.ts";
import { bad, good, refused } from "../../check/response.ts";
import type { UdpProbe } from "../../config/probe-model.ts";
import { ask } from "./datagram.ts";
import type { Prober } from "./prober.ts";

export const probeUdp: Prober<UdpProbe> = (probe, tell, transcript) => {
  const { payload, pattern, requireReply } = probe;
  const running = ask(probe, probe.port, Uint8Array.from(payload), transcript, {
    heard(bytes) {
      running.cancel();
      if (pattern === null) tell(good(`${bytes.length} bytes came back`));
      else tell(bodyFits(bytes, pattern) ? good("reply matches") : bad("reply does not match"));
    },
    failed: (why) => tell(refused(why)),
  });
  if (requireReply) return running;
  return { cancel: () => running.cancel(), silence: good("sent, nobody says that nobody is there") };
};
