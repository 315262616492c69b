"""The 3CX attack of March 2023 in its variants, and the harmless days of the same app. design: detections/threecx/README.md"""
from story import DAY, HOUR, File, Story, without

APP = "C:\\Users\\kim\\AppData\\Local\\Programs\\3CXDesktopApp\\app\\"
SIGNER = "3CX Ltd"
GITHUB = "185.199.108.133"
CHAIN, MAC_CHAIN = "threecx_loader_chain", "threecx_macos_chain"

# Published hashes; the other kinds are made up where a variant has only one.
FFMPEG_416 = {"sha256": "7986bbaee8940da11ce089383521ab420c443ab7b15ed42aed91fd31ce833896",
              "sha1": "bf939c9c261d27ee7bb92325cc588624fca75429", "md5": "74bc2d0b6680faa1a5a76b27e5479cbc"}
FFMPEG_SIGNED = {"sha256": "c485674ee63ec8d4e8fde9800788175a8b02d3f9416d0e763360fff7f8eb4e02"}
CONTAINER = {"sha256": "11be1803e2e307b647a8a7e02d128335c448ff741bf06bf52b332e0bbf423b03",
             "sha1": "20d554a80d759c50d6537dd7097fed84dd258b3e", "md5": "82187ad3f0c6c225e2fba0c867280cc9"}
EXE_416 = {"sha256": "fad482ded2e25ce9e1dd3d3ecc3227af714bdfbbde04347dbc1b21d6a3670405"}
EXE_407 = {"sha256": "dde03348075512796241389dfea5560c20a3d2a2eac95c894e7bbed5e85a0acc"}
MAC_APP = {"sha256": "b86c695822013483fa4e2dfdf712c5ee777d7b99cbad8c2fa2274b133481eadb"}
UPDATE_AGENT = {"sha256": "6c121f2b2efa6592c2c22b29218157ec9e63f385e7a1d7425857d603ddef8c59",
                "sha1": "9e9a5f8d86356796162cee881c843cde9eaedfb3"}


def app_file(version="18.12.422", hashes=None):
    return File(APP + "3CXDesktopApp.exe", version=version, original="3CXDesktopApp.exe", company="3CX Ltd", signer=SIGNER,
                hashes=hashes)


def launch(story, at, file, seen=True, host=None):
    """The app as it starts every day: the launcher, the main process, its graphics and network processes."""
    host = host or story.host()
    explorer = host.process(File("C:\\Windows\\explorer.exe", signer="Microsoft Windows"), at - 60, seen=seen)
    launcher = explorer.child(file.at(APP.replace("\\app\\", "\\") + "3CXDesktopApp.exe"), 60, seen=seen)
    main = launcher.child(file, 0.4, seen=seen)
    main.child(file, 1, command_line=f'"{file.path}" --type=gpu-process', seen=seen)
    main.child(file, 1.2, command_line=f'"{file.path}" --type=utility', seen=seen)
    main.load(0.1, File("C:\\Windows\\System32\\crypt32.dll", signer="Microsoft Windows"))
    main.visit(4, "pbx.acme.example", "203.0.113.20")
    return main


def gpu_of(main):
    return next(p for p in main.story.processes if p.parent is main and "gpu-process" in p.command_line)


def loader(hashes=None, signer=None, salt="attack"):
    return File(APP + "ffmpeg.dll", hashes=hashes, signer=signer, salt=salt)


def clean_loader(version="18.12.422"):
    return File(APP + "ffmpeg.dll", version=version, signer=None)


def dead_drop(main, after):
    url = "https://raw.githubusercontent.com/IconStorages/images/main/icon3.ico"
    return main.visit(after, "raw.githubusercontent.com", GITHUB, url)


def shell(main, after):
    cmd = main.child("C:\\Windows\\System32\\cmd.exe", after, "C:\\Windows\\system32\\cmd.exe")
    cmd.child("C:\\Windows\\System32\\whoami.exe", 20, "whoami")
    return cmd


