/** What the kernel made of a router's adverts: whether they leave, and from when on one whose adverts do not is no healthy master. */
import type { Instant, Milliseconds } from "../base/units.ts";
import { after, NEVER } from "../base/units.ts";

export class Sending {
  /** Packets of the last advert, one for each destination and version, and how many of them the kernel refused. */
  private packets = 1;
  private refused = 0;
  /** When it is mute unless an advert leaves; {@link NEVER} as long as they do. */
  private muteAt: Instant = NEVER;

  /** An advert of so many packets is sent. */
  begins(packets: number): void {
    if (!this.lost) this.muteAt = NEVER;
    this.packets = packets;
    this.refused = 0;
  }

  /** One packet of it was refused. The advert is lost with the last of them, and made up for by the next one within `interval`. */
  refuses(now: Instant, interval: Milliseconds): void {
    this.refused += 1;
    if (this.lost && this.muteAt === NEVER) this.muteAt = after(now, interval);
  }

  /** Nothing of the last advert has left. */
  get lost(): boolean {
    return this.refused >= this.packets;
  }

  /** No advert has left for so long that nobody can know of a mastership; remembered until one leaves. */
  isMute(now: Instant): boolean {
    return this.lost && now >= this.muteAt;
  }
}
