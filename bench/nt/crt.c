/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The C run-time functions that ntoskrnl.exe exports, and the arithmetic helpers of x86 compilers. */
#include "format.h"

#include <stdlib.h>
#include <string.h>

#define UNBOUNDED 0x7FFFFFFFu

/* ---- memory and strings ---- */

static PVOID copy(PVOID to, const void *from, SIZE_T n)
{
    g_link->result.copied_bytes += n;
    return memmove(to, from, n);
}
static PVOID CDECL crt_memcpy(PVOID to, const void *from, SIZE_T n) { return copy(to, from, n); }
static PVOID CDECL crt_memmove(PVOID to, const void *from, SIZE_T n) { return copy(to, from, n); }
static PVOID CDECL crt_memset(PVOID to, int value, SIZE_T n) { return memset(to, value, n); }
#if defined(__x86_64__)
static int CDECL crt_memcmp(const void *a, const void *b, SIZE_T n) { return memcmp(a, b, n); }
#endif
static SIZE_T CDECL crt_strlen(PCSTR s) { return strlen(s); }
static int CDECL crt_strcmp(PCSTR a, PCSTR b) { return strcmp(a, b); }
static int CDECL crt_strncmp(PCSTR a, PCSTR b, SIZE_T n) { return strncmp(a, b, n); }
static PCHAR CDECL crt_strcpy(PCHAR to, PCSTR from) { return strcpy(to, from); }
static PCHAR CDECL crt_strncpy(PCHAR to, PCSTR from, SIZE_T n) { return strncpy(to, from, n); }
static PCHAR CDECL crt_strchr(PCSTR s, int c) { return strchr(s, c); }
static PCHAR CDECL crt_strrchr(PCSTR s, int c) { return strrchr(s, c); }
static PCHAR CDECL crt_strstr(PCSTR s, PCSTR t) { return strstr(s, t); }

static SIZE_T CDECL crt_wcslen(PCWSTR s)
{
    SIZE_T n = 0;

    while (s[n])
        n++;
    return n;
}

static int CDECL crt_wcsncmp(PCWSTR a, PCWSTR b, SIZE_T n)
{
    for (; n > 0; n--, a++, b++) {
        if (*a != *b)
            return (int)*a - (int)*b;
        if (*a == 0)
            return 0;
    }
    return 0;
}
static int CDECL crt_wcscmp(PCWSTR a, PCWSTR b) { return crt_wcsncmp(a, b, (SIZE_T)-1); }

static int fold(WCHAR c) { return c >= 'A' && c <= 'Z' ? c + 32 : c; }
static int CDECL crt_wcsicmp(PCWSTR a, PCWSTR b)
{
    for (; *a && fold(*a) == fold(*b); a++, b++)
        ;
    return fold(*a) - fold(*b);
}
static PWSTR CDECL crt_wcscpy(PWSTR to, PCWSTR from) { return memcpy(to, from, (crt_wcslen(from) + 1) * 2); }
static PWSTR CDECL crt_wcschr(PCWSTR s, WCHAR c)
{
    for (; *s != c; s++)
        if (*s == 0)
            return NULL;
    return (PWSTR)(uintptr_t)s;
}
static PWSTR CDECL crt_wcsrchr(PCWSTR s, WCHAR c)
{
    PCWSTR found = NULL;

    do {
        if (*s == c)
            found = s;
    } while (*s++);
    return (PWSTR)(uintptr_t)found;
}

NTOS(memcpy, crt_memcpy, HIGH_LEVEL);
NTOS(memmove, crt_memmove, HIGH_LEVEL);
NTOS(memset, crt_memset, HIGH_LEVEL);
#if defined(__x86_64__)
NTOS(memcmp, crt_memcmp, HIGH_LEVEL);
#endif
NTOS(strlen, crt_strlen, HIGH_LEVEL);
NTOS(strcmp, crt_strcmp, HIGH_LEVEL);
NTOS(strncmp, crt_strncmp, HIGH_LEVEL);
NTOS(strcpy, crt_strcpy, HIGH_LEVEL);
NTOS(strncpy, crt_strncpy, HIGH_LEVEL);
NTOS(strchr, crt_strchr, HIGH_LEVEL);
NTOS(strrchr, crt_strrchr, HIGH_LEVEL);
NTOS(strstr, crt_strstr, HIGH_LEVEL);
NTOS(wcslen, crt_wcslen, HIGH_LEVEL);
NTOS(wcscmp, crt_wcscmp, HIGH_LEVEL);
NTOS(wcsncmp, crt_wcsncmp, HIGH_LEVEL);
NTOS(_wcsicmp, crt_wcsicmp, HIGH_LEVEL);
NTOS(wcscpy, crt_wcscpy, HIGH_LEVEL);
NTOS(wcschr, crt_wcschr, HIGH_LEVEL);
NTOS(wcsrchr, crt_wcsrchr, HIGH_LEVEL);

