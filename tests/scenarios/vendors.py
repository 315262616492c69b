"""A story as the records of a vendor's export, in the shapes of docs/sources."""
import datetime
import json

from story import BEGIN, digest, hex_of

UNRENDERED = None


def time_of(step_or_seconds):
    seconds = step_or_seconds if isinstance(step_or_seconds, (int, float)) else step_or_seconds["at"]
    return BEGIN + datetime.timedelta(milliseconds=round(seconds * 1000))


def utc(time):
    return time.strftime("%Y-%m-%d %H:%M:%S.") + f"{time.microsecond // 1000:03d}"


def epoch_ms(time):
    return round((time - datetime.datetime(1970, 1, 1)).total_seconds() * 1000)


# --- Sysmon


class Sysmon:
    """Events of Sysmon's channel (and Security 4663), as (EventID, channel, data)."""

    systems = ("windows",)

    def __init__(self, wrap):
        self.wrap = wrap

    def render(self, story, number=0):
        """The records of a story; `number`: how many came before of the same hosts."""
        for step in story.ordered():
            if step["process"].host.system not in self.systems:
                continue
            data = getattr(self, step["kind"])(step, step["process"])
            if data is UNRENDERED:
                continue
            number += 1
            yield self.wrap(step, number, *data)

    @staticmethod
    def uid(process):
        start = epoch_ms(time_of(process.start)) // 1000
        return f"{{{hex_of(8, process.host.name)}-{start >> 16:04x}-{start & 0xFFFF:04x}-{process.number & 0xFFFF:04x}-000000002f00}}"

    @staticmethod
    def user(process):
        return "NT AUTHORITY\\SYSTEM" if process.elevated else "ACME\\" + process.host.user

    def actor(self, step, process):
        return {"RuleName": "-", "UtcTime": utc(time_of(step)), "ProcessGuid": self.uid(process),
                "ProcessId": process.pid, "Image": process.image}

    @staticmethod
    def described(file):
        return {"FileVersion": file.version, "Description": "-", "Product": "-", "Company": file.company,
                "OriginalFileName": file.original}

    @staticmethod
    def hashes(file):
        return {"Hashes": ",".join(f"{kind.upper()}={file.hashes[kind].upper()}" for kind in ("sha1", "md5", "sha256"))}

    def start(self, step, process):
        parent = process.parent
        data = {**self.actor(step, process), **self.described(process.file), "CommandLine": process.command_line,
                "CurrentDirectory": "C:\\", "User": self.user(process), "LogonId": "0x3e7a2", "TerminalSessionId": 1,
                "IntegrityLevel": "System" if process.elevated else "Medium", **self.hashes(process.file)}
        if parent is not None:
            data.update({"ParentProcessGuid": self.uid(parent), "ParentProcessId": parent.pid, "ParentImage": parent.image,
                         "ParentCommandLine": parent.command_line, "ParentUser": self.user(parent)})
        return 1, data

    def end(self, step, process):
        return 5, {**self.actor(step, process), "User": self.user(process)}

    def load(self, step, process):
        file = step["file"]
        signed = file.signer is not None
        return 7, {**self.actor(step, process), "ImageLoaded": file.path, **self.described(file), **self.hashes(file),
                   "Signed": "true" if signed else "false", "Signature": file.signer or "-",
                   "SignatureStatus": "Valid" if signed else "Unavailable", "User": self.user(process)}

    def dns(self, step, process):
        data = self.actor(step, process)
        image = data.pop("Image")
        results = "".join(f"::ffff:{address};" for address in step["addresses"])
        return 22, {**data, "QueryName": step["name"], "QueryStatus": "0", "QueryResults": results, "Image": image,
                    "User": self.user(process)}

    def connect(self, step, process):
        return 3, {**self.actor(step, process), "User": self.user(process), "Protocol": "tcp", "Initiated": "true",
                   "SourceIsIpv6": "false", "SourceIp": "10.20.4.42", "SourceHostname": process.host.name,
                   "SourcePort": 50000 + process.number, "SourcePortName": "-", "DestinationIsIpv6": "false",
                   "DestinationIp": step["address"], "DestinationHostname": step["name"], "DestinationPort": step["port"],
                   "DestinationPortName": "-"}

    def file(self, step, process):
        return 11, {**self.actor(step, process), "TargetFilename": step["file"].path,
                    "CreationUtcTime": utc(time_of(step)), "User": self.user(process)}

    def delete(self, step, process):
        return 26, {**self.actor(step, process), "User": self.user(process), "TargetFilename": step["file"].path,
                    "IsExecutable": "true"}

    def pipe(self, step, process):
        data = self.actor(step, process)
        return 17, {**data, "EventType": "CreatePipe", "PipeName": step["name"], "User": self.user(process)}

    def thread(self, step, process):
        target = step["target"]
        return 8, {"RuleName": "-", "UtcTime": utc(time_of(step)), "SourceProcessGuid": self.uid(process),
                   "SourceProcessId": process.pid, "SourceImage": process.image, "TargetProcessGuid": self.uid(target),
                   "TargetProcessId": target.pid, "TargetImage": target.image, "NewThreadId": 4711,
                   "StartAddress": "0x00007FF8A1B20000", "StartModule": "-", "StartFunction": "-",
                   "SourceUser": self.user(process), "TargetUser": self.user(target)}

    def read(self, step, process):
        return 4663, {"SubjectUserName": process.host.user, "ObjectServer": "Security", "ObjectType": "File",
                      "ObjectName": step["file"].path, "AccessMask": "0x1", "ProcessId": hex(process.pid),
                      "ProcessName": process.image}

    def url(self, step, process):
        return UNRENDERED

    indicator = url


