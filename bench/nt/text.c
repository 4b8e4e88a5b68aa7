/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Counted strings of the Rtl family. */
#include "nt.h"

#include <string.h>

#define MAX_BYTES 0xFFFEu

static size_t wide_length(PCWSTR text)
{
    size_t n = 0;

    while (text[n])
        n++;
    return n;
}

static WCHAR upcase(WCHAR c)
{
    if (c >= 'a' && c <= 'z')
        return (WCHAR)(c - 32);
    if (c >= 0xE0 && c <= 0xFE && c != 0xF7)
        return (WCHAR)(c - 32);
    return c;
}

const char *text_of(const UNICODE_STRING *string)
{
    static char ring[4][256];
    static unsigned next;
    char *text = ring[next++ % LENGTH_OF(ring)];
    size_t i, n = MIN(string->Length / 2u, sizeof ring[0] - 1);

    for (i = 0; i < n; i++)
        text[i] = string->Buffer[i] < 127 && string->Buffer[i] >= 32 ? (char)string->Buffer[i] : '?';
    text[n] = '\0';
    return text;
}

void string_require(const UNICODE_STRING *string, const char *rule, const char *what)
{
    if (string == NULL || string->Length % 2 || string->MaximumLength < string->Length ||
        (string->Length && !memory_is_readable(string->Buffer, string->Length)))
        violation(rule, "%s: counted string %p is malformed", what, (const void *)string);
}

VOID NTAPI RtlInitUnicodeString(UNICODE_STRING *string, PCWSTR source)
{
    size_t bytes = source ? MIN(wide_length(source) * 2, MAX_BYTES - 2) : 0;

    string->Buffer = (PWSTR)(uintptr_t)source;
    string->Length = (USHORT)bytes;
    string->MaximumLength = (USHORT)(source ? bytes + 2 : 0);
}

static VOID NTAPI init_ansi(ANSI_STRING *string, PCSTR source)
{
    size_t bytes = source ? MIN(strlen(source), MAX_BYTES - 1) : 0;

    string->Buffer = (PCHAR)(uintptr_t)source;
    string->Length = (USHORT)bytes;
    string->MaximumLength = (USHORT)(source ? bytes + 1 : 0);
}

static LONG NTAPI compare(PCUNICODE_STRING a, PCUNICODE_STRING b, BOOLEAN fold)
{
    unsigned i, n = MIN(a->Length, b->Length) / 2u;

    string_require(a, "BAD_PARAMETER", "RtlCompareUnicodeString");
    string_require(b, "BAD_PARAMETER", "RtlCompareUnicodeString");
    for (i = 0; i < n; i++) {
        WCHAR x = fold ? upcase(a->Buffer[i]) : a->Buffer[i], y = fold ? upcase(b->Buffer[i]) : b->Buffer[i];

        if (x != y)
            return (LONG)x - (LONG)y;
    }
    return (LONG)a->Length - (LONG)b->Length;
}

static BOOLEAN NTAPI equal(PCUNICODE_STRING a, PCUNICODE_STRING b, BOOLEAN fold)
{
    return a->Length == b->Length && compare(a, b, fold) == 0;
}

static VOID NTAPI copy(UNICODE_STRING *to, PCUNICODE_STRING from)
{
    size_t bytes = from ? MIN(from->Length, to->MaximumLength) : 0;

    if (bytes)
        memmove(to->Buffer, from->Buffer, bytes);
    to->Length = (USHORT)bytes;
    if (bytes + 2 <= to->MaximumLength)
        to->Buffer[bytes / 2] = 0;
}

static NTSTATUS append_bytes(UNICODE_STRING *to, const void *from, size_t bytes)
{
    if (to->Length + bytes > to->MaximumLength)
        return STATUS_BUFFER_TOO_SMALL;
    memmove((uint8_t *)to->Buffer + to->Length, from, bytes);
    to->Length = (USHORT)(to->Length + bytes);
    if (to->Length + 2u <= to->MaximumLength)
        to->Buffer[to->Length / 2] = 0;
    return STATUS_SUCCESS;
}

static NTSTATUS NTAPI append(UNICODE_STRING *to, PCUNICODE_STRING from)
{
    return append_bytes(to, from->Buffer, from->Length);
}

static NTSTATUS NTAPI append_text(UNICODE_STRING *to, PCWSTR from)
{
    return from ? append_bytes(to, from, wide_length(from) * 2) : STATUS_SUCCESS;
}

static NTSTATUS NTAPI integer_to_unicode(ULONG value, ULONG base, UNICODE_STRING *to)
{
    WCHAR digits[33];
    unsigned n = LENGTH_OF(digits);

    if (base == 0)
        base = 10;
    if (base != 2 && base != 8 && base != 10 && base != 16)
        return STATUS_INVALID_PARAMETER;
    do {
        digits[--n] = (WCHAR)"0123456789ABCDEF"[value % base];
        value /= base;
    } while (value);
    to->Length = 0;
    return append_bytes(to, digits + n, (LENGTH_OF(digits) - n) * 2);
}