/* ---- Rtl memory ---- */

static VOID NTAPI rtl_move(PVOID to, const void *from, SIZE_T n) { copy(to, from, n); }
static VOID NTAPI rtl_zero(PVOID to, SIZE_T n) { memset(to, 0, n); }
static VOID NTAPI rtl_fill(PVOID to, SIZE_T n, UCHAR value) { memset(to, value, n); }
static SIZE_T NTAPI rtl_compare(const void *a, const void *b, SIZE_T n)
{
    SIZE_T i = 0;

    while (i < n && ((const UCHAR *)a)[i] == ((const UCHAR *)b)[i])
        i++;
    return i;
}
NTOS(RtlMoveMemory, rtl_move, HIGH_LEVEL);
NTOS(RtlZeroMemory, rtl_zero, HIGH_LEVEL);
NTOS(RtlFillMemory, rtl_fill, HIGH_LEVEL);
NTOS(RtlCompareMemory, rtl_compare, HIGH_LEVEL);
#if defined(__x86_64__)
NTOS(RtlCopyMemory, rtl_move, HIGH_LEVEL);
NTOS(RtlCopyMemoryNonTemporal, rtl_move, HIGH_LEVEL);
#endif

/* ---- formatted text ---- */

static int CDECL crt_vsnprintf(PCHAR out, SIZE_T room, PCSTR format, MS_VA_LIST list)
{
    return format_narrow(out, room, format, list);
}
static int CDECL crt_vsnwprintf(PWSTR out, SIZE_T room, PCWSTR format, MS_VA_LIST list)
{
    return format_wide(out, room, format, list);
}
/* The body of a function with `format` and arguments behind it. */
#define RETURN_FORMATTED(width_, out_, room_)                                                                          \
    MS_VA_LIST list;                                                                                                   \
    int n;                                                                                                             \
    MS_VA_START(list, format);                                                                                         \
    n = format_##width_(out_, room_, format, list);                                                                    \
    MS_VA_END(list);                                                                                                   \
    return n
static int CDECL crt_snprintf(PCHAR out, SIZE_T room, PCSTR format, ...) { RETURN_FORMATTED(narrow, out, room); }
static int CDECL crt_snwprintf(PWSTR out, SIZE_T room, PCWSTR format, ...) { RETURN_FORMATTED(wide, out, room); }
static int CDECL crt_sprintf(PCHAR out, PCSTR format, ...) { RETURN_FORMATTED(narrow, out, UNBOUNDED); }
static int CDECL crt_swprintf(PWSTR out, PCWSTR format, ...) { RETURN_FORMATTED(wide, out, UNBOUNDED); }
NTOS(_vsnprintf, crt_vsnprintf, HIGH_LEVEL);
NTOS(_vsnwprintf, crt_vsnwprintf, PASSIVE_LEVEL);
NTOS(_snprintf, crt_snprintf, HIGH_LEVEL);
NTOS(_snwprintf, crt_snwprintf, PASSIVE_LEVEL);
NTOS(sprintf, crt_sprintf, HIGH_LEVEL);
NTOS(swprintf, crt_swprintf, PASSIVE_LEVEL);

static VOID CDECL crt_purecall(VOID) { violation("EXCEPTION", "pure virtual function called"); }
NTOS(_purecall, crt_purecall, HIGH_LEVEL);

/* ---- debug output ---- */