def evtx_dump(step, number, event_id, data):
    time = time_of(step)
    security = event_id >= 4000
    system = {"Provider": {"#attributes": {
        "Name": "Microsoft-Windows-Security-Auditing" if security else "Microsoft-Windows-Sysmon"}},
        "EventID": event_id, "Version": 5, "Level": 4, "Task": event_id, "Opcode": 0, "Keywords": "0x8000000000000000",
        "TimeCreated": {"#attributes": {"SystemTime": time.strftime("%Y-%m-%dT%H:%M:%S.") + f"{time.microsecond:06d}Z"}},
        "EventRecordID": number, "Correlation": None, "Execution": {"#attributes": {"ProcessID": 2928, "ThreadID": 5892}},
        "Channel": "Security" if security else "Microsoft-Windows-Sysmon/Operational",
        "Computer": step["process"].host.name + ".acme.example", "Security": {"#attributes": {"UserID": "S-1-5-18"}}}
    # evtx_dump writes GUIDs without braces.
    bare = {name: value.strip("{}").upper() if name.endswith("Guid") else value for name, value in data.items()}
    return {"Event": {"#attributes": {"xmlns": "http://schemas.microsoft.com/win/2004/08/events/event"}, "System": system,
                      "EventData": bare}}


def winlogbeat(step, number, event_id, data):
    time = time_of(step)
    security = event_id >= 4000
    provider = "Microsoft-Windows-Security-Auditing" if security else "Microsoft-Windows-Sysmon"
    computer = step["process"].host.name + ".acme.example"
    return {"@timestamp": time.strftime("%Y-%m-%dT%H:%M:%S.") + f"{time.microsecond // 1000:03d}Z",
            "winlog": {"channel": "Security" if security else "Microsoft-Windows-Sysmon/Operational", "computer_name": computer,
                       "event_id": str(event_id), "opcode": "Info", "process": {"pid": 2928, "thread": {"id": 5892}},
                       "provider_name": provider, "record_id": number, "api": "wineventlog",
                       "event_data": {name: str(value) for name, value in data.items()}},
            "event": {"kind": "event", "provider": provider, "code": str(event_id)}, "ecs": {"version": "1.12.0"},
            "log": {"level": "information"}, "host": {"name": computer}, "agent": {"type": "winlogbeat", "version": "7.17.9"}}


# --- CrowdStrike