def full(story):
    """18.12.416, a day of waiting in an earlier run, then dead drop, server, shell, Gopuram."""
    file = app_file("18.12.416", EXE_416)
    first = launch(story, 0, file)
    first.load(0.2, loader(FFMPEG_416)).write(3, APP + "manifest").end(9 * HOUR)
    main = launch(story, 8 * DAY, file, host=first.host)
    main.load(0.2, loader(FFMPEG_416))
    gpu_of(main).load(1, File(APP + "d3dcompiler_47.dll", hashes=CONTAINER, signer="Microsoft Corporation"))
    main.indicator(5, "PenetrationFramework", "Post Exploitation", "Penetration framework or shellcode was detected")
    dead_drop(main, 12)
    main.visit(14, "msstorageboxes.com")
    shell(main, HOUR)
    main.load(2 * HOUR, File("C:\\Users\\kim\\AppData\\Roaming\\guard64.dll"))
    main.write(2 * HOUR + 60, "C:\\Windows\\System32\\wlbsctrl.dll")
    service = main.host.process("C:\\Windows\\System32\\svchost.exe", 9 * DAY, command_line="svchost.exe -k netsvcs -s IKEEXT",
                                elevated=True)
    service.load(1, "C:\\Windows\\System32\\wlbsctrl.dll")
    return [(CHAIN, "critical", main)]


def signed_loader(story):
    """18.12.407: the library is signed by the vendor. Only its SHA-256 was published."""
    main = launch(story, 0, app_file("18.12.407", EXE_407))
    main.load(0.2, loader(FFMPEG_SIGNED, signer=SIGNER))
    dead_drop(main, 8 * HOUR)
    return [(CHAIN, "high", main)]


def signed_loader_unknown(story):
    """A signed library, and nothing of it was ever published."""
    main = launch(story, 0, app_file("18.12.499"))
    main.load(0.2, loader(signer=SIGNER))
    dead_drop(main, 8 * HOUR)
    return [(CHAIN, "high", main)]


def no_module_telemetry(story):
    full_story = full(story)
    without(story, "load")
    return full_story


def behaviour_only(story):
    """No hash, no version and no domain that anybody has listed."""
    main = launch(story, 0, app_file("19.0.1"))
    main.load(0.2, loader())
    dead_drop(main, 9 * DAY)
    main.visit(9 * DAY + 2, "telephony-metrics.example")
    return [(CHAIN, "high", main)]


def behaviour_only_with_shell(story):
    findings = behaviour_only(story)
    shell(findings[0][2], 9 * DAY + HOUR)
    return [(CHAIN, "critical", findings[0][2])]


def nothing_but_names(story):
    """Sysmon without event 7, the agent installed while the app ran, an unknown build: two look-ups are all there is."""
    main = launch(story, 0, app_file("19.0.1"), seen=False)
    main.ask(HOUR, "raw.githubusercontent.com", (GITHUB,)).ask(HOUR + 2, "msstorageboxes.com")
    without(story, "load", "connect")
    # CrowdStrike's look-ups do not name the program: without a start or a module nobody knows whose they are.
    return {"": [(CHAIN, "critical", main)], "crowdstrike-fdr": []}


def timer_and_shell(story):
    """An unknown build and no module loads: the timer file and a shell stand in for the loader."""
    main = launch(story, 0, app_file("19.0.1"))
    main.write(3, APP + "manifest")
    dead_drop(main, 8 * DAY)
    shell(main, 8 * DAY + HOUR)
    return [(CHAIN, "critical", main)]


def longest_wait(story):
    """One run that never ends, and the longest wait that the backdoor knows: 27.8 days."""
    main = launch(story, 0, app_file("19.0.1"))
    main.load(0.2, loader())
    dead_drop(main, 27.8 * DAY)
    return [(CHAIN, "high", main)]


def longest_wait_in_two_runs(story):
    """The app was restarted while the backdoor waited: the later run loads the library again."""
    file = app_file("19.0.1")
    first = launch(story, 0, file)
    first.load(0.2, loader()).write(3, APP + "manifest").end(8 * HOUR)
    main = launch(story, 27.8 * DAY, file, host=first.host)
    main.load(0.2, loader())
    dead_drop(main, 15)
    return [(CHAIN, "high", main)]


def agent_installed_later(story):
    """The app runs when the sensor comes: no start of it, and none of its parents."""
    main = launch(story, 0, app_file("18.12.416", EXE_416), seen=False)
    main.load(HOUR, loader(FFMPEG_416))
    dead_drop(main, 2 * HOUR)
    main.visit(2 * HOUR + 2, "azureonlinestorage.com")
    return [(CHAIN, "critical", main)]


