#!/usr/bin/env python3
"""What is below docker/: image, compose file, Kubernetes overlays and Terraform module, checked without a cluster."""

import copy
import hashlib
import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import unittest

import manifests
import yaml

ROOT = pathlib.Path(os.environ.get("TOCSIN_SOURCE_DIR", pathlib.Path(__file__).parents[2]))
BINARY = pathlib.Path(os.environ.get("TOCSIN_BINARY_DIR", ROOT / "build")) / "tocsin"
DOCKER = ROOT / "docker"
OVERLAYS = {
    # name: what is expected to exist outside of it
    "test": set(),
    "production": {("Secret", "tocsin-opsgenie")},
}


def tocsin_check(config, rules):
    """Runs `tocsin check` on files of these contents; returns its output if it found errors."""
    with tempfile.TemporaryDirectory() as folder:
        paths = []
        for name, text in {"tocsin.yaml": config, **rules}.items():
            paths.append(os.path.join(folder, name))
            pathlib.Path(paths[-1]).write_text(text, encoding="utf-8")
        done = subprocess.run([BINARY, "check", *paths], capture_output=True, text=True, check=False)
        return "" if done.returncode == 0 else done.stdout + done.stderr


class Kubernetes(unittest.TestCase):
    def rendered(self):
        for overlay, outside in OVERLAYS.items():
            items = manifests.render(DOCKER / "kubernetes/overlays" / overlay)
            if items is None:
                self.skipTest("kubectl is not installed: overlays are not rendered")
            yield overlay, items, outside

    def assert_clean(self, check):
        for overlay, items, _ in self.rendered():
            self.assertEqual(check(items), [], overlay)

    def test_probes_ask_ports_that_exist(self):
        self.assert_clean(manifests.check_probes)

    def test_probes_and_drain_are_as_promised(self):
        self.assert_clean(manifests.check_tocsin_probes)

    def test_selectors_match(self):
        self.assert_clean(manifests.check_selectors)

    def test_disruption_budget_lets_nodes_drain(self):
        self.assert_clean(manifests.check_disruption)

    def test_security_context_is_complete(self):
        self.assert_clean(manifests.check_security)

    def test_images_are_fixed_and_resources_present(self):
        self.assert_clean(manifests.check_images_and_resources)

    def test_configuration_refers_to_what_is_there(self):
        self.assert_clean(manifests.check_references)

    def test_volumes_have_their_objects(self):
        for overlay, items, outside in self.rendered():
            self.assertEqual(manifests.check_volumes(items, outside), [], overlay)

    def test_production_carries_no_secret(self):
        for _, items, outside in self.rendered():
            if outside:
                self.assertEqual(manifests.of_kind(items, "Secret"), [])

    def test_tocsin_accepts_configuration_and_rules(self):
        if not BINARY.exists():
            self.skipTest(f"{BINARY} is not built: configuration is not checked by it")
        for overlay, items, _ in self.rendered():
            config = manifests.find(items, "ConfigMap", "tocsin-config")["data"]["tocsin.yaml"]
            rules = manifests.find(items, "ConfigMap", "tocsin-rules")["data"]
            self.assertEqual(tocsin_check(config, rules), "", overlay)