static ULONG print(PCSTR format, MS_VA_LIST list)
{
    char text[512];
    int n = format_narrow(text, sizeof text - 1, format, list);

    text[sizeof text - 1] = '\0';
    if (n > 0 && text[n - 1] == '\n')
        text[n - 1] = '\0';
    note("DbgPrint: %s", text);
    return STATUS_SUCCESS;
}
static ULONG CDECL dbg_print(PCSTR format, ...)
{
    MS_VA_LIST list;

    MS_VA_START(list, format);
    print(format, list);
    MS_VA_END(list);
    return STATUS_SUCCESS;
}
static ULONG CDECL dbg_print_ex(ULONG component, ULONG level, PCSTR format, ...)
{
    MS_VA_LIST list;

    (void)component;
    (void)level;
    MS_VA_START(list, format);
    print(format, list);
    MS_VA_END(list);
    return STATUS_SUCCESS;
}
static ULONG NTAPI vdbg_print_ex(ULONG component, ULONG level, PCSTR format, MS_VA_LIST list)
{
    (void)component;
    (void)level;
    return print(format, list);
}
static ULONG NTAPI vdbg_print_prefix(PCSTR prefix, ULONG component, ULONG level, PCSTR format, MS_VA_LIST list)
{
    (void)prefix;
    return vdbg_print_ex(component, level, format, list);
}
NTOS(DbgPrint, dbg_print, HIGH_LEVEL);
NTOS(DbgPrintEx, dbg_print_ex, HIGH_LEVEL);
NTOS(vDbgPrintEx, vdbg_print_ex, HIGH_LEVEL);
NTOS(vDbgPrintExWithPrefix, vdbg_print_prefix, HIGH_LEVEL);

/* ---- 64-bit arithmetic of x86 compilers ---- */

#if defined(__i386__)
static void divide_by_zero(int64_t divisor)
{
    if (divisor == 0)
        violation("EXCEPTION", "64-bit division by zero");
}
static LONGLONG NTAPI alldiv(LONGLONG a, LONGLONG b) { divide_by_zero(b); return a / b; }
static LONGLONG NTAPI allrem(LONGLONG a, LONGLONG b) { divide_by_zero(b); return a % b; }
static ULONGLONG NTAPI aulldiv(ULONGLONG a, ULONGLONG b) { divide_by_zero((LONGLONG)b); return a / b; }
static ULONGLONG NTAPI aullrem(ULONGLONG a, ULONGLONG b) { divide_by_zero((LONGLONG)b); return a % b; }
static LONGLONG NTAPI allmul(LONGLONG a, LONGLONG b) { return (LONGLONG)((ULONGLONG)a * (ULONGLONG)b); }

/* Shifts take the value in edx:eax and the count in cl; _alloca_probe takes the size in eax and moves esp. */
void crt_allshl(void);
void crt_allshr(void);
void crt_aullshr(void);
void crt_alloca_probe(void);
void crt_aulldvrm(void);
__asm__(".text\n"
        "crt_allshl:\n    cmp $64, %cl\n    jae 3f\n    cmp $32, %cl\n    jae 1f\n"
        "    shld %cl, %eax, %edx\n    shl %cl, %eax\n    ret\n"
        "1:  mov %eax, %edx\n    xor %eax, %eax\n    and $31, %cl\n    shl %cl, %edx\n    ret\n"
        "3:  xor %eax, %eax\n    xor %edx, %edx\n    ret\n"
        "crt_aullshr:\n    cmp $64, %cl\n    jae 3b\n    cmp $32, %cl\n    jae 1f\n"
        "    shrd %cl, %edx, %eax\n    shr %cl, %edx\n    ret\n"
        "1:  mov %edx, %eax\n    xor %edx, %edx\n    and $31, %cl\n    shr %cl, %eax\n    ret\n"
        "crt_allshr:\n    cmp $64, %cl\n    jae 2f\n    cmp $32, %cl\n    jae 1f\n"
        "    shrd %cl, %edx, %eax\n    sar %cl, %edx\n    ret\n"
        "1:  mov %edx, %eax\n    sar $31, %edx\n    and $31, %cl\n    sar %cl, %eax\n    ret\n"
        "2:  sar $31, %edx\n    mov %edx, %eax\n    ret\n"
        "crt_alloca_probe:\n"
        "    push %ecx\n"
        "    lea 8(%esp), %ecx\n" /* esp before the call */
        "    sub %eax, %ecx\n"
        "    mov %esp, %eax\n"
        "    test %eax, (%ecx)\n"
        "    mov %ecx, %esp\n"
        "    mov (%eax), %ecx\n"
        "    mov 4(%eax), %eax\n"
        "    push %eax\n"
        "    ret\n");

NTOS(_alldiv, alldiv, HIGH_LEVEL);
NTOS(_allrem, allrem, HIGH_LEVEL);
NTOS(_aulldiv, aulldiv, HIGH_LEVEL);
NTOS(_aullrem, aullrem, HIGH_LEVEL);
NTOS(_allmul, allmul, HIGH_LEVEL);
NTOS(_allshl, crt_allshl, HIGH_LEVEL);
NTOS(_allshr, crt_allshr, HIGH_LEVEL);
NTOS(_aullshr, crt_aullshr, HIGH_LEVEL);
NTOS(_alloca_probe, crt_alloca_probe, HIGH_LEVEL);
#endif
