"""Rendered Kubernetes manifests and the assertions on them: each returns a list of what is wrong."""

import copy
import functools
import shutil
import subprocess

import yaml

DRAIN_SECONDS = 60  # the longest a stop may take
STARTUP_SECONDS_MIN = 600


def tool(name):
    """The path of a tool, or None."""
    return shutil.which(name)


def render(overlay):
    """The objects of a kustomize overlay, the caller's own copy; None without kubectl."""
    return copy.deepcopy(_render(overlay)) if tool("kubectl") else None


@functools.lru_cache(maxsize=None)
def _render(overlay):
    done = subprocess.run(["kubectl", "kustomize", str(overlay)], capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise AssertionError(f"{overlay}: {done.stderr}")
    return [item for item in yaml.safe_load_all(done.stdout) if item]


def name_of(item):
    return f"{item['kind']}/{item['metadata']['name']}"


def of_kind(items, *kinds):
    return [item for item in items if item["kind"] in kinds]


def workloads(items):
    return of_kind(items, "StatefulSet", "Deployment")


def find(items, kind, name):
    return next((i for i in items if i["kind"] == kind and i["metadata"]["name"] == name), None)


def containers(item):
    return item["spec"]["template"]["spec"]["containers"]


def ports_of(container):
    """Names and numbers a probe or a service may refer to."""
    ports = container.get("ports", [])
    return {p["containerPort"] for p in ports} | {p["name"] for p in ports}


def selects(selector, labels):
    return bool(selector) and all(labels.get(k) == v for k, v in selector.items())


def pods_of(selector, items):
    return [w for w in workloads(items) if selects(selector, w["spec"]["template"]["metadata"]["labels"])]


def check_probes(items):
    wrong = []
    for item in workloads(items):
        for container in containers(item):
            where = f"{name_of(item)} {container['name']}"
            if "readinessProbe" not in container:
                wrong.append(f"{where}: no readinessProbe")
            for kind in ("startupProbe", "livenessProbe", "readinessProbe"):
                probe = container.get(kind)
                if probe is None:
                    continue
                action = probe.get("httpGet") or probe.get("grpc") or probe.get("tcpSocket") or {}
                if action.get("port") not in ports_of(container):
                    wrong.append(f"{where}: {kind} asks port {action.get('port')}, which it does not have")
                if "grpc" in probe and not isinstance(action.get("port"), int):
                    wrong.append(f"{where}: {kind}: gRPC probes take port numbers only")
    return wrong


def check_tocsin_probes(items):
    """The paths and ports that interface promises, and enough time to recover."""
    server = find(items, "StatefulSet", "tocsin")
    container = containers(server)[0]
    wrong = []
    startup = container.get("startupProbe", {})
    if startup.get("httpGet", {}).get("path") != "/-/ready":
        wrong.append("startupProbe does not wait for /-/ready")
    if startup.get("failureThreshold", 3) * startup.get("periodSeconds", 10) < STARTUP_SECONDS_MIN:
        wrong.append(f"startupProbe gives less than {STARTUP_SECONDS_MIN} s")
    if container.get("livenessProbe", {}).get("httpGet", {}).get("path") != "/-/healthy":
        wrong.append("livenessProbe does not ask /-/healthy")
    if container.get("readinessProbe", {}).get("grpc", {}).get("port") != 4317:
        wrong.append("readinessProbe does not ask gRPC health on 4317")
    numbers = {p["name"]: p["containerPort"] for p in container["ports"]}
    if numbers != {"grpc": 4317, "http": 4318, "admin": 9095}:
        wrong.append(f"ports are {numbers}")
    if server["spec"]["template"]["spec"].get("terminationGracePeriodSeconds", 30) <= DRAIN_SECONDS:
        wrong.append(f"terminationGracePeriodSeconds is not above {DRAIN_SECONDS}")
    return wrong


def check_selectors(items):
    wrong = []
    for item in workloads(items):
        if not selects(item["spec"]["selector"]["matchLabels"], item["spec"]["template"]["metadata"]["labels"]):
            wrong.append(f"{name_of(item)}: selector does not match its own pods")
    for service in of_kind(items, "Service"):
        pods = pods_of(service["spec"]["selector"], items)
        if len(pods) != 1:
            wrong.append(f"{name_of(service)}: selects {[name_of(p) for p in pods]}")
            continue
        ports = ports_of(containers(pods[0])[0])
        for port in service["spec"]["ports"]:
            if port["targetPort"] not in ports:
                wrong.append(f"{name_of(service)}: no port {port['targetPort']} in {name_of(pods[0])}")
    for policy in of_kind(items, "NetworkPolicy"):
        pods = pods_of(policy["spec"]["podSelector"].get("matchLabels"), items)
        if len(pods) != 1:
            wrong.append(f"{name_of(policy)}: selects {[name_of(p) for p in pods]}")
            continue
        for rule in policy["spec"].get("ingress", []):
            for port in rule.get("ports", []):
                if port["port"] not in ports_of(containers(pods[0])[0]):
                    wrong.append(f"{name_of(policy)}: no port {port['port']}")
    for item in of_kind(items, "StatefulSet"):
        headless = find(items, "Service", item["spec"]["serviceName"])
        if headless is None or headless["spec"].get("clusterIP") != "None":
            wrong.append(f"{name_of(item)}: serviceName is not a headless Service")
    return wrong


def check_disruption(items):
    budgets = of_kind(items, "PodDisruptionBudget")
    if not budgets:
        return ["no PodDisruptionBudget"]
    wrong = []
    for budget in budgets:
        pods = pods_of(budget["spec"]["selector"]["matchLabels"], items)
        if len(pods) != 1:
            wrong.append(f"{name_of(budget)}: selects {[name_of(p) for p in pods]}")
        elif budget["spec"].get("minAvailable", 0) >= pods[0]["spec"]["replicas"]:
            wrong.append(f"{name_of(budget)}: no node could ever be drained")
        if not {"minAvailable", "maxUnavailable"} & set(budget["spec"]) or budget["spec"].get("maxUnavailable") == 0:
            wrong.append(f"{name_of(budget)}: allows no disruption")
    return wrong


def check_security(items):
    """Pod Security "restricted", a read-only root, and no token."""
    wrong = []
    for item in workloads(items):
        pod = item["spec"]["template"]["spec"]
        context = pod.get("securityContext", {})
        for key, want in {"runAsNonRoot": True, "runAsUser": 65532, "runAsGroup": 65532}.items():
            if context.get(key) != want:
                wrong.append(f"{name_of(item)}: {key} is {context.get(key)}, not {want}")
        if context.get("seccompProfile", {}).get("type") != "RuntimeDefault":
            wrong.append(f"{name_of(item)}: seccompProfile is not RuntimeDefault")
        if pod.get("automountServiceAccountToken") is not False:
            wrong.append(f"{name_of(item)}: mounts a service account token")
        if item["kind"] == "StatefulSet" and context.get("fsGroup") != context.get("runAsGroup"):
            wrong.append(f"{name_of(item)}: fsGroup does not open the volume")
        for container in containers(item):
            own = container.get("securityContext", {})
            where = f"{name_of(item)} {container['name']}"
            if own.get("allowPrivilegeEscalation") is not False:
                wrong.append(f"{where}: allowPrivilegeEscalation")
            if own.get("readOnlyRootFilesystem") is not True:
                wrong.append(f"{where}: root file system is writable")
            if own.get("capabilities", {}).get("drop") != ["ALL"]:
                wrong.append(f"{where}: keeps capabilities")
    for namespace in of_kind(items, "Namespace"):
        if namespace["metadata"].get("labels", {}).get("pod-security.kubernetes.io/enforce") != "restricted":
            wrong.append(f"{name_of(namespace)}: pod security is not enforced")
    return wrong


def check_images_and_resources(items):
    wrong = []
    for item in workloads(items):
        for container in containers(item):
            where = f"{name_of(item)} {container['name']}"
            tag = container["image"].rpartition("/")[2].partition(":")[2]
            if "@sha256:" not in container["image"] and tag in ("", "latest"):
                wrong.append(f"{where}: image {container['image']} has no fixed tag")
            resources = container.get("resources", {})
            for kind, name in (("requests", "cpu"), ("requests", "memory"), ("limits", "memory")):
                if name not in resources.get(kind, {}):
                    wrong.append(f"{where}: no {kind}.{name}")
    return wrong


def check_volumes(items, outside):
    """Each mount has a volume, each volume its object; nothing is mounted by subPath. `outside`: made elsewhere."""
    wrong = []
    for item in workloads(items):
        pod = item["spec"]["template"]["spec"]
        volumes = {v["name"]: v for v in pod.get("volumes", [])}
        claims = {c["metadata"]["name"] for c in item["spec"].get("volumeClaimTemplates", [])}
        for container in containers(item):
            for mount in container.get("volumeMounts", []):
                if mount["name"] not in volumes and mount["name"] not in claims:
                    wrong.append(f"{name_of(item)}: mount of unknown volume {mount['name']}")
                if "subPath" in mount:
                    wrong.append(f"{name_of(item)}: {mount['name']}: a subPath never sees changes")
        for volume in volumes.values():
            for key, kind, field in (("configMap", "ConfigMap", "name"), ("secret", "Secret", "secretName")):
                if key in volume:
                    ref = (kind, volume[key][field])
                    if find(items, *ref) is None and ref not in outside:
                        wrong.append(f"{name_of(item)}: no {kind} {ref[1]}")
            if "secret" in volume and volume["secret"].get("defaultMode", 0o644) & 0o007:
                wrong.append(f"{name_of(item)}: everyone could read the secret")
    return wrong


def check_references(items):
    """The configuration points at paths and ports that exist in the pod."""
    server = find(items, "StatefulSet", "tocsin")
    config = yaml.safe_load(find(items, "ConfigMap", "tocsin-config")["data"]["tocsin.yaml"])
    container = containers(server)[0]
    mounts = [m["mountPath"] for m in container["volumeMounts"]]
    wrong = []

    def mounted(path, what):
        if not any(path == m or path.startswith(m + "/") for m in mounts):
            wrong.append(f"{what} {path} is on no volume")

    mounted(config["data_dir"], "data_dir")
    for pattern in config["rules"]:
        mounted(pattern, "rules")
    for receiver in config["receivers"]:
        for target in receiver.get("opsgenie_configs", []):
            if "api_key_file" in target:
                mounted(target["api_key_file"], "api_key_file")
    args = container["args"]
    mounted(args[args.index("--config") + 1], "--config")
    numbers = {p["name"]: p["containerPort"] for p in container["ports"]}
    for name, number in numbers.items():
        if config["listen"][name] != f"0.0.0.0:{number}":
            wrong.append(f"listen.{name} is {config['listen'][name]}, the pod's port is {number}")
    return wrong