class ChecksNotice(unittest.TestCase):
    """Each assertion above is shown a broken copy and must object."""

    def setUp(self):
        self.items = manifests.render(DOCKER / "kubernetes/overlays/test")
        if self.items is None:
            self.skipTest("kubectl is not installed")
        self.broken = copy.deepcopy(self.items)
        self.server = manifests.find(self.broken, "StatefulSet", "tocsin")
        self.pod = self.server["spec"]["template"]["spec"]
        self.container = self.pod["containers"][0]

    def test_wrong_port(self):
        self.container["readinessProbe"]["grpc"]["port"] = 4319
        self.assertTrue(manifests.check_probes(self.broken))
        self.assertTrue(manifests.check_tocsin_probes(self.broken))

    def test_short_grace(self):
        self.pod["terminationGracePeriodSeconds"] = 30
        self.assertTrue(manifests.check_tocsin_probes(self.broken))

    def test_label_mismatch(self):
        self.server["spec"]["template"]["metadata"]["labels"]["app.kubernetes.io/component"] = "other"
        self.assertTrue(manifests.check_selectors(self.broken))
        self.assertTrue(manifests.check_disruption(self.broken))

    def test_budget_that_blocks_drains(self):
        budget = manifests.of_kind(self.broken, "PodDisruptionBudget")[0]
        budget["spec"] = {"minAvailable": 1, "selector": budget["spec"]["selector"]}
        self.assertTrue(manifests.check_disruption(self.broken))

    def test_each_security_setting(self):
        for holder, key in (
            (self.pod["securityContext"], "runAsNonRoot"),
            (self.pod["securityContext"], "seccompProfile"),
            (self.pod, "automountServiceAccountToken"),
            (self.container["securityContext"], "readOnlyRootFilesystem"),
            (self.container["securityContext"], "allowPrivilegeEscalation"),
            (self.container["securityContext"], "capabilities"),
        ):
            with self.subTest(key=key):
                kept = holder.pop(key)
                self.assertTrue(manifests.check_security(self.broken))
                holder[key] = kept

    def test_latest_and_missing_resources(self):
        self.container["image"] = "registry:5000/tocsin:latest"
        self.assertTrue(manifests.check_images_and_resources(self.broken))
        self.container["image"] = "registry:5000/tocsin:1"
        self.assertEqual(manifests.check_images_and_resources(self.broken), [])
        del self.container["resources"]["limits"]
        self.assertTrue(manifests.check_images_and_resources(self.broken))

    def test_missing_objects_and_mounts(self):
        self.assertTrue(manifests.check_volumes([i for i in self.broken if i["kind"] != "ConfigMap"], set()))
        self.container["volumeMounts"] = [m for m in self.container["volumeMounts"] if m["name"] != "data"]
        self.assertTrue(manifests.check_references(self.broken))


