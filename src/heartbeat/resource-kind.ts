/** What a resource is: built in, or a script of that name. */
import type { Resource } from "./haresources.ts";
import { ADDRESSES } from "./haresources.ts";

/** An address of ours, or whatever a directory of scripts has under its name. */
export type ResourceKind = "address" | "script";

/** What is built in comes first: an appliance has no scripts, and those of resource-agents do nothing else. */
export const kindOf = ({ script }: Resource): ResourceKind =>
  ADDRESSES.includes(script) ? "address" : "script";
