/** Multicast snooping: a bridge or switch that asks nobody who listens forgets, in time, that somebody does. */
import type { Config } from "../config/model.ts";
import type { Facts } from "./facts.ts";
import type { Finding } from "./finding.ts";

/** 224.0.0.0/24: snooping switches pass on all of it (RFC 4541 2.1.2). */
const isLocalGroup = (group: string): boolean => group.startsWith("224.0.0.");

/** All findings about bridges here that snoop; those elsewhere on the link cannot be seen. */
export function snoopingFindings({ bridges }: Facts, { routers }: Config): readonly Finding[] {
  return bridges
    .filter(({ snooping, querier }) => snooping && !querier)
    .flatMap((bridge) => {
      const router = routers.find(
        (each) => each.interface === bridge.interface && each.unicastPeers.length === 0,
      );
      if (router === undefined) return [];
      const group = router.multicastGroup;
      const harmless = isLocalGroup(group);
      return [
        {
          part: "vrrp",
          id: "snooping",
          severity: harmless ? "note" : "degraded",
          subject: bridge.name,
          text:
            `${bridge.name} snoops multicast and does not query who listens; ` +
            (harmless
              ? `${group} passes all the same, other groups may not`
              : `once a querier was heard and is gone, it keeps adverts to ${group} from its ports`),
          cure: `ip link set ${bridge.name} type bridge mcast_querier 1, or mcast_snooping 0`,
        } as const,
      ];
    });
}