static NTSTATUS NTAPI ansi_to_unicode(UNICODE_STRING *to, PCANSI_STRING from, BOOLEAN allocate)
{
    unsigned i;

    if (allocate) {
        to->MaximumLength = (USHORT)(from->Length * 2 + 2);
        to->Buffer = ExAllocatePoolWithTag(PagedPool, to->MaximumLength, 0x53737452 /* "RtsS" */);
        if (to->Buffer == NULL)
            return STATUS_NO_MEMORY;
    }
    if (from->Length * 2 + 2 > to->MaximumLength)
        return STATUS_BUFFER_OVERFLOW;
    for (i = 0; i < from->Length; i++)
        to->Buffer[i] = (WCHAR)(unsigned char)from->Buffer[i];
    to->Buffer[i] = 0;
    to->Length = (USHORT)(from->Length * 2);
    return STATUS_SUCCESS;
}

static NTSTATUS NTAPI unicode_to_ansi(ANSI_STRING *to, PCUNICODE_STRING from, BOOLEAN allocate)
{
    unsigned i, n = from->Length / 2u;

    if (allocate) {
        to->MaximumLength = (USHORT)(n + 1);
        to->Buffer = ExAllocatePoolWithTag(PagedPool, to->MaximumLength, 0x53737452);
        if (to->Buffer == NULL)
            return STATUS_NO_MEMORY;
    }
    if (n + 1 > to->MaximumLength)
        return STATUS_BUFFER_OVERFLOW;
    for (i = 0; i < n; i++)
        to->Buffer[i] = from->Buffer[i] < 0x100 ? (CHAR)from->Buffer[i] : '?';
    to->Buffer[n] = 0;
    to->Length = (USHORT)n;
    return STATUS_SUCCESS;
}

static VOID NTAPI free_unicode(UNICODE_STRING *string)
{
    if (string->Buffer != NULL)
        ExFreePool(string->Buffer);
    memset(string, 0, sizeof *string);
}

static BOOLEAN NTAPI prefix(PCUNICODE_STRING start, PCUNICODE_STRING string, BOOLEAN fold)
{
    UNICODE_STRING head = *string;

    if (string->Length < start->Length)
        return FALSE;
    head.Length = start->Length;
    return compare(start, &head, fold) == 0;
}

static WCHAR NTAPI upcase_export(WCHAR c) { return upcase(c); }

static const char hex[] = "0123456789abcdef";
static NTSTATUS NTAPI guid_to_string(const GUID *guid, UNICODE_STRING *to)
{
    static const uint8_t order[16] = {3, 2, 1, 0, 5, 4, 7, 6, 8, 9, 10, 11, 12, 13, 14, 15};
    const uint8_t *bytes = (const uint8_t *)guid;
    unsigned i, n = 0;

    to->MaximumLength = 78;
    to->Buffer = ExAllocatePoolWithTag(PagedPool, to->MaximumLength, 0x53737452);
    if (to->Buffer == NULL)
        return STATUS_NO_MEMORY;
    to->Buffer[n++] = '{';
    for (i = 0; i < 16; i++) {
        if (i == 4 || i == 6 || i == 8 || i == 10)
            to->Buffer[n++] = '-';
        to->Buffer[n++] = (WCHAR)hex[bytes[order[i]] >> 4];
        to->Buffer[n++] = (WCHAR)hex[bytes[order[i]] & 15];
    }
    to->Buffer[n++] = '}';
    to->Buffer[n] = 0;
    to->Length = (USHORT)(n * 2);
    return STATUS_SUCCESS;
}

NTOS(RtlInitUnicodeString, RtlInitUnicodeString, HIGH_LEVEL);
NTOS(RtlInitAnsiString, init_ansi, HIGH_LEVEL);
NTOS(RtlInitString, init_ansi, HIGH_LEVEL);
NTOS(RtlCompareUnicodeString, compare, PASSIVE_LEVEL);
NTOS(RtlEqualUnicodeString, equal, PASSIVE_LEVEL);
NTOS(RtlPrefixUnicodeString, prefix, PASSIVE_LEVEL);
NTOS(RtlCopyUnicodeString, copy, DISPATCH_LEVEL);
NTOS(RtlAppendUnicodeStringToString, append, PASSIVE_LEVEL);
NTOS(RtlAppendUnicodeToString, append_text, PASSIVE_LEVEL);
NTOS(RtlIntegerToUnicodeString, integer_to_unicode, PASSIVE_LEVEL);
NTOS(RtlAnsiStringToUnicodeString, ansi_to_unicode, PASSIVE_LEVEL);
NTOS(RtlUnicodeStringToAnsiString, unicode_to_ansi, PASSIVE_LEVEL);
NTOS(RtlFreeUnicodeString, free_unicode, PASSIVE_LEVEL);
NTOS(RtlFreeAnsiString, free_unicode, PASSIVE_LEVEL);
NTOS(RtlUpcaseUnicodeChar, upcase_export, PASSIVE_LEVEL);
NTOS(RtlStringFromGUID, guid_to_string, PASSIVE_LEVEL);
