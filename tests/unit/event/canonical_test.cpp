#include "engine/event/canonical.h"

#include <random>

#include <gtest/gtest.h>

namespace spoor {
namespace {

/// One value and the form it has; `want` is the value itself where there is none.
struct Case {
  const char* name;
  FieldKind kind;
  std::string value;
  std::string want;
};

std::string represented(FieldKind kind, const std::string& value) {
  std::string out;
  return represent(kind, value, out) ? out : value;
}

std::string revealed(FieldKind kind, const std::string& value) {
  std::string out;
  return reveal(kind, value, out) ? out : value;
}

Case same(const char* name, FieldKind kind, const std::string& value) {
  return {name, kind, value, value};
}

// --- Representation
// -----------------------------------------------------------------------------------------------

TEST(Represent, EachSpellingOfAPath) {
  constexpr FieldKind kPath = FieldKind::path;
  const Case cases[] = {
      {"nt volume", kPath, R"(\Device\HarddiskVolume3\Windows\cmd.exe)", R"(C:\Windows\cmd.exe)"},
      {"nt volume, any number", kPath, R"(\device\harddiskvolume12\x)", R"(C:\x)"},
      {"nt volume, its root", kPath, R"(\Device\HarddiskVolume3\)", R"(C:\)"},
      {"mup", kPath, R"(\Device\Mup\server\share\x.exe)", R"(\\server\share\x.exe)"},
      {"mup, mapped drive", kPath,
       R"(\Device\Mup\;LanmanRedirector\;Z:0000000000012345\server\share\x)",
       R"(\\server\share\x)"},
      {"redirector", kPath, R"(\Device\LanmanRedirector\server\share\x)", R"(\\server\share\x)"},
      {"redirector, mapped drive", kPath,
       R"(\Device\LanmanRedirector\;Z:000000000001e240\server\share\x)", R"(\\server\share\x)"},
      {"object manager", kPath, R"(\??\C:\Windows\x)", R"(C:\Windows\x)"},
      {"long path", kPath, R"(\\?\d:\x)", R"(d:\x)"},
      {"long path, drive alone", kPath, R"(\\?\C:)", R"(C:)"},
      {"long unc path", kPath, R"(\\?\UNC\server\share\x)", R"(\\server\share\x)"},
      {"object manager, unc", kPath, R"(\??\unc\server\share\x)", R"(\\server\share\x)"},
      {"system root", kPath, R"(\SystemRoot\System32\smss.exe)", R"(C:\Windows\System32\smss.exe)"},
      {"system root, any case", kPath, R"(\SYSTEMROOT\x)", R"(C:\Windows\x)"},
      {"doubled backslashes", kPath, R"(\\Device\\HarddiskVolume3\\Windows\\cmd.exe)",
       R"(C:\Windows\cmd.exe)"},
      {"doubled twice", kPath, R"(\\\\Device\\\\HarddiskVolume3\\\\x)", R"(C:\x)"},
      {"macos var", kPath, "/private/var/folders/x", "/var/folders/x"},
      {"macos tmp", kPath, "/private/tmp/x", "/tmp/x"},
      {"macos etc", kPath, "/private/etc/hosts", "/etc/hosts"},
      {"macos tmp itself", kPath, "/private/tmp", "/tmp"},
  };
  for (const Case& test : cases) {
    EXPECT_EQ(represented(test.kind, test.value), test.want) << test.name;
    EXPECT_EQ(represented(test.kind, test.want), test.want) << test.name << ", again";
  }
}

TEST(Represent, EachSpellingOfAKeyAndAnAddress) {
  constexpr FieldKind kKey = FieldKind::registry;
  constexpr FieldKind kAddress = FieldKind::address;
  const Case cases[] = {
      {"nt machine", kKey, R"(\REGISTRY\MACHINE\Software\x)", R"(HKLM\Software\x)"},
      {"machine", kKey, R"(MACHINE\SOFTWARE\x)", R"(HKLM\SOFTWARE\x)"},
      {"long machine", kKey, R"(HKEY_LOCAL_MACHINE\x)", R"(HKLM\x)"},
      {"nt user", kKey, R"(\Registry\User\S-1-5-21-1\x)", R"(HKU\S-1-5-21-1\x)"},
      {"user", kKey, R"(USER\S-1-5-18\x)", R"(HKU\S-1-5-18\x)"},
      {"long users", kKey, R"(HKEY_USERS\S-1-5-18\x)", R"(HKU\S-1-5-18\x)"},
      {"current user", kKey, R"(HKEY_CURRENT_USER\Software)", R"(HKCU\Software)"},
      {"classes", kKey, R"(HKEY_CLASSES_ROOT\.exe)", R"(HKCR\.exe)"},
      {"control set", kKey, R"(HKLM\SYSTEM\ControlSet001\Services\x)",
       R"(HKLM\SYSTEM\CurrentControlSet\Services\x)"},
      {"control set, its case kept", kKey, R"(hklm\System\CONTROLSET002\services)",
       R"(hklm\System\CurrentControlSet\services)"},
      {"control set itself", kKey, R"(HKLM\SYSTEM\ControlSet003)",
       R"(HKLM\SYSTEM\CurrentControlSet)"},
      {"nt machine and control set", kKey, R"(\REGISTRY\MACHINE\SYSTEM\ControlSet001\Control)",
       R"(HKLM\SYSTEM\CurrentControlSet\Control)"},
      {"machine and control set", kKey, R"(MACHINE\SYSTEM\ControlSet001\Control)",
       R"(HKLM\SYSTEM\CurrentControlSet\Control)"},
      {"mapped address", kAddress, "::ffff:10.0.0.1", "10.0.0.1"},
      {"mapped address, any case", kAddress, "::FFFF:192.168.1.255", "192.168.1.255"},
  };
  for (const Case& test : cases) {
    EXPECT_EQ(represented(test.kind, test.value), test.want) << test.name;
    EXPECT_EQ(represented(test.kind, test.want), test.want) << test.name << ", again";
  }
}

TEST(Represent, WhatHasNoOtherNameStays) {
  const Case cases[] = {
      same("shadow copy", FieldKind::path,
           R"(\Device\HarddiskVolumeShadowCopy1\Windows\NTDS\ntds.dit)"),
      same("volume without a path", FieldKind::path, R"(\Device\HarddiskVolume3)"),
      same("volume without a number", FieldKind::path, R"(\Device\HarddiskVolume\x)"),
      same("global root", FieldKind::path, R"(\\?\GLOBALROOT\Device\HarddiskVolume3\x)"),
      same("volume guid", FieldKind::path, R"(\\?\Volume{01234567-89ab-cdef-0123-456789abcdef}\x)"),
      same("pipe", FieldKind::path, R"(\\.\pipe\x)"),
      same("raw disk", FieldKind::path, R"(\\.\PhysicalDrive0)"),
      same("server called device", FieldKind::path, R"(\\Device\share\HarddiskVolume3\x)"),
      same("server called device, shadow copy", FieldKind::path,
           R"(\\Device\\HarddiskVolumeShadowCopy1\\x)"),
      same("server", FieldKind::path, R"(\\server\share\x)"),
      same("mup alone", FieldKind::path, R"(\Device\Mup\)"),
      same("mup, no server", FieldKind::path, R"(\Device\Mup\;Z:0001)"),
      same("mup, not a server", FieldKind::path, R"(\Device\Mup\?\C:\x)"),
      same("drive", FieldKind::path, R"(C:\Windows\cmd.exe)"),
      same("system root as a name", FieldKind::path, R"(\SystemRootKit\x)"),
      same("other private", FieldKind::path, "/private/varnish/x"),
      same("private in the middle", FieldKind::path, "/x/private/var/x"),
      same("empty", FieldKind::path, ""),
      same("hive of an app", FieldKind::registry, R"(\REGISTRY\A\{guid}\x)"),
      same("users file", FieldKind::registry, R"(USERS\x)"),
      same("hklm", FieldKind::registry, R"(HKLM\SYSTEM\CurrentControlSet\Services)"),
      same("long control set", FieldKind::registry, R"(HKLM\SYSTEM\ControlSet0011\x)"),
      same("control set elsewhere", FieldKind::registry, R"(HKLM\SOFTWARE\ControlSet001\x)"),
      same("short control set", FieldKind::registry, R"(HKLM\SYSTEM\ControlSet1)"),
      same("ipv6", FieldKind::address, "fe80::1"),
      same("mapped, in hex", FieldKind::address, "::ffff:a00:1"),
      same("mapped, no address", FieldKind::address, "::ffff:10.0.0.256"),
      same("mapped, too short", FieldKind::address, "::ffff:10.0.0"),
      same("mapped, too long", FieldKind::address, "::ffff:10.0.0.1.2"),
      same("a path that is text", FieldKind::text, R"(\??\C:\x)"),
      same("a path that is a command", FieldKind::command_line, R"(\??\C:\x)"),
  };
  for (const Case& test : cases) {
    EXPECT_EQ(represented(test.kind, test.value), test.want) << test.name;
  }
}

TEST(Represent, OrdinaryValuesNeedNoLook) {
  EXPECT_FALSE(may_need_representation(FieldKind::path, R"(C:\Windows\System32\cmd.exe)"));
  EXPECT_FALSE(may_need_representation(FieldKind::path, "/usr/bin/bash"));
  EXPECT_FALSE(may_need_representation(FieldKind::path, ""));
  EXPECT_FALSE(may_need_representation(FieldKind::registry, R"(HKLM\SOFTWARE\Microsoft\x)"));
  EXPECT_FALSE(
      may_need_representation(FieldKind::registry, R"(HKLM\System\CurrentControlSet\Services)"));
  EXPECT_FALSE(may_need_representation(FieldKind::registry, R"(HKU\S-1-5-21\Software)"));
  EXPECT_FALSE(may_need_representation(FieldKind::address, "10.0.0.1"));
  EXPECT_FALSE(may_need_representation(FieldKind::address, "::1"));
}

// --- Evasion
// ------------------------------------------------------------------------------------------------------

TEST(Reveal, EachDisguiseOfAPath) {
  constexpr FieldKind kPath = FieldKind::path;
  const Case cases[] = {
      {"slashes", kPath, "C:/Windows/System32/cmd.exe", R"(C:\Windows\System32\cmd.exe)"},
      {"one slash", kPath, R"(C:\Windows/cmd.exe)", R"(C:\Windows\cmd.exe)"},
      {"one slash, no drive", kPath, R"(Windows\System32/cmd.exe)", R"(Windows\System32\cmd.exe)"},
      {"dot", kPath, R"(C:\Windows\.\cmd.exe)", R"(C:\Windows\cmd.exe)"},
      {"dot dot", kPath, R"(C:\Windows\Temp\..\cmd.exe)", R"(C:\Windows\cmd.exe)"},
      {"dot dot twice", kPath, R"(C:\a\b\..\..\Windows\x)", R"(C:\Windows\x)"},
      {"dot dot beyond the root", kPath, R"(C:\..\..\x)", R"(C:\x)"},
      {"dot dot beyond the share", kPath, R"(\\server\share\..\..\x)", R"(\\server\share\x)"},
      {"dot dot, relative", kPath, R"(..\a\..\x)", R"(..\x)"},
      {"dot dot, relative to a drive", kPath, R"(C:a\..\..\x)", R"(C:..\x)"},
      {"dot at the end", kPath, R"(C:\Windows\cmd.exe\.)", R"(C:\Windows\cmd.exe)"},
      {"dot dot at the end", kPath, R"(C:\Windows\cmd.exe\x\..)", R"(C:\Windows\cmd.exe)"},
      {"doubled separators", kPath, R"(C:\\Windows\\\cmd.exe)", R"(C:\Windows\cmd.exe)"},
      {"doubled separators of a server", kPath, R"(\\\server\\share\x)", R"(\\server\share\x)"},
      {"SystemRoot", kPath, R"(%SystemRoot%\System32\cmd.exe)", R"(C:\Windows\System32\cmd.exe)"},
      {"windir", kPath, R"(%WINDIR%\x)", R"(C:\Windows\x)"},
      {"ProgramFiles", kPath, R"(%programfiles%\x)", R"(C:\Program Files\x)"},
      {"ProgramFiles(x86)", kPath, R"(%ProgramFiles(x86)%\x)", R"(C:\Program Files (x86)\x)"},
      {"ProgramData", kPath, R"(%ProgramData%\x)", R"(C:\ProgramData\x)"},
      {"SystemDrive", kPath, R"(%SystemDrive%\x)", R"(C:\x)"},
      {"ComSpec", kPath, R"(%ComSpec%)", R"(C:\Windows\System32\cmd.exe)"},
      {"PUBLIC", kPath, R"(%PUBLIC%\x)", R"(C:\Users\Public\x)"},
      {"ALLUSERSPROFILE", kPath, R"(%ALLUSERSPROFILE%\x)", R"(C:\ProgramData\x)"},
      {"localhost", kPath, R"(\\localhost\c$\Windows\x)", R"(C:\Windows\x)"},
      {"127.0.0.1", kPath, R"(\\127.0.0.1\C$\Windows\x)", R"(C:\Windows\x)"},
      {"device", kPath, R"(\\.\C:\Windows\x)", R"(C:\Windows\x)"},
      {"long path in slashes", kPath, R"(//?/C:/x)", R"(C:\x)"},
      {"localhost in slashes", kPath, R"(//localhost/c$/x)", R"(C:\x)"},
      {"trailing dot", kPath, R"(C:\Windows\cmd.exe.)", R"(C:\Windows\cmd.exe)"},
      {"trailing dots and blanks", kPath, R"(C:\Windows\cmd.exe. ..)", R"(C:\Windows\cmd.exe)"},
      {"trailing blank of a folder", kPath, R"(C:\Windows \System32\x)",
       R"(C:\Windows\System32\x)"},
      {"stream", kPath, R"(C:\x\f.dll:x)", R"(C:\x\f.dll)"},
      {"stream with its type", kPath, R"(C:\x\f.dll:x:$DATA)", R"(C:\x\f.dll)"},
      {"default stream", kPath, R"(C:\x\f.dll::$DATA)", R"(C:\x\f.dll)"},
      {"stream of a folder", kPath, R"(C:\x:$I30:$INDEX_ALLOCATION\f.dll)", R"(C:\x\f.dll)"},
      {"full-width letters", kPath, "C:\\\uFF43\uFF4D\uFF44\uFF0E\uFF45\uFF58\uFF45",
       R"(C:\cmd.exe)"},
      {"full-width slash", kPath, "C:\uFF3CWindows\uFF0Fx", R"(C:\Windows\x)"},
      {"division slash", kPath, "C:\u2215Windows\u2044x", R"(C:\Windows\x)"},
      {"set minus", kPath, "C:\u2216Windows\u29F5x", R"(C:\Windows\x)"},
      {"dash", kPath, "C:\\x\u2010y.exe", R"(C:\x-y.exe)"},
      {"no-break blank", kPath, "C:\\Windows\u00A0\\x", R"(C:\Windows\x)"},
      {"zero width", kPath, "C:\\c\u200Bm\u200Dd\uFEFF.e\u00ADxe", R"(C:\cmd.exe)"},
      {"right to left", kPath, "C:\\x\u202Efdp.exe\u202C", R"(C:\xfdp.exe)"},
      {"isolates", kPath, "C:\\\u2066x\u2069.exe", R"(C:\x.exe)"},
      {"several at once", kPath, "%SYSTEMDRIVE%/Windows\u200B/./Temp//../System32 /cmd.exe.",
       R"(C:\Windows\System32\cmd.exe)"},
      {"a variable behind a dot segment", kPath, R"(x\..\%SystemRoot%\y)", R"(C:\Windows\y)"},
      {"posix dot", kPath, "/usr/./bin/sh", "/usr/bin/sh"},
      {"posix double slash", kPath, "//usr//bin///sh", "/usr/bin/sh"},
      {"posix dot dot", kPath, "/usr/lib/../bin/sh", "/usr/bin/sh"},
      {"posix dot dot beyond the root", kPath, "/../etc/passwd", "/etc/passwd"},
      {"posix, relative", kPath, "./a/../b", "b"},
      {"posix zero width", kPath, "/usr/bin/s\u200Bh", "/usr/bin/sh"},
      {"posix and macos", kPath, "//private/var/x", "/var/x"},
      {"registry key", FieldKind::registry, "HKLM\\Soft\u200Bware\\\uFF38", R"(HKLM\Software\X)"},
  };
  for (const Case& test : cases) {
    EXPECT_EQ(revealed(test.kind, test.value), test.want) << test.name;
    EXPECT_EQ(revealed(test.kind, test.want), test.want) << test.name << ", again";
  }
}

TEST(Reveal, EachDisguiseOfACommand) {
  constexpr FieldKind kCommand = FieldKind::command_line;
  const Case cases[] = {
      {"carets", kCommand, "c^m^d /c p^ower^^shell", "cmd /c powershell"},
      {"quotes in a word", kCommand, R"(po"w"er"shell -enc)", "powershell -enc"},
      {"one quote in a word", kCommand, R"(c"md /c)", "cmd /c"},
      {"two quotes in a word", kCommand, R"(c""md /c)", "cmd /c"},
      {"blanks", kCommand, "cmd   /c  dir", "cmd /c dir"},
      {"tabs", kCommand, "cmd\t/c \t dir", "cmd /c dir"},
      {"SystemRoot", kCommand, R"(%SystemRoot%\System32\cmd.exe /c)",
       R"(C:\Windows\System32\cmd.exe /c)"},
      {"ComSpec in the middle", kCommand, R"(x "%comspec%" /c)",
       R"(x "C:\Windows\System32\cmd.exe" /c)"},
      {"variable in carets", kCommand, R"(%Com^Spec% /c)", R"(C:\Windows\System32\cmd.exe /c)"},
      {"variable in quotes", kCommand, R"(%Com"Spec% /c)", R"(C:\Windows\System32\cmd.exe /c)"},
      {"system root", kCommand, R"(\SystemRoot\System32\smss.exe)",
       R"(C:\Windows\System32\smss.exe)"},
      {"unicode dash", kCommand, "powershell \u2013enc \u2014w \u2212x", "powershell -enc -w -x"},
      {"unicode quotes", kCommand, "powershell \u201Cx\u201D \u2018y\u2019",
       R"(powershell "x" 'y')"},
      {"full width", kCommand, "\uFF50owershell \uFF0Dencod\uFF45dcommand",
       "powershell -encodedcommand"},
      {"full-width blank", kCommand, "cmd\u3000\u3000/c", "cmd /c"},
      {"full-width caret", kCommand, "c\uFF3Emd", "cmd"},
      {"zero width", kCommand, "power\u200Bshell\u2060 -e", "powershell -e"},
      {"slashes", kCommand, "C:/Windows/System32/cmd.exe /c dir",
       R"(C:\Windows\System32\cmd.exe /c dir)"},
      {"slashes in quotes", kCommand, R"("C:/Program Files/x.exe" /c C:/y)",
       R"("C:\Program Files\x.exe" /c C:\y)"},
      {"quoted whole", kCommand, R"(cmd "C:/a b/x.exe /c \\server\x")",
       R"(cmd "C:\a b\x.exe /c \\server\x")"},
      {"dot dot", kCommand, R"(C:\Windows\Temp\..\System32\cmd.exe /c)",
       R"(C:\Windows\System32\cmd.exe /c)"},
      {"dot", kCommand, R"(x C:\Windows\.\cmd.exe)", R"(x C:\Windows\cmd.exe)"},
      {"doubled backslashes", kCommand, R"(x=C:\\Windows\\cmd.exe)", R"(x=C:\Windows\cmd.exe)"},
      {"trailing dot of a folder", kCommand, R"(C:\Windows.\cmd.exe)", R"(C:\Windows\cmd.exe)"},
      {"localhost", kCommand, R"(rundll32 \\localhost\c$\x.dll,Run)", R"(rundll32 C:\x.dll,Run)"},
      {"127.0.0.1", kCommand, R"(rundll32 "\\127.0.0.1\d$\x.dll",Run)",
       R"(rundll32 "D:\x.dll",Run)"},
      {"device", kCommand, R"(\\.\c:\x.exe -a)", R"(C:\x.exe -a)"},
      {"object manager", kCommand, R"(\??\C:\Windows\system32\conhost.exe 0xffffffff)",
       R"(C:\Windows\system32\conhost.exe 0xffffffff)"},
      {"long path", kCommand, R"(\\?\C:\x.exe)", R"(C:\x.exe)"},
      {"several at once", kCommand, "%windir%\\Temp\\..\\Sy^stem32/c\"m\"d.e\u200Bxe   /c",
       R"(C:\Windows\System32\cmd.exe /c)"},
  };
  for (const Case& test : cases) {
    EXPECT_EQ(revealed(test.kind, test.value), test.want) << test.name;
    EXPECT_EQ(revealed(test.kind, test.want), test.want) << test.name << ", again";
  }
}

TEST(Reveal, WhatIsNoDisguiseStays) {
  constexpr FieldKind kPath = FieldKind::path;
  constexpr FieldKind kCommand = FieldKind::command_line;
  const Case cases[] = {
      same("path", kPath, R"(C:\Program Files (x86)\a.b\c.exe)"),
      same("folder", kPath, R"(C:\Windows\system32\)"),
      same("root", kPath, R"(C:\)"),
      same("drive", kPath, R"(C:)"),
      same("server", kPath, R"(\\server\share\x.exe)"),
      same("server's share of a drive", kPath, R"(\\server\c$\x.exe)"),
      same("shadow copy", kPath, R"(\Device\HarddiskVolumeShadowCopy1\Windows\NTDS\ntds.dit)"),
      same("pipe", kPath, R"(\\.\pipe\a.)"),
      same("verbatim", kPath, R"(\\?\Volume{01}\a.\..\b:c)"),
      same("dots", kPath, R"(C:\...\x)"),
      same("dot in front", kPath, R"(C:\.ssh\id)"),
      same("short name", kPath, R"(C:\PROGRA~1\x.exe)"),
      same("variable in the middle", kPath, R"(C:\x\%SystemRoot%\y)"),
      same("unknown variable", kPath, R"(%APPDATA%\x)"),
      same("colon in front", kPath, R"(C:\:x)"),
      same("name", kPath, "cmd.exe"),
      same("posix", kPath, "/home/u/.config/a b./x:y%z"),
      same("posix with backslash", kPath, R"(/sys/fs/cgroup/dev-disk-by\x2duuid)"),
      same("other script", kPath, "C:\\Nutzer\\J\u00FCrgen\\\u4F60\u597D\\\u043A\u043E\u0442.exe"),
      same("nothing", kPath, ""),
      same("nothing but dot", kPath, "."),
      same("nothing to see", kPath, "\u200B"),
      same("quotes and options", kCommand, R"("C:\a b\c.exe" --x="y")"),
      same("quotes, options and paths", kCommand, R"(C:\a\c.exe /tn:"A B" -o "C:\d e\f.txt" 'g')"),
      same("json", kCommand, R"(x.exe {"a":"b","c":["d"]})"),
      same("url", kCommand, "curl http://example.com/a//b/../c -o x"),
      same("posix command", kCommand, "/bin/sh -c /usr/bin/../bin/id"),
      same("server in a command", kCommand, R"(net use \\server\share\..\x)"),
      same("last component", kCommand, R"(cd C:\Windows\..)"),
      same("sentence", kCommand, R"(echo C:\x.)"),
      same("stream in a command", kCommand, R"(wscript C:\x.txt:y.js)"),
      same("unknown variable in a command", kCommand, R"(%APPDATA%\x 100% %%)"),
      same("part of a variable", kCommand, R"(%ComSpec:~0,1%x)"),
      same("leading blank", kCommand, " ls -l"),
      same("lines", kCommand, "a\r\nb\n\nc"),
      same("slash option behind a path", kCommand, R"("C:\x y\z.exe" /c /d)"),
      same("other script in a command", kCommand, "echo \u4F60\u597D \u00E9"),
      same("a disguise that is text", FieldKind::text, "c^m^d  \u200B"),
      same("a disguise that is a name", FieldKind::name, "ex\u200Bample.com"),
  };
  for (const Case& test : cases) {
    EXPECT_EQ(revealed(test.kind, test.value), test.want) << test.name;
  }
}

TEST(Reveal, TellsWhatItSaw) {
  const auto flags_of = [](FieldKind kind, const std::string& value) {
    std::string out;
    RevealFlags flags = {
        .invisible = true, .look_alike = true, .short_name = true, .substring = true};
    static_cast<void>(reveal(kind, value, out, &flags));
    std::string text = flags.invisible ? "invisible " : "";
    text += flags.look_alike ? "look_alike " : "";
    text += flags.short_name ? "short_name " : "";
    return text + (flags.substring ? "substring " : "");
  };
  EXPECT_EQ(flags_of(FieldKind::path, R"(C:\Windows\x.exe)"), "");
  EXPECT_EQ(flags_of(FieldKind::path, "C:\\x\u200B.exe"), "invisible ");
  EXPECT_EQ(flags_of(FieldKind::path, "C:\u2215x"), "look_alike ");
  EXPECT_EQ(flags_of(FieldKind::path, R"(C:\PROGRA~1\x.exe)"), "short_name ");
  EXPECT_EQ(flags_of(FieldKind::path, R"(C:\x\FILENA~1.TXT)"), "short_name ");
  EXPECT_EQ(flags_of(FieldKind::path, R"(C:\x\~1)"), "");
  EXPECT_EQ(flags_of(FieldKind::path, R"(C:\x\backup~file)"), "");
  EXPECT_EQ(flags_of(FieldKind::path, R"(C:\x\longername~1)"), "");
  EXPECT_EQ(flags_of(FieldKind::path, "/home/u/a~1"), "");
  EXPECT_EQ(flags_of(FieldKind::command_line, R"(x "C:\PROGRA~2\y")"), "short_name ");
  EXPECT_EQ(flags_of(FieldKind::command_line, "%ComSpec:~0,1%md"), "substring ");
  EXPECT_EQ(flags_of(FieldKind::command_line, "100% a:~b %"), "");
  EXPECT_EQ(flags_of(FieldKind::text, "\u200B"), "");
}

TEST(Reveal, BytesThatAreNoUtf8StayWhereTheyAre) {
  EXPECT_EQ(revealed(FieldKind::path, "C:/\xFF\xC0x"), "C:\\\xFF\xC0x");
  // Taking out what stands between would make U+200B of them.
  EXPECT_EQ(revealed(FieldKind::path, "C:\\\xE2\u200B\x80\x8B"), "C:\\\xE2\u200B\x80\x8B");
  EXPECT_EQ(revealed(FieldKind::command_line, "\xE2^\x80\x8B"), "\xE2^\x80\x8B");
}

// --- Properties
// ---------------------------------------------------------------------------------------------------

std::string random_text(std::mt19937_64& random) {
  constexpr const char* kPieces[] = {"\\",
                                     "\\",
                                     "/",
                                     "/",
                                     ".",
                                     "..",
                                     " ",
                                     "  ",
                                     "\t",
                                     "\"",
                                     "\"",
                                     "^",
                                     "%",
                                     "%SystemRoot%",
                                     "%ComSpec%",
                                     "%PUBLIC%",
                                     "SystemRoot",
                                     "%ComSpec:~0,1%",
                                     ":",
                                     "C:",
                                     "d:\\",
                                     "C:/",
                                     "$",
                                     "c$\\",
                                     R"(\\.\)",
                                     R"(\\?\)",
                                     "\\??\\",
                                     R"(\\localhost\)",
                                     R"(\\127.0.0.1\)",
                                     "UNC\\",
                                     "\\SystemRoot\\",
                                     "\\Device\\",
                                     R"(\\Device\\)",
                                     "HarddiskVolume3",
                                     "Mup\\",
                                     ";Z:00",
                                     "/private",
                                     "/var",
                                     "HKLM\\",
                                     R"(\REGISTRY\MACHINE\)",
                                     "SYSTEM\\ControlSet001",
                                     "::ffff:",
                                     "10.0.0.1",
                                     "~1",
                                     "a",
                                     "b",
                                     "x.exe",
                                     "\n",
                                     "-",
                                     "'",
                                     ",",
                                     "\u200B",
                                     "\u202E\u202C",
                                     "\u2215",
                                     "\u2216",
                                     "\uFF05",
                                     "\uFF43",
                                     "\u201C",
                                     "\u00A0",
                                     "\u00E9",
                                     "\u4F60",
                                     "\xE2",
                                     "\x80",
                                     "\x8B",
                                     "\xFF",
                                     "|",
                                     "=",
                                     "(",
                                     ")",
                                     "&"};
  std::string text;
  const std::size_t count = random() % 12;
  for (std::size_t i = 0; i < count; ++i) {
    text += kPieces[random() % std::size(kPieces)];
  }
  return text;
}

constexpr FieldKind kKinds[] = {FieldKind::path, FieldKind::command_line, FieldKind::registry,
                                FieldKind::address, FieldKind::text};

TEST(Represent, IsDoneOnce) {
  std::mt19937_64 random(5);
  for (int round = 0; round < 200'000; ++round) {
    const std::string value = random_text(random);
    for (const FieldKind kind : kKinds) {
      std::string once;
      std::string twice;
      if (represent(kind, value, once)) {
        ASSERT_TRUE(may_need_representation(kind, value)) << value;
        ASSERT_NE(once, value);
        ASSERT_FALSE(represent(kind, once, twice)) << value << " → " << once << " → " << twice;
      }
    }
  }
}

TEST(Reveal, IsDoneOnceAndBounded) {
  std::mt19937_64 random(7);
  for (int round = 0; round < 400'000; ++round) {
    const std::string value = random_text(random);
    for (const FieldKind kind : kKinds) {
      std::string once;
      std::string twice;
      if (reveal(kind, value, once)) {
        ASSERT_NE(once, value);
        ASSERT_LE(once.size(), kRevealGrowthMax * value.size()) << value;
        ASSERT_FALSE(reveal(kind, once, twice)) << value << " → " << once << " → " << twice;
      }
    }
  }
}

// The look that spares ordinary values the work must not spare others: a value with something
// invisible in front is never spared.
TEST(Reveal, TheFirstLookMissesNothing) {
  std::mt19937_64 random(9);
  std::size_t plain = 0;
  for (int round = 0; round < 400'000; ++round) {
    const std::string value = random_text(random);
    for (const FieldKind kind : {FieldKind::path, FieldKind::command_line, FieldKind::registry}) {
      const std::string want = revealed(kind, value);
      plain += want == value ? 1U : 0U;
      ASSERT_TRUE(value.empty() || revealed(kind, "\u200B" + value) == want ||
                  revealed(kind, "\u200B" + value) == "\u200B" + value)
          << value << " → " << want << " or " << revealed(kind, "\u200B" + value);
    }
  }
  EXPECT_GT(plain, 100'000U);
}

}  // namespace
}  // namespace spoor
