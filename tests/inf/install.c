/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Installs the sections of a driver's INF with setupapi, each below a key that stands for the one that Windows would
 * use, and prints what is then in the registry. Runs under Wine.
 *
 *   install INF BASE DECORATION SOURCE-FOLDER ...
 *
 * BASE: the install section's name without decoration. DECORATION: "NTx86", "NTamd64", or "?" for what setupapi
 * chooses by itself. Any number of such jobs. Prints UTF-8 lines in the registry's order, a job's first being the
 * section in brackets; a failed step is one line on stderr and the end, with exit status 1.
 */
#include <windows.h>
/* windows.h comes first */
#include <setupapi.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <wchar.h>

#define ROOT L"Software\\InfTest"
#define SERVICES L"System\\CurrentControlSet\\Services\\"
#define EVENT_LOG SERVICES L"EventLog\\System\\"
#define TEXT_CHARS 512

/* Fields of an AddInterface and of an AddService line (field 0 is the key). */
enum { InterfaceClass = 1, InterfaceReference = 2, InterfaceSection = 3 };
enum { ServiceName = 1, ServiceEventLog = 4 };

static void fail(const char *format, ...)
{
    va_list args;

    va_start(args, format);
    vfprintf(stderr, format, args);
    va_end(args);
    fprintf(stderr, " (error 0x%08lx)\n", (unsigned long)GetLastError());
    exit(1);
}

/* Text of a line to stdout, as UTF-8. */
static void say(const WCHAR *format, ...)
{
    WCHAR wide[8 * TEXT_CHARS];
    char narrow[4 * sizeof(wide) / sizeof(wide[0])];
    va_list args;

    va_start(args, format);
    if (vswprintf(wide, sizeof(wide) / sizeof(wide[0]), format, args) < 0)
        fail("a line is too long");
    va_end(args);
    WideCharToMultiByte(CP_UTF8, 0, wide, -1, narrow, sizeof(narrow), NULL, NULL);
    puts(narrow);
}

/* ---- what is in the registry ---- */

static void dump_value(const WCHAR *path, const WCHAR *name, DWORD type, const BYTE *data, DWORD size)
{
    WCHAR text[4 * TEXT_CHARS] = L"";
    DWORD at;

    if (type == REG_DWORD) {
        say(L"%ls | %ls | dword | 0x%08x", path, name, *(const DWORD *)data);
    } else if (type == REG_SZ || type == REG_EXPAND_SZ) {
        say(L"%ls | %ls | %ls | %ls", path, name, type == REG_SZ ? L"sz" : L"expand", (const WCHAR *)data);
    } else {
        for (at = 0; at < size && 3 * at + 4 < sizeof(text) / sizeof(text[0]); at++)
            swprintf(text + wcslen(text), 4, at ? L" %02x" : L"%02x", data[at]);
        say(L"%ls | %ls | %ls | %ls", path, name, type == REG_BINARY ? L"binary" : L"other", text);
    }
}

/* All values of the key, then all subkeys. */
static void dump_key(HKEY parent, const WCHAR *name, const WCHAR *path)
{
    WCHAR child[TEXT_CHARS], child_path[TEXT_CHARS];
    BYTE data[2 * TEXT_CHARS];
    DWORD index, length, size, type;
    HKEY key;

    if (RegOpenKeyExW(parent, name, 0, KEY_READ, &key))
        fail("%ls is not there", path);
    say(L"%ls", path);
    for (index = 0;; index++) {
        length = TEXT_CHARS;
        size = sizeof(data) - sizeof(WCHAR);
        memset(data, 0, sizeof(data));
        if (RegEnumValueW(key, index, child, &length, NULL, &type, data, &size))
            break;
        dump_value(path, child, type, data, size);
    }
    for (index = 0;; index++) {
        length = TEXT_CHARS;
        if (RegEnumKeyExW(key, index, child, &length, NULL, NULL, NULL, NULL))
            break;
        swprintf(child_path, TEXT_CHARS, L"%ls\\%ls", path, child);
        dump_key(key, child, child_path);
    }
    RegCloseKey(key);
}

/* ---- installing ---- */

static HKEY make_key(const WCHAR *path)
{
    HKEY key;

    if (RegCreateKeyExW(HKEY_LOCAL_MACHINE, path, 0, NULL, 0, KEY_ALL_ACCESS, NULL, &key, NULL))
        fail("cannot make the key %ls", path);
    return key;
}

/* AddReg of a section, relative to a key below ROOT. */
static void install_registry(HINF inf, const WCHAR *section, const WCHAR *path)
{
    HKEY key = make_key(path);

    if (!SetupInstallFromInfSectionW(NULL, inf, section, SPINST_REGISTRY, key, NULL, 0, NULL, NULL, NULL, NULL))
        fail("cannot install [%ls]", section);
    RegCloseKey(key);
}

static void install_files(HINF inf, const WCHAR *section, const WCHAR *source)
{
    void *context = SetupInitDefaultQueueCallbackEx(NULL, INVALID_HANDLE_VALUE, 0, 0, NULL);

    if (!SetupInstallFromInfSectionW(NULL, inf, section, SPINST_FILES, NULL, source, SP_COPY_NEWER_OR_SAME,
                                     SetupDefaultQueueCallbackW, context, NULL, NULL))
        fail("cannot copy the files of [%ls]", section);
    SetupTermDefaultQueueCallback(context);
}

