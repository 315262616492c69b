"""A benign fleet's log, made up to be hard: whatever a step of a bundled rule looks for happens here honestly, and no chain
completes. Sysmon, CrowdStrike and SentinelOne hosts, Windows and macOS; the same for the same seed.

`fleet.py SEED COUNT` prints COUNT records.
"""
import json
import random
import sys

import sideloading
import threecx
import vendors
from story import HOUR, MINUTE, File, Story

WINDOWS = "Microsoft Windows"
SYSTEM32 = "C:\\Windows\\System32\\"
WORDS = ["report", "invoice", "planner", "ledger", "survey", "budget", "meeting", "archive", "drawing", "payroll", "sync", "notes"]
SITES = ["outlook.office365.com", "login.microsoftonline.com", "www.google.com", "clients4.google.com", "teams.microsoft.com",
         "settings-win.data.microsoft.com", "ctldl.windowsupdate.com", "wpad.acme.example", "dc01.acme.example",
         "a1887.dscd.akamai.net", "d3k81ch9hvuctc.cloudfront.net", "update.googleapis.com", "acme.sharepoint.com"]
LIBRARIES = ["crypt32.dll", "ws2_32.dll", "dnsapi.dll", "combase.dll", "shell32.dll", "winhttp.dll", "version.dll", "userenv.dll"]
# Installed per user, with a library of their own; some updated from GitHub, some with plugin lists there.
ELECTRON = ["Obsidian", "Signal", "Figma", "Postman", "Bitwarden", "Logseq", "Joplin", "Element", "Zulip", "Insomnia"]


def local(text):
    return "C:\\Users\\kim\\AppData\\Local\\" + text


def explorer_of(host):
    return host.process(File("C:\\Windows\\explorer.exe", signer=WINDOWS), 0)


def begin(host, path, signer="Vendor Ltd", command_line=None, parent=None, after=60):
    return (parent or explorer_of(host)).child(File(path, signer=signer), after, command_line)


# --- What happens in an office. Each takes a story and a random generator.


def office(story, random):
    """Word, mail and the web: nothing of interest."""
    host = story.host()
    shell = explorer_of(host)
    for image, signer in (("C:\\Program Files\\Microsoft Office\\root\\Office16\\WINWORD.EXE", "Microsoft Corporation"),
                          ("C:\\Program Files\\Google\\Chrome\\Application\\chrome.exe", "Google LLC")):
        program = begin(host, image, signer, parent=shell, after=random.uniform(1, HOUR))
        for library in random.sample(LIBRARIES, 4):
            program.load(random.uniform(0.1, 1), File(SYSTEM32 + library, signer=WINDOWS))
        for site in random.sample(SITES, 3):
            program.visit(random.uniform(1, HOUR), site, f"52.{random.randrange(200)}.{random.randrange(255)}.7")
        program.write(HOUR, f"C:\\Users\\kim\\Documents\\{random.choice(WORDS)} {random.randrange(999)}.docx")
        program.end(2 * HOUR)


def services(story, random):
    """Service hosts, tasks and their scripts."""
    host = story.host()
    scheduler = host.process(File(SYSTEM32 + "svchost.exe", signer=WINDOWS), 0, elevated=True,
                             command_line="svchost.exe -k netsvcs -p -s Schedule")
    for library in random.sample(LIBRARIES, 5):
        scheduler.load(1, File(SYSTEM32 + library, signer=WINDOWS))
    script = scheduler.child(SYSTEM32 + "cmd.exe", 60, f"cmd.exe /c C:\\ProgramData\\Inventory\\{random.choice(WORDS)}.cmd")
    script.child(SYSTEM32 + "systeminfo.exe", 1, "systeminfo").end(3)
    script.end(9)
    scheduler.visit(90, random.choice(SITES), "52.1.2.3")


def administrator(story, random):
    """Discovery and downloads, by hand."""
    host = story.host()
    shell = begin(host, SYSTEM32 + "WindowsPowerShell\\v1.0\\powershell.exe", WINDOWS)
    for tool in random.sample(["whoami", "ipconfig", "nltest", "net", "tasklist", "systeminfo", "reg", "quser"], 4):
        shell.child(SYSTEM32 + tool + ".exe", random.uniform(1, HOUR), tool).end(1)
    shell.visit(5 * MINUTE, "raw.githubusercontent.com", "185.199.108.133",
                "https://raw.githubusercontent.com/acme/scripts/main/setup.ps1")
    shell.write(6 * MINUTE, f"C:\\Windows\\Temp\\{random.choice(WORDS)}.ps1")


