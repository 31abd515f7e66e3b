/** Routes and rules that get in each other's way. Each row: a rule, a text, all that is said of it. */
import { router, second, table } from "./said.ts";

table("routes and rules of one file", [
  [
    "are not said twice",
    router('routes = ["default dev eth1", "default dev eth2"]'),
    ["5:31 error: routes has default of metric 0 in table main twice"],
  ],
  ["may differ in metric", router('routes = ["default dev eth1", "default dev eth2 metric 1"]'), []],
  ["may differ in table", router('routes = ["default dev eth1", "default dev eth2 table 5"]'), []],
  [
    "of IPv6 have the metric that the kernel gives them",
    router('routes = ["::/0 dev eth1", "::/0 dev eth2 metric 1024"]'),
    ["5:28 error: routes has ::/0 of metric 1024 in table main twice"],
  ],
  [
    "may be shared by two routers",
    router('routes = ["default dev eth1"]') + second('routes = ["default dev eth1 metric 0"]'),
    [],
  ],
  [
    "of two routers do not contradict each other",
    router('routes = ["default dev eth1"]') + second('routes = ["default dev eth2"]'),
    [
      "10:11 error: routes: [vrrp.a] has another route to default of metric 0 in table main: give one of them another metric",
    ],
  ],
  [
    "are not the same rule twice",
    router('rules = ["from 10.9.0.0/24 table 100", "table 100 from 10.9.0.0/24"]'),
    ['5:40 error: rules has "from 10.9.0.0/24 table 100" twice'],
  ],
  [
    "may be shared by two routers, rules too",
    router('rules = ["from 10.9.0.0/24 table 5"]') + second('rules = ["from 10.9.0.0/24 table 5"]'),
    [],
  ],
  [
    "hold no rule that the kernel could remove in the place of another",
    router('rules = ["from 10.9.0.0/24 table 5"]') + second('rules = ["from 10.9.0.0/24 iif eth1 table 5"]'),
    [
      '10:10 error: rules: another rule says a part of "from 10.9.0.0/24 iif eth1 table 5" of priority 32765: give one of them another priority',
    ],
  ],
  [
    "may hold such rules of two priorities",
    router('rules = ["from 10.9.0.0/24 table 5", "from 10.9.0.0/24 iif eth1 table 5 priority 9"]'),
    [],
  ],
  [
    "may hold rules that share nothing",
    router('rules = ["from 10.9.0.0/24 table 5", "to 10.9.0.0/24 table 5"]'),
    [],
  ],
  [
    "are no more than a person can mean",
    router(
      `routes = [${Array.from({ length: 4097 }, (_, at) => `"10.${at >> 8}.${at & 255}.0/24 dev eth1"`).join(", ")}]`,
    ),
    ["5:10 error: routes has 4097 elements; the limit is 4096"],
  ],
]);
