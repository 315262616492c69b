"""The same shape with other programs, and look-alikes that do most of it every day. detections/sideloading/README.md"""
from story import DAY, HOUR, File, Story

LOCAL = "C:\\Users\\kim\\AppData\\Local\\"
ROAMING = "C:\\Users\\kim\\AppData\\Roaming\\"
GITHUB = "185.199.109.133"
CHAIN, WINDOWS, SERVICE, XTRADER = ("sideload_chain", "windows_program_side_loads", "phantom_service_chain", "xtrader_chain")


def start(story, path, at=0, signer="Vendor Ltd", command_line=None, host=None, parent=None):
    host = host or story.host("PC401")
    explorer = parent or host.process(File("C:\\Windows\\explorer.exe", signer="Microsoft Windows"), at - 60)
    return explorer.child(File(path, signer=signer), at - explorer.start, command_line)


def dead_drop(process, after):
    return process.visit(after, "raw.githubusercontent.com", GITHUB,
                         "https://raw.githubusercontent.com/someone/things/main/a.ico")


def hands_on(process, after):
    cmd = process.child("C:\\Windows\\System32\\cmd.exe", after, "cmd.exe")
    cmd.child("C:\\Windows\\System32\\net.exe", 30, "net view")
    return cmd


def softphone(story):
    """The 3CX attack with another product and servers that nobody knows: only the name gives them away."""
    app = start(story, LOCAL + "Programs\\Softphone\\Softphone.exe")
    app.load(0.2, File(LOCAL + "Programs\\Softphone\\ffmpeg.dll"))
    dead_drop(app, 8 * DAY)
    app.visit(8 * DAY + 2, "azurecloudmetrics.com")
    hands_on(app, 8 * DAY + HOUR)
    return [(CHAIN, "critical", app)]


def softphone_quiet(story):
    """No shell, and the library is signed by the vendor: as SolarWinds and 18.12.407."""
    app = start(story, LOCAL + "Programs\\Softphone\\Softphone.exe")
    app.load(0.2, File(LOCAL + "Programs\\Softphone\\ffmpeg.dll", signer="Vendor Ltd"))
    app.visit(27 * DAY, "msedgetelemetry.net")
    return [(CHAIN, "high", app)]


def softphone_without_modules(story):
    """Module loads are not recorded."""
    app = start(story, LOCAL + "Programs\\Softphone\\Softphone.exe")
    dead_drop(app, 8 * DAY)
    app.visit(8 * DAY + 2, "azurecloudmetrics.com")
    return [(CHAIN, "high", app)]


def timer_and_dead_drop(story):
    """Nothing but behaviour: library, timer file, dead drop. CrowdStrike reports no such file."""
    app = start(story, LOCAL + "Programs\\Softphone\\Softphone.exe")
    app.load(0.2, File(LOCAL + "Programs\\Softphone\\ffmpeg.dll")).write(3, LOCAL + "Programs\\Softphone\\manifest")
    dead_drop(app, 9 * DAY)
    return {"": [(CHAIN, "high", app)], "crowdstrike-fdr": []}


def collection(story):
    """Library, dead drop, and the history is copied away."""
    app = start(story, ROAMING + "Notes\\Notes.exe")
    app.load(0.2, File(ROAMING + "Notes\\helper.dll"))
    dead_drop(app, DAY)
    app.write(DAY + 5, LOCAL + "Temp\\~tmp_History")
    return {"": [(CHAIN, "high", app)], "crowdstrike-fdr": []}


def plugx_shape(story):
    """A vendor's old program, brought along with a version.dll, in ProgramData."""
    app = start(story, "C:\\ProgramData\\VendorTool\\tool.exe")
    app.load(0.2, File("C:\\ProgramData\\VendorTool\\version.dll"))
    app.visit(HOUR, "pastebin.com", "203.0.113.90")
    return [(CHAIN, "high", app)]


def gopuram_elsewhere(story):
    """guard64.dll and a planted service library in another program than 3CX."""
    app = start(story, LOCAL + "Programs\\Wallet\\Wallet.exe")
    app.load(0.2, File(LOCAL + "Programs\\Wallet\\guard64.dll"))
    app.write(60, "C:\\Windows\\System32\\wlbsctrl.dll")
    app.write(61, "C:\\Windows\\System32\\config\\TxR\\{1b2c3d4e-0000-0000-0000-000000000000}.TxR.0.regtrans-ms")
    return [(CHAIN, "critical", app)]


def lazarus_colorcpl(story):
    """A copied program of Windows beside a library of its name."""
    app = start(story, "C:\\ProgramData\\Adobe\\colorcpl.exe", signer="Microsoft Windows")
    app.load(0.2, File("C:\\ProgramData\\Adobe\\colorui.dll"))
    return [(WINDOWS, "high", app)]


def lazarus_presentation_host(story):
    app = start(story, "C:\\ProgramShared\\PresentationHost.exe", signer="Microsoft Windows")
    app.load(0.2, File("C:\\ProgramShared\\mscoree.dll"))
    hands_on(app, HOUR)
    return [(WINDOWS, "critical", app)]