def electron(story, random):
    """A desktop program with its own library: it updates itself, shows its news, keeps a profile, opens a shell."""
    name = random.choice(ELECTRON)
    folder = local(f"Programs\\{name.lower()}\\")
    version = f"{random.randrange(1, 9)}.{random.randrange(30)}.{random.randrange(9)}"
    main = begin(story.host(), folder + name + ".exe", name + " Inc.")
    library = File(folder + "ffmpeg.dll", version=version, signer=random.choice([None, name + " Inc."]))
    main.load(0.2, library).load(0.3, File(folder + "libegl.dll", version=version))
    gpu = main.child(main.file, 1, f'"{main.image}" --type=gpu-process')
    gpu.load(0.2, File(folder + "d3dcompiler_47.dll", version=version, signer="Microsoft Corporation"))
    main.write(3, f"C:\\Users\\kim\\AppData\\Roaming\\{name}\\Network Persistent State")
    kind = random.randrange(4)
    if kind == 0:  # Plugins.
        main.visit(5, "raw.githubusercontent.com", "185.199.110.133",
                   f"https://raw.githubusercontent.com/{name.lower()}/releases/main/plugins.json")
        main.child(SYSTEM32 + "cmd.exe", HOUR, "cmd.exe /d /s /c git status")
    elif kind == 1:  # electron-updater: the downloads come from the addresses that serve raw content, too.
        main.ask(5, "github.com").ask(6, "objects.githubusercontent.com").connect(6.1, "185.199.109.133")
        main.write(9, local(f"{name.lower()}-updater\\pending\\installer.exe"))
        main.write(10, folder + "lock")
    elif kind == 2:  # A state file beside itself, and its own cloud.
        main.write(4, folder + "state").ask(5, f"{name.lower()}.azurewebsites.net").ask(6, f"{name.lower()}.azureedge.net")
    else:  # Starts the browser.
        chrome = main.child(File("C:\\Program Files\\Google\\Chrome\\Application\\chrome.exe", signer="Google LLC"), HOUR)
        chrome.visit(1, "raw.githubusercontent.com", "185.199.110.133").write(2, local("Temp\\scoped_dir\\History"))
        chrome.ask(3, f"{random.choice(WORDS)}.my-azure-blog.com")
    main.end(5 * HOUR)


def installer(story, random):
    """Writes libraries where it installs, with names of Windows among them, and scripts around them."""
    name = random.choice(WORDS)
    setup = begin(story.host(), local(f"Temp\\is-{random.randrange(9999)}.tmp\\{name}.tmp"), None)
    folder = f"C:\\ProgramData\\{name}\\"
    for file in ("version.dll", f"{name}.exe", "LICENSE", "state"):
        setup.write(2, folder + file)
    setup.child(SYSTEM32 + "cmd.exe", 4, "cmd.exe /c icacls").end(1)
    setup.child(SYSTEM32 + "regsvr32.exe", 5, "regsvr32 /s shell.dll").end(1)
    program = setup.child(File(folder + f"{name}.exe", signer="Vendor Ltd"), 9)
    program.load(0.2, File(folder + "version.dll", signer="Vendor Ltd")).ask(2, "cdn.example.net").end(HOUR)


def developer(story, random):
    """Compilers, package managers, git: GitHub all day."""
    host = story.host()
    folder = local("Programs\\Microsoft VS Code\\")
    code = begin(host, folder + "Code.exe", "Microsoft Corporation")
    code.load(0.2, File(folder + "ffmpeg.dll", version=str(random.randrange(99))))
    code.visit(3, "raw.githubusercontent.com", "185.199.111.133")
    terminal = code.child(SYSTEM32 + "cmd.exe", MINUTE, "cmd.exe")
    git = terminal.child(File("C:\\Program Files\\Git\\cmd\\git.exe", signer="Johannes Schindelin"), 5, "git pull")
    git.ask(1, "github.com").connect(1.1, "140.82.121.4").end(4)
    python = terminal.child(local("Programs\\Python\\Python311\\python.exe"), 30, "python -m pip install x")
    python.load(0.1, File(local("Programs\\Python\\Python311\\python311.dll"), signer="Python Software Foundation"))
    python.ask(1, "files.pythonhosted.org").visit(2, "raw.githubusercontent.com", "185.199.108.133").end(20)


