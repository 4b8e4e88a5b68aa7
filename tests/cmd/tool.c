// SPDX-License-Identifier: MIT OR Apache-2.0
// Stands in for Inf2Cat.exe and signtool.exe, by the name under which it is called: notes its arguments in the file
// STANDIN_LOG, one a line after a line with the name, and does what the real one would. STANDIN_FAIL names a file or
// program at which it fails.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <windows.h>

static FILE *notes;

static const char *variable(const char *name) {
    const char *value = getenv(name);
    return value != NULL ? value : "";
}

// True for the last word of a path that STANDIN_FAIL names.
static int fails(const char *path) {
    const char *word = strrchr(path, '\\');
    return _stricmp(word != NULL ? word + 1 : path, variable("STANDIN_FAIL")) == 0;
}

// Notes every file of the folder, and makes a catalog for its one INF.
static int inf2cat(const char *folder) {
    WIN32_FIND_DATAA found;
    char path[1024], cat[1024] = "";
    snprintf(path, sizeof path, "%s\\*", folder);
    HANDLE search = FindFirstFileA(path, &found);
    if (search == INVALID_HANDLE_VALUE)
        return 1;
    do {
        if (found.dwFileAttributes & FILE_ATTRIBUTE_DIRECTORY)
            continue;
        fprintf(notes, "file %s\n", found.cFileName);
        char *extension = strrchr(found.cFileName, '.');
        if (extension != NULL && _stricmp(extension, ".inf") == 0)
            snprintf(cat, sizeof cat, "%s\\%.*s.cat", folder, (int)(extension - found.cFileName), found.cFileName);
    } while (FindNextFileA(search, &found));
    FindClose(search);
    FILE *made = cat[0] != '\0' ? fopen(cat, "wb") : NULL;
    if (made == NULL)
        return 1;
    fputs("catalog", made);
    return fclose(made) != 0;
}

static int signtool(const char *path) {
    FILE *file = fopen(path, "ab");
    if (file == NULL)
        return 1;
    fputs(" signed", file);
    return fclose(file) != 0;
}

int main(int argc, char **argv) {
    notes = fopen(variable("STANDIN_LOG"), "a");
    if (notes == NULL || argc < 2)
        return 9;
    const char *name = strrchr(argv[0], '\\');
    name = name != NULL ? name + 1 : argv[0];
    fprintf(notes, "%s\n", name);
    for (int i = 1; i < argc; i++)
        fprintf(notes, "%s\n", argv[i]);
    if (fails(name) || fails(argv[argc - 1]))
        return 1;
    if (_stricmp(name, "Inf2Cat.exe") != 0)
        return signtool(argv[argc - 1]);
    return strncmp(argv[1], "/driver:", 8) == 0 ? inf2cat(argv[1] + 8) : 1;
}
