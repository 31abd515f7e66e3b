/** haagent.toml as text, from the tables that a test cares about. */

export type Value = string | number | boolean | readonly Value[] | { readonly [key: string]: Value };
export type Table = Readonly<Record<string, Value>>;

function written(value: Value): string {
  if (typeof value === "string") return JSON.stringify(value);
  if (typeof value !== "object") return String(value);
  if (Array.isArray(value)) return `[${value.map((item: Value) => written(item)).join(", ")}]`;
  return `{ ${Object.entries(value)
    .map(([key, item]: [string, Value]) => `${key} = ${written(item)}`)
    .join(", ")} }`;
}

/** One table with its header. */
export const table = (header: string, values: Table): string =>
  [`[${header}]`, ...Object.entries(values).map(([key, value]) => `${key} = ${written(value)}`), ""].join(
    "\n",
  );

/** The address of the virtual router that {@link router} makes. */
export const VIP = "192.0.2.1";

/** A virtual router on eth1: VRID 51, priority 100, an advert a second, one address; with what differs. */
export const router = (values: Table = {}, name = "VI_1"): string =>
  table(`vrrp.${name}`, { interface: "eth1", vrid: 51, addresses: [`${VIP}/24`], ...values });

/** A script check. */
export const check = (values: Table = {}, name = "web"): string =>
  table(`check.${name}`, { type: "script", command: ["/bin/check"], ...values });

/** The agent's own table. */
export const agent = (values: Table): string => table("agent", values);