class Image(unittest.TestCase):
    def setUp(self):
        text = (DOCKER / "Dockerfile").read_text(encoding="utf-8")
        joined = re.sub(r"\\\n\s*", " ", re.sub(r"(?m)^\s*#.*\n", "", text))
        self.lines = [line.split(None, 1) for line in joined.splitlines() if line.strip()]

    def arguments(self, word):
        return [rest for name, rest in self.lines if name == word]

    def test_base_images_are_pinned(self):
        stages = set()
        self.assertEqual(len(self.arguments("FROM")), 2)
        for rest in self.arguments("FROM"):
            image, *alias = rest.split()
            self.assertTrue(image in stages or re.search(r":(?!latest$)[\w.-]+$|@sha256:", image), image)
            stages.update(alias[1:])

    def test_last_user_is_not_root(self):
        self.assertEqual(self.arguments("USER")[-1], "65532:65532")

    def test_copied_paths_exist(self):
        for rest in self.arguments("COPY"):
            if rest.startswith("--from="):
                continue
            for source in rest.split()[:-1]:
                self.assertTrue((ROOT / source).exists(), source)

    def test_ports_are_exposed_and_listened_on(self):
        exposed = set(" ".join(self.arguments("EXPOSE")).split())
        self.assertEqual(exposed, {"4317", "4318", "9095"})
        listened = set(re.findall(r'"0\.0\.0\.0:(\d+)"', self.arguments("CMD")[-1]))
        self.assertEqual(listened, exposed)

    def test_builder_installs_the_list_and_no_apt_cache_stays(self):
        runs = self.arguments("RUN")
        self.assertTrue(any("docker/packages.txt" in run for run in runs))
        for run in runs:
            if "apt-get install" in run:
                self.assertIn("--no-install-recommends", run)
                self.assertIn("rm -rf /var/lib/apt/lists/*", run)

    def test_runtime_packages_are_found(self):
        if not BINARY.exists():
            self.skipTest(f"{BINARY} is not built")
        if not pathlib.Path("/usr/bin/dpkg").exists():
            self.skipTest("dpkg is not installed")
        done = subprocess.run([DOCKER / "runtime_packages.sh", BINARY], capture_output=True, text=True, check=False)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("libc6", done.stdout.split())

    def test_the_program_is_hardened(self):
        if not BINARY.exists():
            self.skipTest(f"{BINARY} is not built")

        def readelf(*words):
            return subprocess.run(["readelf", "--wide", *words, BINARY], capture_output=True, text=True, check=True).stdout
        dynamic, segments, symbols = readelf("--dynamic"), readelf("--segments"), readelf("--dyn-syms")
        self.assertRegex(dynamic, r"FLAGS_1.*\bNOW\b")
        self.assertRegex(dynamic, r"FLAGS_1.*\bPIE\b")
        self.assertIn("GNU_RELRO", segments)
        self.assertRegex(segments, r"GNU_STACK .* RW +0x")
        self.assertIn("__stack_chk_fail", symbols)
        self.assertRegex(symbols, r"__mem(cpy|move|set)_chk")

    def test_the_provenance_names_the_archive_the_commit_and_the_packages(self):
        with tempfile.TemporaryDirectory() as folder:
            archive, bill = pathlib.Path(folder, "tocsin-1.2.3.tar.gz"), pathlib.Path(folder, "sbom.spdx.json")
            archive.write_bytes(b"an archive")
            reference = "pkg:deb/debian/libc6@2.36-9?arch=amd64"
            bill.write_text(json.dumps({"packages": [{"name": "tocsin"}, {"name": "libc6", "externalRefs": [{"referenceLocator": reference}]}]}))
            made = [subprocess.run([sys.executable, DOCKER / "provenance.py", archive, bill], capture_output=True, text=True, check=True).stdout
                    for _ in range(2)]
        self.assertEqual(made[0], made[1])
        statement = json.loads(made[0])
        self.assertEqual(statement["predicateType"], "https://slsa.dev/provenance/v1")
        self.assertEqual(statement["subject"], [{"name": "tocsin-1.2.3.tar.gz", "digest": {"sha256": hashlib.sha256(b"an archive").hexdigest()}}])
        found = statement["predicate"]["buildDefinition"]["resolvedDependencies"]
        self.assertEqual(found[-1], {"uri": reference})
        for commit in found[:-1]:
            self.assertRegex(commit["digest"]["gitCommit"], "^[0-9a-f]{40}$")

    def test_the_bill_of_materials_names_each_package_with_its_version(self):
        if not BINARY.exists():
            self.skipTest(f"{BINARY} is not built")
        if not pathlib.Path("/usr/bin/dpkg").exists():
            self.skipTest("dpkg is not installed")
        made = subprocess.run([sys.executable, DOCKER / "sbom.py", "tocsin", "1.2.3", BINARY], capture_output=True, text=True, check=True)
        bill = json.loads(made.stdout)
        self.assertEqual(bill["spdxVersion"], "SPDX-2.3")
        packages = {package["name"]: package for package in bill["packages"]}
        self.assertEqual(packages["tocsin"]["versionInfo"], "1.2.3")
        names = subprocess.run([DOCKER / "runtime_packages.sh", BINARY], capture_output=True, text=True, check=True).stdout.split()
        self.assertEqual(set(packages), {"tocsin", *names})
        for name in names:
            self.assertRegex(packages[name]["externalRefs"][0]["referenceLocator"], f"^pkg:deb/[a-z]+/{name.replace('+', '.')}@[0-9].*arch=")
        listed = {package["SPDXID"] for package in bill["packages"]} | {"SPDXRef-DOCUMENT"}
        for relation in bill["relationships"]:
            self.assertLessEqual({relation["spdxElementId"], relation["relatedSpdxElement"]}, listed)


