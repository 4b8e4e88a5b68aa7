/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * members.exe CATALOG FILE...: opens a catalog with wintrust, prints "member <tag>" for each that it lists, and
 * "file <name> <hash>" for each file, by wintrust's own hash for catalogs. Statuses: 0, or 1 with a line on stderr.
 */
#include <stdio.h>
#include <wchar.h>
#include <windows.h>
#include <mscat.h>

static int list_members(const wchar_t *path)
{
    HANDLE catalog = CryptCATOpen((wchar_t *)path, CRYPTCAT_OPEN_EXISTING, 0, 0, 0);
    CRYPTCATMEMBER *member = NULL;

    if (catalog == INVALID_HANDLE_VALUE) {
        fprintf(stderr, "CryptCATOpen: error %lu\n", GetLastError());
        return 1;
    }
    while ((member = CryptCATEnumerateMember(catalog, member)) != NULL) {
        printf("member %ls\n", member->pwszReferenceTag);
    }
    CryptCATClose(catalog);
    return 0;
}

static int hash_file(const wchar_t *path)
{
    BYTE hash[64];
    DWORD size = sizeof hash;
    HANDLE file = CreateFileW(path, GENERIC_READ, FILE_SHARE_READ, NULL, OPEN_EXISTING, 0, NULL);

    if (file == INVALID_HANDLE_VALUE || !CryptCATAdminCalcHashFromFileHandle(file, &size, hash, 0)) {
        fprintf(stderr, "%ls: error %lu\n", path, GetLastError());
        return 1;
    }
    CloseHandle(file);
    printf("file %ls ", wcsrchr(path, L'\\') + 1);
    for (DWORD at = 0; at < size; at++) {
        printf("%02X", hash[at]);
    }
    putchar('\n');
    return 0;
}

int wmain(int count, wchar_t **arguments)
{
    int status = count < 2 || list_members(arguments[1]);

    for (int at = 2; at < count; at++) {
        status |= hash_file(arguments[at]);
    }
    return status;
}
