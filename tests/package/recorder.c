/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Stands in for bcdedit.exe, certutil.exe, pnputil.exe and reg.exe under the name that it is copied to. Appends
 * "<name> <arguments>" to C:\calls.txt. C:\fail.txt: a call that begins with its line fails. What the tools keep is
 * kept: C:\testsigning.txt; C:\store-<name>.txt; C:\windows\inf\oem7.inf.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <wchar.h>
#include <windows.h>

#define TESTSIGNING L"C:\\testsigning.txt"
#define PUBLISHED L"C:\\windows\\inf\\oem7.inf"

static int exists(const wchar_t *path)
{
    return GetFileAttributesW(path) != INVALID_FILE_ATTRIBUTES;
}

static int create(const wchar_t *path)
{
    FILE *stream = _wfopen(path, L"w");

    return stream == NULL || fclose(stream) != 0;
}

static int must_fail(const char *call)
{
    char line[256] = "";
    FILE *stream = fopen("C:\\fail.txt", "r");

    if (stream == NULL || fgets(line, sizeof line, stream) == NULL) {
        return 0;
    }
    fclose(stream);
    line[strcspn(line, "\r\n")] = '\0';
    return strncmp(call, line, strlen(line)) == 0;
}

/* Like the real one in a German Windows: what is on is not said in English. */
static int bcdedit(wchar_t **arguments)
{
    if (wcscmp(arguments[1], L"/set") == 0) {
        return create(TESTSIGNING);
    }
    if (wcscmp(arguments[1], L"/deletevalue") == 0) {
        return !DeleteFileW(TESTSIGNING);
    }
    printf("Bezeichner              {current}\ndescription             Windows 7\n");
    if (exists(TESTSIGNING)) {
        printf("testsigning             Ja\n");
    }
    return 0;
}

static int certutil(wchar_t **arguments)
{
    const wchar_t *store = wcscmp(arguments[2], L"-f") == 0 ? arguments[3] : arguments[2];
    wchar_t path[MAX_PATH];

    swprintf(path, MAX_PATH, L"C:\\store-%ls.txt", store);
    if (wcscmp(arguments[1], L"-addstore") == 0) {
        return !exists(arguments[4]) || create(path);
    }
    return wcscmp(arguments[1], L"-delstore") == 0 ? !DeleteFileW(path) : !exists(path);
}

static int pnputil(wchar_t **arguments)
{
    if (wcscmp(arguments[1], L"-i") == 0) {
        return !CopyFileW(arguments[3], PUBLISHED, FALSE);
    }
    return wcscmp(arguments[3], L"oem7.inf") != 0 || !DeleteFileW(PUBLISHED);
}

static int reg(wchar_t **arguments)
{
    (void)arguments;
    return 0;
}

int wmain(int count, wchar_t **arguments)
{
    static const struct {
        const wchar_t *name;
        int (*run)(wchar_t **arguments);
    } TOOLS[] = {{L"bcdedit", bcdedit}, {L"certutil", certutil}, {L"pnputil", pnputil}, {L"reg", reg}};
    wchar_t path[MAX_PATH], name[_MAX_FNAME];
    char call[1024];
    int length;
    FILE *log = fopen("C:\\calls.txt", "a");

    GetModuleFileNameW(NULL, path, MAX_PATH);
    _wsplitpath(path, NULL, NULL, name, NULL);
    length = snprintf(call, sizeof call, "%ls", name);
    for (int at = 1; at < count; at++) {
        length += snprintf(call + length, sizeof call - (size_t)length, " %ls", arguments[at]);
    }
    if (log == NULL || fprintf(log, "%s\n", call) < 0 || fclose(log) != 0) {
        return 99;
    }
    for (size_t at = 0; at < sizeof TOOLS / sizeof *TOOLS; at++) {
        if (_wcsicmp(TOOLS[at].name, name) == 0) {
            return must_fail(call) ? 1 : TOOLS[at].run(arguments);
        }
    }
    return 98;
}