def researcher(story, random):
    """An analyst's workstation: bad names asked for, bad files unpacked and scanned; nothing of it runs."""
    host = story.host("LAB")
    shell = begin(host, SYSTEM32 + "cmd.exe", WINDOWS)
    for name in random.sample(["msstorageboxes.com", "curvefinances.com", "azureonlinestorage.com", "sbmsa.wiki"], 2):
        shell.child(SYSTEM32 + "nslookup.exe", random.uniform(1, 99), "nslookup " + name).ask(1, name).end(2)
    shell.write(120, "C:\\Samples\\wlbsctrl.dll")
    scanner = host.process(File("C:\\Program Files\\Vendor\\Scanner\\scan.exe", signer="Vendor Ltd"), 5, elevated=True)
    for file in (threecx.loader(threecx.FFMPEG_416), threecx.loader(threecx.FFMPEG_SIGNED, signer="3CX Ltd"),
                 File("C:\\Samples\\d3dcompiler_47.dll", hashes=threecx.CONTAINER), "C:\\ProgramData\\TPM\\winscard.dll",
                 File("C:\\Samples\\a.dll", hashes={"md5": "404b09def6054a281b41d309d809a428",
                                                    "sha256": "aa318070ad1bf90ed459ac34dc5254acc178baff3202d2ea7f49aaf5a055dd43"})):
        scanner.load(random.uniform(1, 60), file)
    scanner.read(70, local("Google\\Chrome\\User Data\\Default\\History"))
    scanner.indicator(71, "BrowserHistory", "InfoStealer", "Browser data was read")
    # What a sandbox left to look at: the side-load host, stopped at once.
    begin(host, "C:\\ProgramData\\TPM\\TpmVscMgrSvr.exe", WINDOWS, parent=shell, after=200).end(0.1)
    # An extension's helper speaks Firefox' language.
    begin(host, "C:\\Program Files\\Helper\\helper.exe", parent=shell, after=300).pipe(1, f"\\gecko.nativeMessaging.{random.randrange(9)}")


def service_extension(story, random):
    """A product that extends IKEEXT on purpose, written by its installer; Windows' own print library; the registry's logs."""
    host = story.host()
    setup = begin(host, SYSTEM32 + "msiexec.exe", WINDOWS)
    setup.write(2, SYSTEM32 + "wlbsctrl.dll")
    host.process(File("System"), 3, elevated=True).write(1, SYSTEM32 + "config\\TxR\\{1b2c}.TxR.0.regtrans-ms")
    host.process(File(SYSTEM32 + "svchost.exe", signer=WINDOWS), 60, command_line="svchost.exe -k netsvcs -p -s IKEEXT",
                 elevated=True).load(1, File(SYSTEM32 + "wlbsctrl.dll", signer="Vendor Ltd"))


def portable(story, random):
    """A portable environment with a program of Windows in it, and a browser that copies another one's history."""
    host = story.host()
    program = begin(host, "D:\\Portable\\wextract.exe", WINDOWS)
    program.load(0.1, File(SYSTEM32 + "version.dll", signer=WINDOWS)).child(SYSTEM32 + "cmd.exe", 2, "cmd.exe /c x.bat")
    backup = begin(host, "C:\\Program Files\\Backup\\backup.exe", after=300)
    backup.write(5, local("Temp\\bk1\\places.sqlite")).read(6, local("Google\\Chrome\\User Data\\Default\\Login Data"))


def telephone(story, random):
    """Clean 3CX on a day when something else of the story happens: a shell for the CRM, a file beside it, an old build that waits,
    a security product's library in it. No two in one process."""
    kind = random.randrange(5)
    version = random.choice(["18.12.422", "18.12.425", "18.13.937"])
    bad = kind == 2
    main = threecx.launch(story, 0, threecx.app_file("18.12.416", threecx.EXE_416) if bad else threecx.app_file(version))
    # Of the old build nobody knows the library; a known one would be told of, asleep or not.
    main.load(0.2, threecx.loader() if bad else threecx.clean_loader(version))
    threecx.gpu_of(main).load(1, File(threecx.APP + "d3dcompiler_47.dll", signer="Microsoft Corporation",
                                      hashes=threecx.CONTAINER if bad else None))
    if kind == 0:
        main.child(SYSTEM32 + "cmd.exe", HOUR, "cmd.exe /c start crm://call").end(1)
    elif kind == 1:
        main.write(3, threecx.APP + "manifest")
    elif kind == 3:
        main.load(0.4, File(SYSTEM32 + "guard64.dll", signer="Comodo Security Solutions, Inc."))
        # So do harmless Chromium programs.
        main.indicator(1, "PreloadInjection", "Injection",
                       "Code injection to other process memory space during the target process' initialization")
    elif kind == 4:
        # A clean-up that quarantines into its own folder, under the name that it found.
        main.write(HOUR, "C:\\ProgramData\\3CX\\quarantine\\wlbsctrl.dll")
    main.ask(5, "www.3cx.com").visit(HOUR, "pbx.acme.example", "203.0.113.20").end(8 * HOUR)


