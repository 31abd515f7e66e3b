/** Whom a node that begins asks which nodes there are. */
import { instant, NEVER } from "../base/units.ts";
import type { Settings, State } from "./membership.ts";

/** The living node after the one that was asked last, which may have left without our hearing it; null: there is none. */
export function nextAsked({ peers }: Settings, { asked, peers: states }: State): string | null {
  const living = peers.filter(({ name, kind }) => {
    const peer = states.get(name);
    return kind === "node" && peer?.status !== "dead" && peer?.left !== true;
  });
  const last = peers.findIndex(({ name }) => name === asked);
  const next = living.find(({ name }) => peers.findIndex((each) => each.name === name) > last);
  return (next ?? living[0])?.name ?? null;
}

/** A node has said that it ends: where its answer is waited for the next one is asked, at once. */
export function without(state: State, name: string): State {
  const peer = state.peers.get(name);
  if (peer === undefined) return state;
  const askAt = state.asked === name && state.askAt !== NEVER ? instant(0) : state.askAt;
  return { ...state, askAt, peers: new Map(state.peers).set(name, { ...peer, left: true }) };
}