def address_only(story):
    """DNS over HTTPS or a cache: no look-up, but the address."""
    main = launch(story, 0, app_file("19.0.1"))
    main.load(0.2, loader()).connect(8 * DAY, "185.199.110.133", name="cdn-185-199-110-133.github.com")
    return [(CHAIN, "high", main)]


# --- macOS

MAC_MAIN = "/Applications/3CX Desktop App.app/Contents/MacOS/3CX Desktop App"
SUPPORT = "/Users/mia/Library/Application Support/3CX Desktop App/"


def mac_launch(story, at, hashes=None, seen=True, host=None):
    host = host or story.host("MBP12", "macos", "mia")
    launchd = host.process("/sbin/launchd", at - 3600, seen=seen, pid=1)
    main = launchd.child(File(MAC_MAIN, hashes=hashes, signer="<Type=DevID/ID=com.electron.3cx-desktop-app>"), 3600, MAC_MAIN,
                         seen=seen)
    return main.visit(3, "pbx.acme.example", "203.0.113.20")


def second_stage(main, after, hashes):
    file = File(SUPPORT + "UpdateAgent", hashes=hashes, original="mach-o")
    main.write(after, file)
    first = main.child(file, after + 1, file.path)
    again = first.child(file, 0.1, file.path)
    first.delete(0.2, file.path)
    return again


def mac_full(story):
    first = mac_launch(story, 0, MAC_APP)
    first.write(4, SUPPORT + ".session-lock").write(5, SUPPORT + ".main_storage").end(9 * HOUR)
    main = mac_launch(story, 9 * DAY, MAC_APP, host=first.host)
    main.visit(30, "msedgepackageinfo.com")
    second_stage(main, HOUR, UPDATE_AGENT).visit(2, "sbmsa.wiki")
    return [(MAC_CHAIN, "critical", main)]


def mac_behaviour_only(story):
    """An unknown build, an unknown second stage, an unknown server."""
    main = mac_launch(story, 0)
    main.write(4, SUPPORT + ".main_storage")
    main.visit(9 * DAY, "telephony-metrics.example")
    second_stage(main, 9 * DAY + HOUR, None)
    # SentinelOne does not tell whose child UpdateAgent is: high, not critical.
    return {"": [(MAC_CHAIN, "critical", main)], "sentinelone-cf2": [(MAC_CHAIN, "high", main)]}


def mac_no_start(story):
    """The sensor came later: CrowdStrike names the program in starts only, so there it stays unknown."""
    main = mac_launch(story, 0, MAC_APP, seen=False)
    main.visit(30, "msedgepackageinfo.com")
    second_stage(main, HOUR, UPDATE_AGENT)
    return {"": [(MAC_CHAIN, "critical", main)], "crowdstrike-fdr": []}


# --- Silence


def clean_life(story):
    """18.12.422 is installed, used and updated; a link in it opens Chrome, which reads its own history and GitHub."""
    host = story.host()
    old, new = app_file("18.12.422"), app_file("18.12.425")
    explorer = host.process(File("C:\\Windows\\explorer.exe", signer="Microsoft Windows"), 0)
    msi = explorer.child(File("C:\\Windows\\System32\\msiexec.exe", signer="Microsoft Windows"), 60,
                         'msiexec.exe /i "3CXDesktopApp-18.12.422.msi"')
    for name in ("3CXDesktopApp.exe", "ffmpeg.dll", "d3dcompiler_47.dll", "libegl.dll", "LICENSE"):
        msi.write(5, APP + name)
    main = launch(story, HOUR, old, host=host)
    main.load(0.2, clean_loader())
    gpu_of(main).load(1, File(APP + "d3dcompiler_47.dll", signer="Microsoft Corporation"))
    main.ask(20, "www.3cx.com").ask(21, "downloads-global.3cx.com")
    chrome = main.child(File("C:\\Program Files\\Google\\Chrome\\Application\\chrome.exe", signer="Google LLC"), HOUR,
                        "chrome.exe https://github.com/acme/handbook")
    chrome.visit(2, "raw.githubusercontent.com", GITHUB, "https://raw.githubusercontent.com/acme/handbook/main/README.md")
    chrome.read(3, "C:\\Users\\kim\\AppData\\Local\\Google\\Chrome\\User Data\\Default\\History")
    update = main.child(File(APP + "update.exe", signer=SIGNER), 5 * HOUR,
                        "update.exe --update https://pbx.acme.example:5001/electron/update/win32/18.12.425")
    update.visit(1, "pbx.acme.example", "203.0.113.20")
    for name in ("3CXDesktopApp.exe", "ffmpeg.dll", "d3dcompiler_47.dll"):
        update.write(5, APP + name)
    update.child("C:\\Windows\\System32\\cmd.exe", 8, "cmd.exe /c del old")
    main.end(5 * HOUR + 9)
    later = launch(story, DAY, new, host=host)
    later.load(0.2, clean_loader("18.12.425"))
    return []