def ikeext(story):
    """TAXHAUL: IKEEXT loads the planted library at boot, and one day starts a shell."""
    host = story.host("PC402")
    services = host.process("C:\\Windows\\System32\\services.exe", 0, elevated=True)
    svchost = services.child(File("C:\\Windows\\System32\\svchost.exe", signer="Microsoft Windows"), 5,
                             "svchost.exe -k netsvcs -p -s IKEEXT")
    svchost.load(1, "C:\\Windows\\System32\\wlbsctrl.dll")
    svchost.child("C:\\Windows\\System32\\cmd.exe", 6 * DAY, "cmd.exe")
    return [(SERVICE, "high", svchost)]


def ikeext_network(story):
    host = story.host("PC402")
    svchost = host.process(File("C:\\Windows\\System32\\svchost.exe", signer="Microsoft Windows"), 5,
                           command_line="svchost.exe -k netsvcs -p -s IKEEXT", elevated=True)
    svchost.load(1, "C:\\Windows\\System32\\wlbsctrl.dll").visit(3 * DAY, "microsoftsyncdata.com")
    svchost.child("C:\\Windows\\System32\\cmd.exe", 6 * DAY, "cmd.exe")
    return [(SERVICE, "critical", svchost)]


def xtrader(story):
    """The task starts the side-load host; it talks to the vendor's own site."""
    host = story.host("PC403")
    task = host.process("C:\\Windows\\System32\\svchost.exe", 0, command_line="svchost.exe -k netsvcs -s Schedule", elevated=True)
    app = start(story, "C:\\ProgramData\\TPM\\TpmVscMgrSvr.exe", 60, "Microsoft Windows", host=host, parent=task)
    app.load(0.2, "C:\\ProgramData\\TPM\\winscard.dll").load(0.3, "C:\\ProgramData\\TPM\\msvcr100.dll")
    app.pipe(5, "\\gecko.nativeMessaging.4711").visit(60, "www.tradingtechnologies.com")
    return [(XTRADER, "critical", app)]


def xtrader_without_modules(story):
    app = start(story, "C:\\ProgramData\\TPM\\TpmVscMgrSvr.exe")
    app.visit(60, "curvefinances.com")
    return [(XTRADER, "critical", app)]


# --- Silence


def vs_code(story):
    """A fresh unsigned library of its own, GitHub, shells, all day: D1 of the given scenarios, for every vendor."""
    folder = LOCAL + "Programs\\Microsoft VS Code\\"
    app = start(story, folder + "Code.exe", signer="Microsoft Corporation")
    app.load(0.2, File(folder + "ffmpeg.dll"))
    dead_drop(app, 30)
    app.ask(31, "gallerycdn.vsassets.io").ask(32, "marketplace.visualstudio.com").ask(33, "vscode.azureedge.net")
    hands_on(app, 60)
    return []


def discord(story):
    """Squirrel: the updater unpacks a new version, writes files without extension, starts reg.exe."""
    folder = LOCAL + "Discord\\app-1.0.9013\\"
    update = start(story, LOCAL + "Discord\\Update.exe", signer="Discord Inc.")
    update.visit(1, "raw.githubusercontent.com", GITHUB).visit(2, "dl.discordapp.net")
    for name in ("Discord.exe", "ffmpeg.dll", "LICENSE", "installer.db"):
        update.write(5, folder + name)
    update.write(6, LOCAL + "Discord\\packages\\RELEASES")
    app = update.child(File(folder + "Discord.exe", signer="Discord Inc."), 10)
    app.load(0.2, File(folder + "ffmpeg.dll")).load(0.3, File(ROAMING + "discord\\1.0.9013\\modules\\discord_voice.dll"))
    app.visit(3, "cdn.discordapp.com", "203.0.113.91", "https://cdn.discordapp.com/attachments/1/2/a.png")
    app.write(4, ROAMING + "discord\\Cookies").write(5, ROAMING + "discord\\Network Persistent State")
    app.child("C:\\Windows\\System32\\reg.exe", 8, "reg.exe query HKCU\\Software\\Discord")
    app.child("C:\\Windows\\System32\\cmd.exe", 9, "cmd.exe /d /s /c wmic")
    return []


def slack(story):
    folder = LOCAL + "slack\\app-4.30.53\\"
    app = start(story, folder + "slack.exe", signer="Slack Technologies, LLC")
    app.load(0.2, File(folder + "ffmpeg.dll", signer="Slack Technologies, LLC")).ask(2, "a.slack-edge.com")
    app.ask(3, "d34u8crftukxnk.cloudfront.net").ask(4, "docs.google.com")
    return []