static void field(INFCONTEXT *line, DWORD number, WCHAR *text)
{
    if (!SetupGetStringFieldW(line, number, text, TEXT_CHARS, NULL))
        fail("a line has no field %lu", (unsigned long)number);
}

/* Interfaces\{class}\#reference, as below a device's class in Windows. */
static void install_interfaces(HINF inf, const WCHAR *section)
{
    WCHAR class[TEXT_CHARS], reference[TEXT_CHARS], install[TEXT_CHARS], path[TEXT_CHARS];
    INFCONTEXT line;
    BOOL more = SetupFindFirstLineW(inf, section, L"AddInterface", &line);

    if (!more)
        fail("[%ls] has no AddInterface", section);
    for (; more; more = SetupFindNextMatchLineW(&line, L"AddInterface", &line)) {
        field(&line, InterfaceClass, class);
        field(&line, InterfaceReference, reference);
        field(&line, InterfaceSection, install);
        swprintf(path, TEXT_CHARS, ROOT L"\\Interfaces\\%ls\\#%ls", class, reference);
        install_registry(inf, install, path);
    }
}

/* The service by the service manager; its event source, which Wine leaves out, as a section of its own. */
static void install_services(HINF inf, const WCHAR *section)
{
    WCHAR name[TEXT_CHARS], event_log[TEXT_CHARS], path[TEXT_CHARS];
    INFCONTEXT line;
    BOOL more;

    if (!SetupInstallServicesFromInfSectionW(inf, section, 0))
        fail("cannot install [%ls]", section);
    for (more = SetupFindFirstLineW(inf, section, L"AddService", &line); more;
         more = SetupFindNextMatchLineW(&line, L"AddService", &line)) {
        field(&line, ServiceName, name);
        field(&line, ServiceEventLog, event_log);
        swprintf(path, TEXT_CHARS, EVENT_LOG L"%ls", name);
        install_registry(inf, event_log, path);
        dump_key(HKEY_LOCAL_MACHINE, path, L"EventLog");
        swprintf(path, TEXT_CHARS, SERVICES L"%ls", name);
        dump_key(HKEY_LOCAL_MACHINE, path, L"Service");
    }
}

/* What an upgrade does to switches that somebody has set: the section once more over a key in which all are 1. */
static void upgrade(HINF inf, const WCHAR *section)
{
    static const WCHAR *const switches[] = {L"ForceNullBackend", L"AllowPollingOnly"};
    const DWORD on = 1;
    HKEY key = make_key(ROOT L"\\Device Parameters");
    unsigned index;

    for (index = 0; index < sizeof(switches) / sizeof(switches[0]); index++)
        if (RegSetValueExW(key, switches[index], 0, REG_DWORD, (const BYTE *)&on, sizeof(on)))
            fail("cannot set %ls", switches[index]);
    RegCloseKey(key);
    install_registry(inf, section, ROOT L"\\Device Parameters");
    dump_key(HKEY_LOCAL_MACHINE, ROOT L"\\Device Parameters", L"Upgrade");
}

static void decorated(WCHAR *text, HINF inf, const WCHAR *base, const WCHAR *decoration)
{
    if (wcscmp(decoration, L"?") != 0)
        swprintf(text, TEXT_CHARS, L"%ls.%ls", base, decoration);
    else if (!SetupDiGetActualSectionToInstallW(inf, base, text, TEXT_CHARS, NULL, NULL))
        fail("no section for this system: %ls", base);
}

static void run(HINF inf, const WCHAR *base, const WCHAR *decoration, const WCHAR *source)
{
    WCHAR section[TEXT_CHARS], part[TEXT_CHARS];

    decorated(section, inf, base, decoration);
    say(L"[%ls]", section);
    RegDeleteTreeW(HKEY_LOCAL_MACHINE, ROOT);
    RegDeleteTreeW(HKEY_LOCAL_MACHINE, EVENT_LOG);
    install_files(inf, section, source);
    install_registry(inf, section, ROOT L"\\Driver");
    swprintf(part, TEXT_CHARS, L"%ls.HW", section);
    install_registry(inf, part, ROOT L"\\Device Parameters");
    swprintf(part, TEXT_CHARS, L"%ls.Interfaces", section);
    install_interfaces(inf, part);
    dump_key(HKEY_LOCAL_MACHINE, ROOT, L"Root");
    swprintf(part, TEXT_CHARS, L"%ls.HW", section);
    upgrade(inf, part);
    swprintf(part, TEXT_CHARS, L"%ls.Services", section);
    install_services(inf, part);
}

enum { ArgumentInf, ArgumentBase, ArgumentDecoration, ArgumentSource, ArgumentCount };

int wmain(int count, WCHAR **arguments)
{
    WCHAR **job;
    HINF inf;
    UINT line;

    if (count == 1 || (count - 1) % ArgumentCount != 0) {
        fprintf(stderr, "usage: install INF BASE DECORATION SOURCE-FOLDER ...\n");
        return 2;
    }
    for (job = arguments + 1; job < arguments + count; job += ArgumentCount) {
        line = 0;
        inf = SetupOpenInfFileW(job[ArgumentInf], L"MEDIA", INF_STYLE_WIN4, &line);
        if (inf == INVALID_HANDLE_VALUE)
            fail("%ls: cannot be opened, line %u", job[ArgumentInf], line);
        run(inf, job[ArgumentBase], job[ArgumentDecoration], job[ArgumentSource]);
        SetupCloseInfFile(inf);
    }
    return 0;
}
