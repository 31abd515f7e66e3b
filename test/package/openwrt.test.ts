/**
 * conf/openwrt/Makefile in make(1), with stand-ins for OpenWrt's rules.mk and package.mk that unpack, install and tell. So the Makefile is
 * read and its recipes run; OpenWrt's own tree is not here: test/limits.md.
 */
import { beforeAll, describe, expect, test } from "bun:test";
import { cpSync, mkdirSync, writeFileSync } from "node:fs";
import manifest from "../../package.json";
import { run } from "../lab/process.ts";
import { PACKAGE_MS, packages, shelf } from "./built.ts";

const ROOT = new URL("../..", import.meta.url).pathname;

const RULES = `
INCLUDE_DIR:=$(TOPDIR)/include
BUILD_DIR:=$(TOPDIR)/build_dir
INSTALL_DIR:=install -d -m0755
INSTALL_BIN:=install -m0755
INSTALL_CONF:=install -m0600
RSTRIP:=strip
`;
/** As OpenWrt's: the package's own text first, then what it makes of it. */
const PACKAGE = `
define BuildPackage
$(eval $(call Package/$(1)))
all:
	mkdir -p $(BUILD_DIR)
	tar -xzf $(TOPDIR)/dl/$(PKG_SOURCE) -C $(BUILD_DIR)
	$(call Package/$(1)/install,$(TOPDIR)/ipkg)
	$(RSTRIP) $(TOPDIR)/ipkg/usr/sbin/haagent
	@echo depends '$(DEPENDS)'
	@echo conffiles $(strip $(call Package/$(1)/conffiles))
endef
`;

const top = shelf();

beforeAll(() => packages(`${top}/dl`, ["linux-x64-musl"]), PACKAGE_MS);

describe("conf/openwrt/Makefile", () => {
  test("is of this version", async () => {
    expect(await Bun.file(`${ROOT}/conf/openwrt/Makefile`).text()).toContain(
      `PKG_VERSION:=${manifest.version}\n`,
    );
  });

  test("installs the program unharmed, its service and an empty configuration", async () => {
    mkdirSync(`${top}/include`);
    writeFileSync(`${top}/rules.mk`, RULES);
    writeFileSync(`${top}/include/package.mk`, PACKAGE);
    cpSync(`${ROOT}/conf/openwrt`, `${top}/package`, { recursive: true });
    const said = await run(["make", "-C", `${top}/package`, `TOPDIR=${top}`, "ARCH=x86_64", "all"]);
    expect(said).toContain("depends @(x86_64||aarch64) +libstdcpp +kmod-macvlan\n");
    expect(said).toContain("conffiles /etc/haagent.toml\n");
    const root = `${top}/ipkg`;
    await run(["cmp", `${root}/usr/sbin/haagent`, `${ROOT}/dist/haagent-linux-x64-musl`]);
    await run(["cmp", `${root}/etc/init.d/haagent`, `${ROOT}/conf/haagent.procd`]);
    expect((await run(["find", root, "-type", "f", "-perm", "755"])).trim().split("\n").sort()).toEqual([
      `${root}/etc/init.d/haagent`,
      `${root}/usr/sbin/haagent`,
    ]);
    expect(await Bun.file(`${root}/etc/haagent.toml`).text()).toContain("does nothing until");
  });
});