class CrowdStrike:
    systems = ("windows", "macos")

    def render(self, story, number=0):
        hosts = []
        for step in story.ordered():
            process = step["process"]
            host = process.host
            if host not in hosts:
                hosts.append(host)
                yield self.record(step, number, "AgentOnline", 13, {"ComputerName": host.name, "AgentVersion": "6.52.16606.0"})
            rendered = getattr(self, step["kind"])(step, process)
            if rendered is UNRENDERED:
                continue
            number += 1
            yield self.record(step, number, *rendered)

    @staticmethod
    def record(step, number, name, version, fields):
        process = step["process"]
        time = time_of(step)
        windows = process.host.system == "windows"
        return {"event_simpleName": name, "name": f"{name}{'' if windows else 'Mac'}V{version}",
                "event_platform": "Win" if windows else "Mac", "aid": hex_of(32, "aid", process.host.name),
                "cid": hex_of(32, "cid"), "aip": "203.0.113.77",
                "id": str(_uuid(process.story.name, name, number)), "timestamp": str(epoch_ms(time) + 900),
                **({} if name.endswith("ProcessRollup2") else {"ContextTimeStamp": f"{epoch_ms(time) / 1000:.3f}"}), **fields}

    @staticmethod
    def uid(process):
        return str(3_400_000_000_000 + int(hex_of(9, process.host.name, process.number, process.start), 16))

    @staticmethod
    def device(process, path):
        return path.replace("C:", "\\Device\\HarddiskVolume3", 1) if process.host.system == "windows" else path

    def context(self, process):
        return {"ContextProcessId": self.uid(process), "ContextThreadId": "0"}

    def start(self, step, process):
        parent = process.parent
        parent_uid = self.uid(parent) if parent else "1"
        return "ProcessRollup2", 19, {
            "TargetProcessId": self.uid(process), "ParentProcessId": parent_uid, "SourceProcessId": parent_uid,
            "RawProcessId": str(process.pid), "ImageFileName": self.device(process, process.image),
            "CommandLine": process.command_line, "ParentBaseFileName": parent.file.name if parent else "",
            "SHA256HashData": process.file.hashes["sha256"], "MD5HashData": process.file.hashes["md5"],
            "SHA1HashData": "0" * 40, "UserSid": "S-1-5-18" if process.elevated else "S-1-5-21-1-2-3-1104",
            "IntegrityLevel": "16384" if process.elevated else "8192",
            "ProcessStartTime": f"{epoch_ms(time_of(step)) / 1000:.3f}"}

    def end(self, step, process):
        return "EndOfProcess", 15, {**self.context(process), "TargetProcessId": self.uid(process),
                                    "RawProcessId": str(process.pid)}

    def load(self, step, process):
        file = step["file"]
        # The sensor does not report the system's own modules, and macOS's none.
        if process.host.system != "windows" or (file.signer or "").startswith("Microsoft Windows"):
            return UNRENDERED
        return "ClassifiedModuleLoad", 2, {
            **self.context(process), "ImageFileName": self.device(process, file.path), "SHA256HashData": file.hashes["sha256"],
            "MD5HashData": file.hashes["md5"], "SignInfoFlags": "8388608", "PrimaryModule": "0", "MappedFromUserMode": "1",
            "ModuleLoadTelemetryClassification": "2", "TargetProcessId": self.uid(process),
            "TargetImageFileName": self.device(process, process.image)}

    def dns(self, step, process):
        suspicious = step["name"] == "raw.githubusercontent.com" and process.host.system == "windows"
        return ("SuspiciousDnsRequest", 2, {**self.context(process), "DomainName": step["name"], "RequestType": "1"}) \
            if suspicious else ("DnsRequest", 4, {**self.context(process), "DomainName": step["name"], "RequestType": "1",
                                                  "IP4Records": "".join(a + ";" for a in step["addresses"])})

    def connect(self, step, process):
        return "NetworkConnectIP4", 12, {**self.context(process), "RemoteAddressIP4": step["address"],
                                         "RemotePort": str(step["port"]), "LocalAddressIP4": "10.20.4.42",
                                         "LocalPort": str(50000 + process.number), "Protocol": "6",
                                         "ConnectionDirection": "0"}

    def file(self, step, process):
        file = step["file"]
        windows = process.host.system == "windows"
        if windows and not file.path.lower().endswith((".dll", ".exe")):
            return UNRENDERED
        if not windows and not file.original == "mach-o":
            return UNRENDERED
        return "PeFileWritten" if windows else "MachOFileWritten", 15 if windows else 3, {
            **self.context(process), "TargetFileName": self.device(process, file.path),
            "SHA256HashData": file.hashes["sha256"], "Size": "67072"}

    def delete(self, step, process):
        return "ExecutableDeleted", 1, {**self.context(process), "TargetFileName": self.device(process, step["file"].path)}

    def pipe(self, step, process):
        return UNRENDERED

    url = indicator = read = thread = pipe


# --- SentinelOne


