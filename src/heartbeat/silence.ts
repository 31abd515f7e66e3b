/** When the silence of a peer, or of one of its links, has lasted long enough to count. */
import { unreachable } from "../base/assert.ts";
import type { Instant, Milliseconds } from "../base/units.ts";
import { after, ms, NEVER } from "../base/units.ts";
import type { Link, PeerState, Settings, State } from "./membership.ts";

/** How long a peer may be silent now. */
export const patience = ({ initdead }: Settings, { complete }: State, peer: PeerState): Milliseconds =>
  complete ? peer.patience : ms(Math.max(initdead, peer.patience));

/** When a peer is dead, counted from the last that was heard of it, or from our start. */
export const deadAt = (state: State, peer: PeerState, span: Milliseconds): Instant =>
  peer.status === "dead" ? NEVER : after(peer.heardAt ?? state.since, span);

/** When a link's state is another one if nothing is heard on it, of a peer that may be silent so long. */
export function lapsesAt(settings: Settings, state: State, link: Link, span: Milliseconds): Instant {
  switch (link.state) {
    case "up":
      return after(link.heardAt ?? state.since, ms(Math.min(span, settings.warntime)));
    case "init":
    case "late":
      return after(link.heardAt ?? state.since, span);
    case "dead":
      return NEVER;
    default:
      return unreachable(link.state);
  }
}
