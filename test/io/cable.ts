/** Two namespaces and a cable between them: `eth1` on both sides. */
import { Namespace } from "../lab/namespace.ts";

export interface Cable {
  readonly a: Namespace;
  readonly b: Namespace;
  [Symbol.asyncDispose](): Promise<void>;
}

/** 10.66.0.1 and fe80::1 on one side, 10.66.0.2 and fe80::2 on the other. */
export async function cable(): Promise<Cable> {
  const [a, b] = await Promise.all([Namespace.create(), Namespace.create()]);
  await a.ip(`link add eth1 type veth peer name eth1 netns ${b.pid}`);
  for (const [number, side] of [a, b].entries()) {
    await side.ip(
      "link set lo up",
      "link set eth1 addrgenmode none",
      `link set eth1 address 02:00:00:00:66:0${number + 1}`,
      `addr add 10.66.0.${number + 1}/24 dev eth1`,
      "link set eth1 up",
      `addr add fe80::${number + 1}/64 dev eth1 nodad`,
    );
  }
  return {
    a,
    b,
    async [Symbol.asyncDispose]() {
      await Promise.all([a.close(), b.close()]);
    },
  };
}