class SentinelOne:
    systems = ("windows", "macos")

    def render(self, story, number=0):
        for number, step in enumerate(story.ordered(), number):
            rendered = getattr(self, step["kind"])(step, step["process"])
            if rendered is not UNRENDERED:
                yield self.record(step, number, *rendered)

    def uid(self, process):
        key = (process.host.name, process.number, process.start)
        return hex_of(16, *key).upper() if process.host.system == "windows" else str(_uuid(*key)).upper()

    def storyline(self, process):
        while process.parent is not None and process.parent.parent is not None:
            process = process.parent
        return self.uid(process)

    def of(self, side, process):
        windows = process.host.system == "windows"
        signed = process.file.signer is not None
        return {f"{side}.process.uid": self.uid(process), f"{side}.process.pid": process.pid,
                f"{side}.process.name": process.file.name, f"{side}.process.image.path": process.image,
                **{f"{side}.process.image.{kind}": value for kind, value in process.file.hashes.items()},
                f"{side}.process.cmdline": process.command_line,
                f"{side}.process.user": "ACME\\" + process.host.user if windows else process.host.user,
                f"{side}.process.startTime": epoch_ms(time_of(process.start)),
                f"{side}.process.storyline.id": self.storyline(process),
                f"{side}.process.publisher": (process.file.signer or "").upper(),
                f"{side}.process.signedStatus": "signed" if signed else "unsigned",
                f"{side}.process.verifiedStatus": "verified" if signed else "unverified"}

    def record(self, step, number, kind, category, meta, fields, actor=True):
        process = step["process"]
        time = time_of(step)
        trace = hex_of(26, process.story.name).upper()
        return {"agent.uuid": hex_of(32, "agent", process.host.name), "agent.version": "22.2.4.558",
                "endpoint.name": process.host.name, "endpoint.os": "windows" if process.host.system == "windows" else "osx",
                "endpoint.type": "laptop", "event.category": category, "event.type": kind, "event.id": f"{trace}_{number}",
                "event.time": epoch_ms(time), "timestamp": time.strftime("%Y-%m-%dT%H:%M:%S.") + f"{time.microsecond // 1000:03d}Z",
                "dataSource.name": "SentinelOne", "dataSource.vendor": "SentinelOne", "dataSource.category": "security",
                "meta.event.name": meta, "i.scheme": "edr", "trace.id": trace,
                **(self.of("src", process) if actor else {}), **fields}

    def start(self, step, process):
        # On macOS the parent is not told.
        parent = process.parent if process.host.system == "windows" else None
        fields = {**self.of("tgt", process), **(self.of("src", parent) if parent else {})}
        return "Process Creation", "process", "PROCESSCREATION", fields, False

    def end(self, step, process):
        return UNRENDERED

    def load(self, step, process):
        if process.host.system != "windows":
            return UNRENDERED
        file = step["file"]
        # tgt.file.isSigned copies the process: it says nothing of the module.
        return "Module Load", "module", "MODULELOAD", {"module.path": file.path, "module.sha1": file.hashes["sha1"],
                                                       "tgt.file.isSigned": "signed" if process.file.signer else "unsigned"}

    def dns(self, step, process):
        prefix = "" if process.host.system == "windows" else "type:  1 "
        return "DNS Resolved", "dns", "DNS", {"event.dns.request": prefix + step["name"],
                                              "event.dns.response": "".join(a + ";" for a in step["addresses"])}

    def connect(self, step, process):
        return "IP Connect", "ip", "TCPV4", {"src.ip.address": "10.20.4.42", "src.port.number": 50000 + process.number,
                                             "dst.ip.address": step["address"], "dst.port.number": step["port"],
                                             "event.network.direction": "OUTGOING",
                                             "event.network.connectionStatus": "SUCCESS"}

    def file(self, step, process):
        file = step["file"]
        return "File Creation", "file", "FILECREATION", {"tgt.file.path": file.path, "tgt.file.size": 67072,
                                                         "tgt.file.sha1": file.hashes["sha1"]}

    def delete(self, step, process):
        return "File Deletion", "file", "FILEDELETION", {"tgt.file.path": step["file"].path}

    def url(self, step, process):
        return "GET", "url", "HTTP", {"event.url.action": "GET", "url.address": step["url"]}

    def indicator(self, step, process):
        return "Behavioral Indicators", "indicators", "BEHAVIORALINDICATORS", {
            "indicator.name": step["name"], "indicator.category": step["category"],
            "indicator.description": step["description"]}

    def pipe(self, step, process):
        return UNRENDERED

    read = thread = pipe


def _uuid(*parts):
    text = digest("md5", *parts)
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"


DIALECTS = {"sysmon-evtxdump": Sysmon(evtx_dump), "sysmon-winlogbeat": Sysmon(winlogbeat), "crowdstrike-fdr": CrowdStrike(),
            "sentinelone-cf2": SentinelOne()}


def lines(story, dialect):
    """The records of the story in this dialect, one a line."""
    return [json.dumps(record, ensure_ascii=False) for record in DIALECTS[dialect].render(story)]


def uid_of(process, dialect):
    """What a finding calls this process, in lower case."""
    return DIALECTS[dialect].uid(process).lower()
