/** What a resource is: one of those that are built in, or a script of its name. */
import type { Result } from "../base/result.ts";
import { fail, ok } from "../base/result.ts";
import type { Milliseconds } from "../base/units.ts";
import { ms } from "../base/units.ts";
import type { Resource } from "./haresources.ts";

export interface FilesystemArguments {
  /** A device, `UUID=`, `LABEL=`, a directory to bind, `host:/path`, `tmpfs`. */
  readonly device: string;
  readonly directory: string;
  /** Null: mount(8) finds out. */
  readonly filesystem: string | null;
  /** As for `mount -o`; null: none. */
  readonly options: string | null;
}

export type ResourceKind =
  /** An address of ours: IPaddr, IPaddr2, IPv6addr; see parseAddressArgument. */
  | { readonly kind: "address" }
  /** Filesystem::DEVICE::DIRECTORY[::TYPE[::OPTIONS]] */
  | ({ readonly kind: "filesystem" } & FilesystemArguments)
  /** drbddisk::RESOURCE */
  | { readonly kind: "drbd"; readonly resource: string }
  /** MailTo::ADDRESS[,ADDRESS][::SUBJECT] */
  | { readonly kind: "mail"; readonly to: readonly string[]; readonly subject: string | null }
  /** Delay::START[::STOP[::STATUS]], in seconds */
  | ({ readonly kind: "delay" } & Readonly<Record<"start" | "stop" | "status", Milliseconds>>)
  | { readonly kind: "script" };

/** What Delay waits without arguments, as heartbeat's. */
const DELAY_USUAL = 10;
const DELAY_MAX = 3600;

/** What is built in comes before any script of the name: an appliance has no scripts, and those do nothing else. */
export function kindOf({ script, args }: Omit<Resource, "text">): Result<ResourceKind, string> {
  switch (script) {
    case "IPaddr":
    case "IPaddr2":
    case "IPv6addr":
      return ok({ kind: "address" });
    case "Filesystem":
      return filesystem(args);
    case "drbddisk": {
      const [resource = "", more] = args;
      const named = /^[A-Za-z0-9_][A-Za-z0-9_.:+-]*$/.test(resource) && more === undefined;
      return named ? ok({ kind: "drbd", resource }) : fail("drbddisk takes one resource: drbddisk::RESOURCE");
    }
    case "MailTo":
      return mail(args);
    case "Delay":
    case "delay":
      return delay(args);
    default:
      return ok({ kind: "script" });
  }
}

function filesystem(args: readonly string[]): Result<ResourceKind, string> {
  const [device = "", directory = "", type = null, options = null, more] = args;
  const form = "Filesystem::DEVICE::DIRECTORY::TYPE::OPTIONS";
  if (device === "" || directory === "") return fail(`Filesystem needs more arguments: ${form}`);
  if (more !== undefined) return fail(`Filesystem takes four arguments at most: ${form}`);
  // What begins with it would be an option of mount(8).
  const dashed = [device, type, options].find((each) => each?.startsWith("-"));
  if (dashed !== undefined) return fail(`"${dashed}" is no argument of Filesystem: ${form}`);
  const whole =
    directory.startsWith("/") && directory.split("/").every((part) => part !== ".." && part !== ".");
  if (!whole) return fail(`Filesystem: "${directory}" is no whole path of a directory`);
  const plain = directory.replace(/\/+/g, "/").replace(/\/$/, "");
  if (plain === "") return fail("Filesystem: the root directory is always mounted");
  return ok({ kind: "filesystem", device, directory: plain, filesystem: type, options });
}

function mail(args: readonly string[]): Result<ResourceKind, string> {
  const [addresses = "", subject = null, more] = args;
  const to = addresses.split(",").filter((each) => each !== "");
  const form = "MailTo::ADDRESS,ADDRESS::SUBJECT";
  if (to.length === 0) return fail(`MailTo needs an address: ${form}`);
  if (more !== undefined) return fail(`MailTo takes two arguments at most: ${form}`);
  const wrong = to.find((each) => !/^[A-Za-z0-9_][!-~]*$/.test(each) || /[<>()[\]\\;:"]/.test(each));
  if (wrong !== undefined) return fail(`MailTo: "${wrong}" is no mail address`);
  if (subject !== null && !/^[ -~]*$/.test(subject)) return fail("MailTo: a subject is plain ASCII");
  return ok({ kind: "mail", to, subject });
}

function delay(args: readonly string[]): Result<ResourceKind, string> {
  const form = "Delay::START::STOP::STATUS, in seconds";
  if (args.length > 3) return fail(`Delay takes three arguments at most: ${form}`);
  const spans = args.map((text) => (/^\d+(\.\d+)?$/.test(text) ? Number(text) : Number.NaN));
  const wrong = spans.findIndex((span) => !(span <= DELAY_MAX));
  if (wrong >= 0) return fail(`Delay: "${args[wrong]}" is no time up to ${DELAY_MAX}: ${form}`);
  const [start = DELAY_USUAL, stop = start, status = 0] = spans;
  return ok({ kind: "delay", start: ms(start * 1000), stop: ms(stop * 1000), status: ms(status * 1000) });
}