class Compose(unittest.TestCase):
    def setUp(self):
        self.compose = yaml.safe_load((DOCKER / "compose.yaml").read_text(encoding="utf-8"))
        self.services = self.compose["services"]

    def test_mounted_files_exist(self):
        for service in self.services.values():
            for volume in service.get("volumes", []):
                source = volume.split(":")[0]
                known = (DOCKER / source).exists() if source.startswith(".") else source in self.compose["volumes"]
                self.assertTrue(known, source)

    def test_ports_are_published_on_loopback_only_and_served(self):
        listen = self.config()["listen"]
        served = {address.rpartition(":")[2] for address in listen.values()}
        for port in self.services["tocsin"]["ports"]:
            address, outside, inside = port.split(":")
            self.assertEqual(address, "127.0.0.1")
            self.assertEqual(outside, inside)
            self.assertIn(inside, served)

    def test_pages_go_to_the_simulator(self):
        simulator = self.services["opsgenie-sim"]
        port = simulator["command"][simulator["command"].index("--listen") + 1].rpartition(":")[2]
        self.assertIn(port, simulator["expose"])
        target = self.config()["receivers"][0]["opsgenie_configs"][0]
        self.assertEqual(target["api_url"], f"http://opsgenie-sim:{port}")
        key = self.services["tocsin"]["environment"]["OPSGENIE_API_KEY"]
        self.assertIn(key, simulator["command"])
        self.assertEqual(self.services["tocsin"]["image"], simulator["image"])

    def test_stop_outlasts_the_drain(self):
        self.assertGreater(int(self.services["tocsin"]["stop_grace_period"].rstrip("s")), manifests.DRAIN_SECONDS)

    def config(self):
        return yaml.safe_load((DOCKER / "compose/tocsin.yaml").read_text(encoding="utf-8"))

    def test_tocsin_accepts_configuration_and_rules(self):
        if not BINARY.exists():
            self.skipTest(f"{BINARY} is not built: configuration is not checked by it")
        rules = {path.name: path.read_text(encoding="utf-8") for path in (DOCKER / "rules").glob("*.yaml")}
        for config in (DOCKER / "tocsin.yaml", DOCKER / "compose/tocsin.yaml"):
            self.assertEqual(tocsin_check(config.read_text(encoding="utf-8"), rules), "", config)


class Terraform(unittest.TestCase):
    module = DOCKER / "terraform/module"

    def text(self):
        return "".join(path.read_text(encoding="utf-8") for path in sorted(self.module.glob("*.tf")))

    def test_is_formatted(self):
        if not manifests.tool("terraform"):
            self.skipTest("terraform is not installed")
        command = ["terraform", "fmt", "-check", "-recursive", "-diff", DOCKER / "terraform"]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)

    def test_inputs_are_documented_and_used(self):
        text = self.text()
        for name, body in re.findall(r'(?ms)^variable "(\w+)" \{\n(.*?)^\}', text):
            self.assertRegex(body, r"description\s+= \"\S", name)
            self.assertIn(f"var.{name}", re.sub(r'(?ms)^variable .*?^\}', "", text), name)

    def test_overlays_set_only_inputs_of_the_module(self):
        inputs = set(re.findall(r'(?m)^variable "(\w+)"', self.text()))
        required = {"namespace", "image", "config", "rules"}
        for root in ("test", "production"):
            text = (DOCKER / "terraform/overlays" / root / "main.tf").read_text(encoding="utf-8")
            call = re.search(r'(?ms)^module "tocsin" \{\n(.*?)^\}', text).group(1)
            given = set(re.findall(r"(?m)^  (\w+)\s*=", call)) - {"source"}
            self.assertEqual(given - inputs, set(), root)
            self.assertEqual(required - given, set(), root)
            for path in re.findall(r'\$\{local\.kubernetes\}/([\w./-]+?)"', text):
                self.assertTrue((DOCKER / "kubernetes" / path).exists(), path)

    def test_says_the_same_as_the_kustomize_base(self):
        """Scalars of the StatefulSet that must not drift apart."""
        text = self.text()
        base = yaml.safe_load((DOCKER / "kubernetes/base/statefulset.yaml").read_text(encoding="utf-8"))
        pod = base["spec"]["template"]["spec"]
        container = pod["containers"][0]
        self.assertRegex(text, rf"termination_grace_period_seconds\s*= {pod['terminationGracePeriodSeconds']}\b")
        self.assertRegex(text, rf"failure_threshold\s*= {container['startupProbe']['failureThreshold']}\b")
        for probe in ("startupProbe", "livenessProbe"):
            self.assertIn(f'"{container[probe]["httpGet"]["path"]}"', text)
        for port in container["ports"]:
            self.assertRegex(text, rf"container_port\s*= {port['containerPort']}\b")
        for mount in container["volumeMounts"]:
            self.assertRegex(text, rf'mount_path\s*= "{mount["mountPath"]}"')
        for key in ("run_as_user", "run_as_group", "fs_group"):
            self.assertRegex(text, rf"{key}\s*= 65532")
        for key in ("read_only_root_filesystem", "run_as_non_root"):
            self.assertRegex(text, rf"{key}\s*= true")
        for key in ("allow_privilege_escalation", "automount_service_account_token"):
            self.assertNotRegex(text, rf"{key}\s*= true")
            self.assertRegex(text, rf"{key}\s*= false")


if __name__ == "__main__":
    unittest.main()
