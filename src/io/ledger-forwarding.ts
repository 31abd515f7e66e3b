/** Routes and rules as they are read from the ledger's JSON: nothing else is asked of the kernel by it. */
import type { Forwarding } from "../wire/forwarding.ts";
import { parseIp } from "../base/address.ts";
import { isObject } from "./json.ts";

const isIp = (value: unknown): boolean => {
  if (typeof value !== "string") return false;
  const parsed = parseIp(value);
  return parsed.ok && parsed.value === value;
};

const isOrNull = (check: (value: unknown) => boolean) => (value: unknown) => value === null || check(value);
const isText = (value: unknown): boolean => typeof value === "string";
const isFlag = (value: unknown): boolean => typeof value === "boolean";
const isNumber = (value: unknown): boolean => Number.isInteger(value);
const isFamily = (value: unknown): boolean => value === 4 || value === 6;
const isPrefix = (value: unknown): boolean => typeof value === "number" && value >= 0 && value <= 128;
const isNetwork = (value: unknown): boolean =>
  isObject(value) && isIp(value["address"]) && isPrefix(value["prefix"]);
const isMark = (value: unknown): boolean =>
  isObject(value) && isNumber(value["value"]) && isNumber(value["mask"]);
const oneOf =
  (...words: readonly string[]) =>
  (value: unknown): boolean =>
    typeof value === "string" && words.includes(value);

type Checks<Kind extends Forwarding["kind"]> = Readonly<
  Record<Exclude<keyof Extract<Forwarding, { kind: Kind }>, "kind">, (value: unknown) => boolean>
>;

const ROUTE: Checks<"route"> = {
  family: isFamily,
  type: oneOf("unicast", "blackhole", "unreachable", "prohibit", "throw"),
  destination: isIp,
  prefix: isPrefix,
  table: isNumber,
  metric: isNumber,
  via: isOrNull(isIp),
  index: isOrNull(isNumber),
  source: isOrNull(isIp),
  scope: isNumber,
  onlink: isFlag,
  mtu: isOrNull(isNumber),
};

const RULE: Checks<"rule"> = {
  family: isFamily,
  priority: isNumber,
  action: oneOf("lookup", "blackhole", "unreachable", "prohibit"),
  table: isNumber,
  not: isFlag,
  from: isOrNull(isNetwork),
  to: isOrNull(isNetwork),
  iif: isOrNull(isText),
  oif: isOrNull(isText),
  mark: isOrNull(isMark),
};

/** Whether this is a route or a rule, whole. */
export function isForwarding(value: unknown): value is Forwarding {
  if (!isObject(value)) return false;
  const checks = value["kind"] === "route" ? ROUTE : value["kind"] === "rule" ? RULE : null;
  return checks !== null && Object.entries(checks).every(([key, check]) => check(value[key]));
}
