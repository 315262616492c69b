#include "bench/fleet.h"

#include <array>
#include <cstdio>
#include <ctime>

namespace spoor::bench {

struct Program {
  std::string_view image;
  std::string_view command_line;
  std::string_view description;
  std::string_view company;
  std::string_view original;
  bool system;
  std::size_t parent = 0;  ///< Of kParents.
  bool talks = false;      ///< To the network.
};

namespace {

struct Parent {
  std::string_view image;
  std::string_view command_line;
};

/// Who starts what: services, DCOM, the scheduler, the shell.
constexpr auto kParents = std::to_array<Parent>({
    {R"(C:\Windows\explorer.exe)", R"(C:\Windows\Explorer.EXE)"},
    {R"(C:\Windows\System32\services.exe)", R"(C:\Windows\system32\services.exe)"},
    {R"(C:\Windows\System32\svchost.exe)", R"(C:\Windows\system32\svchost.exe -k DcomLaunch -p)"},
    {R"(C:\Windows\System32\svchost.exe)",
     R"(C:\Windows\system32\svchost.exe -k netsvcs -p -s Schedule)"},
    {R"(C:\Program Files\Contoso\Agent\agent.exe)",
     R"("C:\Program Files\Contoso\Agent\agent.exe" --service)"},
});

// {u} a user, {g} a GUID, {h} hex, {n} a number, {w} a word, {s} a SID.
constexpr auto kPrograms = std::to_array<Program>({
    {R"(C:\Windows\System32\svchost.exe)",
     R"(C:\Windows\system32\svchost.exe -k netsvcs -p -s {w})", "Host Process for Windows Services",
     "Microsoft Corporation", "svchost.exe", true, 1, true},
    {R"(C:\Windows\System32\svchost.exe)",
     R"(C:\Windows\System32\svchost.exe -k LocalSystemNetworkRestricted -p -s WdiSystemHost)",
     "Host Process for Windows Services", "Microsoft Corporation", "svchost.exe", true, 1, true},
    {R"(C:\Windows\System32\backgroundTaskHost.exe)",
     R"("C:\Windows\system32\backgroundTaskHost.exe" -ServerName:App.AppX{h}.mca)",
     "Background Task Host", "Microsoft Corporation", "backgroundTaskHost.exe", false, 2},
    {R"(C:\Windows\System32\RuntimeBroker.exe)",
     R"(C:\Windows\System32\RuntimeBroker.exe -Embedding)", "Runtime Broker",
     "Microsoft Corporation", "RuntimeBroker.exe", false, 2},
    {R"(C:\Windows\System32\dllhost.exe)", R"(C:\Windows\system32\DllHost.exe /Processid:{{g}})",
     "COM Surrogate", "Microsoft Corporation", "dllhost.exe", true, 2},
    {R"(C:\Windows\System32\conhost.exe)",
     R"(\??\C:\Windows\system32\conhost.exe 0xffffffff -ForceV1)", "Console Window Host",
     "Microsoft Corporation", "CONHOST.EXE", true, 4},
    {R"(C:\Windows\System32\taskhostw.exe)", "taskhostw.exe {w}", "Host Process for Windows Tasks",
     "Microsoft Corporation", "taskhostw.exe", true, 3},
    {R"(C:\Windows\System32\wbem\WmiPrvSE.exe)",
     R"(C:\Windows\system32\wbem\wmiprvse.exe -secured -Embedding)", "WMI Provider Host",
     "Microsoft Corporation", "Wmiprvse.exe", true, 2},
    {R"(C:\Windows\System32\SearchProtocolHost.exe)",
     R"~("C:\Windows\system32\SearchProtocolHost.exe" Global\UsGthrFltPipeMssGthrPipe{n}_ Global\UsGthrCtrlFltPipeMssGthrPipe{n} 1 -2147483646 "Software\Microsoft\Windows Search" "Mozilla/4.0 (compatible; MSIE 6.0; Windows NT; MS Search 4.0 Robot)" "C:\ProgramData\Microsoft\Search\Data\Temp\usgthrsvc" "DownLevelDaemon")~",
     "Microsoft Windows Search Protocol Host", "Microsoft Corporation", "SearchProtocolHost.exe",
     true, 1},
    {R"(C:\Program Files\Google\Chrome\Application\chrome.exe)",
     R"("C:\Program Files\Google\Chrome\Application\chrome.exe" --type=renderer --lang=en-US --device-scale-factor=1 --num-raster-threads=4 --renderer-client-id={n} --time-ticks-at-unix-epoch=-{n} --launch-time-ticks={n} --field-trial-handle={n},i,{n},{n},262144 /prefetch:1)",
     "Google Chrome", "Google LLC", "chrome.exe", false, 0, true},
    {R"(C:\Program Files (x86)\Microsoft\Edge\Application\msedge.exe)",
     R"("C:\Program Files (x86)\Microsoft\Edge\Application\msedge.exe" --type=utility --utility-sub-type=network.mojom.NetworkService --lang=de --service-sandbox-type=none --mojo-platform-channel-handle={n} --field-trial-handle={n},i,{n},{n} /prefetch:3)",
     "Microsoft Edge", "Microsoft Corporation", "msedge.exe", false, 0, true},
    {R"(C:\Program Files\Microsoft Office\root\Office16\WINWORD.EXE)",
     R"("C:\Program Files\Microsoft Office\Root\Office16\WINWORD.EXE" /n "C:\Users\{u}\Documents\{w} {n}.docx" /o "")",
     "Microsoft Word", "Microsoft Corporation", "WinWord.exe", false, 0},
    {R"(C:\Program Files\Microsoft Office\root\Office16\OUTLOOK.EXE)",
     R"("C:\Program Files\Microsoft Office\Root\Office16\OUTLOOK.EXE")", "Microsoft Outlook",
     "Microsoft Corporation", "Outlook.exe", false, 0},
    {R"(C:\Users\{u}\AppData\Local\Microsoft\Teams\current\Teams.exe)",
     R"("C:\Users\{u}\AppData\Local\Microsoft\Teams\current\Teams.exe" --type=gpu-process --field-trial-handle={n},{n},{n},131072 --enable-features=WebComponentsV0Enabled --gpu-preferences={h} --mojo-platform-channel-handle={n} /prefetch:2)",
     "Microsoft Teams", "Microsoft Corporation", "Teams.exe", false, 0, true},
    {R"(C:\Program Files (x86)\Google\Update\GoogleUpdate.exe)",
     R"("C:\Program Files (x86)\Google\Update\GoogleUpdate.exe" /ua /installsource scheduler)",
     "Google Installer", "Google LLC", "GoogleUpdate.exe", true, 3},
    {R"(C:\Program Files (x86)\Microsoft\EdgeUpdate\MicrosoftEdgeUpdate.exe)",
     R"("C:\Program Files (x86)\Microsoft\EdgeUpdate\MicrosoftEdgeUpdate.exe" /ping {h}{h}{h})",
     "Microsoft Edge Update", "Microsoft Corporation", "msedgeupdate.dll", true, 3, true},
    {R"(C:\ProgramData\Microsoft\Windows Defender\Platform\4.18.23100.2009-0\MpCmdRun.exe)",
     R"("C:\ProgramData\Microsoft\Windows Defender\platform\4.18.23100.2009-0\MpCmdRun.exe" SpyNetService -RestrictPrivileges -AccessKey {g} -Reinvoke)",
     "Microsoft Malware Protection Command Line Utility", "Microsoft Corporation", "MpCmdRun.exe",
     true, 1},
    {R"(C:\Windows\System32\cmd.exe)",
     R"(C:\Windows\system32\cmd.exe /c "C:\ProgramData\Inventory\collect_{w}.cmd {n}")",
     "Windows Command Processor", "Microsoft Corporation", "Cmd.Exe", true, 4},
    {R"(C:\Windows\System32\WindowsPowerShell\v1.0\powershell.exe)",
     R"(powershell.exe -NonInteractive -File "C:\Program Files\Contoso\Agent\{w}.ps1" -RunId {g})",
     "Windows PowerShell", "Microsoft Corporation", "PowerShell.EXE", true, 4},
    {R"(C:\Program Files\Git\cmd\git.exe)",
     R"(git.exe -c core.quotepath=false log -n {n} --format=%H {h} -- src/{w}/{w}.cpp)",
     "Git for Windows", "The Git Development Community", "git.exe", false, 0},
    {R"(C:\Windows\explorer.exe)", R"(C:\Windows\Explorer.EXE)", "Windows Explorer",
     "Microsoft Corporation", "EXPLORER.EXE", false, 0},
    {R"(C:\Windows\System32\sppsvc.exe)", R"(C:\Windows\system32\sppsvc.exe)",
     "Microsoft Software Protection Platform Service", "Microsoft Corporation", "sppsvc.exe", true,
     1},
    {R"(C:\Windows\System32\rundll32.exe)",
     R"(C:\Windows\System32\rundll32.exe shell32.dll,SHCreateLocalServerRunDll {{g}} -Embedding)",
     "Windows host process (Rundll32)", "Microsoft Corporation", "RUNDLL32.EXE", false, 2},
    {R"(C:\Program Files\{w} {w}\bin\{w}.exe)",
     R"("C:\Program Files\{w} {w}\bin\{w}.exe" --job {g} --input "C:\Users\{u}\Work\{w}\{w}_{n}.dat")",
     "Line of business", "Contoso Ltd", "{w}.exe", false, 0},
});

constexpr auto kWords = std::to_array<std::string_view>(
    {"Schedule",  "Themes",  "report",  "Invoice", "wuauserv", "gpsvc",  "BITS",     "payroll",
     "inventory", "planner", "quarter", "draft",   "lfsvc",    "Audio",  "Appinfo",  "ledger",
     "customer",  "offer",   "meeting", "budget",  "staging",  "notes",  "ProfSvc",  "UserManager",
     "contract",  "survey",  "drawing", "archive", "sync",     "export", "template", "dashboard"});

constexpr auto kModules = std::to_array<std::string_view>(
    {"ntdll",   "kernel32", "KernelBase",       "user32",  "win32u",
     "gdi32",   "advapi32", "msvcrt",           "sechost", "rpcrt4",
     "combase", "ucrtbase", "bcryptprimitives", "imm32",   "shell32",
     "shlwapi", "ole32",    "oleaut32",         "crypt32", "ws2_32",
     "mswsock", "dnsapi",   "IPHLPAPI",         "nsi",     "winhttp",
     "wininet", "urlmon",   "iertutil",         "propsys", "uxtheme",
     "dwmapi",  "profapi",  "userenv",          "cryptsp", "rsaenh",
     "version", "wintrust", "msasn1",           "amsi",    "clr",
     "mscoree", "taskschd", "netapi32",         "samlib"});

constexpr auto kNames = std::to_array<std::string_view>(
    {"outlook.office365.com", "login.microsoftonline.com", "www.google.com", "clients4.google.com",
     "settings-win.data.microsoft.com", "v10.events.data.microsoft.com", "ctldl.windowsupdate.com",
     "teams.microsoft.com", "edge.microsoft.com", "wpad.contoso.example", "dc01.contoso.example",
     "{h}.fp.measure.office.com", "{w}.contoso.example", "{w}{n}.cdn.example.net"});

constexpr auto kKeys = std::to_array<std::string_view>(
    {R"(HKLM\System\CurrentControlSet\Services\Tcpip\Parameters\Interfaces\{{g}}\LeaseObtainedTime)",
     R"(HKLM\System\CurrentControlSet\Services\bam\State\UserSettings\{s}\\Device\HarddiskVolume3\Windows\System32\{w}.exe)",
     R"(HKU\{s}\Software\Microsoft\Windows\CurrentVersion\Explorer\UserAssist\{CEBFF5CD-ACE2-4F4F-9178-9926F41749EA}\Count\{h})",
     R"(HKU\{s}\Software\Microsoft\Windows\CurrentVersion\Explorer\RecentDocs\.docx\MRUListEx)",
     R"(HKU\{s}\Software\Microsoft\Office\16.0\Common\Roaming\Identities\{h}\Settings\{n}\{w})",
     R"(HKLM\SOFTWARE\Microsoft\Windows\CurrentVersion\Diagnostics\DiagTrack\HeartBeats\Default\LastHeartBeatTime)",
     R"(HKLM\SOFTWARE\Microsoft\Windows NT\CurrentVersion\Notifications\Data\{h})",
     R"(HKLM\SOFTWARE\Microsoft\WindowsUpdate\UX\Settings\{w})",
     R"(HKCR\Local Settings\Software\Microsoft\Windows\Shell\MuiCache\{h}\LanguageList)"});

constexpr auto kFiles = std::to_array<std::string_view>(
    {R"(C:\Users\{u}\AppData\Local\Google\Chrome\User Data\Default\Cache\Cache_Data\f_{h})",
     R"(C:\Users\{u}\AppData\Local\Temp\{g}.tmp)",
     R"(C:\Users\{u}\AppData\Roaming\Microsoft\Windows\Recent\{w} {n}.docx.lnk)",
     R"(C:\Windows\SoftwareDistribution\Download\{h}\{g}.cab)",
     R"(C:\ProgramData\Microsoft\Windows\WER\Temp\WER.{g}.tmp.xml)",
     R"(C:\Users\{u}\Documents\~${w}{n}.docx)", R"(C:\Windows\Prefetch\{w}.EXE-{h}.pf)",
     R"(C:\Users\{u}\AppData\Local\Microsoft\Edge\User Data\Default\Code Cache\js\{h}_0)",
     R"(C:\Windows\System32\config\systemprofile\AppData\Local\{w}\{g}.log)"});

struct MixRow {
  std::size_t up_to;  ///< Of a hundred, with the rows above.
  int kind;
};

constexpr auto kMix = std::to_array<MixRow>(
    {{14, 1}, {36, 7}, {52, 3}, {64, 11}, {76, 13}, {86, 5}, {94, 22}, {100, 10}});

constexpr std::size_t kLiveMin = 8;
constexpr std::size_t kLiveMax = 60;

void append_escaped(std::string_view text, std::string& out) {
  for (const char c : text) {
    switch (c) {
      case '\\': out.append(R"(\\)"); break;
      case '"': out.append(R"(\")"); break;
      case '\r': out.append(R"(\r)"); break;
      case '\n': out.append(R"(\n)"); break;
      default: out.push_back(c);
    }
  }
}

std::string_view title_of(int id) {
  switch (id) {
    case 1: return "Process Create";
    case 3: return "Network connection detected";
    case 5: return "Process terminated";
    case 7: return "Image loaded";
    case 10: return "Process accessed";
    case 11: return "File created";
    case 13: return "Registry value set";
    default: return "Dns query";
  }
}

}  // namespace

Fleet::Fleet(std::uint64_t seed, std::size_t hosts) : state_(seed) {
  for (std::size_t i = 0; i < hosts; ++i) {
    Host host;
    host.name = "PC" + std::to_string(1000 + i) + ".contoso.example";
    host.user = "user" + std::to_string(1000 + i);
    host.sid = "S-1-5-21-1004336348-1177238915-682003330-" + std::to_string(1100 + i);
    for (std::size_t process = 0; process < kLiveMin; ++process) {
      host.live.push_back(start(process, host));
    }
    hosts_.push_back(std::move(host));
  }
}

/// SplitMix64: the same numbers with every standard library.
std::uint64_t Fleet::next() {
  state_ += 0x9E3779B97F4A7C15U;
  std::uint64_t z = state_;
  z = (z ^ (z >> 30U)) * 0xBF58476D1CE4E5B9U;
  z = (z ^ (z >> 27U)) * 0x94D049BB133111EBU;
  return z ^ (z >> 31U);
}

std::string Fleet::hex(std::size_t digits) {
  std::string text;
  while (text.size() < digits) {
    text.push_back("0123456789abcdef"[below(16)]);
  }
  return text;
}

std::string Fleet::guid() {
  return hex(8) + '-' + hex(4) + '-' + hex(4) + '-' + hex(4) + '-' + hex(12);
}

std::string Fleet::expand(std::string_view form, const Host& host) {
  std::string text;
  for (std::size_t at = 0; at < form.size(); ++at) {
    if (form[at] != '{' || at + 2 >= form.size() || form[at + 2] != '}') {
      text.push_back(form[at]);
      continue;
    }
    switch (form[at + 1]) {
      case 'u': text.append(host.user); break;
      case 'g': text.append(guid()); break;
      case 'h': text.append(hex(8)); break;
      case 'n': text.append(std::to_string(below(100'000))); break;
      case 'w': text.append(kWords[below(kWords.size())]); break;
      default: text.append(host.sid); break;
    }
    at += 2;
  }
  return text;
}

std::string Fleet::time_text() const {
  const auto seconds = static_cast<std::time_t>(now_ms_ / 1000);
  std::tm parts{};
  gmtime_r(&seconds, &parts);
  std::array<char, 64> text{};
  std::snprintf(text.data(), text.size(), "%04d-%02d-%02d %02d:%02d:%02d.%03d",
                parts.tm_year + 1900, parts.tm_mon + 1, parts.tm_mday, parts.tm_hour, parts.tm_min,
                parts.tm_sec, static_cast<int>(now_ms_ % 1000));
  return text.data();
}

Fleet::Process Fleet::start(std::size_t program, const Host& host) {
  const Program& row = kPrograms[program];
  std::string guid = "{4f8e1c2a-" + hex(4) + '-' + hex(4) + "-0000-" + hex(12) + '}';
  return {.program = program,
          .guid = std::move(guid),
          .pid = std::to_string(4 * (100 + below(4000))),
          .image = expand(row.image, host),
          .command_line = expand(row.command_line, host),
          .user = row.system ? R"(NT AUTHORITY\SYSTEM)" : R"(CONTOSO\)" + host.user};
}

Fleet::Process& Fleet::some_process(Host& host) {
  return host.live[below(host.live.size())];
}

void Fleet::put_process(const Process& process) {
  put("ProcessGuid", process.guid);
  put("ProcessId", process.pid);
  put("Image", process.image);
}

/// One that runs, if the host has it.
Fleet::Process Fleet::parent_of(const Program& program, const Host& host) {
  const Parent& wanted = kParents[program.parent];
  for (const Process& process : host.live) {
    if (process.image == wanted.image) {
      return process;
    }
  }
  return {.program = 0,
          .guid = "{4f8e1c2a-" + hex(4) + '-' + hex(4) + "-0000-" + hex(12) + '}',
          .pid = std::to_string(4 * (100 + below(4000))),
          .image = std::string(wanted.image),
          .command_line = std::string(wanted.command_line),
          .user = program.system ? R"(NT AUTHORITY\SYSTEM)" : R"(CONTOSO\)" + host.user};
}

int Fleet::create(Host& host) {
  Process made = start(below(kPrograms.size()), host);
  const Program& row = kPrograms[made.program];
  const Process parent = parent_of(row, host);
  put_process(made);
  put("FileVersion", "10.0.19041." + std::to_string(row.image.size()));
  put("Description", std::string(row.description));
  put("Product", row.company.starts_with("Microsoft")
                     ? "Microsoft\xC2\xAE Windows\xC2\xAE Operating System"
                     : std::string(row.description));
  put("Company", std::string(row.company));
  put("OriginalFileName", std::string(row.original));
  put("CommandLine", made.command_line);
  put("CurrentDirectory",
      row.system ? R"(C:\Windows\system32\)" : R"(C:\Users\)" + host.user + '\\');
  put("User", made.user);
  put("LogonGuid", "{4f8e1c2a-0000-0000-0000-" + hex(12) + '}');
  put("LogonId", row.system ? "0x3e7" : "0x" + hex(5));
  put("TerminalSessionId", row.system ? "0" : "1");
  put("IntegrityLevel", row.system ? "System" : "Medium");
  // The same file has the same hash, whoever runs it.
  Fleet file(made.program + 1, 0);
  put("Hashes", "MD5=" + file.hex(32) + ",SHA256=" + file.hex(64) + ",IMPHASH=" + file.hex(32));
  put("ParentProcessGuid", parent.guid);
  put("ParentProcessId", parent.pid);
  put("ParentImage", parent.image);
  put("ParentCommandLine", parent.command_line);
  put("ParentUser", parent.user);
  if (host.live.size() >= kLiveMax) {
    host.live.erase(host.live.begin() + kLiveMin);
  }
  host.live.push_back(std::move(made));
  return 1;
}

int Fleet::load_image(Host& host) {
  put_process(some_process(host));
  const std::size_t module = below(kModules.size());
  const std::string name(kModules[module]);
  put("ImageLoaded",
      (below(8) == 0 ? R"(C:\Windows\SysWOW64\)" : R"(C:\Windows\System32\)") + name + ".dll");
  put("FileVersion", "10.0.19041.3636 (WinBuild.160101.0800)");
  put("Description", name + " DLL");
  put("Product", "Microsoft\xC2\xAE Windows\xC2\xAE Operating System");
  put("Company", "Microsoft Corporation");
  put("OriginalFileName", name + ".dll");
  Fleet file(1000 + module, 0);
  put("Hashes", "MD5=" + file.hex(32) + ",SHA256=" + file.hex(64) + ",IMPHASH=" + file.hex(32));
  put("Signed", "true");
  put("Signature", "Microsoft Windows");
  put("SignatureStatus", "Valid");
  put("User", R"(CONTOSO\)" + host.user);
  return 7;
}

int Fleet::connect(Host& host) {
  const Process& process = some_client(host);
  put_process(process);
  put("User", process.user);
  put("Protocol", below(5) == 0 ? "udp" : "tcp");
  put("Initiated", "true");
  put("SourceIsIpv6", "false");
  put("SourceIp", "10.20." + std::to_string(below(8)) + '.' + std::to_string(1 + below(254)));
  put("SourceHostname", host.name);
  put("SourcePort", std::to_string(49'152 + below(16'000)));
  put("SourcePortName", "-");
  put("DestinationIsIpv6", "false");
  put("DestinationIp", below(3) == 0
                           ? "10.20.0.10"
                           : "52." + std::to_string(below(200)) + '.' + std::to_string(below(255)) +
                                 '.' + std::to_string(below(255)));
  put("DestinationHostname", below(2) == 0 ? "-" : expand(kNames[below(kNames.size())], host));
  put("DestinationPort", below(4) == 0 ? "80" : "443");
  put("DestinationPortName", "https");
  return 3;
}

/// A process that talks to the network: few programs do.
const Fleet::Process& Fleet::some_client(Host& host) {
  for (int tries = 0; tries < 16; ++tries) {
    const Process& process = some_process(host);
    if (kPrograms[process.program].talks) {
      return process;
    }
  }
  return host.live.front();  // svchost.exe
}

int Fleet::make_file(Host& host) {
  const Process& process = some_process(host);
  put_process(process);
  put("TargetFilename", expand(kFiles[below(kFiles.size())], host));
  put("CreationUtcTime", time_text());
  put("User", process.user);
  return 11;
}

int Fleet::set_registry(Host& host) {
  const Process& process = some_process(host);
  put("EventType", "SetValue");
  put_process(process);
  put("TargetObject", expand(kKeys[below(kKeys.size())], host));
  put("Details", below(2) == 0 ? "DWORD (0x00000001)" : "Binary Data");
  put("User", process.user);
  return 13;
}

int Fleet::end(Host& host) {
  const std::size_t which = below(host.live.size());
  put_process(host.live[which]);
  put("User", host.live[which].user);
  if (host.live.size() > kLiveMin && which >= kLiveMin) {
    host.live.erase(host.live.begin() + static_cast<std::ptrdiff_t>(which));
  }
  return 5;
}

int Fleet::ask_dns(Host& host) {
  const Process& process = some_process(host);
  put("QueryName", expand(kNames[below(kNames.size())], host));
  put("QueryStatus", "0");
  put("QueryResults",
      "::ffff:52." + std::to_string(below(255)) + ".1." + std::to_string(below(255)) + ';');
  put_process(process);
  put("User", process.user);
  return 22;
}

int Fleet::access(Host& host) {
  const Process& source = some_process(host);
  const Process& target = some_process(host);
  put("SourceProcessGUID", source.guid);
  put("SourceProcessId", source.pid);
  put("SourceThreadId", std::to_string(below(20'000)));
  put("SourceImage", source.image);
  put("TargetProcessGUID", target.guid);
  put("TargetProcessId", target.pid);
  put("TargetImage", target.image);
  put("GrantedAccess", below(3) == 0 ? "0x1410" : "0x1000");
  // A program calls from where it calls: traces repeat.
  Fleet caller(2'000 + 8 * source.program + below(8), 0);
  std::string trace = R"(C:\Windows\SYSTEM32\ntdll.dll+9c524)";
  for (std::size_t frame = 0; frame < 6; ++frame) {
    trace += R"(|C:\Windows\System32\)" + std::string(kModules[caller.below(kModules.size())]) +
             ".dll+" + std::to_string(10'000 + 100 * caller.below(20));
  }
  put("CallTrace", std::move(trace));
  put("SourceUser", source.user);
  put("TargetUser", target.user);
  return 10;
}

void Fleet::write(const Host& host, int id, std::string& out) const {
  const std::string time = time_text();
  out.append(R"({"EventTime":")").append(time, 0, 19);
  out.append(R"(","Hostname":")").append(host.name);
  out.append(R"(","Keywords":-9223372036854775808,"EventType":"INFO","SeverityValue":2,)");
  out.append(R"("Severity":"INFO","EventID":)").append(std::to_string(id));
  out.append(R"(,"SourceName":"Microsoft-Windows-Sysmon",)");
  out.append(R"("ProviderGuid":"{5770385F-C22A-43E0-BF4C-06F5698FFBD9}","Version":5,"Task":)");
  out.append(std::to_string(id)).append(R"(,"OpcodeValue":0,"RecordNumber":)");
  out.append(std::to_string(host.record));
  out.append(R"(,"ProcessID":3144,"ThreadID":4584,)");
  out.append(R"("Channel":"Microsoft-Windows-Sysmon/Operational","Domain":"NT AUTHORITY",)");
  out.append(R"("AccountName":"SYSTEM","UserID":"S-1-5-18","AccountType":"User","Message":")");
  out.append(title_of(id)).append(R"(:\r\nRuleName: -\r\nUtcTime: )").append(time);
  for (const auto& [name, value] : data_) {
    out.append(R"(\r\n)").append(name).append(": ");
    append_escaped(value, out);
  }
  out.append(R"(","Category":")").append(title_of(id));
  out.append(R"(","Opcode":"Info","RuleName":"-","UtcTime":")").append(time).append("\"");
  for (const auto& [name, value] : data_) {
    // NXLog's own EventType stands above; it keeps Sysmon's in the message.
    if (name != "EventType") {
      out.append(",\"").append(name).append("\":\"");
      append_escaped(value, out);
      out.append("\"");
    }
  }
  out.append(R"(,"EventReceivedTime":")").append(time, 0, 19);
  out.append(R"(","SourceModuleName":"eventlog","SourceModuleType":"im_msvistalog"})");
  out.push_back('\n');
}

void Fleet::append_record(std::string& out) {
  data_.clear();
  now_ms_ += 1 + below(40);
  Host& host = hosts_[below(hosts_.size())];
  ++host.record;
  const std::size_t part = below(100);
  const MixRow* row = kMix.data();
  while (part >= row->up_to) {
    ++row;
  }
  int id = row->kind;
  switch (id) {
    case 1: id = create(host); break;
    case 7: id = load_image(host); break;
    case 3: id = connect(host); break;
    case 11: id = make_file(host); break;
    case 13: id = set_registry(host); break;
    case 5: id = end(host); break;
    case 22: id = ask_dns(host); break;
    default: id = access(host); break;
  }
  write(host, id, out);
}

}  // namespace spoor::bench