def github_desktop(story):
    folder = LOCAL + "GitHubDesktop\\app-3.2.0\\"
    app = start(story, folder + "GitHubDesktop.exe", signer="GitHub, Inc.")
    app.load(0.2, File(folder + "ffmpeg.dll"))
    dead_drop(app, 3)
    git = app.child(File(folder + "resources\\app\\git\\cmd\\git.exe"), 60, "git fetch")
    dead_drop(git, 1)
    git.child("C:\\Windows\\System32\\cmd.exe", 2, "cmd.exe /c")
    return []


def obsidian(story):
    """The list of plugins lies on raw.githubusercontent.com; a plugin starts a shell. Library, dead drop, shell: silent."""
    folder = LOCAL + "Programs\\obsidian\\"
    app = start(story, folder + "Obsidian.exe", signer="Dynalist Inc.")
    app.load(0.2, File(folder + "ffmpeg.dll"))
    dead_drop(app, 5)
    app.write(6, ROAMING + "obsidian\\Preferences")
    hands_on(app, HOUR)
    return []


def browser_import(story):
    """Firefox and Brave read Chrome's history while they set themselves up."""
    for at, path in ((0, "C:\\Program Files\\Mozilla Firefox\\firefox.exe"),
                     (HOUR, LOCAL + "BraveSoftware\\Brave-Browser\\Application\\brave.exe")):
        app = start(story, path, at)
        app.load(0.2, File(LOCAL + "BraveSoftware\\Brave-Browser\\Application\\chrome.dll"))
        app.read(30, LOCAL + "Google\\Chrome\\User Data\\Default\\History")
        app.write(31, LOCAL + "Temp\\scoped_dir\\History")
        dead_drop(app, 60)
    return []


def security_tool(story):
    """Scans files, reads browser databases, asks for bad names, lies in ProgramData."""
    folder = "C:\\ProgramData\\Microsoft\\Windows Defender\\Platform\\4.18.23100.2009-0\\"
    app = start(story, folder + "MsMpEng.exe", signer="Microsoft Windows Publisher")
    app.load(0.2, File(folder + "MpClient.dll", signer="Microsoft Windows")).load(0.3, File(folder + "version.dll"))
    app.ask(5, "azurecloudmetrics.com").read(6, LOCAL + "Google\\Chrome\\User Data\\Default\\Login Data")
    dead_drop(app, 7)
    return []


def installer(story):
    """Unpacks libraries with names of Windows beside itself, then runs a script."""
    folder = LOCAL + "Temp\\is-4711.tmp\\"
    app = start(story, folder + "setup.tmp", signer=None)
    app.write(1, folder + "uxtheme.dll").load(2, File(folder + "uxtheme.dll"))
    app.write(3, LOCAL + "Programs\\Tool\\LICENSE").write(3, LOCAL + "Programs\\Tool\\lock")
    hands_on(app, 5)
    return []


def game_with_mod(story):
    """A version.dll beside a game is how modifications are loaded."""
    app = start(story, LOCAL + "Games\\Quest\\quest.exe")
    app.load(0.2, File(LOCAL + "Games\\Quest\\version.dll")).ask(5, "cdn.example.net")
    return []


def cloud_customer(story):
    """A program whose server is at a cloud provider: its names are the provider's own."""
    app = start(story, LOCAL + "Programs\\Planner\\Planner.exe")
    app.load(0.2, File(LOCAL + "Programs\\Planner\\ffmpeg.dll"))
    for name in ("planner.azurewebsites.net", "planner.azureedge.net", "login.microsoftonline.com", "acme.sharepoint.com",
                 "a1887.dscd.akamai.net", "d1.cloudfront.net", "www.microsoft.com", "acme.visualstudio.com", "officedepot.com",
                 "fonts.googleapis.com", "planner.azurestaticapps.net", "ctldl.windowsupdate.com", "storage.googleapis.com"):
        app.ask(10, name)
    hands_on(app, 20)
    return []


def planted_but_quiet(story):
    """A product extends IKEEXT on purpose: the library loads, and that is all. Tasks start shells elsewhere."""
    host = story.host("PC402")
    host.process(File("C:\\Windows\\System32\\svchost.exe", signer="Microsoft Windows"), 5,
                 command_line="svchost.exe -k netsvcs -p -s IKEEXT", elevated=True).load(1, "C:\\Windows\\System32\\wlbsctrl.dll")
    schedule = host.process(File("C:\\Windows\\System32\\svchost.exe", signer="Microsoft Windows"), 6,
                            command_line="svchost.exe -k netsvcs -p -s Schedule", elevated=True)
    schedule.child("C:\\Windows\\System32\\cmd.exe", 60, "cmd.exe /c task")
    return []


VARIANTS = [softphone, softphone_quiet, softphone_without_modules, timer_and_dead_drop, collection, plugx_shape,
            gopuram_elsewhere, lazarus_colorcpl, lazarus_presentation_host, ikeext, ikeext_network, xtrader,
            xtrader_without_modules, vs_code, discord, slack, github_desktop, obsidian, browser_import, security_tool,
            installer, game_with_mod, cloud_customer, planted_but_quiet]
