/** A TCP connection that must come about; it is closed again without a word. */
import { bad, good, refused } from "../../check/response.ts";
import type { TcpProbe } from "../../config/probe-model.ts";
import { dial } from "./dial.ts";
import type { Prober } from "./prober.ts";

export const probeTcp: Prober<TcpProbe> = (probe, tell, transcript) => {
  const dialled = dial(probe, transcript, {
    connected() {
      dialled.close();
      tell(good("connected"));
    },
    data() {},
    ended: () => tell(bad("closed")),
    failed: (why) => tell(refused(why)),
  });
  return { cancel: () => dialled.close() };
};