def mac_office(story, random):
    """The clean app on macOS, programs that update themselves, and an analyst with the second stage in a folder."""
    kind = random.randrange(4)
    if kind == 0:
        threecx.mac_clean(story)
        return
    host = story.host("MBP12", "macos", "mia")
    launchd = host.process("/sbin/launchd", 0, pid=1)
    if kind == 1:
        main = launchd.child(File(threecx.MAC_MAIN, hashes=threecx.MAC_APP), 60)  # Exposed, and quiet.
        main.visit(3, "pbx.acme.example", "203.0.113.20").end(HOUR)
    elif kind == 2:
        app = launchd.child(File("/Applications/Notes+.app/Contents/MacOS/Notes+", signer="Vendor"), 60)
        agent = "/Users/mia/Library/Application Support/Notes+/UpdateAgent"
        app.write(5, File(agent, original="mach-o")).child(File(agent), 6).visit(1, "updates.vendor.example").end(3)
    else:
        terminal = launchd.child(File("/bin/zsh"), 60)
        sample = File("/Users/mia/samples/UpdateAgent", hashes=threecx.UPDATE_AGENT, original="mach-o")
        terminal.child("/usr/bin/unzip", 1, "unzip samples.zip").write(1, sample).end(2)
        terminal.child("/usr/bin/dig", 30, "dig sbmsa.wiki").ask(1, "sbmsa.wiki").end(2)
        cleaner = launchd.child("/Applications/Scanner.app/Contents/MacOS/Scanner", 90)
        cleaner.write(1, threecx.SUPPORT + ".main_storage").delete(2, threecx.SUPPORT + "UpdateAgent")
        cleaner.child(sample, 9).end(0.1)


def silent_variants():
    """The harmless variants of the scenarios are acts, too."""
    for variant in threecx.VARIANTS + sideloading.VARIANTS:
        if variant(Story("probe")) == []:
            yield lambda story, random, variant=variant: variant(story)


# How often, in parts.
ACTS = [(office, 10), (services, 8), (electron, 12), (installer, 3), (developer, 4), (administrator, 3), (telephone, 6),
        (researcher, 1), (service_extension, 1), (portable, 1), (mac_office, 3)] + [(act, 1) for act in silent_variants()]


class Machine:
    """A host and what must go on from act to act: its clock, its numbers."""

    def __init__(self, number, dialect):
        self.name, self.dialect = f"{dialect[:2].upper()}{number:04d}", dialect
        self.clock, self.processes, self.records = 60 * number, 0, 0

    def live(self, act, random):
        """The records of one act on this machine."""
        story = Story(self.name)
        act(story, random)
        names = {}
        for process in story.processes:
            process.start += self.clock
            process.number += self.processes
            # Numbers come again, as they do.
            process.pid = process.pid if process.pid == 1 else 4 * (100 + process.number % 4000)
            names.setdefault(process.host, process.host.name)
        for host in names:
            host.name = self.name + ("" if host.system == "windows" else "-MAC")
        for step in story.steps:
            step["at"] += self.clock
        records = list(vendors.DIALECTS[self.dialect].render(story, self.records))
        self.clock = max((step["at"] for step in story.steps), default=self.clock) + random.uniform(MINUTE, HOUR)
        self.processes += len(story.processes)
        self.records += len(story.steps) + 1
        return records


def records(seed, count, machines=40):
    """COUNT lines, mixed as they would come in, and not quite in order."""
    generator = random.Random(seed)
    dialects = sorted(vendors.DIALECTS)
    fleet = [Machine(number, dialects[number % len(dialects)]) for number in range(machines)]
    acts, weights = zip(*ACTS)
    waiting = []
    given = 0
    while given < count:
        act = generator.choices(acts, weights)[0]
        waiting.extend(generator.choice(fleet).live(act, generator))
        if len(waiting) > 2000:
            generator.shuffle(waiting)
            for record in waiting[:1500]:
                if given < count:
                    given += 1
                    yield json.dumps(record, ensure_ascii=False)
            del waiting[:1500]


if __name__ == "__main__":
    for line in records(int(sys.argv[1]), int(sys.argv[2])):
        print(line)
