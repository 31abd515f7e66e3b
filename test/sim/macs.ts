/** What holds for the devices of virtual MAC addresses, and for what masters refuse. */
import { sightAdvert } from "./packets.ts";
import { RESTORED } from "./bounds.ts";
import type { Gates } from "./gates.ts";
import type { Node } from "./node.ts";
import type { Sent } from "./observer.ts";
import { carriedBy, INTERFACE_OF, interfaceOf, macOf, movedBy, type RouterPlan } from "./plan.ts";
import type { Scene } from "./scene.ts";
import { violate } from "./scene.ts";

/** A device that is not wanted is gone, or down, after so long: one after the other, each in 80 ms. */
const TIDIED = 1000;

const ownerOf = (node: Node, device: string): RouterPlan | undefined =>
  node.config.routers.find((router) => router.virtualMac !== false && interfaceOf(router) === device);

/** A device exists for a router that is configured, and is up exactly while that holds. */
export function judgeDevices(scene: Scene, gates: Gates, node: Node): void {
  const { watches, schedule } = scene;
  const { kernel, plan } = node;
  const known = new Set([...kernel.bases.keys(), ...node.config.routers.map(interfaceOf)]);
  for (const name of known) {
    const owner = ownerOf(node, name);
    const holds = owner !== undefined && gates.holds(node, owner);
    const link = kernel.links.get(name);
    const device = kernel.bases.has(name) ? link : undefined;
    const key = `${node.number} ${name}`;
    const watch = (what: string, broken: boolean, limit: number): void =>
      watches.update(`${what} ${key}`, broken && node.running, limit, schedule.now, () => {
        return `${plan.name}: ${name} ${what}`;
      });
    watch("is there for no router", device !== undefined && owner === undefined, TIDIED);
    watch("is up for a router that does not hold", device?.up === true && !holds, TIDIED);
    watch("is not up for a master", owner !== undefined && holds && link?.up !== true, RESTORED);
  }
}

/** After every turn of a node: what must not be taken is refused, and nothing else. */
export function judgeRefusals(scene: Scene, gates: Gates, node: Node): void {
  const told = node.process?.devices.refused ?? null;
  const refusing = node.config.routers.filter(
    (router) => !router.accept && router.priority !== 255 && gates.holds(node, router),
  );
  const wanted = new Set(refusing.flatMap((router) => carriedBy(router).map(({ address }) => address)));
  for (const address of wanted) {
    if (told?.addresses.includes(address) === true) continue;
    violate(scene, `${node.plan.name} accepts what is for ${address}, and should not`);
  }
  for (const address of told?.addresses ?? []) {
    if (!wanted.has(address)) violate(scene, `${node.plan.name} refuses what is for ${address}`);
  }
}

/** Adverts of a master bear its virtual MAC address, its last word does not. */
export function judgeSender(scene: Scene, node: Node, action: Sent): void {
  if (action.kind !== "frame") return;
  const { bytes, ethertype, router: name } = action;
  const advert = name === null ? null : sightAdvert(ethertype === 0x0800 ? 4 : 6, bytes);
  const router = node.config.routers.find((each) => each.name === name);
  if (advert === null || router === undefined) return;
  // Who yields says a last word with its priority, or 0 when it leaves: neither may draw the address's packets to it.
  const master = advert.priority > 0 && node.process?.agent.roles().get(router.name) === "master";
  const mac = router.virtualMac === true && router.peers === null && master ? macOf(router) : null;
  if (action.source === mac) return;
  violate(scene, `${node.plan.name} sent an advert of ${router.name} from ${action.source ?? "its own MAC"}`);
}

/** Nobody announces an address from an interface that it is not on. */
export function judgeAnnouncement(scene: Scene, node: Node, { index }: Sent, address: string): void {
  const router = node.config.routers.find((each) => movedBy(each).some((moved) => moved.address === address));
  const name = index === null ? undefined : node.kernel.link(index)?.name;
  if (router === undefined || name === undefined || name === interfaceOf(router)) return;
  // An owner's are its own; what was there before stays where it is.
  if (router.priority === 255 || name !== INTERFACE_OF[router.segment]) return;
  violate(scene, `${node.plan.name} announced ${address} from ${name}, not ${interfaceOf(router)}`);
}
