/** What enters and leaves the agent for virtual services: a part of boundary.ts. */
import type { TableWay } from "../../config/service-model.ts";
import type { Change, Entry, ServiceId, Timeouts } from "../../wire/ipvs.ts";

/** A service in the kernel that is ours: it goes when we go, and after a crash the next agent knows it by this. */
export interface OwnedService {
  readonly id: ServiceId;
  readonly way: TableWay;
  /** It stays where the agent is stopped, until `haagent release`. */
  readonly keep: boolean;
}

/** How the kernel answered one change; `errno` is a name (`ENOENT`) or null when it was done. */
export interface ChangeResult {
  readonly change: Change;
  readonly errno: string | null;
}

export type ServiceEvent =
  /** The table as it is: the answer to `read`, once for each way. */
  | {
      readonly kind: "services";
      readonly what: "told";
      readonly way: TableWay;
      /** Null: it could not be read. */
      readonly entries: readonly Entry[] | null;
      /** The error's name; null where it was read. */
      readonly failure: string | null;
      /** What an agent that is no more left there, in this boot; told with the first answer. */
      readonly left: readonly OwnedService[];
      /** How long it took, in milliseconds. */
      readonly took: number;
    }
  /** The answer to `write`. */
  | {
      readonly kind: "services";
      readonly what: "written";
      readonly way: TableWay;
      readonly results: readonly ChangeResult[];
    }
  /** The names in the maintenance directory are others than before. */
  | {
      readonly kind: "services";
      readonly what: "maintenance";
      readonly names: readonly string[];
      /** Why it cannot be read; then there are no names. */
      readonly failure: string | null;
    };

export type ServiceAction =
  /** Have the kernel keep to these timeouts, then read the table by these ways, and by those in which an earlier agent left something. */
  | {
      readonly kind: "services";
      readonly what: "read";
      readonly ways: readonly TableWay[];
      readonly timeouts: Timeouts;
    }
  /** Note down what is ours, all of it (null: as before), then make these changes in order. */
  | {
      readonly kind: "services";
      readonly what: "write";
      readonly way: TableWay;
      readonly changes: readonly Change[];
      readonly owned: readonly OwnedService[] | null;
    }
  /** Look at this directory from now on; null: at none. */
  | { readonly kind: "services"; readonly what: "maintain"; readonly directory: string | null };
