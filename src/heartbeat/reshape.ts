/** Membership under another configuration, while it runs: who and what stays is as it was. */
import type { Instant } from "../base/units.ts";
import type { Link, PeerState, Settings, State } from "./membership.ts";

/** `state`, with the peers and links of `settings`. The silence of what is new is counted from `now`. */
export function reshaped(settings: Settings, state: State, now: Instant): State {
  const fresh: Link = { state: "init", heardAt: now };
  const peers = settings.peers.map(({ name, links }): [string, PeerState] => {
    const known = state.peers.get(name);
    return [
      name,
      {
        ...(known ?? { status: "init", heardAt: now, patience: settings.deadtime, left: false }),
        links: new Map(links.map((link) => [link, known?.links.get(link) ?? fresh])),
      },
    ];
  });
  return { ...state, peers: new Map(peers) };
}