def exposed_but_quiet(story):
    """A trojanised build that has not woken up: the known library is enough to be told of."""
    main = launch(story, 0, app_file("18.12.416", EXE_416))
    main.load(0.2, loader(FFMPEG_416)).write(3, APP + "manifest").end(9 * HOUR)
    return [(CHAIN, "high", main)]


def exposed_unknown_and_quiet(story):
    """The same of a build and a library that nobody knows yet: nothing tells it from a clean one before it does something."""
    main = launch(story, 0, app_file("18.12.500"))
    main.load(0.2, loader()).write(3, APP + "manifest").end(9 * HOUR)
    return []


def every_morning(story):
    """A known library that waits, in eight runs: one finding, and the wake-up joins it."""
    first = launch(story, 0, app_file("18.12.416", EXE_416))
    first.load(0.2, loader(FFMPEG_416)).write(3, APP + "manifest").end(9 * HOUR)
    for day in range(1, 8):
        run = launch(story, day * DAY, app_file("18.12.416", EXE_416), host=first.host)
        run.load(0.2, loader(FFMPEG_416))
        if day < 7:
            run.end(9 * HOUR)
    dead_drop(run, 15)
    run.visit(20, "azureonlinestorage.com")
    return [(CHAIN, "critical", run)]


def analyst(story):
    """nslookup, a blocklist check and a security tool ask for the servers; another process fetches from GitHub."""
    host = story.host()
    main = launch(story, 0, app_file(), host=host)
    main.load(0.2, clean_loader())
    shell_of = host.process("C:\\Windows\\System32\\WindowsPowerShell\\v1.0\\powershell.exe", HOUR)
    shell_of.child("C:\\Windows\\System32\\nslookup.exe", 9, "nslookup msstorageboxes.com").ask(1, "msstorageboxes.com")
    scanner = host.process("C:\\Program Files\\Vendor\\EDR\\scanner.exe", HOUR, elevated=True)
    for name in ("azureonlinestorage.com", "msedgeupdate.net", "raw.githubusercontent.com"):
        scanner.ask(5, name)
    scanner.load(6, loader(FFMPEG_416))
    scanner.read(7, "C:\\Users\\kim\\AppData\\Local\\Google\\Chrome\\User Data\\Default\\History")
    return []


def two_processes(story):
    """The library in one process of the app, the look-up in another one with a recycled number."""
    file = app_file()
    first = launch(story, 0, file)
    first.load(0.2, clean_loader()).end(HOUR)
    other = first.host.process("C:\\ProgramData\\Vendor\\agent.exe", 2 * HOUR, pid=first.pid)
    other.ask(5, "raw.githubusercontent.com", (GITHUB,))
    return []


def mac_clean(story):
    """The app unpacks an update and starts it from its cache."""
    main = mac_launch(story, 0)
    cache = "/Users/mia/Library/Caches/com.electron.3cx-desktop-app.ShipIt/"
    main.write(HOUR, File(cache + "ShipIt", original="mach-o"))
    main.child(File(cache + "ShipIt"), HOUR + 5, cache + "ShipIt")
    main.write(HOUR + 6, SUPPORT + "config.json").ask(HOUR + 7, "www.3cx.com")
    return []


VARIANTS = [full, signed_loader, signed_loader_unknown, no_module_telemetry, behaviour_only, behaviour_only_with_shell,
            nothing_but_names, timer_and_shell, longest_wait, longest_wait_in_two_runs, agent_installed_later, address_only,
            mac_full, mac_behaviour_only, mac_no_start, clean_life, exposed_but_quiet,
            exposed_unknown_and_quiet, every_morning, analyst, two_processes, mac_clean]
